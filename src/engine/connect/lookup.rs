//! Lookups of names: one lookup at a time for each name in a client, however many attempts wait for it.
//!
//! The resolver may block for any time, on a thread that holds nothing of the client. A lookup that is no longer needed
//! ends with its thread, and a later attempt with the same name joins the running lookup.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::{Arc, OnceLock, Weak};

use mio::Waker;
use parking_lot::Mutex;

use crate::dial::words::Reach;
use crate::engine::wake;

/// Finds the addresses of a name.
pub(in crate::engine) type Resolver = Arc<dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync>;

/// What a lookup comes to.
pub(super) type Found = Result<Vec<IpAddr>, (Reach, Arc<io::Error>)>;

/// Empty until the lookup has ended.
pub(super) type Lookup = Arc<OnceLock<Found>>;

/// The lookups of a client.
pub(in crate::engine) struct Lookups {
    resolver: Resolver,
    /// Guards those that have not ended.
    under_way: Arc<Mutex<Vec<UnderWay>>>,
}

struct UnderWay {
    name: String,
    lookup: Lookup,
    /// Who is to be woken at the end.
    waiting: Vec<Weak<Waker>>,
}

impl Lookups {
    pub(in crate::engine) fn new(resolver: Resolver) -> Lookups {
        Lookups { resolver, under_way: Arc::default() }
    }

    /// By the system's resolver.
    pub(in crate::engine) fn of_system() -> Lookups {
        Lookups::new(Arc::new(|name| {
            let addresses = (name, 0).to_socket_addrs()?;
            Ok(addresses.map(|address| address.ip()).collect())
        }))
    }

    /// Looks the name up, or joins who does. The waker is woken at the end.
    pub(super) fn look_up(&self, name: &str, waker: &Arc<Waker>) -> Lookup {
        let mut under_way = self.under_way.lock();
        if let Some(other) = under_way.iter_mut().find(|other| other.name == name) {
            other.wake_at_end(waker);
            return other.lookup.clone();
        }
        let (name, lookup) = (name.to_owned(), Lookup::default());
        let mut its = UnderWay { name: name.clone(), lookup: lookup.clone(), waiting: Vec::new() };
        its.wake_at_end(waker);
        under_way.push(its);
        drop(under_way);
        let (resolver, under_way, its) =
            (self.resolver.clone(), self.under_way.clone(), lookup.clone());
        let thread = std::thread::Builder::new().name("rtm-resolve".into()).spawn(move || {
            let found = resolver(&name);
            end(&under_way, &its, found.map_err(|error| (Reach::UnknownName, Arc::new(error))));
        });
        if let Err(error) = thread {
            end(&self.under_way, &lookup, Err((Reach::NoThread, Arc::new(error))));
        }
        lookup
    }
}

impl UnderWay {
    /// One waker for all that wait at one poll, and none for those that are gone.
    fn wake_at_end(&mut self, waker: &Arc<Waker>) {
        let waker = Arc::downgrade(waker);
        self.waiting.retain(|other| other.strong_count() > 0 && !other.ptr_eq(&waker));
        self.waiting.push(waker);
    }
}

fn end(under_way: &Mutex<Vec<UnderWay>>, lookup: &Lookup, found: Found) {
    let _ = lookup.set(found);
    let ended = {
        let mut under_way = under_way.lock();
        let at = under_way.iter().position(|other| Arc::ptr_eq(&other.lookup, lookup));
        at.map(|at| under_way.swap_remove(at))
    };
    let waiting = ended.into_iter().flat_map(|ended| ended.waiting);
    waiting.filter_map(|waker| waker.upgrade()).for_each(|waker| wake(&waker));
}
