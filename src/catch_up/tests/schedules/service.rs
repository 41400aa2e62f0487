//! The service: its input, its data, its answers.

use super::*;

impl World {
    /// Time passes at the service; pushes on their way for long arrive.
    pub(super) fn pass(&mut self, ms: i64) {
        self.now += ms;
        self.clock += ms as Time * 1_000_000;
        while self.late.front().is_some_and(|(sent, _)| self.now - sent > 2000) {
            self.push_late();
        }
    }

    pub(super) fn push_late(&mut self) {
        if let Some((_, message)) = self.late.pop_front() {
            let early = self.plan.early_pushes;
            let behind = match self.down.back() {
                Some(Down::LoggedIn { .. }) if early => self.down.len() - 1,
                _ => self.down.len(),
            };
            self.down.insert(behind, Down::Push(message));
        }
    }

    pub(super) fn send(&mut self, how: u8) {
        let conversation = CONVERSATIONS[usize::from(how) % CONVERSATIONS.len()];
        let kind = how / 6;
        let rows = |now| {
            self.messages.iter().filter(move |m| m.conversation == conversation && m.mtime == now)
        };
        // More of one moment than a page holds is tested by itself.
        if rows(self.now).count() + 1 >= self.plan.rows.0 {
            self.pass(1);
        }
        let own = kind % 8 == 1;
        let peer = match conversation {
            Conversation::P2p(peer) => peer,
            _ => 5 + i64::from(kind % 2),
        };
        let kept: Vec<_> = self.log(conversation).map(|(id, _)| id).collect();
        for id in kept.iter().rev().skip(self.plan.kept - 1) {
            self.messages[*id].forgotten = true;
        }
        let room = match conversation {
            Conversation::Room(rid) => Some(rid),
            _ => None,
        };
        let from = if own { ME } else { peer };
        self.messages.push(Message {
            conversation,
            from,
            mid: self.messages.len() as i64 + 1000,
            mtype: if kind % 8 == 2 { OTHER } else { CHAT },
            mtime: self.now,
            excluded: kind % 8 == 3,
            deleted: false,
            forgotten: false,
            stay: self.staying.get(&room).copied(),
            due: false,
            came: false,
            excused: false,
            handed_over: false,
        });
        let reached = room.is_none_or(|rid| self.inside.contains(&rid));
        let pushed = from != ME || conversation == Conversation::Broadcast;
        if self.link == Link::Up && reached && pushed {
            self.late.push_back((self.now, self.messages.len() - 1));
            if !self.plan.late_pushes {
                self.push_late();
            }
        }
    }

    /// The rows of a conversation that the service still has.
    pub(super) fn log(
        &self,
        conversation: Conversation,
    ) -> impl Iterator<Item = (usize, &Message)> {
        let all = self.messages.iter().enumerate();
        all.filter(move |(_, m)| m.conversation == conversation && !m.forgotten)
    }

    pub(super) fn delete(&mut self, n: usize) {
        let back = self.messages.len().checked_sub(1 + n % 16);
        if let Some(message) = back.and_then(|at| self.messages.get_mut(at)) {
            message.deleted = true;
            self.deleted.insert(message.conversation);
        }
    }

    pub(super) fn log_in(&mut self) {
        if self.link != Link::Down {
            return;
        }
        self.link = Link::Up;
        let sent = self.messages.len();
        self.logged_in_at = sent;
        if !self.established {
            self.login.0 = self.now;
        }
        let before = self.staying.get(&None).copied();
        let stay = match before.filter(|&stay| self.established && self.stays[stay].known) {
            Some(stay) => stay,
            None => self.stay(None),
        };
        self.down.push_back(Down::LoggedIn { stay, sent });
    }

    pub(super) fn stay(&mut self, room: Option<i64>) -> usize {
        self.stays.push(Stay::default());
        let stay = self.stays.len() - 1;
        self.staying.insert(room, stay);
        stay
    }

    pub(super) fn kick_from_room(&mut self, rid: i64) {
        if self.inside.remove(&rid) {
            let stay = self.staying.remove(&Some(rid));
            self.answer(Down::Left { rid, stay });
        }
    }

    /// Sends something to the client, if it gets there.
    pub(super) fn answer(&mut self, down: Down) {
        if self.link == Link::Up {
            self.down.push_back(down);
        }
    }

