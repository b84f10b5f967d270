//! monoio, on each of its drivers.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures::future::{select, Either, FutureExt};
use monoio::io::{AsyncReadRentExt, AsyncWriteRentExt};
use monoio::net::TcpListener;
use monoio::time::sleep;
use monoio::{spawn, IoUringDriver, LegacyDriver, RuntimeBuilder};
use run_group_runtimes::local::{Runtime, Task};
use run_group_runtimes::{executor, suite, test, Listening};

use crate::LOOPBACK;

suite!(io_uring: local on IoUring, Spawn, Serve);
suite!(legacy: local on Legacy, Spawn, Serve);

executor!(local IoUring {
    refusal: refusal(io_uring),
    starves: starves(io_uring),
    run: |future| io_uring(future).unwrap(),
    sleep: sleep,
    spawn: spawn_task,
    serve: serve,
});
executor!(local Legacy {
    refusal: refusal(legacy),
    starves: starves(legacy),
    run: |future| legacy(future).unwrap(),
    sleep: sleep,
    spawn: spawn_task,
    serve: serve,
});

/// Runs a future to its end, as a task, if a runtime can be made.
fn io_uring(future: Task) -> io::Result<()> {
    let runtime = RuntimeBuilder::<IoUringDriver>::new().enable_timer().build();
    runtime.map(|mut runtime| runtime.block_on(async { spawn(future).await }))
}

/// Like `io_uring`, on the other driver.
fn legacy(future: Task) -> io::Result<()> {
    let runtime = RuntimeBuilder::<LegacyDriver>::new().enable_timer().build();
    runtime.map(|mut runtime| runtime.block_on(async { spawn(future).await }))
}

fn refusal(run: fn(Task) -> io::Result<()>) -> Option<String> {
    let error = run(Box::pin(async {})).err()?;
    Some(error.to_string())
}

fn starves(run: fn(Task) -> io::Result<()>) -> Option<String> {
    refusal(run).or(Some("monoio polls a task that wakes itself before all others".into()))
}

/// Dropping a `JoinHandle` leaves the task running. Dropping a `RemoteHandle` drops the task.
fn spawn_task(task: Task) -> Task {
    let (task, handle) = task.remote_handle();
    spawn(task);
    Box::pin(handle)
}

async fn serve(listening: Listening) -> io::Result<()> {
    let listener = TcpListener::bind(LOOPBACK)?;
    let _ = listening.send(listener.local_addr()?);
    loop {
        let (mut client, _) = listener.accept().await?;
        let (read, word) = client.read_exact(vec![0; 4]).await;
        if read.is_ok() {
            let _ = client.write_all(word).await;
        }
    }
}

/// Shows, without a group, why the suite skips some tests on monoio: a task that wakes itself is polled again before
/// other tasks and timers.
#[test]
fn self_waking_task_starves_the_others() {
    fn others_starve<R: Runtime>() {
        R::run(Box::pin(async {
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
    test(IoUring::refusal, others_starve::<IoUring>);
    test(Legacy::refusal, others_starve::<Legacy>);
}
