//! Random schedules of network, clock and user: none breaks a promise of the machine.

use proptest::prelude::*;

use super::*;
use crate::testing::few_or_many;

/// What a schedule is made of: two bytes a step, so that a hundred thousand schedules take seconds.
type Schedule = Vec<(u8, u8)>;

/// The world around the machine, which believes what the machine says and checks that it never contradicts itself.
struct World {
    session: Session,
    now: Time,
    chance: f64,
    asked: Option<Question>,
    /// What the machine said last.
    phase: Option<Phase>,
    link: Link,
    /// Whether calls pass.
    open: bool,
    /// The outcomes of a login that are still owed: one or none.
    login_owed: bool,
    /// Whether the login has been given another token.
    login_renewed: bool,
    /// From the login's success on: what `SessionClosed` ends.
    established: bool,
    outage: Option<Outage>,
    /// Attempts after the first since the latest connection that lived long enough, and when there was one last.
    tries: u32,
    online_at: Time,
    /// Until when the gate has asked to be left alone.
    busy_until: Time,
    /// The attempts of a first login that is tried again: how many there were after the first, when the next begins, and
    /// whether one is under way.
    first: Option<(u32, Time, bool)>,
    /// That of the latest login.
    timeout: Time,
    /// When the gate was heard last, and by when it has to answer if it was asked since; while there is a connection.
    silence: Option<(Time, Option<Time>)>,
    /// By when the program has left, and whether it waits for a relogin.
    leaves: Option<(Time, bool)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Down,
    Dialing,
    /// Open, `auth` not sent.
    Open,
    Authenticating,
    Live,
}

#[derive(Clone, Copy, Debug)]
struct Outage {
    attempts: u32,
    /// Whether the latest attempt is still to be announced.
    owed: bool,
    /// When the next attempt is due, where none is under way.
    next: Time,
    last_error: i32,
    /// Whether the attempt has been given another token.
    renewed: bool,
    /// Whether the program was asked about the next attempt and agreed.
    agreed: bool,
}

fn verdict(how: u8) -> Input {
    Input::Verdict(match how {
        0..160 => Verdict::Go,
        160..200 => Verdict::TryAgain,
        200.. => Verdict::No,
    })
}

/// When the attempt after that many follows, as the documentation has it.
fn delay(options: &SessionOptions, attempts: u32, chance: f64) -> Time {
    let SessionOptions { strategy, jitter, .. } = options;
    let Some(grown) = attempts.checked_sub(strategy.start_connect_failed_count) else { return 0 };
    let longest = Time::from(strategy.max_interval_seconds) * SECOND;
    let step = longest / Time::from(strategy.linear_regressive_count.max(1));
    let delay = (step * (Time::from(grown) + 1)).min(longest);
    delay - (delay as f64 * jitter * chance) as Time
}

impl World {
    /// How long the attempt that is next is waited for, if it is.
    fn delay(&mut self) -> Option<Time> {
        let options = &self.session.options;
        let longest = Time::from(options.strategy.max_interval_seconds) * SECOND;
        let asked = std::mem::take(&mut self.busy_until).saturating_sub(self.now).min(longest);
        let waits = asked > 0 || self.tries >= options.strategy.start_connect_failed_count;
        Some(delay(options, self.tries, self.chance).max(asked)).filter(|_| waits)
    }

    fn new(options: SessionOptions, now: Time) -> World {
        World {
            session: Session::new(options),
            now,
            chance: 0.0,
            asked: None,
            phase: None,
            link: Link::Down,
            open: false,
            login_owed: false,
            login_renewed: false,
            established: false,
            outage: None,
            tries: 0,
            online_at: 0,
            busy_until: 0,
            first: None,
            timeout: 0,
            silence: None,
            leaves: None,
        }
    }

