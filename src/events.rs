//! The events of the client itself: errors, relogins, the end of the session, and what the program is asked.

use std::cell::{Cell, RefCell};

use crate::client::RtmClient;
use crate::error::Error;
use crate::listeners::{Event, ListenerId};
use crate::options::LoginToken;

/// The outcome of an attempt to log in again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReloginCompleted {
    pub(crate) successful: bool,
    pub(crate) retry_again: bool,
    pub(crate) error_code: i32,
    pub(crate) retried_count: u32,
}

/// An attempt to log in again is about to begin, unless a handler says no.
#[derive(Debug)]
pub(crate) struct ReloginWillStart {
    pub(crate) last_error: i32,
    pub(crate) retried_count: u32,
    pub(crate) vetoed: Cell<bool>,
}

/// A login needs a token; a handler may have one.
pub(crate) struct TokenWanted {
    pub(crate) uid: i64,
    pub(crate) token: RefCell<Option<LoginToken>>,
}

pub(crate) const RELOGIN_WILL_START: Event<ReloginWillStart> = Event::new("ReloginWillStart");
pub(crate) const TOKEN_WANTED: Event<TokenWanted> = Event::new("TokenWanted");
pub(crate) const ERROR_RECORDER: Event<Error> = Event::new("ErrorRecorder");
pub(crate) const RELOGIN_COMPLETED: Event<ReloginCompleted> = Event::new("ReloginCompleted");
pub(crate) const SESSION_CLOSED: Event<i32> = Event::new("SessionClosed");

/// Events: what the program has a say in.
impl RtmClient {
    /// Asks `handler(last_error, retried_count)` before each attempt to log in again; `false` ends the session instead.
    ///
    /// `last_error` is the code of what ended the connection or the attempt before, `retried_count` how many attempts
    /// this outage has seen. On `false` [`on_session_closed`](Self::on_session_closed) gets `last_error`. Of several
    /// handlers one `false` is enough. The attempt waits for the answer, the answer for the callback thread.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RtmClient};
    ///
    /// let client = RtmClient::new(ClientOptions::new(1).endpoint("127.0.0.1:13321"));
    /// client.on_relogin_will_start(|last_error, retried_count| {
    ///     println!("connection lost ({last_error}), {retried_count} attempts so far");
    ///     retried_count < 5
    /// });
    /// ```
    #[doc(alias = "ReloginWillStart")]
    pub fn on_relogin_will_start(
        &self,
        mut handler: impl FnMut(i32, u32) -> bool + Send + 'static,
    ) -> ListenerId {
        self.engine().listeners.on(RELOGIN_WILL_START, move |event: &ReloginWillStart| {
            if !handler(event.last_error, event.retried_count) {
                event.vetoed.set(true);
            }
        })
    }

    /// Asks `handler(uid)` for a fresh token: before each attempt to log in again, and once when a login or such an attempt
    /// is refused for its token, which is then tried again with the new one.
    ///
    /// `None` means there is none: a relogin goes on with the token it has, a refusal is final. Of several handlers the
    /// last one that has a token counts. A token is a text, or a [`LoginToken`]. The login waits for the answer, the answer for the callback thread: a
    /// handler may take its time to fetch one, and the callbacks behind it wait.
    ///
    /// ```
    /// use rtm_client::gate::Gate;
    /// use rtm_client::{ClientOptions, RtmClient, reply};
    ///
    /// let gate = Gate::builder().token(1, "fresh").start()?;
    /// let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// client.on_token_wanted(|uid| (uid == 1).then(|| "fresh".to_owned()));
    ///
    /// let (callback, reply) = reply::login();
    /// client.login(1, "expired", callback, None);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_token_wanted<T: Into<LoginToken>>(
        &self,
        mut handler: impl FnMut(i64) -> Option<T> + Send + 'static,
    ) -> ListenerId {
        self.engine().listeners.on(TOKEN_WANTED, move |event: &TokenWanted| {
            if let Some(token) = handler(event.uid) {
                event.token.replace(Some(token.into()));
            }
        })
    }
}
