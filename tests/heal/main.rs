//! A connection that heals: what the program is asked, what comes back, what is sent later, over real sockets.

#[path = "../common/mod.rs"]
mod common;

mod questions;
mod queue;
mod restarts;
mod resume;

use rtm_client::RegressiveStrategy;

/// Tries again at once, for ever.
const EAGER: RegressiveStrategy = RegressiveStrategy {
    start_connect_failed_count: u32::MAX,
    max_interval_seconds: 3600,
    linear_regressive_count: 1,
};
