//! Faults: what each puts wrong, and that the client then does what its documentation says.

use std::time::{Duration, Instant};

use rtm_client::gate::{ConversationId, Gate, GateBuilder};
use rtm_client::types::File;
use rtm_client::{ClientOptions, RtmClient, SendError, reply, server_push};
use serde_json::json;

use crate::common::record::{Event, Record};
use crate::peer::{PATIENCE, Peer, pack, to_packed};

/// Long enough for an answer that comes, short enough to wait for one that does not.
const SOON: Duration = Duration::from_millis(300);

fn quick() -> GateBuilder {
    Gate::builder().ping_interval(Duration::from_millis(20))
}

fn options(gate: &Gate) -> ClientOptions {
    ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).file_endpoint(gate.file_endpoint())
}

/// A client of that user, logged in.
fn client(gate: &Gate, uid: i64) -> (RtmClient, Record) {
    client_with(options(gate), uid)
}

fn client_with(options: ClientOptions, uid: i64) -> (RtmClient, Record) {
    let client = RtmClient::new(options);
    let record = Record::of(&client);
    client.login(uid, "token", record.login(), None);
    record.expect_login(true, 0);
    (client, record)
}

fn send(client: &RtmClient, text: &str, mid: i64, timeout: Duration) -> Result<i64, SendError> {
    let (callback, sent) = reply::channel();
    client.send_chat(2, text, "", mid, timeout, callback);
    sent.wait().map(|sent| sent.mid)
}

fn code(client: &RtmClient, timeout: Duration) -> i32 {
    let (callback, reply) = reply::channel();
    client.get_server_time(timeout, callback);
    reply.wait().map_or_else(|error| error.code(), |_| 0)
}

/// The chat texts the client receives from now on.
fn received(client: &RtmClient) -> crossbeam_channel::Receiver<String> {
    let (sender, texts) = crossbeam_channel::unbounded();
    client.processor().on(server_push::RECV_CHAT, move |push| {
        let _ = sender.send(push.msg.as_str().unwrap_or("bytes").to_owned());
    });
    texts
}

#[test]
fn error() {
    let gate = quick().start().unwrap();
    let (one, record) = client(&gate, 1);
    gate.faults().on("sendmsg").next(1).error(200010);
    let refused = send(&one, "no", 7, PATIENCE).unwrap_err();
    assert_eq!((refused.mid, refused.error.code()), (7, 200010));
    assert!(gate.stored(ConversationId::p2p(1, 2)).is_empty(), "refused, and stored all the same");
    assert_eq!(send(&one, "yes", 7, PATIENCE).unwrap(), 7);
    assert_eq!(record.rest(&one), [Event::Closed(0)]);
}

#[test]
fn a_login_that_is_refused() {
    let gate = quick().start().unwrap();
    gate.faults().on("auth").next(1).error(200024);
    let client = RtmClient::new(options(&gate));
    let record = Record::of(&client);
    client.login(1, "token", record.login(), None);
    record.expect_error(200024);
    record.expect_login(false, 200024);
}

#[test]
fn delay() {
    let gate = quick().start().unwrap();
    let (one, record) = client(&gate, 1);
    gate.faults().on("getservertime").next(1).delay(SOON);
    let began = Instant::now();
    for number in [1, 2] {
        let put = record.call(number);
        one.get_server_time(PATIENCE, move |error, time| put(error, time.map(|_| 0)));
    }
    record.expect_call(2, Ok(0));
    record.expect_call(1, Ok(0));
    assert!(began.elapsed() >= SOON);
}

#[test]
fn delay_of_a_push() {
    let gate = quick().start().unwrap();
    let ((one, _), (two, _)) = (client(&gate, 1), client(&gate, 2));
    let texts = received(&two);
    gate.faults().on("pushmsg").next(1).delay(SOON);
    send(&one, "late", 1, PATIENCE).unwrap();
    send(&one, "soon", 2, PATIENCE).unwrap();
    let both = [texts.recv_timeout(PATIENCE).unwrap(), texts.recv_timeout(PATIENCE).unwrap()];
    assert_eq!(both, ["soon", "late"]);
}

