//! Running callbacks: user code, one callback after another, in the order of events.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::Engine;
use super::call::{Complete, Ending};
use super::chair::{Next, Pushed};
use super::login::{Asked, LoginDone};
use super::threads::Alive;
use crate::error::Error;
use crate::error_code::fpnn;
use crate::events::{self, ConnectionState};
use crate::guard::{self, guarded, set_in_callback};
use crate::options::Callbacks;
use crate::push::Push;
use crate::session::{LoginEnd, SessionEvent};
use crate::types::{Gap, ProgressHandler};
use crate::wire::answer::Answer;
use crate::wire::package::Encoding;
use log::Level;

/// How much more than twice `max_undelivered_bytes` may wait while the session waits for an answer of its own.
const OVER: usize = 4 << 20;

/// Events in order, with one buffer for all their payloads.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) items: VecDeque<Item>,
}

pub(super) enum Item {
    /// An answer; `complete` is `None` until the call is taken from the table, and if the call has ended.
    Answer {
        seq: u32,
        complete: Option<Complete>,
        status: u8,
        encoding: Encoding,
        at: Range<usize>,
    },
    Failed {
        ending: Ending,
        error: Error,
    },
    Push {
        push: Push,
        encoding: Encoding,
        at: Range<usize>,
    },
    Event(SessionEvent),
    /// The new state of the connection.
    State(ConnectionState),
    /// A gap.
    Gap(Gap),
    /// A question to the program.
    Ask(Asked),
    Login {
        done: LoginDone,
        end: LoginEnd,
    },
    Progress {
        handler: ProgressHandler,
        sent: u64,
        total: u64,
    },
    /// A handler of the program that is no longer needed: dropping it is user code.
    Dropped(ProgressHandler),
}

impl Item {
    /// Runs the item if it is the answer to a waited-for call, and not larger than `most`.
    fn run_for_waiter(&mut self, bytes: &[u8], most: usize, engine: &Engine) -> bool {
        let Item::Answer { complete, status, encoding, at, .. } = self else { return false };
        let waited_for = complete.as_ref().is_some_and(|complete| complete.at_once);
        if !waited_for || at.len() > most {
            return false;
        }
        let Some(Complete { ending, .. }) = complete.take() else { return false };
        let payload = bytes.get(at.clone()).unwrap_or(&[]);
        engine.call_ended();
        ending(Ok(Answer { status: *status, encoding: *encoding, payload }));
        true
    }
}

impl Batch {
    /// Runs the answers to waited-for calls, on this thread.
    pub(super) fn run_for_waiters(&mut self, most: usize, engine: &Engine) {
        let Batch { bytes, items } = self;
        items.retain_mut(|item| !item.run_for_waiter(bytes, most, engine));
    }

    /// The batch for reuse, without the extra memory of a large batch.
    pub(super) fn emptied(mut self) -> Batch {
        self.bytes.clear();
        if self.bytes.capacity() > 1 << 18 || self.items.capacity() > 1 << 11 {
            self = Batch::default();
        }
        self
    }
}

/// The data that waits for its callbacks.
#[derive(Default)]
pub(super) struct Backlog {
    /// Callbacks that wait or run.
    callbacks: AtomicUsize,
    /// Bytes received that wait for their callbacks.
    bytes: AtomicUsize,
    /// Whether the thread in the chair has stopped reading until callbacks have caught up.
    reading_stopped: AtomicBool,
}

impl Backlog {
    pub(super) fn callbacks(&self) -> usize {
        self.callbacks.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, batch: &Batch) {
        self.callbacks.fetch_add(batch.items.len(), Ordering::Relaxed);
        self.bytes.fetch_add(batch.bytes.len() + item_bytes(batch.items.len()), Ordering::SeqCst);
    }

    /// Whether the thread in the chair should not read: from `limit` waiting bytes on, until half of them are handed
    /// over.
    pub(super) fn is_behind(&self, already: bool, limit: usize) -> bool {
        if !already && self.bytes.load(Ordering::SeqCst) < limit {
            return false;
        }
        self.reading_stopped.store(true, Ordering::SeqCst);
        // They may have caught up in between, and have seen no reason to wake anybody.
        !self.has_caught_up(limit)
    }

