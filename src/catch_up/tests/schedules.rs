//! Random schedules of a service, a network and a user: each message comes once and in order, or a gap tells of it.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;
use crate::testing::few_or_many;

/// What a schedule is made of: two bytes a step.
type Schedule = Vec<(u8, u8)>;

const ME: i64 = 1;
const CONVERSATIONS: [Conversation; 6] = [
    Conversation::P2p(2),
    Conversation::P2p(3),
    Conversation::Group(10),
    Conversation::Room(20),
    Conversation::Room(21),
    Conversation::Broadcast,
];
const CHAT: i64 = 30;
const OTHER: i64 = 66;
const NOT_IN_ROOM: i32 = 200040;
const FORBIDDEN: i32 = 20013;

/// What the machine carries about.
#[derive(Clone, Copy, Debug)]
struct Tag {
    message: usize,
    /// Whether it was a row of a history.
    row: bool,
    /// Whether the row said that the message was deleted.
    deleted: bool,
}

#[derive(Debug)]
struct Message {
    conversation: Conversation,
    from: i64,
    mid: i64,
    mtype: i64,
    mtime: i64,
    excluded: bool,
    deleted: bool,
    forgotten: bool,
    /// The stay it was sent in, if any.
    stay: Option<usize>,
    /// Whether the client can be held to it: its push has come, or the user has come back since.
    due: bool,
    /// Whether its push has come.
    came: bool,
    /// Whether nobody can know of it.
    excused: bool,
    handed_over: bool,
}

/// A time in which the user is there, or in a room, or is to be again.
#[derive(Debug, Default)]
struct Stay {
    /// Whether the client knows.
    known: bool,
}

#[derive(Debug)]
enum Up {
    Question(u32, Question),
    Enter(i64),
    Leave(i64),
}

#[derive(Debug)]
enum Down {
    LoggedIn { stay: usize, sent: usize },
    Push(usize),
    Answer(u32, Result<Answer<Tag>, i32>),
    Entered { rid: i64, stay: Option<usize>, sent: usize },
    Left { rid: i64, stay: Option<usize> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Down,
    /// The service has answered the login.
    Up,
    /// Nothing gets through any more, and the service has not noticed.
    HalfOpen,
}

struct Plan {
    /// How many rows of a conversation the service keeps.
    kept: usize,
    /// Whether a push may come after an answer that was given later.
    late_pushes: bool,
}

struct World {
    machine: Machine<Tag>,
    plan: Plan,
    clock: Time,
    /// The service's, in milliseconds.
    now: i64,
    messages: Vec<Message>,
    stays: Vec<Stay>,
    /// Where the user is, as the service has it; he comes back after a loss.
    staying: HashMap<Option<i64>, usize>,
    link: Link,
    /// The first message sent since the login of this connection.
    logged_in_at: usize,
    inside: HashSet<i64>,
    down: VecDeque<Down>,
    up: VecDeque<Up>,
    /// Pushes on their way.
    late: VecDeque<(i64, usize)>,
    /// The client: whether its login has succeeded, whether this connection's has, and its rooms.
    established: bool,
    connected: bool,
    rooms: Vec<i64>,
    gaps: Vec<(Gap, usize)>,
    /// Where a gap was told in this outage.
    told: HashSet<Conversation>,
    /// Where a page was asked for that began at a message since forgotten, or one was deleted that a list may have counted.
    unsure: HashSet<Conversation>,
    deleted: HashSet<Conversation>,
    /// Where the first page of this outage was given.
    paged: HashSet<Conversation>,
    /// What may be held once the list is in.
    may_walk: HashSet<Conversation>,
    /// The floors before this step, in the order of the conversations.
    floors: Vec<i64>,
    /// Where a gap needs no reason in this step: everywhere, or there.
    free: Option<Option<Conversation>>,
}

fn covered(mtype: i64) -> bool {
    (30..=50).contains(&mtype)
}

fn listable(conversation: Conversation) -> bool {
    matches!(conversation, Conversation::P2p(_) | Conversation::Group(_))
}

impl Message {
    /// Whether catching up is to bring it.
    fn wanted(&self) -> bool {
        covered(self.mtype) && self.from != ME && !self.excluded && !self.deleted
    }
}

impl World {
    fn new(plan: Plan, max_messages: usize, page_rows: usize) -> World {
        let options = CatchUp::new().max_messages(max_messages);
        World {
            machine: Machine { page_rows, ..Machine::new(options) },
            plan,
            clock: 0,
            now: 100_000,
            messages: Vec::new(),
            stays: Vec::new(),
            staying: HashMap::new(),
            link: Link::Down,
            logged_in_at: 0,
            inside: HashSet::new(),
            down: VecDeque::new(),
            up: VecDeque::new(),
            late: VecDeque::new(),
            established: false,
            connected: false,
            rooms: Vec::new(),
            gaps: Vec::new(),
            told: HashSet::new(),
            unsure: HashSet::new(),
            deleted: HashSet::new(),
            paged: HashSet::new(),
            may_walk: HashSet::new(),
            floors: vec![0; CONVERSATIONS.len()],
            free: None,
        }
    }

