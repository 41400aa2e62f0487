//! Sending, pushes, rooms, broadcasts, single messages.

use rtm_client::gate::{ConversationId, Gate};
use serde_json::{Value, json};

use crate::peer::{PATIENCE, Peer, pack, to_packed};

pub(crate) fn chat(to: i64, mid: i64, text: &str) -> Value {
    json!({"to": to, "mid": mid, "mtype": 30, "msg": text, "attrs": ""})
}

#[test]
fn p2p_reaches_every_connection_of_the_receiver() {
    let gate = Gate::builder().start().unwrap();
    let mut sender = Peer::login(&gate, 1);
    let mut sender_too = Peer::login(&gate, 1);
    let mut phone = Peer::login(&gate, 2);
    let mut laptop = Peer::login(&gate, 2);
    let message = json!({"to": 2, "mid": 7, "mtype": 51, "msg": "hé", "attrs": "{\"k\":1}"});
    let mtime = sender.get("sendmsg", message)["mtime"].clone();
    let expected = json!({
        "from": 1, "to": 2, "mid": 7, "mtype": 51, "msg": "hé", "attrs": "{\"k\":1}", "mtime": mtime
    });
    for peer in [&mut phone, &mut laptop] {
        assert_eq!(peer.push(), ("pushmsg".to_owned(), expected.clone()));
    }
    sender.no_push();
    sender_too.no_push();
}

#[test]
fn bytes_stay_bytes() {
    let gate = Gate::builder().start().unwrap();
    let mut sender = Peer::login(&gate, 1);
    let mut receiver = Peer::login(&gate, 2);
    let mut fields = to_packed(&json!({"to": 2, "mid": 7, "mtype": 51, "attrs": null}));
    if let rmpv::Value::Map(entries) = &mut fields {
        entries.push(("msg".into(), rmpv::Value::Binary(vec![0, 255])));
    }
    sender.call_packed("sendmsg", &pack(&fields)).unwrap();
    assert_eq!(receiver.push().1["msg"], json!([0, 255]));
    let answer = receiver.get("getmsg", json!({"from": 1, "mid": 7, "xid": 1, "type": 1}));
    assert_eq!(answer["msg"], json!([0, 255]));
}

#[test]
fn any_numeric_form_will_do() {
    let gate = Gate::builder().start().unwrap();
    let mut sender = Peer::login(&gate, 1);
    let mut message = chat(2, 1_700_000_000_000_001, "x");
    message["to"] = json!(2.0);
    message["mtype"] = json!(30.0);
    sender.get("sendmsg", message.clone());
    message["to"] = json!(2.5);
    assert_eq!(sender.code("sendmsg", message.clone()), 10010);
    message["to"] = json!("2");
    assert_eq!(sender.code("sendmsg", message), 10010);
}

#[test]
fn a_resend_arrives_once() {
    let gate = Gate::builder().group(100, [1, 2]).start().unwrap();
    let mut sender = Peer::login(&gate, 1);
    let mut receiver = Peer::login(&gate, 2);
    let first = sender.get("sendmsg", chat(2, 7, "once"));
    assert_eq!(sender.get("sendmsg", chat(2, 7, "once")), first);
    sender.get("sendmsg", chat(3, 7, "another conversation"));
    assert_eq!(receiver.push().1["mtime"], first["mtime"]);
    receiver.no_push();
    // The same mid from the other side is another message.
    receiver.get("sendmsg", chat(1, 7, "back"));
    assert_eq!(sender.push().1["msg"], "back");
    assert_eq!(gate.stored(ConversationId::p2p(1, 2)).len(), 2);
}

#[test]
fn groups_are_for_members() {
    let gate = Gate::builder().group(100, [1, 2, 3]).start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut one_too = Peer::login(&gate, 1);
    let mut two = Peer::login(&gate, 2);
    let mut outsider = Peer::login(&gate, 4);
    let message = json!({"gid": 100, "mid": 7, "mtype": 30, "msg": "all", "attrs": ""});
    let mtime = one.get("sendgroupmsg", message.clone())["mtime"].clone();
    let expected = json!({
        "from": 1, "gid": 100, "mid": 7, "mtype": 30, "msg": "all", "attrs": "", "mtime": mtime
    });
    assert_eq!(two.push(), ("pushgroupmsg".to_owned(), expected));
    assert_eq!(outsider.code("sendgroupmsg", message.clone()), 200041);
    for peer in [&mut one, &mut one_too, &mut outsider] {
        peer.no_push();
    }
    let unknown = json!({"gid": 101, "mid": 7, "mtype": 30, "msg": "all", "attrs": ""});
    assert_eq!(one.code("sendgroupmsg", unknown), 200041);
}

