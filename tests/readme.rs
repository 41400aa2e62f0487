//! What the README says is true: commands, features, versions, tests, log targets and links.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "common/markdown.rs"]
mod markdown;

use markdown::headings;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What stands between `before` and `after` everywhere in the text.
fn between<'a>(mut text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    while let Some((_, rest)) = text.split_once(before) {
        let Some((inside, rest)) = rest.split_once(after) else { break };
        found.push(inside);
        text = rest;
    }
    found
}

/// The section of that heading.
fn section<'a>(readme: &'a str, heading: &str) -> &'a str {
    let (_, rest) = readme.split_once(&format!("\n## {heading}\n")).expect("the heading");
    rest.split_once("\n## ").map_or(rest, |(section, _)| section)
}

/// The code in the first cells of a table.
fn first_cells(section: &str) -> BTreeSet<&str> {
    between(section, "\n| `", "`").into_iter().collect()
}

/// The references at the end: name and target.
fn references(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines()
        .filter_map(|line| line.trim_start_matches("//! ").strip_prefix('[')?.split_once("]: "))
}

/// The files below `folder` that end in `.rs`.
fn sources(folder: PathBuf, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(&folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn commands_exist() {
    let readme = read("README.md");
    let mut commands = 0;
    for command in readme.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let command = command.split('#').next().unwrap_or_default().trim();
        let (command, options) = command.split_once(" -- ").unwrap_or((command, ""));
        match command.strip_prefix("cargo run --example ") {
            Some(name) => {
                let one = root().join(format!("examples/{name}.rs")).is_file();
                let several = root().join(format!("examples/{name}/main.rs")).is_file();
                assert!(one || several, "there is no example {name}");
            }
            None => assert_eq!((command, options), ("cargo test", "")),
        }
        commands += 1;
    }
    assert!(commands >= 2);
}

#[test]
fn all_examples_are_listed() {
    let readme = read("README.md");
    let mut there = BTreeSet::new();
    for entry in fs::read_dir(root().join("examples")).expect("the examples") {
        let path = entry.expect("an entry").path();
        if path.is_file() || path.join("main.rs").is_file() {
            there.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    let listed = first_cells(section(&readme, "Examples"));
    assert_eq!(listed, there.iter().map(String::as_str).collect());
}

#[test]
fn features_are_those_of_the_manifest() {
    let (readme, manifest) = (read("README.md"), read("Cargo.toml"));
    let (_, features) = manifest.split_once("[features]").expect("features");
    let features = features.split_once("\n[").expect("more sections").0;
    let names = features.lines().filter(|line| !line.trim_start().starts_with(['#', '"']));
    let names = names.filter_map(|line| Some(line.split_once('=')?.0.trim()));
    let names: BTreeSet<_> = names.filter(|&name| name != "default").collect();
    assert_eq!(first_cells(section(&readme, "Features")), names);
}

#[test]
fn the_minimum_rust_is_that_of_the_manifest() {
    let (readme, manifest) = (read("README.md"), read("Cargo.toml"));
    let version = between(&manifest, "\nrust-version = \"", "\"");
    let version = version.first().expect("a rust-version");
    assert!(section(&readme, "Versions").trim().starts_with(&format!("Rust {version} ")));
}

#[test]
fn log_targets_are_those_of_the_source() {
    let readme = read("README.md");
    let named = first_cells(section(&readme, "Logs"));
    let mut files = Vec::new();
    sources(root().join("src"), &mut files);
    for file in files {
        for target in between(&read(&file), "target: \"rtm_client::", "\"") {
            let target = format!("rtm_client::{target}");
            assert!(named.contains(&*target), "{}: {target} is not named", file.display());
        }
    }
}

#[test]
fn the_tests_it_names_exist() {
    let readme = read("README.md");
    let mut tests = 0;
    for line in section(&readme, "What the original does not give").lines().skip(3) {
        let Some((_, shown_by)) = line.trim_end_matches('|').rsplit_once("| ") else { continue };
        let name = between(shown_by, "][", "]")[0];
        let (_, file) = references(&readme).find(|found| found.0 == name).expect("its reference");
        for test in between(shown_by, "`", "`") {
            assert!(read(file).contains(&format!("fn {test}(")), "{file} has no test {test}");
            tests += 1;
        }
    }
    assert!(tests > 4);
}

#[test]
fn links_lead_to_files_here_and_to_items_in_the_docs() {
    let (readme, front_page) = (read("README.md"), read("src/lib.rs"));
    let mut in_docs: BTreeSet<_> = references(&front_page).map(|(name, _)| name).collect();
    in_docs.extend(between(&front_page, "doc = \"[", "]: "));
    for (name, path) in references(&readme) {
        let (file, heading) = path.split_once('#').unwrap_or((path, ""));
        assert!(root().join(file).exists(), "[{name}] leads to {path}");
        assert!(
            heading.is_empty() || headings(&read(file)).any(|found| found == heading),
            "{path}"
        );
        assert!(in_docs.contains(name), "[{name}] has no target in the docs");
        assert!(readme.contains(&format!("][{name}]")), "[{name}] is not used");
    }
    for name in between(&readme, "][", "]") {
        assert!(references(&readme).any(|found| found.0 == name), "[{name}] leads nowhere");
    }
}
