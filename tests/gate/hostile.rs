//! Who means ill: reads what is not theirs, speaks for others, sends nonsense.

use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use rtm_client::gate::Gate;
use serde_json::{Value, json};

use crate::common::few_or_many;
use crate::common::floods::{floods, frame};
use crate::files::{signed, token, upload};
use crate::messages::chat;
use crate::peer::{PATIENCE, Peer, pack, quest, to_packed};

/// Every way to read a conversation, a group or a room is closed to who is not in it.
#[test]
fn outsiders_read_nothing() {
    let gate = Gate::builder().group(100, [1, 2]).start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let mut eve = Peer::login(&gate, 666);
    one.get("enterroom", json!({"rid": 200}));
    one.get("sendmsg", chat(2, 7, "for two"));
    one.get("sendgroupmsg", json!({"gid": 100, "mid": 7, "mtype": 30, "msg": "for the group"}));
    one.get("sendroommsg", json!({"rid": 200, "mid": 7, "mtype": 30, "msg": "for the room"}));
    one.get("setgroupinfo", json!({"gid": 100, "pinfo": "private"}));
    one.get("setroominfo", json!({"rid": 200, "pinfo": "private"}));
    one.get("setuserinfo", json!({"pinfo": "private"}));
    one.get("dataset", json!({"key": "k", "val": "private"}));
    let page = |mut fields: Value| {
        let object = fields.as_object_mut().unwrap();
        object.insert("desc".to_owned(), json!(true));
        object.insert("num".to_owned(), json!(20));
        fields
    };
    for (key, id, kind, code) in [("gid", 100, "group", 200041), ("rid", 200, "room", 200040)] {
        for method in ["get#msg", "get#msgcount", "get#msgbymessageid"] {
            let method = method.replace('#', kind);
            assert_eq!(eve.code(&method, page(json!({key: id}))), code, "{method}");
        }
        for method in [format!("get{kind}info"), format!("set{kind}info")] {
            assert_eq!(eve.code(&method, json!({key: id, "oinfo": "eve"})), code, "{method}");
        }
        let category = if kind == "group" { 2 } else { 3 };
        for method in ["getmsg", "delmsg"] {
            let wanted = json!({"from": 1, "mid": 7, "xid": id, "type": category});
            assert_eq!(eve.code(method, wanted), code, "{method}");
        }
    }
    for method in ["addgroupmembers", "delgroupmembers", "getgroupmembers"] {
        assert_eq!(eve.code(method, json!({"gid": 100, "uids": [666]})), 200041, "{method}");
    }
    // Of P2P conversations there are those of the caller, and no field makes them another's.
    for ouid in [1, 2] {
        let fields = page(json!({"ouid": ouid, "uid": 1, "from": 1}));
        assert_eq!(eve.get("getp2pmsg", fields)["num"], 0);
        for xid in [1, 2, 666] {
            let wanted = json!({"from": ouid, "mid": 7, "xid": xid, "type": 1});
            assert_eq!(eve.code("getmsg", wanted.clone()), 200070);
            assert!(matches!(eve.code("delmsg", wanted), 200021 | 200070));
        }
    }
    assert_eq!(eve.get("getsession", json!({})), json!({"p2p": [], "group": []}));
    assert_eq!(eve.get("getuserinfo", json!({"uid": 1}))["pinfo"], "");
    assert_eq!(eve.get("dataget", json!({"key": "k", "uid": 1})), json!({}));
    eve.no_push();
}

