//! The pages of `docs/api` and the table of names in `docs/porting.md` are made from the source, so that they say what
//! it says. `UPDATE=1 cargo test --test docs` writes them anew.

mod chinese;
mod code;
mod index;
mod language;
#[path = "../common/markdown.rs"]
mod markdown;
mod names;
mod page;
mod reference;
mod source;
mod types;
mod wire;

use std::fs;

use language::Language;
use markdown::headings;
use source::{read, root};

/// Compares a file of `docs` with what it should be, or writes it.
fn check(path: &str, text: &str) {
    if std::env::var_os("UPDATE").is_some() {
        let path = root().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    let there = fs::read_to_string(root().join(path)).unwrap_or_default();
    assert!(there == text, "{path} is out of date: UPDATE=1 cargo test --test docs");
}

#[test]
fn api_pages() {
    let library = page::Library::read();
    check("docs/api/README.md", &library.index());
    for page in &page::PAGES {
        check(&format!("docs/api/{}.md", page.name), &library.page(page, &Language::english()));
    }
    check("docs/api/Events.md", &library.events(&Language::english()));
    for page in &reference::REFERENCES {
        check(&format!("docs/api/{}.md", page.name), &reference::page(&library, page));
    }
}

#[test]
fn the_chat_page_is_there_in_chinese() {
    let chinese = Language::chinese();
    let text = page::Library::read().page(&page::PAGES[0], &chinese);
    let missing = chinese.missing();
    assert!(missing.is_empty(), "tests/docs/chinese.rs lacks:\n{}", missing.join("\n"));
    check("docs/api/zh/Chat.md", &text);
}

#[test]
fn every_javascript_name_is_in_the_porting_guide() {
    let table = names::table();
    for path in ["docs/porting.md", "docs/zh/porting.md"] {
        let text = read(path);
        let (before, rest) = text.split_once("<!-- names -->\n").expect("where the table begins");
        let (_, after) = rest.split_once("<!-- end of names -->").expect("where it ends");
        let table =
            if path.contains("zh") { table.replace("(api/", "(../api/") } else { table.clone() };
        check(path, &format!("{before}<!-- names -->\n{table}<!-- end of names -->{after}"));
    }
}

/// The programs of the guide are run in its English edition.
#[test]
fn the_chinese_guide_has_the_same_programs() {
    let (english, chinese) = (read("docs/porting.md"), read("docs/zh/porting.md"));
    let programs = |text: &str| -> Vec<String> {
        text.split("\n```").skip(1).step_by(2).map(str::to_owned).collect()
    };
    assert_eq!(programs(&chinese), programs(&english));
}

/// Links to files and to headings lead somewhere.
#[test]
fn links_lead_somewhere() {
    if std::env::var_os("UPDATE").is_some() {
        return; // the other tests are writing the pages
    }
    let mut broken = Vec::new();
    for folder in ["docs", "docs/api", "docs/zh", "docs/api/zh"] {
        let Ok(entries) = fs::read_dir(root().join(folder)) else { continue };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.extension().is_none_or(|extension| extension != "md") {
                continue;
            }
            let text = fs::read_to_string(&path).expect("a page");
            for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')) {
                let link = link.0;
                if link.starts_with("http") {
                    continue;
                }
                let (file, heading) = link.split_once('#').unwrap_or((link, ""));
                let target = if file.is_empty() { path.clone() } else { path.with_file_name(file) };
                let leads = match fs::read_to_string(&target) {
                    Ok(text) => heading.is_empty() || headings(&text).any(|found| found == heading),
                    Err(_) => target.exists(), // a folder or a picture
                };
                if !leads {
                    broken.push(format!("{}: {link}", path.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