    /// Whether so much waits that reading cannot go on for an answer of the session's own either.
    pub(super) fn is_over(&self, limit: usize) -> bool {
        self.bytes.load(Ordering::SeqCst) >= limit.saturating_mul(2).saturating_add(OVER)
    }

    fn has_caught_up(&self, limit: usize) -> bool {
        self.bytes.load(Ordering::SeqCst) <= limit / 2
    }

    /// `items` callbacks have run, and `bytes` bytes are no longer needed. Returns whether reading goes on now.
    fn remove(&self, items: usize, bytes: usize, limit: usize) -> bool {
        self.callbacks.fetch_sub(items, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes + item_bytes(items), Ordering::SeqCst);
        self.reading_stopped.load(Ordering::SeqCst)
            && self.has_caught_up(limit)
            && self.reading_stopped.swap(false, Ordering::SeqCst)
    }
}

fn item_bytes(items: usize) -> usize {
    items * size_of::<Item>()
}

/// The part of a batch to run before the runner does other work.
pub(super) enum Until {
    /// All of it.
    TheEnd,
    /// This number of callbacks, or until the timer thread reports that a millisecond is over.
    Next(usize),
}

/// The rest of a batch.
pub(super) enum Left {
    /// The callbacks that have not run.
    Rest(Batch),
    /// An empty batch to be used again.
    Spare(Batch),
}

impl Engine {
    /// Queues callbacks, and makes sure that they run. Not for the thread in the chair.
    pub(super) fn deliver(self: &Arc<Self>, batch: Batch) {
        if batch.items.is_empty() {
            return;
        }
        self.backlog.add(&batch);
        match self.chair.push(batch) {
            Pushed::Seen => {}
            Pushed::Wake => self.wake_sleeper(),
            Pushed::Run => self.run_apart(),
            Pushed::Tell => self.tell_ready(),
        }
    }

    /// Tells the program that callbacks wait for it.
    pub(super) fn tell_ready(&self) {
        if let Some(ready) = &self.options.callbacks_ready {
            let nested = set_in_callback(true);
            guarded("callbacks_ready", || (ready.0)());
            set_in_callback(nested);
        }
    }

    /// Runs the queue on its own thread, because there is no `rtm-io`.
    pub(super) fn run_apart(self: &Arc<Self>) {
        let engine = self.clone();
        let started = self.spawn("rtm-callback", move || engine.run_left_over());
        if let Err(error) = started {
            // Better inside the call than never.
            guard::log(
                Level::Error,
                "rtm_client::engine",
                format_args!("no thread for callbacks: {error}"),
            );
            let _alive = Alive::new(self.clone());
            self.run_left_over();
        }
    }

    /// Runs the queue until it is empty, or until the thread of a new run takes over.
    pub(super) fn run_left_over(&self) {
        let nested = set_in_callback(true);
        loop {
            match self.chair.left_over() {
                Next::Run(batch) => drop(self.run_batch(batch, Until::TheEnd)),
                Next::End { wake: true } => break self.wake_sleeper(),
                _ => break,
            }
        }
        set_in_callback(nested);
    }

    /// Runs callbacks on the calling thread: see `RtmClient::run_callbacks`.
    pub(crate) fn run_callbacks(&self, timeout: Duration) -> Result<usize, Error> {
        if self.options.callbacks != Callbacks::Manual {
            return Err(forbidden("run_callbacks needs the option Callbacks::Manual"));
        }
        if guard::on_callback_thread() {
            return Err(forbidden(
                "run_callbacks inside a callback: the loop around it runs the next one",
            ));
        }
        if !self.chair.run_here() {
            return Err(forbidden("run_callbacks runs already, on another thread"));
        }
        let nested = set_in_callback(true);
        let now = Instant::now();
        let mut until = now.checked_add(timeout);
        // What the callbacks themselves bring about is for the next time: otherwise there might be no end.
        let (mut ran, mut due) = (0, None);
        while due.is_none_or(|due| ran < due) {
            let Some(batch) = self.chair.wait_here(until, false) else { break };
            due.get_or_insert_with(|| self.backlog.callbacks());
            ran += batch.items.len();
            self.run_batch(batch, Until::TheEnd);
            until = Some(now);
        }
        set_in_callback(nested);
        self.chair.leave_here();
        if self.backlog.callbacks() > 0 {
            self.tell_ready();
        }
        Ok(ran)
    }

