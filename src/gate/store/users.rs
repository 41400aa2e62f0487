use std::collections::{BTreeMap, BTreeSet};

/// What is told of a user, a group or a room: to everybody, and to those it belongs to.
#[derive(Default)]
pub(in crate::gate) struct Info {
    pub(in crate::gate) open: Vec<u8>,
    pub(in crate::gate) private: Vec<u8>,
}

/// What is known of a user, logged in or not.
#[derive(Default)]
pub(in crate::gate) struct User {
    /// When the last connection of the user ended; 0 if that never happened.
    pub(in crate::gate) logout: i64,
    /// The last row there was then, or when the unread reminder was cleared: later ones are unread where the caller
    /// names no time. A row and not a time, as a message may come in the same millisecond.
    pub(in crate::gate) read_until: i64,
    /// Everybody a P2P message was exchanged with.
    pub(super) peers: Vec<i64>,
    pub(super) groups: BTreeSet<i64>,
    pub(in crate::gate) friends: BTreeSet<i64>,
    pub(in crate::gate) blacks: BTreeSet<i64>,
    pub(in crate::gate) info: Info,
    pub(in crate::gate) data: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Device token to the type of app on it.
    pub(in crate::gate) devices: BTreeMap<String, String>,
    /// For whom and which types no notification is wanted; an empty list is all types.
    pub(in crate::gate) p2p_options: BTreeMap<i64, Vec<i64>>,
    pub(in crate::gate) group_options: BTreeMap<i64, Vec<i64>>,
}
