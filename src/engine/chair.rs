//! The hand-over: which thread does I/O, and which thread runs callbacks.
//!
//! All data that only the I/O role touches is one value, `I`. A thread that takes this value out of the desk *sits in the
//! chair*, and puts the value back before it runs callbacks, which wait in the desk's queue in batches `B`. Usually
//! `rtm-io` does both, in turn. While a callback takes long, the relief sits, and `rtm-io` goes on with the queue until
//! the relief gives the chair back.
//!
//! Invariants, which `tests/model` checks under schedules of every kind:
//!
//! * One thread sits at a time, and one thread runs callbacks at a time, in the order in which the batches came.
//! * A thread sits only in the chair of its own run.
//! * If batches wait and no thread runs callbacks, the thread that sits learns of them before it sleeps.
//! * While `rtm-io` runs callbacks, the chair is free or the relief sits, and the timer thread watches a free chair.
//!
//! No user code runs, and no user value is dropped, under the lock or while a thread sits. The one exception is
//! `callbacks_ready`, which the thread that sits calls if the program runs the callbacks.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::sync::{Condvar, Mutex, MutexGuard};

pub(super) struct Chair<I, B> {
    /// Guards the chair, the queue, and the roles of the threads.
    desk: Mutex<Desk<I, B>>,
    /// With `desk`, wakes the thread that runs callbacks: there are callbacks, the chair is given back, or the run is
    /// over.
    runner: Condvar,
    /// With `desk`, wakes the relief: the relief is called, or its run is over.
    relief: Condvar,
    /// Whether the thread that runs callbacks should return to the chair before the next callback. A hint, written by the
    /// timer thread.
    hurry: AtomicBool,
    /// The program runs the callbacks: `rtm-io` only sits.
    manual: bool,
}

struct Desk<I, B> {
    /// The run of the chair; 0 between runs.
    run: u64,
    /// `None` while a thread sits, and between runs.
    io: Option<I>,
    queue: VecDeque<B>,
    /// Whether a thread runs callbacks.
    running: bool,
    /// Whether `rtm-io` has left the chair for callbacks and is not back yet.
    away: bool,
    /// How often `rtm-io` has left.
    left: u64,
    /// The value of `left` at the timer thread's latest look; `None` while the timer thread does not look.
    seen: Option<u64>,
    relief: Relief,
    /// The client is destroyed: a thread that waits for callbacks stops waiting.
    destroyed: bool,
}

#[derive(PartialEq, Eq)]
enum Relief {
    /// The relief waits, or is not started yet.
    Rests,
    /// A callback takes long: the relief should sit.
    Called,
    Sits,
    /// The relief should give the chair back.
    Wanted,
}

/// The next step of the thread that queued a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    /// Nothing: another thread runs the batch.
    Seen,
    /// Wake the thread that sits.
    Wake,
    /// Run the batch: the caller, or a thread that it starts, is now the thread that runs callbacks.
    Run,
    /// Tell the program, which runs callbacks and may have found none.
    Tell,
}

/// The next step of `rtm-io` after a pass.
pub(super) enum Stand<I, B> {
    /// Go on sitting: there is no callback to run, or another thread runs the callbacks.
    Sit(I),
    /// The same, and tell the program that there are callbacks to run.
    Tell(I),
    /// Run this batch. `watch`: the timer thread should look in a millisecond.
    Run { batch: B, watch: bool },
}

/// The next step of a thread that has run callbacks.
pub(super) enum Next<I, B> {
    /// Sit. `more`: there are more callbacks to run.
    Sit {
        io: I,
        more: bool,
    },
    Run(B),
    /// The relief sits, and the queue is empty.
    Wait,
    /// The time to wait is over.
    TimedOut,
    /// End: another thread runs the rest. `wake`: the thread that sits has to be woken.
    End {
        wake: bool,
    },
}

/// The result of a look of the timer thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// There is no work: stop looking.
    Quiet,
    /// Look again in a millisecond.
    Busy,
    /// A callback takes long, and the relief was called.
    Slow,
}

impl<I, B> Desk<I, B> {
    fn next_batch(&mut self) -> Option<B> {
        let batch = self.queue.pop_front();
        if self.queue.is_empty() && self.queue.capacity() > 1024 {
            self.queue = VecDeque::new();
        }
        batch
    }

    /// The next batch for a thread that does not sit in this run.
    fn left_over<J>(&mut self) -> Next<J, B> {
        // The thread of a newer run is there for it.
        let (live, empty) = (self.run != 0, self.queue.is_empty());
        match if live { None } else { self.next_batch() } {
            Some(batch) => Next::Run(batch),
            None => {
                self.running = false;
                Next::End { wake: live && !empty }
            }
        }
    }
}

