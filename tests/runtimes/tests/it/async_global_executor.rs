//! async-global-executor: in `block_on`, and as a task, with the timer of async-io.

use std::time::Duration;

use async_io::Timer;
use run_group_runtimes::{local, shared, suite};

suite!(block_on: local on BlockOn);
suite!(spawn: shared on Global, Spawn, Threads);

async fn sleep(duration: Duration) {
    Timer::after(duration).await;
}

struct BlockOn;

impl local::Runtime for BlockOn {
    fn run(future: local::Task) {
        async_global_executor::block_on(future);
    }

    fn sleep(duration: Duration) -> local::Task {
        Box::pin(sleep(duration))
    }
}

struct Global;

impl shared::Runtime for Global {
    fn run(future: shared::Task) {
        async_global_executor::block_on(async_global_executor::spawn(future));
    }

    fn sleep(duration: Duration) -> shared::Task {
        Box::pin(sleep(duration))
    }
}

impl shared::Spawn for Global {
    fn spawn(task: shared::Task) -> shared::Task {
        Box::pin(async_global_executor::spawn(task))
    }
}
