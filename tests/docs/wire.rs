//! What calls and pushes are named on the wire, which is how the gate's faults name them: read from the source.

use crate::source::{Item, read};

/// The methods that a call sends, in their order.
pub(crate) fn methods(call: &Item) -> Vec<String> {
    let body = call.body.join("\n");
    let literal = |door| body.split_once(door).and_then(|(_, rest)| quoted(rest));
    let method = ["self.call(", "self.change(", "self.history("].into_iter().find_map(literal);
    let message = method.or_else(|| by_target(&body, "self.send_message_to(", "payloads"));
    if let Some(method) = message {
        return vec![method];
    }
    let file = by_target(&body, "self.send_file_to(", "files");
    let methods: Vec<_> = file.map(|method| vec![token(), method]).unwrap_or_default();
    assert!(!methods.is_empty(), "{}: its name on the wire was not found", call.name);
    methods
}

/// The method that stands beside the body's target in a file of the API: `Target::User(_) => "sendmsg"`.
fn by_target(body: &str, door: &str, file: &str) -> Option<String> {
    let (_, target) = body.split_once("Target::").filter(|_| body.contains(door))?;
    let end = target.find(|c: char| !c.is_alphanumeric()).unwrap_or(target.len());
    let beginning = format!("Target::{}", &target[..end]);
    let api = read(format!("src/api/{file}.rs"));
    let mut lines = api.lines().map(str::trim);
    quoted(lines.find(|line| line.starts_with(&beginning) && line.contains("=> \""))?)
}

/// What is asked before any file is sent.
fn token() -> String {
    let api = read("src/api/files.rs");
    let (_, rest) = api.split_once("engine.call(Kind::Call, ").expect("where files are sent");
    quoted(rest).expect("a method")
}

/// The method that a push comes by. Pushes of all types come by one: JavaScript alone has a name for each type.
pub(crate) fn push(javascript: &str) -> String {
    let types = ["chat", "audio", "cmd", "file"];
    let target = types.into_iter().find_map(|kind| javascript.strip_suffix(kind));
    let method = target.map_or(javascript.to_owned(), |target| format!("{target}msg"));
    let known = read("src/push/mod.rs").contains(&format!("=> \"{method}\","));
    assert!(known, "{javascript}: the client knows no push {method}");
    method
}

fn quoted(text: &str) -> Option<String> {
    text.split('"').nth(1).map(str::to_owned)
}

/// No name is misread: the gate has a method of each.
#[test]
fn the_gate_knows_every_name() {
    let gate = read("src/gate/methods/mod.rs");
    let library = crate::page::Library::read();
    let names = library.calls.iter().flat_map(|call| methods(&call.item));
    let unknown: Vec<_> = names.filter(|name| !gate.contains(&format!("b\"{name}\" =>"))).collect();
    assert!(unknown.is_empty(), "not in the gate: {unknown:?}");
}
