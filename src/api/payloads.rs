//! The common payloads of the Chat and the Messages page: messages to send, and questions.

use std::time::Duration;

use crate::client::RtmClient;
use crate::error::SendError;
use crate::types::{Content, Moderation, SendReply};
use crate::wire::payload::MapWriter;

/// Whom a message goes to.
#[derive(Clone, Copy)]
pub(super) enum Target {
    User(i64),
    Group(i64),
    Room(i64),
}

/// A message to send.
pub(super) struct Message<'a> {
    pub(super) target: Target,
    pub(super) mtype: i64,
    pub(super) msg: Content<'a>,
    pub(super) attrs: &'a str,
    pub(super) mid: Option<i64>,
    pub(super) moderation: Option<Moderation>,
}

impl RtmClient {
    pub(super) fn send_message_to(
        &self,
        message: Message<'_>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<SendError>, Option<SendReply>) + Send + 'static,
    ) {
        let method = match message.target {
            Target::User(_) => "sendmsg",
            Target::Group(_) => "sendgroupmsg",
            Target::Room(_) => "sendroommsg",
        };
        // One look at the clock for the mid and the deadline.
        let now = self.engine().now();
        let mid = self.mid(message.mid, now);
        let payload = |map: &mut MapWriter<'_>| message.write(map, mid);
        self.send(method, now, mid, payload, timeout, SendReply::decode, callback);
    }
}

impl Message<'_> {
    fn write(&self, map: &mut MapWriter<'_>, mid: i64) {
        match self.target {
            Target::User(to) => map.id("to", to),
            Target::Group(gid) => map.id("gid", gid),
            Target::Room(rid) => map.id("rid", rid),
        }
        map.id("mid", mid);
        map.number("mtype", self.mtype);
        self.msg.write(map.key("msg"));
        map.text("attrs", self.attrs);
        if let Some(moderation) = &self.moderation {
            map.opt_text("strategyid", moderation.strategy_id.as_deref());
            map.opt_text("checkParams", moderation.check_params.as_deref());
        }
    }
}

/// Which page of a history is asked for.
pub(super) struct HistoryQuery<'a> {
    pub(super) desc: bool,
    pub(super) num: i64,
    pub(super) begin: Option<i64>,
    pub(super) end: Option<i64>,
    pub(super) lastid: Option<i64>,
    pub(super) mtypes: Option<&'a [i64]>,
}

/// Writes the fields all history calls have, behind the target.
pub(super) fn history(map: &mut MapWriter<'_>, query: &HistoryQuery<'_>) {
    map.bool("desc", query.desc);
    map.number("num", query.num);
    map.opt_id("begin", query.begin);
    map.opt_id("end", query.end);
    map.opt_id("lastid", query.lastid);
    map.opt_numbers("mtypes", query.mtypes);
}

/// Writes what names one stored message.
pub(super) fn stored_message(
    map: &mut MapWriter<'_>,
    from: i64,
    mid: i64,
    xid: i64,
    message_type: i64,
) {
    map.id("from", from);
    map.id("mid", mid);
    map.id("xid", xid);
    map.number("type", message_type);
}

/// Writes the message a page goes on behind.
pub(super) fn behind_message(map: &mut MapWriter<'_>, desc: bool, num: i64, mid: i64) {
    map.bool("desc", desc);
    map.number("num", num);
    map.id("mid", mid);
}

/// Writes which stored messages are meant. Their bounds are always there; 0 is none.
pub(super) fn stored_within(
    map: &mut MapWriter<'_>,
    begin: Option<i64>,
    end: Option<i64>,
    mtypes: Option<&[i64]>,
) {
    map.id("begin", begin.unwrap_or(0));
    map.id("end", end.unwrap_or(0));
    map.opt_numbers("mtypes", mtypes);
}

/// Writes since when and which messages count as unread.
pub(super) fn unread_since(map: &mut MapWriter<'_>, mtime: Option<i64>, mtypes: Option<&[i64]>) {
    map.opt_id("mtime", mtime);
    map.opt_numbers("mtypes", mtypes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::payload::write_map;

    fn written(fill: impl FnOnce(&mut MapWriter<'_>)) -> String {
        let mut out = Vec::new();
        write_map(&mut out, fill);
        data_encoding::HEXLOWER.encode(&out)
    }

    #[test]
    fn a_first_page_leaves_out_what_was_not_given() {
        let query = HistoryQuery {
            desc: true,
            num: 10,
            begin: None,
            end: None,
            lastid: None,
            mtypes: Some(&[30, 31, 32]),
        };
        let bytes = written(|map| {
            map.id("ouid", 99);
            history(map, &query);
        });
        assert_eq!(
            bytes,
            "84a46f756964d30000000000000063a464657363c3a36e756d0aa66d7479706573931e1f20"
        );
    }

    #[test]
    fn a_further_page_and_an_empty_list_are_sent_as_given() {
        let query = HistoryQuery {
            desc: false,
            num: 128,
            begin: Some(0),
            end: Some(-1),
            lastid: Some(88_888_888),
            mtypes: Some(&[]),
        };
        assert_eq!(
            written(|map| history(map, &query)),
            "86a464657363c2a36e756dcc80a5626567696ed30000000000000000a3656e64d3ffffffffffffffff\
             a66c6173746964d300000000054c5638a66d747970657390"
        );
    }

    #[test]
    fn behind_a_message_and_within_bounds() {
        let bytes = written(|map| {
            behind_message(map, true, 20, 77);
            stored_within(map, None, Some(2), Some(&[30]));
        });
        assert_eq!(
            bytes,
            "86a464657363c3a36e756d14a36d6964d3000000000000004da5626567696ed30000000000000000\
             a3656e64d30000000000000002a66d7479706573911e"
        );
    }

    #[test]
    fn moderation_comes_last_and_only_where_it_is_asked_for() {
        let mut message = Message {
            target: Target::User(99),
            mtype: 51,
            msg: "hi".into(),
            attrs: "",
            mid: None,
            moderation: None,
        };
        let plain = "85a2746fd30000000000000063a36d6964d3000660e0e7700921a56d7479706533a36d7367\
                     a26869a56174747273a0";
        assert_eq!(written(|map| message.write(map, 1_795_368_932_084_001)), plain);
        let moderation =
            Moderation { strategy_id: Some("S".into()), check_params: Some("{}".into()) };
        message.moderation = Some(moderation);
        let more = "aa73747261746567796964a153ab636865636b506172616d73a27b7d";
        assert_eq!(
            written(|map| message.write(map, 1_795_368_932_084_001)),
            format!("87{}{more}", &plain[2..])
        );
        message.moderation = Some(Moderation::default());
        assert_eq!(written(|map| message.write(map, 1_795_368_932_084_001)), plain);
    }

    #[test]
    fn one_stored_message() {
        assert_eq!(
            written(|map| stored_message(map, 654_321, 77, 424_242, 1)),
            "84a466726f6dd3000000000009fbf1a36d6964d3000000000000004da3786964d30000000000067932\
             a47479706501"
        );
    }

    #[test]
    fn unread_since_a_time() {
        assert_eq!(written(|map| unread_since(map, None, None)), "80");
        assert_eq!(
            written(|map| unread_since(map, Some(1_610_424_000_000), Some(&[40, 50]))),
            "82a56d74696d65d300000176f4c01e00a66d7479706573922832"
        );
    }
}
