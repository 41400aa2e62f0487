//! The data on the wire, as pure functions: WebSocket frames, FPNN packages, their payloads, answers.
//!
//! Invariant: nothing in here touches a socket, a thread or a clock.

pub(crate) mod answer;
pub(crate) mod frame_buffer;
pub(crate) mod frames;
pub(crate) mod outgoing;
pub(crate) mod package;
pub(crate) mod payload;
pub(crate) mod values;

/// The URL of a gate at that address.
pub(crate) fn gate_url(scheme: &str, address: &str) -> String {
    format!("{scheme}://{address}/service/websocket")
}
