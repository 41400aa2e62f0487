//! What comes from the gate as bytes: split, joined, malformed, too large, and quests of its own.

use std::panic::resume_unwind;

use rtm_client::{RtmClient, server_push};

use crate::common::package::{self, JSON, Kind, MSGPACK, map, server_time, write};
use crate::common::peer::{Connection, Peer};
use crate::common::record::{Event, Record};
use crate::common::responder::chat_text;

fn ask(client: &RtmClient, record: &Record, connection: &mut Connection, number: usize) -> u32 {
    client.get_server_time(None, record.call(number));
    connection.quest("getservertime").seq
}

#[test]
fn several_packages_in_one_message() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    let seqs = [1, 2, 3].map(|number| ask(&client, &record, &mut connection, number));
    let mut message = package::answer(seqs[1], 0, &server_time(2));
    message.extend(package::quest(9, "ping", &map([])));
    message.extend(package::answer(seqs[0], 1, &package::error(200010, "")));
    message.extend(package::answer(seqs[2], 0, &server_time(3)));
    connection.send(&message);
    record.expect_call(2, Ok(2));
    record.expect_call(1, Err(200010));
    record.expect_call(3, Ok(3));
    let pong = connection.package().expect("the answer to the ping");
    assert_eq!((pong.seq, pong.kind), (9, Kind::Answer { status: 0 }));
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

#[test]
fn one_package_over_two_messages_at_every_boundary() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    let len = package::answer(0, 0, &server_time(i64::MAX)).len();
    for at in 0..=len {
        let seq = ask(&client, &record, &mut connection, at);
        let answer = package::answer(seq, 0, &server_time(i64::MAX));
        let (head, tail) = answer.split_at(at);
        connection.send(head);
        connection.send(tail);
        record.expect_call(at, Ok(i64::MAX));
    }
    // One byte a message.
    let seq = ask(&client, &record, &mut connection, 0);
    for byte in package::answer(seq, 0, &server_time(7)).chunks(1) {
        connection.send(byte);
    }
    record.expect_call(0, Ok(7));
    // The end of one package and the beginning of the next in one message.
    let seqs = [1, 2].map(|number| ask(&client, &record, &mut connection, number));
    let answers = seqs.map(|seq| package::answer(seq, 0, &server_time(8))).concat();
    for part in answers.chunks(answers.len().div_ceil(3)) {
        connection.send(part);
    }
    record.expect_call(1, Ok(8));
    record.expect_call(2, Ok(8));
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

#[test]
fn bytes_arrive_one_by_one() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    let seq = ask(&client, &record, &mut connection, 1);
    let answer = package::answer(seq, 0, &server_time(7));
    // An unmasked binary frame.
    let frame = [&[0x82, answer.len() as u8], &answer[..]].concat();
    for byte in frame.chunks(1) {
        connection.send_raw(byte);
        std::thread::yield_now();
    }
    record.expect_call(1, Ok(7));
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

/// Bytes that end the connection: the error event and the calls in flight carry their code.
#[test]
fn a_malformed_package_ends_the_connection_with_its_code() {
    let answer = |version, flag, message_type| {
        write(version, flag, message_type, 0, Some(2), "", &server_time(1))
    };
    let mut large = answer(1, MSGPACK, 2);
    large[8..12].copy_from_slice(&10_000_u32.to_le_bytes());
    let cases = [
        ("bad magic", b"FPNX".to_vec(), 10003, "magic"),
        ("text", b"hello, this is no package".to_vec(), 10003, "magic"),
        ("version 2", answer(2, MSGPACK, 2), 10002, "version 2"),
        ("flag 0x20", answer(1, 0x20, 2), 10002, "0x20"),
        ("message type 3", answer(1, MSGPACK, 3), 10003, "type 3"),
        ("declared too large", large, 20009, "10016"),
        ("too large a message", vec![b'F'; 5000], 20009, "limit"),
    ];
    let peer = Peer::new();
    let options = peer.options().auto_reconnect(false).max_received_bytes(4096);
    for (what, bytes, code, words) in cases {
        let (client, record, mut connection) = peer.login(options.clone());
        client.get_server_time(None, record.call(1));
        connection.quest("getservertime");
        connection.send(&bytes);
        match record.next() {
            Event::Error(found, text) => {
                assert_eq!(found, code, "{what}: {text}");
                assert!(text.contains(words), "{what}: {text}");
            }
            other => panic!("{what}: {other:?}"),
        }
        connection.until_closed();
        assert_eq!(
            record.rest(&client),
            [Event::Closed(20001), Event::Call(1, Err(code))],
            "{what}"
        );
    }
}

