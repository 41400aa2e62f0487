//! No WebSocket comes about.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use socket2::SockRef;
use tungstenite::handshake::derive_accept_key;

use super::{Row, Said, play, said};
use crate::common::peer::{Peer, read_request};

pub(super) const ROWS: &[Row] = &[
    Row {
        says: "PEER did not answer the WebSocket upgrade: is it a gate?",
        play: || by_peer(|mut stream, _| drop(stream.read(&mut [0]))),
    },
    Row {
        says: "PEER did not finish its answer to the WebSocket upgrade",
        play: || {
            by_peer(|mut stream, _| {
                stream.write_all(b"HTTP/1.1 101 Swi").expect("the client reads");
                let _ = stream.read(&mut [0]);
            })
        },
    },
    Row {
        says: "PEER closed the connection during the upgrade, without an answer: is it a gate, and the port for TLS or without it?",
        play: || answer(""),
    },
    Row {
        says: "PEER closed the connection during the upgrade, in the middle of its answer",
        play: || answer("HTTP/1.1 101 Swi"),
    },
    Row {
        says: "PEER broke the connection off during the upgrade",
        play: || {
            by_peer(|stream, _| {
                let linger = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
                linger.expect("a socket option");
            })
        },
    },
    Row {
        says: "PEER answered the upgrade with a head of more than 64 KiB",
        play: || {
            by_peer(|mut stream, _| {
                let head = format!("HTTP/1.1 101 S\r\nX: {}", "x".repeat(65 << 10));
                let _ = stream.write_all(head.as_bytes());
                let _ = stream.read(&mut [0]);
            })
        },
    },
    Row {
        says: "PEER does not speak WebSocket, for its answer is not HTTP: is it a gate's port for WebSocket?",
        play: || answer("SSH-2.0-x\r\n"),
    },
    Row {
        says: "PEER answered the WebSocket upgrade with HTTP 302: a redirect is not followed, see endpoint",
        play: || answer("HTTP/1.1 302 Found\r\nLocation: http://a.example/\r\n\r\n"),
    },
    Row {
        says: "PEER answered the WebSocket upgrade with HTTP 503: it is too busy, try later",
        play: || answer("HTTP/1.1 503 Busy\r\nRetry-After: 1\r\n\r\n"),
    },
    Row {
        says: "PEER answered the WebSocket upgrade with HTTP 404: is it a gate?",
        play: || answer("HTTP/1.1 404 Not Found\r\n\r\n"),
    },
    Row {
        says: "PEER does not speak WebSocket, for its answer has no right Sec-WebSocket-Accept: does something in between change it?",
        play: || switched(|_| "Sec-WebSocket-Accept: bm90IHRoZSBrZXk=".to_owned()),
    },
    Row {
        says: "PEER chose the WebSocket extension \"permessage-deflate\", which nobody asked for",
        play: || {
            switched(|accept| format!("{accept}\r\nSec-WebSocket-Extensions: permessage-deflate"))
        },
    },
    Row {
        says: "PEER chose the WebSocket subprotocol \"arraybuffer\", which nobody asked for",
        play: || switched(|accept| format!("{accept}\r\nSec-WebSocket-Protocol: arraybuffer")),
    },
];

#[test]
fn no_websocket_comes_about() {
    play(ROWS);
}

/// `serve` gets the connection behind the request, and the right header for the key in it.
fn by_peer(serve: impl FnOnce(TcpStream, String)) -> Said {
    let peer = Peer::new();
    let options = peer.options().connection_timeout(Duration::from_secs(1));
    said(options, peer.address(), || {
        let mut stream = peer.accept_tcp();
        let request = read_request(&mut stream);
        let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
        let accept = derive_accept_key(key.expect("a key").as_bytes());
        serve(stream, format!("Sec-WebSocket-Accept: {accept}"));
    })
}

fn answer(answer: &str) -> Said {
    by_peer(|mut stream, _| stream.write_all(answer.as_bytes()).expect("the client reads"))
}

/// An answer with the headers that `change` makes of the right one.
fn switched(change: fn(String) -> String) -> Said {
    by_peer(|mut stream, accept| {
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{}\r\n\r\n",
            change(accept)
        );
        stream.write_all(answer.as_bytes()).expect("the client reads");
        let _ = stream.read(&mut [0]);
    })
}
