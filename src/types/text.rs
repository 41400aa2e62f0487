use std::borrow::Cow;
use std::fmt;

use rmpv::ValueRef;

use crate::wire::payload::{self, Fields};

/// A text from the service: a `String`, or the unchanged bytes if they are not UTF-8.
///
/// No byte is replaced or lost: a byte order mark stays, and bytes that are no text stay bytes.
///
/// ```
/// use rtm_client::types::Text;
///
/// let attrs = Text::from("{\"k\":1}");
/// assert_eq!(attrs, "{\"k\":1}");
/// assert_eq!(attrs.as_str(), Some("{\"k\":1}"));
/// assert_eq!(Text::Bytes(vec![0xff]).as_str(), None);
/// assert_eq!(Text::from(format!("room {}", 7)), "room 7");
///
/// // A text can be given wherever bytes are wanted.
/// let mut file = Vec::new();
/// std::io::Write::write_all(&mut file, attrs.as_ref())?;
/// assert_eq!(file, b"{\"k\":1}");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Text {
    /// The text.
    Utf8(String),
    /// The bytes of a text that is not UTF-8.
    Bytes(Vec<u8>),
}

impl Text {
    pub(crate) fn from_wire(bytes: &[u8]) -> Text {
        match std::str::from_utf8(bytes) {
            Ok(text) => Text::Utf8(text.to_owned()),
            Err(_) => Text::Bytes(bytes.to_vec()),
        }
    }

    pub(crate) fn read(value: &ValueRef<'_>) -> Text {
        Text::from_wire(&payload::text(value))
    }

    /// The field of that name; empty if there is none.
    pub(crate) fn of(fields: &Fields<'_>, key: &str) -> Text {
        fields.get(key).map_or_else(Text::default, Text::read)
    }

    /// Takes the bytes unchanged.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        payload::write_text(out, self.as_bytes());
    }

    /// The text, unless it is not UTF-8.
    ///
    /// ```
    /// use rtm_client::types::Text;
    ///
    /// assert_eq!(Text::from("hello").as_str(), Some("hello"));
    /// assert_eq!(Text::Bytes(vec![0xff]).as_str(), None);
    /// ```
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Text::Utf8(text) => Some(text),
            Text::Bytes(_) => None,
        }
    }

    /// The bytes of the text.
    ///
    /// ```
    /// use rtm_client::types::Text;
    ///
    /// assert_eq!(Text::from("hello").as_bytes(), b"hello");
    /// assert_eq!(Text::Bytes(vec![0xff]).as_bytes(), [0xff]);
    /// ```
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Text::Utf8(text) => text.as_bytes(),
            Text::Bytes(bytes) => bytes,
        }
    }

    /// Whether the text has no bytes at all.
    ///
    /// ```
    /// use rtm_client::types::Text;
    ///
    /// assert!(Text::default().is_empty());
    /// assert!(!Text::from(" ").is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }
}

impl Default for Text {
    fn default() -> Self {
        Text::Utf8(String::new())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Text::Utf8(text.to_owned())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Text::Utf8(text)
    }
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Text::Utf8(text) => text.fmt(f),
            Text::Bytes(bytes) => bytes.fmt(f),
        }
    }
}

/// Shows the text; bytes that are not UTF-8 show as U+FFFD. [`as_bytes`](Text::as_bytes) gives the exact bytes.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.as_bytes()))
    }
}

/// A text as an optional argument: `None`, or a text in any form.
///
/// ```
/// use rtm_client::{ClientOptions, RtmClient, reply};
///
/// let client = RtmClient::new(ClientOptions::new(1).endpoint("127.0.0.1:13321"));
/// let name = String::from("Ann");
/// client.set_user_info(&name, None, None, reply::ignore);
/// client.set_user_info(format!("{name} Lee"), "likes tea", None, reply::ignore);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OptionalText<'a>(Option<Cow<'a, str>>);

impl OptionalText<'_> {
    /// The text, if there is one.
    ///
    /// ```
    /// use rtm_client::types::OptionalText;
    ///
    /// assert_eq!(OptionalText::from("likes tea").as_str(), Some("likes tea"));
    /// assert_eq!(OptionalText::from("").as_str(), Some("")); // an empty text is one
    /// assert_eq!(OptionalText::from(None).as_str(), None);
    /// ```
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }

    pub(crate) fn into_string(self) -> Option<String> {
        self.0.map(Cow::into_owned)
    }
}

// Not for `Option<String>` as well: a plain `None` could then be either.
impl<'a> From<Option<&'a str>> for OptionalText<'a> {
    fn from(text: Option<&'a str>) -> Self {
        OptionalText(text.map(Cow::Borrowed))
    }
}

impl<'a> From<&'a str> for OptionalText<'a> {
    fn from(text: &'a str) -> Self {
        OptionalText(Some(Cow::Borrowed(text)))
    }
}

impl<'a> From<&'a String> for OptionalText<'a> {
    fn from(text: &'a String) -> Self {
        OptionalText(Some(Cow::Borrowed(text)))
    }
}

impl From<String> for OptionalText<'_> {
    fn from(text: String) -> Self {
        OptionalText(Some(Cow::Owned(text)))
    }
}
