//! The messages of one conversation.

use std::collections::VecDeque;

use foldhash::{HashMap, HashMapExt};

use super::Kept;

/// What a message belongs to.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// use rtm_client::gate::ConversationId;
///
/// let (callback, reply) = reply::channel();
/// client.send_group_chat(100, "hello", "", None, None, callback);
/// reply.wait()?;
/// assert_eq!(gate.stored(ConversationId::Group(100)).len(), 1);
/// assert_eq!(gate.stored(ConversationId::P2p(1, 2)).len(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConversationId {
    /// Between these two users.
    P2p(i64, i64),
    /// In the group of that id.
    Group(i64),
    /// In the room of that id.
    Room(i64),
    /// To everybody.
    Broadcast,
}

impl ConversationId {
    /// The conversation of two users, in either order.
    ///
    /// ```
    /// use rtm_client::gate::ConversationId;
    ///
    /// assert_eq!(ConversationId::p2p(2, 1), ConversationId::P2p(1, 2));
    /// assert_eq!(ConversationId::p2p(1, 2), ConversationId::P2p(1, 2));
    /// ```
    pub fn p2p(a: i64, b: i64) -> ConversationId {
        ConversationId::P2p(a.min(b), a.max(b))
    }

    /// The same with the users in the order of [`p2p`](ConversationId::p2p), as it is stored.
    pub(in crate::gate) fn ordered(self) -> ConversationId {
        match self {
            ConversationId::P2p(a, b) => ConversationId::p2p(a, b),
            other => other,
        }
    }
}

/// Text or bytes, with the form it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gate) struct Bytes<'a> {
    pub(in crate::gate) bytes: &'a [u8],
    pub(in crate::gate) binary: bool,
}

/// A message about to be stored.
#[derive(Clone, Copy)]
pub(in crate::gate) struct Draft<'a> {
    pub(in crate::gate) from: i64,
    pub(in crate::gate) mid: i64,
    pub(in crate::gate) mtype: i64,
    pub(in crate::gate) body: Bytes<'a>,
    pub(in crate::gate) attrs: &'a [u8],
}

/// What became of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gate) struct Posted {
    /// When the message was stored first.
    pub(in crate::gate) mtime: i64,
    /// Whether that was now.
    pub(in crate::gate) fresh: bool,
}

/// A stored message.
pub(in crate::gate) struct Message {
    pub(in crate::gate) id: i64,
    pub(in crate::gate) from: i64,
    pub(in crate::gate) mid: i64,
    pub(in crate::gate) mtype: i64,
    pub(in crate::gate) deleted: bool,
    pub(in crate::gate) attrs: Box<[u8]>,
    pub(in crate::gate) mtime: i64,
    body: Box<[u8]>,
    binary: bool,
}

impl Message {
    pub(in crate::gate) fn body(&self) -> Bytes<'_> {
        Bytes { bytes: &self.body, binary: self.binary }
    }
}

/// Which rows of a conversation are asked for.
#[derive(Clone, Debug, Default)]
pub(in crate::gate) struct Page {
    pub(in crate::gate) desc: bool,
    pub(in crate::gate) num: usize,
    /// First and last time, both included; 0 is no bound.
    pub(in crate::gate) begin: i64,
    pub(in crate::gate) end: i64,
    /// The row to go on after; 0 is none.
    pub(in crate::gate) lastid: i64,
    /// The types wanted; empty is all.
    pub(in crate::gate) mtypes: Vec<i64>,
}

impl Page {
    /// Whether the row lies within the bounds, apart from `num`.
    fn admits(&self, message: &Message) -> bool {
        let after_last = match (self.lastid, self.desc) {
            (0, _) => true,
            (lastid, true) => message.id < lastid,
            (lastid, false) => message.id > lastid,
        };
        after_last
            && message.mtime >= self.begin
            && (self.end == 0 || message.mtime <= self.end)
            && (self.mtypes.is_empty() || self.mtypes.contains(&message.mtype))
    }
}

