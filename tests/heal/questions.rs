//! The limit of attempts, the veto, and tokens that are fetched anew.

use std::sync::mpsc;
use std::time::Duration;

use rtm_client::gate::Gate;
use rtm_client::{Callbacks, ClientOptions, LoginToken, RtmClient, reply};

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
        retried_count < 2
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
    let expected = [(20002, 0), (20012, 1), (20012, 2)];
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