    /// The service does what it was asked first.
    pub(super) fn serve(&mut self, how: u8) {
        if how % 4 == 0 {
            self.push_late();
        }
        if self.link == Link::Down {
            return self.log_in();
        }
        if self.link == Link::HalfOpen {
            return;
        }
        let sent = self.messages.len();
        match self.up.pop_front() {
            None => {}
            Some(Up::Enter(rid)) if how % 8 == 1 && !self.inside.contains(&rid) => {
                self.staying.remove(&Some(rid));
                self.answer(Down::Entered { rid, stay: None, sent });
            }
            Some(Up::Enter(rid)) => {
                let before = self.staying.get(&Some(rid)).copied();
                let inside = !self.inside.insert(rid);
                let stay = match before.filter(|&stay| inside || self.stays[stay].known) {
                    Some(stay) => stay,
                    None => self.stay(Some(rid)),
                };
                self.answer(Down::Entered { rid, stay: Some(stay), sent });
            }
            Some(Up::Leave(rid)) => {
                let stay = self.staying.remove(&Some(rid));
                self.inside.remove(&rid);
                self.answer(Down::Left { rid, stay });
            }
            Some(Up::Question(id, question)) => {
                let codes = [
                    rtm::API_FREQUENCY_LIMITED,
                    fpnn::CORE_TIMEOUT,
                    fpnn::CORE_WORK_QUEUE_FULL,
                    fpnn::CORE_SERVER_STOPPING,
                    FORBIDDEN,
                ];
                let answer = match how {
                    0..32 => Err(codes[usize::from(how) % 3]),
                    32..38 => Err(codes[usize::from(how) % 5]),
                    _ => self.give(question, usize::from(how)),
                };
                self.answer(Down::Answer(id, answer));
            }
        }
    }

    pub(super) fn give(&mut self, question: Question, how: usize) -> Result<Answer<Tag>, i32> {
        match question {
            Question::ServerTime => Ok(Answer::ServerTime(self.now)),
            Question::Unread { mtime } => Ok(Answer::Unread(self.unread(mtime))),
            Question::Page { conversation: Conversation::Room(rid), .. }
                if !self.inside.contains(&rid) =>
            {
                Err(NOT_IN_ROOM)
            }
            Question::Page { conversation, begin, lastid } => {
                Ok(Answer::Page(self.page(conversation, begin, lastid, how)))
            }
        }
    }

    pub(super) fn unread(&mut self, since: i64) -> Vec<Unread> {
        let mut list = Vec::new();
        for conversation in CONVERSATIONS.into_iter().filter(|&c| listable(c)) {
            let newer = |m: &Message| covered(m.mtype) && !m.deleted && m.mtime > since;
            let newer: Vec<_> = self.log(conversation).filter(|(_, m)| newer(m)).collect();
            let count = newer.iter().filter(|(_, m)| m.from != ME).count() as i64;
            let last = newer.last().map(|(id, m)| (*id as i64 + 1, m.mtime));
            if count > 0 {
                list.push(Unread { conversation, count, last });
            }
            let backlog = self.machine.backlogs.get(&conversation);
            let owed = matches!(backlog, Some(Backlog { stage: Stage::Owed(_), .. }));
            if backlog.is_none() {
                self.deleted.remove(&conversation);
            }
            let marked = self.machine.marks.contains_key(&conversation);
            if !marked || (count == 0 && !owed) {
                self.excuse(conversation);
            }
        }
        list
    }

    /// Nobody can know any more what the service has forgotten of the conversation.
    pub(super) fn excuse(&mut self, conversation: Conversation) {
        let messages = self.messages.iter_mut();
        for message in messages.filter(|m| m.conversation == conversation && m.forgotten) {
            message.excused = true;
        }
    }

    pub(super) fn page(
        &mut self,
        conversation: Conversation,
        begin: i64,
        lastid: i64,
        how: usize,
    ) -> Vec<Row<Tag>> {
        let marked = self.machine.marks.contains_key(&conversation);
        if self.paged.insert(conversation) && !marked && !listable(conversation) {
            self.excuse(conversation);
        }
        // What was counted and forgotten may be what was not to be handed over, or was pushed.
        let old = self.machine.from + 1..=self.machine.limits(conversation).floor;
        let forgotten = self.messages.iter().enumerate().filter(|(_, m)| m.forgotten);
        let mut there = forgotten.filter(|(_, m)| m.conversation == conversation);
        let pushed = self.logged_in_at..;
        if there.any(|(at, m)| m.mtime == begin || old.contains(&m.mtime) || pushed.contains(&at)) {
            self.unsure.insert(conversation);
        }
        let rows = self
            .log(conversation)
            .filter(|(id, m)| covered(m.mtype) && m.mtime >= begin && *id as i64 + 1 > lastid);
        let row = |(id, m): (usize, &Message)| Row {
            id: id as i64 + 1,
            from: m.from,
            mid: m.mid,
            mtime: m.mtime,
            own: m.from == ME,
            deleted: m.deleted,
            excluded: m.excluded,
            message: Tag { message: id, row: true, deleted: m.deleted },
        };
        let (least, most) = self.plan.rows;
        rows.take(least + how % (most - least + 1)).map(row).collect()
    }
}
