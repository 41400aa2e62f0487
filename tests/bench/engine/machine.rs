//! The machine: pinning, the CPU time of this process, and what the numbers depend on.

use std::io;
use std::process::Command;
use std::time::Duration;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

/// One CPU for the client and another one for the peer, where there are two.
pub(crate) fn two_cpus() -> Option<(usize, usize)> {
    let allowed = sched_getaffinity(None).ok()?;
    let mut cpus = (0..CpuSet::MAX_CPU).filter(|&cpu| allowed.is_set(cpu));
    Some((cpus.next()?, cpus.next()?))
}

/// From now on this thread, and every thread it starts, runs on that CPU.
pub(crate) fn pin(cpu: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(cpu);
    Ok(sched_setaffinity(None, &set)?)
}

/// The CPU time of all threads of this process, ended ones too.
pub(crate) fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// How often the threads of this process whose name starts so gave up the CPU of their own accord.
pub(crate) fn sleeps(name: &str) -> u64 {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return 0 };
    let of = |task: io::Result<std::fs::DirEntry>| {
        let path = task.ok()?.path();
        let comm = std::fs::read_to_string(path.join("comm")).ok()?;
        let status = std::fs::read_to_string(path.join("status")).ok()?;
        if !comm.starts_with(name) {
            return None;
        }
        status_field(&status, "voluntary_ctxt_switches")
    };
    tasks.filter_map(of).sum()
}

/// The most memory this process has had resident since [`forget_peak`], in bytes.
pub(crate) fn peak_resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status_field(&status, "VmHWM").unwrap_or(0) << 10
}

pub(crate) fn forget_peak() {
    // Not allowed everywhere: then the peak is the program's.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn status_field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

pub(crate) fn describe() {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    println!("CPU     {cpus} × {}", model.map_or("unknown", |(_, model)| model));
    println!("kernel  {}", read("/proc/sys/kernel/osrelease").trim());
    println!("load    {}", read("/proc/loadavg").trim());
    let rustc = Command::new("rustc").arg("-V").output();
    let rustc = rustc.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    println!("rustc   {}", rustc.unwrap_or_else(|_| "unknown".into()));
    let lock = read(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock"));
    let mut versions = vec![format!("rtm-client {}", env!("CARGO_PKG_VERSION"))];
    for package in lock.split("[[package]]") {
        let field = |name: &str| package.lines().find_map(|line| line.strip_prefix(name));
        if let (Some(name), Some(version)) = (field("name = "), field("version = ")) {
            let name = name.trim_matches('"');
            if ["tungstenite", "mio", "crossbeam-channel", "parking_lot", "rustls"].contains(&name)
            {
                versions.push(format!("{name} {}", version.trim_matches('"')));
            }
        }
    }
    println!("crates  {}", versions.join(", "));
}
