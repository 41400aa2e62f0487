//! MessagePack payloads: maps written key by key in the order given, and maps read leniently.
//!
//! Reading follows what servers of several generations send: a missing or nil field is its type's empty value, an
//! integer comes in any numeric form or as decimal text, text comes as str or bin and need not be UTF-8.

use std::borrow::Cow;
use std::fmt;

use rmp::encode;
use rmpv::ValueRef;

use super::package::Encoding;
use super::values::{self, MOST_VALUES};
use crate::types::{Body, Content, Text, Translation};

/// How deep containers may nest, the root map included. Reading is recursive: the decoder's own limit overflows the stack
/// of a thread.
const DEEPEST: usize = 64;

/// The same as the decoder counts: two for a container, and three for a text in the innermost. Where something smaller is
/// innermost, one container more is read.
const DECODER_DEPTH: usize = 2 * DEEPEST + 3;

/// Writes one map, counting its entries.
///
/// Ids are the 9-byte int64 form, other numbers the shortest, as the JavaScript SDK writes them.
pub(crate) struct MapWriter<'a> {
    out: &'a mut Vec<u8>,
    count_at: usize,
    count: u16,
}

/// Appends a map whose entries `fill` writes.
pub(crate) fn write_map(out: &mut Vec<u8>, fill: impl FnOnce(&mut MapWriter<'_>)) {
    let count_at = out.len();
    out.push(0x80);
    let mut map = MapWriter { out, count_at, count: 0 };
    fill(&mut map);
    let MapWriter { out, count_at, count } = map;
    if count < 16 {
        if let Some(head) = out.get_mut(count_at) {
            *head = 0x80 | count as u8;
        }
    } else {
        let [high, low] = count.to_be_bytes();
        out.splice(count_at..=count_at, [0xde, high, low]);
    }
}

impl MapWriter<'_> {
    /// Begins an entry; its value goes to the bytes returned.
    pub(crate) fn key(&mut self, key: &str) -> &mut Vec<u8> {
        self.count += 1;
        write_text(self.out, key);
        self.out
    }

    /// An id, mid or millisecond time: always int64.
    pub(crate) fn id(&mut self, key: &str, value: i64) {
        write_id(self.key(key), value);
    }

    pub(crate) fn opt_id(&mut self, key: &str, value: Option<i64>) {
        if let Some(value) = value {
            self.id(key, value);
        }
    }

    /// Any other number: the shortest form within a signed 32-bit integer, a float64 beyond, as JavaScript writes its
    /// numbers.
    pub(crate) fn number(&mut self, key: &str, value: i64) {
        write_number(self.key(key), value);
    }

    pub(crate) fn bool(&mut self, key: &str, value: bool) {
        self.key(key).push(if value { 0xc3 } else { 0xc2 });
    }

    pub(crate) fn opt_bool(&mut self, key: &str, value: Option<bool>) {
        if let Some(value) = value {
            self.bool(key, value);
        }
    }

    pub(crate) fn nil(&mut self, key: &str) {
        self.key(key).push(0xc0);
    }

    pub(crate) fn text(&mut self, key: &str, value: &str) {
        write_text(self.key(key), value);
    }

    pub(crate) fn opt_text(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    /// A text as it came from the service, whatever its bytes: str.
    pub(crate) fn any_text(&mut self, key: &str, value: &Text) {
        let bytes = value.as_bytes();
        let out = self.key(key);
        if let Err(never) = encode::write_str_len(out, bytes.len() as u32) {
            unreachable_write(never);
        }
        out.extend_from_slice(bytes);
    }

    pub(crate) fn bytes(&mut self, key: &str, value: &[u8]) {
        write_bytes(self.key(key), value);
    }

    pub(crate) fn content(&mut self, key: &str, value: &Content<'_>) {
        match value {
            Content::Text(text) => self.text(key, text),
            Content::Bytes(bytes) => self.bytes(key, bytes),
        }
    }

    pub(crate) fn ids(&mut self, key: &str, values: &[i64]) {
        let out = self.key(key);
        write_array_len(out, values.len());
        values.iter().for_each(|&value| write_id(out, value));
    }

    pub(crate) fn numbers(&mut self, key: &str, values: &[i64]) {
        let out = self.key(key);
        write_array_len(out, values.len());
        values.iter().for_each(|&value| write_number(out, value));
    }

    pub(crate) fn opt_numbers(&mut self, key: &str, values: Option<&[i64]>) {
        if let Some(values) = values {
            self.numbers(key, values);
        }
    }

    /// A map of texts, in the caller's order.
    pub(crate) fn texts(&mut self, key: &str, pairs: &[(String, String)]) {
        let out = self.key(key);
        match encode::write_map_len(out, pairs.len() as u32) {
            Ok(_) => {}
            Err(never) => unreachable_write(never),
        }
        for (name, value) in pairs {
            write_text(out, name);
            write_text(out, value);
        }
    }
}

/// Writing into a `Vec` cannot fail; this says so in one place.
fn unreachable_write<E: std::fmt::Debug>(error: E) {
    debug_assert!(false, "writing into memory failed: {error:?}");
}

pub(crate) fn write_id(out: &mut Vec<u8>, value: i64) {
    out.push(0xd3);
    out.extend_from_slice(&value.to_be_bytes());
}

fn write_number(out: &mut Vec<u8>, value: i64) {
    if i32::try_from(value).is_ok() {
        if let Err(never) = encode::write_sint(out, value) {
            unreachable_write(never);
        }
    } else {
        out.push(0xcb);
        out.extend_from_slice(&(value as f64).to_be_bytes());
    }
}

pub(crate) fn write_text(out: &mut Vec<u8>, value: &str) {
    if let Err(never) = encode::write_str(out, value) {
        unreachable_write(never);
    }
}

fn write_bytes(out: &mut Vec<u8>, value: &[u8]) {
    if value.len() == 255 {
        // The JavaScript SDK changes to the two-byte length one byte early.
        out.extend_from_slice(&[0xc5, 0, 255]);
        out.extend_from_slice(value);
        return;
    }
    if let Err(never) = encode::write_bin(out, value) {
        unreachable_write(never);
    }
}

fn write_array_len(out: &mut Vec<u8>, len: usize) {
    if let Err(never) = encode::write_array_len(out, len as u32) {
        unreachable_write(never);
    }
}

/// The fields of a payload's root map, borrowed from the payload.
pub(crate) struct Fields<'a> {
    pub(crate) entries: Vec<(ValueRef<'a>, ValueRef<'a>)>,
}

