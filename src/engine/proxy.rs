//! The way through a proxy: which one, and what is said to it. Pure: bytes in, bytes out.

use std::net::IpAddr;

use data_encoding::BASE64;

use super::upgrade::head_end;
use crate::error::Error;
use crate::error_code::fpnn;
use crate::options::ProxyChoice;

/// The longest answer to CONNECT.
const LONGEST_HEAD: usize = 16 << 10;

/// A proxy. No `Debug`: it may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Proxy {
    kind: Kind,
    pub(super) host: String,
    pub(super) port: u16,
    credentials: Option<(String, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// HTTP CONNECT.
    Http,
    Socks5,
}

/// The proxy for that host, if there is one. `env` looks a variable of the environment up.
pub(super) fn choose(
    choice: &ProxyChoice,
    host: &str,
    port: u16,
    env: impl Fn(&str) -> Option<String>,
) -> Result<Option<Proxy>, Error> {
    let variable = |name: &str| {
        let found = env(&name.to_lowercase()).filter(|value| !value.is_empty());
        found.or_else(|| env(name).filter(|value| !value.is_empty()))
    };
    let (url, origin) = match choice {
        ProxyChoice::None => return Ok(None),
        ProxyChoice::Url(url) => (url.clone(), "the proxy of the options"),
        ProxyChoice::Environment => {
            if is_loopback(host)
                || variable("NO_PROXY").is_some_and(|list| is_exempt(&list, host, port))
            {
                return Ok(None);
            }
            if let Some(url) = variable("HTTPS_PROXY") {
                (url, "the proxy of HTTPS_PROXY")
            } else if let Some(url) = variable("ALL_PROXY") {
                (url, "the proxy of ALL_PROXY")
            } else {
                return Ok(None);
            }
        }
    };
    match parse(&url) {
        Ok(proxy) => Ok(Some(proxy)),
        Err(why) => Err(Error::new(
            fpnn::CORE_INVALID_CONNECTION,
            format!("{origin} cannot be used: {why}"),
        )),
    }
}

/// The reason never repeats the URL, which may hold a password.
fn parse(url: &str) -> Result<Proxy, &'static str> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let (kind, default_port) = match scheme.to_ascii_lowercase().as_str() {
        "http" => (Kind::Http, 80),
        // Names are always resolved by the proxy, which is what socks5h asks for.
        "socks5" | "socks5h" => (Kind::Socks5, 1080),
        _ => return Err("its scheme is neither http:// nor socks5://"),
    };
    let rest = rest.trim_end_matches('/');
    let (credentials, address) = match rest.rsplit_once('@') {
        None => (None, rest),
        Some((credentials, address)) => {
            let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
            let decoded = decode(user).zip(decode(password));
            (Some(decoded.ok_or("its user or password is not percent-encoded UTF-8")?), address)
        }
    };
    let (host, port) = match address.rsplit_once(':') {
        // The colon belongs to an IPv6 address without a port.
        Some((_, port)) if port.ends_with(']') => (address, default_port),
        Some((host, port)) => (host, port.parse().map_err(|_| "its port is not a number")?),
        None => (address, default_port),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if host.is_empty() || host.contains('/') {
        return Err("it is not scheme://user:password@host:port");
    }
    if let (Kind::Socks5, Some((user, password))) = (kind, &credentials) {
        if user.is_empty() || user.len() > 255 || password.len() > 255 {
            return Err("SOCKS5 takes a user and a password of up to 255 bytes");
        }
    }
    Ok(Proxy { kind, host: host.to_owned(), port, credentials })
}

/// Undoes percent-encoding.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    loop {
        rest = match rest {
            [] => return String::from_utf8(bytes).ok(),
            [b'%', high, low, rest @ ..] => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                bytes.push((digit(*high)? * 16 + digit(*low)?) as u8);
                rest
            }
            [byte, rest @ ..] => {
                bytes.push(*byte);
                rest
            }
        };
    }
}

fn is_loopback(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(ip) => ip.to_canonical().is_loopback(),
        Err(_) => {
            let host = host.trim_end_matches('.').to_ascii_lowercase();
            host == "localhost" || host.ends_with(".localhost")
        }
    }
}

