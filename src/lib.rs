// The front page is the README. Its links lead to files; here the same names lead to the items, for the first
// definition of a link counts.
//! [get_p2p_chat]: RtmClient::get_p2p_chat
//! [channel]: reply::channel
//! [Body]: types::Body
//! [Callbacks]: Callbacks::Manual
//! [ClientOptions]: ClientOptions
//! [WeakClient]: WeakClient
//! [error_code]: error_code
#![cfg_attr(feature = "gate", doc = "[gate]: gate")]
//! [calls]: https://docs.rs/crate/rtm-client/latest/source/tests/behaviour/calls.rs
//! [session_tests]: https://docs.rs/crate/rtm-client/latest/source/tests/behaviour/session.rs
//! [heal_tests]: https://docs.rs/crate/rtm-client/latest/source/tests/heal/resume.rs
//! [history]: https://docs.rs/crate/rtm-client/latest/source/src/types/history.rs
//! [exactly_once]: https://docs.rs/crate/rtm-client/latest/source/tests/exactly_once.rs
//! [addresses]: https://docs.rs/crate/rtm-client/latest/source/tests/heavy/network/addresses.rs
//! [tls_tests]: https://docs.rs/crate/rtm-client/latest/source/tests/heavy/network/tls.rs
//! [backpressure]: https://docs.rs/crate/rtm-client/latest/source/tests/backpressure.rs
//! [walks]: https://docs.rs/crate/rtm-client/latest/source/tests/api/history.rs
//! [gate_tests]: https://docs.rs/crate/rtm-client/latest/source/tests/gate/conversations.rs
//! [proxies]: https://docs.rs/crate/rtm-client/latest/source/tests/heavy/network/proxies.rs
//! [changelog]: https://docs.rs/crate/rtm-client/latest/source/CHANGELOG.md
//! [porting]: https://docs.rs/crate/rtm-client/latest/source/docs/porting.md
//! [every_call]: https://docs.rs/crate/rtm-client/latest/source/docs/calls.md
//! [architecture]: https://docs.rs/crate/rtm-client/latest/source/docs/architecture.md
//! [performance]: https://docs.rs/crate/rtm-client/latest/source/docs/performance.md
//! [reliability]: https://docs.rs/crate/rtm-client/latest/source/docs/reliability.md
//! [security]: https://docs.rs/crate/rtm-client/latest/source/docs/security.md
//! [examples]: https://docs.rs/crate/rtm-client/latest/source/examples/
//! [license]: https://docs.rs/crate/rtm-client/latest/source/LICENSE
//!
#![doc = include_str!("../README.md")]
#![deny(missing_docs, missing_debug_implementations)]
#![forbid(unsafe_code)]
// Nothing that comes from the network may end a thread: exceptions are argued where they stand.
#![cfg_attr(
    not(test),
    deny(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

#[cfg(all(test, not(feature = "unit")))]
compile_error!("the library's own tests are compiled in tests/heavy: cargo test --test unit");

/// The programs in the pages below `docs`, which run with the documentation's own.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../docs/porting.md")]
    mod porting {}
    #[doc = include_str!("../docs/recipes/catch-up.md")]
    mod catch_up {}
    #[doc = include_str!("../docs/recipes/resend.md")]
    mod resend {}
    #[doc = include_str!("../docs/recipes/first-login.md")]
    mod first_login {}
    #[doc = include_str!("../docs/recipes/graceful-shutdown.md")]
    mod graceful_shutdown {}
    #[doc = include_str!("../docs/recipes/gui-loop.md")]
    mod gui_loop {}
    #[doc = include_str!("../docs/recipes/testing.md")]
    mod testing {}
    #[doc = include_str!("../docs/recipes/tokens.md")]
    mod tokens {}
}

/// What the compiler says no to.
///
/// Settings that go nowhere:
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// let options = rtm_client::ClientOptions::new(1);
/// options.clone().endpoint("rtm.example:13321");
/// ```
///
/// A walk that nobody makes:
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// use rtm_client::{ClientOptions, RtmClient, types::HistoryRange};
/// let client = RtmClient::new(ClientOptions::new(1));
/// client.p2p_history(2, HistoryRange::chats());
/// ```
#[cfg(doctest)]
mod refused {}

#[cfg(feature = "gate")]
#[doc(hidden)]
#[allow(missing_docs, reason = "it is there for the examples of the documentation alone")]
pub mod doctest;
pub mod error_code;
#[cfg(feature = "gate")]
pub mod gate;
pub mod reply;
pub mod types;

mod api;
mod catch_up;
mod client;
mod clocks;
mod dial;
mod engine;
mod error;
mod events;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
#[allow(missing_docs, reason = "it is there for the fuzz targets alone")]
pub mod fuzz;
mod guard;
mod listeners;
mod options;
mod pending;
mod push;
mod resume;
mod session;
mod stats;
#[cfg(test)]
mod testing;
mod time;
mod wire;

/// The version of this crate, such as `0.1.0`: for a log, or for what a program says of itself.
///
/// ```
/// println!("rtm-client {}", rtm_client::VERSION);
/// assert_eq!(rtm_client::VERSION.split('.').count(), 3);
/// ```
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

pub use api::History;
pub use client::{RtmClient, WeakClient};
pub use error::{Delivery, Error, SendError};
pub use error_code::kind::ErrorKind;
pub use events::{ConnectionState, TokenSlot, TokenWanted};
pub use listeners::{Event, ListenerId};
pub use options::{
    Callbacks, CatchUp, ClientOptions, LoginOptions, LoginToken, RegressiveStrategy,
};
pub use push::{Processor, server_push};
pub use stats::Stats;
