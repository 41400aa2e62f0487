//! A small client of its own: packages by hand over a blocking WebSocket.

use std::collections::VecDeque;
use std::net::TcpStream;
use std::time::Duration;

use rmpv::Value as Packed;
use rtm_client::gate::Gate;
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// An answer, or the code and text of an error answer.
pub(crate) type Answer = Result<Value, (i64, String)>;

pub(crate) struct Peer {
    pub(crate) socket: WebSocket<TcpStream>,
    seq: u32,
    received: Vec<u8>,
    /// Quests of the gate that came while something else was awaited.
    pushes: VecDeque<(String, Value)>,
    pub(crate) answers_pings: bool,
}

impl Peer {
    pub(crate) fn connect(gate: &Gate) -> Peer {
        Peer::connect_to(&gate.endpoint())
    }

    pub(crate) fn connect_to(endpoint: &str) -> Peer {
        let stream = TcpStream::connect(endpoint).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let url = format!("ws://{endpoint}/service/websocket");
        let (socket, _) = tungstenite::client(url, stream).unwrap();
        Peer { socket, seq: 0, received: Vec::new(), pushes: VecDeque::new(), answers_pings: true }
    }

    /// Logged in as that user.
    pub(crate) fn login(gate: &Gate, uid: i64) -> Peer {
        let mut peer = Peer::connect(gate);
        let auth = json!({"pid": gate.pid(), "uid": uid, "token": "any", "version": "test"});
        assert_eq!(peer.call("auth", auth), Ok(json!({"ok": true})));
        peer
    }

    pub(crate) fn call(&mut self, method: &str, fields: Value) -> Answer {
        let payload = pack(&to_packed(&fields));
        self.call_packed(method, &payload)
    }

    /// The answer of a call that must succeed.
    #[track_caller]
    pub(crate) fn get(&mut self, method: &str, fields: Value) -> Value {
        self.call(method, fields).unwrap()
    }

    /// The code of a call that must fail.
    #[track_caller]
    pub(crate) fn code(&mut self, method: &str, fields: Value) -> i64 {
        self.call(method, fields).unwrap_err().0
    }

    pub(crate) fn call_packed(&mut self, method: &str, payload: &[u8]) -> Answer {
        let seq = self.send_quest(method, payload);
        let (status, payload) = self.answer(seq);
        let fields = unpack(&payload);
        if status == 0 {
            return Ok(fields);
        }
        Err((fields["code"].as_i64().unwrap(), fields["ex"].as_str().unwrap().to_owned()))
    }

    pub(crate) fn send_quest(&mut self, method: &str, payload: &[u8]) -> u32 {
        self.seq += 1;
        let seq = self.seq;
        self.send(quest(Some(seq), method, payload));
        seq
    }

    pub(crate) fn send(&mut self, bytes: Vec<u8>) {
        self.socket.send(Message::binary(bytes)).unwrap();
    }

    /// Status and payload of that answer; quests that come before are kept.
    pub(crate) fn answer(&mut self, wanted: u32) -> (u8, Vec<u8>) {
        loop {
            let package = self.package().expect("the connection ended");
            if package[6] == 2 {
                assert_eq!(seq_of(&package), wanted);
                return (package[7], package[16..].to_vec());
            }
            self.keep(&package);
        }
    }

    /// The next push: its method and fields.
    pub(crate) fn push(&mut self) -> (String, Value) {
        while self.pushes.is_empty() {
            let package = self.package().expect("the connection ended");
            assert_ne!(package[6], 2, "an answer nobody asked for");
            self.keep(&package);
        }
        self.pushes.pop_front().unwrap()
    }

    /// Asserts that nothing was pushed by now: the gate would have sent it before this answer.
    #[track_caller]
    pub(crate) fn no_push(&mut self) {
        self.get("*ping", json!({}));
        assert_eq!(self.pushes, []);
    }

    /// Waits for the end of the connection.
    pub(crate) fn wait_closed(&mut self) {
        while let Some(package) = self.package() {
            if package[6] != 2 {
                self.keep(&package);
            }
        }
    }

