//! The machine's questions, and its pushes and answers, on the wire: written and read.

use rmpv::ValueRef;

use super::{Answer, Conversation, PAGE_ROWS, Pushed, Question, Row, Unread};
use crate::error::Error;
use crate::options::CatchUp;
use crate::push::{Category, Push, excludes};
use crate::types::{Conversation as Listed, P2PMessage, UnreadConversations};
use crate::wire::answer;
use crate::wire::package::Encoding;
use crate::wire::payload::{self, Fields, MapWriter, int, truthy, write_map};

/// A message as it was pushed, or as it would have been.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) push: Push,
    pub(crate) encoding: Encoding,
    pub(crate) payload: Vec<u8>,
}

/// What the machine has to know of a push to that user; nothing of one that cannot be read.
pub(crate) fn pushed(
    category: Category,
    encoding: Encoding,
    payload: &[u8],
    uid: i64,
) -> Option<Pushed<()>> {
    let read = |fields: &Fields<'_>| {
        let from = fields.int("from");
        let conversation = match category {
            // Sent by the user elsewhere.
            Category::P2P if from == uid => Conversation::P2p(fields.int("to")),
            Category::P2P => Conversation::P2p(from),
            Category::Group => Conversation::Group(fields.int("gid")),
            Category::Room => Conversation::Room(fields.int("rid")),
            Category::Broadcast => Conversation::Broadcast,
        };
        let (mid, mtype, mtime) = (fields.int("mid"), fields.int("mtype"), fields.int("mtime"));
        let bytes = payload.len() + size_of::<Pushed<Message>>();
        Pushed { conversation, from, mid, mtype, mtime, bytes, message: () }
    };
    payload::with_fields(encoding, payload, read).ok()
}

impl Question {
    pub(crate) fn method(self) -> &'static str {
        match self {
            Question::ServerTime => "getservertime",
            Question::Unread { .. } => "getunreadconversationlist",
            Question::Page { conversation, .. } => match conversation {
                Conversation::P2p(_) => "getp2pmsg",
                Conversation::Group(_) => "getgroupmsg",
                Conversation::Room(_) => "getroommsg",
                Conversation::Broadcast => "getbroadcastmsg",
            },
        }
    }

    pub(crate) fn write(self, options: &CatchUp, map: &mut MapWriter<'_>) {
        match self {
            Question::ServerTime => {}
            Question::Unread { mtime } => {
                map.bool("clear", false);
                map.id("mtime", mtime);
                map.numbers("mtypes", &options.mtypes);
            }
            Question::Page { conversation, begin, lastid } => {
                match conversation {
                    Conversation::P2p(peer) => map.id("ouid", peer),
                    Conversation::Group(gid) => map.id("gid", gid),
                    Conversation::Room(rid) => map.id("rid", rid),
                    Conversation::Broadcast => {}
                }
                map.bool("desc", false);
                map.number("num", PAGE_ROWS as i64);
                map.id("begin", begin);
                map.opt_id("lastid", Some(lastid).filter(|&lastid| lastid != 0));
                map.numbers("mtypes", &options.mtypes);
            }
        }
    }

    /// Reads what that user is answered; the error is its code.
    pub(crate) fn read(
        self,
        uid: i64,
        answer: Result<answer::Answer<'_>, Error>,
    ) -> Result<Answer<Message>, i32> {
        let read =
            answer.and_then(|answer| answer.read(|fields| Ok(self.read_fields(uid, fields))));
        read.map_err(|error| error.code())
    }

    fn read_fields(self, uid: i64, fields: &Fields<'_>) -> Answer<Message> {
        match self {
            Question::ServerTime => Answer::ServerTime(fields.int("mts")),
            Question::Unread { .. } => Answer::Unread(unread(fields)),
            Question::Page { conversation, .. } => {
                let rows = fields.array("msgs").iter();
                Answer::Page(rows.map(|cells| row(conversation, uid, cells)).collect())
            }
        }
    }
}

