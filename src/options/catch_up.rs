//! Options for messages that others sent while the connection was lost.

use std::borrow::Borrow;

use super::ClientOptions;
use crate::types::{ids, mtype};

/// The settings for fetching messages that were sent to the user while the connection was lost: see
/// [`ClientOptions::catch_up`].
///
/// ```
/// use rtm_client::{CatchUp, ClientOptions, RtmClient};
///
/// // At most 100 messages of each conversation, and those of the program's own types 66 and 67 besides chats and files.
/// let options = ClientOptions::new(11000001)
///     .endpoint("rtm.example:13321")
///     .catch_up(CatchUp::new().max_messages(100).mtypes([66, 67]));
/// let client = RtmClient::new(options);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "it does nothing until options have it"]
pub struct CatchUp {
    pub(crate) max_messages: usize,
    /// The types covered, each once.
    pub(crate) mtypes: Vec<i64>,
}

impl CatchUp {
    /// At most 500 messages of each conversation, of the types 30 to 50.
    ///
    /// ```
    /// use rtm_client::{CatchUp, ClientOptions};
    ///
    /// let options = ClientOptions::new(11000001).endpoint("rtm.example:13321").catch_up(CatchUp::new());
    /// ```
    pub fn new() -> CatchUp {
        CatchUp { max_messages: 500, mtypes: (mtype::CHAT..=mtype::FILE).collect() }
    }

    /// The largest number of messages of each conversation to fetch after an outage. Default 500. If there are more, the
    /// oldest messages come, and a [`Gap`](crate::types::Gap) stands for the others.
    ///
    /// ```
    /// use rtm_client::CatchUp;
    ///
    /// let brief = CatchUp::new().max_messages(20);
    /// ```
    pub fn max_messages(self, n: usize) -> CatchUp {
        CatchUp { max_messages: n, ..self }
    }

    /// Adds message types to the types that are fetched. Default 30 to 50: chats, commands and files, the types that the
    /// service counts as unread.
    ///
    /// ```
    /// use rtm_client::CatchUp;
    ///
    /// let with_moves = CatchUp::new().mtypes([66]);
    /// ```
    pub fn mtypes(self, list: impl IntoIterator<Item = impl Borrow<i64>>) -> CatchUp {
        let mut mtypes = self.mtypes;
        for mtype in ids(list) {
            if !mtypes.contains(&mtype) {
                mtypes.push(mtype);
            }
        }
        CatchUp { mtypes, ..self }
    }
}

impl Default for CatchUp {
    fn default() -> CatchUp {
        CatchUp::new()
    }
}

impl ClientOptions {
    /// Fetches messages that were sent to the user while the connection was lost, after the relogin. By default, and with
    /// `None`, the client does not fetch them.
    ///
    /// The messages come to the same handlers as pushed messages, each once and in order, before newer messages of the
    /// same conversation; [`caught_up`](crate::types::PushMessage::caught_up) marks them. The option covers other users,
    /// groups, broadcasts, and the rooms that [`resume_rooms`](Self::resume_rooms) enters again, from the first login of
    /// the session on. Messages from before that login, or after [`bye`](crate::RtmClient::bye) or
    /// [`close`](crate::RtmClient::close), are in the histories only. Messages that cannot be fetched are reported to
    /// [`on_gap`](crate::RtmClient::on_gap): the service keeps some messages of each conversation, for some days.
    ///
    /// The option costs one call at the first login and at the first entering of a room; after a relogin one call for the
    /// service's time, one more if rooms are entered again, one for the list of conversations, and then, one after
    /// another, one for every page of up to 20 messages. Fetched chat is not translated. New pushes of a conversation wait until its missed messages have come; at more than 4 MiB of
    /// waiting pushes in all, the client reports a gap instead.
    ///
    /// If the project allows a user one room at a time, leave a room before entering the next. Otherwise the client
    /// enters the first room again after a relogin, leaves it for the next, and reports a gap for it.
    ///
    /// Two losses cannot be known, and no gap reports them: messages that the service had forgotten, in a conversation of
    /// which the client has received no message, or none since a gap; and messages that were deleted meanwhile.
    ///
    /// ```
    /// use rtm_client::{CatchUp, server_push};
    /// # use rtm_client::doctest::*; let gate = gate();
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).catch_up(CatchUp::new());
    /// let client = RtmClient::new(options);
    /// # log_in(&client); let other = user(&gate, 2);
    /// let (sender, messages) = std::sync::mpsc::channel();
    /// client.processor().on(server_push::RECV_CHAT, move |m| sender.send((m.msg.to_string(), m.caught_up)).unwrap());
    /// client.on_gap(|gap| println!("ask for the history: {gap:?}"));
    /// # settle(&client);
    ///
    /// gate.faults().on("pushmsg").next(1).never_answer(); // lost on its way
    /// other.send_chat(1, "hello", "", None, None, reply::ignore);
    /// # assert!(gate.wait_until(Duration::from_secs(5), |gate| gate.faults().struck() == 1));
    /// gate.faults().on("getservertime").next(1).close(); // and so is the connection
    /// client.get_server_time(None, reply::ignore);
    /// assert_eq!(messages.recv()?, ("hello".to_owned(), true));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn catch_up(self, catch_up: impl Into<Option<CatchUp>>) -> Self {
        ClientOptions { catch_up: catch_up.into(), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chats_and_files_and_what_is_added_each_once() {
        assert_eq!(CatchUp::new().mtypes, (30..=50).collect::<Vec<_>>());
        let more = CatchUp::new().mtypes([66, 30, 66, 7]);
        assert_eq!(more.mtypes[21..], [66, 7]);
        assert_eq!((CatchUp::new().max_messages, more.max_messages(3).max_messages), (500, 3));
    }
}
