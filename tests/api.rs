//! Every call against the local gate, and what comes of it.

#[path = "api/chat.rs"]
mod chat;
#[path = "api/client.rs"]
mod client;
#[path = "api/conversation.rs"]
mod conversation;
#[path = "api/files.rs"]
mod files;
#[path = "api/friends.rs"]
mod friends;
#[path = "api/groups.rs"]
mod groups;
#[path = "api/history.rs"]
mod history;
#[path = "api/messages.rs"]
mod messages;
#[path = "api/quest.rs"]
mod quest;
#[path = "api/rooms.rs"]
mod rooms;
#[path = "api/support.rs"]
mod support;
#[path = "api/system.rs"]
mod system;
#[path = "api/users.rs"]
mod users;
#[path = "api/value_added.rs"]
mod value_added;
