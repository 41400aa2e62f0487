//! `docs/public-api.txt` is the public API, read from the source, so that a change of it is seen in the diff.
//! `UPDATE=1 cargo test --test public_api` writes it anew.
//!
//! What is `pub` can be reached from outside: the lint `unreachable_pub` sees to that. What stands in a private module has
//! no path here; the `use` lines say where it is found.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::Visit;
use syn::{
    Attribute, Fields, ImplItem, Item, ItemImpl, Meta, Signature, Type, UseTree, Visibility,
};

/// One line for each item, with what it holds.
#[derive(Default)]
struct Api {
    lines: BTreeSet<String>,
    /// The names of types and traits that are not public.
    private: BTreeSet<String>,
    impls: Vec<ItemImpl>,
}

impl Api {
    fn read(root: &Path) -> Api {
        let mut api = Api::default();
        api.file(&root.join("src/lib.rs"), &root.join("src"), "");
        // A name that is public somewhere may be that.
        let public = api.lines.iter().filter_map(|line| line.strip_prefix("use "));
        for name in public.filter_map(|path| path.split("::").last()) {
            api.private.remove(name);
        }
        for item in std::mem::take(&mut api.impls) {
            api.implementation(&item);
        }
        api
    }

    fn file(&mut self, file: &Path, folder: &Path, path: &str) {
        let text = fs::read_to_string(file).expect("a source file");
        self.items(&syn::parse_file(&text).expect("Rust").items, folder, path);
    }

    /// `path` is where the items are found from outside; empty in a private module, whose items are there by `pub use`.
    fn items(&mut self, items: &[Item], folder: &Path, path: &str) {
        for item in items {
            match item {
                Item::Mod(item) if !hidden(&item.attrs) => {
                    let name = item.ident.to_string();
                    let inside = if is_public(&item.vis) {
                        format!("{path}{name}::")
                    } else {
                        String::new()
                    };
                    if is_public(&item.vis) {
                        self.add(&item.attrs, format!("mod {path}{name}"));
                    }
                    let folder = folder.join(&name);
                    match &item.content {
                        Some((_, items)) => self.items(items, &folder, &inside),
                        None => {
                            let file = folder.with_extension("rs");
                            let file = if file.exists() { file } else { folder.join("mod.rs") };
                            self.file(&file, &folder, &inside);
                        }
                    }
                }
                Item::Use(item) if is_public(&item.vis) => {
                    self.names(&item.attrs, &item.tree, path)
                }
                Item::Const(item) if is_public(&item.vis) => {
                    let (name, ty, value) = (&item.ident, code_of_type(&item.ty), &item.expr);
                    let value = one_line(&syn::parse_quote!(const X: () = #value;));
                    let value = value.trim_start_matches("const X: () =").trim_end_matches(';');
                    self.add(&item.attrs, format!("const {path}{name}: {ty} ={value}"));
                }
                Item::Fn(item) if is_public(&item.vis) => {
                    self.add(&item.attrs, format!("{path}{}", code_of_signature(&item.sig)));
                }
                Item::Struct(item) if is_public(&item.vis) => {
                    let name = format!("{path}{}", item.ident);
                    let all_public = item.fields.iter().all(|field| is_public(&field.vis));
                    let rest = if all_public { "" } else { " with private fields" };
                    self.add(
                        &item.attrs,
                        format!("struct {name}{}{rest}", generics(&item.generics)),
                    );
                    self.fields(&name, &item.fields, false);
                }
                Item::Enum(item) if is_public(&item.vis) => {
                    let name = format!("{path}{}", item.ident);
                    self.add(&item.attrs, format!("enum {name}{}", generics(&item.generics)));
                    for variant in &item.variants {
                        let variant_name = format!("{name}::{}", variant.ident);
                        self.add(&variant.attrs, format!("variant {variant_name}"));
                        self.fields(&variant_name, &variant.fields, true);
                    }
                }
                Item::Trait(item) if !is_public(&item.vis) => {
                    self.private.insert(item.ident.to_string());
                }
                Item::Struct(item) => drop(self.private.insert(item.ident.to_string())),
                Item::Enum(item) => drop(self.private.insert(item.ident.to_string())),
                Item::Trait(item) => {
                    panic!("a public trait, {}: teach this test to read it", item.ident);
                }
                Item::Type(item) if is_public(&item.vis) => {
                    panic!("a public alias, {}: teach this test to read it", item.ident);
                }
                // What it is given is Rust but for the attribute `error`.
                Item::Macro(item) if item.mac.path.is_ident("codes") => {
                    let table: syn::File = item.mac.parse_body().expect("Rust");
                    self.items(&table.items, folder, path);
                }
                Item::Macro(item) if !makes_nothing_public(&item.mac) => {
                    panic!("{}: what it makes cannot be read", code_of_path(&item.mac.path))
                }
                Item::Impl(item) if !hidden(&item.attrs) => self.impls.push(item.clone()),
                _ => {}
            }
        }
    }

    fn names(&mut self, attrs: &[Attribute], tree: &UseTree, path: &str) {
        match tree {
            UseTree::Path(tree) => self.names(attrs, &tree.tree, path),
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.names(attrs, tree, path))
            }
            UseTree::Name(name) => self.add(attrs, format!("use {path}{}", name.ident)),
            UseTree::Rename(name) => self.add(attrs, format!("use {path}{}", name.rename)),
            UseTree::Glob(_) => panic!("pub use of everything cannot be read"),
        }
    }

    fn fields(&mut self, owner: &str, fields: &Fields, all: bool) {
        for (at, field) in
            fields.iter().enumerate().filter(|(_, field)| all || is_public(&field.vis))
        {
            let name = field.ident.as_ref().map_or(at.to_string(), ToString::to_string);
            self.add(&field.attrs, format!("field {owner}.{name}: {}", code_of_type(&field.ty)));
        }
    }

