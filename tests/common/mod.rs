//! What the tests over real sockets share: a peer whose every step the test decides, and a record of what the client
//! reports.

// Each test binary is a crate of its own and uses a part of it.
#![allow(dead_code, unreachable_pub)]

#[cfg(feature = "tls")]
pub mod certificates;
pub mod dead;
pub mod floods;
pub mod http;
pub mod package;
pub mod peer;
pub mod record;
pub mod responder;

use std::time::{Duration, Instant};

/// How long anything may take that has to happen.
pub const DEADLINE: Duration = Duration::from_secs(10);

pub const PID: i64 = 11_000_001;
pub const UID: i64 = 654_321;

/// How much of something is tried: few, or many where `RTM_FULL` is set, as `.ci/run` sets it.
pub fn few_or_many<T>(few: T, many: T) -> T {
    if std::env::var_os("RTM_FULL").is_some() { many } else { few }
}

/// Waits until `condition` holds.
pub fn eventually(what: &str, condition: impl FnMut() -> bool) {
    assert!(holds_within(DEADLINE, condition), "not within {DEADLINE:?}: {what}");
}

/// Waits until `condition` holds, at most that long.
pub fn holds_within(timeout: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + timeout;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() > until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Threads of this process that belong to clients.
pub fn client_threads() -> Vec<String> {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return Vec::new() };
    let names = tasks.flatten().filter_map(|task| {
        let name = std::fs::read_to_string(task.path().join("comm")).ok()?;
        Some(name.trim_end().to_owned())
    });
    names.filter(|name| name.starts_with("rtm-")).collect()
}
