//! Messages sent while the connection was lost, fetched after a relogin, as a pure state machine: pushes, answers and ends
//! of connections go in, questions and messages come out.
//!
//! Each message of the types covered that was sent to the user after the floor is handed over once and in its order within
//! its conversation, or lies in a gap that is told. The duplicate filter stands behind the machine and does the rest: a
//! message that the service pushes after having shown it in the history, or pushes twice.
//!
//! * **Mark**: of each conversation the newest message handed over: its time, and sender and mid of all messages of that
//!   time. Only types covered move the mark, and only when they are handed over. A mark takes some hundred bytes and lasts
//!   as long as the session.
//! * **Floor**: the service's time at the first login, of a room at its entering. Older rows are never handed over. Where the
//!   connection is lost before the service has said the time, the newest message handed over stands for it.
//! * **List**: after a relogin the service is asked which conversations have messages newer than the newest one handed over (or
//!   the floor, where that is later; or the start of a walk that is still owed, where that is earlier), less five seconds: so
//!   far may messages of several conversations be out of order.
//! * **Walks**: the conversations in the list are walked one after the other, oldest row first, from the mark on or, without
//!   one, from the list's time; and so are the broadcasts, rooms once they are entered again, and conversations with a mark whose
//!   walk the loss before has broken off. A page begins at the time of the newest row seen, included, and has to show that
//!   row again. So what the service forgets between two pages is noticed as well as what it forgot before the first.
//! * **Held back**: from the relogin on every push, whatever its type, until the list is in; then those of conversations whose
//!   walk is not over. A row whose push is held is left to the push, and the walk is over where it comes to such a row.
//! * **Away**: what is pushed between a loss and the relogin, by a service that says that before it answers the login, is
//!   dropped if its type is covered: it lies behind what was missed, and the walk brings it.
//! * **Loss**: a held push of a type covered is dropped, as the next walk brings it; others are handed over. Walks start over from
//!   the marks. What the list had counted of a conversation without a mark still has to come.
//!
//! A gap is told at the end of its walk, before what is held: one for each conversation and outage, from the first message that
//! may be missing to the last. There is one where
//!
//! * a page did not show a row again, and nothing in it is old enough to say that all is there;
//! * of a conversation without a mark fewer rows came than the list had counted;
//! * there were more than may be handed over. Without a mark it begins at the list's time, as the first may be missing too;
//! * a page could not be had, or more than 4 MiB were held and this conversation had the most of it;
//! * a room was not entered again, was left before its walk was over, or lost before the service had said when it was
//!   entered;
//! * the session ended before the walk was over.
//!
//! [`GapConversation::Unknown`] is where no conversation can be named: the list could not be had or the session ended before
//! it was in; or the connection was lost before there was a floor or a message to stand for it.
//!
//! What cannot be known: what the service had forgotten before it was asked of a conversation that has no mark, or that the
//! list does not name. And where a gap is told, whether something is missing, if the message at the mark itself is
//! forgotten, or one that was counted is deleted before the walk, or pushed and forgotten.

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

/// How long before a question is asked again.
const PAUSE: Time = 1_000_000_000;
/// How often a question is asked again.
const REPEATS: u32 = 3;
/// By how much, in milliseconds, messages of several conversations may be out of order.
const SLACK: i64 = 5000;
/// How many bytes of pushes are held.
const MOST_HELD: usize = 4 * 1024 * 1024;
/// How many rows a page has: the most the service gives.
pub(crate) const PAGE_ROWS: usize = 20;

