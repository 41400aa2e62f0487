use std::borrow::Borrow;
use std::time::Duration;

use crate::api::payloads::unread_since;
use crate::client::RtmClient;
use crate::error::Error;
use crate::types::{GroupUnreadCounts, OptionalList, P2PUnreadCounts, UnreadMessages, ids};
use crate::wire::payload::MapWriter;

/// Messages of any type: unread ones.
impl RtmClient {
    /// Lists the users and groups with unread messages: messages that came after this user's last logout, or after the
    /// reminder was cleared, whichever is later. Only types 30 to 50 count.
    ///
    /// JavaScript: `getUnreadMessage(clear, timeout, callback)`, on the page
    /// [Messages](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Messages.md).
    ///
    /// * `clear` – whether the reminder of messages missed while offline is cleared; `None` leaves the choice to the
    ///   service.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets [`UnreadMessages`]: `p2p`, the ids of the users, and `group`, those of the groups. The lists
    ///   hold ids, although the original page speaks of counts; for counts see
    ///   [`get_p2p_unread_message_num`](Self::get_p2p_unread_message_num).
    ///
    /// # Errors
    ///
    /// Those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.get_unread_message(false, None, callback);
    /// println!("unread messages from {:?}", reply.wait()?.p2p);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getUnreadMessage")]
    pub fn get_unread_message(
        &self,
        clear: impl Into<Option<bool>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<UnreadMessages>) + Send + 'static,
    ) {
        let clear = clear.into();
        let payload = |map: &mut MapWriter<'_>| match clear {
            Some(clear) => map.bool("clear", clear),
            None => map.nil("clear"),
        };
        self.call("getunread", payload, timeout, UnreadMessages::decode, callback);
    }

    /// Lists the users and groups with unread messages, and gives the time of the last logout.
    ///
    /// * `clear` – whether the reminder of messages missed while offline is cleared.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets [`UnreadMessages`]: `p2p`, the ids of the users, `group`, those of the groups, and
    ///   `logout_time`, in milliseconds since 1970, 0 if this user has never logged out.
    ///
    /// # Errors
    ///
    /// Those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.get_unread_message_with_logout_time(false, None, callback);
    /// assert_eq!(reply.wait()?.logout_time, Some(0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The JavaScript SDK has no such call; in the Unity SDK it is an argument of `getUnread`.
    pub fn get_unread_message_with_logout_time(
        &self,
        clear: bool,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<UnreadMessages>) + Send + 'static,
    ) {
        let payload = |map: &mut MapWriter<'_>| {
            map.bool("clear", clear);
            map.bool("gettime", true);
        };
        self.call("getunread", payload, timeout, UnreadMessages::decode, callback);
    }

    /// Marks all messages as read.
    ///
    /// JavaScript: `cleanUnreadMessage(timeout, callback)`, on the page
    /// [Messages](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Messages.md).
    ///
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` when that is done.
    ///
    /// # Errors
    ///
    /// Those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.clean_unread_message(None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "cleanUnreadMessage")]
    pub fn clean_unread_message(
        &self,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        self.call("cleanunread", |_| {}, timeout, |_| Ok(()), callback);
    }

    /// Counts the unread messages from some users.
    ///
    /// JavaScript: `getP2PUnreadMessageNum(uids, mtime, mtypes, timeout, callback)`, on the page
    /// [Messages](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Messages.md).
    ///
    /// * `uids` – the ids of the users.
    /// * `mtime` – messages later than this time count, in milliseconds since 1970; `None` means since this user last
    ///   logged out.
    /// * `mtypes` – only messages of these types count; `None` or an empty list means chat, command and file
    ///   types.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets [`P2PUnreadCounts`]: `p2p`, the count by user id, and `ltime`, the time of the
    ///   latest message by user id, in milliseconds since 1970. Users without unread messages may be missing.
    ///
    /// # Errors
    ///
    /// 200033 the list is empty; 200032 the list is too long; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.get_p2p_unread_message_num([2, 3], None, None, None, callback);
    /// for (id, count) in reply.wait()?.p2p {
    ///     println!("{count} unread messages of {id}");
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getP2PUnreadMessageNum")]
    pub fn get_p2p_unread_message_num<'a>(
        &self,
        uids: impl IntoIterator<Item = impl Borrow<i64>>,
        mtime: impl Into<Option<i64>>,
        mtypes: impl Into<OptionalList<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<P2PUnreadCounts>) + Send + 'static,
    ) {
        let uids = ids(uids);
        let (mtime, mtypes) = (mtime.into(), mtypes.into());
        let payload = |map: &mut MapWriter<'_>| {
            map.ids("uids", &uids);
            unread_since(map, mtime, mtypes.as_slice());
        };
        self.call("getp2punread", payload, timeout, P2PUnreadCounts::decode, callback);
    }

    /// Counts the unread messages of some groups.
    ///
    /// JavaScript: `getGroupUnreadMessageNum(gids, mtime, mtypes, timeout, callback)`, on the page
    /// [Messages](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Messages.md).
    ///
    /// * `gids` – the ids of the groups.
    /// * `mtime` – messages later than this time count, in milliseconds since 1970; `None` means since this user last
    ///   logged out.
    /// * `mtypes` – only messages of these types count; `None` or an empty list means chat, command and file
    ///   types.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets [`GroupUnreadCounts`]: `group`, the count by group id, and `ltime`, the time of the
    ///   latest message by group id, in milliseconds since 1970. Groups without unread messages may be missing.
    ///
    /// # Errors
    ///
    /// 200033 the list is empty; 200032 the list is too long; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.get_group_unread_message_num([100], None, None, None, callback);
    /// for (id, count) in reply.wait()?.group {
    ///     println!("{count} unread messages of {id}");
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getGroupUnreadMessageNum")]
    pub fn get_group_unread_message_num<'a>(
        &self,
        gids: impl IntoIterator<Item = impl Borrow<i64>>,
        mtime: impl Into<Option<i64>>,
        mtypes: impl Into<OptionalList<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<GroupUnreadCounts>) + Send + 'static,
    ) {
        let gids = ids(gids);
        let (mtime, mtypes) = (mtime.into(), mtypes.into());
        let payload = |map: &mut MapWriter<'_>| {
            map.ids("gids", &gids);
            unread_since(map, mtime, mtypes.as_slice());
        };
        self.call("getgroupunread", payload, timeout, GroupUnreadCounts::decode, callback);
    }
}
