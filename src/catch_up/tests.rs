use super::*;

mod schedules;

const SECOND: Time = 1_000_000_000;
const PEER: Conversation = Conversation::P2p(2);
const GROUP: Conversation = Conversation::Group(10);

/// What came out, with messages by name.
#[derive(Debug, PartialEq)]
enum Seen {
    Asked(Question),
    Message(&'static str),
    Gap(GapConversation, i64, i64),
}

use Seen::{Asked, Message};

/// A machine, and a clock that stands still unless it is told to go on.
struct Desk {
    machine: Machine<&'static str>,
    now: Time,
    asked: u32,
}

impl Desk {
    fn new(options: CatchUp) -> Desk {
        Desk { machine: Machine::new(options), now: 0, asked: 0 }
    }

    /// A client that has logged in at 100 000, lost its connection, and logged in again.
    fn back(options: CatchUp) -> Desk {
        let mut desk = Desk::new(options);
        assert_eq!(desk.step(Input::LoggedIn), [Asked(Question::ServerTime)]);
        assert_eq!(desk.answer(Ok(Answer::ServerTime(100_000))), []);
        assert_eq!(desk.step(Input::Lost), []);
        let list = Asked(Question::Unread { mtime: 95_000 });
        assert_eq!(desk.again(Vec::new()), [list]);
        desk
    }

    /// Logs in again, when the service's time is 110 000.
    fn again(&mut self, rooms: Vec<i64>) -> Vec<Seen> {
        assert_eq!(self.step(Input::LoggedInAgain { rooms }), [Asked(Question::ServerTime)]);
        self.answer(Ok(Answer::ServerTime(110_000)))
    }

    fn step(&mut self, input: Input<&'static str>) -> Vec<Seen> {
        let mut outputs = Vec::new();
        self.machine.step(self.now, input, &mut outputs);
        let seen = outputs.into_iter().map(|output| match output {
            Output::Ask { id, question } => {
                self.asked = id;
                Asked(question)
            }
            Output::HandOver(message) => Message(message),
            Output::Gap(Gap { conversation, since, until }) => {
                Seen::Gap(conversation, since, until)
            }
        });
        seen.collect()
    }

    /// Answers the latest question.
    fn answer(&mut self, answer: Result<Answer<&'static str>, i32>) -> Vec<Seen> {
        self.step(Input::Answered { id: self.asked, answer })
    }

    fn list(&mut self, list: &[Unread]) -> Vec<Seen> {
        self.answer(Ok(Answer::Unread(list.to_vec())))
    }

    fn page(&mut self, rows: Vec<Row<&'static str>>) -> Vec<Seen> {
        self.answer(Ok(Answer::Page(rows)))
    }

