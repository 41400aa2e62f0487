//! The tour: one function for each step.

use std::sync::mpsc::channel;
use std::time::Instant;

use rtm_client::gate::Gate;
use rtm_client::types::{Body, P2PMessage, message_type, mtype};
use rtm_client::{ClientOptions, error_code, reply, server_push};

use crate::options::Options;
use crate::transcript::Transcript;
use crate::user::{TIMEOUT, User};

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const GROUP: i64 = 300;
const ROOM: i64 = 400;
/// How many rows a page of history has here; the service gives up to 20.
const PAGE: i64 = 4;

struct Tour {
    show: Transcript,
    /// The gate, if it is ours.
    gate: Option<Gate>,
    me: User,
    token: String,
    /// The other user, if the gate is ours.
    peer: Option<User>,
    peer_uid: i64,
    /// The mids of the messages between the two that this program knows of, oldest first.
    mids: Vec<i64>,
}

type Step = fn(&mut Tour) -> Outcome;

const STEPS: [(&str, Step); 13] = [
    ("Log in", log_in),
    ("Chat with a user, both ways", p2p),
    ("Chat in a group", group),
    ("Chat in a room", room),
    ("Audio and commands", audio_and_cmd),
    ("Send again with the same mid: it arrives once", resend),
    ("A message to everybody", broadcast),
    ("History, page by page", history),
    ("Get a message, delete it", get_and_delete),
    ("Conversations and what is unread", conversations),
    ("Translated on the way", translation),
    ("Sessions", sessions),
    ("Log out", log_out),
];

pub(crate) fn run(options: Options) -> Outcome {
    let begun = Instant::now();
    let mut tour = Tour::new(options)?;
    for (title, step) in STEPS {
        tour.show.heading(title);
        step(&mut tour).map_err(|error| format!("{title}: {}", crate::in_words(&*error)))?;
    }
    let millis = begun.elapsed().as_millis();
    tour.show.heading(&format!("Everything as it should be, in {millis} ms."));
    Ok(())
}

impl Tour {
    fn new(options: Options) -> Outcome<Tour> {
        match options {
            Options::OwnGate => {
                let (ann, bob) = (101, 102);
                let gate = Gate::builder().group(GROUP, [ann, bob]).start()?;
                let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint());
                let show = Transcript::new(["Ann", "Bob", "gate"]);
                show.line(format_args!("A gate of our own at {}", gate.url()));
                show.line(format_args!("Ann is user {ann}, Bob is user {bob}"));
                Ok(Tour {
                    show,
                    gate: Some(gate),
                    me: User::new("Ann", ann, options.clone()),
                    token: "any token".to_owned(),
                    peer: Some(User::new("Bob", bob, options)),
                    peer_uid: bob,
                    mids: Vec::new(),
                })
            }
            Options::Gate(account) => {
                let options = ClientOptions::new(account.pid).endpoint(account.endpoint);
                let show = Transcript::new(["you"]);
                show.line(format_args!("The gate at {}", options.gate_url()));
                show.line(format_args!("You are {}, writing to {}", account.uid, account.to));
                Ok(Tour {
                    show,
                    gate: None,
                    me: User::new("you", account.uid, options),
                    token: account.token,
                    peer: None,
                    peer_uid: account.to,
                    mids: Vec::new(),
                })
            }
        }
    }

    /// The other user's next push, shown and compared with what was sent. Nothing if there is no other user here.
    fn peer_gets(&self, event: &str, mid: i64, text: &str) -> Outcome {
        let Some(peer) = &self.peer else { return Ok(()) };
        let push = peer.next_push(event)?;
        self.show.event(&peer.name, event, format_args!("{}: {}", push.from, push.msg));
        check(push.from == self.me.uid && push.mid == mid && push.msg == text, || {
            format!("sent {text:?} with mid {mid}, but {} got {push:?}", peer.name)
        })
    }
}

fn check(holds: bool, otherwise: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(otherwise().into()) }
}

