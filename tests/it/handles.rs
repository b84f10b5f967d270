//! Clause 15: actors that are added through a handle.

use std::future::{pending, poll_fn, ready};
use std::panic::Location;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::Poll;

use futures::channel::oneshot;
use futures::future::FusedFuture;
use run_group::{Group, Handle, Interrupted, LocalGroup};

use crate::harness::{Actor, Output, Test};

/// Adds an actor of this name through a handle. It returns `"stopped"` when it is interrupted.
fn add(test: &Test, handle: &Handle<'_, Output>, name: Output) -> Actor {
    let actor = test.actor(name);
    actor.stops_when_interrupted();
    handle.add(actor.execute(), actor.interrupt()).named(name);
    actor
}

/// Returns a closure that adds an actor of this name when it is first called.
fn adds_once(test: &Test, handle: Handle<'static, Output>, name: Output) -> impl FnMut() + Send {
    let test = test.clone();
    let mut handle = Some(handle);
    move || {
        if let Some(handle) = handle.take() {
            add(&test, &handle, name);
        }
    }
}

// Where actors are added from.

/// Before there were handles, programs put a loop around the group. It lost a request that came with the last exit.
#[test]
fn last_actor_adds_another_as_it_returns() {
    let test = Test::default();
    let mut group = Group::new();
    test.log_exits(&mut group);
    let mut adds = adds_once(&test, group.handle(), "added");
    let cause = poll_fn(move |_| {
        adds();
        Poll::Ready("done")
    });
    group.add(cause, |_| {}).named("cause");

    test.poll_pending(&mut group);
    assert_eq!(test.take_log(), [r#"cause returned "done""#]);
    assert!(group.is_stopping() && group.is_empty());
    assert_eq!(test.take_wakes(), 1);

    let exits = test.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(
        test.take_log(),
        [
            "added! (by cause)",
            "added",
            r#"added returned "stopped", interrupted"#
        ]
    );
    let indices: Vec<_> = exits.iter().map(|exit| exit.index()).collect();
    assert_eq!(indices, [0, 1]);
}

#[test]
fn running_actor_adds_another() {
    let test = Test::default();
    let mut group = Group::new();
    let mut adds = adds_once(&test, group.handle(), "added");
    let (send, request) = oneshot::channel();
    group.add_abortable(async move {
        request.await.unwrap();
        adds();
        pending().await
    });
    test.add_manual("idle", &mut group);
    test.settle(&mut group);
    test.take_log();

    send.send(()).unwrap();
    test.take_wakes();
    test.poll_pending(&mut group);
    assert_eq!(group.len(), 2);
    assert_eq!(test.take_wakes(), 1);
    test.settle(&mut group);
    assert_eq!(group.len(), 3);
    assert_eq!(test.take_log(), ["added"]);
}

#[test]
fn interrupt_adds_an_actor() {
    let test = Test::default();
    let mut group = Group::new();
    let mut adds = adds_once(&test, group.handle(), "added");
    group.add(ready("done"), move |_| adds()).named("cause");
    test.poll_pending(&mut group);
    assert_eq!(test.take_wakes(), 1);
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(test.take_log(), ["added! (by cause)", "added"]);
}

#[test]
fn exit_observer_adds_an_actor() {
    let test = Test::default();
    let mut group = Group::new();
    let mut adds = adds_once(&test, group.handle(), "added");
    group.on_exit(move |_| adds());
    group.add(ready("done"), |_| {}).named("cause");
    test.poll_pending(&mut group);
    assert_eq!(test.take_wakes(), 1);
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(test.take_log(), ["added! (by cause)", "added"]);
}

#[test]
fn wait_observer_adds_an_actor() {
    let test = Test::default();
    let mut group = Group::new();
    let mut adds = adds_once(&test, group.handle(), "added");
    group.on_wait(move |_| adds());
    let slow = test.add_manual("slow", &mut group);
    group.add(ready("done"), |_| {}).named("cause");
    test.poll_pending(&mut group);
    assert_eq!(test.take_wakes(), 1);
    test.settle(&mut group);
    assert_eq!(
        test.take_log(),
        ["slow", "slow! (by cause)", "added! (by cause)", "added"]
    );
    slow.returns("late");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
}

/// An actor that is aborted exits as well, so the drop of its execute may add another.
#[test]
fn drop_of_an_aborted_actor_adds_an_actor() {
    struct AddsInDrop<A: FnMut()>(A);
    impl<A: FnMut()> Drop for AddsInDrop<A> {
        fn drop(&mut self) {
            (self.0)();
        }
    }
    let test = Test::default();
    let mut group = Group::new();
    let adds = AddsInDrop(adds_once(&test, group.handle(), "added"));
    group.add_abortable(async move {
        let _held = adds;
        pending().await
    });
    group.add(ready("done"), |_| {}).named("cause");
    test.poll_pending(&mut group);
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(test.take_log(), ["added! (by cause)", "added"]);
}

#[cfg(not(target_family = "wasm"))]
#[test]
fn thread_adds_an_actor() {
    let mut group = Group::new();
    group.add_with(|interrupted| async {
        interrupted.await;
        "interrupted"
    });
    let handle = group.handle();
    let output = std::thread::scope(|scope| {
        let running = scope.spawn(|| smol::block_on(group));
        handle.add(ready("from a thread"), |_| {});
        running.join().unwrap()
    });
    assert_eq!(output, Some("from a thread"));
}

// When an actor counts as added.

#[test]
fn added_between_polls_joins_in_next_poll() {
    let test = Test::default();
    let mut group = Group::new();
    let handle = group.handle();
    let a = test.add_stoppable("a", &mut group);
    test.settle(&mut group);
    test.take_log();

    add(&test, &handle, "added");
    assert_eq!(test.take_wakes(), 1);
    assert!(test.take_log().is_empty());
    assert_eq!(group.len(), 1);

    a.wake();
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["a", "added"]);
    assert_eq!(group.len(), 2);
    assert!(group.running().all(|running| !running.is_interrupted()));
}

/// `a`, added to the group itself, comes before `b`, which a handle added earlier.
#[test]
fn index_is_assigned_by_the_next_poll() {
    let test = Test::default();
    let mut group = Group::new();
    let handle = group.handle();
    add(&test, &handle, "b");
    test.add_stoppable("a", &mut group);
    test.poll_pending(&mut group);
    add(&test, &handle, "d");
    test.add_stoppable("c", &mut group);
    test.poll_pending(&mut group);
    assert_eq!(test.take_log(), ["a", "b", "c", "d"]);
    let running: Vec<_> = group
        .running()
        .map(|running| (running.index(), running.to_string()))
        .collect();
    let expected = [(0, "a"), (1, "b"), (2, "c"), (3, "d")];
    assert_eq!(running, expected.map(|(index, name)| (index, name.into())));
}

/// An actor that a closed handle drops takes no index.
#[test]
fn dropped_actors_leave_no_gap_in_the_indices() {
    let test = Test::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let (fronts, backs) = (front.handle(), back.handle());
    test.add_stoppable("a", &mut front);
    let b = test.add_manual("b", &mut back);
    let mut group = front.before(back);
    group.add(ready("done"), |_| {}).named("cause");
    test.settle(&mut group);
    assert!(fronts.is_closed());
    add(&test, &fronts, "dropped");
    add(&test, &backs, "taken in");
    test.settle(&mut group);
    b.returns("late");
    let exits = test.poll_ready(&mut Box::pin(group.report()));
    let mut indices: Vec<_> = exits.iter().map(|exit| exit.index()).collect();
    indices.sort();
    assert_eq!(indices, [0, 1, 2, 3]);
}

#[test]
fn clones_keep_their_order() {
    let test = Test::default();
    let mut group = Group::new();
    let handle = group.handle();
    let clone = handle.clone();
    let another = group.handle();
    for (handle, name) in [
        (&clone, "a"),
        (&handle, "b"),
        (&another, "c"),
        (&clone, "d"),
    ] {
        add(&test, handle, name);
    }
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["a", "b", "c", "d"]);
}

