//! The limit of attempts, the veto, and tokens that are fetched anew.

use std::sync::mpsc;
use std::time::Duration;

use rtm_client::ConnectionState::Reconnecting;
use rtm_client::gate::Gate;
use rtm_client::{Callbacks, ClientOptions, LoginToken, RtmClient, TokenSlot, reply};

use super::EAGER;
use crate::common::package::{self, Value, map};
use crate::common::peer::{Connection, Peer};
use crate::common::record::{Event, Record};
use crate::common::{DEADLINE, UID, eventually};

/// A moment in which nothing must happen.
const MOMENT: Duration = Duration::from_millis(50);

/// Refuses the next connection, and takes the word for it.
fn fail_attempt(peer: &Peer, record: &Record, again: bool, count: u32) {
    drop(peer.accept_tcp());
    record.expect_error(20012);
    record.expect(Event::Relogin(false, again, 20012, count));
}

/// The token of the login on that connection, whose answer is `ok`.
fn token(connection: &mut Connection, ok: bool) -> String {
    let auth = connection.quest("auth");
    connection.answer(&auth, &map([("ok", ok.into())]));
    auth.field("token").as_str().expect("a text").to_owned()
}

#[test]
fn the_last_attempt_allowed_is_announced_as_the_last() {
    let peer = Peer::new();
    let options = peer.options().regressive_strategy(EAGER).max_relogin_attempts(3);
    let (client, record, connection) = peer.login(options);
    connection.close();
    record.expect_error(20002);
    fail_attempt(&peer, &record, true, 1);
    let connection = peer.accept_login();
    record.expect(Event::Relogin(true, false, 0, 2));
    // Each outage has attempts of its own.
    connection.close();
    record.expect_error(20002);
    fail_attempt(&peer, &record, true, 1);
    fail_attempt(&peer, &record, true, 2);
    fail_attempt(&peer, &record, false, 3);
    record.expect(Event::Closed(20012));
    assert!(!peer.is_dialed(MOMENT), "no further attempt");
    client.get_server_time(None, record.call(1));
    record.expect_call(1, Err(20012));
    assert_eq!(record.rest(&client), []);
}

#[test]
fn a_veto_ends_the_outage_with_the_last_error() {
    let peer = Peer::new();
    let (client, record, connection) = peer.login(peer.options().regressive_strategy(EAGER));
    let (sender, asked) = mpsc::channel();
    client.on_relogin_will_start(move |last_error, retried_count| {
        let thread = std::thread::current().name().unwrap_or_default().to_owned();
        sender.send((last_error, retried_count, thread)).expect("the test waits");
        retried_count <= 2
    });
    // Handlers that say yes, and one that panics, change nothing.
    client.on_relogin_will_start(|_, _| true);
    client.on_relogin_will_start(|_, _| std::panic::resume_unwind(Box::new("on purpose")));
    connection.close();
    record.expect_error(20002);
    fail_attempt(&peer, &record, true, 1);
    fail_attempt(&peer, &record, true, 2);
    record.expect(Event::Closed(20012));
    assert!(!peer.is_dialed(MOMENT), "no attempt after the veto");
    assert_eq!(record.rest(&client), []);
    let asked: Vec<_> = asked.try_iter().collect();
    let expected = [(20002, 1), (20012, 2), (20012, 3)];
    assert_eq!(asked, expected.map(|(code, count)| (code, count, "rtm-io".to_owned())));
}

#[test]
fn a_client_closed_while_it_is_asked_does_not_listen_to_the_answer() {
    let peer = Peer::new();
    for (dropped, answer) in [(false, true), (false, false), (true, true), (true, false)] {
        let (client, record, connection) = peer.login(peer.options().regressive_strategy(EAGER));
        let (sender, asked) = mpsc::channel();
        let (answerer, answers) = mpsc::channel();
        client.on_relogin_will_start(move |_, _| {
            sender.send(()).expect("the test waits");
            answers.recv().expect("the test answers")
        });
        connection.close();
        asked.recv_timeout(DEADLINE).expect("it is asked");
        record.expect_error(20002);
        assert!(!peer.is_dialed(MOMENT), "the answer is waited for");
        if dropped {
            drop(client);
            answerer.send(answer).expect("it waits");
        } else {
            client.close();
            answerer.send(answer).expect("it waits");
            assert_eq!(record.rest(&client), [Event::Closed(0)]);
        }
        assert!(!peer.is_dialed(MOMENT), "a late attempt");
        assert_eq!(record.all(), []);
    }
}

