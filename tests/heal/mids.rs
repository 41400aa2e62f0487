//! Clients of one user who send at once, or one soon after the other, make no mid twice: no message is taken for another.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use rtm_client::gate::Gate;
use rtm_client::{ClientOptions, RtmClient, server_push};

use crate::common::{DEADLINE, PID, eventually, few_or_many};

/// The variable that makes this test binary a program that sends: the gate's address.
const GATE: &str = "RTM_TEST_GATE";
/// How a line of that program begins which tells the mids it has used.
const MIDS: &str = "mids ";
/// Who gets all messages.
const RECEIVER: i64 = 9;
/// Who send: two clients each.
const SENDERS: [i64; 2] = [1, 2];
/// How many sends a client has in flight at most.
const WINDOW: usize = 256;

fn sends() -> usize {
    few_or_many(1_000, 10_000)
}

fn login(endpoint: &str, uid: i64) -> RtmClient {
    let client = RtmClient::new(ClientOptions::new(PID).endpoint(endpoint));
    client.login(uid, "token", |_, _| {}, DEADLINE);
    client.wait_online(DEADLINE).expect("a login");
    client
}

/// Sends as fast as it can. Returns the first and the last mid when all are acknowledged.
fn send_all(endpoint: &str, uid: i64) -> RangeInclusive<i64> {
    let client = login(endpoint, uid);
    let (sender, ends) = mpsc::channel();
    let (least, most) = (Arc::new(AtomicI64::new(i64::MAX)), Arc::new(AtomicI64::new(0)));
    for number in 0..sends() {
        if number >= WINDOW {
            ends.recv_timeout(DEADLINE).expect("a send ends");
        }
        let (sender, least, most) = (sender.clone(), least.clone(), most.clone());
        client.send_chat(RECEIVER, "x", "", None, None, move |error, data| {
            assert!(error.is_none(), "{error:?}");
            let mid = data.map_or(0, |data| data.mid);
            least.fetch_min(mid, Ordering::SeqCst);
            most.fetch_max(mid, Ordering::SeqCst);
            sender.send(()).expect("the sender waits");
        });
    }
    client.bye_and_wait(DEADLINE).expect("it comes to its end");
    least.load(Ordering::SeqCst)..=most.load(Ordering::SeqCst)
}

/// Four clients at once, a pair of each user's.
fn pairs(endpoint: &str) -> Vec<RangeInclusive<i64>> {
    thread::scope(|scope| {
        let sent =
            SENDERS.map(|uid| [(); 2].map(|()| scope.spawn(move || send_all(endpoint, uid))));
        sent.into_iter().flatten().map(|sent| sent.join().expect("all is acknowledged")).collect()
    })
}

struct Receiver {
    client: RtmClient,
    arrived: Arc<AtomicUsize>,
    mids: Arc<Mutex<HashSet<(i64, i64)>>>,
}

impl Receiver {
    fn at(gate: &Gate) -> Receiver {
        let client = login(&gate.endpoint(), RECEIVER);
        let (arrived, mids) = (Arc::new(AtomicUsize::new(0)), Arc::<Mutex<HashSet<_>>>::default());
        let (count, seen) = (arrived.clone(), mids.clone());
        client.processor().on(server_push::RECV_CHAT, move |chat| {
            seen.lock().expect("no panic").insert((chat.from, chat.mid));
            count.fetch_add(1, Ordering::SeqCst);
        });
        Receiver { client, arrived, mids }
    }

    /// All that was acknowledged has arrived, each once.
    fn has(&self, sent: usize) {
        let arrived = || self.arrived.load(Ordering::SeqCst);
        eventually("all have arrived", || arrived() >= sent);
        self.client.close_and_wait(DEADLINE).expect("the threads end");
        println!("{sent} acknowledged, {} arrived", arrived());
        assert_eq!((arrived(), self.mids.lock().expect("no panic").len()), (sent, sent));
    }
}

fn gate() -> Gate {
    Gate::builder().pid(PID).multi_login(true).start().expect("a gate")
}

/// Faster than one a millisecond, a client runs ahead of its clock: for one that begins when the first has ended, the clock
/// is set back.
#[test]
fn in_one_process_and_with_the_clock_set_back() {
    let gate = gate();
    let receiver = Receiver::at(&gate);
    let runs = [pairs(&gate.endpoint()), pairs(&gate.endpoint())];
    let latest = runs[0].iter().map(RangeInclusive::end).max();
    let earliest = runs[1].iter().map(RangeInclusive::start).min();
    assert!(earliest < latest, "the runs do not overlap in time: {runs:?}");
    receiver.has(2 * 4 * sends());
}

/// What each process runs; nothing where the variable is not set.
#[test]
fn program() {
    let Ok(endpoint) = std::env::var(GATE) else { return };
    let sent = thread::scope(|scope| {
        let sent = SENDERS.map(|uid| {
            scope.spawn({
                let endpoint = &endpoint;
                move || send_all(endpoint, uid)
            })
        });
        sent.map(|sent| sent.join().expect("all is acknowledged"))
    });
    println!("\n{MIDS}{sent:?}");
}

#[test]
fn in_two_processes() {
    let gate = gate();
    let receiver = Receiver::at(&gate);
    let processes = [(); 2].map(|()| {
        let mut command = Command::new(std::env::current_exe().expect("the test's binary"));
        command.args(["--exact", "mids::program", "--nocapture"]).env(GATE, gate.endpoint());
        command.stdout(Stdio::piped()).spawn().expect("a process")
    });
    for process in processes {
        let output = process.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains(MIDS), "{said}");
    }
    receiver.has(2 * SENDERS.len() * sends());
}
