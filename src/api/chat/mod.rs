//! The Chat page.

mod conversation;
mod history;
mod send;
