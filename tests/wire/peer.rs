//! The scripted peer: a WebSocket server whose every step a test decides, and a client logged in to it.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rtm_client::{ClientOptions, RtmClient};
use tungstenite::{Error, Message, WebSocket};

use crate::package::{self, Kind, Package};

/// How long anything may take that has to happen.
pub(crate) const DEADLINE: Duration = Duration::from_secs(5);
/// The timeout of our calls: less, so that one without an answer is told from one without a callback.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(3);
pub(crate) const PID: i64 = 11_000_001;
pub(crate) const UID: i64 = 654_321;
pub(crate) const TOKEN: &str = "TOKEN";
/// `{ok: true}`
const LOGGED_IN: &[u8] = &[0x81, 0xa2, b'o', b'k', 0xc3];
/// The number of the ping that shows that all before it was read; the recording has no such number.
const FENCE: u32 = 0xfefe_fefe;

pub(crate) struct Peer {
    address: String,
    connections: Receiver<WebSocket<TcpStream>>,
}

impl Peer {
    pub(crate) fn start() -> std::io::Result<Peer> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let (sender, connections) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let socket = upgrade(stream);
                if socket.is_some_and(|socket| sender.send(socket).is_err()) {
                    break;
                }
            }
        });
        Ok(Peer { address, connections })
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Lets go of connections that nobody waited for, so that the next one is the next client's.
    pub(crate) fn forget(&self) {
        while self.connections.try_recv().is_ok() {}
    }

    /// The next connection a client makes.
    pub(crate) fn accept(&self) -> Result<Connection, String> {
        let socket = self.connections.recv_timeout(DEADLINE);
        socket.map(|socket| Connection { socket }).map_err(|_| "the client did not connect".into())
    }
}

fn upgrade(stream: TcpStream) -> Option<WebSocket<TcpStream>> {
    stream.set_nodelay(true).ok()?;
    stream.set_read_timeout(Some(DEADLINE)).ok()?;
    stream.set_write_timeout(Some(DEADLINE)).ok()?;
    let socket = tungstenite::accept(stream).ok()?;
    // Short, so that a wait notices soon that what it waits for cannot come any more.
    socket.get_ref().set_read_timeout(Some(Duration::from_millis(20))).ok()?;
    Some(socket)
}

/// One end of a connection.
pub(crate) struct Connection {
    socket: WebSocket<TcpStream>,
}

/// What came from the client.
#[derive(Debug)]
pub(crate) enum Received {
    Message(Vec<u8>),
    Pong,
    Closed,
    /// Nothing, before the deadline or before the wait was given up.
    Nothing,
}

impl Connection {
    pub(crate) fn receive(&mut self, mut give_up: impl FnMut() -> bool) -> Received {
        let deadline = Instant::now() + DEADLINE;
        loop {
            match self.socket.read() {
                Ok(Message::Binary(bytes)) => return Received::Message(bytes.to_vec()),
                Ok(Message::Text(text)) => return Received::Message(text.as_bytes().to_vec()),
                Ok(Message::Pong(_)) => return Received::Pong,
                Ok(Message::Close(_)) => return Received::Closed,
                Ok(Message::Ping(_) | Message::Frame(_)) => {}
                Err(Error::Io(err))
                    if matches!(err.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    if give_up() || Instant::now() > deadline {
                        return Received::Nothing;
                    }
                }
                Err(_) => return Received::Closed,
            }
        }
    }

    /// The next package, which has to be a message of its own.
    pub(crate) fn package(&mut self, give_up: impl FnMut() -> bool) -> Result<Package, String> {
        match self.receive(give_up) {
            Received::Message(bytes) => {
                let mut packages = package::split(&bytes).packages;
                match packages.pop() {
                    Some(package) if package.bytes == bytes => Ok(package),
                    _ => Err(format!("no package: {}", crate::record::hex(&bytes))),
                }
            }
            Received::Closed => Err("the client closed the connection".into()),
            Received::Pong | Received::Nothing => Err("the client sent nothing".into()),
        }
    }

