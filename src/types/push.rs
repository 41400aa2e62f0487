use super::{Body, FileInfo, Text};
use crate::wire::payload::Fields;

/// A pushed message: the data of every event of [`server_push`](crate::server_push) that begins with `RECV_`, except the
/// ping.
///
/// An id that does not apply is 0: `gid` is set for groups only, `rid` for rooms only.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client, other) = two_users();
/// use rtm_client::server_push;
/// use rtm_client::types::PushMessage;
///
/// let (sender, messages) = std::sync::mpsc::channel();
/// client.processor().on(server_push::RECV_CHAT, move |m: &PushMessage| sender.send(m.clone()).unwrap());
/// let (callback, reply) = reply::channel();
/// other.send_chat(1, "hello", "{}", None, None, callback);
/// let sent = reply.wait()?;
/// let message = messages.recv()?;
/// assert_eq!((message.from, message.to, message.mtype), (2, 1, 30));
/// assert_eq!((message.mid, message.mtime), (sent.mid, sent.payload.mtime));
/// assert_eq!(message.msg, "hello");
/// assert_eq!(message.attrs, "{}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct PushMessage {
    /// The sender.
    pub from: i64,
    /// The receiver, if the message was sent to one user.
    pub to: i64,
    /// The group of the message.
    pub gid: i64,
    /// The room of the message.
    pub rid: i64,
    /// The type: see [`mtype`](super::mtype).
    pub mtype: i64,
    /// The message id given by the sender.
    pub mid: i64,
    /// The body. The body of a file message is a JSON text with the URL.
    #[doc(alias = "binary")]
    pub msg: Body,
    /// Application data from the sender.
    pub attrs: Text,
    /// The time when the service took the message, in milliseconds since 1970.
    pub mtime: i64,
    /// Whether the message was sent while the connection was lost, and fetched after the relogin: see
    /// [`catch_up`](crate::ClientOptions::catch_up). Such a chat is not translated.
    pub caught_up: bool,
}

/// This user was removed from a room.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// use rtm_client::server_push;
///
/// let (sender, receiver) = std::sync::mpsc::channel();
/// client.processor().on(server_push::KICK_OUT_ROOM, move |kick| sender.send(*kick).unwrap());
/// let (callback, reply) = reply::channel();
/// client.enter_room(200, None, callback);
/// reply.wait()?;
/// gate.kick_from_room(1, 200);
/// assert_eq!(receiver.recv()?.rid, 200);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KickoutRoom {
    /// The room.
    pub rid: i64,
}

/// The service ended this session; the connection closes right after.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// use rtm_client::server_push;
///
/// let (sender, receiver) = std::sync::mpsc::channel();
/// client.processor().on(server_push::KICK_OUT, move |kick| sender.send(*kick).unwrap());
/// gate.kick(1);
/// receiver.recv()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kickout;

/// The service asked whether the connection is alive. The client has already answered.
///
/// ```
/// use rtm_client::gate::Gate;
/// use rtm_client::server_push;
///
/// let gate = Gate::builder().ping_interval(std::time::Duration::from_millis(50)).start()?;
/// # let client = rtm_client::doctest::user(&gate, 1);
/// let (sender, receiver) = std::sync::mpsc::channel();
/// client.processor().on(server_push::RECV_PING, move |ping| drop(sender.send(*ping)));
/// receiver.recv()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ping;

impl PushMessage {
    /// What the message says of its file; `None` if its type is not a file's, 40 to 50, or its body not one's.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// use rtm_client::server_push;
    /// use rtm_client::types::mtype;
    ///
    /// let (sender, files) = std::sync::mpsc::channel();
    /// client.processor().on(server_push::RECV_BROADCAST_FILE, move |m| sender.send(m.file_info()).unwrap());
    /// gate.broadcast(99, mtype::IMAGE, r#"{"url":"https://files.example/1.png","size":5}"#, "{}");
    /// assert_eq!(files.recv()?.unwrap().size, 5);
    /// gate.broadcast(99, mtype::IMAGE, "no JSON", "{}");
    /// assert_eq!(files.recv()?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn file_info(&self) -> Option<FileInfo> {
        FileInfo::of_message(self.mtype, &self.msg, &self.attrs)
    }

    pub(crate) fn decode(fields: &Fields<'_>) -> PushMessage {
        PushMessage {
            from: fields.int("from"),
            to: fields.int("to"),
            gid: fields.int("gid"),
            rid: fields.int("rid"),
            mtype: fields.int("mtype"),
            mid: fields.int("mid"),
            msg: Body::of(fields, "msg"),
            attrs: Text::of(fields, "attrs"),
            mtime: fields.int("mtime"),
            caught_up: false,
        }
    }
}
