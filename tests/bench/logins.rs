//! How long a login takes where the first address is that of a gate: by a literal address, and by a name.
//!
//! `cargo bench --bench logins [-- ADDRESS]` prints the median of 100 logins of each over loopback, to the `rtm-gate` at that
//! address or to a gate of its own.

use std::time::{Duration, Instant};

use rtm_client::gate::Gate;
use rtm_client::{ClientOptions, RtmClient, reply};

const LOGINS: usize = 100;
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let gate = Gate::builder().start()?;
    let given = std::env::args().skip(1).find(|arg| !arg.starts_with("--"));
    let address = given.unwrap_or(gate.endpoint());
    let (_, port) = address.rsplit_once(':').ok_or("no port")?;
    for (what, endpoint) in [("address", address.clone()), ("name", format!("localhost:{port}"))] {
        login(&gate, &endpoint)?;
        let mut took: Vec<_> =
            (0..LOGINS).map(|_| login(&gate, &endpoint)).collect::<Result<_, _>>()?;
        took.sort();
        println!("{what:8} p50 {:.1} µs", took[LOGINS / 2].as_secs_f64() * 1e6);
    }
    Ok(())
}

/// Logs in, and out again. How long it took to be logged in.
fn login(gate: &Gate, endpoint: &str) -> Result<Duration, rtm_client::Error> {
    let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(endpoint).no_proxy());
    let began = Instant::now();
    let (callback, reply) = reply::login();
    client.login(1, "token", callback, PATIENCE);
    reply.wait()?;
    let took = began.elapsed();
    client.close_and_wait(PATIENCE)?;
    Ok(took)
}
