//! The I/O thread: it alone touches the socket and steps the session machine.
//!
//! One pass: read until the socket would block (bounded), one lock to take the answered calls and the outbox, write
//! with the lock released, hand the batch on, park. It never sleeps, never runs user code, never waits for a queue.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mio::{Events, Poll, Token, Waker};

use super::connect::{Dialing, Progress};
use super::connection::{Connection, Heard, Own};
use super::dispatch::{Batch, Item};
use super::frame::FrameBuffer;
use super::login::Login;
use super::parts::{Parts, WAKER};
use super::queue::Queued;
use super::upload::{Upload, UploadRequest};
use super::{
    Command, Complete, DECODED_AT_ONCE, DEFAULT_TIMEOUT, Door, Engine, FIRST_SEQ, login, to_time,
};
use crate::error::Error;
use crate::error_code::fpnn;
use crate::events::ReloginCompleted;
use crate::options::Callbacks;
use crate::push::Push;
use crate::resume::{Change, Resume};
use crate::session::{
    Input, Later, Moment, Output, Question, Session, SessionEvent, SessionOptions,
};
use crate::time::Time;
use crate::wire::package;
use crate::wire::payload::{with_fields, write_map};

/// From how many callbacks that wait or run on, calls made inside them are written together.
const DEFER_FROM: usize = 4;

/// How long such a call waits at the most, should its callback go on for long.
const DEFERRED_AT_MOST: Duration = Duration::from_millis(1);

struct IoThread {
    engine: Arc<Engine>,
    poll: Poll,
    waker: Arc<Waker>,
    session: Session,
    link: Link,
    /// The token of the link's socket; events of earlier ones are stale.
    token: Token,
    /// How many gates have been connected to since one has let the user in.
    passed_over: usize,
    /// The token given out last.
    last_token: usize,
    uploads: Vec<Upload>,
    login: Login,
    /// What comes back after a relogin.
    resume: Resume,
    batch: Batch,
    /// The largest answer that is decoded on this thread for a waiter.
    decoded_at_once: usize,
    /// Whether the session's deadline has come, and is judged after the next read.
    due: bool,
    /// Whether it has looked by itself since the latest batch was handed on: then calls wake it again.
    looked: bool,
    /// Whether the batch holds answers that are waited for.
    waited_for: bool,
    /// Whether the batch holds something that `resume` has to know.
    noted: bool,
    frame: FrameBuffer,
    /// What reading and dialing found out, for the session machine.
    inputs: Vec<Input>,
    outputs: Vec<Output>,
    commands: Vec<Command>,
}

enum Link {
    Down,
    Dialing(Box<Dialing>),
    Up(Box<Connection>),
}

/// What to do after the pass's lock.
enum Next {
    /// There is more to do.
    Again,
    /// Nothing to do until something happens. `blocked`: the socket has not taken everything yet.
    Park { blocked: bool, deferring: bool },
    /// The session is over and nobody asks for another.
    End,
}

/// The thread.
pub(super) fn run(engine: Arc<Engine>, parts: Parts) {
    let options = &engine.options;
    let session = Session::new(SessionOptions {
        auto_reconnect: options.auto_reconnect,
        connection_timeout: to_time(options.connection_timeout),
        max_ping_interval: u64::from(options.max_ping_interval_seconds) * 1_000_000_000,
        strategy: options.regressive_strategy,
        max_attempts: options.reconnecting.max_attempts,
        jitter: options.reconnecting.jitter,
    });
    let mut io = IoThread {
        poll: parts.poll,
        waker: parts.waker,
        session,
        link: Link::Down,
        token: WAKER,
        passed_over: 0,
        last_token: WAKER.0,
        uploads: Vec::new(),
        login: Login::default(),
        resume: Resume::default(),
        batch: engine.dispatch.fresh_batch(),
        // Nobody may be running callbacks while the program waits.
        decoded_at_once: match options.callbacks {
            Callbacks::Thread => DECODED_AT_ONCE,
            Callbacks::Manual => usize::MAX,
        },
        due: false,
        looked: false,
        waited_for: false,
        noted: false,
        frame: FrameBuffer::default(),
        inputs: Vec::new(),
        outputs: Vec::new(),
        commands: Vec::new(),
        engine,
    };
    let mut events = Events::with_capacity(16);
    loop {
        io.advance_link();
        io.advance_uploads();
        let next = io.exchange();
        io.take_notes();
        io.step_session();
        io.write();
        io.hand_on();
        match next {
            Next::Again => {}
            // It was blocked when the outbox was left where it is, and nobody would say that it is not any more.
            Next::Park { blocked: true, .. } if !io.is_blocked() => {}
            Next::Park { deferring, .. } => io.park(&mut events, deferring),
            Next::End => break,
        }
    }
    let engine = io.engine.clone();
    // The socket is closed before the thread counts as ended.
    drop(io);
    engine.deadline_changed.notify_one();
    // The callback thread delivers what is owed and ends.
    engine.dispatch.need_not_stay();
}