/// From where on messages count.
#[derive(Clone, Copy)]
pub(in crate::gate) enum Since {
    /// Later than this, in milliseconds.
    Time(i64),
    /// After this row.
    Row(i64),
}

/// The messages of one conversation, oldest first.
pub(in crate::gate) struct Log {
    messages: VecDeque<Message>,
    /// (sender, mid) to row id.
    by_mid: HashMap<(i64, i64), i64>,
    /// P2P: whether the user with the smaller id, and the one with the larger, has it in the session list.
    listed: [bool; 2],
}

impl Log {
    pub(super) fn new() -> Log {
        Log { messages: VecDeque::new(), by_mid: HashMap::new(), listed: [false; 2] }
    }

    /// A mid of 0 is no mid: such a message is never taken for a resend.
    pub(super) fn post(&mut self, row: i64, draft: &Draft<'_>, now: i64, kept: Kept) -> Posted {
        if let Some(known) = self.find(draft.from, draft.mid) {
            return Posted { mtime: known.mtime, fresh: false };
        }
        self.forget_before(now.saturating_sub(kept.time));
        while self.messages.len() >= kept.messages.max(1) {
            self.forget_oldest();
        }
        if draft.mid != 0 {
            self.by_mid.insert((draft.from, draft.mid), row);
        }
        self.messages.push_back(Message {
            id: row,
            from: draft.from,
            mid: draft.mid,
            mtype: draft.mtype,
            deleted: false,
            attrs: draft.attrs.into(),
            mtime: now,
            body: draft.body.bytes.into(),
            binary: draft.body.binary,
        });
        self.listed = [true; 2];
        Posted { mtime: now, fresh: true }
    }

    pub(super) fn forget_before(&mut self, oldest: i64) {
        while self.messages.front().is_some_and(|message| message.mtime < oldest) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(oldest) = self.messages.pop_front() {
            self.by_mid.remove(&(oldest.from, oldest.mid));
        }
    }

    pub(in crate::gate) fn find(&self, from: i64, mid: i64) -> Option<&Message> {
        self.messages.get(self.position(from, mid)?)
    }

    fn position(&self, from: i64, mid: i64) -> Option<usize> {
        let row = *self.by_mid.get(&(from, mid))?;
        self.messages.binary_search_by_key(&row, |message| message.id).ok()
    }

    pub(super) fn delete(&mut self, from: i64, mid: i64) -> bool {
        let Some(message) = self.position(from, mid).and_then(|at| self.messages.get_mut(at))
        else {
            return false;
        };
        if message.deleted {
            return false;
        }
        message.deleted = true;
        message.body = Box::default();
        message.binary = false;
        message.attrs = Box::default();
        true
    }

    /// The rows of that page, in its order. Rows of deleted messages keep their place.
    pub(in crate::gate) fn page(&self, page: &Page) -> Vec<&Message> {
        if page.desc {
            self.messages.iter().rev().filter(|row| page.admits(row)).take(page.num).collect()
        } else {
            self.messages.iter().filter(|row| page.admits(row)).take(page.num).collect()
        }
    }

    /// The message of that mid, whoever sent it.
    pub(in crate::gate) fn find_mid(&self, mid: i64) -> Option<&Message> {
        self.messages.iter().find(|message| message.mid == mid)
    }

    /// How many rows lie within the bounds, apart from `num` and the deleted ones.
    pub(in crate::gate) fn count(&self, page: &Page) -> usize {
        self.messages.iter().filter(|row| page.admits(row) && !row.deleted).count()
    }

    pub(in crate::gate) fn len(&self) -> usize {
        self.messages.len()
    }

    pub(in crate::gate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages.iter()
    }

