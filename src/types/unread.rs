use std::collections::BTreeMap;

use crate::error::Error;
use crate::wire::payload::{self, Fields};

/// The conversations that have unread messages: ids, not counts.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = greeted();
/// // Before this user came, user 2 wrote "hello", to user 1 and to group 100.
/// let (callback, reply) = reply::channel();
/// client.get_unread_message(false, None, callback);
/// let unread = reply.wait()?;
/// assert_eq!((unread.p2p, unread.group), (vec![2], vec![100]));
/// assert_eq!(unread.logout_time, None); // not asked for
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnreadMessages {
    /// The users with unread messages to this user.
    pub p2p: Vec<i64>,
    /// The groups with unread messages.
    pub group: Vec<i64>,
    /// The time of this user's last logout, in milliseconds since 1970; `None` unless asked for.
    #[doc(alias = "logouttime")]
    pub logout_time: Option<i64>,
}

/// The number of unread messages from each user.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client, other) = two_users();
/// let (callback, reply) = reply::channel();
/// other.send_chat(1, "hello", "", None, None, callback);
/// let sent = reply.wait()?;
///
/// let (callback, reply) = reply::channel();
/// client.get_p2p_unread_message_num([2, 3], None, None, None, callback);
/// let counts = reply.wait()?;
/// assert_eq!((counts.p2p[&2], counts.p2p[&3]), (1, 0));
/// assert_eq!(counts.ltime.get(&2), Some(&sent.payload.mtime));
/// assert_eq!(counts.ltime.get(&3), None); // there is no message
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct P2PUnreadCounts {
    /// The count by user id.
    pub p2p: BTreeMap<i64, i64>,
    /// The time of the latest message, in milliseconds since 1970, by user id.
    pub ltime: BTreeMap<i64, i64>,
}

/// The number of unread messages of each group.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client, other) = two_users();
/// let (callback, reply) = reply::channel();
/// other.send_group_chat(100, "hello", "", None, None, callback);
/// let sent = reply.wait()?;
///
/// let (callback, reply) = reply::channel();
/// client.get_group_unread_message_num([100], None, None, None, callback);
/// let counts = reply.wait()?;
/// assert_eq!((counts.group[&100], counts.ltime[&100]), (1, sent.payload.mtime));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupUnreadCounts {
    /// The count by group id.
    pub group: BTreeMap<i64, i64>,
    /// The time of the latest message, in milliseconds since 1970, by group id.
    pub ltime: BTreeMap<i64, i64>,
}

impl UnreadMessages {
    pub(crate) fn decode(fields: &Fields<'_>) -> Result<UnreadMessages, Error> {
        Ok(UnreadMessages {
            p2p: fields.ids("p2p"),
            group: fields.ids("group"),
            logout_time: fields.get("logouttime").map(payload::int),
        })
    }
}

impl P2PUnreadCounts {
    pub(crate) fn decode(fields: &Fields<'_>) -> Result<P2PUnreadCounts, Error> {
        Ok(P2PUnreadCounts { p2p: numbers(fields, "p2p"), ltime: numbers(fields, "ltime") })
    }
}

impl GroupUnreadCounts {
    pub(crate) fn decode(fields: &Fields<'_>) -> Result<GroupUnreadCounts, Error> {
        Ok(GroupUnreadCounts { group: numbers(fields, "group"), ltime: numbers(fields, "ltime") })
    }
}

fn numbers(fields: &Fields<'_>, key: &str) -> BTreeMap<i64, i64> {
    fields.by_id(key, payload::int).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::decode_json;
    use super::*;

    #[test]
    fn ids_from_lists_and_from_the_keys_of_maps() {
        let unread =
            decode_json(r#"{"p2p":[101,"102",103.0],"group":{"201":5}}"#, UnreadMessages::decode);
        let expected =
            UnreadMessages { p2p: vec![101, 102, 103], group: vec![201], logout_time: None };
        assert_eq!(unread.unwrap(), expected);
        assert_eq!(decode_json("{}", UnreadMessages::decode).unwrap(), UnreadMessages::default());
    }

    #[test]
    fn counts_by_id() {
        let counts = decode_json(
            r#"{"p2p":{"3":1,"abc":2,"18446744073709551615":"7"},"ltime":{"3":1700000000123}}"#,
            P2PUnreadCounts::decode,
        )
        .unwrap();
        assert_eq!(counts.p2p, BTreeMap::from([(3, 1), (0, 2), (-1, 7)]));
        assert_eq!(counts.ltime, BTreeMap::from([(3, 1_700_000_000_123)]));

        let counts =
            decode_json(r#"{"group":{"-5":2},"ltime":[1]}"#, GroupUnreadCounts::decode).unwrap();
        assert_eq!(counts.group, BTreeMap::from([(-5, 2)]));
        assert!(counts.ltime.is_empty());
    }
}
