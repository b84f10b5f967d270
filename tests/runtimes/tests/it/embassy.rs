//! embassy-executor on the host, with an executor for each test.

use std::cell::Cell;

use embassy_executor::{Executor, Spawner};
use embassy_time::Timer;
use futures::FutureExt;
use run_group_runtimes::{executor, local, suite};

suite!(executor: local on Embassy, Spawn);

executor!(local Embassy {
    run: |future| {
        let (future, mut ended) = future.remote_handle();
        let executor = Box::leak(Box::new(Executor::new()));
        executor.run_until(
            |spawner| {
                SPAWNER.set(Some(spawner));
                spawner.spawn(any(Box::pin(future)).unwrap());
            },
            || (&mut ended).now_or_never().is_some(),
        );
    },
    sleep: |duration| Timer::after(duration.try_into().expect("a duration in range")),
    spawn: |task| {
        // embassy has no join handles, so this makes one.
        let (task, handle) = task.remote_handle();
        let spawner = SPAWNER.get().expect("the executor runs");
        spawner.spawn(any(Box::pin(task)).expect("a place for it"));
        handle
    },
});

thread_local! {
    static SPAWNER: Cell<Option<Spawner>> = const { Cell::new(None) };
}

/// Runs every task. A task that still waits after its test keeps its place in the pool.
#[embassy_executor::task(pool_size = 64)]
async fn any(task: local::Task) {
    task.await;
}
