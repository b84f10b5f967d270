//! async-std: in `block_on`, and as a task.

use std::io;

use async_std::net::TcpListener;
use async_std::task::{self, sleep};
use futures::FutureExt;
use run_group_runtimes::{executor, suite, Listening};

use crate::{echo, LOOPBACK};

suite!(block_on: local on BlockOn, Serve);
suite!(spawn: shared on Global, Spawn, Serve, Threads);

executor!(local BlockOn { run: task::block_on, sleep: sleep, serve: serve });
executor!(shared Global {
    run: |future| task::block_on(task::spawn(future)),
    sleep: sleep,
    spawn: |task| {
        // Dropping a `JoinHandle` leaves the task running. Dropping a `RemoteHandle` drops the task.
        let (task, handle) = task.remote_handle();
        task::spawn(task);
        handle
    },
    serve: serve,
});

async fn serve(listening: Listening) -> io::Result<()> {
    let listener = TcpListener::bind(LOOPBACK).await?;
    let _ = listening.send(listener.local_addr()?);
    loop {
        echo(listener.accept().await?.0).await;
    }
}
