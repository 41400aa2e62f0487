//! Sends made while the connection is made again: in order, bounded in bytes and age.

use super::Complete;
use super::frame::FrameBuffer;
use crate::error::Error;
use crate::error_code::fpnn;
use crate::pending::{Pending, Taken};
use crate::time::Time;

/// A send that waits for the connection.
pub(super) struct Queued {
    pub(super) frame: FrameBuffer,
    /// When its own timeout is over.
    pub(super) deadline: Time,
    pub(super) complete: Complete,
}

pub(super) struct Queue {
    /// By when they have to be sent.
    waiting: Pending<Queued>,
    bytes: usize,
}

impl Queue {
    pub(super) fn new() -> Queue {
        Queue { waiting: Pending::starting_at(0), bytes: 0 }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Queues a send until `too_old` or its own deadline, whichever is earlier. Returns that.
    pub(super) fn push(&mut self, queued: Queued, too_old: Time) -> Time {
        let until = queued.deadline.min(too_old);
        self.bytes += queued.frame.frame_len();
        self.waiting.insert(until, queued);
        until
    }

    /// Takes all sends, in the order in which they were made.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Queued> + use<> {
        self.bytes = 0;
        self.waiting.drain(0).into_iter().map(|taken| taken.call)
    }

    /// Takes at most `most` of the sends that have waited too long, each with why.
    pub(super) fn expire(&mut self, now: Time, most: usize, expired: &mut Vec<(Complete, Error)>) {
        let mut old = Vec::new();
        self.waiting.expire(now, most, &mut old);
        for Taken { call: Queued { frame, deadline, complete }, .. } in old {
            self.bytes -= frame.frame_len();
            let error = if deadline <= now {
                Error::new(fpnn::CORE_TIMEOUT, "")
            } else {
                let text = "the connection was not there again within the longest wait of sends";
                Error::new(fpnn::CORE_CONNECTION_CLOSED, text)
            };
            expired.push((complete, error.unsent()));
        }
    }

    pub(super) fn next_deadline(&mut self) -> Time {
        self.waiting.next_deadline()
    }
}
