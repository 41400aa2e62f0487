//! Received WebSocket frames, at either end of a connection.
//!
//! Invariant: memory follows the bytes that have arrived, never the length that a header declares.
//!
//! The service leaves the length out of the header of a frame of exactly 126 bytes: `82 7e`, and at once the package that
//! starts with `46 50 4e 4e`. A package of 0x4650 bytes starts after its length, so with `82 7e 46 50 46 50 4e 4e`, so
//! those four bytes distinguish the two.

use std::fmt;
use std::io::Cursor;
use std::ops::Range;

use tungstenite::error::ProtocolError;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

use crate::error_code::fpnn;

/// How long the buffer is at first.
const FIRST: usize = 16 << 10;

/// The least room to read into.
const LEAST: usize = 4 << 10;

/// A buffer that grew longer than that is given back when little is in it.
const KEPT: usize = 64 << 10;

/// The longest payload of a control frame.
const LONGEST_CONTROL: usize = 125;

/// How a frame begins that lacks its length, and how long it is.
const LACKING: &[u8] = b"\x82\x7eFPNN";
const LACKED: u64 = 126;

/// Which end reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// Frames of the gate, unmasked. `repair` puts in the length that the service leaves out.
    Client { repair: bool },
    /// Frames of a client, masked.
    Gate,
}

/// What a step has found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    /// A whole message, binary or text; a text is UTF-8.
    Message(&'a [u8]),
    /// Nothing for the caller: a message begins or goes on, a ping (see [`Frames::take_pong`]), a pong.
    Nothing,
    /// A close frame, with its code if it has one: 1002 stands for one that may not be sent. Every later step finds the
    /// close again, whatever comes behind it.
    Close(Option<u16>),
}

/// Why the bytes are no frames. The connection they came over cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FrameError {
    /// A frame, or a message of several, over the limit.
    TooLong { declared: u64, limit: usize },
    /// Not a frame, or not one that may come there.
    Protocol(ProtocolError),
    /// A text, or the reason of a close, that is not UTF-8.
    NotUtf8,
}

impl FrameError {
    /// The FPNN code the connection ends with.
    pub(crate) fn code(&self) -> i32 {
        match self {
            FrameError::TooLong { .. } => fpnn::CORE_INVALID_PACKAGE,
            FrameError::Protocol(_) | FrameError::NotUtf8 => fpnn::PROTO_INVALID_PACKAGE,
        }
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::TooLong { declared, limit } => {
                write!(f, "message of {declared} bytes or more, the limit is {limit}")
            }
            FrameError::Protocol(error) => error.fmt(f),
            FrameError::NotUtf8 => write!(f, "text that is not UTF-8"),
        }
    }
}

impl std::error::Error for FrameError {}

impl From<ProtocolError> for FrameError {
    fn from(error: ProtocolError) -> FrameError {
        FrameError::Protocol(error)
    }
}

/// Cuts a stream of bytes into frames and puts messages together, a frame at a step.
pub(crate) struct Frames {
    role: Reads,
    longest: usize,
    /// What has arrived and is not used yet is between `at` and `end`, behind `end` is room.
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    /// How long the frame at `at` is, header included, if that is known and its end is not there yet.
    whole: usize,
    /// The kind of the message whose fragments `gathered` holds, until the last of them is there.
    message: Option<Gathering>,
    gathered: Vec<u8>,
    pong: Option<Vec<u8>>,
}

#[derive(Clone, Copy)]
enum Gathering {
    Binary,
    /// So many bytes of the text are known to be UTF-8.
    Text {
        valid: usize,
    },
}

/// A frame whose header is there and may stand where it does.
struct Head {
    opcode: OpCode,
    is_final: bool,
    key: Option<[u8; 4]>,
    /// Where the payload is in the buffer, or will be.
    payload: Range<usize>,
}

impl Frames {
    /// `longest` is the longest message, and frame, that is accepted, in bytes. Nothing is allocated yet.
    pub(crate) fn new(role: Reads, longest: usize) -> Frames {
        Frames {
            role,
            longest,
            buffer: Vec::new(),
            at: 0,
            end: 0,
            whole: 0,
            message: None,
            gathered: Vec::new(),
            pong: None,
        }
    }

