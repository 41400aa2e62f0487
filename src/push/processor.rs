use std::fmt;
use std::time::{Duration, Instant};

use log::Level;
use parking_lot::Mutex;

use super::duplicates::{Duplicates, Key};
use super::{Category, Push, server_push};
use crate::error::Error;
use crate::error_code::fpnn;
use crate::guard;
use crate::listeners::{Event, ListenerId, Listeners};
use crate::types::{Kickout, KickoutRoom, Ping, PushMessage, mtype};
use crate::wire::package::Encoding;
use crate::wire::payload::{self, Fields};
use crate::wire::values;

/// How long a message is remembered after its arrival.
const KNOWN_FOR: Duration = Duration::from_secs(600);
/// The largest number of messages that are remembered.
const KNOWN_AT_MOST: usize = 100_000;

/// Registers handlers for pushes: see [`RtmClient::processor`](crate::RtmClient::processor).
///
/// Handlers run where callbacks run, one at a time, in the order of the pushes and of the registrations. A program can
/// register and remove handlers at any time, also inside a handler. The client answers every push by itself. It drops a
/// message that it has received before within ten minutes, and a message whose attrs are a JSON object that lists this
/// user's id under `excludedUids`.
///
/// A handler that uses the client should hold a [`WeakClient`](crate::WeakClient): the client holds its handlers, and a
/// handler that held the client would keep it alive for ever.
///
/// ```
/// use rtm_client::types::PushMessage;
/// use rtm_client::{reply, server_push};
/// # let (gate, client) = rtm_client::doctest::started();
/// let (sender, messages) = std::sync::mpsc::channel();
/// let weak = client.downgrade();
/// client.processor().on(server_push::RECV_BROADCAST_CHAT, move |message: &PushMessage| {
///     let _ = sender.send(message.clone());
///     if let Some(client) = weak.upgrade() {
///         client.send_cmd(message.from, "seen", "", None, None, reply::ignore);
///     }
/// });
/// # rtm_client::doctest::log_in(&client);
/// gate.broadcast(9, 30, "hello", "");
/// let message = messages.recv()?;
/// assert_eq!(message.msg, "hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "SERVER_PUSH")]
pub struct Processor {
    listeners: Listeners,
    /// Guards the memory of messages already seen.
    duplicates: Mutex<Duplicates>,
}

impl Processor {
    pub(crate) fn new() -> Processor {
        Processor {
            listeners: Listeners::default(),
            duplicates: Mutex::new(Duplicates::new(KNOWN_FOR, KNOWN_AT_MOST)),
        }
    }

