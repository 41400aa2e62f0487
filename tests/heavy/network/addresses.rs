//! Where the client connects to: literal addresses, all addresses of a name, further gates.

use std::io::Write;
use std::net::{TcpListener, ToSocketAddrs};
use std::time::{Duration, Instant};

use rtm_client::ClientOptions;

use crate::common::dead::Dead;
use crate::common::peer::{Connection, Peer, read_request};
use crate::common::{DEADLINE, PID};
use crate::{done, login, refused};

/// An address that refuses connections.
fn refusing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").to_string()
}

fn accept_login(listener: &TcpListener) -> Connection {
    let (stream, _) = listener.accept().expect("a connection");
    stream.set_read_timeout(Some(DEADLINE)).expect("a socket option");
    let mut connection = Connection::over(stream);
    connection.accept_login();
    connection
}

#[test]
fn an_ipv6_address() {
    // Not every machine has IPv6.
    let Ok(listener) = TcpListener::bind("[::1]:0") else { return };
    let address = listener.local_addr().expect("it is bound").to_string();
    let (client, record) = login(ClientOptions::new(PID).endpoint(&address).no_proxy());
    let _connection = accept_login(&listener);
    record.expect_login(true, 0);
    done(&client, &record);
}

/// `localhost` has two addresses where there is IPv6, and a port of one of them is refused by the other.
#[test]
fn every_address_of_a_name() {
    let addresses = ("localhost", 0).to_socket_addrs().expect("a name that is always known");
    for address in addresses {
        let listener = TcpListener::bind(address).expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let (client, record) = login(ClientOptions::new(PID).endpoint(format!("localhost:{port}")));
        let _connection = accept_login(&listener);
        record.expect_login(true, 0);
        done(&client, &record);
    }
}

#[test]
fn further_gates_are_tried_in_turn() {
    let (peer, later) = (Peer::new(), Peer::new());
    let options = ClientOptions::new(PID).endpoint(refusing());
    let options = options.backup_endpoints([
        "no host".to_owned(),
        refusing(),
        peer.address(),
        later.address(),
    ]);
    let (client, record) = login(options);
    let _connection = peer.accept_login();
    record.expect_login(true, 0);
    done(&client, &record);
    assert!(!later.is_dialed(Duration::ZERO));
}

/// Logs in to the gate behind those that are none, each of which costs so many milliseconds.
fn follows(gates: Vec<String>, each: u64) {
    let peer = Peer::new();
    let expected = Duration::from_millis(each) * gates.len() as u32;
    let mut gates = gates.into_iter().chain([peer.address()]);
    let options = ClientOptions::new(PID).endpoint(gates.next().expect("a gate"));
    let before = Instant::now();
    let (client, record) = login(options.backup_endpoints(gates));
    let _connection = peer.accept_login();
    record.expect_login(true, 0);
    let took = before.elapsed();
    println!("{took:?}, at least {expected:?}");
    assert!((expected..expected + Duration::from_secs(2)).contains(&took), "{took:?}");
    done(&client, &record);
}

/// The kernel accepts for those; nobody answers the upgrade. They do not use up the time of the others.
#[test]
fn silent_gates_are_followed_by_the_next() {
    for count in [1, 2, 8] {
        let silent: Vec<_> = (0..count).map(|_| Peer::new()).collect();
        follows(silent.iter().map(Peer::address).collect(), 300);
    }
}

#[test]
fn dead_gates_are_followed_by_the_next() {
    for count in [1, 2, 8] {
        let dead: Vec<_> = (0..count).map(|_| Dead::new()).collect();
        follows(dead.iter().map(Dead::address).collect(), 250);
    }
}

/// One that connects and is silent sends the others back; they are tried again, and none is forgotten.
#[test]
fn dead_and_silent_gates_are_followed_by_the_next() {
    let (dead, silent) = (Dead::new(), Peer::new());
    follows(vec![dead.address(), silent.address()], 250);
}

/// A gate that fails after it has connected, at any step, is followed at once.
#[test]
fn a_gate_that_is_none_is_followed_at_once() {
    let (wrong, peer) = (Peer::new(), Peer::new());
    let options = wrong.options().backup_endpoints([peer.address()]);
    let before = Instant::now();
    let (client, record) = login(options);
    let mut stream = wrong.accept_tcp();
    read_request(&mut stream);
    stream.write_all(b"HTTP/1.1 404 Not Found\r\n\r\n").expect("the client reads");
    let _other = peer.accept_login();
    record.expect_login(true, 0);
    assert!(before.elapsed() < Duration::from_secs(2), "{:?}", before.elapsed());
    done(&client, &record);
}

#[test]
fn when_all_fail_each_is_named() {
    let (first, last) = (refusing(), refusing());
    let options = ClientOptions::new(PID).endpoint(&first);
    let (client, record) = login(options.backup_endpoints(["", &last]));
    let said = refused(&client, &record);
    assert!(said.contains(&format!("{first} refused the connection")), "{said}");
    assert!(said.contains("the endpoint \"\" is not host:port"), "{said}");
    assert!(said.contains(&format!("{last} refused the connection")), "{said}");
}
