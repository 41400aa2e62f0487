//! The pages on rooms, groups, friends, users, data, the system and value-added services.

use rtm_client::RtmClient;

use super::{Args, Sink};
use crate::ours;
use crate::peer::TIMEOUT;

pub(super) fn call(c: &RtmClient, js: &str, a: Args<'_>, s: &Sink) -> bool {
    rooms_and_groups(c, js, a, s)
        || people_and_data(c, js, a, s)
        || system(c, js, a, s)
        || value_added(c, js, a, s)
}

fn rooms_and_groups(c: &RtmClient, js: &str, a: Args<'_>, s: &Sink) -> bool {
    match js {
        "enterRoom" => c.enter_room(a.int("rid"), TIMEOUT, s.done()),
        "leaveRoom" => c.leave_room(a.int("rid"), TIMEOUT, s.done()),
        "getUserRooms" => c.get_user_rooms(TIMEOUT, s.data(ours::ids)),
        "getRoomMembers" => c.get_room_members(a.int("rid"), TIMEOUT, s.data(ours::ids)),
        "getRoomCount" => c.get_room_count(a.ints("rids"), TIMEOUT, s.data(ours::numbers)),
        "setRoomInfo" => c.set_room_info(
            a.int("rid"),
            a.opt_text("oinfo"),
            a.opt_text("pinfo"),
            TIMEOUT,
            s.done(),
        ),
        "getRoomInfo" => c.get_room_info(a.int("rid"), TIMEOUT, s.data(ours::info)),
        "getRoomOpenInfo" => c.get_room_open_info(a.int("rid"), TIMEOUT, s.data(ours::open_info)),
        "getRoomsOpenInfo" => c.get_rooms_open_info(a.ints("rids"), TIMEOUT, s.data(ours::texts)),
        "addGroupMembers" => {
            c.add_group_members(a.int("gid"), a.ints("uids"), TIMEOUT, s.done());
        }
        "deleteGroupMembers" => {
            c.delete_group_members(a.int("gid"), a.ints("uids"), TIMEOUT, s.done());
        }
        "getGroupMembers" => {
            c.get_group_members(a.int("gid"), a.opt_bool("online"), TIMEOUT, s.data(ours::members))
        }
        "getGroupCount" => c.get_group_count(
            a.int("gid"),
            a.opt_bool("online"),
            TIMEOUT,
            s.data(ours::group_count),
        ),
        "getUserGroups" => c.get_user_groups(TIMEOUT, s.data(ours::ids)),
        "setGroupInfo" => c.set_group_info(
            a.int("gid"),
            a.opt_text("oinfo"),
            a.opt_text("pinfo"),
            TIMEOUT,
            s.done(),
        ),
        "getGroupInfo" => c.get_group_info(a.int("gid"), TIMEOUT, s.data(ours::info)),
        "getGroupOpenInfo" => {
            c.get_group_open_info(a.int("gid"), TIMEOUT, s.data(ours::open_info));
        }
        "getGroupsOpenInfo" => {
            c.get_groups_open_info(a.ints("gids"), TIMEOUT, s.data(ours::texts));
        }
        _ => return false,
    }
    true
}

fn people_and_data(c: &RtmClient, js: &str, a: Args<'_>, s: &Sink) -> bool {
    match js {
        "addFriends" => c.add_friends(a.ints("friends"), TIMEOUT, s.done()),
        "deleteFriends" => c.delete_friends(a.ints("friends"), TIMEOUT, s.done()),
        "getFriends" => c.get_friends(TIMEOUT, s.data(ours::ids)),
        "addBlacks" => c.add_blacks(a.ints("blacks"), TIMEOUT, s.done()),
        "deleteBlacks" => c.delete_blacks(a.ints("blacks"), TIMEOUT, s.done()),
        "getBlacks" => c.get_blacks(TIMEOUT, s.data(ours::ids)),
        "getOnlineUsers" => c.get_online_users(a.ints("uids"), TIMEOUT, s.data(ours::ids)),
        "setUserInfo" => {
            c.set_user_info(a.opt_text("oinfo"), a.opt_text("pinfo"), TIMEOUT, s.done());
        }
        "getUserInfo" => c.get_user_info(TIMEOUT, s.data(ours::info)),
        "getUserOpenInfo" => c.get_user_open_info(a.ints("uids"), TIMEOUT, s.data(ours::texts)),
        "dataSet" => c.data_set(a.text("key"), a.opt_text("value"), TIMEOUT, s.done()),
        "dataGet" => c.data_get(a.text("key"), TIMEOUT, s.data(ours::value)),
        "dataDelete" => c.data_delete(a.text("key"), TIMEOUT, s.done()),
        _ => return false,
    }
    true
}

fn system(c: &RtmClient, js: &str, a: Args<'_>, s: &Sink) -> bool {
    match js {
        "addAttrs" => c.add_attrs(a.pairs("attrs"), TIMEOUT, s.done()),
        "getAttrs" => c.get_attrs(TIMEOUT, s.data(ours::attrs)),
        "addDebugLog" => c.add_debug_log(a.text("msg"), a.text("attrs"), TIMEOUT, s.done()),
        "addDevice" => c.add_device(a.text("apptype"), a.text("devicetoken"), TIMEOUT, s.done()),
        "removeDevice" => c.remove_device(a.text("devicetoken"), TIMEOUT, s.done()),
        "addDevicePushOption" => c.add_device_push_option(
            a.int("type"),
            a.int("xid"),
            a.opt_ints("mtypes").as_deref(),
            TIMEOUT,
            s.done(),
        ),
        "removeDevicePushOption" => c.remove_device_push_option(
            a.int("type"),
            a.int("xid"),
            a.opt_ints("mtypes").as_deref(),
            TIMEOUT,
            s.done(),
        ),
        "getDevicePushOption" => c.get_device_push_option(TIMEOUT, s.data(ours::push_options)),
        _ => return false,
    }
    true
}

fn value_added(c: &RtmClient, js: &str, a: Args<'_>, s: &Sink) -> bool {
    match js {
        "translate" => c.translate(
            a.text("originalMessage"),
            a.opt_text("originalLanguage"),
            a.text("targetLanguage"),
            a.opt_text("type"),
            a.opt_text("profanity"),
            TIMEOUT,
            s.data(ours::translation),
        ),
        "profanity" => {
            c.profanity(a.text("text"), a.opt_bool("classify"), TIMEOUT, s.data(ours::profanity));
        }
        "textCheck" => c.text_check(
            a.text("text"),
            a.opt_text("strategyId"),
            TIMEOUT,
            s.data(ours::text_check),
        ),
        "imageCheck" => c.image_check(
            a.content("image"),
            a.int("type"),
            a.opt_text("strategyId"),
            TIMEOUT,
            s.data(ours::media_check),
        ),
        "audioCheck" => c.audio_check(
            a.content("audio"),
            a.int("type"),
            a.text("lang"),
            a.opt_text("codec"),
            a.opt_int("srate"),
            a.opt_text("strategyId"),
            TIMEOUT,
            s.data(ours::media_check),
        ),
        "videoCheck" => c.video_check(
            a.content("video"),
            a.int("type"),
            a.text("videoName"),
            a.opt_text("strategyId"),
            TIMEOUT,
            s.data(ours::media_check),
        ),
        "speech2Text" => c.speech2text(
            a.content("audio"),
            a.int("type"),
            a.text("lang"),
            a.opt_text("codec"),
            a.opt_int("srate"),
            TIMEOUT,
            s.data(ours::speech),
        ),
        _ => return false,
    }
    true
}
