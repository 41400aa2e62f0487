//! Every call ends in its callback exactly once, from many threads, against a gate that answers as it likes and cuts
//! the connection again and again.
//!
//! 50 000 calls are made, or a million where `RTM_FULL` is set.

mod common;

use std::io::ErrorKind;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use common::package::{self, Kind, Package, map};
use common::peer::Peer;
use common::record::{Event, Record};
use common::{DEADLINE, UID, few_or_many};
use crossbeam_channel::{Receiver, Sender, bounded};
use rtm_client::{RegressiveStrategy, RtmClient, SendError, reply, types::SendReply};
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Error, Message, WebSocket};

const CALLERS: usize = 8;
/// How many calls a caller has in flight at most.
const WINDOW: usize = 64;
/// A few more than the callers can have, for a call counts until its callback has returned.
const MAX_IN_FLIGHT: usize = CALLERS * WINDOW + 8;
/// After how many quests at the most the gate cuts a connection: always the first, for there are more calls than that.
const CUT_AFTER: u32 = 20_000;

fn chance(one_in: u32) -> bool {
    rand::random::<u32>() % one_in == 0
}

/// How the calls ended.
#[derive(Default)]
struct Outcomes {
    answered: AtomicUsize,
    failed: AtomicUsize,
    timed_out: AtomicUsize,
    cut: AtomicUsize,
}

/// The ends of all calls, by number.
struct Ends {
    times: Vec<AtomicU8>,
    outcomes: Outcomes,
}

impl Ends {
    fn put(&self, number: usize, error: Option<SendError>, data: Option<SendReply>) {
        self.times[number].fetch_add(1, Ordering::Relaxed);
        let outcomes = &self.outcomes;
        let outcome = match (error, data) {
            (None, Some(data)) => {
                assert_eq!(data.payload.mtime, number as i64, "the answer of another call");
                &outcomes.answered
            }
            (Some(error), None) => {
                assert_eq!(error.mid, number as i64 + 1);
                match error.error.code() {
                    200010 => &outcomes.failed,
                    20003 => &outcomes.timed_out,
                    20002 => &outcomes.cut,
                    other => panic!("call {number} ended with {other}"),
                }
            }
            both => panic!("call {number} ended with both or neither: {both:?}"),
        };
        outcome.fetch_add(1, Ordering::Relaxed);
    }
}

/// A gate that answers at once, late, in another order, twice, with an error or not at all, several in one message or
/// one in several, and then cuts the connection, also in the middle of a package.
fn serve(stream: TcpStream, stop: &AtomicBool) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let config = WebSocketConfig::default().read_buffer_size(16 << 10);
    let mut socket = tungstenite::accept_with_config(stream, Some(config)).ok()?;
    socket.get_ref().set_read_timeout(Some(Duration::from_millis(1))).ok()?;
    let mut left = 1 + rand::random::<u32>() % CUT_AFTER;
    let mut answers = Vec::new();
    let mut held: Vec<Vec<u8>> = Vec::new();
    loop {
        match socket.read() {
            Ok(message) if message.is_binary() => {
                let bytes = message.into_data();
                let (quest, _) = Package::read(&bytes).expect("a package a message");
                if quest.method == "auth" {
                    let accepted = map([("ok", true.into())]);
                    answers.extend(package::answer(quest.seq, 0, &accepted));
                } else if quest.method == "*ping" {
                    // Calls time out: the client asks whether the gate is there.
                    answers.extend(package::answer(quest.seq, 0, &map([])));
                } else {
                    take(&quest, &mut answers, &mut held);
                }
                left = left.saturating_sub(1);
                if left == 0 && !stop.load(Ordering::Relaxed) {
                    let cut = answers.len().saturating_sub(rand::random::<u8>().into());
                    return send(&mut socket, &answers[..cut]);
                }
                if answers.len() > 4 << 10 {
                    send(&mut socket, &answers)?;
                    answers.clear();
                }
            }
            Ok(_) => {}
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                answers.extend(held.drain(..).flatten());
                send(&mut socket, &answers)?;
                answers.clear();
            }
            Err(_) => return None,
        }
    }
}

fn take(quest: &Package, answers: &mut Vec<u8>, held: &mut Vec<Vec<u8>>) {
    assert_eq!((quest.kind, quest.method.as_str()), (Kind::Quest, "sendmsg"));
    let mtime = quest.int("mid") - 1;
    let answer = package::answer(quest.seq, 0, &map([("mtime", mtime.into())]));
    match rand::random::<u8>() {
        0..16 => {}
        16..32 => {
            answers.extend(package::answer(quest.seq, 1, &package::error(200010, "slowly")));
        }
        32..64 => {
            answers.extend(&answer);
            answers.extend(&answer);
        }
        64..128 => held.push(answer),
        _ => answers.extend(answer),
    }
    if held.len() > 64 {
        let which = rand::random::<u32>() as usize % held.len();
        answers.extend(held.swap_remove(which));
    }
}

fn send(socket: &mut WebSocket<TcpStream>, bytes: &[u8]) -> Option<()> {
    let split = match bytes.len() {
        len if len > 1 && chance(4) => rand::random::<u32>() as usize % len,
        _ => 0,
    };
    let (head, tail) = bytes.split_at(split);
    for part in [head, tail] {
        socket.send(Message::Binary(part.to_vec().into())).ok()?;
    }
    Some(())
}

