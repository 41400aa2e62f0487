//! The two clocks side by side, to see that the machine has slept: the monotonic clock stands still during the sleep.
//! Pure.

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
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    const SECOND: Time = 1_000_000_000;

    fn wall(seconds: f64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs_f64(1_800_000_000.0 + seconds)
    }

    #[test]
    fn a_sleep_is_seen_at_the_next_look_and_once() {
        let mut clocks = Clocks::new(0, wall(0.0));
        assert!(!clocks.look(10 * SECOND, wall(10.0)));
        // Three hours of sleep, of which the monotonic clock knows nothing: the look comes when its ten seconds are over.
        assert!(clocks.look(20 * SECOND, wall(20.0 + 3.0 * 3600.0)));
        assert!(!clocks.look(30 * SECOND, wall(30.0 + 3.0 * 3600.0)));
    }

    #[test]
    fn a_clock_that_is_set_a_little_or_back_is_no_sleep() {
        let mut clocks = Clocks::new(0, wall(0.0));
        let looks = [(10, 14.9), (20, 24.8), (30, -3600.0), (40, -3590.0), (100, -3530.0)];
        for (monotonic, by_wall) in looks {
            assert!(!clocks.look(monotonic * SECOND, wall(by_wall)), "{monotonic} {by_wall}");
        }
        assert!(clocks.look(110 * SECOND, wall(-3515.0)));
        // A look that comes late, for the process was stopped, finds both clocks gone on.
        assert!(!clocks.look(500 * SECOND, wall(-3125.0)));
    }

    #[test]
    fn only_an_hour_ahead_looks_like_a_sleep() {
        for (step, is_sleep) in [(1.0, false), (-1.0, false), (3600.0, true), (-3600.0, false)] {
            let mut clocks = Clocks::new(0, wall(0.0));
            assert_eq!(clocks.look(10 * SECOND, wall(10.0 + step)), is_sleep, "{step}");
            assert!(!clocks.look(20 * SECOND, wall(20.0 + step)), "{step}");
        }
    }
}
