//! The events of the client itself: errors, relogins, the end of the session, and questions to the program.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use crate::error::Error;
use crate::listeners::Event;
use crate::options::LoginToken;
use crate::types::Gap;

/// The state of a client's connection: see [`RtmClient::connection_state`](crate::RtmClient::connection_state).
///
/// ```
/// use std::time::Instant;
/// use rtm_client::ConnectionState;
///
/// let line = |state: &ConnectionState| match *state {
///     ConnectionState::Online => "online".to_owned(),
///     ConnectionState::Reconnecting { next_attempt: Some(at), .. } => {
///         format!("reconnecting in {} s", at.saturating_duration_since(Instant::now()).as_secs())
///     }
///     ConnectionState::Reconnecting { attempt, .. } => format!("reconnecting, attempt {attempt}"),
///     ConnectionState::Connecting => "connecting".to_owned(),
///     _ => "offline".to_owned(),
/// };
/// assert_eq!(line(&ConnectionState::Reconnecting { attempt: 2, next_attempt: None }), "reconnecting, attempt 2");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionState {
    /// There is no session, and the client does not try to get one: before a login, after a failed login, after the end.
    #[default]
    Closed,
    /// The first login is under way.
    Connecting,
    /// The user is logged in.
    Online,
    /// The connection was lost, and the client reconnects.
    Reconnecting {
        /// The number of the current or next attempt in this outage, counted from 1.
        attempt: u32,
        /// The time when the next attempt begins. `None` during an attempt, and while the program is asked whether to go
        /// on, or for a token.
        next_attempt: Option<Instant>,
    },
}

/// The outcome of an attempt to log in again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReloginCompleted {
    pub(crate) successful: bool,
    pub(crate) retry_again: bool,
    pub(crate) error_code: i32,
    pub(crate) retried_count: u32,
}

/// An attempt to log in again is about to begin, unless a handler refuses.
#[derive(Debug)]
pub(crate) struct ReloginWillStart {
    pub(crate) last_error: i32,
    /// The attempt that begins counts: it is the number that its `ReloginCompleted` has.
    pub(crate) retried_count: u32,
    pub(crate) vetoed: Cell<bool>,
}

/// A login needs a token: see [`RtmClient::on_token_wanted`](crate::RtmClient::on_token_wanted). A `TokenWanted` can be
/// compared with a uid.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = with_token("fresh");
/// client.on_token_wanted(|wanted| (wanted.uid == 1).then_some("fresh"));
/// let (callback, reply) = reply::login();
/// client.login(1, "expired", callback, None);
/// reply.wait()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TokenWanted {
    /// The user whose token is wanted.
    pub uid: i64,
    pub(crate) token: RefCell<Option<LoginToken>>,
    /// The answer to a slot.
    pub(crate) answer: LateAnswer,
    /// Whether a handler has taken a slot.
    pub(crate) is_late: Cell<bool>,
}

pub(crate) type LateAnswer = Arc<dyn Fn(LateToken) + Send + Sync>;

/// The later answer of the program.
pub(crate) enum LateToken {
    Given(LoginToken),
    TryAgain,
    Refused,
}

impl TokenWanted {
    /// Gives a slot for a token that takes time. The handler then returns `None`, and other callbacks run meanwhile; the
    /// login goes on when any thread answers the slot. If a handler returns a token all the same, that token counts. Of
    /// several slots the first answer counts.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = with_token("fresh");
    /// client.on_token_wanted(|wanted| {
    ///     let slot = wanted.later();
    ///     std::thread::spawn(move || slot.give("fresh")); // asks the program's own server
    ///     None::<LoginToken>
    /// });
    /// let (callback, reply) = reply::login();
    /// client.login(1, "expired", callback, None);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn later(&self) -> TokenSlot {
        self.is_late.set(true);
        TokenSlot { answer: Some(self.answer.clone()) }
    }
}

impl PartialEq<i64> for &TokenWanted {
    fn eq(&self, uid: &i64) -> bool {
        self.uid == *uid
    }
}