fn to_room(rid: i64, mid: i64) -> Value {
    json!({"rid": rid, "mid": mid, "mtype": 30, "msg": "room", "attrs": ""})
}

#[test]
fn a_room_is_for_those_inside() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut two = Peer::login(&gate, 2);
    assert_eq!(one.code("sendroommsg", to_room(200, 1)), 200040);
    one.get("enterroom", json!({"rid": 200}));
    two.get("enterroom", json!({"rid": 200}));
    one.get("sendroommsg", to_room(200, 1));
    let (method, push) = two.push();
    assert_eq!((&method[..], &push["rid"], &push["from"]), ("pushroommsg", &json!(200), &json!(1)));
    one.no_push();
    // One room at a time: entering the next leaves this one.
    two.get("enterroom", json!({"rid": 201}));
    one.get("sendroommsg", to_room(200, 2));
    two.no_push();
    two.get("leaveroom", json!({"rid": 201}));
    assert_eq!(two.code("sendroommsg", to_room(201, 3)), 200040);
}

#[test]
fn a_room_ends_with_the_connection() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    one.get("enterroom", json!({"rid": 200}));
    one.get("bye", json!({}));
    let auth = json!({"pid": gate.pid(), "uid": 1, "token": "t"});
    one.get("auth", auth);
    assert_eq!(one.code("sendroommsg", to_room(200, 1)), 200040);
}

#[test]
fn kicked_from_a_room() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    one.get("enterroom", json!({"rid": 200}));
    gate.kick_from_room(1, 200);
    assert_eq!(one.push(), ("kickoutroom".to_owned(), json!({"rid": 200})));
    assert_eq!(one.code("sendroommsg", to_room(200, 1)), 200040);
    gate.kick_from_room(1, 200);
    one.no_push();
}

#[test]
fn several_rooms_where_allowed() {
    let gate = Gate::builder().multi_room(true).start().unwrap();
    let mut one = Peer::login(&gate, 1);
    for rid in 1..=10 {
        one.get("enterroom", json!({"rid": rid}));
    }
    one.get("enterroom", json!({"rid": 1}));
    assert_eq!(one.code("enterroom", json!({"rid": 11})), 200047);
    one.get("sendroommsg", to_room(1, 1));
}

#[test]
fn a_broadcast_reaches_all() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut nobody = Peer::connect(&gate);
    let mid = gate.broadcast(99, 30, "all of you", "{}");
    let (method, push) = one.push();
    assert_eq!(method, "pushbroadcastmsg");
    assert_eq!((&push["from"], &push["mid"]), (&json!(99), &json!(mid)));
    nobody.no_push();
    for (from, xid) in [(99, 0), (-1, 0)] {
        let wanted = json!({"from": from, "mid": mid, "xid": xid, "type": 4});
        assert_eq!(one.get("getmsg", wanted)["msg"], "all of you");
    }
    assert_eq!(one.code("delmsg", json!({"from": 99, "mid": mid, "xid": 0, "type": 4})), 200021);
}

#[test]
fn limits_name_field_and_bound() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let long = "x".repeat(20481);
    let mut refused = |message: Value| one.call("sendmsg", message).unwrap_err();
    let mut message = chat(2, 1, "x");
    message["mtype"] = json!(200);
    let mtype = (200005, "mtype is 200, allowed are 1 to 127".to_owned());
    assert_eq!(refused(message.clone()), mtype);
    message["mtype"] = json!(0);
    assert_eq!(refused(message).0, 200005);
    let msg = (200030, "msg has 20481 bytes, at most 20480".to_owned());
    assert_eq!(refused(chat(2, 1, &long)), msg);
    let mut message = chat(2, 1, &long[..20480]);
    message["attrs"] = json!(&long[..2049]);
    let attrs = (200030, "attrs has 2049 bytes, at most 2048".to_owned());
    assert_eq!(refused(message), attrs);
    assert_eq!(refused(chat(1, 1, "me")).0, 200052);
    assert_eq!(refused(json!({"to": 2, "mid": 1, "mtype": 30})).0, 10009);
    one.get("sendmsg", chat(2, 1, &long[..20480]));
}

