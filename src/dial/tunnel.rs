//! Asking a proxy for a tunnel: HTTP CONNECT and SOCKS5. Bytes in, bytes out.

use std::net::IpAddr;

use data_encoding::BASE64;

use super::address;
use super::head::{Head, HeadReader, NoHead};
use super::proxy::{Kind, Proxy};
use super::words::Tunnelling;

/// The longest answer to CONNECT.
const LONGEST_HEAD: usize = 16 << 10;

pub(crate) struct Tunnel {
    state: State,
    credentials: Option<(String, String)>,
    host: String,
    port: u16,
    /// Bytes for the proxy.
    pub(crate) out: Vec<u8>,
    received: Vec<u8>,
}

/// What is awaited.
enum State {
    Connected(HeadReader),
    SocksMethod,
    SocksLogin,
    SocksReply,
    /// Nothing any more.
    Open,
}

impl Tunnel {
    /// A tunnel to that host, whose name the proxy resolves.
    pub(crate) fn new(proxy: &Proxy, host: &str, port: u16) -> Tunnel {
        let credentials = proxy.credentials.clone();
        let (state, out) = match (proxy.kind, &credentials) {
            (Kind::Http, _) => (
                State::Connected(HeadReader::new(LONGEST_HEAD)),
                connect_request(&credentials, host, port),
            ),
            // The methods on offer: none, user and password.
            (Kind::Socks5, None) => (State::SocksMethod, vec![5, 1, 0]),
            (Kind::Socks5, Some(_)) => (State::SocksMethod, vec![5, 2, 0, 2]),
        };
        Tunnel { state, credentials, host: host.to_owned(), port, out, received: Vec::new() }
    }

    /// Takes what the proxy sent. `true` once the tunnel is open; an error says what the proxy did.
    pub(crate) fn received(&mut self, bytes: &[u8]) -> Result<bool, Tunnelling> {
        if let State::Connected(head) = &mut self.state {
            match head.push(bytes) {
                Ok(None) => return Ok(false),
                Ok(Some(head)) => {
                    self.judge(&head)?;
                    self.state = State::Open;
                    self.received = head.rest;
                }
                Err(NoHead::TooLong) => return Err(Tunnelling::TooLong),
                Err(NoHead::Other) => return Err(Tunnelling::NoHttp),
            }
        } else {
            self.received.extend_from_slice(bytes);
            while let Some(used) = self.step()? {
                self.received.drain(..used);
            }
        }
        match self.state {
            // A gate says nothing before it is spoken to.
            State::Open if !self.received.is_empty() => Err(Tunnelling::TooMuch),
            State::Open => Ok(true),
            _ => Ok(false),
        }
    }

    /// Acts on one answer of SOCKS5, if it is there. Returns its length.
    fn step(&mut self) -> Result<Option<usize>, Tunnelling> {
        match (&self.state, self.received.as_slice()) {
            (State::Open | State::Connected(_), _) => Ok(None),
            (State::SocksMethod, [5, 0, ..]) => Ok(self.ask_for_host()),
            (State::SocksMethod, [5, 2, ..]) => match &self.credentials {
                None => Err(Tunnelling::NotOffered(2)),
                Some((user, password)) => {
                    self.out = vec![1, user.len() as u8];
                    self.out.extend_from_slice(user.as_bytes());
                    self.out.push(password.len() as u8);
                    self.out.extend_from_slice(password.as_bytes());
                    self.state = State::SocksLogin;
                    Ok(Some(2))
                }
            },
            (State::SocksMethod, [5, 0xff, ..]) => Err(match self.credentials {
                None => Tunnelling::LetsNobodyIn,
                Some(_) => Tunnelling::TakesNoLogin,
            }),
            (State::SocksMethod, [5, method, ..]) => Err(Tunnelling::NotOffered(*method)),
            (State::SocksLogin, [1, 0, ..]) => Ok(self.ask_for_host()),
            (State::SocksLogin, [1, _, ..]) => Err(Tunnelling::RefusedLogin),
            (State::SocksLogin, [] | [1]) => Ok(None),
            (State::SocksLogin, _) => Err(Tunnelling::OtherLogin),
            (State::SocksReply, [5, 0, _, kind, rest @ ..]) => {
                let address = match (kind, rest) {
                    (1, _) => 4,
                    (4, _) => 16,
                    (3, []) => return Ok(None),
                    (3, [len, ..]) => 1 + usize::from(*len),
                    _ => return Err(Tunnelling::NoSocks),
                };
                if rest.len() < address + 2 {
                    return Ok(None);
                }
                self.state = State::Open;
                Ok(Some(4 + address + 2))
            }
            (State::SocksReply, [5, reply, ..]) if *reply != 0 => Err(match reply {
                2 => Tunnelling::Forbidden,
                3 | 4 => Tunnelling::NoRoute,
                5 => Tunnelling::GateRefused,
                6 => Tunnelling::GateSilent,
                reply => Tunnelling::Reply(*reply),
            }),
            (_, [] | [5] | [5, 0] | [5, 0, _]) => Ok(None),
            _ => Err(Tunnelling::NoSocks),
        }
    }

