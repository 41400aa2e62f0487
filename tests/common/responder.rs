//! A gate in the background that lets everybody in and answers every quest with an empty map, for tests that are
//! about the client's side alone.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rtm_client::ClientOptions;
use tungstenite::{Message, WebSocket};

use super::PID;
use super::package::{self, Package, map};

/// A `send_cmd` to this user is not answered.
pub const SILENCE: i64 = -1;
/// A `send_cmd` to this user has a chat text pushed back.
pub const PUSH: i64 = -2;
/// A `send_cmd` to this user cuts the connection.
pub const CUT: i64 = -3;
/// A `send_cmd` to this user kicks the session out.
pub const KICKOUT: i64 = -4;

pub struct Responder {
    options: ClientOptions,
    address: String,
    stop: Arc<AtomicBool>,
}

impl Responder {
    /// A gate for ws.
    pub fn start() -> Responder {
        Responder::serving(serve, |options, address| options.endpoint(address))
    }

    /// A gate for wss.
    #[cfg(feature = "tls")]
    pub fn start_tls() -> Responder {
        use super::certificates::{Authority, over, server};
        let authority = Authority::new();
        let config = server(&authority.certify("127.0.0.1"), None);
        let serve_tls = move |stream| serve(over(stream, &config));
        Responder::serving(serve_tls, |options, address| {
            options.ssl_endpoint(address).ca_certificates(authority.pem())
        })
    }

    fn serving(
        serve: impl Fn(TcpStream) -> Option<()> + Clone + Send + 'static,
        dial: impl FnOnce(ClientOptions, &str) -> ClientOptions,
    ) -> Responder {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                if stream.set_nodelay(true).is_ok() {
                    let serve = serve.clone();
                    thread::spawn(move || serve(stream));
                }
            }
        });
        let options = dial(ClientOptions::new(PID), &address).file_endpoint(&*address);
        Responder { options, address, stop }
    }

    pub fn options(&self) -> ClientOptions {
        self.options.clone()
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // It waits for a connection: here is one.
        drop(TcpStream::connect(&self.address));
    }
}

fn serve<S: Read + Write>(stream: S) -> Option<()> {
    let mut socket = tungstenite::accept(stream).ok()?;
    loop {
        let message = socket.read().ok()?;
        if message.is_binary() {
            answer(&mut socket, &Package::read(&message.into_data())?.0)?;
        }
    }
}

fn answer<S: Read + Write>(socket: &mut WebSocket<S>, quest: &Package) -> Option<()> {
    let mut send = |bytes: Vec<u8>| socket.send(Message::Binary(bytes.into())).ok();
    let to = (quest.method == "sendmsg").then(|| quest.int("to"));
    match to {
        Some(SILENCE) => return Some(()),
        Some(CUT) => return None,
        Some(KICKOUT) => return send(package::one_way("kickout", &map([]))),
        Some(PUSH) => send(package::quest(1, "pushmsg", &chat_text(quest.int("mid"))))?,
        _ => {}
    }
    match quest.method.as_str() {
        // The answer to a quest of the gate.
        "" => Some(()),
        "auth" => send(package::answer(quest.seq, 0, &map([("ok", true.into())]))),
        "filetoken" => {
            let token = map([("token", "token".into()), ("endpoint", "endpoint".into())]);
            send(package::answer(quest.seq, 0, &token))
        }
        _ => send(package::answer(quest.seq, 0, &map([]))),
    }
}

/// The payload of a pushed chat text.
pub fn chat_text(mid: i64) -> Vec<u8> {
    map([
        ("from", 5.into()),
        ("to", super::UID.into()),
        ("mtype", 30.into()),
        ("mid", mid.into()),
        ("msg", "text".into()),
        ("attrs", "".into()),
        ("mtime", 1.into()),
    ])
}