    fn act(&mut self, (what, how): (u8, u8)) -> Result<(), TestCaseError> {
        let n = usize::from(how);
        match what {
            0..70 => self.send(how),
            70..80 => self.pass([0, 1, 1, 2, 40, 900, 1900, 6000][n % 8]),
            80..84 => self.delete(n),
            84..140 => self.read()?,
            140..196 => self.serve(how),
            196..208 => {
                self.pass(1000);
                if self.machine.deadline() != NEVER {
                    self.clock = self.clock.max(self.machine.deadline());
                }
                self.input(Input::Due)?;
            }
            208..212 => self.clock += Time::from(how) * PAUSE / 128,
            212..216 if self.link == Link::Up => self.link = Link::HalfOpen,
            216..224 => self.lose()?,
            224..238 => self.log_in(),
            238..246 if self.connected => self.up.push_back(Up::Enter(20 + (n % 2) as i64)),
            246..249 if self.connected => self.up.push_back(Up::Leave(20 + (n % 2) as i64)),
            249..252 => self.kick_from_room(20 + (n % 2) as i64),
            252..254 => self.end()?,
            _ => {}
        }
        Ok(())
    }

    /// Time passes at the service; pushes on their way for long arrive.
    fn pass(&mut self, ms: i64) {
        self.now += ms;
        while self.late.front().is_some_and(|(sent, _)| self.now - sent > 2000) {
            self.push_late();
        }
    }

    fn push_late(&mut self) {
        if let Some((_, message)) = self.late.pop_front() {
            self.down.push_back(Down::Push(message));
        }
    }

    fn send(&mut self, how: u8) {
        let conversation = CONVERSATIONS[usize::from(how) % CONVERSATIONS.len()];
        let kind = how / 6;
        let rows = |now| {
            self.messages.iter().filter(move |m| m.conversation == conversation && m.mtime == now)
        };
        // More of one moment than a page holds is tested by itself.
        if rows(self.now).count() + 1 >= self.machine.page_rows {
            self.now += 1;
        }
        let own = kind % 8 == 1;
        let peer = match conversation {
            Conversation::P2p(peer) => peer,
            _ => 5 + i64::from(kind % 2),
        };
        let kept: Vec<_> = self.log(conversation).map(|(id, _)| id).collect();
        for id in kept.iter().rev().skip(self.plan.kept - 1) {
            self.messages[*id].forgotten = true;
        }
        let room = match conversation {
            Conversation::Room(rid) => Some(rid),
            _ => None,
        };
        let from = if own { ME } else { peer };
        self.messages.push(Message {
            conversation,
            from,
            mid: self.messages.len() as i64 + 1000,
            mtype: if kind % 8 == 2 { OTHER } else { CHAT },
            mtime: self.now,
            excluded: kind % 8 == 3,
            deleted: false,
            forgotten: false,
            stay: self.staying.get(&room).copied(),
            due: false,
            came: false,
            excused: false,
            handed_over: false,
        });
        let reached = room.is_none_or(|rid| self.inside.contains(&rid));
        let pushed = from != ME || conversation == Conversation::Broadcast;
        if self.link == Link::Up && reached && pushed {
            self.late.push_back((self.now, self.messages.len() - 1));
            if !self.plan.late_pushes {
                self.push_late();
            }
        }
    }

