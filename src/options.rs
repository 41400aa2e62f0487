//! What a client is made with: the options of the JavaScript constructor, and ours.

use std::fmt;
use std::time::Duration;

use crate::engine::TlsOptions;

/// The options of an [`RtmClient`](crate::RtmClient).
///
/// ```
/// use std::time::Duration;
/// use rtm_client::ClientOptions;
///
/// let options = ClientOptions::new(11000001)
///     .endpoint("rtm.example:13325")
///     .attrs([("device", "terminal")])
///     .connection_timeout(Duration::from_secs(5));
/// assert_eq!(options.gate_url(), "ws://rtm.example:13321/service/websocket");
/// ```
#[derive(Clone)]
pub struct ClientOptions {
    pub(crate) pid: i64,
    pub(crate) endpoint: String,
    pub(crate) ssl_endpoint: Option<String>,
    pub(crate) backup_endpoints: Vec<String>,
    pub(crate) file_endpoint: Option<String>,
    pub(crate) attrs: Option<Vec<(String, String)>>,
    pub(crate) auto_reconnect: bool,
    pub(crate) connection_timeout: Duration,
    pub(crate) max_ping_interval_seconds: u32,
    pub(crate) regressive_strategy: RegressiveStrategy,
    pub(crate) max_received_bytes: usize,
    pub(crate) max_sent_bytes: usize,
    pub(crate) max_queued_bytes: usize,
    pub(crate) max_in_flight: usize,
    pub(crate) max_undelivered_bytes: usize,
    pub(crate) callbacks: Callbacks,
    pub(crate) reconnecting: Reconnecting,
    pub(crate) resume_rooms: bool,
    pub(crate) resume_language: bool,
    pub(crate) tls: TlsOptions,
    pub(crate) proxy: ProxyChoice,
    pub(crate) repair_126_byte_frames: bool,
}

/// What is done while the connection is made again, besides what the strategy says.
#[derive(Clone, Copy)]
pub(crate) struct Reconnecting {
    pub(crate) max_attempts: Option<u32>,
    /// From 0 to 1.
    pub(crate) jitter: f64,
    /// How many bytes of sends are queued; 0 queues none.
    pub(crate) max_bytes: usize,
    pub(crate) max_age: Duration,
}

/// Where the proxy is to be found.
#[derive(Clone)]
pub(crate) enum ProxyChoice {
    Environment,
    None,
    Url(String),
}

/// What a login may say besides user and token: see [`RtmClient::login_with`](crate::RtmClient::login_with).
///
/// ```
/// use rtm_client::LoginOptions;
///
/// // The program's server has made a token from a time, which goes along with it.
/// let options = LoginOptions { ts: Some(1_700_000_000), ..LoginOptions::default() };
/// assert_eq!(options.lang, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginOptions {
    /// The language chat texts are translated into, such as `en`, as with
    /// [`set_translation_language`](crate::RtmClient::set_translation_language). `None` for no translation.
    pub lang: Option<String>,
    /// The time the token was made from, in seconds since 1970, where the program's server makes the tokens itself
    /// (version 2). `None` for a token that the service gave out.
    pub ts: Option<i64>,
}

/// A token that a handler of [`on_token_wanted`](crate::RtmClient::on_token_wanted) has.
///
/// A text is one that the service gave out; a text and a time one of version 2, which the program's server made.
///
/// ```
/// use rtm_client::LoginToken;
///
/// assert_eq!(LoginToken::from("given out").ts, None);
/// assert_eq!(LoginToken::from(("made", 1_700_000_000)).ts, Some(1_700_000_000));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct LoginToken {
    /// The token.
    pub token: String,
    /// The time it was made from: see [`LoginOptions::ts`].
    pub ts: Option<i64>,
}

impl From<String> for LoginToken {
    fn from(token: String) -> LoginToken {
        LoginToken { token, ts: None }
    }
}

impl From<&str> for LoginToken {
    fn from(token: &str) -> LoginToken {
        LoginToken { token: token.to_owned(), ts: None }
    }
}

impl<T: Into<String>> From<(T, i64)> for LoginToken {
    fn from((token, ts): (T, i64)) -> LoginToken {
        LoginToken { token: token.into(), ts: Some(ts) }
    }
}

/// Without the token.
impl fmt::Debug for LoginToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginToken").field("ts", &self.ts).finish_non_exhaustive()
    }
}

