//! The pages of `docs/api`, as the SDK's documentation is cut.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

use crate::code::{
    camel_case, is_optional, javascript_argument, javascript_type, rust_type, shown, signature,
};
use crate::language::Language;
use crate::reference::{REFERENCES, places};
use crate::source::{Item, arguments, items, root};
use crate::types::{Type, types};
use crate::wire;

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
    /// The types of what calls take and give.
    pub types: BTreeMap<String, Type>,
    /// Where all else is described.
    places: BTreeMap<String, String>,
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
            places: places(),
            codes: BTreeMap::new(),
        };
        for page in &PAGES {
            for file in page.files {
                for item in items(&format!("src/api/{file}.rs")) {
                    match item.kind {
                        // Where a page has several files each says which part it is.
                        "impl" if page.files.len() == 1 && item.traits.is_empty() => {
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
        let mut files = vec!["src/api/history.rs".to_owned()];
        sources("src/types", &mut files);
        library.types = types(&files);
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

    pub(crate) fn events(&self, language: &Language) -> String {
        let writer = Writer { library: self, page: "Events", language, types: RefCell::default() };
        writer.events()
    }
}

pub(crate) struct Writer<'a> {
    pub library: &'a Library,
    pub page: &'static str,
    pub language: &'a Language,
    /// The types that the page names and has to describe.
    pub types: RefCell<BTreeSet<String>>,
}

impl Writer<'_> {
    /// A text in the page's language, its links leading to pages.
    pub(crate) fn say(&self, english: &str) -> String {
        let text = self.language.say(english);
        crate::language::links(&text, &|target| self.link(target))
    }

    /// Where it leads to what a text names, if that is anywhere.
    pub(crate) fn link(&self, target: &str) -> Option<String> {
        let (owner, name) = target.rsplit_once("::").unwrap_or(("", target));
        let owner = owner.rsplit("::").next().unwrap_or(owner);
        let others = self.language.path_to_english;
        if target == "crate::error_code#every-call" {
            return Some(format!("{others}README.md#every-call"));
        }
        let call = self.library.calls.iter().find(|call| call.item.name == name);
        if let Some(call) = call.filter(|_| owner == "RtmClient") {
            let page =
                if call.page == self.page { "" } else { &format!("{others}{}.md", call.page) };
            return Some(format!("{page}#{name}"));
        }
        // The pages without calls describe their own types, whatever others have that name.
        if REFERENCES.iter().any(|page| page.name == self.page) {
            if let Some(place) = self.place(owner, name) {
                return Some(place);
            }
        }
        if matches!(name, "Error" | "SendError") {
            return Some(format!("{others}README.md#err"));
        }
        let is_module = owner.starts_with(char::is_lowercase);
        if self.library.events.iter().any(|event| event.name == name) {
            let page = if self.page == "Events" { "" } else { &format!("{others}Events.md") };
            return Some(format!("{page}#{}", name.to_lowercase()));
        }
        let described = if is_module || owner.is_empty() { name } else { owner };
        if self.library.types.contains_key(described) {
            self.types.borrow_mut().insert(described.to_owned());
            return Some(format!("#{}", described.to_lowercase()));
        }
        self.place(owner, name)
    }

    /// Where a page without calls describes it.
    fn place(&self, owner: &str, name: &str) -> Option<String> {
        let places = &self.library.places;
        let whole = places.get(&format!("{owner}::{name}"));
        let is_type = owner.starts_with(char::is_uppercase);
        let place = whole.or_else(|| places.get(if is_type { owner } else { name }));
        let module = || places.get(&format!("types::{name}")).filter(|_| owner == "super");
        let place = place.or_else(module)?;
        match place.strip_prefix(self.page).and_then(|rest| rest.strip_prefix(".md")) {
            Some(anchor) => Some(anchor.to_owned()),
            None => Some(format!("{}{place}", self.language.path_to_english)),
        }
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
        self.paragraphs(text, item);
        if call.is_javascript() {
            let names: Vec<_> =
                arguments(item).iter().map(|(name, _)| javascript_argument(name)).collect();
            let javascript = call.javascript();
            write!(text, "\n```js\nclient.{javascript}({})\n```\n", names.join(", "))
                .expect("memory");
        } else {
            write!(text, "\n{}\n", self.say(&docs.origin)).expect("memory");
        }
        let methods = wire::methods(item).join("`, `");
        write!(text, "\n{} `{methods}`\n", self.say("Wire:")).expect("memory");
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
            let needed = if is_optional(kind) { "optional" } else { "required" };
            let (rust, javascript) = (rust_type(kind), javascript_type(name, kind));
            for name in [&*rust, "OptionalText"] {
                if self.library.types.contains_key(name) && kind.contains(name) {
                    self.link(name);
                }
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

    fn events(&self) -> String {
        let mut text = String::from(EVENTS);
        for event in &self.library.events {
            writeln!(text, "* [`{}`](#{})", event.name, event.name.to_lowercase()).expect("memory");
        }
        let client = items("src/api/events.rs");
        let client = client.iter().filter(|item| item.kind == "fn");
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
                self.paragraphs(&mut text, method);
                if let Some(name) =
                    method.aliases.first().filter(|name| JAVASCRIPT_EVENTS.contains(&name.as_str()))
                {
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
            let line = &event.declaration[0];
            let javascript = line.split('"').nth(1).expect("its name in JavaScript");
            // The last sentence tells that name.
            let when = docs.strip_suffix(&format!("`{javascript}`."));
            let when =
                when.and_then(|docs| docs.rsplit_once(". ")).map_or(&*docs, |(when, _)| when);
            let when = self.say(when.trim_end_matches('.'));
            let data = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
            let data = self.say(&format!("[`{}`]", data.expect("a type").0));
            let (name, wire) = (&event.aliases[0], wire::push(javascript));
            write!(text, "\n### {}\n\n{when}.\n", event.name).expect("memory");
            write!(
                text,
                "\nJavaScript: `RTMConfig.SERVER_PUSH.{name}`, `{javascript}`. Wire: `{wire}`. Data: {data}.\n"
            )
            .expect("memory");
        }
        self.data(&mut text);
        text
    }
}

/// The client's events that the JavaScript SDK has.
const JAVASCRIPT_EVENTS: [&str; 3] = ["ErrorRecorder", "ReloginCompleted", "SessionClosed"];

const EVENTS: &str = "\
# Events

Handlers run on the callback thread, one at a time, and can be registered and removed at any time, also inside a
handler. A handler that uses the client holds a `WeakClient` of it: see the [guide](../porting.md#closures-and-ownership).
The examples go on from the same beginning: [README](README.md#examples).

* [The client's own](#the-clients-own)
* [Registering for pushes](#registering-for-pushes)
";
