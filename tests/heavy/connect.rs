//! Over real sockets, with a resolver that says what the test wants and addresses nobody answers at.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rtm_client::gate::Gate as LocalGate;

use self::dead::Dead;
use super::lookup::Resolver;
use super::*;
use crate::engine::{Command, Complete, Login, LoginDone};
use crate::error::Error;
use crate::error_code::fpnn;
use crate::time::NEVER;

#[expect(dead_code, unreachable_pub, reason = "it is there for the tests over real sockets too")]
#[path = "../common/dead.rs"]
mod dead;

const DEADLINE: Duration = Duration::from_secs(20);

/// A resolver that knows one name, by these last parts of 127.0.0.0/8.
fn knows(hosts: Vec<u8>) -> Resolver {
    Arc::new(move |_| Ok(hosts.iter().map(|host| IpAddr::from([127, 0, 0, *host])).collect()))
}

/// A gate at 127.0.0.1, and as many dead addresses from 127.0.0.2 on at the same port.
fn gate_and_dead(count: u8) -> (LocalGate, u16, Vec<Dead>) {
    loop {
        let gate = LocalGate::builder().start().unwrap();
        let port = gate.endpoint().rsplit_once(':').unwrap().1.parse().unwrap();
        let at = |host| Dead::at(SocketAddr::from(([127, 0, 0, host], port)));
        let dead = (2..count + 2).map(at);
        // Somebody else may have the port at another address.
        if let Ok(dead) = dead.collect::<io::Result<_>>() {
            return (gate, port, dead);
        }
    }
}

fn engine(options: ClientOptions, resolver: Resolver) -> Arc<Engine> {
    let mut engine = Engine::new(options.no_proxy());
    Arc::get_mut(&mut engine).unwrap().lookups = Lookups::new(resolver);
    engine
}

/// The same, with the proxy `p.example`.
fn by_proxy(resolver: Resolver) -> Arc<Engine> {
    let mut engine = Engine::new(ClientOptions::new(1).proxy("http://p.example:1"));
    Arc::get_mut(&mut engine).unwrap().lookups = Lookups::new(resolver);
    engine
}

/// Logs in, and out again. How long it took and what came of it.
fn login(engine: &Arc<Engine>) -> (bool, Duration) {
    let (sender, done) = mpsc::channel();
    let run = Box::new(move |ok, _| sender.send(ok).unwrap());
    let done_with = LoginDone { run, waited_for: true };
    let started = Instant::now();
    engine.login(Login::new(1, "token".into(), None, done_with), None);
    let ok = done.recv_timeout(DEADLINE).unwrap();
    let took = started.elapsed();
    engine.post(Command::Close);
    assert!(engine.wait_for_threads(DEADLINE));
    (ok, took)
}

#[test]
fn dead_addresses_of_a_name_cost_a_quarter_of_a_second_each() {
    for (dead, most) in [(0, 1000), (2, 1000), (8, 3000)] {
        let (gate, port, _dead) = gate_and_dead(dead);
        let hosts = (2..dead + 2).chain([1]).collect();
        let options = ClientOptions::new(gate.pid()).endpoint(format!("gate.localhost:{port}"));
        let (ok, took) = login(&engine(options, knows(hosts)));
        println!("{dead} dead addresses: {took:?}");
        assert!(ok);
        assert!(took >= Duration::from_millis(250) * dead.into(), "{took:?}");
        assert!(took < Duration::from_millis(most) + Duration::from_secs(2), "{took:?}");
    }
}

/// A resolver that answers nobody until the test lets it.
#[derive(Clone, Default)]
struct Hung(Arc<(Mutex<bool>, Condvar, AtomicUsize)>);

impl Hung {
    fn resolver(&self) -> Resolver {
        let this = self.0.clone();
        Arc::new(move |_| {
            this.2.fetch_add(1, Ordering::SeqCst);
            let mut free = this.0.lock();
            this.1.wait_while(&mut free, |free| !*free);
            Ok(vec![IpAddr::from([127, 0, 0, 1])])
        })
    }

    fn asked(&self) -> usize {
        self.0.2.load(Ordering::SeqCst)
    }

    fn let_go(&self) {
        *self.0.0.lock() = true;
        self.0.1.notify_all();
    }
}

#[test]
fn a_name_that_is_not_found_holds_up_no_backup_gate() {
    let gate = LocalGate::builder().start().unwrap();
    let hung = Hung::default();
    let options = ClientOptions::new(gate.pid()).endpoint("gate.localhost:1");
    let engine = engine(options.backup_endpoints([gate.endpoint()]), hung.resolver());
    for _ in 0..3 {
        let (ok, took) = login(&engine);
        println!("a hung name: {took:?}");
        assert!(ok && took >= Duration::from_millis(250), "{took:?}");
    }
    // The lookup of the first login is that of the others.
    assert_eq!(hung.asked(), 1);
    hung.let_go();
}

