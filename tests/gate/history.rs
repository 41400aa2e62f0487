//! History.

use rtm_client::gate::Gate;
use serde_json::{Value, json};

use crate::messages::chat;
use crate::peer::Peer;

fn mids(answer: &Value) -> Vec<i64> {
    answer["msgs"].as_array().unwrap().iter().map(|row| row[3].as_i64().unwrap()).collect()
}

/// Every page, asked for with what the one before said.
fn walk(peer: &mut Peer, method: &str, mut request: Value, num: i64) -> Vec<i64> {
    let mut seen = Vec::new();
    loop {
        request["num"] = json!(num);
        let answer = peer.get(method, request.clone());
        let page = mids(&answer);
        assert_eq!(answer["num"], json!(page.len()));
        seen.extend(&page);
        if (page.len() as i64) < num {
            return seen;
        }
        for key in ["begin", "end", "lastid"] {
            request[key] = answer[key].clone();
        }
    }
}

#[test]
fn p2p_history_both_ways() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut two = Peer::login(&gate, 2);
    for mid in 1..=45 {
        let (peer, to) = if mid % 2 == 0 { (&mut one, 2) } else { (&mut two, 1) };
        peer.get("sendmsg", chat(to, mid, "x"));
    }
    let oldest_first: Vec<i64> = (1..=45).collect();
    let newest_first: Vec<i64> = (1..=45).rev().collect();
    for num in [1, 7, 20] {
        let up = json!({"ouid": 2, "desc": false});
        assert_eq!(walk(&mut one, "getp2pmsg", up, num), oldest_first);
        let down = json!({"ouid": 2, "desc": true});
        assert_eq!(walk(&mut one, "getp2pmsg", down, num), newest_first);
    }
    // Never more than 20 rows.
    let answer = one.get("getp2pmsg", json!({"ouid": 2, "desc": true, "num": 100}));
    assert_eq!(answer["num"], 20);
    let [first, second] = [&answer["msgs"][0], &answer["msgs"][1]];
    assert_eq!(first.as_array().unwrap().len(), 8);
    assert_eq!((&first[1], &second[1]), (&json!(2), &json!(1)));
    assert_eq!(
        (&answer["lastid"], &answer["end"]),
        (&answer["msgs"][19][0], &answer["msgs"][19][7])
    );
    assert_eq!(answer["begin"], 0);
    assert_eq!(one.code("getp2pmsg", json!({"ouid": 2, "desc": true, "num": 0})), 200034);
}

#[test]
fn bounds_and_types() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut times = Vec::new();
    for mid in 1..=4 {
        let mut message = chat(2, mid, "x");
        message["mtype"] = json!(50 + mid);
        times.push(one.get("sendmsg", message)["mtime"].as_i64().unwrap());
    }
    let mut ask = |extra: Value| {
        let mut request = json!({"ouid": 2, "desc": false, "num": 20});
        request.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        mids(&one.get("getp2pmsg", request))
    };
    assert_eq!(ask(json!({"mtypes": [51, 53]})), [1, 3]);
    assert_eq!(ask(json!({"mtypes": []})), [1, 2, 3, 4]);
    assert_eq!(ask(json!({"mtypes": null})), [1, 2, 3, 4]);
    assert_eq!(ask(json!({"begin": times[0], "end": times[3]})), [1, 2, 3, 4]);
    assert_eq!(ask(json!({"begin": times[3] + 1})), [0; 0]);
    assert_eq!(ask(json!({"end": times[0] - 1})), [0; 0]);
}

#[test]
fn deleted_rows_keep_their_place() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    one.get("sendmsg", chat(2, 1, "first"));
    one.get("sendmsg", chat(2, 2, "second"));
    one.get("delmsg", json!({"from": 1, "mid": 1, "xid": 2, "type": 1}));
    let answer = one.get("getp2pmsg", json!({"ouid": 2, "desc": false, "num": 20}));
    let cells = |row: usize| (answer["msgs"][row][4].clone(), answer["msgs"][row][5].clone());
    assert_eq!(cells(0), (json!(true), json!("")));
    assert_eq!(cells(1), (json!(false), json!("second")));
}

