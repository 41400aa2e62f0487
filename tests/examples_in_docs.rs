//! Every public function, struct and enum has an example of its own in its documentation, one that `cargo test` runs.
//!
//! What is `pub` can be reached from outside: the lint `unreachable_pub` sees to that.

use std::fs;
use std::path::Path;

use syn::{Attribute, Expr, ExprLit, Ident, ImplItem, Item, Lit, Meta, Visibility};

/// Visits the files below the folder, without those of programs and tests.
fn files(folder: &Path, visit: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        match path.extension() {
            _ if ["bin", "fuzz", "tests"].contains(&name) => {}
            None => files(&path, visit),
            Some(extension) if extension == "rs" => visit(&path),
            Some(_) => {}
        }
    }
}

/// Names the items that have no example. Functions of traits cannot say `pub`.
fn lacking(items: &[Item], names: &mut Vec<String>) {
    let mut look = |vis: &Visibility, attrs: &[Attribute], name: &Ident| {
        if matches!(vis, Visibility::Public(_)) && !has_example(attrs) {
            names.push(name.to_string());
        }
    };
    for item in items {
        match item {
            Item::Fn(item) => look(&item.vis, &item.attrs, &item.sig.ident),
            Item::Struct(item) => look(&item.vis, &item.attrs, &item.ident),
            Item::Enum(item) => look(&item.vis, &item.attrs, &item.ident),
            Item::Impl(item) if !for_tests(&item.attrs) => {
                for member in &item.items {
                    if let ImplItem::Fn(member) = member {
                        look(&member.vis, &member.attrs, &member.sig.ident);
                    }
                }
            }
            _ => {}
        }
    }
    for item in items {
        if let Item::Mod(item) = item {
            let inside = item.content.as_ref().filter(|_| !for_tests(&item.attrs));
            inside.into_iter().for_each(|(_, items)| lacking(items, names));
        }
    }
}

fn for_tests(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| match &attr.meta {
        Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string().contains("test"),
        _ => false,
    })
}

/// Whether a fence of plain Rust opens in the documentation: what says `no_run` or the like does not count.
fn has_example(attrs: &[Attribute]) -> bool {
    let lines = attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::NameValue(doc) if doc.path.is_ident("doc") => match &doc.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    let fences = lines.filter_map(|line| line.trim().strip_prefix("```").map(str::to_owned));
    fences.step_by(2).any(|language| language.is_empty())
}

#[test]
fn nothing_lacks_one() {
    let mut without = String::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut |path| {
        let source = fs::read_to_string(path).expect("a source file");
        let mut names = Vec::new();
        lacking(&syn::parse_file(&source).expect("Rust").items, &mut names);
        names.iter().for_each(|name| without += &format!("{name} in {}\n", path.display()));
    });
    assert!(without.is_empty(), "without an example that runs:\n{without}");
}
