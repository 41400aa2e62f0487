//! Messages sent while the connection was lost, fetched after a relogin, as a pure state machine: pushes, answers and ends
//! of connections go in, questions and messages come out.
//!
//! Each message of a covered type that was sent to the user after the floor is handed over once and in the order of its
//! conversation, or lies in a reported gap. The duplicate filter after the machine does the rest: it drops a message that
//! the service pushes after the history has shown it, or pushes twice.
//!
//! * **Mark**: the newest message of a conversation that was handed over: its time, and sender and mid of all messages of
//!   that time. Only messages of covered types move the mark, and only when they are handed over. A mark takes some
//!   hundred bytes and lasts as long as the session.
//! * **Time**: the machine asks for the service's time at the first login, at the first entering of a room, and after each
//!   relogin. Messages sent later than the time after a relogin are pushed; so a gap without a row at its end ends there.
//! * **Floor**: the service's time at the first login; for a room, the time of its entering. Older rows are never handed
//!   over. If the connection is lost before the service has told the time, the machine asks after the relogin and
//!   subtracts the client's time between the login's answer and that question. Such a floor is never before the login, and
//!   later by as much as a question takes at most. If the time cannot be had, the newest message handed over takes the
//!   place of the floor.
//! * **List**: after a relogin the machine asks the service which conversations have messages newer than the newest
//!   message handed over (or the floor, if the floor is later; or the start of a walk that is still owed, if that start
//!   is earlier), less five seconds, because messages of several conversations may be out of order by so much.
//! * **Walks**: the machine walks the conversations in the list one after another, oldest row first, from the mark on or,
//!   without a mark, from the list's time. It also walks the broadcasts, rooms once they are entered again, and
//!   conversations with a mark whose walk the last loss has broken off. A page begins at the time of the newest row seen,
//!   included, and has to show that row again. So the machine notices rows that the service forgets between two pages,
//!   and rows forgotten before the first page. A page may have fewer rows than asked for although more are there, so a
//!   walk is over at the newest row that the list has named, or at a page without a new row.
//! * **Held back**: from the relogin on every push of any type, until the list has come; then the pushes of conversations
//!   whose walk is not over. A walk leaves a row whose push is held to the push, and is over at such a row.
//! * **Away**: a service may push messages between a loss and the answer to the relogin. Such a push of a covered type is
//!   dropped, because it comes after the missed messages, and the walk brings it.
//! * **Loss**: a held push of a covered type is dropped, because the next walk brings it; other pushes are handed over.
//!   Walks start over from the marks. Messages that the list had counted in a conversation without a mark still have to
//!   come.
//!
//! A gap is reported at the end of its walk, before the held pushes: one for each conversation and outage, from the first
//! message that may be missing to the last. There is a gap if
//!
//! * a page did not show a row again, and no row of the page is old enough to prove that all rows are there;
//! * fewer rows of a conversation without a mark came than the list had counted;
//! * there were more messages than may be handed over. Without a mark the gap begins at the list's time, because the
//!   first message may be missing too;
//! * a page could not be fetched, or more than 4 MiB were held and this conversation had the most of them;
//! * a room was not entered again, was left before its walk was over, or nobody knows when it was entered;
//! * the session ended before the walk was over.
//!
//! No message of a reported gap is handed over later, except one pushed late: the mark moves to the end of the gap, if
//! the service has named a row there. Otherwise the conversation is without a mark until its next message, with a floor
//! right before the end of the gap.
//!
//! [`GapConversation::Unknown`] means that no conversation can be named: the list could not be fetched, so only
//! conversations with a mark are walked; or the session
//! ended before the list came; or the connection was lost before there was a floor or a message in its place, and the time could not be had.
//!
//! The machine cannot know of messages that the service had forgotten before the question, in a conversation without a
//! mark or outside the list. And a reported gap may have no missing message, if the service has forgotten the message at
//! the mark itself, or if a counted message was deleted before the walk, or pushed and forgotten.

mod messages;
mod walk;
mod wire;

use std::collections::{BTreeMap, HashMap, VecDeque};

