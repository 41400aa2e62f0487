//! The hand-over: who does I/O, who runs callbacks.
//!
//! All that only the I/O role touches is one value, `I`. Who takes it out of the desk *sits in the chair*, and puts it
//! back before running callbacks, which wait in the desk's queue in batches `B`. In the normal case `rtm-io` does both,
//! in turn. While a callback takes long, the relief sits, and `rtm-io` goes on with the queue until the chair is given
//! back.
//!
//! Invariants, which `tests/model` holds this file to under schedules of every kind:
//!
//! * One thread sits at a time, and one thread runs callbacks at a time, in the order in which the batches came.
//! * A thread sits only in the chair of its own run.
//! * Where batches wait and nobody runs callbacks, whoever sits learns of them before it sleeps.
//! * While `rtm-io` runs callbacks, the chair is free or the relief sits, and the timer thread looks after a free one.
//!
//! No user code runs, and no user value is dropped, under the lock or while sitting; but for `callbacks_ready`, which who
//! sits calls where the program runs callbacks.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::sync::{Condvar, Mutex, MutexGuard};

pub(super) struct Chair<I, B> {
    /// Guards the chair, the queue, and who does what.
    desk: Mutex<Desk<I, B>>,
    /// With `desk`, for who runs callbacks: there are some, the chair is given back, the run is over.
    runner: Condvar,
    /// With `desk`, for the relief: it is called, its run is over.
    relief: Condvar,
    /// Whether who runs callbacks is to return to the chair before the next one. A hint, written by the timer thread.
    hurry: AtomicBool,
    /// Callbacks are run by the program, which asks for them: `rtm-io` only sits.
    manual: bool,
}

struct Desk<I, B> {
    /// The run that the chair belongs to; 0 between runs.
    run: u64,
    /// `None` while somebody sits, and between runs.
    io: Option<I>,
    queue: VecDeque<B>,
    /// Whether somebody runs callbacks.
    running: bool,
    /// Whether `rtm-io` has left the chair for callbacks and is not back yet.
    away: bool,
    /// How often it has.
    left: u64,
    /// What `left` was at the timer thread's latest look; `None` while that thread does not look.
    seen: Option<u64>,
    relief: Relief,
    /// The client is destroyed: who waits for callbacks goes without.
    destroyed: bool,
}

#[derive(PartialEq, Eq)]
enum Relief {
    /// It waits, or is not made yet.
    Rests,
    /// A callback takes long: it is to sit.
    Called,
    Sits,
    /// It is to give the chair back.
    Wanted,
}

/// What whoever queued a batch has to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    /// Somebody sees to it.
    Seen,
    /// Wake the thread that sits.
    Wake,
    /// Run it: the caller, or a thread that it starts, is the one that runs callbacks now.
    Run,
    /// Tell the program, which runs callbacks and may have found none.
    Tell,
}

/// What `rtm-io` does after a pass.
pub(super) enum Stand<I, B> {
    /// Go on sitting: there is nothing to run, or somebody else runs it.
    Sit(I),
    /// The same, and tell the program that there is something to run.
    Tell(I),
    /// Run that. `watch`: the timer thread is to look in a millisecond.
    Run { batch: B, watch: bool },
}

/// What a thread does that has run callbacks.
pub(super) enum Next<I, B> {
    /// Sit. `more`: there are callbacks left to run.
    Sit {
        io: I,
        more: bool,
    },
    Run(B),
    /// The relief sits and nothing is queued.
    Wait,
    /// The time to wait is over.
    TimedOut,
    /// End: another thread runs what is left. `wake`: the one that sits has to be told.
    End {
        wake: bool,
    },
}

/// What the timer thread has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing goes on: look no more.
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

    /// A run is over: its threads learn of that. Gives back what nobody sits with, and whether the caller is the one that
    /// runs callbacks now.
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

    /// Whether callbacks are to be left for the chair now, between two of them.
    pub(super) fn is_in_a_hurry(&self) -> bool {
        self.hurry.load(Ordering::Relaxed)
    }

    /// `rtm-io` after a pass, with what came of it: leaves the chair if there is something to run.
    pub(super) fn stand_up(&self, io: I, batch: Option<B>) -> Stand<I, B> {
        let mut desk = self.desk.lock();
        let none = desk.queue.is_empty();
        desk.queue.extend(batch);
        if self.manual {
            let some = !desk.queue.is_empty();
            drop(desk);
            if some {
                self.runner.notify_one();
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

    /// `rtm-io` after it has run callbacks: `rest` is what it has not run.
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

    /// `rtm-io` while the relief sits: the next batch, or the chair if it is given back. From `until` on the chair is wanted:
    /// then the one that sits has to be woken. `None` waits for the chair alone.
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

    /// Waits for something to run, or for the chair. `false` when the time is over.
    fn wait(&self, desk: &mut MutexGuard<'_, Desk<I, B>>, until: Option<Instant>) -> bool {
        match until {
            Some(until) => !self.runner.wait_until(desk, until).timed_out(),
            None => {
                self.runner.wait(desk);
                true
            }
        }
    }

    /// The relief waits until it is called. `None` when its run is over.
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

    /// The relief after a pass, with what came of it: goes on sitting, unless the chair is wanted back.
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
            self.runner.notify_one();
        }
        sits
    }

    /// The timer thread looks after the one that runs callbacks.
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
            self.runner.notify_one();
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
            && !desk.destroyed
            && !(this_run && desk.run == 0)
            && self.wait(&mut desk, until)
        {}
        desk.next_batch()
    }

    /// The program runs no callbacks any more.
    pub(super) fn leave_here(&self) {
        self.desk.lock().running = false;
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
