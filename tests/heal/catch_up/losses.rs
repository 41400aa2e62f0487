//! Many messages through losses of every kind.

use std::thread;

use super::*;
use crate::common::few_or_many;

/// What happens to the connection of the user.
const KINDS: i64 = 7;

fn harm(gate: &Gate, client: &RtmClient, kind: i64) {
    let faults = gate.faults();
    match kind {
        0 => faults.on("pushmsg").user(ME).next(1).reset(),
        1 => faults.on("pushgroupmsg").user(ME).next(1).close(),
        2 => faults.on("pushmsg").user(ME).next(1).half_open(),
        3 => {
            faults.on("getservertime").user(ME).next(1).close();
            client.get_server_time(None, reply::ignore);
        }
        // And then during the catch-up too.
        4 => {
            faults.on("getunreadconversationlist").next(1).reset();
            faults.on("pushroommsg").user(ME).next(1).close();
        }
        5 => {
            faults.on("getgroupmsg").nth(2).close();
            faults.on("pushmsg").user(ME).next(1).close();
        }
        _ => {
            faults.on("getroommsg").next(1).close();
            faults.on("enterroom").user(ME).next(1).reset();
            faults.on("pushmsg").user(ME).next(1).reset();
        }
    }
}

/// What has come, by conversation.
#[derive(Default)]
struct Came {
    mids: [Vec<i64>; 3],
    caught_up: i64,
}

impl Came {
    /// Waits until there are so many in all.
    fn wait_for(&mut self, count: i64, heard: &Receiver<Heard>) {
        while (self.mids.iter().map(Vec::len).sum::<usize>() as i64) < count {
            match heard.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("{:?}", self.mids)) {
                Heard::Message { of, mid, caught_up, .. } => {
                    let index = CONVERSATIONS.iter().position(|place| *place == of);
                    self.mids[index.expect("one of them")].push(mid);
                    self.caught_up += i64::from(caught_up);
                }
                other => panic!("no message: {other:?}"),
            }
        }
    }
}

#[test]
fn each_message_comes_once_and_in_order_through_losses_of_every_kind() {
    let sends: i64 = few_or_many(120, 600);
    let losses: i64 = few_or_many(7, 21);
    let gate = gate().start().expect("a gate");
    let other = RtmClient::new(options(&gate));
    login(&other, OTHER);
    let client = RtmClient::new(catching_up(&gate).max_ping_interval_seconds(1));
    let heard = listen(&client);
    // A login that the silent gate does not answer is given up soon.
    client.login(ME, "token", |_, _| {}, Duration::from_secs(1));
    client.wait_online(DEADLINE).expect("a login");
    let (callback, entered) = reply::channel();
    client.enter_room(ROOM, None, callback);
    entered.wait().expect("in the room");
    pass_the_floor(&client);
    let slow = || {
        for history in HISTORIES {
            gate.faults().on(history).delay(Duration::from_millis(90));
        }
    };
    slow();
    let began = Instant::now();
    let each = sends / losses;
    let mut reconnects = 0;
    let mut came = Came::default();
    for mid in 1..=sends {
        let (at, loss) = (mid % each, mid / each);
        if at == 1 {
            gate.faults().clear();
            reconnects = client.stats().reconnects;
            harm(&gate, &client, loss % KINDS);
            slow();
        }
        send(&other, CONVERSATIONS[(mid % 3) as usize], mid);
        thread::sleep(Duration::from_millis(2));
        if at == each / 2 {
            eventually("the loss is seen", || {
                client.stats().reconnects > reconnects || !client.stats().online
            });
            // Each third time the next loss comes before the relogin, and each third before all is caught up with.
            match loss % 3 {
                0 => client.wait_online(DEADLINE).expect("a relogin"),
                1 => came.wait_for(mid, &heard),
                _ => {}
            }
        }
    }
    gate.faults().clear();
    came.wait_for(sends, &heard);
    println!(
        "{sends} messages, {} relogins, {} caught up with, in {:?}",
        client.stats().reconnects,
        came.caught_up,
        began.elapsed()
    );
    for (index, (of, came)) in CONVERSATIONS.iter().zip(came.mids).enumerate() {
        let sent = (1..=sends).filter(|mid| mid % 3 == index as i64);
        assert!(came.iter().copied().eq(sent), "{of:?}: {came:?}");
    }
    assert!(client.stats().reconnects >= losses as u64);
    assert!((sends / 10..sends * 9 / 10).contains(&came.caught_up), "there are enough of both");
    client.close_and_wait(DEADLINE).expect("the threads end");
    assert_eq!(heard.try_iter().collect::<Vec<_>>(), [Heard::Closed]);
}
