//! The I/O role: the one value that the thread in the chair owns, as long as it sits.
//!
//! A pass: read until the socket would block (bounded), one lock to take the answered calls and the outbox, step the
//! session, write with the lock released. A pass blocks only in the readiness wait, and runs no user code.

mod catch_up;
mod session;

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use log::Level;
use mio::{Events, Poll, Token, Waker};

use super::call::Note;
use super::callbacks::{Batch, Item};
use super::connect::{Dialing, Progress};
use super::connection::{Connection, Heard, Own};
use super::login::Login;
use super::upload::Upload;
use super::{Command, Complete, Engine, Sitter, State};
use crate::catch_up::{Input as CatchUpInput, Machine, Message};
use crate::error::Error;
use crate::error_code::fpnn;
use crate::guard;
use crate::options::Callbacks;
use crate::pending::Taken;
use crate::push::Push;
use crate::resume::{Change, Resume};
use crate::session::{Input, Output, Session, SessionOptions};
use crate::time::{NEVER, Time, to_time};
use crate::wire::frame_buffer::{self, FrameBuffer};
use crate::wire::payload::with_fields;

/// The waker's token; sockets have higher tokens.
const WAKER: Token = Token(0);

/// The largest answer that the thread in the chair decodes for a waiter.
const DECODED_AT_ONCE: usize = 1 << 20;

/// The number of passes for reading the received data, after which the session's deadline is judged in any case.
const READS_BEFORE_JUDGED: u32 = 256;

/// How many empty batches are kept.
const SPARE: usize = 4;

pub(super) struct Io {
    /// The time of the latest pass.
    now: Time,
    poll: Poll,
    events: Events,
    waker: Arc<Waker>,
    session: Session,
    link: Link,
    /// The token of the link's socket, while it is up; events of earlier sockets are stale.
    token: Token,
    /// The number of gates connected to since a gate has let the user in.
    passed_over: usize,
    /// The last token given out.
    last_token: usize,
    uploads: Vec<Upload>,
    login: Login,
    /// The number of the open question to the program; 0 without a question.
    asked: u64,
    /// The state that is restored after a relogin.
    resume: Resume,
    /// The machine that fetches missed messages, if the options ask for it.
    catch_up: Option<Box<Machine<Message>>>,
    batch: Batch,
    /// Empty batches, to be used again.
    spare: Vec<Batch>,
    /// The largest answer that the thread in the chair decodes for a waiter.
    decoded_at_once: usize,
    /// The number of passes since the session's deadline has come: the deadline is judged when the received data is read.
    due: u32,
    expired: Expired,
    /// Calls whose time is over, until it is known whether their frames were begun.
    timed_out: Vec<Taken<Complete>>,
    /// The number of the first call whose frame was not begun when the connection ended.
    unsent: Option<u32>,
    frame: FrameBuffer,
    /// The findings of reading and dialing, for the session machine.
    inputs: Vec<Input>,
    outputs: Vec<Output>,
    commands: Vec<Command>,
}

/// A connection of the login with that epoch, and with that token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ConnectionId {
    epoch: u64,
    token: Token,
}

enum Link {
    Down,
    Dialing(Box<Dialing>),
    Up(Box<Connection>),
}

/// Which calls have expired, as [`State::expired`] counts them, where their frames were looked for.
#[derive(Default)]
struct Expired {
    /// In what waits for the socket.
    waiting: u64,
    /// In the outbox, when it was taken.
    outbox: u64,
    /// Whether to look for them before the next bytes are written.
    look: bool,
}

impl Expired {
    /// The outbox may have frames of expired calls.
    fn outbox_taken(&mut self, expired: u64) {
        self.look |= self.outbox != expired;
        self.outbox = expired;
    }
}

/// The result of a pass.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Passed {
    /// There is more to do.
    Again,
    /// There is no work until the next event. `blocked`: the socket has not taken all bytes yet.
    Park { blocked: bool },
    /// The session is over, and there is no new login.
    End,
}

/// The parts of the batch that are not for callbacks only.
#[derive(Clone, Copy, Default)]
struct Found {
    /// Answers for waiters.
    waited_for: bool,
    /// News for `resume`.
    noted: bool,
    /// Answers to calls that have ended.
    unknown: bool,
}

