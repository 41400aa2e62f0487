//! FPNN packages as the other side writes and reads them.

pub use rmpv::Value;

pub const MSGPACK: u8 = 0x80;
pub const JSON: u8 = 0x40;

const ONE_WAY: u8 = 0;
const TWO_WAY: u8 = 1;
const ANSWER: u8 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    OneWay,
    Quest,
    Answer { status: u8 },
}

#[derive(Clone, Debug)]
pub struct Package {
    pub flag: u8,
    pub kind: Kind,
    /// 0 where there is none.
    pub seq: u32,
    /// Of quests only.
    pub method: String,
    pub payload: Vec<u8>,
}

impl Package {
    /// The package that `bytes` begin with, and how many bytes it takes.
    pub fn read(bytes: &[u8]) -> Option<(Package, usize)> {
        let header = bytes.get(..12)?;
        assert_eq!(&header[..5], b"FPNN\x01", "no package: {bytes:02x?}");
        let number = |at: &[u8]| u32::from_le_bytes([at[0], at[1], at[2], at[3]]) as usize;
        let (kind, method_len) = match (header[6], header[7]) {
            (ONE_WAY, len) => (Kind::OneWay, usize::from(len)),
            (TWO_WAY, len) => (Kind::Quest, usize::from(len)),
            (ANSWER, status) => (Kind::Answer { status }, 0),
            _ => panic!("no package: {bytes:02x?}"),
        };
        let start = if kind == Kind::OneWay { 12 } else { 16 };
        let end = start + method_len + number(&header[8..]);
        let package = bytes.get(..end)?;
        let seq = if start == 16 { number(&package[12..]) as u32 } else { 0 };
        let method = String::from_utf8(package[start..start + method_len].to_vec());
        let method = method.expect("a method's name is text");
        let payload = package[start + method_len..].to_vec();
        Some((Package { flag: header[5], kind, seq, method, payload }, end))
    }

    /// The payload, which has to be one MessagePack value.
    pub fn value(&self) -> Value {
        let mut rest = &self.payload[..];
        let value = rmpv::decode::read_value(&mut rest).expect("MessagePack");
        assert!(rest.is_empty(), "bytes behind the payload");
        value
    }

    /// A field of the payload, nil if it is not there.
    pub fn field(&self, key: &str) -> Value {
        let value = self.value();
        let fields = value.as_map().expect("a map");
        let field = fields.iter().find(|field| field.0.as_str() == Some(key));
        field.map_or(Value::Nil, |field| field.1.clone())
    }

    pub fn int(&self, key: &str) -> i64 {
        self.field(key).as_i64().unwrap_or_else(|| panic!("no number {key} in {:?}", self.value()))
    }
}

/// A package of any kind, right or wrong.
pub fn write(
    version: u8,
    flag: u8,
    message_type: u8,
    status_or_size: u8,
    seq: Option<u32>,
    method: &str,
    payload: &[u8],
) -> Vec<u8> {
    let mut bytes = b"FPNN".to_vec();
    bytes.extend([version, flag, message_type, status_or_size]);
    bytes.extend((payload.len() as u32).to_le_bytes());
    bytes.extend(seq.map(u32::to_le_bytes).into_iter().flatten());
    bytes.extend(method.as_bytes());
    bytes.extend(payload);
    bytes
}

pub fn quest(seq: u32, method: &str, payload: &[u8]) -> Vec<u8> {
    write(1, MSGPACK, TWO_WAY, method.len() as u8, Some(seq), method, payload)
}

pub fn one_way(method: &str, payload: &[u8]) -> Vec<u8> {
    write(1, MSGPACK, ONE_WAY, method.len() as u8, None, method, payload)
}

pub fn answer(seq: u32, status: u8, payload: &[u8]) -> Vec<u8> {
    write(1, MSGPACK, ANSWER, status, Some(seq), "", payload)
}

pub fn map<const N: usize>(fields: [(&str, Value); N]) -> Vec<u8> {
    let fields = fields.map(|(key, value)| (Value::from(key), value));
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, &Value::Map(fields.to_vec())).expect("a vector");
    bytes
}

/// The payload of an error answer.
pub fn error(code: i64, ex: &str) -> Vec<u8> {
    map([("code", code.into()), ("ex", ex.into())])
}

/// The payload of the answer to `getservertime`.
pub fn server_time(time: i64) -> Vec<u8> {
    map([("mts", time.into())])
}
