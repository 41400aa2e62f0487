use super::history::Row;
use super::{HistoryMessage, P2PMessage};
use crate::error::Error;
use crate::wire::payload::{self, Fields};

/// A conversation with its unread count and its last message.
///
/// The JavaScript SDK gives three parallel arrays; this crate gives one list.
///
/// ```
/// use rtm_client::types::{Conversation, P2PMessage};
///
/// fn show(conversations: &[Conversation<P2PMessage>]) {
///     for conversation in conversations {
///         let last = conversation.last_msg.as_ref().map_or(String::new(), |m| m.msg.to_string());
///         println!("{} ({} unread): {last}", conversation.id, conversation.unread);
///     }
/// }
/// show(&[Conversation::default()]);
/// ```
#[doc(alias = "conversations")]
#[doc(alias = "unreads")]
#[doc(alias = "msgs")]
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Conversation<M> {
    /// The other user, or the group.
    #[doc(alias = "conversations")]
    pub id: i64,
    /// The number of unread messages.
    #[doc(alias = "unreads")]
    pub unread: i64,
    /// The last message, if there is one.
    #[doc(alias = "msgs")]
    pub last_msg: Option<M>,
}

impl<M> Default for Conversation<M> {
    fn default() -> Self {
        Conversation { id: 0, unread: 0, last_msg: None }
    }
}

/// The conversations with unread messages, of both kinds.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = greeted();
/// // Before this user came, user 2 wrote "hello", to user 1 and to group 100.
/// let (callback, reply) = reply::channel();
/// client.get_unread_conversation_list(false, None, None, None, callback);
/// let unread = reply.wait()?;
/// assert_eq!((unread.p2p[0].id, unread.p2p[0].unread), (2, 1));
/// assert_eq!(unread.p2p[0].last_msg.as_ref().unwrap().msg, "hello");
/// assert_eq!((unread.group[0].id, unread.group[0].unread), (100, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct UnreadConversations {
    /// The conversations of groups.
    #[doc(alias = "groupConversations")]
    #[doc(alias = "groupUnreads")]
    #[doc(alias = "groupMsgs")]
    pub group: Vec<Conversation<HistoryMessage>>,
    /// The conversations with other users.
    #[doc(alias = "p2pConversations")]
    #[doc(alias = "p2pUnreads")]
    #[doc(alias = "p2pMsgs")]
    pub p2p: Vec<Conversation<P2PMessage>>,
}

/// The conversations of this user.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// let (callback, reply) = reply::channel();
/// client.send_chat(2, "hello", "", None, None, callback);
/// reply.wait()?;
///
/// let (callback, reply) = reply::channel();
/// client.get_session(None, callback);
/// let sessions = reply.wait()?;
/// assert_eq!((sessions.p2p[0].id, sessions.group[0].id), (2, 100));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sessions {
    /// The conversations with other users.
    pub p2p: Vec<Session>,
    /// The conversations of groups.
    pub group: Vec<Session>,
}

/// One conversation of this user.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// let (callback, reply) = reply::channel();
/// client.get_session(None, callback);
/// let groups = reply.wait()?.group;
/// // The local gate names the conversations alone.
/// assert_eq!((groups[0].id, groups[0].mtime), (100, None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Session {
    /// The other user, or the group.
    pub id: i64,
    /// The time of the last use, in milliseconds since 1970, if the service gives one.
    pub mtime: Option<i64>,
}

