//! Answers in JSON for clients that use JSON: a payload written as MessagePack, turned into JSON.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::write;
use crate::wire::package::Encoding;
use crate::wire::payload::{to_json, write_text};

/// The payload in that encoding.
pub(super) fn encoded(encoding: Encoding, payload: &[u8]) -> Cow<'_, [u8]> {
    match encoding {
        Encoding::MsgPack => Cow::Borrowed(payload),
        Encoding::Json => Cow::Owned(from_msgpack(payload)),
    }
}

/// The JSON text of a MessagePack payload. Keys become texts, bytes that are no UTF-8 show as U+FFFD.
pub(super) fn from_msgpack(payload: &[u8]) -> Vec<u8> {
    let value = match rmpv::decode::read_value_ref(&mut &*payload) {
        Ok(value) => to_json(&value),
        Err(_) => Value::Object(Map::new()),
    };
    value.to_string().into_bytes()
}

/// The MessagePack of a JSON object, integers in their shortest form. The error says what is wrong with the text.
pub(super) fn to_msgpack(json: &str) -> Result<Vec<u8>, String> {
    let fields: Map<String, Value> =
        serde_json::from_str(json).map_err(|error| error.to_string())?;
    Ok(object_to_msgpack(&fields))
}

pub(super) fn object_to_msgpack(fields: &Map<String, Value>) -> Vec<u8> {
    let mut out = Vec::new();
    write_object(&mut out, fields);
    out
}

fn write_object(out: &mut Vec<u8>, fields: &Map<String, Value>) {
    write::map_len(out, fields.len());
    for (key, value) in fields {
        write_text(out, key);
        write_value(out, value);
    }
}

fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.push(0xc0),
        Value::Bool(value) => out.push(if *value { 0xc3 } else { 0xc2 }),
        Value::Number(number) => match number.as_i64() {
            Some(int) => write::int(out, int),
            None => write::float(out, number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => write_text(out, text),
        Value::Array(items) => write::list(out, items, write_value),
        Value::Object(fields) => write_object(out, fields),
    }
}

#[cfg(test)]
mod tests {
    use super::{from_msgpack, to_msgpack};

    #[test]
    fn ids_stay_whole_and_keys_become_texts() {
        let payload = [
            0x82, 0xa1, b'm', 0xcf, 0, 0x20, 0, 0, 0, 0, 0, 1, // "m": 2^53 + 1
            7, 0x91, 0xc3, // 7: [true]
        ];
        assert_eq!(from_msgpack(&payload), br#"{"7":[true],"m":9007199254740993}"#);
    }

    #[test]
    fn json_goes_there_and_back() {
        let json = r#"{"a":[-1,1.5,null,{"b":"é"}],"m":9007199254740993,"t":true}"#;
        assert_eq!(from_msgpack(&to_msgpack(json).unwrap()), json.as_bytes());
        assert!(to_msgpack("[1]").is_err());
    }
}
