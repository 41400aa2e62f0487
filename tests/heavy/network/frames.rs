//! The frame of exactly 126 bytes, which the service writes without its length.

use std::io::{Read, Write};
use std::sync::mpsc;

use rtm_client::{ClientOptions, RtmClient, reply, server_push};

use crate::certificates::{self, Authority, server};
use crate::common::package::{self, Package, Value, map};
use crate::common::peer::{Connection, Peer};
use crate::common::record::{Event, Record};
use crate::common::{DEADLINE, PID};
use crate::{done, login, pause};

trait Duplex: Read + Write {}

impl<T: Read + Write> Duplex for T {}

type Gate = Connection<Box<dyn Duplex>>;

/// A client that is logged in, without TLS and with it, and the gate's end.
fn both(change: fn(ClientOptions) -> ClientOptions, test: impl Fn(&RtmClient, &Record, &mut Gate)) {
    let authority = Authority::new();
    let config = server(&authority.certify("127.0.0.1"), None);
    for tls in [false, true] {
        let peer = Peer::new();
        let options = ClientOptions::new(PID).max_received_bytes(1 << 20);
        let options = match tls {
            false => options.endpoint(peer.address()),
            true => options.ssl_endpoint(peer.address()).ca_certificates(authority.pem()),
        };
        let (client, record) = login(change(options));
        let tcp = peer.accept_tcp();
        let mut gate: Gate = Connection::over(match tls {
            false => Box::new(tcp),
            true => Box::new(certificates::over(tcp, &config)),
        });
        gate.accept_login();
        record.expect_login(true, 0);
        test(&client, &record, &mut gate);
    }
}

/// The frame of that package as the service writes it.
fn service_frame(package: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x82];
    match package.len() {
        len @ 0..=126 => frame.push(len as u8),
        len => {
            frame.push(126);
            frame.extend((len as u16).to_be_bytes());
        }
    }
    frame.extend(package);
    frame
}

/// The answer to `getservertime` as a package of that many bytes.
fn answer(quest: &Package, time: i64, len: usize) -> Vec<u8> {
    padded(len, |pad| {
        let payload = map([("mts", time.into()), ("pad", pad.into())]);
        package::answer(quest.seq, 0, &payload)
    })
}

fn push(mid: i64, len: usize) -> Vec<u8> {
    padded(len, |pad| {
        let fields = [
            ("from", Value::from(7)),
            ("to", 1.into()),
            ("mid", mid.into()),
            ("mtype", 66.into()),
            ("msg", pad.into()),
            ("attrs", "".into()),
            ("mtime", 1.into()),
        ];
        package::quest(mid as u32, "pushmsg", &map(fields))
    })
}

/// What `make` makes with as much padding as it takes for that length.
fn padded(len: usize, make: impl Fn(&str) -> Vec<u8>) -> Vec<u8> {
    let found = (0..len).map(|pad| make(&"p".repeat(pad))).find(|package| package.len() >= len);
    let package = found.expect("it grows");
    assert_eq!(package.len(), len);
    package
}

/// Asks for the time, and has the answer written in two parts.
fn ask(client: &RtmClient, record: &Record, gate: &mut Gate, time: i64, len: usize, cut: usize) {
    client.get_server_time(None, record.call(cut));
    let frame = service_frame(&answer(&gate.quest("getservertime"), time, len));
    let (head, tail) = frame.split_at(cut.min(frame.len()));
    gate.send_raw(head);
    pause();
    gate.send_raw(tail);
    record.expect_call(cut, Ok(time));
}

#[test]
fn an_answer_split_at_every_byte() {
    both(
        |options| options,
        |client, record, gate| {
            for cut in 0..=128 {
                ask(client, record, gate, cut as i64, 126, cut);
            }
            ask(client, record, gate, 5, 125, 0);
            ask(client, record, gate, 5, 127, 0);
            done(client, record);
        },
    );
}

#[test]
fn a_push_split_at_every_byte() {
    both(
        |options| options,
        |client, record, gate| {
            let (sender, received) = mpsc::channel();
            client.processor().on(server_push::RECV_MESSAGE, move |message| {
                let _ = sender.send(message.mid);
            });
            for cut in 1..=128 {
                let frame = service_frame(&push(cut as i64, 126));
                let (head, tail) = frame.split_at(cut);
                gate.send_raw(head);
                pause();
                gate.send_raw(tail);
                assert_eq!(received.recv_timeout(DEADLINE), Ok(cut as i64));
                let answered = gate.package().expect("the push is answered");
                assert_eq!(answered.seq, cut as u32);
            }
            done(client, record);
        },
    );
}

#[test]
fn a_burst() {
    const CALLS: usize = 400;
    both(
        |options| options,
        |client, record, gate| {
            let replies: Vec<_> = (0..CALLS)
                .map(|_| {
                    let (callback, reply) = reply::channel();
                    client.get_server_time(None, callback);
                    reply
                })
                .collect();
            let mut bytes = Vec::new();
            for number in 0..CALLS {
                let quest = gate.quest("getservertime");
                let len = if number % 5 == 4 { 100 + number } else { 126 };
                bytes.extend(service_frame(&answer(&quest, number as i64, len)));
            }
            gate.send_raw(&bytes);
            for (number, reply) in replies.into_iter().enumerate() {
                assert_eq!(reply.wait().expect("an answer"), number as i64);
            }
            done(client, record);
        },
    );
}

/// Its frame starts `82 7e 46 50`, as one of 126 bytes does that lacks its length.
#[test]
fn a_package_of_18000_bytes_is_taken_for_what_it_is() {
    both(
        |options| options,
        |client, record, gate| {
            for cut in 0..10 {
                ask(client, record, gate, 1, 0x4650, cut);
                ask(client, record, gate, 1, 126, cut);
            }
            done(client, record);
        },
    );
}

#[test]
fn without_the_mending_the_frame_is_what_it_says() {
    both(
        |options| options.repair_126_byte_frames(false),
        |client, record, gate| {
            client.get_server_time(None, record.call(1));
            let broken = service_frame(&answer(&gate.quest("getservertime"), 1, 126));
            gate.send_raw(&broken);
            // It says 0x4650 bytes, and the first that come are no package.
            gate.send_raw(&vec![0; 0x4650]);
            let events = [record.next(), record.next()];
            assert!(matches!(events[0], Event::Error(..)), "{events:?}");
            assert!(matches!(events[1], Event::Call(1, Err(_))), "{events:?}");
            client.close();
        },
    );
}

/// A frame too long for the limit is refused by what it claims, one below it comes in pieces.
#[test]
fn long_frames() {
    both(
        |options| options,
        |client, record, gate| {
            client.get_server_time(None, record.call(1));
            let quest = gate.quest("getservertime");
            let text = "x".repeat(900_000);
            let payload = map([("mts", 3.into()), ("pad", text.as_str().into())]);
            gate.send(&package::answer(quest.seq, 0, &payload));
            record.expect_call(1, Ok(3));
            let mut claim = vec![0x82, 127];
            claim.extend(((1u64 << 20) + 1).to_be_bytes());
            gate.send_raw(&claim);
            let said = record.expect_error(20009);
            assert!(said.contains("over the limit"), "{said}");
            client.close();
        },
    );
}
