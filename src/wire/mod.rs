//! What goes over the wire, as pure functions: FPNN packages and their MessagePack payloads.
//!
//! Invariant: nothing in here touches a socket, a thread or a clock.

pub(crate) mod package;
pub(crate) mod payload;
pub(crate) mod values;
