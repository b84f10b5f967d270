//! Clause 13: dropping a group that has not finished.

use std::future::{pending, ready};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use futures::FutureExt;
use run_group::{Group, Interrupted, LocalGroup};

use crate::harness::{Actor, Test};

/// Asserts that `drop` drops each of `actors` once and calls no interrupt.
#[track_caller]
fn assert_all_dropped(test: &Test, actors: &[Actor], drop: impl FnOnce()) {
    test.take_log();
    drop();
    let mut log = test.take_log();
    log.sort();
    assert_eq!(log.len(), actors.len(), "{log:?}");
    assert!(log.iter().all(|line| line.ends_with("dropped")), "{log:?}");
    assert!(actors.iter().all(Actor::is_dropped));
}

#[test]
fn drop_before_the_first_poll() {
    let test = Test::default();
    let mut group = Group::new();
    let actors = ["a", "b", "c"].map(|name| test.add_manual(name, &mut group));
    assert_all_dropped(&test, &actors, || drop(group));
}

#[test]
fn drop_while_running() {
    let test = Test::default();
    let mut group = Group::new();
    let actors = ["a", "b", "c"].map(|name| test.add_manual(name, &mut group));
    test.settle(&mut group);
    assert_all_dropped(&test, &actors, || drop(group));
}

#[test]
fn drop_while_stopping() {
    let test = Test::default();
    let mut group = Group::new();
    group.grace_period(pending::<()>);
    let actors = ["a", "b", "c"].map(|name| test.add_manual(name, &mut group));
    actors[0].returns("done");
    test.settle(&mut group);
    assert_all_dropped(&test, &actors[1..], || drop(group));
}

#[test]
fn drop_while_the_front_stops() {
    let test = Test::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let a = test.add_manual("a", &mut front);
    let [b, c] = ["b", "c"].map(|name| test.add_manual(name, &mut back));
    let mut group = front.before(back);
    b.returns("done");
    test.settle(&mut group);
    assert_all_dropped(&test, &[a, c], || drop(group));
}

#[test]
fn drop_run_and_report() {
    let test = Test::default();
    let mut group = Group::new();
    let actors = ["a", "b"].map(|name| test.add_manual(name, &mut group));
    let mut report = Box::pin(group.report());
    test.settle(&mut report);
    assert_all_dropped(&test, &actors, || drop(report));

    let actor = test.actor("c");
    let execute = actor.execute();
    let mut group = Group::new();
    group.add(
        async move {
            execute.await;
            Ok::<(), ()>(())
        },
        |_| panic!("it was interrupted"),
    );
    let mut run = Box::pin(group.run());
    test.settle(&mut run);
    assert_all_dropped(&test, &[actor], || drop(run));
}

#[test]
fn drop_of_a_reference_drops_no_actor() {
    let test = Test::default();
    let mut group = Group::new();
    let a = test.add_manual("a", &mut group);
    let mut by_reference = &mut group;
    test.settle(&mut by_reference);
    a.returns("done");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
}

#[cfg(feature = "std")]
#[test]
fn drop_reaches_actors_of_handles() {
    let test = Test::default();
    let mut group = Group::new();
    let actors = ["a", "b", "c"].map(|name| test.actor(name));
    actors[0].add_to(&mut group);
    let handle = group.handle();
    handle.add(actors[1].execute(), actors[1].interrupt());
    test.settle(&mut group);
    handle.add(actors[2].execute(), actors[2].interrupt());
    assert_all_dropped(&test, &actors, || drop(group));
    assert!(handle.is_closed());
}

/// A handle in a registry kept the task of its group alive, and dropping it woke that task.
#[test]
fn handle_holds_no_waker_of_a_group_that_is_gone() {
    for ends in [false, true] {
        let wakes = Arc::new(Wakes::default());
        let poll = |group: &mut LocalGroup<'_, ()>| {
            let waker = Waker::from(wakes.clone());
            group.poll_unpin(&mut Context::from_waker(&waker))
        };
        let mut group = Group::local();
        let handles = [(); 2].map(|()| group.handle());
        group.add_abortable(pending());
        assert!(poll(&mut group).is_pending());
        if ends {
            handles[0].stop(());
            assert!(poll(&mut group).is_ready());
        } else {
            drop(group);
        }
        assert_eq!(Arc::strong_count(&wakes), 1, "ends: {ends}");
        let before = wakes.0.load(SeqCst);
        drop(handles);
        assert_eq!(wakes.0.load(SeqCst), before);
    }
}

/// Counts how often a task was woken.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// Adds an actor that never returns, and returns its `Interrupted`.
fn add_and_keep_interrupted(group: &mut Group<'_, ()>) -> Interrupted {
    let mut kept = None;
    group.add_with(|interrupted| {
        kept = Some(interrupted);
        pending()
    });
    kept.unwrap()
}

