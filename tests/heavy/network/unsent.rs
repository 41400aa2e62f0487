//! Calls that expire behind a gate that takes nothing: those whose frames are not begun are never sent.

use std::io::{Read, Write};
use std::sync::mpsc;
use std::time::Duration;

use rtm_client::{Callbacks, ClientOptions, RtmClient, reply};
use socket2::SockRef;

use crate::certificates::{Authority, accept_login, server};
use crate::common::package::{Kind, map, server_time};
use crate::common::peer::{Connection, Peer};
use crate::common::{DEADLINE, PID, UID, eventually};

const CALLS: usize = 400;
const SIZE: usize = 20_000;

/// What the program does when the calls have expired.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Call,
    Bye,
}

/// A peer that the kernel holds little for.
fn narrow_peer() -> Peer {
    let peer = Peer::new();
    let small = SockRef::from(&peer.listener()).set_recv_buffer_size(64 << 10);
    small.expect("a socket option");
    peer
}

/// `taken` bytes and one frame may be on their way beside what is written.
fn expire_unsent<S: Read + Write>(
    options: ClientOptions,
    (mode, then): (Callbacks, Then),
    taken: usize,
    accept: impl FnOnce() -> Connection<S>,
) {
    let client = RtmClient::new(options.callbacks(mode));
    let (callback, login) = reply::login();
    client.login(UID, "token", callback, DEADLINE);
    let mut connection = accept();
    login.wait().expect("a login");
    let (sender, ended) = mpsc::channel();
    let text = "x".repeat(SIZE);
    for mid in 1..=CALLS as i64 {
        // Some wait behind what is being written, some behind those.
        if mid as usize == CALLS * 3 / 4 {
            let mut written = 0;
            eventually("the socket takes nothing more", || {
                std::thread::sleep(Duration::from_millis(20));
                let before = std::mem::replace(&mut written, client.stats().bytes_sent);
                written == before && written > 0
            });
        }
        let sender = sender.clone();
        let timeout = Duration::from_millis(800);
        client.send_chat(2, &*text, "", mid, timeout, move |error, _| {
            sender.send((mid, error.map(|error| error.error.code()))).expect("the test waits");
        });
    }
    let mut expired = Vec::new();
    eventually("all calls expire", || {
        if mode == Callbacks::Manual {
            client.run_callbacks(Duration::ZERO).expect("nobody else runs them");
        }
        expired.extend(ended.try_iter());
        expired.len() == CALLS
    });
    let expected = (1..=CALLS as i64).map(|mid| (mid, Some(20003)));
    assert_eq!(expired, expected.collect::<Vec<_>>());
    // What is queued after they have expired is sent.
    let (callback, answered) = reply::channel::<rtm_client::Error, _>();
    match then {
        Then::Call => client.get_server_time(DEADLINE, callback),
        Then::Bye => client.bye(),
    }
    let written = client.stats().bytes_sent as usize;
    let mut arrived = Vec::new();
    let last = loop {
        let package = connection.package().expect("the client stays");
        assert_eq!(package.kind, Kind::Quest);
        match &*package.method {
            "sendmsg" => arrived.push(package.int("mid")),
            _ => break package,
        }
    };
    println!("{} of {CALLS} had been begun: {written} bytes", arrived.len());
    assert!(arrived.is_sorted_by(|one, next| one < next), "out of order");
    let begun = (written + taken) / SIZE + 1;
    assert!(arrived.len() <= begun && begun < CALLS, "{} of {begun}", arrived.len());
    match then {
        Then::Call => {
            assert_eq!(last.method, "getservertime");
            connection.answer(&last, &server_time(7));
            assert_eq!(answered.wait().map_err(|error| error.code()), Ok(7));
            assert_eq!(client.stats().queued_bytes, 0);
        }
        Then::Bye => {
            assert_eq!(last.method, "bye");
            connection.answer(&last, &map([]));
            assert_eq!(connection.until_closed().len(), 0);
        }
    }
    client.close_and_wait(DEADLINE).expect("the threads end");
}

const MODES: [(Callbacks, Then); 4] = [
    (Callbacks::Thread, Then::Call),
    (Callbacks::Manual, Then::Call),
    (Callbacks::Thread, Then::Bye),
    (Callbacks::Manual, Then::Bye),
];

#[test]
fn what_expires_unsent_is_never_sent() {
    for mode in MODES {
        let peer = narrow_peer();
        expire_unsent(peer.options(), mode, 0, || peer.accept_login());
    }
}

/// What is encrypted cannot be taken back.
#[test]
fn what_expires_unsent_is_never_sent_over_tls() {
    const ENCRYPTED: usize = 128 << 10;
    for mode in MODES {
        let (peer, authority) = (narrow_peer(), Authority::new());
        let config = server(&authority.certify("127.0.0.1"), None);
        let options = ClientOptions::new(PID).ssl_endpoint(peer.address());
        let options = options.ca_certificates(authority.pem());
        expire_unsent(options, mode, ENCRYPTED, || accept_login(&peer, &config));
    }
}
