//! When a handle is closed, and what happens to what waits behind it.

use std::future::{pending, ready};
#[cfg(not(target_family = "wasm"))]
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use futures::future::FusedFuture;
use run_group::{Group, Handle, Interrupted};

use super::{add, group_with_handle};
use crate::harness::{Actor, Output, Test};

/// Handles keep no group alive: it ends, although there are two.
#[test]
fn closed_when_the_group_has_ended() {
    let (test, mut group, handle) = group_with_handle();
    let clone = handle.clone();
    let slow = test.add_manual("slow", &mut group);
    group.add(ready("done"), |_| {});
    assert!(!handle.is_closed());
    test.settle(&mut group);
    assert!(!handle.is_closed());
    slow.returns("late");
    test.poll_ready(&mut group);
    assert!(handle.is_closed() && clone.is_closed());
}

/// One poll used to take in all that other threads were adding meanwhile, so it returned only when they stopped. One
/// such poll took in three million actors.
#[cfg(not(target_family = "wasm"))]
#[test]
fn poll_returns_while_threads_keep_adding() {
    let (test, mut group, handle) = group_with_handle();
    test.add_manual("a", &mut group);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(SeqCst) {
                    handle.add_abortable(pending());
                }
            });
        }
        while group.len() < 1000 {
            test.poll_pending(&mut group);
        }
        stop.store(true, SeqCst);
    });
    test.settle(&mut group);
    assert_eq!(group.running().count(), group.len());
}

#[test]
fn closed_handle_drops_actors_unpolled() {
    let (test, group, handle) = group_with_handle::<Output>();
    drop(group);

    let a = add(&test, &handle, "a");
    assert!(a.is_dropped());
    let b = test.actor("b");
    handle.add_abortable(b.execute());
    assert!(b.is_dropped());
    let c = test.actor("c");
    handle.add_with(|interrupted| {
        test.log("called");
        drop(interrupted);
        c.execute()
    });
    assert!(c.is_dropped());
    assert_eq!(test.take_log(), ["a dropped", "b dropped", "called", "c dropped"]);
}

/// The drop also closes the handle.
#[test]
fn queued_actors_are_dropped_with_the_group() {
    for polled in [false, true] {
        let (test, mut group, handle) = group_with_handle();
        test.add_manual("a", &mut group);
        if polled {
            test.settle(&mut group);
            test.take_log();
        }
        let added = ["b", "c"].map(|name| add(&test, &handle, name));
        drop(group);
        assert!(handle.is_closed());
        assert!(added.iter().all(Actor::is_dropped));
        assert_eq!(test.take_log(), ["a dropped", "b dropped", "c dropped"]);
    }
}

#[test]
fn interrupted_of_dropped_queued_actor_resolves() {
    let mut group: Group<'_, ()> = Group::new();
    let mut taken: Option<Interrupted> = None;
    group.handle().add_with(|interrupted| {
        taken = Some(interrupted);
        pending()
    });
    let interrupted = taken.unwrap();
    assert!(!interrupted.is_interrupted());
    drop(group);
    assert!(interrupted.is_interrupted());
}

/// When a stage has ended, its settings are dropped, and their drop may add an actor.
#[test]
fn added_while_the_stage_ends_is_dropped() {
    struct Timer(Option<Actor>, Handle<'static, Output>);
    impl Drop for Timer {
        fn drop(&mut self) {
            if let Some(added) = self.0.take() {
                self.1.add(added.execute(), |_| {});
            }
        }
    }
    let test = Test::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let (handle, added) = (front.handle(), test.actor("added"));
    front.grace_period({
        let added = added.clone();
        move || {
            let timer = Timer(Some(added.clone()), handle.clone());
            async move {
                let _held = timer;
                pending::<()>().await
            }
        }
    });
    let a = test.add_manual("a", &mut front);
    let b = test.add_manual("b", &mut back);
    let mut group = front.before(back);
    group.add(ready("done"), |_| {}).named("cause");
    test.settle(&mut group);
    test.take_log();
    a.returns("late");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["a", "added dropped", "b! (by cause)"]);
    b.returns("late");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
}

#[cfg(panic = "unwind")]
#[test]
fn drop_panic_in_queue_drops_the_others() {
    use std::panic::{catch_unwind, AssertUnwindSafe};

    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("loud interrupt");
        }
    }
    let test = Test::default();
    let mut group = Group::new();
    let running = test.add_manual("running", &mut group);
    test.settle(&mut group);
    let handle = group.handle();
    let actors = ["a", "b", "c"].map(|name| test.actor(name));
    for actor in &actors {
        actor.panics_in_drop();
        let bomb = Bomb;
        handle.add(actor.execute(), move |_| drop(bomb));
    }
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(group)));
    let payload = dropped.unwrap_err();
    assert_eq!(payload.downcast_ref::<String>().unwrap(), "a panics in drop");
    assert!(running.is_dropped() && actors.iter().all(Actor::is_dropped));
}

