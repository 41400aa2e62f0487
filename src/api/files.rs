//! The Files page: a token over the client's connection, then the file over its own connection.

use std::time::Duration;

use md5::{Digest, Md5};

use crate::client::RtmClient;
use crate::dial::words;
use crate::engine::{Announced, Complete, Kind};
use crate::error::{Delivery, Error, SendError};
use crate::error_code::{fpnn, rtm};
use crate::reply;
use crate::time::{CALL_TIMEOUT, to_time};
use crate::types::{File, FileToken, OptionalList, SendReply, Text, UploadPayload, UploadReply};
use crate::wire::answer::Answer;
use crate::wire::payload::{MapWriter, write_map};

/// Whom a file goes to.
#[derive(Clone, Copy)]
enum Target {
    User(i64),
    Group(i64),
    Room(i64),
    /// Nobody: it is stored.
    Store,
}

impl Target {
    /// The quest's name, which is the token's `cmd` too.
    fn method(self) -> &'static str {
        match self {
            Target::User(_) => "sendfile",
            Target::Group(_) => "sendgroupfile",
            Target::Room(_) => "sendroomfile",
            Target::Store => "uploadfile",
        }
    }

    fn write(self, map: &mut MapWriter<'_>) {
        match self {
            Target::User(to) => map.id("to", to),
            Target::Group(gid) => map.id("gid", gid),
            Target::Room(rid) => map.id("rid", rid),
            Target::Store => {}
        }
    }
}

