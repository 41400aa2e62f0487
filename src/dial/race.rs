//! Which address is tried when: RFC 8305 over all addresses of all gates. Events and the time go in, the next steps come
//! out.
//!
//! A lookup takes its turn like an attempt, so a name that is not found delays no other gate. The first address that
//! connects sends the other connecting addresses back into the queue, and gets some time for each further step before
//! they follow.
//!
//! Invariants, checked by the tests below: a step is under way until the race is over; an address that would open is
//! tried before the race is over; no address is tried twice, unless it was sent back.

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::address::in_turn;
use crate::time::{NEVER, Time};

/// How long after an attempt the next one starts beside it.
pub(crate) const STAGGER: Time = 250_000_000;

/// How long who has connected may take for a step before others follow, at the least; on a slow link so many times as
/// long as it took to connect.
const STEP: Time = 300_000_000;
const TIMES: Time = 4;

/// A gate on its way to being tried.
#[derive(Clone, Debug)]
pub(crate) enum Gate {
    /// Its name is to be looked up.
    Named,
    /// Its name is being looked up.
    LookedUp,
    /// The addresses that are still to be tried.
    Known(VecDeque<SocketAddr>),
}

/// An address of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) gate: usize,
    pub(crate) address: SocketAddr,
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Look up the name of that gate.
    LookUp(usize),
    Connect(Candidate),
    /// Wait for what is under way, until then at the most.
    Wait(Time),
    /// Everything has failed.
    Over,
}

impl Gate {
    fn has_more(&self) -> bool {
        match self {
            Gate::Named => true,
            Gate::LookedUp => false,
            Gate::Known(addresses) => !addresses.is_empty(),
        }
    }
}

pub(crate) struct Race {
    /// In the order in which they are tried.
    gates: Vec<Gate>,
    connecting: Vec<Candidate>,
    /// How many have connected and go on.
    connected: usize,
    /// When the next one may start beside those under way.
    next_at: Time,
}

impl Race {
    pub(crate) fn new(gates: Vec<Gate>) -> Race {
        Race { gates, connecting: Vec::new(), connected: 0, next_at: 0 }
    }

    pub(crate) fn next(&mut self, now: Time) -> Next {
        let more = self.gates.iter().any(Gate::has_more);
        if self.is_under_way() && (!more || now < self.next_at) {
            return Next::Wait(if more { self.next_at } else { NEVER });
        }
        self.next_at = now.saturating_add(STAGGER);
        for (number, gate) in self.gates.iter_mut().enumerate() {
            match gate {
                Gate::Named => {
                    *gate = Gate::LookedUp;
                    return Next::LookUp(number);
                }
                Gate::LookedUp => {}
                Gate::Known(addresses) => {
                    if let Some(address) = addresses.pop_front() {
                        let candidate = Candidate { gate: number, address };
                        self.connecting.push(candidate);
                        return Next::Connect(candidate);
                    }
                }
            }
        }
        Next::Over
    }

    fn is_under_way(&self) -> bool {
        self.connected > 0
            || !self.connecting.is_empty()
            || self.gates.iter().any(|gate| matches!(gate, Gate::LookedUp))
    }

    /// The lookup of that gate's name has ended, without any address if it failed.
    pub(crate) fn looked_up(
        &mut self,
        gate: usize,
        addresses: impl IntoIterator<Item = SocketAddr>,
    ) {
        if let Some(gate) = self.gates.get_mut(gate) {
            *gate = Gate::Known(in_turn(addresses));
        }
        self.go_on();
    }

    /// It has connected, after that time: the others that are connecting go back into the queue, and are to be dropped.
    pub(crate) fn connected(&mut self, candidate: Candidate, now: Time, took: Time) {
        self.connecting.retain(|other| *other != candidate);
        for Candidate { gate, address } in self.connecting.drain(..).rev() {
            if let Some(Gate::Known(addresses)) = self.gates.get_mut(gate) {
                addresses.push_front(address);
            }
        }
        self.connected += 1;
        self.went_on(now, took);
    }

    /// One that took so long to connect has come a step further.
    pub(crate) fn went_on(&mut self, now: Time, took: Time) {
        self.next_at = now.saturating_add(took.saturating_mul(TIMES).max(STEP));
    }

    pub(crate) fn failed(&mut self, candidate: Candidate) {
        match self.connecting.iter().position(|other| *other == candidate) {
            Some(at) => drop(self.connecting.remove(at)),
            None => self.connected = self.connected.saturating_sub(1),
        }
        self.go_on();
    }

    /// Something has ended: the next one need not wait, unless for one that has connected.
    fn go_on(&mut self) {
        if self.connected == 0 {
            self.next_at = 0;
        }
    }
}

#[cfg(test)]
mod tests;
