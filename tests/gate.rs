//! The gate as a client sees it: what every method answers, whom it tells, what it refuses.

#[path = "gate/access.rs"]
mod access;
mod common;
#[path = "gate/conduct.rs"]
mod conduct;
#[path = "gate/control.rs"]
mod control;
#[path = "gate/conversations.rs"]
mod conversations;
#[path = "gate/faults.rs"]
mod faults;
#[path = "gate/files.rs"]
mod files;
#[path = "gate/groups_rooms.rs"]
mod groups_rooms;
#[path = "gate/history.rs"]
mod history;
#[path = "gate/hostile.rs"]
mod hostile;
#[path = "gate/kicked.rs"]
mod kicked;
#[path = "gate/messages.rs"]
mod messages;
#[path = "gate/options.rs"]
mod options;
#[path = "gate/peer.rs"]
mod peer;
#[path = "gate/session.rs"]
mod session;
#[cfg(feature = "tls")]
#[path = "gate/tls.rs"]
mod tls;
#[path = "gate/users_system.rs"]
mod users_system;
#[path = "gate/value_added.rs"]
mod value_added;
