//! One connection's socket: the request head, then WebSocket frames in. Output is queued elsewhere.

use std::io::{self, Read};
use std::time::Instant;

use log::Level;

use super::http::Opening;
use super::peers::{ConnId, Peer};
use super::service::Service;
use super::transport::Transport;
use super::{tell, write};
use crate::wire::frames::{Found, Frames, Reads};
use crate::wire::package;

/// How much of one connection is read before the others have their turn: bytes off the socket, and steps, which are
/// frames and packages.
const BYTES_PER_PASS: usize = 64 * 1024;
const STEPS_PER_PASS: usize = 512;

/// How much memory of the longest message stays for the next ones.
const KEPT: usize = 64 * 1024;

/// The socket, read until it has nothing more.
struct Stream {
    transport: Transport,
    /// The last read was short: nothing is there until the next readiness event.
    drained: bool,
    /// The other end has closed, so that a short read announces nothing.
    closed: bool,
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
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

enum Phase {
    /// The request head so far.
    Head(Vec<u8>),
    Open(Messages),
}

/// What comes over the WebSocket.
struct Messages {
    frames: Frames,
    /// The bytes of messages, of which those before `at` are read: what follows is a package not there as a whole yet, or
    /// packages for the next pass.
    bytes: Vec<u8>,
    at: usize,
    largest: usize,
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
    stream: Stream,
    phase: Phase,
    largest: usize,
    pub(super) last_read: Instant,
    /// Reading has stopped until the other end has taken what waits for it.
    pub(super) paused: bool,
    /// Set when the write side is shut down; the other end has until then to close as well.
    pub(super) lingers_until: Option<Instant>,
}

impl Socket {
    pub(super) fn new(transport: Transport, now: Instant, largest: usize) -> Socket {
        Socket {
            stream: Stream { transport, drained: false, closed: false },
            phase: Phase::Head(Vec::new()),
            largest,
            last_read: now,
            paused: false,
            lingers_until: None,
        }
    }

    pub(super) fn transport(&mut self) -> &mut Transport {
        &mut self.stream.transport
    }

    /// The readiness event: there is something to read again.
    pub(super) fn readable(&mut self, closed: bool) {
        self.stream.drained = false;
        self.stream.closed |= closed;
    }

    /// Has the connection end with a reset when it is dropped.
    pub(super) fn reset(&mut self) {
        if let Err(error) = self.stream.transport.reset() {
            tell(Level::Warn, format_args!("a connection could not be reset: {error}"));
        }
    }

    /// Says that nothing more will be written.
    pub(super) fn shut_down(&mut self, until: Instant) {
        self.lingers_until = Some(until);
        if let Err(error) = self.stream.transport.shut_down() {
            tell(Level::Trace, format_args!("shutdown: {error}"));
        }
    }

    /// Gives back what an idle connection does not need.
    pub(super) fn shrink(&mut self) {
        if let Phase::Open(messages) = &mut self.phase {
            messages.shrink();
        }
    }

    pub(super) fn read_pass(&mut self, now: Instant, id: ConnId, service: &mut Service) -> Pass {
        if self.lingers_until.is_some() {
            return self.discard();
        }
        if let Phase::Head(_) = self.phase {
            // A request head that drips is silence.
            if let Some(pass) = self.read_head(id, service) {
                return pass;
            }
        }
        self.last_read = now;
        let Phase::Open(messages) = &mut self.phase else {
            return Pass::Broken;
        };
        let pass = messages.read(&mut self.stream, id, service);
        if messages.frames.owes_pong() {
            service.peers.mark(id);
        }
        pass
    }

    /// Queues the pong that is owed, if none waits to be written.
    pub(super) fn pong(&mut self, peer: &mut Peer) {
        if let Phase::Open(messages) = &mut self.phase {
            messages.pong(peer);
        }
    }

    /// Reads on only to see the other end close: closing with unread bytes would destroy what was written last.
    fn discard(&mut self) -> Pass {
        let mut sink = [0; 4096];
        for _ in 0..BYTES_PER_PASS / sink.len() {
            match self.stream.transport.discard(&mut sink) {
                Ok(0) => return Pass::Broken,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Pass::Drained,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Pass::Broken,
            }
        }
        Pass::Unfinished
    }

