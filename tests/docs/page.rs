//! The pages of `docs/api`, as the SDK's documentation is cut.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

use crate::language::Language;
use crate::source::{Item, arguments, items, root};

/// A page: its name and the files its calls are in, in the original's order.
pub(crate) struct Page {
    pub name: &'static str,
    files: &'static [&'static str],
}

pub(crate) const PAGES: [Page; 10] = [
    Page { name: "Chat", files: &["chat/send", "chat/history", "chat/conversation"] },
    Page {
        name: "Messages",
        files: &[
            "messages/send",
            "messages/unread",
            "messages/history",
            "messages/moderated",
            "messages/by_id",
            "messages/count",
            "history",
        ],
    },
    Page { name: "Files", files: &["files"] },
    Page { name: "Friends", files: &["friends"] },
    Page { name: "Groups", files: &["groups"] },
    Page { name: "Rooms", files: &["rooms"] },
    Page { name: "Users", files: &["users"] },
    Page { name: "Data", files: &["data"] },
    Page { name: "System", files: &["system"] },
    Page { name: "ValueAdded", files: &["value_added"] },
];

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
const HIDDEN: [&str; 10] = [
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
];

/// Numbers that are an `Int64` in JavaScript nowhere; all others are everywhere.
const PLAIN_NUMBERS: [&str; 7] =
    ["num", "mtype", "message_type", "check_type", "option_type", "srate", "mtypes"];

pub(crate) struct Call {
    pub item: Item,
    page: &'static str,
}

/// Everything the pages are made from.
pub(crate) struct Library {
    pub calls: Vec<Call>,
    events: Vec<Item>,
    /// What stands above the `impl` blocks, by page.
    introductions: BTreeMap<&'static str, Vec<String>>,
    /// Structs and enums with their fields or variants.
    types: BTreeMap<String, (Item, Vec<Item>)>,
    /// The names of the error codes.
    codes: BTreeMap<String, String>,
}

impl Call {
    /// Whether the JavaScript SDK has it.
    pub(crate) fn is_javascript(&self) -> bool {
        self.item.docs.origin.starts_with("JavaScript: ")
    }

    pub(crate) fn javascript(&self) -> String {
        let alias = self.item.docs.origin.split('`').nth(1);
        alias.map_or_else(|| camel_case(&self.item.name), str::to_owned)
    }
}

pub(crate) fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (start, rest) = word.split_at(word.len().min(1));
        name + &start.to_uppercase() + rest
    })
}

fn javascript_argument(name: &str) -> String {
    if name.ends_with("_type") { "type".to_owned() } else { camel_case(name) }
}

/// The sources under `folder`, as paths from the root.
pub(crate) fn sources(folder: &str, found: &mut Vec<String>) {
    let entries = fs::read_dir(root().join(folder)).expect("a folder of the crate").flatten();
    let mut names: Vec<_> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    for name in names {
        let path = format!("{folder}/{name}");
        match root().join(&path).is_dir() {
            true => sources(&path, found),
            false if name.ends_with(".rs") => found.push(path),
            false => {}
        }
    }
}

impl Library {
    pub(crate) fn read() -> Library {
        let mut library = Library {
            calls: Vec::new(),
            events: items("src/push/server_push.rs"),
            introductions: BTreeMap::new(),
            types: BTreeMap::new(),
            codes: BTreeMap::new(),
        };
        for page in &PAGES {
            for file in page.files {
                for item in items(&format!("src/api/{file}.rs")) {
                    match item.kind {
                        // Where a page has several files each says which part it is.
                        "impl" if page.files.len() == 1 => {
                            let introduction = library.introductions.entry(page.name).or_default();
                            introduction.extend(item.docs.paragraphs);
                        }
                        "fn" if item.owner == "RtmClient" => {
                            library.calls.push(Call { item, page: page.name });
                        }
                        _ => {}
                    }
                }
            }
        }
        let mut files = Vec::new();
        sources("src/types", &mut files);
        for item in files.iter().flat_map(|file| items(file)) {
            match item.kind {
                "struct" | "enum" => {
                    library.types.insert(item.name.clone(), (item, Vec::new()));
                }
                "field" | "variant" => {
                    library.types.get_mut(&item.owner).expect("its type").1.push(item);
                }
                _ => {}
            }
        }
        for code in items("src/error_code.rs").into_iter().filter(|item| item.kind == "const") {
            let number = code.declaration[0].split("= ").nth(1).expect("a value");
            let name = format!("{}::{}", code.owner, code.name);
            library.codes.insert(number.trim_end_matches(';').to_owned(), name);
        }
        library
    }

