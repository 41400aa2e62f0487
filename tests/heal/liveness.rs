//! A gate that is gone without a word: how it is noticed, and what is no reason to think so.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rtm_client::ConnectionState::{Online, Reconnecting};
use rtm_client::gate::Gate;
use rtm_client::{ClientOptions, RtmClient, reply, server_push};

use super::{EAGER, PATIENT};
use crate::common::package::{self, Kind, Package, map, server_time};
use crate::common::peer::{Connection, Peer};
use crate::common::record::{Event, Record};
use crate::common::{DEADLINE, eventually};

/// A call that times out at once.
fn time_out(client: &RtmClient, record: &Record) {
    client.get_server_time(Duration::from_millis(1), record.call(0));
    record.expect_call(0, Err(20003));
}

/// What the client asks then. The call itself may have been over before it was sent.
fn ping_after_a_timeout(connection: &mut Connection) -> Package {
    let package = connection.any_package().expect("the client is there");
    if package.method == "getservertime" {
        return connection.client_ping();
    }
    assert_eq!((package.kind, package.method.as_str()), (Kind::Quest, "*ping"));
    package
}

#[test]
fn a_gate_that_falls_silent_is_asked_and_then_lost() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options().max_ping_interval_seconds(1));
    let silent = Instant::now();
    connection.client_ping();
    assert!(silent.elapsed() >= Duration::from_millis(400), "{:?}", silent.elapsed());
    // Its own ping puts it off, as does anything else.
    connection.send(&package::quest(7, "ping", &map([])));
    assert_eq!(connection.any_package().map(|answer| answer.seq), Some(7));
    let silent = Instant::now();
    connection.client_ping();
    connection.client_ping_is_all();
    assert!(silent.elapsed() >= Duration::from_millis(900), "{:?}", silent.elapsed());
    let said = record.expect_error(20002);
    assert!(said.contains("no ping"), "{said}");
    let mut connection = peer.accept_login();
    record.expect(Event::Relogin(true, false, 0, 1));
    record.expect_nothing(&client, &mut connection);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

/// An answer, an error answer, a ping of the gate's own, and bytes that are no whole package yet.
#[test]
fn whatever_comes_is_a_sign_of_life() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options().max_ping_interval_seconds(1));
    let ping = connection.client_ping();
    connection.answer(&ping, &map([]));
    let ping = connection.client_ping();
    connection.fail(&ping, &package::error(20004, "no such method"));
    connection.client_ping();
    connection.send(&package::one_way("ping", &map([])));
    let quest = package::quest(1, "ping", &map([]));
    let frame = [&[0x82, quest.len() as u8], &quest[..]].concat();
    let (bytes, rest) = frame.split_at(3);
    for byte in bytes {
        connection.client_ping();
        connection.send_raw(&[*byte]);
    }
    connection.client_ping();
    connection.send_raw(rest);
    assert_eq!(connection.any_package().map(|answer| answer.seq), Some(1));
    record.expect_nothing(&client, &mut connection);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

/// The question is answered by nobody's callback, and counts as no call.
#[test]
fn a_call_that_times_out_makes_the_client_ask() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    for waited_for in [false, true] {
        if waited_for {
            let (callback, reply) = reply::channel();
            client.get_server_time(Duration::from_millis(1), callback);
            assert_eq!(reply.wait().map_err(|error| error.code()), Err(20003));
        } else {
            time_out(&client, &record);
        }
        let ping = ping_after_a_timeout(&mut connection);
        assert_eq!(ping.payload, map([]));
        connection.answer(&ping, &map([("ts", 1.into())]));
    }
    record.expect_nothing(&client, &mut connection);
    let stats = client.stats();
    assert_eq!((stats.calls, stats.answers, stats.timeouts), (3, 1, 2));
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

#[test]
fn a_half_open_connection_is_noticed_soon_after_the_first_call_that_times_out() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options().regressive_strategy(EAGER));
    time_out(&client, &record);
    let timed_out = Instant::now();
    ping_after_a_timeout(&mut connection);
    record.expect_error(20002);
    let took = timed_out.elapsed();
    println!("half-open: lost {took:?} after the first call that timed out");
    assert!(took >= Duration::from_millis(4900) && took < Duration::from_secs(8), "{took:?}");
    let _connection = peer.accept_login();
    record.expect(Event::Relogin(true, false, 0, 1));
}

