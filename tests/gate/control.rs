//! The HTTP API: what it does, answers and refuses.

use std::time::Instant;

use rtm_client::gate::{ConversationId, Gate, GateBuilder};
use serde_json::{Value, json};

use crate::common::http::{self, Response, get, post, request};
use crate::messages::chat;
use crate::peer::{PATIENCE, Peer, pack, quest, to_packed, unpack};

/// More than a number of JavaScript can say.
const BIG: i64 = 9_007_199_254_740_993;

fn builder() -> GateBuilder {
    Gate::builder().page_listen("127.0.0.1:0").group(100, [1, 2])
}

/// The address of the page.
fn page(gate: &Gate) -> String {
    let url = gate.page_url().unwrap();
    url.strip_prefix("http://").unwrap().trim_end_matches('/').to_owned()
}

/// The answer of a request that must succeed.
#[track_caller]
fn done(gate: &Gate, path: &str, body: Value) -> Value {
    let response = post(&page(gate), path, &body);
    assert_eq!(response.status, 200, "{response:?}");
    assert_eq!(response.header("content-type"), Some("application/json"));
    response.json()
}

fn state(gate: &Gate) -> Value {
    let response = get(&page(gate), "/state");
    assert_eq!(response.status, 200, "{response:?}");
    response.json()
}

#[test]
fn kick() {
    let gate = builder().start().unwrap();
    let mut phone = Peer::login(&gate, BIG);
    let mut laptop = Peer::login(&gate, BIG);
    let mut other = Peer::login(&gate, 2);
    assert_eq!(
        done(&gate, "/control/kick", json!({"uid": BIG.to_string()})),
        json!({"connections": 2})
    );
    for peer in [&mut phone, &mut laptop] {
        assert_eq!(peer.push(), ("kickout".to_owned(), json!({})));
        peer.wait_closed();
    }
    other.no_push();
    // A number will do as well, and who is not there is not kicked.
    assert_eq!(done(&gate, "/control/kick", json!({"uid": 7})), json!({"connections": 0}));
    assert_eq!(done(&gate, "/control/kick", json!({"uid": 2})), json!({"connections": 1}));
    assert_eq!(other.push().0, "kickout");
}

#[test]
fn kick_from_room() {
    let gate = builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut outside = Peer::login(&gate, 1);
    one.get("enterroom", json!({"rid": BIG}));
    let body = json!({"uid": 1, "rid": BIG.to_string()});
    assert_eq!(done(&gate, "/control/kick-from-room", body.clone()), json!({"connections": 1}));
    assert_eq!(one.push(), ("kickoutroom".to_owned(), json!({"rid": BIG})));
    assert_eq!(one.get("getuserrooms", json!({})), json!({"rooms": []}));
    assert_eq!(done(&gate, "/control/kick-from-room", body), json!({"connections": 0}));
    outside.no_push();
}

/// The four kinds of broadcasts that the JavaScript SDK tells apart, and bytes.
#[test]
fn broadcast() {
    let gate = builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    for mtype in [30, 32, 40, 51] {
        let body = json!({"from": 99, "mtype": mtype, "msg": "to all", "attrs": "{}"});
        let mid = done(&gate, "/control/broadcast", body)["mid"].clone();
        let mid: i64 = mid.as_str().expect("decimal text").parse().unwrap();
        let (method, push) = one.push();
        assert_eq!((&*method, &push["mid"]), ("pushbroadcastmsg", &json!(mid)));
        assert_eq!((&push["from"], &push["mtype"]), (&json!(99), &json!(mtype)));
        assert_eq!((&push["msg"], &push["attrs"]), (&json!("to all"), &json!("{}")));
    }
    done(&gate, "/control/broadcast", json!({"msg": {"bin": "AP8="}}));
    let push = one.push().1;
    assert_eq!((&push["msg"], &push["mtype"]), (&json!([0, 255]), &json!(30)));
    assert_eq!(gate.stored(ConversationId::Broadcast).len(), 5);
    // Who asked for it gets it translated.
    one.get("setlang", json!({"lang": "fr"}));
    done(&gate, "/control/broadcast", json!({"from": "99", "msg": "hello"}));
    assert_eq!(one.push().1["msg"]["targetText"], "bonjour");
}

