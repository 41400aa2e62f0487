//! The pages of what is no call: the client and all that belongs to it, and the gate.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::code::shown;
use crate::language::Language;
use crate::page::{Library, Writer};
use crate::source::{Docs, Item, items, module};
use crate::types::{Type, types};

pub(crate) struct Reference {
    pub name: &'static str,
    pub summary: &'static str,
    introduction: &'static str,
    /// Where its types are.
    files: &'static [&'static str],
    sections: &'static [Section],
}

enum Section {
    Type(&'static str),
    /// A module, and the file that it is or that it is in.
    Module(&'static str, &'static str),
}

use Section::{Module, Type as Of};

pub(crate) const REFERENCES: [Reference; 2] = [
    Reference {
        name: "Client",
        summary: "the client itself, its options, errors, waiting for answers, texts, files, constants",
        introduction: CLIENT,
        files: &[
            "src/client.rs",
            "src/api/events.rs",
            "src/options.rs",
            "src/options/relogin.rs",
            "src/options/bounds.rs",
            "src/options/network.rs",
            "src/error.rs",
            "src/error_code/kind.rs",
            "src/reply.rs",
            "src/listeners.rs",
            "src/stats.rs",
            "src/types/file.rs",
            "src/types/text.rs",
            "src/types/body.rs",
        ],
        sections: &[
            Of("RtmClient"),
            Of("WeakClient"),
            Of("ClientOptions"),
            Of("Callbacks"),
            Of("RegressiveStrategy"),
            Of("LoginOptions"),
            Of("LoginToken"),
            Of("ListenerId"),
            Of("Event"),
            Of("Stats"),
            Of("Error"),
            Of("ErrorKind"),
            Of("SendError"),
            Module("reply", "src/reply.rs"),
            Of("Reply"),
            Of("Content"),
            Of("OptionalText"),
            Of("Body"),
            Of("Translation"),
            Of("Text"),
            Of("File"),
            Of("FileInfo"),
            Module("types::mtype", "src/types/mtype.rs"),
            Module("types::message_type", "src/types/message_type.rs"),
            Module("types::option_type", "src/types/system.rs"),
            Module("types::check_type", "src/types/value_added.rs"),
            Module("types::check_result", "src/types/value_added.rs"),
            Module("types::translate_type", "src/types/value_added.rs"),
            Module("types::profanity", "src/types/value_added.rs"),
            Module("error_code::fpnn", "src/error_code.rs"),
            Module("error_code::rtm", "src/error_code.rs"),
        ],
    },
    Reference {
        name: "Gate",
        summary: "the local gate for tests: how it is started, what it is asked and told, its faults",
        introduction: GATE,
        files: &[
            "src/gate/mod.rs",
            "src/gate/builder.rs",
            "src/gate/builder/limits.rs",
            "src/gate/faults.rs",
            "src/gate/counters.rs",
            "src/gate/store/log.rs",
            "src/gate/stored.rs",
        ],
        sections: &[
            Of("GateBuilder"),
            Of("Gate"),
            Of("Faults"),
            Of("Fault"),
            Of("Conversation"),
            Of("StoredMessage"),
            Of("Counters"),
        ],
    },
];

const CLIENT: &str = "\
# The client

What is no call of the service. The examples of `RtmClient` go on from the same beginning: [README](README.md#examples).
`processor().on` and what it takes are on the page [Events](Events.md#registering-for-pushes).
";

const GATE: &str = "\
# The local gate

A server on this machine that behaves as the service does, for tests: `rtm_client::gate`, there with the feature `gate`.
How it is used, as a program too, is told on [its own page](../gate.md); here is all it can do. The examples go on from
the same beginning: [README](README.md#examples).

[`Faults::on`](#fn-faultson) takes the name a method has on the wire. Each call's section on these pages says its own, each
event's that of its push; a login is `auth`, a logout `bye`.
";

/// What is described elsewhere.
const ELSEWHERE: [(&str, &str); 5] = [
    ("Processor", "Events.md#registering-for-pushes"),
    ("Processor::on", "Events.md#clientprocessoron"),
    ("Processor::off", "Events.md#clientprocessoroff"),
    ("server_push", "Events.md#what-the-service-pushes"),
    ("error_code", "Client.md#module-error_codefpnn"),
];

/// A section as it is written: its title, its name, and the functions in it.
struct Written {
    title: String,
    name: &'static str,
    functions: Vec<String>,
}

impl Section {
    fn written(&self, types: &BTreeMap<String, Type>) -> Written {
        let names = |items: &[Item]| items.iter().map(|item| item.name.clone()).collect();
        match self {
            Of(name) => {
                let functions = names(&types[*name].methods);
                Written { title: (*name).to_owned(), name, functions }
            }
            Module(path, file) => {
                let mut items = contents(path, file).1;
                items.retain(|item| item.kind == "fn");
                Written { title: format!("Module {path}"), name: path, functions: names(&items) }
            }
        }
    }
}

/// What a module says of itself, and what is in it.
fn contents(path: &str, file: &str) -> (Docs, Vec<Item>) {
    let name = path.rsplit("::").next().unwrap_or(path);
    let mut all = items(file);
    let inline = all.iter().position(|item| item.kind == "mod" && item.name == name);
    let (docs, owner) = match inline {
        Some(at) => (all.remove(at).docs, name),
        None => (module(file), ""),
    };
    let here = |item: &Item| item.owner == owner && matches!(item.kind, "fn" | "const");
    (docs, all.into_iter().filter(here).collect())
}

/// The heading of a function. With its name alone `Error::kind` would have the anchor of `ErrorKind`.
pub(crate) fn heading(path: &str) -> String {
    format!("fn {path}")
}

/// The anchor of a heading.
fn anchor(heading: &str) -> String {
    heading.to_lowercase().replace("::", "").replace(' ', "-")
}

/// Where types, modules and their functions are described: the page with the anchor.
pub(crate) fn places() -> BTreeMap<String, String> {
    let elsewhere = ELSEWHERE.map(|(name, place)| (name.to_owned(), place.to_owned()));
    let mut places = BTreeMap::from(elsewhere);
    for page in &REFERENCES {
        let types = types(page.files);
        for section in page.sections {
            let Written { title, name, functions } = section.written(&types);
            places.insert(name.to_owned(), format!("{}.md#{}", page.name, anchor(&title)));
            for function in functions {
                let path = format!("{name}::{function}");
                let place = format!("{}.md#{}", page.name, anchor(&heading(&path)));
                places.insert(path, place);
            }
        }
    }
    places
}

pub(crate) fn page(library: &Library, page: &Reference) -> String {
    let language = Language::english();
    let writer =
        Writer { library, page: page.name, language: &language, types: Default::default() };
    let types = types(page.files);
    let mut text = format!("{}\n", page.introduction);
    for section in page.sections {
        let Written { title, name, functions } = section.written(&types);
        write!(text, "* [{title}](#{})", anchor(&title)).expect("memory");
        for (at, function) in functions.iter().enumerate() {
            let before = if at == 0 { ": " } else { ", " };
            let place = anchor(&heading(&format!("{name}::{function}")));
            write!(text, "{before}[`{function}`](#{place})").expect("memory");
        }
        text.push('\n');
    }
    for section in page.sections {
        write!(text, "\n## {}\n", section.written(&types).title).expect("memory");
        match section {
            Of(name) => writer.type_section(&mut text, &types[*name]),
            Module(path, file) => writer.module_section(&mut text, path, contents(path, file)),
        }
    }
    writer.data(&mut text);
    text
}

#[test]
fn no_two_headings_share_an_anchor() {
    let places = places();
    let different: std::collections::BTreeSet<_> = places.values().collect();
    assert_eq!(different.len() + 1, places.len(), "error_code stands for its first module");
}

impl Writer<'_> {
    fn type_section(&self, text: &mut String, kind: &Type) {
        self.paragraphs(text, &kind.item);
        if !kind.item.docs.example.is_empty() {
            write!(text, "\n```rust\n{}```\n", shown(&kind.item.docs.example)).expect("memory");
        }
        let traits = kind.traits();
        if !traits.is_empty() {
            write!(text, "\nTraits: {traits}\n").expect("memory");
        }
        let documented = self.documented_traits(kind);
        if !documented.is_empty() {
            write!(text, "\n{documented}").expect("memory");
        }
        self.members(text, kind);
        for method in &kind.methods {
            self.method(text, "###", method);
        }
    }

    /// A module: its constants as a table, its functions one by one.
    fn module_section(&self, text: &mut String, path: &str, (docs, items): (Docs, Vec<Item>)) {
        for paragraph in &docs.paragraphs {
            write!(text, "\n{}\n", self.say(paragraph)).expect("memory");
        }
        let (constants, functions): (Vec<_>, Vec<_>) =
            items.into_iter().partition(|item| item.kind == "const");
        if !constants.is_empty() {
            text.push_str("\n| constant | value | meaning |\n| --- | --- | --- |\n");
        }
        for constant in &constants {
            let value = constant.declaration[0].split(" = ").nth(1).unwrap_or_default();
            let (value, meaning) =
                (value.trim_end_matches(';'), constant.docs.paragraphs.join(" "));
            writeln!(text, "| `{}` | `{value}` | {} |", constant.name, self.say(&meaning))
                .expect("memory");
        }
        for mut function in functions {
            function.owner = path.to_owned();
            self.method(text, "###", &function);
        }
    }
}
