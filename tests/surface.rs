//! What holds for the public API as a whole, going by its list in `docs/public-api.txt`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

fn list() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/public-api.txt");
    fs::read_to_string(path).expect("the list")
}

/// The types there are, by path, and the line of each.
fn types(list: &str) -> BTreeMap<&str, &str> {
    let ends = |c: char| !c.is_alphanumeric() && c != '_' && c != ':';
    let kinds = ["pub struct ", "pub enum ", "pub union ", "pub trait ", "pub type "];
    let found = list.lines().filter_map(|line| {
        let rest = kinds.iter().find_map(|kind| line.split_once(kind))?.1;
        Some((rest.split(ends).next()?, line))
    });
    found.collect()
}

#[test]
fn no_two_types_share_a_name() {
    let list = list();
    let mut by_name = BTreeMap::<_, Vec<_>>::new();
    for path in types(&list).into_keys() {
        by_name.entry(path.rsplit("::").next().expect("a name")).or_default().push(path);
    }
    assert!(by_name.len() > 50, "{} types", by_name.len());
    let shared: Vec<_> = by_name.into_values().filter(|paths| paths.len() > 1).collect();
    assert_eq!(shared, Vec::<Vec<&str>>::new());
}

/// A struct without a public field is made by its methods alone.
#[test]
fn whatever_may_grow_says_so() {
    let list = list();
    let mut seen = 0;
    for (path, line) in types(&list) {
        let field = format!("pub {path}::");
        let open = line.contains("pub enum ") || list.lines().any(|line| line.starts_with(&field));
        // Made by the client alone, or with fields that nobody sees.
        let private = ["rtm_client::TokenWanted"].contains(&path);
        if open && !private {
            assert!(line.starts_with("#[non_exhaustive] "), "{line}");
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen} types");
}

#[test]
fn every_type_has_debug() {
    let list = list();
    let types = types(&list);
    for path in types.keys() {
        let end = |rest: &str| rest.is_empty() || rest.starts_with('<');
        let shown = |line: &str| {
            let of = line.split_once("core::fmt::Debug for ").map(|(_, of)| of);
            of.and_then(|of| of.strip_prefix(path)).is_some_and(end)
        };
        assert!(list.lines().any(shown), "{path} has no Debug");
    }
    assert!(types.len() > 50, "{} types", types.len());
}
