//! The gate's answers to the HTTP request at the beginning of a connection.

use log::Level;
use serde_json::{Value, json};

use super::access::Caller;
use super::control;
use super::peers::{ConnId, Door};
use super::service::Service;
use super::tell;
use super::upgrade::{self, Head, Request, Response};

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
            Head::Request(request) => self.respond(conn, &request),
            Head::Refused(response) => response,
        };
        Opening::Request(response.into_bytes())
    }

    /// The response to who is not let in.
    fn refused(&self, conn: ConnId, caller: &Caller) -> Option<Response> {
        let refusal = self.access.refusal(self.peers.get(conn)?.local, caller)?;
        tell(Level::Warn, format_args!("refused: {}", refusal.escape_debug()));
        Some(Response::text("403 Forbidden", &refusal))
    }

    /// Files are there for everybody who knows where, pages anywhere included: nobody finds out their names.
    fn respond(&mut self, conn: ConnId, request: &Request) -> Response {
        let path = &request.path;
        if let Some(file) = self.files.get(path).filter(|_| request.method == "GET") {
            let response = Response::new("200 OK", file.content_type(), &*file.content);
            return response.header("Access-Control-Allow-Origin", "*");
        }
        if self.peers.get(conn).is_some_and(|peer| peer.door == Door::Page) {
            if let Some(refused) = self.refused(conn, &request.caller) {
                return refused;
            }
            if let Some(response) = self.page(request) {
                return response;
            }
        }
        let text = format!("there is nothing at {path}; the WebSocket is at /service/websocket");
        Response::text("404 Not Found", &text)
    }

    /// The page and the HTTP API; `None` where neither has anything.
    fn page(&mut self, request: &Request) -> Option<Response> {
        let control = control::find(&request.path);
        let allowed = match request.path.as_str() {
            "/" | "/state" => "GET",
            _ if control.is_some() => "POST",
            _ => return None,
        };
        let response = match (request.method.as_str(), control) {
            // What a browser asks before it sends what another page wants to send.
            ("OPTIONS", _) => Response::text("200 OK", allowed)
                .header("Access-Control-Allow-Methods", allowed)
                .header("Access-Control-Allow-Headers", "Content-Type"),
            (method, _) if method != allowed => {
                let text = format!("{method} is not understood here, expected {allowed}");
                Response::text("405 Method Not Allowed", &text).header("Allow", allowed)
            }
            (_, Some(control)) => json(self.control(control, &request.body)),
            // No page elsewhere is to show it in a frame and have its buttons pressed.
            _ if request.path == "/" => Response::new("200 OK", "text/html; charset=utf-8", PAGE)
                .header("X-Frame-Options", "DENY"),
            _ => json(self.state(&request.query)),
        };
        Some(match request.caller.origins.as_slice() {
            // Who is let in may also read the answer.
            [origin] => {
                response.header("Access-Control-Allow-Origin", origin).header("Vary", "Origin")
            }
            _ => response,
        })
    }
}

fn json(answer: Result<Value, String>) -> Response {
    let (status, body) = match answer {
        Ok(body) => ("200 OK", body),
        Err(error) => ("400 Bad Request", json!({"error": error})),
    };
    Response::new(status, "application/json", format!("{body}\n"))
}
