//! The inputs and outputs of the machine.

use crate::types::{Gap, GapConversation};

/// Where messages are sent to, as the user sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Conversation {
    /// With that user.
    P2p(i64),
    Group(i64),
    Room(i64),
    Broadcast,
}

impl<M> Pushed<M> {
    /// The same with that message.
    pub(crate) fn with<N>(self, message: N) -> Pushed<N> {
        let Pushed { conversation, from, mid, mtype, mtime, bytes, message: _ } = self;
        Pushed { conversation, from, mid, mtype, mtime, bytes, message }
    }
}

/// What happened.
#[derive(Clone, Debug)]
pub(crate) enum Input<M> {
    /// The first login of a session has succeeded.
    LoggedIn,
    /// A relogin has succeeded, and these rooms are being entered again.
    LoggedInAgain {
        rooms: Vec<i64>,
    },
    Pushed(Pushed<M>),
    /// What became of a question. Not for the end of the connection, which is [`Input::Lost`].
    Answered {
        id: u32,
        answer: Result<Answer<M>, i32>,
    },
    /// By the program or after a relogin.
    RoomEntered(i64),
    /// The service did not let the user in, after a relogin.
    RoomRefused(i64),
    RoomLeft(i64),
    /// The connection is lost, and made again.
    Lost,
    /// The session is over.
    Ended,
    /// The time given by [`Machine::deadline`](super::Machine::deadline) has come.
    Due,
}

/// A message that was pushed.
#[derive(Clone, Debug)]
pub(crate) struct Pushed<M> {
    pub(crate) conversation: Conversation,
    pub(crate) from: i64,
    pub(crate) mid: i64,
    pub(crate) mtype: i64,
    pub(crate) mtime: i64,
    /// What it takes to hold it.
    pub(crate) bytes: usize,
    pub(crate) message: M,
}

#[derive(Clone, Debug)]
pub(crate) enum Answer<M> {
    /// In milliseconds.
    ServerTime(i64),
    Unread(Vec<Unread>),
    Page(Vec<Row<M>>),
}

/// A conversation with unread messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unread {
    pub(crate) conversation: Conversation,
    pub(crate) count: i64,
    /// Row and time of its newest message, whoever sent it, if the list shows it.
    pub(crate) last: Option<(i64, i64)>,
}

/// A row of a history.
#[derive(Clone, Debug)]
pub(crate) struct Row<M> {
    pub(crate) id: i64,
    pub(crate) from: i64,
    pub(crate) mid: i64,
    pub(crate) mtime: i64,
    /// Whether the user sent it.
    pub(crate) own: bool,
    pub(crate) deleted: bool,
    /// Whether its attrs name the user under `excludedUids`.
    pub(crate) excluded: bool,
    pub(crate) message: M,
}

/// What to do now, in this order.
#[derive(Clone, Debug)]
pub(crate) enum Output<M> {
    Ask { id: u32, question: Question },
    HandOver(M),
    Gap(Gap),
}

/// What the service is asked. Lists and pages are asked for the types of the options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// `getservertime`.
    ServerTime,
    /// `getunreadconversationlist` with `clear` false.
    Unread { mtime: i64 },
    /// The history of the conversation, [`PAGE_ROWS`](super::PAGE_ROWS) rows, oldest first, without an end.
    Page { conversation: Conversation, begin: i64, lastid: i64 },
}

impl From<Conversation> for GapConversation {
    fn from(conversation: Conversation) -> GapConversation {
        match conversation {
            Conversation::P2p(peer) => GapConversation::P2p(peer),
            Conversation::Group(gid) => GapConversation::Group(gid),
            Conversation::Room(rid) => GapConversation::Room(rid),
            Conversation::Broadcast => GapConversation::Broadcast,
        }
    }
}
