//! async-global-executor: in `block_on`, and as a task, with the timer of async-io.

use std::time::Duration;

use async_global_executor::{block_on, spawn};
use async_io::Timer;
use run_group_runtimes::{executor, suite};

suite!(block_on: local on BlockOn);
suite!(spawn: shared on Global, Spawn, Threads);

executor!(local BlockOn { run: block_on, sleep: sleep });
executor!(shared Global { run: |future| block_on(spawn(future)), sleep: sleep, spawn: spawn });

async fn sleep(duration: Duration) {
    Timer::after(duration).await;
}
