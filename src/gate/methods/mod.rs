//! The methods, one file for each page of the documentation.

mod conversations;
mod files;
mod friends;
mod groups;
mod history;
mod messages;
mod rooms;
mod session;
mod system;
mod users;
mod value_added;

use super::call::{Call, Done, Refusal, at_most, refusal};
use super::peers::Door;
use super::service::{Service, Target};
use super::store::Info;
use crate::error_code::{fpnn, rtm};
use crate::wire::payload::MapWriter;

/// How many users, groups or rooms one call asks after.
const MOST_INFOS: usize = 100;
/// How long a value, an oinfo or a pinfo may be.
const LONGEST_VALUE: usize = 65535;

/// Does what the quest asks and writes the fields of the answer.
pub(super) type Method = fn(&mut Service, &Call<'_, '_>, &mut MapWriter<'_>) -> Done;

/// The method of that name, if the caller may call it now.
pub(super) fn find(name: &[u8], call: &Call<'_, '_>) -> Result<Method, Refusal> {
    match (call.door, name) {
        (Door::Main | Door::Page, b"auth") => return Ok(session::auth),
        (_, b"*ping") => return Ok(session::ping),
        _ => {}
    }
    let (method, ready) = match call.door {
        Door::Main | Door::Page => (by_name(name), call.uid != 0),
        Door::File => (at_file_door(name), true),
    };
    let method = method.ok_or_else(|| {
        let name = String::from_utf8_lossy(name);
        refusal(fpnn::CORE_UNKNOWN_METHOD, format!("unknown method {name}"))
    })?;
    if !ready {
        return Err(refusal(rtm::UNAUTHORIZED, "log in first"));
    }
    Ok(method)
}

/// Whether a client calls something by that name, or the gate sends it by itself.
pub(super) fn is_known(name: &str) -> bool {
    const OTHERS: [&str; 9] = [
        "auth",
        "*ping",
        "ping",
        "kickout",
        "kickoutroom",
        "pushmsg",
        "pushgroupmsg",
        "pushroommsg",
        "pushbroadcastmsg",
    ];
    let bytes = name.as_bytes();
    OTHERS.contains(&name) || by_name(bytes).is_some() || at_file_door(bytes).is_some()
}

/// The methods of the file gate. There is no login: the token is what lets in.
fn at_file_door(name: &[u8]) -> Option<Method> {
    let method: Method = match name {
        b"sendfile" => files::sendfile,
        b"sendgroupfile" => files::sendgroupfile,
        b"sendroomfile" => files::sendroomfile,
        b"uploadfile" => files::uploadfile,
        _ => return None,
    };
    Some(method)
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
        b"enterrooms" => rooms::enterrooms,
        b"getuserrooms" => rooms::getuserrooms,
        b"getuserroomsandlastmsg" => rooms::getuserroomsandlastmsg,
        b"getroommembers" => rooms::getroommembers,
        b"getroomcount" => rooms::getroomcount,
        b"setroominfo" => rooms::setroominfo,
        b"getroominfo" => rooms::getroominfo,
        b"getroomopeninfo" => rooms::getroomopeninfo,
        b"getroomsopeninfo" => rooms::getroomsopeninfo,
        b"addgroupmembers" => groups::addgroupmembers,
        b"delgroupmembers" => groups::delgroupmembers,
        b"getgroupmembers" => groups::getgroupmembers,
        b"getgroupcount" => groups::getgroupcount,
        b"getusergroups" => groups::getusergroups,
        b"setgroupinfo" => groups::setgroupinfo,
        b"getgroupinfo" => groups::getgroupinfo,
        b"getgroupopeninfo" => groups::getgroupopeninfo,
        b"getgroupsopeninfo" => groups::getgroupsopeninfo,
        b"addfriends" => friends::addfriends,
        b"delfriends" => friends::delfriends,
        b"getfriends" => friends::getfriends,
        b"addblacks" => friends::addblacks,
        b"delblacks" => friends::delblacks,
        b"getblacks" => friends::getblacks,
        b"getonlineusers" => users::getonlineusers,
        b"setuserinfo" => users::setuserinfo,
        b"getuserinfo" => users::getuserinfo,
        b"getuseropeninfo" => users::getuseropeninfo,
        b"dataset" => users::dataset,
        b"dataget" => users::dataget,
        b"datadel" => users::datadel,
        b"addattrs" => system::addattrs,
        b"getattrs" => system::getattrs,
        b"adddebuglog" => system::adddebuglog,
        b"adddevice" => system::adddevice,
        b"removedevice" => system::removedevice,
        b"addoption" => system::addoption,
        b"removeoption" => system::removeoption,
        b"getoption" => system::getoption,
        b"getservertime" => system::getservertime,
        b"kickout" => system::kickout,
        b"filetoken" => files::filetoken,
        b"translate" => value_added::translate,
        b"profanity" => value_added::profanity,
        b"tcheck" => value_added::tcheck,
        b"icheck" => value_added::icheck,
        b"acheck" => value_added::acheck,
        b"vcheck" => value_added::vcheck,
        b"speech2text" => value_added::speech2text,
        b"speechtranslation" => value_added::speechtranslation,
        _ => return None,
    };
    Some(method)
}