#[test]
fn inner_before_outer_and_front_before_back() {
    let test = Test::default();
    let [mut a, mut b, mut c] = [(); 3].map(|()| Group::new());
    let handles = [c.handle(), b.handle(), a.handle()];
    let mut ab = a.before(b);
    let of_ab = ab.handle();
    let mut group = ab.before(c);
    add(&test, &group.handle(), "abc");
    add(&test, &of_ab, "ab");
    for (handle, name) in handles.iter().zip(["c", "b", "a"]) {
        add(&test, handle, name);
    }
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["a", "b", "ab", "c", "abc"]);
}

// Which stage an actor joins.

#[test]
fn front_handle_adds_to_the_front() {
    let test = Test::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let handle = front.handle();
    let a = test.add_manual("a", &mut front);
    let b = test.add_manual("b", &mut back);
    back.add(ready("done"), |_| {}).named("cause");
    let mut group = front.before(back);
    test.settle(&mut group);
    assert!(!handle.is_closed());
    test.take_log();

    add(&test, &handle, "added");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["added! (by cause)", "added"]);

    a.returns("late");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["a", "b! (by cause)"]);
    assert!(handle.is_closed());
    b.returns("late");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
}

#[test]
fn back_handle_adds_to_the_back() {
    let test = Test::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let handle = back.handle();
    let a = test.add_manual("a", &mut front);
    let b = test.add_stoppable("b", &mut back);
    let mut group = front.before(back);
    group.add(ready("done"), |_| {}).named("cause");
    test.settle(&mut group);
    test.take_log();

    add(&test, &handle, "added");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["added"]);
    assert!(!b.is_dropped() && !handle.is_closed());

    a.returns("late");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(
        test.take_log(),
        ["a", "b! (by cause)", "added! (by cause)", "b", "added"]
    );
    assert!(handle.is_closed());
}

