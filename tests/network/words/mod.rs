//! What an error on the way to a gate says: a row for each sentence, played over real sockets. `src/dial/words.rs` has no
//! others.

mod given;
mod reach;
mod tls;
mod tunnel;
mod upgrade;
mod uploads;

use std::collections::BTreeSet;

use rtm_client::ClientOptions;

use crate::{login, refused};

/// A sentence, in which PEER stands for who it is about, and what brings it about.
struct Row {
    says: &'static str,
    play: fn() -> Said,
}

enum Said {
    Text {
        text: String,
        peer: String,
    },
    /// That cannot be had on this machine.
    Skipped(&'static str),
}

/// Sentences that are shown elsewhere, and where.
const ELSEWHERE: [(&str, &str); 4] = [
    ("the name PEER has no address", "src/engine/connect/tests.rs"),
    (
        "looking up the name PEER did not end: does the DNS server answer?",
        "src/engine/connect/tests.rs",
    ),
    ("no thread could be started to look up the name PEER", "src/engine/connect/tests.rs"),
    ("no TLS with PEER: its certificate has been revoked", "src/dial/tls/explain.rs"),
];

fn rows() -> impl Iterator<Item = &'static Row> {
    let all = [reach::ROWS, tunnel::ROWS, tls::ROWS, upgrade::ROWS, given::ROWS, uploads::ROWS];
    all.into_iter().flatten()
}

fn play(rows: &[Row]) {
    for row in rows {
        match (row.play)() {
            Said::Text { text, peer } => {
                let expected = row.says.replace("PEER", &peer);
                assert!(text.contains(&expected), "not {expected:?}: {text}");
            }
            Said::Skipped(why) => println!("skipped: {why}: {:?}", row.says),
        }
    }
}

/// What the error of a login says that fails while `serve` does the other end.
fn said(options: ClientOptions, peer: impl Into<String>, serve: impl FnOnce()) -> Said {
    let (client, record) = login(options);
    serve();
    Said::Text { text: refused(&client, &record), peer: peer.into() }
}

fn sentences() -> BTreeSet<&'static str> {
    rows().map(|row| row.says).chain(ELSEWHERE.map(|(says, _)| says)).collect()
}

/// Each text of the table in the source is in a row's sentence.
#[test]
fn each_sentence_of_the_source_has_its_row() {
    struct Texts(Vec<String>);
    impl<'ast> syn::visit::Visit<'ast> for Texts {
        fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
            self.0.push(text.value());
        }
        fn visit_macro(&mut self, mac: &'ast syn::Macro) {
            let text = mac.parse_body_with(
                syn::punctuated::Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated,
            );
            if let Some(syn::Expr::Lit(lit)) = text.ok().and_then(|args| args.first().cloned()) {
                syn::visit::Visit::visit_expr_lit(self, &lit);
            }
        }
        // Comments and attributes are not said.
        fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
    }
    let source = include_str!("../../../src/dial/words.rs");
    let mut texts = Texts(Vec::new());
    syn::visit::Visit::visit_file(&mut texts, &syn::parse_file(source).expect("Rust"));
    assert!(texts.0.len() > 70, "{} texts", texts.0.len());
    let all: Vec<&str> = sentences().into_iter().collect();
    for text in texts.0 {
        // What stands between what is filled in.
        for part in text.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest))
        {
            let part = part.trim();
            assert!(all.iter().any(|says| says.contains(part)), "no row says {part:?}");
        }
    }
}
