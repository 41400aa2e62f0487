//! What becomes of a call: it ends in its callback exactly once, whatever happens.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rtm_client::{Callbacks, ClientOptions, RegressiveStrategy, RtmClient, reply};

use crate::common::package::{self, Kind, map, server_time};
use crate::common::peer::Peer;
use crate::common::record::{Event, Record};
use crate::common::{DEADLINE, PID, UID, eventually};

/// Waits long before the first relogin.
pub(crate) const PATIENT: RegressiveStrategy = RegressiveStrategy::new()
    .start_connect_failed_count(0)
    .max_interval_seconds(3600)
    .linear_regressive_count(1);

#[test]
fn without_a_session_a_call_fails_with_20012() {
    let peer = Peer::new();
    let client = RtmClient::new(peer.options());
    let record = Record::of(&client);
    client.get_server_time(None, record.call(1));
    record.expect_call(1, Err(20012));

    client.login(UID, "token", record.login(), DEADLINE);
    client.get_server_time(None, record.call(2));
    record.expect_call(2, Err(20012));
    let mut connection = peer.accept();
    let auth = connection.quest("auth");
    client.get_server_time(None, record.call(3));
    record.expect_call(3, Err(20012));
    connection.answer(&auth, &map([("ok", true.into())]));
    record.expect_login(true, 0);

    client.close();
    client.get_server_time(None, record.call(4));
    let mut both = [record.next(), record.next()];
    both.sort_by_key(|event| matches!(event, Event::Call(..)));
    assert_eq!(both, [Event::Closed(0), Event::Call(4, Err(20012))]);
    assert!(connection.until_closed().is_empty(), "none of them was sent");
    client.get_server_time(None, record.call(5));
    record.expect_call(5, Err(20012));
    assert_eq!(record.rest(&client), []);
}

/// Without a session the callback thread ends when its queue is empty. A callback that is queued while it does is not lost.
#[test]
fn a_callback_queued_while_its_thread_ends_runs() {
    let client = RtmClient::new(ClientOptions::new(PID).endpoint("127.0.0.1:1"));
    let ran = Arc::new(AtomicUsize::new(0));
    for call in 0..4_000 {
        let counted = ran.clone();
        client.get_server_time(None, move |_, _| {
            counted.fetch_add(1, Ordering::SeqCst);
        });
        // Without sleeping, so that the next call meets the thread on its last steps: now at one, now at another.
        let until = Instant::now() + DEADLINE;
        while ran.load(Ordering::SeqCst) == call {
            assert!(Instant::now() < until, "callback {call} does not run");
            std::thread::yield_now();
        }
        for step in 0..call % 300 {
            std::hint::black_box(step);
        }
    }
}

#[test]
fn while_reconnecting_a_call_fails_with_20002_and_after_the_end_with_20012() {
    let peer = Peer::new();
    let options = peer.options().regressive_strategy(PATIENT);
    for (options, code) in [(options, 20002), (peer.options().auto_reconnect(false), 20012)] {
        let (client, record, connection) = peer.login(options);
        connection.close();
        record.expect_error(20002);
        client.get_server_time(None, record.call(1));
        let mut next = record.next();
        if next == Event::Closed(20001) {
            next = record.next();
        }
        assert_eq!(next, Event::Call(1, Err(code)));
        client.close();
        record.rest(&client);
        client.get_server_time(None, record.call(2));
        record.expect_call(2, Err(20012));
    }
}

#[test]
fn calls_in_flight_end_with_the_connection_after_the_event() {
    let peer = Peer::new();
    let options = peer.options().auto_reconnect(false);
    let calls = |ended: fn(i32) -> Event| {
        let ends = [0, 1, 2].map(|number| Event::Call(number, Err(20002)));
        let mut expected = vec![ended(0)];
        expected.extend(ends);
        expected
    };
    let start = || {
        let (client, record, mut connection) = peer.login(options.clone());
        for number in 0..3 {
            client.get_server_time(None, record.call(number));
            connection.quest("getservertime");
        }
        (client, record, connection)
    };

    let (client, record, _connection) = start();
    assert_eq!(record.rest(&client), calls(|_| Event::Closed(0)));

    for reset in [false, true] {
        let (client, record, connection) = start();
        if reset {
            connection.reset()
        } else {
            connection.close()
        }
        record.expect_error(20002);
        let events: Vec<_> = (0..4).map(|_| record.next()).collect();
        assert_eq!(events, calls(|_| Event::Closed(20001)));
        assert_eq!(record.rest(&client), []);
    }

    let (client, record, mut connection) = start();
    client.destroy();
    let events: Vec<_> = (0..3).map(|_| record.next()).collect();
    assert_eq!(events, calls(|_| Event::Closed(0))[1..], "destroy is silent");
    connection.until_closed();
    assert_eq!(record.rest(&client), []);
}

