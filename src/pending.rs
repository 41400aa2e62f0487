//! The pending table: the calls that wait for an answer, and their deadlines. Pure: no socket, no thread, no clock.
//!
//! Invariant: the code that takes an entry owes its callback, and an entry can be taken once. This alone makes "exactly
//! once".
//!
//! Entries stand in a ring in the order of their sequence numbers, so that inserting and taking cost the same however
//! many are in flight. A straggler that would make the ring long and empty moves to a map at the side. Deadlines stand in
//! a heap from which answered calls are not removed one by one: the heap is swept when more than half of it is dead. So
//! memory follows the calls in flight, never throughput × timeout.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use crate::time::{NEVER, Time};

/// A ring no longer than this is left as it is. Short in tests, so that short sequences reach the code behind it.
const SMALL: usize = if cfg!(test) { 4 } else { 1024 };

pub(crate) struct Pending<C> {
    /// The sequence number of the ring's first place.
    base: u32,
    /// The first place of the ring is never vacant.
    ring: VecDeque<Option<Entry<C>>>,
    /// How many places of the ring are taken.
    in_ring: usize,
    stragglers: HashMap<u32, Entry<C>, foldhash::fast::RandomState>,
    /// At least one element for each entry; elements without an entry are dead.
    deadlines: BinaryHeap<Reverse<(Time, u32)>>,
}

struct Entry<C> {
    deadline: Time,
    call: C,
}

/// A call that is in flight no more.
pub(crate) struct Taken<C> {
    pub(crate) seq: u32,
    pub(crate) deadline: Time,
    pub(crate) call: C,
}

impl<C> Pending<C> {
    /// An empty table whose first call gets the number `first`.
    pub(crate) fn starting_at(first: u32) -> Self {
        Pending {
            base: first,
            ring: VecDeque::new(),
            in_ring: 0,
            stragglers: HashMap::default(),
            deadlines: BinaryHeap::new(),
        }
    }

    /// How many calls are in flight.
    pub(crate) fn len(&self) -> usize {
        self.in_ring + self.stragglers.len()
    }

    /// Enters a call and gives it the next sequence number that no call in flight has.
    pub(crate) fn insert(&mut self, deadline: Time, call: C) -> u32 {
        let mut seq = self.next_seq();
        while self.stragglers.contains_key(&seq) {
            self.skip(seq);
            seq = self.next_seq();
        }
        self.ring.push_back(Some(Entry { deadline, call }));
        self.in_ring += 1;
        self.deadlines.push(Reverse((deadline, seq)));
        self.keep_small();
        seq
    }

    /// Uses up a sequence number without entering a call.
    pub(crate) fn reserve(&mut self) -> u32 {
        let mut seq = self.next_seq();
        while self.stragglers.contains_key(&seq) {
            self.skip(seq);
            seq = self.next_seq();
        }
        self.skip(seq);
        seq
    }

    fn next_seq(&self) -> u32 {
        self.base.wrapping_add(self.ring.len() as u32)
    }

    fn skip(&mut self, seq: u32) {
        if self.ring.is_empty() {
            self.base = seq.wrapping_add(1);
        } else {
            self.ring.push_back(None);
        }
    }

    /// Whether the call with that number is in flight.
    pub(crate) fn contains(&self, seq: u32) -> bool {
        self.deadline_of(seq).is_some()
    }

    /// Takes out the call with that number. The caller of `take` owes its callback.
    pub(crate) fn take(&mut self, seq: u32) -> Option<C> {
        let place = seq.wrapping_sub(self.base) as usize;
        let Some(entry) = self.ring.get_mut(place).and_then(Option::take) else {
            return self.stragglers.remove(&seq).map(|entry| entry.call);
        };
        self.in_ring -= 1;
        if place == 0 {
            self.drop_vacant_front();
        }
        Some(entry.call)
    }

