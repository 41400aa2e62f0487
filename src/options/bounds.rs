//! Options of how much memory a client may take.

use super::ClientOptions;

impl ClientOptions {
    /// The largest package accepted from the gate, in bytes. A larger package ends the connection with 20009. Default 64
    /// MiB.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate};
    ///
    /// let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).max_received_bytes(1000);
    /// let client = RtmClient::new(options);
    /// client.login(1, "token", |_, _| {}, None);
    /// client.wait_online(Duration::from_secs(10))?;
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// client.on_error_recorder(move |error| drop(sender.send(error.code())));
    /// gate.broadcast(9, 30, "x".repeat(1000), "");
    /// assert_eq!(receiver.recv_timeout(Duration::from_secs(15))?, 20009);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_received_bytes(self, bytes: usize) -> Self {
        ClientOptions { max_received_bytes: bytes, ..self }
    }

    /// The largest package sent, in bytes. A larger call fails with 20005 and the connection stays. Default 8 MiB, the
    /// limit of the service.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    ///
    /// let gate = Gate::builder().start().unwrap();
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).max_sent_bytes(1000);
    /// let client = RtmClient::new(options);
    /// # rtm_client::doctest::log_in(&client);
    /// let send = |text: &str| {
    ///     let (callback, reply) = reply::channel();
    ///     client.send_chat(2, text, "", None, None, callback);
    ///     reply.wait().map(drop).map_err(|failed| failed.error.code())
    /// };
    /// assert_eq!(send(&"x".repeat(1000)), Err(20005));
    /// assert_eq!(send("short"), Ok(()));
    /// ```
    pub fn max_sent_bytes(self, bytes: usize) -> Self {
        ClientOptions { max_sent_bytes: bytes, ..self }
    }

    /// How many bytes may wait for the socket. A call over the bound fails with 20011 at once. Default 64 MiB.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    ///
    /// let gate = Gate::builder().start().unwrap();
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).max_queued_bytes(1000);
    /// let client = RtmClient::new(options);
    /// # rtm_client::doctest::log_in(&client);
    /// let (callback, reply) = reply::channel();
    /// client.send_chat(2, "x".repeat(1000), "", None, None, callback);
    /// assert_eq!(reply.wait().unwrap_err().error.code(), 20011); // it alone is over the bound
    /// ```
    pub fn max_queued_bytes(self, bytes: usize) -> Self {
        ClientOptions { max_queued_bytes: bytes, ..self }
    }

    /// How many calls may be in flight, counted until the callback of the call has returned. A call over the bound fails
    /// with 20011 at once. Default 1 000 000.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    ///
    /// let gate = Gate::builder().start().unwrap();
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).max_in_flight(1);
    /// let client = RtmClient::new(options);
    /// # rtm_client::doctest::log_in(&client);
    /// gate.faults().on("getsession").never_answer();
    /// client.get_session(None, reply::ignore);
    /// let (callback, reply) = reply::channel();
    /// client.get_server_time(None, callback);
    /// assert_eq!(reply.wait().unwrap_err().code(), 20011);
    /// ```
    pub fn max_in_flight(self, calls: usize) -> Self {
        ClientOptions { max_in_flight: calls, ..self }
    }

    /// How many bytes received may wait for callbacks. At the bound the client stops reading until half of the bytes are
    /// handed over. Default 64 MiB.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rtm_client::{Callbacks, ClientOptions, RtmClient, gate::Gate, reply, server_push};
    ///
    /// let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).callbacks(Callbacks::Manual);
    /// let client = RtmClient::new(options.max_undelivered_bytes(100_000));
    /// # rtm_client::doctest::log_in(&client);
    /// let (sender, messages) = std::sync::mpsc::channel();
    /// client.processor().on(server_push::RECV_BROADCAST_CHAT, move |m| sender.send(m.mid).unwrap());
    /// for _ in 0..80 {
    ///     gate.broadcast(9, 30, "x".repeat(100_000), "");
    /// }
    /// // Nobody runs callbacks, so that an answer behind 8 MB of messages is not read.
    /// let (callback, reply) = reply::channel();
    /// client.get_server_time(Duration::from_millis(500), callback);
    /// assert_eq!(reply.wait().unwrap_err().code(), 20003);
    /// assert!(client.stats().bytes_received < 1_000_000);
    ///
    /// let mut received = 0;
    /// while received < 80 {
    ///     client.run_callbacks(Duration::from_millis(100))?;
    ///     received += messages.try_iter().count();
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_undelivered_bytes(self, bytes: usize) -> Self {
        ClientOptions { max_undelivered_bytes: bytes, ..self }
    }
}