impl<I, B> Chair<I, B> {
    pub(super) fn new(manual: bool) -> Chair<I, B> {
        let desk = Desk {
            run: 0,
            io: None,
            queue: VecDeque::new(),
            running: false,
            away: false,
            left: 0,
            seen: None,
            relief: Relief::Rests,
            destroyed: false,
        };
        Chair {
            desk: Mutex::new(desk),
            runner: Condvar::new(),
            relief: Condvar::new(),
            hurry: AtomicBool::new(false),
            manual,
        }
    }

    /// A run begins, with its chair free.
    pub(super) fn begin(&self, run: u64, io: I) {
        let mut desk = self.desk.lock();
        desk.io = Some(io);
        (desk.run, desk.left, desk.seen, desk.relief) = (run, 0, None, Relief::Rests);
        desk.away = false;
        desk.destroyed = false;
    }

    /// A run is over, and its threads learn of the end. Returns the chair, unless a thread sits, and whether the caller
    /// is now the thread that runs callbacks.
    pub(super) fn end(&self, run: u64) -> (Option<I>, bool) {
        let mut desk = self.desk.lock();
        let mut io = None;
        let mut runs = false;
        if desk.run == run {
            desk.run = 0;
            io = desk.io.take();
            runs = !self.manual && !desk.running && !desk.queue.is_empty();
            desk.running |= runs;
        }
        drop(desk);
        self.runner.notify_all();
        self.relief.notify_all();
        (io, runs)
    }

    /// Takes the chair of a run that has just begun.
    pub(super) fn sit(&self, run: u64) -> Option<I> {
        let mut desk = self.desk.lock();
        if desk.run == run { desk.io.take() } else { None }
    }

    /// Whether to interrupt the callbacks for the chair now, between two callbacks.
    pub(super) fn is_in_a_hurry(&self) -> bool {
        self.hurry.load(Ordering::Relaxed)
    }

    /// `rtm-io` after a pass, with the results of the pass: leaves the chair if there are callbacks to run.
    pub(super) fn stand_up(&self, io: I, batch: Option<B>) -> Stand<I, B> {
        let mut desk = self.desk.lock();
        let none = desk.queue.is_empty();
        desk.queue.extend(batch);
        if self.manual {
            let some = !desk.queue.is_empty();
            drop(desk);
            if some {
                self.runner.notify_all();
            }
            return if none && some { Stand::Tell(io) } else { Stand::Sit(io) };
        }
        if desk.running {
            return Stand::Sit(io);
        }
        let Some(batch) = desk.next_batch() else { return Stand::Sit(io) };
        (desk.running, desk.away) = (true, true);
        desk.io = Some(io);
        let watch = desk.seen.is_none();
        if watch {
            desk.seen = Some(desk.left);
        }
        desk.left += 1;
        self.hurry.store(false, Ordering::Relaxed);
        Stand::Run { batch, watch }
    }

    /// `rtm-io` after it has run callbacks: `rest` has the callbacks that it has not run.
    pub(super) fn sit_down(&self, run: u64, rest: Option<B>) -> Next<I, B> {
        let mut desk = self.desk.lock();
        if let Some(rest) = rest {
            desk.queue.push_front(rest);
        }
        if desk.run != run {
            return desk.left_over();
        }
        desk.away = false;
        match desk.io.take() {
            Some(io) => Self::take(&mut desk, io),
            None => Next::Wait,
        }
    }

    fn take(desk: &mut Desk<I, B>, io: I) -> Next<I, B> {
        desk.running = false;
        desk.relief = Relief::Rests;
        Next::Sit { io, more: !desk.queue.is_empty() }
    }

    /// `rtm-io` while the relief sits: takes the next batch, or the chair if the relief has given it back. From `until`
    /// on `rtm-io` wants the chair, and the relief has to be woken. `None` waits for the chair alone.
    pub(super) fn next(&self, run: u64, until: Option<Instant>) -> Next<I, B> {
        let mut desk = self.desk.lock();
        loop {
            if desk.run != run {
                return desk.left_over();
            }
            if let Some(io) = desk.io.take() {
                return Self::take(&mut desk, io);
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                desk.relief = Relief::Wanted;
                return Next::TimedOut;
            }
            if let Some(batch) = until.and_then(|_| desk.next_batch()) {
                return Next::Run(batch);
            }
            self.wait(&mut desk, until);
        }
    }

