//! The loop: one thread, one readiness wait, all connections.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use foldhash::{HashMap, HashMapExt};
use log::Level;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use super::Shared;
use super::peers::{ConnId, Door};
use super::service::Service;
use super::socket::{Pass, Socket};
use super::tell;
use super::transport::{Security, Transport};

/// Something a [`Gate`](super::Gate) wants done in the loop.
pub(super) type Command = Box<dyn FnOnce(&mut Service) + Send>;

pub(super) const WAKER: Token = Token(0);
/// Tokens below are those of listeners, counted from 1.
const FIRST_CONNECTION: ConnId = 16;
/// How long the other end has to close after the gate has.
const LINGER: Duration = Duration::from_secs(5);

/// Where connections come in, and what they are then.
pub(super) struct Listener {
    pub(super) tcp: TcpListener,
    pub(super) door: Door,
    pub(super) security: Security,
}

pub(super) struct Server {
    poll: Poll,
    listeners: Vec<Listener>,
    sockets: HashMap<ConnId, Socket>,
    service: Service,
    next_id: ConnId,
    /// Out of descriptors: to accept again when a connection ends.
    starved: bool,
    /// Connections that may have more to read, though no event will say so again.
    backlog: Vec<ConnId>,
    /// When to look after which connection; each has one entry.
    checks: BinaryHeap<Reverse<(Instant, ConnId)>>,
    commands: Receiver<Command>,
    shared: Arc<Shared>,
}

impl Server {
    pub(super) fn new(
        poll: Poll,
        mut listeners: Vec<Listener>,
        service: Service,
        commands: Receiver<Command>,
        shared: Arc<Shared>,
    ) -> io::Result<Server> {
        for (index, listener) in listeners.iter_mut().enumerate() {
            poll.registry().register(&mut listener.tcp, Token(index + 1), Interest::READABLE)?;
        }
        Ok(Server {
            poll,
            listeners,
            sockets: HashMap::new(),
            service,
            next_id: FIRST_CONNECTION,
            starved: false,
            backlog: Vec::new(),
            checks: BinaryHeap::new(),
            commands,
            shared,
        })
    }

