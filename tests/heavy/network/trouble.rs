//! Connections that end badly, with TLS and without: cut in the middle of a frame, reset, closed without a word, silent.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use rtm_client::{ClientOptions, RegressiveStrategy, RtmClient};
use rustls::ServerConfig;
use socket2::SockRef;

use crate::certificates::{Authority, TlsStream, accept_login, server};
use crate::common::PID;
use crate::common::package::{self, server_time};
use crate::common::peer::{Connection, Peer};
use crate::common::record::{Event, Record};
use crate::{done, login};

/// How the gate's end of a TLS connection ends.
type End = fn(Connection<TlsStream>);

fn reset(connection: &mut Connection<TlsStream>) {
    let linger = SockRef::from(&connection.stream().sock).set_linger(Some(Duration::ZERO));
    linger.expect("a socket option");
}

const ENDS: [(&str, End); 5] = [
    ("closed without close_notify", drop),
    ("close_notify", |mut connection| {
        let stream = connection.stream();
        stream.conn.send_close_notify();
        stream.flush().expect("the client reads");
    }),
    ("reset", |mut connection| reset(&mut connection)),
    ("cut in a record", |mut connection| {
        // The header of a record of 256 bytes, and not all of them.
        let sock = &mut connection.stream().sock;
        sock.write_all(&[23, 3, 3, 1, 0, 1, 2, 3]).expect("the client reads");
    }),
    ("reset in a record", |mut connection| {
        let sock = &mut connection.stream().sock;
        sock.write_all(&[23, 3, 3, 1, 0, 1, 2, 3]).expect("the client reads");
        reset(&mut connection);
    }),
];

fn secure(peer: &Peer) -> (ClientOptions, Arc<ServerConfig>) {
    let authority = Authority::new();
    let config = server(&authority.certify("127.0.0.1"), None);
    let options = ClientOptions::new(PID).ssl_endpoint(peer.address());
    (options.ca_certificates(authority.pem()), config)
}

/// A call is in flight when the connection ends; the next connection works.
fn heals(
    client: &RtmClient,
    record: &Record,
    mut connection: Connection<TlsStream>,
    end: impl FnOnce(Connection<TlsStream>),
    again: impl FnOnce() -> Connection<TlsStream>,
) -> Connection<TlsStream> {
    client.get_server_time(None, record.call(1));
    connection.quest("getservertime");
    end(connection);
    record.expect_error(20002);
    record.expect_call(1, Err(20002));
    let mut connection = again();
    record.expect(Event::Relogin(true, false, 0, 1));
    client.get_server_time(None, record.call(2));
    let quest = connection.quest("getservertime");
    connection.answer(&quest, &server_time(2));
    record.expect_call(2, Ok(2));
    connection
}

#[test]
fn a_tls_connection_that_ends_in_any_way_is_made_again() {
    let peer = Peer::new();
    let (options, config) = secure(&peer);
    // Many in a short time.
    let at_once = RegressiveStrategy::new().start_connect_failed_count(20);
    let (client, record) = login(options.regressive_strategy(at_once));
    let mut connection = accept_login(&peer, &config);
    record.expect_login(true, 0);
    for (how, end) in ENDS {
        println!("{how}");
        connection = heals(&client, &record, connection, end, || accept_login(&peer, &config));
        println!("{how}: in the middle of a frame");
        let end = |mut connection: Connection<TlsStream>| {
            connection.send_raw(&[0x82, 100, b'F', b'P']);
            end(connection);
        };
        connection = heals(&client, &record, connection, end, || accept_login(&peer, &config));
    }
    done(&client, &record);
}

#[test]
fn a_reset_in_the_middle_of_a_frame() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    client.get_server_time(None, record.call(1));
    connection.quest("getservertime");
    connection.send_raw(&[0x82, 126, 0x46, 0x50]);
    connection.reset();
    record.expect_error(20002);
    record.expect_call(1, Err(20002));
    let _connection = peer.accept_login();
    record.expect(Event::Relogin(true, false, 0, 1));
    done(&client, &record);
}

/// Half open: the peer is gone, and no packet says so.
#[test]
fn a_silent_tls_connection_is_found_by_its_missing_pings() {
    let peer = Peer::new();
    let (options, config) = secure(&peer);
    let (client, record) = login(options.max_ping_interval_seconds(1));
    let _silent = accept_login(&peer, &config);
    record.expect_login(true, 0);
    let said = record.expect_error(20002);
    assert!(said.contains("no ping"), "{said}");
    let _connection = accept_login(&peer, &config);
    record.expect(Event::Relogin(true, false, 0, 1));
    done(&client, &record);
}

/// The service answers a WebSocket ping with a pong that is empty, whatever the ping held.
#[test]
fn control_frames_do_no_harm() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    client.get_server_time(None, record.call(1));
    let quest = connection.quest("getservertime");
    // Pongs nobody asked for, pings, and an answer in two fragments with a ping between them.
    connection.send_raw(&[0x8a, 0, 0x8a, 2, 1, 2, 0x89, 0, 0x89, 3, 1, 2, 3]);
    let answer = package::answer(quest.seq, 0, &server_time(1));
    let (head, tail) = answer.split_at(5);
    connection.send_raw(&[&[0x02, head.len() as u8], head].concat());
    connection.send_raw(&[0x89, 0]);
    connection.send_raw(&[&[0x80, tail.len() as u8], tail].concat());
    record.expect_call(1, Ok(1));
    record.expect_nothing(&client, &mut connection);
    done(&client, &record);
}
