//! Leaving: what was asked for comes to its end first, and the program knows when it has.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rtm_client::gate::{ConversationId, Gate};
use rtm_client::types::{File, mtype};
use rtm_client::{Callbacks, ClientOptions, ConnectionState, Error, RtmClient, reply};

use super::{EAGER, PATIENT};
use crate::common::package::{Kind, map, server_time};
use crate::common::peer::Peer;
use crate::common::record::{Event, Record};
use crate::common::{DEADLINE, eventually};

const SENDS: usize = 300;

/// How a program leaves and waits for the end.
type Leave = fn(&RtmClient) -> Result<(), Error>;

const WAYS: [(&str, Leave); 2] = [
    ("bye_and_wait", |client| client.bye_and_wait(DEADLINE)),
    ("bye and close_and_wait", |client| {
        client.bye();
        client.close_and_wait(DEADLINE)
    }),
];

fn login(gate: &Gate, callbacks: Callbacks) -> RtmClient {
    let options = ClientOptions::new(gate.pid());
    let options = match gate.tls_endpoint() {
        None => options.endpoint(gate.endpoint()),
        Some(endpoint) => {
            let certificate = gate.certificate().expect("it shows one");
            options.ssl_endpoint(endpoint).ca_certificates(certificate)
        }
    };
    let options = options.file_endpoint(gate.file_endpoint()).callbacks(callbacks);
    let client = RtmClient::new(options);
    let (callback, reply) = reply::login();
    client.login(1, "token", callback, DEADLINE);
    reply.wait().expect("a login");
    client
}

fn plain() -> Gate {
    Gate::builder().start().expect("a gate")
}

/// Sends messages, leaves, and has every message arrived and every callback run by then.
fn nothing_is_lost(start: fn() -> Gate, late: Duration, callbacks: Callbacks) {
    for (way, leave) in WAYS {
        let gate = start();
        if !late.is_zero() {
            gate.faults().on("sendmsg").answer_late(late);
        }
        let client = login(&gate, callbacks);
        let (sent, failed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        for number in 0..SENDS {
            let (sent, failed) = (sent.clone(), failed.clone());
            client.send_chat(2, format!("{number}"), "", None, None, move |error, _| {
                let counter = if error.is_none() { sent } else { failed };
                counter.fetch_add(1, Ordering::SeqCst);
            });
        }
        let before = Instant::now();
        leave(&client).expect("it comes to its end");
        println!("{SENDS} sends, {callbacks:?}, late by {late:?}: {way} {:?}", before.elapsed());
        let ended = (sent.load(Ordering::SeqCst), failed.load(Ordering::SeqCst));
        assert_eq!(ended, (SENDS, 0), "{way}");
        assert_eq!(gate.stored(ConversationId::p2p(1, 2)).len(), SENDS, "{way}");
    }
}

const LATE: Duration = Duration::from_millis(400);

#[test]
fn what_was_sent_before_is_sent_and_told() {
    nothing_is_lost(plain, Duration::ZERO, Callbacks::Thread);
    nothing_is_lost(plain, Duration::ZERO, Callbacks::Manual);
}

#[test]
fn what_was_sent_before_is_sent_and_told_by_a_slow_gate() {
    nothing_is_lost(plain, LATE, Callbacks::Thread);
    nothing_is_lost(plain, LATE, Callbacks::Manual);
}

#[cfg(feature = "tls")]
#[test]
fn what_was_sent_before_is_sent_and_told_over_wss() {
    let secure = || Gate::builder().tls_listen("127.0.0.1:0").start().expect("a gate");
    for late in [Duration::ZERO, LATE] {
        nothing_is_lost(secure, late, Callbacks::Thread);
        nothing_is_lost(secure, late, Callbacks::Manual);
    }
}

/// The service answers on many threads: what comes behind the answer to `bye` would be lost.
#[test]
fn bye_goes_out_when_everything_is_answered() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    client.get_server_time(None, record.call(1));
    let (callback, waited_for) = reply::channel();
    client.get_server_time(None, callback);
    let quests = [connection.quest("getservertime"), connection.quest("getservertime")];
    client.bye();
    client.get_server_time(None, record.call(2));
    record.expect_call(2, Err(20012));
    assert!(connection.sync().is_empty(), "two answers are owed");
    connection.answer(&quests[1], &server_time(2));
    assert_eq!(waited_for.wait().map_err(|error| error.code()), Ok(2));
    assert!(connection.sync().is_empty(), "an answer is owed");
    connection.answer(&quests[0], &server_time(1));
    let bye = connection.quest("bye");
    record.expect_call(1, Ok(1));
    connection.answer(&bye, &map([]));
    record.expect(Event::Closed(0));
    assert!(connection.until_closed().is_empty());
    assert_eq!(record.rest(&client), []);
}