    /// Takes the calls whose deadline has come, earliest first, at most `most` of them.
    pub(crate) fn expire(&mut self, now: Time, most: usize, expired: &mut Vec<Taken<C>>) {
        let full = expired.len() + most;
        while expired.len() < full {
            let Some(&Reverse((deadline, seq))) = self.deadlines.peek() else { return };
            if deadline > now {
                return;
            }
            self.deadlines.pop();
            if self.deadline_of(seq) == Some(deadline) {
                expired.extend(self.take(seq).map(|call| Taken { seq, deadline, call }));
            }
        }
    }

    /// The earliest deadline of a call in flight, or [`NEVER`].
    pub(crate) fn next_deadline(&mut self) -> Time {
        while let Some(&Reverse((deadline, seq))) = self.deadlines.peek() {
            if self.deadline_of(seq) == Some(deadline) {
                return deadline;
            }
            self.deadlines.pop();
        }
        NEVER
    }

    /// Takes all calls, in the order they were made, and starts over at `first`.
    pub(crate) fn drain(&mut self, first: u32) -> Vec<Taken<C>> {
        let old = std::mem::replace(self, Pending::starting_at(first));
        let mut stragglers: Vec<_> = old.stragglers.into_iter().collect();
        // Distance behind the ring: the numbers may have wrapped around.
        stragglers.sort_by_key(|(seq, _)| Reverse(old.base.wrapping_sub(*seq)));
        let in_ring = old.ring.into_iter().zip(0_u32..);
        let in_ring =
            in_ring.filter_map(|(entry, place)| Some((old.base.wrapping_add(place), entry?)));
        let taken = |(seq, Entry { deadline, call })| Taken { seq, deadline, call };
        stragglers.into_iter().chain(in_ring).map(taken).collect()
    }

    fn deadline_of(&self, seq: u32) -> Option<Time> {
        deadline_of(self.base, &self.ring, &self.stragglers, seq)
    }

    fn drop_vacant_front(&mut self) {
        while let Some(None) = self.ring.front() {
            self.ring.pop_front();
            self.base = self.base.wrapping_add(1);
        }
        if self.ring.is_empty() && self.ring.capacity() > 64 * SMALL {
            self.ring = VecDeque::new();
        }
    }

    /// Keeps ring and heap within a small multiple of the calls in flight.
    fn keep_small(&mut self) {
        if self.ring.len() > SMALL && self.ring.len() > 4 * self.in_ring {
            if let Some(Some(straggler)) = self.ring.pop_front() {
                self.stragglers.insert(self.base, straggler);
                self.in_ring -= 1;
            }
            self.base = self.base.wrapping_add(1);
            self.drop_vacant_front();
        }
        if self.deadlines.len() > 2 * self.len() + SMALL {
            let Pending { base, ring, stragglers, deadlines, .. } = self;
            deadlines.retain(|&Reverse((deadline, seq))| {
                deadline_of(*base, ring, stragglers, seq) == Some(deadline)
            });
            if deadlines.capacity() > 64 * SMALL && deadlines.capacity() > 8 * deadlines.len() {
                deadlines.shrink_to(2 * deadlines.len());
            }
        }
    }
}