    /// What the answer to CONNECT means.
    fn judge(&self, head: &Head) -> Result<(), Tunnelling> {
        match head.status {
            200..300 => Ok(()),
            407 => {
                let kinds = login_kinds(head);
                let basic = kinds.iter().any(|kind| kind.eq_ignore_ascii_case("basic"));
                Err(match &self.credentials {
                    _ if !basic && !kinds.is_empty() => {
                        Tunnelling::WantsOtherLogin(kinds.join(" or "))
                    }
                    None => Tunnelling::WantsLogin,
                    Some(_) => Tunnelling::RefusedLogin,
                })
            }
            status => Err(Tunnelling::Status(status)),
        }
    }

    fn ask_for_host(&mut self) -> Option<usize> {
        self.out = vec![5, 1, 0];
        match self.host.parse() {
            Ok(IpAddr::V4(ip)) => {
                self.out.push(1);
                self.out.extend_from_slice(&ip.octets());
            }
            Ok(IpAddr::V6(ip)) => {
                self.out.push(4);
                self.out.extend_from_slice(&ip.octets());
            }
            Err(_) => {
                // No name in the DNS is longer.
                let name = self.host.as_bytes();
                let name = name.get(..255).unwrap_or(name);
                self.out.extend_from_slice(&[3, name.len() as u8]);
                self.out.extend_from_slice(name);
            }
        }
        self.out.extend_from_slice(&self.port.to_be_bytes());
        self.state = State::SocksReply;
        Some(2)
    }
}

fn connect_request(credentials: &Option<(String, String)>, host: &str, port: u16) -> Vec<u8> {
    let target = address::join(host, port);
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    if let Some((user, password)) = credentials {
        let basic = BASE64.encode(format!("{user}:{password}").as_bytes());
        request.push_str(&format!("Proxy-Authorization: Basic {basic}\r\n"));
    }
    request.push_str("\r\n");
    request.into_bytes()
}

/// The kinds of login that the proxy takes. Several may stand in one header, and parameters between them.
fn login_kinds(head: &Head) -> Vec<String> {
    let parts = head.values("Proxy-Authenticate").flat_map(|value| value.split(|b| *b == b','));
    let kind = |part: &[u8]| {
        let text = String::from_utf8_lossy(part);
        let before = text.split('=').next().unwrap_or_default().trim();
        let word = before.split_whitespace().next()?;
        let is_parameter = word.len() == before.len() && text.contains('=');
        let is_word = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (!is_parameter && is_word && word.len() < 20).then(|| word.to_owned())
    };
    parts.filter_map(kind).collect()
}

#[cfg(test)]
mod tests {
    use super::super::proxy::parse;
    use super::*;

    /// Plays both sides with answers that come byte by byte.
    fn play(url: &str, host: &str, dialog: &[(&[u8], &[u8])]) -> Result<bool, Tunnelling> {
        let mut tunnel = Tunnel::new(&parse(url).unwrap(), host, 80);
        let mut open = Ok(false);
        for (sent, answer) in dialog {
            assert_eq!(std::mem::take(&mut tunnel.out), *sent);
            for byte in *answer {
                assert_eq!(open, Ok(false));
                open = tunnel.received(&[*byte]);
            }
        }
        assert_eq!(tunnel.out, b"");
        open
    }

