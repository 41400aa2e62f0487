//! Login, relogin and liveness as a pure state machine: inputs, the time and chance go in, outputs come out.
//!
//! Invariants, checked by the tests below: each login gets its outcome once; each relogin attempt is reported once; an
//! outage ends in a successful relogin or in exactly one `SessionClosed`; after `Close` and `Destroy` nothing is due; a
//! change of phase is reported before its consequences.

mod messages;
mod reasons;

use crate::dial::words::Entry;
use crate::error::Error;
use crate::error_code::{fpnn, rtm};
use crate::events::ReloginCompleted;
use crate::options::RegressiveStrategy;
use crate::time::{CALL_TIMEOUT, NEVER, Time, to_time};

pub(crate) use messages::{
    CallEnd, Input, LoginEnd, Moment, Output, Phase, Question, SessionEvent, SessionOptions,
    Verdict,
};
pub(crate) use reasons::closed_by_program;
use reasons::{closed_meanwhile, ended, ended_by, is_final, no_token_yet};

/// Nanoseconds in a second.
const SECOND: Time = 1_000_000_000;

/// How long `bye` waits for the answers to calls, and how long the answer to `bye` may take, before the connection is
/// closed.
const BYE_TIMEOUT: Time = 5 * SECOND;

/// How long the gate may be silent after a ping: in doubt, and when the program asks for a check.
const PROBE_TIMEOUT: Time = 5 * SECOND;
const CHECK_TIMEOUT: Time = 3 * SECOND;

/// A connection that has lived so long was good: the waits before the next attempts start again at the first.
const GOOD: Time = 10 * SECOND;

pub(crate) struct Session {
    options: SessionOptions,
    state: State,
    /// The phase reported last; `None` without a session.
    phase: Option<Phase>,
    /// The last gate that was reached, in words.
    gate: String,
    /// How long an attempt to log in may take, dialing included.
    login_timeout: Time,
    /// Whether a login has succeeded since the program asked for one: from then on the machine reconnects.
    established: bool,
    /// Attempts to log in again, in this outage or of this first login.
    attempts: u32,
    /// Attempts since the last good connection, and the wait before the latest attempt, without its jitter.
    tries: u32,
    interval: Time,
    /// The time of the login.
    online_since: Time,
    /// The time until which the gate wants no attempt.
    busy_until: Time,
    /// The reason why there is no connection.
    last_error: i32,
    /// The error answer that refused the token, if there was one, while the program is asked for another token.
    refusal: Option<Error>,
    /// Whether the program was asked for another token in this attempt.
    renewed: bool,
    /// Set while the program leaves and `bye` is not sent yet.
    farewell: Option<Farewell>,
}