    /// Sends one message. That the client has gone away shows when reading.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let _ = self.socket.send(Message::Binary(bytes.to_vec().into()));
    }

    /// Collects what the client sends until it has read everything it was sent so far, which a ping of the service
    /// shows, or one of the WebSocket where the stream stands in the middle of a package. `false` if the connection
    /// ended instead.
    pub(crate) fn fence(
        &mut self,
        within_package: bool,
        sent: &mut Vec<Vec<u8>>,
    ) -> Result<bool, String> {
        if within_package {
            let _ = self.socket.send(Message::Ping(Vec::new().into()));
        } else {
            self.send(&package::ping(FENCE));
        }
        loop {
            match self.receive(|| false) {
                Received::Message(bytes) if is_fence_answer(&bytes) => return Ok(true),
                Received::Message(bytes) => sent.push(bytes),
                Received::Pong if within_package => return Ok(true),
                Received::Pong => {}
                Received::Closed => return Ok(false),
                Received::Nothing => return Err("the client answers no ping any more".into()),
            }
        }
    }

    /// Collects what the client sends until it closes the connection.
    pub(crate) fn until_closed(&mut self, sent: &mut Vec<Vec<u8>>) -> Result<(), String> {
        loop {
            match self.receive(|| false) {
                Received::Message(bytes) => sent.push(bytes),
                Received::Pong => {}
                Received::Closed => return Ok(()),
                Received::Nothing => return Err("the client did not close the connection".into()),
            }
        }
    }
}

fn is_fence_answer(bytes: &[u8]) -> bool {
    let packages = package::split(bytes).packages;
    matches!(&packages[..], [only] if only.kind == Kind::Answer && only.seq == FENCE)
}

/// A client that is logged in, and the peer's end of its connection.
pub(crate) struct Session {
    pub(crate) client: RtmClient,
    pub(crate) connection: Connection,
}

impl Session {
    /// Logs a new client in, after `prepare` has registered its listeners.
    pub(crate) fn login(
        peer: &Peer,
        uid: i64,
        prepare: impl FnOnce(&RtmClient),
    ) -> Result<Session, String> {
        let options = ClientOptions::new(PID)
            .endpoint(peer.address())
            .file_endpoint(peer.address())
            .auto_reconnect(false);
        let client = RtmClient::new(options);
        prepare(&client);
        peer.forget();
        let (sender, outcome) = mpsc::channel();
        let callback = move |ok, code| {
            let _ = sender.send((ok, code));
        };
        client.login(uid, TOKEN, callback, TIMEOUT);
        let mut connection = peer.accept()?;
        let auth = connection.package(|| false)?;
        connection.send(&package::answer(false, auth.seq, LOGGED_IN));
        match outcome.recv_timeout(DEADLINE) {
            Ok((true, _)) => Ok(Session { client, connection }),
            Ok((false, code)) => Err(format!("login failed with {code}")),
            Err(RecvTimeoutError::Timeout) => Err("the login callback was not called".into()),
            Err(RecvTimeoutError::Disconnected) => Err("the login callback was lost".into()),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.client.close();
    }
}

/// The session that most lines share. One that a line leaves in doubt is not put back; the next line gets a new one.
pub(crate) struct Shared {
    pub(crate) peer: Peer,
    session: Option<Session>,
}

impl Shared {
    pub(crate) fn new(peer: Peer) -> Shared {
        Shared { peer, session: None }
    }

    pub(crate) fn take(&mut self) -> Result<Session, String> {
        match self.session.take() {
            Some(session) => Ok(session),
            None => Session::login(&self.peer, UID, |_| {}),
        }
    }

    pub(crate) fn put_back(&mut self, session: Session) {
        self.session = Some(session);
    }
}
