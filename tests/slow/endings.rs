//! What ends a session inside a slow callback, or beside it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rtm_client::RtmClient;

use crate::common::package::{map, server_time};
use crate::common::peer::Peer;
use crate::common::record::{Event, Record};
use crate::common::{DEADLINE, UID, eventually};
use crate::{CALLBACKS, alone, hold, hold_after, no_threads, thread_name, threads, threads_are};

/// The session ends while the callback goes on, and with it all threads but the one that runs it.
fn ends_beside_its_callback(end: fn(&RtmClient), expected: &[Event]) {
    let _alone = alone();
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    client.get_server_time(None, record.call(1));
    connection.quest("getservertime");
    let ended = client.clone();
    let held = hold_after(&client, &mut connection, move || end(&ended));
    assert_eq!(connection.until_closed().len(), 0);
    eventually("the other threads end", || threads() == ["rtm-io"]);
    // What is called now is owed as well.
    client.get_server_time(None, record.call(2));
    assert_eq!(record.all(), []);
    drop(held);
    expected.iter().for_each(|event| record.expect(event.clone()));
    record.expect_call(1, Err(20002));
    record.expect_call(2, Err(20012));
    no_threads();
    assert_eq!(record.all(), []);
}

#[test]
fn close_inside_it() {
    ends_beside_its_callback(RtmClient::close, &[Event::Closed(0)]);
}

#[test]
fn destroy_inside_it() {
    ends_beside_its_callback(RtmClient::destroy, &[]);
}

#[test]
fn the_last_handle_dropped_inside_it() {
    let _alone = alone();
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    client.get_server_time(None, record.call(1));
    connection.quest("getservertime");
    let (sender, runs) = mpsc::channel();
    let (give, given) = mpsc::channel::<RtmClient>();
    let (release, released) = mpsc::channel::<()>();
    client.get_server_time(None, move |_, _| {
        sender.send(()).expect("the test waits");
        drop(given.recv());
        let _ = released.recv();
    });
    let quest = connection.quest("getservertime");
    connection.answer(&quest, &server_time(1));
    runs.recv_timeout(DEADLINE).expect("the callback runs");
    connection.sync();
    give.send(client).expect("the callback waits");
    assert_eq!(connection.until_closed().len(), 0);
    eventually("the other threads end", || threads() == ["rtm-io"]);
    drop(release);
    record.expect_call(1, Err(20002));
    no_threads();
    assert_eq!(record.all(), []);
}

#[test]
fn a_panic_at_its_end() {
    let _alone = alone();
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    let (sender, runs) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    client.get_server_time(None, move |_, _| {
        sender.send(()).expect("the test waits");
        let _ = released.recv();
        std::panic::resume_unwind(Box::new("on purpose"));
    });
    let quest = connection.quest("getservertime");
    connection.answer(&quest, &server_time(1));
    runs.recv_timeout(DEADLINE).expect("the callback runs");
    client.get_server_time(None, record.call(1));
    let quest = connection.quest("getservertime");
    connection.answer(&quest, &server_time(1));
    connection.sync();
    drop(release);
    record.expect_call(1, Ok(1));
    record.expect_nothing(&client, &mut connection);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
    no_threads();
}

#[test]
fn a_login_inside_it() {
    let _alone = alone();
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    let (again, login) = (client.clone(), record.login());
    let held =
        hold_after(&client, &mut connection, move || again.login(UID, "other", login, DEADLINE));
    assert_eq!(connection.until_closed().len(), 0);
    let mut connection = peer.accept_login();
    connection.sync();
    assert_eq!(record.all(), []);
    drop(held);
    record.expect(Event::Closed(0));
    record.expect_login(true, 0);
    record.expect_nothing(&client, &mut connection);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
    no_threads();
}

/// A run of threads ends and another begins while the callback goes on.
#[test]
fn close_and_a_login_inside_it() {
    let _alone = alone();
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    let (again, login) = (client.clone(), record.login());
    let held = hold_after(&client, &mut connection, move || {
        again.close();
        let end = Instant::now() + DEADLINE;
        while threads() != ["rtm-io"] && Instant::now() < end {
            thread::sleep(Duration::from_millis(1));
        }
        again.login(UID, "other", login, DEADLINE);
    });
    assert_eq!(connection.until_closed().len(), 0);
    let mut connection = peer.accept_login();
    // What has come before the first of them is queued before the second is answered.
    connection.sync();
    connection.sync();
    threads_are(&["rtm-io", "rtm-io", "rtm-timer"]);
    client.get_server_time(Duration::from_millis(1), record.call(1));
    eventually("it expires", || client.stats().timeouts == 1);
    connection.sync();
    assert_eq!(record.all(), []);
    drop(held);
    record.expect(Event::Closed(0));
    record.expect_login(true, 0);
    record.expect_call(1, Err(20003));
    record.expect_nothing(&client, &mut connection);
    // A callback may have looked slow on a busy machine, and there is a relief.
    let of_io = || threads().into_iter().filter(|name| name == "rtm-io").count();
    eventually("the older run ends", || of_io() == 1);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
    no_threads();
}

