//! Which stage an actor joins.

use std::future::ready;
use std::sync::{Arc, OnceLock};

use run_group::{Group, Handle};

use super::{add, adds_once};
use crate::harness::{Output, Test};

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
    assert_eq!(test.take_log(), ["a", "b! (by cause)", "added! (by cause)", "b", "added"]);
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
    assert_eq!(test.take_log(), ["b", "a! (by b)", "added! (by b)", "added"]);
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
    assert_eq!(test.take_log(), ["to front dropped", "to back! (by a)", "to back"]);
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
    assert_eq!(test.take_log(), ["added! (by cause)", "b", "added", "b! (by cause)", "b"]);
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

// Whose grace period is over.

/// Adds an actor, `stuck`, that ignores its interrupt, and sets a grace period that ends at once. When `stuck` expires,
/// `handle` adds another, `late`.
fn expire_and_add(
    test: &Test,
    group: &mut Group<'static, Output>,
    handle: Arc<OnceLock<Handle<'static, Output>>>,
) {
    let observer = test.clone();
    group.on_exit(move |exit| {
        observer.log(exit);
        if exit.name() == Some("stuck") {
            add(&observer, handle.get().unwrap(), "late");
        }
    });
    group.grace_period(|| ready(()));
    test.add_manual("stuck", group);
}

/// The stage used to wait for such an actor. So a thread that always added another kept a shutdown open forever.
#[test]
fn stage_ends_with_its_grace_period() {
    let test = Test::default();
    let mut group = Group::new();
    let handle = Arc::new(OnceLock::from(group.handle()));
    expire_and_add(&test, &mut group, handle);
    group.add(ready("done"), |_| {}).named("cause");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(
        test.take_log(),
        [
            "stuck",
            r#"cause returned "done""#,
            "stuck! (by cause)",
            "stuck",
            "stuck dropped",
            "stuck expired",
            "late dropped"
        ]
    );
}

/// The back has no actor of its own, and waits for the one that is handed in.
#[test]
fn added_as_the_front_expires_joins_the_back() {
    let test = Test::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    back.on_exit(|_| {});
    let handle = Arc::new(OnceLock::new());
    expire_and_add(&test, &mut front, handle.clone());
    let mut group = front.before(back);
    handle.set(group.handle()).unwrap();
    group.add(ready("done"), |_| {}).named("cause");
    test.poll_pending(&mut group);
    assert_eq!(test.take_log().last().unwrap(), "stuck expired");
    assert_eq!(test.take_wakes(), 1);
    assert!(!handle.get().unwrap().is_closed());
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(test.take_log(), ["late! (by cause)", "late"]);
}

/// Each actor adds another when it is interrupted, forever.
#[test]
fn grace_period_ends_for_actors_that_keep_joining() {
    fn add_next(test: &Test, handle: Handle<'static, Output>) {
        let (test_of_next, next) = (test.clone(), handle.clone());
        handle.add_with(|interrupted| async move {
            interrupted.await;
            test_of_next.log("joined");
            add_next(&test_of_next, next);
            "stopped"
        });
    }
    let test = Test::default();
    let mut group = Group::new();
    let timer = test.set_grace_period("timer", &mut group);
    add_next(&test, group.handle());
    group.add(ready("done"), |_| {});
    for _ in 0..100 {
        test.poll_pending(&mut group);
        assert!(test.take_wakes() > 0);
    }
    timer.returns("over");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
}
