//! The clocks looked at, over a real socket, with one that the test sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc;
use std::time::{Instant, SystemTime};

use rtm_client::gate::Gate;

use super::*;
use crate::engine::{Complete, Kind, Login, LoginDone};
use crate::options::ClientOptions;

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