    /// Messages that are later than `since` and not deleted, the latest first.
    pub(in crate::gate) fn newer(&self, since: Since) -> impl Iterator<Item = &Message> {
        let newer = self.messages.iter().rev().take_while(move |message| match since {
            Since::Time(time) => message.mtime > time,
            Since::Row(row) => message.id > row,
        });
        newer.filter(|message| !message.deleted)
    }

    pub(super) fn last_row(&self) -> i64 {
        self.messages.back().map_or(0, |message| message.id)
    }

    #[expect(clippy::indexing_slicing, reason = "there is one for each bool")]
    pub(in crate::gate) fn listed_for(&self, smaller: bool) -> bool {
        self.listed[usize::from(!smaller)]
    }

    #[expect(clippy::indexing_slicing, reason = "there is one for each bool")]
    pub(super) fn unlist(&mut self, smaller: bool) {
        self.listed[usize::from(!smaller)] = false;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEPT: Kept = Kept { messages: 500, time: 7 * 24 * 60 * 60 * 1000 };

    fn draft(from: i64, mid: i64, mtype: i64) -> Draft<'static> {
        Draft { from, mid, mtype, body: Bytes { bytes: b"x", binary: false }, attrs: b"" }
    }

    fn filled(times: &[i64]) -> Log {
        let mut log = Log::new();
        for (index, &time) in times.iter().enumerate() {
            let row = index as i64 + 1;
            log.post(row, &draft(1, row, 30 + row % 3), time, KEPT);
        }
        log
    }

    #[test]
    fn a_resend_is_known_by_sender_and_mid() {
        let mut log = Log::new();
        assert_eq!(log.post(1, &draft(1, 7, 30), 100, KEPT), Posted { mtime: 100, fresh: true });
        assert_eq!(log.post(2, &draft(1, 7, 30), 200, KEPT), Posted { mtime: 100, fresh: false });
        assert_eq!(log.post(2, &draft(2, 7, 30), 300, KEPT), Posted { mtime: 300, fresh: true });
    }

    #[test]
    fn what_is_dropped_is_forgotten_whole() {
        let mut log = filled(&(1..=KEPT.messages as i64 + 10).collect::<Vec<_>>());
        assert_eq!(log.messages.len(), KEPT.messages);
        assert_eq!(log.by_mid.len(), KEPT.messages);
        assert!(log.find(1, 10).is_none());
        log.post(1000, &draft(1, 1000, 30), KEPT.time + 1000, KEPT);
        assert_eq!((log.messages.len(), log.by_mid.len()), (1, 1));
    }

    #[test]
    fn a_deleted_row_keeps_its_place() {
        let mut log = filled(&[1, 2, 3]);
        assert!(log.delete(1, 2));
        assert!(!log.delete(1, 2));
        let rows = log.page(&Page { num: 20, ..Page::default() });
        let seen: Vec<_> = rows.iter().map(|row| (row.id, row.deleted)).collect();
        assert_eq!(seen, [(1, false), (2, true), (3, false)]);
    }

    proptest! {
        /// Page after page gives every row once, in order, also where many share a millisecond.
        #[test]
        fn pages_cover_the_log(
            mut times in prop::collection::vec(1_i64..20, 0..60),
            num in 1_usize..21,
            desc: bool,
            begin in 0_i64..12,
            end in 0_i64..25,
            mtypes in prop::collection::vec(30_i64..33, 0..2),
        ) {
            times.sort_unstable();
            let log = filled(&times);
            let bounds = Page { desc, num: usize::MAX, begin, end, lastid: 0, mtypes };
            let whole: Vec<i64> = log.page(&bounds).iter().map(|row| row.id).collect();
            let mut seen = Vec::new();
            let mut page = Page { num, ..bounds };
            loop {
                let rows = log.page(&page);
                seen.extend(rows.iter().map(|row| row.id));
                let Some(last) = rows.last() else { break };
                page.lastid = last.id;
                if desc { page.end = last.mtime } else { page.begin = last.mtime }
                if rows.len() < num { break }
            }
            prop_assert_eq!(seen, whole);
        }
    }
}