    /// Runs until the gate is dropped.
    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(1024);
        let mut ready = Vec::new();
        let mut later = None;
        while !self.shared.is_stopping() {
            let timeout = if self.backlog.is_empty() {
                let due = self.checks.peek().map(|Reverse((due, _))| *due);
                due.into_iter()
                    .chain(later)
                    .min()
                    .map(|due| due.saturating_duration_since(Instant::now()))
            } else {
                Some(Duration::ZERO)
            };
            if let Err(error) = self.poll.poll(&mut events, timeout) {
                if error.kind() == ErrorKind::Interrupted {
                    continue;
                }
                tell(Level::Error, format_args!("the gate stops: {error}"));
                break;
            }
            let now = Instant::now();
            self.service.tick();
            ready.append(&mut self.backlog);
            for event in &events {
                match event.token() {
                    WAKER => {}
                    Token(1..FIRST_CONNECTION) => self.accept(now),
                    Token(id) => {
                        if let Some(socket) = self.sockets.get_mut(&id) {
                            // What a TLS layer wants to write is known to itself alone.
                            self.service.peers.mark(id);
                            if event.is_readable() {
                                socket.readable(event.is_read_closed());
                                if event.is_read_closed() && self.service.is_deaf(id) {
                                    self.close(id, now);
                                    continue;
                                }
                                ready.push(id);
                            }
                        }
                    }
                }
            }
            // One pass each, whether it has waited or was announced, or both.
            ready.sort_unstable();
            ready.dedup();
            for id in ready.drain(..) {
                self.read(id, now);
            }
            while let Ok(command) = self.commands.try_recv() {
                command(&mut self.service);
            }
            self.check(now);
            later = self.service.do_later(now);
            while let Some(id) = self.service.peers.next_dirty() {
                self.write(id, now);
            }
            if std::mem::take(&mut self.service.changed) {
                self.shared.changed();
            }
        }
    }

    fn accept(&mut self, now: Instant) {
        for index in 0..self.listeners.len() {
            while let Some((tcp, address)) = self.next_accepted(index) {
                if let Err(error) = self.welcome(index, tcp, address, now) {
                    tell(Level::Warn, format_args!("a connection could not be set up: {error}"));
                }
            }
        }
    }

    fn next_accepted(&mut self, index: usize) -> Option<(TcpStream, SocketAddr)> {
        let listener = self.listeners.get(index)?;
        loop {
            match listener.tcp.accept() {
                Ok(accepted) => return Some(accepted),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return None,
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                    _ => {
                        tell(
                            Level::Warn,
                            format_args!("a connection could not be accepted: {error}"),
                        );
                        self.starved = true;
                        return None;
                    }
                },
            }
        }
    }

    fn welcome(
        &mut self,
        index: usize,
        mut tcp: TcpStream,
        address: SocketAddr,
        now: Instant,
    ) -> io::Result<()> {
        let Some(listener) = self.listeners.get(index) else {
            return Ok(());
        };
        let id = self.next_id;
        self.next_id += 1;
        tcp.set_nodelay(true)?;
        let local = tcp.local_addr()?.ip();
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut tcp, Token(id), interest)?;
        let transport = Transport::new(tcp, &listener.security)?;
        let config = &self.service.config;
        self.sockets.insert(id, Socket::new(transport, now, config.limits.package_bytes));
        self.checks.push(Reverse((now + config.ping_interval.min(config.idle_limit), id)));
        self.service.peers.add(id, listener.door, address, local, now);
        Ok(())
    }

    fn read(&mut self, id: ConnId, now: Instant) {
        let Some(socket) = self.sockets.get_mut(&id) else {
            return;
        };
        match socket.read_pass(now, id, &mut self.service) {
            Pass::Drained => {}
            Pass::Unfinished if self.service.is_full(id) => socket.paused = true,
            Pass::Unfinished => self.backlog.push(id),
            Pass::Ending => self.service.peers.end(id),
            Pass::Broken => {
                self.write(id, now);
                self.close(id, now);
            }
        }
    }

    /// Writes what waits for the connection, as far as it takes it.
    fn write(&mut self, id: ConnId, now: Instant) {
        let (Some(socket), Some(peer)) =
            (self.sockets.get_mut(&id), self.service.peers.get_mut(id))
        else {
            return;
        };
        if peer.reset {
            socket.reset();
            return self.close(id, now);
        }
        loop {
            socket.pong(peer);
            if peer.pending() == 0 {
                break;
            }
            match socket.transport().write(peer.unwritten()) {
                Ok(0) => return self.close(id, now),
                Ok(len) => peer.wrote(len),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if peer.pending() > self.service.config.write_limit {
                        tell(Level::Debug, format_args!("connection dropped: it does not read"));
                        self.close(id, now);
                    }
                    return;
                }
                Err(error) => {
                    tell(Level::Debug, format_args!("connection dropped: {error}"));
                    return self.close(id, now);
                }
            }
        }
        match socket.transport().flush() {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) => {
                tell(Level::Debug, format_args!("connection dropped: {error}"));
                return self.close(id, now);
            }
        }
        if peer.ending && socket.lingers_until.is_none() {
            let until = now + LINGER;
            socket.shut_down(until);
            self.checks.push(Reverse((until, id)));
        } else if std::mem::take(&mut socket.paused) {
            self.backlog.push(id);
        }
    }

    fn close(&mut self, id: ConnId, now: Instant) {
        if self.sockets.remove(&id).is_some() {
            self.service.closed(id);
            if std::mem::take(&mut self.starved) {
                self.accept(now);
            }
        }
    }

    /// Looks after the connections that are due: pings, silence, those that do not go.
    fn check(&mut self, now: Instant) {
        while let Some(&Reverse((due, id))) = self.checks.peek() {
            if due > now {
                return;
            }
            self.checks.pop();
            let Some(socket) = self.sockets.get_mut(&id) else {
                continue;
            };
            socket.shrink();
            let last_read = socket.last_read;
            let silent_until = socket.last_read + self.service.config.idle_limit;
            let silent = now >= silent_until && !self.service.is_deaf(id);
            let lingered = socket.lingers_until.is_some_and(|until| now >= until);
            if lingered || silent || !self.service.check(id, now, last_read) {
                self.close(id, now);
            } else if let Some(due) = self.service.check_due(id) {
                let silent_until = (silent_until > now).then_some(silent_until);
                let due = silent_until.map_or(due, |until| due.min(until));
                self.checks.push(Reverse((due, id)));
            }
        }
    }
}
