//! What a gate counts.

/// What a [`Gate`](super::Gate) has done since it was started, and who is there now.
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
    /// Messages that were stored.
    pub messages: u64,
    /// Pushes that were sent.
    pub pushes: u64,
    /// Faults that have struck.
    pub faults: u64,
}

impl Counters {
    /// For the page.
    pub(super) fn json(&self, pid: i64) -> String {
        let Counters { connections, users, calls, refused, messages, pushes, faults } = self;
        format!(
            r#"{{"pid":{pid},"connections":{connections},"users":{users},"calls":{calls},"refused":{refused},"messages":{messages},"pushes":{pushes},"faults":{faults}}}"#
        )
    }
}
