//! Stored messages as a test sees them.

use super::store::Message;
use crate::types::{Body, Text};

/// A message as the gate stored it.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// use rtm_client::gate::ConversationId;
///
/// let (callback, reply) = reply::channel();
/// client.send_chat(2, "hello", "{}", None, None, callback);
/// let sent = reply.wait()?;
///
/// let stored = &gate.stored(ConversationId::p2p(1, 2))[0];
/// assert_eq!((stored.from, stored.mid, stored.mtype), (1, sent.mid, 30));
/// assert_eq!((stored.deleted, stored.mtime), (false, sent.payload.mtime));
/// assert_eq!(stored.msg, "hello");
/// assert_eq!(stored.attrs, "{}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredMessage {
    /// The row id.
    pub id: i64,
    /// The sender.
    pub from: i64,
    /// The message id given by the sender.
    pub mid: i64,
    /// The type.
    pub mtype: i64,
    /// Whether the message was deleted; the body and the attrs of a deleted message are empty.
    pub deleted: bool,
    /// The body.
    pub msg: Body,
    /// The attributes.
    pub attrs: Text,
    /// The time of storing, in milliseconds since 1970.
    pub mtime: i64,
}

impl StoredMessage {
    pub(super) fn new(message: &Message) -> StoredMessage {
        let msg = match Text::from_wire(message.body().bytes) {
            Text::Utf8(text) => Body::Text(text),
            Text::Bytes(bytes) => Body::Binary(bytes),
        };
        StoredMessage {
            id: message.id,
            from: message.from,
            mid: message.mid,
            mtype: message.mtype,
            deleted: message.deleted,
            msg,
            attrs: Text::from_wire(&message.attrs),
            mtime: message.mtime,
        }
    }
}
