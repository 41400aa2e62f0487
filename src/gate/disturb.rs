//! How packages go out when a fault strikes, and the packages that wait for their time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::faults::{About, Action, Stage};
use super::peers::{ConnId, Peers};
use super::write;
use crate::wire::package::{Encoding, Kind, Package, SEQ_OFFSET};
use crate::wire::payload::{self, Fields};

/// What waits for its time, in order.
#[derive(Default)]
pub(super) struct Later {
    queue: BTreeMap<(Instant, u64), (ConnId, Waiting)>,
    next: u64,
}

pub(super) enum Waiting {
    /// A quest that has still to be done.
    Quest(Quest),
    /// A package that has still to be sent.
    Package(Vec<u8>),
    /// The end of the connection.
    End,
}

impl Later {
    pub(super) fn push(&mut self, by: Duration, conn: ConnId, waiting: Waiting) {
        // As good as never, where the clock does not reach that far.
        let due = Instant::now().checked_add(by);
        if let Some(due) = due {
            self.next += 1;
            self.queue.insert((due, self.next), (conn, waiting));
        }
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.queue.first_key_value().map(|((due, _), _)| *due)
    }

    /// The next whose time has come.
    pub(super) fn pop(&mut self, now: Instant) -> Option<(ConnId, Waiting)> {
        let entry = self.queue.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }
}

/// A quest kept beyond the bytes it was read from.
pub(super) struct Quest {
    version: u8,
    encoding: Encoding,
    seq: Option<u32>,
    method: Vec<u8>,
    payload: Vec<u8>,
}

impl Quest {
    fn new(package: &Package<'_>, seq: Option<u32>, method: &[u8]) -> Quest {
        Quest {
            version: package.version,
            encoding: package.encoding,
            seq,
            method: method.to_vec(),
            payload: package.payload.to_vec(),
        }
    }

    pub(super) fn seq(&self) -> Option<u32> {
        self.seq
    }

    pub(super) fn package(&self) -> Package<'_> {
        let method = &self.method;
        let kind = match self.seq {
            Some(seq) => Kind::Quest { seq, method },
            None => Kind::OneWay { method },
        };
        Package { version: self.version, encoding: self.encoding, kind, payload: &self.payload }
    }
}

/// What is to be done with a quest that a fault strikes before anything else has looked at it.
pub(super) enum Fate {
    AsUsual,
    Refuse(i32),
    /// It waits.
    Later,
}

impl Peers {
    pub(super) fn fate(
        &mut self,
        id: ConnId,
        package: &Package<'_>,
        seq: Option<u32>,
        method: &[u8],
    ) -> Fate {
        if self.faults.is_empty() {
            return Fate::AsUsual;
        }
        let about = self.about_quest(id, method, package);
        match self.faults.strike(Stage::Quest, method, self.uid(id), &about) {
            Some(Action::Error(code)) => Fate::Refuse(code),
            Some(Action::Delay(by)) => {
                let quest = Quest::new(package, seq, method);
                self.later.push(by, id, Waiting::Quest(quest));
                Fate::Later
            }
            _ => Fate::AsUsual,
        }
    }

    /// What a quest of a client is about.
    pub(super) fn about_quest(&self, id: ConnId, method: &[u8], package: &Package<'_>) -> About {
        let caller = self.session(id).map(|session| session.uid);
        self.about(method, caller, package.encoding, package.payload)
    }

    /// What a package is about, if that matters to any fault.
    pub(super) fn about(
        &self,
        method: &[u8],
        caller: Option<i64>,
        encoding: Encoding,
        payload: &[u8],
    ) -> About {
        if !self.faults.look_inside() {
            return About::default();
        }
        let read = |fields: &Fields<'_>| About::read(method, caller, fields);
        payload::with_fields(encoding, payload, read).unwrap_or_default()
    }

    /// Sends a package that a fault strikes.
    pub(super) fn disturb(&mut self, id: ConnId, action: Action, mut package: Vec<u8>) {
        match action {
            Action::Delay(by) | Action::Late(by) => {
                self.later.push(by, id, Waiting::Package(package));
            }
            Action::Never | Action::Error(_) => {}
            Action::Twice => {
                self.message(id, &package);
                self.message(id, &package);
            }
            Action::Reorder(count) => {
                if let Some(mut held) = self.hold(id, count, package) {
                    held.reverse();
                    held.iter().for_each(|package| self.message(id, package));
                }
            }
            Action::Join(count) => {
                if let Some(held) = self.hold(id, count, package) {
                    self.message(id, &held.concat());
                }
            }
            Action::Truncate(len) => {
                package.truncate(len);
                self.message(id, &package);
            }
            Action::Garbage => self.message(id, &vec![0xa5; package.len()]),
            Action::Split(len) => {
                package.chunks(len.max(1)).for_each(|piece| self.message(id, piece));
            }
            Action::WrongSeq => {
                // Far from any number in use.
                if let Some(high) = package.get_mut(SEQ_OFFSET + 3) {
                    *high ^= 0x80;
                }
                self.message(id, &package);
            }
            Action::BrokenFrame => {
                package.splice(..0, [0x82, 126]);
                self.raw(id, &package);
            }
            Action::Close => self.end(id),
            Action::Reset => self.append(id, |peer| {
                peer.reset = true;
                peer.ending = true;
            }),
            Action::StopReading => {
                self.message(id, &package);
                self.append(id, |peer| peer.deaf = true);
            }
            Action::StopPinging => {
                self.message(id, &package);
                self.append(id, |peer| peer.unpinged = true);
            }
            Action::HalfOpen => self.append(id, |peer| {
                peer.deaf = true;
                peer.mute = true;
            }),
        }
    }

    /// Holds the package back; gives all that are held once there are enough.
    fn hold(&mut self, id: ConnId, count: usize, package: Vec<u8>) -> Option<Vec<Vec<u8>>> {
        let held = &mut self.get_mut(id)?.held;
        held.push(package);
        (held.len() >= count).then(|| std::mem::take(held))
    }

    /// Takes all faults back and sends what they hold.
    pub(super) fn clear_faults(&mut self) {
        self.faults.clear();
        for (id, held) in self.take_held() {
            held.iter().for_each(|package| self.message(id, package));
        }
    }

    /// One WebSocket message.
    pub(super) fn message(&mut self, id: ConnId, bytes: &[u8]) {
        self.append(id, |peer| {
            write::frame_header(&mut peer.out, bytes.len());
            peer.out.extend_from_slice(bytes);
        });
    }
}
