//! Sending messages, and one message at a time.

use super::{inside, member, not_found, permitted};
use crate::error_code::rtm;
use crate::gate::call::{Call, Done, Refusal, at_most, refusal};
use crate::gate::service::{Service, Target};
use crate::gate::store::{ConversationId, Draft};
use crate::gate::words;
use crate::types::mtype;
use crate::wire::payload::MapWriter;

pub(super) fn sendmsg(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let target = Target::User(call.int("to")?);
    let draft = draft(service, call)?;
    permitted(service, call.uid, target)?;
    send(service, target, &draft, answer);
    Ok(())
}

pub(super) fn sendgroupmsg(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let target = Target::Group(call.int("gid")?);
    let draft = draft(service, call)?;
    permitted(service, call.uid, target)?;
    send(service, target, &draft, answer);
    Ok(())
}

pub(super) fn sendroommsg(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let rid = call.int("rid")?;
    let draft = draft(service, call)?;
    inside(service, call, rid)?;
    send(service, Target::Room(rid), &draft, answer);
    Ok(())
}

/// The message a quest carries, within its limits.
fn draft<'f>(service: &Service, call: &Call<'f, '_>) -> Result<Draft<'f>, Refusal> {
    let (mid, mtype) = (call.int("mid")?, call.int("mtype")?);
    let body = call.body("msg")?;
    let attrs = call.opt_bytes("attrs")?.unwrap_or_default();
    if !(1..=127).contains(&mtype) {
        let ex = format!("mtype is {mtype}, allowed are 1 to 127");
        return Err(refusal(rtm::INVALID_MTYPE, ex));
    }
    let limits = &service.config.limits;
    at_most(rtm::LARGE_MESSAGE_OR_ATTRS, "msg", body.bytes.len(), limits.message_bytes)?;
    at_most(rtm::LARGE_MESSAGE_OR_ATTRS, "attrs", attrs.len(), limits.attrs_bytes)?;
    let draft = Draft { from: call.uid, mid, mtype, body, attrs };
    moderate(call, &draft)?;
    Ok(draft)
}

/// Refuses a chat with listed words, where the sender asks for moderation.
fn moderate(call: &Call<'_, '_>, draft: &Draft<'_>) -> Done {
    let asked = call.opt_text("strategyid")?.is_some() || call.opt_text("checkParams")?.is_some();
    if !asked || draft.mtype != mtype::CHAT {
        return Ok(());
    }
    match words::found(&String::from_utf8_lossy(draft.body.bytes)).first() {
        Some(word) => Err(refusal(rtm::SENSITIVE_WORDS, format!("msg has the word {word}"))),
        None => Ok(()),
    }
}

/// Stores the message and brings it to the receivers. A resend is answered as the first time, and nothing else.
pub(super) fn send(
    service: &mut Service,
    target: Target,
    draft: &Draft<'_>,
    answer: &mut MapWriter<'_>,
) {
    let posted = service.store.post(target.conversation(draft.from), draft, service.now());
    answer.int("mtime", posted.mtime);
    if posted.fresh {
        service.counted.messages += 1;
        service.deliver(target, draft, posted.mtime);
    }
}

/// Which message `getmsg` and `delmsg` mean: its conversation, sender and mid.
fn address(service: &Service, call: &Call<'_, '_>) -> Result<(ConversationId, i64, i64), Refusal> {
    let (from, mid, xid) = (call.int("from")?, call.int("mid")?, call.int("xid")?);
    let conversation = match call.int("type")? {
        // The receiver may name either end as the conversation.
        1 if from == call.uid => ConversationId::p2p(call.uid, xid),
        1 if xid == call.uid || xid == from => ConversationId::p2p(call.uid, from),
        1 => return Err(not_found(mid)),
        2 => {
            member(service, call.uid, xid)?;
            ConversationId::Group(xid)
        }
        3 => {
            inside(service, call, xid)?;
            ConversationId::Room(xid)
        }
        4 => ConversationId::Broadcast,
        other => {
            let ex = format!("type is {other}, allowed are 1 to 4");
            return Err(refusal(rtm::INVALID_PARAMETER, ex));
        }
    };
    Ok((conversation, from, mid))
}

pub(super) fn getmsg(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let (conversation, from, mid) = address(service, call)?;
    let log = service.store.log(conversation);
    let message = log
        .and_then(|log| match (conversation, from) {
            // Broadcasts are asked for by mid alone.
            (ConversationId::Broadcast, -1) => log.iter().find(|message| message.mid == mid),
            _ => log.find(from, mid),
        })
        .filter(|message| !message.deleted)
        .ok_or_else(|| not_found(mid))?;
    answer.int("id", message.id);
    answer.int("mtype", message.mtype);
    answer.body("msg", message.body());
    answer.str_bytes("attrs", &message.attrs);
    answer.int("mtime", message.mtime);
    Ok(())
}

pub(super) fn delmsg(service: &mut Service, call: &Call<'_, '_>, _: &mut MapWriter<'_>) -> Done {
    let (conversation, from, mid) = address(service, call)?;
    if from != call.uid {
        let ex = format!("message {mid} is from user {from}, and only the sender deletes it");
        return Err(refusal(rtm::PERMISSION_DENIED, ex));
    }
    if !service.store.delete(conversation, from, mid) {
        return Err(not_found(mid));
    }
    Ok(())
}
