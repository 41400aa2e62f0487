//! An open connection: cuts the received bytes into frames and packages, answers the gate's quests at once, queues the
//! rest.

use std::io::{self, ErrorKind};

use log::Level;
use tungstenite::protocol::frame::coding::Control;

use super::callbacks::{Batch, Item};
use super::stream::Stream;
use crate::error::Error;
use crate::error_code::fpnn;
use crate::guard;
use crate::options::ClientOptions;
use crate::push::Push;

use crate::wire::answer::Answer;
use crate::wire::frame_buffer::{FrameBuffer, append_control};
use crate::wire::frames::{Found, FrameError, Frames, Reads};
use crate::wire::package::{self, Encoding, Kind, Malformed, Package, Reader};
use crate::wire::payload::write_map;

/// After that much, a pass stops reading and hands on what it has.
const PASS_BYTES: usize = 256 << 10;
/// Frames, packages and reads.
const PASS_STEPS: usize = 4096;
const PASS_ITEMS: usize = 1024;

/// The session's own quests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    Auth,
    Bye,
    /// Whether the gate is there.
    Ping,
}

/// What the session machine wants to know of.
pub(super) enum Heard {
    Kickout,
    /// The user was removed from a room.
    KickoutRoom,
    /// The answer to a quest of the session's own; for `auth` whether it is accepted.
    Own(Own, Result<bool, Error>),
    Lost(Error),
}

pub(super) struct Connection {
    stream: Stream,
    /// Who is at the other end, in words.
    peer: String,
    frames: Frames,
    packages: Reader,
    /// Whether the latest message holds more packages.
    cutting: bool,
    own: Option<(Own, u32)>,
    reading: Reading,
    /// Whether the socket had not taken everything when this pass began, and whether it may take more.
    stuck: bool,
    writable: bool,
    /// Why writing failed, until all that can be read is read.
    broken: Option<Error>,
    /// The most bytes that may wait for a gate that does not read.
    most_waiting: usize,
}

/// Whether there may be more to read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    More,
    /// Nothing until the kernel says so.
    Drained,
    /// It stops until callbacks have caught up.
    Paused,
    /// Nothing will come that is to be read.
    Over,
}

impl Connection {
    /// `behind` is what came behind the answer to the upgrade.
    pub(super) fn new(
        stream: Stream,
        behind: &[u8],
        peer: String,
        options: &ClientOptions,
    ) -> Connection {
        let repair = options.repair_126_byte_frames;
        let mut frames = Frames::new(Reads::Client { repair }, options.max_received_bytes);
        frames.push(behind);
        Connection {
            stream,
            peer,
            frames,
            packages: Reader::new(options.max_received_bytes),
            cutting: false,
            own: None,
            reading: Reading::More,
            stuck: false,
            writable: true,
            broken: None,
            most_waiting: options.max_queued_bytes.saturating_mul(2).saturating_add(1 << 20),
        }
    }

    pub(super) fn stream(&mut self) -> &mut Stream {
        &mut self.stream
    }

    pub(super) fn peer(&self) -> &str {
        &self.peer
    }

    /// How many bytes wait for the socket.
    pub(super) fn waiting(&self) -> usize {
        self.stream.out.unwritten().len()
    }

    /// Whether something waits for the socket.
    pub(super) fn is_blocked(&self) -> bool {
        self.waiting() > 0
    }

    /// Whether something did before this pass read and answered anything: then it is to be written first.
    pub(super) fn is_stuck(&self) -> bool {
        self.stuck
    }

    /// So many bytes more may wait: they are not answers to a gate that does not read.
    pub(super) fn is_to_send(&mut self, len: usize) {
        self.most_waiting = self.most_waiting.saturating_add(len);
    }

    /// The kernel announced something.
    pub(super) fn ready(&mut self, readable: bool, writable: bool, hung_up: bool) {
        if readable {
            self.readable(hung_up);
        }
        self.writable |= writable;
    }

    /// Whether [`write`](Connection::write) would try.
    pub(super) fn is_writable(&self) -> bool {
        self.writable && self.broken.is_none()
    }

