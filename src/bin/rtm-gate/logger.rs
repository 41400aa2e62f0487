//! The output to standard error: the log, and errors.

use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use log::{LevelFilter, Log, Metadata, Record};

struct Logger;

static LOGGER: Logger = Logger;

/// Logs from now on. The gate's own lines alone: what its libraries do is no news.
pub(crate) fn start(level: LevelFilter) {
    if log::set_logger(&LOGGER).is_ok() {
        log::set_max_level(level);
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("rtm_")
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let (seconds, millis) = (now.as_secs() % 86400, now.subsec_millis());
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let level = record.level();
        let text = one_line(&record.args().to_string());
        say(&format!("{hours:02}:{minutes:02}:{seconds:02}.{millis:03} {level:5} {text}"));
    }

    fn flush(&self) {}
}

/// Whatever clients have sent, a log line is one line, and no terminal obeys it.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_control() {
            line.extend(char.escape_debug());
        } else {
            line.push(char);
        }
    }
    line
}

/// A line on standard error. A line that cannot be written is dropped: that nobody reads it is no reason to end.
pub(crate) fn say(line: &str) {
    let _ = io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}
