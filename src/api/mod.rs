//! The calls of the SDK, one file a page of its documentation.

mod data;
mod friends;
mod groups;
mod rooms;
mod system;
mod users;
mod value_added;
