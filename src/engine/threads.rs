//! The threads: `rtm-io` and `rtm-timer` of each run, and `rtm-relief` of a run with a slow callback.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::callbacks::{Batch, Item, Left, Until};
use super::chair::{Next, Stand};
use super::io::{Io, Passed};
use super::{Command, Engine, timer};
use crate::calm::{Calm, SLOW};
use crate::error::Error;
use crate::error_code::fpnn;
use crate::events::{CONNECTION_STATE, ConnectionState};
use crate::guard::{self, set_in_callback};
use crate::options::Callbacks;
use crate::session::{LoginEnd, SessionEvent};
use log::Level;

/// The smallest number of callbacks that run before the calls made inside them are written.
const WRITTEN_AFTER: usize = 16;

impl Engine {
    pub(super) fn start_threads(self: &Arc<Self>, run: u64, io: Box<Io>) {
        self.chair.begin(run, io);
        let engine = self.clone();
        let timer = self.spawn("rtm-timer", move || timer::run(&engine, run));
        let engine = self.clone();
        let io = timer.and_then(|()| self.spawn("rtm-io", move || run_io(&engine, run)));
        if let Err(error) = io {
            let commands = {
                let mut state = self.state.lock();
                state.io = None;
                state.run += 1;
                std::mem::take(&mut state.commands)
            };
            self.deadline_changed.notify_one();
            self.end_commands(commands, error);
            // Dropped here, not under the lock.
            let (_io, runs) = self.chair.end(run);
            if runs {
                self.run_apart();
            }
        }
    }

    /// Ends the logins and uploads that wait for threads that cannot be started.
    pub(super) fn end_commands(self: &Arc<Self>, commands: Vec<Command>, error: io::Error) {
        let text = "the threads of the client could not be started";
        let error = Error::with_source(fpnn::CORE_INVALID_CONNECTION, text, error);
        {
            let mut state = self.state.lock();
            // A login that has begun a run meanwhile goes on.
            if state.io.is_none() {
                self.close_connection(&mut state, error.clone());
            }
        }
        let mut batch = Batch::default();
        if self.listeners.listens(CONNECTION_STATE) {
            batch.items.push_back(Item::State(ConnectionState::Closed));
        }
        batch.items.push_back(Item::Event(SessionEvent::Error(error.clone())));
        for command in commands {
            match command {
                Command::Login { login, .. } => {
                    if let Some(done) = login.done {
                        done.end(LoginEnd::Failed(error.clone()), &mut batch);
                    }
                }
                Command::Upload(request) => {
                    self.end(request.complete, error.unsent(), &mut batch);
                    batch.items.extend(request.progress.map(Item::Dropped));
                }
                // Of no session.
                _ => {}
            }
        }
        self.deliver(batch);
    }

    pub(super) fn spawn(
        self: &Arc<Self>,
        name: &str,
        body: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        let alive = Alive::new(self.clone());
        let thread = std::thread::Builder::new().name(name.to_owned());
        thread.spawn(move || {
            let _alive = alive;
            body();
        })?;
        Ok(())
    }

    /// Waits until no thread of the client is left. Returns `false` after `timeout`.
    pub(crate) fn wait_for_threads(&self, timeout: Duration) -> bool {
        let until = Instant::now().checked_add(timeout);
        let mut alive = self.alive.lock();
        while *alive > 0 {
            match until {
                Some(until) => {
                    if self.thread_ended.wait_until(&mut alive, until).timed_out() {
                        return *alive == 0;
                    }
                }
                None => self.thread_ended.wait(&mut alive),
            }
        }
        true
    }

    /// Asks the timer thread to watch the thread that runs callbacks, in a millisecond.
    fn watch(&self) {
        let mut state = self.state.lock();
        let at = self.now().saturating_add(SLOW.as_nanos() as u64);
        state.look_at = at;
        if state.timer_is_late_for(at) {
            drop(state);
            self.deadline_changed.notify_one();
        }
    }

    /// The part of a batch that `rtm-io` runs before it returns to the chair.
    fn a_while(&self) -> Until {
        // The gate works on one half of the calls while callbacks make the other anew.
        let in_flight = self.in_flight.load(Ordering::Relaxed);
        Until::Next((in_flight / 2).max(WRITTEN_AFTER))
    }