use foldhash::fast::RandomState;

use crate::error_code::{fpnn, rtm};
use crate::options::CatchUp;
use crate::time::{NEVER, Time};
use crate::types::{Gap, GapConversation};
pub(crate) use messages::{Answer, Conversation, Input, Output, Pushed, Question, Row, Unread};
use walk::{Hole, Key, Limits, Mark, Next, Verdict, Walk};
pub(crate) use wire::{Message, pushed};

/// The time before a question is repeated.
const PAUSE: Time = 1_000_000_000;
/// The number of repeats of a question.
const REPEATS: u32 = 3;
/// By how much, in milliseconds, messages of several conversations may be out of order.
const SLACK: i64 = 5000;
/// The largest number of bytes of held pushes.
const MOST_HELD: usize = 4 * 1024 * 1024;
/// The number of rows that a page is asked for: the largest that the service gives. A service may give fewer.
pub(crate) const PAGE_ROWS: usize = 20;

pub(crate) struct Machine<M> {
    options: CatchUp,
    /// The most rows that a page has had.
    most_rows: usize,
    /// The first login.
    login: Start,
    /// The rooms the user is in or is to be in again, and when each was entered.
    rooms: HashMap<i64, Start, RandomState>,
    /// What the service has said on this connection.
    clock: Option<Clock>,
    marks: HashMap<Conversation, Mark, RandomState>,
    /// The ends of gaps at which the service had no known row: older rows are never handed over.
    told: HashMap<Conversation, i64, RandomState>,
    /// The time of the newest message handed over.
    newest: Option<i64>,
    /// From a loss until the relogin.
    away: bool,
    /// From a relogin until a list has come, also across losses: up to this time no message is missing except in
    /// backlogs.
    unlisted: Option<i64>,
    /// The time in the question for the latest list.
    from: i64,
    /// The conversations that are behind, or may be.
    backlogs: BTreeMap<Conversation, Backlog<M>>,
    /// The sum for all backlogs.
    held_bytes: usize,
    /// The questions that are still to be asked.
    tasks: VecDeque<Task>,
    running: Option<Running>,
    last_id: u32,
}

/// From when on messages are to be handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// The service has not told its time yet; this is the client's.
    Own(Time),
    /// The service's time.
    At(i64),
}

/// What time it was at the service: at that time of the client's, or a little later.
#[derive(Clone, Copy, Debug)]
struct Clock {
    asked: Time,
    service: i64,
}

impl Clock {
    /// The service's time at a time of the client's: not earlier, and not later by more than a question takes.
    fn at(&self, own: Time) -> i64 {
        let ms = |time: Time| i64::try_from(time / 1_000_000).unwrap_or(i64::MAX);
        let later = ms(own.saturating_sub(self.asked).saturating_add(999_999));
        self.service.saturating_add(later).saturating_sub(ms(self.asked.saturating_sub(own)))
    }

    /// What is sent later is pushed, to a user who was there at that time of the client's and when the service was asked.
    fn pushed(&self, back: Time) -> i64 {
        self.service.max(self.at(back))
    }
}

/// The messages that a conversation is behind with.
struct Backlog<M> {
    stage: Stage,
    /// When a room was entered again, 0 otherwise.
    back: Time,
    held: VecDeque<Pushed<M>>,
    held_bytes: usize,
    /// The missing part that the walks have found so far.
    hole: Option<Hole>,
}

enum Stage {
    /// Pushes are held because the list has not come yet.
    Unlisted,
    /// The room is not entered again yet.
    Outside,
    /// The room is not entered again. The end of the gap has to be asked for.
    Refused,
    /// The room is entered again, and its walk has not begun.
    Entered,
    Walking(Walk),
    /// A loss came before the walk was over or had begun. The value is the part that the walk has to remember.
    Owed(Option<Walk>),
    /// The conversation held too much before the list came: it is not walked in this outage, and its pushes pass.
    GivenUp,
}

/// The purpose of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    Time,
    List,
    Walk(Conversation),
}

