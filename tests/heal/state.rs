//! What the connection is doing, as the program sees it, and waiting until it is online.

use std::error::Error as _;
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rtm_client::ConnectionState::{Closed, Connecting, Online, Reconnecting};
use rtm_client::{Callbacks, ClientOptions, RtmClient, reply};

use super::{EAGER, PATIENT};
use crate::common::package::{self, map};
use crate::common::peer::Peer;
use crate::common::record::{Event, Record};
use crate::common::{DEADLINE, PID, UID, eventually};

const UNDER_WAY: Option<Instant> = None;

#[test]
fn every_change_is_told_in_its_place() {
    let peer = Peer::new();
    let options = peer.options().regressive_strategy(EAGER).max_relogin_attempts(2);
    let client = RtmClient::new(options);
    assert_eq!(client.connection_state(), Closed);
    let record = Record::of(&client);
    record.states(&client);
    client.login(UID, "token", record.login(), DEADLINE);
    assert_eq!(client.connection_state(), Connecting);
    record.expect_state(Connecting);
    let mut connection = peer.accept_login();
    record.expect_state(Online);
    record.expect_login(true, 0);
    assert_eq!(client.connection_state(), Online);
    assert!(client.stats().online);

    client.get_server_time(None, record.call(1));
    connection.quest("getservertime");
    connection.close();
    record.expect_state(Reconnecting { attempt: 1, next_attempt: UNDER_WAY });
    assert_ne!(client.connection_state(), Online);
    assert!(!client.stats().online);
    record.expect_error(20002);
    record.expect_call(1, Err(20002));
    drop(peer.accept_tcp());
    record.expect_state(Reconnecting { attempt: 2, next_attempt: UNDER_WAY });
    record.expect_error(20012);
    record.expect(Event::Relogin(false, true, 20012, 1));
    let mut connection = peer.accept_login();
    record.expect_state(Online);
    record.expect(Event::Relogin(true, false, 0, 2));
    record.expect_nothing(&client, &mut connection);

    // The next outage counts from the start, and ends with its last attempt.
    connection.close();
    record.expect_state(Reconnecting { attempt: 1, next_attempt: UNDER_WAY });
    record.expect_error(20002);
    drop(peer.accept_tcp());
    record.expect_state(Reconnecting { attempt: 2, next_attempt: UNDER_WAY });
    record.expect_error(20012);
    record.expect(Event::Relogin(false, true, 20012, 1));
    drop(peer.accept_tcp());
    record.expect_state(Closed);
    record.expect_error(20012);
    record.expect(Event::Relogin(false, false, 20012, 2));
    record.expect(Event::Closed(20012));
    assert_eq!(client.connection_state(), Closed);
    assert_eq!(record.rest(&client), []);
}

/// The events and callbacks that come of a change find it made.
#[test]
fn the_state_is_set_before_anything_that_comes_of_it() {
    let peer = Peer::new();
    let client = RtmClient::new(peer.options().regressive_strategy(PATIENT));
    let (sender, seen) = mpsc::channel();
    let note = |what: &'static str| {
        let (sender, weak) = (sender.clone(), client.downgrade());
        move || {
            let state = weak.upgrade().map(|client| client.connection_state());
            sender.send((what, state.expect("the test holds the client"))).expect("the test reads");
        }
    };
    let (error, closed, login, call) = (note("error"), note("closed"), note("login"), note("call"));
    client.on_error_recorder(move |_| error());
    client.on_session_closed(move |_| closed());
    client.login(UID, "token", move |_, _| login(), DEADLINE);
    let mut connection = peer.accept_login();
    let next = || seen.recv_timeout(DEADLINE).expect("something happens");
    assert_eq!(next(), ("login", Online));
    client.get_server_time(None, move |_, _| call());
    connection.quest("getservertime");
    let (callback, waited_for) = reply::channel();
    client.get_server_time(None, callback);
    connection.quest("getservertime");
    connection.close();
    assert_eq!(waited_for.wait().map_err(|error| error.code()), Err(20002));
    assert!(matches!(client.connection_state(), Reconnecting { attempt: 1, .. }));
    assert!(matches!(next(), ("error", Reconnecting { attempt: 1, next_attempt: Some(_) })));
    assert!(matches!(next(), ("call", Reconnecting { attempt: 1, .. })));
    client.close();
    assert_eq!(client.connection_state(), Closed);
    assert_eq!(next(), ("closed", Closed));
}

