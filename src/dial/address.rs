//! Addresses: of endpoints, and of names.

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::words::Reach;

/// The host, without the brackets of an IPv6 address, and the port.
pub(crate) fn split(address: &str) -> Result<(&str, u16), Reach> {
    let parts = address.rsplit_once(':').and_then(|(host, port)| {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let is_name =
            |host: &str| !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_graphic());
        let is_bracketed = bare.len() < host.len();
        let is_right = is_name(bare) && (is_bracketed || !bare.contains(':'));
        Some((bare, port.parse().ok()?)).filter(|_| is_right)
    });
    parts.ok_or(match address.starts_with('[') || address.matches(':').count() < 2 {
        true => Reach::NoEndpoint,
        false => Reach::NoBrackets,
    })
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
        ] {
            assert_eq!(split(wrong), Err(Reach::NoEndpoint), "{wrong}");
        }
        for wrong in ["::1", "::1:13321", "fe80::1:2:3", "a:b:1"] {
            assert_eq!(split(wrong), Err(Reach::NoBrackets), "{wrong}");
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
