//! Outgoing WebSocket frames: built in place, masked, ready for the socket.

use std::io::Cursor;

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::wire::frames::mask;
use crate::wire::package::{self, SEQ_OFFSET};

/// The longest header of a client's frame.
const HEADER: usize = 14;

/// The header of a whole binary message of a client that is shorter than 126 bytes, as most are: two bytes and the key.
const SHORT_HEADER: usize = 6;
const BINARY: u8 = 0x82;
const MASKED: u8 = 0x80;

/// A frame under construction, in a buffer that is used again.
#[derive(Clone, Default)]
pub(crate) struct FrameBuffer {
    bytes: Vec<u8>,
    /// Where the frame starts.
    start: usize,
    key: [u8; 4],
    keys: Keys,
}

/// Keys drawn several at a time, for that costs little more than one.
#[derive(Clone, Default)]
struct Keys {
    drawn: [[u8; 4]; 16],
    left: usize,
}

impl Keys {
    fn next(&mut self) -> [u8; 4] {
        if self.left == 0 {
            rand::fill(self.drawn.as_flattened_mut());
            self.left = self.drawn.len();
        }
        self.left -= 1;
        self.drawn.get(self.left).copied().unwrap_or_default()
    }
}

#[expect(
    clippy::indexing_slicing,
    reason = "nothing here is received: `start` is at most HEADER and the buffer at least as long, but for `start` 0 in \
              an empty one; a package is never shorter than its header"
)]
impl FrameBuffer {
    /// Makes the frame of the one package that `package` appends. Returns the package's size.
    pub(crate) fn build(&mut self, package: impl FnOnce(&mut Vec<u8>)) -> usize {
        // Predictable keys would let a sender choose the bytes on the wire.
        self.key = self.keys.next();
        self.bytes.clear();
        self.bytes.resize(HEADER, 0);
        package(&mut self.bytes);
        let (head, body) = self.bytes.split_at_mut(HEADER);
        mask(body, self.key);
        if let len @ ..126 = body.len() {
            let [a, b, c, d] = self.key;
            self.start = HEADER - SHORT_HEADER;
            head[self.start..].copy_from_slice(&[BINARY, MASKED | len as u8, a, b, c, d]);
            return len;
        }
        let header = FrameHeader {
            opcode: OpCode::Data(Data::Binary),
            mask: Some(self.key),
            ..FrameHeader::default()
        };
        let len = body.len() as u64;
        self.start = HEADER - header.len(len);
        let written = header.format(len, &mut &mut head[self.start..]);
        debug_assert!(written.is_ok(), "the header fits");
        body.len()
    }

    /// Appends the frame to `out`.
    pub(crate) fn append_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes[self.start..]);
    }

    /// Appends the frame to `out` with the sequence number put into its package.
    pub(crate) fn append_with_seq(&self, out: &mut Vec<u8>, seq: u32) {
        let at = out.len() + (HEADER - self.start) + SEQ_OFFSET;
        self.append_to(out);
        // The package is a multiple of the key's length before its sequence number.
        let mut field = seq.to_le_bytes();
        mask(&mut field, self.key);
        out[at..at + 4].copy_from_slice(&field);
    }

    pub(crate) fn frame_len(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// The frame alone, for a buffer that is not used again.
    pub(crate) fn into_frame(mut self) -> Vec<u8> {
        self.bytes.drain(..self.start);
        self.bytes
    }

    /// Gives a large buffer back after an unusually large frame.
    pub(crate) fn shrink(&mut self) {
        if self.bytes.capacity() > 64 << 10 {
            self.bytes = Vec::new();
        }
    }
}

/// Appends a control frame, whose payload is no longer than 125 bytes.
pub(crate) fn append_control(out: &mut Vec<u8>, opcode: Control, payload: &[u8]) {
    let key = rand::random();
    let header =
        FrameHeader { opcode: OpCode::Control(opcode), mask: Some(key), ..FrameHeader::default() };
    let written = header.format(payload.len() as u64, out);
    debug_assert!(written.is_ok(), "a buffer takes everything");
    let start = out.len();
    out.extend_from_slice(payload);
    mask(out.get_mut(start..).unwrap_or_default(), key);
}

