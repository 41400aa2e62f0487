//! The way to the gate, over real sockets: TLS, proxies, addresses, and what a bad network does to it.

#![cfg(feature = "tls")]

#[path = "../../common/mod.rs"]
mod common;

mod addresses;
mod alive;
mod closing;
mod frames;
mod loggers;
#[cfg(target_os = "linux")]
mod namespaces;
mod proxies;
mod tls;
mod trouble;
mod unsent;
mod upgrades;
mod words;

use std::time::Duration;

use common::DEADLINE;
use common::certificates;
use common::record::{Event, Record};
use rtm_client::{ClientOptions, RtmClient};

/// Logs a new client in; the end of it is in the record.
fn login(options: ClientOptions) -> (RtmClient, Record) {
    let client = RtmClient::new(options);
    let record = Record::of(&client);
    client.login(common::UID, "token", record.login(), DEADLINE);
    (client, record)
}

/// Waits for a login to fail with 20012, and returns what the error event says.
#[track_caller]
fn refused(client: &RtmClient, record: &Record) -> String {
    let said = record.expect_error(20012);
    record.expect_login(false, 20012);
    assert_eq!(record.rest(client), []);
    said
}

/// Closes the client: nothing but that happened.
#[track_caller]
fn done(client: &RtmClient, record: &Record) {
    assert_eq!(record.rest(client), [Event::Closed(0)]);
}

/// Long enough for bytes before and after to arrive in two reads; nothing depends on it.
fn pause() {
    std::thread::sleep(Duration::from_micros(200));
}
