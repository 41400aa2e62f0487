//! Synchronous client for the LiveData RTM chat service.

#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod error_code;
#[cfg(feature = "gate")]
pub mod gate;
pub mod reply;
pub mod types;

mod api;
mod client;
mod engine;
mod error;
mod events;
mod listeners;
mod options;
mod push;
mod session;
mod wire;

pub use api::History;
pub use client::{RtmClient, WeakClient};
pub use error::{Error, ErrorKind, SendError};
pub use listeners::{Event, ListenerId};
pub use options::{Callbacks, ClientOptions, LoginOptions, RegressiveStrategy};
pub use push::{Processor, server_push};