    /// Room to read into: 4 KiB or more, 16 KiB or more when nothing is buffered. To be asked for when
    /// [`next`](Frames::next) has found nothing more: a byte is then moved once at most.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        let held = self.end - self.at;
        if held == 0 || self.buffer.len() - self.end < LEAST {
            self.buffer.copy_within(self.at..self.end, 0);
            (self.at, self.end) = (0, held);
        }
        if self.buffer.len() - self.end < LEAST {
            // No longer than the frame, if its length is known, for what comes behind may be short.
            let longest = if self.whole > 0 { self.whole.max(held + LEAST) } else { usize::MAX };
            let len = (2 * held).max(FIRST).min(longest);
            self.buffer.reserve_exact(len - self.buffer.len());
            self.buffer.resize(len, 0);
        }
        self.buffer.get_mut(self.end..).unwrap_or_default()
    }

    /// `n` bytes were read into the front of the room.
    pub(crate) fn filled(&mut self, n: usize) {
        debug_assert!(n <= self.buffer.len() - self.end, "more than there was room for");
        self.end = (self.end + n).min(self.buffer.len());
    }

    /// These bytes arrived another way.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = self.room();
            let n = room.len().min(bytes.len());
            let (now, later) = bytes.split_at(n);
            room.iter_mut().zip(now).for_each(|(to, from)| *to = *from);
            self.filled(n);
            bytes = later;
        }
    }

    /// The payload for the pong that is owed: that of the latest ping which has not been answered.
    pub(crate) fn take_pong(&mut self) -> Option<Vec<u8>> {
        self.pong.take()
    }

    /// Whether a ping has not been answered.
    #[cfg(feature = "gate")]
    pub(crate) fn owes_pong(&self) -> bool {
        self.pong.is_some()
    }

    /// Gives the buffer back if nothing is in it.
    #[cfg(feature = "gate")]
    pub(crate) fn shrink(&mut self) {
        if self.at == self.end {
            self.buffer = Vec::new();
            (self.at, self.end) = (0, 0);
        }
        if self.message.is_none() {
            self.gathered = Vec::new();
        }
    }

    /// Goes on by one frame; `None` if its end is not there yet. After an error the reader is of no further use.
    pub(crate) fn next(&mut self) -> Result<Option<Found<'_>>, FrameError> {
        if let Some(payload) = self.short_message() {
            self.at = payload.end;
            return Ok(self.buffer.get(payload).map(Found::Message));
        }
        match self.head()? {
            Some(head) if head.payload.end <= self.end => match head.opcode {
                OpCode::Control(control) => self.control(control, head).map(Some),
                OpCode::Data(data) => self.data(data, head).map(Some),
            },
            head => {
                self.whole = head.map_or(0, |head| head.payload.end - self.at);
                self.settle();
                Ok(None)
            }
        }
    }

    fn unread(&self) -> &[u8] {
        self.buffer.get(self.at..self.end).unwrap_or_default()
    }

    /// The payload of a whole binary message of the gate that is shorter than 126 bytes, as nearly all are. Whatever this
    /// finds, [`head`](Frames::head) would find as well, only slower.
    fn short_message(&self) -> Option<Range<usize>> {
        let (Reads::Client { .. }, None) = (self.role, self.message) else { return None };
        let &[0x82, len @ ..126, ..] = self.unread() else { return None };
        let start = self.at + 2;
        let end = start + usize::from(len);
        (end <= self.end && usize::from(len) <= self.longest).then_some(start..end)
    }

    /// The next frame, once its header is there, or why it is refused.
    fn head(&self) -> Result<Option<Head>, FrameError> {
        let unread = self.unread();
        let repair = self.role == (Reads::Client { repair: true });
        let (header, start, len) = if repair && lacks_length(unread) {
            if unread.len() < LACKING.len() {
                return Ok(None);
            }
            let opcode = OpCode::Data(Data::Binary);
            (FrameHeader { opcode, ..FrameHeader::default() }, 2, LACKED)
        } else {
            let mut cursor = Cursor::new(unread);
            // In memory nothing fails but an opcode.
            let opcode = unread.first().map_or(0, |first| first & 0x0f);
            let parsed = FrameHeader::parse(&mut cursor)
                .map_err(|_| FrameError::Protocol(ProtocolError::InvalidOpcode(opcode)))?;
            let Some((header, len)) = parsed else { return Ok(None) };
            (header, cursor.position() as usize, len)
        };
        let len = self.check(&header, len)?;
        let start = self.at + start;
        Ok(Some(Head {
            opcode: header.opcode,
            is_final: header.is_final,
            key: header.mask,
            payload: start..start.saturating_add(len),
        }))
    }

    /// Whether a frame may stand there, and how long its payload is.
    fn check(&self, header: &FrameHeader, declared: u64) -> Result<usize, FrameError> {
        use ProtocolError as E;
        let limit = self.longest;
        let len = match usize::try_from(declared) {
            Ok(len) if len <= limit => len,
            _ => return Err(FrameError::TooLong { declared, limit }),
        };
        let is_masked = header.mask.is_some();
        if self.role == Reads::Gate && !is_masked {
            return Err(E::UnmaskedFrameFromClient.into());
        }
        if header.rsv1 || header.rsv2 || header.rsv3 {
            return Err(E::NonZeroReservedBits.into());
        }
        if self.role != Reads::Gate && is_masked {
            return Err(E::MaskedFrameFromServer.into());
        }
        match (header.opcode, self.message) {
            (OpCode::Control(_), _) if !header.is_final => Err(E::FragmentedControlFrame.into()),
            (OpCode::Control(_), _) if len > LONGEST_CONTROL => Err(E::ControlFrameTooBig.into()),
            (OpCode::Data(Data::Continue), None) => Err(E::UnexpectedContinueFrame.into()),
            (OpCode::Data(Data::Continue), Some(_)) if len > limit - self.gathered.len() => {
                let declared = declared.saturating_add(self.gathered.len() as u64);
                Err(FrameError::TooLong { declared, limit })
            }
            (OpCode::Data(Data::Continue), Some(_)) | (OpCode::Control(_), _) => Ok(len),
            (OpCode::Data(data), Some(_)) => Err(E::ExpectedFragment(data).into()),
            (OpCode::Data(_), None) => Ok(len),
        }
    }

    fn control(&mut self, control: Control, head: Head) -> Result<Found<'_>, FrameError> {
        let payload = self.buffer.get(head.payload.clone()).unwrap_or_default();
        if control == Control::Ping {
            let pong = self.pong.get_or_insert_default();
            pong.clear();
            pong.extend_from_slice(payload);
            mask(pong, head.key.unwrap_or_default());
        }
        if control == Control::Close {
            // The frame stays where it is, so that nothing behind it is ever read.
            let mut payload = payload.to_vec();
            mask(&mut payload, head.key.unwrap_or_default());
            return Ok(Found::Close(close_code(&payload)?));
        }
        self.at = head.payload.end;
        Ok(Found::Nothing)
    }

    fn data(&mut self, data: Data, head: Head) -> Result<Found<'_>, FrameError> {
        self.at = head.payload.end;
        let payload = self.buffer.get_mut(head.payload).unwrap_or_default();
        if let Some(key) = head.key {
            mask(payload, key);
        }
        let mut message = match (data, self.message) {
            (Data::Continue, Some(message)) => message,
            (Data::Text, _) if head.is_final => {
                return std::str::from_utf8(payload)
                    .map(|text| Found::Message(text.as_bytes()))
                    .map_err(|_| FrameError::NotUtf8);
            }
            _ if head.is_final => return Ok(Found::Message(payload)),
            (Data::Text, _) => Gathering::Text { valid: 0 },
            _ => Gathering::Binary,
        };
        if data != Data::Continue {
            self.gathered.clear();
        }
        self.gathered.extend_from_slice(payload);
        if let Gathering::Text { valid } = &mut message {
            *valid = valid_utf8(&self.gathered, *valid, head.is_final)?;
        }
        self.message = (!head.is_final).then_some(message);
        Ok(if head.is_final { Found::Message(&self.gathered) } else { Found::Nothing })
    }

    /// Gives back what a long message needed and what is buffered now does not.
    fn settle(&mut self) {
        if self.message.is_none() {
            self.gathered.clear();
            self.gathered.shrink_to(KEPT);
        }
        let held = self.end - self.at;
        if self.buffer.len() > KEPT && held <= self.buffer.len() / 4 {
            self.buffer = self.unread().to_vec();
            (self.at, self.end) = (0, held);
        }
    }
}

