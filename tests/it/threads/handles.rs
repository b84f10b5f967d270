//! Many threads add actors, which stay or come and go, and ask which actors run.

use std::future::{pending, ready, Future};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::thread;

use futures::channel::oneshot;
use futures::executor::block_on;
use futures::future::FutureExt;
use run_group::{Adding, Exit, Group, Handle, Interrupted, Report};

use super::{with_watchdog, Driver, Dropped};
use crate::harness::Test;

/// How many threads add actors.
const THREADS: usize = 4;

/// What happened to the actors that threads have added.
#[derive(Clone, Default)]
struct Counts {
    polled: Arc<AtomicUsize>,
    returned: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
}

impl Counts {
    /// Adds an actor that is counted, and returns when `work` does.
    fn add<'h, F: Future<Output = ()> + Send + 'static>(
        &self,
        handle: &'h Handle<'static, ()>,
        work: fn(Interrupted) -> F,
    ) -> Adding<'h, 'static, ()> {
        let counts = self.clone();
        let dropped = Dropped(counts.dropped);
        handle.add_with(move |interrupted| async move {
            counts.polled.fetch_add(1, SeqCst);
            work(interrupted).await;
            counts.returned.fetch_add(1, SeqCst);
            drop(dropped);
        })
    }

    /// Adds an actor that is counted, and returns when it is interrupted.
    fn add_actor(&self, handle: &Handle<'static, ()>) {
        self.add(handle, |interrupted| interrupted);
    }

    /// Adds a child that is counted. It leaves after one yield, unless it is interrupted before.
    fn add_child(&self, handle: &Handle<'static, ()>) {
        let child = self.add(handle, |mut interrupted| async move {
            interrupted.unless(smol::future::yield_now()).await;
        });
        child.stops_if(|_| false);
    }

    /// Returns how many were polled, how many returned, and how many were dropped.
    fn load(&self) -> [usize; 3] {
        [&self.polled, &self.returned, &self.dropped].map(|count| count.load(SeqCst))
    }
}

