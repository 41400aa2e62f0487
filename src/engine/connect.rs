//! Opening a connection: name lookup, TCP, upgrade. Nothing here blocks; each step goes on when the socket is ready.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use mio::net::TcpStream;
use mio::{Interest, Registry, Token, Waker};
use tungstenite::client::IntoClientRequest;
use tungstenite::error::ProtocolError;
use tungstenite::handshake::client::ClientHandshake;
use tungstenite::handshake::{HandshakeError, MidHandshake};
use tungstenite::protocol::{WebSocket, WebSocketConfig};

use super::pending::{NEVER, Time};
use super::stream::Stream;
use crate::error::Error;
use crate::error_code::fpnn;
use crate::options::{ClientOptions, gate_url};

/// tungstenite zero-fills what is spare of its read buffer at every read, so it is kept small.
const READ_BUFFER: usize = 16 << 10;

/// A connection being opened: one address of the host after the other, each with its share of the time.
pub(super) struct Dialing {
    url: String,
    config: WebSocketConfig,
    addresses: VecDeque<SocketAddr>,
    /// The address being tried.
    current: String,
    phase: Phase,
    deadline: Time,
    /// When the next address is tried.
    give_up_at: Time,
}

enum Phase {
    Resolving(Receiver<io::Result<Vec<SocketAddr>>>),
    /// Nothing is under way: try the next address.
    Next,
    Tcp(TcpStream),
    Upgrade(MidHandshake<ClientHandshake<Stream>>),
}

pub(super) enum Progress {
    Waiting,
    Open(Box<WebSocket<Stream>>),
    Failed(Error),
}

impl Dialing {
    pub(super) fn start(
        options: &ClientOptions,
        (scheme, address): (&str, String),
        deadline: Time,
        waker: &Arc<Waker>,
    ) -> Result<Dialing, Error> {
        if scheme == "wss" {
            return Err(failed("ssl_endpoint needs TLS, which this version does not have"));
        }
        let (host, port) = split_address(&address)?;
        let mut addresses = VecDeque::new();
        let phase = match host.parse::<IpAddr>() {
            Ok(ip) => {
                addresses.push_back(SocketAddr::new(ip, port));
                Phase::Next
            }
            Err(_) => Phase::Resolving(resolve(host.to_owned(), port, waker)?),
        };
        Ok(Dialing {
            url: gate_url(scheme, &address),
            config: WebSocketConfig::default()
                .read_buffer_size(READ_BUFFER)
                .write_buffer_size(0)
                .max_message_size(Some(options.max_received_bytes))
                .max_frame_size(Some(options.max_received_bytes)),
            addresses,
            current: address,
            phase,
            deadline,
            give_up_at: NEVER,
        })
    }

    /// When [`Dialing::advance`] is to be called even if nothing is ready.
    pub(super) fn deadline(&self) -> Time {
        self.give_up_at
    }

    /// The kernel announced something about the socket of that connection.
    pub(super) fn ready(&mut self, hung_up: bool) {
        if let Phase::Upgrade(handshake) = &mut self.phase {
            handshake.get_mut().get_mut().readable(hung_up);
        }
    }

    /// Goes as far as it can without blocking. `token` is the one the socket is registered under.
    pub(super) fn advance(&mut self, now: Time, registry: &Registry, token: Token) -> Progress {
        let mut error = None;
        if now >= self.give_up_at {
            error = Some(failed(format!("{} did not answer", self.current)));
            self.phase = Phase::Next;
        }
        loop {
            let step = match std::mem::replace(&mut self.phase, Phase::Next) {
                Phase::Resolving(answer) => self.resolved(answer),
                Phase::Next => match self.addresses.pop_front() {
                    Some(address) => self.connect(now, address, registry, token),
                    None => {
                        return Progress::Failed(
                            error.unwrap_or_else(|| failed("the host has no address")),
                        );
                    }
                },
                Phase::Tcp(socket) => self.connected(socket),
                Phase::Upgrade(handshake) => self.upgraded(handshake.handshake()),
            };
            match step {
                Ok(Step::Again) => {}
                Ok(Step::Wait) => return Progress::Waiting,
                Ok(Step::Open(socket)) => return Progress::Open(socket),
                Err(failure) => {
                    log::debug!(target: "rtm_client::connect", "{failure}");
                    error = Some(failure);
                }
            }
        }
    }

    fn resolved(&mut self, answer: Receiver<io::Result<Vec<SocketAddr>>>) -> Result<Step, Error> {
        match answer.try_recv() {
            Ok(Ok(addresses)) => {
                self.addresses.extend(addresses);
                Ok(Step::Again)
            }
            Ok(Err(error)) => Err(Error::with_source(
                fpnn::CORE_INVALID_CONNECTION,
                format!("the name of {} cannot be looked up", self.current),
                error,
            )),
            Err(TryRecvError::Empty) => {
                self.phase = Phase::Resolving(answer);
                Ok(Step::Wait)
            }
            Err(TryRecvError::Disconnected) => Err(failed("the name lookup ended")),
        }
    }

