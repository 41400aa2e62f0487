//! An upload that does not come to its end says how far it is.

use std::io::Read;
use std::time::Duration;

use rtm_client::types::{File, mtype};
use rtm_client::{ClientOptions, reply};

use super::{Row, Said, play};
use crate::common::dead::Dead;
use crate::common::package::map;
use crate::common::peer::{Connection, Peer};
use crate::common::record::in_words;

pub(super) const ROWS: &[Row] = &[
    Row {
        says: "the name fileproxy-127.0.0.1 cannot be looked up: it is made from the gate's, and file_endpoint sets another",
        play: || upload("", |options, _| options, || {}),
    },
    Row {
        says: "the file gate did not take the file in time: PEER did not answer: is it switched on, and does a firewall let the connection through?",
        play: || {
            let dead = Dead::new();
            upload(&dead.address(), |options, peer| options.file_endpoint(peer), || {})
        },
    },
    Row {
        says: "the file gate did not take the file in time: PEER did not answer the WebSocket upgrade: is it a gate?",
        play: || {
            let files = Peer::new();
            let serve = || drop(files.accept_tcp().read_to_end(&mut Vec::new()));
            upload(&files.address(), |options, peer| options.file_endpoint(peer), serve)
        },
    },
    Row {
        says: "the file gate did not take the file in time: all of it was sent, and not answered",
        play: || {
            let files = Peer::new();
            let serve = || drop(Connection::over(files.accept_tcp()).until_closed());
            upload(&files.address(), |options, peer| options.file_endpoint(peer), serve)
        },
    },
];

#[test]
fn an_upload_does_not_come_to_its_end() {
    play(ROWS);
}

fn upload(
    peer: &str,
    change: fn(ClientOptions, &str) -> ClientOptions,
    serve: impl FnOnce(),
) -> Said {
    let gate = Peer::new();
    let (client, _record, mut connection) = gate.login(change(gate.options().no_proxy(), peer));
    let (callback, reply) = reply::channel();
    let timeout = Duration::from_secs(1);
    let file = File::from_bytes("a.bin", "bytes");
    client.send_file(mtype::FILE, 5, file, None, timeout, callback);
    let quest = connection.quest("filetoken");
    let token = map([("token", "token".into()), ("endpoint", "endpoint".into())]);
    connection.answer(&quest, &token);
    serve();
    let error = reply.wait().expect_err("nobody takes the file");
    Said::Text { text: in_words(&error.error), peer: peer.to_owned() }
}