#[test]
fn a_check_finds_a_dead_connection_and_a_living_one() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options().regressive_strategy(EAGER));
    client.check_connection();
    let ping = connection.client_ping();
    connection.answer(&ping, &map([]));
    record.expect_nothing(&client, &mut connection);
    let asked = Instant::now();
    client.check_connection();
    client.check_connection();
    connection.client_ping();
    connection.client_ping_is_all();
    record.expect_error(20002);
    let took = asked.elapsed();
    println!("check_connection: a dead link is given up after {took:?}");
    assert!(took >= Duration::from_millis(2900) && took < Duration::from_secs(6), "{took:?}");
    let mut connection = peer.accept_login();
    record.expect(Event::Relogin(true, false, 0, 1));
    record.expect_nothing(&client, &mut connection);
}

#[test]
fn a_check_brings_a_waiting_client_back() {
    let peer = Peer::new();
    let (client, record, connection) = peer.login(peer.options().regressive_strategy(PATIENT));
    connection.close();
    record.expect_error(20002);
    assert!(matches!(client.connection_state(), Reconnecting { next_attempt: Some(_), .. }));
    let asked = Instant::now();
    client.check_connection();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| client.wait_online(DEADLINE).map(|()| asked.elapsed()));
        let _connection = peer.accept_login();
        let took = waiting.join().expect("no panic").expect("it comes back");
        println!("check_connection: a waiting client is back after {took:?}");
        assert!(took < Duration::from_secs(5), "{took:?}");
    });
    record.expect(Event::Relogin(true, false, 0, 1));
}

/// While callbacks are so slow that nothing is read, the gate's silence is the client's own.
#[test]
fn silence_proves_nothing_while_nothing_is_read() {
    let gate = Gate::builder().start().expect("a gate");
    let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint());
    let options = options.max_ping_interval_seconds(1).max_undelivered_bytes(100_000);
    let client = RtmClient::new(options);
    let record = Record::of(&client);
    let (callback, login) = reply::login();
    client.login(1, "token", callback, DEADLINE);
    login.wait().expect("a login");
    let (entered, inside) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    client.processor().on(server_push::RECV_BROADCAST_CHAT, move |_| {
        if entered.send(()).is_ok() {
            let _ = released.recv();
        }
    });
    for _ in 0..80 {
        gate.broadcast(9, 30, "x".repeat(100_000), "");
    }
    inside.recv_timeout(DEADLINE).expect("the handler runs");
    let before = client.stats().bytes_sent;
    // Three times as long as a gate may be silent. A call that times out meanwhile proves nothing either.
    client.get_server_time(Duration::from_millis(100), record.call(1));
    thread::sleep(Duration::from_secs(3));
    assert_eq!(client.connection_state(), Online);
    assert!(client.stats().bytes_sent > before, "the line is kept alive");
    drop((release, inside));
    record.expect_call(1, Err(20003));
    eventually("all is read", || client.stats().bytes_received > 8_000_000);
    client.get_server_time(None, record.call(2));
    assert!(matches!(record.next(), Event::Call(2, Ok(_))));
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

/// Asked behind much that the gate takes slowly, it cannot answer in time: but it takes it.
#[test]
fn a_gate_that_takes_what_waits_is_there() {
    let peer = Peer::new();
    let options = peer.options().max_ping_interval_seconds(2);
    let (client, record, mut connection) = peer.login(options);
    let text = "x".repeat(1 << 20);
    for number in 0..32 {
        let call = record.call(number);
        client.send_chat(2, &*text, "", None, None, move |error, _| {
            call(error.map(|error| error.error), Some(0).filter(|_| false));
        });
    }
    eventually("the kernel takes no more", || client.stats().queued_bytes > 1 << 20);
    let began = Instant::now();
    for _ in 0..32 {
        let quest = connection.quest("sendmsg");
        assert_eq!(quest.field("msg").as_str().map(str::len), Some(text.len()));
        thread::sleep(Duration::from_millis(100));
    }
    assert!(began.elapsed() > Duration::from_secs(3));
    client.get_server_time(None, record.call(99));
    let quest = connection.quest("getservertime");
    connection.answer(&quest, &server_time(1));
    record.expect_call(99, Ok(1));
}
