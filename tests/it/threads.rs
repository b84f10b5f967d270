//! Many threads at once wake the actors of a group, and add more, while it runs, stops, is dropped, or is used again.
//!
//! They wake more than a million times and add more than 100,000 actors. A thread that wakes an actor waits for its
//! answer before it wakes the actor again. After a lost wake, both would wait forever. So a test that ends shows that
//! no wake was lost. A watchdog turns a hang into a failure. Nothing else here depends on a clock.

#[cfg(feature = "std")]
mod handles;

use std::future::{pending, poll_fn, ready, Future};
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{self as std_mpsc, RecvTimeoutError};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Poll, Waker};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use futures::channel::{mpsc, oneshot};
use futures::executor::block_on;
use futures::future::{join_all, FutureExt};
use futures::stream::{FusedStream, Stream, StreamExt};
use futures::{select, task::AtomicWaker};
use run_group::{Exit, Group, Interrupted, Report};

use crate::harness::Test;

/// How long a test may take before it counts as hanging. Only a failing test ever waits for it.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// Calls `work` on a thread of its own, and panics if `work` hangs or panics.
#[track_caller]
fn with_watchdog(work: impl FnOnce() + Send + 'static) {
    let (done, ended) = std_mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        let _done = done; // dropped also when `work` panics
        work();
    });
    if ended.recv_timeout(TIME_LIMIT) == Err(RecvTimeoutError::Timeout) {
        panic!("it hangs");
    }
    thread.join().unwrap_or_else(|payload| resume_unwind(payload));
}

/// What polls the groups.
#[derive(Clone, Copy, Debug)]
enum Driver {
    /// One thread with a `block_on` for each group.
    BlockOn,
    /// One executor on this many threads. Any of them may poll a group.
    Executor(usize),
}

impl Driver {
    /// Runs groups, all at the same time, and returns their reports.
    fn run<T: Send + 'static>(self, groups: Vec<Group<'static, T>>) -> Vec<Report<T>> {
        let reports = groups.into_iter().map(Group::report);
        match self {
            Self::BlockOn => thread::scope(|scope| {
                let reports: Vec<_> =
                    reports.map(|report| scope.spawn(|| block_on(report))).collect();
                reports
                    .into_iter()
                    .map(|report| report.join().unwrap_or_else(|panic| resume_unwind(panic)))
                    .collect()
            }),
            Self::Executor(threads) => {
                let executor = smol::Executor::new();
                let reports: Vec<_> = reports.map(|report| executor.spawn(report)).collect();
                let (running, ended) = smol::channel::bounded::<()>(1);
                thread::scope(|scope| {
                    for _ in 0..threads {
                        scope.spawn(|| block_on(executor.run(ended.recv())));
                    }
                    let reports = block_on(join_all(reports));
                    drop(running);
                    reports
                })
            }
        }
    }
}

/// A set of bells that one thread rings. Each bell has one actor, which answers.
struct Bells {
    bells: Vec<Bell>,
    /// How many answers are missing. Each actor answers once before the first ring, in its first poll.
    missing: AtomicUsize,
    ringer: AtomicWaker,
}

#[derive(Default)]
struct Bell {
    rung: AtomicUsize,
    actor: AtomicWaker,
}

impl Bells {
    fn new(bells: usize) -> Arc<Self> {
        Arc::new(Self {
            bells: (0..bells).map(|_| Bell::default()).collect(),
            missing: AtomicUsize::new(bells),
            ringer: AtomicWaker::new(),
        })
    }

    /// Waits until every actor has answered.
    fn wait(&self) {
        block_on(poll_fn(|cx| {
            self.ringer.register(cx.waker());
            match self.missing.load(SeqCst) {
                0 => Poll::Ready(()),
                _ => Poll::Pending,
            }
        }));
    }

