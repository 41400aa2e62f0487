use std::collections::BTreeSet;

/// What is known of a user, logged in or not.
#[derive(Default)]
pub(in crate::gate) struct User {
    /// When the last connection of the user ended; 0 if that never happened.
    pub(in crate::gate) logout: i64,
    /// When the unread reminder was cleared last.
    pub(in crate::gate) cleared: i64,
    /// Everybody a P2P message was exchanged with.
    pub(super) peers: Vec<i64>,
    pub(in crate::gate) groups: BTreeSet<i64>,
    pub(in crate::gate) blacks: BTreeSet<i64>,
}

impl User {
    /// Messages later than this are unread, where the caller names no time.
    pub(in crate::gate) fn read_until(&self) -> i64 {
        self.logout.max(self.cleared)
    }
}
