//! A whole history, page after page, for the chat and the message calls alike.

use std::fmt;
use std::iter::FusedIterator;
use std::ops::ControlFlow;

use crate::api::payloads::{HistoryQuery, history};
use crate::client::{RtmClient, WeakClient};
use crate::error::Error;
use crate::error_code::fpnn;
use crate::guard::on_callback_thread;
use crate::reply;
use crate::types::{HistoryMessage, HistoryRange, HistoryResult, P2PMessage};
use crate::wire::payload::{Fields, MapWriter};

/// A walk through a history. The walk asks for a page when the program needs the page, and not before.
///
/// The walk is an iterator for straight-line code; [`each_page`](Self::each_page) is the same with callbacks. A page with
/// fewer rows than the page size, deleted rows included, is the last one. An error ends the walk.
///
/// As an iterator the walk blocks until a page has come. Inside a callback, where the page could never come, the iterator
/// gives the error 20013 at once.
///
/// ```
/// use rtm_client::types::HistoryRange;
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// for n in 0..25 {
///     client.send_chat(2, n.to_string(), "", None, None, reply::ignore);
/// }
/// let mut seen = 0;
/// for message in client.p2p_history(2, HistoryRange::chats()) {
///     println!("{}", message?.msg);
///     seen += 1;
/// }
/// assert_eq!(seen, 25);
///
/// let mut none = client.p2p_history(3, HistoryRange::chats());
/// assert!(none.next().is_none() && none.next().is_none()); // it is fused
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "it asks for nothing before it is used"]
pub struct History<M> {
    client: RtmClient,
    walk: Walk<M>,
    /// Of the page read last, what was not given out yet.
    rows: std::vec::IntoIter<M>,
}

