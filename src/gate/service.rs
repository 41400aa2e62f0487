//! The service: who is logged in where, the answers to quests, and the receivers of pushes. No sockets.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use foldhash::{HashMap, HashMapExt};
use log::Level;

use super::access::Access;
use super::builder::Config;
use super::call::{Call, Refusal, refusal};
use super::counters::Counters;
use super::disturb::{Fate, Waiting};
use super::doors::Doors;
use super::files::Files;
use super::methods;
use super::peers::{Answer, ConnId, Door, Peer, Peers, Session};
use super::saved::Saved;
use super::store::{ConversationId, Draft, Store};
use super::{tell, write};
use crate::error_code::{fpnn, rtm};
use crate::types::mtype;
use crate::wire::package::{Encoding, Kind, Package};
use crate::wire::payload::{self, Fields, MapWriter, raw, write_map};

/// How often messages that are too old are looked for, in milliseconds.
const SWEEP: i64 = 1000;
/// Reading from a connection pauses while more than this waits to be written to it.
const FULL: usize = 1024 * 1024;
/// How long a client that was kicked out may take to close its connection.
const KICKED_STAY: Duration = Duration::from_secs(1);

pub(super) struct Service {
    pub(super) config: Config,
    pub(super) store: Store,
    pub(super) peers: Peers,
    pub(super) files: Files,
    pub(super) access: Access,
    /// Where it listens, each with its name.
    pub(super) doors: Vec<(&'static str, SocketAddr)>,
    /// The connections of every user who is logged in.
    pub(super) online: HashMap<i64, Vec<ConnId>>,
    /// The connections in every room that has any.
    pub(super) rooms: HashMap<i64, BTreeSet<ConnId>>,
    /// What is counted; who is there now is not, see [`counters`](Service::counters).
    pub(super) counted: Counters,
    /// Whether something happened that a waiting test may care for.
    pub(super) changed: bool,
    now: i64,
    /// When messages that are too old were looked for last.
    swept: i64,
    last_mid: i64,
    /// Where answers, push payloads and lists of receivers are made; kept for their capacity.
    answer: Vec<u8>,
    push: Vec<u8>,
    receivers: Vec<ConnId>,
}

/// Where a message goes, and the push that takes it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    User(i64),
    Group(i64),
    Room(i64),
    Everybody,
}

impl Service {
    pub(super) fn new(mut config: Config, doors: &Doors) -> io::Result<Service> {
        let mut store = Store::new(config.limits.kept);
        for seed in std::mem::take(&mut config.seeds) {
            Saved::parse(&seed)?.restore(&mut store, clock())?;
        }
        for (&gid, uids) in &config.groups {
            store.add_members(gid, uids);
        }
        Ok(Service {
            access: Access::new(&config, doors.ports()),
            files: Files::new(doors.file, &config.limits),
            doors: doors.addresses(),
            config,
            store,
            peers: Peers::new(),
            online: HashMap::new(),
            rooms: HashMap::new(),
            counted: Counters::default(),
            changed: false,
            now: 0,
            swept: 0,
            last_mid: 0,
            answer: Vec::new(),
            push: Vec::new(),
            receivers: Vec::new(),
        })
    }

    /// Reads the clock: once a turn of the loop, never backwards.
    pub(super) fn tick(&mut self) {
        self.now = self.now.max(clock());
        if self.now - self.swept >= SWEEP {
            self.swept = self.now;
            self.store.forget_old(self.now);
            self.files.forget_old(self.now);
        }
    }

    pub(super) fn counters(&self) -> Counters {
        let there = |peer: &&Peer| peer.open && !peer.ending && peer.door != Door::File;
        Counters {
            connections: self.peers.iter().filter(there).count() as u64,
            users: self.online.len() as u64,
            faults: self.peers.faults.struck(),
            ..self.counted
        }
    }

    pub(super) fn now(&self) -> i64 {
        self.now
    }

    /// A mid for a message of the gate's own.
    pub(super) fn new_mid(&mut self) -> i64 {
        self.last_mid = (self.now * 1000).max(self.last_mid + 1);
        self.last_mid
    }

    pub(super) fn opened(&mut self, conn: ConnId) {
        self.changed = true;
        if let Some(peer) = self.peers.get_mut(conn) {
            peer.open = true;
        }
    }

    /// Whether to read no more from a connection until it has taken what waits for it.
    pub(super) fn is_full(&self, conn: ConnId) -> bool {
        self.peers.get(conn).is_some_and(|peer| peer.deaf || peer.pending() > FULL)
    }

