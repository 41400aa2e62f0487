//! What callbacks receive and what calls take: plain data with public fields.

mod data;
mod group;
mod info;
mod system;
mod text;
mod value_added;

pub use data::DataValue;
pub use group::{GroupCount, GroupMembers};
pub use info::{Info, OpenInfo};
pub use system::{ConnectionAttrs, DevicePushOptions, option_type};
pub use text::{Body, Content, Text, Translation};
pub use value_added::{MediaCheck, Profanity, SpeechText, TextCheck};
pub use value_added::{check_result, check_type, profanity, translate_type};

pub(crate) use info::open_infos;

#[cfg(test)]
mod testing {
    use crate::error::Error;
    use crate::wire::package::Encoding;
    use crate::wire::payload::{Fields, with_fields};

    /// Decodes an answer's payload.
    pub(super) fn decode_msgpack<T>(
        payload: &[u8],
        decode: impl FnOnce(&Fields<'_>) -> Result<T, Error>,
    ) -> T {
        with_fields(Encoding::MsgPack, payload, decode).expect("a map").expect("an answer")
    }
}
