//! The modules of `src` in layers, of which each uses itself and those below it.

use std::fs;
use std::path::{Path, PathBuf};

/// From the lowest to the highest.
const LAYERS: [&[&str]; 10] = [
    &["time", "calm", "clocks", "error_code", "testing"],
    &["error", "guard"],
    &["wire"],
    &["types"],
    &["options", "listeners", "events", "stats"],
    &["session", "resume", "pending", "catch_up", "push", "dial"],
    &["engine"],
    &["reply"],
    &["client"],
    &["api", "fuzz"],
];

/// What the gate uses: it is a peer of the client, and a second opinion.
const OF_THE_GATE: [&str; 6] = ["gate", "wire", "types", "error_code", "guard", "time"];

fn layer(module: &str) -> usize {
    let found = LAYERS.iter().position(|layer| layer.contains(&module));
    found.unwrap_or_else(|| panic!("`crate::{module}` is in no layer of tests/layers.rs"))
}

/// What the text of a file of the module `from` uses and may not.
fn upward(from: &str, text: &str) -> Vec<String> {
    let code = text.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
    let paths = code.flat_map(|line| line.split("crate::").skip(1));
    let ends = |c: char| !c.is_alphanumeric() && c != '_';
    let modules = paths.map(|path| path.split(ends).next().unwrap_or_default());
    let allowed = |to: &str| match (from, to) {
        ("gate", _) => OF_THE_GATE.contains(&to),
        (_, "gate") => from == "fuzz",
        _ => layer(to) <= layer(from),
    };
    modules.filter(|to| !allowed(to)).map(|to| format!("{from} uses {to}")).collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()) {
        match path.is_dir() {
            true => sources(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn arrows_point_down() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut wrong = Vec::new();
    for file in &files {
        let inside = file.strip_prefix(&src).expect("in there").with_extension("");
        let module = inside.iter().next().and_then(|module| module.to_str()).expect("a name");
        // The front page, the programs and what examples begin with use what is public.
        if !["lib", "bin", "doctest"].contains(&module) {
            let text = fs::read_to_string(file).expect("a source file");
            wrong.extend(
                upward(module, &text).into_iter().map(|arrow| format!("{inside:?}: {arrow}")),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_arrow_that_points_up_is_seen() {
    assert_eq!(upward("types", "use crate::wire::payload;\n// crate::engine"), [""; 0]);
    assert_eq!(upward("wire", "use crate::types::Text;"), ["wire uses types"]);
    assert_eq!(upward("types", "    done: crate::engine::Complete,"), ["types uses engine"]);
    assert_eq!(upward("gate", "use crate::options::Callbacks;"), ["gate uses options"]);
    assert_eq!(upward("api", "use crate::gate::Gate;"), ["api uses gate"]);
}
