//! The executors of futures, with the timer of futures-timer.

use std::cell::RefCell;
use std::sync::LazyLock;

use futures::executor::{block_on, LocalPool, LocalSpawner, ThreadPool};
use futures::task::{LocalSpawnExt, SpawnExt};
use futures_timer::Delay;
use run_group_runtimes::{executor, suite};

suite!(block_on: local on BlockOn);
suite!(local_pool: local on Pool, Spawn);
suite!(thread_pool: shared on Threads, Spawn);

executor!(local BlockOn { run: block_on, sleep: Delay::new });
executor!(local Pool {
    run: |future| {
        let mut pool = LocalPool::new();
        let spawner = pool.spawner();
        let task = spawner.spawn_local_with_handle(future).unwrap();
        SPAWNER.set(Some(spawner));
        pool.run_until(task);
    },
    sleep: Delay::new,
    spawn: |task| {
        let spawner = SPAWNER.with_borrow(|spawner| spawner.clone().expect("the pool runs"));
        spawner.spawn_local_with_handle(task).unwrap()
    },
});
executor!(shared Threads {
    run: |future| block_on(POOL.spawn_with_handle(future).unwrap()),
    sleep: Delay::new,
    spawn: |task| POOL.spawn_with_handle(task).unwrap(),
});

thread_local! {
    static SPAWNER: RefCell<Option<LocalSpawner>> = const { RefCell::new(None) };
}

static POOL: LazyLock<ThreadPool> = LazyLock::new(|| ThreadPool::new().unwrap());
