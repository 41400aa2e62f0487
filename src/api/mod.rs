//! The calls of the SDK, one file for each page of its documentation, and the client's own events.

mod chat;
mod data;
mod events;
mod files;
mod friends;
mod groups;
mod history;
mod messages;
mod payloads;
mod quest;
mod rooms;
mod system;
mod users;
mod value_added;

pub use history::History;
