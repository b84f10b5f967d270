//! What becomes of a panic: with `std` it is contained and can be resumed, without it unwinds as panics do.

use alloc::boxed::Box;
use core::any::Any;
use core::mem;
#[cfg(feature = "std")]
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};

/// What a panic carries.
pub(crate) type Payload = Box<dyn Any + Send>;

/// Calls `f` and returns what it returned or, if it panicked, what the panic carried.
///
/// What `f` borrows must be fit for use after a panic: every caller either drops it or has put it in order before.
#[cfg(feature = "std")]
pub(crate) fn contain<R>(f: impl FnOnce() -> R) -> Result<R, Payload> {
    catch_unwind(AssertUnwindSafe(f))
}

/// Calls `f`. Without `std` there is no means to stop a panic: it unwinds through here.
#[cfg(not(feature = "std"))]
pub(crate) fn contain<R>(f: impl FnOnce() -> R) -> Result<R, Payload> {
    Ok(f())
}

/// Goes on with a contained panic.
#[cfg(feature = "std")]
pub(crate) fn resume(payload: Payload) -> ! {
    resume_unwind(payload)
}

/// Never called: without `std` no panic is contained.
#[cfg(not(feature = "std"))]
pub(crate) fn resume(_payload: Payload) -> ! {
    unreachable!("a panic is contained only with the feature `std`")
}

/// Keeps the first of two panics. The second is of no account.
pub(crate) fn first(
    first: Result<(), Payload>,
    second: Result<(), Payload>,
) -> Result<(), Payload> {
    match (first, second) {
        (Err(payload), second) => {
            discard(second);
            Err(payload)
        }
        (Ok(()), second) => second,
    }
}

/// Drops one thing that a panic has left over. A further panic in that is of no account, nor is what that one carries.
pub(crate) fn discard<T>(remains: T) {
    if let Err(payload) = contain(|| drop(remains)) {
        if let Err(payload) = contain(|| drop(payload)) {
            mem::forget(payload); // it could go on so for ever
        }
    }
}

/// Goes on with a contained panic in a destructor, unless a panic is under way already: two at once would abort.
pub(crate) fn resume_in_drop(payload: Payload) {
    #[cfg(feature = "std")]
    if std::thread::panicking() {
        return discard(payload);
    }
    resume(payload)
}
