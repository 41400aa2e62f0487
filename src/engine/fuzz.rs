//! The WebSocket byte stream under the client: mending, frames, packages.

use std::io::{self, ErrorKind, Read, Write};

use tungstenite::protocol::{Role, WebSocket};

use super::incoming::Incoming;
use crate::wire::package::Reader;

const LIMIT: usize = 1 << 20;

/// The answer to the upgrade, which comes before all frames.
const HEAD: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";

/// A source that gives so many bytes at a time.
struct Source<'a> {
    data: &'a [u8],
    step: usize,
    /// Whether the next read finds nothing there yet.
    dry: bool,
}

impl Read for Source<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.dry = !self.dry;
        if self.dry {
            return Err(ErrorKind::WouldBlock.into());
        }
        let (now, later) = self.data.split_at(self.step.min(buf.len()).min(self.data.len()));
        let (there, _) = buf.split_at_mut(now.len());
        there.copy_from_slice(now);
        self.data = later;
        Ok(now.len())
    }
}

/// What the client reads from; what it writes is lost.
struct Stream<'a> {
    incoming: Incoming,
    source: Source<'a>,
}

impl Read for Stream<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.incoming.read(buf, &mut self.source)
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

/// The messages in a stream that comes `step` bytes at a time.
fn messages(data: &[u8], step: usize, repair: bool) -> Vec<Vec<u8>> {
    let mut stream = Stream {
        incoming: Incoming::new(repair, LIMIT),
        source: Source { data: HEAD, step: HEAD.len(), dry: true },
    };
    let head = stream.read(&mut [0; HEAD.len()]);
    assert!(matches!(head, Ok(len) if len == HEAD.len()), "the head is handed on as it is");
    stream.source = Source { data, step, dry: false };
    let config = super::connect::websocket_config(LIMIT);
    let mut socket = WebSocket::from_raw_socket(stream, Role::Client, Some(config));
    let mut packages = Reader::new(LIMIT);
    let mut messages = Vec::new();
    loop {
        match socket.read() {
            Ok(message) => {
                let is_data = message.is_binary() || message.is_text();
                let bytes = message.into_data().to_vec();
                let malformed = is_data && packages.read(&bytes, |_| ()).is_err();
                messages.push(bytes);
                if malformed {
                    return messages;
                }
            }
            Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return messages,
        }
    }
}

/// However the stream is cut, the messages in it are the same, and there is not more in them than came.
pub fn stream(data: &[u8]) {
    let Some((first, data)) = data.split_first() else { return };
    let (repair, step) = (first & 1 == 0, usize::from(first >> 1) + 1);
    let in_pieces = messages(data, step, repair);
    let whole = messages(data, LIMIT, repair);
    assert_eq!(in_pieces, whole, "other messages when cut");
    assert!(whole.iter().map(Vec::len).sum::<usize>() <= data.len(), "bytes from nowhere");
}
