//! Sessions and conversation lists.

use std::ops::RangeInclusive;

use super::history::who;
use super::member;
use crate::gate::call::{Call, Done, Refusal};
use crate::gate::service::Service;
use crate::gate::store::{ConversationId, Message, Since};
use crate::gate::write;
use crate::types::mtype;
use crate::wire::payload::MapWriter;

/// How many conversations one call counts.
const MOST_COUNTED: usize = 100;
/// The types that count as unread where the caller names none.
const CHAT_TYPES: RangeInclusive<i64> = mtype::CHAT..=mtype::FILE;

pub(super) fn getsession(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    answer.ints("p2p", service.store.p2p_sessions(call.uid));
    answer.ints("group", service.store.groups_of(call.uid));
    Ok(())
}

pub(super) fn removesession(
    service: &mut Service,
    call: &Call<'_, '_>,
    _: &mut MapWriter<'_>,
) -> Done {
    let oneway = call.opt_bool("oneway")?.unwrap_or(false);
    service.store.remove_session(call.uid, call.int("to")?, oneway);
    Ok(())
}

pub(super) fn getp2pconversationlist(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let entries = p2p_entries(service, call, &Wanted::read(service, call)?, false);
    write_entries(answer, SINGLE, call.uid, &entries);
    Ok(())
}

pub(super) fn getp2punreadconversationlist(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let entries = p2p_entries(service, call, &Wanted::read(service, call)?, true);
    write_entries(answer, SINGLE, call.uid, &entries);
    Ok(())
}

pub(super) fn getgroupconversationlist(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let entries = group_entries(service, call, &Wanted::read(service, call)?, false);
    write_entries(answer, SINGLE, call.uid, &entries);
    Ok(())
}

pub(super) fn getgroupunreadconversationlist(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let entries = group_entries(service, call, &Wanted::read(service, call)?, true);
    write_entries(answer, SINGLE, call.uid, &entries);
    Ok(())
}

pub(super) fn getunreadconversationlist(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let wanted = Wanted::read(service, call)?;
    let clear = call.opt_bool("clear")?.unwrap_or(false);
    let entries = group_entries(service, call, &wanted, true);
    write_entries(answer, GROUP, call.uid, &entries);
    let entries = p2p_entries(service, call, &wanted, true);
    write_entries(answer, P2P, call.uid, &entries);
    if clear {
        service.store.mark_read(call.uid);
    }
    Ok(())
}

pub(super) fn getunread(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let clear = call.opt_bool("clear")?.unwrap_or(false);
    let wanted = Wanted { since: unread_since(service, call.uid), mtypes: Vec::new() };
    let entries = p2p_entries(service, call, &wanted, true);
    answer.ints("p2p", entries.iter().map(|entry| entry.id));
    let entries = group_entries(service, call, &wanted, true);
    answer.ints("group", entries.iter().map(|entry| entry.id));
    if call.opt_bool("gettime")?.unwrap_or(false) {
        answer.int("logouttime", service.store.users.get(&call.uid).map_or(0, |user| user.logout));
    }
    if clear {
        service.store.mark_read(call.uid);
    }
    Ok(())
}

pub(super) fn cleanunread(
    service: &mut Service,
    call: &Call<'_, '_>,
    _: &mut MapWriter<'_>,
) -> Done {
    service.store.mark_read(call.uid);
    Ok(())
}

pub(super) fn getp2punread(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let uids = call.ids("uids", MOST_COUNTED)?;
    let conversations = uids.into_iter().map(|uid| (uid, ConversationId::p2p(call.uid, uid)));
    counts(service, call, "p2p", conversations, answer)
}

pub(super) fn getgroupunread(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let gids = call.ids("gids", MOST_COUNTED)?;
    for &gid in &gids {
        member(service, call.uid, gid)?;
    }
    let conversations = gids.into_iter().map(|gid| (gid, ConversationId::Group(gid)));
    counts(service, call, "group", conversations, answer)
}