    /// The rows of a conversation that the service still has.
    fn log(&self, conversation: Conversation) -> impl Iterator<Item = (usize, &Message)> {
        let all = self.messages.iter().enumerate();
        all.filter(move |(_, m)| m.conversation == conversation && !m.forgotten)
    }

    fn delete(&mut self, n: usize) {
        let back = self.messages.len().checked_sub(1 + n % 16);
        if let Some(message) = back.and_then(|at| self.messages.get_mut(at)) {
            message.deleted = true;
            self.deleted.insert(message.conversation);
        }
    }

    fn log_in(&mut self) {
        if self.link != Link::Down {
            return;
        }
        self.link = Link::Up;
        let sent = self.messages.len();
        self.logged_in_at = sent;
        let before = self.staying.get(&None).copied();
        let stay = match before.filter(|&stay| self.established && self.stays[stay].known) {
            Some(stay) => stay,
            None => self.stay(None),
        };
        self.down.push_back(Down::LoggedIn { stay, sent });
    }

    fn stay(&mut self, room: Option<i64>) -> usize {
        self.stays.push(Stay::default());
        let stay = self.stays.len() - 1;
        self.staying.insert(room, stay);
        stay
    }

    fn kick_from_room(&mut self, rid: i64) {
        if self.inside.remove(&rid) {
            let stay = self.staying.remove(&Some(rid));
            self.answer(Down::Left { rid, stay });
        }
    }

    /// Sends something to the client, if it gets there.
    fn answer(&mut self, down: Down) {
        if self.link == Link::Up {
            self.down.push_back(down);
        }
    }

    /// The service does what it was asked first.
    fn serve(&mut self, how: u8) {
        if how % 4 == 0 {
            self.push_late();
        }
        if self.link == Link::Down {
            return self.log_in();
        }
        if self.link == Link::HalfOpen {
            return;
        }
        let sent = self.messages.len();
        match self.up.pop_front() {
            None => {}
            Some(Up::Enter(rid)) if how % 8 == 1 && !self.inside.contains(&rid) => {
                self.staying.remove(&Some(rid));
                self.answer(Down::Entered { rid, stay: None, sent });
            }
            Some(Up::Enter(rid)) => {
                let before = self.staying.get(&Some(rid)).copied();
                let inside = !self.inside.insert(rid);
                let stay = match before.filter(|&stay| inside || self.stays[stay].known) {
                    Some(stay) => stay,
                    None => self.stay(Some(rid)),
                };
                self.answer(Down::Entered { rid, stay: Some(stay), sent });
            }
            Some(Up::Leave(rid)) => {
                let stay = self.staying.remove(&Some(rid));
                self.inside.remove(&rid);
                self.answer(Down::Left { rid, stay });
            }
            Some(Up::Question(id, question)) => {
                let codes = [
                    rtm::API_FREQUENCY_LIMITED,
                    fpnn::CORE_TIMEOUT,
                    fpnn::CORE_WORK_QUEUE_FULL,
                    fpnn::CORE_SERVER_STOPPING,
                    FORBIDDEN,
                ];
                let answer = match how {
                    0..32 => Err(codes[usize::from(how) % 3]),
                    32..38 => Err(codes[usize::from(how) % 5]),
                    _ => self.give(question),
                };
                self.answer(Down::Answer(id, answer));
            }
        }
    }

    fn give(&mut self, question: Question) -> Result<Answer<Tag>, i32> {
        match question {
            Question::ServerTime => Ok(Answer::ServerTime(self.now)),
            Question::Unread { mtime } => Ok(Answer::Unread(self.unread(mtime))),
            Question::Page { conversation: Conversation::Room(rid), .. }
                if !self.inside.contains(&rid) =>
            {
                Err(NOT_IN_ROOM)
            }
            Question::Page { conversation, begin, lastid } => {
                Ok(Answer::Page(self.page(conversation, begin, lastid)))
            }
        }
    }

