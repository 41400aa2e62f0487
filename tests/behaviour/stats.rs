//! The counters, right after what they count.

use std::time::Duration;

use rtm_client::{RtmClient, Stats};

use crate::common::package::{self, error, server_time};
use crate::common::peer::Peer;
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
    connection.quest("getservertime");
    connection.send(&package::quest(1, "pushmsg", &chat_text(1)));
    connection.send(&package::one_way("pushmsg", &chat_text(2)));
    // A ping more, and one answer to the pushes.
    assert_eq!(connection.sync().len(), 1);
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
