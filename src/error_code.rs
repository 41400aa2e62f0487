//! The codes of errors, by name, and their meanings.
//!
//! [`fpnn`] holds the codes of the connection and the protocol, [`rtm`] the codes of the chat service. The JavaScript
//! names are `FPNN_EC_…` and `RTM_EC_…`; the search of the documentation finds these names, misspelt ones included.
//!
//! # Every call
//!
//! Each call documents its own codes. In addition every call can fail with these codes:
//!
//! | code | when |
//! | --- | --- |
//! | [20012](fpnn::CORE_INVALID_CONNECTION) | no login has succeeded yet, `bye` was called, or the session has ended: the message says why |
//! | [20002](fpnn::CORE_CONNECTION_CLOSED) | the connection was lost before the answer came, or the client is logging in again |
//! | [20003](fpnn::CORE_TIMEOUT) | no answer came in time; whether the service acted on the call is not known |
//! | [20005](fpnn::CORE_ENCODING) | the call is larger than [`max_sent_bytes`](crate::ClientOptions::max_sent_bytes) |
//! | [20011](fpnn::CORE_WORK_QUEUE_FULL) | too many calls or bytes are waiting |
//! | [20009](fpnn::CORE_INVALID_PACKAGE) | the answer cannot be read |
//! | [20004](fpnn::CORE_UNKNOWN_METHOD) | this gate does not know the method |
//! | [200010](rtm::API_FREQUENCY_LIMITED) | the service limits the rate of calls: try again later |
//! | [200020](rtm::FORBIDDEN_METHOD), [200021](rtm::PERMISSION_DENIED) | the project or this user may not use the method |
//! | [200022](rtm::UNAUTHORIZED) | the service does not know this connection as logged in |
//! | [200999](rtm::UNKNOWN_ERROR) | the service has no code for what went wrong |
//!
//! # Too often
//!
//! [200010](rtm::API_FREQUENCY_LIMITED) means too many calls of any kind in a short time; every call can get this code.
//! [200011](rtm::MESSAGE_FREQUENCY_LIMITED) means too many messages; only a send can get this code. The
//! [`Error::kind`](crate::Error::kind) of both is [`ErrorKind::Busy`], like the kind of 20011, which means that too much
//! waits in the client itself. Wait a while, then call again. Repeat a send with the mid of its error, so that receivers
//! see the message once, even if the first attempt was delivered after all.
//!
//! ```
//! # use rtm_client::doctest::*; let (gate, client) = logged_in();
//! gate.faults().on("sendmsg").next(1).error(200010); // one call is one too many
//! gate.faults().on("sendmsg").next(1).error(200011); // then one message is
//!
//! let mut mid = 0; // a new one
//! let sent = loop {
//!     let (callback, reply) = reply::channel();
//!     client.send_chat(2, "hello", "", mid, None, callback);
//!     match reply.wait() {
//!         Err(err) if err.error.kind() == ErrorKind::Busy => {
//!             mid = err.mid;
//!             std::thread::sleep(Duration::from_millis(100));
//!         }
//!         result => break result?,
//!     }
//! };
//! assert_eq!(sent.mid, mid);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub(crate) mod kind;

use kind::ErrorKind;

