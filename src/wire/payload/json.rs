//! JSON payloads, read as the MessagePack they stand for.

use rmp::encode;

use super::Unreadable;
use super::write::{unreachable_write, write_array_len, write_id, write_text};
use crate::wire::values;

pub(super) fn json_to_msgpack(json: &[u8]) -> Result<Vec<u8>, Unreadable> {
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
