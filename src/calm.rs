//! How long callbacks have to be quick before the thread that runs them does the I/O again. Pure.

use std::time::{Duration, Instant};

/// Callbacks quicker than this need no relief.
pub(crate) const SLOW: Duration = Duration::from_millis(1);

/// The time without a slow callback after which `rtm-io` wants the chair back, at first and at the most.
const CALM: Duration = Duration::from_millis(50);
const LONGEST_CALM: Duration = Duration::from_secs(1);

/// The time for which callbacks have to be quick before `rtm-io` wants the chair back. The time grows if a slow callback
/// follows soon after the last return.
pub(crate) struct Calm {
    needed: Duration,
    since: Instant,
    /// The time of the last return of the chair.
    ended: Option<Instant>,
}

impl Calm {
    pub(crate) fn new() -> Calm {
        Calm { needed: CALM, since: Instant::now(), ended: None }
    }

    /// The relief sits.
    pub(crate) fn begin(&mut self) {
        self.since = Instant::now();
        let relapse = self.ended.is_some_and(|ended| self.since - ended < LONGEST_CALM);
        self.needed = if relapse { (2 * self.needed).min(LONGEST_CALM) } else { CALM };
    }

    /// A callback that began at that time has run.
    pub(crate) fn ran(&mut self, begun: Instant) {
        let now = Instant::now();
        if now - begun > SLOW {
            self.since = now;
        }
    }

    pub(crate) fn until(&self) -> Instant {
        self.since + self.needed
    }

    /// The chair is back.
    pub(crate) fn end(&mut self) {
        self.ended = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calm_lasts_longer_after_each_relapse() {
        let mut calm = Calm::new();
        let mut needed = Vec::new();
        for _ in 0..7 {
            calm.begin();
            needed.push((calm.until() - calm.since).as_millis());
            calm.end();
        }
        assert_eq!(needed, [50, 100, 200, 400, 800, 1000, 1000]);
        calm.ended = Some(Instant::now() - LONGEST_CALM);
        calm.begin();
        assert_eq!(calm.needed, CALM);
    }
}
