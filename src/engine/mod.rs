//! The threads and what they share.

use std::cell::Cell;

use crate::error::Error;
use crate::error_code::fpnn;
use crate::wire::package::Encoding;
use crate::wire::payload::{self, Fields};

thread_local! {
    /// Whether this thread is running callbacks now.
    static IN_CALLBACK: Cell<bool> = const { Cell::new(false) };
}

/// Whether the caller is a callback.
pub(crate) fn on_callback_thread() -> bool {
    IN_CALLBACK.get()
}

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
        result.unwrap_or_else(|| {
            Err(Error::new(fpnn::CORE_INVALID_PACKAGE, "the answer's payload is no map"))
        })
    }
}

fn error_of(fields: &Fields<'_>) -> Error {
    match fields.get("code") {
        Some(code) => Error::new(payload::int(code) as i32, fields.text("ex").to_string()),
        None => Error::new(fpnn::CORE_INVALID_PACKAGE, "an error answer without a code"),
    }
}
