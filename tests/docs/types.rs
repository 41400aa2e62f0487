//! Types with what stands in them: fields or variants, functions, traits.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::code::{short_signature, shown, signature};
use crate::page::Writer;
use crate::reference::heading;
use crate::source::{Item, items};

/// A public struct or enum.
pub(crate) struct Type {
    pub item: Item,
    /// Its fields or variants.
    members: Vec<Item>,
    /// Its functions and constants.
    pub methods: Vec<Item>,
    /// The `impl` blocks of traits.
    traits: Vec<Item>,
}

/// The types that these files have.
pub(crate) fn types<S: AsRef<str>>(files: &[S]) -> BTreeMap<String, Type> {
    let items = files.iter().flat_map(|file| items(file.as_ref()));
    let (found, rest): (Vec<_>, Vec<_>) =
        items.partition(|item| matches!(item.kind, "struct" | "enum"));
    let mut types = BTreeMap::new();
    for item in found {
        let kind = Type { item, members: Vec::new(), methods: Vec::new(), traits: Vec::new() };
        types.insert(kind.item.name.clone(), kind);
    }
    for item in rest {
        let owner = if item.kind == "impl" { &item.name } else { &item.owner };
        let Some(owner) = types.get_mut(owner) else { continue };
        match item.kind {
            "field" | "variant" => owner.members.push(item),
            "fn" | "const" => owner.methods.push(item),
            "impl" if !item.traits.is_empty() => owner.traits.push(item),
            _ => {}
        }
    }
    types
}

/// The traits worth naming: those a program uses a value by.
const TRAITS: &str =
    "Clone Copy Debug Default Display Eq From Hash Iterator PartialEq std::error::Error";

impl Type {
    /// Its traits, as code.
    pub(crate) fn traits(&self) -> String {
        let implemented = self.traits.iter().flat_map(|item| &item.traits);
        let known =
            |name: &&String| TRAITS.split(' ').any(|known| name.split('<').next() == Some(known));
        let names: BTreeSet<_> = self.item.traits.iter().chain(implemented).filter(known).collect();
        names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    }
}

impl Writer<'_> {
    /// The types that the page names, and those these name.
    pub(crate) fn data(&self, text: &mut String) {
        let mut done = BTreeSet::new();
        let mut sections = BTreeMap::new();
        loop {
            let named = self.types.borrow().clone();
            let Some(name) = named.difference(&done).next().cloned() else { break };
            let kind = &self.library.types[&name];
            let mut section = format!("\n### {name}\n");
            self.paragraphs(&mut section, &kind.item);
            self.members(&mut section, kind);
            let (long, short): (Vec<_>, Vec<_>) =
                kind.methods.iter().partition(|method| !method.docs.example.is_empty());
            let traits = self.documented_traits(kind);
            if !short.is_empty() || !traits.is_empty() {
                section.push('\n');
            }
            for method in short {
                let meaning = self.say(&method.docs.paragraphs.join(" "));
                self.name_types(method);
                writeln!(section, "* `{}` – {meaning}", short_signature(method)).expect("memory");
            }
            section.push_str(&traits);
            for method in long {
                self.method(&mut section, "####", method);
            }
            sections.insert(name.clone(), section);
            done.insert(name);
        }
        if !sections.is_empty() {
            write!(text, "\n## {}\n", self.say("Data")).expect("memory");
            sections.values().for_each(|section| text.push_str(section));
        }
    }

    pub(crate) fn paragraphs(&self, text: &mut String, item: &Item) {
        for paragraph in &item.docs.paragraphs {
            write!(text, "\n{}\n", self.say(paragraph)).expect("memory");
        }
    }

    /// The table of the fields or variants.
    pub(crate) fn members(&self, text: &mut String, kind: &Type) {
        let first = if kind.item.kind == "enum" { "variant" } else { "field" };
        let head = [first, "type", "meaning"].map(|head| self.say(head)).join(" | ");
        let mut rows = String::new();
        for member in &kind.members {
            let line = member.declaration[0].trim().trim_end_matches(',');
            let kind = match member.kind {
                "field" => line.split_once(": ").map_or("", |(_, kind)| kind),
                _ => line.split_once('(').map_or("", |(_, kind)| kind.trim_end_matches(')')),
            };
            self.name_types(member);
            let linked = self.say(&format!("[`{kind}`]"));
            let kind = if linked.contains("](") { linked } else { code(kind) };
            let meaning = self.say(&member.docs.paragraphs.join(" "));
            writeln!(rows, "| `{}` | {kind} | {meaning} |", member.name).expect("memory");
        }
        if !rows.is_empty() {
            write!(text, "\n| {head} |\n| --- | --- | --- |\n{rows}").expect("memory");
        }
    }

    /// What is said of the traits, such as what `Display` shows.
    pub(crate) fn documented_traits(&self, kind: &Type) -> String {
        let mut text = String::new();
        for item in kind.traits.iter().filter(|item| !item.docs.paragraphs.is_empty()) {
            let (name, docs) = (item.traits.concat(), self.say(&item.docs.paragraphs.join(" ")));
            writeln!(text, "* `{name}` – {docs}").expect("memory");
        }
        text
    }

    /// A function or constant with all that is said of it.
    pub(crate) fn method(&self, text: &mut String, level: &str, item: &Item) {
        let owner = if item.owner.is_empty() { String::new() } else { format!("{}::", item.owner) };
        self.name_types(item);
        let heading = heading(&format!("{owner}{}", item.name));
        write!(text, "\n{level} {heading}\n").expect("memory");
        self.paragraphs(text, item);
        if !item.aliases.is_empty() {
            write!(text, "\nJavaScript: `{}`\n", item.aliases.join("`, `")).expect("memory");
        }
        if let Some(feature) = &item.feature {
            write!(text, "\nThere with the feature `{feature}`.\n").expect("memory");
        }
        write!(text, "\n```rust\n{}\n```\n", signature(item)).expect("memory");
        for (at, (name, meaning)) in item.docs.arguments.iter().enumerate() {
            let before = if at == 0 { "\n" } else { "" };
            writeln!(text, "{before}* `{name}` – {}", self.say(meaning)).expect("memory");
        }
        if let Some(errors) = &item.docs.errors {
            write!(text, "\nErrors: {}\n", self.say(errors)).expect("memory");
        }
        if !item.docs.example.is_empty() {
            write!(text, "\n```rust\n{}```\n", shown(&item.docs.example)).expect("memory");
        }
    }

    /// The types that a declaration names get their place on the page.
    fn name_types(&self, item: &Item) {
        let declaration = item.declaration.join(" ");
        for name in declaration.split(|c: char| !c.is_alphanumeric()) {
            if self.library.types.contains_key(name) {
                self.link(name);
            }
        }
    }
}

/// As code, or nothing.
fn code(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{text}`") }
}
