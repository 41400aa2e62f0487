//! TLS: the connector for the options, and a socket under the connector.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, OnceLock};

use log::Level;
use rustls::ClientConnection;
use rustls::pki_types::ServerName;

use super::stream::Socket;
use crate::dial::tls::{Config, Seen, Witness, explain, make};
use crate::dial::words::Tls;
use crate::error::Error;
use crate::error_code::fpnn;
use crate::guard;
use crate::options::TlsOptions;

/// How much is read from the socket at once; a record is a little over 16 KiB.
const RECEIVED: usize = 20 << 10;

/// How many reads in a row may give records and no text.
const MOST_EMPTY: usize = 64;

/// How much is encrypted before the socket takes it: so many bytes of plain text, and of records.
const SENT: usize = 128 << 10;

/// Starts TLS over a socket.
#[derive(Clone)]
pub(super) struct Connector(Config);

/// The connector that the options ask for. It is made when it is first needed: reading the root certificates takes a
/// while.
pub(super) fn connector(
    made: &OnceLock<Connector>,
    options: &TlsOptions,
) -> Result<Connector, Error> {
    if options.accept_invalid {
        guard::log(
            Level::Warn,
            "rtm_client::connect",
            format_args!(
                "the gate's certificate is not verified: danger_accept_invalid_certs is set"
            ),
        );
    }
    if let Some(connector) = made.get() {
        return Ok(connector.clone());
    }
    let connector = Connector(make(options)?);
    Ok(made.get_or_init(|| connector).clone())
}

impl Connector {
    /// TLS with `host` over `socket`. Nothing is sent yet.
    pub(super) fn start(&self, socket: Socket, host: &str) -> Result<TlsSocket, Error> {
        let name = ServerName::try_from(host.to_owned()).map_err(|error| {
            let text = format!("{host} is no name a certificate can be for");
            Error::with_source(fpnn::CORE_INVALID_CONNECTION, text, error)
        })?;
        let mut session = ClientConnection::new(self.0.config.clone(), name).map_err(|error| {
            let text = "the TLS session could not be started";
            Error::with_source(fpnn::CORE_INVALID_CONNECTION, text, error)
        })?;
        session.set_buffer_limit(Some(SENT));
        let received = vec![0; RECEIVED].into_boxed_slice();
        let witness = self.0.witness.clone();
        Ok(TlsSocket { socket, session, witness, seen: Seen::default(), received, unread: 0..0 })
    }
}

/// A socket with TLS: plain text on this side, records on the other.
pub(crate) struct TlsSocket {
    socket: Socket,
    session: ClientConnection,
    witness: Arc<Witness>,
    seen: Seen,
    /// The session takes 4 KiB at a time, which is too little for a system call.
    received: Box<[u8]>,
    /// The part of `received` the session has not taken yet.
    unread: std::ops::Range<usize>,
}

impl TlsSocket {
    pub(super) fn socket(&mut self) -> &mut Socket {
        &mut self.socket
    }

    /// What a failure of TLS means, where it is one.
    pub(super) fn explain(&self, error: &io::Error) -> Option<Tls> {
        let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
        Some(explain(error, self.seen, self.witness.shows_certificate()))
    }

    /// Goes on with the handshake. `false` if it waits for the peer.
    pub(super) fn handshake(&mut self) -> io::Result<bool> {
        loop {
            match self.flush() {
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
            if !self.session.is_handshaking() {
                return Ok(true);
            }
            match self.receive() {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    /// Hands the session the next bytes of the peer.
    fn receive(&mut self) -> io::Result<()> {
        if self.unread.is_empty() {
            let n = self.socket.read(&mut self.received)?;
            self.unread = 0..n;
            if n == 0 && self.session.is_handshaking() {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        // Nothing unread tells the session that the peer has closed.
        let mut unread = self.received.get(self.unread.clone()).unwrap_or_default();
        self.unread.start += self.session.read_tls(&mut unread)?;
        let result = self.session.process_new_packets().map(|_| ());
        self.seen.add(self.witness.take());
        result.map_err(|error| {
            // The peer is told why, if that is possible at once.
            let _ = self.flush();
            io::Error::new(ErrorKind::InvalidData, error)
        })
    }
}

impl Read for TlsSocket {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        for _ in 0..MOST_EMPTY {
            match self.session.reader().read(buf) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.receive()?,
                // Closed without saying so: the frames know where they end.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(0),
                result => return result,
            }
        }
        // Or a peer that sends fast enough would be read for ever.
        Err(io::Error::new(ErrorKind::InvalidData, "TLS records without anything in them"))
    }
}

impl Write for TlsSocket {
    /// Takes as many bytes as there is room for; what is taken may still have to be flushed.
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self.session.writer().write(buf)? {
            // Full: make room. Whoever is told 0 would take the connection for closed.
            0 => {
                self.flush()?;
                self.session.writer().write(buf)
            }
            n => Ok(n),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            match self.session.write_tls(&mut self.socket) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}
