mod limits;

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::time::Duration;

use super::Gate;
use super::store::Kept;
use crate::time::SILENCE;
use crate::types::{HistoryRange, ids};

/// Longer than any gate runs, and short enough to add to a time.
const NEVER: Duration = Duration::from_secs(1 << 32);

/// The settings of a gate.
#[derive(Clone)]
pub(super) struct Config {
    pub(super) listen: String,
    pub(super) file_listen: String,
    /// The address of the page; without an address there is no page.
    pub(super) page_listen: Option<String>,
    /// The address for TLS; without an address there is no TLS.
    pub(super) tls_listen: Option<String>,
    /// The address for files over TLS, if there is TLS.
    pub(super) tls_file_listen: Option<String>,
    /// Certificate and key, in PEM.
    pub(super) certificate: Option<(String, String)>,
    /// Origins that are let in, besides those of this machine.
    pub(super) allowed_origins: Vec<String>,
    pub(super) pid: i64,
    /// The accepted tokens; an empty list accepts any.
    pub(super) tokens: BTreeMap<i64, BTreeSet<String>>,
    /// The secret of tokens of version 2, in base64.
    pub(super) token_secret: Option<String>,
    /// How far the time of such a token may be from now.
    pub(super) token_validity: Duration,
    pub(super) groups: BTreeMap<i64, Vec<i64>>,
    pub(super) ping_interval: Duration,
    pub(super) ping_timeout: Duration,
    pub(super) idle_limit: Duration,
    pub(super) write_limit: usize,
    pub(super) limits: Limits,
    pub(super) seeds: Vec<String>,
    pub(super) multi_login: bool,
    pub(super) multi_room: bool,
    pub(super) value_added: bool,
}

/// The limits.
#[derive(Clone)]
pub(super) struct Limits {
    pub(super) message_bytes: usize,
    pub(super) attrs_bytes: usize,
    pub(super) file_bytes: usize,
    pub(super) package_bytes: usize,
    pub(super) page_rows: usize,
    pub(super) group_members: usize,
    pub(super) friends: usize,
    pub(super) rooms: usize,
    pub(super) kept: Kept,
    pub(super) kept_file_bytes: usize,
    /// In milliseconds.
    pub(super) file_token_life: i64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            message_bytes: 20480,
            attrs_bytes: 2048,
            file_bytes: 5_242_880,
            package_bytes: 8 * 1024 * 1024,
            page_rows: HistoryRange::LARGEST_PAGE as usize,
            group_members: 10000,
            friends: 300,
            rooms: 10,
            kept: Kept::default(),
            kept_file_bytes: 256 * 1024 * 1024,
            file_token_life: 10 * 60 * 1000,
        }
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// The settings of a [`Gate`], and its start.
///
/// Every setting has the service's default, so `Gate::builder().start()` is enough for most tests.
///
/// ```
/// use std::time::Duration;
/// use rtm_client::gate::Gate;
///
/// let gate = Gate::builder()
///     .pid(11000002)
///     .token(1, "secret")
///     .group(100, [1, 2, 3])
///     .ping_interval(Duration::from_secs(1))
///     .start().unwrap();
/// assert_eq!(gate.pid(), 11000002);
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until start() is called"]
pub struct GateBuilder {
    pub(super) config: Config,
}

impl GateBuilder {
    pub(super) fn new() -> GateBuilder {
        GateBuilder {
            config: Config {
                listen: "127.0.0.1:0".to_owned(),
                file_listen: "127.0.0.1:0".to_owned(),
                page_listen: None,
                tls_listen: None,
                tls_file_listen: None,
                certificate: None,
                allowed_origins: Vec::new(),
                pid: 11000001,
                tokens: BTreeMap::new(),
                token_secret: None,
                token_validity: Duration::from_secs(7 * 24 * 60 * 60),
                groups: BTreeMap::new(),
                ping_interval: Duration::from_secs(20),
                ping_timeout: Duration::from_secs(5),
                idle_limit: SILENCE,
                write_limit: 64 * 1024 * 1024,
                limits: Limits::default(),
                seeds: Vec::new(),
                multi_login: true,
                multi_room: false,
                value_added: true,
            },
        }
    }

