//! Through proxies: HTTP CONNECT and SOCKS5, with and without credentials.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use rtm_client::ClientOptions;

use crate::certificates::{Authority, accept_login, server};
use crate::common::peer::Peer;
use crate::common::{DEADLINE, PID, eventually};
use crate::{done, login, refused};

/// `user:password` as base64.
const BASIC: &str = "dTpwQHNz";

/// A proxy that leads everything to one place, whatever it is asked for.
struct Proxy {
    address: String,
    /// What was asked for.
    asked: Receiver<String>,
}

impl Proxy {
    /// `greet` does what comes before the tunnel, and returns what was asked for if it is granted.
    fn new(
        leads_to: &Peer,
        greet: impl Fn(&mut TcpStream) -> Option<String> + Send + 'static,
    ) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let (sender, asked) = mpsc::channel();
        let target = leads_to.address();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                stream.set_read_timeout(Some(DEADLINE)).expect("a socket option");
                let Some(wanted) = greet(&mut stream) else { continue };
                if sender.send(wanted).is_err() {
                    return;
                }
                let gate = TcpStream::connect(&target).expect("the gate");
                relay(&stream, &gate);
                relay(&gate, &stream);
            }
        });
        Proxy { address, asked }
    }

    fn asked(&self) -> String {
        self.asked.recv_timeout(DEADLINE).expect("the proxy is asked")
    }
}

fn relay(from: &TcpStream, to: &TcpStream) {
    let (mut from, mut to) = (from.try_clone().expect("a clone"), to.try_clone().expect("a clone"));
    thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
}

fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(bytes::<1>(stream));
    }
    String::from_utf8(head).expect("text")
}

fn bytes<const N: usize>(stream: &mut TcpStream) -> [u8; N] {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).expect("the client speaks");
    bytes
}

fn text(stream: &mut TcpStream, len: u8) -> String {
    let mut bytes = vec![0; len.into()];
    stream.read_exact(&mut bytes).expect("the client speaks");
    String::from_utf8(bytes).expect("text")
}

/// HTTP CONNECT, for those who know the password.
fn connect(password: Option<&str>) -> impl Fn(&mut TcpStream) -> Option<String> + Send + 'static {
    let wanted = password.map(|basic| format!("\r\nProxy-Authorization: Basic {basic}\r\n"));
    move |stream| {
        let head = head(stream);
        if wanted.as_ref().is_some_and(|wanted| !head.contains(wanted)) {
            let _ = stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
            return None;
        }
        for byte in b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n" {
            stream.write_all(&[*byte]).expect("the client reads");
        }
        let target = head.strip_prefix("CONNECT ")?.split(' ').next()?;
        Some(target.to_owned())
    }
}

/// SOCKS5, for those who know the user and the password.
fn socks5(
    credentials: Option<(&'static str, &'static str)>,
) -> impl Fn(&mut TcpStream) -> Option<String> + Send + 'static {
    move |stream| {
        let [5, count] = bytes(stream) else { panic!("no SOCKS5") };
        let methods = (0..count).map(|_| bytes::<1>(stream)[0]).collect::<Vec<_>>();
        let method = if credentials.is_some() { 2 } else { 0 };
        if !methods.contains(&method) {
            let _ = stream.write_all(&[5, 0xff]);
            return None;
        }
        stream.write_all(&[5, method]).expect("the client reads");
        if let Some((user, password)) = credentials {
            let [1, len] = bytes(stream) else { panic!("no login") };
            let given_user = text(stream, len);
            let [len] = bytes(stream);
            let right = text(stream, len) == password && given_user == user;
            stream.write_all(&[1, u8::from(!right)]).expect("the client reads");
            if !right {
                return None;
            }
        }
        let [5, 1, 0, 3, len] = bytes(stream) else { panic!("a name is asked for") };
        let host = text(stream, len);
        let port = u16::from_be_bytes(bytes(stream));
        for byte in [5, 0, 0, 3, 1, b'x', 0, 80] {
            stream.write_all(&[byte]).expect("the client reads");
        }
        Some(format!("{host}:{port}"))
    }
}

/// Logs in to a gate whose name only the proxy knows, without TLS and with it.
fn works(scheme_and_credentials: &str, peer: &Peer, proxy: &Proxy) {
    let url = format!("{scheme_and_credentials}{}", proxy.address);
    let options = ClientOptions::new(PID).endpoint("gate.invalid:1234").proxy(&url);
    let (client, record) = login(options);
    let _connection = peer.accept_login();
    assert_eq!(proxy.asked(), "gate.invalid:1234");
    record.expect_login(true, 0);
    done(&client, &record);

    let authority = Authority::new();
    let config = server(&authority.certify("gate.invalid"), None);
    let options = ClientOptions::new(PID).ssl_endpoint("gate.invalid:1235").proxy(&url);
    let (client, record) = login(options.ca_certificates(authority.pem()));
    let _connection = accept_login(peer, &config);
    assert_eq!(proxy.asked(), "gate.invalid:1235");
    record.expect_login(true, 0);
    done(&client, &record);
}