/// Runs a group on `driver`, and returns the report. Meanwhile, each thread calls `add` this many times, with its own
/// number and that of the call. The group has one actor, which is aborted.
fn report_of_added(
    driver: Driver,
    mut group: Group<'static, ()>,
    times: usize,
    add: impl Fn(&Handle<'static, ()>, usize, usize) + Sync,
) -> Report<()> {
    let handle = group.handle();
    group.add_abortable(pending());
    let report = thread::scope(|scope| {
        for thread in 0..THREADS {
            let (handle, add) = (handle.clone(), &add);
            scope.spawn(move || (0..times).for_each(|number| add(&handle, thread, number)));
        }
        driver.run(vec![group]).remove(0)
    });
    assert!(handle.is_closed());
    report
}

/// Threads add 100,000 actors while the group runs, while it stops, and when it has ended. Each actor either returns
/// and is in the report, or is dropped without having been polled.
#[test]
fn added_actors_run_or_are_dropped_unpolled() {
    const ROUNDS: usize = 50;
    const ACTORS: usize = 500;
    with_watchdog(|| {
        for round in 0..ROUNDS {
            let driver = [Driver::BlockOn, Driver::Executor(3)][round % 2];
            let counts = Counts::default();
            let report = report_of_added(driver, Group::new(), ACTORS, |handle, thread, actor| {
                counts.add_actor(handle);
                // The cause comes at another time in each round.
                if thread == 0 && actor == round * ACTORS / ROUNDS {
                    handle.stop(());
                }
            });
            let returned = report.iter().filter(|exit| exit.output().is_some());
            let returned = returned.count() - 1; // the cause
            assert_eq!(returned, report.len() - 2); // the pending one was aborted
            assert_eq!(counts.load(), [returned, returned, THREADS * ACTORS]);

            let mut indices = Vec::from_iter(report.iter().map(Exit::index));
            indices.sort();
            assert!(indices.into_iter().eq(0..report.len()));
        }
    });
}

/// A thread adds its next actor when the last one was polled. After a lost wake, both would wait forever.
#[test]
fn every_actor_from_a_thread_wakes_the_group() {
    const ACTORS: usize = 1_000;
    with_watchdog(|| {
        for driver in [Driver::BlockOn, Driver::Executor(3)] {
            let mut group = Group::new();
            let handle = group.handle();
            group.add_with(|interrupted| interrupted);
            let report = thread::scope(|scope| {
                let adders = [(); THREADS].map(|()| {
                    let handle = handle.clone();
                    scope.spawn(move || {
                        for _ in 0..ACTORS {
                            let (polled, is_polled) = oneshot::channel();
                            handle.add_with(|interrupted| async {
                                polled.send(()).unwrap();
                                interrupted.await;
                            });
                            block_on(is_polled).unwrap();
                        }
                    })
                });
                scope.spawn(move || {
                    adders.into_iter().for_each(|adder| adder.join().unwrap());
                    handle.stop(());
                });
                driver.run(vec![group]).remove(0)
            });
            assert_eq!(report.len(), 2 + THREADS * ACTORS);
        }
    });
}

#[test]
fn groups_are_dropped_while_threads_add_actors() {
    const ACTORS: usize = 10;
    with_watchdog(|| {
        for round in 0..1_000 {
            let test = Test::default();
            let counts = Counts::default();
            let barrier = Barrier::new(1 + THREADS);
            let mut group = Group::new();
            let handle = group.handle();
            group.add_abortable(pending());
            thread::scope(|scope| {
                for _ in 0..THREADS {
                    let (handle, counts, barrier) = (handle.clone(), &counts, &barrier);
                    scope.spawn(move || {
                        barrier.wait();
                        (0..ACTORS).for_each(|_| counts.add_actor(&handle));
                    });
                }
                barrier.wait();
                for _ in 0..round % 4 {
                    test.poll_pending(&mut group);
                }
                drop(group);
            });
            assert!(handle.is_closed());
            let [_, returned, dropped] = counts.load();
            assert_eq!((returned, dropped), (0, THREADS * ACTORS));
        }
    });
}

/// Children come and go from four threads, 100,000 of them, while the group runs, stops and ends. Each leaves, exits in
/// the shutdown, or is dropped unpolled. None is lost, and none stays.
#[test]
fn children_leave_exit_or_are_dropped() {
    const ROUNDS: usize = 50;
    const CHILDREN: usize = 500;
    with_watchdog(|| {
        let (mut left, mut exited) = (0, 0);
        for round in 0..ROUNDS {
            let driver = [Driver::BlockOn, Driver::Executor(3)][round % 2];
            let counts = Counts::default();
            let leavers = Arc::new(AtomicUsize::new(0));
            let mut group = Group::new();
            let seen = leavers.clone();
            group.on_exit(move |exit| {
                seen.fetch_add(usize::from(exit.has_left()), SeqCst);
            });
            let report = report_of_added(driver, group, CHILDREN, |handle, thread, child| {
                counts.add_child(handle);
                // The shutdown comes at another time in each round, and in some after all were added. It waits until
                // one has left, because a busy machine may not have polled the group yet.
                if thread == 0 && child == (round + 1) * CHILDREN / ROUNDS - 1 {
                    while leavers.load(SeqCst) == 0 {
                        thread::yield_now();
                    }
                    handle.stop(());
                }
            });
            // Some of those that returned by themselves did so when the group was already stopping.
            let leavers = leavers.load(SeqCst);
            let in_report = report.len() - 2; // without the cause and the pending one
            let returned = leavers + in_report;
            assert_eq!(counts.load(), [returned, returned, THREADS * CHILDREN]);
            assert!(report.iter().all(|exit| !exit.has_left()));
            assert!(report[1..].iter().all(Exit::was_interrupted));
            left += leavers;
            exited += in_report;
        }
        assert!(left > 0 && exited > 0, "{left}, {exited}");
    });
}

/// A thread that adds until the handle is closed used to keep a shutdown open forever, although its grace period was
/// over.
#[test]
fn grace_period_ends_while_a_thread_adds() {
    with_watchdog(|| {
        for round in 0..100 {
            let mut group = Group::new();
            let handle = group.handle();
            group.grace_period(|| ready(()));
            let exits = thread::scope(|scope| {
                scope.spawn(|| {
                    while !handle.is_closed() {
                        handle.add(pending(), |_| {});
                    }
                });
                if round % 2 == 0 {
                    handle.stop(());
                } else {
                    group.add(ready(()), |_| {});
                }
                block_on(group.report()).len()
            });
            assert!(exits > 0);
        }
    });
}

/// Threads ask which actors run, while others come and go. Each gets an answer, and an empty one in the end.
#[test]
fn threads_ask_which_actors_run() {
    const QUESTIONS: usize = 500;
    with_watchdog(|| {
        for driver in [Driver::BlockOn, Driver::Executor(3)] {
            let counts = Counts::default();
            let mut group = Group::new();
            let handle = group.handle();
            group.add_with(|interrupted| interrupted).named("resident");
            thread::scope(|scope| {
                let askers = [(); THREADS].map(|()| {
                    let (handle, counts) = (handle.clone(), &counts);
                    scope.spawn(move || {
                        for _ in 0..QUESTIONS {
                            counts.add_child(&handle);
                            let running = block_on(handle.running());
                            assert_eq!(running[0].name(), Some("resident"));
                        }
                    })
                });
                let stop = handle.clone();
                scope.spawn(move || {
                    askers.into_iter().for_each(|asker| asker.join().unwrap());
                    stop.stop(());
                    // The group may end before it answers.
                    while !block_on(stop.running()).is_empty() {}
                });
                driver.run(vec![group]);
            });
            assert!(block_on(handle.running()).is_empty());
        }
    });
}

/// Each clone is awaited by a thread of its own.
#[test]
fn clones_resolve_on_threads() {
    const CLONES: usize = 4;
    with_watchdog(|| {
        for round in 0..1_000 {
            let (interrupt, interrupted) = Interrupted::channel();
            let barrier = Barrier::new(1 + CLONES);
            thread::scope(|scope| {
                for clone in 0..CLONES {
                    let (mut waits, barrier) = (interrupted.clone(), &barrier);
                    scope.spawn(move || {
                        barrier.wait();
                        if (round + clone) % 4 == 0 {
                            let _ = (&mut waits).now_or_never(); // and drops it while the others wait
                        } else {
                            let clone = waits.clone();
                            block_on(waits);
                            block_on(clone);
                        }
                    });
                }
                barrier.wait();
                interrupt.interrupt();
            });
            block_on(interrupted);
        }
    });
}
