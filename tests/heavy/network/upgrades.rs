//! The answer to the upgrade, as HTTP and the standard of WebSocket allow it.

use std::io::Write;
use std::time::{Duration, Instant, SystemTime};

use rtm_client::{ClientOptions, RegressiveStrategy};
use tungstenite::handshake::derive_accept_key;

use crate::certificates::{self, Authority, server};
use crate::common::PID;
use crate::common::peer::{Connection, Peer, read_request};
use crate::common::record::Event;
use crate::{done, login};

/// The answer to that request, with `before` it and these headers among its own.
fn answer(request: &str, before: &str, headers: &str) -> String {
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
    let accept = derive_accept_key(key.expect("a key").as_bytes());
    format!(
        "{before}HTTP/1.1 101 Switching Protocols\r\n{headers}Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

const PLAIN: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\n";

#[test]
fn what_the_standard_allows() {
    let peer = Peer::new();
    let long = format!("{PLAIN}X: {}\r\n", "x".repeat(60_000));
    for (before, headers) in [
        ("HTTP/1.1 100 Continue\r\n\r\n", PLAIN),
        ("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n", PLAIN),
        ("", "upgrade: WebSocket\r\nconnection: keep-alive, upgrade\r\n"),
        ("", "Connection: keep-alive\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"),
        ("", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Extensions:\r\n"),
        ("", &long),
    ] {
        let (client, record) = login(peer.options());
        let mut stream = peer.accept_tcp();
        let answer = answer(&read_request(&mut stream), before, headers);
        stream.write_all(answer.as_bytes()).expect("the client reads");
        let mut connection = Connection::of(stream);
        connection.accept_login();
        record.expect_login(true, 0);
        done(&client, &record);
    }
}

/// The same through a proxy and over TLS, byte by byte.
#[test]
fn interim_answers_of_a_proxy() {
    let (authority, peer) = (Authority::new(), Peer::new());
    let config = server(&authority.certify("gate.invalid"), None);
    let proxy = format!("http://{}", peer.address());
    let options = ClientOptions::new(PID).ssl_endpoint("gate.invalid:1").proxy(proxy);
    let (client, record) = login(options.ca_certificates(authority.pem()));
    let mut stream = peer.accept_tcp();
    assert!(read_request(&mut stream).starts_with("CONNECT gate.invalid:1 "));
    for byte in b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n\r\n" {
        stream.write_all(&[*byte]).expect("the client reads");
    }
    let mut connection = Connection::over(certificates::over(stream, &config));
    connection.accept_login();
    record.expect_login(true, 0);
    done(&client, &record);
}

/// The next attempt comes when the gate has asked for it, but no later than after the longest interval.
#[test]
fn a_gate_that_is_too_busy_says_when_to_come_again() {
    let peer = Peer::new();
    let strategy = RegressiveStrategy::new()
        .start_connect_failed_count(u32::MAX)
        .max_interval_seconds(2)
        .linear_regressive_count(1);
    let (client, record, connection) = peer.login(peer.options().regressive_strategy(strategy));
    connection.close();
    record.expect_error(20002);
    let soon = || httpdate::fmt_http_date(SystemTime::now() + Duration::from_millis(2500));
    let asks: [(u16, &dyn Fn() -> String, u64); 3] =
        [(503, &|| "1".to_owned(), 1), (429, &|| "100".to_owned(), 2), (503, &soon, 1)];
    let mut stream = peer.accept_tcp();
    for (attempt, (status, retry_after, seconds)) in (1..).zip(asks) {
        read_request(&mut stream);
        let answer = format!("HTTP/1.1 {status} X\r\nRetry-After: {}\r\n\r\n", retry_after());
        let answered = Instant::now();
        stream.write_all(answer.as_bytes()).expect("the client reads");
        let said = record.expect_error(20012);
        assert!(said.contains(&format!("HTTP {status}")), "{said}");
        record.expect(Event::Relogin(false, true, 20012, attempt));
        stream = peer.accept_tcp();
        let (took, least) = (answered.elapsed(), Duration::from_secs(seconds));
        assert!((least..least + Duration::from_secs(5)).contains(&took), "{took:?} after {status}");
    }
    client.close();
}
