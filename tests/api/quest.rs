//! Quests by their name on the wire.

use rtm_client::gate::ConversationId;
use rtm_client::types::{Body, Text};

use crate::support::*;

#[test]
fn a_quest_does_what_the_call_does() {
    let gate = gate();
    let client = login(&gate, 1);
    let quest =
        |method: &str, json: &str| get(|callback| client.send_quest(method, json, None, callback));
    let sent = r#"{ "to": 2, "mid": 77, "mtype": 51, "msg": "你好", "attrs": "{\"k\":1}" }"#;
    let answer: serde_json::Value = serde_json::from_str(&quest("sendmsg", sent).unwrap()).unwrap();
    let stored = &gate.stored(ConversationId::p2p(1, 2))[0];
    assert_eq!(answer["mtime"], stored.mtime);
    assert_eq!((stored.mid, stored.mtype), (77, 51));
    assert_eq!(
        (&stored.msg, &stored.attrs),
        (&Body::Text("你好".into()), &Text::from("{\"k\":1}"))
    );

    // Integers stay whole, also as keys; lists and maps stay what they are.
    let large = i64::MAX;
    let sent = format!(r#"{{ "friends": [2, {large}] }}"#);
    assert_eq!(quest("addfriends", &sent).unwrap(), "{}");
    let friends: serde_json::Value =
        serde_json::from_str(&quest("getfriends", "{}").unwrap()).unwrap();
    assert_eq!(friends["uids"], serde_json::json!([2, large]));
    let online = quest("getuseropeninfo", r#"{ "uids": [1] }"#).unwrap();
    assert_eq!(online, r#"{"info":{"1":""}}"#);
}

#[test]
fn what_is_no_quest_ends_with_an_error() {
    let gate = gate();
    let client = login(&gate, 1);
    let quest = |method: &str, json: &str| {
        code(get(|callback| client.send_quest(method, json, None, callback)))
    };
    for json in ["", "null", "[1]", "7", "\"text\"", "{", "{} {}", "{ \"key\": }"] {
        assert_eq!(quest("dataget", json), 20005, "{json}");
    }
    for method in ["", "auth", "bye"] {
        assert_eq!(quest(method, "{}"), 20005, "{method}");
    }
    assert_eq!(quest(&"x".repeat(256), "{}"), 20005);
    assert_eq!(quest(&"x".repeat(255), "{}"), 20004);
    assert_eq!(quest("nothing_of_that_name", " {}\n"), 20004);
    client.close();
    assert_eq!(quest("dataget", "{}"), 20012);
}