    /// The input that a step of a schedule stands for: what this world could say now, and at times what it could not.
    fn input(&mut self, (what, how): (u8, u8)) -> Input {
        self.chance = f64::from(how) / 255.0;
        let broken = [fpnn::CORE_CONNECTION_CLOSED, fpnn::PROTO_INVALID_PACKAGE];
        let broken = error(broken[usize::from(how) % broken.len()]);
        let codes = [fpnn::CORE_TIMEOUT, 200010, rtm::BLOCKED_USER, rtm::DUPLICATED_AUTH];
        let code = codes[usize::from(how) % codes.len()];
        match what {
            0..20 => Input::Login { timeout: Time::from(how / 64) * 10 * SECOND },
            20..26 => Input::Close,
            26..30 => Input::Bye { until: None },
            30..32 => Input::Bye { until: Some(self.now + Time::from(how) * SECOND / 16) },
            32..36 => Input::Destroy,
            // The clock, most often to the deadline.
            36..90 => {
                let deadline = self.session.deadline();
                self.now = match how {
                    0..200 if deadline != NEVER => self.now.max(deadline),
                    _ => self.now + Time::from(how) * SECOND / 8,
                };
                Input::Due
            }
            // What does not fit, or belongs to a connection that is gone.
            90..100 => match how % 7 {
                6 => Input::Drained,
                0 => Input::Lost(broken),
                1 if self.link != Link::Authenticating => Input::Authenticated(Ok(how < 128)),
                2 => Input::ByeAnswered,
                3 if how < 128 => Input::Doubt,
                3 => Input::Check,
                4 if self.asked.is_none() => verdict(how),
                _ => Input::Due,
            },
            // The network.
            _ => match (self.link, what) {
                (Link::Down, _) if self.asked.is_some() => verdict(how),
                (Link::Down, _) => Input::Due,
                (Link::Dialing, 100..110) => {
                    self.busy_until = self.now + Time::from(how) * SECOND / 16;
                    Input::Busy { until: self.busy_until }
                }
                (Link::Dialing, 110..180) => Input::ConnectFailed(error(20012)),
                (Link::Dialing, _) => Input::Connected,
                (_, 100..130) => Input::Lost(broken),
                (Link::Authenticating, 130..150) => Input::Authenticated(Err(error(code))),
                (Link::Authenticating, 150..160) => Input::Authenticated(Ok(false)),
                (Link::Authenticating, _) => Input::Authenticated(Ok(true)),
                (_, 130..140) => Input::Kickout,
                (_, 140..160) => Input::ByeAnswered,
                (_, 160..180) => Input::Drained,
                (_, 180..200) => Input::Doubt,
                (_, 200..210) => Input::Check,
                _ => {
                    self.session.heard(self.now);
                    self.silence = self.silence.map(|_| (self.now, None));
                    Input::Due
                }
            },
        }
    }

    fn step(&mut self, input: Input) -> Result<(), TestCaseError> {
        let by_user = matches!(input, Input::Login { .. } | Input::Close | Input::Destroy);
        let early = matches!(input, Input::Due) && self.now < self.session.deadline();
        let was_established = self.established;
        let mut outputs = Vec::new();
        if self.link == Link::Dialing && matches!(input, Input::Connected) {
            self.link = Link::Open;
        }
        let ignored = matches!(input, Input::Verdict(_)) && self.asked.is_none();
        if let Input::Verdict(verdict) = input {
            let was_asked = self.asked.take();
            if let (Some(outage), Some(Question::Relogin { .. })) = (&mut self.outage, was_asked) {
                outage.agreed = verdict == Verdict::Go;
                if verdict == Verdict::TryAgain {
                    // An attempt that has come to nothing.
                    outage.attempts += 1;
                    outage.owed = true;
                    self.tries += 1;
                }
            }
        }
        if matches!(input, Input::Destroy) {
            // Nobody is told.
            self.phase = None;
        }
        self.leave(&input);
        if let (Input::Check, Some(outage)) = (&input, &mut self.outage) {
            // Not waited for any longer.
            outage.next = outage.next.min(self.now);
        }
        if let (Input::Check, Some((_, next, _))) = (&input, &mut self.first) {
            *next = (*next).min(self.now);
        }
        if let Input::Login { timeout } = input {
            self.timeout = if timeout == 0 { to_time(CALL_TIMEOUT) } else { timeout };
            self.first = None;
        }
        let at = Moment { now: self.now, chance: self.chance };
        self.session.step(at, input.clone(), &mut outputs);
        prop_assert!(!ignored || outputs.is_empty(), "nothing was asked: {:?}", words(&outputs));
        prop_assert!(!early || outputs.is_empty(), "too early: {:?}", words(&outputs));
        for output in &outputs {
            self.apply(output, &input)?;
        }
        prop_assert_ne!(self.link, Link::Open, "connected, and nothing is done with it");
        let rests = self.session.is_idle() || self.asked.is_some() && self.leaves.is_none();
        prop_assert_eq!(rests, self.session.deadline() == NEVER);
        self.has_left(&input)?;
        let asks = outputs.iter().any(|output| matches!(output, Output::SendPing));
        self.is_heard(&input, asks)?;
        prop_assert_eq!(self.session.is_idle(), self.phase.is_none());
        prop_assert_eq!(self.open, self.phase == Some(Phase::Online));
        if let Some(Phase::Reconnecting { due: Some(due), .. }) = self.phase {
            prop_assert_eq!(due.min(self.leaves_by()), self.session.deadline());
        }
        if self.session.is_idle() {
            self.asked = None;
            prop_assert_eq!(self.link, Link::Down);
            prop_assert!(!self.open && !self.login_owed && !self.established);
            prop_assert!(self.outage.is_none());
        }
        match input {
            Input::Login { .. } => prop_assert!(self.login_owed && self.link == Link::Dialing),
            Input::Close | Input::Destroy => prop_assert!(self.session.is_idle()),
            _ => {}
        }
        if was_established && !self.established && !by_user {
            prop_assert!(self.session.is_idle());
        }
        Ok(())
    }

