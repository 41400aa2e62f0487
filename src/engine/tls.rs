//! TLS: the connector that the options ask for, and a socket under it.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct,
    SignatureScheme,
};

use super::stream::Socket;
use crate::error::Error;
use crate::error_code::fpnn;
use crate::options::TlsOptions;

/// How much is read from the socket at once; a record is a little over 16 KiB.
const RECEIVED: usize = 20 << 10;

/// How many reads in a row may give records and no text.
const MOST_EMPTY: usize = 64;

/// How much is encrypted before the socket takes it: so many bytes of plain text, and of records.
const SENT: usize = 128 << 10;

/// Starts TLS over a socket.
#[derive(Clone)]
pub(super) struct Connector(Arc<ClientConfig>);

/// The connector that the options ask for. It is made when it is first needed: reading the root certificates takes a
/// while.
pub(super) fn connector(
    made: &OnceLock<Connector>,
    options: &TlsOptions,
) -> Result<Connector, Error> {
    if options.accept_invalid {
        log::warn!(
            target: "rtm_client::connect",
            "the gate's certificate is not verified: danger_accept_invalid_certs is set"
        );
    }
    if let Some(connector) = made.get() {
        return Ok(connector.clone());
    }
    let connector = Connector(Arc::new(config(options)?));
    Ok(made.get_or_init(|| connector).clone())
}

