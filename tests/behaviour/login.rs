//! How a login ends: in its callback, once, with what went wrong in words.

use std::io::Write;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use rtm_client::{ClientOptions, ConnectionState, RegressiveStrategy, RtmClient, reply};

use super::calls::PATIENT;
use crate::common::package::{self, map};
use crate::common::peer::{Peer, read_request};
use crate::common::record::{Event, Record, in_words};
use crate::common::{DEADLINE, PID, UID};

/// Logs a new client in. What its callback and the error event say is in the record, in that order or the other.
fn login(options: ClientOptions, timeout: Duration) -> (RtmClient, Record) {
    let client = RtmClient::new(options);
    let record = Record::of(&client);
    client.login(UID, "token", record.login(), timeout);
    (client, record)
}

#[test]
fn the_quest_is_the_first_of_its_connection() {
    let peer = Peer::new();
    let (client, record) = login(peer.options().attrs([("b", "1"), ("a", "2")]), DEADLINE);
    let mut connection = peer.accept();
    let auth = connection.quest("auth");
    assert_eq!((auth.seq, auth.int("pid"), auth.int("uid")), (1, PID, UID));
    assert_eq!(auth.field("token").as_str(), Some("token"));
    assert_eq!(auth.field("attrs").to_string(), r#"{"b": "1", "a": "2"}"#);
    connection.answer(&auth, &map([("ok", true.into())]));
    record.expect_login(true, 0);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

#[test]
fn a_port_nobody_listens_on_is_20012() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    drop(listener);
    let (client, record) = login(ClientOptions::new(PID).endpoint(&address), DEADLINE);
    let said = record.expect_error(20012);
    assert!(said.contains("refused the connection") && said.contains(&address), "{said}");
    record.expect_login(false, 20012);
    assert_eq!(record.rest(&client), []);
}

#[test]
fn an_endpoint_that_is_none_is_20012() {
    for (endpoint, words) in [
        ("", "host:port"),
        ("127.0.0.1", "host:port"),
        ("127.0.0.1:99999", "host:port"),
        ("no-such-host.invalid:13321", "looked up"),
    ] {
        let (client, record) = login(ClientOptions::new(PID).endpoint(endpoint), DEADLINE);
        let said = record.expect_error(20012);
        assert!(said.contains(words), "{endpoint:?}: {said}");
        record.expect_login(false, 20012);
        assert_eq!(record.rest(&client), []);
    }
}

#[test]
fn a_peer_that_is_no_websocket_server_is_20012() {
    let wrong_key = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Accept: bm90IHRoZSBrZXk=\r\n\r\n";
    let error = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";
    let cases = [
        (error, "HTTP 500"),
        (wrong_key, "does not speak WebSocket"),
        ("220 mail.example ESMTP\r\n\r\n", "does not speak WebSocket"),
        ("\u{1}\u{2}\u{3}\r\n\r\n", "does not speak WebSocket"),
        ("", "closed the connection during the upgrade"),
        ("HTTP/1.1 101 Swit", "closed the connection during the upgrade"),
    ];
    let peer = Peer::new();
    for (answer, words) in cases {
        let (client, record) = login(peer.options(), DEADLINE);
        let mut stream = peer.accept_tcp();
        read_request(&mut stream);
        stream.write_all(answer.as_bytes()).expect("the client reads");
        drop(stream);
        let said = record.expect_error(20012);
        assert!(said.contains(words), "{answer:?}: {said}");
        record.expect_login(false, 20012);
        assert_eq!(record.rest(&client), []);
    }
}

#[test]
fn the_upgrade_may_come_byte_by_byte() {
    let peer = Peer::new();
    let (client, record) = login(peer.options(), DEADLINE);
    let mut stream = peer.accept_tcp();
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        std::io::Read::read_exact(&mut stream, &mut byte).expect("a request");
        request.extend(byte);
    }
    let request = String::from_utf8(request).expect("a request is text");
    assert!(request.starts_with("GET /service/websocket HTTP/1.1\r\n"), "{request}");
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
    let accept = tungstenite::handshake::derive_accept_key(key.expect("a key").trim().as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    // The first package of the gate follows within the same bytes.
    let ping = package::quest(1, "ping", &map([]));
    let frame = [&[0x82, ping.len() as u8], &ping[..]].concat();
    for byte in answer.as_bytes().iter().chain(&frame) {
        stream.write_all(&[*byte]).expect("the client reads");
    }
    let mut answer = vec![0; 2 + 4 + 16];
    std::io::Read::read_exact(&mut stream, &mut answer).expect("auth or the answer to the ping");
    client.close();
    record.expect_login(false, 20002);
    assert_eq!(record.rest(&client), []);
}

#[test]
fn a_silent_peer_is_20012_within_the_connection_timeout() {
    let peer = Peer::new();
    let timeout = Duration::from_millis(200);
    let before = Instant::now();
    // The kernel accepts the connection; nobody answers the upgrade.
    let (client, record) = login(peer.options().connection_timeout(timeout), DEADLINE);
    let said = record.expect_error(20012);
    let took = before.elapsed();
    assert!(took >= timeout && took < timeout + Duration::from_secs(2), "{took:?}");
    assert!(said.contains("connecting took longer than 200ms, the connection timeout"), "{said}");
    assert!(said.contains("did not answer the WebSocket upgrade"), "{said}");
    record.expect_login(false, 20012);
    assert_eq!(record.rest(&client), []);
}

/// One timeout for all of it: the smaller of the two, whatever takes the time.
#[test]
fn a_silent_peer_is_20012_within_the_timeout_of_the_login() {
    let peer = Peer::new();
    let timeout = Duration::from_millis(200);
    let before = Instant::now();
    let (client, record) = login(peer.options(), timeout);
    let said = record.expect_error(20012);
    let took = before.elapsed();
    assert!(took >= timeout && took < timeout + Duration::from_secs(2), "{took:?}");
    assert!(said.contains("connecting took longer than 200ms, the timeout of the login"), "{said}");
    record.expect_login(false, 20012);
    assert_eq!(record.rest(&client), []);
    drop(peer.accept_tcp());
    // The time that connecting takes is not there for the answer.
    let long = Duration::from_secs(2);
    let before = Instant::now();
    let (client, record) = login(peer.options(), long);
    std::thread::sleep(long / 2);
    let mut connection = peer.accept();
    connection.quest("auth");
    record.expect_error(20003);
    let took = before.elapsed();
    assert!(took >= long && took < long * 7 / 5, "{took:?}");
    record.expect_login(false, 20003);
    assert_eq!(record.rest(&client), []);
}

/// Who waits for a login gets what the error event gets, words and causes.
#[test]
fn a_login_that_is_waited_for_says_why_it_failed() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let nobody = listener.local_addr().expect("it is bound").to_string();
    drop(listener);
    let peer = Peer::new();
    for (dialed, wrapped) in [(false, false), (false, true), (true, false), (true, true)] {
        let client = RtmClient::new(match dialed {
            true => peer.options(),
            false => ClientOptions::new(PID).endpoint(&nobody),
        });
        let record = Record::of(&client);
        let (callback, reply) = reply::login();
        match wrapped {
            false => client.login(UID, "token", callback, DEADLINE),
            // A closure of the program's around it changes nothing.
            true => {
                let around = move |ok: bool, code| {
                    assert!(!ok);
                    callback(ok, code);
                };
                client.login(UID, "token", around, DEADLINE);
            }
        }
        if dialed {
            let mut connection = peer.accept();
            let auth = connection.quest("auth");
            connection.fail(&auth, &package::error(200024, "you know why"));
        }
        let error = reply.wait().expect_err("it fails");
        let told = record.expect_error(error.code());
        assert_eq!(in_words(&error), told);
        let words = if error.code() == 20012 { "refused the connection" } else { "you know why" };
        assert!(told.contains(words), "{told}");
        assert_eq!(std::error::Error::source(&error).is_some(), error.code() == 20012);
        assert_eq!(record.rest(&client), []);
    }
    // The refused token, and a login that was given up.
    let (client, (callback, reply)) = (RtmClient::new(peer.options()), reply::login());
    client.login(UID, "token", callback, DEADLINE);
    let mut connection = peer.accept();
    let auth = connection.quest("auth");
    connection.answer(&auth, &map([("ok", false.into())]));
    let error = reply.wait().expect_err("it fails");
    assert!(error.code() == 200027 && error.message().contains("token"), "{error}");
    let (callback, reply) = reply::login();
    client.login(UID, "token", callback, DEADLINE);
    client.close();
    let error = reply.wait().expect_err("it fails");
    assert!(error.code() == 20002 && error.message().contains("closed before"), "{error}");
}

