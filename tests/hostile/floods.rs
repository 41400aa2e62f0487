//! Harm by the number: what the client makes neither a callback nor a byte of, without end.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rtm_client::types::{File, UploadReply, mtype};
use rtm_client::{Callbacks, ClientOptions, ConnectionState, Error, RtmClient, SendError, reply};
use socket2::SockRef;

use crate::certificates::{Authority, accept_login, server};
use crate::common::package::{self, Kind, Package, map, server_time};
use crate::common::peer::{Connection, Peer};
use crate::common::record::{Event, Record};
use crate::common::{DEADLINE, PID, UID, eventually, few_or_many};
use crate::{Memory, frames::frame};

/// The most memory that a flood may add.
const MIB: usize = 32;

/// How much is poured at least before anything else is looked at.
fn enough() -> u64 {
    few_or_many(1 << 16, 1 << 19)
}

/// What is poured: what comes before it, again and again, and behind it.
struct Flood {
    name: &'static str,
    /// How much the kernel holds of it, if not as much as it likes: the client reads that before an answer behind it.
    held: Option<usize>,
    first: Vec<u8>,
    unit: Vec<u8>,
    last: Vec<u8>,
}

fn floods() -> Vec<Flood> {
    let held = Some(16 << 10);
    let again =
        |name, unit: Vec<u8>| Flood { name, held, first: Vec::new(), unit, last: Vec::new() };
    let two_way = package::quest(9, "nosuchmethod", &[0x80]);
    let one_way = package::one_way("x", &[0x80]);
    let units = [
        ("pings", frame(0x89, &[7; 125])),
        ("empty pings", frame(0x89, b"")),
        ("pongs", frame(0x8a, &[7; 125])),
        ("empty pongs", frame(0x8a, b"")),
        ("empty frames", frame(0x82, b"")),
        ("empty texts", frame(0x81, b"")),
        ("empty messages in two fragments", [frame(0x02, b""), frame(0x80, b"")].concat()),
        ("unknown quests", frame(0x82, &two_way)),
        ("unknown one-way quests", frame(0x82, &one_way)),
        ("unknown one-way quests in long frames", frame(0x82, &one_way.repeat(50_000))),
        ("answers to nobody", frame(0x82, &package::answer(0xffff_0000, 0, &[0x80]))),
    ];
    let all = units.iter().flat_map(|(_, unit)| unit.clone()).collect();
    let mut floods: Vec<_> = units.into_iter().map(|(name, unit)| again(name, unit)).collect();
    floods.push(again("all of them", all));
    floods.push(Flood {
        name: "empty fragments",
        held,
        first: frame(0x02, b""),
        unit: [frame(0x00, b""), frame(0x89, b"")].concat(),
        last: frame(0x80, b""),
    });
    // "all of them" has the others in it.
    let few = ["pings", "all of them", "empty fragments"];
    floods.retain(|flood| few_or_many(few.contains(&flood.name), true));
    floods
}

/// The same, some of them so thick that the client never finds its socket empty.
fn incessant_floods() -> Vec<Flood> {
    let thick = ["pings", "unknown one-way quests in long frames", "all of them"];
    let mut floods = floods();
    for flood in floods.iter_mut().filter(|flood| thick.contains(&flood.name)) {
        flood.held = None;
    }
    floods
}

/// A gate's end of a connection: it pours, and between two portions it answers what the client asks.
struct Tap<'a> {
    flood: Option<&'a Flood>,
    poured: &'a AtomicU64,
    stop: &'a AtomicBool,
}