    fn unread(&mut self, since: i64) -> Vec<Unread> {
        let mut list = Vec::new();
        for conversation in CONVERSATIONS.into_iter().filter(|&c| listable(c)) {
            let newer = |m: &Message| covered(m.mtype) && !m.deleted && m.mtime > since;
            let newer: Vec<_> = self.log(conversation).filter(|(_, m)| newer(m)).collect();
            let count = newer.iter().filter(|(_, m)| m.from != ME).count() as i64;
            let last = newer.last().map(|(id, m)| (*id as i64 + 1, m.mtime));
            if count > 0 {
                list.push(Unread { conversation, count, last });
            }
            let backlog = self.machine.backlogs.get(&conversation);
            let owed = matches!(backlog, Some(Backlog { stage: Stage::Owed(_), .. }));
            if backlog.is_none() {
                self.deleted.remove(&conversation);
            }
            let marked = self.machine.marks.contains_key(&conversation);
            if !marked || (count == 0 && !owed) {
                self.excuse(conversation);
            }
        }
        list
    }

    /// Nobody can know any more what the service has forgotten of the conversation.
    fn excuse(&mut self, conversation: Conversation) {
        let messages = self.messages.iter_mut();
        for message in messages.filter(|m| m.conversation == conversation && m.forgotten) {
            message.excused = true;
        }
    }

    fn page(&mut self, conversation: Conversation, begin: i64, lastid: i64) -> Vec<Row<Tag>> {
        let marked = self.machine.marks.contains_key(&conversation);
        if self.paged.insert(conversation) && !marked && !listable(conversation) {
            self.excuse(conversation);
        }
        // What was counted and forgotten may be what was not to be handed over, or was pushed.
        let old = self.machine.from + 1..=self.machine.limits(conversation).floor;
        let forgotten = self.messages.iter().enumerate().filter(|(_, m)| m.forgotten);
        let mut there = forgotten.filter(|(_, m)| m.conversation == conversation);
        let pushed = self.logged_in_at..;
        if there.any(|(at, m)| m.mtime == begin || old.contains(&m.mtime) || pushed.contains(&at)) {
            self.unsure.insert(conversation);
        }
        let rows = self
            .log(conversation)
            .filter(|(id, m)| covered(m.mtype) && m.mtime >= begin && *id as i64 + 1 > lastid);
        let row = |(id, m): (usize, &Message)| Row {
            id: id as i64 + 1,
            from: m.from,
            mid: m.mid,
            mtime: m.mtime,
            own: m.from == ME,
            deleted: m.deleted,
            excluded: m.excluded,
            message: Tag { message: id, row: true, deleted: m.deleted },
        };
        rows.take(self.machine.page_rows).map(row).collect()
    }

    /// The client reads what came first.
    fn read(&mut self) -> Result<(), TestCaseError> {
        match self.down.pop_front() {
            None => Ok(()),
            Some(Down::LoggedIn { stay, sent }) => self.logged_in(stay, sent),
            Some(Down::Push(message)) => self.pushed(message),
            Some(Down::Answer(id, answer)) => self.answered(id, answer),
            Some(Down::Entered { rid, stay, sent }) => self.entered(rid, stay, sent),
            Some(Down::Left { rid, stay }) => {
                self.rooms.retain(|room| *room != rid);
                // What is still on its way may come or not.
                let room = Conversation::Room(rid);
                let left = self.messages.iter_mut().filter(|m| m.conversation == room && !m.due);
                left.filter(|m| m.stay == stay).for_each(|message| message.stay = None);
                self.settle(room);
                self.free = Some(Some(Conversation::Room(rid)));
                self.input(Input::RoomLeft(rid))
            }
        }
    }

