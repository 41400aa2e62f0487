//! Panics of user code whose payloads, or captured values, panic again when they are dropped.

use std::panic::resume_unwind;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use rtm_client::types::{File, mtype};
use rtm_client::{Callbacks, RtmClient, SendError, reply, server_push};

use crate::common::package::{self, map, server_time};
use crate::common::peer::{Connection, Peer};
use crate::common::responder::chat_text;
use crate::common::{DEADLINE, UID, eventually};

/// Panics when it is dropped, so many times one inside the other.
struct Bomb(usize);

impl Drop for Bomb {
    fn drop(&mut self) {
        if let Some(left) = self.0.checked_sub(1) {
            // Without the message that `panic!` prints.
            resume_unwind(Box::new(Bomb(left)));
        }
    }
}

/// Says that it was there, and panics with a payload that panics twice again.
fn explode(ran: &Sender<()>) {
    ran.send(()).expect("the test waits");
    resume_unwind(Box::new(Bomb(2)));
}

/// Has user code explode in one place.
type Place = fn(&RtmClient, &mut Connection, Sender<()>);

const PLACES: [(&str, Place); 8] = [
    ("the callback of an answer", |client, connection, ran| {
        client.get_server_time(None, move |_, _| explode(&ran));
        let quest = connection.quest("getservertime");
        connection.answer(&quest, &server_time(1));
    }),
    ("the callback of a timeout", |client, _, ran| {
        client.get_server_time(Duration::from_millis(1), move |_, _| explode(&ran));
    }),
    ("the callback of a call that is refused", |client, _, ran| {
        client.send_chat(2, "x".repeat(9 << 20), "", None, None, move |_, _| explode(&ran));
    }),
    ("a handler", |client, connection, ran| {
        client.processor().on(server_push::RECV_CHAT, move |_| explode(&ran));
        connection.send(&package::quest(1, "pushmsg", &chat_text(1)));
        connection.package().expect("an answer");
    }),
    ("the error event", |client, connection, ran| {
        client.on_error_recorder(move |_| explode(&ran));
        connection.send(&package::one_way("pushmsg", b"\xc1"));
    }),
    ("the callback of a login", |client, _, ran| {
        client.login(UID, "token", move |_, _| explode(&ran), DEADLINE);
    }),
    ("the closed event", |client, _, ran| {
        client.on_session_closed(move |_| explode(&ran));
        client.close();
    }),
    ("a question", |client, connection, ran| {
        client.on_relogin_will_start(move |_, _| {
            explode(&ran);
            true
        });
        connection.send_raw(&[0x88, 0]);
    }),
];

fn explodes_everywhere(mode: Callbacks) {
    let peer = Peer::new();
    for (name, place) in PLACES {
        println!("{name}");
        let client = RtmClient::new(peer.options().callbacks(mode));
        let login = |_before: Option<&mut Connection>| {
            let (callback, login) = reply::login();
            client.login(UID, "token", callback, DEADLINE);
            let connection = peer.accept_login();
            login.wait().expect("a login");
            connection
        };
        let mut connection = login(None);
        let (sender, ran) = mpsc::channel();
        place(&client, &mut connection, sender);
        let callback = |callback: &str| {
            eventually(callback, || {
                if mode == Callbacks::Manual {
                    client.run_callbacks(Duration::ZERO).expect("nobody else runs them");
                }
                ran.try_recv().is_ok()
            });
        };
        // The gate takes part in what the program has asked for.
        let _login = (name == "the callback of a login").then(|| peer.accept_login());
        callback(name);
        let _relogin = (name == "a question").then(|| peer.accept_login());
        // The threads go on, and so do those of the next session.
        let mut connection = login(Some(&mut connection));
        let (sender, ended) = mpsc::channel();
        client.get_server_time(None, move |_, _| sender.send(()).expect("the test waits"));
        let quest = connection.quest("getservertime");
        connection.answer(&quest, &server_time(1));
        eventually("a later callback", || {
            if mode == Callbacks::Manual {
                client.run_callbacks(Duration::ZERO).expect("nobody else runs them");
            }
            ended.try_recv().is_ok()
        });
        client.close_and_wait(DEADLINE).expect("the threads end");
    }
}