    /// The kernel announced something to read.
    pub(super) fn readable(&mut self, hung_up: bool) {
        self.stream.readable(hung_up);
        if self.reading == Reading::Drained {
            self.reading = Reading::More;
        }
    }

    /// Whether callbacks are too far behind to go on reading.
    pub(super) fn pause(&mut self, yes: bool) {
        match (self.reading, yes && !self.is_owed()) {
            (Reading::Paused, false) => self.reading = Reading::More,
            (Reading::More | Reading::Drained, true) => {
                guard::log(
                    Level::Warn,
                    "rtm_client::engine",
                    format_args!(
                        "callbacks are too slow for what the gate sends: reading stops until they catch up"
                    ),
                );
                self.reading = Reading::Paused;
            }
            _ => {}
        }
    }

    /// Whether the session cannot go on without the answer to a quest of its own.
    pub(super) fn is_owed(&self) -> bool {
        matches!(self.own, Some((Own::Auth | Own::Bye, _)))
    }

    pub(super) fn is_paused(&self) -> bool {
        self.reading == Reading::Paused
    }

    /// Whether another pass has something to read.
    pub(super) fn has_more(&self) -> bool {
        self.reading == Reading::More
    }

    /// The answer with that number is for the session.
    pub(super) fn expect(&mut self, own: Own, seq: u32) {
        self.own = Some((own, seq));
    }

    /// Whether that number is that of a quest of the session's own.
    pub(super) fn expects(&self, seq: u32) -> bool {
        self.own.is_some_and(|(_, own)| own == seq)
    }

    /// Whether a quest of the session's own waits for the socket.
    pub(super) fn has_own_waiting(&self) -> bool {
        self.stream.out.not_begun().any(|seq| self.expects(seq))
    }

    /// The number of the first call whose frame is not begun. Those of all later calls are not either.
    pub(super) fn first_unsent(&self) -> Option<u32> {
        self.stream.out.not_begun().find(|seq| !self.expects(*seq))
    }

    /// Reads until the socket would block, or for as much as a pass may take. Whether anything has come.
    pub(super) fn read(
        &mut self,
        batch: &mut Batch,
        frame: &mut FrameBuffer,
        mut heard: impl FnMut(Heard),
    ) -> bool {
        self.stuck = self.is_blocked();
        let (mut bytes, mut steps) = (0, 0);
        while self.has_more()
            && bytes < PASS_BYTES
            && steps < PASS_STEPS
            && batch.items.len() < PASS_ITEMS
        {
            let found = match self.cutting {
                true => Ok(Some(Found::Message(&[]))),
                false => self.frames.next(),
            };
            let lost = match found {
                Ok(Some(Found::Message(message))) => {
                    let out = self.stream.out.buffer();
                    let steps = &mut steps;
                    let into = &mut Sink { batch, frame, out, own: &mut self.own, steps };
                    match cut(&mut self.packages, message, into, &mut heard) {
                        Ok(Cut::Kicked) => {
                            self.reading = Reading::Over;
                            None
                        }
                        Ok(cut) => {
                            self.cutting = cut == Cut::More;
                            self.too_much_waits()
                        }
                        Err(error) => Some(malformed(error)),
                    }
                }
                Ok(Some(Found::Nothing)) => None,
                // A gate that says so and does not close would be waited for until its pings are missed.
                Ok(Some(Found::Close(_))) => Some(Error::connection_closed()),
                Ok(None) => match self.receive() {
                    Ok(n) => {
                        bytes += n;
                        None
                    }
                    Err(lost) => lost,
                },
                Err(error) => Some(no_frame(error)),
            };
            steps += 1;
            if let Some(error) = lost {
                self.reading = Reading::Over;
                heard(Heard::Lost(error));
            }
        }
        bytes > 0
    }

    /// Reads once. The error is why the connection is lost, if it is.
    fn receive(&mut self) -> Result<usize, Option<Error>> {
        match self.stream.read(self.frames.room()) {
            // The service closes without a close frame: that is a normal end.
            Ok(0) => Err(Some(Error::connection_closed())),
            Ok(n) => {
                self.frames.filled(n);
                Ok(n)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(0),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.reading = Reading::Drained;
                Err(self.broken.take())
            }
            Err(error) => Err(Some(closed_by(error))),
        }
    }

