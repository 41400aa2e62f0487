//! A user: the client, and what it has been told.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rtm_client::types::PushMessage;
use rtm_client::{ClientOptions, Error, RtmClient, reply, server_push};

use crate::tour::Outcome;

/// How long anything may take.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(4);

/// A message pushed to the user, with the name of its event.
pub(crate) struct Push {
    pub(crate) event: &'static str,
    pub(crate) message: PushMessage,
}

pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) uid: i64,
    pub(crate) client: RtmClient,
    pushes: Receiver<Push>,
    closed: Receiver<i32>,
    errors: Receiver<Error>,
}

impl User {
    /// A user who is not logged in yet, listening to everything a chat program cares for.
    pub(crate) fn new(name: impl Into<String>, uid: i64, options: ClientOptions) -> User {
        let client = RtmClient::new(options);

        let (sender, pushes) = channel();
        for (event, push) in [
            ("RECV_CHAT", server_push::RECV_CHAT),
            ("RECV_AUDIO", server_push::RECV_AUDIO),
            ("RECV_CMD", server_push::RECV_CMD),
            ("RECV_GROUP_CHAT", server_push::RECV_GROUP_CHAT),
            ("RECV_ROOM_CHAT", server_push::RECV_ROOM_CHAT),
            ("RECV_BROADCAST_CHAT", server_push::RECV_BROADCAST_CHAT),
        ] {
            // Handlers run on the client's callback thread: they own what they use, and a channel takes it elsewhere.
            let sender = sender.clone();
            client.processor().on(push, move |message: &PushMessage| {
                let _ = sender.send(Push { event, message: message.clone() });
            });
        }

        let (sender, closed) = channel();
        client.on_session_closed(move |code| {
            let _ = sender.send(code);
        });

        let (sender, errors) = channel();
        client.on_error_recorder(move |error| {
            let _ = sender.send(error.clone());
        });

        User { name: name.into(), uid, client, pushes, closed, errors }
    }

    pub(crate) fn login(&self, token: &str) -> Outcome {
        let (callback, reply) = reply::login();
        self.client.login(self.uid, token, callback, TIMEOUT);
        // The callback knows the code, the error recorder knows the words, and was called before.
        reply.wait().map_err(|error| self.errors.try_iter().last().unwrap_or(error).into())
    }

    /// The next push, which has to be that event.
    pub(crate) fn next_push(&self, event: &str) -> Outcome<PushMessage> {
        match self.pushes.recv_timeout(TIMEOUT) {
            Ok(push) if push.event == event => Ok(push.message),
            Ok(push) => {
                let Push { event: got, message } = push;
                Err(format!("{} got {got} {:?} instead of {event}", self.name, message.msg).into())
            }
            Err(_) => Err(format!("{} got no {event} within {TIMEOUT:?}", self.name).into()),
        }
    }

    /// The code the session was closed with.
    pub(crate) fn wait_closed(&self) -> Outcome<i32> {
        let closed = self.closed.recv_timeout(TIMEOUT);
        closed.map_err(|_| format!("the session of {} was not closed", self.name).into())
    }
}
