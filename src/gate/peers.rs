//! The other ends: the output to each of them, and the users logged in there.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use foldhash::{HashMap, HashMapExt};
use log::Level;

use super::disturb::Later;
use super::faults::{About, Rules, Stage};
use super::json;
use super::language::Language;
use super::{tell, write};
use crate::wire::package::{self, Encoding};

/// A connection, for as long as the gate runs: ids are never used again.
pub(super) type ConnId = usize;

/// A buffer longer than this is moved to its front once more than half of it is written.
const COMPACT: usize = 1024 * 1024;

/// Which of the gate's addresses a connection came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    Main,
    /// As the main door, and whoever asks over HTTP gets the page.
    Page,
    /// The file gate.
    File,
}

/// The user logged in on a connection.
pub(super) struct Session {
    pub(super) uid: i64,
    /// When the login was, in milliseconds.
    pub(super) since: i64,
    pub(super) attrs: Vec<(String, String)>,
    pub(super) lang: Option<Language>,
    /// The rooms entered, in that order.
    pub(super) rooms: Vec<i64>,
}

/// The gate's question whether the other end is there.
#[derive(Clone, Copy)]
pub(super) struct Ping {
    seq: u32,
    pub(super) sent: Instant,
}

/// How a quest is answered, and what it was.
pub(super) struct Answer<'a> {
    pub(super) version: u8,
    pub(super) encoding: Encoding,
    pub(super) seq: u32,
    pub(super) status: u8,
    pub(super) method: &'a [u8],
    pub(super) about: About,
}

pub(super) struct Peer {
    pub(super) door: Door,
    /// The other end.
    pub(super) address: SocketAddr,
    /// The address of this machine that it came to.
    pub(super) local: IpAddr,
    /// Whether the WebSocket upgrade is done.
    pub(super) open: bool,
    /// Whether nothing more is read from or written to it, apart from what is queued.
    pub(super) ending: bool,
    pub(super) session: Option<Session>,
    /// Whether the user was kicked out here: nothing is done any more, and the other end is left to close.
    pub(super) kicked: bool,
    /// Of the pings that are not answered the oldest.
    pub(super) ping: Option<Ping>,
    pub(super) last_ping: Instant,
    /// The methods that were called with a double in place of an integer.
    doubles: BTreeSet<Box<[u8]>>,
    /// How quests to it are written: as the last login was.
    encoding: Encoding,
    next_seq: u32,
    /// Faults: packages held back; whether the connection is to be reset, is no longer read from, no longer written to,
    /// no longer pinged.
    pub(super) held: Vec<Vec<u8>>,
    pub(super) reset: bool,
    pub(super) deaf: bool,
    pub(super) mute: bool,
    pub(super) unpinged: bool,
    pub(super) out: Vec<u8>,
    /// Where in `out` the unwritten bytes begin.
    at: usize,
    /// How many bytes are to be written before the pong that waits among them is.
    pub(super) pong_left: usize,
    dirty: bool,
}

impl Peer {
    /// How many bytes wait to be written.
    pub(super) fn pending(&self) -> usize {
        self.out.len() - self.at
    }

    pub(super) fn unwritten(&self) -> &[u8] {
        self.out.get(self.at..).unwrap_or_default()
    }

    pub(super) fn wrote(&mut self, len: usize) {
        self.at += len;
        self.pong_left = self.pong_left.saturating_sub(len);
        if self.at >= self.out.len() {
            self.out.clear();
            self.at = 0;
        } else if self.at > COMPACT && self.at > self.out.len() / 2 {
            self.out.drain(..self.at);
            self.at = 0;
        }
    }

    /// Gives back what an idle connection does not need.
    pub(super) fn shrink(&mut self) {
        if self.out.is_empty() {
            self.out = Vec::new();
        }
    }
}

/// All connections, and which of them have something new to write.
pub(super) struct Peers {
    map: HashMap<ConnId, Peer>,
    dirty: Vec<ConnId>,
    pub(super) faults: Rules,
    /// What is put off.
    pub(super) later: Later,
}

impl Peers {
    pub(super) fn new() -> Peers {
        Peers {
            map: HashMap::new(),
            dirty: Vec::new(),
            faults: Rules::default(),
            later: Later::default(),
        }
    }

    pub(super) fn add(
        &mut self,
        id: ConnId,
        door: Door,
        address: SocketAddr,
        local: IpAddr,
        now: Instant,
    ) {
        let peer = Peer {
            door,
            address,
            local,
            open: false,
            ending: false,
            session: None,
            kicked: false,
            ping: None,
            last_ping: now,
            doubles: BTreeSet::new(),
            encoding: Encoding::MsgPack,
            next_seq: 0,
            held: Vec::new(),
            reset: false,
            deaf: false,
            mute: false,
            unpinged: false,
            out: Vec::new(),
            at: 0,
            pong_left: 0,
            dirty: false,
        };
        self.map.insert(id, peer);
    }

    pub(super) fn remove(&mut self, id: ConnId) -> Option<Peer> {
        self.map.remove(&id)
    }

