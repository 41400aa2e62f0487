//! The way to a gate, as far as no socket is needed to tell: which address is tried when, the way through a proxy, the
//! answer to the upgrade, and the words for all that may go wrong. Pure.

pub(crate) mod address;
pub(crate) mod failures;
pub(crate) mod head;
pub(crate) mod proxy;
pub(crate) mod race;
#[cfg(feature = "tls")]
pub(crate) mod tls;
pub(crate) mod tunnel;
pub(crate) mod words;
