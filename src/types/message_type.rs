//! The kind of receiver of a message: the `type` of `get_chat`, `delete_chat`, `get_message` and `delete_message`.
//!
//! ```
//! use rtm_client::types::message_type;
//!
//! assert_eq!(message_type::GROUP, 2);
//! ```

/// To one user.
pub const P2P: i64 = 1;
/// To a group.
pub const GROUP: i64 = 2;
/// To a room.
pub const ROOM: i64 = 3;
/// To everybody; the receiver's id is 0.
pub const BROADCAST: i64 = 4;
