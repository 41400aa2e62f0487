//! Friends, users, data, system.

use rtm_client::gate::Gate;
use serde_json::json;

use crate::messages::chat;
use crate::peer::Peer;

#[test]
fn friends() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    one.get("addfriends", json!({"friends": [3, 2]}));
    assert_eq!(one.get("getfriends", json!({})), json!({"uids": [2, 3]}));
    one.get("delfriends", json!({"friends": [3]}));
    assert_eq!(one.get("getfriends", json!({})), json!({"uids": [2]}));
    assert_eq!(one.code("addfriends", json!({"friends": []})), 200033);
    for start in [100, 200, 300] {
        let many: Vec<i64> = (start..start + 100).collect();
        let answer = one.call("addfriends", json!({"friends": many}));
        assert_eq!(answer.map_err(|(code, _)| code).err(), (start == 300).then_some(200048));
    }
}

#[test]
fn who_is_blocked_cannot_send() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut two = Peer::login(&gate, 2);
    one.get("addblacks", json!({"blacks": [2]}));
    assert_eq!(one.get("getblacks", json!({})), json!({"uids": [2]}));
    assert_eq!(two.code("sendmsg", chat(1, 1, "hi")), 200049);
    one.no_push();
    one.get("sendmsg", chat(2, 2, "still I can"));
    assert_eq!(two.push().1["mid"], 2);
    one.get("delblacks", json!({"blacks": [2]}));
    two.get("sendmsg", chat(1, 1, "hi"));
    assert_eq!(one.push().1["mid"], 1);
}

#[test]
fn user_info_and_presence() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut two = Peer::login(&gate, 2);
    one.get("setuserinfo", json!({"oinfo": "o", "pinfo": "p"}));
    one.get("setuserinfo", json!({"pinfo": "q"}));
    assert_eq!(one.get("getuserinfo", json!({})), json!({"oinfo": "o", "pinfo": "q"}));
    let infos = two.get("getuseropeninfo", json!({"uids": [1, 3]}));
    assert_eq!(infos, json!({"info": {"1": "o", "3": ""}}));
    assert_eq!(two.get("getonlineusers", json!({"uids": [3, 2, 1]})), json!({"uids": [2, 1]}));
    let many: Vec<i64> = (1..=201).collect();
    assert_eq!(two.code("getonlineusers", json!({"uids": many})), 200032);
    one.get("bye", json!({}));
    assert_eq!(two.get("getonlineusers", json!({"uids": [1]})), json!({"uids": []}));
}

#[test]
fn data_is_kept() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    assert_eq!(one.get("dataget", json!({"key": "k"})), json!({}));
    one.get("dataset", json!({"key": "k", "val": "v"}));
    assert_eq!(one.get("dataget", json!({"key": "k"})), json!({"val": "v"}));
    drop(one);
    let mut one = Peer::login(&gate, 1);
    assert_eq!(one.get("dataget", json!({"key": "k"})), json!({"val": "v"}));
    assert_eq!(Peer::login(&gate, 2).get("dataget", json!({"key": "k"})), json!({}));
    one.get("datadel", json!({"key": "k"}));
    assert_eq!(one.get("dataget", json!({"key": "k"})), json!({}));
    assert_eq!(one.code("dataset", json!({"key": "k", "val": null})), 10010);
    assert_eq!(one.code("dataset", json!({"key": "k".repeat(129), "val": ""})), 200035);
    assert_eq!(one.code("dataset", json!({"key": "k", "val": "v".repeat(65536)})), 200035);
    one.get("dataset", json!({"key": "k".repeat(128), "val": "v".repeat(65535)}));
}

#[test]
fn attributes_of_connections_and_kicking_another() {
    let gate = Gate::builder().start().unwrap();
    let mut phone = Peer::connect(&gate);
    let auth = json!({"pid": gate.pid(), "uid": 1, "token": "t", "attrs": {"on": "phone"}});
    phone.get("auth", auth);
    let mut laptop = Peer::login(&gate, 1);
    laptop.get("addattrs", json!({"attrs": {"on": "desk", "b": "2"}}));
    laptop.get("addattrs", json!({"attrs": {"on": "laptop"}}));
    let attrs = laptop.get("getattrs", json!({}))["attrs"].clone();
    assert_eq!((&attrs[0]["on"], &attrs[0]["my"]), (&json!("phone"), &json!(null)));
    assert_eq!((&attrs[1]["on"], &attrs[1]["b"]), (&json!("laptop"), &json!("2")));
    assert_eq!(attrs[1]["my"], "1");
    assert!(attrs[1]["login"].as_str().unwrap().parse::<i64>().unwrap() > 1_700_000_000_000);
    assert_eq!(laptop.code("kickout", json!({"ce": attrs[1]["ce"]})), 200012);
    assert_eq!(laptop.code("kickout", json!({"ce": "nowhere"})), 200055);
    assert_eq!(Peer::login(&gate, 2).code("kickout", json!({"ce": attrs[0]["ce"]})), 200055);
    laptop.get("kickout", json!({"ce": attrs[0]["ce"]}));
    assert_eq!(phone.push().0, "kickout");
    phone.wait_closed();
    assert_eq!(laptop.code("addattrs", json!({"attrs": {"a": 1}})), 10010);
}

#[test]
fn options_and_devices() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    one.get("adddevice", json!({"apptype": "fcm", "devicetoken": "d"}));
    one.get("removedevice", json!({"devicetoken": "d"}));
    one.get("adddebuglog", json!({"msg": "m", "attrs": "a"}));
    assert_eq!(one.get("getoption", json!({})), json!({"p2p": {}, "group": {}}));
    one.get("addoption", json!({"type": 0, "xid": 2, "mtypes": [32, 30]}));
    one.get("addoption", json!({"type": 0, "xid": 2, "mtypes": [40]}));
    one.get("addoption", json!({"type": 1, "xid": 100}));
    let options = one.get("getoption", json!({}));
    assert_eq!(options, json!({"p2p": {"2": [30, 32, 40]}, "group": {"100": []}}));
    one.get("removeoption", json!({"type": 0, "xid": 2, "mtypes": [30]}));
    one.get("removeoption", json!({"type": 0, "xid": 2}));
    assert_eq!(one.get("getoption", json!({}))["p2p"], json!({"2": [32, 40]}));
    one.get("removeoption", json!({"type": 0, "xid": 2, "mtypes": [32, 40]}));
    assert_eq!(one.get("getoption", json!({}))["p2p"], json!({}));
    assert_eq!(one.code("addoption", json!({"type": 2, "xid": 2})), 200034);
    let now = one.get("getservertime", json!({}))["mts"].as_i64().unwrap();
    assert!(now > 1_700_000_000_000);
}