fn unread(fields: &Fields<'_>) -> Vec<Unread> {
    let UnreadConversations { group, p2p } = match UnreadConversations::decode(fields) {
        Ok(lists) => lists,
        Err(_) => return Vec::new(),
    };
    fn entry<M>(
        listed: Listed<M>,
        conversation: fn(i64) -> Conversation,
        last: fn(M) -> (i64, i64),
    ) -> Unread {
        let Listed { id, unread, last_msg } = listed;
        Unread { conversation: conversation(id), count: unread, last: last_msg.map(last) }
    }
    let group = group
        .into_iter()
        .map(|listed| entry(listed, Conversation::Group, |last| (last.id, last.mtime)));
    let p2p = p2p
        .into_iter()
        .map(|listed| entry(listed, Conversation::P2p, |last| (last.id, last.mtime)));
    group.chain(p2p).collect()
}

/// Reads a row of a history, as the push that would have brought its message to that user.
fn row(conversation: Conversation, uid: i64, cells: &ValueRef<'_>) -> Row<Message> {
    let cell = |at: usize| payload::array(cells).get(at).unwrap_or(&ValueRef::Nil);
    let (id, mid, mtime) = (int(cell(0)), int(cell(3)), int(cell(7)));
    let (from, own) = match (conversation, int(cell(1))) {
        (Conversation::P2p(_), P2PMessage::SENT) => (uid, true),
        (Conversation::P2p(peer), _) => (peer, false),
        (_, from) => (from, from == uid),
    };
    let category = match conversation {
        Conversation::P2p(_) => Category::P2P,
        Conversation::Group(_) => Category::Group,
        Conversation::Room(_) => Category::Room,
        Conversation::Broadcast => Category::Broadcast,
    };
    let mut payload = Vec::new();
    write_map(&mut payload, |map| {
        map.id("from", from);
        match conversation {
            Conversation::P2p(_) => map.id("to", uid),
            Conversation::Group(gid) => map.id("gid", gid),
            Conversation::Room(rid) => map.id("rid", rid),
            Conversation::Broadcast => {}
        }
        map.id("mid", mid);
        map.value("mtype", cell(2));
        map.value("msg", cell(5));
        map.value("attrs", cell(6));
        map.id("mtime", mtime);
    });
    Row {
        id,
        from,
        mid,
        mtime,
        own,
        deleted: truthy(cell(4)),
        excluded: payload::raw(cell(6)).is_some_and(|attrs| excludes(attrs, uid)),
        message: Message { push: Push::CaughtUp(category), encoding: Encoding::MsgPack, payload },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Body, PushMessage};

    const UID: i64 = 1;
    const PAGE: Question =
        Question::Page { conversation: Conversation::Group(100), begin: 7, lastid: 0 };

    fn read(question: Question, json: &str) -> Result<Answer<Message>, i32> {
        let (encoding, payload) = (Encoding::Json, json.as_bytes());
        question.read(UID, Ok(answer::Answer { status: 0, encoding, payload }))
    }

    fn rows(question: Question, json: &str) -> Vec<Row<Message>> {
        match read(question, json) {
            Ok(Answer::Page(rows)) => rows,
            other => panic!("no page: {other:?}"),
        }
    }

    fn decoded(message: &Message) -> PushMessage {
        payload::with_fields(message.encoding, &message.payload, PushMessage::decode)
            .expect("a map")
    }

    fn written(question: Question) -> String {
        let mut out = Vec::new();
        let options = CatchUp { mtypes: vec![30, 66], ..CatchUp::new() };
        write_map(&mut out, |map| question.write(&options, map));
        String::from_utf8_lossy(&json(&out)).into_owned()
    }

    fn json(payload: &[u8]) -> Vec<u8> {
        let value = rmpv::decode::read_value(&mut &*payload).expect("a map");
        value.to_string().into_bytes()
    }

    #[test]
    fn questions_name_the_types_and_go_on_behind_a_row_if_there_is_one() {
        assert_eq!(
            written(PAGE),
            r#"{"gid": 100, "desc": false, "num": 20, "begin": 7, "mtypes": [30, 66]}"#
        );
        let behind = Question::Page { conversation: Conversation::P2p(2), begin: 7, lastid: 9 };
        assert_eq!(
            written(behind),
            r#"{"ouid": 2, "desc": false, "num": 20, "begin": 7, "lastid": 9, "mtypes": [30, 66]}"#
        );
        assert_eq!(
            written(Question::Unread { mtime: 5 }),
            r#"{"clear": false, "mtime": 5, "mtypes": [30, 66]}"#
        );
    }

    #[test]
    fn a_row_is_the_push_that_was_missed() {
        let page = r#"{"msgs":[[9,2,30,5,false,"hello","{\"excludedUids\":[\"1\"]}",70],
            [10,1,66,6,true,null,null,71]]}"#;
        let rows = rows(PAGE, page);
        let [first, second] = &rows[..] else { panic!("two rows: {rows:?}") };
        assert_eq!((first.id, first.from, first.mid, first.mtime), (9, 2, 5, 70));
        assert_eq!((first.own, first.deleted, first.excluded), (false, false, true));
        assert_eq!((second.own, second.deleted, second.excluded), (true, true, false));
        assert_eq!(first.message.push, Push::CaughtUp(Category::Group));
        let message = decoded(&first.message);
        assert_eq!((message.from, message.gid, message.to), (2, 100, 0));
        assert_eq!((message.mid, message.mtype, message.mtime), (5, 30, 70));
        assert_eq!(message.msg, Body::Text("hello".into()));
    }

    #[test]
    fn between_two_users_a_row_says_in_which_direction() {
        let question = Question::Page { conversation: Conversation::P2p(2), begin: 7, lastid: 0 };
        let rows = rows(
            question,
            r#"{"msgs":[[9,1,30,5,false,"mine","",70],[10,2,30,6,false,"","",71]]}"#,
        );
        let [mine, other] = &rows[..] else { panic!("two rows: {rows:?}") };
        assert_eq!((mine.from, mine.own, other.from, other.own), (UID, true, 2, false));
        let message = decoded(&other.message);
        assert_eq!((message.from, message.to), (2, UID));
    }

    #[test]
    fn a_list_names_groups_and_users() {
        let list = r#"{"groupConversations":[100],"groupUnreads":[3],"groupMsgs":[[9,5,30,1,false,"","",70]],
            "p2pConversations":[2],"p2pUnreads":[1],"p2pMsgs":[[0]]}"#;
        let Ok(Answer::Unread(list)) = read(Question::Unread { mtime: 5 }, list) else {
            panic!("no list")
        };
        let list: Vec<_> = list.iter().map(|one| (one.conversation, one.count, one.last)).collect();
        let group = (Conversation::Group(100), 3, Some((9, 70)));
        assert_eq!(list, [group, (Conversation::P2p(2), 1, None)]);
    }

    #[test]
    fn a_push_is_of_the_conversation_with_the_other() {
        let head = |json: &str| {
            let head = pushed(Category::P2P, Encoding::Json, json.as_bytes(), UID)?;
            Some((head.conversation, head.from, head.mid, head.mtype, head.mtime))
        };
        let received = r#"{"from":2,"to":1,"mid":5,"mtype":30,"mtime":70}"#;
        assert_eq!(head(received), Some((Conversation::P2p(2), 2, 5, 30, 70)));
        let sent = r#"{"from":1,"to":3,"mid":5,"mtype":30,"mtime":70}"#;
        assert_eq!(head(sent), Some((Conversation::P2p(3), 1, 5, 30, 70)));
        assert_eq!(head("no map"), None);
    }

    #[test]
    fn the_error_of_an_answer_is_its_code() {
        let payload = br#"{"code":200040,"ex":"not in the room"}"#;
        let answer = answer::Answer { status: 1, encoding: Encoding::Json, payload };
        assert_eq!(PAGE.read(UID, Ok(answer)).map(drop), Err(200040));
        assert_eq!(PAGE.read(UID, Err(Error::connection_closed())).map(drop), Err(20002));
    }
}
