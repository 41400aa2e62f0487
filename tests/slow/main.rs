//! Callbacks that take long, and what goes on meanwhile: everything but the callbacks behind them.
//!
//! These tests look at the threads of the process, so they run one after the other.

#![cfg(target_os = "linux")]

#[path = "../common/mod.rs"]
mod common;

mod endings;
mod idle;
mod load;
mod manual;
mod neighbours;

use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};

use common::package::server_time;
use common::peer::Connection;
use common::{DEADLINE, client_threads, eventually};
use rtm_client::RtmClient;

/// The thread that runs callbacks.
const CALLBACKS: &str = "rtm-io";

static ALONE: Mutex<()> = Mutex::new(());

/// One test at a time, and no client thread before it.
fn alone() -> MutexGuard<'static, ()> {
    let guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    no_threads();
    guard
}

#[track_caller]
fn no_threads() {
    eventually("no thread of a client", || client_threads().is_empty());
}

/// The names of the client threads, in order.
fn threads() -> Vec<String> {
    let mut names = client_threads();
    names.sort();
    names
}

/// A thread that has just begun still has the name of the one that began it.
#[track_caller]
fn threads_are(expected: &[&str]) {
    eventually(&format!("the threads are {expected:?}"), || threads() == expected);
}

fn thread_name() -> String {
    std::thread::current().name().unwrap_or_default().to_owned()
}

/// A callback that goes on until this is dropped.
struct Held {
    _release: Sender<()>,
}

/// Has a callback do that, and then hold its thread. Returns when it holds it.
fn hold_after(
    client: &RtmClient,
    connection: &mut Connection,
    first: impl FnOnce() + Send + 'static,
) -> Held {
    let (sender, holds) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    client.get_server_time(None, move |_, _| {
        first();
        sender.send(thread_name()).expect("the test waits");
        let _ = released.recv();
    });
    let quest = connection.quest("getservertime");
    connection.answer(&quest, &server_time(1));
    assert_eq!(holds.recv_timeout(DEADLINE).as_deref(), Ok(CALLBACKS));
    Held { _release: release }
}

/// The same for a callback that does nothing else.
fn hold(client: &RtmClient, connection: &mut Connection) -> Held {
    hold_after(client, connection, || ())
}
