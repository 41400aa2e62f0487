//! What callbacks receive and what calls take: plain data with public fields.

mod text;

pub use text::{Body, Content, Text, Translation};
