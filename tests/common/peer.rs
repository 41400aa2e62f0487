//! The peer: a WebSocket server in the test's own thread, which does nothing but what the test says.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use rtm_client::{ClientOptions, RtmClient};
use socket2::SockRef;
use tungstenite::{Error, Message, WebSocket};

use super::package::{self, Kind, Package};
use super::record::Record;
use super::{DEADLINE, PID, UID, holds_within};

/// What a client asks for a sign of life.
const PING: &str = "*ping";

pub struct Peer {
    listener: TcpListener,
}

impl Peer {
    pub fn new() -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket option");
        Peer { listener }
    }

    /// Its listener, for another thread.
    pub fn listener(&self) -> TcpListener {
        self.listener.try_clone().expect("a clone")
    }

    pub fn address(&self) -> String {
        self.listener.local_addr().expect("it is bound").to_string()
    }

    pub fn options(&self) -> ClientOptions {
        ClientOptions::new(PID).endpoint(self.address())
    }

    /// The next connection, before the upgrade.
    pub fn accept_tcp(&self) -> TcpStream {
        self.try_accept_tcp(DEADLINE).expect("the client does not connect")
    }

    pub fn try_accept_tcp(&self, within: Duration) -> Option<TcpStream> {
        let mut accepted = None;
        holds_within(within, || {
            accepted = self.listener.accept().ok();
            accepted.is_some()
        });
        let (stream, _) = accepted?;
        stream.set_nonblocking(false).expect("a socket option");
        stream.set_nodelay(true).expect("a socket option");
        stream.set_read_timeout(Some(DEADLINE)).expect("a socket option");
        stream.set_write_timeout(Some(DEADLINE)).expect("a socket option");
        Some(stream)
    }

    pub fn accept(&self) -> Connection {
        Connection::over(self.accept_tcp())
    }

    /// Accepts a connection and its login.
    pub fn accept_login(&self) -> Connection {
        let mut connection = self.accept();
        connection.accept_login();
        connection
    }

    /// The next connection, if the client is there already.
    pub fn try_accept(&self) -> Option<Connection> {
        let (stream, _) = self.listener.accept().ok()?;
        stream.set_nonblocking(false).expect("a socket option");
        let socket = tungstenite::accept(stream).expect("a WebSocket upgrade");
        Some(Connection { socket, unread: Vec::new() })
    }

    /// Whether a connection comes within that time.
    pub fn is_dialed(&self, within: Duration) -> bool {
        self.try_accept_tcp(within).is_some()
    }

    /// A client of these options that is logged in, with a record of all it says from now on.
    pub fn login(&self, options: ClientOptions) -> (RtmClient, Record, Connection) {
        let client = RtmClient::new(options);
        let record = Record::of(&client);
        client.login(UID, "token", record.login(), DEADLINE);
        let connection = self.accept_login();
        record.expect_login(true, 0);
        (client, record, connection)
    }
}

impl From<TcpListener> for Peer {
    fn from(listener: TcpListener) -> Peer {
        Peer { listener }
    }
}

/// The peer's end of a connection.
pub struct Connection<S = TcpStream> {
    socket: WebSocket<S>,
    unread: Vec<u8>,
}

impl<S: Read + Write> Connection<S> {
    /// Answers the upgrade.
    pub fn over(stream: S) -> Connection<S> {
        let socket = tungstenite::accept(stream).map_err(|error| error.to_string());
        Connection { socket: socket.expect("a WebSocket upgrade"), unread: Vec::new() }
    }

    /// A connection whose upgrade the test has answered.
    pub fn of(stream: S) -> Connection<S> {
        let socket = WebSocket::from_raw_socket(stream, tungstenite::protocol::Role::Server, None);
        Connection { socket, unread: Vec::new() }
    }

    pub fn stream(&mut self) -> &mut S {
        self.socket.get_mut()
    }

    /// The next package; `None` if the client closes the connection instead. What the client asks for a sign of life is
    /// answered on the way.
    pub fn package(&mut self) -> Option<Package> {
        loop {
            let package = self.any_package()?;
            if package.method != PING {
                return Some(package);
            }
            // The client may have gone meanwhile.
            let _ = self.try_send(&package::answer(package.seq, 0, &package::map([])));
        }
    }