#[test]
fn a_payload_that_panics_twice_again_ends_nothing() {
    explodes_everywhere(Callbacks::Thread);
}

#[test]
fn a_payload_that_panics_twice_again_ends_nothing_when_pumped() {
    explodes_everywhere(Callbacks::Manual);
}

/// How a file does not get to the file gate, and the code of that.
const FAILURES: [(&str, i32, Place); 4] = [
    ("no token", 200010, |_, connection, _| {
        let quest = connection.quest("filetoken");
        connection.fail(&quest, &package::error(200010, "slowly"));
    }),
    ("no answer", 20003, |_, _, _| ()),
    ("too large", 20005, |_, connection, _| {
        let quest = connection.quest("filetoken");
        let token = map([("token", "token".into()), ("endpoint", "endpoint".into())]);
        connection.answer(&quest, &token);
    }),
    ("a loss", 20002, |_, connection, _| {
        connection.quest("filetoken");
        connection.send_raw(&[0x88, 0]);
    }),
];

/// The handler is dropped as user code is run, whoever finds out that it is not needed.
#[test]
fn a_progress_handler_that_panics_when_dropped_ends_nothing() {
    let peer = Peer::new();
    let modes = [(Callbacks::Thread, true), (Callbacks::Thread, false), (Callbacks::Manual, true)];
    for ((mode, waited_for), (name, code, fail)) in
        modes.into_iter().flat_map(|mode| FAILURES.map(|failure| (mode, failure)))
    {
        println!("{name}");
        let options = peer.options().max_sent_bytes(1000).auto_reconnect(false);
        let client = RtmClient::new(options.callbacks(mode));
        let (callback, login) = reply::login();
        client.login(UID, "token", callback, DEADLINE);
        let mut connection = peer.accept_login();
        login.wait().expect("a login");
        let bomb = Bomb(2);
        let file = File::from_bytes("a.txt", vec![7; 950]).on_progress(move |_, _| _ = &bomb);
        let timeout = Duration::from_millis(if code == 20003 { 50 } else { 10_000 });
        let (callback, waits) = reply::channel::<SendError, _>();
        let (sender, ended) = mpsc::channel();
        if waited_for {
            client.upload_file(mtype::FILE, file, timeout, callback);
        } else {
            client.upload_file(mtype::FILE, file, timeout, move |error, _| {
                sender.send(error.map(|error| error.error.code())).expect("the test waits");
            });
        }
        fail(&client, &mut connection, mpsc::channel().0);
        if waited_for {
            assert_eq!(waits.wait().map_err(|error| error.error.code()), Err(code));
        } else {
            assert_eq!(ended.recv_timeout(DEADLINE), Ok(Some(code)));
        }
        if code != 20002 {
            // Timeouts and answers go on.
            let (callback, reply) = reply::channel::<rtm_client::Error, i64>();
            client.get_server_time(Duration::from_millis(1), callback);
            assert_eq!(reply.wait().map_err(|error| error.code()), Err(20003));
            connection.sync();
        }
        client.close_and_wait(DEADLINE).expect("the threads end");
    }
}

/// Whichever thread has the last part of the client drops them.
#[test]
fn callbacks_nobody_runs_may_panic_when_dropped() {
    let peer = Peer::new();
    let client = RtmClient::new(peer.options().callbacks(Callbacks::Manual));
    let (callback, login) = reply::login();
    client.login(UID, "token", callback, DEADLINE);
    let mut connection = peer.accept_login();
    login.wait().expect("a login");
    let (sender, dropped) = mpsc::channel::<()>();
    for answered in [true, false, true] {
        let held = (sender.clone(), Bomb(2));
        client.get_server_time(None, move |_, _| drop(held));
        let quest = connection.quest("getservertime");
        if answered {
            connection.answer(&quest, &server_time(1));
        }
    }
    connection.sync();
    drop((client, sender));
    assert!(connection.until_closed().is_empty());
    assert_eq!(dropped.recv_timeout(DEADLINE), Err(mpsc::RecvTimeoutError::Disconnected));
}
