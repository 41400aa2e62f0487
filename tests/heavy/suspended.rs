//! A process that is stopped for longer than the gate may be silent, and goes on. `RTM_SECONDS` says for how long, 2
//! without it.

#[path = "../common/mod.rs"]
mod common;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use common::package::{self, map};
use common::peer::{Connection, Peer};
use common::record::Record;
use common::{DEADLINE, PID, UID, few_or_many};
use rtm_client::gate::Gate;
use rtm_client::{ClientOptions, RtmClient, reply};
use rustix::process::{Pid, Signal, kill_process};

/// The variable that makes this test binary a program with a client in it.
const GATE: &str = "RTM_TEST_GATE";
/// The same with one that makes calls all the time.
const BUSY: &str = "RTM_TEST_BUSY";
/// How a line of that program begins which tells an event.
const EVENT: &str = "event ";
/// Twice as long as the gate may be silent, or longer.
fn stopped_for() -> Duration {
    let seconds = std::env::var("RTM_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(2).max(2))
}

/// What the other process runs under load, until its input ends; nothing where the variable is not set.
#[test]
fn busy_program() {
    let Ok(gate) = std::env::var(BUSY) else { return };
    let client = RtmClient::new(ClientOptions::new(PID).endpoint(gate));
    let record = Record::of(&client);
    client.login(UID, "token", record.login(), DEADLINE);
    record.expect_login(true, 0);
    println!("\n{EVENT}online");
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        let calls = || {
            while !ended.load(Ordering::Relaxed) {
                let call = || {
                    let (callback, reply) = reply::channel();
                    client.data_set("key", "x".repeat(1000), None, callback);
                    reply
                };
                let replies: Vec<_> = std::iter::repeat_with(call).take(64).collect();
                for reply in replies {
                    reply.wait().expect("an answer");
                }
            }
        };
        let callers = [scope.spawn(calls), scope.spawn(calls)];
        let _ = std::io::stdin().read(&mut [0]);
        ended.store(true, Ordering::Relaxed);
        callers.into_iter().for_each(|caller| caller.join().expect("no call failed"));
    });
    println!("\n{EVENT}{:?}", record.rest(&client));
}

/// What that process runs, until its input ends; nothing where the variable is not set.
#[test]
fn program() {
    let Ok(gate) = std::env::var(GATE) else { return };
    let client =
        RtmClient::new(ClientOptions::new(PID).endpoint(gate).max_ping_interval_seconds(1));
    let record = Record::of(&client);
    client.login(UID, "token", record.login(), DEADLINE);
    let (sender, ended) = mpsc::channel::<()>();
    thread::spawn(move || {
        let _ = std::io::stdin().read(&mut [0]);
        drop(sender);
    });
    while ended.try_recv() != Err(mpsc::TryRecvError::Disconnected) {
        record.all().iter().for_each(|event| println!("\n{EVENT}{event:?}"));
        thread::sleep(Duration::from_millis(1));
    }
    record.rest(&client).iter().for_each(|event| println!("\n{EVENT}{event:?}"));
}

struct Program {
    process: Child,
    events: Receiver<String>,
}

impl Program {
    fn start(peer: &Peer) -> (Program, Connection) {
        let program = Program::run("program", GATE, &peer.address());
        let connection = peer.accept_login();
        assert_eq!(program.event(), "Login(true, 0)");
        (program, connection)
    }

    fn run(test: &str, variable: &str, gate: &str) -> Program {
        let mut command = Command::new(std::env::current_exe().expect("the test's binary"));
        command.args(["--exact", test, "--nocapture"]).env(variable, gate);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("a process");
        let lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let (sender, events) = mpsc::channel();
        thread::spawn(move || {
            let lines = lines.map_while(Result::ok);
            let mut events = lines.filter_map(|line| line.strip_prefix(EVENT).map(str::to_owned));
            events.try_for_each(|event| sender.send(event))
        });
        Program { process, events }
    }

    fn event(&self) -> String {
        self.events.recv_timeout(DEADLINE).expect("the program reports nothing")
    }

    /// At once, without a process for it: a second in which nobody pings would be an outage of its own.
    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).expect("it runs");
    }

    /// Stops it for a while, in which `meanwhile` is done again and again.
    fn stop(&self, mut meanwhile: impl FnMut()) {
        self.signal(Signal::STOP);
        let until = Instant::now() + stopped_for();
        while Instant::now() < until {
            meanwhile();
            thread::sleep(Duration::from_millis(50));
        }
        self.signal(Signal::CONT);
    }

    /// Ends it: nothing else was reported.
    fn end(mut self) {
        drop(self.process.stdin.take());
        assert_eq!(self.event(), "Closed(0)");
        assert!(self.process.wait().expect("a process").success());
        assert_eq!(self.events.iter().next(), None);
    }
}

/// The pings that came meanwhile count.
#[test]
fn the_connection_goes_on_if_the_gate_was_there() {
    let peer = Peer::new();
    let (program, mut connection) = Program::start(&peer);
    program.stop(|| connection.send(&package::one_way("ping", &map([]))));
    connection.sync();
    program.end();
}

#[test]
fn the_connection_is_made_again_once_if_the_gate_was_silent() {
    let peer = Peer::new();
    let (program, _silent) = Program::start(&peer);
    program.stop(|| ());
    let lost = program.event();
    assert!(lost.starts_with("Error(20002, ") && lost.contains("no ping"), "{lost}");
    let mut connection = peer.accept_login();
    assert_eq!(program.event(), "Relogin(true, false, 0, 1)");
    connection.sync();
    program.end();
}

/// With the default options and calls under way all the time, a process that is stopped for 2 or 5 s loses none of them, and
/// its connection neither.
#[test]
fn nothing_is_lost_under_load() {
    let gate = Gate::builder().pid(PID).start().expect("a gate");
    let mut program = Program::run("busy_program", BUSY, &gate.endpoint());
    assert_eq!(program.event(), "online");
    for _ in 0..few_or_many(1, 2) {
        let before = gate.counters().calls;
        assert!(gate.wait_until(DEADLINE, |gate| gate.counters().calls > before + 1000));
        program.signal(Signal::STOP);
        thread::sleep(Duration::from_secs(few_or_many(2, 5)));
        program.signal(Signal::CONT);
    }
    let before = gate.counters().calls;
    assert!(gate.wait_until(DEADLINE, |gate| gate.counters().calls > before + 1000));
    drop(program.process.stdin.take());
    assert_eq!(program.event(), "[Closed(0)]");
    assert!(program.process.wait().expect("a process").success());
}
