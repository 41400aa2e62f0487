//! Messages that were missed while the connection was lost come to the same handlers, or are told as missing.

mod endings;
mod losses;
mod walks;

use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use rtm_client::gate::{Gate, GateBuilder};
use rtm_client::types::{Gap, GapConversation, PushMessage};
use rtm_client::{
    Callbacks, CatchUp, ClientOptions, LoginToken, RtmClient, TokenSlot, reply, server_push,
};

use super::EAGER;
use crate::common::{DEADLINE, eventually};

const ME: i64 = 1;
const OTHER: i64 = 2;
const GROUP: i64 = 100;
const ROOM: i64 = 300;

const CONVERSATIONS: [GapConversation; 3] =
    [GapConversation::P2p(OTHER), GapConversation::Group(GROUP), GapConversation::Room(ROOM)];

/// The mid of what is sent last in each conversation.
const LAST: i64 = 1000;

/// The calls that read a history.
const HISTORIES: [&str; 4] = ["getp2pmsg", "getgroupmsg", "getroommsg", "getbroadcastmsg"];

/// What the client is told: messages by their mids, which count up in each conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Heard {
    Message { of: GapConversation, mid: i64, caught_up: bool, mtime: i64 },
    Gap(Gap),
    Closed,
}

/// A gate, user 1, who catches up and whose next relogin waits for the test, and user 2, who writes.
struct Scene {
    gate: Gate,
    client: RtmClient,
    other: RtmClient,
    heard: Receiver<Heard>,
    relogins: Receiver<TokenSlot>,
}

fn gate() -> GateBuilder {
    Gate::builder().group(GROUP, [ME, OTHER])
}

fn options(gate: &Gate) -> ClientOptions {
    ClientOptions::new(gate.pid()).endpoint(gate.endpoint())
}

fn catching_up(gate: &Gate) -> ClientOptions {
    options(gate).regressive_strategy(EAGER).resume_rooms(true).catch_up(CatchUp::new())
}

fn of(message: &PushMessage) -> GapConversation {
    match message {
        PushMessage { gid: 0, rid: 0, to: 0, .. } => GapConversation::Broadcast,
        PushMessage { gid: 0, rid: 0, from, .. } => GapConversation::P2p(*from),
        PushMessage { rid: 0, gid, .. } => GapConversation::Group(*gid),
        PushMessage { rid, .. } => GapConversation::Room(*rid),
    }
}

/// Handlers for chat, gaps and the end.
fn listen(client: &RtmClient) -> Receiver<Heard> {
    let (sender, heard) = mpsc::channel();
    for event in [
        server_push::RECV_CHAT,
        server_push::RECV_GROUP_CHAT,
        server_push::RECV_ROOM_CHAT,
        server_push::RECV_BROADCAST_CHAT,
    ] {
        let sender = sender.clone();
        client.processor().on(event, move |message| {
            let &PushMessage { mid, caught_up, mtime, .. } = message;
            let _ = sender.send(Heard::Message { of: of(message), mid, caught_up, mtime });
        });
    }
    let gaps = sender.clone();
    client.on_gap(move |gap| drop(gaps.send(Heard::Gap(gap.clone()))));
    client.on_session_closed(move |_| drop(sender.send(Heard::Closed)));
    heard
}

fn login(client: &RtmClient, uid: i64) {
    let (callback, login) = reply::login();
    client.login(uid, "token", callback, DEADLINE);
    login.wait().expect("a login");
    let (callback, entered) = reply::channel();
    client.enter_room(ROOM, None, callback);
    entered.wait().expect("in the room");
}

/// Returns when the service's clock has gone on since the login: what is sent from then on is newer.
fn pass_the_floor(client: &RtmClient) {
    let time = || {
        let (callback, reply) = reply::channel();
        client.get_server_time(None, callback);
        reply.wait().expect("the time")
    };
    let floor = time();
    eventually("a millisecond", || time() > floor);
}

