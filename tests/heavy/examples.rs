//! Each public function and type has an example in its documentation. `RTM_RUSTDOC` names what rustdoc says of the crate in
//! JSON; `.ci/run examples_in_docs` has it said.

use serde_json::Value;

#[test]
fn each_public_item_has_one() {
    let Ok(path) = std::env::var("RTM_RUSTDOC") else { return };
    let json = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let said: Value = serde_json::from_str(&json).expect("JSON");
    let items = said["index"].as_object().expect("the items").values();
    let items: Vec<_> = items
        .filter(|item| item["crate_id"] == 0 && item["visibility"] == "public")
        .filter(|item| {
            ["struct", "enum", "function"].iter().any(|kind| !item["inner"][kind].is_null())
        })
        .collect();
    assert!(items.len() > 200, "{} items", items.len());
    // Plain Rust, which is run: what says `no_run` or the like does not count.
    let is_run = |docs: &str| {
        docs.lines().filter(|line| line.starts_with("```")).step_by(2).any(|fence| fence == "```")
    };
    let lacking = items.iter().filter(|item| !item["docs"].as_str().is_some_and(is_run));
    let names: Vec<_> =
        lacking.map(|item| format!("{} in {}", item["name"], item["span"]["filename"])).collect();
    assert!(names.is_empty(), "without an example:\n{}", names.join("\n"));
}