/// Makes the calls of these numbers, never more than `WINDOW` at a time.
fn call(client: &RtmClient, ends: &Arc<Ends>, numbers: std::ops::Range<usize>) {
    let (done, permits): (Sender<()>, Receiver<()>) = bounded(WINDOW);
    for _ in 0..WINDOW {
        done.send(()).expect("there is room");
    }
    for number in numbers {
        permits.recv_timeout(DEADLINE).expect("the calls before end");
        let (ends, done) = (ends.clone(), done.clone());
        // Some shorter than the answer takes; those that are never answered wait for a cut or their timeout.
        let timeout = Duration::from_millis(if chance(8) { 1 } else { 60 });
        client.send_chat(2, "x", "", number as i64 + 1, timeout, move |error, data| {
            ends.put(number, error, data);
            done.send(()).expect("there is room");
        });
    }
    for _ in 0..WINDOW {
        permits.recv_timeout(DEADLINE).expect("the last calls end");
    }
}

#[test]
fn every_callback_runs_once_and_none_is_lost() {
    let calls: usize = few_or_many(50_000, 1_000_000);
    let peer = Peer::new();
    let strategy = RegressiveStrategy::new()
        .start_connect_failed_count(u32::MAX)
        .max_interval_seconds(1)
        .linear_regressive_count(1);
    let options = peer.options().regressive_strategy(strategy).max_in_flight(MAX_IN_FLIGHT);
    let client = RtmClient::new(options);
    let record = Record::of(&client);
    let stop = AtomicBool::new(false);
    let ends = Arc::new(Ends {
        times: (0..calls).map(|_| AtomicU8::new(0)).collect(),
        outcomes: Outcomes::default(),
    });

    thread::scope(|scope| {
        let gate = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                if let Some(stream) = peer.try_accept_tcp(Duration::from_millis(10)) {
                    serve(stream, &stop);
                }
            }
        });
        client.login(UID, "token", record.login(), DEADLINE);
        record.expect_login(true, 0);
        let share = calls.div_ceil(CALLERS);
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let (client, ends) = (&client, &ends);
                let numbers = (caller * share).min(calls)..((caller + 1) * share).min(calls);
                scope.spawn(move || call(client, ends, numbers))
            })
            .collect();
        let panicked = callers.into_iter().filter_map(|caller| caller.join().err()).count();
        stop.store(true, Ordering::Relaxed);
        client.close_and_wait(DEADLINE).expect("the threads end");
        gate.join().expect("the gate did not panic");
        assert_eq!(panicked, 0);
    });

    let wrong = ends.times.iter().filter(|times| times.load(Ordering::Relaxed) != 1).count();
    assert_eq!(wrong, 0, "calls that did not end exactly once");
    let Outcomes { answered, failed, timed_out, cut } = &ends.outcomes;
    let outcomes = [answered, failed, timed_out, cut].map(|count| count.load(Ordering::Relaxed));
    println!("answered, failed, timed out, cut: {outcomes:?}");
    assert_eq!(outcomes.iter().sum::<usize>(), calls);
    assert!(outcomes.iter().all(|count| *count > 0), "{outcomes:?}");
    let relogins = record.all();
    let relogins =
        relogins.iter().filter(|event| matches!(event, Event::Relogin(true, ..))).count();
    assert!(relogins > 0, "the connection was never cut");
    the_counters_add_up(&client, outcomes.map(|count| count as u64));
    nothing_is_in_flight(&peer, &client);
}

/// Each call is counted where it ended; those refused between two connections are not counted.
fn the_counters_add_up(client: &RtmClient, [answered, failed, timed_out, cut]: [u64; 4]) {
    let stats = client.stats();
    let (answers, lost) = (stats.answers, stats.lost + stats.unanswered);
    assert_eq!((answers, stats.errors, stats.timeouts), (answered + failed, failed, timed_out));
    assert!(stats.lost > 0 && lost <= cut, "{stats:?}");
    assert_eq!((stats.calls, stats.in_flight), (answers + timed_out + lost, 0), "{stats:?}");
}

/// As many calls fit as the bound says: none of those before still counts.
fn nothing_is_in_flight(peer: &Peer, client: &RtmClient) {
    let (callback, reply) = reply::login();
    client.login(UID, "token", callback, DEADLINE);
    let mut connection = peer.accept_login();
    reply.wait().expect("logged in");
    // The callback of the login has run and does not count.
    let (sender, ended) = mpsc::channel();
    for _ in 0..=MAX_IN_FLIGHT {
        let sender = sender.clone();
        client.get_server_time(None, move |error, _| {
            sender.send(error.map(|error| error.code())).expect("the test waits");
        });
    }
    assert_eq!(ended.recv_timeout(DEADLINE), Ok(Some(20011)), "the one too many");
    for _ in 0..MAX_IN_FLIGHT {
        connection.quest("getservertime");
    }
    client.close_and_wait(DEADLINE).expect("the threads end");
    assert_eq!(ended.try_iter().filter(|end| *end == Some(20002)).count(), MAX_IN_FLIGHT);
}
