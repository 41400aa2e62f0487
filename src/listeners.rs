//! Handlers of events: added and removed at any time, also while one of them runs.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::engine::guarded;

/// What names a handler, to remove it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

type Handler<E> = Box<dyn FnMut(&E) + Send>;

/// The handlers of one event, in the order they were added.
///
/// Handlers run one at a time and under no lock: the one that runs is out of its place meanwhile.
pub(crate) struct Listeners<E> {
    /// Guards the list; a place is empty while its handler runs.
    places: Mutex<Vec<(ListenerId, Option<Handler<E>>)>>,
}

impl<E> Default for Listeners<E> {
    fn default() -> Self {
        Listeners { places: Mutex::new(Vec::new()) }
    }
}

impl<E> Listeners<E> {
    pub(crate) fn add(&self, handler: impl FnMut(&E) + Send + 'static) -> ListenerId {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = ListenerId(NEXT.fetch_add(1, Ordering::Relaxed));
        self.places.lock().push((id, Some(Box::new(handler))));
        id
    }

    /// Removes a handler. `false` if it is not here.
    pub(crate) fn remove(&self, id: ListenerId) -> bool {
        let removed = {
            let mut places = self.places.lock();
            let found = places.iter().position(|place| place.0 == id);
            found.map(|at| places.remove(at))
        };
        // The handler's destructor is user code: the lock is released.
        removed.is_some()
    }

    pub(crate) fn clear(&self) {
        let removed = std::mem::take(&mut *self.places.lock());
        drop(removed);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.lock().is_empty()
    }

    /// Runs the handlers there are now. One that panics stays, and the others run.
    pub(crate) fn emit(&self, event: &E) {
        let ids: Vec<ListenerId> = self.places.lock().iter().map(|place| place.0).collect();
        for id in ids {
            let Some(mut handler) = self.take(id) else { continue };
            guarded("handler", || handler(event));
            self.put_back(id, handler);
        }
    }

    fn take(&self, id: ListenerId) -> Option<Handler<E>> {
        let mut places = self.places.lock();
        places.iter_mut().find(|place| place.0 == id)?.1.take()
    }

    fn put_back(&self, id: ListenerId, handler: Handler<E>) {
        let mut places = self.places.lock();
        let removed = match places.iter_mut().find(|place| place.0 == id) {
            Some(place) => place.1.replace(handler),
            // Removed while it ran.
            None => Some(handler),
        };
        drop(places);
        drop(removed);
    }
}

impl<E> std::fmt::Debug for Listeners<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listeners").field("len", &self.places.lock().len()).finish()
    }
}