/// What the error says of a connection that does not come about.
fn failure(engine: &Engine, gates: &[&str], deadline: Time) -> String {
    let mut poll = mio::Poll::new().unwrap();
    let waker = Arc::new(Waker::new(poll.registry(), Token(0)).unwrap());
    let gates: Vec<_> = gates.iter().map(|gate| ("ws", (*gate).to_owned())).collect();
    let mut dialing = Dialing::start(engine, &gates, deadline, &waker);
    let (mut events, mut last_token) = (mio::Events::with_capacity(8), 0);
    loop {
        match dialing.advance(engine, engine.now(), poll.registry(), &mut last_token) {
            Progress::Failed(failure) => return failure.error.message().to_owned(),
            Progress::Open(..) => panic!("nobody answers there"),
            Progress::Waiting => {}
        }
        let left = dialing.next_at().saturating_sub(engine.now());
        poll.poll(&mut events, Some(Duration::from_nanos(left).min(DEADLINE))).unwrap();
        for event in &events {
            dialing.ready(event.token(), event.is_read_closed() || event.is_error());
        }
    }
}

#[test]
fn the_error_tells_of_each_that_was_tried() {
    let dead = Dead::at(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let refusing = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let hung = Hung::default();
    let engine = engine(ClientOptions::new(1), hung.resolver());
    let refusing = refusing.to_string();
    let gates = ["no endpoint", &refusing, "gate.localhost:1", &dead.address()];
    let said = failure(&engine, &gates, engine.now() + 600_000_000);
    for part in [
        "connecting took longer than 600ms, the timeout of the login: ",
        "the endpoint \"no endpoint\" is not host:port; ",
        &format!("{refusing} refused the connection: is a gate running there, on that port?"),
        "; looking up the name gate.localhost did not end: does the DNS server answer?; ",
        &format!("{} did not answer: is it switched on", dead.address()),
    ] {
        assert!(said.contains(part), "not {part:?}: {said}");
    }
    hung.let_go();
    let failed = failure(&engine, &[&refusing, "no endpoint"], NEVER);
    assert!(!failed.contains("took longer") && failed.contains("; "), "{failed}");
    let alone = failure(&engine, &["::1:1"], NEVER);
    assert!(alone.starts_with("the endpoint"), "{alone}");
    let many = failure(&engine, &["no endpoint"; 12], NEVER);
    assert!(many.ends_with("; and 2 more"), "{many}");
}

#[test]
fn a_name_without_an_address() {
    let said = failure(&engine(ClientOptions::new(1), knows(Vec::new())), &["a.example:1"], NEVER);
    assert_eq!(said, "the name a.example has no address");
    let said = failure(&by_proxy(knows(Vec::new())), &["a.example:1"], NEVER);
    assert_eq!(said, "the name of the proxy p.example has no address");
}

#[test]
fn a_name_that_is_the_proxy_s_is_called_that() {
    let hung = Hung::default();
    let engine = by_proxy(hung.resolver());
    let said = failure(&engine, &["a.example:1"], engine.now() + 100_000_000);
    let expected = "looking up the name of the proxy p.example did not end";
    assert!(said.contains(expected), "{said}");
    hung.let_go();
    let unknown = by_proxy(Arc::new(|_| Err(io::ErrorKind::NotFound.into())));
    let said = failure(&unknown, &["a.example:1"], NEVER);
    assert!(said.starts_with("the name of the proxy p.example cannot be looked up"), "{said}");
}

#[test]
fn a_lookup_without_a_thread() {
    let engine = engine(ClientOptions::new(1), knows(Vec::new()));
    let poll = mio::Poll::new().unwrap();
    let waker = Arc::new(Waker::new(poll.registry(), Token(0)).unwrap());
    let gates = [("ws", "a.example:1".to_owned())];
    let mut dialing = Dialing::start(&engine, &gates, NEVER, &waker);
    assert_eq!(dialing.race.next(0), Next::LookUp(0));
    let none: lookup::Found = Err((Reach::NoThread, Arc::new(io::ErrorKind::OutOfMemory.into())));
    dialing.lookups.push((0, Arc::new(none.into())));
    let Progress::Failed(failure) = dialing.advance(&engine, 0, poll.registry(), &mut 0) else {
        panic!("there is no other gate");
    };
    assert_eq!(failure.error.message(), "no thread could be started to look up the name a.example");
}

/// It is the client that makes the name, so the program is not told to spell it.
#[test]
fn a_derived_file_gate_is_called_that() {
    let said =
        failure(&engine(ClientOptions::new(1), knows(Vec::new())), &["fileproxy-[::1]:1"], NEVER);
    assert!(said.contains("file_endpoint"), "{said}");
    let options = ClientOptions::new(1).file_endpoint("fileproxy-[::1]:1");
    let said = failure(&engine(options, knows(Vec::new())), &["fileproxy-[::1]:1"], NEVER);
    assert!(said.contains("in brackets"), "{said}");
}

/// How many threads and descriptors this process has.
fn held() -> (usize, usize) {
    let count = |path: &str| std::fs::read_dir(path).map_or(0, Iterator::count);
    (count("/proc/self/task"), count("/proc/self/fd"))
}

/// The variable that makes this test binary a program that sends files.
const SENDS: &str = "RTM_TEST_SENDS";

/// What that program runs; nothing where the variable is not set.
#[test]
fn fifty_uploads_in_a_process_of_their_own() {
    if std::env::var_os(SENDS).is_none() {
        return;
    }
    let gate = LocalGate::builder().start().unwrap();
    let hung = Hung::default();
    let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint());
    let engine = engine(options.file_endpoint("files.localhost:1"), hung.resolver());
    let (sender, done) = mpsc::channel();
    let run = Box::new(move |ok, _| sender.send(ok).unwrap());
    let done_with = LoginDone { run, waited_for: true };
    engine.login(Login::new(1, "token".into(), None, done_with), None);
    assert!(done.recv_timeout(DEADLINE).unwrap());

    let idle = held();
    let (sender, ended) = mpsc::channel::<(Duration, Error)>();
    let started = Instant::now();
    let timeout = |number: u64| Duration::from_millis(1000 + 10 * number);
    for number in 0..50 {
        let sender = sender.clone();
        let complete = Complete::new(false, move |answer| {
            let late = started.elapsed() - timeout(number);
            sender.send((late, answer.err().unwrap())).unwrap();
        });
        let deadline = engine.now() + crate::time::to_time(timeout(number));
        engine.upload("uploadfile", |out| out.push(0x80), deadline, None, complete);
    }
    while hung.asked() == 0 {
        std::thread::yield_now();
    }
    let busy = held();
    println!("idle {idle:?}, with 50 uploads {busy:?} threads and descriptors");
    assert!(busy.0 <= idle.0 + 2 && busy.1 <= idle.1 + 4, "{idle:?}, {busy:?}");
    for _ in 0..50 {
        let (late, error) = ended.recv_timeout(DEADLINE).unwrap();
        assert_eq!(error.code(), fpnn::CORE_TIMEOUT);
        assert!(late < Duration::from_secs(2), "{late:?}");
        assert!(error.message().contains("looking up the name files.localhost"), "{error}");
    }
    assert_eq!(hung.asked(), 1);
    engine.post(Command::Close);
    assert!(engine.wait_for_threads(DEADLINE));
    hung.let_go();
}

