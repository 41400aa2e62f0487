//! The first of the pages: what the others have in common.

use std::fmt::Write;

use crate::code::BEGINNING;
use crate::language::links;
use crate::page::{Library, PAGES};
use crate::reference::REFERENCES;
use crate::source::read;

impl Library {
    /// What is common to all pages.
    pub(crate) fn index(&self) -> String {
        let mut text = String::from(INDEX);
        for page in &PAGES {
            let calls = self.calls_of(page.name);
            let calls: Vec<_> = calls
                .map(|call| format!("[`{}`]({}.md#{})", call.item.name, page.name, call.item.name))
                .collect();
            writeln!(text, "* [{0}]({0}.md): {1}", page.name, calls.join(", ")).expect("memory");
        }
        text.push_str("* [Events](Events.md): the client's own, and what the service pushes\n");
        for page in &REFERENCES {
            writeln!(text, "* [{0}]({0}.md): {1}", page.name, page.summary).expect("memory");
        }
        write!(text, "\n{BEGINS}\n```rust\n{BEGINNING}```\n\n{ERRORS}").expect("memory");
        let codes = read("src/error_code.rs");
        for row in codes.lines().filter_map(|line| line.strip_prefix("//! | [")) {
            let row = links(&format!("[{row}"), &|_| None);
            writeln!(text, "| {row}").expect("memory");
        }
        write!(text, "\n{TOO_OFTEN}").expect("memory");
        text
    }
}

const INDEX: &str = "\
# The calls

One page for each page of the JavaScript SDK's documentation, in its order, then one for all that is no call and one for
the gate; made from the source by `tests/docs`: `UPDATE=1 cargo test --test docs` makes them anew.
[中文：Chat](zh/Chat.md)

";

const BEGINS: &str = "\
## Examples

Each example is run by `cargo test` with the method's own documentation. It goes on where this program says so:
";

const ERRORS: &str = "\
## err

A callback gets `(err, data)`, of which one is `Some`. `err` is an [`Error`](Client.md#error), with `code()`, the
number that JavaScript has as `err.code`, [`kind()`](Client.md#errorkind) and `message()`; for whatever sends a
message or a file it is a [`SendError`](Client.md#senderror), with `mid` and `error`.

## Every call

Each call lists the codes that are its own. Beside them every call can give these:

| code | when |
| --- | --- |
";

/// Its program runs with the documentation's own.
const TOO_OFTEN: &str = r#"### Too often

200010, `rtm::API_FREQUENCY_LIMITED`, says that there were too many calls of any kind in a short time; every call can give
it. 200011, `rtm::MESSAGE_FREQUENCY_LIMITED`, says that there were too many messages; only what sends one gives it.
`kind()` is `ErrorKind::Busy` for both, as it is for 20011, where too much waits in the client itself: wait a while, then
call again. A send is repeated with the mid that its error carries, `err.mid`: so the receivers see the message once, also
where it had been sent after all.

```rust
use std::time::Duration;
use rtm_client::{ClientOptions, ErrorKind, RtmClient, gate::Gate, reply};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let gate = Gate::builder().start()?;
    let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));
    let (callback, reply) = reply::login();
    client.login(1, "token", callback, None);
    reply.wait()?;
    gate.faults().on("sendmsg").next(1).error(200010); // one call is one too many
    gate.faults().on("sendmsg").next(1).error(200011); // then one message is

    let mut mid = 0; // a new one
    let sent = loop {
        let (callback, reply) = reply::channel();
        client.send_chat(2, "hello", "", mid, None, callback);
        match reply.wait() {
            Err(err) if err.error.kind() == ErrorKind::Busy => {
                mid = err.mid;
                std::thread::sleep(Duration::from_millis(100));
            }
            result => break result?,
        }
    };
    assert_eq!(sent.mid, mid);
    Ok(())
}
```
"#;
