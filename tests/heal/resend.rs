//! Messages that were on their way when the connection was lost, sent again.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rtm_client::gate::{ConversationId, Gate};
use rtm_client::{ClientOptions, Delivery, RtmClient, reply, server_push};

use super::{EAGER, PATIENT};
use crate::common::package::{self, Package, map, server_time};
use crate::common::peer::{Connection, Peer};
use crate::common::record::{Event, Record};
use crate::common::{DEADLINE, eventually};

/// How a send ended: its mid, and its mtime or what became of it.
type Told = (i64, Result<i64, (i32, Delivery)>);

struct Sender {
    client: RtmClient,
    told: mpsc::Sender<Told>,
    tells: mpsc::Receiver<Told>,
}

impl Sender {
    fn send(&self, mid: i64, text: &str, timeout: Duration) {
        let told = self.told.clone();
        self.client.send_chat(2, text, "", mid, timeout, move |error, data| {
            let end = match (error, data) {
                (Some(error), _) => {
                    assert_eq!(error.mid, mid);
                    Err((error.error.code(), error.delivery()))
                }
                (None, data) => Ok(data.expect("one of the two").payload.mtime),
            };
            told.send((mid, end)).expect("the test waits");
        });
    }

    fn next(&self) -> Told {
        self.tells.recv_timeout(DEADLINE).expect("a send ends")
    }

    /// Returns when the client has seen the loss.
    fn lost(&self) {
        eventually("the loss is seen", || !self.client.stats().online);
    }
}

fn login(peer: &Peer, options: ClientOptions) -> (Sender, Record, Connection) {
    let (client, record, connection) = peer.login(options);
    let (told, tells) = mpsc::channel();
    (Sender { client, told, tells }, record, connection)
}

fn options(peer: &Peer) -> ClientOptions {
    let options = peer.options().regressive_strategy(EAGER);
    options.queue_while_reconnecting(1 << 20, DEADLINE).resend_in_flight(true)
}

/// The next quest, which has to be the message of that mid.
fn expect(connection: &mut Connection, mid: i64) -> Package {
    let quest = connection.quest("sendmsg");
    assert_eq!(quest.int("mid"), mid);
    quest
}

fn take(connection: &mut Connection, mid: i64) {
    let quest = expect(connection, mid);
    connection.answer(&quest, &map([("mtime", mid.into())]));
}

#[test]
fn first_what_is_resumed_then_what_was_on_its_way_then_what_was_queued_then_the_rest() {
    let peer = Peer::new();
    let (sender, record, mut connection) = login(&peer, options(&peer).resume_rooms(true));
    let client = &sender.client;
    client.enter_room(7, None, |_, _| {});
    let quest = connection.quest("enterroom");
    connection.answer(&quest, &map([]));
    sender.send(1, "answered", DEADLINE);
    take(&mut connection, 1);
    assert_eq!(sender.next(), (1, Ok(1)));
    for mid in 2..=4 {
        sender.send(mid, "on its way", DEADLINE);
        expect(&mut connection, mid);
    }
    let (callback, waited_for) = reply::channel();
    client.send_chat(2, "on its way", "", 5, None, callback);
    expect(&mut connection, 5);
    // What is no message ends.
    client.get_server_time(None, record.call(1));
    connection.quest("getservertime");
    connection.close();
    record.expect_error(20002);
    record.expect_call(1, Err(20002));
    for mid in 6..=7 {
        sender.send(mid, "queued", DEADLINE);
    }
    let weak = client.downgrade();
    client.on_relogin_completed(move |_, _, _, _| {
        let client = weak.upgrade().expect("the test holds it");
        client.get_server_time(None, |_, _| {});
    });
    let mut connection = peer.accept_login();
    let quest = connection.quest("enterroom");
    connection.answer(&quest, &map([]));
    for mid in 2..=7 {
        take(&mut connection, mid);
    }
    let quest = connection.quest("getservertime");
    connection.answer(&quest, &server_time(1));
    for mid in [2, 3, 4, 6, 7] {
        assert_eq!(sender.next(), (mid, Ok(mid)));
    }
    assert_eq!(waited_for.wait().map(|sent| sent.payload.mtime).ok(), Some(5));
    record.expect(Event::Relogin(true, false, 0, 1));
    assert_eq!(record.rest(client), [Event::Closed(0)]);
    assert!(sender.tells.try_recv().is_err(), "each ends once");
}

