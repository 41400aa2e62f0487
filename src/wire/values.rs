//! The number of values of a payload: decoding costs by this number, not by the size.

use rmp::Marker;

/// The most values that are decoded of one payload or JSON text. A value of one byte takes some hundred while it is
/// decoded; the largest answer of the service has less than a tenth of these.
pub(crate) const MOST_VALUES: usize = 1 << 20;

/// Whether a MessagePack value holds more than [`MOST_VALUES`], itself included. One that is cut short is judged by what
/// is there.
pub(super) fn too_many_in_msgpack(mut bytes: &[u8]) -> bool {
    // Each takes a byte.
    if bytes.len() <= MOST_VALUES {
        return false;
    }
    let (mut found, mut announced) = (0, 1_u64);
    while announced > 0 {
        let Some((marker, rest)) = bytes.split_first() else { return false };
        bytes = rest;
        announced -= 1;
        found += 1;
        if found > MOST_VALUES {
            return true;
        }
        let (skipped, inside) = match Marker::from_u8(*marker) {
            Marker::FixPos(_) | Marker::FixNeg(_) => (0, 0),
            Marker::Null | Marker::True | Marker::False | Marker::Reserved => (0, 0),
            Marker::U8 | Marker::I8 => (1, 0),
            Marker::U16 | Marker::I16 | Marker::FixExt1 => (2, 0),
            Marker::FixExt2 => (3, 0),
            Marker::U32 | Marker::I32 | Marker::F32 => (4, 0),
            Marker::FixExt4 => (5, 0),
            Marker::U64 | Marker::I64 | Marker::F64 => (8, 0),
            Marker::FixExt8 => (9, 0),
            Marker::FixExt16 => (17, 0),
            Marker::FixStr(len) => (u64::from(len), 0),
            Marker::Str8 | Marker::Bin8 => (length(&mut bytes, 1), 0),
            Marker::Str16 | Marker::Bin16 => (length(&mut bytes, 2), 0),
            Marker::Str32 | Marker::Bin32 => (length(&mut bytes, 4), 0),
            Marker::Ext8 => (1 + length(&mut bytes, 1), 0),
            Marker::Ext16 => (1 + length(&mut bytes, 2), 0),
            Marker::Ext32 => (1 + length(&mut bytes, 4), 0),
            Marker::FixArray(len) => (0, u64::from(len)),
            Marker::Array16 => (0, length(&mut bytes, 2)),
            Marker::Array32 => (0, length(&mut bytes, 4)),
            Marker::FixMap(len) => (0, 2 * u64::from(len)),
            Marker::Map16 => (0, 2 * length(&mut bytes, 2)),
            Marker::Map32 => (0, 2 * length(&mut bytes, 4)),
        };
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        bytes = bytes.get(skipped..).unwrap_or_default();
        announced = announced.saturating_add(inside);
    }
    false
}

/// Takes a length of so many bytes; 0 if they are not there.
fn length(bytes: &mut &[u8], size: usize) -> u64 {
    let Some((head, rest)) = bytes.split_at_checked(size) else {
        *bytes = &[];
        return 0;
    };
    *bytes = rest;
    head.iter().fold(0, |length, byte| length << 8 | u64::from(*byte))
}

/// Whether a JSON text holds more than [`MOST_VALUES`].
pub(super) fn too_many_in_json(text: &[u8]) -> bool {
    if text.len() <= MOST_VALUES {
        return false;
    }
    let (mut found, mut in_text, mut escaped) = (1, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_text,
            b'"' => in_text = !in_text,
            // Each stands before at most one value.
            b',' | b':' | b'[' | b'{' if !in_text => found += 1,
            _ => {}
        }
    }
    found > MOST_VALUES
}

