//! FPNN packages as the peer reads and writes them: a second reading of the protocol, sharing nothing with the crate's.

use crate::record::{self, Value};

/// The largest package a client takes by default is 64 MiB; none that is larger comes by accident.
const LIMIT: u32 = 64 << 20;
const SEQ: std::ops::Range<usize> = 12..16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    OneWay,
    Quest,
    Answer,
}

#[derive(Clone, Debug)]
pub(crate) struct Package {
    pub(crate) json: bool,
    pub(crate) kind: Kind,
    pub(crate) status: u8,
    pub(crate) seq: u32,
    pub(crate) method: Vec<u8>,
    pub(crate) payload: Vec<u8>,
    /// The whole package.
    pub(crate) bytes: Vec<u8>,
}

/// What a stream of bytes holds.
#[derive(Default)]
pub(crate) struct Stream {
    pub(crate) packages: Vec<Package>,
    pub(crate) end: End,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum End {
    /// After a whole package.
    #[default]
    Whole,
    /// In the middle of one.
    Partial,
    /// At bytes that are no package, which ends a connection with this code.
    Malformed(i32),
}

pub(crate) fn split(mut bytes: &[u8]) -> Stream {
    let mut stream = Stream::default();
    while !bytes.is_empty() {
        match first(bytes) {
            Ok(Some(package)) => {
                bytes = bytes.get(package.bytes.len()..).unwrap_or_default();
                stream.packages.push(package);
            }
            Ok(None) => {
                stream.end = End::Partial;
                break;
            }
            Err(code) => {
                stream.end = End::Malformed(code);
                break;
            }
        }
    }
    stream
}

/// The package that `bytes` begin with, `None` if they end before it does, or the code of what is wrong.
fn first(bytes: &[u8]) -> Result<Option<Package>, i32> {
    const NOT_SUPPORTED: i32 = 10_002;
    const INVALID: i32 = 10_003;
    const TOO_LARGE: i32 = 20_009;
    let magic = bytes.len().min(4);
    if bytes[..magic] != b"FPNN"[..magic] {
        return Err(INVALID);
    }
    let Some(&[version, flag, kind, size]) = bytes.get(4..8) else { return Ok(None) };
    let json = match flag {
        0x80 => false,
        0x40 => true,
        _ => return Err(NOT_SUPPORTED),
    };
    let (kind, header, method_len) = match kind {
        0 => (Kind::OneWay, 12, usize::from(size)),
        1 => (Kind::Quest, 16, usize::from(size)),
        2 => (Kind::Answer, 16, 0),
        _ => return Err(INVALID),
    };
    if version > 1 {
        return Err(NOT_SUPPORTED);
    }
    let Some(payload_len) = u32_at(bytes, 8) else { return Ok(None) };
    if payload_len > LIMIT {
        return Err(TOO_LARGE);
    }
    let payload_at = header + method_len;
    let Some(bytes) = bytes.get(..payload_at + payload_len as usize) else { return Ok(None) };
    Ok(Some(Package {
        json,
        kind,
        status: if kind == Kind::Answer { size } else { 0 },
        seq: if header == 16 { u32_at(bytes, SEQ.start).unwrap_or(0) } else { 0 },
        method: bytes[header..payload_at].to_vec(),
        payload: bytes[payload_at..].to_vec(),
        bytes: bytes.to_vec(),
    }))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

impl Package {
    /// The payload, decoded as the flag says; `None` where that is not possible.
    pub(crate) fn value(&self) -> Option<Value> {
        if self.json {
            record::from_json(&self.payload)
        } else {
            record::from_msgpack(&self.payload)
        }
    }

    /// The package with its sequence number cleared.
    pub(crate) fn cleared(&self) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        put_seq(&mut bytes, 0);
        bytes
    }

    /// The empty answer to this quest, as the service wants it.
    pub(crate) fn empty_answer(&self) -> Vec<u8> {
        answer(self.json, self.seq, if self.json { b"{}" } else { &[0x80] })
    }
}

/// Overwrites the sequence number of a package that has one.
pub(crate) fn put_seq(bytes: &mut [u8], seq: u32) {
    if let Some(at) = bytes.get_mut(SEQ) {
        at.copy_from_slice(&seq.to_le_bytes());
    }
}

pub(crate) fn answer(json: bool, seq: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = b"FPNN\x01".to_vec();
    bytes.extend([if json { 0x40 } else { 0x80 }, 2, 0]);
    bytes.extend((payload.len() as u32).to_le_bytes());
    bytes.extend(seq.to_le_bytes());
    bytes.extend(payload);
    bytes
}

/// The service's `ping` with that number.
pub(crate) fn ping(seq: u32) -> Vec<u8> {
    let mut bytes = b"FPNN\x01\x80\x01\x04\x01\x00\x00\x00".to_vec();
    bytes.extend(seq.to_le_bytes());
    bytes.extend(b"ping\x80");
    bytes
}
