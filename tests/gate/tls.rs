//! The gate over TLS, with a certificate it made and with one it was given.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rtm_client::gate::{ConversationId, Gate};
use rtm_client::types::File;
use rtm_client::{ClientOptions, RtmClient, reply, server_push};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::common::certificates::self_signed;
use crate::common::record::Record;
use crate::peer::PATIENCE;

fn options(gate: &Gate) -> ClientOptions {
    ClientOptions::new(gate.pid())
        .ssl_endpoint(gate.tls_endpoint().expect("TLS"))
        .file_endpoint(gate.file_endpoint())
        .ca_certificates(gate.certificate().expect("a certificate"))
}

fn client(gate: &Gate, uid: i64) -> RtmClient {
    let client = RtmClient::new(options(gate));
    let record = Record::of(&client);
    client.login(uid, "token", record.login(), PATIENCE);
    record.expect_login(true, 0);
    client
}

#[test]
fn a_chat_and_a_file() {
    let gate = Gate::builder().tls_listen("127.0.0.1:0").start().unwrap();
    let (one, two) = (client(&gate, 1), client(&gate, 2));
    let (sender, texts) = crossbeam_channel::unbounded();
    two.processor().on(server_push::RECV_CHAT, move |push| {
        let _ = sender.send(push.msg.as_str().unwrap_or_default().to_owned());
    });
    // More than the buffers on the way hold.
    let long = "x".repeat(20_000);
    for mid in 1..=500 {
        one.send_chat(2, &*long, "", mid, PATIENCE, reply::ignore);
    }
    for _ in 0..500 {
        assert_eq!(texts.recv_timeout(PATIENCE).expect("it arrives").len(), 20_000);
    }
    let (callback, sent) = reply::channel();
    let file = File::from_bytes("a.bin", vec![7; 5_000_000]);
    one.send_file(50, 2, file, 501, PATIENCE, callback);
    sent.wait().expect("sent");
    assert_eq!(gate.stored(ConversationId::p2p(1, 2)).len(), 500, "the oldest has gone");
    assert_eq!(gate.connections(), 2);
}

/// What is no TLS gets nowhere at the TLS address, and the others go on.
#[test]
fn plain_at_the_tls_address() {
    let gate = Gate::builder().tls_listen("127.0.0.1:0").start().unwrap();
    let one = client(&gate, 1);
    for request in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5], &[0; 1000]]
    {
        let mut stream = TcpStream::connect(gate.tls_endpoint().unwrap()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request).unwrap();
        let mut answer = Vec::new();
        // An alert or nothing, and the end; a reset is an end as well.
        let _ = stream.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP"));
    }
    let (callback, time) = reply::channel();
    one.get_server_time(PATIENCE, callback);
    time.wait().expect("answered");
}

#[test]
fn a_certificate_that_was_given() {
    let made = self_signed("127.0.0.1", |_| {});
    let gate = Gate::builder()
        .tls_listen("127.0.0.1:0")
        .certificate(made.certificate.pem(), made.key.serialize_pem())
        .start()
        .unwrap();
    assert_eq!(gate.certificate(), Some(&*made.certificate.pem()));
    client(&gate, 1);
    let bad = Gate::builder().tls_listen("127.0.0.1:0").certificate("x", "y").start();
    let error = bad.unwrap_err().to_string();
    assert!(error.contains("cannot be used"), "{error}");
}

/// The names that a page on this machine may use, and those that the JavaScript SDK makes of them for files.
#[test]
fn the_certificate_made_is_for_all_names_of_this_machine() {
    let builder = Gate::builder().listen("127.0.0.1:0").tls_listen("127.0.0.1:0");
    let gate = builder.start().unwrap();
    let mut roots = rustls::RootCertStore::empty();
    let pem = gate.certificate().unwrap().as_bytes();
    roots.add(CertificateDer::from_pem_slice(pem).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Arc::new(config);
    let files = gate.tls_file_endpoint().unwrap();
    for (name, expected) in [
        ("localhost", true),
        ("rtm.localhost", true),
        ("fileproxy-rtm.localhost", true),
        ("127.0.0.1", true),
        ("::1", true),
        ("other.example", false),
    ] {
        for endpoint in [gate.tls_endpoint().unwrap(), files.clone()] {
            let server = ServerName::try_from(name).unwrap();
            let connection = ClientConnection::new(Arc::clone(&config), server).unwrap();
            let stream = TcpStream::connect(endpoint).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            let request = format!("GET / HTTP/1.1\r\nHost: {name}\r\n\r\n");
            let mut answer = Vec::new();
            let had = stream.write_all(request.as_bytes()).is_ok()
                && stream.read_to_end(&mut answer).is_ok();
            assert_eq!(had && answer.starts_with(b"HTTP/1.1 404"), expected, "{name}");
        }
    }
}

#[test]
fn a_file_to_the_file_gate_of_tls() {
    let gate = Gate::builder().tls_listen("127.0.0.1:0").start().unwrap();
    let one = RtmClient::new(options(&gate).file_endpoint(gate.tls_file_endpoint().unwrap()));
    let (callback, login) = reply::login();
    one.login(1, "token", callback, PATIENCE);
    login.wait().unwrap();
    let (callback, sent) = reply::channel();
    one.send_file(50, 2, File::from_bytes("a.bin", "x"), 1, PATIENCE, callback);
    sent.wait().expect("sent");
    assert_eq!(gate.stored(ConversationId::p2p(1, 2)).len(), 1);
}

#[test]
fn faults_over_tls() {
    let gate = Gate::builder().tls_listen("127.0.0.1:0").start().unwrap();
    let one = client(&gate, 1);
    let record = Record::of(&one);
    gate.faults().on("getservertime").next(1).reset();
    let (callback, time) = reply::channel();
    one.get_server_time(PATIENCE, callback);
    assert_eq!(time.wait().unwrap_err().code(), 20002);
    record.expect_error(20002);
    gate.kick(1);
    drop(one);
    assert!(gate.wait_until(PATIENCE, |gate| gate.connections() == 0));
}
