//! The events of the client itself: errors, relogins, the end of the session, and what the program is asked.

use std::cell::{Cell, RefCell};

use crate::error::Error;
use crate::listeners::Event;
use crate::options::LoginToken;

/// The outcome of an attempt to log in again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReloginCompleted {
    pub(crate) successful: bool,
    pub(crate) retry_again: bool,
    pub(crate) error_code: i32,
    pub(crate) retried_count: u32,
}

/// An attempt to log in again is about to begin, unless a handler says no.
#[derive(Debug)]
pub(crate) struct ReloginWillStart {
    pub(crate) last_error: i32,
    pub(crate) retried_count: u32,
    pub(crate) vetoed: Cell<bool>,
}

/// A login needs a token; a handler may have one.
pub(crate) struct TokenWanted {
    pub(crate) uid: i64,
    pub(crate) token: RefCell<Option<LoginToken>>,
}

pub(crate) const RELOGIN_WILL_START: Event<ReloginWillStart> = Event::new("ReloginWillStart");
pub(crate) const TOKEN_WANTED: Event<TokenWanted> = Event::new("TokenWanted");
pub(crate) const ERROR_RECORDER: Event<Error> = Event::new("ErrorRecorder");
pub(crate) const RELOGIN_COMPLETED: Event<ReloginCompleted> = Event::new("ReloginCompleted");
pub(crate) const SESSION_CLOSED: Event<i32> = Event::new("SessionClosed");
