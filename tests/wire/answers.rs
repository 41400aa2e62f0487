//! A callback gets the recorded facts.

use std::sync::mpsc;

use rtm_client::{ClientOptions, RtmClient};
use serde_json::{Value as Facts, json};

use crate::calls::{self, Outcome};
use crate::package::{self, End, Kind, Stream};
use crate::peer::{DEADLINE, PID, Peer, Session, Shared, TIMEOUT, TOKEN, UID};
use crate::record::Value;
use crate::report::Verdict;
use crate::{facts, files};

/// The mid of every message of the recording.
pub(crate) const MID: i64 = 1_700_000_000_999_001;

pub(crate) struct Judge {
    shared: Shared,
}

impl Judge {
    pub(crate) fn new(peer: Peer) -> Judge {
        Judge { shared: Shared::new(peer) }
    }

    pub(crate) fn line(&mut self, line: &Value) -> Verdict {
        match line.get("js").str() {
            "login" => self.login(line).into(),
            "bye" => self.bye(line).into(),
            "sendFile" | "sendGroupFile" | "sendRoomFile" => {
                files::answer(&mut self.shared, line).into()
            }
            js => self.call(js, line).into(),
        }
    }

    fn login(&mut self, line: &Value) -> Result<Verdict, String> {
        let answer = line.get("answer_hex").unhex().ok_or("answer_hex is no hex")?;
        let options =
            ClientOptions::new(PID).endpoint(self.shared.peer.address()).auto_reconnect(false);
        let client = RtmClient::new(options);
        let (sender, outcome) = mpsc::channel();
        let callback = move |ok, code| {
            let _ = sender.send((ok, code));
        };
        self.shared.peer.forget();
        client.login(UID, TOKEN, callback, TIMEOUT);
        let mut connection = self.shared.peer.accept()?;
        let auth = connection.package(|| false)?;
        connection.send(&numbered(&answer, auth.seq));
        let actual = outcome.recv_timeout(DEADLINE).map_err(|_| "the callback was not called")?;
        client.close();
        let mended = line.get("mended");
        let expected = if mended.has("err_code") {
            json!([false, mended.get("err_code").int()])
        } else if mended.is_map() {
            match by_rule(&answer) {
                Ok(payload) => json!([payload.get("ok").truthy(), 0]),
                Err((code, _)) => json!([false, code]),
            }
        } else {
            let recorded = line.get("callback_args");
            json!([recorded.at(0).truthy(), recorded.at(1).int()])
        };
        Ok(Verdict::of(expected, json!([actual.0, actual.1])))
    }

    /// Whatever the answer, `bye` ends the session for good.
    fn bye(&mut self, line: &Value) -> Result<Verdict, String> {
        let answer = line.get("answer_hex").unhex().ok_or("answer_hex is no hex")?;
        let (sender, closed) = mpsc::channel();
        let mut session = Session::login(&self.shared.peer, UID, |client| {
            client.on_session_closed(move |code| {
                let _ = sender.send(code);
            });
        })?;
        session.client.bye();
        let bye = session.connection.package(|| false)?;
        session.connection.send(&numbered(&answer, bye.seq));
        session.connection.until_closed(&mut Vec::new())?;
        let code = closed.recv_timeout(DEADLINE).map_err(|_| "the session was not closed")?;
        Ok(Verdict::of(json!({ "session closed": 0 }), json!({ "session closed": code })))
    }

    fn call(&mut self, js: &str, line: &Value) -> Result<Verdict, String> {
        let answer = line.get("answer_hex").unhex().ok_or("answer_hex is no hex")?;
        let expected = expected(js, line, &answer)?;
        let mut session = self.shared.take()?;
        let args = Value::Map(vec![("mid".into(), Value::Int(MID.into()))]);
        let (sender, outcome) = mpsc::channel();
        if !calls::call(&session.client, js, &args, sender) {
            self.shared.put_back(session);
            return Ok(Verdict::Missing(js.to_owned()));
        }
        let quest = session.connection.package(|| false)?;
        session.connection.send(&numbered(&answer, quest.seq));
        let actual = outcome.recv_timeout(DEADLINE).map_err(|_| "the callback was not called")?;
        // The next line needs a connection that this answer has not ended.
        if package::split(&answer).end == End::Whole
            && session.connection.fence(false, &mut Vec::new())?
        {
            self.shared.put_back(session);
        }
        Ok(compare(expected, actual))
    }
}

