//! The beginning of the examples in the documentation, so that each example hides one line only.

#![allow(clippy::expect_used, reason = "an example that cannot begin has failed")]

pub use std::time::Duration;

pub use crate::gate::Gate;
pub use crate::types::*;
pub use crate::*;

/// User 1 has been here, and is in group 100.
const SEED: &str = r#"{
    "users": { "1": {
        "oinfo": "open", "pinfo": "private", "friends": [2], "data": { "theme": "dark" },
        "devices": { "740f4707bebcf74f": "apns" }, "p2p_options": { "2": [30] }
    } },
    "groups": {
        "100": { "members": [1, 2], "oinfo": "open", "pinfo": "private" },
        "200": { "members": [2, 3] }
    },
    "rooms": { "300": { "oinfo": "open", "pinfo": "private" } }
}"#;

/// In each kind of conversation there is one message that user 1 has not read.
const GREETINGS: &str = r#"{ "messages": [
    { "from": 2, "to": 1, "msg": "hello" },
    { "from": 2, "gid": 100, "msg": "hello" },
    { "from": 2, "rid": 300, "msg": "hello" },
    { "from": 2, "msg": "hello" }
] }"#;

/// A gate where user 1 has friends, data and infos.
pub fn gate() -> Gate {
    Gate::builder().seed(SEED).start().expect("a gate")
}

/// That gate, and a client of it that has not logged in.
pub fn started() -> (Gate, RtmClient) {
    let gate = gate();
    let client = client(&gate);
    (gate, client)
}

/// That gate, and user 1 logged in.
pub fn logged_in() -> (Gate, RtmClient) {
    let gate = gate();
    let client = user(&gate, 1);
    (gate, client)
}

/// That gate, and users 1 and 2 logged in.
pub fn two_users() -> (Gate, RtmClient, RtmClient) {
    let (gate, client) = logged_in();
    let other = user(&gate, 2);
    (gate, client, other)
}

/// A gate that lets user 1 in with that token alone, and a client that has not logged in.
pub fn with_token(token: &str) -> (Gate, RtmClient) {
    let gate = Gate::builder().token(1, token).start().expect("a gate");
    let client = client(&gate);
    (gate, client)
}

/// That gate, and user 1 in room 300.
pub fn in_room() -> (Gate, RtmClient) {
    let (gate, client) = logged_in();
    enter(&client);
    (gate, client)
}

/// That gate, and user 1 in room 300, where user 2 has said "hello" to user 1, to group 100, to the room and to all.
pub fn greeted() -> (Gate, RtmClient) {
    let gate = Gate::builder().seed(SEED).seed(GREETINGS).start().expect("a gate");
    let client = user(&gate, 1);
    enter(&client);
    (gate, client)
}

/// A user logged in at that gate.
pub fn user(gate: &Gate, uid: i64) -> RtmClient {
    let client = client(gate);
    log_in_as(&client, uid).expect("logged in");
    client
}

/// A client with these options, logged in as user 1.
pub fn login(options: ClientOptions) -> Result<RtmClient, Error> {
    let client = RtmClient::new(options);
    log_in_as(&client, 1).map(|()| client)
}

/// Logs that client in as user 1.
pub fn log_in(client: &RtmClient) {
    log_in_as(client, 1).expect("logged in");
}

/// Waits until what is sent is sent after the login, by the service's clock.
pub fn settle(client: &RtmClient) {
    let (callback, reply) = reply::channel();
    client.get_server_time(None, callback);
    reply.wait().expect("the time");
    std::thread::sleep(Duration::from_millis(2));
}

fn log_in_as(client: &RtmClient, uid: i64) -> Result<(), Error> {
    let (callback, reply) = reply::login();
    client.login(uid, "token", callback, None);
    reply.wait()
}

/// A certificate for that name, and its key: both PEM.
pub fn certificate(name: &str) -> (String, String) {
    crate::gate::self_signed(vec![name.to_owned()]).expect("a certificate")
}

fn client(gate: &Gate) -> RtmClient {
    let options = ClientOptions::new(gate.pid())
        .endpoint(gate.endpoint())
        .file_endpoint(gate.file_endpoint())
        .attrs([("device", "terminal")]);
    RtmClient::new(options)
}

fn enter(client: &RtmClient) {
    let (callback, reply) = reply::channel();
    client.enter_room(300, None, callback);
    reply.wait().expect("in the room");
}
