//! What a client leaves behind: no thread, no descriptor, no memory. These tests count what the process has, so they
//! run one after the other in a process of their own.

mod common;

use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use common::package::{self, server_time};
use common::peer::{Connection, Peer};
use common::record::{Event, Record};
use common::{DEADLINE, UID, client_threads, eventually};
use rtm_client::gate::Gate;
use rtm_client::{Callbacks, ClientOptions, RegressiveStrategy, RtmClient, reply, server_push};

static ALONE: Mutex<()> = Mutex::new(());

/// One test at a time, and no client thread before it.
fn alone() -> MutexGuard<'static, ()> {
    let guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    no_threads();
    guard
}

#[track_caller]
fn no_threads() {
    eventually("no thread of a client", || client_threads().is_empty());
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// The most resident memory there ever was, in KiB.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

#[test]
fn a_client_without_a_login_has_no_thread() {
    let _alone = alone();
    let peer = Peer::new();
    let client = RtmClient::new(peer.options());
    assert!(client_threads().is_empty());
    let record = Record::of(&client);
    client.get_server_time(None, record.call(1));
    record.expect_call(1, Err(20012));
    client.close();
    client.bye();
    client.destroy();
    no_threads();
    client.close_and_wait(DEADLINE).expect("there is nothing to wait for");
}

#[test]
fn close_and_wait_returns_when_everything_has_ended() {
    let _alone = alone();
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    let (sender, running) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    client.get_server_time(None, move |_, _| {
        sender.send(()).expect("the test waits");
        let _ = released.recv();
    });
    client.get_server_time(None, record.call(1));
    let quest = connection.quest("getservertime");
    connection.answer(&quest, &server_time(1));
    running.recv_timeout(DEADLINE).expect("the callback runs");
    let waited = client.close_and_wait(Duration::from_millis(20));
    assert_eq!(waited.map_err(|error| error.code()), Err(20003), "a callback still runs");
    release.send(()).expect("the callback waits");
    let events = record.rest(&client);
    assert_eq!(events, [Event::Closed(0), Event::Call(1, Err(20002))]);
    no_threads();
    client.close_and_wait(DEADLINE).expect("a second time");
}

/// Dropping the last handle ends calls with 20002, the login with `(false, 20002)`, and says nothing else.
#[test]
fn the_last_handle_dropped_in_any_state_leaves_no_thread() {
    let _alone = alone();
    let peer = Peer::new();
    let patient = RegressiveStrategy::new()
        .start_connect_failed_count(0)
        .max_interval_seconds(3600)
        .linear_regressive_count(1);
    for state in ["live", "leaving", "connecting", "authenticating", "waiting to log in again"] {
        let client = RtmClient::new(peer.options().regressive_strategy(patient));
        let record = Record::of(&client);
        let clone = client.clone();
        client.login(UID, "token", record.login(), DEADLINE);
        let mut expected = vec![Event::Login(false, 20002)];
        let mut connections: Vec<Connection> = Vec::new();
        match state {
            "connecting" => {}
            "authenticating" => {
                connections.push(peer.accept());
                connections[0].quest("auth");
            }
            _ => {
                connections.push(peer.accept_login());
                record.expect_login(true, 0);
                client.get_server_time(None, record.call(1));
                connections[0].quest("getservertime");
                expected = vec![Event::Call(1, Err(20002))];
            }
        }
        match state {
            "leaving" => client.bye(),
            "waiting to log in again" => {
                connections.clear();
                record.expect_error(20002);
                record.expect_call(1, Err(20002));
                expected.clear();
            }
            _ => {}
        }
        drop(client);
        eventually("threads, for a clone is left", || !client_threads().is_empty());
        drop(clone);
        no_threads();
        assert_eq!(record.all(), expected, "{state}");
        for mut connection in connections {
            connection.until_closed();
        }
        while state == "connecting" && peer.is_dialed(Duration::ZERO) {}
    }
}

#[test]
fn the_last_handle_dropped_inside_a_callback_leaves_no_thread() {
    let _alone = alone();
    let peer = Peer::new();
    for place in ["reply", "login", "relogin event", "closed event", "timeout"] {
        let client = RtmClient::new(peer.options());
        let record = Record::of(&client);
        let handle = std::sync::Arc::new(Mutex::new(None::<RtmClient>));
        let slot = handle.clone();
        let drop_handle = move || {
            let mut client = None;
            // The handle may not be there yet.
            while client.is_none() {
                client = slot.lock().expect("no panic").take();
            }
            drop(client);
        };
        let (sender, done) = mpsc::channel();
        let ended = move || {
            drop_handle();
            sender.send(()).expect("the test waits");
        };
        let mut connections = Vec::new();
        if place == "login" {
            client.login(UID, "token", move |_, _| ended(), DEADLINE);
            *handle.lock().expect("no panic") = Some(client);
            connections.push(peer.accept_login());
        } else {
            client.login(UID, "token", record.login(), DEADLINE);
            let mut connection = peer.accept_login();
            record.expect_login(true, 0);
            match place {
                "reply" => {
                    client.get_server_time(None, move |_, _| ended());
                    *handle.lock().expect("no panic") = Some(client);
                    let quest = connection.quest("getservertime");
                    connection.answer(&quest, &server_time(1));
                    connections.push(connection);
                }
                "timeout" => {
                    client.get_server_time(Duration::from_millis(1), move |_, _| ended());
                    *handle.lock().expect("no panic") = Some(client);
                    connections.push(connection);
                }
                "relogin event" => {
                    client.on_relogin_completed(move |_, _, _, _| ended());
                    *handle.lock().expect("no panic") = Some(client);
                    connection.close();
                    connections.push(peer.accept_login());
                }
                _ => {
                    client.on_session_closed(move |_| ended());
                    client.close();
                    *handle.lock().expect("no panic") = Some(client);
                    connections.push(connection);
                }
            }
        }
        done.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("{place}: the callback hangs"));
        no_threads();
        for mut connection in connections {
            connection.until_closed();
        }
    }
}