/// The time to leave, unless all calls have ended before.
#[derive(Clone, Copy, Debug)]
struct Farewell {
    until: Time,
    /// Whether the leaving outlasts the connection, for messages that wait for the next connection.
    patient: bool,
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
    /// Logged in. The gate was heard last at `heard`; if it was pinged since then, data has to come by `answer_by`.
    Live {
        heard: Time,
        answer_by: Option<Time>,
    },
    /// Between two attempts.
    Waiting {
        until: Time,
    },
    /// The machine has asked the program, and waits for the answer without a limit.
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
            phase: None,
            gate: String::new(),
            login_timeout: to_time(CALL_TIMEOUT),
            established: false,
            attempts: 0,
            tries: 0,
            interval: 0,
            online_since: 0,
            busy_until: 0,
            last_error: 0,
            refusal: None,
            renewed: false,
            farewell: None,
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.state == State::Idle
    }

    /// Whether the program leaves when all of its calls have ended.
    pub(crate) fn is_draining(&self) -> bool {
        self.farewell.is_some()
    }

    /// Whether the gate was pinged and has sent no data since.
    pub(crate) fn is_probing(&self) -> bool {
        matches!(self.state, State::Live { answer_by: Some(_), .. })
    }

    /// The next [`Input::Connected`] is a connection to this gate, which errors name.
    pub(crate) fn reached(&mut self, gate: &str) {
        gate.clone_into(&mut self.gate);
    }

    /// Data of any kind has come from the gate.
    pub(crate) fn heard(&mut self, now: Time) {
        if let State::Live { heard, answer_by } = &mut self.state {
            (*heard, *answer_by) = (now, None);
        }
    }

    /// The time for the next [`Input::Due`].
    pub(crate) fn deadline(&self) -> Time {
        let farewell = self.farewell.map_or(NEVER, |farewell| farewell.until);
        farewell.min(self.state_ends_at())
    }

    fn state_ends_at(&self) -> Time {
        match self.state {
            State::Idle | State::Asking(_) => NEVER,
            State::Live { heard, answer_by: None } => {
                heard.saturating_add(self.options.max_ping_interval / 2)
            }
            State::Dialing { deadline: at }
            | State::Authenticating { deadline: at }
            | State::Live { answer_by: Some(at), .. }
            | State::Waiting { until: at }
            | State::Leaving { deadline: at } => at,
        }
    }

    /// Takes one step with `input`. An input that does not fit the state is ignored, such as the end of a connection when
    /// the next connection is already being opened, or a verdict after the end of the session.
    pub(crate) fn step(&mut self, at: Moment, input: Input, out: &mut Vec<Output>) {
        let now = at.now;
        match (input, self.state) {
            (Input::Login { timeout }, _) => {
                self.leave(out);
                self.login_timeout = if timeout == 0 { to_time(CALL_TIMEOUT) } else { timeout };
                self.renewed = false;
                self.dial(now, out);
            }
            // It is on its way.
            (Input::Bye { .. }, State::Leaving { .. } | State::Idle) => {}
            (Input::Bye { until }, State::Live { .. }) => self.drain(now, until),
            (Input::Bye { until: until @ Some(_) }, _) if self.established => {
                self.drain(now, until)
            }
            (Input::Drained, _) if self.is_draining() => self.say_bye(now, out),
            (Input::Bye { .. } | Input::Close, _) => self.leave(out),
            (Input::Destroy, _) => self.vanish(out),
            (Input::Connected, State::Dialing { deadline }) => {
                self.state = State::Authenticating { deadline };
                out.push(Output::SendAuth);
            }
            (Input::Busy { until }, State::Dialing { .. }) => self.busy_until = until,
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
                let text = Entry::Lost.of(&self.gate);
                let error = Error::with_source(error.code(), text, error);
                self.attempt_failed(at, error, out);
            }
            (Input::Lost(_), State::Live { .. }) if self.leaves_at_once() => self.leave(out),
            (Input::Lost(error), State::Live { .. }) => self.lost(at, error, out),
            (Input::Lost(_) | Input::ByeAnswered, State::Leaving { .. }) => self.leave(out),
            (Input::Doubt, State::Live { .. }) => self.probe(now, PROBE_TIMEOUT, out),
            (Input::Check, State::Live { .. }) => self.probe(now, CHECK_TIMEOUT, out),
            (Input::Check, State::Waiting { .. }) => self.attempt(now, out),
            // Nobody is to come back, as with a close.
            (Input::Kickout, State::Authenticating { .. }) => self.leave(out),
            (Input::Kickout, State::Live { .. } | State::Leaving { .. }) => {
                let why = ended("the service has kicked the user out");
                self.end(0, why, CallEnd::Unanswered, out);
            }
            (Input::Verdict(verdict), State::Asking(question)) => {
                self.told(at, question, verdict, out);
            }
            (Input::Due, _) if now >= self.deadline() => self.due(at, out),
            _ => {}
        }
    }

    fn due(&mut self, at: Moment, out: &mut Vec<Output>) {
        if self.farewell.is_some_and(|farewell| at.now >= farewell.until) {
            return self.say_bye(at.now, out);
        }
        match self.state {
            State::Idle | State::Asking(_) => {}
            State::Dialing { .. } => {
                // Who dials has said so before, and where it has come to.
                let text = "connecting took longer than it may";
                let error = Error::new(fpnn::CORE_INVALID_CONNECTION, text);
                self.attempt_failed(at, error, out);
            }
            State::Authenticating { .. } => {
                let text = Entry::NoAnswer.of(&self.gate);
                let error = Error::new(fpnn::CORE_TIMEOUT, text);
                self.attempt_failed(at, error, out);
            }
            State::Live { answer_by: None, .. } => self.probe(at.now, PROBE_TIMEOUT, out),
            State::Live { .. } if self.leaves_at_once() => self.leave(out),
            State::Live { .. } => {
                let text = "the gate is silent: no ping of its own, and no answer to the client's";
                self.lost(at, Error::new(fpnn::CORE_CONNECTION_CLOSED, text), out);
            }
            State::Waiting { .. } => self.attempt(at.now, out),
            State::Leaving { .. } => self.leave(out),
        }
    }

    /// Reports the phase, if it has changed.
    fn tell(&mut self, phase: Phase, out: &mut Vec<Output>) {
        if self.phase.replace(phase) != Some(phase) {
            out.push(Output::Phase(phase));
        }
    }

    /// Reports the end, once.
    fn tell_closed(&mut self, why: Error, out: &mut Vec<Output>) {
        if self.phase.take().is_some() {
            out.push(Output::Closed(why));
        }
    }

    fn dial(&mut self, now: Time, out: &mut Vec<Output>) {
        let most = self.login_timeout.min(self.options.connection_timeout);
        let deadline = now.saturating_add(most);
        self.state = State::Dialing { deadline };
        let attempt = self.attempts;
        let again = Phase::Reconnecting { attempt, due: None };
        self.tell(if self.established { again } else { Phase::Connecting }, out);
        out.push(Output::Dial { deadline });
    }

    /// Pings the gate, unless a ping is open already. The ping does not count as data from the gate.
    fn probe(&mut self, now: Time, patience: Time, out: &mut Vec<Output>) {
        let State::Live { heard, answer_by } = &mut self.state else { return };
        let by = heard.saturating_add(self.options.max_ping_interval);
        let by = by.min(now.saturating_add(patience));
        if answer_by.is_none() {
            out.push(Output::SendPing);
        }
        *answer_by = Some(answer_by.map_or(by, |before| before.min(by)));
    }

    fn live(&mut self, now: Time, out: &mut Vec<Output>) {
        self.state = State::Live { heard: now, answer_by: None };
        self.tell(Phase::Online, out);
        if self.established {
            self.relogin_completed(true, false, 0, out);
        } else {
            out.push(Output::LoginDone(LoginEnd::Online));
        }
        self.established = true;
        self.attempts = 0;
        self.online_since = now;
    }

    fn ask(&mut self, question: Question, out: &mut Vec<Output>) {
        self.state = State::Asking(question);
        out.push(Output::Ask(question));
    }

    /// The next attempt is due: in a first login the attempt begins, otherwise the machine asks the program.
    fn attempt(&mut self, now: Time, out: &mut Vec<Output>) {
        if !self.established {
            return self.begin(now, out);
        }
        let Session { last_error, attempts, .. } = *self;
        self.tell(Phase::Reconnecting { attempt: attempts + 1, due: None }, out);
        self.ask(Question::Relogin { last_error, attempts }, out);
    }

    /// Begins a further attempt.
    fn begin(&mut self, now: Time, out: &mut Vec<Output>) {
        self.attempts += 1;
        self.tries += 1;
        self.renewed = false;
        self.dial(now, out);
    }

    /// The program's answer to a question.
    fn told(&mut self, at: Moment, question: Question, verdict: Verdict, out: &mut Vec<Output>) {
        let tries_again = self.established || self.options.retry_first_login;
        match (question, verdict) {
            (Question::Relogin { .. }, Verdict::Go) => self.begin(at.now, out),
            (Question::Relogin { .. }, Verdict::TryAgain) => {
                self.attempts += 1;
                self.tries += 1;
                self.failed(at, no_token_yet(), false, out);
            }
            (Question::Relogin { last_error, .. }, Verdict::No) => {
                let why = ended("the program did not want to log in again");
                self.end(last_error, why, CallEnd::Unanswered, out);
            }
            (Question::Token, Verdict::Go) => self.dial(at.now, out),
            (Question::Token, Verdict::TryAgain) if tries_again => {
                let error = self.refusal.take().unwrap_or_else(no_token_yet);
                self.failed(at, error, false, out);
            }
            (Question::Token, Verdict::No | Verdict::TryAgain) => match self.refusal.take() {
                Some(error) => self.attempt_failed(at, error, out),
                None => self.refused_for_good(out),
            },
        }
    }

    /// The gate has refused the token, with an error answer or without. Another token is tried once.
    fn refused(&mut self, at: Moment, error: Option<Error>, out: &mut Vec<Output>) {
        out.push(Output::Disconnect);
        self.refusal = error;
        if self.renewed {
            return self.told(at, Question::Token, Verdict::No, out);
        }
        self.renewed = true;
        self.ask(Question::Token, out);
    }

    fn refused_for_good(&mut self, out: &mut Vec<Output>) {
        let error = Error::new(rtm::INVALID_AUTH_TOKEN, "the token is wrong or expired");
        if self.established {
            let code = error.code();
            let why = ended_by("the token was refused", error);
            self.tell_closed(why.clone(), out);
            self.relogin_completed(false, false, code, out);
            self.end(code, why, CallEnd::Unanswered, out);
        } else {
            self.reset();
            self.tell_closed(error.clone(), out);
            out.push(Output::LoginDone(LoginEnd::TokenRefused(error)));
        }
    }

    fn attempt_failed(&mut self, at: Moment, error: Error, out: &mut Vec<Output>) {
        let for_good = is_final(error.code());
        self.failed(at, error, for_good, out);
    }

    /// An attempt to log in has failed; `for_good`: there is no further attempt.
    fn failed(&mut self, at: Moment, error: Error, for_good: bool, out: &mut Vec<Output>) {
        out.push(Output::Disconnect);
        let is_last = for_good || self.is_exhausted();
        if !self.established {
            return self.first_login_failed(at, error, is_last, out);
        }
        let code = error.code();
        if is_last {
            let why = match for_good {
                true => ended_by("the login was refused for good", error.clone()),
                false => ended_by("the last attempt to log in again failed", error.clone()),
            };
            self.tell_closed(why.clone(), out);
            out.push(Output::Emit(SessionEvent::Error(error)));
            self.relogin_completed(false, false, code, out);
            self.end(code, why, CallEnd::Unanswered, out);
        } else {
            let due = self.plan(at, code, out);
            out.push(Output::Emit(SessionEvent::Error(error)));
            self.relogin_completed(false, true, code, out);
            self.wait(at.now, due, out);
        }
    }

    fn first_login_failed(
        &mut self,
        at: Moment,
        error: Error,
        is_last: bool,
        out: &mut Vec<Output>,
    ) {
        if self.options.retry_first_login && !is_last {
            out.push(Output::Emit(SessionEvent::Error(error)));
            let due = self.next_wait(at).map(|wait| at.now.saturating_add(wait));
            return self.wait(at.now, due, out);
        }
        self.reset();
        self.tell_closed(error.clone(), out);
        out.push(Output::Emit(SessionEvent::Error(error.clone())));
        out.push(Output::LoginDone(LoginEnd::Failed(error)));
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
        if !self.options.auto_reconnect || self.is_exhausted() {
            let why = ended_by("the connection was lost", error.clone());
            self.tell_closed(why.clone(), out);
            out.push(Output::Emit(SessionEvent::Error(error.clone())));
            let code = if self.options.auto_reconnect { code } else { fpnn::CORE_UNKNOWN_ERROR };
            self.end(code, why, CallEnd::Lost(error), out);
        } else {
            if at.now.saturating_sub(self.online_since) >= GOOD {
                (self.tries, self.interval) = (0, 0);
            }
            let due = self.plan(at, code, out);
            out.push(Output::Emit(SessionEvent::Error(error.clone())));
            out.push(Output::EndCalls { how: CallEnd::Lost(error), reconnecting: true });
            self.wait(at.now, due, out);
        }
    }

    fn is_exhausted(&self) -> bool {
        self.options.max_attempts.is_some_and(|most| self.attempts >= most)
    }

    /// The time of the next attempt by the strategy; `None` means at once. Reports the time.
    fn plan(&mut self, at: Moment, last_error: i32, out: &mut Vec<Output>) -> Option<Time> {
        self.last_error = last_error;
        let due = self.next_wait(at).map(|wait| at.now.saturating_add(wait));
        self.tell(Phase::Reconnecting { attempt: self.attempts + 1, due }, out);
        due
    }

    /// The wait before the next attempt; `None` means no wait.
    fn next_wait(&mut self, at: Moment) -> Option<Time> {
        let RegressiveStrategy {
            start_connect_failed_count,
            max_interval_seconds,
            linear_regressive_count,
        } = self.options.strategy;
        let longest = Time::from(max_interval_seconds) * SECOND;
        let asked = std::mem::take(&mut self.busy_until).saturating_sub(at.now).min(longest);
        if self.tries < start_connect_failed_count {
            return Some(asked).filter(|asked| *asked > 0);
        }
        let step = longest / Time::from(linear_regressive_count.max(1));
        self.interval = (self.interval + step).min(longest);
        let shorter = (self.interval as f64 * self.options.jitter * at.chance) as Time;
        Some(self.interval.saturating_sub(shorter).max(asked))
    }

    /// Waits until that time before the next attempt.
    fn wait(&mut self, now: Time, due: Option<Time>, out: &mut Vec<Output>) {
        match due {
            Some(until) => self.state = State::Waiting { until },
            None => self.attempt(now, out),
        }
    }

    /// The program leaves; the later of two deadlines counts.
    fn drain(&mut self, now: Time, until: Option<Time>) {
        let mut farewell = Farewell {
            until: until.unwrap_or_else(|| now.saturating_add(BYE_TIMEOUT)),
            patient: until.is_some(),
        };
        if let Some(before) = self.farewell {
            farewell.until = farewell.until.max(before.until);
            farewell.patient |= before.patient;
        }
        self.farewell = Some(farewell);
    }

    /// Whether the end of the connection ends the session, because the program leaves.
    fn leaves_at_once(&self) -> bool {
        self.farewell.is_some_and(|farewell| !farewell.patient)
    }

    /// The machine waits only for the answer to `bye`.
    fn say_bye(&mut self, now: Time, out: &mut Vec<Output>) {
        let State::Live { .. } = self.state else { return self.leave(out) };
        self.farewell = None;
        self.state = State::Leaving { deadline: now.saturating_add(BYE_TIMEOUT) };
        out.push(Output::SendBye);
    }

    /// The program ends the session.
    fn leave(&mut self, out: &mut Vec<Output>) {
        match self.state {
            State::Idle => {}
            _ if self.established => {
                let why = closed_by_program();
                self.end(0, why, CallEnd::Unanswered, out);
            }
            _ => {
                self.reset();
                out.push(Output::Disconnect);
                self.tell_closed(closed_meanwhile(), out);
                out.push(Output::LoginDone(LoginEnd::Failed(closed_meanwhile())));
            }
        }
    }

    /// Ends an established session: the event first, then the calls.
    fn end(&mut self, event_code: i32, why: Error, how: CallEnd, out: &mut Vec<Output>) {
        self.reset();
        out.push(Output::Disconnect);
        self.tell_closed(why, out);
        out.push(Output::Emit(SessionEvent::Closed(event_code)));
        out.push(Output::EndCalls { how, reconnecting: false });
    }

    fn vanish(&mut self, out: &mut Vec<Output>) {
        if self.state != State::Idle && !self.established {
            out.push(Output::LoginDone(LoginEnd::Failed(closed_meanwhile())));
        }
        self.reset();
        self.phase = None;
        out.push(Output::Disconnect);
        out.push(Output::EndCalls { how: CallEnd::Unanswered, reconnecting: false });
    }

    fn reset(&mut self) {
        self.state = State::Idle;
        self.established = false;
        self.attempts = 0;
        self.tries = 0;
        self.interval = 0;
        self.busy_until = 0;
        self.refusal = None;
        self.farewell = None;
    }
}

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
#[cfg(test)]
mod tests;
