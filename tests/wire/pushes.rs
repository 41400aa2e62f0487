//! A push is answered and handed over as recorded.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rtm_client::{RtmClient, server_push};
use serde_json::{Value as Facts, json};

use crate::facts;
use crate::ours;
use crate::package::{self, End};
use crate::peer::{DEADLINE, Peer, Session};
use crate::record::{Value, hex};
use crate::report::Verdict;
use crate::rules::{self, Answer, Outcome};

/// What the listeners saw, in order.
#[derive(Default)]
struct Seen {
    events: Vec<(String, Facts)>,
    /// The codes the error event fired with.
    errors: Vec<i32>,
}

type Log = Arc<Mutex<Seen>>;

pub(crate) fn line(peer: &Peer, line: &Value) -> Verdict {
    judge(peer, line).into()
}

fn judge(peer: &Peer, line: &Value) -> Result<Verdict, String> {
    let steps: Option<Vec<Vec<u8>>> =
        line.get("steps").list().iter().map(|step| step.get("sent_hex").unhex()).collect();
    let steps = steps.ok_or("a step without sent_hex")?;
    let stream = package::split(&steps.concat());
    let uid = line.get("login_uid").int();
    let expected = expected(line, rules::outcome(&stream, uid))?;

    let log = Log::default();
    let mut session = Session::login(peer, uid, |client| listen(client, &log))?;
    let within_package = stream.end == End::Partial;
    let (sent, closed) = play(&mut session, &steps, expected.closed, within_package)?;

    let mut seen = lock(&log);
    let fenced = !closed && !expected.closed && !within_package;
    if fenced && seen.events.pop() != Some(("ping".into(), Facts::Null)) {
        return Err("the last event was not that of the last ping".into());
    }
    let says_why = line.get("mended").get("why").str().contains("the error event says why");
    if says_why && seen.errors.is_empty() {
        return Ok(Verdict::different("an error event", "none"));
    }
    if let End::Malformed(code) = stream.end {
        if expected.closed && !seen.errors.contains(&code) {
            let actual = format!("{:?}", seen.errors);
            return Ok(Verdict::different(format!("an error event with {code}"), actual));
        }
    }
    let answered = sent.len() == expected.answers.len()
        && expected.answers.iter().zip(&sent).all(|(answer, bytes)| answer.matches(bytes));
    if answered && seen.events == expected.events && closed == expected.closed {
        return Ok(Verdict::Identical);
    }
    let expected_answers: Vec<String> = expected.answers.iter().map(Answer::to_string).collect();
    let answers: Vec<String> = sent.iter().map(|bytes| hex(bytes)).collect();
    let show =
        |answers, events, closed| json!({ "answers": answers, "events": events, "closed": closed });
    Ok(Verdict::different(
        show(json!(expected_answers), json!(expected.events), expected.closed),
        show(json!(answers), json!(seen.events), closed),
    ))
}

/// Sends the steps and closes the client when it has dealt with them. Gives what it sent, and whether it had closed the
/// connection by itself.
fn play(
    session: &mut Session,
    steps: &[Vec<u8>],
    closes: bool,
    within_package: bool,
) -> Result<(Vec<Vec<u8>>, bool), String> {
    for step in steps {
        session.connection.send(step);
    }
    let mut sent = Vec::new();
    // No fence where the connection has to end: it could be read before the end.
    let closed = if closes {
        session.connection.until_closed(&mut sent).is_ok()
    } else {
        !session.connection.fence(within_package, &mut sent)?
    };
    session.client.close_and_wait(DEADLINE).map_err(|err| format!("close_and_wait: {err}"))?;
    if !closed {
        session.connection.until_closed(&mut sent)?;
    }
    Ok((sent, closed))
}

/// What has to happen: as recorded, or what `mended` puts in its place, or where that gives only the reason what the
/// rules say.
fn expected(line: &Value, by_rule: Outcome) -> Result<Outcome, String> {
    let mended = line.get("mended");
    let replaced = ["answers_hex", "events", "closed"].iter().any(|part| mended.has(part));
    if mended.is_map() && !replaced {
        return Ok(by_rule);
    }
    let answers = if mended.has("answers_hex") { mended } else { line };
    let answers: Option<Vec<Answer>> = answers
        .get("answers_hex")
        .list()
        .iter()
        .map(|hex| hex.unhex().map(Answer::Exactly))
        .collect();
    let events = if mended.has("events") { mended.get("events") } else { line.get("actions") };
    let events = events
        .list()
        .iter()
        .filter(|event| event.has("name") && event.get("name").str() != "SessionClosed")
        .map(|event| {
            let name = event.get("name").str();
            (name.to_owned(), facts::of_event(name, event.get("data")))
        })
        .collect();
    let closed = if mended.has("closed") { mended.get("closed").truthy() } else { by_rule.closed };
    Ok(Outcome { answers: answers.ok_or("answers_hex is no hex")?, events, closed })
}

/// Registers a listener for every event the recording had one for, which are all but those of audio messages.
fn listen(client: &RtmClient, log: &Log) {
    let processor = client.processor();
    let messages = [
        (server_push::RECV_MESSAGE, "pushmsg"),
        (server_push::RECV_GROUP_MESSAGE, "pushgroupmsg"),
        (server_push::RECV_ROOM_MESSAGE, "pushroommsg"),
        (server_push::RECV_BROADCAST_MESSAGE, "pushbroadcastmsg"),
        (server_push::RECV_CHAT, "pushchat"),
        (server_push::RECV_GROUP_CHAT, "pushgroupchat"),
        (server_push::RECV_ROOM_CHAT, "pushroomchat"),
        (server_push::RECV_BROADCAST_CHAT, "pushbroadcastchat"),
        (server_push::RECV_CMD, "pushcmd"),
        (server_push::RECV_GROUP_CMD, "pushgroupcmd"),
        (server_push::RECV_ROOM_CMD, "pushroomcmd"),
        (server_push::RECV_BROADCAST_CMD, "pushbroadcastcmd"),
        (server_push::RECV_FILE, "pushfile"),
        (server_push::RECV_GROUP_FILE, "pushgroupfile"),
        (server_push::RECV_ROOM_FILE, "pushroomfile"),
        (server_push::RECV_BROADCAST_FILE, "pushbroadcastfile"),
    ];
    for (event, name) in messages {
        let log = log.clone();
        processor.on(event, move |message| note(&log, name, ours::push(message)));
    }
    let ping = log.clone();
    processor.on(server_push::RECV_PING, move |_| note(&ping, "ping", Facts::Null));
    let kickout = log.clone();
    processor.on(server_push::KICK_OUT, move |_| note(&kickout, "kickout", Facts::Null));
    let room = log.clone();
    processor.on(server_push::KICK_OUT_ROOM, move |kickout| {
        note(&room, "kickoutroom", json!({ "rid": kickout.rid }));
    });
    let errors = log.clone();
    client.on_error_recorder(move |err| lock(&errors).errors.push(err.code()));
}

fn note(log: &Log, name: &str, facts: Facts) {
    lock(log).events.push((name.to_owned(), facts));
}

fn lock(log: &Log) -> MutexGuard<'_, Seen> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}
