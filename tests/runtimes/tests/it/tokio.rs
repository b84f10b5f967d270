//! Tokio: in the `block_on` of the multi-threaded runtime, as with `#[tokio::main]`, as a task on each runtime, and on
//! a `LocalSet`.

use std::io;

use futures::channel::oneshot;
use futures::FutureExt;
use run_group_runtimes::{executor, shared, suite, test, Listening};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{spawn, spawn_local, LocalSet};
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

use crate::LOOPBACK;

suite!(block_on: local on BlockOn, Serve);
suite!(current_thread: shared on CurrentThread, Spawn, Serve, Threads);
suite!(multi_thread: shared on MultiThread, Spawn, Serve, Threads);
suite!(local_set: local on OnLocalSet, Spawn, Serve);

executor!(local BlockOn {
    run: |future| multi_thread().block_on(future),
    sleep: sleep,
    serve: serve,
});
executor!(shared CurrentThread {
    run: |future| current_thread().block_on(async { spawn(future).await.unwrap() }),
    sleep: sleep,
    spawn: |task| AbortOnDropHandle::new(spawn(task)).map(Result::unwrap),
    serve: serve,
});
executor!(shared MultiThread {
    run: |future| multi_thread().block_on(async { spawn(future).await.unwrap() }),
    sleep: sleep,
    spawn: |task| AbortOnDropHandle::new(spawn(task)).map(Result::unwrap),
    serve: serve,
});
executor!(local OnLocalSet {
    run: |future| {
        let task = async { spawn_local(future).await.unwrap() };
        LocalSet::new().block_on(&current_thread(), task);
    },
    sleep: sleep,
    spawn: |task| AbortOnDropHandle::new(spawn_local(task)).map(Result::unwrap),
    serve: serve,
});

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

