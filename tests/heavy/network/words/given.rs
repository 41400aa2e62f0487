//! What the options hold for TLS cannot be used.

use rtm_client::ClientOptions;

use super::{Row, Said, play, said};
use crate::certificates::{Authority, Certified};
use crate::common::PID;

const BROKEN: &str = "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n";
const NO_CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

pub(super) const ROWS: &[Row] = &[
    Row {
        says: "what was given to ca_certificates cannot be used: it is empty",
        play: || issuers(&[b""]),
    },
    Row {
        says: "what was given to ca_certificates cannot be used: it is neither PEM nor DER: \
               is it the name of a file, in place of what the file holds?",
        play: || issuers(&[b"/etc/ssl/ca.pem"]),
    },
    Row {
        says: "what was given to ca_certificates in call 2 cannot be used: it is neither PEM nor DER",
        play: || issuers(&[Authority::new().pem().as_bytes(), b"\x30\x03\x01\x02\x03"]),
    },
    Row {
        says: "what was given to ca_certificates cannot be used: its PEM is broken",
        play: || issuers(&[BROKEN.as_bytes()]),
    },
    Row {
        says: "what was given to ca_certificates cannot be used: it holds no certificate, but PRIVATE KEY",
        play: || issuers(&[client().key.serialize_pem().as_bytes()]),
    },
    Row {
        says: "what was given to ca_certificates cannot be used: number 2 in it is not a certificate that can be read",
        play: || issuers(&[format!("{}{NO_CERTIFICATE}", Authority::new().pem()).as_bytes()]),
    },
    Row {
        says: "the certificate given to client_certificate cannot be used: it holds no certificate, but PRIVATE KEY",
        play: || {
            let key = client().key.serialize_pem();
            shown(key.as_bytes(), key.as_bytes())
        },
    },
    Row {
        says: "the key given to client_certificate cannot be used: it holds no private key, but CERTIFICATE",
        play: || {
            let pem = client().certificate.pem();
            shown(pem.as_bytes(), pem.as_bytes())
        },
    },
    Row {
        says: "the key given to client_certificate cannot be used: it is neither PEM nor DER: \
               is it the name of a file, in place of what the file holds?",
        play: || shown(client().certificate.pem().as_bytes(), b"key.pem"),
    },
    Row {
        says: "the certificate given to client_certificate cannot be used: \
               the key is not that of the certificate, or of no kind that can be used",
        play: || {
            let other = client().key.serialize_pem();
            shown(client().certificate.pem().as_bytes(), other.as_bytes())
        },
    },
];

#[test]
fn what_is_given_cannot_be_used() {
    play(ROWS);
}

fn client() -> Certified {
    Authority::new().certify("client.example")
}

fn options() -> ClientOptions {
    ClientOptions::new(PID).ssl_endpoint("127.0.0.1:1")
}

fn issuers(given: &[&[u8]]) -> Said {
    let options = given.iter().fold(options(), |options, given| options.ca_certificates(*given));
    assert!(!format!("{options:?}").contains("BEGIN"), "{options:?}");
    said(options, "", || {})
}

fn shown(chain: &[u8], key: &[u8]) -> Said {
    let options = options().client_certificate(chain, key);
    assert!(!format!("{options:?}").contains("BEGIN"), "{options:?}");
    said(options, "", || {})
}