/// What a user may store at the gate is bounded, and what one has used up is there for the others.
#[test]
fn nobody_takes_all_there_is() {
    let gate = Gate::builder().start().unwrap();
    let mut eve = Peer::login(&gate, 666);
    let mut one = Peer::login(&gate, 1);
    // The number of the call, and the fields of it.
    type Call = fn(i64) -> Value;
    let calls: [(&str, i64, Call); 9] = [
        ("filetoken", 200010, |_| json!({"cmd": "uploadfile"})),
        ("addattrs", 200032, |n| json!({"attrs": {n.to_string(): ""}})),
        ("addattrs", 200030, |n| json!({"attrs": {(n % 50).to_string(): "x".repeat(2000)}})),
        ("dataset", 200035, |n| json!({"key": n.to_string(), "val": ""})),
        ("dataset", 200035, |n| json!({"key": (n % 500).to_string(), "val": "x".repeat(60_000)})),
        ("adddevice", 200032, |n| json!({"apptype": "fcm", "devicetoken": n.to_string()})),
        ("addoption", 200032, |n| json!({"type": 0, "xid": n, "mtypes": [30]})),
        ("addoption", 200032, |n| json!({"type": 1, "xid": 1, "mtypes": [n]})),
        (
            "addblacks",
            200032,
            |n| json!({"blacks": (100 * n..100 * n + 100).collect::<Vec<i64>>()}),
        ),
    ];
    for (method, code, fields) in calls {
        let refused = (0..2000).find_map(|n| eve.call(method, fields(n)).err());
        let (refused, ex) = refused.unwrap_or_else(|| panic!("{method} has no bound"));
        assert_eq!(refused, code, "{method}: {ex}");
        one.get(method, fields(1));
    }
    // Neither by many connections, nor at the login, nor in one call.
    let attrs = |bytes: usize| json!({"attrs": {"k": "x".repeat(bytes)}});
    let mut two: Vec<Peer> = (0..2).map(|_| Peer::login(&gate, 2)).collect();
    two[0].get("addattrs", attrs(40_000));
    assert_eq!(two[1].code("addattrs", attrs(40_000)), 200030);
    let mut three = Peer::connect(&gate);
    let mut auth = json!({"pid": gate.pid(), "uid": 3, "token": "t"});
    auth["attrs"] = attrs(70_000)["attrs"].clone();
    assert_eq!(three.code("auth", auth), 200030);
    let many: serde_json::Map<_, _> = (0..101).map(|n| (n.to_string(), json!(""))).collect();
    assert_eq!(one.code("addattrs", json!({"attrs": many})), 200032);
    let long = json!({"apptype": "fcm", "devicetoken": "x".repeat(5000)});
    assert_eq!(one.code("adddevice", long), 200035);
}

/// The sender is who is logged in, whatever a quest says.
#[test]
fn nobody_speaks_for_another() {
    let gate = Gate::builder().start().unwrap();
    let mut two = Peer::login(&gate, 2);
    let mut eve = Peer::login(&gate, 666);
    let mut message = chat(2, 7, "it is me, one");
    message["from"] = json!(1);
    message["uid"] = json!(1);
    eve.get("sendmsg", message);
    assert_eq!(two.push().1["from"], 666);
    // With the token of another, neither as that one nor as oneself.
    let mut one = Peer::login(&gate, 1);
    for from in [1, 666] {
        let token = token(&mut one, json!({"to": 2, "cmd": "sendfile"}));
        let attrs = json!({"rtm": signed(b"f", &token)}).to_string();
        let to = if from == 1 { 3 } else { 2 };
        let fields = json!({"from": from, "to": to, "token": token, "attrs": attrs});
        assert_eq!(upload(&gate, "sendfile", fields, b"f").unwrap_err().0, 200003);
    }
    let mut nobody = Peer::connect(&gate);
    assert_eq!(nobody.code("sendmsg", chat(2, 8, "who?")), 200022);
    two.no_push();
}

const METHODS: [&str; 24] = [
    "auth",
    "sendmsg",
    "sendgroupmsg",
    "sendroommsg",
    "getmsg",
    "delmsg",
    "getp2pmsg",
    "getgroupmsg",
    "getp2pmsgbymessageid",
    "getsession",
    "getunread",
    "getp2punread",
    "removesession",
    "getroomcount",
    "enterroom",
    "addgroupmembers",
    "setuserinfo",
    "dataset",
    "addattrs",
    "addoption",
    "filetoken",
    "translate",
    "sendfile",
    "getuserroomsandlastmsg",
];
const FIELDS: [&str; 28] = [
    "to", "from", "gid", "rid", "uid", "pid", "token", "mid", "mtype", "msg", "attrs", "ouid",
    "desc", "num", "begin", "end", "lastid", "mtypes", "xid", "type", "uids", "rids", "key", "val",
    "cmd", "file", "text", "dst",
];

/// Numbers from a seed, so that what was found is found again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.roll(if depth == 0 { 10 } else { 12 }) {
            0 => Value::Null,
            1 => json!(self.roll(2) == 0),
            2 => json!(self.roll(5)),
            3 => json!(i64::MIN),
            4 => json!(i64::MAX),
            5 => json!(-1),
            6 => json!(1e300),
            7 => json!("x".repeat(self.roll(300))),
            8 => json!("{\"rtm\":{\"sign\":1}}"),
            9 => json!(self.roll(1000)),
            10 => (0..self.roll(5)).map(|_| self.value(depth - 1)).collect(),
            _ => json!({"k": self.value(depth - 1)}),
        }
    }

    /// A quest, sound at the outside as often as not.
    fn package(&mut self) -> Vec<u8> {
        let mut fields = json!({});
        for _ in 0..self.roll(8) {
            fields[FIELDS[self.roll(FIELDS.len())]] = self.value(2);
        }
        let method = METHODS[self.roll(METHODS.len())];
        let mut package = quest(Some(1), method, &pack(&to_packed(&fields)));
        if self.roll(2) == 0 {
            for _ in 0..=self.roll(3) {
                let at = self.roll(package.len());
                package[at] = self.roll(256) as u8;
            }
        }
        if self.roll(10) == 0 {
            package.truncate(self.roll(package.len()));
        }
        package
    }
}

