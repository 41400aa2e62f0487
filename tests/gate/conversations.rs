//! Sessions, unread counts, conversation lists.

use rtm_client::gate::Gate;
use serde_json::json;

use crate::messages::chat;
use crate::peer::{PATIENCE, Peer};

#[test]
fn unread_counts_from_the_last_logout() {
    let gate = Gate::builder().group(100, [1, 2]).start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut three = Peer::login(&gate, 3);
    let mut two = Peer::login(&gate, 2);
    two.get("sendmsg", chat(1, 1, "before"));
    two.get("sendmsg", chat(1, 2, "before"));
    one.get("bye", json!({}));
    drop(one);
    assert!(gate.wait_until(PATIENCE, |gate| gate.connections() == 2));
    two.get("sendmsg", chat(1, 3, "while away"));
    two.get("sendmsg", json!({"to": 1, "mid": 4, "mtype": 51, "msg": "no chat", "attrs": ""}));
    three.get("sendmsg", chat(1, 5, "from three"));
    let message = json!({"gid": 100, "mid": 6, "mtype": 32, "msg": "cmd", "attrs": ""});
    two.get("sendgroupmsg", message);

    let mut one = Peer::login(&gate, 1);
    let list = one.get("getp2pconversationlist", json!({}));
    assert_eq!(list["conversations"], json!([3, 2]));
    assert_eq!(list["unreads"], json!([1, 1]));
    assert_eq!((&list["msgs"][1][1], &list["msgs"][1][5]), (&json!(2), &json!("while away")));
    let list = one.get("getp2pconversationlist", json!({"mtime": 1, "mtypes": [30, 51]}));
    assert_eq!(list["unreads"], json!([1, 4]));
    assert_eq!(list["msgs"][1][3], 4);
    let list = one.get("getgroupunreadconversationlist", json!({}));
    assert_eq!((&list["conversations"], &list["unreads"]), (&json!([100]), &json!([1])));
    assert_eq!(list["msgs"][0][1], 2);
    let list = one.get("getgroupconversationlist", json!({"mtypes": [99]}));
    assert_eq!((&list["unreads"], &list["msgs"][0][0]), (&json!([0]), &json!(0)));
    let list = one.get("getp2punreadconversationlist", json!({"mtypes": [99]}));
    assert_eq!(list, json!({"conversations": [], "unreads": [], "msgs": []}));

    let list = one.get("getunreadconversationlist", json!({"clear": false}));
    assert_eq!(list["p2pConversations"], json!([3, 2]));
    assert_eq!(list["groupUnreads"], json!([1]));
    one.get("getunreadconversationlist", json!({"clear": true}));
    let list = one.get("getunreadconversationlist", json!({}));
    assert_eq!(list["p2pConversations"], json!([]));
    assert_eq!(list["groupMsgs"], json!([]));
}

#[test]
fn own_and_deleted_messages_are_not_unread() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut two = Peer::login(&gate, 2);
    one.get("sendmsg", chat(2, 1, "mine"));
    two.get("sendmsg", chat(1, 2, "yours"));
    two.get("delmsg", json!({"from": 2, "mid": 2, "xid": 1, "type": 1}));
    let list = one.get("getp2pconversationlist", json!({}));
    assert_eq!((&list["unreads"], &list["msgs"][0][3]), (&json!([0]), &json!(1)));
    assert_eq!(one.get("getp2punreadconversationlist", json!({}))["conversations"], json!([]));
}

#[test]
fn sessions_come_and_go() {
    let gate = Gate::builder().group(100, [1]).group(101, [1]).start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut two = Peer::login(&gate, 2);
    one.get("sendmsg", chat(2, 1, "x"));
    one.get("sendmsg", chat(3, 2, "x"));
    assert_eq!(one.get("getsession", json!({})), json!({"p2p": [3, 2], "group": [100, 101]}));
    assert_eq!(two.get("getsession", json!({})), json!({"p2p": [1], "group": []}));
    one.get("removesession", json!({"to": 2, "oneway": true}));
    assert_eq!(one.get("getsession", json!({}))["p2p"], json!([3]));
    assert_eq!(two.get("getsession", json!({}))["p2p"], json!([1]));
    two.get("removesession", json!({"to": 1}));
    assert_eq!(two.get("getsession", json!({}))["p2p"], json!([]));
    // The history is still there, and the next message brings the session back.
    let history = json!({"ouid": 1, "desc": true, "num": 20});
    assert_eq!(two.get("getp2pmsg", history)["num"], 1);
    two.get("sendmsg", chat(1, 3, "x"));
    assert_eq!(one.get("getsession", json!({}))["p2p"], json!([2, 3]));
    one.get("removesession", json!({"to": 2}));
    assert_eq!(two.get("getsession", json!({}))["p2p"], json!([]));
}

#[test]
fn unread_lists_and_numbers() {
    let gate = Gate::builder().group(100, [1, 2]).group(101, [2]).start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut two = Peer::login(&gate, 2);
    two.get("sendmsg", chat(1, 1, "x"));
    let time = two.get("sendmsg", chat(1, 2, "x"))["mtime"].clone();
    two.get("sendmsg", json!({"to": 1, "mid": 3, "mtype": 51, "msg": "x", "attrs": ""}));
    let message = json!({"gid": 100, "mid": 4, "mtype": 40, "msg": "x", "attrs": ""});
    let group_time = two.get("sendgroupmsg", message)["mtime"].clone();
    let unread = one.get("getunread", json!({"clear": null, "gettime": true}));
    assert_eq!(unread, json!({"p2p": [2], "group": [100], "logouttime": 0}));
    let counts = one.get("getp2punread", json!({"uids": [2, 3]}));
    assert_eq!(counts, json!({"p2p": {"2": 2, "3": 0}, "ltime": {"2": time}}));
    let counts = one.get("getp2punread", json!({"uids": [2], "mtime": 1, "mtypes": [51]}));
    assert_eq!(counts["p2p"], json!({"2": 1}));
    let counts = one.get("getgroupunread", json!({"gids": [100]}));
    assert_eq!(counts, json!({"group": {"100": 1}, "ltime": {"100": group_time}}));
    assert_eq!(one.code("getgroupunread", json!({"gids": [101]})), 200041);
    assert_eq!(one.code("getp2punread", json!({"uids": []})), 200033);
    let many: Vec<i64> = (1..=101).collect();
    let (code, ex) = one.call("getp2punread", json!({"uids": many})).unwrap_err();
    assert_eq!((code, &ex[..]), (200032, "uids has 101 items, at most 100"));
    one.get("cleanunread", json!({}));
    assert_eq!(one.get("getunread", json!({})), json!({"p2p": [], "group": []}));
    assert_eq!(one.get("getp2punread", json!({"uids": [2]}))["p2p"], json!({"2": 0}));
}
