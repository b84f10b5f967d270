//! Clones of an `Interrupted`. Each has a waker and a termination of its own, and resolves with the original.

use std::future::{pending, ready, Future};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use allocation_counter::measure;
use futures::future::{join, FusedFuture};
use futures::select;
use run_group::{Group, Interrupted};
use smol::block_on;

use crate::harness::Test;
use crate::interrupted::{assert_in_bounds, running, yields};

#[test]
fn clones_resolve_together() {
    let tests = [(); 4].map(|()| Test::default());
    let (interrupt, original) = Interrupted::channel();
    let clone = original.clone();
    let mut family = [clone.clone(), original.clone(), original, clone];
    for (test, interrupted) in tests.iter().zip(&mut family) {
        test.poll_pending(interrupted);
    }
    interrupt.interrupt();
    for (test, interrupted) in tests.iter().zip(&mut family) {
        assert_eq!(test.take_wakes(), 1);
        assert!(interrupted.is_interrupted() && !interrupted.is_terminated());
        test.poll_ready(interrupted);
        assert!(interrupted.is_terminated());
    }
}

#[test]
fn clone_resolves_with_its_group() {
    let (test, mut group, interrupted) = running();
    let mut clone = interrupted.clone();
    drop(interrupted);
    test.poll_pending(&mut clone);
    group.add(ready("done"), |_| {});
    test.settle(&mut group);
    test.poll_ready(&mut clone);
}

/// `select!` skips a future that is terminated. So a clone of an `Interrupted` that was ready is not.
#[test]
fn new_clone_is_not_terminated() {
    let test = Test::default();
    let (interrupt, mut interrupted) = Interrupted::channel();
    interrupt.interrupt();
    test.poll_ready(&mut interrupted);
    let mut clone = interrupted.clone();
    assert!(interrupted.is_terminated() && !clone.is_terminated());
    block_on(async {
        select! {
            () = clone => {}
            complete => panic!("it is skipped"),
        }
    });
    assert!(clone.is_terminated());
}

/// Each part of an actor waits for its own clone.
#[test]
fn actor_waits_in_several_places() {
    let test = Test::default();
    let mut group = Group::new();
    group.add_with(|mut interrupted| async move {
        let mut other = interrupted.clone();
        let parts = [&mut interrupted, &mut other].map(|it| it.unless(pending::<()>()));
        let [one, two] = parts;
        join(one, two).await
    });
    test.settle(&mut group);
    group.add(ready((Some(()), Some(()))), |_| {});
    let report = test.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(report[1].output(), Some(&(None, None)));
}

/// With `&mut self.interrupted`, this does not borrow-check.
#[test]
fn method_may_wait_for_a_clone() {
    struct Worker {
        interrupted: Interrupted,
        jobs: Vec<u8>,
    }
    impl Worker {
        async fn next_job(&mut self) -> u8 {
            self.jobs.pop().unwrap()
        }
    }
    let (interrupt, interrupted) = Interrupted::channel();
    let mut worker = Worker { interrupted, jobs: vec![7] };
    let mut interrupted = worker.interrupted.clone();
    assert_eq!(block_on(interrupted.unless(worker.next_job())), Some(7));
    interrupt.interrupt();
    assert_eq!(block_on(interrupted.unless(worker.next_job())), None);
}

// When they yield.

#[test]
fn clones_share_the_count_of_polls() {
    for clones in [1, 2, 7] {
        let (interrupt, interrupted) = Interrupted::channel();
        let mut family = Vec::from_iter((0..clones).map(|_| interrupted.clone()));
        family.push(interrupted);
        interrupt.interrupt();
        assert_in_bounds(&yields(&mut family));
    }
}

/// As `select!` with `interrupted.clone()` in a loop does.
#[test]
fn new_clone_for_each_poll_yields() {
    let test = Test::default();
    let (interrupt, interrupted) = Interrupted::channel();
    interrupt.interrupt();
    let yields = (0..10_000).filter(|_| {
        let mut clone = interrupted.clone();
        let yields = test.poll(&mut clone).is_pending();
        assert_eq!(clone.is_terminated(), !yields);
        assert_eq!(test.take_wakes(), usize::from(yields));
        yields
    });
    assert_in_bounds(&Vec::from_iter(yields));
}

