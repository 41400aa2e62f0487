//! Conduct on the wire: what is read, what is refused, what drops a connection.

use std::io::{Read, Write};
use std::net::TcpStream;

use rtm_client::gate::Gate;
use serde_json::{Value, json};
use tungstenite::{Bytes, Message};

use crate::messages::chat;
use crate::peer::{PATIENCE, Peer, pack, quest, to_packed};

#[test]
fn several_packages_a_message_and_split_ones() {
    let gate = Gate::builder().start().unwrap();
    let mut peer = Peer::connect(&gate);
    let one = quest(Some(1), "*ping", &[0x80]);
    let two = quest(Some(2), "*ping", &[0x80]);
    peer.send([&one[..], &two[..5]].concat());
    peer.send(two[5..].to_vec());
    assert_eq!(peer.answer(1).0, 0);
    assert_eq!(peer.answer(2).0, 0);
}

#[test]
fn the_answer_keeps_the_version_and_the_seq() {
    let gate = Gate::builder().start().unwrap();
    let mut peer = Peer::connect(&gate);
    for (version, seq) in [(0, 0), (1, u32::MAX)] {
        let mut package = quest(Some(seq), "*ping", &[0x80]);
        package[4] = version;
        peer.send(package);
        let answer = peer.package().unwrap();
        assert_eq!(answer[4..8], [version, 0x80, 2, 0]);
        assert_eq!(answer[12..16], seq.to_le_bytes());
    }
}

#[test]
fn numbers_are_short_and_unsigned() {
    let gate = Gate::builder().start().unwrap();
    let mut peer = Peer::connect(&gate);
    let seq = peer.send_quest("*ping", &[0x80]);
    let (_, payload) = peer.answer(seq);
    assert_eq!(payload[..5], [0x81, 0xa2, b't', b's', 0xcf]);
}

#[test]
fn one_way_quests_are_done_and_not_answered() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut two = Peer::login(&gate, 2);
    one.send(quest(None, "sendmsg", &pack(&to_packed(&chat(2, 1, "one-way")))));
    one.send(quest(None, "nosuchmethod", &[0x80]));
    assert_eq!(two.push().1["msg"], "one-way");
    one.no_push();
}

#[test]
fn json_is_answered_in_json() {
    let gate = Gate::builder().start().unwrap();
    let mut peer = Peer::connect(&gate);
    let mut ask = |seq: u32, method: &str, fields: Value| {
        let mut package = quest(Some(seq), method, fields.to_string().as_bytes());
        package[5] = 0x40;
        peer.send(package);
        let answer = peer.package().unwrap();
        assert_eq!(answer[5], 0x40);
        serde_json::from_slice::<Value>(&answer[16..]).unwrap()
    };
    let auth = json!({"pid": gate.pid(), "uid": 1, "token": "t"});
    assert_eq!(ask(1, "auth", auth), json!({"ok": true}));
    assert_eq!(ask(2, "nosuchmethod", json!({}))["code"], 20004);
    assert_eq!(ask(3, "getsession", json!({})), json!({"p2p": [], "group": []}));
    // Who logs in with JSON gets pushes in JSON.
    Peer::login(&gate, 2).get("sendmsg", chat(1, 9_007_199_254_740_993, "hé"));
    let push = peer.package().unwrap();
    assert_eq!(push[5], 0x40);
    let fields: Value = serde_json::from_slice(&push[16 + usize::from(push[7])..]).unwrap();
    assert_eq!((&fields["mid"], &fields["msg"]), (&json!(9_007_199_254_740_993_i64), &json!("hé")));
}

#[test]
fn bad_arguments_keep_the_connection() {
    let gate = Gate::builder().start().unwrap();
    let mut peer = Peer::login(&gate, 1);
    let integer_key = [0x81, 1, 1];
    assert_eq!(peer.call_packed("getsession", &integer_key).unwrap_err().0, 10005);
    assert_eq!(peer.call("enterroom", json!({})).unwrap_err().1, "required key rid is missing");
    assert_eq!(peer.code("enterroom", json!({"rid": [1]})), 10010);
    // As `undefined` goes out in JavaScript: there, but no number, text or list.
    let (code, ex) = peer.call("enterroom", json!({"rid": null})).unwrap_err();
    assert_eq!((code, &ex[..]), (10010, "required key rid is nil"));
    for (method, fields) in [
        ("sendmsg", json!({"to": 2, "mid": 1, "mtype": 30, "msg": null})),
        ("getp2pmsg", json!({"ouid": 2, "desc": null, "num": 1})),
        ("addfriends", json!({"friends": null})),
        ("addattrs", json!({"attrs": null})),
        ("setlang", json!({"lang": null})),
    ] {
        assert_eq!(peer.code(method, fields), 10010, "{method}");
    }
    assert_eq!(peer.code("getp2pmsg", json!({"ouid": 2, "desc": "yes", "num": 1})), 10010);
    peer.no_push();
}