struct Running {
    task: Task,
    asked: Time,
    failures: u32,
    state: Asking,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asking {
    /// The machine waits for the answer to that question.
    Sent(u32),
    /// The question is repeated at that time.
    Again(Time),
}

impl<M> Machine<M> {
    pub(crate) fn new(options: CatchUp) -> Machine<M> {
        Machine {
            options,
            most_rows: 0,
            login: Start::Own(0),
            rooms: HashMap::default(),
            clock: None,
            marks: HashMap::default(),
            told: HashMap::default(),
            newest: None,
            away: false,
            unlisted: None,
            from: 0,
            backlogs: BTreeMap::new(),
            held_bytes: 0,
            tasks: VecDeque::new(),
            running: None,
            last_id: 0,
        }
    }

    /// The time for the next [`Input::Due`].
    pub(crate) fn deadline(&self) -> Time {
        match self.running {
            Some(Running { state: Asking::Again(at), .. }) => at,
            _ => NEVER,
        }
    }

    /// Takes one step with `input`. An input that does not fit is ignored, such as an answer from before a loss.
    pub(crate) fn step(&mut self, now: Time, input: Input<M>, out: &mut Vec<Output<M>>) {
        match input {
            Input::LoggedIn => {
                self.end(now, out);
                self.login = Start::Own(now);
                self.tasks.push_back(Task::Time);
            }
            Input::LoggedInAgain { rooms } => self.logged_in_again(now, rooms, out),
            Input::Pushed(push) => self.pushed(push, out),
            Input::Answered { id, answer } => self.answered(now, id, answer, out),
            Input::RoomEntered(rid) => self.room_entered(now, rid, out),
            Input::RoomRefused(rid) => {
                let backlog = self.backlogs.get_mut(&Conversation::Room(rid));
                if let Some(backlog) = backlog.filter(|b| matches!(b.stage, Stage::Outside)) {
                    backlog.stage = Stage::Refused;
                    self.ask_time();
                }
            }
            Input::RoomLeft(rid) => self.forget_room(now, rid, out),
            Input::Lost => self.lost(out),
            Input::Ended => self.end(now, out),
            Input::Due if now >= self.deadline() => self.ask_again(now, out),
            Input::Due => {}
        }
        self.go_on(now, out);
    }

    fn logged_in_again(&mut self, now: Time, rooms: Vec<i64>, out: &mut Vec<Output<M>>) {
        self.lost(out);
        self.away = false;
        let owed = self.owed_since();
        let left: Vec<_> = self.rooms.keys().filter(|rid| !rooms.contains(rid)).copied().collect();
        for rid in left {
            match self.backlogs.get_mut(&Conversation::Room(rid)) {
                Some(backlog) => backlog.stage = Stage::Refused,
                None => self.forget_room(now, rid, out),
            }
        }
        self.backlog(Conversation::Broadcast).stage = Stage::Owed(None);
        for rid in rooms {
            self.rooms.entry(rid).or_insert(Start::Own(now));
            self.backlog(Conversation::Room(rid)).stage = Stage::Outside;
        }
        let floor = self.floor(Conversation::Broadcast);
        let settled = self.newest.map_or(floor, |newest| newest.max(floor));
        let settled = *self.unlisted.get_or_insert(settled);
        let since = owed.map_or(settled, |owed| owed.min(settled));
        // 0 would be the time of the last logout.
        self.from = since.saturating_sub(SLACK).max(1);
        self.tasks.extend([Task::Time, Task::List]);
    }

    /// The time up to which no message is missing in conversations whose walks are owed.
    fn owed_since(&self) -> Option<i64> {
        // There was a list, and up to its time nothing was missing; the mark may be older.
        let listed = Some(self.from).filter(|&from| from > 0)?.saturating_add(SLACK);
        self.backlogs.keys().map(|&conversation| self.mark(conversation).max(listed)).min()
    }

