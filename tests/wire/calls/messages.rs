//! The Messages page.

use rtm_client::RtmClient;

use super::{Args, Sink};
use crate::ours;
use crate::peer::TIMEOUT;

pub(super) fn call(c: &RtmClient, js: &str, a: Args<'_>, s: &Sink) -> bool {
    match js {
        "sendMessage" => c.send_message(
            a.int("to"),
            a.int("mtype"),
            a.content("msg"),
            a.text("attrs"),
            a.opt_int("mid"),
            TIMEOUT,
            s.sent(),
        ),
        "sendGroupMessage" => c.send_group_message(
            a.int("gid"),
            a.int("mtype"),
            a.content("msg"),
            a.text("attrs"),
            a.opt_int("mid"),
            TIMEOUT,
            s.sent(),
        ),
        "sendRoomMessage" => c.send_room_message(
            a.int("rid"),
            a.int("mtype"),
            a.content("msg"),
            a.text("attrs"),
            a.opt_int("mid"),
            TIMEOUT,
            s.sent(),
        ),
        "getMessage" => c.get_message(
            a.int("from"),
            a.int("mid"),
            a.int("xid"),
            a.int("type"),
            TIMEOUT,
            s.data(ours::message),
        ),
        "deleteMessage" => c.delete_message(
            a.int("from"),
            a.int("mid"),
            a.int("xid"),
            a.int("type"),
            TIMEOUT,
            s.done(),
        ),
        "getGroupMessage" => c.get_group_message(
            a.int("gid"),
            a.bool("desc"),
            a.int("num"),
            a.opt_int("begin"),
            a.opt_int("end"),
            a.opt_int("lastid"),
            a.opt_ints("mtypes").as_deref(),
            TIMEOUT,
            s.data(ours::history),
        ),
        "getRoomMessage" => c.get_room_message(
            a.int("rid"),
            a.bool("desc"),
            a.int("num"),
            a.opt_int("begin"),
            a.opt_int("end"),
            a.opt_int("lastid"),
            a.opt_ints("mtypes").as_deref(),
            TIMEOUT,
            s.data(ours::history),
        ),
        "getBroadcastMessage" => c.get_broadcast_message(
            a.bool("desc"),
            a.int("num"),
            a.opt_int("begin"),
            a.opt_int("end"),
            a.opt_int("lastid"),
            a.opt_ints("mtypes").as_deref(),
            TIMEOUT,
            s.data(ours::history),
        ),
        "getP2PMessage" => c.get_p2p_message(
            a.int("ouid"),
            a.bool("desc"),
            a.int("num"),
            a.opt_int("begin"),
            a.opt_int("end"),
            a.opt_int("lastid"),
            a.opt_ints("mtypes").as_deref(),
            TIMEOUT,
            s.data(ours::p2p_history),
        ),
        "getUnreadMessage" => {
            c.get_unread_message(a.opt_bool("clear"), TIMEOUT, s.data(ours::unread));
        }
        "cleanUnreadMessage" => c.clean_unread_message(TIMEOUT, s.done()),
        "getP2PUnreadMessageNum" => c.get_p2p_unread_message_num(
            a.ints("uids"),
            a.opt_int("mtime"),
            a.opt_ints("mtypes").as_deref(),
            TIMEOUT,
            s.data(ours::p2p_counts),
        ),
        "getGroupUnreadMessageNum" => c.get_group_unread_message_num(
            a.ints("gids"),
            a.opt_int("mtime"),
            a.opt_ints("mtypes").as_deref(),
            TIMEOUT,
            s.data(ours::group_counts),
        ),
        _ => return false,
    }
    true
}
