use super::*;

mod schedules;

const OPTIONS: SessionOptions = SessionOptions {
    auto_reconnect: true,
    retry_first_login: false,
    connection_timeout: 30 * SECOND,
    max_ping_interval: 60 * SECOND,
    strategy: RegressiveStrategy {
        start_connect_failed_count: 3,
        max_interval_seconds: 8,
        linear_regressive_count: 4,
    },
    max_attempts: None,
    jitter: 0.0,
};

const BROKEN: i32 = fpnn::CORE_CONNECTION_CLOSED;

const GO: Input = Input::Verdict(Verdict::Go);
const NO: Input = Input::Verdict(Verdict::No);
const TRY_AGAIN: Input = Input::Verdict(Verdict::TryAgain);

fn error(code: i32) -> Error {
    Error::new(code, "")
}

/// Outputs in words that can be compared.
fn words(outputs: &[Output]) -> Vec<String> {
    let word = |output: &Output| match output {
        Output::Dial { .. } => "dial".to_owned(),
        Output::SendAuth => "auth".to_owned(),
        Output::SendBye => "bye".to_owned(),
        Output::SendPing => "ping".to_owned(),
        Output::Phase(Phase::Online) => "online".to_owned(),
        Output::Phase(Phase::Connecting) => "(connecting)".to_owned(),
        Output::Phase(Phase::Reconnecting { attempt, due }) => {
            let due = if due.is_some() { ", later" } else { "" };
            format!("(reconnecting {attempt}{due})")
        }
        Output::Closed(why) => format!("(closed: {})", why.message()),
        Output::Disconnect => "disconnect".to_owned(),
        Output::EndCalls { how: CallEnd::Lost(_), reconnecting: true } => {
            "end calls, reconnecting".to_owned()
        }
        Output::EndCalls { how: CallEnd::Lost(_), .. } => "end calls, lost".to_owned(),
        Output::EndCalls { how: CallEnd::Unanswered, .. } => "end calls".to_owned(),
        Output::Ask(Question::Relogin { last_error, attempts }) => {
            format!("relogin after {last_error} and {attempts} attempts?")
        }
        Output::Ask(Question::Token) => "another token?".to_owned(),
        Output::LoginDone(end) => {
            format!("login {} {}", end.error().is_none(), end.error_code())
        }
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
    chance: f64,
    /// Whether the test answers the questions. Otherwise they are answered as where nobody wants to be asked.
    asks: bool,
    /// Whether the phases are among the words, each in brackets. Otherwise they are left out.
    phases: bool,
}

impl Machine {
    fn new(options: SessionOptions) -> Machine {
        Machine {
            session: Session::new(options),
            now: 1_000,
            chance: 0.5,
            asks: false,
            phases: false,
        }
    }

    fn live(options: SessionOptions) -> Machine {
        let mut machine = Machine::new(options);
        machine.step(Input::Login { timeout: 0 });
        machine.step(Input::Connected);
        assert_eq!(machine.step(Input::Authenticated(Ok(true))), ["online", "login true 0"]);
        machine
    }

    fn step(&mut self, input: Input) -> Vec<String> {
        let mut outputs = Vec::new();
        let at = Moment { now: self.now, chance: self.chance };
        self.session.step(at, input, &mut outputs);
        if let (Some(&Output::Ask(question)), false) = (outputs.last(), self.asks) {
            outputs.pop();
            let input = if matches!(question, Question::Relogin { .. }) { GO } else { NO };
            self.session.step(at, input, &mut outputs);
        }
        let mut words = words(&outputs);
        words.retain(|word| self.phases || !word.starts_with('('));
        words
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
    assert_eq!(machine.session.deadline(), machine.now + 20 * SECOND);
    assert_eq!(machine.step(Input::Connected), ["auth"]);
    assert_eq!(machine.session.deadline(), machine.now + 20 * SECOND);
    assert_eq!(machine.step(Input::Authenticated(Ok(true))), ["online", "login true 0"]);
    assert_eq!(machine.session.deadline(), machine.now + 30 * SECOND);
    assert_eq!(machine.step(Input::Close), ["disconnect", "closed 0", "end calls"]);
    assert!(machine.session.is_idle());
}

#[test]
fn the_smaller_of_two_timeouts_bounds_dialing_and_the_login_together() {
    for (timeout, most) in [(25, 25), (35, 30), (0, 20)] {
        let mut machine = Machine::new(OPTIONS);
        machine.step(Input::Login { timeout: timeout * SECOND });
        assert_eq!(machine.session.deadline(), machine.now + most * SECOND);
        machine.now += 10 * SECOND;
        machine.step(Input::Connected);
        let (waited, outputs) = machine.due();
        assert_eq!(waited, (most - 10) * SECOND);
        assert_eq!(outputs, ["disconnect", "error 20003", "login false 20003"]);

        let mut machine = Machine::new(OPTIONS);
        machine.step(Input::Login { timeout: timeout * SECOND });
        let (waited, outputs) = machine.due();
        assert_eq!(waited, most * SECOND);
        assert_eq!(outputs, ["disconnect", "error 20012", "login false 20012"]);
    }
    // The same for each attempt to log in again.
    let mut machine = Machine::new(OPTIONS);
    machine.step(Input::Login { timeout: 2 * SECOND });
    machine.step(Input::Connected);
    machine.step(Input::Authenticated(Ok(true)));
    machine.step(Input::Lost(error(BROKEN)));
    machine.now += SECOND;
    machine.step(Input::Connected);
    let (waited, outputs) = machine.due();
    assert_eq!(waited, SECOND);
    assert_eq!(outputs[2..], ["relogin false true 20003 1", "dial"]);
}

const PATIENT: SessionOptions = SessionOptions { retry_first_login: true, ..OPTIONS };

#[test]
fn a_first_login_is_tried_again_by_the_strategy_and_told_once() {
    let mut machine = Machine { phases: true, asks: true, ..Machine::new(PATIENT) };
    assert_eq!(machine.step(Input::Login { timeout: 0 }), ["(connecting)", "dial"]);
    for attempt in 1..=3 {
        let outputs = machine.step(Input::ConnectFailed(error(20012)));
        assert_eq!(outputs, ["disconnect", "error 20012", "dial"], "attempt {attempt}");
    }
    let mut delays = Vec::new();
    for _ in 0..6 {
        machine.step(Input::Connected);
        let outputs = machine.step(Input::Authenticated(Err(error(200010))));
        assert_eq!(outputs, ["disconnect", "error 200010"]);
        let (waited, outputs) = machine.due();
        assert_eq!(outputs, ["dial"]);
        delays.push(waited / SECOND);
    }
    assert_eq!(delays, [2, 4, 6, 8, 8, 8]);
    // A check ends the wait.
    machine.step(Input::ConnectFailed(error(20012)));
    assert_eq!(machine.step(Input::Check), ["dial"]);
    machine.step(Input::Connected);
    let outputs = machine.step(Input::Authenticated(Ok(true)));
    assert_eq!(outputs, ["online", "login true 0"]);
    // The attempts of an outage count anew.
    machine.now += GOOD;
    let outputs = machine.step(Input::Lost(error(BROKEN)));
    assert_eq!(outputs.last().map(String::as_str), Some("relogin after 20002 and 0 attempts?"));
}

#[test]
fn a_first_login_that_is_tried_again_ends_for_each_good_reason() {
    let failed = |code: i32| [format!("error {code}"), format!("login false {code}")];
    // Refused for good.
    let mut machine = Machine::new(PATIENT);
    machine.step(Input::Login { timeout: 0 });
    machine.step(Input::Connected);
    let outputs = machine.step(Input::Authenticated(Err(error(rtm::BLOCKED_USER))));
    assert_eq!(outputs[1..], failed(rtm::BLOCKED_USER));
    assert!(machine.session.is_idle());
    // No token, in any attempt.
    let mut machine = Machine { asks: true, ..Machine::new(PATIENT) };
    machine.step(Input::Login { timeout: 0 });
    machine.step(Input::ConnectFailed(error(20012)));
    for go in [true, false] {
        machine.step(Input::Connected);
        assert_eq!(machine.step(Input::Authenticated(Ok(false))), ["disconnect", "another token?"]);
        if go {
            assert_eq!(machine.step(GO), ["dial"]);
            machine.step(Input::ConnectFailed(error(20012)));
        }
    }
    assert_eq!(machine.step(NO), ["login false 0"]);
    assert!(machine.session.is_idle());
    // The last attempt: those after the first are counted.
    for most in 0..3 {
        let options = SessionOptions { max_attempts: Some(most), ..PATIENT };
        let mut machine = Machine::new(options);
        machine.step(Input::Login { timeout: 0 });
        for _ in 0..most {
            assert_eq!(machine.step(Input::ConnectFailed(error(20012)))[2..], ["dial"]);
        }
        let outputs = machine.step(Input::ConnectFailed(error(20012)));
        assert_eq!(outputs[1..], failed(20012), "at most {most}");
        // The next login has attempts of its own.
        machine.step(Input::Login { timeout: 0 });
        let outputs = machine.step(Input::ConnectFailed(error(20012)));
        assert_eq!(outputs.len(), 3, "{outputs:?}");
    }
    // The program has changed its mind, also while it is waited for.
    for end in [Input::Close, BYE, patient(NEVER), Input::Destroy] {
        let mut machine = Machine::new(PATIENT);
        machine.step(Input::Login { timeout: 0 });
        for _ in 0..4 {
            machine.step(Input::ConnectFailed(error(20012)));
        }
        let outputs = machine.step(end);
        assert!(outputs.contains(&"login false 20002".to_owned()), "{outputs:?}");
        assert!(machine.session.is_idle());
    }
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
    for input in [Input::Close, BYE, Input::Login { timeout: 0 }] {
        let mut machine = Machine::new(OPTIONS);
        machine.step(Input::Login { timeout: 0 });
        assert_eq!(machine.step(input)[..2], ["disconnect", "login false 20002"]);
    }
}

#[test]
fn relogin_delays_are_those_of_the_strategy() {
    let mut machine = Machine::live(OPTIONS);
    let mut outputs = machine.step(Input::Lost(error(BROKEN)));
    assert_eq!(outputs, ["disconnect", "error 20002", "end calls, reconnecting", "dial"]);
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
fn a_good_connection_starts_the_delays_anew() {
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
    assert_eq!(outputs, ["online", "relogin true false 0 6"]);
    machine.now += GOOD;
    machine.step(Input::Lost(error(BROKEN)));
    machine.step(Input::Connected);
    let outputs = machine.step(Input::Authenticated(Err(error(rtm::DUPLICATED_AUTH))));
    assert_eq!(outputs, ["online", "relogin true false 0 1"]);
}

/// Logged in again and again, and lost after so long each time: the waits before the attempts, in seconds.
fn flapping(machine: &mut Machine, lives: Time, losses: usize) -> Vec<Time> {
    let waits = (0..losses).map(|_| {
        machine.now += lives;
        let mut wait = 0;
        if machine.step(Input::Lost(error(BROKEN))).last().is_none_or(|last| last != "dial") {
            wait = machine.due().0;
        }
        machine.step(Input::Connected);
        let outputs = machine.step(Input::Authenticated(Ok(true)));
        assert_eq!(outputs, ["online", "relogin true false 0 1"], "each is an outage of its own");
        wait / SECOND
    });
    waits.collect()
}

#[test]
fn a_gate_that_closes_after_each_login_is_left_alone_longer_and_longer() {
    let mut machine = Machine::live(OPTIONS);
    let waits = flapping(&mut machine, SECOND / 3, 9);
    assert_eq!(waits, [0, 0, 0, 2, 4, 6, 8, 8, 8]);
    assert_eq!(flapping(&mut machine, GOOD - 1, 1), [8]);
    assert_eq!(flapping(&mut machine, GOOD, 1), [0]);
    assert_eq!(flapping(&mut machine, 0, 3), [0, 0, 2]);

    // For ten minutes.
    let mut machine = Machine::live(OPTIONS);
    let until = machine.now + 600 * SECOND;
    let mut attempts = 0;
    while machine.now < until {
        flapping(&mut machine, SECOND / 10, 1);
        attempts += 1;
    }
    assert!((70..=90).contains(&attempts), "{attempts} attempts");
}

#[test]
fn a_gate_that_is_too_busy_is_left_alone_as_long_as_it_asks() {
    for (seconds, waits) in [(3, [3, 3, 3, 3, 4]), (100, [8, 8, 8, 8, 8]), (0, [0, 0, 0, 2, 4])] {
        let mut machine = Machine::live(SessionOptions { jitter: 0.0, ..OPTIONS });
        machine.step(Input::Lost(error(BROKEN)));
        for wait in &waits[1..] {
            machine.step(Input::Busy { until: machine.now + seconds * SECOND });
            let outputs = machine.step(Input::ConnectFailed(error(20012)));
            let waited =
                if outputs.last().is_some_and(|last| last == "dial") { 0 } else { machine.due().0 };
            assert_eq!(waited, wait * SECOND);
        }
        // It holds for the next attempt alone.
        let outputs = machine.step(Input::ConnectFailed(error(20012)));
        assert_ne!(outputs.last().map(String::as_str), Some("dial"));
        assert_eq!(machine.due().0, 6 * SECOND);
    }
}

#[test]
fn a_refused_relogin_ends_the_session() {
    let announced_and_closed = |code: i32| {
        let words = [format!("relogin false false {code} 1"), "disconnect".into()];
        let closed = [format!("closed {code}"), "end calls".into()];
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

const LOST: [&str; 4] = ["disconnect", "error 20002", "end calls, reconnecting", "dial"];

#[test]
fn after_half_of_the_silence_allowed_the_gate_is_asked() {
    let mut machine = Machine::live(OPTIONS);
    machine.now += 29 * SECOND;
    machine.session.heard(machine.now);
    assert_eq!(machine.step(Input::Due), [""; 0]);
    // Asked by the client, it answers; that the client has asked is no sign of life.
    assert_eq!(machine.due(), (30 * SECOND, vec!["ping".to_owned()]));
    machine.now += 4 * SECOND;
    assert!(machine.session.is_probing());
    machine.session.heard(machine.now);
    assert!(!machine.session.is_probing());
    assert_eq!(machine.due(), (30 * SECOND, vec!["ping".to_owned()]));
    assert_eq!(machine.due(), (5 * SECOND, LOST.map(str::to_owned).to_vec()));
}

#[test]
fn in_doubt_the_gate_is_asked_once() {
    for (input, patience) in [(Input::Doubt, 5 * SECOND), (Input::Check, 3 * SECOND)] {
        let mut machine = Machine::live(OPTIONS);
        machine.now += 10 * SECOND;
        assert_eq!(machine.step(input.clone()), ["ping"]);
        machine.now += SECOND;
        assert_eq!(machine.step(Input::Doubt), [""; 0], "it is asked already");
        let (waited, outputs) = machine.due();
        assert_eq!((waited, outputs), (patience - SECOND, LOST.map(str::to_owned).to_vec()));
        assert_eq!(machine.step(Input::Doubt), [""; 0], "there is no connection");
    }
    // The program is in more of a hurry.
    let mut machine = Machine::live(OPTIONS);
    machine.step(Input::Doubt);
    machine.now += SECOND;
    assert_eq!(machine.step(Input::Check), [""; 0]);
    assert_eq!(machine.due().0, 3 * SECOND);
    // But not less of one than the option.
    let short = SessionOptions { max_ping_interval: SECOND, ..OPTIONS };
    let mut machine = Machine::live(short);
    assert_eq!(machine.due(), (SECOND / 2, vec!["ping".to_owned()]));
    machine.step(Input::Doubt);
    assert_eq!(machine.due(), (SECOND / 2, LOST.map(str::to_owned).to_vec()));
}

#[test]
fn a_check_ends_the_wait_for_the_next_attempt() {
    let mut machine = asking(OPTIONS);
    machine.step(Input::Lost(error(BROKEN)));
    assert_eq!(machine.step(Input::Check), [""; 0], "the program is asked");
    for _ in 0..3 {
        machine.step(GO);
        assert_eq!(machine.step(Input::Check), [""; 0], "an attempt is under way");
        machine.step(Input::ConnectFailed(error(20012)));
    }
    assert!(machine.session.deadline() > machine.now);
    assert_eq!(machine.step(Input::Check), ["relogin after 20012 and 3 attempts?"]);
    assert_eq!(Machine::new(OPTIONS).step(Input::Check), [""; 0]);
}

#[test]
fn without_auto_reconnect_an_outage_ends_the_session() {
    let mut machine = Machine::live(SessionOptions { auto_reconnect: false, ..OPTIONS });
    let outputs = machine.step(Input::Lost(error(BROKEN)));
    let tail = ["disconnect", "closed 20001", "end calls, lost"];
    assert_eq!(outputs[..2], ["disconnect", "error 20002"]);
    assert_eq!(outputs[2..], tail);
    assert!(machine.session.is_idle());
}

/// What ends a session that the program wants no more.
const LEFT: [&str; 3] = ["disconnect", "closed 0", "end calls"];

/// The input of `bye`, and of `bye_and_wait` with that much time.
const BYE: Input = Input::Bye { until: None };

fn patient(until: Time) -> Input {
    Input::Bye { until: Some(until) }
}

#[test]
fn bye_waits_for_its_answer_and_no_longer_than_five_seconds() {
    for end in [Input::ByeAnswered, Input::Lost(error(BROKEN))] {
        let mut machine = Machine::live(OPTIONS);
        assert_eq!(machine.step(BYE), [""; 0]);
        assert_eq!(machine.step(Input::Drained), ["bye"]);
        assert_eq!(machine.step(end), LEFT);
    }
    let mut machine = Machine::live(OPTIONS);
    machine.step(BYE);
    machine.step(Input::Drained);
    assert!(!machine.session.is_draining());
    machine.now += SECOND;
    assert_eq!(machine.step(BYE), [""; 0], "a second one changes nothing");
    assert_eq!(machine.step(patient(NEVER)), [""; 0], "nor one that could wait");
    let (waited, outputs) = machine.due();
    assert_eq!(waited, 4 * SECOND);
    assert_eq!(outputs, LEFT);
}

#[test]
fn bye_waits_for_what_is_in_flight_until_its_deadline() {
    let mut machine = Machine::live(OPTIONS);
    assert_eq!(machine.step(Input::Drained), [""; 0], "nobody leaves");
    machine.step(BYE);
    assert!(machine.session.is_draining());
    machine.now += SECOND;
    assert_eq!(machine.step(BYE), [""; 0]);
    // The second one has its own time, and is patient; the first one's is shorter.
    let until = machine.now + 7 * SECOND;
    machine.step(patient(until));
    machine.step(BYE);
    assert_eq!(machine.due(), (7 * SECOND, vec!["bye".to_owned()]));
    assert_eq!(machine.due(), (5 * SECOND, LEFT.map(str::to_owned).to_vec()));
    assert!(machine.session.is_idle());
}

#[test]
fn an_outage_ends_bye_and_bye_and_wait_goes_on_over_it() {
    let lost = || Input::Lost(error(BROKEN));
    let mut machine = Machine::live(OPTIONS);
    machine.step(BYE);
    assert_eq!(machine.step(lost()), LEFT);
    let mut machine = Machine::live(OPTIONS);
    machine.step(lost());
    assert_eq!(machine.step(BYE), LEFT);

    // In the middle of an outage, or before it.
    for before in [false, true] {
        let mut machine = Machine::live(OPTIONS);
        let until = machine.now + 10 * SECOND;
        if before {
            machine.step(patient(until));
        }
        machine.step(lost());
        if !before {
            assert_eq!(machine.step(patient(until)), [""; 0]);
        }
        machine.step(Input::Connected);
        let outputs = machine.step(Input::Authenticated(Ok(true)));
        assert_eq!(outputs, ["online", "relogin true false 0 1"]);
        assert_eq!(machine.step(Input::Drained), ["bye"]);
        assert_eq!(machine.step(Input::ByeAnswered), LEFT);
    }
    // Nothing waits for the next connection any more, or the time is over.
    for input in [Input::Drained, Input::Due] {
        let mut machine = Machine::live(OPTIONS);
        machine.step(lost());
        let until = machine.now + SECOND;
        machine.step(patient(until));
        machine.now = until;
        assert_eq!(machine.step(input), LEFT);
        assert!(machine.session.is_idle() && !machine.session.is_draining());
    }
    // A first login that has not succeeded is not waited for.
    let mut machine = Machine::new(OPTIONS);
    machine.step(Input::Login { timeout: 0 });
    assert_eq!(machine.step(patient(NEVER)), ["disconnect", "login false 20002"]);
}

#[test]
fn a_kickout_is_no_outage() {
    let mut machine = Machine::live(OPTIONS);
    let outputs = machine.step(Input::Kickout);
    assert_eq!(outputs, ["disconnect", "closed 0", "end calls"]);
    assert!(machine.session.is_idle());
}

/// What is told of the phase comes before everything that comes of it.
#[test]
fn each_change_of_phase_is_told_first() {
    let mut machine = Machine { phases: true, asks: true, ..Machine::new(OPTIONS) };
    assert_eq!(machine.step(Input::Login { timeout: 0 }), ["(connecting)", "dial"]);
    machine.step(Input::Connected);
    assert_eq!(machine.step(Input::Authenticated(Ok(true))), ["online", "login true 0"]);
    let ended = "end calls, reconnecting";
    let asked = "relogin after 20002 and 0 attempts?";
    let outputs = machine.step(Input::Lost(error(BROKEN)));
    assert_eq!(outputs, ["disconnect", "(reconnecting 1)", "error 20002", ended, asked]);
    assert_eq!(machine.step(GO), ["dial"]);
    machine.step(Input::ConnectFailed(error(20012)));
    machine.step(GO);
    machine.step(Input::ConnectFailed(error(20012)));
    machine.step(GO);
    let outputs = machine.step(Input::ConnectFailed(error(20012)));
    let failed = ["error 20012", "relogin false true 20012 3"];
    assert_eq!(outputs, [&["disconnect", "(reconnecting 4, later)"][..], &failed].concat());
    let asked = "relogin after 20012 and 3 attempts?";
    assert_eq!(machine.due().1, ["(reconnecting 4)", asked]);
    machine.step(GO);
    machine.step(Input::Connected);
    let outputs = machine.step(Input::Authenticated(Ok(true)));
    assert_eq!(outputs, ["online", "relogin true false 0 4"]);
    let outputs = machine.step(Input::Kickout);
    let closed = "(closed: the session has ended: the service has kicked the user out)";
    assert_eq!(outputs, ["disconnect", closed, "closed 0", "end calls"]);
}

/// Why there is no session is said where it ends, and never by `destroy`.
#[test]
fn each_end_says_why() {
    let why = |machine: &mut Machine, input: Input| {
        machine.phases = true;
        let outputs = machine.step(input);
        let closed = outputs.iter().find(|word| word.starts_with("(closed"));
        closed.map_or_else(String::new, |word| {
            let text = word.trim_start_matches("(closed: ").trim_end_matches(')');
            text.trim_start_matches("the session has ended: ").to_owned()
        })
    };
    let lost = || Input::Lost(error(BROKEN));
    let live = || Machine::live(OPTIONS);
    let alone = SessionOptions { auto_reconnect: false, ..OPTIONS };
    assert_eq!(why(&mut Machine::live(alone), lost()), "the connection was lost");
    assert_eq!(why(&mut live(), Input::Close), "the program has closed it");
    assert_eq!(why(&mut live(), Input::Destroy), "");
    let mut last = Machine::live(SessionOptions { max_attempts: Some(1), ..OPTIONS });
    last.step(lost());
    let refused = why(&mut last, Input::ConnectFailed(error(20012)));
    assert_eq!(refused, "the last attempt to log in again failed");
    let mut vetoed = asking(OPTIONS);
    vetoed.step(lost());
    let text = "the program did not want to log in again";
    assert_eq!(why(&mut vetoed, NO), text);
    for (answer, text) in [
        (Ok(false), "the token was refused"),
        (Err(error(rtm::BLOCKED_USER)), "the login was refused for good"),
    ] {
        let mut machine = live();
        machine.step(lost());
        machine.step(Input::Connected);
        assert_eq!(why(&mut machine, Input::Authenticated(answer)), text);
    }
    let mut first = Machine::new(OPTIONS);
    first.step(Input::Login { timeout: 0 });
    first.step(Input::Connected);
    let text = "the token is wrong or expired";
    assert_eq!(why(&mut first, Input::Authenticated(Ok(false))), text);
}

/// A machine whose questions the test answers, live.
fn asking(options: SessionOptions) -> Machine {
    Machine { asks: true, ..Machine::live(options) }
}

#[test]
fn each_attempt_is_asked_for_when_it_is_due() {
    let mut machine = asking(OPTIONS);
    let outputs = machine.step(Input::Lost(error(BROKEN)));
    assert_eq!(outputs[2..], ["end calls, reconnecting", "relogin after 20002 and 0 attempts?"]);
    assert_eq!(machine.session.deadline(), NEVER, "the program may take its time");
    assert_eq!(machine.step(Input::Due), [""; 0]);
    assert!(!machine.session.is_idle());
    for attempt in 1..3 {
        assert_eq!(machine.step(GO), ["dial"]);
        assert_eq!(machine.step(NO), [""; 0], "nothing was asked");
        let outputs = machine.step(Input::ConnectFailed(error(20012)));
        let question = format!("relogin after 20012 and {attempt} attempts?");
        assert_eq!(outputs[2..], [format!("relogin false true 20012 {attempt}"), question]);
    }
    machine.step(GO);
    let outputs = machine.step(Input::ConnectFailed(error(20012)));
    assert_eq!(outputs[2..], ["relogin false true 20012 3"]);
    let (waited, outputs) = machine.due();
    assert_eq!(waited, 2 * SECOND);
    assert_eq!(outputs, ["relogin after 20012 and 3 attempts?"]);
}

#[test]
fn a_veto_ends_the_session_with_the_last_error() {
    let ended = |code: i32| ["disconnect".into(), format!("closed {code}"), "end calls".into()];
    let mut machine = asking(OPTIONS);
    machine.step(Input::Lost(error(fpnn::PROTO_INVALID_PACKAGE)));
    assert_eq!(machine.step(NO), ended(fpnn::PROTO_INVALID_PACKAGE));
    assert!(machine.session.is_idle());
    assert_eq!(machine.step(GO), [""; 0], "too late");

    let mut machine = asking(OPTIONS);
    machine.step(Input::Lost(error(BROKEN)));
    machine.step(GO);
    machine.step(Input::ConnectFailed(error(20012)));
    assert_eq!(machine.step(NO), ended(20012));
}

#[test]
fn a_verdict_after_the_end_changes_nothing() {
    for end in [Input::Close, BYE, Input::Destroy] {
        let mut machine = asking(OPTIONS);
        machine.step(Input::Lost(error(BROKEN)));
        machine.step(end);
        assert!(machine.session.is_idle());
        assert_eq!(machine.step(GO), [""; 0]);
        assert_eq!(machine.step(NO), [""; 0]);
    }
}

#[test]
fn attempts_are_limited_for_each_outage() {
    let mut machine = Machine::live(SessionOptions { max_attempts: Some(2), ..OPTIONS });
    for _ in 0..3 {
        machine.now += GOOD;
        machine.step(Input::Lost(error(BROKEN)));
        machine.step(Input::ConnectFailed(error(20012)));
        machine.step(Input::Connected);
        let outputs = machine.step(Input::Authenticated(Ok(true)));
        assert_eq!(outputs, ["online", "relogin true false 0 2"]);
    }
    machine.now += GOOD;
    machine.step(Input::Lost(error(BROKEN)));
    machine.step(Input::ConnectFailed(error(20012)));
    machine.step(Input::Connected);
    let outputs = machine.step(Input::Authenticated(Err(error(200010))));
    assert_eq!(outputs[2..4], ["relogin false false 200010 2", "disconnect"]);
    assert_eq!(outputs[4..], ["closed 200010", "end calls"]);
    assert!(machine.session.is_idle());

    let mut machine = Machine::live(SessionOptions { max_attempts: Some(0), ..OPTIONS });
    let outputs = machine.step(Input::Lost(error(BROKEN)));
    assert_eq!(outputs[2..], ["disconnect", "closed 20002", "end calls, lost"]);
}

#[test]
fn jitter_shortens_the_waits_and_not_those_behind_them() {
    let waits = |jitter: f64, chance: f64| {
        let mut machine = Machine::live(SessionOptions { jitter, ..OPTIONS });
        machine.chance = chance;
        machine.step(Input::Lost(error(BROKEN)));
        let waits = (1..9).map(|attempt| {
            machine.step(Input::ConnectFailed(error(20012)));
            if attempt < 3 { 0 } else { machine.due().0 }
        });
        waits.collect::<Vec<_>>()
    };
    let seconds = |halves: [Time; 8]| halves.map(|half| half * SECOND / 2).to_vec();
    assert_eq!(waits(0.0, 1.0), seconds([0, 0, 4, 8, 12, 16, 16, 16]));
    assert_eq!(waits(0.5, 0.0), seconds([0, 0, 4, 8, 12, 16, 16, 16]));
    assert_eq!(waits(0.5, 0.5), seconds([0, 0, 3, 6, 9, 12, 12, 12]));
    assert_eq!(waits(0.5, 1.0), seconds([0, 0, 2, 4, 6, 8, 8, 8]));
    assert_eq!(waits(1.0, 1.0), seconds([0; 8]));
}

#[test]
fn a_refused_token_is_replaced_once() {
    let mut machine = Machine { asks: true, ..Machine::new(OPTIONS) };
    machine.step(Input::Login { timeout: 0 });
    machine.step(Input::Connected);
    assert_eq!(machine.step(Input::Authenticated(Ok(false))), ["disconnect", "another token?"]);
    assert_eq!(machine.step(GO), ["dial"]);
    machine.step(Input::Connected);
    assert_eq!(machine.step(Input::Authenticated(Ok(false))), ["disconnect", "login false 0"]);
    assert!(machine.session.is_idle());

    // The next login has a chance of its own.
    machine.step(Input::Login { timeout: 0 });
    machine.step(Input::Connected);
    let outputs = machine.step(Input::Authenticated(Err(error(rtm::INVALID_AUTH_TOKEN))));
    assert_eq!(outputs, ["disconnect", "another token?"]);
    let outputs = machine.step(NO);
    assert_eq!(outputs[1..], ["error 200027", "login false 200027"]);
}

#[test]
fn a_token_replaced_at_a_relogin_is_no_attempt_of_its_own() {
    let mut machine = asking(OPTIONS);
    for _ in 0..2 {
        machine.step(Input::Lost(error(BROKEN)));
        machine.step(GO);
        machine.step(Input::Connected);
        assert_eq!(machine.step(Input::Authenticated(Ok(false))), ["disconnect", "another token?"]);
        assert_eq!(machine.step(GO), ["dial"]);
        machine.step(Input::Connected);
        let outputs = machine.step(Input::Authenticated(Ok(true)));
        assert_eq!(outputs, ["online", "relogin true false 0 1"]);
    }
    machine.step(Input::Lost(error(BROKEN)));
    machine.step(GO);
    machine.step(Input::Connected);
    machine.step(Input::Authenticated(Ok(false)));
    machine.step(GO);
    machine.step(Input::Connected);
    let outputs = machine.step(Input::Authenticated(Ok(false)));
    assert_eq!(outputs[..2], ["disconnect", "relogin false false 200027 1"]);
    assert_eq!(outputs[2..4], ["disconnect", "closed 200027"]);
}

/// A program that has no token yet: the attempt has failed, and the next one comes by the strategy.
#[test]
fn an_attempt_without_a_token_is_tried_again() {
    // Before the attempt, which is none then.
    let mut machine = asking(OPTIONS);
    machine.step(Input::Lost(error(BROKEN)));
    for attempt in 1..=3 {
        let outputs = machine.step(TRY_AGAIN);
        let announced = format!("relogin false true 200027 {attempt}");
        assert_eq!(outputs[..3], ["disconnect", "error 200027", &announced]);
    }
    let (waited, outputs) = machine.due();
    assert_eq!(waited, 2 * SECOND);
    assert_eq!(outputs, ["relogin after 200027 and 3 attempts?"]);
    // After its refusal, without an error answer and with one.
    for answer in [Ok(false), Err(error(rtm::INVALID_AUTH_TOKEN))] {
        machine.step(GO);
        machine.step(Input::Connected);
        assert_eq!(machine.step(Input::Authenticated(answer)), ["disconnect", "another token?"]);
        let outputs = machine.step(TRY_AGAIN);
        let attempts = machine.session.attempts;
        assert_eq!(outputs[2..], [format!("relogin false true 200027 {attempts}")]);
        assert_eq!(machine.due().1, [format!("relogin after 200027 and {attempts} attempts?")]);
    }
    // It is one of those that are counted.
    let mut machine = asking(SessionOptions { max_attempts: Some(1), ..OPTIONS });
    machine.step(Input::Lost(error(BROKEN)));
    let outputs = machine.step(TRY_AGAIN);
    assert_eq!(outputs[2..4], ["relogin false false 200027 1", "disconnect"]);
    assert!(machine.session.is_idle());
}

#[test]
fn a_first_login_without_a_token_is_tried_again_if_asked_for() {
    for retry_first_login in [false, true] {
        for answer in [Ok(false), Err(error(rtm::INVALID_AUTH_TOKEN))] {
            let options = SessionOptions { retry_first_login, ..OPTIONS };
            let mut machine = Machine { asks: true, ..Machine::new(options) };
            machine.step(Input::Login { timeout: 0 });
            machine.step(Input::Connected);
            let code = if answer.is_ok() { 0 } else { 200027 };
            machine.step(Input::Authenticated(answer));
            let outputs = machine.step(TRY_AGAIN);
            if retry_first_login {
                assert_eq!(outputs, ["disconnect", "error 200027", "dial"]);
            } else {
                assert_eq!(outputs.last(), Some(&format!("login false {code}")));
                assert!(machine.session.is_idle());
            }
        }
    }
}
