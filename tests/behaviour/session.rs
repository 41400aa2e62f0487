//! How a session ends, and how it goes on after the connection was lost.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use rtm_client::RegressiveStrategy;

use super::calls::PATIENT;
use crate::common::package::{self, map, server_time};
use crate::common::peer::Peer;
use crate::common::record::Event;
use crate::common::{DEADLINE, UID};

/// Tries again at once, for ever.
const EAGER: RegressiveStrategy = RegressiveStrategy::new()
    .start_connect_failed_count(u32::MAX)
    .max_interval_seconds(3600)
    .linear_regressive_count(1);

#[test]
fn bye_waits_for_its_answer() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    client.get_server_time(None, record.call(1));
    client.bye();
    client.bye();
    client.get_server_time(None, record.call(2));
    record.expect_call(2, Err(20012));
    let quest = connection.quest("getservertime");
    connection.answer(&quest, &server_time(5));
    record.expect_call(1, Ok(5));
    let bye = connection.quest("bye");
    assert_eq!(bye.payload, map([]));
    connection.answer(&bye, &map([]));
    record.expect(Event::Closed(0));
    assert!(connection.until_closed().is_empty());
    assert_eq!(record.rest(&client), []);
    assert!(!peer.is_dialed(Duration::from_millis(20)), "no relogin");
}

#[test]
fn bye_ends_with_the_connection_or_an_error_answer_too() {
    let peer = Peer::new();
    for cut in [false, true] {
        let (client, record, mut connection) = peer.login(peer.options());
        client.bye();
        let bye = connection.quest("bye");
        if cut {
            connection.close()
        } else {
            connection.fail(&bye, &package::error(1, ""))
        }
        record.expect(Event::Closed(0));
        assert_eq!(record.rest(&client), []);
    }
    let (client, record, mut connection) = peer.login(peer.options());
    client.bye();
    connection.quest("bye");
    client.close();
    record.expect(Event::Closed(0));
    assert_eq!(record.rest(&client), []);
}

#[test]
fn a_kickout_ends_the_session_without_a_relogin() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    client.get_server_time(None, record.call(1));
    connection.quest("getservertime");
    connection.send(&package::one_way("kickout", &map([])));
    record.expect(Event::Closed(0));
    record.expect_call(1, Err(20002));
    assert!(connection.until_closed().is_empty(), "a kickout is not answered");
    assert!(!peer.is_dialed(Duration::from_millis(50)), "no relogin");
    assert_eq!(record.rest(&client), []);
}

#[test]
fn a_lost_connection_is_made_again() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    for reset in [false, true, false] {
        if reset {
            connection.reset()
        } else {
            connection.close()
        }
        record.expect_error(20002);
        connection = peer.accept();
        let auth = connection.quest("auth");
        assert_eq!((auth.int("uid"), auth.seq), (UID, 1));
        connection.answer(&auth, &map([("ok", true.into())]));
        record.expect(Event::Relogin(true, false, 0, 1));
        record.expect_nothing(&client, &mut connection);
    }
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

#[test]
fn a_connection_cut_within_an_answer_leaves_nothing_for_the_next() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    for len in [1, 11, 15, 20] {
        client.get_server_time(None, record.call(1));
        let quest = connection.quest("getservertime");
        let answer = package::answer(quest.seq, 0, &server_time(5));
        if len == 15 {
            // In the middle of a frame, with a reset.
            connection.send_raw(&[&[0x82, answer.len() as u8], &answer[..len]].concat());
            connection.reset();
        } else {
            connection.send(&answer[..len]);
            connection.close();
        }
        record.expect_error(20002);
        record.expect_call(1, Err(20002));
        connection = peer.accept_login();
        record.expect(Event::Relogin(true, false, 0, 1));
        record.expect_nothing(&client, &mut connection);
    }
}

#[test]
fn without_auto_reconnect_a_lost_connection_is_the_end() {
    let peer = Peer::new();
    let (client, record, connection) = peer.login(peer.options().auto_reconnect(false));
    connection.close();
    record.expect_error(20002);
    record.expect(Event::Closed(20001));
    assert!(!peer.is_dialed(Duration::from_millis(20)), "no relogin");
    assert_eq!(record.rest(&client), []);
}