    /// Waits until all actors have answered, and then rings every bell.
    fn ring(&self) {
        self.wait();
        self.missing.store(self.bells.len(), SeqCst);
        for bell in &self.bells {
            bell.rung.fetch_add(1, SeqCst);
            bell.actor.wake();
        }
    }

    /// Returns an actor that answers one bell. After `rings` answers it returns how often it was polled.
    fn listen(self: &Arc<Self>, bell: usize, rings: usize) -> impl Future<Output = usize> + Send {
        let bells = self.clone();
        let (mut polls, mut answered, mut has_started) = (0, 0, false);
        poll_fn(move |cx| {
            polls += 1;
            let bell = &bells.bells[bell];
            bell.actor.register(cx.waker());
            let rung = bell.rung.load(SeqCst);
            let answers = rung - answered + usize::from(!has_started);
            (answered, has_started) = (rung, true);
            // From here on, the bell may be rung again.
            if answers > 0 && bells.missing.fetch_sub(answers, SeqCst) == answers {
                bells.ringer.wake();
            }
            match answered == rings {
                true => Poll::Ready(polls),
                false => Poll::Pending,
            }
        })
    }
}

/// A million wakes, and no bell is rung again before it was answered.
///
/// The first actor to return stops the group while other bells are still being rung. The other actors ignore the
/// shutdown, so each of them is polled once at the start and once for each ring.
#[test]
fn every_wake_polls_its_actor_once() {
    with_watchdog(|| {
        for (driver, groups, threads, bells, rings) in [
            // The thread waits for each answer. So its next wake comes when the group has just returned `Pending`.
            (Driver::BlockOn, 1, 1, 1, 4_000),
            (Driver::Executor(2), 1, 2, 1, 2_000),
            // Many bells: wakes come while the group is being polled.
            (Driver::BlockOn, 1, 4, 64, 1_600),
            (Driver::Executor(3), 1, 4, 64, 1_600),
            // Several groups.
            (Driver::BlockOn, 2, 2, 16, 1_000),
            (Driver::Executor(3), 4, 2, 16, 1_000),
        ] {
            let mut sets = Vec::new();
            let groups = Vec::from_iter((0..groups).map(|_| {
                let mut group = Group::new();
                for _ in 0..threads {
                    let set = Bells::new(bells);
                    for bell in 0..bells {
                        group.add(set.listen(bell, rings), |_| {});
                    }
                    sets.push(set);
                }
                group
            }));
            thread::scope(|scope| {
                for set in &sets {
                    scope.spawn(|| (0..rings).for_each(|_| set.ring()));
                }
                for report in driver.run(groups) {
                    assert_eq!(report.len(), threads * bells);
                    let polls = report.iter().map(|exit| *exit.output().unwrap());
                    polls.for_each(|polls| assert_eq!(polls, 1 + rings, "{driver:?}"));
                }
            });
        }
    });
}

/// Counts messages until all senders are dropped. It does so even if it is interrupted before.
async fn drain<M>(messages: M, mut interrupted: Interrupted) -> usize
where
    M: Stream<Item = ()> + FusedStream,
{
    let mut messages = pin!(messages);
    let mut received = 0;
    loop {
        select! {
            message = messages.next() => match message {
                Some(()) => received += 1,
                None => return received,
            },
            () = interrupted => return received + messages.count().await,
        }
    }
}

