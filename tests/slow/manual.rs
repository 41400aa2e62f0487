//! `Callbacks::Manual`: a slow callback holds up the program's own thread, and there is no relief.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rtm_client::{Callbacks, RtmClient, reply};

use crate::common::package::server_time;
use crate::common::peer::{Connection, Peer};
use crate::common::record::{Event, Record};
use crate::common::{DEADLINE, UID};
use crate::{alone, no_threads, threads_are};

/// Longer than a test may take.
const FOR_EVER: Duration = Duration::from_secs(3600);

fn login(peer: &Peer) -> (RtmClient, Record, Connection) {
    let client = RtmClient::new(peer.options().callbacks(Callbacks::Manual));
    let record = Record::of(&client);
    let (callback, login) = reply::login();
    client.login(UID, "token", callback, DEADLINE);
    let connection = peer.accept_login();
    login.wait().expect("a login");
    (client, record, connection)
}

#[test]
fn a_slow_callback_needs_no_relief() {
    let _alone = alone();
    let peer = Peer::new();
    let (client, record, mut connection) = login(&peer);
    let (sender, holds) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    client.get_server_time(None, move |_, _| {
        sender.send(()).expect("the test waits");
        let _ = released.recv();
    });
    let quest = connection.quest("getservertime");
    connection.answer(&quest, &server_time(1));
    thread::scope(|scope| {
        let runs = scope.spawn(|| client.run_callbacks(DEADLINE).map_err(|error| error.code()));
        holds.recv_timeout(DEADLINE).expect("the callback runs");
        for _ in 0..20 {
            connection.sync();
            let (callback, reply) = reply::channel::<rtm_client::Error, i64>();
            client.get_server_time(Duration::from_millis(1), callback);
            assert_eq!(reply.wait().map_err(|error| error.code()), Err(20003));
            threads_are(&["rtm-io", "rtm-timer"]);
        }
        client.get_server_time(None, record.call(1));
        client.close_and_wait(DEADLINE).expect("the threads end");
        assert_eq!(record.all(), []);
        drop(release);
        assert!(runs.join().expect("no panic").is_ok_and(|ran| ran >= 1));
    });
    while client.run_callbacks(Duration::ZERO).is_ok_and(|ran| ran > 0) {}
    assert_eq!(record.all(), [Event::Closed(0), Event::Call(1, Err(20002))]);
}

/// A batch at a time, all of it, in the program's thread, however long it takes.
#[test]
fn callbacks_run_to_their_end_whatever_they_take() {
    let _alone = alone();
    let peer = Peer::new();
    let (client, _record, mut connection) = login(&peer);
    let (sender, ended) = mpsc::channel();
    const CALLS: usize = 50;
    for number in 0..CALLS {
        let sender = sender.clone();
        client.get_server_time(None, move |_, _| {
            thread::sleep(Duration::from_millis(3));
            sender.send((number, thread::current().id())).expect("the test waits");
        });
        let quest = connection.quest("getservertime");
        connection.answer(&quest, &server_time(1));
    }
    connection.sync();
    let mut ran = 0;
    while ran < CALLS {
        ran += client.run_callbacks(DEADLINE).expect("nobody else runs them");
    }
    let here = thread::current().id();
    assert_eq!(
        ended.try_iter().collect::<Vec<_>>(),
        (0..CALLS).map(|n| (n, here)).collect::<Vec<_>>()
    );
    threads_are(&["rtm-io", "rtm-timer"]);
    client.close_and_wait(DEADLINE).expect("the threads end");
}

/// From the end on nothing is waited for, until there is a login again.
#[test]
fn destroy_releases_who_waits_for_callbacks() {
    let _alone = alone();
    let peer = Peer::new();
    let (client, _record, mut connection) = login(&peer);
    client.get_server_time(None, |_, _| ());
    connection.quest("getservertime");
    thread::scope(|scope| {
        let waits = scope.spawn(|| client.run_callbacks(FOR_EVER));
        thread::sleep(Duration::from_millis(20));
        client.destroy();
        waits.join().expect("no panic").expect("nobody else runs them");
    });
    no_threads();
    let begun = Instant::now();
    while client.run_callbacks(FOR_EVER).is_ok_and(|ran| ran > 0) {}
    assert!(begun.elapsed() < DEADLINE);
    let client = thread::scope(|scope| {
        let (callback, login) = reply::login();
        client.login(UID, "token", callback, DEADLINE);
        let mut connection = peer.accept_login();
        login.wait().expect("a login");
        let (again, handle) = (client.clone(), client);
        let gate = scope.spawn(move || {
            thread::sleep(Duration::from_millis(20));
            again.get_server_time(None, |_, _| ());
            let quest = connection.quest("getservertime");
            connection.answer(&quest, &server_time(1));
            connection
        });
        let ran = handle.run_callbacks(DEADLINE);
        assert_eq!(ran.map_err(|error| error.code()), Ok(1));
        drop(gate);
        handle
    });
    client.close_and_wait(DEADLINE).expect("the threads end");
}