/// Sends the message of that mid there and waits until the gate has it.
fn send(client: &RtmClient, to: GapConversation, mid: i64) {
    let (callback, reply) = reply::channel();
    match to {
        GapConversation::P2p(_) => client.send_chat(ME, "hello", "", mid, None, callback),
        GapConversation::Group(gid) => {
            client.send_group_chat(gid, "hello", "", mid, None, callback)
        }
        GapConversation::Room(rid) => {
            client.send_room_chat(rid, None, "hello", "", mid, None, callback);
        }
        _ => panic!("the gate broadcasts"),
    }
    reply.wait().expect("sent");
}

impl Scene {
    fn new(gate: GateBuilder) -> Scene {
        Scene::with(gate, |options| options)
    }

    fn with(gate: GateBuilder, change: impl FnOnce(ClientOptions) -> ClientOptions) -> Scene {
        let gate = gate.start().expect("a gate");
        let client = RtmClient::new(change(catching_up(&gate)));
        let heard = listen(&client);
        let (sender, relogins) = mpsc::channel();
        client.on_token_wanted(move |wanted| {
            drop(sender.send(wanted.later()));
            None::<LoginToken>
        });
        let other = RtmClient::new(options(&gate));
        login(&other, OTHER);
        login(&client, ME);
        pass_the_floor(&client);
        Scene { gate, client, other, heard, relogins }
    }

    /// Loses the connection. The relogin waits for the slot.
    fn lose(&self) -> TokenSlot {
        self.gate.faults().on("getservertime").user(ME).next(1).close();
        self.client.get_server_time(None, reply::ignore);
        self.relogins.recv_timeout(DEADLINE).expect("a relogin")
    }

    fn send(&self, to: GapConversation, mids: impl IntoIterator<Item = i64>) {
        mids.into_iter().for_each(|mid| send(&self.other, to, mid));
    }

    #[track_caller]
    fn next(&self) -> Heard {
        self.heard.recv_timeout(DEADLINE).expect("the client tells nothing")
    }

    /// The messages of these mids come next, whichever way; returns their times.
    #[track_caller]
    fn expect(&self, of: GapConversation, mids: impl IntoIterator<Item = i64>) -> Vec<i64> {
        let next = |mid| match self.next() {
            Heard::Message { of: place, mid: came, mtime, .. } if (place, came) == (of, mid) => {
                mtime
            }
            other => panic!("in place of {mid} of {of:?}: {other:?}"),
        };
        mids.into_iter().map(next).collect()
    }

    /// Comes next: whether it was caught up with.
    #[track_caller]
    fn expect_one(&self, of: GapConversation, mid: i64, caught_up: bool) {
        match self.next() {
            Heard::Message { of: place, mid: came, caught_up: how, .. } => {
                assert_eq!((place, came, how), (of, mid, caught_up));
            }
            other => panic!("in place of {mid} of {of:?}: {other:?}"),
        }
    }

    #[track_caller]
    fn expect_gap(&self, of: GapConversation) -> Gap {
        match self.next() {
            Heard::Gap(gap) if gap.conversation == of => gap,
            other => panic!("in place of a gap in {of:?}: {other:?}"),
        }
    }

    /// Closes, when nothing is caught up with any more; nothing was told that the test has not seen.
    #[track_caller]
    fn nothing_more(self) {
        self.gate.faults().clear();
        self.client.wait_online(DEADLINE).expect("online");
        let (callback, reply) = reply::channel();
        self.client.get_user_rooms(None, callback);
        let inside = !reply.wait().expect("the rooms").is_empty();
        // These come when their conversations are no longer behind.
        let mut last = vec![(GapConversation::Broadcast, self.gate.broadcast(99, 30, "last", ""))];
        for of in CONVERSATIONS.into_iter().take(if inside { 3 } else { 2 }) {
            self.send(of, [LAST]);
            last.push((of, LAST));
        }
        while !last.is_empty() {
            match self.next() {
                Heard::Message { of, mid, .. } if last.contains(&(of, mid)) => {
                    last.retain(|one| *one != (of, mid));
                }
                other => panic!("before {last:?}: {other:?}"),
            }
        }
        self.client.close_and_wait(DEADLINE).expect("the threads end");
        assert_eq!(self.heard.try_iter().collect::<Vec<_>>(), [Heard::Closed]);
    }
}
