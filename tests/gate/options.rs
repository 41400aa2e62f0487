//! What a test sets, sends and reads by the handle: limits, retention, seeds, pushes, counters.

use std::time::Duration;

use rtm_client::gate::{ConversationId, Gate};
use serde_json::json;

use crate::files::{signed, token, upload};
use crate::messages::chat;
use crate::peer::{PATIENCE, Peer};

#[test]
fn anything_is_pushed() {
    let gate = Gate::builder().start().unwrap();
    let mut phone = Peer::login(&gate, 1);
    let mut laptop = Peer::login(&gate, 1);
    let mut other = Peer::login(&gate, 2);
    assert_eq!(gate.push(1, "pushanything", r#"{"a":[1,"é",null]}"#).unwrap(), 2);
    assert_eq!(gate.push(1, "kickoutroom", r#"{"rid":5}"#).unwrap(), 2);
    assert_eq!(gate.push(1, "raw", [0x81, 0xa1, b'b', 0xc4, 1, 0xff]).unwrap(), 2);
    for peer in [&mut phone, &mut laptop] {
        assert_eq!(peer.push(), ("pushanything".to_owned(), json!({"a": [1, "é", null]})));
        assert_eq!(peer.push(), ("kickoutroom".to_owned(), json!({"rid": 5})));
        assert_eq!(peer.push(), ("raw".to_owned(), json!({"b": [255]})));
    }
    other.no_push();
    assert_eq!(gate.push(3, "pushanything", "{}").unwrap(), 0);
    assert!(gate.push(1, "pushanything", "[1]").is_err());
    assert!(gate.push(1, "", "{}").is_err());
    assert!(gate.push(1, "x".repeat(256), "{}").is_err());
}

#[test]
fn limits_are_as_set() {
    let gate = Gate::builder()
        .message_limit(10)
        .attrs_limit(5)
        .file_limit(3)
        .page_limit(2)
        .member_limit(3)
        .friend_limit(2)
        .room_limit(1)
        .multi_room(true)
        .keep_messages(4)
        .group(100, [1, 2])
        .start()
        .unwrap();
    let mut one = Peer::login(&gate, 1);
    let refused = one.call("sendmsg", chat(2, 1, "elevenbytes")).unwrap_err();
    assert_eq!(refused, (200030, "msg has 11 bytes, at most 10".to_owned()));
    let mut message = chat(2, 1, "x");
    message["attrs"] = json!("123456");
    assert_eq!(one.code("sendmsg", message), 200030);
    for mid in 1..10 {
        one.get("sendmsg", chat(2, mid, "x"));
    }
    assert_eq!(gate.stored(ConversationId::p2p(1, 2)).len(), 4);
    assert_eq!(one.get("getp2pmsg", json!({"ouid": 2, "desc": true, "num": 20}))["num"], 2);
    one.get("addgroupmembers", json!({"gid": 100, "uids": [3]}));
    assert_eq!(one.code("addgroupmembers", json!({"gid": 100, "uids": [4]})), 200042);
    assert_eq!(one.code("addfriends", json!({"friends": [2, 3, 4]})), 200048);
    one.get("enterroom", json!({"rid": 1}));
    assert_eq!(one.code("enterroom", json!({"rid": 2})), 200047);
    let token = token(&mut one, json!({"cmd": "uploadfile"}));
    let attrs = json!({"rtm": signed(b"four", &token)}).to_string();
    let fields = json!({"uid": 1, "token": token, "attrs": attrs});
    assert_eq!(upload(&gate, "uploadfile", fields, b"four").unwrap_err().0, 200031);
}

#[test]
fn a_package_over_the_limit_ends_its_connection() {
    let gate = Gate::builder().package_limit(1000).start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut two = Peer::login(&gate, 2);
    one.get("sendmsg", chat(2, 1, &"x".repeat(900)));
    one.send_quest("sendmsg", &vec![0; 1000]);
    one.wait_closed();
    two.push();
    two.no_push();
}

#[test]
fn old_messages_go() {
    let gate = Gate::builder().keep_for(Duration::from_millis(1500)).start().unwrap();
    let mut one = Peer::login(&gate, 1);
    one.get("sendmsg", chat(2, 1, "x"));
    assert_eq!(gate.stored(ConversationId::p2p(1, 2)).len(), 1);
    let gone = gate.wait_until(PATIENCE, |gate| {
        one.get("*ping", json!({}));
        gate.stored(ConversationId::p2p(1, 2)).is_empty()
    });
    assert!(gone);
}

#[test]
fn a_file_token_lives_as_long_as_set() {
    let gate = Gate::builder().file_token_life(Duration::ZERO).start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let token = token(&mut one, json!({"cmd": "uploadfile"}));
    let attrs = json!({"rtm": signed(b"f", &token)}).to_string();
    let fields = json!({"uid": 1, "token": token, "attrs": attrs});
    assert_eq!(upload(&gate, "uploadfile", fields, b"f").unwrap_err().0, 200003);
}

#[test]
fn a_seed_is_there_from_the_start() {
    let seed = json!({
        "users": {"1": {"oinfo": "Ann", "friends": [2], "blacks": [3], "data": {"k": "v"}}},
        "groups": {"100": {"members": [1, 2], "oinfo": "both"}},
        "rooms": {"200": {"oinfo": "lobby"}},
        "messages": [
            {"from": 2, "to": 1, "msg": "before you came"},
            {"from": 2, "gid": 100, "mtype": 51, "msg": {"bin": "AP8="}, "mid": 9}
        ]
    });
    let gate = Gate::builder().seed(seed.to_string()).group(101, [1]).start().unwrap();
    let mut one = Peer::login(&gate, 1);
    assert_eq!(one.get("getfriends", json!({})), json!({"uids": [2]}));
    assert_eq!(one.get("dataget", json!({"key": "k"})), json!({"val": "v"}));
    assert_eq!(one.get("getusergroups", json!({})), json!({"gids": [100, 101]}));
    assert_eq!(one.get("getroomopeninfo", json!({"rid": 200})), json!({"oinfo": "lobby"}));
    let answer = one.get("getmsg", json!({"from": 2, "mid": 9, "xid": 100, "type": 2}));
    assert_eq!(answer["msg"], json!([0, 255]));
    assert_eq!(one.get("getunread", json!({}))["p2p"], json!([2]));
    let again = Gate::builder().seed(gate.snapshot()).start().unwrap();
    assert_eq!(again.snapshot(), gate.snapshot());
    let error = Gate::builder().seed("{").start().unwrap_err();
    assert!(error.to_string().contains("line 1"), "{error}");
}

/// A seed of extremes is refused with its place, or the gate does what it does with any other.
#[test]
fn seeds_of_extremes() {
    const MAX: i64 = i64::MAX;
    const MIN: i64 = i64::MIN;
    let message = |id: i64, mtime: i64| {
        json!({"messages": [
            {"from": 1, "to": 2, "mid": 4, "msg": "before"},
            {"from": 1, "to": 2, "mid": 5, "msg": "x", "id": id, "mtime": mtime},
        ]})
    };
    let oneself = json!({
        "messages": [{"from": 1, "to": 1, "mid": 5, "msg": "x"}],
        "users": {
            "1": {"friends": [1], "unlisted": [1, 77], "read_until": MAX},
            "-5": {"logout": MIN, "read_until": MIN},
        },
    });
    for (seed, place) in [
        (json!({"last_row": MAX}), "last_row is 9223372036854775807"),
        (json!({"last_row": -1}), "last_row is -1"),
        (message(MAX, 0), "messages[1]: id is 9223372036854775807"),
        (message(MIN, 0), "messages[1]: id is -9223372036854775808"),
        (message(0, MAX), ""),
        (message(0, MIN), ""),
        (message(MAX / 2, 0), ""),
        (oneself, ""),
    ] {
        let gate = match Gate::builder().seed(seed.to_string()).start() {
            Ok(gate) => gate,
            Err(error) => {
                let error = error.to_string();
                assert!(!place.is_empty() && error.contains(place), "{seed}: {error}");
                continue;
            }
        };
        assert_eq!(place, "", "{seed} was taken");
        let mut one = Peer::login(&gate, 1);
        for mid in 100..103 {
            one.get("sendmsg", chat(2, mid, "x"));
        }
        let page = json!({"ouid": 2, "desc": true, "num": 20});
        assert!(one.get("getp2pmsg", page)["num"].as_i64().unwrap() >= 3, "{seed}");
        one.get("getmsg", json!({"from": 1, "mid": 102, "xid": 2, "type": 1}));
        one.get("getunread", json!({"clear": true}));
        assert!(!gate.has_stopped());
    }
}

#[test]
fn waiting_without_end() {
    let gate = Gate::builder().start().unwrap();
    assert!(gate.wait_until(Duration::MAX, |_| true));
    std::thread::scope(|scope| {
        let waiting =
            scope.spawn(|| gate.wait_until(Duration::MAX, |gate| gate.counters().users == 1));
        let _one = Peer::login(&gate, 1);
        assert!(waiting.join().unwrap());
    });
}

#[test]
fn everything_is_counted() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut two = Peer::login(&gate, 2);
    let _nobody = Peer::connect(&gate);
    one.get("sendmsg", chat(2, 1, "x"));
    one.code("sendmsg", chat(1, 1, "x"));
    two.push();
    let counters = gate.counters();
    assert_eq!((counters.connections, counters.users), (3, 2));
    assert_eq!((counters.calls, counters.refused), (4, 1));
    assert_eq!((counters.messages, counters.pushes, counters.faults), (1, 1, 0));
}
