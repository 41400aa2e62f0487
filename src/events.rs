//! The events of the client itself: errors, relogins, the end of the session.

use crate::error::Error;
use crate::listeners::{ListenerId, Listeners};
use crate::session::SessionEvent;

/// A relogin attempt has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReloginCompleted {
    pub(crate) successful: bool,
    pub(crate) retry_again: bool,
    pub(crate) error_code: i32,
    pub(crate) retried_count: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Events {
    pub(crate) error_recorder: Listeners<Error>,
    pub(crate) relogin_completed: Listeners<ReloginCompleted>,
    pub(crate) session_closed: Listeners<i32>,
}

impl Events {
    pub(crate) fn emit(&self, event: &SessionEvent) {
        match event {
            SessionEvent::Error(error) => self.error_recorder.emit(error),
            SessionEvent::ReloginCompleted(completed) => self.relogin_completed.emit(completed),
            SessionEvent::Closed(code) => self.session_closed.emit(code),
        }
    }

    pub(crate) fn remove(&self, id: ListenerId) -> bool {
        self.error_recorder.remove(id)
            || self.relogin_completed.remove(id)
            || self.session_closed.remove(id)
    }

    pub(crate) fn clear(&self) {
        self.error_recorder.clear();
        self.relogin_completed.clear();
        self.session_closed.clear();
    }
}
