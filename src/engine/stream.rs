//! The layer under the WebSocket: the socket, with or without TLS, and the buffer for all output.

use std::io::{self, ErrorKind, Read, Write};

use mio::net::TcpStream;

use super::tls::TlsSocket;
use crate::dial::words::Tls;
use crate::wire::outgoing::Outgoing;

/// A socket, read in the way that edge-triggered readiness needs.
pub(super) struct Socket {
    tcp: TcpStream,
    /// Whether the kernel has no more bytes until its next event.
    drained: bool,
    /// Whether the peer has shut down its side, so that a short read does not mean that all bytes are read.
    hung_up: bool,
}

impl Socket {
    pub(super) fn new(tcp: TcpStream, hung_up: bool) -> Socket {
        Socket { tcp, drained: false, hung_up }
    }

    /// The kernel announced bytes to read.
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

/// One buffer at a time, because the system call for several buffers would raise SIGPIPE if the peer is gone.
impl Write for Socket {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.tcp.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The layer that carries the WebSocket.
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
    pub(super) out: Outgoing,
    /// Bytes read and written since the last question.
    traffic: (u64, u64),
}

impl Stream {
    pub(super) fn new(transport: Transport) -> Stream {
        Stream { transport, out: Outgoing::default(), traffic: (0, 0) }
    }

    /// The meaning of a failure of TLS, if the failure is one.
    pub(super) fn explain(&self, error: &io::Error) -> Option<Tls> {
        match &self.transport {
            Transport::Plain(_) => None,
            Transport::Tls(tls) => tls.explain(error),
        }
    }

    /// The kernel announced bytes to read.
    pub(super) fn readable(&mut self, hung_up: bool) {
        self.transport.socket().readable(hung_up);
    }

    pub(super) fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.transport.read(buf)?;
        self.traffic.0 += n as u64;
        Ok(n)
    }

    /// The bytes read and written since the last question.
    pub(super) fn take_traffic(&mut self) -> (u64, u64) {
        std::mem::take(&mut self.traffic)
    }

    /// Writes until all bytes are written, or the transport takes no more.
    pub(super) fn write_out(&mut self) -> io::Result<()> {
        while !self.out.unwritten().is_empty() {
            match self.transport.write(self.out.unwritten()) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => {
                    self.out.wrote(n);
                    self.traffic.1 += n as u64;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.out.compact();
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        match self.transport.flush() {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }
}
