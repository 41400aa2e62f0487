//! Faults as JSON.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::fields::{self, Fields};
use crate::gate::faults::{Action, Chance, Rule};
use crate::gate::methods;
use crate::gate::store::ConversationId;

/// What may go wrong. One of them is in each fault.
const ACTIONS: [&str; 17] = [
    "error",
    "delay_ms",
    "answer_late_ms",
    "never_answer",
    "answer_twice",
    "reorder",
    "join",
    "split",
    "wrong_seq",
    "broken_frame",
    "truncate",
    "garbage",
    "close",
    "reset",
    "stop_reading",
    "stop_pinging",
    "half_open",
];

/// Takes a fault out of the fields.
pub(super) fn read(fields: &mut Fields) -> Result<Rule, String> {
    let method = fields.opt_text("method")?;
    if let Some(method) = method.as_ref().filter(|method| !methods::is_known(method)) {
        return Err(format!("the wire has no method {method:?}"));
    }
    let mut given = ACTIONS.iter().filter_map(|&name| Some((name, fields.take(name)?)));
    let (first, second) = (given.next(), given.next());
    let action = match (first, second) {
        (Some((name, value)), None) => action(name, &value)?,
        _ => return Err(format!("one of these is expected: {}", ACTIONS.join(", "))),
    };
    let mut rule = Rule::new(method, action);
    rule.uid = fields.opt_id("uid")?;
    rule.mtype = fields.opt_id("mtype")?;
    rule.conversation = fields.opt_conversation()?;
    if let Some(nth) = fields.opt_count("nth")? {
        rule.skip = nth.saturating_sub(1);
        rule.left = Some(1);
    }
    if let Some(next) = fields.opt_count("next")? {
        rule.left = Some(next);
    }
    let seed = fields.opt_id("seed")?.unwrap_or(0);
    if let Some(chance) = fields.take("chance") {
        let probability = chance.as_f64().filter(|chance| (0.0..=1.0).contains(chance));
        let probability = probability.ok_or(format!("chance is {chance}, expected 0 to 1"))?;
        rule.chance = Some(Chance::new(probability, seed as u64));
    }
    Ok(rule)
}

fn action(name: &str, value: &Value) -> Result<Action, String> {
    let count = || fields::count(name, value);
    let span = || count().map(Duration::from_millis);
    let size = || count().map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    let action = match name {
        "error" => {
            let code = fields::id(name, value)?;
            Action::Error(i32::try_from(code).map_err(|_| format!("error is {code}, no code"))?)
        }
        "delay_ms" => Action::Delay(span()?),
        "answer_late_ms" => Action::Late(span()?),
        "reorder" => Action::Reorder(size()?),
        "join" => Action::Join(size()?),
        "split" => Action::Split(size()?),
        "truncate" => Action::Truncate(size()?),
        _ if *value != Value::Bool(true) => {
            return Err(format!("{name} is {value}, expected true"));
        }
        "never_answer" => Action::Never,
        "answer_twice" => Action::Twice,
        "wrong_seq" => Action::WrongSeq,
        "broken_frame" => Action::BrokenFrame,
        "garbage" => Action::Garbage,
        "close" => Action::Close,
        "reset" => Action::Reset,
        "stop_reading" => Action::StopReading,
        "stop_pinging" => Action::StopPinging,
        "half_open" => Action::HalfOpen,
        other => return Err(format!("there is no fault {other}")),
    };
    Ok(action)
}

/// A fault as it is set, with what is left of it.
pub(super) fn write(rule: &Rule) -> Value {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    let id = |id: Option<i64>| id.map(|id| json!(id.to_string()));
    put("method", rule.method.as_ref().map(|method| json!(method)));
    put("uid", id(rule.uid));
    put("mtype", rule.mtype.map(|mtype| json!(mtype)));
    put("conversation", rule.conversation.map(conversation));
    put("nth", (rule.skip > 0).then(|| json!(rule.skip + 1)));
    put("next", rule.left.map(|left| json!(left)));
    put("chance", rule.chance.map(|chance| json!(chance.probability)));
    let (name, value) = match rule.action {
        Action::Error(code) => ("error", json!(code)),
        Action::Delay(by) => ("delay_ms", json!(millis(by))),
        Action::Late(by) => ("answer_late_ms", json!(millis(by))),
        Action::Reorder(count) => ("reorder", json!(count)),
        Action::Join(count) => ("join", json!(count)),
        Action::Split(len) => ("split", json!(len)),
        Action::Truncate(len) => ("truncate", json!(len)),
        Action::Never => ("never_answer", json!(true)),
        Action::Twice => ("answer_twice", json!(true)),
        Action::WrongSeq => ("wrong_seq", json!(true)),
        Action::BrokenFrame => ("broken_frame", json!(true)),
        Action::Garbage => ("garbage", json!(true)),
        Action::Close => ("close", json!(true)),
        Action::Reset => ("reset", json!(true)),
        Action::StopReading => ("stop_reading", json!(true)),
        Action::StopPinging => ("stop_pinging", json!(true)),
        Action::HalfOpen => ("half_open", json!(true)),
    };
    put(name, Some(value));
    Value::Object(fields)
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn conversation(conversation: ConversationId) -> Value {
    match conversation {
        ConversationId::P2p(a, b) => json!({"p2p": [a.to_string(), b.to_string()]}),
        ConversationId::Group(gid) => json!({"group": gid.to_string()}),
        ConversationId::Room(rid) => json!({"room": rid.to_string()}),
        ConversationId::Broadcast => json!("broadcast"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::control::rule;

    #[test]
    fn every_fault_goes_there_and_back() {
        for name in ACTIONS {
            let value = match name {
                "error" => json!(200010),
                "delay_ms" | "answer_late_ms" | "reorder" | "join" | "split" | "truncate" => {
                    json!(3)
                }
                _ => json!(true),
            };
            let fault = json!({"method": "sendmsg", name: value});
            assert_eq!(write(&rule(&fault.to_string()).unwrap()), fault);
        }
        let fault = json!({
            "uid": "9007199254740993", "mtype": 51, "conversation": {"p2p": ["1", "2"]}, "nth": 3,
            "next": 2, "chance": 0.5, "close": true
        });
        assert_eq!(write(&rule(&fault.to_string()).unwrap()), fault);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (fault, words) in [
            ("{}", "one of these is expected: error, delay_ms,"),
            (r#"{"close": true, "reset": true}"#, "one of these is expected"),
            (r#"{"method": "sendMessage", "close": true}"#, "no method \"sendMessage\""),
            (r#"{"close": 1}"#, "close is 1, expected true"),
            (r#"{"close": false}"#, "close is false, expected true"),
            (r#"{"error": 99999999999}"#, "no code"),
            (r#"{"split": -1}"#, "split is -1, expected a number from 0"),
            (r#"{"close": true, "chance": 2}"#, "chance is 2, expected 0 to 1"),
            (r#"{"close": true, "times": 2}"#, "there is no field \"times\""),
            (r#"{"close": true, "conversation": 5}"#, "conversation is 5, expected"),
            ("[]", "expected a JSON object"),
            ("{", "expected a JSON object: EOF"),
        ] {
            let error = rule(fault).unwrap_err();
            assert!(error.contains(words), "{fault}: {error}");
        }
    }
}
