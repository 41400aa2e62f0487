//! Addresses: of endpoints, and of names.

use std::collections::VecDeque;
use std::net::{Ipv6Addr, SocketAddr};

use super::words::Reach;

/// The host, without the brackets of an IPv6 address, and the port.
pub(crate) fn split(address: &str) -> Result<(&str, u16), Reach> {
    let parts =
        address.rsplit_once(':').and_then(|(host, port)| Some((bare(host)?, self::port(port)?)));
    let many_colons = address.matches(':').count() > 1;
    parts.ok_or(if address.contains("://") {
        Reach::Url
    } else if many_colons && address.contains('%') {
        Reach::Scoped
    } else if many_colons && !address.starts_with('[') {
        Reach::NoBrackets
    } else {
        Reach::NoEndpoint
    })
}

/// A name or an address, without the brackets that an IPv6 address, and nothing else, stands in.
pub(super) fn bare(host: &str) -> Option<&str> {
    if let Some(inner) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return inner.parse::<Ipv6Addr>().is_ok().then_some(inner);
    }
    let is_of_name = |byte: u8| byte.is_ascii_graphic() && !b":[]".contains(&byte);
    (!host.is_empty() && host.bytes().all(is_of_name)).then_some(host)
}

/// Digits alone: `parse` takes a sign as well.
pub(super) fn port(digits: &str) -> Option<u16> {
    let port = digits.parse().ok()?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(port)
}

/// `host:port`, with brackets around an IPv6 address.
pub(crate) fn join(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// The addresses so that IPv6 and IPv4 take turns, beginning with the one that came first.
pub(crate) fn in_turn(addresses: impl IntoIterator<Item = SocketAddr>) -> VecDeque<SocketAddr> {
    let mut addresses = addresses.into_iter().peekable();
    let first_is_ipv6 = addresses.peek().is_some_and(SocketAddr::is_ipv6);
    let (first, other): (VecDeque<_>, VecDeque<_>) =
        addresses.partition(|address| address.is_ipv6() == first_is_ipv6);
    let (mut first, mut other) = (first.into_iter(), other.into_iter());
    let mut turns = VecDeque::new();
    loop {
        let pair = [first.next(), other.next()];
        if pair == [None, None] {
            return turns;
        }
        turns.extend(pair.into_iter().flatten());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_host_and_port() {
        assert_eq!(split("a.example:1"), Ok(("a.example", 1)));
        assert_eq!(split("[::1]:13321"), Ok(("::1", 13321)));
        for wrong in [
            "",
            "a.example",
            "a.example:",
            "a.example:65536",
            ":1",
            "a.example:http",
            "[::1]",
            "a b:1",
            "a.example:+80",
            "a.example:-80",
            "a.example: 80",
            "[a.example]:1",
            "[::1:1",
            "[::1]x:1",
        ] {
            assert_eq!(split(wrong), Err(Reach::NoEndpoint), "{wrong}");
        }
        for wrong in ["::1", "::1]", "::1:13321", "fe80::1:2:3", "a:b:1"] {
            assert_eq!(split(wrong), Err(Reach::NoBrackets), "{wrong}");
        }
        for wrong in ["ws://a.example:1", "wss://[::1]:1", "http://a.example", "://"] {
            assert_eq!(split(wrong), Err(Reach::Url), "{wrong}");
        }
        for wrong in ["[fe80::1%lo]:1", "[fe80::1%25lo]:1", "fe80::1%1"] {
            assert_eq!(split(wrong), Err(Reach::Scoped), "{wrong}");
        }
    }

    #[test]
    fn joined_is_what_can_be_split() {
        for (host, joined) in [("a.example", "a.example:1"), ("::1", "[::1]:1")] {
            assert_eq!(join(host, 1), joined);
            assert_eq!(split(joined), Ok((host, 1)));
        }
    }

    #[test]
    fn families_take_turns() {
        let parse = |list: &str| -> Vec<SocketAddr> {
            list.split_whitespace().map(|ip| SocketAddr::new(ip.parse().unwrap(), 1)).collect()
        };
        for (given, turns) in [
            ("", ""),
            ("1.1.1.1 2.2.2.2", "1.1.1.1 2.2.2.2"),
            ("::1 ::2 1.1.1.1 2.2.2.2 3.3.3.3", "::1 1.1.1.1 ::2 2.2.2.2 3.3.3.3"),
            ("1.1.1.1 ::1 ::2", "1.1.1.1 ::1 ::2"),
        ] {
            assert_eq!(Vec::from(in_turn(parse(given))), parse(turns), "{given}");
        }
    }
}
