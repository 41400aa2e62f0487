use std::time::Duration;

use crate::api::payloads::{behind_message, stored_within};
use crate::client::RtmClient;
use crate::error::Error;
use crate::types::{HistoryMessage, HistoryResult, OptionalList, P2PMessage};
use crate::wire::payload::MapWriter;

/// Messages of any type: stored ones, from a message on.
#[expect(
    clippy::too_many_arguments,
    reason = "the arguments of the SDK that has them, in its order"
)]
impl RtmClient {
    /// Reads a page of the messages with another user, starting after the message of a mid.
    ///
    /// For a program that has a message and wants its neighbours, without knowing its row id. Read the next page with
    /// `begin`, `end` and `lastid`, by [`get_p2p_message`](Self::get_p2p_message).
    ///
    /// * `ouid` – the other user's id.
    /// * `desc` – `true` walks back from that message, newest first; `false` walks on, oldest first.
    /// * `num` – the largest number of rows: 1 to 20, 10 is advised.
    /// * `mid` – the id of the message to start after; that message is not among the rows. 0 begins at the bounds.
    /// * `begin` – the earliest time, in milliseconds since 1970; `None` or 0 sets no bound.
    /// * `end` – the latest time, in milliseconds since 1970; `None` or 0 sets no bound.
    /// * `mtypes` – only messages of these types; `None` for all.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets [`HistoryResult`]: `num` rows in `msgs`, each a [`P2PMessage`], and `begin`, `end` and
    ///   `lastid` for the next page. A page with fewer rows than `num` is the last.
    ///
    /// # Errors
    ///
    /// 200070 there is no such message; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.send_chat(2, "hello", "", None, None, callback);
    /// let mid = reply.wait()?.mid;
    /// client.send_chat(2, "and more", "", None, None, reply::ignore);
    ///
    /// let (callback, reply) = reply::channel();
    /// client.get_p2p_message_by_message_id(2, false, 10, mid, None, None, None, None, callback);
    /// assert_eq!(reply.wait()?.msgs[0].msg, "and more");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The JavaScript SDK has no such call; the Unity SDK does.
    #[doc(alias = "getP2PMessageByMessageId")]
    pub fn get_p2p_message_by_message_id<'a>(
        &self,
        ouid: i64,
        desc: bool,
        num: i64,
        mid: i64,
        begin: impl Into<Option<i64>>,
        end: impl Into<Option<i64>>,
        mtypes: impl Into<OptionalList<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<HistoryResult<P2PMessage>>) + Send + 'static,
    ) {
        let (begin, end, mtypes) = (begin.into(), end.into(), mtypes.into());
        let payload = |map: &mut MapWriter<'_>| {
            map.id("ouid", ouid);
            behind_message(map, desc, num, mid);
            stored_within(map, begin, end, mtypes.as_slice());
        };
        self.call("getp2pmsgbymessageid", payload, timeout, HistoryResult::decode, callback);
    }

    /// Reads a page of the messages of a group, starting after the message of a mid.
    ///
    /// For a program that has a message and wants its neighbours, without knowing its row id. Read the next page with
    /// `begin`, `end` and `lastid`, by [`get_group_message`](Self::get_group_message).
    ///
    /// * `gid` – the group's id; this user must be a member.
    /// * `desc` – `true` walks back from that message, newest first; `false` walks on, oldest first.
    /// * `num` – the largest number of rows: 1 to 20, 10 is advised.
    /// * `mid` – the id of the message to start after; that message is not among the rows. 0 begins at the bounds.
    /// * `begin` – the earliest time, in milliseconds since 1970; `None` or 0 sets no bound.
    /// * `end` – the latest time, in milliseconds since 1970; `None` or 0 sets no bound.
    /// * `mtypes` – only messages of these types; `None` for all.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets [`HistoryResult`]: `num` rows in `msgs`, each a [`HistoryMessage`], and `begin`, `end` and
    ///   `lastid` for the next page. A page with fewer rows than `num` is the last.
    ///
    /// # Errors
    ///
    /// 200070 there is no such message; 200041 not a member of the group; and those of [every
    /// call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.send_group_chat(100, "hello", "", None, None, callback);
    /// let mid = reply.wait()?.mid;
    /// client.send_group_chat(100, "and more", "", None, None, reply::ignore);
    ///
    /// let (callback, reply) = reply::channel();
    /// client.get_group_message_by_message_id(100, false, 10, mid, None, None, None, None, callback);
    /// assert_eq!(reply.wait()?.msgs[0].msg, "and more");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The JavaScript SDK has no such call; the Unity SDK does.
    #[doc(alias = "getGroupMessageByMessageId")]
    pub fn get_group_message_by_message_id<'a>(
        &self,
        gid: i64,
        desc: bool,
        num: i64,
        mid: i64,
        begin: impl Into<Option<i64>>,
        end: impl Into<Option<i64>>,
        mtypes: impl Into<OptionalList<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<HistoryResult<HistoryMessage>>) + Send + 'static,
    ) {
        let (begin, end, mtypes) = (begin.into(), end.into(), mtypes.into());
        let payload = |map: &mut MapWriter<'_>| {
            map.id("gid", gid);
            behind_message(map, desc, num, mid);
            stored_within(map, begin, end, mtypes.as_slice());
        };
        self.call("getgroupmsgbymessageid", payload, timeout, HistoryResult::decode, callback);
    }

    /// Reads a page of the messages of a room, starting after the message of a mid.
    ///
    /// For a program that has a message and wants its neighbours, without knowing its row id. Read the next page with
    /// `begin`, `end` and `lastid`, by [`get_room_message`](Self::get_room_message).
    ///
    /// * `rid` – the room's id; this user must be in it.
    /// * `desc` – `true` walks back from that message, newest first; `false` walks on, oldest first.
    /// * `num` – the largest number of rows: 1 to 20, 10 is advised.
    /// * `mid` – the id of the message to start after; that message is not among the rows. 0 begins at the bounds.
    /// * `begin` – the earliest time, in milliseconds since 1970; `None` or 0 sets no bound.
    /// * `end` – the latest time, in milliseconds since 1970; `None` or 0 sets no bound.
    /// * `mtypes` – only messages of these types; `None` for all.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets [`HistoryResult`]: `num` rows in `msgs`, each a [`HistoryMessage`], and `begin`, `end` and
    ///   `lastid` for the next page. A page with fewer rows than `num` is the last.
    ///
    /// # Errors
    ///
    /// 200070 there is no such message; 200040 not in the room; and those of [every
    /// call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = in_room();
    /// let (callback, reply) = reply::channel();
    /// client.send_room_chat(300, None, "hello", "", None, None, callback);
    /// let mid = reply.wait()?.mid;
    /// client.send_room_chat(300, None, "and more", "", None, None, reply::ignore);
    ///
    /// let (callback, reply) = reply::channel();
    /// client.get_room_message_by_message_id(300, false, 10, mid, None, None, None, None, callback);
    /// assert_eq!(reply.wait()?.msgs[0].msg, "and more");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The JavaScript SDK has no such call; the Unity SDK does.
    #[doc(alias = "getRoomMessageByMessageId")]
    pub fn get_room_message_by_message_id<'a>(
        &self,
        rid: i64,
        desc: bool,
        num: i64,
        mid: i64,
        begin: impl Into<Option<i64>>,
        end: impl Into<Option<i64>>,
        mtypes: impl Into<OptionalList<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<HistoryResult<HistoryMessage>>) + Send + 'static,
    ) {
        let (begin, end, mtypes) = (begin.into(), end.into(), mtypes.into());
        let payload = |map: &mut MapWriter<'_>| {
            map.id("rid", rid);
            behind_message(map, desc, num, mid);
            stored_within(map, begin, end, mtypes.as_slice());
        };
        self.call("getroommsgbymessageid", payload, timeout, HistoryResult::decode, callback);
    }

    /// Reads a page of the messages of broadcasts, starting after the message of a mid.
    ///
    /// For a program that has a message and wants its neighbours, without knowing its row id. Read the next page with
    /// `begin`, `end` and `lastid`, by [`get_broadcast_message`](Self::get_broadcast_message).
    ///
    /// * `desc` – `true` walks back from that message, newest first; `false` walks on, oldest first.
    /// * `num` – the largest number of rows: 1 to 20, 10 is advised.
    /// * `mid` – the id of the message to start after; that message is not among the rows. 0 begins at the bounds.
    /// * `begin` – the earliest time, in milliseconds since 1970; `None` or 0 sets no bound.
    /// * `end` – the latest time, in milliseconds since 1970; `None` or 0 sets no bound.
    /// * `mtypes` – only messages of these types; `None` for all.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets [`HistoryResult`]: `num` rows in `msgs`, each a [`HistoryMessage`], and `begin`, `end` and
    ///   `lastid` for the next page. A page with fewer rows than `num` is the last.
    ///
    /// # Errors
    ///
    /// 200070 there is no such message; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let mid = gate.broadcast(9, 30, "hello", "");
    /// gate.broadcast(9, 30, "and more", "");
    ///
    /// let (callback, reply) = reply::channel();
    /// client.get_broadcast_message_by_message_id(false, 10, mid, None, None, None, None, callback);
    /// assert_eq!(reply.wait()?.msgs[0].msg, "and more");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The JavaScript SDK has no such call; the Unity SDK does.
    #[doc(alias = "getBroadcastMessageByMessageId")]
    pub fn get_broadcast_message_by_message_id<'a>(
        &self,
        desc: bool,
        num: i64,
        mid: i64,
        begin: impl Into<Option<i64>>,
        end: impl Into<Option<i64>>,
        mtypes: impl Into<OptionalList<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<HistoryResult<HistoryMessage>>) + Send + 'static,
    ) {
        let (begin, end, mtypes) = (begin.into(), end.into(), mtypes.into());
        let payload = |map: &mut MapWriter<'_>| {
            behind_message(map, desc, num, mid);
            stored_within(map, begin, end, mtypes.as_slice());
        };
        self.call("getbroadcastmsgbymessageid", payload, timeout, HistoryResult::decode, callback);
    }
}
