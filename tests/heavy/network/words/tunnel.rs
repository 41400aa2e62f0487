//! A proxy that does not lead to the gate.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use rtm_client::ClientOptions;
use socket2::SockRef;

use super::{Row, Said, play, said};
use crate::common::PID;
use crate::common::peer::{Peer, read_request};

pub(super) const ROWS: &[Row] = &[
    Row {
        says: "the proxy PEER did not answer the request for a tunnel: is it a proxy of that kind?",
        play: || http(None),
    },
    Row {
        says: "the proxy PEER closed the connection instead of answering: is it a proxy of that kind?",
        play: || http(Some(b"HTTP/1.1 2")),
    },
    Row {
        says: "the proxy PEER broke the connection off",
        play: || {
            by_proxy("http", |mut stream| {
                read_request(&mut stream);
                let linger = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
                linger.expect("a socket option");
            })
        },
    },
    Row {
        says: "the proxy PEER answered CONNECT with a head of more than 16 KiB",
        play: || {
            by_proxy("http", |mut stream| {
                read_request(&mut stream);
                let head = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(17 << 10));
                let _ = stream.write_all(head.as_bytes());
            })
        },
    },
    Row {
        says: "the proxy PEER does not speak HTTP: is it a SOCKS5 proxy?",
        play: || http(Some(b"\x05\xff")),
    },
    Row {
        says: "the proxy PEER does not speak SOCKS5: is it an HTTP proxy?",
        play: || socks("", &[b"HTTP/1.1 400 Bad Request\r\n\r\n"]),
    },
    Row {
        says: "the proxy PEER asks for a user and a password: put user:password@ before its host",
        play: || http(Some(b"HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n")),
    },
    Row {
        says: "the proxy PEER asks for a login by NTLM or Negotiate, where this client has Basic alone",
        play: || {
            http(Some(b"HTTP/1.1 407 X\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: Negotiate\r\n\r\n"))
        },
    },
    Row {
        says: "the proxy PEER refused the user or the password",
        play: || socks("u:secret@", &[b"\x05\x02", b"\x01\x01"]),
    },
    Row {
        says: "the proxy PEER answered CONNECT with HTTP 403: does it allow that host and that port?",
        play: || http(Some(b"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 403 Forbidden\r\n\r\n")),
    },
    Row {
        says: "the proxy PEER lets nobody in without a login: put user:password@ before its host",
        play: || socks("", &[b"\x05\xff"]),
    },
    Row {
        says: "the proxy PEER takes no login by user and password, and lets nobody in without one",
        play: || socks("u:secret@", &[b"\x05\xff"]),
    },
    Row {
        says: "the proxy PEER wants login method 1, which it was not offered",
        play: || socks("", &[b"\x05\x01"]),
    },
    Row {
        says: "the proxy PEER answered the user and the password in another version than that of SOCKS5",
        play: || socks("u:secret@", &[b"\x05\x02", b"\x05\x00"]),
    },
    Row {
        says: "the proxy PEER does not allow connections to the gate",
        play: || socks("", &[b"\x05\x00", b"\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00"]),
    },
    Row {
        says: "the proxy PEER cannot reach the gate's host: does it know that name?",
        play: || socks("", &[b"\x05\x00", b"\x05\x04\x00\x01\x00\x00\x00\x00\x00\x00"]),
    },
    Row {
        says: "the proxy PEER was refused by the gate's host: is a gate running there, on that port?",
        play: || socks("", &[b"\x05\x00", b"\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00"]),
    },
    Row {
        says: "the proxy PEER got no answer from the gate's host",
        play: || socks("", &[b"\x05\x00", b"\x05\x06\x00\x01\x00\x00\x00\x00\x00\x00"]),
    },
    Row {
        says: "the proxy PEER answered with SOCKS5 error 1",
        play: || socks("", &[b"\x05\x00", b"\x05\x01\x00\x01\x00\x00\x00\x00\x00\x00"]),
    },
    Row {
        says: "the proxy PEER sent more than an answer",
        play: || http(Some(b"HTTP/1.1 200 OK\r\n\r\nmore")),
    },
];

#[test]
fn a_proxy_does_not_lead_to_the_gate() {
    play(ROWS);
}

/// `scheme` is that of the proxy, with its credentials.
fn by_proxy(scheme: &str, serve: impl FnOnce(TcpStream)) -> Said {
    let peer = Peer::new();
    let url = match scheme.split_once(' ') {
        Some((scheme, credentials)) => format!("{scheme}://{credentials}{}", peer.address()),
        None => format!("{scheme}://{}", peer.address()),
    };
    let options = ClientOptions::new(PID).endpoint("gate.invalid:1").proxy(url);
    let options = options.connection_timeout(Duration::from_secs(1));
    let said = said(options, peer.address(), || serve(peer.accept_tcp()));
    if let Said::Text { text, .. } = &said {
        assert!(!text.contains("secret"), "{text}");
    }
    said
}

/// An HTTP proxy that gives this answer and closes; or none, and waits.
fn http(answer: Option<&'static [u8]>) -> Said {
    by_proxy("http", |mut stream| {
        read_request(&mut stream);
        match answer {
            Some(answer) => stream.write_all(answer).expect("the client reads"),
            None => drop(stream.read(&mut [0])),
        }
    })
}

/// A SOCKS5 proxy that answers each thing it is sent with the next of these.
fn socks(credentials: &str, answers: &[&[u8]]) -> Said {
    by_proxy(&format!("socks5 {credentials}"), |mut stream| {
        for answer in answers {
            let n = stream.read(&mut [0; 512]).expect("the client speaks");
            assert!(n > 0);
            stream.write_all(answer).expect("the client reads");
        }
        let _ = stream.read(&mut [0]);
    })
}
