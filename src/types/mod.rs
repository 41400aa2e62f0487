//! What callbacks receive and what calls take: plain data with public fields.

pub mod message_type;
pub mod mtype;

mod conversation;
mod data;
mod file;
mod group;
mod history;
mod info;
mod push;
mod room;
mod send;
mod system;
mod text;
mod unread;
mod value_added;

pub use conversation::{Conversation, Session, Sessions, UnreadConversations};
pub use data::DataValue;
pub use file::{File, FileInfo, FileToken, UploadPayload, UploadReply};
pub use group::{GroupCount, GroupMembers};
pub use history::{HistoryMessage, HistoryRange, HistoryResult, MessageInfo, P2PMessage};
pub use info::{Info, OpenInfo};
pub use push::{Kickout, KickoutRoom, Ping, PushMessage};
pub use send::{Moderation, SendPayload, SendReply};
pub use system::{ConnectionAttrs, DevicePushOptions, option_type};
pub use text::{Body, Content, Text, Translation};
pub use unread::{GroupUnreadCounts, P2PUnreadCounts, UnreadMessages};
pub use value_added::{MediaCheck, Profanity, SpeechText, TextCheck};
pub use value_added::{check_result, check_type, profanity, translate_type};

pub(crate) use info::open_infos;
pub(crate) use room::{room_counts, room_last_messages};

#[cfg(test)]
mod testing {
    use crate::error::Error;
    use crate::wire::package::Encoding;
    use crate::wire::payload::{Fields, with_fields};

    /// Decodes an answer's payload.
    pub(super) fn decode_msgpack<T>(
        payload: &[u8],
        decode: impl FnOnce(&Fields<'_>) -> Result<T, Error>,
    ) -> T {
        with_fields(Encoding::MsgPack, payload, decode).expect("a map").expect("an answer")
    }

    /// Decodes the fields that `json` spells out.
    pub(super) fn decode_json<T>(
        json: &str,
        decode: impl FnOnce(&Fields<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        with_fields(Encoding::Json, json.as_bytes(), decode).expect("a JSON object")
    }
}