    /// Waits until the threads of the client are gone and every callback has run; runs the callbacks here if no other
    /// thread does. Returns `false` after `timeout`. Not inside a callback.
    pub(crate) fn wait_for_callbacks(&self, timeout: Duration) -> bool {
        if self.options.callbacks == Callbacks::Thread {
            return self.wait_for_threads(timeout);
        }
        let until = Instant::now().checked_add(timeout);
        let left =
            || until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()));
        loop {
            if self.chair.run_here() {
                let nested = set_in_callback(true);
                while let Some(batch) = self.chair.wait_here(until, true) {
                    self.run_batch(batch, Until::TheEnd);
                    if left().is_zero() {
                        break;
                    }
                }
                set_in_callback(nested);
                self.chair.leave_here();
            }
            if !self.wait_for_threads(left()) {
                return false;
            }
            if self.backlog.callbacks() == 0 {
                return true;
            }
            // Another thread runs them, and takes its time.
            if left().is_zero() {
                return false;
            }
            self.chair.wait_for_leave(until);
        }
    }

    /// Runs a batch until that time.
    pub(super) fn run_batch(&self, mut batch: Batch, until: Until) -> Left {
        let Batch { bytes, items } = &mut batch;
        let (most, may_leave) = match until {
            Until::TheEnd => (usize::MAX, false),
            Until::Next(most) => (most, true),
        };
        let mut ran = 0;
        while let Some(item) = items.pop_front() {
            run_item(self, bytes, item);
            ran += 1;
            // Nobody has to write where no call was made.
            let full = ran >= most && self.counters.queued_bytes.get() > 0;
            if full || (may_leave && self.chair.is_in_a_hurry()) {
                break;
            }
        }
        let done = items.is_empty();
        let bytes = if done { bytes.len() } else { 0 };
        if self.backlog.remove(ran, bytes, self.options.max_undelivered_bytes) {
            self.wake_io();
        }
        if done { Left::Spare(batch.emptied()) } else { Left::Rest(batch) }
    }
}

fn forbidden(message: &'static str) -> Error {
    Error::new(fpnn::CORE_FORBIDDEN, message)
}

fn run_item(engine: &Engine, bytes: &[u8], item: Item) {
    match item {
        Item::Answer { complete, status, encoding, at, .. } => {
            let Some(Complete { ending, .. }) = complete else { return };
            let payload = bytes.get(at).unwrap_or(&[]);
            guarded("callback", || ending(Ok(Answer { status, encoding, payload })));
            engine.call_ended();
        }
        Item::Failed { ending, error } => {
            guarded("callback", || ending(Err(error)));
            engine.call_ended();
        }
        Item::Push { push, encoding, at } => {
            let payload = bytes.get(at).unwrap_or(&[]);
            let now = Instant::now();
            let delivered =
                engine.processor.deliver(push, encoding, payload, engine.own_uid(), now);
            if let Err(error) = delivered {
                engine.listeners.emit(events::ERROR_RECORDER, &error);
            }
        }
        Item::Event(event) => match event {
            SessionEvent::Error(error) => engine.listeners.emit(events::ERROR_RECORDER, &error),
            SessionEvent::ReloginCompleted(completed) => {
                engine.listeners.emit(events::RELOGIN_COMPLETED, &completed);
            }
            SessionEvent::Closed(code) => engine.listeners.emit(events::SESSION_CLOSED, &code),
        },
        Item::State(state) => engine.listeners.emit(events::CONNECTION_STATE, &state),
        Item::Gap(gap) => engine.listeners.emit(events::GAP, &gap),
        Item::Ask(asked) => asked.ask(engine),
        Item::Login { done, end } => done.call(&end),
        Item::Progress { handler, sent, total } => {
            guarded("progress handler", move || handler(sent, total))
        }
        Item::Dropped(handler) => guarded("progress handler's drop", move || drop(handler)),
    }
}
