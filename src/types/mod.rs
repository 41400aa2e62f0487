//! What callbacks receive and what calls take: plain data with public fields.

pub mod message_type;
pub mod mtype;

mod conversation;
mod history;
mod push;
mod send;
mod text;
mod unread;

pub use conversation::{Conversation, Session, Sessions, UnreadConversations};
pub use history::{HistoryMessage, HistoryResult, MessageInfo, P2PMessage};
pub use push::{Kickout, KickoutRoom, Ping, PushMessage};
pub use send::{SendPayload, SendReply};
pub use text::{Body, Content, Text, Translation};
pub use unread::{GroupUnreadCounts, P2PUnreadCounts, UnreadMessages};

#[cfg(test)]
mod testing {
    use crate::error::Error;
    use crate::wire::package::Encoding;
    use crate::wire::payload::{Fields, with_fields};

    /// Decodes the fields that `json` spells out.
    pub(super) fn decode_json<T>(
        json: &str,
        decode: impl FnOnce(&Fields<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        with_fields(Encoding::Json, json.as_bytes(), decode).expect("a JSON object")
    }
}
