//! The local gate: a real server with real WebSockets that behaves like the service.
//!
//! The gate keeps all data in memory, listens on a free port of this machine by default, and leaves no trace when it is
//! dropped. The gate is for development and tests, not for production.
//!
//! ```
//! use rtm_client::gate::Gate;
//!
//! let gate = Gate::builder().group(100, [1, 2, 3]).start().unwrap();
//! println!("log in at {} with pid {}, any uid and any token", gate.endpoint(), gate.pid());
//! assert_eq!(gate.connections(), 0);
//! ```

mod access;
mod builder;
mod call;
mod content;
mod control;
mod counters;
mod disturb;
mod doors;
mod faults;
mod files;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod http;
mod json;
mod language;
mod methods;
mod peers;
mod saved;
mod server;
mod service;
mod socket;
mod store;
mod stored;
mod token;
mod transport;
mod upgrade;
mod words;
mod write;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded, unbounded};
use log::Level;
use mio::{Poll, Waker};
use parking_lot::{Condvar, Mutex};

use self::builder::Config;
use self::doors::Doors;
use self::saved::Saved;
use self::server::{Command, Server};
use self::service::Service;
use self::store::{Bytes, Draft};
use crate::guard;
use crate::types::Content;
use crate::wire::gate_url;

pub use self::builder::GateBuilder;
pub use self::counters::Counters;
pub use self::faults::{Fault, Faults};
pub use self::store::ConversationId;
pub use self::stored::StoredMessage;
pub(crate) use self::transport::self_signed;

/// A running gate. Dropping it ends its thread, closes its connections and frees its port.
///
/// ```
/// use rtm_client::gate::Gate;
///
/// let gate = Gate::builder().start().unwrap();
/// assert_eq!(gate.endpoint(), format!("127.0.0.1:{}", gate.port()));
/// ```
pub struct Gate {
    doors: Doors,
    pid: i64,
    commands: Sender<Command>,
    waker: Waker,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// The data that the loop and the handle share, besides commands.
pub(crate) struct Shared {
    stopping: AtomicBool,
    /// Counts the turns of the loop in which something happened.
    turns: Mutex<u64>,
    turned: Condvar,
}

impl Shared {
    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    fn changed(&self) {
        *self.turns.lock() += 1;
        self.turned.notify_all();
    }
}

impl Gate {
    /// A builder with the service's defaults.
    ///
    /// ```
    /// use rtm_client::gate::Gate;
    ///
    /// let gate = Gate::builder().group(100, [1, 2]).start().unwrap();
    /// assert_eq!(gate.pid(), 11000001);
    /// ```
    pub fn builder() -> GateBuilder {
        GateBuilder::new()
    }

