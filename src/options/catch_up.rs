//! Options of what is done about messages that were sent while the connection was lost.

use crate::types::mtype;

/// How messages that were sent to the user while the connection was lost are caught up with.
///
/// ```ignore
/// use rtm_client::{CatchUp, ClientOptions};
///
/// // At most 100 messages of each conversation, and those of the program's own types 66 and 67 besides chats and files.
/// let options = ClientOptions::new(11000001)
///     .endpoint("rtm.example:13321")
///     .catch_up(CatchUp::new().max_messages(100).mtypes([66, 67]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CatchUp {
    pub(crate) max_messages: usize,
    /// The types covered, each once.
    pub(crate) mtypes: Vec<i64>,
}

impl CatchUp {
    /// At most 500 messages of each conversation, of the types 30 to 50.
    ///
    /// ```ignore
    /// use rtm_client::{CatchUp, ClientOptions};
    ///
    /// let options = ClientOptions::new(11000001).endpoint("rtm.example:13321").catch_up(CatchUp::new());
    /// ```
    pub(crate) fn new() -> CatchUp {
        CatchUp { max_messages: 500, mtypes: (mtype::CHAT..=mtype::FILE).collect() }
    }

    /// How many messages of each conversation are caught up with after an outage. Default 500. Where there are more, the
    /// oldest come, and a [`Gap`](crate::types::Gap) tells of the others.
    ///
    /// ```ignore
    /// use rtm_client::CatchUp;
    ///
    /// let brief = CatchUp::new().max_messages(20);
    /// ```
    pub(crate) fn max_messages(mut self, n: usize) -> CatchUp {
        self.max_messages = n;
        self
    }

    /// Adds message types to those caught up with. Default 30 to 50: chats, commands and files, which is what the service
    /// counts as unread.
    ///
    /// ```ignore
    /// use rtm_client::CatchUp;
    ///
    /// let with_moves = CatchUp::new().mtypes([66]);
    /// ```
    pub(crate) fn mtypes(mut self, list: impl IntoIterator<Item = i64>) -> CatchUp {
        for mtype in list {
            if !self.mtypes.contains(&mtype) {
                self.mtypes.push(mtype);
            }
        }
        self
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
