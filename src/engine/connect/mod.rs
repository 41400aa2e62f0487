//! Opening a connection: one gate of several, by one of its addresses. Nothing here blocks; each step goes on when a
//! socket is ready or a lookup has ended. The race decides which address is tried when.

mod attempt;
mod lookup;
mod upgrade;

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use log::Level;
use mio::{Registry, Token, Waker};

use self::attempt::{Attempt, Route, Step};
use self::lookup::Lookup;
pub(super) use self::lookup::Lookups;
use super::Engine;
use super::connection::Connection;
use crate::dial::failures::{Failure, Failures, several};
use crate::dial::race::{Candidate, Gate, Next, Race};
use crate::dial::words::Reach;
use crate::guard;
use crate::options::{ClientOptions, FILE_GATE};
use crate::time::Time;

/// A connection being opened: attempts side by side, over the addresses of one gate and then of the next.
pub(super) struct Dialing {
    waker: Arc<Waker>,
    /// The gates, in the order of the race; `None` for one that cannot be used.
    routes: Vec<Option<Arc<Route>>>,
    race: Race,
    lookups: Vec<(usize, Lookup)>,
    attempts: Vec<Attempt>,
    failures: Failures,
    started: Time,
    connection_timeout: Duration,
    /// When everything is over.
    ends_at: Time,
    /// When the next attempt is due.
    next_at: Time,
}

pub(super) enum Progress {
    Waiting,
    /// The connection, and what its socket is registered under.
    Open(Box<Connection>, Token),
    Failed(Failure),
}

impl Dialing {
    /// A race of the gates, each a scheme and an address.
    pub(super) fn start(
        engine: &Engine,
        gates: &[(&str, String)],
        deadline: Time,
        waker: &Arc<Waker>,
    ) -> Dialing {
        let mut failures = Failures::default();
        let route = |(scheme, address): &(&str, String)| {
            let route = Route::new(&engine.options, &engine.connector, scheme, address);
            route.map_err(|error| failures.push(error.into())).ok().map(Arc::new)
        };
        let routes: Vec<_> = gates.iter().map(route).collect();
        let gate = |route: &Option<Arc<Route>>| match route {
            None => Gate::Known(VecDeque::new()),
            Some(route) => match route.literal() {
                Some(address) => Gate::Known([address].into()),
                None => Gate::Named,
            },
        };
        Dialing {
            waker: waker.clone(),
            race: Race::new(routes.iter().map(gate).collect()),
            routes,
            lookups: Vec::new(),
            attempts: Vec::new(),
            failures,
            started: engine.now(),
            connection_timeout: engine.options.connection_timeout,
            ends_at: deadline,
            next_at: 0,
        }
    }

    /// When [`Dialing::advance`] is to be called even if nothing is ready.
    pub(super) fn next_at(&self) -> Time {
        self.next_at
    }

    /// The kernel announced something about the socket of that token. Whether it is one of these.
    pub(super) fn ready(&mut self, token: Token, hung_up: bool) -> bool {
        let attempt = self.attempts.iter_mut().find(|attempt| attempt.token == token);
        attempt.map(|attempt| attempt.ready(hung_up)).is_some()
    }

    /// Goes as far as it can without blocking. `last_token` is the one given out last.
    pub(super) fn advance(
        &mut self,
        engine: &Engine,
        now: Time,
        registry: &Registry,
        last_token: &mut usize,
    ) -> Progress {
        self.hear_lookups(&engine.options);
        if let Some(open) = self.advance_attempts(now, &engine.options) {
            return open;
        }
        if now >= self.ends_at {
            let after = self.ends_at.saturating_sub(self.started);
            let under_way = self.under_way();
            return Progress::Failed(self.failures.too_late(
                after,
                self.connection_timeout,
                under_way,
            ));
        }
        loop {
            match self.race.next(now) {
                Next::LookUp(gate) => self.look_up(gate, engine),
                Next::Connect(candidate) => {
                    *last_token += 1;
                    self.connect(now, candidate, registry, Token(*last_token));
                }
                Next::Wait(at) => {
                    self.next_at = at.min(self.ends_at);
                    return Progress::Waiting;
                }
                Next::Over => return Progress::Failed(self.failures.all()),
            }
        }
    }

