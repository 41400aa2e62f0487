//! An open connection: cuts what comes into packages, answers the gate's quests at once, queues the rest.

use tungstenite::Message;
use tungstenite::protocol::WebSocket;

use super::dispatch::{Batch, Item};
use super::frame::FrameBuffer;
use super::stream::Stream;
use crate::error::Error;
use crate::error_code::fpnn;
use crate::push::Push;
use crate::wire::answer::Answer;
use crate::wire::package::{self, Encoding, Kind, Malformed, Package, Reader};
use crate::wire::payload::write_map;

/// After that much, a pass stops reading and hands on what it has.
const PASS_BYTES: usize = 256 << 10;
const PASS_ITEMS: usize = 1024;

/// The session's own quests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    Auth,
    Bye,
}

/// What the session machine wants to know of.
pub(super) enum Heard {
    Pinged,
    Kickout,
    /// The user was removed from a room.
    KickoutRoom,
    /// The answer to a quest of the session's own; for `auth` whether it is accepted.
    Own(Own, Result<bool, Error>),
    Lost(Error),
}

pub(super) struct Connection {
    socket: WebSocket<Stream>,
    packages: Reader,
    own: Option<(Own, u32)>,
    /// Whether there may be more to read.
    readable: bool,
    /// Whether reading stops until callbacks have caught up.
    paused: bool,
    /// Why writing failed, until all that can be read is read.
    broken: Option<Error>,
    /// The most bytes that may wait for a gate that does not read.
    most_waiting: usize,
}

impl Connection {
    pub(super) fn new(
        socket: WebSocket<Stream>,
        max_received: usize,
        max_queued: usize,
    ) -> Connection {
        Connection {
            socket,
            packages: Reader::new(max_received),
            own: None,
            // The upgrade may have read on into the first package.
            readable: true,
            paused: false,
            broken: None,
            most_waiting: max_queued.saturating_mul(2).saturating_add(1 << 20),
        }
    }

    pub(super) fn stream(&mut self) -> &mut Stream {
        self.socket.get_mut()
    }

    /// How many bytes wait for the socket.
    pub(super) fn waiting(&self) -> usize {
        self.socket.get_ref().waiting()
    }

    /// Whether something waits for the socket.
    pub(super) fn is_blocked(&self) -> bool {
        self.waiting() > 0
    }

    /// The kernel announced something.
    pub(super) fn readable(&mut self, hung_up: bool) {
        self.readable = true;
        self.stream().readable(hung_up);
    }

    pub(super) fn pause(&mut self, yes: bool) {
        if yes && !self.paused {
            log::warn!(
                target: "rtm_client::engine",
                "callbacks are too slow for what the gate sends: reading stops until they catch up"
            );
        }
        self.paused = yes;
    }

    pub(super) fn is_paused(&self) -> bool {
        self.paused
    }

    /// Whether another pass has something to read.
    pub(super) fn has_more(&self) -> bool {
        self.readable && !self.paused
    }

    /// The answer with that number is for the session.
    pub(super) fn expect(&mut self, own: Own, seq: u32) {
        self.own = Some((own, seq));
    }

    /// Reads until the socket would block, or for as much as a pass may take.
    pub(super) fn read(
        &mut self,
        batch: &mut Batch,
        frame: &mut FrameBuffer,
        mut heard: impl FnMut(Heard),
    ) {
        while self.has_more() && batch.bytes.len() < PASS_BYTES && batch.items.len() < PASS_ITEMS {
            let lost = match self.socket.read() {
                Ok(Message::Binary(bytes)) => self.packages(&bytes, batch, frame, &mut heard).err(),
                Ok(Message::Text(text)) => {
                    self.packages(text.as_bytes(), batch, frame, &mut heard).err()
                }
                // A gate that says so and does not close would be waited for until its pings are missed.
                Ok(Message::Close(_)) => Some(Error::connection_closed()),
                Ok(_) => None,
                Err(tungstenite::Error::Io(error))
                    if error.kind() == std::io::ErrorKind::WouldBlock =>
                {
                    self.readable = false;
                    self.broken.take()
                }
                Err(error) => Some(lost(error)),
            };
            if let Some(error) = lost {
                self.readable = false;
                heard(Heard::Lost(error));
            }
        }
    }