    /// `None` means that the WebSocket is open and may have messages already.
    fn read_head(&mut self, id: ConnId, service: &mut Service) -> Option<Pass> {
        let Phase::Head(head) = &mut self.phase else {
            return None;
        };
        let mut buffer = [0; 2048];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Some(Pass::Broken),
                Ok(len) => head.extend_from_slice(buffer.get(..len).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Some(Pass::Drained);
                }
                Err(_) => return Some(Pass::Broken),
            }
            let response = match service.opening(id, head) {
                Opening::Partial => continue,
                Opening::Upgrade { len, response } => {
                    service.peers.raw(id, &response);
                    service.opened(id);
                    let mut messages = Messages::new(self.largest);
                    messages.frames.push(head.get(len..).unwrap_or_default());
                    self.phase = Phase::Open(messages);
                    return None;
                }
                Opening::Request(response) => response,
            };
            service.peers.raw(id, &response);
            head.clear();
            return Some(Pass::Ending);
        }
    }
}

impl Messages {
    fn new(largest: usize) -> Messages {
        Messages { frames: Frames::new(Reads::Gate, largest), bytes: Vec::new(), at: 0, largest }
    }

    /// Reads as much as one pass may.
    fn read(&mut self, stream: &mut Stream, id: ConnId, service: &mut Service) -> Pass {
        let mut left = BYTES_PER_PASS;
        for _ in 0..STEPS_PER_PASS {
            if service.is_full(id) {
                break;
            }
            if let Some(pass) = self.step(stream, &mut left, id, service) {
                return pass;
            }
        }
        Pass::Unfinished
    }

    /// Goes on by a package, else by a frame, else by a read of at most `left` bytes. Returns what ends the pass.
    fn step(
        &mut self,
        stream: &mut Stream,
        left: &mut usize,
        id: ConnId,
        service: &mut Service,
    ) -> Option<Pass> {
        match package::read(self.bytes.get(self.at..).unwrap_or_default(), self.largest) {
            Ok(Some((package, len))) => {
                self.at += len;
                return (!service.package(id, &package)).then_some(Pass::Broken);
            }
            Ok(None) => self.drop_read(),
            Err(malformed) => return broken(&malformed),
        }
        match self.frames.next() {
            Ok(Some(Found::Message(message))) => self.bytes.extend_from_slice(message),
            Ok(Some(Found::Nothing)) => {}
            Ok(Some(Found::Close(code))) => {
                service.peers.append(id, |peer| {
                    self.pong(peer);
                    let code = code.map(u16::to_be_bytes);
                    write::control_frame(
                        &mut peer.out,
                        write::CLOSE,
                        code.as_ref().map_or(&[], |code| code),
                    );
                });
                return Some(Pass::Ending);
            }
            Ok(None) => return self.fill(stream, left),
            Err(error) => return broken(&error),
        }
        None
    }

