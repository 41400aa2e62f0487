//! The crate against the recorded traffic of the JavaScript SDK; `README.md` beside this file says how to read it.

mod answers;
mod calls;
mod facts;
mod files;
mod ours;
mod package;
mod peer;
#[path = "../common/published.rs"]
mod published;
mod pushes;
mod record;
mod report;
mod requests;
mod rules;

use std::process::ExitCode;

use peer::Peer;
use published::is_published;

/// Runs a test with a peer of its own.
fn with_peer(name: &str, test: impl FnOnce(Peer) -> ExitCode) -> ExitCode {
    if std::env::var_os("RTM_WIRE_DIR").is_none() && is_published() {
        return ExitCode::SUCCESS;
    }
    match Peer::start() {
        Ok(peer) => test(peer),
        Err(err) => {
            println!("{name}: no peer: {err}");
            ExitCode::FAILURE
        }
    }
}

#[test]
fn requests() -> ExitCode {
    with_peer("requests", |peer| {
        let mut judge = requests::Judge::new(peer);
        report::run("requests", "requests.jsonl", |line| judge.line(line))
    })
}

#[test]
fn files() -> ExitCode {
    with_peer("files", |peer| {
        let mut judge = files::Judge::new(peer);
        report::run("files", "files.jsonl", |line| judge.line(line))
    })
}

#[test]
fn answers() -> ExitCode {
    with_peer("answers", |peer| {
        let mut judge = answers::Judge::new(peer);
        report::run("answers", "answers.jsonl", |line| judge.line(line))
    })
}

#[test]
fn pushes() -> ExitCode {
    with_peer("pushes", |peer| {
        report::run("pushes", "pushes.jsonl", |line| pushes::line(&peer, line))
    })
}
