//! What the program prints: one line for everything that happens, in columns.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

const BOLD: &str = "1";
const DIM: &str = "2";
const GREEN: &str = "32";
const CYAN: &str = "36";

pub(crate) struct Transcript {
    colour: bool,
    /// How wide the first column is.
    names: usize,
}

impl Transcript {
    /// `names` are those the first column may hold.
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Transcript {
        let names = names.into_iter().map(|name| name.chars().count()).max().unwrap_or(0);
        let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Transcript { colour, names }
    }

    pub(crate) fn heading(&self, text: &str) {
        self.line(format_args!("\n{}", self.paint(BOLD, text)));
    }

    /// `who` made a call, and this came out.
    pub(crate) fn call(&self, who: &str, method: &str, outcome: impl Display) {
        self.columns(who, &self.paint(CYAN, &format!("→ {method:<28}")), outcome);
    }

    /// `who` was told of something.
    pub(crate) fn event(&self, who: &str, event: &str, data: impl Display) {
        self.columns(who, &self.paint(GREEN, &format!("← {event:<28}")), data);
    }

    /// More of what the line before has shown.
    pub(crate) fn more(&self, data: impl Display) {
        self.columns("", &format!("{:30}", ""), data);
    }

    /// `who` made a call, and got a list.
    pub(crate) fn list(&self, who: &str, method: &str, mut lines: impl Iterator<Item = String>) {
        self.call(who, method, lines.next().unwrap_or_else(|| "none".to_owned()));
        for line in lines {
            self.more(line);
        }
    }

    pub(crate) fn skipped(&self, why: &str) {
        self.line(format_args!("  {}", self.paint(DIM, &format!("skipped: {why}"))));
    }

    fn columns(&self, who: &str, what: &str, data: impl Display) {
        self.line(format_args!("  {who:<width$}  {what}  {data}", width = self.names));
    }

    pub(crate) fn line(&self, text: impl Display) {
        // A reader that has gone away, such as `head`, is no reason to stop.
        let _ = writeln!(io::stdout(), "{text}");
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
