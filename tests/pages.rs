//! What the pages in Markdown say of this repository is so: programs, and what the README lists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use data_encoding::BASE64;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The text in pieces: prose and code in turn, prose first.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split("\n```")
}

#[test]
fn pages_are_as_short_as_is_promised() {
    for (page, most) in [("README.md", 200), ("docs/porting.md", 500), ("docs/zh/porting.md", 500)]
    {
        assert!(read(page).lines().count() <= most, "{page} is longer than {most} lines");
    }
}

/// Each recipe fits a screen, is in the list, and its program is run with the documentation's own.
#[test]
fn the_recipes_are_short_and_listed() {
    let (list, library) = (read("docs/recipes/README.md"), read("src/lib.rs"));
    let entries = fs::read_dir(root().join("docs/recipes")).expect("a folder").flatten();
    let names = entries.map(|entry| entry.file_name().into_string().expect("a name"));
    for name in names.filter(|name| name != "README.md") {
        let text = read(format!("docs/recipes/{name}"));
        assert!(text.lines().count() <= 45, "{name} is longer than a screen");
        assert!(pieces(&text).any(|piece| piece.starts_with("rust\n")), "{name} has no program");
        assert!(list.contains(&format!("]({name})")), "{name} is not in the list");
        let run = format!("include_str!(\"../docs/recipes/{name}\")");
        assert!(library.contains(&run), "{name} is not run");
    }
}

/// The programs of the guide and of the README are run in their English editions.
#[test]
fn the_chinese_pages_have_the_same_programs() {
    let [english, chinese] = ["docs/porting.md", "docs/zh/porting.md"].map(read);
    let programs = |text| pieces(text).skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(programs(&chinese), programs(&english));

    let [english, chinese] = ["README.md", "docs/zh/README.md"].map(read);
    let first = |text| pieces(text).find(|piece| piece.starts_with("rust\n")).map(str::to_owned);
    let code = |text| {
        let first: String = first(text).expect("a program");
        let lines = first.lines().filter_map(|line| line.split(" // ").next());
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(code(&chinese), code(&english));
}

/// The front page of the documentation has the pictures of the README, as text.
#[test]
fn the_front_page_has_the_pictures() {
    let defined = ["call", "states"].map(|name| {
        let picture = BASE64.encode(read(format!("docs/{name}.svg")).as_bytes());
        format!("[picture_{name}]: data:image/svg+xml;base64,{picture}\n")
    });
    assert!(read("docs/pictures.txt") == defined.concat(), "write it anew:\n{}", defined.concat());
}

/// The code in the first cells of the tables of a section.
fn first_cells<'a>(readme: &'a str, heading: &str) -> BTreeSet<&'a str> {
    let (_, rest) = readme.split_once(&format!("\n## {heading}\n")).expect("the heading");
    let lines = rest.lines().take_while(|line| !line.starts_with("## "));
    lines.filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0)).collect()
}

#[test]
fn the_readme_lists_all_examples_and_features() {
    if root().join("Cargo.toml.orig").exists() {
        return; // the published package, which leaves out an example
    }
    let (readme, manifest) = (read("README.md"), read("Cargo.toml"));
    let entries = fs::read_dir(root().join("examples")).expect("the examples").flatten();
    let names = entries.filter_map(|entry| entry.path().file_stem()?.to_str().map(str::to_owned));
    let names: BTreeSet<_> = names.filter(|name| name != "common").collect();
    assert_eq!(first_cells(&readme, "Examples"), names.iter().map(String::as_str).collect());

    let (_, features) = manifest.split_once("[features]\n").expect("features");
    let lines = features.lines().take_while(|line| !line.starts_with('['));
    let names = lines.filter_map(|line| Some(line.split_once(" = ")?.0));
    assert_eq!(
        first_cells(&readme, "The first program"),
        names.filter(|name| *name != "default").collect()
    );

    let version =
        manifest.split("\nrust-version = \"").nth(1).and_then(|rest| rest.split('"').next());
    let version = version.expect("a rust-version");
    assert!(
        readme.contains(&format!("\nThe declared minimum is Rust {version};")),
        "Rust {version}"
    );
}
