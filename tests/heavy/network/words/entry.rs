//! The WebSocket is open, and the user is not logged in.

use std::time::Duration;

use rtm_client::RtmClient;

use super::{Row, Said, play};
use crate::common::peer::{Connection, Peer};
use crate::common::record::Record;
use crate::common::{DEADLINE, UID};

pub(super) const ROWS: &[Row] = &[
    Row {
        says: "PEER did not answer the login: is it too busy, or no gate?",
        play: || said(20003, |mut connection| drop(connection.until_closed())),
    },
    Row {
        says: "the connection to PEER ended before the login was answered: is it a gate?",
        play: || said(20002, |connection| connection.close()),
    },
    Row {
        says: "the connection to PEER ended before the login was answered: is it a gate?",
        play: || said(20002, |connection| connection.reset()),
    },
    Row {
        // Not FPNN.
        says: "the connection to PEER ended before the login was answered: is it a gate?",
        play: || {
            said(10003, |mut connection| {
                connection.send(b"hello there");
                connection.until_closed();
            })
        },
    },
];

#[test]
fn nobody_is_logged_in() {
    play(ROWS);
}

/// What becomes of a login whose connection that is.
fn said(code: i32, behave: fn(Connection)) -> Said {
    let peer = Peer::new();
    let client = RtmClient::new(peer.options());
    let record = Record::of(&client);
    let timeout = if code == 20003 { Duration::from_millis(300) } else { DEADLINE };
    client.login(UID, "token", record.login(), timeout);
    let mut connection = peer.accept();
    connection.quest("auth");
    behave(connection);
    let text = record.expect_error(code);
    record.expect_login(false, code);
    assert_eq!(record.rest(&client), []);
    Said::Text { text, peer: peer.address() }
}