/// Why a payload cannot be read, as the end of a sentence.
#[derive(Debug)]
pub(crate) struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Unreadable {
    fn too_many() -> Unreadable {
        Unreadable(format!("holds more than {MOST_VALUES} values"))
    }
}

/// Reads the payload's root map and hands it to `read`. Bytes after the map are ignored.
pub(crate) fn with_fields<T>(
    encoding: Encoding,
    payload: &[u8],
    read: impl FnOnce(&Fields<'_>) -> T,
) -> Result<T, Unreadable> {
    let bytes = match encoding {
        Encoding::MsgPack if values::too_many_in_msgpack(payload) => {
            return Err(Unreadable::too_many());
        }
        Encoding::MsgPack => Cow::Borrowed(payload),
        Encoding::Json => Cow::Owned(json_to_msgpack(payload)?),
    };
    match rmpv::decode::read_value_ref_with_max_depth(&mut &*bytes, DECODER_DEPTH) {
        Ok(ValueRef::Map(entries)) => Ok(read(&Fields { entries })),
        Ok(_) => Err(Unreadable("is no map".to_owned())),
        Err(rmpv::decode::Error::DepthLimitExceeded) => {
            Err(Unreadable(format!("is nested more than {DEEPEST} deep")))
        }
        Err(_) if bytes.is_empty() => Err(Unreadable("is empty".to_owned())),
        Err(_) => Err(Unreadable("is cut short or no MessagePack".to_owned())),
    }
}

fn json_to_msgpack(json: &[u8]) -> Result<Vec<u8>, Unreadable> {
    if values::too_many_in_json(json) {
        return Err(Unreadable::too_many());
    }
    let value: serde_json::Value =
        serde_json::from_slice(json).map_err(|error| Unreadable(format!("is no JSON: {error}")))?;
    let mut out = Vec::with_capacity(json.len());
    write_json(&mut out, &value);
    Ok(out)
}

fn write_json(out: &mut Vec<u8>, value: &serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::Null => out.push(0xc0),
        Value::Bool(value) => out.push(if *value { 0xc3 } else { 0xc2 }),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => write_id(out, value),
            (None, Some(value)) => {
                out.push(0xcf);
                out.extend_from_slice(&value.to_be_bytes());
            }
            (None, None) => {
                out.push(0xcb);
                out.extend_from_slice(&number.as_f64().unwrap_or(0.0).to_be_bytes());
            }
        },
        Value::String(text) => write_text(out, text),
        Value::Array(items) => {
            write_array_len(out, items.len());
            items.iter().for_each(|item| write_json(out, item));
        }
        Value::Object(entries) => {
            if let Err(never) = encode::write_map_len(out, entries.len() as u32) {
                unreachable_write(never);
            }
            for (key, value) in entries {
                write_text(out, key);
                write_json(out, value);
            }
        }
    }
}

