//! One attempt to reach a gate, over its own socket: TCP, proxy, TLS, upgrade. Each step goes on when the socket is
//! ready.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use socket2::{SockRef, TcpKeepalive};
use tungstenite::http::Uri;

use super::upgrade::Upgrading;
use crate::dial::address;
use crate::dial::failures::Failure;
use crate::dial::proxy::{self, Proxy};
use crate::dial::race::Candidate;
use crate::dial::tunnel::Tunnel;
use crate::dial::words::{Reach, Tls, Tunnelling};
use crate::engine::stream::{Socket, Stream, Transport};
use crate::engine::tls::{self, Connector, TlsSocket};
use crate::error::Error;
use crate::options::ClientOptions;
use crate::time::Time;
use crate::wire::gate_url;

/// After so long without a byte the kernel asks the peer whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// A gate and the way to it.
pub(super) struct Route {
    url: String,
    host: String,
    port: u16,
    tls: Option<Connector>,
    proxy: Option<Proxy>,
}

impl Route {
    pub(super) fn new(
        options: &ClientOptions,
        tls: &OnceLock<Connector>,
        scheme: &str,
        endpoint: &str,
    ) -> Result<Route, Error> {
        let failed = |text| Failure::new(text).error;
        let (host, port) = address::split(endpoint)
            .map_err(|why| failed(super::advised(&why, endpoint, options).of(endpoint)))?;
        let url = gate_url(scheme, endpoint);
        if url.parse::<Uri>().is_err() {
            return Err(failed(Reach::NoEndpoint.of(endpoint)));
        }
        let env = |name: &str| std::env::var(name).ok();
        Ok(Route {
            url,
            host: host.to_owned(),
            port,
            tls: if scheme == "wss" { Some(tls::connector(tls, &options.tls)?) } else { None },
            proxy: proxy::choose(&options.proxy, host, port, env)
                .map_err(|(which, why)| failed(why.of(which)))?,
        })
    }

    /// The address that TCP connects to, where no name is to be looked up.
    pub(super) fn literal(&self) -> Option<SocketAddr> {
        let (host, port) = self.first_stop();
        Some(SocketAddr::new(host.parse().ok()?, port))
    }

    /// The host and port that TCP connects to.
    pub(super) fn first_stop(&self) -> (&str, u16) {
        match &self.proxy {
            Some(proxy) => (&proxy.host, proxy.port),
            None => (&self.host, self.port),
        }
    }

    /// The name that is looked up, as the sentences about it have it.
    pub(super) fn name(&self) -> String {
        let of_proxy = if self.proxy.is_some() { "of the proxy " } else { "" };
        format!("{of_proxy}{}", self.first_stop().0)
    }

    /// Who is at that address.
    fn stop(&self, address: SocketAddr) -> String {
        let (host, port) = self.first_stop();
        let kind = if self.proxy.is_some() { "the proxy " } else { "" };
        match self.literal() {
            Some(_) => format!("{kind}{address}"),
            None => format!("{kind}{host}:{port} ({})", address.ip()),
        }
    }

    /// The gate that is reached by that address.
    fn gate(&self, address: SocketAddr) -> String {
        match &self.proxy {
            Some(_) => {
                format!("{} by {}", address::join(&self.host, self.port), self.stop(address))
            }
            None => self.stop(address),
        }
    }
}

pub(super) struct Attempt {
    pub(super) candidate: Candidate,
    route: Arc<Route>,
    /// What its socket is registered under.
    pub(super) token: Token,
    began: Time,
    /// How long it took to connect.
    took: Time,
    phase: Phase,
    /// Whether the kernel has announced something.
    announced: bool,
    /// Whether the peer has shut down its side.
    hung_up: bool,
}

enum Phase {
    Tcp(TcpStream),
    Proxy(TcpStream, Tunnel),
    Tls(Box<TlsSocket>),
    Upgrade(Box<Upgrading>),
    Over,
}

