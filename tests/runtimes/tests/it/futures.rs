//! The executors of futures, with the timer of futures-timer.

use std::cell::RefCell;
use std::sync::LazyLock;
use std::time::Duration;

use futures::executor::{block_on, LocalPool, LocalSpawner, ThreadPool};
use futures::task::{LocalSpawnExt, SpawnExt};
use futures_timer::Delay;
use run_group_runtimes::{local, shared, suite};

suite!(block_on: local on BlockOn);
suite!(local_pool: local on Pool, Spawn);
suite!(thread_pool: shared on Threads, Spawn);

struct BlockOn;

impl local::Runtime for BlockOn {
    fn run(future: local::Task) {
        block_on(future);
    }

    fn sleep(duration: Duration) -> local::Task {
        Box::pin(Delay::new(duration))
    }
}

struct Pool;

thread_local! {
    static SPAWNER: RefCell<Option<LocalSpawner>> = const { RefCell::new(None) };
}

impl local::Runtime for Pool {
    fn run(future: local::Task) {
        let mut pool = LocalPool::new();
        SPAWNER.set(Some(pool.spawner()));
        pool.run_until(<Self as local::Spawn>::spawn(future));
    }

    fn sleep(duration: Duration) -> local::Task {
        Box::pin(Delay::new(duration))
    }
}

impl local::Spawn for Pool {
    fn spawn(task: local::Task) -> local::Task {
        let spawner = SPAWNER.with_borrow(|spawner| spawner.clone().expect("the pool runs"));
        Box::pin(spawner.spawn_local_with_handle(task).unwrap())
    }
}

struct Threads;

static POOL: LazyLock<ThreadPool> = LazyLock::new(|| ThreadPool::new().unwrap());

impl shared::Runtime for Threads {
    fn run(future: shared::Task) {
        block_on(<Self as shared::Spawn>::spawn(future));
    }

    fn sleep(duration: Duration) -> shared::Task {
        Box::pin(Delay::new(duration))
    }
}

impl shared::Spawn for Threads {
    fn spawn(task: shared::Task) -> shared::Task {
        Box::pin(POOL.spawn_with_handle(task).unwrap())
    }
}