/// Files: send files to users, groups and rooms.
impl RtmClient {
    /// Asks for the right to send one file. [`send_file`](Self::send_file) and its siblings do this by themselves.
    ///
    /// JavaScript: `fileToken(cmd, tos, to, rid, gid, timeout, callback)`, on the page
    /// [Files](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Files.md).
    ///
    /// * `cmd` – the purpose of the token: `sendfile`, `sendgroupfile`, `sendroomfile` or `uploadfile`.
    /// * `tos` – the receivers, if there are several; otherwise `None`.
    /// * `to` – the receiver, if there is one; otherwise `None`.
    /// * `rid` – the room, for `sendroomfile`; otherwise `None`.
    /// * `gid` – the group, for `sendgroupfile`; otherwise `None`.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets [`FileToken`]: `token`, valid for one file, and `endpoint`, the address behind the file gate.
    ///
    /// # Errors
    ///
    /// 200034 a `cmd` the service does not know; 200040 not in that room; 200041 not in that group; and those of
    /// [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.file_token("sendfile", None, 2, None, None, None, callback);
    /// assert!(!reply.wait()?.token.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "fileToken")]
    #[expect(clippy::too_many_arguments, reason = "the arguments the SDK documents, in its order")]
    pub fn file_token<'a>(
        &self,
        cmd: impl AsRef<str>,
        tos: impl Into<OptionalList<'a>>,
        to: impl Into<Option<i64>>,
        rid: impl Into<Option<i64>>,
        gid: impl Into<Option<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<FileToken>) + Send + 'static,
    ) {
        let payload = |map: &mut MapWriter<'_>| {
            map.text("cmd", cmd.as_ref());
            if let Some(tos) = tos.into().as_slice() {
                map.ids("tos", tos);
            }
            map.opt_id("to", to.into());
            map.opt_id("rid", rid.into());
            map.opt_id("gid", gid.into());
        };
        self.call("filetoken", payload, timeout, FileToken::decode, callback);
    }

    /// Sends a file to a user.
    ///
    /// The receiver gets the message as the event [`RECV_FILE`](crate::server_push::RECV_FILE); the information about the
    /// file is read with [`file_info`](crate::types::PushMessage::file_info).
    ///
    /// JavaScript: `sendFile(mtype, to, file, mid, timeout, callback)`, on the page
    /// [Files](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Files.md).
    ///
    /// * `mtype` – the kind of file: one of [`types::mtype`](crate::types::mtype), 40 to 50.
    /// * `to` – the receiver's user id.
    /// * `file` – a path or bytes with a name, at most 5242880 bytes. A path is read before the call returns.
    /// * `mid` – the message's id; `None` or 0 makes a new one.
    /// * `timeout` – how long the request for the token, connecting and the upload may take together; `None` or zero
    ///   means 20 s.
    /// * `callback` – gets [`SendReply`]: `mid` is the message's id, `payload.mtime` the time when the service took the
    ///   file, in milliseconds since 1970. A failure is a [`SendError`], which carries the `mid` too.
    ///
    /// # Errors
    ///
    /// 10012 the path cannot be read, or is no regular file; 20005 the file is larger than the client may send; 20012 the
    /// file gate cannot be reached, see [`ClientOptions::file_endpoint`](crate::ClientOptions::file_endpoint); 20002 the
    /// file gate closed the connection, or the session ended, for example by `bye`; 20003 the file gate did not answer in
    /// time; 200003 the file gate does not accept the token or the signature; 200005 or 200007 `mtype` is not a file's;
    /// 200031 the file is too large; 200999 the service gave no token; those of [`send_message`](Self::send_message); and
    /// those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// use rtm_client::types::{File, mtype};
    ///
    /// let (callback, reply) = reply::channel();
    /// let file = File::from_bytes("cat.png", vec![1, 2, 3]);
    /// client.send_file(mtype::IMAGE, 2, file, None, None, callback);
    /// println!("sent at {}", reply.wait()?.payload.mtime);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "sendFile")]
    pub fn send_file(
        &self,
        mtype: i64,
        to: i64,
        file: File,
        mid: impl Into<Option<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<SendError>, Option<SendReply>) + Send + 'static,
    ) {
        let mid = self.mid(mid.into(), self.engine().now());
        self.send_file_to(Target::User(to), mtype, file, mid, timeout, SendReply::decode, callback);
    }

    /// Sends a file to a group.
    ///
    /// The other members get the message as the event [`RECV_GROUP_FILE`](crate::server_push::RECV_GROUP_FILE).
    ///
    /// JavaScript: `sendGroupFile(mtype, gid, file, mid, timeout, callback)`, on the page
    /// [Files](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Files.md).
    ///
    /// * `mtype` – the kind of file: one of [`types::mtype`](crate::types::mtype), 40 to 50.
    /// * `gid` – the group's id; this user must be a member.
    /// * `file` – a path or bytes with a name, at most 5242880 bytes. A path is read before the call returns.
    /// * `mid` – the message's id; `None` or 0 makes a new one.
    /// * `timeout` – how long the request for the token, connecting and the upload may take together; `None` or zero
    ///   means 20 s.
    /// * `callback` – gets [`SendReply`]: `mid` is the message's id, `payload.mtime` the time when the service took the
    ///   file, in milliseconds since 1970. A failure is a [`SendError`], which carries the `mid` too.
    ///
    /// # Errors
    ///
    /// 200041 not a member of the group; and those of [`send_file`](Self::send_file).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// use rtm_client::types::{File, mtype};
    ///
    /// let (callback, reply) = reply::channel();
    /// let file = File::from_bytes("notes.txt", "remember the milk");
    /// client.send_group_file(mtype::FILE, 100, file, None, None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "sendGroupFile")]
    pub fn send_group_file(
        &self,
        mtype: i64,
        gid: i64,
        file: File,
        mid: impl Into<Option<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<SendError>, Option<SendReply>) + Send + 'static,
    ) {
        let mid = self.mid(mid.into(), self.engine().now());
        self.send_file_to(
            Target::Group(gid),
            mtype,
            file,
            mid,
            timeout,
            SendReply::decode,
            callback,
        );
    }

    /// Sends a file to a room.
    ///
    /// The other users in the room get the message as the event [`RECV_ROOM_FILE`](crate::server_push::RECV_ROOM_FILE).
    ///
    /// JavaScript: `sendRoomFile(mtype, rid, file, mid, timeout, callback)`, on the page
    /// [Files](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Files.md).
    ///
    /// * `mtype` – the kind of file: one of [`types::mtype`](crate::types::mtype), 40 to 50.
    /// * `rid` – the room's id; this user must be in it.
    /// * `file` – a path or bytes with a name, at most 5242880 bytes. A path is read before the call returns.
    /// * `mid` – the message's id; `None` or 0 makes a new one.
    /// * `timeout` – how long the request for the token, connecting and the upload may take together; `None` or zero
    ///   means 20 s.
    /// * `callback` – gets [`SendReply`]: `mid` is the message's id, `payload.mtime` the time when the service took the
    ///   file, in milliseconds since 1970. A failure is a [`SendError`], which carries the `mid` too.
    ///
    /// # Errors
    ///
    /// 200040 not in the room; and those of [`send_file`](Self::send_file).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = in_room();
    /// use rtm_client::types::{File, mtype};
    ///
    /// let (callback, reply) = reply::channel();
    /// let file = File::from_bytes("notes.txt", "remember the milk");
    /// client.send_room_file(mtype::FILE, 300, file, None, None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "sendRoomFile")]
    pub fn send_room_file(
        &self,
        mtype: i64,
        rid: i64,
        file: File,
        mid: impl Into<Option<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<SendError>, Option<SendReply>) + Send + 'static,
    ) {
        let mid = self.mid(mid.into(), self.engine().now());
        self.send_file_to(
            Target::Room(rid),
            mtype,
            file,
            mid,
            timeout,
            SendReply::decode,
            callback,
        );
    }

    /// Stores a file without sending it, and gets the address of the file.
    ///
    /// * `mtype` – the kind of file: one of [`types::mtype`](crate::types::mtype), 40 to 50.
    /// * `file` – a path or bytes with a name, at most 5242880 bytes. A path is read before the call returns.
    /// * `timeout` – how long the request for the token, connecting and the upload may take together; `None` or zero
    ///   means 20 s.
    /// * `callback` – gets [`UploadReply`]: `payload.url`, where the file can be fetched, and `payload.size` in bytes;
    ///   `mid` is the message id of the upload. A failure is a [`SendError`].
    ///
    /// # Errors
    ///
    /// Those of [`send_file`](Self::send_file) that are not about a receiver.
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// use rtm_client::types::{File, mtype};
    ///
    /// let (callback, reply) = reply::channel();
    /// client.upload_file(mtype::FILE, File::from_bytes("a.txt", "hello"), None, callback);
    /// assert_eq!(reply.wait()?.payload.size, 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The JavaScript SDK has no such call; the Unity SDK does.
    #[doc(alias = "uploadFile")]
    pub fn upload_file(
        &self,
        mtype: i64,
        file: File,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<SendError>, Option<UploadReply>) + Send + 'static,
    ) {
        let mid = self.mid(None, self.engine().now());
        self.send_file_to(Target::Store, mtype, file, mid, timeout, UploadReply::decode, callback);
    }

    /// Token, then upload, within one deadline; every path ends in the callback.
    #[expect(clippy::too_many_arguments, reason = "one place for four public methods")]
    fn send_file_to<T, C>(
        &self,
        target: Target,
        mtype: i64,
        file: File,
        mid: i64,
        timeout: impl Into<Option<Duration>>,
        decode: fn(i64, &Answer<'_>) -> Result<T, Error>,
        callback: C,
    ) where
        T: Send + 'static,
        C: FnOnce(Option<SendError>, Option<T>) + Send + 'static,
    {
        // A callback that takes long, or nobody who runs them, holds up no upload that is waited for.
        let waited_for = reply::is_reply::<SendError, T, C>();
        let timeout = timeout.into().filter(|t| !t.is_zero()).unwrap_or(CALL_TIMEOUT);
        let deadline = self.engine().now().saturating_add(to_time(timeout));
        let method = target.method();
        let failed = move |error| Some(SendError { mid, error });
        let extension = file.extension().map(str::to_owned);
        let progress = file.progress.clone();
        let bytes = match file.into_bytes(self.engine().options.max_sent_bytes) {
            Ok(bytes) => bytes,
            Err(error) => {
                let error = error.unsent();
                let complete = move |_: Result<Answer<'_>, Error>| callback(failed(error), None);
                let unused = Error::new(fpnn::PROTO_FILE_NOT_EXIST, "");
                return self.engine().fail(Complete::new(waited_for, complete), unused);
            }
        };
        let content_md5 = hex_md5(&bytes);
        let announced = Announced::by(self.engine());
        let with_token = move |answer: Result<Answer<'_>, Error>| {
            let Some(engine) = announced.engine() else {
                let gone = Error::new(fpnn::CORE_CONNECTION_CLOSED, "the client is gone");
                return callback(failed(gone.unsent()), None);
            };
            let error = match answer.and_then(|answer| answer.read(FileToken::decode)) {
                Err(error) if error.code() == fpnn::CORE_TIMEOUT => {
                    Error::new(error.code(), words::Upload::too_late(words::Upload::NO_TOKEN))
                }
                Err(error) => error,
                Ok(token) if token.token.is_empty() || token.endpoint.is_empty() => {
                    Error::new(rtm::UNKNOWN_ERROR, "the service gave no token or no endpoint")
                }
                Ok(token) => {
                    let attrs = attrs(&content_md5, &token, extension.as_deref());
                    let payload = |map: &mut MapWriter<'_>| {
                        map.number("pid", engine.options.pid);
                        map.id("from", engine.own_uid());
                        map.id("mid", mid);
                        token.endpoint.write(map.key("endpoint"));
                        token.token.write(map.key("token"));
                        map.text("attrs", &attrs);
                        map.bytes("file", &bytes);
                        match target {
                            Target::Store => map.id("uid", engine.own_uid()),
                            target => target.write(map),
                        }
                        map.number("mtype", mtype);
                    };
                    let payload = |out: &mut Vec<u8>| write_map(out, payload);
                    let complete = move |answer: Result<Answer<'_>, Error>| match answer
                        .and_then(|answer| decode(mid, &answer))
                    {
                        Ok(data) => callback(None, Some(data)),
                        Err(error) => callback(failed(error), None),
                    };
                    let complete = Complete::new(waited_for, complete);
                    return engine.upload(method, payload, deadline, progress, complete);
                }
            };
            drop(announced);
            engine.let_go(progress);
            // Whatever became of the question for a token, the file was not sent.
            let refused = error.delivery() == Delivery::Refused;
            callback(failed(if refused { error } else { error.unsent() }), None);
        };
        let payload = |map: &mut MapWriter<'_>| {
            target.write(map);
            map.text("cmd", method);
        };
        let payload = |out: &mut Vec<u8>| write_map(out, payload);
        let (engine, complete) = (self.engine(), Complete::new(waited_for, with_token));
        // Reading the file took its share of the time; a call of no time would get the default.
        let now = engine.now();
        let left = Duration::from_nanos(deadline.saturating_sub(now).max(1));
        engine.call(Kind::Call, "filetoken", now, payload, Some(left), complete);
    }
}

