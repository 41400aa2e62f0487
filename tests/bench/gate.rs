//! How much the gate takes: connections at once, memory for each, messages a second between two of them.
//!
//! `cargo bench --bench gate` prints three figures. The other ends are bare sockets with frames made beforehand, so that
//! it is the gate that is measured; with fewer than three cores the two still compete.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use rtm_client::gate::Gate;

const CONNECTIONS: i64 = 1000;
const SPAN: Duration = Duration::from_secs(2);
/// Messages sent before their answers are waited for, and in one write.
const WINDOW: u64 = 4096;
const BATCH: u64 = 128;

fn main() -> io::Result<()> {
    let gate = Gate::builder().start()?;
    // What the first connection costs the process once is no matter of connections.
    let _first = login(&gate, 1)?;
    let before = resident();
    let began = Instant::now();
    let idle: Vec<TcpStream> =
        (2..CONNECTIONS + 2).map(|uid| login(&gate, uid)).collect::<io::Result<_>>()?;
    let took = began.elapsed();
    let each = resident().saturating_sub(before) as f64 / CONNECTIONS as f64;
    println!("connections        {} at once, logged in within {took:.2?}", gate.connections());
    println!("memory             {each:.1} KiB a connection");
    let (messages, took) = route(&gate)?;
    println!("messages           {:.0} a second", messages as f64 / took.as_secs_f64());
    drop(idle);
    Ok(())
}

/// One user sends to another for a while. Returns how many messages arrived, and in what time.
fn route(gate: &Gate) -> io::Result<(u64, Duration)> {
    let mut sender = login(gate, 100_001)?;
    let mut receiver = login(gate, 100_002)?;
    let mut answers = sender.try_clone()?;
    let began = Instant::now();
    let sending = thread::spawn(move || -> io::Result<u64> {
        let (mut sent, mut answered) = (0, 0);
        let mut incoming = Incoming::default();
        let mut out = Vec::new();
        while began.elapsed() < SPAN {
            out.clear();
            for number in sent + 1..=sent + BATCH {
                message(&mut out, number);
            }
            sender.write_all(&out)?;
            sent += BATCH;
            while sent - answered > WINDOW - BATCH {
                answered += incoming.read(&mut answers, |_| {})?;
            }
        }
        while answered < sent {
            answered += incoming.read(&mut answers, |_| {})?;
        }
        // The receiver has them all once it has this one.
        Ok(sent)
    });
    let mut incoming = Incoming::default();
    let mut received = 0;
    let mut out = Vec::new();
    let mut total = None;
    let mut sending = Some(sending);
    while total != Some(received) {
        out.clear();
        received += incoming.read(&mut receiver, |package| {
            // A two-way quest is answered, as every client does.
            if let (Some(1), Some(seq)) = (package.get(6), package.get(12..16)) {
                frame(&mut out, &[b"FPNN\x01\x80\x02\0\x01\0\0\0", seq, &[0x80]].concat());
            }
        })?;
        receiver.write_all(&out)?;
        if let Some(finished) = sending.take_if(|sending| sending.is_finished()) {
            total = Some(finished.join().unwrap_or(Ok(0))?);
        }
    }
    Ok((received, began.elapsed()))
}

/// A connection of that user, logged in.
fn login(gate: &Gate, uid: i64) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(gate.endpoint())?;
    stream.set_nodelay(true)?;
    write!(
        stream,
        "GET /service/websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend_from_slice(&byte);
    }
    let mut payload = vec![0x83];
    for (key, value) in [("pid", gate.pid()), ("uid", uid)] {
        field(&mut payload, key, value);
    }
    payload.extend_from_slice(b"\xa5token\xa1t");
    let mut out = Vec::new();
    frame(&mut out, &quest(1, "auth", &payload));
    stream.write_all(&out)?;
    Incoming::default().read(&mut stream, |_| {})?;
    Ok(stream)
}

/// Appends one chat message to user 100002, in its frame.
fn message(out: &mut Vec<u8>, number: u64) {
    let mut payload = vec![0x85];
    field(&mut payload, "to", 100_002);
    field(&mut payload, "mid", number as i64);
    payload.extend_from_slice(b"\xa5mtype\x1e\xa3msg\xb4hello there, old man\xa5attrs\xa0");
    frame(out, &quest(number as u32 + 1, "sendmsg", &payload));
}

fn field(payload: &mut Vec<u8>, key: &str, value: i64) {
    payload.push(0xa0 | key.len() as u8);
    payload.extend_from_slice(key.as_bytes());
    payload.push(0xd3);
    payload.extend_from_slice(&value.to_be_bytes());
}

fn quest(seq: u32, method: &str, payload: &[u8]) -> Vec<u8> {
    let mut package = b"FPNN\x01\x80\x01".to_vec();
    package.push(method.len() as u8);
    package.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    package.extend_from_slice(&seq.to_le_bytes());
    package.extend_from_slice(method.as_bytes());
    package.extend_from_slice(payload);
    package
}

/// Appends a masked frame of less than 126 bytes; the mask is 0.
fn frame(out: &mut Vec<u8>, package: &[u8]) {
    assert!(package.len() < 126);
    out.extend_from_slice(&[0x82, 0x80 | package.len() as u8, 0, 0, 0, 0]);
    out.extend_from_slice(package);
}

/// Cuts what the gate sends into packages.
#[derive(Default)]
struct Incoming {
    bytes: Vec<u8>,
}

impl Incoming {
    /// Reads once and hands every whole package to `each`. Returns how many these are; pings do not count.
    fn read(&mut self, stream: &mut TcpStream, mut each: impl FnMut(&[u8])) -> io::Result<u64> {
        let had = self.bytes.len();
        self.bytes.resize(had + 256 * 1024, 0);
        let len = stream.read(&mut self.bytes[had..])?;
        self.bytes.truncate(had + len);
        if len == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let (mut at, mut count) = (0, 0);
        while let Some(&[_, size]) = self.bytes.get(at..at + 2) {
            let (head, size) = match size {
                126 => match self.bytes.get(at + 2..at + 4) {
                    Some(&[high, low]) => (4, usize::from(u16::from_be_bytes([high, low]))),
                    _ => break,
                },
                size => (2, usize::from(size)),
            };
            let Some(package) = self.bytes.get(at + head..at + head + size) else { break };
            each(package);
            count += u64::from(!package.ends_with(b"ping\x80"));
            at += head + size;
        }
        self.bytes.drain(..at);
        Ok(count)
    }
}

/// Resident memory of this process, in KiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
