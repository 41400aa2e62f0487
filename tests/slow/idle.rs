//! A client that has nothing to do does nothing.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rtm_client::server_push;

use crate::alone;
use crate::common::package;
use crate::common::peer::Peer;
use crate::common::responder::chat_text;
use crate::common::{DEADLINE, few_or_many};

/// How often threads of that name have given up the CPU by themselves: once for each time they were woken.
pub(crate) fn switches(name: &str) -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    let of_task = |path: std::path::PathBuf| {
        let comm = std::fs::read_to_string(path.join("comm")).ok()?;
        let status = std::fs::read_to_string(path.join("status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        (comm.trim_end() == name).then(|| line.trim().parse::<u64>().expect("a number"))
    };
    tasks.flatten().filter_map(|task| of_task(task.path())).sum()
}

fn all() -> u64 {
    ["rtm-io", "rtm-timer", "rtm-relief"].into_iter().map(switches).sum()
}

#[test]
fn nobody_wakes_up() {
    let _alone = alone();
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    record.expect_nothing(&client, &mut connection);
    // Also after a slow callback, with a relief.
    drop(crate::hold(&client, &mut connection));
    thread::sleep(Duration::from_secs(1));
    let before = all();
    thread::sleep(Duration::from_secs(few_or_many(1, 3)));
    assert_eq!(all() - before, 0, "wake-ups while idle");
    client.close_and_wait(DEADLINE).expect("the threads end");
}

/// Between the gate's pings there is nothing but a look at the clocks each ten seconds. For a minute, or not at all.
#[test]
fn for_a_minute_there_are_pings_and_looks_at_the_clocks() {
    const LOOK: Duration = Duration::from_secs(10);
    const SETTLED: Duration = Duration::from_millis(100);
    let _alone = alone();
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    record.expect_nothing(&client, &mut connection);
    let looks = few_or_many(0, 6);
    let (mut timer, mut others, mut pings) = (0, 0, 0);
    for _ in 0..looks {
        let before = all();
        connection.sync();
        thread::sleep(SETTLED);
        pings += all() - before;
        let before = (switches("rtm-timer"), all());
        thread::sleep(LOOK);
        let by_timer = switches("rtm-timer") - before.0;
        timer += by_timer;
        others += all() - before.1 - by_timer;
    }
    println!("{looks} times {LOOK:?}: {timer} looks, {pings} wake-ups for {looks} pings");
    assert!((looks..=looks + 1).contains(&timer), "{timer} wake-ups of the timer thread");
    assert_eq!(others, 0, "wake-ups of the other threads");
    assert!(pings <= 6 * looks, "{pings} wake-ups for {looks} pings");
    client.close_and_wait(DEADLINE).expect("the threads end");
}

#[test]
fn a_lone_message_wakes_few() {
    const MESSAGES: u64 = 40;
    let _alone = alone();
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    let (sender, heard) = mpsc::channel();
    client.processor().on(server_push::RECV_CHAT, move |chat| {
        sender.send(chat.mid).expect("the test listens");
    });
    record.expect_nothing(&client, &mut connection);
    thread::sleep(Duration::from_millis(200));
    let before = all();
    for mid in 1..=MESSAGES as i64 {
        connection.send(&package::quest(mid as u32, "pushmsg", &chat_text(mid)));
        connection.package().expect("an answer");
        assert_eq!(heard.recv_timeout(DEADLINE), Ok(mid));
        thread::sleep(Duration::from_millis(20));
    }
    let each = (all() - before) as f64 / MESSAGES as f64;
    println!("{each} wake-ups a message");
    assert!(each < 8.0, "{each} wake-ups a message");
    client.close_and_wait(DEADLINE).expect("the threads end");
}
