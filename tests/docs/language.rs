//! In which language a page is written.

use std::cell::RefCell;
use std::collections::BTreeMap;

/// English, or another language by what each English text is in it.
pub(crate) struct Language {
    words: Option<BTreeMap<&'static str, &'static str>>,
    /// From a page of the language to those in English.
    pub path_to_english: &'static str,
    /// The other language that the Chat page is there in, and where.
    pub other_edition: (&'static str, &'static str),
    /// What has no translation.
    missing: RefCell<Vec<String>>,
}

impl Language {
    pub(crate) fn english() -> Language {
        Language {
            words: None,
            path_to_english: "",
            other_edition: ("中文", "zh/"),
            missing: RefCell::default(),
        }
    }

    pub(crate) fn chinese() -> Language {
        Language {
            words: Some(crate::chinese::words()),
            path_to_english: "../",
            other_edition: ("English", "../"),
            missing: RefCell::default(),
        }
    }

    /// What has been asked for in vain.
    pub(crate) fn missing(&self) -> Vec<String> {
        self.missing.borrow().clone()
    }

    pub(crate) fn say(&self, english: &str) -> String {
        let Some(words) = &self.words else { return english.to_owned() };
        let is_name = english.starts_with("[`") && english.ends_with("`]") || english.is_empty();
        match words.get(english) {
            Some(text) => (*text).to_owned(),
            None if is_name => english.to_owned(),
            None => {
                self.missing.borrow_mut().push(english.to_owned());
                english.to_owned()
            }
        }
    }
}

/// A text whose links to items lead where `target` says, or nowhere.
pub(crate) fn links(text: &str, target: &dyn Fn(&str) -> Option<String>) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        result.push_str(before);
        rest = after;
        let Some((name, behind)) = after.split_once(']') else {
            result.push('[');
            continue;
        };
        let explicit = behind.strip_prefix('(').and_then(|behind| behind.split_once(')'));
        let (to, behind) = match explicit {
            Some((to, behind)) => (to, behind),
            None if name.starts_with('`') => (name.trim_matches('`'), behind),
            None => {
                result.push('[');
                continue;
            }
        };
        rest = behind;
        match target(to) {
            Some(to) => result.push_str(&format!("[{name}]({to})")),
            None if to.starts_with("http") => result.push_str(&format!("[{name}]({to})")),
            None => result.push_str(name),
        }
    }
    result + rest
}
