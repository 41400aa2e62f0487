//! Opening a connection: name lookup, TCP, proxy, TLS, upgrade. Nothing here blocks; each step goes on when the socket
//! is ready.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crossbeam_channel::TryRecvError;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token, Waker};
use socket2::{SockRef, TcpKeepalive};
use tungstenite::client::IntoClientRequest;
use tungstenite::error::ProtocolError;
use tungstenite::handshake::client::ClientHandshake;
use tungstenite::handshake::{HandshakeError, MidHandshake};

use super::connection::Connection;
use super::proxy::{self, Proxy, Tunnel};
use super::resolve::{Addresses, resolve};
use super::stream::{Socket, Stream, Transport};
use super::tls::{self, Connector, TlsSocket};
use super::upgrade::Upgrading;
use crate::error::Error;
use crate::error_code::fpnn;
use crate::options::ClientOptions;
use crate::time::{NEVER, Time};
use crate::wire::gate_url;

/// After so long without a byte the kernel asks the peer whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// A connection being opened: one gate after another, and of each one address after another, each with its share of
/// the time.
pub(super) struct Dialing {
    waker: Arc<Waker>,
    /// The gates still to be tried.
    routes: VecDeque<Result<Route, Error>>,
    /// The addresses still to be tried of the gate at hand.
    addresses: VecDeque<(SocketAddr, Arc<Route>)>,
    /// What is being tried.
    current: String,
    phase: Phase,
    /// Whether the peer of the socket has shut down its side.
    hung_up: bool,
    /// When everything is over.
    ends_at: Time,
    /// When the next address is tried.
    give_up_at: Time,
}

/// A gate and the way to it.
struct Route {
    url: String,
    host: String,
    port: u16,
    tls: Option<Connector>,
    proxy: Option<Proxy>,
}

enum Phase {
    /// Nothing is under way: try the next address.
    Next,
    Resolving(Addresses, Arc<Route>),
    Tcp(TcpStream, Arc<Route>),
    Proxy(TcpStream, Tunnel, Arc<Route>),
    Tls(Box<TlsSocket>, Arc<Route>),
    Upgrade(MidHandshake<ClientHandshake<Upgrading>>),
}

pub(super) enum Progress {
    Waiting,
    Open(Box<Connection>),
    Failed(Error),
}

enum Step {
    Again,
    Wait,
    Open(Upgrading),
}

type Upgraded = Result<
    (tungstenite::WebSocket<Upgrading>, tungstenite::handshake::client::Response),
    HandshakeError<ClientHandshake<Upgrading>>,
>;

impl Route {
    fn new(
        options: &ClientOptions,
        tls: &OnceLock<Connector>,
        scheme: &str,
        address: &str,
    ) -> Result<Route, Error> {
        let (host, port) = split_address(address)?;
        Ok(Route {
            url: gate_url(scheme, address),
            host: host.to_owned(),
            port,
            tls: if scheme == "wss" { Some(tls::connector(tls, &options.tls)?) } else { None },
            proxy: proxy::choose(&options.proxy, host, port, |name| std::env::var(name).ok())?,
        })
    }

    /// The host and port that TCP connects to.
    fn first_stop(&self) -> (&str, u16) {
        match &self.proxy {
            Some(proxy) => (&proxy.host, proxy.port),
            None => (&self.host, self.port),
        }
    }
}

impl Dialing {
    /// Starts with the first of the gates, each a scheme and an address.
    pub(super) fn start(
        options: &ClientOptions,
        tls: &OnceLock<Connector>,
        gates: &[(&str, String)],
        deadline: Time,
        waker: &Arc<Waker>,
    ) -> Dialing {
        let route = |(scheme, address): &(&str, String)| Route::new(options, tls, scheme, address);
        Dialing {
            waker: waker.clone(),
            routes: gates.iter().map(route).collect(),
            addresses: VecDeque::new(),
            current: String::new(),
            phase: Phase::Next,
            hung_up: false,
            ends_at: deadline,
            give_up_at: NEVER,
        }
    }

