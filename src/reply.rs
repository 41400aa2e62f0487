//! Ways to receive a result instead of two `Option`s: a `Result`, waiting, polling, ignoring.

use std::any::TypeId;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::error::Error;
use crate::error_code::{fpnn, rtm};
use crate::guard::{self, on_callback_thread};

/// A callback that gives a `Result` to a closure: for every call but `login`.
///
/// `E` is [`Error`], or [`SendError`](crate::SendError) for calls that send a message or a file. A closure that looks
/// into the `Result` has to name its type.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// use rtm_client::{SendError, types::SendReply};
///
/// let (sender, receiver) = std::sync::mpsc::channel();
/// client.send_chat(2, "hello", "", None, None, reply::result(move |sent: Result<SendReply, SendError>| {
///     match sent {
///         Ok(sent) => println!("sent at {}", sent.payload.mtime),
///         Err(failed) => eprintln!("{failed}"),
///     }
///     sender.send("done").unwrap();
/// }));
/// assert_eq!(receiver.recv()?, "done");
///
/// let (sender, receiver) = std::sync::mpsc::channel::<Result<i64, Error>>();
/// client.get_server_time(None, reply::result(move |time| sender.send(time).unwrap()));
/// assert!(receiver.recv()?? > 1_700_000_000_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn result<E, T>(
    closure: impl FnOnce(Result<T, E>) + Send + 'static,
) -> impl FnOnce(Option<E>, Option<T>) + Send + 'static {
    move |err, data| match (err, data) {
        (Some(err), _) => closure(Err(err)),
        (None, Some(data)) => closure(Ok(data)),
        (None, None) => {}
    }
}

/// A callback and a [`Reply`] to wait on, for straight-line code. Fits every call: `E` is [`Error`], or
/// [`SendError`](crate::SendError) for calls that send a message or a file.
///
/// ```
/// use std::time::Duration;
/// use rtm_client::gate::Gate;
/// use rtm_client::{ClientOptions, RtmClient, reply};
///
/// let gate = Gate::builder().start()?;
/// let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
///
/// let (callback, reply) = reply::login();
/// client.login(1, "any token", callback, Duration::from_secs(10));
/// reply.wait()?;
///
/// let (callback, reply) = reply::channel();
/// client.send_chat(2, "hello", "", None, None, callback);
/// println!("sent at {}", reply.wait()?.payload.mtime);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
// Return types cannot be given a name while they hide the closure's.
#[expect(clippy::type_complexity, reason = "the closure has no name")]
pub fn channel<E, T>() -> (impl FnOnce(Option<E>, Option<T>) + Send + 'static, Reply<E, T>)
where
    E: From<Error> + Send + 'static,
    T: Send + 'static,
{
    let (sender, reply) = pair();
    (result(move |result| sender.put(result)), reply)
}

/// Whether `C` is the callback of a [`channel`], which is our own code, so that any thread may run it.
pub(crate) fn is_reply<E, T, C>() -> bool
where
    E: From<Error> + Send + 'static,
    T: Send + 'static,
    C: 'static,
{
    fn callback_type<F: 'static, R>(_: fn() -> (F, R)) -> TypeId {
        TypeId::of::<F>()
    }
    TypeId::of::<C>() == callback_type(channel::<E, T>)
}

/// Whether `C` is the callback of [`login`].
pub(crate) fn is_login_reply<C: 'static>(_: &C) -> bool {
    fn callback_type<F: 'static, R>(_: fn() -> (F, R)) -> TypeId {
        TypeId::of::<F>()
    }
    TypeId::of::<C>() == callback_type(login)
}