fn deadline_of<C>(
    base: u32,
    ring: &VecDeque<Option<Entry<C>>>,
    stragglers: &HashMap<u32, Entry<C>, foldhash::fast::RandomState>,
    seq: u32,
) -> Option<Time> {
    let entry = match ring.get(seq.wrapping_sub(base) as usize) {
        Some(Some(entry)) => Some(entry),
        _ => stragglers.get(&seq),
    };
    entry.map(|entry| entry.deadline)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    use crate::testing::few_or_many;

    #[test]
    fn numbers_count_from_the_first_and_wrap_around_a_call_in_flight() {
        let mut table = Pending::starting_at(u32::MAX - 1);
        let straggler = table.insert(10, 'a');
        assert_eq!(straggler, u32::MAX - 1);
        assert_eq!(table.insert(10, 'b'), u32::MAX);
        assert_eq!(table.insert(10, 'c'), 0);
        assert_eq!(table.take(u32::MAX), Some('b'));
        assert_eq!(table.take(0), Some('c'));
        // All the way round: the number still in flight is passed over.
        let mut table = Pending::starting_at(7);
        assert_eq!(table.insert(10, 'a'), 7);
        for _ in 0..2 * SMALL {
            let seq = table.insert(10, 'x');
            assert_eq!(table.take(seq), Some('x'));
        }
        assert!(table.ring.is_empty(), "the straggler stands aside");
        table.base = 6;
        assert_eq!(table.insert(10, 'b'), 6);
        assert_eq!(table.insert(10, 'c'), 8);
        assert_eq!(table.take(7), Some('a'));
    }

    #[test]
    fn memory_follows_the_calls_in_flight() {
        let mut table = Pending::starting_at(1);
        let straggler = table.insert(NEVER - 1, 0);
        for i in 0..200_000_u64 {
            let seq = table.insert(20_000_000_000 + i, i);
            assert_eq!(table.take(seq), Some(i));
        }
        assert_eq!(table.len(), 1);
        assert!(table.ring.len() <= SMALL + 1 && table.ring.capacity() <= 4 * SMALL);
        assert!(table.deadlines.len() <= SMALL + 2 && table.deadlines.capacity() <= 4 * SMALL);
        assert_eq!(table.take(straggler), Some(0));
        assert_eq!(table.next_deadline(), NEVER);
    }

    /// What can happen to a table, with numbers that are taken modulo what there is.
    #[derive(Clone, Copy, Debug)]
    enum Step {
        Call { timeout: u8 },
        Answer { nth: u8 },
        DuplicateAnswer { nth: u8 },
        UnknownAnswer { seq: u32 },
        Timeouts { after: u8 },
        Reconnect,
        Close,
    }

    /// Made from one number, which is several times faster than a strategy for each kind.
    fn step() -> impl Strategy<Value = Step> {
        any::<u64>().prop_map(|random| {
            let [kind, argument, ..] = random.to_le_bytes();
            match kind % 32 {
                0..14 => Step::Call { timeout: argument },
                14..22 => Step::Answer { nth: argument },
                22..25 => Step::DuplicateAnswer { nth: argument },
                25 => Step::UnknownAnswer { seq: (random >> 32) as u32 },
                26..30 => Step::Timeouts { after: argument },
                30 => Step::Reconnect,
                _ => Step::Close,
            }
        })
    }

    /// A call as a plain list holds it.
    struct Call {
        seq: u32,
        deadline: Time,
        number: usize,
    }

    /// The table beside a plain list of the calls in flight. Both have to say the same at every step.
    struct Both {
        table: Pending<usize>,
        list: Vec<Call>,
        /// Those that were answered on this connection.
        answered: Vec<u32>,
        now: Time,
        made: usize,
        /// How often each call was taken.
        taken: Vec<u8>,
    }

    impl Both {
        fn starting_at(first: u32, now: Time) -> Both {
            Both {
                table: Pending::starting_at(first),
                list: Vec::new(),
                answered: Vec::new(),
                now,
                made: 0,
                taken: Vec::new(),
            }
        }

        fn step(&mut self, step: Step) -> Result<(), TestCaseError> {
            match step {
                Step::Call { timeout } => {
                    let deadline = self.now + u64::from(timeout);
                    let (seq, number) = (self.table.insert(deadline, self.made), self.made);
                    prop_assert!(self.list.iter().all(|call| call.seq != seq), "{} twice", seq);
                    self.answered.retain(|answered| *answered != seq);
                    self.list.push(Call { seq, deadline, number });
                    self.taken.push(0);
                    self.made += 1;
                }
                Step::Answer { nth } if !self.list.is_empty() => {
                    let call = self.list.remove(usize::from(nth) % self.list.len());
                    let taken = self.table.take(call.seq);
                    self.answered.push(call.seq);
                    self.count(taken, [call.number])?;
                }
                Step::DuplicateAnswer { nth } if !self.answered.is_empty() => {
                    let seq = self.answered[usize::from(nth) % self.answered.len()];
                    prop_assert_eq!(self.table.take(seq), None);
                }
                Step::Answer { .. } | Step::DuplicateAnswer { .. } => {}
                Step::UnknownAnswer { seq } => {
                    if self.list.iter().all(|call| call.seq != seq) {
                        prop_assert_eq!(self.table.take(seq), None);
                    }
                }
                Step::Timeouts { after } => {
                    self.now += u64::from(after);
                    let (mut expired, now) = (Vec::new(), self.now);
                    // Under several holds of the lock.
                    self.table.expire(now, 1, &mut expired);
                    self.table.expire(now, usize::MAX - 1, &mut expired);
                    let (mut due, left): (Vec<_>, Vec<_>) =
                        self.list.drain(..).partition(|call| call.deadline <= now);
                    self.list = left;
                    due.sort_by_key(|call| (call.deadline, call.seq));
                    self.count_all(expired, due)?;
                    let next = self.list.iter().map(|call| call.deadline).min();
                    prop_assert_eq!(self.table.next_deadline(), next.unwrap_or(NEVER));
                }
                // What is in flight ends with the connection, and the next one counts from the start.
                Step::Reconnect => self.end(1)?,
                Step::Close => self.end(u32::MAX - 2)?,
            }
            prop_assert_eq!(self.table.len(), self.list.len());
            Ok(())
        }

        fn end(&mut self, first: u32) -> Result<(), TestCaseError> {
            let all = std::mem::take(&mut self.list);
            self.answered.clear();
            let taken = self.table.drain(first);
            prop_assert_eq!(self.table.next_deadline(), NEVER);
            self.count_all(taken, all)
        }

        /// The same with all that is known of each.
        fn count_all(
            &mut self,
            taken: Vec<Taken<usize>>,
            due: Vec<Call>,
        ) -> Result<(), TestCaseError> {
            let known = |taken: &Taken<usize>| (taken.seq, taken.deadline, taken.call);
            let expected = |call: &Call| (call.seq, call.deadline, call.number);
            let found: Vec<_> = taken.iter().map(known).collect();
            prop_assert_eq!(found, due.iter().map(expected).collect::<Vec<_>>());
            let numbers = taken.iter().map(|taken| taken.call);
            self.count(numbers, due.iter().map(|call| call.number))
        }

        /// These calls were taken, and these should have been.
        fn count(
            &mut self,
            taken: impl IntoIterator<Item = usize>,
            due: impl IntoIterator<Item = usize>,
        ) -> Result<(), TestCaseError> {
            let taken: Vec<_> = taken.into_iter().collect();
            prop_assert_eq!(&taken, &due.into_iter().collect::<Vec<_>>());
            for number in taken {
                self.taken[number] += 1;
            }
            Ok(())
        }
    }

    proptest! {
        #![proptest_config(few_or_many(1000, 100_000))]

        /// Every call is taken exactly once, by whoever comes first.
        #[test]
        fn every_call_is_taken_exactly_once(
            // The numbers wrap around in many of them.
            first in prop_oneof![Just(1), u32::MAX - 20..u32::MAX, any::<u32>()],
            // Just before as many milliseconds, and nanoseconds, as 32 bits hold: 49 days, 4 seconds.
            now in prop_oneof![Just(0), Just((1 << 32) * 1_000_000 - 100), Just((1 << 32) - 100)],
            steps in prop::collection::vec(step(), 1..32),
        ) {
            let mut both = Both::starting_at(first, now);
            for step in steps {
                both.step(step)?;
            }
            both.end(1)?;
            prop_assert!(both.taken.iter().all(|times| *times == 1), "{:?}", both.taken);
        }
    }
}
