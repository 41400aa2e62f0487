//! Files: sent, received, fetched, refused.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rtm_client::types::{File, SendReply, message_type, mtype};
use rtm_client::{ClientOptions, RtmClient, reply, server_push};

use crate::support::{
    Callback, GROUP, PATIENCE, ROOM, code, enter, gate, get, login, next, options, pushes, send,
};

/// The service's limit.
const LARGEST: usize = 5_242_880;

fn file() -> File {
    File::from_bytes("cat.png", b"\x89PNG")
}

/// What is to be had at the URL.
fn fetch(url: &str) -> Vec<u8> {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let body = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..body]));
    answer.split_off(body)
}

#[test]
fn a_file_reaches_a_user_a_group_and_a_room() {
    let gate = gate();
    let (one, two) = (login(&gate, 1), login(&gate, 2));
    enter(&one, ROOM);
    enter(&two, ROOM);
    type Send = fn(&RtmClient, Callback<SendReply, rtm_client::SendError>);
    let sends: [(_, Send); 3] = [
        (server_push::RECV_FILE, |c, cb| c.send_file(mtype::IMAGE, 2, file(), None, None, cb)),
        (server_push::RECV_GROUP_FILE, |c, cb| {
            c.send_group_file(mtype::IMAGE, GROUP, file(), None, None, cb);
        }),
        (server_push::RECV_ROOM_FILE, |c, cb| {
            c.send_room_file(mtype::IMAGE, ROOM, file(), None, None, cb);
        }),
    ];
    for (event, call) in sends {
        let heard = pushes(&two, event);
        let sent = send(|callback| call(&one, callback)).unwrap();
        let push = next(&heard);
        assert_eq!((push.from, push.mid, push.mtype), (1, sent.mid, mtype::IMAGE), "{event:?}");
        let info = push.file_info().unwrap();
        assert_eq!((info.size, info.ext.as_deref()), (4, Some("png")));
        assert_eq!(info.surl.as_ref(), Some(&info.url));
        assert_eq!(fetch(&info.url), b"\x89PNG");
    }
}

