//! Faults that a test sets on purpose, and their times.

mod rules;

use std::io;
use std::time::Duration;

use super::store::ConversationId;
use super::{Gate, control, methods};

pub(super) use self::rules::{About, Action, Chance, Rule, Rules, Stage};

/// The faults of a [`Gate`]: errors on purpose, so that a program meets them in tests first.
///
/// A fault is set in three steps: which packages ([`on`](Faults::on), [`on_any`](Faults::on_any)), when ([`Fault::next`],
/// [`Fault::nth`], [`Fault::chance`], [`Fault::user`], [`Fault::mtype`], [`Fault::conversation`]; always by default), and
/// what goes wrong; the third step sets the fault. If several faults fit, the fault that was set first strikes. Without
/// faults the gate does not check packages for faults.
///
/// Packages are named by their method: the method of a call (`sendmsg`, `auth` …), whose answer the fault strikes, or of
/// a quest of the gate (`pushmsg`, `ping`, `kickout` …). The gate still does what the call asks for, even if the answer
/// is lost; only [`Fault::error`] prevents this, and [`Fault::delay`] delays it.
///
/// ```
/// use std::time::Duration;
/// use rtm_client::gate::Gate;
/// use rtm_client::{ClientOptions, RtmClient, reply};
///
/// let gate = Gate::builder().start()?;
/// let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
/// let (callback, login) = reply::login();
/// client.login(1, "token", callback, None);
/// login.wait()?;
///
/// // The next two messages are one too many.
/// gate.faults().on("sendmsg").next(2).error(200010);
/// let send = || {
///     let (callback, sent) = reply::channel();
///     client.send_chat(2, "hello", "", None, None, callback);
///     sent.wait().map_err(|err| err.error.code())
/// };
/// assert_eq!(send().unwrap_err(), 200010);
/// assert_eq!(send().unwrap_err(), 200010);
/// assert!(send().is_ok());
/// assert_eq!(gate.faults().struck(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Faults<'g> {
    gate: &'g Gate,
}

impl<'g> Faults<'g> {
    pub(super) fn new(gate: &'g Gate) -> Faults<'g> {
        Faults { gate }
    }

    /// A fault in packages of this method: a call of a client, or a push or `ping` of the gate. The name is the wire
    /// name: `sendgroupmsg`, not `sendGroupMessage`. The page of the gate shows the wire names.
    ///
    /// # Panics
    ///
    /// If there is no such method, because the fault could never strike, and its test would show nothing.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.faults().on("pushmsg").next(1).never_answer(); // the next P2P message is lost on its way
    /// ```
    #[track_caller]
    pub fn on(self, method: impl AsRef<str>) -> Fault<'g> {
        let method = method.as_ref();
        assert!(methods::is_known(method), "the wire has no method {method}");
        Fault::new(self.gate, Some(method.to_owned()))
    }

    /// A fault in packages of every method, logins, pushes and pings included.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.faults().on_any().split(10); // everything arrives in small pieces
    /// ```
    pub fn on_any(self) -> Fault<'g> {
        Fault::new(self.gate, None)
    }

    /// Sets the fault that this JSON describes, as `POST /control/fault` of the HTTP API takes it: [the manual] lists its
    /// fields.
    ///
    /// # Errors
    ///
    /// The text describes no fault. The error gives the reason.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.faults().set_json(r#"{ "method": "sendmsg", "next": 2, "error": 200010 }"#)?;
    ///
    /// let error = gate.faults().set_json(r#"{ "method": "sendmsg" }"#).unwrap_err();
    /// assert!(error.to_string().contains("one of these is expected: error, delay_ms"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    #[doc = concat!("[the manual]: https://docs.rs/crate/rtm-client/", env!("CARGO_PKG_VERSION"), "/source/docs/gate.md")]
    pub fn set_json(self, json: impl AsRef<str>) -> io::Result<()> {
        let invalid = |text| io::Error::new(io::ErrorKind::InvalidInput, text);
        let rule = control::rule(json.as_ref()).map_err(invalid)?;
        self.gate.ask(move |service| service.peers.faults.add(rule));
        Ok(())
    }

    /// Removes all faults, and sends the packages that wait for other packages. Delayed packages still come at their
    /// time, and connections that are no longer read or pinged stay like that.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.faults().on("getsession").never_answer();
    /// gate.faults().clear();
    /// ```
    pub fn clear(self) {
        self.gate.ask(|service| service.clear_faults());
    }

    /// How often a fault has struck since the gate was started.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// assert_eq!(gate.faults().struck(), 0);
    /// ```
    pub fn struck(self) -> u64 {
        self.gate.ask(|service| service.peers.faults.struck())
    }
}