/// What the callback has to get.
pub(crate) enum Expected {
    Data(Facts),
    /// The message counts only where the service gave one.
    Error {
        code: i64,
        message: Option<String>,
        mid: Option<i64>,
    },
}

pub(crate) fn expected(js: &str, line: &Value, answer: &[u8]) -> Result<Expected, String> {
    let mid = js.starts_with("send").then_some(MID);
    let ruled = by_rule(answer);
    let mended = line.get("mended");
    let recorded = match line.get("err") {
        err if err.has("error") => err.get("error"),
        err => err,
    };
    let data = match ruled {
        _ if mended.has("err_code") => {
            return Ok(Expected::Error { code: mended.get("err_code").int(), message: None, mid });
        }
        Err((code, message)) if mended.is_map() => {
            return Ok(Expected::Error { code, message, mid });
        }
        Ok(payload) if mended.is_map() => match mid {
            Some(mid) => Value::Map(vec![
                ("mid".into(), Value::Int(mid.into())),
                ("payload".into(), payload),
            ]),
            None => payload,
        },
        ruled if !recorded.is_nil() => {
            let message = ruled.err().and_then(|(_, message)| message);
            return Ok(Expected::Error { code: recorded.get("code").int(), message, mid });
        }
        Ok(Value::Map(fields)) if fields.is_empty() && matches!(js, "getMessage" | "getChat") => {
            return Ok(Expected::Error { code: 200_070, message: None, mid });
        }
        _ => line.get("data").clone(),
    };
    facts::of_data(js, &data).map(Expected::Data).ok_or(format!("no method is known as {js}"))
}

/// The fields of the answer, or the code it stands for, with the message where the service gave one.
fn by_rule(answer: &[u8]) -> Result<Value, (i64, Option<String>)> {
    let packages = package::split(answer).packages;
    let first = packages.first().map(|package| (package.status, package.value()));
    match first {
        Some((0, Some(payload @ Value::Map(_)))) => Ok(payload),
        Some((_, Some(payload))) if !payload.get("code").is_nil() => {
            let message = match payload.get("ex") {
                Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                ex => ex.str().to_owned(),
            };
            Err((payload.get("code").int(), Some(message)))
        }
        _ => Err((20_009, None)),
    }
}

pub(crate) fn compare(expected: Expected, actual: Outcome) -> Verdict {
    match (expected, actual) {
        (Expected::Data(expected), Outcome::Data(actual)) => Verdict::of(expected, actual),
        (Expected::Data(expected), other) => Verdict::different(expected, other),
        (
            Expected::Error { code, message, mid },
            Outcome::Error { code: got, message: said, mid: with },
        ) => {
            // A message the line leaves open is the one that came.
            let message = message.unwrap_or_else(|| said.clone());
            let error = |code: i64, message: &str, mid: Option<i64>| json!({ "code": code, "message": message, "mid": mid });
            Verdict::of(error(code, &message, mid), error(got.into(), &said, with))
        }
        (Expected::Error { code, .. }, other) => Verdict::different(format!("error {code}"), other),
    }
}

/// The answer with our number in every package that has none.
pub(crate) fn numbered(answer: &[u8], seq: u32) -> Vec<u8> {
    let Stream { packages, .. } = package::split(answer);
    let mut bytes = answer.to_vec();
    let mut at = 0;
    for package in packages {
        let end = at + package.bytes.len();
        if package.kind == Kind::Answer && package.seq == 0 {
            package::put_seq(&mut bytes[at..end], seq);
        }
        at = end;
    }
    bytes
}
