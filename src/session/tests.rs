use super::*;
use proptest::prelude::*;

const OPTIONS: SessionOptions = SessionOptions {
    auto_reconnect: true,
    connection_timeout: 30 * SECOND,
    max_ping_interval: 60 * SECOND,
    strategy: RegressiveStrategy {
        start_connect_failed_count: 3,
        max_interval_seconds: 8,
        linear_regressive_count: 4,
    },
};

const BROKEN: i32 = fpnn::CORE_CONNECTION_CLOSED;

fn error(code: i32) -> Error {
    Error::new(code, "")
}

/// Outputs in words that can be compared.
fn words(outputs: &[Output]) -> Vec<String> {
    let word = |output: &Output| match output {
        Output::Dial { .. } => "dial".to_owned(),
        Output::SendAuth => "auth".to_owned(),
        Output::SendBye => "bye".to_owned(),
        Output::Open => "open".to_owned(),
        Output::Disconnect => "disconnect".to_owned(),
        Output::EndCalls { later, .. } => format!("end calls, later {later}"),
        Output::LoginDone { ok, error_code } => format!("login {ok} {error_code}"),
        Output::Emit(SessionEvent::Error(error)) => format!("error {}", error.code()),
        Output::Emit(SessionEvent::ReloginCompleted(event)) => format!(
            "relogin {} {} {} {}",
            event.successful, event.retry_again, event.error_code, event.retried_count
        ),
        Output::Emit(SessionEvent::Closed(code)) => format!("closed {code}"),
    };
    outputs.iter().map(word).collect()
}

struct Machine {
    session: Session,
    now: Time,
}

impl Machine {
    fn new(options: SessionOptions) -> Machine {
        Machine { session: Session::new(options), now: 1_000 }
    }

    fn live(options: SessionOptions) -> Machine {
        let mut machine = Machine::new(options);
        machine.step(Input::Login { timeout: 0 });
        machine.step(Input::Connected);
        assert_eq!(machine.step(Input::Authenticated(Ok(true))), ["open", "login true 0"]);
        machine
    }

    fn step(&mut self, input: Input) -> Vec<String> {
        let mut outputs = Vec::new();
        self.session.step(self.now, input, &mut outputs);
        words(&outputs)
    }

    /// Lets the time go on to the deadline. Returns how long that was, and what came of it.
    fn due(&mut self) -> (Time, Vec<String>) {
        let waited = self.session.deadline() - self.now;
        self.now += waited;
        (waited, self.step(Input::Due))
    }
}

#[test]
fn a_login_goes_through_its_steps() {
    let mut machine = Machine::new(OPTIONS);
    assert!(machine.session.is_idle());
    assert_eq!(machine.step(Input::Login { timeout: 0 }), ["dial"]);
    assert_eq!(machine.session.deadline(), machine.now + 30 * SECOND);
    assert_eq!(machine.step(Input::Connected), ["auth"]);
    assert_eq!(machine.session.deadline(), machine.now + 20 * SECOND);
    assert_eq!(machine.step(Input::Authenticated(Ok(true))), ["open", "login true 0"]);
    assert_eq!(machine.session.deadline(), machine.now + 60 * SECOND);
    assert_eq!(machine.step(Input::Close), ["disconnect", "closed 0", "end calls, later 20012"]);
    assert!(machine.session.is_idle());
}

#[test]
fn connecting_and_the_login_share_the_connection_timeout() {
    let mut machine = Machine::new(OPTIONS);
    machine.step(Input::Login { timeout: 25 * SECOND });
    machine.now += 10 * SECOND;
    machine.step(Input::Connected);
    let (waited, outputs) = machine.due();
    assert_eq!(waited, 20 * SECOND);
    assert_eq!(outputs, ["disconnect", "error 20003", "login false 20003"]);
}

#[test]
fn each_way_a_first_login_fails() {
    let refused = ["disconnect", "login false 0"].map(str::to_owned).to_vec();
    let failed = |code: i32| {
        vec!["disconnect".into(), format!("error {code}"), format!("login false {code}")]
    };
    let cases = [
        (vec![Input::ConnectFailed(error(20012))], failed(20012)),
        (vec![Input::Connected, Input::Authenticated(Ok(false))], refused),
        (vec![Input::Connected, Input::Authenticated(Err(error(200024)))], failed(200024)),
        (vec![Input::Connected, Input::Lost(error(BROKEN))], failed(BROKEN)),
    ];
    for (inputs, expected) in cases {
        let mut machine = Machine::new(OPTIONS);
        machine.step(Input::Login { timeout: 0 });
        let outputs = inputs.into_iter().map(|input| machine.step(input)).last();
        assert_eq!(outputs, Some(expected));
        assert!(machine.session.is_idle());
    }
    let mut machine = Machine::new(OPTIONS);
    machine.step(Input::Login { timeout: 0 });
    assert_eq!(machine.due().1, failed(20012));
    for input in [Input::Close, Input::Bye, Input::Login { timeout: 0 }] {
        let mut machine = Machine::new(OPTIONS);
        machine.step(Input::Login { timeout: 0 });
        assert_eq!(machine.step(input)[..2], ["disconnect", "login false 20002"]);
    }
}

