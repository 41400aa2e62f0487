//! temp
use crate::error::Error;
use crate::wire::package::Encoding;
use std::time::Instant;
/// temp
pub mod server_push {}
/// temp
#[derive(Debug, Default)]
pub struct Processor {}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Push {
    Ping,
    Kickout,
    KickoutRoom,
    Message,
}
impl Push {
    pub(crate) fn of(method: &[u8]) -> Option<Push> {
        match method {
            b"ping" => Some(Push::Ping),
            b"kickout" => Some(Push::Kickout),
            b"kickoutroom" => Some(Push::KickoutRoom),
            b"pushmsg" => Some(Push::Message),
            _ => None,
        }
    }
    pub(crate) fn answered(&self) -> bool {
        !matches!(self, Push::Kickout | Push::KickoutRoom)
    }
}
impl Processor {
    pub(crate) fn deliver(
        &self,
        _p: Push,
        _e: Encoding,
        _b: &[u8],
        _u: i64,
        _n: Instant,
    ) -> Result<(), Error> {
        Ok(())
    }
    pub(crate) fn clear(&self) {}
}
