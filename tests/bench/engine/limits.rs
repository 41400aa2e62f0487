//! What is no call rate: a peer that stops reading, an idle client, timeouts, pushes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rtm_client::types::PushMessage;
use rtm_client::{reply, server_push};

use crate::calls::{TIMEOUT, login};
use crate::machine;
use crate::measure::Samples;
use crate::peer::Peer;
use crate::quest::TO;
use crate::{Effort, options};

pub(crate) fn measure(peer: &Peer, effort: &Effort) {
    println!();
    idle(peer, effort);
    pushes(peer, effort);
    stuck(peer, effort);
    timeouts(peer, "spread over 1 s", |i| Duration::from_micros(500_000 + 10 * u64::from(i)));
    timeouts(peer, "all the same", |_| Duration::from_millis(500));
}

fn idle(peer: &Peer, effort: &Effort) {
    let client = login(options(peer.ports.echo));
    thread::sleep(Duration::from_millis(100));
    let (cpu, slept) = (machine::cpu_time(), machine::sleeps("rtm-"));
    thread::sleep(effort.idle_for);
    let (cpu, slept) = (machine::cpu_time() - cpu, machine::sleeps("rtm-") - slept);
    println!(
        "Idle for {:?}: {:.6} s of CPU, {slept} wake-ups.",
        effort.idle_for,
        cpu.as_secs_f64()
    );
    client.close();
}

/// Pushes as fast as the client takes them.
fn pushes(peer: &Peer, effort: &Effort) {
    let client = login(options(peer.ports.push));
    let (ended, all_ended) = mpsc::channel();
    let (mut last, mut out_of_order) = (0, 0_u64);
    let count = i64::from(effort.pushes);
    client.processor().on(server_push::RECV_CHAT, move |message: &PushMessage| {
        out_of_order += u64::from(message.mid != last + 1);
        last = message.mid;
        if last == count {
            let _ = ended.send(out_of_order);
        }
    });
    let (cpu, start) = (machine::cpu_time(), Instant::now());
    client.send_chat(TO, "go", "", None, None, reply::ignore);
    let outcome = all_ended.recv_timeout(Duration::from_secs(60));
    let (elapsed, cpu) = (start.elapsed().as_secs_f64(), machine::cpu_time() - cpu);
    match outcome {
        Ok(out_of_order) => println!(
            "Pushes: {count} through a listener, {:.0} a second, {:.2} µs of CPU each, {out_of_order} lost or out of order.",
            count as f64 / elapsed,
            cpu.as_secs_f64() * 1e6 / count as f64,
        ),
        Err(_) => println!("Pushes: the last of {count} did not come."),
    }
    client.close();
}

/// 64 MiB of calls while the peer does not read.
fn stuck(peer: &Peer, effort: &Effort) {
    const BODY: usize = 16 << 10;
    const CALLS: u64 = (64 << 20) / BODY as u64;
    let client = login(options(peer.ports.stuck));
    let body = "x".repeat(BODY);
    let answered = Arc::new(AtomicU64::new(0));
    let refused = Arc::new(AtomicU64::new(0));
    let (ended, all_ended) = mpsc::channel::<()>();
    let mut inside = Samples::new(1);
    machine::forget_peak();
    let before = machine::peak_resident();
    let start = Instant::now();
    for _ in 0..CALLS {
        let (answered, refused, ended) = (answered.clone(), refused.clone(), ended.clone());
        let called = Instant::now();
        client.send_chat(TO, &body, "", None, TIMEOUT, move |err, _| {
            let _until_it_returns = ended;
            match err {
                None => answered.fetch_add(1, Ordering::Relaxed),
                Some(_) => refused.fetch_add(1, Ordering::Relaxed),
            };
        });
        inside.took(called.elapsed());
    }
    let sent = start.elapsed();
    drop(ended);
    // Ends when the last closure is gone.
    let _ = all_ended.recv();
    let [p99, worst] = inside.percentiles([0.99, 1.0]).map(|us| us / 1e3);
    println!(
        "A peer that does not read for {:?}, 64 MiB sent in {:.0} ms: the longest call took {worst:.3} ms, p99 {p99:.3} \
         ms; {} answered, {} refused, all over after {:.1} s; {} MiB more resident at the peak.",
        effort.stuck_for,
        sent.as_secs_f64() * 1e3,
        answered.load(Ordering::Relaxed),
        refused.load(Ordering::Relaxed),
        start.elapsed().as_secs_f64(),
        machine::peak_resident().saturating_sub(before) >> 20,
    );
    client.close();
}

/// 100 000 calls that nobody answers.
fn timeouts(peer: &Peer, what: &str, timeout: impl Fn(u32) -> Duration) {
    const CALLS: u32 = 100_000;
    let client = login(options(peer.ports.silent));
    let noted = Arc::new(Mutex::new((Samples::new(1), 0)));
    let (ended, all_ended) = mpsc::channel::<()>();
    for i in 0..CALLS {
        let (noted, ended) = (noted.clone(), ended.clone());
        let timeout = timeout(i);
        let due = Instant::now() + timeout;
        client.send_chat(TO, "", "", None, timeout, move |_, _| {
            let _until_it_returns = ended;
            let now = Instant::now();
            let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
            noted.0.took(now.saturating_duration_since(due));
            noted.1 += u32::from(now < due);
        });
    }
    drop(ended);
    // Ends when the last closure is gone.
    let _ = all_ended.recv();
    let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
    let (samples, early) = &mut *noted;
    let [p50, p99, worst] = samples.percentiles([0.5, 0.99, 1.0]).map(|us| us / 1e3);
    println!(
        "Timeouts of {CALLS} calls, {what}: late by {p50:.2} ms (p50), {p99:.2} ms (p99), {worst:.2} ms (most); {early} early."
    );
    client.close();
}