/// A callback needs no connection, however long it takes. Who waits for the end waits for it too.
#[test]
fn bye_goes_out_while_a_callback_runs() {
    for callbacks in [Callbacks::Thread, Callbacks::Manual] {
        let peer = Peer::new();
        let client = RtmClient::new(peer.options().callbacks(callbacks));
        client.login(crate::common::UID, "token", |_, _| {}, DEADLINE);
        let mut connection = peer.accept_login();
        client.wait_online(DEADLINE).expect("a login");
        let (entered, inside) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let (inner, record) = (client.clone(), Record::of(&client));
        let refused = record.call(1);
        client.get_server_time(None, move |_, _| {
            entered.send(()).expect("the test waits");
            released.recv().expect("the test says when");
            inner.get_server_time(None, refused);
        });
        let quest = connection.quest("getservertime");
        connection.answer(&quest, &server_time(1));
        thread::scope(|scope| {
            let leaving = scope.spawn(|| client.bye_and_wait(3 * DEADLINE));
            inside.recv_timeout(DEADLINE).expect("the callback runs");
            let bye = connection.quest("bye");
            connection.answer(&bye, &map([]));
            assert!(connection.until_closed().is_empty());
            assert!(!leaving.is_finished(), "a callback runs");
            assert_eq!(record.all(), []);
            release.send(()).expect("the callback waits");
            leaving.join().expect("no panic").expect("it comes to its end");
        });
        // The socket may be seen closed a moment before the event is queued.
        let told = record.all();
        assert!(told.contains(&Event::Closed(0)) && told.contains(&Event::Call(1, Err(20012))));
        assert_eq!(told.len(), 2);
    }
}

/// Nor does it wait for the callback that it is called in, or for those behind that one: only for answers.
#[test]
fn inside_a_callback_bye_waits_for_answers_alone() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    let (entered, inside) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let leaving = client.clone();
    client.get_server_time(None, move |_, _| {
        leaving.bye();
        entered.send(()).expect("the test waits");
        released.recv().expect("the test says when");
    });
    client.get_server_time(None, record.call(2));
    client.get_server_time(None, record.call(3));
    let quests = [(); 3].map(|()| connection.quest("getservertime"));
    connection.answer(&quests[0], &server_time(1));
    connection.answer(&quests[1], &server_time(2));
    inside.recv_timeout(DEADLINE).expect("the callback runs");
    assert!(connection.sync().is_empty(), "an answer is owed");
    let answered = Instant::now();
    connection.answer(&quests[2], &server_time(3));
    let bye = connection.quest("bye");
    assert!(answered.elapsed() < Duration::from_secs(4), "{:?}", answered.elapsed());
    connection.answer(&bye, &map([]));
    assert!(connection.until_closed().is_empty());
    assert_eq!(record.all(), []);
    release.send(()).expect("the callback waits");
    record.expect_call(2, Ok(2));
    record.expect_call(3, Ok(3));
    record.expect(Event::Closed(0));
    assert_eq!(record.rest(&client), []);
}

/// The token for a file is there, and its upload begins when the callbacks before have run.
#[test]
fn a_file_whose_turn_has_not_come_is_sent() {
    let gate = Gate::builder().start().expect("a gate");
    let client = login(&gate, Callbacks::Thread);
    let (entered, inside) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    client.get_server_time(None, move |_, _| {
        entered.send(()).expect("the test waits");
        released.recv().expect("the test says when");
    });
    inside.recv_timeout(DEADLINE).expect("the callback runs");
    let (sender, sent) = mpsc::channel();
    let file = File::from_bytes("a.txt", "hello");
    client.send_file(mtype::FILE, 2, file, None, DEADLINE, move |error, _| {
        sender.send(error.map(|error| error.error.code())).expect("the test waits");
    });
    let waiting = client.clone();
    let leaving = thread::spawn(move || waiting.bye_and_wait(DEADLINE));
    eventually("it leaves", || client.wait_online(Duration::ZERO).is_err());
    eventually("the token is there", || client.stats().answers == 2);
    // A `bye` that did not wait would be answered within that.
    thread::sleep(Duration::from_millis(50));
    release.send(()).expect("the callback waits");
    leaving.join().expect("no panic").expect("it comes to its end");
    assert_eq!(sent.try_recv(), Ok(None));
    assert_eq!(gate.stored(ConversationId::p2p(1, 2)).len(), 1);
}