/// A callback that holds the client keeps it alive until it has run, and not longer.
#[test]
fn a_callback_may_hold_the_last_handle() {
    let _alone = alone();
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    let weak = client.downgrade();
    let held = client.clone();
    let put = record.putter();
    client.get_server_time(Duration::from_millis(50), move |error, _| {
        drop(held);
        put(Event::Call(1, Err(error.map_or(0, |error| error.code()))));
    });
    drop(client);
    record.expect_call(1, Err(20003));
    assert!(weak.upgrade().is_none());
    no_threads();
    connection.until_closed();
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("expected panic of a test");
    }
}

/// On the thread that ends the client, and on one of the client's own.
#[test]
fn handlers_whose_destructors_panic_keep_no_client_alive() {
    let _alone = alone();
    let peer = Peer::new();
    let ends: [fn(RtmClient); 3] = [
        |client| client.destroy(),
        drop,
        |client| {
            let held = client.clone();
            client.get_server_time(Duration::from_millis(50), move |_, _| drop(held));
        },
    ];
    // Two panics at once would end the process.
    for (bombs, end) in [1, 3].into_iter().flat_map(|bombs| ends.map(|end| (bombs, end))) {
        let (client, _record, mut connection) = peer.login(peer.options());
        for _ in 0..bombs {
            let bomb = Bomb;
            client.processor().on(server_push::RECV_CHAT, move |_| _ = &bomb);
            let bomb = Bomb;
            client.on_session_closed(move |_| _ = &bomb);
        }
        end(client);
        connection.until_closed();
        no_threads();
    }
    let client = RtmClient::new(peer.options());
    let bomb = Bomb;
    let id = client.processor().on(server_push::RECV_CHAT, move |_| _ = &bomb);
    assert!(client.off(id), "removed");
}

#[test]
fn callbacks_nobody_runs_are_dropped_with_the_client() {
    let _alone = alone();
    let peer = Peer::new();
    let client = RtmClient::new(peer.options().callbacks(Callbacks::Manual));
    let (callback, login) = reply::login();
    client.login(UID, "token", callback, DEADLINE);
    let mut connection = peer.accept_login();
    while login.try_take().is_none() {
        client.run_callbacks(Duration::from_millis(10)).expect("nobody else runs them");
    }
    let (callback, reply) = reply::channel();
    client.get_server_time(None, callback);
    connection.quest("getservertime");
    drop(client);
    no_threads();
    assert_eq!(reply.wait().map_err(|error| error.code()), Err(20002));
}

