// The front page is the README. Its links lead to files; here the same names lead to the items, for the first
// definition of a link counts.
//! [channel]: reply::channel
//! [result]: reply::result
//! [Callbacks]: Callbacks::Manual
//! [WeakClient]: WeakClient
//! [Error]: Error
//! [delivery]: SendError::delivery
//! [error_code]: error_code
#![cfg_attr(feature = "gate", doc = "[gate]: gate")]
#![doc = concat!("[gate_page]: https://docs.rs/crate/rtm-client/", env!("CARGO_PKG_VERSION"), "/source/docs/gate.md")]
#![doc = concat!("[recipes]: https://docs.rs/crate/rtm-client/", env!("CARGO_PKG_VERSION"), "/source/docs/recipes/README.md")]
#![doc = concat!("[changelog]: https://docs.rs/crate/rtm-client/", env!("CARGO_PKG_VERSION"), "/source/CHANGELOG.md")]
#![doc = concat!("[upgrading]: https://docs.rs/crate/rtm-client/", env!("CARGO_PKG_VERSION"), "/source/docs/upgrading.md")]
#![doc = concat!("[porting]: https://docs.rs/crate/rtm-client/", env!("CARGO_PKG_VERSION"), "/source/docs/porting.md")]
#![doc = concat!("[every_call]: https://docs.rs/crate/rtm-client/", env!("CARGO_PKG_VERSION"), "/source/docs/calls.md")]
#![doc = concat!("[architecture]: https://docs.rs/crate/rtm-client/", env!("CARGO_PKG_VERSION"), "/source/docs/architecture.md")]
#![doc = concat!("[performance]: https://docs.rs/crate/rtm-client/", env!("CARGO_PKG_VERSION"), "/source/docs/performance.md")]
#![doc = concat!("[reliability]: https://docs.rs/crate/rtm-client/", env!("CARGO_PKG_VERSION"), "/source/docs/reliability.md")]
#![doc = concat!("[security]: https://docs.rs/crate/rtm-client/", env!("CARGO_PKG_VERSION"), "/source/docs/security.md")]
#![doc = concat!("[chinese]: https://docs.rs/crate/rtm-client/", env!("CARGO_PKG_VERSION"), "/source/docs/zh/README.md")]
#![doc = concat!("[license]: https://docs.rs/crate/rtm-client/", env!("CARGO_PKG_VERSION"), "/source/LICENSE")]
// Pictures, which documentation cannot take from files.
#![doc = include_str!("../docs/pictures.txt")]
//!
#![doc = include_str!("../README.md")]
//!
//! # What each set of features brings
//!
//! The number of crates in the tree, without this crate, on Linux with x86-64; `cargo tree` lists them.
//!
//! | features | crates | C compiler |
//! | --- | --- | --- |
//! | none (`default-features = false`) | 47 | no |
//! | `tls` (default) | 60 | yes |
//! | `platform-verifier` | 63 | yes |
//! | `gate` without `tls` | 72 | yes |
//! | `gate`, `tls` | 73 | yes |
//! | all | 76 | yes |
//!
//! `ring`, which does the cryptography, needs the C compiler; when cross-compiling, a C compiler for the target. A
//! feature only adds: if any crate in the tree enables a feature, nothing changes for a program that does not use the
//! feature.
//!
//! # Platforms
//!
//! | | |
//! | --- | --- |
//! | Linux | tested, with x86-64 |
//! | Windows, macOS | compiles; no test has run there. The readiness wait (`mio`), sockets, threads, TLS and the system's resolver are portable, and nothing in the library asks for more |
//! | Android, iOS, the BSDs | expected to compile, for the same reason; not checked |
//! | WebAssembly | no: it has neither threads nor sockets |
//!
//! There is one difference: the program `rtm-gate` ends in order when its terminal is closed, but only on Unix.
#![cfg_attr(docsrs, feature(doc_cfg))]
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

/// The programs in the pages below `docs`, which run together with those of the documentation.
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

/// Programs that the compiler refuses.
///
/// Settings that are not used:
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// let options = rtm_client::ClientOptions::new(1);
/// options.clone().endpoint("rtm.example:13321");
/// ```
///
/// A walk that is not used:
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
mod calm;
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

/// The version of this crate, such as `0.2.0`: for a log, or for a version text of the program.
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
