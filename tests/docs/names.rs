//! The table of every JavaScript name.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::code::camel_case;
use crate::page::{Library, PAGES};
use crate::source::{Item, items};

/// Names that are the same in both languages and so have no alias.
const SAME: [(&str, &str, &[&str]); 2] = [
    ("src/client.rs", "RtmClient", &["login", "bye", "close", "destroy", "processor"]),
    ("src/options.rs", "ClientOptions", &["endpoint", "attrs"]),
];

/// Where else JavaScript names have their Rust name, and how it is reached.
const FILES: [(&str, &str); 17] = [
    ("src/client.rs", ""),
    ("src/api/events.rs", ""),
    ("src/options.rs", ""),
    ("src/options/relogin.rs", ""),
    ("src/push/processor.rs", ""),
    ("src/types/mtype.rs", "types::mtype"),
    ("src/types/history.rs", "types"),
    ("src/types/conversation.rs", "types"),
    ("src/types/text.rs", "types"),
    ("src/types/body.rs", "types"),
    ("src/types/unread.rs", "types"),
    ("src/types/send.rs", "types"),
    ("src/types/push.rs", "types"),
    ("src/types/file.rs", "types"),
    ("src/types/system.rs", "types"),
    ("src/types/value_added.rs", "types"),
    ("src/error_code.rs", "error_code"),
];

/// An alias of another SDK.
const NOT_JAVASCRIPT: &str = "ReloginWillStart";

pub(crate) fn table() -> String {
    let library = Library::read();
    let mut text = String::new();
    for page in &PAGES {
        write!(text, "\n### {}\n\n| JavaScript | Rust |\n| --- | --- |\n", page.name)
            .expect("memory");
        for call in library.calls_of(page.name).filter(|call| call.is_javascript()) {
            let (rust, javascript) = (&call.item.name, call.javascript());
            writeln!(text, "| `{javascript}` | [`{rust}`](api/{}.md#{rust}) |", page.name)
                .expect("memory");
        }
    }
    text.push_str("\n### Events\n\n| `RTMConfig.SERVER_PUSH` | `server_push` |\n| --- | --- |\n");
    for event in items("src/push/server_push.rs") {
        let (javascript, anchor) = (&event.aliases[0], event.name.to_lowercase());
        writeln!(text, "| `{javascript}` | [`{}`](api/Events.md#{anchor}) |", event.name)
            .expect("memory");
    }
    text.push_str(
        "\n### The client, options, data and codes\n\n| JavaScript | Rust |\n| --- | --- |\n",
    );
    let mut rows: BTreeMap<String, String> = BTreeMap::new();
    for (file, owner, names) in SAME {
        for name in names {
            let there = items(file).iter().any(|item| item.name == *name && item.kind == "fn");
            assert!(there, "{file} has no {name}");
            rows.insert((*name).to_owned(), format!("`{owner}::{name}`"));
        }
    }
    rows.insert("pid".to_owned(), "`ClientOptions::new`".to_owned());
    for (file, module) in FILES {
        for item in items(file) {
            for alias in item.aliases.iter().filter(|alias| *alias != NOT_JAVASCRIPT) {
                let row = rows.entry(alias.clone()).or_default();
                let path = format!("`{}`", path(module, &item));
                if row.is_empty() {
                    *row = path;
                } else if !row.contains(&path) {
                    write!(row, ", {path}").expect("memory");
                }
            }
        }
    }
    for (javascript, rust) in rows {
        writeln!(text, "| `{javascript}` | {rust} |").expect("memory");
    }
    text.push('\n');
    text
}

fn path(module: &str, item: &Item) -> String {
    let parts = [module, &item.owner, &item.name];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("::")
}

/// No alias is left out: each is in the table, or is the camel case of a call's own name.
#[test]
fn no_alias_is_missing() {
    let table = table();
    let library = Library::read();
    let mut missing: Vec<String> = Vec::new();
    let mut files = Vec::new();
    crate::page::sources("src", &mut files);
    for file in files.iter().filter(|file| !file.contains("/gate")) {
        let aliases = items(file).into_iter().flat_map(|item| item.aliases);
        missing.extend(aliases.filter(|alias| {
            let beyond = library.calls.iter().any(|call| {
                !call.is_javascript()
                    && (call.item.aliases.contains(alias) || camel_case(&call.item.name) == *alias)
            });
            let javascript = !beyond && alias != NOT_JAVASCRIPT;
            javascript && !table.contains(&format!("| `{alias}` |"))
        }));
    }
    assert!(missing.is_empty(), "not in the table: {missing:?}");
}
