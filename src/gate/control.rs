//! The HTTP API: the functions of the handle, as requests with JSON objects in and out.

mod fault;
mod fields;
mod state;

use serde_json::{Map, Value, json};

use self::fields::Fields;
use super::faults::Rule;
use super::json;
use super::service::Service;
use super::store::{Bytes, Draft};
use crate::types::mtype;

/// The fields of a push that are ids or numbers, which may come as text.
const NUMBERS: [&str; 8] = ["from", "to", "gid", "rid", "uid", "mid", "mtype", "mtime"];

/// What the request is answered with; an error says what is wrong with it.
type Answer = Result<Value, String>;

/// Does what is asked and says what came of it.
type Control = fn(&mut Service, Fields) -> Answer;

/// What is at that path.
pub(super) fn find(path: &str) -> Option<Control> {
    let control: Control = match path {
        "/control/kick" => kick,
        "/control/kick-from-room" => kick_from_room,
        "/control/broadcast" => broadcast,
        "/control/push" => push,
        "/control/fault" => fault,
        "/control/clear" => clear,
        _ => return None,
    };
    Some(control)
}

impl Service {
    pub(super) fn control(&mut self, control: Control, body: &[u8]) -> Answer {
        self.changed = true;
        control(self, Fields::parse(body)?)
    }

    /// What there is, and with a query the messages of the conversation that it names.
    pub(super) fn state(&self, query: &str) -> Answer {
        state::read(self, query)
    }

    /// Sends anything to every connection of the user. Returns how many these are; the error says what cannot be sent.
    pub(super) fn push_any(
        &mut self,
        uid: i64,
        method: &str,
        payload: &[u8],
    ) -> Result<usize, String> {
        if !(1..=255).contains(&method.len()) {
            return Err(format!("the method has {} bytes, allowed are 1 to 255", method.len()));
        }
        Ok(self.push_to(uid, method, payload))
    }
}

/// The fault that JSON describes.
pub(super) fn rule(json: &str) -> Result<Rule, String> {
    let mut fields = Fields::parse(json.as_bytes())?;
    let rule = fault::read(&mut fields)?;
    fields.end()?;
    Ok(rule)
}

fn kick(service: &mut Service, mut fields: Fields) -> Answer {
    let uid = fields.id("uid")?;
    fields.end()?;
    Ok(json!({"connections": service.kick(uid)}))
}

fn kick_from_room(service: &mut Service, mut fields: Fields) -> Answer {
    let (uid, rid) = (fields.id("uid")?, fields.id("rid")?);
    fields.end()?;
    Ok(json!({"connections": service.kick_from_room(uid, rid)}))
}

fn broadcast(service: &mut Service, mut fields: Fields) -> Answer {
    let from = fields.opt_id("from")?.unwrap_or(0);
    let mtype = fields.opt_id("mtype")?.unwrap_or(mtype::CHAT);
    let (body, binary) = fields.body("msg")?;
    let attrs = fields.opt_text("attrs")?.unwrap_or_default();
    fields.end()?;
    let body = Bytes { bytes: &body, binary };
    let draft = Draft { from, mid: service.new_mid(), mtype, body, attrs: attrs.as_bytes() };
    service.broadcast(&draft);
    Ok(json!({"mid": draft.mid.to_string()}))
}

fn push(service: &mut Service, mut fields: Fields) -> Answer {
    let (uid, method) = (fields.id("uid")?, fields.text("method")?);
    let mut payload = fields.object("payload")?;
    fields.end()?;
    for (name, value) in payload.iter_mut().filter(|(name, _)| NUMBERS.contains(&name.as_str())) {
        *value = Value::from(fields::id(name, value)?);
    }
    let connections = service.push_any(uid, &method, &json::object_to_msgpack(&payload))?;
    Ok(json!({"connections": connections}))
}

fn fault(service: &mut Service, mut fields: Fields) -> Answer {
    let rule = fault::read(&mut fields)?;
    fields.end()?;
    service.peers.faults.add(rule);
    Ok(Value::Object(Map::new()))
}

fn clear(service: &mut Service, fields: Fields) -> Answer {
    fields.end()?;
    service.clear_faults();
    Ok(Value::Object(Map::new()))
}