#[test]
fn a_file_is_not_cut_in_half() {
    for callbacks in [Callbacks::Thread, Callbacks::Manual] {
        let gate = Gate::builder().start().expect("a gate");
        gate.faults().on("filetoken").answer_late(Duration::from_millis(50));
        gate.faults().on("sendfile").answer_late(Duration::from_millis(50));
        let client = login(&gate, callbacks);
        let (sender, sent) = mpsc::channel();
        let file = File::from_bytes("a.txt", "hello");
        client.send_file(mtype::FILE, 2, file, None, DEADLINE, move |error, _| {
            sender.send(error.map(|error| error.error.code())).expect("the test waits");
        });
        client.bye_and_wait(DEADLINE).expect("it comes to its end");
        assert_eq!(sent.try_recv(), Ok(None), "{callbacks:?}");
        assert_eq!(gate.stored(ConversationId::p2p(1, 2)).len(), 1);
    }
}

#[test]
fn what_waits_for_the_next_connection_is_sent_before_bye() {
    let peer = Peer::new();
    let options = peer.options().regressive_strategy(EAGER);
    let options = options.queue_while_reconnecting(1 << 20, DEADLINE).resume_rooms(true);
    let (client, record, mut connection) = peer.login(options);
    client.enter_room(7, None, |_, _| {});
    let quest = connection.quest("enterroom");
    connection.answer(&quest, &map([]));
    connection.sync();
    connection.close();
    record.expect_error(20002);
    let (sender, sent) = mpsc::channel();
    client.send_chat(2, "queued", "", 77, None, move |error, data| {
        assert!(error.is_none());
        sender.send(data.map(|data| data.mid)).expect("the test waits");
    });
    thread::scope(|scope| {
        let leaving = scope.spawn(|| client.bye_and_wait(DEADLINE));
        eventually("it leaves", || client.wait_online(Duration::ZERO).is_err());
        let mut connection = peer.accept_login();
        record.expect(Event::Relogin(true, false, 0, 1));
        // It may be for the room.
        let room = connection.quest("enterroom");
        connection.answer(&room, &map([]));
        let send = connection.quest("sendmsg");
        assert_eq!(send.int("mid"), 77);
        assert!(connection.sync().is_empty(), "an answer is owed");
        connection.answer(&send, &map([("mtime", 1.into())]));
        let bye = connection.quest("bye");
        connection.answer(&bye, &map([]));
        leaving.join().expect("no panic").expect("it comes to its end");
    });
    assert_eq!(sent.try_recv(), Ok(Some(77)));
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

#[test]
fn without_anything_to_wait_for_an_outage_is_the_end() {
    let peer = Peer::new();
    let options = peer.options().regressive_strategy(PATIENT);
    let options = options.queue_while_reconnecting(1 << 20, DEADLINE);
    for queued in [false, true] {
        let (client, record, connection) = peer.login(options.clone());
        connection.close();
        record.expect_error(20002);
        let call = record.call(1);
        if queued {
            client.send_chat(2, "x", "", None, None, |error, _| {
                call(error.map(|error| error.error), None);
            });
            // `bye` waits for no connection.
            client.bye();
        } else {
            client.bye_and_wait(DEADLINE).expect("there is nothing to wait for");
        }
        record.expect(Event::Closed(0));
        if queued {
            record.expect_call(1, Err(20002));
        }
        assert_eq!(record.rest(&client), []);
    }
}

#[test]
fn at_the_timeout_it_is_closed() {
    let peer = Peer::new();
    let moment = Duration::from_millis(100);
    for and_wait in [true, false] {
        let (client, record, mut connection) = peer.login(peer.options());
        client.get_server_time(None, record.call(1));
        connection.quest("getservertime");
        let before = Instant::now();
        let ended = if and_wait {
            client.bye_and_wait(moment)
        } else {
            client.bye();
            client.close_and_wait(moment)
        };
        assert_eq!(ended.map_err(|error| error.code()), Err(20003));
        assert!(before.elapsed() >= moment && before.elapsed() < DEADLINE);
        record.expect(Event::Closed(0));
        record.expect_call(1, Err(20002));
        assert_eq!(record.rest(&client), []);
        connection.until_closed();
    }
}

/// In the program's own thread nobody else would run what is owed then, and the last handle would drop it.
#[test]
fn at_the_timeout_what_is_owed_runs_in_the_programs_thread() {
    let gate = plain();
    gate.faults().on("sendmsg").never_answer();
    for moment in [0, 1, 5, 20].map(Duration::from_millis).repeat(5) {
        for (way, leave) in [
            ("bye_and_wait", RtmClient::bye_and_wait as fn(&RtmClient, Duration) -> _),
            ("bye and close_and_wait", |client, moment| {
                client.bye();
                client.close_and_wait(moment)
            }),
        ] {
            let client = login(&gate, Callbacks::Manual);
            let (sender, ended) = mpsc::channel();
            client.send_chat(2, "x", "", None, None, move |error, _| {
                sender.send(error.map(|error| error.error.code())).expect("the test waits");
            });
            let left = leave(&client, moment);
            assert_eq!(left.map_err(|error| error.code()), Err(20003), "{way} {moment:?}");
            drop(client);
            assert_eq!(ended.try_recv(), Ok(Some(20002)), "{way} {moment:?}");
        }
    }
}

/// Which may take longer than the threads of the client live.
#[test]
fn a_callback_that_another_thread_runs_is_waited_for() {
    let gate = plain();
    let client = login(&gate, Callbacks::Manual);
    let (began, begins) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let ran = AtomicUsize::new(0);
    client.get_server_time(None, move |_, _| {
        began.send(()).expect("the test waits");
        let _ = released.recv();
    });
    thread::scope(|scope| {
        let ran = &ran;
        scope.spawn(|| {
            while ran.load(Ordering::SeqCst) == 0 {
                ran.store(client.run_callbacks(DEADLINE).expect("here"), Ordering::SeqCst);
            }
        });
        begins.recv_timeout(DEADLINE).expect("the callback runs");
        let leaving = scope.spawn(|| client.bye_and_wait(DEADLINE));
        eventually("it is logged out", || client.connection_state() == ConnectionState::Closed);
        // Long enough for the threads to end: that alone is not the end.
        thread::sleep(Duration::from_millis(50));
        assert!(!leaving.is_finished());
        drop(release);
        leaving.join().expect("no panic").expect("in time");
    });
}

#[test]
fn close_after_bye_ends_it_at_once() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    client.get_server_time(None, record.call(1));
    connection.quest("getservertime");
    client.bye();
    client.close();
    record.expect(Event::Closed(0));
    record.expect_call(1, Err(20002));
    assert_eq!(record.rest(&client), []);
}