/// A [`channel`] for [`login`](crate::RtmClient::login), whose callback gets `(ok, error_code)`.
///
/// A token that was refused is the error 200027; any other error has the code that `login` gives. Like the error of
/// [`on_error_recorder`](crate::RtmClient::on_error_recorder), the error names the step that failed and the peer, with
/// its cause as [`source`](std::error::Error::source).
///
/// ```
/// use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
///
/// let gate = Gate::builder().token(1, "secret").start()?;
/// let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
///
/// let (callback, reply) = reply::login();
/// client.login(1, "guessed", callback, None);
/// assert_eq!(reply.wait().unwrap_err().code(), 200027);
///
/// let (callback, reply) = reply::login();
/// client.login(1, "secret", callback, None);
/// reply.wait()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn login() -> (impl FnOnce(bool, i32) + Send + 'static, Reply<Error, ()>) {
    let (sender, reply) = pair();
    let callback = move |ok: bool, error_code: i32| {
        let code = if error_code == 0 { rtm::INVALID_AUTH_TOKEN } else { error_code };
        let in_words = || guard::login_error().filter(|error| error.code() == code);
        sender.put(match ok {
            true => Ok(()),
            false => Err(in_words().unwrap_or_else(|| Error::new(code, ""))),
        });
    };
    (callback, reply)
}

/// A callback that ignores the result.
///
/// ```
/// use rtm_client::{ClientOptions, RtmClient, reply};
///
/// let client = RtmClient::new(ClientOptions::new(1).endpoint("127.0.0.1:13321"));
/// client.send_cmd(2, "typing", "", None, None, reply::ignore);
/// ```
pub fn ignore<E, T>(_err: Option<E>, _data: Option<T>) {}

/// The end of a [`channel`] that waits for the result.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// use rtm_client::SendError;
/// use rtm_client::reply::Reply;
/// use rtm_client::types::SendReply;
///
/// // Ten messages are on their way before the first answer is waited for.
/// let send = |n: i64| -> Reply<SendError, SendReply> {
///     let (callback, reply) = reply::channel();
///     client.send_chat(2, format!("hello {n}"), "", 1000 + n, None, callback);
///     reply
/// };
/// let replies: Vec<_> = (0..10).map(send).collect();
/// for (n, reply) in (0..).zip(replies) {
///     assert_eq!(reply.wait()?.mid, 1000 + n);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "the result arrives here"]
pub struct Reply<E, T> {
    shared: Arc<Shared<E, T>>,
}

/// The part of a `channel` inside the callback; tells the waiter if the callback is dropped without being called.
struct Sender<E, T> {
    shared: Arc<Shared<E, T>>,
}

struct Shared<E, T> {
    /// Guards the result until it is taken.
    state: Mutex<State<E, T>>,
    arrived: Condvar,
}

enum State<E, T> {
    Waiting,
    Arrived(Result<T, E>),
    /// The callback was dropped unrun.
    Dropped,
    Taken,
}

fn pair<E, T>() -> (Sender<E, T>, Reply<E, T>) {
    let shared = Arc::new(Shared { state: Mutex::new(State::Waiting), arrived: Condvar::new() });
    (Sender { shared: shared.clone() }, Reply { shared })
}

impl<E, T> Sender<E, T> {
    fn put(&self, result: Result<T, E>) {
        *self.shared.state.lock() = State::Arrived(result);
        self.shared.arrived.notify_one();
    }
}

impl<E, T> Drop for Sender<E, T> {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        if matches!(*state, State::Waiting) {
            *state = State::Dropped;
            self.shared.arrived.notify_one();
        }
    }
}

