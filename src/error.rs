//! Errors as callbacks receive them.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::error_code::{self, kind::ErrorKind};

/// Why a call failed: a code, the kind it belongs to, and a message that says what to do.
///
/// [`code`](Error::code) is the number the JavaScript SDK shows as `err.code`; every number has a named constant in
/// [`error_code`]. An `Error` is one word and cheap to clone.
///
/// ```
/// use rtm_client::{ClientOptions, ErrorKind, RtmClient, error_code, reply};
///
/// let client = RtmClient::new(ClientOptions::new(11000001).endpoint("127.0.0.1:13321"));
/// let (callback, reply) = reply::channel();
/// client.get_session(None, callback); // no login yet
/// let err = reply.wait().unwrap_err();
/// assert_eq!(err.code(), error_code::fpnn::CORE_INVALID_CONNECTION);
/// assert_eq!(err.kind(), ErrorKind::Connection);
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    code: i32,
    message: Cow<'static, str>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    /// The delivery, if the failed call was a send.
    delivery: Delivery,
}

/// Whether a message or file whose send failed was delivered: see [`SendError::delivery`].
///
/// ```
/// use rtm_client::{Delivery, SendError};
///
/// fn what_to_do(failed: &SendError) -> &'static str {
///     match failed.delivery() {
///         Delivery::NotSent => "send it again when there is a connection",
///         Delivery::Refused => "tell the user what is wrong with it",
///         _ => "send it again with the same mid: the receivers see it once",
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// Not a byte was sent, and no byte will be sent.
    NotSent,
    /// The message was sent, but no answer says whether it was delivered.
    Unknown,
    /// The service has answered with a refusal.
    Refused,
}

impl Error {
    /// Makes the error of a code, with the meaning of the code as its message: for a program's own tests.
    ///
    /// * `code` – one of [`error_code`], or any other.
    ///
    /// ```
    /// use rtm_client::{Error, ErrorKind, error_code};
    ///
    /// fn should_retry(error: &Error) -> bool {
    ///     matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Connection | ErrorKind::Busy)
    /// }
    /// assert!(should_retry(&Error::from_code(error_code::fpnn::CORE_TIMEOUT)));
    /// assert!(!should_retry(&Error::from_code(error_code::rtm::BLOCKED_USER)));
    /// assert_eq!(Error::from_code(4711).to_string(), "unknown error (code 4711)");
    /// ```
    pub fn from_code(code: i32) -> Error {
        Error::new(code, "")
    }

    /// An error of the client itself. An empty message is replaced by the meaning of the code.
    pub(crate) fn new(code: i32, message: impl Into<Cow<'static, str>>) -> Error {
        let mut message = message.into();
        if message.is_empty() {
            message = error_code::meaning(code).unwrap_or("unknown error").into();
        }
        Error(Arc::new(Inner { code, message, source: None, delivery: Delivery::Unknown }))
    }

    /// The answer of the service, word for word.
    pub(crate) fn of_service(code: i32, ex: String) -> Error {
        // The other codes are those of the gate, which may have handed the message on.
        let delivery = match code {
            10_000..=10_999 | 200_000..=200_999 => Delivery::Refused,
            _ => Delivery::Unknown,
        };
        Error(Arc::new(Inner { code, message: ex.into(), source: None, delivery }))
    }

    pub(crate) fn with_source(
        code: i32,
        message: impl Into<Cow<'static, str>>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Error {
        let source = Some(Arc::from(source.into()));
        let (message, delivery) = (message.into(), Delivery::Unknown);
        Error(Arc::new(Inner { code, message, source, delivery }))
    }

    /// The same error for a send of which no byte was sent.
    pub(crate) fn unsent(&self) -> Error {
        Error(Arc::new(Inner { delivery: Delivery::NotSent, ..Inner::clone(&self.0) }))
    }

    /// The same error for a send of unknown delivery.
    pub(crate) fn of_unknown_delivery(&self) -> Error {
        match self.delivery() {
            Delivery::Unknown => self.clone(),
            _ => Error(Arc::new(Inner { delivery: Delivery::Unknown, ..Inner::clone(&self.0) })),
        }
    }

    pub(crate) fn delivery(&self) -> Delivery {
        self.0.delivery
    }

    /// The error of calls whose connection ended.
    pub(crate) fn connection_closed() -> Error {
        Error::new(error_code::fpnn::CORE_CONNECTION_CLOSED, "")
    }