    fn apply(&mut self, output: &Output, input: &Input) -> Result<(), TestCaseError> {
        match *output {
            Output::Ask(question) => self.asked(question, input)?,
            Output::Dial { deadline } => self.dialed(deadline, input)?,
            Output::SendAuth => {
                prop_assert_eq!(self.link, Link::Open);
                self.link = Link::Authenticating;
            }
            Output::SendPing => {
                let Some((heard, None)) = self.silence else {
                    return Err(TestCaseError::fail("a ping without a reason"));
                };
                let lost_at = heard + self.session.options.max_ping_interval;
                let patience = match input {
                    Input::Check => CHECK_TIMEOUT,
                    Input::Doubt => PROBE_TIMEOUT,
                    _ => {
                        prop_assert!(
                            self.now >= heard + self.session.options.max_ping_interval / 2
                        );
                        PROBE_TIMEOUT
                    }
                };
                self.silence = Some((heard, Some(lost_at.min(self.now + patience))));
            }
            Output::SendBye => {
                self.silence = None;
                prop_assert!(self.link == Link::Live && self.established);
                let ripe = matches!(input, Input::Drained)
                    || self.leaves.is_some_and(|(until, _)| self.now >= until);
                prop_assert!(ripe, "bye before what was asked for has ended");
                self.leaves = Some((self.now + BYE_TIMEOUT, false));
            }
            Output::Phase(phase) => self.told(phase, input)?,
            Output::Closed(_) => {
                prop_assert!(self.phase.take().is_some(), "closed twice");
                prop_assert_eq!(self.link, Link::Down);
                prop_assert!(!matches!(input, Input::Destroy), "destroy is silent");
            }
            Output::Disconnect => {
                if let (Some((_, answer_by)), Input::Due) = (self.silence, input) {
                    let leaves = self.now >= self.leaves_by();
                    prop_assert!(leaves || answer_by.is_some_and(|by| self.now >= by));
                }
                self.silence = None;
                self.link = Link::Down;
            }
            Output::EndCalls { ref how, reconnecting } => {
                prop_assert_eq!(self.link, Link::Down);
                prop_assert_ne!(self.phase, Some(Phase::Online), "calls end before it is told");
                prop_assert_eq!(reconnecting, self.established && !matches!(input, Input::Destroy));
                let lost = matches!(how, CallEnd::Lost(_));
                prop_assert!(!reconnecting || lost);
                prop_assert!(!lost || matches!(input, Input::Lost(_) | Input::Due));
                self.open = false;
                if matches!(input, Input::Destroy) {
                    self.established = false;
                    self.outage = None;
                }
            }
            Output::LoginDone(ref end) => {
                let (ok, error_code) = (end.error().is_none(), end.error_code());
                prop_assert!(self.login_owed, "a login ended twice");
                self.login_owed = false;
                prop_assert_eq!(ok, self.link == Link::Live);
                prop_assert_eq!(self.phase, ok.then_some(Phase::Online));
                prop_assert!(!ok || error_code == 0);
                self.established = ok;
                self.first = None;
            }
            Output::Emit(ref event) => {
                prop_assert!(!matches!(input, Input::Destroy), "destroy is silent: {event:?}");
                self.heard(event, input)?;
            }
        }
        Ok(())
    }

