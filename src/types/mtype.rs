//! The message types with a meaning. The types 1 to 50 belong to the service, 51 to 127 to the application.
//!
//! ```
//! use rtm_client::types::mtype;
//!
//! const MY_INVITATION: i64 = mtype::FIRST_OF_APPLICATION + 1;
//! assert_eq!(MY_INVITATION, 52);
//! assert!(mtype::is_file(mtype::IMAGE));
//! ```

/// A withdrawn message.
pub const WITHDRAW: i64 = 1;
/// A location.
pub const GEO: i64 = 2;
/// A notification of the service.
pub const SYSTEM: i64 = 6;
/// The same user has logged in elsewhere.
pub const MULTI_LOGIN: i64 = 7;
/// A chat text, which the service may translate.
#[doc(alias = "RTMConfig.CHAT_TYPE.text")]
pub const CHAT: i64 = 30;
/// Chat audio in a message body. Audio sent as a file is [`AUDIO_FILE`].
#[doc(alias = "RTMConfig.CHAT_TYPE.audio")]
pub const AUDIO: i64 = 31;
/// A command between programs.
#[doc(alias = "RTMConfig.CHAT_TYPE.cmd")]
pub const CMD: i64 = 32;
/// Real-time audio.
pub const REAL_AUDIO: i64 = 35;
/// Real-time video.
pub const REAL_VIDEO: i64 = 36;
/// An image file.
#[doc(alias = "RTMConfig.FILE_TYPE.image")]
pub const IMAGE: i64 = 40;
/// An audio file.
#[doc(alias = "RTMConfig.FILE_TYPE.audio")]
pub const AUDIO_FILE: i64 = 41;
/// A video file.
#[doc(alias = "RTMConfig.FILE_TYPE.video")]
pub const VIDEO: i64 = 42;
/// A file with recorded voice.
pub const VOICE: i64 = 43;
/// Any other file. The service may change this type to another file type when it recognises the content.
#[doc(alias = "RTMConfig.FILE_TYPE.file")]
pub const FILE: i64 = 50;
/// The first type of the application.
pub const FIRST_OF_APPLICATION: i64 = 51;
/// The last type of the application.
pub const LAST_OF_APPLICATION: i64 = 127;

/// Whether messages of that type are files: 40 to 50.
///
/// ```
/// use rtm_client::types::mtype;
///
/// assert!(mtype::is_file(mtype::VOICE));
/// assert!(!mtype::is_file(mtype::AUDIO)); // audio in a message's body
/// ```
pub fn is_file(mtype: i64) -> bool {
    (IMAGE..=FILE).contains(&mtype)
}
