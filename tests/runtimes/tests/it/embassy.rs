//! embassy-executor on the host, with an executor for each test.

use std::cell::Cell;
use std::time::Duration;

use embassy_executor::{Executor, Spawner};
use embassy_time::Timer;
use futures::FutureExt;
use run_group_runtimes::{local, suite};

suite!(executor: local on Embassy, Spawn);

struct Embassy;

thread_local! {
    static SPAWNER: Cell<Option<Spawner>> = const { Cell::new(None) };
}

/// Runs every task. A task that still waits after its test keeps its place in the pool.
#[embassy_executor::task(pool_size = 64)]
async fn any(task: local::Task) {
    task.await;
}

impl local::Runtime for Embassy {
    fn run(future: local::Task) {
        let (future, mut ended) = future.remote_handle();
        let executor = Box::leak(Box::new(Executor::new()));
        executor.run_until(
            |spawner| {
                SPAWNER.set(Some(spawner));
                spawner.spawn(any(Box::pin(future)).unwrap());
            },
            || (&mut ended).now_or_never().is_some(),
        );
    }

    fn sleep(duration: Duration) -> local::Task {
        let duration = duration.try_into().expect("a duration in range");
        Box::pin(Timer::after(duration))
    }
}

impl local::Spawn for Embassy {
    /// embassy has no join handles, so this makes one.
    fn spawn(task: local::Task) -> local::Task {
        let (task, handle) = task.remote_handle();
        let spawner = SPAWNER.get().expect("the executor runs");
        spawner.spawn(any(Box::pin(task)).expect("a place for it"));
        Box::pin(handle)
    }
}