    /// A gate that is silent is asked, and lost if it does not answer, in time.
    fn is_heard(&mut self, input: &Input, asks: bool) -> Result<(), TestCaseError> {
        let Some((heard, answer_by)) = &mut self.silence else {
            prop_assert!(!self.session.is_probing());
            return Ok(());
        };
        if let (Input::Check, Some(by)) = (input, &mut *answer_by) {
            *by = (*by).min(self.now + CHECK_TIMEOUT);
        }
        prop_assert_eq!(self.session.is_probing(), answer_by.is_some());
        let due = answer_by.unwrap_or(*heard + self.session.options.max_ping_interval / 2);
        let due = due.min(self.leaves.map_or(NEVER, |(until, _)| until));
        prop_assert_eq!(self.session.deadline(), due);
        // Asked after all the time allowed, it is lost in the next moment.
        prop_assert!(!matches!(input, Input::Due) || self.now < due || asks);
        Ok(())
    }

    fn leaves_by(&self) -> Time {
        self.leaves.map_or(NEVER, |(until, _)| until)
    }

    /// The program leaves, if that is the input.
    fn leave(&mut self, input: &Input) {
        if let Input::Login { .. } = input {
            self.leaves = None;
        }
        if let Input::Bye { until } = *input {
            if self.established && (self.link == Link::Live || until.is_some()) {
                let own = until.unwrap_or(self.now + BYE_TIMEOUT);
                let (before, patient) = self.leaves.unwrap_or((0, false));
                if self.session.is_draining() || self.leaves.is_none() {
                    self.leaves = Some((own.max(before), patient || until.is_some()));
                }
            }
        }
    }

    /// Who leaves has left in time, and with the connection if it is not patient.
    fn has_left(&mut self, input: &Input) -> Result<(), TestCaseError> {
        if self.session.is_idle() {
            self.leaves = None;
        }
        let Some((until, patient)) = self.leaves else {
            prop_assert!(!self.session.is_draining());
            return Ok(());
        };
        prop_assert!(self.session.deadline() <= until);
        prop_assert!(patient || self.link == Link::Live, "it is not patient");
        if matches!(input, Input::Due) {
            prop_assert!(self.now < until, "the time is over");
        }
        if matches!(input, Input::Drained) {
            prop_assert!(!self.session.is_draining() && self.link == Link::Live);
        }
        Ok(())
    }

    fn told(&mut self, phase: Phase, input: &Input) -> Result<(), TestCaseError> {
        prop_assert_ne!(self.phase.replace(phase), Some(phase), "told twice");
        match phase {
            Phase::Connecting => {
                let asked_for = matches!(input, Input::Login { .. });
                prop_assert!(!self.established && asked_for);
            }
            Phase::Online => {
                prop_assert!(self.link == Link::Authenticating && !self.open);
                prop_assert!(matches!(input, Input::Authenticated(_)));
                self.link = Link::Live;
                self.open = true;
                self.silence = Some((self.now, None));
                self.online_at = self.now;
            }
            Phase::Reconnecting { due, .. } => {
                prop_assert!(self.established && self.link == Link::Down);
                prop_assert!(due.is_none_or(|due| due >= self.now));
                // Calls pass no more: those in flight end next.
                self.open = false;
            }
        }
        Ok(())
    }

