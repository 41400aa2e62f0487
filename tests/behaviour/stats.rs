//! The counters, right after what they count.

use std::time::Duration;

use rtm_client::{ConnectionState, RtmClient, Stats, reply};

use crate::common::package::{self, Kind, error, map, server_time};
use crate::common::peer::{Connection, Peer};
use crate::common::record::{Event, Record};
use crate::common::responder::chat_text;
use crate::common::{DEADLINE, UID, eventually};

#[test]
fn every_counter_counts_what_it_says() {
    let peer = Peer::new();
    let client = RtmClient::new(peer.options());
    assert_eq!(client.stats(), Stats::default());
    let record = Record::of(&client);
    client.get_server_time(None, record.call(0));
    record.expect_call(0, Err(20012));
    assert_eq!(client.stats().calls, 0, "a call that was refused");
    client.login(UID, "token", record.login(), DEADLINE);
    let mut connection = peer.accept_login();
    record.expect_login(true, 0);
    let login = client.stats();
    // The session's own quests are not counted.
    assert_eq!((login.calls, login.answers, login.in_flight, login.reconnects), (0, 0, 0, 0));
    assert!(login.bytes_sent > 100 && login.bytes_received > 100, "{login:?}");

    for number in 1..=3 {
        client.get_server_time(None, record.call(number));
    }
    assert_eq!(client.stats().in_flight, 3);
    let quests = [(); 3].map(|()| connection.quest("getservertime"));
    connection.answer(&quests[0], &server_time(1));
    connection.fail(&quests[1], &error(200010, "slowly"));
    record.expect_call(1, Ok(1));
    record.expect_call(2, Err(200010));
    // An answer nobody waits for is not counted.
    connection.answer(&quests[0], &server_time(1));
    client.get_server_time(Duration::from_millis(1), record.call(4));
    record.expect_call(4, Err(20003));
    connection.send(&package::quest(1, "pushmsg", &chat_text(1)));
    connection.send(&package::one_way("pushmsg", &chat_text(2)));
    // A ping more, one answer to the pushes, and the call that has timed out if it was sent.
    let answers = connection.sync().into_iter().filter(|package| package.kind != Kind::Quest);
    assert_eq!(answers.count(), 1);
    let Stats { calls, answers, errors, timeouts, pushes, .. } = client.stats();
    assert_eq!((calls, answers, errors, timeouts, pushes), (4, 2, 1, 1, 3));
    eventually("one call is left", || client.stats().in_flight == 1);
    eventually("nothing waits", || {
        let stats = client.stats();
        (stats.waiting_callbacks, stats.queued_bytes) == (0, 0)
    });

    connection.close();
    record.expect_error(20002);
    record.expect_call(3, Err(20002));
    let connection = peer.accept_login();
    record.expect(Event::Relogin(true, false, 0, 1));
    let again = client.stats();
    assert_eq!((again.reconnects, again.calls, again.answers), (1, 4, 2));
    assert!(again.bytes_sent > login.bytes_sent && again.bytes_received > login.bytes_received);
    drop(connection);
    let _ = record.rest(&client);
    assert_eq!(client.stats().in_flight, 0);
}

#[test]
fn queued_bytes_are_all_that_the_socket_has_not_taken() {
    const CALLS: usize = 256;
    let peer = Peer::new();
    let (client, record, connection) = peer.login(peer.options());
    let text = "x".repeat(64 << 10);
    let before = client.stats();
    for number in 0..CALLS {
        let call = record.call(number);
        client.send_chat(2, &*text, "", None, None, move |error, _| {
            call(error.map(|error| error.error), None);
        });
    }
    // What the client counts as sent is in the kernel, and the rest still waits.
    let size = CALLS * (64 << 10);
    eventually("the kernel takes no more", || {
        let stats = client.stats();
        let sent = stats.bytes_sent - before.bytes_sent;
        (sent + stats.queued_bytes).abs_diff(size as u64) < 64 << 10
    });
    assert!(client.stats().queued_bytes > 1 << 20, "{:?}", client.stats());
    assert_eq!(client.stats().in_flight, CALLS as u64);
    // They are gone with the connection.
    connection.reset();
    record.expect_error(20002);
    for number in 0..CALLS {
        record.expect_call(number, Err(20002));
    }
    eventually("nothing waits", || client.stats().queued_bytes == 0);
    let _connection = peer.accept_login();
    record.expect(Event::Relogin(true, false, 0, 1));
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

/// How a session ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Close,
    Bye,
    Destroy,
    Login,
    Kickout,
    /// A loss without a relogin.
    Loss,
    /// A loss after which each of these ends what is queued, and the session.
    LastAttempt,
    Token,
    Veto,
    CloseWhileReconnecting,
    /// A loss that is healed, after which there is nothing in flight.
    Healed,
}

const ENDS: [End; 11] = [
    End::Close,
    End::Bye,
    End::Destroy,
    End::Login,
    End::Kickout,
    End::Loss,
    End::LastAttempt,
    End::Token,
    End::Veto,
    End::CloseWhileReconnecting,
    End::Healed,
];

