//! What the pages are made from: public items of the crate with their documentation, read from the source.

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A public function, constant, type, field, variant or module inside a file, or an `impl` block.
pub(crate) struct Item {
    /// `fn`, `const`, `struct`, `enum`, `field`, `variant`, `mod` or `impl`.
    pub kind: &'static str,
    pub name: String,
    /// The type, or the module inside the file, that it stands in.
    pub owner: String,
    /// The lines of its declaration, for a field its type.
    pub declaration: Vec<String>,
    /// The lines between a function's braces.
    pub body: Vec<String>,
    pub docs: Docs,
    pub aliases: Vec<String>,
    /// The traits it derives; of an `impl` block the one it is of, if it is of one.
    pub traits: Vec<String>,
    /// The feature without which it is not there.
    pub feature: Option<String>,
}

/// A documentation text in its parts; a paragraph is one line.
#[derive(Default)]
pub(crate) struct Docs {
    pub paragraphs: Vec<String>,
    /// Name and meaning.
    pub arguments: Vec<(String, String)>,
    pub errors: Option<String>,
    /// The lines of the first example, those included that rustdoc hides.
    pub example: Vec<String>,
    /// The JavaScript call, or which SDK has it.
    pub origin: String,
}

impl Docs {
    fn read(lines: &[String]) -> Docs {
        let mut docs = Docs::default();
        let mut examples = 0;
        let mut heading = None;
        let mut lines = lines.iter().peekable();
        while let Some(line) = lines.next() {
            if line.starts_with("```") {
                examples += 1;
                heading = None;
                let code = lines.by_ref().take_while(|line| !line.starts_with("```"));
                let code: Vec<_> = code.cloned().collect();
                if examples == 1 {
                    docs.example = code;
                }
                continue;
            }
            if line.is_empty() {
                continue;
            }
            if line.starts_with("# ") {
                heading = line.strip_prefix("# ");
                continue;
            }
            let mut text = match heading.take() {
                Some(heading) => format!("{heading}: {line}"),
                None => line.clone(),
            };
            let ends =
                |line: &str| line.is_empty() || line.starts_with("* `") || line.starts_with("```");
            while let Some(line) = lines.next_if(|line| !ends(line)) {
                text = format!("{text} {}", line.trim());
            }
            let argument = text.strip_prefix("* `").and_then(|rest| rest.split_once("` – "));
            if let Some((name, meaning)) = argument {
                docs.arguments.push((name.to_owned(), meaning.to_owned()));
            } else if let Some(errors) = text.strip_prefix("Errors: ") {
                // Behind a label it is no sentence of its own.
                let those = errors.strip_prefix("Those").map(|rest| format!("those{rest}"));
                docs.errors = Some(those.unwrap_or_else(|| errors.to_owned()));
            } else if text.starts_with("JavaScript: ")
                || text.starts_with("The JavaScript SDK has no")
                || text.starts_with("No SDK has")
            {
                docs.origin = text;
            } else {
                docs.paragraphs.push(text);
            }
        }
        docs
    }
}

/// What a file says of itself.
pub(crate) fn module(file: &str) -> Docs {
    let text = read(file);
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    let lines: Vec<_> =
        lines.map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned()).collect();
    Docs::read(&lines)
}

