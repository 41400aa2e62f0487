//! The way through the history of one conversation, page after page.

use std::collections::{HashSet, VecDeque};

use foldhash::fast::RandomState;

use super::{Conversation, Pushed, Question, Row, Unread};

/// How many messages of one moment a mark knows: more than a service takes in a millisecond, and a bound for one whose
/// clock stands still.
const MOST_IDS: usize = 1000;

/// What makes two messages of one conversation and one time the same: sender and mid.
pub(super) type Id = (i64, i64);

/// The same with the time.
pub(super) type Key = (i64, Id);

/// The newest messages of a conversation that have been dealt with: their time, and who sent which of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Mark {
    pub(super) mtime: i64,
    ids: Vec<Id>,
    /// All rows of that time up to this one were told as missing.
    told: i64,
}

impl Mark {
    pub(super) fn new(mtime: i64, id: Id) -> Mark {
        Mark { mtime, ids: vec![id], ..Mark::default() }
    }

    /// Moves on to the row at the end of a gap.
    pub(super) fn tell(&mut self, mtime: i64, row: i64) {
        if mtime > self.mtime {
            *self = Mark { mtime, ..Mark::default() };
        }
        self.told = row;
    }

    /// Moves on to the message, unless the mark is at a later one.
    pub(super) fn note(&mut self, mtime: i64, id: Id) {
        if mtime > self.mtime {
            *self = Mark::new(mtime, id);
        } else if mtime == self.mtime && !self.ids.contains(&id) {
            if self.ids.len() == MOST_IDS {
                self.ids.remove(0);
            }
            self.ids.push(id);
        }
    }

    fn has<M>(&self, row: &Row<M>) -> bool {
        let (mtime, id) = row.key();
        self.mtime == mtime && (row.id <= self.told || self.ids.contains(&id))
    }
}

/// A time in which messages may be missing; without an end up to the newest there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hole {
    pub(super) since: i64,
    pub(super) until: Option<i64>,
}

/// What a walk is held to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The time the list was asked with.
    pub(super) from: i64,
    /// Rows up to this time are not handed over.
    pub(super) floor: i64,
    /// Rows after this time are pushed.
    pub(super) pushed: i64,
    pub(super) max_messages: usize,
}

impl Limits {
    /// Up to this time nothing can be missing: it was handed over, or never to be.
    fn settled(&self) -> i64 {
        self.from.max(self.floor)
    }

    /// Whether rows that begin at that time reach back far enough for all to be there that is to be handed over.
    fn reach(&self, first: Option<i64>) -> bool {
        first.is_some_and(|first| first <= self.settled())
    }
}

/// What to do with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Skip,
    HandOver,
    /// It and all behind it are pushed: the walk is over.
    Pushed,
    /// It is one more than may be handed over.
    TooMany,
}

/// What follows a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Page,
    /// There is no more.
    End,
    /// The next page would be the same again.
    Stuck,
}

#[derive(Debug)]
pub(super) struct Walk {
    limits: Limits,
    /// What has to come: what the list counted, where there was no mark to begin at.
    expected: Option<Expected>,
    /// Row and time of the newest message the list saw.
    latest: Option<(i64, i64)>,
    /// The newest rows that came; before any came, the mark.
    seen: Option<Mark>,
    /// The rows that came of those the list counted: time, sender and mid.
    counted: HashSet<Key, RandomState>,
    /// Whether it has come to the newest row the list saw, or without one to a row that is pushed: so are all behind.
    reached: bool,
    /// Whether it has come to a row that is held: that one and all behind it are pushed, and only to be counted.
    pushed: bool,
    /// The row to go on after, where a page showed nothing but what had been seen: more of one moment than a page holds.
    lastid: i64,
    /// When the first row was sent.
    first: Option<i64>,
    taken: usize,
    page: Page,
}

#[derive(Clone, Copy, Debug)]
struct Expected {
    /// How many messages of others.
    count: i64,
    /// The row of the last message counted, or of one of the user's own behind it.
    last_row: i64,
}

/// The page that is awaited or looked at.
///
/// It begins at the time of the newest rows seen before and has to show one of them: as the service forgets the oldest
/// first, what followed them is there as well.
#[derive(Clone, Copy, Debug)]
struct Page {
    begin: i64,
    /// Whether a row of that time is to be met again.
    anchored: bool,
    met: bool,
    rows: usize,
    /// When its first row was sent.
    first: Option<i64>,
    last_row: i64,
    /// Whether a row was not seen before.
    new: bool,
}

impl Page {
    fn new(begin: i64, anchored: bool) -> Page {
        Page { begin, anchored, met: false, rows: 0, first: None, last_row: 0, new: false }
    }
}

impl Walk {
    pub(super) fn new(limits: Limits, mark: Option<&Mark>, listed: Option<Unread>) -> Walk {
        let latest = listed.and_then(|listed| listed.last);
        let expected = match (mark, listed, latest) {
            (None, Some(Unread { count, .. }), Some((last_row, _))) => {
                Some(Expected { count, last_row })
            }
            _ => None,
        };
        // What the list counted has to be met from its time on.
        let unmarked = if expected.is_some() { limits.from } else { limits.settled() };
        let begin = mark.map_or(unmarked, |mark| mark.mtime);
        Walk {
            limits,
            expected,
            latest,
            seen: mark.cloned(),
            counted: HashSet::default(),
            reached: false,
            pushed: false,
            lastid: 0,
            first: None,
            taken: 0,
            page: Page::new(begin, mark.is_some()),
        }
    }