/// The time of day of a service's timestamp, in UTC.
fn clock(mtime: i64) -> String {
    let seconds = mtime / 1000;
    let (h, m, s) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{h:02}:{m:02}:{s:02}.{:03}", mtime % 1000)
}

/// A body in a line.
fn brief(body: &Body) -> String {
    match body {
        Body::Binary(bytes) => format!("({} bytes)", bytes.len()),
        text => text.to_string(),
    }
}

fn log_in(tour: &mut Tour) -> Outcome {
    for user in [Some(&tour.me), tour.peer.as_ref()].into_iter().flatten() {
        user.login(&tour.token)?;
        tour.show.call(&user.name, "login", "ok");
    }
    Ok(())
}

fn p2p(tour: &mut Tour) -> Outcome {
    let Tour { show, me, peer_uid, .. } = &*tour;

    // The answer is sent by a handler. It holds its client weakly: held otherwise, the client would own itself.
    let listener = tour.peer.as_ref().map(|peer| {
        let weak = peer.client.downgrade();
        peer.client.processor().on(server_push::RECV_CHAT, move |message| {
            if let Some(client) = weak.upgrade() {
                client.send_chat(message.from, "hello, friend", "", None, None, reply::ignore);
            }
        })
    });

    // With a closure, as in JavaScript. It runs on the callback thread, once, with either an error or data.
    let (sender, outcome) = channel();
    me.client.send_chat(*peer_uid, "hello", "", None, TIMEOUT, move |err, data| {
        let _ = sender.send((err, data));
    });
    let (err, data) = outcome.recv()?;
    if let Some(err) = err {
        return Err(err.into());
    }
    let sent = data.ok_or("a callback without error and data")?;
    show.call(&me.name, "send_chat", "hello");
    show.more(format_args!("mid {}, at {}", sent.mid, clock(sent.payload.mtime)));
    tour.peer_gets("RECV_CHAT", sent.mid, "hello")?;
    let mut mids = vec![sent.mid];

    if let (Some(peer), Some(listener)) = (&tour.peer, listener) {
        let answer = me.next_push("RECV_CHAT")?;
        peer.client.off(listener);
        show.call(&peer.name, "send_chat", "hello, friend (from its handler)");
        show.event(&me.name, "RECV_CHAT", format_args!("{}: {}", answer.from, answer.msg));
        check(answer.from == peer.uid && answer.msg == "hello, friend", || format!("{answer:?}"))?;
        mids.push(answer.mid);
    } else {
        show.skipped("the answer takes the second user");
    }
    tour.mids.extend(mids);
    Ok(())
}

fn group(tour: &mut Tour) -> Outcome {
    let Tour { show, me, .. } = &*tour;
    if tour.gate.is_none() {
        show.skipped("no group is known that both users are in");
        return Ok(());
    }
    // Straight-line code: the channel's callback receives the result, `wait` hands it over.
    let (callback, reply) = reply::channel();
    me.client.send_group_chat(GROUP, "good morning, everyone", "", None, TIMEOUT, callback);
    let sent = reply.wait()?;
    show.call(&me.name, "send_group_chat", format_args!("group {GROUP}: good morning, everyone"));
    tour.peer_gets("RECV_GROUP_CHAT", sent.mid, "good morning, everyone")
}

fn room(tour: &mut Tour) -> Outcome {
    let Tour { show, me, .. } = &*tour;
    for user in [Some(me), tour.peer.as_ref()].into_iter().flatten() {
        let (callback, reply) = reply::channel();
        user.client.enter_room(ROOM, TIMEOUT, callback);
        reply.wait()?;
        show.call(&user.name, "enter_room", format_args!("room {ROOM}"));
    }
    // Pictures and every script arrive as they were sent.
    let text = "大家好 👋";
    let (callback, reply) = reply::channel();
    me.client.send_room_chat(ROOM, None, text, "", None, TIMEOUT, callback);
    let sent = reply.wait()?;
    show.call(&me.name, "send_room_chat", format_args!("room {ROOM}: {text}"));
    tour.peer_gets("RECV_ROOM_CHAT", sent.mid, text)
}

