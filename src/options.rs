//! The options of a client: those of the JavaScript constructor, and those of this crate.

mod bounds;
mod catch_up;
mod network;
mod relogin;

use std::borrow::Borrow;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use crate::time::{CONNECTION_TIMEOUT, SILENCE};
use crate::types::{OptionalText, pairs};
use crate::wire::gate_url;

pub use catch_up::CatchUp;

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
#[must_use = "options do nothing until a client is made with them"]
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
    pub(crate) callbacks_ready: Option<Ready>,
    pub(crate) reconnecting: Reconnecting,
    pub(crate) resume_rooms: bool,
    pub(crate) resume_language: bool,
    pub(crate) catch_up: Option<CatchUp>,
    pub(crate) tls: TlsOptions,
    pub(crate) proxy: ProxyChoice,
    pub(crate) repair_126_byte_frames: bool,
}

/// Tells the program that callbacks wait. The caller catches its panics.
pub(crate) type Ready = Arc<AssertUnwindSafe<Box<dyn Fn() + Send + Sync>>>;

/// The settings for lost connections, besides the strategy.
#[derive(Clone, Copy)]
pub(crate) struct Reconnecting {
    /// Whether a failed first login is repeated too.
    pub(crate) first_login: bool,
    pub(crate) max_attempts: Option<u32>,
    /// From 0 to 1.
    pub(crate) jitter: f64,
    /// The largest number of queued bytes; 0 queues none.
    pub(crate) max_bytes: usize,
    pub(crate) max_age: Duration,
    /// Whether sends in flight are queued too.
    pub(crate) resend: bool,
}

/// Where the proxy is found.
#[derive(Clone)]
pub(crate) enum ProxyChoice {
    Environment,
    None,
    Url(String),
}

/// The settings for TLS.
#[derive(Clone, Default)]
#[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "without TLS nobody asks"))]
pub(crate) struct TlsOptions {
    /// Certificates of further issuers, each PEM or DER.
    pub(crate) issuers: Vec<Vec<u8>>,
    /// The client's certificate chain and its key.
    pub(crate) client: Option<(Vec<u8>, Vec<u8>)>,
    pub(crate) accept_invalid: bool,
    /// Whether the platform decides which certificates are trusted.
    #[cfg(feature = "platform-verifier")]
    pub(crate) platform: bool,
}

/// The options of a login besides user and token: see [`RtmClient::login_with`](crate::RtmClient::login_with).
///
/// ```
/// use rtm_client::LoginOptions;
///
/// // The program's server has made a token from a time, which goes along with it.
/// let options = LoginOptions::default().ts(1_700_000_000);
/// assert_eq!(options.lang, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "options do nothing until a login has them"]
pub struct LoginOptions {
    /// The language into which chat texts are translated, such as `en`, as with
    /// [`set_translation_language`](crate::RtmClient::set_translation_language). `None` for no translation.
    pub lang: Option<String>,
    /// The time stamp of a token of version 2, in seconds since 1970; the program's own server makes such tokens. `None`
    /// for a token that the service gave out.
    pub ts: Option<i64>,
}

impl LoginOptions {
    /// Sets the language into which chat texts are translated.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, LoginOptions, RtmClient, gate::Gate, reply, server_push};
    ///
    /// let gate = Gate::builder().start()?;
    /// let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// let (sender, texts) = std::sync::mpsc::channel();
    /// client.processor().on(server_push::RECV_BROADCAST_CHAT, move |m| sender.send(m.msg.to_string()).unwrap());
    /// let (callback, reply) = reply::login();
    /// client.login_with(1, "token", LoginOptions::default().lang("fr"), callback, None);
    /// reply.wait()?;
    /// gate.broadcast(9, 30, "hello", "");
    /// assert_eq!(texts.recv()?, "bonjour");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn lang<'a>(self, lang: impl Into<OptionalText<'a>>) -> Self {
        LoginOptions { lang: lang.into().into_string(), ..self }
    }

    /// Sets the time stamp of a token of version 2, in seconds since 1970.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, LoginOptions, RtmClient, gate::Gate, reply};
    ///
    /// let gate = Gate::builder().token(1, "secret").start()?;
    /// let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// let (callback, reply) = reply::login();
    /// // The gate has no secret to look into the token with, so that it is refused.
    /// client.login_with(1, "made", LoginOptions::default().ts(1_700_000_000), callback, None);
    /// assert_eq!(reply.wait().unwrap_err().code(), 200027);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ts(self, seconds: impl Into<Option<i64>>) -> Self {
        LoginOptions { ts: seconds.into(), ..self }
    }
}

