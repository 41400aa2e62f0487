//! The gate over TLS, with a certificate it made and with one it was given.

use std::io::{Read, Write};
use std::net::TcpStream;

use rtm_client::gate::{ConversationId, Gate};
use rtm_client::types::File;
use rtm_client::{ClientOptions, RtmClient, reply, server_push};

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
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let gate = Gate::builder()
        .tls_listen("127.0.0.1:0")
        .certificate(made.cert.pem(), made.signing_key.serialize_pem())
        .start()
        .unwrap();
    assert_eq!(gate.certificate(), Some(&*made.cert.pem()));
    client(&gate, 1);
    let bad = Gate::builder().tls_listen("127.0.0.1:0").certificate("x", "y").start();
    let error = bad.unwrap_err().to_string();
    assert!(error.contains("cannot be used"), "{error}");
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
