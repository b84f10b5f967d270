//! monoio, on each of its drivers.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures::channel::oneshot;
use futures::future::{select, Either, FutureExt};
use monoio::io::{AsyncReadRentExt, AsyncWriteRentExt};
use monoio::net::TcpListener;
use monoio::time::sleep;
use monoio::{spawn, IoUringDriver, LegacyDriver, RuntimeBuilder};
use run_group_runtimes::local::Runtime as _;
use run_group_runtimes::{local, suite, test};

use crate::LOOPBACK;

suite!(io_uring: local on IoUring, Spawn, Serve);
suite!(legacy: local on Legacy, Spawn, Serve);

type IoUring = Monoio<IoUringDriver>;
type Legacy = Monoio<LegacyDriver>;

/// monoio on the driver `D`.
struct Monoio<D>(PhantomData<D>);

trait Driver {
    /// Runs a future to its end, as a task, if a runtime can be made.
    fn block_on(future: local::Task) -> io::Result<()>;
}

impl Driver for IoUringDriver {
    fn block_on(future: local::Task) -> io::Result<()> {
        let runtime = RuntimeBuilder::<Self>::new().enable_timer().build();
        runtime.map(|mut runtime| runtime.block_on(async { spawn(future).await }))
    }
}

impl Driver for LegacyDriver {
    fn block_on(future: local::Task) -> io::Result<()> {
        let runtime = RuntimeBuilder::<Self>::new().enable_timer().build();
        runtime.map(|mut runtime| runtime.block_on(async { spawn(future).await }))
    }
}

impl<D: Driver> local::Runtime for Monoio<D> {
    fn refusal() -> Option<String> {
        let error = D::block_on(Box::pin(async {})).err()?;
        Some(error.to_string())
    }

    fn starves() -> Option<String> {
        Self::refusal().or(Some("monoio polls a task that wakes itself before all others".into()))
    }

    fn run(future: local::Task) {
        D::block_on(future).unwrap();
    }

    fn sleep(duration: Duration) -> local::Task {
        Box::pin(sleep(duration))
    }
}

impl<D: Driver> local::Spawn for Monoio<D> {
    /// Dropping a `JoinHandle` leaves the task running. Dropping a `RemoteHandle` drops the task.
    fn spawn(task: local::Task) -> local::Task {
        let (task, handle) = task.remote_handle();
        spawn(task);
        Box::pin(handle)
    }
}

impl<D: Driver> local::Serve for Monoio<D> {
    fn serve(listening: oneshot::Sender<SocketAddr>) -> local::Task<io::Result<()>> {
        Box::pin(async {
            let listener = TcpListener::bind(LOOPBACK)?;
            let _ = listening.send(listener.local_addr()?);
            loop {
                let (mut client, _) = listener.accept().await?;
                let (read, word) = client.read_exact(vec![0; 4]).await;
                if read.is_ok() {
                    let _ = client.write_all(word).await;
                }
            }
        })
    }
}

/// Shows, without a group, why the suite skips some tests on monoio: a task that wakes itself is polled again before
/// other tasks and timers.
#[test]
fn self_waking_task_starves_the_others() {
    fn others_starve<D: Driver>() {
        Monoio::<D>::run(Box::pin(async {
            let other = Rc::new(Cell::new("waits"));
            let task = other.clone();
            spawn(async move { task.set("runs") });

            let due = Instant::now() + Duration::from_millis(1);
            let much_later = due + Duration::from_millis(20);
            let busy = poll_fn(|cx| {
                if Instant::now() > much_later {
                    return Poll::Ready(());
                }
                cx.waker().wake_by_ref();
                Poll::Pending
            });
            let sleep = pin!(monoio::time::sleep_until(due.into()));
            let first = select(sleep, busy).await;
            assert!(matches!(first, Either::Right(_)), "the timer was in time");
            assert_eq!(other.get(), "waits");
        }));
    }
    test(IoUring::refusal, others_starve::<IoUringDriver>);
    test(Legacy::refusal, others_starve::<LegacyDriver>);
}
