//! Options for lost connections.

use std::time::Duration;

use super::{ClientOptions, RegressiveStrategy};
use crate::time::{CONNECTION_TIMEOUT, SILENCE};

impl ClientOptions {
    /// Whether the client reconnects by itself after a lost connection. Default true.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate};
    ///
    /// let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).auto_reconnect(false);
    /// let client = RtmClient::new(options);
    /// client.login(1, "token", |_, _| {}, None);
    /// client.wait_online(Duration::from_secs(10))?;
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// client.on_session_closed(move |code| sender.send(code).unwrap());
    /// drop(gate); // with it goes the connection
    /// assert_eq!(receiver.recv_timeout(Duration::from_secs(15))?, 20001);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "autoReconnect")]
    pub fn auto_reconnect(self, yes: bool) -> Self {
        ClientOptions { auto_reconnect: yes, ..self }
    }

    /// How long each attempt to log in may take, from the name lookup until the gate has answered. The timeout of
    /// [`login`](crate::RtmClient::login) bounds the attempt too; the smaller of the two counts. Default 30 s; zero means
    /// the default.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use rtm_client::{ClientOptions, RtmClient, reply};
    ///
    /// let silent = std::net::TcpListener::bind("127.0.0.1:0")?; // is connected to, and says nothing
    /// let options = ClientOptions::new(1)
    ///     .endpoint(silent.local_addr()?.to_string())
    ///     .connection_timeout(Duration::from_millis(200));
    /// let client = RtmClient::new(options);
    /// let start = Instant::now();
    /// let (callback, reply) = reply::login();
    /// client.login(1, "token", callback, None);
    /// assert_eq!(reply.wait().unwrap_err().code(), 20012);
    /// assert!(start.elapsed() < Duration::from_secs(10));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "connectionTimeout")]
    pub fn connection_timeout(self, timeout: Duration) -> Self {
        ClientOptions {
            connection_timeout: if timeout.is_zero() { CONNECTION_TIMEOUT } else { timeout },
            ..self
        }
    }

    /// The seconds of silence after which the connection counts as lost at the latest. Default 60; zero means the
    /// default.
    ///
    /// Any data from the gate is a sign of life. After half of this time without data, when a call has timed out, and
    /// when the machine has slept, the client pings the gate. If no data comes for 5 s more, the connection is lost: by
    /// default after 35 s of silence.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate};
    ///
    /// let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).max_ping_interval_seconds(1);
    /// let client = RtmClient::new(options);
    /// client.login(1, "token", |_, _| {}, None);
    /// client.wait_online(Duration::from_secs(10))?;
    /// gate.faults().on("*ping").never_answer(); // as if it were gone: the client logs in anew
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// client.on_relogin_completed(move |ok, _, _, _| sender.send(ok).unwrap());
    /// assert!(receiver.recv_timeout(Duration::from_secs(15))?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "maxPingIntervalSeconds")]
    pub fn max_ping_interval_seconds(self, seconds: u32) -> Self {
        let mut options = self;
        options.max_ping_interval_seconds =
            if seconds == 0 { SILENCE.as_secs() as u32 } else { seconds };
        options
    }

