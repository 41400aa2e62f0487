//! wss: what is accepted, and what each failure is called.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rcgen::{BasicConstraints, CertificateParams, IsCa, date_time_ymd};
use rtm_client::{ClientOptions, reply};
use rustls::{DEFAULT_VERSIONS, ServerConfig};

use crate::certificates::{
    Authority, Certified, accept_login, over, self_signed, server, server_with,
};
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
    works(options(&peer).ca_certificates(authority.der()), &peer, &config);
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

/// As openssl makes it, a self-signed certificate is marked as an authority's.
#[test]
fn a_self_signed_certificate_that_is_trusted_itself() {
    let peer = Peer::new();
    let authority: fn(&mut CertificateParams) = |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    };
    for change in [|_: &mut _| {}, authority] {
        let certified = self_signed("127.0.0.1", change);
        let options = options(&peer).ca_certificates(certified.certificate.pem());
        works(options, &peer, &server(&certified, None));
    }
    // It is held to its name and its time all the same.
    for (name, change, words) in [
        ("other.example", authority, "not for 127.0.0.1, but for other.example"),
        (
            "127.0.0.1",
            |params| {
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
                params.not_before = date_time_ymd(2020, 1, 1);
                params.not_after = date_time_ymd(2021, 1, 1);
            },
            "its certificate has expired",
        ),
    ] {
        let certified = self_signed(name, change);
        let options = options(&peer).ca_certificates(certified.certificate.pem());
        let (client, record) = login(options);
        fail_handshake(&peer, &server(&certified, None));
        let said = refused(&client, &record);
        assert!(said.contains(words), "{said}");
    }
    // Nor does it vouch for others that are made like it.
    let given = self_signed("127.0.0.1", authority);
    let (client, record) = login(options(&peer).ca_certificates(given.certificate.pem()));
    fail_handshake(&peer, &server(&self_signed("127.0.0.1", authority), None));
    let said = refused(&client, &record);
    assert!(said.contains("for an authority, not for a host"), "{said}");
}

#[test]
fn a_gate_with_intermediate_certificates() {
    let (root, peer) = (Authority::new(), Peer::new());
    let middle = root.below("middle");
    let config = server_with(&middle.certify("127.0.0.1"), &[&middle], None, DEFAULT_VERSIONS);
    works(options(&peer).ca_certificates(root.pem()), &peer, &config);
}

#[test]
fn a_client_certificate() {
    let (authority, clients, peer) = (Authority::new(), Authority::new(), Peer::new());
    let config = server(&authority.certify("127.0.0.1"), Some(&clients));
    let trusting = || options(&peer).ca_certificates(authority.pem());
    let Certified { certificate, key } = clients.certify("client.example");
    let pem = trusting().client_certificate(certificate.pem(), key.serialize_pem());
    works(pem, &peer, &config);
    let der = trusting().client_certificate(certificate.der(), key.serialize_der());
    works(der, &peer, &config);
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