#[cfg(not(target_family = "wasm"))]
#[test]
fn drop_resolves_interrupted_held_by_a_thread() {
    for polled in [false, true] {
        let mut group = Group::new();
        let interrupted = add_and_keep_interrupted(&mut group);
        if polled {
            Test::default().settle(&mut group);
        }
        let outside = std::thread::spawn(|| smol::block_on(interrupted));
        drop(group);
        outside.join().unwrap();
    }
}

#[test]
fn shutdown_resolves_interrupted_held_elsewhere() {
    let test = Test::default();
    let mut group = Group::new();
    let mut interrupted = add_and_keep_interrupted(&mut group);
    test.settle(&mut group);
    test.poll_pending(&mut interrupted);
    group.add(ready(()), |_| {});
    test.settle(&mut group);
    test.poll_ready(&mut interrupted);
}

#[cfg(all(feature = "std", panic = "unwind"))]
mod panics {
    use std::cell::Cell;
    use std::panic::{catch_unwind, AssertUnwindSafe};

    use super::*;

    /// Counts its drops, and panics in each.
    struct CountedBomb<'a>(&'a Cell<u32>, &'static str);

    impl Drop for CountedBomb<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
            std::panic::panic_any(self.1);
        }
    }

    /// Drops a group, and returns the message of the panic.
    fn panic_in_drop<T>(group: LocalGroup<'_, T>) -> &'static str {
        let panic = catch_unwind(AssertUnwindSafe(|| drop(group))).unwrap_err();
        panic.downcast_ref::<&str>().unwrap()
    }

    /// If the drop of one future panics, `FuturesUnordered` leaks those that it has not dropped yet.
    #[test]
    fn executes_that_panic_in_drop() {
        let test = Test::default();
        let mut group = Group::new();
        let actors = ["a", "b", "c", "d"].map(|name| test.add_manual(name, &mut group));
        actors[1].panics_in_drop();
        actors[2].panics_in_drop();
        assert_all_dropped(&test, &actors, || {
            assert!(catch_unwind(AssertUnwindSafe(|| drop(group))).is_err());
        });
    }

    /// A second panic would abort the process.
    #[test]
    fn execute_that_panics_in_drop_while_unwinding() {
        let test = Test::default();
        let mut group = Group::new();
        let actors = ["a", "b"].map(|name| test.add_manual(name, &mut group));
        actors[0].panics_in_drop();
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let _group = group;
            panic!("first");
        }));
        assert_eq!(unwound.unwrap_err().downcast_ref::<&str>(), Some(&"first"));
        assert!(actors.iter().all(Actor::is_dropped));
    }

    #[test]
    fn outputs_that_panic_in_drop() {
        let (test, drops) = (Test::default(), Cell::new(0));
        let mut group = Group::local();
        for name in ["first", "second", "third"] {
            let output = CountedBomb(&drops, name);
            group.add(async { output }, |_| {});
        }
        group.add(pending(), |_| {});
        test.settle(&mut group);
        assert_eq!(panic_in_drop(group), "first");
        assert_eq!(drops.get(), 3);
    }

    /// Both are fields of one value, so the second would panic while the panic of the first unwinds.
    #[test]
    fn execute_and_interrupt_that_panic_in_drop() {
        for polled in [false, true] {
            let (test, drops) = (Test::default(), Cell::new(0));
            let mut group = Group::local();
            for _ in 0..2 {
                let [execute, interrupt] =
                    ["execute", "interrupt"].map(|it| CountedBomb(&drops, it));
                group.add(
                    async move {
                        let _execute = execute;
                        pending::<()>().await
                    },
                    move |_| drop(interrupt),
                );
            }
            if polled {
                test.settle(&mut group);
            }
            assert_eq!(panic_in_drop(group), "execute");
            assert_eq!(drops.get(), 4);
        }
    }

    #[test]
    fn all_that_panics_in_drop_while_unwinding() {
        let (test, drops) = (Test::default(), Cell::new(0));
        let mut group = Group::local();
        let [output, execute, interrupt] =
            ["output", "execute", "interrupt"].map(|it| CountedBomb(&drops, it));
        group.add(async { output }, |_| {});
        let stage = {
            let mut back = Group::local();
            back.add(
                async move {
                    let _execute = execute;
                    pending().await
                },
                move |_| drop(interrupt),
            );
            back
        };
        group.add(pending(), |_| {});
        let mut group = group.before(stage);
        test.settle(&mut group);
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let _group = group;
            panic!("first");
        }));
        assert_eq!(unwound.unwrap_err().downcast_ref::<&str>(), Some(&"first"));
        assert_eq!(drops.get(), 3);
    }
}
