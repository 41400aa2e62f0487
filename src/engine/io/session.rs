//! Carries out the outputs of the session machine.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{ConnectionId, Io, Link, count_traffic, is_from};
use crate::catch_up;
use crate::engine::call::{Complete, Told};
use crate::engine::callbacks::Item;
use crate::engine::connect::Dialing;
use crate::engine::connection::Own;
use crate::engine::login::{self, Asked};
use crate::engine::queue::Queued;
use crate::engine::upload::{Upload, UploadRequest};
use crate::engine::{Admission, Command, Engine, FIRST_SEQ, command_io};
use crate::error::Error;
use crate::events::{CONNECTION_STATE, ConnectionState, ReloginCompleted};
use crate::guard;
use crate::pending::Taken;
use crate::resume::{Resume, Resumed};
use crate::session::{CallEnd, Input, Moment, Output, Phase, Question, SessionEvent};
use crate::time::{CALL_TIMEOUT, Time, to_time};
use crate::wire::answer::Answer;
use crate::wire::frame_buffer::{self, FrameBuffer};
use crate::wire::package;
use crate::wire::payload::write_map;
use log::Level;

impl Io {
    /// Steps the session machine with everything that happened in this pass, and does what it says.
    pub(super) fn step_session(&mut self, engine: &Arc<Engine>) {
        if self.inputs.is_empty() && self.commands.is_empty() {
            return;
        }
        let at = Moment { now: engine.now(), chance: rand::random() };
        for input in std::mem::take(&mut self.inputs) {
            self.session.step(at, input, &mut self.outputs);
            self.act(engine);
        }
        for command in std::mem::take(&mut self.commands) {
            let input = match command {
                Command::Login { login, timeout } => {
                    // The machine ends an earlier login before it starts this one.
                    self.session.step(at, Input::Close, &mut self.outputs);
                    self.act(engine);
                    self.login = login;
                    self.asked = 0;
                    self.resume = Resume::default();
                    Input::Login { timeout }
                }
                Command::Upload(request) => {
                    self.start_upload(engine, *request);
                    continue;
                }
                // An answer that comes late is for nobody, and so is a second one.
                Command::Decided { question, decision } if question == self.asked => {
                    self.asked = 0;
                    Input::Verdict(self.login.listen(decision))
                }
                Command::Decided { .. } => continue,
                Command::Told { connection, told } => {
                    // What ends with its connection is not tried again before the next.
                    let up = matches!(self.link, Link::Up(_));
                    if up && connection == self.connection() {
                        self.told(engine, told);
                    }
                    continue;
                }
                Command::Bye { until } => {
                    self.catch_up(engine, catch_up::Input::Ended);
                    Input::Bye { until }
                }
                Command::Doubt => Input::Doubt,
                Command::Check => Input::Check,
                Command::Close => Input::Close,
                Command::Destroy => Input::Destroy,
            };
            self.session.step(at, input, &mut self.outputs);
            self.act(engine);
        }
        if self.session.is_idle() {
            for mut upload in self.uploads.drain(..) {
                upload.fail(Error::connection_closed(), engine, &mut self.batch);
            }
        }
    }

    fn start_upload(&mut self, engine: &Engine, request: UploadRequest) {
        self.uploads.push(Upload::start(engine, request, &self.waker));
    }

    fn act(&mut self, engine: &Arc<Engine>) {
        for output in std::mem::take(&mut self.outputs) {
            match output {
                Output::Dial { deadline } => self.dial(engine, deadline),
                Output::SendAuth => {
                    // A gate that does not let the user in is not the first to be tried next time.
                    self.passed_over += 1;
                    self.send_own(engine, Own::Auth);
                }
                Output::SendBye => self.send_own(engine, Own::Bye),
                Output::SendPing => self.send_own(engine, Own::Ping),
                Output::Ask(question) => self.ask(engine, question),
                Output::Phase(phase) => self.phase(engine, phase),
                Output::Closed(why) => self.closed(engine, why),
                Output::Disconnect => self.disconnect(engine),
                Output::EndCalls { how, reconnecting } => {
                    // Before its questions end.
                    let (lost, ended) = (catch_up::Input::Lost, catch_up::Input::Ended);
                    self.catch_up(engine, if reconnecting { lost } else { ended });
                    self.end_calls(engine, how, reconnecting);
                }
                Output::LoginDone(end) => {
                    if let Some(done) = self.login.done.take() {
                        done.end(end, &mut self.batch);
                    }
                }
                Output::Emit(event) => self.emit(engine, event),
            }
        }
    }

    /// Asks the program, among the callbacks; goes on at once where nobody wants to be asked.
    fn ask(&mut self, engine: &Arc<Engine>, question: Question) {
        match login::verdict_of_nobody(question, &engine.listeners) {
            Some(verdict) => self.inputs.push(Input::Verdict(verdict)),
            None => {
                self.asked = engine.questions.fetch_add(1, Ordering::Relaxed) + 1;
                let asked = Asked { question, number: self.asked, by: Arc::downgrade(engine) };
                self.batch.items.push_back(Item::Ask(asked));
            }
        }
    }

