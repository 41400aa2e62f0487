//! The peer: a process of its own that answers each quest at once, with one write for all answers of one read.
//!
//! Its framing is written by hand, so that it costs as little as possible. What it does depends on the port.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tungstenite::handshake::derive_accept_key;

use crate::machine;
use crate::tls;

/// The peer as the client sees it. It ends with this.
pub(crate) struct Peer {
    process: Child,
    pub(crate) ports: Ports,
    /// The certificate the peer signed itself.
    pub(crate) certificate: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ports {
    pub(crate) echo: u16,
    pub(crate) echo_tls: u16,
    /// Answers nothing but the login.
    pub(crate) silent: u16,
    /// Stops reading for a while at the first call.
    pub(crate) stuck: u16,
    /// Sends pushes at the first call.
    pub(crate) push: u16,
}

pub(crate) struct Orders {
    pub(crate) cpu: Option<usize>,
    pub(crate) stuck_for: Duration,
    pub(crate) pushes: u32,
}

impl Peer {
    pub(crate) fn start(orders: &Orders) -> io::Result<Peer> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("--peer")
            .arg(orders.cpu.map_or_else(|| "-".to_owned(), |cpu| cpu.to_string()))
            .arg(orders.stuck_for.as_millis().to_string())
            .arg(orders.pushes.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = process.stdout.take().ok_or(ErrorKind::BrokenPipe)?;
        let mut line = String::new();
        io::BufRead::read_line(&mut io::BufReader::new(stdout), &mut line)?;
        let mut words = line.split_whitespace();
        let mut port =
            || words.next().and_then(|word| word.parse().ok()).ok_or(ErrorKind::InvalidData);
        let ports = Ports {
            echo: port()?,
            echo_tls: port()?,
            silent: port()?,
            stuck: port()?,
            push: port()?,
        };
        let hex = words.next().unwrap_or_default();
        let certificate =
            data_encoding::HEXLOWER.decode(hex.as_bytes()).map_err(io::Error::other)?;
        Ok(Peer { process, ports, certificate })
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It ends when its standard input does.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

#[derive(Clone, Copy)]
enum Behaviour {
    Echo,
    Silent,
    Stuck(Duration),
    Push(u32),
}

/// The peer's process: serves until its standard input ends.
pub(crate) fn run(mut arguments: impl Iterator<Item = String>) -> io::Result<()> {
    let mut number = || arguments.next().and_then(|word| word.parse::<u64>().ok());
    if let Some(cpu) = number() {
        machine::pin(cpu as usize)?;
    }
    let stuck_for = Duration::from_millis(number().unwrap_or(0));
    let pushes = number().unwrap_or(0) as u32;
    let (certificate, config) = tls::server().map_err(io::Error::other)?;
    let echo = serve(Behaviour::Echo, None)?;
    let echo_tls = serve(Behaviour::Echo, Some(config))?;
    let silent = serve(Behaviour::Silent, None)?;
    let stuck = serve(Behaviour::Stuck(stuck_for), None)?;
    let push = serve(Behaviour::Push(pushes), None)?;
    let certificate = data_encoding::HEXLOWER.encode(&certificate);
    println!("{echo} {echo_tls} {silent} {stuck} {push} {certificate}");
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

fn serve(behaviour: Behaviour, tls: Option<Arc<rustls::ServerConfig>>) -> io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for socket in listener.incoming() {
            let (Ok(socket), tls) = (socket, tls.clone()) else { continue };
            thread::spawn(move || {
                // A connection ends with an error when the client goes: that is nothing to report.
                let _ = serve_one(behaviour, socket, tls);
            });
        }
    });
    Ok(port)
}

fn serve_one(
    behaviour: Behaviour,
    socket: TcpStream,
    tls: Option<Arc<rustls::ServerConfig>>,
) -> io::Result<()> {
    socket.set_nodelay(true)?;
    match tls {
        None => talk(behaviour, &socket, Some(&socket)),
        Some(config) => {
            let tls = rustls::ServerConnection::new(config).map_err(io::Error::other)?;
            talk(behaviour, rustls::StreamOwned::new(tls, socket), None)
        }
    }
}

fn talk(
    mut behaviour: Behaviour,
    mut stream: impl Read + Write,
    plain: Option<&TcpStream>,
) -> io::Result<()> {
    upgrade(&mut stream)?;
    let mut bytes = vec![0; 512 << 10];
    let (mut start, mut end) = (0, 0);
    let mut out = Vec::with_capacity(512 << 10);
    loop {
        let n = stream.read(&mut bytes[end..])?;
        if n == 0 {
            return Ok(());
        }
        end += n;
        let mut calls = 0;
        while let Some((opcode, payload, next)) = frame(&mut bytes[..end], start) {
            match opcode {
                2 => calls += u32::from(quest(&bytes[payload], behaviour, &mut out)),
                8 => return Ok(()),
                _ => {}
            }
            start = next;
        }
        bytes.copy_within(start..end, 0);
        (start, end) = (0, end - start);
        if let (Behaviour::Stuck(time), true) = (behaviour, calls > 0) {
            thread::sleep(time);
            behaviour = Behaviour::Echo;
        }
        stream.write_all(&out)?;
        stream.flush()?;
        out.clear();
        if let (Behaviour::Push(count), true, Some(socket)) = (behaviour, calls > 0, plain) {
            return push(socket, count);
        }
    }
}

fn upgrade(stream: &mut (impl Read + Write)) -> io::Result<()> {
    let mut request = Vec::new();
    let mut part = [0; 4096];
    while !request.ends_with(b"\r\n\r\n") {
        let n = stream.read(&mut part)?;
        if n == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        request.extend_from_slice(&part[..n]);
    }
    let request = String::from_utf8_lossy(&request);
    let key = request.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim())
    });
    let accept = derive_accept_key(key.ok_or(ErrorKind::InvalidData)?.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes())?;
    stream.flush()
}

