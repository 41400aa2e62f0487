//! The Groups page.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::client::RtmClient;
use crate::error::Error;
use crate::types::{GroupCount, GroupMembers, Info, OpenInfo, OptionalText, Text, ids, open_infos};

/// Groups: users who belong together, whether they are online or not.
///
/// A group exists until it is dissolved. A client can change the members, but only the application server can make or
/// dissolve a group.
impl RtmClient {
    /// Adds users to the group `gid`, of which this user has to be a member.
    ///
    /// JavaScript: `addGroupMembers(gid, uids, timeout, callback)`, on the page
    /// [Groups](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Groups.md).
    ///
    /// * `gid` – the group's id.
    /// * `uids` – the users' ids, at most 100.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` once the users are members.
    ///
    /// # Errors
    ///
    /// 200032 more than 100 users; 200033 no user; 200041 this user is no member; 200042 the group is full,
    /// at 10000 members; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.add_group_members(100, [3, 4], None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "addGroupMembers")]
    pub fn add_group_members(
        &self,
        gid: i64,
        uids: impl IntoIterator<Item = impl Borrow<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        let uids = ids(uids);
        self.call(
            "addgroupmembers",
            |p| {
                p.id("gid", gid);
                p.ids("uids", &uids);
            },
            timeout,
            |_| Ok(()),
            callback,
        );
    }

    /// Removes users from the group `gid`, of which this user has to be a member.
    ///
    /// JavaScript: `deleteGroupMembers(gid, uids, timeout, callback)`, on the page
    /// [Groups](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Groups.md).
    ///
    /// * `gid` – the group's id.
    /// * `uids` – the users' ids, at most 100.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` once the users are no longer members.
    ///
    /// # Errors
    ///
    /// 200032 more than 100 users; 200033 no user; 200041 this user is no member; and those of
    /// [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.delete_group_members(100, [2], None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "deleteGroupMembers")]
    pub fn delete_group_members(
        &self,
        gid: i64,
        uids: impl IntoIterator<Item = impl Borrow<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        let uids = ids(uids);
        self.call(
            "delgroupmembers",
            |p| {
                p.id("gid", gid);
                p.ids("uids", &uids);
            },
            timeout,
            |_| Ok(()),
            callback,
        );
    }