    pub(crate) fn calls_of(&self, page: &str) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(move |call| call.page == page)
    }

    /// One page in one language.
    pub(crate) fn page(&self, page: &Page, language: &Language) -> String {
        let writer = Writer { library: self, page: page.name, language, types: RefCell::default() };
        writer.page()
    }

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
        write!(text, "\n{BEGINS}\n```rust\n{BEGINNING}```\n\n{ERRORS}").expect("memory");
        let codes = crate::source::read("src/error_code.rs");
        for row in codes.lines().filter_map(|line| line.strip_prefix("//! | [")) {
            let row = crate::language::links(&format!("[{row}"), &|_| None);
            writeln!(text, "| {row}").expect("memory");
        }
        text
    }

    pub(crate) fn events(&self, language: &Language) -> String {
        let writer = Writer { library: self, page: "Events", language, types: RefCell::default() };
        writer.events()
    }
}

const INDEX: &str = "\
# The calls

One page for each page of the JavaScript SDK's documentation, in its order; made from the source by `tests/docs`:
`UPDATE=1 cargo test --test docs` makes them anew. [中文：Chat](zh/Chat.md)

";

const BEGINS: &str = "\
## Examples

Each example is run by `cargo test` with the method's own documentation. It goes on where this program says so:
";

const ERRORS: &str = "\
## err

A callback gets `(err, data)`, of which one is `Some`. `err` is an `Error`, with `code()`, the number that JavaScript has
as `err.code`, `kind()` and `message()`; for whatever sends a message or a file it is a `SendError`, with `mid` and
`error`.

## Every call

Each call lists the codes that are its own. Beside them every call can give these:

| code | when |
| --- | --- |
";

struct Writer<'a> {
    library: &'a Library,
    page: &'static str,
    language: &'a Language,
    /// The types the page's calls give or take.
    types: RefCell<BTreeSet<String>>,
}

