//! What the I/O thread waits with, made before it starts.

use std::io;
use std::sync::Arc;

use mio::{Poll, Token, Waker};

/// The waker's token; sockets have higher ones.
pub(super) const WAKER: Token = Token(0);

/// What has to exist before the thread starts.
pub(super) struct Parts {
    pub(super) poll: Poll,
    pub(super) waker: Arc<Waker>,
}

impl Parts {
    pub(super) fn new() -> io::Result<Parts> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        Ok(Parts { poll, waker })
    }

    pub(super) fn waker(&self) -> Arc<Waker> {
        self.waker.clone()
    }
}
