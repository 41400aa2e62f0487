//! What the engine costs, beside a floor that does the same by hand. `docs/performance.md` says how to read it.
//!
//! `cargo bench --bench engine -- [--quick] [--json FILE] [--only ws|wss|limits] [--client callback|wait|thread]
//! [--callers 1|4] [--in-flight N]`

// The other benchmark uses the rest of it.
#[allow(dead_code)]
#[path = "../counting.rs"]
mod counting;

mod calls;
mod floor;
mod limits;
mod machine;
mod measure;
mod peer;
mod quest;
mod report;
mod tls;

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use rtm_client::{ClientOptions, RtmClient};

use calls::Caller;
use counting::Counting;
use floor::Floor;
use measure::{Samples, measure};
#[cfg(feature = "tls")]
use peer::Ports;
use peer::{Orders, Peer};
use report::{Row, median};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const WINDOWS: [usize; 4] = [1, 64, 1024, 16384];
const CALLERS: [usize; 2] = [1, 4];

/// How much is measured.
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    pub(crate) cell: Duration,
    pub(crate) stuck_for: Duration,
    pub(crate) idle_for: Duration,
    pub(crate) pushes: u32,
}

const QUICK: Effort = Effort {
    rounds: 3,
    cell: Duration::from_millis(150),
    stuck_for: Duration::from_secs(2),
    idle_for: Duration::from_secs(2),
    pushes: 300_000,
};
const FULL: Effort = Effort {
    rounds: 5,
    cell: Duration::from_millis(500),
    stuck_for: Duration::from_secs(10),
    idle_for: Duration::from_secs(10),
    pushes: 2_000_000,
};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    if cfg!(debug_assertions) {
        println!("Built without optimisation: nothing is measured. Use cargo bench.");
        return Ok(());
    }
    let mut arguments = lexopt::Parser::from_env();
    let (mut effort, mut json, mut only) = (&FULL, None, Only::default());
    while let Some(argument) = arguments.next()? {
        use lexopt::prelude::*;
        match argument {
            Long("peer") => {
                let words = arguments.raw_args()?.map(|word| word.to_string_lossy().into_owned());
                return Ok(peer::run(words)?);
            }
            Long("quick") => effort = &QUICK,
            Long("full") => effort = &FULL,
            Long("json") => json = Some(PathBuf::from(arguments.value()?)),
            Long("only") => only.part = Some(arguments.value()?.string()?),
            Long("client") => only.client = Some(arguments.value()?.string()?),
            Long("callers") => only.callers = Some(arguments.value()?.parse()?),
            Long("in-flight") => only.window = Some(arguments.value()?.parse()?),
            // What `cargo bench` adds.
            Long("bench") => {}
            _ => return Err(argument.unexpected().into()),
        }
    }
    let cpus = machine::two_cpus();
    let orders = Orders {
        cpu: cpus.map(|(_, peer)| peer),
        stuck_for: effort.stuck_for,
        pushes: effort.pushes,
    };
    let peer = Peer::start(&orders)?;
    machine::describe();
    match cpus {
        Some((client, peer)) => {
            machine::pin(client)?;
            println!("pinned  client to CPU {client}, peer to CPU {peer}");
        }
        None => println!("pinned  nothing: there is one CPU, and the figures mean little"),
    }
    println!("runs    {} of {:?} for each figure, in turn; medians", effort.rounds, effort.cell);
    let mut rows = Vec::new();
    for transport in ["ws", "wss"] {
        if wants(&only.part, &transport) {
            rows.extend(transport_rows(&peer, transport, effort, &only)?);
        }
    }
    if let Some(file) = json {
        report::write_json(&file, &rows)?;
    }
    if wants(&only.part, &"limits") {
        limits::measure(&peer, effort);
    }
    Ok(())
}

/// What is measured, if not everything.
#[derive(Default)]
struct Only {
    /// `ws`, `wss` or `limits`.
    part: Option<String>,
    /// Beside the floor.
    client: Option<String>,
    callers: Option<usize>,
    window: Option<usize>,
}

fn wants<T: PartialEq<U>, U>(only: &Option<T>, it: &U) -> bool {
    only.as_ref().is_none_or(|only| only == it)
}

/// Options for that port of the peer.
pub(crate) fn options(port: u16) -> ClientOptions {
    ClientOptions::new(1).endpoint(format!("127.0.0.1:{port}")).max_ping_interval_seconds(86_400)
}

