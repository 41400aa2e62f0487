use std::borrow::Cow;
use std::fmt;

/// A text from the service: a `String`, or the bytes as they came where they are not UTF-8.
///
/// Nothing is replaced and nothing is lost: a byte order mark stays, and bytes that are no text stay bytes.
///
/// ```
/// use rtm_client::types::Text;
///
/// let attrs = Text::from("{\"k\":1}");
/// assert_eq!(attrs, "{\"k\":1}");
/// assert_eq!(attrs.as_str(), Some("{\"k\":1}"));
/// assert_eq!(Text::Bytes(vec![0xff]).as_str(), None);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
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

/// Shows the text; bytes that are not UTF-8 show as U+FFFD. Use [`as_bytes`](Text::as_bytes) where that matters.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.as_bytes()))
    }
}

/// A text as an argument that may be left out: `None`, or a text in any form.
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

/// The body of a message that was received: text, bytes where it is not UTF-8, or a translated text.
///
/// ```
/// use rtm_client::types::Body;
///
/// fn show(body: &Body) -> String {
///     match body {
///         Body::Text(text) => text.clone(),
///         Body::Binary(bytes) => format!("{} bytes", bytes.len()),
///         Body::Translated(t) => format!("{} ({})", t.target_text, t.source_text),
///     }
/// }
/// assert_eq!(show(&Body::Text("hello".into())), "hello");
/// assert_eq!(Body::Text("hello".into()).as_str(), Some("hello"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
    /// The text to show: of a translated body the translation, or the original where there is none. `None` for bytes.
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().start()?;
    /// # let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// # let (callback, reply) = reply::login();
    /// # client.login(1, "token", callback, None);
    /// # reply.wait()?;
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

    /// The bytes of the text that [`as_str`](Body::as_str) gives, or the bytes of a binary body.
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

/// Shows what [`as_str`](Body::as_str) gives; bytes that are not UTF-8 show as U+FFFD.
impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.as_bytes()))
    }
}

/// A text and its translation.
///
/// ```
/// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
/// # let gate = Gate::builder().start()?;
/// # let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
/// # let (callback, reply) = reply::login();
/// # client.login(1, "token", callback, None);
/// # reply.wait()?;
/// use rtm_client::types::Translation;
///
/// let (callback, reply) = reply::channel();
/// client.translate("hello", None, "fr", None, None, None, callback);
/// let Translation { source, target, source_text, target_text } = reply.wait()?;
/// assert_eq!((source.as_str(), target.as_str()), (Some("en"), Some("fr")));
/// assert_eq!((source_text.as_str(), target_text.as_str()), (Some("hello"), Some("bonjour")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Translation {
    /// The language of the original, such as `zh-CN`.
    pub source: Text,
    /// The language of the translation.
    pub target: Text,
    /// The original.
    #[doc(alias = "sourceText")]
    pub source_text: Text,
    /// The translation; empty where nothing was translated.
    #[doc(alias = "targetText")]
    pub target_text: Text,
}

impl Translation {
    fn shown(&self) -> &Text {
        if self.target_text.is_empty() { &self.source_text } else { &self.target_text }
    }
}

/// The body of a message to send: text or bytes.
///
/// Made by `into()` from `&str`, `String`, `&[u8]`, `Vec<u8>` and references to them, so that a call takes any of them
/// as they are.
///
/// ```
/// use rtm_client::types::Content;
///
/// let text: Content = "hello".into();
/// let bytes: Content = vec![0_u8, 255].into();
/// assert_ne!(text, bytes);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// A text, sent as MessagePack str.
    Text(Cow<'a, str>),
    /// Bytes, sent as MessagePack bin.
    Bytes(Cow<'a, [u8]>),
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
