//! One quest as a method sees it, and the reasons to refuse it.

use std::borrow::Cow;
use std::cell::Cell;
use std::net::IpAddr;

use rmpv::ValueRef;

use super::peers::{ConnId, Door};
use super::store::Bytes;
use crate::error_code::{fpnn, rtm};
use crate::wire::package::Encoding;
use crate::wire::payload::{self, Fields};

/// Why a quest is answered with an error.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: i32,
    pub(super) ex: Cow<'static, str>,
}

pub(super) fn refusal(code: i32, ex: impl Into<Cow<'static, str>>) -> Refusal {
    Refusal { code, ex: ex.into() }
}

/// What a method returns; its answer it has written by then.
pub(super) type Done = Result<(), Refusal>;

/// One quest: who asks, when, and the fields. Where a field may be missing it may be nil as well.
pub(super) struct Call<'f, 'a> {
    pub(super) conn: ConnId,
    pub(super) door: Door,
    /// The address of this machine that the connection came to.
    pub(super) local: IpAddr,
    /// The user logged in on the connection; 0 before login.
    pub(super) uid: i64,
    /// Milliseconds since 1970.
    pub(super) now: i64,
    /// How the quest is written.
    pub(super) encoding: Encoding,
    pub(super) fields: &'f Fields<'a>,
    /// The first integer that came as a double.
    pub(super) double: Cell<Option<&'static str>>,
}

impl<'f, 'a> Call<'f, 'a> {
    fn required(&self, key: &str) -> Result<&'f ValueRef<'a>, Refusal> {
        let is_key = |(name, _): &&(ValueRef<'_>, _)| payload::raw(name) == Some(key.as_bytes());
        match (self.fields.get(key), self.fields.entries.iter().find(is_key)) {
            (Some(value), _) => Ok(value),
            // As `undefined` goes out in JavaScript.
            (None, Some(_)) => {
                Err(refusal(fpnn::PROTO_TYPE_CONVERT, format!("required key {key} is nil")))
            }
            (None, None) => {
                Err(refusal(fpnn::PROTO_KEY_NOT_FOUND, format!("required key {key} is missing")))
            }
        }
    }

    pub(super) fn int(&self, key: &'static str) -> Result<i64, Refusal> {
        self.integer(key, self.required(key)?)
    }

    pub(super) fn opt_int(&self, key: &'static str) -> Result<Option<i64>, Refusal> {
        self.fields.get(key).map(|value| self.integer(key, value)).transpose()
    }

    /// Any numeric form: JavaScript writes a large plain number as a double.
    fn integer(&self, key: &'static str, value: &ValueRef<'_>) -> Result<i64, Refusal> {
        const LIMIT: f64 = 9_223_372_036_854_775_807.0;
        let whole = |float: f64| {
            if self.double.get().is_none() {
                self.double.set(Some(key));
            }
            (float.fract() == 0.0 && float.abs() <= LIMIT).then_some(float as i64)
        };
        let int = match value {
            ValueRef::Integer(int) => int.as_i64(),
            ValueRef::F32(float) => whole(f64::from(*float)),
            ValueRef::F64(float) => whole(*float),
            _ => None,
        };
        int.ok_or_else(|| wrong_type(key, "a 64-bit integer"))
    }

    fn integers(&self, key: &'static str, value: &ValueRef<'_>) -> Result<Vec<i64>, Refusal> {
        match value {
            ValueRef::Array(items) => items.iter().map(|item| self.integer(key, item)).collect(),
            _ => Err(wrong_type(key, "a list of integers")),
        }
    }

    pub(super) fn bool(&self, key: &str) -> Result<bool, Refusal> {
        truth(key, self.required(key)?)
    }

    pub(super) fn opt_bool(&self, key: &str) -> Result<Option<bool>, Refusal> {
        self.fields.get(key).map(|value| truth(key, value)).transpose()
    }

    /// The bytes of a text, which may come as str or bin.
    pub(super) fn bytes(&self, key: &str) -> Result<&'f [u8], Refusal> {
        let value = self.required(key)?;
        payload::raw(value).ok_or_else(|| wrong_type(key, "a text"))
    }

