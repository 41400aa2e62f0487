//! The kinds of errors.

/// What an [`Error`](crate::Error) is about, for a program that decides what to do next.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// use rtm_client::ErrorKind;
///
/// gate.faults().on("getservertime").next(1).error(200010);
/// let (callback, reply) = reply::channel();
/// client.get_server_time(None, callback);
/// let advice = match reply.wait().unwrap_err().kind() {
///     ErrorKind::Busy | ErrorKind::Timeout => "try again later",
///     ErrorKind::Connection => "wait for the relogin",
///     _ => "report it",
/// };
/// assert_eq!(advice, "try again later");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no connection, or it ended before the answer came. Logging in or waiting for the relogin helps.
    Connection,
    /// The answer did not come in time. Whether the service acted on the call is not known.
    Timeout,
    /// Too much is queued or in flight (20011), or the service limits the rate of calls (200010) or messages (200011): try
    /// again later, a message with the `mid` of its error.
    Busy,
    /// What came from the other side could not be read.
    Protocol,
    /// The service does not let this user do that.
    Permission,
    /// An argument is not acceptable; the message names it.
    Argument,
    /// What was asked for does not exist.
    NotFound,
    /// Anything else: see the code.
    Other,
}
