//! The record: everything a client reports, in the order in which it does.

use std::sync::mpsc::{self, Receiver, Sender};

use rtm_client::{ConnectionState, Error, RtmClient};

use super::{DEADLINE, peer::Connection};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The callback of `login`.
    Login(bool, i32),
    /// The error event: the code, and the whole text with all causes.
    Error(i32, String),
    /// `successful, retry_again, error_code, retried_count`
    Relogin(bool, bool, i32, u32),
    Closed(i32),
    /// Only where it is asked for: see [`Record::states`].
    State(ConnectionState),
    /// The end of the call of that number: the data or the error's code.
    Call(usize, Result<i64, i32>),
}

pub struct Record {
    sender: Sender<Event>,
    events: Receiver<Event>,
}

impl Record {
    /// A record of all events of this client.
    pub fn of(client: &RtmClient) -> Record {
        let (sender, events) = mpsc::channel();
        let record = Record { sender, events };
        let put = record.putter();
        client.on_error_recorder(move |error| put(Event::Error(error.code(), in_words(error))));
        let put = record.putter();
        client.on_relogin_completed(move |ok, again, code, count| {
            put(Event::Relogin(ok, again, code, count));
        });
        let put = record.putter();
        client.on_session_closed(move |code| put(Event::Closed(code)));
        record
    }

    /// The record has the connection's states from now on.
    pub fn states(&self, client: &RtmClient) {
        let put = self.putter();
        client.on_connection_state(move |state| put(Event::State(*state)));
    }

    pub fn putter(&self) -> impl Fn(Event) + Send + 'static {
        let sender = self.sender.clone();
        move |event| drop(sender.send(event))
    }

    /// A callback for `login`.
    pub fn login(&self) -> impl FnOnce(bool, i32) + Send + 'static {
        let put = self.putter();
        move |ok, code| put(Event::Login(ok, code))
    }

    /// A callback for a call that gives a number.
    pub fn call(&self, number: usize) -> impl FnOnce(Option<Error>, Option<i64>) + Send + 'static {
        let put = self.putter();
        move |error, data| {
            let result = match (error, data) {
                (None, Some(data)) => Ok(data),
                (Some(error), None) => Err(error.code()),
                both => panic!("a callback gets one of the two: {both:?}"),
            };
            put(Event::Call(number, result));
        }
    }

    pub fn next(&self) -> Event {
        self.events.recv_timeout(DEADLINE).expect("the client reports nothing")
    }

    #[track_caller]
    pub fn expect(&self, expected: Event) {
        assert_eq!(self.next(), expected);
    }

    #[track_caller]
    pub fn expect_login(&self, ok: bool, code: i32) {
        self.expect(Event::Login(ok, code));
    }

    #[track_caller]
    pub fn expect_call(&self, number: usize, result: Result<i64, i32>) {
        self.expect(Event::Call(number, result));
    }

    #[track_caller]
    pub fn expect_state(&self, state: ConnectionState) {
        self.expect(Event::State(state));
    }

    /// The next event has to be an error of that code. Returns what it says.
    #[track_caller]
    pub fn expect_error(&self, code: i32) -> String {
        match self.next() {
            Event::Error(found, text) if found == code => text,
            other => panic!("not error {code}: {other:?}"),
        }
    }

    /// Everything that was reported and not taken.
    pub fn all(&self) -> Vec<Event> {
        self.events.try_iter().collect()
    }

    /// Closes the client and returns everything it reported that was not taken, up to the very last callback.
    pub fn rest(&self, client: &RtmClient) -> Vec<Event> {
        client.close_and_wait(DEADLINE).expect("the threads end");
        self.all()
    }

    /// Makes a call and has it answered: everything before it has been reported then. There must be nothing.
    #[track_caller]
    pub fn expect_nothing(&self, client: &RtmClient, connection: &mut Connection) {
        const NUMBER: usize = usize::MAX;
        client.get_server_time(None, self.call(NUMBER));
        let quest = connection.quest("getservertime");
        connection.answer(&quest, &super::package::server_time(1));
        self.expect_call(NUMBER, Ok(1));
    }
}

/// An error with all its causes.
pub fn in_words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
