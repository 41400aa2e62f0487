//! What became of a send that failed.

use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use rtm_client::gate::Gate;
use rtm_client::types::{File, mtype};
use rtm_client::{ClientOptions, Delivery, RtmClient, SendError, reply};

use super::{EAGER, PATIENT};
use crate::common::package::{self, map};
use crate::common::peer::{Connection, Peer};
use crate::common::{DEADLINE, UID, eventually};

/// What was told of the sends, each with its mid: `None` is success.
type Told = (i64, Option<Delivery>);

fn send(client: &RtmClient, told: &Sender<Told>, mid: i64, text: &str, timeout: Duration) {
    let told = told.clone();
    client.send_chat(2, text, "", mid, timeout, move |error, _| {
        let delivery = error.map(|error| error.delivery());
        told.send((mid, delivery)).expect("the test waits");
    });
}

fn next(told: &Receiver<Told>) -> Told {
    told.recv_timeout(DEADLINE).expect("a send ends")
}

#[test]
fn what_never_left_was_not_sent() {
    let (told, tells) = mpsc::channel();
    let expect = |mid: i64| assert_eq!(next(&tells), (mid, Some(Delivery::NotSent)));
    let peer = Peer::new();
    let small = 10_000;
    let options = peer.options().regressive_strategy(PATIENT).max_sent_bytes(small);
    let client = RtmClient::new(options.clone().max_queued_bytes(1000));
    send(&client, &told, 1, "before the login", DEADLINE);
    expect(1);
    client.login(UID, "token", |_, _| {}, DEADLINE);
    let connection = peer.accept_login();
    client.wait_online(DEADLINE).expect("a login");
    send(&client, &told, 2, &"x".repeat(small), DEADLINE);
    expect(2);
    send(&client, &told, 3, &"x".repeat(2000), DEADLINE);
    expect(3);
    connection.close();
    eventually("the loss is seen", || !client.stats().online);
    send(&client, &told, 4, "while reconnecting", DEADLINE);
    expect(4);
    client.close();
    send(&client, &told, 5, "after the end", DEADLINE);
    expect(5);

    // In the queue: too much for it, too old, too late, and the end of the session.
    let age = Duration::from_millis(50);
    for (end, queue) in [(false, age), (true, DEADLINE)] {
        let options = options.clone().queue_while_reconnecting(1000, queue);
        let (client, _record, connection) = peer.login(options);
        connection.close();
        eventually("the loss is seen", || !client.stats().online);
        send(&client, &told, 6, &"x".repeat(2000), DEADLINE);
        expect(6);
        send(&client, &told, 7, "too late", Duration::from_millis(10));
        expect(7);
        send(&client, &told, 8, "too old, or at the end", DEADLINE);
        if end {
            client.bye();
        }
        expect(8);
    }
}

#[test]
fn only_an_answer_of_the_service_is_a_refusal() {
    let peer = Peer::new();
    let (client, _record, mut connection) = peer.login(peer.options());
    let (told, tells) = mpsc::channel();
    for (mid, code, delivery) in [
        (1, 200054, Delivery::Refused),
        (2, 10009, Delivery::Refused),
        (3, 200999, Delivery::Refused),
        (4, 20011, Delivery::Unknown),
        (5, 30001, Delivery::Unknown),
        (6, 20003, Delivery::Unknown),
    ] {
        send(&client, &told, mid, "hello", DEADLINE);
        let quest = connection.quest("sendmsg");
        connection.fail(&quest, &package::error(code, "why"));
        assert_eq!(next(&tells), (mid, Some(delivery)), "{code}");
    }
    // Answers that cannot be read.
    for (mid, status) in [(7, 0), (8, 1)] {
        send(&client, &told, mid, "hello", DEADLINE);
        let quest = connection.quest("sendmsg");
        connection.send(&package::answer(quest.seq, status, b"\xc1"));
        assert_eq!(next(&tells), (mid, Some(Delivery::Unknown)));
    }
    send(&client, &told, 9, "hello", DEADLINE);
    let quest = connection.quest("sendmsg");
    connection.answer(&quest, &map([("mtime", 1.into())]));
    assert_eq!(next(&tells), (9, None));
}

