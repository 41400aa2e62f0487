//! Messages sent while the connection is made again.

use std::time::{Duration, Instant};

use rtm_client::error_code::fpnn;
use rtm_client::types::SendReply;
use rtm_client::{RtmClient, SendError};

use super::EAGER;
use crate::common::DEADLINE;
use crate::common::package::{map, server_time};
use crate::common::peer::{Connection, Peer};
use crate::common::record::{Event, Record};

const FOREVER: Duration = Duration::from_secs(3600);

/// Sends a chat; the record gets its mid, or the code of its error.
fn send(client: &RtmClient, record: &Record, number: usize, text: &str, timeout: Option<Duration>) {
    let mid = number as i64 + 1000;
    let put = record.putter();
    let callback = move |error: Option<SendError>, data: Option<SendReply>| {
        let result = match (error, data) {
            (Some(error), _) => {
                assert_eq!(error.mid, mid);
                Err(error.error.code())
            }
            (None, data) => Ok(data.expect("one of the two").mid),
        };
        put(Event::Call(number, result));
    };
    client.send_chat(2, text, "", mid, timeout, callback);
}

fn lose(connection: Connection, record: &Record) {
    connection.close();
    record.expect_error(20002);
}

#[test]
fn sends_go_out_once_and_in_order_before_what_comes_later() {
    let peer = Peer::new();
    let options = peer.options().regressive_strategy(EAGER);
    let options = options.queue_while_reconnecting(1 << 20, FOREVER);
    let (client, record, mut connection) = peer.login(options);
    send(&client, &record, 0, "on its way", None);
    connection.quest("sendmsg");
    lose(connection, &record);
    record.expect_call(0, Err(20002));
    for number in 1..=20 {
        send(&client, &record, number, "queued", None);
    }
    // What is no message does not wait.
    client.get_server_time(None, record.call(21));
    record.expect_call(21, Err(20002));
    // The queue outlives attempts that fail.
    drop(peer.accept_tcp());
    record.expect_error(20012);
    record.expect(Event::Relogin(false, true, 20012, 1));
    send(&client, &record, 22, "queued", None);
    let weak = client.downgrade();
    client.on_relogin_completed(move |successful, _, _, _| {
        let client = weak.upgrade().expect("the test holds it");
        if successful {
            client.get_server_time(None, |_, _| {});
        }
    });
    let mut connection = peer.accept_login();
    record.expect(Event::Relogin(true, false, 0, 2));
    for number in (1..=20).chain([22]) {
        let quest = connection.quest("sendmsg");
        assert_eq!(quest.int("mid"), number as i64 + 1000);
        connection.answer(&quest, &map([("mtime", 1.into())]));
        record.expect_call(number, Ok(number as i64 + 1000));
    }
    let quest = connection.quest("getservertime");
    connection.answer(&quest, &server_time(1));
    record.expect_nothing(&client, &mut connection);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

#[test]
fn without_the_option_sends_fail_at_once() {
    let peer = Peer::new();
    let (client, record, connection) = peer.login(peer.options().regressive_strategy(EAGER));
    lose(connection, &record);
    send(&client, &record, 1, "lost", None);
    record.expect_call(1, Err(20002));
    let mut connection = peer.accept_login();
    record.expect(Event::Relogin(true, false, 0, 1));
    record.expect_nothing(&client, &mut connection);
}

#[test]
fn the_queue_is_bounded_in_bytes() {
    let peer = Peer::new();
    let options = peer.options().regressive_strategy(EAGER);
    let (client, record, connection) =
        peer.login(options.queue_while_reconnecting(10_000, FOREVER));
    lose(connection, &record);
    let text = "x".repeat(4_000);
    send(&client, &record, 1, &text, None);
    send(&client, &record, 2, &text, None);
    send(&client, &record, 3, &text, None);
    record.expect_call(3, Err(fpnn::CORE_WORK_QUEUE_FULL));
    send(&client, &record, 4, "fits", None);
    let mut connection = peer.accept_login();
    record.expect(Event::Relogin(true, false, 0, 1));
    for number in [1, 2, 4] {
        let quest = connection.quest("sendmsg");
        assert_eq!(quest.int("mid"), number + 1000);
    }
    lose(connection, &record);
    for number in [1, 2, 4] {
        record.expect_call(number, Err(20002));
    }
    // The room is free again.
    send(&client, &record, 5, &text, None);
    send(&client, &record, 6, &text, None);
    client.close();
    let [five, six] = [5, 6].map(|number| Event::Call(number, Err(20002)));
    assert_eq!(record.rest(&client), [Event::Closed(0), five, six]);
}

#[test]
fn a_send_waits_as_long_as_the_option_says_or_its_own_timeout() {
    const AGE: Duration = Duration::from_millis(300);
    let peer = Peer::new();
    let options = peer.options().regressive_strategy(EAGER);
    let (client, record, connection) = peer.login(options.queue_while_reconnecting(1 << 20, AGE));
    lose(connection, &record);
    let start = Instant::now();
    send(&client, &record, 1, "its own timeout", Some(Duration::from_millis(100)));
    send(&client, &record, 2, "the age", Some(Duration::from_secs(60)));
    record.expect_call(1, Err(20003));
    assert!(start.elapsed() >= Duration::from_millis(100));
    record.expect_call(2, Err(20002));
    assert!(start.elapsed() >= AGE);

    // The timeout goes on counting from the call once the message is sent.
    send(&client, &record, 3, "unanswered", Some(Duration::from_millis(200)));
    let start = Instant::now();
    let mut connection = peer.accept_login();
    record.expect(Event::Relogin(true, false, 0, 1));
    assert_eq!(connection.quest("sendmsg").int("mid"), 1003);
    record.expect_call(3, Err(20003));
    assert!(start.elapsed() < DEADLINE);
    record.expect_nothing(&client, &mut connection);
}

#[test]
fn what_is_queued_ends_with_the_session() {
    let peer = Peer::new();
    for end in ["close", "drop", "login", "limit"] {
        let options = peer.options().regressive_strategy(EAGER).max_relogin_attempts(1);
        let (client, record, connection) =
            peer.login(options.queue_while_reconnecting(1 << 20, FOREVER));
        lose(connection, &record);
        send(&client, &record, 1, "queued", None);
        let code = match end {
            "close" => {
                client.close();
                Some(0)
            }
            "login" => {
                client.login(1, "token", |_, _| {}, None);
                Some(0)
            }
            "drop" => None,
            _ => {
                drop(peer.accept_tcp());
                record.expect_error(20012);
                record.expect(Event::Relogin(false, false, 20012, 1));
                Some(20012)
            }
        };
        let client = (end != "drop").then_some(client);
        if let Some(code) = code {
            record.expect(Event::Closed(code));
        }
        record.expect_call(1, Err(20002));
        // A connection that was being made is not used for it.
        while peer.is_dialed(Duration::from_millis(20)) {}
        drop(client);
    }
}
