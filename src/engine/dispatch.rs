//! The callback thread: runs user code, one callback after another, in completion order.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::call::Ending;
use super::login::ask_program;
use super::{Complete, Engine, LoginDone};
use crate::error::Error;
use crate::error_code::fpnn;
use crate::events;
use crate::guard::{guarded, set_in_callback};
use crate::options::Callbacks;
use crate::push::Push;
use crate::session::{Question, SessionEvent};
use crate::types::ProgressHandler;
use crate::wire::answer::Answer;
use crate::wire::package::Encoding;

/// Things that happened, in order, with one buffer for the payloads of all of them.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) items: Vec<Item>,
}

pub(super) enum Item {
    /// An answer; `complete` is `None` until it is taken from the table, and where nobody waits for it any more.
    Answer {
        seq: u32,
        complete: Option<Complete>,
        status: u8,
        encoding: Encoding,
        at: Range<usize>,
    },
    Failed {
        complete: Ending,
        error: Error,
    },
    Push {
        push: Push,
        encoding: Encoding,
        at: Range<usize>,
    },
    Event(SessionEvent),
    /// What the program is asked on behalf of the login of that epoch.
    Ask {
        question: Question,
        epoch: u64,
    },
    Login {
        done: LoginDone,
        ok: bool,
        error_code: i32,
    },
    Progress {
        handler: ProgressHandler,
        sent: u64,
        total: u64,
    },
}

impl Item {
    /// Runs the item if it is the answer to a call that is waited for, and not larger than `most`.
    fn run_for_waiter(&mut self, bytes: &[u8], most: usize, in_flight: &AtomicUsize) -> bool {
        let Item::Answer { complete, status, encoding, at, .. } = self else { return false };
        if !matches!(complete, Some(Complete::Waiter(_))) || at.len() > most {
            return false;
        }
        let Some(Complete::Waiter(ending)) = complete.take() else { return false };
        let payload = bytes.get(at.clone()).unwrap_or(&[]);
        in_flight.fetch_sub(1, Ordering::Relaxed);
        ending(Ok(Answer { status: *status, encoding: *encoding, payload }));
        true
    }
}

impl Batch {
    /// Runs the answers that are waited for, on this thread. Returns how many.
    pub(super) fn run_for_waiters(&mut self, most: usize, in_flight: &AtomicUsize) {
        let Batch { bytes, items } = self;
        items.retain_mut(|item| !item.run_for_waiter(bytes, most, in_flight));
    }
}

/// For how many callbacks at the most the I/O thread is left asleep.
const DEFERRED_FOR: usize = 256;

/// How many batches are kept to be used again.
const SPARE: usize = 32;

/// The queue of callbacks.
pub(super) struct Dispatch {
    /// Guards the batches that wait for the callback thread, and those to be used again.
    queue: Mutex<Queue>,
    /// With `queue`: a batch waits. Not a channel, whose receiver spins before it sleeps, and so takes the CPU from the
    /// threads it waits for where it shares theirs.
    queued: Condvar,
    manual: bool,
    /// Whether somebody runs callbacks, or is about to.
    running: AtomicBool,
    /// For how many I/O threads the callback thread waits when the queue is empty.
    stays: AtomicUsize,
    /// Callbacks that wait or run.
    waiting: AtomicUsize,
    /// Bytes received that wait for their callbacks.
    undelivered: AtomicUsize,
    /// Whether the I/O thread has stopped reading until callbacks have caught up.
    reading_stopped: AtomicBool,
    /// Whether callbacks have made calls for which the I/O thread was not woken.
    deferred: AtomicBool,
}

#[derive(Default)]
struct Queue {
    batches: VecDeque<Batch>,
    spare: Vec<Batch>,
}

impl Queue {
    fn take(&mut self) -> Option<Batch> {
        let batch = self.batches.pop_front();
        if self.batches.is_empty() && self.batches.capacity() > 1024 {
            self.batches = VecDeque::new();
        }
        batch
    }
}

impl Dispatch {
    pub(super) fn new(callbacks: Callbacks) -> Dispatch {
        Dispatch {
            queue: Mutex::default(),
            queued: Condvar::new(),
            manual: callbacks == Callbacks::Manual,
            running: AtomicBool::new(false),
            stays: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            undelivered: AtomicUsize::new(0),
            reading_stopped: AtomicBool::new(false),
            deferred: AtomicBool::new(false),
        }
    }

    pub(super) fn fresh_batch(&self) -> Batch {
        self.queue.lock().spare.pop().unwrap_or_default()
    }

    /// How many callbacks wait or run.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// A call was made for which the I/O thread was not woken.
    pub(super) fn wake_later(&self) {
        self.deferred.store(true, Ordering::Relaxed);
    }

    /// Keeps a batch that is not needed any more, to be used again.
    pub(super) fn keep(&self, mut batch: Batch) {
        batch.bytes.clear();
        batch.items.clear();
        if batch.bytes.capacity() <= 1 << 18 && batch.items.capacity() <= 1 << 11 {
            let mut queue = self.queue.lock();
            if queue.spare.len() < SPARE {
                queue.spare.push(batch);
            }
        }
    }

    /// Queues a batch. `true` if the caller has to start the callback thread.
    pub(super) fn push(&self, batch: Batch) -> bool {
        self.waiting.fetch_add(batch.items.len(), Ordering::Relaxed);
        let size = batch.bytes.len() + batch.items.len() * size_of::<Item>();
        self.undelivered.fetch_add(size, Ordering::SeqCst);
        self.put(batch);
        !self.manual
            && !self.running.load(Ordering::SeqCst)
            && !self.running.swap(true, Ordering::SeqCst)
    }

