//! The events of the client itself: errors, relogins, the end of the session, and what the program is asked.

use std::cell::{Cell, RefCell};
use std::time::Instant;

use crate::error::Error;
use crate::listeners::Event;
use crate::options::LoginToken;

/// What the connection of a client is doing: see [`RtmClient::connection_state`](crate::RtmClient::connection_state).
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
    /// There is no session, and nothing is done to get one: before a login, after one that failed, after the end.
    #[default]
    Closed,
    /// The first login is under way.
    Connecting,
    /// The user is logged in.
    Online,
    /// The connection was lost and is made again.
    Reconnecting {
        /// Which attempt of this outage is under way or comes next, from 1 on.
        attempt: u32,
        /// When the attempt begins, while it is waited for. `None` while it is under way, and while the program is asked
        /// whether to go on or for a token.
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

/// An attempt to log in again is about to begin, unless a handler says no.
#[derive(Debug)]
pub(crate) struct ReloginWillStart {
    pub(crate) last_error: i32,
    pub(crate) retried_count: u32,
    pub(crate) vetoed: Cell<bool>,
}

/// A login needs a token; a handler may have one.
pub(crate) struct TokenWanted {
    pub(crate) uid: i64,
    pub(crate) token: RefCell<Option<LoginToken>>,
}

pub(crate) const RELOGIN_WILL_START: Event<ReloginWillStart> = Event::new("ReloginWillStart");
pub(crate) const TOKEN_WANTED: Event<TokenWanted> = Event::new("TokenWanted");
pub(crate) const CONNECTION_STATE: Event<ConnectionState> = Event::new("ConnectionState");
pub(crate) const ERROR_RECORDER: Event<Error> = Event::new("ErrorRecorder");
pub(crate) const RELOGIN_COMPLETED: Event<ReloginCompleted> = Event::new("ReloginCompleted");
pub(crate) const SESSION_CLOSED: Event<i32> = Event::new("SessionClosed");
