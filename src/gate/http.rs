//! What the gate answers to the HTTP request a connection begins with.

use super::access::Caller;
use super::peers::{ConnId, Door};
use super::service::Service;
use super::upgrade::{self, Head, response};

/// The page of [`Door::Page`]: one file, nothing from elsewhere.
const PAGE: &[u8] = include_bytes!("page.html");

/// How a connection begins.
pub(super) enum Opening {
    /// More is to be read.
    Partial,
    /// With a WebSocket: this is the answer, and frames follow after `len` bytes.
    Upgrade { len: usize, response: Vec<u8> },
    /// With a request, which ends it: this is the answer.
    Request(Vec<u8>),
}

impl Service {
    /// Reads the request a connection begins with.
    pub(super) fn opening(&mut self, conn: ConnId, bytes: &[u8]) -> Opening {
        match upgrade::read(bytes) {
            Head::Partial => Opening::Partial,
            Head::Upgrade { len, response, caller } => match self.refused(conn, &caller) {
                Some(response) => Opening::Request(response),
                None => Opening::Upgrade { len, response },
            },
            Head::Get { path, caller } => Opening::Request(self.http_get(conn, &path, &caller)),
            Head::Refused { response } => Opening::Request(response),
        }
    }

    /// The response to who is not let in.
    fn refused(&self, conn: ConnId, caller: &Caller) -> Option<Vec<u8>> {
        let refusal = self.access.refusal(self.peers.get(conn)?.local, caller)?;
        log::warn!("refused: {}", refusal.escape_debug());
        Some(response("403 Forbidden", "text/plain; charset=utf-8", refusal.as_bytes()))
    }

    /// The response to a plain GET.
    ///
    /// Files are there for everybody who knows where: nobody finds out their names.
    fn http_get(&self, conn: ConnId, path: &str, caller: &Caller) -> Vec<u8> {
        if let Some(file) = self.files.get(path) {
            return response("200 OK", file.content_type(), &file.content);
        }
        if self.peers.get(conn).is_some_and(|peer| peer.door == Door::Page) {
            if let Some(refused) = self.refused(conn, caller) {
                return refused;
            }
            match path {
                "/" => return response("200 OK", "text/html; charset=utf-8", PAGE),
                "/counters" => {
                    let counters = self.counters().json(self.config.pid);
                    return response("200 OK", "application/json", counters.as_bytes());
                }
                _ => {}
            }
        }
        let text = format!("there is nothing at {path}; the WebSocket is at /service/websocket\n");
        response("404 Not Found", "text/plain; charset=utf-8", text.as_bytes())
    }
}