    fn asked(&mut self, question: Question, input: &Input) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.link, Link::Down);
        prop_assert!(self.asked.replace(question).is_none(), "two questions at once");
        match question {
            Question::Relogin { last_error, attempts } => {
                let Some(outage) = &self.outage else {
                    return Err(TestCaseError::fail("a relogin without an outage"));
                };
                prop_assert!(self.established && !self.open && !outage.owed);
                prop_assert_eq!(attempts, outage.attempts);
                prop_assert_eq!(last_error, outage.last_error);
                let attempt = attempts + 1;
                prop_assert_eq!(self.phase, Some(Phase::Reconnecting { attempt, due: None }));
                prop_assert!(self.now >= outage.next, "attempt {} is early", outage.attempts + 1);
                let most = self.session.options.max_attempts;
                prop_assert!(most.is_none_or(|most| attempts < most), "over the limit");
            }
            Question::Token => {
                prop_assert!(matches!(input, Input::Authenticated(_)));
                prop_assert!(self.login_owed || self.outage.is_some_and(|outage| outage.owed));
            }
        }
        Ok(())
    }

    fn dialed(&mut self, deadline: Time, input: &Input) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.link, Link::Down, "the link before is still there");
        prop_assert!(!self.open, "calls pass without a connection");
        let most = self.session.options.connection_timeout.min(self.timeout);
        prop_assert_eq!(deadline, self.now + most);
        self.link = Link::Dialing;
        if !self.established {
            prop_assert_eq!(self.phase, Some(Phase::Connecting));
        }
        if matches!(input, Input::Login { .. }) {
            prop_assert!(!self.login_owed, "the login before has no outcome");
            prop_assert!(!self.established);
            self.asked = None;
            self.login_owed = true;
            self.login_renewed = false;
            self.first = Some((0, 0, true));
            (self.tries, self.busy_until) = (0, 0);
            return Ok(());
        }
        if let Some((attempts, next, under_way @ false)) = &mut self.first {
            prop_assert!(self.login_owed && self.session.options.retry_first_login);
            prop_assert!(self.now >= *next, "attempt {} is early", *attempts + 1);
            *attempts += 1;
            self.tries += 1;
            *under_way = true;
            self.login_renewed = false;
            return Ok(());
        }
        let go = matches!(input, Input::Verdict(Verdict::Go));
        prop_assert!(go, "nobody asked for a connection");
        let Some(outage) = &mut self.outage else {
            prop_assert!(self.login_owed && !self.login_renewed, "a token replaced twice");
            self.login_renewed = true;
            return Ok(());
        };
        if outage.owed {
            prop_assert!(!outage.renewed, "a token replaced twice");
            outage.renewed = true;
            return Ok(());
        }
        prop_assert!(self.established && outage.agreed, "an attempt nobody agreed to");
        prop_assert!(self.now >= outage.next, "attempt {} is early", outage.attempts + 1);
        outage.attempts += 1;
        self.tries += 1;
        outage.owed = true;
        outage.agreed = false;
        outage.renewed = false;
        let attempt = outage.attempts;
        prop_assert_eq!(self.phase, Some(Phase::Reconnecting { attempt, due: None }));
        Ok(())
    }

    fn heard(&mut self, event: &SessionEvent, input: &Input) -> Result<(), TestCaseError> {
        if let SessionEvent::Error(_) = event {
            prop_assert_ne!(self.phase, Some(Phase::Online), "the error comes first");
        }
        if let (SessionEvent::Error(error), Some((attempts, _, under_way))) =
            (event, &mut self.first)
        {
            // The first login goes on unless that is final, or the last attempt.
            let options = &self.session.options;
            let last = options.max_attempts.is_some_and(|most| *attempts >= most);
            let put_off = matches!(input, Input::Verdict(Verdict::TryAgain));
            let for_good = is_final(error.code()) && !put_off;
            let ends = !options.retry_first_login || last || for_good;
            prop_assert_eq!(ends, self.phase.is_none());
            *under_way = false;
            let next = self.now + self.delay().unwrap_or(0);
            self.first = self.first.map(|(attempts, _, under_way)| (attempts, next, under_way));
        }
        match event {
            // Of an established session, the first trouble begins an outage.
            SessionEvent::Error(error) if self.established && self.outage.is_none() => {
                if self.now - self.online_at >= GOOD {
                    self.tries = 0;
                }
                let next = self.now + self.delay().unwrap_or(0);
                self.outage = Some(Outage {
                    attempts: 0,
                    owed: false,
                    next,
                    last_error: error.code(),
                    renewed: false,
                    agreed: false,
                });
            }
            SessionEvent::Error(_) => {}
            SessionEvent::ReloginCompleted(event) => {
                let delay = if event.successful { None } else { self.delay() };
                let Some(outage) = &mut self.outage else {
                    return Err(TestCaseError::fail("a relogin without an outage"));
                };
                prop_assert!(outage.owed, "attempt {} was announced twice", outage.attempts);
                outage.owed = false;
                prop_assert_eq!(event.retried_count, outage.attempts);
                prop_assert_eq!(event.successful, self.link == Link::Live);
                prop_assert!(!event.successful || (!event.retry_again && event.error_code == 0));
                if event.successful {
                    prop_assert_eq!(self.phase, Some(Phase::Online));
                    self.outage = None;
                } else {
                    let options = &self.session.options;
                    outage.next = self.now + delay.unwrap_or(0);
                    outage.last_error = event.error_code;
                    prop_assert_eq!(event.retry_again, !self.session.is_idle());
                    let exhausted = options.max_attempts == Some(outage.attempts);
                    prop_assert!(!event.retry_again || !exhausted);
                    let due = delay.map(|_| outage.next);
                    let next = Phase::Reconnecting { attempt: outage.attempts + 1, due };
                    prop_assert_eq!(self.phase, event.retry_again.then_some(next));
                    if event.retry_again && due.is_some() {
                        let next = outage.next.min(self.leaves.map_or(NEVER, |leaves| leaves.0));
                        prop_assert_eq!(self.session.deadline(), next);
                    }
                }
            }
            SessionEvent::Closed(code) => {
                prop_assert!(self.established, "closed twice, or never logged in");
                prop_assert_eq!(self.phase, None);
                if let (Some(outage), Input::Verdict(Verdict::No)) = (self.outage, input) {
                    prop_assert_eq!(*code, outage.last_error);
                }
                prop_assert_eq!(self.link, Link::Down);
                self.established = false;
                self.outage = None;
            }
        }
        Ok(())
    }

    /// Lets the time pass until nothing more happens: a first login that hangs and a `bye` come to an end by
    /// themselves, and an outage goes on with its attempts.
    fn wind_up(&mut self) -> Result<(), TestCaseError> {
        for _ in 0..24 {
            match self.asked {
                Some(question) => {
                    let goes = matches!(question, Question::Relogin { .. });
                    self.step(Input::Verdict(if goes { Verdict::Go } else { Verdict::No }))?;
                }
                None if self.session.is_idle() => break,
                None => {
                    self.now = self.session.deadline();
                    self.step(Input::Due)?;
                }
            }
        }
        let goes_on = self.session.options.retry_first_login;
        prop_assert!(!self.login_owed || goes_on, "a login without an outcome");
        prop_assert!(self.session.is_idle() || self.login_owed || self.outage.is_some());
        self.step(Input::Close)
    }
}

