//! The state of the connection as the program sees it, and waiting for a state.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{Admission, Engine, State, log_in_first};
use crate::clocks;
use crate::error::Error;
use crate::error_code::fpnn;
use crate::events::ConnectionState;
use crate::time::{NEVER, Time};

impl Engine {
    pub(crate) fn connection_state(&self) -> ConnectionState {
        self.state.lock().connection
    }

    /// Waits until calls pass. The error is why they will not, or that it takes longer than `timeout`.
    pub(crate) fn wait_online(&self, timeout: Duration) -> Result<(), Error> {
        let until = Instant::now().checked_add(timeout);
        let mut state = self.state.lock();
        loop {
            match state.connection {
                ConnectionState::Closed => return Err(state.why_closed.clone()),
                _ if state.leaving => return Err(leaving()),
                ConnectionState::Online => return Ok(()),
                ConnectionState::Connecting | ConnectionState::Reconnecting { .. } => {}
            }
            match until {
                None => self.connection_changed.wait(&mut state),
                Some(until) => {
                    if self.connection_changed.wait_until(&mut state, until).timed_out() {
                        return Err(Error::new(fpnn::CORE_TIMEOUT, "not online within that time"));
                    }
                }
            }
        }
    }

    /// The state is another from now on; the event that tells of it comes later.
    pub(super) fn set_connection(&self, state: &mut State, connection: ConnectionState) {
        state.connection = connection;
        let online = connection == ConnectionState::Online;
        self.counters.online.store(online, Ordering::Relaxed);
        self.connection_changed.notify_all();
        // From the beginning of a session on, so that the timer thread need not be woken when it is online.
        state.clocks_at = match connection {
            ConnectionState::Closed => NEVER,
            _ => state.clocks_at.min(self.now().saturating_add(clocks::EVERY)),
        };
        if state.timer_is_late_for(state.clocks_at) {
            self.deadline_changed.notify_one();
        }
    }

    /// The same for its end: from now on calls fail with the reason, unless there was no session yet. The first reason
    /// counts.
    pub(super) fn close_connection(&self, state: &mut State, why: Error) {
        match state.connection {
            ConnectionState::Closed => return,
            ConnectionState::Connecting => state.admission = Admission::Refused(log_in_first()),
            ConnectionState::Online | ConnectionState::Reconnecting { .. } => {
                state.admission = Admission::Refused(why.unsent());
            }
        }
        state.why_closed = why;
        self.set_connection(state, ConnectionState::Closed);
    }

    /// That time as the program counts it. `None` if it never comes.
    pub(super) fn instant(&self, time: Time) -> Option<Instant> {
        self.born.checked_add(Duration::from_nanos(time)).filter(|_| time != NEVER)
    }
}

/// Why nothing passes after `bye`, which has yet to come to its end.
pub(super) fn leaving() -> Error {
    let text = "the session is ending: the program has said bye";
    Error::new(fpnn::CORE_INVALID_CONNECTION, text).unsent()
}