/// A token from a handler of [`on_token_wanted`](crate::RtmClient::on_token_wanted).
///
/// A text alone is a token that the service gave out; a text with a time is a token of version 2, which the program's
/// server made.
///
/// ```
/// use rtm_client::LoginToken;
///
/// assert_eq!(LoginToken::from("given out").ts, None);
/// assert_eq!(LoginToken::from(("made", 1_700_000_000)).ts, Some(1_700_000_000));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginToken {
    /// The token.
    pub token: String,
    /// The time stamp of the token: see [`LoginOptions::ts`].
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

/// Shows everything but the token.
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
#[non_exhaustive]
pub enum Callbacks {
    /// A thread of the client runs one callback after another.
    #[default]
    Thread,
    /// The program runs callbacks, in [`run_callbacks`](crate::RtmClient::run_callbacks): for a game loop or a GUI.
    ///
    /// [`callbacks_ready`](ClientOptions::callbacks_ready) wakes a loop that sleeps. Callbacks and handlers must be
    /// `Send` here too, because the client's own threads queue them, any thread may run them, and another thread may drop
    /// them.
    ///
    /// After [`destroy`](crate::RtmClient::destroy), `run_callbacks` never waits. If callbacks are still waiting when the
    /// last handle of the client is dropped, they are dropped without running, because no thread may run them. To run all
    /// callbacks, end with [`bye_and_wait`](crate::RtmClient::bye_and_wait), or with `close` and `run_callbacks`.
    Manual,
}

/// How long to wait before each attempt to log in again after the connection was lost.
///
/// The first `start_connect_failed_count` attempts follow at once; each later attempt waits
/// `max_interval_seconds / linear_regressive_count` longer than the last, up to `max_interval_seconds`. The defaults give
/// waits of 0, 0, 0, 2, 4, 6, 8, 8 … seconds.
///
/// The waits begin again at 0 once a connection has lived for 10 s; so the waits grow if a gate closes right after each
/// login. If a gate is too busy and says for how long (HTTP 503 or 429 with `Retry-After`), the client waits for that
/// time, up to `max_interval_seconds`.
///
/// ```
/// use rtm_client::{ClientOptions, RegressiveStrategy, RtmClient};
///
/// // 0, 10, 20, 30, 30 … seconds: one attempt at once, then up to half a minute in three steps.
/// let patient = RegressiveStrategy::new()
///     .start_connect_failed_count(1)
///     .max_interval_seconds(30)
///     .linear_regressive_count(3);
/// let client = RtmClient::new(ClientOptions::new(11000001).regressive_strategy(patient));
/// assert_eq!(RegressiveStrategy::new().max_interval_seconds, 8);
/// ```
#[doc(alias = "regressiveStrategy")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "a strategy does nothing until options have it"]
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
        RegressiveStrategy::new()
    }
}

impl RegressiveStrategy {
    /// The strategy of the JavaScript SDK: 0, 0, 0, 2, 4, 6, 8, 8 … seconds.
    ///
    /// ```
    /// use rtm_client::RegressiveStrategy;
    ///
    /// const PATIENT: RegressiveStrategy = RegressiveStrategy::new().max_interval_seconds(60);
    /// assert_eq!(PATIENT.linear_regressive_count, 4);
    /// assert_eq!(RegressiveStrategy::new(), RegressiveStrategy::default());
    /// ```
    pub const fn new() -> Self {
        RegressiveStrategy {
            start_connect_failed_count: 3,
            max_interval_seconds: 8,
            linear_regressive_count: 4,
        }
    }

    /// Sets how many attempts follow at once.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RegressiveStrategy, RtmClient};
    ///
    /// // 2, 4, 6, 8, 8 … seconds: no attempt at once.
    /// let strategy = RegressiveStrategy::new().start_connect_failed_count(0);
    /// let client = RtmClient::new(ClientOptions::new(11000001).regressive_strategy(strategy));
    /// ```
    pub const fn start_connect_failed_count(self, attempts: u32) -> Self {
        RegressiveStrategy { start_connect_failed_count: attempts, ..self }
    }

    /// Sets the longest wait, in seconds.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RegressiveStrategy, RtmClient};
    ///
    /// // 0, 0, 0, 15, 30, 45, 60, 60 … seconds.
    /// let strategy = RegressiveStrategy::new().max_interval_seconds(60);
    /// let client = RtmClient::new(ClientOptions::new(11000001).regressive_strategy(strategy));
    /// ```
    pub const fn max_interval_seconds(self, seconds: u32) -> Self {
        RegressiveStrategy { max_interval_seconds: seconds, ..self }
    }

