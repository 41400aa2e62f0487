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
//! | 20012 | no login has succeeded yet, or none since `close` |
//! | 20002 | the connection was lost before the answer came, or the client is logging in again |
//! | 20003 | no answer came in time; whether the service acted on the call is not known |
//! | 20005 | the call is larger than [`max_sent_bytes`](crate::ClientOptions::max_sent_bytes) |
//! | 20011 | too many calls or bytes are waiting |
//! | 20009 | the answer cannot be read |
//! | 20004 | this gate does not know the method |
//! | 200010 | the service limits the rate of calls: try again later |
//! | 200020, 200021 | the project or this user may not use the method |

use crate::error::ErrorKind;

/// Codes of the connection and the protocol; in JavaScript `FPNN_EC_…`.
pub mod fpnn {
    /// Success.
    #[doc(alias = "FPNN_EC_OK")]
    pub const OK: i32 = 0;
    /// Unknown encode/decode error.
    #[doc(alias = "FPNN_EC_PROTO_UNKNOWN_ERROR")]
    pub const PROTO_UNKNOWN_ERROR: i32 = 10001;
    /// Protocol, format or encoding not supported.
    #[doc(alias = "FPNN_EC_PROTO_NOT_SUPPORTED")]
    pub const PROTO_NOT_SUPPORTED: i32 = 10002;
    /// Malformed package.
    #[doc(alias = "FPNN_EC_PROTO_INVALID_PACKAGE")]
    pub const PROTO_INVALID_PACKAGE: i32 = 10003;
    /// JSON conversion failed.
    #[doc(alias = "FPNN_EC_PROTO_JSON_CONVERT")]
    pub const PROTO_JSON_CONVERT: i32 = 10004;
    /// A key is not a string.
    #[doc(alias = "FPNN_EC_PROTO_STRING_KEY")]
    pub const PROTO_STRING_KEY: i32 = 10005;
    /// Root object is not a map.
    #[doc(alias = "FPNN_EC_PROTO_MAP_VALUE")]
    pub const PROTO_MAP_VALUE: i32 = 10006;
    /// Wrong message type / method error.
    #[doc(alias = "FPNN_EC_PROTO_METHOD_TYPE")]
    pub const PROTO_METHOD_TYPE: i32 = 10007;
    /// Protocol/encoding type not supported.
    #[doc(alias = "FPNN_EC_PROTO_PROTO_TYPE")]
    pub const PROTO_PROTO_TYPE: i32 = 10008;
    /// Required key missing.
    #[doc(alias = "FPNN_EC_PROTO_KEY_NOT_FOUND")]
    pub const PROTO_KEY_NOT_FOUND: i32 = 10009;
    /// Parameter has the wrong type.
    #[doc(alias = "FPNN_EC_PROTO_TYPE_CONVERT")]
    pub const PROTO_TYPE_CONVERT: i32 = 10010;
    /// File signature invalid.
    #[doc(alias = "FPNN_EC_PROTO_FILE_SIGN")]
    pub const PROTO_FILE_SIGN: i32 = 10011;
    /// File missing.
    #[doc(alias = "FPNN_EC_PROTO_FILE_NOT_EXIST")]
    pub const PROTO_FILE_NOT_EXIST: i32 = 10012;
    /// Unknown error.
    #[doc(alias = "FPNN_EC_CORE_UNKNOWN_ERROR")]
    pub const CORE_UNKNOWN_ERROR: i32 = 20001;
    /// Connection closed.
    #[doc(alias = "FPNN_EC_CORE_CONNECTION_CLOSED")]
    pub const CORE_CONNECTION_CLOSED: i32 = 20002;
    /// Request timed out.
    #[doc(alias = "FPNN_EC_CORE_TIMEOUT")]
    pub const CORE_TIMEOUT: i32 = 20003;
    /// No such method.
    #[doc(alias = "FPNN_EC_CORE_UNKNOWN_METHOD")]
    pub const CORE_UNKNOWN_METHOD: i32 = 20004;
    /// Encoding error.
    #[doc(alias = "FPNN_EC_CORE_ENCODING")]
    pub const CORE_ENCODING: i32 = 20005;
    /// Decoding error.
    #[doc(alias = "FPNN_EC_CORE_DECODING")]
    pub const CORE_DECODING: i32 = 20006;
    /// Send error.
    #[doc(alias = "FPNN_EC_CORE_SEND_ERROR")]
    pub const CORE_SEND_ERROR: i32 = 20007;
    /// Receive error.
    #[doc(alias = "FPNN_EC_CORE_RECV_ERROR")]
    pub const CORE_RECV_ERROR: i32 = 20008;
    /// Invalid package.
    #[doc(alias = "FPNN_EC_CORE_INVALID_PACKAGE")]
    pub const CORE_INVALID_PACKAGE: i32 = 20009;
    /// HTTP error.
    #[doc(alias = "FPNN_EC_CORE_HTTP_ERROR")]
    pub const CORE_HTTP_ERROR: i32 = 20010;
    /// Work queue full.
    #[doc(alias = "FPNN_EC_CORE_WORK_QUEUE_FULL")]
    pub const CORE_WORK_QUEUE_FULL: i32 = 20011;
    /// No connection / connect failed.
    #[doc(alias = "FPNN_EC_CORE_INVALID_CONNECTION")]
    pub const CORE_INVALID_CONNECTION: i32 = 20012;
    /// Operation forbidden.
    #[doc(alias = "FPNN_EC_CORE_FORBIDDEN")]
    pub const CORE_FORBIDDEN: i32 = 20013;
    /// Server is stopping.
    #[doc(alias = "FPNN_EC_CORE_SERVER_STOPPING")]
    pub const CORE_SERVER_STOPPING: i32 = 20014;
    /// Cancelled.
    #[doc(alias = "FPNN_EC_CORE_CANCELLED")]
    pub const CORE_CANCELLED: i32 = 20015;
    /// Compress error.
    #[doc(alias = "FPNN_EC_ZIP_COMPRESS")]
    pub const ZIP_COMPRESS: i32 = 30001;
    /// Decompress error.
    #[doc(alias = "FPNN_EC_ZIP_DECOMPRESS")]
    pub const ZIP_DECOMPRESS: i32 = 30002;
}