#[test]
fn only_those_who_belong_read() {
    let gate = Gate::builder().group(100, [1, 2]).start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut three = Peer::login(&gate, 3);
    one.get("enterroom", json!({"rid": 200}));
    let message = json!({"gid": 100, "mid": 1, "mtype": 30, "msg": "g", "attrs": ""});
    one.get("sendgroupmsg", message);
    let message = json!({"rid": 200, "mid": 2, "mtype": 30, "msg": "r", "attrs": ""});
    one.get("sendroommsg", message);
    let mid = gate.broadcast(99, 30, "b", "");
    let group = json!({"gid": 100, "desc": false, "num": 20});
    let room = json!({"rid": 200, "desc": false, "num": 20});
    let all = json!({"desc": false, "num": 20});
    let answer = one.get("getgroupmsg", group.clone());
    assert_eq!((mids(&answer), &answer["msgs"][0][1]), (vec![1], &json!(1)));
    assert_eq!(mids(&one.get("getroommsg", room.clone())), [2]);
    assert_eq!(mids(&three.get("getbroadcastmsg", all)), [mid]);
    assert_eq!(three.code("getgroupmsg", group), 200041);
    assert_eq!(three.code("getroommsg", room), 200040);
    three.get("sendmsg", chat(1, 9, "mine"));
    assert_eq!(mids(&three.get("getp2pmsg", json!({"ouid": 2, "desc": false, "num": 20}))), [0; 0]);
}

#[test]
fn from_a_message_on() {
    let gate = Gate::builder().group(100, [1]).start().unwrap();
    let mut one = Peer::login(&gate, 1);
    one.get("enterroom", json!({"rid": 200}));
    for mid in 1..=5 {
        one.get("sendmsg", chat(2, mid, "x"));
        let message = |key: &str, id: i64| {
            let mut message = json!({"mid": mid, "mtype": 30, "msg": "x", "attrs": ""});
            message[key] = json!(id);
            message
        };
        one.get("sendgroupmsg", message("gid", 100));
        one.get("sendroommsg", message("rid", 200));
    }
    let targets = [
        ("p2p", json!({"ouid": 2})),
        ("group", json!({"gid": 100})),
        ("room", json!({"rid": 200})),
    ];
    for (kind, target) in targets {
        let by_id = format!("get{kind}msgbymessageid");
        let mut request = target.clone();
        let page = json!({"desc": true, "num": 2, "mid": 4, "begin": 0, "end": 0});
        request.as_object_mut().unwrap().extend(page.as_object().unwrap().clone());
        assert_eq!(mids(&one.get(&by_id, request.clone())), [3, 2]);
        request["desc"] = json!(false);
        assert_eq!(mids(&one.get(&by_id, request.clone())), [5]);
        request["mid"] = json!(0);
        assert_eq!(mids(&one.get(&by_id, request.clone())), [1, 2]);
        request["mid"] = json!(99);
        assert_eq!(one.code(&by_id, request), 200070);
        assert_eq!(one.get(&format!("get{kind}msgcount"), target), json!({"count": 5}));
    }
    let mid = gate.broadcast(99, 30, "a", "");
    gate.broadcast(99, 51, "b", "");
    let request = json!({"desc": false, "num": 9, "mid": mid, "begin": 0, "end": 0});
    assert_eq!(one.get("getbroadcastmsgbymessageid", request)["num"], 1);
    assert_eq!(one.get("getbroadcastmsgcount", json!({"mtypes": [51]})), json!({"count": 1}));
    one.get("delmsg", json!({"from": 1, "mid": 1, "xid": 2, "type": 1}));
    let counted = json!({"ouid": 2, "begin": 0, "end": 0, "mtypes": [30, 31]});
    assert_eq!(one.get("getp2pmsgcount", counted), json!({"count": 4}));
    assert_eq!(one.code("getgroupmsgcount", json!({"gid": 7})), 200041);
}