/// Whatever stage of a relogin fails, the announced retry follows.
#[test]
fn a_relogin_goes_on_after_each_kind_of_failure() {
    let peer = Peer::new();
    let options =
        peer.options().regressive_strategy(EAGER).connection_timeout(Duration::from_secs(1));
    let (client, record, connection) = peer.login(options);
    connection.close();
    record.expect_error(20002);

    let failed = |code: i32, count: u32| {
        record.expect_error(code);
        record.expect(Event::Relogin(false, true, code, count));
    };
    drop(peer.accept_tcp());
    failed(20012, 1);
    let mut connection = peer.accept();
    connection.quest("auth");
    connection.close();
    failed(20002, 2);
    let mut connection = peer.accept();
    let auth = connection.quest("auth");
    connection.fail(&auth, &package::error(200010, "slowly"));
    failed(200010, 3);
    // The error and the end of the connection in one go are one failure.
    let mut connection = peer.accept();
    let auth = connection.quest("auth");
    connection.fail(&auth, &package::error(200010, "slowly"));
    connection.close();
    failed(200010, 4);
    let mut silent = peer.accept();
    silent.quest("auth");
    failed(20003, 5);
    let mut connection = peer.accept();
    let auth = connection.quest("auth");
    connection.answer(&auth, b"\xc1");
    failed(20009, 6);
    client.get_server_time(None, record.call(1));
    record.expect_call(1, Err(20002));
    let mut connection = peer.accept();
    let auth = connection.quest("auth");
    connection.fail(&auth, &package::error(200023, "logged in already"));
    record.expect(Event::Relogin(true, false, 0, 7));
    record.expect_nothing(&client, &mut connection);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

/// Each login succeeds, and each time the connection ends at once: that is no reason to begin the waits anew.
#[test]
fn a_gate_that_closes_after_each_login_is_left_alone_longer_and_longer() {
    let strategy = RegressiveStrategy::new()
        .start_connect_failed_count(2)
        .max_interval_seconds(1)
        .linear_regressive_count(4);
    let peer = Peer::new();
    let (client, record, mut connection) =
        peer.login(peer.options().regressive_strategy(strategy).relogin_jitter(0.0));
    for wait in [0, 0, 250, 500, 750, 1000, 1000] {
        let closed = Instant::now();
        connection.close();
        record.expect_error(20002);
        connection = peer.accept_login();
        record.expect(Event::Relogin(true, false, 0, 1));
        let took = closed.elapsed();
        assert!(took >= Duration::from_millis(wait), "{took:?} instead of {wait} ms");
    }
    record.expect_nothing(&client, &mut connection);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

#[test]
fn a_token_refused_at_a_relogin_ends_the_session() {
    let peer = Peer::new();
    let blocked = package::answer(1, 1, &package::error(200049, "blocked"));
    let refused = package::answer(1, 0, &map([("ok", false.into())]));
    for (answer, code) in [(refused, 200027), (blocked, 200049)] {
        let (client, record, connection) = peer.login(peer.options());
        connection.close();
        record.expect_error(20002);
        let mut connection = peer.accept();
        connection.quest("auth");
        connection.send(&answer);
        if code != 200027 {
            record.expect_error(code);
        }
        record.expect(Event::Relogin(false, false, code, 1));
        record.expect(Event::Closed(code));
        connection.until_closed();
        assert!(!peer.is_dialed(Duration::from_millis(20)), "no further attempt");
        client.get_server_time(None, record.call(1));
        record.expect_call(1, Err(20012));
        assert_eq!(record.rest(&client), []);
    }
}

#[test]
fn close_during_each_phase_of_a_relogin_ends_the_session_once() {
    let peer = Peer::new();
    for phase in ["waiting", "connecting", "authenticating"] {
        let strategy = if phase == "waiting" { PATIENT } else { EAGER };
        let (client, record, connection) = peer.login(peer.options().regressive_strategy(strategy));
        connection.close();
        record.expect_error(20002);
        let mut connections = Vec::new();
        match phase {
            "waiting" => {}
            // Accepted by the kernel alone.
            "connecting" => {}
            _ => {
                connections.push(peer.accept());
                connections[0].quest("auth");
            }
        }
        client.close();
        let rest = record.rest(&client);
        assert_eq!(rest, [Event::Closed(0)], "{phase}");
        drop(connections);
        while phase == "connecting" && peer.is_dialed(Duration::ZERO) {}
        assert!(!peer.is_dialed(Duration::from_millis(20)), "{phase}: a late attempt");
    }
}

#[test]
fn a_login_during_an_outage_ends_the_old_session_first() {
    let peer = Peer::new();
    let (client, record, connection) = peer.login(peer.options().regressive_strategy(PATIENT));
    connection.close();
    record.expect_error(20002);
    client.login(UID, "token", record.login(), DEADLINE);
    record.expect(Event::Closed(0));
    let mut connection = peer.accept_login();
    record.expect_login(true, 0);
    record.expect_nothing(&client, &mut connection);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

#[test]
fn handlers_come_and_go_also_inside_a_handler() {
    let peer = Peer::new();
    let (client, record, connection) = peer.login(peer.options());
    let put = record.putter();
    let removed = client.on_session_closed(move |_| put(Event::Closed(-1)));
    assert!(client.off(removed));
    assert!(!client.off(removed));
    // One that removes itself and adds another while it runs.
    let (put, inner_put) = (record.putter(), Mutex::new(Some(record.putter())));
    let weak = client.downgrade();
    let (sender, own_id) = std::sync::mpsc::channel();
    let id = client.on_relogin_completed(move |_, _, _, _| {
        put(Event::Login(true, 1));
        let client = weak.upgrade().expect("the test holds it");
        assert!(client.off(own_id.recv().expect("it was sent")));
        let put = inner_put.lock().expect("no panic").take().expect("it runs once");
        client.on_session_closed(move |_| put(Event::Closed(2)));
    });
    sender.send(id).expect("the handler has the other end");
    connection.close();
    record.expect_error(20002);
    let connection = peer.accept_login();
    record.expect(Event::Relogin(true, false, 0, 1));
    record.expect(Event::Login(true, 1));
    connection.close();
    record.expect_error(20002);
    let _connection = peer.accept_login();
    record.expect(Event::Relogin(true, false, 0, 1));
    assert_eq!(record.rest(&client), [Event::Closed(0), Event::Closed(2)]);
}
