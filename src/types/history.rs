use std::time::Duration;

use rmpv::ValueRef;

use super::{Body, FileInfo, OptionalList, Text, mtype};
use crate::error::Error;
use crate::error_code::rtm;
use crate::wire::payload::{self, Fields, int};

/// A stored message of a group, a room or a broadcast.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// let mid = gate.broadcast(99, 30, "maintenance at noon", "");
/// let (callback, reply) = reply::channel();
/// client.get_broadcast_chat(true, 10, None, None, None, None, callback);
/// let message = &reply.wait()?.msgs[0];
/// assert_eq!((message.from, message.mtype, message.mid), (99, 30, mid));
/// assert_eq!(message.msg, "maintenance at noon");
/// assert!(!message.deleted);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "GroupMsg")]
#[doc(alias = "RoomMsg")]
#[doc(alias = "BroadcastMsg")]
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct HistoryMessage {
    /// The number of the message in its conversation, as in `lastid`.
    pub id: i64,
    /// The sender.
    pub from: i64,
    /// The type: see [`mtype`](super::mtype).
    pub mtype: i64,
    /// The message id given by the sender.
    pub mid: i64,
    /// Whether the message was deleted. The row keeps its place.
    pub deleted: bool,
    /// The body.
    #[doc(alias = "binary")]
    pub msg: Body,
    /// Application data from the sender.
    pub attrs: Text,
    /// The time when the service took the message, in milliseconds since 1970.
    pub mtime: i64,
}

/// A stored message between this user and another.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// use rtm_client::types::P2PMessage;
///
/// let (callback, reply) = reply::channel();
/// client.send_chat(2, "hello", "", None, None, callback);
/// let sent = reply.wait()?;
///
/// let (callback, reply) = reply::channel();
/// client.get_p2p_chat(2, true, 10, None, None, None, None, callback);
/// let message = &reply.wait()?.msgs[0];
/// assert_eq!(message.direction, P2PMessage::SENT);
/// assert_eq!((message.mid, message.mtime), (sent.mid, sent.payload.mtime));
/// assert_eq!(message.msg, "hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "P2PMsg")]
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct P2PMessage {
    /// The number of the message in its conversation, as in `lastid`.
    pub id: i64,
    /// [`SENT`](Self::SENT) by this user, or [`RECEIVED`](Self::RECEIVED) from the other user.
    pub direction: i64,
    /// The type: see [`mtype`](super::mtype).
    pub mtype: i64,
    /// The message id given by the sender.
    pub mid: i64,
    /// Whether the message was deleted. The row keeps its place.
    pub deleted: bool,
    /// The body.
    #[doc(alias = "binary")]
    pub msg: Body,
    /// Application data from the sender.
    pub attrs: Text,
    /// The time when the service took the message, in milliseconds since 1970.
    pub mtime: i64,
}

impl P2PMessage {
    /// The [`direction`](Self::direction) of a message this user sent.
    pub const SENT: i64 = 1;
    /// The [`direction`](Self::direction) of a message this user received.
    pub const RECEIVED: i64 = 2;

    /// The information about the file of the message; `None` if the type is not that of a file, 40 to 50, or the body is
    /// not that of a file message.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// use rtm_client::types::{File, mtype};
    ///
    /// let (callback, reply) = reply::channel();
    /// client.send_file(mtype::IMAGE, 2, File::from_bytes("cat.png", [1, 2, 3]), None, None, callback);
    /// reply.wait()?;
    ///
    /// let (callback, reply) = reply::channel();
    /// client.get_p2p_message(2, true, 10, None, None, None, None, None, callback);
    /// let info = reply.wait()?.msgs[0].file_info().expect("a file's message");
    /// assert_eq!((info.size, info.ext.as_deref()), (3, Some("png")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn file_info(&self) -> Option<FileInfo> {
        FileInfo::of_message(self.mtype, &self.msg, &self.attrs)
    }
}