#[test]
fn malformed_packages_drop_only_their_connection() {
    let gate = Gate::builder().start().unwrap();
    let mut good = Peer::login(&gate, 1);
    let sound = quest(Some(1), "*ping", &[0x80]);
    let with = |at: usize, byte: u8| {
        let mut package = sound.clone();
        package[at] = byte;
        package
    };
    let mut bad = vec![
        with(0, b'G'),
        with(4, 2),
        with(5, 0xc0),
        with(6, 3),
        with(11, 0x7f),
        quest(Some(1), "", &[0x80]),
        quest(Some(1), "*ping", &[]),
        quest(Some(1), "*ping", &[0x90]),
        quest(Some(1), "*ping", &[0x81, 0xa1]),
        [&sound[..], b"trailing"].concat(),
    ];
    let mut deep = vec![0x91; 100_000];
    deep.insert(0, 0x81);
    bad.push(quest(Some(1), "*ping", &deep));
    for package in bad {
        let mut peer = Peer::connect(&gate);
        let shown = format!("{:02x?}", &package[..package.len().min(40)]);
        peer.send(package);
        peer.wait_closed();
        assert!(gate.wait_until(PATIENCE, |gate| gate.connections() == 1), "{shown}");
    }
    good.no_push();
}

#[test]
fn frames_must_be_masked_and_of_bounded_size() {
    let gate = Gate::builder().start().unwrap();
    let mut peer = Peer::connect(&gate);
    peer.socket.get_mut().write_all(&[0x82, 1, b'F']).unwrap();
    peer.wait_closed();
    let mut peer = Peer::connect(&gate);
    let header = [0x82, 0xff, 0, 0, 0, 0, 0, 0x80, 0, 1, 0, 0, 0, 0];
    peer.socket.get_mut().write_all(&header).unwrap();
    peer.wait_closed();
}

#[test]
fn control_frames_and_fragments() {
    let gate = Gate::builder().start().unwrap();
    let mut peer = Peer::connect(&gate);
    peer.socket.send(Message::Ping(Bytes::from_static(b"there?"))).unwrap();
    assert_eq!(peer.socket.read().unwrap(), Message::Pong(Bytes::from_static(b"there?")));
    // One package in two fragments, a ping between them; mask keys of zero.
    let package = quest(Some(1), "*ping", &[0x80]);
    let (head, tail) = package.split_at(7);
    let fragment =
        |first: u8, part: &[u8]| [&[first, 0x80 | part.len() as u8, 0, 0, 0, 0], part].concat();
    let frames = [fragment(0x02, head), fragment(0x89, b"p"), fragment(0x80, tail)].concat();
    peer.socket.get_mut().write_all(&frames).unwrap();
    assert_eq!(peer.answer(1).0, 0);
    peer.socket.close(None).unwrap();
    assert_eq!(peer.socket.read().unwrap(), Message::Pong(Bytes::from_static(b"p")));
    assert!(matches!(peer.socket.read(), Ok(Message::Close(_))));
    peer.wait_closed();
}

