//! The bytes of a connection, plain or over TLS.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown};
use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64;
use mio::net::TcpStream;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};
use socket2::SockRef;

/// What the first byte of a TLS connection is, and of no HTTP request.
const HANDSHAKE: u8 = 0x16;

/// How many reads in a row may give records and no text.
const MOST_EMPTY: usize = 64;

/// What a listener speaks.
#[derive(Clone)]
pub(super) enum Security {
    Plain,
    Tls(Arc<ServerConfig>),
    /// Whichever the other end begins with.
    Either(Arc<ServerConfig>),
}

enum Layer {
    Plain,
    Tls(Box<ServerConnection>),
    Undecided(Arc<ServerConfig>),
}

pub(super) struct Transport {
    tcp: TcpStream,
    layer: Layer,
}

impl Transport {
    pub(super) fn new(tcp: TcpStream, security: &Security) -> io::Result<Transport> {
        let layer = match security {
            Security::Plain => Layer::Plain,
            Security::Tls(config) => Layer::tls(config)?,
            Security::Either(config) => Layer::Undecided(Arc::clone(config)),
        };
        Ok(Transport { tcp, layer })
    }

    /// Whether a read that fills less than the buffer has taken everything that was there.
    pub(super) fn short_means_empty(&self) -> bool {
        matches!(self.layer, Layer::Plain)
    }

    /// Has the connection end with a reset when it is dropped.
    pub(super) fn reset(&self) -> io::Result<()> {
        SockRef::from(&self.tcp).set_linger(Some(Duration::ZERO))
    }

    /// Says that nothing more will be written.
    pub(super) fn shut_down(&mut self) -> io::Result<()> {
        if let Layer::Tls(tls) = &mut self.layer {
            tls.send_close_notify();
            self.flush()?;
        }
        self.tcp.shutdown(Shutdown::Write)
    }

    /// Reads past whatever comes; only the end matters.
    pub(super) fn discard(&mut self, sink: &mut [u8]) -> io::Result<usize> {
        self.tcp.read(sink)
    }

    fn decide(&mut self) -> io::Result<()> {
        if let Layer::Undecided(config) = &self.layer {
            let mut first = [0];
            let len = self.tcp.peek(&mut first)?;
            self.layer = match first {
                [HANDSHAKE] if len == 1 => Layer::tls(config)?,
                _ => Layer::Plain,
            };
        }
        Ok(())
    }
}

impl Layer {
    fn tls(config: &Arc<ServerConfig>) -> io::Result<Layer> {
        let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        Ok(Layer::Tls(Box::new(connection)))
    }
}

impl Read for Transport {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.decide()?;
        let Layer::Tls(tls) = &mut self.layer else {
            return self.tcp.read(buf);
        };
        for _ in 0..MOST_EMPTY {
            match tls.reader().read(buf) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                done => return done,
            }
            if tls.read_tls(&mut self.tcp)? == 0 {
                return Ok(0);
            }
            if let Err(error) = tls.process_new_packets() {
                // The alert that says why; if it does not get through, the other end sees the connection end.
                let _ = tls.write_tls(&mut OneByOne(&mut self.tcp));
                return Err(io::Error::new(ErrorKind::InvalidData, error));
            }
        }
        // Or a client that sends fast enough would keep the gate from all others.
        Err(io::Error::new(ErrorKind::InvalidData, "TLS records without anything in them"))
    }
}

impl Write for Transport {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let Layer::Tls(tls) = &mut self.layer else {
            return self.tcp.write(buf);
        };
        let len = tls.writer().write(buf)?;
        match self.flush() {
            // Taken is taken: what is still in the TLS buffer goes out with the next flush.
            Err(error) if len == 0 || error.kind() != ErrorKind::WouldBlock => Err(error),
            _ if len > 0 || buf.is_empty() => Ok(len),
            _ => Err(ErrorKind::Interrupted.into()),
        }
    }

    /// Hands over to the socket what the TLS layer holds.
    fn flush(&mut self) -> io::Result<()> {
        if let Layer::Tls(tls) = &mut self.layer {
            while tls.wants_write() {
                if tls.write_tls(&mut OneByOne(&mut self.tcp))? == 0 {
                    return Err(ErrorKind::WriteZero.into());
                }
            }
        }
        Ok(())
    }
}

/// One buffer at a time: the system call for several would raise SIGPIPE where the client is gone.
struct OneByOne<'a>(&'a mut TcpStream);

impl Write for OneByOne<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A certificate and its key, for TLS.
pub(super) struct Identity {
    pub(super) config: Arc<ServerConfig>,
    /// The certificate in PEM.
    pub(super) certificate: String,
}

impl Identity {
    /// From PEM; the certificate's issuers may follow it.
    pub(super) fn from_pem(certificate: &str, key: &str) -> io::Result<Identity> {
        let chain = CertificateDer::pem_slice_iter(certificate.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| unreadable("certificate", &error))?;
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
            .map_err(|error| unreadable("key", &error))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| unreadable("certificate or its key", &error))?;
        Ok(Identity { config: Arc::new(config), certificate: certificate.to_owned() })
    }

    /// A new one that vouches for itself, for the names of this machine and the host listened on, and for those that the
    /// JavaScript SDK makes of them for files.
    pub(super) fn new(host: &str) -> io::Result<Identity> {
        let known = ["localhost", "rtm.localhost", "fileproxy-rtm.localhost", "127.0.0.1", "::1"];
        let mut names = known.map(str::to_owned).to_vec();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if !known.contains(&host) {
            names.push(host.to_owned());
            if host.parse::<IpAddr>().is_err() {
                names.push(format!("fileproxy-{host}"));
            }
        }
        let (certificate, key) = self_signed(names)?;
        Identity::from_pem(&certificate, &key)
    }
}

/// A certificate that vouches for itself, for these names, and its key: both PEM.
pub(crate) fn self_signed(names: Vec<String>) -> io::Result<(String, String)> {
    let made = rcgen::generate_simple_self_signed(names).map_err(io::Error::other)?;
    let key = made.signing_key.serialize_der();
    Ok((pem("CERTIFICATE", made.cert.der()), pem("PRIVATE KEY", &key)))
}

fn pem(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in BASE64.encode(der).as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text + &format!("-----END {label}-----\n")
}

fn unreadable(what: &str, error: &dyn std::fmt::Display) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, format!("the {what} cannot be used: {error}"))
}
