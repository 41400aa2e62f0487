//! Our client, used as a program would use it: calls with closures, and calls that are waited for.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use rtm_client::types::SendReply;
use rtm_client::{ClientOptions, RtmClient, SendError, reply};

use crate::measure::{Samples, Tally};
use crate::quest::{MSG, TO};

pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// How a program makes calls: keeps `window` of them in flight until the time has come, then waits for the answers.
pub(crate) type Caller = fn(&RtmClient, u64, Instant, &mut Samples) -> Tally;

/// A client that is logged in.
pub(crate) fn login(options: ClientOptions) -> RtmClient {
    let client = RtmClient::new(options);
    client.on_error_recorder(|error| eprintln!("the client reports: {error}"));
    let (callback, reply) = reply::login();
    client.login(1, "token", callback, None);
    reply.wait().expect("the peer lets everybody in");
    client
}

/// Runs `caller` on that many threads, each with samples of its own.
pub(crate) fn on_threads(
    samples: &mut [Samples],
    caller: impl Fn(&mut Samples) -> Tally + Sync,
) -> Tally {
    if let [samples] = samples {
        return caller(samples);
    }
    thread::scope(|scope| {
        let threads: Vec<_> =
            samples.iter_mut().map(|samples| scope.spawn(|| caller(samples))).collect();
        threads.into_iter().fold(Tally::default(), |sum, thread| {
            let one = thread.join().expect("a caller runs to its end");
            Tally {
                answered: sum.answered + one.answered,
                failed: sum.failed + one.failed,
                bytes_each: one.bytes_each,
            }
        })
    })
}

/// What a caller shares with its closures.
struct Shared {
    client: RtmClient,
    until: Instant,
    caller: Thread,
    answered: AtomicU64,
    failed: AtomicU64,
    bytes_each: AtomicI64,
    every: u64,
    samples: Mutex<Samples>,
}

impl Shared {
    fn new(client: &RtmClient, until: Instant, samples: &mut Samples) -> Shared {
        Shared {
            client: client.clone(),
            until,
            caller: thread::current(),
            answered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            bytes_each: AtomicI64::new(0),
            every: u64::from(samples.every),
            samples: Mutex::new(std::mem::take(samples)),
        }
    }

    /// What the closure of a call notes.
    fn ended(&self, sent_at: Option<Instant>, data: Option<SendReply>) -> u64 {
        if let Some(sent_at) = sent_at {
            self.samples.lock().unwrap_or_else(PoisonError::into_inner).took(sent_at.elapsed());
        }
        match data {
            Some(data) => self.bytes_each.store(data.payload.mtime, Ordering::Relaxed),
            None => drop(self.failed.fetch_add(1, Ordering::Relaxed)),
        }
        self.answered.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn result(&self, samples: &mut Samples) -> Tally {
        let mut taken = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(samples, &mut taken);
        let failed = self.failed.load(Ordering::SeqCst);
        let answered = self.answered.load(Ordering::SeqCst) - failed;
        Tally { answered, failed, bytes_each: self.bytes_each.load(Ordering::SeqCst) }
    }
}

/// `send_chat` with a closure that makes the next call: how a program with callbacks goes on.
pub(crate) fn callback(
    client: &RtmClient,
    window: u64,
    until: Instant,
    samples: &mut Samples,
) -> Tally {
    struct Chains {
        shared: Shared,
        over: AtomicBool,
        /// How many of them have not ended.
        left: AtomicU64,
    }
    fn call(chains: Arc<Chains>, number: u64, window: u64) {
        let client = chains.shared.client.clone();
        let sent_at = (number % chains.shared.every == 0).then(Instant::now);
        client.send_chat(TO, MSG, "", None, TIMEOUT, move |_err, data| {
            let answered = chains.shared.ended(sent_at, data);
            if answered % window.min(64) == 0 && Instant::now() >= chains.shared.until {
                chains.over.store(true, Ordering::Relaxed);
            }
            if !chains.over.load(Ordering::Relaxed) {
                call(chains, answered, window);
            } else if chains.left.fetch_sub(1, Ordering::SeqCst) == 1 {
                chains.shared.caller.unpark();
            }
        });
    }
    let shared = Shared::new(client, until, samples);
    let chains = Chains { shared, over: AtomicBool::new(false), left: AtomicU64::new(window) };
    let chains = Arc::new(chains);
    for number in 0..window {
        call(chains.clone(), number, window);
    }
    while chains.left.load(Ordering::SeqCst) > 0 {
        thread::park();
    }
    chains.shared.result(samples)
}

/// `send_chat` with a closure that counts, while the calls come from a thread of the program.
///
/// That thread makes calls until the window is full, and goes on when half of it is answered: waking it for each answer
/// would measure the scheduler.
pub(crate) fn thread(
    client: &RtmClient,
    window: u64,
    until: Instant,
    samples: &mut Samples,
) -> Tally {
    struct Window {
        shared: Shared,
        /// For how many answers the caller waits.
        wanted: AtomicU64,
    }
    let shared = Shared::new(client, until, samples);
    let counted = Arc::new(Window { shared, wanted: AtomicU64::new(u64::MAX) });
    let wait_for = |count: u64| {
        counted.wanted.store(count, Ordering::SeqCst);
        while counted.shared.answered.load(Ordering::SeqCst) < count {
            thread::park();
        }
    };
    let mut sent: u64 = 0;
    loop {
        let full = sent - counted.shared.answered.load(Ordering::SeqCst) >= window;
        if (full || sent % 64 == 0) && Instant::now() >= until {
            break;
        }
        if full {
            wait_for(sent - window / 2);
        }
        let sent_at = (sent % counted.shared.every == 0).then(Instant::now);
        let counted = counted.clone();
        client.send_chat(TO, MSG, "", None, TIMEOUT, move |_err, data| {
            let answered = counted.shared.ended(sent_at, data);
            if answered == counted.wanted.load(Ordering::SeqCst) {
                counted.shared.caller.unpark();
            }
        });
        sent += 1;
    }
    wait_for(sent);
    counted.shared.result(samples)
}

/// `send_chat` with `reply::channel()`: the caller keeps the window full and waits for the oldest call.
pub(crate) fn wait(
    client: &RtmClient,
    window: u64,
    until: Instant,
    samples: &mut Samples,
) -> Tally {
    type Waiting = (Option<Instant>, reply::Reply<SendError, SendReply>);
    let mut tally = Tally::default();
    let mut sent = 0;
    let mut waiting: VecDeque<Waiting> = VecDeque::with_capacity(window as usize);
    loop {
        let full = waiting.len() as u64 == window;
        let over = (full || sent % 64 == 0) && Instant::now() >= until;
        if full || over {
            let Some((sent_at, reply)) = waiting.pop_front() else { return tally };
            match reply.wait() {
                Ok(data) => {
                    tally.answered += 1;
                    tally.bytes_each = data.payload.mtime;
                }
                Err(_) => tally.failed += 1,
            }
            if let Some(sent_at) = sent_at {
                samples.took(sent_at.elapsed());
            }
            continue;
        }
        let sent_at = samples.wanted(sent).then(Instant::now);
        let (callback, reply) = reply::channel();
        client.send_chat(TO, MSG, "", None, TIMEOUT, callback);
        waiting.push_back((sent_at, reply));
        sent = sent.wrapping_add(1);
    }
}