/// The caller has given up, the message has arrived, and the late answer harms nobody.
#[test]
fn answer_late() {
    let gate = quick().start().unwrap();
    let ((one, record), (two, _)) = (client(&gate, 1), client(&gate, 2));
    let texts = received(&two);
    gate.faults().on("sendmsg").next(1).answer_late(2 * SOON);
    let late = send(&one, "late", 7, SOON).unwrap_err();
    assert_eq!((late.mid, late.error.code()), (7, 20003));
    assert_eq!(texts.recv_timeout(PATIENCE).unwrap(), "late");
    // Answered after the late answer has come.
    gate.faults().on("getservertime").next(1).delay(2 * SOON);
    assert_eq!(code(&one, PATIENCE), 0);
    assert_eq!(record.rest(&one), [Event::Closed(0)]);
}

/// The call times out, its neighbours do not, and a resend with the same mid arrives once.
#[test]
fn never_answer() {
    let gate = quick().start().unwrap();
    let ((one, record), (two, _)) = (client(&gate, 1), client(&gate, 2));
    let texts = received(&two);
    gate.faults().on("sendmsg").next(1).never_answer();
    let lost = send(&one, "once", 7, SOON).unwrap_err();
    assert_eq!((lost.mid, lost.error.code()), (7, 20003));
    assert_eq!(send(&one, "once", lost.mid, PATIENCE).unwrap(), 7);
    send(&one, "next", 8, PATIENCE).unwrap();
    assert_eq!(texts.recv_timeout(PATIENCE).unwrap(), "once");
    assert_eq!(texts.recv_timeout(PATIENCE).unwrap(), "next");
    assert_eq!(record.rest(&one), [Event::Closed(0)]);
}

/// A callback runs once, and a push is reported once.
#[test]
fn answer_twice() {
    let gate = quick().start().unwrap();
    let ((one, record), (two, _)) = (client(&gate, 1), client(&gate, 2));
    let texts = received(&two);
    gate.faults().on_any().answer_twice();
    one.get_server_time(PATIENCE, {
        let put = record.call(1);
        move |error, time| put(error, time.map(|_| 0))
    });
    record.expect_call(1, Ok(0));
    send(&one, "first", 1, PATIENCE).unwrap();
    send(&one, "second", 2, PATIENCE).unwrap();
    assert_eq!(texts.recv_timeout(PATIENCE).unwrap(), "first");
    assert_eq!(texts.recv_timeout(PATIENCE).unwrap(), "second");
    assert_eq!(code(&two, PATIENCE), 0);
    assert!(texts.is_empty());
    assert_eq!(record.rest(&one), [Event::Closed(0)]);
}

#[test]
fn reorder() {
    let gate = quick().start().unwrap();
    let (one, record) = client(&gate, 1);
    gate.faults().on("getservertime").next(3).reorder(3);
    for number in 1..=3 {
        let put = record.call(number);
        one.get_server_time(PATIENCE, move |error, time| put(error, time.map(|_| 0)));
    }
    for number in [3, 2, 1] {
        record.expect_call(number, Ok(0));
    }
}

/// The rest never comes, so that the next package is taken for it: the connection ends with 10003 and is made again.
#[test]
fn truncate() {
    let gate = Gate::builder().start().unwrap();
    let (one, record) = client(&gate, 1);
    gate.faults().on("getservertime").next(1).truncate(20);
    assert_eq!(code(&one, SOON), 20003);
    // The client asks whether the gate is there, and the answer to that ends the package that lacks its end.
    record.expect_error(10003);
    record.expect(Event::Relogin(true, false, 0, 1));
    assert_eq!(code(&one, PATIENCE), 0);
}

#[test]
fn garbage() {
    let gate = quick().start().unwrap();
    let (one, record) = client(&gate, 1);
    gate.faults().on("getservertime").next(1).garbage();
    assert_eq!(code(&one, PATIENCE), 10003);
    record.expect_error(10003);
    record.expect(Event::Relogin(true, false, 0, 1));
    assert_eq!(code(&one, PATIENCE), 0);
}

#[test]
fn split() {
    let gate = quick().start().unwrap();
    gate.faults().on_any().split(1);
    let ((one, record), (two, _)) = (client(&gate, 1), client(&gate, 2));
    let texts = received(&two);
    send(&one, "in pieces", 1, PATIENCE).unwrap();
    assert_eq!(texts.recv_timeout(PATIENCE).unwrap(), "in pieces");
    assert_eq!(record.rest(&one), [Event::Closed(0)]);
}

#[test]
fn join() {
    let gate = quick().start().unwrap();
    let (one, record) = client(&gate, 1);
    gate.faults().on("getservertime").next(3).join(3);
    for number in 1..=3 {
        let put = record.call(number);
        one.get_server_time(PATIENCE, move |error, time| put(error, time.map(|_| 0)));
    }
    for number in 1..=3 {
        record.expect_call(number, Ok(0));
    }
}