/// A frame of ours that waits to be written.
pub(crate) struct Waiting {
    pub(crate) len: usize,
    /// The number of its quest, if it is a two-way quest.
    pub(crate) seq: Option<u32>,
}

/// The frame that begins there, if one does.
pub(crate) fn first(bytes: &[u8]) -> Option<Waiting> {
    let mut cursor = Cursor::new(bytes);
    let (header, len) = FrameHeader::parse(&mut cursor).ok()??;
    let start = cursor.position() as usize;
    let len = start.checked_add(usize::try_from(len).ok()?)?;
    let mut head: [u8; SEQ_OFFSET + 4] = match bytes.get(start..len)?.first_chunk() {
        Some(head) => *head,
        None => return Some(Waiting { len, seq: None }),
    };
    mask(&mut head, header.mask?);
    Some(Waiting { len, seq: package::quest_seq(&head) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::package::Kind;
    use tungstenite::protocol::{Role, WebSocket};

    /// What a server reads from the bytes.
    fn received(mut bytes: Vec<u8>) -> Vec<u8> {
        struct Pipe(Cursor<Vec<u8>>);
        impl std::io::Read for Pipe {
            fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
                self.0.read(buf)
            }
        }
        impl std::io::Write for Pipe {
            fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
                Ok(buf.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let pipe = Pipe(Cursor::new(std::mem::take(&mut bytes)));
        let mut server = WebSocket::from_raw_socket(pipe, Role::Server, None);
        server.read().expect("a whole frame").into_data().to_vec()
    }

    #[test]
    fn a_server_reads_the_package_whatever_its_length() {
        let mut frame = FrameBuffer::default();
        for len in [0, 1, 90, 97, 98, 99, 100, 101, 125, 126, 127, 65_500, 65_535, 65_536, 70_001] {
            let size = frame.build(|out| {
                package::write_quest(out, Some(0), "sendmsg", |out| out.resize(out.len() + len, 7));
            });
            assert_eq!(size, 16 + 7 + len);
            let mut out = vec![0xaa; 3];
            frame.append_with_seq(&mut out, 0x0102_0304);
            assert_eq!(out.len(), 3 + frame.frame_len());
            let bytes = received(out.split_off(3));
            let (package, used) =
                package::read(&bytes, usize::MAX).expect("a package").expect("a whole one");
            assert_eq!(used, bytes.len());
            assert_eq!(package.kind, Kind::Quest { seq: 0x0102_0304, method: b"sendmsg" });
            assert_eq!(package.payload, vec![7; len]);
        }
    }

    #[test]
    fn frames_that_wait_are_told_apart() {
        let mut frame = FrameBuffer::default();
        let mut out = Vec::new();
        frame.build(|out| package::write_quest(out, Some(0), "sendmsg", |out| out.push(0x80)));
        frame.append_with_seq(&mut out, 7);
        append_control(&mut out, Control::Pong, b"x");
        frame.build(|out| {
            package::write_quest(out, None, "a-long-one-way-quest", |out| out.push(0x80))
        });
        frame.append_to(&mut out);
        frame.build(|out| package::write_quest(out, Some(0), "x", |out| out.resize(70_000, 0)));
        frame.append_with_seq(&mut out, u32::MAX);
        let (mut at, mut seqs) = (0, Vec::new());
        while let Some(frame) = first(&out[at..]) {
            seqs.push(frame.seq);
            at += frame.len;
        }
        assert_eq!((at, seqs), (out.len(), vec![Some(7), None, None, Some(u32::MAX)]));
        out.pop();
        assert!(first(&out[out.len() - 70_000..]).is_none_or(|frame| frame.len > 0));
        assert!(first(b"GET / HTTP/1.1\r\n\r\n").is_none());
    }
}
