//! Two clients that talk for a long time: memory, threads, descriptors and latency, over and over.
//!
//! ```console
//! $ cargo run --example soak
//! $ cargo run --release --example soak -- --minutes 10
//! $ cargo run --example soak -- --endpoint HOST:PORT --pid P --uid U --token T --minutes N
//! ```
//!
//! Its own gate runs in a process of its own, so that what is measured is the clients alone.

mod common;

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use common::histogram::{Histogram, brief};
use common::{Account, Args, Outcome, TIMEOUT, check, in_words};
use rtm_client::gate::Gate;
use rtm_client::{RtmClient, reply, server_push};

const HELP: &str = "\
soak: two clients that talk for a long time, at a gate of their own or at the one named

  cargo run --example soak
  cargo run --release --example soak -- --minutes N
  cargo run --example soak -- --endpoint HOST:PORT --pid P --uid U --token T --minutes N

  --minutes N   for how long; by default 7 seconds. From 2 minutes on it fails if memory has grown by
                more than a MiB since the first minute
  --role gate   is only the gate, until its standard input ends";

/// A message, and its echo, every 5 ms.
const PACE: Duration = Duration::from_millis(5);
/// In a long run, faster at first: a client remembers the latest 100 000 messages, to know duplicates by. Memory cannot be
/// flat before that is full and has gone round once.
const WARM_UP_PACE: Duration = Duration::from_micros(400);
const WARM_UP: Duration = Duration::from_secs(60);
const LONG_RUN: Duration = Duration::from_secs(120);
/// Every so many messages, a page of history.
const HISTORY_EVERY: u64 = 20;
/// How often a third client comes and goes.
const VISIT_EVERY: Duration = Duration::from_secs(1);

/// How much memory may grow after the first minute, in KiB.
const GROWTH: i64 = 1024;

/// What the callbacks note.
#[derive(Default)]
struct Notes {
    /// From a message to the echo of it, in this interval.
    latency: Histogram,
    echoes: u64,
    failed: Option<String>,
}

fn main() -> ExitCode {
    common::main(HELP, &["minutes", "role"], run)
}

fn run(args: &Args) -> Outcome {
    if args.text("role") == Some("gate") {
        return be_the_gate();
    }
    let minutes: f64 = args.number("minutes")?.unwrap_or(7.0 / 60.0);
    check((0.01..1e6).contains(&minutes), || format!("--minutes {minutes} is no time to run"))?;
    let length = Duration::from_secs_f64(minutes * 60.0);
    let (account, _gate) = match args.account()? {
        Some(account) => (account, None),
        None => {
            let (gate, account) = OtherProcess::start()?;
            (account, Some(gate))
        }
    };

    let notes = Arc::new(Mutex::new(Notes::default()));
    let begun = Instant::now();
    let me = log_in(&account, account.uid)?;
    let echo = log_in(&account, account.uid + 1)?;

    let weak = echo.downgrade();
    echo.processor().on(server_push::RECV_CHAT, move |message| {
        if let (Some(client), Some(text)) = (weak.upgrade(), message.msg.as_str()) {
            client.send_chat(message.from, text, "", None, None, reply::ignore);
        }
    });
    let heard = Arc::clone(&notes);
    me.processor().on(server_push::RECV_CHAT, move |message| {
        let sent =
            message.msg.as_str().and_then(|text| text.parse().ok()).map(Duration::from_nanos);
        if let Some(sent) = sent {
            let mut notes = lock(&heard);
            notes.latency.add(begun.elapsed().saturating_sub(sent));
            notes.echoes += 1;
        }
    });

    println!(
        "   time   memory  threads  descriptors  messages  latency of an echo: median, 99 %, longest"
    );
    let interval = (length / 10).clamp(Duration::from_secs(1), Duration::from_secs(60));
    let mut next_line = interval.min(length);
    let warm_up = if length >= LONG_RUN { WARM_UP } else { Duration::ZERO };
    let (mut next_message, mut next_visit) = (Duration::ZERO, VISIT_EVERY);
    let mut sent = 0_u64;
    let mut first = None;
    while begun.elapsed() < length {
        let at = begun.elapsed();
        send(&me, &account, at, &notes);
        sent += 1;
        if sent % HISTORY_EVERY == 0 {
            look_back(&me, &account, &notes);
        }
        if at >= next_visit {
            next_visit += VISIT_EVERY;
            log_in(&account, account.uid + 2)?.close_and_wait(TIMEOUT)?;
        }
        if at >= next_line {
            next_line += interval;
            let now = line(at, sent, &notes)?;
            if length >= LONG_RUN && at >= WARM_UP {
                first.get_or_insert(now);
            }
        }
        next_message += if at < warm_up { WARM_UP_PACE } else { PACE };
        thread::sleep(next_message.saturating_sub(begun.elapsed()));
    }

    me.close_and_wait(TIMEOUT)?;
    echo.close_and_wait(TIMEOUT)?;
    let last = line(begun.elapsed(), sent, &notes)?;
    let Notes { echoes, .. } = *lock(&notes);
    // The last ones may be cut off by the close.
    check(sent - echoes < 200, || format!("{echoes} echoes of {sent} messages"))?;
    let (Some(first), Some(last)) = (first.and_then(|first| first.memory), last.memory) else {
        return Ok(());
    };
    println!("{} KiB more than after the first minute", last - first);
    check(last - first <= GROWTH, || format!("memory has grown by {} KiB", last - first))
}