    /// The project id that logins must name. Default: 11000001.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    ///
    /// let gate = Gate::builder().pid(11000002).start()?;
    /// let client = RtmClient::new(ClientOptions::new(11000001).endpoint(gate.endpoint()));
    /// let (callback, reply) = reply::login();
    /// client.login(1, "token", callback, None);
    /// assert_eq!(reply.wait().unwrap_err().code(), 200001);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pid(self, pid: i64) -> Self {
        let mut builder = self;
        builder.config.pid = pid;
        builder
    }

    /// The address to listen on. Default: `127.0.0.1:0`, a free port, for this machine only.
    ///
    /// ```
    /// use rtm_client::gate::Gate;
    ///
    /// let gate = Gate::builder().listen("127.0.0.1:0").start().unwrap();
    /// // Where something listens already, no other gate does.
    /// let error = Gate::builder().listen(gate.endpoint()).start().unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    /// ```
    pub fn listen(self, address: impl Into<String>) -> Self {
        let mut builder = self;
        builder.config.listen = address.into();
        builder
    }

    /// The address on which the file gate listens. Default: `127.0.0.1:0`, a free port, for this machine only.
    ///
    /// ```
    /// use rtm_client::ClientOptions;
    /// use rtm_client::gate::Gate;
    ///
    /// let gate = Gate::builder().file_listen("127.0.0.1:0").start().unwrap();
    /// // Its port is any, not the one that clients guess: they have to be told.
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).file_endpoint(gate.file_endpoint());
    /// assert_eq!(options.file_gate_url(), format!("ws://{}/service/websocket", gate.file_endpoint()));
    /// ```
    pub fn file_listen(self, address: impl Into<String>) -> Self {
        let mut builder = self;
        builder.config.file_listen = address.into();
        builder
    }

    /// Listens for TLS (`wss`) at this address as well. The file gate and the page then understand TLS as well as plain
    /// connections. Default: none.
    ///
    /// Without a [`certificate`](GateBuilder::certificate) the gate makes one, and clients have to be told to trust it.
    ///
    /// ```
    /// use rtm_client::gate::Gate;
    ///
    /// let gate = Gate::builder().tls_listen("127.0.0.1:0").start().unwrap();
    /// println!("log in at {}, trusting {}", gate.tls_endpoint().unwrap(), gate.certificate().unwrap());
    /// ```
    pub fn tls_listen(self, address: impl Into<String>) -> Self {
        let mut builder = self;
        builder.config.tls_listen = Some(address.into());
        builder
    }

    /// Listens for files over TLS at this address, if there is TLS. Default: the host of
    /// [`file_listen`](GateBuilder::file_listen) with the next port, or with any free port if that port is 0.
    ///
    /// ```
    /// use rtm_client::gate::Gate;
    ///
    /// let gate = Gate::builder().tls_listen("127.0.0.1:0").tls_file_listen("localhost:0").start()?;
    /// std::net::TcpStream::connect(gate.tls_file_endpoint().unwrap())?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn tls_file_listen(self, address: impl Into<String>) -> Self {
        let mut builder = self;
        builder.config.tls_file_listen = Some(address.into());
        builder
    }

    /// The certificate for TLS clients, which the certificates of its issuers may follow, and the private key: both PEM.
    /// Default: a certificate for this machine, made at the start. Without [`tls_listen`](GateBuilder::tls_listen) the
    /// certificate is not used.
    ///
    /// ```
    /// use rtm_client::gate::Gate;
    ///
    /// # let (chain, key) = rtm_client::doctest::certificate("127.0.0.1");
    /// let gate = Gate::builder().tls_listen("127.0.0.1:0").certificate(&chain, key).start().unwrap();
    /// assert_eq!(gate.certificate(), Some(chain.as_str()));
    /// ```
    pub fn certificate(self, chain: impl Into<String>, key: impl Into<String>) -> Self {
        let mut builder = self;
        builder.config.certificate = Some((chain.into(), key.into()));
        builder
    }

    /// Serves a page at this address, over HTTP, to log in from a browser, chat, and watch the gate. Default: none.
    ///
    /// ```
    /// use rtm_client::gate::Gate;
    ///
    /// let gate = Gate::builder().page_listen("127.0.0.1:0").start().unwrap();
    /// println!("look at {}", gate.page_url().unwrap());
    /// ```
    pub fn page_listen(self, address: impl Into<String>) -> Self {
        let mut builder = self;
        builder.config.page_listen = Some(address.into());
        builder
    }

    /// Lets this user log in with this token. If any pair is given, only the given pairs are accepted; otherwise any user
    /// can log in with any token.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    ///
    /// let gate = Gate::builder().token(1, "old").token(1, "new").start()?;
    /// let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// let login = |uid, token| {
    ///     let (callback, reply) = reply::login();
    ///     client.login(uid, token, callback, None);
    ///     reply.wait().map_err(|error| error.code())
    /// };
    /// assert_eq!(login(1, "old"), Ok(()));
    /// assert_eq!(login(1, "new"), Ok(()));
    /// assert_eq!(login(2, "new"), Err(200027));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn token(self, uid: i64, token: impl Into<String>) -> Self {
        let mut builder = self;
        builder.config.tokens.entry(uid).or_default().insert(token.into());
        builder
    }

    /// Accepts tokens of version 2 made with this secret, which is base64: `base64(HMAC-SHA256(secret, "pid:uid:ts"))`,
    /// given with its `ts` at login. Other tokens are then refused, unless [`token`](GateBuilder::token) gives them.
    /// [`token_validity`](GateBuilder::token_validity) sets how far `ts` may be from now. Default: none.
    ///
    /// [`start`](GateBuilder::start) fails if the secret is no base64.
    ///
    /// ```
    /// use rtm_client::LoginOptions;
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    ///
    /// let builder = Gate::builder().pid(11000001).token_secret("c2VjcmV0a2V5LWJ5dGVz");
    /// let gate = builder.token_validity(std::time::Duration::MAX).start()?; // the token below is old
    /// # let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// let options = LoginOptions::default().ts(1_700_000_000);
    /// let token = "Bbky1sz+zd9GNO/QdHHh8LHtw1x5iUKzt6PSvWyPoKw="; // of "11000001:123456:1700000000"
    /// let (callback, reply) = reply::login();
    /// client.login_with(123456, token, options.clone(), callback, None);
    /// reply.wait()?;
    /// let (callback, reply) = reply::login();
    /// client.login_with(123457, token, options, callback, None);
    /// assert_eq!(reply.wait().unwrap_err().code(), 200027);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn token_secret(self, secret: impl Into<String>) -> Self {
        let mut builder = self;
        builder.config.token_secret = Some(secret.into());
        builder
    }

    /// How far the `ts` of a token of version 2 may be from the gate's clock, before or after; tokens beyond are refused.
    /// Default: 7 days.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, LoginOptions, RtmClient, gate::Gate, reply};
    ///
    /// let gate = Gate::builder().token_secret("c2VjcmV0a2V5LWJ5dGVz").start()?;
    /// # let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// let options = LoginOptions::default().ts(1_700_000_000);
    /// let token = "Bbky1sz+zd9GNO/QdHHh8LHtw1x5iUKzt6PSvWyPoKw="; // signed well, in 2023
    /// let (callback, reply) = reply::login();
    /// client.login_with(123456, token, options, callback, None);
    /// assert_eq!(reply.wait().unwrap_err().code(), 200027);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn token_validity(self, span: Duration) -> Self {
        let mut builder = self;
        builder.config.token_validity = span;
        builder
    }

    /// Lets in pages of this origin, for example `http://chat.example:3000`, and accepts its host as a name of the gate;
    /// `*` means all origins. Default: pages of this machine (`localhost`, `*.localhost`, loopback addresses, at any
    /// port) and the gate's own; programs, which have no origin; and as `Host` the same names, the address that was
    /// connected to, and the hosts that the gate listens on. Others are refused with HTTP status 403.
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use std::net::TcpStream;
    /// use rtm_client::gate::Gate;
    ///
    /// let gate = Gate::builder().page_listen("127.0.0.1:0").allow_origin("http://chat.example").start()?;
    /// # let page = gate.page_url().unwrap().replace("http://", "").replace('/', "");
    /// let get = |origin: &str| {
    ///     let mut stream = TcpStream::connect(&*page)?;
    ///     write!(stream, "GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\n\r\n")?;
    ///     let mut response = String::new();
    ///     stream.read_to_string(&mut response)?;
    ///     std::io::Result::Ok(response)
    /// };
    /// assert!(get("http://chat.example")?.starts_with("HTTP/1.1 200 "));
    /// assert!(get("http://other.example")?.starts_with("HTTP/1.1 403 "));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn allow_origin(self, origin: impl Into<String>) -> Self {
        let mut builder = self;
        builder.config.allowed_origins.push(origin.into());
        builder
    }

    /// Makes a group of these users; a second call for the same group adds users. Default: no groups; clients cannot make
    /// groups.
    ///
    /// ```
    /// use rtm_client::{gate::Gate, reply};
    ///
    /// let gate = Gate::builder().group(100, [1, 2]).group(100, [3]).start()?;
    /// # let client = rtm_client::doctest::user(&gate, 1);
    /// let (callback, reply) = reply::channel();
    /// client.get_group_members(100, None, None, callback);
    /// assert_eq!(reply.wait()?.uids, [1, 2, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn group(self, gid: i64, uids: impl IntoIterator<Item = impl Borrow<i64>>) -> Self {
        let mut builder = self;
        builder.config.groups.entry(gid).or_default().extend(ids(uids));
        builder
    }

    /// The interval between pings to a connection. Default: 20 s; less than 1 ms counts as 1 ms.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate, server_push};
    ///
    /// let gate = Gate::builder().ping_interval(Duration::from_millis(50)).start()?;
    /// let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// let (sender, pings) = std::sync::mpsc::channel();
    /// client.processor().on(server_push::RECV_PING, move |_| sender.send(()).unwrap());
    /// client.login(1, "token", |_, _| {}, None);
    /// client.wait_online(Duration::from_secs(10))?;
    /// pings.recv_timeout(Duration::from_secs(15))?; // by default the first would come after 20 s
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ping_interval(self, interval: Duration) -> Self {
        let mut builder = self;
        builder.config.ping_interval = interval.min(NEVER);
        builder
    }

    /// How long a connection may take to answer a ping, or to send anything else, before the gate drops it. Default: 5 s;
    /// less than 1 ms counts as 1 ms.
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use std::net::TcpStream;
    /// use std::time::Duration;
    /// use rtm_client::gate::Gate;
    ///
    /// let soon = Duration::from_millis(50);
    /// let gate = Gate::builder().ping_interval(soon).ping_timeout(soon).start()?;
    /// let upgrade = b"GET /service/websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\
    ///     Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    /// let mut stream = TcpStream::connect(gate.endpoint())?;
    /// stream.set_read_timeout(Some(Duration::from_secs(15)))?;
    /// stream.write_all(upgrade)?; // a client that opens its WebSocket, and then answers nothing
    /// stream.read_to_end(&mut Vec::new())?; // ends when the gate closes
    /// assert_eq!(gate.connections(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn ping_timeout(self, timeout: Duration) -> Self {
        let mut builder = self;
        builder.config.ping_timeout = timeout.min(NEVER);
        builder
    }

    /// How long a connection may be silent before the gate drops it. Default: 60 s. Answers to pings end a silence, but a
    /// limit below [`ping_interval`](GateBuilder::ping_interval) drops connections that send nothing else.
    ///
    /// ```
    /// use std::io::Read;
    /// use std::net::TcpStream;
    /// use std::time::Duration;
    /// use rtm_client::gate::Gate;
    ///
    /// let gate = Gate::builder().idle_limit(Duration::from_millis(50)).start()?;
    /// let mut silent = TcpStream::connect(gate.endpoint())?;
    /// silent.set_read_timeout(Some(Duration::from_secs(15)))?;
    /// assert_eq!(silent.read_to_end(&mut Vec::new())?, 0); // the gate has closed
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn idle_limit(self, limit: Duration) -> Self {
        let mut builder = self;
        builder.config.idle_limit = limit.min(NEVER);
        builder
    }

    /// How many bytes may wait for a connection that reads too slowly, before the gate drops the connection. Default: 64
    /// MiB.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rtm_client::{Callbacks, ClientOptions, RtmClient, gate::Gate};
    ///
    /// let gate = Gate::builder().write_limit(1 << 20).start()?;
    /// // Nobody runs its callbacks, so that it soon stops reading.
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).auto_reconnect(false);
    /// let client = RtmClient::new(options.callbacks(Callbacks::Manual).max_undelivered_bytes(1000));
    /// # rtm_client::doctest::log_in(&client);
    /// let text = "x".repeat(1 << 20);
    /// let dropped = (0..100).any(|_| {
    ///     gate.broadcast(9, 30, &text, "");
    ///     gate.wait_until(Duration::from_millis(10), |gate| gate.connections() == 0)
    /// });
    /// assert!(dropped);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn write_limit(self, bytes: usize) -> Self {
        let mut builder = self;
        builder.config.write_limit = bytes;
        builder
    }

    /// Whether a user may be logged in on several connections. Otherwise a login ends the older connection with a
    /// kickout. Default: `true`.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    ///
    /// let gate = Gate::builder().multi_login(false).start()?;
    /// let login = || {
    ///     let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    ///     let (callback, reply) = reply::login();
    ///     client.login(1, "token", callback, None);
    ///     reply.wait().map(|()| client)
    /// };
    /// let phone = login()?;
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// phone.on_session_closed(move |code| sender.send(code).unwrap());
    /// let laptop = login()?;
    /// assert_eq!(receiver.recv_timeout(std::time::Duration::from_secs(15))?, 0);
    /// drop(laptop);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn multi_login(self, allowed: bool) -> Self {
        let mut builder = self;
        builder.config.multi_login = allowed;
        builder
    }

    /// Whether a connection may be in several rooms, up to [`room_limit`](GateBuilder::room_limit). Otherwise entering a
    /// room leaves the last room. Default: `false`.
    ///
    /// ```
    /// use rtm_client::{gate::Gate, reply};
    ///
    /// let gate = Gate::builder().multi_room(true).start()?;
    /// # let client = rtm_client::doctest::user(&gate, 1);
    /// let (callback, reply) = reply::channel();
    /// client.enter_rooms([200, 201], None, callback);
    /// reply.wait()?;
    /// let (callback, reply) = reply::channel();
    /// client.get_user_rooms(None, callback);
    /// assert_eq!(reply.wait()?, [200, 201]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn multi_room(self, allowed: bool) -> Self {
        let mut builder = self;
        builder.config.multi_room = allowed;
        builder
    }

    /// Whether translation, checks and speech are on; otherwise they are refused with 200060. Default: `true`.
    ///
    /// ```
    /// use rtm_client::{gate::Gate, reply};
    ///
    /// let gate = Gate::builder().value_added(false).start()?;
    /// # let client = rtm_client::doctest::user(&gate, 1);
    /// let (callback, reply) = reply::channel();
    /// client.translate("hello", "en", "fr", None, None, None, callback);
    /// assert_eq!(reply.wait().unwrap_err().code(), 200060);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn value_added(self, enabled: bool) -> Self {
        let mut builder = self;
        builder.config.value_added = enabled;
        builder
    }

    /// The data of the gate at the start: users, groups, friends, messages, as JSON. The text is a seed written by hand,
    /// or a [`snapshot`](Gate::snapshot); a second call adds data. Default: no data. If the text has a mistake,
    /// [`start`](GateBuilder::start) fails and names the mistake.
    ///
    /// ```
    /// use rtm_client::gate::{ConversationId, Gate};
    ///
    /// let seed = r#"{
    ///     "users": { "1": { "oinfo": "Ann", "friends": [2] }, "2": { "oinfo": "Ben" } },
    ///     "groups": { "100": { "members": [1, 2, 3], "oinfo": "the three" } },
    ///     "messages": [
    ///         { "from": 1, "to": 2, "msg": "hello" },
    ///         { "from": 2, "gid": 100, "mtype": 51, "msg": "hi all", "mtime": 1700000000000 }
    ///     ]
    /// }"#;
    /// let gate = Gate::builder().keep_for(std::time::Duration::MAX).seed(seed).start().unwrap();
    /// assert_eq!(gate.stored(ConversationId::p2p(1, 2))[0].msg, "hello");
    /// assert_eq!(gate.stored(ConversationId::Group(100))[0].mtype, 51);
    /// ```
    pub fn seed(self, json: impl Into<String>) -> Self {
        let mut builder = self;
        builder.config.seeds.push(json.into());
        builder
    }

    /// Starts the gate. The gate listens when `start` returns.
    ///
    /// # Errors
    ///
    /// An address cannot be listened on; or the certificate, its key, the token secret or a seed cannot be used. The
    /// error names the reason.
    ///
    /// ```
    /// use rtm_client::gate::Gate;
    ///
    /// let gate = Gate::builder().start()?;
    /// std::net::TcpStream::connect(gate.endpoint())?;
    ///
    /// let error = Gate::builder().seed("{").start().unwrap_err();
    /// assert!(error.to_string().contains("line 1"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn start(self) -> io::Result<Gate> {
        Gate::start(self.config)
    }
}

/// Leaves out secrets.
impl fmt::Debug for GateBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GateBuilder")
            .field("pid", &self.config.pid)
            .field("listen", &self.config.listen)
            .finish_non_exhaustive()
    }
}
