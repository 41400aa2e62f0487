//! The threads and what they share.
//!
//! | thread | owns | blocks in | woken by |
//! | --- | --- | --- | --- |
//! | `rtm-io` | the socket, the WebSocket, the session machine | one readiness wait | the kernel, or the waker |
//! | `rtm-timer` | nothing | a condvar, until the earliest deadline | a deadline earlier than that |
//! | `rtm-callback` | nothing; it runs user code | its queue | completions, pushes, events |
//!
//! Locks are leaves: none is held while another is taken, while user code runs, or across a system call.

mod call;
mod connect;
mod connection;
mod dispatch;
mod frame;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod incoming;
mod io;
mod login;
mod parts;
pub(crate) mod pending;
mod proxy;
mod queue;
mod resolve;
mod stream;
mod timer;
#[cfg_attr(not(feature = "tls"), path = "no_tls.rs")]
mod tls;
mod upload;

use std::cell::RefCell;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mio::Waker;
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::error::Error;
use crate::error_code::fpnn;
use crate::guard::on_callback_thread;
use crate::listeners::Listeners;
use crate::options::ClientOptions;
use crate::push::Processor;
use crate::session::SessionEvent;
use crate::stats::{Counters, Stats};
use crate::time::{NEVER, Time, to_time};
use crate::types::ProgressHandler;
use crate::wire::package;

pub(crate) use call::{Complete, Kind};
use dispatch::{Batch, Dispatch, Item};
use frame::FrameBuffer;
use login::Said;
pub(crate) use login::{Login, LoginDone};
use parts::Parts;
use pending::Pending;
use queue::{Queue, Queued};
use tls::Connector;
use upload::{UPLOAD_SEQ, UploadRequest};

/// The largest answer that is decoded on the I/O thread for a waiter.
const DECODED_AT_ONCE: usize = 1 << 20;

/// The documented default timeout of a call.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(20);

/// The first sequence number of a connection is that of `auth`.
const FIRST_SEQ: u32 = 1;

/// What the program asks of the session.
pub(crate) enum Command {
    Login {
        login: Login,
        timeout: Time,
    },
    Upload(Box<UploadRequest>),
    /// The answer to a question that was asked on behalf of the login of that epoch.
    Said {
        epoch: u64,
        said: Said,
    },
    Bye,
    Close,
    Destroy,
}

/// What callers and the threads share.
pub(crate) struct Engine {
    pub(crate) options: ClientOptions,
    pub(crate) processor: Processor,
    /// Of the events of the client itself.
    pub(crate) listeners: Listeners,
    /// The uid of the latest login.
    uid: AtomicI64,
    /// What [`Time`] counts from.
    born: Instant,
    /// What to add to a [`Time`] in milliseconds to get those since 1970; taken anew at each login.
    born_millis: AtomicI64,
    /// Guards what a call touches: the pending table, the outbox, and who is to be woken.
    state: Mutex<State>,
    /// With `state`: wakes the timer thread.
    deadline_changed: Condvar,
    dispatch: Dispatch,
    pub(crate) counters: Counters,
    /// Calls whose callback has not returned yet.
    in_flight: AtomicUsize,
    /// Guards the number of threads alive.
    alive: Mutex<usize>,
    /// With `alive`: a thread has ended.
    thread_ended: Condvar,
    /// Made at the first connection that wants TLS.
    connector: OnceLock<Connector>,
}

struct State {
    door: Door,
    pending: Pending<Complete>,
    /// Finished, masked frames of calls.
    outbox: Vec<u8>,
    /// Bytes the I/O thread has taken out of the outbox and not written, as it said last.
    unwritten: usize,
    /// Sends made while the connection is made again.
    queue: Queue,
    commands: Vec<Command>,
    /// Counts logins and closes, so that a login that was overtaken by a close does not open the door.
    epoch: u64,
    /// The I/O thread, if it runs.
    io: Option<Arc<Waker>>,
    /// Whether the I/O thread sleeps and nobody has woken it yet.
    parked: bool,
    /// Whether a call made inside a callback may leave the I/O thread asleep: the callback thread wakes it when it is
    /// through with its batch, and by itself it looks after a millisecond.
    deferring: bool,
    /// When the I/O thread wants [`State::session_due`] set.
    session_deadline: Time,
    session_due: bool,
    /// The deadline the timer thread sleeps for; 0 while it is awake and will look again by itself.
    timer_sleeps_until: Time,
    /// The I/O thread's run that the timer thread belongs to.
    run: u64,
}

impl State {
    /// Bytes that wait for the socket.
    fn queued_bytes(&self) -> usize {
        self.outbox.len() + self.unwritten
    }

