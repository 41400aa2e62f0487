//! Rooms and the language come back, and the memory of messages stays.

use rtm_client::{ClientOptions, RtmClient, server_push};

use super::EAGER;
use crate::common::package::{self, Value, map, server_time};
use crate::common::peer::{Connection, Peer};
use crate::common::record::{Event, Record};
use crate::common::{DEADLINE, UID};

fn all(peer: &Peer) -> ClientOptions {
    peer.options().regressive_strategy(EAGER).resume_rooms(true).resume_language(true)
}

/// A callback for a call without data.
fn unit(
    record: &Record,
    number: usize,
) -> impl FnOnce(Option<rtm_client::Error>, Option<()>) + Send + 'static {
    let put = record.putter();
    move |error, _| put(Event::Call(number, error.map_or(Ok(0), |error| Err(error.code()))))
}

/// Has the call succeed that the client just made.
fn succeed(record: &Record, connection: &mut Connection, method: &str, number: usize) {
    let quest = connection.quest(method);
    connection.answer(&quest, &map([]));
    record.expect_call(number, Ok(0));
}

/// Loses the connection and takes the next.
fn relogin(peer: &Peer, record: &Record, connection: Connection) -> Connection {
    connection.close();
    record.expect_error(20002);
    let connection = peer.accept_login();
    record.expect(Event::Relogin(true, false, 0, 1));
    connection
}

/// The next quest, as the rooms or the language it is about; answered.
fn resumed(connection: &mut Connection) -> (String, Value) {
    let quest = connection.package().expect("a quest");
    connection.answer(&quest, &map([]));
    let what = if quest.method == "setlang" { quest.field("lang") } else { quest.field("rid") };
    (quest.method, what)
}

#[test]
fn what_the_user_had_comes_back_before_anything_else() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(all(&peer));
    client.enter_room(5, None, unit(&record, 1));
    succeed(&record, &mut connection, "enterroom", 1);
    client.enter_rooms([6, 7, 8], None, unit(&record, 2));
    succeed(&record, &mut connection, "enterrooms", 2);
    client.leave_room(5, None, unit(&record, 3));
    succeed(&record, &mut connection, "leaveroom", 3);
    client.enter_room(9, None, unit(&record, 4));
    let quest = connection.quest("enterroom");
    connection.fail(&quest, &package::error(200047, ""));
    record.expect_call(4, Err(200047));
    client.set_translation_language("en", None, unit(&record, 5));
    succeed(&record, &mut connection, "setlang", 5);
    client.set_translation_language("fr", None, unit(&record, 6));
    succeed(&record, &mut connection, "setlang", 6);
    client.set_translation_language("xx", None, unit(&record, 7));
    let quest = connection.quest("setlang");
    connection.fail(&quest, &package::error(200050, ""));
    record.expect_call(7, Err(200050));
    connection.send(&package::one_way("kickoutroom", &map([("rid", 7.into())])));
    // Entered and removed again in one go; and one whose answer is waited for.
    client.enter_room(10, None, unit(&record, 8));
    let quest = connection.quest("enterroom");
    let mut both = package::answer(quest.seq, 0, &map([]));
    both.extend(package::one_way("kickoutroom", &map([("rid", 10.into())])));
    connection.send(&both);
    record.expect_call(8, Ok(0));
    let (callback, reply) = rtm_client::reply::channel();
    client.enter_room(11, None, callback);
    let quest = connection.quest("enterroom");
    connection.answer(&quest, &map([]));
    reply.wait().expect("in the room");

    let weak = client.downgrade();
    let put = std::sync::Mutex::new(vec![record.call(11), record.call(10)]);
    client.on_relogin_completed(move |_, _, _, _| {
        let callback = put.lock().expect("no panic").pop().expect("two relogins");
        weak.upgrade().expect("the test holds it").get_server_time(None, callback);
    });
    for number in [10, 11] {
        connection = relogin(&peer, &record, connection);
        let calls: Vec<_> = (0..4).map(|_| resumed(&mut connection)).collect();
        let room = |rid: i64| ("enterroom".to_owned(), Value::from(rid));
        let language = ("setlang".to_owned(), Value::from("fr"));
        assert_eq!(calls, [language, room(6), room(8), room(11)]);
        let quest = connection.quest("getservertime");
        connection.answer(&quest, &server_time(1));
        record.expect_call(number, Ok(1));
    }
}

#[test]
fn the_next_session_begins_with_nothing() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(all(&peer));
    client.enter_room(5, None, unit(&record, 1));
    succeed(&record, &mut connection, "enterroom", 1);
    for close_first in [true, false] {
        if close_first {
            client.close();
        }
        client.login(UID, "token", record.login(), DEADLINE);
        record.expect(Event::Closed(0));
        connection = peer.accept_login();
        record.expect_login(true, 0);
        connection = relogin(&peer, &record, connection);
        record.expect_nothing(&client, &mut connection);
        client.enter_room(6, None, unit(&record, 2));
        succeed(&record, &mut connection, "enterroom", 2);
    }
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

#[test]
fn what_cannot_be_resumed_is_told_and_tried_again_next_time() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(all(&peer));
    client.enter_room(5, None, unit(&record, 1));
    succeed(&record, &mut connection, "enterroom", 1);
    connection = relogin(&peer, &record, connection);
    let quest = connection.quest("enterroom");
    connection.fail(&quest, &package::error(200047, "full"));
    let said = record.expect_error(200047);
    assert!(said.contains("room 5") && said.contains("full"), "{said}");
    // A connection lost before the answer is no failure of the room, however it ends.
    connection = relogin(&peer, &record, connection);
    connection.quest("enterroom");
    connection = relogin(&peer, &record, connection);
    connection.quest("enterroom");
    connection.send(&[0xa5; 30]);
    record.expect_error(10003);
    connection = peer.accept_login();
    record.expect(Event::Relogin(true, false, 0, 1));
    assert_eq!(resumed(&mut connection).1, Value::from(5));
    record.expect_nothing(&client, &mut connection);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

#[test]
fn by_default_nothing_is_resumed() {
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    client.enter_room(5, None, unit(&record, 1));
    succeed(&record, &mut connection, "enterroom", 1);
    client.set_translation_language("en", None, unit(&record, 2));
    succeed(&record, &mut connection, "setlang", 2);
    connection = relogin(&peer, &record, connection);
    record.expect_nothing(&client, &mut connection);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

#[test]
fn a_message_pushed_again_after_a_relogin_is_handed_over_once() {
    let peer = Peer::new();
    let client = RtmClient::new(peer.options().regressive_strategy(EAGER));
    let record = Record::of(&client);
    let put = record.putter();
    client.processor().on(server_push::RECV_CHAT, move |message| {
        put(Event::Call(message.mid as usize, Ok(0)));
    });
    client.login(UID, "token", record.login(), DEADLINE);
    let mut connection = peer.accept_login();
    record.expect_login(true, 0);
    let chat = |mid: i64| {
        let (mid, mtype) = (("mid", mid.into()), ("mtype", 30.into()));
        let (msg, attrs) = (("msg", "hello".into()), ("attrs", "".into()));
        package::quest(7, "pushmsg", &map([("from", 2.into()), mid, mtype, msg, attrs]))
    };
    connection.send(&chat(1));
    record.expect_call(1, Ok(0));
    for mid in 2..5 {
        connection = relogin(&peer, &record, connection);
        for known in 1..=mid {
            connection.send(&chat(known));
        }
        record.expect_call(mid as usize, Ok(0));
    }
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}