impl HistoryMessage {
    /// The information about the file of the message; `None` if the type is not that of a file, 40 to 50, or the body is
    /// not that of a file message.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// use rtm_client::types::mtype;
    ///
    /// gate.broadcast(99, mtype::IMAGE, r#"{"url":"https://files.example/1.png","size":5}"#, "{}");
    /// gate.broadcast(99, mtype::CHAT, "no file", "{}");
    /// let (callback, reply) = reply::channel();
    /// client.get_broadcast_message(false, 10, None, None, None, None, None, callback);
    /// let messages = reply.wait()?.msgs;
    /// assert_eq!(messages[0].file_info().unwrap().url, "https://files.example/1.png");
    /// assert!(messages[1].file_info().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn file_info(&self) -> Option<FileInfo> {
        FileInfo::of_message(self.mtype, &self.msg, &self.attrs)
    }
}

/// A page of history, and the beginning of the next page.
///
/// For the next page, repeat the call with `begin`, `end` and `lastid` of this page. A page with fewer than `num` rows is
/// the last.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// gate.broadcast(9, 30, "hello", "");
/// let (callback, reply) = reply::channel();
/// client.get_broadcast_chat(true, 10, None, None, None, None, callback);
/// let page = reply.wait()?;
/// for message in &page.msgs {
///     println!("{}: {}", message.from, message.msg);
/// }
/// assert!(page.num < 10); // it is the last
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HistoryResult<M> {
    /// The number of rows of the page, deleted rows included.
    pub num: i64,
    /// The `lastid` for the next page.
    pub lastid: i64,
    /// The `begin` for the next page, in milliseconds since 1970.
    pub begin: i64,
    /// The `end` for the next page, in milliseconds since 1970.
    pub end: i64,
    /// The messages, in the requested order.
    pub msgs: Vec<M>,
}

impl<M> Default for HistoryResult<M> {
    fn default() -> Self {
        HistoryResult { num: 0, lastid: 0, begin: 0, end: 0, msgs: Vec::new() }
    }
}

/// The messages of a history to walk through: see [`p2p_history`](crate::RtmClient::p2p_history) and its siblings.
///
/// ```
/// use rtm_client::types::HistoryRange;
///
/// let today = HistoryRange::chats().begin(1_700_000_000_000);
/// assert!(today.desc);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "a range does nothing until a history has it"]
pub struct HistoryRange {
    /// `true`, the default, walks from `end` back, newest first; `false` from `begin` on, oldest first.
    pub desc: bool,
    /// The number of messages for each call: 1 to [`LARGEST_PAGE`](Self::LARGEST_PAGE), default 10. The service never
    /// gives more than 20, so a larger page would look like the last one: values over 20 count as 20, values under 1 as
    /// 1.
    pub page_size: i64,
    /// The earliest time, in milliseconds since 1970; `None` or 0 sets no bound.
    pub begin: Option<i64>,
    /// The latest time, in milliseconds since 1970; `None` or 0 sets no bound.
    pub end: Option<i64>,
    /// Only messages of these types; `None` for all.
    pub mtypes: Option<Vec<i64>>,
    /// How long the answer to each call may take; `None` or zero means 20 s.
    pub timeout: Option<Duration>,
}

impl HistoryRange {
    /// The largest number of rows on a page of the service.
    pub const LARGEST_PAGE: i64 = 20;

    /// The messages of the `get_…_chat` calls: chat, audio and commands, types 30 to 32.
    ///
    /// ```
    /// use rtm_client::types::{HistoryRange, mtype};
    ///
    /// assert_eq!(HistoryRange::chats().mtypes, Some(vec![mtype::CHAT, mtype::AUDIO, mtype::CMD]));
    /// assert_eq!(HistoryRange::default().mtypes, None);
    /// ```
    pub fn chats() -> HistoryRange {
        let mtypes = Some(vec![mtype::CHAT, mtype::AUDIO, mtype::CMD]);
        HistoryRange { mtypes, ..HistoryRange::default() }
    }

