//! Two users who talk by a script, each seeing what a person would.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::{env, fs, process};

use rtm_client::error_code;
use rtm_client::gate::Gate;

use crate::chat::{Chat, Say};
use crate::common::{Account, Outcome, TIMEOUT, check};

struct Person {
    name: &'static str,
    chat: Chat,
    /// The lines shown to this person.
    screen: Receiver<String>,
}

pub(crate) fn run(gate: &Gate) -> Outcome {
    let mut ann = Person::new("Ann", gate, 101, 102)?;
    let mut bob = Person::new("Bob", gate, 102, 101)?;

    ann.types("hello, Bob")?;
    bob.sees("101: hello, Bob")?;
    bob.types("hello, Ann. Nice \u{1b}[31mcolours\u{1b}[0m")?;
    ann.sees("102: hello, Ann. Nice \u{fffd}[31mcolours\u{fffd}[0m")?;
    for n in 1..=12 {
        ann.types(&format!("line {n}"))?;
        bob.sees(&format!("101: line {n}"))?;
    }

    // Ten more each time, oldest first, then no more: 14 lines were written.
    bob.types("/history")?;
    for n in 3..=12 {
        bob.sees(&format!("101: line {n}"))?;
    }
    bob.types("/history")?;
    for line in ["101: hello, Bob", "102: hello, Ann", "101: line 1", "101: line 2"] {
        bob.sees(line)?;
    }
    bob.types("/history")?;
    bob.sees("(that was all)")?;

    let path = env::temp_dir().join(format!("repl-{}.txt", process::id()));
    fs::write(&path, vec![b'x'; 300_000])?;
    let sent = ann.types(&format!("/file {}", path.display()));
    fs::remove_file(&path)?;
    sent?;
    ann.sees("is sent)")?;
    bob.sees("300000 bytes: http://")?;

    // The gate cuts Ann off, and does not let her in at first.
    gate.faults().on("auth").next(3).error(error_code::fpnn::CORE_WORK_QUEUE_FULL);
    gate.faults().on("sendmsg").next(1).close();
    check(ann.chat.prompt() == "101 to 102> ", || ann.chat.prompt())?;
    ann.types("are you there?")?;
    ann.sees_at_last("(reconnecting in 2 s)")?;
    check(ann.chat.prompt().starts_with("101 to 102 (reconnecting"), || ann.chat.prompt())?;
    ann.sees_at_last("(online)")?;
    check(ann.chat.prompt() == "101 to 102> ", || ann.chat.prompt())?;
    ann.types("here I am")?;
    bob.sees_at_last("101: here I am")?;

    check(ann.chat.obey("/nonsense").is_err(), || "a command that is none was obeyed".to_owned())?;
    check(!bob.chat.obey("/quit")?, || "/quit did not end".to_owned())?;
    ann.chat.quit()?;
    bob.chat.quit()
}

impl Person {
    fn new(name: &'static str, gate: &Gate, uid: i64, to: i64) -> Outcome<Person> {
        let (sender, screen) = channel();
        let say: Say = Arc::new(move |line| {
            let _ = sender.send(line);
        });
        let chat = Chat::log_in(&Account::at(gate, uid), to, say, false)?;
        Ok(Person { name, chat, screen })
    }

    fn types(&mut self, line: &str) -> Outcome {
        println!("{} types  {}", self.name, line.escape_debug());
        self.chat.obey(line)?;
        Ok(())
    }

    /// The next line on the screen has that in it.
    fn sees(&self, text: &str) -> Outcome {
        let line = self.next(text)?;
        check(line.contains(text), || format!("{} saw {line:?}, not {text:?}", self.name))
    }

    /// A line on the screen has that in it, the next or a later one.
    fn sees_at_last(&self, text: &str) -> Outcome {
        while !self.next(text)?.contains(text) {}
        Ok(())
    }

    fn next(&self, text: &str) -> Outcome<String> {
        let line = self.screen.recv_timeout(TIMEOUT);
        let line = line.map_err(|_| format!("{} did not see {text:?}", self.name))?;
        println!("{} sees   {line}", self.name);
        Ok(line)
    }
}