pub(crate) struct Machine<M> {
    options: CatchUp,
    page_rows: usize,
    /// The service's time at the first login.
    floor: Option<i64>,
    /// The rooms the user is in or is to be in again, and the service's time when each was entered.
    rooms: HashMap<i64, Option<i64>, RandomState>,
    marks: HashMap<Conversation, Mark, RandomState>,
    /// The time of the newest message handed over.
    newest: Option<i64>,
    /// From a loss until the relogin.
    away: bool,
    /// From a relogin until a list is in, also across losses: up to this time nothing is missing apart from backlogs.
    unlisted: Option<i64>,
    /// The time the latest list was asked with.
    from: i64,
    /// The conversations that are behind, or may be.
    backlogs: BTreeMap<Conversation, Backlog<M>>,
    /// Of all backlogs.
    held_bytes: usize,
    /// What is still to be asked for.
    tasks: VecDeque<Task>,
    running: Option<Running>,
    last_id: u32,
}

/// What a conversation is behind with.
struct Backlog<M> {
    stage: Stage,
    held: VecDeque<Pushed<M>>,
    held_bytes: usize,
    /// What its walks have found missing so far.
    hole: Option<Hole>,
}

enum Stage {
    /// Pushes are held because the list is not in.
    Unlisted,
    /// The room is not entered again yet.
    Outside,
    Walking(Walk),
    /// A loss has come before the walk was over or had begun. With it what the walk has to remember.
    Owed(Option<Walk>),
    /// It held too much before the list was in: it is not walked in this outage, and pushes pass.
    GivenUp,
}

/// What a question is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    Floor,
    RoomFloor(i64),
    List,
    Walk(Conversation),
}

