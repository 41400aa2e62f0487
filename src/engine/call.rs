//! A call: what it may do, and what ends it.

use crate::error::Error;
use crate::resume::Change;
use crate::wire::answer::Answer;

/// What ends a call. Whoever takes it out of the table owes the call.
pub(crate) enum Complete {
    /// Decodes the answer and runs user code: for the callback thread.
    Callback(Ending),
    /// Decodes the answer and wakes who waits for it. That is our own code, so the thread that has the result runs it,
    /// and a waited-for call needs one thread less.
    Waiter(Ending),
    /// One whose success is noted, to be resumed after a relogin. The I/O thread takes the note off before it hands the
    /// call on.
    Noted(Box<(Change, Complete)>),
}

/// What may become of a call while the connection is made again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It fails.
    Call,
    /// It waits, if the options say so: it carries a mid, so that its meaning does not change with the time.
    Send,
}

pub(super) type Ending = Box<dyn for<'a> FnOnce(Result<Answer<'a>, Error>) + Send>;
