//! The inputs and outputs of the session machine.

use crate::error::Error;
use crate::events::ReloginCompleted;
use crate::options::RegressiveStrategy;
use crate::time::Time;

/// When something happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Time,
    /// From 0 to 1, another each time: what the jitter is made of.
    pub(crate) chance: f64,
}

/// What happened.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// The program asks to log in. A timeout of 0 is the default.
    Login {
        timeout: Time,
    },
    /// The program leaves, when everything that it has asked for has ended or that time has come. `None` is in
    /// five seconds, and while there is no connection at once.
    Bye {
        until: Option<Time>,
    },
    /// Everything that the program has asked for has ended: given while [`Session::is_draining`](super::Session::is_draining).
    Drained,
    Close,
    /// The last handle is gone: end without an event.
    Destroy,
    /// The WebSocket is open.
    Connected,
    /// The gate is too busy, and wants to be left alone until then: before the failure that comes of it.
    Busy {
        until: Time,
    },
    ConnectFailed(Error),
    /// The gate's answer to `auth`.
    Authenticated(Result<bool, Error>),
    /// The gate's answer to `bye`, whatever it says.
    ByeAnswered,
    /// The open connection ended.
    Lost(Error),
    /// The gate may be gone: a call has timed out, or the machine has slept.
    Doubt,
    /// The program wants to know now whether the gate is there, and the next attempt to begin now.
    Check,
    Kickout,
    /// The answer to [`Output::Ask`].
    Verdict(Verdict),
    /// The time given by [`Session::deadline`](super::Session::deadline) has come.
    Due,
}

/// What to do now, in this order.
#[derive(Clone, Debug)]
pub(crate) enum Output {
    /// Open a connection, before that time.
    Dial {
        deadline: Time,
    },
    SendAuth,
    SendBye,
    /// Ask the gate whether it is there: anything that comes is an answer.
    SendPing,
    /// Ask the program, and go on with its [`Input::Verdict`].
    Ask(Question),
    /// That goes on now. From [`Phase::Online`] on calls pass.
    Phase(Phase),
    /// Nothing goes on any more, and why: calls fail with that from now on, if there was a session. After [`Input::Destroy`] it is not told.
    Closed(Error),
    /// Drop the connection, whatever state it is in.
    Disconnect,
    /// End the calls in flight; what waits for the next connection too, unless there is to be one.
    EndCalls {
        how: CallEnd,
        reconnecting: bool,
    },
    /// Call the callback of `login`.
    LoginDone(LoginEnd),
    Emit(SessionEvent),
}

/// How a login ends.
#[derive(Clone, Debug)]
pub(crate) enum LoginEnd {
    Online,
    /// The gate has said no to the token; JavaScript gives no code for it.
    TokenRefused(Error),
    Failed(Error),
}

impl LoginEnd {
    pub(crate) fn error(&self) -> Option<&Error> {
        match self {
            LoginEnd::Online => None,
            LoginEnd::TokenRefused(error) | LoginEnd::Failed(error) => Some(error),
        }
    }

    /// What the callback gets.
    pub(crate) fn error_code(&self) -> i32 {
        match self {
            LoginEnd::Online | LoginEnd::TokenRefused(_) => 0,
            LoginEnd::Failed(error) => error.code(),
        }
    }
}

/// What the program has a say in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// Whether to log in again, after that many attempts.
    Relogin { last_error: i32, attempts: u32 },
    /// Whether there is another token than the one that was refused.
    Token,
}

/// What the program says to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Go on.
    Go,
    /// End it.
    No,
    /// Not now: this attempt has come to nothing, the next one comes by the strategy.
    TryAgain,
}

/// What goes on between a login and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The first login, until it succeeds.
    Connecting,
    Online,
    /// `attempt` counts from 1. `due` is when it begins, while it is waited for: not while it is under way, nor while the
    /// program is asked.
    Reconnecting {
        attempt: u32,
        due: Option<Time>,
    },
}

/// How calls in flight end.
#[derive(Clone, Debug)]
pub(crate) enum CallEnd {
    /// Their connection was lost, by that error.
    Lost(Error),
    /// With the session, which was ended on purpose.
    Unanswered,
}

/// What the program is told besides the outcome of its calls.
#[derive(Clone, Debug)]
pub(crate) enum SessionEvent {
    Error(Error),
    ReloginCompleted(ReloginCompleted),
    Closed(i32),
}

/// What the machine needs of the options; times in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionOptions {
    pub(crate) auto_reconnect: bool,
    /// Whether a first login that fails is tried again.
    pub(crate) retry_first_login: bool,
    pub(crate) connection_timeout: Time,
    pub(crate) max_ping_interval: Time,
    pub(crate) strategy: RegressiveStrategy,
    /// After how many further attempts that failed the session or the first login ends.
    pub(crate) max_attempts: Option<u32>,
    /// By how much of itself a wait may be shorter, from 0 to 1.
    pub(crate) jitter: f64,
}