    #[test]
    fn connect() {
        let ask = b"CONNECT a.example:80 HTTP/1.1\r\nHost: a.example:80\r\n\r\n";
        let play = |answer: &[u8]| play("http://p", "a.example", &[(ask, answer)]);
        assert_eq!(play(b"HTTP/1.1 200 OK\r\nVia: p\r\n\r\n"), Ok(true));
        assert_eq!(play(b"HTTP/1.0 200\r\n\r\n"), Ok(true));
        assert_eq!(play(b"HTTP/1.1 407 X\r\n\r\n"), Err(Tunnelling::WantsLogin));
        assert_eq!(play(b"HTTP/1.1 403 X\r\n\r\n"), Err(Tunnelling::Status(403)));
        assert_eq!(play(b"S"), Err(Tunnelling::NoHttp));

        for (kinds, error) in [
            ("NTLM\r\nProxy-Authenticate: Negotiate", "NTLM or Negotiate"),
            ("NTLM, Negotiate TlRM==", "NTLM or Negotiate"),
            ("Digest realm=\"a\", nonce=\"b\"", "Digest"),
        ] {
            let answer = format!("HTTP/1.1 407 X\r\nProxy-Authenticate: {kinds}\r\n\r\n");
            assert_eq!(play(answer.as_bytes()), Err(Tunnelling::WantsOtherLogin(error.into())));
        }
        let either =
            b"HTTP/1.1 407 X\r\nProxy-Authenticate: Digest qop=\"x\", BASIC realm=\"y\"\r\n\r\n";
        assert_eq!(play(either), Err(Tunnelling::WantsLogin));
        assert_eq!(play(b"HTTP/1.1 102 P\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), Ok(true));
        let long = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(LONGEST_HEAD));
        let mut tunnel = Tunnel::new(&parse("p").unwrap(), "a", 80);
        assert_eq!(tunnel.received(long.as_bytes()), Err(Tunnelling::TooLong));

        let ask = b"CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\n\
            Proxy-Authorization: Basic dTpw\r\n\r\n";
        let refused = [(&ask[..], &b"HTTP/1.1 407 X\r\n\r\n"[..])];
        assert_eq!(
            super::tests::play("http://u:p@p", "::1", &refused),
            Err(Tunnelling::RefusedLogin)
        );
    }

    #[test]
    fn socks5() {
        let name = b"\x05\x01\x00\x03\x09a.example\x00\x50";
        let open = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50";
        let plain = |answer: &[u8]| {
            play("socks5://p", "a.example", &[(b"\x05\x01\x00", b"\x05\x00"), (name, answer)])
        };
        assert_eq!(plain(open), Ok(true));
        assert_eq!(plain(b"\x05\x00\x00\x03\x01p\x00\x50"), Ok(true));
        assert_eq!(plain(&[&b"\x05\x00\x00\x04"[..], &[0; 18]].concat()), Ok(true));
        assert_eq!(plain(b"\x05\x05"), Err(Tunnelling::GateRefused));
        assert_eq!(plain(b"\x04"), Err(Tunnelling::NoSocks));

        let login = |answers: &[(&[u8], &[u8])]| {
            let dialog = [&[(&b"\x05\x02\x00\x02"[..], &b"\x05\x02"[..])], answers].concat();
            play("socks5://user:pw@p", "a.example", &dialog)
        };
        let credentials = b"\x01\x04user\x02pw";
        assert_eq!(login(&[(credentials, b"\x01\x00"), (name, open)]), Ok(true));
        assert_eq!(login(&[(credentials, b"\x01\x01")]), Err(Tunnelling::RefusedLogin));
        assert_eq!(
            play("socks5://p", "a", &[(b"\x05\x01\x00", b"\x05\xff")]),
            Err(Tunnelling::LetsNobodyIn)
        );
        assert_eq!(
            play(
                "socks5://p",
                "1.2.3.4",
                &[
                    (b"\x05\x01\x00", b"\x05\x00"),
                    (b"\x05\x01\x00\x01\x01\x02\x03\x04\x00\x50", open)
                ]
            ),
            Ok(true)
        );
    }

    #[test]
    fn socks5_logins_that_go_wrong() {
        let offered = |url: &str| match url.contains('@') {
            true => b"\x05\x02\x00\x02".to_vec(),
            false => b"\x05\x01\x00".to_vec(),
        };
        for (url, answer, error) in [
            ("socks5://p", b"\x05\xff", Tunnelling::LetsNobodyIn),
            ("socks5://u@p", b"\x05\xff", Tunnelling::TakesNoLogin),
            ("socks5://p", b"\x05\x02", Tunnelling::NotOffered(2)),
            ("socks5://u@p", b"\x05\x01", Tunnelling::NotOffered(1)),
            ("socks5://p", b"\x01\x00", Tunnelling::NoSocks),
        ] {
            let mut tunnel = Tunnel::new(&parse(url).unwrap(), "a", 80);
            assert_eq!(tunnel.out, offered(url));
            assert_eq!(tunnel.received(answer), Err(error), "{url}");
        }
        for version in [0, 5, 255] {
            let mut tunnel = Tunnel::new(&parse("socks5://u@p").unwrap(), "a", 80);
            assert_eq!(tunnel.received(b"\x05\x02"), Ok(false));
            assert_eq!(tunnel.received(&[version, 0]), Err(Tunnelling::OtherLogin));
        }
    }

    #[test]
    fn nothing_may_follow_the_answer() {
        let mut tunnel = Tunnel::new(&parse("p").unwrap(), "a", 80);
        assert!(tunnel.received(b"HTTP/1.1 200 OK\r\n\r\nx").is_err());
    }
}
