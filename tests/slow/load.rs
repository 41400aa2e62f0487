//! Slow and quick callbacks in a row, and the way back to the normal case.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use rtm_client::{RtmClient, reply};

use crate::common::responder::{PUSH, Responder};
use crate::common::{DEADLINE, UID, eventually};
use crate::idle::switches;
use crate::{CALLBACKS, alone, no_threads, thread_name, threads, threads_are};

fn login(gate: &Responder) -> RtmClient {
    let client = RtmClient::new(gate.options());
    let (callback, login) = reply::login();
    client.login(UID, "token", callback, DEADLINE);
    login.wait().expect("a login");
    client
}

/// Takes the CPU for so long, as a callback does that is slow by its work.
fn work(length: Duration) {
    let until = Instant::now() + length;
    while Instant::now() < until {
        std::hint::spin_loop();
    }
}

/// Makes calls whose callbacks do that. They say who they are, and where they ran.
fn calls(
    client: &RtmClient,
    numbers: std::ops::Range<usize>,
    work: impl Fn(usize) + Copy + Send + 'static,
) -> Receiver<(usize, String)> {
    let (sender, ended) = mpsc::channel();
    for number in numbers {
        let sender = sender.clone();
        client.send_cmd(2, "", "", None, 2 * DEADLINE, move |error, _| {
            assert!(error.is_none(), "{error:?}");
            work(number);
            sender.send((number, thread_name())).expect("the test waits");
        });
    }
    ended
}

fn expect_all(ended: &Receiver<(usize, String)>, numbers: std::ops::Range<usize>) {
    for number in numbers {
        assert_eq!(ended.recv_timeout(DEADLINE), Ok((number, CALLBACKS.to_owned())));
    }
}

/// Until it is told to stop, makes calls and waits for their answers. Returns how many, and the slowest.
fn neighbour(client: &RtmClient, stop: &AtomicBool) -> (usize, Duration) {
    let (mut made, mut slowest) = (0, Duration::ZERO);
    while !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let (callback, reply) = reply::channel();
        client.send_cmd(2, "", "", None, DEADLINE / 2, callback);
        reply.wait().expect("an answer");
        slowest = slowest.max(begun.elapsed());
        made += 1;
        thread::sleep(Duration::from_millis(1));
    }
    (made, slowest)
}

fn slow_callbacks_in_a_row(count: usize, length: Duration) {
    let gate = Responder::start();
    let client = login(&gate);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let neighbour = scope.spawn(|| neighbour(&client, &stop));
        let ended = calls(&client, 0..count, move |_| work(length));
        expect_all(&ended, 0..count);
        stop.store(true, Ordering::Relaxed);
        let (made, slowest) = neighbour.join().expect("each call is answered");
        println!("{count} callbacks of {length:?}: {made} neighbours, the slowest {slowest:?}");
    });
    client.close_and_wait(DEADLINE).expect("the threads end");
    no_threads();
}

#[test]
fn callbacks_of_half_a_millisecond_under_load() {
    let _alone = alone();
    slow_callbacks_in_a_row(600, Duration::from_micros(500));
}

#[test]
fn callbacks_of_five_milliseconds_under_load() {
    let _alone = alone();
    slow_callbacks_in_a_row(200, Duration::from_millis(5));
}

/// Handlers of pushes and calls by turns, slow now and then.
#[test]
fn slow_and_quick_callbacks_keep_their_order() {
    let _alone = alone();
    let gate = Responder::start();
    let client = login(&gate);
    let (sender, heard) = mpsc::channel();
    let pushed = sender.clone();
    client.processor().on(rtm_client::server_push::RECV_CHAT, move |chat| {
        if chat.mid % 7 == 0 {
            work(Duration::from_millis(3));
        }
        pushed.send((2 * chat.mid, thread_name())).expect("the test waits");
    });
    for mid in 1..=300 {
        let sender = sender.clone();
        // The push comes before the answer.
        client.send_cmd(PUSH, "", "", mid, None, move |_, _| {
            if mid % 11 == 0 {
                thread::sleep(Duration::from_millis(2));
            }
            sender.send((2 * mid + 1, thread_name())).expect("the test waits");
        });
    }
    for expected in 2..602 {
        assert_eq!(heard.recv_timeout(DEADLINE), Ok((expected, CALLBACKS.to_owned())));
    }
    client.close_and_wait(DEADLINE).expect("the threads end");
}

