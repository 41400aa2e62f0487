//! The client: construct, log in, log out, state.

mod call;

use std::fmt;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::engine::{Command, Engine, Login, LoginDone};
use crate::error::Error;
use crate::error_code::fpnn;
use crate::events::ConnectionState;
use crate::guard::on_callback_thread;
use crate::options::{ClientOptions, LoginOptions, LoginToken};
use crate::push::Processor;
use crate::reply;
use crate::stats::Stats;
use crate::time::to_time;

/// How long the callbacks that are owed may take after a `bye` whose time was over.
const AFTER_CLOSE: Duration = Duration::from_millis(500);

/// A connection to the service: log in, call, listen.
///
/// An `RtmClient` is a handle: clone it freely, and use it from any thread. Dropping the last clone ends the client, as
/// [`destroy`](Self::destroy) does; a handler that needs its own client holds a [`WeakClient`].
///
/// ```
/// use std::time::Duration;
/// use rtm_client::gate::Gate;
/// use rtm_client::{ClientOptions, RtmClient, reply, server_push};
///
/// let gate = Gate::builder().start()?;
/// let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
/// client.processor().on(server_push::RECV_CHAT, |m| println!("{} says {}", m.from, m.msg));
///
/// let (callback, reply) = reply::login();
/// client.login(1, "token", callback, Duration::from_secs(10));
/// reply.wait()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[doc(alias = "RTMClient")]
pub struct RtmClient {
    handle: Arc<Handle>,
}

/// A handle that does not keep the client alive, for handlers and callbacks that the client itself holds.
///
/// ```
/// use rtm_client::{ClientOptions, RtmClient, reply, server_push};
///
/// let client = RtmClient::new(ClientOptions::new(1).endpoint("127.0.0.1:13321"));
/// let weak = client.downgrade();
/// client.processor().on(server_push::RECV_CHAT, move |m| {
///     if let Some(client) = weak.upgrade() {
///         client.send_chat(m.from, "got it", "", None, None, reply::ignore);
///     }
/// });
/// ```
#[derive(Clone)]
pub struct WeakClient {
    handle: Weak<Handle>,
}

/// The part that all clones of a client share. The threads hold the engine, never this part.
struct Handle {
    engine: Arc<Engine>,
    /// The milliseconds of the mid made last.
    last_mid: AtomicI64,
    /// Random, fixed for the client's life: two clients of one user make different mids, except with a chance of one in a
    /// million.
    stamp: i64,
}

impl Drop for Handle {
    fn drop(&mut self) {
        destroy(&self.engine);
    }
}

fn destroy(engine: &Arc<Engine>) {
    engine.processor.clear();
    engine.listeners.clear();
    engine.post(Command::Destroy);
}