    /// Tells the program what goes on: first the state, then the event.
    fn phase(&mut self, engine: &Arc<Engine>, phase: Phase) {
        let connection = match phase {
            Phase::Connecting => ConnectionState::Connecting,
            Phase::Online => ConnectionState::Online,
            Phase::Reconnecting { attempt, due } => {
                let next_attempt = due.and_then(|due| engine.instant(due));
                ConnectionState::Reconnecting { attempt, next_attempt }
            }
        };
        let mut opened = false;
        if phase == Phase::Online {
            self.passed_over = 0;
            opened = self.open(engine);
        }
        let mut state = engine.state.lock();
        if state.epoch == self.login.epoch {
            engine.set_connection(&mut state, connection);
        }
        drop(state);
        self.tell_state(engine, connection);
        if opened {
            self.catch_up(
                engine,
                match self.login.done {
                    Some(_) => catch_up::Input::LoggedIn,
                    None => catch_up::Input::LoggedInAgain { rooms: self.resume.rooms().to_vec() },
                },
            );
        }
    }

    /// Tells the program that nothing goes on any more.
    fn closed(&mut self, engine: &Arc<Engine>, why: Error) {
        let mut state = engine.state.lock();
        if state.epoch == self.login.epoch {
            engine.close_connection(&mut state, why);
        }
        drop(state);
        self.catch_up(engine, catch_up::Input::Ended);
        self.tell_state(engine, ConnectionState::Closed);
    }

    /// Queues the event if it has a handler: one that comes later finds the state set already.
    fn tell_state(&mut self, engine: &Engine, connection: ConnectionState) {
        if engine.listeners.listens(CONNECTION_STATE) {
            self.batch.items.push_back(Item::State(connection));
        }
    }

    /// Lets calls pass, behind what is resumed and what was queued. Whether it does.
    fn open(&mut self, engine: &Arc<Engine>) -> bool {
        let deadline = engine.now().saturating_add(to_time(CALL_TIMEOUT));
        let resumed = self.resume.calls().map(|call| {
            let mut frame = FrameBuffer::default();
            let payload = |out: &mut Vec<u8>| write_map(out, |map| call.write(map));
            frame.build(|out| package::write_quest(out, Some(0), call.method(), payload));
            (frame, self.tells_resumed(engine, call))
        });
        let resumed: Vec<_> = resumed.collect();
        let mut guard = engine.state.lock();
        let state = &mut *guard;
        // The program has closed or logged in anew meanwhile.
        if state.epoch != self.login.epoch {
            return false;
        }
        engine.in_flight.fetch_add(resumed.len(), Ordering::Relaxed);
        engine.counters.calls.add(resumed.len() as u64);
        let mut wake_timer = !resumed.is_empty() && state.timer_is_late_for(deadline);
        for (frame, complete) in resumed {
            let seq = state.pending.insert(deadline, complete);
            frame.append_with_seq(&mut state.outbox, seq);
        }
        for queued in state.queue.drain() {
            wake_timer |= state.timer_is_late_for(queued.deadline);
            state.send_queued(queued, &engine.options.reconnecting);
        }
        engine.counters.queued_bytes.set(state.outbox.len() as u64);
        let opens = !state.leaving;
        if opens {
            state.admission = Admission::Open;
        }
        drop(guard);
        if wake_timer {
            engine.deadline_changed.notify_one();
        }
        opens
    }

    /// Ends a call that resumes something.
    fn tells_resumed(&self, engine: &Arc<Engine>, call: Resumed<'_>) -> Complete {
        let (room, text) = (call.room(), call.failure());
        self.tells(engine, move |answer| {
            let failed = answer.and_then(|answer| answer.read(|_| Ok(()))).err();
            let failed = failed.map(|error| Error::with_source(error.code(), text, error));
            Told::Resumed { room, failed }
        })
    }