fn config(options: &TlsOptions) -> Result<ClientConfig, Error> {
    let unusable = |what: &str, error: rustls::Error| {
        let text = format!("{what} cannot be used");
        Error::with_source(fpnn::CORE_INVALID_CONNECTION, text, error)
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = if options.accept_invalid {
        Arc::new(AcceptAny(provider.clone()))
    } else {
        let mut issuers = Vec::new();
        for given in &options.issuers {
            issuers.extend(certificates(given, "an issuer's certificate")?);
        }
        verifier(issuers, &provider)
            .map_err(|error| unusable("a set of root certificates", error))?
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable("TLS", error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    match &options.client {
        None => Ok(builder.with_no_client_auth()),
        Some((chain, key)) => builder
            .with_client_auth_cert(
                certificates(chain, "the client's certificate")?,
                self::key(key)?,
            )
            .map_err(|error| unusable("the client's certificate", error)),
    }
}

#[cfg(feature = "platform-verifier")]
fn verifier(
    issuers: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
    use rustls_platform_verifier::Verifier;
    Ok(Arc::new(Verifier::new_with_extra_roots(issuers, provider.clone())?))
}

#[cfg(not(feature = "platform-verifier"))]
fn verifier(
    issuers: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
    use rustls::client::WebPkiServerVerifier;
    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() };
    for issuer in issuers {
        roots.add(issuer)?;
    }
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
    verifier
        .map(|verifier| verifier as _)
        .map_err(|error| rustls::Error::General(error.to_string()))
}

fn certificates(given: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    if !is_pem(given) {
        return Ok(vec![CertificateDer::from(given.to_vec())]);
    }
    match CertificateDer::pem_slice_iter(given).collect::<Result<Vec<_>, _>>() {
        Ok(found) if found.is_empty() => Err(unreadable(what, "it holds no certificate")),
        Ok(found) => Ok(found),
        Err(error) => Err(unreadable(what, error)),
    }
}

fn key(given: &[u8]) -> Result<PrivateKeyDer<'static>, Error> {
    let what = "the client's key";
    if is_pem(given) {
        PrivateKeyDer::from_pem_slice(given).map_err(|error| unreadable(what, error))
    } else {
        PrivateKeyDer::try_from(given.to_vec()).map_err(|error| unreadable(what, error))
    }
}

fn is_pem(given: &[u8]) -> bool {
    given.windows(11).any(|part| part == b"-----BEGIN ")
}

fn unreadable(what: &str, why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let text = format!("{what} is neither PEM nor DER");
    Error::with_source(fpnn::CORE_INVALID_CONNECTION, text, why)
}

impl Connector {
    /// TLS with `host` over `socket`. Nothing is sent yet.
    pub(super) fn start(&self, socket: Socket, host: &str) -> Result<TlsSocket, Error> {
        let name = ServerName::try_from(host.to_owned()).map_err(|error| {
            let text = format!("{host} is no name a certificate can be for");
            Error::with_source(fpnn::CORE_INVALID_CONNECTION, text, error)
        })?;
        let mut session = ClientConnection::new(self.0.clone(), name).map_err(|error| {
            let text = "the TLS session could not be started";
            Error::with_source(fpnn::CORE_INVALID_CONNECTION, text, error)
        })?;
        session.set_buffer_limit(Some(SENT));
        let received = vec![0; RECEIVED].into_boxed_slice();
        Ok(TlsSocket { socket, session, received, unread: 0..0 })
    }
}

/// A socket with TLS: plain text on this side, records on the other.
pub(crate) struct TlsSocket {
    socket: Socket,
    session: ClientConnection,
    /// The session takes 4 KiB at a time, which is too little for a system call.
    received: Box<[u8]>,
    /// The part of `received` the session has not taken yet.
    unread: std::ops::Range<usize>,
}

impl TlsSocket {
    pub(super) fn socket(&mut self) -> &mut Socket {
        &mut self.socket
    }

    /// Goes on with the handshake. `false` if it waits for the peer.
    pub(super) fn handshake(&mut self) -> io::Result<bool> {
        loop {
            match self.flush() {
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
            if !self.session.is_handshaking() {
                return Ok(true);
            }
            match self.receive() {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    /// Hands the session the next bytes of the peer.
    fn receive(&mut self) -> io::Result<()> {
        if self.unread.is_empty() {
            let n = self.socket.read(&mut self.received)?;
            self.unread = 0..n;
            if n == 0 && self.session.is_handshaking() {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        // Nothing unread tells the session that the peer has closed.
        let mut unread = self.received.get(self.unread.clone()).unwrap_or_default();
        self.unread.start += self.session.read_tls(&mut unread)?;
        self.session.process_new_packets().map(|_| ()).map_err(|error| {
            // The peer is told why, if that is possible at once.
            let _ = self.flush();
            io::Error::new(ErrorKind::InvalidData, error)
        })
    }
}

impl Read for TlsSocket {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        for _ in 0..MOST_EMPTY {
            match self.session.reader().read(buf) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.receive()?,
                // Closed without saying so: the frames know where they end.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(0),
                result => return result,
            }
        }
        // Or a peer that sends fast enough would be read for ever.
        Err(io::Error::new(ErrorKind::InvalidData, "TLS records without anything in them"))
    }
}

impl Write for TlsSocket {
    /// Takes as many bytes as there is room for; what is taken may still have to be flushed.
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self.session.writer().write(buf)? {
            // Full: make room. Whoever is told 0 would take the connection for closed.
            0 => {
                self.flush()?;
                self.session.writer().write(buf)
            }
            n => Ok(n),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            match self.session.write_tls(&mut self.socket) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

/// What a failure of TLS means, where it is one.
pub(super) fn explain(error: &io::Error) -> Option<&'static str> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(match error {
        rustls::Error::InvalidCertificate(error) => match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "its certificate has expired"
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "its certificate is not valid yet"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "its certificate is for another host"
            }
            CertificateError::UnknownIssuer => {
                "its certificate is self-signed, or its issuer is not known: see ca_certificates"
            }
            CertificateError::BadSignature => "its certificate is not by the issuer it names",
            CertificateError::Revoked => "its certificate has been revoked",
            _ => "its certificate is not acceptable",
        },
        rustls::Error::InvalidMessage(_) => "it does not speak TLS",
        rustls::Error::AlertReceived(alert) => match alert {
            AlertDescription::CertificateRequired => {
                "it asks for a client certificate: see client_certificate"
            }
            AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied => "it refused the client certificate",
            AlertDescription::UnrecognisedName => "it does not serve that host",
            _ => "it refused the TLS handshake",
        },
        rustls::Error::PeerIncompatible(_) => "it has no version of TLS or no cipher in common",
        _ => "the TLS session failed",
    })
}

/// Takes any certificate, but not a forged signature.
#[derive(Debug)]
struct AcceptAny(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
