//! The permissions and the duties of the client.

use super::*;

impl World {
    pub(super) fn handed_over(&mut self, tag: Tag) -> Result<(), TestCaseError> {
        let all = &self.messages;
        let m = &all[tag.message];
        if tag.row {
            let shown = covered(m.mtype) && m.from != ME && !m.excluded && !tag.deleted;
            prop_assert!(shown, "not to be shown: {m:?}");
            let floor = self.floor(m.conversation);
            prop_assert!(m.mtime > floor, "older than the floor: {m:?}");
        }
        if m.handed_over {
            prop_assert!(self.plan.late_pushes && !tag.row && covered(m.mtype), "twice: {m:?}");
            return Ok(());
        }
        // A late push is of its own time.
        let late = self.plan.late_pushes && !tag.row;
        let told = self.gaps.iter().find(|(gap, sent, exact)| {
            (*exact || (tag.row && tag.message < *sent)) && World::is_late(gap, m)
        });
        prop_assert!(late || told.is_none(), "told as missing in {told:?}: {m:?}");
        let newer = all[tag.message + 1..].iter().filter(|n| n.conversation == m.conversation);
        let same_stay = |n: &&Message| m.stay.is_some() && n.stay == m.stay;
        let newer = newer.filter(same_stay).find(|n| n.handed_over && covered(n.mtype));
        // A row that was passed over or is gone, and its push comes after all.
        let floor = self.floor(m.conversation);
        let passed = self.plan.late_pushes && (!m.wanted() || m.forgotten || m.mtime <= floor);
        // What a gap has told of may come after all, where it is of the moment of the mark.
        let told = newer.is_some_and(|n| n.mtime == m.mtime && self.is_told(tag.message));
        let ordered = passed || told || !covered(m.mtype) || newer.is_none();
        prop_assert!(ordered, "{m:?} after {newer:?}");
        self.messages[tag.message].handed_over = true;
        Ok(())
    }

    pub(super) fn gap(&mut self, gap: Gap) -> Result<(), TestCaseError> {
        prop_assert!(gap.since <= gap.until, "{gap:?}");
        let named = CONVERSATIONS.into_iter().find(|&c| gap.conversation == c.into());
        let told = self.messages.len();
        let Some(conversation) = named else {
            prop_assert_eq!(&gap.conversation, &GapConversation::Unknown);
            prop_assert_eq!(self.free, Some(None), "without a reason: {:?}", gap);
            // Conversations with a mark are walked.
            let there =
                |c: &Conversation| gap.since == 0 || (listable(*c) && !self.marked.contains(c));
            let there = CONVERSATIONS.into_iter().filter(there).map(|c| (c, gap.clone(), told));
            self.unknown.extend(there.collect::<Vec<_>>());
            return Ok(());
        };
        prop_assert!(self.told.insert(conversation), "the second in this outage: {gap:?}");
        let missing = self.messages.iter().any(|m| {
            // That a message counted was not for this user can only be seen in its row.
            let wanted = covered(m.mtype) && m.from != ME;
            let there =
                m.conversation == conversation && (gap.since..=gap.until).contains(&m.mtime);
            wanted && there && !m.handed_over && !m.came
        });
        let free = self.owed.contains(&conversation)
            || self.free.is_some_and(|place| place.is_none_or(|place| place == conversation));
        let unsure = self.unsure.contains(&conversation) || self.deleted.contains(&conversation);
        prop_assert!(missing || free || unsure, "nothing is missing: {gap:?}");
        if self.owed.contains(&conversation) && self.rough.contains(&conversation) {
            // The floor of the room goes with it.
            let messages = self.messages.iter_mut().filter(|m| m.conversation == conversation);
            messages.filter(|m| m.mtime < gap.since).for_each(|message| message.stay = None);
        }
        // Of a room that is entered or left after the service told its time, the end is a little late.
        let asked = self.machine.clock.is_some_and(|clock| gap.until <= clock.service);
        let exact = asked || !matches!(conversation, Conversation::Room(_));
        self.gaps.push((gap, told, exact));
        Ok(())
    }

    /// What holds after each step.
    pub(super) fn consistent(&self) -> Result<(), TestCaseError> {
        let machine = &self.machine;
        let held = machine.backlogs.values().flat_map(|backlog| &backlog.held);
        prop_assert_eq!(held.map(|push| push.bytes).sum::<usize>(), machine.held_bytes);
        prop_assert!(machine.held_bytes <= MOST_HELD);
        prop_assert!(self.connected || (machine.running.is_none() && machine.held_bytes == 0));
        prop_assert!(machine.running.is_some() || machine.tasks.is_empty());
        for (conversation, backlog) in &machine.backlogs {
            match backlog.stage {
                Stage::Owed(_) => prop_assert!(!self.connected || machine.unlisted.is_some()),
                Stage::Unlisted | Stage::GivenUp => prop_assert!(machine.unlisted.is_some()),
                Stage::Outside | Stage::Refused | Stage::Entered | Stage::Walking(_) => {
                    prop_assert!(self.may_walk.contains(conversation), "held: {conversation:?}");
                }
            }
            if matches!(backlog.stage, Stage::Walking(_)) {
                let task = Task::Walk(*conversation);
                let asked = machine.running.as_ref().is_some_and(|running| running.task == task);
                prop_assert!(asked || machine.tasks.contains(&task), "forgotten: {conversation:?}");
            }
        }
        Ok(())
    }

    /// Every message the user has a right to has come, or lies in a gap.
    pub(super) fn judge(&self) -> Result<(), TestCaseError> {
        for (at, m) in self.messages.iter().enumerate() {
            let stayed = m.stay.is_some_and(|stay| self.stays[stay].known);
            if !stayed || !m.due || !m.wanted() || m.handed_over || m.excused {
                continue;
            }
            let floor = self.floor(m.conversation);
            let late = self.plan.late_pushes || self.rough.contains(&m.conversation);
            if m.mtime == floor || (late && m.mtime < floor) {
                continue;
            }
            prop_assert!(self.is_told(at), "lost: {m:?}, gaps {:?}", self.gaps);
        }
        Ok(())
    }

    /// Whether a gap covers the message.
    pub(super) fn is_told(&self, message: usize) -> bool {
        let m = &self.messages[message];
        let within =
            |gap: &Gap, told: usize| message < told && (gap.since..=gap.until).contains(&m.mtime);
        let here = |gap: &Gap| gap.conversation == m.conversation.into();
        self.gaps.iter().any(|(gap, told, _)| here(gap) && within(gap, *told))
            || self.unknown.iter().any(|(c, gap, told)| *c == m.conversation && within(gap, *told))
    }

    pub(super) fn floor(&self, conversation: Conversation) -> i64 {
        let place = CONVERSATIONS.iter().position(|&c| c == conversation);
        self.floors[place.expect("one of them")]
    }

    /// Whether the message cannot come any more since that gap is told. At the end of the gap messages of the same moment
    /// can.
    fn is_late(gap: &Gap, m: &Message) -> bool {
        let here = gap.conversation == m.conversation.into() && gap.until < i64::MAX;
        here && covered(m.mtype) && gap.since < m.mtime && m.mtime < gap.until
    }
}
