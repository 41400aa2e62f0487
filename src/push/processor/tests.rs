use std::sync::Arc;

use super::*;
use crate::types::{Body, Text, Translation};
use crate::wire::package::{self, Kind};

const UID: i64 = 654_321;

/// A processor that notes the events it emits.
struct Recorder {
    processor: Processor,
    events: Arc<Mutex<Vec<(&'static str, PushMessage)>>>,
    now: Instant,
}

impl Recorder {
    fn new(listen_to: &[Event<PushMessage>]) -> Recorder {
        let processor = Processor::new();
        let events = Arc::new(Mutex::new(Vec::new()));
        for &event in listen_to {
            let events = Arc::clone(&events);
            processor.on(event, move |message: &PushMessage| {
                events.lock().push((event.name(), message.clone()));
            });
        }
        Recorder { processor, events, now: Instant::now() }
    }

    /// Delivers a push spelt out in JSON and gives the events it caused.
    fn push(&self, method: &str, json: &str) -> Vec<(&'static str, PushMessage)> {
        let push = Push::of(method.as_bytes()).unwrap();
        self.processor.deliver(push, Encoding::Json, json.as_bytes(), UID, self.now).unwrap();
        std::mem::take(&mut self.events.lock())
    }

    /// The same for a whole package as it came over the wire.
    fn frame(&self, hex: &str) -> Vec<(&'static str, PushMessage)> {
        let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
        let (package, _) = package::read(&bytes, 1000).unwrap().unwrap();
        let Kind::Quest { method, .. } = package.kind else { panic!("no quest: {package:?}") };
        let push = Push::of(method).unwrap();
        self.processor.deliver(push, package.encoding, package.payload, UID, self.now).unwrap();
        std::mem::take(&mut self.events.lock())
    }

    fn names(&self, method: &str, json: &str) -> Vec<&'static str> {
        self.push(method, json).into_iter().map(|(name, _)| name).collect()
    }
}

#[test]
fn a_chat_text_as_the_gate_sends_it() {
    let recorder = Recorder::new(&[server_push::RECV_CHAT]);
    let events = recorder.frame(
        "46504e4e0180010763000000f4030000707573686d736787a466726f6dd3000000000001b207a2746fd300000000\
         0009fbf1a56d747970651ea36d6964d300060a24181e4001a36d7367b068656c6c6f20e4bda0e5a5bdf09f9880a5\
         6174747273a97b226b223a2276227da56d74696d65d30000018bcfe56a2b",
    );
    let message = PushMessage {
        from: 111_111,
        to: UID,
        gid: 0,
        rid: 0,
        mtype: 30,
        mid: 1_700_000_000_000_001,
        msg: Body::Text("hello 你好😀".into()),
        attrs: "{\"k\":\"v\"}".into(),
        mtime: 1_700_000_000_555,
        caught_up: false,
    };
    assert_eq!(events, [("pushchat", message)]);
}

