//! What a callback or an event should say, as plain JSON: what was recorded, or what an answer holds, method by method.
//!
//! `data` as recorded and the answer's own fields differ in form (rows as objects or as arrays, a list bare or under its
//! key), so both are read here.

use std::collections::BTreeMap;

use serde_json::{Value as Facts, json};

use crate::record::{self, Value};

/// The facts of a successful answer to the JavaScript method `js`; `None` for a method nobody knows.
pub(crate) fn of_data(js: &str, data: &Value) -> Option<Facts> {
    Some(match js {
        "sendMessage" | "sendGroupMessage" | "sendRoomMessage" | "sendChat" | "sendGroupChat"
        | "sendRoomChat" | "sendAudio" | "sendGroupAudio" | "sendRoomAudio" | "sendCmd"
        | "sendGroupCmd" | "sendRoomCmd" | "sendFile" | "sendGroupFile" | "sendRoomFile" => {
            json!({ "mid": data.get("mid").int(), "mtime": data.get("payload").get("mtime").int() })
        }
        "getGroupMessage"
        | "getRoomMessage"
        | "getBroadcastMessage"
        | "getGroupChat"
        | "getRoomChat"
        | "getBroadcastChat" => history(data, "from"),
        "getP2PMessage" | "getP2PChat" => history(data, "direction"),
        "getMessage" | "getChat" => json!({
            "id": data.get("id").int(),
            "mtype": data.get("mtype").int(),
            "msg": body(data.get("msg"), None),
            "attrs": text(data.get("attrs")),
            "mtime": data.get("mtime").int(),
        }),
        "getSession" => json!({
            "p2p": sessions(data.get("p2p")),
            "group": sessions(data.get("group")),
        }),
        "getP2PConversationList" | "getP2PUnreadConversationList" => {
            conversations(data, ["conversations", "unreads", "msgs"], "direction")
        }
        "getGroupConversationList" | "getGroupUnreadConversationList" => {
            conversations(data, ["conversations", "unreads", "msgs"], "from")
        }
        "getUnreadConversationList" => json!({
            "group": conversations(data, ["groupConversations", "groupUnreads", "groupMsgs"], "from"),
            "p2p": conversations(data, ["p2pConversations", "p2pUnreads", "p2pMsgs"], "direction"),
        }),
        "getUnreadMessage" => json!({
            "p2p": ids(data.get("p2p")),
            "group": ids(data.get("group")),
        }),
        "getP2PUnreadMessageNum" => json!({
            "counts": by_id(data.get("p2p"), number),
            "ltime": by_id(data.get("ltime"), number),
        }),
        "getGroupUnreadMessageNum" => json!({
            "counts": by_id(data.get("group"), number),
            "ltime": by_id(data.get("ltime"), number),
        }),
        "getFriends" | "getBlacks" | "getOnlineUsers" | "getRoomMembers" => bare_ids(data, "uids"),
        "getUserGroups" => bare_ids(data, "gids"),
        "getUserRooms" => bare_ids(data, "rooms"),
        "getGroupMembers" => json!({
            "uids": ids(data.get("uids")),
            "onlines": ids(data.get("onlines")),
        }),
        "getGroupCount" => {
            json!({ "cn": data.get("cn").int(), "online": data.get("online").int() })
        }
        "getRoomCount" => by_id(data.get("cn"), number),
        "getUserInfo" | "getGroupInfo" | "getRoomInfo" => {
            json!({ "oinfo": text(data.get("oinfo")), "pinfo": text(data.get("pinfo")) })
        }
        "getGroupOpenInfo" | "getRoomOpenInfo" => text(data.get("oinfo")),
        "getUserOpenInfo" | "getGroupsOpenInfo" | "getRoomsOpenInfo" => {
            by_id(data.get("info"), text)
        }
        "dataGet" => text(data.get("val")),
        "getAttrs" => attrs(data.get("attrs")),
        "getDevicePushOption" => json!({
            "p2p": by_id(data.get("p2p"), numbers),
            "group": by_id(data.get("group"), numbers),
        }),
        "fileToken" => json!({
            "token": text(data.get("token")),
            "endpoint": text(data.get("endpoint")),
        }),
        "translate" => translation(data),
        "profanity" => json!({
            "text": text(data.get("text")),
            "classification": texts(data.get("classification")),
        }),
        "textCheck" => json!({
            "result": data.get("result").int(),
            "text": text(data.get("text")),
            "tags": numbers(data.get("tags")),
            "wlist": texts(data.get("wlist")),
            "language": text(data.get("language")),
        }),
        "imageCheck" | "audioCheck" | "videoCheck" => json!({
            "result": data.get("result").int(),
            "tags": numbers(data.get("tags")),
        }),
        "speech2Text" => {
            json!({ "text": text(data.get("text")), "lang": text(data.get("lang")) })
        }
        "deleteMessage"
        | "deleteChat"
        | "cleanUnreadMessage"
        | "removeSession"
        | "setTranslationLanguage"
        | "addGroupMembers"
        | "deleteGroupMembers"
        | "setGroupInfo"
        | "enterRoom"
        | "leaveRoom"
        | "setRoomInfo"
        | "setUserInfo"
        | "addFriends"
        | "deleteFriends"
        | "addBlacks"
        | "deleteBlacks"
        | "dataSet"
        | "dataDelete"
        | "addAttrs"
        | "addDebugLog"
        | "addDevice"
        | "removeDevice"
        | "addDevicePushOption"
        | "removeDevicePushOption" => Facts::Null,
        _ => return None,
    })
}

