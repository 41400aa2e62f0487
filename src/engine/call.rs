//! The way of a call: admitted, numbered, entered in the table, its frame put into the outbox; and the ends of a call.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::callbacks::{Batch, Item};
use super::queue::Queued;
use super::resend::Kept;
use super::upload::{UPLOAD_SEQ, UploadRequest};
use super::{Admission, Command, Engine, Sitter, State, wake};
use crate::catch_up;
use crate::error::Error;
use crate::error_code::fpnn;
use crate::resume::Change;
use crate::time::{CALL_TIMEOUT, Time, to_time};
use crate::types::ProgressHandler;
use crate::wire::answer::Answer;
use crate::wire::frame_buffer::FrameBuffer;
use crate::wire::package;

/// The end of a call. The code that takes it out of the table owes the end to the caller.
pub(crate) struct Complete {
    /// Decodes the answer and calls back.
    pub(crate) ending: Ending,
    /// Whether the end only wakes a waiter and runs no user code. The thread that has the result then runs the end, and a
    /// waited-for call needs one thread less.
    pub(crate) at_once: bool,
    /// The meaning of the call for the next connection. The code that takes the call out of the table takes off this
    /// note.
    pub(crate) note: Option<Box<Note>>,
}

/// What a call means for the next connection.
pub(crate) enum Note {
    /// The change by its success, to be resumed.
    Change(Change),
    /// The call is sent again if this connection is lost.
    Kept(Kept),
}

/// The end of a call that the client itself made.
pub(crate) enum Told {
    /// A question of the machine that catches up.
    Answered { id: u32, answer: Result<catch_up::Answer<catch_up::Message>, i32> },
    /// A resumed state, of a room or not; with the error, if the resume failed.
    Resumed { room: Option<i64>, failed: Option<Error> },
}

impl Complete {
    pub(crate) fn new(
        at_once: bool,
        ending: impl FnOnce(Result<Answer<'_>, Error>) + Send + 'static,
    ) -> Complete {
        Complete { ending: Box::new(ending), at_once, note: None }
    }
}

pub(super) type Ending = Box<dyn for<'a> FnOnce(Result<Answer<'a>, Error>) + Send>;

/// The treatment of a call while the client reconnects.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The call fails.
    Call,
    /// The call waits, if the options say so: the call has a mid, so its meaning does not change with time.
    Send,
}

thread_local! {
    /// The buffer in which this thread encodes its calls.
    static FRAME: RefCell<FrameBuffer> = RefCell::default();
}

impl Engine {
    /// Sends a quest. `complete` is called exactly once; a callback later, among the callbacks.
    pub(crate) fn call(
        self: &Arc<Self>,
        kind: Kind,
        method: &str,
        now: Time,
        payload: impl FnOnce(&mut Vec<u8>),
        timeout: Option<Duration>,
        complete: Complete,
    ) {
        let timeout = timeout.filter(|timeout| !timeout.is_zero()).unwrap_or(CALL_TIMEOUT);
        let refused = FRAME.with_borrow_mut(|frame| {
            let size = frame.build(|out| package::write_quest(out, Some(0), method, payload));
            let refused = match self.too_large(method, size) {
                Some(error) => Some((complete, error)),
                None => self.enqueue(kind, frame, now, timeout, complete),
            };
            frame.shrink();
            refused
        });
        if let Some((complete, error)) = refused {
            self.fail(complete, error);
        }
    }

    fn too_large(&self, method: &str, size: usize) -> Option<Error> {
        let limit = self.options.max_sent_bytes;
        (size > limit).then(|| {
            let text = format!("{method}: a package of {size} bytes, the limit is {limit}");
            Error::new(fpnn::CORE_ENCODING, text).unsent()
        })
    }