    pub(super) fn get(&self, id: ConnId) -> Option<&Peer> {
        self.map.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: ConnId) -> Option<&mut Peer> {
        self.map.get_mut(&id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Peer> {
        self.map.values()
    }

    pub(super) fn session(&self, id: ConnId) -> Option<&Session> {
        self.map.get(&id)?.session.as_ref()
    }

    pub(super) fn session_mut(&mut self, id: ConnId) -> Option<&mut Session> {
        self.map.get_mut(&id)?.session.as_mut()
    }

    pub(super) fn start_session(&mut self, id: ConnId, session: Session, encoding: Encoding) {
        if let Some(peer) = self.map.get_mut(&id) {
            peer.session = Some(session);
            peer.encoding = encoding;
        }
    }

    /// Ends the connection as soon as what is queued is written.
    pub(super) fn end(&mut self, id: ConnId) {
        self.append(id, |peer| peer.ending = true);
    }

    /// Queues bytes as they are.
    pub(super) fn raw(&mut self, id: ConnId, bytes: &[u8]) {
        self.append(id, |peer| peer.out.extend_from_slice(bytes));
    }

    /// The user logged in there; 0 before login.
    pub(super) fn uid(&self, id: ConnId) -> i64 {
        self.session(id).map_or(0, |session| session.uid)
    }

    /// Answers a quest. `payload` is MessagePack.
    pub(super) fn answer(&mut self, id: ConnId, answer: &Answer<'_>, payload: &[u8]) {
        let &Answer { version, encoding, seq, status, method, about } = answer;
        let payload = json::encoded(encoding, payload);
        let len = package::SEQ_OFFSET + 4 + payload.len();
        self.send(id, Stage::Answer(len), method, about, len, |out| {
            package::write_answer(out, version, encoding, seq, status, |out| {
                out.extend_from_slice(&payload);
            });
        });
    }

    /// Sends a quest that is answered, but nobody waits for that. `payload` is MessagePack.
    pub(super) fn push(&mut self, id: ConnId, method: &str, payload: &[u8]) {
        let seq = self.get_mut(id).map(Peer::take_seq);
        self.quest(id, seq, method, payload);
    }

    /// Sends a one-way quest.
    pub(super) fn notify(&mut self, id: ConnId, method: &str, payload: &[u8]) {
        self.quest(id, None, method, payload);
    }

    pub(super) fn ping(&mut self, id: ConnId, now: Instant) {
        let Some(peer) = self.get_mut(id) else {
            return;
        };
        let seq = peer.take_seq();
        peer.ping.get_or_insert(Ping { seq, sent: now });
        self.quest(id, Some(seq), "ping", &[0x80]);
    }

    fn quest(&mut self, id: ConnId, seq: Option<u32>, method: &str, payload: &[u8]) {
        let about = self.about(method.as_bytes(), None, Encoding::MsgPack, payload);
        let encoding = self.get(id).map_or(Encoding::MsgPack, |peer| peer.encoding);
        let payload = json::encoded(encoding, payload);
        let len = write::quest_len(seq, method) + payload.len();
        self.send(id, Stage::Push(len), method.as_bytes(), about, len, |out| {
            package::write_push(out, encoding, seq, method, &payload);
        });
    }

    /// Sends a package of `len` bytes, which `write` appends.
    fn send(
        &mut self,
        id: ConnId,
        stage: Stage,
        method: &[u8],
        about: About,
        len: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        if !self.faults.is_empty() {
            let uid = self.uid(id);
            if let Some(action) = self.faults.strike(stage, method, uid, &about) {
                let mut package = Vec::with_capacity(len);
                write(&mut package);
                return self.disturb(id, action, package);
            }
        }
        self.append(id, |peer| {
            write::frame_header(&mut peer.out, len);
            write(&mut peer.out);
        });
    }

    /// What faults hold back, connection by connection.
    pub(super) fn take_held(&mut self) -> Vec<(ConnId, Vec<Vec<u8>>)> {
        let held = self.map.iter_mut().map(|(&id, peer)| (id, std::mem::take(&mut peer.held)));
        held.filter(|(_, held)| !held.is_empty()).collect()
    }

    /// Takes note of an answer; only those to pings matter.
    pub(super) fn answered(&mut self, id: ConnId, seq: u32) {
        if let Some(peer) = self.map.get_mut(&id) {
            if peer.ping.is_some_and(|ping| ping.seq == seq) {
                peer.ping = None;
            }
        }
    }

    /// Says once for each method how a double comes about. Only methods that there are come here.
    pub(super) fn warn_of_double(&mut self, id: ConnId, method: &[u8], key: &str) {
        let Some(peer) = self.map.get_mut(&id) else {
            return;
        };
        if peer.doubles.insert(method.into()) {
            tell(
                Level::Warn,
                format_args!(
                    "user {}: {} came with {key} as a double, which JavaScript makes of a plain number above 2^32 and which is \
                 rounded above 2^53: give it as an Int64",
                    self.uid(id),
                    String::from_utf8_lossy(method)
                ),
            );
        }
    }

    pub(super) fn append(&mut self, id: ConnId, write: impl FnOnce(&mut Peer)) {
        let Some(peer) = self.map.get_mut(&id) else {
            return;
        };
        if peer.ending {
            return;
        }
        let before = peer.out.len();
        write(peer);
        if peer.mute {
            peer.out.truncate(before);
        }
        self.mark(id);
    }

    /// Sees to it that writing to the connection is tried.
    pub(super) fn mark(&mut self, id: ConnId) {
        if let Some(peer) = self.map.get_mut(&id) {
            if !std::mem::replace(&mut peer.dirty, true) {
                self.dirty.push(id);
            }
        }
    }

    /// One connection that has something new to write.
    pub(super) fn next_dirty(&mut self) -> Option<ConnId> {
        let id = self.dirty.pop()?;
        if let Some(peer) = self.map.get_mut(&id) {
            peer.dirty = false;
        }
        Some(id)
    }
}

impl Peer {
    fn take_seq(&mut self) -> u32 {
        self.next_seq = self.next_seq.wrapping_add(1);
        self.next_seq
    }
}