/// Who runs callbacks and event handlers.
///
/// ```
/// use std::time::Duration;
/// use rtm_client::{Callbacks, ClientOptions, RtmClient};
///
/// let manual = RtmClient::new(ClientOptions::new(1).callbacks(Callbacks::Manual));
/// assert_eq!(manual.run_callbacks(Duration::ZERO)?, 0); // none is due
///
/// let by_itself = RtmClient::new(ClientOptions::new(1).callbacks(Callbacks::Thread));
/// assert_eq!(by_itself.run_callbacks(Duration::ZERO).unwrap_err().code(), 20013);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Callbacks {
    /// A thread of the client, one callback after another.
    #[default]
    Thread,
    /// The program, in [`run_callbacks`](crate::RtmClient::run_callbacks): for a game loop or a GUI.
    Manual,
}

/// How long to wait before each attempt to log in again after the connection was lost.
///
/// The first `start_connect_failed_count` attempts follow at once; each later one waits
/// `max_interval_seconds / linear_regressive_count` longer than the one before, up to `max_interval_seconds`. With
/// the defaults that is 0, 0, 0, 2, 4, 6, 8, 8 … seconds.
///
/// ```
/// use rtm_client::{ClientOptions, RegressiveStrategy};
///
/// // 0, 10, 20, 30, 30 … seconds: one attempt at once, then up to half a minute in three steps.
/// let patient = RegressiveStrategy {
///     start_connect_failed_count: 1,
///     max_interval_seconds: 30,
///     linear_regressive_count: 3,
/// };
/// let options = ClientOptions::new(11000001).regressive_strategy(patient);
/// assert_eq!(RegressiveStrategy::default().max_interval_seconds, 8);
/// ```
#[doc(alias = "regressiveStrategy")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegressiveStrategy {
    /// How many attempts follow at once. Default 3.
    #[doc(alias = "startConnectFailedCount")]
    pub start_connect_failed_count: u32,
    /// The longest wait, in seconds. Default 8.
    #[doc(alias = "maxIntervalSeconds")]
    pub max_interval_seconds: u32,
    /// In how many steps the wait grows to the longest. Default 4; zero counts as 1.
    #[doc(alias = "linearRegressiveCount")]
    pub linear_regressive_count: u32,
}

impl Default for RegressiveStrategy {
    fn default() -> Self {
        RegressiveStrategy {
            start_connect_failed_count: 3,
            max_interval_seconds: 8,
            linear_regressive_count: 4,
        }
    }
}

impl ClientOptions {
    /// Options for the project `pid`, everything else at its default.
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().pid(11000001).start()?;
    /// let options = ClientOptions::new(11000001).endpoint(gate.endpoint()); // the endpoint has no default
    /// let client = RtmClient::new(options);
    /// # let (callback, reply) = reply::login();
    /// # client.login(1, "token", callback, None);
    /// # reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "RTMClient")]
    pub fn new(pid: i64) -> ClientOptions {
        ClientOptions {
            pid,
            endpoint: String::new(),
            ssl_endpoint: None,
            backup_endpoints: Vec::new(),
            file_endpoint: None,
            attrs: None,
            auto_reconnect: true,
            connection_timeout: Duration::from_secs(30),
            max_ping_interval_seconds: 60,
            regressive_strategy: RegressiveStrategy::default(),
            max_received_bytes: 64 << 20,
            max_sent_bytes: 8 << 20,
            max_queued_bytes: 64 << 20,
            max_in_flight: 1_000_000,
            max_undelivered_bytes: 64 << 20,
            callbacks: Callbacks::default(),
            reconnecting: Reconnecting {
                max_attempts: None,
                jitter: 0.0,
                max_bytes: 0,
                max_age: Duration::ZERO,
            },
            resume_rooms: false,
            resume_language: false,
            tls: TlsOptions::default(),
            proxy: ProxyChoice::Environment,
            repair_126_byte_frames: true,
        }
    }

