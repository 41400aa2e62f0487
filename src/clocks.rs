//! The two clocks side by side, to see that the machine has slept: the monotonic one stands still meanwhile. Pure.

use std::time::{Duration, SystemTime};

use crate::time::{Time, to_time};

/// How often they are looked at while the client is online, in nanoseconds.
pub(crate) const EVERY: Time = 10_000_000_000;

/// How far the wall clock has to run ahead between two looks: it is set a little now and then.
const AHEAD: Duration = Duration::from_secs(5);

/// Both clocks at the latest look.
pub(crate) struct Clocks {
    monotonic: Time,
    wall: SystemTime,
}

impl Clocks {
    pub(crate) fn new(monotonic: Time, wall: SystemTime) -> Clocks {
        Clocks { monotonic, wall }
    }

    /// Whether the wall clock has run ahead of the other since the look before: what was there then may be gone.
    pub(crate) fn look(&mut self, monotonic: Time, wall: SystemTime) -> bool {
        let passed = monotonic.saturating_sub(self.monotonic);
        // Set back, it says nothing.
        let by_wall = wall.duration_since(self.wall).map_or(0, to_time);
        *self = Clocks { monotonic, wall };
        by_wall.saturating_sub(passed) >= to_time(AHEAD)
    }
}

#[cfg(test)]
mod tests;
