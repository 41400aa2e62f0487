//! An answer of the gate: its fields, or its error.

use super::package::Encoding;
use super::payload::{self, Fields};
use crate::error::Error;
use crate::error_code::fpnn;

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
            let said = fields.get("ex").map(payload::text).unwrap_or_default();
            Error::of_service(code, String::from_utf8_lossy(&said).into_owned())
        }
        None => Error::new(fpnn::CORE_INVALID_PACKAGE, "an error answer without a code"),
    }
}
