//! The timer thread: ends calls whose time is over, and watches the thread that runs callbacks, and the clocks.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use log::Level;
use parking_lot::MutexGuard;

use super::callbacks::Batch;
use super::chair::Look;
use super::threads::run_relief;
use super::{Command, Complete, Engine, State, command_io};
use crate::calm::SLOW;
use crate::clocks::{self, Clocks};
use crate::error::Error;
use crate::error_code::fpnn;
use crate::guard;
use crate::pending::Taken;
use crate::time::{NEVER, Time, to_time};

/// The number of calls that expire under one hold of the lock.
const AT_ONCE: usize = 1024;

/// The time between two tries to start a relief.
const TRIED_AGAIN: Duration = Duration::from_millis(100);

/// The thread that sits for a slow callback.
enum Relief {
    Made,
    /// Not started, and no new try before this time.
    Missing(Time),
}

pub(super) fn run(engine: &Arc<Engine>, run: u64) {
    let mut relief = Relief::Missing(0);
    let mut clocks = Clocks::new(engine.now(), (engine.wall_clock)());
    let (mut expired, mut given_up) = (Vec::new(), Vec::new());
    loop {
        let now = engine.now();
        let mut state = engine.state.lock();
        if state.run != run {
            return;
        }
        if state.look_at <= now {
            // Whoever leaves the chair from now on asks again.
            state.look_at = NEVER;
            drop(state);
            if look(engine, run, now, &mut relief) {
                let mut state = engine.state.lock();
                state.look_at = state.look_at.min(now.saturating_add(to_time(SLOW)));
            }
            continue;
        }
        if state.clocks_at <= now {
            state.clocks_at = now.saturating_add(clocks::EVERY);
            drop(state);
            let online = engine.counters.online.load(Ordering::Relaxed);
            if online && clocks.look(now, (engine.wall_clock)()) {
                let text = format_args!("the machine has slept: is the gate there?");
                guard::log(Level::Debug, "rtm_client::session", text);
                command_io(engine.state.lock(), Command::Doubt);
            }
            continue;
        }
        state.pending.expire(now, AT_ONCE, &mut expired);
        state.queue.expire(now, AT_ONCE, &mut given_up);
        if expired.is_empty() && given_up.is_empty() {
            sleep(engine, &mut state, run);
            continue;
        }
        let taken = expired.iter_mut();
        let kept: Vec<_> =
            taken.filter_map(|taken| state.queue.take_kept(&mut taken.call)).collect();
        state.expired += expired.len() as u64;
        let all_written = state.outbox.is_empty() && engine.unwritten.load(Ordering::Relaxed) == 0;
        let late = given_up.iter().filter(|(_, error)| error.code() == fpnn::CORE_TIMEOUT);
        let late = late.count();
        engine.counters.timeouts.add((expired.len() + late) as u64);
        engine.counters.lost.add((given_up.len() - late) as u64);
        if !all_written {
            state.timed_out.append(&mut expired);
        }
        drop(state);
        drop(kept);
        end(engine, &mut expired, &mut given_up);
        // The gate may be gone, and frames of what has expired may not have been sent; `bye` may wait for nothing else.
        engine.wake_io();
    }
}

fn end(
    engine: &Arc<Engine>,
    expired: &mut Vec<Taken<Complete>>,
    given_up: &mut Vec<(Complete, Error)>,
) {
    let mut batch = Batch::default();
    for Taken { call, .. } in expired.drain(..) {
        engine.end(call, Error::new(fpnn::CORE_TIMEOUT, ""), &mut batch);
    }
    for (complete, error) in given_up.drain(..) {
        engine.end(complete, error, &mut batch);
    }
    engine.deliver(batch);
}

/// Sleeps until the earliest deadline, or until a thread has an earlier deadline.
fn sleep(engine: &Engine, state: &mut MutexGuard<'_, State>, run: u64) {
    let calls = state.pending.next_deadline().min(state.queue.next_deadline());
    let next = calls.min(state.look_at).min(state.clocks_at);
    state.timer_sleeps_until = next;
    // A wait that overflows `Instant` ends in some centuries.
    match engine.instant(next) {
        Some(until) => drop(engine.deadline_changed.wait_until(state, until)),
        None => engine.deadline_changed.wait(state),
    }
    // Awake: nobody needs to wake it until it sleeps again. After the end of its run the time is its successor's.
    if state.run == run {
        state.timer_sleeps_until = 0;
    }
}

/// Watches the thread that runs callbacks. Returns whether to look again.
fn look(engine: &Arc<Engine>, run: u64, now: Time, relief: &mut Relief) -> bool {
    let look = engine.chair.look(run);
    if let (Look::Slow, &mut Relief::Missing(from)) = (look, &mut *relief) {
        if now >= from {
            let its = engine.clone();
            *relief = match engine.spawn("rtm-relief", move || run_relief(&its, run)) {
                Ok(()) => Relief::Made,
                Err(error) => {
                    if from == 0 {
                        guard::log(
                            Level::Error,
                            "rtm_client::engine",
                            format_args!(
                                "a slow callback holds the connection up, for there is no thread to be had: {error}"
                            ),
                        );
                    }
                    Relief::Missing(now.saturating_add(to_time(TRIED_AGAIN)))
                }
            };
        }
    }
    look != Look::Quiet
}

#[cfg(test)]
#[path = "../../tests/heavy/clocks.rs"]
mod tests;