#[test]
fn a_first_login_is_tried_again_if_asked_for() {
    let peer = Peer::new();
    let eager = RegressiveStrategy::new().start_connect_failed_count(9);
    let options = peer.options().regressive_strategy(eager).retry_first_login(true);
    let client = RtmClient::new(options.clone());
    let record = Record::of(&client);
    record.states(&client);
    client.login(UID, "token", record.login(), Duration::from_millis(300));
    record.expect_state(ConnectionState::Connecting);
    drop(peer.accept_tcp());
    record.expect_error(20012);
    let mut connection = peer.accept();
    let auth = connection.quest("auth");
    connection.fail(&auth, &package::error(200010, "slowly"));
    record.expect_error(200010);
    // The timeout bounds each attempt.
    let mut silent = peer.accept();
    silent.quest("auth");
    record.expect_error(20003);
    assert_eq!(client.connection_state(), ConnectionState::Connecting);
    let mut connection = peer.accept_login();
    record.expect_state(ConnectionState::Online);
    record.expect_login(true, 0);
    record.expect_nothing(&client, &mut connection);
    let rest = record.rest(&client);
    assert_eq!(rest, [Event::State(ConnectionState::Closed), Event::Closed(0)]);

    // Refused for good, the last attempt, and a close while it waits.
    let (client, record) = login(options.clone(), DEADLINE);
    let mut connection = peer.accept();
    let auth = connection.quest("auth");
    connection.answer(&auth, &map([("ok", false.into())]));
    record.expect_login(false, 0);
    assert_eq!(record.rest(&client), []);
    let (client, record) = login(options.clone().max_relogin_attempts(1), DEADLINE);
    for _ in 0..2 {
        drop(peer.accept_tcp());
        record.expect_error(20012);
    }
    record.expect_login(false, 20012);
    assert!(!peer.is_dialed(Duration::from_millis(20)), "no further attempt");
    assert_eq!(record.rest(&client), []);
    let (client, record) = login(options.regressive_strategy(PATIENT), DEADLINE);
    drop(peer.accept_tcp());
    record.expect_error(20012);
    client.check_connection();
    drop(peer.accept_tcp());
    record.expect_error(20012);
    client.close();
    record.expect_login(false, 20002);
    assert_eq!(record.rest(&client), []);
}

