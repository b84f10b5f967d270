//! smol: one task for each actor, on an existing `LocalExecutor`. Closing a channel interrupts them all.

use smol::{channel, LocalExecutor};

/// The life of a group.
pub fn life(executor: &LocalExecutor<'_>, n: usize) -> Option<usize> {
    let last = n - 1;
    smol::block_on(executor.run(async {
        let (close, closed) = channel::bounded::<()>(1);
        let (exit, exits) = channel::unbounded();
        let mut tasks = Vec::new();
        for i in 0..n {
            let (told, exit) = (closed.clone(), exit.clone());
            tasks.push(executor.spawn(async move {
                if i != last {
                    let _ = told.recv().await;
                }
                let _ = exit.try_send(i);
            }));
        }
        let first = exits.recv().await.ok();
        close.close();
        for task in tasks {
            task.await;
        }
        first
    }))
}
