//! Connection attributes, devices, notification options, the clock.

use std::collections::BTreeMap;

use log::Level;

use crate::error_code::rtm;
use crate::gate::call::{Call, Done, Refusal, at_most, refusal};
use crate::gate::peers::Peer;
use crate::gate::service::Service;
use crate::gate::{tell, write};
use crate::wire::payload::{MapWriter, write_map};

/// How many attributes a connection may have, and how many bytes those of all connections of a user.
const MOST_ATTRS: usize = 100;
const MOST_ATTR_BYTES: usize = 65536;
/// How many devices a user may have, and how many conversations with notification options.
const MOST_DEVICES: usize = 100;
const MOST_OPTIONS: usize = 1000;
/// How long a device token or a type of app may be.
const LONGEST_TOKEN: usize = 4096;
/// How many message types there are.
const MOST_MTYPES: usize = 127;

pub(super) type Attrs = Vec<(String, String)>;

pub(super) fn addattrs(service: &mut Service, call: &Call<'_, '_>, _: &mut MapWriter<'_>) -> Done {
    let new = call.texts("attrs")?;
    let known = service.peers.session(call.conn).map(|session| session.attrs.clone());
    let attrs = merged(service, call, call.uid, known.unwrap_or_default(), new)?;
    if let Some(session) = service.peers.session_mut(call.conn) {
        session.attrs = attrs;
    }
    Ok(())
}

/// The attributes of a connection of that user once the new ones are added. Refuses more than a user may have.
pub(super) fn merged(
    service: &Service,
    call: &Call<'_, '_>,
    uid: i64,
    mut attrs: Attrs,
    new: Attrs,
) -> Result<Attrs, Refusal> {
    let len = |attrs: &Attrs| attrs.iter().map(|(key, value)| key.len() + value.len()).sum();
    let refused = |bytes| at_most(rtm::LARGE_MESSAGE_OR_ATTRS, "attrs", bytes, MOST_ATTR_BYTES);
    refused(len(&new))?;
    for (key, value) in new {
        attrs.retain(|(known, _)| *known != key);
        if attrs.len() == MOST_ATTRS {
            let ex = format!("attrs would have more than {MOST_ATTRS} items");
            return Err(refusal(rtm::TOO_MANY_ITEMS_IN_PARAMETERS, ex));
        }
        attrs.push((key, value));
    }
    let conns = service.online.get(&uid).into_iter().flatten();
    let others = conns.filter(|&&conn| conn != call.conn);
    let sessions = others.filter_map(|&conn| service.peers.session(conn));
    refused(len(&attrs) + sessions.map(|session| len(&session.attrs)).sum::<usize>())?;
    Ok(attrs)
}

/// One map for each connection of the user: its attributes, its login time, its endpoint, and `my` on the caller's.
pub(super) fn getattrs(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let conns = service.online.get(&call.uid).into_iter().flatten();
    let peers = conns.filter_map(|&conn| Some((conn, service.peers.get(conn)?)));
    answer.list("attrs", peers, |out, (conn, peer)| {
        write_map(out, |map| connection_attrs(map, peer, conn == call.conn));
    });
    Ok(())
}

fn connection_attrs(map: &mut MapWriter<'_>, peer: &Peer, my: bool) {
    let Some(session) = &peer.session else {
        return;
    };
    for (key, value) in &session.attrs {
        map.text(key, value);
    }
    map.text("login", &session.since.to_string());
    map.text("ce", &peer.address.to_string());
    if my {
        map.text("my", "1");
    }
}

/// Ends another connection of the user, named by its endpoint as `getattrs` shows it.
pub(super) fn kickout(service: &mut Service, call: &Call<'_, '_>, _: &mut MapWriter<'_>) -> Done {
    let endpoint = call.text("ce")?;
    let named = |conn: &usize| {
        service.peers.get(*conn).is_some_and(|peer| peer.address.to_string() == endpoint)
    };
    let conn = service.online.get(&call.uid).into_iter().flatten().copied().find(named);
    match conn {
        None => {
            let ex = format!("ce is {endpoint}, which is no connection of user {}", call.uid);
            Err(refusal(rtm::NOT_ONLINE, ex))
        }
        Some(conn) if conn == call.conn => {
            Err(refusal(rtm::KICKOUT_SELF, format!("ce is {endpoint}, this connection")))
        }
        Some(conn) => {
            service.kick_connection(conn);
            Ok(())
        }
    }
}