    fn logged_in(&mut self, stay: usize, sent: usize) -> Result<(), TestCaseError> {
        self.connected = true;
        self.stays[stay].known = true;
        self.told.clear();
        self.paged.clear();
        self.unsure.retain(|conversation| self.machine.backlogs.contains_key(conversation));
        if !std::mem::replace(&mut self.established, true) {
            return self.input(Input::LoggedIn);
        }
        self.messages[..sent].iter_mut().for_each(|message| message.due = true);
        self.may_walk = self.machine.backlogs.keys().copied().collect();
        self.may_walk.insert(Conversation::Broadcast);
        self.may_walk.extend(self.rooms.iter().map(|&rid| Conversation::Room(rid)));
        // Without a floor there is a gap of no conversation.
        self.free = Some(None);
        let rooms = self.rooms.clone();
        self.input(Input::LoggedInAgain { rooms: rooms.clone() })?;
        self.up.extend(rooms.into_iter().map(Up::Enter));
        Ok(())
    }

    fn pushed(&mut self, message: usize) -> Result<(), TestCaseError> {
        let sent = &mut self.messages[message];
        (sent.due, sent.came) = (true, true);
        let (conversation, before) = (sent.conversation, sent.handed_over);
        let bytes = match message % 16 {
            3 => MOST_HELD,
            6 | 9 => MOST_HELD / 3,
            _ => 100,
        };
        let push = Pushed {
            conversation,
            from: sent.from,
            mid: sent.mid,
            mtype: sent.mtype,
            mtime: sent.mtime,
            bytes,
            message: Tag { message, row: false, deleted: false },
        };
        if self.machine.held_bytes + push.bytes > MOST_HELD {
            self.free = Some(None);
        }
        self.input(Input::Pushed(push))?;
        let held =
            self.machine.backlogs.get(&conversation).is_some_and(|backlog| {
                backlog.held.iter().any(|push| push.message.message == message)
            });
        prop_assert!(held || before || self.messages[message].handed_over, "a push vanished");
        Ok(())
    }

    fn answered(&mut self, id: u32, answer: Result<Answer<Tag>, i32>) -> Result<(), TestCaseError> {
        let asked = self.machine.running.as_ref();
        let task = asked.filter(|r| r.state == Asking::Sent(id)).map(|r| (r.task, r.failures));
        if let (Some((task, failures)), Err(code)) = (task, &answer) {
            if !may_pass(*code) || failures == REPEATS {
                self.free = match task {
                    Task::Walk(conversation) => Some(Some(conversation)),
                    _ => Some(None),
                };
            }
        }
        if let (Some(_), Ok(Answer::Unread(list))) = (task, &answer) {
            self.may_walk.extend(list.iter().map(|unread| unread.conversation));
        }
        self.input(Input::Answered { id, answer })
    }

    fn entered(&mut self, rid: i64, stay: Option<usize>, sent: usize) -> Result<(), TestCaseError> {
        let conversation = Conversation::Room(rid);
        self.free = Some(Some(conversation));
        let there = self.messages[..sent].iter_mut().filter(|m| m.conversation == conversation);
        let Some(stay) = stay else {
            if self.rooms.contains(&rid) {
                there.for_each(|message| message.due = true);
                self.settle(conversation);
                return self.input(Input::RoomRefused(rid));
            }
            return Ok(());
        };
        if self
            .machine
            .backlogs
            .get(&conversation)
            .is_some_and(|b| matches!(b.stage, Stage::Outside))
        {
            there.for_each(|message| message.due = true);
        }
        self.stays[stay].known = true;
        if !self.rooms.contains(&rid) {
            self.rooms.push(rid);
        }
        self.input(Input::RoomEntered(rid))
    }

    /// The room is forgotten: with it goes its floor, up to which late pushes are not to be had.
    fn settle(&mut self, room: Conversation) {
        let floor = self.machine.limits(room).floor;
        let late = self.plan.late_pushes;
        let old = self.messages.iter_mut().filter(|m| m.conversation == room && m.mtime <= floor);
        old.filter(|m| late || m.mtime == floor).for_each(|message| message.stay = None);
    }

    fn lose(&mut self) -> Result<(), TestCaseError> {
        self.link = Link::Down;
        self.inside.clear();
        self.down.clear();
        self.up.clear();
        self.late.clear();
        if std::mem::replace(&mut self.connected, false) {
            self.input(Input::Lost)?;
        }
        // What is covered comes again.
        let kept = self.messages.iter().all(|m| m.handed_over || !m.came || covered(m.mtype));
        prop_assert!(kept, "a push of another type vanished");
        self.messages.iter_mut().for_each(|message| message.came = message.handed_over);
        Ok(())
    }

