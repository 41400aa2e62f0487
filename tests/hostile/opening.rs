//! Harm before the login.

use std::io::{Read, Write};
use std::time::Duration;

use rustls::ServerConnection;
use tungstenite::handshake::derive_accept_key;

use crate::certificates::{self, Authority};
use crate::common::package::{self, map};
use crate::common::peer::{Connection, Peer, read_request};
use crate::common::record::{Event, Record};
use crate::common::{DEADLINE, UID};
use crate::{MIB, Memory};
use rtm_client::{ClientOptions, RtmClient};

fn login(options: ClientOptions) -> (RtmClient, Record) {
    let client = RtmClient::new(options);
    let record = Record::of(&client);
    client.login(UID, "token", record.login(), DEADLINE);
    (client, record)
}

/// The login fails with that code.
#[track_caller]
fn fails(client: &RtmClient, record: &Record, code: i32) -> String {
    let said = record.expect_error(code);
    record.expect_login(false, code);
    assert_eq!(record.rest(client), []);
    said
}

/// What comes in one piece with the answer to the upgrade is not lost.
#[test]
fn a_101_with_more_behind_it() {
    let memory = Memory::measure();
    let peer = Peer::new();
    let (client, record) = login(peer.options());
    let mut stream = peer.accept_tcp();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a request");
        head.extend(byte);
    }
    let head = String::from_utf8(head).expect("text");
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.to_owned())
    });
    let accept = derive_accept_key(key.expect("a key").as_bytes());
    let early = package::quest(77, "ping", &map([]));
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    let bytes = [answer.as_bytes(), &[0x82, early.len() as u8], &early].concat();
    stream.write_all(&bytes).expect("the client reads");
    let mut gate = Connection::of(stream);
    let mut seen = Vec::new();
    for _ in 0..2 {
        let package = gate.package().expect("the client goes on");
        if package.method == "auth" {
            gate.answer(&package, &map([("ok", true.into())]));
        }
        seen.push((package.method.clone(), package.seq));
    }
    seen.sort();
    assert_eq!(seen, [(String::new(), 77), ("auth".to_owned(), 1)]);
    record.expect_login(true, 0);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
    memory.stays_within(MIB);
}

/// Not followed: the program says where it connects to.
#[test]
fn a_redirect() {
    for status in [301, 302, 303, 307, 308] {
        let memory = Memory::measure();
        let (peer, elsewhere) = (Peer::new(), Peer::new());
        let (client, record) = login(peer.options());
        let location = elsewhere.address();
        let answer = format!(
            "HTTP/1.1 {status} Go\r\nLocation: http://{location}/\r\nContent-Length: 0\r\n\r\n"
        );
        let mut stream = peer.accept_tcp();
        read_request(&mut stream);
        stream.write_all(answer.as_bytes()).expect("the client reads");
        let said = fails(&client, &record, 20012);
        assert!(said.contains(&status.to_string()), "{said}");
        assert!(!elsewhere.is_dialed(Duration::from_millis(20)));
        memory.stays_within(MIB);
    }
}

/// Refused or cut off, not collected for ever.
#[test]
fn an_answer_to_the_upgrade_without_an_end() {
    let memory = Memory::measure();
    let peer = Peer::new();
    let options = peer.options().connection_timeout(Duration::from_secs(5));
    let (client, record) = login(options);
    let mut stream = peer.accept_tcp();
    read_request(&mut stream);
    let _ = stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\n");
    let line = [&b"X: "[..], &[b'a'; 8000], b"\r\n"].concat();
    for _ in 0..1000 {
        if stream.write_all(&line).is_err() {
            break;
        }
    }
    fails(&client, &record, 20012);
    memory.stays_within(MIB);
}

/// The connection timeout covers each step.
#[test]
fn a_tls_peer_that_stalls_at_each_step() {
    let authority = Authority::new();
    let config = certificates::server(&authority.certify("127.0.0.1"), None);
    // How many bytes of the server's first flight are sent.
    for sent in [0, 1, 5, 6, 100, 500] {
        let memory = Memory::measure();
        let peer = Peer::new();
        let options = stalling(&peer, &authority);
        let (client, record) = login(options);
        let mut stream = peer.accept_tcp();
        let mut server = ServerConnection::new(config.clone()).expect("a session");
        while server.wants_read() && !server.wants_write() {
            server.read_tls(&mut stream).expect("the client speaks");
            server.process_new_packets().expect("the client speaks TLS");
        }
        let mut flight = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut flight).expect("a vector");
        }
        assert!(flight.len() > 500, "{}", flight.len());
        stream.write_all(&flight[..sent]).expect("the client reads");
        fails(&client, &record, 20012);
        memory.stays_within(MIB);
    }
    // After the handshake, before the answer to the upgrade, and in the middle of it.
    for answer in [&b""[..], b"H", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: web"] {
        let memory = Memory::measure();
        let peer = Peer::new();
        let (client, record) = login(stalling(&peer, &authority));
        let mut tls = certificates::over(peer.accept_tcp(), &config);
        let mut byte = [0];
        tls.read_exact(&mut byte).expect("a request");
        tls.write_all(answer).expect("the client reads");
        fails(&client, &record, 20012);
        memory.stays_within(MIB);
    }
    // After the upgrade: the login is not answered.
    let memory = Memory::measure();
    let peer = Peer::new();
    let (client, record) = login(stalling(&peer, &authority));
    let mut gate = Connection::over(certificates::over(peer.accept_tcp(), &config));
    gate.quest("auth");
    fails(&client, &record, 20003);
    memory.stays_within(MIB);
}

fn stalling(peer: &Peer, authority: &Authority) -> ClientOptions {
    ClientOptions::new(crate::common::PID)
        .ssl_endpoint(peer.address())
        .ca_certificates(authority.pem())
        .connection_timeout(Duration::from_millis(250))
}
