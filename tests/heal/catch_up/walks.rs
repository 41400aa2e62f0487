//! What a relogin brings.

use std::collections::HashMap;

use super::*;

const PEER: GapConversation = CONVERSATIONS[0];
const THE_GROUP: GapConversation = CONVERSATIONS[1];
const THE_ROOM: GapConversation = CONVERSATIONS[2];

/// Sorts what comes by conversation, until there are so many messages.
fn by_conversation(scene: &Scene, count: usize) -> HashMap<GapConversation, Vec<(i64, bool)>> {
    let mut all: HashMap<_, Vec<_>> = HashMap::new();
    for _ in 0..count {
        match scene.next() {
            Heard::Message { of, mid, caught_up, .. } => {
                all.entry(of).or_default().push((mid, caught_up));
            }
            other => panic!("no message: {other:?}"),
        }
    }
    all
}

/// With and without a message before the loss, whole pages and parts; pushes come behind what was missed.
#[test]
fn what_was_missed_comes_to_the_same_handlers_before_what_is_pushed() {
    let scene = Scene::new(gate());
    for of in CONVERSATIONS {
        scene.send(of, [1]);
        scene.expect(of, [1]);
    }
    let slot = scene.lose();
    for of in CONVERSATIONS {
        scene.send(of, 2..=45);
    }
    for text in ["one", "two"] {
        scene.gate.broadcast(99, 30, text, "");
    }
    for history in HISTORIES {
        scene.gate.faults().on(history).delay(Duration::from_millis(30));
    }
    slot.give("token");
    scene.client.wait_online(DEADLINE).expect("a relogin");
    // Pushed while the pages are on their way.
    for of in CONVERSATIONS {
        scene.send(of, 46..=50);
    }
    let all = by_conversation(&scene, 3 * 49 + 2);
    for of in CONVERSATIONS {
        assert!(all[&of].iter().map(|(mid, _)| *mid).eq(2..=50), "{of:?}: {:?}", all[&of]);
        assert!(all[&of].iter().take(44).all(|(_, caught_up)| *caught_up));
    }
    assert!(!all[&PEER][48].1 && !all[&THE_GROUP][48].1);
    let broadcasts = &all[&GapConversation::Broadcast];
    assert!(broadcasts.len() == 2 && broadcasts[0].0 < broadcasts[1].0 && broadcasts[0].1);
    // Afterwards nothing is held.
    scene.send(PEER, [51]);
    scene.expect_one(PEER, 51, false);
    scene.nothing_more();
}

/// The gate sends to a connection that gives nothing on, until the client finds out.
#[test]
fn what_a_stranger_writes_while_the_connection_is_half_open_comes_after_it() {
    let scene = Scene::with(gate(), |options| options.max_ping_interval_seconds(1));
    scene.gate.faults().on("pushmsg").user(ME).next(1).half_open();
    scene.send(PEER, 1..=30);
    let slot = scene.relogins.recv_timeout(DEADLINE).expect("a relogin");
    scene.send(PEER, 31..=33);
    slot.give("token");
    scene.expect(PEER, 1..=33);
    scene.nothing_more();
}

/// What is only held when the next connection is lost too is as good as missed.
#[test]
fn a_loss_during_the_walk_starts_it_over() {
    let scene = Scene::new(gate());
    scene.send(PEER, [1]);
    scene.expect(PEER, [1]);
    let slot = scene.lose();
    scene.send(PEER, 2..=30);
    let faults = scene.gate.faults();
    faults.on("getp2pmsg").nth(2).never_answer();
    slot.give("token");
    scene.expect(PEER, 2..=20);
    eventually("the second page is asked for", || scene.gate.faults().struck() > 1);
    scene.send(PEER, 31..=40);
    let (callback, reply) = reply::channel();
    scene.client.get_server_time(None, callback);
    reply.wait().expect("what was pushed has come, and is held");
    let slot = scene.lose();
    scene.send(PEER, 41..=45);
    slot.give("token");
    scene.expect(PEER, 21..=45);
    scene.nothing_more();
}