#[test]
fn bytes_that_are_no_frame_end_the_connection() {
    let peer = Peer::new();
    // A frame with reserved bits, one with an unknown opcode, a masked one.
    for bytes in [&[0xf2, 0x01, 0x00][..], &[0x83, 0x01, 0x00], &[0x82, 0x81, 1, 2, 3, 4, 5]] {
        let (client, record, mut connection) = peer.login(peer.options().auto_reconnect(false));
        client.get_server_time(None, record.call(1));
        connection.quest("getservertime");
        connection.send_raw(bytes);
        record.expect_error(10003);
        let rest = record.rest(&client);
        assert_eq!(rest, [Event::Closed(20001), Event::Call(1, Err(10003))], "{bytes:02x?}");
    }
}

#[test]
fn a_package_as_large_as_the_limit_is_read() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options().max_received_bytes(4096));
    let seq = ask(&client, &record, &mut connection, 1);
    let payload = |filler: usize| map([("mts", 5.into()), ("x", "x".repeat(filler).into())]);
    let filler = 1000 + 4096 - package::answer(seq, 0, &payload(1000)).len();
    let answer = package::answer(seq, 0, &payload(filler));
    assert_eq!(answer.len(), 4096);
    connection.send(&answer);
    record.expect_call(1, Ok(5));
    // Together they are more than the limit, each alone is not.
    for half in [&answer[..2048], &answer[2048..]] {
        connection.send(half);
    }
    connection.sync();
    record.expect_nothing(&client, &mut connection);
}

#[test]
fn quests_of_the_gate_are_answered_in_their_own_encoding() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    let empty = map([]);
    let push = map([
        ("from", 5.into()),
        ("mtype", 30.into()),
        ("mid", 1.into()),
        ("msg", "text".into()),
        ("attrs", "".into()),
        ("mtime", 1.into()),
    ]);
    connection.send(&package::quest(1, "ping", &empty));
    connection.send(&package::quest(2, "pushmsg", &push));
    connection.send(&package::quest(3, "unheard", &empty));
    connection.send(&write(1, JSON, 1, 4, Some(4), "ping", b"{}"));
    connection.send(&write(1, JSON, 1, 7, Some(5), "unheard", b"{}"));
    // A one-way quest has no answer; the next answer is that of the ping behind it.
    for method in ["ping", "pushmsg", "unheard"] {
        connection.send(&package::one_way(method, &empty));
    }
    let answers = connection.sync();
    let numbers: Vec<_> = answers.iter().map(|answer| (answer.seq, answer.kind)).collect();
    let (done, refused) = (Kind::Answer { status: 0 }, Kind::Answer { status: 1 });
    assert_eq!(numbers, [(1, done), (2, done), (3, refused), (4, done), (5, refused)]);
    assert_eq!((&answers[0].payload, &answers[1].payload), (&empty, &empty));
    assert_eq!(answers[2].int("code"), 20004);
    assert_eq!((answers[3].flag, &answers[3].payload[..]), (JSON, &b"{}"[..]));
    let said: serde_json::Value = serde_json::from_slice(&answers[4].payload).expect("JSON");
    assert_eq!((answers[4].flag, &said["code"]), (JSON, &20004.into()));
    client.close();
    drop(record);
}

#[test]
fn pushes_reach_their_handlers_in_order_and_a_bad_one_is_an_error_event() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    let put = record.putter();
    client.processor().on(server_push::RECV_CHAT, move |chat| {
        put(Event::Closed(chat.mid as i32));
        if chat.mid == 2 {
            resume_unwind(Box::new("on purpose"));
        }
    });
    for mid in [1, 2, 3] {
        connection.send(&package::quest(mid, "pushmsg", &chat_text(mid.into())));
    }
    connection.send(&package::quest(4, "pushmsg", b"\xc1"));
    // The same message again is answered and not shown.
    connection.send(&package::quest(5, "pushmsg", &chat_text(1)));
    connection.send(&package::quest(6, "pushmsg", &chat_text(6)));
    let answers = connection.sync();
    let numbers: Vec<_> = answers.iter().map(|answer| (answer.seq, answer.kind)).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6].map(|seq| (seq, Kind::Answer { status: 0 })));
    for mid in [1, 2, 3] {
        record.expect(Event::Closed(mid));
    }
    record.expect_error(20009);
    record.expect(Event::Closed(6));
    record.expect_nothing(&client, &mut connection);
}
