//! The state of the gate, as JSON. Ids are decimal texts, because JavaScript numbers are exact only up to 2^53.

use serde_json::{Map, Value, json};

use super::fault;
use crate::gate::peers::{ConnId, Peer};
use crate::gate::saved::Blob;
use crate::gate::service::Service;
use crate::gate::store::{Bytes, ConversationId, Log, Message};

pub(super) fn read(service: &Service, query: &str) -> Result<Value, String> {
    let mut state = Map::new();
    let mut put = |name: &str, value: Value| state.insert(name.to_owned(), value);
    put("pid", json!(service.config.pid.to_string()));
    let doors =
        service.doors.iter().map(|(name, door)| ((*name).to_owned(), json!(door.to_string())));
    put("doors", Value::Object(doors.collect()));
    put("counters", service.counters().json());
    put("users", users(service));
    put("groups", groups(service));
    put("rooms", rooms(service));
    put("conversations", conversations(service));
    put("faults", service.peers.faults.iter().map(fault::write).collect());
    if !query.is_empty() {
        let messages = service.store.log(conversation(query)?).into_iter().flat_map(Log::iter);
        put("messages", messages.map(message).collect());
    }
    Ok(Value::Object(state))
}

/// `p2p=UID,UID`, `group=GID`, `room=RID` or `broadcast`.
fn conversation(query: &str) -> Result<ConversationId, String> {
    let id = |text: &str| text.parse::<i64>().ok();
    let conversation = match query.split_once('=').unwrap_or((query, "")) {
        ("p2p", users) => users
            .replace("%2C", ",")
            .split_once(',')
            .and_then(|(one, other)| Some(ConversationId::p2p(id(one)?, id(other)?))),
        ("group", gid) => id(gid).map(ConversationId::Group),
        ("room", rid) => id(rid).map(ConversationId::Room),
        ("broadcast", _) => Some(ConversationId::Broadcast),
        _ => None,
    };
    let expected = "expected p2p=UID,UID, group=GID, room=RID or broadcast";
    conversation.ok_or_else(|| format!("the query is {query:?}, {expected}"))
}

/// Who is logged in, and from where.
fn users(service: &Service) -> Value {
    let mut users: Vec<_> = service.online.iter().collect();
    users.sort_unstable_by_key(|(uid, _)| **uid);
    let users = users.into_iter().map(|(uid, conns)| {
        let connections: Value =
            conns.iter().filter_map(|&conn| connection(service, conn)).collect();
        json!({"uid": uid.to_string(), "connections": connections})
    });
    users.collect()
}

fn connection(service: &Service, conn: ConnId) -> Option<Value> {
    let Peer { address, session, .. } = service.peers.get(conn)?;
    let session = session.as_ref()?;
    let attrs: Map<_, _> =
        session.attrs.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    Some(json!({
        "endpoint": address.to_string(),
        "login": session.since.to_string(),
        "lang": session.lang.map(|lang| lang.code()),
        "rooms": ids(session.rooms.iter()),
        "attrs": attrs,
    }))
}

fn groups(service: &Service) -> Value {
    let groups = service.store.groups.iter();
    by_id(groups.map(|(gid, group)| (*gid, ids(group.members.iter()))))
}

/// Who is inside of which room.
fn rooms(service: &Service) -> Value {
    by_id(service.rooms.iter().map(|(rid, conns)| {
        let mut uids: Vec<i64> = conns.iter().map(|&conn| service.peers.uid(conn)).collect();
        uids.sort_unstable();
        uids.dedup();
        (*rid, ids(uids.iter()))
    }))
}

fn conversations(service: &Service) -> Value {
    let mut logs: Vec<_> = service.store.logs().collect();
    logs.sort_unstable_by_key(|(_, log)| log.iter().next_back().map(|message| message.id));
    let logs = logs.into_iter().rev().map(|(&conversation, log)| {
        json!({"conversation": fault::conversation(conversation), "messages": log.len()})
    });
    logs.collect()
}

fn message(message: &Message) -> Value {
    json!({
        "id": message.id.to_string(),
        "from": message.from.to_string(),
        "mid": message.mid.to_string(),
        "mtype": message.mtype,
        "deleted": message.deleted,
        "msg": Blob::of(message.body()),
        "attrs": Blob::of(Bytes { bytes: &message.attrs, binary: false }),
        "mtime": message.mtime.to_string(),
    })
}

fn ids<'i>(ids: impl Iterator<Item = &'i i64>) -> Value {
    ids.map(i64::to_string).collect()
}

fn by_id(entries: impl Iterator<Item = (i64, Value)>) -> Value {
    Value::Object(entries.map(|(id, value)| (id.to_string(), value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_a_conversation() {
        for (query, expected) in [
            ("p2p=2,1", Some(ConversationId::P2p(1, 2))),
            ("p2p=1%2C2", Some(ConversationId::P2p(1, 2))),
            ("group=100", Some(ConversationId::Group(100))),
            ("room=9007199254740993", Some(ConversationId::Room(9_007_199_254_740_993))),
            ("broadcast", Some(ConversationId::Broadcast)),
            ("broadcast=", Some(ConversationId::Broadcast)),
            ("p2p=1", None),
            ("group=x", None),
            ("messages", None),
        ] {
            assert_eq!(conversation(query).ok(), expected, "{query}");
        }
    }
}
