//! Clause 13: dropping a group that has not finished.

use std::future::{pending, ready};

use futures::FutureExt;
use run_group::{Group, Interrupted};

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
    let (group, actors) = test.group(["a", "b", "c"]);
    assert_all_dropped(&test, &actors, || drop(group));
}

#[test]
fn drop_while_running() {
    let test = Test::default();
    let (mut group, actors) = test.group(["a", "b", "c"]);
    test.settle(&mut group);
    assert_all_dropped(&test, &actors, || drop(group));
}

#[test]
fn drop_while_stopping() {
    let test = Test::default();
    let (mut group, actors) = test.group(["a", "b", "c"]);
    group.grace_period(pending::<()>);
    actors[0].returns("done");
    test.settle(&mut group);
    assert_all_dropped(&test, &actors[1..], || drop(group));
}

#[test]
fn drop_while_the_front_stops() {
    let test = Test::default();
    let (front, [a]) = test.group(["a"]);
    let (back, [b, c]) = test.group(["b", "c"]);
    let mut group = front.before(back);
    b.returns("done");
    test.settle(&mut group);
    assert_all_dropped(&test, &[a, c], || drop(group));
}

#[test]
fn drop_run_and_report() {
    let test = Test::default();
    let (group, actors) = test.group(["a", "b"]);
    let mut report = Box::pin(group.report());
    test.settle(&mut report);
    assert_all_dropped(&test, &actors, || drop(report));

    let actor = test.actor("c");
    let execute = actor.execute().map(|_| Ok::<(), ()>(()));
    let mut group = Group::new();
    group.add(execute, |_| panic!("it was interrupted"));
    let mut run = Box::pin(group.run());
    test.settle(&mut run);
    assert_all_dropped(&test, &[actor], || drop(run));
}

#[test]
fn drop_of_a_reference_drops_no_actor() {
    let test = Test::default();
    let (mut group, [a]) = test.group(["a"]);
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
        let test = Test::default();
        let mut group = Group::local();
        let handles = [(); 2].map(|()| group.handle());
        group.add_abortable(pending());
        test.poll_pending(&mut group);
        if ends {
            handles[0].stop(());
            test.poll_ready(&mut group);
        } else {
            drop(group);
        }
        assert_eq!(test.wakers(), 0, "ends: {ends}");
        test.take_wakes();
        drop(handles);
        assert_eq!(test.take_wakes(), 0);
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