#[test]
fn wrong_seq() {
    let gate = quick().start().unwrap();
    let (one, record) = client(&gate, 1);
    gate.faults().on("getservertime").next(1).wrong_seq();
    assert_eq!(code(&one, SOON), 20003);
    assert_eq!(code(&one, PATIENCE), 0);
    assert_eq!(record.rest(&one), [Event::Closed(0)]);
}

/// The client tells the broken frame from a sound one and goes on.
#[test]
fn broken_frame() {
    let gate = quick().start().unwrap();
    let ((one, record), (two, _)) = (client(&gate, 1), client(&gate, 2));
    let texts = received(&two);
    gate.faults().on("pushmsg").broken_frame();
    for len in 1..100 {
        send(&one, &"x".repeat(len), len as i64, PATIENCE).unwrap();
        assert_eq!(texts.recv_timeout(PATIENCE).unwrap().len(), len);
    }
    assert_eq!(gate.faults().struck(), 1);
    assert_eq!(record.rest(&one), [Event::Closed(0)]);
}

/// The call ends with 20002, the client logs in again, and a resend with the same mid arrives once.
#[test]
fn close() {
    let gate = quick().start().unwrap();
    let ((one, record), (two, _)) = (client(&gate, 1), client(&gate, 2));
    let texts = received(&two);
    gate.faults().on("sendmsg").next(1).close();
    let lost = send(&one, "once", 7, PATIENCE).unwrap_err();
    assert_eq!((lost.mid, lost.error.code()), (7, 20002));
    record.expect_error(20002);
    record.expect(Event::Relogin(true, false, 0, 1));
    assert_eq!(send(&one, "once", lost.mid, PATIENCE).unwrap(), 7);
    send(&one, "next", 8, PATIENCE).unwrap();
    assert_eq!(texts.recv_timeout(PATIENCE).unwrap(), "once");
    assert_eq!(texts.recv_timeout(PATIENCE).unwrap(), "next");
}

#[test]
fn reset() {
    let gate = quick().start().unwrap();
    let (one, record) = client(&gate, 1);
    gate.faults().on("getservertime").next(1).reset();
    assert_eq!(code(&one, PATIENCE), 20002);
    let words = record.expect_error(20002);
    assert!(words.contains("reset"), "{words}");
    record.expect(Event::Relogin(true, false, 0, 1));
}

/// What cannot be sent waits in the client up to its bound; beyond, a call fails at once.
#[test]
fn stop_reading() {
    let gate = quick().ping_timeout(SOON).idle_limit(SOON).start().unwrap();
    gate.faults().on("auth").next(1).stop_reading();
    let (one, record) = client_with(options(&gate).max_queued_bytes(1 << 20), 1);
    let long = "x".repeat(20_000);
    let mut full = None;
    for _ in 0..10_000 {
        let (callback, sent) = reply::channel();
        one.send_chat(2, &*long, "", None, PATIENCE, callback);
        match sent.try_take() {
            Some(Err(error)) => full = Some(error.error.code()),
            Some(Ok(_)) => panic!("nobody read it"),
            // The callback thread has not come to it, or the bytes wait.
            None => {}
        }
        if full.is_some() {
            break;
        }
    }
    assert_eq!(full, Some(20011));
    assert_eq!(gate.connections(), 1, "not dropped for being silent");
    one.close();
    assert!(gate.wait_until(PATIENCE, |gate| gate.connections() == 0));
    drop(record);
}

/// The gate has the user there until the client gives up, and does nothing of what is called meanwhile.
#[test]
fn half_open() {
    let gate = quick().ping_timeout(SOON).idle_limit(SOON).start().unwrap();
    let (one, record) = client_with(options(&gate).max_ping_interval_seconds(1), 1);
    gate.faults().on("sendmsg").next(1).half_open();
    for text in ["done, and not answered", "lost on the way"] {
        one.send_chat(2, text, "", None, PATIENCE, |_, _| {});
    }
    assert!(gate.wait_until(PATIENCE, |gate| gate.faults().struck() == 1));
    assert_eq!(gate.counters().users, 1);
    record.expect_error(20002);
    record.expect(Event::Relogin(true, false, 0, 1));
    let stored = gate.stored(ConversationId::p2p(1, 2));
    assert_eq!(
        stored.iter().map(|message| message.msg.to_string()).collect::<Vec<_>>(),
        ["done, and not answered"]
    );
    assert!(gate.wait_until(PATIENCE, |gate| gate.connections() == 1));
}

