use std::time::Duration;

use crate::api::payloads::{Message, Target};
use crate::client::RtmClient;
use crate::error::SendError;
use crate::types::{Content, SendReply};

/// Messages of any type: sending.
#[expect(clippy::too_many_arguments, reason = "the arguments the SDK documents, in its order")]
impl RtmClient {
    /// Sends a message of any type to a user.
    ///
    /// The receiver gets the message as the event [`RECV_MESSAGE`](crate::server_push::RECV_MESSAGE), unless the type has
    /// an event of its own.
    ///
    /// JavaScript: `sendMessage(to, mtype, msg, attrs, mid, timeout, callback)`, on the page
    /// [Messages](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Messages.md).
    ///
    /// * `to` – the receiver's user id.
    /// * `mtype` – the message's type, 1 to 127; 51 to 127 are the application's own: see
    ///   [`mtype`](crate::types::mtype).
    /// * `msg` – the body, text or bytes, at most 20480 bytes.
    /// * `attrs` – application data attached to the message, up to 2048 bytes; `""` if none.
    /// * `mid` – the message's id; `None` or 0 makes a new one. To send a message again, give the mid of the first
    ///   attempt: the receivers see the message once.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets [`SendReply`]: `mid` is the message's id, `payload.mtime` the time when the service took it,
    ///   in milliseconds since 1970. A failure is a [`SendError`], which carries the `mid` too.
    ///
    /// # Errors
    ///
    /// 200005 `mtype` out of range; 200030 `msg` or `attrs` too long; 200049 the receiver has blocked
    /// this user; 200052 to oneself; 200011 too many messages; 200053 the mid was used before; 200054 a
    /// forbidden word; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// use rtm_client::types::mtype;
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// const MOVE: i64 = mtype::FIRST_OF_APPLICATION;
    ///
    /// let (callback, reply) = reply::channel();
    /// client.send_message(2, MOVE, &[0, 255], "", None, None, callback);
    /// assert!(reply.wait()?.mid > 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "sendMessage")]
    pub fn send_message<'a>(
        &self,
        to: i64,
        mtype: i64,
        msg: impl Into<Content<'a>>,
        attrs: impl AsRef<str>,
        mid: impl Into<Option<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<SendError>, Option<SendReply>) + Send + 'static,
    ) {
        let message = Message {
            target: Target::User(to),
            mtype,
            msg: msg.into(),
            attrs: attrs.as_ref(),
            mid: mid.into(),
            moderation: None,
        };
        self.send_message_to(message, timeout, callback);
    }

    /// Sends a message of any type to a group.
    ///
    /// The other members get the message as the event [`RECV_GROUP_MESSAGE`](crate::server_push::RECV_GROUP_MESSAGE),
    /// unless the type has an event of its own.
    ///
    /// JavaScript: `sendGroupMessage(gid, mtype, msg, attrs, mid, timeout, callback)`, on the page
    /// [Messages](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Messages.md).
    ///
    /// * `gid` – the group's id; this user must be a member.
    /// * `mtype` – the message's type, 1 to 127; 51 to 127 are the application's own: see
    ///   [`mtype`](crate::types::mtype).
    /// * `msg` – the body, text or bytes, at most 20480 bytes.
    /// * `attrs` – application data attached to the message, up to 2048 bytes; `""` if none.
    /// * `mid` – the message's id; `None` or 0 makes a new one. To send a message again, give the mid of the first
    ///   attempt: the receivers see the message once.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets [`SendReply`]: `mid` is the message's id, `payload.mtime` the time when the service took it,
    ///   in milliseconds since 1970. A failure is a [`SendError`], which carries the `mid` too.
    ///
    /// # Errors
    ///
    /// 200005 `mtype` out of range; 200030 `msg` or `attrs` too long; 200041 not a member of the group;
    /// 200044 muted in the group; 200011 too many messages; 200053 the mid was used before; 200054 a forbidden
    /// word; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// use rtm_client::types::mtype;
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// const MOVE: i64 = mtype::FIRST_OF_APPLICATION;
    ///
    /// let (callback, reply) = reply::channel();
    /// client.send_group_message(100, MOVE, &[0, 255], "", None, None, callback);
    /// assert!(reply.wait()?.mid > 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "sendGroupMessage")]
    pub fn send_group_message<'a>(
        &self,
        gid: i64,
        mtype: i64,
        msg: impl Into<Content<'a>>,
        attrs: impl AsRef<str>,
        mid: impl Into<Option<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<SendError>, Option<SendReply>) + Send + 'static,
    ) {
        let message = Message {
            target: Target::Group(gid),
            mtype,
            msg: msg.into(),
            attrs: attrs.as_ref(),
            mid: mid.into(),
            moderation: None,
        };
        self.send_message_to(message, timeout, callback);
    }

    /// Sends a message of any type to a room.
    ///
    /// The other users in the room get the message as the event
    /// [`RECV_ROOM_MESSAGE`](crate::server_push::RECV_ROOM_MESSAGE), unless the type has an event of its own.
    ///
    /// JavaScript: `sendRoomMessage(rid, mtype, msg, attrs, mid, timeout, callback)`, on the page
    /// [Messages](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Messages.md).
    ///
    /// * `rid` – the room's id; this user must be in it.
    /// * `mtype` – the message's type, 1 to 127; 51 to 127 are the application's own: see
    ///   [`mtype`](crate::types::mtype).
    /// * `msg` – the body, text or bytes, at most 20480 bytes.
    /// * `attrs` – application data attached to the message, up to 2048 bytes; `""` if none.
    /// * `mid` – the message's id; `None` or 0 makes a new one. To send a message again, give the mid of the first
    ///   attempt: the receivers see the message once.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets [`SendReply`]: `mid` is the message's id, `payload.mtime` the time when the service took it,
    ///   in milliseconds since 1970. A failure is a [`SendError`], which carries the `mid` too.
    ///
    /// # Errors
    ///
    /// 200005 `mtype` out of range; 200030 `msg` or `attrs` too long; 200040 not in the room; 200045
    /// muted in the room; 200011 too many messages; 200053 the mid was used before; 200054 a forbidden word;
    /// and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// use rtm_client::types::mtype;
    /// # use rtm_client::doctest::*; let (gate, client) = in_room();
    /// const MOVE: i64 = mtype::FIRST_OF_APPLICATION;
    ///
    /// let (callback, reply) = reply::channel();
    /// client.send_room_message(300, MOVE, &[0, 255], "", None, None, callback);
    /// assert!(reply.wait()?.mid > 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "sendRoomMessage")]
    pub fn send_room_message<'a>(
        &self,
        rid: i64,
        mtype: i64,
        msg: impl Into<Content<'a>>,
        attrs: impl AsRef<str>,
        mid: impl Into<Option<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<SendError>, Option<SendReply>) + Send + 'static,
    ) {
        let message = Message {
            target: Target::Room(rid),
            mtype,
            msg: msg.into(),
            attrs: attrs.as_ref(),
            mid: mid.into(),
            moderation: None,
        };
        self.send_message_to(message, timeout, callback);
    }
}
