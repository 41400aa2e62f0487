//! The numbers errors come with, by name, and what they mean.
//!
//! [`fpnn`] holds the codes of the connection and the protocol, [`rtm`] those of the chat service. The JavaScript
//! names are `FPNN_EC_…` and `RTM_EC_…`; search the documentation by them, misspelt ones included.
//!
//! # Every call
//!
//! Each call documents the codes that are its own. Beside them every call can give these:
//!
//! | code | when |
//! | --- | --- |
//! | [20012](fpnn::CORE_INVALID_CONNECTION) | no login has succeeded yet, or none since `close` |
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

use crate::error::ErrorKind;

/// Codes of the connection and the protocol; in JavaScript `FPNN_EC_…`.
pub mod fpnn {
    /// Success.
    #[doc(alias = "FPNN_EC_OK")]
    pub const OK: i32 = 0;
    /// A package could not be encoded or decoded.
    #[doc(alias = "FPNN_EC_PROTO_UNKNOWN_ERROR")]
    pub const PROTO_UNKNOWN_ERROR: i32 = 10001;
    /// The version, flag or encoding of a package is not supported.
    #[doc(alias = "FPNN_EC_PROTO_NOT_SUPPORTED")]
    pub const PROTO_NOT_SUPPORTED: i32 = 10002;
    /// A package is malformed.
    #[doc(alias = "FPNN_EC_PROTO_INVALID_PACKAGE")]
    pub const PROTO_INVALID_PACKAGE: i32 = 10003;
    /// A JSON payload could not be converted.
    #[doc(alias = "FPNN_EC_PROTO_JSON_CONVERT")]
    pub const PROTO_JSON_CONVERT: i32 = 10004;
    /// A key of the payload is not a text.
    #[doc(alias = "FPNN_EC_PROTO_STRING_KEY")]
    pub const PROTO_STRING_KEY: i32 = 10005;
    /// The payload is not a map.
    #[doc(alias = "FPNN_EC_PROTO_MAP_VALUE")]
    pub const PROTO_MAP_VALUE: i32 = 10006;
    /// The message type of a package does not fit its method.
    #[doc(alias = "FPNN_EC_PROTO_METHOD_TYPE")]
    pub const PROTO_METHOD_TYPE: i32 = 10007;
    /// The encoding of a package is not supported.
    #[doc(alias = "FPNN_EC_PROTO_PROTO_TYPE")]
    pub const PROTO_PROTO_TYPE: i32 = 10008;
    /// A required field is missing.
    #[doc(alias = "FPNN_EC_PROTO_KEY_NOT_FOUND")]
    pub const PROTO_KEY_NOT_FOUND: i32 = 10009;
    /// A field has the wrong type.
    #[doc(alias = "FPNN_EC_PROTO_TYPE_CONVERT")]
    pub const PROTO_TYPE_CONVERT: i32 = 10010;
    /// The signature of a file is wrong.
    #[doc(alias = "FPNN_EC_PROTO_FILE_SIGN")]
    pub const PROTO_FILE_SIGN: i32 = 10011;
    /// There is no such file.
    #[doc(alias = "FPNN_EC_PROTO_FILE_NOT_EXIST")]
    pub const PROTO_FILE_NOT_EXIST: i32 = 10012;
    /// Unknown error of the connection.
    #[doc(alias = "FPNN_EC_CORE_UNKNOWN_ERROR")]
    pub const CORE_UNKNOWN_ERROR: i32 = 20001;
    /// The connection is closed: it ended before the answer came, or a relogin is under way.
    #[doc(alias = "FPNN_EC_CORE_CONNECTION_CLOSED")]
    pub const CORE_CONNECTION_CLOSED: i32 = 20002;
    /// No answer came in time. Whether the service acted on the call is not known.
    #[doc(alias = "FPNN_EC_CORE_TIMEOUT")]
    pub const CORE_TIMEOUT: i32 = 20003;
    /// There is no such method.
    #[doc(alias = "FPNN_EC_CORE_UNKNOWN_METHOD")]
    pub const CORE_UNKNOWN_METHOD: i32 = 20004;
    /// The call cannot be encoded, or is larger than `max_sent_bytes`.
    #[doc(alias = "FPNN_EC_CORE_ENCODING")]
    pub const CORE_ENCODING: i32 = 20005;
    /// The payload could not be decoded.
    #[doc(alias = "FPNN_EC_CORE_DECODING")]
    pub const CORE_DECODING: i32 = 20006;
    /// Sending failed.
    #[doc(alias = "FPNN_EC_CORE_SEND_ERROR")]
    pub const CORE_SEND_ERROR: i32 = 20007;
    /// Receiving failed.
    #[doc(alias = "FPNN_EC_CORE_RECV_ERROR")]
    pub const CORE_RECV_ERROR: i32 = 20008;
    /// A package or an answer cannot be read, or is larger than `max_received_bytes`.
    #[doc(alias = "FPNN_EC_CORE_INVALID_PACKAGE")]
    pub const CORE_INVALID_PACKAGE: i32 = 20009;
    /// The HTTP upgrade failed.
    #[doc(alias = "FPNN_EC_CORE_HTTP_ERROR")]
    pub const CORE_HTTP_ERROR: i32 = 20010;
    /// Too many calls or bytes are queued: wait for answers before sending more.
    #[doc(alias = "FPNN_EC_CORE_WORK_QUEUE_FULL")]
    pub const CORE_WORK_QUEUE_FULL: i32 = 20011;
    /// There is no connection: nobody has logged in, or connecting failed.
    #[doc(alias = "FPNN_EC_CORE_INVALID_CONNECTION")]
    pub const CORE_INVALID_CONNECTION: i32 = 20012;
    /// That is not allowed here, such as waiting for an answer inside a callback.
    #[doc(alias = "FPNN_EC_CORE_FORBIDDEN")]
    pub const CORE_FORBIDDEN: i32 = 20013;
    /// The service is stopping.
    #[doc(alias = "FPNN_EC_CORE_SERVER_STOPPING")]
    pub const CORE_SERVER_STOPPING: i32 = 20014;
    /// The call was cancelled.
    #[doc(alias = "FPNN_EC_CORE_CANCELLED")]
    pub const CORE_CANCELLED: i32 = 20015;
    /// Compressing failed.
    #[doc(alias = "FPNN_EC_ZIP_COMPRESS")]
    pub const ZIP_COMPRESS: i32 = 30001;
    /// Decompressing failed.
    #[doc(alias = "FPNN_EC_ZIP_DECOMPRESS")]
    pub const ZIP_DECOMPRESS: i32 = 30002;
}

