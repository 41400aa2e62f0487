//! Users whose connections are lost in every way, who send again what was on its way and catch up with what they missed: in
//! P2P, a group and a room. Nothing is lost between them that no gap tells.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use rtm_client::gate::{ConversationId, Gate, StoredMessage};
use rtm_client::types::{Gap, GapConversation, PushMessage, SendReply};
use rtm_client::{CatchUp, ClientOptions, RtmClient, SendError, reply, server_push};

use super::{Dice, eventually};

pub(crate) const HEALERS: Range<i64> = 201..206;
pub(crate) const GROUP: i64 = 500;
const ROOM: i64 = 600;

/// How many kinds of harm [`disturb`] knows.
pub(crate) const KINDS: u64 = 14;

/// Losses, and what makes them worse. No push is lost or late on a connection that lasts: such a service is not to be healed.
pub(crate) fn disturb(gate: &Gate, kind: u64, uid: i64, times: u64) {
    let on = |method: &str| gate.faults().on(method).user(uid);
    match kind {
        0 => on("sendmsg").next(1).close(),
        1 => on("sendgroupmsg").next(1).reset(),
        2 => on("sendroommsg").next(1).half_open(),
        3 => on("pushmsg").next(1).close(),
        4 => on("pushgroupmsg").next(1).reset(),
        5 => on("pushroommsg").next(1).half_open(),
        6 => on("getunreadconversationlist").next(1).close(),
        7 => on("getgroupmsg").next(1).reset(),
        8 => on("getp2pmsg").next(times).delay(Duration::from_millis(30)),
        9 => on("getroommsg").next(1).error(200010),
        10 => on("enterroom").next(1).close(),
        11 => on("getbroadcastmsg").next(1).half_open(),
        12 => on("sendgroupmsg").next(times).answer_late(Duration::from_millis(300)),
        _ => on("pushgroupmsg").next(times).answer_twice(),
    }
}

pub(crate) struct Healer {
    uid: i64,
    pub(crate) client: RtmClient,
    told: Arc<Mutex<Told>>,
}

/// What a client was told.
#[derive(Default)]
struct Told {
    /// The messages of each conversation: sender and mid, in order.
    messages: HashMap<GapConversation, Vec<(i64, i64)>>,
    gaps: Vec<Gap>,
}

/// How the sends of a user have ended.
#[derive(Default)]
struct Ends {
    ended: AtomicUsize,
    succeeded: Mutex<Vec<i64>>,
}

impl Healer {
    /// A user who is there, in the room, with nothing more to be asked before a loss.
    pub(crate) fn login(options: ClientOptions, uid: i64) -> Healer {
        let options = options
            .max_ping_interval_seconds(1)
            .queue_while_reconnecting(16 << 20, Duration::from_secs(600))
            .resend_in_flight(true)
            .resume_rooms(true)
            .catch_up(CatchUp::new().max_messages(usize::MAX));
        let client = super::login(options, uid);
        let told = Arc::<Mutex<Told>>::default();
        for event in
            [server_push::RECV_CHAT, server_push::RECV_GROUP_CHAT, server_push::RECV_ROOM_CHAT]
        {
            let told = told.clone();
            client.processor().on(event, move |message| {
                let mut told = told.lock().expect("nobody panics with it");
                let key = (message.from, message.mid);
                told.messages.entry(conversation(message)).or_default().push(key);
            });
        }
        let gaps = told.clone();
        client.on_gap(move |gap| {
            gaps.lock().expect("nobody panics with it").gaps.push(gap.clone());
        });
        let (callback, entered) = reply::channel();
        client.enter_room(ROOM, None, callback);
        entered.wait().expect("in the room");
        // By the service's clock later than the entering: what is sent from now on is not to be missed.
        let time = || {
            let (callback, reply) = reply::channel();
            client.get_server_time(None, callback);
            reply.wait().expect("the time")
        };
        let entered = time();
        eventually("a millisecond", || time() > entered);
        Healer { uid, client, told }
    }

    /// Sends until it is time, and waits for the end of each send. Returns the mids of those that succeeded.
    pub(crate) fn send(&self, seed: u64, until: Instant) -> Vec<i64> {
        let mut dice = Dice(seed ^ self.uid as u64);
        let ends = Arc::new(Ends::default());
        let mut made = 0;
        let others = (HEALERS.end - HEALERS.start - 1) as u64;
        while Instant::now() < until {
            made += 1;
            let mid = self.uid * 1_000_000_000 + made as i64;
            let ended = ends.clone();
            let callback = move |error: Option<SendError>, _: Option<SendReply>| {
                if error.is_none() {
                    ended.succeeded.lock().expect("nobody panics with it").push(mid);
                }
                ended.ended.fetch_add(1, Ordering::SeqCst);
            };
            let timeout = Duration::from_secs(60);
            match dice.below(3) {
                0 => {
                    let other = HEALERS.start + dice.below(others) as i64;
                    let to = other + i64::from(other >= self.uid);
                    self.client.send_chat(to, "heal", "", mid, timeout, callback);
                }
                1 => self.client.send_group_chat(GROUP, "heal", "", mid, timeout, callback),
                _ => self.client.send_room_chat(ROOM, None, "heal", "", mid, timeout, callback),
            }
            thread::sleep(Duration::from_millis(dice.below(100)));
        }
        let all_ended = || ends.ended.load(Ordering::SeqCst) == made;
        assert!(super::holds_within(Duration::from_secs(60), all_ended), "a send has no end");
        let succeeded = ends.succeeded.lock().expect("nobody panics with it");
        succeeded.clone()
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().expect("nobody panics with it")
    }

