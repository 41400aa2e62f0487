//! The rules by which the service's pushes are answered and become events, for the lines that give a rule instead of a
//! result.

use std::collections::HashSet;

use serde_json::Value as Facts;

use crate::facts;
use crate::package::{End, Kind, Package, Stream};
use crate::record::{self, Value};

/// What has to come of the packages the peer sends.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) answers: Vec<Answer>,
    pub(crate) events: Vec<(String, Facts)>,
    pub(crate) closed: bool,
}

pub(crate) enum Answer {
    Exactly(Vec<u8>),
    /// An error answer with 20004 and any text, to the quest of that number.
    UnknownMethod {
        seq: u32,
        json: bool,
    },
}

impl Answer {
    pub(crate) fn matches(&self, bytes: &[u8]) -> bool {
        match self {
            Answer::Exactly(expected) => expected == bytes,
            Answer::UnknownMethod { seq, json } => {
                let packages = crate::package::split(bytes).packages;
                let [only] = &packages[..] else { return false };
                only.kind == Kind::Answer
                    && (only.seq, only.json, only.status) == (*seq, *json, 1)
                    && only.value().is_some_and(|v| v.get("code").int() == 20004 && v.has("ex"))
            }
        }
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Answer::Exactly(bytes) => f.write_str(&record::hex(bytes)),
            Answer::UnknownMethod { seq, json } => {
                write!(f, "{{code: 20004, ex}} with status 1, seq {seq:#x}, json {json}")
            }
        }
    }
}

pub(crate) fn outcome(stream: &Stream, uid: i64) -> Outcome {
    let closed = matches!(stream.end, End::Malformed(_));
    let mut outcome = Outcome { closed, ..Outcome::default() };
    let mut seen = HashSet::new();
    for package in &stream.packages {
        if package.kind == Kind::Answer {
            continue;
        }
        let Ok(method) = std::str::from_utf8(&package.method) else {
            unknown(&mut outcome, package);
            continue;
        };
        match method {
            "kickout" => {
                if fields(package).is_some() {
                    outcome.events.push((method.into(), Facts::Null));
                }
                outcome.closed = true;
                break;
            }
            "kickoutroom" => {
                if let Some(data) = fields(package) {
                    outcome.events.push((method.into(), facts::of_event(method, &data)));
                }
            }
            "ping" | "pushmsg" | "pushgroupmsg" | "pushroommsg" | "pushbroadcastmsg" => {
                if package.kind == Kind::Quest {
                    outcome.answers.push(Answer::Exactly(package.empty_answer()));
                }
                let Some(data) = fields(package) else { continue };
                if method == "ping" {
                    outcome.events.push((method.into(), Facts::Null));
                } else if !excluded(&data, uid) && seen_first(&mut seen, method, &data) {
                    let name = event(method, data.get("mtype").int());
                    let facts = facts::of_event(&name, &data);
                    outcome.events.push((name, facts));
                }
            }
            _ => unknown(&mut outcome, package),
        }
    }
    outcome
}

fn unknown(outcome: &mut Outcome, package: &Package) {
    if package.kind == Kind::Quest {
        outcome.answers.push(Answer::UnknownMethod { seq: package.seq, json: package.json });
    }
}

/// The payload, if it is a map.
fn fields(package: &Package) -> Option<Value> {
    package.value().filter(Value::is_map)
}

/// Whether the attrs are a JSON object whose list `excludedUids` names the user.
fn excluded(data: &Value, uid: i64) -> bool {
    let attrs = record::from_json(data.get("attrs").str().as_bytes()).unwrap_or_default();
    let uids = attrs.get("excludedUids").list();
    uids.iter().any(|excluded| match excluded {
        Value::Text(text) => *text == uid.to_string(),
        Value::Int(int) => *int == i128::from(uid),
        _ => false,
    })
}

/// Whether no message of the same conversation had that mid before. Mid 0 is none.
fn seen_first(seen: &mut HashSet<(String, i64, i64, i64)>, method: &str, data: &Value) -> bool {
    let conversation = match method {
        "pushgroupmsg" => data.get("gid").int(),
        "pushroommsg" => data.get("rid").int(),
        _ => 0,
    };
    let mid = data.get("mid").int();
    mid == 0 || seen.insert((method.to_owned(), mid, data.get("from").int(), conversation))
}

fn event(method: &str, mtype: i64) -> String {
    let kind = match mtype {
        30 => "chat",
        31 | 40..=50 => "file",
        32 => "cmd",
        _ => "msg",
    };
    method.replace("msg", kind)
}