    fn fill(&mut self, stream: &mut Stream, left: &mut usize) -> Option<Pass> {
        if *left == 0 {
            return Some(Pass::Unfinished);
        }
        let room = self.frames.room();
        let len = room.len().min(*left);
        match stream.read(room.get_mut(..len).unwrap_or_default()) {
            Ok(0) => Some(Pass::Broken),
            Ok(len) => {
                self.frames.filled(len);
                *left -= len;
                None
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Some(Pass::Drained),
            Err(error) => broken(&error),
        }
    }

    /// Drops the packages that are read, and the memory that only a long one needed.
    fn drop_read(&mut self) {
        self.bytes.drain(..self.at);
        self.at = 0;
        if self.bytes.is_empty() {
            self.bytes.shrink_to(KEPT);
        }
    }

    fn pong(&mut self, peer: &mut Peer) {
        if peer.ending || peer.pong_left > 0 {
            return;
        }
        if let Some(payload) = self.frames.take_pong() {
            write::control_frame(&mut peer.out, write::PONG, &payload);
            peer.pong_left = peer.pending();
        }
    }

    fn shrink(&mut self) {
        self.frames.shrink();
        if self.bytes.is_empty() {
            self.bytes = Vec::new();
        }
    }
}

fn broken(why: &dyn std::fmt::Display) -> Option<Pass> {
    tell(Level::Debug, format_args!("connection dropped: {why}"));
    Some(Pass::Broken)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{SocketAddr, TcpListener, TcpStream};

    use super::super::builder::GateBuilder;
    use super::super::doors::Doors;
    use super::super::peers::Door;
    use super::super::transport::Security;
    use super::*;

    const CONN: ConnId = 20;

    /// A connection whose WebSocket is open, and its other end.
    fn open() -> (Socket, Service, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let other_end = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (tcp, _) = listener.accept().unwrap();
        tcp.set_nonblocking(true).unwrap();
        let tcp = mio::net::TcpStream::from_std(tcp);
        let config = GateBuilder::new().config;
        let largest = config.limits.package_bytes;
        let mut service = Service::new(config, &Doors::nowhere()).unwrap();
        let now = Instant::now();
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        service.peers.add(CONN, Door::Main, address, address.ip(), now);
        service.opened(CONN);
        service.tick();
        let transport = Transport::new(tcp, &Security::Plain).unwrap();
        let mut socket = Socket::new(transport, now, largest);
        socket.phase = Phase::Open(Messages::new(largest));
        (socket, service, other_end)
    }

    /// A client's frame, its key all zeros.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let len = (payload.len() as u64).to_be_bytes();
        [&[first, 0xff], &len[..], &[0; 4], payload].concat()
    }

    /// How many passes it takes to read all that, and how many bytes are written to the other end.
    fn passes(bytes: &[u8]) -> (usize, usize) {
        let (mut socket, mut service, mut other_end) = open();
        let end = frame(0x89, b"the end");
        let bytes = [bytes, &end].concat();
        let (mut count, mut written, mut left) = (0, 0, &bytes[..]);
        other_end.set_nonblocking(true).unwrap();
        loop {
            while let Ok(len @ 1..) = other_end.write(left) {
                left = &left[len..];
            }
            socket.readable(false);
            let pass = socket.read_pass(Instant::now(), CONN, &mut service);
            assert!(matches!(pass, Pass::Drained | Pass::Unfinished), "{pass:?}");
            count += 1;
            let peer = service.peers.get_mut(CONN).unwrap();
            written += peer.pending();
            peer.wrote(peer.pending());
            let Phase::Open(messages) = &mut socket.phase else { panic!("it is open") };
            if messages.frames.take_pong().is_some_and(|pong| pong == b"the end") {
                return (count, written);
            }
        }
    }

    #[test]
    fn a_pass_is_bounded_in_frames_and_packages() {
        const COUNT: usize = 20_000;
        let quest = {
            let mut package = Vec::new();
            package::write_quest(&mut package, Some(1), "nosuchmethod", |out| out.push(0x80));
            package
        };
        let begin = frame(0x02, b"");
        let floods = [
            frame(0x89, b"").repeat(COUNT),
            frame(0x8a, b"").repeat(COUNT),
            frame(0x82, b"").repeat(COUNT),
            [begin, frame(0x00, b"").repeat(COUNT), frame(0x80, b"")].concat(),
            frame(0x82, &quest).repeat(COUNT),
            frame(0x82, &quest.repeat(COUNT)),
        ];
        for (at, flood) in floods.iter().enumerate() {
            let (count, _) = passes(flood);
            assert!(count >= COUNT / STEPS_PER_PASS, "{count} passes for flood {at}");
        }
    }

    #[test]
    fn a_pass_is_bounded_in_bytes() {
        const LEN: usize = 4 << 20;
        let mut package = Vec::new();
        package::write_quest(&mut package, Some(1), "nosuchmethod", |out| {
            crate::wire::payload::write_map(out, |map| map.text("pad", &"x".repeat(LEN)));
        });
        let (count, written) = passes(&frame(0x82, &package));
        assert!(count >= LEN / BYTES_PER_PASS, "{count} passes");
        assert!(written > 0, "it is answered");
    }
}
