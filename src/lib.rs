//! Synchronous client for the LiveData RTM chat service.

pub mod error_code;
#[cfg(feature = "gate")]
pub mod gate;
pub mod reply;
pub mod types;

mod api;
mod client;
mod engine;
mod error;
mod options;
mod push;
mod session;
mod wire;

pub use client::{RtmClient, WeakClient};
pub use error::{Error, ErrorKind, SendError};
pub use options::{ClientOptions, RegressiveStrategy};
pub use push::{Event, ListenerId, Processor, server_push};
