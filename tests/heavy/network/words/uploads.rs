//! An upload that does not come to its end says how far it is.

use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rtm_client::types::{File, mtype};
use rtm_client::{ClientOptions, Delivery, reply};

use super::{Row, Said, play};
use crate::common::dead::Dead;
use crate::common::package::map;
use crate::common::peer::{Connection, Peer};
use crate::common::record::in_words;

pub(super) const ROWS: &[Row] = &[
    Row {
        says: "the name fileproxy-127.0.0.1 cannot be looked up: it is made from the gate's, and file_endpoint sets another",
        play: || upload("", |options, _| options, || {}),
    },
    Row {
        says: "the file gate did not take the file in time: PEER did not answer: is it switched on, and does a firewall let the connection through?",
        play: || {
            let dead = Dead::new();
            upload(&dead.address(), |options, peer| options.file_endpoint(peer), || {})
        },
    },
    Row {
        says: "the file gate did not take the file in time: PEER did not answer the WebSocket upgrade: is it a gate?",
        play: || {
            let files = Peer::new();
            let serve = || drop(files.accept_tcp().read_to_end(&mut Vec::new()));
            upload(&files.address(), |options, peer| options.file_endpoint(peer), serve)
        },
    },
    Row {
        says: "the file gate did not take the file in time: all of it was sent to PEER, and not answered",
        play: || {
            let files = Peer::new();
            let serve = || drop(Connection::over(files.accept_tcp()).until_closed());
            upload(&files.address(), |options, peer| options.file_endpoint(peer), serve)
        },
    },
    Row {
        says: "the file gate did not take the file in time: the gate did not answer the call for a token",
        play: || {
            let gate = Peer::new();
            let (client, _record, _connection) = gate.login(gate.options());
            let (callback, reply) = reply::channel();
            let file = File::from_bytes("a.bin", "bytes");
            client.upload_file(mtype::FILE, file, Duration::from_millis(100), callback);
            let error = reply.wait().expect_err("nobody gives a token");
            assert_eq!(error.delivery(), Delivery::NotSent);
            Said::Text { text: in_words(&error.error), peer: gate.address() }
        },
    },
    Row {
        says: "were still to be sent to PEER",
        play: || {
            let files = Peer::new();
            let options = |options: ClientOptions, peer: &str| {
                options.file_endpoint(peer).max_sent_bytes(10_000_000)
            };
            let mut connection = None;
            let serve = || connection = Some(files.accept());
            // More than the buffers in between hold. A debug build takes its time over it.
            let (bytes, timeout) = (vec![0; 9_000_000], Duration::from_secs(4));
            upload_of(bytes, timeout, &files.address(), options, serve)
        },
    },
    Row {
        says: "the connection to PEER ended before it had taken the file",
        play: || {
            let files = Peer::new();
            let serve = || files.accept().close();
            upload(&files.address(), |options, peer| options.file_endpoint(peer), serve)
        },
    },
    Row {
        says: "a file cannot be read: PEER: there is no such file",
        play: || file("no such file", |_| {}),
    },
    Row {
        says: "a file cannot be read: PEER: it is not a regular file",
        play: || file("folder", |path| std::fs::create_dir_all(path).expect("a folder")),
    },
    Row {
        says: "a file cannot be read: PEER: this program may not read it",
        play: || {
            elsewhere("closed", "umask 777 && : > \"$1\"", "unshare -U", "no user namespaces here")
        },
    },
    Row {
        says: "a file cannot be read: PEER: there is not enough memory for it",
        play: || {
            let make = "truncate -s 8G \"$1\" && ulimit -v 4000000";
            elsewhere("large", make, "", "no limits of memory here")
        },
    },
];

#[test]
fn an_upload_does_not_come_to_its_end() {
    play(ROWS);
}

fn upload(
    peer: &str,
    change: fn(ClientOptions, &str) -> ClientOptions,
    serve: impl FnOnce(),
) -> Said {
    upload_of(b"bytes".to_vec(), Duration::from_secs(1), peer, change, serve)
}

fn upload_of(
    bytes: Vec<u8>,
    timeout: Duration,
    peer: &str,
    change: fn(ClientOptions, &str) -> ClientOptions,
    serve: impl FnOnce(),
) -> Said {
    let gate = Peer::new();
    let (client, _record, mut connection) = gate.login(change(gate.options().no_proxy(), peer));
    let (callback, reply) = reply::channel();
    let file = File::from_bytes("a.bin", bytes);
    client.send_file(mtype::FILE, 5, file, None, timeout, callback);
    let quest = connection.quest("filetoken");
    let token = map([("token", "token".into()), ("endpoint", "endpoint".into())]);
    connection.answer(&quest, &token);
    serve();
    let error = reply.wait().expect_err("nobody takes the file");
    Said::Text { text: in_words(&error.error), peer: peer.to_owned() }
}

/// What becomes of a file at a path of that name, once something is there.
fn file(name: &str, make: impl FnOnce(&Path)) -> Said {
    let path = std::env::temp_dir().join(format!("rtm-client-words-{}-{name}", std::process::id()));
    make(&path);
    let said = unread(&path);
    let _ = std::fs::remove_dir(&path);
    Said::Text { text: said, peer: path.display().to_string() }
}

fn unread(path: &Path) -> String {
    let gate = Peer::new();
    let (client, ..) = gate.login(gate.options().max_sent_bytes(usize::MAX));
    let (callback, reply) = reply::channel();
    client.upload_file(mtype::FILE, File::open(path), None, callback);
    in_words(&reply.wait().expect_err("it cannot be read").error)
}

/// The variable that names the file a process of its own reads, and cannot.
const READ: &str = "RTM_TEST_READ";

/// What that process runs; nothing where the variable is not set.
#[test]
fn reads_in_a_process_of_its_own() {
    if let Some(path) = std::env::var_os(READ) {
        println!("SAID: {}", unread(Path::new(&path)));
    }
}

/// What becomes of a file that `make` makes, read by a process that is begun by `command`, where there are such.
fn elsewhere(name: &str, make: &str, command: &str, what: &'static str) -> Said {
    let path = std::env::temp_dir().join(format!("rtm-client-words-{}-{name}", std::process::id()));
    let path = path.display().to_string();
    let program = std::env::current_exe().expect("the test's binary");
    let output = Command::new("sh")
        .args(["-c", &format!("{make} && shift && exec {command} \"$@\""), "sh", &path])
        .arg(program)
        .args(["--exact", "words::uploads::reads_in_a_process_of_its_own", "--nocapture"])
        .env(READ, &path)
        .output();
    let _ = std::fs::remove_file(&path);
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let text = text.unwrap_or_default();
    match text.lines().find_map(|line| Some(line.split_once("SAID: ")?.1.to_owned())) {
        Some(text) => Said::Text { text, peer: path },
        None => Said::Skipped(what),
    }
}
