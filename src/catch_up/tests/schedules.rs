//! Random schedules of a service, a network and a user: each message comes once and in order, or lies in a reported gap.

mod judge;
mod service;

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
    /// How many rows a page has at least and at most, if there are so many.
    rows: (usize, usize),
    /// How many rows of a conversation the service keeps.
    kept: usize,
    /// Whether a push may come after an answer that was given later.
    late_pushes: bool,
    /// Whether a push may come before the answer to the login.
    early_pushes: bool,
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
    /// What this connection's client was pushed before the answer to its login.
    early: Vec<usize>,
    /// Pushes on their way.
    late: VecDeque<(i64, usize)>,
    /// The client: whether its login has succeeded, whether this connection's has, and its rooms.
    established: bool,
    connected: bool,
    rooms: Vec<i64>,
    /// How many messages there were, and whether nothing within can be pushed yet.
    gaps: Vec<(Gap, usize, bool)>,
    /// Where a gap of no conversation was told, and how many messages there were.
    unknown: Vec<(Conversation, Gap, usize)>,
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
    /// The service's time when it answered the first login, and when the answer came.
    login: (i64, i64),
    /// Where the connection was lost before the machine knew the floor.
    rough: HashSet<Conversation>,
    /// The conversations with a mark before this step, none at the end of the session.
    marked: HashSet<Conversation>,
    /// Rooms of which a gap is owed before this step: not entered, or without a floor.
    owed: HashSet<Conversation>,
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
    fn new(plan: Plan, max_messages: usize) -> World {
        let options = CatchUp::new().max_messages(max_messages);
        World {
            machine: Machine::new(options),
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
            early: Vec::new(),
            late: VecDeque::new(),
            established: false,
            connected: false,
            rooms: Vec::new(),
            gaps: Vec::new(),
            unknown: Vec::new(),
            told: HashSet::new(),
            unsure: HashSet::new(),
            deleted: HashSet::new(),
            paged: HashSet::new(),
            may_walk: HashSet::new(),
            floors: vec![0; CONVERSATIONS.len()],
            login: (0, 0),
            rough: HashSet::new(),
            marked: HashSet::new(),
            owed: HashSet::new(),
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
                self.input(Input::Due)?;
            }
            208..212 => self.pass(i64::from(how) * 8),
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
            self.login = (self.login.0, self.now);
            return self.input(Input::LoggedIn);
        }
        self.messages[..sent].iter_mut().for_each(|message| message.due = true);
        self.early.drain(..).for_each(|message| self.messages[message].due = true);
        let forgotten = self.forget_a_room();
        self.may_walk = self.machine.backlogs.keys().copied().collect();
        self.may_walk.insert(Conversation::Broadcast);
        self.may_walk.extend(self.rooms.iter().map(|&rid| Conversation::Room(rid)));
        self.free = forgotten.map(Some);
        let rooms = self.rooms.clone();
        self.input(Input::LoggedInAgain { rooms: rooms.clone() })?;
        self.up.extend(rooms.into_iter().map(Up::Enter));
        Ok(())
    }

    /// Now and then a room is not entered again. That a walk in it is owed is told, what it misses from now on is not.
    fn forget_a_room(&mut self) -> Option<Conversation> {
        let rid = if self.messages.len() % 8 == 7 { self.rooms.pop()? } else { return None };
        let room = Conversation::Room(rid);
        self.staying.remove(&Some(rid));
        self.settle(room);
        if !self.machine.backlogs.contains_key(&room) {
            let missed = self.messages.iter_mut().filter(|m| m.conversation == room && !m.came);
            missed.for_each(|message| message.stay = None);
        }
        Some(room)
    }

    fn pushed(&mut self, message: usize) -> Result<(), TestCaseError> {
        let early = self.established && !self.connected;
        let sent = &mut self.messages[message];
        let dropped = early && covered(sent.mtype);
        (sent.due, sent.came) = (!dropped, !dropped);
        // After the relogin it comes again.
        self.early.extend(dropped.then_some(message));
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
        let shown = held || before || self.messages[message].handed_over;
        prop_assert!(shown || dropped, "a push vanished");
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
        if matches!((task, &answer), (Some((Task::List, _)), Err(_))) {
            self.may_walk.extend(self.machine.marks.keys());
        }
        if let (Some(_), Ok(Answer::Unread(list))) = (task, &answer) {
            self.may_walk.extend(list.iter().map(|unread| unread.conversation));
        }
        let (since, asked) = (self.machine.login, asked.map_or(0, |running| running.asked));
        self.input(Input::Answered { id, answer })?;
        if let (Start::Own(own), Start::At(floor), Some((Task::Time, _))) =
            (since, self.machine.login, task)
        {
            // Nothing from before the login comes; what is sent after the way of a question does.
            let (answered, came) = self.login;
            let way = self.now - 100_000 - (asked / 1_000_000) as i64;
            // Without the time after a relogin it is another.
            let other = self.machine.clock.is_none() || 100_000 + (own / 1_000_000) as i64 != came;
            let right = other || (answered..=came + way).contains(&floor);
            prop_assert!(right, "a floor of {floor}, {:?}", self.login);
        }
        Ok(())
    }

    fn entered(&mut self, rid: i64, stay: Option<usize>, sent: usize) -> Result<(), TestCaseError> {
        let conversation = Conversation::Room(rid);
        let backlog = self.machine.backlogs.get(&conversation);
        let again = backlog.is_some_and(|backlog| matches!(backlog.stage, Stage::Outside));
        if again {
            let there = self.messages[..sent].iter_mut();
            let there = there.filter(|m| m.conversation == conversation);
            there.for_each(|message| message.due = true);
        }
        let Some(stay) = stay else {
            // What the program did not get into is nobody's business.
            if again {
                self.settle(conversation);
                self.free = Some(Some(conversation));
                self.input(Input::RoomRefused(rid))?;
            }
            return Ok(());
        };
        self.stays[stay].known = true;
        if !self.rooms.contains(&rid) {
            self.rooms.push(rid);
        }
        self.input(Input::RoomEntered(rid))
    }

    /// The room is forgotten: with it goes its floor, up to which late pushes are not to be had.
    fn settle(&mut self, room: Conversation) {
        let floor = self.machine.floor(room);
        let late = self.plan.late_pushes || self.rough.contains(&room);
        let old = self.messages.iter_mut().filter(|m| m.conversation == room && m.mtime <= floor);
        old.filter(|m| late || m.mtime == floor).for_each(|message| message.stay = None);
    }

    fn lose(&mut self) -> Result<(), TestCaseError> {
        self.link = Link::Down;
        self.inside.clear();
        self.down.clear();
        self.up.clear();
        self.late.clear();
        self.early.clear();
        for conversation in CONVERSATIONS {
            if self.machine.floor(conversation) == 0 {
                self.rough.insert(conversation);
            }
        }
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
        self.unknown.clear();
        self.staying.clear();
        self.rooms.clear();
        self.established = false;
        self.connected = false;
        self.lose()?;
        self.rough.clear();
        Ok(())
    }

    fn input(&mut self, input: Input<Tag>) -> Result<(), TestCaseError> {
        let floors = CONVERSATIONS.iter().map(|&c| self.machine.floor(c));
        self.floors = floors.collect();
        let owed = self.machine.rooms.iter().filter(|(rid, start)| {
            let backlog = self.machine.backlogs.get(&Conversation::Room(**rid));
            let refused = backlog.is_some_and(|b| matches!(b.stage, Stage::Refused));
            refused || matches!(start, Start::Own(_))
        });
        self.owed = owed.map(|(&rid, _)| Conversation::Room(rid)).collect();
        self.marked.clear();
        if !matches!(input, Input::Ended) {
            self.marked.extend(self.machine.marks.keys());
        }
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
                    self.pass(1000);
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
        early_pushes in prop::bool::weighted(0.3),
        max_messages in prop_oneof![Just(500_usize), 0..8_usize],
        (least, more) in (2..6_usize, 0..4_usize),
    ) {
        let steps: Schedule = steps;
        let plan = Plan { rows: (least, least + more), kept, late_pushes, early_pushes };
        let mut world = World::new(plan, max_messages);
        // Most schedules begin with a login.
        world.log_in();
        for step in steps {
            world.act(step)?;
        }
        world.wind_up()?;
    }
}