/// A hiccup of the scheduler may look like a slow callback: so it need not be the first client.
#[test]
fn quick_callbacks_need_two_threads() {
    let _alone = alone();
    let gate = Responder::start();
    let two = (0..30).any(|_| {
        let client = login(&gate);
        let ended = calls(&client, 0..300, |_| ());
        expect_all(&ended, 0..300);
        for number in 0..30 {
            let ended = calls(&client, number..number + 1, |_| ());
            expect_all(&ended, number..number + 1);
        }
        let two = threads() == ["rtm-io", "rtm-timer"];
        client.close_and_wait(DEADLINE).expect("the threads end");
        two
    });
    assert!(two, "thirty clients with quick callbacks needed more than two threads each");
}

/// What comes while callbacks are run that are many and quick is read, without a relief. Only rounds without one say so,
/// which a busy machine may not have.
#[test]
fn many_quick_callbacks_hold_nobody_up() {
    const CALLBACKS: usize = 200;
    let _alone = alone();
    let gate = Responder::start();
    let mut judged = 0;
    let heard = (0..50).any(|_| {
        let client = login(&gate);
        let stop = AtomicBool::new(false);
        let (made, two) = thread::scope(|scope| {
            let neighbour = scope.spawn(|| neighbour(&client, &stop));
            let ended = calls(&client, 0..CALLBACKS, |_| work(Duration::from_micros(250)));
            expect_all(&ended, 0..CALLBACKS);
            stop.store(true, Ordering::Relaxed);
            let two = threads() == ["rtm-io", "rtm-timer"];
            (neighbour.join().expect("each call is answered").0, two)
        });
        client.close_and_wait(DEADLINE).expect("the threads end");
        println!("{made} neighbours, without a relief: {two}");
        judged += usize::from(two);
        two && made > 8
    });
    assert!(heard || judged < 3, "neighbours wait for the last of many quick callbacks");
}

/// Callbacks about as long as it takes until the relief comes: it comes, or not, while they end.
#[test]
fn the_relief_comes_while_the_batch_ends() {
    let _alone = alone();
    let gate = Responder::start();
    let client = login(&gate);
    for round in 0..400_usize {
        let length = Duration::from_micros(800 + (round as u64 * 37) % 2200);
        let (callback, reply) = reply::channel();
        let slow = calls(&client, 0..1, move |_| match round % 2 {
            0 => work(length),
            _ => thread::sleep(length),
        });
        let behind = calls(&client, 0..2, |_| ());
        client.send_cmd(2, "", "", None, DEADLINE / 2, callback);
        reply.wait().unwrap_or_else(|error| panic!("round {round}: {error}"));
        expect_all(&slow, 0..1);
        expect_all(&behind, 0..2);
    }
    client.close_and_wait(DEADLINE).expect("the threads end");
    no_threads();
}

/// What is queued while the chair is asked for, or given back, does not wait until the gate says something.
#[test]
fn a_callback_runs_while_the_chair_comes_back() {
    let _alone = alone();
    let gate = Responder::start();
    for step in 0..20 {
        let client = RtmClient::new(gate.options().max_sent_bytes(1000));
        let (callback, login) = reply::login();
        client.login(UID, "token", callback, DEADLINE);
        login.wait().expect("a login");
        expect_all(&calls(&client, 0..1, |_| thread::sleep(Duration::from_millis(5))), 0..1);
        // It is asked for after 50 ms without a slow callback.
        thread::sleep(Duration::from_millis(40 + step));
        let (sender, refused) = mpsc::channel();
        client.send_cmd(2, "x".repeat(2000), "", None, None, move |error, _| {
            sender.send(error.map(|error| error.error.code())).expect("the test waits");
        });
        assert_eq!(refused.recv_timeout(DEADLINE), Ok(Some(20005)));
        client.close_and_wait(DEADLINE).expect("the threads end");
    }
}

/// After a while of quick callbacks the relief has nothing to do any more.
#[test]
fn the_chair_comes_back() {
    let _alone = alone();
    let gate = Responder::start();
    let client = login(&gate);
    for round in 0..3 {
        expect_all(&calls(&client, 0..1, |_| thread::sleep(Duration::from_millis(20))), 0..1);
        threads_are(&["rtm-io", "rtm-relief", "rtm-timer"]);
        eventually("the relief rests while calls are answered", || {
            let before = switches("rtm-relief");
            for number in 0..20 {
                expect_all(&calls(&client, number..number + 1, |_| ()), number..number + 1);
            }
            switches("rtm-relief") == before
        });
        println!("round {round}");
    }
    client.close_and_wait(DEADLINE).expect("the threads end");
    no_threads();
}