/// Refuses who may not send there.
fn permitted(service: &Service, uid: i64, target: Target) -> Done {
    match target {
        Target::User(to) if to == uid => {
            Err(refusal(rtm::SEND_TO_SELF, format!("to is {to}, the sender")))
        }
        Target::User(to) if service.store.blocks(to, uid) => {
            let ex = format!("user {to} has user {uid} on the blacklist");
            Err(refusal(rtm::BLOCKED_USER, ex))
        }
        Target::User(_) => Ok(()),
        Target::Group(gid) => member(service, uid, gid),
        Target::Room(rid) if service.rooms_of(uid).contains(&rid) => Ok(()),
        Target::Room(rid) => Err(refusal(rtm::NOT_IN_ROOM, format!("not in room {rid}"))),
        Target::Everybody => Err(refusal(rtm::PERMISSION_DENIED, "users send no broadcasts")),
    }
}

/// Refuses who is not a member of the group.
fn member(service: &Service, uid: i64, gid: i64) -> Done {
    if service.store.is_member(gid, uid) {
        return Ok(());
    }
    Err(refusal(rtm::NOT_GROUP_MEMBER, format!("not a member of group {gid}")))
}

/// Refuses a connection that is not in the room.
fn inside(service: &Service, call: &Call<'_, '_>, rid: i64) -> Done {
    if service.is_in_room(call.conn, rid) {
        return Ok(());
    }
    Err(refusal(rtm::NOT_IN_ROOM, format!("not in room {rid}")))
}

fn not_found(mid: i64) -> Refusal {
    refusal(rtm::MESSAGE_NOT_FOUND, format!("there is no message {mid} there"))
}

/// The `oinfo` and `pinfo` of a quest; what is missing stays as it is.
type NewInfo<'f> = (Option<&'f [u8]>, Option<&'f [u8]>);

fn new_info<'f>(call: &Call<'f, '_>) -> Result<NewInfo<'f>, Refusal> {
    let new = (call.opt_bytes("oinfo")?, call.opt_bytes("pinfo")?);
    for (key, value) in [("oinfo", new.0), ("pinfo", new.1)] {
        at_most(rtm::LARGE_DATA, key, value.map_or(0, <[u8]>::len), LONGEST_VALUE)?;
    }
    Ok(new)
}

fn set_info(info: &mut Info, (open, private): NewInfo<'_>) {
    if let Some(open) = open {
        info.open = open.to_vec();
    }
    if let Some(private) = private {
        info.private = private.to_vec();
    }
}

fn answer_info(answer: &mut MapWriter<'_>, info: Option<&Info>) {
    answer.str_bytes("oinfo", info.map_or(&[], |info| &info.open));
    answer.str_bytes("pinfo", info.map_or(&[], |info| &info.private));
}
