use std::borrow::Cow;
use std::fmt;

use rmpv::ValueRef;

use super::Text;
use crate::error::Error;
use crate::wire::payload::{Fields, entry, write_bytes, write_text};

/// The body of a received message: a text, bytes that are not UTF-8, or a translated text.
///
/// ```
/// use rtm_client::types::Body;
///
/// fn show(body: &Body) -> String {
///     match body {
///         Body::Text(text) => text.clone(),
///         Body::Binary(bytes) => format!("{} bytes", bytes.len()),
///         Body::Translated(t) => format!("{} ({})", t.target_text, t.source_text),
///         other => other.to_string(),
///     }
/// }
/// assert_eq!(show(&Body::Text("hello".into())), "hello");
/// let hello = Body::Text("hello".into());
/// assert_eq!(hello.as_str(), Some("hello"));
///
/// // A body can be given wherever bytes are wanted.
/// let mut file = Vec::new();
/// std::io::Write::write_all(&mut file, hello.as_ref())?;
/// assert_eq!(file, b"hello");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Body {
    /// A text.
    Text(String),
    /// Bytes that are not UTF-8.
    #[doc(alias = "binary")]
    Binary(Vec<u8>),
    /// A text and its translation into the language set with `set_translation_language`.
    Translated(Translation),
}

impl Body {
    /// Text, bytes, or the map of a translated text.
    pub(crate) fn read(value: &ValueRef<'_>) -> Body {
        if let ValueRef::Map(entries) = value {
            return Body::Translated(Translation::read(entries));
        }
        match Text::read(value) {
            Text::Utf8(text) => Body::Text(text),
            Text::Bytes(bytes) => Body::Binary(bytes),
        }
    }

    /// The field of that name; an empty text if there is none.
    pub(crate) fn of(fields: &Fields<'_>, key: &str) -> Body {
        fields.get(key).map_or_else(Body::default, Body::read)
    }

    /// The text to show; for a translated body the translation, or the original if there is no translation. `None` for
    /// bytes.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// use rtm_client::server_push;
    /// use rtm_client::types::Body;
    ///
    /// let (sender, bodies) = std::sync::mpsc::channel();
    /// client.processor().on(server_push::RECV_BROADCAST_CHAT, move |m| sender.send(m.msg.clone()).unwrap());
    /// client.set_translation_language("fr", None, reply::ignore);
    /// let (callback, reply) = reply::channel();
    /// client.get_server_time(None, callback);
    /// reply.wait()?; // and with it the language is set
    /// gate.broadcast(99, 30, "hello", "");
    /// assert_eq!(bodies.recv()?.as_str(), Some("bonjour"));
    /// assert_eq!(Body::Binary(vec![0xff]).as_str(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Body::Text(text) => Some(text),
            Body::Binary(_) => None,
            Body::Translated(translation) => translation.shown().as_str(),
        }
    }

    /// The bytes of the text of [`as_str`](Body::as_str), or the bytes of a binary body.
    ///
    /// ```
    /// use rtm_client::types::Body;
    ///
    /// assert_eq!(Body::Text("hello".into()).as_bytes(), b"hello");
    /// assert_eq!(Body::Binary(vec![0xff]).as_bytes(), [0xff]);
    /// ```
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Body::Text(text) => text.as_bytes(),
            Body::Binary(bytes) => bytes,
            Body::Translated(translation) => translation.shown().as_bytes(),
        }
    }
}

impl Default for Body {
    fn default() -> Self {
        Body::Text(String::new())
    }
}

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PartialEq<str> for Body {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == Some(other)
    }
}

impl PartialEq<&str> for Body {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

/// Shows the text of [`as_str`](Body::as_str); bytes that are not UTF-8 show as U+FFFD.
impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.as_bytes()))
    }
}

/// A text and its translation.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// use rtm_client::types::Translation;
///
/// let (callback, reply) = reply::channel();
/// client.translate("hello", None, "fr", None, None, None, callback);
/// let Translation { source, target, source_text, target_text, .. } = reply.wait()?;
/// assert_eq!((source.as_str(), target.as_str()), (Some("en"), Some("fr")));
/// assert_eq!((source_text.as_str(), target_text.as_str()), (Some("hello"), Some("bonjour")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Translation {
    /// The language of the original, such as `zh-CN`.
    pub source: Text,
    /// The language of the translation.
    pub target: Text,
    /// The original.
    #[doc(alias = "sourceText")]
    pub source_text: Text,
    /// The translation; empty if nothing was translated.
    #[doc(alias = "targetText")]
    pub target_text: Text,
}

impl Translation {
    pub(crate) fn decode(fields: &Fields<'_>) -> Result<Translation, Error> {
        Ok(Translation::read(&fields.entries))
    }

    fn read(entries: &[(ValueRef<'_>, ValueRef<'_>)]) -> Translation {
        let part = |key: &str| entry(entries, key).map_or_else(Text::default, Text::read);
        Translation {
            source: part("source"),
            target: part("target"),
            source_text: part("sourceText"),
            target_text: part("targetText"),
        }
    }

    fn shown(&self) -> &Text {
        if self.target_text.is_empty() { &self.source_text } else { &self.target_text }
    }
}

/// The body of a message to send: text or bytes.
///
/// `into()` makes a body from `&str`, `String`, `[u8; N]`, `&[u8]`, `Vec<u8>` and references to them, so a call takes any
/// of these directly.
///
/// ```
/// use rtm_client::types::Content;
///
/// let text: Content = "hello".into();
/// let bytes: Content = vec![0_u8, 255].into();
/// assert_ne!(text, bytes);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content<'a> {
    /// A text, sent as MessagePack str.
    Text(Cow<'a, str>),
    /// Bytes, sent as MessagePack bin.
    Bytes(Cow<'a, [u8]>),
}

impl Content<'_> {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Content::Text(text) => write_text(out, &**text),
            Content::Bytes(bytes) => write_bytes(out, bytes),
        }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        match self {
            Content::Text(text) => text.into_owned().into_bytes(),
            Content::Bytes(bytes) => bytes.into_owned(),
        }
    }
}

impl<'a> From<&'a str> for Content<'a> {
    fn from(text: &'a str) -> Self {
        Content::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Content<'a> {
    fn from(text: &'a String) -> Self {
        Content::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Content<'_> {
    fn from(text: String) -> Self {
        Content::Text(Cow::Owned(text))
    }
}

impl<'a> From<&'a [u8]> for Content<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Content::Bytes(Cow::Borrowed(bytes))
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Content<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Content::Bytes(Cow::Borrowed(bytes))
    }
}

impl<const N: usize> From<[u8; N]> for Content<'_> {
    fn from(bytes: [u8; N]) -> Self {
        Content::Bytes(Cow::Owned(bytes.to_vec()))
    }
}

impl<'a> From<&'a Vec<u8>> for Content<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Content::Bytes(Cow::Borrowed(bytes))
    }
}

impl From<Vec<u8>> for Content<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Content::Bytes(Cow::Owned(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::decode_msgpack;
    use super::*;

    #[test]
    fn translation() {
        let answer = b"\x84\xa6source\xa5zh-CN\xa6target\xa2en\
            \xaasourceText\xa6\xe4\xbd\xa0\xe5\xa5\xbd\xaatargetText\xa5hello";
        let expected = Translation {
            source: "zh-CN".into(),
            target: "en".into(),
            source_text: "你好".into(),
            target_text: "hello".into(),
        };
        assert_eq!(decode_msgpack(answer, Translation::decode), expected);
        let empty = decode_msgpack(b"\x80", Translation::decode);
        assert_eq!(empty, Translation::default());
    }
}
