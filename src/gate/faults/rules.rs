//! The decision which fault strikes when.

use std::time::Duration;

use rmpv::ValueRef;

use crate::gate::store::ConversationId;
use crate::wire::payload::Fields;

/// The size of the package that one version of the service's server frames wrongly.
const MISFRAMED: usize = 126;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gate) enum Action {
    Delay(Duration),
    Late(Duration),
    Never,
    Twice,
    Error(i32),
    Reorder(usize),
    Truncate(usize),
    Garbage,
    Split(usize),
    Join(usize),
    WrongSeq,
    BrokenFrame,
    Close,
    Reset,
    StopReading,
    StopPinging,
    HalfOpen,
}

/// Where a package is when a fault may strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gate) enum Stage {
    /// A quest of the client, before anything is done.
    Quest,
    /// An answer of that many bytes, about to be sent.
    Answer(usize),
    /// A quest of the gate of that many bytes, about to be sent.
    Push(usize),
}

impl Action {
    fn fits(self, stage: Stage) -> bool {
        match (self, stage) {
            (Action::BrokenFrame, Stage::Answer(len) | Stage::Push(len)) => len == MISFRAMED,
            (Action::Delay(_), _) => !matches!(stage, Stage::Answer(_)),
            (Action::Error(_), _) => stage == Stage::Quest,
            (Action::WrongSeq, _) => matches!(stage, Stage::Answer(_)),
            _ => stage != Stage::Quest,
        }
    }
}

/// What a package is about, as far as its fields say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::gate) struct About {
    mtype: Option<i64>,
    conversation: Option<ConversationId>,
}

impl About {
    /// `caller` is who sends the package; none is the gate.
    pub(in crate::gate) fn read(method: &[u8], caller: Option<i64>, fields: &Fields<'_>) -> About {
        let int = |key| match fields.get(key)? {
            ValueRef::Integer(int) => int.as_i64(),
            ValueRef::F64(float) => Some(*float as i64),
            _ => None,
        };
        let from = caller.or(int("from")).unwrap_or(0);
        let named = || match method {
            b"getmsg" | b"delmsg" => match (int("type")?, int("xid")?) {
                (1, xid) => Some(ConversationId::p2p(from, xid)),
                (2, xid) => Some(ConversationId::Group(xid)),
                (3, xid) => Some(ConversationId::Room(xid)),
                (4, _) => Some(ConversationId::Broadcast),
                _ => None,
            },
            _ if method.windows(9).any(|part| part == b"broadcast") => {
                Some(ConversationId::Broadcast)
            }
            _ => None,
        };
        let p2p = int("to").or(int("ouid")).map(|other| ConversationId::p2p(from, other));
        let conversation = (int("gid").map(ConversationId::Group))
            .or(int("rid").map(ConversationId::Room))
            .or(p2p)
            .or_else(named);
        About { mtype: int("mtype"), conversation }
    }
}

#[derive(Clone, Debug)]
pub(in crate::gate) struct Rule {
    pub(in crate::gate) method: Option<String>,
    pub(in crate::gate) uid: Option<i64>,
    pub(in crate::gate) mtype: Option<i64>,
    pub(in crate::gate) conversation: Option<ConversationId>,
    /// How many packages that fit are let through first.
    pub(in crate::gate) skip: u64,
    /// How often it strikes yet; without, always.
    pub(in crate::gate) left: Option<u64>,
    pub(in crate::gate) chance: Option<Chance>,
    pub(in crate::gate) action: Action,
}

impl Rule {
    pub(in crate::gate) fn new(method: Option<String>, action: Action) -> Rule {
        Rule {
            method,
            uid: None,
            mtype: None,
            conversation: None,
            skip: 0,
            left: None,
            chance: None,
            action,
        }
    }

    fn looks_inside(&self) -> bool {
        self.mtype.is_some() || self.conversation.is_some()
    }