proptest! {
    #![proptest_config(few_or_many(1000, 100_000))]

    #[test]
    fn no_schedule_breaks_a_promise(
        steps in prop::collection::vec(any::<(u8, u8)>(), 1..48),
        auto_reconnect in prop::bool::weighted(0.9),
        retry_first_login in any::<bool>(),
        start_connect_failed_count in 0..4_u32,
        linear_regressive_count in 0..5_u32,
        max_attempts in prop::option::weighted(0.3, 0..5_u32),
        jitter in prop_oneof![Just(0.0), 0.0..=1.0],
        // The client is new, or runs for as many milliseconds as 31 and 32 bits hold, which are 25 and 49 days.
        uptime in prop_oneof![Just(0), Just(1 << 31), Just(1_u64 << 32)],
    ) {
        let steps: Schedule = steps;
        let strategy = RegressiveStrategy {
            start_connect_failed_count,
            max_interval_seconds: 8,
            linear_regressive_count,
        };
        let options = SessionOptions {
            auto_reconnect, retry_first_login, strategy, max_attempts, jitter, ..OPTIONS
        };
        let now = (uptime * (SECOND / 1000)).saturating_sub(10 * SECOND);
        let mut world = World::new(options, now);
        for step in steps {
            let input = world.input(step);
            world.step(input)?;
        }
        world.wind_up()?;
    }
}
