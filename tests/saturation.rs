//! Both directions full: the gate sends and does not read, callbacks send and do not return, until neither gets a byte
//! through. Then everything that was accepted is delivered and answered.

mod common;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use common::package::{self, Kind, map};
use common::peer::{Connection, Peer};
use common::responder::chat_text;
use common::{DEADLINE, UID, eventually};
use rtm_client::{Callbacks, ClientOptions, RtmClient, server_push};
use tungstenite::Error;

/// More in each direction than the kernel holds: 16 MiB.
const PUSHES: usize = 256;
const SIZE: usize = 64 << 10;

/// A push of that size.
fn push(number: usize) -> Vec<u8> {
    let payload = chat_text(number as i64 + 1);
    // A field that nobody knows makes it large: the map's header counts one more.
    let mut large = vec![payload[0] + 1];
    large.extend(&payload[1..]);
    large.extend(map([("rest", "x".repeat(SIZE).into())]).split_off(1));
    package::quest(number as u32 + 1, "pushmsg", &large)
}

/// Sends all pushes and does not read. The first time the socket takes nothing, `stuck` is told.
fn flood<S: Read + Write>(connection: &mut Connection<S>, tcp: &TcpStream, stuck: Sender<()>) {
    let mut stuck = Some(stuck);
    tcp.set_write_timeout(Some(Duration::from_millis(20))).expect("a socket option");
    for number in 0..PUSHES {
        let Err(error) = connection.try_send(&push(number)) else { continue };
        let full = |error: &Error| matches!(error, Error::Io(error) if error.kind() == ErrorKind::WouldBlock);
        assert!(full(&error), "{error}");
        tcp.set_write_timeout(Some(DEADLINE)).expect("a socket option");
        if let Some(stuck) = stuck.take() {
            stuck.send(()).expect("the listener waits");
        }
        // The message is queued already.
        connection.flush();
    }
    assert!(stuck.is_none(), "the pushes fit into the buffers of the kernel");
}

/// Answers all calls, reads the answers to all pushes.
fn answer_all<S: Read + Write>(connection: &mut Connection<S>, calls: usize) {
    let (mut called, mut pushes_answered) = (0, 0);
    while called < calls || pushes_answered < PUSHES {
        let package = connection.package().expect("the client stays");
        if package.kind == Kind::Quest {
            called += 1;
            connection.answer(&package, &map([("mtime", package.int("mid").into())]));
        } else {
            assert_eq!(package.kind, Kind::Answer { status: 0 });
            pushes_answered += 1;
            assert_eq!(package.seq as usize, pushes_answered, "the pushes are answered in order");
        }
    }
}

/// How the calls ended.
#[derive(Default)]
struct Ends {
    answered: AtomicUsize,
    failed: AtomicUsize,
}

/// Makes a large call, and another from its callback.
fn call_twice(client: &RtmClient, mid: i64, ends: &Arc<Ends>) {
    let (inner, ends) = (client.downgrade(), ends.clone());
    client.send_chat(2, &*"x".repeat(SIZE), "", mid, None, move |error, _| {
        let client = inner.upgrade().expect("the test holds it");
        let mine = ends.clone();
        client.send_chat(2, "x", "", mid, None, move |error, _| mine.count(error.is_none()));
        ends.count(error.is_none());
    });
}

impl Ends {
    fn count(&self, answered: bool) {
        let counter = if answered { &self.answered } else { &self.failed };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

fn saturate<S: Read + Write + Send>(
    peer: &Peer,
    options: ClientOptions,
    mode: Callbacks,
    transport: impl FnOnce(TcpStream) -> S + Send,
) {
    // Reading stops soon when callbacks are behind, so that the gate's direction fills too.
    let client = RtmClient::new(options.callbacks(mode).max_undelivered_bytes(64 << 10));
    let (stuck, is_stuck) = mpsc::channel();
    let ends = Arc::new(Ends::default());
    let heard = send_from_pushes(&client, is_stuck, ends.clone());
    let (callback, logged_in) = mpsc::channel();
    client.login(UID, "token", move |ok, _| callback.send(ok).expect("the test waits"), DEADLINE);
    thread::scope(|scope| {
        let gate = scope.spawn(|| {
            let tcp = peer.accept_tcp();
            let options = tcp.try_clone().expect("a second handle");
            let mut connection = Connection::over(transport(tcp));
            connection.accept_login();
            flood(&mut connection, &options, stuck);
            // Nothing of what the callbacks send is read yet.
            eventually("the calls wait for the gate", || client.stats().queued_bytes > 1 << 20);
            answer_all(&mut connection, 2 * PUSHES);
            connection
        });
        let until = Instant::now() + DEADLINE;
        while ends.answered.load(Ordering::Relaxed) < 2 * PUSHES && Instant::now() < until {
            if mode == Callbacks::Manual {
                client.run_callbacks(Duration::from_millis(5)).expect("alone");
            } else {
                thread::sleep(Duration::from_millis(1));
            }
        }
        gate.join().expect("the gate has had everything");
    });
    assert_eq!(logged_in.try_recv(), Ok(true));
    assert_eq!(ends.answered.load(Ordering::Relaxed), 2 * PUSHES);
    assert_eq!(ends.failed.load(Ordering::Relaxed), 0);
    assert_eq!(heard.try_iter().collect::<Vec<_>>(), (1..=PUSHES as i64).collect::<Vec<_>>());
    client.close_and_wait(DEADLINE).expect("the threads end");
}

/// Every push makes its listener call, the first once the gate is stuck. Returns what was heard, in order.
fn send_from_pushes(client: &RtmClient, is_stuck: Receiver<()>, ends: Arc<Ends>) -> Receiver<i64> {
    let (sender, heard) = mpsc::channel();
    let inner = client.downgrade();
    let is_stuck = std::sync::Mutex::new(Some(is_stuck));
    client.processor().on(server_push::RECV_CHAT, move |chat| {
        if let Some(is_stuck) = is_stuck.lock().expect("no panic").take() {
            is_stuck.recv_timeout(DEADLINE).expect("the gate gets stuck while a callback blocks");
        }
        sender.send(chat.mid).expect("the test listens");
        call_twice(&inner.upgrade().expect("the test holds it"), chat.mid, &ends);
    });
    heard
}

fn over_ws(mode: Callbacks) {
    let peer = Peer::new();
    saturate(&peer, peer.options(), mode, |tcp| tcp);
}

#[cfg(feature = "tls")]
fn over_wss(mode: Callbacks) {
    use common::certificates::{Authority, over, server};
    let (authority, peer) = (Authority::new(), Peer::new());
    let config = server(&authority.certify("127.0.0.1"), None);
    let options = ClientOptions::new(common::PID).ssl_endpoint(peer.address());
    let options = options.ca_certificates(authority.pem());
    saturate(&peer, options, mode, |tcp| over(tcp, &config));
}

#[test]
fn over_ws_with_a_callback_thread() {
    over_ws(Callbacks::Thread);
}

#[test]
fn over_ws_with_callbacks_run_by_the_program() {
    over_ws(Callbacks::Manual);
}

#[cfg(feature = "tls")]
#[test]
fn over_wss_with_a_callback_thread() {
    over_wss(Callbacks::Thread);
}

#[cfg(feature = "tls")]
#[test]
fn over_wss_with_callbacks_run_by_the_program() {
    over_wss(Callbacks::Manual);
}