/// The service has let the user in, pushes, and only then answers the login.
#[test]
fn what_is_pushed_before_the_login_is_answered_comes_behind_what_was_missed() {
    let scene = Scene::new(gate());
    scene.send(PEER, [1]);
    scene.expect(PEER, [1]);
    let slot = scene.lose();
    scene.send(PEER, 2..=3);
    scene.gate.faults().on("auth").next(1).answer_late(Duration::from_millis(300));
    let pushes = scene.client.stats().pushes;
    slot.give("token");
    eventually("the user is there", || scene.gate.counters().users == 2);
    scene.send(PEER, 4..=5);
    eventually("the pushes have come", || scene.client.stats().pushes == pushes + 2);
    assert!(!scene.client.stats().online);
    scene.expect(PEER, 2..=5);
    scene.nothing_more();
}

#[test]
fn of_what_the_service_has_forgotten_a_gap_is_told() {
    let scene = Scene::new(gate().keep_messages(50));
    scene.send(PEER, [1]);
    let mark = scene.expect(PEER, [1])[0];
    let slot = scene.lose();
    scene.send(PEER, 2..=201);
    slot.give("token");
    // The rows that come are handed over as they come, the gap is told when the walk is over.
    let mut times = scene.expect(PEER, 152..=201);
    let gap = scene.expect_gap(PEER);
    assert_eq!((gap.since, gap.until), (mark, times[0]), "{gap:?}");
    scene.send(PEER, [202]);
    times.extend(scene.expect(PEER, [202]));
    scene.nothing_more();
}

#[test]
fn a_service_may_give_fewer_rows_than_it_is_asked_for() {
    let scene = Scene::new(gate().page_limit(10));
    scene.send(PEER, [1]);
    scene.expect(PEER, [1]);
    let slot = scene.lose();
    scene.send(PEER, 2..=50);
    scene.send(THE_ROOM, 1..=25);
    slot.give("token");
    let came = by_conversation(&scene, 49 + 25);
    assert!(came[&PEER].iter().map(|(mid, _)| *mid).eq(2..=50), "{came:?}");
    assert!(came[&THE_ROOM].iter().map(|(mid, _)| *mid).eq(1..=25), "{came:?}");
    scene.nothing_more();
}

#[test]
fn of_more_than_may_be_caught_up_with_the_oldest_come() {
    let scene = Scene::with(gate(), |options| options.catch_up(CatchUp::new().max_messages(30)));
    let slot = scene.lose();
    scene.send(THE_GROUP, 1..=40);
    scene.send(PEER, 1..=30);
    slot.give("token");
    let mut gaps = Vec::new();
    let mut came: HashMap<_, Vec<i64>> = HashMap::new();
    while came.values().map(Vec::len).sum::<usize>() < 60 || gaps.is_empty() {
        match scene.next() {
            Heard::Message { of, mid, .. } => came.entry(of).or_default().push(mid),
            Heard::Gap(gap) => gaps.push(gap.conversation),
            Heard::Closed => panic!("the end"),
        }
    }
    assert_eq!(gaps, [THE_GROUP]);
    assert!(came.values().all(|mids| mids.iter().copied().eq(1..=30)), "{came:?}");
    // What was told as missing does not come after the next loss.
    let slot = scene.lose();
    scene.send(THE_GROUP, [41]);
    slot.give("token");
    scene.expect_one(THE_GROUP, 41, true);
    scene.nothing_more();
}

/// Three times a second apart.
#[test]
fn a_question_that_fails_for_now_is_repeated() {
    let scene = Scene::new(gate());
    let slot = scene.lose();
    scene.send(PEER, 1..=30);
    scene.gate.faults().on("getp2pmsg").nth(2).error(200010);
    scene.gate.faults().on("getunreadconversationlist").next(1).error(20003);
    let began = Instant::now();
    slot.give("token");
    scene.expect(PEER, 1..=30);
    assert!(began.elapsed() >= Duration::from_secs(2));
    scene.nothing_more();
}

