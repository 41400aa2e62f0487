//! A walk through the Chat page of the documentation.
//!
//! ```console
//! $ cargo run --example chat
//! $ cargo run --example chat -- --endpoint HOST:PORT --pid P --uid U --token T --to V
//! ```
//!
//! Without arguments it starts a gate on a free port and logs two users in. With an endpoint it talks to that gate as
//! one user; what takes a second one is skipped. It checks everything it sees and fails if anything is not as it
//! should be.

#[path = "../../src/bin/rtm-gate/logger.rs"]
mod logger;
mod options;
mod tour;
mod transcript;
mod user;

use std::error::Error;
use std::process::ExitCode;

use options::{Options, Usage};

fn main() -> ExitCode {
    // RUST_LOG=debug shows what happens underneath.
    let level = std::env::var("RUST_LOG").ok().and_then(|level| level.parse().ok());
    logger::start(level.unwrap_or(log::LevelFilter::Off));
    let options = match Options::parse() {
        Ok(options) => options,
        Err(Usage::Help) => {
            println!("{}", options::HELP);
            return ExitCode::SUCCESS;
        }
        Err(Usage::Wrong(reason)) => {
            eprintln!("{reason}\n\n{}", options::HELP);
            return ExitCode::from(2);
        }
    };
    match tour::run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nfailed: {}", in_words(&*error));
            ExitCode::FAILURE
        }
    }
}

/// The error and what it comes from, each said once.
fn in_words(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
