//! A peer that means harm. What the client does about each kind, and how much memory that may cost, is the table in
//! `docs/reliability.md`.

#![cfg(feature = "tls")]

#[path = "../common/mod.rs"]
mod common;

mod floods;
mod frames;
mod heap;
mod opening;
mod packages;
mod payloads;

use std::sync::{Mutex, MutexGuard, PoisonError};

use common::certificates;
use common::package::{Package, server_time};
use common::peer::{Connection, Peer};
use common::record::{Event, Record};
use rtm_client::{ClientOptions, RtmClient};

/// One test at a time, for they measure the memory of the process: both ends together.
static ALONE: Mutex<()> = Mutex::new(());

/// The most memory a test may add, unless it says otherwise.
const MIB: usize = 16;

/// Measures the most heap that was held.
struct Memory {
    before: usize,
    _alone: MutexGuard<'static, ()>,
}

impl Memory {
    fn measure() -> Memory {
        let guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        Memory { before: heap::begin(), _alone: guard }
    }

    #[track_caller]
    fn stays_within(&self, mib: usize) {
        let grown = heap::most().saturating_sub(self.before) >> 20;
        assert!(grown <= mib, "{grown} MiB, the bound is {mib}");
    }
}

/// A client with a call in flight, and the peer's end.
struct Scene {
    peer: Peer,
    client: RtmClient,
    record: Record,
    gate: Connection,
    /// The quest of call 1.
    quest: Package,
    memory: Memory,
}

impl Scene {
    fn new() -> Scene {
        Scene::with(|options| options)
    }

    fn with(change: impl FnOnce(ClientOptions) -> ClientOptions) -> Scene {
        let memory = Memory::measure();
        let peer = Peer::new();
        let (client, record, gate) = peer.login(change(peer.options()));
        let (gate, quest) = ask(&client, &record, gate);
        Scene { peer, client, record, gate, quest, memory }
    }

    /// The harm is done: the call in flight is answered all the same, and so is the next.
    #[track_caller]
    fn goes_on(mut self, mib: usize) {
        self.gate.answer(&self.quest, &server_time(1));
        self.record.expect_call(1, Ok(1));
        self.went_on(mib);
    }

    /// The connection goes on; nothing else was reported.
    #[track_caller]
    fn went_on(mut self, mib: usize) {
        self.record.expect_nothing(&self.client, &mut self.gate);
        self.memory.stays_within(mib);
        assert_eq!(self.record.rest(&self.client), [Event::Closed(0)]);
    }

    /// The connection ends with that code, and so does the call in flight; the next connection works. Returns what is
    /// said of it.
    #[track_caller]
    fn ends(self, code: i32, mib: usize) -> String {
        let said = self.record.expect_error(code);
        self.record.expect_call(1, Err(code));
        let mut gate = self.peer.accept_login();
        self.record.expect(Event::Relogin(true, false, 0, 1));
        self.record.expect_nothing(&self.client, &mut gate);
        self.memory.stays_within(mib);
        assert_eq!(self.record.rest(&self.client), [Event::Closed(0)]);
        said
    }
}

/// Makes call 1.
fn ask(client: &RtmClient, record: &Record, mut gate: Connection) -> (Connection, Package) {
    client.get_server_time(None, record.call(1));
    let quest = gate.quest("getservertime");
    (gate, quest)
}