/// All actors of a group return at about the same time. So they are interrupted while they receive their last messages,
/// or after that.
#[test]
fn draining_receives_everything() {
    const SENDERS: usize = 4;
    const MESSAGES: usize = 50;
    with_watchdog(|| {
        for driver in [Driver::BlockOn, Driver::Executor(3)].repeat(10) {
            let mut ends: [Vec<_>; SENDERS] = Default::default();
            let groups = Vec::from_iter((0..25).map(|_| {
                let mut group = Group::new();
                for ends in &mut ends {
                    let (unbounded, messages) = mpsc::unbounded();
                    group.add_with(|interrupted| drain(messages, interrupted));
                    // When the channel is full, its sender waits.
                    let (bounded, messages) = smol::channel::bounded(2);
                    group.add_with(|interrupted| drain(messages, interrupted));
                    ends.push((unbounded, bounded));
                }
                group
            }));
            thread::scope(|scope| {
                for ends in ends {
                    scope.spawn(|| {
                        for (unbounded, bounded) in ends {
                            for _ in 0..MESSAGES {
                                unbounded.unbounded_send(()).unwrap();
                                bounded.send_blocking(()).unwrap();
                            }
                        }
                    });
                }
                for report in driver.run(groups) {
                    assert_eq!(report.len(), 2 * SENDERS);
                    for (n, exit) in report.iter().enumerate() {
                        assert_eq!(exit.output(), Some(&MESSAGES));
                        assert_eq!(exit.was_interrupted(), n > 0, "{report:?}");
                    }
                }
            });
        }
    });
}

/// A thread that receives `Interrupted`s, waits for each of them, and then answers.
struct Waiter {
    jobs: std_mpsc::Sender<Wait>,
    /// Returns how many it has received.
    thread: JoinHandle<usize>,
}

struct Wait {
    interrupted: Interrupted,
    /// Whether the thread answers without waiting.
    answers_at_once: bool,
    answer: oneshot::Sender<()>,
}

impl Waiter {
    fn new() -> Self {
        let (jobs, due) = std_mpsc::channel::<Wait>();
        let thread = thread::spawn(|| {
            let done = due.into_iter().map(|mut job| {
                if !job.answers_at_once {
                    block_on(&mut job.interrupted);
                }
                let _ = job.answer.send(()); // fails if the group was dropped
            });
            done.count()
        });
        Self { jobs, thread }
    }

    /// Adds an actor that returns when this thread has answered.
    fn add_to(&self, group: &mut Group<'_, ()>, answers_at_once: bool) {
        group.add_with(|interrupted| {
            let (answer, answered) = oneshot::channel();
            let job = Wait { interrupted, answers_at_once, answer };
            self.jobs.send(job).unwrap();
            answered.map(Result::unwrap)
        });
    }
}

#[test]
fn interrupted_resolves_on_threads() {
    const ROUNDS: usize = 5_000;
    with_watchdog(|| {
        let waiters = [(); 4].map(|()| Waiter::new());
        let test = Test::default();
        for round in 0..ROUNDS {
            let mut group = Group::new();
            for (n, waiter) in waiters.iter().enumerate() {
                let answers_at_once = match round % 5 {
                    0 => n == round % 4, // the cause
                    1 => true,           // any may be the cause
                    _ => false,
                };
                waiter.add_to(&mut group, answers_at_once);
            }
            match round % 5 {
                0 | 1 => {
                    let report = block_on(group.report());
                    assert_eq!(report.len(), waiters.len());
                    assert!(!report[0].was_interrupted());
                    assert!(report[1..].iter().all(Exit::was_interrupted));
                }
                2 => drop(group),
                3 => {
                    test.poll_pending(&mut group);
                    drop(group);
                }
                // The group is dropped while the threads answer.
                _ => {
                    group.add(pending(), |_| {});
                    group.add(ready(()), |_| {});
                    test.poll_pending(&mut group);
                    drop(group);
                }
            }
        }
        for Waiter { jobs, thread } in waiters {
            drop(jobs);
            assert_eq!(thread.join().unwrap(), ROUNDS);
        }
    });
}

/// Returns `future`, and stores its waker in `wakers` when it is first polled.
fn storing_its_waker<F: Future>(
    wakers: &Arc<Mutex<Vec<Waker>>>,
    future: F,
) -> impl Future<Output = F::Output> {
    let wakers = wakers.clone();
    let leave = poll_fn(move |cx| {
        wakers.lock().unwrap().push(cx.waker().clone());
        Poll::Ready(())
    });
    leave.then(|()| future)
}