/// The facts of an event of the processor.
pub(crate) fn of_event(name: &str, data: &Value) -> Facts {
    match name {
        "ping" | "kickout" => return Facts::Null,
        "kickoutroom" => return json!({ "rid": data.get("rid").int() }),
        _ => {}
    }
    json!({
        "from": data.get("from").int(),
        "to": data.get("to").int(),
        "gid": data.get("gid").int(),
        "rid": data.get("rid").int(),
        "mtype": data.get("mtype").int(),
        "mid": data.get("mid").int(),
        "msg": body(data.get("msg"), Some(data.get("binary"))),
        "attrs": text(data.get("attrs")),
        "mtime": data.get("mtime").int(),
    })
}

fn history(data: &Value, second: &str) -> Facts {
    let rows: Vec<Facts> = data.get("msgs").list().iter().map(|cells| row(cells, second)).collect();
    json!({
        "num": data.get("num").int(),
        "lastid": data.get("lastid").int(),
        "begin": data.get("begin").int(),
        "end": data.get("end").int(),
        "msgs": rows,
    })
}

/// A row of a history or a conversation list; what is neither an array nor an object is a row of empty cells.
fn row(cells: &Value, second: &str) -> Facts {
    let names = ["id", second, "mtype", "mid", "deleted", "msg", "attrs", "mtime"];
    let cell = |at: usize| match cells {
        Value::List(_) => cells.at(at),
        cells => cells.get(names[at]),
    };
    json!({
        "id": cell(0).int(),
        second: cell(1).int(),
        "mtype": cell(2).int(),
        "mid": cell(3).int(),
        "deleted": cell(4).truthy(),
        "msg": body(cell(5), Some(cells.get("binary"))),
        "attrs": text(cell(6)),
        "mtime": cell(7).int(),
    })
}

/// One conversation an id; a last message whose row id is 0, or that is not there, is none.
fn conversations(data: &Value, [ids, unreads, msgs]: [&str; 3], second: &str) -> Facts {
    let one = |(at, id): (usize, &Value)| {
        let cells = data.get(msgs).at(at);
        let row = row(cells, second);
        let last = if row.get("id") == Some(&json!(0)) { Facts::Null } else { row };
        json!({ "id": id.int(), "unread": data.get(unreads).at(at).int(), "last": last })
    };
    data.get(ids).list().iter().enumerate().map(one).collect()
}

/// A body: of a recorded one the bytes in `binary` decide, for the text beside them may have been altered.
fn body(msg: &Value, binary: Option<&Value>) -> Facts {
    match (msg, binary) {
        (map @ Value::Map(_), _) | (_, Some(map @ Value::Map(_))) => {
            json!({ "translated": translation(map) })
        }
        (_, Some(binary)) if !binary.is_nil() => text(binary),
        (msg, _) => text(msg),
    }
}

fn translation(map: &Value) -> Facts {
    json!({
        "source": text(map.get("source")),
        "target": text(map.get("target")),
        "sourceText": text(map.get("sourceText")),
        "targetText": text(map.get("targetText")),
    })
}

/// Ids with the time of the session, where the answer is a map that gives one.
fn sessions(value: &Value) -> Facts {
    match value {
        Value::Map(entries) => entries
            .iter()
            .map(|(id, time)| json!({ "id": key(id), "mtime": Some(time.int()).filter(|&t| t != 0) }))
            .collect(),
        list => list.list().iter().map(|id| json!({ "id": id.int(), "mtime": null })).collect(),
    }
}

/// A list of ids, or a map whose keys they are.
fn ids(value: &Value) -> Facts {
    match value {
        Value::Map(entries) => entries.iter().map(|(id, _)| key(id)).collect(),
        list => list.list().iter().map(Value::int).collect(),
    }
}

/// A list of ids on its own, as recorded, or under `name`, as answered.
fn bare_ids(data: &Value, name: &str) -> Facts {
    ids(if data.is_map() { data.get(name) } else { data })
}

/// A map by id. Equal ids are one entry, the last.
fn by_id(map: &Value, fact: fn(&Value) -> Facts) -> Facts {
    sorted(map.entries().iter().map(|(id, value)| (key(id), fact(value))))
}

pub(crate) fn sorted(entries: impl IntoIterator<Item = (i64, Facts)>) -> Facts {
    let entries: BTreeMap<i64, Facts> = entries.into_iter().collect();
    entries.into_iter().map(|(id, value)| json!([id, value])).collect()
}

fn key(id: &str) -> i64 {
    Value::Text(id.to_owned()).int()
}

/// One map a connection; a single map stands for a list of one.
fn attrs(value: &Value) -> Facts {
    let one = |map: &Value| -> Facts {
        let entries: BTreeMap<&String, Facts> =
            map.entries().iter().map(|(key, value)| (key, text(value))).collect();
        json!(entries)
    };
    match value {
        map @ Value::Map(_) => json!([one(map)]),
        list => list.list().iter().map(one).collect(),
    }
}

fn number(value: &Value) -> Facts {
    json!(value.int())
}

fn numbers(value: &Value) -> Facts {
    value.list().iter().map(number).collect()
}

fn texts(value: &Value) -> Facts {
    value.list().iter().map(text).collect()
}

fn text(value: &Value) -> Facts {
    match value {
        Value::Text(text) => json!(text),
        Value::Bytes(bytes) => bytes_or_text(bytes),
        Value::Int(int) => json!(int.to_string()),
        Value::Float(float) => json!(float.to_string()),
        Value::Bool(value) => json!(value.to_string()),
        Value::Nil | Value::List(_) | Value::Map(_) => json!(""),
    }
}

/// Bytes that are UTF-8 are text.
pub(crate) fn bytes_or_text(bytes: &[u8]) -> Facts {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!(text),
        Err(_) => json!({ "bytes": record::hex(bytes) }),
    }
}