#[test]
fn combined_handle_adds_to_the_current_stage() {
    let test = Test::default();
    let [mut a, mut b, mut c] = [(); 3].map(|()| Group::new());
    let actor_a = test.add_manual("a", &mut a);
    let actor_b = test.add_manual("b", &mut b);
    let actor_c = test.add_manual("c", &mut c);
    let mut ab = a.before(b);
    let handle = ab.handle();
    let mut group = ab.before(c);
    group.add(ready("done"), |_| {}).named("cause");
    test.settle(&mut group);
    test.take_log();

    add(&test, &handle, "joins a");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["joins a! (by cause)", "joins a"]);
    actor_a.returns("late");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["a", "b! (by cause)"]);
    add(&test, &handle, "joins b");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["joins b! (by cause)", "joins b"]);
    assert!(!handle.is_closed());
    actor_b.returns("late");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["b", "c! (by cause)"]);
    assert!(handle.is_closed());
    actor_c.returns("late");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
}

/// While all actors run, a new one joins the first stage, and is interrupted with it.
#[test]
fn combined_handle_adds_to_the_front_at_first() {
    let test = Test::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let a = test.add_manual("a", &mut front);
    let b = test.add_manual("b", &mut back);
    let mut group = front.before(back);
    add(&test, &group.handle(), "added");
    test.settle(&mut group);
    test.take_log();
    b.returns("done");
    test.settle(&mut group);
    assert_eq!(
        test.take_log(),
        ["b", "a! (by b)", "added! (by b)", "added"]
    );
    a.returns("late");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
}

