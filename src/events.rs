//! The events of the client itself: errors, relogins, the end of the session.

use crate::error::Error;
use crate::listeners::Event;

/// The outcome of an attempt to log in again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReloginCompleted {
    pub(crate) successful: bool,
    pub(crate) retry_again: bool,
    pub(crate) error_code: i32,
    pub(crate) retried_count: u32,
}

pub(crate) const ERROR_RECORDER: Event<Error> = Event::new("ErrorRecorder");
pub(crate) const RELOGIN_COMPLETED: Event<ReloginCompleted> = Event::new("ReloginCompleted");
pub(crate) const SESSION_CLOSED: Event<i32> = Event::new("SessionClosed");