    /// Whether a fault has stopped reading from the connection for good.
    pub(super) fn is_deaf(&self, conn: ConnId) -> bool {
        self.peers.get(conn).is_some_and(|peer| peer.deaf)
    }

    /// The connection is gone.
    pub(super) fn closed(&mut self, conn: ConnId) {
        self.changed = true;
        self.log_out(conn);
        self.peers.remove(conn);
    }

    pub(super) fn log_in(&mut self, conn: ConnId, session: Session, encoding: Encoding) {
        let uid = session.uid;
        if !self.config.multi_login {
            self.kick(uid);
        }
        self.peers.start_session(conn, session, encoding);
        self.online.entry(uid).or_default().push(conn);
        self.store.user(uid);
        tell(Level::Debug, format_args!("user {uid} is logged in"));
    }

    /// Sends something to every connection of the user. Returns how many these are.
    pub(super) fn push_to(&mut self, uid: i64, method: &str, payload: &[u8]) -> usize {
        let conns = self.online.get(&uid).cloned().unwrap_or_default();
        for &conn in &conns {
            match method {
                "kickout" | "kickoutroom" => self.peers.notify(conn, method, payload),
                _ => self.peers.push(conn, method, payload),
            }
        }
        self.counted.pushes += conns.len() as u64;
        conns.len()
    }

    /// Ends the login on that connection, and with it what lasts no longer.
    pub(super) fn log_out(&mut self, conn: ConnId) {
        let Some(session) = self.peers.get_mut(conn).and_then(|peer| peer.session.take()) else {
            return;
        };
        for rid in session.rooms {
            self.forget_in_room(conn, rid);
        }
        if let Some(conns) = self.online.get_mut(&session.uid) {
            conns.retain(|&other| other != conn);
            if conns.is_empty() {
                self.online.remove(&session.uid);
                self.store.user(session.uid).logout = self.now;
                self.store.mark_read(session.uid);
            }
        }
    }

    /// Sends a message to everybody and stores it.
    pub(super) fn broadcast(&mut self, draft: &Draft<'_>) {
        self.store.post(ConversationId::Broadcast, draft, self.now);
        self.counted.messages += 1;
        self.deliver(Target::Everybody, draft, self.now);
    }

    /// Tells every connection of the user that it is kicked out, and logs it out. Returns how many these are.
    pub(super) fn kick(&mut self, uid: i64) -> usize {
        let conns = self.online.get(&uid).cloned().unwrap_or_default();
        for &conn in &conns {
            self.kick_connection(conn);
        }
        conns.len()
    }

    /// Closing is left to the client, for a while: one that handles packages on a timer would see a close of the gate first,
    /// take the connection for lost and log in again.
    pub(super) fn kick_connection(&mut self, conn: ConnId) {
        self.peers.notify(conn, "kickout", &[0x80]);
        self.log_out(conn);
        if let Some(peer) = self.peers.get_mut(conn) {
            peer.kicked = true;
        }
        self.peers.later.push(KICKED_STAY, conn, Waiting::End);
    }

    /// Tells every connection of the user that was in the room that it no longer is. Returns how many these are.
    pub(super) fn kick_from_room(&mut self, uid: i64, rid: i64) -> usize {
        let mut payload = Vec::new();
        write_map(&mut payload, |map| map.int("rid", rid));
        let mut conns = self.online.get(&uid).cloned().unwrap_or_default();
        conns.retain(|&conn| self.leave_room(conn, rid));
        for &conn in &conns {
            self.peers.notify(conn, "kickoutroom", &payload);
        }
        conns.len()
    }

    pub(super) fn enter_room(&mut self, conn: ConnId, rid: i64) {
        if let Some(session) = self.peers.session_mut(conn) {
            if !session.rooms.contains(&rid) {
                session.rooms.push(rid);
                self.rooms.entry(rid).or_default().insert(conn);
            }
        }
    }

    /// Whether the connection was inside.
    pub(super) fn leave_room(&mut self, conn: ConnId, rid: i64) -> bool {
        let Some(session) = self.peers.session_mut(conn) else {
            return false;
        };
        let before = session.rooms.len();
        session.rooms.retain(|&other| other != rid);
        let left = session.rooms.len() < before;
        if left {
            self.forget_in_room(conn, rid);
        }
        left
    }

    fn forget_in_room(&mut self, conn: ConnId, rid: i64) {
        if let Some(conns) = self.rooms.get_mut(&rid) {
            conns.remove(&conn);
            if conns.is_empty() {
                self.rooms.remove(&rid);
            }
        }
    }