#[test]
fn stage_stays_open_only_for_its_own_actors() {
    let test = Test::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let mut adds_to_front = adds_once(&test, front.handle(), "to front");
    let mut adds_to_back = adds_once(&test, back.handle(), "to back");
    let a = test.actor("a");
    front.add(a.execute(), move |_| adds_to_back()).named("a");
    let b = test.add_manual("b", &mut back);
    let mut group = front.before(back);
    a.returns("done");
    test.poll_pending(&mut group);
    // The actor that waits to join the back does not keep the front open. So `b` is interrupted in the same poll.
    assert_eq!(test.take_log(), ["a", "b! (by a)", "b"]);

    adds_to_front(); // is dropped
    test.settle(&mut group);
    assert_eq!(
        test.take_log(),
        ["to front dropped", "to back! (by a)", "to back"]
    );
    b.returns("late");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
}

#[test]
fn front_stays_open_for_a_queued_actor() {
    let test = Test::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let mut adds = adds_once(&test, front.handle(), "added");
    front.add(ready("done"), move |_| adds()).named("cause");
    test.add_stoppable("b", &mut back);
    let mut group = front.before(back);
    test.poll_pending(&mut group);
    assert_eq!(test.take_wakes(), 1);
    assert!(test.take_log().is_empty());
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(
        test.take_log(),
        ["added! (by cause)", "b", "added", "b! (by cause)", "b"]
    );
}

/// The handle was made, and used, before its group was combined with another.
#[test]
fn queued_actors_follow_those_of_the_back() {
    let test = Test::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    add(&test, &front.handle(), "added");
    test.add_stoppable("a", &mut front);
    test.add_stoppable("b", &mut back);
    let mut group = front.before(back);
    assert_eq!(group.len(), 2);
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["a", "b", "added"]);
    let indices: Vec<_> = group.running().map(|running| running.index()).collect();
    assert_eq!(indices, [0, 1, 2]);
    group.add(ready("done"), |_| {}).named("cause");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    let interrupts = ["a! (by cause)", "added! (by cause)"];
    assert_eq!(test.take_log()[..2], interrupts);
}

/// A handle makes a front without actors a stage. It is skipped if it is still empty when the shutdown begins.
#[test]
fn front_with_only_a_handle_is_a_stage() {
    for adds in [true, false] {
        let test = Test::default();
        let mut front = Group::new();
        let handle = front.handle();
        let mut back = Group::new();
        let b = test.add_stoppable("b", &mut back);
        let mut group = front.before(back);
        test.settle(&mut group);
        if adds {
            add(&test, &handle, "added");
            test.settle(&mut group);
        }
        test.take_log();
        group.add(ready("done"), |_| {}).named("cause");
        assert_eq!(test.poll_ready(&mut group), Some("done"));
        let log = test.take_log();
        let stages = ["added! (by cause)", "added", "b! (by cause)", "b"];
        assert_eq!(log, stages[if adds { 0 } else { 2 }..]);
        assert!(handle.is_closed() && b.is_dropped());
    }
}

// When a handle is closed.

