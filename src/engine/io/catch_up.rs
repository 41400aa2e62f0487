//! The machine of [`catch_up`](crate::catch_up), told what happens and obeyed. Without the option there is none.

use std::ops::Range;
use std::sync::Arc;

use log::Level;

use super::Io;
use crate::catch_up::{self, Input, Message, Output, Question};
use crate::engine::Engine;
use crate::engine::call::{Kind, Told};
use crate::engine::callbacks::{Batch, Item};
use crate::guard;
use crate::push::{Category, Push};
use crate::resume::Change;
use crate::session::SessionEvent;
use crate::wire::package::Encoding;
use crate::wire::payload::write_map;

impl Io {
    /// Tells the machine what has happened, and does what it says.
    pub(super) fn catch_up(&mut self, engine: &Arc<Engine>, input: Input<Message>) {
        let Some(machine) = &mut self.catch_up else { return };
        let mut outputs = Vec::new();
        machine.step(self.now, input, &mut outputs);
        for output in outputs {
            match output {
                Output::Ask { id, question } => self.ask_service(engine, id, question),
                Output::HandOver(message) => self.batch.hand_over(message),
                Output::Gap(gap) => {
                    guard::log(
                        Level::Warn,
                        "rtm_client::catch_up",
                        format_args!("messages may be missing: {gap:?}"),
                    );
                    self.batch.items.push_back(Item::Gap(gap));
                }
            }
        }
    }

    /// Whether the push goes to the callbacks now. If not, the machine holds it.
    pub(super) fn passes(
        &mut self,
        engine: &Arc<Engine>,
        category: Category,
        encoding: Encoding,
        at: Range<usize>,
    ) -> bool {
        let Some(machine) = &mut self.catch_up else { return true };
        let payload = self.batch.bytes.get(at).unwrap_or(&[]);
        // What cannot be read is an error, which the callbacks find.
        let pushed = catch_up::pushed(category, encoding, payload, engine.own_uid());
        let Some(pushed) = pushed.filter(|pushed| !machine.passes(pushed)) else { return true };
        let push = Push::Message(category);
        let message = Message { push, encoding, payload: payload.to_vec() };
        self.catch_up(engine, Input::Pushed(pushed.with(message)));
        false
    }

    /// A call or a push has changed what is to be resumed.
    pub(super) fn changed(&mut self, engine: &Arc<Engine>, change: Change) {
        match &change {
            Change::Entered(rids) => {
                rids.iter().for_each(|&rid| self.catch_up(engine, Input::RoomEntered(rid)));
            }
            Change::Left(rid) => self.catch_up(engine, Input::RoomLeft(*rid)),
            Change::Language(_) => {}
        }
        self.resume.apply(change);
    }

    /// A call of the client's own has ended.
    pub(super) fn told(&mut self, engine: &Arc<Engine>, told: Told) {
        match told {
            Told::Answered { id, answer } => {
                self.catch_up(engine, Input::Answered { id, answer });
            }
            Told::Resumed { room, failed } => {
                if let Some(rid) = room {
                    let entered = failed.is_none();
                    let input = if entered { Input::RoomEntered } else { Input::RoomRefused };
                    self.catch_up(engine, input(rid));
                }
                if let Some(error) = failed {
                    self.emit(engine, SessionEvent::Error(error));
                }
            }
        }
    }

    /// Asks as the program would.
    fn ask_service(&self, engine: &Arc<Engine>, id: u32, question: Question) {
        let Some(options) = &engine.options.catch_up else { return };
        let uid = engine.own_uid();
        let complete = self
            .tells(engine, move |answer| Told::Answered { id, answer: question.read(uid, answer) });
        let payload = |out: &mut Vec<u8>| write_map(out, |map| question.write(options, map));
        let now = engine.now();
        engine.call(Kind::Call, question.method(), now, payload, None, complete);
    }
}

impl Batch {
    fn hand_over(&mut self, message: Message) {
        let Message { push, encoding, payload } = message;
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&payload);
        self.items.push_back(Item::Push { push, encoding, at: start..self.bytes.len() });
    }
}