/// What an attempt has come to.
pub(super) enum Step {
    Waiting,
    /// It has come further, and waits again.
    Further,
    /// A WebSocket, and what came behind the answer to its upgrade.
    Open(Stream, Vec<u8>),
}

/// Where a phase leads to.
enum Way {
    /// It waits for the socket.
    Stay(Phase),
    On(Phase),
    Open(Stream, Vec<u8>),
}

impl Attempt {
    pub(super) fn start(
        now: Time,
        candidate: Candidate,
        route: &Arc<Route>,
        registry: &Registry,
        token: Token,
    ) -> Result<Attempt, Failure> {
        let connect = || {
            let mut socket = TcpStream::connect(candidate.address)?;
            registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
            Ok(socket)
        };
        let socket = connect().map_err(|error| unreachable(route, candidate, error))?;
        Ok(Attempt {
            candidate,
            route: route.clone(),
            token,
            began: now,
            took: 0,
            phase: Phase::Tcp(socket),
            announced: false,
            hung_up: false,
        })
    }

    pub(super) fn is_connecting(&self) -> bool {
        matches!(self.phase, Phase::Tcp(_))
    }

    /// How long it took to connect.
    pub(super) fn took(&self) -> Time {
        self.took
    }

    /// The kernel announced something about its socket.
    pub(super) fn ready(&mut self, hung_up: bool) {
        self.announced = true;
        self.hung_up |= hung_up;
        match &mut self.phase {
            Phase::Tls(tls) => tls.socket().readable(hung_up),
            Phase::Upgrade(upgrading) => upgrading.stream.readable(hung_up),
            Phase::Tcp(_) | Phase::Proxy(..) | Phase::Over => {}
        }
    }

    /// Goes as far as it can without blocking.
    pub(super) fn advance(&mut self, now: Time) -> Result<Step, Failure> {
        let mut step = Step::Waiting;
        if !std::mem::take(&mut self.announced) {
            return Ok(step);
        }
        if self.is_connecting() {
            self.took = now.saturating_sub(self.began);
        }
        loop {
            let way = match std::mem::replace(&mut self.phase, Phase::Over) {
                Phase::Tcp(socket) => self.connected(socket)?,
                Phase::Proxy(socket, tunnel) => self.tunnelled(socket, tunnel)?,
                Phase::Tls(tls) => self.secured(tls)?,
                Phase::Upgrade(upgrading) => self.upgraded(upgrading)?,
                Phase::Over => return Ok(step),
            };
            match way {
                Way::Stay(phase) => {
                    self.phase = phase;
                    return Ok(step);
                }
                Way::On(phase) => {
                    self.phase = phase;
                    step = Step::Further;
                }
                Way::Open(stream, behind) => return Ok(Step::Open(stream, behind)),
            }
        }
    }

    fn connected(&mut self, socket: TcpStream) -> Result<Way, Failure> {
        let unreachable = |error| unreachable(&self.route, self.candidate, error);
        if let Some(error) = socket.take_error().map_err(unreachable)? {
            return Err(unreachable(error));
        }
        if let Err(error) = socket.peer_addr() {
            return match error.kind() {
                ErrorKind::NotConnected => Ok(Way::Stay(Phase::Tcp(socket))),
                _ => Err(unreachable(error)),
            };
        }
        let keep_alive = TcpKeepalive::new().with_time(KEEP_ALIVE);
        socket
            .set_nodelay(true)
            .and_then(|()| SockRef::from(&socket).set_tcp_keepalive(&keep_alive))
            .map_err(unreachable)?;
        match &self.route.proxy {
            Some(proxy) => {
                let tunnel = Tunnel::new(proxy, &self.route.host, self.route.port);
                Ok(Way::On(Phase::Proxy(socket, tunnel)))
            }
            None => self.reached(socket),
        }
    }

