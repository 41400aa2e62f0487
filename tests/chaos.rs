//! Twenty-five clients, a gate that does wrong whatever it can, and a seed that says when.
//!
//! `RTM_SEED` says which seed, a new one without it; `RTM_SECONDS` how long, 3 without it, or 60 with `RTM_FULL`.

mod common;
#[path = "chaos/healers.rs"]
mod healers;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use common::{client_threads, eventually, few_or_many, holds_within};
use healers::{GROUP, HEALERS, Healer};
use rtm_client::gate::{ConversationId, Gate};
use rtm_client::{
    ClientOptions, RegressiveStrategy, RtmClient, SendError, reply, server_push, types::SendReply,
};

/// Users whose connections are disturbed in every way.
const SENDERS: std::ops::Range<i64> = 1..17;
/// Users whose connections last, but whose pushes come twice, late, in pieces and in another order.
const RECEIVERS: std::ops::Range<i64> = 101..105;
/// Calls a sender has in flight.
const BURST: usize = 4;
/// Tries again at once, for ever.
const EAGER: RegressiveStrategy = RegressiveStrategy::new()
    .start_connect_failed_count(u32::MAX)
    .max_interval_seconds(1)
    .linear_regressive_count(1);

/// SplitMix64: the same numbers for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Harm {
    /// Of what a sender is answered: one of the kinds in [`disturb`].
    Answer { kind: u64, uid: i64 },
    /// Of the login of whoever logs in next.
    Login { kind: u64 },
    /// Of what a receiver is pushed.
    Push { kind: u64, uid: i64 },
    /// Of the connection of one who heals: see [`healers::disturb`].
    Loss { kind: u64, uid: i64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    after: Duration,
    harm: Harm,
    times: u64,
}

/// What goes wrong when: nothing but the seed decides.
fn schedule(seed: u64, lasting: Duration) -> Vec<Step> {
    let mut dice = Dice(seed);
    let mut steps = Vec::new();
    let mut after = Duration::ZERO;
    while after < lasting {
        let mut one_of = |users: &std::ops::Range<i64>| {
            users.start + dice.below((users.end - users.start) as u64) as i64
        };
        let (sender, receiver) = (one_of(&SENDERS), one_of(&RECEIVERS));
        let healer = one_of(&HEALERS);
        let harm = match dice.below(11) {
            0 => Harm::Login { kind: dice.below(6) },
            1 | 2 => Harm::Push { kind: dice.below(5), uid: receiver },
            3..8 => Harm::Answer { kind: dice.below(14), uid: sender },
            _ => Harm::Loss { kind: dice.below(healers::KINDS), uid: healer },
        };
        steps.push(Step { after, harm, times: 1 + dice.below(3) });
        after += Duration::from_millis(dice.below(40));
    }
    steps
}

fn disturb(gate: &Gate, step: &Step) {
    let short = Duration::from_millis(30);
    match step.harm {
        Harm::Loss { kind, uid } => healers::disturb(gate, kind, uid, step.times),
        Harm::Answer { kind, uid } => {
            let fault = gate.faults().on("sendmsg").user(uid).next(step.times);
            match kind {
                0 => fault.delay(short),
                1 => fault.answer_late(Duration::from_millis(1500)),
                2 => fault.never_answer(),
                3 => fault.answer_twice(),
                4 => fault.error(200010),
                5 => fault.reorder(3),
                6 => fault.truncate(20),
                7 => fault.garbage(),
                8 => fault.split(5),
                9 => fault.join(3),
                10 => fault.wrong_seq(),
                11 => fault.close(),
                12 => fault.reset(),
                _ => gate.faults().on("ping").user(uid).next(1).stop_pinging(),
            }
        }
        Harm::Login { kind } => {
            let fault = gate.faults().on("auth").next(step.times);
            match kind {
                0 => fault.delay(short),
                1 => fault.close(),
                2 => fault.reset(),
                3 => fault.error(20001),
                4 => fault.garbage(),
                _ => fault.never_answer(),
            }
        }
        Harm::Push { kind, uid } => {
            let fault = gate.faults().on("pushmsg").user(uid).next(step.times);
            match kind {
                0 => fault.delay(short),
                1 => fault.answer_twice(),
                2 => fault.reorder(2),
                3 => fault.split(7),
                _ => fault.join(2),
            }
        }
    }
}