    /// Asks who is in the group `gid`, of which this user has to be a member.
    ///
    /// JavaScript: `getGroupMembers(gid, online, timeout, callback)`, on the page
    /// [Groups](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Groups.md).
    ///
    /// * `gid` – the group's id.
    /// * `online` – `true` also asks which members are online; `None` means `false`.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `uids`, all members, and `onlines`, the members who are online (empty unless `online` is
    ///   `true`).
    ///
    /// # Errors
    ///
    /// 200041 this user is no member; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.get_group_members(100, true, None, callback);
    /// let members = reply.wait()?;
    /// assert_eq!(members.uids.len(), 2);
    /// assert_eq!(members.onlines, [1]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getGroupMembers")]
    pub fn get_group_members(
        &self,
        gid: i64,
        online: impl Into<Option<bool>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<GroupMembers>) + Send + 'static,
    ) {
        let online = online.into();
        self.call(
            "getgroupmembers",
            |p| {
                p.id("gid", gid);
                p.opt_bool("online", online);
            },
            timeout,
            GroupMembers::decode,
            callback,
        );
    }

    /// Asks how many members the group `gid` has.
    ///
    /// JavaScript: `getGroupCount(gid, online, timeout, callback)`, on the page
    /// [Groups](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Groups.md).
    ///
    /// * `gid` – the group's id.
    /// * `online` – `true` also asks how many members are online; `None` means `false`.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `cn`, the number of members, and `online`, the number of members online (0 unless `online` is
    ///   `true`).
    ///
    /// # Errors
    ///
    /// 200041 this user is no member; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.get_group_count(100, true, None, callback);
    /// let count = reply.wait()?;
    /// assert_eq!((count.cn, count.online), (2, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getGroupCount")]
    pub fn get_group_count(
        &self,
        gid: i64,
        online: impl Into<Option<bool>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<GroupCount>) + Send + 'static,
    ) {
        let online = online.into();
        self.call(
            "getgroupcount",
            |p| {
                p.id("gid", gid);
                p.opt_bool("online", online);
            },
            timeout,
            GroupCount::decode,
            callback,
        );
    }

    /// Asks which groups this user is a member of.
    ///
    /// JavaScript: `getUserGroups(timeout, callback)`, on the page
    /// [Users](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Users.md).
    ///
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets the ids of the groups, empty if there are none.
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
    /// client.get_user_groups(None, callback);
    /// assert_eq!(reply.wait()?, [100]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getUserGroups")]
    pub fn get_user_groups(
        &self,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<Vec<i64>>) + Send + 'static,
    ) {
        self.call("getusergroups", |_| {}, timeout, |f| Ok(f.ids("gids")), callback);
    }

    /// Sets the open and the private text of the group `gid`, of which this user has to be a member.
    ///
    /// JavaScript: `setGroupInfo(gid, oinfo, pinfo, timeout, callback)`, on the page
    /// [Groups](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Groups.md).
    ///
    /// * `gid` – the group's id.
    /// * `oinfo` – the open part, at most 65535 bytes; `None` keeps the stored text.
    /// * `pinfo` – the private part, at most 65535 bytes; `None` keeps the stored text.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` once the texts are stored.
    ///
    /// # Errors
    ///
    /// 200035 a text is too long; 200041 this user is no member; and those of
    /// [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.set_group_info(100, "a group of friends", "since 2021", None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "setGroupInfo")]
    pub fn set_group_info<'a>(
        &self,
        gid: i64,
        oinfo: impl Into<OptionalText<'a>>,
        pinfo: impl Into<OptionalText<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        let (oinfo, pinfo) = (oinfo.into(), pinfo.into());
        self.call(
            "setgroupinfo",
            |p| {
                p.id("gid", gid);
                p.opt_text("oinfo", oinfo.as_str());
                p.opt_text("pinfo", pinfo.as_str());
            },
            timeout,
            |_| Ok(()),
            callback,
        );
    }

    /// Asks for the open and the private text of the group `gid`, of which this user has to be a member.
    ///
    /// JavaScript: `getGroupInfo(gid, timeout, callback)`, on the page
    /// [Groups](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Groups.md).
    ///
    /// * `gid` – the group's id.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets the two texts, `oinfo` and `pinfo`, empty if none is set.
    ///
    /// # Errors
    ///
    /// 200041 this user is no member; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.get_group_info(100, None, callback);
    /// let info = reply.wait()?;
    /// assert_eq!(info.oinfo, "open");
    /// assert_eq!(info.pinfo, "private");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getGroupInfo")]
    pub fn get_group_info(
        &self,
        gid: i64,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<Info>) + Send + 'static,
    ) {
        self.call("getgroupinfo", |p| p.id("gid", gid), timeout, Info::decode, callback);
    }

    /// Asks for the open text of the group `gid`, which anybody may read.
    ///
    /// JavaScript: `getGroupOpenInfo(gid, timeout, callback)`, on the page
    /// [Groups](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Groups.md).
    ///
    /// * `gid` – the group's id.
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
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.get_group_open_info(100, None, callback);
    /// assert_eq!(reply.wait()?.oinfo, "open");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getGroupOpenInfo")]
    pub fn get_group_open_info(
        &self,
        gid: i64,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<OpenInfo>) + Send + 'static,
    ) {
        self.call("getgroupopeninfo", |p| p.id("gid", gid), timeout, OpenInfo::decode, callback);
    }

    /// Asks for the open texts of several groups, which anybody may read.
    ///
    /// JavaScript: `getGroupsOpenInfo(gids, timeout, callback)`, on the page
    /// [Groups](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Groups.md).
    ///
    /// * `gids` – the groups' ids, at most 100.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets the texts by group id (in JavaScript `info`).
    ///
    /// # Errors
    ///
    /// 200032 more than 100 groups; 200033 no group; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.get_groups_open_info([100], None, callback);
    /// assert_eq!(reply.wait()?[&100], "open");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getGroupsOpenInfo")]
    pub fn get_groups_open_info(
        &self,
        gids: impl IntoIterator<Item = impl Borrow<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<BTreeMap<i64, Text>>) + Send + 'static,
    ) {
        let gids = ids(gids);
        self.call("getgroupsopeninfo", |p| p.ids("gids", &gids), timeout, open_infos, callback);
    }
}