impl Writer<'_> {
    /// A text in the page's language, its links leading to pages.
    fn say(&self, english: &str) -> String {
        let text = self.language.say(english);
        crate::language::links(&text, &|target| self.link(target))
    }

    fn link(&self, target: &str) -> Option<String> {
        let name = target.rsplit("::").next().unwrap_or(target);
        let others = self.language.path_to_english;
        if target == "crate::error_code#every-call" {
            return Some(format!("{others}README.md#every-call"));
        }
        if matches!(name, "Error" | "SendError") {
            return Some(format!("{others}README.md#err"));
        }
        if let Some(call) = self.library.calls.iter().find(|call| call.item.name == name) {
            let page =
                if call.page == self.page { "" } else { &format!("{others}{}.md", call.page) };
            return Some(format!("{page}#{name}"));
        }
        if self.library.events.iter().any(|event| event.name == name) {
            let page = if self.page == "Events" { "" } else { &format!("{others}Events.md") };
            return Some(format!("{page}#{}", name.to_lowercase()));
        }
        if self.library.types.contains_key(name) {
            self.types.borrow_mut().insert(name.to_owned());
            return Some(format!("#{}", name.to_lowercase()));
        }
        None
    }

    fn page(&self) -> String {
        let others = self.language.path_to_english;
        let mut text = format!("# {}\n", self.page);
        for paragraph in self.library.introductions.get(self.page).into_iter().flatten() {
            write!(text, "\n{}\n", self.say(paragraph)).expect("memory");
        }
        if self.page == PAGES[0].name {
            let (language, path) = self.language.other_edition;
            write!(text, "\n[{language}]({path}{}.md)\n", self.page).expect("memory");
        }
        let go_on = self.say("The examples go on from the same beginning:");
        write!(text, "\n{go_on} [README]({others}README.md#examples)\n\n").expect("memory");
        let (theirs, ours): (Vec<_>, Vec<_>) =
            self.library.calls_of(self.page).partition(|call| call.is_javascript());
        for call in theirs.iter().chain(&ours) {
            writeln!(text, "* [`{0}`](#{0})", call.item.name).expect("memory");
        }
        write!(text, "\n## {}\n", self.say("Calls")).expect("memory");
        for call in &theirs {
            self.call(&mut text, call);
        }
        if !ours.is_empty() {
            write!(text, "\n## {}\n", self.say("Beyond the JavaScript SDK")).expect("memory");
        }
        for call in &ours {
            self.call(&mut text, call);
        }
        self.data(&mut text);
        text
    }

    fn call(&self, text: &mut String, call: &Call) {
        let Call { item, .. } = call;
        let docs = &item.docs;
        write!(text, "\n### {}\n", item.name).expect("memory");
        for paragraph in &docs.paragraphs {
            write!(text, "\n{}\n", self.say(paragraph)).expect("memory");
        }
        if call.is_javascript() {
            let names: Vec<_> =
                arguments(item).iter().map(|(name, _)| javascript_argument(name)).collect();
            let javascript = call.javascript();
            write!(text, "\n```js\nclient.{javascript}({})\n```\n", names.join(", "))
                .expect("memory");
        } else {
            write!(text, "\n{}\n", self.say(&docs.origin)).expect("memory");
        }
        write!(text, "\n```rust\n{}\n```\n", signature(item)).expect("memory");
        self.arguments(text, call);
        if let Some(errors) = &docs.errors {
            self.errors(text, errors);
        }
        let example = shown(&docs.example);
        write!(text, "\n```rust\n{example}```\n").expect("memory");
    }

    fn arguments(&self, text: &mut String, call: &Call) {
        let head = ["argument", "", "Rust", "JavaScript", "meaning"].map(|head| self.say(head));
        write!(text, "\n| {} |\n| --- | --- | --- | --- | --- |\n", head.join(" | "))
            .expect("memory");
        let kinds = arguments(&call.item);
        let mut data = None;
        for (name, meaning) in &call.item.docs.arguments {
            let kind = kinds.iter().find(|(argument, _)| argument == name);
            let kind = kind.map_or("", |(_, kind)| kind);
            if name == "callback" {
                data = Some((kind, meaning));
                continue;
            }
            let needed =
                if kind.starts_with("impl Into<Option<") { "optional" } else { "required" };
            let (rust, javascript) = (rust_type(kind), javascript_type(name, kind));
            if self.library.types.contains_key(&rust) {
                self.link(&rust);
            }
            let (needed, meaning) = (self.say(needed), self.say(meaning));
            let javascript = if call.is_javascript() { javascript } else { String::new() };
            writeln!(text, "| `{name}` | {needed} | `{rust}` | {javascript} | {meaning} |")
                .expect("memory");
        }
        let Some((kind, meaning)) = data else { return };
        let inner = kind.split_once('(').map_or("", |(_, rest)| rest);
        let (err, data) = inner.split_once(", ").unwrap_or_default();
        let err =
            self.say(&format!("[`{}`]", err.trim_start_matches("Option<").trim_end_matches('>')));
        let data = data.split(") + ").next().unwrap_or_default();
        let data = data.strip_prefix("Option<").and_then(|data| data.strip_suffix('>'));
        let data = data.unwrap_or_default();
        for name in data.split(|c: char| !c.is_alphanumeric()) {
            self.link(name);
        }
        let meaning = meaning.strip_prefix("gets ").unwrap_or(meaning);
        let link = format!("[`{data}`]");
        let kind = if self.library.types.contains_key(data) {
            self.say(&link)
        } else {
            format!("`{data}`")
        };
        let meaning = meaning.strip_prefix(&*format!("{link}: ")).unwrap_or(meaning);
        let meaning = self.say(meaning);
        write!(text, "\n* `err`: {err}\n* `data`: {kind} – {meaning}\n").expect("memory");
    }

    /// The codes as a table; what is no code stays a sentence below it.
    fn errors(&self, text: &mut String, errors: &str) {
        let head = ["code", "name", "when"].map(|head| self.say(head)).join(" | ");
        let mut rows = String::new();
        let mut others = Vec::new();
        for part in errors.trim_end_matches('.').split("; ") {
            let part = part.strip_prefix("and ").unwrap_or(part);
            let mut when = part;
            let mut codes = Vec::new();
            while let Some((code, rest)) =
                when.split_once(' ').filter(|(code, _)| code.parse::<i32>().is_ok())
            {
                codes.push(code);
                when = rest.strip_prefix("or ").unwrap_or(rest);
            }
            if codes.is_empty() {
                others.push(self.say(part));
                continue;
            }
            let when = self.say(when);
            for code in codes {
                let name = self.library.codes.get(code).expect("the code is known");
                writeln!(rows, "| {code} | `{name}` | {when} |").expect("memory");
            }
        }
        if !rows.is_empty() {
            write!(text, "\n| {head} |\n| --- | --- | --- |\n{rows}").expect("memory");
        }
        let label = self.say(if rows.is_empty() { "Errors:" } else { "And" });
        let (and, end) = (self.say(", and"), self.say("."));
        if !others.is_empty() {
            write!(text, "\n{label} {}{end}\n", others.join(&format!("{and} "))).expect("memory");
        }
    }

    /// The types that the page names, field by field, and those these name.
    fn data(&self, text: &mut String) {
        let mut done = BTreeSet::new();
        let mut tables = BTreeMap::new();
        loop {
            let named = self.types.borrow().clone();
            let Some(name) = named.difference(&done).next().cloned() else { break };
            let (item, members) = &self.library.types[&name];
            let mut table = format!("\n### {name}\n");
            for paragraph in &item.docs.paragraphs {
                write!(table, "\n{}\n", self.say(paragraph)).expect("memory");
            }
            let head = [if item.kind == "enum" { "variant" } else { "field" }, "type", "meaning"];
            let head = head.map(|head| self.say(head)).join(" | ");
            let mut rows = String::new();
            for member in members {
                let line = member.declaration[0].trim().trim_end_matches(',');
                let kind = match member.kind {
                    "field" => line.split_once(": ").map_or("", |(_, kind)| kind),
                    _ => line.split_once('(').map_or("", |(_, kind)| kind.trim_end_matches(')')),
                };
                for name in kind.split(|c: char| !c.is_alphanumeric()) {
                    if self.library.types.contains_key(name) {
                        self.link(name);
                    }
                }
                let meaning = self.say(&member.docs.paragraphs.join(" "));
                writeln!(rows, "| `{}` | `{kind}` | {meaning} |", member.name).expect("memory");
            }
            if !rows.is_empty() {
                write!(table, "\n| {head} |\n| --- | --- | --- |\n{rows}").expect("memory");
            }
            tables.insert(name.clone(), table);
            done.insert(name);
        }
        if !tables.is_empty() {
            write!(text, "\n## {}\n", self.say("Data")).expect("memory");
            tables.values().for_each(|table| text.push_str(table));
        }
    }

    fn events(&self) -> String {
        let mut text = String::from(EVENTS);
        for event in &self.library.events {
            writeln!(text, "* [`{}`](#{})", event.name, event.name.to_lowercase()).expect("memory");
        }
        let client = items("src/client.rs");
        let client =
            client.iter().filter(|item| item.name.starts_with("on_") || item.name == "off");
        let processor = items("src/push/processor.rs");
        let processor = processor
            .iter()
            .filter(|item| item.kind == "fn" && (item.name == "on" || item.name == "off"));
        for (title, object, methods) in [
            ("The client's own", "client", client.collect::<Vec<_>>()),
            ("Registering for pushes", "client.processor()", processor.collect()),
        ] {
            write!(text, "\n## {title}\n").expect("memory");
            for method in methods {
                write!(text, "\n### {object}.{}\n", method.name).expect("memory");
                for paragraph in &method.docs.paragraphs {
                    write!(text, "\n{}\n", self.say(paragraph)).expect("memory");
                }
                if let Some(name) = method.aliases.first() {
                    let arguments = method.docs.paragraphs[0].split("handler(").nth(1);
                    let arguments =
                        arguments.and_then(|rest| rest.split(')').next()).unwrap_or("error");
                    let arguments: Vec<_> = arguments.split(", ").map(camel_case).collect();
                    let arguments = arguments.join(", ");
                    write!(text, "\n```js\nclient.on(\"{name}\", ({arguments}) => {{}})\n```\n")
                        .expect("memory");
                }
                write!(text, "\n```rust\n{}\n```\n", signature(method)).expect("memory");
                if !method.docs.example.is_empty() {
                    let example = shown(&method.docs.example);
                    write!(text, "\n```rust\n{example}```\n").expect("memory");
                }
            }
        }
        text.push_str("\n## What the service pushes\n");
        for event in &self.library.events {
            let docs = event.docs.paragraphs.join(" ");
            let (when, wire) = docs.rsplit_once(" Wire name ").expect("a wire name");
            let wire = wire.trim_end_matches('.');
            let data =
                event.declaration[0].split_once('<').and_then(|(_, rest)| rest.split_once('>'));
            let data = self.say(&format!("[`{}`]", data.expect("a type").0));
            let (when, name) = (self.say(when), &event.aliases[0]);
            write!(
                text,
                "\n### {}\n\n{when}\n\nJavaScript: `RTMConfig.SERVER_PUSH.{name}`, {wire}. Data: {data}.\n",
                event.name
            )
            .expect("memory");
        }
        self.data(&mut text);
        text
    }
}