    fn too_much_waits(&self) -> Option<Error> {
        (self.waiting() > self.most_waiting).then(|| {
            let text = "the gate sends but does not read the answers to what it sends";
            Error::new(fpnn::CORE_WORK_QUEUE_FULL, text)
        })
    }

    /// Writes what waits, as far as the socket takes it. Whether a socket that was full took something, which shows that
    /// the peer is there.
    pub(super) fn write(&mut self) -> bool {
        if !self.is_writable() {
            return false;
        }
        // Where the socket takes nothing, the latest ping is answered when it does.
        if !self.stuck {
            if let Some(payload) = self.frames.take_pong() {
                append_control(self.stream.out.buffer(), Control::Pong, &payload);
            }
        }
        let waited = self.waiting();
        if let Err(error) = self.stream.write_out() {
            self.broken = Some(closed_by(error));
            // What the gate said before it closed is still to be read.
            self.readable(true);
        }
        self.writable = !self.is_blocked();
        self.stuck && self.waiting() < waited
    }

    /// Queues a close frame and writes what the socket takes.
    pub(super) fn say_goodbye(&mut self) {
        append_control(self.stream.out.buffer(), Control::Close, &[]);
        let _ = self.stream.write_out();
    }
}

/// Where packages go, and what answers them.
struct Sink<'a> {
    batch: &'a mut Batch,
    frame: &'a mut FrameBuffer,
    out: &'a mut Vec<u8>,
    own: &'a mut Option<(Own, u32)>,
    /// Of the pass.
    steps: &'a mut usize,
}

/// What has become of a message.
#[derive(PartialEq, Eq)]
enum Cut {
    Whole,
    /// There may be more packages in it, for the next pass.
    More,
    /// The user is kicked out: what comes then is for a connection that is over.
    Kicked,
}

/// Cuts a message into packages, as many as a pass may take.
fn cut(
    packages: &mut Reader,
    message: &[u8],
    into: &mut Sink<'_>,
    heard: &mut impl FnMut(Heard),
) -> Result<Cut, Malformed> {
    let Sink { batch, frame, out, own, steps } = into;
    let mut kicked = false;
    let stopped = packages.read(message, |package| {
        match package.kind {
            Kind::Answer { seq, status } => match **own {
                Some((what, own_seq)) if own_seq == seq => {
                    **own = None;
                    heard(Heard::Own(what, accepted(package, status)));
                }
                _ => {
                    let at = copy(batch, package.payload);
                    let encoding = package.encoding;
                    batch.items.push_back(Item::Answer {
                        seq,
                        complete: None,
                        status,
                        encoding,
                        at,
                    });
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
        }
        **steps += 1;
        !kicked && **steps < PASS_STEPS && batch.items.len() < PASS_ITEMS
    });
    Ok(match stopped? {
        _ if kicked => Cut::Kicked,
        true => Cut::More,
        false => Cut::Whole,
    })
}

fn copy(batch: &mut Batch, payload: &[u8]) -> std::ops::Range<usize> {
    let start = batch.bytes.len();
    batch.bytes.extend_from_slice(payload);
    start..batch.bytes.len()
}

/// Queues a push for the callbacks, and tells the session of those it must know.
fn queue(
    push: Option<Push>,
    package: Package<'_>,
    batch: &mut Batch,
    heard: &mut impl FnMut(Heard),
) {
    let Some(push) = push else { return };
    match push {
        Push::Kickout => heard(Heard::Kickout),
        Push::KickoutRoom => heard(Heard::KickoutRoom),
        _ => {}
    }
    let at = copy(batch, package.payload);
    batch.items.push_back(Item::Push { push, encoding: package.encoding, at });
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

fn no_frame(error: FrameError) -> Error {
    let text = match error {
        FrameError::TooLong { .. } => "a message over the limit for received packages",
        FrameError::Protocol(_) | FrameError::NotUtf8 => "not a WebSocket frame",
    };
    Error::with_source(error.code(), text, error)
}

fn closed_by(error: io::Error) -> Error {
    Error::with_source(fpnn::CORE_CONNECTION_CLOSED, "the connection broke", error)
}
