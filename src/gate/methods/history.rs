//! History, page by page.

use super::{inside, member};
use crate::error_code::rtm;
use crate::gate::call::{Call, Done, Refusal, refusal};
use crate::gate::service::Service;
use crate::gate::store::{Conversation, Page};
use crate::gate::write;
use crate::wire::payload::MapWriter;

/// The most rows an answer holds.
const LONGEST_PAGE: i64 = 20;
/// What stands for the sender in a row of a P2P conversation.
const SENT: i64 = 1;
const RECEIVED: i64 = 2;

pub(super) fn getp2pmsg(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let conversation = Conversation::p2p(call.uid, call.int("ouid")?);
    history(service, call, conversation, answer)
}

pub(super) fn getgroupmsg(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let gid = call.int("gid")?;
    member(service, call, gid)?;
    history(service, call, Conversation::Group(gid), answer)
}

pub(super) fn getroommsg(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let rid = call.int("rid")?;
    inside(service, call, rid)?;
    history(service, call, Conversation::Room(rid), answer)
}

pub(super) fn getbroadcastmsg(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    history(service, call, Conversation::Broadcast, answer)
}

fn history(
    service: &Service,
    call: &Call<'_, '_>,
    conversation: Conversation,
    answer: &mut MapWriter<'_>,
) -> Done {
    let page = page(call)?;
    answer_page(service, call, conversation, &page, answer);
    Ok(())
}

fn page(call: &Call<'_, '_>) -> Result<Page, Refusal> {
    let (desc, num) = (call.bool("desc")?, call.int("num")?);
    if num < 1 {
        return Err(refusal(rtm::INVALID_PARAMETER, format!("num is {num}, at least 1")));
    }
    Ok(Page {
        desc,
        num: num.min(LONGEST_PAGE) as usize,
        begin: call.opt_int("begin")?.unwrap_or(0),
        end: call.opt_int("end")?.unwrap_or(0),
        lastid: call.opt_int("lastid")?.unwrap_or(0),
        mtypes: call.opt_ints("mtypes")?.unwrap_or_default(),
    })
}

/// Writes the rows, and the bounds that the next page is asked for with.
fn answer_page(
    service: &Service,
    call: &Call<'_, '_>,
    conversation: Conversation,
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
pub(super) fn who(conversation: Conversation, uid: i64, from: i64) -> i64 {
    match conversation {
        Conversation::P2p(..) if from == uid => SENT,
        Conversation::P2p(..) => RECEIVED,
        _ => from,
    }
}