    /// What others have sent to this user, by conversation.
    fn sent(&self, gate: &Gate) -> Vec<(GapConversation, Vec<StoredMessage>)> {
        let peers = HEALERS.filter(|&peer| peer != self.uid);
        let p2p =
            peers.map(|peer| (GapConversation::P2p(peer), ConversationId::p2p(self.uid, peer)));
        let group = (GapConversation::Group(GROUP), ConversationId::Group(GROUP));
        let room = (GapConversation::Room(ROOM), ConversationId::Room(ROOM));
        let all = p2p.chain([group, room]);
        all.map(|(of, id)| {
            let others = gate.stored(id).into_iter().filter(|message| message.from != self.uid);
            (of, others.collect())
        })
        .collect()
    }

    /// What is neither there nor within a gap.
    fn lacks(&self, gate: &Gate) -> Vec<(GapConversation, i64)> {
        let sent = self.sent(gate);
        let told = self.told();
        let covered = |of: GapConversation, message: &StoredMessage| {
            told.gaps.iter().any(|gap| {
                [of, GapConversation::Unknown].contains(&gap.conversation)
                    && (gap.since..=gap.until).contains(&message.mtime)
            })
        };
        let nothing = Vec::new();
        let mut lacking = Vec::new();
        for (of, messages) in sent {
            let came = told.messages.get(&of).unwrap_or(&nothing);
            let came: HashSet<_> = came.iter().collect();
            let lacks = messages.iter().filter(|m| !came.contains(&(m.from, m.mid)));
            lacking.extend(lacks.filter(|m| !covered(of, m)).map(|m| (of, m.mid)));
        }
        lacking
    }
}

fn conversation(message: &PushMessage) -> GapConversation {
    match message {
        PushMessage { gid: 0, rid: 0, from, .. } => GapConversation::P2p(*from),
        PushMessage { rid: 0, gid, .. } => GapConversation::Group(*gid),
        PushMessage { rid, .. } => GapConversation::Room(*rid),
    }
}

/// Once the faults are gone: all is there that no gap tells, once and in order; and what succeeded is stored once.
pub(crate) fn check(gate: &Gate, healers: &[Healer], succeeded: &[i64]) {
    for healer in healers {
        let complete = || healer.lacks(gate).is_empty();
        assert!(
            super::holds_within(Duration::from_secs(30), complete),
            "user {} lacks {:?}, gaps {:?}",
            healer.uid,
            healer.lacks(gate),
            healer.told().gaps
        );
    }
    let mut stored: HashMap<i64, u32> = HashMap::new();
    for healer in healers {
        for (of, messages) in healer.sent(gate) {
            let keys: Vec<_> = messages.iter().map(|message| (message.from, message.mid)).collect();
            let told = healer.told();
            let came = told.messages.get(&of).cloned().unwrap_or_default();
            let mut left = keys.iter();
            let in_order = came.iter().all(|message| left.any(|sent| sent == message));
            assert!(in_order, "user {} was told twice or out of order in {of:?}", healer.uid);
        }
    }
    let own = |from: i64| HEALERS.filter(move |&to| to > from).map(move |to| (from, to));
    let p2p = HEALERS.flat_map(own).map(|(from, to)| ConversationId::p2p(from, to));
    for id in p2p.chain([ConversationId::Group(GROUP), ConversationId::Room(ROOM)]) {
        for message in gate.stored(id) {
            *stored.entry(message.mid).or_default() += 1;
        }
    }
    assert!(stored.values().all(|times| *times == 1), "a message was stored twice");
    for mid in succeeded {
        assert!(stored.contains_key(mid), "{mid} was acknowledged and is not there");
    }
    let gaps: Vec<_> = healers.iter().flat_map(|healer| healer.told().gaps.clone()).collect();
    let reconnects: u64 = healers.iter().map(|healer| healer.client.stats().reconnects).sum();
    println!(
        "{} messages of those who heal, {} acknowledged, {reconnects} reconnects, {} gaps",
        stored.len(),
        succeeded.len(),
        gaps.len()
    );
    // Nothing is forgotten, and no question fails for good; but a page of the room may be refused more often than it is repeated.
    let of_room = |gap: &Gap| gap.conversation == GapConversation::Room(ROOM);
    assert!(gaps.iter().all(of_room), "{gaps:?}");
}