/// The frame that starts at `start`: its opcode, where its payload is (no longer masked), where the next one starts.
/// Only as much as [`quest`] looks at is unmasked.
fn frame(bytes: &mut [u8], start: usize) -> Option<(u8, std::ops::Range<usize>, usize)> {
    let head = bytes.get(start..start + 2)?;
    let opcode = head[0] & 0x0f;
    let (len, mut at) = match head[1] & 0x7f {
        126 => (u16::from_be_bytes(bytes.get(start + 2..start + 4)?.try_into().ok()?).into(), 4),
        127 => (u64::from_be_bytes(bytes.get(start + 2..start + 10)?.try_into().ok()?), 10),
        len => (u64::from(len), 2),
    };
    at += start;
    let key: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    at += 4;
    let next = at + len as usize;
    let payload = bytes.get_mut(at..next)?;
    for (byte, key) in payload.iter_mut().take(24).zip(key.iter().cycle()) {
        *byte ^= key;
    }
    Some((opcode, at..next, next))
}

/// Answers a quest. `true` if it was a call, not the login.
fn quest(package: &[u8], behaviour: Behaviour, out: &mut Vec<u8>) -> bool {
    // An answer to a push is only counted off.
    let is_quest = package[6] == 1;
    let login = is_quest && package[16..].starts_with(b"auth");
    let payload: &[u8] = match behaviour {
        _ if login => b"\x81\xa2ok\xc3",
        Behaviour::Silent => return true,
        _ if !is_quest => return false,
        _ => b"\x81\xa5mtime\xd3",
    };
    let time = (package.len() as u64).to_be_bytes();
    let time: &[u8] = if login { &[] } else { &time };
    let size = payload.len() + time.len();
    out.extend_from_slice(&[0x82, 16 + size as u8]);
    out.extend_from_slice(b"FPNN\x01\x80\x02\x00");
    out.extend_from_slice(&(size as u32).to_le_bytes());
    out.extend_from_slice(&package[12..16]);
    out.extend_from_slice(payload);
    out.extend_from_slice(time);
    !login
}

/// Sends that many chat pushes as fast as the client takes them, and reads the answers on another thread.
fn push(socket: &TcpStream, count: u32) -> io::Result<()> {
    let mut reader = socket.try_clone()?;
    thread::spawn(move || io::copy(&mut reader, &mut io::sink()));
    let mut writer = socket;
    let mut out = Vec::new();
    for mid in 1..=count {
        let mut payload = Vec::with_capacity(128);
        payload.extend_from_slice(b"\x86\xa4from\xd3");
        payload.extend_from_slice(&crate::quest::TO.to_be_bytes());
        payload.extend_from_slice(b"\xa3mid\xd3");
        payload.extend_from_slice(&i64::from(mid).to_be_bytes());
        payload.extend_from_slice(b"\xa5mtype\x1e\xa3msg\xd9");
        payload.push(crate::quest::MSG.len() as u8);
        payload.extend_from_slice(crate::quest::MSG.as_bytes());
        payload.extend_from_slice(b"\xa5attrs\xa0\xa5mtime\xd3");
        payload.extend_from_slice(&1_700_000_000_000_i64.to_be_bytes());
        let size = 16 + 7 + payload.len();
        out.extend_from_slice(&[0x82, size as u8]);
        out.extend_from_slice(b"FPNN\x01\x80\x01\x07");
        out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        out.extend_from_slice(&mid.to_le_bytes());
        out.extend_from_slice(b"pushmsg");
        out.extend_from_slice(&payload);
        if mid % 256 == 0 || mid == count {
            writer.write_all(&out)?;
            out.clear();
        }
    }
    thread::sleep(Duration::from_secs(3600));
    Ok(())
}