/// Where a walk stands: what the next page is asked for with.
struct Walk<M> {
    method: &'static str,
    /// The field that names the conversation.
    target: Option<(&'static str, i64)>,
    decode: fn(&Fields<'_>) -> Result<HistoryResult<M>, Error>,
    range: HistoryRange,
    lastid: Option<i64>,
    over: bool,
}

impl RtmClient {
    /// Walks through the messages with another user.
    ///
    /// * `ouid` – the other user's id.
    /// * `range` – the messages, their order and the page size.
    ///
    /// Gives a [`History`] of [`P2PMessage`]s.
    ///
    /// # Errors
    ///
    /// Those of [`get_p2p_message`](Self::get_p2p_message).
    ///
    /// # Example
    ///
    /// ```
    /// use rtm_client::types::{HistoryRange, P2PMessage};
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let oldest_first = HistoryRange::default().desc(false);
    /// let messages: Vec<P2PMessage> = client.p2p_history(2, oldest_first).collect::<Result<_, _>>()?;
    /// assert!(messages.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// No SDK has this.
    pub fn p2p_history(&self, ouid: i64, range: HistoryRange) -> History<P2PMessage> {
        self.history("getp2pmsg", Some(("ouid", ouid)), range, HistoryResult::decode)
    }

    /// Walks through the messages of a group.
    ///
    /// * `gid` – the group's id; this user must be a member.
    /// * `range` – the messages, their order and the page size.
    ///
    /// Gives a [`History`] of [`HistoryMessage`]s.
    ///
    /// # Errors
    ///
    /// Those of [`get_group_message`](Self::get_group_message).
    ///
    /// # Example
    ///
    /// ```
    /// use rtm_client::types::HistoryRange;
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// // The ten latest.
    /// for message in client.group_history(100, HistoryRange::chats()).take(10) {
    ///     println!("{}", message?.msg);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// No SDK has this.
    pub fn group_history(&self, gid: i64, range: HistoryRange) -> History<HistoryMessage> {
        self.history("getgroupmsg", Some(("gid", gid)), range, HistoryResult::decode)
    }

    /// Walks through the messages of a room.
    ///
    /// * `rid` – the room's id; this user must be in it.
    /// * `range` – the messages, their order and the page size.
    ///
    /// Gives a [`History`] of [`HistoryMessage`]s.
    ///
    /// # Errors
    ///
    /// Those of [`get_room_message`](Self::get_room_message).
    ///
    /// # Example
    ///
    /// ```
    /// use rtm_client::types::HistoryRange;
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let mut history = client.room_history(300, HistoryRange::chats());
    /// let err = history.next().unwrap().unwrap_err(); // this user has not entered the room
    /// assert_eq!(err.code(), rtm_client::error_code::rtm::NOT_IN_ROOM);
    /// assert!(history.next().is_none());
    /// ```
    ///
    /// No SDK has this.
    pub fn room_history(&self, rid: i64, range: HistoryRange) -> History<HistoryMessage> {
        self.history("getroommsg", Some(("rid", rid)), range, HistoryResult::decode)
    }

    /// Walks through the broadcasts.
    ///
    /// * `range` – the messages, their order and the page size.
    ///
    /// Gives a [`History`] of [`HistoryMessage`]s.
    ///
    /// # Errors
    ///
    /// Those of [`get_broadcast_message`](Self::get_broadcast_message).
    ///
    /// # Example
    ///
    /// ```
    /// use rtm_client::types::HistoryRange;
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// gate.broadcast(9, 30, "maintenance at noon", "");
    /// let latest = client.broadcast_history(HistoryRange::default()).next();
    /// assert_eq!(latest.unwrap()?.msg, "maintenance at noon");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// No SDK has this.
    pub fn broadcast_history(&self, range: HistoryRange) -> History<HistoryMessage> {
        self.history("getbroadcastmsg", None, range, HistoryResult::decode)
    }

    fn history<M>(
        &self,
        method: &'static str,
        target: Option<(&'static str, i64)>,
        range: HistoryRange,
        decode: fn(&Fields<'_>) -> Result<HistoryResult<M>, Error>,
    ) -> History<M> {
        let range = HistoryRange {
            page_size: range.page_size.clamp(1, HistoryRange::LARGEST_PAGE),
            ..range
        };
        let walk = Walk { method, target, decode, range, lastid: None, over: false };
        History { client: self.clone(), walk, rows: Vec::new().into_iter() }
    }
}

impl<M: Send + 'static> History<M> {
    /// Walks on with callbacks.
    ///
    /// * `on_page` – gets each page as the `get_…_message` calls give it, one after another, and returns whether to go
    ///   on. The closure is not called for an empty page.
    /// * `callback` – gets `()` when there are no more pages or `on_page` has returned `Break`, or the error that ended
    ///   the walk.
    ///
    /// # Errors
    ///
    /// Those of the calls that read the pages; and 20009 if a page does not lead to the next one.
    ///
    /// Both closures run where callbacks run. The walk does not keep the client alive: when the last handle of the client
    /// is dropped, the walk ends with 20002.
    ///
    /// # Example
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use rtm_client::types::HistoryRange;
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.p2p_history(2, HistoryRange::chats()).each_page(
    ///     |page| {
    ///         println!("{} messages more", page.msgs.len());
    ///         ControlFlow::Continue(())
    ///     },
    ///     callback,
    /// );
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// No SDK has this.
    pub fn each_page(
        self,
        on_page: impl FnMut(HistoryResult<M>) -> ControlFlow<()> + Send + 'static,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        each_page(self.client.downgrade(), self.walk, on_page, callback);
    }
}

fn each_page<M, P, C>(weak: WeakClient, walk: Walk<M>, mut on_page: P, callback: C)
where
    M: Send + 'static,
    P: FnMut(HistoryResult<M>) -> ControlFlow<()> + Send + 'static,
    C: FnOnce(Option<Error>, Option<()>) + Send + 'static,
{
    let Some(client) = weak.upgrade() else {
        let error = Error::new(fpnn::CORE_CONNECTION_CLOSED, "the client is gone");
        return callback(Some(error), None);
    };
    let mut next = walk.clone();
    walk.ask(&client, move |err, page| {
        let page = match (err, page) {
            (None, Some(page)) => next.turn(&page).map(|()| page),
            (err, _) => Err(err.unwrap_or_else(no_next_page)),
        };
        let page = match page {
            Ok(page) => page,
            Err(error) => return callback(Some(error), None),
        };
        if page.msgs.is_empty() || on_page(page).is_break() || next.over {
            callback(None, Some(()));
        } else {
            each_page(weak, next, on_page, callback);
        }
    });
}

impl<M: Send + 'static> Iterator for History<M> {
    type Item = Result<M, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.rows.next() {
                return Some(Ok(row));
            }
            if self.walk.over {
                return None;
            }
            match self.next_page() {
                Ok(rows) => self.rows = rows.into_iter(),
                Err(error) => {
                    self.walk.over = true;
                    return Some(Err(error));
                }
            }
        }
    }
}

/// Behind its end nothing comes, and nothing behind an error.
impl<M: Send + 'static> FusedIterator for History<M> {}

impl<M: Send + 'static> History<M> {
    fn next_page(&mut self) -> Result<Vec<M>, Error> {
        if on_callback_thread() {
            let text =
                "a history as an iterator inside a callback would never go on: use each_page()";
            return Err(Error::new(fpnn::CORE_FORBIDDEN, text));
        }
        let (callback, reply) = reply::channel();
        self.walk.ask(&self.client, callback);
        let page = reply.wait()?;
        self.walk.turn(&page)?;
        Ok(page.msgs)
    }
}

