//! The HTTP request at the beginning of a connection.

use std::str::FromStr;

use tungstenite::handshake::machine::TryParse;
use tungstenite::handshake::server::{self, create_response};
use tungstenite::http::Uri;

use super::access::Caller;

/// A request head longer than this is refused, and one with more headers.
const LONGEST_HEAD: usize = 16 * 1024;
const MOST_HEADERS: usize = 124;
/// A body longer than this is refused.
const LONGEST_BODY: usize = 1024 * 1024;

/// What a connection begins with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// The end of the head, or of the body, is not there yet.
    Partial,
    /// A WebSocket: send `response`, and go on after `len` bytes.
    Upgrade { len: usize, response: Vec<u8>, caller: Caller },
    /// A plain request.
    Request(Request),
    /// Nothing the gate does, and the answer to it.
    Refused(Response),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    /// What stands behind the `?`.
    pub(super) query: String,
    pub(super) caller: Caller,
    pub(super) body: Vec<u8>,
}

type Parsed<'h, 'b> = httparse::Request<'h, 'b>;

/// Reads a request, with its body.
pub(super) fn read(bytes: &[u8]) -> Head {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = Parsed::new(&mut headers);
    let len = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) if bytes.len() < LONGEST_HEAD => return Head::Partial,
        Ok(httparse::Status::Partial) => {
            let status = "431 Request Header Fields Too Large";
            return Head::Refused(Response::text(status, "the head is too long"));
        }
        Err(error) => return Head::Refused(bad(&error)),
    };
    let caller = Caller { hosts: values(&parsed, "Host"), origins: values(&parsed, "Origin") };
    if !values(&parsed, "Upgrade").is_empty() {
        return match upgrade(bytes) {
            Ok(response) => Head::Upgrade { len, response, caller },
            Err(refused) => Head::Refused(refused),
        };
    }
    let body_len = match body_len(&parsed) {
        Ok(len) => len,
        Err(refused) => return Head::Refused(refused),
    };
    let (method, path) = (parsed.method.unwrap_or_default(), parsed.path.unwrap_or_default());
    let uri = match Uri::from_str(path) {
        Ok(uri) => uri,
        Err(error) => return Head::Refused(bad(&error)),
    };
    match bytes.get(len..len + body_len) {
        None => Head::Partial,
        Some(body) => Head::Request(Request {
            method: method.to_owned(),
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            caller,
            body: body.to_vec(),
        }),
    }
}

/// The values of a header, as often as it is there.
fn values(parsed: &Parsed<'_, '_>, name: &str) -> Vec<String> {
    let headers = parsed.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
    headers.map(|header| String::from_utf8_lossy(header.value).trim().to_owned()).collect()
}

/// How long the body is, which only `Content-Length` says.
fn body_len(parsed: &Parsed<'_, '_>) -> Result<usize, Response> {
    if !values(parsed, "Transfer-Encoding").is_empty() {
        return Err(Response::text("501 Not Implemented", "a body needs a Content-Length"));
    }
    match values(parsed, "Content-Length").as_slice() {
        [] => Ok(0),
        [len] => match len.parse() {
            Ok(len @ 0..=LONGEST_BODY) => Ok(len),
            Ok(_) => {
                let text = format!("the body has {len} bytes, at most {LONGEST_BODY}");
                Err(Response::text("413 Content Too Large", &text))
            }
            Err(_) => Err(bad(&"Content-Length is no number")),
        },
        _ => Err(bad(&"more than one Content-Length")),
    }
}

/// The response that opens a WebSocket.
fn upgrade(bytes: &[u8]) -> Result<Vec<u8>, Response> {
    let parsed = server::Request::try_parse(bytes).map_err(|error| bad(&error))?;
    let (_, request) = parsed.ok_or_else(|| bad(&"the head has no end"))?;
    let segments: Vec<&str> = request.uri().path().split('/').collect();
    if !matches!(segments[..], ["", "service", _]) {
        return Err(Response::text("404 Not Found", "the WebSocket is at /service/websocket"));
    }
    let accept = create_response(&request).map_err(|error| bad(&error))?;
    let accept = accept.headers().get("Sec-WebSocket-Accept").map(|key| key.as_bytes().to_vec());
    let mut response = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Accept: "
        .to_vec();
    response.extend_from_slice(&accept.unwrap_or_default());
    if let Some(protocol) = request.headers().get("Sec-WebSocket-Protocol") {
        response.extend_from_slice(b"\r\nSec-WebSocket-Protocol: ");
        response.extend_from_slice(protocol.as_bytes());
    }
    response.extend_from_slice(b"\r\n\r\n");
    Ok(response)
}

fn bad(why: &dyn std::fmt::Display) -> Response {
    Response::text("400 Bad Request", &why.to_string())
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
        assert!(matches!(read(&vec![b'a'; LONGEST_HEAD]), Head::Refused(_)));
    }

    #[test]
    fn a_body_may_come_in_pieces_and_is_bounded() {
        let post = |headers: &str| format!("POST /x HTTP/1.1\r\n{headers}\r\n\r\nbodybody");
        let whole = post("Content-Length: 8");
        for len in 0..whole.len() {
            assert_eq!(read(&whole.as_bytes()[..len]), Head::Partial, "{len} bytes");
        }
        let body = |headers: &str| match read(post(headers).as_bytes()) {
            Head::Request(request) => Some(request.body),
            _ => None,
        };
        assert_eq!(body("Content-Length: 8"), Some(b"bodybody".to_vec()));
        assert_eq!(body("content-length: 4"), Some(b"body".to_vec()));
        assert_eq!(body("Host: x"), Some(vec![]));
        for (headers, status) in [
            ("Content-Length: 1048577", "413"),
            ("Content-Length: -1", "400"),
            ("Content-Length: 99999999999999999999999", "400"),
            ("Content-Length: 8\r\nContent-Length: 8", "400"),
            ("Content-Length: 8\r\nTransfer-Encoding: chunked", "501"),
        ] {
            let head = read(post(headers).as_bytes());
            let Head::Refused(response) = head else { panic!("{headers}: {head:?}") };
            assert!(response.head.starts_with(&format!("HTTP/1.1 {status} ")), "{response:?}");
        }
    }

    #[test]
    fn other_requests_are_told_apart() {
        let other = REQUEST.replace("/service/websocket", "/chat");
        assert!(matches!(read(other.as_bytes()), Head::Refused(_)));
        let head = read(b"GET /files/1.png?a=1 HTTP/1.1\r\nOrigin: x\r\norigin: y\r\n\r\n");
        let Head::Request(request) = head else { panic!("{head:?}") };
        assert_eq!(
            (&*request.method, &*request.path, &*request.query),
            ("GET", "/files/1.png", "a=1")
        );
        let caller = Caller { hosts: vec![], origins: vec!["x".to_owned(), "y".to_owned()] };
        assert_eq!((request.caller, request.body), (caller, vec![]));
        assert!(matches!(read(b"FPNN\x01\x80\r\n\r\n"), Head::Refused(_)));
    }
}