#[test]
fn a_timeout_is_20003_and_the_late_answer_reaches_nobody() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    let timeout = Duration::from_millis(50);
    let before = Instant::now();
    client.get_server_time(timeout, record.call(1));
    record.expect_call(1, Err(20003));
    assert!(before.elapsed() >= timeout, "too early: {:?}", before.elapsed());

    let late = connection.quest("getservertime");
    client.get_server_time(None, record.call(2));
    let next = connection.quest("getservertime");
    assert_ne!(late.seq, next.seq);
    connection.answer(&late, &server_time(111));
    connection.answer(&next, &server_time(222));
    connection.answer(&next, &server_time(333));
    record.expect_call(2, Ok(222));
    record.expect_nothing(&client, &mut connection);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

#[test]
fn a_shorter_timeout_overtakes_a_longer_one() {
    let peer = Peer::new();
    let (client, record, _connection) = peer.login(peer.options());
    for (number, millis) in [(0, 60_000), (1, 300), (2, 20), (3, 150), (4, 60_000)] {
        client.get_server_time(Duration::from_millis(millis), record.call(number));
    }
    for number in [2, 3, 1] {
        record.expect_call(number, Err(20003));
    }
    let ended = [Event::Call(0, Err(20002)), Event::Call(4, Err(20002))];
    assert_eq!(record.rest(&client), [&[Event::Closed(0)], &ended[..]].concat());
}

/// The timer of a new session is not confused by that of the one before.
#[test]
fn timeouts_work_in_every_session_of_a_client() {
    let peer = Peer::new();
    let client = RtmClient::new(peer.options());
    let record = Record::of(&client);
    for _ in 0..50 {
        client.login(UID, "token", record.login(), DEADLINE);
        let _connection = peer.accept_login();
        record.expect_login(true, 0);
        client.get_server_time(Duration::from_millis(1), record.call(1));
        record.expect_call(1, Err(20003));
        client.close();
        record.expect(Event::Closed(0));
    }
}

#[test]
fn answers_reach_their_callbacks_in_any_order() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    const CALLS: usize = 100;
    let mut quests = Vec::new();
    for number in 0..CALLS {
        client.get_server_time(None, record.call(number));
        quests.push((number, connection.quest("getservertime")));
    }
    quests.reverse();
    quests.swap(3, 77);
    for (number, quest) in &quests {
        connection.answer(quest, &server_time(*number as i64));
    }
    for (number, _) in quests {
        record.expect_call(number, Ok(number as i64));
    }
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

#[test]
fn an_answer_that_cannot_be_read_is_20009_and_ends_its_own_call_only() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    let whole = server_time(1_700_000_000_000);
    let not_maps: &[&[u8]] = &[&[], &[0xc1], &[0xc0], &[0x01], &[0x90], &[0xa1, b'x'], b"{}"];
    let truncated = (1..whole.len()).map(|len| &whole[..len]);
    for status in [0, 1] {
        for payload in truncated.clone().chain(not_maps.iter().copied()) {
            client.get_server_time(None, record.call(1));
            let quest = connection.quest("getservertime");
            connection.send(&package::answer(quest.seq, status, payload));
            assert_eq!(
                record.next(),
                Event::Call(1, Err(20009)),
                "payload {payload:02x?}, status {status}"
            );
        }
    }
    for payload in [map([]), map([("ex", "no code".into())])] {
        client.get_server_time(None, record.call(2));
        let quest = connection.quest("getservertime");
        connection.fail(&quest, &payload);
        record.expect_call(2, Err(20009));
    }
    client.get_server_time(None, record.call(3));
    let quest = connection.quest("getservertime");
    connection.fail(&quest, &package::error(200010, "slowly"));
    record.expect_call(3, Err(200010));
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

#[test]
fn the_error_of_a_send_carries_its_mid() {
    let peer = Peer::new();
    let (client, _record, mut connection) = peer.login(peer.options());
    let (callback, reply) = reply::channel();
    client.send_chat(2, "text", "", 4711, None, callback);
    let quest = connection.quest("sendmsg");
    assert_eq!((quest.int("to"), quest.int("mid")), (2, 4711));
    connection.fail(&quest, &package::error(200030, "too long"));
    let failed = reply.wait().expect_err("it failed");
    assert_eq!((failed.mid, failed.error.code()), (4711, 200030));
    assert!(failed.error.to_string().contains("too long"), "{}", failed.error);
}

