//! compio, on each of its drivers.

use std::io;

use compio::buf::BufResult;
use compio::driver::{DriverType, ProactorBuilder};
use compio::io::{AsyncReadExt, AsyncWriteExt};
use compio::net::TcpListener;
use compio::runtime::{spawn, Runtime};
use compio::time::sleep;
use futures::FutureExt;
use run_group_runtimes::{executor, local, suite, Listening};

use crate::LOOPBACK;

suite!(io_uring: local on IoUring, Spawn, Serve);
suite!(polling: local on Polling, Spawn, Serve);

executor!(local IoUring {
    refusal: refusal(DriverType::IoUring),
    run: |future| runtime(DriverType::IoUring).unwrap().block_on(future),
    sleep: sleep,
    spawn: spawn_task,
    serve: serve,
});
executor!(local Polling {
    refusal: refusal(DriverType::Poll),
    run: |future| runtime(DriverType::Poll).unwrap().block_on(future),
    sleep: sleep,
    spawn: spawn_task,
    serve: serve,
});

fn runtime(driver: DriverType) -> io::Result<Runtime> {
    let mut proactor = ProactorBuilder::new();
    proactor.driver_type(driver);
    Runtime::builder().with_proactor(proactor).build()
}

fn refusal(driver: DriverType) -> Option<String> {
    runtime(driver).err().map(|error| error.to_string())
}

fn spawn_task(task: local::Task) -> local::Task {
    Box::pin(spawn(task).map(|ended| ended.unwrap()))
}

async fn serve(listening: Listening) -> io::Result<()> {
    let listener = TcpListener::bind(LOOPBACK).await?;
    let _ = listening.send(listener.local_addr()?);
    loop {
        let (mut client, _) = listener.accept().await?;
        let BufResult(read, word) = client.read_exact(vec![0; 4]).await;
        if read.is_ok() {
            let _ = client.write_all(word).await;
        }
    }
}
