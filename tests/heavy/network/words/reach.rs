//! No connection comes about.

use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Output};
use std::time::Duration;

use rtm_client::ClientOptions;

use super::{Row, Said, play, said};
use crate::common::PID;
use crate::common::dead::Dead;
use crate::common::peer::Peer;
use crate::common::record::{Event, Record};
use crate::{login, refused};

pub(super) const ROWS: &[Row] = &[
    Row { says: "the endpoint PEER is not host:port", play: || endpoint("a.example") },
    Row {
        says: "the endpoint PEER is not host:port: an IPv6 address stands in brackets, as in [::1]:13321",
        play: || endpoint("::1:13321"),
    },
    Row {
        says: "the endpoint PEER is not host:port: leave the scheme out, and for TLS see ssl_endpoint",
        play: || endpoint("wss://a.example:1"),
    },
    Row {
        says: "the endpoint PEER cannot be used: an IPv6 address with a scope, the part from % on, is not supported",
        play: || endpoint("[fe80::1%lo]:1"),
    },
    Row {
        says: "the proxy of the options cannot be used: an IPv6 address stands in brackets, as in http://[::1]:3128",
        play: || proxy("http://u:secret@[::1:9"),
    },
    Row {
        says: "the proxy of the options cannot be used: an IPv6 address with a scope, the part from % on, is not supported",
        play: || proxy("http://u:secret@[fe80::1%lo]:9"),
    },
    Row {
        says: "the proxy of the options cannot be used: its scheme is neither http:// nor socks5://",
        play: || proxy("https://p.example"),
    },
    Row {
        says: "the proxy of the options cannot be used: its port is not a number",
        play: || proxy("http://p.example:x"),
    },
    Row {
        says: "the proxy of the options cannot be used: its user or password is not percent-encoded UTF-8",
        play: || proxy("http://%ff:secret@p.example"),
    },
    Row {
        says: "the proxy of the options cannot be used: it is not scheme://user:password@host:port",
        play: || proxy("http://user:secret@"),
    },
    Row {
        says: "the proxy of the options cannot be used: SOCKS5 takes a user and a password of up to 255 bytes",
        play: || proxy("socks5://:secret@p.example"),
    },
    Row {
        says: "the name PEER cannot be looked up: is it spelt right, and does the DNS server know it?",
        play: || {
            let options = ClientOptions::new(PID).endpoint("no-such-host.invalid:1");
            said(options.no_proxy(), "no-such-host.invalid", || {})
        },
    },
    Row {
        says: "the name of the proxy PEER cannot be looked up: is it spelt right, and does the DNS server know it?",
        play: || {
            let options = ClientOptions::new(PID).endpoint("a.example:1");
            said(options.proxy("http://no-such-host.invalid:1"), "no-such-host.invalid", || {})
        },
    },
    Row {
        says: "the proxy PEER refused the connection: is a proxy running there, on that port?",
        play: || {
            let address = refusing();
            let options = ClientOptions::new(PID).endpoint("a.example:1");
            said(options.proxy(format!("socks5://{address}")), &address, || {})
        },
    },
    Row {
        says: "PEER refused the connection: is a gate running there, on that port?",
        play: || {
            let address = refusing();
            said(ClientOptions::new(PID).endpoint(&address), &address, || {})
        },
    },
    Row {
        says: "PEER did not answer: is it switched on, and does a firewall let the connection through?",
        play: || {
            let dead = Dead::new();
            let options = ClientOptions::new(PID).endpoint(dead.address());
            said(options.connection_timeout(Duration::from_millis(200)), dead.address(), || {})
        },
    },
    Row {
        says: "PEER cannot be reached: is there a network?",
        // A broadcast address: no packet is sent.
        play: || {
            let address = "127.255.255.255:1";
            said(ClientOptions::new(PID).endpoint(address), address, || {})
        },
    },
    Row {
        says: "this machine does not allow the connection to PEER: does a firewall forbid it?",
        play: forbidden,
    },
    Row {
        says: "PEER cannot be connected to: this process or this machine has too many files open",
        play: no_descriptor,
    },
    Row {
        says: "PEER could not be connected to",
        // An address of a link, without the link.
        play: || {
            let address = "[fe80::1]:1";
            said(ClientOptions::new(PID).endpoint(address).no_proxy(), address, || {})
        },
    },
];