impl IoThread {
    /// Goes on with connecting, or reads what has come.
    fn advance_link(&mut self) {
        match &mut self.link {
            Link::Down => {}
            Link::Dialing(dialing) => {
                let now = self.engine.now();
                match dialing.advance(now, self.poll.registry(), self.token) {
                    Progress::Waiting => {}
                    Progress::Open(socket) => {
                        let options = &self.engine.options;
                        let (received, queued) =
                            (options.max_received_bytes, options.max_queued_bytes);
                        let connection = Connection::new(*socket, received, queued);
                        self.link = Link::Up(Box::new(connection));
                        self.inputs.push(Input::Connected);
                    }
                    Progress::Failed(error) => {
                        self.link = Link::Down;
                        self.inputs.push(Input::ConnectFailed(error));
                    }
                }
            }
            Link::Up(connection) => {
                connection.pause(
                    self.engine.dispatch.is_behind(
                        connection.is_paused(),
                        self.engine.options.max_undelivered_bytes,
                    ),
                );
                connection.read(&mut self.batch, &mut self.frame, |heard| {
                    self.inputs.push(match heard {
                        Heard::KickoutRoom => return self.noted = true,
                        Heard::Pinged => Input::Pinged,
                        Heard::Kickout => Input::Kickout,
                        Heard::Own(Own::Auth, answer) => Input::Authenticated(answer),
                        Heard::Own(Own::Bye, _) => Input::ByeAnswered,
                        Heard::Lost(error) => Input::Lost(error),
                    });
                });
            }
        }
    }

    fn advance_uploads(&mut self) {
        if self.uploads.is_empty() {
            return;
        }
        for upload in &mut self.uploads {
            let registry = self.poll.registry();
            upload.advance(&self.engine, registry, &mut self.frame, &mut self.batch);
        }
        self.uploads.retain(|upload| !upload.is_over());
    }

