//! The threads and the data they share. `docs/architecture.md` says which thread may touch which data, and which may
//! block.
//!
//! Locks are leaves: no thread holds a lock while it takes another, runs user code, or waits for the system.

mod call;
mod callbacks;
mod chair;
mod connect;
mod connection;
mod connection_state;
mod io;
mod login;
mod queue;
mod resend;
mod stream;
/// What [`chair`] is made of; its model has others.
mod sync {
    pub(super) use parking_lot::{Condvar, Mutex, MutexGuard};
}
mod threads;
mod timer;
#[cfg_attr(not(feature = "tls"), path = "no_tls.rs")]
mod tls;
mod upload;

use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use log::Level;
use mio::Waker;
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::error::Error;
use crate::error_code::fpnn;
use crate::events::ConnectionState;
use crate::guard::{self, guarded};
use crate::listeners::Listeners;
use crate::options::{Callbacks, ClientOptions, Reconnecting};
use crate::pending::{Pending, Taken};
use crate::push::Processor;
use crate::session;
use crate::stats::{Counters, Stats};
use crate::time::{NEVER, Time, to_time};

use call::Told;
pub(crate) use call::{Complete, Kind, Note};
use callbacks::{Backlog, Batch};
use chair::Chair;
use connect::Lookups;
use io::{ConnectionId, Io};
use login::Decision;
pub(crate) use login::{Login, LoginDone};

use queue::{Queue, Queued};
use tls::Connector;
pub(crate) use upload::Announced;
use upload::UploadRequest;

/// The first sequence number of a connection is that of `auth`.
const FIRST_SEQ: u32 = 1;

/// What the program asks of the session.
pub(crate) enum Command {
    Login {
        login: Login,
        timeout: Time,
    },
    Upload(Box<UploadRequest>),
    /// The answer to the question of that number.
    Decided {
        question: u64,
        decision: Decision,
    },
    /// A call of the client's own has ended, which was made on that connection.
    Told {
        connection: ConnectionId,
        told: Told,
    },
    /// `until`: `None` is as `bye` has it.
    Bye {
        until: Option<Time>,
    },
    /// The gate may be gone.
    Doubt,
    /// The program wants to know whether it is.
    Check,
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
    /// The clock that somebody may set.
    wall_clock: fn() -> SystemTime,
    /// What to add to a [`Time`] in milliseconds to get those since 1970; taken anew at each login.
    born_millis: AtomicI64,
    /// Guards what a call touches: the pending table, the outbox, and who is to be woken.
    state: Mutex<State>,
    /// With `state`: wakes the timer thread.
    deadline_changed: Condvar,
    /// With `state`: wakes those that wait to be online.
    connection_changed: Condvar,
    /// Who sits, who runs callbacks, and what waits for them.
    chair: Chair<Box<Io>, Batch>,
    backlog: Backlog,
    pub(crate) counters: Counters,
    /// Bytes who sits has taken out of the outbox and not written.
    unwritten: AtomicUsize,
    /// Calls whose callback has not returned yet. The second step of an upload is counted before the first is not any more.
    in_flight: AtomicUsize,
    /// Files whose uploads are not posted yet: see [`Announced`].
    announced: AtomicUsize,
    /// Guards the number of threads alive.
    alive: Mutex<usize>,
    /// With `alive`: a thread has ended.
    thread_ended: Condvar,
    /// How many questions the program was asked.
    questions: AtomicU64,
    /// Made at the first connection that wants TLS.
    connector: OnceLock<Connector>,
    lookups: Lookups,
}

/// "A caller" is any thread of the program; "the sitter" is the one in the [`Chair`].
struct State {
    /// Written by the sitter; callers only refuse with it: `login`, `bye`, `close`, `destroy`. While `connection` is closed
    /// everything is refused.
    admission: Admission,
    /// What the program is told of the connection. By callers at `login`, `close` and `destroy`, else by the sitter.
    connection: ConnectionState,
    /// Why that is closed, while it is.
    why_closed: Error,
    /// Entered by callers, taken by the sitter and the timer thread.
    pending: Pending<Complete>,
    /// Finished, masked frames of calls: appended by callers, taken by the sitter.
    outbox: Vec<u8>,
    /// How many calls have expired in the table, whose frames may wait to be written. By the timer thread.
    expired: u64,
    /// Those of them whose frames are not all written: only the sitter knows which are begun. By the timer thread, taken by
    /// the sitter.
    timed_out: Vec<Taken<Complete>>,
    /// Sends made while the connection is made again: by callers; taken by the sitter and the timer thread.
    queue: Queue,
    /// Appended by callers and who runs callbacks, taken by the sitter.
    commands: Vec<Command>,
    /// Counts logins and closes, so that a login that was overtaken by a close does not let calls pass. By callers.
    epoch: u64,
    /// Whether the program has said `bye` since its latest login: what it does from then on does not pass. By callers.
    leaving: bool,
    /// Wakes the sitter from its readiness wait, while there is a run. Set by callers, cleared by who ends the run.
    io: Option<Arc<Waker>>,
    /// Set by the sitter; back to awake by who wakes it.
    sitter: Sitter,
    /// When the timer thread looks after the one that runs callbacks. Set by `rtm-io`, else by the timer thread.
    look_at: Time,
    /// When the timer thread looks at the clocks, which it does while the client is online. Set with `connection`, else by
    /// that thread.
    clocks_at: Time,
    /// The deadline the timer thread sleeps for; 0 while it is awake and will look again by itself. By that thread, and
    /// by who wakes it.
    timer_sleeps_until: Time,
    /// The run, which its threads belong to: counted by callers that begin one and by who ends it.
    run: u64,
}

