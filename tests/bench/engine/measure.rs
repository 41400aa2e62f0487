//! One cell of the table: a client, for a while, and what it cost.

use std::time::{Duration, Instant};

use crate::counting::Counts;
use crate::machine;

/// Round trips of some of the calls: taking the time of each would cost more than the floor's own work.
#[derive(Default)]
pub(crate) struct Samples {
    pub(crate) every: u32,
    nanos: Vec<u32>,
}

impl Samples {
    /// Room for all that can come, so that taking one allocates nothing.
    pub(crate) fn new(window: usize) -> Samples {
        let every = if window == 1 { 1 } else { 16 };
        Samples { every, nanos: Vec::with_capacity(1 << 20) }
    }

    /// Whether the round trip of the call with that number is measured.
    pub(crate) fn wanted(&self, number: u32) -> bool {
        number % self.every == 0
    }

    pub(crate) fn took(&mut self, time: Duration) {
        if self.nanos.len() < self.nanos.capacity() {
            self.nanos.push(u32::try_from(time.as_nanos()).unwrap_or(u32::MAX));
        }
    }

    pub(crate) fn append(&mut self, other: &Samples) {
        self.nanos.extend_from_slice(&other.nanos);
    }

    /// Microseconds below which that part of the samples lies.
    pub(crate) fn percentiles<const N: usize>(&mut self, parts: [f64; N]) -> [f64; N] {
        self.nanos.sort_unstable();
        let last = self.nanos.len().saturating_sub(1);
        parts.map(|part| {
            let at = (last as f64 * part).round() as usize;
            self.nanos.get(at).map_or(0.0, |&nanos| f64::from(nanos) / 1e3)
        })
    }
}

/// What a client did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) answered: u64,
    pub(crate) failed: u64,
    /// The size of a call's package, as the peer saw it.
    pub(crate) bytes_each: i64,
}

/// The figures of one run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) calls_per_s: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) p999_us: f64,
    pub(crate) cpu_us: f64,
    pub(crate) allocs: f64,
    pub(crate) alloc_bytes: f64,
}

/// Runs a client until the time is over and all is answered. `client` gets the end of the time.
pub(crate) fn measure<S: AsMut<[Samples]>>(
    time: Duration,
    samples: &mut S,
    client: impl FnOnce(Instant, &mut S) -> Tally,
) -> (Tally, Figures) {
    let (counts, cpu, start) = (Counts::now(), machine::cpu_time(), Instant::now());
    let tally = client(start + time, samples);
    let (elapsed, cpu, counts) =
        (start.elapsed(), machine::cpu_time() - cpu, Counts::now() - counts);
    let calls = tally.answered as f64;
    let mut all = Samples::new(1);
    samples.as_mut().iter().for_each(|samples| all.append(samples));
    let [p50_us, p99_us, p999_us] = all.percentiles([0.5, 0.99, 0.999]);
    let figures = Figures {
        calls_per_s: calls / elapsed.as_secs_f64(),
        p50_us,
        p99_us,
        p999_us,
        cpu_us: cpu.as_secs_f64() * 1e6 / calls,
        allocs: counts.times as f64 / calls,
        alloc_bytes: counts.bytes as f64 / calls,
    };
    (tally, figures)
}
