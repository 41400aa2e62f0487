//! Counters of what a client has done.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The counters of a client at the moment of [`RtmClient::stats`](crate::RtmClient::stats).
///
/// Each call is counted once more when it ends: `calls` = `answers` + `timeouts` + `lost` + `unanswered` + the calls that
/// have not ended. The counters are read one after another while the client goes on, so they may differ by a few calls.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// use rtm_client::Stats;
///
/// gate.faults().on("getsession").next(1).error(200010);
/// let (callback, reply) = reply::channel();
/// client.get_session(None, callback);
/// reply.wait().unwrap_err();
///
/// let Stats { calls, answers, errors, timeouts, lost, unanswered, .. } = client.stats();
/// assert_eq!(calls, answers + timeouts + lost + unanswered);
/// assert_eq!((calls, answers, errors), (1, 1, 1));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Calls that were sent, or queued to be sent. A call that failed at once is not counted.
    pub calls: u64,
    /// Answers to calls, with success or with an error.
    pub answers: u64,
    /// Answers that were errors of the gate.
    pub errors: u64,
    /// Calls that were not answered in time.
    pub timeouts: u64,
    /// Calls that ended because the connection was lost before their answer came, or because the client did not reconnect
    /// within the longest wait of [`queue_while_reconnecting`](crate::ClientOptions::queue_while_reconnecting).
    pub lost: u64,
    /// Calls that ended with the session, before their answer came: by `close`, `destroy`, a new login, the end of `bye`,
    /// a kickout, or after the last attempt to log in again.
    pub unanswered: u64,
    /// Quests of the gate: messages, pings and the like.
    pub pushes: u64,
    /// Bytes written to connections with the gate, TLS not counted.
    pub bytes_sent: u64,
    /// Bytes read from connections with the gate, TLS not counted.
    pub bytes_received: u64,
    /// Calls whose callback has not returned yet.
    pub in_flight: u64,
    /// Bytes that wait for the socket.
    pub queued_bytes: u64,
    /// Callbacks and pushes that wait or run.
    pub waiting_callbacks: u64,
    /// Successful logins after a lost connection.
    pub reconnects: u64,
    /// Whether the client is online, as [`connection_state`](crate::RtmClient::connection_state) says.
    pub online: bool,
}

/// A counter with one writer at a time: the I/O thread, the timer thread, or the thread that holds the state's lock.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Adds without a locked instruction, because there is no other writer.
    pub(crate) fn add(&self, more: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(more), Ordering::Relaxed);
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counters, each with its writer.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Under the state's lock.
    pub(crate) calls: Counter,
    /// Under the state's lock.
    pub(crate) queued_bytes: Counter,
    /// Under the state's lock.
    pub(crate) online: AtomicBool,
    /// Under the state's lock.
    pub(crate) timeouts: Counter,
    pub(crate) lost: Counter,
    pub(crate) unanswered: Counter,
    /// The I/O thread, as the rest.
    pub(crate) answers: Counter,
    pub(crate) errors: Counter,
    pub(crate) pushes: Counter,
    pub(crate) bytes_sent: Counter,
    pub(crate) bytes_received: Counter,
    pub(crate) reconnects: Counter,
}
