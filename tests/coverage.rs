//! `docs/coverage.md` is made from the code: every call of the JavaScript SDK, our name for it, and the test that shows
//! what it does. `UPDATE=1 cargo test --test coverage` writes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "common/published.rs"]
mod published;

use published::is_published;

/// What the recording does not have: no package of its own belongs to these.
const NOT_RECORDED: [&str; 6] =
    ["close", "destroy", "processor", "ErrorRecorder", "ReloginCompleted", "SessionClosed"];

/// In the recording, but no call.
const NO_CALL: &str = "endpoint";

/// The heading of what no page of the documentation is about.
const CLIENT: &str = "The client";

/// A public method.
struct Method {
    name: String,
    file: String,
    /// The names of its arguments.
    arguments: Vec<String>,
    /// Its documentation.
    docs: String,
    /// The page of the SDK's documentation; `None` if the JavaScript SDK has no such call.
    page: Option<String>,
    /// Its JavaScript name or names.
    aliases: Vec<String>,
}

/// A test, and where in its file it begins.
struct Test {
    name: String,
    at: usize,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The files under `folder`, or the file itself, as paths from the root, with their text.
fn sources(folder: &str) -> Vec<(String, String)> {
    fn visit(path: &Path, found: &mut Vec<PathBuf>) {
        if path.is_dir() {
            let entries = fs::read_dir(path).expect("a folder of the crate");
            entries.flatten().for_each(|entry| visit(&entry.path(), found));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path.to_owned());
        }
    }
    let mut found = Vec::new();
    visit(&root().join(folder), &mut found);
    found.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a source of the crate");
        let name =
            path.strip_prefix(root()).expect("it is in there").to_string_lossy().into_owned();
        (name, text)
    };
    found.into_iter().map(read).collect()
}

/// The public methods of a file, with what stands above each.
fn methods(file: &str, text: &str) -> Vec<Method> {
    let mut methods = Vec::new();
    let mut above: Vec<&str> = Vec::new();
    let mut at = 0;
    for whole_line in text.split_inclusive('\n') {
        let line = whole_line.trim();
        if let Some(rest) = line.strip_prefix("pub fn ") {
            let name = rest.split(['(', '<']).next().unwrap_or_default().to_owned();
            let aliases = above.iter().filter_map(|line| between(line, "doc(alias = \"", "\""));
            let page = above.iter().rev().find(|line| line.contains("/highras/"));
            methods.push(Method {
                name,
                arguments: arguments(&text[at..]),
                docs: above.join("\n"),
                file: file.to_owned(),
                page: page.and_then(|line| between(line, "[", "]")),
                aliases: aliases.collect(),
            });
        }
        if line.starts_with("///") || line.starts_with("#[") {
            above.push(line);
        } else if line.is_empty() || line.ends_with(['{', '}']) {
            above.clear();
        }
        at += whole_line.len();
    }
    methods
}

/// The names of the arguments of the function that `text` begins with, `self` left out.
fn arguments(text: &str) -> Vec<String> {
    let head = text.split_once('{').map_or(text, |(head, _)| head).replace("->", "");
    let is_generic = head.find('<') < head.find('(') && head.contains('<');
    let list = head.split_once(if is_generic { ">(" } else { "(" }).map_or("", |(_, list)| list);
    let mut names = vec![String::new()];
    let mut depth = 1;
    for symbol in list.chars() {
        match symbol {
            '(' | '<' | '[' => depth += 1,
            ')' | '>' | ']' => depth -= 1,
            ',' if depth == 1 => names.push(String::new()),
            symbol if depth == 1 => names.last_mut().expect("never empty").push(symbol),
            _ => {}
        }
    }
    let names = names.iter().filter_map(|argument| Some(argument.split_once(':')?.0));
    names
        .map(|name| name.trim_matches(|c: char| !c.is_alphanumeric() && c != '_').to_owned())
        .collect()
}

fn between(line: &str, start: &str, end: &str) -> Option<String> {
    Some(line.split_once(start)?.1.split_once(end)?.0.to_owned())
}

/// The functions of a file that begin a line, each with whether it is a test.
fn functions(text: &str) -> Vec<(bool, Test)> {
    let mut functions = Vec::new();
    let mut is_test = false;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let declared = line.strip_prefix("fn ").or_else(|| line.strip_prefix("pub(crate) fn "));
        if let Some(rest) = declared {
            let name = rest.split(['(', '<']).next().unwrap_or_default().to_owned();
            functions.push((is_test, Test { name, at }));
        }
        is_test = line.starts_with("#[test]");
        at += line.len();
    }
    functions
}

