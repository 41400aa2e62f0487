//! The gate's page in a headless browser, chatting with a client of this crate.
//!
//! It needs Chromium and its driver (on Debian: `apt-get install chromium chromium-driver`); where they are missing it says
//! so and passes. `RTM_SCREENSHOT=FILE.png` keeps a picture of the page in the end of the chat.

mod driver;

use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use rtm_client::gate::{ConversationId, Gate};
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

/// Types into the fields of that names and submits the form, as a person would.
fn submit(browser: &Browser, form: &str, fields: &[(&str, &str)]) {
    let script =
        "for (const [id, value] of arguments[1]) document.getElementById(id).value = value;
        document.getElementById(arguments[0]).requestSubmit();";
    browser.run(script, json!([form, fields]));
}

/// Waits until the page shows a message of that text, on the side of who sent it.
#[track_caller]
fn wait_shown(browser: &Browser, text: &str, mine: bool) {
    let script = format!(
        "[...document.querySelectorAll('.message')].some((message) => \
         message.firstChild.textContent === {} && message.classList.contains('mine') === {mine})",
        json!(text)
    );
    wait(browser, text, &script);
}

fn open(browser: &Browser, kind: &str, id: i64) {
    submit(browser, "open", &[("kind", kind), ("id", &id.to_string())]);
    wait(browser, kind, &format!("$('title').textContent.toLowerCase().includes(' {id}')"));
}

/// A client of user 1, inside room 200, and the texts of all chats that it receives.
fn client(gate: &Gate) -> (RtmClient, Receiver<String>) {
    let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    let (sender, texts) = crossbeam_channel::unbounded();
    for event in [server_push::RECV_CHAT, server_push::RECV_GROUP_CHAT, server_push::RECV_ROOM_CHAT]
    {
        let sender = sender.clone();
        client.processor().on(event, move |push| {
            let _ = sender.send(push.msg.as_str().unwrap_or_default().to_owned());
        });
    }
    let (callback, login) = reply::login();
    client.login(1, "token", callback, PATIENCE);
    login.wait().expect("logged in");
    let (callback, entered) = reply::channel();
    client.enter_room(200, PATIENCE, callback);
    entered.wait().expect("inside");
    (client, texts)
}

#[test]
fn a_client_and_the_page_chat() {
    let Some(browser) = Browser::start() else {
        println!(
            "browser test skipped: chromium or chromedriver is missing \
             (apt-get install chromium chromium-driver)"
        );
        return;
    };
    let gate =
        Gate::builder().page_listen("127.0.0.1:0").group(100, [1, 2]).start().expect("started");
    let (client, texts) = client(&gate);
    let url = format!("{}?uid=2&token=any", gate.page_url().expect("a page"));
    browser.go(&url);
    wait(&browser, "logged in", "$('state').textContent === 'logged in as 2'");
    for (kind, id) in [("p2p", 1), ("group", 100), ("room", 200)] {
        open(&browser, kind, id);
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
        wait_shown(&browser, &to_page, false);
        let from_page = format!("{kind}: 收到了 🎉 {TEXT}");
        submit(&browser, "compose", &[("text", &from_page)]);
        assert_eq!(texts.recv_timeout(PATIENCE).expect("it arrives"), from_page);
        wait_shown(&browser, &from_page, true);
    }
    assert_eq!(gate.stored(ConversationId::p2p(1, 2)).len(), 2);
    wait(&browser, "all six counted", "$('counters').textContent.includes('messages6')");
    if let Some(path) = std::env::var_os("RTM_SCREENSHOT") {
        std::fs::write(path, browser.screenshot()).expect("written");
    }
    // A page that is loaded anew has it all from the history.
    browser.go(&url);
    wait(&browser, "logged in again", "$('state').textContent === 'logged in as 2'");
    open(&browser, "p2p", 1);
    wait_shown(&browser, &format!("{TEXT} to p2p 1"), false);
    wait_shown(&browser, &format!("p2p: 收到了 🎉 {TEXT}"), true);
    // Pushes of all kinds are shown, whatever their payload.
    gate.broadcast(99, 30, "<b>all</b> of you", "");
    wait(&browser, "the broadcast", "$('list').textContent.includes('Broadcasts1')");
    gate.push(
        2,
        "pushmsg",
        r#"{"from":1,"to":2,"mtype":77,"mid":9007199254740993,"msg":[],"mtime":1}"#,
    )
    .expect("pushed");
    wait(&browser, "an odd push", "$('log').textContent.includes('9007199254740993')");
    wait(&browser, "the counters", "$('counters').textContent.includes('connections2')");
    gate.kick(2);
    wait(&browser, "kicked out", "$('state').textContent === 'kicked out'");
    // Errors are told.
    browser.go(gate.page_url().expect("a page"));
    wait(&browser, "the pid", "$('pid').value !== ''");
    submit(&browser, "login", &[("pid", "5"), ("uid", "3"), ("token", "any")]);
    wait(&browser, "the refusal", "$('state').textContent.includes('pid is 5')");
}

fn entered(client: &RtmClient, uid: i64) -> bool {
    let (callback, members) = reply::channel();
    client.get_room_members(200, PATIENCE, callback);
    members.wait().is_ok_and(|members| members.contains(&uid))
}

/// Integers, texts and nested values keep their meaning in the page's own MessagePack.
#[test]
fn the_page_reads_what_it_writes() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let gate = Gate::builder().page_listen("127.0.0.1:0").start().expect("started");
    browser.go(gate.page_url().expect("a page"));
    let script = "const values = [0, 127, 128, 255, 65536, -1, -33, 1.5, 2 ** 53 - 1, '', 'é', '👋',
            'x'.repeat(40), 'x'.repeat(300), 'x'.repeat(70000), true, false, null,
            Array(20).fill(1), { a: [{ b: {} }] }, Object.fromEntries(Array(20).keys().map((key) => ['k' + key, key]))];
        return JSON.stringify(unpack(pack(values))) === JSON.stringify(values)
            && unpack(pack(9007199254740993n)) === 9007199254740993n
            && unpack(new Uint8Array([0xa1, 0xff])) instanceof Uint8Array;";
    assert_eq!(browser.run(script, json!([])), true);
}
