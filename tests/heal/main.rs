//! A connection that heals: what the program is asked, what comes back, what is sent later, over real sockets.

#[path = "../common/mod.rs"]
mod common;

mod catch_up;
mod delivery;
mod endings;
mod liveness;
mod mids;
mod questions;
mod queue;
mod resend;
mod restarts;
mod resume;
mod state;

use rtm_client::RegressiveStrategy;

/// Waits for an hour before the first attempt.
const PATIENT: RegressiveStrategy = RegressiveStrategy::new()
    .start_connect_failed_count(0)
    .max_interval_seconds(3600)
    .linear_regressive_count(1);

/// Tries again at once, for ever.
const EAGER: RegressiveStrategy = RegressiveStrategy::new()
    .start_connect_failed_count(u32::MAX)
    .max_interval_seconds(3600)
    .linear_regressive_count(1);
