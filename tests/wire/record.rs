//! The recording: its lines, their notation, and values read as leniently as the service's clients read them.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use data_encoding::HEXLOWER_PERMISSIVE;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A value of the recording or of a payload. Maps keep their order; `Bytes` is what came as bytes, and a text that is not
/// UTF-8.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Value {
    /// Nil, or not there.
    #[default]
    Nil,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
}

/// The lines of one file of the recording; a line that is no JSON is its number and the reason.
pub(crate) fn lines(file: &str) -> Result<Vec<Result<Value, String>>, String> {
    let folder = match std::env::var_os("RTM_WIRE_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/wire"),
    };
    let path = folder.join(file);
    let text = fs::read_to_string(&path).map_err(|err| format!("{}: {err}", path.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    Ok(lines
        .map(|(at, line)| {
            from_json(line.as_bytes())
                .map(read_notation)
                .ok_or_else(|| format!("line {} is no JSON", at + 1))
        })
        .collect())
}

pub(crate) fn from_json(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice(bytes).ok()
}

pub(crate) fn from_msgpack(mut bytes: &[u8]) -> Option<Value> {
    rmpv::decode::read_value(&mut bytes).ok().map(convert)
}

fn convert(value: rmpv::Value) -> Value {
    use rmpv::Value as Pack;
    match value {
        Pack::Nil | Pack::Ext(..) => Value::Nil,
        Pack::Boolean(value) => Value::Bool(value),
        Pack::Integer(int) => match (int.as_i64(), int.as_u64()) {
            (Some(int), _) => Value::Int(int.into()),
            (None, int) => Value::Int(int.unwrap_or(0).into()),
        },
        Pack::F32(float) => Value::Float(float.into()),
        Pack::F64(float) => Value::Float(float),
        Pack::String(text) => match String::from_utf8(text.into_bytes()) {
            Ok(text) => Value::Text(text),
            Err(err) => Value::Bytes(err.into_bytes()),
        },
        Pack::Binary(bytes) => Value::Bytes(bytes),
        Pack::Array(items) => Value::List(items.into_iter().map(convert).collect()),
        Pack::Map(entries) => Value::Map(
            entries.into_iter().map(|(key, value)| (convert(key).key(), convert(value))).collect(),
        ),
    }
}

/// Replaces `{"$i64": …}` and its kin by what they stand for.
fn read_notation(value: Value) -> Value {
    match value {
        Value::List(items) => Value::List(items.into_iter().map(read_notation).collect()),
        Value::Map(entries) => {
            if let [(tag, inner)] = &entries[..] {
                if let Some(value) = tagged(tag, inner) {
                    return value;
                }
            }
            Value::Map(
                entries.into_iter().map(|(key, value)| (key, read_notation(value))).collect(),
            )
        }
        value => value,
    }
}

fn tagged(tag: &str, inner: &Value) -> Option<Value> {
    match (tag, inner) {
        ("$i64" | "$u64", Value::Text(digits)) => digits.parse().ok().map(Value::Int),
        ("$f64", Value::Text(digits)) => digits.parse().ok().map(Value::Float),
        ("$undef", _) => Some(Value::Nil),
        ("$bin" | "$buf" | "$rawstr", Value::Text(hex)) => unhex(hex).map(Value::Bytes),
        ("$file" | "$err", inner) => Some(read_notation(inner.clone())),
        _ => None,
    }
}

pub(crate) fn unhex(hex: &str) -> Option<Vec<u8>> {
    HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    HEXLOWER_PERMISSIVE.encode(bytes)
}

const NIL: &Value = &Value::Nil;

impl Value {
    /// The field of that name; of several, the last.
    pub(crate) fn get(&self, key: &str) -> &Value {
        match self {
            Value::Map(entries) => {
                entries.iter().rev().find(|(name, _)| name == key).map_or(NIL, |(_, value)| value)
            }
            _ => NIL,
        }
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        matches!(self, Value::Map(entries) if entries.iter().any(|(name, _)| name == key))
    }

    pub(crate) fn is_nil(&self) -> bool {
        matches!(self, Value::Nil)
    }

    pub(crate) fn is_map(&self) -> bool {
        matches!(self, Value::Map(_))
    }

    /// The element at `index` of a list.
    pub(crate) fn at(&self, index: usize) -> &Value {
        self.list().get(index).unwrap_or(NIL)
    }

    pub(crate) fn list(&self) -> &[Value] {
        match self {
            Value::List(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn entries(&self) -> &[(String, Value)] {
        match self {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Unsigned 64-bit values wrap, fractions are cut, text that is no number is 0.
    pub(crate) fn int(&self) -> i64 {
        match self {
            Value::Int(int) => *int as i64,
            Value::Float(float) => *float as i64,
            Value::Bool(value) => i64::from(*value),
            text => {
                let text = text.str().trim();
                let int = text.parse::<i128>().map(|int| int as i64);
                int.or_else(|_| text.parse::<f64>().map(|float| float as i64)).unwrap_or(0)
            }
        }
    }

    pub(crate) fn truthy(&self) -> bool {
        match self {
            Value::Nil => false,
            Value::Bool(value) => *value,
            Value::Int(int) => *int != 0,
            Value::Float(float) => *float != 0.0 && !float.is_nan(),
            Value::Text(text) => !text.is_empty(),
            Value::Bytes(bytes) => !bytes.is_empty(),
            Value::List(_) | Value::Map(_) => true,
        }
    }

    /// The text, if it is one; bytes that are UTF-8 are.
    pub(crate) fn str(&self) -> &str {
        match self {
            Value::Text(text) => text,
            Value::Bytes(bytes) => std::str::from_utf8(bytes).unwrap_or(""),
            _ => "",
        }
    }

    /// The bytes written as hex digits, if they are.
    pub(crate) fn unhex(&self) -> Option<Vec<u8>> {
        match self {
            Value::Text(digits) => unhex(digits),
            _ => None,
        }
    }

    /// This value as the key of a map: ids are decimal text.
    fn key(&self) -> String {
        match self {
            Value::Text(_) | Value::Bytes(_) => self.str().to_owned(),
            value => value.int().to_string(),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InOrder)
    }
}

/// Reads JSON without sorting the keys of its objects.
struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Int(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Value::Map(entries))
    }
}