/// A fault that is not complete yet; see [`Faults`].
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// use rtm_client::gate::Fault;
///
/// let once: Fault<'_> = gate.faults().on("getservertime").user(1).next(1);
/// once.error(200010); // set only now
/// let (callback, reply) = reply::channel();
/// client.get_server_time(None, callback);
/// assert_eq!(reply.wait().unwrap_err().code(), 200010);
/// ```
#[must_use = "a fault is set by saying what goes wrong"]
#[derive(Debug)]
pub struct Fault<'g> {
    gate: &'g Gate,
    rule: Rule,
}

impl<'g> Fault<'g> {
    fn new(gate: &'g Gate, method: Option<String>) -> Fault<'g> {
        Fault { gate, rule: Rule::new(method, Action::Twice) }
    }

    /// Strikes this number of times. Default: without end.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.faults().on("auth").next(3).error(20001);
    /// ```
    pub fn next(self, times: u64) -> Self {
        let mut fault = self;
        fault.rule.left = Some(times);
        fault
    }

    /// Strikes only the `n`-th package that fits, counted from 1 and from the moment when the fault is set. Together with
    /// [`next`](Fault::next), strikes that number of packages from the `n`-th on.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// gate.faults().on("getservertime").nth(2).error(200010);
    /// let codes = [1, 2, 3].map(|_| {
    ///     let (callback, reply) = reply::channel();
    ///     client.get_server_time(None, callback);
    ///     reply.wait().map_or_else(|error| error.code(), |_| 0)
    /// });
    /// assert_eq!(codes, [0, 200010, 0]);
    /// ```
    pub fn nth(self, n: u64) -> Self {
        let mut fault = self;
        fault.rule.skip = n.saturating_sub(1);
        fault.rule.left.get_or_insert(1);
        fault
    }

    /// Strikes with this probability, from 0 to 1. The same seed strikes the same packages again, if they come in the same
    /// order.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.faults().on_any().chance(0.01, 42).close(); // every hundredth package or so is the last of its connection
    /// ```
    pub fn chance(self, probability: f64, seed: u64) -> Self {
        let mut fault = self;
        fault.rule.chance = Some(Chance::new(probability, seed));
        fault
    }

    /// Strikes only on connections of this user.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.faults().on_any().user(2).never_answer();
    /// ```
    pub fn user(self, uid: i64) -> Self {
        let mut fault = self;
        fault.rule.uid = Some(uid);
        fault
    }

    /// Strikes only packages of messages of this type: calls with this type, their answers, and pushes with this type.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// gate.faults().on("sendmsg").mtype(32).error(200010); // commands, and no chat
    /// let (callback, reply) = reply::channel();
    /// client.send_chat(2, "hello", "", None, None, callback);
    /// reply.wait()?;
    /// let (callback, reply) = reply::channel();
    /// client.send_cmd(2, "go", "", None, None, callback);
    /// assert_eq!(reply.wait().unwrap_err().error.code(), 200010);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn mtype(self, mtype: i64) -> Self {
        let mut fault = self;
        fault.rule.mtype = Some(mtype);
        fault
    }

    /// Strikes only packages of this conversation: calls that name its group, room or other user, their answers, and its
    /// pushes.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// use rtm_client::gate::ConversationId;
    ///
    /// gate.faults().on("sendmsg").conversation(ConversationId::p2p(1, 2)).error(200010);
    /// let send = |to| {
    ///     let (callback, reply) = reply::channel();
    ///     client.send_chat(to, "hello", "", None, None, callback);
    ///     reply.wait().map_err(|error| error.error.code())
    /// };
    /// assert_eq!(send(2).unwrap_err(), 200010);
    /// assert!(send(3).is_ok());
    /// ```
    pub fn conversation(self, conversation: ConversationId) -> Self {
        let mut fault = self;
        fault.rule.conversation = Some(conversation.ordered());
        fault
    }

    /// The gate does the call this much later, without delaying later calls; or sends the push this much later.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.faults().on("getgroupmsg").delay(Duration::from_millis(300)); // a slow database
    /// ```
    pub fn delay(self, by: Duration) {
        self.set(Action::Delay(by));
    }