    /// How long to wait before each attempt to log in again. Default: 0, 0, 0, 2, 4, 6, 8, 8 … seconds, which is
    /// `RegressiveStrategy::default()`.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use rtm_client::{ClientOptions, RegressiveStrategy, RtmClient, gate::Gate, reply};
    ///
    /// let gate = Gate::builder().start()?;
    /// // The first attempt waits for 1 s, which by default it would not.
    /// let strategy = RegressiveStrategy::new()
    ///     .start_connect_failed_count(0)
    ///     .max_interval_seconds(1)
    ///     .linear_regressive_count(1);
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).regressive_strategy(strategy);
    /// let client = RtmClient::new(options);
    /// client.login(1, "token", |_, _| {}, None);
    /// client.wait_online(Duration::from_secs(10))?;
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// client.on_relogin_completed(move |ok, _, _, _| sender.send(ok).unwrap());
    /// let lost = Instant::now();
    /// gate.faults().on("getservertime").next(1).close();
    /// client.get_server_time(None, reply::ignore);
    /// assert!(receiver.recv()?);
    /// assert!(lost.elapsed() >= Duration::from_secs(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "regressiveStrategy")]
    pub fn regressive_strategy(self, strategy: RegressiveStrategy) -> Self {
        ClientOptions { regressive_strategy: strategy, ..self }
    }

    /// Whether the client repeats a first login that failed for a reason that may pass, as after a lost connection: with
    /// the same [waits](Self::regressive_strategy) and the same [limit](Self::max_relogin_attempts). Default false.
    ///
    /// The callback of the login runs once: after the success, when the gate refuses the login for good, after the last
    /// attempt, or at [`close`](crate::RtmClient::close). The timeout of the login bounds each attempt. Meanwhile the
    /// state stays [`Connecting`](crate::ConnectionState::Connecting), each failure is reported to
    /// [`on_error_recorder`](crate::RtmClient::on_error_recorder), and there are no relogin events. Calls fail with 20012 until
    /// the login has succeeded, and no message is queued.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    ///
    /// let gate = Gate::builder().start()?;
    /// gate.faults().on("auth").next(2).close(); // the service is being restarted
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).retry_first_login(true);
    /// let client = RtmClient::new(options);
    /// let (callback, reply) = reply::login();
    /// client.login(1, "token", callback, None);
    /// reply.wait()?; // the third attempt
    /// assert_eq!(gate.faults().struck(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn retry_first_login(self, yes: bool) -> Self {
        let mut options = self;
        options.reconnecting.first_login = yes;
        options
    }

    /// The number of failed attempts to log in again after which the session ends, counted from the loss of the
    /// connection. The last attempt is reported with `retry_again` false; then
    /// [`on_session_closed`](crate::RtmClient::on_session_closed) gets its code. Default: `None`, no limit; with 0 there
    /// is no attempt, and the code is the code of the loss. A [first login](Self::retry_first_login) that is repeated
    /// counts its repetitions.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate};
    ///
    /// let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).max_relogin_attempts(2);
    /// let client = RtmClient::new(options);
    /// client.login(1, "token", |_, _| {}, None);
    /// client.wait_online(Duration::from_secs(10))?;
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// client.on_session_closed(move |code| sender.send(code).unwrap());
    /// drop(gate);
    /// assert_eq!(receiver.recv_timeout(Duration::from_secs(15))?, 20012); // as the second attempt
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_relogin_attempts(self, attempts: impl Into<Option<u32>>) -> Self {
        let mut options = self;
        options.reconnecting.max_attempts = attempts.into();
        options
    }

    /// Shortens each wait of the strategy by a random part, up to this part of the wait, from 0 to 1, so that not all
    /// clients of a gate come back at the same moment. Default 0: the exact waits of the strategy.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RtmClient};
    ///
    /// // From 1 to 2 seconds where the strategy says 2.
    /// let client = RtmClient::new(ClientOptions::new(11000001).relogin_jitter(0.5));
    /// ```
    pub fn relogin_jitter(self, part: f64) -> Self {
        let mut options = self;
        options.reconnecting.jitter = part.clamp(0.0, 1.0);
        options
    }

    /// Whether the client enters the user's rooms again after a relogin, in the order in which they were entered, and
    /// before any call that is made after the relogin. Default false.
    ///
    /// The user's rooms are those entered in this session and not left, by [`leave_room`](crate::RtmClient::leave_room)
    /// or by a push; at most the last ten. If a room cannot be entered again,
    /// [`on_error_recorder`](crate::RtmClient::on_error_recorder) gets the error.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    ///
    /// let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).resume_rooms(true);
    /// let client = RtmClient::new(options);
    /// # rtm_client::doctest::log_in(&client);
    /// let (callback, reply) = reply::channel();
    /// client.enter_room(200, None, callback);
    /// reply.wait()?;
    /// let (sender, relogin) = std::sync::mpsc::channel();
    /// client.on_relogin_completed(move |ok, _, _, _| sender.send(ok).unwrap());
    /// gate.faults().on("getservertime").next(1).close();
    /// client.get_server_time(None, reply::ignore); // the connection is lost with it
    /// assert!(relogin.recv()?);
    ///
    /// let (callback, reply) = reply::channel();
    /// client.get_user_rooms(None, callback);
    /// assert_eq!(reply.wait()?, [200]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume_rooms(self, yes: bool) -> Self {
        ClientOptions { resume_rooms: yes, ..self }
    }

    /// Whether the client sets the language of [`set_translation_language`](crate::RtmClient::set_translation_language)
    /// again after a relogin, before any call that is made after the relogin. Default false.
    ///
    /// If this fails, [`on_error_recorder`](crate::RtmClient::on_error_recorder) gets the error.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply, server_push};
    ///
    /// let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).resume_language(true);
    /// let client = RtmClient::new(options);
    /// # rtm_client::doctest::log_in(&client);
    /// let (callback, reply) = reply::channel();
    /// client.set_translation_language("fr", None, callback);
    /// reply.wait()?;
    /// let (sender, relogin) = std::sync::mpsc::channel();
    /// client.on_relogin_completed(move |ok, _, _, _| sender.send(ok).unwrap());
    /// gate.faults().on("getservertime").next(1).close();
    /// client.get_server_time(None, reply::ignore); // the connection is lost with it
    /// assert!(relogin.recv()?);
    ///
    /// let (callback, reply) = reply::channel();
    /// client.get_server_time(None, callback);
    /// reply.wait()?; // and before it the language was set
    /// let (sender, texts) = std::sync::mpsc::channel();
    /// client.processor().on(server_push::RECV_BROADCAST_CHAT, move |m| sender.send(m.msg.to_string()).unwrap());
    /// gate.broadcast(9, 30, "hello", "");
    /// assert_eq!(texts.recv()?, "bonjour");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume_language(self, yes: bool) -> Self {
        ClientOptions { resume_language: yes, ..self }
    }

    /// Queues messages that the program sends while the client reconnects, up to `max_bytes` in all, each for up to
    /// `max_age`. The messages go out in order after the relogin. Default: no queue; such messages fail with 20002 at
    /// once.
    ///
    /// A message over `max_bytes` fails with 20011; a message that has waited for `max_age` fails with 20002, or with
    /// 20003 if its own timeout is over earlier. When the session ends, queued messages fail with 20002. Other calls
    /// still fail at once. So does a message in flight when the connection is lost, because the message may have arrived:
    /// see [`resend_in_flight`](Self::resend_in_flight).
    ///
    /// ```
    /// use std::time::Duration;
    /// use rtm_client::{ClientOptions, RegressiveStrategy, RtmClient, gate::Gate, reply};
    ///
    /// let gate = Gate::builder().start()?;
    /// // The relogin begins after 1 s.
    /// let strategy = RegressiveStrategy::new()
    ///     .start_connect_failed_count(0)
    ///     .max_interval_seconds(1)
    ///     .linear_regressive_count(1);
    /// let options = ClientOptions::new(gate.pid())
    ///     .endpoint(gate.endpoint())
    ///     .regressive_strategy(strategy)
    ///     .queue_while_reconnecting(1 << 20, Duration::from_secs(30));
    /// let client = RtmClient::new(options);
    /// client.login(1, "token", |_, _| {}, None);
    /// client.wait_online(Duration::from_secs(10))?;
    /// gate.faults().on("getservertime").next(1).close();
    /// let (callback, reply) = reply::channel();
    /// client.get_server_time(None, callback);
    /// assert_eq!(reply.wait().unwrap_err().code(), 20002); // the connection is lost
    ///
    /// let (callback, reply) = reply::channel();
    /// client.send_chat(2, "hello", "", None, None, callback);
    /// reply.wait()?; // after the relogin
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn queue_while_reconnecting(self, max_bytes: usize, max_age: Duration) -> Self {
        let mut options = self;
        options.reconnecting.max_bytes = max_bytes;
        options.reconnecting.max_age = max_age;
        options
    }

    /// Whether the client sends messages that were in flight when the connection was lost again after the relogin, with
    /// the same mid, so that the receivers see each message once. Default false. The option needs
    /// [`queue_while_reconnecting`](Self::queue_while_reconnecting).
    ///
    /// The messages go out in order, before messages that were sent while the client reconnected. Their timeouts run on,
    /// and the age of the queue counts from the loss. The client keeps a copy of each message in flight, whose bytes
    /// count in the queue; a message that does not fit is not sent again, and fails with 20002 at the loss. The answer
    /// 200053, "mid already used", counts as success, with an `mtime` of 0. Files and other calls are not sent again.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let gate = gate();
    /// let options = ClientOptions::new(gate.pid())
    ///     .endpoint(gate.endpoint())
    ///     .queue_while_reconnecting(1 << 20, Duration::from_secs(30))
    ///     .resend_in_flight(true);
    /// let client = RtmClient::new(options);
    /// # log_in(&client);
    /// gate.faults().on("sendmsg").next(1).close(); // the message arrives, and its answer is lost
    /// let (callback, reply) = reply::channel();
    /// client.send_chat(2, "hello", "", None, None, callback);
    /// reply.wait()?;
    /// assert_eq!(gate.stored(gate::ConversationId::p2p(1, 2)).len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resend_in_flight(self, yes: bool) -> Self {
        let mut options = self;
        options.reconnecting.resend = yes;
        options
    }
}