    /// The gate, as `host:port`. The legacy port 13325 stands for 13321; no other port is changed. There is no default:
    /// without it and [`ssl_endpoint`](Self::ssl_endpoint), a login fails with 20012.
    ///
    /// ```
    /// use rtm_client::ClientOptions;
    ///
    /// let options = ClientOptions::new(1).endpoint("rtm.example:13321");
    /// assert_eq!(options.gate_url(), "ws://rtm.example:13321/service/websocket");
    /// let legacy = ClientOptions::new(1).endpoint("rtm.example:13325");
    /// assert_eq!(legacy.gate_url(), options.gate_url());
    /// ```
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = endpoint.into();
        self
    }

    /// The gate's TLS port, as `host:port`. If given, it is used instead of [`endpoint`](Self::endpoint). Default:
    /// none, and no TLS. Where the feature `tls` is off, a login with it fails with 20012.
    ///
    /// ```
    /// use rtm_client::ClientOptions;
    ///
    /// let options = ClientOptions::new(1).endpoint("rtm.example:13321").ssl_endpoint("rtm.example:13322");
    /// assert_eq!(options.gate_url(), "wss://rtm.example:13322/service/websocket");
    /// ```
    pub fn ssl_endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.ssl_endpoint = Some(endpoint.into());
        self
    }

    /// Further gates, as `host:port`, tried in that order whenever the one of [`endpoint`](Self::endpoint) or
    /// [`ssl_endpoint`](Self::ssl_endpoint) cannot be reached, or did not let the user in at the attempt before. They
    /// speak TLS if that one does. All share one [`connection_timeout`](Self::connection_timeout). Default: none.
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid())
    ///     .endpoint("127.0.0.1:1") // where no gate is
    ///     .backup_endpoints([gate.endpoint()]);
    /// let client = RtmClient::new(options);
    /// let (callback, reply) = reply::login();
    /// client.login(1, "token", callback, None);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn backup_endpoints<E: Into<String>>(
        mut self,
        endpoints: impl IntoIterator<Item = E>,
    ) -> Self {
        self.backup_endpoints = endpoints.into_iter().map(Into::into).collect();
        self
    }

    /// The file gate, as `host:port`. By default it is derived from the gate's host: `fileproxy-HOST:13461`, or port
    /// 13462 with TLS.
    ///
    /// ```
    /// use rtm_client::ClientOptions;
    ///
    /// let options = ClientOptions::new(1).endpoint("10.0.0.7:13321").file_endpoint("10.0.0.8:13461");
    /// assert_eq!(options.file_gate_url(), "ws://10.0.0.8:13461/service/websocket");
    /// ```
    pub fn file_endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.file_endpoint = Some(endpoint.into());
        self
    }

    /// Attributes of the connection, sent at login in the order given. Not sent unless set.
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).attrs([("device", "terminal")]);
    /// # let client = RtmClient::new(options);
    /// # let (callback, reply) = reply::login();
    /// # client.login(1, "token", callback, None);
    /// # reply.wait()?;
    /// let (callback, reply) = reply::channel();
    /// client.get_attrs(None, callback);
    /// let device = reply.wait()?[0].get("device").cloned();
    /// assert_eq!(device, Some("terminal".into()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn attrs<K: Into<String>, V: Into<String>>(
        mut self,
        attrs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.attrs = Some(attrs.into_iter().map(|(k, v)| (k.into(), v.into())).collect());
        self
    }

    /// Whether a lost connection is made again by itself. Default true.
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).auto_reconnect(false);
    /// # let client = RtmClient::new(options);
    /// # let (callback, reply) = reply::login();
    /// # client.login(1, "token", callback, None);
    /// # reply.wait()?;
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// client.on_session_closed(move |code| sender.send(code).unwrap());
    /// drop(gate); // with it goes the connection
    /// assert_eq!(receiver.recv_timeout(std::time::Duration::from_secs(15))?, 20001);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "autoReconnect")]
    pub fn auto_reconnect(mut self, yes: bool) -> Self {
        self.auto_reconnect = yes;
        self
    }

    /// How long connecting may take, from the name lookup until the login is answered. Default 30 s; zero means the
    /// default.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// # use rtm_client::{ClientOptions, RtmClient, reply};
    ///
    /// let silent = std::net::TcpListener::bind("127.0.0.1:0")?; // is connected to, and says nothing
    /// let options = ClientOptions::new(1)
    ///     .endpoint(silent.local_addr()?.to_string())
    ///     .connection_timeout(Duration::from_millis(200));
    /// # let client = RtmClient::new(options);
    /// let start = Instant::now();
    /// let (callback, reply) = reply::login();
    /// client.login(1, "token", callback, None);
    /// assert_eq!(reply.wait().unwrap_err().code(), 20012);
    /// assert!(start.elapsed() < Duration::from_secs(10));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "connectionTimeout")]
    pub fn connection_timeout(mut self, timeout: Duration) -> Self {
        self.connection_timeout = if timeout.is_zero() { Duration::from_secs(30) } else { timeout };
        self
    }

    /// After how many seconds without a ping of the gate the connection counts as lost. Default 60; zero means the
    /// default.
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).max_ping_interval_seconds(1);
    /// # let client = RtmClient::new(options);
    /// # let (callback, reply) = reply::login();
    /// # client.login(1, "token", callback, None);
    /// # reply.wait()?;
    /// // The first ping is due after 20 s: the client takes the connection for lost, and logs in anew.
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// client.on_relogin_completed(move |ok, _, _, _| sender.send(ok).unwrap());
    /// assert!(receiver.recv_timeout(std::time::Duration::from_secs(15))?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "maxPingIntervalSeconds")]
    pub fn max_ping_interval_seconds(mut self, seconds: u32) -> Self {
        self.max_ping_interval_seconds = if seconds == 0 { 60 } else { seconds };
        self
    }

    /// How long to wait before each attempt to log in again. Default: 0, 0, 0, 2, 4, 6, 8, 8 … seconds, which is
    /// `RegressiveStrategy::default()`.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use rtm_client::RegressiveStrategy;
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().start()?;
    ///
    /// // The first attempt waits for 1 s, which by default it would not.
    /// let strategy = RegressiveStrategy {
    ///     start_connect_failed_count: 0,
    ///     max_interval_seconds: 1,
    ///     linear_regressive_count: 1,
    /// };
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).regressive_strategy(strategy);
    /// # let client = RtmClient::new(options);
    /// # let (callback, reply) = reply::login();
    /// # client.login(1, "token", callback, None);
    /// # reply.wait()?;
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// client.on_relogin_completed(move |ok, _, _, _| sender.send(ok).unwrap());
    /// let lost = Instant::now();
    /// gate.faults().on("getservertime").next(1).close();
    /// client.get_server_time(None, reply::ignore);
    /// assert!(receiver.recv()?);
    /// assert!(lost.elapsed() >= Duration::from_secs(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "regressiveStrategy")]
    pub fn regressive_strategy(mut self, strategy: RegressiveStrategy) -> Self {
        self.regressive_strategy = strategy;
        self
    }

    /// After how many failed attempts to log in again the session ends, counted from when the connection was lost.
    /// The last is announced with `retry_again` false, then
    /// [`on_session_closed`](crate::RtmClient::on_session_closed) gets its code. Default: `None`, no limit; with 0
    /// there is no attempt, and the code is that of the loss.
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).max_relogin_attempts(2);
    /// # let client = RtmClient::new(options);
    /// # let (callback, reply) = reply::login();
    /// # client.login(1, "token", callback, None);
    /// # reply.wait()?;
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// client.on_session_closed(move |code| sender.send(code).unwrap());
    /// drop(gate);
    /// assert_eq!(receiver.recv_timeout(std::time::Duration::from_secs(15))?, 20012); // as the second attempt
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_relogin_attempts(mut self, attempts: impl Into<Option<u32>>) -> Self {
        self.reconnecting.max_attempts = attempts.into();
        self
    }

    /// Shortens each wait of the strategy by a random part of it, at most this one, from 0 to 1: so not all clients of
    /// a gate come back in the same moment. Default 0, which is exactly the strategy's waits.
    ///
    /// ```
    /// use rtm_client::ClientOptions;
    ///
    /// // From 1 to 2 seconds where the strategy says 2.
    /// let options = ClientOptions::new(11000001).relogin_jitter(0.5);
    /// ```
    pub fn relogin_jitter(mut self, part: f64) -> Self {
        self.reconnecting.jitter = part.clamp(0.0, 1.0);
        self
    }

    /// Whether the rooms the user was in are entered again after a relogin, in the order in which they were entered,
    /// before anything called after the relogin. Default false.
    ///
    /// Those are the rooms entered in this session and not left, by [`leave_room`](crate::RtmClient::leave_room) or by
    /// a push; at most the last ten. A room that cannot be entered again is told to
    /// [`on_error_recorder`](crate::RtmClient::on_error_recorder).
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).resume_rooms(true);
    /// # let client = RtmClient::new(options);
    /// # let (callback, reply) = reply::login();
    /// # client.login(1, "token", callback, None);
    /// # reply.wait()?;
    /// let (callback, reply) = reply::channel();
    /// client.enter_room(200, None, callback);
    /// reply.wait()?;
    /// let (sender, relogin) = std::sync::mpsc::channel();
    /// client.on_relogin_completed(move |ok, _, _, _| sender.send(ok).unwrap());
    /// gate.faults().on("getservertime").next(1).close();
    /// client.get_server_time(None, reply::ignore); // the connection is lost with it
    /// assert!(relogin.recv()?);
    ///
    /// let (callback, reply) = reply::channel();
    /// client.get_user_rooms(None, callback);
    /// assert_eq!(reply.wait()?, [200]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume_rooms(mut self, yes: bool) -> Self {
        self.resume_rooms = yes;
        self
    }

    /// Whether the language set with [`set_translation_language`](crate::RtmClient::set_translation_language) is
    /// set again after a relogin, before anything called after it. Default false.
    ///
    /// If that fails, [`on_error_recorder`](crate::RtmClient::on_error_recorder) is told.
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply, server_push};
    /// # let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).resume_language(true);
    /// # let client = RtmClient::new(options);
    /// # let (callback, reply) = reply::login();
    /// # client.login(1, "token", callback, None);
    /// # reply.wait()?;
    /// let (callback, reply) = reply::channel();
    /// client.set_translation_language("fr", None, callback);
    /// reply.wait()?;
    /// let (sender, relogin) = std::sync::mpsc::channel();
    /// client.on_relogin_completed(move |ok, _, _, _| sender.send(ok).unwrap());
    /// gate.faults().on("getservertime").next(1).close();
    /// client.get_server_time(None, reply::ignore); // the connection is lost with it
    /// assert!(relogin.recv()?);
    ///
    /// let (callback, reply) = reply::channel();
    /// client.get_server_time(None, callback);
    /// reply.wait()?; // and before it the language was set
    /// let (sender, texts) = std::sync::mpsc::channel();
    /// client.processor().on(server_push::RECV_BROADCAST_CHAT, move |m| sender.send(m.msg.to_string()).unwrap());
    /// gate.broadcast(9, 30, "hello", "");
    /// assert_eq!(texts.recv()?, "bonjour");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume_language(mut self, yes: bool) -> Self {
        self.resume_language = yes;
        self
    }

    /// Queues messages that are sent while the connection is made again, instead of failing them: up to that many
    /// bytes, each for that long. They go out in order after the relogin. Default: none, they fail with 20002 at once.
    ///
    /// A message over `max_bytes` fails with 20011, one that has waited for `max_age` with 20002, and with 20003 if its
    /// own timeout is over before that. When the session ends, what is queued fails with 20002. Other calls fail at
    /// once as before; so does a message on its way when the connection is lost, for it may have arrived.
    ///
    /// ```
    /// use std::time::Duration;
    /// # use rtm_client::{ClientOptions, RegressiveStrategy, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().start()?;
    ///
    /// # // The relogin begins after 1 s.
    /// # let (start_connect_failed_count, max_interval_seconds, linear_regressive_count) = (0, 1, 1);
    /// # let strategy =
    /// #     RegressiveStrategy { start_connect_failed_count, max_interval_seconds, linear_regressive_count };
    /// let options = ClientOptions::new(gate.pid())
    ///     .endpoint(gate.endpoint())
    ///     .queue_while_reconnecting(1 << 20, Duration::from_secs(30));
    /// # let client = RtmClient::new(options.regressive_strategy(strategy));
    /// # let (callback, reply) = reply::login();
    /// # client.login(1, "token", callback, None);
    /// # reply.wait()?;
    /// gate.faults().on("getservertime").next(1).close();
    /// let (callback, reply) = reply::channel();
    /// client.get_server_time(None, callback);
    /// assert_eq!(reply.wait().unwrap_err().code(), 20002); // the connection is lost
    ///
    /// let (callback, reply) = reply::channel();
    /// client.send_chat(2, "hello", "", None, None, callback);
    /// reply.wait()?; // after the relogin
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn queue_while_reconnecting(mut self, max_bytes: usize, max_age: Duration) -> Self {
        self.reconnecting.max_bytes = max_bytes;
        self.reconnecting.max_age = max_age;
        self
    }

    /// The largest package accepted from the gate, in bytes. A larger one ends the connection with 20009.
    /// Default 64 MiB.
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).max_received_bytes(1000);
    /// # let client = RtmClient::new(options);
    /// # let (callback, reply) = reply::login();
    /// # client.login(1, "token", callback, None);
    /// # reply.wait()?;
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// client.on_error_recorder(move |error| drop(sender.send(error.code())));
    /// gate.broadcast(9, 30, "x".repeat(1000), "");
    /// assert_eq!(receiver.recv_timeout(std::time::Duration::from_secs(15))?, 20009);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_received_bytes(mut self, bytes: usize) -> Self {
        self.max_received_bytes = bytes;
        self
    }

    /// The largest package sent, in bytes. A larger call fails with 20005 and the connection stays. Default 8 MiB,
    /// which is what the service takes.
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).max_sent_bytes(1000);
    /// # let client = RtmClient::new(options);
    /// # let (callback, reply) = reply::login();
    /// # client.login(1, "token", callback, None);
    /// # reply.wait()?;
    /// let send = |text: &str| {
    ///     let (callback, reply) = reply::channel();
    ///     client.send_chat(2, text, "", None, None, callback);
    ///     reply.wait().map(drop).map_err(|failed| failed.error.code())
    /// };
    /// assert_eq!(send(&"x".repeat(1000)), Err(20005));
    /// assert_eq!(send("short"), Ok(()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_sent_bytes(mut self, bytes: usize) -> Self {
        self.max_sent_bytes = bytes;
        self
    }

    /// How many bytes may wait for the socket. A call over the bound fails with 20011 at once. Default 64 MiB.
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).max_queued_bytes(1000);
    /// # let client = RtmClient::new(options);
    /// # let (callback, reply) = reply::login();
    /// # client.login(1, "token", callback, None);
    /// # reply.wait()?;
    /// let (callback, reply) = reply::channel();
    /// client.send_chat(2, "x".repeat(1000), "", None, None, callback);
    /// assert_eq!(reply.wait().unwrap_err().error.code(), 20011); // it alone is over the bound
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_queued_bytes(mut self, bytes: usize) -> Self {
        self.max_queued_bytes = bytes;
        self
    }

    /// How many calls may be in flight, counted until their callbacks have returned. A call over the bound fails with
    /// 20011 at once. Default 1 000 000.
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).max_in_flight(1);
    /// # let client = RtmClient::new(options);
    /// # let (callback, reply) = reply::login();
    /// # client.login(1, "token", callback, None);
    /// # reply.wait()?;
    /// gate.faults().on("getsession").never_answer();
    /// client.get_session(None, reply::ignore);
    /// let (callback, reply) = reply::channel();
    /// client.get_server_time(None, callback);
    /// assert_eq!(reply.wait().unwrap_err().code(), 20011);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_in_flight(mut self, calls: usize) -> Self {
        self.max_in_flight = calls;
        self
    }

    /// How many bytes received may wait for callbacks. At the bound the client stops reading until half of them are
    /// handed over. Default 64 MiB.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rtm_client::Callbacks;
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply, server_push};
    /// # let gate = Gate::builder().start()?;
    ///
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).callbacks(Callbacks::Manual);
    /// let client = RtmClient::new(options.max_undelivered_bytes(100_000));
    /// # let (callback, reply) = reply::login();
    /// # client.login(1, "token", callback, None);
    /// # reply.wait()?;
    /// let (sender, messages) = std::sync::mpsc::channel();
    /// client.processor().on(server_push::RECV_BROADCAST_CHAT, move |m| sender.send(m.mid).unwrap());
    /// for _ in 0..80 {
    ///     gate.broadcast(9, 30, "x".repeat(100_000), "");
    /// }
    /// std::thread::sleep(Duration::from_millis(100));
    /// assert!(client.stats().bytes_received < 1_000_000); // of 8 MB, while nobody runs callbacks
    ///
    /// let mut received = 0;
    /// while received < 80 {
    ///     client.run_callbacks(Duration::from_millis(100))?;
    ///     received += messages.try_iter().count();
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_undelivered_bytes(mut self, bytes: usize) -> Self {
        self.max_undelivered_bytes = bytes;
        self
    }

    /// Who runs callbacks and event handlers. Default: a thread of the client.
    ///
    /// ```
    /// use std::thread;
    /// use std::time::Duration;
    /// use rtm_client::Callbacks;
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().start()?;
    ///
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).callbacks(Callbacks::Manual);
    /// # let client = RtmClient::new(options);
    /// # let (callback, reply) = reply::login();
    /// # client.login(1, "token", callback, None);
    /// # reply.wait()?;
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// client.get_server_time(None, move |_, _| sender.send(thread::current().id()).unwrap());
    /// while client.run_callbacks(Duration::from_secs(1))? == 0 {}
    /// assert_eq!(receiver.recv()?, thread::current().id());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn callbacks(mut self, callbacks: Callbacks) -> Self {
        self.callbacks = callbacks;
        self
    }

    /// Certificates of issuers to trust besides the well-known ones: PEM, which may hold several, or DER. Can be
    /// called more than once. Default: none. One that cannot be read fails the login with 20012.
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// let gate = Gate::builder().tls_listen("127.0.0.1:0").start()?;
    /// let login = |options: ClientOptions| {
    ///     let client = RtmClient::new(options.ssl_endpoint(gate.tls_endpoint().unwrap()));
    ///     let (callback, reply) = reply::login();
    ///     client.login(1, "token", callback, None);
    ///     reply.wait().map_err(|error| error.code())
    /// };
    /// assert_eq!(login(ClientOptions::new(gate.pid())), Err(20012)); // nobody vouches for the gate
    /// assert_eq!(login(ClientOptions::new(gate.pid()).ca_certificates(gate.certificate().unwrap())), Ok(()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "tls")]
    pub fn ca_certificates(mut self, pem_or_der: impl Into<Vec<u8>>) -> Self {
        self.tls.issuers.push(pem_or_der.into());
        self
    }

    /// The certificate the client shows to a gate that asks for one, and its private key: PEM, where the certificates
    /// of its issuers may follow it, or DER. Default: none. What cannot be read fails the login with 20012.
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().tls_listen("127.0.0.1:0").start()?;
    /// # let options = ClientOptions::new(gate.pid())
    /// #     .ssl_endpoint(gate.tls_endpoint().unwrap())
    /// #     .ca_certificates(gate.certificate().unwrap());
    /// # let login = |options: ClientOptions| {
    /// #     let client = RtmClient::new(options);
    /// #     let (callback, reply) = reply::login();
    /// #     client.login(1, "token", callback, None);
    /// #     reply.wait().map_err(|error| error.code())
    /// # };
    /// let made = rcgen::generate_simple_self_signed(["client".to_owned()])?;
    /// let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    /// assert_eq!(login(options.clone().client_certificate(&*chain, key)), Ok(()));
    /// assert_eq!(login(options.client_certificate(chain, "no key")), Err(20012));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "tls")]
    pub fn client_certificate(
        mut self,
        chain: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Self {
        self.tls.client = Some((chain.into(), key.into()));
        self
    }

    /// Whether any certificate of a gate will do, which lets anybody in between read and change everything. For tests;
    /// each connect logs a warning. Default false.
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// let gate = Gate::builder().tls_listen("127.0.0.1:0").start()?;
    /// let options = ClientOptions::new(gate.pid())
    ///     .ssl_endpoint(gate.tls_endpoint().unwrap())
    ///     .danger_accept_invalid_certs(true); // the gate vouches for itself
    /// let client = RtmClient::new(options);
    /// let (callback, reply) = reply::login();
    /// client.login(1, "token", callback, None);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "tls")]
    pub fn danger_accept_invalid_certs(mut self, yes: bool) -> Self {
        self.tls.accept_invalid = yes;
        self
    }

    /// The proxy to connect through: `http://host:port`, which is asked to CONNECT, or `socks5://host:port`, either
    /// with `user:password@` before the host, percent-encoded. The proxy resolves the gate's name. A URL of another
    /// kind fails the login with 20012.
    ///
    /// By default the environment names the proxy: `HTTPS_PROXY`, or else `ALL_PROXY`, unless the gate is in
    /// `NO_PROXY` or on this machine. The names in lower case go first.
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// let options = ClientOptions::new(1)
    ///     .ssl_endpoint("rtm.example:13322")
    ///     .proxy("socks5://user:p%40ss@proxy.example:1080");
    ///
    /// // Where there is no proxy, the gate is not reached, though it is there.
    /// let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).proxy("http://127.0.0.1:1");
    /// let (callback, reply) = reply::login();
    /// let client = RtmClient::new(options);
    /// client.login(1, "token", callback, None);
    /// assert_eq!(reply.wait().unwrap_err().code(), 20012);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = ProxyChoice::Url(url.into());
        self
    }

    /// Connects directly, whatever the environment says.
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint());
    /// let login = |options: ClientOptions| {
    ///     let client = RtmClient::new(options);
    ///     let (callback, reply) = reply::login();
    ///     client.login(1, "token", callback, None);
    ///     reply.wait().map_err(|error| error.code())
    /// };
    /// let proxied = options.proxy("ftp://127.0.0.1:1"); // no kind of proxy
    /// assert_eq!(login(proxied.clone()), Err(20012));
    /// assert_eq!(login(proxied.no_proxy()), Ok(()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn no_proxy(mut self) -> Self {
        self.proxy = ProxyChoice::None;
        self
    }

    /// Whether to mend the frames that the service writes wrongly, which are those of exactly 126 bytes: their header
    /// lacks the length. Without the mending the connection stalls at such a frame. Default true; nothing else is
    /// touched.
    ///
    /// ```
    /// use std::time::Duration;
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().start()?;
    ///
    /// let fetch = |repair| {
    ///     let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint());
    ///     let client = RtmClient::new(options.repair_126_byte_frames(repair));
    /// #     let (callback, reply) = reply::login();
    /// #     client.login(1, "token", callback, None);
    /// #     reply.wait()?;
    ///     client.data_set("key", "x".repeat(103), None, reply::ignore); // 103 bytes make an answer of 126
    ///     let (callback, reply) = reply::channel();
    ///     client.data_get("key", Duration::from_millis(500), callback);
    ///     reply.wait()
    /// };
    /// gate.faults().on("dataget").broken_frame();
    /// assert_eq!(fetch(false).unwrap_err().code(), 20003); // the answer is never complete
    /// assert_eq!(fetch(true)?.val, Some("x".repeat(103).as_str().into()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn repair_126_byte_frames(mut self, yes: bool) -> Self {
        self.repair_126_byte_frames = yes;
        self
    }

    /// The URL that `login` dials.
    ///
    /// ```
    /// use rtm_client::ClientOptions;
    ///
    /// let options = ClientOptions::new(1).endpoint("a.example:13321").ssl_endpoint("b.example:13322");
    /// assert_eq!(options.gate_url(), "wss://b.example:13322/service/websocket");
    /// ```
    pub fn gate_url(&self) -> String {
        let (scheme, address) = self.gate();
        gate_url(scheme, &address)
    }

    /// The URL that file uploads dial.
    ///
    /// ```
    /// use rtm_client::ClientOptions;
    ///
    /// let options = ClientOptions::new(1).endpoint("a.example:13321");
    /// assert_eq!(options.file_gate_url(), "ws://fileproxy-a.example:13461/service/websocket");
    /// ```
    pub fn file_gate_url(&self) -> String {
        let (scheme, address) = self.file_gate();
        gate_url(scheme, &address)
    }

    /// The scheme and the `host:port` to dial.
    pub(crate) fn gate(&self) -> (&'static str, String) {
        if let Some(address) = &self.ssl_endpoint {
            return ("wss", address.clone());
        }
        ("ws", current_port(&self.endpoint))
    }

    /// The scheme and the `host:port` of each gate to dial, in turn.
    pub(crate) fn gates(&self) -> Vec<(&'static str, String)> {
        let (scheme, first) = self.gate();
        let backups = self.backup_endpoints.iter().map(|endpoint| match scheme {
            "ws" => current_port(endpoint),
            _ => endpoint.clone(),
        });
        [first].into_iter().chain(backups).map(|address| (scheme, address)).collect()
    }

    /// The scheme and the `host:port` of the file gate.
    pub(crate) fn file_gate(&self) -> (&'static str, String) {
        let (scheme, address) = self.gate();
        let address = self.file_endpoint.clone().unwrap_or_else(|| {
            let host = address.rsplit_once(':').map_or(&*address, |(host, _)| host);
            format!("fileproxy-{host}:{}", if scheme == "wss" { 13462 } else { 13461 })
        });
        (scheme, address)
    }
}

/// The legacy port stands for another one.
fn current_port(endpoint: &str) -> String {
    match endpoint.split_once(':') {
        Some((host, "13325")) => format!("{host}:13321"),
        _ => endpoint.to_owned(),
    }
}

/// The URL of a gate at that address.
pub(crate) fn gate_url(scheme: &str, address: &str) -> String {
    format!("{scheme}://{address}/service/websocket")
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientOptions")
            .field("pid", &self.pid)
            .field("gate_url", &self.gate_url())
            .field("auto_reconnect", &self.auto_reconnect)
            .finish_non_exhaustive()
    }
}
