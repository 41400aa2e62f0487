//! What the pending table costs: time a step, memory a call, memory after a lot of calls.
//!
//! `cargo bench --bench table [-- --quick]`

// Measured alone, by its source: the engine keeps it to itself.
#[allow(dead_code, unused_imports)]
#[path = "../../src/pending.rs"]
mod pending;
#[cfg(test)]
#[path = "../../src/testing.rs"]
mod testing;
#[allow(dead_code)]
#[path = "../../src/time.rs"]
mod time;

mod counting;

use std::hint::black_box;
use std::time::Instant;

use counting::{Counting, Counts};
use pending::Pending;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What the engine keeps for a call: a boxed closure. This one captures nothing, so that only the table allocates.
type Call = Box<dyn FnOnce() + Send>;

const SECOND: u64 = 1_000_000_000;
const TIMEOUT: u64 = 20 * SECOND;

fn call() -> Call {
    Box::new(|| {})
}

fn main() {
    if cfg!(debug_assertions) {
        println!("Built without optimisation: nothing is measured. Use cargo bench.");
        return;
    }
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (rounds, steps) = if quick { (3, 1_000_000) } else { (11, 3_000_000) };
    println!("ns a step, median of {rounds} rounds");
    println!("            | fill   | insert + take, that many outstanding | expire, with timeouts");
    println!(
        "outstanding | insert | the oldest | any                      | equal  | random | bytes a call"
    );
    for outstanding in [1_000, 16_384, 1_000_000] {
        row(outstanding, rounds, steps);
    }
    println!();
    let many = if quick { 2_000_000 } else { 10_000_000 };
    afterwards("answered calls", many, false);
    afterwards("answered calls behind a straggler", 2_000_000, true);
}

fn row(outstanding: u32, rounds: usize, steps: u32) {
    let mut figures = [const { Vec::new() }; 5];
    let mut bytes = 0;
    for _ in 0..rounds {
        let before = Counts::now();
        let mut round = [0.0; 5];
        let mut table = Pending::starting_at(1);
        round[0] = nanos(outstanding, || fill(&mut table, outstanding, |_| TIMEOUT));
        bytes = (Counts::now() - before).held();

        let mut oldest = 1;
        round[1] = nanos(steps, || {
            for i in 0..steps {
                table.insert(TIMEOUT + u64::from(i), call());
                drop(black_box(table.take(oldest)));
                oldest += 1;
            }
        });

        let mut table = Pending::starting_at(1);
        fill(&mut table, outstanding, |_| TIMEOUT);
        let mut numbers: Vec<u32> = (1..=outstanding).collect();
        let mut random = Random(1);
        round[2] = nanos(steps, || {
            for i in 0..steps {
                let new = table.insert(TIMEOUT + u64::from(i), call());
                let number = &mut numbers[random.below(outstanding) as usize];
                drop(black_box(table.take(std::mem::replace(number, new))));
            }
        });

        round[3] = expire(outstanding, |_| TIMEOUT);
        round[4] = expire(outstanding, |i| TIMEOUT + u64::from(Random(i.into()).below(1 << 30)));
        for (figures, nanos) in figures.iter_mut().zip(round) {
            figures.push(nanos);
        }
    }
    let [insert, oldest, any, equal, random] = figures.map(median);
    let bytes = bytes as f64 / f64::from(outstanding);
    println!(
        "{outstanding:>11} | {insert:>6.1} | {oldest:>10.1} | {any:>6.1} {:>17} | {equal:>6.1} | {random:>6.1} | {bytes:>6.1}",
        ""
    );
}

fn fill(table: &mut Pending<Call>, calls: u32, deadline: impl Fn(u32) -> u64) {
    for i in 0..calls {
        black_box(table.insert(deadline(i), call()));
    }
}

/// Nanoseconds a call to expire them all, as the timer thread does.
fn expire(outstanding: u32, deadline: impl Fn(u32) -> u64) -> f64 {
    let mut table = Pending::starting_at(1);
    fill(&mut table, outstanding, deadline);
    let mut expired = Vec::with_capacity(1024);
    nanos(outstanding, || {
        while table.len() > 0 {
            table.expire(u64::MAX - 1, 1024, &mut expired);
            black_box(&mut expired).clear();
        }
    })
}

/// What is left of calls that were answered at once, long before their timeout.
fn afterwards(what: &str, calls: u32, straggler: bool) {
    let (before, resident) = (Counts::now(), resident());
    let mut table = Pending::starting_at(1);
    if straggler {
        table.insert(TIMEOUT, call());
    }
    let mut most = 0;
    let took = nanos(calls, || {
        for i in 0..calls {
            let seq = table.insert(TIMEOUT + u64::from(i) * 1000, call());
            drop(black_box(table.take(seq)));
            if i % 1024 == 0 {
                most = most.max((Counts::now() - before).held());
            }
        }
    });
    println!(
        "{calls} {what}: {} in flight, {} bytes held, {most} at most; {} KiB more resident; {took:.1} ns each.",
        table.len(),
        (Counts::now() - before).held(),
        self::resident().saturating_sub(resident) >> 10,
    );
    black_box(&table);
}

fn nanos(steps: u32, work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_nanos() as f64 / f64::from(steps)
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Resident memory of this process, in bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split_whitespace().nth(1).and_then(|word| word.parse::<u64>().ok());
    pages.unwrap_or(0) * rustix::param::page_size() as u64
}

/// The same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((u128::from(mixed ^ (mixed >> 27)) * u128::from(limit)) >> 64) as u32
    }
}