#[test]
fn a_login_that_is_not_answered_is_20003() {
    let peer = Peer::new();
    let timeout = Duration::from_millis(200);
    let before = Instant::now();
    let (client, record) = login(peer.options(), timeout);
    let mut connection = peer.accept();
    connection.quest("auth");
    let said = record.expect_error(20003);
    let took = before.elapsed();
    assert!(took >= timeout && took < timeout + Duration::from_secs(2), "{took:?}");
    assert!(said.contains("did not answer the login"), "{said}");
    record.expect_login(false, 20003);
    assert!(connection.until_closed().is_empty());
    assert_eq!(record.rest(&client), []);
}

#[test]
fn a_connection_that_ends_during_the_login_is_20002() {
    let peer = Peer::new();
    for reset in [false, true] {
        let (client, record) = login(peer.options(), DEADLINE);
        let mut connection = peer.accept();
        connection.quest("auth");
        if reset {
            connection.reset()
        } else {
            connection.close()
        }
        record.expect_error(20002);
        record.expect_login(false, 20002);
        assert_eq!(record.rest(&client), []);
    }
}

#[test]
fn what_the_gate_says_to_the_login() {
    let peer = Peer::new();
    let refused = package::answer(1, 0, &map([("ok", false.into())]));
    let error = package::answer(1, 1, &package::error(200024, "denied"));
    let unreadable = package::answer(1, 0, b"");
    for (answer, code) in [(refused, 0), (error, 200024), (unreadable, 20009)] {
        let (client, record) = login(peer.options(), DEADLINE);
        let mut connection = peer.accept();
        connection.quest("auth");
        connection.send(&answer);
        if code != 0 {
            record.expect_error(code);
        }
        record.expect_login(false, code);
        assert!(connection.until_closed().is_empty(), "no second attempt");
        assert!(!peer.is_dialed(Duration::from_millis(20)), "no second connection");
        assert_eq!(record.rest(&client), []);
    }
}

