//! Clients of a gate, and calls in straight-line code.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rtm_client::gate::Gate;
use rtm_client::types::{Body, PushMessage, SendReply};
use rtm_client::{ClientOptions, Error, Event, RtmClient, SendError, reply};

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The group that every gate here has: users 1, 2 and 3.
pub(crate) const GROUP: i64 = 100;
pub(crate) const ROOM: i64 = 300;

pub(crate) type Callback<T, E = Error> = Box<dyn FnOnce(Option<E>, Option<T>) + Send>;

pub(crate) fn gate() -> Gate {
    Gate::builder().group(GROUP, [1, 2, 3]).start().unwrap()
}

pub(crate) fn options(gate: &Gate) -> ClientOptions {
    ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).file_endpoint(gate.file_endpoint())
}

/// Logged in as that user.
pub(crate) fn login(gate: &Gate, uid: i64) -> RtmClient {
    let client = RtmClient::new(options(gate));
    let (callback, reply) = reply::login();
    client.login(uid, "token", callback, PATIENCE);
    reply.wait().unwrap();
    client
}

/// What a call gives.
pub(crate) fn get<T: Send + 'static>(call: impl FnOnce(Callback<T>)) -> Result<T, Error> {
    let (callback, reply) = reply::channel();
    call(Box::new(callback));
    reply.wait()
}

/// What a call that sends gives.
pub(crate) fn send<T: Send + 'static>(
    call: impl FnOnce(Callback<T, SendError>),
) -> Result<T, Error> {
    let (callback, reply) = reply::channel();
    call(Box::new(callback));
    reply.wait().map_err(|err: SendError| err.error)
}

/// The code of a call that must fail.
#[track_caller]
pub(crate) fn code<T>(result: Result<T, Error>) -> i32 {
    result.err().expect("the call should fail").code()
}

/// The texts of these events of the client as they come.
pub(crate) fn pushes(client: &RtmClient, event: Event<PushMessage>) -> Receiver<PushMessage> {
    let (sender, receiver) = channel();
    client.processor().on(event, move |message| {
        // The test may be over by now.
        let _ = sender.send(message.clone());
    });
    receiver
}

#[track_caller]
pub(crate) fn next(pushes: &Receiver<PushMessage>) -> PushMessage {
    pushes.recv_timeout(PATIENCE).expect("a push")
}

pub(crate) fn enter(client: &RtmClient, rid: i64) {
    get(|callback| client.enter_room(rid, None, callback)).unwrap();
}

/// Sends a chat to a user.
pub(crate) fn say(client: &RtmClient, to: i64, text: &str) -> SendReply {
    send(|callback| client.send_chat(to, text, "", None, None, callback)).unwrap()
}

pub(crate) fn text(text: &str) -> Body {
    Body::Text(text.to_owned())
}

/// So many ids that are nobody's.
pub(crate) fn strangers(count: i64) -> impl Iterator<Item = i64> {
    1000..1000 + count
}
