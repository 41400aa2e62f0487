//! Friends and the blacklist.

use crate::error_code::rtm;
use crate::gate::call::{Call, Done, refusal};
use crate::gate::service::Service;
use crate::wire::payload::MapWriter;

/// How many users one call adds or removes.
const MOST_UIDS: usize = 100;
/// How many users a blacklist holds.
const MOST_BLACKS: usize = 10_000;

pub(super) fn addfriends(
    service: &mut Service,
    call: &Call<'_, '_>,
    _: &mut MapWriter<'_>,
) -> Done {
    let uids = call.ids("friends", MOST_UIDS)?;
    let most = service.config.limits.friends;
    let friends = &mut service.store.user(call.uid).friends;
    let total = friends.len() + uids.iter().filter(|uid| !friends.contains(uid)).count();
    if total > most {
        let ex = format!("there would be {total} friends, at most {most}");
        return Err(refusal(rtm::MAX_FRIEND_COUNT, ex));
    }
    friends.extend(uids);
    Ok(())
}

pub(super) fn delfriends(
    service: &mut Service,
    call: &Call<'_, '_>,
    _: &mut MapWriter<'_>,
) -> Done {
    let uids = call.ids("friends", MOST_UIDS)?;
    service.store.user(call.uid).friends.retain(|uid| !uids.contains(uid));
    Ok(())
}

pub(super) fn getfriends(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    answer.ints("uids", service.store.user(call.uid).friends.iter().copied());
    Ok(())
}

pub(super) fn addblacks(service: &mut Service, call: &Call<'_, '_>, _: &mut MapWriter<'_>) -> Done {
    let uids = call.ids("blacks", MOST_UIDS)?;
    let blacks = &mut service.store.user(call.uid).blacks;
    if blacks.len() + uids.len() > MOST_BLACKS {
        let ex = format!("there would be more than {MOST_BLACKS} users on the blacklist");
        return Err(refusal(rtm::TOO_MANY_ITEMS_IN_PARAMETERS, ex));
    }
    blacks.extend(uids);
    Ok(())
}

pub(super) fn delblacks(service: &mut Service, call: &Call<'_, '_>, _: &mut MapWriter<'_>) -> Done {
    let uids = call.ids("blacks", MOST_UIDS)?;
    service.store.user(call.uid).blacks.retain(|uid| !uids.contains(uid));
    Ok(())
}

pub(super) fn getblacks(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    answer.ints("uids", service.store.user(call.uid).blacks.iter().copied());
    Ok(())
}