#[test]
fn a_call_over_the_size_limit_is_20005_and_the_connection_stays() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options().max_sent_bytes(4096));
    for text_len in [4096, 1 << 20] {
        let (callback, reply) = reply::channel();
        client.send_chat(2, &*"x".repeat(text_len), "", 7, None, callback);
        let failed = reply.wait().expect_err("it is too large");
        assert_eq!((failed.mid, failed.error.code()), (7, 20005));
        assert!(failed.error.to_string().contains("4096"), "{}", failed.error);
    }
    let (callback, reply) = reply::channel();
    client.send_chat(2, &*"x".repeat(4000), "", None, None, callback);
    let quest = connection.quest("sendmsg");
    connection.answer(&quest, &map([("mtime", 5.into())]));
    assert!(reply.wait().is_ok());
    record.expect_nothing(&client, &mut connection);
}

/// With callbacks run by hand, for then it is known when the last one has returned.
#[test]
fn over_max_in_flight_a_call_is_20011_until_one_has_ended() {
    let peer = Peer::new();
    let options = peer.options().max_in_flight(4).callbacks(Callbacks::Manual);
    let client = RtmClient::new(options);
    let record = Record::of(&client);
    let run = || assert_eq!(client.run_callbacks(DEADLINE).map_err(|e| e.code()), Ok(1));
    client.login(UID, "token", record.login(), DEADLINE);
    let mut connection = peer.accept_login();
    run();
    record.expect_login(true, 0);
    for round in 0..3 {
        let mut quests = Vec::new();
        for number in 0..4 {
            client.get_server_time(None, record.call(number));
            quests.push(connection.quest("getservertime"));
        }
        client.get_server_time(None, record.call(4));
        run();
        record.expect_call(4, Err(20011));
        assert!(connection.sync().is_empty(), "it was not sent");
        // The ping.
        run();
        for (number, quest) in quests.iter().enumerate() {
            connection.answer(quest, &server_time(round));
            run();
            record.expect_call(number, Ok(round));
        }
    }
}

#[test]
fn over_max_queued_bytes_a_call_is_20011_until_the_gate_reads() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options().max_queued_bytes(1 << 20));
    let (sender, ended) = mpsc::channel();
    let send = |text: &str| {
        let sender = sender.clone();
        client.send_chat(2, text, "", None, None, move |error, _| {
            sender.send(error.map(|error| error.error.code())).expect("the test waits");
        });
    };
    // Far more than the kernel takes for a peer that does not read.
    let text = "x".repeat(100 << 10);
    const CALLS: usize = 400;
    for _ in 0..CALLS {
        send(&text);
    }
    // Too large, so it fails at once, after those that were refused.
    send(&"x".repeat(9 << 20));
    let mut refused = 0;
    while ended.recv_timeout(DEADLINE) == Ok(Some(20011)) {
        refused += 1;
    }
    assert!(refused > 0 && refused < CALLS - 10, "{refused}");
    for _ in refused..CALLS {
        let quest = connection.quest("sendmsg");
        connection.answer(&quest, &map([("mtime", 5.into())]));
        assert_eq!(ended.recv_timeout(DEADLINE), Ok(None));
    }
    record.expect_nothing(&client, &mut connection);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

/// The callback never runs inside the call and never under a lock of the client, so the program may hold its own.
#[test]
fn the_caller_may_hold_a_lock_that_its_callback_takes() {
    let peer = Peer::new();
    let client = RtmClient::new(peer.options());
    let ended = Arc::new(Mutex::new(Vec::new()));
    let callback = |what: &'static str| {
        let ended = ended.clone();
        move |error: Option<rtm_client::Error>, _data: Option<i64>| {
            let code = error.map_or(0, |error| error.code());
            ended.lock().expect("no panic").push((what, code));
        }
    };
    {
        let held = ended.lock().expect("no panic");
        client.get_server_time(None, callback("no session"));
        assert!(held.is_empty());
    }
    eventually("its callback", || {
        ended.lock().expect("no panic").pop() == Some(("no session", 20012))
    });

    let (logged_in, login) = reply::login();
    client.login(UID, "token", logged_in, DEADLINE);
    let mut connection = peer.accept_login();
    login.wait().expect("logged in");
    let also_locks = ended.clone();
    client.on_session_closed(move |code| {
        also_locks.lock().expect("no panic").push(("closed", code));
    });
    {
        let _held = ended.lock().expect("no panic");
        client.get_server_time(None, callback("answered"));
        let quest = connection.quest("getservertime");
        connection.answer(&quest, &server_time(1));
        // The callback thread stands at the lock now, or soon; nothing else does.
        for _ in 0..1000 {
            client.get_server_time(None, callback("ended"));
        }
        connection.sync();
        let added = client.on_relogin_completed(|_, _, _, _| {});
        client.off(added);
        assert_eq!(
            client.close_and_wait(Duration::from_millis(1)).map_err(|e| e.code()),
            Err(20003)
        );
        connection.until_closed();
        client.get_server_time(None, callback("late"));
        client.login(UID, "token", |_, _| {}, DEADLINE);
        peer.accept_login();
        client.destroy();
    }
    client.close_and_wait(DEADLINE).expect("the threads end");
    let ended = ended.lock().expect("no panic");
    assert_eq!(ended[0], ("answered", 0));
    assert_eq!(ended.iter().filter(|end| **end == ("ended", 20002)).count(), 1000);
    assert_eq!(ended.iter().filter(|end| **end == ("late", 20012)).count(), 1);
}

