//! Our client, used as a program would use it: calls with closures, and calls that are waited for.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use rtm_client::types::SendReply;
use rtm_client::{ClientOptions, RtmClient, SendError, reply};

use crate::measure::{Samples, Tally};
use crate::quest::{MSG, TO};

pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

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

/// What a caller shares with its closures: how many have run, and for how many it waits.
struct Window {
    answered: AtomicU64,
    failed: AtomicU64,
    wanted: AtomicU64,
    caller: Thread,
    samples: Mutex<Samples>,
    bytes_each: AtomicI64,
}

impl Window {
    /// A closure has run.
    fn one_more(&self) {
        let answered = self.answered.fetch_add(1, Ordering::SeqCst) + 1;
        if answered == self.wanted.load(Ordering::SeqCst) {
            self.caller.unpark();
        }
    }

    fn wait_for(&self, count: u64) {
        self.wanted.store(count, Ordering::SeqCst);
        while self.answered.load(Ordering::SeqCst) < count {
            thread::park();
        }
    }
}

/// `send_chat` with a closure that counts.
///
/// The caller makes calls until the window is full, and goes on when half of it is answered: waking it for each answer
/// would measure the scheduler. With one in flight the two are the same.
pub(crate) fn callback(
    client: &RtmClient,
    window: u64,
    until: Instant,
    samples: &mut Samples,
) -> Tally {
    let every = u64::from(samples.every);
    let shared = Arc::new(Window {
        answered: AtomicU64::new(0),
        failed: AtomicU64::new(0),
        wanted: AtomicU64::new(0),
        caller: thread::current(),
        samples: Mutex::new(std::mem::take(samples)),
        bytes_each: AtomicI64::new(0),
    });
    let mut sent = 0;
    loop {
        let full = sent - shared.answered.load(Ordering::Relaxed) >= window;
        if (full || sent % 64 == 0) && Instant::now() >= until {
            break;
        }
        if full {
            shared.wait_for(sent - window / 2);
        }
        let window = shared.clone();
        let sent_at = sent.is_multiple_of(every).then(Instant::now);
        client.send_chat(TO, MSG, "", None, TIMEOUT, move |err, data| {
            if let Some(sent_at) = sent_at {
                window.samples.lock().unwrap().took(sent_at.elapsed());
            }
            match data {
                Some(data) => window.bytes_each.store(data.payload.mtime, Ordering::Relaxed),
                None => drop(window.failed.fetch_add(1, Ordering::Relaxed)),
            }
            drop(err);
            window.one_more();
        });
        sent += 1;
    }
    shared.wait_for(sent);
    std::mem::swap(samples, &mut shared.samples.lock().unwrap());
    let failed = shared.failed.load(Ordering::SeqCst);
    let bytes_each = shared.bytes_each.load(Ordering::SeqCst);
    Tally { answered: sent - failed, failed, bytes_each }
}

/// `send_chat` with `reply::channel()`: the caller keeps the window full and waits for the oldest call.
pub(crate) fn wait(
    client: &RtmClient,
    window: u64,
    until: Instant,
    samples: &mut Samples,
) -> Tally {
    let mut tally = Tally::default();
    let mut sent = 0;
    let mut waiting = VecDeque::with_capacity(window as usize);
    loop {
        let full = sent - tally.answered - tally.failed >= window;
        let over = (full || sent % 64 == 0) && Instant::now() >= until;
        if full || over {
            let Some((sent_at, reply)) = waiting.pop_front() else { return tally };
            let reply: reply::Reply<SendError, SendReply> = reply;
            match reply.wait() {
                Ok(data) => {
                    tally.answered += 1;
                    tally.bytes_each = data.payload.mtime;
                }
                Err(_) => tally.failed += 1,
            }
            if let Some(sent_at) = sent_at {
                let sent_at: Instant = sent_at;
                samples.took(sent_at.elapsed());
            }
            continue;
        }
        let sent_at = samples.wanted(sent as u32).then(Instant::now);
        let (callback, reply) = reply::channel();
        client.send_chat(TO, MSG, "", None, TIMEOUT, callback);
        waiting.push_back((sent_at, reply));
        sent += 1;
    }
}