    pub(super) fn is_online(&self, uid: i64) -> bool {
        self.online.contains_key(&uid)
    }

    /// The rooms the user is in, on any connection.
    pub(super) fn rooms_of(&self, uid: i64) -> BTreeSet<i64> {
        let conns = self.online.get(&uid).into_iter().flatten();
        let sessions = conns.filter_map(|&conn| self.peers.session(conn));
        sessions.flat_map(|session| session.rooms.iter().copied()).collect()
    }

    pub(super) fn is_in_room(&self, conn: ConnId, rid: i64) -> bool {
        self.peers.session(conn).is_some_and(|session| session.rooms.contains(&rid))
    }

    /// Takes one package in. `false` if it cannot be read, which ends the connection.
    pub(super) fn package(&mut self, conn: ConnId, package: &Package<'_>) -> bool {
        self.changed = true;
        let (seq, method) = match package.kind {
            Kind::Answer { seq, .. } => {
                self.peers.answered(conn, seq);
                return true;
            }
            Kind::OneWay { method } => (None, method),
            Kind::Quest { seq, method } => (Some(seq), method),
        };
        match self.peers.fate(conn, package, seq, method) {
            Fate::AsUsual => self.quest(conn, package, seq, method, None),
            Fate::Refuse(code) => self.quest(conn, package, seq, method, Some(code)),
            Fate::Later => true,
        }
    }

    /// Does what was put off until now, and says when the next is due.
    pub(super) fn do_later(&mut self, now: Instant) -> Option<Instant> {
        while let Some((conn, waiting)) = self.peers.later.pop(now) {
            match waiting {
                Waiting::Package(bytes) => self.peers.message(conn, &bytes),
                Waiting::End => self.peers.end(conn),
                // Its connection is gone.
                Waiting::Quest(_) if self.peers.get(conn).is_none() => {}
                Waiting::Quest(quest) => {
                    let package = quest.package();
                    let (Kind::Quest { method, .. } | Kind::OneWay { method }) = package.kind
                    else {
                        continue;
                    };
                    let seq = quest.seq();
                    if !self.quest(conn, &package, seq, method, None) {
                        self.peers.end(conn);
                    }
                }
            }
        }
        self.peers.later.due()
    }

    pub(super) fn clear_faults(&mut self) {
        self.peers.clear_faults();
    }

    /// Does what a quest asks and answers it, or refuses it with that code. `false` if it cannot be read.
    fn quest(
        &mut self,
        conn: ConnId,
        package: &Package<'_>,
        seq: Option<u32>,
        method: &[u8],
        refused: Option<i32>,
    ) -> bool {
        self.counted.calls += 1;
        // Before the call, which may log out.
        let about = self.peers.about_quest(conn, method, package);
        let mut answer = std::mem::take(&mut self.answer);
        answer.clear();
        let outcome = payload::with_fields(package.encoding, package.payload, |fields| {
            if let Some(code) = refused {
                return Err(refusal(code, "a fault set by the test"));
            }
            let mut done = Ok(());
            write_map(&mut answer, |map| {
                done = self.call(conn, method, package.encoding, fields, map);
            });
            done
        });
        let status = match &outcome {
            Ok(Ok(())) => 0,
            Ok(Err(refused)) => {
                tell(
                    Level::Debug,
                    format_args!(
                        "user {}: {} refused with {}: {}",
                        self.peers.uid(conn),
                        String::from_utf8_lossy(method).escape_debug(),
                        refused.code,
                        refused.ex.escape_debug()
                    ),
                );
                self.counted.refused += 1;
                answer.clear();
                write_map(&mut answer, |map| {
                    map.int("code", i64::from(refused.code));
                    map.text("ex", &refused.ex);
                });
                1
            }
            Err(unreadable) => {
                tell(Level::Debug, format_args!("connection dropped: a payload that {unreadable}"));
                self.answer = answer;
                return false;
            }
        };
        if let Some(seq) = seq {
            let &Package { version, encoding, .. } = package;
            let head = Answer { version, encoding, seq, status, method, about };
            self.peers.answer(conn, &head, &answer);
        }
        self.answer = answer;
        !method.is_empty()
    }