/// Without pings the client takes the connection for lost.
#[test]
fn stop_pinging() {
    let gate = quick().start().unwrap();
    gate.faults().on("auth").next(1).stop_pinging();
    // The client asks, and whatever comes is a sign of life.
    gate.faults().on("*ping").next(1).never_answer();
    let (one, record) = client_with(options(&gate).max_ping_interval_seconds(1), 1);
    record.expect_error(20002);
    record.expect(Event::Relogin(true, false, 0, 1));
    assert_eq!(code(&one, PATIENCE), 0);
}

/// The gate, too, takes a connection for lost that does not get its pings. One that is lost is no more than that.
#[test]
fn lost_pings() {
    let gate = quick().ping_timeout(SOON).start().unwrap();
    gate.faults().on("ping").next(1).never_answer();
    let (one, record) = client(&gate, 1);
    std::thread::sleep(2 * SOON);
    assert_eq!(code(&one, PATIENCE), 0);
    gate.faults().on("ping").never_answer();
    record.expect_error(20002);
    gate.faults().clear();
    record.expect(Event::Relogin(true, false, 0, 1));
    assert_eq!(code(&one, PATIENCE), 0);
}

#[test]
fn a_chance_repeats_itself() {
    let run = |seed| {
        let gate = quick().start().unwrap();
        let (one, _) = client(&gate, 1);
        gate.faults().on("getservertime").chance(0.3, seed).error(200010);
        let codes: Vec<i32> = (0..50).map(|_| code(&one, PATIENCE)).collect();
        let refused = codes.iter().filter(|code| **code == 200010).count();
        assert_eq!(gate.faults().struck(), refused as u64);
        assert!((1..50).contains(&refused));
        codes
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn one_user_alone() {
    let gate = quick().start().unwrap();
    let ((one, _), (two, _)) = (client(&gate, 1), client(&gate, 2));
    gate.faults().on("getservertime").user(2).error(200010);
    assert_eq!((code(&one, PATIENCE), code(&two, PATIENCE)), (0, 200010));
}

/// Answers and pushes alike: of one type of message, of one conversation, the n-th.
#[test]
fn some_messages_alone() {
    let gate = Gate::builder().group(100, [1, 2]).group(101, [1, 2]).start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut two = Peer::login(&gate, 2);
    gate.faults().on("pushmsg").mtype(51).never_answer();
    gate.faults().on("pushgroupmsg").conversation(ConversationId::Group(100)).never_answer();
    gate.faults().on("pushmsg").mtype(52).nth(2).answer_twice();
    gate.faults().on("sendgroupmsg").conversation(ConversationId::Group(101)).nth(3).wrong_seq();
    let mut mid = 0;
    let mut send = |mtype: i64, gid: i64| {
        mid += 1;
        let mut message = json!({"to": 2, "mid": mid, "mtype": mtype, "msg": "x", "attrs": ""});
        if gid == 0 {
            one.get("sendmsg", message);
        } else {
            message["gid"] = json!(gid);
            let payload = pack(&to_packed(&message));
            let seq = one.send_quest("sendgroupmsg", &payload);
            let answer = one.package().unwrap();
            assert_eq!(answer[12..16] == seq.to_le_bytes(), mid != 9, "message {mid}");
        }
    };
    for (mtype, gid) in
        [(51, 0), (52, 0), (52, 0), (52, 0), (30, 100), (30, 101), (51, 101), (52, 100), (30, 101)]
    {
        send(mtype, gid);
    }
    let expected = [2, 3, 3, 4, 6, 7, 9];
    assert_eq!(expected.map(|_| two.push().1["mid"].as_i64().unwrap()), expected);
    two.no_push();
}

/// A connection at which nobody listens any more, and that the gate holds for alive until it breaks: what is sent to it
/// meanwhile counts as read, and is found by its time. The history may be shorter than that was long.
#[test]
fn a_connection_that_is_half_open() {
    let gate = Gate::builder().keep_messages(2).start().unwrap();
    let (mut one, mut two) = (Peer::login(&gate, 1), Peer::login(&gate, 2));
    let before = two.get("getservertime", json!({}))["mts"].as_i64().unwrap() - 1;
    gate.faults().on("pushmsg").user(2).next(2).never_answer();
    gate.faults().on("pushmsg").user(2).next(1).reset();
    for mid in 1..=3 {
        assert_eq!(gate.counters().users, 2, "gone before message {mid}");
        let message = json!({"to": 2, "mid": mid, "mtype": 30, "msg": "x", "attrs": ""});
        one.get("sendmsg", message);
    }
    two.wait_closed();
    assert!(gate.wait_until(PATIENCE, |gate| gate.counters().users == 1));
    let mut two = Peer::login(&gate, 2);
    let mut unread =
        |mtime: i64| two.get("getunreadconversationlist", json!({"clear": false, "mtime": mtime}));
    assert_eq!(unread(0)["p2pConversations"], json!([]));
    assert_eq!(
        (&unread(before)["p2pUnreads"], &unread(before)["p2pMsgs"][0][3]),
        (&json!([2]), &json!(3))
    );
    gate.faults().on("getp2pmsg").conversation(ConversationId::p2p(1, 2)).nth(2).error(200010);
    let page = json!({"ouid": 1, "desc": false, "num": 1, "begin": before});
    let first = two.get("getp2pmsg", page.clone());
    assert_eq!(first["msgs"][0][3], json!(2));
    let mut next = page;
    next["lastid"] = first["lastid"].clone();
    assert_eq!(two.code("getp2pmsg", next.clone()), 200010);
    assert_eq!(two.get("getp2pmsg", next)["msgs"][0][3], json!(3));
}

#[test]
fn clear() {
    let gate = quick().start().unwrap();
    let (one, record) = client(&gate, 1);
    gate.faults().on("getservertime").reorder(3);
    for number in [1, 2] {
        let put = record.call(number);
        one.get_server_time(PATIENCE, move |error, time| put(error, time.map(|_| 0)));
    }
    assert!(gate.wait_until(PATIENCE, |gate| gate.faults().struck() == 2));
    gate.faults().clear();
    record.expect_call(1, Ok(0));
    record.expect_call(2, Ok(0));
    assert_eq!(code(&one, PATIENCE), 0);
}

/// Faults strike uploads as they do calls.
#[test]
fn files() {
    let gate = quick().start().unwrap();
    let (one, _) = client(&gate, 1);
    gate.faults().on("sendfile").next(1).error(200031);
    let send = || {
        let (callback, sent) = reply::channel();
        let file = File::from_bytes("a.bin", vec![7; 100]);
        one.send_file(50, 2, file, 7, PATIENCE, callback);
        sent.wait().map_err(|error| error.error.code())
    };
    assert_eq!(send().unwrap_err(), 200031);
    assert_eq!(send().unwrap().mid, 7);
}

/// A login that is answered when its connection has gone leaves nobody behind.
#[test]
fn a_login_that_comes_too_late() {
    let gate = quick().start().unwrap();
    let later = Duration::from_secs(1);
    gate.faults().on("auth").next(1).delay(later);
    let one = RtmClient::new(options(&gate));
    let (callback, reply) = reply::login();
    one.login(1, "token", callback, later / 2);
    assert_eq!(reply.wait().map_err(|error| error.code()), Err(20003));
    let (two, _record) = client(&gate, 2);
    assert!(gate.wait_until(PATIENCE, |gate| gate.connections() == 1));
    // Held back as long as that login, and asked after it.
    gate.faults().on("getonlineusers").next(1).delay(later);
    let (callback, reply) = reply::channel();
    two.get_online_users([1, 2], PATIENCE, callback);
    assert_eq!(reply.wait().unwrap(), [2]);
}

/// A gate that can be connected to but lets nobody in is not the first to be tried at the next attempt of an outage.
#[test]
fn a_gate_that_lets_nobody_in_is_passed_over() {
    let (one, other) = (quick().start().unwrap(), quick().start().unwrap());
    let (client, _record) = client_with(options(&one).backup_endpoints([other.endpoint()]), 1);
    one.faults().on("auth").next(99).error(200010);
    one.faults().on("getservertime").next(1).close();
    assert_eq!(code(&client, PATIENCE), 20002);
    assert!(other.wait_until(PATIENCE, |other| other.connections() == 1));
}

#[test]
#[should_panic(expected = "the wire has no method sendGroupMessage")]
fn a_fault_in_packages_that_do_not_exist_is_a_mistake() {
    let gate = quick().start().expect("a gate");
    let _ = gate.faults().on("sendGroupMessage");
}
