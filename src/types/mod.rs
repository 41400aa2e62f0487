//! The data that callbacks receive and calls take: plain data with public fields.

pub mod message_type;
pub mod mtype;

mod body;
mod conversation;
mod data;
mod file;
mod gap;
mod group;
mod history;
mod info;
mod list;
mod push;
mod room;
mod send;
mod system;
mod text;
mod unread;
mod value_added;

pub use body::{Body, Content, Translation};
pub use conversation::{Conversation, Session, Sessions, UnreadConversations};
pub use data::DataValue;
pub use file::{File, FileInfo, FileToken, UploadPayload, UploadReply};
pub use gap::{Gap, GapConversation};
pub use group::{GroupCount, GroupMembers};
pub use history::{HistoryMessage, HistoryRange, HistoryResult, MessageInfo, P2PMessage};
pub use info::{Info, OpenInfo};
pub use list::OptionalList;
pub use push::{Kickout, KickoutRoom, Ping, PushMessage};
pub use send::{Moderation, SendPayload, SendReply};
pub use system::{ConnectionAttrs, DevicePushOptions, option_type};
pub use text::{OptionalText, Text};
pub use unread::{GroupUnreadCounts, P2PUnreadCounts, UnreadMessages};
pub use value_added::{MediaCheck, Profanity, SpeechText, TextCheck};
pub use value_added::{check_result, check_type, profanity, translate_type};

pub(crate) use file::ProgressHandler;
pub(crate) use info::open_infos;
pub(crate) use list::{ids, pairs};
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::package::Encoding;
    use crate::wire::payload::with_fields;

    /// The keys that the decoders ask for, so that the decoders read the values.
    const KEYS: [&str; 8] =
        ["msgs", "conversations", "unreads", "p2p", "group", "ltime", "mtime", "msg"];

    proptest! {
        #[test]
        fn no_answer_makes_a_decoder_panic(
            entries in prop::collection::vec(
                (prop::sample::select(&KEYS), prop::collection::vec(any::<u8>(), 1..40)),
                0..15
            )
        ) {
            let mut payload = vec![0x80 | entries.len() as u8];
            for (key, value) in entries {
                payload.push(0xa0 | key.len() as u8);
                payload.extend_from_slice(key.as_bytes());
                payload.extend_from_slice(&value);
            }
            let _ = with_fields(Encoding::MsgPack, &payload, |fields| {
                let _ = HistoryResult::<HistoryMessage>::decode(fields);
                let _ = HistoryResult::<P2PMessage>::decode(fields);
                let _ = Conversation::<P2PMessage>::decode_list(fields);
                let _ = UnreadConversations::decode(fields);
                let _ = Sessions::decode(fields);
                let _ = MessageInfo::decode(fields);
                let _ = UnreadMessages::decode(fields);
                let _ = P2PUnreadCounts::decode(fields);
                let _ = PushMessage::decode(fields);
            });
        }
    }
}
