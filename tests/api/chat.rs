//! The Chat page: sending, one message, translation.

use rtm_client::types::{Body, PushMessage, SendReply, message_type, mtype};
use rtm_client::{Event, RtmClient, SendError, server_push};

use crate::support::{
    Callback, GROUP, ROOM, code, enter, gate, get, login, next, pushes, say, send,
};

type Send = fn(&RtmClient, &str, i64, Callback<SendReply, SendError>);

/// Each send: its event, the type it sends, the call with a text and a mid.
const SENDS: [(Event<PushMessage>, i64, Send); 9] = [
    (server_push::RECV_CHAT, 30, |c, msg, mid, cb| c.send_chat(2, msg, "a", mid, None, cb)),
    (server_push::RECV_AUDIO, 31, |c, msg, mid, cb| c.send_audio(2, msg, "a", mid, None, cb)),
    (server_push::RECV_CMD, 32, |c, msg, mid, cb| c.send_cmd(2, msg, "a", mid, None, cb)),
    (server_push::RECV_GROUP_CHAT, 30, |c, msg, mid, cb| {
        c.send_group_chat(GROUP, msg, "a", mid, None, cb);
    }),
    (server_push::RECV_GROUP_AUDIO, 31, |c, msg, mid, cb| {
        c.send_group_audio(GROUP, msg, "a", mid, None, cb);
    }),
    (server_push::RECV_GROUP_CMD, 32, |c, msg, mid, cb| {
        c.send_group_cmd(GROUP, msg, "a", mid, None, cb);
    }),
    (server_push::RECV_ROOM_CHAT, 30, |c, msg, mid, cb| {
        c.send_room_chat(ROOM, None, msg, "a", mid, None, cb);
    }),
    (server_push::RECV_ROOM_AUDIO, 31, |c, msg, mid, cb| {
        c.send_room_audio(ROOM, None, msg, "a", mid, None, cb);
    }),
    (server_push::RECV_ROOM_CMD, 32, |c, msg, mid, cb| {
        c.send_room_cmd(ROOM, None, msg, "a", mid, None, cb);
    }),
];

#[test]
fn what_is_sent_arrives_once() {
    let gate = gate();
    let (one, two) = (login(&gate, 1), login(&gate, 2));
    enter(&one, ROOM);
    enter(&two, ROOM);
    for (event, mtype, call) in SENDS {
        let heard = pushes(&two, event);
        let sent = send(|callback| call(&one, "你好 😀", 0, callback)).unwrap();
        let push = next(&heard);
        let got = (push.from, push.mid, push.mtype, push.mtime, push.msg, push.attrs);
        let expected =
            (1, sent.mid, mtype, sent.payload.mtime, crate::support::text("你好 😀"), "a".into());
        assert_eq!(got, expected, "{event:?}");
        // A resend is answered as the first time, and nobody hears of it: the next push is the next message.
        let again = send(|callback| call(&one, "again", sent.mid, callback)).unwrap();
        assert_eq!(again, sent);
        send(|callback| call(&one, "next", 0, callback)).unwrap();
        assert_eq!(next(&heard).msg, "next", "{event:?}");
    }
}

#[test]
fn who_may_not_send_is_told_why() {
    let gate = gate();
    let outsider = login(&gate, 9);
    for (event, _, call) in SENDS {
        let expected = match event.name() {
            name if name.contains("group") => 200041,
            name if name.contains("room") => 200040,
            _ => continue,
        };
        assert_eq!(code(send(|callback| call(&outsider, "x", 0, callback))), expected, "{event:?}");
    }
    let two = login(&gate, 2);
    assert_eq!(code(send(|callback| two.send_chat(2, "me", "", None, None, callback))), 200052);
    for (event, _, call) in SENDS {
        let long = "x".repeat(20481);
        let err = send(|callback| call(&outsider, &long, 0, callback)).unwrap_err();
        assert_eq!(err.code(), 200030, "{event:?}");
        assert!(err.message().contains("msg") && err.message().contains("20480"), "{err}");
    }
    let attrs = "x".repeat(2049);
    assert_eq!(code(send(|callback| two.send_chat(1, "", &attrs, None, None, callback))), 200030);
    enter(&two, ROOM);
    assert_eq!(
        code(send(|callback| two.send_room_chat(ROOM, 128, "x", "", None, None, callback))),
        200005
    );
}

#[test]
fn a_failed_send_says_which() {
    let gate = gate();
    let client = login(&gate, 1);
    let (sender, receiver) = std::sync::mpsc::channel();
    client.send_chat(1, "me", "", 77, None, move |err, _| sender.send(err).unwrap());
    let err = receiver.recv().unwrap().unwrap();
    assert_eq!((err.mid, err.error.code()), (77, 200052));
}

#[test]
fn one_message_is_got_and_deleted() {
    let gate = gate();
    let (one, two) = (login(&gate, 1), login(&gate, 2));
    let sent = say(&one, 2, "hello");
    let read = |client: &RtmClient| {
        get(|callback| client.get_chat(1, sent.mid, 2, message_type::P2P, None, callback))
    };
    for client in [&one, &two] {
        let info = read(client).unwrap();
        assert_eq!((info.mtype, info.mtime), (mtype::CHAT, sent.payload.mtime));
        assert_eq!(info.msg, "hello");
    }
    let delete = |client: &RtmClient| {
        get(|callback| client.delete_chat(1, sent.mid, 2, message_type::P2P, None, callback))
    };
    assert_eq!(code(delete(&two)), 200021);
    delete(&one).unwrap();
    assert_eq!(code(read(&one)), 200070);
    assert_eq!(code(delete(&one)), 200070);
}

#[test]
fn a_language_translates_chats_on_their_way() {
    let gate = gate();
    let (one, two) = (login(&gate, 1), login(&gate, 2));
    let heard = pushes(&two, server_push::RECV_CHAT);
    get(|callback| two.set_translation_language("zh-CN", None, callback)).unwrap();
    say(&one, 2, "hello");
    let push = next(&heard);
    let Body::Translated(translation) = &push.msg else { panic!("not translated: {push:?}") };
    assert_eq!(translation.source_text, "hello");
    assert_eq!(translation.target_text, "你好");
    assert_eq!((&translation.source, &translation.target), (&"en".into(), &"zh-CN".into()));
    get(|callback| two.set_translation_language("", None, callback)).unwrap();
    say(&one, 2, "hello");
    assert_eq!(next(&heard).msg, crate::support::text("hello"));
    assert_eq!(code(get(|callback| two.set_translation_language("tlh", None, callback))), 200050);
}
