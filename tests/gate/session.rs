//! Login, logout, kickout.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rtm_client::gate::Gate;
use serde_json::{Value, json};
use tungstenite::{Bytes, Message};

use crate::peer::{PATIENCE, Peer};

fn auth(gate: &Gate, uid: i64, token: &str) -> Value {
    json!({"pid": gate.pid(), "uid": uid, "token": token, "version": "test"})
}

#[test]
fn tokens_are_checked_once_any_is_given() {
    let gate =
        Gate::builder().token(1, "secret").token(1, "other").token(2, "two").start().unwrap();
    let mut peer = Peer::connect(&gate);
    for (uid, token, ok) in [(1, "two", false), (3, "secret", false), (1, "other", true)] {
        assert_eq!(peer.get("auth", auth(&gate, uid, token)), json!({"ok": ok}));
    }
}

#[test]
fn bad_logins_are_told_why() {
    let gate = Gate::builder().pid(7).start().unwrap();
    let mut peer = Peer::connect(&gate);
    let wrong_pid = json!({"pid": 8, "uid": 1, "token": "t"});
    let (code, ex) = peer.call("auth", wrong_pid).unwrap_err();
    assert_eq!((code, &ex[..]), (200001, "pid is 8, this gate serves 7"));
    assert_eq!(peer.code("auth", auth(&gate, 0, "t")), 200001);
    assert_eq!(peer.code("auth", json!({"pid": 7, "uid": 1})), 10009);
    assert_eq!(peer.code("auth", json!({"pid": "7", "uid": 1, "token": "t"})), 10010);
    assert_eq!(peer.code("auth", json!({"pid": 7, "uid": 1, "token": "t", "lang": "tlh"})), 200050);
    peer.get("auth", auth(&gate, 1, "t"));
    assert_eq!(peer.code("auth", auth(&gate, 1, "t")), 200023);
}

#[test]
fn login_comes_first() {
    let gate = Gate::builder().start().unwrap();
    let mut peer = Peer::connect(&gate);
    assert_eq!(peer.code("getsession", json!({})), 200022);
    assert_eq!(peer.code("nosuchmethod", json!({})), 20004);
    assert!(peer.get("*ping", json!({}))["ts"].as_i64().unwrap() > 1_700_000_000_000);
    peer.get("auth", auth(&gate, 1, "t"));
    peer.get("getsession", json!({}));
    assert_eq!(peer.get("bye", json!({})), json!({}));
    assert_eq!(peer.code("getsession", json!({})), 200022);
}

#[test]
fn kick_tells_and_closes() {
    let gate = Gate::builder().start().unwrap();
    let mut phone = Peer::login(&gate, 1);
    let mut laptop = Peer::login(&gate, 1);
    let mut other = Peer::login(&gate, 2);
    gate.kick(1);
    for peer in [&mut phone, &mut laptop] {
        assert_eq!(peer.push(), ("kickout".to_owned(), json!({})));
        peer.wait_closed();
    }
    assert!(gate.wait_until(PATIENCE, |gate| gate.connections() == 1));
    other.no_push();
}

#[test]
fn without_multi_login_the_older_connection_goes() {
    let gate = Gate::builder().multi_login(false).start().unwrap();
    let mut older = Peer::login(&gate, 1);
    let mut newer = Peer::login(&gate, 1);
    assert_eq!(older.push(), ("kickout".to_owned(), json!({})));
    older.wait_closed();
    newer.no_push();
}

#[test]
fn pings_come_and_who_does_not_answer_goes() {
    let gate = Gate::builder()
        .ping_interval(Duration::from_millis(20))
        .ping_timeout(Duration::from_millis(100))
        .start()
        .unwrap();
    let mut silent = Peer::login(&gate, 1);
    silent.answers_pings = false;
    silent.wait_closed();
    let mut lively = Peer::login(&gate, 2);
    for _ in 0..10 {
        let package = lively.package().unwrap();
        assert_eq!(&package[16..], b"ping\x80");
        let mut answer = b"FPNN\x01\x80\x02\0\x01\0\0\0".to_vec();
        answer.extend_from_slice(&package[12..16]);
        answer.push(0x80);
        lively.send(answer);
    }
}