/// As it is seen by a handler, measured from the end of the socket; the calls in flight end later.
#[test]
fn a_loss_is_told_at_once() {
    const CALLS: usize = 100;
    let peer = Peer::new();
    for how in ["closed", "reset"] {
        let (client, record, mut connection) =
            peer.login(peer.options().regressive_strategy(PATIENT));
        let (sender, told) = mpsc::channel();
        client.on_connection_state(move |state| {
            let told = (Instant::now(), matches!(state, Reconnecting { .. }));
            sender.send(told).expect("the test waits");
        });
        record.states(&client);
        for number in 0..CALLS {
            client.get_server_time(None, record.call(number));
            connection.quest("getservertime");
        }
        let ended = Instant::now();
        match how {
            "closed" => connection.close(),
            _ => connection.reset(),
        }
        let (at, reconnecting) = told.recv_timeout(DEADLINE).expect("the loss is told");
        println!("{how}: told after {:?}", at - ended);
        assert!(reconnecting && at - ended < Duration::from_secs(2), "{:?}", at - ended);
        assert!(matches!(record.next(), Event::State(Reconnecting { attempt: 1, .. })));
        record.expect_error(20002);
        (0..CALLS).for_each(|number| record.expect_call(number, Err(20002)));
        client.close_and_wait(DEADLINE).expect("the threads end");
    }
}

#[test]
fn the_time_of_the_next_attempt_is_told_while_it_is_waited_for() {
    let peer = Peer::new();
    let (client, record, connection) = peer.login(peer.options().regressive_strategy(PATIENT));
    record.states(&client);
    let lost = Instant::now();
    connection.close();
    let Event::State(Reconnecting { attempt: 1, next_attempt: Some(at) }) = record.next() else {
        panic!("not told");
    };
    let hour = Duration::from_secs(3600);
    assert!(at >= lost + hour && at <= Instant::now() + hour);
    record.expect_error(20002);
    assert_eq!(record.rest(&client), [Event::State(Closed), Event::Closed(0)]);
}

#[test]
fn nothing_is_told_after_destroy() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    client.destroy();
    record.states(&client);
    assert_eq!(client.connection_state(), Closed);
    connection.until_closed();
    assert_eq!(record.rest(&client), []);
}

#[test]
fn a_state_needs_nobody_to_run_callbacks() {
    let peer = Peer::new();
    let client = RtmClient::new(peer.options().callbacks(Callbacks::Manual));
    let (sender, states) = mpsc::channel();
    client.on_connection_state(move |state| sender.send(*state).expect("the test reads"));
    client.login(UID, "token", |_, _| {}, DEADLINE);
    let connection = peer.accept_login();
    client.wait_online(DEADLINE).expect("a login");
    connection.close();
    eventually("the loss is seen", || client.connection_state() != Online);
    assert_eq!(states.try_iter().count(), 0);
    client.close_and_wait(DEADLINE).expect("the threads end");
    while client.run_callbacks(Duration::ZERO).expect("nobody else runs them") > 0 {}
    let states: Vec<_> = states.try_iter().collect();
    assert_eq!((states[..2].to_vec(), states.last()), (vec![Connecting, Online], Some(&Closed)));
}