impl<E: From<Error>, T> Reply<E, T> {
    /// Blocks until the call has ended, at the latest by the timeout of the call. An answer of more than 1 MiB waits for
    /// its turn among the callbacks.
    ///
    /// # Errors
    ///
    /// The error of the call. Inside a callback always 20013, at once: callbacks run one at a time, so the result could
    /// depend on the end of this callback. 20013 also if the result was taken before. 20002 if the callback was dropped
    /// without being called.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.data_set("theme", "dark", None, callback);
    /// reply.wait()?;
    ///
    /// // Inside a callback there is no waiting.
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// let inside = client.clone();
    /// client.get_server_time(None, move |_, _| {
    ///     let (callback, reply) = reply::channel();
    ///     inside.get_server_time(None, callback);
    ///     sender.send(reply.wait().unwrap_err().code()).unwrap();
    /// });
    /// assert_eq!(receiver.recv()?, 20013);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait(self) -> Result<T, E> {
        self.wait_until(None).unwrap_or_else(|_| Err(dropped_unrun().into())) // which is never late
    }

    /// Waits for at most `timeout`; then the `Reply` comes back as the error, and can be waited for again.
    ///
    /// * `timeout` – the longest wait; zero only looks whether the result is there.
    ///
    /// # Errors
    ///
    /// `Err(reply)` when the time is over. `Ok(Err(_))` has the errors of [`wait`](Self::wait).
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// gate.faults().on("getservertime").next(1).delay(Duration::from_millis(300));
    /// let (callback, mut reply) = reply::channel();
    /// client.get_server_time(None, callback);
    /// let time = loop {
    ///     match reply.wait_timeout(Duration::from_millis(50)) {
    ///         Ok(result) => break result?,
    ///         Err(again) => reply = again, // and the program shows that it still waits
    ///     }
    /// };
    /// assert!(time > 1_700_000_000_000);
    /// # Ok::<(), rtm_client::Error>(())
    /// ```
    pub fn wait_timeout(self, timeout: Duration) -> Result<Result<T, E>, Self> {
        self.wait_until(Instant::now().checked_add(timeout))
    }

    /// Waits until that time; without end if the time is `None`.
    fn wait_until(self, until: Option<Instant>) -> Result<Result<T, E>, Self> {
        // Also where the result is there already: what works by luck does not work for long.
        if on_callback_thread() {
            let text = "wait() inside a callback: use the callback of the call, or a thread";
            return Ok(Err(Error::new(fpnn::CORE_FORBIDDEN, text).into()));
        }
        let mut state = self.shared.state.lock();
        while matches!(*state, State::Waiting) {
            match until {
                None => self.shared.arrived.wait(&mut state),
                Some(until) if self.shared.arrived.wait_until(&mut state, until).timed_out() => {
                    break;
                }
                Some(_) => {}
            }
        }
        if matches!(*state, State::Waiting) {
            drop(state);
            return Err(self);
        }
        Ok(take(&mut state).unwrap_or_else(|| {
            let text = "the result was taken before, by try_take()";
            Err(Error::new(fpnn::CORE_FORBIDDEN, text).into())
        }))
    }

    /// Takes the result, if the call has ended. The result can be taken once. Unlike [`wait`](Self::wait), `try_take` may
    /// be called inside a callback.
    ///
    /// # Errors
    ///
    /// `Some(Err(_))` is the error of the call, or 20002 if the callback was dropped without being called.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.get_server_time(None, callback);
    /// let time = loop {
    ///     match reply.try_take() {
    ///         Some(result) => break result?,
    ///         None => std::thread::sleep(std::time::Duration::from_millis(1)), // a frame of a game
    ///     }
    /// };
    /// assert!(time > 1_700_000_000_000);
    /// assert!(reply.try_take().is_none()); // it has been taken
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_take(&self) -> Option<Result<T, E>> {
        take(&mut self.shared.state.lock())
    }
}

fn take<E: From<Error>, T>(state: &mut State<E, T>) -> Option<Result<T, E>> {
    match std::mem::replace(state, State::Taken) {
        State::Arrived(result) => Some(result),
        State::Dropped => Some(Err(dropped_unrun().into())),
        State::Waiting => {
            *state = State::Waiting;
            None
        }
        State::Taken => None,
    }
}

fn dropped_unrun() -> Error {
    Error::new(fpnn::CORE_CONNECTION_CLOSED, "the callback was dropped without being called")
}

impl<E, T> std::fmt::Debug for Reply<E, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply").finish_non_exhaustive()
    }
}
