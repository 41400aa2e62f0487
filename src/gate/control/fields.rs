//! The fields of a request, taken one by one.

use serde_json::{Map, Value};

use crate::gate::saved::Blob;
use crate::gate::store::ConversationId;

pub(in crate::gate) struct Fields(Map<String, Value>);

impl Fields {
    /// A JSON object; no text at all is one without fields.
    pub(super) fn parse(json: &[u8]) -> Result<Fields, String> {
        if json.iter().all(u8::is_ascii_whitespace) {
            return Ok(Fields(Map::new()));
        }
        match serde_json::from_slice(json) {
            Ok(Value::Object(fields)) => Ok(Fields(fields)),
            Ok(_) => Err("expected a JSON object".to_owned()),
            Err(error) => Err(format!("expected a JSON object: {error}")),
        }
    }

    /// The field of that name, which is taken out; null counts as missing.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    fn required(&mut self, name: &str) -> Result<Value, String> {
        self.take(name).ok_or_else(|| format!("{name} is missing"))
    }

    pub(super) fn id(&mut self, name: &str) -> Result<i64, String> {
        id(name, &self.required(name)?)
    }

    pub(super) fn opt_id(&mut self, name: &str) -> Result<Option<i64>, String> {
        self.take(name).map(|value| id(name, &value)).transpose()
    }

    /// A number of something, from 0.
    pub(super) fn opt_count(&mut self, name: &str) -> Result<Option<u64>, String> {
        self.take(name).map(|value| count(name, &value)).transpose()
    }

    pub(super) fn text(&mut self, name: &str) -> Result<String, String> {
        text(name, self.required(name)?)
    }

    pub(super) fn opt_text(&mut self, name: &str) -> Result<Option<String>, String> {
        self.take(name).map(|value| text(name, value)).transpose()
    }

    pub(super) fn object(&mut self, name: &str) -> Result<Map<String, Value>, String> {
        match self.required(name)? {
            Value::Object(fields) => Ok(fields),
            other => Err(format!("{name} is {other}, expected an object")),
        }
    }

    /// A text or bytes, and whether these are to be bin.
    pub(super) fn body(&mut self, name: &str) -> Result<(Vec<u8>, bool), String> {
        let value = self.required(name)?;
        let blob = serde_json::from_value::<Blob>(value).map_err(|error| error.to_string());
        blob.and_then(Blob::read).map_err(|error| format!("{name}: {error}"))
    }

    pub(super) fn opt_conversation(&mut self) -> Result<Option<ConversationId>, String> {
        self.take("conversation").map(|value| conversation(&value)).transpose()
    }

    /// Refuses fields nobody has asked for.
    pub(super) fn end(self) -> Result<(), String> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(format!("there is no field {name:?}")),
        }
    }
}

/// A number, or its decimal text: the numbers of JavaScript end at 2^53.
pub(super) fn id(name: &str, value: &Value) -> Result<i64, String> {
    const LIMIT: f64 = 9_007_199_254_740_992.0;
    let id = match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_i64().or_else(|| {
            let float = number.as_f64()?;
            (float.fract() == 0.0 && float.abs() <= LIMIT).then_some(float as i64)
        }),
        _ => None,
    };
    id.ok_or_else(|| format!("{name} is {value}, expected an id as a number or as decimal text"))
}

pub(super) fn count(name: &str, value: &Value) -> Result<u64, String> {
    let count = id(name, value).ok().and_then(|count| u64::try_from(count).ok());
    count.ok_or_else(|| format!("{name} is {value}, expected a number from 0"))
}

fn text(name: &str, value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(format!("{name} is {other}, expected a text")),
    }
}

fn conversation(value: &Value) -> Result<ConversationId, String> {
    let field = value.as_object().and_then(|fields| fields.iter().next());
    match (value.as_str(), field) {
        (Some("broadcast"), _) => Ok(ConversationId::Broadcast),
        (_, Some((name, value))) if name == "group" => Ok(ConversationId::Group(id(name, value)?)),
        (_, Some((name, value))) if name == "room" => Ok(ConversationId::Room(id(name, value)?)),
        (_, Some((name, Value::Array(users)))) if name == "p2p" => match users.as_slice() {
            [one, other] => Ok(ConversationId::p2p(id(name, one)?, id(name, other)?)),
            _ => Err("p2p has two users".to_owned()),
        },
        _ => Err(format!(
            "conversation is {value}, expected {{\"p2p\":[UID,UID]}}, {{\"group\":GID}}, {{\"room\":RID}} or \"broadcast\""
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_are_numbers_or_text() {
        for (value, expected) in [
            (json!(7), Some(7)),
            (json!("7"), Some(7)),
            (json!(-1), Some(-1)),
            (json!("9223372036854775807"), Some(i64::MAX)),
            (json!(9_223_372_036_854_775_807_i64), Some(i64::MAX)),
            (json!(3e3), Some(3000)),
            (json!(1.5), None),
            (json!(1e300), None),
            (json!("1.0"), None),
            (json!(" 1"), None),
            (json!("9223372036854775808"), None),
            (json!(true), None),
            (json!([1]), None),
        ] {
            assert_eq!(id("uid", &value).ok(), expected, "{value}");
        }
    }

    #[test]
    fn conversations() {
        for (value, expected) in [
            (json!({"p2p": ["2", 1]}), Some(ConversationId::P2p(1, 2))),
            (json!({"group": "100"}), Some(ConversationId::Group(100))),
            (json!({"room": 200}), Some(ConversationId::Room(200))),
            (json!("broadcast"), Some(ConversationId::Broadcast)),
            (json!({"p2p": [1]}), None),
            (json!({"group": "x"}), None),
            (json!({}), None),
            (json!(1), None),
        ] {
            assert_eq!(conversation(&value).ok(), expected, "{value}");
        }
    }
}