#[test]
fn closed_when_the_group_has_ended() {
    let test = Test::default();
    let mut group = Group::new();
    let handle = group.handle();
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

#[test]
fn closed_when_the_group_was_dropped() {
    for polls in [0, 1] {
        let test = Test::default();
        let mut group = Group::new();
        let handle = group.handle();
        test.add_manual("a", &mut group);
        for _ in 0..polls {
            test.poll_pending(&mut group);
        }
        drop(group);
        assert!(handle.is_closed());
    }
}

/// One poll used to take in all that other threads were adding meanwhile, so it returned only when they stopped. One
/// such poll took in three million actors.
#[cfg(not(target_family = "wasm"))]
#[test]
fn poll_returns_while_threads_keep_adding() {
    let test = Test::default();
    let mut group = Group::new();
    let handle = group.handle();
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
fn closed_when_an_empty_group_was_polled() {
    let test = Test::default();
    let mut group: Group<'_, Output> = Group::new();
    let handle = group.handle();
    assert_eq!(test.poll_ready(&mut group), None);
    assert!(handle.is_closed());
}

/// The group does not wait for actors that a handle might add.
#[test]
fn handles_keep_no_group_alive() {
    let test = Test::default();
    let mut group = Group::new();
    let handle = group.handle();
    group.add(ready("done"), |_| {});
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    drop(handle);
}

#[test]
fn closed_handle_drops_actors_unpolled() {
    let test = Test::default();
    let mut group: Group<'_, Output> = Group::new();
    let handle = group.handle();
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
    assert_eq!(
        test.take_log(),
        ["a dropped", "b dropped", "called", "c dropped"]
    );
}

#[test]
fn queued_actors_are_dropped_with_the_group() {
    let test = Test::default();
    let mut group = Group::new();
    let handle = group.handle();
    test.add_manual("a", &mut group);
    test.settle(&mut group);
    test.take_log();
    let added = ["b", "c"].map(|name| add(&test, &handle, name));
    drop(group);
    assert!(added.iter().all(Actor::is_dropped));
    assert_eq!(test.take_log(), ["a dropped", "b dropped", "c dropped"]);
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
    assert_eq!(
        payload.downcast_ref::<String>().unwrap(),
        "a panics in drop"
    );
    assert!(running.is_dropped() && actors.iter().all(Actor::is_dropped));
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
    let lines: Vec<_> = exits
        .iter()
        .map(|exit| (exit.index(), exit.output().unwrap()))
        .collect();
    assert_eq!(lines, [(0, &"second")]);
}

#[test]
fn shutdown_from_outside() {
    let test = Test::default();
    let mut group = Group::new();
    let handle = group.handle();
    test.add_stoppable("a", &mut group);
    test.settle(&mut group);
    handle.add(async { "shutdown" }, |_| {}).named("outside");
    assert_eq!(test.poll_ready(&mut group), Some("shutdown"));
    assert_eq!(test.take_log(), ["a", "a! (by outside)", "a"]);
}

/// The first actor of a group may come through a handle.
#[test]
fn group_may_have_only_actors_of_handles() {
    let test = Test::default();
    let mut group = Group::new();
    group.handle().add(ready("done"), |_| {});
    assert_eq!(test.poll_ready(&mut group), Some("done"));
}

#[test]
fn added_after_the_grace_period_expires() {
    let test = Test::default();
    let mut group = Group::new();
    let handle = group.handle();
    group.grace_period(|| ready(()));
    let mut late = Some(test.actor("late"));
    let observer = test.clone();
    group.on_exit(move |exit| {
        observer.log(exit);
        if exit.name() == Some("stuck") {
            let late = late.take().unwrap();
            handle.add(late.execute(), late.interrupt()).named("late");
        }
    });
    test.add_manual("stuck", &mut group);
    group.add(ready("done"), |_| {}).named("cause");
    test.poll_pending(&mut group);
    assert_eq!(
        test.take_log(),
        [
            "stuck",
            r#"cause returned "done""#,
            "stuck! (by cause)",
            "stuck dropped",
            "stuck expired"
        ]
    );
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(
        test.take_log(),
        ["late! (by cause)", "late", "late dropped", "late expired"]
    );
}

// What `add` returns, and `Debug`.

#[test]
fn adding_adds_when_it_is_dropped() {
    let test = Test::default();
    let mut group = Group::new();
    let handle = group.handle();
    test.add_stoppable("a", &mut group);
    test.settle(&mut group);
    let added = test.actor("added");
    let adding = handle.add(added.execute(), added.interrupt());
    assert_eq!(test.take_wakes(), 0);
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["a"]);
    drop(adding);
    assert_eq!(test.take_wakes(), 1);
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["added"]);
}