#[test]
fn a_mid_that_the_service_knows_is_success() {
    let peer = Peer::new();
    let (sender, _record, mut connection) = login(&peer, options(&peer));
    for mid in 1..=4 {
        sender.send(mid, "hello", DEADLINE);
        expect(&mut connection, mid);
    }
    connection.close();
    let mut connection = peer.accept_login();
    let quests = [1, 2, 3, 4].map(|mid| expect(&mut connection, mid));
    connection.fail(&quests[0], &package::error(200053, "known"));
    connection.fail(&quests[1], &package::error(200054, "a word"));
    connection.fail(&quests[2], &package::error(20011, "busy"));
    connection.answer(&quests[3], &map([("mtime", 9.into())]));
    assert_eq!(sender.next(), (1, Ok(0)));
    // It may have been taken the first time.
    assert_eq!(sender.next(), (2, Err((200054, Delivery::Unknown))));
    assert_eq!(sender.next(), (3, Err((20011, Delivery::Unknown))));
    assert_eq!(sender.next(), (4, Ok(9)));
    // Of a message that was sent once all of that means what it says.
    sender.send(5, "hello", DEADLINE);
    let quest = expect(&mut connection, 5);
    connection.fail(&quest, &package::error(200053, "known"));
    assert_eq!(sender.next(), (5, Err((200053, Delivery::Refused))));
}

/// Waiting for the socket, they are sent for the first time after the relogin.
#[test]
fn what_had_not_left_is_sent_for_the_first_time() {
    const SENDS: i64 = 300;
    let peer = Peer::new();
    let options = options(&peer).queue_while_reconnecting(64 << 20, DEADLINE);
    let (sender, _record, connection) = login(&peer, options);
    let text = "x".repeat(64 << 10);
    for mid in 1..=SENDS {
        sender.send(mid, &text, DEADLINE);
    }
    eventually("the kernel takes no more", || {
        let before = sender.client.stats().bytes_sent;
        thread::sleep(Duration::from_millis(20));
        before > 1 << 20 && sender.client.stats().bytes_sent == before
    });
    connection.reset();
    let mut connection = peer.accept_login();
    for mid in 1..=SENDS {
        let quest = expect(&mut connection, mid);
        connection.fail(&quest, &package::error(200054, "a word"));
    }
    let ends: Vec<_> = (0..SENDS).map(|_| sender.next()).collect();
    let unknown = |end: &&Told| end.1 == Err((200054, Delivery::Unknown));
    let begun = ends.iter().take_while(unknown).count();
    let (_, first) = ends.split_at(begun);
    assert!(begun > 0 && !first.is_empty());
    assert!(first.iter().all(|end| end.1 == Err((200054, Delivery::Refused))));
    assert!(ends.iter().map(|end| end.0).eq(1..=SENDS), "in their order");
}

#[test]
fn a_loss_after_the_other_and_one_during_the_resend() {
    let peer = Peer::new();
    let (sender, _record, mut connection) = login(&peer, options(&peer));
    for mid in 1..=3 {
        sender.send(mid, "hello", DEADLINE);
        expect(&mut connection, mid);
    }
    connection.close();
    for _ in 0..3 {
        // Attempts that fail change nothing.
        drop(peer.accept_tcp());
        let mut connection = peer.accept_login();
        expect(&mut connection, 1);
        expect(&mut connection, 2);
    }
    let mut connection = peer.accept_login();
    take(&mut connection, 1);
    assert_eq!(sender.next(), (1, Ok(1)));
    sender.send(4, "later", DEADLINE);
    expect(&mut connection, 2);
    expect(&mut connection, 3);
    expect(&mut connection, 4);
    connection.close();
    let mut connection = peer.accept_login();
    for mid in 2..=4 {
        take(&mut connection, mid);
        assert_eq!(sender.next(), (mid, Ok(mid)));
    }
}