#[test]
fn a_panic_in_a_callback_stops_nothing_else() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    // Without the message that `panic!` prints.
    let panic = || std::panic::resume_unwind(Box::new("on purpose"));
    client.on_session_closed(move |_| panic());
    let put = record.putter();
    client.on_session_closed(move |code| put(Event::Closed(code + 1)));
    for number in 0..3 {
        client.get_server_time(None, move |_, _| panic());
        client.get_server_time(None, record.call(number));
        let quests = [connection.quest("getservertime"), connection.quest("getservertime")];
        let answers = quests.map(|quest| package::answer(quest.seq, 0, &server_time(1)));
        connection.send(&answers.concat());
        record.expect_call(number, Ok(1));
    }
    client.get_server_time(Duration::from_millis(1), move |_, _| panic());
    client.get_server_time(Duration::from_millis(2), record.call(7));
    record.expect_call(7, Err(20003));
    assert_eq!(record.rest(&client), [Event::Closed(0), Event::Closed(1)]);
    client.login(UID, "token", move |_, _| panic(), DEADLINE);
    let _connection = peer.accept_login();
    eventually("logged in", || {
        client.get_server_time(Duration::from_millis(1), record.call(8));
        record.next() == Event::Call(8, Err(20003))
    });
}

#[test]
fn waiting_inside_a_callback_is_an_error_at_once() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    let (sender, results) = mpsc::channel();
    let inner = client.clone();
    client.get_server_time(None, move |_, _| {
        let (callback, reply) = reply::channel();
        inner.get_server_time(None, callback);
        sender.send(reply.wait().map(drop)).expect("the test waits");
        sender.send(inner.run_callbacks(Duration::ZERO).map(drop)).expect("the test waits");
        sender.send(inner.close_and_wait(DEADLINE)).expect("the test waits");
    });
    let quest = connection.quest("getservertime");
    connection.answer(&quest, &server_time(1));
    for _ in 0..3 {
        let result = results.recv_timeout(DEADLINE).expect("no deadlock");
        assert_eq!(result.map_err(|error| error.code()), Err(20013));
    }
    record.expect(Event::Closed(0));
    let sent: Vec<_> = connection.until_closed().iter().map(|quest| quest.method.clone()).collect();
    assert!(sent.is_empty() || sent == ["getservertime"], "{sent:?}");
    assert_eq!(client.run_callbacks(Duration::ZERO).map_err(|error| error.code()), Err(20013));
}

/// The same where the result is there already, so that it does not depend on how fast the gate is.
#[test]
fn waiting_inside_a_callback_is_an_error_also_when_the_answer_is_there() {
    let peer = Peer::new();
    let (client, _record, mut connection) = peer.login(peer.options());
    let (callback, reply) = reply::channel();
    client.get_server_time(None, callback);
    let (sender, results) = mpsc::channel();
    client.get_server_time(None, move |_, _| {
        sender.send(reply.wait().map_err(|error| error.code())).expect("the test waits");
    });
    for time in [1, 2] {
        let quest = connection.quest("getservertime");
        connection.answer(&quest, &server_time(time));
    }
    assert_eq!(results.recv_timeout(DEADLINE).expect("no deadlock"), Err(20013));
}

#[test]
fn calls_of_one_thread_reach_the_wire_in_order_and_before_the_bye() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    // More than the socket takes at once.
    let text = "x".repeat(64 << 10);
    const CALLS: i64 = 400;
    let (sender, ended) = mpsc::channel();
    for mid in 1..=CALLS {
        let sender = sender.clone();
        client.send_chat(2, &*text, "", mid, None, move |error, data| {
            let data = data.map(|data| data.mid);
            sender.send((error.map(|error| error.error.code()), data)).expect("the test waits");
        });
    }
    client.bye();
    for mid in 1..=CALLS {
        let quest = connection.quest("sendmsg");
        assert_eq!(quest.int("mid"), mid);
        connection.answer(&quest, &map([("mtime", 5.into())]));
        assert_eq!(ended.recv_timeout(DEADLINE), Ok((None, Some(mid))));
    }
    let bye = connection.quest("bye");
    assert_eq!(bye.kind, Kind::Quest);
    connection.answer(&bye, &map([]));
    record.expect(Event::Closed(0));
    assert!(connection.until_closed().is_empty());
}
