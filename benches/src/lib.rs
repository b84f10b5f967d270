//! The workloads that `run-group` is measured with, for it and for what it is compared with.
//!
//! **The life of a group** of `n` actors: the group is made, every actor but the last waits for its interrupt, the last one
//! returns when it is first polled, all are interrupted, all return, everything is dropped. Each `life` returns the first
//! output, which is the last actor's number.
//!
//! **A wake** in a running group of `n` actors: one is woken, and the group is polled, which polls that actor.
//!
//! Each module does this for one subject, written as its users would write it.

pub mod by_hand;
#[cfg(feature = "others")]
pub mod curves;
#[cfg(feature = "others")]
pub mod echo;
pub mod go;
pub mod group;
#[cfg(feature = "others")]
pub mod others;
pub mod pairs;
pub mod process;
pub mod ratios;
pub mod subjects;
pub mod wake;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Polls `future` until it is ready. It must not wait for anything from outside.
///
/// This adds the least to what is measured. A subject that brings an executor is compared with the group on that executor.
pub fn poll_to_end<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
    }
}