impl Tap<'_> {
    /// Until it is told to stop, or the client closes the connection: whole frames. `tcp` is the socket under the connection.
    fn pour<S: Read + Write>(&self, connection: &mut Connection<S>, tcp: &TcpStream) {
        tcp.set_nonblocking(true).expect("a socket option");
        if let Some(held) = self.flood.and_then(|flood| flood.held) {
            SockRef::from(tcp).set_send_buffer_size(held).expect("a socket option");
        }
        let portion = self.flood.map_or(Vec::new(), |flood| {
            let times = (16 << 10) / flood.unit.len().max(1) + 1;
            [&*flood.first, &flood.unit.repeat(times), &flood.last].concat()
        });
        let (mut out, mut at) = (Vec::new(), 0);
        loop {
            if at == out.len() {
                if self.stop.load(Ordering::Relaxed) {
                    return;
                }
                out = portion.clone();
                at = 0;
            }
            loop {
                match connection.try_package() {
                    Ok(None) => break,
                    Ok(Some(quest)) => {
                        out.extend(answer(&quest).iter().flat_map(|answer| frame(0x82, answer)));
                    }
                    Err(()) => return,
                }
            }
            let stream = connection.stream();
            match stream.write(&out[at..]) {
                Ok(0) if !out.is_empty() => drop(stream.flush()),
                Ok(len) => {
                    at += len;
                    self.poured.fetch_add(len as u64, Ordering::Relaxed);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
            if self.flood.is_none() {
                let _ = stream.flush();
                thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

/// What the gate says to a quest; nothing to `dataget`.
fn answer(quest: &Package) -> Option<Vec<u8>> {
    let payload = match quest.method.as_str() {
        "getservertime" => server_time(7),
        "filetoken" => map([("token", "token".into()), ("endpoint", "endpoint".into())]),
        "uploadfile" => map([("url", "url".into()), ("size", 5.into())]),
        _ => return None,
    };
    (quest.kind == Kind::Quest).then(|| package::answer(quest.seq, 0, &payload))
}

/// Calls are answered and expire in time.
#[track_caller]
fn calls_hold(client: &RtmClient, record: &Record) {
    for _ in 0..3 {
        let (callback, reply) = reply::channel();
        client.get_server_time(DEADLINE, callback);
        assert_eq!(reply.wait().map_err(|error| error.code()), Ok(7));
    }
    client.get_server_time(DEADLINE, record.call(1));
    record.expect_call(1, Ok(7));
    let (callback, reply) = reply::channel::<Error, _>();
    client.data_get("key", Duration::from_millis(20), callback);
    assert_eq!(reply.wait().map_err(|error| error.code()).err(), Some(20003));
}

fn upload(client: &RtmClient, timeout: Duration) -> Result<UploadReply, SendError> {
    let (callback, reply) = reply::channel();
    client.upload_file(mtype::FILE, File::from_bytes("a.txt", "hello"), timeout, callback);
    reply.wait()
}

/// Pours into a connection that is open while `meanwhile` looks after the client, which then is closed.
fn pour_meanwhile<S: Read + Write + Send>(
    flood: &Flood,
    (client, record): (&RtmClient, &Record),
    mut connection: Connection<S>,
    tcp: &TcpStream,
    meanwhile: impl FnOnce(),
) {
    println!("{}", flood.name);
    let (poured, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let tap = Tap { flood: Some(flood), poured: &poured, stop: &stop };
        scope.spawn(move || tap.pour(&mut connection, tcp));
        eventually("it pours", || poured.load(Ordering::Relaxed) > enough());
        meanwhile();
        client.close_and_wait(DEADLINE).expect("the threads end");
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(record.all(), [Event::Closed(0)], "{}", flood.name);
}

#[test]
fn floods_into_an_open_connection() {
    for flood in floods() {
        let memory = Memory::measure();
        let peer = Peer::new();
        let (client, record, mut connection) = peer.login(peer.options());
        let tcp = connection.stream().try_clone().expect("a second handle");
        let meanwhile = || calls_hold(&client, &record);
        pour_meanwhile(&flood, (&client, &record), connection, &tcp, meanwhile);
        memory.stays_within(MIB);
    }
}

#[test]
fn floods_over_tls() {
    for flood in floods() {
        let memory = Memory::measure();
        let (peer, authority) = (Peer::new(), Authority::new());
        let config = server(&authority.certify("127.0.0.1"), None);
        let options = ClientOptions::new(PID).ssl_endpoint(peer.address());
        let client = RtmClient::new(options.ca_certificates(authority.pem()));
        let record = Record::of(&client);
        client.login(UID, "token", record.login(), DEADLINE);
        let mut connection = accept_login(&peer, &config);
        record.expect_login(true, 0);
        let tcp = connection.stream().sock.try_clone().expect("a second handle");
        let meanwhile = || calls_hold(&client, &record);
        pour_meanwhile(&flood, (&client, &record), connection, &tcp, meanwhile);
        memory.stays_within(MIB);
    }
}

/// The gate does not answer the login: its timeout holds.
#[test]
fn floods_into_a_login() {
    for flood in floods() {
        println!("{}", flood.name);
        let memory = Memory::measure();
        let peer = Peer::new();
        let client = RtmClient::new(peer.options());
        let record = Record::of(&client);
        let (poured, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            client.login(UID, "token", record.login(), Duration::from_millis(200));
            let mut connection = peer.accept();
            connection.quest("auth");
            let tcp = connection.stream().try_clone().expect("a second handle");
            let tap = Tap { flood: Some(&flood), poured: &poured, stop: &stop };
            scope.spawn(move || tap.pour(&mut connection, &tcp));
            record.expect_error(20003);
            record.expect_login(false, 20003);
            client.login(UID, "token", record.login(), Duration::from_secs(3600));
            let mut connection = peer.accept();
            let tcp = connection.stream().try_clone().expect("a second handle");
            let tap = Tap { flood: Some(&flood), poured: &poured, stop: &stop };
            scope.spawn(move || tap.pour(&mut connection, &tcp));
            let before = poured.load(Ordering::Relaxed);
            eventually("it pours", || poured.load(Ordering::Relaxed) > before + enough());
            client.close_and_wait(DEADLINE).expect("the threads end");
            stop.store(true, Ordering::Relaxed);
        });
        record.expect_login(false, 20002);
        assert_eq!(record.all(), []);
        memory.stays_within(MIB);
    }
}

/// A file goes its way while the main connection is flooded.
#[test]
fn floods_beside_an_upload() {
    for flood in incessant_floods() {
        let memory = Memory::measure();
        let (peer, files) = (Peer::new(), Peer::new());
        let options = peer.options().file_endpoint(files.address());
        let (client, record, mut connection) = peer.login(options);
        let tcp = connection.stream().try_clone().expect("a second handle");
        let (ignored, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut connection = files.accept();
                let tcp = connection.stream().try_clone().expect("a second handle");
                let tap = Tap { flood: None, poured: &ignored, stop: &stop };
                tap.pour(&mut connection, &tcp);
            });
            let meanwhile = || {
                let sent = upload(&client, DEADLINE);
                assert!(sent.is_ok(), "{}: {sent:?}", flood.name);
            };
            pour_meanwhile(&flood, (&client, &record), connection, &tcp, meanwhile);
            stop.store(true, Ordering::Relaxed);
        });
        memory.stays_within(MIB);
    }
}

/// Pours into the file connection behind the quest of an upload, whose answer may come when that is over. How the upload
/// ends.
fn pour_into_upload(flood: &Flood, timeout: Duration, answered: bool) -> Result<i64, i32> {
    let memory = Memory::measure();
    let (peer, files) = (Peer::new(), Peer::new());
    let (client, record, mut connection) =
        peer.login(peer.options().file_endpoint(files.address()));
    let (poured, ignored) = (AtomicU64::new(0), AtomicU64::new(0));
    let (over, stop) = (AtomicBool::new(false), AtomicBool::new(false));
    let ended = thread::scope(|scope| {
        let main = Tap { flood: None, poured: &ignored, stop: &stop };
        scope.spawn(move || {
            let tcp = connection.stream().try_clone().expect("a second handle");
            main.pour(&mut connection, &tcp);
        });
        let upload = scope.spawn(|| upload(&client, timeout));
        let mut connection = files.accept();
        let quest = connection.quest("uploadfile");
        let tap = Tap { flood: Some(flood), poured: &poured, stop: &over };
        let file = scope.spawn(move || {
            let tcp = connection.stream().try_clone().expect("a second handle");
            tap.pour(&mut connection, &tcp);
            tcp.set_nonblocking(false).expect("a socket option");
            let payload = map([("url", "url".into()), ("size", 5.into())]);
            let _ = connection.try_send(&package::answer(quest.seq, 0, &payload));
            connection.until_closed();
        });
        eventually("it pours", || poured.load(Ordering::Relaxed) > enough());
        calls_hold(&client, &record);
        over.store(answered, Ordering::Relaxed);
        let ended = upload.join().expect("no panic");
        over.store(true, Ordering::Relaxed);
        file.join().expect("no panic");
        client.close_and_wait(DEADLINE).expect("the threads end");
        stop.store(true, Ordering::Relaxed);
        ended
    });
    assert_eq!(record.all(), [Event::Closed(0)], "{}", flood.name);
    memory.stays_within(MIB);
    ended.map(|sent| sent.payload.size).map_err(|error| error.error.code())
}

#[test]
fn floods_into_an_upload() {
    for flood in incessant_floods() {
        assert_eq!(pour_into_upload(&flood, 2 * DEADLINE, true), Ok(5), "{}", flood.name);
    }
}

/// Its timeout holds.
#[test]
fn floods_into_an_upload_without_an_answer() {
    let timeout = Duration::from_millis(few_or_many(500, 2000));
    for flood in incessant_floods().iter().filter(|flood| flood.held.is_none()) {
        assert_eq!(pour_into_upload(flood, timeout, false), Err(20003));
    }
}

/// The first ends the connection; those behind it are not read.
#[test]
fn a_flood_of_close_frames() {
    let close = frame(0x88, &[3, 0xe8]);
    let flood = Flood {
        name: "close frames",
        held: None,
        first: Vec::new(),
        unit: close,
        last: Vec::new(),
    };
    let memory = Memory::measure();
    let peer = Peer::new();
    let (client, record, mut connection) = peer.login(peer.options());
    let (poured, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let tap = Tap { flood: Some(&flood), poured: &poured, stop: &stop };
    for _ in 0..5 {
        let tcp = connection.stream().try_clone().expect("a second handle");
        tap.pour(&mut connection, &tcp);
        record.expect_error(20002);
        connection = peer.accept_login();
        record.expect(Event::Relogin(true, false, 0, 1));
    }
    record.expect_nothing(&client, &mut connection);
    memory.stays_within(MIB);
    assert_eq!(record.rest(&client), [Event::Closed(0)]);
}

/// Pushes without end while an answer of the session's own is waited for, so that reading cannot stop: what waits for callbacks
/// has a bound all the same.
#[test]
fn floods_of_pushes_before_the_sessions_own_answer() {
    let push = package::one_way("pushbroadcastmsg", &map([("msg", "x".repeat(8000).into())]));
    let pushes = push.repeat(16);
    for leaving in [false, true] {
        let memory = Memory::measure();
        let peer = Peer::new();
        let options = peer.options().auto_reconnect(false).max_undelivered_bytes(1 << 20);
        let client = RtmClient::new(options.callbacks(Callbacks::Manual));
        let record = Record::of(&client);
        client.login(UID, "token", record.login(), DEADLINE);
        let mut connection = if leaving {
            let mut connection = peer.accept_login();
            client.wait_online(DEADLINE).expect("the peer lets everybody in");
            client.bye();
            connection.quest("bye");
            connection
        } else {
            let mut connection = peer.accept();
            connection.quest("auth");
            connection
        };
        let mut poured = 0;
        while connection.try_send(&pushes).is_ok() {
            poured += pushes.len();
            assert!(poured < 1 << 30, "it goes on and on");
        }
        assert!(poured > 2 << 20);
        eventually("the session is over", || client.connection_state() == ConnectionState::Closed);
        memory.stays_within(MIB);
        eventually("the callbacks run", || {
            client.run_callbacks(Duration::ZERO).expect("the program's own thread");
            client.stats().waiting_callbacks == 0
        });
        if !leaving {
            record.expect_error(20009);
        }
        let (ok, code) = if leaving { (true, 0) } else { (false, 20009) };
        record.expect_login(ok, code);
        client.close_and_wait(DEADLINE).expect("the threads end");
    }
}

#[test]
fn a_kickout_on_a_file_connection_is_its_loss() {
    let (peer, files) = (Peer::new(), Peer::new());
    let (client, _record, mut main) = peer.login(peer.options().file_endpoint(files.address()));
    thread::scope(|scope| {
        let upload = scope.spawn(|| upload(&client, DEADLINE));
        let token = main.quest("filetoken");
        let answer = map([("token", "t".into()), ("endpoint", files.address().as_str().into())]);
        main.answer(&token, &answer);
        let mut connection = files.accept();
        connection.quest("uploadfile");
        connection.send(&package::one_way("kickout", &map([])));
        let ended = upload.join().expect("no panic");
        assert_eq!(ended.map(drop).map_err(|error| error.error.code()), Err(20002));
    });
}
