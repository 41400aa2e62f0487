//! The head of an HTTP answer, in whatever pieces it comes: the answer of a proxy to CONNECT, or of a gate to the
//! upgrade.

use std::time::{Duration, SystemTime};

use tungstenite::handshake::derive_accept_key;

use super::words::Upgrade;

/// More headers than that are too many.
const MOST_HEADERS: usize = 128;

/// How much of a value is repeated in an error.
const QUOTED: usize = 60;

/// Takes a head in pieces. Heads of 1xx before it are skipped.
pub(crate) struct HeadReader {
    received: Vec<u8>,
    /// How many bytes have come with those that are skipped.
    total: usize,
    limit: usize,
}

/// Why there is no head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoHead {
    /// It is not HTTP.
    Other,
    TooLong,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    headers: Vec<(String, Vec<u8>)>,
    /// What came behind it.
    pub(crate) rest: Vec<u8>,
}

impl HeadReader {
    /// All together may have that many bytes.
    pub(crate) fn new(limit: usize) -> HeadReader {
        HeadReader { received: Vec::new(), total: 0, limit }
    }

    /// Whether nothing has come yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.total == 0
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Option<Head>, NoHead> {
        let mut searched = self.received.len();
        self.received.extend_from_slice(bytes);
        self.total += bytes.len();
        loop {
            if !self.received.iter().zip(b"HTTP/").all(|(a, b)| a == b) {
                return Err(NoHead::Other);
            }
            let Some(end) = end_of_head(&self.received, searched) else {
                return if self.total > self.limit { Err(NoHead::TooLong) } else { Ok(None) };
            };
            if end > self.limit {
                return Err(NoHead::TooLong);
            }
            let rest = self.received.split_off(end);
            let head = parse(&std::mem::replace(&mut self.received, rest))?;
            // 101 is the end of HTTP, not something on the way.
            if head.status == 101 || !(100..200).contains(&head.status) {
                return Ok(Some(Head { rest: std::mem::take(&mut self.received), ..head }));
            }
            searched = 0;
        }
    }
}

/// Where a head ends. `searched` bytes are known not to hold the end.
fn end_of_head(bytes: &[u8], searched: usize) -> Option<usize> {
    let from = searched.saturating_sub(2);
    let lines = bytes.get(from..)?.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    lines.map(|(at, _)| from + at + 1).find_map(|next| match bytes.get(next..)? {
        [b'\n', ..] => Some(next + 1),
        [b'\r', b'\n', ..] => Some(next + 2),
        _ => None,
    })
}

fn parse(bytes: &[u8]) -> Result<Head, NoHead> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let mut config = httparse::ParserConfig::default();
    config.allow_spaces_after_header_name_in_responses(true);
    config.allow_obsolete_multiline_headers_in_responses(true);
    config.ignore_invalid_headers_in_responses(true);
    match config.parse_response(&mut response, bytes) {
        Ok(_) => {}
        Err(httparse::Error::TooManyHeaders) => return Err(NoHead::TooLong),
        Err(_) => return Err(NoHead::Other),
    }
    let headers =
        response.headers.iter().map(|header| (header.name.to_owned(), header.value.to_vec()));
    let status = response.code.ok_or(NoHead::Other)?;
    Ok(Head { status, headers: headers.collect(), rest: Vec::new() })
}