    fn put(&self, batch: Batch) {
        self.queue.lock().batches.push_back(batch);
        self.queued.notify_one();
    }

    fn next(&self) -> Option<Batch> {
        self.queue.lock().take()
    }

    /// The next batch, waited for until then. `None` waits for ever.
    fn wait(&self, until: Option<Instant>) -> Option<Batch> {
        let mut queue = self.queue.lock();
        while queue.batches.is_empty() {
            match until {
                None => self.queued.wait(&mut queue),
                Some(until) => {
                    if self.queued.wait_until(&mut queue, until).timed_out() {
                        break;
                    }
                }
            }
        }
        queue.take()
    }

    pub(super) fn not_started(&self) {
        self.running.store(false, Ordering::SeqCst);
    }

    /// From now on the callback thread outlives an empty queue.
    pub(super) fn stay(&self) {
        self.stays.fetch_add(1, Ordering::SeqCst);
    }

    /// Takes one [`stay`](Self::stay) back.
    pub(super) fn need_not_stay(&self) {
        self.stays.fetch_sub(1, Ordering::SeqCst);
        // It may be waiting already: let it look again.
        self.put(Batch::default());
    }

    /// Whether the I/O thread should not read: from `limit` bytes waiting for callbacks on, until half of them are
    /// handed over. Then it is woken.
    pub(super) fn is_behind(&self, already: bool, limit: usize) -> bool {
        if !already && self.undelivered.load(Ordering::SeqCst) < limit {
            return false;
        }
        self.reading_stopped.store(true, Ordering::SeqCst);
        // They may have caught up in between, and have seen no reason to wake anybody.
        !self.has_caught_up(limit)
    }

    fn has_caught_up(&self, limit: usize) -> bool {
        self.undelivered.load(Ordering::SeqCst) <= limit / 2
    }
}

/// The callback thread.
pub(super) fn run(engine: &Engine) {
    let dispatch = &engine.dispatch;
    set_in_callback(true);
    loop {
        if let Some(batch) = dispatch.next() {
            run_batch(engine, batch);
        } else if dispatch.stays.load(Ordering::SeqCst) > 0 {
            if let Some(batch) = dispatch.wait(None) {
                run_batch(engine, batch);
            }
        } else {
            // Whoever queues after this store starts a new thread, unless this one takes the work back.
            dispatch.running.store(false, Ordering::SeqCst);
            if dispatch.queue.lock().batches.is_empty()
                || dispatch.running.swap(true, Ordering::SeqCst)
            {
                return;
            }
        }
    }
}

/// `run_callbacks`: what is queued, or what comes within `timeout`.
pub(super) fn run_on_this_thread(engine: &Engine, timeout: Duration) -> Result<usize, Error> {
    let dispatch = &engine.dispatch;
    if !dispatch.manual {
        return Err(forbidden("run_callbacks needs the option Callbacks::Manual"));
    }
    if dispatch.running.swap(true, Ordering::SeqCst) {
        return Err(forbidden("run_callbacks runs already, on another thread or around this one"));
    }
    let nested = set_in_callback(true);
    let until = Instant::now().checked_add(timeout);
    let mut ran = 0;
    loop {
        let batch = match dispatch.next() {
            Some(batch) => batch,
            None if ran > 0 => break,
            None => match dispatch.wait(until) {
                Some(batch) => batch,
                None => break,
            },
        };
        ran += run_batch(engine, batch);
    }
    set_in_callback(nested);
    dispatch.running.store(false, Ordering::SeqCst);
    Ok(ran)
}

fn forbidden(message: &'static str) -> Error {
    Error::new(fpnn::CORE_FORBIDDEN, message)
}

fn run_batch(engine: &Engine, mut batch: Batch) -> usize {
    let Batch { bytes, items } = &mut batch;
    let ran = items.len();
    let dispatch = &engine.dispatch;
    for (number, item) in items.drain(..).enumerate() {
        run_item(engine, bytes, item);
        let time_to_wake = (number + 1) % DEFERRED_FOR == 0 || number + 1 == ran;
        if time_to_wake && dispatch.deferred.swap(false, Ordering::Relaxed) {
            engine.wake_for_deferred();
        }
    }
    dispatch.waiting.fetch_sub(ran, Ordering::Relaxed);
    dispatch.undelivered.fetch_sub(bytes.len() + ran * size_of::<Item>(), Ordering::SeqCst);
    let limit = engine.options.max_undelivered_bytes;
    if dispatch.reading_stopped.load(Ordering::SeqCst)
        && dispatch.has_caught_up(limit)
        && dispatch.reading_stopped.swap(false, Ordering::SeqCst)
    {
        engine.wake_io();
    }
    dispatch.keep(batch);
    ran
}

fn run_item(engine: &Engine, bytes: &[u8], item: Item) {
    match item {
        Item::Answer { complete, status, encoding, at, .. } => {
            let Some(Complete::Callback(ending) | Complete::Waiter(ending)) = complete else {
                return;
            };
            let payload = bytes.get(at).unwrap_or(&[]);
            guarded("callback", || ending(Ok(Answer { status, encoding, payload })));
            engine.in_flight.fetch_sub(1, Ordering::Relaxed);
        }
        Item::Failed { complete, error } => {
            guarded("callback", || complete(Err(error)));
            engine.in_flight.fetch_sub(1, Ordering::Relaxed);
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
        Item::Ask { question, epoch } => engine.answer(epoch, ask_program(engine, question)),
        Item::Login { done, ok, error_code } => {
            guarded("login callback", || (done.run)(ok, error_code))
        }
        Item::Progress { handler, sent, total } => {
            guarded("progress handler", || handler(sent, total))
        }
    }
}