/// Makes the constants, the kinds and the meanings from one table.
macro_rules! codes {
    ($(
        #[doc = $about:literal]
        pub mod $module:ident {$(
            $(#[doc = $doc:literal])+
            #[doc(alias = $alias:literal)]
            $(#[error($kind:ident, $meaning:literal)])?
            pub const $name:ident: i32 = $code:literal;
        )+}
    )+) => {
        $(
            #[doc = $about]
            pub mod $module {$(
                $(#[doc = $doc])+
                #[doc(alias = $alias)]
                pub const $name: i32 = $code;
            )+}
        )+

        fn known(code: i32) -> Option<(ErrorKind, &'static str)> {
            Some(match code {
                $($($($code => (ErrorKind::$kind, $meaning),)?)+)+
                _ => return None,
            })
        }
    };
}

codes! {
    /// Codes of the connection and the protocol; in JavaScript `FPNN_EC_…`.
    pub mod fpnn {
        /// Success.
        #[doc(alias = "FPNN_EC_OK")]
        pub const OK: i32 = 0;
        /// A package could not be encoded or decoded.
        #[doc(alias = "FPNN_EC_PROTO_UNKNOWN_ERROR")]
        #[error(Protocol, "a package could not be encoded or decoded")]
        pub const PROTO_UNKNOWN_ERROR: i32 = 10001;
        /// The version, flag or encoding of a package is not supported.
        #[doc(alias = "FPNN_EC_PROTO_NOT_SUPPORTED")]
        #[error(Protocol, "the version, flag or encoding of a package is not supported")]
        pub const PROTO_NOT_SUPPORTED: i32 = 10002;
        /// A package is malformed.
        #[doc(alias = "FPNN_EC_PROTO_INVALID_PACKAGE")]
        #[error(Protocol, "a package is malformed")]
        pub const PROTO_INVALID_PACKAGE: i32 = 10003;
        /// A JSON payload could not be converted.
        #[doc(alias = "FPNN_EC_PROTO_JSON_CONVERT")]
        #[error(Protocol, "a JSON payload could not be converted")]
        pub const PROTO_JSON_CONVERT: i32 = 10004;
        /// A key of the payload is not a text.
        #[doc(alias = "FPNN_EC_PROTO_STRING_KEY")]
        #[error(Argument, "a key of the payload is not a text")]
        pub const PROTO_STRING_KEY: i32 = 10005;
        /// The payload is not a map.
        #[doc(alias = "FPNN_EC_PROTO_MAP_VALUE")]
        #[error(Protocol, "the payload is not a map")]
        pub const PROTO_MAP_VALUE: i32 = 10006;
        /// The message type of a package does not fit its method.
        #[doc(alias = "FPNN_EC_PROTO_METHOD_TYPE")]
        #[error(Protocol, "the message type of a package does not fit its method")]
        pub const PROTO_METHOD_TYPE: i32 = 10007;
        /// The encoding of a package is not supported.
        #[doc(alias = "FPNN_EC_PROTO_PROTO_TYPE")]
        #[error(Protocol, "the encoding of a package is not supported")]
        pub const PROTO_PROTO_TYPE: i32 = 10008;
        /// A required field is missing.
        #[doc(alias = "FPNN_EC_PROTO_KEY_NOT_FOUND")]
        #[error(Argument, "a required field is missing")]
        pub const PROTO_KEY_NOT_FOUND: i32 = 10009;
        /// A field has the wrong type.
        #[doc(alias = "FPNN_EC_PROTO_TYPE_CONVERT")]
        #[error(Argument, "a field has the wrong type")]
        pub const PROTO_TYPE_CONVERT: i32 = 10010;
        /// The signature of a file is wrong.
        #[doc(alias = "FPNN_EC_PROTO_FILE_SIGN")]
        #[error(Argument, "the signature of a file is wrong")]
        pub const PROTO_FILE_SIGN: i32 = 10011;
        /// A file cannot be read.
        #[doc(alias = "FPNN_EC_PROTO_FILE_NOT_EXIST")]
        #[error(NotFound, "a file cannot be read")]
        pub const PROTO_FILE_NOT_EXIST: i32 = 10012;
        /// Unknown error of the connection.
        #[doc(alias = "FPNN_EC_CORE_UNKNOWN_ERROR")]
        #[error(Other, "unknown error of the connection")]
        pub const CORE_UNKNOWN_ERROR: i32 = 20001;
        /// The connection is closed: it ended before the answer came, or a relogin is under way.
        #[doc(alias = "FPNN_EC_CORE_CONNECTION_CLOSED")]
        #[error(Connection, "the connection is closed")]
        pub const CORE_CONNECTION_CLOSED: i32 = 20002;
        /// No answer came in time. The service may have done the call or not.
        #[doc(alias = "FPNN_EC_CORE_TIMEOUT")]
        #[error(Timeout, "no answer came in time")]
        pub const CORE_TIMEOUT: i32 = 20003;
        /// There is no such method.
        #[doc(alias = "FPNN_EC_CORE_UNKNOWN_METHOD")]
        #[error(NotFound, "there is no such method")]
        pub const CORE_UNKNOWN_METHOD: i32 = 20004;
        /// The call cannot be encoded, or is larger than `max_sent_bytes`.
        #[doc(alias = "FPNN_EC_CORE_ENCODING")]
        #[error(Argument, "the call cannot be encoded")]
        pub const CORE_ENCODING: i32 = 20005;
        /// The payload could not be decoded.
        #[doc(alias = "FPNN_EC_CORE_DECODING")]
        #[error(Protocol, "the payload could not be decoded")]
        pub const CORE_DECODING: i32 = 20006;
        /// Sending failed.
        #[doc(alias = "FPNN_EC_CORE_SEND_ERROR")]
        #[error(Connection, "sending failed")]
        pub const CORE_SEND_ERROR: i32 = 20007;
        /// Receiving failed.
        #[doc(alias = "FPNN_EC_CORE_RECV_ERROR")]
        #[error(Connection, "receiving failed")]
        pub const CORE_RECV_ERROR: i32 = 20008;
        /// A package or an answer cannot be read, or is larger than `max_received_bytes`.
        #[doc(alias = "FPNN_EC_CORE_INVALID_PACKAGE")]
        #[error(Protocol, "a package that cannot be read")]
        pub const CORE_INVALID_PACKAGE: i32 = 20009;
        /// The HTTP upgrade failed.
        #[doc(alias = "FPNN_EC_CORE_HTTP_ERROR")]
        #[error(Connection, "the HTTP upgrade failed")]
        pub const CORE_HTTP_ERROR: i32 = 20010;
        /// Too many calls or bytes are queued: wait for answers before sending more.
        #[doc(alias = "FPNN_EC_CORE_WORK_QUEUE_FULL")]
        #[error(Busy, "too many calls or bytes are queued: wait for answers before sending more")]
        pub const CORE_WORK_QUEUE_FULL: i32 = 20011;
        /// There is no connection: nobody has logged in, or connecting failed.
        #[doc(alias = "FPNN_EC_CORE_INVALID_CONNECTION")]
        #[error(Connection, "not connected")]
        pub const CORE_INVALID_CONNECTION: i32 = 20012;
        /// The call is not allowed here, such as waiting for an answer inside a callback.
        #[doc(alias = "FPNN_EC_CORE_FORBIDDEN")]
        #[error(Permission, "that is not allowed here")]
        pub const CORE_FORBIDDEN: i32 = 20013;
        /// The service is stopping.
        #[doc(alias = "FPNN_EC_CORE_SERVER_STOPPING")]
        #[error(Connection, "the service is stopping: try again later")]
        pub const CORE_SERVER_STOPPING: i32 = 20014;
        /// The call was cancelled.
        #[doc(alias = "FPNN_EC_CORE_CANCELLED")]
        #[error(Other, "the call was cancelled")]
        pub const CORE_CANCELLED: i32 = 20015;
        /// Compressing failed.
        #[doc(alias = "FPNN_EC_ZIP_COMPRESS")]
        #[error(Other, "compressing failed")]
        pub const ZIP_COMPRESS: i32 = 30001;
        /// Decompressing failed.
        #[doc(alias = "FPNN_EC_ZIP_DECOMPRESS")]
        #[error(Other, "decompressing failed")]
        pub const ZIP_DECOMPRESS: i32 = 30002;
    }

    /// Codes of the chat service; in JavaScript `RTM_EC_…`.
    pub mod rtm {
        /// The project id or the user id is wrong.
        #[doc(alias = "RTM_EC_INVALID_PROJECT_ID_OR_USER_ID")]
        #[error(Argument, "pid or uid is wrong")]
        pub const INVALID_PROJECT_ID_OR_USER_ID: i32 = 200001;
        /// The project id or the signature is wrong.
        #[doc(alias = "RTM_EC_INVALID_PROJECT_ID_OR_SIGN")]
        #[error(Argument, "pid or signature is wrong")]
        pub const INVALID_PROJECT_ID_OR_SIGN: i32 = 200002;
        /// The file, its signature or its token is wrong.
        #[doc(alias = "RTM_EC_INVALID_FILE_OR_SIGN_OR_TOKEN")]
        #[error(Argument, "the file, its signature or its token is wrong")]
        pub const INVALID_FILE_OR_SIGN_OR_TOKEN: i32 = 200003;
        /// The attrs of a file lack `rtm.sign` or `rtm.ext`.
        #[doc(alias = "RTM_EC_ATTRS_WITHOUT_SIGN_OR_EXT")]
        #[error(Argument, "the attrs of a file lack rtm.sign or rtm.ext")]
        pub const ATTRS_WITHOUT_SIGN_OR_EXT: i32 = 200004;
        /// The `mtype` is outside 1 to 127.
        #[doc(alias = "RTM_EC_INVALID_MTYPE")]
        #[error(Argument, "mtype is outside 1 to 127")]
        pub const INVALID_MTYPE: i32 = 200005;
        /// The signature was used before.
        #[doc(alias = "RTM_EC_SAME_SIGN")]
        #[error(Argument, "the signature was used before")]
        pub const SAME_SIGN: i32 = 200006;
        /// The `mtype` of a file is outside 40 to 50.
        #[doc(alias = "RTM_EC_INVALID_FILE_MTYPE")]
        #[error(Argument, "the mtype of a file is outside 40 to 50")]
        pub const INVALID_FILE_MTYPE: i32 = 200007;
        /// The clock is too far from the service's.
        #[doc(alias = "RTM_EC_INVALID_SERFVER_TIME")]
        #[error(Argument, "the clock is too far from the service's")]
        pub const INVALID_SERVER_TIME: i32 = 200008;
        /// Too many calls in a short time.
        #[doc(alias = "RTM_EC_API_FREQUENCY_LIMITED")]
        #[error(Busy, "too many calls in a short time: try again later")]
        pub const API_FREQUENCY_LIMITED: i32 = 200010;
        /// Too many messages in a short time.
        #[doc(alias = "RTM_EC_MESSAGE_FREQUENCY_LIMITED")]
        #[error(Busy, "too many messages in a short time: try again later")]
        pub const MESSAGE_FREQUENCY_LIMITED: i32 = 200011;
        /// A connection cannot kick itself out.
        #[doc(alias = "RTM_EC_KICKOUT_SELF")]
        #[error(Permission, "a connection cannot kick itself out")]
        pub const KICKOUT_SELF: i32 = 200012;
        /// This method is forbidden.
        #[doc(alias = "RTM_EC_FORBIDDEN_METHOD")]
        #[error(Permission, "this method is forbidden")]
        pub const FORBIDDEN_METHOD: i32 = 200020;
        /// This user has no permission for the call.
        #[doc(alias = "RTM_EC_PERMISSION_DENIED")]
        #[error(Permission, "this user has no permission for that")]
        pub const PERMISSION_DENIED: i32 = 200021;
        /// Not logged in on this connection.
        #[doc(alias = "RTM_EC_UNAUTHORIZED")]
        #[error(Permission, "not logged in on this connection")]
        pub const UNAUTHORIZED: i32 = 200022;
        /// Already logged in on this connection.
        #[doc(alias = "RTM_EC_DUPLCATED_AUTH")]
        #[error(Permission, "already logged in on this connection")]
        pub const DUPLICATED_AUTH: i32 = 200023;
        /// The login was refused: the user is on the project's blacklist.
        #[doc(alias = "RTM_EC_AUTH_DENIED")]
        #[error(Permission, "the login was refused: the user is on the project's blacklist")]
        pub const AUTH_DENIED: i32 = 200024;
        /// An admin id cannot log in as a client.
        #[doc(alias = "RTM_EC_ADMIN_LOGIN")]
        #[error(Permission, "an admin id cannot log in as a client")]
        pub const ADMIN_LOGIN: i32 = 200025;
        /// Only an admin id may make this call.
        #[doc(alias = "RTM_EC_ADMIN_ONLY")]
        #[error(Permission, "only an admin id may do that")]
        pub const ADMIN_ONLY: i32 = 200026;
        /// The token is invalid or expired.
        #[doc(alias = "RTM_EC_INVALID_AUTH_TOEKN")]
        #[error(Permission, "the token is invalid or expired: get a new one")]
        pub const INVALID_AUTH_TOKEN: i32 = 200027;
        /// The message is longer than 20480 bytes or its attrs than 2048.
        #[doc(alias = "RTM_EC_LARGE_MESSAGE_OR_ATTRS")]
        #[error(Argument, "msg is longer than 20480 bytes or attrs than 2048")]
        pub const LARGE_MESSAGE_OR_ATTRS: i32 = 200030;
        /// The file is larger than 5242880 bytes or its attrs than 2048.
        #[doc(alias = "RTM_EC_LARGE_FILE_OR_ATTRS")]
        #[error(Argument, "the file is larger than 5242880 bytes or its attrs than 2048")]
        pub const LARGE_FILE_OR_ATTRS: i32 = 200031;
        /// A list has too many items: at most 100, of online users 200.
        #[doc(alias = "RTM_EC_TOO_MANY_ITEMS_IN_PARAMETERS")]
        #[error(Argument, "a list has too many items: at most 100, of online users 200")]
        pub const TOO_MANY_ITEMS_IN_PARAMETERS: i32 = 200032;
        /// A list is empty.
        #[doc(alias = "RTM_EC_EMPTY_PARAMETER")]
        #[error(Argument, "a list is empty")]
        pub const EMPTY_PARAMETER: i32 = 200033;
        /// An argument is not valid.
        #[doc(alias = "RTM_EC_INVALID_PARAMETER")]
        #[error(Argument, "an argument is not valid")]
        pub const INVALID_PARAMETER: i32 = 200034;
        /// A value is too long: a key at most 128 bytes, a value 65535.
        #[doc(alias = "RTM_EC_LARGE_DATA")]
        #[error(Argument, "a value is too long: key at most 128 bytes, value 65535")]
        pub const LARGE_DATA: i32 = 200035;
        /// The user is not in that room.
        #[doc(alias = "RTM_EC_NOT_IN_ROOM")]
        #[error(Permission, "the user is not in that room: enter it first")]
        pub const NOT_IN_ROOM: i32 = 200040;
        /// The user is not a member of that group.
        #[doc(alias = "RTM_EC_NOT_GROUP_MEMBER")]
        #[error(Permission, "the user is not a member of that group")]
        pub const NOT_GROUP_MEMBER: i32 = 200041;
        /// The group is full: at most 10000 members.
        #[doc(alias = "RTM_EC_MAX_GROUP_MEMBER_COUNT")]
        #[error(Other, "the group is full: at most 10000 members")]
        pub const MAX_GROUP_MEMBER_COUNT: i32 = 200042;
        /// The users are not friends.
        #[doc(alias = "RTM_EC_NOT_FRIEND")]
        #[error(Permission, "the users are not friends")]
        pub const NOT_FRIEND: i32 = 200043;
        /// The user is muted in that group.
        #[doc(alias = "RTM_EC_BANNED_IN_GROUP")]
        #[error(Permission, "the user is muted in that group")]
        pub const BANNED_IN_GROUP: i32 = 200044;
        /// The user is muted in that room.
        #[doc(alias = "RTM_EC_BANNED_IN_ROOM")]
        #[error(Permission, "the user is muted in that room")]
        pub const BANNED_IN_ROOM: i32 = 200045;
        /// The group has no members.
        #[doc(alias = "RTM_EC_EMPTY_GROUP")]
        #[error(NotFound, "the group has no members")]
        pub const EMPTY_GROUP: i32 = 200046;
        /// The user is in too many rooms.
        #[doc(alias = "RTM_EC_ENTER_TOO_MANY_ROOMS")]
        #[error(Other, "the user is in too many rooms: at most 10")]
        pub const ENTER_TOO_MANY_ROOMS: i32 = 200047;
        /// The user has too many friends: at most 300.
        #[doc(alias = "RTM_EC_MAX_FRIEND_COUNT")]
        #[error(Other, "the user has too many friends: at most 300")]
        pub const MAX_FRIEND_COUNT: i32 = 200048;
        /// The receiver has blocked this user.
        #[doc(alias = "RTM_EC_BLOCKED_USER")]
        #[error(Permission, "the receiver has blocked this user")]
        pub const BLOCKED_USER: i32 = 200049;
        /// The language is not supported for translation.
        #[doc(alias = "RTM_EC_UNSUPPORTED_LANGUAGE")]
        #[error(Argument, "the language is not supported for translation")]
        pub const UNSUPPORTED_LANGUAGE: i32 = 200050;
        /// There is nothing to translate.
        #[doc(alias = "RTM_EC_EMPTY_TRANSLATION")]
        #[error(Argument, "there is nothing to translate")]
        pub const EMPTY_TRANSLATION: i32 = 200051;
        /// A message cannot be sent to oneself.
        #[doc(alias = "RTM_EC_SEND_TO_SELF")]
        #[error(Argument, "a message cannot be sent to oneself")]
        pub const SEND_TO_SELF: i32 = 200052;
        /// That `mid` was used before.
        #[doc(alias = "RTM_EC_DUPLCATED_MID")]
        #[error(Argument, "that mid was used before")]
        pub const DUPLICATED_MID: i32 = 200053;
        /// The text has a forbidden word.
        #[doc(alias = "RTM_EC_SENSITIVE_WORDS")]
        #[error(Argument, "the text has a forbidden word")]
        pub const SENSITIVE_WORDS: i32 = 200054;
        /// The user is not online.
        #[doc(alias = "RTM_EC_NOT_ONLINE")]
        #[error(NotFound, "the user is not online")]
        pub const NOT_ONLINE: i32 = 200055;
        /// The translation failed.
        #[doc(alias = "RTM_EC_TRANSLATION_ERROR")]
        #[error(Other, "the translation failed")]
        pub const TRANSLATION_ERROR: i32 = 200056;
        /// The text was stopped as profanity or advertising.
        #[doc(alias = "RTM_EC_PROFANITY_STOP")]
        #[error(Other, "the text was stopped as profanity or advertising")]
        pub const PROFANITY_STOP: i32 = 200057;
        /// The project has not enabled this in its console.
        #[doc(alias = "RTM_EC_NO_CONFIG_IN_CONSOLE")]
        #[error(Other, "the project has not enabled this in its console")]
        pub const NO_CONFIG_IN_CONSOLE: i32 = 200060;
        /// The audio type is not supported.
        #[doc(alias = "RTM_EC_UNSUPPORTED_TRASNCRIBE_TYPE")]
        #[error(Argument, "the audio type is not supported")]
        pub const UNSUPPORTED_TRANSCRIBE_TYPE: i32 = 200061;
        /// This user has blocked the receiver.
        #[doc(alias = "RTM_EC_BLOCK_USER")]
        #[error(Permission, "this user has blocked the receiver")]
        pub const BLOCK_USER: i32 = 200062;
        /// There is no such message.
        #[doc(alias = "RTM_EC_MESSAGE_NOT_FOUND")]
        #[error(NotFound, "there is no such message")]
        pub const MESSAGE_NOT_FOUND: i32 = 200070;
        /// Unknown error of the service.
        #[doc(alias = "RTM_EC_UNKNOWN_ERROR")]
        #[error(Other, "unknown error of the service")]
        pub const UNKNOWN_ERROR: i32 = 200999;
    }
}

/// The meaning of a code, in one clause, with the field and the limit if there is one.
pub(crate) fn meaning(code: i32) -> Option<&'static str> {
    known(code).map(|(_, meaning)| meaning)
}

pub(crate) fn kind(code: i32) -> ErrorKind {
    known(code).map_or(ErrorKind::Other, |(kind, _)| kind)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn meanings_are_different_lower_case_clauses() {
        let mut seen = HashSet::new();
        for text in (0..=201_000).filter_map(meaning) {
            assert!(text.starts_with(|c: char| c.is_ascii_lowercase()), "{text}");
            assert!(!text.contains(['.', ';']) || text.contains("rtm."), "{text}");
            assert!(seen.insert(text), "twice: {text}");
        }
        assert_eq!(seen.len(), 77);
    }
}
