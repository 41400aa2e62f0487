//! The floor: one thread, tungstenite by hand, the same bytes, no callbacks.
//!
//! The socket blocks, but at most once a pass: a pass reads all there is, then writes as many calls as were answered
//! with one flush. That is two system calls a lone round trip, fewer than a readiness wait would take.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use rustix::net::{RecvFlags, recv};
use rustls::ClientConnection;
use rustls::pki_types::ServerName;
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Message, WebSocket};

use crate::measure::{Samples, Tally};
use crate::peer::Peer;
use crate::quest;

/// After that many calls in a row answers are read, so that neither side waits for the other's buffers.
const BURST: usize = 1024;

/// More than are ever in flight.
const SLOTS: usize = 1 << 17;

pub(crate) struct Floor {
    socket: WebSocket<Stream>,
    seq: u32,
    mid: i64,
    /// When the calls were sent whose round trip is measured, by sequence number.
    sent_at: Vec<Instant>,
}

enum Stream {
    Plain(OncePerPass),
    Tls(Box<ClientConnection>, OncePerPass),
}

/// A socket whose first read of a pass may wait for data, and the others do not.
struct OncePerPass {
    socket: TcpStream,
    may_wait: bool,
    drained: bool,
    /// Every read waits.
    upgrading: bool,
}

impl Floor {
    pub(crate) fn connect(
        peer: &Peer,
        tls: bool,
    ) -> Result<Floor, Box<dyn std::error::Error + Send + Sync>> {
        let port = if tls { peer.ports.echo_tls } else { peer.ports.echo };
        let mut socket = TcpStream::connect(("127.0.0.1", port))?;
        socket.set_nodelay(true)?;
        let stream = if tls {
            let name = ServerName::try_from("127.0.0.1")?;
            let config = crate::tls::client(&peer.certificate)?;
            let mut tls = ClientConnection::new(Arc::clone(&config), name)?;
            tls.set_buffer_limit(None);
            tls.complete_io(&mut socket)?;
            Stream::Tls(Box::new(tls), OncePerPass::new(socket))
        } else {
            Stream::Plain(OncePerPass::new(socket))
        };
        let url = format!("ws://127.0.0.1:{port}/service/websocket");
        let config = WebSocketConfig::default().read_buffer_size(16 << 10);
        let (mut socket, _) = tungstenite::client::client_with_config(url, stream, Some(config))
            .map_err(|error| error.to_string())?;
        socket.send(Message::binary(quest::auth(1)))?;
        socket.get_mut().next_pass(true);
        socket.read()?;
        Ok(Floor { socket, seq: 1, mid: 1, sent_at: vec![Instant::now(); SLOTS] })
    }

    /// Keeps `window` calls in flight until the time has come, then waits for the answers.
    pub(crate) fn run(&mut self, window: usize, until: Instant, samples: &mut Samples) -> Tally {
        let mut tally = Tally::default();
        let mut in_flight = 0;
        let mut over = false;
        while !over || in_flight > 0 {
            let burst = if over { 0 } else { BURST.min(window - in_flight) };
            for _ in 0..burst {
                self.send(samples);
            }
            in_flight += burst;
            self.socket.flush().expect("the peer reads");
            self.socket.get_mut().next_pass(in_flight == window || over);
            loop {
                match self.socket.read() {
                    Ok(Message::Binary(package)) => {
                        let (seq, size) = quest::answer(&package);
                        if samples.wanted(seq) {
                            samples.took(self.sent_at[seq as usize % SLOTS].elapsed());
                        }
                        tally.answered += 1;
                        tally.bytes_each = size;
                        in_flight -= 1;
                    }
                    Ok(_) => {}
                    Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                        break;
                    }
                    Err(error) => panic!("the floor's connection broke: {error}"),
                }
            }
            over = over || Instant::now() >= until;
        }
        tally
    }

    fn send(&mut self, samples: &Samples) {
        self.seq = self.seq.wrapping_add(1);
        self.mid += 1;
        if samples.wanted(self.seq) {
            self.sent_at[self.seq as usize % SLOTS] = Instant::now();
        }
        let package = quest::send_chat(self.seq, self.mid);
        self.socket.write(Message::binary(package)).expect("the peer reads");
    }
}

impl Stream {
    fn next_pass(&mut self, may_wait: bool) {
        let (Stream::Plain(socket) | Stream::Tls(_, socket)) = self;
        (socket.may_wait, socket.drained, socket.upgrading) = (may_wait, false, false);
    }
}

impl OncePerPass {
    fn new(socket: TcpStream) -> OncePerPass {
        OncePerPass { socket, may_wait: true, drained: false, upgrading: true }
    }
}

impl Read for OncePerPass {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.drained {
            return Err(ErrorKind::WouldBlock.into());
        }
        let flags = if self.may_wait { RecvFlags::empty() } else { RecvFlags::DONTWAIT };
        self.may_wait = self.upgrading;
        let size = bytes.len();
        let (n, _) = recv(&self.socket, bytes, flags)?;
        // What comes after a short read is the next pass's.
        self.drained = n < size && !self.upgrading;
        Ok(n)
    }
}

impl Read for Stream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.read(bytes),
            Stream::Tls(tls, socket) => loop {
                match tls.reader().read(bytes) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    result => return result,
                }
                tls.read_tls(socket)?;
                tls.process_new_packets().map_err(io::Error::other)?;
            },
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.socket.write(bytes),
            Stream::Tls(tls, _) => tls.writer().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(_) => Ok(()),
            Stream::Tls(tls, socket) => {
                while tls.wants_write() {
                    tls.write_tls(&mut socket.socket)?;
                }
                Ok(())
            }
        }
    }
}
