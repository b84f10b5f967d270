//! Actors that wait for an executor that delays wakes, as Tokio does inside a task. `tests/runtimes` tests the same with
//! Tokio itself.

use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::task::{Poll, Waker};

use run_group::testing::{abort_at_every_poll, interrupt_at_every_poll};
use run_group::Interrupted;

use super::message;

/// Stands for Tokio in a backtrace.
mod tokio {
    pub mod runtime {
        /// Calls a function, and is in the backtrace meanwhile.
        #[inline(never)]
        pub fn enter<R>(f: impl FnOnce() -> R) -> R {
            let result = f();
            std::hint::black_box(()); // otherwise the call could be a jump
            result
        }
    }
}

const TOKIO: &str = "this runs inside a task of Tokio, which delays wakes until the task returns to it. So an actor \
    that yields looks like one that waits. Write a `#[test]` instead of a `#[tokio::test]`. If the actor needs the \
    runtime, use `interrupt_at_every_poll_on` with the `block_on` of a `Runtime`";

/// Yields, and is woken when the executor gets control back. So it is not woken here.
async fn yield_now() {
    thread_local!(static DELAYED: RefCell<Vec<Waker>> = const { RefCell::new(Vec::new()) });
    let mut has_yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        DELAYED.with(|delayed| delayed.borrow_mut().push(cx.waker().clone()));
        Poll::Pending
    })
    .await
}

/// An actor without a mistake.
async fn yields(mut interrupted: Interrupted) {
    while interrupted.unless(yield_now()).await.is_some() {}
    yield_now().await;
}

/// An actor with a mistake: it does not look at its interruption.
async fn stuck(_: Interrupted) {
    yield_now().await;
    pending().await
}

/// The functions would take an actor that yields for one that waits: they would end early and miss mistakes, and blame
/// actors without one.
#[test]
fn runs_inside_a_task_are_refused() {
    tokio::runtime::enter(|| {
        assert_eq!(message(|| interrupt_at_every_poll(yields)), TOKIO);
        assert_eq!(message(|| interrupt_at_every_poll(stuck)), TOKIO);
        assert_eq!(message(|| abort_at_every_poll(|| (yield_now(), || {}))), TOKIO);
    });
}

/// An actor that only waits for its interruption leaves no waker behind that could be late.
#[test]
fn actor_without_late_wakes_may_run_inside_a_task() {
    tokio::runtime::enter(|| {
        assert_eq!(interrupt_at_every_poll(|interrupted| interrupted), [(), ()]);
    });
}

/// Elsewhere, code that holds a waker may wait for something that never happens.
#[test]
fn late_wakes_are_no_reason_elsewhere() {
    let said = message(|| interrupt_at_every_poll(stuck));
    let starts = "interrupted before its first poll, the actor did not return: it waits";
    assert!(said.starts_with(starts), "{said}");
    assert_eq!(abort_at_every_poll(|| (yield_now(), || {})), 2);
}