    /// Whether the timer thread is to be woken for that deadline.
    fn timer_is_late_for(&mut self, deadline: Time) -> bool {
        let late = deadline < self.timer_sleeps_until;
        if late {
            self.timer_sleeps_until = deadline;
        }
        late
    }

    /// The I/O thread, if it sleeps and nobody has woken it yet. Whoever takes it wakes it.
    fn take_sleeper(&mut self) -> Option<Arc<Waker>> {
        if std::mem::take(&mut self.parked) { self.io.clone() } else { None }
    }
}

/// What a call meets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    Open,
    /// Calls fail with that code.
    Shut(i32),
    /// Sends are queued; other calls fail.
    Reconnecting,
}

thread_local! {
    /// Where this thread's calls are encoded.
    static FRAME: RefCell<FrameBuffer> = RefCell::default();
}

impl Engine {
    pub(crate) fn new(options: ClientOptions) -> Arc<Engine> {
        Arc::new(Engine {
            dispatch: Dispatch::new(options.callbacks),
            options,
            processor: Processor::new(),
            listeners: Listeners::default(),
            uid: AtomicI64::new(0),
            born: Instant::now(),
            born_millis: AtomicI64::new(millis_since_1970()),
            state: Mutex::new(State {
                door: Door::Shut(fpnn::CORE_INVALID_CONNECTION),
                pending: Pending::starting_at(FIRST_SEQ),
                outbox: Vec::new(),
                unwritten: 0,
                queue: Queue::new(),
                commands: Vec::new(),
                epoch: 0,
                io: None,
                parked: false,
                deferring: false,
                session_deadline: NEVER,
                session_due: false,
                timer_sleeps_until: 0,
                run: 0,
            }),
            deadline_changed: Condvar::new(),
            counters: Counters::default(),
            in_flight: AtomicUsize::new(0),
            alive: Mutex::new(0),
            thread_ended: Condvar::new(),
            connector: OnceLock::new(),
        })
    }

    pub(crate) fn now(&self) -> Time {
        to_time(self.born.elapsed())
    }

    /// Milliseconds since 1970, without asking the clock again.
    pub(crate) fn wall_millis(&self, now: Time) -> i64 {
        self.born_millis.load(Ordering::Relaxed) + (now / 1_000_000) as i64
    }

    /// Sends a quest. `complete` is called exactly once; a callback later, on the callback thread.
    pub(crate) fn call(
        self: &Arc<Self>,
        kind: Kind,
        method: &str,
        now: Time,
        payload: impl FnOnce(&mut Vec<u8>),
        timeout: Option<Duration>,
        complete: Complete,
    ) {
        let timeout = timeout.filter(|timeout| !timeout.is_zero()).unwrap_or(DEFAULT_TIMEOUT);
        let refused = FRAME.with_borrow_mut(|frame| {
            let size = frame.build(|out| package::write_quest(out, Some(0), method, payload));
            let limit = self.options.max_sent_bytes;
            let refused = if size > limit {
                let text = format!("{method}: a package of {size} bytes, the limit is {limit}");
                Some((complete, Error::new(fpnn::CORE_ENCODING, text)))
            } else {
                self.enqueue(kind, frame, now, timeout, complete)
            };
            frame.shrink();
            refused
        });
        if let Some((complete, error)) = refused {
            self.fail(complete, error);
        }
    }

    /// The one lock of a call: takes a sequence number, enters the call, appends its frame to the outbox.
    fn enqueue(
        &self,
        kind: Kind,
        frame: &FrameBuffer,
        now: Time,
        timeout: Duration,
        complete: Complete,
    ) -> Option<(Complete, Error)> {
        let deadline = now.saturating_add(to_time(timeout));
        let mut state = self.state.lock();
        let refusal = match state.door {
            Door::Shut(fpnn::CORE_INVALID_CONNECTION) => {
                Some((fpnn::CORE_INVALID_CONNECTION, "log in first"))
            }
            Door::Shut(code) => Some((code, "")),
            Door::Reconnecting if kind == Kind::Call => Some((fpnn::CORE_CONNECTION_CLOSED, "")),
            _ if self.in_flight.load(Ordering::Relaxed) >= self.options.max_in_flight => {
                Some((fpnn::CORE_WORK_QUEUE_FULL, "max_in_flight is reached"))
            }
            Door::Open
                if state.queued_bytes() + frame.frame_len() > self.options.max_queued_bytes =>
            {
                Some((fpnn::CORE_WORK_QUEUE_FULL, "max_queued_bytes is reached"))
            }
            Door::Reconnecting
                if state.queue.bytes() + frame.frame_len()
                    > self.options.reconnecting.max_bytes =>
            {
                Some((
                    fpnn::CORE_WORK_QUEUE_FULL,
                    "the queue of sends made while reconnecting is full",
                ))
            }
            Door::Open | Door::Reconnecting => None,
        };
        if let Some((code, text)) = refusal {
            drop(state);
            return Some((complete, Error::new(code, text)));
        }
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.counters.calls.add(1);
        let deadline = if state.door == Door::Reconnecting {
            let too_old = now.saturating_add(to_time(self.options.reconnecting.max_age));
            state.queue.push(Queued { frame: frame.clone(), deadline, complete }, too_old)
        } else {
            let seq = state.pending.insert(deadline, complete);
            frame.append_with_seq(&mut state.outbox, seq);
            self.counters.queued_bytes.set(state.queued_bytes() as u64);
            deadline
        };
        let wake_timer = state.timer_is_late_for(deadline);
        let deferred = state.parked && state.deferring && on_callback_thread();
        let sleeper = if deferred { None } else { state.take_sleeper() };
        drop(state);
        if wake_timer {
            self.deadline_changed.notify_one();
        }
        if let Some(io) = sleeper {
            wake(&io);
        }
        if deferred {
            self.dispatch.wake_later();
        }
        None
    }