#[test]
fn relogin_delays_are_those_of_the_strategy() {
    let mut machine = Machine::live(OPTIONS);
    let mut outputs = machine.step(Input::Lost(error(BROKEN)));
    assert_eq!(outputs, ["disconnect", "error 20002", "end calls, later 20002", "dial"]);
    let mut delays = Vec::new();
    for attempt in 1..=12 {
        if outputs.last().is_some_and(|last| last == "dial") {
            delays.push(0);
        } else {
            let (waited, outputs) = machine.due();
            assert_eq!(outputs, ["dial"]);
            delays.push(waited);
        }
        outputs = machine.step(Input::ConnectFailed(error(20012)));
        let announced = format!("relogin false true 20012 {attempt}");
        assert_eq!(outputs[..3], ["disconnect".into(), "error 20012".into(), announced]);
    }
    let seconds = [0, 0, 0, 2, 4, 6, 8, 8, 8, 8, 8, 8];
    assert_eq!(delays, seconds.map(|seconds| seconds * SECOND));
}

#[test]
fn a_strategy_of_zeros_is_no_division_by_zero() {
    let strategy = RegressiveStrategy {
        start_connect_failed_count: 0,
        max_interval_seconds: 5,
        linear_regressive_count: 0,
    };
    let mut machine = Machine::live(SessionOptions { strategy, ..OPTIONS });
    machine.step(Input::Lost(error(BROKEN)));
    assert_eq!(machine.due(), (5 * SECOND, vec!["dial".into()]));
}

#[test]
fn a_relogin_starts_the_delays_anew() {
    let mut machine = Machine::live(OPTIONS);
    machine.step(Input::Lost(error(BROKEN)));
    for _ in 0..5 {
        if machine.step(Input::ConnectFailed(error(20012))).last().is_none_or(|last| last != "dial")
        {
            machine.due();
        }
    }
    machine.step(Input::Connected);
    let outputs = machine.step(Input::Authenticated(Ok(true)));
    assert_eq!(outputs, ["open", "relogin true false 0 6"]);
    machine.step(Input::Lost(error(BROKEN)));
    machine.step(Input::Connected);
    let outputs = machine.step(Input::Authenticated(Err(error(rtm::DUPLICATED_AUTH))));
    assert_eq!(outputs, ["open", "relogin true false 0 1"]);
}

#[test]
fn a_refused_relogin_ends_the_session() {
    let announced_and_closed = |code: i32| {
        let words = [format!("relogin false false {code} 1"), "disconnect".into()];
        let closed = [format!("closed {code}"), "end calls, later 20002".into()];
        [words, closed].concat()
    };
    let mut machine = Machine::live(OPTIONS);
    machine.step(Input::Lost(error(BROKEN)));
    machine.step(Input::Connected);
    let outputs = machine.step(Input::Authenticated(Ok(false)));
    assert_eq!(outputs[1..], announced_and_closed(200027));
    assert!(machine.session.is_idle());

    let mut machine = Machine::live(OPTIONS);
    machine.step(Input::Lost(error(BROKEN)));
    machine.step(Input::Connected);
    let outputs = machine.step(Input::Authenticated(Err(error(rtm::BLOCKED_USER))));
    assert_eq!(outputs[2..], announced_and_closed(rtm::BLOCKED_USER));
    assert!(machine.session.is_idle());
}

/// What is left of a connection that ended may still be said after the next one is being opened.
#[test]
fn the_end_of_the_old_connection_is_no_failure_of_the_next() {
    let mut machine = Machine::live(OPTIONS);
    machine.step(Input::Lost(error(BROKEN)));
    machine.step(Input::Connected);
    let outputs = machine.step(Input::Authenticated(Err(error(200010))));
    assert_eq!(outputs[2..], ["relogin false true 200010 1", "dial"]);
    assert_eq!(machine.step(Input::Lost(error(BROKEN))), [""; 0]);
}

#[test]
fn silence_is_an_outage_and_a_ping_is_not() {
    let mut machine = Machine::live(OPTIONS);
    machine.now += 59 * SECOND;
    assert_eq!(machine.step(Input::Pinged), [""; 0]);
    assert_eq!(machine.step(Input::Due), [""; 0]);
    let (waited, outputs) = machine.due();
    assert_eq!(waited, 60 * SECOND);
    assert_eq!(outputs, ["disconnect", "error 20002", "end calls, later 20002", "dial"]);
}

