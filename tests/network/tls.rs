//! wss: what is accepted, and what each failure is called.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rtm_client::{ClientOptions, reply};
use rustls::ServerConfig;

use crate::certificates::{Authority, Certified, accept_login, over, server};
use crate::common::PID;
use crate::common::package::{self, map, server_time};
use crate::common::peer::Peer;
use crate::{done, login, refused};

fn options(peer: &Peer) -> ClientOptions {
    ClientOptions::new(PID).ssl_endpoint(peer.address())
}

/// Logs in, makes a call, and closes.
fn works(options: ClientOptions, peer: &Peer, config: &Arc<ServerConfig>) {
    let (client, record) = login(options);
    let mut connection = accept_login(peer, config);
    record.expect_login(true, 0);
    client.get_server_time(None, record.call(1));
    let quest = connection.quest("getservertime");
    connection.answer(&quest, &server_time(5));
    record.expect_call(1, Ok(5));
    done(&client, &record);
}

/// Lets the server go through the handshake the client will break off.
fn fail_handshake(peer: &Peer, config: &Arc<ServerConfig>) {
    let _ = over(peer.accept_tcp(), config).read(&mut [0]);
}

#[test]
fn a_gate_whose_issuer_is_given() {
    let (authority, peer) = (Authority::new(), Peer::new());
    let config = server(&authority.certify("127.0.0.1"), None);
    works(options(&peer).ca_certificates(authority.pem()), &peer, &config);
    works(options(&peer).ca_certificates(authority.der().to_vec()), &peer, &config);
    let two = format!("{}{}", Authority::new().pem(), authority.pem());
    works(options(&peer).ca_certificates(two), &peer, &config);
    let options = options(&peer).ca_certificates(Authority::new().pem());
    works(options.ca_certificates(authority.pem()), &peer, &config);
}

#[test]
fn a_gate_by_name() {
    let (authority, peer) = (Authority::new(), Peer::new());
    let config = server(&authority.certify("localhost"), None);
    let port = peer.address().rsplit_once(':').expect("a port").1.to_owned();
    let options = ClientOptions::new(PID).ssl_endpoint(format!("localhost:{port}"));
    works(options.ca_certificates(authority.pem()), &peer, &config);
}

#[test]
fn each_failure_says_which() {
    let (authority, peer) = (Authority::new(), Peer::new());
    let self_signed = {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("made");
        Certified { certificate: made.cert, key: made.signing_key }
    };
    for (certified, words) in [
        (authority.certify_expired("127.0.0.1"), "its certificate has expired"),
        (authority.certify("other.example"), "its certificate is for another host"),
        (self_signed, "its certificate is self-signed"),
        (Authority::new().certify("127.0.0.1"), "its issuer is not known"),
    ] {
        let config = server(&certified, None);
        let (client, record) = login(options(&peer).ca_certificates(authority.pem()));
        fail_handshake(&peer, &config);
        let said = refused(&client, &record);
        assert!(said.contains(words), "{said}");
        // What rustls says is the cause.
        assert!(said.contains("invalid peer certificate"), "{said}");
    }
}