/// However many wait for a name, there is one lookup; nothing else is held for them.
#[test]
#[cfg(target_os = "linux")]
fn uploads_that_wait_for_a_name_hold_nothing() {
    let program = std::env::current_exe().unwrap();
    let test = "engine::connect::tests::fifty_uploads_in_a_process_of_their_own";
    let output = std::process::Command::new(program)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(SENDS, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    println!("{said}");
}

/// Of an abandoned lookup nothing is left when it ends: no thread, no entry, and nobody is woken who is gone.
#[test]
fn an_abandoned_lookup_ends_with_its_thread() {
    let hung = Hung::default();
    let lookups = Lookups::new(hung.resolver());
    let polls = [mio::Poll::new().unwrap(), mio::Poll::new().unwrap()];
    let waker = |poll: &mio::Poll| Arc::new(Waker::new(poll.registry(), Token(0)).unwrap());
    let [first, second] = polls.each_ref().map(waker);
    drop((lookups.look_up("a.example", &first), first));
    let joined = lookups.look_up("a.example", &second);
    let other = lookups.look_up("b.example", &second);
    assert!(!Arc::ptr_eq(&joined, &other) && joined.get().is_none());
    hung.let_go();
    let wait_for = |condition: &dyn Fn() -> bool| {
        let until = Instant::now() + DEADLINE;
        while !condition() {
            assert!(Instant::now() < until, "the lookups do not end");
            std::thread::yield_now();
        }
    };
    wait_for(&|| joined.get().is_some() && other.get().is_some());
    assert_eq!(hung.asked(), 2);
    // The next one begins anew, as soon as the entry is gone.
    wait_for(&|| {
        let _ = lookups.look_up("a.example", &second);
        hung.asked() > 2
    });
}