/// Two users chat while others send nonsense.
#[test]
fn nonsense_stops_nobody() {
    let until = Instant::now() + Duration::from_secs(few_or_many(1, 10));
    let tokens = [(1, "one"), (2, "two"), (3, "eve")];
    let builder = Gate::builder().group(0, [3]).tls_listen("127.0.0.1:0");
    let builder =
        tokens.into_iter().fold(builder, |builder, (uid, token)| builder.token(uid, token));
    let gate = builder.start().unwrap();
    let login = |uid: i64, token: &str| {
        let mut peer = Peer::connect(&gate);
        let auth = json!({"pid": gate.pid(), "uid": uid, "token": token});
        assert_eq!(peer.get("auth", auth), json!({"ok": true}));
        peer
    };
    let (mut one, mut two) = (login(1, "one"), login(2, "two"));
    let mut dice = Dice(1);
    let mut mid = 0;
    while Instant::now() < until {
        let doors = [gate.endpoint(), gate.file_endpoint(), gate.tls_endpoint().unwrap()];
        match dice.roll(4) {
            // Logged in, and then nonsense packages.
            0 | 1 => {
                let mut eve = login(3, "eve");
                for _ in 0..dice.roll(30) {
                    // It may have been dropped by now.
                    let _ = eve.socket.send(tungstenite::Message::binary(dice.package()));
                }
            }
            2 => {
                let mut eve = Peer::connect_to(&doors[dice.roll(2)]);
                for _ in 0..dice.roll(30) {
                    let _ = eve.socket.send(tungstenite::Message::binary(dice.package()));
                }
            }
            // No WebSocket at all, or TLS that is none.
            _ => {
                let door = &doors[dice.roll(3)];
                let mut stream = TcpStream::connect(door).unwrap();
                let mut bytes = b"\x16\x03\x01GET /service/websocket HTTP/1.1\r\n\r\n".to_vec();
                for _ in 0..dice.roll(6) {
                    let at = dice.roll(bytes.len());
                    bytes[at] = dice.roll(256) as u8;
                }
                let _ = stream.write_all(&bytes[dice.roll(4)..]);
            }
        }
        mid += 1;
        one.get("sendmsg", chat(2, mid, "still here"));
        while two.push().1["mid"] != mid {}
    }
    assert!(mid > 10, "{mid} rounds");
}

/// Three connections pour in, two of which read what comes back: another user is answered soon, and new ones get in. The
/// median tells, for on a busy machine a few are late.
#[test]
fn floods_hold_up_nobody() {
    let length = Duration::from_millis(few_or_many(100, 1000));
    for flood in floods() {
        let name = flood.name;
        let gate = Gate::builder().start().unwrap();
        let mut one = Peer::login(&gate, 1);
        let until = Instant::now() + length;
        let mut times = Vec::new();
        let mut measure = |action: &mut dyn FnMut()| {
            let begun = Instant::now();
            action();
            times.push(begun.elapsed());
        };
        thread::scope(|scope| {
            for reads in [true, true, false] {
                let (gate, flood) = (&gate, &flood);
                scope.spawn(move || flood.pour(&gate.endpoint(), reads, until));
            }
            while Instant::now() < until {
                measure(&mut || drop(one.get("*ping", json!({}))));
                measure(&mut || drop(Peer::login(&gate, 2)));
                thread::sleep(Duration::from_millis(2));
            }
        });
        times.sort_unstable();
        let (median, slowest) = (times[times.len() / 2], times[times.len() - 1]);
        println!("{name}: {} answers, the median {median:?}, the slowest {slowest:?}", times.len());
        assert!(median < Duration::from_millis(250), "{name}: {median:?} in the median");
        assert!(slowest < Duration::from_secs(2), "{name}: {slowest:?}");
    }
}

/// Pings that are never read do not stop the gate: the pong it owes is for the latest.
#[test]
fn one_pong_waits() {
    let gate = Gate::builder().start().unwrap();
    let mut peer = Peer::connect(&gate);
    let socket = peer.socket.get_mut();
    socket.set_write_timeout(Some(PATIENCE)).unwrap();
    let ping = |n: u32| frame(0x89, &[&n.to_be_bytes()[..], &[7; 121]].concat());
    // Their pongs would fill what the gate holds for a connection and every buffer of the system.
    let count = 400_000;
    for from in (0..count).step_by(1000) {
        let pings: Vec<u8> = (from..from + 1000).flat_map(ping).collect();
        socket.write_all(&pings).unwrap();
    }
    loop {
        let pong = match peer.socket.read().unwrap() {
            tungstenite::Message::Pong(payload) => payload,
            other => panic!("{other:?}"),
        };
        if pong[..4] == (count - 1_u32).to_be_bytes() {
            break;
        }
    }
}
