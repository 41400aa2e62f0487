//! The Messages page: sending, one message, with and without a check.

use rtm_client::types::{Body, Moderation, PushMessage, SendReply, message_type};
use rtm_client::{Event, RtmClient, SendError, server_push};

use crate::support::{
    Callback, GROUP, ROOM, code, enter, gate, get, login, next, pushes, send, text,
};

type Send = fn(&RtmClient, i64, &[u8], Callback<SendReply, SendError>);

const SENDS: [(Event<PushMessage>, Send); 3] = [
    (server_push::RECV_MESSAGE, |client, mtype, msg, callback| {
        client.send_message(2, mtype, msg, "a", None, None, callback);
    }),
    (server_push::RECV_GROUP_MESSAGE, |client, mtype, msg, callback| {
        client.send_group_message(GROUP, mtype, msg, "a", None, None, callback);
    }),
    (server_push::RECV_ROOM_MESSAGE, |client, mtype, msg, callback| {
        client.send_room_message(ROOM, mtype, msg, "a", None, None, callback);
    }),
];

#[test]
fn bytes_arrive_as_they_were_sent() {
    let gate = gate();
    let (one, two) = (login(&gate, 1), login(&gate, 2));
    enter(&one, ROOM);
    enter(&two, ROOM);
    for (event, call) in SENDS {
        let heard = pushes(&two, event);
        let bytes = [0, 255, 0xfe, b'x'];
        let sent = send(|callback| call(&one, 66, &bytes, callback)).unwrap();
        let push = next(&heard);
        assert_eq!((push.from, push.mtype, push.mid), (1, 66, sent.mid), "{event:?}");
        assert_eq!(push.msg, Body::Binary(bytes.to_vec()));
        send(|callback| call(&one, 66, "文".as_bytes(), callback)).unwrap();
        assert_eq!(next(&heard).msg, text("文"));
    }
}

#[test]
fn types_have_a_range_and_targets_their_members() {
    let gate = gate();
    let member = login(&gate, 1);
    enter(&member, ROOM);
    let outsider = login(&gate, 9);
    for ((event, call), expected) in SENDS.into_iter().zip([None, Some(200041), Some(200040)]) {
        for mtype in [0, 128, -1] {
            let refused = send(|callback| call(&member, mtype, b"x", callback));
            assert_eq!(code(refused), 200005, "{event:?}, {mtype}");
        }
        let sent = send(|callback| call(&outsider, 51, b"x", callback));
        assert_eq!(sent.err().map(|err| err.code()), expected, "{event:?}");
    }
}

#[test]
fn a_checked_message_with_a_listed_word_is_refused() {
    let gate = gate();
    let (one, two) = (login(&gate, 1), login(&gate, 2));
    enter(&one, ROOM);
    enter(&two, ROOM);
    let heard = [server_push::RECV_CHAT, server_push::RECV_GROUP_CHAT, server_push::RECV_ROOM_CHAT]
        .map(|event| pushes(&two, event));
    let strict = || Moderation::default().strategy_id("LOBBY");
    let params = || Moderation::default().check_params("{}");
    let sends = |msg: &str, moderation: fn() -> Moderation| {
        let p2p = send(|callback| {
            one.send_moderated_message(2, 30, msg, "", moderation(), None, None, callback)
        });
        let group = send(|callback| {
            one.send_moderated_group_message(GROUP, 30, msg, "", moderation(), None, None, callback)
        });
        let room = send(|callback| {
            one.send_moderated_room_message(ROOM, 30, msg, "", moderation(), None, None, callback)
        });
        [p2p, group, room]
    };
    for moderation in [strict, params] {
        for refused in sends("you idiot", moderation) {
            assert_eq!(code(refused), 200054);
        }
    }
    for (sent, heard) in sends("you dear", strict).into_iter().zip(&heard) {
        let push = next(heard);
        assert_eq!((push.mid, push.msg), (sent.unwrap().mid, text("you dear")));
    }
    // Who asks for no check gets none.
    for sent in sends("you idiot", Moderation::default) {
        sent.unwrap();
    }
}

#[test]
fn one_message_of_each_kind() {
    let gate = gate();
    let one = login(&gate, 1);
    enter(&one, ROOM);
    let targets =
        [(2, message_type::P2P), (GROUP, message_type::GROUP), (ROOM, message_type::ROOM)];
    for ((_, call), (xid, kind)) in SENDS.into_iter().zip(targets) {
        let sent = send(|callback| call(&one, 51, b"hello", callback)).unwrap();
        let read = || get(|callback| one.get_message(1, sent.mid, xid, kind, None, callback));
        let info = read().unwrap();
        assert_eq!((info.mtype, info.mtime), (51, sent.payload.mtime));
        assert_eq!((info.msg, info.attrs), (text("hello"), "a".into()));
        get(|callback| one.delete_message(1, sent.mid, xid, kind, None, callback)).unwrap();
        assert_eq!(code(read()), 200070);
    }
    let mid = gate.broadcast(9, 51, "to all", "");
    let info = get(|callback| one.get_message(9, mid, 0, message_type::BROADCAST, None, callback));
    assert_eq!(info.unwrap().msg, "to all");
    let outsider = login(&gate, 9);
    for (xid, kind, expected) in
        [(GROUP, message_type::GROUP, 200041), (ROOM, message_type::ROOM, 200040), (0, 9, 200034)]
    {
        let refused = get(|callback| outsider.get_message(1, 1, xid, kind, None, callback));
        assert_eq!(code(refused), expected);
    }
}
