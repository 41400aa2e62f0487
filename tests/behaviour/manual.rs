//! Callbacks run by the program: `Callbacks::Manual`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rtm_client::gate::Gate;
use rtm_client::types::{File, mtype};
use rtm_client::{Callbacks, ClientOptions, RtmClient, WeakClient, reply, server_push};

use crate::common::package::{self, server_time};
use crate::common::peer::{Connection, Peer};
use crate::common::record::{Event, Record};
use crate::common::responder::chat_text;
use crate::common::{DEADLINE, UID};

fn login(peer: &Peer) -> (RtmClient, Record, Connection) {
    let client = RtmClient::new(peer.options().callbacks(Callbacks::Manual));
    let record = Record::of(&client);
    client.login(UID, "token", record.login(), DEADLINE);
    let connection = peer.accept_login();
    assert_eq!(run(&client), Ok(1));
    record.expect_login(true, 0);
    (client, record, connection)
}

fn run(client: &RtmClient) -> Result<usize, i32> {
    client.run_callbacks(DEADLINE).map_err(|error| error.code())
}

#[test]
fn nothing_runs_by_itself_and_everything_in_order() {
    let peer = Peer::new();
    let (client, record, mut connection) = login(&peer);
    let put = record.putter();
    client.processor().on(server_push::RECV_CHAT, move |chat| put(Event::Closed(chat.mid as i32)));
    client.get_server_time(None, record.call(1));
    client.get_server_time(None, record.call(2));
    let quests = [connection.quest("getservertime"), connection.quest("getservertime")];
    connection.answer(&quests[1], &server_time(2));
    connection.send(&package::quest(1, "pushmsg", &chat_text(77)));
    connection.answer(&quests[0], &server_time(1));
    // Pushes and pings are answered all the same.
    let answers = connection.sync();
    assert_eq!(answers.len(), 1);
    assert_eq!(record.all(), []);
    // Two answers, the push and the ping.
    let mut ran = 0;
    while ran < 4 {
        ran += run(&client).expect("nobody else runs them");
    }
    assert_eq!(ran, 4);
    let expected = [Event::Call(2, Ok(2)), Event::Closed(77), Event::Call(1, Ok(1))];
    assert_eq!(record.all(), expected);
    assert_eq!(client.run_callbacks(Duration::ZERO).map_err(|error| error.code()), Ok(0));
    client.close_and_wait(DEADLINE).expect("the threads end");
}

#[test]
fn it_waits_for_the_first_callback_and_no_longer() {
    let peer = Peer::new();
    let (client, record, mut connection) = login(&peer);
    let timeout = Duration::from_millis(50);
    let before = Instant::now();
    assert_eq!(client.run_callbacks(timeout).map_err(|error| error.code()), Ok(0));
    assert!(before.elapsed() >= timeout);
    client.get_server_time(None, record.call(1));
    let quest = connection.quest("getservertime");
    thread::scope(|scope| {
        scope.spawn(|| connection.answer(&quest, &server_time(1)));
        assert_eq!(run(&client), Ok(1));
    });
    assert!(before.elapsed() < DEADLINE);
    record.expect_call(1, Ok(1));
}

#[test]
fn it_goes_on_after_close_until_everything_owed_has_run() {
    let peer = Peer::new();
    let (client, record, mut connection) = login(&peer);
    client.get_server_time(None, record.call(1));
    connection.quest("getservertime");
    client.close_and_wait(DEADLINE).expect("the threads end without the callbacks");
    client.get_server_time(None, record.call(2));
    assert_eq!(record.all(), []);
    let mut ran = 0;
    while let Ok(more @ 1..) = client.run_callbacks(Duration::ZERO) {
        ran += more;
    }
    assert_eq!(ran, 3);
    let expected = [Event::Closed(0), Event::Call(1, Err(20002)), Event::Call(2, Err(20012))];
    assert_eq!(record.all(), expected);
}

#[test]
fn a_second_run_at_the_same_time_is_an_error() {
    let peer = Peer::new();
    let (client, record, mut connection) = login(&peer);
    let (inner, nested) = (client.clone(), record.putter());
    let (entered, inside) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    client.get_server_time(None, move |_, _| {
        let code = inner.run_callbacks(Duration::ZERO).map_err(|error| error.code());
        nested(Event::Call(1, code.map(|ran| ran as i64)));
        entered.send(()).expect("the test waits");
        let _ = released.recv();
    });
    let quest = connection.quest("getservertime");
    connection.answer(&quest, &server_time(1));
    thread::scope(|scope| {
        let runner = scope.spawn(|| run(&client));
        inside.recv_timeout(DEADLINE).expect("the callback runs");
        assert_eq!(run(&client), Err(20013), "from a second thread");
        release.send(()).expect("the callback waits");
        assert_eq!(runner.join().expect("no panic"), Ok(1));
    });
    record.expect_call(1, Err(20013));
    assert_eq!(client.run_callbacks(Duration::ZERO).map_err(|error| error.code()), Ok(0));
}

