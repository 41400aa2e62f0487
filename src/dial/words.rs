//! The failures on the way to a gate, in words: the peer, the phase, and what to do. One table for each phase; a row of
//! `tests/heavy/network/words` shows each sentence, and `docs/reliability.md` lists them.

use std::borrow::Cow;

/// No connection comes about. The peer is the endpoint, the name that is looked up, or the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    NoEndpoint,
    NoBrackets,
    Url,
    Scoped,
    UnusableProxy(&'static str),
    NoThread,
    UnknownName,
    UnknownFileGate,
    NoAddress,
    LookupNotOver,
    NoAnswer,
    Refused,
    RefusedByProxy,
    NoRoute,
    NotAllowed,
    NoDescriptor,
    Failed,
}

impl Reach {
    pub(crate) fn of(&self, peer: &str) -> String {
        match self {
            Reach::NoEndpoint => format!("the endpoint {peer:?} is not host:port"),
            Reach::NoBrackets => format!(
                "the endpoint {peer:?} is not host:port: an IPv6 address stands in brackets, as in [::1]:13321"
            ),
            Reach::Url => format!(
                "the endpoint {peer:?} is not host:port: leave the scheme out, and for TLS see ssl_endpoint"
            ),
            Reach::Scoped => format!(
                "the endpoint {peer:?} cannot be used: an IPv6 address with a scope, the part from % on, is not supported"
            ),
            Reach::UnusableProxy(why) => format!("{peer} cannot be used: {why}"),
            Reach::NoThread => format!("no thread could be started to look up the name {peer}"),
            Reach::UnknownName => format!(
                "the name {peer} cannot be looked up: is it spelt right, and does the DNS server know it?"
            ),
            Reach::UnknownFileGate => format!(
                "the name {peer} cannot be looked up: it is made from the gate's, and file_endpoint sets another"
            ),
            Reach::NoAddress => format!("the name {peer} has no address"),
            Reach::LookupNotOver => {
                format!("looking up the name {peer} did not end: does the DNS server answer?")
            }
            Reach::NoAnswer => format!(
                "{peer} did not answer: is it switched on, and does a firewall let the connection through?"
            ),
            Reach::Refused => {
                format!("{peer} refused the connection: is a gate running there, on that port?")
            }
            Reach::RefusedByProxy => {
                format!("{peer} refused the connection: is a proxy running there, on that port?")
            }
            Reach::NoRoute => format!("{peer} cannot be reached: is there a network?"),
            Reach::NotAllowed => format!(
                "this machine does not allow the connection to {peer}: does a firewall forbid it?"
            ),
            Reach::NoDescriptor => format!(
                "{peer} cannot be connected to: this process or this machine has too many files open"
            ),
            Reach::Failed => format!("{peer} could not be connected to"),
        }
    }
}

/// A proxy that does not lead to the gate. The peer is the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tunnelling {
    NoAnswer,
    Closed,
    Broke,
    TooLong,
    NoHttp,
    NoSocks,
    WantsLogin,
    /// The kinds of login that the proxy takes.
    WantsOtherLogin(String),
    RefusedLogin,
    Status(u16),
    LetsNobodyIn,
    TakesNoLogin,
    /// A method of SOCKS5.
    NotOffered(u8),
    OtherLogin,
    Forbidden,
    NoRoute,
    GateRefused,
    GateSilent,
    /// The code of a SOCKS5 reply.
    Reply(u8),
    TooMuch,
}

impl Tunnelling {
    pub(crate) fn of(&self, peer: &str) -> String {
        let does: Cow<'_, str> = match self {
            Tunnelling::NoAnswer => {
                "did not answer the request for a tunnel: is it a proxy of that kind?".into()
            }
            Tunnelling::Closed => {
                "closed the connection instead of answering: is it a proxy of that kind?".into()
            }
            Tunnelling::Broke => "broke the connection off".into(),
            Tunnelling::TooLong => "answered CONNECT with a head of more than 16 KiB".into(),
            Tunnelling::NoHttp => "does not speak HTTP: is it a SOCKS5 proxy?".into(),
            Tunnelling::NoSocks => "does not speak SOCKS5: is it an HTTP proxy?".into(),
            Tunnelling::WantsLogin => {
                "asks for a user and a password: put user:password@ before its host".into()
            }
            Tunnelling::WantsOtherLogin(kinds) => {
                format!("asks for a login by {kinds}, where this client has Basic alone").into()
            }
            Tunnelling::RefusedLogin => "refused the user or the password".into(),
            Tunnelling::Status(status) => format!(
                "answered CONNECT with HTTP {status}: does it allow that host and that port?"
            )
            .into(),
            Tunnelling::LetsNobodyIn => {
                "lets nobody in without a login: put user:password@ before its host".into()
            }
            Tunnelling::TakesNoLogin => {
                "takes no login by user and password, and lets nobody in without one".into()
            }
            Tunnelling::NotOffered(method) => {
                format!("wants login method {method}, which it was not offered").into()
            }
            Tunnelling::OtherLogin => {
                "answered the user and the password in another version than that of SOCKS5".into()
            }
            Tunnelling::Forbidden => "does not allow connections to the gate".into(),
            Tunnelling::NoRoute => "cannot reach the gate's host: does it know that name?".into(),
            Tunnelling::GateRefused => {
                "was refused by the gate's host: is a gate running there, on that port?".into()
            }
            Tunnelling::GateSilent => "got no answer from the gate's host".into(),
            Tunnelling::Reply(code) => format!("answered with SOCKS5 error {code}").into(),
            Tunnelling::TooMuch => "sent more than an answer".into(),
        };
        format!("{peer} {does}")
    }
}

