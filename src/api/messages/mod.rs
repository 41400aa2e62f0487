//! The Messages page.

mod history;
mod send;
mod unread;