#[test]
fn inside_a_callback_there_is_no_waiting_and_it_leaves() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    let (inner, put) = (client.clone(), record.putter());
    let (late, later) = (record.call(2), record.call(3));
    client.get_server_time(None, move |_, _| {
        let ended = inner.bye_and_wait(DEADLINE).map_err(|error| error.code());
        put(Event::Call(1, ended.map(|()| 0)));
        inner.get_server_time(None, late);
    });
    client.get_server_time(None, later);
    let quests = [connection.quest("getservertime"), connection.quest("getservertime")];
    connection.answer(&quests[0], &server_time(1));
    record.expect_call(1, Err(20013));
    record.expect_call(2, Err(20012));
    assert!(connection.sync().is_empty());
    connection.answer(&quests[1], &server_time(3));
    record.expect_call(3, Ok(3));
    let bye = connection.quest("bye");
    connection.answer(&bye, &map([]));
    record.expect(Event::Closed(0));
    assert_eq!(record.rest(&client), []);
}

/// In manual mode the callbacks run where they always run, if another thread is at it.
#[test]
fn another_thread_may_run_the_callbacks() {
    let gate = Gate::builder().start().expect("a gate");
    let client = login(&gate, Callbacks::Manual);
    let (sender, ran) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            while client.connection_state() != ConnectionState::Closed {
                // Where it is not this thread, it is the one that leaves.
                let _ = client.run_callbacks(Duration::from_millis(10));
            }
        });
        for _ in 0..SENDS {
            let sender = sender.clone();
            client.send_chat(2, "x", "", None, None, move |error, _| {
                sender.send(error.is_none()).expect("the test waits");
            });
        }
        client.bye_and_wait(DEADLINE).expect("it comes to its end");
        assert_eq!(ran.try_iter().filter(|sent| *sent).count(), SENDS);
    });
}

#[test]
fn leaving_without_a_session_is_done_at_once() {
    let peer = Peer::new();
    let client = RtmClient::new(peer.options());
    client.bye_and_wait(DEADLINE).expect("no session");
    let (client, record, mut connection) = peer.login(peer.options());
    thread::scope(|scope| {
        let leaving = scope.spawn(|| client.bye_and_wait(DEADLINE));
        let bye = connection.quest("bye");
        assert_eq!(bye.kind, Kind::Quest);
        connection.answer(&bye, &map([]));
        leaving.join().expect("no panic").expect("it comes to its end");
    });
    client.bye_and_wait(DEADLINE).expect("a second time");
    client.close_and_wait(DEADLINE).expect("a third time");
    record.expect(Event::Closed(0));
    // A login begins anew.
    client.login(crate::common::UID, "token", record.login(), DEADLINE);
    let mut connection = peer.accept_login();
    record.expect_login(true, 0);
    record.expect_nothing(&client, &mut connection);
}
