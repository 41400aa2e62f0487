//! The frame reader beside that of tungstenite.

use std::io::{self, ErrorKind, Read, Write};

use tungstenite::error::CapacityError;
use tungstenite::protocol::{Role, WebSocket, WebSocketConfig};
use tungstenite::{Error, Message};

use super::*;

const LIMIT: usize = 1 << 16;

/// What a reader makes of a stream.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Heard {
    pub(super) messages: Vec<Vec<u8>>,
    pub(super) pings: Vec<Vec<u8>>,
    pub(super) end: End,
}

#[derive(Debug, Default, PartialEq)]
pub(super) enum End {
    /// More may come.
    #[default]
    Open,
    Closed(Option<u16>),
    Refused(FrameError),
}

/// Reads a stream that comes in pieces of these sizes, again and again.
pub(super) fn read(data: &[u8], sizes: &[usize], role: Reads, limit: usize) -> Heard {
    let mut frames = Frames::new(role, limit);
    let mut heard = Heard::default();
    let mut rest = data;
    for size in sizes.iter().cycle() {
        let (mut piece, later) = rest.split_at((*size).max(1).min(rest.len()));
        rest = later;
        loop {
            match frames.next() {
                Ok(Some(Found::Message(message))) => heard.messages.push(message.to_vec()),
                Ok(Some(Found::Nothing)) => heard.pings.extend(frames.take_pong()),
                Ok(Some(Found::Close(code))) => {
                    heard.end = End::Closed(code);
                    return heard;
                }
                Ok(None) if piece.is_empty() => break,
                Ok(None) => {
                    let n = frames.room().len().min(piece.len());
                    let (now, later) = piece.split_at(n);
                    frames.room().iter_mut().zip(now).for_each(|(to, from)| *to = *from);
                    frames.filled(n);
                    piece = later;
                }
                Err(error) => {
                    heard.end = End::Refused(error);
                    return heard;
                }
            }
        }
        if rest.is_empty() {
            break;
        }
    }
    heard
}

/// What tungstenite makes of the stream.
pub(super) fn oracle(data: &[u8], role: Role, limit: usize) -> Heard {
    let config = WebSocketConfig::default()
        .read_buffer_size(4096)
        .max_message_size(Some(limit))
        .max_frame_size(Some(limit));
    let mut socket = WebSocket::from_raw_socket(Stream(data), role, Some(config));
    let mut heard = Heard::default();
    loop {
        heard.end = match socket.read() {
            Ok(Message::Ping(payload)) => {
                heard.pings.push(payload.to_vec());
                continue;
            }
            Ok(Message::Close(frame)) => End::Closed(frame.map(|frame| frame.code.into())),
            Ok(message) => {
                if message.is_binary() || message.is_text() {
                    heard.messages.push(message.into_data().to_vec());
                }
                continue;
            }
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => End::Open,
            Err(error) => End::Refused(ours(error)),
        };
        return heard;
    }
}

fn ours(error: Error) -> FrameError {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
            FrameError::TooLong { declared: size as u64, limit: max_size }
        }
        Error::Utf8(_) => FrameError::NotUtf8,
        Error::Protocol(error) => FrameError::Protocol(error),
        // Nothing else comes of bytes alone; this equals no error of the reader's.
        _ => FrameError::Protocol(ProtocolError::HandshakeIncomplete),
    }
}

/// What is there, and then nothing yet; what is written is lost.
struct Stream<'a>(&'a [u8]);

impl Read for Stream<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.0.read(buf)
    }
}

impl Write for Stream<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The reader hears what tungstenite hears, however the stream is cut.
pub(super) fn compare(data: &[u8], sizes: &[usize], role: Reads, limit: usize) {
    let heard = read(data, sizes, role, limit);
    let tungstenite = if role == Reads::Gate { Role::Server } else { Role::Client };
    let mut expected = oracle(data, tungstenite, limit);
    // What a header shows to be wrong is refused before the payload is there; tungstenite waits for the payload.
    if expected.end == End::Open && matches!(heard.end, End::Refused(_)) {
        let padded = [data, &vec![0; limit]].concat();
        expected = oracle(&padded, tungstenite, limit);
    }
    assert_eq!(heard, expected, "{role:?}, cut after {sizes:?}, at most {limit}: {data:02x?}");
}

/// Any bytes, cut anyhow, for either end.
pub fn frames(data: &[u8]) {
    let Some((first, data)) = data.split_first() else { return };
    let (role, step) = (first & 3, usize::from(first >> 2) + 1);
    match role {
        0 => compare(data, &[step], Reads::Gate, LIMIT),
        1 => compare(data, &[step], Reads::Client { repair: false }, LIMIT),
        _ => {
            let role = Reads::Client { repair: true };
            let in_pieces = read(data, &[step], role, LIMIT);
            assert_eq!(in_pieces, read(data, &[LIMIT], role, LIMIT), "other messages when cut");
            let len: usize = in_pieces.messages.iter().map(Vec::len).sum();
            assert!(len <= data.len(), "bytes from nowhere");
            // Without a frame that lacks its length there is nothing to repair.
            if !data.windows(4).any(|bytes| LACKING.starts_with(bytes)) {
                compare(data, &[step], role, LIMIT);
            }
        }
    }
}
