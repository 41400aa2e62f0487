//! Harm in packages.

use crate::common::package::{self, map, server_time};
use crate::common::record::Event;
use crate::{MIB, Scene};

#[test]
fn a_package_that_claims_4_gib() {
    for claim in [u32::MAX, 1 << 31, (64 << 20) + 1] {
        let mut scene = Scene::new();
        let mut package = package::answer(scene.quest.seq, 0, &server_time(1));
        package[8..12].copy_from_slice(&claim.to_le_bytes());
        scene.gate.send(&package);
        scene.ends(20009, MIB);
    }
}

/// It waits for the rest, as it should, and takes no memory for what is not there.
#[test]
fn a_package_that_claims_64_mib_and_stays_away() {
    let mut scene = Scene::with(|options| options.max_ping_interval_seconds(1));
    let mut package = package::answer(scene.quest.seq, 0, &server_time(1));
    package[8..12].copy_from_slice(&(63_u32 << 20).to_le_bytes());
    scene.gate.send(&package);
    let said = scene.record.expect_error(20002);
    assert!(said.contains("no ping"), "{said}");
    scene.record.expect_call(1, Err(20002));
    scene.client.close();
    scene.memory.stays_within(MIB);
}

#[test]
fn a_compressed_or_encrypted_package() {
    for flag in [0x81, 0x82, 0x84, 0x88, 0x90, 0xa0, 0xc0, 0x00, 0x01, 0xff] {
        let mut scene = Scene::new();
        let seq = scene.quest.seq;
        scene.gate.send(&package::write(1, flag, 2, 0, Some(seq), "", &server_time(1)));
        scene.ends(10002, MIB);
    }
}

#[test]
fn a_package_of_another_version_or_type() {
    for (version, message_type, code) in [(2, 2, 10002), (255, 2, 10002), (1, 3, 10003)] {
        let mut scene = Scene::new();
        let seq = Some(scene.quest.seq);
        let bytes =
            package::write(version, package::MSGPACK, message_type, 0, seq, "", &server_time(1));
        scene.gate.send(&bytes);
        scene.ends(code, MIB);
    }
}

#[test]
fn bytes_that_are_no_package() {
    for bytes in [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &[0; 16], b"FPNX", b"fpnn"] {
        let mut scene = Scene::new();
        scene.gate.send(bytes);
        scene.ends(10003, MIB);
    }
}

#[test]
fn answers_to_calls_never_made() {
    let mut scene = Scene::new();
    for seq in [0, 1, 2, 1000, u32::MAX] {
        for seq in (seq..=seq.saturating_add(1000)).filter(|seq| *seq != scene.quest.seq) {
            scene.gate.send(&package::answer(seq, 0, &server_time(9)));
        }
    }
    scene.goes_on(MIB);
}

#[test]
fn the_same_answer_a_thousand_times() {
    let mut scene = Scene::new();
    let answer = package::answer(scene.quest.seq, 0, &server_time(1));
    scene.gate.send(&answer.repeat(500));
    for _ in 0..500 {
        scene.gate.send(&answer);
    }
    scene.record.expect_call(1, Ok(1));
    scene.went_on(MIB);
}

/// The gate does not read the answers: what waits for it is bounded, and then the connection ends.
#[test]
fn a_million_pushes_whose_answers_are_not_read() {
    let mut scene = Scene::with(|options| options.max_queued_bytes(1 << 20));
    let pushes: Vec<u8> = (0..1000).flat_map(|seq| package::quest(seq, "ping", &map([]))).collect();
    let sent = (0..1000).take_while(|_| scene.gate.try_send(&pushes).is_ok()).count();
    let said = scene.ends(20011, 2 * MIB);
    assert!(said.contains("does not read"), "{said} after {sent} thousand");
}

/// Callbacks that do not keep up stop the reading, so that what waits for them is bounded.
#[test]
fn a_flood_for_a_slow_handler() {
    use std::sync::mpsc;
    let mut scene = Scene::with(|options| options.max_undelivered_bytes(1 << 20));
    let (release, wait) = mpsc::channel::<()>();
    let mut held = false;
    scene.client.processor().on(rtm_client::server_push::RECV_MESSAGE, move |_| {
        if !held {
            held = true;
            let _ = wait.recv();
        }
    });
    let timeout = Some(std::time::Duration::from_millis(300));
    scene.gate.stream().set_write_timeout(timeout).expect("a socket option");
    let mut mid = 0;
    let taken = (0..200_u32)
        .take_while(|_| {
            let pushes = (0..100).flat_map(|_| {
                mid += 1;
                let msg = "x".repeat(1000);
                package::one_way("pushmsg", &map([("mid", mid.into()), ("msg", msg.into())]))
            });
            scene.gate.try_send(&pushes.collect::<Vec<_>>()).is_ok()
        })
        .count();
    assert!(taken < 200, "20 MB were taken while nothing could be delivered");
    drop(release);
    scene.gate.reset();
    assert!(matches!(scene.record.next(), Event::Error(20002, _)));
    scene.client.close();
    scene.memory.stays_within(2 * MIB);
}

#[test]
fn a_kickout_among_other_packages() {
    let mut scene = Scene::new();
    let answer = package::answer(scene.quest.seq, 0, &server_time(1));
    let kick = package::one_way("kickout", &map([]));
    scene.gate.send(&[kick.clone(), kick, answer].concat());
    scene.record.expect(Event::Closed(0));
    scene.record.expect_call(1, Err(20002));
    assert_eq!(scene.record.rest(&scene.client), []);
    scene.memory.stays_within(MIB);
}
