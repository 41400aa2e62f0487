use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;

use super::Gate;

/// What a gate is started with.
pub(super) struct Config {
    pub(super) listen: String,
    pub(super) file_listen: String,
    pub(super) pid: i64,
    /// The tokens accepted; none given means any.
    pub(super) tokens: BTreeMap<i64, BTreeSet<String>>,
    /// What tokens of version 2 are made with, in base64.
    pub(super) token_secret: Option<String>,
    pub(super) groups: BTreeMap<i64, Vec<i64>>,
    pub(super) ping_interval: Duration,
    pub(super) ping_timeout: Duration,
    pub(super) idle_limit: Duration,
    pub(super) write_limit: usize,
    pub(super) multi_login: bool,
    pub(super) multi_room: bool,
    pub(super) value_added: bool,
}

/// Settles how a [`Gate`] behaves, then starts it.
///
/// Every setting has the service's default, so that `Gate::builder().start()` is enough for most tests.
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
///     .start()?;
/// assert_eq!(gate.pid(), 11000002);
/// # Ok::<(), std::io::Error>(())
/// ```
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
                pid: 11000001,
                tokens: BTreeMap::new(),
                token_secret: None,
                groups: BTreeMap::new(),
                ping_interval: Duration::from_secs(20),
                ping_timeout: Duration::from_secs(5),
                idle_limit: Duration::from_secs(60),
                write_limit: 64 * 1024 * 1024,
                multi_login: true,
                multi_room: false,
                value_added: true,
            },
        }
    }

    /// The project id that logins must name. Default: 11000001.
    pub fn pid(mut self, pid: i64) -> Self {
        self.config.pid = pid;
        self
    }

    /// The address to listen on. Default: `127.0.0.1:0`, a free port of this machine alone.
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.config.listen = address.into();
        self
    }

    /// The address the file gate listens on. Default: `127.0.0.1:0`, a free port of this machine alone.
    pub fn file_listen(mut self, address: impl Into<String>) -> Self {
        self.config.file_listen = address.into();
        self
    }

    /// Lets this user log in with this token. Once any token is given, only the pairs given are accepted; without, any
    /// user logs in with any token.
    pub fn token(mut self, uid: i64, token: impl Into<String>) -> Self {
        self.config.tokens.entry(uid).or_default().insert(token.into());
        self
    }

    /// Accepts tokens of version 2 made with this secret, which is base64: `base64(HMAC-SHA256(secret, "pid:uid:ts"))`, given
    /// with its `ts` at login. Without [`token`](GateBuilder::token), no other token is accepted then. That `ts` lies in the
    /// past is not held against a token.
    ///
    /// [`start`](GateBuilder::start) fails if the secret is no base64.
    pub fn token_secret(mut self, secret: impl Into<String>) -> Self {
        self.config.token_secret = Some(secret.into());
        self
    }

    /// Makes a group of these users; called again for the same group, adds to it.
    pub fn group(mut self, gid: i64, uids: impl IntoIterator<Item = i64>) -> Self {
        self.config.groups.entry(gid).or_default().extend(uids);
        self
    }

    /// How often every connection is sent a ping. Default: 20 s.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.config.ping_interval = interval;
        self
    }

    /// How long a connection may take to answer a ping before it is dropped. Default: 5 s.
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.config.ping_timeout = timeout;
        self
    }

    /// How long a connection may be silent before it is dropped. Default: 60 s.
    pub fn idle_limit(mut self, limit: Duration) -> Self {
        self.config.idle_limit = limit;
        self
    }

    /// How many bytes may wait for a connection that reads too slowly before it is dropped. Default: 64 MiB.
    pub fn write_limit(mut self, bytes: usize) -> Self {
        self.config.write_limit = bytes;
        self
    }

    /// Whether a user may be logged in on several connections. Otherwise a login ends the older one with a kickout.
    /// Default: `true`.
    pub fn multi_login(mut self, allowed: bool) -> Self {
        self.config.multi_login = allowed;
        self
    }

    /// Whether a connection may be in several rooms, 10 at most. Otherwise entering a room leaves the one before.
    /// Default: `false`.
    pub fn multi_room(mut self, allowed: bool) -> Self {
        self.config.multi_room = allowed;
        self
    }

    /// Whether translation, checks and speech are on; otherwise they are refused with 200060. Default: `true`.
    pub fn value_added(mut self, enabled: bool) -> Self {
        self.config.value_added = enabled;
        self
    }

    /// Starts the gate. It listens when this returns.
    pub fn start(self) -> io::Result<Gate> {
        Gate::start(self.config)
    }
}
