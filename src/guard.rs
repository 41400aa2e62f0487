//! Running user code: guarded, and marked as user code.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use log::Level;

use crate::error::Error;

thread_local! {
    /// Whether this thread runs callbacks now.
    static IN_CALLBACK: Cell<bool> = const { Cell::new(false) };
    /// Why the login failed whose callback this thread runs now.
    static LOGIN_ERROR: RefCell<Option<Error>> = const { RefCell::new(None) };
}

/// How many payloads of panics in a row are dropped before the next is left alone.
const MOST_PAYLOADS: usize = 8;

/// Whether the caller is a callback.
pub(crate) fn on_callback_thread() -> bool {
    IN_CALLBACK.get()
}

/// Says whether this thread runs callbacks from now on. Returns whether it did.
pub(crate) fn set_in_callback(yes: bool) -> bool {
    IN_CALLBACK.replace(yes)
}

/// Runs the callback of a login. Its arguments are those of JavaScript, which hold no words: who knows of them finds them
/// by [`login_error`].
pub(crate) fn with_login_error(error: Option<Error>, callback: impl FnOnce()) {
    let before = LOGIN_ERROR.replace(error);
    guarded("login callback", callback);
    LOGIN_ERROR.set(before);
}

/// Why the login failed whose callback this thread runs now.
pub(crate) fn login_error() -> Option<Error> {
    LOGIN_ERROR.with_borrow(Clone::clone)
}

/// Runs user code: its panic ends nothing but itself.
pub(crate) fn guarded(what: &str, user_code: impl FnOnce()) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(user_code)) else { return };
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    log(Level::Error, "rtm_client::callback", format_args!("a {what} panicked: {text}"));
    drop_payload(panic);
}

/// Tells the program's logger, which is user code too: its panic ends nothing.
pub(crate) fn log(level: Level, target: &str, text: fmt::Arguments<'_>) {
    let told = catch_unwind(AssertUnwindSafe(|| log::log!(target: target, level, "{text}")));
    if let Err(panic) = told {
        drop_payload(panic);
    }
}

/// The payload of a panic is user code too: its destructor may panic again, with a payload of the same kind.
fn drop_payload(mut panic: Box<dyn Any + Send>) {
    for _ in 0..MOST_PAYLOADS {
        match catch_unwind(AssertUnwindSafe(move || drop(panic))) {
            Ok(()) => return,
            Err(next) => panic = next,
        }
    }
    std::mem::forget(panic);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::panic_any;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Panics when dropped, with a payload that does so one time less.
    struct Bomb(usize);

    static DROPPED: AtomicUsize = AtomicUsize::new(0);

    impl Drop for Bomb {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, Ordering::Relaxed);
            if let Some(left) = self.0.checked_sub(1) {
                panic_any(Bomb(left));
            }
        }
    }

    #[test]
    fn a_payload_whose_drop_panics_ends_nothing() {
        for depth in [0, 1, 2, MOST_PAYLOADS - 1, MOST_PAYLOADS, 1000] {
            DROPPED.store(0, Ordering::Relaxed);
            guarded("test", || panic_any(Bomb(depth)));
            assert_eq!(DROPPED.load(Ordering::Relaxed), MOST_PAYLOADS.min(depth + 1));
        }
    }
}
