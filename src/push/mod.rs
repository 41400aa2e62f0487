//! Pushes of the gate: decoded, filtered for duplicates, routed by mtype to the listener.

/// The events a [`Processor`] can be asked for.
pub mod server_push {}

/// Where listeners for pushes are registered.
#[derive(Debug)]
pub struct Processor {}