    pub(super) fn opt_bytes(&self, key: &str) -> Result<Option<&'f [u8]>, Refusal> {
        match self.fields.get(key) {
            None => Ok(None),
            Some(value) => payload::raw(value).map(Some).ok_or_else(|| wrong_type(key, "a text")),
        }
    }

    pub(super) fn text(&self, key: &str) -> Result<&'f str, Refusal> {
        utf8(key, self.bytes(key)?)
    }

    pub(super) fn opt_text(&self, key: &str) -> Result<Option<&'f str>, Refusal> {
        self.opt_bytes(key)?.map(|bytes| utf8(key, bytes)).transpose()
    }

    /// Text or bytes, remembering which of the two it was.
    pub(super) fn body(&self, key: &str) -> Result<Bytes<'f>, Refusal> {
        let value = self.required(key)?;
        match payload::raw(value) {
            Some(bytes) => Ok(Bytes { bytes, binary: matches!(value, ValueRef::Binary(_)) }),
            None => Err(wrong_type(key, "a text or bytes")),
        }
    }

    /// A list of ids, from 1 to `limit` of them.
    pub(super) fn ids(&self, key: &'static str, limit: usize) -> Result<Vec<i64>, Refusal> {
        let ids = self.integers(key, self.required(key)?)?;
        if ids.is_empty() {
            return Err(refusal(rtm::EMPTY_PARAMETER, format!("{key} is empty")));
        }
        if ids.len() > limit {
            let ex = format!("{key} has {} items, at most {limit}", ids.len());
            return Err(refusal(rtm::TOO_MANY_ITEMS_IN_PARAMETERS, ex));
        }
        Ok(ids)
    }

    /// A list of integers of any length; `None` if there is none.
    pub(super) fn opt_ints(&self, key: &'static str) -> Result<Option<Vec<i64>>, Refusal> {
        self.fields.get(key).map(|value| self.integers(key, value)).transpose()
    }

    /// A map of texts, in the caller's order.
    pub(super) fn texts(&self, key: &str) -> Result<Vec<(String, String)>, Refusal> {
        let texts = match self.required(key)? {
            ValueRef::Map(entries) => {
                let text = |value| payload::raw(value).map(lossy);
                let pairs = entries.iter().map(|(name, value)| Some((text(name)?, text(value)?)));
                pairs.collect::<Option<Vec<_>>>()
            }
            _ => None,
        };
        texts.ok_or_else(|| wrong_type(key, "a map of texts"))
    }

    pub(super) fn opt_texts(&self, key: &str) -> Result<Option<Vec<(String, String)>>, Refusal> {
        self.fields.get(key).map(|_| self.texts(key)).transpose()
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Refuses a value of more than `limit` bytes.
pub(super) fn at_most(code: i32, key: &str, len: usize, limit: usize) -> Done {
    if len > limit {
        return Err(refusal(code, format!("{key} has {len} bytes, at most {limit}")));
    }
    Ok(())
}

fn wrong_type(key: &str, expected: &str) -> Refusal {
    refusal(fpnn::PROTO_TYPE_CONVERT, format!("{key} is not {expected}"))
}

fn utf8<'f>(key: &str, bytes: &'f [u8]) -> Result<&'f str, Refusal> {
    std::str::from_utf8(bytes).map_err(|_| wrong_type(key, "a UTF-8 text"))
}

fn truth(key: &str, value: &ValueRef<'_>) -> Result<bool, Refusal> {
    match value {
        ValueRef::Boolean(value) => Ok(*value),
        ValueRef::Integer(int) => Ok(int.as_u64() != Some(0)),
        _ => Err(wrong_type(key, "a boolean")),
    }
}
