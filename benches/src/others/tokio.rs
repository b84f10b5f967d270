//! Tokio: a `JoinSet` and a `CancellationToken`, on an existing current-thread runtime.

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Returns a current-thread runtime.
pub fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime of one thread needs nothing from the system")
}

/// The life of a group.
pub fn life(runtime: &Runtime, n: usize) -> Option<usize> {
    let last = n - 1;
    runtime.block_on(async {
        let token = CancellationToken::new();
        let mut running = JoinSet::new();
        for i in 0..n {
            let told = token.clone();
            running.spawn(async move {
                if i != last {
                    told.cancelled().await;
                }
                i
            });
        }
        let first = running.join_next().await?.ok();
        token.cancel();
        while running.join_next().await.is_some() {}
        first
    })
}

/// `n` tasks are spawned, and return in their first poll.
pub fn tasks(runtime: &Runtime, n: usize) {
    runtime.block_on(async {
        for _ in 0..n {
            tokio::spawn(async {});
        }
        while Handle::current().metrics().num_alive_tasks() > 0 {
            tokio::task::yield_now().await;
        }
    });
}
