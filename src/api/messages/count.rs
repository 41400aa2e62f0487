use std::time::Duration;

use crate::api::payloads::stored_within;
use crate::client::RtmClient;
use crate::error::Error;
use crate::types::OptionalList;
use crate::wire::payload::MapWriter;

/// Messages of any type: how many are stored.
impl RtmClient {
    /// Counts the stored messages with another user.
    ///
    /// * `ouid` – the other user's id.
    /// * `begin` – the earliest time, in milliseconds since 1970; `None` or 0 sets no bound.
    /// * `end` – the latest time, in milliseconds since 1970; `None` or 0 sets no bound.
    /// * `mtypes` – only messages of these types; `None` for all.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets the number of messages.
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
    /// client.get_p2p_message_count(2, None, None, vec![30], None, callback);
    /// assert_eq!(reply.wait()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The JavaScript SDK has no such call; the Unity SDK does.
    #[doc(alias = "getP2PMessageCount")]
    pub fn get_p2p_message_count<'a>(
        &self,
        ouid: i64,
        begin: impl Into<Option<i64>>,
        end: impl Into<Option<i64>>,
        mtypes: impl Into<OptionalList<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<i64>) + Send + 'static,
    ) {
        let (begin, end, mtypes) = (begin.into(), end.into(), mtypes.into());
        let payload = |map: &mut MapWriter<'_>| {
            map.id("ouid", ouid);
            stored_within(map, begin, end, mtypes.as_slice());
        };
        self.call("getp2pmsgcount", payload, timeout, |f| Ok(f.int("count")), callback);
    }

    /// Counts the stored messages of a group.
    ///
    /// * `gid` – the group's id; this user must be a member.
    /// * `begin` – the earliest time, in milliseconds since 1970; `None` or 0 sets no bound.
    /// * `end` – the latest time, in milliseconds since 1970; `None` or 0 sets no bound.
    /// * `mtypes` – only messages of these types; `None` for all.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets the number of messages.
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
    /// client.get_group_message_count(100, None, None, vec![30], None, callback);
    /// assert_eq!(reply.wait()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The JavaScript SDK has no such call; the Unity SDK does.
    #[doc(alias = "getGroupMessageCount")]
    pub fn get_group_message_count<'a>(
        &self,
        gid: i64,
        begin: impl Into<Option<i64>>,
        end: impl Into<Option<i64>>,
        mtypes: impl Into<OptionalList<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<i64>) + Send + 'static,
    ) {
        let (begin, end, mtypes) = (begin.into(), end.into(), mtypes.into());
        let payload = |map: &mut MapWriter<'_>| {
            map.id("gid", gid);
            stored_within(map, begin, end, mtypes.as_slice());
        };
        self.call("getgroupmsgcount", payload, timeout, |f| Ok(f.int("count")), callback);
    }

    /// Counts the stored messages of a room.
    ///
    /// * `rid` – the room's id; this user must be in it.
    /// * `begin` – the earliest time, in milliseconds since 1970; `None` or 0 sets no bound.
    /// * `end` – the latest time, in milliseconds since 1970; `None` or 0 sets no bound.
    /// * `mtypes` – only messages of these types; `None` for all.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets the number of messages.
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
    /// client.get_room_message_count(300, None, None, vec![30], None, callback);
    /// assert_eq!(reply.wait()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The JavaScript SDK has no such call; the Unity SDK does.
    #[doc(alias = "getRoomMessageCount")]
    pub fn get_room_message_count<'a>(
        &self,
        rid: i64,
        begin: impl Into<Option<i64>>,
        end: impl Into<Option<i64>>,
        mtypes: impl Into<OptionalList<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<i64>) + Send + 'static,
    ) {
        let (begin, end, mtypes) = (begin.into(), end.into(), mtypes.into());
        let payload = |map: &mut MapWriter<'_>| {
            map.id("rid", rid);
            stored_within(map, begin, end, mtypes.as_slice());
        };
        self.call("getroommsgcount", payload, timeout, |f| Ok(f.int("count")), callback);
    }

    /// Counts the stored messages of broadcasts.
    ///
    /// * `begin` – the earliest time, in milliseconds since 1970; `None` or 0 sets no bound.
    /// * `end` – the latest time, in milliseconds since 1970; `None` or 0 sets no bound.
    /// * `mtypes` – only messages of these types; `None` for all.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets the number of messages.
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
    /// client.get_broadcast_message_count(None, None, vec![30], None, callback);
    /// assert_eq!(reply.wait()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The JavaScript SDK has no such call; the Unity SDK does.
    #[doc(alias = "getBroadcastMessageCount")]
    pub fn get_broadcast_message_count<'a>(
        &self,
        begin: impl Into<Option<i64>>,
        end: impl Into<Option<i64>>,
        mtypes: impl Into<OptionalList<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<i64>) + Send + 'static,
    ) {
        let (begin, end, mtypes) = (begin.into(), end.into(), mtypes.into());
        let payload = |map: &mut MapWriter<'_>| {
            stored_within(map, begin, end, mtypes.as_slice());
        };
        self.call("getbroadcastmsgcount", payload, timeout, |f| Ok(f.int("count")), callback);
    }
}
