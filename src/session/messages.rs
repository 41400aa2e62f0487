//! The inputs and outputs of the session machine.

use crate::error::Error;
use crate::events::ReloginCompleted;
use crate::options::RegressiveStrategy;
use crate::time::Time;

/// The time of an input, and a random number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Time,
    /// A random number from 0 to 1, new each time, for the jitter.
    pub(crate) chance: f64,
}

/// An input: an event.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// The program asks to log in. A timeout of 0 is the default.
    Login {
        timeout: Time,
    },
    /// The program leaves, when all of its calls have ended or this time has come. `None` means in five seconds, or at
    /// once without a connection.
    Bye {
        until: Option<Time>,
    },
    /// All calls of the program have ended: given while [`Session::is_draining`](super::Session::is_draining).
    Drained,
    Close,
    /// The last handle was dropped: end without an event.
    Destroy,
    /// The WebSocket is open.
    Connected,
    /// The gate is too busy, and wants no attempt until this time: given before the failure of the attempt.
    Busy {
        until: Time,
    },
    ConnectFailed(Error),
    /// The gate's answer to `auth`.
    Authenticated(Result<bool, Error>),
    /// The gate's answer to `bye`, of any kind.
    ByeAnswered,
    /// The open connection ended.
    Lost(Error),
    /// The gate may be gone, because a call has timed out, or the machine has slept.
    Doubt,
    /// The program asks for a check of the gate now, or for the next attempt now.
    Check,
    Kickout,
    /// The answer to [`Output::Ask`].
    Verdict(Verdict),
    /// The time given by [`Session::deadline`](super::Session::deadline) has come.
    Due,
}

/// An output: the next thing to do, in the order of the outputs.
#[derive(Clone, Debug)]
pub(crate) enum Output {
    /// Open a connection before this time.
    Dial {
        deadline: Time,
    },
    SendAuth,
    SendBye,
    /// Ping the gate: data of any kind is an answer.
    SendPing,
    /// Ask the program, and go on with its [`Input::Verdict`].
    Ask(Question),
    /// The phase is now this. From [`Phase::Online`] on calls pass.
    Phase(Phase),
    /// There is no session any more, for this reason: from now on calls fail with it, if there was a session. Not
    /// reported after [`Input::Destroy`].
    Closed(Error),
    /// Drop the connection, in any state.
    Disconnect,
    /// End the calls in flight, and the messages that wait for the next connection, unless there will be one.
    EndCalls {
        how: CallEnd,
        reconnecting: bool,
    },
    /// Call the callback of `login`.
    LoginDone(LoginEnd),
    Emit(SessionEvent),
}

/// The end of a login.
#[derive(Clone, Debug)]
pub(crate) enum LoginEnd {
    Online,
    /// The gate has refused the token; JavaScript gives no code for this refusal.
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

    /// The arguments of the callback.
    pub(crate) fn error_code(&self) -> i32 {
        match self {
            LoginEnd::Online | LoginEnd::TokenRefused(_) => 0,
            LoginEnd::Failed(error) => error.code(),
        }
    }
}

/// A question to the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// Whether to log in again, after this number of attempts.
    Relogin { last_error: i32, attempts: u32 },
    /// Whether there is another token, in place of the refused token.
    Token,
}

/// The program's answer to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Go on.
    Go,
    /// End the session.
    No,
    /// Not now: this attempt has failed, and the next attempt follows the strategy.
    TryAgain,
}

/// The phase between a login and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The first login, until it succeeds.
    Connecting,
    Online,
    /// `attempt` counts from 1. `due` is the time when the attempt begins; `None` during an attempt, and while the
    /// program is asked.
    Reconnecting {
        attempt: u32,
        due: Option<Time>,
    },
}

/// The end of calls in flight.
#[derive(Clone, Debug)]
pub(crate) enum CallEnd {
    /// The connection was lost, with this error.
    Lost(Error),
    /// The session was ended on purpose.
    Unanswered,
}

/// An event for the program, besides the outcomes of its calls.
#[derive(Clone, Debug)]
pub(crate) enum SessionEvent {
    Error(Error),
    ReloginCompleted(ReloginCompleted),
    Closed(i32),
}

/// The options that the machine needs; times in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionOptions {
    pub(crate) auto_reconnect: bool,
    /// Whether a failed first login is repeated.
    pub(crate) retry_first_login: bool,
    pub(crate) connection_timeout: Time,
    pub(crate) max_ping_interval: Time,
    pub(crate) strategy: RegressiveStrategy,
    /// The number of further failed attempts after which the session or the first login ends.
    pub(crate) max_attempts: Option<u32>,
    /// The part by which a wait may be shorter, from 0 to 1.
    pub(crate) jitter: f64,
}