    fn start(mut config: Config) -> io::Result<Gate> {
        for span in [&mut config.ping_interval, &mut config.ping_timeout] {
            *span = (*span).max(Duration::from_millis(1));
        }
        token::check_secret(&config.token_secret)?;
        let (doors, listeners) = Doors::open(&config)?;
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), server::WAKER)?;
        let (commands, received) = unbounded();
        let shared = Arc::new(Shared {
            stopping: AtomicBool::new(false),
            turns: Mutex::new(0),
            turned: Condvar::new(),
        });
        let pid = config.pid;
        let service = Service::new(config, &doors)?;
        let server = Server::new(poll, listeners, service, received, Arc::clone(&shared))?;
        let thread =
            thread::Builder::new().name("rtm-gate".to_owned()).spawn(move || server.run())?;
        let thread = Some(thread);
        Ok(Gate { doors, pid, commands, waker, shared, thread })
    }

    /// The port the gate listens on.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// std::net::TcpStream::connect(("127.0.0.1", gate.port()))?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn port(&self) -> u16 {
        self.doors.main.port()
    }

    /// The address to log in at, as `ClientOptions::endpoint` takes it: `127.0.0.1:PORT`.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    ///
    /// let gate = Gate::builder().start()?;
    /// let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    /// let (callback, reply) = reply::login();
    /// client.login(1, "token", callback, None);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn endpoint(&self) -> String {
        self.doors.main.to_string()
    }

    /// The URL of the WebSocket: `ws://127.0.0.1:PORT/service/websocket`.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// let options = rtm_client::ClientOptions::new(gate.pid()).endpoint(gate.endpoint());
    /// assert_eq!(gate.url(), options.gate_url());
    /// ```
    pub fn url(&self) -> String {
        gate_url("ws", &self.doors.main.to_string())
    }

    /// The address of the file gate: `127.0.0.1:PORT`. Sent files can be fetched from there over HTTP.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// assert_ne!(gate.file_endpoint(), gate.endpoint());
    /// ```
    pub fn file_endpoint(&self) -> String {
        self.doors.file.to_string()
    }

    /// The address to log in at over TLS, as `ClientOptions::ssl_endpoint` takes it, if
    /// [`GateBuilder::tls_listen`] asked for it.
    ///
    /// ```
    /// use rtm_client::ClientOptions;
    /// use rtm_client::gate::Gate;
    ///
    /// let gate = Gate::builder().tls_listen("127.0.0.1:0").start().unwrap();
    /// let endpoint = gate.tls_endpoint().expect("asked for");
    /// let options = ClientOptions::new(gate.pid()).ssl_endpoint(&endpoint);
    /// assert_eq!(options.gate_url(), format!("wss://{endpoint}/service/websocket"));
    ///
    /// assert!(Gate::builder().start().unwrap().tls_endpoint().is_none());
    /// ```
    pub fn tls_endpoint(&self) -> Option<String> {
        self.doors.tls.as_ref().map(|tls| tls.main.to_string())
    }

    /// The address of the file gate over TLS, if [`GateBuilder::tls_listen`] asked for it.
    ///
    /// ```
    /// use rtm_client::gate::Gate;
    ///
    /// let gate = Gate::builder().tls_listen("127.0.0.1:0").start().unwrap();
    /// assert_ne!(gate.tls_file_endpoint(), gate.tls_endpoint());
    ///
    /// assert!(Gate::builder().start().unwrap().tls_file_endpoint().is_none());
    /// ```
    pub fn tls_file_endpoint(&self) -> Option<String> {
        self.doors.tls.as_ref().map(|tls| tls.file.to_string())
    }

    /// The certificate shown to TLS clients, in PEM, as `ClientOptions::ca_certificates` takes it.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    ///
    /// let gate = Gate::builder().tls_listen("127.0.0.1:0").start()?;
    /// let certificate = gate.certificate().expect("made by the gate");
    /// # #[cfg(feature = "tls")] {
    /// let options = ClientOptions::new(gate.pid()).ssl_endpoint(gate.tls_endpoint().unwrap());
    /// let client = RtmClient::new(options.ca_certificates(certificate));
    /// let (callback, reply) = reply::login();
    /// client.login(1, "token", callback, None);
    /// reply.wait()?;
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn certificate(&self) -> Option<&str> {
        self.doors.tls.as_ref().map(|tls| tls.certificate.as_str())
    }

    /// The URL of the page, if [`GateBuilder::page_listen`] asked for it: `http://127.0.0.1:PORT/`.
    ///
    /// ```
    /// use rtm_client::gate::Gate;
    ///
    /// let gate = Gate::builder().page_listen("127.0.0.1:0").start().unwrap();
    /// let url = gate.page_url().expect("asked for");
    /// assert!(url.starts_with("http://127.0.0.1:"));
    ///
    /// assert!(Gate::builder().start().unwrap().page_url().is_none());
    /// ```
    pub fn page_url(&self) -> Option<String> {
        self.doors.page.map(|address| format!("http://{address}/"))
    }

    /// The project id that logins must name.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().pid(11000002).start().unwrap();
    /// assert_eq!(gate.pid(), 11000002);
    /// ```
    pub fn pid(&self) -> i64 {
        self.pid
    }

    /// The number of open WebSocket connections, logged in or not; connections of the file gate do not count.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// assert_eq!(gate.connections(), 1);
    /// client.close();
    /// assert!(gate.wait_until(std::time::Duration::from_secs(15), |gate| gate.connections() == 0));
    /// ```
    pub fn connections(&self) -> usize {
        self.counters().connections as usize
    }

    /// Whether the gate has stopped by itself, which should never happen: a stopped gate answers nothing.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// assert!(!gate.has_stopped());
    /// ```
    pub fn has_stopped(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Counters of the gate's work, and the users who are there.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// assert_eq!(gate.counters().messages, 0);
    /// ```
    pub fn counters(&self) -> Counters {
        self.ask(|service| service.counters())
    }

    /// Sends a push of any kind to every connection of the user, and returns the number of these connections. As in the
    /// service, `kickout` and `kickoutroom` go out as one-way quests, and all others as two-way quests. The payload is
    /// the text of a JSON object, or bytes that go out unchanged.
    ///
    /// The gate does nothing else: no message is stored, and a user who gets a `kickout` stays logged in.
    ///
    /// # Errors
    ///
    /// The text is no JSON object, or the name of the method is empty or longer than 255 bytes.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// let push = r#"{ "from": 2, "to": 1, "mtype": 77, "mid": 5, "msg": "made up", "attrs": "", "mtime": 1 }"#;
    /// assert_eq!(gate.push(1, "pushmsg", push)?, 0); // user 1 is not there
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn push<'a>(
        &self,
        uid: i64,
        method: impl AsRef<str>,
        payload: impl Into<Content<'a>>,
    ) -> io::Result<usize> {
        let invalid = |text: String| io::Error::new(io::ErrorKind::InvalidInput, text);
        let payload = match payload.into() {
            Content::Text(json) => json::to_msgpack(&json).map_err(invalid)?,
            Content::Bytes(bytes) => bytes.into_owned(),
        };
        let method = method.as_ref().to_owned();
        let pushed = self.ask(move |service| {
            service.changed = true;
            Some(service.push_any(uid, &method, &payload))
        });
        pushed.unwrap_or(Ok(0)).map_err(invalid)
    }

    /// All data of the gate, as JSON that [`GateBuilder::seed`] takes: users, groups, rooms, messages. Logins, uploaded
    /// files and faults are not in the snapshot.
    ///
    /// ```
    /// use rtm_client::gate::{ConversationId, Gate};
    ///
    /// let before = Gate::builder().start().unwrap();
    /// before.broadcast(99, 30, "hello", "");
    /// let after = Gate::builder().seed(before.snapshot()).start().unwrap();
    /// assert_eq!(after.stored(ConversationId::Broadcast)[0].msg, "hello");
    /// ```
    pub fn snapshot(&self) -> String {
        self.ask(|service| Saved::of(&service.store).json())
    }

    /// Writes a [`snapshot`](Gate::snapshot) to a file. A reader of the file finds, at any moment, either the whole old
    /// or the whole new snapshot; the new snapshot is first written to `PATH.new`.
    ///
    /// # Errors
    ///
    /// One of the two files cannot be written. The old snapshot is still there.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// let path = std::env::temp_dir().join(format!("gate-{}.json", std::process::id()));
    /// gate.save(&path)?;
    /// let json = std::fs::read_to_string(&path)?;
    /// let again = rtm_client::gate::Gate::builder().seed(json).start()?;
    /// std::fs::remove_file(path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let json = self.snapshot();
        if json.is_empty() {
            return Err(io::Error::other("the gate has stopped"));
        }
        saved::write_whole(path.as_ref(), json.as_bytes())
    }

    /// Sends a message to every logged-in connection, and stores the message as a broadcast. Returns the mid.
    ///
    /// ```
    /// use rtm_client::gate::{ConversationId, Gate};
    ///
    /// let gate = Gate::builder().start().unwrap();
    /// let mid = gate.broadcast(99, 30, "maintenance at noon", "");
    /// assert_eq!(gate.stored(ConversationId::Broadcast)[0].mid, mid);
    /// ```
    pub fn broadcast<'a>(
        &self,
        from: i64,
        mtype: i64,
        msg: impl Into<Content<'a>>,
        attrs: impl AsRef<str>,
    ) -> i64 {
        let (body, binary) = match msg.into() {
            Content::Text(text) => (text.into_owned().into_bytes(), false),
            Content::Bytes(bytes) => (bytes.into_owned(), true),
        };
        let attrs = attrs.as_ref().to_owned();
        self.ask(move |service| {
            service.changed = true;
            let mid = service.new_mid();
            let body = Bytes { bytes: &body, binary };
            service.broadcast(&Draft { from, mid, mtype, body, attrs: attrs.as_bytes() });
            mid
        })
    }

    /// Sends a kickout to every connection of the user, and logs the user out. The client should close; after a second
    /// the gate closes connections that are still open.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.kick(1); // nothing happens if user 1 is not there
    /// ```
    pub fn kick(&self, uid: i64) {
        self.ask(move |service| {
            service.changed = true;
            service.kick(uid)
        });
    }

    /// Removes the user from the room, and tells every connection of the user that was inside.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.kick_from_room(1, 200); // nothing happens if user 1 is not inside
    /// ```
    pub fn kick_from_room(&self, uid: i64, rid: i64) {
        self.ask(move |service| {
            service.changed = true;
            service.kick_from_room(uid, rid)
        });
    }

    /// The stored messages of a conversation, oldest first.
    ///
    /// ```
    /// use rtm_client::gate::{ConversationId, Gate};
    ///
    /// let gate = Gate::builder().start().unwrap();
    /// assert!(gate.stored(ConversationId::p2p(1, 2)).is_empty());
    /// ```
    pub fn stored(&self, conversation: ConversationId) -> Vec<StoredMessage> {
        self.ask(move |service| {
            let log = service.store.log(conversation.ordered()).into_iter();
            log.flat_map(|log| log.iter()).map(StoredMessage::new).collect()
        })
    }

    /// The faults of the gate.
    ///
    /// ```
    /// let gate = rtm_client::gate::Gate::builder().start().unwrap();
    /// gate.faults().on("sendmsg").next(2).error(200010);
    /// ```
    pub fn faults(&self) -> Faults<'_> {
        Faults::new(self)
    }

    /// Waits until the condition holds; the condition is checked again after each event in the gate. Returns whether the
    /// condition held within the given time.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rtm_client::gate::Gate;
    ///
    /// let gate = Gate::builder().start().unwrap();
    /// assert!(gate.wait_until(Duration::from_secs(5), |gate| gate.connections() == 0));
    /// ```
    pub fn wait_until(&self, timeout: Duration, condition: impl FnMut(&Gate) -> bool) -> bool {
        let mut condition = condition;
        // Without end, where the clock does not reach that far.
        let deadline = Instant::now().checked_add(timeout);
        loop {
            let seen = *self.shared.turns.lock();
            if condition(self) {
                return true;
            }
            let mut turns = self.shared.turns.lock();
            while *turns == seen {
                let Some(deadline) = deadline else {
                    self.shared.turned.wait(&mut turns);
                    continue;
                };
                if self.shared.turned.wait_until(&mut turns, deadline).timed_out() {
                    drop(turns);
                    return condition(self);
                }
            }
        }
    }

    /// Sends a command to the loop and waits for its answer.
    fn ask<T: Default + Send + 'static>(
        &self,
        question: impl FnOnce(&mut Service) -> T + Send + 'static,
    ) -> T {
        let (reply, answer) = bounded(1);
        let command: Command = Box::new(move |service| {
            // The asker waits for it, so that this never blocks.
            let _ = reply.send(question(service));
        });
        if self.commands.send(command).is_err() || self.waker.wake().is_err() {
            return T::default();
        }
        answer.recv().unwrap_or_default()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Release);
        if let Err(error) = self.waker.wake() {
            tell(Level::Warn, format_args!("the gate could not be woken: {error}"));
            return;
        }
        if let Some(thread) = self.thread.take() {
            if thread.join().is_err() {
                tell(Level::Error, format_args!("the gate's thread panicked"));
            }
        }
    }
}

/// Writes to the program's logger; a panic of the logger ends nothing.
fn tell(level: Level, text: fmt::Arguments<'_>) {
    guard::log(level, "rtm_client::gate", text);
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("address", &self.doors.main).field("pid", &self.pid).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_whose_thread_ends_says_so() {
        let gate = Gate::builder().start().unwrap();
        assert!(!gate.has_stopped());
        gate.ask(|_| -> () { panic!("a mistake in the gate") });
        let until = Instant::now() + Duration::from_secs(10);
        while !gate.has_stopped() {
            assert!(Instant::now() < until);
            thread::yield_now();
        }
        assert_eq!(gate.connections(), 0);
        assert!(gate.save(std::env::temp_dir().join("never written")).is_err());
    }
}

/// The manual's programs run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/gate.md")]
struct Manual;