/// Two handles that close at the same time: that of the last stage and that of the combined group. What waits behind
/// one is dropped, and its drop adds an actor through the other.
#[test]
fn handles_close_before_what_waits_is_dropped() {
    struct AddsInDrop(Test, Handle<'static, Output>);
    impl Drop for AddsInDrop {
        fn drop(&mut self) {
            self.0.log(format_args!("closed: {}", self.1.is_closed()));
            self.1.add(self.0.actor("late").execute(), |_| {});
        }
    }
    for drops_the_group in [true, false] {
        let test = Test::default();
        let (mut front, mut back) = (Group::new(), Group::new());
        test.add_stoppable("front", &mut front);
        let of_back = back.handle();
        let mut group = front.before(back);
        let combined = group.handle();
        group.grace_period(|| ready(()));
        // The interrupt adds them, so that they wait when the grace period ends.
        let (to_back, to_combined) = (of_back.clone(), combined.clone());
        let adds = {
            let test = test.clone();
            move || {
                for (handle, other) in [(&to_back, &to_combined), (&to_combined, &to_back)] {
                    let held = AddsInDrop(test.clone(), other.clone());
                    handle.add(pending(), move |_| drop(held));
                }
            }
        };
        if drops_the_group {
            adds();
            drop(group);
        } else {
            of_back.add(pending(), move |_| adds());
            group.add(ready("done"), |_| {});
            test.poll_ready(&mut group);
        }
        let log = test.take_log();
        let expected = ["closed: true", "late dropped"].repeat(2);
        assert_eq!(log[log.len() - 4..], expected);
        assert!(of_back.is_closed() && combined.is_closed());
    }
}

// The waker of the group.

/// The handle of the front is closed while the back is still running. For groups that have ended or were dropped, see
/// [`dropping`].
///
/// [`dropping`]: crate::dropping
#[test]
fn handle_holds_no_waker_once_its_stage_has_ended() {
    let (test, task) = (Test::default(), Test::default());
    let (mut front, mut back) = (Group::new(), Group::new());
    let handle = front.handle();
    let slow = test.add_manual("slow", &mut front);
    test.add_manual("back", &mut back);
    let mut group = front.before(back);
    group.add(ready("done"), |_| {});
    task.poll_pending(&mut group);
    slow.returns("late");
    task.poll_pending(&mut group);
    test.settle(&mut group); // with another waker, so that only the handle could have this one
    assert!(handle.is_closed());
    assert_eq!(task.wakers(), 0);
}

/// A group that moves to another task drops the waker of the previous one.
#[test]
fn handle_wakes_the_task_that_polled_last() {
    let (test, mut group, handle) = group_with_handle();
    let task = Test::default();
    group.add_abortable(pending());
    task.poll_pending(&mut group);
    test.settle(&mut group);
    assert_eq!(task.wakers(), 0);
    handle.stop("done");
    assert_eq!(test.take_wakes(), 1);
}

/// Dropping the last handle used to wake the task once more.
#[test]
fn dropping_a_handle_wakes_nothing() {
    let test = Test::default();
    let mut group = Group::new();
    let handles = [(); 3].map(|()| group.handle());
    let [while_running, when_ended, after_drop] = handles;
    group.add_abortable(pending());
    test.settle(&mut group);
    drop(while_running);
    assert_eq!(test.take_wakes(), 0);
    group.add(ready("done"), |_| {});
    test.poll_ready(&mut group);
    drop(when_ended);
    drop(group);
    drop(after_drop);
    assert_eq!(test.take_wakes(), 0);
}

/// Several actors that are added between two polls wake the group once.
#[test]
fn group_is_woken_once_for_many_actors() {
    let (test, mut group, handle) = group_with_handle::<Output>();
    group.add_abortable(pending());
    for _ in 0..3 {
        test.settle(&mut group);
        (0..10).for_each(|_| handle.add_abortable(pending()).named("x"));
        assert_eq!(test.take_wakes(), 1);
    }
}

// After the end.

#[test]
fn new_handle_reopens_an_ended_group() {
    let test = Test::default();
    let mut group: Group<'_, Output> = Group::new();
    test.poll_ready(&mut group);
    assert!(group.is_terminated());
    let handle = group.handle();
    assert!(!group.is_terminated() && !handle.is_closed());
    assert_eq!(test.poll_ready(&mut group), None);
    assert!(group.is_terminated() && handle.is_closed());
}

#[test]
fn new_handle_is_needed_after_the_end() {
    let test = Test::default();
    let mut group = Group::new();
    let old = group.handle();
    group.add(ready("first"), |_| {});
    assert_eq!(test.poll_ready(&mut group), Some("first"));

    let new = group.handle();
    assert!(old.is_closed() && !new.is_closed());
    let dropped = add(&test, &old, "dropped");
    assert!(dropped.is_dropped());
    new.add(ready("second"), |_| {});
    let exits = test.poll_ready(&mut Box::pin(group.report()));
    let lines: Vec<_> = exits.iter().map(|exit| (exit.index(), exit.output().unwrap())).collect();
    assert_eq!(lines, [(0, &"second")]);
}
