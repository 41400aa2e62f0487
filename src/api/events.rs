//! The client's own events: errors, relogins, the end of the session, and questions to the program.

use crate::client::RtmClient;
use crate::error::Error;
use crate::events::{self, ConnectionState, ReloginCompleted, ReloginWillStart, TokenWanted};
use crate::listeners::ListenerId;
use crate::options::LoginToken;
use crate::types::Gap;

/// Events of the client itself.
impl RtmClient {
    /// Calls `handler` for errors of the connection, for logging: a connection that could not be made (20012), also by a
    /// login, or was lost (20002), a push that cannot be read, a room or language that cannot be resumed. The answer of the
    /// service to a call or a login goes to its callback alone.
    ///
    /// JavaScript: `on("ErrorRecorder", (error) => {})`
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = started();
    /// client.on_error_recorder(|error| eprintln!("{error}"));
    /// ```
    #[doc(alias = "ErrorRecorder")]
    pub fn on_error_recorder(&self, handler: impl FnMut(&Error) + Send + 'static) -> ListenerId {
        self.engine().listeners.on(events::ERROR_RECORDER, handler)
    }

    /// Calls `handler(&state)` whenever the [`connection_state`](Self::connection_state) has changed, with the new state.
    ///
    /// A lost connection is reported as [`Reconnecting`](ConnectionState::Reconnecting) before the callbacks of the calls in
    /// flight run; only [`wait`](crate::reply::Reply::wait) may return before the handler has run.
    /// `connection_state` gives the new state already before the handler runs; if the state has changed again by then,
    /// the next call of the handler reports that change. No change is reported after [`destroy`](Self::destroy).
    ///
    /// ```
    /// use std::time::Duration;
    /// use rtm_client::ConnectionState;
    /// # use rtm_client::doctest::*; let (gate, client) = started();
    ///
    /// let (sender, states) = std::sync::mpsc::channel();
    /// client.on_connection_state(move |state| sender.send(*state).unwrap());
    /// client.login(1, "token", |_, _| {}, None);
    /// assert_eq!(states.recv()?, ConnectionState::Connecting);
    /// assert_eq!(states.recv()?, ConnectionState::Online);
    /// client.close_and_wait(Duration::from_secs(10))?;
    /// assert_eq!(states.recv()?, ConnectionState::Closed);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The JavaScript SDK has no such event; the Unity SDK does.
    #[doc(alias = "ClientStatusChanged")]
    pub fn on_connection_state(
        &self,
        handler: impl FnMut(&ConnectionState) + Send + 'static,
    ) -> ListenerId {
        self.engine().listeners.on(events::CONNECTION_STATE, handler)
    }

    /// Calls `handler(successful, retry_again, error_code, retried_count)` after every attempt to log in again.
    ///
    /// `retried_count` is the number of the attempt in this outage, counted from 1, as
    /// [`on_relogin_will_start`](Self::on_relogin_will_start) got it before the attempt.
    ///
    /// JavaScript: `on("ReloginCompleted", (successful, retryAgain, errorCode, retriedCount) => {})`
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = started();
    /// client.on_relogin_completed(|successful, retry_again, error_code, retried_count| {
    ///     match (successful, retry_again) {
    ///         (true, _) => println!("back again after {retried_count} attempts"),
    ///         (false, true) => println!("attempt {retried_count} failed with {error_code}"),
    ///         (false, false) => println!("given up: {error_code}"),
    ///     }
    /// });
    /// ```
    #[doc(alias = "ReloginCompleted")]
    pub fn on_relogin_completed(
        &self,
        handler: impl FnMut(bool, bool, i32, u32) + Send + 'static,
    ) -> ListenerId {
        let mut handler = handler;
        self.engine().listeners.on(events::RELOGIN_COMPLETED, move |event: &ReloginCompleted| {
            handler(event.successful, event.retry_again, event.error_code, event.retried_count);
        })
    }

    /// Calls `handler(error_code)` when the session has ended for good.
    ///
    /// The code is 0 after [`close`](Self::close), [`bye`](Self::bye) and a kickout; 20001 if the connection was lost and
    /// `auto_reconnect` is off; 200027 if the token was refused at a relogin; the gate's code if a relogin cannot
    /// succeed; the code of the last failure after [`max_relogin_attempts`](crate::ClientOptions::max_relogin_attempts)
    /// or a veto of [`on_relogin_will_start`](Self::on_relogin_will_start). Not called when the first login fails, nor
    /// after [`destroy`](Self::destroy).
    ///
    /// JavaScript: `on("SessionClosed", (errorCode) => {})`
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = started();
    /// client.on_session_closed(|error_code| println!("logged out, code {error_code}"));
    /// ```
    #[doc(alias = "SessionClosed")]
    pub fn on_session_closed(&self, handler: impl FnMut(i32) + Send + 'static) -> ListenerId {
        let mut handler = handler;
        self.engine().listeners.on(events::SESSION_CLOSED, move |code: &i32| handler(*code))
    }

