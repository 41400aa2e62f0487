use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;

use super::Category;

/// What makes two pushes the same message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) category: Category,
    pub(super) from: i64,
    pub(super) mid: i64,
    /// The group or the room; 0 for the other categories.
    pub(super) place: i64,
}

/// Remembers the messages of the last minutes, so that one the gate sends again is seen once. Not bound to a
/// connection: after a reconnect is when the gate sends again.
pub(super) struct Duplicates {
    seen: HashSet<Key, RandomState>,
    /// What `seen` holds, oldest first.
    order: VecDeque<(Instant, Key)>,
    keep: Duration,
    limit: usize,
}

impl Duplicates {
    /// A memory of messages for `keep` after their first sight, of the latest `limit` of them.
    pub(super) fn new(keep: Duration, limit: usize) -> Self {
        Duplicates { seen: HashSet::default(), order: VecDeque::new(), keep, limit }
    }

    /// Whether the message is seen for the first time; from now on it is not.
    pub(super) fn first_sight(&mut self, key: Key, now: Instant) -> bool {
        while let Some(&(seen_at, oldest)) = self.order.front() {
            if now.saturating_duration_since(seen_at) < self.keep {
                break;
            }
            self.seen.remove(&oldest);
            self.order.pop_front();
        }
        if self.order.is_empty() && self.order.capacity() > 1024 {
            *self = Duplicates::new(self.keep, self.limit);
        }
        // Room for as many that are gone: a set that gets full of both would double later on.
        if self.seen.len() == self.limit / 2 {
            self.seen.reserve(self.limit + self.limit / 2);
        }
        if !self.seen.insert(key) {
            return false;
        }
        if self.order.len() >= self.limit {
            if let Some((_, oldest)) = self.order.pop_front() {
                self.seen.remove(&oldest);
            }
        }
        self.order.push_back((now, key));
        true
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    const KEEP: Duration = Duration::from_secs(600);

    fn key(mid: i64) -> Key {
        Key { category: Category::P2P, from: 1, mid, place: 0 }
    }

    #[test]
    fn a_message_is_new_once() {
        let mut duplicates = Duplicates::new(KEEP, 10);
        let now = Instant::now();
        assert!(duplicates.first_sight(key(1), now));
        assert!(!duplicates.first_sight(key(1), now));
    }

    #[test]
    fn every_part_of_the_key_counts() {
        let mut duplicates = Duplicates::new(KEEP, 10);
        let now = Instant::now();
        let group = Key { category: Category::Group, from: 1, mid: 5, place: 222 };
        let others = [
            Key { category: Category::Room, ..group },
            Key { from: 2, ..group },
            Key { mid: 6, ..group },
            Key { place: 999, ..group },
        ];
        assert!(duplicates.first_sight(group, now));
        assert!(others.into_iter().all(|other| duplicates.first_sight(other, now)));
    }

    #[test]
    fn it_is_forgotten_some_time_after_its_first_sight() {
        let mut duplicates = Duplicates::new(KEEP, 10);
        let start = Instant::now();
        assert!(duplicates.first_sight(key(1), start));
        // Seen again shortly before the end, which does not renew it.
        assert!(!duplicates.first_sight(key(1), start + KEEP - Duration::from_millis(1)));
        assert!(duplicates.first_sight(key(1), start + KEEP));
    }

    /// As it is when messages never stop coming.
    #[test]
    fn once_full_it_takes_no_more_memory_and_once_empty_little() {
        let limit = 10_000;
        let mut duplicates = Duplicates::new(KEEP, limit);
        let start = Instant::now();
        let room =
            |duplicates: &Duplicates| (duplicates.seen.capacity(), duplicates.order.capacity());
        assert!((0..limit as i64).all(|mid| duplicates.first_sight(key(mid), start)));
        let full = room(&duplicates);
        assert!((0..200_000).all(|more| duplicates.first_sight(key(limit as i64 + more), start)));
        let now = room(&duplicates);
        assert!(now.0 <= full.0 && now.1 <= full.1, "{now:?} after {full:?}");
        assert!(duplicates.first_sight(key(0), start + KEEP));
        assert!(room(&duplicates).0 < 100 && room(&duplicates).1 < 100);
    }

    #[test]
    fn the_memory_is_bounded_and_the_oldest_goes_first() {
        let mut duplicates = Duplicates::new(KEEP, 3);
        let now = Instant::now();
        assert!((1..=4).all(|mid| duplicates.first_sight(key(mid), now)));
        assert_eq!((duplicates.seen.len(), duplicates.order.len()), (3, 3));
        assert!(!duplicates.first_sight(key(2), now));
        assert!(duplicates.first_sight(key(1), now));
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_list_of_first_sights(
            pushes in prop::collection::vec((0..8_i64, 0..4_u64), 0..200)
        ) {
            let keep = Duration::from_secs(10);
            let mut duplicates = Duplicates::new(keep, 1000);
            let mut first_sights = HashMap::new();
            let mut now = Instant::now();
            for (mid, seconds) in pushes {
                now += Duration::from_secs(seconds);
                let new = first_sights.get(&mid).is_none_or(|&seen_at| now - seen_at >= keep);
                if new {
                    first_sights.insert(mid, now);
                }
                prop_assert_eq!(duplicates.first_sight(key(mid), now), new);
                prop_assert_eq!(duplicates.seen.len(), duplicates.order.len());
            }
        }

        #[test]
        fn it_never_holds_more_than_its_limit(
            limit in 1..20_usize,
            mids in prop::collection::vec(0..50_i64, 0..300)
        ) {
            let mut duplicates = Duplicates::new(KEEP, limit);
            let now = Instant::now();
            for mid in mids {
                duplicates.first_sight(key(mid), now);
                prop_assert!(!duplicates.first_sight(key(mid), now));
                prop_assert!(duplicates.order.len() <= limit);
                prop_assert_eq!(duplicates.seen.len(), duplicates.order.len());
            }
        }
    }
}