#[test]
fn push() {
    let gate = builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let payload = json!({
        "from": BIG.to_string(), "to": 1, "mtype": "77", "mid": "5", "msg": "12", "attrs": "",
        "mtime": 1
    });
    let body = json!({"uid": "1", "method": "pushmsg", "payload": payload});
    assert_eq!(done(&gate, "/control/push", body), json!({"connections": 1}));
    let expected = json!({
        "from": BIG, "to": 1, "mtype": 77, "mid": 5, "msg": "12", "attrs": "", "mtime": 1
    });
    assert_eq!(one.push(), ("pushmsg".to_owned(), expected));
    // A translated chat.
    let translated = json!({"source": "en", "target": "fr", "sourceText": "a", "targetText": "b"});
    let payload = json!({"from": 2, "to": 1, "mtype": 30, "mid": 6, "msg": translated});
    done(&gate, "/control/push", json!({"uid": 1, "method": "pushmsg", "payload": payload}));
    assert_eq!(one.push().1["msg"], translated);
    let nobody = json!({"uid": 7, "method": "pushmsg", "payload": {}});
    assert_eq!(done(&gate, "/control/push", nobody), json!({"connections": 0}));
}

#[test]
fn fault_and_clear() {
    let gate = builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut two = Peer::login(&gate, 2);
    let fault = json!({"method": "sendmsg", "uid": "1", "next": 2, "error": 200010});
    assert_eq!(done(&gate, "/control/fault", fault.clone()), json!({}));
    assert_eq!(state(&gate)["faults"], json!([fault]));
    assert_eq!(one.code("sendmsg", chat(2, 1, "x")), 200010);
    two.get("sendmsg", chat(1, 1, "x"));
    let left = json!({"method": "sendmsg", "uid": "1", "next": 1, "error": 200010});
    assert_eq!(state(&gate)["faults"], json!([left]));
    let response = request(&page(&gate), "POST", "/control/clear", &[], b"");
    assert_eq!((response.status, response.json()), (200, json!({})));
    one.get("sendmsg", chat(2, 1, "x"));
    assert_eq!(state(&gate)["faults"], json!([]));
    // One conversation, one type, the n-th.
    let fault = json!({
        "method": "sendgroupmsg", "conversation": {"group": "100"}, "mtype": 51, "nth": 2,
        "error": 200010
    });
    done(&gate, "/control/fault", fault);
    let send = |mid: i64, mtype: i64| json!({"gid": 100, "mid": mid, "mtype": mtype, "msg": "x", "attrs": ""});
    for (mid, mtype, expected) in [(1, 51, 0), (2, 30, 0), (3, 51, 200010), (4, 51, 0)] {
        let code = one.call("sendgroupmsg", send(mid, mtype)).map_or_else(|(code, _)| code, |_| 0);
        assert_eq!(code, expected, "message {mid}");
    }
}

/// Every fault that Rust can set shows on the wire when it is set from outside.
#[test]
fn every_fault() {
    let gate = builder().start().unwrap();
    let nothing = pack(&to_packed(&json!({})));
    // A connection whose next two calls of a method are struck by this fault.
    let struck = |fault: Value| {
        let mut fault = fault;
        fault["method"] = json!("getsession");
        fault["next"] = json!(2);
        done(&gate, "/control/clear", json!({}));
        done(&gate, "/control/fault", fault);
        let mut peer = Peer::login(&gate, 1);
        let seqs = [100, 101];
        // In one message: a fault of the first may end the connection.
        peer.send(seqs.map(|seq| quest(Some(seq), "getsession", &nothing)).concat());
        (peer, seqs)
    };
    let seq_of = |package: &[u8]| u32::from_le_bytes(package[12..16].try_into().unwrap());

    let (mut peer, [first, second]) = struck(json!({"error": 200010}));
    for seq in [first, second] {
        let (status, payload) = peer.answer(seq);
        assert_eq!((status, &unpack(&payload)["code"]), (1, &json!(200010)));
    }
    for name in ["delay_ms", "answer_late_ms"] {
        let began = Instant::now();
        let (mut peer, [first, _]) = struck(json!({name: 100}));
        peer.answer(first);
        assert!(began.elapsed().as_millis() >= 100, "{name}");
    }
    let (mut peer, _) = struck(json!({"never_answer": true}));
    peer.no_push();
    let (mut peer, [first, second]) = struck(json!({"answer_twice": true}));
    for seq in [first, first, second, second] {
        peer.answer(seq);
    }
    let (mut peer, [first, second]) = struck(json!({"reorder": 2}));
    for seq in [second, first] {
        peer.answer(seq);
    }
    let (mut peer, [first, _]) = struck(json!({"wrong_seq": true}));
    assert_ne!(seq_of(&peer.package().unwrap()), first);

    // What is in each WebSocket message.
    let message = |fault: Value| struck(fault).0.socket.read().unwrap().into_data();
    let whole = message(json!({"answer_late_ms": 0}));
    let len = whole.len();
    assert_eq!(message(json!({"join": 2})).len(), 2 * len);
    assert_eq!(message(json!({"split": 7}))[..], whole[..7]);
    assert_eq!(message(json!({"truncate": 20}))[..], whole[..20]);
    assert_eq!(message(json!({"garbage": true})), vec![0xa5; len]);
    for name in ["close", "reset"] {
        let (mut peer, _) = struck(json!({name: true}));
        assert_eq!(peer.package(), None, "{name}");
    }
    let (mut peer, [first, _]) = struck(json!({"stop_reading": true}));
    peer.answer(first);
    peer.send_quest("*ping", &nothing);
    peer.socket.get_ref().set_read_timeout(Some(std::time::Duration::from_millis(200))).unwrap();
    // The second call was there already; what comes later is not read.
    let answers = std::iter::from_fn(|| peer.socket.read().ok()).count();
    assert!(answers <= 1, "{answers}");
}

