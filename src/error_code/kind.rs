//! The kinds of errors.

/// The kind of an [`Error`](crate::Error), for a program that decides what to do next.
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
    /// There is no connection, or the connection ended before the answer came. Log in, or wait for the relogin.
    Connection,
    /// The answer did not come in time. The service may have done the call or not.
    Timeout,
    /// Too much is queued or in flight (20011), or the service limits the rate of calls (200010) or messages (200011):
    /// try again later; send a message again with the `mid` of its error.
    Busy,
    /// The data from the other side could not be read.
    Protocol,
    /// The service does not allow this user to do that.
    Permission,
    /// An argument is not acceptable; the message names it.
    Argument,
    /// The requested item does not exist.
    NotFound,
    /// Anything else: see the code.
    Other,
}