impl<M> Conversation<M> {
    /// The list of a `get…ConversationList` answer.
    pub(crate) fn decode_list(fields: &Fields<'_>) -> Result<Vec<Self>, Error>
    where
        M: Row,
    {
        Ok(Self::list(fields, "conversations", "unreads", "msgs"))
    }

    /// The ids count: there is one conversation for each id, whatever the lengths of the other arrays.
    fn list(fields: &Fields<'_>, ids: &str, unreads: &str, msgs: &str) -> Vec<Self>
    where
        M: Row,
    {
        let mut unreads = fields.array(unreads).iter().map(payload::int);
        let mut msgs = fields.array(msgs).iter().map(M::read);
        let conversation = |id| Conversation {
            id,
            unread: unreads.next().unwrap_or(0),
            last_msg: msgs.next().filter(|row| row.id() != 0),
        };
        fields.ids(ids).into_iter().map(conversation).collect()
    }
}

impl UnreadConversations {
    pub(crate) fn decode(fields: &Fields<'_>) -> Result<UnreadConversations, Error> {
        Ok(UnreadConversations {
            group: Conversation::list(fields, "groupConversations", "groupUnreads", "groupMsgs"),
            p2p: Conversation::list(fields, "p2pConversations", "p2pUnreads", "p2pMsgs"),
        })
    }
}

impl Sessions {
    /// Servers answer lists of ids; the documentation promises maps from id to time.
    pub(crate) fn decode(fields: &Fields<'_>) -> Result<Sessions, Error> {
        let sessions = |key| {
            let timed =
                fields.by_id(key, |time| Some(payload::int(time)).filter(|&time| time != 0));
            if timed.is_empty() {
                fields.ids(key).into_iter().map(|id| Session { id, mtime: None }).collect()
            } else {
                timed.into_iter().map(|(id, mtime)| Session { id, mtime }).collect()
            }
        };
        Ok(Sessions { p2p: sessions("p2p"), group: sessions("group") })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::decode_json;
    use super::*;
    use crate::types::Body;

    fn p2p(json: &str) -> Vec<Conversation<P2PMessage>> {
        decode_json(json, Conversation::decode_list).unwrap()
    }

    #[test]
    fn three_arrays_become_one_list() {
        let list = p2p(r#"{"conversations":[101,"102"],"unreads":[3,0],"msgs":[
            [9,1,30,1700000000009,false,"last","",1700000000109],
            [0,2,30,5,false,"ignored","",6]]}"#);
        let last = P2PMessage {
            id: 9,
            direction: P2PMessage::SENT,
            mtype: 30,
            mid: 1_700_000_000_009,
            msg: Body::Text("last".into()),
            mtime: 1_700_000_000_109,
            ..Default::default()
        };
        let expected = [
            Conversation { id: 101, unread: 3, last_msg: Some(last) },
            Conversation { id: 102, unread: 0, last_msg: None },
        ];
        assert_eq!(list, expected);
    }

    #[test]
    fn arrays_of_unequal_length_lose_and_invent_nothing() {
        let list = p2p(r#"{"conversations":[1,2,3],"unreads":[7],"msgs":[[5],[6]]}"#);
        let seen: Vec<_> =
            list.iter().map(|c| (c.id, c.unread, c.last_msg.as_ref().map(|m| m.id))).collect();
        assert_eq!(seen, [(1, 7, Some(5)), (2, 0, Some(6)), (3, 0, None)]);
        assert_eq!(p2p(r#"{"unreads":[7],"msgs":[[5]]}"#), []);
        assert_eq!(p2p(r#"{"conversations":[1],"unreads":null,"msgs":{"1":2}}"#).len(), 1);
        assert_eq!(p2p("{}"), []);
    }

    #[test]
    fn rows_that_are_no_rows_are_no_message() {
        let list = p2p(r#"{"conversations":[1,2,3],"msgs":[{"id":9},null,[]]}"#);
        assert!(list.iter().all(|conversation| conversation.last_msg.is_none()));
    }

    #[test]
    fn both_kinds() {
        let both = decode_json(
            r#"{"groupConversations":[201],"groupUnreads":[1],"groupMsgs":[[9,5,30,1,false,"g","",2]],
                "p2pConversations":[101],"p2pUnreads":[2],"p2pMsgs":[[8,2,30,1,false,"p","",2]]}"#,
            UnreadConversations::decode,
        )
        .unwrap();
        assert_eq!((both.group[0].id, both.group[0].unread), (201, 1));
        assert_eq!(both.group[0].last_msg.as_ref().map(|m| m.from), Some(5));
        assert_eq!((both.p2p[0].id, both.p2p[0].unread), (101, 2));
        assert_eq!(both.p2p[0].last_msg.as_ref().map(|m| m.direction), Some(2));
    }

    #[test]
    fn sessions_as_lists_and_as_maps() {
        let lists = decode_json(r#"{"p2p":[101,"102"],"group":[201]}"#, Sessions::decode).unwrap();
        let session = |id, mtime| Session { id, mtime };
        assert_eq!(lists.p2p, [session(101, None), session(102, None)]);
        assert_eq!(lists.group, [session(201, None)]);

        let maps =
            decode_json(r#"{"p2p":{"101":1700000000123,"102":null},"group":{}}"#, Sessions::decode)
                .unwrap();
        assert_eq!(maps.p2p, [session(101, Some(1_700_000_000_123)), session(102, None)]);
        assert_eq!(maps.group, []);
        assert_eq!(decode_json("{}", Sessions::decode).unwrap(), Sessions::default());
    }
}
