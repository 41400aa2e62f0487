//! Groups: lasting, with members.

use super::{MOST_INFOS, answer_info, member, new_info, set_info};
use crate::error_code::rtm;
use crate::gate::call::{Call, Done, refusal};
use crate::gate::service::Service;
use crate::gate::write;
use crate::wire::payload::MapWriter;

/// How many users one call adds or removes.
const MOST_UIDS: usize = 100;

pub(super) fn addgroupmembers(
    service: &mut Service,
    call: &Call<'_, '_>,
    _: &mut MapWriter<'_>,
) -> Done {
    let (gid, uids) = (call.int("gid")?, call.ids("uids", MOST_UIDS)?);
    member(service, call.uid, gid)?;
    let members = service.store.groups.get(&gid).map(|group| &group.members);
    let there = members.map_or(0, |members| members.len());
    let new = uids.iter().filter(|uid| !members.is_some_and(|members| members.contains(uid)));
    let total = there + new.count();
    let most = service.config.limits.group_members;
    if total > most {
        let ex = format!("group {gid} would have {total} members, at most {most}");
        return Err(refusal(rtm::MAX_GROUP_MEMBER_COUNT, ex));
    }
    service.store.add_members(gid, &uids);
    Ok(())
}

pub(super) fn delgroupmembers(
    service: &mut Service,
    call: &Call<'_, '_>,
    _: &mut MapWriter<'_>,
) -> Done {
    let (gid, uids) = (call.int("gid")?, call.ids("uids", MOST_UIDS)?);
    member(service, call.uid, gid)?;
    service.store.remove_members(gid, &uids);
    Ok(())
}

pub(super) fn getgroupmembers(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let (gid, online) = (call.int("gid")?, call.opt_bool("online")?.unwrap_or(false));
    member(service, call.uid, gid)?;
    answer.ints("uids", members(service, gid));
    if online {
        answer.ints("onlines", members(service, gid).filter(|uid| service.is_online(*uid)));
    }
    Ok(())
}

pub(super) fn getgroupcount(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let (gid, online) = (call.int("gid")?, call.opt_bool("online")?.unwrap_or(false));
    answer.int("cn", members(service, gid).count() as i64);
    if online {
        let online = members(service, gid).filter(|uid| service.is_online(*uid));
        answer.int("online", online.count() as i64);
    }
    Ok(())
}

fn members(service: &Service, gid: i64) -> impl Iterator<Item = i64> {
    let group = service.store.groups.get(&gid).into_iter();
    group.flat_map(|group| group.members.iter().copied())
}

pub(super) fn getusergroups(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    answer.ints("gids", service.store.groups_of(call.uid));
    Ok(())
}

pub(super) fn setgroupinfo(
    service: &mut Service,
    call: &Call<'_, '_>,
    _: &mut MapWriter<'_>,
) -> Done {
    let gid = call.int("gid")?;
    member(service, call.uid, gid)?;
    let new = new_info(call)?;
    if let Some(group) = service.store.groups.get_mut(&gid) {
        set_info(&mut group.info, new);
    }
    Ok(())
}

pub(super) fn getgroupinfo(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let gid = call.int("gid")?;
    member(service, call.uid, gid)?;
    answer_info(answer, service.store.groups.get(&gid).map(|group| &group.info));
    Ok(())
}

pub(super) fn getgroupopeninfo(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    answer.str_bytes("oinfo", open_info(service, call.int("gid")?));
    Ok(())
}

pub(super) fn getgroupsopeninfo(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let gids = call.ids("gids", MOST_INFOS)?.into_iter();
    let infos = gids.map(|gid| (gid, open_info(service, gid)));
    answer.by_id("info", infos, write::str_bytes);
    Ok(())
}

fn open_info(service: &Service, gid: i64) -> &[u8] {
    service.store.groups.get(&gid).map_or(&[], |group| &group.info.open)
}
