//! What the examples share: the command line, and the gate they are pointed at or start themselves.

#![allow(dead_code, reason = "no example uses all of it")]

pub(crate) mod histogram;
#[path = "../../src/bin/rtm-gate/logger.rs"]
mod logger;

use std::collections::BTreeMap;
use std::error::Error;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use lexopt::Arg::{Long, Short};
use lexopt::{Parser, ValueExt};
use rtm_client::ClientOptions;
use rtm_client::gate::Gate;

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// How long anything may take.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

/// The options of the command line.
pub(crate) struct Args {
    values: BTreeMap<String, String>,
}

/// Who logs in where.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) endpoint: String,
    pub(crate) pid: i64,
    pub(crate) uid: i64,
    pub(crate) token: String,
    /// Where the file gate is, if the service does not keep it beside the gate.
    pub(crate) file_endpoint: Option<String>,
}

/// Runs an example: 0 if everything was as it should be, 1 if not, 2 if the command line is wrong.
///
/// `own` are the options it has besides `--endpoint`, `--pid`, `--uid` and `--token`.
pub(crate) fn main(help: &str, own: &[&str], example: fn(&Args) -> Outcome) -> ExitCode {
    // RUST_LOG=debug shows what happens underneath.
    let level = std::env::var("RUST_LOG").ok().and_then(|level| level.parse().ok());
    logger::start(level.unwrap_or(log::LevelFilter::Off));
    let args = match Args::parse(own) {
        Ok(Some(args)) => args,
        Ok(None) => {
            println!("{help}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}\n\n{help}");
            return ExitCode::from(2);
        }
    };
    match example(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("failed: {}", in_words(&*error));
            ExitCode::FAILURE
        }
    }
}

impl Args {
    /// Nothing if help is asked for.
    fn parse(own: &[&str]) -> Result<Option<Args>, lexopt::Error> {
        let mut values = BTreeMap::new();
        let mut parser = Parser::from_env();
        while let Some(arg) = parser.next()? {
            let name = match arg {
                Long("help") | Short('h') => return Ok(None),
                Long(name @ ("endpoint" | "file-endpoint" | "pid" | "uid" | "token")) => name,
                Long(name) if own.contains(&name) => name,
                other => return Err(other.unexpected()),
            };
            let name = name.to_owned();
            values.insert(name, parser.value()?.string()?);
        }
        Ok(Some(Args { values }))
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    pub(crate) fn number<T: FromStr>(&self, name: &str) -> Outcome<Option<T>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number = text.parse().map_err(|_| format!("--{name} {text}: this is no such number"));
        Ok(Some(number?))
    }

    /// The account the command line names, if it names a gate.
    pub(crate) fn account(&self) -> Outcome<Option<Account>> {
        let Some(endpoint) = self.text("endpoint") else { return Ok(None) };
        let (Some(pid), Some(uid), Some(token)) =
            (self.number("pid")?, self.number("uid")?, self.text("token"))
        else {
            return Err("--endpoint, --pid, --uid and --token belong together".into());
        };
        Ok(Some(Account {
            endpoint: endpoint.to_owned(),
            pid,
            uid,
            token: token.to_owned(),
            file_endpoint: self.text("file-endpoint").map(str::to_owned),
        }))
    }

    /// The account the command line names; otherwise one at a gate of our own, which lives as long as it is held.
    pub(crate) fn account_or_gate(&self) -> Outcome<(Account, Option<Gate>)> {
        if let Some(account) = self.account()? {
            return Ok((account, None));
        }
        let gate = Gate::builder().start()?;
        println!("A gate of our own at {}", gate.url());
        Ok((Account::at(&gate, 101), Some(gate)))
    }
}

impl Account {
    /// A user at that gate, which takes any token.
    pub(crate) fn at(gate: &Gate, uid: i64) -> Account {
        Account {
            endpoint: gate.endpoint(),
            pid: gate.pid(),
            uid,
            token: "any token".to_owned(),
            file_endpoint: Some(gate.file_endpoint()),
        }
    }

    pub(crate) fn options(&self) -> ClientOptions {
        let options = ClientOptions::new(self.pid).endpoint(&*self.endpoint);
        match &self.file_endpoint {
            Some(endpoint) => options.file_endpoint(&**endpoint),
            None => options,
        }
    }
}

/// An error unless it holds.
pub(crate) fn check(holds: bool, otherwise: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(otherwise().into()) }
}

/// The error and what it comes from, each said once.
pub(crate) fn in_words(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