/// Whether NO_PROXY names the host: itself, a domain it is in, `*`, an address or a network, each also with a port.
fn is_exempt(list: &str, host: &str, port: u16) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let ip = host.parse::<IpAddr>().ok();
    list.split([',', ' ']).filter(|entry| !entry.is_empty()).any(|entry| {
        let entry = entry.to_ascii_lowercase();
        if entry == "*" {
            return true;
        }
        let bare = |entry: &str| entry.trim_start_matches('[').trim_end_matches(']').to_owned();
        let (name, only_port) = match entry.rsplit_once(':') {
            // An IPv6 address has colons of its own.
            Some((name, port)) if !name.contains(':') || name.ends_with(']') => {
                (bare(name), Some(port))
            }
            _ => (bare(&entry), None),
        };
        if only_port.is_some_and(|only| only.parse() != Ok(port)) {
            return false;
        }
        match (ip, name.split_once('/')) {
            (Some(ip), Some((network, bits))) => match (network.parse::<IpAddr>(), bits.parse()) {
                (Ok(network), Ok(bits)) => is_in(ip, network, bits),
                _ => false,
            },
            (Some(ip), None) => name.parse() == Ok(ip),
            (None, _) => {
                let domain = name.trim_start_matches("*.").trim_start_matches('.');
                let before = host.strip_suffix(domain);
                !domain.is_empty() && before.is_some_and(|b| b.is_empty() || b.ends_with('.'))
            }
        }
    })
}

fn is_in(ip: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => {
            let differ = ip.to_bits() ^ network.to_bits();
            bits <= 32 && differ.checked_shr(32 - bits).unwrap_or(0) == 0
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) => {
            let differ = ip.to_bits() ^ network.to_bits();
            bits <= 128 && differ.checked_shr(128 - bits).unwrap_or(0) == 0
        }
        _ => false,
    }
}

/// Asking a proxy for a tunnel.
pub(super) struct Tunnel {
    state: State,
    credentials: Option<(String, String)>,
    host: String,
    port: u16,
    /// Bytes for the proxy.
    pub(super) out: Vec<u8>,
    received: Vec<u8>,
}

/// What is awaited.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Connected,
    SocksMethod,
    SocksLogin,
    SocksReply,
    /// Nothing any more.
    Open,
}

impl Tunnel {
    /// A tunnel to that host, whose name the proxy resolves.
    pub(super) fn new(proxy: &Proxy, host: &str, port: u16) -> Tunnel {
        let credentials = proxy.credentials.clone();
        let (state, out) = match (proxy.kind, &credentials) {
            (Kind::Http, _) => (State::Connected, connect_request(&credentials, host, port)),
            // The methods on offer: none, user and password.
            (Kind::Socks5, None) => (State::SocksMethod, vec![5, 1, 0]),
            (Kind::Socks5, Some(_)) => (State::SocksMethod, vec![5, 2, 0, 2]),
        };
        Tunnel { state, credentials, host: host.to_owned(), port, out, received: Vec::new() }
    }

    /// Takes what the proxy sent. `true` once the tunnel is open; an error says what the proxy did.
    pub(super) fn received(&mut self, bytes: &[u8]) -> Result<bool, String> {
        self.received.extend_from_slice(bytes);
        while let Some(used) = self.step()? {
            self.received.drain(..used);
            if self.state == State::Open {
                // A gate says nothing before it is spoken to.
                let alone = self.received.is_empty();
                return if alone { Ok(true) } else { Err("sent more than an answer".into()) };
            }
        }
        Ok(false)
    }