/// Codes of the chat service; in JavaScript `RTM_EC_…`.
pub mod rtm {
    /// Bad project or user id.
    #[doc(alias = "RTM_EC_INVALID_PROJECT_ID_OR_USER_ID")]
    pub const INVALID_PROJECT_ID_OR_USER_ID: i32 = 200001;
    /// Bad project id or signature.
    #[doc(alias = "RTM_EC_INVALID_PROJECT_ID_OR_SIGN")]
    pub const INVALID_PROJECT_ID_OR_SIGN: i32 = 200002;
    /// Bad file, file signature or file token.
    #[doc(alias = "RTM_EC_INVALID_FILE_OR_SIGN_OR_TOKEN")]
    pub const INVALID_FILE_OR_SIGN_OR_TOKEN: i32 = 200003;
    /// File attrs lack sign or ext.
    #[doc(alias = "RTM_EC_ATTRS_WITHOUT_SIGN_OR_EXT")]
    pub const ATTRS_WITHOUT_SIGN_OR_EXT: i32 = 200004;
    /// Mtype outside the allowed range (1…127).
    #[doc(alias = "RTM_EC_INVALID_MTYPE")]
    pub const INVALID_MTYPE: i32 = 200005;
    /// Signature already used (server side).
    #[doc(alias = "RTM_EC_SAME_SIGN")]
    pub const SAME_SIGN: i32 = 200006;
    /// Bad file mtype.
    #[doc(alias = "RTM_EC_INVALID_FILE_MTYPE")]
    pub const INVALID_FILE_MTYPE: i32 = 200007;
    /// Caller's clock too far from the server's.
    #[doc(alias = "RTM_EC_INVALID_SERFVER_TIME")]
    pub const INVALID_SERVER_TIME: i32 = 200008;
    /// API call rate limit.
    #[doc(alias = "RTM_EC_API_FREQUENCY_LIMITED")]
    pub const API_FREQUENCY_LIMITED: i32 = 200010;
    /// Message flood limit.
    #[doc(alias = "RTM_EC_MESSAGE_FREQUENCY_LIMITED")]
    pub const MESSAGE_FREQUENCY_LIMITED: i32 = 200011;
    /// Cannot kick one's own connection.
    #[doc(alias = "RTM_EC_KICKOUT_SELF")]
    pub const KICKOUT_SELF: i32 = 200012;
    /// Method is forbidden.
    #[doc(alias = "RTM_EC_FORBIDDEN_METHOD")]
    pub const FORBIDDEN_METHOD: i32 = 200020;
    /// No permission.
    #[doc(alias = "RTM_EC_PERMISSION_DENIED")]
    pub const PERMISSION_DENIED: i32 = 200021;
    /// Not logged in.
    #[doc(alias = "RTM_EC_UNAUTHORIZED")]
    pub const UNAUTHORIZED: i32 = 200022;
    /// Already logged in on this connection.
    #[doc(alias = "RTM_EC_DUPLCATED_AUTH")]
    pub const DUPLICATED_AUTH: i32 = 200023;
    /// Login refused, user on project blacklist.
    #[doc(alias = "RTM_EC_AUTH_DENIED")]
    pub const AUTH_DENIED: i32 = 200024;
    /// Admin id may not log in as client.
    #[doc(alias = "RTM_EC_ADMIN_LOGIN")]
    pub const ADMIN_LOGIN: i32 = 200025;
    /// Needs an admin id.
    #[doc(alias = "RTM_EC_ADMIN_ONLY")]
    pub const ADMIN_ONLY: i32 = 200026;
    /// Token invalid; normally **made by the client** when auth answers ok = false.
    #[doc(alias = "RTM_EC_INVALID_AUTH_TOEKN")]
    pub const INVALID_AUTH_TOKEN: i32 = 200027;
    /// Message or attrs too long.
    #[doc(alias = "RTM_EC_LARGE_MESSAGE_OR_ATTRS")]
    pub const LARGE_MESSAGE_OR_ATTRS: i32 = 200030;
    /// File or file attrs too large.
    #[doc(alias = "RTM_EC_LARGE_FILE_OR_ATTRS")]
    pub const LARGE_FILE_OR_ATTRS: i32 = 200031;
    /// List parameter too long.
    #[doc(alias = "RTM_EC_TOO_MANY_ITEMS_IN_PARAMETERS")]
    pub const TOO_MANY_ITEMS_IN_PARAMETERS: i32 = 200032;
    /// List parameter empty.
    #[doc(alias = "RTM_EC_EMPTY_PARAMETER")]
    pub const EMPTY_PARAMETER: i32 = 200033;
    /// Invalid parameter.
    #[doc(alias = "RTM_EC_INVALID_PARAMETER")]
    pub const INVALID_PARAMETER: i32 = 200034;
    /// Data too large.
    #[doc(alias = "RTM_EC_LARGE_DATA")]
    pub const LARGE_DATA: i32 = 200035;
    /// Not in that room.
    #[doc(alias = "RTM_EC_NOT_IN_ROOM")]
    pub const NOT_IN_ROOM: i32 = 200040;
    /// Not a group member.
    #[doc(alias = "RTM_EC_NOT_GROUP_MEMBER")]
    pub const NOT_GROUP_MEMBER: i32 = 200041;
    /// Group is full.
    #[doc(alias = "RTM_EC_MAX_GROUP_MEMBER_COUNT")]
    pub const MAX_GROUP_MEMBER_COUNT: i32 = 200042;
    /// Not a friend.
    #[doc(alias = "RTM_EC_NOT_FRIEND")]
    pub const NOT_FRIEND: i32 = 200043;
    /// Muted in group.
    #[doc(alias = "RTM_EC_BANNED_IN_GROUP")]
    pub const BANNED_IN_GROUP: i32 = 200044;
    /// Muted in room.
    #[doc(alias = "RTM_EC_BANNED_IN_ROOM")]
    pub const BANNED_IN_ROOM: i32 = 200045;
    /// Group has no members.
    #[doc(alias = "RTM_EC_EMPTY_GROUP")]
    pub const EMPTY_GROUP: i32 = 200046;
    /// Too many rooms.
    #[doc(alias = "RTM_EC_ENTER_TOO_MANY_ROOMS")]
    pub const ENTER_TOO_MANY_ROOMS: i32 = 200047;
    /// Too many friends.
    #[doc(alias = "RTM_EC_MAX_FRIEND_COUNT")]
    pub const MAX_FRIEND_COUNT: i32 = 200048;
    /// I am on the receiver's blacklist.
    #[doc(alias = "RTM_EC_BLOCKED_USER")]
    pub const BLOCKED_USER: i32 = 200049;
    /// Translation language not supported.
    #[doc(alias = "RTM_EC_UNSUPPORTED_LANGUAGE")]
    pub const UNSUPPORTED_LANGUAGE: i32 = 200050;
    /// Nothing to translate.
    #[doc(alias = "RTM_EC_EMPTY_TRANSLATION")]
    pub const EMPTY_TRANSLATION: i32 = 200051;
    /// Cannot send to oneself.
    #[doc(alias = "RTM_EC_SEND_TO_SELF")]
    pub const SEND_TO_SELF: i32 = 200052;
    /// Mid already used.
    #[doc(alias = "RTM_EC_DUPLCATED_MID")]
    pub const DUPLICATED_MID: i32 = 200053;
    /// Blocked by word filter.
    #[doc(alias = "RTM_EC_SENSITIVE_WORDS")]
    pub const SENSITIVE_WORDS: i32 = 200054;
    /// User not online.
    #[doc(alias = "RTM_EC_NOT_ONLINE")]
    pub const NOT_ONLINE: i32 = 200055;
    /// Translation failed.
    #[doc(alias = "RTM_EC_TRANSLATION_ERROR")]
    pub const TRANSLATION_ERROR: i32 = 200056;
    /// Sensitive/ad content blocked.
    #[doc(alias = "RTM_EC_PROFANITY_STOP")]
    pub const PROFANITY_STOP: i32 = 200057;
    /// Feature not enabled in the console.
    #[doc(alias = "RTM_EC_NO_CONFIG_IN_CONSOLE")]
    pub const NO_CONFIG_IN_CONSOLE: i32 = 200060;
    /// Audio type not supported.
    #[doc(alias = "RTM_EC_UNSUPPORTED_TRASNCRIBE_TYPE")]
    pub const UNSUPPORTED_TRANSCRIBE_TYPE: i32 = 200061;
    /// The receiver is on my own blacklist.
    #[doc(alias = "RTM_EC_BLOCK_USER")]
    pub const BLOCK_USER: i32 = 200062;
    /// No such message.
    #[doc(alias = "RTM_EC_MESSAGE_NOT_FOUND")]
    pub const MESSAGE_NOT_FOUND: i32 = 200070;
    /// Unknown; JS also uses it for client-made errors.
    #[doc(alias = "RTM_EC_UNKNOWN_ERROR")]
    pub const UNKNOWN_ERROR: i32 = 200999;
}