    /// The gate does the call at once, but answers this much later: for example after the timeout.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.faults().on("sendmsg").next(1).answer_late(Duration::from_secs(25)); // the caller has given up by then
    /// ```
    pub fn answer_late(self, by: Duration) {
        self.set(Action::Late(by));
    }

    /// The gate does not answer; or does not send the push or ping.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.faults().on("sendmsg").next(1).never_answer(); // sent, but the sender is not told
    /// ```
    pub fn never_answer(self) {
        self.set(Action::Never);
    }

    /// The answer or push is sent twice.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.faults().on("pushroommsg").answer_twice();
    /// ```
    pub fn answer_twice(self) {
        self.set(Action::Twice);
    }

    /// The call is answered with this error code, and nothing is done.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.faults().on("addfriends").next(1).error(200048);
    /// ```
    pub fn error(self, code: i32) {
        self.set(Action::Error(code));
    }

    /// Holds back packages of a connection until there are `count` of them, and sends them in reverse order.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.faults().on("sendmsg").next(3).reorder(3);
    /// ```
    pub fn reorder(self, count: usize) {
        self.set(Action::Reorder(count));
    }

    /// Sends only the first `len` bytes of the package, as a whole WebSocket message.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.faults().on("getsession").next(1).truncate(20); // header and sequence number, then nothing of use
    /// ```
    pub fn truncate(self, len: usize) {
        self.set(Action::Truncate(len));
    }

    /// Sends the same number of meaningless bytes instead.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.faults().on("ping").next(1).garbage();
    /// ```
    pub fn garbage(self) {
        self.set(Action::Garbage);
    }

    /// Sends the package in several WebSocket messages of at most `len` bytes.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.faults().on("pushmsg").split(1);
    /// ```
    pub fn split(self, len: usize) {
        self.set(Action::Split(len));
    }

    /// Holds back packages of a connection until there are `count` of them, and sends them in one WebSocket message.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.faults().on("sendmsg").next(10).join(10);
    /// ```
    pub fn join(self, count: usize) {
        self.set(Action::Join(count));
    }

    /// Answers with an unknown sequence number.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.faults().on("getservertime").next(1).wrong_seq();
    /// ```
    pub fn wrong_seq(self) {
        self.set(Action::WrongSeq);
    }

    /// Frames packages of exactly 126 bytes as one version of the service's server does: without the extended length.
    /// Strikes no other packages.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.faults().on_any().broken_frame();
    /// ```
    pub fn broken_frame(self) {
        self.set(Action::BrokenFrame);
    }

    /// Closes the connection instead of answering.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.faults().on("sendmsg").next(1).close();
    /// ```
    pub fn close(self) {
        self.set(Action::Close);
    }

    /// Resets the connection instead of answering: data on its way to the client is lost.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.faults().on("auth").next(1).reset();
    /// ```
    pub fn reset(self) {
        self.set(Action::Reset);
    }

    /// Answers, and then reads nothing more from the connection until the connection ends. The connection still gets
    /// pushes and pings, and is not dropped for its silence.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.faults().on("auth").next(1).stop_reading();
    /// ```
    pub fn stop_reading(self) {
        self.set(Action::StopReading);
    }

    /// Answers, and then sends no more pings on the connection until the connection ends.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.faults().on("auth").next(1).stop_pinging();
    /// ```
    pub fn stop_pinging(self) {
        self.set(Action::StopPinging);
    }

    /// This package and all later packages of the connection are lost, in both directions, and neither end is told, as
    /// when a cable is pulled. For the gate the user stays online until the client closes the connection.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rtm_client::{ClientOptions, gate::Gate};
    ///
    /// let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).max_ping_interval_seconds(1);
    /// # let client = rtm_client::doctest::login(options).unwrap();
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// client.on_relogin_completed(move |ok, _, _, _| sender.send(ok).unwrap());
    /// gate.faults().on("pushbroadcastmsg").next(1).half_open();
    /// gate.broadcast(99, 30, "nobody hears it", "");
    /// assert!(receiver.recv_timeout(Duration::from_secs(15))?); // the client has noticed, and has logged in again
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn half_open(self) {
        self.set(Action::HalfOpen);
    }

    fn set(self, action: Action) {
        let rule = Rule { action, ..self.rule };
        self.gate.ask(move |service| service.peers.faults.add(rule));
    }
}