impl State {
    /// Whether the timer thread is to be woken for that deadline.
    fn timer_is_late_for(&mut self, deadline: Time) -> bool {
        let late = deadline < self.timer_sleeps_until;
        if late {
            self.timer_sleeps_until = deadline;
        }
        late
    }

    /// Sends what has waited for the connection, and keeps it if the options say so.
    fn send_queued(&mut self, queued: Queued, options: &Reconnecting) {
        let Queued { kept, deadline, mut complete } = queued;
        let len = kept.frame.frame_len();
        let frame = match options.resend && self.queue.keep(len, options.max_bytes) {
            true => {
                let frame = kept.frame.clone();
                complete.note = Some(Box::new(Note::Kept(kept)));
                frame
            }
            false => kept.frame,
        };
        let seq = self.pending.insert(deadline, complete);
        frame.append_with_seq(&mut self.outbox, seq);
    }

    /// The sitter's waker, if it sleeps in that way and nobody has woken it yet. Whoever takes it wakes it.
    fn take_sleeper(&mut self, asleep: impl FnOnce(Sitter) -> bool) -> Option<Arc<Waker>> {
        if !asleep(self.sitter) {
            return None;
        }
        self.sitter = Sitter::Awake;
        self.io.clone()
    }
}

/// Whether the sitter has to be woken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sitter {
    /// It will look, or has been woken.
    Awake,
    /// It sleeps.
    Asleep,
    /// It sleeps until the socket takes more: a new call is no reason to wake it.
    Blocked,
}

/// What becomes of a call.
enum Admission {
    Open,
    /// It fails with that.
    Refused(Error),
    /// Sends are queued; other calls fail.
    Reconnecting,
}

impl Engine {
    pub(crate) fn new(options: ClientOptions) -> Arc<Engine> {
        Arc::new(Engine {
            chair: Chair::new(options.callbacks == Callbacks::Manual),
            options,
            processor: Processor::new(),
            listeners: Listeners::default(),
            uid: AtomicI64::new(0),
            born: Instant::now(),
            wall_clock: SystemTime::now,
            born_millis: AtomicI64::new(millis_since_1970(SystemTime::now())),
            state: Mutex::new(State {
                admission: Admission::Refused(log_in_first()),
                connection: ConnectionState::Closed,
                why_closed: log_in_first(),
                pending: Pending::starting_at(FIRST_SEQ),
                outbox: Vec::new(),
                expired: 0,
                timed_out: Vec::new(),
                queue: Queue::new(),
                commands: Vec::new(),
                epoch: 0,
                leaving: false,
                io: None,
                sitter: Sitter::Awake,
                look_at: NEVER,
                clocks_at: NEVER,
                timer_sleeps_until: 0,
                run: 0,
            }),
            deadline_changed: Condvar::new(),
            connection_changed: Condvar::new(),
            backlog: Backlog::default(),
            counters: Counters::default(),
            unwritten: AtomicUsize::new(0),
            in_flight: AtomicUsize::new(0),
            announced: AtomicUsize::new(0),
            alive: Mutex::new(0),
            thread_ended: Condvar::new(),
            questions: AtomicU64::new(0),
            connector: OnceLock::new(),
            lookups: Lookups::of_system(),
        })
    }

    pub(crate) fn now(&self) -> Time {
        to_time(self.born.elapsed())
    }

    /// Milliseconds since 1970, without asking the clock again.
    pub(crate) fn wall_millis(&self, now: Time) -> i64 {
        self.born_millis.load(Ordering::Relaxed) + (now / 1_000_000) as i64
    }

