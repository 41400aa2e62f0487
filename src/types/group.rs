use crate::error::Error;
use crate::wire::payload::Fields;

/// The members of a group.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// let (callback, reply) = reply::channel();
/// client.get_group_members(100, true, None, callback);
/// let members = reply.wait()?;
/// assert_eq!((members.uids, members.onlines), (vec![1, 2], vec![1]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupMembers {
    /// All members.
    pub uids: Vec<i64>,
    /// The members who are online. Empty unless asked for.
    pub onlines: Vec<i64>,
}

impl GroupMembers {
    pub(crate) fn decode(fields: &Fields<'_>) -> Result<GroupMembers, Error> {
        Ok(GroupMembers { uids: fields.ids("uids"), onlines: fields.ids("onlines") })
    }
}

/// The numbers of members of a group.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// let (callback, reply) = reply::channel();
/// client.get_group_count(100, true, None, callback);
/// let count = reply.wait()?;
/// assert_eq!((count.cn, count.online), (2, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupCount {
    /// All members.
    pub cn: i64,
    /// The number of members online. 0 unless asked for.
    pub online: i64,
}

impl GroupCount {
    pub(crate) fn decode(fields: &Fields<'_>) -> Result<GroupCount, Error> {
        Ok(GroupCount { cn: fields.int("cn"), online: fields.int("online") })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::decode_msgpack;
    use super::*;

    #[test]
    fn members_in_any_numeric_form() {
        let answer = b"\x81\xa4uids\x96\xd3\0\0\0\0\0\0\0\x65\xcf\0\0\0\0\0\0\0\x66\x67\
            \xcf\0\0\0\x01\x2a\x05\xf2\0\xd3\x7f\xff\xff\xff\xff\xff\xff\xff\
            \xd3\xff\xff\xff\xff\xff\xff\xff\xff";
        let uids = vec![101, 102, 103, 5_000_000_000, i64::MAX, -1];
        let members = GroupMembers { uids, onlines: vec![] };
        assert_eq!(decode_msgpack(answer, GroupMembers::decode), members);
    }

    #[test]
    fn members_as_text_online_or_missing() {
        let answer = b"\x82\xa4uids\x92\xa3101\xa3abc\xa7onlines\x91\x65";
        let members = GroupMembers { uids: vec![101, 0], onlines: vec![101] };
        assert_eq!(decode_msgpack(answer, GroupMembers::decode), members);
        let nobody = GroupMembers::default();
        assert_eq!(decode_msgpack(b"\x81\xa4uids\xc0", GroupMembers::decode), nobody);
        assert_eq!(decode_msgpack(b"\x80", GroupMembers::decode), nobody);
    }

    #[test]
    fn counts() {
        let answer = b"\x82\xa2cn\x05\xa6online\x03";
        let count = GroupCount { cn: 5, online: 3 };
        assert_eq!(decode_msgpack(answer, GroupCount::decode), count);
        assert_eq!(decode_msgpack(b"\x80", GroupCount::decode), GroupCount::default());
    }
}