fn audio_and_cmd(tour: &mut Tour) -> Outcome {
    let Tour { show, me, peer_uid, .. } = &*tour;
    let audio = [0x23, 0x21, 0x41, 0x4d, 0x52, 0xff];
    let (callback, reply) = reply::channel();
    me.client.send_audio(*peer_uid, audio, r#"{"seconds":2}"#, None, TIMEOUT, callback);
    let mut mids = vec![reply.wait()?.mid];
    show.call(&me.name, "send_audio", format_args!("{} bytes, 2 seconds", audio.len()));
    if let Some(peer) = &tour.peer {
        let push = peer.next_push("RECV_AUDIO")?;
        let bytes = push.msg.as_bytes();
        let text = format!("{}: {} bytes, attrs {}", push.from, bytes.len(), push.attrs);
        show.event(&peer.name, "RECV_AUDIO", text);
        check(push.msg == Body::Binary(audio.to_vec()), || format!("the audio became {bytes:?}"))?;
    }

    let (callback, reply) = reply::channel();
    me.client.send_cmd(*peer_uid, "typing", "", None, TIMEOUT, callback);
    let sent = reply.wait()?;
    show.call(&me.name, "send_cmd", "typing");
    tour.peer_gets("RECV_CMD", sent.mid, "typing")?;
    mids.push(sent.mid);
    tour.mids.extend(mids);
    Ok(())
}

fn resend(tour: &mut Tour) -> Outcome {
    let Tour { show, me, peer_uid, .. } = &*tour;
    let mut mid = None;
    let mut times = Vec::new();
    for attempt in ["first", "again"] {
        let (callback, reply) = reply::channel();
        me.client.send_chat(*peer_uid, "did you get this?", "", mid, TIMEOUT, callback);
        let sent = reply.wait()?;
        show.call(&me.name, "send_chat", format_args!("did you get this? ({attempt})"));
        mid = Some(sent.mid);
        times.push(sent.payload.mtime);
    }
    check(times[0] == times[1], || format!("a resend has a time of its own: {times:?}"))?;

    let (callback, reply) = reply::channel();
    me.client.send_chat(*peer_uid, "and this?", "", None, TIMEOUT, callback);
    let next = reply.wait()?.mid;
    show.call(&me.name, "send_chat", "and this?");
    let resent = mid.unwrap_or_default();
    // Pushes come in order: had the resend arrived too, it would come before the next message.
    tour.peer_gets("RECV_CHAT", resent, "did you get this?")?;
    tour.peer_gets("RECV_CHAT", next, "and this?")?;
    if tour.peer.is_none() {
        show.skipped("that it arrives once only the second user can see");
    }
    tour.mids.extend([resent, next]);
    Ok(())
}

fn broadcast(tour: &mut Tour) -> Outcome {
    let Tour { show, me, .. } = &*tour;
    if let Some(gate) = &tour.gate {
        let mid = gate.broadcast(1, mtype::CHAT, "maintenance at noon", "");
        show.call("gate", "broadcast", "maintenance at noon");
        for user in [Some(me), tour.peer.as_ref()].into_iter().flatten() {
            let push = user.next_push("RECV_BROADCAST_CHAT")?;
            show.event(&user.name, "RECV_BROADCAST_CHAT", &push.msg);
            check(push.mid == mid, || format!("{push:?}"))?;
        }
    } else {
        show.skipped("only the service can send one");
    }
    let (callback, reply) = reply::channel();
    me.client.get_broadcast_chat(true, PAGE, None, None, None, TIMEOUT, callback);
    let page = reply.wait()?;
    show.call(&me.name, "get_broadcast_chat", format_args!("{} stored", page.msgs.len()));
    let expected = usize::from(tour.gate.is_some());
    check(page.msgs.len() >= expected, || format!("{page:?}"))
}

fn history(tour: &mut Tour) -> Outcome {
    let Tour { show, me, peer_uid, mids, .. } = &*tour;
    let mut rows: Vec<P2PMessage> = Vec::new();
    // `begin`, `end` and `lastid` of a page ask for the next one, everything else as before.
    let (mut begin, mut end, mut lastid) = (None, None, None);
    for number in 1..=2 {
        let (callback, reply) = reply::channel();
        me.client.get_p2p_chat(*peer_uid, true, PAGE, begin, end, lastid, TIMEOUT, callback);
        let page = reply.wait()?;
        show.call(&me.name, "get_p2p_chat", format_args!("page {number}, newest first"));
        for row in &page.msgs {
            let arrow = if row.direction == P2PMessage::SENT { "sent    " } else { "received" };
            show.more(format_args!("{}  {arrow}  {}", clock(row.mtime), brief(&row.msg)));
        }
        let last = page.num < PAGE;
        (begin, end, lastid) = (Some(page.begin), Some(page.end), Some(page.lastid));
        rows.extend(page.msgs);
        if last {
            break;
        }
    }
    let rows: Vec<i64> = rows.iter().map(|row| row.mid).collect();
    let sent: Vec<i64> = mids.iter().rev().copied().collect();
    if tour.gate.is_some() {
        check(rows == sent, || format!("the history has the mids {rows:?}, not {sent:?}"))?;
    } else {
        let newest = sent.first();
        check(newest.is_some_and(|mid| rows.contains(mid)), || format!("{newest:?}: {rows:?}"))?;
    }

    let (callback, reply) = reply::channel();
    me.client.get_room_chat(ROOM, true, PAGE, None, None, None, TIMEOUT, callback);
    let page = reply.wait()?;
    show.call(&me.name, "get_room_chat", format_args!("{} in room {ROOM}", page.msgs.len()));
    check(!page.msgs.is_empty(), || "the room has no history".to_owned())?;

    if tour.gate.is_some() {
        let (callback, reply) = reply::channel();
        me.client.get_group_chat(GROUP, true, PAGE, None, None, None, TIMEOUT, callback);
        let page = reply.wait()?;
        show.call(&me.name, "get_group_chat", format_args!("{} in group {GROUP}", page.msgs.len()));
        check(page.msgs.len() == 1, || format!("{page:?}"))?;
    }
    Ok(())
}

fn get_and_delete(tour: &mut Tour) -> Outcome {
    let Tour { show, me, peer_uid, mids, .. } = &*tour;
    let Some(&mid) = mids.last() else { return Err("no message was sent".into()) };

    let (callback, reply) = reply::channel();
    me.client.get_chat(me.uid, mid, *peer_uid, message_type::P2P, TIMEOUT, callback);
    let message = reply.wait()?;
    show.call(&me.name, "get_chat", format_args!("{} at {}", message.msg, clock(message.mtime)));
    check(message.msg == "and this?", || format!("{message:?}"))?;

    let (callback, reply) = reply::channel();
    me.client.delete_chat(me.uid, mid, *peer_uid, message_type::P2P, TIMEOUT, callback);
    reply.wait()?;
    show.call(&me.name, "delete_chat", "ok");

    let (callback, reply) = reply::channel();
    me.client.get_chat(me.uid, mid, *peer_uid, message_type::P2P, TIMEOUT, callback);
    match reply.wait() {
        Err(error) if error.code() == error_code::rtm::MESSAGE_NOT_FOUND => {
            show.call(&me.name, "get_chat", error);
            Ok(())
        }
        Err(error) => Err(error.into()),
        Ok(message) => Err(format!("deleted, and still there: {message:?}").into()),
    }
}

/// Shown from the receiver's side if there is one: that is where messages are unread.
fn conversations(tour: &mut Tour) -> Outcome {
    let Tour { show, me, .. } = &*tour;
    let user = tour.peer.as_ref().unwrap_or(me);

    let (callback, reply) = reply::channel();
    user.client.get_p2p_conversation_list(None, None, TIMEOUT, callback);
    let p2p = reply.wait()?;
    let lines = p2p.iter().map(|one| {
        let last = one.last_msg.as_ref().map_or("nothing".to_owned(), |last| brief(&last.msg));
        format!("user {}: {} unread, last {last}", one.id, one.unread)
    });
    show.list(&user.name, "get_p2p_conversation_list", lines);

    let (callback, reply) = reply::channel();
    user.client.get_group_conversation_list(None, None, TIMEOUT, callback);
    let groups = reply.wait()?;
    let lines = groups.iter().map(|one| {
        let last = one.last_msg.as_ref().map_or("nothing".to_owned(), |last| brief(&last.msg));
        format!("group {}: {} unread, last {last}", one.id, one.unread)
    });
    show.list(&user.name, "get_group_conversation_list", lines);

    if tour.peer.is_none() {
        show.skipped("what becomes unread takes the second user");
        return Ok(());
    }
    // Two chat texts, an audio and a command of the first user; what was deleted does not count.
    let unread: Vec<_> = p2p.iter().map(|one| (one.id, one.unread)).collect();
    check(unread == [(me.uid, 4)], || format!("unread: {unread:?}"))?;
    let unread: Vec<_> = groups.iter().map(|one| (one.id, one.unread)).collect();
    check(unread == [(GROUP, 1)], || format!("unread in groups: {unread:?}"))?;

    for (expected, text) in [(2, "both, and marks them as read"), (0, "none any more")] {
        let (callback, reply) = reply::channel();
        user.client.get_unread_conversation_list(true, None, None, TIMEOUT, callback);
        let unread = reply.wait()?;
        let count = unread.p2p.len() + unread.group.len();
        check(count == expected, || format!("{expected} were expected: {unread:?}"))?;
        show.call(&user.name, "get_unread_conversation_list", text);
    }
    Ok(())
}

fn translation(tour: &mut Tour) -> Outcome {
    let Tour { show, me, peer_uid, .. } = &*tour;
    let Some(peer) = &tour.peer else {
        show.skipped("the second user would read the translation");
        return Ok(());
    };
    let (callback, reply) = reply::channel();
    peer.client.set_translation_language("zh-CN", TIMEOUT, callback);
    reply.wait()?;
    show.call(&peer.name, "set_translation_language", "zh-CN");

    let text = "good morning, friend";
    let (callback, reply) = reply::channel();
    me.client.send_chat(*peer_uid, text, "", None, TIMEOUT, callback);
    reply.wait()?;
    show.call(&me.name, "send_chat", text);

    let push = peer.next_push("RECV_CHAT")?;
    match &push.msg {
        Body::Translated(translated) => {
            let (original, shown) = (&translated.source_text, &translated.target_text);
            show.event(&peer.name, "RECV_CHAT", format_args!("{shown} (in {})", translated.target));
            show.more(format_args!("{original} (in {})", translated.source));
            check(*original == text && !shown.is_empty(), || format!("{translated:?}"))
        }
        other => Err(format!("not translated: {other:?}").into()),
    }
}

fn sessions(tour: &mut Tour) -> Outcome {
    let Tour { show, me, peer_uid, .. } = &*tour;
    for listed in [true, false] {
        let (callback, reply) = reply::channel();
        me.client.get_session(TIMEOUT, callback);
        let sessions = reply.wait()?;
        let users: Vec<i64> = sessions.p2p.iter().map(|session| session.id).collect();
        let groups: Vec<i64> = sessions.group.iter().map(|session| session.id).collect();
        show.call(&me.name, "get_session", format_args!("users {users:?}, groups {groups:?}"));
        check(users.contains(peer_uid) == listed, || format!("user {peer_uid}: {sessions:?}"))?;
        if listed {
            let (callback, reply) = reply::channel();
            me.client.remove_session(*peer_uid, TIMEOUT, callback);
            reply.wait()?;
            show.call(&me.name, "remove_session", format_args!("user {peer_uid}"));
        }
    }
    Ok(())
}

fn log_out(tour: &mut Tour) -> Outcome {
    for user in [Some(&tour.me), tour.peer.as_ref()].into_iter().flatten() {
        user.client.bye();
        let code = user.wait_closed()?;
        tour.show.call(&user.name, "bye", format_args!("session closed, code {code}"));
        check(code == 0, || format!("closed with code {code}"))?;
        user.client.close_and_wait(TIMEOUT)?;
    }
    Ok(())
}
