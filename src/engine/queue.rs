//! The queue of messages sent while the client reconnects, and of messages to be sent again: in order, bounded in bytes
//! and age.

use super::Complete;
use super::call::Note;
use super::resend::{Kept, resent};
use crate::error::Error;
use crate::error_code::fpnn;
use crate::pending::{Pending, Taken};
use crate::time::Time;

/// A send that waits for the connection.
pub(super) struct Queued {
    pub(super) kept: Kept,
    /// The deadline of the message itself.
    pub(super) deadline: Time,
    pub(super) complete: Complete,
}

pub(super) struct Queue {
    /// The time by which they have to be sent.
    waiting: Pending<Queued>,
    bytes: usize,
    /// Bytes of sends in flight that will be sent again if their connection is lost.
    kept: usize,
}

impl Queue {
    pub(super) fn new() -> Queue {
        Queue { waiting: Pending::starting_at(0), bytes: 0, kept: 0 }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.kept
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.len() == 0
    }

    /// Counts a kept send in flight of that number of bytes. Returns `false` if there is no room.
    pub(super) fn keep(&mut self, bytes: usize, most: usize) -> bool {
        let fits = self.bytes() + bytes <= most;
        self.kept += if fits { bytes } else { 0 };
        fits
    }

    /// Subtracts the bytes of a kept send that is no longer in flight.
    pub(super) fn take_kept(&mut self, complete: &mut Complete) -> Option<Kept> {
        let note = complete.note.take_if(|note| matches!(**note, Note::Kept(_)))?;
        let Note::Kept(kept) = *note else { return None };
        self.kept -= kept.frame.frame_len();
        Some(kept)
    }

    /// Queues a send until `too_old` or its own deadline, whichever is earlier. Returns the earlier time.
    pub(super) fn push(&mut self, queued: Queued, too_old: Time) -> Time {
        let until = queued.deadline.min(too_old);
        self.bytes += queued.kept.frame.frame_len();
        self.waiting.insert(until, queued);
        until
    }

    /// The same for a send in flight whose connection is lost; `begun`: it may have arrived.
    pub(super) fn push_again(&mut self, mut queued: Queued, begun: bool, too_old: Time) {
        if begun && !queued.kept.resent {
            queued.kept.resent = true;
            queued.complete.ending = resent(queued.complete.ending);
        }
        self.push(queued, too_old);
    }

    /// Takes all sends, in the order in which they were made.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Queued> + use<> {
        self.bytes = 0;
        self.waiting.drain(0).into_iter().map(|taken| taken.call)
    }

    /// Takes at most `most` of the sends that have waited too long, each with the reason.
    pub(super) fn expire(&mut self, now: Time, most: usize, expired: &mut Vec<(Complete, Error)>) {
        let mut old = Vec::new();
        self.waiting.expire(now, most, &mut old);
        for Taken { call: Queued { kept, deadline, complete }, .. } in old {
            self.bytes -= kept.frame.frame_len();
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