impl fmt::Debug for TokenWanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenWanted").field("uid", &self.uid).finish_non_exhaustive()
    }
}

/// A place for a token that takes time, from [`TokenWanted::later`]. The login waits until the slot is answered. A slot
/// that is dropped without an answer [refuses](Self::refuse). An answer that comes too late has no effect.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = with_token("fresh");
/// client.on_token_wanted(|wanted| {
///     drop(wanted.later()); // as if the program had no token
///     None::<&str>
/// });
/// let (callback, reply) = reply::login();
/// client.login(1, "expired", callback, None);
/// assert_eq!(reply.wait().unwrap_err().code(), 200027);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropped, it refuses"]
pub struct TokenSlot {
    answer: Option<LateAnswer>,
}

impl TokenSlot {
    /// Lets the login go on with this token: a text, or a [`LoginToken`].
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = with_token("fresh");
    /// let (sender, slots) = std::sync::mpsc::channel();
    /// client.on_token_wanted(move |wanted| {
    ///     sender.send(wanted.later()).unwrap();
    ///     None::<LoginToken>
    /// });
    /// client.login(1, "expired", |_, _| {}, None);
    /// slots.recv()?.give("fresh");
    /// client.wait_online(Duration::from_secs(10))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn give(self, token: impl Into<LoginToken>) {
        let mut slot = self;
        slot.answer(LateToken::Given(token.into()));
    }

    /// Says that there is no token now, but may be one later: this attempt to log in has failed. The next attempt follows
    /// the [strategy](crate::ClientOptions::regressive_strategy), and asks again. Without a next attempt, as in a first
    /// login without [`retry_first_login`](crate::ClientOptions::retry_first_login), the effect is that of
    /// [`refuse`](Self::refuse).
    ///
    /// ```
    /// # use rtm_client::doctest::*; let gate = Gate::builder().token(1, "fresh").start()?;
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).retry_first_login(true);
    /// # let client = RtmClient::new(options);
    /// let mut asked = 0;
    /// client.on_token_wanted(move |wanted| {
    ///     asked += 1;
    ///     match asked {
    ///         1 => wanted.later().try_again(), // the program's own server is being restarted
    ///         _ => wanted.later().give("fresh"),
    ///     }
    ///     None::<LoginToken>
    /// });
    /// client.login(1, "expired", |_, _| {}, None);
    /// client.wait_online(Duration::from_secs(10))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_again(self) {
        let mut slot = self;
        slot.answer(LateToken::TryAgain);
    }

    /// Says that there is no token: a relogin goes on with the token it has, and the refusal of a token is final.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = with_token("fresh");
    /// client.on_token_wanted(|wanted| {
    ///     wanted.later().refuse();
    ///     None::<LoginToken>
    /// });
    /// let (callback, reply) = reply::login();
    /// client.login(1, "expired", callback, None);
    /// assert_eq!(reply.wait().unwrap_err().code(), 200027);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn refuse(self) {
        let mut slot = self;
        slot.answer(LateToken::Refused);
    }

    fn answer(&mut self, token: LateToken) {
        if let Some(answer) = self.answer.take() {
            answer(token);
        }
    }
}

impl Drop for TokenSlot {
    fn drop(&mut self) {
        self.answer(LateToken::Refused);
    }
}

impl fmt::Debug for TokenSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSlot").finish_non_exhaustive()
    }
}

pub(crate) const RELOGIN_WILL_START: Event<ReloginWillStart> = Event::new("ReloginWillStart");
pub(crate) const TOKEN_WANTED: Event<TokenWanted> = Event::new("TokenWanted");
pub(crate) const CONNECTION_STATE: Event<ConnectionState> = Event::new("ConnectionState");
pub(crate) const GAP: Event<Gap> = Event::new("Gap");
pub(crate) const ERROR_RECORDER: Event<Error> = Event::new("ErrorRecorder");
pub(crate) const RELOGIN_COMPLETED: Event<ReloginCompleted> = Event::new("ReloginCompleted");
pub(crate) const SESSION_CLOSED: Event<i32> = Event::new("SessionClosed");