#[test]
fn what_was_sent_and_not_answered_is_not_known() {
    let peer = Peer::new();
    let (told, tells) = mpsc::channel();
    for end in ["timeout", "loss", "close", "bye", "kickout"] {
        let (client, _record, mut connection) = peer.login(peer.options().auto_reconnect(false));
        let timeout = if end == "timeout" { Duration::from_millis(50) } else { DEADLINE };
        send(&client, &told, 1, "hello", timeout);
        let (callback, waited_for) = reply::channel();
        client.send_chat(2, "hello", "", 2, timeout, callback);
        connection.quest("sendmsg");
        connection.quest("sendmsg");
        match end {
            "timeout" => {}
            "loss" => drop(connection),
            "close" => client.close(),
            "bye" => drop(client.bye_and_wait(Duration::from_millis(50))),
            _ => connection.send(&package::one_way("kickout", &map([]))),
        }
        assert_eq!(next(&tells), (1, Some(Delivery::Unknown)), "{end}");
        let failed = waited_for.wait().expect_err("not answered");
        assert_eq!(failed.delivery(), Delivery::Unknown, "{end}");
    }
}

/// A gate that does not read: what times out before its first byte went out never goes out.
#[test]
fn what_times_out_while_it_waits_for_the_socket_is_never_sent() {
    expired_unsent(|_| {});
}

/// The same where the gate pings meanwhile, so that the client has reason to ask again and again.
#[test]
fn what_the_client_asks_meanwhile_is_no_send() {
    expired_unsent(|connection| {
        for n in 1..=30 {
            connection.send(&package::quest(n, "ping", &map([])));
            std::thread::sleep(Duration::from_millis(20));
        }
    });
}

fn until_the_kernel_takes_no_more(client: &RtmClient) {
    eventually("the kernel takes no more", || {
        let before = client.stats().bytes_sent;
        std::thread::sleep(Duration::from_millis(20));
        before > 1 << 20 && client.stats().bytes_sent == before
    });
}

fn expired_unsent(meanwhile: fn(&mut Connection)) {
    const SENDS: i64 = 300;
    let peer = Peer::new();
    let (client, _record, mut connection) = peer.login(peer.options());
    let (told, tells) = mpsc::channel();
    let text = "x".repeat(64 << 10);
    for mid in 1..=SENDS {
        if mid == SENDS / 2 {
            until_the_kernel_takes_no_more(&client);
        }
        send(&client, &told, mid, &text, Duration::from_millis(300 + mid as u64 / 2));
    }
    meanwhile(&mut connection);
    let mut ends: Vec<_> = (0..SENDS).map(|_| next(&tells)).collect();
    ends.sort_by_key(|(mid, _)| *mid);
    let sent: Vec<_> =
        ends.iter().filter(|end| end.1 == Some(Delivery::Unknown)).map(|end| end.0).collect();
    let not_sent = ends.iter().filter(|end| end.1 == Some(Delivery::NotSent)).count();
    println!("{} begun, {not_sent} never sent", sent.len());
    assert_eq!(sent.len() + not_sent, ends.len());
    assert!(!sent.is_empty() && not_sent > 0);
    send(&client, &told, SENDS + 1, "the last", DEADLINE);
    let mut arrived = Vec::new();
    loop {
        let quest = connection.package().expect("a quest");
        if quest.method != "sendmsg" {
            continue; // the answer to a ping
        }
        let mid = quest.int("mid");
        if mid > SENDS {
            connection.answer(&quest, &map([("mtime", 1.into())]));
            break;
        }
        arrived.push(mid);
    }
    assert_eq!(arrived, sent);
    assert_eq!(next(&tells), (SENDS + 1, None));
}

