//! Login, relogin and liveness as a pure state machine: inputs, the time and chance go in, outputs come out.
//!
//! Invariants, checked by the tests below: each login gets its outcome once; each relogin attempt is announced once; an
//! outage ends in a successful relogin or in exactly one `SessionClosed`; after `Close` and `Destroy` nothing is due.

use crate::error::Error;
use crate::error_code::{fpnn, rtm};
use crate::events::ReloginCompleted;
use crate::options::RegressiveStrategy;
use crate::time::{CALL_TIMEOUT, NEVER, Time, to_time};

/// Nanoseconds in a second.
const SECOND: Time = 1_000_000_000;

/// How long the answer to `bye` may take before the connection is closed without it.
const BYE_TIMEOUT: Time = 5 * SECOND;

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
    Bye,
    Close,
    /// The last handle is gone: end without an event.
    Destroy,
    /// The WebSocket is open.
    Connected,
    ConnectFailed(Error),
    /// The gate's answer to `auth`.
    Authenticated(Result<bool, Error>),
    /// The gate's answer to `bye`, whatever it says.
    ByeAnswered,
    /// The open connection ended.
    Lost(Error),
    /// The gate pinged.
    Pinged,
    Kickout,
    /// The answer to [`Output::Ask`]: whether to go on.
    Verdict(bool),
    /// The time given by [`Session::deadline`] has come.
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
    /// Ask the program, and go on with its [`Input::Verdict`].
    Ask(Question),
    /// Let calls pass.
    Open,
    /// Drop the connection, whatever state it is in.
    Disconnect,
    /// End the calls in flight with `error`.
    EndCalls {
        error: Error,
        later: Later,
    },
    /// Call the callback of `login`.
    LoginDone {
        ok: bool,
        error_code: i32,
    },
    Emit(SessionEvent),
}

/// What the program has a say in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// Whether to log in again, after that many attempts.
    Relogin { last_error: i32, retried_count: u32 },
    /// Whether there is another token than the one that was refused.
    Token,
}

/// What becomes of calls after those in flight have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Later {
    /// They end with that code.
    Fail(i32),
    /// The connection is made again.
    Reconnecting,
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
    pub(crate) connection_timeout: Time,
    pub(crate) max_ping_interval: Time,
    pub(crate) strategy: RegressiveStrategy,
    /// After how many failed attempts in one outage the session ends.
    pub(crate) max_attempts: Option<u32>,
    /// By how much of itself a wait may be shorter, from 0 to 1.
    pub(crate) jitter: f64,
}

pub(crate) struct Session {
    options: SessionOptions,
    state: State,
    /// How long `auth` may take.
    auth_timeout: Time,
    /// Whether a login has succeeded since the program asked for one: from then on the connection is made again.
    established: bool,
    /// Relogin attempts in this outage.
    attempts: u32,
    /// The wait before the latest attempt, without its jitter.
    interval: Time,
    /// Why there is no connection.
    last_error: i32,
    /// The error answer that refused the token, if it was one, while the program is asked for another token.
    refusal: Option<Error>,
    /// Whether the program was asked for another token in this attempt.
    renewed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Dialing {
        deadline: Time,
    },
    Authenticating {
        deadline: Time,
    },
    Live {
        silent_until: Time,
    },
    /// Between two attempts.
    Waiting {
        until: Time,
    },
    /// The program is asked; it may take its time.
    Asking(Question),
    /// `bye` was sent.
    Leaving {
        deadline: Time,
    },
}