    fn keep(&mut self, package: &[u8]) {
        let two_way = package[6] == 1;
        let method_at = if two_way { 16 } else { 12 };
        let payload_at = method_at + usize::from(package[7]);
        let method = String::from_utf8(package[method_at..payload_at].to_vec()).unwrap();
        if two_way && (self.answers_pings || method != "ping") {
            let mut answer = b"FPNN\x01\x80\x02\0\x01\0\0\0".to_vec();
            answer.extend_from_slice(&package[12..16]);
            answer.push(0x80);
            // The gate may have closed by now.
            let _ = self.socket.send(Message::binary(answer));
        }
        if method != "ping" {
            self.pushes.push_back((method, unpack(&package[payload_at..])));
        }
    }

    /// One whole package; `None` when the connection has ended.
    pub(crate) fn package(&mut self) -> Option<Vec<u8>> {
        loop {
            if self.received.len() >= 12 {
                let size = u32::from_le_bytes(self.received[8..12].try_into().unwrap()) as usize;
                let header = match self.received[6] {
                    0 => 12 + usize::from(self.received[7]),
                    1 => 16 + usize::from(self.received[7]),
                    _ => 16,
                };
                assert_eq!(self.received.len(), header + size, "one package a message");
                return Some(std::mem::take(&mut self.received));
            }
            match self.socket.read() {
                Ok(Message::Binary(bytes)) => self.received.extend_from_slice(&bytes),
                Ok(_) => {}
                Err(tungstenite::Error::Io(error))
                    if error.kind() == std::io::ErrorKind::WouldBlock =>
                {
                    panic!("nothing came in {PATIENCE:?}")
                }
                Err(_) => return None,
            }
        }
    }
}

fn seq_of(package: &[u8]) -> u32 {
    u32::from_le_bytes(package[12..16].try_into().unwrap())
}

pub(crate) fn quest(seq: Option<u32>, method: &str, payload: &[u8]) -> Vec<u8> {
    let mut package = b"FPNN\x01\x80".to_vec();
    package.extend_from_slice(&[u8::from(seq.is_some()), method.len() as u8]);
    package.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    if let Some(seq) = seq {
        package.extend_from_slice(&seq.to_le_bytes());
    }
    package.extend_from_slice(method.as_bytes());
    package.extend_from_slice(payload);
    package
}

pub(crate) fn pack(value: &Packed) -> Vec<u8> {
    let mut out = Vec::new();
    rmpv::encode::write_value(&mut out, value).unwrap();
    out
}

pub(crate) fn to_packed(value: &Value) -> Packed {
    match value {
        Value::Null => Packed::Nil,
        Value::Bool(value) => Packed::from(*value),
        Value::Number(number) => match number.as_i64() {
            Some(int) => Packed::from(int),
            None => Packed::from(number.as_f64().unwrap()),
        },
        Value::String(text) => Packed::from(text.as_str()),
        Value::Array(items) => Packed::Array(items.iter().map(to_packed).collect()),
        Value::Object(entries) => Packed::Map(
            entries
                .iter()
                .map(|(key, value)| (Packed::from(key.as_str()), to_packed(value)))
                .collect(),
        ),
    }
}

/// The payload as JSON; bytes show as a list of numbers.
pub(crate) fn unpack(mut payload: &[u8]) -> Value {
    let value = rmpv::decode::read_value(&mut payload).unwrap();
    assert_eq!(payload, b"", "bytes behind the payload");
    from_packed(&value)
}

fn from_packed(value: &Packed) -> Value {
    match value {
        Packed::Nil => Value::Null,
        Packed::Boolean(value) => json!(value),
        Packed::Integer(int) => json!(int.as_i64().unwrap()),
        Packed::F32(float) => json!(float),
        Packed::F64(float) => json!(float),
        Packed::String(text) => json!(text.as_str().unwrap()),
        Packed::Binary(bytes) => json!(bytes),
        Packed::Array(items) => items.iter().map(from_packed).collect(),
        Packed::Map(entries) => Value::Object(
            entries
                .iter()
                .map(|(key, value)| (key.as_str().unwrap().to_owned(), from_packed(value)))
                .collect(),
        ),
        Packed::Ext(..) => panic!("an extension type"),
    }
}
