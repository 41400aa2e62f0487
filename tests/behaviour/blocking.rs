//! A callback that takes long: what goes on meanwhile.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use rtm_client::{Callbacks, RtmClient, server_push};

use crate::common::package::{self, Kind, map, server_time};
use crate::common::peer::{Connection, Peer};
use crate::common::record::Event;
use crate::common::responder::chat_text;
use crate::common::{DEADLINE, UID, eventually};

/// The callbacks of a client are held up by one of them until this is dropped.
struct Held(#[allow(dead_code, reason = "the callback waits for its end")] Sender<()>);

/// Makes a call whose callback blocks, and returns when it does.
fn hold_callbacks(client: &RtmClient, connection: &mut Connection) -> Held {
    let (entered, inside) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    client.get_server_time(None, move |_, _| {
        entered.send(()).expect("the test waits");
        let _ = released.recv_timeout(DEADLINE);
    });
    let quest = connection.quest("getservertime");
    connection.answer(&quest, &server_time(1));
    inside.recv_timeout(DEADLINE).expect("the callback runs");
    Held(release)
}

#[test]
fn a_callback_that_blocks_costs_its_neighbours_nothing() {
    const NEIGHBOURS: usize = 25;
    const PUSHES: usize = 300;
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    let put = record.putter();
    client.processor().on(server_push::RECV_CHAT, move |chat| put(Event::Closed(chat.mid as i32)));
    let held = hold_callbacks(&client, &mut connection);

    // Calls are sent, also those of threads that run no callbacks, and their answers count when they arrive.
    for number in 0..NEIGHBOURS {
        client.get_server_time(Duration::from_millis(200), record.call(number));
    }
    for number in 0..NEIGHBOURS {
        let quest = connection.quest("getservertime");
        connection.answer(&quest, &server_time(number as i64));
    }
    eventually("all answers are taken", || client.stats().answers == NEIGHBOURS as u64 + 1);
    // Pushes and pings are answered at once.
    for number in 0..PUSHES {
        connection.send(&package::quest(number as u32, "pushmsg", &chat_text(number as i64)));
        if number % 100 == 0 {
            connection.send(&package::quest(u32::MAX, "ping", &map([])));
        }
    }
    let answers = connection.sync();
    assert_eq!(answers.len(), PUSHES + PUSHES / 100);
    assert!(answers.iter().all(|answer| answer.kind == Kind::Answer { status: 0 }));
    // It takes longer than the neighbours' timeouts.
    client.get_server_time(Duration::from_millis(250), record.call(NEIGHBOURS));
    eventually("the last call's time is over", || client.stats().timeouts == 1);
    assert_eq!(record.all(), []);

    drop(held);
    for number in 0..NEIGHBOURS {
        record.expect_call(number, Ok(number as i64));
    }
    for number in 0..PUSHES {
        record.expect(Event::Closed(number as i32));
    }
    record.expect_call(NEIGHBOURS, Err(20003));
    assert_eq!(client.stats().timeouts, 1);
    connection.quest("getservertime");
    record.expect_nothing(&client, &mut connection);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

#[test]
fn a_session_ends_while_a_callback_blocks() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    let held = hold_callbacks(&client, &mut connection);
    client.get_server_time(None, record.call(1));
    connection.quest("getservertime");
    client.close();
    assert!(connection.until_closed().is_empty());
    assert_eq!(record.all(), []);
    drop(held);
    let expected = [Event::Closed(0), Event::Call(1, Err(20002))];
    assert_eq!(record.rest(&client), expected);
}

/// One callback of a batch makes calls and waits until they have arrived.
fn calls_of_a_callback_leave_before_it_returns(mode: Callbacks) {
    const BATCH: usize = 12;
    let peer = Peer::new();
    let client = RtmClient::new(peer.options().callbacks(mode));
    let (callback, logged_in) = mpsc::channel();
    client.login(UID, "token", move |ok, _| callback.send(ok).expect("the test waits"), DEADLINE);
    let mut connection = peer.accept_login();
    let pumped = client.clone();
    let (stop, stopped) = mpsc::channel::<()>();
    thread::scope(|scope| {
        if mode == Callbacks::Manual {
            scope.spawn(move || {
                while stopped.try_recv() == Err(mpsc::TryRecvError::Empty) {
                    pumped.run_callbacks(Duration::from_millis(1)).expect("alone");
                }
            });
        }
        assert_eq!(logged_in.recv_timeout(DEADLINE), Ok(true));
        for which in 0..BATCH {
            let (seen, sees): (Sender<()>, Receiver<()>) = mpsc::channel();
            let (end, ended) = mpsc::channel();
            let mut sees = Some(sees);
            for number in 0..BATCH {
                let (inner, end) = (client.clone(), end.clone());
                let sees = if number == which { sees.take() } else { None };
                client.get_server_time(None, move |error, _| {
                    assert!(error.is_none());
                    if let Some(sees) = sees {
                        for _ in 0..3 {
                            inner.send_cmd(2, "x", "", None, None, rtm_client::reply::ignore);
                            sees.recv_timeout(DEADLINE).expect("the peer sees the call meanwhile");
                        }
                    }
                    end.send(number).expect("the test waits");
                });
            }
            let answers: Vec<_> = (0..BATCH)
                .map(|_| connection.quest("getservertime").seq)
                .flat_map(|seq| package::answer(seq, 0, &server_time(1)))
                .collect();
            connection.send(&answers);
            for _ in 0..3 {
                let quest = connection.quest("sendmsg");
                seen.send(()).expect("the callback waits");
                connection.answer(&quest, &map([("mtime", 1.into())]));
            }
            for number in 0..BATCH {
                assert_eq!(ended.recv_timeout(DEADLINE), Ok(number));
            }
        }
        stop.send(()).unwrap_or_default();
    });
    client.close_and_wait(DEADLINE).expect("the threads end");
}

#[test]
fn a_call_inside_a_batch_of_callbacks_leaves_before_its_callback_returns() {
    calls_of_a_callback_leave_before_it_returns(Callbacks::Thread);
}

#[test]
fn a_call_inside_a_batch_of_callbacks_leaves_before_its_callback_returns_when_pumped() {
    calls_of_a_callback_leave_before_it_returns(Callbacks::Manual);
}