#[test]
fn a_panic_ends_neither_the_run_nor_the_next() {
    let peer = Peer::new();
    let (client, record, mut connection) = login(&peer);
    client.get_server_time(None, move |_, _| std::panic::resume_unwind(Box::new("on purpose")));
    client.get_server_time(None, record.call(1));
    let quests = [connection.quest("getservertime"), connection.quest("getservertime")];
    let answers = quests.map(|quest| package::answer(quest.seq, 0, &server_time(1)));
    connection.send(&answers.concat());
    assert_eq!(run(&client), Ok(2));
    record.expect_call(1, Ok(1));
    client.get_server_time(Duration::from_millis(1), record.call(2));
    assert_eq!(run(&client), Ok(1));
    record.expect_call(2, Err(20003));
}

/// What is waited for ends without anybody running callbacks: logins, calls and files alike.
#[test]
fn a_wait_needs_nobody_to_run_callbacks() {
    let gate = Gate::builder().start().expect("a gate");
    let options = ClientOptions::new(gate.pid())
        .endpoint(gate.endpoint())
        .file_endpoint(gate.file_endpoint())
        .callbacks(Callbacks::Manual)
        .max_in_flight(1);
    let client = RtmClient::new(options);
    let (callback, reply) = reply::login();
    client.login(1, "token", callback, DEADLINE);
    reply.wait().expect("it is logged in");
    for _ in 0..100 {
        let (callback, reply) = reply::channel();
        client.get_server_time(DEADLINE, callback);
        reply.wait().expect("nothing else is in flight");
    }
    let (callback, reply) = reply::channel();
    let file = File::from_bytes("a.txt", "hello");
    client.send_file(mtype::FILE, 2, file, None, DEADLINE, callback);
    reply.wait().expect("the file is sent");
    let (callback, reply) = reply::channel();
    client.send_file(mtype::FILE, 2, File::open("no/such/file"), None, DEADLINE, callback);
    assert_eq!(reply.wait().map_err(|error| error.error.code()), Err(10012));
    client.close();
    let (callback, reply) = reply::login();
    let nowhere = ClientOptions::new(1).endpoint("127.0.0.1:1").callbacks(Callbacks::Manual);
    RtmClient::new(nowhere).login(1, "token", callback, DEADLINE);
    assert!(reply.wait().is_err());
}

/// Told once when callbacks begin to wait, and again when they have run and more come: whoever is woken by each such word
/// misses none.
#[test]
fn a_loop_that_sleeps_is_woken() {
    let peer = Peer::new();
    let (sender, words) = mpsc::channel();
    let ready = move || sender.send(()).expect("the loop is there");
    let options = peer.options().callbacks(Callbacks::Manual).callbacks_ready(ready);
    let client = RtmClient::new(options);
    let woken = || words.recv_timeout(DEADLINE).expect("the loop is woken");
    let record = Record::of(&client);

    // Inside a call, where there is no thread for it.
    client.get_server_time(None, record.call(1));
    woken();
    client.get_server_time(None, record.call(2));
    assert_eq!(words.try_iter().count(), 0, "they wait already");
    while run_all(&client) < 2 {}
    record.expect_call(1, Err(20012));
    record.expect_call(2, Err(20012));

    client.login(UID, "token", record.login(), DEADLINE);
    let mut connection = peer.accept_login();
    woken();
    while run_all(&client) == 0 {}
    record.expect_login(true, 0);
    for n in 3..200 {
        client.get_server_time(None, record.call(n));
        let quest = connection.quest("getservertime");
        connection.answer(&quest, &server_time(7));
        // Whether it is told once or twice, everything that is there has been told of.
        while run_all(&client) == 0 {
            woken();
        }
        record.expect_call(n, Ok(7));
    }
    client.close();
    woken();
    client.close_and_wait(DEADLINE).expect("the threads end");
}

/// Runs what is there without waiting.
fn run_all(client: &RtmClient) -> usize {
    let mut all = 0;
    while let Ok(ran @ 1..) = client.run_callbacks(Duration::ZERO) {
        all += ran;
    }
    all
}