    /// Starts a session. The login's callback is called once, among the callbacks.
    pub(crate) fn login(self: &Arc<Self>, mut login: Login, timeout: Option<Duration>) {
        let timeout = timeout.map_or(0, to_time);
        self.uid.store(login.uid(), Ordering::Relaxed);
        let since_born = (self.now() / 1_000_000) as i64;
        self.born_millis
            .store(millis_since_1970((self.wall_clock)()) - since_born, Ordering::Relaxed);
        // Made before the lock is taken, for these are system calls; dropped if there is a run already.
        let io = Io::new(self);
        let mut state = self.state.lock();
        state.epoch += 1;
        state.leaving = false;
        login.epoch = state.epoch;
        state.admission = Admission::Refused(not_yet("the login is under way"));
        self.set_connection(&mut state, ConnectionState::Connecting);
        let command = Command::Login { login, timeout };
        if state.io.is_some() {
            return command_io(state, command);
        }
        match io {
            Ok(io) => {
                state.commands.push(command);
                state.io = Some(io.waker());
                state.sitter = Sitter::Awake;
                state.run += 1;
                let run = state.run;
                drop(state);
                self.start_threads(run, Box::new(io));
            }
            Err(error) => {
                drop(state);
                self.end_commands(vec![command], error);
            }
        }
    }

    /// Asks the session for something else than a login. `Close` and `Bye` hold for every call made after this.
    pub(crate) fn post(self: &Arc<Self>, command: Command) {
        let is_last = matches!(command, Command::Destroy);
        let mut state = self.state.lock();
        if matches!(command, Command::Bye { .. }) {
            state.leaving = true;
            self.connection_changed.notify_all();
            if state.connection != ConnectionState::Closed {
                state.admission = Admission::Refused(connection_state::leaving());
            }
        } else {
            state.epoch += 1;
            self.close_connection(&mut state, session::closed_by_program());
        }
        command_io(state, command);
        if is_last {
            self.chair.destroy();
        }
    }

    /// Has the session look whether the gate is there, or try to reach it now.
    pub(crate) fn check_connection(&self) {
        command_io(self.state.lock(), Command::Check);
    }

    /// Hands on what the program decided, behind everything it asked for before.
    fn answer(&self, question: u64, decision: Decision) {
        command_io(self.state.lock(), Command::Decided { question, decision });
    }

    /// What the client has done so far. Takes no lock.
    pub(crate) fn stats(&self) -> Stats {
        let counters = &self.counters;
        Stats {
            calls: counters.calls.get(),
            answers: counters.answers.get(),
            errors: counters.errors.get(),
            timeouts: counters.timeouts.get(),
            lost: counters.lost.get(),
            unanswered: counters.unanswered.get(),
            pushes: counters.pushes.get(),
            bytes_sent: counters.bytes_sent.get(),
            bytes_received: counters.bytes_received.get(),
            in_flight: self.in_flight.load(Ordering::Relaxed) as u64,
            queued_bytes: counters.queued_bytes.get()
                + self.unwritten.load(Ordering::Relaxed) as u64,
            waiting_callbacks: self.backlog.callbacks() as u64,
            reconnects: counters.reconnects.get(),
            online: counters.online.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn own_uid(&self) -> i64 {
        self.uid.load(Ordering::Relaxed)
    }

    /// Whether the program has said `bye`, and nothing else since.
    pub(crate) fn is_leaving(&self) -> bool {
        self.state.lock().leaving
    }

    /// A call has ended: its callback has returned, or the one who waits for it is about to be told.
    fn call_ended(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// Wakes the sitter if it sleeps and nobody has woken it yet.
    fn wake_sleeper(&self) {
        let sleeper = self.state.lock().take_sleeper(|sitter| sitter != Sitter::Awake);
        if let Some(io) = sleeper {
            wake(&io);
        }
    }

    /// Wakes whoever sits, or has the next one look.
    fn wake_io(&self) {
        let io = self.state.lock().io.clone();
        if let Some(io) = io {
            wake(&io);
        }
    }
}

/// Callbacks that the program has not run are dropped, each guarded: that is user code too.
impl Drop for Engine {
    fn drop(&mut self) {
        for item in self.chair.left().into_iter().flat_map(|batch| batch.items) {
            guarded("callback's drop", || drop(item));
        }
        let ready = self.options.callbacks_ready.take();
        guarded("callbacks_ready's drop", || drop(ready));
    }
}

/// Gives the sitter a command, if there is a run.
fn command_io(mut state: MutexGuard<'_, State>, command: Command) {
    let Some(io) = state.io.clone() else { return };
    state.commands.push(command);
    state.sitter = Sitter::Awake;
    drop(state);
    wake(&io);
}

fn wake(io: &Waker) {
    if let Err(error) = io.wake() {
        guard::log(
            Level::Error,
            "rtm_client::engine",
            format_args!("the readiness wait cannot be woken: {error}"),
        );
    }
}

/// What a call fails with where no login has succeeded.
fn log_in_first() -> Error {
    not_yet("log in first")
}

fn not_yet(text: &'static str) -> Error {
    Error::new(fpnn::CORE_INVALID_CONNECTION, text).unsent()
}

fn millis_since_1970(now: SystemTime) -> i64 {
    now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