    /// Sets the direction: `false` for oldest first.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// use rtm_client::types::HistoryRange;
    ///
    /// for n in 1..=3 {
    ///     gate.broadcast(9, 30, format!("number {n}"), "");
    /// }
    /// let first = client.broadcast_history(HistoryRange::default().desc(false)).next();
    /// assert_eq!(first.unwrap()?.msg, "number 1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn desc(self, desc: bool) -> Self {
        HistoryRange { desc, ..self }
    }

    /// Sets the number of messages for each call.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// use rtm_client::types::HistoryRange;
    ///
    /// for n in 0..20 {
    ///     gate.broadcast(9, 30, "hello", "");
    /// }
    /// let before = client.stats().calls;
    /// let in_one = HistoryRange::default().page_size(HistoryRange::LARGEST_PAGE);
    /// assert_eq!(client.broadcast_history(in_one).take(20).count(), 20);
    /// assert_eq!(client.stats().calls - before, 1);
    /// ```
    pub fn page_size(self, rows: i64) -> Self {
        HistoryRange { page_size: rows, ..self }
    }

    /// Sets the earliest time.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// use rtm_client::types::HistoryRange;
    ///
    /// gate.broadcast(9, 30, "hello", "");
    /// let from_2100_on = HistoryRange::default().begin(4_102_444_800_000);
    /// assert_eq!(client.broadcast_history(from_2100_on).count(), 0);
    /// ```
    pub fn begin(self, mtime: impl Into<Option<i64>>) -> Self {
        HistoryRange { begin: mtime.into(), ..self }
    }

    /// Sets the latest time.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// use rtm_client::types::HistoryRange;
    ///
    /// gate.broadcast(9, 30, "hello", "");
    /// let until_2000 = HistoryRange::default().end(946_684_800_000);
    /// assert_eq!(client.broadcast_history(until_2000).count(), 0);
    /// ```
    pub fn end(self, mtime: impl Into<Option<i64>>) -> Self {
        HistoryRange { end: mtime.into(), ..self }
    }

    /// Sets the types.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// use rtm_client::types::HistoryRange;
    ///
    /// gate.broadcast(9, 66, "move", "");
    /// gate.broadcast(9, 30, "hello", "");
    /// let moves = client.broadcast_history(HistoryRange::default().mtypes([66]));
    /// assert_eq!(moves.count(), 1);
    /// ```
    pub fn mtypes<'a>(self, mtypes: impl Into<OptionalList<'a>>) -> Self {
        HistoryRange { mtypes: mtypes.into().as_slice().map(<[i64]>::to_vec), ..self }
    }

    /// Sets how long the answer to each call may take.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// use rtm_client::types::HistoryRange;
    ///
    /// gate.faults().on("getbroadcastmsg").never_answer();
    /// let hasty = HistoryRange::default().timeout(Duration::from_millis(100));
    /// let first = client.broadcast_history(hasty).next();
    /// assert_eq!(first.unwrap().unwrap_err().code(), 20003);
    /// ```
    pub fn timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        HistoryRange { timeout: timeout.into(), ..self }
    }
}

/// All messages, newest first.
impl Default for HistoryRange {
    fn default() -> Self {
        HistoryRange {
            desc: true,
            page_size: 10,
            begin: None,
            end: None,
            mtypes: None,
            timeout: None,
        }
    }
}

/// One stored message, as `get_chat` and `get_message` give it.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// use rtm_client::types::message_type;
///
/// let (callback, reply) = reply::channel();
/// client.send_chat(2, "hello", "{}", None, None, callback);
/// let sent = reply.wait()?;
///
/// let (callback, reply) = reply::channel();
/// client.get_chat(1, sent.mid, 2, message_type::P2P, None, callback);
/// let message = reply.wait()?;
/// assert_eq!((message.mtype, message.mtime), (30, sent.payload.mtime));
/// assert_eq!(message.msg, "hello");
/// assert_eq!(message.attrs, "{}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct MessageInfo {
    /// The message's number in its conversation.
    pub id: i64,
    /// The type: see [`mtype`](super::mtype).
    pub mtype: i64,
    /// The body.
    pub msg: Body,
    /// Application data from the sender.
    pub attrs: Text,
    /// The time when the service took the message, in milliseconds since 1970.
    pub mtime: i64,
}