    /// Whether to hand over the push at once. The machine then counts the push as handed over, and
    /// [`step`](Machine::step) must not get the push.
    pub(crate) fn passes<N>(&mut self, push: &Pushed<N>) -> bool {
        let passes = match self.backlogs.get(&push.conversation) {
            _ if self.away => !self.options.mtypes.contains(&push.mtype),
            Some(backlog) => matches!(backlog.stage, Stage::GivenUp),
            None => self.unlisted.is_none(),
        };
        if passes {
            self.handed_over(push);
        }
        passes
    }

    fn pushed(&mut self, push: Pushed<M>, out: &mut Vec<Output<M>>) {
        if self.passes(&push) {
            return out.push(Output::HandOver(push.message));
        }
        if self.away {
            return;
        }
        let conversation = push.conversation;
        self.held_bytes += push.bytes;
        let backlog = self.backlog(conversation);
        backlog.held_bytes += push.bytes;
        backlog.held.push_back(push);
        while self.held_bytes > MOST_HELD {
            let most = self.backlogs.iter().max_by_key(|(_, backlog)| backlog.held_bytes);
            let Some((&conversation, backlog)) = most else { break };
            match (conversation, &backlog.stage) {
                (Conversation::Room(_), Stage::Unlisted) => self.finish(conversation, out),
                _ => self.cut(conversation, out),
            }
            if self.unlisted.is_some() {
                self.backlog(conversation).stage = Stage::GivenUp;
            }
        }
    }

    /// The backlog of the conversation; a new one waits for the list.
    fn backlog(&mut self, conversation: Conversation) -> &mut Backlog<M> {
        self.backlogs.entry(conversation).or_insert_with(|| Backlog {
            stage: Stage::Unlisted,
            back: 0,
            held: VecDeque::new(),
            held_bytes: 0,
            hole: None,
        })
    }

    fn hand_over(&mut self, push: Pushed<M>, out: &mut Vec<Output<M>>) {
        self.handed_over(&push);
        out.push(Output::HandOver(push.message));
    }

    fn handed_over<N>(&mut self, push: &Pushed<N>) {
        if self.options.mtypes.contains(&push.mtype) {
            self.note(push.conversation, push.key());
        }
    }

    /// Moves the mark on to a message that is being handed over.
    fn note(&mut self, conversation: Conversation, (mtime, id): Key) {
        if mtime > 0 {
            self.newest = self.newest.max(Some(mtime));
            let mark = self.marks.entry(conversation);
            mark.and_modify(|mark| mark.note(mtime, id)).or_insert_with(|| Mark::new(mtime, id));
        }
    }

    fn room_entered(&mut self, now: Time, rid: i64, out: &mut Vec<Output<M>>) {
        let conversation = Conversation::Room(rid);
        let backlog = self.backlogs.get(&conversation);
        if backlog.is_some_and(|backlog| matches!(backlog.stage, Stage::Refused)) {
            // By the program, after all.
            self.forget_room(now, rid, out);
        }
        if self.rooms.contains_key(&rid) {
            let backlog = self.backlogs.get_mut(&conversation);
            let outside = backlog.filter(|backlog| matches!(backlog.stage, Stage::Outside));
            let Some(backlog) = outside else { return };
            (backlog.stage, backlog.back) = (Stage::Entered, now);
            self.ask_time();
            return self.tasks.push_back(Task::Walk(conversation));
        }
        // A question for the time that is on its way is too early.
        let asked = self.running.as_ref().map_or(now, |running| running.asked.saturating_add(1));
        self.rooms.insert(rid, Start::Own(now.max(asked)));
        self.ask_time();
    }

    /// Asks for the service's time, before the questions of conversations that wait behind.
    fn ask_time(&mut self) {
        if !self.tasks.contains(&Task::Time) {
            self.tasks.push_back(Task::Time);
        }
    }