#[test]
fn a_login_during_a_login_ends_the_first() {
    let peer = Peer::new();
    let (client, record) = login(peer.options(), DEADLINE);
    let mut first = peer.accept();
    first.quest("auth");
    client.login(UID + 1, "other", record.login(), DEADLINE);
    record.expect_login(false, 20002);
    let mut second = peer.accept();
    let auth = second.quest("auth");
    assert_eq!(auth.int("uid"), UID + 1);
    second.answer(&auth, &map([("ok", true.into())]));
    record.expect_login(true, 0);
    assert!(first.until_closed().is_empty());
    record.expect_nothing(&client, &mut second);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

#[test]
fn a_login_during_a_session_ends_it_first() {
    let peer = Peer::new();
    let (client, record, mut first) = peer.login(peer.options());
    client.get_server_time(None, record.call(1));
    first.quest("getservertime");
    client.login(UID + 1, "other", record.login(), DEADLINE);
    client.get_server_time(None, record.call(2));
    let mut events = [record.next(), record.next(), record.next()];
    events.sort_by_key(|event| *event == Event::Call(2, Err(20012)));
    let ended = [Event::Closed(0), Event::Call(1, Err(20002)), Event::Call(2, Err(20012))];
    assert_eq!(events, ended);
    assert!(first.until_closed().is_empty());
    let mut second = peer.accept_login();
    record.expect_login(true, 0);
    record.expect_nothing(&client, &mut second);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

#[test]
fn close_during_each_phase_of_a_login_ends_it_once() {
    let peer = Peer::new();
    type Close = fn(&RtmClient);
    let ways: [(&str, Close); 3] =
        [("close", RtmClient::close), ("bye", RtmClient::bye), ("destroy", RtmClient::destroy)];
    for (name, close) in ways {
        // At once; with the connection open; with the login asked for.
        for phase in 0..3 {
            let (client, record) = login(peer.options(), DEADLINE);
            let mut held = Vec::new();
            if phase > 0 {
                held.push(peer.accept_tcp());
            }
            if phase > 1 {
                read_request(&mut held[0]);
            }
            close(&client);
            assert_eq!(record.next(), Event::Login(false, 20002), "{name}, phase {phase}");
            assert_eq!(record.rest(&client), [], "{name}, phase {phase}");
            drop(held);
            while peer.is_dialed(Duration::ZERO) {}
        }
        let (client, record) = login(peer.options(), DEADLINE);
        let mut connection = peer.accept();
        connection.quest("auth");
        close(&client);
        assert_eq!(record.next(), Event::Login(false, 20002), "{name} during auth");
        assert!(connection.until_closed().is_empty(), "{name} sends nothing");
        assert_eq!(record.rest(&client), [], "{name} during auth");
    }
}

#[test]
fn a_client_logs_in_again_after_each_end() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    client.close();
    record.expect(Event::Closed(0));
    connection.until_closed();
    let (callback, reply) = reply::login();
    client.login(UID, "token", callback, DEADLINE);
    let mut connection = peer.accept();
    let auth = connection.quest("auth");
    connection.answer(&auth, &map([("ok", false.into())]));
    assert_eq!(reply.wait().map_err(|error| error.code()), Err(200027));
    client.login(UID, "token", record.login(), DEADLINE);
    let mut connection = peer.accept_login();
    record.expect_login(true, 0);
    client.destroy();
    connection.until_closed();
    client.login(UID, "token", record.login(), DEADLINE);
    let mut connection = peer.accept_login();
    record.expect_login(true, 0);
    // The listeners are gone, the record takes only what callbacks put there.
    record.expect_nothing(&client, &mut connection);
    assert_eq!(record.rest(&client), []);
}

/// A close that the login's success overtakes, or the other way round, lets no later call pass.
#[test]
fn no_call_passes_after_close_however_the_login_ends() {
    let peer = Peer::new();
    for _ in 0..100 {
        let (client, record) = login(peer.options(), DEADLINE);
        let mut connection = peer.accept();
        let auth = connection.quest("auth");
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // Whether the client still listens does not matter.
                let _ =
                    connection.try_send(&package::answer(auth.seq, 0, &map([("ok", true.into())])));
            });
            client.close();
            for number in 0..50 {
                client.get_server_time(None, record.call(number));
            }
        });
        let events = record.rest(&client);
        let calls =
            events.iter().filter(|event| matches!(event, Event::Call(_, Err(20012)))).count();
        let login = events.iter().filter(|event| matches!(event, Event::Login(..))).count();
        assert_eq!((calls, login), (50, 1), "{events:?}");
        assert_eq!(
            events.contains(&Event::Login(true, 0)),
            events.contains(&Event::Closed(0)),
            "{events:?}"
        );
    }
}
