//! The data of the gate: messages, users, groups. No sockets and no clock: the time is passed in.

mod log;
mod users;

use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashMap;

pub use log::ConversationId;
pub(super) use log::{Bytes, Draft, Log, Message, Page, Posted, Since};
pub(super) use users::{Info, User};

/// Everything that outlives a connection.
#[derive(Default)]
pub(super) struct Store {
    pub(super) users: HashMap<i64, User>,
    pub(super) groups: BTreeMap<i64, Group>,
    /// What is told of rooms; who is inside is no matter of storage.
    pub(super) rooms: BTreeMap<i64, Info>,
    kept: Kept,
    logs: HashMap<ConversationId, Log>,
    last_row: i64,
}

/// How much of a conversation is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    pub(super) messages: usize,
    /// For how long, in milliseconds.
    pub(super) time: i64,
}

impl Default for Kept {
    fn default() -> Kept {
        Kept { messages: 500, time: 7 * 24 * 60 * 60 * 1000 }
    }
}

#[derive(Default)]
pub(super) struct Group {
    pub(super) members: BTreeSet<i64>,
    pub(super) info: Info,
}

impl Store {
    pub(super) fn new(kept: Kept) -> Store {
        Store { kept, ..Store::default() }
    }

    /// Makes `gid` a group of these users, besides those it may have already.
    pub(super) fn add_members(&mut self, gid: i64, uids: &[i64]) {
        let group = self.groups.entry(gid).or_default();
        group.members.extend(uids);
        for &uid in uids {
            self.users.entry(uid).or_default().groups.insert(gid);
        }
    }

    pub(super) fn remove_members(&mut self, gid: i64, uids: &[i64]) {
        if let Some(group) = self.groups.get_mut(&gid) {
            group.members.retain(|uid| !uids.contains(uid));
        }
        for &uid in uids {
            self.user(uid).groups.remove(&gid);
        }
    }

    pub(super) fn is_member(&self, gid: i64, uid: i64) -> bool {
        self.groups.get(&gid).is_some_and(|group| group.members.contains(&uid))
    }

    /// Whether `uid` has put `other` on the blacklist.
    pub(super) fn blocks(&self, uid: i64, other: i64) -> bool {
        self.users.get(&uid).is_some_and(|user| user.blacks.contains(&other))
    }

    pub(super) fn user(&mut self, uid: i64) -> &mut User {
        self.users.entry(uid).or_default()
    }

    /// Takes everything there is as read by the user.
    pub(super) fn mark_read(&mut self, uid: i64) {
        let last_row = self.last_row;
        self.user(uid).read_until = last_row;
    }

    pub(super) fn log(&self, conversation: ConversationId) -> Option<&Log> {
        self.logs.get(&conversation)
    }

    pub(super) fn logs(&self) -> impl Iterator<Item = (&ConversationId, &Log)> {
        self.logs.iter()
    }

    pub(super) fn last_row(&self) -> i64 {
        self.last_row
    }

    /// Has the next row come after this one.
    pub(super) fn skip_rows(&mut self, row: i64) {
        self.last_row = self.last_row.max(row);
    }

    /// Forgets the messages that are too old by now.
    pub(super) fn forget_old(&mut self, now: i64) {
        let oldest = now.saturating_sub(self.kept.time);
        self.logs.values_mut().for_each(|log| log.forget_before(oldest));
    }

    /// Stores a message, unless it is a resend: the same mid of the same sender in the same conversation.
    pub(super) fn post(
        &mut self,
        conversation: ConversationId,
        draft: &Draft<'_>,
        now: i64,
    ) -> Posted {
        if !self.logs.contains_key(&conversation) {
            if let ConversationId::P2p(a, b) = conversation {
                self.user(a).peers.push(b);
                self.user(b).peers.push(a);
            }
            self.logs.insert(conversation, Log::new());
        }
        let row = self.last_row + 1;
        let Some(log) = self.logs.get_mut(&conversation) else {
            return Posted { mtime: now, fresh: false };
        };
        let posted = log.post(row, draft, now, self.kept);
        if posted.fresh {
            self.last_row = row;
        }
        posted
    }

    /// Empties a message and marks it deleted; its row stays. `false` if there is no such message.
    pub(super) fn delete(&mut self, conversation: ConversationId, from: i64, mid: i64) -> bool {
        self.logs.get_mut(&conversation).is_some_and(|log| log.delete(from, mid))
    }

    /// The users `uid` has a P2P conversation with in the session list, the latest first.
    pub(super) fn p2p_sessions(&self, uid: i64) -> Vec<i64> {
        let Some(user) = self.users.get(&uid) else {
            return Vec::new();
        };
        let mut listed: Vec<_> = user
            .peers
            .iter()
            .filter_map(|&peer| {
                let log = self.logs.get(&ConversationId::p2p(uid, peer))?;
                log.listed_for(uid < peer).then_some((log.last_row(), peer))
            })
            .collect();
        listed.sort_unstable_by(|a, b| b.cmp(a));
        listed.into_iter().map(|(_, peer)| peer).collect()
    }

    /// Takes the conversation out of the session list of `uid`, and of the other's unless `oneway`.
    pub(super) fn remove_session(&mut self, uid: i64, peer: i64, oneway: bool) {
        if let Some(log) = self.logs.get_mut(&ConversationId::p2p(uid, peer)) {
            log.unlist(uid < peer);
            if !oneway {
                log.unlist(peer < uid);
            }
        }
    }

    pub(super) fn groups_of(&self, uid: i64) -> impl Iterator<Item = i64> {
        self.users.get(&uid).into_iter().flat_map(|user| user.groups.iter().copied())
    }
}