struct Running {
    task: Task,
    failures: u32,
    state: Asking,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asking {
    /// The answer to that question is awaited.
    Sent(u32),
    /// It is asked again at that time.
    Again(Time),
}

impl<M> Machine<M> {
    pub(crate) fn new(options: CatchUp) -> Machine<M> {
        Machine {
            options,
            page_rows: PAGE_ROWS,
            floor: None,
            rooms: HashMap::default(),
            marks: HashMap::default(),
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

    /// When [`Input::Due`] is to be given next.
    pub(crate) fn deadline(&self) -> Time {
        match self.running {
            Some(Running { state: Asking::Again(at), .. }) => at,
            _ => NEVER,
        }
    }

    /// Goes on from `input`; what does not fit is ignored, such as an answer from before a loss.
    pub(crate) fn step(&mut self, now: Time, input: Input<M>, out: &mut Vec<Output<M>>) {
        match input {
            Input::LoggedIn => {
                self.end(out);
                self.tasks.push_back(Task::Floor);
            }
            Input::LoggedInAgain { rooms } => self.logged_in_again(rooms, out),
            Input::Pushed(push) => self.pushed(push, out),
            Input::Answered { id, answer } => self.answered(now, id, answer, out),
            Input::RoomEntered(rid) => self.room_entered(rid, out),
            Input::RoomRefused(rid) => {
                let backlog = self.backlogs.get(&Conversation::Room(rid));
                if backlog.is_some_and(|backlog| matches!(backlog.stage, Stage::Outside)) {
                    self.forget_room(rid, out);
                }
            }
            Input::RoomLeft(rid) => self.forget_room(rid, out),
            Input::Lost => self.lost(out),
            Input::Ended => self.end(out),
            Input::Due if now >= self.deadline() => self.ask_again(out),
            Input::Due => {}
        }
        self.go_on(out);
    }

    fn logged_in_again(&mut self, rooms: Vec<i64>, out: &mut Vec<Output<M>>) {
        self.lost(out);
        self.away = false;
        self.floor = self.floor.or(self.newest);
        let owed = self.owed_since();
        let left: Vec<_> = self.rooms.keys().filter(|rid| !rooms.contains(rid)).copied().collect();
        for rid in left {
            self.forget_room(rid, out);
        }
        for &rid in &rooms {
            self.rooms.entry(rid).or_default();
            self.backlog(Conversation::Room(rid)).stage = Stage::Outside;
        }
        let Some(floor) = self.floor else {
            let hole = Hole { since: 0, until: None };
            out.push(gap(GapConversation::Unknown, hole));
            for rid in rooms {
                self.rooms.insert(rid, None);
                self.backlog(Conversation::Room(rid)).hole = Some(hole);
            }
            return self.tasks.push_back(Task::Floor);
        };
        let settled = self.newest.map_or(floor, |newest| newest.max(floor));
        let settled = *self.unlisted.get_or_insert(settled);
        let since = owed.map_or(settled, |owed| owed.min(settled));
        // 0 would be the time of the last logout.
        self.from = since.saturating_sub(SLACK).max(1);
        self.tasks.push_back(Task::List);
        self.walk(Conversation::Broadcast, None);
    }

    /// Up to when nothing is missing in conversations whose walks are owed.
    fn owed_since(&self) -> Option<i64> {
        // There was a list, and up to its time nothing was missing; the mark may be older.
        let listed = Some(self.from).filter(|&from| from > 0)?.saturating_add(SLACK);
        self.backlogs.keys().map(|&conversation| self.mark(conversation).max(listed)).min()
    }

    /// Whether the push is to be handed over at once: then the machine counts it as handed over, and it is not for
    /// [`step`](Machine::step).
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

    fn room_entered(&mut self, rid: i64, out: &mut Vec<Output<M>>) {
        let conversation = Conversation::Room(rid);
        let Some(floor) = self.rooms.get(&rid) else {
            self.rooms.insert(rid, None);
            self.marks.remove(&conversation);
            return self.tasks.push_front(Task::RoomFloor(rid));
        };
        let has_floor = floor.is_some();
        match self.backlogs.get(&conversation) {
            Some(Backlog { stage: Stage::Outside, .. }) if has_floor => {
                self.walk(conversation, None);
            }
            // The connection was lost before the service had said when the room was entered.
            Some(Backlog { stage: Stage::Outside, .. }) => {
                self.cut(conversation, out);
                self.tasks.push_front(Task::RoomFloor(rid));
            }
            _ => {}
        }
    }

    fn forget_room(&mut self, rid: i64, out: &mut Vec<Output<M>>) {
        let conversation = Conversation::Room(rid);
        self.abandon(conversation, out);
        self.rooms.remove(&rid);
        self.marks.remove(&conversation);
    }

    fn lost(&mut self, out: &mut Vec<Output<M>>) {
        self.away = true;
        self.running = None;
        self.tasks.clear();
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
                Stage::Outside => backlog.stage = Stage::Owed(None),
                Stage::Walking(walk) => {
                    backlog.stage = Stage::Owed(Some(walk).filter(Walk::expects));
                }
                owed @ Stage::Owed(_) => backlog.stage = owed,
                Stage::Unlisted | Stage::GivenUp => {}
            }
        }
        self.backlogs.retain(|_, backlog| matches!(backlog.stage, Stage::Owed(_)));
    }

    fn end(&mut self, out: &mut Vec<Output<M>>) {
        self.give_up_list(out);
        while let Some((&conversation, _)) = self.backlogs.first_key_value() {
            self.abandon(conversation, out);
        }
        let options = self.options.clone();
        let Machine { page_rows, last_id, .. } = *self;
        *self = Machine { page_rows, last_id, ..Machine::new(options) };
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
        let task = running.task;
        match answer {
            Err(code) if may_pass(code) && running.failures < REPEATS => {
                running.failures += 1;
                running.state = Asking::Again(now.saturating_add(PAUSE));
                return;
            }
            _ => self.running = None,
        }
        match (task, answer) {
            (Task::Floor, Ok(Answer::ServerTime(time))) => self.floor = Some(time),
            (Task::RoomFloor(rid), Ok(Answer::ServerTime(time))) => {
                self.rooms.entry(rid).and_modify(|floor| *floor = Some(time));
            }
            (Task::Floor | Task::RoomFloor(_), _) => {}
            (Task::List, Ok(Answer::Unread(list))) => self.listed(list, out),
            (Task::List, _) => {
                self.give_up_list(out);
                self.go_without_list(out);
            }
            (Task::Walk(conversation), Ok(Answer::Page(rows))) => {
                self.page(conversation, rows, out);
            }
            (Task::Walk(conversation), _) => self.cut(conversation, out),
        }
    }