    fn implementation(&mut self, item: &ItemImpl) {
        if Mentions::any_of(&self.private, item) {
            return;
        }
        let (owner, generics) = (code_of_type(&item.self_ty), generics(&item.generics));
        if let Some((_, of, _)) = &item.trait_ {
            let of = code_of_path(of);
            let types = item.items.iter().filter_map(|member| match member {
                ImplItem::Type(member) => {
                    Some(format!(" {} = {}", member.ident, code_of_type(&member.ty)))
                }
                _ => None,
            });
            let types: String = types.collect();
            return self.add(&item.attrs, format!("impl{generics} {of} for {owner}{types}"));
        }
        for member in &item.items {
            match member {
                ImplItem::Fn(member) if is_public(&member.vis) => {
                    let signature = code_of_signature(&member.sig);
                    self.add(&member.attrs, format!("{owner}::{signature}"));
                }
                ImplItem::Const(member) if is_public(&member.vis) => {
                    let (name, ty) = (&member.ident, code_of_type(&member.ty));
                    self.add(&member.attrs, format!("const {owner}::{name}: {ty}"));
                }
                _ => {}
            }
        }
    }

    /// A line, behind what its attributes say of it.
    fn add(&mut self, attrs: &[Attribute], line: String) {
        let mut line = line;
        for attr in attrs {
            match &attr.meta {
                Meta::List(list) if list.path.is_ident("derive") || list.path.is_ident("cfg") => {
                    line = format!("{line} #[{}({})]", code_of_path(&list.path), list.tokens)
                        .replace(" ,", ",");
                }
                Meta::Path(path)
                    if path.is_ident("non_exhaustive") || path.is_ident("must_use") =>
                {
                    line = format!("{line} #[{}]", code_of_path(path));
                }
                meta if meta.path().is_ident("deprecated") => line += " #[deprecated]",
                _ => {}
            }
        }
        self.lines.insert(line);
    }
}

/// Looks for names of types.
struct Mentions<'a> {
    names: &'a BTreeSet<String>,
    found: bool,
}

impl Mentions<'_> {
    /// Whether the head of the implementation names one of these.
    fn any_of(names: &BTreeSet<String>, item: &ItemImpl) -> bool {
        let mut mentions = Mentions { names, found: false };
        mentions.visit_type(&item.self_ty);
        if let Some((_, of, _)) = &item.trait_ {
            mentions.visit_path(of);
        }
        mentions.found
    }
}

impl Visit<'_> for Mentions<'_> {
    fn visit_path_segment(&mut self, segment: &syn::PathSegment) {
        self.found |= self.names.contains(&segment.ident.to_string());
        syn::visit::visit_path_segment(self, segment);
    }
}

fn is_public(vis: &Visibility) -> bool {
    matches!(vis, Visibility::Public(_))
}

fn makes_nothing_public(invocation: &syn::Macro) -> bool {
    ["thread_local", "macro_rules"].iter().any(|name| invocation.path.is_ident(name))
}

/// Whether it is for tests or the documentation alone.
fn hidden(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| match &attr.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string();
            ["test", "doctest", "any (test , fuzzing)"].contains(&condition.as_str())
        }
        _ => false,
    })
}

/// The item as rustfmt would write it, on one line.
fn one_line(item: &Item) -> String {
    let file = syn::File { shebang: None, attrs: Vec::new(), items: vec![item.clone()] };
    let text = prettyplease::unparse(&file);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.replace("( ", "(").replace(", )", ")").replace(" .", ".")
}

fn code_of_signature(signature: &Signature) -> String {
    // Patterns are the function's own business.
    let mut signature = signature.clone();
    for input in &mut signature.inputs {
        match input {
            syn::FnArg::Receiver(receiver) if receiver.reference.is_none() => {
                receiver.mutability = None;
            }
            syn::FnArg::Typed(input) => {
                if let syn::Pat::Ident(name) = &mut *input.pat {
                    name.mutability = None;
                }
            }
            syn::FnArg::Receiver(_) => {}
        }
    }
    // Methods are no items of their own: they are shown inside a trait.
    let item = one_line(&syn::parse_quote!(trait X { #signature; }));
    item.trim_start_matches("trait X { ").trim_end_matches("; }").to_owned()
}

fn code_of_type(ty: &Type) -> String {
    let item = one_line(&syn::parse_quote!(type X = #ty;));
    item.trim_start_matches("type X = ").trim_end_matches(';').to_owned()
}

fn code_of_path(path: &syn::Path) -> String {
    code_of_type(&syn::parse_quote!(#path))
}

fn generics(generics: &syn::Generics) -> String {
    let (parameters, _, bounds) = generics.split_for_impl();
    let item = one_line(&syn::parse_quote!(impl #parameters X for Y #bounds {}));
    item.trim_start_matches("impl").trim_end_matches(" {}").replace(" X for Y", "")
}

#[test]
fn a_change_of_it_is_seen() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let api = Api::read(&root);
    let text: String = api.lines.into_iter().map(|line| line + "\n").collect();
    let path = root.join("docs/public-api.txt");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &text).expect("a file");
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    let (there, now): (BTreeSet<_>, BTreeSet<_>) =
        (there.lines().collect(), text.lines().collect());
    let gone = there.difference(&now).map(|line| format!("- {line}\n"));
    let new = now.difference(&there).map(|line| format!("+ {line}\n"));
    let changes: String = gone.chain(new).collect();
    assert!(
        changes.is_empty(),
        "the public API has changed; if that is meant, UPDATE=1 cargo test --test public_api\n{changes}"
    );
}