#[test]
fn a_hundred_lives_leave_nothing_behind() {
    let _alone = alone();
    let peer = Peer::new();
    let mut before = 0;
    for life in 0..104 {
        let options = peer.options().auto_reconnect(false);
        let (client, record, mut connection) = peer.login(options);
        record.expect_nothing(&client, &mut connection);
        match life % 4 {
            0 => client.close(),
            1 => drop(client),
            2 => connection.close(),
            _ => {
                let (sender, done) = mpsc::channel();
                let inner = client.clone();
                client.get_server_time(None, move |_, _| {
                    inner.close();
                    sender.send(()).expect("the test waits");
                });
                let quest = connection.quest("getservertime");
                connection.answer(&quest, &server_time(1));
                done.recv_timeout(DEADLINE).expect("the callback ran");
            }
        }
        // The first few lives open what stays open.
        if life == 3 {
            no_threads();
            before = descriptors();
        }
    }
    no_threads();
    eventually("no descriptor more", || descriptors() <= before);
}

/// The same with a gate and a message each way; the client ends by itself, inside a callback, or with its last handle.
#[test]
fn a_hundred_chats_leave_nothing_behind() {
    let _alone = alone();
    let gate = Gate::builder().pid(common::PID).start().expect("a gate");
    let gate_alone = || client_threads() == ["rtm-gate"];
    eventually("the gate's thread alone", gate_alone);
    let mut before = 0;
    for life in 0..102 {
        let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
        let record = Record::of(&client);
        client.on_relogin_will_start(|_, _| true);
        let weak = client.downgrade();
        let put = record.putter();
        client.processor().on(server_push::RECV_CHAT, move |message| {
            if let Some(client) = weak.upgrade().filter(|_| life % 3 == 1) {
                client.close();
            }
            put(Event::Call(message.msg.to_string().len(), Ok(message.from)));
        });
        client.login(UID, "token", record.login(), DEADLINE);
        record.expect_login(true, 0);
        let other = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
        let (callback, login) = reply::login();
        other.login(2, "token", callback, DEADLINE);
        login.wait().expect("a login");
        let (callback, sent) = reply::channel();
        other.send_chat(UID, "hello", "", None, None, callback);
        sent.wait().expect("sent");
        record.expect_call(5, Ok(2));
        match life % 3 {
            0 => client.close(),
            1 => record.expect(Event::Closed(0)),
            _ => drop(client),
        }
        drop(other);
        eventually("the gate's thread alone", gate_alone);
        assert!(gate.wait_until(DEADLINE, |gate| gate.connections() == 0));
        // The first few lives open what stays open.
        if life == 2 {
            before = descriptors();
        }
    }
    eventually("no descriptor more", || descriptors() <= before);
    drop(gate);
    no_threads();
}

/// The size a header declares costs nothing until the bytes come.
#[test]
fn memory_does_not_follow_the_declared_size() {
    let _alone = alone();
    const DECLARED: u32 = 60 << 20;
    let peer = Peer::new();
    let mut package = package::answer(1, 0, &[0; 1024]);
    package[8..12].copy_from_slice(&DECLARED.to_le_bytes());
    let len = package.len() as u16;
    package.splice(..0, [&[0x82, 126][..], &len.to_be_bytes()].concat());
    // The same for a WebSocket frame, whose header is a tag, 127 and eight bytes of length.
    let mut frame = vec![0x82, 127];
    frame.extend(u64::from(DECLARED).to_be_bytes());
    frame.extend([b'F'; 1024]);
    for bytes in [package, frame] {
        let options = peer.options().auto_reconnect(false);
        let mut sessions: Vec<_> = (0..4).map(|_| peer.login(options.clone())).collect();
        let before = peak();
        for (_, _, connection) in &mut sessions {
            connection.send_raw(&bytes);
        }
        // They have read it when they see the end behind it.
        for (_, record, connection) in sessions {
            connection.close();
            record.expect_error(20002);
        }
        let grown = peak().saturating_sub(before);
        assert!(grown < 8 << 10, "{grown} KiB for 4 declarations of 60 MiB");
    }
}
