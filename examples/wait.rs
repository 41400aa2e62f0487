//! Straight-line code: `reply::channel()` in place of closures, and a history as an iterator.
//!
//! ```console
//! $ cargo run --example wait
//! $ cargo run --example wait -- --endpoint HOST:PORT --pid P --uid U --token T
//! ```

mod common;

use std::process::ExitCode;

use common::{Args, Outcome, TIMEOUT, check};
use rtm_client::types::{HistoryRange, P2PMessage};
use rtm_client::{RtmClient, error_code, reply};

const HELP: &str = "\
wait: straight-line code, at a gate of its own or at the one named

  cargo run --example wait
  cargo run --example wait -- --endpoint HOST:PORT --pid P --uid U --token T";

const MESSAGES: usize = 25;

fn main() -> ExitCode {
    common::main(HELP, &[], run)
}

fn run(args: &Args) -> Outcome {
    let (account, _gate) = args.account_or_gate()?;
    let friend = account.uid + 1;
    let client = RtmClient::new(account.options());

    // The callback goes where a closure would; `wait` gives what the closure would have got.
    let (callback, reply) = reply::login();
    client.login(account.uid, &account.token, callback, TIMEOUT);
    reply.wait()?;
    println!("logged in as {}", account.uid);

    // Several calls at once: ask first, wait afterwards.
    let mut replies = Vec::new();
    for n in 1..=MESSAGES {
        let (callback, reply) = reply::channel();
        client.send_chat(friend, format!("message {n}"), "", None, TIMEOUT, callback);
        replies.push(reply);
    }
    let mut sent = Vec::new();
    for reply in replies {
        sent.push(reply.wait()?.mid);
    }
    println!("sent {MESSAGES} messages to {friend}");

    // Pages are asked for as the loop gets to them: two of them here, for 20 rows is the most a page has.
    let mut seen: Vec<P2PMessage> = Vec::new();
    for message in client.p2p_history(friend, HistoryRange::chats()).take(MESSAGES) {
        seen.push(message?);
    }
    seen.reverse();
    check(seen.iter().map(|message| message.mid).eq(sent), || {
        format!("the history has something else: {seen:?}")
    })?;
    println!("the history has all of them, in order; the last:");
    for message in &seen[MESSAGES - 3..] {
        println!("  {}  {}", message.mtime, message.msg);
    }

    // An error of the service is an error here, with its code.
    let (callback, reply) = reply::channel();
    client.get_room_message(400, true, 10, None, None, None, None, TIMEOUT, callback);
    let error = reply.wait().err().ok_or("a room was read that was not entered")?;
    println!("a room not entered: {error}");
    check(error.code() == error_code::rtm::NOT_IN_ROOM, || format!("another error: {error}"))?;

    // All that is still owed is called before this returns.
    client.close_and_wait(TIMEOUT)?;
    println!("closed");
    Ok(())
}
