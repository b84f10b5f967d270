//! compio, on each of its drivers.

use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::time::Duration;

use compio::buf::BufResult;
use compio::driver::{DriverType, ProactorBuilder};
use compio::io::{AsyncReadExt, AsyncWriteExt};
use compio::net::TcpListener;
use compio::runtime::{spawn, Runtime};
use compio::time::sleep;
use futures::channel::oneshot;
use futures::FutureExt;
use run_group_runtimes::{local, suite};

use crate::LOOPBACK;

suite!(io_uring: local on IoUring, Spawn, Serve);
suite!(polling: local on Polling, Spawn, Serve);

type IoUring = Compio<DriverIoUring>;
type Polling = Compio<DriverPoll>;

/// compio on the driver `D`.
struct Compio<D>(PhantomData<D>);

trait Driver {
    const TYPE: DriverType;
}

struct DriverIoUring;

impl Driver for DriverIoUring {
    const TYPE: DriverType = DriverType::IoUring;
}

struct DriverPoll;

impl Driver for DriverPoll {
    const TYPE: DriverType = DriverType::Poll;
}

fn runtime<D: Driver>() -> io::Result<Runtime> {
    let mut proactor = ProactorBuilder::new();
    proactor.driver_type(D::TYPE);
    Runtime::builder().with_proactor(proactor).build()
}

impl<D: Driver> local::Runtime for Compio<D> {
    fn refusal() -> Option<String> {
        runtime::<D>().err().map(|error| error.to_string())
    }

    fn run(future: local::Task) {
        runtime::<D>().unwrap().block_on(future);
    }

    fn sleep(duration: Duration) -> local::Task {
        Box::pin(sleep(duration))
    }
}

impl<D: Driver> local::Spawn for Compio<D> {
    fn spawn(task: local::Task) -> local::Task {
        Box::pin(spawn(task).map(|ended| ended.unwrap()))
    }
}

impl<D: Driver> local::Serve for Compio<D> {
    fn serve(listening: oneshot::Sender<SocketAddr>) -> local::Task<io::Result<()>> {
        Box::pin(async {
            let listener = TcpListener::bind(LOOPBACK).await?;
            let _ = listening.send(listener.local_addr()?);
            loop {
                let (mut client, _) = listener.accept().await?;
                let BufResult(read, word) = client.read_exact(vec![0; 4]).await;
                if read.is_ok() {
                    let _ = client.write_all(word).await;
                }
            }
        })
    }
}
