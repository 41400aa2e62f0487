//! The client through its public API, over real sockets, against a peer whose every step the test decides.

#[path = "../common/mod.rs"]
mod common;

mod blocking;
mod calls;
mod login;
mod manual;
mod packages;
mod panics;
mod reentry;
mod session;
mod stats;