    /// When [`Dialing::advance`] is to be called even if nothing is ready.
    pub(super) fn give_up_at(&self) -> Time {
        self.give_up_at
    }

    /// The kernel announced something about the socket of that connection.
    pub(super) fn ready(&mut self, hung_up: bool) {
        self.hung_up |= hung_up;
        match &mut self.phase {
            Phase::Tls(tls, _) => tls.socket().readable(hung_up),
            Phase::Upgrade(handshake) => handshake.get_mut().get_mut().stream.readable(hung_up),
            _ => {}
        }
    }

    /// Goes as far as it can without blocking. `token` is the one the socket is registered under.
    pub(super) fn advance(
        &mut self,
        now: Time,
        options: &ClientOptions,
        registry: &Registry,
        token: Token,
    ) -> Progress {
        let mut error = None;
        if now >= self.give_up_at {
            error = Some(failed(format!("{} {}", self.current, self.phase.unfinished())));
            self.phase = Phase::Next;
        }
        loop {
            let step = match std::mem::replace(&mut self.phase, Phase::Next) {
                Phase::Next => match self.addresses.pop_front() {
                    Some((address, route)) => self.connect(now, address, route, registry, token),
                    None => match self.routes.pop_front() {
                        Some(route) => route.and_then(|route| self.set_out(now, route)),
                        None => {
                            let error = error.unwrap_or_else(|| failed("the host has no address"));
                            return Progress::Failed(error);
                        }
                    },
                },
                Phase::Resolving(answer, route) => self.resolved(answer, route),
                Phase::Tcp(socket, route) => self.connected(socket, route),
                Phase::Proxy(socket, tunnel, route) => self.tunnelled(socket, tunnel, route),
                Phase::Tls(tls, route) => self.secured(tls, route),
                Phase::Upgrade(handshake) => self.upgraded(handshake.handshake()),
            };
            match step {
                Ok(Step::Again) => {}
                Ok(Step::Wait) => return Progress::Waiting,
                Ok(Step::Open(upgraded)) => {
                    let (stream, behind) = upgraded.into_parts();
                    return Progress::Open(Box::new(Connection::new(stream, &behind, options)));
                }
                Err(failure) => {
                    log::debug!(target: "rtm_client::connect", "{failure}");
                    error = Some(failure);
                }
            }
        }
    }

    /// Gives what starts now its share of the time: the same for it and for each address and gate known to follow.
    fn share_time(&mut self, now: Time) {
        let left = self.ends_at.saturating_sub(now);
        self.give_up_at = match (self.addresses.len() + self.routes.len()) as Time {
            // The session's own deadline ends the last one.
            0 => NEVER,
            others => now.saturating_add(left / (others + 1)),
        };
    }

    fn set_out(&mut self, now: Time, route: Route) -> Result<Step, Error> {
        let (host, port) = route.first_stop();
        self.current = host.to_owned();
        if let Ok(ip) = host.parse::<IpAddr>() {
            self.addresses.push_back((SocketAddr::new(ip, port), Arc::new(route)));
            return Ok(Step::Again);
        }
        let answer = resolve(host.to_owned(), port, &self.waker).map_err(|error| {
            let text = "the thread for the name lookup could not be started";
            Error::with_source(fpnn::CORE_INVALID_CONNECTION, text, error)
        })?;
        self.share_time(now);
        self.phase = Phase::Resolving(answer, Arc::new(route));
        Ok(Step::Wait)
    }

    fn resolved(&mut self, answer: Addresses, route: Arc<Route>) -> Result<Step, Error> {
        match answer.try_recv() {
            Ok(Ok(addresses)) => {
                self.addresses
                    .extend(addresses.into_iter().map(|address| (address, route.clone())));
                Ok(Step::Again)
            }
            Ok(Err(error)) => Err(Error::with_source(
                fpnn::CORE_INVALID_CONNECTION,
                format!("the name of {} cannot be looked up", self.current),
                error,
            )),
            Err(TryRecvError::Empty) => {
                self.phase = Phase::Resolving(answer, route);
                Ok(Step::Wait)
            }
            Err(TryRecvError::Disconnected) => Err(failed("the name lookup ended")),
        }
    }

