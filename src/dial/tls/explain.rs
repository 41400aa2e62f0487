//! The meanings of TLS failures.

use rustls::{AlertDescription, CertificateError, PeerIncompatible};

use super::witness::Seen;
use crate::dial::words::Tls;

/// How many names of a certificate for another host are repeated, and how much of each.
const NAMED: usize = 10;
const LETTERS: usize = 80;

/// `shows_one`: there is a client certificate.
pub(crate) fn explain(error: &rustls::Error, seen: Seen, shows_one: bool) -> Tls {
    match error {
        rustls::Error::InvalidCertificate(error) => certificate(error, seen),
        rustls::Error::AlertReceived(alert) => refusal(*alert, seen.asked, shows_one),
        rustls::Error::InvalidMessage(_) => Tls::Other,
        rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => Tls::ProtocolVersion,
        _ => Tls::Failed,
    }
}

fn certificate(error: &CertificateError, seen: Seen) -> Tls {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Tls::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Tls::NotYetValid
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names = presented.iter().take(NAMED).map(|name| bare_name(name)).collect();
            Tls::OtherHost(expected.to_str().into_owned(), names)
        }
        CertificateError::UnknownIssuer if seen.self_signed => Tls::SelfSigned,
        CertificateError::UnknownIssuer if seen.alone => Tls::Alone,
        CertificateError::UnknownIssuer => Tls::UnknownIssuer,
        CertificateError::BadSignature => Tls::BadSignature,
        CertificateError::Revoked => Tls::Revoked,
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            Tls::OtherPurpose
        }
        CertificateError::Other(other) if other.to_string() == "CaUsedAsEndEntity" => {
            Tls::OfAnAuthority
        }
        _ => Tls::Unacceptable,
    }
}

fn refusal(alert: AlertDescription, asked: bool, shows_one: bool) -> Tls {
    match (alert, certificate_alert(alert)) {
        (AlertDescription::CertificateRequired, _) => Tls::WantsCertificate,
        (_, Some(name)) if asked && shows_one => Tls::RefusedCertificate(name.into()),
        (AlertDescription::HandshakeFailure, _) | (_, Some(_)) if asked && !shows_one => {
            Tls::WantsCertificate
        }
        (AlertDescription::UnknownCA, _) => Tls::UnknownCa,
        (AlertDescription::ProtocolVersion, _) => Tls::ProtocolVersion,
        (AlertDescription::InsufficientSecurity, _) => Tls::InsufficientSecurity,
        (AlertDescription::HandshakeFailure, _) => Tls::HandshakeFailure,
        (AlertDescription::UnrecognisedName, _) => Tls::UnrecognisedName,
        (_, Some(name)) => Tls::Alert(name.into()),
        (other, None) => Tls::Alert(format!("{other:?}")),
    }
}

/// The name of an alert about a certificate.
fn certificate_alert(alert: AlertDescription) -> Option<&'static str> {
    Some(match alert {
        AlertDescription::BadCertificate => "bad_certificate",
        AlertDescription::UnsupportedCertificate => "unsupported_certificate",
        AlertDescription::CertificateRevoked => "certificate_revoked",
        AlertDescription::CertificateExpired => "certificate_expired",
        AlertDescription::CertificateUnknown => "certificate_unknown",
        AlertDescription::UnknownCA => "unknown_ca",
        AlertDescription::AccessDenied => "access_denied",
        _ => return None,
    })
}

/// A name in a certificate, without its kind.
fn bare_name(name: &str) -> String {
    let bare = ["DnsName(", "IpAddress("].iter().find_map(|kind| name.strip_prefix(kind));
    let bare = bare.and_then(|name| name.strip_suffix(')')).unwrap_or(name);
    bare.trim_matches('"').chars().take(LETTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those that no peer of ours can bring about; the others are in `tests/heavy/network/words`.
    #[test]
    fn the_rest() {
        let revoked = rustls::Error::InvalidCertificate(CertificateError::Revoked);
        assert_eq!(explain(&revoked, Seen::default(), false), Tls::Revoked);
        for alert in [
            AlertDescription::BadCertificate,
            AlertDescription::UnsupportedCertificate,
            AlertDescription::CertificateRevoked,
            AlertDescription::CertificateExpired,
            AlertDescription::CertificateUnknown,
            AlertDescription::AccessDenied,
        ] {
            let name = certificate_alert(alert).unwrap().to_owned();
            assert_eq!(refusal(alert, false, false), Tls::Alert(name.clone()));
            assert_eq!(refusal(alert, false, true), Tls::Alert(name.clone()));
            assert_eq!(refusal(alert, true, false), Tls::WantsCertificate);
            assert_eq!(refusal(alert, true, true), Tls::RefusedCertificate(name));
        }
    }
}
