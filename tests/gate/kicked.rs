//! Kickout as a client sees it that handles packages on a timer.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use rtm_client::gate::Gate;
use serde_json::json;
use tungstenite::{Error, Message};

use crate::peer::{PATIENCE, Peer};

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    /// The event of the push.
    Kickout,
    /// The event of a close that was wanted.
    SessionClosed,
    /// A close that was not wanted: the client logs in again.
    Lost,
}

/// A stand-in for the JavaScript SDK: packages wait in a queue and are handled one a millisecond, a close is seen at once.
fn javascript(mut peer: Peer) -> Vec<Seen> {
    peer.socket.get_ref().set_nonblocking(true).unwrap();
    let mut packages = VecDeque::new();
    let mut seen = Vec::new();
    let until = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < until, "never closed: {seen:?}");
        match peer.socket.read() {
            Ok(Message::Binary(bytes)) => {
                packages.push_back(bytes);
                continue;
            }
            Ok(_) => continue,
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => {
                let wanted = seen.contains(&Seen::Kickout);
                seen.push(if wanted { Seen::SessionClosed } else { Seen::Lost });
                return seen;
            }
        }
        if packages.pop_front().is_some_and(|package| package[12..].starts_with(b"kickout")) {
            seen.push(Seen::Kickout);
            // What does not go out now goes out when the socket is read next.
            let _ = peer.socket.close(None);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Messages that wait before the kickout, as in a busy chat.
fn busy(gate: &Gate) {
    for mid in 1..=10 {
        gate.broadcast(99, 30, "waits in the queue", format!("{mid}"));
    }
}

#[test]
fn every_kick_is_seen() {
    let gate = Gate::builder().start().unwrap();
    for round in 0..20 {
        let one = Peer::login(&gate, 1);
        busy(&gate);
        gate.kick(1);
        assert_eq!(javascript(one), [Seen::Kickout, Seen::SessionClosed], "round {round}");
    }
    assert!(gate.wait_until(PATIENCE, |gate| gate.connections() == 0));
}

#[test]
fn every_kick_by_a_second_login_is_seen() {
    let gate = Gate::builder().multi_login(false).start().unwrap();
    let mut older = Peer::login(&gate, 1);
    for round in 0..20 {
        busy(&gate);
        let newer = Peer::login(&gate, 1);
        assert_eq!(javascript(older), [Seen::Kickout, Seen::SessionClosed], "round {round}");
        older = newer;
    }
    assert!(gate.wait_until(PATIENCE, |gate| gate.connections() == 1));
}

/// The third way to be kicked: by another connection of the same user.
#[test]
fn every_kick_by_the_user_is_seen() {
    let gate = Gate::builder().start().unwrap();
    let mut phone = Peer::login(&gate, 1);
    for round in 0..20 {
        let laptop = Peer::login(&gate, 1);
        busy(&gate);
        let attrs = phone.get("getattrs", json!({}))["attrs"].clone();
        let mut others = attrs.as_array().unwrap().iter().filter(|other| other["my"].is_null());
        phone.get("kickout", json!({"ce": others.next().unwrap()["ce"]}));
        assert_eq!(javascript(laptop), [Seen::Kickout, Seen::SessionClosed], "round {round}");
    }
}

/// Who does not close is closed after a second, and has no say until then.
#[test]
fn who_stays_is_closed() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let began = Instant::now();
    gate.kick(1);
    assert_eq!(gate.counters().users, 0);
    assert_eq!(one.code("sendmsg", json!({"to": 2, "mid": 1, "mtype": 30, "msg": "x"})), 200022);
    let auth = json!({"pid": gate.pid(), "uid": 1, "token": "any", "version": "test"});
    assert_eq!(one.code("auth", auth), 200022);
    one.wait_closed();
    assert!(began.elapsed() >= Duration::from_millis(900), "{:?}", began.elapsed());
    assert!(gate.wait_until(PATIENCE, |gate| gate.connections() == 0));
}