/// The value of a JSON text. `None` if it is none, or holds too many values.
pub(crate) fn json(text: &[u8]) -> Option<serde_json::Value> {
    if too_many_in_json(text) { None } else { serde_json::from_slice(text).ok() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rmpv::Value;

    use super::*;

    fn msgpack(value: &Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        rmpv::encode::write_value(&mut bytes, value).expect("memory");
        bytes
    }

    #[test]
    fn the_limit_is_exact() {
        let nils = |count: usize| msgpack(&Value::Array(vec![Value::Nil; count]));
        assert!(!too_many_in_msgpack(&nils(MOST_VALUES - 1)));
        assert!(too_many_in_msgpack(&nils(MOST_VALUES)));
        let ones = |count: usize| format!("[{}]", vec!["1"; count].join(",")).into_bytes();
        assert!(!too_many_in_json(&ones(MOST_VALUES - 1)));
        assert!(too_many_in_json(&ones(MOST_VALUES)));
    }

    #[test]
    fn what_is_announced_is_counted_where_it_is_more_than_32_bits_hold() {
        let announced = |head: &[u8]| [head, &vec![0xc0; MOST_VALUES + 2]].concat();
        assert!(too_many_in_msgpack(&announced(&[0xdf, 0x80, 0, 0, 0])));
        assert!(too_many_in_msgpack(&announced(&[0xdf, 0xff, 0xff, 0xff, 0xff])));
        assert!(!too_many_in_msgpack(&announced(&[0xc9, 0xff, 0xff, 0xff, 0xff])));
    }

    #[test]
    fn what_texts_hold_does_not_count() {
        let long = vec![0x90; 2 * MOST_VALUES];
        assert!(!too_many_in_msgpack(&msgpack(&Value::Binary(long))));
        let long = format!(r#"{{"x":"\"{}"}}"#, "[,".repeat(MOST_VALUES));
        assert!(!too_many_in_json(long.as_bytes()));
        assert!(json(long.as_bytes()).is_some());
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Nil),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<f32>().prop_map(Value::from),
            ".{0,40}".prop_map(Value::from),
            prop::collection::vec(any::<u8>(), 0..300).prop_map(Value::Binary),
            (any::<i8>(), prop::collection::vec(any::<u8>(), 0..300))
                .prop_map(|(kind, bytes)| Value::Ext(kind, bytes)),
        ];
        leaf.prop_recursive(4, 60, 20, |inner| {
            let pairs = prop::collection::vec((inner.clone(), inner.clone()), 0..20);
            prop_oneof![
                prop::collection::vec(inner, 0..20).prop_map(Value::Array),
                pairs.prop_map(Value::Map),
            ]
        })
    }

    proptest! {
        // Each case walks over megabytes.
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// Whatever stands before them, the nils behind it are reached and counted: nothing is skipped wrongly.
        #[test]
        fn every_form_is_skipped_as_long_as_it_is(value in values()) {
            let before = msgpack(&value);
            let nils = |count: u32| {
                let mut bytes = vec![0x92];
                bytes.extend_from_slice(&before);
                bytes.push(0xdd);
                bytes.extend_from_slice(&count.to_be_bytes());
                bytes.resize(bytes.len() + count as usize, 0xc0);
                bytes
            };
            prop_assert!(!too_many_in_msgpack(&nils(MOST_VALUES as u32 / 2)));
            prop_assert!(too_many_in_msgpack(&nils(MOST_VALUES as u32)));
            // A text that begins where the value ends hides as many.
            let mut hidden = vec![0x92];
            hidden.extend_from_slice(&before);
            hidden.push(0xc6);
            hidden.extend_from_slice(&(MOST_VALUES as u32 + 1).to_be_bytes());
            hidden.resize(hidden.len() + MOST_VALUES + 1, 0xc0);
            prop_assert!(!too_many_in_msgpack(&hidden));
        }

        #[test]
        fn bytes_of_any_kind_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut long = bytes;
            long.resize(MOST_VALUES + 1, 0xc1);
            too_many_in_msgpack(&long);
            too_many_in_json(&long);
        }
    }
}
