//! Histories: pages, by message id, counted, walked through.

use std::ops::ControlFlow;
use std::sync::mpsc::channel;

use rtm_client::gate::Gate;
use rtm_client::types::{HistoryMessage, HistoryRange, HistoryResult, P2PMessage};
use rtm_client::{Error, RtmClient, reply};

use crate::support::{Callback, GROUP, ROOM, code, enter, gate, get, login, say, send};

/// A row of either kind, as far as both are the same.
trait Row {
    fn mid(&self) -> i64;
}

impl Row for HistoryMessage {
    fn mid(&self) -> i64 {
        self.mid
    }
}

impl Row for P2PMessage {
    fn mid(&self) -> i64 {
        self.mid
    }
}

fn mids<M: Row>(rows: &[M]) -> Vec<i64> {
    rows.iter().map(Row::mid).collect()
}

/// Users 1 and 2, with messages 1 to 25 from user 1 in each kind of conversation: chats, but every fifth of type 51.
struct Talk {
    gate: Gate,
    one: RtmClient,
    two: RtmClient,
    broadcasts: Vec<i64>,
}

const ROWS: i64 = 25;

fn is_chat(mid: i64) -> bool {
    mid % 5 != 0
}

fn talk() -> Talk {
    let gate = gate();
    let (one, two) = (login(&gate, 1), login(&gate, 2));
    enter(&one, ROOM);
    enter(&two, ROOM);
    let mut broadcasts = Vec::new();
    for mid in 1..=ROWS {
        let mtype = if is_chat(mid) { 30 } else { 51 };
        let text = mid.to_string();
        send(|callback| one.send_message(2, mtype, &text, "", mid, None, callback)).unwrap();
        send(|callback| one.send_group_message(GROUP, mtype, &text, "", mid, None, callback))
            .unwrap();
        send(|callback| one.send_room_message(ROOM, mtype, &text, "", mid, None, callback))
            .unwrap();
        broadcasts.push(gate.broadcast(9, mtype, &text, ""));
    }
    Talk { gate, one, two, broadcasts }
}

/// Asks for page after page with what the one before says, newest first.
fn pages<M: Row + Send + 'static>(
    num: i64,
    ask: impl Fn(Option<i64>, Option<i64>, Option<i64>, Callback<HistoryResult<M>>),
) -> Vec<i64> {
    let (mut begin, mut end, mut lastid) = (None, None, None);
    let mut seen = Vec::new();
    loop {
        let page = get(|callback| ask(begin, end, lastid, callback)).unwrap();
        assert_eq!(page.num, page.msgs.len() as i64);
        seen.extend(mids(&page.msgs));
        if page.num < num {
            return seen;
        }
        (begin, end, lastid) = (Some(page.begin), Some(page.end), Some(page.lastid));
    }
}

#[test]
fn page_after_page() {
    let Talk { two, broadcasts, gate: _gate, .. } = talk();
    let newest_first: Vec<i64> = (1..=ROWS).rev().collect();
    let chats: Vec<i64> = newest_first.iter().copied().filter(|&mid| is_chat(mid)).collect();
    let broadcast_chats = |mids: &[i64]| -> Vec<i64> {
        mids.iter().map(|&mid| broadcasts[mid as usize - 1]).collect()
    };
    for num in [1, 7, 20] {
        let all = [
            pages(num, |b, e, l, cb| two.get_p2p_message(1, true, num, b, e, l, None, None, cb)),
            pages(num, |b, e, l, cb| {
                two.get_group_message(GROUP, true, num, b, e, l, None, None, cb)
            }),
            pages(num, |b, e, l, cb| {
                two.get_room_message(ROOM, true, num, b, e, l, None, None, cb)
            }),
        ];
        assert_eq!(all, [&newest_first; 3].map(Vec::clone));
        let all =
            pages(num, |b, e, l, cb| two.get_broadcast_message(true, num, b, e, l, None, None, cb));
        assert_eq!(all, broadcast_chats(&newest_first));
        let all = [
            pages(num, |b, e, l, cb| two.get_p2p_chat(1, true, num, b, e, l, None, cb)),
            pages(num, |b, e, l, cb| two.get_group_chat(GROUP, true, num, b, e, l, None, cb)),
            pages(num, |b, e, l, cb| two.get_room_chat(ROOM, true, num, b, e, l, None, cb)),
        ];
        assert_eq!(all, [&chats; 3].map(Vec::clone));
        let all = pages(num, |b, e, l, cb| two.get_broadcast_chat(true, num, b, e, l, None, cb));
        assert_eq!(all, broadcast_chats(&chats));
    }
}