/// A clone that yielded is ready in its next poll, and has no waker behind it.
#[test]
fn clone_that_yields_is_ready_next() {
    let (interrupt, interrupted) = Interrupted::channel();
    interrupt.interrupt();
    let task = Test::default();
    let mut clones = std::iter::repeat_with(|| interrupted.clone());
    let mut yields = clones.find(|clone| task.poll(&mut clone.clone()).is_pending()).unwrap();
    assert_eq!((task.take_wakes(), task.wakers()), (1, 0));
    task.poll_ready(&mut yields);
}

// The wakers of clones.

#[test]
fn dropped_clone_drops_its_waker() {
    let (interrupt, interrupted) = Interrupted::channel();
    let tasks = [(); 3].map(|()| Test::default());
    let mut clones = Vec::from_iter(tasks.iter().map(|task| {
        let mut clone = interrupted.clone();
        task.poll_pending(&mut clone);
        clone
    }));
    drop(clones.remove(1));
    assert_eq!(tasks.each_ref().map(Test::wakers), [1, 0, 1]);
    interrupt.interrupt();
    assert_eq!(tasks.each_ref().map(Test::take_wakes), [1, 0, 1]);
    assert_eq!(tasks.each_ref().map(Test::wakers), [0, 0, 0]);
}

#[test]
fn clone_wakes_the_task_that_polled_it_last() {
    let (interrupt, interrupted) = Interrupted::channel();
    let mut clone = interrupted.clone();
    let tasks = [(); 3].map(|()| Test::default());
    tasks.iter().for_each(|task| task.poll_pending(&mut clone));
    assert_eq!(tasks.each_ref().map(Test::wakers), [0, 0, 1]);
    interrupt.interrupt();
    assert_eq!(tasks.each_ref().map(Test::take_wakes), [0, 0, 1]);
}

/// The wakers are dropped when the clones are interrupted, although the clones stay.
#[test]
fn interruption_drops_the_wakers() {
    let (interrupt, mut interrupted) = Interrupted::channel();
    let mut clone = interrupted.clone();
    let task = Test::default();
    for interrupted in [&mut interrupted, &mut clone] {
        task.poll_pending(interrupted);
    }
    assert_eq!(task.wakers(), 2);
    interrupt.interrupt();
    assert_eq!((task.take_wakes(), task.wakers()), (2, 0));
    // Nor does a poll after that keep one.
    for interrupted in [&mut interrupted, &mut clone] {
        task.poll_ready(interrupted);
    }
    assert_eq!(task.wakers(), 0);
}

/// A clone may be dropped after the interruption has taken its waker, and a new one may wait in its place.
#[test]
fn clones_come_and_go() {
    let test = Test::default();
    let (interrupt, interrupted) = Interrupted::channel();
    let mut stays = interrupted.clone();
    test.poll_pending(&mut stays);
    let come_and_go = || {
        for _ in 0..1_000 {
            let mut clones = [(); 3].map(|()| interrupted.clone());
            clones.iter_mut().for_each(|clone| test.poll_pending(clone));
        }
    };
    come_and_go();
    assert_eq!(measure(come_and_go).bytes_current, 0);
    interrupt.interrupt();
    assert_eq!(test.take_wakes(), 1);
    let mut late = interrupted.clone();
    drop(interrupted);
    test.poll_ready(&mut late);
    drop(late);
    test.poll_ready(&mut stays);
}

/// Nothing that a user gave is woken or dropped while the mutex is locked, or this would hang: dropping a clone that
/// waits locks it.
#[test]
fn wakers_may_drop_waiting_clones() {
    /// A task with a clone that waits. It drops the clone when it is woken or dropped.
    struct Task(Mutex<Option<Interrupted>>);
    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            drop(self.0.lock().unwrap().take());
        }
    }
    let test = Test::default();
    let (interrupt, interrupted) = Interrupted::channel();
    let mut clones = [(); 3].map(|()| interrupted.clone());
    for _ in 0..2 {
        for clone in &mut clones {
            let mut waits = interrupted.clone();
            test.poll_pending(&mut waits);
            let waker = Waker::from(Arc::new(Task(Mutex::new(Some(waits)))));
            let polled = Pin::new(clone).poll(&mut Context::from_waker(&waker));
            assert_eq!(polled, Poll::Pending); // the second time, this drops the first task
        }
    }
    let [first, _second, _third] = clones;
    drop(first);
    interrupt.interrupt();
}

/// An actor that does not clone its `Interrupted` pays for no list of wakers.
#[test]
fn only_waiting_clones_allocate() {
    let (_interrupt, interrupted) = Interrupted::channel();
    let clone = measure(|| drop(interrupted.clone()));
    assert_eq!(clone.count_total, 0);
}
