//! The Chat page.

use rtm_client::RtmClient;

use super::{Args, Sink};
use crate::ours;
use crate::peer::TIMEOUT;

pub(super) fn call(c: &RtmClient, js: &str, a: Args<'_>, s: &Sink) -> bool {
    match js {
        "sendChat" => c.send_chat(
            a.int("to"),
            a.content("msg"),
            a.text("attrs"),
            a.opt_int("mid"),
            TIMEOUT,
            s.sent(),
        ),
        "sendGroupChat" => c.send_group_chat(
            a.int("gid"),
            a.content("msg"),
            a.text("attrs"),
            a.opt_int("mid"),
            TIMEOUT,
            s.sent(),
        ),
        "sendRoomChat" => c.send_room_chat(
            a.int("rid"),
            a.opt_int("mtype"),
            a.content("msg"),
            a.text("attrs"),
            a.opt_int("mid"),
            TIMEOUT,
            s.sent(),
        ),
        "sendAudio" => c.send_audio(
            a.int("to"),
            a.content("msg"),
            a.text("attrs"),
            a.opt_int("mid"),
            TIMEOUT,
            s.sent(),
        ),
        "sendGroupAudio" => c.send_group_audio(
            a.int("gid"),
            a.content("msg"),
            a.text("attrs"),
            a.opt_int("mid"),
            TIMEOUT,
            s.sent(),
        ),
        "sendRoomAudio" => c.send_room_audio(
            a.int("rid"),
            a.opt_int("mtype"),
            a.content("msg"),
            a.text("attrs"),
            a.opt_int("mid"),
            TIMEOUT,
            s.sent(),
        ),
        "sendCmd" => c.send_cmd(
            a.int("to"),
            a.content("msg"),
            a.text("attrs"),
            a.opt_int("mid"),
            TIMEOUT,
            s.sent(),
        ),
        "sendGroupCmd" => c.send_group_cmd(
            a.int("gid"),
            a.content("msg"),
            a.text("attrs"),
            a.opt_int("mid"),
            TIMEOUT,
            s.sent(),
        ),
        "sendRoomCmd" => c.send_room_cmd(
            a.int("rid"),
            a.opt_int("mtype"),
            a.content("msg"),
            a.text("attrs"),
            a.opt_int("mid"),
            TIMEOUT,
            s.sent(),
        ),
        "getChat" => c.get_chat(
            a.int("from"),
            a.int("mid"),
            a.int("xid"),
            a.int("type"),
            TIMEOUT,
            s.data(ours::message),
        ),
        "deleteChat" => c.delete_chat(
            a.int("from"),
            a.int("mid"),
            a.int("xid"),
            a.int("type"),
            TIMEOUT,
            s.done(),
        ),
        "getGroupChat" => c.get_group_chat(
            a.int("gid"),
            a.bool("desc"),
            a.int("num"),
            a.opt_int("begin"),
            a.opt_int("end"),
            a.opt_int("lastid"),
            TIMEOUT,
            s.data(ours::history),
        ),
        "getRoomChat" => c.get_room_chat(
            a.int("rid"),
            a.bool("desc"),
            a.int("num"),
            a.opt_int("begin"),
            a.opt_int("end"),
            a.opt_int("lastid"),
            TIMEOUT,
            s.data(ours::history),
        ),
        "getBroadcastChat" => c.get_broadcast_chat(
            a.bool("desc"),
            a.int("num"),
            a.opt_int("begin"),
            a.opt_int("end"),
            a.opt_int("lastid"),
            TIMEOUT,
            s.data(ours::history),
        ),
        "getP2PChat" => c.get_p2p_chat(
            a.int("ouid"),
            a.bool("desc"),
            a.int("num"),
            a.opt_int("begin"),
            a.opt_int("end"),
            a.opt_int("lastid"),
            TIMEOUT,
            s.data(ours::p2p_history),
        ),
        "getSession" => c.get_session(TIMEOUT, s.data(ours::sessions)),
        "setTranslationLanguage" => {
            c.set_translation_language(a.text("targetLanguage"), TIMEOUT, s.done());
        }
        "getP2PConversationList" => c.get_p2p_conversation_list(
            a.opt_int("mtime"),
            a.opt_ints("mtypes").as_deref(),
            TIMEOUT,
            s.data(ours::p2p_conversations),
        ),
        "getP2PUnreadConversationList" => c.get_p2p_unread_conversation_list(
            a.opt_int("mtime"),
            a.opt_ints("mtypes").as_deref(),
            TIMEOUT,
            s.data(ours::p2p_conversations),
        ),
        "getGroupConversationList" => c.get_group_conversation_list(
            a.opt_int("mtime"),
            a.opt_ints("mtypes").as_deref(),
            TIMEOUT,
            s.data(ours::group_conversations),
        ),
        "getGroupUnreadConversationList" => c.get_group_unread_conversation_list(
            a.opt_int("mtime"),
            a.opt_ints("mtypes").as_deref(),
            TIMEOUT,
            s.data(ours::group_conversations),
        ),
        "getUnreadConversationList" => c.get_unread_conversation_list(
            a.opt_bool("clear"),
            a.opt_int("mtime"),
            a.opt_ints("mtypes").as_deref(),
            TIMEOUT,
            s.data(ours::unread_conversations),
        ),
        "removeSession" => c.remove_session(a.int("to"), TIMEOUT, s.done()),
        _ => return false,
    }
    true
}
