//! Time as the engine counts it.

use std::time::Duration;

/// Nanoseconds since the client was made.
pub(crate) type Time = u64;

/// The time that never comes.
pub(crate) const NEVER: Time = Time::MAX;

/// Nanoseconds; what does not fit in 64 bits is never.
pub(crate) fn to_time(duration: Duration) -> Time {
    Time::try_from(duration.as_nanos()).unwrap_or(NEVER)
}