/// The two faults that show in what the gate sends of its own.
#[test]
fn faults_of_pings_and_frames() {
    let gate = builder().ping_interval(std::time::Duration::from_millis(50)).start().unwrap();
    done(&gate, "/control/fault", json!({"method": "auth", "next": 1, "stop_pinging": true}));
    let mut quiet = Peer::login(&gate, 1);
    let mut pinged = Peer::login(&gate, 2);
    for _ in 0..3 {
        let ping = pinged.package().unwrap();
        assert_eq!(&ping[16..], b"ping\x80");
    }
    quiet.socket.get_ref().set_nonblocking(true).unwrap();
    assert!(quiet.socket.read().is_err(), "a ping came");

    let gate = builder().start().unwrap();
    done(&gate, "/control/fault", json!({"method": "pushmsg", "broken_frame": true}));
    let mut one = Peer::login(&gate, 1);
    // Head, method and payload are 126 bytes.
    let text = "x".repeat(126 - 16 - "pushmsg".len() - 8);
    done(&gate, "/control/push", json!({"uid": 1, "method": "pushmsg", "payload": {"msgs": text}}));
    let mut frame = [0; 6];
    std::io::Read::read_exact(one.socket.get_mut(), &mut frame).unwrap();
    assert_eq!(frame, *b"\x82\x7eFPNN");
}

#[test]
fn the_state() {
    let gate = builder().multi_room(true).start().unwrap();
    let mut one = Peer::connect(&gate);
    let auth =
        json!({"pid": gate.pid(), "uid": 1, "token": "t", "attrs": {"on": "phone"}, "lang": "fr"});
    one.get("auth", auth);
    let mut two = Peer::login(&gate, BIG);
    one.get("enterroom", json!({"rid": 200}));
    two.get("enterroom", json!({"rid": 200}));
    one.get("sendmsg", chat(BIG, BIG, "hé"));
    one.get("sendgroupmsg", json!({"gid": 100, "mid": 1, "mtype": 51, "msg": "x", "attrs": "a"}));
    let state = state(&gate);
    assert_eq!(state["pid"], "11000001");
    assert_eq!(state["doors"]["gate"], gate.endpoint());
    assert_eq!(state["doors"]["file"], gate.file_endpoint());
    assert_eq!(state["doors"]["page"], page(&gate));
    assert_eq!(
        (&state["counters"]["users"], &state["counters"]["messages"]),
        (&json!(2), &json!(2))
    );
    let users = state["users"].as_array().unwrap();
    assert_eq!(
        (users.len(), &users[0]["uid"], &users[1]["uid"]),
        (2, &json!("1"), &json!(BIG.to_string()))
    );
    let connection = &users[0]["connections"][0];
    assert_eq!(connection["attrs"], json!({"on": "phone"}));
    assert_eq!((&connection["lang"], &connection["rooms"]), (&json!("fr"), &json!(["200"])));
    assert!(connection["endpoint"].as_str().unwrap().starts_with("127.0.0.1:"));
    assert_eq!(state["groups"], json!({"100": ["1", "2"]}));
    assert_eq!(state["rooms"], json!({"200": ["1", BIG.to_string()]}));
    assert_eq!(
        state["conversations"],
        json!([
            {"conversation": {"group": "100"}, "messages": 1},
            {"conversation": {"p2p": ["1", BIG.to_string()]}, "messages": 1},
        ])
    );
    assert_eq!(state.get("messages"), None);
    let response = get(&page(&gate), &format!("/state?p2p={BIG},1"));
    let stored = &response.json()["messages"];
    assert_eq!(stored.as_array().unwrap().len(), 1);
    let message = &stored[0];
    assert_eq!((&message["mid"], &message["from"]), (&json!(BIG.to_string()), &json!("1")));
    assert_eq!((&message["msg"], &message["mtype"]), (&json!("hé"), &json!(30)));
    assert_eq!((&message["deleted"], &message["attrs"]), (&json!(false), &json!("")));
    for (query, count) in [("group=100", 1), ("room=200", 0), ("broadcast", 0)] {
        let state = get(&page(&gate), &format!("/state?{query}")).json();
        assert_eq!(state["messages"].as_array().unwrap().len(), count, "{query}");
    }
    assert_eq!(get(&page(&gate), "/state?nothing").status, 400);
}

