//! Where the client connects to: literal addresses, all addresses of a name, further gates.

use std::net::{TcpListener, ToSocketAddrs};
use std::time::{Duration, Instant};

use rtm_client::ClientOptions;

use crate::common::peer::{Connection, Peer};
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

/// Each gets its share of the time, so that a silent one does not use it up.
#[test]
fn a_silent_gate_leaves_time_for_the_others() {
    let (silent, peer) = (Peer::new(), Peer::new());
    let options = silent.options().backup_endpoints([peer.address()]);
    let before = Instant::now();
    let (client, record) = login(options.connection_timeout(Duration::from_secs(2)));
    // The kernel accepts for the silent one; nobody answers the upgrade.
    let connection = silent.accept_tcp();
    let _other = peer.accept_login();
    record.expect_login(true, 0);
    assert!(before.elapsed() >= Duration::from_millis(900), "{:?}", before.elapsed());
    drop(connection);
    done(&client, &record);
}

#[test]
fn when_all_fail_the_last_one_is_named() {
    let last = refusing();
    let options = ClientOptions::new(PID).endpoint(refusing());
    let (client, record) = login(options.backup_endpoints(["", &last]));
    let said = refused(&client, &record);
    assert!(said.contains(&format!("{last} refused the connection")), "{said}");
}