const EVENTS: &str = "\
# Events

Handlers run on the callback thread, one at a time, and can be registered and removed at any time, also inside a
handler. A handler that uses the client holds a `WeakClient` of it: see the [guide](../porting.md#closures-and-ownership).
The examples go on from the same beginning: [README](README.md#examples).

* [The client's own](#the-clients-own)
* [Registering for pushes](#registering-for-pushes)
";

/// The declaration as it stands in the source, without its body.
fn signature(item: &Item) -> String {
    let lines = item.declaration.iter().map(|line| line.strip_prefix("    ").unwrap_or(line));
    let text = lines.collect::<Vec<_>>().join("\n");
    let text = text.trim_end_matches([' ', '{']).strip_prefix("pub ").unwrap_or_default();
    format!("{text};")
}

fn rust_type(kind: &str) -> String {
    let kind = kind.replace("<'a>", "").replace("&'a ", "&").replace(" + Send + 'static", "");
    let inner = kind.strip_prefix("impl Into<Option<").and_then(|kind| kind.strip_suffix(">>"));
    inner.or(kind.strip_prefix("impl Into<").and_then(|kind| kind.strip_suffix('>'))).map_or_else(
        || if kind == "impl AsRef<str>" { "&str".to_owned() } else { kind.clone() },
        str::to_owned,
    )
}

fn javascript_type(name: &str, kind: &str) -> String {
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
fn shown(example: &[String]) -> String {
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
                None if !common
                    && !(hidden && line.contains("{ClientOptions, RtmClient, gate::Gate")) =>
                {
                    writeln!(imports, "{line}").expect("memory");
                }
                None => {}
            }
            continue;
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
