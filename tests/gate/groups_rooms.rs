//! Groups and rooms.

use rtm_client::gate::Gate;
use serde_json::json;

use crate::peer::Peer;

#[test]
fn group_members() {
    let gate = Gate::builder().group(100, [1, 2]).start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut three = Peer::login(&gate, 3);
    assert_eq!(three.code("addgroupmembers", json!({"gid": 100, "uids": [3]})), 200041);
    one.get("addgroupmembers", json!({"gid": 100, "uids": [3, 4]}));
    let members = one.get("getgroupmembers", json!({"gid": 100}));
    assert_eq!(members, json!({"uids": [1, 2, 3, 4]}));
    let members = three.get("getgroupmembers", json!({"gid": 100, "online": true}));
    assert_eq!(members, json!({"uids": [1, 2, 3, 4], "onlines": [1, 3]}));
    assert_eq!(three.get("getusergroups", json!({})), json!({"gids": [100]}));
    one.get("delgroupmembers", json!({"gid": 100, "uids": [3]}));
    assert_eq!(three.get("getusergroups", json!({})), json!({"gids": []}));
    assert_eq!(three.code("getgroupmembers", json!({"gid": 100})), 200041);
    assert_eq!(three.get("getgroupcount", json!({"gid": 100})), json!({"cn": 3}));
    let count = three.get("getgroupcount", json!({"gid": 100, "online": true}));
    assert_eq!(count, json!({"cn": 3, "online": 1}));
    assert_eq!(one.code("addgroupmembers", json!({"gid": 100, "uids": []})), 200033);
    let many: Vec<i64> = (1..=101).collect();
    assert_eq!(one.code("addgroupmembers", json!({"gid": 100, "uids": many})), 200032);
}

#[test]
fn a_group_fills_up() {
    let gate = Gate::builder().group(100, 1..=9_999).start().unwrap();
    let mut one = Peer::login(&gate, 1);
    assert_eq!(one.code("addgroupmembers", json!({"gid": 100, "uids": [10_001, 10_002]})), 200042);
    one.get("addgroupmembers", json!({"gid": 100, "uids": [1, 10_001]}));
    assert_eq!(one.code("addgroupmembers", json!({"gid": 100, "uids": [10_002]})), 200042);
}

#[test]
fn group_info() {
    let gate = Gate::builder().group(100, [1]).start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut two = Peer::login(&gate, 2);
    assert_eq!(one.get("getgroupinfo", json!({"gid": 100})), json!({"oinfo": "", "pinfo": ""}));
    one.get("setgroupinfo", json!({"gid": 100, "oinfo": "open", "pinfo": "private"}));
    one.get("setgroupinfo", json!({"gid": 100, "oinfo": "opener"}));
    let info = one.get("getgroupinfo", json!({"gid": 100}));
    assert_eq!(info, json!({"oinfo": "opener", "pinfo": "private"}));
    assert_eq!(two.get("getgroupopeninfo", json!({"gid": 100})), json!({"oinfo": "opener"}));
    let infos = two.get("getgroupsopeninfo", json!({"gids": [100, 101]}));
    assert_eq!(infos, json!({"info": {"100": "opener", "101": ""}}));
    assert_eq!(two.code("getgroupinfo", json!({"gid": 100})), 200041);
    assert_eq!(two.code("setgroupinfo", json!({"gid": 100, "oinfo": "mine"})), 200041);
    let long = "x".repeat(65536);
    let (code, ex) = one.call("setgroupinfo", json!({"gid": 100, "pinfo": long})).unwrap_err();
    assert_eq!((code, &ex[..]), (200035, "pinfo has 65536 bytes, at most 65535"));
}

#[test]
fn room_members() {
    let gate = Gate::builder().multi_room(true).start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut one_too = Peer::login(&gate, 1);
    let mut two = Peer::login(&gate, 2);
    one.get("enterrooms", json!({"rids": [200, 201]}));
    one_too.get("enterroom", json!({"rid": 200}));
    two.get("enterroom", json!({"rid": 200}));
    assert_eq!(two.get("getroommembers", json!({"rid": 200})), json!({"uids": [1, 2]}));
    let count = two.get("getroomcount", json!({"rids": [200, 201, 202]}));
    assert_eq!(count, json!({"cn": {"200": 2, "201": 1, "202": 0}}));
    assert_eq!(one.get("getuserrooms", json!({})), json!({"rooms": [200, 201]}));
    one.get("leaveroom", json!({"rid": 200}));
    assert_eq!(one.get("getuserrooms", json!({})), json!({"rooms": [200, 201]}));
    one_too.get("bye", json!({}));
    assert_eq!(one.get("getuserrooms", json!({})), json!({"rooms": [201]}));
    assert_eq!(one.code("enterrooms", json!({"rids": []})), 200033);
    let many: Vec<i64> = (1..=11).collect();
    assert_eq!(one.code("enterrooms", json!({"rids": many})), 200047);
}

#[test]
fn last_messages_of_rooms() {
    let gate = Gate::builder().multi_room(true).start().unwrap();
    let mut one = Peer::login(&gate, 1);
    one.get("enterrooms", json!({"rids": [200, 201]}));
    for (mid, mtype) in [(1, 30), (2, 51)] {
        let message = json!({"rid": 200, "mid": mid, "mtype": mtype, "msg": "m", "attrs": ""});
        one.get("sendroommsg", message);
    }
    let rooms = one.get("getuserroomsandlastmsg", json!({}))["rooms"].clone();
    assert_eq!((&rooms["200"][1], &rooms["200"][3]), (&json!(1), &json!(2)));
    assert_eq!(rooms["201"][0], 0);
    let rooms = one.get("getuserroomsandlastmsg", json!({"mtypes": [30]}))["rooms"].clone();
    assert_eq!(rooms["200"][3], 1);
}

#[test]
fn room_info() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut two = Peer::login(&gate, 2);
    one.get("enterroom", json!({"rid": 200}));
    one.get("setroominfo", json!({"rid": 200, "oinfo": "open", "pinfo": "private"}));
    let info = one.get("getroominfo", json!({"rid": 200}));
    assert_eq!(info, json!({"oinfo": "open", "pinfo": "private"}));
    assert_eq!(two.code("getroominfo", json!({"rid": 200})), 200040);
    assert_eq!(two.code("setroominfo", json!({"rid": 200, "oinfo": "mine"})), 200040);
    assert_eq!(two.get("getroomopeninfo", json!({"rid": 200})), json!({"oinfo": "open"}));
    let infos = two.get("getroomsopeninfo", json!({"rids": [200]}));
    assert_eq!(infos, json!({"info": {"200": "open"}}));
}