/// Whatever comes is a sign of life, if not the answer to a ping.
#[test]
fn who_says_anything_stays() {
    let gate = Gate::builder()
        .ping_interval(Duration::from_millis(20))
        .ping_timeout(Duration::from_millis(100))
        .idle_limit(Duration::from_millis(300))
        .start()
        .unwrap();
    let mut caller = Peer::login(&gate, 1);
    let mut pinger = Peer::login(&gate, 2);
    caller.answers_pings = false;
    pinger.answers_pings = false;
    for _ in 0..30 {
        caller.get("*ping", json!({}));
        pinger.socket.send(Message::Ping(Bytes::new())).unwrap();
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(gate.connections(), 2);
    caller.wait_closed();
    pinger.wait_closed();
}

/// Whether answered at once or late, the pings keep their pace, and only who answers none for too long goes.
#[test]
fn pings_come_as_often_as_asked() {
    const INTERVAL: Duration = Duration::from_millis(100);
    for late in [Duration::ZERO, 3 * INTERVAL] {
        let gate = Gate::builder().ping_interval(INTERVAL).start().unwrap();
        let mut peer = Peer::login(&gate, 1);
        let began = Instant::now();
        let mut unanswered = VecDeque::new();
        for _ in 0..20 {
            let ping = peer.package().unwrap();
            assert_eq!(&ping[16..], b"ping\x80");
            unanswered.push_back((Instant::now() + late, ping));
            while unanswered.front().is_some_and(|(due, _)| *due <= Instant::now()) {
                let (_, ping) = unanswered.pop_front().unwrap();
                let mut answer = b"FPNN\x01\x80\x02\0\x01\0\0\0".to_vec();
                answer.extend_from_slice(&ping[12..16]);
                answer.push(0x80);
                peer.send(answer);
            }
        }
        // Twenty pings take two seconds; they took the timeout of 5 s each when they waited for it.
        assert!(began.elapsed() > 15 * INTERVAL, "{:?}", began.elapsed());
        assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    }
}

#[test]
fn silence_ends_a_connection() {
    let gate = Gate::builder().idle_limit(Duration::from_millis(50)).start().unwrap();
    let mut peer = Peer::connect(&gate);
    peer.wait_closed();
    let mut mute = std::net::TcpStream::connect(gate.endpoint()).unwrap();
    mute.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(std::io::Read::read(&mut mute, &mut [0; 16]).unwrap(), 0);
}

#[test]
fn a_dropped_gate_frees_its_port() {
    let gate = Gate::builder().start().unwrap();
    let endpoint = gate.endpoint();
    let mut peer = Peer::login(&gate, 1);
    drop(gate);
    peer.wait_closed();
    Gate::builder().listen(endpoint.clone()).start().unwrap();
    assert!(Gate::builder().listen("nonsense").start().is_err());
}

#[test]
fn tokens_of_version_2_are_checked_by_their_secret() {
    let builder = || Gate::builder().token_secret("c2VjcmV0a2V5LWJ5dGVz");
    let gate = builder().token_validity(Duration::MAX).start().unwrap();
    let mut peer = Peer::connect(&gate);
    let signed = |uid: i64| {
        json!({
            "pid": 11000001, "uid": uid, "ts": 1700000000, "authv": 2,
            "token": "Bbky1sz+zd9GNO/QdHHh8LHtw1x5iUKzt6PSvWyPoKw=",
        })
    };
    assert_eq!(peer.get("auth", signed(123457)), json!({"ok": false}));
    assert_eq!(peer.get("auth", auth(&gate, 123456, "any")), json!({"ok": false}));
    assert_eq!(peer.get("auth", signed(123456)), json!({"ok": true}));
    assert!(Gate::builder().token_secret("???").start().is_err());
    // By default a token is good for a week.
    let gate = builder().start().unwrap();
    assert_eq!(Peer::connect(&gate).get("auth", signed(123456)), json!({"ok": false}));
}
