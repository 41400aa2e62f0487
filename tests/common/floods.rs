//! What a client may pour into a gate without end.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use super::{DEADLINE, package};

pub struct Flood {
    pub name: &'static str,
    /// What comes first, and what comes again and again.
    first: Vec<u8>,
    unit: Vec<u8>,
}

/// A client's frame, its key all zeros.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        len @ 0..126 => frame.push(0x80 | len as u8),
        len => {
            frame.push(0x80 | 127);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

pub fn floods() -> Vec<Flood> {
    let unknown = package::quest(1, "nosuchmethod", &[0x80]);
    let one_way = package::one_way("x", &[0x80]);
    let mut large = unknown.clone();
    large[8..12].copy_from_slice(&0x7f_0000_u32.to_le_bytes());
    let flood =
        |name, first: &[u8], unit: &[u8]| Flood { name, first: first.into(), unit: unit.into() };
    let again = |name, unit: &[u8]| flood(name, &[], unit);
    vec![
        again("pings", &frame(0x89, &[7; 125])),
        again("empty pings", &frame(0x89, b"")),
        again("pongs", &frame(0x8a, &[7; 125])),
        again("empty frames", &frame(0x82, b"")),
        flood("empty fragments", &frame(0x02, b""), &frame(0x00, b"")),
        flood("short fragments", &frame(0x01, b""), &frame(0x00, b"x")),
        flood("crumbs of a package", &frame(0x82, &large), &frame(0x82, b"x")),
        again("unknown quests", &frame(0x82, &unknown)),
        again("unknown quests in long frames", &frame(0x82, &unknown.repeat(100_000))),
        again("one-way quests in long frames", &frame(0x82, &one_way.repeat(100_000))),
        again("long texts", &frame(0x81, &[b'x'; 4 << 20])),
        again("close frames", &frame(0x88, &[3, 0xe8])),
        again("nothing but connections", b""),
    ]
}

impl Flood {
    /// Pours for so long, into one connection after the other where the gate closes them.
    pub fn pour(&self, endpoint: &str, reads: bool, until: Instant) {
        let units = self.unit.repeat((64 << 10) / self.unit.len().max(1) + 1);
        let mut sink = vec![0; 64 << 10];
        while Instant::now() < until {
            let mut socket = connect(endpoint);
            let mut left = &self.first[..];
            while Instant::now() < until {
                if left.is_empty() {
                    left = &units;
                }
                match socket.write(left) {
                    Ok(0) => break,
                    Ok(len) => left = &left[len..],
                    Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::yield_now(),
                    Err(_) => break,
                }
                if reads && matches!(socket.read(&mut sink), Ok(0)) {
                    break;
                }
            }
        }
    }
}

/// A WebSocket that does not block.
fn connect(endpoint: &str) -> TcpStream {
    let stream = TcpStream::connect(endpoint).expect("the gate is there");
    stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
    let url = format!("ws://{endpoint}/service/websocket");
    let (socket, _) = tungstenite::client(url, stream).expect("an upgrade");
    let stream = socket.get_ref().try_clone().expect("a socket");
    stream.set_nonblocking(true).expect("a socket");
    stream
}