/// A message as the service stores it: an array of eight cells. Missing cells count as empty, further cells are ignored,
/// and a value that is no array counts as a row of empty cells.
pub(crate) trait Row {
    fn read(row: &ValueRef<'_>) -> Self;

    fn id(&self) -> i64;
}

fn cell<'v, 'a>(row: &'v ValueRef<'a>, at: usize) -> &'v ValueRef<'a> {
    payload::array(row).get(at).unwrap_or(&ValueRef::Nil)
}

impl Row for HistoryMessage {
    fn read(row: &ValueRef<'_>) -> Self {
        HistoryMessage {
            id: int(cell(row, 0)),
            from: int(cell(row, 1)),
            mtype: int(cell(row, 2)),
            mid: int(cell(row, 3)),
            deleted: payload::truthy(cell(row, 4)),
            msg: Body::read(cell(row, 5)),
            attrs: Text::read(cell(row, 6)),
            mtime: int(cell(row, 7)),
        }
    }

    fn id(&self) -> i64 {
        self.id
    }
}

impl Row for P2PMessage {
    fn read(row: &ValueRef<'_>) -> Self {
        P2PMessage {
            id: int(cell(row, 0)),
            direction: int(cell(row, 1)),
            mtype: int(cell(row, 2)),
            mid: int(cell(row, 3)),
            deleted: payload::truthy(cell(row, 4)),
            msg: Body::read(cell(row, 5)),
            attrs: Text::read(cell(row, 6)),
            mtime: int(cell(row, 7)),
        }
    }

    fn id(&self) -> i64 {
        self.id
    }
}

impl<M> HistoryResult<M> {
    pub(crate) fn decode(fields: &Fields<'_>) -> Result<Self, Error>
    where
        M: Row,
    {
        Ok(HistoryResult {
            num: fields.int("num"),
            lastid: fields.int("lastid"),
            begin: fields.int("begin"),
            end: fields.int("end"),
            msgs: fields.array("msgs").iter().map(M::read).collect(),
        })
    }
}

impl MessageInfo {
    /// The information about the file of the message; `None` if the type is not that of a file, 40 to 50, or the body is
    /// not that of a file message.
    ///
    /// ```
    /// use rtm_client::types::{Body, MessageInfo, mtype};
    ///
    /// let mut message = MessageInfo::default();
    /// message.mtype = mtype::IMAGE;
    /// message.msg = Body::Text(r#"{"url":"https://files.example/1.png","size":5}"#.into());
    /// assert_eq!(message.file_info().unwrap().size, 5);
    /// message.mtype = mtype::CHAT;
    /// assert!(message.file_info().is_none());
    /// ```
    pub fn file_info(&self) -> Option<FileInfo> {
        FileInfo::of_message(self.mtype, &self.msg, &self.attrs)
    }

