//! Where the gate listens.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use mio::net::TcpListener;

use super::builder::Config;
use super::peers::Door;
use super::server::Listener;
use super::transport::{Identity, Security};

/// Which addresses lead to which door.
pub(super) struct Doors {
    pub(super) main: SocketAddr,
    pub(super) file: SocketAddr,
    pub(super) page: Option<SocketAddr>,
    pub(super) tls: Option<Tls>,
}

/// Where TLS is spoken, and the certificate shown there, in PEM.
pub(super) struct Tls {
    pub(super) main: SocketAddr,
    pub(super) file: SocketAddr,
    pub(super) certificate: String,
}

impl Doors {
    /// Listens at all addresses that are asked for.
    pub(super) fn open(config: &Config) -> io::Result<(Doors, Vec<Listener>)> {
        let mut listeners = Vec::new();
        let mut listen = |address: &str, door, security: &Security| {
            let (tcp, address) = bind(address)?;
            listeners.push(Listener { tcp, door, security: security.clone() });
            io::Result::Ok(address)
        };
        let main = listen(&config.listen, Door::Main, &Security::Plain)?;
        let (mut tls, mut either) = (None, Security::Plain);
        if let Some(tls_listen) = &config.tls_listen {
            let identity = match &config.certificate {
                Some((chain, key)) => Identity::from_pem(chain, key)?,
                None => Identity::new(tls_listen.rsplit_once(':').map_or("", |(host, _)| host))?,
            };
            either = Security::Either(Arc::clone(&identity.config));
            let security = Security::Tls(identity.config);
            let files = config.tls_file_listen.clone();
            let files = files.unwrap_or_else(|| next_port(&config.file_listen));
            tls = Some(Tls {
                main: listen(tls_listen, Door::Main, &security)?,
                file: listen(&files, Door::File, &security)?,
                certificate: identity.certificate,
            });
        }
        let file = listen(&config.file_listen, Door::File, &either)?;
        let page = config.page_listen.as_ref();
        let page = page.map(|address| listen(address, Door::Page, &either)).transpose()?;
        Ok((Doors { main, file, page, tls }, listeners))
    }

    /// For who has connections without listening.
    #[cfg(any(test, fuzzing))]
    pub(super) fn nowhere() -> Doors {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        Doors { main: address, file: address, page: None, tls: None }
    }

    /// All addresses, each with its name.
    pub(super) fn addresses(&self) -> Vec<(&'static str, SocketAddr)> {
        let page = self.page.map(|page| ("page", page));
        let tls = self.tls.iter().flat_map(|tls| [("tls_gate", tls.main), ("tls_file", tls.file)]);
        [("gate", self.main), ("file", self.file)].into_iter().chain(page).chain(tls).collect()
    }

    pub(super) fn ports(&self) -> Vec<u16> {
        self.addresses().into_iter().map(|(_, address)| address.port()).collect()
    }
}

/// Listens there; the error names the address.
fn bind(address: &str) -> io::Result<(TcpListener, SocketAddr)> {
    let bound = || {
        let address = address.to_socket_addrs()?.next();
        let address = address.ok_or_else(|| io::Error::other("no such host"))?;
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    bound().map_err(|error: io::Error| {
        io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
    })
}

/// The same host at the port after, or at any where that is any.
fn next_port(address: &str) -> String {
    let (host, port) = address.rsplit_once(':').unwrap_or((address, "0"));
    match port.parse::<u16>() {
        Ok(port @ 1..) => format!("{host}:{}", port.wrapping_add(1)),
        _ => format!("{host}:0"),
    }
}

#[cfg(test)]
mod tests {
    use super::next_port;

    #[test]
    fn the_port_after() {
        assert_eq!(next_port("127.0.0.1:13461"), "127.0.0.1:13462");
        assert_eq!(next_port("[::1]:0"), "[::1]:0");
        assert_eq!(next_port("localhost:65535"), "localhost:0");
    }
}
