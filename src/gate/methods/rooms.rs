//! Rooms: connections enter and leave a room, and an empty room is gone.

use std::collections::BTreeSet;

use super::{MOST_INFOS, answer_info, inside, new_info, set_info};
use crate::error_code::rtm;
use crate::gate::call::{Call, Done, refusal};
use crate::gate::service::Service;
use crate::gate::store::ConversationId;
use crate::gate::write;
use crate::wire::payload::MapWriter;

pub(super) fn enterroom(service: &mut Service, call: &Call<'_, '_>, _: &mut MapWriter<'_>) -> Done {
    enter(service, call, call.int("rid")?)
}

pub(super) fn leaveroom(service: &mut Service, call: &Call<'_, '_>, _: &mut MapWriter<'_>) -> Done {
    service.leave_room(call.conn, call.int("rid")?);
    Ok(())
}

pub(super) fn enterrooms(
    service: &mut Service,
    call: &Call<'_, '_>,
    _: &mut MapWriter<'_>,
) -> Done {
    for rid in call.ids("rids", MOST_INFOS)? {
        enter(service, call, rid)?;
    }
    Ok(())
}

/// Enters the room; where only one is allowed, this leaves the one before.
fn enter(service: &mut Service, call: &Call<'_, '_>, rid: i64) -> Done {
    let rooms = service.peers.session(call.conn).map(|session| session.rooms.clone());
    let rooms = rooms.unwrap_or_default();
    if rooms.contains(&rid) {
        return Ok(());
    }
    if !service.config.multi_room {
        for before in rooms {
            service.leave_room(call.conn, before);
        }
    } else if rooms.len() >= service.config.limits.rooms {
        let ex = format!("in {} rooms, at most {}", rooms.len(), service.config.limits.rooms);
        return Err(refusal(rtm::ENTER_TOO_MANY_ROOMS, ex));
    }
    service.enter_room(call.conn, rid);
    Ok(())
}

pub(super) fn getuserrooms(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    answer.ints("rooms", service.rooms_of(call.uid));
    Ok(())
}

pub(super) fn getuserroomsandlastmsg(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let mtypes = call.opt_ints("mtypes")?.unwrap_or_default();
    let last = service.rooms_of(call.uid).into_iter().map(|rid| {
        let messages = service.store.log(ConversationId::Room(rid)).into_iter();
        let mut messages = messages.flat_map(|log| log.iter().rev());
        let last = messages.find(|message| {
            !message.deleted && (mtypes.is_empty() || mtypes.contains(&message.mtype))
        });
        (rid, last)
    });
    answer.by_id("rooms", last, |out, last| match last {
        Some(last) => write::row(out, last.from, last),
        None => write::no_row(out),
    });
    Ok(())
}

pub(super) fn getroommembers(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    answer.ints("uids", members(service, call.int("rid")?));
    Ok(())
}

pub(super) fn getroomcount(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let rids = call.ids("rids", MOST_INFOS)?.into_iter();
    let counts = rids.map(|rid| (rid, members(service, rid).len() as i64));
    answer.by_id("cn", counts, write::int);
    Ok(())
}

/// The users in the room, each once.
fn members(service: &Service, rid: i64) -> BTreeSet<i64> {
    let conns = service.rooms.get(&rid).into_iter().flatten();
    conns.filter_map(|&conn| Some(service.peers.session(conn)?.uid)).collect()
}

pub(super) fn setroominfo(
    service: &mut Service,
    call: &Call<'_, '_>,
    _: &mut MapWriter<'_>,
) -> Done {
    let rid = call.int("rid")?;
    inside(service, call, rid)?;
    set_info(service.store.rooms.entry(rid).or_default(), new_info(call)?);
    Ok(())
}

pub(super) fn getroominfo(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let rid = call.int("rid")?;
    inside(service, call, rid)?;
    answer_info(answer, service.store.rooms.get(&rid));
    Ok(())
}

pub(super) fn getroomopeninfo(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    answer.str_bytes("oinfo", open_info(service, call.int("rid")?));
    Ok(())
}

pub(super) fn getroomsopeninfo(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let rids = call.ids("rids", MOST_INFOS)?.into_iter();
    answer.by_id("info", rids.map(|rid| (rid, open_info(service, rid))), write::str_bytes);
    Ok(())
}

fn open_info(service: &Service, rid: i64) -> &[u8] {
    service.store.rooms.get(&rid).map_or(&[], |info| &info.open)
}
