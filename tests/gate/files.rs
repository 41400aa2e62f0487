//! Files: token, upload, delivery, download.

use std::io::{Read, Write};
use std::net::TcpStream;

use md5::{Digest, Md5};
use rmpv::Value as Packed;
use rtm_client::gate::{ConversationId, Gate};
use serde_json::{Value, json};

use crate::common::http;
use crate::peer::{Answer, PATIENCE, Peer, pack, to_packed};

fn hex_md5(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Md5::digest(bytes))
}

pub(crate) fn signed(file: &[u8], token: &str) -> Value {
    json!({"sign": hex_md5(format!("{}:{token}", hex_md5(file)).as_bytes()), "ext": "png"})
}

pub(crate) fn token(peer: &mut Peer, request: Value) -> String {
    peer.get("filetoken", request)["token"].as_str().unwrap().to_owned()
}

/// Uploads a file of user 1; `fields` come on top of what every upload has.
pub(crate) fn upload(gate: &Gate, method: &str, fields: Value, file: &[u8]) -> Answer {
    let mut all = json!({
        "pid": gate.pid(), "from": 1, "mid": 7, "endpoint": gate.file_endpoint(), "mtype": 40
    });
    all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let mut packed = to_packed(&all);
    if let Packed::Map(entries) = &mut packed {
        entries.push(("file".into(), Packed::Binary(file.to_vec())));
    }
    Peer::connect_to(&gate.file_endpoint()).call_packed(method, &pack(&packed))
}

fn download(url: &str) -> Vec<u8> {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap();
    let body = response.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    assert!(response.starts_with(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n"));
    response.split_off(body)
}

#[test]
fn a_file_is_sent_and_had() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut two = Peer::login(&gate, 2);
    let answer = one.get("filetoken", json!({"to": 2, "cmd": "sendfile"}));
    assert_eq!(answer["endpoint"], gate.file_endpoint());
    let token = answer["token"].as_str().unwrap();
    let file = [0, 159, 146, 150];
    let attrs = json!({"rtm": signed(&file, token), "custom": {"k": 1}});
    let fields = json!({"to": 2, "token": token, "attrs": attrs.to_string()});
    let mtime = upload(&gate, "sendfile", fields, &file).unwrap()["mtime"].clone();
    let (method, push) = two.push();
    assert_eq!((&method[..], &push["mtime"], &push["mtype"]), ("pushmsg", &mtime, &json!(40)));
    assert_eq!((&push["from"], &push["to"], &push["mid"]), (&json!(1), &json!(2), &json!(7)));
    let seen: Value = serde_json::from_str(push["attrs"].as_str().unwrap()).unwrap();
    assert_eq!(seen, attrs);
    let msg: Value = serde_json::from_str(push["msg"].as_str().unwrap()).unwrap();
    assert_eq!((&msg["size"], &msg["surl"]), (&json!(4), &msg["url"]));
    assert_eq!(download(msg["url"].as_str().unwrap()), file);
}

#[test]
fn groups_rooms_and_plain_uploads() {
    let gate = Gate::builder().group(100, [1, 2]).start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut two = Peer::login(&gate, 2);
    one.get("enterroom", json!({"rid": 200}));
    two.get("enterroom", json!({"rid": 200}));
    for (key, id, method, push) in
        [("gid", 100, "sendgroupfile", "pushgroupmsg"), ("rid", 200, "sendroomfile", "pushroommsg")]
    {
        let mut request = json!({"cmd": method});
        request[key] = json!(id);
        let token = token(&mut one, request);
        let attrs = json!({"rtm": signed(b"f", &token)});
        let mut fields = json!({"token": token, "attrs": attrs.to_string(), "mtype": 50});
        fields[key] = json!(id);
        upload(&gate, method, fields, b"f").unwrap();
        let (name, fields) = two.push();
        assert_eq!((&name[..], &fields[key], &fields["mtype"]), (push, &json!(id), &json!(50)));
        let attrs: Value = serde_json::from_str(fields["attrs"].as_str().unwrap()).unwrap();
        assert_eq!(attrs["custom"], "");
    }
    let token = token(&mut one, json!({"cmd": "uploadfile"}));
    let attrs = json!({"rtm": signed(b"f", &token)});
    let fields = json!({"uid": 1, "token": token, "attrs": attrs.to_string()});
    let answer = upload(&gate, "uploadfile", fields, b"f").unwrap();
    assert_eq!(answer["size"], 1);
    assert_eq!(download(answer["url"].as_str().unwrap()), b"f");
    two.no_push();
}

/// A file that is sent as any file is told by its content; what its sender says stands.
#[test]
fn the_content_makes_the_type() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut two = Peer::login(&gate, 2);
    for (mid, (file, mtype, expected)) in [
        (&b"\x89PNG\r\n\x1a\n..."[..], 50, 40),
        (b"\xff\xd8\xff\xe0 jpeg", 50, 40),
        (b"ID3 mp3", 50, 41),
        (b"#!AMR-WB\n", 50, 41),
        (b"\0\0\0\x18ftypmp42", 50, 42),
        (b"plain text", 50, 50),
        (b"\x89PNG\r\n\x1a\n...", 41, 41),
        (b"plain text", 40, 40),
    ]
    .into_iter()
    .enumerate()
    {
        let token = token(&mut one, json!({"to": 2, "cmd": "sendfile"}));
        let attrs = json!({"rtm": signed(file, &token)}).to_string();
        let fields =
            json!({"to": 2, "token": token, "attrs": attrs, "mtype": mtype, "mid": mid + 1});
        upload(&gate, "sendfile", fields, file).unwrap();
        let push = two.push().1;
        assert_eq!(push["mtype"], expected, "{file:?}");
        let msg: Value = serde_json::from_str(push["msg"].as_str().unwrap()).unwrap();
        assert_eq!(msg["surl"].is_string(), expected == 40, "{file:?}");
        let stored = gate.stored(ConversationId::p2p(1, 2));
        assert_eq!(stored.last().unwrap().mtype, expected);
    }
}

