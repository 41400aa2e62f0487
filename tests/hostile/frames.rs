//! Harm in WebSocket frames.

use std::io::Write;

use crate::common::package::{self, Value, map, server_time};
use crate::{MIB, Scene};

/// A frame's header, with the shortest length or the one of that many bytes.
fn header(first: u8, len: u64) -> Vec<u8> {
    let mut header = vec![first];
    match len {
        0..=125 => header.push(len as u8),
        126..=0xffff => {
            header.push(126);
            header.extend((len as u16).to_be_bytes());
        }
        _ => {
            header.push(127);
            header.extend(len.to_be_bytes());
        }
    }
    header
}

pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    [header(first, payload.len() as u64), payload.to_vec()].concat()
}

/// An answer that nobody waits for, in a package of that many bytes.
fn package_of(len: usize) -> Vec<u8> {
    let make =
        |pad: usize| package::answer(0xffff_0000, 0, &map([("pad", Value::Binary(vec![7; pad]))]));
    let mut pad = len.saturating_sub(make(0).len());
    while make(pad).len() > len {
        pad -= 1;
    }
    let package = make(pad);
    assert_eq!(package.len(), len);
    package
}

/// A frame of that length which holds packages, and goes on.
fn size(len: usize) {
    let mut scene = Scene::new();
    scene.gate.send_raw(&frame(0x82, &package_of(len)));
    // Received, kept for the callback thread, and made here: a few times its size.
    scene.goes_on(MIB + 8 * (len >> 20));
}

#[test]
fn a_frame_of_0_bytes() {
    let mut scene = Scene::new();
    scene.gate.send_raw(&[0x82, 0].repeat(1000));
    scene.goes_on(MIB);
}

#[test]
fn a_frame_of_1_byte() {
    let mut scene = Scene::new();
    let answer = package::answer(scene.quest.seq, 0, &server_time(1));
    for byte in answer {
        scene.gate.send_raw(&frame(0x82, &[byte]));
    }
    scene.record.expect_call(1, Ok(1));
    scene.went_on(MIB);
}

#[test]
fn a_frame_of_125_bytes() {
    size(125);
}

#[test]
fn a_frame_of_126_bytes() {
    size(126);
}

#[test]
fn a_frame_of_127_bytes() {
    size(127);
}

#[test]
fn a_frame_of_65535_bytes() {
    size(65535);
}

#[test]
fn a_frame_of_65536_bytes() {
    size(65536);
}

#[test]
fn a_frame_of_8_mib() {
    size(8 << 20);
}

#[test]
fn a_frame_of_8_mib_and_1() {
    size((8 << 20) + 1);
}

#[test]
fn a_frame_over_the_limit() {
    let mut scene = Scene::with(|options| options.max_received_bytes(8 << 20));
    scene.gate.send_raw(&header(0x82, (8 << 20) + 1));
    scene.ends(20009, MIB);
}

/// Refused by what it claims: none of it is there.
#[test]
fn a_frame_that_claims_4_gib() {
    for len in [1 << 32, u64::MAX >> 1, u64::MAX] {
        let mut scene = Scene::new();
        scene.gate.send_raw(&[&[0x82, 127][..], &len.to_be_bytes(), b"FPNN"].concat());
        let said = scene.record.expect_error(20009);
        assert!(said.contains("over the limit"), "{said}");
        scene.record.expect_call(1, Err(20009));
        scene.client.close();
        scene.memory.stays_within(MIB);
    }
}

/// A length within the limit, and then next to nothing: memory follows what is there, not what is claimed.
#[test]
fn a_frame_that_claims_64_mib_and_is_cut() {
    let mut scene = Scene::new();
    scene.gate.send_raw(&header(0x82, 64 << 20));
    scene.gate.send_raw(&[7; 1000]);
    scene.gate.reset();
    scene.record.expect_error(20002);
    scene.record.expect_call(1, Err(20002));
    scene.client.close();
    scene.memory.stays_within(MIB);
}