    /// Ends a call of the client's own: whoever sits is told how.
    pub(super) fn tells(
        &self,
        engine: &Arc<Engine>,
        told: impl FnOnce(Result<Answer<'_>, Error>) -> Told + Send + 'static,
    ) -> Complete {
        // The table belongs to the engine: it must not hold it.
        let engine = Arc::downgrade(engine);
        let connection = self.connection();
        Complete::new(true, move |answer| {
            let told = told(answer);
            if let Some(engine) = engine.upgrade() {
                command_io(engine.state.lock(), Command::Told { connection, told });
            }
        })
    }

    fn connection(&self) -> ConnectionId {
        ConnectionId { epoch: self.login.epoch, token: self.token }
    }

    pub(super) fn emit(&mut self, engine: &Engine, event: SessionEvent) {
        match &event {
            SessionEvent::ReloginCompleted(ReloginCompleted { successful: true, .. }) => {
                engine.counters.reconnects.add(1);
                guard::log(Level::Debug, "rtm_client::session", format_args!("logged in again"));
            }
            SessionEvent::Error(error) => {
                guard::log(Level::Warn, "rtm_client::session", format_args!("{error}"));
            }
            event => guard::log(Level::Debug, "rtm_client::session", format_args!("{event:?}")),
        }
        self.batch.items.push_back(Item::Event(event));
    }

    fn dial(&mut self, engine: &Engine, deadline: Time) {
        // Numbers start anew with each connection; nothing is in flight.
        let in_flight = engine.state.lock().pending.drain(FIRST_SEQ);
        let in_flight = in_flight.into_iter().map(|taken| taken.call);
        self.end_with(engine, in_flight, &Error::connection_closed());
        let options = &engine.options;
        guard::log(
            Level::Debug,
            "rtm_client::connect",
            format_args!("dialing {}", options.gate_url()),
        );
        let mut gates = options.gates();
        let first = self.passed_over % gates.len().max(1);
        gates.rotate_left(first);
        let dialing = Dialing::start(engine, &gates, deadline, &self.waker);
        self.link = Link::Dialing(Box::new(dialing));
    }

    /// Sends a quest of the session's own. Its answer does not go through the table.
    fn send_own(&mut self, engine: &Engine, own: Own) {
        let Link::Up(connection) = &mut self.link else { return };
        if own == Own::Ping && connection.has_own_waiting() {
            return;
        }
        let mut state = engine.state.lock();
        let seq = state.pending.reserve();
        let mut called_before = Vec::new();
        if own == Own::Bye {
            // Where the socket is slow, calls wait that were made before.
            engine.counters.queued_bytes.set(0);
            self.expired.outbox_taken(state.expired);
            called_before = std::mem::take(&mut state.outbox);
        }
        drop(state);
        connection.stream().out.buffer().append(&mut called_before);
        let (login, options) = (&self.login, &engine.options);
        self.frame.build(|out| match own {
            Own::Auth => {
                package::write_quest(out, Some(seq), "auth", |out| login.write_auth(options, out));
            }
            Own::Bye => package::write_quest(out, Some(seq), "bye", |out| write_map(out, |_| {})),
            Own::Ping => {
                package::write_quest(out, Some(seq), "*ping", |out| write_map(out, |_| {}));
            }
        });
        self.frame.append_to(connection.stream().out.buffer());
        connection.expect(own, seq);
    }

    fn disconnect(&mut self, engine: &Engine) {
        self.take_back(engine);
        if let Link::Up(connection) = &mut self.link {
            // A close frame is polite; whether it gets out is not waited for.
            connection.say_goodbye();
            self.unsent = connection.first_unsent();
            count_traffic(engine, connection);
        }
        engine.unwritten.store(0, Ordering::Relaxed);
        // Dropping the socket closes it, which also ends its registration.
        self.link = Link::Down;
    }

    fn end_calls(&mut self, engine: &Engine, how: CallEnd, reconnecting: bool) {
        let options = &engine.options.reconnecting;
        let mut guard = engine.state.lock();
        let state = &mut *guard;
        if reconnecting && state.epoch == self.login.epoch && !state.leaving {
            state.admission = match options.max_bytes {
                0 => Admission::Refused(Error::connection_closed().unsent()),
                _ => Admission::Reconnecting,
            };
        }
        let outbox = std::mem::take(&mut state.outbox);
        let in_outbox = frame_buffer::first(&outbox).and_then(|frame| frame.seq);
        let unsent = self.unsent.take().or(in_outbox);
        let too_old = engine.now().saturating_add(to_time(options.max_age));
        // The message sends that are to be sent again wait in the queue, the rest ends.
        let (mut begun, mut not_begun) = (Vec::new(), Vec::new());
        for Taken { seq, deadline, call: mut complete } in state.pending.drain(FIRST_SEQ) {
            let is_begun = !is_from(seq, unsent);
            match state.queue.take_kept(&mut complete) {
                Some(kept) if reconnecting => {
                    state.queue.push_again(Queued { kept, deadline, complete }, is_begun, too_old);
                }
                _ if is_begun => begun.push(complete),
                _ => not_begun.push(complete),
            }
        }
        let queued: Vec<_> = if reconnecting { Vec::new() } else { state.queue.drain().collect() };
        let counters = &engine.counters;
        let ended = (begun.len() + not_begun.len()) as u64;
        match how {
            CallEnd::Lost(_) => counters.lost.add(ended),
            CallEnd::Unanswered => counters.unanswered.add(ended),
        }
        counters.unanswered.add(queued.len() as u64);
        counters.queued_bytes.set(0);
        let next = state.queue.next_deadline();
        let wake_timer = state.timer_is_late_for(next);
        drop(guard);
        if wake_timer {
            engine.deadline_changed.notify_one();
        }
        let error = match how {
            CallEnd::Lost(error) => error,
            CallEnd::Unanswered => Error::connection_closed(),
        };
        self.end_with(engine, begun, &error);
        self.end_with(engine, not_begun, &error.unsent());
        let queued = queued.into_iter().map(|queued| queued.complete);
        self.end_with(engine, queued, &Error::connection_closed().unsent());
    }

    fn end_with(
        &mut self,
        engine: &Engine,
        calls: impl IntoIterator<Item = Complete>,
        error: &Error,
    ) {
        for complete in calls {
            engine.end(complete, error.clone(), &mut self.batch);
        }
    }
}