    /// The service has told its time, or does not.
    fn timed(&mut self, now: Time, clock: Option<Clock>, out: &mut Vec<Output<M>>) {
        self.clock = clock.or(self.clock);
        let starts = self.rooms.values_mut().chain([&mut self.login]);
        for start in starts {
            match (*start, clock) {
                // What was begun after the question is asked for again.
                (Start::Own(own), Some(clock)) if own <= clock.asked => {
                    *start = Start::At(clock.at(own));
                }
                _ => {}
            }
        }
        if self.tasks.contains(&Task::List) {
            self.ask_from_login(now, out);
        }
        let refused = self.backlogs.iter().filter_map(|(&conversation, backlog)| {
            match (conversation, &backlog.stage) {
                (Conversation::Room(rid), Stage::Refused) => Some(rid),
                _ => None,
            }
        });
        for rid in refused.collect::<Vec<_>>() {
            self.forget_room(now, rid, out);
        }
    }

    /// The list is asked for next, from the first login on at most.
    fn ask_from_login(&mut self, now: Time, out: &mut Vec<Output<M>>) {
        if let (Start::Own(_), Some(newest)) = (self.login, self.newest) {
            self.login = Start::At(newest);
        }
        match self.login {
            Start::At(floor) => {
                self.unlisted = self.unlisted.max(Some(floor));
                self.from = self.from.max(floor.saturating_sub(SLACK));
            }
            Start::Own(_) => {
                self.login = Start::Own(now);
                self.tasks.retain(|task| *task != Task::List);
                self.give_up_list(out);
                self.go_without_list(out);
            }
        }
    }

    fn forget_room(&mut self, now: Time, rid: i64, out: &mut Vec<Output<M>>) {
        let conversation = Conversation::Room(rid);
        self.abandon(now, conversation, out);
        self.rooms.remove(&rid);
        self.marks.remove(&conversation);
        self.told.remove(&conversation);
    }

    fn lost(&mut self, out: &mut Vec<Output<M>>) {
        self.away = true;
        self.running = None;
        self.tasks.clear();
        self.clock = None;
        // No list says of a room that it is behind.
        let rooms = self.backlogs.iter().filter_map(|(conversation, backlog)| {
            let room = matches!(conversation, Conversation::Room(_));
            (room && matches!(backlog.stage, Stage::Unlisted)).then_some(*conversation)
        });
        for room in rooms.collect::<Vec<_>>() {
            self.finish(room, out);
        }
        self.held_bytes = 0;
        let covered = &self.options.mtypes;
        for backlog in self.backlogs.values_mut() {
            backlog.held_bytes = 0;
            let others = backlog.held.drain(..).filter(|push| !covered.contains(&push.mtype));
            out.extend(others.map(|push| Output::HandOver(push.message)));
            match std::mem::replace(&mut backlog.stage, Stage::Unlisted) {
                Stage::Outside | Stage::Refused | Stage::Entered => {
                    backlog.stage = Stage::Owed(None);
                }
                Stage::Walking(walk) => {
                    backlog.stage = Stage::Owed(Some(walk).filter(Walk::expects));
                }
                owed @ Stage::Owed(_) => backlog.stage = owed,
                Stage::Unlisted | Stage::GivenUp => {}
            }
        }
        self.backlogs.retain(|_, backlog| matches!(backlog.stage, Stage::Owed(_)));
    }

    fn end(&mut self, now: Time, out: &mut Vec<Output<M>>) {
        self.give_up_list(out);
        while let Some((&conversation, _)) = self.backlogs.first_key_value() {
            self.abandon(now, conversation, out);
        }
        let options = self.options.clone();
        let Machine { most_rows, last_id, .. } = *self;
        *self = Machine { most_rows, last_id, ..Machine::new(options) };
    }

    fn answered(
        &mut self,
        now: Time,
        id: u32,
        answer: Result<Answer<M>, i32>,
        out: &mut Vec<Output<M>>,
    ) {
        let Some(running) = &mut self.running else { return };
        if running.state != Asking::Sent(id) {
            return;
        }
        let Running { task, asked, .. } = *running;
        match answer {
            Err(code) if may_pass(code) && running.failures < REPEATS => {
                running.failures += 1;
                running.state = Asking::Again(now.saturating_add(PAUSE));
                return;
            }
            _ => self.running = None,
        }
        match (task, answer) {
            (Task::Time, Ok(Answer::ServerTime(service))) => {
                self.timed(now, Some(Clock { asked, service }), out);
            }
            (Task::Time, _) => self.timed(now, None, out),
            (Task::List, Ok(Answer::Unread(list))) => self.listed(list, out),
            (Task::List, _) => {
                self.give_up_list(out);
                self.walk_broadcasts();
                self.walk_marked();
                self.go_without_list(out);
            }
            (Task::Walk(conversation), Ok(Answer::Page(rows))) => {
                self.page(conversation, rows, out);
            }
            (Task::Walk(conversation), _) => self.cut(conversation, out),
        }
    }

