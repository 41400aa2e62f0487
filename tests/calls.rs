//! `docs/calls.md` and `docs/zh/calls.md` have a line for every call, which says what its declaration says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rtm_client::gate::Gate;

#[path = "common/published.rs"]
mod published;

const PAGES: [&str; 2] = ["docs/calls.md", "docs/zh/calls.md"];

const LINK: &str = "https://docs.rs/rtm-client/latest/rtm_client/struct.RtmClient.html#method.";

/// What the recording does not have, for no package belongs to it: how each is called in JavaScript.
const NOT_RECORDED: [&str; 6] = [
    "`close()`",
    "`destroy()`",
    "`processor`",
    "`on(\"ErrorRecorder\", ",
    "`on(\"ReloginCompleted\", ",
    "`on(\"SessionClosed\", ",
];

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// How the lines of the public methods of `RtmClient` begin, of those declared in the files below `path`.
fn calls(path: &Path, found: &mut Vec<String>) {
    if path.is_dir() {
        let entries = fs::read_dir(path).expect("a folder").flatten();
        return entries.for_each(|entry| calls(&entry.path(), found));
    }
    let text = fs::read_to_string(path).unwrap_or_default();
    let mut lines = text.lines();
    let (mut of_client, mut javascript) = (false, None);
    while let Some(line) = lines.next() {
        if line.starts_with("impl") {
            of_client = line == "impl RtmClient {";
        } else if let Some(rest) = line.strip_prefix("    /// JavaScript: ") {
            javascript = rest.split('`').nth(1);
        } else if let Some(rest) = line.strip_prefix("    pub fn ").filter(|_| of_client) {
            let mut head = rest.to_owned();
            while !head.contains('{') {
                head = format!("{head} {}", lines.next().expect("a body").trim());
            }
            let name = head.split(['(', '<']).next().expect("a name");
            let javascript = javascript.map_or("–".to_owned(), |call| format!("`{call}`"));
            found.push(format!("| {javascript} | [`{}`]({LINK}{name}) | ", shortened(&head)));
        }
        if !line.starts_with("    ///") && !line.starts_with("    #[") {
            javascript = None;
        }
    }
}

/// A declaration as the pages show it, without what is the same everywhere.
fn shortened(head: &str) -> String {
    let head = head.split(" {").next().unwrap_or(head);
    let head = head.replace("( ", "(").replace(", )", ")");
    let head = head.replace("impl Borrow<i64>", "i64").replace("impl Borrow<(K, V)>", "(K, V)");
    let head = head.replace("&self, ", "").replace("&self", "");
    let head = head.replace("<'a>", "").replace("&'a ", "&").replace(" + Send + 'static", "");
    let mut head = head.replace("impl AsRef<str>", "&str");
    while let Some((before, after)) = head.split_once("impl Into<") {
        let mut depth = 1;
        let end = after.find(|c| {
            depth += i32::from(c == '<') - i32::from(c == '>');
            depth == 0
        });
        let (inner, after) = after.split_at(end.expect("its end"));
        head = format!("{before}{inner}{}", &after[1..]);
    }
    head.replace("impl ", "")
}

/// The cells of the lines about calls and pushes.
fn rows(page: &str) -> Vec<Vec<String>> {
    let text = read(page);
    let lines = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let rows = lines.map(|line| line.split(" | ").map(str::to_owned).collect::<Vec<_>>());
    rows.filter(|row| row.len() == 4 && row[1].contains("](https://")).collect()
}

#[test]
fn every_call_has_its_line() {
    let mut calls = Vec::new();
    self::calls(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut calls);
    assert!(calls.len() > 100, "{} calls", calls.len());
    for page in PAGES {
        let text = read(page);
        let has = |call: &String| text.lines().any(|line| line.starts_with(call));
        let missing: Vec<_> = calls.iter().filter(|call| !has(call)).cloned().collect();
        assert!(missing.is_empty(), "{page} lacks what begins with\n{}", missing.join("\n"));
        let lines = text.lines().filter(|line| line.contains(LINK)).count();
        assert_eq!(lines, calls.len(), "{page} has a line that is no call's");
    }
}

#[test]
fn both_languages_have_the_same_lines() {
    let [english, chinese] = PAGES.map(rows);
    assert_eq!(english.len(), chinese.len());
    for (english, chinese) in english.iter().zip(&chinese) {
        assert_eq!(english[..3], chinese[..3]);
        assert!(!chinese[3].is_ascii(), "this is not Chinese: {}", chinese[3]);
    }
}

#[test]
fn every_javascript_call_is_there_with_its_name_on_the_wire() {
    if published::is_published() {
        return;
    }
    let mut recorded = BTreeSet::new();
    for file in ["tests/wire/requests.jsonl", "tests/wire/files.jsonl"] {
        for line in read(file).lines() {
            let line: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
            let text = |key: &str| line[key].as_str().map(str::to_owned);
            recorded.extend(text("js").zip(text("wire_method"))); // an endpoint has none
        }
    }
    assert!(recorded.len() >= 88, "{recorded:?}");
    let rows = rows(PAGES[0]);
    for (call, method) in recorded {
        let beginning = format!("`{call}(");
        let row = rows.iter().find(|row| row[0].starts_with(&beginning));
        let row = row.unwrap_or_else(|| panic!("{call} has no line"));
        assert!(row[2].contains(&format!("`{method}`")), "{call} sends {method}: {row:?}");
    }
    for call in NOT_RECORDED {
        assert!(rows.iter().any(|row| row[0].starts_with(call)), "{call} has no line");
    }
}

#[test]
fn the_gate_knows_every_name_on_the_wire() {
    let gate = Gate::builder().start().expect("a gate");
    for row in rows(PAGES[0]) {
        for name in row[2].split('`').skip(1).step_by(2) {
            drop(gate.faults().on(name)); // panics where there is no such method
        }
    }
}
