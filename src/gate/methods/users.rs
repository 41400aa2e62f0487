//! Users: who is online, their texts, and their data.

use super::{LONGEST_VALUE, MOST_INFOS, answer_info, new_info, set_info};
use crate::error_code::rtm;
use crate::gate::call::{Call, Done, Refusal, at_most, refusal};
use crate::gate::service::Service;
use crate::gate::write;
use crate::wire::payload::MapWriter;

/// How many users one call asks after whether they are online.
const MOST_ASKED: usize = 200;
const LONGEST_KEY: usize = 128;
/// How many keys a user may have, and how many bytes with all values.
const MOST_KEYS: usize = 1000;
const MOST_DATA: usize = 8 * 1024 * 1024;

pub(super) fn getonlineusers(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let uids = call.ids("uids", MOST_ASKED)?.into_iter();
    answer.ints("uids", uids.filter(|&uid| service.is_online(uid)));
    Ok(())
}

pub(super) fn setuserinfo(
    service: &mut Service,
    call: &Call<'_, '_>,
    _: &mut MapWriter<'_>,
) -> Done {
    set_info(&mut service.store.user(call.uid).info, new_info(call)?);
    Ok(())
}

pub(super) fn getuserinfo(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    answer_info(answer, Some(&service.store.user(call.uid).info));
    Ok(())
}

pub(super) fn getuseropeninfo(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let uids = call.ids("uids", MOST_INFOS)?.into_iter();
    let users = &service.store.users;
    let infos = uids.map(|uid| {
        let open: &[u8] = users.get(&uid).map_or(&[], |user| &user.info.open);
        (uid, open)
    });
    answer.by_id("info", infos, write::str_bytes);
    Ok(())
}

fn key<'f>(call: &Call<'f, '_>) -> Result<&'f [u8], Refusal> {
    let key = call.bytes("key")?;
    at_most(rtm::LARGE_DATA, "key", key.len(), LONGEST_KEY)?;
    Ok(key)
}

pub(super) fn dataset(service: &mut Service, call: &Call<'_, '_>, _: &mut MapWriter<'_>) -> Done {
    let (key, value) = (key(call)?, call.bytes("val")?);
    at_most(rtm::LARGE_DATA, "val", value.len(), LONGEST_VALUE)?;
    let data = &mut service.store.user(call.uid).data;
    let others = data.iter().filter(|(known, _)| *known != key);
    let (count, bytes) = others.fold((1, key.len() + value.len()), |(count, bytes), other| {
        (count + 1, bytes + other.0.len() + other.1.len())
    });
    if count > MOST_KEYS {
        let ex = format!("the user would have {count} keys, at most {MOST_KEYS}");
        return Err(refusal(rtm::LARGE_DATA, ex));
    }
    at_most(rtm::LARGE_DATA, "the data of the user", bytes, MOST_DATA)?;
    data.insert(key.to_vec(), value.to_vec());
    Ok(())
}

/// Without `val` in the answer where nothing is stored.
pub(super) fn dataget(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    if let Some(value) = service.store.user(call.uid).data.get(key(call)?) {
        answer.str_bytes("val", value);
    }
    Ok(())
}

pub(super) fn datadel(service: &mut Service, call: &Call<'_, '_>, _: &mut MapWriter<'_>) -> Done {
    service.store.user(call.uid).data.remove(key(call)?);
    Ok(())
}