/// Half the service's clients send text: a package in one is a package.
#[test]
fn a_text_frame() {
    let mut scene = Scene::new();
    let json = package::write(1, package::JSON, 2, 0, Some(scene.quest.seq), "", br#"{"mts":1}"#);
    scene.gate.send_raw(&frame(0x81, &json));
    scene.record.expect_call(1, Ok(1));
    scene.went_on(MIB);
}

#[test]
fn a_text_frame_that_is_not_utf8() {
    let mut scene = Scene::new();
    let answer = package::answer(scene.quest.seq, 0, &server_time(1));
    scene.gate.send_raw(&frame(0x81, &answer));
    scene.ends(10003, MIB);
}

#[test]
fn fragments() {
    let mut scene = Scene::new();
    let answer = package::answer(scene.quest.seq, 0, &server_time(1));
    let mut first = 0x02;
    for byte in &answer {
        scene.gate.send_raw(&frame(first, &[*byte]));
        scene.gate.send_raw(&[0x89, 0]);
        first = 0x00;
    }
    scene.gate.send_raw(&[0x80, 0]);
    scene.record.expect_call(1, Ok(1));
    scene.went_on(MIB);
}

/// A message in fragments counts as a whole against the limit, and may not go on for ever.
#[test]
fn fragments_without_an_end() {
    let mut scene = Scene::with(|options| options.max_received_bytes(1 << 20));
    let piece = frame(0x00, &[7; 1 << 16]);
    scene.gate.send_raw(&frame(0x02, b"F"));
    for _ in 0..40 {
        if scene.gate.stream().write_all(&piece).is_err() {
            break;
        }
    }
    scene.ends(20009, MIB);
}

#[test]
fn fragments_out_of_order() {
    for bytes in [&[0x80, 1, b'F'][..], &[0x00, 1, b'F'], &[0x02, 1, b'F', 0x82, 1, b'F']] {
        let mut scene = Scene::new();
        scene.gate.send_raw(bytes);
        scene.ends(10003, MIB);
    }
}

#[test]
fn a_reserved_opcode() {
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        let mut scene = Scene::new();
        scene.gate.send_raw(&[0x80 | opcode, 0]);
        scene.ends(10003, MIB);
    }
}

/// As a compressed frame has, which was never agreed upon.
#[test]
fn a_reserved_bit() {
    for bit in [0x40, 0x20, 0x10] {
        let mut scene = Scene::new();
        scene.gate.send_raw(&[0x82 | bit, 1, b'F']);
        scene.ends(10003, MIB);
    }
}

/// Only a client masks.
#[test]
fn a_masked_frame() {
    let mut scene = Scene::new();
    scene.gate.send_raw(&[0x82, 0x81, 1, 2, 3, 4, b'F' ^ 1]);
    scene.ends(10003, MIB);
}

#[test]
fn a_long_or_cut_control_frame() {
    for bytes in [&frame(0x89, &[0; 126])[..], &[0x09, 1, 1], &frame(0x88, &[0; 126])] {
        let mut scene = Scene::new();
        scene.gate.send_raw(bytes);
        scene.ends(10003, MIB);
    }
}

/// Each is answered; the answers are bounded as all that is queued is.
#[test]
fn a_flood_of_websocket_pings() {
    let mut scene = Scene::new();
    scene.gate.send_raw(&[0x89, 2, 1, 2].repeat(10_000));
    scene.goes_on(MIB);
}

/// The gate need not close the connection itself.
#[test]
fn a_close_code() {
    for code in [1000_u16, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 3000, 4000] {
        let mut scene = Scene::new();
        scene.gate.send_raw(&frame(0x88, &[&code.to_be_bytes()[..], b"go away"].concat()));
        scene.gate.until_closed();
        scene.ends(20002, MIB);
    }
}

/// Codes that may not be sent, half a code, a reason that is no text.
#[test]
fn a_close_frame_that_is_none() {
    for payload in [&[3][..], &[0, 0], &[3, 0xed], &[0xff, 0xff], &[3, 0xe8, 0xff, 0xff]] {
        let mut scene = Scene::new();
        scene.gate.send_raw(&frame(0x88, payload));
        scene.gate.close();
        let event = scene.record.next();
        let ended = matches!(event, crate::Event::Error(10003 | 20002, _));
        assert!(ended, "{payload:?}: {event:?}");
        let _gate = scene.peer.accept_login();
        scene.client.close();
        scene.memory.stays_within(MIB);
    }
}
