//! Many messages through losses of every kind.

use super::*;
use crate::common::few_or_many;

/// What happens to the connection of the user.
const KINDS: i64 = 7;

fn harm(gate: &Gate, client: &RtmClient, kind: i64) {
    let faults = gate.faults();
    match kind {
        0 => faults.on("pushmsg").user(ME).next(1).reset(),
        1 => faults.on("pushgroupmsg").user(ME).next(1).close(),
        // Half-open.
        2 => faults.on_any().user(ME).never_answer(),
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
    for mid in 1..=sends {
        let (at, loss) = (mid % each, mid / each);
        if at == 1 {
            gate.faults().clear();
            reconnects = client.stats().reconnects;
            harm(&gate, &client, loss % KINDS);
            slow();
        }
        send(&other, CONVERSATIONS[(mid % 3) as usize], mid);
        if at == each / 2 {
            eventually("the loss is seen", || {
                client.stats().reconnects > reconnects || !client.stats().online
            });
            if loss % KINDS == 2 {
                gate.faults().clear();
                slow();
            }
            // Every other time the next loss comes before all is caught up with.
            if loss % 2 == 0 {
                client.wait_online(DEADLINE).expect("a relogin");
            }
        }
    }
    gate.faults().clear();
    let mut came: Vec<_> = CONVERSATIONS.map(|of| (of, Vec::new())).into();
    let mut caught_up = 0;
    for _ in 0..sends {
        match heard.recv_timeout(DEADLINE).expect("a message") {
            Heard::Message { of, mid, caught_up: so, .. } => {
                caught_up += i64::from(so);
                came.iter_mut().find(|(place, _)| *place == of).expect("one of them").1.push(mid);
            }
            other => panic!("no message: {other:?}"),
        }
    }
    println!(
        "{sends} messages, {} relogins, {caught_up} caught up with, in {:?}",
        client.stats().reconnects,
        began.elapsed()
    );
    for (index, (of, came)) in came.iter().enumerate() {
        let sent = (1..=sends).filter(|mid| mid % 3 == index as i64);
        assert!(came.iter().copied().eq(sent), "{of:?}: {came:?}");
    }
    assert!(client.stats().reconnects >= losses as u64);
    assert!(caught_up > 0);
    client.close_and_wait(DEADLINE).expect("the threads end");
    assert_eq!(heard.try_iter().collect::<Vec<_>>(), [Heard::Closed]);
}