    fn look_up(&mut self, gate: usize, engine: &Engine) {
        let Some(Some(route)) = self.routes.get(gate) else { return };
        let (name, _) = route.first_stop();
        self.lookups.push((gate, engine.lookups.look_up(name, &self.waker)));
    }

    fn hear_lookups(&mut self, options: &ClientOptions) {
        let (race, failures, routes) = (&mut self.race, &mut self.failures, &self.routes);
        self.lookups.retain(|(gate, lookup)| {
            let (Some(found), Some(Some(route))) = (lookup.get(), routes.get(*gate)) else {
                return true;
            };
            let (name, port) = (&route.name(), route.first_stop().1);
            match found {
                Ok(addresses) => {
                    if addresses.is_empty() {
                        failures.push(Failure::new(Reach::NoAddress.of(name)));
                    }
                    let address = |ip: &IpAddr| SocketAddr::new(*ip, port);
                    race.looked_up(*gate, addresses.iter().map(address));
                }
                Err((why, error)) => {
                    let why = advised(why, name, options);
                    failures.push(Failure::caused(why.of(name), error.clone()));
                    race.looked_up(*gate, []);
                }
            }
            false
        });
    }

    fn connect(&mut self, now: Time, candidate: Candidate, registry: &Registry, token: Token) {
        let Some(Some(route)) = self.routes.get(candidate.gate) else { return };
        match Attempt::start(now, candidate, route, registry, token) {
            Ok(attempt) => self.attempts.push(attempt),
            Err(failure) => self.failed(candidate, failure),
        }
    }

    fn advance_attempts(&mut self, now: Time, options: &ClientOptions) -> Option<Progress> {
        let mut at = 0;
        while let Some(attempt) = self.attempts.get_mut(at) {
            let (candidate, was_connecting) = (attempt.candidate, attempt.is_connecting());
            match attempt.advance(now) {
                Ok(Step::Waiting) => at += 1,
                Ok(Step::Further) if was_connecting => {
                    self.race.connected(candidate, now, attempt.took());
                    // Those that are connecting are in the queue again.
                    self.attempts.retain(|attempt| !attempt.is_connecting());
                    at = 0;
                }
                Ok(Step::Further) => self.race.went_on(now, attempt.took()),
                Ok(Step::Open(stream, behind)) => {
                    let connection = Connection::new(stream, &behind, attempt.gate(), options);
                    return Some(Progress::Open(Box::new(connection), attempt.token));
                }
                Err(failure) => {
                    self.attempts.remove(at);
                    self.failed(candidate, failure);
                }
            }
        }
        None
    }

    fn failed(&mut self, candidate: Candidate, failure: Failure) {
        guard::log(Level::Debug, "rtm_client::connect", format_args!("{}", failure.error));
        self.race.failed(candidate);
        self.failures.push(failure);
    }

    /// What is under way, each in a sentence.
    pub(super) fn under_way(&self) -> String {
        let name = |gate: &usize| self.routes.get(*gate)?.as_ref().map(|route| route.name());
        let lookups = self.lookups.iter().filter_map(|(gate, _)| name(gate));
        let lookups = lookups.map(|name| Reach::LookupNotOver.of(&name));
        let attempts = self.attempts.iter().map(Attempt::unfinished);
        several(lookups.chain(attempts))
    }
}

/// A name that the client has made itself is not the program's to spell.
fn advised<'a>(why: &'a Reach, name: &str, options: &ClientOptions) -> &'a Reach {
    let is_made = options.file_endpoint.is_none() && name.starts_with(FILE_GATE);
    match why {
        Reach::UnknownName | Reach::NoBrackets if is_made => &Reach::UnknownFileGate,
        why => why,
    }
}

#[cfg(test)]
#[path = "../../../tests/heavy/connect.rs"]
mod tests;
