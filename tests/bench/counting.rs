//! A global allocator that counts: how often, how many bytes, how many of them are still held.
//!
//! Each thread counts in a place of its own, with plain loads and stores, so that counting costs next to nothing and
//! threads do not slow each other down.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ops::Sub;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

pub(crate) struct Counting;

/// More than the threads of a run. A thread beyond that shares a place, and counts of it may be lost.
const PLACES: usize = 4096;

#[repr(align(64))]
struct Place {
    times: AtomicU64,
    allocated: AtomicU64,
    freed: AtomicU64,
}

static COUNTS: [Place; PLACES] = [const {
    Place { times: AtomicU64::new(0), allocated: AtomicU64::new(0), freed: AtomicU64::new(0) }
}; PLACES];
static NEXT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static MINE: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Sums since the start of the program.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) times: u64,
    pub(crate) bytes: u64,
    freed: u64,
}

impl Counts {
    pub(crate) fn now() -> Counts {
        COUNTS.iter().fold(Counts::default(), |sum, place| Counts {
            times: sum.times + place.times.load(Ordering::Relaxed),
            bytes: sum.bytes + place.allocated.load(Ordering::Relaxed),
            freed: sum.freed + place.freed.load(Ordering::Relaxed),
        })
    }

    /// Bytes held, or how many more are held than before.
    pub(crate) fn held(self) -> i64 {
        self.bytes.wrapping_sub(self.freed) as i64
    }
}

impl Sub for Counts {
    type Output = Counts;

    fn sub(self, earlier: Counts) -> Counts {
        Counts {
            times: self.times - earlier.times,
            bytes: self.bytes - earlier.bytes,
            freed: self.freed - earlier.freed,
        }
    }
}

fn count(times: u64, allocated: usize, freed: usize) {
    let mine = MINE.try_with(|mine| {
        if mine.get() == usize::MAX {
            mine.set(NEXT.fetch_add(1, Ordering::Relaxed) % PLACES);
        }
        mine.get()
    });
    let Place { times: t, allocated: a, freed: f } = &COUNTS[mine.unwrap_or(0)];
    let add = |to: &AtomicU64, n: u64| to.store(to.load(Ordering::Relaxed) + n, Ordering::Relaxed);
    add(t, times);
    add(a, allocated as u64);
    add(f, freed as u64);
}

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size(), 0);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size(), 0);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, size, layout.size());
        unsafe { System.realloc(place, layout, size) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(0, 0, layout.size());
        unsafe { System.dealloc(place, layout) }
    }
}
