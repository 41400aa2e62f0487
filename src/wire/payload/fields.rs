//! Fields read leniently.

use std::borrow::Cow;

use rmpv::ValueRef;

use super::json::{name, to_json};

/// The fields of a payload's root map, borrowed from the payload.
pub(crate) struct Fields<'a> {
    pub(crate) entries: Vec<(ValueRef<'a>, ValueRef<'a>)>,
}

impl<'a> Fields<'a> {
    /// The field of that name.
    pub(crate) fn get(&self, key: &str) -> Option<&ValueRef<'a>> {
        entry(&self.entries, key)
    }

    /// All of them, as a JSON object.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let entries = self.entries.iter().map(|(key, value)| (name(key), to_json(value)));
        serde_json::Value::Object(entries.collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn int(&self, key: &str) -> i64 {
        self.get(key).map_or(0, int)
    }

    pub(crate) fn bool(&self, key: &str) -> bool {
        self.get(key).is_some_and(truthy)
    }

    /// A list of ids; a map stands for the list of its keys.
    pub(crate) fn ids(&self, key: &str) -> Vec<i64> {
        match self.get(key) {
            Some(ValueRef::Map(entries)) => entries.iter().map(|(key, _)| int(key)).collect(),
            _ => self.array(key).iter().map(int).collect(),
        }
    }

    pub(crate) fn array(&self, key: &str) -> &[ValueRef<'a>] {
        self.get(key).map_or(&[], array)
    }

    /// A map keyed by ids, which may be integers or decimal text, in the order it came.
    pub(crate) fn by_id<T>(
        &self,
        key: &str,
        mut read: impl FnMut(&ValueRef<'a>) -> T,
    ) -> Vec<(i64, T)> {
        match self.get(key) {
            Some(ValueRef::Map(entries)) => {
                entries.iter().map(|(key, value)| (int(key), read(value))).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The value of that name in a map; of several, the last. `None` if it is missing or nil.
pub(crate) fn entry<'v, 'a>(
    entries: &'v [(ValueRef<'a>, ValueRef<'a>)],
    key: &str,
) -> Option<&'v ValueRef<'a>> {
    match entries.iter().rev().find(|(name, _)| raw(name) == Some(key.as_bytes())) {
        None | Some((_, ValueRef::Nil)) => None,
        Some((_, value)) => Some(value),
    }
}

/// The bytes of a text, whether it came as str or bin.
pub(crate) fn raw<'v>(value: &'v ValueRef<'_>) -> Option<&'v [u8]> {
    match value {
        ValueRef::String(text) => Some(text.as_bytes()),
        ValueRef::Binary(bytes) => Some(bytes),
        _ => None,
    }
}

/// An integer from any numeric form or decimal text; what is no number is 0. An unsigned 64-bit integer keeps its
/// bits, a fraction is cut off.
pub(crate) fn int(value: &ValueRef<'_>) -> i64 {
    match value {
        ValueRef::Integer(int) => {
            int.as_i64().or_else(|| int.as_u64().map(|bits| bits as i64)).unwrap_or(0)
        }
        ValueRef::F32(float) => *float as i64,
        ValueRef::F64(float) => *float as i64,
        ValueRef::Boolean(true) => 1,
        value => raw(value).map_or(0, int_from_text),
    }
}

fn int_from_text(bytes: &[u8]) -> i64 {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return 0;
    };
    let text = text.trim();
    text.parse::<i64>()
        .ok()
        .or_else(|| text.parse::<u64>().ok().map(|bits| bits as i64))
        .or_else(|| text.parse::<f64>().ok().map(|float| float as i64))
        .unwrap_or(0)
}

/// What JavaScript takes for true.
pub(crate) fn truthy(value: &ValueRef<'_>) -> bool {
    match value {
        ValueRef::Nil => false,
        ValueRef::Boolean(value) => *value,
        ValueRef::Integer(_) => int(value) != 0,
        ValueRef::F32(float) => *float != 0.0 && !float.is_nan(),
        ValueRef::F64(float) => *float != 0.0 && !float.is_nan(),
        value => raw(value).is_none_or(|bytes| !bytes.is_empty()),
    }
}

/// The bytes of a text, which may have come as a number; of what is no text, none.
pub(crate) fn text<'v>(value: &'v ValueRef<'_>) -> Cow<'v, [u8]> {
    let spelt = match value {
        ValueRef::Integer(int) => int.to_string(),
        ValueRef::F32(float) => float.to_string(),
        ValueRef::F64(float) => float.to_string(),
        ValueRef::Boolean(value) => value.to_string(),
        value => return Cow::Borrowed(raw(value).unwrap_or_default()),
    };
    Cow::Owned(spelt.into_bytes())
}

pub(crate) fn array<'v, 'a>(value: &'v ValueRef<'a>) -> &'v [ValueRef<'a>] {
    match value {
        ValueRef::Array(items) => items,
        _ => &[],
    }
}
