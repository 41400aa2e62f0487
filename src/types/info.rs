use std::collections::BTreeMap;

use super::Text;
use crate::error::Error;
use crate::wire::payload::Fields;

/// The texts stored with a user, a group or a room, of at most 65535 bytes each. The service does not read them.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// let (callback, reply) = reply::channel();
/// client.set_user_info("Ann", "likes tea", None, callback);
/// reply.wait()?;
///
/// let (callback, reply) = reply::channel();
/// client.get_user_info(None, callback);
/// let info = reply.wait()?;
/// assert_eq!((info.oinfo, info.pinfo), ("Ann".into(), "likes tea".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// The open part, for everybody. Empty if none is set.
    pub oinfo: Text,
    /// The private part: only that user, the members of the group, or the users in the room can read it. Empty if none is
    /// set.
    pub pinfo: Text,
}

impl Info {
    pub(crate) fn decode(fields: &Fields<'_>) -> Result<Info, Error> {
        Ok(Info { oinfo: Text::of(fields, "oinfo"), pinfo: Text::of(fields, "pinfo") })
    }
}

/// The text of a group or a room that everybody can read.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// let (callback, reply) = reply::channel();
/// client.set_group_info(100, "the two", "a secret", None, callback);
/// reply.wait()?;
///
/// let (callback, reply) = reply::channel();
/// client.get_group_open_info(100, None, callback);
/// assert_eq!(reply.wait()?.oinfo, "the two");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenInfo {
    /// The open part. Empty if none is set.
    pub oinfo: Text,
}

impl OpenInfo {
    pub(crate) fn decode(fields: &Fields<'_>) -> Result<OpenInfo, Error> {
        Ok(OpenInfo { oinfo: Text::of(fields, "oinfo") })
    }
}

/// The open parts of several users, groups or rooms, by id.
pub(crate) fn open_infos(fields: &Fields<'_>) -> Result<BTreeMap<i64, Text>, Error> {
    Ok(fields.by_id("info", Text::read).into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::super::testing::decode_msgpack;
    use super::*;

    #[test]
    fn info() {
        let answer = b"\x82\xa5oinfo\xabopen \xe5\x85\xac\xe5\xbc\x80\xa5pinfo\xa0";
        let info = Info { oinfo: "open 公开".into(), pinfo: "".into() };
        assert_eq!(decode_msgpack(answer, Info::decode), info);
        let open = OpenInfo { oinfo: "open 公开".into() };
        assert_eq!(decode_msgpack(answer, OpenInfo::decode), open);
    }

    #[test]
    fn missing_or_nil_is_empty_and_not_utf8_is_kept() {
        assert_eq!(decode_msgpack(b"\x80", Info::decode), Info::default());
        let answer = b"\x82\xa5oinfo\xc0\xa5pinfo\xa2\xff\xfe";
        let info = Info { oinfo: "".into(), pinfo: Text::Bytes(vec![0xff, 0xfe]) };
        assert_eq!(decode_msgpack(answer, Info::decode), info);
    }

    #[test]
    fn open_infos_by_text_or_integer_keys() {
        let expected = BTreeMap::from([(101, "a".into()), (i64::MAX, "b".into())]);
        let text_keys = b"\x81\xa4info\x82\xa3101\xa1a\xb39223372036854775807\xa1b";
        assert_eq!(decode_msgpack(text_keys, open_infos), expected);

        let expected =
            BTreeMap::from([(-3, "c".into()), (101, "a".into()), (i64::MAX, "b".into())]);
        let int_keys = b"\x81\xa4info\x83\xd3\0\0\0\0\0\0\0\x65\xa1a\
            \xd3\x7f\xff\xff\xff\xff\xff\xff\xff\xa1b\xd3\xff\xff\xff\xff\xff\xff\xff\xfd\xa1c";
        assert_eq!(decode_msgpack(int_keys, open_infos), expected);
        assert_eq!(decode_msgpack(b"\x80", open_infos), BTreeMap::new());
    }
}
