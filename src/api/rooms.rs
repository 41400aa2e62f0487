//! The Rooms page.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::client::RtmClient;
use crate::error::Error;
use crate::resume::Change;
use crate::types::{HistoryMessage, Info, OpenInfo, OptionalList, OptionalText, Text, ids};
use crate::types::{open_infos, room_counts, room_last_messages};

/// Rooms: the users who are there right now.
///
/// Nobody has to create a room: a room exists while a user is inside. A user's stay in a room ends with
/// [`leave_room`](Self::leave_room), with the logout, and with the connection, unless
/// [`resume_rooms`](crate::ClientOptions::resume_rooms) restores the stay. By default a user is in one room at a time,
/// and entering a second leaves the first; a project may allow several.
impl RtmClient {
    /// Enters the room `rid`; its messages arrive from then on.
    ///
    /// JavaScript: `enterRoom(rid, timeout, callback)`, on the page
    /// [Rooms](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Rooms.md).
    ///
    /// * `rid` – the room's id.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` once the user is in the room.
    ///
    /// # Errors
    ///
    /// 200047 in too many rooms already, where the project allows several; and those of
    /// [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.enter_room(300, None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "enterRoom")]
    pub fn enter_room(
        &self,
        rid: i64,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        let change = Change::Entered(vec![rid]);
        self.change(change, "enterroom", |p| p.id("rid", rid), timeout, callback);
    }

    /// Enters several rooms with one call.
    ///
    /// In a project that allows one room at a time, the user ends up in one of these rooms.
    ///
    /// * `rids` – the rooms' ids.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` once the user is in the rooms.
    ///
    /// # Errors
    ///
    /// 200033 no room; 200047 in too many rooms; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.enter_rooms([300, 301], None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The JavaScript SDK has no such call; the Unity SDK does.
    #[doc(alias = "enterRooms")]
    pub fn enter_rooms(
        &self,
        rids: impl IntoIterator<Item = impl Borrow<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        let rids = ids(rids);
        let change = Change::Entered(rids.clone());
        self.change(change, "enterrooms", |p| p.ids("rids", &rids), timeout, callback);
    }

    /// Leaves the room `rid`.
    ///
    /// JavaScript: `leaveRoom(rid, timeout, callback)`, on the page
    /// [Rooms](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Rooms.md).
    ///
    /// * `rid` – the room's id.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` once the user is no longer in the room.
    ///
    /// # Errors
    ///
    /// Those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = in_room();
    /// let (callback, reply) = reply::channel();
    /// client.leave_room(300, None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "leaveRoom")]
    pub fn leave_room(
        &self,
        rid: i64,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        self.change(Change::Left(rid), "leaveroom", |p| p.id("rid", rid), timeout, callback);
    }

