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
