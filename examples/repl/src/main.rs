//! A chat in the terminal, for two people in two terminals.
//!
//! ```console
//! $ cargo run --example repl
//! $ cargo run --example repl -- --endpoint HOST:PORT --pid P --uid U --token T --to V
//! ```
//!
//! Without arguments it starts a gate of its own and says how the second person joins. What comes in is shown above the
//! line that is being typed. Where there is no terminal, two users talk by a script; with an endpoint, the lines of the
//! standard input are obeyed.

mod chat;
#[path = "../../common/mod.rs"]
mod common;
mod demo;

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;

use chat::{COMMANDS, Chat, Say};
use common::{Account, Args, Outcome, in_words};
use rtm_client::gate::Gate;
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor, ExternalPrinter};

const HELP: &str = "\
repl: a chat in the terminal, at a gate of its own or at the one named

  cargo run --example repl
  cargo run --example repl -- --endpoint HOST:PORT --pid P --uid U --token T --to V

  --to V                      the user to write to; by default the one after U
  --file-endpoint HOST:PORT   the file gate, where it is not at the usual port beside the gate";

fn main() -> ExitCode {
    common::main(HELP, &["to"], run)
}

fn run(args: &Args) -> Outcome {
    let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    let Some(account) = args.account()? else {
        let gate = Gate::builder().start()?;
        return if terminal { host(&gate) } else { demo::run(&gate) };
    };
    let to = args.number("to")?.unwrap_or(account.uid + 1);
    if terminal { talk(&account, to) } else { obey_input(&account, to) }
}

/// The first of two people, at a gate of our own.
fn host(gate: &Gate) -> Outcome {
    let account = Account::at(gate, 101);
    println!(
        "A gate of our own. In another terminal:\n\n  cargo run --example repl -- --endpoint {} \
         --file-endpoint {} --pid {} --uid 102 --token any --to 101\n",
        gate.endpoint(),
        gate.file_endpoint(),
        gate.pid(),
    );
    talk(&account, 102)
}

fn talk(account: &Account, to: i64) -> Outcome {
    let mut editor: Editor<(), MemHistory> =
        Editor::with_history(Config::builder().auto_add_history(true).build(), MemHistory::new())?;
    // It shows a line above the one being typed. On a thread of its own: it may have to wait for the editor, and what
    // runs on the callback thread should not.
    let mut printer = editor.create_external_printer()?;
    let (sender, lines) = channel::<String>();
    thread::spawn(move || lines.iter().try_for_each(|line| printer.print(line + "\n")));
    let say: Say = Arc::new(move |line| {
        let _ = sender.send(line);
    });
    let mut chat = Chat::log_in(account, to, say, true)?;
    println!("{COMMANDS}\n");
    loop {
        let line = match editor.readline(&chat.prompt()) {
            Ok(line) => line,
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => break,
            Err(error) => return Err(error.into()),
        };
        // A mistake is no reason to end.
        match chat.obey(&line) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => println!("({})", in_words(&*error)),
        }
    }
    chat.quit()
}

/// Without a terminal: the first line that fails ends it.
fn obey_input(account: &Account, to: i64) -> Outcome {
    let say: Say = Arc::new(|line| println!("{line}"));
    let mut chat = Chat::log_in(account, to, say, false)?;
    for line in io::stdin().lines() {
        if !chat.obey(&line?)? {
            break;
        }
    }
    chat.quit()
}