    fn end(&mut self) -> Result<(), TestCaseError> {
        self.free = Some(None);
        self.input(Input::Ended)?;
        self.judge()?;
        self.messages.iter_mut().for_each(|message| message.stay = None);
        self.gaps.clear();
        self.staying.clear();
        self.rooms.clear();
        self.established = false;
        self.connected = false;
        self.lose()
    }

    fn floor(&self, conversation: Conversation) -> i64 {
        let place = CONVERSATIONS.iter().position(|&c| c == conversation);
        self.floors[place.expect("one of them")]
    }

    fn input(&mut self, input: Input<Tag>) -> Result<(), TestCaseError> {
        let floors = CONVERSATIONS.iter().map(|&c| self.machine.limits(c).floor);
        self.floors = floors.collect();
        let mut outputs = Vec::new();
        self.machine.step(self.clock, input, &mut outputs);
        for output in outputs {
            match output {
                Output::Ask { id, question } => {
                    prop_assert!(self.connected, "asked without a connection: {question:?}");
                    self.up.push_back(Up::Question(id, question));
                }
                Output::HandOver(tag) => self.handed_over(tag)?,
                Output::Gap(gap) => self.gap(gap)?,
            }
        }
        self.free = None;
        self.consistent()
    }

    fn handed_over(&mut self, tag: Tag) -> Result<(), TestCaseError> {
        let all = &self.messages;
        let m = &all[tag.message];
        if tag.row {
            let shown = covered(m.mtype) && m.from != ME && !m.excluded && !tag.deleted;
            prop_assert!(shown, "not to be shown: {m:?}");
            let floor = self.floor(m.conversation);
            prop_assert!(m.mtime > floor, "older than the floor: {m:?}");
        }
        if m.handed_over {
            prop_assert!(self.plan.late_pushes && !tag.row && covered(m.mtype), "twice: {m:?}");
            return Ok(());
        }
        let newer = all[tag.message + 1..].iter().filter(|n| n.conversation == m.conversation);
        let same_stay = |n: &&Message| m.stay.is_some() && n.stay == m.stay;
        let newer = newer.filter(same_stay).find(|n| n.handed_over && covered(n.mtype));
        // A row that was passed over or is gone, and its push comes after all.
        let floor = self.floor(m.conversation);
        let passed = self.plan.late_pushes && (!m.wanted() || m.forgotten || m.mtime <= floor);
        // What a gap has told of may come after all, where it is of the moment of the mark.
        let told = newer.is_some_and(|n| n.mtime == m.mtime && self.is_told(tag.message));
        let ordered = passed || told || !covered(m.mtype) || newer.is_none();
        prop_assert!(ordered, "{m:?} after {newer:?}");
        self.messages[tag.message].handed_over = true;
        Ok(())
    }

    fn gap(&mut self, gap: Gap) -> Result<(), TestCaseError> {
        prop_assert!(gap.since <= gap.until, "{gap:?}");
        let named = CONVERSATIONS.into_iter().find(|&c| gap.conversation == c.into());
        let told = self.messages.len();
        let Some(conversation) = named else {
            prop_assert_eq!(&gap.conversation, &GapConversation::Unknown);
            prop_assert_eq!(self.free, Some(None), "without a reason: {:?}", gap);
            self.gaps.push((gap, told));
            return Ok(());
        };
        prop_assert!(self.told.insert(conversation), "the second in this outage: {gap:?}");
        let missing = self.messages.iter().any(|m| {
            // That a message counted was not for this user can only be seen in its row.
            let wanted = covered(m.mtype) && m.from != ME;
            let there =
                m.conversation == conversation && (gap.since..=gap.until).contains(&m.mtime);
            wanted && there && !m.handed_over && !m.came
        });
        let free = self.free.is_some_and(|place| place.is_none_or(|place| place == conversation));
        let unsure = self.unsure.contains(&conversation) || self.deleted.contains(&conversation);
        prop_assert!(missing || free || unsure, "nothing is missing: {gap:?}");
        self.gaps.push((gap, told));
        Ok(())
    }

