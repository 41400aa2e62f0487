use super::{Body, FileInfo, Text};
use crate::wire::payload::Fields;

/// A message the service pushed: the data of every event of [`server_push`](crate::server_push) that begins with
/// `RECV_`, except the ping.
///
/// Ids that do not belong to the kind of message are 0: `gid` is set for groups only, `rid` for rooms only.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PushMessage {
    /// Who sent it.
    pub from: i64,
    /// Whom it was sent to, where it was sent to one user.
    pub to: i64,
    /// The group it was sent to.
    pub gid: i64,
    /// The room it was sent to.
    pub rid: i64,
    /// Its type: see [`mtype`](super::mtype).
    pub mtype: i64,
    /// The id its sender gave it.
    pub mid: i64,
    /// Its body. Of a file it is a JSON text with the URL.
    #[doc(alias = "binary")]
    pub msg: Body,
    /// What its sender attached.
    pub attrs: Text,
    /// When the service took it, in milliseconds since 1970.
    pub mtime: i64,
}

/// This user was removed from a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KickoutRoom {
    /// The room.
    pub rid: i64,
}

/// The service ended this session; it closes right after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kickout;

/// The service asked whether the connection lives. The client has answered already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ping;

impl PushMessage {
    /// What the message says of its file; `None` if its type is not a file's, 40 to 50, or its body not one's.
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
            msg: fields.body("msg"),
            attrs: fields.text("attrs"),
            mtime: fields.int("mtime"),
        }
    }
}