/// Copies count in the bytes of the queue: what does not fit ends at the loss.
#[test]
fn what_does_not_fit_into_the_queue_is_not_sent_again() {
    let peer = Peer::new();
    let options = options(&peer).queue_while_reconnecting(10_000, DEADLINE);
    let (sender, record, mut connection) = login(&peer, options);
    let text = "x".repeat(4_000);
    // Those that are answered make room again.
    for mid in 1..=5 {
        sender.send(mid, &text, DEADLINE);
        take(&mut connection, mid);
        assert_eq!(sender.next(), (mid, Ok(mid)));
    }
    // And those that time out.
    sender.send(6, &text, Duration::from_millis(500));
    expect(&mut connection, 6);
    assert_eq!(sender.next(), (6, Err((20003, Delivery::Unknown))));
    for mid in 7..=9 {
        sender.send(mid, &text, DEADLINE);
        expect(&mut connection, mid);
    }
    sender.send(10, "fits", DEADLINE);
    expect(&mut connection, 10);
    connection.close();
    assert_eq!(sender.next(), (9, Err((20002, Delivery::Unknown))));
    record.expect_error(20002);
    sender.send(11, &text, DEADLINE);
    assert_eq!(sender.next(), (11, Err((20011, Delivery::NotSent))));
    let mut connection = peer.accept_login();
    for mid in [7, 8, 10] {
        take(&mut connection, mid);
        assert_eq!(sender.next(), (mid, Ok(mid)));
    }
    // All of it is free again, over a close too.
    for mid in 12..=13 {
        sender.send(mid, &text, DEADLINE);
        expect(&mut connection, mid);
    }
    connection.close();
    let mut connection = peer.accept_login();
    for mid in 12..=13 {
        take(&mut connection, mid);
        assert_eq!(sender.next(), (mid, Ok(mid)));
    }
}

#[test]
fn their_timeouts_go_on_and_so_does_the_age_of_the_queue() {
    let peer = Peer::new();
    let age = Duration::from_millis(400);
    let options =
        options(&peer).regressive_strategy(PATIENT).queue_while_reconnecting(1 << 20, age);
    let (sender, _record, mut connection) = login(&peer, options);
    let began = Instant::now();
    sender.send(1, "its own timeout", Duration::from_millis(200));
    sender.send(2, "the age", DEADLINE);
    expect(&mut connection, 1);
    expect(&mut connection, 2);
    connection.close();
    assert_eq!(sender.next(), (1, Err((20003, Delivery::Unknown))));
    assert!(began.elapsed() >= Duration::from_millis(200));
    assert_eq!(sender.next(), (2, Err((20002, Delivery::Unknown))));
    assert!(began.elapsed() >= age);
    // The timeout goes on after the resend.
    sender.client.close_and_wait(DEADLINE).expect("the threads end");
    let (sender, _record, mut connection) = login(&peer, self::options(&peer));
    sender.send(3, "unanswered", Duration::from_millis(300));
    expect(&mut connection, 3);
    connection.close();
    let mut connection = peer.accept_login();
    expect(&mut connection, 3);
    assert_eq!(sender.next(), (3, Err((20003, Delivery::Unknown))));
}

#[test]
fn the_end_of_the_session_ends_them_and_bye_and_wait_waits_for_them() {
    let peer = Peer::new();
    for end in ["close", "bye", "last attempt", "no relogin"] {
        let options = options(&peer).regressive_strategy(match end {
            "last attempt" => EAGER,
            _ => PATIENT,
        });
        let options = options.max_relogin_attempts((end == "last attempt").then_some(1));
        let options = options.auto_reconnect(end != "no relogin");
        let (sender, _record, mut connection) = login(&peer, options);
        sender.send(1, "hello", DEADLINE);
        expect(&mut connection, 1);
        connection.close();
        sender.lost();
        match end {
            "close" => sender.client.close(),
            "bye" => sender.client.bye(),
            "last attempt" => drop(peer.accept_tcp()),
            _ => {}
        }
        assert_eq!(sender.next(), (1, Err((20002, Delivery::Unknown))), "{end}");
    }
    let (sender, _record, mut connection) = login(&peer, options(&peer));
    sender.send(1, "hello", DEADLINE);
    expect(&mut connection, 1);
    thread::scope(|scope| {
        let leaving = scope.spawn(|| sender.client.bye_and_wait(DEADLINE));
        eventually("it leaves", || sender.client.wait_online(Duration::ZERO).is_err());
        connection.close();
        let mut connection = peer.accept_login();
        take(&mut connection, 1);
        let bye = connection.quest("bye");
        connection.answer(&bye, &map([]));
        leaving.join().expect("no panic").expect("it comes to its end");
    });
    assert_eq!(sender.tells.try_recv(), Ok((1, Ok(1))));
}

