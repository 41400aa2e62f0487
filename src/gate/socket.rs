//! One connection's socket: the request head, then WebSocket frames in. What goes out is queued elsewhere.

use std::io::{self, Read, Write};
use std::time::Instant;

use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

use super::peers::ConnId;
use super::service::Service;
use super::transport::Transport;
use super::upgrade::{self, Head};
use crate::wire::package::{Malformed, Reader};

/// What an idle connection holds to read into.
const READ_BUFFER: usize = 16 * 1024;
/// How many messages of one connection are read before the others have their turn.
const MESSAGES_PER_PASS: usize = 1024;

/// The socket, its write side going to memory: pongs and closes join the queue of what is written.
struct Stream {
    transport: Transport,
    /// What came behind the request head.
    early: Vec<u8>,
    control: Vec<u8>,
    /// The last read was short: nothing is there until the next readiness event.
    drained: bool,
    /// The other end has closed, so that a short read announces nothing.
    closed: bool,
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if !self.early.is_empty() {
            let len = (&self.early[..]).read(buf)?;
            self.early.drain(..len);
            return Ok(len);
        }
        if self.drained {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        loop {
            match self.transport.read(buf) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(len) => {
                    let short = len > 0 && len < buf.len() && !self.closed;
                    self.drained = short && self.transport.short_means_empty();
                    return Ok(len);
                }
                Err(error) => {
                    self.drained = error.kind() == io::ErrorKind::WouldBlock;
                    return Err(error);
                }
            }
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.control.extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

enum Phase {
    Head { stream: Stream, head: Vec<u8> },
    Open(Box<WebSocket<Stream>>),
}

/// What a read pass ended with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// Everything that was there has been read.
    Drained,
    /// There may be more.
    Unfinished,
    /// The connection is to end once what is queued is written.
    Ending,
    /// The connection is of no further use.
    Broken,
}

pub(super) struct Socket {
    phase: Option<Phase>,
    packages: Reader,
    pub(super) last_read: Instant,
    /// Reading has stopped until the other end has taken what waits for it.
    pub(super) paused: bool,
    /// Set when the write side is shut down; the other end has until then to close as well.
    pub(super) lingers_until: Option<Instant>,
}

impl Socket {
    pub(super) fn new(transport: Transport, now: Instant, largest: usize) -> Socket {
        let stream = Stream {
            transport,
            early: Vec::new(),
            control: Vec::new(),
            drained: false,
            closed: false,
        };
        Socket {
            phase: Some(Phase::Head { stream, head: Vec::new() }),
            packages: Reader::new(largest),
            last_read: now,
            paused: false,
            lingers_until: None,
        }
    }

    fn stream(&mut self) -> Option<&mut Stream> {
        match self.phase.as_mut()? {
            Phase::Head { stream, .. } => Some(stream),
            Phase::Open(socket) => Some(socket.get_mut()),
        }
    }

    pub(super) fn transport(&mut self) -> Option<&mut Transport> {
        self.stream().map(|stream| &mut stream.transport)
    }

    /// The readiness event: there is something to read again.
    pub(super) fn readable(&mut self, closed: bool) {
        if let Some(stream) = self.stream() {
            stream.drained = false;
            stream.closed |= closed;
        }
    }

    /// Has the connection end with a reset when it is dropped.
    pub(super) fn reset(&mut self) {
        if let Some(Err(error)) = self.transport().map(|transport| transport.reset()) {
            log::warn!("a connection could not be reset: {error}");
        }
    }

    /// Says that nothing more will be written.
    pub(super) fn shut_down(&mut self, until: Instant) {
        self.lingers_until = Some(until);
        if let Some(Err(error)) = self.transport().map(Transport::shut_down) {
            log::trace!("shutdown: {error}");
        }
    }