    /// The one lock of a pass: takes answered calls, the outbox and what was posted; decides whether to park.
    fn exchange(&mut self) -> Next {
        let mut deadline = self.session.deadline();
        if let Link::Dialing(dialing) = &self.link {
            deadline = deadline.min(dialing.give_up_at());
        }
        for upload in &self.uploads {
            deadline = deadline.min(upload.deadline());
        }
        let (mut answers, mut errors, mut pushes, mut unknown) = (0, 0, 0, false);
        let mut guard = self.engine.state.lock();
        let state = &mut *guard;
        for item in &mut self.batch.items {
            match item {
                Item::Answer { seq, complete: complete @ None, status, .. } => {
                    *complete = state.pending.take(*seq);
                    match complete {
                        Some(Complete::Waiter(_)) => self.waited_for = true,
                        Some(Complete::Noted(_)) => self.noted = true,
                        Some(Complete::Callback(_)) | None => {}
                    }
                    unknown |= complete.is_none();
                    answers += u64::from(complete.is_some());
                    errors += u64::from(complete.is_some() && *status != 0);
                }
                // That of an upload.
                Item::Answer { complete: Some(Complete::Waiter(_)), .. } => self.waited_for = true,
                Item::Push { .. } => pushes += 1,
                _ => {}
            }
        }
        std::mem::swap(&mut self.commands, &mut state.commands);
        let due = std::mem::take(&mut state.session_due);
        // What the gate has sent by now counts, though nobody has announced it yet: after the process was stopped, say.
        if let (true, Link::Up(connection)) = (due, &mut self.link) {
            connection.readable(false);
        }
        if std::mem::replace(&mut self.due, due) {
            // Pings cannot be heard while reading is paused: that is no reason to think the gate silent.
            let paused = matches!(&self.link, Link::Up(connection) if connection.is_paused());
            self.inputs.extend(paused.then_some(Input::Pinged));
            self.inputs.push(Input::Due);
        }
        let mut busy = due || !self.commands.is_empty() || !self.inputs.is_empty();
        busy |= self.uploads.iter().any(Upload::has_more);
        if let Link::Up(connection) = &mut self.link {
            busy |= connection.has_more();
            if !connection.is_blocked() && !state.outbox.is_empty() {
                std::mem::swap(connection.stream().out(), &mut state.outbox);
                busy = true;
            }
        }
        state.unwritten = match &self.link {
            Link::Up(connection) => connection.waiting(),
            Link::Down | Link::Dialing(_) => 0,
        };
        self.engine.counters.queued_bytes.set(state.queued_bytes() as u64);
        let next = if busy {
            Next::Again
        } else if self.session.is_idle() {
            state.io = None;
            state.run += 1;
            Next::End
        } else {
            let blocked = self.is_blocked();
            // While the socket takes no more, a new call is no reason to wake up.
            state.parked = !blocked;
            // Many callbacks may make many calls: let them write together.
            let handed_on = if self.waited_for { 0 } else { self.batch.items.len() };
            let callbacks = handed_on + self.engine.dispatch.waiting();
            state.deferring = !self.looked && callbacks >= DEFER_FROM;
            Next::Park { blocked, deferring: state.deferring }
        };
        state.session_deadline = deadline;
        let earlier = state.timer_is_late_for(deadline);
        drop(guard);
        if earlier {
            self.engine.deadline_changed.notify_one();
        }
        if unknown {
            // Nobody waits for them any more.
            let for_nobody = |item: &Item| matches!(item, Item::Answer { complete: None, .. });
            self.batch.items.retain(|item| !for_nobody(item));
        }
        let counters = &self.engine.counters;
        counters.answers.add(answers);
        counters.errors.add(errors);
        counters.pushes.add(pushes);
        next
    }

    /// Takes the notes off the answers, and remembers what they say: in order, for a user may enter a room and be removed
    /// from it within one pass.
    fn take_notes(&mut self) {
        if !std::mem::take(&mut self.noted) {
            return;
        }
        let Batch { bytes, items } = &mut self.batch;
        for item in items {
            match item {
                Item::Answer { complete, status, .. } => {
                    let (change, call) = match complete.take() {
                        Some(Complete::Noted(noted)) => *noted,
                        other => {
                            *complete = other;
                            continue;
                        }
                    };
                    if *status == 0 {
                        self.resume.apply(change);
                    }
                    self.waited_for |= matches!(call, Complete::Waiter(_));
                    *complete = Some(call);
                }
                Item::Push { push: Push::KickoutRoom, encoding, at } => {
                    let payload = bytes.get(at.clone()).unwrap_or(&[]);
                    if let Ok(rid) = with_fields(*encoding, payload, |f| f.int("rid")) {
                        self.resume.apply(Change::Left(rid));
                    }
                }
                _ => {}
            }
        }
    }

    /// Steps the session machine with everything that happened in this pass, and does what it says.
    fn step_session(&mut self) {
        let at = Moment { now: self.engine.now(), chance: rand::random() };
        for input in std::mem::take(&mut self.inputs) {
            self.session.step(at, input, &mut self.outputs);
            self.act();
        }
        for command in std::mem::take(&mut self.commands) {
            let input = match command {
                Command::Login { login, timeout } => {
                    // The machine ends an earlier login before it starts this one.
                    self.session.step(at, Input::Close, &mut self.outputs);
                    self.act();
                    self.login = login;
                    self.resume = Resume::default();
                    Input::Login { timeout }
                }
                Command::Upload(request) => {
                    self.start_upload(*request);
                    continue;
                }
                // One question at a time: in the epoch of this login it is the latest.
                Command::Said { epoch, said } if epoch == self.login.epoch => {
                    Input::Verdict(self.login.listen(said))
                }
                Command::Said { .. } => continue,
                Command::Bye => Input::Bye,
                Command::Close => Input::Close,
                Command::Destroy => Input::Destroy,
            };
            self.session.step(at, input, &mut self.outputs);
            self.act();
        }
        if self.session.is_idle() {
            for mut upload in self.uploads.drain(..) {
                upload.fail(Error::connection_closed(), &self.engine, &mut self.batch);
            }
        }
    }

