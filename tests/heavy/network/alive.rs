//! Callbacks so far behind that reading stops: neither end takes the other for dead.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rtm_client::gate::Gate;
use rtm_client::{Callbacks, ClientOptions, RtmClient, reply, server_push};

use crate::common::record::{Event, Record};
use crate::common::{DEADLINE, PID, UID, eventually};

/// How long either end waits for a word of the other; the client says something four times in that time.
const SILENCE: Duration = Duration::from_secs(3);

const PUSHES: i64 = 300;

fn goes_on(secure: bool, mode: Callbacks) {
    let mut gate = Gate::builder()
        .pid(PID)
        .ping_interval(SILENCE / 20)
        .ping_timeout(SILENCE * 5 / 6)
        .idle_limit(SILENCE);
    if secure {
        gate = gate.tls_listen("127.0.0.1:0");
    }
    let gate = gate.start().expect("a gate");
    let options = match gate.tls_endpoint() {
        None => ClientOptions::new(PID).endpoint(gate.endpoint()),
        Some(endpoint) => {
            let certificate = gate.certificate().expect("it shows one");
            ClientOptions::new(PID).ssl_endpoint(endpoint).ca_certificates(certificate)
        }
    };
    let options = options
        .callbacks(mode)
        .max_undelivered_bytes(16 << 10)
        .max_ping_interval_seconds(SILENCE.as_secs() as u32);
    let client = RtmClient::new(options);
    let record = Record::of(&client);
    let (callback, login) = reply::login();
    client.login(UID, "token", callback, DEADLINE);
    login.wait().expect("a login");
    let (release, released) = mpsc::channel::<()>();
    let (sender, heard) = mpsc::channel();
    client.processor().on(server_push::RECV_CHAT, move |chat| {
        // The first waits, where nobody else holds the callbacks up.
        if mode == Callbacks::Thread {
            let _ = released.recv();
        }
        let _ = sender.send(chat.mid);
    });
    let msg = "x".repeat(2000);
    for mid in 1..=PUSHES {
        let push = format!(
            r#"{{"from":5,"to":{UID},"mtype":30,"mid":{mid},"msg":"{msg}","attrs":"","mtime":{mid}}}"#
        );
        assert_eq!(gate.push(UID, "pushmsg", push).ok(), Some(1));
    }
    let until = Instant::now() + 2 * SILENCE + SILENCE / 2;
    while Instant::now() < until {
        thread::sleep(Duration::from_millis(50));
        assert_eq!(gate.connections(), 1, "the gate thinks that the client is gone");
    }
    let received = client.stats().bytes_received;
    assert!(received < 2000 * PUSHES as u64 / 2, "it went on reading: {received} bytes");
    drop(release);
    let mut all = Vec::new();
    eventually("everything is handed over", || {
        if mode == Callbacks::Manual {
            client.run_callbacks(Duration::ZERO).expect("nobody else runs them");
        }
        all.extend(heard.try_iter());
        all.len() == PUSHES as usize
    });
    assert!(all.is_sorted(), "out of order");
    let (callback, answer) = reply::channel();
    client.get_server_time(DEADLINE, callback);
    answer.wait().expect("an answer");
    assert_eq!(client.stats().reconnects, 0);
    assert_eq!(record.all(), []);
    client.close_and_wait(DEADLINE).expect("the threads end");
    while client.run_callbacks(Duration::ZERO).is_ok_and(|ran| ran > 0) {}
    assert_eq!(record.all(), [Event::Closed(0)]);
}

#[test]
fn a_paused_connection_goes_on() {
    goes_on(false, Callbacks::Thread);
}

#[test]
fn a_paused_connection_goes_on_when_callbacks_are_run_by_the_program() {
    goes_on(false, Callbacks::Manual);
}

#[test]
fn a_paused_connection_goes_on_over_tls() {
    goes_on(true, Callbacks::Thread);
}
