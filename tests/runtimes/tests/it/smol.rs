//! smol: in `block_on`, on the global executor, on an `Executor` that two threads run, and on a `LocalExecutor`.

use std::future::pending;
use std::io;
use std::sync::Once;
use std::thread;
use std::time::Duration;

use run_group_runtimes::{executor, local, suite, Listening};
use smol::net::TcpListener;
use smol::{block_on, spawn, Executor, LocalExecutor, Task, Timer};

use crate::{echo, LOOPBACK};

suite!(block_on: local on BlockOn, Serve);
suite!(spawn: shared on Global, Spawn, Serve, Threads);
suite!(executor: shared on TwoThreads, Spawn, Threads);
suite!(local_executor: local on OneThread, Spawn);

executor!(local BlockOn { run: block_on, sleep: sleep, serve: serve });
executor!(shared Global {
    run: |future| block_on(spawn(future)),
    sleep: sleep,
    spawn: spawn,
    serve: serve,
});
executor!(shared TwoThreads {
    run: |future| {
        THREADS.call_once(|| {
            for _ in 0..2 {
                thread::spawn(|| block_on(EXECUTOR.run(pending::<()>())));
            }
        });
        block_on(EXECUTOR.spawn(future));
    },
    sleep: sleep,
    spawn: |task| EXECUTOR.spawn(task),
});
executor!(local OneThread {
    run: |future| LOCAL_EXECUTOR.with(|executor| block_on(executor.run(spawn_local(future)))),
    sleep: sleep,
    spawn: spawn_local,
});

static EXECUTOR: Executor<'static> = Executor::new();
static THREADS: Once = Once::new();

thread_local! {
    static LOCAL_EXECUTOR: LocalExecutor<'static> = const { LocalExecutor::new() };
}

fn spawn_local(task: local::Task) -> Task<()> {
    LOCAL_EXECUTOR.with(|executor| executor.spawn(task))
}

async fn sleep(duration: Duration) {
    Timer::after(duration).await;
}

async fn serve(listening: Listening) -> io::Result<()> {
    let listener = TcpListener::bind(LOOPBACK).await?;
    let _ = listening.send(listener.local_addr()?);
    loop {
        echo(listener.accept().await?.0).await;
    }
}
