//! TLS does not come about.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    NameConstraints, date_time_ymd,
};
use rtm_client::ClientOptions;
use rustls::ServerConfig;
use rustls::version::{TLS12, TLS13};

use super::{Row, Said, play, said};
use crate::certificates::{Authority, Certified, over, self_signed, server, server_with};
use crate::common::PID;
use crate::common::peer::Peer;

pub(super) const ROWS: &[Row] = &[
    Row {
        says: "PEER did not finish the TLS handshake: is it a port for TLS?",
        play: || raw(|mut stream| drop(stream.read_to_end(&mut Vec::new()))),
    },
    Row { says: "PEER broke the TLS handshake off: is it a port for TLS?", play: || answer(b"") },
    Row {
        says: "no TLS with PEER: it does not speak TLS: is it the port without TLS?",
        play: || answer(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    },
    Row {
        says: "no TLS with PEER: its certificate has expired: is the clock of this machine right?",
        play: || refused_certificate(|authority| authority.certify_expired("127.0.0.1")),
    },
    Row {
        says: "no TLS with PEER: its certificate is not valid yet: is the clock of this machine right?",
        play: || {
            refused_certificate(|authority| {
                authority.certify_with("127.0.0.1", |params| {
                    params.not_before = date_time_ymd(2999, 1, 1);
                    params.not_after = date_time_ymd(3000, 1, 1);
                })
            })
        },
    },
    Row {
        says: "no TLS with PEER: its certificate is for another host: not for 127.0.0.1, but for other.example",
        play: || refused_certificate(|authority| authority.certify("other.example")),
    },
    Row {
        says: "no TLS with PEER: its certificate is for another host: not for 127.0.0.1, \
               for there is no name in it (a common name does not count)",
        play: || {
            refused_certificate(|authority| {
                authority.certify_with("x", |params| params.subject_alt_names.clear())
            })
        },
    },
    Row {
        says: "no TLS with PEER: its certificate is self-signed: \
               to trust it, give that certificate to ca_certificates",
        play: || refused_certificate(|_| self_signed("127.0.0.1", |_| {})),
    },
    Row {
        says: "no TLS with PEER: its certificate is for an authority, not for a host: \
               to trust it, give that certificate to ca_certificates",
        play: || refused_certificate(|_| self_signed("127.0.0.1", authority)),
    },
    Row {
        says: "no TLS with PEER: the issuer of its certificate is not known: to trust it, see ca_certificates",
        play: || {
            let root = Authority::new();
            let middle = root.below("middle");
            let config = server_with(&middle.certify("127.0.0.1"), &[&middle], None, &[&TLS13]);
            tls(&config, |options| options)
        },
    },
    Row {
        says: "no TLS with PEER: the issuer of its certificate is not known: either it is to be given to \
               ca_certificates, or the gate does not send the intermediate certificate",
        play: || {
            let root = Authority::new();
            let config = server(&root.below("middle").certify("127.0.0.1"), None);
            tls(&config, |options| options.ca_certificates(root.pem()))
        },
    },
    Row {
        says: "no TLS with PEER: its certificate is not by the issuer it names",
        play: || {
            let config = server(&Authority::named("one name").certify("127.0.0.1"), None);
            tls(&config, |options| options.ca_certificates(Authority::named("one name").pem()))
        },
    },
    Row {
        says: "no TLS with PEER: its certificate is not one for servers",
        play: || {
            refused_certificate(|authority| {
                authority.certify_with("127.0.0.1", |params| {
                    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
                })
            })
        },
    },
    Row {
        says: "no TLS with PEER: its certificate is not acceptable",
        // The issuer may speak for another network alone.
        play: || {
            let authority = Authority::with("elsewhere", |params| {
                let network = CidrSubnet::V4([10, 0, 0, 0], [255, 0, 0, 0]);
                params.name_constraints = Some(NameConstraints {
                    permitted_subtrees: vec![GeneralSubtree::IpAddress(network)],
                    excluded_subtrees: Vec::new(),
                });
            });
            let config = server(&authority.certify("127.0.0.1"), None);
            tls(&config, |options| options.ca_certificates(authority.pem()))
        },
    },
    Row {
        says: "no TLS with PEER: it asks for a client certificate: see client_certificate",
        play: || client_certificate(&[&TLS13], |options| options),
    },
    Row {
        // Where the alert does not say so.
        says: "no TLS with PEER: it asks for a client certificate: see client_certificate",
        play: || client_certificate(&[&TLS12], |options| options),
    },
    Row {
        says: "no TLS with PEER: it refused the client certificate with unknown_ca",
        play: || client_certificate(&[&TLS13], with_a_wrong_certificate),
    },
    Row {
        says: "no TLS with PEER: it refused the client certificate with unknown_ca",
        play: || client_certificate(&[&TLS12], with_a_wrong_certificate),
    },
    Row {
        says: "no TLS with PEER: it refused with unknown_ca, though it has asked for no certificate: its log may say why",
        play: || alert(48),
    },
    Row { says: "no TLS with PEER: it speaks neither TLS 1.2 nor TLS 1.3", play: || alert(70) },
    Row {
        says: "no TLS with PEER: it speaks neither TLS 1.2 nor TLS 1.3",
        // A ServerHello of TLS 1.1.
        play: || {
            let mut hello = vec![22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
            hello.extend([7; 32]);
            hello.extend([0, 0xc0, 0x13, 0]);
            answer(&hello)
        },
    },
    Row {
        says: "no TLS with PEER: it wants stronger ciphers than this client has",
        play: || alert(71),
    },
    Row {
        says: "no TLS with PEER: it has no cipher or signature in common with this client",
        play: || alert(40),
    },
    Row {
        says: "no TLS with PEER: it does not serve that host: is the name in the endpoint right?",
        play: || alert(112),
    },
    Row { says: "no TLS with PEER: it refused with the alert InternalError", play: || alert(80) },
    Row {
        says: "no TLS with PEER: the TLS session failed",
        // The end of a hello that has not begun.
        play: || answer(&[22, 3, 3, 0, 4, 14, 0, 0, 0]),
    },
];

#[test]
fn tls_does_not_come_about() {
    play(ROWS);
}

fn authority(params: &mut CertificateParams) {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
}

fn options(peer: &Peer) -> ClientOptions {
    let options = ClientOptions::new(PID).ssl_endpoint(peer.address());
    options.connection_timeout(Duration::from_secs(1))
}

fn raw(serve: impl FnOnce(TcpStream)) -> Said {
    let peer = Peer::new();
    said(options(&peer), peer.address(), || serve(peer.accept_tcp()))
}

/// Behind the hello of the client these bytes come, and the end.
fn answer(bytes: &[u8]) -> Said {
    raw(|mut stream| {
        let mut header = [0; 5];
        stream.read_exact(&mut header).expect("a record");
        let len = u16::from_be_bytes([header[3], header[4]]);
        stream.read_exact(&mut vec![0; len.into()]).expect("a ClientHello");
        stream.write_all(bytes).expect("the client reads");
    })
}

fn alert(number: u8) -> Said {
    answer(&[21, 3, 3, 0, 2, 2, number])
}

/// A gate of that server; the client is changed as the test wants.
fn tls(config: &Arc<ServerConfig>, change: impl FnOnce(ClientOptions) -> ClientOptions) -> Said {
    let peer = Peer::new();
    said(change(options(&peer)), peer.address(), || {
        // The handshake is broken off by one of the two.
        let mut stream = over(peer.accept_tcp(), config);
        let _ = stream.read(&mut [0]).and_then(|_| stream.flush());
        let _ = stream.sock.read_to_end(&mut Vec::new());
    })
}

/// A gate with a certificate that the authority makes, which the client trusts.
fn refused_certificate(make: fn(&Authority) -> Certified) -> Said {
    let authority = Authority::new();
    let config = server(&make(&authority), None);
    tls(&config, |options| options.ca_certificates(authority.pem()))
}

/// A gate that asks for the certificate of a client.
fn client_certificate(
    versions: &[&'static rustls::SupportedProtocolVersion],
    change: fn(ClientOptions) -> ClientOptions,
) -> Said {
    let (authority, clients) = (Authority::new(), Authority::new());
    let config = server_with(&authority.certify("127.0.0.1"), &[], Some(&clients), versions);
    tls(&config, |options| change(options.ca_certificates(authority.pem())))
}

fn with_a_wrong_certificate(options: ClientOptions) -> ClientOptions {
    let Certified { certificate, key } = Authority::new().certify("client.example");
    options.client_certificate(certificate.pem(), key.serialize_pem())
}
