//! Looking a name up.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use crossbeam_channel::{Receiver, bounded};
use mio::Waker;

/// The addresses, once they are known.
pub(super) type Addresses = Receiver<io::Result<Vec<SocketAddr>>>;

/// Looks the name up on a thread that holds nothing of the client; a result that comes too late is dropped.
pub(super) fn resolve(host: String, port: u16, waker: &Arc<Waker>) -> io::Result<Addresses> {
    let (answer, answered) = bounded(1);
    let waker = waker.clone();
    let thread = std::thread::Builder::new().name("rtm-resolve".into());
    thread.spawn(move || {
        let addresses = (host.as_str(), port).to_socket_addrs().map(Iterator::collect);
        if answer.send(addresses).is_ok() {
            super::wake(&waker);
        }
    })?;
    Ok(answered)
}
