//! The time of the engine, and the default times.

use std::time::Duration;

/// Nanoseconds since the client was made.
pub(crate) type Time = u64;

/// The time that never comes.
pub(crate) const NEVER: Time = Time::MAX;

/// How long the answer to a call or a login may take, unless the program says otherwise.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(20);

/// How long the client lets connecting and logging in take together, unless the program says otherwise.
pub(crate) const CONNECTION_TIMEOUT: Duration = Duration::from_secs(30);

/// How long an end may hear nothing of the other, unless its options say otherwise: the client then takes the connection
/// for lost, the gate ends it.
pub(crate) const SILENCE: Duration = Duration::from_secs(60);

/// Nanoseconds; what does not fit in 64 bits is never.
pub(crate) fn to_time(duration: Duration) -> Time {
    Time::try_from(duration.as_nanos()).unwrap_or(NEVER)
}