/// A login through that proxy, which fails.
fn fails(scheme_and_credentials: &str, proxy: &Proxy, words: &str) {
    let url = format!("{scheme_and_credentials}{}", proxy.address);
    let options = ClientOptions::new(PID).endpoint("gate.invalid:1234").proxy(url);
    assert!(!format!("{options:?}").contains("p%40ss"), "{options:?}");
    let (client, record) = login(options);
    let said = refused(&client, &record);
    assert!(said.contains(words) && said.contains(&proxy.address), "{said}");
    assert!(!said.contains("p@ss") && !said.contains("p%40ss") && !said.contains(BASIC), "{said}");
}

#[test]
fn http() {
    let peer = Peer::new();
    works("http://", &peer, &Proxy::new(&peer, connect(None)));
    let guarded = Proxy::new(&peer, connect(Some(BASIC)));
    works("http://u:p%40ss@", &peer, &guarded);
    fails("http://", &guarded, "asks for a user and a password");
    fails("http://u:p%40ssword@", &guarded, "refused the user or the password");
}

#[test]
fn socks() {
    let peer = Peer::new();
    works("socks5://", &peer, &Proxy::new(&peer, socks5(None)));
    let guarded = Proxy::new(&peer, socks5(Some(("u", "p@ss"))));
    works("socks5h://u:p%40ss@", &peer, &guarded);
    fails("socks5://", &guarded, "lets nobody in without a login");
    fails("socks5://u:p%40ssword@", &guarded, "refused the user or the password");
}

#[test]
fn an_ipv6_address_behind_a_proxy_has_brackets() {
    let peer = Peer::new();
    let proxy = Proxy::new(&peer, connect(None));
    let options = ClientOptions::new(PID).endpoint("[2001:db8::1]:9");
    let (client, record) = login(options.proxy(format!("http://{}", proxy.address)));
    assert_eq!(proxy.asked(), "[2001:db8::1]:9");
    drop(peer.accept_tcp());
    let said = refused(&client, &record);
    let expected = format!("[2001:db8::1]:9 by the proxy {} closed", proxy.address);
    assert!(said.contains(&expected), "{said}");
}

/// The variable that makes this test binary a program that logs in where it says.
const GATE: &str = "RTM_TEST_GATE";

/// A login in a process of its own, which has those variables.
fn elsewhere(gate: &str, variables: &[(&str, String)]) -> std::process::Child {
    let mut command = Command::new(std::env::current_exe().expect("the test's binary"));
    command.args(["--exact", "proxies::logs_in_elsewhere", "--nocapture"]).env(GATE, gate);
    for name in ["HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    command.stdout(std::process::Stdio::null()).spawn().expect("a process")
}

/// What that process runs; nothing where the variable is not set.
#[test]
fn logs_in_elsewhere() {
    let Ok(gate) = std::env::var(GATE) else { return };
    let (client, record) = login(ClientOptions::new(PID).endpoint(gate));
    record.expect_login(true, 0);
    done(&client, &record);
}

#[test]
fn the_environment_names_the_proxy() {
    let peer = Peer::new();
    let proxy = Proxy::new(&peer, connect(None));
    let (http, socks) = (format!("http://{}", proxy.address), "socks5://127.0.0.1:1".to_owned());
    for (gate, variables) in [
        ("gate.invalid:1234", vec![("HTTPS_PROXY", http.clone()), ("ALL_PROXY", socks.clone())]),
        ("gate.invalid:1234", vec![("all_proxy", http), ("ALL_PROXY", socks.clone())]),
        // A gate on this machine is reached directly.
        (&peer.address(), vec![("ALL_PROXY", socks)]),
    ] {
        let mut process = elsewhere(gate, &variables);
        let mut connection = peer.accept_login();
        assert_eq!(connection.until_closed().len(), 0);
        let mut ended = None;
        eventually("the end of the process", || {
            ended = process.try_wait().expect("a process");
            ended.is_some()
        });
        assert!(ended.is_some_and(|status| status.success()), "{variables:?}");
        if gate.starts_with("gate.invalid") {
            assert_eq!(proxy.asked(), gate);
        }
    }
}