/// Codes of the chat service; in JavaScript `RTM_EC_…`.
pub mod rtm {
    /// The project id or the user id is wrong.
    #[doc(alias = "RTM_EC_INVALID_PROJECT_ID_OR_USER_ID")]
    pub const INVALID_PROJECT_ID_OR_USER_ID: i32 = 200001;
    /// The project id or the signature is wrong.
    #[doc(alias = "RTM_EC_INVALID_PROJECT_ID_OR_SIGN")]
    pub const INVALID_PROJECT_ID_OR_SIGN: i32 = 200002;
    /// The file, its signature or its token is wrong.
    #[doc(alias = "RTM_EC_INVALID_FILE_OR_SIGN_OR_TOKEN")]
    pub const INVALID_FILE_OR_SIGN_OR_TOKEN: i32 = 200003;
    /// The attrs of a file lack `rtm.sign` or `rtm.ext`.
    #[doc(alias = "RTM_EC_ATTRS_WITHOUT_SIGN_OR_EXT")]
    pub const ATTRS_WITHOUT_SIGN_OR_EXT: i32 = 200004;
    /// The `mtype` is outside 1 to 127.
    #[doc(alias = "RTM_EC_INVALID_MTYPE")]
    pub const INVALID_MTYPE: i32 = 200005;
    /// The signature was used before.
    #[doc(alias = "RTM_EC_SAME_SIGN")]
    pub const SAME_SIGN: i32 = 200006;
    /// The `mtype` of a file is outside 40 to 50.
    #[doc(alias = "RTM_EC_INVALID_FILE_MTYPE")]
    pub const INVALID_FILE_MTYPE: i32 = 200007;
    /// The clock is too far from the service's.
    #[doc(alias = "RTM_EC_INVALID_SERFVER_TIME")]
    pub const INVALID_SERVER_TIME: i32 = 200008;
    /// Too many calls in a short time.
    #[doc(alias = "RTM_EC_API_FREQUENCY_LIMITED")]
    pub const API_FREQUENCY_LIMITED: i32 = 200010;
    /// Too many messages in a short time.
    #[doc(alias = "RTM_EC_MESSAGE_FREQUENCY_LIMITED")]
    pub const MESSAGE_FREQUENCY_LIMITED: i32 = 200011;
    /// A connection cannot kick itself out.
    #[doc(alias = "RTM_EC_KICKOUT_SELF")]
    pub const KICKOUT_SELF: i32 = 200012;
    /// This method is forbidden.
    #[doc(alias = "RTM_EC_FORBIDDEN_METHOD")]
    pub const FORBIDDEN_METHOD: i32 = 200020;
    /// This user has no permission for that.
    #[doc(alias = "RTM_EC_PERMISSION_DENIED")]
    pub const PERMISSION_DENIED: i32 = 200021;
    /// Not logged in on this connection.
    #[doc(alias = "RTM_EC_UNAUTHORIZED")]
    pub const UNAUTHORIZED: i32 = 200022;
    /// Already logged in on this connection.
    #[doc(alias = "RTM_EC_DUPLCATED_AUTH")]
    pub const DUPLICATED_AUTH: i32 = 200023;
    /// The login was refused: the user is on the project's blacklist.
    #[doc(alias = "RTM_EC_AUTH_DENIED")]
    pub const AUTH_DENIED: i32 = 200024;
    /// An admin id cannot log in as a client.
    #[doc(alias = "RTM_EC_ADMIN_LOGIN")]
    pub const ADMIN_LOGIN: i32 = 200025;
    /// Only an admin id may do that.
    #[doc(alias = "RTM_EC_ADMIN_ONLY")]
    pub const ADMIN_ONLY: i32 = 200026;
    /// The token is invalid or expired.
    #[doc(alias = "RTM_EC_INVALID_AUTH_TOEKN")]
    pub const INVALID_AUTH_TOKEN: i32 = 200027;
    /// The message is longer than 20480 bytes or its attrs than 2048.
    #[doc(alias = "RTM_EC_LARGE_MESSAGE_OR_ATTRS")]
    pub const LARGE_MESSAGE_OR_ATTRS: i32 = 200030;
    /// The file is larger than 5242880 bytes or its attrs than 2048.
    #[doc(alias = "RTM_EC_LARGE_FILE_OR_ATTRS")]
    pub const LARGE_FILE_OR_ATTRS: i32 = 200031;
    /// A list has too many items: at most 100, of online users 200.
    #[doc(alias = "RTM_EC_TOO_MANY_ITEMS_IN_PARAMETERS")]
    pub const TOO_MANY_ITEMS_IN_PARAMETERS: i32 = 200032;
    /// A list is empty.
    #[doc(alias = "RTM_EC_EMPTY_PARAMETER")]
    pub const EMPTY_PARAMETER: i32 = 200033;
    /// An argument is not valid.
    #[doc(alias = "RTM_EC_INVALID_PARAMETER")]
    pub const INVALID_PARAMETER: i32 = 200034;
    /// A value is too long: a key at most 128 bytes, a value 65535.
    #[doc(alias = "RTM_EC_LARGE_DATA")]
    pub const LARGE_DATA: i32 = 200035;
    /// The user is not in that room.
    #[doc(alias = "RTM_EC_NOT_IN_ROOM")]
    pub const NOT_IN_ROOM: i32 = 200040;
    /// The user is not a member of that group.
    #[doc(alias = "RTM_EC_NOT_GROUP_MEMBER")]
    pub const NOT_GROUP_MEMBER: i32 = 200041;
    /// The group is full: at most 10000 members.
    #[doc(alias = "RTM_EC_MAX_GROUP_MEMBER_COUNT")]
    pub const MAX_GROUP_MEMBER_COUNT: i32 = 200042;
    /// The users are not friends.
    #[doc(alias = "RTM_EC_NOT_FRIEND")]
    pub const NOT_FRIEND: i32 = 200043;
    /// The user is muted in that group.
    #[doc(alias = "RTM_EC_BANNED_IN_GROUP")]
    pub const BANNED_IN_GROUP: i32 = 200044;
    /// The user is muted in that room.
    #[doc(alias = "RTM_EC_BANNED_IN_ROOM")]
    pub const BANNED_IN_ROOM: i32 = 200045;
    /// The group has no members.
    #[doc(alias = "RTM_EC_EMPTY_GROUP")]
    pub const EMPTY_GROUP: i32 = 200046;
    /// The user is in too many rooms.
    #[doc(alias = "RTM_EC_ENTER_TOO_MANY_ROOMS")]
    pub const ENTER_TOO_MANY_ROOMS: i32 = 200047;
    /// The user has too many friends: at most 300.
    #[doc(alias = "RTM_EC_MAX_FRIEND_COUNT")]
    pub const MAX_FRIEND_COUNT: i32 = 200048;
    /// The receiver has blocked this user.
    #[doc(alias = "RTM_EC_BLOCKED_USER")]
    pub const BLOCKED_USER: i32 = 200049;
    /// The language is not supported for translation.
    #[doc(alias = "RTM_EC_UNSUPPORTED_LANGUAGE")]
    pub const UNSUPPORTED_LANGUAGE: i32 = 200050;
    /// There is nothing to translate.
    #[doc(alias = "RTM_EC_EMPTY_TRANSLATION")]
    pub const EMPTY_TRANSLATION: i32 = 200051;
    /// A message cannot be sent to oneself.
    #[doc(alias = "RTM_EC_SEND_TO_SELF")]
    pub const SEND_TO_SELF: i32 = 200052;
    /// That `mid` was used before.
    #[doc(alias = "RTM_EC_DUPLCATED_MID")]
    pub const DUPLICATED_MID: i32 = 200053;
    /// The text has a forbidden word.
    #[doc(alias = "RTM_EC_SENSITIVE_WORDS")]
    pub const SENSITIVE_WORDS: i32 = 200054;
    /// The user is not online.
    #[doc(alias = "RTM_EC_NOT_ONLINE")]
    pub const NOT_ONLINE: i32 = 200055;
    /// The translation failed.
    #[doc(alias = "RTM_EC_TRANSLATION_ERROR")]
    pub const TRANSLATION_ERROR: i32 = 200056;
    /// The text was stopped as profanity or advertising.
    #[doc(alias = "RTM_EC_PROFANITY_STOP")]
    pub const PROFANITY_STOP: i32 = 200057;
    /// The project has not enabled this in its console.
    #[doc(alias = "RTM_EC_NO_CONFIG_IN_CONSOLE")]
    pub const NO_CONFIG_IN_CONSOLE: i32 = 200060;
    /// The audio type is not supported.
    #[doc(alias = "RTM_EC_UNSUPPORTED_TRASNCRIBE_TYPE")]
    pub const UNSUPPORTED_TRANSCRIBE_TYPE: i32 = 200061;
    /// This user has blocked the receiver.
    #[doc(alias = "RTM_EC_BLOCK_USER")]
    pub const BLOCK_USER: i32 = 200062;
    /// There is no such message.
    #[doc(alias = "RTM_EC_MESSAGE_NOT_FOUND")]
    pub const MESSAGE_NOT_FOUND: i32 = 200070;
    /// Unknown error of the service.
    #[doc(alias = "RTM_EC_UNKNOWN_ERROR")]
    pub const UNKNOWN_ERROR: i32 = 200999;
}