    /// The walk anew from the mark, after a loss: what was to come still is.
    pub(super) fn again(self, pushed: i64, mark: &Mark, listed: Option<Unread>) -> Walk {
        let Walk { limits, expected, counted, first, .. } = self;
        let limits = Limits { pushed, ..limits };
        Walk { expected, counted, first, ..Walk::new(limits, Some(mark), listed) }
    }

    /// Whether there is something to remember when the walk is broken off.
    pub(super) fn expects(&self) -> bool {
        self.expected.is_some()
    }

    pub(super) fn latest(&self) -> Option<(i64, i64)> {
        self.latest
    }

    /// From when on messages may be missing, if the walk ends here and the mark is at that time.
    pub(super) fn since(&self, mark: i64) -> i64 {
        // While not all have come that were counted, the first may be missing as well as the last.
        if self.expected.is_some() {
            self.limits.settled()
        } else {
            self.limits.settled().max(mark)
        }
    }

    pub(super) fn question(&self, conversation: Conversation) -> Question {
        Question::Page { conversation, begin: self.page.begin, lastid: self.lastid }
    }

    pub(super) fn judge<M>(&mut self, row: &Row<M>, held: &VecDeque<Pushed<M>>) -> Verdict {
        let key @ (mtime, id) = row.key();
        self.page.rows += 1;
        self.page.last_row = row.id;
        // Not asked for.
        if mtime < self.page.begin {
            return Verdict::Skip;
        }
        self.reached |= match self.latest {
            Some((last_row, _)) if last_row > 0 => last_row <= row.id,
            _ => self.limits.pushed < mtime,
        };
        self.page.first = self.page.first.or(Some(mtime));
        self.first = self.first.or(Some(mtime));
        if self.seen.as_ref().is_some_and(|seen| seen.has(row)) {
            self.page.met = true;
            return Verdict::Skip;
        }
        self.page.new = true;
        match &mut self.seen {
            Some(seen) => seen.note(mtime, id),
            None => self.seen = Some(Mark::new(mtime, id)),
        }
        let counting = self.count(row);
        let shown = !row.own && !row.deleted && !row.excluded && mtime > self.limits.floor;
        let too_many = shown && self.taken >= self.limits.max_messages;
        self.pushed = self.pushed
            || held.iter().any(|push| push.key() == key)
            || (too_many && self.is_pushed(row, held));
        match (self.pushed, shown) {
            (true, _) if counting => Verdict::Skip,
            (true, _) => Verdict::Pushed,
            (_, false) => Verdict::Skip,
            _ if too_many => Verdict::TooMany,
            _ => {
                self.taken += 1;
                Verdict::HandOver
            }
        }
    }

    /// Whether the row is pushed or will be: the list did not see it, or it is newer than a push.
    fn is_pushed<M>(&self, row: &Row<M>, held: &VecDeque<Pushed<M>>) -> bool {
        let first = held.iter().map(|push| push.mtime).find(|&mtime| mtime > 0);
        self.latest.is_some_and(|(last_row, _)| row.id > last_row)
            || row.mtime > self.limits.pushed
            || first.is_some_and(|first| row.mtime > first)
    }

    /// Counts the row, if the list did, and says whether more are to be counted.
    fn count<M>(&mut self, row: &Row<M>) -> bool {
        let Some(Expected { last_row, .. }) = self.expected else { return false };
        let newer = row.mtime > self.limits.from;
        if row.id <= last_row && newer && !row.own && !row.deleted {
            self.counted.insert(row.key());
        }
        row.id < last_row
    }

    /// What is missing before this page, once the page has been looked at.
    pub(super) fn missing(&self) -> Option<Hole> {
        let Page { begin, anchored, met, first, .. } = self.page;
        let missing = anchored && !met && !self.limits.reach(first);
        missing.then(|| Hole { since: begin.max(self.limits.settled()), until: first })
    }

    /// What is missing behind the rows handed over, where there were too many.
    pub(super) fn rest(&self, mark: Option<i64>) -> Hole {
        let since = mark.filter(|_| self.expected.is_none()).unwrap_or(self.limits.settled());
        Hole { since, until: None }
    }

    /// What is missing of what the list counted, at the end of the walk.
    pub(super) fn short(&self) -> Option<Hole> {
        let short = (self.counted.len() as i64) < self.expected?.count;
        let hole = Hole { since: self.limits.settled(), until: self.first };
        (short && !self.limits.reach(self.first)).then_some(hole)
    }

    /// Goes on to the next page. A page without a new row is the last one, unless it is as large as any before: all its
    /// rows may be of one moment, with others behind them.
    pub(super) fn turn(&mut self, most_rows: usize) -> Next {
        let Page { rows, new, last_row, .. } = self.page;
        if self.reached || rows == 0 || (!new && rows < most_rows) {
            return Next::End;
        }
        if !new && last_row <= self.lastid {
            return Next::Stuck;
        }
        self.lastid = if new { 0 } else { last_row };
        let begin = self.seen.as_ref().map_or(self.page.begin, |seen| seen.mtime);
        self.page = Page::new(begin, new);
        Next::Page
    }
}

impl<M> Row<M> {
    pub(super) fn key(&self) -> Key {
        (self.mtime, (self.from, self.mid))
    }
}

impl<M> Pushed<M> {
    pub(super) fn key(&self) -> Key {
        (self.mtime, (self.from, self.mid))
    }
}
