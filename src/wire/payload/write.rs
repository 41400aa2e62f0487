//! Maps written key by key, in the forms the JavaScript SDK chooses.

use rmp::encode;
use rmpv::ValueRef;

/// Writes one map, counting its entries.
///
/// Ids are the 9-byte int64 form, other numbers the shortest, as the JavaScript SDK writes them.
pub(crate) struct MapWriter<'a> {
    out: &'a mut Vec<u8>,
    count_at: usize,
    count: u16,
}

/// Appends a map whose entries `fill` writes.
pub(crate) fn write_map(out: &mut Vec<u8>, fill: impl FnOnce(&mut MapWriter<'_>)) {
    let count_at = out.len();
    out.push(0x80);
    let mut map = MapWriter { out, count_at, count: 0 };
    fill(&mut map);
    let MapWriter { out, count_at, count } = map;
    if count < 16 {
        if let Some(head) = out.get_mut(count_at) {
            *head = 0x80 | count as u8;
        }
    } else {
        let [high, low] = count.to_be_bytes();
        out.splice(count_at..=count_at, [0xde, high, low]);
    }
}

impl MapWriter<'_> {
    /// Begins an entry; its value goes to the bytes returned.
    pub(crate) fn key(&mut self, key: &str) -> &mut Vec<u8> {
        self.count += 1;
        write_text(self.out, key);
        self.out
    }

    /// An id, mid or millisecond time: always int64.
    pub(crate) fn id(&mut self, key: &str, value: i64) {
        write_id(self.key(key), value);
    }

    pub(crate) fn opt_id(&mut self, key: &str, value: Option<i64>) {
        if let Some(value) = value {
            self.id(key, value);
        }
    }

    /// Any other number: the shortest form within a signed 32-bit integer, a float64 beyond, as JavaScript writes its
    /// numbers.
    pub(crate) fn number(&mut self, key: &str, value: i64) {
        write_number(self.key(key), value);
    }

    pub(crate) fn bool(&mut self, key: &str, value: bool) {
        self.key(key).push(if value { 0xc3 } else { 0xc2 });
    }

    pub(crate) fn opt_bool(&mut self, key: &str, value: Option<bool>) {
        if let Some(value) = value {
            self.bool(key, value);
        }
    }

    pub(crate) fn nil(&mut self, key: &str) {
        self.key(key).push(0xc0);
    }

    pub(crate) fn text(&mut self, key: &str, value: &str) {
        write_text(self.key(key), value);
    }

    pub(crate) fn opt_text(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    pub(crate) fn bytes(&mut self, key: &str, value: &[u8]) {
        write_bytes(self.key(key), value);
    }

    /// A value as it was read.
    pub(crate) fn value(&mut self, key: &str, value: &ValueRef<'_>) {
        if let Err(never) = rmpv::encode::write_value_ref(self.key(key), value) {
            unreachable_write(never);
        }
    }

    pub(crate) fn ids(&mut self, key: &str, values: &[i64]) {
        let out = self.key(key);
        write_array_len(out, values.len());
        values.iter().for_each(|&value| write_id(out, value));
    }

    pub(crate) fn numbers(&mut self, key: &str, values: &[i64]) {
        let out = self.key(key);
        write_array_len(out, values.len());
        values.iter().for_each(|&value| write_number(out, value));
    }

    pub(crate) fn opt_numbers(&mut self, key: &str, values: Option<&[i64]>) {
        if let Some(values) = values {
            self.numbers(key, values);
        }
    }

    /// A map of texts, in the caller's order.
    pub(crate) fn texts(&mut self, key: &str, pairs: &[(String, String)]) {
        let out = self.key(key);
        match encode::write_map_len(out, pairs.len() as u32) {
            Ok(_) => {}
            Err(never) => unreachable_write(never),
        }
        for (name, value) in pairs {
            write_text(out, name);
            write_text(out, value);
        }
    }
}

/// Writing into a `Vec` cannot fail; this says so in one place.
pub(super) fn unreachable_write<E: std::fmt::Debug>(error: E) {
    debug_assert!(false, "writing into memory failed: {error:?}");
}

pub(crate) fn write_id(out: &mut Vec<u8>, value: i64) {
    out.push(0xd3);
    out.extend_from_slice(&value.to_be_bytes());
}

fn write_number(out: &mut Vec<u8>, value: i64) {
    if let 0..128 = value {
        out.push(value as u8);
    } else if i32::try_from(value).is_ok() {
        if let Err(never) = encode::write_sint(out, value) {
            unreachable_write(never);
        }
    } else {
        out.push(0xcb);
        out.extend_from_slice(&(value as f64).to_be_bytes());
    }
}

/// A str, which need not be UTF-8.
pub(crate) fn write_text(out: &mut Vec<u8>, text: &(impl AsRef<[u8]> + ?Sized)) {
    let bytes = text.as_ref();
    match bytes.len() {
        // Each key is that short.
        len @ ..32 => out.push(0xa0 | len as u8),
        len => {
            if let Err(never) = encode::write_str_len(out, len as u32) {
                unreachable_write(never);
            }
        }
    }
    out.extend_from_slice(bytes);
}

pub(crate) fn write_bytes(out: &mut Vec<u8>, value: &[u8]) {
    if value.len() == 255 {
        // The JavaScript SDK changes to the two-byte length one byte early.
        out.extend_from_slice(&[0xc5, 0, 255]);
        out.extend_from_slice(value);
        return;
    }
    if let Err(never) = encode::write_bin(out, value) {
        unreachable_write(never);
    }
}

pub(super) fn write_array_len(out: &mut Vec<u8>, len: usize) {
    if let Err(never) = encode::write_array_len(out, len as u32) {
        unreachable_write(never);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_any_length_are_written_as_rmp_does() {
        for len in [0, 1, 31, 32, 255, 256, 65_535, 65_536] {
            let text = "x".repeat(len);
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            write_text(&mut ours, &text);
            encode::write_str(&mut theirs, &text).unwrap();
            assert_eq!(ours, theirs, "{len} bytes");
        }
    }

    #[test]
    fn numbers_beyond_a_signed_32_bit_integer_are_floats() {
        let written = |value| {
            let mut out = Vec::new();
            write_number(&mut out, value);
            out
        };
        assert_eq!(written(0), [0]);
        assert_eq!(written(127), [0x7f]);
        assert_eq!(written(-1), [0xff]);
        assert_eq!(written(128), [0xcc, 128]);
        assert_eq!(written(-33), [0xd0, 0xdf]);
        assert_eq!(written(0x7fff_ffff), [0xce, 0x7f, 0xff, 0xff, 0xff]);
        assert_eq!(written(0x8000_0000), [0xcb, 0x41, 0xe0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(written(-0x8000_0001), [0xcb, 0xc1, 0xe0, 0, 0, 0, 0x20, 0, 0]);
    }

    #[test]
    fn bytes_have_the_javascript_head() {
        let head = |len| {
            let mut out = Vec::new();
            write_bytes(&mut out, &vec![7; len]);
            out.truncate(out.len() - len);
            out
        };
        assert_eq!(head(254), [0xc4, 254]);
        assert_eq!(head(255), [0xc5, 0, 255]);
        assert_eq!(head(256), [0xc5, 1, 0]);
        assert_eq!(head(0xffff), [0xc5, 0xff, 0xff]);
        assert_eq!(head(0x1_0000), [0xc6, 0, 1, 0, 0]);
    }
}
