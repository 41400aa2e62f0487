//! Who is let in: pages and names of others are not.

use rtm_client::gate::Gate;

use crate::common::http::{Response, request};

const UPGRADE: [(&str, &str); 4] = [
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

fn upgrade(address: &str, header: (&str, &str)) -> Response {
    let headers = [&UPGRADE[..], &[header]].concat();
    request(address, "GET", "/service/websocket", &headers, b"")
}

/// The doors of a gate where WebSockets are opened, and the page.
fn doors(gate: &Gate) -> ([String; 3], String) {
    let page = gate.page_url().unwrap();
    let page = page.strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
    ([gate.endpoint(), gate.file_endpoint(), page.clone()], page)
}

#[test]
fn pages_elsewhere_are_not_let_in() {
    let gate = Gate::builder().page_listen("127.0.0.1:0").start().unwrap();
    let (doors, page) = doors(&gate);
    let own = gate.page_url().unwrap();
    let own = own.trim_end_matches('/');
    for (origin, expected) in [
        (own, true),
        ("http://localhost:3000", true),
        ("https://app.localhost", true),
        ("http://[::1]:5173", true),
        ("http://evil.example", false),
        ("http://localhost.evil.example", false),
        ("null", false),
        ("file://", false),
    ] {
        for door in &doors {
            let response = upgrade(door, ("Origin", origin));
            assert_eq!(response.status, if expected { 101 } else { 403 }, "{origin} at {door}");
        }
        let response = request(&page, "GET", "/", &[("Origin", origin)], b"");
        assert_eq!(response.status, if expected { 200 } else { 403 }, "{origin} at the page");
        assert!(expected || response.text().contains(&format!("--allow-origin {origin}")));
    }
}

#[test]
fn a_name_of_somebody_else_leads_nowhere() {
    let gate = Gate::builder().page_listen("127.0.0.1:0").start().unwrap();
    let (doors, page) = doors(&gate);
    for (host, expected) in [
        ("localhost", true),
        ("rtm.localhost:13321", true),
        ("fileproxy-rtm.localhost:13461", true),
        ("127.0.0.1:1", true),
        ("evil.example", false),
        ("evil.example:13321", false),
        ("127.0.0.1.evil.example", false),
        ("192.0.2.1", false),
    ] {
        for door in &doors {
            let response = upgrade(door, ("Host", host));
            assert_eq!(response.status, if expected { 101 } else { 403 }, "{host} at {door}");
        }
        let response = request(&page, "GET", "/", &[("Host", host)], b"");
        assert_eq!(response.status, if expected { 200 } else { 403 }, "{host} at the page");
    }
}

#[test]
fn who_is_allowed_is_let_in() {
    let builder = Gate::builder().page_listen("127.0.0.1:0").allow_origin("http://chat.example");
    let gate = builder.allow_origin("null").start().unwrap();
    let (doors, _) = doors(&gate);
    for door in &doors {
        for (header, status) in [
            (("Origin", "http://chat.example"), 101),
            (("Origin", "null"), 101),
            (("Host", "chat.example:13321"), 101),
            (("Origin", "http://other.example"), 403),
            (("Host", "other.example"), 403),
        ] {
            assert_eq!(upgrade(door, header).status, status, "{header:?} at {door}");
        }
    }
}

/// What a machine listens on by name, it is reached by that name.
#[test]
fn a_name_that_is_listened_on_is_the_gates() {
    let gate = Gate::builder().listen("localhost:0").start().unwrap();
    assert_eq!(upgrade(&gate.endpoint(), ("Host", "LOCALHOST")).status, 101);
}