    fn connect(
        &mut self,
        now: Time,
        address: SocketAddr,
        registry: &Registry,
        token: Token,
    ) -> Result<Step, Error> {
        self.current = address.to_string();
        let left = self.deadline.saturating_sub(now);
        self.give_up_at = match self.addresses.len() as Time {
            // The session's own deadline ends the last one.
            0 => NEVER,
            others => now.saturating_add(left / (others + 1)),
        };
        let socket = TcpStream::connect(address).and_then(|mut socket| {
            registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
            Ok(socket)
        });
        self.phase = Phase::Tcp(socket.map_err(|error| self.unreachable(error))?);
        Ok(Step::Wait)
    }

    fn connected(&mut self, socket: TcpStream) -> Result<Step, Error> {
        if let Some(error) = socket.take_error().map_err(|error| self.unreachable(error))? {
            return Err(self.unreachable(error));
        }
        if let Err(error) = socket.peer_addr() {
            if error.kind() == io::ErrorKind::NotConnected {
                self.phase = Phase::Tcp(socket);
                return Ok(Step::Wait);
            }
            return Err(self.unreachable(error));
        }
        socket.set_nodelay(true).map_err(|error| self.unreachable(error))?;
        let request = self.url.as_str().into_client_request().map_err(|error| {
            Error::with_source(
                fpnn::CORE_INVALID_CONNECTION,
                format!("{} is no valid address", self.url),
                error,
            )
        })?;
        let handshake = ClientHandshake::start(Stream::new(socket), request, Some(self.config))
            .map_err(|error| self.no_websocket(error))?;
        self.upgraded(handshake.handshake())
    }

    fn upgraded(&mut self, result: Upgraded) -> Result<Step, Error> {
        match result {
            Ok((socket, _)) => Ok(Step::Open(Box::new(socket))),
            Err(HandshakeError::Interrupted(mut handshake)) => {
                let written = handshake.get_mut().get_mut().write_out();
                written.map_err(|error| self.unreachable(error))?;
                self.phase = Phase::Upgrade(handshake);
                Ok(Step::Wait)
            }
            Err(HandshakeError::Failure(error)) => Err(self.no_websocket(error)),
        }
    }

    fn unreachable(&self, error: io::Error) -> Error {
        let what = match error.kind() {
            io::ErrorKind::ConnectionRefused => "refused the connection",
            io::ErrorKind::TimedOut => "did not answer",
            _ => "cannot be reached",
        };
        Error::with_source(fpnn::CORE_INVALID_CONNECTION, format!("{} {what}", self.current), error)
    }

    fn no_websocket(&self, error: tungstenite::Error) -> Error {
        let text = match &error {
            tungstenite::Error::Http(response) => {
                format!(
                    "{} answered the WebSocket upgrade with HTTP {}",
                    self.current,
                    response.status()
                )
            }
            tungstenite::Error::Io(_)
            | tungstenite::Error::Protocol(ProtocolError::HandshakeIncomplete) => {
                format!("{} closed the connection during the upgrade", self.current)
            }
            _ => format!("{} does not speak WebSocket", self.current),
        };
        Error::with_source(fpnn::CORE_INVALID_CONNECTION, text, error)
    }
}

enum Step {
    Again,
    Wait,
    Open(Box<WebSocket<Stream>>),
}

type Upgraded = Result<
    (WebSocket<Stream>, tungstenite::handshake::client::Response),
    HandshakeError<ClientHandshake<Stream>>,
>;

fn failed(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(fpnn::CORE_INVALID_CONNECTION, text)
}

/// The host, without the brackets of an IPv6 address, and the port.
fn split_address(address: &str) -> Result<(&str, u16), Error> {
    let parts = address.rsplit_once(':').and_then(|(host, port)| {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        Some((bare, port.parse().ok()?)).filter(|_| !bare.is_empty())
    });
    parts.ok_or_else(|| failed(format!("the endpoint {address:?} is not host:port")))
}

/// Looks the name up on a thread that holds nothing of the client; a result that comes too late is dropped.
fn resolve(
    host: String,
    port: u16,
    waker: &Arc<Waker>,
) -> Result<Receiver<io::Result<Vec<SocketAddr>>>, Error> {
    let (answer, answered) = bounded(1);
    let waker = waker.clone();
    let thread = std::thread::Builder::new().name("rtm-resolve".into());
    let spawned = thread.spawn(move || {
        let addresses = (host.as_str(), port).to_socket_addrs().map(Iterator::collect);
        if answer.send(addresses).is_ok() {
            super::wake(&waker);
        }
    });
    match spawned {
        Ok(_) => Ok(answered),
        Err(error) => Err(Error::with_source(
            fpnn::CORE_INVALID_CONNECTION,
            "the thread for the name lookup could not be started",
            error,
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_host_and_port() {
        assert_eq!(split_address("a.example:1").unwrap(), ("a.example", 1));
        assert_eq!(split_address("[::1]:13321").unwrap(), ("::1", 13321));
        for wrong in ["", "a.example", "a.example:", "a.example:65536", ":1", "a.example:http"] {
            let error = split_address(wrong).unwrap_err();
            assert_eq!(error.code(), fpnn::CORE_INVALID_CONNECTION);
            assert!(error.message().contains("host:port"), "{error}");
        }
    }
}