#[test]
fn rows_say_who_sent_what_when() {
    let gate = gate();
    let (one, two) = (login(&gate, 1), login(&gate, 2));
    let sent = say(&one, 2, "hello");
    for (client, ouid, direction) in [(&one, 2, P2PMessage::SENT), (&two, 1, P2PMessage::RECEIVED)]
    {
        let page =
            get(|cb| client.get_p2p_chat(ouid, true, 10, None, None, None, None, cb)).unwrap();
        let row = &page.msgs[0];
        assert_eq!((row.direction, row.mid, row.mtime), (direction, sent.mid, sent.payload.mtime));
        assert_eq!((row.mtype, row.deleted), (30, false));
        assert_eq!(row.msg, "hello");
    }
    get(|cb| one.delete_chat(1, sent.mid, 2, 1, None, cb)).unwrap();
    let page = get(|cb| two.get_p2p_chat(1, true, 10, None, None, None, None, cb)).unwrap();
    assert!(page.msgs[0].deleted);
    send(|cb| one.send_group_chat(GROUP, "hello all", "", None, None, cb)).unwrap();
    let page = get(|cb| two.get_group_chat(GROUP, true, 10, None, None, None, None, cb)).unwrap();
    assert_eq!((page.msgs[0].from, page.msgs[0].msg.as_str()), (1, Some("hello all")));
}

#[test]
fn on_from_a_message() {
    let Talk { two, broadcasts, gate, .. } = talk();
    type ById = fn(&RtmClient, bool, i64, Callback<HistoryResult<HistoryMessage>>);
    let group: ById = |c, desc, mid, cb| {
        c.get_group_message_by_message_id(GROUP, desc, 3, mid, None, None, None, None, cb)
    };
    let room: ById = |c, desc, mid, cb| {
        c.get_room_message_by_message_id(ROOM, desc, 3, mid, None, None, vec![30], None, cb)
    };
    let broadcast: ById = |c, desc, mid, cb| {
        c.get_broadcast_message_by_message_id(desc, 3, mid, None, None, None, None, cb)
    };
    let p2p = |desc: bool, mid: i64| {
        get(|cb| two.get_p2p_message_by_message_id(1, desc, 3, mid, None, None, None, None, cb))
            .map(|page| mids(&page.msgs))
    };
    let ask = |call: ById, desc: bool, mid: i64| {
        get(|cb| call(&two, desc, mid, cb)).map(|page| mids(&page.msgs))
    };
    assert_eq!(p2p(true, 11).unwrap(), [10, 9, 8]);
    assert_eq!(p2p(false, 11).unwrap(), [12, 13, 14]);
    assert_eq!(p2p(false, 24).unwrap(), [25]);
    assert_eq!(ask(group, true, 11).unwrap(), [10, 9, 8]);
    // With types: 10 is no chat.
    assert_eq!(ask(room, true, 11).unwrap(), [9, 8, 7]);
    assert_eq!(ask(broadcast, false, broadcasts[10]).unwrap(), broadcasts[11..14]);
    for refused in
        [p2p(true, 99), ask(group, true, 99), ask(room, true, 99), ask(broadcast, true, 99)]
    {
        assert_eq!(code(refused), 200070);
    }
    let outsider = login(&gate, 9);
    assert_eq!(code(get(|cb| group(&outsider, true, 11, cb))), 200041);
    assert_eq!(code(get(|cb| room(&outsider, true, 11, cb))), 200040);
}

#[test]
fn messages_are_counted() {
    let Talk { two, gate, .. } = talk();
    for (mtypes, expected) in [(None, ROWS), (Some(vec![30]), 20), (Some(vec![51]), 5)] {
        let counts = [
            get(|cb| two.get_p2p_message_count(1, None, None, mtypes.as_deref(), None, cb)),
            get(|cb| two.get_group_message_count(GROUP, None, None, mtypes.as_deref(), None, cb)),
            get(|cb| two.get_room_message_count(ROOM, None, None, mtypes.as_deref(), None, cb)),
            get(|cb| two.get_broadcast_message_count(None, None, mtypes.as_deref(), None, cb)),
        ];
        assert_eq!(counts.map(Result::unwrap), [expected; 4]);
    }
    let none = get(|cb| two.get_p2p_message_count(1, None, 1, None, None, cb));
    assert_eq!(none.unwrap(), 0);
    let outsider = login(&gate, 9);
    let refused = get(|cb| outsider.get_group_message_count(GROUP, None, None, None, None, cb));
    assert_eq!(code(refused), 200041);
    let refused = get(|cb| outsider.get_room_message_count(ROOM, None, None, None, None, cb));
    assert_eq!(code(refused), 200040);
}

