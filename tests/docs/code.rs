//! The code that the pages show: signatures in both languages, and examples.

use std::fmt::Write;

use crate::source::Item;

/// How every example of the pages begins. What the methods' own documentation hides is this, but for a gate without
/// the group where none is needed.
pub(crate) const BEGINNING: &str = r#"use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let gate = Gate::builder().group(100, [1, 2]).start()?;
    let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).file_endpoint(gate.file_endpoint());
    let client = RtmClient::new(options);
    let (callback, reply) = reply::login();
    client.login(1, "token", callback, None);
    reply.wait()?;

    // … the example …
    Ok(())
}
"#;

/// The lines of an example that stand in [`BEGINNING`], or end what it begins.
const HIDDEN: [&str; 11] = [
    "use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};",
    "let gate = Gate::builder().start()?;",
    "let gate = Gate::builder().group(100, [1, 2]).start()?;",
    "let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).file_endpoint(gate.file_endpoint());",
    "let client = RtmClient::new(options);",
    "let client = RtmClient::new(ClientOptions::new(gate.pid()).endpoint(gate.endpoint()));",
    "let (callback, reply) = reply::login();",
    "client.login(1, \"token\", callback, None);",
    "reply.wait()?;",
    "Ok::<(), Box<dyn std::error::Error>>(())",
    "Ok::<(), std::io::Error>(())",
];

/// Numbers that are an `Int64` in JavaScript nowhere; all others are everywhere.
const PLAIN_NUMBERS: [&str; 7] =
    ["num", "mtype", "message_type", "check_type", "option_type", "srate", "mtypes"];

pub(crate) fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (start, rest) = word.split_at(word.len().min(1));
        name + &start.to_uppercase() + rest
    })
}

pub(crate) fn javascript_argument(name: &str) -> String {
    if name.ends_with("_type") { "type".to_owned() } else { camel_case(name) }
}

/// The declaration as it stands in the source, without its body.
pub(crate) fn signature(item: &Item) -> String {
    let first = &item.declaration[0];
    let indent = &first[..first.len() - first.trim_start().len()];
    let lines = item.declaration.iter().map(|line| line.strip_prefix(indent).unwrap_or(line));
    let text = lines.collect::<Vec<_>>().join("\n");
    let text = text.strip_prefix("pub ").unwrap_or(&text).trim_end_matches("{}");
    let text = text.trim_end_matches([' ', '{', '\n', ',', ';']);
    // Whether an argument is changed inside is nothing to the caller.
    format!("{};", text.replace("(mut self", "(self").replace("mut handler:", "handler:"))
}

/// The same on one line.
pub(crate) fn short_signature(item: &Item) -> String {
    let text = signature(item).lines().map(str::trim).collect::<Vec<_>>().join(" ");
    text.trim_end_matches(';').replace("( ", "(").replace(", )", ")")
}

/// Whether an argument can be left out, as `None`.
pub(crate) fn is_optional(kind: &str) -> bool {
    kind.starts_with("impl Into<Option<") || kind.starts_with("impl Into<OptionalText")
}

pub(crate) fn rust_type(kind: &str) -> String {
    let kind = kind.replace("<'a>", "").replace("&'a ", "&").replace(" + Send + 'static", "");
    if kind == "impl AsRef<str>" || kind == "impl Into<OptionalText>" {
        return "&str".to_owned();
    }
    let inner = kind.strip_prefix("impl Into<Option<").and_then(|kind| kind.strip_suffix(">>"));
    let inner = inner.or(kind.strip_prefix("impl Into<").and_then(|kind| kind.strip_suffix('>')));
    inner.unwrap_or(&kind).to_owned()
}

pub(crate) fn javascript_type(name: &str, kind: &str) -> String {
    let number = if PLAIN_NUMBERS.contains(&name) { "number" } else { "Int64" };
    match rust_type(kind).as_str() {
        "Duration" => "number, ms".to_owned(),
        "&str" => "string".to_owned(),
        "bool" => "bool".to_owned(),
        "i64" => number.to_owned(),
        "Content" => "string, Buffer".to_owned(),
        "File" => "File".to_owned(),
        kind if kind.contains("(") => "object".to_owned(),
        kind if kind.contains("i64") => format!("array of {number}"),
        _ => String::new(),
    }
}

/// An example without what all of them begin with: the rest of what rustdoc hides is shown.
pub(crate) fn shown(example: &[String]) -> String {
    let mut text = String::new();
    let mut imports = String::new();
    let mut beginning = true;
    for line in example {
        let hidden = line.trim_start().starts_with("# ");
        let line = if hidden { line.replacen("# ", "", 1) } else { line.clone() };
        let common = HIDDEN.contains(&line.trim()) && (beginning || !line.contains("reply.wait"));
        if line.starts_with("use ") {
            let more = line.split_once("reply, types::").filter(|_| hidden);
            match more {
                Some((_, more)) => {
                    writeln!(imports, "use rtm_client::types::{};", more.trim_end_matches("};"))
                        .expect("memory");
                }
                None if !(common
                    || hidden && line.contains("{ClientOptions, RtmClient, gate::Gate")) =>
                {
                    writeln!(imports, "{line}").expect("memory");
                }
                None => {}
            }
            continue;
        }
        if hidden && line.starts_with("let _ = ") {
            continue; // keeps a warning away
        }
        if hidden && common {
            beginning = beginning && !line.contains("reply.wait");
            continue;
        }
        if text.is_empty() && line.is_empty() {
            continue;
        }
        writeln!(text, "{line}").expect("memory");
    }
    if imports.is_empty() { text } else { format!("{imports}\n{text}") }
}
