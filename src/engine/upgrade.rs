//! The stream while it is upgraded to a WebSocket: tungstenite gets exactly the head of the gate's answer, in one piece,
//! for it takes a head in many small pieces for an attack. What stands behind the head are frames.

use std::io::{self, ErrorKind, Read, Write};

use super::stream::Stream;

/// The longest answer to the upgrade.
const LONGEST_HEAD: usize = 64 << 10;

pub(super) struct Upgrading {
    pub(super) stream: Stream,
    /// The head so far, and what stands behind it.
    received: Vec<u8>,
    /// Where the head ends, once that is known, and how much of it is handed on.
    end: Option<usize>,
    handed: usize,
}

impl Upgrading {
    pub(super) fn new(stream: Stream) -> Upgrading {
        Upgrading { stream, received: Vec::new(), end: None, handed: 0 }
    }

    /// The stream, and the bytes behind the head.
    pub(super) fn into_parts(mut self) -> (Stream, Vec<u8>) {
        let end = self.end.unwrap_or(0).min(self.received.len());
        (self.stream, self.received.split_off(end))
    }

    /// Receives until the end of the head is known.
    fn receive(&mut self) -> io::Result<usize> {
        loop {
            if let Some(end) = self.end {
                return Ok(end);
            }
            let mut chunk = [0; 1024];
            let n = self.stream.read(&mut chunk)?;
            let searched = self.received.len();
            self.received.extend_from_slice(chunk.get(..n).unwrap_or_default());
            self.end = match head_end(&self.received, searched) {
                // Nothing more will come.
                None if n == 0 => Some(self.received.len()),
                None if self.received.len() > LONGEST_HEAD => {
                    let text = "the answer to the upgrade has no end";
                    return Err(io::Error::new(ErrorKind::InvalidData, text));
                }
                end => end,
            };
        }
    }
}

impl Read for Upgrading {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let end = self.receive()?;
        let n = self.received.get(self.handed..end).unwrap_or_default().read(buf)?;
        self.handed += n;
        Ok(n)
    }
}

/// Writing never blocks and never fails: [`Stream::write_out`] does the writing.
impl Write for Upgrading {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.stream.out().extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The end of an HTTP head, or of what cannot be one. `searched` bytes are known not to hold it.
pub(super) fn head_end(bytes: &[u8], searched: usize) -> Option<usize> {
    if !bytes.iter().zip(b"HTTP/").all(|(a, b)| a == b) {
        return Some(bytes.len());
    }
    let from = searched.saturating_sub(2);
    let lines = bytes.get(from..)?.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    lines.map(|(at, _)| from + at + 1).find_map(|next| match bytes.get(next..)? {
        [b'\n', ..] => Some(next + 1),
        [b'\r', b'\n', ..] => Some(next + 2),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";

    #[test]
    fn the_end_of_a_head_is_found_however_it_comes() {
        let bytes = [HEAD, b"\x82\x01x"].concat();
        for len in 1..=bytes.len() {
            for searched in 0..len.min(HEAD.len()) {
                let expected = (len >= HEAD.len()).then_some(HEAD.len());
                assert_eq!(head_end(&bytes[..len], searched), expected, "{len} bytes");
            }
        }
        assert_eq!(head_end(b"HTTP/1.1 500 X\n\nbody", 0), Some(16));
    }

    #[test]
    fn what_is_no_answer_to_an_upgrade_is_not_waited_for() {
        for bytes in [&b"SSH-2.0-x\r\n"[..], b"\x15\x03\x01", b"HTTQ"] {
            assert_eq!(head_end(bytes, 0), Some(bytes.len()));
        }
    }
}