impl End {
    /// What a call is told afterwards, besides 20012.
    fn why(self) -> &'static str {
        match self {
            End::Close | End::Bye | End::Destroy | End::CloseWhileReconnecting => {
                "has ended: the program has closed it"
            }
            End::Kickout => "has ended: the service has kicked the user out",
            End::Loss => "has ended: the connection was lost",
            End::LastAttempt => "has ended: the last attempt to log in again failed",
            End::Token => "has ended: the token was refused",
            End::Veto => "has ended: the program did not want to log in again",
            End::Login | End::Healed => "",
        }
    }

    /// Whether sends wait for a relogin before the end.
    fn is_in_an_outage(self) -> bool {
        matches!(self, End::LastAttempt | End::Token | End::Veto | End::CloseWhileReconnecting)
    }
}

/// The end, brought about. Gives back a connection that the peer has not closed.
fn end(
    how: End,
    client: &RtmClient,
    peer: &Peer,
    record: &Record,
    mut connection: Connection,
) -> Option<Connection> {
    let lose = |connection: Connection| {
        connection.close();
        eventually("the loss is seen", || !client.stats().online);
    };
    match how {
        End::Close => client.close(),
        End::Destroy => client.destroy(),
        End::Bye => {
            let ended = client.bye_and_wait(Duration::from_millis(100));
            assert_eq!(ended.map_err(|error| error.code()), Err(20003));
        }
        End::Login => client.login(UID, "token", record.login(), DEADLINE),
        End::Kickout => connection.send(&package::one_way("kickout", &map([]))),
        End::Loss => {
            connection.close();
            return None;
        }
        End::Healed => {
            lose(connection);
            return Some(peer.accept_login());
        }
        End::LastAttempt | End::Token | End::Veto | End::CloseWhileReconnecting => {
            lose(connection);
            client.send_chat(2, "queued", "", None, None, reply::ignore);
            match how {
                End::CloseWhileReconnecting => client.close(),
                End::Token => {
                    let mut connection = peer.accept();
                    let auth = connection.quest("auth");
                    connection.answer(&auth, &map([("ok", false.into())]));
                }
                // A veto comes at the second attempt.
                _ => drop(peer.accept_tcp()),
            }
            return None;
        }
    }
    Some(connection)
}

/// Each call is counted once more when it ends, and after the end calls are told why there is no session.
#[test]
fn the_counters_add_up_however_a_session_ends() {
    for how in ENDS {
        let peer = Peer::new();
        let options = peer.options().queue_while_reconnecting(1 << 20, DEADLINE);
        let options = options.auto_reconnect(how != End::Loss);
        let limit = (how == End::LastAttempt).then_some(1);
        let (client, record, mut connection) = peer.login(options.max_relogin_attempts(limit));
        if how == End::Veto {
            client.on_relogin_will_start(|_, attempt| attempt <= 1);
        }
        for number in 1..=3 {
            client.get_server_time(None, record.call(number));
        }
        let quests = [(); 3].map(|()| connection.quest("getservertime"));
        connection.answer(&quests[0], &server_time(1));
        connection.fail(&quests[1], &error(200010, "slowly"));
        let (callback, waited_for) = reply::channel();
        client.get_server_time(None, callback);
        connection.quest("getservertime");
        // It may be over before it is sent.
        client.get_server_time(Duration::from_millis(1), record.call(4));
        eventually("a timeout", || client.stats().timeouts == 1);

        let _connection = end(how, &client, &peer, &record, connection);
        assert_eq!(waited_for.wait().map_err(|error| error.code()), Err(20002), "{how:?}");
        eventually("nothing is in flight", || client.stats().in_flight == 0);
        let queued = u64::from(how.is_in_an_outage());
        let stats = client.stats();
        let lost = how == End::Loss || how == End::Healed || how.is_in_an_outage();
        let (lost, unanswered) = if lost { (2, queued) } else { (0, 2) };
        assert_eq!((stats.lost, stats.unanswered), (lost, unanswered), "{how:?}");
        assert_eq!((stats.answers, stats.errors, stats.timeouts), (2, 1, 1), "{how:?}");
        let ended = stats.answers + stats.timeouts + stats.lost + stats.unanswered;
        assert_eq!(stats.calls, ended, "{how:?}");

        if !how.why().is_empty() {
            eventually("the end", || client.connection_state() == ConnectionState::Closed);
            let (callback, refused) = reply::channel();
            client.get_server_time(None, callback);
            let error = refused.wait().expect_err("there is no session");
            assert_eq!(error.code(), 20012, "{how:?}");
            assert!(error.message().contains(how.why()), "{how:?}: {error}");
            assert_eq!(client.stats().calls, ended, "a call that was refused");
        }
        client.close_and_wait(DEADLINE).expect("the threads end");
    }
}

/// Sends that wait too long are lost with the connection, those whose own time is over have timed out.
#[test]
fn what_waits_too_long_is_lost() {
    let peer = Peer::new();
    let options = peer.options().regressive_strategy(super::calls::PATIENT);
    let options = options.queue_while_reconnecting(1 << 20, Duration::from_millis(50));
    let (client, _record, connection) = peer.login(options);
    connection.close();
    eventually("the loss is seen", || !client.stats().online);
    client.send_chat(2, "too old", "", None, None, reply::ignore);
    client.send_chat(2, "too late", "", None, Duration::from_millis(10), reply::ignore);
    eventually("nothing is in flight", || client.stats().in_flight == 0);
    let Stats { calls, lost, timeouts, unanswered, .. } = client.stats();
    assert_eq!((calls, lost, timeouts, unanswered), (2, 1, 1, 0));
}
