//! What this crate's own types say, as the same plain JSON that `facts` makes of the recording.

use std::collections::BTreeMap;

use rtm_client::types::{
    Body, ConnectionAttrs, Conversation, DataValue, DevicePushOptions, FileToken, GroupCount,
    GroupMembers, GroupUnreadCounts, HistoryMessage, HistoryResult, Info, MediaCheck, MessageInfo,
    OpenInfo, P2PMessage, P2PUnreadCounts, Profanity, PushMessage, SendReply, Session, Sessions,
    SpeechText, Text, TextCheck, Translation, UnreadConversations, UnreadMessages,
};
use serde_json::{Value as Facts, json};

use crate::facts::{bytes_or_text, sorted};

pub(crate) fn nothing(_: ()) -> Facts {
    Facts::Null
}

pub(crate) fn sent(reply: SendReply) -> Facts {
    json!({ "mid": reply.mid, "mtime": reply.payload.mtime })
}

pub(crate) fn push(message: &PushMessage) -> Facts {
    json!({
        "from": message.from,
        "to": message.to,
        "gid": message.gid,
        "rid": message.rid,
        "mtype": message.mtype,
        "mid": message.mid,
        "msg": body(&message.msg),
        "attrs": text(&message.attrs),
        "mtime": message.mtime,
    })
}

pub(crate) fn history(page: HistoryResult<HistoryMessage>) -> Facts {
    self::page(&page, row)
}

pub(crate) fn p2p_history(page: HistoryResult<P2PMessage>) -> Facts {
    self::page(&page, p2p_row)
}

fn page<M>(page: &HistoryResult<M>, row: fn(&M) -> Facts) -> Facts {
    let msgs: Vec<Facts> = page.msgs.iter().map(row).collect();
    json!({
        "num": page.num,
        "lastid": page.lastid,
        "begin": page.begin,
        "end": page.end,
        "msgs": msgs,
    })
}

fn row(row: &HistoryMessage) -> Facts {
    json!({
        "id": row.id,
        "from": row.from,
        "mtype": row.mtype,
        "mid": row.mid,
        "deleted": row.deleted,
        "msg": body(&row.msg),
        "attrs": text(&row.attrs),
        "mtime": row.mtime,
    })
}

fn p2p_row(row: &P2PMessage) -> Facts {
    json!({
        "id": row.id,
        "direction": row.direction,
        "mtype": row.mtype,
        "mid": row.mid,
        "deleted": row.deleted,
        "msg": body(&row.msg),
        "attrs": text(&row.attrs),
        "mtime": row.mtime,
    })
}

pub(crate) fn message(info: MessageInfo) -> Facts {
    json!({
        "id": info.id,
        "mtype": info.mtype,
        "msg": body(&info.msg),
        "attrs": text(&info.attrs),
        "mtime": info.mtime,
    })
}

pub(crate) fn sessions(sessions: Sessions) -> Facts {
    let one = |session: &Session| json!({ "id": session.id, "mtime": session.mtime });
    json!({
        "p2p": sessions.p2p.iter().map(one).collect::<Vec<_>>(),
        "group": sessions.group.iter().map(one).collect::<Vec<_>>(),
    })
}

pub(crate) fn p2p_conversations(list: Vec<Conversation<P2PMessage>>) -> Facts {
    conversations(&list, p2p_row)
}

pub(crate) fn group_conversations(list: Vec<Conversation<HistoryMessage>>) -> Facts {
    conversations(&list, row)
}

pub(crate) fn unread_conversations(both: UnreadConversations) -> Facts {
    json!({
        "group": conversations(&both.group, row),
        "p2p": conversations(&both.p2p, p2p_row),
    })
}

fn conversations<M>(list: &[Conversation<M>], row: fn(&M) -> Facts) -> Facts {
    let one = |conversation: &Conversation<M>| {
        let last = conversation.last_msg.as_ref().map(row);
        json!({ "id": conversation.id, "unread": conversation.unread, "last": last })
    };
    list.iter().map(one).collect()
}