/// TLS does not come about. The peer is the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "tls"),
    expect(dead_code, reason = "without TLS nothing goes wrong there")
)]
pub(crate) enum Tls {
    NoAnswer,
    Closed,
    Other,
    Expired,
    NotYetValid,
    /// The name that was checked, and those in the certificate.
    OtherHost(String, Vec<String>),
    SelfSigned,
    OfAnAuthority,
    UnknownIssuer,
    /// The same where no certificate of an issuer came with it.
    Alone,
    BadSignature,
    Revoked,
    OtherPurpose,
    Unacceptable,
    WantsCertificate,
    /// The alert, as for the next ones.
    RefusedCertificate(String),
    UnknownCa,
    ProtocolVersion,
    InsufficientSecurity,
    HandshakeFailure,
    UnrecognisedName,
    Alert(String),
    Failed,
}

impl Tls {
    pub(crate) fn of(&self, peer: &str) -> String {
        match self {
            Tls::NoAnswer => {
                return format!("{peer} did not finish the TLS handshake: is it a port for TLS?");
            }
            Tls::Closed => {
                return format!("{peer} broke the TLS handshake off: is it a port for TLS?");
            }
            _ => {}
        }
        format!("no TLS with {peer}: {}", self.why())
    }

    fn why(&self) -> Cow<'static, str> {
        match self {
            Tls::Other => "it does not speak TLS: is it the port without TLS?".into(),
            Tls::Expired => "its certificate has expired: is the clock of this machine right?".into(),
            Tls::NotYetValid => {
                "its certificate is not valid yet: is the clock of this machine right?".into()
            }
            Tls::OtherHost(checked, names) => other_host(checked, names).into(),
            Tls::SelfSigned => {
                "its certificate is self-signed: to trust it, give that certificate to ca_certificates".into()
            }
            Tls::OfAnAuthority => "its certificate is for an authority, not for a host: \
                to trust it, give that certificate to ca_certificates"
                .into(),
            Tls::UnknownIssuer => {
                "the issuer of its certificate is not known: to trust it, see ca_certificates".into()
            }
            Tls::Alone => "the issuer of its certificate is not known: either it is to be given to \
                ca_certificates, or the gate does not send the intermediate certificate"
                .into(),
            Tls::BadSignature => "its certificate is not by the issuer it names".into(),
            Tls::Revoked => "its certificate has been revoked".into(),
            Tls::OtherPurpose => "its certificate is not one for servers".into(),
            Tls::Unacceptable => "its certificate is not acceptable".into(),
            Tls::Failed => "the TLS session failed".into(),
            alert => alert.refusal(),
        }
    }

    /// The peer refuses, which it says by an alert.
    fn refusal(&self) -> Cow<'static, str> {
        match self {
            Tls::WantsCertificate => "it asks for a client certificate: see client_certificate".into(),
            Tls::RefusedCertificate(alert) => {
                format!("it refused the client certificate with {alert}").into()
            }
            Tls::UnknownCa => {
                "it refused with unknown_ca, though it has asked for no certificate: its log may say why".into()
            }
            Tls::ProtocolVersion => "it speaks neither TLS 1.2 nor TLS 1.3".into(),
            Tls::InsufficientSecurity => "it wants stronger ciphers than this client has".into(),
            Tls::HandshakeFailure => "it has no cipher or signature in common with this client".into(),
            Tls::UnrecognisedName => "it does not serve that host: is the name in the endpoint right?".into(),
            Tls::Alert(alert) => format!("it refused with the alert {alert}").into(),
            _ => "it refused".into(),
        }
    }
}

fn other_host(checked: &str, names: &[String]) -> String {
    match names {
        [] => format!(
            "its certificate is for another host: not for {checked}, for there is no name in it \
             (a common name does not count)"
        ),
        [_, ..] => format!(
            "its certificate is for another host: not for {checked}, but for {}",
            names.join(", ")
        ),
    }
}