/// Sessions that begin and end while a callback of the first goes on: callbacks run one at a time, in order.
#[test]
fn many_runs_during_it() {
    let _alone = alone();
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    let held = hold(&client, &mut connection);
    let running = Arc::new(AtomicBool::new(false));
    let (sender, ended) = mpsc::channel();
    const RUNS: usize = 20;
    for number in 0..RUNS {
        let (running, sender) = (running.clone(), sender.clone());
        client.get_server_time(None, move |_, _| {
            assert!(!running.swap(true, Ordering::SeqCst), "two callbacks at a time");
            thread::sleep(Duration::from_millis(1));
            sender.send((number, thread_name())).expect("the test waits");
            running.store(false, Ordering::SeqCst);
        });
        let quest = connection.quest("getservertime");
        connection.answer(&quest, &server_time(1));
        connection.sync();
        client.close();
        connection.until_closed();
        client.login(UID, "token", |_, _| (), DEADLINE);
        connection = peer.accept_login();
        connection.sync();
    }
    drop(held);
    for number in 0..RUNS {
        assert_eq!(ended.recv_timeout(DEADLINE), Ok((number, CALLBACKS.to_owned())));
    }
    for _ in 0..RUNS {
        record.expect(Event::Closed(0));
    }
    record.expect_nothing(&client, &mut connection);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
    no_threads();
}

#[test]
fn bye_inside_it() {
    let _alone = alone();
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    let leaving = client.clone();
    let held = hold_after(&client, &mut connection, move || leaving.bye());
    let asked = Instant::now();
    let bye = connection.quest("bye");
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
    connection.answer(&bye, &map([]));
    assert_eq!(connection.until_closed().len(), 0);
    eventually("the other threads end", || threads() == ["rtm-io"]);
    assert_eq!(record.all(), []);
    drop(held);
    record.expect(Event::Closed(0));
    no_threads();
}

#[test]
fn close_and_wait_beside_it() {
    let _alone = alone();
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    let held = hold(&client, &mut connection);
    let begun = Instant::now();
    let timeout = Duration::from_millis(100);
    let waited = client.close_and_wait(timeout);
    assert_eq!(waited.map_err(|error| error.code()), Err(20003));
    assert!(timeout <= begun.elapsed() && begun.elapsed() < DEADLINE);
    assert_eq!(connection.until_closed().len(), 0);
    thread::scope(|scope| {
        let waits = scope.spawn(|| client.close_and_wait(DEADLINE));
        drop(held);
        waits.join().expect("no panic").expect("the threads end");
    });
    assert_eq!(record.all(), [Event::Closed(0)]);
    no_threads();
}

/// The gate goes and the session is over, beside the callback.
#[test]
fn a_loss_beside_it() {
    let _alone = alone();
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options().auto_reconnect(false));
    let held = hold(&client, &mut connection);
    client.get_server_time(None, record.call(1));
    connection.close();
    eventually("the other threads end", || threads() == ["rtm-io"]);
    assert_eq!(record.all(), []);
    drop(held);
    record.expect_error(20002);
    record.expect(Event::Closed(20001));
    record.expect_call(1, Err(20002));
    no_threads();
}

/// A first login that takes its time in its own callback.
#[test]
fn in_the_callback_of_a_login() {
    let _alone = alone();
    let peer = Peer::new();
    let client = RtmClient::new(peer.options());
    let record = Record::of(&client);
    let (sender, holds) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let hold = move |ok, _| {
        sender.send((ok, thread_name())).expect("the test waits");
        let _ = released.recv();
    };
    client.login(UID, "token", hold, DEADLINE);
    let mut connection = peer.accept_login();
    assert_eq!(holds.recv_timeout(DEADLINE), Ok((true, CALLBACKS.to_owned())));
    client.get_server_time(None, record.call(1));
    let quest = connection.quest("getservertime");
    connection.answer(&quest, &server_time(1));
    connection.sync();
    assert_eq!(record.all(), []);
    drop(release);
    record.expect_call(1, Ok(1));
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
    no_threads();
}
