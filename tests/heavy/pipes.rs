//! SIGPIPE, which ends a program that has not asked to be spared: no write to a connection that is gone brings it about.
//!
//! It is noticed by the whole process, so there is nothing else in it.

#![cfg(all(unix, feature = "tls"))]

#[path = "../common/mod.rs"]
mod common;

use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rtm_client::gate::Gate;
use rtm_client::{ClientOptions, RtmClient};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use signal_hook::consts::SIGPIPE;
use socket2::SockRef;
use tungstenite::WebSocket;

use common::certificates::{Authority, TlsStream, accept_login, server};
use common::package::{self, map};
use common::peer::{Connection, Peer};
use common::record::{Event, Record};
use common::{DEADLINE, PID, UID};

/// Ends the connection with a reset while a call is written to it.
fn reset(mut connection: Connection<TlsStream>) {
    let linger = SockRef::from(&connection.stream().sock).set_linger(Some(Duration::ZERO));
    linger.expect("a socket option");
}

#[test]
fn a_write_to_a_connection_that_is_gone_raises_no_signal() {
    let raised = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGPIPE, raised.clone()).expect("a handler");
    let authority = Authority::new();
    let config = server(&authority.certify("127.0.0.1"), None);
    let peer = Peer::new();
    let options = ClientOptions::new(PID).ssl_endpoint(peer.address());
    let client = RtmClient::new(options.ca_certificates(authority.pem()));
    let record = Record::of(&client);
    client.login(UID, "token", record.login(), DEADLINE);
    let mut connection = accept_login(&peer, &config);
    record.expect_login(true, 0);
    for _ in 0..3 {
        reset(connection);
        // What the client writes now, if only its goodbye, is for nobody.
        record.expect_error(20002);
        connection = accept_login(&peer, &config);
        record.expect(Event::Relogin(true, false, 0, 1));
    }
    assert_eq!(record.rest(&client), [Event::Closed(0)]);

    // The same without TLS.
    let (client, record, mut connection) = peer.login(peer.options());
    for _ in 0..3 {
        connection.reset();
        record.expect_error(20002);
        connection = peer.accept_login();
        record.expect(Event::Relogin(true, false, 0, 1));
    }
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
    assert!(!raised.load(Ordering::Relaxed), "the client raised SIGPIPE");

    // Nor does the gate, to clients that do not wait for their answers.
    let gate = Gate::builder().tls_listen("127.0.0.1:0").start().expect("a gate");
    let endpoint = gate.tls_endpoint().expect("TLS");
    for _ in 0..30 {
        let mut socket = over_tls(&endpoint, gate.certificate().expect("a certificate"));
        for _ in 0..20 {
            let quest = package::quest(1, "getservertime", &map([]));
            socket.send(tungstenite::Message::Binary(quest.into())).expect("the gate reads");
        }
        let linger = SockRef::from(&socket.get_ref().sock).set_linger(Some(Duration::ZERO));
        linger.expect("a socket option");
    }
    assert!(gate.wait_until(DEADLINE, |gate| gate.counters().connections == 0));
    assert!(!raised.load(Ordering::Relaxed), "the gate raised SIGPIPE");
}

fn over_tls(endpoint: &str, issuer: &str) -> WebSocket<StreamOwned<ClientConnection, TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(issuer.as_bytes()).expect("PEM")).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "127.0.0.1".try_into().expect("a name");
    let session = ClientConnection::new(Arc::new(config), name).expect("a session");
    let tcp = TcpStream::connect(endpoint).expect("the gate listens");
    let stream = StreamOwned::new(session, tcp);
    let url = format!("wss://{endpoint}/service/websocket");
    tungstenite::client(url, stream).expect("an upgrade").0
}