    /// Acts on one answer, if it is there. Returns its length.
    fn step(&mut self) -> Result<Option<usize>, String> {
        let no_socks = || Err("does not speak SOCKS5".to_owned());
        match (self.state, self.received.as_slice()) {
            (State::Open, _) => Ok(None),
            (State::Connected, answer) => match head_end(answer, 0) {
                None if answer.len() > LONGEST_HEAD => Err("answered CONNECT without end".into()),
                None => Ok(None),
                Some(end) => {
                    self.judge(connect_status(answer))?;
                    self.state = State::Open;
                    Ok(Some(end))
                }
            },
            (State::SocksMethod, [5, 0, ..]) => Ok(self.ask_for_host()),
            (State::SocksMethod, [5, 2, ..]) => match &self.credentials {
                None => Err("asks for a user and a password".into()),
                Some((user, password)) => {
                    self.out = vec![1, user.len() as u8];
                    self.out.extend_from_slice(user.as_bytes());
                    self.out.push(password.len() as u8);
                    self.out.extend_from_slice(password.as_bytes());
                    self.state = State::SocksLogin;
                    Ok(Some(2))
                }
            },
            (State::SocksMethod, [5, _, ..]) => Err(match self.credentials {
                None => "asks for a user and a password".into(),
                Some(_) => "takes no user and password".into(),
            }),
            (State::SocksLogin, [_, 0, ..]) => Ok(self.ask_for_host()),
            (State::SocksLogin, [_, _, ..]) => Err("refused the user or the password".into()),
            (State::SocksReply, [5, 0, _, kind, rest @ ..]) => {
                let address = match (kind, rest) {
                    (1, _) => 4,
                    (4, _) => 16,
                    (3, []) => return Ok(None),
                    (3, [len, ..]) => 1 + usize::from(*len),
                    _ => return no_socks(),
                };
                if rest.len() < address + 2 {
                    return Ok(None);
                }
                self.state = State::Open;
                Ok(Some(4 + address + 2))
            }
            (State::SocksReply, [5, reply, ..]) if *reply != 0 => Err(match reply {
                2 => "does not allow connections to the gate".into(),
                3 | 4 => "cannot reach the gate's host".into(),
                5 => "was refused by the gate's host".into(),
                6 => "got no answer from the gate's host".into(),
                _ => format!("answered with SOCKS5 error {reply}"),
            }),
            (_, [] | [_] | [5, 0] | [5, 0, _]) => Ok(None),
            _ => no_socks(),
        }
    }