    fn connect(
        &mut self,
        now: Time,
        address: SocketAddr,
        route: Arc<Route>,
        registry: &Registry,
        token: Token,
    ) -> Result<Step, Error> {
        self.share_time(now);
        self.current = match route.proxy {
            Some(_) => format!("the proxy {address}"),
            None => address.to_string(),
        };
        self.hung_up = false;
        let socket = TcpStream::connect(address).and_then(|mut socket| {
            registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
            Ok(socket)
        });
        self.phase = Phase::Tcp(socket.map_err(|error| self.unreachable(error))?, route);
        Ok(Step::Wait)
    }

    fn connected(&mut self, socket: TcpStream, route: Arc<Route>) -> Result<Step, Error> {
        if let Some(error) = socket.take_error().map_err(|error| self.unreachable(error))? {
            return Err(self.unreachable(error));
        }
        if let Err(error) = socket.peer_addr() {
            if error.kind() == io::ErrorKind::NotConnected {
                self.phase = Phase::Tcp(socket, route);
                return Ok(Step::Wait);
            }
            return Err(self.unreachable(error));
        }
        let keep_alive = TcpKeepalive::new().with_time(KEEP_ALIVE);
        socket
            .set_nodelay(true)
            .and_then(|()| SockRef::from(&socket).set_tcp_keepalive(&keep_alive))
            .map_err(|error| self.unreachable(error))?;
        match &route.proxy {
            Some(proxy) => {
                let tunnel = Tunnel::new(proxy, &route.host, route.port);
                self.tunnelled(socket, tunnel, route)
            }
            None => self.reached(socket, route),
        }
    }

    fn tunnelled(
        &mut self,
        mut socket: TcpStream,
        mut tunnel: Tunnel,
        route: Arc<Route>,
    ) -> Result<Step, Error> {
        let mut buf = [0; 1024];
        loop {
            let result = match tunnel.out.is_empty() {
                false => socket.write(&tunnel.out).map(|n| drop(tunnel.out.drain(..n))),
                true => match socket.read(&mut buf) {
                    Ok(0) => return Err(failed(format!("{} closed the connection", self.current))),
                    Ok(n) => match tunnel.received(buf.get(..n).unwrap_or_default()) {
                        Ok(true) => {
                            self.current = format!("{} by {}", route.host, self.current);
                            return self.reached(socket, route);
                        }
                        Ok(false) => Ok(()),
                        Err(what) => return Err(failed(format!("{} {what}", self.current))),
                    },
                    Err(error) => Err(error),
                },
            };
            match result {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.phase = Phase::Proxy(socket, tunnel, route);
                    return Ok(Step::Wait);
                }
                Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                    return Err(self.unreachable(error));
                }
                _ => {}
            }
        }
    }

    /// The gate is at the other end of the socket.
    fn reached(&mut self, socket: TcpStream, route: Arc<Route>) -> Result<Step, Error> {
        let socket = Socket::new(socket, self.hung_up);
        match &route.tls {
            Some(tls) => {
                let tls = tls.start(socket, &route.host)?;
                self.secured(Box::new(tls), route)
            }
            None => self.upgrade(Transport::Plain(socket), &route),
        }
    }

    fn secured(&mut self, mut tls: Box<TlsSocket>, route: Arc<Route>) -> Result<Step, Error> {
        match tls.handshake() {
            Ok(true) => self.upgrade(Transport::Tls(tls), &route),
            Ok(false) => {
                self.phase = Phase::Tls(tls, route);
                Ok(Step::Wait)
            }
            Err(error) => {
                let text = match tls::explain(&error) {
                    Some(why) => format!("no TLS with {}: {why}", self.current),
                    None => format!("{} broke the TLS handshake off", self.current),
                };
                Err(Error::with_source(fpnn::CORE_INVALID_CONNECTION, text, error))
            }
        }
    }

    fn upgrade(&mut self, transport: Transport, route: &Route) -> Result<Step, Error> {
        let request = route.url.as_str().into_client_request().map_err(|error| {
            let text = format!("{} is no valid address", route.url);
            Error::with_source(fpnn::CORE_INVALID_CONNECTION, text, error)
        })?;
        let stream = Upgrading::new(Stream::new(transport));
        let handshake = ClientHandshake::start(stream, request, None)
            .map_err(|error| self.no_websocket(error))?;
        self.upgraded(handshake.handshake())
    }

    fn upgraded(&mut self, result: Upgraded) -> Result<Step, Error> {
        match result {
            Ok((socket, _)) => Ok(Step::Open(socket.into_inner())),
            Err(HandshakeError::Interrupted(mut handshake)) => {
                let written = handshake.get_mut().get_mut().stream.write_out();
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
            tungstenite::Error::Io(error) => match tls::explain(error) {
                Some(why) => format!("no TLS with {}: {why}", self.current),
                None => format!("{} closed the connection during the upgrade", self.current),
            },
            tungstenite::Error::Protocol(ProtocolError::HandshakeIncomplete) => {
                format!("{} closed the connection during the upgrade", self.current)
            }
            _ => format!("{} does not speak WebSocket", self.current),
        };
        Error::with_source(fpnn::CORE_INVALID_CONNECTION, text, error)
    }
}

