//! An address at which nobody answers, without any privilege: a listener whose queue of connections is full drops what
//! comes.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

/// More are never let in on any system.
const MOST: usize = 4096;

pub struct Dead {
    address: SocketAddr,
    _listener: Socket,
    _queued: Vec<Socket>,
}

impl Dead {
    /// At a free port of 127.0.0.1.
    pub fn new() -> Dead {
        Dead::at(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a full queue")
    }

    pub fn at(address: SocketAddr) -> io::Result<Dead> {
        let socket = || Socket::new(Domain::for_address(address), Type::STREAM, None);
        let listener = socket()?;
        listener.bind(&SockAddr::from(address))?;
        listener.listen(0)?;
        let bound = listener.local_addr()?;
        let address = bound.as_socket().ok_or(io::ErrorKind::AddrNotAvailable)?;
        let mut queued = Vec::new();
        while queued.len() < MOST {
            let next = socket()?;
            // Where one is not let in, no other will be.
            match next.connect_timeout(&bound, Duration::from_millis(100)) {
                Ok(()) => queued.push(next),
                Err(_) => return Ok(Dead { address, _listener: listener, _queued: queued }),
            }
        }
        Err(io::Error::other("the queue is never full here"))
    }

    pub fn address(&self) -> String {
        self.address.to_string()
    }
}
