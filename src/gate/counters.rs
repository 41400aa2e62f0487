//! The counters of a gate.

use serde_json::{Value, json};

/// What a [`Gate`](super::Gate) has done since it was started, and who is there now.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// use rtm_client::gate::Counters;
///
/// let (callback, reply) = reply::channel();
/// client.send_chat(2, "hello", "", None, None, callback);
/// reply.wait()?;
/// let (callback, reply) = reply::channel();
/// client.send_chat(1, "to myself", "", None, None, callback);
/// reply.wait().unwrap_err();
///
/// let Counters { users, calls, refused, messages, .. } = gate.counters();
/// assert_eq!((users, calls, refused, messages), (1, 3, 1, 1)); // the login is a call too
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// WebSocket connections that are open, logged in or not.
    pub connections: u64,
    /// Users who are logged in.
    pub users: u64,
    /// Calls that were read.
    pub calls: u64,
    /// Calls that were answered with an error.
    pub refused: u64,
    /// Messages that were stored, but for those of a seed.
    pub messages: u64,
    /// Pushes that were sent.
    pub pushes: u64,
    /// Faults that have struck.
    pub faults: u64,
}

impl Counters {
    pub(super) fn json(&self) -> Value {
        let Counters { connections, users, calls, refused, messages, pushes, faults } = self;
        json!({
            "connections": connections,
            "users": users,
            "calls": calls,
            "refused": refused,
            "messages": messages,
            "pushes": pushes,
            "faults": faults,
        })
    }
}