#[test]
fn no_connection_comes_about() {
    play(ROWS);
}

fn endpoint(endpoint: &str) -> Said {
    said(ClientOptions::new(PID).endpoint(endpoint), format!("{endpoint:?}"), || {})
}

fn proxy(url: &str) -> Said {
    let Said::Text { text, peer } =
        said(ClientOptions::new(PID).endpoint("a.example:1").proxy(url), "", || {})
    else {
        panic!("it is played");
    };
    assert!(!text.contains("secret"), "{text}");
    Said::Text { text, peer }
}

/// An address that refuses connections.
fn refusing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").to_string()
}

/// The variable that has the program below play a row.
const PLAYED: &str = "RTM_TEST_PLAYED";

/// Plays the row in a process of its own, begun by `command` where that is not the program itself.
fn apart(row: &str, command: &[&str]) -> Output {
    let program = std::env::current_exe().expect("the test's binary");
    let mut command = match command {
        [] => Command::new(program),
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
    };
    command.args(["--exact", "words::reach::in_a_process_of_its_own", "--nocapture"]);
    command.env(PLAYED, row).env_remove("RUST_BACKTRACE").output().expect("a process")
}

/// What the process says; nothing where it does not come so far.
fn said_apart(row: &str, command: &[&str], peer: &str) -> Option<Said> {
    let output = apart(row, command);
    let text = String::from_utf8_lossy(&output.stdout);
    let text = text.lines().find_map(|line| Some(line.split_once("SAID: ")?.1.to_owned()));
    text.map(|text| Said::Text { text, peer: peer.to_owned() })
}

/// What that process runs; nothing where the variable is not set.
#[test]
fn in_a_process_of_its_own() {
    let text = match std::env::var(PLAYED).as_deref() {
        Ok("forbidden") => {
            let (client, record) = login(ClientOptions::new(PID).endpoint("127.0.0.9:1"));
            refused(&client, &record)
        }
        #[cfg(target_os = "linux")]
        Ok("descriptors") => without_descriptors(),
        _ => return,
    };
    println!("SAID: {text}");
}

/// In a network namespace with a route that forbids it. Only loopback addresses are used.
fn forbidden() -> Said {
    let script = "ip link set lo up && ip route add prohibit 127.0.0.9 table local && exec \"$@\"";
    let command = ["unshare", "-Urn", "sh", "-c", script, "sh"];
    let works = Command::new("unshare").args(["-Urn", "ip", "link"]).output();
    if !works.is_ok_and(|output| output.status.success()) {
        return Said::Skipped("no network namespaces here");
    }
    said_apart("forbidden", &command, "127.0.0.9:1").expect("the process says something")
}

fn no_descriptor() -> Said {
    if !cfg!(target_os = "linux") {
        return Said::Skipped("limits are set on Linux alone");
    }
    let said = said_apart("descriptors", &[], "").expect("the process says something");
    let Said::Text { text, .. } = said else { return said };
    // It knows the address alone.
    let peer = text.split_whitespace().find(|word| word.parse::<SocketAddr>().is_ok());
    let peer = peer.expect("an address").to_owned();
    Said::Text { text, peer }
}

/// A connection is lost, and there is no descriptor for the next one.
#[cfg(target_os = "linux")]
fn without_descriptors() -> String {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let peer = Peer::new();
    let (client, record, connection): (_, Record, _) = peer.login(peer.options());
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, rustix::process::Rlimit { current: Some(3), ..limit })
        .expect("a lower limit");
    connection.close();
    record.expect_error(20002);
    let text = record.expect_error(20012);
    record.expect(Event::Relogin(false, true, 20012, 1));
    client.close();
    text
}