/// The same where the connection ends meanwhile: in the outbox or on its way to the socket, in their order.
#[test]
fn what_waits_for_the_socket_when_the_connection_ends_was_not_sent() {
    const SENDS: i64 = 300;
    for closed in [false, true] {
        let peer = Peer::new();
        let (client, _record, connection) = peer.login(peer.options().regressive_strategy(PATIENT));
        let (told, tells) = mpsc::channel();
        let text = "x".repeat(64 << 10);
        for mid in 1..=SENDS {
            send(&client, &told, mid, &text, DEADLINE);
        }
        until_the_kernel_takes_no_more(&client);
        let sent = client.stats().bytes_sent;
        match closed {
            false => connection.reset(),
            true => client.close(),
        }
        let ends: Vec<_> = (0..SENDS).map(|_| next(&tells)).collect();
        let begun = ends.iter().take_while(|end| end.1 == Some(Delivery::Unknown)).count();
        let (_, rest) = ends.split_at(begun);
        assert!(rest.iter().all(|end| end.1 == Some(Delivery::NotSent)), "closed: {closed}");
        // The kernel has taken that many, or more since then.
        let expected = sent.div_ceil(64 << 10) as usize;
        assert!(
            begun + 1 >= expected && begun < ends.len(),
            "closed: {closed}, {begun} of {expected}"
        );
    }
}

fn file(client: &RtmClient, timeout: Duration) -> Result<(), SendError> {
    let (callback, reply) = reply::channel();
    let file = File::from_bytes("a.txt", "hello");
    client.send_file(mtype::FILE, 2, file, None, timeout, callback);
    reply.wait().map(drop)
}

#[test]
fn a_file_is_sent_when_its_upload_has_begun() {
    let gate = Gate::builder().start().expect("a gate");
    let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint());
    let login = |options: ClientOptions| {
        let client = RtmClient::new(options.regressive_strategy(EAGER));
        client.login(1, "token", |_, _| {}, DEADLINE);
        client.wait_online(DEADLINE).expect("a login");
        client
    };
    let delivery = |client: &RtmClient, timeout: Duration| {
        file(client, timeout).map_err(|failed| (failed.error.code(), failed.delivery()))
    };
    let client = login(options.clone().file_endpoint(gate.file_endpoint()));
    let soon = Duration::from_millis(100);
    let (callback, missing) = reply::channel();
    client.send_file(mtype::FILE, 2, File::open("no/such/file"), None, None, callback);
    assert_eq!(missing.wait().map_err(|failed| failed.delivery()), Err(Delivery::NotSent));
    gate.faults().on("filetoken").next(1).error(200021);
    assert_eq!(delivery(&client, DEADLINE), Err((200021, Delivery::Refused)));
    gate.faults().on("filetoken").next(1).never_answer();
    assert_eq!(delivery(&client, soon), Err((20003, Delivery::NotSent)));
    gate.faults().on("sendfile").next(1).error(200021);
    assert_eq!(delivery(&client, DEADLINE), Err((200021, Delivery::Refused)));
    gate.faults().on("sendfile").next(1).never_answer();
    assert_eq!(delivery(&client, soon), Err((20003, Delivery::Unknown)));
    gate.faults().on("sendfile").next(1).close();
    assert_eq!(delivery(&client, DEADLINE), Err((20002, Delivery::Unknown)));
    assert_eq!(delivery(&client, DEADLINE), Ok(()));
    let nowhere = login(options.file_endpoint("127.0.0.1:1"));
    assert_eq!(delivery(&nowhere, DEADLINE), Err((20012, Delivery::NotSent)));
    client.close();
    assert_eq!(delivery(&client, DEADLINE), Err((20012, Delivery::NotSent)));
}

#[test]
fn what_is_known_is_in_the_words() {
    let gate = Gate::builder().start().expect("a gate");
    let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    let failed = || {
        let (callback, reply) = reply::channel();
        client.send_chat(2, "hello", "", 7, Duration::from_millis(100), callback);
        reply.wait().expect_err("it fails").to_string()
    };
    assert!(failed().starts_with("message 7 was not sent: "), "{}", failed());
    client.login(1, "token", |_, _| {}, DEADLINE);
    client.wait_online(DEADLINE).expect("a login");
    gate.faults().on("sendmsg").next(1).error(200054);
    let said = failed();
    assert!(said.starts_with("message 7 was refused: "), "{said}");
    gate.faults().on("sendmsg").next(1).never_answer();
    let said = failed();
    assert!(said.starts_with("message 7 may or may not have been delivered: "), "{said}");
}
