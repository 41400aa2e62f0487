use std::collections::BTreeMap;

use super::HistoryMessage;
use super::history::Row;
use crate::error::Error;
use crate::wire::payload::{self, Fields};

/// The number of users in each room.
pub(crate) fn room_counts(fields: &Fields<'_>) -> Result<BTreeMap<i64, i64>, Error> {
    Ok(fields.by_id("cn", payload::int).into_iter().collect())
}

/// The last message of each room; a row without an id means that there is no message.
pub(crate) fn room_last_messages(
    fields: &Fields<'_>,
) -> Result<BTreeMap<i64, Option<HistoryMessage>>, Error> {
    let rows =
        fields.by_id("rooms", |row| Some(HistoryMessage::read(row)).filter(|row| row.id != 0));
    Ok(rows.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{decode_json, decode_msgpack};
    use super::*;
    use crate::types::Body;

    #[test]
    fn counts_by_text_or_integer_keys() {
        let counts = BTreeMap::from([(301, 2), (302, 0)]);
        let answer = b"\x81\xa2cn\x82\xa3301\x02\xcd\x01\x2e\xcb\0\0\0\0\0\0\0\0";
        assert_eq!(decode_msgpack(answer, room_counts), counts);
        assert!(decode_msgpack(b"\x80", room_counts).is_empty());
    }

    #[test]
    fn last_messages() {
        let rooms = decode_json(
            r#"{"rooms":{"301":[7,111,30,1700000000001,false,"hello","",1700000000101],"302":[0],"303":null}}"#,
            room_last_messages,
        )
        .unwrap();
        let last = HistoryMessage {
            id: 7,
            from: 111,
            mtype: 30,
            mid: 1_700_000_000_001,
            msg: Body::Text("hello".into()),
            mtime: 1_700_000_000_101,
            ..HistoryMessage::default()
        };
        assert_eq!(rooms, BTreeMap::from([(301, Some(last)), (302, None), (303, None)]));
    }
}