/// Counts its drop.
struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// When a group has ended or was dropped, waking its former actors does not wake its task. In their last
/// wakes, the threads consume their wakers.
#[test]
fn groups_end_while_threads_wake_their_actors() {
    const WAKERS: usize = 3;
    with_watchdog(|| {
        for round in 0..1000 {
            let test = Test::default();
            let dropped = Arc::default();
            let wakers: Arc<Mutex<Vec<_>>> = Arc::default();
            let mut group = Group::new();
            for _ in 0..2 {
                let execute = || {
                    let dropped = Dropped(Arc::clone(&dropped));
                    storing_its_waker(&wakers, pending().map(|()| drop(dropped)))
                };
                group.add(execute(), |_| {});
                group.add_abortable(execute());
                group.add_with(|interrupted| execute().map(|()| drop(interrupted)));
            }
            test.poll_pending(&mut group);

            let wakers = std::mem::take(&mut *wakers.lock().unwrap());
            let barrier = Barrier::new(1 + WAKERS);
            let (dropped, ended) = thread::scope(|scope| {
                for _ in 0..WAKERS {
                    scope.spawn(|| {
                        let wakers = wakers.clone();
                        barrier.wait();
                        for _ in 0..10 {
                            wakers.iter().for_each(Waker::wake_by_ref);
                        }
                        barrier.wait(); // the group has ended or was dropped
                        barrier.wait(); // no wake counts up to here
                        wakers.into_iter().for_each(Waker::wake);
                    });
                }
                barrier.wait();
                for _ in 0..round % 10 {
                    test.poll_pending(&mut group);
                }
                let mut ended = None;
                match round % 3 {
                    0 => drop(group),
                    1 => {
                        group.add(ready(()), |_| {});
                        group.grace_period(|| ready(()));
                        // A thread that is waking an actor right now may delay the end.
                        while test.poll(&mut group).is_pending() {
                            thread::yield_now();
                        }
                        ended = Some(group); // keep it: it must not wake its task
                    }
                    _ => {
                        group.add(ready(()), |_| {});
                        test.poll_pending(&mut group); // the shutdown begins
                        drop(group);
                    }
                }
                barrier.wait();
                let dropped = dropped.load(SeqCst);
                test.take_wakes();
                barrier.wait();
                (dropped, ended)
            });
            assert_eq!(dropped, 6, "{ended:?}");
            assert_eq!(test.take_wakes(), 0);
        }
    });
}

/// One group is used again and again, while threads wake the actors that were in it before.
#[test]
fn wakers_of_former_actors_poll_no_later_actor() {
    const RINGERS: usize = 3;
    const RINGS: usize = 20;
    with_watchdog(|| {
        let (polls, seen) = std_mpsc::channel();
        let wakers: Arc<Mutex<Vec<_>>> = Arc::default();
        let mut group = Group::new();
        for generation in 0..500 {
            let former = std::mem::take(&mut *wakers.lock().unwrap());
            let sets = [(); RINGERS].map(|()| Bells::new(4));
            for set in &sets {
                for bell in 0..4 {
                    group.add(storing_its_waker(&wakers, set.listen(bell, RINGS)), |_| {});
                }
            }
            // Without such an actor, the group keeps its set, so the old wakers belong to the set in use.
            if generation % 4 == 0 {
                group.add_abortable(storing_its_waker(&wakers, pending()));
            }
            let polls = polls.clone();
            group.on_exit(move |exit| polls.send(exit.output().copied()).unwrap());
            thread::scope(|scope| {
                for set in &sets {
                    scope.spawn(|| {
                        for _ in 0..RINGS {
                            set.ring();
                            former.iter().for_each(Waker::wake_by_ref);
                        }
                    });
                }
                assert_eq!(block_on(&mut group), Some(1 + RINGS));
            });
            let returned = seen.try_iter().flatten();
            assert!(returned.eq([1 + RINGS; 4 * RINGERS]));
        }
    });
}