/// What a code means, in one clause, with the field and the limit where there is one.
pub(crate) fn meaning(code: i32) -> Option<&'static str> {
    Some(match code {
        10001 => "a package could not be encoded or decoded",
        10002 => "the version, flag or encoding of a package is not supported",
        10003 => "a package is malformed",
        10004 => "a JSON payload could not be converted",
        10005 => "a key of the payload is not a text",
        10006 => "the payload is not a map",
        10007 => "the message type of a package does not fit its method",
        10008 => "the encoding of a package is not supported",
        10009 => "a required field is missing",
        10010 => "a field has the wrong type",
        10011 => "the signature of a file is wrong",
        10012 => "there is no such file",
        20001 => "unknown error of the connection",
        20002 => "the connection is closed",
        20003 => "no answer came in time",
        20004 => "there is no such method",
        20005 => "the call cannot be encoded",
        20006 => "the payload could not be decoded",
        20007 => "sending failed",
        20008 => "receiving failed",
        20009 => "a package that cannot be read",
        20010 => "the HTTP upgrade failed",
        20011 => "too many calls or bytes are queued: wait for answers before sending more",
        20012 => "not connected",
        20013 => "that is not allowed here",
        20014 => "the service is stopping: try again later",
        20015 => "the call was cancelled",
        30001 => "compressing failed",
        30002 => "decompressing failed",
        200001 => "pid or uid is wrong",
        200002 => "pid or signature is wrong",
        200003 => "the file, its signature or its token is wrong",
        200004 => "the attrs of a file lack rtm.sign or rtm.ext",
        200005 => "mtype is outside 1 to 127",
        200006 => "the signature was used before",
        200007 => "the mtype of a file is outside 40 to 50",
        200008 => "the clock is too far from the service's",
        200010 => "too many calls in a short time: try again later",
        200011 => "too many messages in a short time: try again later",
        200012 => "a connection cannot kick itself out",
        200020 => "this method is forbidden",
        200021 => "this user has no permission for that",
        200022 => "not logged in on this connection",
        200023 => "already logged in on this connection",
        200024 => "the login was refused: the user is on the project's blacklist",
        200025 => "an admin id cannot log in as a client",
        200026 => "only an admin id may do that",
        200027 => "the token is invalid or expired: get a new one",
        200030 => "msg is longer than 20480 bytes or attrs than 2048",
        200031 => "the file is larger than 5242880 bytes or its attrs than 2048",
        200032 => "a list has too many items: at most 100, of online users 200",
        200033 => "a list is empty",
        200034 => "an argument is not valid",
        200035 => "a value is too long: key at most 128 bytes, value 65535",
        200040 => "the user is not in that room: enter it first",
        200041 => "the user is not a member of that group",
        200042 => "the group is full: at most 10000 members",
        200043 => "the users are not friends",
        200044 => "the user is muted in that group",
        200045 => "the user is muted in that room",
        200046 => "the group has no members",
        200047 => "the user is in too many rooms: at most 10",
        200048 => "the user has too many friends: at most 300",
        200049 => "the receiver has blocked this user",
        200050 => "the language is not supported for translation",
        200051 => "there is nothing to translate",
        200052 => "a message cannot be sent to oneself",
        200053 => "that mid was used before",
        200054 => "the text has a forbidden word",
        200055 => "the user is not online",
        200056 => "the translation failed",
        200057 => "the text was stopped as profanity or advertising",
        200060 => "the project has not enabled this in its console",
        200061 => "the audio type is not supported",
        200062 => "this user has blocked the receiver",
        200070 => "there is no such message",
        200999 => "unknown error of the service",
        _ => return None,
    })
}

pub(crate) fn kind(code: i32) -> ErrorKind {
    match code {
        20002 | 20007 | 20008 | 20010 | 20012 | 20014 => ErrorKind::Connection,
        20003 => ErrorKind::Timeout,
        20011 | 200010 | 200011 => ErrorKind::Busy,
        10001..=10004 | 10006..=10008 | 20006 | 20009 => ErrorKind::Protocol,
        20013 | 200012 | 200020..=200027 | 200040 | 200041 | 200043..=200045 | 200049 | 200062 => {
            ErrorKind::Permission
        }
        10005
        | 10009..=10011
        | 20005
        | 200001..=200008
        | 200030..=200035
        | 200050..=200054
        | 200061 => ErrorKind::Argument,
        10012 | 20004 | 200046 | 200055 | 200070 => ErrorKind::NotFound,
        _ => ErrorKind::Other,
    }
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
