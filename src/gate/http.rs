//! What the gate answers to the HTTP request a connection begins with.

use super::access::Caller;
use super::peers::{ConnId, Door};
use super::service::Service;
use super::upgrade::{self, Head, Response};

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
        let response = match upgrade::read(bytes) {
            Head::Partial => return Opening::Partial,
            Head::Upgrade { len, response, caller } => match self.refused(conn, &caller) {
                None => return Opening::Upgrade { len, response },
                Some(refused) => refused,
            },
            Head::Get { path, caller } => self.http_get(conn, &path, &caller),
            Head::Refused { response } => response,
        };
        Opening::Request(response.into_bytes())
    }

    /// The response to who is not let in.
    fn refused(&self, conn: ConnId, caller: &Caller) -> Option<Response> {
        let refusal = self.access.refusal(self.peers.get(conn)?.local, caller)?;
        log::warn!("refused: {}", refusal.escape_debug());
        Some(Response::text("403 Forbidden", &refusal))
    }

    /// The response to a plain GET.
    ///
    /// Files are there for everybody who knows where, pages anywhere included: nobody finds out their names.
    fn http_get(&self, conn: ConnId, path: &str, caller: &Caller) -> Response {
        if let Some(file) = self.files.get(path) {
            let response = Response::new("200 OK", file.content_type(), &*file.content);
            return response.header("Access-Control-Allow-Origin", "*");
        }
        if self.peers.get(conn).is_some_and(|peer| peer.door == Door::Page) {
            if let Some(refused) = self.refused(conn, caller) {
                return refused;
            }
            match path {
                "/" => return Response::new("200 OK", "text/html; charset=utf-8", PAGE),
                "/counters" => {
                    let counters = self.counters().json(self.config.pid);
                    return Response::new("200 OK", "application/json", counters);
                }
                _ => {}
            }
        }
        let text = format!("there is nothing at {path}; the WebSocket is at /service/websocket");
        Response::text("404 Not Found", &text)
    }
}
