//! MessagePack payloads: maps written key by key in the order given, and maps read leniently.
//!
//! Reading accepts the forms of several generations of servers: a missing or nil field is its type's empty value, an
//! integer comes in any numeric form or as decimal text, text comes as str or bin and need not be UTF-8.

mod fields;
mod json;
mod write;

use std::borrow::Cow;
use std::fmt;

use rmpv::ValueRef;

use super::package::Encoding;
use super::values::{self, MOST_VALUES};

pub(crate) use fields::{Fields, array, entry, int, raw, text, truthy};
pub(crate) use json::json_to_msgpack;
#[cfg(feature = "gate")]
pub(crate) use json::to_json;
pub(crate) use write::{MapWriter, write_bytes, write_map, write_text};

/// How deep containers may nest, the root map included. Reading is recursive: the decoder's own limit overflows the stack
/// of a thread.
const DEEPEST: usize = 64;

/// The same as the decoder counts: two for a container, and three for a text in the innermost. Where something smaller is
/// innermost, one container more is read.
const DECODER_DEPTH: usize = 2 * DEEPEST + 3;

/// Why a payload cannot be read, as the end of a sentence.
#[derive(Debug)]
pub(crate) struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Unreadable {
    fn too_many() -> Unreadable {
        Unreadable(format!("holds more than {MOST_VALUES} values"))
    }
}

/// Reads the payload's root map and hands it to `read`. Bytes after the map are ignored.
pub(crate) fn with_fields<T>(
    encoding: Encoding,
    payload: &[u8],
    read: impl FnOnce(&Fields<'_>) -> T,
) -> Result<T, Unreadable> {
    let bytes = match encoding {
        Encoding::MsgPack if values::too_many_in_msgpack(payload) => {
            return Err(Unreadable::too_many());
        }
        Encoding::MsgPack => Cow::Borrowed(payload),
        Encoding::Json => Cow::Owned(json_to_msgpack(payload)?),
    };
    match rmpv::decode::read_value_ref_with_max_depth(&mut &*bytes, DECODER_DEPTH) {
        Ok(ValueRef::Map(entries)) => Ok(read(&Fields { entries })),
        Ok(_) => Err(Unreadable("is no map".to_owned())),
        Err(rmpv::decode::Error::DepthLimitExceeded) => {
            Err(Unreadable(format!("is nested more than {DEEPEST} deep")))
        }
        Err(_) if bytes.is_empty() => Err(Unreadable("is empty".to_owned())),
        Err(_) => Err(Unreadable("is cut short or no MessagePack".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of each kind of container, with each kind of value innermost.
    #[test]
    fn as_deep_as_is_promised_and_not_two_deeper() {
        for opening in [&[0x91][..], &[0x81, 0xa1, b'k']] {
            for innermost in [&[0xc0][..], &[0x07], &[0xa1, b'x'], &[0xc4, 1, 0xff], &[0x90]] {
                let read = |containers: usize| {
                    let inside = opening.repeat(containers - 1);
                    let payload = [&[0x81, 0xa1, b'r'][..], &inside, innermost].concat();
                    with_fields(Encoding::MsgPack, &payload, |_| ()).map_err(|error| error.0)
                };
                // An empty list is a container as well.
                let more = usize::from(innermost == [0x90]);
                assert_eq!(read(DEEPEST - more), Ok(()), "{opening:x?} {innermost:x?}");
                let error = read(DEEPEST + 2).expect_err("two deeper");
                assert!(error.contains("64 deep"), "{error}");
            }
        }
    }
}