fn options(gate: &Gate) -> ClientOptions {
    ClientOptions::new(gate.pid())
        .endpoint(gate.endpoint())
        .connection_timeout(Duration::from_secs(2))
        .regressive_strategy(EAGER)
}

fn login(options: ClientOptions, uid: i64) -> RtmClient {
    let client = RtmClient::new(options);
    let (callback, login) = reply::login();
    client.login(uid, "token", callback, None);
    login.wait().expect("nothing is disturbed yet");
    client
}

/// One call: to whom, with which mid, and how often it has ended.
struct Call {
    to: i64,
    mid: i64,
    ends: AtomicU8,
    success: AtomicBool,
}

/// Sends until it is time, and what failed once more with the same mid. Returns all calls.
fn send(client: &RtmClient, uid: i64, seed: u64, until: Instant) -> Vec<Arc<Call>> {
    let mut dice = Dice(seed ^ uid as u64);
    let mut calls: Vec<Arc<Call>> = Vec::new();
    let mut failed: Vec<(i64, i64)> = Vec::new();
    let mut next_mid = uid * 1_000_000_000;
    while Instant::now() < until {
        let burst: Vec<Arc<Call>> = (0..BURST)
            .map(|_| {
                let (to, mid) = failed.pop().unwrap_or_else(|| {
                    next_mid += 1;
                    let receivers = (RECEIVERS.end - RECEIVERS.start) as u64;
                    (RECEIVERS.start + dice.below(receivers) as i64, next_mid)
                });
                let ends = AtomicU8::new(0);
                let call = Arc::new(Call { to, mid, ends, success: AtomicBool::new(false) });
                let ended = call.clone();
                let callback = move |error: Option<SendError>, data: Option<SendReply>| {
                    assert_ne!(error.is_some(), data.is_some());
                    ended.success.store(data.is_some(), Ordering::SeqCst);
                    ended.ends.fetch_add(1, Ordering::SeqCst);
                };
                client.send_chat(to, "chaos", "", mid, Duration::from_secs(1), callback);
                call
            })
            .collect();
        eventually("the ends of all calls", || {
            burst.iter().all(|call| call.ends.load(Ordering::SeqCst) > 0)
        });
        let again = burst.iter().filter(|call| !call.success.load(Ordering::SeqCst));
        failed.extend(again.map(|call| (call.to, call.mid)));
        calls.extend(burst);
        // At a pace that one machine holds with twenty clients in it.
        thread::sleep(Duration::from_millis(dice.below(20)));
    }
    calls
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn a_seed_is_a_schedule() {
    let lasting = Duration::from_secs(60);
    assert_eq!(schedule(7, lasting), schedule(7, lasting));
    assert_ne!(schedule(7, lasting), schedule(8, lasting));
}

#[test]
fn every_call_ends_once_and_every_message_arrives_once() {
    let seed = from_environment("RTM_SEED").unwrap_or_else(rand::random);
    let lasting =
        Duration::from_secs(from_environment("RTM_SECONDS").unwrap_or(few_or_many(3, 60)));
    println!("RTM_SEED={seed} RTM_SECONDS={}", lasting.as_secs());
    let before = descriptors();

    let builder = Gate::builder().ping_interval(Duration::from_millis(200)).group(GROUP, HEALERS);
    let gate = builder.keep_messages(usize::MAX).start().expect("a gate");
    let seen: Arc<Mutex<HashMap<(i64, i64), u32>>> = Arc::default();
    let receivers: Vec<RtmClient> = RECEIVERS
        .map(|uid| {
            let client = login(options(&gate), uid);
            let seen = seen.clone();
            client.processor().on(server_push::RECV_CHAT, move |message| {
                let mut seen = seen.lock().expect("nobody panics with it");
                *seen.entry((message.from, message.mid)).or_default() += 1;
            });
            client
        })
        .collect();
    let senders: Vec<RtmClient> =
        SENDERS.map(|uid| login(options(&gate).max_ping_interval_seconds(1), uid)).collect();

    let healers: Vec<Healer> = HEALERS.map(|uid| Healer::login(options(&gate), uid)).collect();

    let begun = Instant::now();
    let until = begun + lasting;
    let (calls, healed): (Vec<Arc<Call>>, Vec<i64>) = thread::scope(|scope| {
        let sending: Vec<_> = SENDERS
            .zip(&senders)
            .map(|(uid, client)| scope.spawn(move || send(client, uid, seed, until)))
            .collect();
        let healing: Vec<_> =
            healers.iter().map(|healer| scope.spawn(move || healer.send(seed, until))).collect();
        for step in schedule(seed, lasting) {
            thread::sleep((begun + step.after).saturating_duration_since(Instant::now()));
            disturb(&gate, &step);
        }
        gate.faults().clear();
        let calls =
            sending.into_iter().flat_map(|sender| sender.join().expect("a sender")).collect();
        let healed = healing.into_iter().flat_map(|healer| healer.join().expect("a healer"));
        (calls, healed.collect())
    });
    healers::check(&gate, &healers, &healed);

    let mut stored: HashMap<(i64, i64), u32> = HashMap::new();
    let conversations = SENDERS.flat_map(|from| RECEIVERS.map(move |to| (from, to)));
    let mut messages = Vec::new();
    for (from, to) in conversations {
        messages.extend(gate.stored(ConversationId::p2p(from, to)));
    }
    for message in &messages {
        *stored.entry((message.from, message.mid)).or_default() += 1;
    }
    let reconnects: u64 = senders.iter().map(|client| client.stats().reconnects).sum();
    println!(
        "{} calls, {} messages, {} faults, {reconnects} reconnects",
        calls.len(),
        messages.len(),
        gate.faults().struck()
    );
    assert!(stored.values().all(|times| *times == 1), "a message was stored twice");
    let by_mid: HashMap<i64, u32> = stored.iter().map(|((_, mid), times)| (*mid, *times)).collect();
    for call in calls.iter().filter(|call| call.success.load(Ordering::SeqCst)) {
        assert!(by_mid.contains_key(&call.mid), "{} was acknowledged and is not there", call.mid);
    }
    eventually("all messages at their receivers", || {
        seen.lock().expect("nobody panics with it").len() >= stored.len()
    });

    let healers: Vec<RtmClient> = healers.into_iter().map(|healer| healer.client).collect();
    let clients = || receivers.iter().chain(&senders).chain(&healers);
    let at_rest = || {
        clients().all(|client| {
            let stats = client.stats();
            stats.in_flight == 0 && stats.queued_bytes == 0
        })
    };
    assert!(
        holds_within(common::DEADLINE, at_rest),
        "something is in flight: {:#?}",
        clients().map(RtmClient::stats).collect::<Vec<_>>()
    );
    for client in clients() {
        client.close_and_wait(common::DEADLINE).expect("its threads end");
    }
    // Nothing can come any more that would be one too many.
    assert!(calls.iter().all(|call| call.ends.load(Ordering::SeqCst) == 1), "a call ended twice");
    let seen = seen.lock().expect("nobody panics with it").clone();
    assert_eq!(seen.len(), stored.len(), "messages that were never stored");
    let wrong: Vec<_> = seen.iter().filter(|seen| *seen.1 != 1).collect();
    assert!(wrong.is_empty(), "seen more than once: {wrong:?}");
    let reconnected = receivers.iter().any(|client| client.stats().reconnects > 0);
    assert!(!reconnected, "the receivers' connections were to last");

    drop((senders, receivers, healers, gate));
    eventually("no thread", || client_threads().is_empty());
    eventually("no descriptor", || descriptors() <= before);
}
