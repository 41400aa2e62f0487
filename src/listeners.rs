//! Typed handlers of events, added and removed at any time, also inside a handler.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::guard::guarded;

/// An event and the type of its data. [`server_push`](crate::server_push) has all events.
///
/// ```
/// use rtm_client::server_push;
///
/// assert_eq!(server_push::RECV_CHAT.name(), "pushchat");
/// ```
pub struct Event<T> {
    name: &'static str,
    data: PhantomData<fn(&T)>,
}

impl<T> Event<T> {
    pub(crate) const fn new(name: &'static str) -> Self {
        Event { name, data: PhantomData }
    }

    /// The event's name in JavaScript.
    ///
    /// ```
    /// use rtm_client::server_push;
    ///
    /// assert_eq!(server_push::RECV_GROUP_CHAT.name(), "pushgroupchat");
    /// assert_eq!(server_push::KICK_OUT.name(), "kickout");
    /// ```
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl<T> Clone for Event<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Event<T> {}

impl<T> fmt::Debug for Event<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Event").field(&self.name).finish()
    }
}

/// The id of a registered handler, with which [`RtmClient::off`](crate::RtmClient::off) of the same client removes the
/// handler. No two handlers of a program have the same id.
///
/// ```
/// use rtm_client::{ClientOptions, ListenerId, RtmClient, server_push};
///
/// let client = RtmClient::new(ClientOptions::new(1).endpoint("127.0.0.1:13321"));
/// let ids: Vec<ListenerId> = [server_push::RECV_CHAT, server_push::RECV_GROUP_CHAT]
///     .into_iter()
///     .map(|event| client.processor().on(event, |message| println!("{}", message.msg)))
///     .collect();
/// // The window that showed the messages is closed.
/// assert!(ids.into_iter().all(|id| client.off(id)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListenerId {
    event: &'static str,
    number: u64,
}

/// Counts the handlers of all clients, so that an id means nothing to another client.
static NEXT_NUMBER: AtomicU64 = AtomicU64::new(1);

type Handler = Box<dyn FnMut(&dyn Any) + Send>;

/// The handlers of all events.
///
/// A handler leaves its place while it runs. So no handler runs, and no handler is dropped, while the lock is held, and a
/// program may add and remove handlers at any time, also inside a handler. The destructor of a handler is user code too,
/// and may panic.
#[derive(Default)]
pub(crate) struct Listeners {
    /// Guards the registered handlers.
    registry: Mutex<Registry>,
}

#[derive(Default)]
struct Registry {
    /// The handlers of each event by number, in the order of registration. `None` while a handler runs.
    by_event: HashMap<&'static str, BTreeMap<u64, Option<Handler>>>,
}

impl Listeners {
    pub(crate) fn on<T: 'static>(
        &self,
        event: Event<T>,
        mut handler: impl FnMut(&T) + Send + 'static,
    ) -> ListenerId {
        let handler: Handler = Box::new(move |data| {
            if let Some(data) = data.downcast_ref() {
                handler(data);
            }
        });
        let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut registry = self.registry.lock();
        registry.by_event.entry(event.name).or_default().insert(number, Some(handler));
        ListenerId { event: event.name, number }
    }

    /// Removes a handler. Returns `false` if there is no such handler.
    pub(crate) fn off(&self, id: ListenerId) -> bool {
        let removed = self.registry.lock().remove(id);
        let was_there = removed.is_some();
        discard(removed.flatten());
        was_there
    }

    pub(crate) fn clear(&self) {
        let removed = std::mem::take(&mut self.registry.lock().by_event);
        discard(removed.into_values().flat_map(BTreeMap::into_values).flatten());
    }

    pub(crate) fn listens<T>(&self, event: Event<T>) -> bool {
        self.registry.lock().by_event.get(event.name).is_some_and(|all| !all.is_empty())
    }

    /// Runs the event's handlers, each once, in the order they were registered in. A handler that panics does not stop
    /// the others; a handler that is registered meanwhile waits for the next event.
    pub(crate) fn emit<T: 'static>(&self, event: Event<T>, data: &T) {
        let next = NEXT_NUMBER.load(Ordering::Relaxed);
        let mut ran = 0;
        loop {
            // A statement of its own, so that the lock is free again before the handler runs.
            let taken = self.registry.lock().take(event.name, ran, next);
            let Some((id, mut handler)) = taken else {
                break;
            };
            ran = id.number;
            guarded("handler", || handler(data));
            let unwanted = self.registry.lock().put_back(id, handler);
            discard(unwanted);
        }
    }
}