#[test]
fn what_is_wrong_is_said() {
    let gate = builder().start().unwrap();
    let _one = Peer::login(&gate, 1);
    for (path, body, words) in [
        ("kick", json!({}), "uid is missing"),
        ("kick", json!({"uid": null}), "uid is missing"),
        ("kick", json!({"uid": "x"}), "uid is \"x\", expected an id"),
        ("kick", json!({"uid": 1.5}), "uid is 1.5, expected an id"),
        ("kick", json!({"uid": 1, "rid": 2}), "there is no field \"rid\""),
        ("kick", json!([1]), "expected a JSON object"),
        ("kick-from-room", json!({"uid": 1}), "rid is missing"),
        ("broadcast", json!({"mtype": 30}), "msg is missing"),
        ("broadcast", json!({"msg": 5}), "msg: a text, or an object with `str` or `bin`"),
        ("broadcast", json!({"msg": {"bin": "?"}}), "is no base64"),
        ("push", json!({"uid": 1, "method": "x"}), "payload is missing"),
        ("push", json!({"uid": 1, "method": "", "payload": {}}), "the method has 0 bytes"),
        ("push", json!({"uid": 1, "method": "x", "payload": {"mid": "x"}}), "mid is \"x\""),
        ("fault", json!({"method": "sendMessage", "close": true}), "no method \"sendMessage\""),
        ("clear", json!({"all": true}), "there is no field \"all\""),
    ] {
        let response = post(&page(&gate), &format!("/control/{path}"), &body);
        assert_eq!(response.status, 400, "{path} {body}");
        let error = response.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains(words), "{path} {body}: {error}");
    }
    let broken = request(&page(&gate), "POST", "/control/kick", &[], b"{\"uid\":");
    assert_eq!(broken.status, 400);
    // Nothing of it was done.
    assert_eq!((gate.counters().users, gate.counters().pushes), (1, 0));
    assert_eq!(state(&gate)["faults"], json!([]));
    let allowed =
        |response: Response| (response.status, response.header("allow").map(str::to_owned));
    let address = page(&gate);
    assert_eq!(allowed(get(&address, "/control/kick")), (405, Some("POST".to_owned())));
    assert_eq!(allowed(post(&address, "/state", &json!({}))), (405, Some("GET".to_owned())));
    assert_eq!(post(&address, "/control/nothing", &json!({})).status, 404);
    // It is there at the page's port alone.
    for address in [gate.endpoint(), gate.file_endpoint()] {
        assert_eq!(post(&address, "/control/kick", &json!({"uid": 1})).status, 404);
        assert_eq!(get(&address, "/state").status, 404);
    }
}

#[test]
fn bodies_are_bounded() {
    let gate = builder().start().unwrap();
    let address = page(&gate);
    let long = vec![b' '; 1024 * 1024];
    assert_eq!(request(&address, "POST", "/control/clear", &[], &long).status, 200);
    let head = "POST /control/clear HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048577\r\n\r\n";
    assert_eq!(http::exchange(&address, head.as_bytes()).unwrap().status, 413);
    let head =
        "POST /control/clear HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(http::exchange(&address, head.as_bytes()).unwrap().status, 501);
}

/// A page elsewhere can do nothing here; one of this machine may, and may read the answers.
#[test]
fn foreign_pages_control_nothing() {
    let gate = builder().start().unwrap();
    let address = page(&gate);
    let mut one = Peer::login(&gate, 1);
    let body = br#"{"uid": 1}"#;
    for header in [("Origin", "http://evil.example"), ("Origin", "null"), ("Host", "evil.example")]
    {
        for (method, path) in [
            ("POST", "/control/kick"),
            ("OPTIONS", "/control/kick"),
            ("GET", "/state"),
            ("GET", "/"),
        ] {
            let response = request(&address, method, path, &[header], body);
            assert_eq!(response.status, 403, "{header:?} {method} {path}");
            assert_eq!(response.header("access-control-allow-origin"), None);
        }
    }
    one.no_push();
    let origin = ("Origin", "http://localhost:3000");
    let asked = request(&address, "OPTIONS", "/control/kick", &[origin], b"");
    assert_eq!(asked.status, 200);
    assert_eq!(asked.header("access-control-allow-methods"), Some("POST"));
    assert_eq!(asked.header("access-control-allow-headers"), Some("Content-Type"));
    let response = request(&address, "POST", "/control/kick", &[origin], body);
    assert_eq!((response.status, response.json()), (200, json!({"connections": 1})));
    for response in [asked, response] {
        assert_eq!(response.header("access-control-allow-origin"), Some(origin.1));
    }
    assert_eq!(one.push().0, "kickout");
    assert!(gate.wait_until(PATIENCE, |gate| gate.counters().users == 0));
}