fn send(me: &RtmClient, account: &Account, at: Duration, notes: &Arc<Mutex<Notes>>) {
    let notes = Arc::clone(notes);
    let text = at.as_nanos().to_string();
    me.send_chat(account.uid + 1, text, "", None, TIMEOUT, move |err, _| {
        if let Some(err) = err {
            lock(&notes).failed = Some(in_words(&err));
        }
    });
}

fn look_back(me: &RtmClient, account: &Account, notes: &Arc<Mutex<Notes>>) {
    let notes = Arc::clone(notes);
    let timeout = TIMEOUT;
    me.get_p2p_chat(account.uid + 1, true, 10, None, None, None, timeout, move |err, _| {
        if let Some(err) = err {
            lock(&notes).failed = Some(in_words(&err));
        }
    });
}

fn log_in(account: &Account, uid: i64) -> Outcome<RtmClient> {
    let client = RtmClient::new(account.options());
    let (callback, reply) = reply::login();
    client.login(uid, &account.token, callback, TIMEOUT);
    reply.wait()?;
    Ok(client)
}

/// Prints how things stand, and begins the next interval.
fn line(at: Duration, sent: u64, notes: &Mutex<Notes>) -> Outcome<Usage> {
    let mut notes = lock(notes);
    if let Some(error) = notes.failed.take() {
        return Err(error.into());
    }
    let usage = Usage::now();
    let latency = std::mem::take(&mut notes.latency);
    let show = |value: Option<i64>, unit| value.map_or("?".to_owned(), |n| format!("{n}{unit}"));
    println!(
        "{:5.0} s  {:>9}  {:>5}  {:>11}  {sent:>8}  {}, {}, {}",
        at.as_secs_f64(),
        show(usage.memory, " KiB"),
        show(usage.threads, ""),
        show(usage.descriptors, ""),
        brief(latency.quantile(0.5)),
        brief(latency.quantile(0.99)),
        brief(latency.quantile(1.0)),
    );
    Ok(usage)
}

/// What this process takes. Linux says so; elsewhere nothing is known.
struct Usage {
    /// Resident, in KiB.
    memory: Option<i64>,
    threads: Option<i64>,
    descriptors: Option<i64>,
}

impl Usage {
    fn now() -> Usage {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        // One of them is the descriptor of this directory.
        let descriptors = fs::read_dir("/proc/self/fd").map(|dir| dir.count() as i64 - 1).ok();
        Usage { memory: field("VmRSS:"), threads: field("Threads:"), descriptors }
    }
}

/// A gate in a process of its own, which ends with this one.
struct OtherProcess {
    child: Child,
}

impl OtherProcess {
    fn start() -> Outcome<(OtherProcess, Account)> {
        let child = Command::new(std::env::current_exe()?)
            .args(["--role", "gate"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut gate = OtherProcess { child };
        let output = gate.child.stdout.take().ok_or("the gate has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let (endpoint, pid) = line.trim().split_once(' ').ok_or("the gate did not start")?;
        println!("A gate of our own at {endpoint}");
        let account = Account {
            endpoint: endpoint.to_owned(),
            pid: pid.parse()?,
            uid: 101,
            token: "any token".to_owned(),
            file_endpoint: None,
        };
        Ok((gate, account))
    }
}

impl Drop for OtherProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn be_the_gate() -> Outcome {
    let gate = Gate::builder().start()?;
    println!("{} {}", gate.endpoint(), gate.pid());
    // Until the one who started it is gone.
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// What a handler that panicked has left is good enough for notes.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