    fn push(&mut self, conversation: Conversation, mid: i64, message: &'static str) -> Vec<Seen> {
        self.step(Input::Pushed(push(conversation, mid, message)))
    }
}

/// A chat, of the time and from the user that go with the mid.
fn push(conversation: Conversation, mid: i64, message: &'static str) -> Pushed<&'static str> {
    Pushed { conversation, from: 2, mid, mtype: 30, mtime: 100_000 + mid, bytes: 100, message }
}

fn row(id: i64, message: &'static str) -> Row<&'static str> {
    Row {
        id,
        from: 2,
        mid: id,
        mtime: 100_000 + id,
        own: false,
        deleted: false,
        excluded: false,
        message,
    }
}

fn unread(conversation: Conversation, count: i64, last: i64) -> Unread {
    Unread { conversation, count, last: Some((last, 100_000 + last)) }
}

fn page_of(conversation: Conversation, begin: i64) -> Seen {
    Asked(Question::Page { conversation, begin, lastid: 0 })
}

/// The service may tell of a message before it has answered the login.
#[test]
fn what_is_pushed_before_the_relogin_is_known_is_left_to_the_walk() {
    let mut desk = Desk::back(CatchUp::new());
    desk.step(Input::Lost);
    assert_eq!(desk.push(PEER, 2, "second"), []);
    let mut other = push(PEER, 3, "of another type");
    other.mtype = 66;
    assert_eq!(desk.step(Input::Pushed(other)), [Message("of another type")]);
    desk.again(Vec::new());
    desk.list(&[unread(PEER, 2, 2)]);
    assert_eq!(desk.page(vec![]), [page_of(PEER, 95_000)]);
    let rows = vec![row(1, "first"), row(2, "second")];
    assert_eq!(desk.page(rows), ["first", "second"].map(Message));
}

#[test]
fn what_was_missed_comes_before_what_is_pushed_now() {
    let mut desk = Desk::back(CatchUp::new());
    // Nobody knows yet which conversations are behind.
    assert_eq!(desk.push(PEER, 3, "third"), []);
    assert_eq!(desk.push(GROUP, 4, "of the group"), []);
    let broadcasts = page_of(Conversation::Broadcast, 100_000);
    assert_eq!(desk.list(&[unread(PEER, 3, 3)]), [Message("of the group"), broadcasts]);
    assert_eq!(desk.push(GROUP, 5, "another"), [Message("another")]);
    assert_eq!(desk.push(PEER, 6, "sixth"), []);
    let again = page_of(Conversation::Broadcast, 100_002);
    assert_eq!(desk.page(vec![row(2, "to everybody")]), [Message("to everybody"), again]);
    // Nothing new.
    let again =
        Asked(Question::Page { conversation: Conversation::Broadcast, begin: 100_002, lastid: 2 });
    assert_eq!(desk.page(vec![row(2, "to everybody")]), [again]);
    assert_eq!(desk.page(vec![]), [page_of(PEER, 95_000)]);
    let rows = vec![row(0, "at the floor"), row(1, "first"), row(2, "second"), row(3, "as pushed")];
    let all = ["first", "second", "third", "sixth"].map(Message);
    assert_eq!(desk.page(rows), all);
    assert_eq!(desk.push(PEER, 7, "seventh"), [Message("seventh")]);
}

#[test]
fn a_walk_begins_at_the_mark_and_passes_over_what_is_there() {
    let mut desk = Desk::new(CatchUp::new());
    desk.step(Input::LoggedIn);
    desk.answer(Ok(Answer::ServerTime(100_000)));
    assert_eq!(desk.push(PEER, 7000, "known"), [Message("known")]);
    desk.step(Input::Lost);
    let list = Asked(Question::Unread { mtime: 102_000 });
    assert_eq!(desk.again(Vec::new()), [list]);
    desk.list(&[unread(PEER, 2, 8000)]);
    assert_eq!(desk.page(Vec::new()), [page_of(PEER, 107_000)]);
    let same_moment = Row { mid: 1, ..row(7000, "of the same moment") };
    let own = Row { own: true, ..row(7001, "own") };
    let deleted = Row { deleted: true, ..row(7002, "deleted") };
    let excluded = Row { excluded: true, ..row(7003, "excluded") };
    let rows = vec![row(7000, "known"), same_moment, own, deleted, excluded, row(8000, "new")];
    assert_eq!(desk.page(rows), ["of the same moment", "new"].map(Message));
}

#[test]
fn what_may_pass_is_asked_again_three_times_a_second_apart() {
    for code in [200010, 20003, 20011] {
        let mut desk = Desk::back(CatchUp::new());
        for _ in 0..3 {
            assert_eq!(desk.answer(Err(code)), []);
            assert_eq!(desk.machine.deadline(), desk.now + SECOND);
            desk.now += SECOND - 1;
            assert_eq!(desk.step(Input::Due), []);
            desk.now += 1;
            assert_eq!(desk.step(Input::Due), [Asked(Question::Unread { mtime: 95_000 })]);
            assert_eq!(desk.machine.deadline(), NEVER);
        }
        let nobody_knows = Seen::Gap(GapConversation::Unknown, 100_000, 110_000);
        let broadcasts = page_of(Conversation::Broadcast, 100_000);
        assert_eq!(desk.answer(Err(code)), [nobody_knows, broadcasts]);
    }
}

#[test]
fn without_a_list_the_conversations_with_a_mark_are_walked() {
    let mut desk = Desk::new(CatchUp::new());
    desk.step(Input::LoggedIn);
    desk.answer(Ok(Answer::ServerTime(100_000)));
    assert_eq!(desk.push(PEER, 7000, "known"), [Message("known")]);
    desk.step(Input::Lost);
    desk.again(Vec::new());
    assert_eq!(desk.push(PEER, 9000, "pushed"), []);
    assert_eq!(desk.push(GROUP, 9001, "of the group"), []);
    let nobody_knows = Seen::Gap(GapConversation::Unknown, 102_000, 110_000);
    let broadcasts = page_of(Conversation::Broadcast, 102_000);
    let group = Message("of the group");
    assert_eq!(desk.answer(Err(20013)), [nobody_knows, group, broadcasts]);
    assert_eq!(desk.page(Vec::new()), [page_of(PEER, 107_000)]);
    let rows = vec![row(7000, "known"), row(8000, "missed"), row(9000, "pushed")];
    assert_eq!(desk.page(rows), [Message("missed"), Message("pushed")]);
}

#[test]
fn what_will_not_pass_is_a_gap_at_once() {
    let mut desk = Desk::back(CatchUp::new());
    desk.list(&[unread(PEER, 1, 4), unread(GROUP, 1, 6)]);
    let gap = Seen::Gap(GapConversation::Broadcast, 100_000, 110_000);
    assert_eq!(desk.answer(Err(20013)), [gap, page_of(PEER, 95_000)]);
    assert_eq!(desk.push(GROUP, 8, "held"), []);
    // Up to the newest message the list saw.
    let gap = Seen::Gap(GapConversation::P2p(2), 100_000, 100_004);
    assert_eq!(desk.answer(Err(200041)), [gap, page_of(GROUP, 95_000)]);
    // An answer of another kind is as good as none.
    let gap = Seen::Gap(GapConversation::Group(10), 100_000, 100_006);
    assert_eq!(desk.answer(Ok(Answer::ServerTime(1))), [gap, Message("held")]);
}

#[test]
fn more_of_one_moment_than_a_page_holds() {
    let mut desk = Desk::back(CatchUp::new());
    desk.list(&[unread(PEER, 50, 50)]);
    desk.page(Vec::new());
    let at_once = |ids: std::ops::RangeInclusive<i64>| {
        ids.map(|id| Row { mtime: 100_001, ..row(id, "one of many") }).collect::<Vec<_>>()
    };
    let again = |lastid| Asked(Question::Page { conversation: PEER, begin: 100_001, lastid });
    let (mut came, mut pages) = (0, vec![at_once(1..=20), at_once(1..=20)]);
    let mut questions = Vec::new();
    // The rows behind those seen before, and then whether there are more.
    pages.extend([at_once(21..=40), at_once(1..=20), at_once(21..=40), at_once(41..=50)]);
    for page in pages {
        for seen in desk.page(page) {
            match seen {
                Message(_) => came += 1,
                other => questions.push(other),
            }
        }
    }
    assert_eq!(came, 50);
    assert_eq!(questions, [again(0), again(20), again(0), again(20), again(40)]);
    assert!(desk.machine.backlogs.is_empty());
}

/// A service may give fewer rows than it is asked for.
#[test]
fn a_small_page_is_not_the_end() {
    let mut desk = Desk::back(CatchUp::new());
    desk.list(&[unread(PEER, 3, 3)]);
    // A walk without an end in the list goes on until nothing is new.
    let broadcasts = |begin| page_of(Conversation::Broadcast, begin);
    let page = vec![row(1, "first"), row(2, "second")];
    assert_eq!(desk.page(page), [Message("first"), Message("second"), broadcasts(100_002)]);
    let page = vec![row(2, "second"), row(3, "third")];
    assert_eq!(desk.page(page), [Message("third"), broadcasts(100_003)]);
    assert_eq!(desk.page(vec![row(3, "third")]), [page_of(PEER, 95_000)]);
    // The list has named the third.
    let page = vec![row(1, "one"), row(2, "two")];
    assert_eq!(desk.page(page), [Message("one"), Message("two"), page_of(PEER, 100_002)]);
    assert_eq!(desk.page(vec![row(2, "two"), row(3, "three")]), [Message("three")]);
    assert!(desk.machine.backlogs.is_empty());
}

#[test]
fn a_history_that_does_not_go_on_is_a_gap() {
    let mut desk = Desk::back(CatchUp::new());
    desk.list(&[unread(PEER, 30, 30)]);
    desk.page(Vec::new());
    let page = || (1..=20).map(|id| Row { id: 0, ..row(id, "the same") }).collect::<Vec<_>>();
    assert_eq!(desk.page(page()).len(), 21);
    assert_eq!(desk.page(page()), [Seen::Gap(GapConversation::P2p(2), 100_000, 100_030)]);
}

#[test]
fn of_more_than_may_come_the_oldest_do() {
    let mut desk = Desk::back(CatchUp::new().max_messages(2));
    desk.list(&[unread(PEER, 3, 3), unread(GROUP, 2, 5)]);
    desk.page(Vec::new());
    let rows = vec![row(1, "first"), row(2, "second"), row(3, "third")];
    // Whether all are there that the list counted is not looked for: the first may be missing as well.
    let gap = Seen::Gap(GapConversation::P2p(2), 100_000, 100_003);
    let next = page_of(GROUP, 95_000);
    assert_eq!(desk.page(rows), [Message("first"), Message("second"), gap, next]);
    // Two of two, and what was sent since the list is pushed.
    let rows = vec![row(4, "fourth"), row(5, "fifth"), row(6, "sixth")];
    assert_eq!(desk.page(rows), ["fourth", "fifth"].map(Message));
}

#[test]
fn what_was_told_as_missing_does_not_come_later() {
    let back = |desk: &mut Desk| {
        desk.step(Input::Lost);
        desk.again(Vec::new());
        desk.list(&[unread(PEER, 2, 3)]);
        desk.page(Vec::new())
    };
    let mut desk = Desk::back(CatchUp::new().max_messages(1));
    desk.list(&[unread(PEER, 3, 3)]);
    desk.page(Vec::new());
    let gap = Seen::Gap(GapConversation::P2p(2), 100_000, 100_003);
    let rows = || vec![row(1, "first"), row(2, "second"), row(3, "third")];
    assert_eq!(desk.page(rows()), [Message("first"), gap]);
    // The next walk begins at the end of the gap, where another message of the same moment may come.
    assert_eq!(back(&mut desk), [page_of(PEER, 100_003)]);
    let tie = Row { mtime: 100_003, ..row(4, "fourth") };
    assert_eq!(desk.page(vec![row(3, "third"), tie]), [Message("fourth")]);

    // Without a row at the end: the first push is where it ends.
    let mut desk = Desk::back(CatchUp::new());
    desk.list(&[]);
    let everybody = Conversation::Broadcast;
    let other = Pushed { mtype: 66, ..push(everybody, 5, "of another type") };
    desk.step(Input::Pushed(other));
    let gap = Seen::Gap(GapConversation::Broadcast, 100_000, 100_005);
    assert_eq!(desk.answer(Err(20013)), [gap, Message("of another type")]);
    desk.step(Input::Lost);
    desk.again(Vec::new());
    assert_eq!(desk.list(&[]), [page_of(everybody, 100_004)]);
    let rows = vec![row(4, "told"), row(6, "sixth")];
    assert_eq!(desk.page(rows), [Message("sixth"), page_of(everybody, 100_006)]);
}

#[test]
fn a_history_that_reaches_back_is_whole_without_the_mark() {
    // With a mark at 100 001 and another conversation's at 107 000.
    let back = || {
        let mut desk = Desk::new(CatchUp::new());
        desk.step(Input::LoggedIn);
        desk.answer(Ok(Answer::ServerTime(100_000)));
        desk.push(PEER, 1, "known");
        desk.push(GROUP, 7000, "known");
        desk.step(Input::Lost);
        desk.again(Vec::new());
        desk.list(&[unread(PEER, 1, 8000)]);
        assert_eq!(desk.page(Vec::new()), [page_of(PEER, 100_001)]);
        desk
    };
    // Up to 102 000 nothing can be missing.
    let own = Row { own: true, ..row(1500, "own") };
    assert_eq!(back().page(vec![own, row(8000, "new")]), [Message("new")]);
    let gap = Seen::Gap(GapConversation::P2p(2), 102_000, 108_000);
    assert_eq!(back().page(vec![row(8000, "new")]), [Message("new"), gap]);
}

#[test]
fn types_of_the_program_are_covered_where_it_says_so() {
    let other = Pushed { mtype: 66, ..push(PEER, 7000, "move") };
    for (options, begin) in [(CatchUp::new(), 95_000), (CatchUp::new().mtypes([66]), 107_000)] {
        let mut desk = Desk::new(options);
        desk.step(Input::LoggedIn);
        desk.answer(Ok(Answer::ServerTime(100_000)));
        assert_eq!(desk.step(Input::Pushed(other.clone())), [Message("move")]);
        desk.step(Input::Lost);
        desk.again(Vec::new());
        desk.list(&[unread(PEER, 1, 8000)]);
        let mtime = desk.machine.from;
        assert_eq!(desk.page(Vec::new()), [page_of(PEER, begin)]);
        assert_eq!(mtime, begin.min(102_000));
    }
}

#[test]
fn the_one_that_holds_most_is_given_up_for_memory() {
    let mut desk = Desk::back(CatchUp::new());
    let big = |conversation, mid, message| {
        Input::Pushed(Pushed { bytes: 3 << 20, ..push(conversation, mid, message) })
    };
    assert_eq!(desk.step(big(GROUP, 5, "big")), []);
    assert_eq!(desk.push(PEER, 6, "small"), []);
    let gap = Seen::Gap(GapConversation::Group(10), 100_000, 100_005);
    assert_eq!(desk.step(big(GROUP, 7, "as big")), [gap, Message("big"), Message("as big")]);
    assert_eq!(desk.push(GROUP, 8, "then"), [Message("then")]);
    // What the list says of it comes too late.
    let broadcasts = page_of(Conversation::Broadcast, 100_000);
    assert_eq!(desk.list(&[unread(GROUP, 9, 8)]), [Message("small"), broadcasts]);
    assert_eq!(desk.page(Vec::new()), []);
}

#[test]
fn a_room_is_walked_once_it_is_entered_again() {
    let mut desk = Desk::new(CatchUp::new());
    let room = Conversation::Room(20);
    desk.step(Input::LoggedIn);
    desk.answer(Ok(Answer::ServerTime(100_000)));
    assert_eq!(desk.step(Input::RoomEntered(20)), [Asked(Question::ServerTime)]);
    assert_eq!(desk.answer(Ok(Answer::ServerTime(100_002))), []);
    desk.step(Input::Lost);
    desk.again(vec![20]);
    desk.list(&[]);
    assert_eq!(desk.page(Vec::new()), []);
    assert_eq!(desk.step(Input::RoomEntered(20)), [Asked(Question::ServerTime)]);
    assert_eq!(desk.answer(Ok(Answer::ServerTime(110_005))), [page_of(room, 100_002)]);
    assert_eq!(desk.push(room, 4, "fourth"), []);
    let rows = vec![row(2, "before it was entered"), row(3, "third"), row(4, "fourth")];
    assert_eq!(desk.page(rows), ["third", "fourth"].map(Message));
    desk.step(Input::Lost);
    desk.again(vec![20]);
    // Up to the time at which the user was not let in.
    assert_eq!(desk.step(Input::RoomRefused(20)), []);
    assert_eq!(desk.list(&[]), [page_of(Conversation::Broadcast, 100_000)]);
    assert_eq!(desk.page(Vec::new()), [Asked(Question::ServerTime)]);
    let gap = Seen::Gap(GapConversation::Room(20), 100_004, 110_009);
    assert_eq!(desk.answer(Ok(Answer::ServerTime(110_009))), [gap]);
}

#[test]
fn a_message_without_a_time_moves_no_mark() {
    let mut desk = Desk::new(CatchUp::new());
    desk.step(Input::LoggedIn);
    desk.answer(Ok(Answer::ServerTime(100_000)));
    let timeless = Pushed { mtime: 0, ..push(PEER, 1, "when?") };
    assert_eq!(desk.step(Input::Pushed(timeless)), [Message("when?")]);
    assert!(desk.machine.marks.is_empty());
}

#[test]
fn a_mark_stays_small_where_the_clock_stands_still() {
    let mut desk = Desk::new(CatchUp::new());
    desk.step(Input::LoggedIn);
    for mid in 0..5000 {
        desk.step(Input::Pushed(Pushed { mtime: 100_000, ..push(PEER, mid, "") }));
    }
    assert_eq!(desk.machine.mark(PEER), 100_000);
    assert!(format!("{:?}", desk.machine.marks).len() < 20_000);
}