#[test]
fn waiting_ends_online_or_with_the_reason_why_not() {
    let peer = Peer::new();
    let client = RtmClient::new(peer.options().regressive_strategy(EAGER));
    let waits = |timeout: Duration| {
        client.wait_online(timeout).map_err(|error| (error.code(), error.message().to_owned()))
    };
    assert_eq!(waits(DEADLINE), Err((20012, "log in first".to_owned())));
    client.login(UID, "token", |_, _| {}, DEADLINE);
    let before = Instant::now();
    let moment = Duration::from_millis(50);
    assert_eq!(waits(moment).map_err(|error| error.0), Err(20003));
    assert!(before.elapsed() >= moment);
    let connection = thread::scope(|scope| {
        let waiting = scope.spawn(|| waits(DEADLINE));
        let connection = peer.accept_login();
        assert_eq!(waiting.join().expect("no panic"), Ok(()));
        connection
    });
    assert_eq!(waits(Duration::ZERO), Ok(()));
    // Over an outage, too.
    connection.close();
    eventually("the loss is seen", || client.connection_state() != Online);
    let mut connection = thread::scope(|scope| {
        let waiting = scope.spawn(|| waits(DEADLINE));
        let connection = peer.accept_login();
        assert_eq!(waiting.join().expect("no panic"), Ok(()));
        connection
    });
    connection.send(&package::one_way("kickout", &map([])));
    eventually("the kickout is seen", || client.connection_state() == Closed);
    let (code, text) = waits(DEADLINE).expect_err("kicked out");
    assert!(code == 20012 && text.contains("has ended") && text.contains("kicked"), "{text}");

    // The end of a login that is waited for.
    client.login(UID, "token", |_, _| {}, DEADLINE);
    let ended = thread::scope(|scope| {
        let waiting = scope.spawn(|| waits(DEADLINE));
        let mut connection = peer.accept();
        connection.quest("auth");
        client.close();
        waiting.join().expect("no panic")
    });
    let (code, text) = ended.expect_err("closed");
    assert!(code == 20012 && text.contains("the program has closed it"), "{code} {text}");
    client.close_and_wait(DEADLINE).expect("the threads end");
}

#[test]
fn nobody_waits_for_a_session_that_is_ending() {
    let peer = Peer::new();
    let options = peer.options().regressive_strategy(PATIENT);
    let options = options.queue_while_reconnecting(1 << 20, DEADLINE);
    let (client, _record, connection) = peer.login(options);
    connection.close();
    eventually("the loss is seen", || client.connection_state() != Online);
    client.send_chat(2, "queued", "", None, None, reply::ignore);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| client.wait_online(DEADLINE));
        let leaving = scope.spawn(|| client.bye_and_wait(DEADLINE));
        let ended = waiting.join().expect("no panic");
        assert_eq!(ended.map_err(|error| error.code()), Err(20012));
        assert!(!leaving.is_finished(), "it waits for the queue");
        client.close();
        let _ = leaving.join().expect("no panic");
    });
}

#[test]
fn waiting_for_a_login_that_fails_gives_its_error() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    drop(listener);
    let client = RtmClient::new(ClientOptions::new(PID).endpoint(&address));
    client.login(UID, "token", |_, _| {}, DEADLINE);
    let error = client.wait_online(DEADLINE).expect_err("nobody listens");
    assert_eq!(error.code(), 20012);
    assert!(error.to_string().contains(&address) && error.source().is_some(), "{error}");

    let peer = Peer::new();
    let client = RtmClient::new(peer.options());
    client.login(UID, "token", |_, _| {}, DEADLINE);
    let mut connection = peer.accept();
    let auth = connection.quest("auth");
    connection.answer(&auth, &map([("ok", false.into())]));
    assert_eq!(client.wait_online(DEADLINE).map_err(|error| error.code()), Err(200027));
}

#[test]
fn there_is_no_waiting_inside_a_callback() {
    let peer = Peer::new();
    let client = RtmClient::new(peer.options());
    let (sender, ended) = mpsc::channel();
    let inner = client.clone();
    client.login(
        UID,
        "token",
        move |_, _| {
            let code = inner.wait_online(DEADLINE).map_err(|error| error.code());
            sender.send(code).expect("the test waits");
        },
        DEADLINE,
    );
    let _connection = peer.accept_login();
    assert_eq!(ended.recv_timeout(DEADLINE), Ok(Err(20013)));
}
