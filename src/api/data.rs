//! The Data page.

use std::time::Duration;

use crate::client::RtmClient;
use crate::error::Error;
use crate::types::{DataValue, OptionalText};

/// Data: texts the service keeps for this user, by key.
impl RtmClient {
    /// Stores a value under a key of this user.
    ///
    /// JavaScript: `dataSet(key, value, timeout, callback)`, on the page
    /// [Data](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Data.md).
    ///
    /// * `key` – the key, at most 128 bytes.
    /// * `value` – the value, at most 65535 bytes. `None` is sent as nil, as the JavaScript SDK sends a missing value; to
    ///   remove a value, use [`data_delete`](Self::data_delete).
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` once the value is stored.
    ///
    /// # Errors
    ///
    /// 200035 the key or the value is too long; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.data_set("theme", "dark", None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "dataSet")]
    pub fn data_set<'a>(
        &self,
        key: impl AsRef<str>,
        value: impl Into<OptionalText<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        let value = value.into();
        self.call(
            "dataset",
            |p| {
                p.text("key", key.as_ref());
                match value.as_str() {
                    Some(value) => p.text("val", value),
                    None => p.nil("val"),
                }
            },
            timeout,
            |_| Ok(()),
            callback,
        );
    }

    /// Asks for the value stored under a key of this user.
    ///
    /// JavaScript: `dataGet(key, timeout, callback)`, on the page
    /// [Data](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Data.md).
    ///
    /// * `key` – the key, at most 128 bytes.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets the value as `val`; `None` if no value is stored under that key.
    ///
    /// # Errors
    ///
    /// 200035 the key is too long; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.data_get("theme", None, callback);
    /// assert_eq!(reply.wait()?.val, Some("dark".into()));
    ///
    /// let (callback, reply) = reply::channel();
    /// client.data_get("never set", None, callback);
    /// assert_eq!(reply.wait()?.val, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "dataGet")]
    pub fn data_get(
        &self,
        key: impl AsRef<str>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<DataValue>) + Send + 'static,
    ) {
        self.call("dataget", |p| p.text("key", key.as_ref()), timeout, DataValue::decode, callback);
    }

    /// Removes the value stored under a key of this user.
    ///
    /// JavaScript: `dataDelete(key, timeout, callback)`, on the page
    /// [Data](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Data.md).
    ///
    /// * `key` – the key, at most 128 bytes.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` once it is removed.
    ///
    /// # Errors
    ///
    /// 200035 the key is too long; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.data_delete("theme", None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "dataDelete")]
    pub fn data_delete(
        &self,
        key: impl AsRef<str>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        self.call("datadel", |p| p.text("key", key.as_ref()), timeout, |_| Ok(()), callback);
    }
}
