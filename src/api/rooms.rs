//! The Rooms page.

use std::time::Duration;

use crate::client::RtmClient;
use crate::error::Error;

/// Rooms: the users who are there right now.
///
/// A room needs no creating: it exists while somebody is in it. Being in one ends with
/// [`leave_room`](Self::leave_room), with the logout, and with the connection. By default a user is in one room at a
/// time, and entering a second leaves the first.
impl RtmClient {
    /// Enters the room `rid`, whose messages arrive from then on.
    ///
    /// * `rid` – the room's id.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` when the user is in the room.
    ///
    /// Errors: 200047 in too many rooms already, where the project allows several; and those of
    /// [every call](crate::error_code).
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().start()?;
    /// # let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// # let (callback, reply) = reply::login();
    /// # client.login(1, "token", callback, None);
    /// # reply.wait()?;
    /// let (callback, reply) = reply::channel();
    /// client.enter_room(300, None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// JavaScript: `enterRoom`, on the page
    /// [Rooms](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Rooms.md).
    #[doc(alias = "enterRoom")]
    pub fn enter_room(
        &self,
        rid: i64,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        self.call("enterroom", |p| p.id("rid", rid), timeout, |_| Ok(()), callback);
    }

    /// Leaves the room `rid`.
    ///
    /// * `rid` – the room's id.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` when the user is no longer in the room.
    ///
    /// Errors: those of [every call](crate::error_code).
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().start()?;
    /// # let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// # let (callback, reply) = reply::login();
    /// # client.login(1, "token", callback, None);
    /// # reply.wait()?;
    /// # let (callback, reply) = reply::channel();
    /// # client.enter_room(300, None, callback);
    /// # reply.wait()?;
    /// let (callback, reply) = reply::channel();
    /// client.leave_room(300, None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// JavaScript: `leaveRoom`, on the page
    /// [Rooms](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Rooms.md).
    #[doc(alias = "leaveRoom")]
    pub fn leave_room(
        &self,
        rid: i64,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        self.call("leaveroom", |p| p.id("rid", rid), timeout, |_| Ok(()), callback);
    }
}