    fn start_upload(&mut self, request: UploadRequest) {
        let token = self.next_token();
        self.uploads.push(Upload::start(&self.engine, request, token, &self.waker));
    }

    fn next_token(&mut self) -> Token {
        self.last_token += 1;
        Token(self.last_token)
    }

    fn act(&mut self) {
        for output in std::mem::take(&mut self.outputs) {
            match output {
                Output::Dial { deadline } => self.dial(deadline),
                Output::SendAuth => {
                    // A gate that does not let the user in is not the first to be tried next time.
                    self.passed_over += 1;
                    self.send_own(Own::Auth);
                }
                Output::SendBye => self.send_own(Own::Bye),
                Output::Ask(question) => self.ask(question),
                Output::Open => {
                    self.passed_over = 0;
                    self.open();
                }
                Output::Disconnect => self.disconnect(),
                Output::EndCalls { error, later } => self.end_calls(error, later),
                Output::LoginDone { ok, error_code } => {
                    if let Some(done) = self.login.done.take() {
                        done.end(ok, error_code, &mut self.batch);
                    }
                }
                Output::Emit(event) => self.emit(event),
            }
        }
    }

    /// Asks the program, on the callback thread; goes on at once where nobody wants to be asked.
    fn ask(&mut self, question: Question) {
        match login::verdict_of_nobody(question, &self.engine.listeners) {
            Some(go) => self.inputs.push(Input::Verdict(go)),
            None => {
                self.batch.items.push(Item::Ask { question, epoch: self.login.epoch });
            }
        }
    }

    /// Lets calls pass, behind what is resumed and what was queued.
    fn open(&mut self) {
        let engine = &self.engine;
        let deadline = engine.now().saturating_add(to_time(DEFAULT_TIMEOUT));
        let resumed = self.resume.calls().map(|call| {
            let mut frame = FrameBuffer::default();
            let payload = |out: &mut Vec<u8>| write_map(out, |map| call.write(map));
            frame.build(|out| package::write_quest(out, Some(0), call.method(), payload));
            Queued { frame, deadline, complete: login::tell_failure(engine, call.failure()) }
        });
        let resumed: Vec<_> = resumed.collect();
        let mut guard = engine.state.lock();
        let state = &mut *guard;
        // The program has closed or logged in anew meanwhile.
        if state.epoch != self.login.epoch {
            return;
        }
        engine.in_flight.fetch_add(resumed.len(), Ordering::Relaxed);
        engine.counters.calls.add(resumed.len() as u64);
        let mut wake_timer = false;
        for Queued { frame, deadline, complete } in resumed.into_iter().chain(state.queue.drain()) {
            let seq = state.pending.insert(deadline, complete);
            frame.append_with_seq(&mut state.outbox, seq);
            wake_timer |= state.timer_is_late_for(deadline);
        }
        engine.counters.queued_bytes.set(state.outbox.len() as u64);
        state.door = Door::Open;
        drop(guard);
        if wake_timer {
            engine.deadline_changed.notify_one();
        }
    }

    fn emit(&mut self, event: SessionEvent) {
        match &event {
            SessionEvent::ReloginCompleted(ReloginCompleted { successful: true, .. }) => {
                self.engine.counters.reconnects.add(1);
                log::debug!(target: "rtm_client::session", "logged in again");
            }
            SessionEvent::Error(error) => {
                log::warn!(target: "rtm_client::session", "{error}");
            }
            event => log::debug!(target: "rtm_client::session", "{event:?}"),
        }
        self.batch.items.push(Item::Event(event));
    }

    fn dial(&mut self, deadline: Time) {
        // Numbers start anew with each connection; nothing is in flight.
        let in_flight = self.engine.state.lock().pending.drain(FIRST_SEQ);
        self.end_with(in_flight, &Error::connection_closed());
        self.token = self.next_token();
        let options = &self.engine.options;
        log::debug!(target: "rtm_client::connect", "dialing {}", options.gate_url());
        let mut gates = options.gates();
        let first = self.passed_over % gates.len().max(1);
        gates.rotate_left(first);
        let dialing =
            Dialing::start(options, &self.engine.connector, &gates, deadline, &self.waker);
        self.link = Link::Dialing(Box::new(dialing));
    }