#[test]
fn without_auto_reconnect_an_outage_ends_the_session() {
    let mut machine = Machine::live(SessionOptions { auto_reconnect: false, ..OPTIONS });
    let outputs = machine.step(Input::Lost(error(BROKEN)));
    let tail = ["disconnect", "closed 20001", "end calls, later 20002"];
    assert_eq!(outputs[..2], ["disconnect", "error 20002"]);
    assert_eq!(outputs[2..], tail);
    assert!(machine.session.is_idle());
}

#[test]
fn bye_waits_for_its_answer_and_no_longer_than_five_seconds() {
    let left = ["disconnect", "closed 0", "end calls, later 20012"];
    for end in [Input::ByeAnswered, Input::Lost(error(BROKEN))] {
        let mut machine = Machine::live(OPTIONS);
        assert_eq!(machine.step(Input::Bye), ["bye"]);
        assert_eq!(machine.step(end), left);
    }
    let mut machine = Machine::live(OPTIONS);
    machine.step(Input::Bye);
    machine.now += SECOND;
    assert_eq!(machine.step(Input::Bye), [""; 0], "a second one changes nothing");
    let (waited, outputs) = machine.due();
    assert_eq!(waited, 4 * SECOND);
    assert_eq!(outputs, left);
}

#[test]
fn a_kickout_is_no_outage() {
    let mut machine = Machine::live(OPTIONS);
    let outputs = machine.step(Input::Kickout);
    assert_eq!(outputs, ["disconnect", "closed 0", "end calls, later 20002"]);
    assert!(machine.session.is_idle());
}

/// What a schedule is made of: two bytes a step, so that a hundred thousand schedules take seconds.
type Schedule = Vec<(u8, u8)>;

/// The world around the machine, which believes what the machine says and checks that it never contradicts itself.
struct World {
    session: Session,
    now: Time,
    link: Link,
    /// Whether calls pass.
    open: bool,
    /// The outcomes of a login that are still owed: one or none.
    login_owed: bool,
    /// From the login's success on: what `SessionClosed` ends.
    established: bool,
    outage: Option<Outage>,
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
}

/// When the attempt after that many follows, as the documentation has it.
fn delay(strategy: &RegressiveStrategy, attempts: u32) -> Time {
    let Some(grown) = attempts.checked_sub(strategy.start_connect_failed_count) else { return 0 };
    let longest = Time::from(strategy.max_interval_seconds) * SECOND;
    let step = longest / Time::from(strategy.linear_regressive_count.max(1));
    (step * (Time::from(grown) + 1)).min(longest)
}

impl World {
    fn new(options: SessionOptions) -> World {
        World {
            session: Session::new(options),
            now: 0,
            link: Link::Down,
            open: false,
            login_owed: false,
            established: false,
            outage: None,
        }
    }