    fn call(
        &mut self,
        conn: ConnId,
        method: &[u8],
        encoding: Encoding,
        fields: &Fields<'_>,
        answer: &mut MapWriter<'_>,
    ) -> Result<(), Refusal> {
        if fields.entries.iter().any(|(key, _)| raw(key).is_none()) {
            return Err(refusal(fpnn::PROTO_STRING_KEY, "a key is not a text"));
        }
        let Some(peer) = self.peers.get(conn) else {
            return Ok(());
        };
        if peer.kicked {
            return Err(refusal(rtm::UNAUTHORIZED, "kicked out, the connection is about to end"));
        }
        let call = Call {
            conn,
            door: peer.door,
            local: peer.local,
            uid: peer.session.as_ref().map_or(0, |session| session.uid),
            now: self.now,
            encoding,
            fields,
            double: Cell::new(None),
        };
        let done = methods::find(method, &call)?(self, &call, answer);
        if let Some(key) = call.double.get() {
            self.peers.warn_of_double(conn, method, key);
        }
        done
    }

    /// Brings a message to everybody it is for, each in the form the connection wants it in.
    pub(super) fn deliver(&mut self, target: Target, draft: &Draft<'_>, mtime: i64) {
        let mut receivers = std::mem::take(&mut self.receivers);
        receivers.clear();
        self.receivers_of(target, draft.from, &mut receivers);
        let mut payload = std::mem::take(&mut self.push);
        let mut written_for = None;
        for &conn in &receivers {
            let lang = match draft.mtype {
                mtype::CHAT => self.peers.session(conn).and_then(|session| session.lang),
                _ => None,
            };
            if written_for != Some(lang) {
                payload.clear();
                write_map(&mut payload, |map| write::push(map, target, draft, lang, mtime));
                written_for = Some(lang);
            }
            self.peers.push(conn, target.method(), &payload);
        }
        self.counted.pushes += receivers.len() as u64;
        self.push = payload;
        self.receivers = receivers;
    }

    fn receivers_of(&self, target: Target, from: i64, receivers: &mut Vec<ConnId>) {
        let connections = |uid: &i64| self.online.get(uid).into_iter().flatten().copied();
        match target {
            Target::User(uid) => receivers.extend(connections(&uid)),
            Target::Group(gid) => {
                let members = self.store.groups.get(&gid).map(|group| &group.members);
                let others = members.into_iter().flatten().filter(|&&uid| uid != from);
                receivers.extend(others.flat_map(connections));
            }
            Target::Room(rid) => {
                let inside = self.rooms.get(&rid).into_iter().flatten().copied();
                receivers.extend(inside.filter(|&conn| {
                    self.peers.session(conn).is_some_and(|session| session.uid != from)
                }));
            }
            Target::Everybody => receivers.extend(self.online.values().flatten().copied()),
        }
    }

    /// Sends pings and finds out who does not answer: `false` if the connection is to be dropped. Whatever came by
    /// `last_read` is as good as an answer.
    pub(super) fn check(&mut self, conn: ConnId, now: Instant, last_read: Instant) -> bool {
        let Some(peer) = self.peers.get_mut(conn) else {
            return false;
        };
        peer.shrink();
        let full = peer.pending() > FULL;
        match peer.ping.as_mut() {
            Some(ping) if now >= ping.sent + self.config.ping_timeout => {
                if peer.deaf || last_read > ping.sent {
                    // Its answer is never read, or something else was: the pings go on.
                    peer.ping = None;
                } else if full {
                    // While reading pauses, the answer may be there unread: silence and the write limit judge then.
                    ping.sent = now;
                } else {
                    return false;
                }
            }
            _ => {}
        }
        if now >= peer.last_ping + self.config.ping_interval {
            peer.last_ping = now;
            if peer.open && !peer.unpinged {
                self.peers.ping(conn, now);
            }
        }
        true
    }

    /// When [`check`](Service::check) is due next.
    pub(super) fn check_due(&self, conn: ConnId) -> Option<Instant> {
        let peer = self.peers.get(conn)?;
        let next = peer.last_ping + self.config.ping_interval;
        Some(peer.ping.map_or(next, |ping| next.min(ping.sent + self.config.ping_timeout)))
    }
}

fn clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Target {
    /// The conversation a message from `uid` belongs to.
    pub(super) fn conversation(self, uid: i64) -> ConversationId {
        match self {
            Target::User(to) => ConversationId::p2p(uid, to),
            Target::Group(gid) => ConversationId::Group(gid),
            Target::Room(rid) => ConversationId::Room(rid),
            Target::Everybody => ConversationId::Broadcast,
        }
    }

    fn method(self) -> &'static str {
        match self {
            Target::User(_) => "pushmsg",
            Target::Group(_) => "pushgroupmsg",
            Target::Room(_) => "pushroommsg",
            Target::Everybody => "pushbroadcastmsg",
        }
    }
}