    /// The run is over: its chair is dropped, and its threads end. Returns whether the caller now runs callbacks.
    fn end_run(&self, run: u64, io: Box<Io>) -> bool {
        // The socket is closed before the thread counts as ended.
        drop(io);
        self.deadline_changed.notify_one();
        self.chair.end(run).1
    }
}

/// `rtm-io`: sits, and runs callbacks.
fn run_io(engine: &Arc<Engine>, run: u64) {
    set_in_callback(engine.options.callbacks == Callbacks::Thread);
    let mut calm = Calm::new();
    let (mut sits, mut more) = (engine.chair.sit(run), false);
    while let Some(io) = sits.take() {
        let Some(batch) = sit(engine, run, io, more) else { return };
        let (rest, spare) = match engine.run_batch(batch, engine.a_while()) {
            Left::Rest(rest) => (Some(rest), None),
            Left::Spare(spare) => (None, Some(spare)),
        };
        let mut next = engine.chair.sit_down(run, rest);
        if let Next::Wait = next {
            next = with_relief(engine, run, &mut calm);
        }
        match next {
            Next::Sit { mut io, more: left } => {
                io.use_again(spare);
                (sits, more) = (Some(io), left);
            }
            Next::Run(batch) => {
                engine.run_batch(batch, Until::TheEnd);
                return engine.run_left_over();
            }
            Next::End { wake: true } => return engine.wake_sleeper(),
            Next::End { wake: false } | Next::Wait | Next::TimedOut => return,
        }
    }
}

/// Sits until there are callbacks to run. Returns `None` when the run is over.
fn sit(engine: &Arc<Engine>, run: u64, mut io: Box<Io>, mut more: bool) -> Option<Batch> {
    loop {
        let passed = io.pass(engine, more);
        let batch = io.take_batch(engine);
        if let Passed::End = passed {
            if engine.end_run(run, io) {
                engine.run_left_over();
            }
            return None;
        }
        match engine.chair.stand_up(io, batch) {
            Stand::Run { batch, watch } => {
                if watch {
                    engine.watch();
                }
                return Some(batch);
            }
            Stand::Sit(back) => io = back,
            Stand::Tell(back) => {
                io = back;
                engine.tell_ready();
            }
        }
        more = false;
        io.park_after(passed);
    }
}

/// `rtm-io` while the relief sits: runs callbacks until the chair is given back.
fn with_relief(engine: &Arc<Engine>, run: u64, calm: &mut Calm) -> Next<Box<Io>, Batch> {
    calm.begin();
    let mut until = Some(calm.until());
    loop {
        match engine.chair.next(run, until) {
            Next::Run(mut batch) => {
                loop {
                    let begun = Instant::now();
                    let left = engine.run_batch(batch, Until::Next(1));
                    calm.ran(begun);
                    match left {
                        Left::Rest(rest) => batch = rest,
                        Left::Spare(_) => break,
                    }
                }
                until = Some(calm.until());
            }
            Next::TimedOut => {
                engine.wake_io();
                until = None;
            }
            next => {
                calm.end();
                return next;
            }
        }
    }
}

/// `rtm-relief`: sits while a callback takes long.
pub(super) fn run_relief(engine: &Arc<Engine>, run: u64) {
    while let Some(mut io) = engine.chair.relieve(run) {
        guard::log(
            Level::Debug,
            "rtm_client::engine",
            format_args!("a callback takes long: the relief does the I/O"),
        );
        loop {
            let passed = io.pass(engine, false);
            let batch = io.take_batch(engine);
            if let Passed::End = passed {
                engine.end_run(run, io);
                return;
            }
            match engine.chair.hand_on(io, batch) {
                Some(back) => io = back,
                None => break,
            }
            io.park_after(passed);
        }
    }
}

/// Counts a thread as alive until it is dropped.
pub(super) struct Alive(Arc<Engine>);

impl Alive {
    pub(super) fn new(engine: Arc<Engine>) -> Alive {
        *engine.alive.lock() += 1;
        Alive(engine)
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        *self.0.alive.lock() -= 1;
        self.0.thread_ended.notify_all();
    }
}