    /// Sends a quest of the session's own. Its answer does not go through the table.
    fn send_own(&mut self, own: Own) {
        let Link::Up(connection) = &mut self.link else { return };
        let (seq, mut called_before) = {
            let mut state = self.engine.state.lock();
            self.engine.counters.queued_bytes.set(0);
            (state.pending.reserve(), std::mem::take(&mut state.outbox))
        };
        // Where the socket is slow, calls wait that were made before `bye`.
        connection.stream().out().append(&mut called_before);
        let (login, options) = (&self.login, &self.engine.options);
        self.frame.build(|out| match own {
            Own::Auth => {
                package::write_quest(out, Some(seq), "auth", |out| login.write_auth(options, out));
            }
            Own::Bye => package::write_quest(out, Some(seq), "bye", |out| write_map(out, |_| {})),
        });
        self.frame.append_to(connection.stream().out());
        connection.expect(own, seq);
    }

    fn disconnect(&mut self) {
        if let Link::Up(connection) = &mut self.link {
            // A close frame is polite; whether it gets out is not waited for.
            connection.say_goodbye();
        }
        // Dropping the socket closes it, which also ends its registration.
        self.link = Link::Down;
    }

    fn end_calls(&mut self, error: Error, later: Later) {
        let (door, goes_on) = match later {
            Later::Reconnecting if self.engine.options.reconnecting.max_bytes > 0 => {
                (Door::Reconnecting, true)
            }
            Later::Reconnecting => (Door::Shut(fpnn::CORE_CONNECTION_CLOSED), true),
            Later::Fail(code) => (Door::Shut(code), false),
        };
        let (calls, queued, _outbox) = {
            let mut state = self.engine.state.lock();
            if state.epoch == self.login.epoch {
                state.door = door;
            }
            let queued = if goes_on { Vec::new() } else { state.queue.drain() };
            self.engine.counters.queued_bytes.set(0);
            (state.pending.drain(FIRST_SEQ), queued, std::mem::take(&mut state.outbox))
        };
        self.end_with(calls, &error);
        self.end_with(
            queued.into_iter().map(|queued| queued.complete),
            &Error::connection_closed(),
        );
    }

    fn end_with(&mut self, calls: impl IntoIterator<Item = Complete>, error: &Error) {
        for complete in calls {
            self.engine.end(complete, error.clone(), &mut self.batch);
        }
    }

    fn write(&mut self) {
        if let Link::Up(connection) = &mut self.link {
            connection.write();
            let (read, written) = connection.stream().take_traffic();
            self.engine.counters.bytes_received.add(read);
            self.engine.counters.bytes_sent.add(written);
        }
    }

    fn is_blocked(&self) -> bool {
        matches!(&self.link, Link::Up(connection) if connection.is_blocked())
    }

    fn hand_on(&mut self) {
        if std::mem::take(&mut self.waited_for) {
            self.batch.run_for_waiters(self.decoded_at_once, &self.engine.in_flight);
        }
        if self.batch.items.is_empty() {
            self.batch.bytes.clear();
            return;
        }
        self.looked = false;
        let fresh = self.engine.dispatch.fresh_batch();
        self.engine.deliver(std::mem::replace(&mut self.batch, fresh));
    }

    /// Waits until something happens. While calls inside callbacks do not wake it, it looks by itself once.
    fn park(&mut self, events: &mut Events, deferring: bool) {
        let most = deferring.then_some(DEFERRED_AT_MOST);
        if let Err(error) = self.poll.poll(events, most) {
            if error.kind() != io::ErrorKind::Interrupted {
                log::error!(target: "rtm_client::engine", "the readiness wait failed: {error}");
            }
            return;
        }
        self.looked = deferring && events.is_empty();
        for event in events.iter() {
            let hung_up = event.is_read_closed() || event.is_error();
            if event.token() != self.token {
                let upload = self.uploads.iter_mut().find(|upload| upload.token == event.token());
                if let Some(upload) = upload {
                    upload.ready(event.is_readable() || hung_up, hung_up);
                }
                continue;
            }
            match &mut self.link {
                Link::Down => {}
                Link::Dialing(dialing) => dialing.ready(hung_up),
                Link::Up(connection) => {
                    if event.is_readable() || hung_up {
                        connection.readable(hung_up);
                    }
                }
            }
        }
    }
}