    /// Sets in how many steps the wait grows to the longest; zero counts as 1.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RegressiveStrategy, RtmClient};
    ///
    /// // 0, 0, 0, 8, 8 … seconds.
    /// let strategy = RegressiveStrategy::new().linear_regressive_count(1);
    /// let client = RtmClient::new(ClientOptions::new(11000001).regressive_strategy(strategy));
    /// ```
    pub const fn linear_regressive_count(self, steps: u32) -> Self {
        RegressiveStrategy { linear_regressive_count: steps, ..self }
    }
}

impl ClientOptions {
    /// Options for the project `pid`, everything else at its default.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate};
    ///
    /// let gate = Gate::builder().start().unwrap();
    /// let options = ClientOptions::new(11000001).endpoint(gate.endpoint()); // the endpoint has no default
    /// let client = RtmClient::new(options);
    /// # rtm_client::doctest::log_in(&client);
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
            connection_timeout: CONNECTION_TIMEOUT,
            max_ping_interval_seconds: SILENCE.as_secs() as u32,
            regressive_strategy: RegressiveStrategy::default(),
            max_received_bytes: 64 << 20,
            max_sent_bytes: 8 << 20,
            max_queued_bytes: 64 << 20,
            max_in_flight: 1_000_000,
            max_undelivered_bytes: 64 << 20,
            callbacks: Callbacks::default(),
            callbacks_ready: None,
            reconnecting: Reconnecting {
                first_login: false,
                max_attempts: None,
                jitter: 0.0,
                max_bytes: 0,
                max_age: Duration::ZERO,
                resend: false,
            },
            resume_rooms: false,
            resume_language: false,
            catch_up: None,
            tls: TlsOptions::default(),
            proxy: ProxyChoice::Environment,
            repair_126_byte_frames: true,
        }
    }

    /// The gate, as `host:port`. The legacy port 13325 stands for 13321; no other port is changed. There is no default:
    /// if neither `endpoint` nor [`ssl_endpoint`](Self::ssl_endpoint) is set, a login fails with 20012.
    ///
    /// ```
    /// use rtm_client::ClientOptions;
    ///
    /// let options = ClientOptions::new(1).endpoint("rtm.example:13321");
    /// assert_eq!(options.gate_url(), "ws://rtm.example:13321/service/websocket");
    /// let legacy = ClientOptions::new(1).endpoint("rtm.example:13325");
    /// assert_eq!(legacy.gate_url(), options.gate_url());
    /// let address = ClientOptions::new(1).endpoint("[2001:db8::1]:13325");
    /// assert_eq!(address.gate_url(), "ws://[2001:db8::1]:13321/service/websocket");
    /// ```
    pub fn endpoint(self, endpoint: impl Into<String>) -> Self {
        ClientOptions { endpoint: endpoint.into(), ..self }
    }

    /// The gate's TLS port, as `host:port`. If set, this gate is used instead of [`endpoint`](Self::endpoint). Default:
    /// none, and no TLS. Without the feature `tls`, a login with `ssl_endpoint` fails with 20012.
    ///
    /// ```
    /// use rtm_client::ClientOptions;
    ///
    /// let options = ClientOptions::new(1).endpoint("rtm.example:13321").ssl_endpoint("rtm.example:13322");
    /// assert_eq!(options.gate_url(), "wss://rtm.example:13322/service/websocket");
    /// ```
    pub fn ssl_endpoint(self, endpoint: impl Into<String>) -> Self {
        ClientOptions { ssl_endpoint: Some(endpoint.into()), ..self }
    }

    /// Further gates, as `host:port`, tried in that order if the gate of [`endpoint`](Self::endpoint) or
    /// [`ssl_endpoint`](Self::ssl_endpoint) cannot be reached, or did not let the user in at the last attempt. Backup
    /// gates use TLS if the first gate does. All gates share one [`connection_timeout`](Self::connection_timeout).
    /// Default: none.
    ///
    /// The client tries all addresses of a gate, and then those of the next gate. When an address fails, the next follows
    /// at once; while addresses have not answered yet, another address is tried beside them every 250 ms. The first
    /// address that connects wins. If a later step then takes longer than 300 ms and four times as long as the
    /// connecting, the client again tries other addresses beside it.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    ///
    /// let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid())
    ///     .endpoint("127.0.0.1:1") // where no gate is
    ///     .backup_endpoints([gate.endpoint()]);
    /// let client = RtmClient::new(options);
    /// let (callback, reply) = reply::login();
    /// client.login(1, "token", callback, None);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn backup_endpoints(self, endpoints: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let owned = endpoints.into_iter().map(|endpoint| endpoint.as_ref().to_owned());
        ClientOptions { backup_endpoints: owned.collect(), ..self }
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
    pub fn file_endpoint(self, endpoint: impl Into<String>) -> Self {
        ClientOptions { file_endpoint: Some(endpoint.into()), ..self }
    }

    /// Attributes of the connection, sent at login in the order given. Default: none are sent.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    ///
    /// let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).attrs([("device", "terminal")]);
    /// let client = RtmClient::new(options);
    /// # rtm_client::doctest::log_in(&client);
    /// let (callback, reply) = reply::channel();
    /// client.get_attrs(None, callback);
    /// let device = reply.wait()?[0].get("device").cloned();
    /// assert_eq!(device, Some("terminal".into()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn attrs<K: AsRef<str>, V: AsRef<str>>(
        self,
        attrs: impl IntoIterator<Item = impl Borrow<(K, V)>>,
    ) -> Self {
        ClientOptions { attrs: Some(pairs(attrs)), ..self }
    }

    /// Who runs callbacks and event handlers. Default: a thread of the client.
    ///
    /// ```
    /// use std::thread;
    /// use std::time::Duration;
    /// use rtm_client::{Callbacks, ClientOptions, RtmClient, gate::Gate};
    ///
    /// let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).callbacks(Callbacks::Manual);
    /// let client = RtmClient::new(options);
    /// # rtm_client::doctest::log_in(&client);
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// client.get_server_time(None, move |_, _| sender.send(thread::current().id()).unwrap());
    /// while client.run_callbacks(Duration::from_secs(1))? == 0 {}
    /// assert_eq!(receiver.recv()?, thread::current().id());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn callbacks(self, callbacks: Callbacks) -> Self {
        ClientOptions { callbacks, ..self }
    }

    /// Calls `ready` whenever callbacks begin to wait for [`run_callbacks`](crate::RtmClient::run_callbacks), with
    /// [`Callbacks::Manual`]: so that a loop that sleeps can be woken. Default: nothing is called.
    ///
    /// A thread of the client, or a call, runs `ready` when the queue of callbacks stops being empty; one
    /// [`run_callbacks`](crate::RtmClient::run_callbacks) then runs all of them. The connection
    /// waits until `ready` returns, so `ready` should only send a message to the loop. Waiting inside `ready` is an
    /// error, as in a callback.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rtm_client::{Callbacks, ClientOptions, RtmClient, gate::Gate};
    ///
    /// let gate = Gate::builder().start()?;
    /// let (waker, events) = std::sync::mpsc::channel(); // as of a GUI's event loop
    /// let options = ClientOptions::new(gate.pid())
    ///     .endpoint(gate.endpoint())
    ///     .callbacks(Callbacks::Manual)
    ///     .callbacks_ready(move || drop(waker.send(())));
    /// let client = RtmClient::new(options);
    /// # rtm_client::doctest::log_in(&client); while client.run_callbacks(Duration::ZERO)? > 0 {} events.try_iter().for_each(drop);
    /// client.get_server_time(None, |_, time| println!("it is {time:?}"));
    /// events.recv()?; // the loop sleeps until then
    /// assert_eq!(client.run_callbacks(Duration::ZERO)?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn callbacks_ready(self, ready: impl Fn() + Send + Sync + 'static) -> Self {
        ClientOptions { callbacks_ready: Some(Arc::new(AssertUnwindSafe(Box::new(ready)))), ..self }
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
            format!("{FILE_GATE}{host}:{}", if scheme == "wss" { 13462 } else { 13461 })
        });
        (scheme, address)
    }
}

/// The beginning of the name of a file gate that is derived from the gate's name.
pub(crate) const FILE_GATE: &str = "fileproxy-";

/// The legacy port stands for another one.
fn current_port(endpoint: &str) -> String {
    match endpoint.rsplit_once(':') {
        // An IPv6 address has colons of its own, and stands in brackets.
        Some((host, "13325")) if !host.contains(':') || host.ends_with(']') => {
            format!("{host}:13321")
        }
        _ => endpoint.to_owned(),
    }
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
