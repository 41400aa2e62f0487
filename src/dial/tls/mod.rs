//! TLS without a socket: the settings of the options, the facts of a handshake, and the meaning of a failure.

mod explain;
mod given;
mod witness;

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;

pub(crate) use self::explain::explain;
use self::witness::AcceptAny;
pub(crate) use self::witness::{Seen, Witness};
use crate::error::Error;
use crate::error_code::fpnn;
use crate::options::TlsOptions;

/// What TLS is started with.
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) witness: Arc<Witness>,
}

/// What the options ask for.
pub(crate) fn make(options: &TlsOptions) -> Result<Config, Error> {
    let unusable = |what: &str, error: rustls::Error| {
        let text = format!("{what} cannot be used");
        Error::with_source(fpnn::CORE_INVALID_CONNECTION, text, error)
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let issuers = match options.accept_invalid {
        true => Vec::new(),
        false => given::issuers(&options.issuers)?,
    };
    let verifier = verifier(options, issuers.clone(), &provider)
        .map_err(|error| unusable("a set of root certificates", error))?;
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable("TLS", error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier.clone());
    let mut config = match &options.client {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => {
            let (chain, key) = given::client(chain, key)?;
            builder.with_client_auth_cert(chain, key).map_err(given::other_key)?
        }
    };
    let resolver = config.client_auth_cert_resolver.clone();
    let witness = Arc::new(Witness::new(verifier, provider, issuers, resolver));
    config.client_auth_cert_resolver = witness.clone();
    config.dangerous().set_certificate_verifier(witness.clone());
    Ok(Config { config: Arc::new(config), witness })
}

/// What judges a gate's certificate.
fn verifier(
    options: &TlsOptions,
    issuers: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
    if options.accept_invalid {
        return Ok(Arc::new(AcceptAny(provider.clone())));
    }
    #[cfg(feature = "platform-verifier")]
    if options.platform {
        use rustls_platform_verifier::Verifier;
        return Ok(Arc::new(Verifier::new_with_extra_roots(issuers, provider.clone())?));
    }
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
