//! What a callback that does not return holds up: the callbacks behind it, and nothing else.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rtm_client::gate::Gate;
use rtm_client::types::{File, mtype};
use rtm_client::{ClientOptions, RegressiveStrategy, RtmClient, SendError, reply, server_push};

use crate::common::package::{self, map, server_time};
use crate::common::peer::Peer;
use crate::common::record::Event;
use crate::common::responder::{Responder, chat_text};
use crate::common::{DEADLINE, UID, eventually, few_or_many, holds_within};
use crate::{alone, hold, no_threads, threads};

/// The slowest of some calls that are waited for while a callback goes on.
fn slowest_neighbour(options: ClientOptions) -> Duration {
    let client = RtmClient::new(options);
    let (callback, login) = reply::login();
    client.login(UID, "token", callback, DEADLINE);
    login.wait().expect("a login");
    let (sender, runs) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    client.send_cmd(2, "", "", None, None, move |_, _| {
        sender.send(()).expect("the test waits");
        let _ = released.recv();
        sender.send(()).expect("the test waits");
    });
    runs.recv_timeout(DEADLINE).expect("the callback runs");
    let mut slowest = Duration::ZERO;
    for _ in 0..few_or_many(10, 100) {
        let begun = Instant::now();
        let (callback, reply) = reply::channel();
        client.send_cmd(2, "", "", None, DEADLINE / 2, callback);
        reply.wait().expect("an answer");
        slowest = slowest.max(begun.elapsed());
        thread::sleep(Duration::from_millis(50));
    }
    drop(release);
    runs.recv_timeout(DEADLINE).expect("the callback returns");
    client.close_and_wait(DEADLINE).expect("the threads end");
    slowest
}

#[test]
fn calls_are_answered_while_a_callback_sleeps() {
    let _alone = alone();
    let slowest = slowest_neighbour(Responder::start().options());
    println!("the slowest neighbour: {slowest:?}");
}

#[cfg(feature = "tls")]
#[test]
fn calls_are_answered_while_a_callback_sleeps_over_wss() {
    let _alone = alone();
    let slowest = slowest_neighbour(Responder::start_tls().options());
    println!("the slowest neighbour: {slowest:?}");
}

