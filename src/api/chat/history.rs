use std::time::Duration;

use crate::api::payloads::{HistoryQuery, history, stored_message};
use crate::client::RtmClient;
use crate::error::Error;
use crate::types::{HistoryMessage, HistoryResult, MessageInfo, P2PMessage, mtype};
use crate::wire::payload::MapWriter;

/// What the chat history calls ask for, as the JavaScript SDK does.
const CHAT_TYPES: [i64; 3] = [mtype::CHAT, mtype::AUDIO, mtype::CMD];

/// Chat: stored messages.
#[expect(clippy::too_many_arguments, reason = "the arguments the SDK documents, in its order")]
impl RtmClient {
    /// Deletes a stored message, for all who can read it. The row stays in the history, marked as deleted. The call does
    /// the same as [`delete_message`](Self::delete_message).
    ///
    /// JavaScript: `deleteChat(from, mid, xid, type, timeout, callback)`, on the page
    /// [Chat](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Chat.md).
    ///
    /// * `from` – the sender's user id.
    /// * `mid` – the message's id.
    /// * `xid` – the id of the receiver: the user, group or room; 0 for a broadcast.
    /// * `message_type` – the kind of `xid`: 1 user, 2 group, 3 room, 4 broadcast; see
    ///   [`message_type`](crate::types::message_type). JavaScript calls it `type`.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` when the message is deleted.
    ///
    /// # Errors
    ///
    /// 200070 there is no such message; 200041 not a member of the group; 200040 not in the room; and
    /// those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// use rtm_client::types::message_type;
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.send_chat(2, "hello", "", None, None, callback);
    /// let mid = reply.wait()?.mid;
    ///
    /// let (callback, reply) = reply::channel();
    /// client.delete_chat(1, mid, 2, message_type::P2P, None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "deleteChat")]
    pub fn delete_chat(
        &self,
        from: i64,
        mid: i64,
        xid: i64,
        message_type: i64,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        let payload = |map: &mut MapWriter<'_>| stored_message(map, from, mid, xid, message_type);
        self.call("delmsg", payload, timeout, |_| Ok(()), callback);
    }