#[test]
fn moderation_is_asked_for() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut message = chat(2, 1, "you idiot");
    message["strategyid"] = json!("s");
    assert_eq!(one.code("sendmsg", message.clone()), 200054);
    message["mtype"] = json!(51);
    one.get("sendmsg", message);
    one.get("sendmsg", chat(2, 2, "you idiot"));
}

#[test]
fn one_message_is_for_its_conversation() {
    let gate = Gate::builder().group(100, [1]).start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut two = Peer::login(&gate, 2);
    let mut three = Peer::login(&gate, 3);
    let mtime = one.get("sendmsg", chat(2, 7, "hi"))["mtime"].clone();
    let sent = json!({"from": 1, "mid": 7, "xid": 2, "type": 1});
    let answer = one.get("getmsg", sent.clone());
    assert_eq!(answer["mtime"], mtime);
    assert_eq!(
        (&answer["mtype"], &answer["msg"], &answer["attrs"]),
        (&json!(30), &json!("hi"), &json!(""))
    );
    for xid in [1, 2] {
        let received = json!({"from": 1, "mid": 7, "xid": xid, "type": 1});
        assert_eq!(two.get("getmsg", received)["id"], answer["id"]);
        assert_eq!(
            three.code("getmsg", json!({"from": 1, "mid": 7, "xid": xid, "type": 1})),
            200070
        );
    }
    assert_eq!(one.code("getmsg", json!({"from": 1, "mid": 8, "xid": 2, "type": 1})), 200070);
    assert_eq!(two.code("getmsg", json!({"from": 1, "mid": 7, "xid": 100, "type": 2})), 200041);
    assert_eq!(two.code("getmsg", json!({"from": 1, "mid": 7, "xid": 100, "type": 3})), 200040);
    assert_eq!(two.code("getmsg", json!({"from": 1, "mid": 7, "xid": 100, "type": 5})), 200034);
    assert_eq!(two.code("delmsg", json!({"from": 1, "mid": 7, "xid": 1, "type": 1})), 200021);
    one.get("delmsg", sent.clone());
    assert_eq!(one.code("getmsg", sent.clone()), 200070);
    assert_eq!(one.code("delmsg", sent), 200070);
    assert!(gate.stored(ConversationId::p2p(2, 1))[0].deleted);
}

#[test]
fn translated_for_those_who_asked() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut plain = Peer::login(&gate, 2);
    let mut chinese = Peer::login(&gate, 2);
    chinese.get("setlang", json!({"lang": "zh-CN"}));
    assert_eq!(chinese.code("setlang", json!({"lang": "klingon"})), 200050);
    one.get("sendmsg", chat(2, 1, "Hello, world"));
    one.get("sendmsg", chat(2, 2, "qwerty"));
    one.get("sendmsg", json!({"to": 2, "mid": 3, "mtype": 51, "msg": "hello", "attrs": ""}));
    assert_eq!(plain.push().1["msg"], "Hello, world");
    let translated = json!({
        "source": "en", "target": "zh-CN", "sourceText": "Hello, world", "targetText": "你好, 世界"
    });
    assert_eq!(chinese.push().1["msg"], translated);
    assert_eq!(chinese.push().1["msg"]["targetText"], "");
    assert_eq!(chinese.push().1["msg"], "hello");
    chinese.get("setlang", json!({"lang": ""}));
    one.get("sendmsg", chat(2, 4, "hello"));
    assert_eq!(chinese.push().1["msg"], "hello");
}

#[test]
fn the_handle_sees_what_happens() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    assert_eq!(gate.connections(), 1);
    one.send_quest("sendmsg", &pack(&to_packed(&chat(2, 7, "seen"))));
    assert!(gate.wait_until(PATIENCE, |gate| !gate.stored(ConversationId::p2p(1, 2)).is_empty()));
    let stored = &gate.stored(ConversationId::P2p(2, 1))[0];
    assert_eq!((stored.from, stored.mid), (1, 7));
    assert_eq!(stored.msg, "seen");
    drop(one);
    assert!(gate.wait_until(PATIENCE, |gate| gate.connections() == 0));
    assert!(!gate.wait_until(std::time::Duration::from_millis(10), |_| false));
}