/// Three times as long as the client waits for a ping, and as a gate waits for its answer.
#[test]
fn no_ping_is_missed() {
    let _alone = alone();
    let peer = Peer::new();
    let options = peer.options().max_ping_interval_seconds(1);
    let (client, record, mut connection) = peer.login(options);
    let held = hold(&client, &mut connection);
    let until = Instant::now() + Duration::from_secs(3);
    while Instant::now() < until {
        // A ping, whose answer is waited for.
        assert!(connection.sync().is_empty());
        thread::sleep(Duration::from_millis(50));
    }
    drop(held);
    record.expect_nothing(&client, &mut connection);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

#[test]
fn pushes_are_answered_at_once_and_handled_afterwards_in_order() {
    let _alone = alone();
    let peer = Peer::new();
    let (client, _record, mut connection) = peer.login(peer.options());
    let (sender, heard) = mpsc::channel();
    client.processor().on(server_push::RECV_CHAT, move |chat| {
        sender.send((chat.mid, crate::thread_name())).expect("the test listens");
    });
    let held = hold(&client, &mut connection);
    for mid in 1..=50 {
        connection.send(&package::quest(mid as u32, "pushmsg", &chat_text(mid)));
        assert_eq!(connection.package().map(|answer| answer.seq), Some(mid as u32));
    }
    assert!(heard.try_recv().is_err(), "two callbacks at a time");
    assert_eq!(client.stats().pushes, 50);
    drop(held);
    for mid in 1..=50 {
        assert_eq!(heard.recv_timeout(DEADLINE), Ok((mid, crate::CALLBACKS.to_owned())));
    }
    client.close_and_wait(DEADLINE).expect("the threads end");
}

/// Waiters hear of it at once, callbacks in their turn.
#[test]
fn timeouts_come_in_time() {
    let _alone = alone();
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    let held = hold(&client, &mut connection);
    let short = Duration::from_millis(20);
    client.get_server_time(short, record.call(1));
    for _ in 0..3 {
        let (callback, reply) = reply::channel::<rtm_client::Error, i64>();
        client.get_server_time(short, callback);
        assert_eq!(reply.wait().map_err(|error| error.code()), Err(20003));
    }
    client.get_server_time(short, record.call(2));
    eventually("the last one expires", || client.stats().timeouts == 5);
    assert_eq!(record.all(), []);
    drop(held);
    record.expect_call(1, Err(20003));
    record.expect_call(2, Err(20003));
    client.close_and_wait(DEADLINE).expect("the threads end");
}

#[test]
fn an_upload_completes() {
    let _alone = alone();
    let gate = Gate::builder().start().expect("a gate");
    let options = ClientOptions::new(gate.pid())
        .endpoint(gate.endpoint())
        .file_endpoint(gate.file_endpoint());
    let client = RtmClient::new(options);
    let (callback, login) = reply::login();
    client.login(1, "token", callback, DEADLINE);
    login.wait().expect("a login");
    let (sender, holds) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    client.get_server_time(None, move |_, _| {
        sender.send(()).expect("the test waits");
        let _ = released.recv();
    });
    holds.recv_timeout(DEADLINE).expect("the callback runs");
    let (sender, progress) = mpsc::channel();
    for size in [5, 1 << 20] {
        let sender = sender.clone();
        let file = File::from_bytes("a.txt", vec![b'x'; size])
            .on_progress(move |sent, total| sender.send((sent, total)).expect("the test listens"));
        let (callback, reply) = reply::channel();
        client.upload_file(mtype::FILE, file, DEADLINE, callback);
        assert_eq!(reply.wait().expect("it is uploaded").payload.size, size as i64);
    }
    assert!(progress.try_recv().is_err(), "two callbacks at a time");
    drop((release, sender));
    // The handlers are dropped when they have heard everything.
    let progress: Vec<_> = progress.iter().collect();
    assert!(progress.last().is_some_and(|(sent, total)| sent == total), "{progress:?}");
    client.close_and_wait(DEADLINE).expect("the threads end");
}

/// A handler of the program's that is not needed any more is dropped among the callbacks, for that is user code.
#[test]
fn a_handler_is_dropped_in_its_turn() {
    let _alone = alone();
    let peer = Peer::new();
    let (client, _record, mut connection) = peer.login(peer.options());
    let held = hold(&client, &mut connection);
    let (sender, dropped) = mpsc::channel::<()>();
    let file = File::from_bytes("a.txt", "hello").on_progress(move |_, _| _ = &sender);
    let (callback, reply) = reply::channel::<SendError, _>();
    client.upload_file(mtype::FILE, file, None, callback);
    let token = connection.quest("filetoken");
    connection.fail(&token, &package::error(200010, "slowly"));
    assert_eq!(reply.wait().map_err(|error| error.error.code()), Err(200010));
    connection.sync();
    assert_eq!(dropped.try_recv(), Err(mpsc::TryRecvError::Empty));
    drop(held);
    assert_eq!(dropped.recv_timeout(DEADLINE), Err(mpsc::RecvTimeoutError::Disconnected));
    client.close_and_wait(DEADLINE).expect("the threads end");
}

#[test]
fn the_connection_is_made_again() {
    let _alone = alone();
    let peer = Peer::new();
    let at_once = RegressiveStrategy::new().start_connect_failed_count(9);
    let (client, record, mut connection) =
        peer.login(peer.options().regressive_strategy(at_once).resume_rooms(true));
    client.enter_room(7, None, reply::ignore);
    let entered = connection.quest("enterroom");
    connection.answer(&entered, &map([]));
    let held = hold(&client, &mut connection);
    client.get_server_time(None, record.call(1));
    for _ in 0..3 {
        connection.close();
        connection = peer.accept_login();
        let entered = connection.quest("enterroom");
        connection.answer(&entered, &map([]));
        // A call that waits on another thread is answered over the new connection.
        let (callback, reply) = reply::channel();
        thread::scope(|scope| {
            let client = &client;
            scope.spawn(move || client.get_server_time(DEADLINE, callback));
            let quest = connection.quest("getservertime");
            connection.answer(&quest, &server_time(3));
            assert_eq!(reply.wait().map_err(|error| error.code()), Ok(3));
        });
    }
    assert_eq!(record.all(), []);
    drop(held);
    for lost in 0..3 {
        record.expect_error(20002);
        if lost == 0 {
            record.expect_call(1, Err(20002));
        }
        record.expect(Event::Relogin(true, false, 0, 1));
    }
    record.expect_nothing(&client, &mut connection);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

/// The program is asked among the callbacks: the next attempt waits for the slow one, and then comes.
#[test]
fn a_question_waits_for_its_turn() {
    let _alone = alone();
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    client.on_relogin_will_start(|_, _| true);
    let held = hold(&client, &mut connection);
    connection.close();
    assert!(!peer.is_dialed(Duration::from_millis(50)), "nobody has been asked");
    drop(held);
    record.expect_error(20002);
    let mut connection = peer.accept_login();
    record.expect(Event::Relogin(true, false, 0, 1));
    record.expect_nothing(&client, &mut connection);
    client.close_and_wait(DEADLINE).expect("the threads end");
}

/// One client's slow callback is nothing to another client of the process.
#[test]
fn another_client_has_threads_of_its_own() {
    let _alone = alone();
    let peer = Peer::new();
    let (slow, _, mut its) = peer.login(peer.options());
    let (quick, record, mut connection) = peer.login(peer.options());
    let held = hold(&slow, &mut its);
    its.sync();
    for _ in 0..10 {
        record.expect_nothing(&quick, &mut connection);
    }
    assert!(holds_within(DEADLINE, || threads().iter().any(|name| name == "rtm-relief")));
    drop(held);
    slow.close_and_wait(DEADLINE).expect("the threads end");
    quick.close_and_wait(DEADLINE).expect("the threads end");
    no_threads();
}