    /// What holds after each step.
    fn consistent(&self) -> Result<(), TestCaseError> {
        let machine = &self.machine;
        let held = machine.backlogs.values().flat_map(|backlog| &backlog.held);
        prop_assert_eq!(held.map(|push| push.bytes).sum::<usize>(), machine.held_bytes);
        prop_assert!(machine.held_bytes <= MOST_HELD);
        prop_assert!(self.connected || (machine.running.is_none() && machine.held_bytes == 0));
        prop_assert!(machine.running.is_some() || machine.tasks.is_empty());
        for (conversation, backlog) in &machine.backlogs {
            match backlog.stage {
                Stage::Owed(_) => prop_assert!(!self.connected || machine.unlisted.is_some()),
                Stage::Unlisted | Stage::GivenUp => prop_assert!(machine.unlisted.is_some()),
                Stage::Outside | Stage::Walking(_) => {
                    prop_assert!(self.may_walk.contains(conversation), "held: {conversation:?}");
                }
            }
            if matches!(backlog.stage, Stage::Walking(_)) {
                let task = Task::Walk(*conversation);
                let asked = machine.running.as_ref().is_some_and(|running| running.task == task);
                prop_assert!(asked || machine.tasks.contains(&task), "forgotten: {conversation:?}");
            }
        }
        Ok(())
    }

    /// Every message the user has a right to has come, or lies in a gap.
    fn judge(&self) -> Result<(), TestCaseError> {
        for (at, m) in self.messages.iter().enumerate() {
            let stayed = m.stay.is_some_and(|stay| self.stays[stay].known);
            if !stayed || !m.due || !m.wanted() || m.handed_over || m.excused {
                continue;
            }
            let floor = self.floor(m.conversation);
            if m.mtime == floor || (self.plan.late_pushes && m.mtime < floor) {
                continue;
            }
            prop_assert!(self.is_told(at), "lost: {m:?}, gaps {:?}", self.gaps);
        }
        Ok(())
    }

    /// Whether a gap covers the message.
    fn is_told(&self, message: usize) -> bool {
        let m = &self.messages[message];
        self.gaps.iter().any(|(gap, told)| {
            let unknown = gap.conversation == GapConversation::Unknown
                && (gap.since == 0 || listable(m.conversation));
            let here = unknown || gap.conversation == m.conversation.into();
            here && message < *told && (gap.since..=gap.until).contains(&m.mtime)
        })
    }

    /// Lets everything come to its end, with a connection that holds.
    fn wind_up(&mut self) -> Result<(), TestCaseError> {
        if self.link == Link::HalfOpen {
            self.lose()?;
        }
        for _ in 0..2000 {
            while !self.late.is_empty() {
                self.push_late();
            }
            match (self.link, self.down.is_empty(), self.up.is_empty()) {
                (Link::Down, _, _) => self.log_in(),
                (_, false, _) => self.read()?,
                (_, _, false) => self.serve(255),
                _ if self.machine.deadline() != NEVER => {
                    self.clock = self.machine.deadline();
                    self.input(Input::Due)?;
                }
                _ => break,
            }
        }
        prop_assert!(self.machine.running.is_none(), "it does not come to an end");
        prop_assert!(self.machine.backlogs.is_empty() && self.machine.unlisted.is_none());
        self.end()
    }
}

proptest! {
    #![proptest_config(few_or_many(2000, 100_000))]

    #[test]
    fn nothing_is_lost_untold(
        steps in prop::collection::vec(any::<(u8, u8)>(), 1..200),
        kept in prop_oneof![Just(1000_usize), 2..12_usize],
        late_pushes in prop::bool::weighted(0.3),
        max_messages in prop_oneof![Just(500_usize), 0..8_usize],
        page_rows in 3..6_usize,
    ) {
        let steps: Schedule = steps;
        let mut world = World::new(Plan { kept, late_pushes }, max_messages, page_rows);
        // Most schedules begin with a login.
        world.log_in();
        for step in steps {
            world.act(step)?;
        }
        world.wind_up()?;
    }
}