    /// Asks which rooms this user is in.
    ///
    /// JavaScript: `getUserRooms(timeout, callback)`, on the page
    /// [Rooms](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Rooms.md).
    ///
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets the ids of the rooms, empty if there are none.
    ///
    /// # Errors
    ///
    /// Those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = in_room();
    /// let (callback, reply) = reply::channel();
    /// client.get_user_rooms(None, callback);
    /// assert_eq!(reply.wait()?, [300]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getUserRooms")]
    pub fn get_user_rooms(
        &self,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<Vec<i64>>) + Send + 'static,
    ) {
        self.call("getuserrooms", |_| {}, timeout, |f| Ok(f.ids("rooms")), callback);
    }

    /// Asks which rooms this user is in, and for the last message of each.
    ///
    /// * `mtypes` – only messages of these types count, 1 to 127; `None` leaves the choice to the service.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets the last message by room id, as `id`, `from`, `mtype`, `mid`, `deleted`, `msg`, `attrs` and
    ///   `mtime`; `None` for a room without a message.
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
    /// client.get_user_rooms_and_last_msg(None, None, callback);
    /// for (rid, last) in reply.wait()? {
    ///     println!("{rid}: {}", last.map(|message| message.msg).unwrap_or_default());
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The JavaScript SDK has no such call; the Unity SDK does, as `GetUserRoomLastMessage`.
    #[doc(alias = "GetUserRoomLastMessage")]
    pub fn get_user_rooms_and_last_msg<'a>(
        &self,
        mtypes: impl Into<OptionalList<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<BTreeMap<i64, Option<HistoryMessage>>>)
        + Send
        + 'static,
    ) {
        let mtypes = mtypes.into();
        self.call(
            "getuserroomsandlastmsg",
            |p| p.opt_numbers("mtypes", mtypes.as_slice()),
            timeout,
            room_last_messages,
            callback,
        );
    }

    /// Asks who is in the room `rid`.
    ///
    /// JavaScript: `getRoomMembers(rid, timeout, callback)`, on the page
    /// [Rooms](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Rooms.md).
    ///
    /// * `rid` – the room's id.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets the ids of the users in the room.
    ///
    /// # Errors
    ///
    /// Those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = in_room();
    /// let (callback, reply) = reply::channel();
    /// client.get_room_members(300, None, callback);
    /// assert_eq!(reply.wait()?, [1]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getRoomMembers")]
    pub fn get_room_members(
        &self,
        rid: i64,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<Vec<i64>>) + Send + 'static,
    ) {
        self.call("getroommembers", |p| p.id("rid", rid), timeout, |f| Ok(f.ids("uids")), callback);
    }

    /// Asks how many users are in each of several rooms.
    ///
    /// JavaScript: `getRoomCount(rids, timeout, callback)`, on the page
    /// [Rooms](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Rooms.md).
    ///
    /// * `rids` – the rooms' ids.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets the number of users by room id (in JavaScript `cn`).
    ///
    /// # Errors
    ///
    /// 200032 too many rooms; 200033 no room; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = in_room();
    /// let (callback, reply) = reply::channel();
    /// client.get_room_count([300], None, callback);
    /// assert_eq!(reply.wait()?[&300], 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getRoomCount")]
    pub fn get_room_count(
        &self,
        rids: impl IntoIterator<Item = impl Borrow<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<BTreeMap<i64, i64>>) + Send + 'static,
    ) {
        let rids = ids(rids);
        self.call("getroomcount", |p| p.ids("rids", &rids), timeout, room_counts, callback);
    }

    /// Sets the open and the private text of the room `rid`.
    ///
    /// The user has to be in the room.
    ///
    /// JavaScript: `setRoomInfo(rid, oinfo, pinfo, timeout, callback)`, on the page
    /// [Rooms](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Rooms.md).
    ///
    /// * `rid` – the room's id.
    /// * `oinfo` – the open part, at most 65535 bytes; `None` keeps the stored text.
    /// * `pinfo` – the private part, at most 65535 bytes; `None` keeps the stored text.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` once the texts are stored.
    ///
    /// # Errors
    ///
    /// 200035 a text is too long; 200040 not in the room; and those of
    /// [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = in_room();
    /// let (callback, reply) = reply::channel();
    /// client.set_room_info(300, "open to all", None, None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "setRoomInfo")]
    pub fn set_room_info<'a>(
        &self,
        rid: i64,
        oinfo: impl Into<OptionalText<'a>>,
        pinfo: impl Into<OptionalText<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        let (oinfo, pinfo) = (oinfo.into(), pinfo.into());
        self.call(
            "setroominfo",
            |p| {
                p.id("rid", rid);
                p.opt_text("oinfo", oinfo.as_str());
                p.opt_text("pinfo", pinfo.as_str());
            },
            timeout,
            |_| Ok(()),
            callback,
        );
    }

    /// Asks for the open and the private text of the room `rid`.
    ///
    /// The user has to be in the room.
    ///
    /// JavaScript: `getRoomInfo(rid, timeout, callback)`, on the page
    /// [Rooms](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Rooms.md).
    ///
    /// * `rid` – the room's id.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets the two texts, `oinfo` and `pinfo`, empty if none is set.
    ///
    /// # Errors
    ///
    /// 200040 not in the room; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = in_room();
    /// let (callback, reply) = reply::channel();
    /// client.get_room_info(300, None, callback);
    /// let info = reply.wait()?;
    /// assert_eq!(info.oinfo, "open");
    /// assert_eq!(info.pinfo, "private");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getRoomInfo")]
    pub fn get_room_info(
        &self,
        rid: i64,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<Info>) + Send + 'static,
    ) {
        self.call("getroominfo", |p| p.id("rid", rid), timeout, Info::decode, callback);
    }

    /// Asks for the open text of the room `rid`, which anybody may read.
    ///
    /// JavaScript: `getRoomOpenInfo(rid, timeout, callback)`, on the page
    /// [Rooms](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Rooms.md).
    ///
    /// * `rid` – the room's id.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets the text as `oinfo`, empty if none is set.
    ///
    /// # Errors
    ///
    /// Those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = in_room();
    /// let (callback, reply) = reply::channel();
    /// client.get_room_open_info(300, None, callback);
    /// assert_eq!(reply.wait()?.oinfo, "open");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getRoomOpenInfo")]
    pub fn get_room_open_info(
        &self,
        rid: i64,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<OpenInfo>) + Send + 'static,
    ) {
        self.call("getroomopeninfo", |p| p.id("rid", rid), timeout, OpenInfo::decode, callback);
    }

    /// Asks for the open texts of several rooms, which anybody may read.
    ///
    /// JavaScript: `getRoomsOpenInfo(rids, timeout, callback)`, on the page
    /// [Rooms](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Rooms.md).
    ///
    /// * `rids` – the rooms' ids, at most 100.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets the texts by room id (in JavaScript `info`).
    ///
    /// # Errors
    ///
    /// 200032 more than 100 rooms; 200033 no room; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = in_room();
    /// let (callback, reply) = reply::channel();
    /// client.get_rooms_open_info([300], None, callback);
    /// assert_eq!(reply.wait()?[&300], "open");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getRoomsOpenInfo")]
    pub fn get_rooms_open_info(
        &self,
        rids: impl IntoIterator<Item = impl Borrow<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<BTreeMap<i64, Text>>) + Send + 'static,
    ) {
        let rids = ids(rids);
        self.call("getroomsopeninfo", |p| p.ids("rids", &rids), timeout, open_infos, callback);
    }
}
