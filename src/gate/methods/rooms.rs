//! Rooms: entered and left by connections, gone when nobody is inside.

use crate::error_code::rtm;
use crate::gate::call::{Call, Done, refusal};
use crate::gate::service::Service;
use crate::wire::payload::MapWriter;

/// How many rooms a connection may be in at once, where several are allowed.
const MOST_ROOMS: usize = 10;

pub(super) fn enterroom(service: &mut Service, call: &Call<'_, '_>, _: &mut MapWriter<'_>) -> Done {
    enter(service, call, call.int("rid")?)
}

pub(super) fn leaveroom(service: &mut Service, call: &Call<'_, '_>, _: &mut MapWriter<'_>) -> Done {
    service.leave_room(call.conn, call.int("rid")?);
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
    } else if rooms.len() >= MOST_ROOMS {
        let ex = format!("in {} rooms, at most {MOST_ROOMS}", rooms.len());
        return Err(refusal(rtm::ENTER_TOO_MANY_ROOMS, ex));
    }
    service.enter_room(call.conn, rid);
    Ok(())
}