/// What was pushed meanwhile comes behind the gap.
#[test]
fn a_page_that_cannot_be_had_is_a_gap() {
    let scene = Scene::new(gate());
    for (of, method) in CONVERSATIONS.into_iter().zip(HISTORIES) {
        scene.send(of, [1]);
        let mark = scene.expect(of, [1])[0];
        let slot = scene.lose();
        scene.send(of, 2..=30);
        scene.gate.faults().on(method).nth(2).error(200001);
        scene.gate.faults().on(method).delay(Duration::from_millis(50));
        slot.give("token");
        scene.client.wait_online(DEADLINE).expect("a relogin");
        scene.expect(of, [2]);
        scene.send(of, [31]);
        let last = scene.expect(of, 3..=20).pop();
        let gap = scene.expect_gap(of);
        assert!(Some(gap.since) == last && gap.since >= mark && gap.until >= gap.since, "{gap:?}");
        scene.expect(of, [31]);
        scene.gate.faults().clear();
        scene.send(of, [32]);
        scene.expect_one(of, 32, false);
        // For the next round in the same place there is a mark that is later.
    }
    scene.nothing_more();
}

/// Beyond 4 MiB what is held is handed over, and the walk ends with a gap.
#[test]
fn more_than_may_be_held_is_a_gap() {
    const MANY: i64 = 4 * 1024 / 20 + 5;
    let scene = Scene::new(gate());
    scene.send(PEER, [1]);
    scene.expect(PEER, [1]);
    let slot = scene.lose();
    scene.send(PEER, [2]);
    let struck = scene.gate.faults().struck();
    scene.gate.faults().on("getp2pmsg").never_answer();
    slot.give("token");
    scene.client.wait_online(DEADLINE).expect("a relogin");
    eventually("the page is asked for", || scene.gate.faults().struck() > struck);
    let long = "x".repeat(20 << 10);
    for mid in 3..3 + MANY {
        let (callback, reply) = reply::channel();
        scene.other.send_chat(ME, &*long, "", mid, None, callback);
        reply.wait().expect("sent");
    }
    scene.expect_gap(PEER);
    scene.expect(PEER, 3..3 + MANY);
    scene.nothing_more();
}

#[test]
fn a_list_that_cannot_be_had_is_a_gap_anywhere() {
    let scene = Scene::new(gate());
    scene.send(THE_GROUP, [1]);
    scene.expect(THE_GROUP, [1]);
    let slot = scene.lose();
    scene.send(PEER, 1..=3);
    scene.send(THE_GROUP, 2..=30);
    scene.gate.faults().on("getunreadconversationlist").next(1).error(200001);
    slot.give("token");
    scene.expect_gap(GapConversation::Unknown);
    // The client knows of the group.
    scene.expect(THE_GROUP, 2..=30);
    scene.send(PEER, [4]);
    scene.expect(PEER, [4]);
    scene.nothing_more();
}

#[test]
fn a_room_that_is_not_entered_again_is_a_gap() {
    let scene = Scene::new(gate());
    scene.send(THE_ROOM, [1]);
    scene.expect(THE_ROOM, [1]);
    let slot = scene.lose();
    scene.send(THE_ROOM, [2]);
    scene.gate.faults().on("enterroom").user(ME).next(1).error(200047);
    slot.give("token");
    scene.expect_gap(THE_ROOM);
    scene.nothing_more();
}

