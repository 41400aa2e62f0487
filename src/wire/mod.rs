//! What goes over the wire, as pure functions: FPNN packages, their MessagePack payloads, answers.
//!
//! Invariant: nothing in here touches a socket, a thread or a clock.

pub(crate) mod answer;
pub(crate) mod package;
pub(crate) mod payload;
pub(crate) mod values;
