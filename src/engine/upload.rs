//! The upload of a file to the file gate: one connection, one quest, one answer.
//!
//! Invariant: an upload holds its call, and gives the call back once, with the answer or with an error.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use mio::{Registry, Token, Waker};

use super::callbacks::{Batch, Item};
use super::connect::{Dialing, Progress};
use super::connection::{Connection, Heard};
use super::{Complete, Engine};
use crate::dial::words;
use crate::error::Error;
use crate::error_code::fpnn;
use crate::time::Time;
use crate::types::ProgressHandler;
use crate::wire::frame_buffer::FrameBuffer;

/// The one quest of an upload's connection.
pub(crate) const UPLOAD_SEQ: u32 = 1;

/// How many bytes are sent between two reports of progress.
const PROGRESS_STEP: usize = 64 << 10;

/// What is to be sent, and until when.
pub(crate) struct UploadRequest {
    /// The finished frame of the quest, numbered [`UPLOAD_SEQ`].
    pub(crate) frame: Vec<u8>,
    pub(crate) deadline: Time,
    pub(crate) progress: Option<ProgressHandler>,
    pub(crate) complete: Complete,
}

/// A file that is to be sent when there is a token for it: until then `bye` waits, though no answer is owed.
pub(crate) struct Announced(Weak<Engine>);

impl Announced {
    pub(crate) fn by(engine: &Arc<Engine>) -> Announced {
        engine.announced.fetch_add(1, Ordering::SeqCst);
        Announced(Arc::downgrade(engine))
    }

    /// The engine, which owns the call that holds this.
    pub(crate) fn engine(&self) -> Option<Arc<Engine>> {
        self.0.upgrade()
    }
}

/// Its upload is posted, or it is given up.
impl Drop for Announced {
    fn drop(&mut self) {
        if let Some(engine) = self.engine() {
            engine.announced.fetch_sub(1, Ordering::SeqCst);
            engine.wake_io();
        }
    }
}

pub(super) struct Upload {
    /// What the socket of the open connection is registered under.
    token: Option<Token>,
    deadline: Time,
    link: Link,
    /// `None` once the call has been given back.
    complete: Option<Complete>,
    progress: Option<ProgressHandler>,
    total: usize,
    /// How many bytes were sent at the latest report.
    reported: usize,
}

enum Link {
    Dialing { dialing: Box<Dialing>, frame: Vec<u8> },
    Up(Box<Connection>),
    Over,
}

impl Upload {
    /// Starts to connect.
    pub(super) fn start(engine: &Engine, request: UploadRequest, waker: &Arc<Waker>) -> Upload {
        let UploadRequest { frame, deadline, progress, complete } = request;
        let dialing = Dialing::start(engine, &[engine.options.file_gate()], deadline, waker);
        Upload {
            token: None,
            deadline,
            total: frame.len(),
            link: Link::Dialing { dialing: Box::new(dialing), frame },
            complete: Some(complete),
            progress,
            reported: 0,
        }
    }

    /// When [`Upload::advance`] is to be called even if nothing is ready.
    pub(super) fn deadline(&self) -> Time {
        match &self.link {
            Link::Dialing { dialing, .. } => self.deadline.min(dialing.next_at()),
            _ => self.deadline,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.complete.is_none()
    }

    /// Whether another pass has something to do.
    pub(super) fn has_more(&self) -> bool {
        matches!(&self.link, Link::Up(connection) if connection.has_more())
    }

    /// The kernel announced something about the socket of that token. Whether it is that of this upload.
    pub(super) fn ready(
        &mut self,
        token: Token,
        readable: bool,
        writable: bool,
        hung_up: bool,
    ) -> bool {
        match &mut self.link {
            Link::Dialing { dialing, .. } => dialing.ready(token, hung_up),
            Link::Up(connection) if self.token == Some(token) => {
                connection.ready(readable, writable, hung_up);
                true
            }
            _ => false,
        }
    }

    /// Goes as far as it can without blocking.
    pub(super) fn advance(
        &mut self,
        engine: &Engine,
        registry: &Registry,
        last_token: &mut usize,
        scratch: &mut FrameBuffer,
        batch: &mut Batch,
    ) {
        let now = engine.now();
        if now >= self.deadline {
            let error = self.too_late();
            return self.fail(error, engine, batch);
        }
        if let Link::Dialing { dialing, frame } = &mut self.link {
            match dialing.advance(engine, now, registry, last_token) {
                Progress::Waiting => {}
                Progress::Failed(failure) => return self.fail(failure.error, engine, batch),
                Progress::Open(mut connection, token) => {
                    self.token = Some(token);
                    connection.is_to_send(frame.len());
                    std::mem::swap(connection.stream().out.buffer(), frame);
                    self.link = Link::Up(connection);
                }
            }
        }
        let Link::Up(connection) = &mut self.link else { return };
        let mut received = Batch::default();
        let mut lost = None;
        connection.read(&mut received, scratch, |heard| match heard {
            Heard::Lost(error) => lost = Some(error),
            Heard::Kickout => lost = Some(Error::connection_closed()),
            _ => {}
        });
        let lost = lost.map(|error| {
            let text = words::Upload::Lost.of(connection.peer());
            Error::with_source(error.code(), text, error)
        });
        connection.write();
        self.report_progress(batch);
        for item in received.items {
            let Item::Answer { seq: UPLOAD_SEQ, status, encoding, at, .. } = item else { continue };
            if let Some(complete) = self.complete.take() {
                let start = batch.bytes.len();
                batch.bytes.extend_from_slice(received.bytes.get(at).unwrap_or(&[]));
                let at = start..batch.bytes.len();
                let complete = Some(complete);
                let answer = Item::Answer { seq: UPLOAD_SEQ, complete, status, encoding, at };
                batch.items.push_back(answer);
                self.let_go(batch);
            }
        }
        if let Some(error) = lost {
            self.fail(error, engine, batch);
        }
    }

    fn too_late(&self) -> Error {
        let phase = match &self.link {
            Link::Dialing { dialing, .. } => dialing.under_way(),
            Link::Up(connection) => {
                let why = match connection.waiting() {
                    0 => words::Upload::NoAnswer,
                    left => words::Upload::Unsent(left, self.total),
                };
                why.of(connection.peer())
            }
            Link::Over => String::new(),
        };
        Error::new(fpnn::CORE_TIMEOUT, words::Upload::too_late(&phase))
    }

    fn report_progress(&mut self, batch: &mut Batch) {
        let (Link::Up(connection), Some(handler)) = (&mut self.link, &self.progress) else {
            return;
        };
        let sent = self.total.saturating_sub(connection.stream().out.unwritten().len());
        if sent >= self.reported + PROGRESS_STEP || (sent == self.total && sent > self.reported) {
            self.reported = sent;
            let (handler, total) = (handler.clone(), self.total as u64);
            batch.items.push_back(Item::Progress { handler, sent: sent as u64, total });
        }
    }

    /// The handler is the program's: it is not dropped here.
    fn let_go(&mut self, batch: &mut Batch) {
        batch.items.extend(self.progress.take().map(Item::Dropped));
    }

    /// Gives the call back with an error, if it has not been given back.
    pub(super) fn fail(&mut self, error: Error, engine: &Engine, batch: &mut Batch) {
        let unsent = match std::mem::replace(&mut self.link, Link::Over) {
            Link::Dialing { .. } => true,
            Link::Up(connection) => connection.first_unsent().is_some(),
            Link::Over => false,
        };
        if let Some(complete) = self.complete.take() {
            engine.end(complete, if unsent { error.unsent() } else { error }, batch);
        }
        self.let_go(batch);
    }
}
