//! A gate that stops reading: what waits for it is bounded, and given back when it reads again. Alone in its process,
//! whose memory it measures.

#![cfg(target_os = "linux")]

mod common;

use std::sync::mpsc;

use common::package::map;
use common::peer::{Connection, Peer};
use common::{DEADLINE, eventually};
use rtm_client::RtmClient;

const MIB: usize = 1 << 20;
/// What may wait for the gate.
const BOUND: usize = 24 * MIB;
/// What is sent, twice: far more than may wait.
const SENT: usize = 64 * MIB;
/// How much memory may grow beside what waits.
const BESIDE: usize = 16 * MIB;
const SIZE: usize = 16 << 10;
const CALLS: usize = SENT / SIZE;

/// A figure of this process's memory, in bytes.
fn memory(figure: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(figure)).expect("the figure");
    let kib = line.trim_start_matches(':').trim_end_matches("kB").trim();
    kib.parse::<usize>().expect("a number") << 10
}

/// Makes all calls.
fn send(client: &RtmClient, text: &str, ended: &mpsc::Sender<Option<i32>>) {
    for _ in 0..CALLS {
        let ended = ended.clone();
        client.send_chat(2, text, "", None, None, move |error, _| {
            ended.send(error.map(|error| error.error.code())).expect("the test waits");
        });
    }
}

/// Answers that many calls.
fn answer(connection: &mut Connection, calls: usize) {
    for _ in 0..calls {
        let quest = connection.quest("sendmsg");
        connection.answer(&quest, &map([("mtime", 5.into())]));
    }
}

#[test]
fn memory_stays_within_the_bound_and_everything_recovers() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options().max_queued_bytes(BOUND));
    let text = "x".repeat(SIZE);
    let (sender, ended) = mpsc::channel();
    let before = memory("VmRSS");

    send(&client, &text, &sender);
    let stats = client.stats();
    let accepted = stats.calls as usize;
    assert!((BOUND / SIZE - 100..CALLS).contains(&accepted), "{accepted}");
    assert!(stats.queued_bytes as usize <= BOUND, "{stats:?}");
    // Nothing is read yet, and those that were refused know.
    for _ in accepted..CALLS {
        assert_eq!(ended.recv_timeout(DEADLINE), Ok(Some(20011)));
    }
    // What was taken for writing and what has been queued since are one bound.
    let read = accepted / 2;
    answer(&mut connection, read);
    for _ in 0..read {
        assert_eq!(ended.recv_timeout(DEADLINE), Ok(None));
    }
    send(&client, &text, &sender);
    let more = client.stats().calls as usize - accepted;
    assert!(more > 0 && more < CALLS, "{more}");
    for _ in more..CALLS {
        assert_eq!(ended.recv_timeout(DEADLINE), Ok(Some(20011)));
    }
    let waiting = (accepted + more) * SIZE - client.stats().bytes_sent as usize;
    assert!(waiting <= BOUND, "{} MiB", waiting / MIB);
    let peak = memory("VmHWM").saturating_sub(before);
    assert!(peak <= BOUND + BESIDE, "{} MiB", peak / MIB);

    let left = accepted - read + more;
    answer(&mut connection, left);
    for _ in 0..left {
        assert_eq!(ended.recv_timeout(DEADLINE), Ok(None));
    }
    record.expect_nothing(&client, &mut connection);
    let stats = client.stats();
    assert_eq!((stats.timeouts, stats.errors, stats.queued_bytes), (0, 0, 0), "{stats:?}");
    eventually("the memory is given back", || memory("VmRSS").saturating_sub(before) <= BESIDE);
    client.close_and_wait(DEADLINE).expect("the threads end");
}
