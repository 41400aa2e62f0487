use super::Text;
use crate::wire::payload::{self, Fields};

/// What is stored under a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataValue {
    /// The value; `None` where nothing is stored.
    pub val: Option<Text>,
}

impl DataValue {
    pub(crate) fn read(fields: &Fields<'_>) -> DataValue {
        DataValue { val: fields.get("val").map(payload::text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::package::Encoding::MsgPack;
    use crate::wire::payload::with_fields;

    #[test]
    fn an_absent_value_is_none_and_an_empty_one_is_some() {
        let value = |val: Option<&str>| Some(DataValue { val: val.map(Text::from) });
        let answer = b"\x81\xa3val\xa9value \xe5\x80\xbc";
        assert_eq!(with_fields(MsgPack, answer, DataValue::read), value(Some("value 值")));
        assert_eq!(with_fields(MsgPack, b"\x81\xa3val\xa0", DataValue::read), value(Some("")));
        assert_eq!(with_fields(MsgPack, b"\x81\xa3val\xc0", DataValue::read), value(None));
        assert_eq!(with_fields(MsgPack, b"\x80", DataValue::read), value(None));
    }
}
