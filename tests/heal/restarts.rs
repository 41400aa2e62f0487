//! A real gate that dies and comes back, under traffic.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rtm_client::gate::{ConversationId, Gate};
use rtm_client::types::Body;
use rtm_client::{ClientOptions, RtmClient, reply, server_push};

use super::EAGER;
use crate::common::{DEADLINE, PID, eventually};

fn start(address: &str) -> Gate {
    Gate::builder().pid(PID).listen(address).start().expect("a gate on that port")
}

/// A client that is logged in, and the end where its successful relogins arrive.
fn login(options: ClientOptions, uid: i64) -> (RtmClient, Receiver<()>) {
    let client = RtmClient::new(options);
    let (sender, relogins) = mpsc::channel();
    client.on_relogin_completed(move |successful, retry_again, _, _| {
        assert_ne!(successful, retry_again, "no attempt is the last");
        if successful {
            let _ = sender.send(());
        }
    });
    let (callback, reply) = reply::login();
    client.login(uid, "token", callback, None);
    reply.wait().expect("a login");
    (client, relogins)
}

/// A port of a gate that can be started on it again.
fn options() -> (Gate, String, ClientOptions) {
    let gate = start("127.0.0.1:0");
    let address = gate.endpoint();
    let options = ClientOptions::new(PID).endpoint(&*address).regressive_strategy(EAGER);
    (gate, address, options)
}

#[test]
fn twenty_restarts_under_traffic_lose_no_callback() {
    const ROOM: i64 = 300;
    let (mut gate, address, options) = options();
    let options = options.resume_rooms(true).queue_while_reconnecting(1 << 20, DEADLINE);
    let (sender, sender_back) = login(options.clone(), 1);
    let (receiver, receiver_back) = login(options, 2);
    for client in [&sender, &receiver] {
        let (callback, reply) = reply::channel();
        client.enter_room(ROOM, None, callback);
        reply.wait().expect("in the room");
    }
    let received = Arc::new(Mutex::new(Vec::new()));
    let list = received.clone();
    receiver.processor().on(server_push::RECV_ROOM_CHAT, move |message| {
        let number: u64 = message.msg.to_string().parse().expect("a number");
        list.lock().expect("no panic").push(number);
    });

    // One thread sends without pause; each callback says how its message ended.
    let (ended, ends) = mpsc::channel();
    let stop = Arc::new(AtomicBool::new(false));
    let traffic = std::thread::spawn({
        let (client, stop, ended) = (sender.clone(), stop.clone(), ended);
        move || {
            let mut sent = 0_u64;
            while !stop.load(Ordering::Relaxed) {
                let (ended, number) = (ended.clone(), sent);
                client.send_room_chat(
                    ROOM,
                    None,
                    &*sent.to_string(),
                    "",
                    None,
                    None,
                    move |e, _| {
                        let _ = ended.send((number, e.map(|error| error.error.code())));
                    },
                );
                sent += 1;
                std::thread::sleep(Duration::from_micros(200));
            }
            sent
        }
    });
    for _ in 0..20 {
        let before = received.lock().expect("no panic").len();
        eventually("messages", || received.lock().expect("no panic").len() > before);
        drop(gate);
        gate = start(&address);
        sender_back.recv_timeout(DEADLINE).expect("the sender is back");
        receiver_back.recv_timeout(DEADLINE).expect("the receiver is back");
    }
    let before = received.lock().expect("no panic").len();
    eventually("messages in the room", || received.lock().expect("no panic").len() > before);
    stop.store(true, Ordering::Relaxed);
    let sent = traffic.join().expect("the traffic thread");
    let mut outcomes = std::collections::BTreeMap::new();
    for _ in 0..sent {
        let (number, code) = ends.recv_timeout(DEADLINE).expect("each message ends");
        assert!(outcomes.insert(number, code).is_none(), "message {number} ended twice");
    }
    assert!(ends.try_recv().is_err());
    let otherwise = outcomes.values().flatten().find(|code| **code != 20002);
    assert_eq!(otherwise, None, "only those on their way fail");
    sender.close_and_wait(DEADLINE).expect("the threads end");
    receiver.close_and_wait(DEADLINE).expect("the threads end");
    let received = received.lock().expect("no panic");
    assert!(received.is_sorted_by(|a, b| a < b), "in order, and none twice");
}

#[test]
fn rooms_language_and_queued_messages_survive_a_restart() {
    let (gate, address, options) = options();
    let options = options.resume_rooms(true).resume_language(true);
    let (client, back) = login(options.queue_while_reconnecting(1 << 20, DEADLINE), 1);
    let (callback, reply) = reply::channel();
    client.enter_room(300, None, callback);
    reply.wait().expect("in the room");
    let (callback, reply) = reply::channel();
    client.set_translation_language("zh-CN", None, callback);
    reply.wait().expect("set");
    let (sender, lost) = mpsc::channel();
    client.on_error_recorder(move |_| {
        let _ = sender.send(());
    });
    drop(gate);
    lost.recv_timeout(DEADLINE).expect("the loss is noticed");
    let replies: Vec<_> = (0..10)
        .map(|number| {
            let (callback, reply) = reply::channel();
            client.send_chat(2, &*format!("{number}"), "", None, None, callback);
            reply
        })
        .collect();
    let gate = start(&address);
    back.recv_timeout(DEADLINE).expect("a relogin");
    let mids: Vec<_> = replies.into_iter().map(|r| r.wait().expect("sent").mid).collect();
    let stored = gate.stored(ConversationId::p2p(1, 2));
    let texts = (0..10).map(|number| Body::Text(number.to_string()));
    assert_eq!(stored.iter().map(|m| m.msg.clone()).collect::<Vec<_>>(), texts.collect::<Vec<_>>());
    assert_eq!(stored.iter().map(|m| m.mid).collect::<Vec<_>>(), mids);
    let (callback, reply) = reply::channel();
    client.get_user_rooms(None, callback);
    assert_eq!(reply.wait().expect("an answer"), [300]);

    let (sender, translated) = mpsc::channel();
    client.processor().on(server_push::RECV_CHAT, move |message| {
        let _ = sender.send(message.clone());
    });
    let (other, _) = login(ClientOptions::new(PID).endpoint(address), 2);
    other.send_chat(1, "hello", "", None, None, reply::ignore);
    let message = translated.recv_timeout(DEADLINE).expect("a push");
    assert!(matches!(message.msg, Body::Translated(_)), "{:?}", message.msg);
}