    /// The error's number, as in [`error_code`].
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// use rtm_client::error_code::rtm;
    ///
    /// let (callback, reply) = reply::channel();
    /// client.get_group_members(200, None, None, callback); // which user 1 is not in
    /// assert_eq!(reply.wait().unwrap_err().code(), rtm::NOT_GROUP_MEMBER);
    /// ```
    pub fn code(&self) -> i32 {
        self.0.code
    }

    /// The kind of the code.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// use rtm_client::ErrorKind;
    ///
    /// let (callback, reply) = reply::channel();
    /// client.get_group_members(200, None, None, callback); // which user 1 is not in
    /// assert_eq!(reply.wait().unwrap_err().kind(), ErrorKind::Permission);
    /// ```
    pub fn kind(&self) -> ErrorKind {
        error_code::kind(self.0.code)
    }

    /// The message of the client or the service about this failure; the JavaScript SDK's `err.message`. The message of
    /// the service may be empty; the error itself, printed as text, always says what the code means.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.get_group_members(200, None, None, callback);
    /// let error = reply.wait().unwrap_err();
    /// assert_eq!(error.message(), "not a member of group 200");
    /// let text = "the user is not a member of that group: not a member of group 200 (code 200041)";
    /// assert_eq!(error.to_string(), text);
    /// ```
    pub fn message(&self) -> &str {
        &self.0.message
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("code", &self.0.code)
            .field("message", &self.0.message)
            .field("source", &self.0.source)
            .finish()
    }
}

/// One clause: the meaning of the code, with the field and the limit if there is one, and the message of the service.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message();
        match error_code::meaning(self.0.code) {
            Some(meaning) if message.is_empty() || message == meaning => f.write_str(meaning)?,
            Some(meaning) => write!(f, "{meaning}: {message}")?,
            None if message.is_empty() => f.write_str("unknown error")?,
            None => f.write_str(message)?,
        }
        write!(f, " (code {})", self.0.code)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// The error of a message or a file, with its mid: send again with the same `mid`, and the receivers see the message
/// once.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// gate.faults().on("sendmsg").next(1).error(200010);
/// let (callback, reply) = reply::channel();
/// client.send_chat(2, "hello", "", None, None, callback);
/// let failed = reply.wait().unwrap_err();
/// assert_eq!(failed.error.code(), 200010);
///
/// let (callback, reply) = reply::channel();
/// client.send_chat(2, "hello", "", failed.mid, None, callback);
/// assert_eq!(reply.wait()?.mid, failed.mid);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SendError {
    /// The message id, given or generated.
    pub mid: i64,
    /// What went wrong.
    pub error: Error,
}

impl SendError {
    /// Whether the message or the file was sent, and whether the service has refused it.
    ///
    /// [`NotSent`](Delivery::NotSent): the send failed before its first byte went out, because there was no session, the
    /// message did not fit into a bound or a queue, or its time was over while it waited. [`Refused`](Delivery::Refused):
    /// the service has answered a message that was sent once with a code of its own (10xxx, 200xxx). In all other cases
    /// [`Unknown`](Delivery::Unknown): send the message again with the same mid, and the receivers see it once.
    ///
    /// After a message that the program itself sends again, the code
    /// [200053](crate::error_code::rtm::DUPLICATED_MID) means success: the service has the message already.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let send = |timeout: Option<Duration>| {
    ///     let (callback, reply) = reply::channel();
    ///     client.send_chat(2, "hello", "", None, timeout, callback);
    ///     reply.wait().unwrap_err().delivery()
    /// };
    /// gate.faults().on("sendmsg").next(1).error(200054); // a forbidden word
    /// assert_eq!(send(None), Delivery::Refused);
    /// gate.faults().on("sendmsg").next(1).never_answer();
    /// assert_eq!(send(Some(Duration::from_millis(100))), Delivery::Unknown);
    /// client.close();
    /// assert_eq!(send(None), Delivery::NotSent);
    /// ```
    pub fn delivery(&self) -> Delivery {
        self.error.delivery()
    }
}

/// Shows the mid, the delivery and the text of `error`.
impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mid, error } = self;
        match self.delivery() {
            Delivery::NotSent => write!(f, "message {mid} was not sent: {error}"),
            Delivery::Refused => write!(f, "message {mid} was refused: {error}"),
            Delivery::Unknown => {
                write!(f, "message {mid} may or may not have been delivered: {error}")
            }
        }
    }
}

/// The text contains the text of `error`, so the source is the source of `error`.
impl std::error::Error for SendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.error)
    }
}

/// A failure in which no message took part: `mid` is 0.
impl From<Error> for SendError {
    fn from(error: Error) -> Self {
        SendError { mid: 0, error }
    }
}
