//! A logger of the program that panics at each thing it is told.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use rtm_client::gate::Gate;
use rtm_client::types::{File, mtype};
use rtm_client::{ClientOptions, reply, server_push};

use crate::common::package::{self, map, server_time};
use crate::common::peer::Peer;
use crate::common::record::Event;
use crate::common::{DEADLINE, PID, UID};
use crate::{login, refused};

const FULL: &str = "the disk of the log is full";

struct Panics;

impl log::Log for Panics {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        if record.target().starts_with("rtm_client") {
            panic!("{FULL}");
        }
    }

    fn flush(&self) {}
}

/// The variable that makes this test binary a program with such a logger.
const PANICS: &str = "RTM_TEST_LOGGER_PANICS";

/// What that program runs; nothing where the variable is not set.
#[test]
fn logs_in_a_process_of_its_own() {
    if std::env::var_os(PANICS).is_none() {
        return;
    }
    log::set_logger(&Panics).expect("no other logger");
    log::set_max_level(log::LevelFilter::Trace);
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !panic.to_string().contains(FULL) {
            told(panic);
        }
    }));

    let peer = Peer::new();
    let (client, record) = login(ClientOptions::new(PID).endpoint("127.0.0.1:1"));
    refused(&client, &record);

    let (client, record, mut connection) = peer.login(peer.options());
    client.get_server_time(None, |_, _| panic!("the program"));
    let quest = connection.quest("getservertime");
    connection.answer(&quest, &server_time(1));
    // A duplicate.
    client.processor().on(server_push::RECV_CHAT, |_| {});
    for seq in [1, 2] {
        let text = [
            ("from", 5.into()),
            ("to", UID.into()),
            ("mtype", 30.into()),
            ("mid", 7.into()),
            ("msg", "text".into()),
            ("attrs", "".into()),
            ("mtime", 1.into()),
        ];
        connection.send(&package::quest(seq, "pushmsg", &map(text)));
    }
    assert_eq!(connection.sync().len(), 2);
    record.expect_nothing(&client, &mut connection);
    // A slow callback, a lost connection, a file that is not sent.
    client.get_server_time(None, |_, _| std::thread::sleep(std::time::Duration::from_millis(100)));
    let quest = connection.quest("getservertime");
    connection.answer(&quest, &server_time(1));
    connection.close();
    record.expect_error(20002);
    let mut connection = peer.accept_login();
    record.expect(Event::Relogin(true, false, 0, 1));
    let (callback, reply) = reply::channel();
    client.upload_file(mtype::FILE, File::from_bytes("a", "b"), None, callback);
    let quest = connection.quest("filetoken");
    let token = map([("token", "t".into()), ("endpoint", "e".into())]);
    connection.answer(&quest, &token);
    assert_eq!(reply.wait().expect_err("there is no file gate").error.code(), 20012);
    record.expect_nothing(&client, &mut connection);
    client.close_and_wait(DEADLINE).expect("the threads end");
    assert_eq!(record.all(), [Event::Closed(0)]);
    the_gate_goes_on();
    println!("\nall is well");
}

/// What it has to tell: a login, a refused call, a request that is none, a connection that is dropped.
fn the_gate_goes_on() {
    let gate = Gate::builder().start().expect("a gate");
    let (client, record) = login(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    record.expect_login(true, 0);
    gate.faults().on("getservertime").next(1).error(200010);
    client.get_server_time(None, record.call(1));
    record.expect_call(1, Err(200010));
    let mut stream = TcpStream::connect(gate.endpoint()).expect("it listens");
    stream.write_all(b"GET / HTTP/1.1\r\nOrigin: http://elsewhere\r\n\r\n").expect("it reads");
    stream.read_to_end(&mut Vec::new()).expect("an answer");
    drop(client);
    assert!(gate.wait_until(DEADLINE, |gate| gate.counters().connections == 0));
    let (client, record) = login(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    record.expect_login(true, 0);
    client.close_and_wait(DEADLINE).expect("the threads end");
}

#[test]
fn a_logger_that_panics() {
    let program = std::env::current_exe().expect("the test's binary");
    let output = Command::new(program)
        .args(["--exact", "loggers::logs_in_a_process_of_its_own", "--nocapture"])
        .env(PANICS, "1")
        .output()
        .expect("a process");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("all is well"), "{said}{errors}");
}