    /// Sends a quest to the file gate, over a connection of its own. `complete` is called exactly once.
    pub(crate) fn upload(
        self: &Arc<Self>,
        method: &str,
        payload: impl FnOnce(&mut Vec<u8>),
        deadline: Time,
        progress: Option<ProgressHandler>,
        complete: Complete,
    ) {
        let mut buffer = FrameBuffer::default();
        let size = buffer.build(|out| package::write_quest(out, Some(UPLOAD_SEQ), method, payload));
        let limit = self.options.max_sent_bytes;
        if size > limit {
            let text = format!("{method}: a package of {size} bytes, the limit is {limit}");
            return self.fail(complete, Error::new(fpnn::CORE_ENCODING, text));
        }
        // It goes on for the call that got the token, which was within the bounds.
        let frame = buffer.into_frame();
        let request = UploadRequest { frame, deadline, progress, complete };
        let mut state = self.state.lock();
        let Some(io) = state.io.clone() else {
            drop(state);
            return self.fail(request.complete, Error::connection_closed());
        };
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        state.commands.push(Command::Upload(Box::new(request)));
        state.parked = false;
        drop(state);
        wake(&io);
    }

    /// Ends a call that was not sent; its callback runs as late as any other.
    pub(crate) fn fail(self: &Arc<Self>, complete: Complete, error: Error) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        let mut batch = self.dispatch.fresh_batch();
        self.end(complete, error, &mut batch);
        self.deliver(batch);
    }

    /// Ends a call with an error: a waiter at once, a callback in its turn.
    fn end(&self, complete: Complete, error: Error, batch: &mut Batch) {
        match complete {
            Complete::Callback(complete) => batch.items.push(Item::Failed { complete, error }),
            Complete::Waiter(complete) => {
                self.in_flight.fetch_sub(1, Ordering::Relaxed);
                complete(Err(error));
            }
            Complete::Noted(noted) => self.end(noted.1, error, batch),
        }
    }

    /// Starts a session. The login's callback is called once, on the callback thread.
    pub(crate) fn login(self: &Arc<Self>, mut login: Login, timeout: Option<Duration>) {
        let timeout = timeout.map_or(0, to_time);
        self.uid.store(login.uid(), Ordering::Relaxed);
        let since_born = (self.now() / 1_000_000) as i64;
        self.born_millis.store(millis_since_1970() - since_born, Ordering::Relaxed);
        // Made before the lock is taken, for these are system calls; dropped if the thread runs already.
        let io = Parts::new();
        let mut state = self.state.lock();
        state.epoch += 1;
        login.epoch = state.epoch;
        state.door = Door::Shut(fpnn::CORE_INVALID_CONNECTION);
        state.commands.push(Command::Login { login, timeout });
        if let Some(io) = state.io.clone() {
            state.parked = false;
            drop(state);
            return wake(&io);
        }
        let started = match &io {
            Ok(parts) => {
                state.io = Some(parts.waker());
                state.parked = false;
                state.run += 1;
                Ok(state.run)
            }
            Err(error) => Err(Error::new(fpnn::CORE_INVALID_CONNECTION, error.to_string())),
        };
        drop(state);
        match (started, io) {
            (Ok(run), Ok(parts)) => self.start_threads(run, parts),
            (Err(error), _) => self.could_not_start(error),
            (Ok(_), Err(_)) => {}
        }
    }

    /// Asks the session for something else than a login. `Close` and `Bye` hold for every call made after this.
    pub(crate) fn post(self: &Arc<Self>, command: Command) {
        let mut state = self.state.lock();
        state.epoch += 1;
        state.door = Door::Shut(fpnn::CORE_INVALID_CONNECTION);
        command_io(state, command);
    }

    /// Hands on what the program said, behind everything it asked for before.
    fn answer(&self, epoch: u64, said: Said) {
        command_io(self.state.lock(), Command::Said { epoch, said });
    }

    fn start_threads(self: &Arc<Self>, run: u64, parts: Parts) {
        self.dispatch.stay();
        let engine = self.clone();
        let timer = self.spawn("rtm-timer", move || timer::run(&engine, run));
        let engine = self.clone();
        let io = timer.and_then(|()| self.spawn("rtm-io", move || io::run(engine, parts)));
        if let Err(error) = io {
            self.could_not_start(Error::with_source(
                fpnn::CORE_INVALID_CONNECTION,
                "the threads of the client could not be started",
                error,
            ));
            self.dispatch.need_not_stay();
        }
    }

    /// Ends the logins that wait for an I/O thread there will not be.
    fn could_not_start(self: &Arc<Self>, error: Error) {
        let commands = {
            let mut state = self.state.lock();
            state.io = None;
            state.run += 1;
            std::mem::take(&mut state.commands)
        };
        self.deadline_changed.notify_one();
        let mut batch = self.dispatch.fresh_batch();
        batch.items.push(Item::Event(SessionEvent::Error(error.clone())));
        for command in commands {
            match command {
                Command::Login { login, .. } => {
                    if let Some(done) = login.done {
                        done.end(false, error.code(), &mut batch);
                    }
                }
                Command::Upload(request) => {
                    self.end(request.complete, error.clone(), &mut batch);
                }
                Command::Said { .. } | Command::Bye | Command::Close | Command::Destroy => {}
            }
        }
        self.deliver(batch);
    }

    /// Queues callbacks, and sees to it that they run.
    fn deliver(self: &Arc<Self>, batch: Batch) {
        if batch.items.is_empty() {
            return self.dispatch.keep(batch);
        }
        if self.dispatch.push(batch) {
            let engine = self.clone();
            let started = self.spawn("rtm-callback", move || dispatch::run(&engine));
            if let Err(error) = started {
                log::error!(target: "rtm_client::engine", "no callback thread: {error}");
                self.dispatch.not_started();
            }
        }
    }

    /// What the client has done so far. Takes no lock.
    pub(crate) fn stats(&self) -> Stats {
        let counters = &self.counters;
        Stats {
            calls: counters.calls.get(),
            answers: counters.answers.get(),
            errors: counters.errors.get(),
            timeouts: counters.timeouts.get(),
            pushes: counters.pushes.get(),
            bytes_sent: counters.bytes_sent.get(),
            bytes_received: counters.bytes_received.get(),
            in_flight: self.in_flight.load(Ordering::Relaxed) as u64,
            queued_bytes: counters.queued_bytes.get(),
            waiting_callbacks: self.dispatch.waiting() as u64,
            reconnects: counters.reconnects.get(),
        }
    }

    /// Runs callbacks on the calling thread: see `RtmClient::run_callbacks`.
    pub(crate) fn run_callbacks(&self, timeout: Duration) -> Result<usize, Error> {
        dispatch::run_on_this_thread(self, timeout)
    }

    fn spawn(
        self: &Arc<Self>,
        name: &str,
        body: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<()> {
        let alive = Alive::new(self.clone());
        let thread = std::thread::Builder::new().name(name.to_owned());
        thread.spawn(move || {
            let _alive = alive;
            body();
        })?;
        Ok(())
    }

    /// Waits until no thread of the client is left. `false` if it took longer than `timeout`.
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

    pub(crate) fn own_uid(&self) -> i64 {
        self.uid.load(Ordering::Relaxed)
    }

    /// Wakes the I/O thread if it sleeps while calls wait for it.
    fn wake_for_deferred(&self) {
        let sleeper = {
            let mut state = self.state.lock();
            if state.outbox.is_empty() { None } else { state.take_sleeper() }
        };
        if let Some(io) = sleeper {
            wake(&io);
        }
    }

    /// Wakes the I/O thread, if it runs.
    fn wake_io(&self) {
        let io = self.state.lock().io.clone();
        if let Some(io) = io {
            wake(&io);
        }
    }
}

/// Gives the I/O thread a command, if it runs.
fn command_io(mut state: MutexGuard<'_, State>, command: Command) {
    let Some(io) = state.io.clone() else { return };
    state.commands.push(command);
    state.parked = false;
    drop(state);
    wake(&io);
}

fn wake(io: &Waker) {
    if let Err(error) = io.wake() {
        log::error!(target: "rtm_client::engine", "the I/O thread cannot be woken: {error}");
    }
}

/// Counts a thread as alive until it is dropped.
struct Alive(Arc<Engine>);

impl Alive {
    fn new(engine: Arc<Engine>) -> Alive {
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

fn millis_since_1970() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}
