//! The HTTP request a connection begins with.

use tungstenite::handshake::machine::TryParse;
use tungstenite::handshake::server::{Request, create_response};
use tungstenite::http::HeaderMap;

use super::access::Caller;

/// A request head longer than this is refused.
const LONGEST_HEAD: usize = 16 * 1024;

/// What a request head asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// The end of the head is not there yet.
    Partial,
    /// A WebSocket: send `response`, and go on after `len` bytes.
    Upgrade { len: usize, response: Vec<u8>, caller: Caller },
    /// A plain GET of that path.
    Get { path: String, caller: Caller },
    /// Nothing the gate does: send `response` and close.
    Refused { response: Response },
}

/// Reads a request head.
pub(super) fn read(bytes: &[u8]) -> Head {
    let (len, request) = match Request::try_parse(bytes) {
        Ok(Some(parsed)) => parsed,
        Ok(None) if bytes.len() < LONGEST_HEAD => return Head::Partial,
        Ok(None) => return refused("431 Request Header Fields Too Large", "the head is too long"),
        Err(error) => return refused("400 Bad Request", &error.to_string()),
    };
    let path = request.uri().path();
    let caller = caller(request.headers());
    if !request.headers().contains_key("Upgrade") {
        return Head::Get { path: path.to_owned(), caller };
    }
    let mut segments = path.split('/').skip(1);
    if segments.next() != Some("service") || segments.next().is_none() || segments.next().is_some()
    {
        return refused("404 Not Found", "the WebSocket is at /service/websocket");
    }
    let accept = create_response(&request).map(|response| {
        response.headers().get("Sec-WebSocket-Accept").map(|key| key.as_bytes().to_vec())
    });
    let accept = match accept {
        Ok(accept) => accept.unwrap_or_default(),
        Err(error) => return refused("400 Bad Request", &error.to_string()),
    };
    let mut response = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Accept: "
        .to_vec();
    response.extend_from_slice(&accept);
    if let Some(protocol) = request.headers().get("Sec-WebSocket-Protocol") {
        response.extend_from_slice(b"\r\nSec-WebSocket-Protocol: ");
        response.extend_from_slice(protocol.as_bytes());
    }
    response.extend_from_slice(b"\r\n\r\n");
    Head::Upgrade { len, response, caller }
}

fn caller(headers: &HeaderMap) -> Caller {
    let all = |name| {
        let values = headers.get_all(name).into_iter();
        values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
    };
    Caller { hosts: all("Host"), origins: all("Origin") }
}

fn refused(status: &'static str, text: &str) -> Head {
    Head::Refused { response: Response::text(status, text) }
}

/// A whole HTTP response; the connection closes after it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Response {
    head: String,
    body: Vec<u8>,
}

impl Response {
    pub(super) fn new(status: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Response {
        let body = body.into();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\
             X-Content-Type-Options: nosniff\r\nConnection: close\r\n",
            body.len()
        );
        Response { head, body }
    }

    pub(super) fn text(status: &str, text: &str) -> Response {
        Response::new(status, "text/plain; charset=utf-8", format!("{text}\n"))
    }

    /// With one more header. `value` has no line breaks.
    pub(super) fn header(mut self, name: &str, value: &str) -> Response {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        let mut bytes = self.head.into_bytes();
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = "GET /service/websocket HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\n\
        connection: keep-alive, Upgrade\r\nsec-websocket-version: 13\r\n\
        sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    #[test]
    fn lower_case_names_upgrade_too() {
        let Head::Upgrade { len, response, caller } = read(REQUEST.as_bytes()) else {
            panic!("not upgraded");
        };
        assert_eq!(caller, Caller { hosts: vec!["x".to_owned()], origins: vec![] });
        assert_eq!(len, REQUEST.len());
        let response = String::from_utf8(response).unwrap();
        assert!(response.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
        assert!(response.ends_with("\r\n\r\n"));
    }

    #[test]
    fn a_head_may_come_in_pieces() {
        for len in 0..REQUEST.len() {
            assert_eq!(read(&REQUEST.as_bytes()[..len]), Head::Partial, "{len} bytes");
        }
        assert!(matches!(read(&vec![b'a'; LONGEST_HEAD]), Head::Refused { .. }));
    }

    #[test]
    fn other_requests_are_told_apart() {
        let other = REQUEST.replace("/service/websocket", "/chat");
        assert!(matches!(read(other.as_bytes()), Head::Refused { .. }));
        let head = read(b"GET /files/1.png HTTP/1.1\r\nOrigin: x\r\nOrigin: y\r\n\r\n");
        let caller = Caller { hosts: vec![], origins: vec!["x".to_owned(), "y".to_owned()] };
        assert_eq!(head, Head::Get { path: "/files/1.png".to_owned(), caller });
        assert!(matches!(read(b"FPNN\x01\x80\r\n\r\n"), Head::Refused { .. }));
    }
}
