//! The `rtm-gate` program: its command line, a chat through it, its snapshots.

mod common;

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rtm_client::{ClientOptions, RtmClient, reply, server_push};
use serde_json::json;

#[allow(dead_code)]
#[path = "gate/peer.rs"]
mod peer;

use common::floods::floods;
use common::http;

const PATIENCE: Duration = Duration::from_secs(10);
const PID: i64 = 11_000_001;

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rtm-gate"));
    command.args(args);
    command
}

fn output(args: &[&str]) -> Output {
    program(args).output().expect("the program runs")
}

/// A directory of this test's own, gone afterwards.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let path = std::env::temp_dir().join(format!("rtm-gate-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a place for files");
        Place(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("a path that is text").to_owned()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A gate that runs, on free ports.
struct Running {
    child: Child,
    endpoint: String,
    introduction: String,
}

impl Running {
    fn start(args: &[&str]) -> Running {
        Running::start_with(args, Stdio::piped())
    }

    /// `stderr` is where its log and its errors go.
    fn start_with(args: &[&str], stderr: Stdio) -> Running {
        let mut child = program(&["--listen", "127.0.0.1:0", "--file-listen", "127.0.0.1:0"])
            .args(args)
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .expect("the program runs");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut introduction = String::new();
        let mut endpoint = String::new();
        while !introduction.contains("\npid ") {
            let Some(Ok(line)) = lines.next() else {
                let mut error = String::new();
                if let Some(mut stderr) = child.stderr.take() {
                    let _ = stderr.read_to_string(&mut error);
                }
                panic!("the gate has not started: {error}");
            };
            if let Some(url) = line.strip_prefix("gate ") {
                let url = url.trim().strip_prefix("ws://").expect("a URL");
                endpoint = url.strip_suffix("/service/websocket").expect("a path").to_owned();
            }
            introduction.push_str(&line);
            introduction.push('\n');
        }
        Running { child, endpoint, introduction }
    }

    fn login(&self, uid: i64, token: &str) -> Result<RtmClient, i32> {
        let options = ClientOptions::new(PID).endpoint(&*self.endpoint).auto_reconnect(false);
        let client = RtmClient::new(options);
        let (callback, login) = reply::login();
        client.login(uid, token, callback, PATIENCE);
        login.wait().map(|()| client).map_err(|error| error.code())
    }

    /// As Ctrl-C does. Returns the exit code.
    fn interrupt(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().expect("it is there").success());
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return status.code();
            }
            assert!(Instant::now() < until, "not ended");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// At once, without a chance to clean up.
    fn kill(mut self) {
        self.child.kill().expect("it is there");
        self.child.wait().expect("it is our child");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ends the gate and gives what it has said on standard error.
fn stderr_of(mut gate: Running) -> String {
    let mut stderr = gate.child.stderr.take().expect("its errors");
    assert_eq!(gate.interrupt(), Some(0));
    let mut said = String::new();
    stderr.read_to_string(&mut said).expect("text");
    said
}

fn send(client: &RtmClient, to: i64, text: &str) -> Result<i64, i32> {
    let (callback, sent) = reply::channel();
    client.send_chat(to, text, "", None, PATIENCE, callback);
    sent.wait().map(|sent| sent.mid).map_err(|error| error.error.code())
}

fn history(client: &RtmClient, with: i64) -> Vec<String> {
    let (callback, page) = reply::channel();
    client.get_p2p_chat(with, true, 20, None, None, None, PATIENCE, callback);
    let page = page.wait().expect("the history");
    page.msgs.iter().map(|row| row.msg.as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn help_and_version() {
    for flag in ["--help", "-h"] {
        let help = output(&[flag]);
        let text = String::from_utf8_lossy(&help.stdout).into_owned();
        assert!(help.status.success());
        for option in ["--listen", "--file-listen", "--tokens", "--snapshot", "--log"] {
            assert!(text.contains(option), "{text}");
        }
        assert!(text.lines().all(|line| line.len() <= 100), "{text}");
    }
    let version = output(&["--version"]);
    let text = String::from_utf8_lossy(&version.stdout).into_owned();
    assert_eq!(text, format!("rtm-gate {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_arguments_get_one_line_that_says_what_is_expected() {
    for (args, words) in [
        (&["--listen"][..], "--listen needs a value: HOST:PORT"),
        (&["--listen", "localhost"], r#"--listen is "localhost", expected HOST:PORT"#),
        (&["--listen", ":1"], "expected HOST:PORT"),
        (&["--pid", "x"], r#"--pid is "x", expected a number"#),
        (&["--group", "1"], "expected GID=UID,UID..., numbers all"),
        (&["--group=1=2,x"], "expected GID=UID,UID..., numbers all"),
        (&["--ping-interval", "0"], "expected a number of seconds above 0"),
        (&["--ping-interval", "-1"], "expected a number of seconds above 0"),
        (&["--multi-login", "perhaps"], "expected true or false"),
        (&["--page-limit", "-1"], "expected a number from 0"),
        (&["--allow-origin", " "], "expected an origin, http://HOST:PORT say, or *"),
        (&["--log", "loud"], "expected off, error, warn, info, debug or trace"),
        (&["--port", "1"], "there is no option --port"),
        (&["-p"], "there is no option -p"),
        (&["start"], r#""start" is no option, expected options alone"#),
        (&["--cert", "x"], "--cert and --key are expected together"),
        (&["--cert", "x", "--key", "y"], "--cert and --key are for --tls-listen"),
        (&["--help=x"], ""),
    ] {
        let said = output(args);
        let text = String::from_utf8_lossy(&said.stderr).into_owned();
        if !words.is_empty() {
            assert_eq!(said.status.code(), Some(2), "{args:?}: {text}");
            assert!(text.contains(words), "{args:?}: {text}");
            assert_eq!(text.lines().count(), 1, "{text}");
        }
        assert_ne!(said.status.code(), Some(101), "{args:?} panicked: {text}");
    }
}

#[test]
fn files_that_are_wrong_are_named() {
    let place = Place::new("wrong");
    let file = place.file("seed.json");
    std::fs::write(&file, r#"{"user": {}}"#).expect("written");
    for option in ["--seed", "--snapshot"] {
        let said = output(&["--listen", "127.0.0.1:0", option, &file]);
        let text = String::from_utf8_lossy(&said.stderr).into_owned();
        assert_eq!(said.status.code(), Some(1));
        assert!(text.contains("seed.json: unknown field `user`, expected one of"), "{text}");
    }
    for (content, words) in [
        ("", "line 1"),
        ("[]", "expected an object"),
        ("{}", "no snapshot: it has no `version`"),
        (r#"{"version": 2}"#, "version is 2"),
        (r#"{"version": 1, "last_row": 9223372036854775807}"#, "last_row is 9223372036854775807"),
        (r#"{"version": 1, "messages": [{"from": 1, "id": -1}]}"#, "messages[0]: id is -1"),
    ] {
        std::fs::write(&file, content).expect("written");
        let said = output(&["--listen", "127.0.0.1:0", "--snapshot", &file]);
        let text = String::from_utf8_lossy(&said.stderr).into_owned();
        assert_eq!(said.status.code(), Some(1), "{content}");
        assert!(text.contains("seed.json: ") && text.contains(words), "{content}: {text}");
        assert_eq!(std::fs::read_to_string(&file).expect("still there"), content);
    }
    std::fs::write(&file, "1 one\nnonsense\n").expect("written");
    let said = output(&["--tokens", &file]);
    let text = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(text.contains("seed.json, line 2: expected UID TOKEN"), "{text}");
    let said = output(&["--tokens", "no/such/file"]);
    assert!(String::from_utf8_lossy(&said.stderr).contains("no/such/file: "));
    let said = output(&["--tokens", "secret:???"]);
    assert!(String::from_utf8_lossy(&said.stderr).contains("no base64"));
}

#[test]
fn a_port_that_is_taken_is_named() {
    let other = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = other.local_addr().expect("its address").to_string();
    let said = output(&["--listen", &taken]);
    let text = String::from_utf8_lossy(&said.stderr).into_owned();
    assert_eq!(said.status.code(), Some(1));
    assert!(text.starts_with(&format!("rtm-gate: cannot listen on {taken}: ")), "{text}");
}

#[test]
fn a_chat_through_it() {
    let place = Place::new("chat");
    let tokens = place.file("tokens");
    std::fs::write(&tokens, "# who may\n1 one\n\n2  two\n").expect("written");
    let gate = Running::start(&["--tokens", &tokens, "--group", "100=1,2", "--log", "debug"]);
    assert!(gate.introduction.contains(&format!("pid        {PID}\n")), "{}", gate.introduction);
    let one = gate.login(1, "one").expect("logged in");
    let two = gate.login(2, "two").expect("logged in");
    assert!(gate.login(1, "two").is_err());
    let (sender, texts) = crossbeam_channel::unbounded();
    two.processor().on(server_push::RECV_CHAT, move |push| {
        let _ = sender.send(push.msg.as_str().unwrap_or_default().to_owned());
    });
    send(&one, 2, "你好 👋").expect("sent");
    assert_eq!(texts.recv_timeout(PATIENCE).expect("it arrives"), "你好 👋");
    let (callback, groups) = reply::channel();
    one.get_user_groups(PATIENCE, callback);
    assert_eq!(groups.wait().expect("the groups"), [100]);
    assert_eq!(gate.interrupt(), Some(0));
}

/// A line that cannot be written is dropped, whoever writes it, and everything else goes on.
#[test]
fn a_log_nobody_reads_ends_nothing() {
    for (level, full) in [("debug", false), ("warn", false), ("debug", true)] {
        let stderr = match full {
            true => std::fs::File::create("/dev/full").map_or(Stdio::null(), Stdio::from),
            false => Stdio::piped(),
        };
        let mut gate = Running::start_with(&["--log", level], stderr);
        drop(gate.child.stderr.take());
        for uid in 1..=3 {
            gate.login(uid, "t").expect("logged in");
        }
        let one = gate.login(1, "t").expect("logged in");
        assert_eq!(send(&one, 1, "to myself"), Err(200052));
        send(&one, 2, "still here").expect("sent");
        assert_eq!(gate.interrupt(), Some(0), "{level}, {full}");
    }
}

#[test]
fn what_clients_send_is_escaped_in_the_log() {
    const FORGED: &str = "x\n12:00:00.000 ERROR forged\x1b[31m\r\u{9b}2J";
    let gate = Running::start(&["--log", "debug"]);
    let mut peer = peer::Peer::connect_to(&gate.endpoint);
    peer.get("auth", json!({"pid": PID, "uid": 1, "token": "t"}));
    peer.code(FORGED, json!({}));
    peer.get("adddebuglog", json!({"msg": FORGED, "attrs": FORGED}));
    for (method, field) in [("kickout", "ce"), ("setlang", "lang"), ("filetoken", "cmd")] {
        peer.code(method, json!({field: FORGED}));
    }
    let log = stderr_of(gate);
    assert_eq!(log.matches("forged").count(), 7, "{log}");
    assert!(log.chars().all(|char| char == '\n' || !char.is_control()), "{log:?}");
    assert!(!log.lines().any(|line| line.starts_with("12:00:00.000")), "{log}");
}

/// The address that is for JavaScript is printed, and who listens beyond this machine is warned.
#[test]
fn what_is_printed() {
    let gate = Running::start(&["--http-listen", "127.0.0.1:0"]);
    let port = gate.endpoint.rsplit_once(':').expect("a port").1;
    // The SDK sends files to a port that it knows.
    let line = format!(
        "\nJavaScript endpoint rtm.localhost:{port}, without files: the SDK sends them to port 13461 here\n"
    );
    assert!(gate.introduction.contains(&line), "{}", gate.introduction);
    assert_eq!(stderr_of(gate), "");
    let gate = Running::start(&["--http-listen", "0.0.0.0:0", "--tls-listen", "0.0.0.0:0"]);
    let names: Vec<&str> =
        gate.introduction.lines().filter_map(|line| line.get(..10)).map(str::trim).collect();
    for name in ["gate", "file gate", "JavaScript", "page", "TLS gate", "TLS files", "pid"] {
        assert!(names.contains(&name), "{name}: {}", gate.introduction);
    }
    assert!(gate.introduction.contains("JavaScript ssl_endpoint rtm.localhost:"));
    let said = stderr_of(gate);
    assert_eq!(said.matches("warning: 0.0.0.0:").count(), 2, "{said}");
}

/// Each line of the manual for `curl` does what it says, as another HTTP client sends it.
#[test]
fn the_manual_speaks_http() {
    let gate = Running::start(&["--http-listen", "127.0.0.1:0", "--group", "100=1,2"]);
    let page = gate.introduction.split_once("page       http://").expect("a page").1;
    let address = page.split('/').next().expect("an address");
    let manual = std::fs::read_to_string("docs/gate.md").expect("the manual");
    let mut paths = Vec::new();
    for line in manual.split("\ncurl ").skip(1) {
        let (body, url) = match line.strip_prefix("-d '") {
            Some(rest) => rest.split_once("' ").expect("a body and a URL"),
            None => ("", line),
        };
        let url = url.split('\n').next().expect("a line").trim_matches('\'');
        let path = url.strip_prefix("http://127.0.0.1:8080").expect("the page's port");
        let method = if line.starts_with("-d") { "POST" } else { "GET" };
        let response = http::request(address, method, path, &[], body.as_bytes());
        assert_eq!(response.status, 200, "{line}: {response:?}");
        paths.push(path);
    }
    for path in ["kick", "kick-from-room", "broadcast", "push", "fault", "clear"] {
        let path = format!("/control/{path}");
        assert!(paths.contains(&&*path), "{path} is not in the manual");
    }
    assert!(http::get(address, "/state").json()["counters"]["messages"] == 2);
}

#[test]
fn faults_from_the_start() {
    let gate = Running::start(&[
        "--fault",
        r#"{"method": "sendmsg", "next": 2, "error": 200010}"#,
        "--fault",
        r#"{"method": "sendmsg", "mtype": 30, "error": 200011}"#,
    ]);
    let one = gate.login(1, "t").expect("logged in");
    for expected in [200010, 200010, 200011] {
        assert_eq!(send(&one, 2, "x"), Err(expected));
    }
    let said =
        output(&["--listen", "127.0.0.1:0", "--file-listen", "127.0.0.1:0", "--fault", "{}"]);
    let text = String::from_utf8_lossy(&said.stderr).into_owned();
    assert_eq!(said.status.code(), Some(1));
    assert!(text.starts_with("rtm-gate: --fault {}: one of these is expected: error,"), "{text}");
}

/// Every setting is known as an option, and what shows in a few calls is as it says.
#[test]
fn every_setting_is_an_option() {
    let page = json!({"ouid": 2, "desc": true, "num": 20});
    let chat = |text: &str, mid: i64| json!({"to": 2, "mid": mid, "mtype": 30, "msg": text, "attrs": "1234"});
    let gate = Running::start(&[
        "--pid=7",
        "--message-limit=10",
        "--attrs-limit=4",
        "--file-limit=3",
        "--package-limit=1000000",
        "--page-limit=2",
        "--member-limit=3",
        "--friend-limit=2",
        "--room-limit=1",
        "--multi-room=true",
        "--multi-login=false",
        "--value-added=false",
        "--keep-messages=3",
        "--keep-for=100",
        "--keep-file-bytes=10",
        "--file-token-life=10",
        "--ping-interval=0.1",
        "--ping-timeout=4",
        "--idle-limit=50",
        "--write-limit=1000000",
        "--token-validity=10",
        "--allow-origin=http://chat.example",
        "--group=100=1,2",
    ]);
    let mut one = peer::Peer::connect_to(&gate.endpoint);
    let auth = json!({"pid": 7, "uid": 1, "token": "t"});
    one.get("auth", auth.clone());
    for mid in 1..=5 {
        one.get("sendmsg", chat("ten bytes!", mid));
    }
    assert_eq!(one.code("sendmsg", chat("eleven byte", 6)), 200030);
    assert_eq!(one.get("getp2pmsg", page)["num"], 2);
    assert_eq!(one.get("getp2pmsgcount", json!({"ouid": 2}))["count"], 3);
    one.get("addgroupmembers", json!({"gid": 100, "uids": [3]}));
    assert_eq!(one.code("addgroupmembers", json!({"gid": 100, "uids": [4]})), 200042);
    assert_eq!(one.code("addfriends", json!({"friends": [2, 3, 4]})), 200048);
    one.get("enterroom", json!({"rid": 1}));
    assert_eq!(one.code("enterroom", json!({"rid": 2})), 200047);
    assert_eq!(one.code("translate", json!({"text": "hello", "dst": "fr"})), 200060);
    let mut again = peer::Peer::connect_to(&gate.endpoint);
    again.get("auth", auth);
    assert_eq!(one.push().0, "kickout");
}

#[test]
fn doubles_are_told_of_once() {
    let gate = Running::start(&["--group", "100=1"]);
    for _ in 0..2 {
        let mut peer = peer::Peer::connect_to(&gate.endpoint);
        peer.get("auth", json!({"pid": PID, "uid": 1, "token": "t"}));
        for begin in [1e12, 2e12, 1.0] {
            for (method, key) in [("getp2pmsg", "ouid"), ("getgroupmsg", "gid")] {
                let page = json!({key: 100, "desc": true, "num": 1, "begin": begin});
                peer.get(method, page);
            }
        }
        peer.get("getroomcount", json!({"rids": [1, 1e10]}));
        peer.code("nosuchmethod", json!({"begin": 1e12}));
    }
    let log = stderr_of(gate);
    for words in ["getp2pmsg came with begin", "getgroupmsg came with begin", "with rids"] {
        assert_eq!(log.matches(words).count(), 2, "{words}: {log}");
    }
    assert_eq!(log.lines().count(), 6, "{log}");
    assert!(log.lines().all(|line| line.contains(" WARN ") && line.contains("2^32")), "{log}");
}

#[cfg(feature = "tls")]
#[test]
fn tls_with_a_certificate_made_and_printed() {
    let gate = Running::start(&["--tls-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"]);
    let said = &gate.introduction;
    let (_, rest) = said.split_once("-----BEGIN CERTIFICATE-----").expect("a certificate");
    let (body, _) = rest.split_once("-----END CERTIFICATE-----").expect("a whole one");
    let pem = format!("-----BEGIN CERTIFICATE-----{body}-----END CERTIFICATE-----\n");
    let endpoint = said.split_once("wss://").expect("a URL").1.split('/').next().expect("a host");
    let client =
        RtmClient::new(ClientOptions::new(PID).ssl_endpoint(endpoint).ca_certificates(pem));
    let (callback, login) = reply::login();
    client.login(1, "t", callback, PATIENCE);
    login.wait().expect("logged in");
    assert!(said.contains("\npage       http://127.0.0.1:"), "{said}");
}

#[test]
fn a_snapshot_survives_a_restart() {
    let place = Place::new("restart");
    let (seed, snapshot) = (place.file("seed.json"), place.file("snapshot.json"));
    let text = r#"{"messages":[{"from":2,"to":1,"msg":"from the seed"}]}"#;
    std::fs::write(&seed, text).expect("written");
    let args = ["--seed", &seed, "--snapshot", &snapshot];
    let gate = Running::start(&args);
    let one = gate.login(1, "t").expect("logged in");
    send(&one, 2, "before").expect("sent");
    assert_eq!(history(&one, 2), ["before", "from the seed"]);
    assert_eq!(gate.interrupt(), Some(0));
    // The seed is not sown twice.
    let gate = Running::start(&args);
    let one = gate.login(1, "t").expect("logged in");
    send(&one, 2, "after").expect("sent");
    assert_eq!(history(&one, 2), ["after", "before", "from the seed"]);
}

/// Killed in the middle of its writes, again and again, a gate always finds the old snapshot or the new one.
#[test]
fn a_killed_gate_leaves_a_whole_snapshot() {
    let place = Place::new("killed");
    let snapshot = place.file("snapshot.json");
    let args = ["--snapshot", &snapshot, "--snapshot-interval", "0.001"];
    let filler = "x".repeat(15_000);
    let mut seen = 0;
    for round in 0..50 {
        // It starts, so the snapshot is whole; and nothing that was in an earlier one is missing.
        let gate = Running::start(&args);
        let one = gate.login(1, "t").expect("logged in");
        let kept = kept(Path::new(&snapshot));
        assert!(kept >= seen, "round {round}: {kept} messages, there were {seen} before");
        seen = kept;
        for number in 0..3 {
            send(&one, 1000 + round, &format!("{number} {filler}")).expect("sent");
        }
        // Any moment of a write will do, a different one every time.
        std::thread::sleep(Duration::from_micros(700 * (round as u64 % 17)));
        gate.kill();
    }
    assert!(seen > 0, "nothing was ever saved");
}

/// How many messages the snapshot has; it has to be whole.
fn kept(path: &Path) -> usize {
    let Ok(json) = std::fs::read_to_string(path) else { return 0 };
    let snapshot: serde_json::Value = serde_json::from_str(&json).expect("a whole snapshot");
    assert_eq!(snapshot["version"], 1);
    snapshot["messages"].as_array().map_or(0, Vec::len)
}

/// Whatever is poured in, read back or not, what the gate holds stays small.
#[test]
#[cfg(target_os = "linux")]
fn floods_take_no_memory() {
    const MOST: usize = 64 << 20;
    for flood in floods() {
        let gate = Running::start(&[]);
        let until = Instant::now() + Duration::from_millis(200);
        std::thread::scope(|scope| {
            for reads in [true, false, false] {
                let (flood, endpoint) = (&flood, &gate.endpoint);
                scope.spawn(move || flood.pour(endpoint, reads, until));
            }
        });
        let status = std::fs::read_to_string(format!("/proc/{}/status", gate.child.id()));
        let status = status.expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
        let most = line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") << 10;
        println!("{}: {} KiB", flood.name, most >> 10);
        assert!(most < MOST, "{}: {} MiB", flood.name, most >> 20);
    }
}