pub(super) fn adddebuglog(_: &mut Service, call: &Call<'_, '_>, _: &mut MapWriter<'_>) -> Done {
    let (msg, attrs) = (call.bytes("msg")?, call.opt_bytes("attrs")?.unwrap_or_default());
    let [msg, attrs] = [msg, attrs].map(String::from_utf8_lossy);
    tell(Level::Debug, format_args!("user {} logs {msg:?} with {attrs:?}", call.uid));
    Ok(())
}

pub(super) fn adddevice(service: &mut Service, call: &Call<'_, '_>, _: &mut MapWriter<'_>) -> Done {
    let (apptype, token) = (call.text("apptype")?, call.text("devicetoken")?);
    for (key, value) in [("apptype", apptype), ("devicetoken", token)] {
        at_most(rtm::LARGE_DATA, key, value.len(), LONGEST_TOKEN)?;
    }
    let devices = &mut service.store.user(call.uid).devices;
    if devices.len() >= MOST_DEVICES && !devices.contains_key(token) {
        let ex = format!("there would be more than {MOST_DEVICES} devices");
        return Err(refusal(rtm::TOO_MANY_ITEMS_IN_PARAMETERS, ex));
    }
    devices.insert(token.to_owned(), apptype.to_owned());
    Ok(())
}

pub(super) fn removedevice(
    service: &mut Service,
    call: &Call<'_, '_>,
    _: &mut MapWriter<'_>,
) -> Done {
    service.store.user(call.uid).devices.remove(call.text("devicetoken")?);
    Ok(())
}

/// Adds types for which no notification is wanted; none given is all types.
pub(super) fn addoption(service: &mut Service, call: &Call<'_, '_>, _: &mut MapWriter<'_>) -> Done {
    let xid = call.int("xid")?;
    let mtypes = call.opt_ints("mtypes")?.unwrap_or_default();
    let options = options(service, call)?;
    let known = options.get(&xid);
    let count = known.into_iter().flatten().filter(|known| !mtypes.contains(known)).count();
    if mtypes.len() + count > MOST_MTYPES || options.len() >= MOST_OPTIONS && known.is_none() {
        let ex = format!("at most {MOST_MTYPES} types and {MOST_OPTIONS} conversations");
        return Err(refusal(rtm::TOO_MANY_ITEMS_IN_PARAMETERS, ex));
    }
    if mtypes.is_empty() {
        options.insert(xid, mtypes);
        return Ok(());
    }
    match options.get_mut(&xid) {
        None => {
            options.insert(xid, mtypes);
        }
        // All types stay all types.
        Some(known) if known.is_empty() => {}
        Some(known) => {
            known.extend(mtypes);
            known.sort_unstable();
            known.dedup();
        }
    }
    Ok(())
}

/// Takes types back; none given changes nothing.
pub(super) fn removeoption(
    service: &mut Service,
    call: &Call<'_, '_>,
    _: &mut MapWriter<'_>,
) -> Done {
    let xid = call.int("xid")?;
    let mtypes = call.opt_ints("mtypes")?.unwrap_or_default();
    let options = options(service, call)?;
    if let Some(known) = options.get_mut(&xid).filter(|known| !known.is_empty()) {
        known.retain(|mtype| !mtypes.contains(mtype));
        if known.is_empty() {
            options.remove(&xid);
        }
    }
    Ok(())
}

fn options<'s>(
    service: &'s mut Service,
    call: &Call<'_, '_>,
) -> Result<&'s mut BTreeMap<i64, Vec<i64>>, Refusal> {
    let user = service.store.user(call.uid);
    match call.int("type")? {
        0 => Ok(&mut user.p2p_options),
        1 => Ok(&mut user.group_options),
        other => {
            let ex = format!("type is {other}, allowed are 0 and 1");
            Err(refusal(rtm::INVALID_PARAMETER, ex))
        }
    }
}

pub(super) fn getoption(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let user = service.store.user(call.uid);
    for (key, options) in [("p2p", &user.p2p_options), ("group", &user.group_options)] {
        let options = options.iter().map(|(&xid, mtypes)| (xid, mtypes));
        answer.by_id(key, options, |out, mtypes| {
            write::list(out, mtypes.iter().copied(), write::int);
        });
    }
    Ok(())
}

pub(super) fn getservertime(
    _: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    answer.int("mts", call.now);
    Ok(())
}
