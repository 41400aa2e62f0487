use super::Text;
use crate::error::Error;
use crate::wire::payload::Fields;

/// The form of the media for `image_check`, `audio_check`, `video_check` and `speech2text`: their `check_type`.
pub mod check_type {
    /// The URL, as text.
    pub const URL: i64 = 1;
    /// The content, as bytes.
    pub const CONTENT: i64 = 2;
}

/// The `result` of a check.
pub mod check_result {
    /// Nothing was found.
    pub const PASS: i64 = 0;
    /// Not fit to be shown.
    pub const REJECT: i64 = 2;
}

/// The kind of text to translate: the `message_type` of `translate`.
pub mod translate_type {
    /// A chat message.
    pub const CHAT: &str = "chat";
    /// A mail.
    pub const MAIL: &str = "mail";
}

/// The treatment of bad language by `translate`: its `profanity`.
pub mod profanity {
    /// Nothing.
    pub const OFF: &str = "off";
    /// A text with bad language is not translated: error 200057.
    pub const STOP: &str = "stop";
    /// The words are masked with `*`.
    pub const CENSOR: &str = "censor";
}

/// A text with masked bad language.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// let (callback, reply) = reply::channel();
/// client.profanity("damn rain", true, None, callback);
/// let found = reply.wait()?;
/// assert_eq!((found.text, found.classification), ("**** rain".into(), vec!["abuse".into()]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profanity {
    /// The text, with the words found replaced by `*`.
    pub text: Text,
    /// The classes of the words found. Empty unless asked for.
    pub classification: Vec<Text>,
}

impl Profanity {
    pub(crate) fn decode(fields: &Fields<'_>) -> Result<Profanity, Error> {
        Ok(Profanity {
            text: Text::of(fields, "text"),
            classification: texts(fields, "classification"),
        })
    }
}

/// The result of the check of a text.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// use rtm_client::types::check_result;
///
/// let (callback, reply) = reply::channel();
/// client.text_check("damn rain", None, None, callback);
/// let check = reply.wait()?;
/// assert_eq!(check.result, check_result::REJECT);
/// assert_eq!((check.text, check.wlist), (Some("**** rain".into()), vec!["damn".into()]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TextCheck {
    /// 0 passed, 2 rejected: see [`check_result`].
    pub result: i64,
    /// The text with the words found replaced by `*`; `None` if nothing was replaced.
    pub text: Option<Text>,
    /// The classes of the findings, as numbers of the service's table.
    pub tags: Vec<i64>,
    /// The words found.
    pub wlist: Vec<Text>,
    /// The language of the text, if the service names it.
    pub language: Option<Text>,
}

impl TextCheck {
    pub(crate) fn decode(fields: &Fields<'_>) -> Result<TextCheck, Error> {
        Ok(TextCheck {
            result: fields.int("result"),
            text: fields.get("text").map(Text::read),
            tags: fields.ids("tags"),
            wlist: texts(fields, "wlist"),
            language: fields.get("language").map(Text::read),
        })
    }
}

/// The result of the check of an image, audio or a video.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// use rtm_client::types::{check_result, check_type};
///
/// // The local gate judges an image by its URL.
/// let (callback, reply) = reply::channel();
/// client.image_check("https://files.example/cat.png", check_type::URL, None, None, callback);
/// assert_eq!(reply.wait()?.result, check_result::PASS);
///
/// let (callback, reply) = reply::channel();
/// client.image_check("https://casino.example/1.png", check_type::URL, None, None, callback);
/// assert_eq!(reply.wait()?.result, check_result::REJECT);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MediaCheck {
    /// 0 passed, 2 rejected: see [`check_result`].
    pub result: i64,
    /// The classes of the findings, as numbers of the service's table.
    pub tags: Vec<i64>,
}

impl MediaCheck {
    pub(crate) fn decode(fields: &Fields<'_>) -> Result<MediaCheck, Error> {
        Ok(MediaCheck { result: fields.int("result"), tags: fields.ids("tags") })
    }
}

/// The text of a recording.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// use rtm_client::types::check_type;
///
/// // To the local gate, what a recording says is what its bytes say.
/// let (callback, reply) = reply::channel();
/// client.speech2text(b"hello", check_type::CONTENT, "en", None, None, None, callback);
/// let said = reply.wait()?;
/// assert_eq!((said.text, said.lang), ("hello".into(), "en".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpeechText {
    /// The words.
    pub text: Text,
    /// The language that the service recognised.
    pub lang: Text,
}

impl SpeechText {
    pub(crate) fn decode(fields: &Fields<'_>) -> Result<SpeechText, Error> {
        Ok(SpeechText { text: Text::of(fields, "text"), lang: Text::of(fields, "lang") })
    }
}

fn texts(fields: &Fields<'_>, key: &str) -> Vec<Text> {
    fields.array(key).iter().map(Text::read).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::decode_msgpack;
    use super::*;

    #[test]
    fn profanity() {
        let answer = b"\x82\xa4text\xa2**\xaeclassification\x91\xa5drugs";
        let expected = Profanity { text: "**".into(), classification: vec!["drugs".into()] };
        assert_eq!(decode_msgpack(answer, Profanity::decode), expected);
    }

    #[test]
    fn text_check() {
        let answer = b"\x84\xa6result\x02\xa4text\xa2**\xa4tags\x92\x64\x6e\
            \xa5wlist\x92\xa3\xe5\x9d\x8f\xa3bad";
        let expected = TextCheck {
            result: check_result::REJECT,
            text: Some("**".into()),
            tags: vec![100, 110],
            wlist: vec!["坏".into(), "bad".into()],
            language: None,
        };
        assert_eq!(decode_msgpack(answer, TextCheck::decode), expected);
        assert_eq!(decode_msgpack(b"\x80", TextCheck::decode), TextCheck::default());
    }

    #[test]
    fn media_check() {
        let passed = MediaCheck { result: check_result::PASS, tags: vec![] };
        assert_eq!(decode_msgpack(b"\x82\xa6result\x00\xa4tags\x90", MediaCheck::decode), passed);
        assert_eq!(decode_msgpack(b"\x80", MediaCheck::decode), passed);
        let answer = b"\x82\xa6result\xa12\xa4tags\x91\xcb\x40\x59\0\0\0\0\0\0";
        let rejected = MediaCheck { result: check_result::REJECT, tags: vec![100] };
        assert_eq!(decode_msgpack(answer, MediaCheck::decode), rejected);
    }

    #[test]
    fn speech() {
        let answer = b"\x82\xa4text\xa6\xe4\xbd\xa0\xe5\xa5\xbd\xa4lang\xa5zh-CN";
        let expected = SpeechText { text: "你好".into(), lang: "zh-CN".into() };
        assert_eq!(decode_msgpack(answer, SpeechText::decode), expected);
    }
}
