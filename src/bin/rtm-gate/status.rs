//! One line on the terminal that says how busy the gate is.

use std::io::{IsTerminal, Write};
use std::time::Instant;

use rtm_client::gate::Counters;

use crate::logger;

pub(crate) struct Status {
    terminal: bool,
    at: Instant,
    messages: u64,
}

impl Status {
    pub(crate) fn new() -> Status {
        Status { terminal: std::io::stderr().is_terminal(), at: Instant::now(), messages: 0 }
    }

    /// Shows the line anew, if there is a terminal to show it on.
    pub(crate) fn show(&mut self, counters: &Counters) {
        if !self.terminal {
            return;
        }
        let elapsed = self.at.elapsed().as_secs_f64().max(0.001);
        let rate = counters.messages.saturating_sub(self.messages) as f64 / elapsed;
        (self.at, self.messages) = (Instant::now(), counters.messages);
        let (connections, users) = (counters.connections, counters.users);
        let line = format!("{connections} connections, {users} users, {rate:.0} messages/s");
        // Back to the start of the line, and clear what was longer there.
        let mut terminal = std::io::stderr().lock();
        let _ = write!(terminal, "\r{line}\x1b[K");
        let _ = terminal.flush();
    }

    pub(crate) fn end(&self) {
        if self.terminal {
            logger::say("");
        }
    }
}
