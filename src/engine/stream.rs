//! What is under the WebSocket: the socket, TLS over it or not, and one buffer for everything that goes out.
//!
//! Whole frame follows whole frame in that buffer, so that none can cut another in two, and so that one which is not
//! begun can be taken back.

use std::io::{self, ErrorKind, Read, Write};

use mio::net::TcpStream;

use super::frame;
use super::tls::TlsSocket;
use crate::dial::words::Tls;

/// Bytes already written are dropped from the front of the buffer only from this many on.
const COMPACT: usize = 64 << 10;

/// A buffer that grew larger than this is given back once it is empty.
const KEPT: usize = 4 << 20;

/// A socket read as edge-triggered readiness wants it.
pub(super) struct Socket {
    tcp: TcpStream,
    /// Whether the kernel has nothing more for us until it says so again.
    drained: bool,
    /// Whether the peer has shut down its side, so that a short read does not mean that there is nothing more.
    hung_up: bool,
}

impl Socket {
    pub(super) fn new(tcp: TcpStream, hung_up: bool) -> Socket {
        Socket { tcp, drained: false, hung_up }
    }

    /// The kernel announced something to read.
    pub(super) fn readable(&mut self, hung_up: bool) {
        self.drained = false;
        self.hung_up |= hung_up;
    }
}

impl Read for Socket {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.drained {
            return Err(ErrorKind::WouldBlock.into());
        }
        match self.tcp.read(buf) {
            // Readiness is edge-triggered: whatever comes after a short read is announced anew, but on Windows, where mio
            // wants to see that there is nothing more.
            Ok(n) => {
                self.drained = cfg!(unix) && n < buf.len() && n > 0 && !self.hung_up;
                Ok(n)
            }
            Err(error) => {
                self.drained = error.kind() == ErrorKind::WouldBlock;
                Err(error)
            }
        }
    }
}

/// One buffer at a time: the system call for several would raise SIGPIPE where the peer is gone.
impl Write for Socket {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.tcp.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What carries the WebSocket.
pub(super) enum Transport {
    Plain(Socket),
    Tls(Box<TlsSocket>),
}

impl Transport {
    pub(super) fn socket(&mut self) -> &mut Socket {
        match self {
            Transport::Plain(socket) => socket,
            Transport::Tls(tls) => tls.socket(),
        }
    }
}

impl Read for Transport {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Transport::Plain(socket) => socket.read(buf),
            Transport::Tls(tls) => tls.read(buf),
        }
    }
}

impl Write for Transport {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Transport::Plain(socket) => socket.write(buf),
            Transport::Tls(tls) => tls.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Transport::Plain(socket) => socket.flush(),
            Transport::Tls(tls) => tls.flush(),
        }
    }
}

pub(super) struct Stream {
    transport: Transport,
    /// Bytes for the transport, from the start of a frame on; those before `written` have been written.
    out: Vec<u8>,
    written: usize,
    /// Bytes read and written since they were last asked for.
    traffic: (u64, u64),
}

impl Stream {
    pub(super) fn new(transport: Transport) -> Stream {
        Stream { transport, out: Vec::new(), written: 0, traffic: (0, 0) }
    }

    /// What a failure of TLS means, where it is one.
    pub(super) fn explain(&self, error: &io::Error) -> Option<Tls> {
        match &self.transport {
            Transport::Plain(_) => None,
            Transport::Tls(tls) => tls.explain(error),
        }
    }

    /// The kernel announced something to read.
    pub(super) fn readable(&mut self, hung_up: bool) {
        self.transport.socket().readable(hung_up);
    }

    pub(super) fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.transport.read(buf)?;
        self.traffic.0 += n as u64;
        Ok(n)
    }

    /// Where to append whole frames.
    pub(super) fn out(&mut self) -> &mut Vec<u8> {
        self.compact();
        &mut self.out
    }

    /// Gives back the frames that are written, once they are a quarter of what is held.
    fn compact(&mut self) {
        if self.written <= COMPACT || self.written <= self.out.len() / 4 {
            return;
        }
        let mut whole = 0;
        while let Some(frame) = self.out.get(whole..self.written).and_then(frame::first) {
            whole += frame.len;
        }
        self.out.drain(..whole);
        self.written -= whole;
        if self.out.capacity() > KEPT {
            self.out.shrink_to_fit();
        }
    }

    /// The numbers of the quests whose frames are not begun.
    pub(super) fn not_begun(&self) -> Vec<u32> {
        let mut seqs = Vec::new();
        let mut at = 0;
        while let Some(frame) = self.out.get(at..).and_then(frame::first) {
            if at >= self.written {
                seqs.extend(frame.seq);
            }
            at += frame.len;
        }
        seqs
    }

    /// The number of the first quest whose frame is not begun, of those that count.
    pub(super) fn first_not_begun(&self, counts: impl Fn(u32) -> bool) -> Option<u32> {
        let mut at = 0;
        while let Some(frame) = self.out.get(at..).and_then(frame::first) {
            if at >= self.written {
                if let Some(seq) = frame.seq.filter(|seq| counts(*seq)) {
                    return Some(seq);
                }
            }
            at += frame.len;
        }
        None
    }

    /// Takes out the frames that are not begun and whose quests have one of these numbers, given in order of the frames.
    pub(super) fn take_back(&mut self, quests: &[u32]) {
        let mut quests = quests.iter().peekable();
        let (mut at, mut kept) = (0, 0);
        while let Some(frame) = self.out.get(at..).and_then(frame::first) {
            let unwanted =
                at >= self.written && quests.next_if(|quest| frame.seq == Some(**quest)).is_some();
            if !unwanted {
                self.out.copy_within(at..at + frame.len, kept);
                kept += frame.len;
            }
            at += frame.len;
        }
        self.out.drain(kept..at);
    }

    /// How many bytes were read and written since this was last asked.
    pub(super) fn take_traffic(&mut self) -> (u64, u64) {
        std::mem::take(&mut self.traffic)
    }

    /// How many bytes wait for the transport.
    pub(super) fn waiting(&self) -> usize {
        self.out.len() - self.written
    }

    /// Writes until everything is written or the transport takes no more.
    pub(super) fn write_out(&mut self) -> io::Result<()> {
        while self.written < self.out.len() {
            match self.transport.write(self.out.get(self.written..).unwrap_or_default()) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => {
                    self.written += n;
                    self.traffic.1 += n as u64;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.compact();
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.out.clear();
        self.written = 0;
        if self.out.capacity() > KEPT {
            self.out = Vec::new();
        }
        match self.transport.flush() {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }
}