/// Pages of any origin fetch files, and no browser takes one for a program.
#[test]
fn a_page_elsewhere_has_a_file() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    for (file, content_type) in [
        (&b"GIF89a"[..], "image/gif"),
        (b"<script>alert(1)</script>", "image/png"), // by its name
    ] {
        let token = token(&mut one, json!({"cmd": "uploadfile"}));
        let attrs = json!({"rtm": signed(file, &token)}).to_string();
        let fields = json!({"uid": 1, "token": token, "attrs": attrs});
        let url = upload(&gate, "uploadfile", fields, file).unwrap()["url"].clone();
        let url = url.as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
        let (host, path) = url.split_once('/').unwrap();
        let origin = [("Origin", "http://chat.example"), ("Host", "files.example")];
        let response = http::request(host, "GET", &format!("/{path}"), &origin, b"");
        assert_eq!((response.status, &response.body[..]), (200, file));
        assert_eq!(response.header("access-control-allow-origin"), Some("*"));
        assert_eq!(response.header("content-type"), Some(content_type));
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
    }
}

#[test]
fn a_resent_file_arrives_once() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut two = Peer::login(&gate, 2);
    let mut send = || {
        let token = token(&mut one, json!({"to": 2, "cmd": "sendfile"}));
        let attrs = json!({"rtm": signed(b"f", &token)}).to_string();
        let fields = json!({"to": 2, "token": token, "attrs": attrs});
        upload(&gate, "sendfile", fields, b"f").unwrap()["mtime"].clone()
    };
    let first = send();
    assert_eq!(send(), first);
    two.push();
    two.no_push();
    assert_eq!(gate.stored(ConversationId::p2p(1, 2)).len(), 1);
}

#[test]
fn bad_uploads_are_told_why() {
    let gate = Gate::builder().group(100, [3]).start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let request = json!({"to": 2, "cmd": "sendfile"});
    let code = |token: &str, extra: Value| {
        let mut fields = json!({
            "to": 2, "token": token, "attrs": json!({"rtm": signed(b"f", token)}).to_string()
        });
        fields.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        upload(&gate, "sendfile", fields, b"f").map_err(|(code, _)| code)
    };
    let fresh = token(&mut one, request.clone());
    assert_eq!(code(&fresh, json!({"pid": 1})), Err(200001));
    assert_eq!(code(&fresh, json!({"mtype": 30})), Err(200007));
    assert!(code(&fresh, json!({})).is_ok());
    assert_eq!(code(&fresh, json!({"mid": 8})), Err(200003), "a token is good once");
    assert_eq!(code("unknown", json!({})), Err(200003));
    for (extra, expected) in [
        (json!({"from": 3}), 200003),
        (json!({"to": 3}), 200003),
        (json!({"attrs": json!({"rtm": {"sign": "wrong", "ext": null}}).to_string()}), 200003),
        (json!({"attrs": json!({"rtm": {"sign": "wrong"}}).to_string()}), 200004),
        (json!({"attrs": json!({"rtm": {"ext": "png"}}).to_string()}), 200004),
        (json!({"attrs": "no json"}), 200004),
        (json!({"attrs": "x".repeat(2049)}), 200031),
    ] {
        let fresh = token(&mut one, request.clone());
        assert_eq!(code(&fresh, extra.clone()), Err(expected), "{extra}");
    }
    assert_eq!(one.code("filetoken", json!({"to": 1, "cmd": "sendfile"})), 200052);
    assert_eq!(one.code("filetoken", json!({"gid": 100, "cmd": "sendgroupfile"})), 200041);
    assert_eq!(one.code("filetoken", json!({"rid": 200, "cmd": "sendroomfile"})), 200040);
    assert_eq!(one.code("filetoken", json!({"to": 2, "cmd": "sendall"})), 200034);
    assert_eq!(one.code("filetoken", json!({"to": 2})), 10009);
    // Files come in at the file gate, and nothing else does.
    assert_eq!(one.code("sendfile", json!({})), 20004);
    let mut at_file_gate = Peer::connect_to(&gate.file_endpoint());
    assert_eq!(at_file_gate.code("auth", json!({})), 20004);
    assert_eq!(at_file_gate.code("getsession", json!({})), 20004);
    assert_eq!(gate.connections(), 1);
}

#[test]
fn the_size_has_a_limit() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut two = Peer::login(&gate, 2);
    for (size, expected) in [(5_242_880, None), (5_242_881, Some(200031))] {
        let file = vec![7; size];
        let token = token(&mut one, json!({"to": 2, "cmd": "sendfile"}));
        let attrs = json!({"rtm": signed(&file, &token)}).to_string();
        let fields = json!({"to": 2, "token": token, "attrs": attrs, "mid": size});
        let answer = upload(&gate, "sendfile", fields, &file);
        assert_eq!(answer.err().map(|(code, _)| code), expected);
    }
    let msg: Value = serde_json::from_str(two.push().1["msg"].as_str().unwrap()).unwrap();
    assert_eq!(download(msg["url"].as_str().unwrap()).len(), 5_242_880);
    two.no_push();
}
