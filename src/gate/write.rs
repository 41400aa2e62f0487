//! Writing answers and pushes: the shortest integers, texts of any bytes, nested values.

use rmp::encode;

use super::language::{self, Language, Translated};
use super::service::Target;
use super::store::{Bytes, Draft, Message};
use crate::wire::package;
use crate::wire::payload::{MapWriter, write_map, write_text};

impl MapWriter<'_> {
    /// An integer in its shortest form, a non-negative one of 64 bits as uint64.
    pub(super) fn int(&mut self, key: &str, value: i64) {
        int(self.key(key), value);
    }

    pub(super) fn ints(&mut self, key: &str, values: impl IntoIterator<Item = i64>) {
        list(self.key(key), values, int);
    }

    pub(super) fn str_bytes(&mut self, key: &str, value: &[u8]) {
        str_bytes(self.key(key), value);
    }

    /// A message body, as str or bin, whichever it came as.
    pub(super) fn body(&mut self, key: &str, value: Bytes<'_>) {
        body(self.key(key), value);
    }

    /// A list whose items `each` writes.
    pub(super) fn list<T>(
        &mut self,
        key: &str,
        items: impl IntoIterator<Item = T>,
        each: impl FnMut(&mut Vec<u8>, T),
    ) {
        list(self.key(key), items, each);
    }

    /// A map keyed by ids, which go out as decimal text, whose values `each` writes.
    pub(super) fn by_id<T>(
        &mut self,
        key: &str,
        items: impl IntoIterator<Item = (i64, T)>,
        mut each: impl FnMut(&mut Vec<u8>, T),
    ) {
        let items: Vec<_> = items.into_iter().collect();
        let out = self.key(key);
        map_len(out, items.len());
        for (id, value) in items {
            write_text(out, &id.to_string());
            each(out, value);
        }
    }
}

pub(super) fn int(out: &mut Vec<u8>, value: i64) {
    in_memory(encode::write_sint(out, value));
}

pub(super) fn float(out: &mut Vec<u8>, value: f64) {
    in_memory(encode::write_f64(out, value));
}

pub(super) fn str_bytes(out: &mut Vec<u8>, value: &[u8]) {
    in_memory(encode::write_str_len(out, value.len() as u32));
    out.extend_from_slice(value);
}

pub(super) fn list<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut each: impl FnMut(&mut Vec<u8>, T),
) {
    let items: Vec<T> = items.into_iter().collect();
    in_memory(encode::write_array_len(out, items.len() as u32));
    items.into_iter().for_each(|item| each(out, item));
}

pub(super) fn map_len(out: &mut Vec<u8>, len: usize) {
    in_memory(encode::write_map_len(out, len as u32));
}

fn body(out: &mut Vec<u8>, value: Bytes<'_>) {
    if value.binary {
        in_memory(encode::write_bin(out, value.bytes));
    } else {
        str_bytes(out, value.bytes);
    }
}

/// One history row of 8 cells; `who` is the sender, or the direction in a P2P conversation.
pub(super) fn row(out: &mut Vec<u8>, who: i64, message: &Message) {
    out.push(0x98);
    int(out, message.id);
    int(out, who);
    int(out, message.mtype);
    int(out, message.mid);
    out.push(if message.deleted { 0xc3 } else { 0xc2 });
    body(out, message.body());
    str_bytes(out, &message.attrs);
    int(out, message.mtime);
}

/// The row that says there is no message: its id is 0.
pub(super) fn no_row(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0x98, 0, 0, 0, 0, 0xc2, 0xa0, 0xa0, 0]);
}

/// Appends the header of one unfragmented binary WebSocket frame.
pub(super) fn frame_header(out: &mut Vec<u8>, len: usize) {
    match len {
        0..126 => out.extend_from_slice(&[0x82, len as u8]),
        126..=0xffff => {
            let [high, low] = (len as u16).to_be_bytes();
            out.extend_from_slice(&[0x82, 126, high, low]);
        }
        _ => {
            out.extend_from_slice(&[0x82, 127]);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
}

/// The first byte of control frames.
pub(super) const CLOSE: u8 = 0x88;
pub(super) const PONG: u8 = 0x8a;

/// Appends a control frame; `payload` is at most 125 bytes long.
pub(super) fn control_frame(out: &mut Vec<u8>, first: u8, payload: &[u8]) {
    debug_assert!(payload.len() <= 125, "a control frame is short");
    out.extend_from_slice(&[first, payload.len() as u8]);
    out.extend_from_slice(payload);
}

/// The length of a quest's package without payload.
pub(super) fn quest_len(seq: Option<u32>, method: &str) -> usize {
    package::SEQ_OFFSET + if seq.is_some() { 4 } else { 0 } + method.len()
}

/// Writing into a `Vec` cannot fail; this says so in one place.
fn in_memory<T, E: std::fmt::Debug>(written: Result<T, E>) {
    debug_assert!(written.is_ok(), "writing into memory failed");
}

/// The fields of a message push. With a language, the body is the text and its translation.
pub(super) fn push(
    map: &mut MapWriter<'_>,
    target: Target,
    draft: &Draft<'_>,
    lang: Option<Language>,
    mtime: i64,
) {
    map.int("from", draft.from);
    match target {
        Target::User(uid) => map.int("to", uid),
        Target::Group(gid) => map.int("gid", gid),
        Target::Room(rid) => map.int("rid", rid),
        Target::Everybody => {}
    }
    map.int("mid", draft.mid);
    map.int("mtype", draft.mtype);
    match (lang, std::str::from_utf8(draft.body.bytes)) {
        (Some(lang), Ok(text)) => {
            let translated = language::translate(text, None, lang);
            write_map(map.key("msg"), |map| translation(map, &translated));
        }
        _ => map.body("msg", draft.body),
    }
    map.str_bytes("attrs", draft.attrs);
    map.int("mtime", mtime);
}

pub(super) fn translation(map: &mut MapWriter<'_>, translated: &Translated) {
    map.text("source", translated.source.code());
    map.text("target", translated.target.code());
    map.text("sourceText", &translated.source_text);
    map.text("targetText", &translated.target_text);
}
