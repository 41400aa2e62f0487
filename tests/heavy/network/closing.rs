//! `close()` during each phase of connecting: the login ends, and nothing goes on.

use std::io::{Read, Write};

use rtm_client::ClientOptions;

use crate::certificates::{self, Authority, server};
use crate::common::peer::{Connection, Peer, read_request};
use crate::common::{DEADLINE, PID};
use crate::login;

/// Starts a login, waits until the peer has seen the phase, closes, and sees that the socket closes too.
fn closes(phase: &str, options: ClientOptions, reach: impl FnOnce() -> Box<dyn Read>) {
    let (client, record) = login(options);
    let mut socket = reach();
    client.close_and_wait(DEADLINE).unwrap_or_else(|error| panic!("{phase}: {error}"));
    record.expect_login(false, 20002);
    assert_eq!(record.all(), [], "{phase}");
    let mut rest = Vec::new();
    // A reset is an end too.
    let _ = socket.read_to_end(&mut rest);
}

#[test]
fn in_each_phase() {
    let peer = Peer::new();
    let authority = Authority::new();
    let config = server(&authority.certify("127.0.0.1"), None);
    let secure = || {
        let options = ClientOptions::new(PID).ssl_endpoint(peer.address());
        options.ca_certificates(authority.pem())
    };
    let proxied = |scheme: &str| {
        let url = format!("{scheme}://{}", peer.address());
        ClientOptions::new(PID).ssl_endpoint("gate.invalid:1").proxy(url)
    };
    let after = |bytes: usize| {
        let mut stream = peer.accept_tcp();
        stream.read_exact(&mut vec![0; bytes]).expect("the client speaks");
        stream
    };

    closes("TCP", peer.options(), || Box::new(peer.accept_tcp()));
    closes("upgrade", peer.options(), || {
        let mut stream = peer.accept_tcp();
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.1 101 Swi").expect("the client reads");
        Box::new(stream)
    });
    closes("TLS", secure(), || Box::new(after(5)));
    closes("upgrade over TLS", secure(), || {
        let mut stream = certificates::over(peer.accept_tcp(), &config);
        stream.read_exact(&mut [0; 16]).expect("a request");
        Box::new(stream)
    });
    closes("HTTP proxy", proxied("http"), || {
        let mut stream = peer.accept_tcp();
        read_request(&mut stream);
        Box::new(stream)
    });
    closes("TLS through a proxy", proxied("http"), || {
        let mut stream = peer.accept_tcp();
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").expect("the client reads");
        stream.read_exact(&mut [0; 5]).expect("a ClientHello");
        Box::new(stream)
    });
    closes("SOCKS5 method", proxied("socks5"), || Box::new(after(3)));
    closes("SOCKS5 request", proxied("socks5"), || {
        let mut stream = after(3);
        stream.write_all(&[5, 0]).expect("the client reads");
        stream.read_exact(&mut [0; 10]).expect("a request");
        Box::new(stream)
    });
    closes("auth", peer.options(), || {
        let mut connection = Connection::over(peer.accept_tcp());
        connection.quest("auth");
        Box::new(AuthSeen(connection))
    });
    // The lookup runs on; nothing waits for it.
    closes("lookup", ClientOptions::new(PID).endpoint("no-such-host.invalid:1"), || {
        Box::new(std::io::empty())
    });
    assert!(!peer.is_dialed(std::time::Duration::ZERO));
}

struct AuthSeen(Connection);

impl Read for AuthSeen {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        assert_eq!(self.0.until_closed().len(), 0);
        Ok(0)
    }
}
