//! async-std: in `block_on`, and as a task.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use async_std::net::TcpListener;
use async_std::task;
use futures::channel::oneshot;
use futures::FutureExt;
use run_group_runtimes::{local, shared, suite};

use crate::{echo, LOOPBACK};

suite!(block_on: local on BlockOn, Serve);
suite!(spawn: shared on Global, Spawn, Serve, Threads);

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
        task::block_on(future);
    }

    fn sleep(duration: Duration) -> local::Task {
        Box::pin(task::sleep(duration))
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
        task::block_on(task::spawn(future));
    }

    fn sleep(duration: Duration) -> shared::Task {
        Box::pin(task::sleep(duration))
    }
}

impl shared::Spawn for Global {
    /// Dropping a `JoinHandle` leaves the task running. Dropping a `RemoteHandle` drops the task.
    fn spawn(task: shared::Task) -> shared::Task {
        let (task, handle) = task.remote_handle();
        task::spawn(task);
        Box::pin(handle)
    }
}

impl shared::Serve for Global {
    fn serve(listening: oneshot::Sender<SocketAddr>) -> shared::Task<io::Result<()>> {
        Box::pin(serve(listening))
    }
}