/// Whether a frame begins there, as far as can be seen, that lacks its length.
fn lacks_length(unread: &[u8]) -> bool {
    unread.len() >= 2 && unread.iter().zip(LACKING).all(|(a, b)| a == b)
}

/// How much of a text is UTF-8, of which `valid` bytes are known to be; all of it must be if it `ends` there.
fn valid_utf8(text: &[u8], valid: usize, ends: bool) -> Result<usize, FrameError> {
    match std::str::from_utf8(text.get(valid..).unwrap_or_default()) {
        Ok(_) => Ok(text.len()),
        // The last character is cut.
        Err(error) if error.error_len().is_none() && !ends => Ok(valid + error.valid_up_to()),
        Err(_) => Err(FrameError::NotUtf8),
    }
}

/// The code in the payload of a close frame.
fn close_code(payload: &[u8]) -> Result<Option<u16>, FrameError> {
    match payload {
        [] => Ok(None),
        [_] => Err(ProtocolError::InvalidCloseSequence.into()),
        [high, low, reason @ ..] => {
            std::str::from_utf8(reason).map_err(|_| FrameError::NotUtf8)?;
            let code = CloseCode::from(u16::from_be_bytes([*high, *low]));
            Ok(Some(if code.is_allowed() { code } else { CloseCode::Protocol }.into()))
        }
    }
}

/// Masks bytes, or unmasks them.
pub(crate) fn mask(bytes: &mut [u8], key: [u8; 4]) {
    let [a, b, c, d] = key;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let mut words = bytes.chunks_exact_mut(8);
    for chunk in &mut words {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        chunk.copy_from_slice(&(u64::from_ne_bytes(word) ^ wide).to_ne_bytes());
    }
    for (byte, key) in words.into_remainder().iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
#[cfg(test)]
mod tests;
