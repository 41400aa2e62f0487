//! The timer thread: ends calls whose time has come, and tells the I/O thread when the session's has.

use std::sync::Arc;

use super::{Engine, wake};
use crate::error::Error;
use crate::error_code::fpnn;
use crate::time::NEVER;

/// How many calls expire under one hold of the lock.
const AT_ONCE: usize = 1024;

pub(super) fn run(engine: &Arc<Engine>, run: u64) {
    let (mut expired, mut given_up) = (Vec::new(), Vec::new());
    let mut state = engine.state.lock();
    while state.run == run {
        let now = engine.now();
        state.pending.expire(now, AT_ONCE, &mut expired);
        state.queue.expire(now, AT_ONCE, &mut given_up);
        let session_due = state.session_deadline <= now;
        if session_due {
            state.session_deadline = NEVER;
            state.session_due = true;
            state.parked = false;
        }
        if session_due || !expired.is_empty() || !given_up.is_empty() {
            let io = if session_due { state.io.clone() } else { None };
            drop(state);
            if let Some(io) = io {
                wake(&io);
            }
            let late = given_up.iter().filter(|(_, error)| error.code() == fpnn::CORE_TIMEOUT);
            engine.counters.timeouts.add((expired.len() + late.count()) as u64);
            let mut batch = engine.dispatch.fresh_batch();
            for complete in expired.drain(..) {
                engine.end(complete, Error::new(fpnn::CORE_TIMEOUT, ""), &mut batch);
            }
            for (complete, error) in given_up.drain(..) {
                engine.end(complete, error, &mut batch);
            }
            engine.deliver(batch);
            state = engine.state.lock();
            continue;
        }
        let calls = state.pending.next_deadline().min(state.queue.next_deadline());
        let next = calls.min(state.session_deadline);
        state.timer_sleeps_until = next;
        if next == NEVER {
            engine.deadline_changed.wait(&mut state);
        } else {
            // A wait that overflows `Instant` ends in some centuries.
            match engine.born.checked_add(std::time::Duration::from_nanos(next)) {
                Some(until) => drop(engine.deadline_changed.wait_until(&mut state, until)),
                None => engine.deadline_changed.wait(&mut state),
            }
        }
        // Awake: nobody needs to wake it until it sleeps again. After the end of its run the time is its successor's.
        if state.run == run {
            state.timer_sleeps_until = 0;
        }
    }
}