/// Messages through losses of every kind, at a gate that knows a mid it has had: each succeeds, and arrives once, in order.
#[test]
fn hundreds_of_messages_through_a_dozen_losses() {
    const SENDS: i64 = 600;
    const LOSSES: i64 = 12;
    let gate = Gate::builder().start().expect("a gate");
    let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint());
    let receiver = RtmClient::new(options.clone());
    let arrived = Arc::new(Mutex::new(Vec::new()));
    let seen = arrived.clone();
    receiver.processor().on(server_push::RECV_CHAT, move |message| {
        seen.lock().expect("no panic").push(message.mid);
    });
    receiver.login(2, "token", |_, _| {}, DEADLINE);
    receiver.wait_online(DEADLINE).expect("a login");
    let options = options.regressive_strategy(EAGER).max_ping_interval_seconds(1);
    let options = options.queue_while_reconnecting(1 << 20, 6 * DEADLINE).resend_in_flight(true);
    let client = RtmClient::new(options);
    // A login that the silent gate does not answer is given up soon.
    client.login(1, "token", |_, _| {}, Duration::from_secs(1));
    client.wait_online(DEADLINE).expect("a login");
    let (told, tells) = mpsc::channel();
    let began = Instant::now();
    for mid in 1..=SENDS {
        let faults = gate.faults();
        match (mid % (SENDS / LOSSES), mid / (SENDS / LOSSES) % 3) {
            // Half-open: the gate takes what comes, and says nothing more.
            (25, 0) => faults.on_any().user(1).never_answer(),
            (25, 1) => faults.on("sendmsg").next(1).close(),
            (25, 2) => faults.on("sendmsg").next(1).reset(),
            _ => {}
        }
        let told = told.clone();
        client.send_chat(2, format!("message {mid}"), "", mid, 6 * DEADLINE, move |error, _| {
            told.send((mid, error.map(|error| error.to_string()))).expect("the test waits");
        });
        if mid % (SENDS / LOSSES) == 30 {
            // The loss is seen before the next one.
            let losses = mid as u64 * LOSSES as u64 / SENDS as u64;
            eventually("the loss is seen", || {
                client.stats().reconnects > losses || !client.stats().online
            });
            faults.clear();
            client.wait_online(DEADLINE).expect("a relogin");
        }
        if mid % 10 == 0 {
            thread::sleep(Duration::from_millis(5));
        }
    }
    let mut ends: Vec<_> =
        (0..SENDS).map(|_| tells.recv_timeout(DEADLINE).expect("an end")).collect();
    ends.sort();
    let failed: Vec<_> = ends.iter().filter(|end| end.1.is_some()).collect();
    let stats = client.stats();
    println!(
        "{SENDS} sends, {} losses: {} successes in {:?}",
        stats.reconnects,
        ends.len() - failed.len(),
        began.elapsed()
    );
    assert!(failed.is_empty(), "{failed:?}");
    assert!(stats.reconnects >= LOSSES as u64, "{stats:?}");
    assert_eq!((stats.calls, stats.answers, stats.lost), (SENDS as u64, SENDS as u64, 0));
    eventually("all have arrived", || arrived.lock().expect("no panic").len() >= SENDS as usize);
    let arrived = arrived.lock().expect("no panic").clone();
    assert!(arrived.iter().copied().eq(1..=SENDS), "{arrived:?}");
    let stored = gate.stored(ConversationId::p2p(1, 2));
    // It keeps the latest.
    let first = SENDS + 1 - stored.len() as i64;
    assert!(stored.iter().map(|message| message.mid).eq(first..=SENDS));
}
