//! The user's state that ends with the connection, to be set up again after a relogin. Pure.

use crate::options::ClientOptions;
use crate::wire::payload::MapWriter;

/// In how many rooms a user can be.
const MOST_ROOMS: usize = 10;

/// What a call that succeeded, or a push, changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Entered(Vec<i64>),
    Left(i64),
    Language(String),
}

impl Change {
    /// Whether the options ask for it to be resumed.
    pub(crate) fn counts(&self, options: &ClientOptions) -> bool {
        match self {
            Change::Entered(_) | Change::Left(_) => options.resume_rooms,
            Change::Language(_) => options.resume_language,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Resume {
    /// In the order in which they were entered: where one room at a time is allowed, the user ends up in the last.
    rooms: Vec<i64>,
    language: Option<String>,
}

/// What is called after a relogin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resumed<'a> {
    Language(&'a str),
    Room(i64),
}

impl Resume {
    pub(crate) fn apply(&mut self, change: Change) {
        match change {
            Change::Entered(rids) => {
                for rid in rids {
                    self.leave(rid);
                    self.rooms.push(rid);
                }
                // The gate refuses more; or it has let the user out of each when the next was entered.
                let excess = self.rooms.len().saturating_sub(MOST_ROOMS);
                self.rooms.drain(..excess);
            }
            Change::Left(rid) => self.leave(rid),
            // An empty one too: it switches off what the login may have asked for.
            Change::Language(language) => self.language = Some(language),
        }
    }

    fn leave(&mut self, rid: i64) {
        self.rooms.retain(|room| *room != rid);
    }

    pub(crate) fn rooms(&self) -> &[i64] {
        &self.rooms
    }

    /// The calls that bring everything back.
    pub(crate) fn calls(&self) -> impl Iterator<Item = Resumed<'_>> {
        let language = self.language.as_deref().map(Resumed::Language);
        language.into_iter().chain(self.rooms.iter().copied().map(Resumed::Room))
    }
}

impl Resumed<'_> {
    pub(crate) fn method(self) -> &'static str {
        match self {
            Resumed::Language(_) => "setlang",
            Resumed::Room(_) => "enterroom",
        }
    }

    pub(crate) fn write(self, map: &mut MapWriter<'_>) {
        match self {
            Resumed::Language(language) => map.text("lang", language),
            Resumed::Room(rid) => map.id("rid", rid),
        }
    }

    pub(crate) fn room(self) -> Option<i64> {
        match self {
            Resumed::Language(_) => None,
            Resumed::Room(rid) => Some(rid),
        }
    }

    /// What the program is told if it does not succeed.
    pub(crate) fn failure(self) -> String {
        match self {
            Resumed::Language(language) => {
                format!(
                    "the translation language {language:?} could not be set again after a relogin"
                )
            }
            Resumed::Room(rid) => {
                format!("room {rid} could not be entered again after a relogin")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(changes: impl IntoIterator<Item = Change>) -> Vec<String> {
        let mut resume = Resume::default();
        changes.into_iter().for_each(|change| resume.apply(change));
        resume.calls().map(|call| format!("{call:?}")).collect()
    }

    #[test]
    fn rooms_come_back_in_the_order_they_were_entered_last() {
        let entered = |rids: &[i64]| Change::Entered(rids.to_vec());
        let rooms = calls([entered(&[1]), entered(&[2, 3]), Change::Left(2), entered(&[1])]);
        assert_eq!(rooms, ["Room(3)", "Room(1)"]);
        assert_eq!(calls([entered(&[1]), Change::Left(1), Change::Left(7)]), [""; 0]);
        let many: Vec<_> = (1..=12).collect();
        assert_eq!(calls([entered(&many)]).first().map(String::as_str), Some("Room(3)"));
    }

    #[test]
    fn the_language_comes_first_and_only_the_latest() {
        let set = |language: &str| Change::Language(language.to_owned());
        let all = calls([Change::Entered(vec![1]), set("en"), set("fr")]);
        assert_eq!(all, ["Language(\"fr\")", "Room(1)"]);
        assert_eq!(calls([set("en"), set("")]), ["Language(\"\")"]);
    }
}