    /// Calls `handler(&gap)` when [`catch_up`](crate::ClientOptions::catch_up) could not fetch some missed messages: at
    /// most once for each conversation and lost connection. Without that option the handler is not called.
    ///
    /// The gap comes after the messages that were fetched, and before messages that were pushed meanwhile. The reason is
    /// one of these: the service had forgotten messages; there were more than
    /// [`max_messages`](crate::CatchUp::max_messages); a question failed, also after repeats; a room was not entered
    /// again; or the session ended meanwhile.
    ///
    /// ```
    /// use rtm_client::CatchUp;
    /// use rtm_client::types::GapConversation;
    /// # use rtm_client::doctest::*; let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid())
    ///     .endpoint(gate.endpoint())
    ///     .catch_up(CatchUp::new().max_messages(1));
    /// # let client = login(options)?;
    /// let (sender, gaps) = std::sync::mpsc::channel();
    /// client.on_gap(move |gap| sender.send(gap.conversation).unwrap());
    /// # settle(&client);
    ///
    /// gate.faults().on("pushbroadcastmsg").next(2).never_answer(); // both are lost on their way
    /// gate.broadcast(99, 30, "one", "");
    /// gate.broadcast(99, 30, "two", "");
    /// gate.faults().on("getservertime").next(1).close(); // and so is the connection
    /// client.get_server_time(None, reply::ignore);
    /// assert_eq!(gaps.recv()?, GapConversation::Broadcast);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The JavaScript SDK has no such event.
    pub fn on_gap(&self, handler: impl FnMut(&Gap) + Send + 'static) -> ListenerId {
        self.engine().listeners.on(events::GAP, handler)
    }

    /// Asks `handler(last_error, retried_count)` before each attempt to log in again; `false` ends the session instead.
    ///
    /// `last_error` is the code with which the connection or the last attempt ended. `retried_count` is the number of the
    /// next attempt, counted from 1, as [`on_relogin_completed`](Self::on_relogin_completed) gets it after the attempt.
    /// On `false` [`on_session_closed`](Self::on_session_closed) gets `last_error`. Of several handlers one `false` is
    /// enough. The attempt waits for the handler, and the handler waits for the callbacks before it.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RtmClient};
    ///
    /// let client = RtmClient::new(ClientOptions::new(1).endpoint("127.0.0.1:13321"));
    /// client.on_relogin_will_start(|last_error, retried_count| {
    ///     println!("connection lost ({last_error}), attempt {retried_count} begins");
    ///     retried_count <= 5
    /// });
    /// ```
    #[doc(alias = "ReloginWillStart")]
    pub fn on_relogin_will_start(
        &self,
        handler: impl FnMut(i32, u32) -> bool + Send + 'static,
    ) -> ListenerId {
        let mut handler = handler;
        self.engine().listeners.on(events::RELOGIN_WILL_START, move |event: &ReloginWillStart| {
            if !handler(event.last_error, event.retried_count) {
                event.vetoed.set(true);
            }
        })
    }

    /// Asks `handler(&wanted)` for a fresh token of the user `wanted.uid`: before each attempt to log in again, and once
    /// when a login or such an attempt is refused for its token. The client then tries again with the new token.
    ///
    /// `None` means that there is no fresh token: a relogin goes on with the token it has, and a refusal is final. Of
    /// several handlers the last one with a token counts. A token is a text, or a [`LoginToken`].
    ///
    /// The login waits for the answer. A handler that needs time, for example to ask the program's own server, takes a slot
    /// with [`TokenWanted::later`]; without a slot, later callbacks wait for the handler.
    ///
    /// ```
    /// use rtm_client::gate::Gate;
    /// use rtm_client::{ClientOptions, RtmClient, reply};
    ///
    /// let gate = Gate::builder().token(1, "fresh").start()?;
    /// let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// client.on_token_wanted(|wanted| (wanted.uid == 1).then(|| "fresh".to_owned()));
    ///
    /// let (callback, reply) = reply::login();
    /// client.login(1, "expired", callback, None);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_token_wanted<T: Into<LoginToken>>(
        &self,
        handler: impl FnMut(&TokenWanted) -> Option<T> + Send + 'static,
    ) -> ListenerId {
        let mut handler = handler;
        self.engine().listeners.on(events::TOKEN_WANTED, move |event: &TokenWanted| {
            if let Some(token) = handler(event) {
                event.token.replace(Some(token.into()));
            }
        })
    }

    /// Removes a handler that any `on_…` call above or [`Processor::on`](crate::Processor::on) has added. Returns `false`
    /// if there is no such handler.
    ///
    /// The handler is not called again, but a running call of the handler goes on to its end.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// use rtm_client::server_push;
    ///
    /// let (sender, texts) = std::sync::mpsc::channel();
    /// let first = sender.clone();
    /// let id = client.processor().on(server_push::RECV_BROADCAST_CHAT, move |m| {
    ///     first.send(format!("first {}", m.msg)).unwrap();
    /// });
    /// client.processor().on(server_push::RECV_BROADCAST_CHAT, move |m| {
    ///     sender.send(format!("second {}", m.msg)).unwrap();
    /// });
    /// assert!(client.off(id));
    /// assert!(!client.off(id));
    /// gate.broadcast(9, 30, "hello", "");
    /// assert_eq!(texts.recv()?, "second hello");
    ///
    /// let id = client.on_session_closed(|error_code| println!("{error_code}"));
    /// assert!(client.off(id));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn off(&self, id: ListenerId) -> bool {
        self.engine().listeners.off(id) || self.engine().processor.off(id)
    }
}