    /// Registers a handler for an event of [`server_push`]. Several handlers of one event run in the order of
    /// registration; a handler registered inside a handler runs from the next event on.
    ///
    /// A panic in a handler is logged; the handler stays registered, and the other handlers run.
    ///
    /// ```
    /// use rtm_client::types::PushMessage;
    /// use rtm_client::{ClientOptions, RtmClient, server_push};
    ///
    /// let client = RtmClient::new(ClientOptions::new(1).endpoint("127.0.0.1:13321"));
    /// let id = client.processor().on(server_push::RECV_GROUP_CHAT, |message: &PushMessage| {
    ///     println!("{} in group {}: {}", message.from, message.gid, message.msg);
    /// });
    /// client.processor().on(server_push::KICK_OUT_ROOM, |kick| println!("out of room {}", kick.rid));
    /// client.off(id);
    /// ```
    ///
    /// JavaScript: `on` of the processor, on the page
    /// [EventProcess](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/EventProcess.md).
    pub fn on<T: 'static>(
        &self,
        event: Event<T>,
        handler: impl FnMut(&T) + Send + 'static,
    ) -> ListenerId {
        self.listeners.on(event, handler)
    }

    pub(crate) fn off(&self, id: ListenerId) -> bool {
        self.listeners.off(id)
    }

    /// Removes all handlers.
    pub(crate) fn clear(&self) {
        self.listeners.clear();
    }

    /// Hands a push to its listeners. Only the callback side calls this, for one push at a time.
    ///
    /// An error means that the payload cannot be read; there is no event then.
    pub(crate) fn deliver(
        &self,
        push: Push,
        encoding: Encoding,
        payload: &[u8],
        own_uid: i64,
        now: Instant,
    ) -> Result<(), Error> {
        match push {
            Push::Ping => {
                read(push, encoding, payload, |_| ())?;
                self.listeners.emit(server_push::RECV_PING, &Ping);
            }
            Push::Kickout => {
                read(push, encoding, payload, |_| ())?;
                self.listeners.emit(server_push::KICK_OUT, &Kickout);
            }
            Push::KickoutRoom => {
                let rid = read(push, encoding, payload, |fields| fields.int("rid"))?;
                self.listeners.emit(server_push::KICK_OUT_ROOM, &KickoutRoom { rid });
            }
            Push::Message(category) | Push::CaughtUp(category) => {
                let wanted = read(push, encoding, payload, |fields| {
                    self.wanted(category, fields, own_uid, now)
                })?;
                if let Some((event, mut message)) = wanted {
                    message.caught_up = matches!(push, Push::CaughtUp(_));
                    self.listeners.emit(event, &message);
                }
            }
        }
        Ok(())
    }

    /// The message and its event, unless it excludes this user, came before, or has no listener.
    fn wanted(
        &self,
        category: Category,
        fields: &Fields<'_>,
        own_uid: i64,
        now: Instant,
    ) -> Option<(Event<PushMessage>, PushMessage)> {
        if fields.get("attrs").and_then(payload::raw).is_some_and(|attrs| excludes(attrs, own_uid))
        {
            return None;
        }
        let place = match category {
            Category::Group => fields.int("gid"),
            Category::Room => fields.int("rid"),
            Category::P2P | Category::Broadcast => 0,
        };
        let key = Key { category, from: fields.int("from"), mid: fields.int("mid"), place };
        if key.mid != 0 && !self.duplicates.lock().first_sight(key, now) {
            guard::log(
                Level::Debug,
                "rtm_client::push",
                format_args!("dropped a duplicate: {key:?}"),
            );
            return None;
        }
        let event = self.event(category, fields.int("mtype"));
        self.listeners.listens(event).then(|| (event, PushMessage::decode(fields)))
    }

    fn event(&self, category: Category, mtype: i64) -> Event<PushMessage> {
        use server_push::*;
        let [message, chat, audio, cmd, file] = match category {
            Category::P2P => [RECV_MESSAGE, RECV_CHAT, RECV_AUDIO, RECV_CMD, RECV_FILE],
            Category::Group => [
                RECV_GROUP_MESSAGE,
                RECV_GROUP_CHAT,
                RECV_GROUP_AUDIO,
                RECV_GROUP_CMD,
                RECV_GROUP_FILE,
            ],
            Category::Room => {
                [RECV_ROOM_MESSAGE, RECV_ROOM_CHAT, RECV_ROOM_AUDIO, RECV_ROOM_CMD, RECV_ROOM_FILE]
            }
            Category::Broadcast => [
                RECV_BROADCAST_MESSAGE,
                RECV_BROADCAST_CHAT,
                RECV_BROADCAST_AUDIO,
                RECV_BROADCAST_CMD,
                RECV_BROADCAST_FILE,
            ],
        };
        match mtype {
            mtype::CHAT => chat,
            mtype::AUDIO if self.listeners.listens(audio) => audio,
            mtype::AUDIO => file,
            mtype::CMD => cmd,
            mtype if mtype::is_file(mtype) => file,
            _ => message,
        }
    }
}

impl fmt::Debug for Processor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Processor").finish_non_exhaustive()
    }
}

fn read<T>(
    push: Push,
    encoding: Encoding,
    payload: &[u8],
    read: impl FnOnce(&Fields<'_>) -> T,
) -> Result<T, Error> {
    payload::with_fields(encoding, payload, read).map_err(|unreadable| {
        let text = format!("the payload of the push {} {unreadable}", push.method());
        Error::new(fpnn::CORE_INVALID_PACKAGE, text)
    })
}

/// Whether the attrs are a JSON object whose list `excludedUids` has the uid in it, as a number or as text.
pub(crate) fn excludes(attrs: &[u8], uid: i64) -> bool {
    const LIST: &str = "excludedUids";
    // Parsing JSON costs more than all the rest, and hardly any message has the list.
    if !attrs.windows(LIST.len()).any(|part| part == LIST.as_bytes()) {
        return false;
    }
    let Some(attrs) = values::json(attrs) else { return false };
    let is_uid = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => *text == uid.to_string(),
        value => value.as_i64() == Some(uid),
    };
    attrs.get(LIST).and_then(|list| list.as_array()).is_some_and(|list| list.iter().any(is_uid))
}

#[cfg(test)]
mod tests;