/// What a code means, in one clause, with the field and the limit where there is one.
pub(crate) fn meaning(code: i32) -> Option<&'static str> {
    Some(match code {
        10001 => "unknown encode/decode error",
        10002 => "protocol, format or encoding not supported",
        10003 => "malformed package",
        10004 => "JSON conversion failed",
        10005 => "a key is not a string",
        10006 => "root object is not a map",
        10007 => "wrong message type / method error",
        10008 => "protocol/encoding type not supported",
        10009 => "required key missing",
        10010 => "parameter has the wrong type",
        10011 => "file signature invalid",
        10012 => "file missing",
        20001 => "unknown error",
        20002 => "the connection is closed",
        20003 => "no answer came in time",
        20004 => "the gate knows no such method",
        20005 => "the call cannot be encoded",
        20006 => "decoding error",
        20007 => "send error",
        20008 => "receive error",
        20009 => "a package or answer that cannot be read",
        20010 => "HTTP error",
        20011 => "too many calls or bytes are queued: wait for answers before sending more",
        20012 => "not connected: log in first",
        20013 => "operation forbidden",
        20014 => "server is stopping",
        20015 => "cancelled",
        30001 => "compress error",
        30002 => "decompress error",
        200001 => "bad project or user id",
        200002 => "bad project id or signature",
        200003 => "bad file, file signature or file token",
        200004 => "file attrs lack sign or ext",
        200005 => "mtype is outside 1 to 127",
        200006 => "signature already used (server side)",
        200007 => "bad file mtype",
        200008 => "caller's clock too far from the server's",
        200010 => "API call rate limit",
        200011 => "message flood limit",
        200012 => "cannot kick one's own connection",
        200020 => "method is forbidden",
        200021 => "no permission",
        200022 => "not logged in on this connection",
        200023 => "already logged in on this connection",
        200024 => "login refused, user on project blacklist",
        200025 => "admin id may not log in as client",
        200026 => "needs an admin id",
        200027 => "the token is invalid or expired: get a new one",
        200030 => "msg is longer than 20480 bytes or attrs than 2048",
        200031 => "the file is larger than 5242880 bytes or its attrs than 2048",
        200032 => "a list has too many items",
        200033 => "a list is empty",
        200034 => "invalid parameter",
        200035 => "a value is longer than allowed: key 128 bytes, value 65535",
        200040 => "the user is not in that room: enter it first",
        200041 => "the user is not a member of that group",
        200042 => "the group is full: 10000 members",
        200043 => "not a friend",
        200044 => "muted in group",
        200045 => "muted in room",
        200046 => "group has no members",
        200047 => "in too many rooms",
        200048 => "too many friends: at most 300",
        200049 => "the receiver has blocked this user",
        200050 => "translation language not supported",
        200051 => "nothing to translate",
        200052 => "a message cannot be sent to oneself",
        200053 => "that mid was used before",
        200054 => "blocked by word filter",
        200055 => "user not online",
        200056 => "translation failed",
        200057 => "sensitive/ad content blocked",
        200060 => "feature not enabled in the console",
        200061 => "audio type not supported",
        200062 => "the receiver is on my own blacklist",
        200070 => "there is no such message",
        200999 => "unknown; JS also uses it for client-made errors",
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