#[test]
fn integers_come_in_their_smallest_form_and_ids_as_nil() {
    let recorder = Recorder::new(&[server_push::RECV_ROOM_MESSAGE]);
    let events = recorder.frame(
        "46504e4e0180010b490000007904000070757368726f6f6d6d736788a466726f6dce0001b207a3726964ce000516\
         15a3676964c0a56d7479706542a36d6964cf00060a24182d8161a36d7367a178a56174747273a0a56d74696d65cf\
         0000018bcfe56a2b",
    );
    let [("pushroommsg", message)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((message.from, message.rid, message.gid), (111_111, 333_333, 0));
    assert_eq!(message.mid, 1_700_000_000_999_777);
}

#[test]
fn ids_that_are_unsigned_or_floats() {
    let recorder = Recorder::new(&[server_push::RECV_CHAT]);
    let events = recorder.frame(
        "46504e4e018001073f000000ce040000707573686d736786a466726f6dcfffffffffffffffffa56d747970651ea3\
         6d6964cf8000000000000000a36d7367a178a56174747273a0a56d74696d65cf0000000000000005",
    );
    assert_eq!((events[0].1.from, events[0].1.mid, events[0].1.mtime), (-1, i64::MIN, 5));
    let events = recorder.frame(
        "46504e4e0180010747000000d0040000707573686d736786a466726f6dcb40fb207000000000a56d74797065cb40\
         3e000000000000a36d6964cb43182890607901eca36d7367a178a56174747273a0a56d74696d65cb3ff800000000\
         0000",
    );
    let message = &events[0].1;
    assert_eq!((message.from, message.mid, message.mtime), (111_111, 1_700_000_000_000_123, 1));
}

#[test]
fn bytes_that_are_no_text_stay_bytes() {
    let recorder = Recorder::new(&[server_push::RECV_CHAT]);
    let bytes = vec![0, 0xff, 0xfe, 0x80, 0x41];
    let events = recorder.frame(
        "46504e4e018001074f00000001040000707573686d736787a466726f6dd3000000000001b207a2746fd300000000\
         0009fbf1a56d747970651ea36d6964d300060a24181e400ea36d7367a500fffe8041a56174747273a0a56d74696d\
         65d30000018bcfe56a2b",
    );
    assert_eq!(events[0].1.msg, Body::Binary(bytes.clone()));
    let events = recorder.frame(
        "46504e4e0180010750000000bd040000707573686d736787a466726f6dd3000000000001b207a2746fd300000000\
         0009fbf1a56d747970651ea36d6964d300060a24181e40b2a36d7367a178a56174747273a500fffe8041a56d7469\
         6d65d30000018bcfe56a2b",
    );
    assert_eq!(events[0].1.attrs, Text::Bytes(bytes));
}

#[test]
fn json_keeps_every_digit_and_meets_the_same_filter() {
    let recorder = Recorder::new(&[server_push::RECV_MESSAGE, server_push::RECV_CHAT]);
    let events = recorder.frame(
        "46504e4e014001077a0000001b040000707573686d73677b2266726f6d223a3131313131312c22676964223a3232\
         323232322c22726964223a3333333333332c226d74797065223a36362c226d6964223a3932323333373230333638\
         35343737353830372c226d7367223a226869222c226174747273223a22222c226d74696d65223a31373030303030\
         3030303535357d",
    );
    assert_eq!(events[0].1.mid, i64::MAX);
    let events = recorder.frame(
        "46504e4e014001074d000000e5040000707573686d73677b2266726f6d223a3131313131312c226d74797065223a\
         33302c226d6964223a313730303030303030303535352c226d7367223a2261222c226174747273223a22222c226d\
         74696d65223a317d",
    );
    assert_eq!(events.len(), 1);
    let events = recorder.frame(
        "46504e4e018001074d000000e6040000707573686d736787a466726f6dd3000000000001b207a2746fd300000000\
         0009fbf1a56d747970651ea36d6964d30000018bcfe56a2ba36d7367a3647570a56174747273a0a56d74696d65d3\
         0000018bcfe56a2b",
    );
    assert_eq!(events.len(), 0);
}

#[test]
fn a_field_that_is_missing_is_empty() {
    let recorder = Recorder::new(&[server_push::RECV_MESSAGE]);
    assert_eq!(recorder.push("pushmsg", "{}"), [("pushmsg", PushMessage::default())]);
}

#[test]
fn a_translated_text_keeps_both_texts_whatever_its_mtype() {
    let recorder = Recorder::new(&[server_push::RECV_CHAT, server_push::RECV_MESSAGE]);
    for mtype in [30, 66] {
        let events = recorder.push(
            "pushmsg",
            &format!(
                r#"{{"mtype":{mtype},"msg":{{"source":"zh-CN","target":"en","sourceText":"你好","targetText":"hello"}}}}"#
            ),
        );
        let translation = Translation {
            source: "zh-CN".into(),
            target: "en".into(),
            source_text: "你好".into(),
            target_text: "hello".into(),
        };
        assert_eq!(events[0].1.msg, Body::Translated(translation));
    }
}

#[test]
fn the_mtype_says_which_event_it_is() {
    let all = [
        server_push::RECV_GROUP_MESSAGE,
        server_push::RECV_GROUP_CHAT,
        server_push::RECV_GROUP_CMD,
        server_push::RECV_GROUP_FILE,
    ];
    let recorder = Recorder::new(&all);
    let event = |mtype: &str| recorder.names("pushgroupmsg", &format!(r#"{{"mtype":{mtype}}}"#));
    for (mtype, name) in [
        ("30", "pushgroupchat"),
        ("\"30\"", "pushgroupchat"),
        ("30.0", "pushgroupchat"),
        ("32", "pushgroupcmd"),
        ("40", "pushgroupfile"),
        ("45", "pushgroupfile"),
        ("50", "pushgroupfile"),
        ("0", "pushgroupmsg"),
        ("33", "pushgroupmsg"),
        ("39", "pushgroupmsg"),
        ("51", "pushgroupmsg"),
        ("200", "pushgroupmsg"),
        ("null", "pushgroupmsg"),
    ] {
        assert_eq!(event(mtype), [name], "mtype {mtype}");
    }
}

#[test]
fn audio_goes_to_the_file_event_unless_audio_is_listened_to() {
    let recorder = Recorder::new(&[server_push::RECV_ROOM_FILE]);
    assert_eq!(recorder.names("pushroommsg", r#"{"mtype":31}"#), ["pushroomfile"]);
    let recorder = Recorder::new(&[server_push::RECV_ROOM_FILE, server_push::RECV_ROOM_AUDIO]);
    assert_eq!(recorder.names("pushroommsg", r#"{"mtype":31}"#), ["pushroomaudio"]);
    assert_eq!(recorder.names("pushroommsg", r#"{"mtype":41}"#), ["pushroomfile"]);
}

#[test]
fn the_four_kinds_do_not_mix() {
    use server_push::*;
    let recorder =
        Recorder::new(&[RECV_CHAT, RECV_GROUP_CHAT, RECV_ROOM_CHAT, RECV_BROADCAST_CHAT]);
    for (method, name) in [
        ("pushmsg", "pushchat"),
        ("pushgroupmsg", "pushgroupchat"),
        ("pushroommsg", "pushroomchat"),
        ("pushbroadcastmsg", "pushbroadcastchat"),
    ] {
        assert_eq!(recorder.names(method, r#"{"mtype":30,"from":1,"mid":5}"#), [name]);
    }
}

#[test]
fn a_message_that_came_before_is_dropped() {
    use server_push::*;
    let recorder = Recorder::new(&[RECV_CHAT, RECV_GROUP_CHAT]);
    let group = |gid| {
        recorder.push("pushgroupmsg", &format!(r#"{{"from":1,"gid":{gid},"mid":5,"mtype":30}}"#))
    };
    assert_eq!(group(222).len(), 1);
    assert_eq!(group(222).len(), 0);
    assert_eq!(group(999).len(), 1);
    // Of a message to a user neither the receiver nor the mtype counts.
    assert_eq!(recorder.push("pushmsg", r#"{"from":1,"mid":5,"mtype":30,"gid":1}"#).len(), 1);
    assert_eq!(recorder.push("pushmsg", r#"{"from":1,"mid":5,"mtype":66,"to":7}"#).len(), 0);
}

/// As the documentation promises: not the five seconds of the JavaScript SDK.
#[test]
fn a_message_is_known_for_ten_minutes() {
    let mut recorder = Recorder::new(&[server_push::RECV_CHAT]);
    let json = r#"{"from":5,"mid":9,"mtype":30,"msg":"x"}"#;
    assert_eq!(recorder.names("pushmsg", json), ["pushchat"]);
    recorder.now += Duration::from_secs(599);
    assert!(recorder.names("pushmsg", json).is_empty());
    recorder.now += Duration::from_secs(1);
    assert_eq!(recorder.names("pushmsg", json), ["pushchat"]);
}

/// As many as fit into the stated memory.
#[test]
fn the_last_hundred_thousand_messages_are_known() {
    let recorder = Recorder::new(&[server_push::RECV_CHAT]);
    let push = |mid: usize| {
        let json = format!(r#"{{"from":5,"mid":{mid},"mtype":30,"msg":"x"}}"#);
        !recorder.names("pushmsg", &json).is_empty()
    };
    assert!((1..=100_000).all(push));
    assert!(!push(1) && push(100_001) && !push(2) && push(1));
}

#[test]
fn a_message_nobody_listens_to_counts_as_seen() {
    let recorder = Recorder::new(&[]);
    recorder.push("pushmsg", r#"{"from":1,"mid":5,"mtype":30}"#);
    let events = recorder.events.clone();
    recorder.processor.on(server_push::RECV_CHAT, move |message: &PushMessage| {
        events.lock().push(("late", message.clone()));
    });
    assert_eq!(recorder.push("pushmsg", r#"{"from":1,"mid":5,"mtype":30}"#).len(), 0);
    assert_eq!(recorder.push("pushmsg", r#"{"from":1,"mid":6,"mtype":30}"#).len(), 1);
}

#[test]
fn mid_0_is_no_mid() {
    let recorder = Recorder::new(&[server_push::RECV_CHAT]);
    for json in [r#"{"from":1,"mid":0,"mtype":30}"#, r#"{"from":1,"mtype":30}"#] {
        assert_eq!(recorder.push("pushmsg", json).len(), 1);
        assert_eq!(recorder.push("pushmsg", json).len(), 1);
    }
}

#[test]
fn an_excluded_user_sees_nothing_and_the_mid_stays_unused() {
    let recorder = Recorder::new(&[server_push::RECV_CHAT]);
    let push = |attrs: &str| {
        let attrs = serde_json::Value::from(attrs);
        recorder
            .push("pushmsg", &format!(r#"{{"from":1,"mid":9,"mtype":30,"attrs":{attrs}}}"#))
            .len()
    };
    assert_eq!(push(r#"{"excludedUids":["1","654321"]}"#), 0);
    assert_eq!(push(r#"{"excludedUids":[1,654321]}"#), 0);
    assert_eq!(push(""), 1);
}

#[test]
fn only_a_list_in_an_object_excludes() {
    for attrs in [
        r#"{"excludedUids":["1"]}"#,
        r#"{"excludedUids":"654321"}"#,
        r#"{"excludedUids":{"654321":1}}"#,
        r#"{"excludedUids":[" 654321",654321.5,true,null,[654321]]}"#,
        r#"["excludedUids",654321]"#,
        r#"{"a":{"excludedUids":[654321]}}"#,
        r#"{"excludedUids":[654321]"#,
        "excludedUids 654321",
        "",
    ] {
        assert!(!excludes(attrs.as_bytes(), UID), "{attrs}");
    }
    assert!(!excludes(b"\xff excludedUids", UID));
    assert!(excludes(br#" {"a":1,"excludedUids":["654321"]}"#, UID));
    assert!(excludes(br#"{"excludedUids":[-9223372036854775808]}"#, i64::MIN));
}

#[test]
fn kicks_and_pings_have_their_events() {
    let processor = Processor::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = seen.clone();
    processor.on(server_push::RECV_PING, move |_| notes.lock().push("ping".to_owned()));
    let notes = seen.clone();
    processor.on(server_push::KICK_OUT, move |_| notes.lock().push("kickout".to_owned()));
    let notes = seen.clone();
    processor.on(server_push::KICK_OUT_ROOM, move |kick| {
        notes.lock().push(format!("kickoutroom {}", kick.rid));
    });
    let deliver = |push, payload: &[u8]| {
        processor.deliver(push, Encoding::MsgPack, payload, UID, Instant::now()).unwrap();
    };
    deliver(Push::Ping, b"\x81\xa1a\x01");
    deliver(Push::KickoutRoom, b"\x81\xa3rid\xcd\x01\x2c");
    deliver(Push::Kickout, b"\x80");
    assert_eq!(*seen.lock(), ["ping", "kickoutroom 300", "kickout"]);
}

#[test]
fn a_payload_that_cannot_be_read_is_an_error_and_no_event() {
    use server_push::*;
    let recorder = Recorder::new(&[RECV_MESSAGE]);
    let pings = recorder.events.clone();
    recorder.processor.on(RECV_PING, move |_| pings.lock().push(("ping", PushMessage::default())));
    for push in [Push::Ping, Push::Message(Category::P2P), Push::KickoutRoom] {
        for (encoding, payload) in [
            (Encoding::MsgPack, &b""[..]),
            (Encoding::MsgPack, b"\xc0"),
            (Encoding::MsgPack, b"\x05"),
            (Encoding::MsgPack, b"\x82\xa1a\x01"),
            (Encoding::Json, b"{bad"),
            (Encoding::Json, b"\x80"),
            (Encoding::Json, b"[]"),
            (Encoding::Json, b""),
        ] {
            let result = recorder.processor.deliver(push, encoding, payload, UID, recorder.now);
            assert_eq!(result.unwrap_err().code(), fpnn::CORE_INVALID_PACKAGE);
        }
    }
    assert!(recorder.events.lock().is_empty());
}