#[test]
fn all_kinds_of_actors_can_be_named() {
    let test = Test::default();
    let mut group: Group<'_, ()> = Group::new();
    let handle = group.handle();
    handle.add(pending(), |_| {}).named("a literal");
    let string = String::from("a string");
    handle
        .add_with(|interrupted| interrupted)
        .named(string.clone());
    handle.add_abortable(pending()).named(format!("{string} 2"));
    test.poll_pending(&mut group);
    let names: Vec<_> = group.running().map(|running| running.to_string()).collect();
    assert_eq!(names, ["a literal", "a string", "a string 2"]);
}

#[test]
fn location_is_the_line_of_the_call() {
    let test = Test::default();
    let mut group: Group<'_, ()> = Group::new();
    let handle = group.handle();
    let before = Location::caller().line();
    handle.add(pending(), |_| {});
    handle.add_with(|interrupted| interrupted);
    handle.add_abortable(pending());
    test.poll_pending(&mut group);
    let mut local: LocalGroup<'_, ()> = Group::local();
    let handle = local.handle();
    let before_local = Location::caller().line();
    handle.add(pending(), |_| {});
    handle.add_with(|interrupted| interrupted);
    handle.add_abortable(pending());
    test.poll_pending(&mut local);

    let lines = |before| (before + 1)..(before + 4);
    assert!(group
        .running()
        .map(|running| running.location().line())
        .eq(lines(before)));
    assert!(local
        .running()
        .map(|running| running.location().line())
        .eq(lines(before_local)));
    let files = group.running().map(|running| running.location().file());
    assert_eq!(Vec::from_iter(files), [file!(); 3]);
}

#[test]
fn debug_shows_whether_a_handle_is_closed() {
    let mut group: Group<'_, ()> = Group::new();
    let handle = group.handle();
    assert_eq!(format!("{handle:?}"), "Handle { is_closed: false }");
    let adding = handle.add_abortable(pending());
    assert_eq!(format!("{adding:?}"), "Adding { .. }");
    drop((adding, group));
    assert_eq!(format!("{handle:?}"), "Handle { is_closed: true }");

    let mut local: LocalGroup<'_, ()> = Group::local();
    let handle = local.handle();
    assert_eq!(format!("{handle:?}"), "LocalHandle { is_closed: false }");
}

#[test]
fn local_handle_adds_actors_that_are_not_send() {
    let test = Test::default();
    let shared = Rc::new("shared");
    let mut group = Group::local();
    let handle = group.handle().clone();
    let inner = shared.clone();
    handle.add_with(|interrupted| async move {
        interrupted.await;
        inner
    });
    let inner = shared.clone();
    handle.add_abortable(async move {
        let _held = inner;
        pending().await
    });
    let (cause, seen) = (shared.clone(), shared.clone());
    handle.add(async move { cause }, move |exit| {
        assert_eq!(exit.output(), Some(&seen));
    });
    let exits = test.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(exits[0].output(), Some(&shared));
    assert_eq!(exits.len(), 3);
    assert!(handle.is_closed());
}

/// Like `last_actor_adds_another_as_it_returns`, with actors that are not `Send`.
#[test]
fn local_actor_adds_another_as_it_returns() {
    let test = Test::default();
    let mut group = Group::local();
    let handle = group.handle();
    group.add(
        async move {
            handle.add(ready(Rc::new(2)), |_| {});
            Rc::new(1)
        },
        |_| {},
    );
    let mut report = Box::pin(group.report());
    test.poll_pending(&mut report);
    assert_eq!(test.take_wakes(), 1);
    let outputs = test.poll_ready(&mut report).into_iter();
    let outputs = outputs.filter_map(|exit| exit.into_output());
    assert!(outputs.eq([Rc::new(1), Rc::new(2)]));
}

/// What an actor of a handle borrows must outlive the group, as with any actor.
#[test]
fn actors_of_a_handle_may_borrow() {
    let name = String::from("borrowed");
    let mut group = Group::new();
    let handle = group.handle();
    handle.add(async { name.as_str() }, |_| {});
    assert_eq!(Test::default().poll_ready(&mut group), Some("borrowed"));
}
