//! The workloads with which `run-group` is measured, for it and for all that it is compared with.
//!
//! **The life of a group** of `n` actors: the group is made. Every actor but the last waits for its interrupt. The last
//! one returns when it is first polled. All are interrupted, all return, and everything is dropped. Each `life` returns
//! the first output, which is the number of the last actor.
//!
//! **A wake** in a running group of `n` actors: one actor is woken, and the group is polled, which polls that actor.
//!
//! Each module does this for one subject, written as its users would write it.

pub mod by_hand;
pub mod children;
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

/// Polls `future` until it is ready. The future must not wait for anything from outside.
///
/// This adds as little as possible to what is measured. A subject with an executor is compared with a group on the same
/// executor.
pub fn poll_to_end<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
    }
}
