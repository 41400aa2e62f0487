//! The pure part of the way to a gate, without sockets: the order and the times of the addresses, the way through a
//! proxy, the answer to the upgrade, and the words for all failures.

pub(crate) mod address;
pub(crate) mod failures;
pub(crate) mod head;
pub(crate) mod proxy;
pub(crate) mod race;
#[cfg(feature = "tls")]
pub(crate) mod tls;
pub(crate) mod tunnel;
pub(crate) mod words;
