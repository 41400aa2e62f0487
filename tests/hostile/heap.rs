//! The heap of the process: what is held, and the most that was. Unlike resident memory it does not depend on what the
//! allocator keeps for later.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

/// Bytes held. From now on [`most`] begins with them.
pub(crate) fn begin() -> usize {
    let held = HELD.load(Ordering::SeqCst);
    MOST.store(held, Ordering::SeqCst);
    held
}

/// The most bytes held at once since [`begin`].
pub(crate) fn most() -> usize {
    MOST.load(Ordering::SeqCst)
}

fn add(size: usize) {
    let held = HELD.fetch_add(size, Ordering::SeqCst) + size;
    MOST.fetch_max(held, Ordering::SeqCst);
}

fn sub(size: usize) {
    HELD.fetch_sub(size, Ordering::SeqCst);
}

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Old and new may be there at once.
        add(size);
        let place = unsafe { System.realloc(place, layout, size) };
        sub(layout.size());
        place
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        unsafe { System.dealloc(place, layout) };
        sub(layout.size());
    }
}
