//! The Friends page.

use std::borrow::Borrow;
use std::time::Duration;

use crate::client::RtmClient;
use crate::error::Error;
use crate::types::ids;

/// Friends, and the blacklist of users who may not write to this user.
impl RtmClient {
    /// Makes users friends of this user.
    ///
    /// JavaScript: `addFriends(friends, timeout, callback)`, on the page
    /// [Friends](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Friends.md).
    ///
    /// * `friends` – the users' ids, at most 100.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` once the users are friends.
    ///
    /// # Errors
    ///
    /// 200032 more than 100 users; 200033 no user; 200048 too many friends, at most 300; and those of
    /// [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.add_friends([2, 3], None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "addFriends")]
    pub fn add_friends(
        &self,
        friends: impl IntoIterator<Item = impl Borrow<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        let friends = ids(friends);
        self.call("addfriends", |p| p.ids("friends", &friends), timeout, |_| Ok(()), callback);
    }

    /// Ends friendships of this user.
    ///
    /// JavaScript: `deleteFriends(friends, timeout, callback)`, on the page
    /// [Friends](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Friends.md).
    ///
    /// * `friends` – the users' ids, at most 100.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` once the users are no longer friends.
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
    /// client.delete_friends([2], None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "deleteFriends")]
    pub fn delete_friends(
        &self,
        friends: impl IntoIterator<Item = impl Borrow<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        let friends = ids(friends);
        self.call("delfriends", |p| p.ids("friends", &friends), timeout, |_| Ok(()), callback);
    }

    /// Asks who this user's friends are.
    ///
    /// JavaScript: `getFriends(timeout, callback)`, on the page
    /// [Friends](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Friends.md).
    ///
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets the ids of the friends, empty if there are none.
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
    /// client.get_friends(None, callback);
    /// assert_eq!(reply.wait()?, [2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getFriends")]
    pub fn get_friends(
        &self,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<Vec<i64>>) + Send + 'static,
    ) {
        self.call("getfriends", |_| {}, timeout, |f| Ok(f.ids("uids")), callback);
    }

    /// Puts users on this user's blacklist.
    ///
    /// Those users can no longer send to this user; their sends fail with 200049. Sessions and history stay readable for
    /// both sides.
    ///
    /// JavaScript: `addBlacks(blacks, timeout, callback)`, on the page
    /// [Friends](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Friends.md).
    ///
    /// * `blacks` – the users' ids, at most 100.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` once the users are on the list.
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
    /// client.add_blacks([2], None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "addBlacks")]
    pub fn add_blacks(
        &self,
        blacks: impl IntoIterator<Item = impl Borrow<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        let blacks = ids(blacks);
        self.call("addblacks", |p| p.ids("blacks", &blacks), timeout, |_| Ok(()), callback);
    }

    /// Takes users off this user's blacklist.
    ///
    /// JavaScript: `deleteBlacks(blacks, timeout, callback)`, on the page
    /// [Friends](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Friends.md).
    ///
    /// * `blacks` – the users' ids, at most 100.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` once the users are off the list.
    ///
    /// # Errors
    ///
    /// 200032 more than 100 users; 200033 no user; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// client.add_blacks([2], None, reply::ignore);
    /// let (callback, reply) = reply::channel();
    /// client.delete_blacks([2], None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "deleteBlacks")]
    pub fn delete_blacks(
        &self,
        blacks: impl IntoIterator<Item = impl Borrow<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        let blacks = ids(blacks);
        self.call("delblacks", |p| p.ids("blacks", &blacks), timeout, |_| Ok(()), callback);
    }

    /// Asks who is on this user's blacklist.
    ///
    /// JavaScript: `getBlacks(timeout, callback)`, on the page
    /// [Friends](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Friends.md).
    ///
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets the ids of the users on the list, empty if there are none.
    ///
    /// # Errors
    ///
    /// Those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// client.add_blacks([2], None, reply::ignore);
    /// let (callback, reply) = reply::channel();
    /// client.get_blacks(None, callback);
    /// assert_eq!(reply.wait()?, [2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getBlacks")]
    pub fn get_blacks(
        &self,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<Vec<i64>>) + Send + 'static,
    ) {
        self.call("getblacks", |_| {}, timeout, |f| Ok(f.ids("uids")), callback);
    }
}
