use super::Text;
use crate::error::Error;
use crate::wire::payload::Fields;

/// The value stored under a key.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// let (callback, reply) = reply::channel();
/// client.data_set("theme", "dark", None, callback);
/// reply.wait()?;
///
/// let get = |key| {
///     let (callback, reply) = reply::channel();
///     client.data_get(key, None, callback);
///     reply.wait()
/// };
/// assert_eq!(get("theme")?.val, Some("dark".into()));
/// assert_eq!(get("size")?.val, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DataValue {
    /// The value; `None` if no value is stored.
    pub val: Option<Text>,
}

impl DataValue {
    pub(crate) fn decode(fields: &Fields<'_>) -> Result<DataValue, Error> {
        Ok(DataValue { val: fields.get("val").map(Text::read) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::decode_msgpack;
    use super::*;

    #[test]
    fn an_absent_value_is_none_and_an_empty_one_is_some() {
        let value = |val: Option<&str>| DataValue { val: val.map(Text::from) };
        let answer = b"\x81\xa3val\xa9value \xe5\x80\xbc";
        assert_eq!(decode_msgpack(answer, DataValue::decode), value(Some("value 值")));
        assert_eq!(decode_msgpack(b"\x81\xa3val\xa0", DataValue::decode), value(Some("")));
        assert_eq!(decode_msgpack(b"\x81\xa3val\xc0", DataValue::decode), value(None));
        assert_eq!(decode_msgpack(b"\x80", DataValue::decode), value(None));
    }
}
