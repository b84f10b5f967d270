//! `run_group::testing` on Tokio, whose wakes are late inside a task.

use std::future::{pending, Future};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::time::Duration;

use run_group::testing::{
    abort_at_every_poll, interrupt_at_every_poll, interrupt_at_every_poll_on,
};
use run_group::Interrupted;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::timeout;

/// An actor with a mistake: once it has begun, it does not look at its interruption.
async fn stuck(mut interrupted: Interrupted) {
    if interrupted.unless(yield_now()).await.is_some() {
        pending::<()>().await;
    }
}

/// An actor without a mistake.
async fn drain(mut interrupted: Interrupted) -> usize {
    let (send, mut jobs) = mpsc::channel(20);
    (0..20).for_each(|job| send.try_send(job).unwrap());
    let mut taken = 0;
    while let Some(Some(_)) = interrupted.unless(jobs.recv()).await {
        taken += 1;
        yield_now().await;
    }
    while jobs.try_recv().is_ok() {
        taken += 1;
    }
    taken
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Returns a `block_on` for `interrupt_at_every_poll_on`.
fn on<F: Future>(runtime: &Runtime) -> impl Fn(F) -> Option<F::Output> + '_ {
    |run| runtime.block_on(async { timeout(Duration::from_secs(1), run).await.ok() })
}

/// Returns the message with which `check` fails.
fn message<R: std::fmt::Debug>(check: impl FnOnce() -> R) -> String {
    let payload = catch_unwind(AssertUnwindSafe(check)).expect_err("the mistake was not found");
    *payload.downcast::<String>().unwrap()
}

/// Without a runtime, Tokio delays no wake.
#[test]
fn mistake_is_found_without_a_runtime() {
    let said = message(|| interrupt_at_every_poll(stuck));
    assert!(said.starts_with("interrupted after 2 polls, the actor did not return: it waits"));
}

#[test]
fn mistake_is_found_on_a_runtime() {
    let runtime = runtime();
    let said = message(|| interrupt_at_every_poll_on(on(&runtime), stuck));
    assert!(said.starts_with("interrupted after 2 polls, the actor did not return: `block_on`"));
}

#[test]
fn right_actor_is_not_blamed() {
    assert_eq!(interrupt_at_every_poll(drain), [20; 22]);
    let runtime = runtime();
    let taken = interrupt_at_every_poll_on(on(&runtime), drain);
    assert!(taken.iter().all(|&taken| taken == 20));
}

/// Inside a task, `yield_now` wakes the actor only when the task returns to Tokio. So the functions took an actor that
/// yields for one that waits: they ended early and missed the mistake, and they blamed the right actor. They panic
/// instead, and say what to do.
mod inside_a_task {
    use super::*;

    const TOKIO: &str = "this runs inside a task of Tokio, which delays wakes until the task returns to it. So an actor \
        that yields looks like one that waits. Write a `#[test]` instead of a `#[tokio::test]`. If the actor needs the \
        runtime, use `interrupt_at_every_poll_on` with the `block_on` of a `Runtime`";

    #[tokio::test]
    async fn interrupting_is_refused() {
        assert_eq!(message(|| interrupt_at_every_poll(stuck)), TOKIO);
        assert_eq!(message(|| interrupt_at_every_poll(drain)), TOKIO);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn interrupting_is_refused_in_a_spawned_task() {
        let task = tokio::spawn(async { message(|| interrupt_at_every_poll(stuck)) });
        assert_eq!(task.await.unwrap(), TOKIO);
    }

    #[tokio::test]
    async fn aborting_is_refused() {
        assert_eq!(message(|| abort_at_every_poll(|| (yield_now(), || {}))), TOKIO);
    }

    /// Tokio delays a wake after 128 operations of a task in one poll.
    #[tokio::test]
    async fn used_up_budget_is_noticed() {
        let said = message(|| {
            interrupt_at_every_poll(|mut interrupted| async move {
                let (send, mut jobs) = mpsc::channel(200);
                (0..200).for_each(|job| send.try_send(job).unwrap());
                while let Some(Some(_)) = interrupted.unless(jobs.recv()).await {}
                while jobs.recv().await != Some(199) {}
            })
        });
        assert_eq!(said, TOKIO);
    }

    /// An actor that yields to nothing of Tokio works there, too.
    #[tokio::test]
    async fn actor_without_tokio_is_tested() {
        assert_eq!(interrupt_at_every_poll(|interrupted| interrupted), [(), ()]);
    }
}