pub(crate) fn unread(unread: UnreadMessages) -> Facts {
    json!({ "p2p": unread.p2p, "group": unread.group })
}

pub(crate) fn p2p_counts(counts: P2PUnreadCounts) -> Facts {
    json!({ "counts": numbers(counts.p2p), "ltime": numbers(counts.ltime) })
}

pub(crate) fn group_counts(counts: GroupUnreadCounts) -> Facts {
    json!({ "counts": numbers(counts.group), "ltime": numbers(counts.ltime) })
}

pub(crate) fn ids(ids: Vec<i64>) -> Facts {
    json!(ids)
}

pub(crate) fn members(members: GroupMembers) -> Facts {
    json!({ "uids": members.uids, "onlines": members.onlines })
}

pub(crate) fn group_count(count: GroupCount) -> Facts {
    json!({ "cn": count.cn, "online": count.online })
}

pub(crate) fn info(info: Info) -> Facts {
    json!({ "oinfo": text(&info.oinfo), "pinfo": text(&info.pinfo) })
}

pub(crate) fn open_info(info: OpenInfo) -> Facts {
    text(&info.oinfo)
}

pub(crate) fn numbers(map: BTreeMap<i64, i64>) -> Facts {
    sorted(map.into_iter().map(|(id, number)| (id, json!(number))))
}

pub(crate) fn texts(map: BTreeMap<i64, Text>) -> Facts {
    sorted(map.into_iter().map(|(id, value)| (id, text(&value))))
}

pub(crate) fn value(data: DataValue) -> Facts {
    text(&data.val.unwrap_or_default())
}

pub(crate) fn attrs(connections: Vec<ConnectionAttrs>) -> Facts {
    let one = |connection: ConnectionAttrs| -> Facts {
        let entries: BTreeMap<String, Facts> =
            connection.attrs.iter().map(|(key, value)| (key.to_string(), text(value))).collect();
        json!(entries)
    };
    connections.into_iter().map(one).collect()
}

pub(crate) fn push_options(options: DevicePushOptions) -> Facts {
    let mtypes = |map: BTreeMap<i64, Vec<i64>>| {
        sorted(map.into_iter().map(|(id, mtypes)| (id, json!(mtypes))))
    };
    json!({ "p2p": mtypes(options.p2p), "group": mtypes(options.group) })
}

pub(crate) fn file_token(token: FileToken) -> Facts {
    json!({ "token": text(&token.token), "endpoint": text(&token.endpoint) })
}

pub(crate) fn translation(translation: Translation) -> Facts {
    translated(&translation)
}

pub(crate) fn profanity(found: Profanity) -> Facts {
    let classification: Vec<Facts> = found.classification.iter().map(text).collect();
    json!({ "text": text(&found.text), "classification": classification })
}

pub(crate) fn text_check(found: TextCheck) -> Facts {
    json!({
        "result": found.result,
        "text": text(&found.text.unwrap_or_default()),
        "tags": found.tags,
        "wlist": found.wlist.iter().map(text).collect::<Vec<_>>(),
        "language": text(&found.language.unwrap_or_default()),
    })
}

pub(crate) fn media_check(found: MediaCheck) -> Facts {
    json!({ "result": found.result, "tags": found.tags })
}

pub(crate) fn speech(speech: SpeechText) -> Facts {
    json!({ "text": text(&speech.text), "lang": text(&speech.lang) })
}

fn body(body: &Body) -> Facts {
    match body {
        Body::Text(text) => json!(text),
        Body::Binary(bytes) => bytes_or_text(bytes),
        Body::Translated(translation) => json!({ "translated": translated(translation) }),
        other => panic!("a body of a new kind: {other:?}"),
    }
}

fn translated(translation: &Translation) -> Facts {
    json!({
        "source": text(&translation.source),
        "target": text(&translation.target),
        "sourceText": text(&translation.source_text),
        "targetText": text(&translation.target_text),
    })
}

fn text(text: &Text) -> Facts {
    bytes_or_text(text.as_bytes())
}