/// The attrs JSON that goes with a file: its signature and its extension.
fn attrs(content_md5: &str, token: &FileToken, extension: Option<&str>) -> String {
    let sign = sign(content_md5, token.token.as_bytes());
    let ext = extension.map_or(serde_json::Value::Null, Into::into);
    format!(r#"{{"rtm":{{"sign":"{sign}","ext":{ext}}}}}"#)
}

/// md5(md5(content) ":" token), in lower-case hex.
fn sign(content_md5: &str, token: &[u8]) -> String {
    hex_md5(&[content_md5.as_bytes(), b":", token].concat())
}

fn hex_md5(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Md5::digest(bytes))
}

impl FileToken {
    pub(crate) fn decode(fields: &crate::wire::payload::Fields<'_>) -> Result<FileToken, Error> {
        Ok(FileToken { token: Text::of(fields, "token"), endpoint: Text::of(fields, "endpoint") })
    }
}

impl UploadReply {
    pub(crate) fn decode(mid: i64, answer: &Answer<'_>) -> Result<UploadReply, Error> {
        answer.read(|fields| {
            let payload = UploadPayload { url: Text::of(fields, "url"), size: fields.int("size") };
            Ok(UploadReply { mid, payload })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_documented_one() {
        assert_eq!(sign(&hex_md5(b"hello"), b"FTOK"), "ea2453f29eea60e148605a9cd7450c3d");
    }

    #[test]
    fn a_name_without_a_dot_has_no_extension() {
        let token = FileToken { token: "FTOK".into(), endpoint: "x".into() };
        let attrs = attrs(&hex_md5(b"hello"), &token, File::open("Makefile").extension());
        assert_eq!(attrs, r#"{"rtm":{"sign":"ea2453f29eea60e148605a9cd7450c3d","ext":null}}"#);
        assert_eq!(File::open("a/b.tar.gz").extension(), Some("gz"));
        assert_eq!(File::open("x.").extension(), Some(""));
    }
}
