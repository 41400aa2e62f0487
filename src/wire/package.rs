//! FPNN packages: a 12 or 16 byte header, a method name (quests only), a payload.
//!
//! | offset | size | field |
//! | --- | --- | --- |
//! | 0 | 4 | magic `FPNN` |
//! | 4 | 1 | version, 1 (0 is read as well) |
//! | 5 | 1 | flag: 0x80 MessagePack, 0x40 JSON |
//! | 6 | 1 | message type: 0 one-way quest, 1 two-way quest, 2 answer |
//! | 7 | 1 | quest: length of the method name; answer: status, 0 is success |
//! | 8 | 4 | payload size, little-endian |
//! | 12 | 4 | sequence number, little-endian; not in a one-way quest |

use crate::error_code::fpnn;

const MAGIC: [u8; 4] = *b"FPNN";
pub(crate) const VERSION: u8 = 1;
const ONE_WAY: u8 = 0;
const TWO_WAY: u8 = 1;
const ANSWER: u8 = 2;

/// Where the sequence number of a two-way quest or an answer stands.
pub(crate) const SEQ_OFFSET: usize = 12;

/// The sequence number in the first bytes of a package, if it is a two-way quest.
pub(crate) fn quest_seq(head: &[u8; SEQ_OFFSET + 4]) -> Option<u32> {
    let &[m, a, g, c, _, _, kind, _, _, _, _, _, s, e, q, n] = head;
    ([m, a, g, c] == MAGIC && kind == TWO_WAY).then(|| u32::from_le_bytes([s, e, q, n]))
}

/// How the payload of a package is written: its flag byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    MsgPack,
    Json,
}

impl Encoding {
    fn flag(self) -> u8 {
        match self {
            Encoding::MsgPack => 0x80,
            Encoding::Json => 0x40,
        }
    }

    /// The payload without fields: `{}`.
    pub(crate) fn empty_map(self) -> &'static [u8] {
        match self {
            Encoding::MsgPack => &[0x80],
            Encoding::Json => b"{}",
        }
    }
}

/// One package, borrowed from the bytes it was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Package<'a> {
    pub(crate) version: u8,
    pub(crate) encoding: Encoding,
    pub(crate) kind: Kind<'a>,
    pub(crate) payload: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    /// A one-way quest: never answered.
    OneWay {
        method: &'a [u8],
    },
    /// A two-way quest.
    Quest {
        seq: u32,
        method: &'a [u8],
    },
    Answer {
        seq: u32,
        status: u8,
    },
}

/// Why the bytes are no package. The connection they came over cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    Magic,
    Version(u8),
    Flag(u8),
    MessageType(u8),
    TooLarge { declared: u64, limit: usize },
}

impl Malformed {
    /// The FPNN code the connection ends with.
    pub(crate) fn code(self) -> i32 {
        match self {
            Malformed::Magic | Malformed::MessageType(_) => fpnn::PROTO_INVALID_PACKAGE,
            Malformed::Version(_) | Malformed::Flag(_) => fpnn::PROTO_NOT_SUPPORTED,
            Malformed::TooLarge { .. } => fpnn::CORE_INVALID_PACKAGE,
        }
    }
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Malformed::Magic => write!(f, "package without the FPNN magic"),
            Malformed::Version(v) => write!(f, "package of version {v}, known are 0 and 1"),
            Malformed::Flag(v) => write!(f, "package with flag {v:#04x}, known are 0x80 and 0x40"),
            Malformed::MessageType(v) => write!(f, "package of message type {v}, known are 0 to 2"),
            Malformed::TooLarge { declared, limit } => {
                write!(f, "package of {declared} bytes, the limit is {limit}")
            }
        }
    }
}

/// Reads the package that `bytes` begin with, and how many bytes it takes; `None` if its end is not there yet.
/// A header that cannot be right is refused as soon as the offending byte is there.
pub(crate) fn read(bytes: &[u8], limit: usize) -> Result<Option<(Package<'_>, usize)>, Malformed> {
    if bytes.iter().zip(&MAGIC).any(|(byte, expected)| byte != expected) {
        return Err(Malformed::Magic);
    }
    let &[_, _, _, _, version, flag, message_type, size_or_status, p0, p1, p2, p3, ..] = bytes
    else {
        check(bytes.get(4), bytes.get(5), bytes.get(6))?;
        return Ok(None);
    };
    let encoding = check(Some(&version), Some(&flag), Some(&message_type))?;
    let (header, method_len) = match message_type {
        ONE_WAY => (12, usize::from(size_or_status)),
        TWO_WAY => (16, usize::from(size_or_status)),
        _ => (16, 0),
    };
    let declared = u64::from(u32::from_le_bytes([p0, p1, p2, p3])) + (header + method_len) as u64;
    if declared > limit as u64 {
        return Err(Malformed::TooLarge { declared, limit });
    }
    let total = declared as usize;
    let Some((head, payload)) =
        bytes.get(..total).and_then(|package| package.split_at_checked(header + method_len))
    else {
        return Ok(None);
    };
    let seq = match head.get(SEQ_OFFSET..SEQ_OFFSET + 4) {
        Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
        _ => 0,
    };
    let method = head.get(header..).unwrap_or_default();
    let kind = match message_type {
        ONE_WAY => Kind::OneWay { method },
        TWO_WAY => Kind::Quest { seq, method },
        _ => Kind::Answer { seq, status: size_or_status },
    };
    Ok(Some((Package { version, encoding, kind, payload }, total)))
}