impl Head {
    /// The values of all headers of that name.
    pub(crate) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let named = self.headers.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.trim_ascii())
    }

    /// Whether one of the comma-separated tokens of that header is this one.
    fn has_token(&self, name: &str, token: &str) -> bool {
        let mut tokens = self.values(name).flat_map(|value| value.split(|byte| *byte == b','));
        tokens.any(|found| found.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    }

    /// The first value of that header that is not empty, as text to be shown.
    fn shown(&self, name: &str) -> Option<String> {
        let value = self.values(name).find(|value| !value.is_empty())?;
        let text = String::from_utf8_lossy(value);
        Some(text.chars().take(QUOTED).collect())
    }

    /// Whether this is the right answer to an upgrade with that key (RFC 6455, section 4.1).
    pub(crate) fn accepts(&self, key: &str) -> Result<(), Upgrade> {
        match self.status {
            101 => {}
            status @ 300..400 => return Err(Upgrade::Redirect(status)),
            status @ (429 | 503) => return Err(Upgrade::Busy(status)),
            status => return Err(Upgrade::Status(status)),
        }
        if !self.has_token("Upgrade", "websocket") {
            return Err(Upgrade::Header("Upgrade"));
        }
        if !self.has_token("Connection", "Upgrade") {
            return Err(Upgrade::Header("Connection"));
        }
        let accept = derive_accept_key(key.as_bytes());
        if self.values("Sec-WebSocket-Accept").next() != Some(accept.as_bytes()) {
            return Err(Upgrade::Header("Sec-WebSocket-Accept"));
        }
        if let Some(extension) = self.shown("Sec-WebSocket-Extensions") {
            return Err(Upgrade::Extension(extension));
        }
        match self.shown("Sec-WebSocket-Protocol") {
            Some(subprotocol) => Err(Upgrade::Subprotocol(subprotocol)),
            None => Ok(()),
        }
    }

    /// How long a server that is too busy wants to be left alone.
    pub(crate) fn retry_after(&self, now: SystemTime) -> Option<Duration> {
        if !matches!(self.status, 429 | 503) {
            return None;
        }
        let text = std::str::from_utf8(self.values("Retry-After").next()?).ok()?;
        match text.parse() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(now).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    const ACCEPT: &str = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

    fn read(bytes: &[u8]) -> Result<Option<Head>, NoHead> {
        HeadReader::new(1000).push(bytes)
    }

    fn head(text: &str) -> Head {
        read(text.as_bytes()).unwrap().unwrap()
    }

    proptest! {
        /// In any two pieces it is the same head, and what is behind it is kept.
        #[test]
        fn a_head_comes_in_any_pieces(
            interim in prop::sample::select(vec!["", "HTTP/1.1 100 Continue\r\n\r\n",
                "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 102 P\n\n"]),
            head in prop::sample::select(vec!["HTTP/1.1 101 S\r\nA: b\r\n\r\n", "HTTP/1.0 200\n\n"]),
            rest in prop::sample::select(vec!["", "\n\n", "HTTP/1.1 200 OK\r\n\r\n"]),
            step in 1..50_usize,
        ) {
            let bytes = [interim, head, rest].concat().into_bytes();
            let whole = read(&bytes).unwrap().unwrap();
            prop_assert_eq!(&whole.rest, rest.as_bytes());
            let mut reader = HeadReader::new(1000);
            let mut pieces = bytes.chunks(step);
            let mut found = loop {
                if let Some(head) = reader.push(pieces.next().unwrap()).unwrap() {
                    break head;
                }
            };
            found.rest.extend(pieces.flatten());
            prop_assert_eq!(found, whole);
        }

        /// Whatever comes does no harm.
        #[test]
        fn anything_may_come(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
            let _ = read(&[b"HTTP/1.1 ", &bytes[..], b"\r\n\r\n"].concat());
        }
    }

    #[test]
    fn what_is_no_answer_is_not_waited_for() {
        for bytes in
            [&b"SSH-2.0-x\r\n"[..], b"\x15\x03\x01", b"HTTQ", b"HTTP/x\n\n", b"HTTP/1.1 2\n\n"]
        {
            assert_eq!(read(bytes), Err(NoHead::Other));
        }
        assert_eq!(read(b"HTTP/1.1 101"), Ok(None));
    }

    #[test]
    fn a_head_may_be_too_long() {
        let long = format!("HTTP/1.1 101 S\r\nX: {}", "x".repeat(1000));
        assert_eq!(read(long.as_bytes()), Err(NoHead::TooLong));
        assert_eq!(read(format!("{long}\r\n\r\n").as_bytes()), Err(NoHead::TooLong));
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A:\r\n".repeat(MOST_HEADERS + 1));
        assert_eq!(read(many.as_bytes()), Err(NoHead::TooLong));
        let mut reader = HeadReader::new(1000);
        assert_eq!(reader.push(b"HTTP/1."), Ok(None));
        let endless = std::iter::repeat_with(|| reader.push(b"1 100 C\r\n\r\nHTTP/1."));
        assert!(endless.take(100).any(|result| result == Err(NoHead::TooLong)));
    }

    #[test]
    fn an_upgrade_is_answered_as_the_standard_says() {
        let answer = |more: &str| {
            head(&format!("HTTP/1.1 101 S\r\nupgrade: WebSocket\r\n{ACCEPT}{more}\r\n"))
                .accepts(KEY)
        };
        let right = "Connection: keep-alive, Upgrade\r\n";
        assert_eq!(answer(right), Ok(()));
        assert_eq!(answer(&format!("{right}Sec-WebSocket-Extensions:\r\n")), Ok(()));
        assert_eq!(answer(""), Err(Upgrade::Header("Connection")));
        for (more, error) in [
            (
                "Sec-WebSocket-Extensions: permessage-deflate",
                Upgrade::Extension("permessage-deflate".into()),
            ),
            ("sec-websocket-protocol: arraybuffer", Upgrade::Subprotocol("arraybuffer".into())),
        ] {
            assert_eq!(answer(&format!("{right}{more}\r\n")), Err(error));
        }
        for (text, error) in [
            ("HTTP/1.1 200 OK\r\n\r\n", Upgrade::Status(200)),
            ("HTTP/1.1 503 Busy\r\n\r\n", Upgrade::Busy(503)),
            ("HTTP/1.1 302 Found\r\n\r\n", Upgrade::Redirect(302)),
            ("HTTP/1.1 101 S\r\nConnection: Upgrade\r\n\r\n", Upgrade::Header("Upgrade")),
            (
                "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
                Upgrade::Header("Sec-WebSocket-Accept"),
            ),
        ] {
            assert_eq!(head(text).accepts(KEY), Err(error));
        }
    }

    #[test]
    fn a_busy_server_says_how_long() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777); // Sun, 06 Nov 1994 08:49:37 GMT
        let after = |status: u16, value: &str| {
            let text = format!("HTTP/1.1 {status} X\r\nRetry-After: {value}\r\n\r\n");
            head(&text).retry_after(now).map(|after| after.as_secs())
        };
        assert_eq!(after(503, "120"), Some(120));
        assert_eq!(after(429, " 0 "), Some(0));
        assert_eq!(after(503, "Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
        assert_eq!(after(503, "Sun, 06 Nov 1994 08:40:37 GMT"), None);
        assert_eq!(after(500, "120"), None);
        assert_eq!(after(503, "soon"), None);
        assert_eq!(after(503, "-1"), None);
    }
}
