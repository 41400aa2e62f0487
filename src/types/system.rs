use std::collections::BTreeMap;

use rmpv::ValueRef;

use super::Text;
use crate::error::Error;
use crate::wire::payload::{self, Fields};

/// The kind of conversation of a push option: the `option_type` of `add_device_push_option` and
/// `remove_device_push_option`.
pub mod option_type {
    /// Messages from one user.
    pub const P2P: i64 = 0;
    /// Messages of one group.
    pub const GROUP: i64 = 1;
}

/// The attributes of one connection of the user.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// // The options said attrs([("device", "terminal")]).
/// let (callback, reply) = reply::channel();
/// client.get_attrs(None, callback);
/// let connections = reply.wait()?;
/// let names: Vec<_> = connections[0].attrs.iter().map(|(name, _)| name.to_string()).collect();
/// assert_eq!(names, ["device", "login", "ce", "my"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionAttrs {
    /// All attributes in the order of the answer: those set at login and with `add_attrs`, and those that the service
    /// adds.
    pub attrs: Vec<(Text, Text)>,
}

impl ConnectionAttrs {
    /// The attribute of that name.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// // The options said attrs([("device", "terminal")]).
    /// let (callback, reply) = reply::channel();
    /// client.get_attrs(None, callback);
    /// let connections = reply.wait()?;
    /// assert_eq!(connections[0].get("device"), Some(&"terminal".into()));
    /// assert_eq!(connections[0].get("Device"), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get(&self, name: &str) -> Option<&Text> {
        self.attrs.iter().rev().find(|(key, _)| *key == *name).map(|(_, value)| value)
    }

    /// The time of the login of the connection, in the form of the service (a UTC timestamp).
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.get_attrs(None, callback);
    /// let connections = reply.wait()?;
    /// let since = connections[0].login().expect("the gate adds it");
    /// assert!(!since.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn login(&self) -> Option<&Text> {
        self.get("login")
    }

    /// Marks the connection that asked, documented as its attributes; `None` on the user's other connections.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in(); let other = user(&gate, 1);
    /// // User 1 is logged in twice.
    /// let (callback, reply) = reply::channel();
    /// client.get_attrs(None, callback);
    /// let connections = reply.wait()?;
    /// assert_eq!(connections.len(), 2);
    /// assert_eq!(connections.iter().filter(|connection| connection.my().is_some()).count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn my(&self) -> Option<&Text> {
        self.get("my")
    }

    /// One entry for each connection, from a list of maps, or from one map, as some gates send it.
    pub(crate) fn decode(fields: &Fields<'_>) -> Result<Vec<ConnectionAttrs>, Error> {
        Ok(match fields.get("attrs") {
            Some(map @ ValueRef::Map(_)) => vec![ConnectionAttrs::of(map)],
            _ => fields.array("attrs").iter().map(ConnectionAttrs::of).collect(),
        })
    }

    fn of(value: &ValueRef<'_>) -> ConnectionAttrs {
        let attrs = match value {
            ValueRef::Map(entries) => {
                entries.iter().map(|(k, v)| (Text::read(k), Text::read(v))).collect()
            }
            _ => Vec::new(),
        };
        ConnectionAttrs { attrs }
    }
}

/// The users, groups and types of messages without notifications to the user's devices.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// use rtm_client::types::{mtype, option_type};
///
/// // No notification of files from user 3, and of nothing in group 100.
/// client.add_device_push_option(option_type::P2P, 3, vec![mtype::FILE], None, reply::ignore);
/// client.add_device_push_option(option_type::GROUP, 100, None, None, reply::ignore);
/// let (callback, reply) = reply::channel();
/// client.get_device_push_option(None, callback);
/// let options = reply.wait()?;
/// assert_eq!(options.p2p[&3], [mtype::FILE]);
/// assert!(options.group[&100].is_empty()); // all types
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DevicePushOptions {
    /// By user id, the mtypes without notification; an empty list means all types.
    pub p2p: BTreeMap<i64, Vec<i64>>,
    /// By group id, the mtypes without notification; an empty list means all types.
    pub group: BTreeMap<i64, Vec<i64>>,
}

impl DevicePushOptions {
    pub(crate) fn decode(fields: &Fields<'_>) -> Result<DevicePushOptions, Error> {
        let mtypes =
            |value: &ValueRef<'_>| payload::array(value).iter().map(payload::int).collect();
        Ok(DevicePushOptions {
            p2p: fields.by_id("p2p", mtypes).into_iter().collect(),
            group: fields.by_id("group", mtypes).into_iter().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::decode_msgpack;
    use super::*;

    fn read_attrs(answer: &[u8]) -> Vec<ConnectionAttrs> {
        decode_msgpack(answer, ConnectionAttrs::decode)
    }

    #[test]
    fn attrs_as_a_list_of_maps() {
        let connections = read_attrs(
            b"\x81\xa5attrs\x92\x83\xa2ce\xaa10.0.0.1:5\xa5login\xaa1700000000\xa2my\xa7{\"a\":1}\x80",
        );
        assert_eq!(connections.len(), 2);
        let first = &connections[0];
        let names: Vec<_> = first.attrs.iter().filter_map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["ce", "login", "my"]);
        assert_eq!(first.get("ce"), Some(&"10.0.0.1:5".into()));
        assert_eq!(first.login(), Some(&"1700000000".into()));
        assert_eq!(first.my(), Some(&"{\"a\":1}".into()));
        assert_eq!(connections[1], ConnectionAttrs::default());
        assert_eq!(connections[1].my(), None);
    }

    #[test]
    fn attrs_as_one_map_or_none() {
        let connections = read_attrs(b"\x81\xa5attrs\x81\xa1a\xa1b");
        assert_eq!(connections.len(), 1);
        assert_eq!(connections[0].get("a"), Some(&"b".into()));
        assert!(read_attrs(b"\x81\xa5attrs\xc0").is_empty());
        assert!(read_attrs(b"\x80").is_empty());
    }

    #[test]
    fn push_options_by_text_or_integer_keys() {
        let options = DevicePushOptions {
            p2p: BTreeMap::from([(101, vec![30, 31]), (102, vec![])]),
            group: BTreeMap::from([(201, vec![66])]),
        };
        let answer = b"\x82\xa3p2p\x82\xa3101\x92\x1e\x1f\xa3102\x90\xa5group\x81\xa3201\x91\x42";
        assert_eq!(decode_msgpack(answer, DevicePushOptions::decode), options);

        let options = DevicePushOptions {
            p2p: BTreeMap::from([(101, vec![30, 31])]),
            group: BTreeMap::new(),
        };
        let answer = b"\x82\xa3p2p\x81\xd3\0\0\0\0\0\0\0\x65\x92\x1e\x1f\xa5group\x80";
        assert_eq!(decode_msgpack(answer, DevicePushOptions::decode), options);
    }
}
