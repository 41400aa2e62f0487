//! Many clients that write to each other as fast as the answers come: messages a second, and the latency of each message.
//!
//! ```console
//! $ cargo run --release --example bots -- --clients 100 --seconds 10 --svg latency.svg
//! $ cargo run --example bots -- --endpoint HOST:PORT --pid P --uid U --token T --clients N
//! ```
//!
//! Bot `n` has the uid `U + n` and writes to the next bot; the last bot writes to the first.

mod common;

use std::fs;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::histogram::{self, Histogram};
use common::{Account, Args, Outcome, TIMEOUT, check};
use rtm_client::{RtmClient, WeakClient, reply, server_push};

const HELP: &str = "\
bots: messages a second between N clients, and their latency, at a gate of its own or at the one named

  cargo run --release --example bots -- --clients N --seconds S --svg FILE
  cargo run --example bots -- --endpoint HOST:PORT --pid P --uid U --token T --clients N

  --clients N   how many; by default 20. Bot n logs in as U + n, with the token T
  --seconds S   for how long; by default 3
  --svg FILE    writes the picture there, too";

/// The data that all bots share.
struct Run {
    begun: Instant,
    /// Whether to go on.
    on: AtomicBool,
    /// From the call to its answer, and from the call to the push at the other end.
    answered: Mutex<Histogram>,
    pushed: Mutex<Histogram>,
    /// Takes the outcome of each bot: the number of acknowledged messages, or the reason why the bot stopped.
    ended: Sender<Result<u64, String>>,
}

fn main() -> ExitCode {
    common::main(HELP, &["clients", "seconds", "svg"], run)
}

fn run(args: &Args) -> Outcome {
    let (account, _gate) = args.account_or_gate()?;
    let clients: i64 = args.number("clients")?.unwrap_or(20).max(2);
    let seconds: f64 = args.number("seconds")?.unwrap_or(3.0);
    check((0.1..86_400.0).contains(&seconds), || format!("--seconds {seconds} is no time to run"))?;

    let (sender, ended) = channel();
    let run = Arc::new(Run {
        begun: Instant::now(),
        on: AtomicBool::new(true),
        answered: Mutex::default(),
        pushed: Mutex::default(),
        ended: sender,
    });
    let bots = (0..clients).map(|n| bot(&account, n, &run)).collect::<Outcome<Vec<_>>>()?;
    println!("{clients} clients, {seconds} s");

    let begun = Instant::now();
    for (n, bot) in (0..).zip(&bots) {
        send(bot.downgrade(), account.uid + (n + 1) % clients, 0, Arc::clone(&run));
    }
    // An outcome before the time is over is a failure.
    let mut total = 0;
    if let Ok(outcome) = ended.recv_timeout(Duration::from_secs_f64(seconds)) {
        return Err(outcome.err().unwrap_or_else(|| "a bot stopped early".to_owned()).into());
    }
    run.on.store(false, Ordering::Relaxed);
    for _ in &bots {
        total += ended.recv_timeout(TIMEOUT)??;
    }
    let elapsed = begun.elapsed().as_secs_f64();
    // A push may come after the answer to its sender. When a client has ended, its handlers have run.
    for bot in &bots {
        bot.close_and_wait(TIMEOUT)?;
    }

    let rate = total as f64 / elapsed;
    println!("{total} messages in {elapsed:.2} s: {rate:.0} a second\n");
    let (answered, pushed) = (lock(&run.answered).clone(), lock(&run.pushed).clone());
    println!("from the call to its answer\n{answered}");
    println!("from the call to the other's handler\n{pushed}");
    if let Some(path) = args.text("svg") {
        let title = format!("{clients} clients, {rate:.0} messages a second");
        let pictures = [
            ("from the call to its answer", &answered),
            ("from the call to the other's handler", &pushed),
        ];
        fs::write(path, histogram::svg(&title, &pictures))?;
        println!("written to {path}");
    }
    check(answered.count() == total, || {
        format!("{} answers to {total} messages", answered.count())
    })?;
    check(pushed.count() <= total, || format!("{} pushes of {total} messages", pushed.count()))?;
    // The close may cut off the last message of each bot.
    check(total - pushed.count() <= clients as u64, || {
        format!("{} pushes of {total} messages", pushed.count())
    })
}

/// A logged-in client that notes the latency of each message.
fn bot(account: &Account, n: i64, run: &Arc<Run>) -> Outcome<RtmClient> {
    let client = RtmClient::new(account.options());
    let run = Arc::clone(run);
    client.processor().on(server_push::RECV_CHAT, move |message| {
        let sent =
            message.msg.as_str().and_then(|text| text.parse().ok()).map(Duration::from_nanos);
        if let Some(sent) = sent {
            lock(&run.pushed).add(run.begun.elapsed().saturating_sub(sent));
        }
    });
    let (callback, reply) = reply::login();
    client.login(account.uid + n, &account.token, callback, TIMEOUT);
    reply.wait()?;
    Ok(client)
}

/// Sends a message, and the next message after the answer.
fn send(weak: WeakClient, to: i64, count: u64, run: Arc<Run>) {
    let Some(client) = weak.upgrade() else { return };
    let sent = run.begun.elapsed();
    client.send_chat(to, sent.as_nanos().to_string(), "", None, TIMEOUT, move |err, _| {
        if let Some(err) = err {
            let _ = run.ended.send(Err(common::in_words(&err)));
            return;
        }
        lock(&run.answered).add(run.begun.elapsed().saturating_sub(sent));
        if run.on.load(Ordering::Relaxed) {
            send(weak, to, count + 1, run);
        } else {
            let _ = run.ended.send(Ok(count + 1));
        }
    });
}

/// After a panic in a handler the data is still good enough for a histogram.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
