//! Certificates made on the spot, and servers that show them.

use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use data_encoding::BASE64;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion,
};

use super::peer::{Connection, Peer};

pub type TlsStream = StreamOwned<ServerConnection, TcpStream>;

/// An issuer of certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
pub struct Certified {
    pub certificate: Certificate,
    pub key: Key,
}

pub struct Certificate(rcgen::Certificate);

impl Certificate {
    pub fn der(&self) -> &CertificateDer<'static> {
        self.0.der()
    }

    pub fn pem(&self) -> String {
        pem("CERTIFICATE", self.0.der())
    }
}

pub struct Key(KeyPair);

impl Key {
    pub fn serialize_der(&self) -> Vec<u8> {
        self.0.serialize_der()
    }

    pub fn serialize_pem(&self) -> String {
        pem("PRIVATE KEY", &self.serialize_der())
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let lines = text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line) + "\n");
    format!("-----BEGIN {label}-----\n{}-----END {label}-----\n", lines.collect::<String>())
}

impl Authority {
    pub fn new() -> Authority {
        // Issuers of one name would be taken for one issuer.
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        Authority::named(&format!("authority {}", NUMBER.fetch_add(1, Ordering::Relaxed)))
    }

    pub fn named(name: &str) -> Authority {
        Authority::with(name, |_| {})
    }

    pub fn with(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Authority {
        let mut params = authority_params(name);
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(params, key);
        Authority(issuer.expect("a certificate"))
    }

    /// One that this one vouches for.
    pub fn below(&self, name: &str) -> Authority {
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::signed_by(authority_params(name), key, &self.0);
        Authority(issuer.expect("a certificate"))
    }

    pub fn pem(&self) -> String {
        pem("CERTIFICATE", self.0.der())
    }

    pub fn der(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    pub fn certify(&self, name: &str) -> Certified {
        self.certify_with(name, |_| {})
    }

    /// A certificate that expired a while ago.
    pub fn certify_expired(&self, name: &str) -> Certified {
        self.certify_with(name, |params| {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        })
    }

    pub fn certify_with(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Certified {
        let mut params = CertificateParams::new([name.to_owned()]).expect("parameters");
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        Certified { certificate: Certificate(certificate), key: Key(key) }
    }
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new([]).expect("parameters");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// A certificate for that name that is by itself, changed as the test wants.
pub fn self_signed(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Certified {
    let mut params = CertificateParams::new([name.to_owned()]).expect("parameters");
    change(&mut params);
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    Certified { certificate: Certificate(certificate), key: Key(key) }
}

fn server_key(certified: &Certified) -> PrivateKeyDer<'static> {
    PrivateKeyDer::try_from(certified.key.serialize_der()).expect("a key")
}

/// A server that shows that certificate, and asks for one of `clients` if there is such an issuer.
pub fn server(certified: &Certified, clients: Option<&Authority>) -> Arc<ServerConfig> {
    server_with(certified, &[], clients, rustls::DEFAULT_VERSIONS)
}

/// The same with certificates of issuers behind its own, and these versions of TLS.
pub fn server_with(
    certified: &Certified,
    issuers: &[&Authority],
    clients: Option<&Authority>,
    versions: &[&'static SupportedProtocolVersion],
) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions)
        .expect("TLS versions");
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(issuer) => {
            let mut roots = RootCertStore::empty();
            roots.add(issuer.der()).expect("a root");
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.expect("a verifier"))
        }
    };
    let mut chain = vec![certified.certificate.der().clone()];
    chain.extend(issuers.iter().map(|issuer| issuer.der()));
    Arc::new(builder.with_single_cert(chain, server_key(certified)).expect("a server"))
}

/// TLS on that connection; the handshake goes on with the first bytes read or written.
pub fn over(tcp: TcpStream, config: &Arc<ServerConfig>) -> TlsStream {
    let session = ServerConnection::new(config.clone()).expect("a session");
    StreamOwned::new(session, tcp)
}

/// Accepts the peer's next connection with TLS, and its login.
pub fn accept_login(peer: &Peer, config: &Arc<ServerConfig>) -> Connection<TlsStream> {
    let mut connection = Connection::over(over(peer.accept_tcp(), config));
    connection.accept_login();
    connection
}