    pub(super) fn read_pass(&mut self, now: Instant, id: ConnId, service: &mut Service) -> Pass {
        // A request head that drips is silence.
        if !matches!(self.phase, Some(Phase::Head { .. })) {
            self.last_read = now;
        }
        if self.lingers_until.is_some() {
            return self.discard();
        }
        match self.phase.take() {
            Some(Phase::Head { stream, head }) => {
                let pass = self.read_head(stream, head, id, service);
                if pass != Pass::Unfinished {
                    return pass;
                }
                self.read_messages(id, service)
            }
            open => {
                self.phase = open;
                self.read_messages(id, service)
            }
        }
    }

    /// Reads on only to see the other end close: closing with unread bytes would destroy what was written last.
    fn discard(&mut self) -> Pass {
        let mut sink = [0; 4096];
        let Some(transport) = self.transport() else {
            return Pass::Broken;
        };
        for _ in 0..MESSAGES_PER_PASS {
            match transport.discard(&mut sink) {
                Ok(0) => return Pass::Broken,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Pass::Drained,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Pass::Broken,
            }
        }
        Pass::Unfinished
    }

    /// `Unfinished` means that the WebSocket is open and may have messages already.
    fn read_head(
        &mut self,
        mut stream: Stream,
        mut head: Vec<u8>,
        id: ConnId,
        service: &mut Service,
    ) -> Pass {
        let mut buffer = [0; 2048];
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => return Pass::Broken,
                Ok(len) => head.extend_from_slice(buffer.get(..len).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.phase = Some(Phase::Head { stream, head });
                    return Pass::Drained;
                }
                Err(_) => return Pass::Broken,
            }
            let response = match upgrade::read(&head) {
                Head::Partial => continue,
                Head::Upgrade { len, response } => {
                    service.peers.raw(id, &response);
                    service.opened(id);
                    stream.early = head.split_off(len);
                    self.phase = Some(Phase::Open(Box::new(WebSocket::from_raw_socket(
                        stream,
                        Role::Server,
                        Some(config(service.config.limits.package_bytes)),
                    ))));
                    return Pass::Unfinished;
                }
                Head::Get { path } => service.http_get(id, &path),
                Head::Refused { response } => response,
            };
            service.peers.raw(id, &response);
            self.phase = Some(Phase::Head { stream, head: Vec::new() });
            return Pass::Ending;
        }
    }

    fn read_messages(&mut self, id: ConnId, service: &mut Service) -> Pass {
        let Some(Phase::Open(socket)) = &mut self.phase else {
            return Pass::Broken;
        };
        let mut pass = Pass::Unfinished;
        for _ in 0..MESSAGES_PER_PASS {
            if service.is_full(id) {
                break;
            }
            let sound = match socket.read() {
                Ok(Message::Binary(bytes)) => packages(&mut self.packages, &bytes, id, service),
                Ok(Message::Text(text)) => {
                    packages(&mut self.packages, text.as_str().as_bytes(), id, service)
                }
                Ok(_) => continue,
                Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    pass = Pass::Drained;
                    break;
                }
                Err(tungstenite::Error::ConnectionClosed) => {
                    pass = Pass::Ending;
                    break;
                }
                Err(error) => {
                    log::debug!("connection dropped: {error}");
                    pass = Pass::Broken;
                    break;
                }
            };
            if !sound {
                pass = Pass::Broken;
                break;
            }
        }
        let control = &mut socket.get_mut().control;
        if !control.is_empty() {
            service.peers.raw(id, control);
            *control = Vec::new();
        }
        pass
    }
}

fn config(largest: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(largest))
        .max_frame_size(Some(largest))
}

fn packages(reader: &mut Reader, message: &[u8], id: ConnId, service: &mut Service) -> bool {
    let mut sound = true;
    let read: Result<(), Malformed> = reader.read(message, |package| {
        sound = sound && service.package(id, &package);
    });
    match read {
        Ok(()) => sound,
        Err(malformed) => {
            log::debug!("connection dropped: {malformed}");
            false
        }
    }
}