    /// What the status of the answer to CONNECT means.
    fn judge(&self, status: Option<u16>) -> Result<(), String> {
        match (status, &self.credentials) {
            (Some(200..300), _) => Ok(()),
            (Some(407), None) => Err("asks for a user and a password".into()),
            (Some(407), Some(_)) => Err("refused the user or the password".into()),
            (Some(status), _) => Err(format!("answered CONNECT with HTTP {status}")),
            (None, _) => Err("does not speak HTTP".into()),
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
    let target =
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    if let Some((user, password)) = credentials {
        let basic = BASE64.encode(format!("{user}:{password}").as_bytes());
        request.push_str(&format!("Proxy-Authorization: Basic {basic}\r\n"));
    }
    request.push_str("\r\n");
    request.into_bytes()
}

fn connect_status(head: &[u8]) -> Option<u16> {
    let line = head.strip_prefix(b"HTTP/1.")?;
    std::str::from_utf8(line.get(2..5)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env<'a>(set: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| set.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned())
    }

    fn chosen(set: &[(&str, &str)], host: &str) -> Option<String> {
        let proxy = choose(&ProxyChoice::Environment, host, 13321, env(set)).unwrap();
        proxy.map(|proxy| proxy.host)
    }

    #[test]
    fn urls() {
        let proxy = |kind, host: &str, port, credentials: Option<(&str, &str)>| Proxy {
            kind,
            host: host.to_owned(),
            port,
            credentials: credentials.map(|(user, password)| (user.to_owned(), password.to_owned())),
        };
        for (url, expected) in [
            ("http://p.example:3128", proxy(Kind::Http, "p.example", 3128, None)),
            ("p.example:3128/", proxy(Kind::Http, "p.example", 3128, None)),
            ("HTTP://p.example", proxy(Kind::Http, "p.example", 80, None)),
            ("socks5h://[::1]", proxy(Kind::Socks5, "::1", 1080, None)),
            ("socks5://u:a%40b%3a@[::1]:9", proxy(Kind::Socks5, "::1", 9, Some(("u", "a@b:")))),
            ("http://u@p.example", proxy(Kind::Http, "p.example", 80, Some(("u", "")))),
        ] {
            assert!(parse(url) == Ok(expected), "{url}");
        }
        for url in [
            "https://p.example",
            "http://",
            "http://:80",
            "http://p:x",
            "http://p/a/b",
            "http://%zz:secret@p",
            "socks5://:secret@p",
        ] {
            let why = parse(url).err().unwrap_or_else(|| panic!("{url}"));
            assert!(!why.contains("secret"), "{why}");
        }
    }

    #[test]
    fn the_environment() {
        let both = [("HTTPS_PROXY", "http://upper"), ("ALL_PROXY", "socks5://all")];
        assert_eq!(chosen(&both, "a.example").as_deref(), Some("upper"));
        assert_eq!(chosen(&both[1..], "a.example").as_deref(), Some("all"));
        assert_eq!(chosen(&[("https_proxy", "lower"), both[0]], "a").as_deref(), Some("lower"));
        assert_eq!(chosen(&[("HTTPS_PROXY", ""), both[1]], "a").as_deref(), Some("all"));
        assert_eq!(chosen(&[], "a.example"), None);
        for loopback in ["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "::1"] {
            assert_eq!(chosen(&both, loopback), None, "{loopback}");
        }
        let explicit = ProxyChoice::Url("http://mine".to_owned());
        let proxy = choose(&explicit, "localhost", 1, env(&both)).unwrap();
        assert_eq!(proxy.map(|proxy| proxy.host).as_deref(), Some("mine"));
        assert!(choose(&ProxyChoice::None, "a", 1, env(&both)).unwrap().is_none());

        let wrong = [("ALL_PROXY", "ftp://user:secret@p")];
        let error = choose(&ProxyChoice::Environment, "a", 1, env(&wrong)).err().unwrap();
        assert_eq!(error.code(), fpnn::CORE_INVALID_CONNECTION);
        assert!(error.message().contains("ALL_PROXY"), "{error}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }

    #[test]
    fn exempt_hosts() {
        for (list, host, exempt) in [
            ("*", "a.example", true),
            ("a.example", "a.example", true),
            ("A.Example", "a.example.", true),
            (".example", "a.example", true),
            ("*.example", "a.example", true),
            ("example, other", "a.example", true),
            ("example", "an-example", false),
            ("a.example:13321", "a.example", true),
            ("a.example:80", "a.example", false),
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.1.2.3", false),
            ("0.0.0.0/0", "11.1.2.3", true),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3:13321", "10.1.2.3", true),
            ("fd00::/8", "fd00::1", true),
            ("[fd00::1]:13321", "fd00::1", true),
            ("fd00::1", "fd00::1", true),
            ("fd00::/129,10.0.0.0/33", "fd00::1", false),
            (",", "a.example", false),
        ] {
            assert_eq!(is_exempt(list, host, 13321), exempt, "{list:?} for {host}");
        }
    }

    /// Plays both sides with answers that come byte by byte.
    fn play(url: &str, host: &str, dialog: &[(&[u8], &[u8])]) -> Result<bool, String> {
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
        assert_eq!(play(b"HTTP/1.1 407 X\r\n\r\n"), Err("asks for a user and a password".into()));
        assert_eq!(play(b"HTTP/1.1 403 X\r\n\r\n"), Err("answered CONNECT with HTTP 403".into()));
        assert_eq!(play(b"S"), Err("does not speak HTTP".into()));

        let ask = b"CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\n\
            Proxy-Authorization: Basic dTpw\r\n\r\n";
        let refused = [(&ask[..], &b"HTTP/1.1 407 X\r\n\r\n"[..])];
        assert_eq!(
            super::tests::play("http://u:p@p", "::1", &refused),
            Err("refused the user or the password".into())
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
        assert_eq!(plain(b"\x05\x05"), Err("was refused by the gate's host".into()));
        assert_eq!(plain(b"\x04\x00"), Err("does not speak SOCKS5".into()));

        let login = |answers: &[(&[u8], &[u8])]| {
            let dialog = [&[(&b"\x05\x02\x00\x02"[..], &b"\x05\x02"[..])], answers].concat();
            play("socks5://user:pw@p", "a.example", &dialog)
        };
        let credentials = b"\x01\x04user\x02pw";
        assert_eq!(login(&[(credentials, b"\x01\x00"), (name, open)]), Ok(true));
        assert_eq!(
            login(&[(credentials, b"\x01\x01")]),
            Err("refused the user or the password".into())
        );
        assert_eq!(
            play("socks5://p", "a", &[(b"\x05\x01\x00", b"\x05\xff")]),
            Err("asks for a user and a password".into())
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
    fn nothing_may_follow_the_answer() {
        let mut tunnel = Tunnel::new(&parse("p").unwrap(), "a", 80);
        assert!(tunnel.received(b"HTTP/1.1 200 OK\r\n\r\nx").is_err());
    }
}
