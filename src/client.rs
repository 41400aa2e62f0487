//! The client: construct, log in, log out, and the one door every call goes through.

use std::time::Duration;

use crate::engine::Answer;
use crate::error::{Error, SendError};
use crate::options::ClientOptions;
use crate::push::Processor;
use crate::wire::payload::{Fields, MapWriter};

/// A connection to the service.
#[derive(Clone, Debug)]
pub struct RtmClient {}

/// A handle that does not keep the client alive, for handlers and callbacks that the client itself holds.
#[derive(Clone, Debug)]
pub struct WeakClient {}

impl RtmClient {
    /// A client that is not connected yet.
    pub fn new(options: ClientOptions) -> RtmClient {
        let _ = options;
        RtmClient {}
    }

    /// Where listeners for pushes are registered.
    pub fn processor(&self) -> &Processor {
        unreachable!()
    }

    /// The one door of the API: sends the quest `method` with the payload that `payload` writes, and calls `callback`
    /// once, with what `decode` makes of the answer's fields.
    pub(crate) fn call<T, P, C>(
        &self,
        method: &'static str,
        payload: P,
        timeout: impl Into<Option<Duration>>,
        decode: fn(&Fields<'_>) -> Result<T, Error>,
        callback: C,
    ) where
        T: 'static,
        P: FnOnce(&mut MapWriter<'_>),
        C: FnOnce(Option<Error>, Option<T>) + Send + 'static,
    {
        let _ = (method, payload, timeout.into(), decode, callback);
    }

    /// The same for whatever sends a message: its errors carry the mid, its data is made from the mid and the answer.
    pub(crate) fn send<T, P, C>(
        &self,
        method: &'static str,
        mid: i64,
        payload: P,
        timeout: impl Into<Option<Duration>>,
        decode: fn(i64, &Answer<'_>) -> Result<T, Error>,
        callback: C,
    ) where
        T: 'static,
        P: FnOnce(&mut MapWriter<'_>),
        C: FnOnce(Option<SendError>, Option<T>) + Send + 'static,
    {
        let _ = (method, mid, payload, timeout.into(), decode, callback);
    }

    /// The mid given, or a new one if there is none or it is 0.
    pub(crate) fn mid(&self, given: Option<i64>) -> i64 {
        given.unwrap_or(0)
    }
}
