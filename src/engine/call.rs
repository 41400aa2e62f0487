//! A call: what it may do, what ends it, and the answer.

use crate::error::Error;
use crate::error_code::fpnn;
use crate::resume::Change;
use crate::wire::package::Encoding;
use crate::wire::payload::{self, Fields};

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

/// An answer of the gate, not decoded yet.
pub(crate) struct Answer<'a> {
    pub(crate) status: u8,
    pub(crate) encoding: Encoding,
    pub(crate) payload: &'a [u8],
}

impl Answer<'_> {
    /// Decodes the answer: its fields if its status is 0, otherwise the error it carries.
    pub(crate) fn read<T>(
        &self,
        decode: impl FnOnce(&Fields<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let result = payload::with_fields(self.encoding, self.payload, |fields| {
            if self.status == 0 { decode(fields) } else { Err(error_of(fields)) }
        });
        result.unwrap_or_else(|unreadable| {
            let text = format!("the answer's payload {unreadable}");
            Err(Error::new(fpnn::CORE_INVALID_PACKAGE, text))
        })
    }
}

fn error_of(fields: &Fields<'_>) -> Error {
    match fields.get("code") {
        Some(code) => {
            let code = i32::try_from(payload::int(code)).unwrap_or(fpnn::CORE_INVALID_PACKAGE);
            Error::of_service(code, fields.text("ex").to_string())
        }
        None => Error::new(fpnn::CORE_INVALID_PACKAGE, "an error answer without a code"),
    }
}
