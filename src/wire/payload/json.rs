//! JSON as MessagePack, and MessagePack as JSON.

use rmp::encode;
use rmpv::ValueRef;
use serde_json::Value;

use super::Unreadable;
use super::write::{unreachable_write, write_array_len, write_id, write_text};
use crate::wire::values;

/// The MessagePack that JSON stands for, with integers in their 9-byte form.
pub(crate) fn json_to_msgpack(json: &[u8]) -> Result<Vec<u8>, Unreadable> {
    if values::too_many_in_json(json) {
        return Err(Unreadable::too_many());
    }
    let value: Value =
        serde_json::from_slice(json).map_err(|error| Unreadable(format!("is no JSON: {error}")))?;
    let mut out = Vec::with_capacity(json.len());
    write_json(&mut out, &value);
    Ok(out)
}

fn write_json(out: &mut Vec<u8>, value: &Value) {
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

/// The JSON of a value. Keys become texts, bytes that are no UTF-8 show as U+FFFD.
pub(crate) fn to_json(value: &ValueRef<'_>) -> Value {
    match value {
        ValueRef::Nil => Value::Null,
        ValueRef::Boolean(value) => Value::Bool(*value),
        ValueRef::Integer(int) => match (int.as_i64(), int.as_u64()) {
            (Some(int), _) => Value::from(int),
            (None, Some(int)) => Value::from(int),
            (None, None) => Value::Null,
        },
        ValueRef::F32(float) => Value::from(*float),
        ValueRef::F64(float) => Value::from(*float),
        ValueRef::String(text) => lossy(text.as_bytes()),
        ValueRef::Binary(bytes) => lossy(bytes),
        ValueRef::Array(items) => Value::Array(items.iter().map(to_json).collect()),
        ValueRef::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| (name(key), to_json(value)));
            Value::Object(entries.collect())
        }
        ValueRef::Ext(..) => Value::Null,
    }
}

fn lossy(bytes: &[u8]) -> Value {
    Value::String(String::from_utf8_lossy(bytes).into_owned())
}

/// The text of a key.
pub(super) fn name(key: &ValueRef<'_>) -> String {
    match to_json(key) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
