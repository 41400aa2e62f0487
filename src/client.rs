//! The client: construct, log in, log out, events, and the one door every call goes through.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::engine::{Command, Complete, Engine, Kind, Login, LoginDone};
use crate::error::{Error, SendError};
use crate::error_code::fpnn;
use crate::events::{self, ReloginCompleted};
use crate::guard::on_callback_thread;
use crate::listeners::ListenerId;
use crate::options::{ClientOptions, LoginOptions, LoginToken};
use crate::push::Processor;
use crate::reply;
use crate::resume::Change;
use crate::stats::Stats;
use crate::time::Time;
use crate::wire::answer::Answer;
use crate::wire::payload::{Fields, MapWriter, write_map};

/// A connection to the service: log in, call, listen.
///
/// A handle: clone it freely, use it from any thread. When the last clone is dropped the client ends as by
/// [`destroy`](Self::destroy); a handler that needs its own client holds a [`WeakClient`].
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

/// What all clones of a client share. The threads hold the engine, never this.
struct Handle {
    engine: Arc<Engine>,
    last_mid: AtomicI64,
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
    /// A client that is not connected yet. Nothing is started and nothing is sent before [`login`](Self::login).
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient};
    /// let options = ClientOptions::new(11000001).endpoint("rtm.example:13321");
    /// let client = RtmClient::new(options); // nothing is dialled yet
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(options: ClientOptions) -> RtmClient {
        let engine = Engine::new(options);
        RtmClient { handle: Arc::new(Handle { engine, last_mid: AtomicI64::new(0) }) }
    }

    /// Connects and logs in as `uid` with `token`.
    ///
    /// `callback(ok, error_code)` is called once: `(true, 0)` when logged in; `(false, 0)` if the token is wrong or
    /// expired; otherwise `(false, code)`: 20012 if no connection could be made, 20003 if the gate did not answer within
    /// `timeout` (default 20 s; the option `connection_timeout` bounds it too), 20002 if the connection ended or the client was closed first, or the gate's code.
    /// What went wrong in words is given to [`on_error_recorder`](Self::on_error_recorder).
    ///
    /// A login while another session is up ends that one first, as [`close`](Self::close) does.
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

    /// The same with options: the language texts are translated into, and the second kind of token.
    ///
    /// They hold for the logins that follow a lost connection too.
    ///
    /// ```
    /// use rtm_client::gate::Gate;
    /// use rtm_client::{ClientOptions, LoginOptions, RtmClient, reply};
    ///
    /// let gate = Gate::builder().start()?;
    /// let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// let options = LoginOptions { lang: Some("en".into()), ..Default::default() };
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

    /// Logs out: tells the gate, then closes the connection when the gate has answered, after 5 s at the latest.
    ///
    /// Calls made before are answered as far as the gate does; calls made after fail with 20012. The session ends with
    /// [`on_session_closed`](Self::on_session_closed)`(0)`.
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().start()?;
    /// # let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// # let (callback, reply) = reply::login();
    /// # client.login(1, "token", callback, None);
    /// # reply.wait()?;
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// client.on_session_closed(move |error_code| sender.send(error_code).unwrap());
    /// client.bye();
    /// assert_eq!(receiver.recv()?, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn bye(&self) {
        self.handle.engine.post(Command::Bye);
    }

    /// Closes the connection without telling the gate. Never blocks; fine inside a callback.
    ///
    /// Calls in flight end with 20002, later ones with 20012. The session ends with
    /// [`on_session_closed`](Self::on_session_closed)`(0)`. A later login works.
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().start()?;
    /// # let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// # let (callback, reply) = reply::login();
    /// # client.login(1, "token", callback, None);
    /// # reply.wait()?;
    /// client.close();
    ///
    /// let (callback, reply) = reply::channel();
    /// client.get_session(None, callback);
    /// assert_eq!(reply.wait().unwrap_err().code(), 20012);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn close(&self) {
        self.handle.engine.post(Command::Close);
    }

    /// Closes the connection and waits until the threads of the client are gone, which includes every callback owed
    /// (with [`Callbacks::Manual`](crate::Callbacks), those run in [`run_callbacks`](Self::run_callbacks), before or after).
    ///
    /// # Errors
    ///
    /// 20003 if that takes longer than `timeout`; 20013 at once inside a callback, where waiting would never end. The
    /// connection is closed in both cases.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().start()?;
    /// # let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// # let (callback, reply) = reply::login();
    /// # client.login(1, "token", callback, None);
    /// # reply.wait()?;
    /// client.send_chat(2, "last words", "", None, None, |_, _| println!("this is printed"));
    /// client.close_and_wait(Duration::from_secs(10))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn close_and_wait(&self, timeout: Duration) -> Result<(), Error> {
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
    /// ```
    /// # use std::time::Duration;
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().start()?;
    /// # let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// # let (callback, reply) = reply::login();
    /// # client.login(1, "token", callback, None);
    /// # reply.wait()?;
    /// client.on_session_closed(|_| unreachable!("no event comes"));
    /// client.destroy();
    /// # client.close_and_wait(Duration::from_secs(10))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn destroy(&self) {
        destroy(&self.handle.engine);
    }

    /// Where listeners for pushes are registered.
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().start()?;
    /// # let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// # let (callback, reply) = reply::login();
    /// # client.login(1, "token", callback, None);
    /// # reply.wait()?;
    /// use rtm_client::server_push;
    ///
    /// client.processor().on(server_push::RECV_CHAT, |m| println!("{} says {}", m.from, m.msg));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn processor(&self) -> &Processor {
        &self.handle.engine.processor
    }

    /// Calls `handler` whenever something went wrong that is no call's own error: for logging.
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate};
    /// # let gate = Gate::builder().start()?;
    /// # let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// client.on_error_recorder(|error| eprintln!("{error}"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "ErrorRecorder")]
    pub fn on_error_recorder(&self, handler: impl FnMut(&Error) + Send + 'static) -> ListenerId {
        self.handle.engine.listeners.on(events::ERROR_RECORDER, handler)
    }

    /// Calls `handler(successful, retry_again, error_code, retried_count)` after every attempt to log in again.
    ///
    /// `retried_count` counts the attempts of this outage from 1.
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate};
    /// # let gate = Gate::builder().start()?;
    /// # let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// client.on_relogin_completed(|successful, retry_again, error_code, retried_count| {
    ///     match (successful, retry_again) {
    ///         (true, _) => println!("back again after {retried_count} attempts"),
    ///         (false, true) => println!("attempt {retried_count} failed with {error_code}"),
    ///         (false, false) => println!("given up: {error_code}"),
    ///     }
    /// });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "ReloginCompleted")]
    pub fn on_relogin_completed(
        &self,
        mut handler: impl FnMut(bool, bool, i32, u32) + Send + 'static,
    ) -> ListenerId {
        self.handle.engine.listeners.on(
            events::RELOGIN_COMPLETED,
            move |event: &ReloginCompleted| {
                handler(event.successful, event.retry_again, event.error_code, event.retried_count);
            },
        )
    }

    /// Calls `handler(error_code)` when the session has ended for good.
    ///
    /// 0 after [`close`](Self::close), [`bye`](Self::bye) and a kickout; 20001 if the connection was lost and
    /// `auto_reconnect` is off; 200027 if the token was refused at a relogin; the gate's code if a relogin cannot succeed;
    /// the code of what failed last after [`max_relogin_attempts`](ClientOptions::max_relogin_attempts) or a veto of
    /// [`on_relogin_will_start`](Self::on_relogin_will_start).
    /// Not called when the first login fails, nor after [`destroy`](Self::destroy).
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate};
    /// # let gate = Gate::builder().start()?;
    /// # let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// client.on_session_closed(|error_code| println!("logged out, code {error_code}"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "SessionClosed")]
    pub fn on_session_closed(&self, mut handler: impl FnMut(i32) + Send + 'static) -> ListenerId {
        self.handle.engine.listeners.on(events::SESSION_CLOSED, move |code: &i32| handler(*code))
    }

    /// Removes a handler that one of the calls above has added. `false` if it is not there.
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate};
    /// # let gate = Gate::builder().start()?;
    /// # let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// let id = client.on_session_closed(|error_code| println!("{error_code}"));
    /// assert!(client.off(id));
    /// assert!(!client.off(id));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn off(&self, id: ListenerId) -> bool {
        self.handle.engine.listeners.off(id)
    }

    /// Runs the callbacks and handlers that are due on this thread, if the client was made with
    /// [`Callbacks::Manual`](crate::Callbacks). Waits up to `timeout` for the first; zero does not wait. Returns how
    /// many ran.
    ///
    /// Goes on working after the connection is closed, until everything owed has run.
    ///
    /// # Errors
    ///
    /// 20013 if the client runs its callbacks itself, or if `run_callbacks` is running already.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate};
    /// # let gate = Gate::builder().start()?;
    /// use rtm_client::Callbacks;
    ///
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

    /// Counters of what the client has done: calls, answers, timeouts, pushes, bytes. Reading them holds nothing up.
    ///
    /// ```
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    /// # let gate = Gate::builder().start()?;
    /// # let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// # let (callback, reply) = reply::login();
    /// # client.login(1, "token", callback, None);
    /// # reply.wait()?;
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
    /// # use rtm_client::{ClientOptions, RtmClient, gate::Gate};
    /// # let gate = Gate::builder().start()?;
    /// # let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// let weak = client.downgrade();
    /// drop(client);
    /// assert!(weak.upgrade().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn downgrade(&self) -> WeakClient {
        WeakClient { handle: Arc::downgrade(&self.handle) }
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.handle.engine
    }

    /// The one door of the API: sends the quest `method` with the payload that `payload` writes, and calls `callback`
    /// once, with what `decode` makes of the answer's fields.
    pub(crate) fn call<T, P, C>(
        &self,
        method: &'static str,
        payload: P,
        timeout: impl Into<Option<Duration>>,
        decode: fn(&Fields<'_>) -> Result<T, Error>,
        callback: C,
    ) where
        T: Send + 'static,
        P: FnOnce(&mut MapWriter<'_>),
        C: FnOnce(Option<Error>, Option<T>) + Send + 'static,
    {
        let payload = |out: &mut Vec<u8>| write_map(out, payload);
        let complete = completion(decode, callback);
        let engine = &self.handle.engine;
        engine.call(Kind::Call, method, engine.now(), payload, timeout.into(), complete);
    }

    /// The same for a call without data whose success is a change to be resumed after a relogin, if the options say so.
    pub(crate) fn change<P, C>(
        &self,
        change: Change,
        method: &'static str,
        payload: P,
        timeout: impl Into<Option<Duration>>,
        callback: C,
    ) where
        P: FnOnce(&mut MapWriter<'_>),
        C: FnOnce(Option<Error>, Option<()>) + Send + 'static,
    {
        let engine = &self.handle.engine;
        let payload = |out: &mut Vec<u8>| write_map(out, payload);
        let complete = match (change.counts(&engine.options), completion(|_| Ok(()), callback)) {
            (true, complete) => Complete::Noted(Box::new((change, complete))),
            (false, complete) => complete,
        };
        engine.call(Kind::Call, method, engine.now(), payload, timeout.into(), complete);
    }

    /// The same for whatever sends a message: its errors carry the mid, its data is made from the mid and the answer.
    #[expect(clippy::too_many_arguments, reason = "the one door of everything that sends")]
    pub(crate) fn send<T, P, C>(
        &self,
        method: &'static str,
        now: Time,
        mid: i64,
        payload: P,
        timeout: impl Into<Option<Duration>>,
        decode: fn(i64, &Answer<'_>) -> Result<T, Error>,
        callback: C,
    ) where
        T: Send + 'static,
        P: FnOnce(&mut MapWriter<'_>),
        C: FnOnce(Option<SendError>, Option<T>) + Send + 'static,
    {
        let complete = move |answer: Result<Answer<'_>, Error>| match answer
            .and_then(|answer| decode(mid, &answer))
        {
            Ok(data) => callback(None, Some(data)),
            Err(error) => callback(Some(SendError { mid, error }), None),
        };
        let payload = |out: &mut Vec<u8>| write_map(out, payload);
        let complete = match reply::is_reply::<SendError, T, C>() {
            true => Complete::Waiter(Box::new(complete)),
            false => Complete::Callback(Box::new(complete)),
        };
        self.handle.engine.call(Kind::Send, method, now, payload, timeout.into(), complete);
    }

    /// The mid given, or a new one if there is none or it is 0.
    pub(crate) fn mid(&self, given: Option<i64>, now: Time) -> i64 {
        if let Some(mid) = given.filter(|&mid| mid != 0) {
            return mid;
        }
        let last_mid = &self.handle.last_mid;
        let millis = self.handle.engine.wall_millis(now);
        let is_first = last_mid.load(Ordering::Relaxed) < millis * 1000;
        // The digits start anywhere, so that two connections of one user seldom meet.
        let digits = if is_first { i64::from(rand::random::<u16>() % 1000) } else { 0 };
        let next = |last: i64| Some(next_mid(last, millis, digits));
        match last_mid.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next) {
            Ok(last) | Err(last) => next_mid(last, millis, digits),
        }
    }
}

/// The time in milliseconds followed by three digits, but never one that was used: however many are made in a millisecond,
/// and wherever the clock jumps.
fn next_mid(last: i64, millis: i64, digits: i64) -> i64 {
    (millis * 1000 + digits).max(last + 1)
}

/// What ends a call: decodes the answer and calls back.
fn completion<T, C>(decode: fn(&Fields<'_>) -> Result<T, Error>, callback: C) -> Complete
where
    T: Send + 'static,
    C: FnOnce(Option<Error>, Option<T>) + Send + 'static,
{
    let complete = move |answer: Result<Answer<'_>, Error>| match answer
        .and_then(|answer| answer.read(decode))
    {
        Ok(data) => callback(None, Some(data)),
        Err(error) => callback(Some(error), None),
    };
    match reply::is_reply::<Error, T, C>() {
        true => Complete::Waiter(Box::new(complete)),
        false => Complete::Callback(Box::new(complete)),
    }
}

impl WeakClient {
    /// The client, unless its last handle is gone.
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

#[cfg(test)]
mod tests {
    use super::next_mid;

    #[test]
    fn mids_grow_wherever_the_clock_jumps() {
        const DAY: i64 = 86_400_000;
        let now = 1_800_000_000_000;
        let clock = [now, now, now + 1, now + DAY, now + 1, now - DAY, 0, -DAY, now + 2 * DAY];
        let mut last = 0;
        for (digits, millis) in clock.into_iter().enumerate() {
            for _ in 0..2000 {
                let mid = next_mid(last, millis, digits as i64);
                assert!(mid > last, "{mid} after {last}");
                last = mid;
            }
        }
        assert_eq!(last, (now + 2 * DAY) * 1000 + 8 + 1999, "the clock's again");
    }
}