impl Io {
    pub(super) fn new(engine: &Engine) -> io::Result<Io> {
        let options = &engine.options;
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let max_ping_interval = u64::from(options.max_ping_interval_seconds) * 1_000_000_000;
        Ok(Io {
            now: 0,
            poll,
            events: Events::with_capacity(16),
            waker,
            session: Session::new(SessionOptions {
                auto_reconnect: options.auto_reconnect,
                retry_first_login: options.reconnecting.first_login,
                connection_timeout: to_time(options.connection_timeout),
                max_ping_interval,
                strategy: options.regressive_strategy,
                max_attempts: options.reconnecting.max_attempts,
                jitter: options.reconnecting.jitter,
            }),
            link: Link::Down,
            token: WAKER,
            passed_over: 0,
            last_token: WAKER.0,
            uploads: Vec::new(),
            login: Login::default(),
            asked: 0,
            resume: Resume::default(),
            catch_up: options.catch_up.clone().map(|options| Box::new(Machine::new(options))),
            batch: Batch::default(),
            spare: Vec::new(),
            // Nobody may be running callbacks while the program waits.
            decoded_at_once: match options.callbacks {
                Callbacks::Thread => DECODED_AT_ONCE,
                Callbacks::Manual => usize::MAX,
            },
            due: 0,
            expired: Expired::default(),
            timed_out: Vec::new(),
            unsent: None,
            frame: FrameBuffer::default(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            commands: Vec::new(),
        })
    }

    pub(super) fn waker(&self) -> Arc<Waker> {
        self.waker.clone()
    }

    /// One pass. `more`: there are callbacks to run after the pass.
    pub(super) fn pass(&mut self, engine: &Arc<Engine>, more: bool) -> Passed {
        // A connection that always has something to read keeps the others from being heard of in the readiness wait.
        if more || !self.uploads.is_empty() {
            self.look_for_events();
        }
        let now = engine.now();
        self.now = now;
        let heard = self.advance_link(engine, now);
        self.advance_uploads(engine);
        let (mut found, passed) = self.exchange(engine, now, more);
        found.noted |= heard;
        self.settle(engine, found);
        if now >= self.catch_up_at() {
            self.catch_up(engine, CatchUpInput::Due);
        }
        self.step_session(engine);
        self.write(engine);
        passed
    }

    /// The batch to run, if there is one.
    pub(super) fn take_batch(&mut self, engine: &Engine) -> Option<Batch> {
        if self.batch.items.is_empty() {
            self.batch = std::mem::take(&mut self.batch).emptied();
            return None;
        }
        engine.backlog.add(&self.batch);
        let fresh = self.spare.pop().unwrap_or_default();
        Some(std::mem::replace(&mut self.batch, fresh))
    }

    /// Takes an empty batch to fill later.
    pub(super) fn use_again(&mut self, spare: Option<Batch>) {
        if self.spare.len() < SPARE {
            self.spare.extend(spare);
        }
    }

    /// Goes on with connecting, or reads the received data. Returns whether the batch has a push for `resume`.
    fn advance_link(&mut self, engine: &Engine, now: Time) -> bool {
        let mut noted = false;
        match &mut self.link {
            Link::Down => {}
            Link::Dialing(dialing) => {
                let registry = self.poll.registry();
                match dialing.advance(engine, now, registry, &mut self.last_token) {
                    Progress::Waiting => {}
                    Progress::Open(connection, token) => {
                        self.token = token;
                        self.session.reached(connection.peer());
                        self.link = Link::Up(connection);
                        self.inputs.push(Input::Connected);
                    }
                    Progress::Failed(failure) => {
                        self.link = Link::Down;
                        let until =
                            failure.retry_after.map(|after| now.saturating_add(to_time(after)));
                        self.inputs.extend(until.map(|until| Input::Busy { until }));
                        self.inputs.push(Input::ConnectFailed(failure.error));
                    }
                }
            }
            Link::Up(connection) => {
                let limit = engine.options.max_undelivered_bytes;
                let behind = engine.backlog.is_behind(connection.is_paused(), limit);
                connection.pause(behind);
                if connection.is_owed() && engine.backlog.is_over(limit) {
                    self.inputs.push(Input::Lost(too_much(limit)));
                    return noted;
                }
                let came = connection.read(&mut self.batch, &mut self.frame, |heard| {
                    self.inputs.push(match heard {
                        Heard::KickoutRoom => return noted = true,
                        // It has come: that is all it is for.
                        Heard::Own(Own::Ping, _) => return,
                        Heard::Kickout => Input::Kickout,
                        Heard::Own(Own::Auth, answer) => Input::Authenticated(answer),
                        Heard::Own(Own::Bye, _) => Input::ByeAnswered,
                        Heard::Lost(error) => Input::Lost(error),
                    });
                });
                // Answers cannot be heard while reading is paused: that is no reason to think the gate silent.
                if came || connection.is_paused() && self.session.is_probing() {
                    self.session.heard(now);
                }
            }
        }
        noted
    }

    fn advance_uploads(&mut self, engine: &Engine) {
        if self.uploads.is_empty() {
            return;
        }
        for upload in &mut self.uploads {
            let registry = self.poll.registry();
            let last_token = &mut self.last_token;
            upload.advance(engine, registry, last_token, &mut self.frame, &mut self.batch);
        }
        self.uploads.retain(|upload| !upload.is_over());
    }

    /// The one lock of a pass: takes answered calls, the outbox and the commands; decides whether to park.
    fn exchange(&mut self, engine: &Engine, now: Time, more: bool) -> (Found, Passed) {
        let mut guard = engine.state.lock();
        let state = &mut *guard;
        let found = self.take_answered(engine, state);
        std::mem::swap(&mut self.commands, &mut state.commands);
        let mut busy = self.judge(now);
        if self.session.is_draining() && !self.is_owed_answers(engine, state) {
            self.inputs.push(Input::Drained);
        }
        busy |= !self.commands.is_empty() || !self.inputs.is_empty();
        busy |= self.uploads.iter().any(Upload::has_more);
        let blocked = self.take_outbox(engine, state);
        std::mem::swap(&mut self.timed_out, &mut state.timed_out);
        busy |= !self.timed_out.is_empty();
        // Where the socket is full the outbox stands behind what waits.
        let in_outbox = frame_buffer::first(&state.outbox).and_then(|frame| frame.seq);
        busy |= self.has_more();
        engine.counters.queued_bytes.set(state.outbox.len() as u64);
        // While callbacks run, calls need not wake anybody.
        let passed = if busy || more || self.leaves_callbacks(engine) {
            Passed::Again
        } else if self.session.is_idle() {
            state.io = None;
            state.run += 1;
            Passed::End
        } else {
            Passed::Park { blocked }
        };
        state.sitter = match passed {
            Passed::Park { blocked: false } => Sitter::Asleep,
            Passed::Park { blocked: true } => Sitter::Blocked,
            Passed::Again | Passed::End => Sitter::Awake,
        };
        drop(guard);
        self.time_out(engine, in_outbox);
        (found, passed)
    }

    /// Whether calls of the program are still unanswered. Callbacks need no connection, so they do not count.
    fn is_owed_answers(&self, engine: &Engine, state: &State) -> bool {
        state.pending.len() + self.uploads.len() + self.commands.len() > 0
            || !state.queue.is_empty()
            || engine.announced.load(Ordering::SeqCst) > 0
    }

    /// Ends calls whose time was over while frames waited for the socket, `in_outbox` the first of those in the outbox. A
    /// call whose frame is not begun is never sent: see [`write`](Io::write).
    fn time_out(&mut self, engine: &Engine, in_outbox: Option<u32>) {
        if self.timed_out.is_empty() {
            return;
        }
        let first = match &self.link {
            Link::Up(connection) => connection.first_unsent().or(in_outbox),
            Link::Down | Link::Dialing(_) => None,
        };
        let late = Error::new(fpnn::CORE_TIMEOUT, "");
        let unsent = late.unsent();
        for Taken { seq, call, .. } in std::mem::take(&mut self.timed_out) {
            let error = if is_from(seq, first) { &unsent } else { &late };
            engine.end(call, error.clone(), &mut self.batch);
        }
    }

    /// Takes the answered calls out of the table.
    fn take_answered(&mut self, engine: &Engine, state: &mut State) -> Found {
        let (mut answers, mut errors, mut pushes) = (0, 0, 0);
        let mut found = Found::default();
        for item in &mut self.batch.items {
            match item {
                Item::Answer { seq, complete, status, .. } => {
                    // That of an upload has its call.
                    if complete.is_none() {
                        *complete = state.pending.take(*seq);
                        answers += u64::from(complete.is_some());
                        errors += u64::from(complete.is_some() && *status != 0);
                    }
                    match complete {
                        Some(complete) => {
                            state.queue.take_kept(complete);
                            found.waited_for |= complete.at_once;
                            found.noted |= complete.note.is_some();
                        }
                        None => found.unknown = true,
                    }
                }
                Item::Push { .. } => pushes += 1,
                _ => {}
            }
        }
        let counters = &engine.counters;
        counters.answers.add(answers);
        counters.errors.add(errors);
        counters.pushes.add(pushes);
        found.noted |= pushes > 0 && self.catch_up.is_some();
        found
    }

    /// Whether the batch will have callbacks after the waiters are served.
    fn leaves_callbacks(&self, engine: &Engine) -> bool {
        let waiter = |item: &Item| {
            matches!(item, Item::Answer { complete, at, .. }
                if complete.as_ref().is_none_or(|call| call.at_once && at.len() <= self.decoded_at_once))
        };
        engine.options.callbacks == Callbacks::Thread && !self.batch.items.iter().all(waiter)
    }

    /// Tells the session that its deadline has come, after one more read: data that the gate has sent by then counts,
    /// even if the kernel has not announced it yet, for example after the process was stopped. Returns whether that read
    /// is still to come.
    fn judge(&mut self, now: Time) -> bool {
        let due = now >= self.session.deadline();
        let more = self.has_more();
        let passes = std::mem::take(&mut self.due);
        if due && passes > 0 && (!more || passes > READS_BEFORE_JUDGED) {
            self.inputs.push(Input::Due);
            return false;
        }
        if due {
            self.due = passes + 1;
            if let Link::Up(connection) = &mut self.link {
                connection.readable(false);
            }
        }
        due
    }

    /// Takes the outbox, if the socket has taken all earlier bytes. Returns whether it has not.
    fn take_outbox(&mut self, engine: &Engine, state: &mut State) -> bool {
        let Link::Up(connection) = &mut self.link else { return false };
        let stuck = connection.is_stuck();
        if self.expired.waiting != state.expired {
            self.expired.waiting = state.expired;
            self.expired.look = true;
            self.inputs.push(Input::Doubt);
        }
        if !stuck && !state.outbox.is_empty() {
            let out = connection.stream().out.buffer();
            if out.is_empty() {
                std::mem::swap(out, &mut state.outbox);
            } else {
                // Answers of this pass are before it.
                out.append(&mut state.outbox);
            }
            self.expired.outbox_taken(state.expired);
        }
        engine.unwritten.store(connection.waiting(), Ordering::Relaxed);
        stuck
    }

    /// Prepares the batch for the callbacks: takes the notes off, serves the waiters, drops answers to ended calls.
    fn settle(&mut self, engine: &Arc<Engine>, found: Found) {
        if found.noted {
            self.take_notes(engine);
        }
        if found.unknown {
            let for_nobody = |item: &Item| matches!(item, Item::Answer { complete: None, .. });
            self.batch.items.retain(|item| !for_nobody(item));
        }
        if found.waited_for {
            self.batch.run_for_waiters(self.decoded_at_once, engine);
        }
    }

    /// Takes the notes off the answers and remembers them, and holds pushes that have to wait: in order, because a user
    /// may enter a room and be removed from it within one pass.
    fn take_notes(&mut self, engine: &Arc<Engine>) {
        for _ in 0..self.batch.items.len() {
            let Some(mut item) = self.batch.items.pop_front() else { break };
            let stays = match &mut item {
                Item::Answer { complete: Some(complete), status, .. } => {
                    let note = complete.note.take().filter(|_| *status == 0);
                    if let Some(Note::Change(change)) = note.map(|note| *note) {
                        self.changed(engine, change);
                    }
                    true
                }
                Item::Push { push: Push::KickoutRoom, encoding, at } => {
                    let payload = self.batch.bytes.get(at.clone()).unwrap_or(&[]);
                    if let Ok(rid) = with_fields(*encoding, payload, |f| f.int("rid")) {
                        self.changed(engine, Change::Left(rid));
                    }
                    true
                }
                Item::Push { push: Push::Message(category), encoding, at } => {
                    self.passes(engine, *category, *encoding, at.clone())
                }
                _ => true,
            };
            if stays {
                self.batch.items.push_back(item);
            }
        }
    }

    fn write(&mut self, engine: &Engine) {
        self.take_back(engine);
        let Link::Up(connection) = &mut self.link else { return };
        if connection.write() {
            self.session.heard(self.now);
        }
        engine.unwritten.store(connection.waiting(), Ordering::Relaxed);
        count_traffic(engine, connection);
    }

    /// Removes the frames of ended calls. To be called before each write.
    fn take_back(&mut self, engine: &Engine) {
        let Link::Up(connection) = &mut self.link else { return };
        if !self.expired.look || !connection.is_writable() {
            return;
        }
        self.expired.look = false;
        if connection.is_blocked() {
            let waiting = connection.stream().out.not_begun().collect::<Vec<_>>();
            let state = engine.state.lock();
            let ended = |seq: &u32| !state.pending.contains(*seq) && !connection.expects(*seq);
            let ended: Vec<_> = waiting.into_iter().filter(ended).collect();
            drop(state);
            connection.stream().out.take_back(&ended);
        }
    }

    fn has_more(&self) -> bool {
        matches!(&self.link, Link::Up(connection) if connection.has_more())
    }

    fn is_blocked(&self) -> bool {
        matches!(&self.link, Link::Up(connection) if connection.is_blocked())
    }

    /// Waits for the next event, if the result of the pass says so.
    pub(super) fn park_after(&mut self, passed: Passed) {
        match passed {
            // It was blocked when the outbox was left where it is, and nobody would say that it is not any more.
            Passed::Park { blocked: true } if !self.is_blocked() => {}
            // Writing has failed: what the gate has said before is to be read.
            Passed::Park { .. } if self.has_more() => {}
            Passed::Park { .. } => {
                let deadline = self.deadline();
                let left = Duration::from_nanos(deadline.saturating_sub(self.now));
                self.wait((deadline != NEVER).then_some(left));
            }
            Passed::Again | Passed::End => {}
        }
    }

    /// Takes the events of the kernel, without waiting.
    fn look_for_events(&mut self) {
        self.wait(Some(Duration::ZERO));
    }

    /// The time of the next work without an event.
    fn deadline(&self) -> Time {
        let link = match &self.link {
            Link::Down | Link::Up(_) => NEVER,
            Link::Dialing(dialing) => dialing.next_at(),
        };
        let uploads = self.uploads.iter().map(Upload::deadline);
        uploads.fold(self.session.deadline().min(link).min(self.catch_up_at()), Time::min)
    }

    /// The time when the machine that catches up goes on by itself.
    fn catch_up_at(&self) -> Time {
        self.catch_up.as_ref().map_or(NEVER, |machine| machine.deadline())
    }

    fn wait(&mut self, most: Option<Duration>) {
        if let Err(error) = self.poll.poll(&mut self.events, most) {
            if error.kind() != io::ErrorKind::Interrupted {
                guard::log(
                    Level::Error,
                    "rtm_client::engine",
                    format_args!("the readiness wait failed: {error}"),
                );
            }
            return;
        }
        for event in self.events.iter() {
            let token = event.token();
            let hung_up = event.is_read_closed() || event.is_error();
            let (readable, writable) =
                (event.is_readable() || hung_up, event.is_writable() || hung_up);
            let of_link = match &mut self.link {
                Link::Up(connection) if token == self.token => {
                    connection.ready(readable, writable, hung_up);
                    true
                }
                Link::Dialing(dialing) => dialing.ready(token, hung_up),
                Link::Down | Link::Up(_) => false,
            };
            if !of_link {
                // An upload's, or one of a socket that is gone.
                self.uploads
                    .iter_mut()
                    .any(|upload| upload.ready(token, readable, writable, hung_up));
            }
        }
    }
}

/// Whether a call has that number or a later number; numbers may have wrapped around to 0.
fn is_from(seq: u32, first: Option<u32>) -> bool {
    first.is_some_and(|first| seq.wrapping_sub(first) < u32::MAX / 2)
}

/// What a gate ends with that sends and sends, and not what is waited for.
fn too_much(limit: usize) -> Error {
    let text = format!(
        "more than twice the {limit} bytes of max_undelivered_bytes came before the session's own answer"
    );
    Error::new(fpnn::CORE_INVALID_PACKAGE, text)
}

fn count_traffic(engine: &Engine, connection: &mut Connection) {
    let (read, written) = connection.stream().take_traffic();
    engine.counters.bytes_received.add(read);
    engine.counters.bytes_sent.add(written);
}