/// Writes the number of unread messages of each conversation and the time of its latest message, if it has any.
fn counts(
    service: &Service,
    call: &Call<'_, '_>,
    key: &str,
    conversations: impl Iterator<Item = (i64, ConversationId)>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let wanted = Wanted::read(service, call)?;
    let ever = Wanted { since: Since::Row(0), mtypes: wanted.mtypes.clone() };
    let conversations: Vec<_> = conversations.collect();
    let unread = conversations
        .iter()
        .map(|&(id, conversation)| (id, wanted.count(service, conversation, call.uid).0));
    answer.by_id(key, unread, write::int);
    let latest = conversations.iter().filter_map(|&(id, conversation)| {
        ever.count(service, conversation, call.uid).1.map(|message| (id, message.mtime))
    });
    answer.by_id("ltime", latest, write::int);
    Ok(())
}

/// From where on messages are unread, where the caller names no time.
fn unread_since(service: &Service, uid: i64) -> Since {
    Since::Row(service.store.users.get(&uid).map_or(0, |user| user.read_until))
}

/// Which messages a list is made from.
pub(super) struct Wanted {
    since: Since,
    mtypes: Vec<i64>,
}

impl Wanted {
    /// `mtime` and `mtypes` of the quest; without, the time of the last logout and the chat types.
    pub(super) fn read(service: &Service, call: &Call<'_, '_>) -> Result<Wanted, Refusal> {
        let since = match call.opt_int("mtime")? {
            None | Some(0) => unread_since(service, call.uid),
            Some(mtime) => Since::Time(mtime),
        };
        Ok(Wanted { since, mtypes: call.opt_ints("mtypes")?.unwrap_or_default() })
    }

    fn admits(&self, message: &Message) -> bool {
        if self.mtypes.is_empty() {
            CHAT_TYPES.contains(&message.mtype)
        } else {
            self.mtypes.contains(&message.mtype)
        }
    }

    /// Number of unread messages and the last message.
    pub(super) fn count<'s>(
        &self,
        service: &'s Service,
        conversation: ConversationId,
        uid: i64,
    ) -> (i64, Option<&'s Message>) {
        let (mut unread, mut last) = (0, None);
        let log = service.store.log(conversation);
        let newer = log.into_iter().flat_map(|log| log.newer(self.since));
        for message in newer.filter(|message| self.admits(message)) {
            last = last.or(Some(message));
            unread += i64::from(message.from != uid);
        }
        (unread, last)
    }
}

struct Entry<'s> {
    conversation: ConversationId,
    id: i64,
    unread: i64,
    last: Option<&'s Message>,
}

fn p2p_entries<'s>(
    service: &'s Service,
    call: &Call<'_, '_>,
    wanted: &Wanted,
    unread_only: bool,
) -> Vec<Entry<'s>> {
    let peers = service.store.p2p_sessions(call.uid).into_iter();
    let conversations = peers.map(|peer| (peer, ConversationId::p2p(call.uid, peer)));
    entries(service, call, wanted, unread_only, conversations)
}

fn group_entries<'s>(
    service: &'s Service,
    call: &Call<'_, '_>,
    wanted: &Wanted,
    unread_only: bool,
) -> Vec<Entry<'s>> {
    let groups = service.store.groups_of(call.uid);
    let conversations = groups.map(|gid| (gid, ConversationId::Group(gid)));
    entries(service, call, wanted, unread_only, conversations)
}

fn entries<'s>(
    service: &'s Service,
    call: &Call<'_, '_>,
    wanted: &Wanted,
    unread_only: bool,
    conversations: impl Iterator<Item = (i64, ConversationId)>,
) -> Vec<Entry<'s>> {
    conversations
        .map(|(id, conversation)| {
            let (unread, last) = wanted.count(service, conversation, call.uid);
            Entry { conversation, id, unread, last }
        })
        .filter(|entry| !unread_only || entry.unread > 0)
        .collect()
}

/// What the three parallel arrays of a list are called.
type Names = [&'static str; 3];
const SINGLE: Names = ["conversations", "unreads", "msgs"];
const GROUP: Names = ["groupConversations", "groupUnreads", "groupMsgs"];
const P2P: Names = ["p2pConversations", "p2pUnreads", "p2pMsgs"];

fn write_entries(answer: &mut MapWriter<'_>, names: Names, uid: i64, entries: &[Entry<'_>]) {
    let [conversations, unreads, msgs] = names;
    answer.ints(conversations, entries.iter().map(|entry| entry.id));
    answer.ints(unreads, entries.iter().map(|entry| entry.unread));
    answer.list(msgs, entries, |out, entry| match entry.last {
        Some(last) => write::row(out, who(entry.conversation, uid, last.from), last),
        None => write::no_row(out),
    });
}
