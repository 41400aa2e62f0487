//! Quests for which this crate has no call.

use std::time::Duration;

use crate::client::RtmClient;
use crate::error::Error;
use crate::error_code::fpnn;
use crate::wire::payload::{Fields, json_to_msgpack};

/// Methods of the service for which this crate has no call.
impl RtmClient {
    /// Sends a quest by its wire name, with the program's own payload: for methods of the service for which this crate
    /// has no call.
    ///
    /// * `method` – the name on the wire, 1 to 255 bytes. `auth` and `bye` are refused: the client has to know of logins
    ///   and logouts, which have their own calls. Changes that a quest makes are not restored after a relogin.
    /// * `json` – the payload, a JSON object. Integers are sent as 64-bit integers, fractions as float64.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets the answer, as the text of a JSON object. Bytes that are not UTF-8 show as U+FFFD in this
    ///   text.
    ///
    /// # Errors
    ///
    /// 20005 `json` is no JSON object, or `method` is too long, empty, `auth` or `bye`; the codes of the service, such as 20004 for an
    /// unknown method; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.send_quest("dataset", r#"{ "key": "theme", "val": "dark" }"#, None, callback);
    /// assert_eq!(reply.wait()?, "{}");
    ///
    /// let (callback, reply) = reply::channel();
    /// client.send_quest("dataget", r#"{ "key": "theme" }"#, None, callback);
    /// assert_eq!(reply.wait()?, r#"{"val":"dark"}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The JavaScript SDK has no such call.
    pub fn send_quest(
        &self,
        method: impl AsRef<str>,
        json: impl AsRef<str>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<String>) + Send + 'static,
    ) {
        let (method, json) = (method.as_ref(), json.as_ref());
        let answer = |fields: &Fields<'_>| Ok(fields.to_json().to_string());
        self.quest(method, payload(method, json), timeout, answer, callback);
    }
}

/// The payload, in MessagePack.
fn payload(method: &str, json: &str) -> Result<Vec<u8>, Error> {
    let refused = |text: String| Err(Error::new(fpnn::CORE_ENCODING, text));
    if !(1..256).contains(&method.len()) {
        return refused(format!("a method has 1 to 255 bytes, this one {}", method.len()));
    }
    if ["auth", "bye"].contains(&method) {
        return refused(format!("{method} has a call of its own: login, bye"));
    }
    if !json.trim_start().starts_with('{') {
        return refused("the payload is no JSON object".to_owned());
    }
    json_to_msgpack(json.as_bytes())
        .or_else(|unreadable| refused(format!("the payload {unreadable}")))
}
