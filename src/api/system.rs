//! The System page.

use std::borrow::Borrow;
use std::time::Duration;

use crate::client::RtmClient;
use crate::error::Error;
use crate::types::{ConnectionAttrs, DevicePushOptions, OptionalList, pairs};

/// System: attributes of connections, devices and their notifications, the debug log, the clock.
impl RtmClient {
    /// Adds attributes to this connection, which [`get_attrs`](Self::get_attrs) shows.
    ///
    /// Attributes end with the connection. [`ClientOptions::attrs`](crate::ClientOptions::attrs) sets attributes at every
    /// login.
    ///
    /// JavaScript: `addAttrs(attrs, timeout, callback)`, on the page
    /// [System](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/System.md).
    ///
    /// * `attrs` – names and values, sent in the order given.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` once the attributes are set.
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
    /// client.add_attrs([("device", "terminal"), ("theme", "dark")], None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "addAttrs")]
    pub fn add_attrs<K: AsRef<str>, V: AsRef<str>>(
        &self,
        attrs: impl IntoIterator<Item = impl Borrow<(K, V)>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        let attrs = pairs(attrs);
        self.call("addattrs", |p| p.texts("attrs", &attrs), timeout, |_| Ok(()), callback);
    }

    /// Asks for the attributes of this user's connections.
    ///
    /// JavaScript: `getAttrs(timeout, callback)`, on the page
    /// [System](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/System.md).
    ///
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets one entry for each connection: its attributes, among them `login`, the time of the login, and
    ///   `my`, which marks the connection that asked.
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
    /// client.get_attrs(None, callback);
    /// for connection in reply.wait()? {
    ///     println!("{:?} since {:?}", connection.get("device"), connection.login());
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getAttrs")]
    pub fn get_attrs(
        &self,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<Vec<ConnectionAttrs>>) + Send + 'static,
    ) {
        self.call("getattrs", |_| {}, timeout, ConnectionAttrs::decode, callback);
    }

    /// Writes a line to the project's debug log on the service.
    ///
    /// JavaScript: `addDebugLog(msg, attrs, timeout, callback)`, on the page
    /// [System](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/System.md).
    ///
    /// * `msg` – the text to log.
    /// * `attrs` – application data about the text, in any form.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` once the line is written.
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
    /// client.add_debug_log("the map did not load", "{\"level\":7}", None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "addDebugLog")]
    pub fn add_debug_log(
        &self,
        msg: impl AsRef<str>,
        attrs: impl AsRef<str>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        self.call(
            "adddebuglog",
            |p| {
                p.text("msg", msg.as_ref());
                p.text("attrs", attrs.as_ref());
            },
            timeout,
            |_| Ok(()),
            callback,
        );
    }

    /// Registers a device to be notified of messages while this user is offline.
    ///
    /// JavaScript: `addDevice(apptype, devicetoken, timeout, callback)`, on the page
    /// [System](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/System.md).
    ///
    /// * `apptype` – the kind of application, as set up in the console.
    /// * `devicetoken` – the device's token of its notification service.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` once the device is registered.
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
    /// client.add_device("apns", "740f4707bebcf74f", None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "addDevice")]
    pub fn add_device(
        &self,
        apptype: impl AsRef<str>,
        devicetoken: impl AsRef<str>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        self.call(
            "adddevice",
            |p| {
                p.text("apptype", apptype.as_ref());
                p.text("devicetoken", devicetoken.as_ref());
            },
            timeout,
            |_| Ok(()),
            callback,
        );
    }

    /// Removes the registration of a device by [`add_device`](Self::add_device).
    ///
    /// JavaScript: `removeDevice(devicetoken, timeout, callback)`, on the page
    /// [System](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/System.md).
    ///
    /// * `devicetoken` – the token the device was registered with.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` once the device is no longer notified.
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
    /// client.remove_device("740f4707bebcf74f", None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "removeDevice")]
    pub fn remove_device(
        &self,
        devicetoken: impl AsRef<str>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        self.call(
            "removedevice",
            |p| p.text("devicetoken", devicetoken.as_ref()),
            timeout,
            |_| Ok(()),
            callback,
        );
    }

    /// Stops notifying this user's devices of messages from a user or of a group.
    ///
    /// JavaScript: `addDevicePushOption(type, xid, mtypes, timeout, callback)`, on the page
    /// [System](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/System.md).
    ///
    /// * `option_type` – 0 for the messages from a user, 1 for those of a group: see
    ///   [`option_type`](crate::types::option_type).
    /// * `xid` – the id of that user or group.
    /// * `mtypes` – the types of message, 1 to 127; `None` or an empty list means all.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` once the option is set.
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
    /// client.add_device_push_option(option_type::P2P, 2, vec![30], None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "addDevicePushOption")]
    pub fn add_device_push_option<'a>(
        &self,
        option_type: i64,
        xid: i64,
        mtypes: impl Into<OptionalList<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        let mtypes = mtypes.into();
        self.call(
            "addoption",
            |p| {
                p.number("type", option_type);
                p.id("xid", xid);
                p.opt_numbers("mtypes", mtypes.as_slice());
            },
            timeout,
            |_| Ok(()),
            callback,
        );
    }

    /// Removes an option set by [`add_device_push_option`](Self::add_device_push_option).
    ///
    /// JavaScript: `removeDevicePushOption(type, xid, mtypes, timeout, callback)`, on the page
    /// [System](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/System.md).
    ///
    /// * `option_type` – 0 for the messages from a user, 1 for those of a group: see
    ///   [`option_type`](crate::types::option_type).
    /// * `xid` – the id of that user or group.
    /// * `mtypes` – the types of message, 1 to 127; with `None` nothing changes.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` once the option is removed.
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
    /// client.remove_device_push_option(option_type::P2P, 2, vec![30], None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "removeDevicePushOption")]
    pub fn remove_device_push_option<'a>(
        &self,
        option_type: i64,
        xid: i64,
        mtypes: impl Into<OptionalList<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        let mtypes = mtypes.into();
        self.call(
            "removeoption",
            |p| {
                p.number("type", option_type);
                p.id("xid", xid);
                p.opt_numbers("mtypes", mtypes.as_slice());
            },
            timeout,
            |_| Ok(()),
            callback,
        );
    }

    /// Asks for the options set by [`add_device_push_option`](Self::add_device_push_option).
    ///
    /// JavaScript: `getDevicePushOption(timeout, callback)`, on the page
    /// [System](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/System.md).
    ///
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `p2p` by user id and `group` by group id, each with the types of messages without
    ///   notification.
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
    /// client.get_device_push_option(None, callback);
    /// assert_eq!(reply.wait()?.p2p[&2], [30]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getDevicePushOption")]
    pub fn get_device_push_option(
        &self,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<DevicePushOptions>) + Send + 'static,
    ) {
        self.call("getoption", |_| {}, timeout, DevicePushOptions::decode, callback);
    }

    /// Asks for the time of the service.
    ///
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets the milliseconds since 1970-01-01 UTC.
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
    /// client.get_server_time(None, callback);
    /// assert!(reply.wait()? > 1_600_000_000_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The JavaScript SDK has no such call; the Unity SDK does.
    #[doc(alias = "getServerTime")]
    pub fn get_server_time(
        &self,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<i64>) + Send + 'static,
    ) {
        self.call("getservertime", |_| {}, timeout, |f| Ok(f.int("mts")), callback);
    }

    /// Ends another connection of this user.
    ///
    /// * `ce` – the endpoint of that connection, as the service knows it.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` once the connection has ended.
    ///
    /// # Errors
    ///
    /// 200012 `ce` is the connection that asks; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.kickout("10.0.0.1:40001", None, callback);
    /// if let Err(err) = reply.wait() {
    ///     println!("not ended: {err}");
    /// }
    /// ```
    ///
    /// The JavaScript SDK has no such call; the Android SDK does.
    pub fn kickout(
        &self,
        ce: impl AsRef<str>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        self.call("kickout", |p| p.text("ce", ce.as_ref()), timeout, |_| Ok(()), callback);
    }
}