    /// The list has come.
    fn listed(&mut self, list: Vec<Unread>, out: &mut Vec<Output<M>>) {
        self.unlisted = None;
        self.walk_broadcasts();
        for unread in list {
            let conversation = unread.conversation;
            match self.backlog(conversation).stage {
                Stage::Unlisted | Stage::Owed(_) => self.walk(conversation, Some(unread)),
                _ => {}
            }
        }
        self.go_without_list(out);
    }

    fn walk_broadcasts(&mut self) {
        if !matches!(self.backlog(Conversation::Broadcast).stage, Stage::GivenUp) {
            self.walk(Conversation::Broadcast, None);
            self.tasks.rotate_right(1);
        }
    }

    /// Walks the conversations that a list might have named, if they have a mark.
    fn walk_marked(&mut self) {
        let listable =
            |c: &Conversation| matches!(c, Conversation::P2p(_) | Conversation::Group(_));
        let mut marked: Vec<_> = self.marks.keys().copied().filter(listable).collect();
        marked.sort_unstable();
        for conversation in marked {
            if !matches!(self.backlog(conversation).stage, Stage::GivenUp) {
                self.walk(conversation, None);
            }
        }
    }

    /// Handles the conversations that the list does not name: walks those with a mark to which messages are owed, and
    /// releases the others.
    fn go_without_list(&mut self, out: &mut Vec<Output<M>>) {
        let conversations: Vec<_> = self.backlogs.keys().copied().collect();
        for conversation in conversations {
            let marked = self.marks.contains_key(&conversation);
            match self.backlog(conversation).stage {
                Stage::Owed(_) if marked => self.walk(conversation, None),
                Stage::Unlisted | Stage::Owed(_) | Stage::GivenUp => self.finish(conversation, out),
                Stage::Outside | Stage::Refused | Stage::Entered | Stage::Walking(_) => {}
            }
        }
    }

    /// Reports that there will be no list, if the machine waited for one.
    fn give_up_list(&mut self, out: &mut Vec<Output<M>>) {
        if self.unlisted.take().is_some() {
            let since = match self.login {
                Start::At(floor) => self.from.max(floor),
                Start::Own(_) => 0,
            };
            let until = self.clock.map(|clock| clock.service.max(since));
            out.push(gap(GapConversation::Unknown, Hole { since, until }));
        }
    }

    fn walk(&mut self, conversation: Conversation, listed: Option<Unread>) {
        let limits = self.limits(conversation);
        let backlog = self.backlog(conversation);
        let before = std::mem::replace(&mut backlog.stage, Stage::Unlisted);
        let walk = match (before, self.marks.get(&conversation)) {
            (Stage::Owed(Some(walk)), Some(mark)) => walk.again(limits.pushed, mark, listed),
            (_, mark) => Walk::new(limits, mark, listed),
        };
        self.backlog(conversation).stage = Stage::Walking(walk);
        self.tasks.push_back(Task::Walk(conversation));
    }

    /// The floor of the conversation, 0 if there is none.
    fn floor(&self, conversation: Conversation) -> i64 {
        let start = match conversation {
            Conversation::Room(rid) => self.rooms.get(&rid).copied().unwrap_or(self.login),
            _ => self.login,
        };
        match start {
            Start::At(time) => time,
            Start::Own(_) => 0,
        }
    }

