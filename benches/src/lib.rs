//! The workloads that `run-group` is measured by, on it and on what else there is.
//!
//! **The life of a group** of `n` actors: it is made, all but the last actor wait for a signal of their own, the last one
//! returns when it is first polled, all are interrupted, all return, everything is dropped. Each `life` returns the first
//! output, which is the last actor's number.
//!
//! **A wake** in a running group of `n` actors: one is woken, and the group is polled, and with it that actor.
//!
//! Each module plays these for one subject, written as its users would write it.

pub mod by_hand;
#[cfg(feature = "others")]
pub mod curves;
pub mod go;
pub mod group;
#[cfg(feature = "others")]
pub mod others;
pub mod pairs;
pub mod ratios;
pub mod wake;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Polls `future` until it is ready. It must not wait for anything from outside.
///
/// No executor costs less, so that nothing is added to what is measured. The others have one of their own, and where
/// they are compared with, the group runs on the same.
pub fn poll_to_end<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
    }
}