#[test]
fn a_peer_without_tls_is_called_that() {
    let peer = Peer::new();
    for (answer, words) in [
        ("HTTP/1.1 400 Bad Request\r\n\r\n", "it does not speak TLS"),
        ("", "broke the TLS handshake off"),
    ] {
        let (client, record) = login(options(&peer));
        let mut stream = peer.accept_tcp();
        stream.read_exact(&mut [0; 5]).expect("a ClientHello");
        stream.write_all(answer.as_bytes()).expect("the client reads");
        drop(stream);
        let said = refused(&client, &record);
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn a_client_certificate() {
    let (authority, clients, peer) = (Authority::new(), Authority::new(), Peer::new());
    let config = server(&authority.certify("127.0.0.1"), Some(&clients));
    let trusting = || options(&peer).ca_certificates(authority.pem());
    let Certified { certificate, key } = clients.certify("client.example");
    let pem = trusting().client_certificate(certificate.pem(), key.serialize_pem());
    works(pem, &peer, &config);
    let der = trusting().client_certificate(certificate.der().to_vec(), key.serialize_der());
    works(der, &peer, &config);

    let (client, record) = login(trusting());
    fail_handshake(&peer, &config);
    let said = refused(&client, &record);
    assert!(said.contains("it asks for a client certificate"), "{said}");

    let Certified { certificate, key } = authority.certify("client.example");
    let wrong = trusting().client_certificate(certificate.pem(), key.serialize_pem());
    let (client, record) = login(wrong);
    fail_handshake(&peer, &config);
    let said = refused(&client, &record);
    assert!(said.contains("it refused the client certificate"), "{said}");
}

#[test]
fn what_cannot_be_read_is_named() {
    let peer = Peer::new();
    let clients = Authority::new();
    let Certified { certificate, key } = clients.certify("client.example");
    let broken = "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n";
    let other_key = Authority::new().certify("x").key.serialize_pem();
    for (options, words) in [
        (options(&peer).ca_certificates(broken), "an issuer's certificate is neither PEM nor DER"),
        (options(&peer).ca_certificates("nonsense"), "root certificates cannot be used"),
        (
            options(&peer).client_certificate(key.serialize_pem(), key.serialize_pem()),
            "the client's certificate is neither PEM nor DER",
        ),
        (
            options(&peer).client_certificate(certificate.pem(), "nonsense"),
            "the client's key is neither PEM nor DER",
        ),
        (
            options(&peer).client_certificate(certificate.pem(), other_key),
            "the client's certificate cannot be used",
        ),
    ] {
        assert!(!format!("{options:?}").contains("BEGIN"), "{options:?}");
        let (client, record) = login(options);
        let said = refused(&client, &record);
        assert!(said.contains(words), "{said}");
    }
}

/// The warnings of this process about certificates that are not verified.
static WARNED: AtomicBool = AtomicBool::new(false);

struct Warnings;

impl log::Log for Warnings {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= log::Level::Warn
    }

    fn log(&self, record: &log::Record<'_>) {
        let text = record.args().to_string();
        if record.level() == log::Level::Warn && text.contains("danger_accept_invalid_certs") {
            WARNED.store(true, Ordering::SeqCst);
        }
    }

    fn flush(&self) {}
}

#[test]
fn any_certificate_is_accepted_only_with_a_warning() {
    log::set_logger(&Warnings).expect("no other logger");
    log::set_max_level(log::LevelFilter::Warn);
    let peer = Peer::new();
    let config = server(&Authority::new().certify_expired("other.example"), None);
    works(options(&peer).danger_accept_invalid_certs(true), &peer, &config);
    assert!(WARNED.load(Ordering::SeqCst));
    let (client, record) = login(options(&peer).danger_accept_invalid_certs(false));
    fail_handshake(&peer, &config);
    refused(&client, &record);
}

/// Each side writes more than the buffers in between hold before it reads.
#[test]
fn both_directions_full_do_not_stall() {
    const MEGABYTES: u32 = 24;
    let (authority, peer) = (Authority::new(), Peer::new());
    let config = server(&authority.certify("127.0.0.1"), None);
    let (client, record) = login(options(&peer).ca_certificates(authority.pem()));
    let mut connection = accept_login(&peer, &config);
    record.expect_login(true, 0);
    let text = "x".repeat(1 << 20);
    let replies: Vec<_> = (0..MEGABYTES)
        .map(|_| {
            let (callback, reply) = reply::channel();
            client.set_user_info(text.as_str(), "", None, callback);
            reply
        })
        .collect();
    let payload = map([("pad", text.as_str().into())]);
    for seq in 0..MEGABYTES {
        connection.send(&package::answer(0x7000_0000 + seq, 0, &payload));
    }
    for reply in replies {
        let quest = connection.quest("setuserinfo");
        connection.answer(&quest, &map([]));
        reply.wait().expect("an answer");
    }
    done(&client, &record);
}