/// It is called where waiting would never end, and its panic ends nothing.
#[test]
fn what_wakes_the_loop_may_call_and_panic_and_not_wait() {
    let peer = Peer::new();
    let (sender, codes) = mpsc::channel();
    let itself = Arc::new(OnceLock::<WeakClient>::new());
    let weak = itself.clone();
    let ready = move || {
        let (_, reply) = reply::channel::<rtm_client::Error, ()>();
        let waited = reply.wait().map_err(|error| error.code());
        if let Some(client) = weak.get().and_then(WeakClient::upgrade) {
            assert_eq!(run(&client), Err(20013), "a batch is for the loop");
        }
        sender.send(waited).expect("the test waits");
        panic!("on purpose");
    };
    let options = peer.options().callbacks(Callbacks::Manual).callbacks_ready(ready);
    let client = RtmClient::new(options);
    itself.set(client.downgrade()).expect("set once");
    let record = Record::of(&client);
    client.login(UID, "token", record.login(), DEADLINE);
    let mut connection = peer.accept_login();
    assert_eq!(codes.recv_timeout(DEADLINE), Ok(Err(20013)));
    while run(&client) == Ok(0) {}
    record.expect_login(true, 0);
    client.get_server_time(None, record.call(1));
    let quest = connection.quest("getservertime");
    connection.answer(&quest, &server_time(1));
    assert_eq!(codes.recv_timeout(DEADLINE), Ok(Err(20013)));
    assert_eq!(run(&client), Ok(1));
    record.expect_call(1, Ok(1));
    client.close_and_wait(DEADLINE).expect("the threads end");
}

/// A callback that calls again at once, with a call that fails at once: each round ends, and so does leaving.
#[test]
fn what_callbacks_bring_about_is_for_the_next_time() {
    fn again(client: &RtmClient, made: &Arc<AtomicUsize>) {
        made.fetch_add(1, Ordering::Relaxed);
        let (weak, made) = (client.downgrade(), made.clone());
        client.get_server_time(None, move |_, _| {
            if let Some(client) = weak.upgrade() {
                again(&client, &made);
            }
        });
    }
    let peer = Peer::new();
    let (sender, words) = mpsc::channel();
    let ready = move || _ = sender.send(());
    let options = peer.options().callbacks(Callbacks::Manual).callbacks_ready(ready);
    let client = RtmClient::new(options);
    let made = Arc::new(AtomicUsize::new(0));
    (0..3).for_each(|_| again(&client, &made));
    for round in 1..100 {
        words.recv_timeout(DEADLINE).expect("the loop is woken");
        words.try_iter().for_each(drop);
        assert_eq!(client.run_callbacks(Duration::ZERO).map_err(|error| error.code()), Ok(3));
        assert_eq!(made.load(Ordering::Relaxed), 3 * (round + 1));
    }
    let _ = client.bye_and_wait(Duration::from_millis(50));
    client.destroy();
}

#[test]
fn after_destroy_what_is_owed_is_waited_for() {
    for _ in 0..50 {
        let peer = Peer::new();
        let (client, record, mut connection) = login(&peer);
        client.get_server_time(None, record.call(1));
        connection.quest("getservertime");
        client.destroy();
        assert_eq!(run(&client), Ok(1));
        record.expect_call(1, Err(20002));
        assert_eq!(run(&client), Ok(0));
    }
}

/// The one exception to "every callback runs": there is no thread that may run them.
#[test]
fn callbacks_left_when_the_last_handle_goes_are_dropped_unrun() {
    let peer = Peer::new();
    let (client, record, mut connection) = login(&peer);
    drop(record);
    let (sender, ran) = mpsc::channel();
    let second = sender.clone();
    client.get_server_time(None, move |_, _| sender.send("answered").expect("the test waits"));
    client.get_server_time(None, move |_, _| second.send("in flight").expect("the test waits"));
    let quest = connection.quest("getservertime");
    connection.answer(&quest, &server_time(1));
    let (callback, reply) = reply::channel();
    client.get_server_time(None, callback);
    drop(client);
    // What is waited for is no callback of the program's: it ends as always.
    let ended: Result<i64, _> = reply.wait();
    assert_eq!(ended.map_err(|error| error.code()), Err(20002));
    let error = ran.recv_timeout(DEADLINE).expect_err("none runs");
    assert_eq!(error, mpsc::RecvTimeoutError::Disconnected, "both are dropped");
}
