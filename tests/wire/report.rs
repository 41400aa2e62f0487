//! Counts lines and says which differ.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use crate::record::{self, Value};

/// How a line ended.
pub(crate) enum Verdict {
    Identical,
    /// It calls a method that this crate does not have yet.
    Missing(String),
    Different {
        expected: String,
        actual: String,
    },
}

impl Verdict {
    pub(crate) fn of<T: PartialEq + Display>(expected: T, actual: T) -> Verdict {
        if expected == actual {
            Verdict::Identical
        } else {
            Verdict::Different { expected: expected.to_string(), actual: actual.to_string() }
        }
    }

    pub(crate) fn different(expected: impl Display, actual: impl Display) -> Verdict {
        Verdict::Different { expected: expected.to_string(), actual: actual.to_string() }
    }
}

/// A line that could not be judged is a line that differs.
impl From<Result<Verdict, String>> for Verdict {
    fn from(result: Result<Verdict, String>) -> Verdict {
        result.unwrap_or_else(|why| Verdict::different("a line that can be compared", why))
    }
}

/// Judges every line of `file` and prints what came of it; the count is the last line printed.
pub(crate) fn run(name: &str, file: &str, judge: impl FnMut(&Value) -> Verdict) -> ExitCode {
    let mut judge = AssertUnwindSafe(judge);
    let lines = record::lines(file).unwrap_or_else(|err| vec![Err(err)]);
    let total = lines.len();
    let mut identical = 0;
    let mut missing: BTreeMap<String, usize> = BTreeMap::new();
    for line in lines {
        let (id, verdict) = match line {
            Ok(line) => {
                let verdict = catch_unwind(AssertUnwindSafe(|| (*judge)(&line)));
                let verdict = verdict.unwrap_or_else(|_| Verdict::different("no panic", "a panic"));
                (line.get("id").str().to_owned(), verdict)
            }
            Err(why) => (file.to_owned(), Verdict::different("a recorded line", why)),
        };
        match verdict {
            Verdict::Identical => identical += 1,
            Verdict::Missing(method) => *missing.entry(method).or_default() += 1,
            Verdict::Different { expected, actual } => {
                println!(
                    "different: {id}\n  expected {}\n  actual   {}",
                    cut(&expected),
                    cut(&actual)
                );
            }
        }
    }
    for (method, lines) in missing {
        println!("missing: {method} ({lines} lines)");
    }
    println!("{name}: {identical} of {total} identical");
    // No panic: its message would follow the count.
    if identical == total && total > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The text, or both its ends where it is long.
fn cut(text: &str) -> String {
    const SHOWN: usize = 2000;
    if text.len() <= 2 * SHOWN {
        return text.to_owned();
    }
    let head: String = text.chars().take(SHOWN).collect();
    let tail: Vec<char> = text.chars().rev().take(SHOWN).collect();
    format!("{head} … {} ({} bytes)", tail.iter().rev().collect::<String>(), text.len())
}
