//! The Users page.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::client::RtmClient;
use crate::error::Error;
use crate::types::{Info, OptionalText, Text, ids, open_infos};

/// Users: who is online, and the texts stored with a user.
impl RtmClient {
    /// Asks which of several users are online.
    ///
    /// JavaScript: `getOnlineUsers(uids, timeout, callback)`, on the page
    /// [Users](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Users.md).
    ///
    /// * `uids` – the users' ids, at most 200.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets the ids of the users who are online.
    ///
    /// # Errors
    ///
    /// 200032 more than 200 users; 200033 no user; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.get_online_users([1, 2], None, callback);
    /// assert_eq!(reply.wait()?, [1]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getOnlineUsers")]
    pub fn get_online_users(
        &self,
        uids: impl IntoIterator<Item = impl Borrow<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<Vec<i64>>) + Send + 'static,
    ) {
        let uids = ids(uids);
        self.call(
            "getonlineusers",
            |p| p.ids("uids", &uids),
            timeout,
            |f| Ok(f.ids("uids")),
            callback,
        );
    }

    /// Sets this user's open and private text.
    ///
    /// JavaScript: `setUserInfo(oinfo, pinfo, timeout, callback)`, on the page
    /// [Users](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Users.md).
    ///
    /// * `oinfo` – the open part, at most 65535 bytes; `None` keeps the stored text.
    /// * `pinfo` – the private part, at most 65535 bytes; `None` keeps the stored text.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` once the texts are stored.
    ///
    /// # Errors
    ///
    /// 200035 a text is too long; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.set_user_info("{\"name\":\"Ada\"}", None, None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "setUserInfo")]
    pub fn set_user_info<'a>(
        &self,
        oinfo: impl Into<OptionalText<'a>>,
        pinfo: impl Into<OptionalText<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        let (oinfo, pinfo) = (oinfo.into(), pinfo.into());
        self.call(
            "setuserinfo",
            |p| {
                p.opt_text("oinfo", oinfo.as_str());
                p.opt_text("pinfo", pinfo.as_str());
            },
            timeout,
            |_| Ok(()),
            callback,
        );
    }

    /// Asks for this user's open and private text.
    ///
    /// JavaScript: `getUserInfo(timeout, callback)`, on the page
    /// [Users](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Users.md).
    ///
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets the two texts, `oinfo` and `pinfo`, empty if none is set.
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
    /// client.get_user_info(None, callback);
    /// let info = reply.wait()?;
    /// assert_eq!(info.oinfo, "open");
    /// assert_eq!(info.pinfo, "private");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getUserInfo")]
    pub fn get_user_info(
        &self,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<Info>) + Send + 'static,
    ) {
        self.call("getuserinfo", |_| {}, timeout, Info::decode, callback);
    }

    /// Asks for the open texts of several users, which anybody may read.
    ///
    /// JavaScript: `getUserOpenInfo(uids, timeout, callback)`, on the page
    /// [Users](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Users.md).
    ///
    /// * `uids` – the users' ids, at most 100.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets the texts by user id (in JavaScript `info`).
    ///
    /// # Errors
    ///
    /// 200032 more than 100 users; 200033 no user; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.get_user_open_info([1], None, callback);
    /// assert_eq!(reply.wait()?[&1], "open");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getUserOpenInfo")]
    pub fn get_user_open_info(
        &self,
        uids: impl IntoIterator<Item = impl Borrow<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<BTreeMap<i64, Text>>) + Send + 'static,
    ) {
        let uids = ids(uids);
        self.call("getuseropeninfo", |p| p.ids("uids", &uids), timeout, open_infos, callback);
    }
}
