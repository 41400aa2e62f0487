//! WebSocket frames of ours: built in place, masked, ready for the socket.

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::wire::package::SEQ_OFFSET;

/// The longest header of a client's frame.
const HEADER: usize = 14;

/// A frame under construction, in a buffer that is used again.
#[derive(Clone, Default)]
pub(crate) struct FrameBuffer {
    bytes: Vec<u8>,
    /// Where the frame starts.
    start: usize,
    key: [u8; 4],
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
        self.key = rand::random();
        self.bytes.clear();
        self.bytes.resize(HEADER, 0);
        package(&mut self.bytes);
        let (head, body) = self.bytes.split_at_mut(HEADER);
        mask(body, self.key);
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

fn mask(bytes: &mut [u8], key: [u8; 4]) {
    let [a, b, c, d] = key;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let mut chunks = bytes.chunks_exact_mut(8);
    for chunk in &mut chunks {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        chunk.copy_from_slice(&(u64::from_ne_bytes(word) ^ wide).to_ne_bytes());
    }
    for (byte, key) in chunks.into_remainder().iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::package::{self, Kind};
    use std::io::Cursor;
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
}