/// Drops handlers; the caller holds no lock.
fn discard(handlers: impl IntoIterator<Item = Handler>) {
    for handler in handlers {
        guarded("handler's destructor", || drop(handler));
    }
}

impl Registry {
    /// Takes the event's first handler with a number over `ran` and below `next`.
    fn take(&mut self, event: &'static str, ran: u64, next: u64) -> Option<(ListenerId, Handler)> {
        let mut waiting = self.by_event.get_mut(event)?.range_mut(ran + 1..next);
        waiting.find_map(|(&number, place)| Some((ListenerId { event, number }, place.take()?)))
    }

    /// Puts a handler back after it ran; returns the handler if it was removed meanwhile.
    fn put_back(&mut self, id: ListenerId, handler: Handler) -> Option<Handler> {
        match self.by_event.get_mut(id.event).and_then(|places| places.get_mut(&id.number)) {
            Some(place) => place.replace(handler),
            None => Some(handler),
        }
    }

    /// `Some(None)` is a handler that runs.
    fn remove(&mut self, id: ListenerId) -> Option<Option<Handler>> {
        self.by_event.get_mut(id.event)?.remove(&id.number)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use super::*;

    const EVENT: Event<i32> = Event::new("event");
    const OTHER: Event<str_data::Text> = Event::new("other");

    mod str_data {
        pub(super) struct Text(pub(super) &'static str);
    }

    /// What handlers saw, in order.
    #[derive(Clone, Default)]
    struct Seen(Arc<Mutex<Vec<String>>>);

    impl Seen {
        fn note(&self, what: impl Into<String>) {
            self.0.lock().push(what.into());
        }

        fn take(&self) -> Vec<String> {
            std::mem::take(&mut self.0.lock())
        }

        /// A handler that notes its name and the data.
        fn handler(&self, name: &'static str) -> impl FnMut(&i32) + Send + 'static {
            let seen = self.clone();
            move |data| seen.note(format!("{name} {data}"))
        }
    }

    #[test]
    fn handlers_run_in_the_order_of_registration() {
        let (listeners, seen) = (Listeners::default(), Seen::default());
        listeners.on(EVENT, seen.handler("a"));
        let b = listeners.on(EVENT, seen.handler("b"));
        listeners.on(EVENT, seen.handler("c"));
        let other = seen.clone();
        listeners.on(OTHER, move |data| other.note(data.0));
        listeners.emit(EVENT, &1);
        assert_eq!(seen.take(), ["a 1", "b 1", "c 1"]);
        listeners.off(b);
        listeners.off(b);
        listeners.emit(EVENT, &2);
        listeners.emit(OTHER, &str_data::Text("text"));
        assert_eq!(seen.take(), ["a 2", "c 2", "text"]);
    }

    #[test]
    fn a_handler_may_remove_itself_and_others() {
        let (listeners, seen) = (Arc::new(Listeners::default()), Seen::default());
        let ids = Arc::new(Mutex::new(Vec::new()));
        let (weak, all, note) = (Arc::downgrade(&listeners), ids.clone(), seen.clone());
        ids.lock().push(listeners.on(EVENT, move |_| {
            note.note("a");
            for id in all.lock().drain(..) {
                weak.upgrade().unwrap().off(id);
            }
        }));
        ids.lock().push(listeners.on(EVENT, seen.handler("b")));
        listeners.on(EVENT, seen.handler("c"));
        listeners.emit(EVENT, &1);
        assert_eq!(seen.take(), ["a", "c 1"]);
        listeners.emit(EVENT, &2);
        assert_eq!(seen.take(), ["c 2"]);
    }

    #[test]
    fn a_handler_added_inside_a_handler_waits_for_the_next_event() {
        let (listeners, seen) = (Arc::new(Listeners::default()), Seen::default());
        let (weak, note) = (Arc::downgrade(&listeners), seen.clone());
        listeners.on(EVENT, move |_| {
            weak.upgrade().unwrap().on(EVENT, note.handler("new"));
        });
        listeners.emit(EVENT, &1);
        assert_eq!(seen.take(), Vec::<String>::new());
        listeners.emit(EVENT, &2);
        assert_eq!(seen.take(), ["new 2"]);
    }

    #[test]
    fn a_panic_stops_neither_the_others_nor_the_handler() {
        let (listeners, seen) = (Listeners::default(), Seen::default());
        let note = seen.clone();
        listeners.on(EVENT, move |data| {
            note.note(format!("a {data}"));
            assert_ne!(*data, 1, "expected panic of a test");
        });
        listeners.on(EVENT, seen.handler("b"));
        listeners.emit(EVENT, &1);
        listeners.emit(EVENT, &2);
        assert_eq!(seen.take(), ["a 1", "b 1", "a 2", "b 2"]);
    }

    #[test]
    fn a_hundred_thousand_handlers_cost_no_more_each_than_one() {
        const MANY: u64 = 100_000;
        const ENOUGH: Duration = Duration::from_secs(60);
        let start = Instant::now();
        let in_time = |what: &str| assert!(start.elapsed() < ENOUGH, "{what} takes too long");
        let listeners = Listeners::default();
        let ran = Arc::new(AtomicU64::new(0));
        let handler = |place: u64| {
            let ran = ran.clone();
            // Only those count that run in the order of registration.
            move |_: &i32| {
                let _ =
                    ran.compare_exchange(place, place + 1, Ordering::Relaxed, Ordering::Relaxed);
            }
        };
        let ids: Vec<_> = (0..MANY).map(|place| listeners.on(EVENT, handler(place))).collect();
        in_time("registering");
        listeners.emit(EVENT, &1);
        in_time("emitting");
        assert_eq!(ran.swap(0, Ordering::Relaxed), MANY);
        // The later half, the last first; then the others as they were registered.
        let (first, second) = ids.split_at(ids.len() / 2);
        assert!(second.iter().rev().all(|id| listeners.off(*id)));
        listeners.emit(EVENT, &2);
        assert_eq!(ran.swap(0, Ordering::Relaxed), MANY / 2);
        for id in first {
            assert!(listeners.off(*id));
        }
        in_time("removing");
        assert!(!listeners.listens(EVENT));
        assert!(!ids.iter().any(|id| listeners.off(*id)));
    }

    /// Calls back into the listeners when it is dropped, which would deadlock under their lock.
    struct Guard(std::sync::Weak<Listeners>, Seen);

    impl Drop for Guard {
        fn drop(&mut self) {
            if let Some(listeners) = self.0.upgrade() {
                listeners.listens(EVENT);
            }
            self.1.note("dropped");
        }
    }

    #[test]
    fn handlers_are_dropped_outside_the_lock() {
        let (listeners, seen) = (Arc::new(Listeners::default()), Seen::default());
        let guarded = |also: fn(&Listeners)| {
            let guard = Guard(Arc::downgrade(&listeners), seen.clone());
            listeners.on(EVENT, move |_| {
                guard.1.note("ran");
                also(&guard.0.upgrade().unwrap());
            })
        };
        let id = guarded(|_| {});
        listeners.off(id);
        assert_eq!(seen.take(), ["dropped"]);

        guarded(Listeners::clear);
        listeners.emit(EVENT, &1);
        assert_eq!(seen.take(), ["ran", "dropped"]);
        assert!(!listeners.listens(EVENT));

        guarded(|_| {});
        listeners.clear();
        assert_eq!(seen.take(), ["dropped"]);
    }
}