    /// Waits for callbacks to run, or for the chair. Returns `false` when the time is over.
    fn wait(&self, desk: &mut MutexGuard<'_, Desk<I, B>>, until: Option<Instant>) -> bool {
        match until {
            Some(until) => !self.runner.wait_until(desk, until).timed_out(),
            None => {
                self.runner.wait(desk);
                true
            }
        }
    }

    /// The relief waits until it is called. Returns `None` when its run is over.
    pub(super) fn relieve(&self, run: u64) -> Option<I> {
        let mut desk = self.desk.lock();
        loop {
            if desk.run != run {
                return None;
            }
            if desk.relief == Relief::Called {
                if let Some(io) = desk.io.take() {
                    desk.relief = Relief::Sits;
                    return Some(io);
                }
            }
            self.relief.wait(&mut desk);
        }
    }

    /// The relief after a pass, with the results of the pass: goes on sitting, unless `rtm-io` wants the chair.
    pub(super) fn hand_on(&self, io: I, batch: Option<B>) -> Option<I> {
        let mut desk = self.desk.lock();
        let mut sits = Some(io);
        let some = batch.is_some();
        desk.queue.extend(batch);
        if desk.relief == Relief::Wanted {
            desk.relief = Relief::Rests;
            desk.io = sits.take();
        }
        drop(desk);
        if some || sits.is_none() {
            self.runner.notify_all();
        }
        sits
    }

    /// The timer thread watches the thread that runs callbacks.
    pub(super) fn look(&self, run: u64) -> Look {
        let mut desk = self.desk.lock();
        let Some(seen) = desk.seen.filter(|_| desk.run == run) else { return Look::Quiet };
        let ran = desk.left - seen;
        // Otherwise the relief sits already, or has given the chair back to one who waits for it.
        let away = desk.away && desk.io.is_some();
        let look = match (away, ran) {
            (true, 0) => Look::Slow,
            (true, _) | (false, 2..) => Look::Busy,
            (false, _) => Look::Quiet,
        };
        desk.seen = (look != Look::Quiet).then_some(desk.left);
        if away {
            self.hurry.store(true, Ordering::Relaxed);
        }
        if look == Look::Slow {
            desk.relief = Relief::Called;
            drop(desk);
            self.relief.notify_one();
        }
        look
    }

    /// Queues a batch, from any thread that does not sit.
    pub(super) fn push(&self, batch: B) -> Pushed {
        let mut desk = self.desk.lock();
        let none = desk.queue.is_empty();
        desk.queue.push_back(batch);
        let pushed = match () {
            () if self.manual && none => Pushed::Tell,
            () if self.manual || desk.running => Pushed::Seen,
            () if desk.run != 0 => Pushed::Wake,
            () => Pushed::Run,
        };
        desk.running |= pushed == Pushed::Run;
        drop(desk);
        if matches!(pushed, Pushed::Seen | Pushed::Tell) {
            self.runner.notify_all();
        }
        pushed
    }

    /// The next batch for a thread that runs callbacks and belongs to no run.
    pub(super) fn left_over(&self) -> Next<I, B> {
        self.desk.lock().left_over()
    }

    /// The program runs callbacks on this thread. `false` if another does.
    pub(super) fn run_here(&self) -> bool {
        !std::mem::replace(&mut self.desk.lock().running, true)
    }

    /// The next batch for the program, waited for until then. `None` waits for ever, unless the client is destroyed. Waits
    /// no longer than the run goes on if `this_run`.
    pub(super) fn wait_here(&self, until: Option<Instant>, this_run: bool) -> Option<B> {
        let mut desk = self.desk.lock();
        while desk.queue.is_empty()
            && !((this_run || desk.destroyed) && desk.run == 0)
            && self.wait(&mut desk, until)
        {}
        desk.next_batch()
    }

    /// The program runs no callbacks any more.
    pub(super) fn leave_here(&self) {
        self.desk.lock().running = false;
        self.runner.notify_all();
    }

    /// Waits until no other thread runs callbacks for the program, or until that time.
    pub(super) fn wait_for_leave(&self, until: Option<Instant>) {
        let mut desk = self.desk.lock();
        while desk.running && self.wait(&mut desk, until) {}
    }

    /// What nobody has run.
    pub(super) fn left(&self) -> VecDeque<B> {
        std::mem::take(&mut self.desk.lock().queue)
    }

    /// Nothing new will come: who waits for callbacks goes without.
    pub(super) fn destroy(&self) {
        self.desk.lock().destroyed = true;
        self.runner.notify_all();
    }
}
