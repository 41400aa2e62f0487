//! History, page by page.

use super::{inside, member, not_found};
use crate::error_code::rtm;
use crate::gate::call::{Call, Done, Refusal, refusal};
use crate::gate::service::Service;
use crate::gate::store::{ConversationId, Page};
use crate::gate::write;
use crate::types::P2PMessage;
use crate::wire::payload::MapWriter;

/// Whose messages are asked for, if the caller may read them.
fn p2p(_: &Service, call: &Call<'_, '_>) -> Result<ConversationId, Refusal> {
    Ok(ConversationId::p2p(call.uid, call.int("ouid")?))
}

fn group(service: &Service, call: &Call<'_, '_>) -> Result<ConversationId, Refusal> {
    let gid = call.int("gid")?;
    member(service, call.uid, gid)?;
    Ok(ConversationId::Group(gid))
}

fn room(service: &Service, call: &Call<'_, '_>) -> Result<ConversationId, Refusal> {
    let rid = call.int("rid")?;
    inside(service, call, rid)?;
    Ok(ConversationId::Room(rid))
}

pub(super) fn getp2pmsg(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    history(service, call, p2p(service, call)?, answer)
}

pub(super) fn getgroupmsg(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    history(service, call, group(service, call)?, answer)
}

pub(super) fn getroommsg(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    history(service, call, room(service, call)?, answer)
}

pub(super) fn getbroadcastmsg(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    history(service, call, ConversationId::Broadcast, answer)
}

pub(super) fn getp2pmsgbymessageid(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    history_after(service, call, p2p(service, call)?, answer)
}

pub(super) fn getgroupmsgbymessageid(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    history_after(service, call, group(service, call)?, answer)
}

pub(super) fn getroommsgbymessageid(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    history_after(service, call, room(service, call)?, answer)
}

pub(super) fn getbroadcastmsgbymessageid(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    history_after(service, call, ConversationId::Broadcast, answer)
}

pub(super) fn getp2pmsgcount(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    count(service, call, p2p(service, call)?, answer)
}

pub(super) fn getgroupmsgcount(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    count(service, call, group(service, call)?, answer)
}

pub(super) fn getroommsgcount(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    count(service, call, room(service, call)?, answer)
}

pub(super) fn getbroadcastmsgcount(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    count(service, call, ConversationId::Broadcast, answer)
}

fn history(
    service: &Service,
    call: &Call<'_, '_>,
    conversation: ConversationId,
    answer: &mut MapWriter<'_>,
) -> Done {
    let page = page(service, call)?;
    answer_page(service, call, conversation, &page, answer);
    Ok(())
}

/// As [`history`], going on from the message of that `mid` instead of a row; 0 is from the start.
fn history_after(
    service: &Service,
    call: &Call<'_, '_>,
    conversation: ConversationId,
    answer: &mut MapWriter<'_>,
) -> Done {
    let mut page = page(service, call)?;
    let mid = call.opt_int("mid")?.unwrap_or(0);
    page.lastid = 0;
    if mid != 0 {
        let log = service.store.log(conversation);
        let message = log.and_then(|log| log.find_mid(mid)).ok_or_else(|| not_found(mid))?;
        page.lastid = message.id;
    }
    answer_page(service, call, conversation, &page, answer);
    Ok(())
}

fn count(
    service: &Service,
    call: &Call<'_, '_>,
    conversation: ConversationId,
    answer: &mut MapWriter<'_>,
) -> Done {
    let page = bounds(call)?;
    let count = service.store.log(conversation).map_or(0, |log| log.count(&page));
    answer.int("count", count as i64);
    Ok(())
}

fn page(service: &Service, call: &Call<'_, '_>) -> Result<Page, Refusal> {
    let (desc, num) = (call.bool("desc")?, call.int("num")?);
    if num < 1 {
        return Err(refusal(rtm::INVALID_PARAMETER, format!("num is {num}, at least 1")));
    }
    let lastid = call.opt_int("lastid")?.unwrap_or(0);
    let num = usize::try_from(num).unwrap_or(usize::MAX).min(service.config.limits.page_rows);
    Ok(Page { desc, num, lastid, ..bounds(call)? })
}

fn bounds(call: &Call<'_, '_>) -> Result<Page, Refusal> {
    Ok(Page {
        begin: call.opt_int("begin")?.unwrap_or(0),
        end: call.opt_int("end")?.unwrap_or(0),
        mtypes: call.opt_ints("mtypes")?.unwrap_or_default(),
        ..Page::default()
    })
}

/// Writes the rows, and the bounds that the next page is asked for with.
fn answer_page(
    service: &Service,
    call: &Call<'_, '_>,
    conversation: ConversationId,
    page: &Page,
    answer: &mut MapWriter<'_>,
) {
    let rows = service.store.log(conversation).map(|log| log.page(page)).unwrap_or_default();
    let (mut lastid, mut begin, mut end) = (page.lastid, page.begin, page.end);
    if let Some(last) = rows.last() {
        lastid = last.id;
        if page.desc { end = last.mtime } else { begin = last.mtime }
    }
    answer.int("num", rows.len() as i64);
    answer.int("lastid", lastid);
    answer.int("begin", begin);
    answer.int("end", end);
    answer.list("msgs", rows, |out, row| {
        write::row(out, who(conversation, call.uid, row.from), row);
    });
}

/// The second cell of a row: the sender, or the direction in a P2P conversation.
pub(super) fn who(conversation: ConversationId, uid: i64, from: i64) -> i64 {
    match conversation {
        ConversationId::P2p(..) if from == uid => P2PMessage::SENT,
        ConversationId::P2p(..) => P2PMessage::RECEIVED,
        _ => from,
    }
}