/// No WebSocket comes about. The peer is the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Upgrade {
    NoAnswer,
    NotOver,
    Closed,
    Cut,
    Broke,
    TooLong,
    NoHttp,
    Redirect(u16),
    Busy(u16),
    Status(u16),
    /// The header that is missing or wrong.
    Header(&'static str),
    Extension(String),
    Subprotocol(String),
}

impl Upgrade {
    pub(crate) fn of(&self, peer: &str) -> String {
        let does: Cow<'_, str> = match self {
            Upgrade::NoAnswer => "did not answer the WebSocket upgrade: is it a gate?".into(),
            Upgrade::NotOver => "did not finish its answer to the WebSocket upgrade".into(),
            Upgrade::Closed => {
                "closed the connection during the upgrade, without an answer: is it a gate, and the port for TLS or without it?".into()
            }
            Upgrade::Cut => {
                "closed the connection during the upgrade, in the middle of its answer".into()
            }
            Upgrade::Broke => "broke the connection off during the upgrade".into(),
            Upgrade::TooLong => "answered the upgrade with a head of more than 64 KiB".into(),
            Upgrade::NoHttp => {
                "does not speak WebSocket, for its answer is not HTTP: is it a gate's port for WebSocket?".into()
            }
            Upgrade::Redirect(status) => format!(
                "answered the WebSocket upgrade with HTTP {status}: a redirect is not followed, see endpoint"
            )
            .into(),
            Upgrade::Busy(status) => format!(
                "answered the WebSocket upgrade with HTTP {status}: it is too busy, try later"
            )
            .into(),
            Upgrade::Status(status) => {
                format!("answered the WebSocket upgrade with HTTP {status}: is it a gate?").into()
            }
            Upgrade::Header(name) => format!(
                "does not speak WebSocket, for its answer has no right {name}: does something in between change it?"
            )
            .into(),
            Upgrade::Extension(name) => {
                format!("chose the WebSocket extension {name:?}, which nobody asked for").into()
            }
            Upgrade::Subprotocol(name) => {
                format!("chose the WebSocket subprotocol {name:?}, which nobody asked for").into()
            }
        };
        format!("{peer} {does}")
    }
}

/// The WebSocket is open, and the user is not logged in. The peer is the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    NoAnswer,
    Lost,
}

impl Entry {
    pub(crate) fn of(&self, peer: &str) -> String {
        match self {
            Entry::NoAnswer => {
                format!("{peer} did not answer the login: is it too busy, or no gate?")
            }
            Entry::Lost => {
                format!(
                    "the connection to {peer} ended before the login was answered: is it a gate?"
                )
            }
        }
    }
}

/// The WebSocket is open, and the file does not come to its end. The peer is the file gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Upload {
    NoAnswer,
    /// How many bytes have not been sent, and of how many.
    Unsent(usize, usize),
    Lost,
}

impl Upload {
    /// The phase before there is a connection to the file gate.
    pub(crate) const NO_TOKEN: &str = "the gate did not answer the call for a token";

    /// What an upload says whose time is over, where it has come to that.
    pub(crate) fn too_late(phase: &str) -> String {
        format!("the file gate did not take the file in time: {phase}")
    }

    pub(crate) fn of(&self, peer: &str) -> String {
        match self {
            Upload::NoAnswer => format!("all of it was sent to {peer}, and not answered"),
            Upload::Unsent(left, total) => {
                format!("{left} bytes of {total} were still to be sent to {peer}")
            }
            Upload::Lost => {
                format!("the connection to {peer} ended before it had taken the file")
            }
        }
    }
}

/// What the options hold for TLS cannot be used. The thing is what was given to which option.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg(feature = "tls")]
pub(crate) enum Given {
    Nothing,
    FileName,
    NoPemNoDer,
    BrokenPem,
    /// What the PEM holds instead.
    NoCertificate(String),
    /// The number of the certificate in it.
    NotReadable(usize),
    NoKey(String),
    OtherKey,
}

#[cfg(feature = "tls")]
impl Given {
    pub(crate) fn of(&self, thing: &str) -> String {
        let why: Cow<'_, str> = match self {
            Given::Nothing => "it is empty".into(),
            Given::FileName => {
                "it is neither PEM nor DER: is it the name of a file, in place of what the file holds?".into()
            }
            Given::NoPemNoDer => "it is neither PEM nor DER".into(),
            Given::BrokenPem => "its PEM is broken".into(),
            Given::NoCertificate(holds) => format!("it holds no certificate, but {holds}").into(),
            Given::NotReadable(number) => {
                format!("number {number} in it is not a certificate that can be read").into()
            }
            Given::NoKey(holds) => format!("it holds no private key, but {holds}").into(),
            Given::OtherKey => "the key is not that of the certificate, or of no kind that can be used".into(),
        };
        format!("{thing} cannot be used: {why}")
    }
}