/// The public items of a file, in its order.
pub(crate) fn items(file: &str) -> Vec<Item> {
    let text = read(file);
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    // The table of codes stands one level further in.
    let table = text.split("\ncodes! {\n").nth(1).map(|table| table.replace("\n    ", "\n"));
    let text = table.as_deref().map_or(text, str::trim_start);
    let mut items = Vec::new();
    let mut owner = (String::new(), "");
    let mut docs = Vec::new();
    let (mut aliases, mut traits, mut feature) = (Vec::new(), Vec::new(), None);
    let mut lines = text.lines();
    while let Some(whole) = lines.next() {
        let line = whole.trim();
        if let Some(text) = line.strip_prefix("///") {
            docs.push(text.strip_prefix(' ').unwrap_or(text));
            continue;
        }
        if let Some(attribute) = line.strip_prefix("#[") {
            let quoted = attribute.split('"').nth(1).unwrap_or_default().to_owned();
            if attribute.starts_with("doc(alias = ") {
                aliases.push(quoted);
            } else if attribute.starts_with("cfg(feature = ") {
                feature = Some(quoted);
            } else if let Some(derived) = attribute.strip_prefix("derive(") {
                let derived = derived.trim_end_matches(")]").split(", ");
                traits.extend(derived.map(str::to_owned));
            }
            continue;
        }
        if line.starts_with("//") {
            continue; // may stand between the docs and what they are of
        }
        let is_member = whole.starts_with("    ");
        if let Some((kind, name)) = declared(line, if is_member { owner.1 } else { "" }) {
            let mut declaration = vec![whole.to_owned()];
            let (mut body, mut ends) = (Vec::new(), line);
            while kind == "fn" && !ends.ends_with(['{', '}']) {
                let Some(next) = lines.next() else { break };
                declaration.push(next.to_owned());
                ends = next;
            }
            if kind == "fn" && ends.ends_with('{') {
                let end = whole.replace(whole.trim_start(), "}");
                body.extend(lines.by_ref().take_while(|line| *line != end).map(str::to_owned));
            }
            if kind == "impl" {
                traits.extend(implemented(line).0);
            }
            // Where the docs stand in another page, `Self` would say nothing.
            let own = if is_member { &owner.0 } else { &name };
            let own = format!("({own}::");
            let docs: Vec<_> = docs.iter().map(|line| line.replace("(Self::", &own)).collect();
            if !is_member {
                owner = (name.clone(), kind);
            }
            items.push(Item {
                kind,
                name,
                owner: if is_member { owner.0.clone() } else { String::new() },
                declaration,
                body,
                docs: Docs::read(&docs),
                aliases: std::mem::take(&mut aliases),
                traits: std::mem::take(&mut traits),
                feature: feature.take(),
            });
        } else if !is_member && !line.is_empty() {
            owner = (String::new(), ""); // what follows stands in something private
        }
        docs.clear();
        aliases.clear();
        traits.clear();
        feature = None;
    }
    items
}

/// What a line declares: the kind of item and its name.
fn declared(line: &str, inside: &str) -> Option<(&'static str, String)> {
    let name = |rest: &str| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        rest[..end].to_owned()
    };
    let kinds = [
        ("pub fn ", "fn"),
        ("pub const fn ", "fn"),
        ("pub const ", "const"),
        ("pub struct ", "struct"),
        ("pub enum ", "enum"),
    ];
    for (start, kind) in kinds {
        if let Some(rest) = line.strip_prefix(start) {
            return Some((kind, name(rest)));
        }
    }
    if let Some(rest) = line.strip_prefix("pub mod ").filter(|rest| rest.ends_with('{')) {
        return Some(("mod", name(rest)));
    }
    if line.starts_with("impl") {
        return Some(("impl", name(implemented(line).1)));
    }
    match inside {
        "struct" => Some(("field", name(line.strip_prefix("pub ")?))),
        "enum" if line.starts_with(char::is_uppercase) => Some(("variant", name(line))),
        _ => None,
    }
}

/// The trait of an `impl` block, if it is of one, and what it is for.
fn implemented(line: &str) -> (Option<String>, &str) {
    let rest = line.strip_prefix("impl").unwrap_or(line);
    let rest = rest.split_once("> ").filter(|_| rest.starts_with('<')).map_or(rest, |r| r.1).trim();
    match rest.split_once(" for ") {
        Some((of, kind)) => {
            (Some(of.replace("std::fmt::", "").replace("fmt::", "").replace("'a ", "")), kind)
        }
        None => (None, rest),
    }
}

/// The arguments of a function and their types, `self` left out.
pub(crate) fn arguments(function: &Item) -> Vec<(String, String)> {
    let head = function.declaration.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
    let head = head.replace("->", "→");
    let (_, list) = head.split_once('(').unwrap_or_default();
    let mut arguments = vec![String::new()];
    let mut depth = 1;
    for symbol in list.chars() {
        match symbol {
            '(' | '<' | '[' => depth += 1,
            ')' | '>' | ']' => depth -= 1,
            ',' if depth == 1 => {
                arguments.push(String::new());
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
        arguments.last_mut().expect("never empty").push(symbol);
    }
    let pairs = arguments.iter().filter_map(|argument| argument.split_once(": "));
    pairs
        .map(|(name, kind)| {
            (name.trim().trim_start_matches("mut ").to_owned(), kind.trim().to_owned())
        })
        .collect()
}
