//! The command line.

use lexopt::Arg::{Long, Short};
use lexopt::{Parser, ValueExt};

pub(crate) const HELP: &str = "\
chat: a walk through the Chat page, at a gate of its own or at the one named

  cargo run --example chat
  cargo run --example chat -- --endpoint HOST:PORT --pid P --uid U --token T --to V

  --endpoint HOST:PORT   the gate
  --pid P                the project
  --uid U --token T      who logs in
  --to V                 the user to write to";

/// Where to chat.
pub(crate) enum Options {
    /// At a gate of our own, with two users.
    OwnGate,
    /// At that gate, as one user.
    Gate(Account),
}

pub(crate) struct Account {
    pub(crate) endpoint: String,
    pub(crate) pid: i64,
    pub(crate) uid: i64,
    pub(crate) token: String,
    pub(crate) to: i64,
}

/// Why there are no options.
pub(crate) enum Usage {
    Help,
    Wrong(String),
}

impl Options {
    pub(crate) fn parse() -> Result<Options, Usage> {
        let (mut endpoint, mut pid, mut uid, mut token, mut to) = (None, None, None, None, None);
        let mut parser = Parser::from_env();
        while let Some(arg) = parser.next()? {
            match arg {
                Long("endpoint") => endpoint = Some(parser.value()?.string()?),
                Long("pid") => pid = Some(parser.value()?.parse()?),
                Long("uid") => uid = Some(parser.value()?.parse()?),
                Long("token") => token = Some(parser.value()?.string()?),
                Long("to") => to = Some(parser.value()?.parse()?),
                Long("help") | Short('h') => return Err(Usage::Help),
                other => return Err(other.unexpected().into()),
            }
        }
        match (endpoint, pid, uid, token, to) {
            (None, None, None, None, None) => Ok(Options::OwnGate),
            (Some(endpoint), Some(pid), Some(uid), Some(token), Some(to)) => {
                Ok(Options::Gate(Account { endpoint, pid, uid, token, to }))
            }
            _ => Err(Usage::Wrong("all of the five options belong together".to_owned())),
        }
    }
}

impl From<lexopt::Error> for Usage {
    fn from(error: lexopt::Error) -> Usage {
        Usage::Wrong(error.to_string())
    }
}
