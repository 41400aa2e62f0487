//! Purely, and over a real socket with a clock that the test sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc;
use std::time::{Instant, UNIX_EPOCH};

use rtm_client::gate::Gate;

use super::*;
use crate::engine::{Command, Complete, Engine, Kind, Login, LoginDone};
use crate::options::ClientOptions;

const SECOND: Time = 1_000_000_000;

fn wall(seconds: f64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs_f64(1_800_000_000.0 + seconds)
}

#[test]
fn a_sleep_is_seen_at_the_next_look_and_once() {
    let mut clocks = Clocks::new(0, wall(0.0));
    assert!(!clocks.look(10 * SECOND, wall(10.0)));
    // Three hours of sleep, of which the monotonic clock knows nothing: the look comes when its ten seconds are over.
    assert!(clocks.look(20 * SECOND, wall(20.0 + 3.0 * 3600.0)));
    assert!(!clocks.look(30 * SECOND, wall(30.0 + 3.0 * 3600.0)));
}

#[test]
fn a_clock_that_is_set_a_little_or_back_is_no_sleep() {
    let mut clocks = Clocks::new(0, wall(0.0));
    let looks = [(10, 14.9), (20, 24.8), (30, -3600.0), (40, -3590.0), (100, -3530.0)];
    for (monotonic, by_wall) in looks {
        assert!(!clocks.look(monotonic * SECOND, wall(by_wall)), "{monotonic} {by_wall}");
    }
    assert!(clocks.look(110 * SECOND, wall(-3515.0)));
    // A look that comes late, for the process was stopped, finds both clocks gone on.
    assert!(!clocks.look(500 * SECOND, wall(-3125.0)));
}

#[test]
fn only_an_hour_ahead_looks_like_a_sleep() {
    for (step, is_sleep) in [(1.0, false), (-1.0, false), (3600.0, true), (-3600.0, false)] {
        let mut clocks = Clocks::new(0, wall(0.0));
        assert_eq!(clocks.look(10 * SECOND, wall(10.0 + step)), is_sleep, "{step}");
        assert!(!clocks.look(20 * SECOND, wall(20.0 + step)), "{step}");
    }
}

const DEADLINE: Duration = Duration::from_secs(20);

/// By how many seconds the clock of the test below has been set.
static SET: AtomicI64 = AtomicI64::new(0);

fn set_clock() -> SystemTime {
    let by = SET.load(Ordering::SeqCst);
    let (now, far) = (SystemTime::now(), Duration::from_secs(by.unsigned_abs()));
    if by < 0 { now - far } else { now + far }
}

/// Has the timer thread look at the clocks now, and waits until it has done with that.
fn look_now(engine: &Engine) {
    // The first look is over when the second begins.
    for _ in 0..2 {
        let now = engine.now();
        let mut state = engine.state.lock();
        state.clocks_at = now;
        state.timer_is_late_for(now);
        drop(state);
        engine.deadline_changed.notify_one();
        let until = Instant::now() + DEADLINE;
        while engine.state.lock().clocks_at == now {
            assert!(Instant::now() < until, "nobody looks at the clocks");
            std::thread::yield_now();
        }
    }
}

/// Steps as a time server makes them: no call and no connection is lost, and only after an hour ahead the gate is asked.
#[test]
fn the_clock_is_set_while_calls_are_under_way() {
    let gate = Gate::builder().start().unwrap();
    gate.faults().on("getservertime").delay(Duration::from_millis(50));
    let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).no_proxy();
    let mut engine = Engine::new(options);
    Arc::get_mut(&mut engine).unwrap().wall_clock = set_clock;
    let (sender, done) = mpsc::channel();
    let run = Box::new(move |ok, _| sender.send(ok).unwrap());
    engine.login(Login::new(1, "token".into(), None, LoginDone { run, waited_for: true }), None);
    assert!(done.recv_timeout(DEADLINE).unwrap());
    let mut calls = gate.counters().calls;
    for (step, asks) in [(1, 0), (-1, 0), (3600, 1), (-3600, 0), (-3600, 0)] {
        let (sender, ended) = mpsc::channel();
        for _ in 0..64 {
            let sender = sender.clone();
            let complete = Complete::new(false, move |answer| sender.send(answer.is_ok()).unwrap());
            let payload = |out: &mut Vec<u8>| out.push(0x80);
            engine.call(Kind::Call, "getservertime", engine.now(), payload, None, complete);
        }
        SET.fetch_add(step, Ordering::SeqCst);
        look_now(&engine);
        for _ in 0..64 {
            assert!(ended.recv_timeout(DEADLINE).unwrap(), "a call fails at {step} s");
        }
        calls += 64 + asks;
        assert!(gate.wait_until(DEADLINE, |gate| gate.counters().calls >= calls));
        assert_eq!(gate.counters().calls, calls, "at {step} s");
    }
    let stats = engine.stats();
    assert_eq!((stats.answers, stats.lost, stats.timeouts, stats.reconnects), (320, 0, 0, 0));
    engine.post(Command::Close);
    assert!(engine.wait_for_threads(DEADLINE));
    assert_eq!(gate.counters().calls, calls);
}
