//! What each method does, one file per page of the documentation.

mod conversations;
mod history;
mod messages;
mod rooms;
mod session;

use super::call::{Call, Done, Refusal, refusal};
use super::service::Service;
use crate::error_code::{fpnn, rtm};
use crate::wire::payload::MapWriter;

/// The message type of a chat text.
pub(super) const CHAT: i64 = 30;

/// Does what the quest asks and writes the fields of the answer.
pub(super) type Method = fn(&mut Service, &Call<'_, '_>, &mut MapWriter<'_>) -> Done;

/// The method of that name, if the caller may call it now.
pub(super) fn find(name: &[u8], call: &Call<'_, '_>) -> Result<Method, Refusal> {
    match name {
        b"auth" => return Ok(session::auth),
        b"*ping" => return Ok(session::ping),
        _ => {}
    }
    let method = by_name(name).ok_or_else(|| {
        let name = String::from_utf8_lossy(name);
        refusal(fpnn::CORE_UNKNOWN_METHOD, format!("unknown method {name}"))
    })?;
    if call.uid == 0 {
        return Err(refusal(rtm::UNAUTHORIZED, "log in first"));
    }
    Ok(method)
}

fn by_name(name: &[u8]) -> Option<Method> {
    let method: Method = match name {
        b"bye" => session::bye,
        b"setlang" => session::setlang,
        b"sendmsg" => messages::sendmsg,
        b"sendgroupmsg" => messages::sendgroupmsg,
        b"sendroommsg" => messages::sendroommsg,
        b"getmsg" => messages::getmsg,
        b"delmsg" => messages::delmsg,
        b"getp2pmsg" => history::getp2pmsg,
        b"getgroupmsg" => history::getgroupmsg,
        b"getroommsg" => history::getroommsg,
        b"getbroadcastmsg" => history::getbroadcastmsg,
        b"getp2pmsgbymessageid" => history::getp2pmsgbymessageid,
        b"getgroupmsgbymessageid" => history::getgroupmsgbymessageid,
        b"getroommsgbymessageid" => history::getroommsgbymessageid,
        b"getbroadcastmsgbymessageid" => history::getbroadcastmsgbymessageid,
        b"getp2pmsgcount" => history::getp2pmsgcount,
        b"getgroupmsgcount" => history::getgroupmsgcount,
        b"getroommsgcount" => history::getroommsgcount,
        b"getbroadcastmsgcount" => history::getbroadcastmsgcount,
        b"getsession" => conversations::getsession,
        b"removesession" => conversations::removesession,
        b"getp2pconversationlist" => conversations::getp2pconversationlist,
        b"getp2punreadconversationlist" => conversations::getp2punreadconversationlist,
        b"getgroupconversationlist" => conversations::getgroupconversationlist,
        b"getgroupunreadconversationlist" => conversations::getgroupunreadconversationlist,
        b"getunreadconversationlist" => conversations::getunreadconversationlist,
        b"getunread" => conversations::getunread,
        b"cleanunread" => conversations::cleanunread,
        b"getp2punread" => conversations::getp2punread,
        b"getgroupunread" => conversations::getgroupunread,
        b"enterroom" => rooms::enterroom,
        b"leaveroom" => rooms::leaveroom,
        _ => return None,
    };
    Some(method)
}

/// Refuses who is not a member of the group.
fn member(service: &Service, call: &Call<'_, '_>, gid: i64) -> Done {
    if service.store.is_member(gid, call.uid) {
        return Ok(());
    }
    Err(refusal(rtm::NOT_GROUP_MEMBER, format!("not a member of group {gid}")))
}

/// Refuses who is not in the room.
fn inside(service: &Service, call: &Call<'_, '_>, rid: i64) -> Done {
    if service.is_in_room(call.conn, rid) {
        return Ok(());
    }
    Err(refusal(rtm::NOT_IN_ROOM, format!("not in room {rid}")))
}

fn not_found(mid: i64) -> Refusal {
    refusal(rtm::MESSAGE_NOT_FOUND, format!("there is no message {mid} there"))
}
