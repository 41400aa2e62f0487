//! Harm in payloads: the call, or the push, is what fails, and the connection goes on.

use crate::common::package::{self, Value, map};
use crate::common::record::Event;
use crate::{MIB, Scene};

/// The answer with that payload gives the call this result.
#[track_caller]
fn answered(payload: &[u8], result: Result<i64, i32>, mib: usize) {
    for flag in [package::MSGPACK, package::JSON] {
        // What is no JSON for one is a payload that cannot be read as well.
        let result = if flag == package::JSON { Err(20009) } else { result };
        let mut scene = Scene::new();
        let seq = Some(scene.quest.seq);
        scene.gate.send(&package::write(1, flag, 2, 0, seq, "", payload));
        scene.record.expect_call(1, result);
        scene.went_on(mib);
    }
}

/// A push with that payload is an error event, and no more.
#[track_caller]
fn pushed(flag: u8, payload: &[u8], mib: usize) {
    let mut scene = Scene::new();
    scene.client.processor().on(rtm_client::server_push::RECV_CHAT, |_| panic!("it was handed on"));
    scene.gate.send(&package::write(1, flag, 0, 7, None, "pushmsg", payload));
    scene.record.expect_error(20009);
    scene.goes_on(mib);
}

#[test]
fn nesting_10000_deep() {
    for opening in [0x91, 0x81] {
        let deep = [&[0x81, 0xa3][..], b"mts", &vec![opening; 10_000]].concat();
        answered(&deep, Err(20009), MIB);
        pushed(package::MSGPACK, &deep, MIB);
    }
    let deep = format!(r#"{{"mts":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    pushed(package::JSON, deep.as_bytes(), MIB);
}

/// A container that declares far more than there is.
#[test]
fn a_million_entries_declared() {
    let heads: [&[u8]; 6] = [
        &[0xdf, 0, 15, 66, 64],
        &[0xdf, 255, 255, 255, 255],
        &[0x81, 0xa3, b'm', b't', b's', 0xdd, 255, 255, 255, 255],
        &[0x81, 0xa3, b'm', b't', b's', 0xdf, 255, 255, 255, 255],
        &[0x81, 0xa3, b'm', b't', b's', 0xdb, 255, 255, 255, 255],
        &[0x81, 0xa3, b'm', b't', b's', 0xc6, 255, 255, 255, 255],
    ];
    for head in heads {
        answered(head, Err(20009), MIB);
        pushed(package::MSGPACK, head, MIB);
    }
    // In each other, as deep as is read.
    let nested = [&[0x81, 0xa3][..], b"mts", &[0xdd, 255, 255, 255, 255].repeat(62)].concat();
    answered(&nested, Err(20009), MIB);
}

/// The last of them counts.
#[test]
fn duplicate_keys() {
    let payload = map([("mts", 1.into()), ("mts", 2.into()), ("x", 3.into()), ("mts", 4.into())]);
    answered(&payload, Ok(4), MIB);
}

#[test]
fn keys_that_are_no_text() {
    let keys = [
        Value::Nil,
        7.into(),
        true.into(),
        1.5.into(),
        Value::Array(vec![1.into()]),
        Value::Map(vec![(1.into(), 2.into())]),
        Value::Ext(5, vec![1, 2]),
        Value::Binary(b"mts".to_vec()),
    ];
    let entries = keys.into_iter().map(|key| (key, 5.into())).collect();
    let mut payload = Vec::new();
    rmpv::encode::write_value(&mut payload, &Value::Map(entries)).expect("a vector");
    // Bytes that spell the name are the name.
    answered(&payload, Ok(5), MIB);
}

#[test]
fn every_type_for_a_number() {
    let mts = |value: &[u8]| [&[0x81, 0xa3][..], b"mts", value].concat();
    let numbers: [(&[u8], i64); 25] = [
        (&[7], 7),
        (&[0xff], -1),
        (&[0xcc, 200], 200),
        (&[0xcd, 1, 0], 256),
        (&[0xce, 0, 1, 0, 0], 65536),
        (&[0xcf, 0, 0, 0, 1, 0, 0, 0, 0], 1 << 32),
        (&[0xcf, 255, 255, 255, 255, 255, 255, 255, 255], -1),
        (&[0xd0, 0x80], -128),
        (&[0xd1, 0x80, 0], -32768),
        (&[0xd2, 0x80, 0, 0, 0], -(1 << 31)),
        (&[0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0], i64::MIN),
        (&[0xca, 0x40, 0x20, 0, 0], 2),
        (&[0xcb, 0x40, 4, 0, 0, 0, 0, 0, 0], 2),
        (&[0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0], i64::MAX),
        (&[0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0], 0),
        (&[0xa2, b'1', b'2'], 12),
        (&[0xc4, 2, b'1', b'2'], 12),
        (&[0xa1, 0xff], 0),
        (&[0xa0], 0),
        (&[0xc2], 0),
        (&[0xc3], 1),
        (&[0xc0], 0),
        (&[0x90], 0),
        (&[0x80], 0),
        // The byte that MessagePack never uses.
        (&[0xc1], 0),
    ];
    for (value, expected) in numbers {
        let mut scene = Scene::new();
        let payload = mts(value);
        scene.gate.send(&package::answer(scene.quest.seq, 0, &payload));
        let event = scene.record.next();
        assert_eq!(event, Event::Call(1, Ok(expected)), "{value:02x?}");
        scene.went_on(MIB);
    }
}

/// Nothing is lost of it and nothing fails: it is bytes.
#[test]
fn a_string_that_is_not_utf8() {
    use std::sync::mpsc;
    let mut scene = Scene::new();
    let (sender, received) = mpsc::channel();
    scene.client.processor().on(rtm_client::server_push::RECV_CHAT, move |message| {
        let _ = sender.send(message.msg.as_bytes().to_vec());
    });
    let text = b"\x82\xa5mtype\x1e\xa3msg\xa4\xff\xfe\x00\x80";
    scene.gate.send(&package::one_way("pushmsg", text));
    assert_eq!(received.recv_timeout(crate::common::DEADLINE), Ok(b"\xff\xfe\0\x80".to_vec()));
    scene.gate.fail(&scene.quest, b"\x82\xa4code\xcd\x4e\x20\xa2ex\xa2\xff\xfe");
    scene.record.expect_call(1, Err(20000));
    scene.went_on(MIB);
}

/// The answer to call 1, with a list of that many values of one byte behind it.
fn tiny_values(key: &str, value: u8, values: u32) -> Vec<u8> {
    let head = [&[0x82, 0xa3][..], b"mts", &[5, 0xa0 | key.len() as u8], key.as_bytes()].concat();
    [head, vec![0xdd], values.to_be_bytes().to_vec(), vec![value; values as usize]].concat()
}

/// Values of one byte each, which take the most memory for their size.
#[test]
fn a_million_tiny_values() {
    let mut scene = Scene::new();
    scene.gate.answer(&scene.quest, &tiny_values("x", 0xc0, 1_000_000));
    scene.record.expect_call(1, Ok(5));
    scene.went_on(6 * MIB);
}

/// The same as rows of a history, each of which becomes a message.
#[test]
fn a_million_rows_without_cells() {
    let mut scene = Scene::new();
    let put = scene.record.putter();
    scene.client.get_broadcast_message(true, 10, None, None, None, None, None, move |_, data| {
        put(Event::Call(2, Ok(data.map_or(0, |data| data.msgs.len() as i64))));
    });
    let quest = scene.gate.quest("getbroadcastmsg");
    scene.gate.answer(&quest, &tiny_values("msgs", 0x90, 1_000_000));
    scene.record.expect_call(2, Ok(1_000_000));
    scene.goes_on(18 * MIB);
}

/// As JSON, which becomes a tree of its own first: what takes the most of all.
#[test]
fn half_a_million_json_objects_in_each_other() {
    let depth = 32;
    let deep = format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    let count = (1 << 20) / (depth * 2 + 2);
    let text = format!(r#"{{"mts":5,"x":[{}1]}}"#, (deep + ",").repeat(count));
    let mut scene = Scene::new();
    let seq = Some(scene.quest.seq);
    scene.gate.send(&package::write(1, package::JSON, 2, 0, seq, "", text.as_bytes()));
    scene.record.expect_call(1, Ok(5));
    scene.went_on(22 * MIB);
}

/// They are counted before any of them is decoded.
#[test]
fn more_than_a_million_tiny_values() {
    answered(&tiny_values("x", 0xc0, 1 << 20), Err(20009), MIB);
    pushed(package::MSGPACK, &tiny_values("x", 0x90, 2 << 20), MIB);
    let text = format!(r#"{{"mts":5,"x":[{}1]}}"#, "1,".repeat(1 << 20));
    pushed(package::JSON, text.as_bytes(), MIB);
}

#[test]
fn a_payload_that_is_no_map() {
    let payloads: [&[u8]; 6] = [b"", &[0x90], &[0xc0], &[0xa1, b'x'], &[7], &[0xc1]];
    for payload in payloads {
        answered(payload, Err(20009), MIB);
        pushed(package::MSGPACK, payload, MIB);
    }
}
