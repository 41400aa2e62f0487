//! An HTTP client: one request a connection.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use super::DEADLINE;

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(known, _)| known == name);
        header.map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

pub fn get(address: &str, path: &str) -> Response {
    request(address, "GET", path, &[], b"")
}

pub fn post(address: &str, path: &str, body: &Value) -> Response {
    request(address, "POST", path, &[], body.to_string().as_bytes())
}

/// Sends a request with these headers besides those that any client sends. A `Host` among them replaces that.
pub fn request(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Response {
    let mut head = format!("{method} {path} HTTP/1.1\r\n");
    if !headers.iter().any(|(name, _)| *name == "Host") {
        head.push_str(&format!("Host: {address}\r\n"));
    }
    if !body.is_empty() {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let bytes = [format!("{head}\r\n").as_bytes(), body].concat();
    exchange(address, &bytes).expect("an answer")
}

/// Sends these bytes and reads one response; an upgrade ends with its head.
pub fn exchange(address: &str, bytes: &[u8]) -> io::Result<Response> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.write_all(bytes)?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let mut response = Response { status: status.expect("a status"), headers, body: Vec::new() };
    if response.status != 101 {
        stream.read_to_end(&mut response.body)?;
        let len = response.header("content-length").and_then(|len| len.parse().ok());
        assert_eq!(len.unwrap_or(0), response.body.len(), "a whole body");
    }
    Ok(response)
}
