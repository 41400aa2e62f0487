//! `rtm-gate`: the local gate as a program. `docs/gate.md` is its manual.

#![deny(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

mod args;
mod logger;
mod status;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rtm_client::gate::Gate;
use signal_hook::consts::TERM_SIGNALS;
use signal_hook::flag;

use self::args::{Args, Command};
use self::status::Status;

/// How often the program looks whether it is to end.
const TICK: Duration = Duration::from_millis(50);

fn main() -> ExitCode {
    let args = match args::parse(std::env::args_os()) {
        Ok(Command::Run(args)) => args,
        Ok(Command::Say(text)) => {
            say(&text);
            return ExitCode::SUCCESS;
        }
        Err(expected) => {
            logger::say(&format!("rtm-gate: {expected}; see --help"));
            return ExitCode::from(2);
        }
    };
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            logger::say(&format!("rtm-gate: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> io::Result<()> {
    logger::start(args.log);
    // Before anything listens: whoever sees the gate may also stop it.
    let stop = Arc::new(AtomicBool::new(false));
    for signal in TERM_SIGNALS {
        flag::register(*signal, Arc::clone(&stop))?;
    }
    #[cfg(unix)] // the terminal is gone
    flag::register(signal_hook::consts::SIGHUP, Arc::clone(&stop))?;
    let gate = start(args)?;
    introduce(&gate, args);
    let mut status = Status::new();
    let mut saved = String::new();
    let mut save_at = Instant::now() + args.snapshot_interval;
    let mut show_at = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let until_saved = save_at.saturating_duration_since(Instant::now());
        thread::sleep(if args.snapshot.is_some() { until_saved.min(TICK) } else { TICK });
        if gate.has_stopped() {
            return Err(io::Error::other("the gate has stopped"));
        }
        let now = Instant::now();
        if now >= show_at {
            status.show(&gate.counters());
            show_at = now + Duration::from_secs(1);
        }
        if let (Some(path), true) = (&args.snapshot, now >= save_at) {
            if let Err(error) = save(&gate, path, &mut saved) {
                logger::say(&format!("rtm-gate: {error}; trying again"));
            }
            save_at = Instant::now() + args.snapshot_interval;
        }
    }
    status.end();
    match &args.snapshot {
        Some(path) => save(&gate, path, &mut saved),
        None => Ok(()),
    }
}

fn start(args: &Args) -> io::Result<Gate> {
    let mut builder = args.builder()?;
    // What was there before goes on; a seed is for the first time.
    let snapshot = args.snapshot.as_deref().filter(|path| path.exists());
    if let Some(path) = snapshot.or(args.seed.as_deref()) {
        let json = args::read(path)?;
        // Reading it alone first tells what is wrong with the file from what is wrong with the rest.
        Gate::builder().seed(json.as_str()).start().map_err(|error| about(path, &error))?;
        // What is no snapshot is not overwritten with one.
        if snapshot.is_some() && !has_version(&json) {
            return Err(about(path, &io::Error::other("no snapshot: it has no `version`")));
        }
        builder = builder.seed(json);
    }
    let gate = builder.start()?;
    for fault in &args.faults {
        let named = |error| {
            io::Error::new(io::ErrorKind::InvalidInput, format!("--fault {fault}: {error}"))
        };
        gate.faults().set_json(fault).map_err(named)?;
    }
    Ok(gate)
}

fn has_version(json: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(json).is_ok_and(|json| json.get("version").is_some())
}

/// Saves what has changed.
fn save(gate: &Gate, path: &Path, saved: &mut String) -> io::Result<()> {
    let now = gate.snapshot();
    if now != *saved {
        gate.save(path).map_err(|error| about(path, &error))?;
        *saved = now;
    }
    Ok(())
}

fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn introduce(gate: &Gate, args: &Args) {
    let mut lines =
        format!("rtm-gate {}, for development and tests only\n", env!("CARGO_PKG_VERSION"));
    let mut line = |name: &str, value: &str| lines.push_str(&format!("{name:10} {value}\n"));
    line("gate", &gate.url());
    line("file gate", &gate.file_endpoint());
    if let Some(endpoint) = for_javascript(&gate.endpoint(), &gate.file_endpoint(), 13461) {
        line("JavaScript", &format!("endpoint {endpoint}"));
    }
    if let Some(url) = gate.page_url() {
        line("page", &url);
    }
    if let (Some(endpoint), Some(files)) = (gate.tls_endpoint(), gate.tls_file_endpoint()) {
        line("TLS gate", &format!("wss://{endpoint}/service/websocket"));
        line("TLS files", &files);
        if let Some(endpoint) = for_javascript(&endpoint, &files, 13462) {
            line("JavaScript", &format!("ssl_endpoint {endpoint}"));
        }
        let certificate = gate.certificate().filter(|_| !args.has_certificate());
        lines.push_str(certificate.unwrap_or_default());
    }
    lines.push_str(&format!("pid        {}\n", gate.pid()));
    say(&lines);
    let addresses = [Some(gate.endpoint()), Some(gate.file_endpoint()), gate.tls_endpoint()];
    let page = gate.page_url().map(|url| url.replace("http://", "").replace('/', ""));
    for address in addresses.into_iter().chain([gate.tls_file_endpoint(), page]).flatten() {
        if address.parse().is_ok_and(|address: SocketAddr| !address.ip().is_loopback()) {
            logger::say(&format!(
                "rtm-gate: warning: {address} can be reached from other machines, by whoever finds it"
            ));
        }
    }
}

/// How a page on this machine is to call that address: the SDK sends files to `fileproxy-HOST`, so that only a name leads
/// there, and always to the same port.
fn for_javascript(gate: &str, files: &str, file_port: u16) -> Option<String> {
    let (gate, files): (SocketAddr, SocketAddr) = (gate.parse().ok()?, files.parse().ok()?);
    let here = |address: SocketAddr| address.ip().is_loopback() || address.ip().is_unspecified();
    let endpoint = here(gate).then(|| format!("rtm.localhost:{}", gate.port()))?;
    if here(files) && files.port() == file_port {
        return Some(endpoint);
    }
    Some(format!("{endpoint}, without files: the SDK sends them to port {file_port} here"))
}

/// On standard output. That nobody reads it is no reason to end.
fn say(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
