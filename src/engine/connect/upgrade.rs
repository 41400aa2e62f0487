//! The upgrade of a stream to a WebSocket: the request goes out, and the head of the answer comes. The bytes after the
//! head are frames.

use std::io::{self, ErrorKind};
use std::time::SystemTime;

use tungstenite::client::IntoClientRequest;
use tungstenite::handshake::client::generate_request;

use crate::dial::failures::Failure;
use crate::dial::head::{HeadReader, NoHead};
use crate::dial::words::{Tls, Upgrade};
use crate::engine::stream::Stream;

/// The longest answer to the upgrade.
const LONGEST_HEAD: usize = 64 << 10;

pub(super) struct Upgrading {
    pub(super) stream: Stream,
    key: String,
    head: HeadReader,
}

impl Upgrading {
    pub(super) fn new(stream: Stream, url: &str) -> tungstenite::Result<Upgrading> {
        let (request, key) = generate_request(url.into_client_request()?)?;
        let mut stream = stream;
        stream.out.buffer().extend_from_slice(&request);
        Ok(Upgrading { stream, key, head: HeadReader::new(LONGEST_HEAD) })
    }

    /// What is not there yet.
    pub(super) fn unfinished(&self) -> Upgrade {
        if self.head.is_empty() { Upgrade::NoAnswer } else { Upgrade::NotOver }
    }

    /// What stands behind the answer, once that is there.
    pub(super) fn advance(&mut self, peer: &str) -> Result<Option<Vec<u8>>, Failure> {
        // A peer that refuses may have said so before it closed.
        let written = self.stream.write_out();
        loop {
            let mut chunk = [0; 1024];
            let n = match self.stream.read(&mut chunk) {
                Ok(0) => {
                    let why = if self.head.is_empty() { Upgrade::Closed } else { Upgrade::Cut };
                    return Err(Failure::new(why.of(peer)));
                }
                Ok(n) => n,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return written.map(|()| None).map_err(|error| self.broken(peer, error));
                }
                Err(error) => return Err(self.broken(peer, error)),
            };
            match self.head.push(chunk.get(..n).unwrap_or_default()) {
                Ok(None) => {}
                Ok(Some(head)) => {
                    return match head.accepts(&self.key) {
                        Ok(()) => Ok(Some(head.rest)),
                        Err(why) => {
                            let retry_after = head.retry_after(SystemTime::now());
                            Err(Failure { retry_after, ..Failure::new(why.of(peer)) })
                        }
                    };
                }
                Err(NoHead::Other) => return Err(Failure::new(Upgrade::NoHttp.of(peer))),
                Err(NoHead::TooLong) => return Err(Failure::new(Upgrade::TooLong.of(peer))),
            }
        }
    }

    /// A gate that wants a client certificate says so only now, in TLS 1.3.
    fn broken(&self, peer: &str, error: io::Error) -> Failure {
        let text = match self.stream.explain(&error) {
            None | Some(Tls::Closed) => Upgrade::Broke.of(peer),
            Some(why) => why.of(peer),
        };
        Failure::caused(text, error)
    }
}