#[test]
fn the_upgrade_takes_any_case_and_early_data() {
    let gate = Gate::builder().start().unwrap();
    let mut stream = TcpStream::connect(gate.endpoint()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = "GET /service/websocket HTTP/1.1\r\nhost: localhost\r\nupgrade: WebSocket\r\n\
        connection: upgrade\r\nsec-websocket-version: 13\r\n\
        sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: arraybuffer\r\n\r\n";
    let package = quest(Some(1), "*ping", &[0x80]);
    let mut bytes = head.as_bytes().to_vec();
    bytes.extend_from_slice(&[0x82, 0x80 | package.len() as u8, 0, 0, 0, 0]);
    bytes.extend_from_slice(&package);
    for byte in bytes {
        stream.write_all(&[byte]).unwrap();
    }
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    while !answer.windows(4).any(|window| window == b"FPNN") {
        let len = stream.read(&mut buffer).unwrap();
        assert_ne!(len, 0);
        answer.extend_from_slice(&buffer[..len]);
    }
    let text = String::from_utf8_lossy(&answer);
    assert!(text.starts_with("HTTP/1.1 101 "), "{text}");
    assert!(text.contains("Sec-WebSocket-Protocol: arraybuffer\r\n"), "{text}");
}

#[test]
fn what_is_no_websocket_is_told_so() {
    let gate = Gate::builder().start().unwrap();
    for request in ["GET / HTTP/1.1\r\n\r\n", "POST / HTTP/1.1\r\n\r\n", "nonsense\r\n\r\n"] {
        let mut stream = TcpStream::connect(gate.endpoint()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 4"), "{request:?}: {answer:?}");
    }
}

#[test]
fn every_length_of_frame_is_right() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut two = Peer::login(&gate, 2);
    // Around 126 and 65536 bytes the frame header changes.
    for len in (0..150).chain([20480]) {
        one.get("sendmsg", chat(2, len + 1, &"x".repeat(len as usize)));
        assert_eq!(two.push().1["msg"].as_str().unwrap().len(), len as usize);
    }
    let page = json!({"ouid": 2, "desc": true, "num": 20});
    for mid in 1000..1004 {
        one.get("sendmsg", chat(2, mid, &"y".repeat(20480)));
    }
    assert_eq!(one.get("getp2pmsg", page)["num"], 20);
}

#[test]
fn who_does_not_read_is_dropped_alone() {
    let gate = Gate::builder().write_limit(1024 * 1024).start().unwrap();
    let mut slow = Peer::login(&gate, 2);
    let mut one = Peer::login(&gate, 1);
    let mut three = Peer::login(&gate, 3);
    let long = "x".repeat(20480);
    for mid in 1.. {
        one.get("sendmsg", chat(2, mid, &long));
        one.get("sendmsg", chat(3, mid, "short"));
        assert_eq!(three.push().1["mid"], mid);
        if gate.connections() == 2 {
            break;
        }
        assert!(mid < 10_000, "still there");
    }
    slow.wait_closed();
}

/// With the limit there is, 64 MiB: who reads nothing meanwhile is kept up to it, and then gets all there is in order, and
/// is dropped beyond it; nobody else notices.
#[test]
fn much_for_one_who_reads_nothing() {
    for (megabytes, is_kept) in [(16, true), (100, false)] {
        let gate = Gate::builder().start().unwrap();
        let mut slow = Peer::login(&gate, 2);
        let mut senders: Vec<_> = (3..7).map(|uid| Peer::login(&gate, uid)).collect();
        let long = "x".repeat(20480);
        let count = megabytes * 1_000_000 / long.len();
        for number in 0..count {
            let (sender, next) = (number % 4, (number + 1) % 4);
            senders[sender].get("sendmsg", chat(2, number as i64 + 1, &long));
            senders[sender].get("sendmsg", chat(3 + next as i64, 10_001 + number as i64, "short"));
            assert_eq!(senders[next].push().1["mid"], 10_001 + number);
        }
        if !is_kept {
            assert!(gate.wait_until(PATIENCE, |gate| gate.connections() == 4));
            slow.wait_closed();
            continue;
        }
        assert_eq!(gate.connections(), 5);
        for number in 0..count {
            assert_eq!(slow.push().1["mid"], number + 1);
        }
    }
}

#[test]
fn a_connection_that_writes_first_and_reads_later() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    one.get("sendmsg", chat(2, 1, &"x".repeat(20000)));
    // Far more answers than the gate would hold for it: reading pauses instead.
    let count = 4000;
    let page = pack(&to_packed(&json!({"ouid": 2, "desc": true, "num": 20})));
    let mut writer = one.socket.get_ref().try_clone().unwrap();
    let sender = std::thread::spawn(move || {
        for seq in 1000..1000 + count {
            let package = quest(Some(seq), "getp2pmsg", &page);
            let mut frame = vec![0x82, 0x80 | package.len() as u8, 0, 0, 0, 0];
            frame.extend_from_slice(&package);
            writer.write_all(&frame).unwrap();
        }
    });
    sender.join().unwrap();
    for seq in 1000..1000 + count {
        assert_eq!(one.answer(seq).0, 0);
    }
}
