//! Certificates and keys that the program gives.

use rustls::RootCertStore;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::dial::words::Given;
use crate::error::Error;
use crate::error_code::fpnn;

const CLIENT: &str = "the certificate given to client_certificate";
const KEY: &str = "the key given to client_certificate";

type Source = Box<dyn std::error::Error + Send + Sync>;

/// The issuers to trust, each of which rustls can read.
pub(super) fn issuers(given: &[Vec<u8>]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let mut all = Vec::new();
    for (number, given) in given.iter().enumerate() {
        let which = match number {
            0 => "what was given to ca_certificates".to_owned(),
            _ => format!("what was given to ca_certificates in call {}", number + 1),
        };
        let certificates = certificates(given, &which)?;
        for (number, certificate) in certificates.iter().enumerate() {
            let readable = RootCertStore::empty().add(certificate.clone());
            readable.map_err(|error| match is_pem(given) {
                true => unusable(&Given::NotReadable(number + 1), &which, error),
                false => unusable(&what_else(given), &which, error),
            })?;
        }
        all.extend(certificates);
    }
    Ok(all)
}

/// The client's certificates and its key.
pub(super) fn client(
    chain: &[u8],
    key: &[u8],
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Error> {
    let chain = certificates(chain, CLIENT)?;
    if key.is_empty() {
        return Err(Error::new(fpnn::CORE_INVALID_CONNECTION, Given::Nothing.of(KEY)));
    }
    let key = match is_pem(key) {
        true => PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
            pem::Error::NoItemsFound => unusable(&Given::NoKey(labels(key)), KEY, error),
            error => unusable(&Given::BrokenPem, KEY, error),
        })?,
        false => PrivateKeyDer::try_from(key.to_vec())
            .map_err(|error| unusable(&what_else(key), KEY, error))?,
    };
    Ok((chain, key))
}

/// The two do not belong together.
pub(super) fn other_key(error: rustls::Error) -> Error {
    unusable(&Given::OtherKey, CLIENT, error)
}

fn certificates(given: &[u8], which: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    if given.is_empty() {
        return Err(Error::new(fpnn::CORE_INVALID_CONNECTION, Given::Nothing.of(which)));
    }
    if !is_pem(given) {
        return Ok(vec![CertificateDer::from(given.to_vec())]);
    }
    match CertificateDer::pem_slice_iter(given).collect::<Result<Vec<_>, _>>() {
        Ok(found) if found.is_empty() => {
            let text = Given::NoCertificate(labels(given)).of(which);
            Err(Error::new(fpnn::CORE_INVALID_CONNECTION, text))
        }
        Ok(found) => Ok(found),
        Err(error) => Err(unusable(&Given::BrokenPem, which, error)),
    }
}

fn is_pem(given: &[u8]) -> bool {
    given.windows(11).any(|part| part == b"-----BEGIN ")
}

/// What the PEM holds, by its own words.
fn labels(given: &[u8]) -> String {
    let text = String::from_utf8_lossy(given);
    let begun = text.split("-----BEGIN ").skip(1);
    let labels = begun.filter_map(|part| Some(part.split_once("-----")?.0));
    let mut labels: Vec<_> =
        labels.map(|label| label.chars().take(40).collect::<String>()).collect();
    labels.dedup();
    labels.truncate(5);
    labels.join(", ")
}

/// What is given in place of PEM or DER.
fn what_else(given: &[u8]) -> Given {
    let is_line = given.len() < 1024 && given.iter().all(|byte| (b' '..=b'~').contains(byte));
    if is_line { Given::FileName } else { Given::NoPemNoDer }
}

fn unusable(why: &Given, which: &str, source: impl Into<Source>) -> Error {
    Error::with_source(fpnn::CORE_INVALID_CONNECTION, why.of(which), source)
}