    /// The list is in.
    fn listed(&mut self, list: Vec<Unread>, out: &mut Vec<Output<M>>) {
        self.unlisted = None;
        for unread in list {
            let conversation = unread.conversation;
            match self.backlog(conversation).stage {
                Stage::Unlisted | Stage::Owed(_) => self.walk(conversation, Some(unread)),
                Stage::Outside | Stage::Walking(_) | Stage::GivenUp => {}
            }
        }
        self.go_without_list(out);
    }

    /// Deals with the conversations that no list names: walks what it owes to one with a mark, and holds back no other.
    fn go_without_list(&mut self, out: &mut Vec<Output<M>>) {
        let conversations: Vec<_> = self.backlogs.keys().copied().collect();
        for conversation in conversations {
            let marked = self.marks.contains_key(&conversation);
            match self.backlog(conversation).stage {
                Stage::Owed(_) if marked => self.walk(conversation, None),
                Stage::Unlisted | Stage::Owed(_) | Stage::GivenUp => self.finish(conversation, out),
                Stage::Outside | Stage::Walking(_) => {}
            }
        }
    }

    /// Tells that there will be no list, if one was awaited.
    fn give_up_list(&mut self, out: &mut Vec<Output<M>>) {
        if self.unlisted.take().is_some() {
            let since = self.from.max(self.floor.unwrap_or(0));
            out.push(gap(GapConversation::Unknown, Hole { since, until: None }));
        }
    }

    fn walk(&mut self, conversation: Conversation, listed: Option<Unread>) {
        let limits = self.limits(conversation);
        let backlog = self.backlog(conversation);
        let before = std::mem::replace(&mut backlog.stage, Stage::Unlisted);
        let walk = match (before, self.marks.get(&conversation)) {
            (Stage::Owed(Some(walk)), Some(mark)) => walk.again(mark, listed),
            (_, mark) => Walk::new(limits, mark, listed),
        };
        self.backlog(conversation).stage = Stage::Walking(walk);
        self.tasks.push_back(Task::Walk(conversation));
    }

    fn limits(&self, conversation: Conversation) -> Limits {
        let floor = match conversation {
            Conversation::Room(rid) => self.rooms.get(&rid).copied().flatten().or(self.floor),
            _ => self.floor,
        };
        let Machine { from, page_rows, .. } = *self;
        let max_messages = self.options.max_messages;
        Limits { from, floor: floor.unwrap_or(0), max_messages, page_rows }
    }

    fn page(&mut self, conversation: Conversation, rows: Vec<Row<M>>, out: &mut Vec<Output<M>>) {
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
        let next = if stopped.is_some() { Next::End } else { walk.turn() };
        let mark = self.marks.get(&conversation).map(|mark| mark.mtime);
        let rest = match (stopped, next) {
            (Some(Verdict::TooMany), _) => Some(walk.rest(mark)),
            (_, Next::End) => walk.short(),
            _ => None,
        };
        for hole in [missing, rest].into_iter().flatten() {
            backlog.add(hole, mark.unwrap_or(0));
        }
        self.backlogs.insert(conversation, backlog);
        match next {
            Next::Page => self.tasks.push_front(Task::Walk(conversation)),
            Next::End => self.finish(conversation, out),
            Next::Stuck => self.cut(conversation, out),
        }
    }

    /// Ends what is being done about the conversation: with a gap, unless nothing is known to be owed to it.
    fn abandon(&mut self, conversation: Conversation, out: &mut Vec<Output<M>>) {
        match self.backlogs.get(&conversation).map(|backlog| &backlog.stage) {
            Some(Stage::Outside | Stage::Walking(_) | Stage::Owed(_)) => {
                self.cut(conversation, out)
            }
            Some(Stage::Unlisted | Stage::GivenUp) => self.finish(conversation, out),
            None => {}
        }
    }

