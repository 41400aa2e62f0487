//! The table in `docs/reliability.md` names a test for each line, and each test has its line.

use std::collections::BTreeSet;

const SOURCES: [&str; 5] = [
    include_str!("floods.rs"),
    include_str!("frames.rs"),
    include_str!("opening.rs"),
    include_str!("packages.rs"),
    include_str!("payloads.rs"),
];

#[test]
fn each_line_names_its_test() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reliability.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let section = page.split("## Hostile input").nth(1).expect("the section");
    let section = section.split("\n## ").next().unwrap_or(section);
    let last_cell = |line: &str| {
        let cell = line.trim_end().trim_end_matches('|').rsplit('|').next()?.trim();
        Some(cell.strip_prefix('`')?.strip_suffix('`')?.to_owned())
    };
    let named: BTreeSet<String> =
        section.lines().filter(|line| line.starts_with('|')).filter_map(last_cell).collect();
    let tests: BTreeSet<String> = SOURCES
        .iter()
        .flat_map(|source| source.split("#[test]\nfn ").skip(1))
        .filter_map(|test| Some(test.split_once('(')?.0.to_owned()))
        .collect();
    assert_eq!(named, tests);
}