    fn tunnelled(&mut self, mut socket: TcpStream, mut tunnel: Tunnel) -> Result<Way, Failure> {
        let refused = |why: Tunnelling| Failure::new(why.of(&self.stop()));
        let mut buf = [0; 1024];
        loop {
            let result = match tunnel.out.is_empty() {
                false => socket.write(&tunnel.out).map(|n| drop(tunnel.out.drain(..n))),
                true => match socket.read(&mut buf) {
                    Ok(0) => return Err(refused(Tunnelling::Closed)),
                    Ok(n) => match tunnel.received(buf.get(..n).unwrap_or_default()) {
                        Ok(true) => return self.reached(socket),
                        Ok(false) => Ok(()),
                        Err(why) => return Err(refused(why)),
                    },
                    Err(error) => Err(error),
                },
            };
            match result {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Ok(Way::Stay(Phase::Proxy(socket, tunnel)));
                }
                Err(error) if error.kind() != ErrorKind::Interrupted => {
                    return Err(Failure::caused(Tunnelling::Broke.of(&self.stop()), error));
                }
                _ => {}
            }
        }
    }

    /// The gate is at the other end of the socket.
    fn reached(&self, socket: TcpStream) -> Result<Way, Failure> {
        let socket = Socket::new(socket, self.hung_up);
        match &self.route.tls {
            Some(tls) => {
                let tls = tls.start(socket, &self.route.host);
                Ok(Way::On(Phase::Tls(Box::new(tls.map_err(Failure::from)?))))
            }
            None => self.upgrade(Transport::Plain(socket)),
        }
    }

    fn secured(&self, mut tls: Box<TlsSocket>) -> Result<Way, Failure> {
        match tls.handshake() {
            Ok(true) => self.upgrade(Transport::Tls(tls)),
            Ok(false) => Ok(Way::Stay(Phase::Tls(tls))),
            Err(error) => {
                let why = tls.explain(&error).unwrap_or(Tls::Closed);
                Err(Failure::caused(why.of(&self.gate()), error))
            }
        }
    }

    fn upgrade(&self, transport: Transport) -> Result<Way, Failure> {
        let url = &self.route.url;
        let upgrading = Upgrading::new(Stream::new(transport), url)
            .map_err(|error| Failure::caused(Reach::NoEndpoint.of(url), error))?;
        Ok(Way::On(Phase::Upgrade(Box::new(upgrading))))
    }

    fn upgraded(&self, mut upgrading: Box<Upgrading>) -> Result<Way, Failure> {
        match upgrading.advance(&self.gate())? {
            Some(behind) => Ok(Way::Open(upgrading.stream, behind)),
            None => Ok(Way::Stay(Phase::Upgrade(upgrading))),
        }
    }

    /// What has not happened yet.
    pub(super) fn unfinished(&self) -> String {
        match &self.phase {
            Phase::Tcp(_) | Phase::Over => Reach::NoAnswer.of(&self.stop()),
            Phase::Proxy(..) => Tunnelling::NoAnswer.of(&self.stop()),
            Phase::Tls(_) => Tls::NoAnswer.of(&self.gate()),
            Phase::Upgrade(upgrading) => upgrading.unfinished().of(&self.gate()),
        }
    }

    fn stop(&self) -> String {
        self.route.stop(self.candidate.address)
    }

    pub(super) fn gate(&self) -> String {
        self.route.gate(self.candidate.address)
    }
}

fn unreachable(route: &Route, candidate: Candidate, error: io::Error) -> Failure {
    let why = match error.kind() {
        ErrorKind::ConnectionRefused if route.proxy.is_some() => Reach::RefusedByProxy,
        ErrorKind::ConnectionRefused => Reach::Refused,
        ErrorKind::TimedOut => Reach::NoAnswer,
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable => Reach::NoRoute,
        ErrorKind::PermissionDenied => Reach::NotAllowed,
        _ if no_descriptor(&error) => Reach::NoDescriptor,
        _ => Reach::Failed,
    };
    Failure::caused(why.of(&route.stop(candidate.address)), error)
}

/// EMFILE and ENFILE, which have no kind of their own.
fn no_descriptor(error: &io::Error) -> bool {
    cfg!(unix) && matches!(error.raw_os_error(), Some(23 | 24))
}