    /// The one lock of a call: takes a sequence number, enters the call, appends its frame to the outbox.
    fn enqueue(
        &self,
        kind: Kind,
        frame: &FrameBuffer,
        now: Time,
        timeout: Duration,
        mut complete: Complete,
    ) -> Option<(Complete, Error)> {
        let deadline = now.saturating_add(to_time(timeout));
        let reconnecting = &self.options.reconnecting;
        // Copied before the lock is taken.
        let copy = (kind == Kind::Send && reconnecting.resend)
            .then(|| Kept { frame: frame.clone(), resent: false });
        let mut state = self.state.lock();
        if let Some(error) = self.refusal(&state, kind, frame.frame_len()) {
            drop(state);
            return Some((complete, error));
        }
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.counters.calls.add(1);
        let deadline = if let Admission::Reconnecting = state.admission {
            let too_old = now.saturating_add(to_time(reconnecting.max_age));
            let kept = copy.unwrap_or_else(|| Kept { frame: frame.clone(), resent: false });
            state.queue.push(Queued { kept, deadline, complete }, too_old)
        } else {
            // What does not fit into the queue is not sent again.
            let kept = copy.filter(|_| state.queue.keep(frame.frame_len(), reconnecting.max_bytes));
            if let Some(kept) = kept {
                complete.note = Some(Box::new(Note::Kept(kept)));
            }
            let seq = state.pending.insert(deadline, complete);
            frame.append_with_seq(&mut state.outbox, seq);
            self.counters.queued_bytes.set(state.outbox.len() as u64);
            deadline
        };
        let wake_timer = state.timer_is_late_for(deadline);
        let sleeper = state.take_sleeper(|sitter| sitter == Sitter::Asleep);
        drop(state);
        if wake_timer {
            self.deadline_changed.notify_one();
        }
        if let Some(io) = sleeper {
            wake(&io);
        }
        None
    }

    /// The reason why a call with a frame of that length is refused.
    fn refusal(&self, state: &State, kind: Kind, len: usize) -> Option<Error> {
        let (bytes, most, text) = match &state.admission {
            Admission::Refused(error) => return Some(error.clone()),
            Admission::Reconnecting if kind == Kind::Call => {
                return Some(Error::connection_closed().unsent());
            }
            Admission::Open => (
                self.queued_bytes(state),
                self.options.max_queued_bytes,
                "max_queued_bytes is reached",
            ),
            Admission::Reconnecting => {
                let most = self.options.reconnecting.max_bytes;
                (state.queue.bytes(), most, "the queue of sends made while reconnecting is full")
            }
        };
        let full = |text| Some(Error::new(fpnn::CORE_WORK_QUEUE_FULL, text).unsent());
        if self.in_flight.load(Ordering::Relaxed) >= self.options.max_in_flight {
            return full("max_in_flight is reached");
        }
        if bytes + len > most { full(text) } else { None }
    }

    /// Bytes that wait for the socket.
    fn queued_bytes(&self, state: &State) -> usize {
        state.outbox.len() + self.unwritten.load(Ordering::Relaxed)
    }

    /// Sends a quest to the file gate, over a connection of its own. `complete` is called exactly once.
    pub(crate) fn upload(
        self: &Arc<Self>,
        method: &str,
        payload: impl FnOnce(&mut Vec<u8>),
        deadline: Time,
        progress: Option<ProgressHandler>,
        complete: Complete,
    ) {
        let mut buffer = FrameBuffer::default();
        let size = buffer.build(|out| package::write_quest(out, Some(UPLOAD_SEQ), method, payload));
        if let Some(error) = self.too_large(method, size) {
            self.let_go(progress);
            return self.fail(complete, error);
        }
        // It goes on for the call that got the token, which was within the bounds.
        let frame = buffer.into_frame();
        let request = UploadRequest { frame, deadline, progress, complete };
        let mut state = self.state.lock();
        let Some(io) = state.io.clone() else {
            drop(state);
            self.let_go(request.progress);
            return self.fail(request.complete, Error::connection_closed().unsent());
        };
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        state.commands.push(Command::Upload(Box::new(request)));
        state.sitter = Sitter::Awake;
        drop(state);
        wake(&io);
    }

    /// Ends a call that was not sent; its callback runs as late as any other.
    pub(crate) fn fail(self: &Arc<Self>, complete: Complete, error: Error) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        let mut batch = Batch::default();
        self.end(complete, error, &mut batch);
        self.deliver(batch);
    }

    /// Drops a handler of the program among the callbacks, because the drop is user code.
    pub(crate) fn let_go(self: &Arc<Self>, handler: Option<ProgressHandler>) {
        let mut batch = Batch::default();
        batch.items.extend(handler.map(Item::Dropped));
        self.deliver(batch);
    }

    /// Ends a call with an error: a waiter at once, a callback in its turn.
    pub(super) fn end(&self, complete: Complete, error: Error, batch: &mut Batch) {
        if complete.at_once {
            self.call_ended();
            (complete.ending)(Err(error));
        } else {
            batch.items.push_back(Item::Failed { ending: complete.ending, error });
        }
    }
}