impl Phase {
    /// What the peer has not done while the phase goes on.
    fn unfinished(&self) -> &'static str {
        match self {
            Phase::Resolving(..) => "was not found in time",
            Phase::Next | Phase::Tcp(..) | Phase::Proxy(..) => "did not answer",
            Phase::Tls(..) => "did not finish the TLS handshake",
            Phase::Upgrade(_) => "did not answer the WebSocket upgrade",
        }
    }
}

fn failed(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(fpnn::CORE_INVALID_CONNECTION, text)
}

/// The host, without the brackets of an IPv6 address, and the port.
fn split_address(address: &str) -> Result<(&str, u16), Error> {
    let parts = address.rsplit_once(':').and_then(|(host, port)| {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let is_name =
            |host: &str| !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_graphic());
        Some((bare, port.parse().ok()?)).filter(|(host, _)| is_name(host))
    });
    parts.ok_or_else(|| failed(format!("the endpoint {address:?} is not host:port")))
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

    #[test]
    fn an_address_that_refuses_is_followed_by_the_next() {
        let refusing = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let listening = listener.local_addr().unwrap();
        let mut poll = mio::Poll::new().unwrap();
        let waker = Arc::new(Waker::new(poll.registry(), Token(0)).unwrap());
        let options = ClientOptions::new(1).no_proxy();
        let tls = OnceLock::new();
        let mut dialing = Dialing::start(&options, &tls, &[], NEVER, &waker);
        let route = Arc::new(Route::new(&options, &tls, "ws", "gate.invalid:1").unwrap());
        dialing.addresses = [refusing, listening].map(|address| (address, route.clone())).into();

        let server = std::thread::spawn(move || {
            tungstenite::accept(listener.accept().unwrap().0).unwrap();
        });
        let mut events = mio::Events::with_capacity(4);
        loop {
            match dialing.advance(0, &options, poll.registry(), Token(1)) {
                Progress::Open(_) => break,
                Progress::Failed(error) => panic!("{error}"),
                Progress::Waiting => {}
            }
            poll.poll(&mut events, Some(Duration::from_secs(10))).unwrap();
            assert!(!events.is_empty(), "nothing happens");
            events.iter().for_each(|event| dialing.ready(event.is_read_closed()));
        }
        server.join().unwrap();
    }
}