impl<'a> Fields<'a> {
    /// The field of that name; of several, the last. `None` if it is missing or nil.
    pub(crate) fn get(&self, key: &str) -> Option<&ValueRef<'a>> {
        let found = self.entries.iter().rev().find(|(name, _)| raw(name) == Some(key.as_bytes()));
        match found {
            None | Some((_, ValueRef::Nil)) => None,
            Some((_, value)) => Some(value),
        }
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

    pub(crate) fn text(&self, key: &str) -> Text {
        self.get(key).map_or_else(Text::default, text)
    }

    pub(crate) fn body(&self, key: &str) -> Body {
        self.get(key).map_or_else(Body::default, body)
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

pub(crate) fn text(value: &ValueRef<'_>) -> Text {
    match value {
        ValueRef::String(_) | ValueRef::Binary(_) => Text::from_wire(raw(value).unwrap_or(&[])),
        ValueRef::Integer(int) => Text::Utf8(int.to_string()),
        ValueRef::F32(float) => Text::Utf8(float.to_string()),
        ValueRef::F64(float) => Text::Utf8(float.to_string()),
        ValueRef::Boolean(value) => Text::Utf8(value.to_string()),
        _ => Text::default(),
    }
}

/// The body of a message: text, bytes, or the map of a translated text.
pub(crate) fn body(value: &ValueRef<'_>) -> Body {
    match value {
        ValueRef::Map(entries) => {
            let part = |key: &str| {
                let found =
                    entries.iter().rev().find(|(name, _)| raw(name) == Some(key.as_bytes()));
                found.map_or_else(Text::default, |(_, value)| text(value))
            };
            Body::Translated(Translation {
                source: part("source"),
                target: part("target"),
                source_text: part("sourceText"),
                target_text: part("targetText"),
            })
        }
        value => match text(value) {
            Text::Utf8(text) => Body::Text(text),
            Text::Bytes(bytes) => Body::Binary(bytes),
        },
    }
}

pub(crate) fn array<'v, 'a>(value: &'v ValueRef<'a>) -> &'v [ValueRef<'a>] {
    match value {
        ValueRef::Array(items) => items,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beyond_a_signed_32_bit_integer_are_floats() {
        let written = |value| {
            let mut out = Vec::new();
            write_number(&mut out, value);
            out
        };
        assert_eq!(written(127), [0x7f]);
        assert_eq!(written(128), [0xcc, 128]);
        assert_eq!(written(-33), [0xd0, 0xdf]);
        assert_eq!(written(0x7fff_ffff), [0xce, 0x7f, 0xff, 0xff, 0xff]);
        assert_eq!(written(0x8000_0000), [0xcb, 0x41, 0xe0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(written(-0x8000_0001), [0xcb, 0xc1, 0xe0, 0, 0, 0, 0x20, 0, 0]);
    }

    /// Of each kind of container, with each kind of value innermost.
    #[test]
    fn as_deep_as_is_promised_and_not_two_deeper() {
        for opening in [&[0x91][..], &[0x81, 0xa1, b'k']] {
            for innermost in [&[0xc0][..], &[0x07], &[0xa1, b'x'], &[0xc4, 1, 0xff], &[0x90]] {
                let read = |containers: usize| {
                    let inside = opening.repeat(containers - 1);
                    let payload = [&[0x81, 0xa1, b'r'][..], &inside, innermost].concat();
                    with_fields(Encoding::MsgPack, &payload, |_| ()).map_err(|error| error.0)
                };
                // An empty list is a container as well.
                let more = usize::from(innermost == [0x90]);
                assert_eq!(read(DEEPEST - more), Ok(()), "{opening:x?} {innermost:x?}");
                let error = read(DEEPEST + 2).expect_err("two deeper");
                assert!(error.contains("64 deep"), "{error}");
            }
        }
    }

    #[test]
    fn bytes_have_the_javascript_head() {
        let head = |len| {
            let mut out = Vec::new();
            write_bytes(&mut out, &vec![7; len]);
            out.truncate(out.len() - len);
            out
        };
        assert_eq!(head(254), [0xc4, 254]);
        assert_eq!(head(255), [0xc5, 0, 255]);
        assert_eq!(head(256), [0xc5, 1, 0]);
        assert_eq!(head(0xffff), [0xc5, 0xff, 0xff]);
        assert_eq!(head(0x1_0000), [0xc6, 0, 1, 0, 0]);
    }
}
