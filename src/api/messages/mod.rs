//! The Messages page.

mod by_id;
mod count;
mod history;
mod moderated;
mod send;
mod unread;