#[test]
fn a_stored_file_message_says_what_it_is() {
    let gate = gate();
    let one = login(&gate, 1);
    let sent = send(|cb| one.send_file(mtype::FILE, 2, file(), None, None, cb)).unwrap();
    let info = get(|cb| one.get_message(1, sent.mid, 2, message_type::P2P, None, cb)).unwrap();
    let page = get(|cb| one.get_p2p_message(2, true, 1, None, None, None, None, None, cb)).unwrap();
    let file_info = info.file_info().unwrap();
    assert_eq!(page.msgs[0].file_info().unwrap(), file_info);
    assert_eq!((file_info.size, file_info.surl), (4, None));
    send(|cb| one.send_group_file(mtype::FILE, GROUP, file(), None, None, cb)).unwrap();
    send(|cb| one.send_group_chat(GROUP, r#"{"url":"x"}"#, "", None, None, cb)).unwrap();
    let page =
        get(|cb| one.get_group_message(GROUP, true, 2, None, None, None, None, None, cb)).unwrap();
    assert!(page.msgs[0].file_info().is_none(), "a chat is no file, whatever it says");
    assert_eq!(page.msgs[1].file_info().unwrap().size, 4);
}

#[test]
fn a_file_is_stored_for_its_url() {
    let gate = gate();
    let one = login(&gate, 1);
    let path = std::env::temp_dir().join(format!("rtm-client-{}.txt", std::process::id()));
    std::fs::write(&path, "hello").unwrap();
    let stored = send(|cb| one.upload_file(mtype::FILE, File::open(&path), None, cb));
    std::fs::remove_file(&path).unwrap();
    let stored = stored.unwrap().payload;
    assert_eq!(stored.size, 5);
    assert_eq!(fetch(stored.url.as_str().unwrap()), b"hello");
    // The path is gone now.
    let refused = send(|cb| one.upload_file(mtype::FILE, File::open(&path), None, cb));
    assert_eq!(code(refused), 10012);
}

#[test]
fn a_token_is_for_who_may_send() {
    let gate = gate();
    let (one, nine) = (login(&gate, 1), login(&gate, 9));
    let token =
        get(|cb| one.file_token("sendgroupfile", None, None, None, GROUP, None, cb)).unwrap();
    assert!(!token.token.is_empty());
    assert_eq!(token.endpoint.as_str(), Some(&*gate.file_endpoint()));
    get(|cb| one.file_token("sendfile", None, 2, None, None, None, cb)).unwrap();
    let refused = [
        get(|cb| nine.file_token("sendgroupfile", None, None, None, GROUP, None, cb)).map(drop),
        get(|cb| nine.file_token("sendroomfile", None, None, ROOM, None, None, cb)).map(drop),
        send(|cb| nine.send_group_file(mtype::FILE, GROUP, file(), None, None, cb)).map(drop),
        send(|cb| nine.send_room_file(mtype::FILE, ROOM, file(), None, None, cb)).map(drop),
        send(|cb| one.send_file(mtype::CHAT, 2, file(), None, None, cb)).map(drop),
    ];
    assert_eq!(refused.map(code), [200041, 200040, 200041, 200040, 200007]);
    get(|cb| nine.add_blacks([1], None, cb)).unwrap();
    let blocked = send(|cb| one.send_file(mtype::FILE, 9, file(), None, None, cb));
    assert_eq!(code(blocked), 200049);
}

#[test]
fn five_mebibytes_and_no_byte_more() {
    let gate = gate();
    let (one, two) = (login(&gate, 1), login(&gate, 2));
    let heard = pushes(&two, server_push::RECV_FILE);
    let content: Vec<u8> = (0..LARGEST).map(|n| (n % 251) as u8).collect();
    let reports = Arc::new(Mutex::new(Vec::new()));
    let kept = reports.clone();
    let largest = File::from_bytes("large.bin", content.clone())
        .on_progress(move |sent, total| kept.lock().unwrap().push((sent, total)));
    send(|cb| one.send_file(mtype::FILE, 2, largest, None, PATIENCE, cb)).unwrap();
    let info = next(&heard).file_info().unwrap();
    assert_eq!(info.size, LARGEST as i64);
    assert!(fetch(&info.url) == content, "not the bytes that were sent");
    let reports = reports.lock().unwrap();
    assert!(reports.is_sorted(), "{reports:?}");
    assert!(reports.last().is_some_and(|(sent, total)| sent == total && *total > LARGEST as u64));

    let larger = File::from_bytes("larger.bin", [content, vec![0]].concat());
    let refused = send(|cb| one.send_file(mtype::FILE, 2, larger, None, PATIENCE, cb));
    assert_eq!(code(refused), 200031);
}

/// A path is read as a regular file, and no further than a file may be long: nothing else is even opened.
#[cfg(target_os = "linux")]
#[test]
fn a_path_is_read_as_a_regular_file_only() {
    const LIMIT: u64 = 100_000;
    let gate = gate();
    let options: ClientOptions = options(&gate);
    let client = RtmClient::new(options.max_sent_bytes(LIMIT as usize));
    let (callback, reply) = reply::login();
    client.login(1, "token", callback, PATIENCE);
    reply.wait().unwrap();
    let upload = |path: &Path, timeout: Duration| {
        send(|cb| client.upload_file(mtype::FILE, File::open(path), timeout, cb))
    };
    let folder = std::env::temp_dir().join(format!("rtm-client-files-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let sized = |name: &str, len| {
        let path = folder.join(name);
        std::fs::File::create(&path).unwrap().set_len(len).unwrap();
        path
    };
    let pipe = folder.join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [&*pipe, &*folder, Path::new("/dev/zero"), Path::new("/dev/tty")] {
        let error = upload(path, PATIENCE).unwrap_err();
        assert_eq!(error.code(), 10012, "{path:?}");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
    for len in [LIMIT + 1, 1 << 40] {
        let error = upload(&sized("too large", len), PATIENCE).unwrap_err();
        assert_eq!(error.code(), 20005, "{len} bytes");
        assert!(error.to_string().contains("100000"), "{error}");
    }
    // The token and the rest of the package take some.
    assert_eq!(code(upload(&sized("as large as a package", LIMIT), PATIENCE)), 20005);
    let largest = upload(&sized("large", LIMIT - 1000), PATIENCE);
    assert_eq!(largest.unwrap().payload.size, LIMIT as i64 - 1000);
    // Regular as well, and said to be empty.
    assert!(upload(Path::new("/proc/self/status"), PATIENCE).unwrap().payload.size > 0);
    // Reading takes its share of the time.
    assert_eq!(code(upload(&sized("large", LIMIT - 1000), Duration::from_nanos(1))), 20003);
    std::fs::remove_dir_all(&folder).unwrap();

    let bytes = File::from_bytes("too large", vec![0; LIMIT as usize + 1]);
    let refused = send(|cb| client.upload_file(mtype::FILE, bytes, None, cb));
    assert_eq!(code(refused), 20005);
}

/// A file that another program writes meanwhile, longer or shorter: what was there when it was read is sent, whole.
#[test]
fn a_file_that_grows_and_shrinks_while_it_is_read() {
    const LIMIT: usize = 100_000;
    let gate = gate();
    let options: ClientOptions = options(&gate);
    let client = RtmClient::new(options.max_sent_bytes(LIMIT));
    let (callback, reply) = reply::login();
    client.login(1, "token", callback, PATIENCE);
    reply.wait().unwrap();
    let path = std::env::temp_dir().join(format!("rtm-client-grows-{}", std::process::id()));
    std::fs::write(&path, b"x").unwrap();
    let (written, ended) = (path.clone(), Arc::new(AtomicBool::new(false)));
    let stop = ended.clone();
    let writer = thread::spawn(move || {
        let file = std::fs::File::options().write(true).open(written).unwrap();
        for len in [1, 50_000, 0, 90_000, 10, 200_000, 7].iter().cycle() {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            file.set_len(*len).unwrap();
        }
    });
    let mut outcomes = [0, 0];
    for _ in 0..200 {
        let sent = send(|cb| client.upload_file(mtype::FILE, File::open(&path), PATIENCE, cb));
        match sent {
            Ok(sent) => {
                assert!((0..=LIMIT as i64).contains(&sent.payload.size), "{}", sent.payload.size);
                outcomes[0] += 1;
            }
            Err(error) => {
                assert_eq!(error.code(), 20005, "{error}");
                outcomes[1] += 1;
            }
        }
    }
    println!("{outcomes:?} sent and too large");
    ended.store(true, Ordering::Relaxed);
    writer.join().unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(outcomes[0] > 0);
}

/// What becomes of an upload whose file gate is at that address, and how long it takes.
fn upload_to(address: String, timeout: Duration) -> (i32, Duration) {
    let gate = gate();
    let options: ClientOptions = options(&gate).file_endpoint(address);
    let client = RtmClient::new(options);
    let (callback, reply) = reply::login();
    client.login(1, "token", callback, PATIENCE);
    reply.wait().unwrap();
    let start = Instant::now();
    let failed = send(|cb| client.upload_file(mtype::FILE, file(), timeout, cb));
    let took = start.elapsed();
    // The session does not mind.
    get(|callback| client.get_session(None, callback)).unwrap();
    (code(failed), took)
}

/// A file gate that does `behave` with each connection.
fn scripted(behave: fn(TcpStream)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || listener.incoming().flatten().for_each(behave));
    address
}

/// Reads until the other side closes.
fn read_all(stream: &mut TcpStream) {
    while stream.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {}
}

#[test]
fn a_file_gate_that_fails_gives_an_error_in_time() {
    let unused = TcpListener::bind("127.0.0.1:0").unwrap();
    let refusing = unused.local_addr().unwrap().to_string();
    drop(unused);
    let closing = scripted(drop);
    let no_websocket = scripted(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        read_all(&mut stream);
    });
    let closing_later = scripted(|stream| drop(tungstenite::accept(stream)));
    for (address, expected) in
        [(refusing, 20012), (closing, 20012), (no_websocket, 20012), (closing_later, 20002)]
    {
        let (code, took) = upload_to(address, PATIENCE);
        assert_eq!(code, expected);
        assert!(took < PATIENCE / 2, "{took:?}");
    }
    let silent = scripted(|mut stream| read_all(&mut stream));
    let silent_later = scripted(|stream| {
        let mut socket = tungstenite::accept(stream).unwrap();
        read_all(socket.get_mut());
    });
    let timeout = Duration::from_millis(200);
    for address in [silent, silent_later] {
        let (code, took) = upload_to(address, timeout);
        assert_eq!(code, 20003);
        assert!(timeout <= took && took < PATIENCE / 2, "{took:?}");
    }
}

#[test]
fn nothing_is_printed() {
    let test = "files::a_file_gate_that_fails_gives_an_error_in_time";
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let said_by_us = stdout.lines().filter(|line| {
        !(line.is_empty() || line.starts_with("running ") || line.starts_with("test "))
    });
    assert_eq!(said_by_us.collect::<Vec<_>>(), [""; 0]);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(stdout.contains("1 passed"), "{stdout}");
}