    fn limits(&self, conversation: Conversation) -> Limits {
        let told = self.told.get(&conversation).copied().unwrap_or(0);
        let floor = self.floor(conversation).max(told);
        let back = self.backlogs.get(&conversation).map_or(0, |backlog| backlog.back);
        let pushed = self.clock.map_or(i64::MAX, |clock| clock.pushed(back));
        Limits { from: self.from, floor, pushed, max_messages: self.options.max_messages }
    }

    fn page(&mut self, conversation: Conversation, rows: Vec<Row<M>>, out: &mut Vec<Output<M>>) {
        self.most_rows = self.most_rows.max(rows.len());
        let Some(mut backlog) = self.backlogs.remove(&conversation) else { return };
        let Stage::Walking(walk) = &mut backlog.stage else { return };
        let mut stopped = None;
        for row in rows {
            match walk.judge(&row, &backlog.held) {
                Verdict::Skip => {}
                Verdict::HandOver => {
                    self.note(conversation, row.key());
                    out.push(Output::HandOver(row.message));
                }
                verdict @ (Verdict::Pushed | Verdict::TooMany) => {
                    stopped = Some(verdict);
                    break;
                }
            }
        }
        let missing = walk.missing();
        let next = if stopped.is_some() { Next::End } else { walk.turn(self.most_rows) };
        let mark = self.marks.get(&conversation).map(|mark| mark.mtime);
        let rest = match (stopped, next) {
            (Some(Verdict::TooMany), _) => Some(walk.rest(mark)),
            (_, Next::End) => walk.short(),
            _ => None,
        };
        for hole in [missing, rest].into_iter().flatten() {
            backlog.add(hole, mark.unwrap_or(0), self.clock);
        }
        self.backlogs.insert(conversation, backlog);
        match next {
            Next::Page => self.tasks.push_front(Task::Walk(conversation)),
            Next::End => self.finish(conversation, out),
            Next::Stuck => self.cut(conversation, out),
        }
    }

    /// Ends the backlog of the conversation: with a gap, unless no message is known to be owed.
    fn abandon(&mut self, now: Time, conversation: Conversation, out: &mut Vec<Output<M>>) {
        let Some(backlog) = self.backlogs.get_mut(&conversation) else { return };
        match &backlog.stage {
            Stage::Unlisted | Stage::GivenUp => self.finish(conversation, out),
            _ => {
                backlog.back = now;
                self.cut(conversation, out);
            }
        }
    }

    /// Ends the backlog of the conversation before all messages are there.
    fn cut(&mut self, conversation: Conversation, out: &mut Vec<Output<M>>) {
        let Limits { from, floor, .. } = self.limits(conversation);
        let mark = self.mark(conversation);
        if let Some(backlog) = self.backlogs.get_mut(&conversation) {
            let since = match &backlog.stage {
                Stage::Walking(walk) | Stage::Owed(Some(walk)) => walk.since(mark),
                _ => from.max(floor).max(mark),
            };
            backlog.add(Hole { since, until: None }, mark, self.clock);
        }
        self.finish(conversation, out);
    }

    /// The time of the mark, 0 if there is none.
    fn mark(&self, conversation: Conversation) -> i64 {
        self.marks.get(&conversation).map_or(0, |mark| mark.mtime)
    }

    /// The conversation is no longer behind: reports the missing part and hands over the held pushes.
    fn finish(&mut self, conversation: Conversation, out: &mut Vec<Output<M>>) {
        let Some(backlog) = self.backlogs.remove(&conversation) else { return };
        let task = Task::Walk(conversation);
        self.tasks.retain(|waiting| *waiting != task);
        self.running = self.running.take().filter(|running| running.task != task);
        if let Some(hole) = backlog.hole {
            out.push(gap(conversation.into(), hole));
            self.settle(conversation, hole, backlog.stage.latest());
        }
        self.held_bytes -= backlog.held_bytes;
        for push in backlog.held {
            self.hand_over(push, out);
        }
    }

