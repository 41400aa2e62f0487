//! Who is let in: any page in a browser can reach the gate, like every server of the machine, but only the developer's
//! own pages are let in.

use std::net::IpAddr;

use tungstenite::http::Uri;
use tungstenite::http::uri::Authority;

use super::builder::Config;

/// What a request says about where it comes from and whom it takes the gate for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Caller {
    pub(super) hosts: Vec<String>,
    pub(super) origins: Vec<String>,
}

/// The names the gate goes by, and who else may come in.
pub(super) struct Access {
    /// Hosts that are listened on by name, in lower case.
    names: Vec<String>,
    ports: Vec<u16>,
    /// Origins that are let in besides; `*` is all.
    allowed: Vec<String>,
}

impl Access {
    pub(super) fn new(config: &Config, ports: Vec<u16>) -> Access {
        let listens = [&config.listen, &config.file_listen].into_iter();
        let listens = listens.chain(&config.page_listen).chain(&config.tls_listen);
        let listens = listens.chain(&config.tls_file_listen);
        let names = listens.filter_map(|listen| listen.rsplit_once(':'));
        Access {
            names: names.map(|(host, _)| host.to_ascii_lowercase()).collect(),
            ports,
            allowed: config.allowed_origins.clone(),
        }
    }

    /// Why a request is refused that came to that address of this machine.
    ///
    /// A `Host` that is not the gate's is one whose owner has it lead here (DNS rebinding). A browser gives the `Origin` of
    /// the page that asks; programs give none.
    pub(super) fn refusal(&self, local: IpAddr, caller: &Caller) -> Option<String> {
        if self.allowed.iter().any(|allowed| allowed == "*") {
            return None;
        }
        let host = caller.hosts.iter().find(|host| !self.is_own_host(local, host));
        if let Some(host) = host {
            return Some(format!(
                "Host {host} is none of the gate's; --allow-origin http://{host} lets it in"
            ));
        }
        let origin = caller.origins.iter().find(|origin| !self.is_let_in(local, origin))?;
        Some(format!("Origin {origin} is not let in; --allow-origin {origin} lets it in"))
    }

    /// `host` may have a port.
    fn is_own_host(&self, local: IpAddr, host: &str) -> bool {
        let Ok(host) = host.parse::<Authority>() else {
            return false;
        };
        let allowed = |origin: &String| {
            let uri = origin.parse::<Uri>().ok();
            uri.is_some_and(|uri| uri.host().is_some_and(|known| same(known, host.host())))
        };
        self.goes_by(local, host.host()) || self.allowed.iter().any(allowed)
    }

    fn goes_by(&self, local: IpAddr, host: &str) -> bool {
        is_loopback(host)
            || address(host).is_some_and(|address| address == local.to_canonical())
            || self.names.iter().any(|name| same(name, host))
    }

    /// Whether that is a page of this machine, one of the gate's, or one of those allowed.
    fn is_let_in(&self, local: IpAddr, origin: &str) -> bool {
        if self.allowed.iter().any(|allowed| same(allowed, origin)) {
            return true;
        }
        let Ok(uri) = origin.parse::<Uri>() else {
            return false;
        };
        let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
            return false;
        };
        let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
        is_loopback(host) || self.ports.contains(&port) && self.goes_by(local, host)
    }
}

fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

fn address(host: &str) -> Option<IpAddr> {
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// Whether the host is this machine for whoever asks: browsers and resolvers keep `*.localhost` for that.
pub(super) fn is_loopback(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let named = name == "localhost" || name.ends_with(".localhost");
    named || address(host).is_some_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::builder::GateBuilder;

    const LAN: &str = "192.168.1.5";

    fn access(allowed: &[&str]) -> Access {
        let builder = GateBuilder::new().listen("Laptop:0").page_listen("0.0.0.0:8080");
        let builder = allowed.iter().fold(builder, |builder, origin| builder.allow_origin(*origin));
        Access::new(&builder.config, vec![13321, 8080])
    }

    /// Whether somebody is let in who came to the address in the LAN.
    fn admits(access: &Access, host: &str, origin: &str) -> bool {
        let list = |text: &str| (!text.is_empty()).then(|| text.to_owned()).into_iter().collect();
        let caller = Caller { hosts: list(host), origins: list(origin) };
        access.refusal(LAN.parse().unwrap(), &caller).is_none()
    }

    #[test]
    fn pages_of_this_machine_and_of_the_gate_come_in() {
        let access = access(&[]);
        for origin in [
            "",
            "http://localhost",
            "http://localhost:3000",
            "https://LOCALHOST.:1",
            "http://app.localhost:5173",
            "http://127.0.0.1:8080",
            "http://127.9.9.9",
            "https://[::1]:3000",
            "capacitor://localhost",
            "http://192.168.1.5:8080",
            "http://laptop:8080",
        ] {
            assert!(admits(&access, "", origin), "{origin}");
        }
        for origin in [
            "null",
            "file://",
            "http://evil.example",
            "http://localhost.evil.example",
            "http://evillocalhost",
            "http://192.168.1.5:9999",
            "http://192.168.1.6:8080",
            "http://127.0.0.1.evil.example",
            "http://user@evil.example",
            "localhost",
            "http://",
        ] {
            assert!(!admits(&access, "", origin), "{origin}");
        }
    }

    #[test]
    fn a_name_of_somebody_else_is_none_of_the_gates() {
        let access = access(&[]);
        for host in [
            "",
            "localhost:13321",
            "rtm.localhost:13321",
            "fileproxy-rtm.localhost",
            "127.0.0.1:1",
            "[::1]:13321",
            "192.168.1.5:13321",
            "[::ffff:192.168.1.5]",
            "LAPTOP:13321",
        ] {
            assert!(admits(&access, host, ""), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example:13321", "192.168.1.6", "x", "\\", " "]
        {
            assert!(!admits(&access, host, ""), "{host}");
        }
        assert!(!admits(&access, "evil.example:13321", "http://evil.example:13321"));
    }

    #[test]
    fn who_is_allowed_comes_in() {
        let access_of_team = access(&["https://chat.example:8443", "null"]);
        assert!(admits(&access_of_team, "", "https://Chat.example:8443"));
        assert!(admits(&access_of_team, "chat.example:13321", "https://chat.example:8443"));
        assert!(admits(&access_of_team, "", "null"));
        assert!(!admits(&access_of_team, "", "https://chat.example"));
        assert!(!admits(&access_of_team, "evil.example", ""));
        assert!(admits(&access(&["*"]), "evil.example", "http://evil.example"));
    }

    #[test]
    fn a_refusal_says_what_lets_in() {
        let caller = Caller { hosts: vec!["a.example".to_owned()], ..Caller::default() };
        let refusal = access(&[]).refusal(LAN.parse().unwrap(), &caller).unwrap();
        assert!(refusal.contains("--allow-origin http://a.example"), "{refusal}");
    }
}