    fn packages(
        &mut self,
        message: &[u8],
        batch: &mut Batch,
        frame: &mut FrameBuffer,
        heard: &mut impl FnMut(Heard),
    ) -> Result<(), Error> {
        let Connection { socket, packages, own, .. } = self;
        let out = socket.get_mut().out();
        let mut kicked = false;
        let result = packages.read(message, |package| match package.kind {
            // What comes behind a kickout is for a connection that is over.
            _ if kicked => {}
            Kind::Answer { seq, status } => match *own {
                Some((what, own_seq)) if own_seq == seq => {
                    *own = None;
                    heard(Heard::Own(what, accepted(package, status)));
                }
                _ => {
                    let at = copy(batch, package.payload);
                    let encoding = package.encoding;
                    batch.items.push(Item::Answer { seq, complete: None, status, encoding, at });
                }
            },
            Kind::Quest { seq, method } => {
                let push = Push::of(method);
                kicked = push == Some(Push::Kickout);
                if push.is_none_or(|push| push.answered()) {
                    answer(out, frame, package.encoding, seq, push.is_some());
                }
                queue(push, package, batch, heard);
            }
            Kind::OneWay { method } => {
                let push = Push::of(method);
                kicked = push == Some(Push::Kickout);
                queue(push, package, batch, heard);
            }
        });
        if kicked {
            self.readable = false;
            return Ok(());
        }
        result.map_err(malformed)?;
        if self.stream().waiting() > self.most_waiting {
            return Err(Error::new(
                fpnn::CORE_WORK_QUEUE_FULL,
                "the gate sends but does not read the answers to what it sends",
            ));
        }
        Ok(())
    }

    /// Writes what waits, as far as the socket takes it.
    pub(super) fn write(&mut self) {
        if self.broken.is_some() {
            return;
        }
        if let Err(error) = self.stream().write_out() {
            self.broken = Some(closed_by(error));
            // What the gate said before it closed is still to be read.
            self.readable = true;
        }
    }

    /// Queues a close frame and writes what the socket takes.
    pub(super) fn say_goodbye(&mut self) {
        let _ = self.socket.close(None);
        let _ = self.stream().write_out();
    }
}

fn copy(batch: &mut Batch, payload: &[u8]) -> std::ops::Range<usize> {
    let start = batch.bytes.len();
    batch.bytes.extend_from_slice(payload);
    start..batch.bytes.len()
}

/// Queues a push for the callback thread, and tells the session of those it must know.
fn queue(
    push: Option<Push>,
    package: Package<'_>,
    batch: &mut Batch,
    heard: &mut impl FnMut(Heard),
) {
    let Some(push) = push else { return };
    match push {
        Push::Ping => heard(Heard::Pinged),
        Push::Kickout => heard(Heard::Kickout),
        Push::KickoutRoom => heard(Heard::KickoutRoom),
        _ => {}
    }
    let at = copy(batch, package.payload);
    batch.items.push(Item::Push { push, encoding: package.encoding, at });
}

/// Answers a quest of the gate in the quest's own encoding, before anything of it is decoded.
fn answer(out: &mut Vec<u8>, frame: &mut FrameBuffer, encoding: Encoding, seq: u32, known: bool) {
    let version = package::VERSION;
    frame.build(|out| {
        let status = u8::from(!known);
        package::write_answer(out, version, encoding, seq, status, |out| match (known, encoding) {
            (true, _) => out.extend_from_slice(encoding.empty_map()),
            (false, Encoding::MsgPack) => write_map(out, |map| {
                map.number("code", fpnn::CORE_UNKNOWN_METHOD.into());
                map.text("ex", "unknown method");
            }),
            (false, Encoding::Json) => {
                let code = fpnn::CORE_UNKNOWN_METHOD;
                out.extend_from_slice(
                    format!(r#"{{"code":{code},"ex":"unknown method"}}"#).as_bytes(),
                );
            }
        });
    });
    frame.append_to(out);
}

fn accepted(package: Package<'_>, status: u8) -> Result<bool, Error> {
    let answer = Answer { status, encoding: package.encoding, payload: package.payload };
    answer.read(|fields| Ok(fields.bool("ok")))
}

fn malformed(malformed: Malformed) -> Error {
    Error::new(malformed.code(), malformed.to_string())
}

fn lost(error: tungstenite::Error) -> Error {
    use tungstenite::Error as E;
    use tungstenite::error::ProtocolError;
    match error {
        E::Io(error) => closed_by(error),
        // The service closes without a close frame: that is a normal end.
        E::ConnectionClosed
        | E::AlreadyClosed
        | E::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Error::connection_closed(),
        E::Capacity(_) => Error::with_source(
            fpnn::CORE_INVALID_PACKAGE,
            "a message over the limit for received packages",
            error,
        ),
        _ => Error::with_source(fpnn::PROTO_INVALID_PACKAGE, "not a WebSocket frame", error),
    }
}

fn closed_by(error: std::io::Error) -> Error {
    Error::with_source(fpnn::CORE_CONNECTION_CLOSED, "the connection broke", error)
}