    /// The next package, which has to be a question for a sign of life.
    pub fn client_ping(&mut self) -> Package {
        let package = self.any_package().expect("a ping of the client");
        assert_eq!((package.kind, package.method.as_str()), (Kind::Quest, PING));
        package
    }

    /// The client sends nothing more, and closes.
    pub fn client_ping_is_all(&mut self) {
        assert!(self.any_package().is_none(), "one question is enough");
    }

    /// The next package, whatever it is.
    pub fn any_package(&mut self) -> Option<Package> {
        loop {
            if let Some((package, used)) = Package::read(&self.unread) {
                self.unread.drain(..used);
                return Some(package);
            }
            match self.socket.read() {
                Ok(Message::Close(_)) => return None,
                Ok(message) if message.is_ping() || message.is_pong() => {}
                Ok(message) => self.unread.extend_from_slice(&message.into_data()),
                Err(Error::Io(error))
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    panic!("the client neither sent a package nor closed within {DEADLINE:?}")
                }
                Err(_) => return None,
            }
        }
    }

    /// The next package, if it is there: for a stream that does not block. `Err` if the client closes the connection.
    pub fn try_package(&mut self) -> Result<Option<Package>, ()> {
        loop {
            if let Some((package, used)) = Package::read(&self.unread) {
                self.unread.drain(..used);
                return Ok(Some(package));
            }
            match self.socket.read() {
                Ok(Message::Close(_)) => return Err(()),
                Ok(message) if message.is_ping() || message.is_pong() => {}
                Ok(message) => self.unread.extend_from_slice(&message.into_data()),
                Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(_) => return Err(()),
            }
        }
    }

    /// The next package, which has to be a quest of that method.
    pub fn quest(&mut self, method: &str) -> Package {
        let package = self.package();
        let package = package.unwrap_or_else(|| panic!("closed instead of {method}"));
        assert_eq!((package.kind, package.method.as_str()), (Kind::Quest, method));
        package
    }

    pub fn accept_login(&mut self) {
        let auth = self.quest("auth");
        self.answer(&auth, &package::map([("ok", true.into())]));
    }

    pub fn answer(&mut self, quest: &Package, payload: &[u8]) {
        self.send(&package::answer(quest.seq, 0, payload));
    }

    /// An error answer with this payload.
    pub fn fail(&mut self, quest: &Package, payload: &[u8]) {
        self.send(&package::answer(quest.seq, 1, payload));
    }

    /// Sends one message.
    pub fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).expect("the client listens");
    }

    pub fn try_send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.socket.send(Message::Binary(bytes.to_vec().into()))
    }

    /// Writes what a full socket has not taken.
    pub fn flush(&mut self) {
        self.socket.flush().expect("the client listens");
    }

    /// Sends bytes that need not be a WebSocket frame.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        let stream = self.stream();
        stream.write_all(bytes).and_then(|()| stream.flush()).expect("the client listens");
    }

    /// Returns when the client has read all that was sent, which it shows by answering a ping. What it sent before
    /// that is returned.
    pub fn sync(&mut self) -> Vec<Package> {
        const SEQ: u32 = 0xfefe_fefe;
        self.send(&package::quest(SEQ, "ping", &package::map([])));
        let mut before = Vec::new();
        loop {
            let package = self.package().expect("the client closed instead of answering a ping");
            if package.seq == SEQ && package.kind == (Kind::Answer { status: 0 }) {
                return before;
            }
            before.push(package);
        }
    }

    /// Waits until the client closes the connection. What it sent before that is returned.
    pub fn until_closed(&mut self) -> Vec<Package> {
        std::iter::from_fn(|| self.package()).collect()
    }

    /// Closes the connection as the service does: without a close frame.
    pub fn close(self) {}
}

impl Connection {
    /// Ends the connection with a TCP reset.
    pub fn reset(self) {
        let linger = SockRef::from(self.socket.get_ref()).set_linger(Some(Duration::ZERO));
        linger.expect("a socket option");
    }
}

/// Reads until the end of the HTTP request, and returns it.
pub fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a request");
        request.extend(byte);
    }
    String::from_utf8(request).expect("a request is text")
}