impl Session {
    pub(crate) fn new(options: SessionOptions) -> Session {
        Session {
            options,
            state: State::Idle,
            auth_timeout: to_time(CALL_TIMEOUT),
            established: false,
            attempts: 0,
            interval: 0,
            last_error: 0,
            refusal: None,
            renewed: false,
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.state == State::Idle
    }

    /// When [`Input::Due`] is to be given next.
    pub(crate) fn deadline(&self) -> Time {
        match self.state {
            State::Idle | State::Asking(_) => NEVER,
            State::Dialing { deadline: at }
            | State::Authenticating { deadline: at }
            | State::Live { silent_until: at }
            | State::Waiting { until: at }
            | State::Leaving { deadline: at } => at,
        }
    }

    /// Goes on from `input`; what does not fit the state is ignored, such as the end of a connection when the next one
    /// is being opened already, or a verdict that comes after the session has ended.
    pub(crate) fn step(&mut self, at: Moment, input: Input, out: &mut Vec<Output>) {
        let now = at.now;
        match (input, self.state) {
            (Input::Login { timeout }, _) => {
                self.leave(out);
                self.auth_timeout = if timeout == 0 { to_time(CALL_TIMEOUT) } else { timeout };
                self.renewed = false;
                self.dial(now, out);
            }
            (Input::Bye, State::Live { .. }) => {
                self.state = State::Leaving { deadline: now.saturating_add(BYE_TIMEOUT) };
                out.push(Output::SendBye);
            }
            // It is on its way.
            (Input::Bye, State::Leaving { .. }) => {}
            (Input::Bye | Input::Close, _) => self.leave(out),
            (Input::Destroy, _) => self.vanish(out),
            (Input::Connected, State::Dialing { deadline }) => {
                let deadline = deadline.min(now.saturating_add(self.auth_timeout));
                self.state = State::Authenticating { deadline };
                out.push(Output::SendAuth);
            }
            (Input::ConnectFailed(error), State::Dialing { .. }) => {
                self.attempt_failed(at, error, out);
            }
            (Input::Authenticated(result), State::Authenticating { .. }) => match result {
                Ok(true) => self.live(now, out),
                Ok(false) => self.refused(at, None, out),
                Err(error) if error.code() == rtm::DUPLICATED_AUTH => self.live(now, out),
                Err(error) if error.code() == rtm::INVALID_AUTH_TOKEN => {
                    self.refused(at, Some(error), out);
                }
                Err(error) => self.attempt_failed(at, error, out),
            },
            (Input::Lost(error), State::Authenticating { .. }) => {
                self.attempt_failed(at, error, out);
            }
            (Input::Lost(error), State::Live { .. }) => self.lost(at, error, out),
            (Input::Lost(_) | Input::ByeAnswered, State::Leaving { .. }) => self.leave(out),
            (Input::Pinged, State::Live { .. }) => self.heard(now),
            // Nobody is to come back, as with a close.
            (Input::Kickout, State::Authenticating { .. }) => self.leave(out),
            (Input::Kickout, State::Live { .. } | State::Leaving { .. }) => {
                self.end(0, closed(), fpnn::CORE_CONNECTION_CLOSED, out);
            }
            (Input::Verdict(go), State::Asking(question)) => self.told(at, question, go, out),
            (Input::Due, _) if now >= self.deadline() => self.due(at, out),
            _ => {}
        }
    }

    fn due(&mut self, at: Moment, out: &mut Vec<Output>) {
        match self.state {
            State::Idle | State::Asking(_) => {}
            State::Dialing { .. } => {
                let error = Error::new(
                    fpnn::CORE_INVALID_CONNECTION,
                    "connecting took longer than the connection timeout",
                );
                self.attempt_failed(at, error, out);
            }
            State::Authenticating { .. } => {
                let error = Error::new(fpnn::CORE_TIMEOUT, "the gate did not answer the login");
                self.attempt_failed(at, error, out);
            }
            State::Live { .. } => {
                let error = Error::new(
                    fpnn::CORE_CONNECTION_CLOSED,
                    "no ping of the gate for the longest interval allowed",
                );
                self.lost(at, error, out);
            }
            State::Waiting { .. } => self.ask_to_relogin(out),
            State::Leaving { .. } => self.leave(out),
        }
    }

    fn dial(&mut self, now: Time, out: &mut Vec<Output>) {
        let deadline = now.saturating_add(self.options.connection_timeout);
        self.state = State::Dialing { deadline };
        out.push(Output::Dial { deadline });
    }

    fn heard(&mut self, now: Time) {
        let silent_until = now.saturating_add(self.options.max_ping_interval);
        self.state = State::Live { silent_until };
    }

    fn live(&mut self, now: Time, out: &mut Vec<Output>) {
        self.heard(now);
        out.push(Output::Open);
        if self.established {
            self.relogin_completed(true, false, 0, out);
        } else {
            out.push(Output::LoginDone { ok: true, error_code: 0 });
        }
        self.established = true;
        self.attempts = 0;
        self.interval = 0;
    }

    fn ask(&mut self, question: Question, out: &mut Vec<Output>) {
        self.state = State::Asking(question);
        out.push(Output::Ask(question));
    }

    fn ask_to_relogin(&mut self, out: &mut Vec<Output>) {
        let Session { last_error, attempts: retried_count, .. } = *self;
        self.ask(Question::Relogin { last_error, retried_count }, out);
    }

    /// The program's answer to a question.
    fn told(&mut self, at: Moment, question: Question, go: bool, out: &mut Vec<Output>) {
        match question {
            Question::Relogin { .. } if go => {
                self.attempts += 1;
                self.renewed = false;
                self.dial(at.now, out);
            }
            Question::Relogin { last_error, .. } => {
                self.end(last_error, closed(), fpnn::CORE_CONNECTION_CLOSED, out);
            }
            Question::Token if go => self.dial(at.now, out),
            Question::Token => match self.refusal.take() {
                Some(error) => self.attempt_failed(at, error, out),
                None => self.refused_for_good(out),
            },
        }
    }

    /// The gate answered that the token is not valid, with an error answer or without. Another one is tried once.
    fn refused(&mut self, at: Moment, error: Option<Error>, out: &mut Vec<Output>) {
        out.push(Output::Disconnect);
        self.refusal = error;
        if self.renewed {
            return self.told(at, Question::Token, false, out);
        }
        self.renewed = true;
        self.ask(Question::Token, out);
    }

    fn refused_for_good(&mut self, out: &mut Vec<Output>) {
        if self.established {
            self.relogin_completed(false, false, rtm::INVALID_AUTH_TOKEN, out);
            self.end(rtm::INVALID_AUTH_TOKEN, closed(), fpnn::CORE_CONNECTION_CLOSED, out);
        } else {
            self.state = State::Idle;
            out.push(Output::LoginDone { ok: false, error_code: 0 });
        }
    }

    fn attempt_failed(&mut self, at: Moment, error: Error, out: &mut Vec<Output>) {
        let code = error.code();
        out.push(Output::Disconnect);
        out.push(Output::Emit(SessionEvent::Error(error)));
        if !self.established {
            self.state = State::Idle;
            out.push(Output::LoginDone { ok: false, error_code: code });
        } else if is_final(code) || self.is_exhausted() {
            self.relogin_completed(false, false, code, out);
            self.end(code, closed(), fpnn::CORE_CONNECTION_CLOSED, out);
        } else {
            self.relogin_completed(false, true, code, out);
            self.try_again(at, code, out);
        }
    }

    fn relogin_completed(
        &mut self,
        successful: bool,
        retry_again: bool,
        error_code: i32,
        out: &mut Vec<Output>,
    ) {
        out.push(Output::Emit(SessionEvent::ReloginCompleted(ReloginCompleted {
            successful,
            retry_again,
            error_code,
            retried_count: self.attempts,
        })));
    }

    fn lost(&mut self, at: Moment, error: Error, out: &mut Vec<Output>) {
        let code = error.code();
        out.push(Output::Disconnect);
        out.push(Output::Emit(SessionEvent::Error(error.clone())));
        if !self.options.auto_reconnect {
            self.end(fpnn::CORE_UNKNOWN_ERROR, error, fpnn::CORE_CONNECTION_CLOSED, out);
        } else if self.is_exhausted() {
            self.end(code, error, fpnn::CORE_CONNECTION_CLOSED, out);
        } else {
            out.push(Output::EndCalls { error, later: Later::Reconnecting });
            self.try_again(at, code, out);
        }
    }

    fn is_exhausted(&self) -> bool {
        self.options.max_attempts.is_some_and(|most| self.attempts >= most)
    }

    /// Waits as the strategy says before the next attempt.
    fn try_again(&mut self, at: Moment, last_error: i32, out: &mut Vec<Output>) {
        let RegressiveStrategy {
            start_connect_failed_count,
            max_interval_seconds,
            linear_regressive_count,
        } = self.options.strategy;
        self.last_error = last_error;
        if self.attempts < start_connect_failed_count {
            return self.ask_to_relogin(out);
        }
        let longest = Time::from(max_interval_seconds) * SECOND;
        let step = longest / Time::from(linear_regressive_count.max(1));
        self.interval = (self.interval + step).min(longest);
        let shorter = (self.interval as f64 * self.options.jitter * at.chance) as Time;
        let wait = self.interval.saturating_sub(shorter);
        self.state = State::Waiting { until: at.now.saturating_add(wait) };
    }

    /// The program wants no session any more.
    fn leave(&mut self, out: &mut Vec<Output>) {
        match self.state {
            State::Idle => {}
            _ if self.established => self.end(0, closed(), fpnn::CORE_INVALID_CONNECTION, out),
            _ => {
                self.state = State::Idle;
                out.push(Output::Disconnect);
                out.push(Output::LoginDone { ok: false, error_code: fpnn::CORE_CONNECTION_CLOSED });
            }
        }
    }

    /// Ends an established session: the event first, then the calls.
    fn end(&mut self, event_code: i32, error: Error, later: i32, out: &mut Vec<Output>) {
        self.reset();
        out.push(Output::Disconnect);
        out.push(Output::Emit(SessionEvent::Closed(event_code)));
        out.push(Output::EndCalls { error, later: Later::Fail(later) });
    }

    fn vanish(&mut self, out: &mut Vec<Output>) {
        if self.state != State::Idle && !self.established {
            let error_code = fpnn::CORE_CONNECTION_CLOSED;
            out.push(Output::LoginDone { ok: false, error_code });
        }
        self.reset();
        let later = Later::Fail(fpnn::CORE_CONNECTION_CLOSED);
        out.push(Output::Disconnect);
        out.push(Output::EndCalls { error: closed(), later });
    }

    fn reset(&mut self) {
        self.state = State::Idle;
        self.established = false;
        self.attempts = 0;
        self.interval = 0;
        self.refusal = None;
    }
}

/// What the calls in flight end with when their connection is closed on purpose.
fn closed() -> Error {
    Error::connection_closed()
}

/// Codes after which trying again cannot help.
fn is_final(code: i32) -> bool {
    matches!(
        code,
        fpnn::CORE_FORBIDDEN
            | rtm::INVALID_PROJECT_ID_OR_USER_ID
            | rtm::INVALID_PROJECT_ID_OR_SIGN
            | rtm::PERMISSION_DENIED
            | rtm::AUTH_DENIED
            | rtm::ADMIN_LOGIN
            | rtm::ADMIN_ONLY
            | rtm::INVALID_AUTH_TOKEN
            | rtm::BLOCKED_USER
    )
}

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
#[cfg(test)]
mod tests;