#[test]
fn a_login_while_it_is_asked_is_not_touched_by_the_answer() {
    let peer = Peer::new();
    let (client, record, connection) = peer.login(peer.options().regressive_strategy(EAGER));
    let weak = client.downgrade();
    let login = std::sync::Mutex::new(Some(record.login()));
    client.on_relogin_will_start(move |_, _| {
        let callback = login.lock().expect("no panic").take().expect("asked once");
        weak.upgrade().expect("the test holds it").login(UID, "other", callback, None);
        false
    });
    connection.close();
    record.expect_error(20002);
    record.expect(Event::Closed(0));
    let mut connection = peer.accept();
    assert_eq!(token(&mut connection, true), "other");
    record.expect_login(true, 0);
    record.expect_nothing(&client, &mut connection);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

#[test]
fn callbacks_run_by_the_program_answer_in_its_thread() {
    let peer = Peer::new();
    let options = peer.options().regressive_strategy(EAGER).callbacks(Callbacks::Manual);
    let client = RtmClient::new(options);
    let record = Record::of(&client);
    let pump = |what: &str, until: &dyn Fn(&Event) -> bool| {
        let mut seen = Vec::new();
        eventually(what, || {
            client.run_callbacks(Duration::from_millis(1)).expect("nobody else runs them");
            seen.extend(record.all());
            seen.iter().any(until)
        });
    };
    client.login(UID, "token", record.login(), DEADLINE);
    let connection = peer.accept_login();
    pump("a login", &|event| *event == Event::Login(true, 0));
    let here = std::thread::current().id();
    client.on_relogin_will_start(move |_, _| {
        assert_eq!(std::thread::current().id(), here);
        true
    });
    connection.close();
    assert!(!peer.is_dialed(MOMENT), "nobody has run the callbacks");
    pump("the loss", &|event| matches!(event, Event::Error(20002, _)));
    // The question is behind the error; it may need another turn.
    let mut accepted = None;
    eventually("an attempt", || {
        client.run_callbacks(Duration::from_millis(1)).expect("nobody else runs them");
        accepted = peer.try_accept();
        accepted.is_some()
    });
    accepted.expect("accepted above").accept_login();
    pump("a relogin", &|event| *event == Event::Relogin(true, false, 0, 1));
}

#[test]
fn each_relogin_takes_the_token_it_is_given() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    let mut tokens = vec![None, Some("third"), Some("second")];
    client.on_token_wanted(move |uid| {
        assert_eq!(uid, UID);
        tokens.pop().expect("asked three times")
    });
    for expected in ["second", "third", "third"] {
        connection.close();
        record.expect_error(20002);
        connection = peer.accept();
        assert_eq!(token(&mut connection, true), expected);
        record.expect(Event::Relogin(true, false, 0, 1));
    }
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

#[test]
fn a_refused_token_is_asked_for_once_more() {
    let peer = Peer::new();
    let client = RtmClient::new(peer.options());
    let record = Record::of(&client);
    client.on_token_wanted(|_| Some(("made anew", 1_700_000_000)));
    client.login(UID, "old", record.login(), DEADLINE);
    assert_eq!(token(&mut peer.accept(), false), "old");
    let mut connection = peer.accept();
    let auth = connection.quest("auth");
    assert_eq!(auth.field("token"), Value::from("made anew"));
    assert_eq!((auth.int("ts"), auth.int("authv")), (1_700_000_000, 2));
    connection.answer(&auth, &map([("ok", true.into())]));
    record.expect_login(true, 0);

    // At a relogin the token is asked for before, and after it was refused; the same one is not tried twice.
    connection.close();
    record.expect_error(20002);
    assert_eq!(token(&mut peer.accept(), false), "made anew");
    record.expect(Event::Relogin(false, false, 200027, 1));
    record.expect(Event::Closed(200027));
    assert!(!peer.is_dialed(MOMENT), "no further attempt");
    assert_eq!(record.rest(&client), []);
}

#[test]
fn a_token_refused_twice_is_refused() {
    let peer = Peer::new();
    for by_error in [false, true] {
        let client = RtmClient::new(peer.options());
        let record = Record::of(&client);
        let mut count = 0;
        client.on_token_wanted(move |_| {
            count += 1;
            Some(LoginToken::from(format!("token {count}")))
        });
        let refuse = |expected: &str| {
            let mut connection = peer.accept();
            if by_error {
                let auth = connection.quest("auth");
                assert_eq!(auth.field("token"), Value::from(expected));
                connection.fail(&auth, &package::error(200027, "expired"));
            } else {
                assert_eq!(token(&mut connection, false), expected);
            }
        };
        client.login(UID, "token", record.login(), DEADLINE);
        refuse("token");
        refuse("token 1");
        if by_error {
            record.expect_error(200027);
        }
        record.expect_login(false, if by_error { 200027 } else { 0 });
        assert!(!peer.is_dialed(MOMENT), "no further attempt");

        // A relogin that is refused with its fresh token is tried with a fresher one, as the same attempt.
        client.login(UID, "token", record.login(), DEADLINE);
        let mut connection = peer.accept();
        assert_eq!(token(&mut connection, true), "token");
        record.expect_login(true, 0);
        connection.close();
        record.expect_error(20002);
        refuse("token 2");
        let mut connection = peer.accept();
        assert_eq!(token(&mut connection, true), "token 3");
        record.expect(Event::Relogin(true, false, 0, 1));
        record.expect_nothing(&client, &mut connection);
        assert_eq!(record.rest(&client), [Event::Closed(0)]);
    }
}

#[test]
fn a_gate_that_accepts_only_a_new_token_gets_it() {
    let gate = Gate::builder().token(1, "old").start().expect("a gate");
    let address = gate.endpoint();
    let client = RtmClient::new(
        ClientOptions::new(gate.pid()).endpoint(&*address).regressive_strategy(EAGER),
    );
    let record = Record::of(&client);
    client.on_token_wanted(|_| Some("new"));
    let (callback, login) = reply::login();
    client.login(1, "old", callback, None);
    login.wait().expect("a login");
    drop(gate);
    let gate = Gate::builder().token(1, "new").listen(address).start().expect("the same port");
    let relogin = |event: &Event| matches!(event, Event::Relogin(true, false, 0, _));
    while !relogin(&record.next()) {}
    assert_eq!(gate.connections(), 1);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

/// A client that is logged in, and the slots that its handler takes.
fn with_slots(peer: &Peer) -> (RtmClient, Record, Connection, mpsc::Receiver<TokenSlot>) {
    let (client, record, connection) = peer.login(peer.options().regressive_strategy(EAGER));
    let (sender, slots) = mpsc::channel();
    client.on_token_wanted(move |wanted| {
        assert_eq!(wanted.uid, UID);
        sender.send(wanted.later()).expect("the test waits");
        None::<LoginToken>
    });
    (client, record, connection, slots)
}

fn slot(slots: &mpsc::Receiver<TokenSlot>) -> TokenSlot {
    slots.recv_timeout(DEADLINE).expect("a token is wanted")
}

#[test]
fn callbacks_go_on_while_a_token_takes_its_time() {
    let peer = Peer::new();
    let (client, record, connection, slots) = with_slots(&peer);
    connection.close();
    record.expect_error(20002);
    let first = slot(&slots);
    for number in 0..10 {
        client.get_server_time(None, record.call(number));
        record.expect_call(number, Err(20002));
    }
    assert!(!peer.is_dialed(MOMENT), "the token is waited for");
    assert_eq!(client.connection_state(), Reconnecting { attempt: 1, next_attempt: None });
    std::thread::spawn(move || first.give("fetched"));
    let mut connection = peer.accept();
    assert_eq!(token(&mut connection, false), "fetched");
    // It was refused: another one is wanted, once.
    slot(&slots).give(("made", 1_700_000_000));
    let mut connection = peer.accept();
    let auth = connection.quest("auth");
    assert_eq!((auth.field("token"), auth.int("ts")), (Value::from("made"), 1_700_000_000));
    connection.answer(&auth, &map([("ok", true.into())]));
    record.expect(Event::Relogin(true, false, 0, 1));
    record.expect_nothing(&client, &mut connection);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

#[test]
fn a_slot_that_is_dropped_refuses() {
    let peer = Peer::new();
    for dropped in [true, false] {
        let (client, record, connection, slots) = with_slots(&peer);
        let refuse = |slot: TokenSlot| if dropped { drop(slot) } else { slot.refuse() };
        connection.close();
        record.expect_error(20002);
        // Before an attempt: it goes on with the token there is.
        refuse(slot(&slots));
        let mut connection = peer.accept();
        assert_eq!(token(&mut connection, false), "token");
        // After its refusal that is final.
        refuse(slot(&slots));
        record.expect(Event::Relogin(false, false, 200027, 1));
        record.expect(Event::Closed(200027));
        assert_eq!(record.rest(&client), []);
    }
    // A handler that panics with a slot in its hands.
    let client = RtmClient::new(peer.options());
    let record = Record::of(&client);
    client.on_token_wanted(|wanted| -> Option<LoginToken> {
        let _slot = wanted.later();
        std::panic::resume_unwind(Box::new("on purpose"))
    });
    client.login(UID, "token", record.login(), DEADLINE);
    token(&mut peer.accept(), false);
    record.expect_login(false, 0);
}

#[test]
fn a_slot_may_ask_to_be_tried_again() {
    let peer = Peer::new();
    let (client, record, connection, slots) = with_slots(&peer);
    connection.close();
    record.expect_error(20002);
    slot(&slots).try_again();
    record.expect_error(200027);
    record.expect(Event::Relogin(false, true, 200027, 1));
    slot(&slots).give("second");
    let mut connection = peer.accept();
    assert_eq!(token(&mut connection, false), "second");
    slot(&slots).try_again();
    record.expect_error(200027);
    record.expect(Event::Relogin(false, true, 200027, 2));
    slot(&slots).give("third");
    let mut connection = peer.accept();
    assert_eq!(token(&mut connection, true), "third");
    record.expect(Event::Relogin(true, false, 0, 3));
    record.expect_nothing(&client, &mut connection);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

/// The answer to a question that is answered, or that nobody asks any more, does nothing.
#[test]
fn an_answer_that_comes_late_is_for_nobody() {
    let peer = Peer::new();
    let (client, record, connection, slots) = with_slots(&peer);
    // This handler has a token at once, the first time.
    let mut first = Some("at once");
    client.on_token_wanted(move |_| first.take());
    connection.close();
    record.expect_error(20002);
    let late = slot(&slots);
    let connection = peer.accept();
    drop(connection);
    record.expect_error(20002);
    record.expect(Event::Relogin(false, true, 20002, 1));
    let open = slot(&slots);
    late.give("late");
    assert!(!peer.is_dialed(MOMENT), "the other question is open");
    open.give("in time");
    let mut connection = peer.accept();
    assert_eq!(token(&mut connection, true), "in time");
    record.expect(Event::Relogin(true, false, 0, 2));

    // Of several slots for one question the first answer counts.
    let two = |client: &RtmClient| {
        let (sender, slots) = mpsc::channel();
        client.on_token_wanted(move |wanted| {
            sender.send((wanted.later(), wanted.later())).expect("the test waits");
            None::<LoginToken>
        });
        slots
    };
    let pairs = two(&client);
    connection.close();
    record.expect_error(20002);
    let (one, other) = pairs.recv_timeout(DEADLINE).expect("a token is wanted");
    one.give("one");
    other.give("other");
    let mut connection = peer.accept();
    assert_eq!(token(&mut connection, true), "one");
    record.expect(Event::Relogin(true, false, 0, 1));

    // And none after the end of the session, or of the client.
    connection.close();
    record.expect_error(20002);
    let (one, other) = pairs.recv_timeout(DEADLINE).expect("a token is wanted");
    client.close_and_wait(DEADLINE).expect("the threads end");
    record.expect(Event::Closed(0));
    one.give("after the end");
    drop(client);
    other.give("without a client");
    assert!(!peer.is_dialed(MOMENT), "there is no session");
}
