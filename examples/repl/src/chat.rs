//! One side of a chat: what is typed goes in, lines to show come out.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use rtm_client::types::{File, HistoryRange, P2PMessage, PushMessage, mtype};
use rtm_client::{ConnectionState, History, RtmClient, reply, server_push};

use crate::common::{Account, Outcome, TIMEOUT, in_words};

pub(crate) const COMMANDS: &str = "\
/history      the messages before those shown, ten more each time
/file PATH    send a file
/to UID       write to somebody else
/help         this
/quit         or Ctrl-D
Anything else is sent.";

/// Rows of history to a page.
const PAGE: usize = 10;

/// Shows a line. It is called on the callback thread too.
pub(crate) type Say = Arc<dyn Fn(String) + Send + Sync>;

pub(crate) struct Chat {
    client: RtmClient,
    uid: i64,
    to: i64,
    /// The walk through the history with `to`, as far as it was shown.
    history: History<P2PMessage>,
    say: Say,
    /// Whether a bar can be drawn.
    terminal: bool,
    closed: Receiver<i32>,
}

/// How far a file is.
enum Step {
    Sent(u64, u64),
    Done(Result<(), String>),
}

impl Chat {
    pub(crate) fn log_in(account: &Account, to: i64, say: Say, terminal: bool) -> Outcome<Chat> {
        let client = RtmClient::new(account.options());
        for push in [server_push::RECV_CHAT, server_push::RECV_FILE] {
            let say = Arc::clone(&say);
            client.processor().on(push, move |message| say(incoming(message)));
        }
        let (sender, closed) = channel();
        client.on_session_closed(move |code| {
            let _ = sender.send(code);
        });

        let (callback, reply) = reply::login();
        client.login(account.uid, &account.token, callback, TIMEOUT);
        reply.wait()?;
        // From here on: that the login has succeeded is plain to see.
        let state = Arc::clone(&say);
        client.on_connection_state(move |now| state(format!("({})", in_a_word(now))));
        let why = Arc::clone(&say);
        client.on_error_recorder(move |error| why(format!("({})", in_words(error))));
        let history = client.p2p_history(to, range());
        Ok(Chat { client, uid: account.uid, to, history, say, terminal, closed })
    }

    /// What the connection is doing stands in it, unless all is well.
    pub(crate) fn prompt(&self) -> String {
        let (from, to) = (self.uid, self.to);
        match self.client.connection_state() {
            ConnectionState::Online => format!("{from} to {to}> "),
            state => format!("{from} to {to} ({})> ", in_a_word(&state)),
        }
    }

    /// Does what a line says. `false` if the line says to end.
    pub(crate) fn obey(&mut self, line: &str) -> Outcome<bool> {
        let line = line.trim();
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        match command {
            "" => {}
            "/quit" => return Ok(false),
            "/help" => self.say(COMMANDS),
            "/history" => self.show_history()?,
            "/file" => self.send_file(rest.trim())?,
            "/to" => {
                self.to = rest.trim().parse().map_err(|_| format!("{rest:?} is no user id"))?;
                self.history = self.client.p2p_history(self.to, range());
            }
            _ if command.starts_with('/') => return Err(format!("{command}? Try /help").into()),
            _ => self.send(line),
        }
        Ok(true)
    }

    /// The line stands on the screen as it was typed; only a failure is worth another.
    fn send(&self, text: &str) {
        let say = Arc::clone(&self.say);
        self.client.send_chat(self.to, text, "", None, TIMEOUT, move |err, _| {
            if let Some(err) = err {
                say(format!("({})", in_words(&err)));
            }
        });
    }

    /// Another page, oldest row first. Nothing is asked for beyond what is shown.
    fn show_history(&mut self) -> Outcome {
        let page = self.history.by_ref().take(PAGE).collect::<Result<Vec<_>, _>>()?;
        if page.is_empty() {
            self.say("(that was all)");
        }
        for row in page.iter().rev() {
            let from = if row.direction == P2PMessage::SENT { self.uid } else { self.to };
            let what = row.file_info().map_or_else(|| row.msg.to_string(), |file| file.url);
            self.say(format!("  {}  {from}: {}", clock(row.mtime), printable(&what)));
        }
        Ok(())
    }

    /// The line is not being edited while this waits, so the last row of the screen is free for a bar.
    fn send_file(&self, path: &str) -> Outcome {
        if path.is_empty() {
            return Err("which file?".into());
        }
        let (sender, steps) = channel();
        let progress = sender.clone();
        let file = File::open(path).on_progress(move |sent, total| {
            let _ = progress.send(Step::Sent(sent, total));
        });
        let name = file.name().to_owned();
        self.client.send_file(mtype::FILE, self.to, file, None, None, move |err, _| {
            let done = err.map_or(Ok(()), |err| Err(in_words(&err)));
            let _ = sender.send(Step::Done(done));
        });
        // The callback always comes, so that this ends.
        for step in steps {
            match step {
                Step::Sent(sent, total) if self.terminal => draw_bar(&name, sent, total)?,
                Step::Sent(..) => {}
                Step::Done(Ok(())) => {
                    self.say(format!("({name} is sent)"));
                    break;
                }
                Step::Done(Err(error)) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Logs out once everything sent before is answered.
    pub(crate) fn quit(self) -> Outcome {
        self.client.bye();
        self.closed.recv_timeout(TIMEOUT * 2)?;
        Ok(())
    }

    fn say(&self, text: impl Display) {
        (self.say)(text.to_string());
    }
}

/// What the connection is doing.
fn in_a_word(state: &ConnectionState) -> String {
    match *state {
        ConnectionState::Online => "online".to_owned(),
        ConnectionState::Connecting => "connecting".to_owned(),
        ConnectionState::Reconnecting { next_attempt: Some(at), .. } => {
            let left = at.saturating_duration_since(Instant::now());
            format!("reconnecting in {:.0} s", left.as_secs_f64().ceil())
        }
        ConnectionState::Reconnecting { .. } => "reconnecting".to_owned(),
        _ => "offline".to_owned(),
    }
}

fn range() -> HistoryRange {
    HistoryRange::default().page_size(PAGE as i64).mtypes([
        mtype::CHAT,
        mtype::IMAGE,
        mtype::AUDIO_FILE,
        mtype::VIDEO,
        mtype::FILE,
    ])
}

fn incoming(message: &PushMessage) -> String {
    let from = message.from;
    match message.file_info() {
        Some(file) => {
            let name = file.filename.unwrap_or_else(|| "a file".to_owned());
            format!(
                "{from} sent {}, {} bytes: {}",
                printable(&name),
                file.size,
                printable(&file.url)
            )
        }
        None => format!("{from}: {}", printable(&message.msg.to_string())),
    }
}

/// What others write must not steer the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// The time of day of a service's timestamp, in UTC.
fn clock(mtime: i64) -> String {
    let seconds = mtime / 1000;
    format!("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}

fn draw_bar(name: &str, sent: u64, total: u64) -> io::Result<()> {
    const WIDTH: u64 = 30;
    let total = total.max(1);
    let full = (sent.min(total) * WIDTH / total) as usize;
    let rest = WIDTH as usize - full;
    let mut out = io::stdout();
    let end = if sent >= total { "\n" } else { "" };
    let percent = sent.min(total) * 100 / total;
    write!(out, "\r[{}{}] {percent:3} %  {name}{end}", "#".repeat(full), ".".repeat(rest))?;
    out.flush()
}