    /// Some servers answer without any field if there is no such message.
    pub(crate) fn decode(fields: &Fields<'_>) -> Result<MessageInfo, Error> {
        if fields.is_empty() {
            return Err(Error::new(rtm::MESSAGE_NOT_FOUND, ""));
        }
        Ok(MessageInfo {
            id: fields.int("id"),
            mtype: fields.int("mtype"),
            msg: Body::of(fields, "msg"),
            attrs: Text::of(fields, "attrs"),
            mtime: fields.int("mtime"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::decode_json;
    use super::*;
    use crate::types::Translation;

    fn page<M: Row>(json: &str) -> HistoryResult<M> {
        decode_json(json, HistoryResult::decode).unwrap()
    }

    #[test]
    fn a_page_of_a_group() {
        let page: HistoryResult<HistoryMessage> = page(
            r#"{"num":2,"lastid":88,"begin":1700000000000,"end":1700000009999,"msgs":[
                [1,111,30,1700000000001,false,"hello 你好","{\"k\":1}",1700000000101],
                [2,112,"66",1700000000002,1,"","a",1.5,"more",9]]}"#,
        );
        assert_eq!((page.num, page.lastid), (2, 88));
        assert_eq!((page.begin, page.end), (1_700_000_000_000, 1_700_000_009_999));
        assert_eq!(
            page.msgs,
            [
                HistoryMessage {
                    id: 1,
                    from: 111,
                    mtype: 30,
                    mid: 1_700_000_000_001,
                    deleted: false,
                    msg: Body::Text("hello 你好".into()),
                    attrs: "{\"k\":1}".into(),
                    mtime: 1_700_000_000_101,
                },
                HistoryMessage {
                    id: 2,
                    from: 112,
                    mtype: 66,
                    mid: 1_700_000_000_002,
                    deleted: true,
                    msg: Body::default(),
                    attrs: "a".into(),
                    mtime: 1,
                },
            ]
        );
    }

    #[test]
    fn a_page_between_two_users() {
        let page: HistoryResult<P2PMessage> = page(
            r#"{"msgs":[[9,2,30,5,false,
                {"source":"zh-CN","target":"en","sourceText":"你好","targetText":"hello"},null,6]]}"#,
        );
        let [row] = &page.msgs[..] else { panic!("one row: {page:?}") };
        assert_eq!(row.direction, P2PMessage::RECEIVED);
        assert_eq!(
            row.msg,
            Body::Translated(Translation {
                source: "zh-CN".into(),
                target: "en".into(),
                source_text: "你好".into(),
                target_text: "hello".into(),
            })
        );
        assert_eq!(row.attrs, "");
    }

    #[test]
    fn rows_that_are_short_or_no_rows_are_empty() {
        let page: HistoryResult<HistoryMessage> = page(r#"{"msgs":[[1,2],{"id":3},null,7,[]]}"#);
        assert_eq!(page.msgs.len(), 5);
        assert_eq!(page.msgs[0], HistoryMessage { id: 1, from: 2, ..Default::default() });
        assert!(page.msgs[1..].iter().all(|row| *row == HistoryMessage::default()));
    }

    #[test]
    fn a_page_without_fields_is_empty() {
        for json in ["{}", r#"{"msgs":null,"num":null}"#, r#"{"msgs":{"1":[]},"num":"x"}"#] {
            assert_eq!(page::<P2PMessage>(json), HistoryResult::default(), "{json}");
        }
    }

    #[test]
    fn bytes_stay_bytes() {
        // [5, 1, 66, 7, false, str 00fffe80, bin 00fffe80, 8]
        let row = b"\x98\x05\x01\x42\x07\xc2\xa4\x00\xff\xfe\x80\xc4\x04\x00\xff\xfe\x80\x08";
        let value = rmpv::decode::read_value_ref(&mut &row[..]).unwrap();
        let message = HistoryMessage::read(&value);
        assert_eq!(message.msg, Body::Binary(vec![0, 0xff, 0xfe, 0x80]));
        assert_eq!(message.attrs, Text::Bytes(vec![0, 0xff, 0xfe, 0x80]));
    }

    #[test]
    fn one_message() {
        let info = decode_json(
            r#"{"id":5,"mtype":66,"msg":"m","attrs":"a","mtime":1700000000123,"x":1}"#,
            MessageInfo::decode,
        );
        let expected = MessageInfo {
            id: 5,
            mtype: 66,
            msg: Body::Text("m".into()),
            attrs: "a".into(),
            mtime: 1_700_000_000_123,
        };
        assert_eq!(info.unwrap(), expected);
        let empty = decode_json(r#"{"id":null}"#, MessageInfo::decode);
        assert_eq!(empty.unwrap(), MessageInfo::default());
    }

    #[test]
    fn no_field_at_all_is_no_such_message() {
        let err = decode_json("{}", MessageInfo::decode).unwrap_err();
        assert_eq!(err.code(), rtm::MESSAGE_NOT_FOUND);
    }
}
