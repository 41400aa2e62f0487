use std::time::Duration;

use crate::api::payloads::{Message, Target};
use crate::client::RtmClient;
use crate::error::SendError;
use crate::types::{Content, SendReply, mtype};

/// Chat: sending texts, audio and commands.
#[expect(clippy::too_many_arguments, reason = "the arguments the SDK documents, in its order")]
impl RtmClient {
    /// Sends a chat text to a user.
    ///
    /// The receiver gets the message as the event [`RECV_CHAT`](crate::server_push::RECV_CHAT).
    ///
    /// JavaScript: `sendChat(to, msg, attrs, mid, timeout, callback)`, on the page
    /// [Chat](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Chat.md).
    ///
    /// * `to` – the receiver's user id.
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
    /// 200030 `msg` or `attrs` too long; 200049 the receiver has blocked this user; 200052 to oneself;
    /// 200011 too many messages; 200053 the mid was used before; 200054 a forbidden word; and those of
    /// [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.send_chat(2, "hello", "", None, None, callback);
    /// let sent = reply.wait()?;
    /// println!("message {} was sent at {}", sent.mid, sent.payload.mtime);
    ///
    /// // The same with a callback of one's own.
    /// client.send_chat(2, "hello again", "", None, None, |err, data| match (err, data) {
    ///     (Some(err), _) => eprintln!("message {} was not sent: {}", err.mid, err.error),
    ///     (None, data) => println!("sent: {data:?}"),
    /// });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "sendChat")]
    pub fn send_chat<'a>(
        &self,
        to: i64,
        msg: impl Into<Content<'a>>,
        attrs: impl AsRef<str>,
        mid: impl Into<Option<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<SendError>, Option<SendReply>) + Send + 'static,
    ) {
        let message = Message {
            target: Target::User(to),
            mtype: mtype::CHAT,
            msg: msg.into(),
            attrs: attrs.as_ref(),
            mid: mid.into(),
            moderation: None,
        };
        self.send_message_to(message, timeout, callback);
    }

    /// Sends a chat text to a group.
    ///
    /// The other members get the message as the event [`RECV_GROUP_CHAT`](crate::server_push::RECV_GROUP_CHAT).
    ///
    /// JavaScript: `sendGroupChat(gid, msg, attrs, mid, timeout, callback)`, on the page
    /// [Chat](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Chat.md).
    ///
    /// * `gid` – the group's id; this user must be a member.
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
    /// 200030 `msg` or `attrs` too long; 200041 not a member of the group; 200044 muted in the group;
    /// 200011 too many messages; 200053 the mid was used before; 200054 a forbidden word; and those of
    /// [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.send_group_chat(100, "hello", "", None, None, callback);
    /// assert!(reply.wait()?.mid > 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "sendGroupChat")]
    pub fn send_group_chat<'a>(
        &self,
        gid: i64,
        msg: impl Into<Content<'a>>,
        attrs: impl AsRef<str>,
        mid: impl Into<Option<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<SendError>, Option<SendReply>) + Send + 'static,
    ) {
        let message = Message {
            target: Target::Group(gid),
            mtype: mtype::CHAT,
            msg: msg.into(),
            attrs: attrs.as_ref(),
            mid: mid.into(),
            moderation: None,
        };
        self.send_message_to(message, timeout, callback);
    }

    /// Sends a chat text to a room.
    ///
    /// The other users in the room get the message as the event [`RECV_ROOM_CHAT`](crate::server_push::RECV_ROOM_CHAT).
    ///
    /// JavaScript: `sendRoomChat(rid, mtype, msg, attrs, mid, timeout, callback)`, on the page
    /// [Chat](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Chat.md).
    ///
    /// * `rid` – the room's id; this user must be in it.
    /// * `mtype` – the message's type, 1 to 127; `None` means 30.
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
    /// # use rtm_client::doctest::*; let (gate, client) = in_room();
    /// let (callback, reply) = reply::channel();
    /// client.send_room_chat(300, None, "hello", "", None, None, callback);
    /// assert!(reply.wait()?.mid > 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "sendRoomChat")]
    pub fn send_room_chat<'a>(
        &self,
        rid: i64,
        mtype: impl Into<Option<i64>>,
        msg: impl Into<Content<'a>>,
        attrs: impl AsRef<str>,
        mid: impl Into<Option<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<SendError>, Option<SendReply>) + Send + 'static,
    ) {
        let message = Message {
            target: Target::Room(rid),
            mtype: mtype.into().unwrap_or(mtype::CHAT),
            msg: msg.into(),
            attrs: attrs.as_ref(),
            mid: mid.into(),
            moderation: None,
        };
        self.send_message_to(message, timeout, callback);
    }

    /// Sends chat audio to a user, as the body of a message.
    ///
    /// The receiver gets the message as the event [`RECV_AUDIO`](crate::server_push::RECV_AUDIO). Without a handler for
    /// that event, the message comes as [`RECV_FILE`](crate::server_push::RECV_FILE).
    ///
    /// JavaScript: `sendAudio(to, msg, attrs, mid, timeout, callback)`, on the page
    /// [Chat](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Chat.md).
    ///
    /// * `to` – the receiver's user id.
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
    /// 200030 `msg` or `attrs` too long; 200049 the receiver has blocked this user; 200052 to oneself;
    /// 200011 too many messages; 200053 the mid was used before; and those of
    /// [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.send_audio(2, &[0x23, 0x21, 0x41, 0x4d, 0x52], "", None, None, callback);
    /// assert!(reply.wait()?.mid > 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "sendAudio")]
    pub fn send_audio<'a>(
        &self,
        to: i64,
        msg: impl Into<Content<'a>>,
        attrs: impl AsRef<str>,
        mid: impl Into<Option<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<SendError>, Option<SendReply>) + Send + 'static,
    ) {
        let message = Message {
            target: Target::User(to),
            mtype: mtype::AUDIO,
            msg: msg.into(),
            attrs: attrs.as_ref(),
            mid: mid.into(),
            moderation: None,
        };
        self.send_message_to(message, timeout, callback);
    }

    /// Sends chat audio to a group, as the body of a message.
    ///
    /// The other members get the message as the event [`RECV_GROUP_AUDIO`](crate::server_push::RECV_GROUP_AUDIO). Without
    /// a handler for that event, the message comes as [`RECV_GROUP_FILE`](crate::server_push::RECV_GROUP_FILE).
    ///
    /// JavaScript: `sendGroupAudio(gid, msg, attrs, mid, timeout, callback)`, on the page
    /// [Chat](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Chat.md).
    ///
    /// * `gid` – the group's id; this user must be a member.
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
    /// 200030 `msg` or `attrs` too long; 200041 not a member of the group; 200044 muted in the group;
    /// 200011 too many messages; 200053 the mid was used before; and those of
    /// [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.send_group_audio(100, &[0x23, 0x21, 0x41, 0x4d, 0x52], "", None, None, callback);
    /// assert!(reply.wait()?.mid > 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "sendGroupAudio")]
    pub fn send_group_audio<'a>(
        &self,
        gid: i64,
        msg: impl Into<Content<'a>>,
        attrs: impl AsRef<str>,
        mid: impl Into<Option<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<SendError>, Option<SendReply>) + Send + 'static,
    ) {
        let message = Message {
            target: Target::Group(gid),
            mtype: mtype::AUDIO,
            msg: msg.into(),
            attrs: attrs.as_ref(),
            mid: mid.into(),
            moderation: None,
        };
        self.send_message_to(message, timeout, callback);
    }

    /// Sends chat audio to a room, as the body of a message.
    ///
    /// The other users in the room get the message as the event [`RECV_ROOM_AUDIO`](crate::server_push::RECV_ROOM_AUDIO).
    /// Without a handler for that event, the message comes as [`RECV_ROOM_FILE`](crate::server_push::RECV_ROOM_FILE).
    ///
    /// JavaScript: `sendRoomAudio(rid, mtype, msg, attrs, mid, timeout, callback)`, on the page
    /// [Chat](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Chat.md).
    ///
    /// * `rid` – the room's id; this user must be in it.
    /// * `mtype` – the message's type, 1 to 127; `None` means 31.
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
    /// muted in the room; 200011 too many messages; 200053 the mid was used before; and those of
    /// [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = in_room();
    /// let (callback, reply) = reply::channel();
    /// client.send_room_audio(300, None, &[0x23, 0x21, 0x41, 0x4d, 0x52], "", None, None, callback);
    /// assert!(reply.wait()?.mid > 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "sendRoomAudio")]
    pub fn send_room_audio<'a>(
        &self,
        rid: i64,
        mtype: impl Into<Option<i64>>,
        msg: impl Into<Content<'a>>,
        attrs: impl AsRef<str>,
        mid: impl Into<Option<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<SendError>, Option<SendReply>) + Send + 'static,
    ) {
        let message = Message {
            target: Target::Room(rid),
            mtype: mtype.into().unwrap_or(mtype::AUDIO),
            msg: msg.into(),
            attrs: attrs.as_ref(),
            mid: mid.into(),
            moderation: None,
        };
        self.send_message_to(message, timeout, callback);
    }

    /// Sends a command to a user's program.
    ///
    /// The receiver gets the message as the event [`RECV_CMD`](crate::server_push::RECV_CMD).
    ///
    /// JavaScript: `sendCmd(to, msg, attrs, mid, timeout, callback)`, on the page
    /// [Chat](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Chat.md).
    ///
    /// * `to` – the receiver's user id.
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
    /// 200030 `msg` or `attrs` too long; 200049 the receiver has blocked this user; 200052 to oneself;
    /// 200011 too many messages; 200053 the mid was used before; and those of
    /// [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.send_cmd(2, "typing", "", None, None, callback);
    /// assert!(reply.wait()?.mid > 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "sendCmd")]
    pub fn send_cmd<'a>(
        &self,
        to: i64,
        msg: impl Into<Content<'a>>,
        attrs: impl AsRef<str>,
        mid: impl Into<Option<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<SendError>, Option<SendReply>) + Send + 'static,
    ) {
        let message = Message {
            target: Target::User(to),
            mtype: mtype::CMD,
            msg: msg.into(),
            attrs: attrs.as_ref(),
            mid: mid.into(),
            moderation: None,
        };
        self.send_message_to(message, timeout, callback);
    }

    /// Sends a command to the programs of a group's members.
    ///
    /// The other members get the message as the event [`RECV_GROUP_CMD`](crate::server_push::RECV_GROUP_CMD).
    ///
    /// JavaScript: `sendGroupCmd(gid, msg, attrs, mid, timeout, callback)`, on the page
    /// [Chat](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Chat.md).
    ///
    /// * `gid` – the group's id; this user must be a member.
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
    /// 200030 `msg` or `attrs` too long; 200041 not a member of the group; 200044 muted in the group;
    /// 200011 too many messages; 200053 the mid was used before; and those of
    /// [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.send_group_cmd(100, "typing", "", None, None, callback);
    /// assert!(reply.wait()?.mid > 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "sendGroupCmd")]
    pub fn send_group_cmd<'a>(
        &self,
        gid: i64,
        msg: impl Into<Content<'a>>,
        attrs: impl AsRef<str>,
        mid: impl Into<Option<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<SendError>, Option<SendReply>) + Send + 'static,
    ) {
        let message = Message {
            target: Target::Group(gid),
            mtype: mtype::CMD,
            msg: msg.into(),
            attrs: attrs.as_ref(),
            mid: mid.into(),
            moderation: None,
        };
        self.send_message_to(message, timeout, callback);
    }

    /// Sends a command to the programs in a room.
    ///
    /// The other users in the room get the message as the event [`RECV_ROOM_CMD`](crate::server_push::RECV_ROOM_CMD).
    ///
    /// JavaScript: `sendRoomCmd(rid, mtype, msg, attrs, mid, timeout, callback)`, on the page
    /// [Chat](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Chat.md).
    ///
    /// * `rid` – the room's id; this user must be in it.
    /// * `mtype` – the message's type, 1 to 127; `None` means 32.
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
    /// muted in the room; 200011 too many messages; 200053 the mid was used before; and those of
    /// [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = in_room();
    /// let (callback, reply) = reply::channel();
    /// client.send_room_cmd(300, None, "typing", "", None, None, callback);
    /// assert!(reply.wait()?.mid > 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "sendRoomCmd")]
    pub fn send_room_cmd<'a>(
        &self,
        rid: i64,
        mtype: impl Into<Option<i64>>,
        msg: impl Into<Content<'a>>,
        attrs: impl AsRef<str>,
        mid: impl Into<Option<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<SendError>, Option<SendReply>) + Send + 'static,
    ) {
        let message = Message {
            target: Target::Room(rid),
            mtype: mtype.into().unwrap_or(mtype::CMD),
            msg: msg.into(),
            attrs: attrs.as_ref(),
            mid: mid.into(),
            moderation: None,
        };
        self.send_message_to(message, timeout, callback);
    }
}