    /// The input that a step of a schedule stands for: what this world could say now, and at times what it could not.
    fn input(&mut self, (what, how): (u8, u8)) -> Input {
        let broken = [fpnn::CORE_CONNECTION_CLOSED, fpnn::PROTO_INVALID_PACKAGE];
        let broken = error(broken[usize::from(how) % broken.len()]);
        let codes = [fpnn::CORE_TIMEOUT, 200010, rtm::BLOCKED_USER, rtm::DUPLICATED_AUTH];
        let code = codes[usize::from(how) % codes.len()];
        match what {
            0..20 => Input::Login { timeout: Time::from(how / 64) * 10 * SECOND },
            20..26 => Input::Close,
            26..32 => Input::Bye,
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
            90..100 => match how % 5 {
                0 => Input::Lost(broken),
                1 if self.link != Link::Authenticating => Input::Authenticated(Ok(how < 128)),
                2 => Input::ByeAnswered,
                3 => Input::Pinged,
                _ => Input::Due,
            },
            // The network.
            _ => match (self.link, what) {
                (Link::Down, _) => Input::Due,
                (Link::Dialing, 100..180) => Input::ConnectFailed(error(20012)),
                (Link::Dialing, _) => Input::Connected,
                (_, 100..130) => Input::Lost(broken),
                (Link::Authenticating, 130..150) => Input::Authenticated(Err(error(code))),
                (Link::Authenticating, 150..160) => Input::Authenticated(Ok(false)),
                (Link::Authenticating, _) => Input::Authenticated(Ok(true)),
                (_, 130..140) => Input::Kickout,
                (_, 140..180) => Input::ByeAnswered,
                _ => Input::Pinged,
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
        self.session.step(self.now, input.clone(), &mut outputs);
        prop_assert!(!early || outputs.is_empty(), "too early: {:?}", words(&outputs));
        for output in &outputs {
            self.apply(output, &input)?;
        }
        prop_assert_ne!(self.link, Link::Open, "connected, and nothing is done with it");
        prop_assert_eq!(self.session.is_idle(), self.session.deadline() == NEVER);
        if self.session.is_idle() {
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
            Output::Dial { deadline } => self.dialed(deadline, input)?,
            Output::SendAuth => {
                prop_assert_eq!(self.link, Link::Open);
                self.link = Link::Authenticating;
            }
            Output::SendBye => prop_assert!(self.link == Link::Live && self.established),
            Output::Open => {
                prop_assert!(self.link == Link::Authenticating && !self.open);
                prop_assert!(matches!(input, Input::Authenticated(_)));
                self.link = Link::Live;
                self.open = true;
            }
            Output::Disconnect => self.link = Link::Down,
            Output::EndCalls { .. } => {
                prop_assert_eq!(self.link, Link::Down);
                self.open = false;
                if matches!(input, Input::Destroy) {
                    self.established = false;
                    self.outage = None;
                }
            }
            Output::LoginDone { ok, error_code } => {
                prop_assert!(self.login_owed, "a login ended twice");
                self.login_owed = false;
                prop_assert_eq!(ok, self.link == Link::Live);
                prop_assert!(!ok || error_code == 0);
                self.established = ok;
            }
            Output::Emit(ref event) => {
                prop_assert!(!matches!(input, Input::Destroy), "destroy is silent: {event:?}");
                self.heard(event)?;
            }
        }
        Ok(())
    }

    fn dialed(&mut self, deadline: Time, input: &Input) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.link, Link::Down, "the link before is still there");
        prop_assert!(!self.open, "calls pass without a connection");
        prop_assert!(!self.login_owed, "the login before has no outcome");
        prop_assert_eq!(deadline, self.now + self.session.options.connection_timeout);
        self.link = Link::Dialing;
        if matches!(input, Input::Login { .. }) {
            prop_assert!(!self.established);
            self.login_owed = true;
            return Ok(());
        }
        prop_assert!(self.established, "nobody asked for a connection");
        // The first attempt may come in the step in which the connection is lost.
        let next = self.now + delay(&self.session.options.strategy, 0);
        let outage = self.outage.get_or_insert(Outage { attempts: 0, owed: false, next });
        prop_assert!(!outage.owed, "attempt {} was not announced", outage.attempts);
        prop_assert!(self.now >= outage.next, "attempt {} is early", outage.attempts + 1);
        outage.attempts += 1;
        outage.owed = true;
        Ok(())
    }

    fn heard(&mut self, event: &SessionEvent) -> Result<(), TestCaseError> {
        match event {
            // Of an established session, the first trouble begins an outage.
            SessionEvent::Error(_) if self.established && self.outage.is_none() => {
                let next = self.now + delay(&self.session.options.strategy, 0);
                self.outage = Some(Outage { attempts: 0, owed: false, next });
            }
            SessionEvent::Error(_) => {}
            SessionEvent::ReloginCompleted(event) => {
                let Some(outage) = &mut self.outage else {
                    return Err(TestCaseError::fail("a relogin without an outage"));
                };
                prop_assert!(outage.owed, "attempt {} was announced twice", outage.attempts);
                outage.owed = false;
                prop_assert_eq!(event.retried_count, outage.attempts);
                prop_assert_eq!(event.successful, self.link == Link::Live);
                prop_assert!(!event.successful || (!event.retry_again && event.error_code == 0));
                if event.successful {
                    self.outage = None;
                } else {
                    let delay = delay(&self.session.options.strategy, outage.attempts);
                    outage.next = self.now + delay;
                    prop_assert_eq!(event.retry_again, !self.session.is_idle());
                    if event.retry_again && delay > 0 {
                        prop_assert_eq!(self.session.deadline(), outage.next);
                    }
                }
            }
            SessionEvent::Closed(_) => {
                prop_assert!(self.established, "closed twice, or never logged in");
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
        for _ in 0..16 {
            if !self.session.is_idle() {
                self.now = self.session.deadline();
                self.step(Input::Due)?;
            }
        }
        prop_assert!(!self.login_owed, "a login without an outcome");
        prop_assert!(self.session.is_idle() || self.outage.is_some());
        self.step(Input::Close)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100_000) })]

    #[test]
    fn no_schedule_breaks_a_promise(
        steps in prop::collection::vec(any::<(u8, u8)>(), 1..48),
        auto_reconnect in prop::bool::weighted(0.9),
        start_connect_failed_count in 0..4_u32,
        linear_regressive_count in 0..5_u32,
    ) {
        let steps: Schedule = steps;
        let strategy = RegressiveStrategy {
            start_connect_failed_count,
            max_interval_seconds: 8,
            linear_regressive_count,
        };
        let mut world = World::new(SessionOptions { auto_reconnect, strategy, ..OPTIONS });
        for step in steps {
            let input = world.input(step);
            world.step(input)?;
        }
        world.wind_up()?;
    }
}