#[test]
fn a_walk_meets_every_row() {
    let Talk { two, broadcasts, gate: _gate, .. } = talk();
    for page_size in [-1, 1, 5, 10, 20, 1000] {
        for desc in [true, false] {
            let in_order = |mut rows: Vec<i64>| {
                if desc {
                    rows.reverse();
                }
                rows
            };
            let all = HistoryRange::default().desc(desc).page_size(page_size);
            let chats = HistoryRange::chats().desc(desc).page_size(page_size);
            let rows: Vec<i64> = (1..=ROWS).collect();
            for (range, expected) in [
                (&all, in_order(rows.clone())),
                (&chats, in_order(rows.iter().copied().filter(|&mid| is_chat(mid)).collect())),
            ] {
                let p2p: Result<Vec<_>, _> = two.p2p_history(1, range.clone()).collect();
                let group: Result<Vec<_>, _> = two.group_history(GROUP, range.clone()).collect();
                let room: Result<Vec<_>, _> = two.room_history(ROOM, range.clone()).collect();
                assert_eq!(mids(&p2p.unwrap()), expected);
                assert_eq!(mids(&group.unwrap()), expected);
                assert_eq!(mids(&room.unwrap()), expected);
            }
            let all: Result<Vec<_>, _> = two.broadcast_history(all).collect();
            assert_eq!(mids(&all.unwrap()), in_order(broadcasts.clone()));
        }
    }
}

#[test]
fn a_deleted_row_does_not_end_a_walk() {
    let Talk { one, two, gate: _gate, .. } = talk();
    for mid in 16..=25 {
        get(|cb| one.delete_message(1, mid, 2, 1, None, cb)).unwrap();
    }
    let rows: Result<Vec<P2PMessage>, _> = two.p2p_history(1, HistoryRange::default()).collect();
    let rows = rows.unwrap();
    assert_eq!(rows.len(), ROWS as usize);
    assert!(rows.iter().all(|row| row.deleted == (row.mid >= 16)));
}

#[test]
fn a_walk_with_callbacks() {
    let Talk { two, gate: _gate, .. } = talk();
    // All of it, then until the callback has had enough.
    for (enough, expected) in [(usize::MAX, vec![10, 10, 5]), (2, vec![10, 10])] {
        let (sizes, seen) = channel();
        let mut pages = 0;
        let (callback, reply) = reply::channel::<Error, ()>();
        two.group_history(GROUP, HistoryRange::default()).each_page(
            move |page| {
                sizes.send(page.msgs.len()).unwrap();
                pages += 1;
                if pages == enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
            callback,
        );
        reply.wait().unwrap();
        assert_eq!(seen.try_iter().collect::<Vec<_>>(), expected);
    }
    // Five rows are a full page of five: the page behind it is empty, and nobody is told.
    let range = HistoryRange::default().page_size(5).mtypes([51]);
    let (sizes, seen) = channel();
    let (callback, reply) = reply::channel::<Error, ()>();
    let on_page = move |page: HistoryResult<P2PMessage>| {
        sizes.send(page.msgs.len()).unwrap();
        ControlFlow::Continue(())
    };
    two.p2p_history(1, range).each_page(on_page, callback);
    reply.wait().unwrap();
    assert_eq!(seen.try_iter().collect::<Vec<_>>(), [5]);
}

#[test]
fn a_walk_ends_with_its_client() {
    let Talk { two, gate: _gate, .. } = talk();
    let (callback, reply) = reply::channel::<Error, ()>();
    let history = two.p2p_history(1, HistoryRange::default());
    let mut last_handle = Some(two);
    let (under_way, started) = channel();
    let on_page = move |_| {
        // Until then `each_page` has a handle too.
        started.recv().expect("the walk is under way");
        drop(last_handle.take());
        ControlFlow::Continue(())
    };
    history.each_page(on_page, callback);
    under_way.send(()).expect("the handler waits");
    assert_eq!(code(reply.wait()), 20002);
}

#[test]
fn an_error_ends_a_walk() {
    let gate = gate();
    let outsider = login(&gate, 9);
    let mut rows = outsider.group_history(GROUP, HistoryRange::default());
    assert_eq!(rows.next().map(code), Some(200041));
    assert!(rows.next().is_none());
    let (callback, reply) = reply::channel::<Error, ()>();
    let on_page = |page| panic!("a page: {page:?}");
    outsider.room_history(ROOM, HistoryRange::default()).each_page(on_page, callback);
    assert_eq!(code(reply.wait()), 200040);
}

#[test]
fn an_iterator_inside_a_callback_is_refused() {
    let gate = gate();
    let client = login(&gate, 1);
    let (sender, receiver) = channel();
    let inner = client.clone();
    client.get_session(None, move |_, _| {
        let mut rows = inner.p2p_history(2, HistoryRange::default());
        sender.send((rows.next().map(code), rows.next().is_none())).unwrap();
    });
    assert_eq!(receiver.recv().unwrap(), (Some(20013), true));
}
