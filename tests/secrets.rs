//! Secrets stay secret: no log at debug or above, no `Debug` and no error text names a token, a proxy's password or a
//! private key. One run does everything that could, with everything that is logged kept.

#![cfg(feature = "tls")]

mod common;

use std::io::Write;
use std::net::TcpListener;
use std::sync::Mutex;
use std::thread;

use common::certificates::{self, Authority};
use common::package::{self, map};
use common::peer::{Connection, Peer, read_request};
use common::record::{Event, Record, in_words};
use common::{DEADLINE, PID, UID};
use data_encoding::{BASE64, HEXLOWER};
use rtm_client::types::{File, FileToken, mtype};
use rtm_client::{ClientOptions, LoginOptions, RtmClient, reply};

const TOKEN: &str = "canary-token-5f1d0c";
const FILE_TOKEN: &str = "canary-file-token-77ab";
const PASSWORD: &str = "canary-password-20e4";
const BAD_KEY: &str = "canarykey0d31canarykey0d31canarykey0d31canarykey0d31canarykey0d31";

/// All that was said: logged, or put there by the test.
static SAID: Mutex<String> = Mutex::new(String::new());

fn say(what: &str) {
    let mut said = SAID.lock().expect("nobody panics with it");
    said.push_str(what);
    said.push('\n');
}

struct Ear;

impl log::Log for Ear {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= log::Level::Debug
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            say(&format!("{} {}", record.target(), record.args()));
        }
    }

    fn flush(&self) {}
}

/// The ways in which a secret could be written.
fn spellings(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    // As part of the `Debug` of bytes, whatever stands around it.
    let list = format!("{bytes:?}");
    // base64 of a text that the secret is a part of: the same but for its ends.
    let shifted = (0..3).map(|by| {
        let coded = BASE64.encode(&[&[b'x'; 3][..by], bytes].concat());
        coded.get(4..coded.len() - 4).expect("it is long enough").to_owned()
    });
    let mut all: Vec<String> = shifted.collect();
    all.extend([secret.to_owned(), HEXLOWER.encode(bytes), list.trim_matches(['[', ']']).into()]);
    all
}

fn client(options: ClientOptions) -> (RtmClient, Record) {
    let with_lang = LoginOptions::default().lang("en");
    say(&format!("{options:?} {options:#?} {with_lang:?}"));
    let client = RtmClient::new(options);
    let record = Record::of(&client);
    client.login(UID, TOKEN, record.login(), DEADLINE);
    say(&format!("{client:?} {client:#?} {:?}", client.downgrade()));
    (client, record)
}

/// Closes the client and keeps what it reported.
fn done(client: &RtmClient, record: &Record) {
    let rest = record.rest(client);
    say(&format!("{rest:?} {client:?}"));
}

/// A login that fails, and all that is said of it.
fn fails(options: ClientOptions) {
    let (client, record) = client(options);
    loop {
        let event = record.next();
        say(&format!("{event:?}"));
        if matches!(event, Event::Login(ok, _) if !ok) {
            break;
        }
    }
    done(&client, &record);
}

/// The address of a proxy that refuses everybody in its own way.
fn proxy(answers: &'static [&'static [u8]], http: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        for answer in answers {
            match http {
                true => drop(read_request(&mut stream)),
                false => drop(std::io::Read::read(&mut stream, &mut [0; 512])),
            }
            let _ = stream.write_all(answer);
        }
    });
    address.to_string()
}

