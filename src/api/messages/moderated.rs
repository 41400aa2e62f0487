use std::time::Duration;

use crate::api::payloads::{Message, Target};
use crate::client::RtmClient;
use crate::error::SendError;
use crate::types::{Content, Moderation, SendReply};

/// Messages of any type: sending with a check.
#[expect(clippy::too_many_arguments, reason = "the arguments of the plain sends, and one more")]
impl RtmClient {
    /// Sends a message to a user, after the service has checked the message by a strategy.
    ///
    /// The receiver gets the message like one sent with [`send_message`](Self::send_message). A chat is a message of type
    /// 30 and a command one of type 32, so this call sends both.
    ///
    /// * `to` – the receiver's user id.
    /// * `mtype` – the message's type, 1 to 127: see [`mtype`](crate::types::mtype).
    /// * `msg` – the body, text or bytes, at most 20480 bytes.
    /// * `attrs` – application data attached to the message, up to 2048 bytes; `""` if none.
    /// * `moderation` – the strategy, and for chat the parameters of the check.
    /// * `mid` – the message's id; `None` or 0 makes a new one. To send a message again, give the mid of the first
    ///   attempt: the receivers see the message once.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets [`SendReply`]: `mid` is the message's id, `payload.mtime` the time when the service took it,
    ///   in milliseconds since 1970. A failure is a [`SendError`], which carries the `mid` too.
    ///
    /// # Errors
    ///
    /// 200005 `mtype` out of range; 200030 `msg` or `attrs` too long; 200049 the receiver has blocked
    /// this user; 200052 to oneself; 200011 too many messages; 200053 the mid was used before; 200054 a forbidden
    /// word; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// use rtm_client::types::{Moderation, mtype};
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let moderation = Moderation::default().strategy_id("LOBBY");
    /// let (callback, reply) = reply::channel();
    /// client.send_moderated_message(2, mtype::CHAT, "hello", "", moderation, None, None, callback);
    /// assert!(reply.wait()?.mid > 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The JavaScript SDK has no such call; in the Unity SDK these are arguments of the sends.
    pub fn send_moderated_message<'a>(
        &self,
        to: i64,
        mtype: i64,
        msg: impl Into<Content<'a>>,
        attrs: impl AsRef<str>,
        moderation: Moderation,
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
            moderation: Some(moderation),
        };
        self.send_message_to(message, timeout, callback);
    }

    /// Sends a message to a group, after the service has checked the message by a strategy.
    ///
    /// The other members get the message like one sent with [`send_group_message`](Self::send_group_message). A chat is a
    /// message of type 30 and a command one of type 32, so this call sends both.
    ///
    /// * `gid` – the group's id; this user must be a member.
    /// * `mtype` – the message's type, 1 to 127: see [`mtype`](crate::types::mtype).
    /// * `msg` – the body, text or bytes, at most 20480 bytes.
    /// * `attrs` – application data attached to the message, up to 2048 bytes; `""` if none.
    /// * `moderation` – the strategy, and for chat the parameters of the check.
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
    /// use rtm_client::types::{Moderation, mtype};
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let moderation = Moderation::default().strategy_id("LOBBY");
    /// let (callback, reply) = reply::channel();
    /// client.send_moderated_group_message(100, mtype::CHAT, "hello", "", moderation, None, None, callback);
    /// assert!(reply.wait()?.mid > 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The JavaScript SDK has no such call; in the Unity SDK these are arguments of the sends.
    pub fn send_moderated_group_message<'a>(
        &self,
        gid: i64,
        mtype: i64,
        msg: impl Into<Content<'a>>,
        attrs: impl AsRef<str>,
        moderation: Moderation,
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
            moderation: Some(moderation),
        };
        self.send_message_to(message, timeout, callback);
    }

    /// Sends a message to a room, after the service has checked the message by a strategy.
    ///
    /// The other users in the room get the message like one sent with [`send_room_message`](Self::send_room_message). A
    /// chat is a message of type 30 and a command one of type 32, so this call sends both.
    ///
    /// * `rid` – the room's id; this user must be in it.
    /// * `mtype` – the message's type, 1 to 127: see [`mtype`](crate::types::mtype).
    /// * `msg` – the body, text or bytes, at most 20480 bytes.
    /// * `attrs` – application data attached to the message, up to 2048 bytes; `""` if none.
    /// * `moderation` – the strategy, and for chat the parameters of the check.
    /// * `mid` – the message's id; `None` or 0 makes a new one. To send a message again, give the mid of the first
    ///   attempt: the receivers see the message once.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets [`SendReply`]: `mid` is the message's id, `payload.mtime` the time when the service took it,
    ///   in milliseconds since 1970. A failure is a [`SendError`], which carries the `mid` too.
    ///
    /// # Errors
    ///
    /// 200005 `mtype` out of range; 200030 `msg` or `attrs` too long; 200040 not in the room; 200045
    /// muted in the room; 200011 too many messages; 200053 the mid was used before; 200054 a forbidden word; and
    /// those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// use rtm_client::types::{Moderation, mtype};
    /// # use rtm_client::doctest::*; let (gate, client) = in_room();
    /// let moderation = Moderation::default().strategy_id("LOBBY");
    /// let (callback, reply) = reply::channel();
    /// client.send_moderated_room_message(300, mtype::CHAT, "hello", "", moderation, None, None, callback);
    /// assert!(reply.wait()?.mid > 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The JavaScript SDK has no such call; in the Unity SDK these are arguments of the sends.
    pub fn send_moderated_room_message<'a>(
        &self,
        rid: i64,
        mtype: i64,
        msg: impl Into<Content<'a>>,
        attrs: impl AsRef<str>,
        moderation: Moderation,
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
            moderation: Some(moderation),
        };
        self.send_message_to(message, timeout, callback);
    }
}
