//! smol: in `block_on`, on the global executor, on an `Executor` that two threads run, and on a `LocalExecutor`.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Once;
use std::thread;
use std::time::Duration;

use futures::channel::oneshot;
use run_group_runtimes::{local, shared, suite};
use smol::net::TcpListener;
use smol::{Executor, LocalExecutor, Timer};

use crate::{echo, LOOPBACK};

suite!(block_on: local on BlockOn, Serve);
suite!(spawn: shared on Global, Spawn, Serve, Threads);
suite!(executor: shared on TwoThreads, Spawn, Threads);
suite!(local_executor: local on OneThread, Spawn);

async fn sleep(duration: Duration) {
    Timer::after(duration).await;
}

async fn serve(listening: oneshot::Sender<SocketAddr>) -> io::Result<()> {
    let listener = TcpListener::bind(LOOPBACK).await?;
    let _ = listening.send(listener.local_addr()?);
    loop {
        echo(listener.accept().await?.0).await;
    }
}

struct BlockOn;

impl local::Runtime for BlockOn {
    fn run(future: local::Task) {
        smol::block_on(future);
    }

    fn sleep(duration: Duration) -> local::Task {
        Box::pin(sleep(duration))
    }
}

impl local::Serve for BlockOn {
    fn serve(listening: oneshot::Sender<SocketAddr>) -> local::Task<io::Result<()>> {
        Box::pin(serve(listening))
    }
}

struct Global;

impl shared::Runtime for Global {
    fn run(future: shared::Task) {
        smol::block_on(smol::spawn(future));
    }

    fn sleep(duration: Duration) -> shared::Task {
        Box::pin(sleep(duration))
    }
}

impl shared::Spawn for Global {
    fn spawn(task: shared::Task) -> shared::Task {
        Box::pin(smol::spawn(task))
    }
}

impl shared::Serve for Global {
    fn serve(listening: oneshot::Sender<SocketAddr>) -> shared::Task<io::Result<()>> {
        Box::pin(serve(listening))
    }
}

struct TwoThreads;

static EXECUTOR: Executor<'static> = Executor::new();
static THREADS: Once = Once::new();

impl shared::Runtime for TwoThreads {
    fn run(future: shared::Task) {
        THREADS.call_once(|| {
            for _ in 0..2 {
                thread::spawn(|| smol::block_on(EXECUTOR.run(pending::<()>())));
            }
        });
        smol::block_on(EXECUTOR.spawn(future));
    }

    fn sleep(duration: Duration) -> shared::Task {
        Box::pin(sleep(duration))
    }
}

impl shared::Spawn for TwoThreads {
    fn spawn(task: shared::Task) -> shared::Task {
        Box::pin(EXECUTOR.spawn(task))
    }
}

struct OneThread;

thread_local! {
    static LOCAL_EXECUTOR: LocalExecutor<'static> = const { LocalExecutor::new() };
}

impl local::Runtime for OneThread {
    fn run(future: local::Task) {
        LOCAL_EXECUTOR.with(|executor| smol::block_on(executor.run(executor.spawn(future))));
    }

    fn sleep(duration: Duration) -> local::Task {
        Box::pin(sleep(duration))
    }
}

impl local::Spawn for OneThread {
    fn spawn(task: local::Task) -> local::Task {
        LOCAL_EXECUTOR.with(|executor| Box::pin(executor.spawn(task)))
    }
}