impl<M: Send + 'static> Walk<M> {
    fn ask(
        &self,
        client: &RtmClient,
        callback: impl FnOnce(Option<Error>, Option<HistoryResult<M>>) + Send + 'static,
    ) {
        let HistoryRange { desc, page_size, begin, end, timeout, ref mtypes } = self.range;
        let query = HistoryQuery {
            desc,
            num: page_size,
            begin,
            end,
            lastid: self.lastid,
            mtypes: mtypes.as_deref(),
        };
        let payload = |map: &mut MapWriter<'_>| {
            if let Some((key, id)) = self.target {
                map.id(key, id);
            }
            history(map, &query);
        };
        client.call(self.method, payload, timeout, self.decode, callback);
    }

    /// Goes behind that page. Its rows count as they came, deleted ones too.
    fn turn(&mut self, page: &HistoryResult<M>) -> Result<(), Error> {
        if (page.msgs.len() as i64) < self.range.page_size {
            self.over = true;
            return Ok(());
        }
        let bound = |bound: Option<i64>| bound.unwrap_or(0);
        // A gate that does not count on would be asked for the same page for ever.
        if (page.begin, page.end, page.lastid)
            == (bound(self.range.begin), bound(self.range.end), bound(self.lastid))
        {
            self.over = true;
            return Err(no_next_page());
        }
        (self.range.begin, self.range.end, self.lastid) =
            (Some(page.begin), Some(page.end), Some(page.lastid));
        Ok(())
    }
}

fn no_next_page() -> Error {
    Error::new(fpnn::CORE_INVALID_PACKAGE, "the page does not say where the next one begins")
}

impl<M> Clone for Walk<M> {
    fn clone(&self) -> Self {
        Walk { range: self.range.clone(), ..*self }
    }
}

impl<M> fmt::Debug for History<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History")
            .field("method", &self.walk.method)
            .field("range", &self.walk.range)
            .field("over", &self.walk.over)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a service with these rows, `(id, mtime)` and oldest first, answers.
    fn page_of(rows: &[(i64, i64)], walk: &Walk<(i64, i64)>) -> HistoryResult<(i64, i64)> {
        let HistoryRange { desc, page_size, begin, end, .. } = walk.range;
        let (begin, end) = (begin.unwrap_or(0), end.unwrap_or(0));
        let lastid = walk.lastid.unwrap_or(0);
        let wanted = |&(id, mtime): &(i64, i64)| {
            let behind = lastid == 0 || if desc { id < lastid } else { id > lastid };
            behind && mtime >= begin && (end == 0 || mtime <= end)
        };
        let mut msgs: Vec<_> = rows.iter().copied().filter(wanted).collect();
        if desc {
            msgs.reverse();
        }
        msgs.truncate(page_size as usize);
        let mut page = HistoryResult { num: msgs.len() as i64, lastid, begin, end, msgs };
        if let Some(&(id, mtime)) = page.msgs.last() {
            page.lastid = id;
            if desc { page.end = mtime } else { page.begin = mtime }
        }
        page
    }

    fn walk(range: HistoryRange) -> Walk<(i64, i64)> {
        let decode = |_: &Fields<'_>| Ok(HistoryResult::default());
        Walk { method: "", target: None, decode, range, lastid: None, over: false }
    }

    proptest! {
        /// Every row within the bounds comes once, in order, in as few calls as there can be, also where many share a
        /// millisecond.
        #[test]
        fn a_walk_meets_every_row_once(
            mut times in prop::collection::vec(1_i64..20, 0..80),
            page_size in 1_i64..=HistoryRange::LARGEST_PAGE,
            desc: bool,
            begin in prop::option::of(0_i64..12),
            end in prop::option::of(0_i64..25),
        ) {
            times.sort_unstable();
            let rows: Vec<_> = (1..).zip(times).collect();
            let mut walk = walk(HistoryRange { desc, page_size, begin, end, ..Default::default() });
            let (mut seen, mut calls) = (Vec::new(), 0);
            while !walk.over {
                let page = page_of(&rows, &walk);
                walk.turn(&page).unwrap();
                seen.extend(page.msgs);
                calls += 1;
            }
            let end = end.filter(|&end| end != 0).unwrap_or(i64::MAX);
            let within = |&(_, mtime): &(i64, i64)| begin.unwrap_or(0) <= mtime && mtime <= end;
            let mut expected: Vec<_> = rows.into_iter().filter(within).collect();
            if desc {
                expected.reverse();
            }
            prop_assert_eq!(calls, expected.len() / page_size as usize + 1);
            prop_assert_eq!(seen, expected);
        }
    }

    #[test]
    fn a_page_that_leads_nowhere_ends_the_walk_with_an_error() {
        let mut walk = walk(HistoryRange { page_size: 1, ..Default::default() });
        let page = HistoryResult { msgs: vec![(1, 1)], ..Default::default() };
        assert_eq!(walk.turn(&page).unwrap_err().code(), fpnn::CORE_INVALID_PACKAGE);
        assert!(walk.over);
    }
}
