//! The gate's page in a headless browser, chatting with a client of this crate.
//!
//! It needs Chromium and its driver (on Debian: `apt-get install chromium chromium-driver`); where they are missing, or
//! `RTM_FULL` is not set, it says so and passes. `RTM_SCREENSHOTS=FOLDER` keeps pictures of the page.

mod driver;

use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use data_encoding::HEXLOWER;
use md5::{Digest, Md5};
use rtm_client::gate::{ConversationId, Gate};
use rtm_client::types::File;
use rtm_client::{ClientOptions, RtmClient, reply, server_push};
use serde_json::{Value, json};

use crate::driver::Browser;

const PATIENCE: Duration = Duration::from_secs(20);
const TEXT: &str = "你好,世界! 👋🏽 Grüße";

/// Waits until the script gives `true`.
#[track_caller]
fn wait(browser: &Browser, what: &str, script: &str) {
    let until = Instant::now() + PATIENCE;
    while browser.run(&format!("return {script}"), json!([])) != true {
        let page = browser.run("return document.body.innerText", json!([]));
        assert!(Instant::now() < until, "not within {PATIENCE:?}: {what}\n{}", text(&page));
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Types into the fields of a form and submits it, as a person would. `form` is a selector, the fields are below it.
fn submit(browser: &Browser, form: &str, fields: &[(&str, &str)]) {
    let script = "const form = document.querySelector(arguments[0]);
        for (const [field, value] of arguments[1]) form.querySelector(field).value = value;
        form.requestSubmit();";
    browser.run(script, json!([form, fields]));
}

/// Presses the first button of that text below the selector.
#[track_caller]
fn press(browser: &Browser, below: &str, text: &str) {
    let script = "const buttons = [...document.querySelectorAll(arguments[0] + ' button')];
        const button = buttons.find((button) => button.textContent.startsWith(arguments[1]));
        if (button) button.click();
        return Boolean(button)";
    assert_eq!(browser.run(script, json!([below, text])), true, "no button {text} in {below}");
}

/// The column of a user.
fn column(uid: i64) -> String {
    format!(".user[data-uid='{uid}']")
}

/// Waits until the text below the selector has these words.
#[track_caller]
fn wait_text(browser: &Browser, below: &str, words: &str) {
    let script =
        format!("document.querySelector({})?.textContent.includes({})", json!(below), json!(words));
    wait(browser, words, &script);
}

/// Waits until the user's column shows a message of that text, on the side of who sent it.
#[track_caller]
fn wait_shown(browser: &Browser, uid: i64, text: &str, mine: bool) {
    let script = format!(
        "[...document.querySelectorAll({})].some((message) => \
         message.firstChild.textContent === {} && message.classList.contains('mine') === {mine})",
        json!(format!("{} .message", column(uid))),
        json!(text)
    );
    wait(browser, text, &script);
}

#[track_caller]
fn open(browser: &Browser, uid: i64, kind: &str, id: i64) {
    let fields = [(".kind", kind), (".id", &id.to_string())];
    submit(browser, &format!("{} .open", column(uid)), &fields);
    wait_text(browser, &format!("{} .title", column(uid)), &format!(" {id}"));
}

fn logged_in(browser: &Browser, uid: i64) {
    wait_text(browser, &format!("{} .state", column(uid)), "logged in");
}

/// The browser, or a line that says why the test is skipped.
fn browser() -> Option<Browser> {
    if std::env::var_os("RTM_FULL").is_none() {
        println!("browser test skipped: RTM_FULL is not set");
        return None;
    }
    let browser = Browser::start();
    if browser.is_none() {
        println!(
            "browser test skipped: chromium or chromedriver is missing \
             (apt-get install chromium chromium-driver)"
        );
    }
    browser
}

fn keep_picture(browser: &Browser, name: &str) {
    if let Some(folder) = std::env::var_os("RTM_SCREENSHOTS") {
        let path = std::path::Path::new(&folder).join(name);
        std::fs::write(path, browser.screenshot()).expect("written");
    }
}

/// A client of user 1, inside room 200, and the texts of all chats that it receives.
fn client(gate: &Gate) -> (RtmClient, Receiver<String>) {
    let options = ClientOptions::new(gate.pid())
        .endpoint(gate.endpoint())
        .file_endpoint(gate.file_endpoint());
    let client = RtmClient::new(options);
    let (sender, texts) = crossbeam_channel::unbounded();
    for event in [server_push::RECV_CHAT, server_push::RECV_GROUP_CHAT, server_push::RECV_ROOM_CHAT]
    {
        let sender = sender.clone();
        client.processor().on(event, move |push| {
            let _ = sender.send(push.msg.as_str().unwrap_or_default().to_owned());
        });
    }
    let (callback, login) = reply::login();
    client.login(1, "any", callback, PATIENCE);
    login.wait().expect("logged in");
    let (callback, entered) = reply::channel();
    client.enter_room(200, PATIENCE, callback);
    entered.wait().expect("inside");
    (client, texts)
}

#[test]
fn a_client_and_the_page_chat() {
    let Some(browser) = browser() else { return };
    let gate =
        Gate::builder().page_listen("127.0.0.1:0").group(100, [1, 2]).start().expect("started");
    let (client, texts) = client(&gate);
    let url = format!("{}?uid=2&token=any", gate.page_url().expect("a page"));
    browser.go(&url);
    logged_in(&browser, 2);
    for (kind, id) in [("p2p", 1), ("group", 100), ("room", 200)] {
        open(&browser, 2, kind, id);
        if kind == "room" {
            let inside = |gate: &Gate| gate.counters().calls > 0 && entered(&client, 2);
            assert!(gate.wait_until(PATIENCE, inside), "the page is in the room");
        }
        let to_page = format!("{TEXT} to {kind} {id}");
        let (callback, sent) = reply::channel();
        match kind {
            "p2p" => client.send_chat(2, &*to_page, "", None, PATIENCE, callback),
            "group" => client.send_group_chat(100, &*to_page, "", None, PATIENCE, callback),
            _ => client.send_room_chat(200, None, &*to_page, "", None, PATIENCE, callback),
        }
        sent.wait().expect("sent");
        wait_shown(&browser, 2, &to_page, false);
        let from_page = format!("{kind}: 收到了 🎉 {TEXT}");
        submit(&browser, &format!("{} .compose", column(2)), &[(".text", &from_page)]);
        assert_eq!(texts.recv_timeout(PATIENCE).expect("it arrives"), from_page);
        wait_shown(&browser, 2, &from_page, true);
    }
    assert_eq!(gate.stored(ConversationId::p2p(1, 2)).len(), 2);
    wait_text(&browser, "#counters", "messages6");
    // A page that is loaded anew has it all from the history.
    browser.go(&url);
    logged_in(&browser, 2);
    open(&browser, 2, "p2p", 1);
    wait_shown(&browser, 2, &format!("{TEXT} to p2p 1"), false);
    wait_shown(&browser, 2, &format!("p2p: 收到了 🎉 {TEXT}"), true);
    // Pushes of all kinds are shown, whatever their payload.
    gate.broadcast(99, 30, "<b>all</b> of you", "");
    wait_text(&browser, &format!("{} .list", column(2)), "Broadcasts1");
    let odd = r#"{"from":1,"to":2,"mtype":77,"mid":9007199254740993,"msg":[],"mtime":1}"#;
    gate.push(2, "pushmsg", odd).expect("pushed");
    wait_text(&browser, "#log", "9007199254740993");
    wait_text(&browser, "#counters", "connections2");
    // Errors are told.
    browser.go(gate.page_url().expect("a page"));
    wait(&browser, "the pid", "$('pid').value !== ''");
    submit(&browser, "#login", &[("#pid", "5"), ("#uid", "3"), ("#token", "any")]);
    wait_text(&browser, &format!("{} .state", column(3)), "pid is 5");
    wait_text(&browser, "#for", "endpoint rtm.localhost:");
}

fn entered(client: &RtmClient, uid: i64) -> bool {
    let (callback, members) = reply::channel();
    client.get_room_members(200, PATIENCE, callback);
    members.wait().is_ok_and(|members| members.contains(&uid))
}

/// The smallest picture there is.
const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\
    \0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82";

/// Several users stand side by side and talk to each other; what they send shows as what it is.
#[test]
fn users_side_by_side_and_their_files() {
    let Some(browser) = browser() else { return };
    let gate = Gate::builder().page_listen("127.0.0.1:0").start().expect("started");
    let (client, _texts) = client(&gate);
    browser.go(format!("{}?uid=2&uid=9007199254740993", gate.page_url().expect("a page")));
    let big = 9_007_199_254_740_993;
    for (uid, other) in [(2, big), (big, 2)] {
        logged_in(&browser, uid);
        open(&browser, uid, "p2p", other);
    }
    submit(&browser, &format!("{} .compose", column(2)), &[(".text", TEXT)]);
    wait_shown(&browser, big, TEXT, false);
    submit(&browser, &format!("{} .compose", column(big)), &[(".text", "from the big one")]);
    wait_shown(&browser, 2, "from the big one", false);
    let beside = "const [one, other] = [...document.querySelectorAll('.user')]
        .map((user) => user.getBoundingClientRect());
        return one.top === other.top && one.right <= other.left && other.right <= innerWidth";
    assert_eq!(browser.run(beside, json!([])), true);
    open(&browser, 2, "p2p", 1);
    for (mid, (name, content)) in
        [("dot.png", PNG), ("notes.txt", &b"milk"[..])].into_iter().enumerate()
    {
        let (callback, sent) = reply::channel();
        let file = File::from_bytes(name, content);
        client.send_file(50, 2, file, mid as i64 + 1, PATIENCE, callback);
        sent.wait().expect("sent");
    }
    wait(&browser, "two files", "document.querySelectorAll('.message a.file').length === 2");
    let picture = "document.querySelector('.message a.file img')?.naturalWidth === 1";
    wait(&browser, "the thumbnail", picture);
    let links = "return [...document.querySelectorAll('.message a.file')]
        .map((link) => [link.href, link.textContent, link.querySelectorAll('img').length])";
    let links = browser.run(links, json!([]));
    for (at, (size, images)) in [(PNG.len(), 1), (4, 0)].into_iter().enumerate() {
        let link = &links[at];
        assert!(text(&link[0]).starts_with(&format!("http://{}/files/", gate.file_endpoint())));
        assert!(text(&link[1]).contains(&format!("({size} bytes)")), "{links}");
        assert_eq!(link[2], images, "{links}");
    }
    gate.broadcast(99, 30, TEXT, "");
    wait_text(&browser, &format!("{} .list", column(2)), "Broadcasts1");
    press(&browser, "#faults", "error");
    wait_text(&browser, "#set", "200010");
    keep_picture(&browser, "gate.png");
    // A URL that leads elsewhere than to the web is no link.
    let msg = r#"{"url":"javascript:alert(1)","size":1}"#;
    let push =
        json!({"from": 1, "to": 2, "mtype": 50, "mid": 9, "msg": msg, "attrs": "", "mtime": 1});
    gate.push(2, "pushmsg", &*push.to_string()).expect("pushed");
    wait_shown(&browser, 2, msg, false);
    // Who leaves is gone from the page.
    press(&browser, &column(big), "×");
    wait(&browser, "one user", "document.querySelectorAll('.user').length === 1");
    assert!(gate.wait_until(PATIENCE, |gate| gate.counters().users == 2));
}

#[test]
fn faults_and_kicks_are_buttons() {
    let Some(browser) = browser() else { return };
    let gate = Gate::builder().page_listen("127.0.0.1:0").start().expect("started");
    browser.go(format!("{}?uid=2&uid=3&token=any", gate.page_url().expect("a page")));
    logged_in(&browser, 2);
    logged_in(&browser, 3);
    open(&browser, 2, "p2p", 3);
    press(&browser, "#faults", "error");
    wait_text(&browser, "#set", r#"{"error":200010,"method":"sendmsg","next":1}"#);
    submit(&browser, &format!("{} .compose", column(2)), &[(".text", "refused")]);
    wait_text(&browser, "#say", "(200010)");
    wait(&browser, "used up", "$('set').textContent === ''");
    // Of one user, of any method, always, with a value.
    let fields = "const form = document.querySelector('#fault');
        for (const [name, value] of arguments[0]) form.elements[name].value = value";
    let values = [["method", ""], ["uid", "3"], ["next", ""], ["value", "7"]];
    browser.run(fields, json!([values]));
    press(&browser, "#faults", "split");
    wait_text(&browser, "#set", r#"{"split":7,"uid":"3"}"#);
    // Each button sets its fault.
    browser.run(fields, json!([[["value", ""]]]));
    let names = browser.run("return Object.keys(FAULTS)", json!([]));
    for name in names.as_array().expect("names") {
        press(&browser, "#faults", "clear all");
        wait(&browser, "none", "$('set').textContent === ''");
        press(&browser, "#faults", &text(name).replace("_ms", "").replace('_', " "));
        wait_text(&browser, "#set", &format!("{name}:"));
    }
    press(&browser, "#faults", "clear all");
    wait(&browser, "none", "$('set').textContent === ''");
    submit(&browser, "#broadcast", &[("[name=msg]", "to all")]);
    for uid in [2, 3] {
        wait_text(&browser, &format!("{} .list", column(uid)), "Broadcasts1");
    }
    let payload =
        r#"{"from": "9007199254740993", "mid": "7", "mtype": 30, "msg": "pushed", "mtime": 1}"#;
    submit(&browser, "#push", &[("[name=uid]", "2"), ("[name=payload]", payload)]);
    wait_text(&browser, "#say", "pushed: 1 connections");
    wait_text(&browser, &format!("{} .list", column(2)), "User 90071992547409931");
    open(&browser, 2, "room", 200);
    press(&browser, &format!("{} .title", column(2)), "Kick from room");
    wait_text(&browser, "#say", "kicked from room 200");
    press(&browser, &format!("{} header", column(2)), "Kick");
    wait_text(&browser, &format!("{} .state", column(2)), "kicked out");
    submit(&browser, "#kick", &[("[name=uid]", "3")]);
    wait_text(&browser, &format!("{} .state", column(3)), "kicked out");
    assert!(gate.wait_until(PATIENCE, |gate| gate.connections() == 0));
}

#[test]
fn the_log_can_be_filtered_and_paused() {
    let Some(browser) = browser() else { return };
    let gate = Gate::builder()
        .page_listen("127.0.0.1:0")
        .ping_interval(Duration::from_millis(100))
        .start()
        .expect("started");
    browser.go(format!("{}?uid=2&uid=3", gate.page_url().expect("a page")));
    logged_in(&browser, 2);
    logged_in(&browser, 3);
    let lines = "$('log').textContent";
    let filter = |words: &str| {
        let script = "$('words').value = arguments[0]; $('words').oninput()";
        browser.run(script, json!([words]));
    };
    wait(&browser, "no pings", &format!("{lines}.includes('auth') && !{lines}.includes('ping')"));
    browser.run("$('pings').click()", json!([]));
    wait_text(&browser, "#log", "⇐ ping");
    filter("#2 AUTH");
    let only = format!(
        "{lines}.includes('#2 → auth') && !{lines}.includes('#3 ') && !{lines}.includes('ping')"
    );
    wait(&browser, "one user's login", &only);
    filter("");
    press(&browser, "#filter", "Pause");
    let before = browser.run(&format!("return {lines}"), json!([]));
    gate.push(2, "pushlater", "{}").expect("pushed");
    wait(&browser, "what is missed is counted", "/Go on \\([1-9]/.test($('pause').textContent)");
    assert_eq!(browser.run(&format!("return {lines}"), json!([])), before);
    press(&browser, "#filter", "Go on");
    wait_text(&browser, "#log", "pushlater");
    press(&browser, "#filter", "Clear");
    wait(&browser, "nothing of before", &format!("!{lines}.includes('pushlater')"));
}

#[test]
fn a_phone_will_do() {
    let Some(browser) = browser() else { return };
    let gate =
        Gate::builder().page_listen("127.0.0.1:0").group(100, [2, 3]).start().expect("started");
    browser.be_a_phone();
    browser.go(format!("{}?uid=2&uid=3", gate.page_url().expect("a page")));
    for uid in [2, 3] {
        logged_in(&browser, uid);
        open(&browser, uid, "group", 100);
    }
    let long = "x".repeat(300);
    for text in [TEXT, &long] {
        submit(&browser, &format!("{} .compose", column(2)), &[(".text", text)]);
        wait_shown(&browser, 3, text, false);
    }
    press(&browser, "#faults", "stop reading");
    wait_text(&browser, "#set", "stop_reading");
    assert_eq!(browser.run("return innerWidth", json!([])), 390);
    // Nothing is wider than the screen, or stands outside of it.
    let outside = "return [...document.querySelectorAll('body *')]
        .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
        .map((element) => element.outerHTML.slice(0, 100))";
    assert_eq!(browser.run(outside, json!([])), json!([]));
    assert_eq!(browser.run("return document.documentElement.scrollWidth", json!([])), 390);
    keep_picture(&browser, "phone.png");
}

/// A page at another origin sends a file as the JavaScript SDK does, to `fileproxy-` and the host of the gate, and fetches
/// it; plain and over TLS.
#[test]
fn a_page_elsewhere_sends_a_file() {
    let Some(browser) = browser() else { return };
    let gate = Gate::builder().tls_listen("127.0.0.1:0").start().expect("started");
    // Its page stands for one of a team: it has the codec, and is none of the first gate's.
    let elsewhere = Gate::builder()
        .page_listen("127.0.0.1:0")
        .tls_listen("127.0.0.1:0")
        .start()
        .expect("started");
    let page = elsewhere.page_url().expect("a page").replace("127.0.0.1", "localhost");
    let port = |endpoint: String| endpoint.rsplit_once(':').expect("a port").1.to_owned();
    let tls = [gate.tls_endpoint(), gate.tls_file_endpoint()]
        .map(|endpoint| port(endpoint.expect("TLS")));
    for (scheme, page, [main, file]) in [
        ("ws", page.clone(), [port(gate.endpoint()), port(gate.file_endpoint())]),
        ("wss", page.replace("http:", "https:"), tls),
    ] {
        browser.go(&page);
        wait(&browser, "the page", "document.title === 'rtm-gate'");
        let ask = "const [url, method, fields, before] = arguments;
            const socket = new WebSocket(url);
            socket.binaryType = 'arraybuffer';
            socket.onerror = () => done('no connection to ' + url);
            const quests = [...(before ? [before] : []), [method, fields]];
            if (fields.file) fields.file = new TextEncoder().encode(fields.file);
            const next = () => socket.send(packageOf(1, 1, ...quests.shift()));
            socket.onopen = next;
            socket.onmessage = ({ data }) =>
                quests.length ? next() : done(unpack(new Uint8Array(data).slice(16)));";
        let main = format!("{scheme}://rtm.localhost:{main}/service/websocket");
        let auth =
            json!(["auth", {"pid": gate.pid(), "uid": 1, "token": "any", "version": "page"}]);
        let answer =
            browser.wait_for(ask, json!([main, "filetoken", {"to": 2, "cmd": "sendfile"}, auth]));
        let token = answer["token"].as_str().unwrap_or_else(|| panic!("no token: {answer}"));
        let hex = |bytes: &[u8]| HEXLOWER.encode(&Md5::digest(bytes));
        let sign = hex(format!("{}:{token}", hex(b"hello")).as_bytes());
        let attrs = json!({"rtm": {"sign": sign, "ext": "txt"}}).to_string();
        let mid = if scheme == "ws" { 1 } else { 2 };
        let fields = json!({
            "pid": gate.pid(), "from": 1, "mid": mid, "endpoint": answer["endpoint"], "token": token,
            "attrs": attrs, "file": "hello", "to": 2, "mtype": 50,
        });
        let file = format!("{scheme}://fileproxy-rtm.localhost:{file}/service/websocket");
        let answer = browser.wait_for(ask, json!([file, "sendfile", fields]));
        assert!(answer["mtime"].is_number(), "{scheme}: {answer}");
        let stored = gate.stored(ConversationId::p2p(1, 2));
        let msg = stored.last().and_then(|message| message.msg.as_str()).expect("the message");
        let msg: Value = serde_json::from_str(msg).expect("JSON");
        let fetch = "fetch(arguments[0]).then((response) => response.text())
            .then(done, (error) => done(String(error)))";
        assert_eq!(browser.wait_for(fetch, json!([msg["url"]])), "hello", "{scheme}: {msg}");
    }
}

/// Integers, texts and nested values keep their meaning in the page's own MessagePack.
#[test]
fn the_page_reads_what_it_writes() {
    let Some(browser) = browser() else { return };
    let gate = Gate::builder().page_listen("127.0.0.1:0").start().expect("started");
    browser.go(gate.page_url().expect("a page"));
    let script = "const values = [0, 127, 128, 255, 65536, -1, -33, 1.5, 2 ** 53 - 1, '', 'é', '👋',
            'x'.repeat(40), 'x'.repeat(300), 'x'.repeat(70000), true, false, null,
            Array(20).fill(1), { a: [{ b: {} }] }, Object.fromEntries(Array(20).keys().map((key) => ['k' + key, key]))];
        return JSON.stringify(unpack(pack(values))) === JSON.stringify(values)
            && unpack(pack(9007199254740993n)) === 9007199254740993n
            && [1, 300, 70000].every((len) => unpack(pack(new Uint8Array(len))).length === len)
            && unpack(new Uint8Array([0xa1, 0xff])) instanceof Uint8Array;";
    assert_eq!(browser.run(script, json!([])), true);
}