/// Own messages, deleted ones, those that exclude the user, and types that are not covered do not come, and are no gap.
#[test]
fn what_is_not_for_the_user_is_left_out() {
    let scene = Scene::new(gate());
    let slot = scene.lose();
    scene.send(THE_GROUP, 1..=2);
    let (callback, reply) = reply::channel();
    scene.other.send_group_chat(GROUP, "not you", r#"{"excludedUids":["1"]}"#, 3, None, callback);
    reply.wait().expect("sent");
    let (callback, reply) = reply::channel();
    scene.other.delete_chat(OTHER, 2, GROUP, 2, None, callback);
    reply.wait().expect("deleted");
    let twin = RtmClient::new(options(&scene.gate));
    login(&twin, ME);
    send(&twin, THE_GROUP, 4);
    let (callback, reply) = reply::channel();
    scene.other.send_group_message(GROUP, 66, "a move", "", 5, None, callback);
    reply.wait().expect("sent");
    scene.send(THE_GROUP, [6]);
    slot.give("token");
    scene.expect_one(THE_GROUP, 1, true);
    scene.expect_one(THE_GROUP, 6, true);
    scene.nothing_more();
}

#[test]
fn on_a_thread_of_the_programs_own_it_is_the_same() {
    let scene = Scene::with(gate(), |options| options.callbacks(Callbacks::Manual));
    scene.send(PEER, [1]);
    let run_until = |mids: std::ops::RangeInclusive<i64>| {
        let mut came = Vec::new();
        let until = Instant::now() + DEADLINE;
        while came.last() != Some(mids.end()) && Instant::now() < until {
            scene.client.run_callbacks(Duration::from_millis(50)).expect("on one thread");
            came.extend(scene.heard.try_iter().map(|heard| match heard {
                Heard::Message { mid, .. } => mid,
                other => panic!("no message: {other:?}"),
            }));
        }
        assert!(came.iter().copied().eq(mids.clone()), "{came:?}");
    };
    run_until(1..=1);
    scene.gate.faults().on("getservertime").user(ME).next(1).close();
    scene.client.get_server_time(None, reply::ignore);
    let slot = loop {
        scene.client.run_callbacks(Duration::from_millis(50)).expect("on one thread");
        if let Ok(slot) = scene.relogins.try_recv() {
            break slot;
        }
    };
    scene.send(PEER, 2..=60);
    slot.give("token");
    run_until(2..=60);
    scene.client.close();
}

/// While a handler takes its time the relief asks for page after page, and nothing is lost or turned round.
#[test]
fn a_handler_that_takes_long_does_not_hold_the_walk_up() {
    let scene = Scene::new(gate());
    let (sleeps, wakes) = (mpsc::channel(), mpsc::channel::<()>());
    let mut first = true;
    scene.client.processor().on(server_push::RECV_CHAT, move |_| {
        if std::mem::take(&mut first) {
            sleeps.0.send(()).expect("the test waits");
            wakes.1.recv_timeout(DEADLINE).expect("the test goes on");
        }
    });
    let slot = scene.lose();
    scene.send(PEER, 1..=70);
    scene.gate.faults().on("getp2pmsg").delay(Duration::from_millis(1));
    let struck = scene.gate.faults().struck();
    slot.give("token");
    sleeps.1.recv_timeout(DEADLINE).expect("the first message");
    eventually("all four pages are asked for", || scene.gate.faults().struck() >= struck + 4);
    scene.send(PEER, 71..=80);
    wakes.0.send(()).expect("it waits");
    scene.expect(PEER, 1..=80);
    scene.nothing_more();
}

/// The service has not said yet when the login was: that is asked for after the relogin.
#[test]
fn a_loss_right_after_the_login_is_no_gap_and_is_caught_up_with() {
    let scene = Scene::new(gate());
    scene.client.close_and_wait(DEADLINE).expect("the end");
    assert_eq!(scene.next(), Heard::Closed);
    scene.gate.faults().on("getservertime").user(ME).next(1).never_answer();
    login(&scene.client, ME);
    pass_the_floor(&scene.other);
    let slot = scene.lose();
    scene.send(PEER, 1..=3);
    slot.give("token");
    scene.expect(PEER, 1..=3);
    scene.nothing_more();
}

#[test]
fn a_gap_in_a_room_ends_before_what_is_pushed() {
    let scene = Scene::with(gate(), |options| options.catch_up(CatchUp::new().max_messages(2)));
    let slot = scene.lose();
    scene.send(THE_ROOM, 1..=5);
    slot.give("token");
    scene.expect(THE_ROOM, 1..=2);
    let gap = scene.expect_gap(THE_ROOM);
    pass_the_floor(&scene.other);
    scene.send(THE_ROOM, [6]);
    let live = scene.expect(THE_ROOM, [6])[0];
    assert!(gap.until < live, "{gap:?} {live}");
    // What is missing does not come after the next loss, although no row is known at the end of the gap.
    let slot = scene.lose();
    slot.give("token");
    scene.nothing_more();
}