async fn serve(listening: Listening) -> io::Result<()> {
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

/// Busy actors, which always have data, under Tokio's budget.
///
/// Tokio allows a task 128 operations in one poll. After that, all of Tokio's futures in the task return `Pending`
/// until the next poll. To Tokio, all actors of a group are one task, so they share the budget.
///
/// Measured with Tokio 1.54, if the group is a task on either runtime or on a `LocalSet`:
///
/// - Next to one busy actor, siblings that wait for a timer make progress in the next poll or in the one after that.
/// - The grace period makes progress in every poll, because the group polls it first.
/// - Two busy actors alternate, with 128 items each. A sibling between them, in the order of waking, starves.
/// - Other tasks run between two polls.
///
/// Outside a task, in the `block_on` of the multi-threaded runtime, a busy actor can starve a sibling. A bare
/// `FuturesUnordered` behaves in the same way. An actor that spawns its work has a budget of its own, wherever the
/// group is.
mod budget {
    use std::convert::Infallible;
    use std::future::Future;
    use std::sync::Mutex;

    use futures::channel::mpsc;
    use futures::StreamExt;
    use run_group::Group;
    use run_group_runtimes::local::Runtime as _;
    use run_group_runtimes::shared::{lines, Runtime as _, MOMENT};
    use tokio::io::repeat;
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    const BUDGET: usize = 128;

    /// Runs a future to its end, in one kind of place.
    type Place = fn(shared::Task);

    const TASKS: [Place; 3] =
        [CurrentThread::run, MultiThread::run, |future| OnLocalSet::run(future)];

    const NO_TASKS: [Place; 2] =
        [|future| BlockOn::run(future), |future| current_thread().block_on(future)];

    /// Receives from a channel that is never empty.
    async fn always_receives(mut received: impl FnMut()) -> &'static str {
        let (sender, mut receiver) = unbounded_channel();
        loop {
            sender.send(()).unwrap();
            receiver.recv().await.unwrap();
            received();
        }
    }

    /// Reads from a source that is always ready.
    async fn always_reads(mut read: impl FnMut()) -> &'static str {
        let mut source = repeat(0);
        loop {
            source.read_u8().await.unwrap();
            read();
        }
    }

    fn in_each<F: Future<Output = ()> + Send + 'static>(
        places: impl IntoIterator<Item = Place>,
        scenario: fn() -> F,
    ) {
        test(|| None, || places.into_iter().for_each(|run| run(Box::pin(scenario()))));
    }

    #[test]
    fn two_busy_actors_alternate() {
        in_each(TASKS, || async {
            // An actor, and how many items it has handled in a row.
            let turns = Mutex::new(Vec::<(&str, usize)>::new());
            let (enough, is_enough) = oneshot::channel::<()>();
            let enough = Mutex::new(Some(enough));
            let item_of = |name| {
                let mut turns = turns.lock().unwrap();
                match turns.last_mut() {
                    Some((last, items)) if *last == name => *items += 1,
                    _ => turns.push((name, 1)),
                }
                if turns.len() > 100 {
                    enough.lock().unwrap().take();
                }
            };

            let mut group = Group::new();
            group.add_abortable(always_receives(|| item_of("channel")));
            group.add_abortable(always_reads(|| item_of("io")));
            group.add_abortable(is_enough.map(|_| "enough"));
            assert_eq!(group.await, Some("enough"));

            let turns = turns.lock().unwrap();
            let expected = [("channel", BUDGET), ("io", BUDGET)].repeat(50);
            assert_eq!(turns[..100], expected);
        });
    }

    /// The group used to poll the grace period after the actors, which had used up the budget by then. In a `block_on`
    /// the grace period never ended.
    #[test]
    fn grace_period_ends_in_every_place() {
        in_each(TASKS.into_iter().chain(NO_TASKS), || async {
            let mut group = Group::new();
            group.add(always_receives(|| {}), |_| {}).named("busy");
            group.add(std::future::ready("done"), |_| {}).named("first");
            group.grace_period(|| sleep(MOMENT));
            let expected = [r#"first returned "done""#, "busy expired"];
            assert_eq!(lines(group.report().await), expected);
        });
    }

    /// Adds an actor, `first`, that stops the group when all senders of `all_done` are dropped. Also sets a grace period.
    fn stop_after(group: &mut Group<'_, &str>, mut all_done: mpsc::Receiver<Infallible>) {
        group
            .add_abortable(async move {
                assert_eq!(all_done.next().await, None);
                "done"
            })
            .named("first");
        group.grace_period(|| sleep(MOMENT));
    }

    #[test]
    fn busy_actor_starves_no_timer() {
        in_each(TASKS.into_iter().chain([NO_TASKS[1]]), || async {
            let (waiting, all_done) = mpsc::channel::<Infallible>(0);
            let mut group = Group::new();
            group.add(always_receives(|| {}), |_| {}).named("busy");
            for name in ["one", "two", "three"] {
                let waiting = waiting.clone();
                group
                    .add_with(|interrupted| async {
                        for _ in 0..3 {
                            sleep(MOMENT).await;
                        }
                        drop(waiting);
                        interrupted.await;
                        "cleaned up"
                    })
                    .named(name);
            }
            drop(waiting);
            stop_after(&mut group, all_done);

            let expected = [
                r#"first returned "done""#,
                r#"one returned "cleaned up", interrupted"#,
                r#"two returned "cleaned up", interrupted"#,
                r#"three returned "cleaned up", interrupted"#,
                "busy expired",
            ];
            assert_eq!(lines(group.report().await), expected);
        });
    }

    #[test]
    fn busy_actors_starve_no_other_task() {
        in_each(TASKS, || async {
            let (stop, stopped) = oneshot::channel::<()>();
            let other = spawn(async {
                for _ in 0..3 {
                    sleep(MOMENT).await;
                }
                drop(stop);
            });

            let mut group = Group::new();
            group.add_abortable(always_receives(|| {})).named("channel");
            group.add_abortable(always_reads(|| {})).named("io");
            group.add_abortable(stopped.map(|_| "stopped")).named("stop");

            let expected = [r#"stop returned "stopped""#, "channel aborted", "io aborted"];
            assert_eq!(lines(group.report().await), expected);
            other.await.unwrap();
        });
    }

    #[test]
    fn spawned_work_has_its_own_budget() {
        in_each(TASKS.into_iter().chain(NO_TASKS), || async {
            let (working, all_done) = mpsc::channel::<Infallible>(0);
            let mut group = Group::new();
            for name in ["one", "two", "three", "four", "five"] {
                let mut working = Some(working.clone());
                let mut items = 0;
                let work = spawn(always_receives(move || {
                    items += 1;
                    if items == 10 * BUDGET {
                        working.take();
                    }
                }));
                let work = AbortOnDropHandle::new(work).map(Result::unwrap);
                group.add(work, |_| {}).named(name);
            }
            drop(working);
            stop_after(&mut group, all_done);

            let expected = [
                r#"first returned "done""#,
                "one expired",
                "two expired",
                "three expired",
                "four expired",
                "five expired",
            ];
            assert_eq!(lines(group.report().await), expected);
        });
    }
}