    /// Sees to it that no message of the reported gap comes later: moves the mark to the end of the gap, if the service
    /// has a row there.
    fn settle(&mut self, conversation: Conversation, hole: Hole, latest: Option<(i64, i64)>) {
        let Some(until) = hole.until.filter(|&until| until < i64::MAX) else { return };
        let mark = self.mark(conversation);
        match latest {
            Some((row, mtime)) if mtime == until && mark <= until => {
                let mark = self.marks.entry(conversation).or_default();
                mark.tell(until, row);
            }
            _ if mark < until => {
                self.marks.remove(&conversation);
                // At the end itself, others may be sent yet.
                self.told.insert(conversation, until - 1);
            }
            _ => {}
        }
    }

    /// Asks the next question, if no question is open.
    fn go_on(&mut self, now: Time, out: &mut Vec<Output<M>>) {
        while self.running.is_none() {
            let Some(task) = self.tasks.pop_front() else { return };
            if let Task::Walk(room) = task {
                self.begin(room, out);
            }
            self.running = Some(Running { task, asked: now, failures: 0, state: Asking::Again(0) });
            self.ask_again(now, out);
        }
    }

    /// Begins the walk in a room that is entered again, unless nobody knows when it was entered first.
    fn begin(&mut self, conversation: Conversation, out: &mut Vec<Output<M>>) {
        let Conversation::Room(rid) = conversation else { return };
        let backlog = self.backlogs.get(&conversation);
        if !backlog.is_some_and(|backlog| matches!(backlog.stage, Stage::Entered)) {
            return;
        }
        if let Some(Start::Own(_)) = self.rooms.get(&rid) {
            return self.cut(conversation, out);
        }
        let walk = Walk::new(self.limits(conversation), self.marks.get(&conversation), None);
        self.backlog(conversation).stage = Stage::Walking(walk);
    }

    fn ask_again(&mut self, now: Time, out: &mut Vec<Output<M>>) {
        let Some(running) = &mut self.running else { return };
        let question = match running.task {
            Task::Time => Question::ServerTime,
            Task::List => Question::Unread { mtime: self.from },
            Task::Walk(conversation) => match self.backlogs.get(&conversation) {
                Some(Backlog { stage: Stage::Walking(walk), .. }) => walk.question(conversation),
                _ => return self.running = None,
            },
        };
        self.last_id = self.last_id.wrapping_add(1);
        running.asked = now;
        running.state = Asking::Sent(self.last_id);
        out.push(Output::Ask { id: self.last_id, question });
    }
}

impl Stage {
    /// Row and time of the newest message that the list named.
    fn latest(&self) -> Option<(i64, i64)> {
        match self {
            Stage::Walking(walk) => walk.latest(),
            _ => None,
        }
    }
}

impl<M> Backlog<M> {
    /// Widens the hole by another hole. A hole without an end goes up to the newest message in the list or, without a
    /// list, up to the service's time when the user was back; but not further than the first push after the mark, because no message after a push is missing.
    fn add(&mut self, hole: Hole, mark: i64, clock: Option<Clock>) {
        let Hole { since, until } = hole;
        let mut held = self.held.iter().map(|push| push.mtime);
        let first = held.find(|&mtime| mtime >= mark.max(since));
        let until = until.or(self.stage.latest().map(|(_, mtime)| mtime));
        let until = until.or(clock.map(|clock| clock.pushed(self.back)));
        let until = until.into_iter().chain(first).min().unwrap_or(i64::MAX).max(since);
        let before = self.hole.unwrap_or(Hole { since, until: Some(until) });
        let until = before.until.map(|before| until.max(before));
        self.hole = Some(Hole { since: since.min(before.since), until });
    }
}

fn gap<M>(conversation: GapConversation, hole: Hole) -> Output<M> {
    let Hole { since, until } = hole;
    Output::Gap(Gap { conversation, since, until: until.unwrap_or(i64::MAX) })
}

/// Whether the same question may succeed a second later.
fn may_pass(code: i32) -> bool {
    matches!(code, rtm::API_FREQUENCY_LIMITED | fpnn::CORE_TIMEOUT | fpnn::CORE_WORK_QUEUE_FULL)
}

#[cfg(test)]
mod tests;
