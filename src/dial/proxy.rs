//! The proxy on the way to a gate, if there is one.

use std::net::IpAddr;

use super::address;
use super::words::Reach;
use crate::options::ProxyChoice;

/// A proxy. No `Debug`: it may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Proxy {
    pub(crate) kind: Kind,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) credentials: Option<(String, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// HTTP CONNECT.
    Http,
    Socks5,
}

/// The proxy for that host, if there is one. `env` looks a variable of the environment up. The error names where the
/// proxy comes from.
pub(crate) fn choose(
    choice: &ProxyChoice,
    host: &str,
    port: u16,
    env: impl Fn(&str) -> Option<String>,
) -> Result<Option<Proxy>, (&'static str, Reach)> {
    let set = |name: &str| {
        let value = env(name).map(|value| value.trim().to_owned());
        value.filter(|value| !value.is_empty())
    };
    let variable = |name: &str| set(&name.to_lowercase()).or_else(|| set(name));
    let (url, origin) = match choice {
        ProxyChoice::None => return Ok(None),
        ProxyChoice::Url(url) => (url.trim().to_owned(), "the proxy of the options"),
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
    parse(&url).map(Some).map_err(|why| (origin, Reach::UnusableProxy(why)))
}

/// The reason never repeats the URL, which may hold a password.
pub(super) fn parse(url: &str) -> Result<Proxy, &'static str> {
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
        Some((_, port)) if port.ends_with(']') => (address, Ok(default_port)),
        Some((host, port)) => (host, address::port(port).ok_or("its port is not a number")),
        None => (address, Ok(default_port)),
    };
    let host = match address::bare(host) {
        Some(host) if !host.contains('/') => host,
        None if host.contains(['[', ']', ':']) => {
            return Err(match address.contains('%') {
                true => "an IPv6 address with a scope, the part from % on, is not supported",
                false => "an IPv6 address stands in brackets, as in http://[::1]:3128",
            });
        }
        _ => return Err("it is not scheme://user:password@host:port"),
    };
    let port = port?;
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
    let ip = host.parse::<IpAddr>().ok().map(|ip| ip.to_canonical());
    let entries = list.split(|c: char| c == ',' || c.is_whitespace());
    entries.filter(|entry| !entry.is_empty()).any(|entry| {
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
        if only_port.is_some_and(|only| address::port(only) != Some(port)) {
            return false;
        }
        let name = name.trim_end_matches('.');
        match (ip, name.split_once('/')) {
            (Some(ip), Some((network, bits))) => match (network.parse::<IpAddr>(), bits.parse()) {
                (Ok(network), Ok(bits)) => is_in(ip, network, bits),
                _ => false,
            },
            (Some(ip), None) => {
                name.parse::<IpAddr>().is_ok_and(|other| other.to_canonical() == ip)
            }
            (None, _) => {
                let domain = name.trim_start_matches("*.").trim_start_matches('.');
                let before = host.strip_suffix(domain);
                !domain.is_empty() && before.is_some_and(|b| b.is_empty() || b.ends_with('.'))
            }
        }
    })
}

/// Whether the address, IPv4 where it is a mapped one, is in the network.
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
        // The network may be written in mapped addresses too.
        (IpAddr::V4(ip), IpAddr::V6(_)) => is_in(ip.to_ipv6_mapped().into(), network, bits),
        (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
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
            "http://p:+80",
            "http://u:secret@p q:80",
        ] {
            let why = parse(url).err().unwrap_or_else(|| panic!("{url}"));
            assert!(!why.contains("secret"), "{why}");
        }
        for url in [
            "http://[::1",
            "http://::1]:9",
            "http://u:secret@[::1:9",
            "http://::1:3128",
            "http://::1",
            "http://fe80::x",
            "http://[::1]x:9",
            "socks5://[p.example]:9",
        ] {
            assert_eq!(
                parse(url).err().map(|why| why.contains("in brackets")),
                Some(true),
                "{url}"
            );
        }
        for url in ["http://[fe80::1%lo]:9", "http://[fe80::1%25lo]", "http://fe80::1%lo"] {
            assert_eq!(parse(url).err().map(|why| why.contains("scope")), Some(true), "{url}");
        }
    }

    #[test]
    fn the_environment() {
        let both = [("HTTPS_PROXY", "http://upper"), ("ALL_PROXY", "socks5://all")];
        assert_eq!(chosen(&both, "a.example").as_deref(), Some("upper"));
        assert_eq!(chosen(&both[1..], "a.example").as_deref(), Some("all"));
        assert_eq!(chosen(&[("https_proxy", "lower"), both[0]], "a").as_deref(), Some("lower"));
        for nothing in ["", " \t"] {
            assert_eq!(chosen(&[("HTTPS_PROXY", nothing), both[1]], "a").as_deref(), Some("all"));
            assert_eq!(chosen(&[("https_proxy", nothing), both[0]], "a").as_deref(), Some("upper"));
        }
        assert_eq!(chosen(&[("ALL_PROXY", " http://p:80\n")], "a").as_deref(), Some("p"));
        assert_eq!(chosen(&[], "a.example"), None);
        for loopback in ["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "::1"] {
            assert_eq!(chosen(&both, loopback), None, "{loopback}");
        }
        let explicit = ProxyChoice::Url("http://mine".to_owned());
        let proxy = choose(&explicit, "localhost", 1, env(&both)).unwrap();
        assert_eq!(proxy.map(|proxy| proxy.host).as_deref(), Some("mine"));
        assert!(choose(&ProxyChoice::None, "a", 1, env(&both)).unwrap().is_none());

        let wrong = [("ALL_PROXY", "ftp://user:secret@p")];
        let (origin, why) = choose(&ProxyChoice::Environment, "a", 1, env(&wrong)).err().unwrap();
        let said = why.of(origin);
        assert!(said.contains("ALL_PROXY") && !said.contains("secret"), "{said}");
    }

    #[test]
    fn exempt_hosts() {
        for (list, host, exempt) in [
            ("*", "a.example", true),
            ("a.example", "a.example", true),
            ("A.Example", "a.example.", true),
            ("a.example.", "a.example", true),
            ("a.example.:13321", "a.example.", true),
            (".example.", "a.example", true),
            ("*.example.,", "a.example", true),
            ("10.1.2.3.", "10.1.2.3", true),
            (".", "a.example", false),
            (".", "a.example.", false),
            ("a.example:+13321", "a.example", false),
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
            ("a.example\tb.example  c.example,\nd.example", "b.example", true),
            ("a.example\tb.example  c.example,\nd.example", "d.example", true),
            ("10.1.2.3", "::ffff:10.1.2.3", true),
            ("::ffff:10.1.2.3", "10.1.2.3", true),
            ("[::ffff:10.1.2.3]:13321", "10.1.2.3", true),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("::ffff:10.0.0.0/104", "10.1.2.3", true),
            ("::ffff:10.0.0.0/104", "11.1.2.3", false),
            ("::/0", "10.1.2.3", true),
            ("0.0.0.0/0", "fd00::1", false),
            (",", "a.example", false),
        ] {
            assert_eq!(is_exempt(list, host, 13321), exempt, "{list:?} for {host}");
        }
    }
}