    fn fits(&self, stage: Stage, method: &[u8], uid: i64, about: &About) -> bool {
        self.action.fits(stage)
            && self.method.as_ref().is_none_or(|name| name.as_bytes() == method)
            && self.uid.is_none_or(|wanted| wanted == uid)
            && self.mtype.is_none_or(|wanted| about.mtype == Some(wanted))
            && self.conversation.is_none_or(|wanted| about.conversation == Some(wanted))
    }

    /// Whether it strikes a package that fits.
    fn strikes(&mut self) -> bool {
        if self.left == Some(0) {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.chance.as_mut().is_none_or(Chance::strikes)
    }
}

#[derive(Clone, Copy, Debug)]
pub(in crate::gate) struct Chance {
    pub(in crate::gate) probability: f64,
    state: u64,
}

impl Chance {
    pub(in crate::gate) fn new(probability: f64, seed: u64) -> Chance {
        Chance { probability, state: seed }
    }

    /// SplitMix64: the same numbers for the same seed, whatever becomes of the libraries.
    fn strikes(&mut self) -> bool {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        ((mixed >> 11) as f64) < self.probability * (1_u64 << 53) as f64
    }
}

/// The faults that are set.
#[derive(Default)]
pub(in crate::gate) struct Rules {
    rules: Vec<Rule>,
    struck: u64,
}

impl Rules {
    pub(in crate::gate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    pub(in crate::gate) fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    /// Whether what packages are about matters to any.
    pub(in crate::gate) fn look_inside(&self) -> bool {
        self.rules.iter().any(Rule::looks_inside)
    }

    pub(in crate::gate) fn struck(&self) -> u64 {
        self.struck
    }

    pub(in crate::gate) fn add(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    pub(in crate::gate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// What goes wrong with the package, if anything does.
    pub(in crate::gate) fn strike(
        &mut self,
        stage: Stage,
        method: &[u8],
        uid: i64,
        about: &About,
    ) -> Option<Action> {
        let mut rules = self.rules.iter_mut();
        let at = rules.position(|rule| rule.fits(stage, method, uid, about) && rule.strikes())?;
        let rule = self.rules.get_mut(at)?;
        let action = rule.action;
        if let Some(left) = &mut rule.left {
            *left -= 1;
            if *left == 0 {
                self.rules.remove(at);
            }
        }
        self.struck += 1;
        Some(action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::package::Encoding;
    use crate::wire::payload;

    fn rule(method: &str, action: Action) -> Rule {
        Rule::new(Some(method.to_owned()), action)
    }

    fn rules(rules: Vec<Rule>) -> Rules {
        Rules { rules, struck: 0 }
    }

    #[test]
    fn the_first_that_fits_strikes_until_it_is_used_up() {
        let twice = Rule { left: Some(1), uid: Some(7), ..rule("a", Action::Twice) };
        let mut rules = rules(vec![twice, rule("a", Action::Never), rule("b", Action::Error(1))]);
        let answer = Stage::Answer(16);
        let about = &About::default();
        assert_eq!(rules.strike(answer, b"a", 1, about), Some(Action::Never));
        assert_eq!(rules.strike(answer, b"a", 7, about), Some(Action::Twice));
        assert_eq!(rules.strike(answer, b"a", 7, about), Some(Action::Never));
        assert_eq!(rules.strike(answer, b"b", 7, about), None);
        assert_eq!(rules.strike(Stage::Quest, b"b", 7, about), Some(Action::Error(1)));
        assert_eq!((rules.struck, rules.rules.len()), (4, 2));
    }

    #[test]
    fn the_frame_defect_waits_for_its_size() {
        let mut rules = rules(vec![rule("a", Action::BrokenFrame)]);
        let about = &About::default();
        assert_eq!(rules.strike(Stage::Answer(125), b"a", 1, about), None);
        assert_eq!(rules.strike(Stage::Push(126), b"a", 1, about), Some(Action::BrokenFrame));
    }

    #[test]
    fn the_nth_alone_or_from_there_on() {
        let strikes = |rule: Rule| {
            let mut rules = rules(vec![rule]);
            let mut strike = || rules.strike(Stage::Quest, b"a", 1, &About::default()).is_some();
            [(); 5].map(|()| strike())
        };
        let third = Rule { skip: 2, left: Some(1), ..rule("a", Action::Error(1)) };
        assert_eq!(strikes(third.clone()), [false, false, true, false, false]);
        let two = Rule { left: Some(2), ..third.clone() };
        assert_eq!(strikes(two), [false, false, true, true, false]);
        let others = Rule { method: Some("b".to_owned()), ..third };
        assert_eq!(strikes(others), [false; 5]);
    }

    /// What a package of these fields is about.
    fn about(method: &str, caller: Option<i64>, json: &str) -> About {
        let read = |fields: &Fields<'_>| About::read(method.as_bytes(), caller, fields);
        payload::with_fields(Encoding::Json, json.as_bytes(), read).unwrap()
    }

    #[test]
    fn fields_say_what_a_package_is_about() {
        use ConversationId::{Broadcast, Group, Room};
        let p2p = ConversationId::p2p;
        for (method, caller, json, mtype, conversation) in [
            ("sendmsg", Some(1), r#"{"to":2,"from":9,"mtype":30}"#, Some(30), Some(p2p(1, 2))),
            ("sendfile", None, r#"{"from":3,"to":2,"mtype":50}"#, Some(50), Some(p2p(2, 3))),
            ("pushmsg", None, r#"{"from":2,"to":1,"mtype":51}"#, Some(51), Some(p2p(1, 2))),
            ("pushgroupmsg", None, r#"{"from":2,"gid":100}"#, None, Some(Group(100))),
            ("getroommsg", Some(1), r#"{"rid":200}"#, None, Some(Room(200))),
            ("getp2pmsg", Some(1), r#"{"ouid":2}"#, None, Some(p2p(1, 2))),
            ("getmsg", Some(1), r#"{"from":2,"type":1,"xid":2}"#, None, Some(p2p(1, 2))),
            ("delmsg", Some(1), r#"{"from":2,"type":2,"xid":7}"#, None, Some(Group(7))),
            ("getmsg", Some(1), r#"{"from":2,"type":4,"xid":0}"#, None, Some(Broadcast)),
            ("pushbroadcastmsg", None, r#"{"from":2}"#, None, Some(Broadcast)),
            ("getbroadcastmsg", Some(1), "{}", None, Some(Broadcast)),
            ("addoption", Some(1), r#"{"type":1,"xid":7}"#, None, None),
            ("ping", None, "{}", None, None),
            ("sendmsg", Some(1), r#"{"to":"x","mtype":1.0}"#, Some(1), None),
        ] {
            let expected = About { mtype, conversation };
            assert_eq!(about(method, caller, json), expected, "{method} {json}");
        }
    }

    #[test]
    fn only_what_it_is_about_is_struck() {
        let mut rules = rules(vec![Rule {
            mtype: Some(30),
            conversation: Some(ConversationId::Group(1)),
            ..rule("a", Action::Never)
        }]);
        assert!(rules.look_inside());
        let mut strike = |mtype, gid| {
            let conversation = Some(ConversationId::Group(gid));
            let about = About { mtype: Some(mtype), conversation };
            rules.strike(Stage::Push(16), b"a", 1, &about).is_some()
        };
        assert!(strike(30, 1));
        assert!(!strike(31, 1));
        assert!(!strike(30, 2));
    }

    #[test]
    fn a_seed_repeats_itself() {
        let run = |probability, seed| {
            let mut chance = Chance { probability, state: seed };
            (0..1000).map(|_| chance.strikes()).collect::<Vec<_>>()
        };
        assert_eq!(run(0.25, 1), run(0.25, 1));
        assert_ne!(run(0.25, 1), run(0.25, 2));
        let struck = run(0.25, 3).into_iter().filter(|struck| *struck).count();
        assert!((200..300).contains(&struck), "{struck}");
        assert!(run(1.0, 4).into_iter().all(|struck| struck));
        assert!(!run(0.0, 5).into_iter().any(|struck| struck));
    }
}