/// A test that calls the method: the one the call stands in, or the first behind what it stands in. One in a file named
/// like the method's own, or like its folder, is the best.
fn test_of(method: &Method, tests: &[(String, String)]) -> Option<String> {
    let name = &method.name;
    let forms = [format!(".{name}("), format!("RtmClient::{name},"), format!("RtmClient::{name}]")];
    let found = tests.iter().filter_map(|(file, text)| {
        let at = forms.iter().find_map(|form| text.find(form))?;
        let functions = functions(text);
        let around = functions.iter().rposition(|(_, function)| function.at < at).unwrap_or(0);
        let (_, test) = functions[around..].iter().find(|(is_test, _)| *is_test)?;
        Some((file, format!("`{file}` `{}`", test.name)))
    });
    let elsewhere = |file: &str| {
        let stem = Path::new(file).file_stem().unwrap_or_default();
        !Path::new(&method.file).with_extension("").iter().any(|part| part == stem)
    };
    Some(found.min_by_key(|(file, _)| elsewhere(file))?.1)
}

/// Every JavaScript name there is to be found.
fn javascript() -> BTreeSet<String> {
    let mut names: BTreeSet<String> = NOT_RECORDED.map(str::to_owned).into();
    for file in ["requests", "files"] {
        let path = root().join(format!("tests/wire/{file}.jsonl"));
        let text = fs::read_to_string(path).expect("the recording");
        names.extend(text.lines().filter_map(|line| between(line, "\"js\":\"", "\"")));
    }
    names.remove(NO_CALL);
    names
}

#[test]
fn every_call_is_there_and_tested() {
    if is_published() {
        return;
    }
    let sources: Vec<_> = ["src/api", "src/client.rs"].into_iter().flat_map(sources).collect();
    let methods: Vec<Method> =
        sources.iter().flat_map(|(file, text)| methods(file, text)).collect();
    // What the helpers do is no test.
    let tests: Vec<_> = ["tests/api", "tests/behaviour"]
        .into_iter()
        .flat_map(self::sources)
        .filter(|(file, _)| !file.ends_with("support.rs"))
        .collect();

    let mut missing = Vec::new();
    let mut row = |javascript: Option<&str>, method: &Method| {
        let Method { name, file, .. } = method;
        let test = test_of(method, &tests).unwrap_or_else(|| {
            missing.push(format!("no test calls {name}"));
            String::new()
        });
        let javascript = javascript.map_or(String::new(), |name| format!("| `{name}` "));
        format!("{javascript}| `{name}` | `{file}` | {test} |\n")
    };
    let mut pages: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut unknown = javascript();
    let mut beyond = String::new();
    for method in &methods {
        let names = method.aliases.iter().chain([&method.name]);
        let known: Vec<&String> = names.filter(|name| unknown.contains(*name)).collect();
        for name in &known {
            let page = method.page.clone().unwrap_or_else(|| CLIENT.to_owned());
            pages.entry(page).or_default().push(row(Some(name), method));
        }
        if known.is_empty() && method.file.starts_with("src/api") {
            beyond.push_str(&row(None, method));
        }
        known.into_iter().cloned().collect::<Vec<_>>().iter().for_each(|name| {
            unknown.remove(name);
        });
    }
    missing.extend(unknown.iter().map(|name| format!("nothing is called {name} in JavaScript")));
    assert!(missing.is_empty(), "{}", missing.join("\n"));

    let calls: usize = pages.values().map(Vec::len).sum();
    let mut text = format!(
        "# Coverage\n\n\
         Made from the code by `tests/coverage.rs`; `UPDATE=1 cargo test --test coverage` makes it anew.\n\n\
         Every call of the JavaScript SDK 2.7.6, {calls} with the client's own, by the page of its documentation: its \
         name here, where it\nis, and a test that shows what it does.\n"
    );
    for (page, rows) in &pages {
        let head = "| JavaScript | here | file | test |\n| --- | --- | --- | --- |\n";
        write!(text, "\n## {page}\n\n{head}{}", rows.concat()).expect("memory");
    }
    let head = "| here | file | test |\n| --- | --- | --- |\n";
    write!(text, "\n## What the JavaScript SDK does not have\n\n{head}{beyond}").expect("memory");

    let path = root().join("docs/coverage.md");
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(root().join("docs")).expect("a folder");
        fs::write(&path, &text).expect("a file");
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(there == text, "docs/coverage.md is out of date: UPDATE=1 cargo test --test coverage");
}

#[test]
fn every_call_is_documented() {
    let sources = sources("src/api");
    // The client's own events are no calls.
    let calls = sources.iter().filter(|(file, _)| file != "src/api/events.rs");
    let methods = calls.flat_map(|(file, text)| methods(file, text));
    let mut missing = Vec::new();
    for Method { name, arguments, docs, page, .. } in methods {
        let undocumented = |argument: &String| !docs.contains(&format!("* `{argument}` – "));
        missing.extend(
            arguments
                .iter()
                .filter(|argument| undocumented(argument))
                .map(|argument| format!("{name} does not say what its argument {argument} is")),
        );
        let origin = page.is_some()
            || docs.contains("The JavaScript SDK has no such call")
            || docs.contains("No SDK has this");
        for (is_there, what) in [
            (docs.contains("/// ```\n"), "an example"),
            (docs.contains("/// # Errors\n"), "its errors"),
            (origin, "where it comes from"),
        ] {
            if !is_there {
                missing.push(format!("{name} does not show {what}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
