//! What an error on the way to a gate says: a row for each sentence, played over real sockets.

mod entry;
mod given;
mod reach;
mod tls;
mod tunnel;
mod upgrade;
mod uploads;

use std::collections::BTreeSet;
use std::path::Path;

use rtm_client::ClientOptions;

use crate::{login, refused};

/// A sentence, in which PEER stands for who it is about, and what brings it about.
struct Row {
    says: &'static str,
    play: fn() -> Said,
}

enum Said {
    Text {
        text: String,
        peer: String,
    },
    /// That cannot be had on this machine.
    Skipped(&'static str),
}

fn play(rows: &[Row]) {
    for row in rows {
        match (row.play)() {
            Said::Text { text, peer } => {
                let expected = row.says.replace("PEER", &peer);
                assert!(text.contains(&expected), "not {expected:?}: {text}");
            }
            Said::Skipped(why) => println!("skipped: {why}: {:?}", row.says),
        }
    }
}

/// What the error of a login says that fails while `serve` does the other end.
fn said(options: ClientOptions, peer: impl Into<String>, serve: impl FnOnce()) -> Said {
    let (client, record) = login(options);
    serve();
    Said::Text { text: refused(&client, &record), peer: peer.into() }
}

/// The rows, and the test that plays them.
const TABLES: [(&str, &[Row]); 7] = [
    ("no_connection_comes_about", reach::ROWS),
    ("a_proxy_does_not_lead_to_the_gate", tunnel::ROWS),
    ("tls_does_not_come_about", tls::ROWS),
    ("no_websocket_comes_about", upgrade::ROWS),
    ("nobody_is_logged_in", entry::ROWS),
    ("an_upload_does_not_come_to_its_end", uploads::ROWS),
    ("what_is_given_cannot_be_used", given::ROWS),
];

/// Sentences of which the tests of the library's own modules have the peer.
const ELSEWHERE: [(&str, &str); 9] = [
    ("no thread could be started to look up the name PEER", "a_lookup_without_a_thread"),
    ("the name PEER has no address", "a_name_without_an_address"),
    ("the name of the proxy PEER has no address", "a_name_without_an_address"),
    (
        "looking up the name of the proxy PEER did not end: does the DNS server answer?",
        "a_name_that_is_the_proxy_s_is_called_that",
    ),
    (
        "looking up the name PEER did not end: does the DNS server answer?",
        "the_error_tells_of_each_that_was_tried",
    ),
    (
        "connecting took longer than TIME, the timeout of the login: …",
        "the_error_tells_of_each_that_was_tried",
    ),
    (
        "connecting took longer than TIME, the connection timeout: …",
        "a_silent_peer_is_20012_within_the_connection_timeout",
    ),
    ("no TLS with PEER: its certificate has been revoked", "the_rest"),
    ("a file cannot be read: PEER: reading it failed", "only_what_is_not_there_is_called_that"),
];

#[test]
fn the_page_has_each_sentence_with_its_test() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reliability.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let (_, section) = page.split_once("\n## What errors say\n").expect("the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let lines = section.lines().filter(|line| line.starts_with("| ") && line.ends_with("` |"));
    let of_page: BTreeSet<_> = lines.map(str::to_owned).collect();
    let rows = TABLES.iter().flat_map(|(test, rows)| rows.iter().map(|row| (row.says, *test)));
    let rows = rows.chain(ELSEWHERE);
    let of_tests: BTreeSet<_> = rows.map(|(says, test)| format!("| {says} | `{test}` |")).collect();
    let lacking: Vec<_> = of_tests.difference(&of_page).map(String::as_str).collect();
    assert!(lacking.is_empty(), "the page lacks\n{}", lacking.join("\n"));
    let left: Vec<_> = of_page.difference(&of_tests).map(String::as_str).collect();
    assert!(left.is_empty(), "no test has\n{}", left.join("\n"));
}
