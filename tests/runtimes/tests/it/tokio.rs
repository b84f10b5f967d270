//! Tokio: in the `block_on` of the multi-threaded runtime, which is where `#[tokio::main]` puts it, as a task of either
//! runtime, and on a `LocalSet`.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures::channel::oneshot;
use futures::FutureExt;
use run_group_runtimes::{local, shared, suite};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{spawn, spawn_local, LocalSet};
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

use crate::LOOPBACK;

suite!(block_on: local on BlockOn, Serve);
suite!(current_thread: shared on CurrentThread, Spawn, Serve);
suite!(multi_thread: shared on MultiThread, Spawn, Serve);
suite!(local_set: local on OnLocalSet, Spawn, Serve);

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

async fn serve(listening: oneshot::Sender<SocketAddr>) -> io::Result<()> {
    let listener = TcpListener::bind(LOOPBACK).await?;
    let _ = listening.send(listener.local_addr()?);
    loop {
        let (mut client, _) = listener.accept().await?;
        let mut word = [0; 4];
        if client.read_exact(&mut word).await.is_ok() {
            let _ = client.write_all(&word).await;
        }
    }
}

struct BlockOn;

impl local::Runtime for BlockOn {
    fn run(future: local::Task) {
        multi_thread().block_on(future);
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

struct CurrentThread;

impl shared::Runtime for CurrentThread {
    fn run(future: shared::Task) {
        current_thread().block_on(async { spawn(future).await.unwrap() });
    }

    fn sleep(duration: Duration) -> shared::Task {
        Box::pin(sleep(duration))
    }
}

impl shared::Spawn for CurrentThread {
    fn spawn(task: shared::Task) -> shared::Task {
        Box::pin(AbortOnDropHandle::new(spawn(task)).map(Result::unwrap))
    }
}

impl shared::Serve for CurrentThread {
    fn serve(listening: oneshot::Sender<SocketAddr>) -> shared::Task<io::Result<()>> {
        Box::pin(serve(listening))
    }
}

struct MultiThread;

impl shared::Runtime for MultiThread {
    fn run(future: shared::Task) {
        multi_thread().block_on(async { spawn(future).await.unwrap() });
    }

    fn sleep(duration: Duration) -> shared::Task {
        Box::pin(sleep(duration))
    }
}

impl shared::Spawn for MultiThread {
    fn spawn(task: shared::Task) -> shared::Task {
        Box::pin(AbortOnDropHandle::new(spawn(task)).map(Result::unwrap))
    }
}

impl shared::Serve for MultiThread {
    fn serve(listening: oneshot::Sender<SocketAddr>) -> shared::Task<io::Result<()>> {
        Box::pin(serve(listening))
    }
}

struct OnLocalSet;

impl local::Runtime for OnLocalSet {
    fn run(future: local::Task) {
        LocalSet::new().block_on(&current_thread(), async {
            spawn_local(future).await.unwrap();
        });
    }

    fn sleep(duration: Duration) -> local::Task {
        Box::pin(sleep(duration))
    }
}

impl local::Spawn for OnLocalSet {
    fn spawn(task: local::Task) -> local::Task {
        Box::pin(AbortOnDropHandle::new(spawn_local(task)).map(Result::unwrap))
    }
}

impl local::Serve for OnLocalSet {
    fn serve(listening: oneshot::Sender<SocketAddr>) -> local::Task<io::Result<()>> {
        Box::pin(serve(listening))
    }
}
