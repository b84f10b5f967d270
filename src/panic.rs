//! Panics in the user's code. With `std`, a panic is contained here and can be resumed later. Without `std`, it unwinds
//! through the group.

#[cfg(feature = "std")]
use alloc::boxed::Box;
#[cfg(feature = "std")]
use core::any::Any;
#[cfg(feature = "std")]
use core::mem;
#[cfg(feature = "std")]
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};

/// The payload of a panic.
#[cfg(feature = "std")]
pub(crate) type Payload = Box<dyn Any + Send>;

/// The payload of a panic. There is none without `std`, so the compiler leaves out the code that handles one.
#[cfg(not(feature = "std"))]
#[derive(Debug)]
pub enum Payload {}

/// The result of a call of the user's code. `Err`: it panicked.
pub(crate) type Contained<R = ()> = Result<R, Payload>;

/// Calls `f` and returns its result or, if it panicked, the payload.
///
/// What `f` borrows must be usable after a panic. So every caller either drops it, or has put it into a valid state
/// before the call. Without `std`, nothing can stop a panic: it unwinds through here.
pub(crate) fn contain<R>(f: impl FnOnce() -> R) -> Contained<R> {
    #[cfg(feature = "std")]
    return catch_unwind(AssertUnwindSafe(f));
    #[cfg(not(feature = "std"))]
    Ok(f())
}

/// Continues a contained panic.
pub(crate) fn resume(payload: Payload) -> ! {
    #[cfg(feature = "std")]
    resume_unwind(payload);
    #[cfg(not(feature = "std"))]
    match payload {}
}

/// Keeps the earlier of two panics and ignores the later one.
pub(crate) fn earlier(earlier: Contained, later: Contained) -> Contained {
    match (earlier, later) {
        (Err(payload), later) => {
            discard(later);
            Err(payload)
        }
        (Ok(()), later) => later,
    }
}

/// Drops each of `items`, even if dropping another panics. `Err`: the first such panic.
pub(crate) fn drop_each<X>(items: impl IntoIterator<Item = X>) -> Contained {
    let mut items = items.into_iter();
    let mut dropped = Ok(());
    // A panic ends the loop in `contain`, and the next round continues with the next item.
    while let Err(payload) = contain(|| items.by_ref().for_each(drop)) {
        dropped = earlier(dropped, Err(payload));
    }
    dropped
}

/// Drops what a panic has left behind. If that panics, the second panic is ignored, and its payload is dropped or, if
/// that panics as well, leaked.
pub(crate) fn discard<X>(remains: X) {
    #[cfg(not(feature = "std"))]
    drop(remains);
    #[cfg(feature = "std")]
    if let Err(payload) = contain(|| drop(remains)) {
        if let Err(payload) = contain(|| drop(payload)) {
            mem::forget(payload); // dropping it could panic again, and so on
        }
    }
}

/// Continues a contained panic in a destructor, unless the thread is panicking already: two panics at once would abort.
pub(crate) fn resume_in_drop(payload: Payload) {
    #[cfg(feature = "std")]
    if std::thread::panicking() {
        return discard(payload);
    }
    resume(payload)
}
