//! The latest login: the data with which it is repeated, and the questions to the program about it.

use std::cell::{Cell, RefCell};
use std::sync::{Arc, Weak};

use super::Engine;
use super::callbacks::{Batch, Item};
use crate::events::{LateToken, RELOGIN_WILL_START, ReloginWillStart, TOKEN_WANTED, TokenWanted};
use crate::guard::with_login_error;
use crate::listeners::Listeners;
use crate::options::{ClientOptions, LoginToken};
use crate::session::{LoginEnd, Question, Verdict};
use crate::wire::payload::write_map;

/// What the client calls itself at login: the SDK whose bytes it sends.
const VERSION: &str = "WebSocket_2.7.6";

/// The `authv` of a token made from a time.
const TOKEN_V2: i64 = 2;

/// What ends a login.
pub(crate) struct LoginDone {
    pub(crate) run: Box<dyn FnOnce(bool, i32) + Send>,
    /// Whether it is our own code, which wakes who waits.
    pub(crate) waited_for: bool,
}

impl LoginDone {
    /// Ends the login: a waiter at once, a callback in its turn.
    pub(super) fn end(self, end: LoginEnd, batch: &mut Batch) {
        match self.waited_for {
            true => self.call(&end),
            false => batch.items.push_back(Item::Login { done: self, end }),
        }
    }

    pub(super) fn call(self, end: &LoginEnd) {
        let error = end.error().cloned();
        let ok = error.is_none();
        with_login_error(error, || (self.run)(ok, end.error_code()));
    }
}

#[derive(Default)]
pub(crate) struct Login {
    uid: i64,
    token: LoginToken,
    /// The language texts are translated into from the start.
    lang: Option<String>,
    pub(super) done: Option<LoginDone>,
    pub(super) epoch: u64,
}

/// What the program decided, asked a question.
pub(crate) struct Decision {
    /// What to do with the token there is.
    verdict: Verdict,
    token: Option<LoginToken>,
}

impl Decision {
    fn late(question: Question, late: LateToken) -> Decision {
        let (verdict, token) = match late {
            LateToken::Given(token) => (without_token(question), Some(token)),
            LateToken::TryAgain => (Verdict::TryAgain, None),
            LateToken::Refused => (without_token(question), None),
        };
        Decision { verdict, token }
    }
}

impl Login {
    pub(crate) fn new(uid: i64, token: LoginToken, lang: Option<String>, done: LoginDone) -> Login {
        Login { uid, token, lang, done: Some(done), epoch: 0 }
    }

    pub(super) fn uid(&self) -> i64 {
        self.uid
    }

    /// Writes the payload of the quest `auth`.
    pub(super) fn write_auth(&self, options: &ClientOptions, out: &mut Vec<u8>) {
        write_map(out, |map| {
            map.number("pid", options.pid);
            map.id("uid", self.uid);
            map.text("token", &self.token.token);
            map.text("version", VERSION);
            if let Some(attrs) = &options.attrs {
                map.texts("attrs", attrs);
            }
            map.opt_text("lang", self.lang.as_deref());
            if let Some(ts) = self.token.ts {
                map.id("ts", ts);
                map.number("authv", TOKEN_V2);
            }
        });
    }

    /// Takes the token that the program has, if it is another one. Returns what the program says.
    pub(super) fn listen(&mut self, decision: Decision) -> Verdict {
        match decision.token.filter(|token| *token != self.token) {
            Some(fresh) => {
                self.token = fresh;
                Verdict::Go
            }
            None => decision.verdict,
        }
    }
}

/// The verdict where nobody wants to be asked.
pub(super) fn verdict_of_nobody(question: Question, listeners: &Listeners) -> Option<Verdict> {
    let vetoes = matches!(question, Question::Relogin { .. });
    let asked = listeners.listens(TOKEN_WANTED) || vetoes && listeners.listens(RELOGIN_WILL_START);
    (!asked).then(|| without_token(question))
}

/// The verdict if the program has no other token.
fn without_token(question: Question) -> Verdict {
    match question {
        Question::Relogin { .. } => Verdict::Go,
        Question::Token => Verdict::No,
    }
}

/// A question on its way to the program, among the callbacks.
pub(super) struct Asked {
    pub(super) question: Question,
    /// No other has it.
    pub(super) number: u64,
    /// Whose answer a slot may be that outlives the client.
    pub(super) by: Weak<Engine>,
}

impl Asked {
    /// Asks the program, which may answer now or later.
    pub(super) fn ask(self, engine: &Engine) {
        let Asked { question, number, by } = self;
        if let Question::Relogin { last_error, attempts } = question {
            let event = ReloginWillStart {
                last_error,
                retried_count: attempts + 1,
                vetoed: Cell::new(false),
            };
            engine.listeners.emit(RELOGIN_WILL_START, &event);
            if event.vetoed.get() {
                return engine.answer(number, Decision { verdict: Verdict::No, token: None });
            }
        }
        let late = move |late| {
            if let Some(engine) = by.upgrade() {
                engine.answer(number, Decision::late(question, late));
            }
        };
        let event = TokenWanted {
            uid: engine.own_uid(),
            token: RefCell::default(),
            answer: Arc::new(late),
            is_late: Cell::new(false),
        };
        engine.listeners.emit(TOKEN_WANTED, &event);
        let token = event.token.into_inner();
        if token.is_some() || !event.is_late.get() {
            engine.answer(number, Decision { verdict: without_token(question), token });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn login_options_come_last() {
        let client = ClientOptions::new(1).attrs([("a", "b")]);
        let auth = |lang: Option<&str>, token: LoginToken| {
            let mut out = Vec::new();
            let lang = lang.map(str::to_owned);
            Login::new(2, token, lang, LoginDone { run: Box::new(|_, _| {}), waited_for: false })
                .write_auth(&client, &mut out);
            data_encoding::HEXLOWER.encode(&out)
        };
        let plain = "a370696401a3756964d30000000000000002a5746f6b656ea154a776657273696f6e\
                     af576562536f636b65745f322e372e36a5617474727381a161a162";
        assert_eq!(auth(None, "T".into()), format!("85{plain}"));
        let lang = "a46c616e67a2656e";
        assert_eq!(auth(Some("en"), "T".into()), format!("86{plain}{lang}"));
        let ts = "a27473d3000000006553f100a5617574687602";
        assert_eq!(auth(Some("en"), ("T", 1_700_000_000).into()), format!("88{plain}{lang}{ts}"));
    }
}
