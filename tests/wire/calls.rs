//! From the JavaScript SDK's method names and arguments to this crate's.

mod chat;
mod files;
mod messages;
mod others;

use std::fmt;
use std::sync::mpsc::Sender;

use rtm_client::types::{Content, SendReply};
use rtm_client::{Error, RtmClient, SendError};
use serde_json::{Value as Facts, json};

use crate::ours;
use crate::record::Value;

/// Calls our method for the JavaScript method `js`; its callback's outcome goes to `outcome`. `false` if there is none.
pub(crate) fn call(client: &RtmClient, js: &str, args: &Value, outcome: Sender<Outcome>) -> bool {
    let (args, sink) = (Args(args), Sink(outcome));
    let pages = [chat::call, messages::call, files::call, others::call];
    pages.iter().any(|page| page(client, js, args, &sink))
}

/// What a callback was given.
pub(crate) enum Outcome {
    Data(Facts),
    /// `mid` where the error of a message came with one.
    Error {
        code: i32,
        message: String,
        mid: Option<i64>,
    },
    /// Not exactly one of the two.
    Broken(&'static str),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Data(facts) => facts.fmt(f),
            Outcome::Error { code, message, mid } => {
                json!({ "code": code, "message": message, "mid": mid }).fmt(f)
            }
            Outcome::Broken(what) => f.write_str(what),
        }
    }
}

/// Makes the callbacks.
#[derive(Clone)]
struct Sink(Sender<Outcome>);

impl Sink {
    /// The callback of a call whose data `facts` puts down.
    fn data<T: 'static>(
        &self,
        facts: fn(T) -> Facts,
    ) -> impl FnOnce(Option<Error>, Option<T>) + Send + 'static {
        let sender = self.0.clone();
        move |err, data| {
            let err = err.map(|err| (err, None));
            let _ = sender.send(one(err, data.map(facts)));
        }
    }

    /// The callback of a call that gives nothing back.
    fn done(&self) -> impl FnOnce(Option<Error>, Option<()>) + Send + 'static {
        self.data(ours::nothing)
    }

    /// The callback of a call that sends a message.
    fn sent(&self) -> impl FnOnce(Option<SendError>, Option<SendReply>) + Send + 'static {
        let sender = self.0.clone();
        move |err, data| {
            let err = err.map(|err| (err.error, Some(err.mid)));
            let _ = sender.send(one(err, data.map(ours::sent)));
        }
    }
}

fn one(err: Option<(Error, Option<i64>)>, data: Option<Facts>) -> Outcome {
    match (err, data) {
        (Some((err, mid)), None) => {
            Outcome::Error { code: err.code(), message: err.message().to_owned(), mid }
        }
        (None, Some(facts)) => Outcome::Data(facts),
        (None, None) => Outcome::Broken("neither an error nor data"),
        (Some(_), Some(_)) => Outcome::Broken("an error and data"),
    }
}

/// The arguments of a call, by JavaScript parameter name; `None` where one was left out.
#[derive(Clone, Copy)]
struct Args<'a>(&'a Value);

impl<'a> Args<'a> {
    fn value(self, name: &str) -> &'a Value {
        self.0.get(name)
    }

    fn given(self, name: &str) -> Option<&'a Value> {
        Some(self.0.get(name)).filter(|value| !value.is_nil())
    }

    fn int(self, name: &str) -> i64 {
        self.0.get(name).int()
    }

    fn opt_int(self, name: &str) -> Option<i64> {
        self.given(name).map(Value::int)
    }

    fn bool(self, name: &str) -> bool {
        self.0.get(name).truthy()
    }

    fn opt_bool(self, name: &str) -> Option<bool> {
        self.given(name).map(Value::truthy)
    }

    fn text(self, name: &str) -> &'a str {
        self.0.get(name).str()
    }

    fn opt_text(self, name: &str) -> Option<&'a str> {
        self.given(name).map(Value::str)
    }

    fn ints(self, name: &str) -> Vec<i64> {
        self.0.get(name).list().iter().map(Value::int).collect()
    }

    fn opt_ints(self, name: &str) -> Option<Vec<i64>> {
        self.given(name).map(|_| self.ints(name))
    }

    fn content(self, name: &str) -> Content<'a> {
        match self.0.get(name) {
            Value::Bytes(bytes) => bytes.into(),
            text => text.str().into(),
        }
    }

    fn pairs(self, name: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.get(name).entries().iter().map(|(key, value)| (key.as_str(), value.str()))
    }
}