    /// Ends what is being done about the conversation before all is there.
    fn cut(&mut self, conversation: Conversation, out: &mut Vec<Output<M>>) {
        let Limits { from, floor, .. } = self.limits(conversation);
        let mark = self.mark(conversation);
        if let Some(backlog) = self.backlogs.get_mut(&conversation) {
            let since = match &backlog.stage {
                Stage::Walking(walk) | Stage::Owed(Some(walk)) => walk.since(mark),
                _ => from.max(floor).max(mark),
            };
            backlog.add(Hole { since, until: None }, mark);
        }
        self.finish(conversation, out);
    }

    /// The time of the mark, 0 if there is none.
    fn mark(&self, conversation: Conversation) -> i64 {
        self.marks.get(&conversation).map_or(0, |mark| mark.mtime)
    }

    /// The conversation is no longer behind: tells what is missing and hands over what is held.
    fn finish(&mut self, conversation: Conversation, out: &mut Vec<Output<M>>) {
        let Some(backlog) = self.backlogs.remove(&conversation) else { return };
        let task = Task::Walk(conversation);
        self.tasks.retain(|waiting| *waiting != task);
        self.running = self.running.take().filter(|running| running.task != task);
        if let Some(hole) = backlog.hole {
            out.push(gap(conversation.into(), hole));
        }
        self.held_bytes -= backlog.held_bytes;
        for push in backlog.held {
            self.hand_over(push, out);
        }
    }

    /// Asks the next question, if none is being asked.
    fn go_on(&mut self, out: &mut Vec<Output<M>>) {
        if self.running.is_none() {
            if let Some(task) = self.tasks.pop_front() {
                self.running = Some(Running { task, failures: 0, state: Asking::Again(0) });
                self.ask_again(out);
            }
        }
    }

    fn ask_again(&mut self, out: &mut Vec<Output<M>>) {
        let Some(running) = &mut self.running else { return };
        let question = match running.task {
            Task::Floor | Task::RoomFloor(_) => Question::ServerTime,
            Task::List => Question::Unread { mtime: self.from },
            Task::Walk(conversation) => match self.backlogs.get(&conversation) {
                Some(Backlog { stage: Stage::Walking(walk), .. }) => walk.question(conversation),
                _ => return self.running = None,
            },
        };
        self.last_id = self.last_id.wrapping_add(1);
        running.state = Asking::Sent(self.last_id);
        out.push(Output::Ask { id: self.last_id, question });
    }
}

impl<M> Backlog<M> {
    /// Widens the hole by another. Without an end this one goes up to the newest message in the list; where there was no list,
    /// up to what was pushed first after the mark, for nothing behind a push is missing.
    fn add(&mut self, hole: Hole, mark: i64) {
        let Hole { since, until } = hole;
        let listed = match &self.stage {
            Stage::Walking(walk) => walk.latest(),
            _ => None,
        };
        let mut held = self.held.iter().map(|push| push.mtime);
        let until = until.or(listed).or_else(|| held.find(|&mtime| mtime > mark.max(since)));
        let until = until.unwrap_or(i64::MAX).max(since);
        let before = self.hole.unwrap_or(Hole { since, until: Some(until) });
        let until = before.until.map(|before| until.max(before));
        self.hole = Some(Hole { since: since.min(before.since), until });
    }
}

fn gap<M>(conversation: GapConversation, hole: Hole) -> Output<M> {
    let Hole { since, until } = hole;
    Output::Gap(Gap { conversation, since, until: until.unwrap_or(i64::MAX) })
}

/// Whether a question may have an answer a second later.
fn may_pass(code: i32) -> bool {
    matches!(code, rtm::API_FREQUENCY_LIMITED | fpnn::CORE_TIMEOUT | fpnn::CORE_WORK_QUEUE_FULL)
}

#[cfg(test)]
mod tests;
