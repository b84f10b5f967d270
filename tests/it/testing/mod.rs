//! `run_group::testing`: actors with one typical mistake each and the message for it, and actors without mistakes.

mod aborts;
// It needs the names in a backtrace, which Windows may lack.
#[cfg(all(feature = "std", panic = "unwind", unix))]
mod late_wakes;
#[cfg(panic = "unwind")]
mod mistakes;
mod on_executors;
mod programs;
#[cfg(feature = "std")] // for clones of an `Interrupted`
mod random;

use std::cell::Cell;
use std::future::{pending, ready, Future};
#[cfg(panic = "unwind")]
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::pin::{pin, Pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use futures::channel::mpsc;
use futures::{FutureExt, StreamExt};
use run_group::testing::{interrupt_at_every_poll, interrupt_at_every_poll_on, Run};
use run_group::{Group, Interrupted};
use smol::future::yield_now;

/// Returns the message with which `check` fails.
#[cfg(panic = "unwind")]
#[track_caller]
fn message<R: std::fmt::Debug>(check: impl FnOnce() -> R) -> String {
    let payload = catch_unwind(AssertUnwindSafe(check)).expect_err("the mistake was not found");
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => payload.downcast_ref::<&str>().unwrap().to_string(),
    }
}

/// Returns both ends of a channel with two items, which is open until the sender is dropped.
fn two_items() -> (mpsc::UnboundedSender<u8>, mpsc::UnboundedReceiver<u8>) {
    let (send, items) = mpsc::unbounded();
    send.unbounded_send(1).unwrap();
    send.unbounded_send(2).unwrap();
    (send, items)
}

/// Polls a future as long as it is woken. Then it gives up.
fn poll_while_woken<F: Future>(run: F) -> Option<F::Output> {
    struct Woken(AtomicBool);
    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, SeqCst);
        }
    }
    let woken = Arc::new(Woken(AtomicBool::new(true)));
    let waker = Waker::from(woken.clone());
    let mut run = pin!(run);
    while woken.0.swap(false, SeqCst) {
        if let Poll::Ready(output) = run.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(output);
        }
    }
    None
}

/// Adds up two items, and then waits for more until it is interrupted.
async fn sum_of_two_items(mut interrupted: Interrupted) -> u8 {
    let (_open, mut items) = two_items();
    let mut sum = 0;
    while let Some(Some(item)) = interrupted.unless(items.next()).await {
        sum += item;
        yield_now().await;
    }
    sum
}

#[test]
fn one_output_per_run_in_order() {
    let runs = Cell::new(0);
    let sums = interrupt_at_every_poll(|interrupted| {
        runs.set(runs.get() + 1);
        sum_of_two_items(interrupted)
    });
    assert_eq!(sums, [0, 1, 3, 3]);
    assert_eq!(runs.get(), 4);
}

#[test]
fn series_ends_with_first_return() {
    let polls = Cell::new(0);
    let outputs = interrupt_at_every_poll(|interrupted| {
        let polls = &polls;
        async move {
            polls.set(0);
            for _ in 0..2 {
                polls.set(polls.get() + 1);
                yield_now().await;
            }
            (polls.get(), interrupted.is_interrupted())
        }
    });
    assert_eq!(outputs, [(2, true), (2, true), (2, true), (2, false)]);
}

#[test]
fn actor_that_returns_at_once() {
    assert_eq!(interrupt_at_every_poll(|_| ready(7)), [7, 7]);
}

/// The actor returns how often it was polled.
#[test]
fn series_ends_where_the_actor_waits() {
    let outputs = interrupt_at_every_poll(|mut interrupted| {
        let mut polls = 0;
        std::future::poll_fn(move |cx| {
            polls += 1;
            interrupted.poll_unpin(cx).map(|()| polls)
        })
    });
    assert_eq!(outputs, [1, 2]);
}

#[test]
fn endless_series_ends_after_1000_runs() {
    async fn actor(interrupted: Interrupted) {
        while !interrupted.is_interrupted() {
            yield_now().await;
        }
    }
    assert_eq!(interrupt_at_every_poll(actor).len(), 1000);
    assert_eq!(interrupt_at_every_poll_on(poll_while_woken, actor).len(), 1000);
}