impl RtmClient {
    /// Makes a client that is not connected yet. The client starts and sends nothing before [`login`](Self::login).
    ///
    /// JavaScript: `new RTMClient(options)`
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RtmClient};
    ///
    /// let options = ClientOptions::new(11000001).endpoint("rtm.example:13321");
    /// let client = RtmClient::new(options); // nothing is dialled yet
    /// ```
    pub fn new(options: ClientOptions) -> RtmClient {
        let engine = Engine::new(options);
        let stamp = i64::from(rand::random::<u32>() & ((1 << call::STAMP_BITS) - 1));
        RtmClient { handle: Arc::new(Handle { engine, last_mid: AtomicI64::new(0), stamp }) }
    }

    /// Connects and logs in as `uid` with `token`.
    ///
    /// `callback(ok, error_code)` is called once: `(true, 0)` when logged in; `(false, 0)` if the token is wrong or
    /// expired; otherwise `(false, code)`: 20012 if no connection could be made, 20003 if the gate did not answer, 20002
    /// if the connection ended or the client was closed first, or the gate's code. The reason in words is in the error of
    /// [`reply::login`](crate::reply::login); a connection that could not be made is reported to
    /// [`on_error_recorder`](Self::on_error_recorder) too.
    ///
    /// * `uid` – the user's id.
    /// * `token` – the token that the program's server got for the user.
    /// * `timeout` – how long the login may take, the name lookup and connecting included; `None` or zero means 20 s. The
    ///   option [`connection_timeout`](crate::ClientOptions::connection_timeout) bounds this time too.
    ///
    /// The client does not repeat a failed login, unless the option
    /// [`retry_first_login`](crate::ClientOptions::retry_first_login) is set.
    ///
    /// A login during another session first ends that session, as [`close`](Self::close) does.
    ///
    /// JavaScript: `login(uid, token, callback, timeout)`
    ///
    /// ```
    /// use std::time::Duration;
    /// use rtm_client::gate::Gate;
    /// use rtm_client::{ClientOptions, RtmClient};
    ///
    /// let gate = Gate::builder().start()?;
    /// let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// client.login(1, "token", move |ok, error_code| sender.send((ok, error_code)).unwrap(), Duration::from_secs(10));
    /// assert_eq!(receiver.recv()?, (true, 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn login(
        &self,
        uid: i64,
        token: impl AsRef<str>,
        callback: impl FnOnce(bool, i32) + Send + 'static,
        timeout: impl Into<Option<Duration>>,
    ) {
        self.login_with(uid, token, LoginOptions::default(), callback, timeout);
    }

    /// Logs in with options: the language of translated texts, and the second kind of token.
    ///
    /// The options also hold for the logins after a lost connection. All else is as in [`login`](Self::login).
    ///
    /// ```
    /// use rtm_client::gate::Gate;
    /// use rtm_client::{ClientOptions, LoginOptions, RtmClient, reply};
    ///
    /// let gate = Gate::builder().start()?;
    /// let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// let options = LoginOptions::default().lang("en");
    /// let (callback, reply) = reply::login();
    /// client.login_with(1, "token", options, callback, None);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The JavaScript SDK has neither option; the Unity SDK has both.
    pub fn login_with(
        &self,
        uid: i64,
        token: impl AsRef<str>,
        options: LoginOptions,
        callback: impl FnOnce(bool, i32) + Send + 'static,
        timeout: impl Into<Option<Duration>>,
    ) {
        let LoginOptions { lang, ts } = options;
        let token = LoginToken { token: token.as_ref().to_owned(), ts };
        let waited_for = reply::is_login_reply(&callback);
        let done = LoginDone { run: Box::new(callback), waited_for };
        self.handle.engine.login(Login::new(uid, token, lang, done), timeout.into());
    }

    /// Logs out gracefully: waits up to 5 s for the answers to earlier calls and files, then tells the gate, and closes
    /// the connection when the gate has answered, after 5 s more at the latest.
    ///
    /// Calls made after `bye` fail with 20012. The session ends with [`on_session_closed`](Self::on_session_closed)`(0)`; a
    /// first login that is under way ends with 20002 and without that event.
    /// While the client reconnects, `bye` ends the session at once, and messages that wait to be sent fail;
    /// [`bye_and_wait`](Self::bye_and_wait) waits for them. `bye` never blocks, and may be called inside a callback.
    /// Dropping the last handle afterwards ends everything at once, as always.
    ///
    /// JavaScript: `bye()`
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// client.on_session_closed(move |error_code| sender.send(error_code).unwrap());
    /// client.bye();
    /// assert_eq!(receiver.recv()?, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn bye(&self) {
        self.handle.engine.post(Command::Bye { until: None });
    }

    /// Logs out as [`bye`](Self::bye) does, and waits for the end of the session: all calls are answered, messages that
    /// waited for a relogin are sent, the gate has answered `bye`, every callback has run, and the threads of the client
    /// are gone.
    ///
    /// With [`Callbacks::Manual`](crate::Callbacks) the callbacks run inside `bye_and_wait`, also those that end with 20002 because
    /// the time is over.
    ///
    /// * `timeout` – how long all of this may take; afterwards the connection is closed, and calls still in flight end
    ///   with 20002.
    ///
    /// # Errors
    ///
    /// 20003 if `timeout` is over. 20013 at once inside a callback, where the wait would never end; the client then logs
    /// out as `bye` does.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// use rtm_client::gate::ConversationId;
    ///
    /// for n in 0..300 {
    ///     client.send_chat(2, format!("message {n}"), "", None, None, |err, _| assert!(err.is_none()));
    /// }
    /// client.bye_and_wait(Duration::from_secs(10))?;
    /// assert_eq!(gate.stored(ConversationId::p2p(1, 2)).len(), 300);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn bye_and_wait(&self, timeout: Duration) -> Result<(), Error> {
        if on_callback_thread() {
            self.bye();
            let text = "bye_and_wait() inside a callback would never return: use bye()";
            return Err(Error::new(fpnn::CORE_FORBIDDEN, text));
        }
        let engine = &self.handle.engine;
        let until = engine.now().saturating_add(to_time(timeout));
        engine.post(Command::Bye { until: Some(until) });
        self.wait_for_bye(timeout)
    }

    /// Waits for the end that `bye` has begun, and closes the connection after `timeout`.
    fn wait_for_bye(&self, timeout: Duration) -> Result<(), Error> {
        let engine = &self.handle.engine;
        let until = engine.now().saturating_add(to_time(timeout));
        // The session ends by itself when the time is over, which is no success.
        if engine.wait_for_callbacks(timeout) && (timeout.is_zero() || engine.now() < until) {
            return Ok(());
        }
        self.close();
        // What is owed ends now. With `Callbacks::Manual` nobody else may run it.
        engine.wait_for_callbacks(AFTER_CLOSE);
        Err(Error::new(fpnn::CORE_TIMEOUT, "the session did not come to its end: it is closed"))
    }

    /// Closes the connection without telling the gate. Never blocks; may be called inside a callback.
    ///
    /// Calls in flight end with 20002, later ones with 20012. The session ends with
    /// [`on_session_closed`](Self::on_session_closed)`(0)`. A later login is possible.
    ///
    /// JavaScript: `close()`
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// client.close();
    ///
    /// let (callback, reply) = reply::channel();
    /// client.get_session(None, callback);
    /// assert_eq!(reply.wait().unwrap_err().code(), 20012);
    /// ```
    pub fn close(&self) {
        self.handle.engine.post(Command::Close);
    }

    /// Closes the connection and waits until the threads of the client are gone; every callback that was due has run
    /// then. (With [`Callbacks::Manual`](crate::Callbacks) the callbacks run in [`run_callbacks`](Self::run_callbacks),
    /// before or after.)
    ///
    /// After [`bye`](Self::bye), `close_and_wait` first lets the `bye` finish, as [`bye_and_wait`](Self::bye_and_wait)
    /// does, and closes when `timeout` is over.
    ///
    /// * `timeout` – the longest wait.
    ///
    /// # Errors
    ///
    /// 20003 if `timeout` is over; 20013 at once inside a callback, where the wait would never end. The connection is
    /// closed in both cases.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// client.send_chat(2, "last words", "", None, None, |_, _| println!("this is printed"));
    /// client.close_and_wait(Duration::from_secs(10))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn close_and_wait(&self, timeout: Duration) -> Result<(), Error> {
        if self.handle.engine.is_leaving() && !on_callback_thread() {
            return self.wait_for_bye(timeout);
        }
        self.close();
        if on_callback_thread() {
            let text = "close_and_wait() inside a callback would never return: use close()";
            return Err(Error::new(fpnn::CORE_FORBIDDEN, text));
        }
        if self.handle.engine.wait_for_threads(timeout) {
            Ok(())
        } else {
            Err(Error::new(fpnn::CORE_TIMEOUT, "a callback is still running"))
        }
    }

    /// Ends everything without an event: removes all listeners and closes the connection.
    ///
    /// Calls in flight still get their callback, with 20002.
    ///
    /// JavaScript: `destroy()`
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// client.on_session_closed(|_| unreachable!("no event comes"));
    /// client.destroy();
    /// # client.close_and_wait(Duration::from_secs(10)).unwrap();
    /// ```
    pub fn destroy(&self) {
        destroy(&self.handle.engine);
    }

    /// The state of the connection now. Any thread may ask at any time;
    /// [`on_connection_state`](Self::on_connection_state) reports each change.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, ConnectionState, RtmClient, gate::Gate, reply};
    ///
    /// let gate = Gate::builder().start()?;
    /// let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// assert_eq!(client.connection_state(), ConnectionState::Closed);
    /// let (callback, reply) = reply::login();
    /// client.login(1, "token", callback, None);
    /// reply.wait()?;
    /// assert_eq!(client.connection_state(), ConnectionState::Online);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn connection_state(&self) -> ConnectionState {
        self.handle.engine.connection_state()
    }

    /// Checks the connection now: for a program that learns that the network has changed.
    ///
    /// While online, the client pings the gate, and gives the connection up after 3 s of silence. While the client waits
    /// for the next attempt to log in again, the attempt begins now. Otherwise the call does nothing. Never blocks.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// client.check_connection(); // the laptop has joined another network
    /// ```
    pub fn check_connection(&self) {
        self.handle.engine.check_connection();
    }

    /// Waits until the client is online.
    ///
    /// * `timeout` – the longest wait.
    ///
    /// # Errors
    ///
    /// If the client will not come online, an error at once: the error of the login if the login failed; 20012 if there
    /// was no login, or if the session has ended, with the reason in words. 20003 if `timeout` is over. 20013 at once
    /// inside a callback.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate};
    ///
    /// let gate = Gate::builder().start()?;
    /// let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// client.login(1, "token", |_, _| {}, None);
    /// client.wait_online(Duration::from_secs(10))?;
    ///
    /// client.close();
    /// let error = client.wait_online(Duration::from_secs(10)).unwrap_err();
    /// assert_eq!(error.message(), "the session has ended: the program has closed it");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_online(&self, timeout: Duration) -> Result<(), Error> {
        if on_callback_thread() {
            let text = "wait_online() inside a callback: use on_connection_state()";
            return Err(Error::new(fpnn::CORE_FORBIDDEN, text));
        }
        self.handle.engine.wait_online(timeout)
    }

    /// Registers handlers for pushes.
    ///
    /// JavaScript: `processor`
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// use rtm_client::server_push;
    ///
    /// client.processor().on(server_push::RECV_CHAT, |m| println!("{} says {}", m.from, m.msg));
    /// ```
    pub fn processor(&self) -> &Processor {
        &self.handle.engine.processor
    }

    /// Runs the callbacks and handlers that are due on this thread, if the client was made with
    /// [`Callbacks::Manual`](crate::Callbacks). Waits up to `timeout` for the first callback; zero does not wait. Returns
    /// the number of callbacks that ran.
    ///
    /// Also works after the connection is closed, until every due callback has run.
    ///
    /// # Errors
    ///
    /// 20013 if the client runs its callbacks by itself, or if another `run_callbacks` is running.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rtm_client::{Callbacks, ClientOptions, RtmClient, gate::Gate};
    ///
    /// let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).callbacks(Callbacks::Manual);
    /// let client = RtmClient::new(options);
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// client.login(1, "token", move |ok, _| sender.send(ok).unwrap(), None);
    ///
    /// let logged_in = loop {
    ///     client.run_callbacks(Duration::from_millis(10))?; // once a frame
    ///     if let Ok(ok) = receiver.try_recv() {
    ///         break ok;
    ///     }
    /// };
    /// assert!(logged_in);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run_callbacks(&self, timeout: Duration) -> Result<usize, Error> {
        self.handle.engine.run_callbacks(timeout)
    }

    /// Counters of what the client has done: calls, answers, timeouts, pushes, bytes. Reading the counters does not delay
    /// the client.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.get_server_time(None, callback);
    /// reply.wait()?;
    /// let stats = client.stats();
    /// assert_eq!((stats.calls, stats.answers, stats.timeouts), (1, 1, 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stats(&self) -> Stats {
        self.handle.engine.stats()
    }

    /// A handle that does not keep the client alive.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = started();
    /// let weak = client.downgrade();
    /// drop(client);
    /// assert!(weak.upgrade().is_none());
    /// ```
    pub fn downgrade(&self) -> WeakClient {
        WeakClient { handle: Arc::downgrade(&self.handle) }
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.handle.engine
    }
}

impl WeakClient {
    /// Gives the client, unless the last handle is gone.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RtmClient};
    ///
    /// let client = RtmClient::new(ClientOptions::new(1).endpoint("127.0.0.1:13321"));
    /// let weak = client.downgrade();
    /// let again = weak.upgrade().expect("client is still there");
    /// drop(client);
    /// assert!(weak.upgrade().is_some()); // again is a handle too
    /// drop(again);
    /// assert!(weak.upgrade().is_none());
    /// ```
    pub fn upgrade(&self) -> Option<RtmClient> {
        Some(RtmClient { handle: self.handle.upgrade()? })
    }
}

impl fmt::Debug for RtmClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RtmClient")
            .field("gate_url", &self.handle.engine.options.gate_url())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for WeakClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakClient").finish_non_exhaustive()
    }
}
