//! Certificates made on the spot, and servers that show them.

use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::peer::{Connection, Peer};

pub type TlsStream = StreamOwned<ServerConnection, TcpStream>;

/// An issuer of certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
pub struct Certified {
    pub certificate: rcgen::Certificate,
    pub key: KeyPair,
}

impl Authority {
    pub fn new() -> Authority {
        let mut params = CertificateParams::new([]).expect("parameters");
        // Issuers of one name would be taken for one issuer.
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        params.distinguished_name.push(DnType::CommonName, format!("authority {number}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Authority(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    pub fn pem(&self) -> String {
        self.0.pem()
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

    fn certify_with(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Certified {
        let mut params = CertificateParams::new([name.to_owned()]).expect("parameters");
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        Certified { certificate, key }
    }
}

fn server_key(certified: &Certified) -> PrivateKeyDer<'static> {
    PrivateKeyDer::try_from(certified.key.serialize_der()).expect("a key")
}

/// A server that shows that certificate, and asks for one of `clients` if there is such an issuer.
pub fn server(certified: &Certified, clients: Option<&Authority>) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
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
    let chain = vec![certified.certificate.der().clone()];
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