/// The client under test.
#[cfg(feature = "tls")]
fn our_client(peer: &Peer, transport: &str) -> Option<RtmClient> {
    let Ports { echo, echo_tls, .. } = peer.ports;
    Some(calls::login(match transport {
        "ws" => options(echo),
        _ => ClientOptions::new(1)
            .ssl_endpoint(format!("127.0.0.1:{echo_tls}"))
            .ca_certificates(peer.certificate.clone()),
    }))
}

/// Without the feature `tls` the client speaks no wss: then the floor is measured alone.
#[cfg(not(feature = "tls"))]
fn our_client(peer: &Peer, transport: &str) -> Option<RtmClient> {
    (transport == "ws").then(|| calls::login(options(peer.ports.echo)))
}

fn transport_rows(
    peer: &Peer,
    transport: &'static str,
    effort: &Effort,
    only: &Only,
) -> Outcome<Vec<Row>> {
    let client = our_client(peer, transport);
    if client.is_none() {
        println!("\n{transport}: the client is built without the feature tls; the floor alone");
    }
    let mut floor = Floor::connect(peer, transport == "wss")?;
    report::head(transport);
    let mut rows = Vec::new();
    let timer_slept = machine::sleeps("rtm-timer");
    let mut made = 0;
    for callers in CALLERS.into_iter().filter(|callers| wants(&only.callers, callers)) {
        for window in WINDOWS.into_iter().filter(|window| wants(&only.window, window)) {
            let cell = Cell { transport, callers, window };
            let measured = cell.measure(&mut floor, client.as_ref(), effort, only, &mut made)?;
            report::lines(&measured);
            rows.extend(measured);
        }
    }
    if client.is_some() {
        let woken = machine::sleeps("rtm-timer") - timer_slept;
        println!("The timer thread woke up {woken} times in {made} calls.");
    }
    Ok(rows)
}

/// One line of the table for each client.
struct Cell {
    transport: &'static str,
    callers: usize,
    /// Calls in flight for each caller; the floor keeps as many as all callers together.
    window: usize,
}

impl Cell {
    fn measure(
        &self,
        floor: &mut Floor,
        client: Option<&RtmClient>,
        effort: &Effort,
        only: &Only,
        made: &mut u64,
    ) -> Outcome<Vec<Row>> {
        let Cell { transport, callers, window } = *self;
        // Calls made by closures come from one thread, the one that runs closures.
        let ours: &[(&'static str, Caller)] = match callers {
            1 => &[("callback", calls::callback), ("wait", calls::wait), ("thread", calls::thread)],
            _ => &[("callback", calls::thread), ("wait", calls::wait)],
        };
        let mut ours = ours.to_vec();
        ours.retain(|(name, _)| client.is_some() && wants(&only.client, name));
        let mut floors = Vec::new();
        let mut runs: Vec<Vec<_>> = ours.iter().map(|_| Vec::new()).collect();
        // The first round warms up.
        for round in 0..=effort.rounds {
            let time = if round == 0 { effort.cell / 4 } else { effort.cell };
            let mut samples = [Samples::new(window)];
            let (tally, figures) = measure(time, &mut samples, |until, [samples]| {
                floor.run(callers * window, until, samples)
            });
            let bytes_each = tally.bytes_each;
            floors.push(figures);
            for ((name, call), runs) in ours.iter().zip(&mut runs) {
                let Some(client) = client else { continue };
                let mut samples: Vec<_> = (0..callers).map(|_| Samples::new(window)).collect();
                let (tally, figures) = measure(time, &mut samples, |until, samples| {
                    let one = |samples: &mut _| call(client, window as u64, until, samples);
                    calls::on_threads(samples, one)
                });
                runs.push(figures);
                *made += tally.answered;
                if tally.failed > 0 {
                    return Err(format!("{} calls of {name} failed", tally.failed).into());
                }
                if tally.bytes_each != bytes_each {
                    return Err(format!("{name} does not send what the floor sends").into());
                }
            }
        }
        let floor = median(&floors[1..]);
        let names = std::iter::once("floor").chain(ours.iter().map(|(name, _)| *name));
        let figures = std::iter::once(floor).chain(runs.iter().map(|runs| median(&runs[1..])));
        let row = |(client, figures)| Row {
            client,
            transport,
            callers,
            in_flight: window,
            figures,
            floor,
        };
        Ok(names.zip(figures).map(row).collect())
    }
}