/// Logs in over TLS with a client's certificate, loses the connection, logs in again, sends a file. Returns the private
/// key.
fn over_tls() -> String {
    let (gates, clients) = (Authority::new(), Authority::new());
    let config = certificates::server(&gates.certify("127.0.0.1"), Some(&clients));
    let own = clients.certify("client");
    let key = own.key.serialize_pem();
    let peer = Peer::new();
    let options = ClientOptions::new(PID)
        .ssl_endpoint(peer.address())
        .file_endpoint(peer.address())
        .ca_certificates(gates.pem())
        .client_certificate(own.certificate.pem(), key.clone());
    let (client, record) = client(options);
    let connection = certificates::accept_login(&peer, &config);
    record.expect_login(true, 0);
    drop(connection);
    say(&record.expect_error(20002));
    let mut connection = certificates::accept_login(&peer, &config);
    record.expect(Event::Relogin(true, false, 0, 1));

    let (callback, sent) = reply::channel();
    let file = File::from_bytes("a.txt", FILE_TOKEN).on_progress(|_, _| ());
    say(&format!("{file:?}"));
    client.send_file(mtype::FILE, 2, file, None, DEADLINE, callback);
    let quest = connection.quest("filetoken");
    connection
        .answer(&quest, &map([("token", FILE_TOKEN.into()), ("endpoint", "1.2.3.4:5".into())]));
    let mut upload = Connection::over(certificates::over(peer.accept_tcp(), &config));
    let quest = upload.quest("sendfile");
    upload.fail(&quest, &package::error(200003, "no"));
    let error = sent.wait().expect_err("it was refused");
    say(&format!("{error:?} {error} {} {:?}", in_words(&error), client.stats()));
    let mut token = FileToken::default();
    (token.token, token.endpoint) = (FILE_TOKEN.into(), "1.2.3.4:5".into());
    say(&format!("{token:?}"));
    done(&client, &record);
    key
}

/// Logins that the gate refuses, or answers with what is no answer.
fn refused() {
    let peer = Peer::new();
    let answers = [
        package::answer(1, 0, &map([("ok", false.into())])),
        package::answer(1, 1, &package::error(200003, "invalid sign")),
        package::answer(1, 0, b"\xc1"),
        b"no package at all".to_vec(),
    ];
    for answer in answers {
        let gate = thread::spawn({
            let stream = peer_accepts(&peer);
            move || {
                let mut connection = Connection::over(stream());
                connection.quest("auth");
                connection.send(&answer);
                connection.until_closed();
            }
        });
        fails(peer.options());
        gate.join().expect("the gate");
    }
}

/// Accepting is left to another thread.
fn peer_accepts(peer: &Peer) -> impl FnOnce() -> std::net::TcpStream + Send + 'static + use<> {
    let listener = peer.listener();
    move || Peer::from(listener).accept_tcp()
}

#[test]
fn no_secret_is_told() {
    log::set_logger(&Ear).expect("there is no other");
    log::set_max_level(log::LevelFilter::Debug);

    let key = over_tls();
    refused();
    let proxies = [
        ("http", proxy(&[b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"], true)),
        ("http", proxy(&[b"nonsense\r\n\r\n"], true)),
        ("socks5", proxy(&[b"\x05\x02", b"\x01\x01"], false)),
        ("socks5", proxy(&[b"\x05\xff"], false)),
        ("ftp", "127.0.0.1:1".to_owned()),
        ("socks5", "not an address:port".to_owned()),
    ];
    for (scheme, address) in proxies {
        let url = format!("{scheme}://user:{PASSWORD}@{address}");
        fails(ClientOptions::new(PID).endpoint("gate.invalid:1").proxy(url));
    }
    let bad = format!("-----BEGIN PRIVATE KEY-----\n{BAD_KEY}\n-----END PRIVATE KEY-----\n");
    let certificate = Authority::new().pem();
    for key in [bad, BAD_KEY.to_owned(), key.replace('A', "B")] {
        let options = ClientOptions::new(PID).ssl_endpoint("127.0.0.1:1");
        fails(options.client_certificate(certificate.clone(), key));
    }

    let said = SAID.lock().expect("nobody panics with it");
    assert!(said.contains("rtm_client::connect dialing"), "nothing was logged:\n{said}");
    assert!(said.contains("asks for") || said.contains("refused the user"), "no proxy:\n{said}");
    let in_key = key.lines().filter(|line| !line.starts_with('-')).map(str::to_owned);
    let secrets = [TOKEN, FILE_TOKEN, PASSWORD, BAD_KEY].into_iter().flat_map(spellings);
    for secret in secrets.chain(in_key) {
        assert!(!said.contains(&secret), "{secret} in:\n{said}");
    }
}