fn check(
    version: Option<&u8>,
    flag: Option<&u8>,
    message_type: Option<&u8>,
) -> Result<Encoding, Malformed> {
    match version {
        Some(&v) if v > VERSION => return Err(Malformed::Version(v)),
        _ => {}
    }
    let encoding = match flag {
        None | Some(0x80) => Encoding::MsgPack,
        Some(0x40) => Encoding::Json,
        Some(&other) => return Err(Malformed::Flag(other)),
    };
    match message_type {
        Some(&t) if t > ANSWER => Err(Malformed::MessageType(t)),
        _ => Ok(encoding),
    }
}

/// Cuts a stream of messages into packages: several in one message, or one over several.
///
/// Memory follows the bytes received, never the size a header declares.
pub(crate) struct Reader {
    /// What is not cut yet is behind `at`.
    partial: Vec<u8>,
    at: usize,
    limit: usize,
}

impl Reader {
    pub(crate) fn new(limit: usize) -> Self {
        Reader { partial: Vec::new(), at: 0, limit }
    }

    /// Hands every package that `message` completes to `each`, in order, until that says to stop. Whether it did: then there
    /// may be more, and an empty message goes on.
    pub(crate) fn read(
        &mut self,
        message: &[u8],
        mut each: impl FnMut(Package<'_>) -> bool,
    ) -> Result<bool, Malformed> {
        if self.partial.is_empty() {
            let (used, stopped) = split(message, self.limit, &mut each)?;
            self.partial.extend_from_slice(message.get(used..).unwrap_or_default());
            return Ok(stopped);
        }
        self.partial.extend_from_slice(message);
        let rest = self.partial.get(self.at..).unwrap_or_default();
        let (used, stopped) = split(rest, self.limit, &mut each)?;
        self.at += used;
        if self.at == self.partial.len() {
            self.partial = Vec::new();
            self.at = 0;
        } else if !stopped {
            self.partial.drain(..self.at);
            self.at = 0;
        }
        Ok(stopped)
    }
}

/// How many bytes are whole packages, and whether `each` has stopped the cutting.
fn split(
    bytes: &[u8],
    limit: usize,
    each: &mut impl FnMut(Package<'_>) -> bool,
) -> Result<(usize, bool), Malformed> {
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let Some((package, len)) = read(rest, limit)? else { break };
        at += len;
        if !each(package) {
            return Ok((at, true));
        }
    }
    Ok((at, false))
}

/// Appends a quest: two-way with a sequence number, one-way without. `payload` appends the payload.
pub(crate) fn write_quest(
    out: &mut Vec<u8>,
    seq: Option<u32>,
    method: &str,
    payload: impl FnOnce(&mut Vec<u8>),
) {
    debug_assert!(method.len() < 256);
    let start = out.len();
    let message_type = if seq.is_some() { TWO_WAY } else { ONE_WAY };
    write_header(out, VERSION, Encoding::MsgPack, message_type, method.len() as u8);
    if let Some(seq) = seq {
        out.extend_from_slice(&seq.to_le_bytes());
    }
    out.extend_from_slice(method.as_bytes());
    let payload_at = out.len();
    payload(out);
    finish(out, start, payload_at);
}

/// Appends a quest whose payload is there already, written as `encoding` says.
#[cfg(feature = "gate")]
pub(crate) fn write_push(
    out: &mut Vec<u8>,
    encoding: Encoding,
    seq: Option<u32>,
    method: &str,
    payload: &[u8],
) {
    debug_assert!(method.len() < 256);
    let start = out.len();
    let message_type = if seq.is_some() { TWO_WAY } else { ONE_WAY };
    write_header(out, VERSION, encoding, message_type, method.len() as u8);
    if let Some(seq) = seq {
        out.extend_from_slice(&seq.to_le_bytes());
    }
    out.extend_from_slice(method.as_bytes());
    let payload_at = out.len();
    out.extend_from_slice(payload);
    finish(out, start, payload_at);
}

/// Appends an answer. `payload` appends the payload, written as `encoding` says.
pub(crate) fn write_answer(
    out: &mut Vec<u8>,
    version: u8,
    encoding: Encoding,
    seq: u32,
    status: u8,
    payload: impl FnOnce(&mut Vec<u8>),
) {
    let start = out.len();
    write_header(out, version, encoding, ANSWER, status);
    out.extend_from_slice(&seq.to_le_bytes());
    let payload_at = out.len();
    payload(out);
    finish(out, start, payload_at);
}

fn write_header(out: &mut Vec<u8>, version: u8, encoding: Encoding, message_type: u8, size: u8) {
    let [m0, m1, m2, m3] = MAGIC;
    out.extend_from_slice(&[
        m0,
        m1,
        m2,
        m3,
        version,
        encoding.flag(),
        message_type,
        size,
        0,
        0,
        0,
        0,
    ]);
}

/// Writes the payload size now that it is known. A payload over 4 GiB is refused long before it goes out.
fn finish(out: &mut [u8], start: usize, payload_at: usize) {
    let size = u32::try_from(out.len() - payload_at).unwrap_or(u32::MAX);
    if let Some(field) = out.get_mut(start + 8..start + 12) {
        field.copy_from_slice(&size.to_le_bytes());
    }
}
