//! Facts that only the handshake shows; and certificates that are trusted by themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    ResolvesClientCert, verify_server_cert_signed_by_trust_anchor, verify_server_name,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};

/// Sees in a handshake what rustls does not tell of later. The sessions of a client are stepped one at a time: what has
/// been seen belongs to the one that has just processed what it received.
#[derive(Debug)]
pub(crate) struct Witness {
    verifier: Arc<dyn ServerCertVerifier>,
    provider: Arc<CryptoProvider>,
    /// The certificates that the program trusts.
    issuers: Vec<CertificateDer<'static>>,
    resolver: Arc<dyn ResolvesClientCert>,
    asked: AtomicBool,
    self_signed: AtomicBool,
    alone: AtomicBool,
}

/// What has been seen.
#[derive(Clone, Copy, Default)]
pub(crate) struct Seen {
    /// The peer has asked for a client certificate.
    pub(super) asked: bool,
    /// Its own, which is refused, is by itself.
    pub(super) self_signed: bool,
    /// No certificate of an issuer came with it.
    pub(super) alone: bool,
}

impl Seen {
    pub(crate) fn add(&mut self, other: Seen) {
        self.asked |= other.asked;
        self.self_signed |= other.self_signed;
        self.alone |= other.alone;
    }
}

impl Witness {
    pub(super) fn new(
        verifier: Arc<dyn ServerCertVerifier>,
        provider: Arc<CryptoProvider>,
        issuers: Vec<CertificateDer<'static>>,
        resolver: Arc<dyn ResolvesClientCert>,
    ) -> Witness {
        let (asked, self_signed, alone) = Default::default();
        Witness { verifier, provider, issuers, resolver, asked, self_signed, alone }
    }

    /// Whether there is a client certificate to be shown.
    pub(crate) fn shows_certificate(&self) -> bool {
        self.resolver.has_certs()
    }

    /// What has been seen since this was asked last.
    pub(crate) fn take(&self) -> Seen {
        let take = |flag: &AtomicBool| flag.swap(false, Ordering::Relaxed);
        Seen {
            asked: take(&self.asked),
            self_signed: take(&self.self_signed),
            alone: take(&self.alone),
        }
    }

    /// Whether the certificate is by itself, which is so if it would be known where it alone is trusted.
    fn is_self_signed(&self, certificate: &CertificateDer<'_>, now: UnixTime) -> bool {
        let mut itself = RootCertStore::empty();
        let Ok(parsed) = ParsedCertificate::try_from(certificate) else { return false };
        if itself.add(certificate.clone().into_owned()).is_err() {
            return false;
        }
        let algorithms = self.provider.signature_verification_algorithms.all;
        let verified =
            verify_server_cert_signed_by_trust_anchor(&parsed, &itself, &[], now, algorithms);
        !matches!(verified, Err(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)))
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified =
            self.verifier.verify_server_cert(certificate, intermediates, name, ocsp, now);
        let Err(error) = verified else { return verified };
        // A self-signed certificate is often marked as an authority's, as openssl makes it, and may not be a host's
        // then. The program trusts this very one. It is valid today, for that is judged first.
        let is_given = self.issuers.iter().any(|issuer| issuer == certificate);
        if is_given && is_of_another_kind(&error) {
            verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
            return Ok(ServerCertVerified::assertion());
        }
        self.self_signed.store(self.is_self_signed(certificate, now), Ordering::Relaxed);
        self.alone.store(intermediates.is_empty(), Ordering::Relaxed);
        Err(error)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

impl ResolvesClientCert for Witness {
    fn resolve(&self, issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.resolver.resolve(issuers, schemes)
    }

    fn has_certs(&self) -> bool {
        self.resolver.has_certs()
    }
}

/// Whether the certificate is refused for what it is for, or another reason that has no name of its own.
fn is_of_another_kind(error: &rustls::Error) -> bool {
    matches!(error, rustls::Error::InvalidCertificate(CertificateError::Other(_)))
}

/// Takes any certificate, but not a forged signature.
#[derive(Debug)]
pub(super) struct AcceptAny(pub(super) Arc<CryptoProvider>);

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