    /// Reads one stored message. The call does the same as [`get_message`](Self::get_message).
    ///
    /// JavaScript: `getChat(from, mid, xid, type, timeout, callback)`, on the page
    /// [Chat](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Chat.md).
    ///
    /// * `from` – the sender's user id.
    /// * `mid` – the message's id.
    /// * `xid` – the id of the receiver: the user, group or room; 0 for a broadcast.
    /// * `message_type` – the kind of `xid`: 1 user, 2 group, 3 room, 4 broadcast; see
    ///   [`message_type`](crate::types::message_type). JavaScript calls it `type`.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets [`MessageInfo`]: `id` is its row in the history, `mtype` its type, `msg` the body, `attrs` the
    ///   application data, `mtime` the time when the service took the message, in milliseconds since 1970.
    ///
    /// # Errors
    ///
    /// 200070 there is no such message; 200041 not a member of the group; 200040 not in the room; and
    /// those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// use rtm_client::types::message_type;
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.send_chat(2, "hello", "", None, None, callback);
    /// let mid = reply.wait()?.mid;
    ///
    /// let (callback, reply) = reply::channel();
    /// client.get_chat(1, mid, 2, message_type::P2P, None, callback);
    /// assert_eq!(reply.wait()?.msg, "hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getChat")]
    pub fn get_chat(
        &self,
        from: i64,
        mid: i64,
        xid: i64,
        message_type: i64,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<MessageInfo>) + Send + 'static,
    ) {
        let payload = |map: &mut MapWriter<'_>| stored_message(map, from, mid, xid, message_type);
        self.call("getmsg", payload, timeout, MessageInfo::decode, callback);
    }

    /// Reads a page of the chat of a group: messages of the types 30, 31 and 32. There are no files among the messages;
    /// [`get_group_message`](Self::get_group_message) reads those too.
    ///
    /// JavaScript: `getGroupChat(gid, desc, num, begin, end, lastid, timeout, callback)`, on the page
    /// [Chat](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Chat.md).
    ///
    /// * `gid` – the group's id; this user must be a member.
    /// * `desc` – `true` walks from `end` back, newest first; `false` from `begin` on, oldest first.
    /// * `num` – the largest number of rows: 1 to 20, 10 is advised.
    /// * `begin` – the earliest time, in milliseconds since 1970; `None` or 0 sets no bound.
    /// * `end` – the latest time, in milliseconds since 1970; `None` or 0 sets no bound.
    /// * `lastid` – the last row of the page before; `None` or 0 on the first page.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets [`HistoryResult`]: `num` rows in `msgs`, each a [`HistoryMessage`], and `begin`, `end` and
    ///   `lastid` for the next page. A page with fewer rows than `num` is the last.
    ///
    /// # Errors
    ///
    /// 200041 not a member of the group; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = greeted();
    /// let (callback, reply) = reply::channel();
    /// client.get_group_chat(100, true, 10, None, None, None, None, callback);
    /// let page = reply.wait()?;
    /// for message in &page.msgs {
    ///     println!("{}: {}", message.from, message.msg);
    /// }
    /// assert_eq!(page.msgs[0].msg, "hello");
    ///
    /// let (callback, reply) = reply::channel();
    /// client.get_group_chat(100, true, 10, page.begin, page.end, page.lastid, None, callback);
    /// assert!(reply.wait()?.msgs.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getGroupChat")]
    pub fn get_group_chat(
        &self,
        gid: i64,
        desc: bool,
        num: i64,
        begin: impl Into<Option<i64>>,
        end: impl Into<Option<i64>>,
        lastid: impl Into<Option<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<HistoryResult<HistoryMessage>>) + Send + 'static,
    ) {
        let query = HistoryQuery {
            desc,
            num,
            begin: begin.into(),
            end: end.into(),
            lastid: lastid.into(),
            mtypes: Some(&CHAT_TYPES),
        };
        let payload = |map: &mut MapWriter<'_>| {
            map.id("gid", gid);
            history(map, &query);
        };
        self.call("getgroupmsg", payload, timeout, HistoryResult::decode, callback);
    }

    /// Reads a page of the chat of a room: messages of the types 30, 31 and 32. There are no files among the messages;
    /// [`get_room_message`](Self::get_room_message) reads those too.
    ///
    /// JavaScript: `getRoomChat(rid, desc, num, begin, end, lastid, timeout, callback)`, on the page
    /// [Chat](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Chat.md).
    ///
    /// * `rid` – the room's id; this user must be in it.
    /// * `desc` – `true` walks from `end` back, newest first; `false` from `begin` on, oldest first.
    /// * `num` – the largest number of rows: 1 to 20, 10 is advised.
    /// * `begin` – the earliest time, in milliseconds since 1970; `None` or 0 sets no bound.
    /// * `end` – the latest time, in milliseconds since 1970; `None` or 0 sets no bound.
    /// * `lastid` – the last row of the page before; `None` or 0 on the first page.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets [`HistoryResult`]: `num` rows in `msgs`, each a [`HistoryMessage`], and `begin`, `end` and
    ///   `lastid` for the next page. A page with fewer rows than `num` is the last.
    ///
    /// # Errors
    ///
    /// 200040 not in the room; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = greeted();
    /// let (callback, reply) = reply::channel();
    /// client.get_room_chat(300, true, 10, None, None, None, None, callback);
    /// let page = reply.wait()?;
    /// for message in &page.msgs {
    ///     println!("{}: {}", message.from, message.msg);
    /// }
    /// assert_eq!(page.msgs[0].msg, "hello");
    ///
    /// let (callback, reply) = reply::channel();
    /// client.get_room_chat(300, true, 10, page.begin, page.end, page.lastid, None, callback);
    /// assert!(reply.wait()?.msgs.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getRoomChat")]
    pub fn get_room_chat(
        &self,
        rid: i64,
        desc: bool,
        num: i64,
        begin: impl Into<Option<i64>>,
        end: impl Into<Option<i64>>,
        lastid: impl Into<Option<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<HistoryResult<HistoryMessage>>) + Send + 'static,
    ) {
        let query = HistoryQuery {
            desc,
            num,
            begin: begin.into(),
            end: end.into(),
            lastid: lastid.into(),
            mtypes: Some(&CHAT_TYPES),
        };
        let payload = |map: &mut MapWriter<'_>| {
            map.id("rid", rid);
            history(map, &query);
        };
        self.call("getroommsg", payload, timeout, HistoryResult::decode, callback);
    }

    /// Reads a page of the chat of broadcasts: messages of the types 30, 31 and 32. There are no files among the
    /// messages; [`get_broadcast_message`](Self::get_broadcast_message) reads those too.
    ///
    /// JavaScript: `getBroadcastChat(desc, num, begin, end, lastid, timeout, callback)`, on the page
    /// [Chat](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Chat.md).
    ///
    /// * `desc` – `true` walks from `end` back, newest first; `false` from `begin` on, oldest first.
    /// * `num` – the largest number of rows: 1 to 20, 10 is advised.
    /// * `begin` – the earliest time, in milliseconds since 1970; `None` or 0 sets no bound.
    /// * `end` – the latest time, in milliseconds since 1970; `None` or 0 sets no bound.
    /// * `lastid` – the last row of the page before; `None` or 0 on the first page.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets [`HistoryResult`]: `num` rows in `msgs`, each a [`HistoryMessage`], and `begin`, `end` and
    ///   `lastid` for the next page. A page with fewer rows than `num` is the last.
    ///
    /// # Errors
    ///
    /// Those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = greeted();
    /// let (callback, reply) = reply::channel();
    /// client.get_broadcast_chat(true, 10, None, None, None, None, callback);
    /// let page = reply.wait()?;
    /// for message in &page.msgs {
    ///     println!("{}: {}", message.from, message.msg);
    /// }
    /// assert_eq!(page.msgs[0].msg, "hello");
    ///
    /// let (callback, reply) = reply::channel();
    /// client.get_broadcast_chat(true, 10, page.begin, page.end, page.lastid, None, callback);
    /// assert!(reply.wait()?.msgs.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getBroadcastChat")]
    pub fn get_broadcast_chat(
        &self,
        desc: bool,
        num: i64,
        begin: impl Into<Option<i64>>,
        end: impl Into<Option<i64>>,
        lastid: impl Into<Option<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<HistoryResult<HistoryMessage>>) + Send + 'static,
    ) {
        let query = HistoryQuery {
            desc,
            num,
            begin: begin.into(),
            end: end.into(),
            lastid: lastid.into(),
            mtypes: Some(&CHAT_TYPES),
        };
        let payload = |map: &mut MapWriter<'_>| {
            history(map, &query);
        };
        self.call("getbroadcastmsg", payload, timeout, HistoryResult::decode, callback);
    }

    /// Reads a page of the chat with another user: messages of the types 30, 31 and 32. There are no files among the
    /// messages; [`get_p2p_message`](Self::get_p2p_message) reads those too.
    ///
    /// JavaScript: `getP2PChat(ouid, desc, num, begin, end, lastid, timeout, callback)`, on the page
    /// [Chat](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Chat.md).
    ///
    /// * `ouid` – the other user's id.
    /// * `desc` – `true` walks from `end` back, newest first; `false` from `begin` on, oldest first.
    /// * `num` – the largest number of rows: 1 to 20, 10 is advised.
    /// * `begin` – the earliest time, in milliseconds since 1970; `None` or 0 sets no bound.
    /// * `end` – the latest time, in milliseconds since 1970; `None` or 0 sets no bound.
    /// * `lastid` – the last row of the page before; `None` or 0 on the first page.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets [`HistoryResult`]: `num` rows in `msgs`, each a [`P2PMessage`], and `begin`, `end` and
    ///   `lastid` for the next page. A page with fewer rows than `num` is the last.
    ///
    /// # Errors
    ///
    /// Those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// use rtm_client::types::P2PMessage;
    /// # use rtm_client::doctest::*; let (gate, client) = greeted();
    /// let (callback, reply) = reply::channel();
    /// client.get_p2p_chat(2, true, 10, None, None, None, None, callback);
    /// let page = reply.wait()?;
    /// for message in &page.msgs {
    ///     println!("{} sent by me: {}", message.msg, message.direction == P2PMessage::SENT);
    /// }
    /// assert_eq!(page.msgs[0].msg, "hello");
    ///
    /// let (callback, reply) = reply::channel();
    /// client.get_p2p_chat(2, true, 10, page.begin, page.end, page.lastid, None, callback);
    /// assert!(reply.wait()?.msgs.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getP2PChat")]
    pub fn get_p2p_chat(
        &self,
        ouid: i64,
        desc: bool,
        num: i64,
        begin: impl Into<Option<i64>>,
        end: impl Into<Option<i64>>,
        lastid: impl Into<Option<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<HistoryResult<P2PMessage>>) + Send + 'static,
    ) {
        let query = HistoryQuery {
            desc,
            num,
            begin: begin.into(),
            end: end.into(),
            lastid: lastid.into(),
            mtypes: Some(&CHAT_TYPES),
        };
        let payload = |map: &mut MapWriter<'_>| {
            map.id("ouid", ouid);
            history(map, &query);
        };
        self.call("getp2pmsg", payload, timeout, HistoryResult::decode, callback);
    }
}
