//! Where actors are added from, when they count as added, and what `add` returns.

use std::future::{pending, poll_fn, ready};
use std::panic::Location;
use std::task::Poll;

use futures::channel::oneshot;
use run_group::{Group, LocalGroup};

use super::{add, adds_once, group_with_handle};
use crate::harness::{Output, Test};

// Where actors are added from.

/// Before there were handles, programs put a loop around the group. It lost a request that came with the last exit.
#[test]
fn last_actor_adds_another_as_it_returns() {
    let (test, mut group, handle) = group_with_handle();
    test.log_exits(&mut group);
    let mut adds = adds_once(&test, handle, "added");
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
        ["added! (by cause)", "added", r#"added returned "stopped", interrupted"#]
    );
    let indices: Vec<_> = exits.iter().map(|exit| exit.index()).collect();
    assert_eq!(indices, [0, 1]);
}

#[test]
fn running_actor_adds_another() {
    let (test, mut group, handle) = group_with_handle();
    let mut adds = adds_once(&test, handle, "added");
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

/// Runs a group whose cause returns at once. In the same poll, what `set` sets calls a closure that adds an actor.
#[track_caller]
fn assert_adds(set: impl FnOnce(&mut Group<'static, Output>, Box<dyn FnMut() + Send>)) {
    let (test, mut group, handle) = group_with_handle();
    group.add(ready("done"), |_| {}).named("cause");
    set(&mut group, Box::new(adds_once(&test, handle, "added")));
    test.poll_pending(&mut group);
    assert_eq!(test.take_wakes(), 1);
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(test.take_log(), ["added! (by cause)", "added"]);
}

#[test]
fn interrupt_adds_an_actor() {
    assert_adds(|group, mut adds| _ = group.add(ready("late"), move |_| adds()));
}

#[test]
fn exit_observer_adds_an_actor() {
    assert_adds(|group, mut adds| group.on_exit(move |_| adds()));
}

/// An actor that is aborted exits as well, so the drop of its execute may add another.
#[test]
fn drop_of_an_aborted_actor_adds_an_actor() {
    struct AddsInDrop(Box<dyn FnMut() + Send>);
    impl Drop for AddsInDrop {
        fn drop(&mut self) {
            (self.0)();
        }
    }
    assert_adds(|group, adds| {
        let adds = AddsInDrop(adds);
        _ = group.add_abortable(async move {
            let _held = adds;
            pending().await
        });
    });
}

#[test]
fn wait_observer_adds_an_actor() {
    let (test, mut group, handle) = group_with_handle();
    let mut adds = adds_once(&test, handle, "added");
    group.on_wait(move |_| adds());
    let slow = test.add_manual("slow", &mut group);
    group.add(ready("done"), |_| {}).named("cause");
    test.poll_pending(&mut group);
    assert_eq!(test.take_wakes(), 1);
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["slow", "slow! (by cause)", "added! (by cause)", "added"]);
    slow.returns("late");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
}

// When an actor counts as added.

#[test]
fn added_between_polls_joins_in_next_poll() {
    let (test, mut group, handle) = group_with_handle();
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
    let (test, mut group, handle) = group_with_handle();
    add(&test, &handle, "b");
    test.add_stoppable("a", &mut group);
    test.poll_pending(&mut group);
    add(&test, &handle, "d");
    test.add_stoppable("c", &mut group);
    test.poll_pending(&mut group);
    assert_eq!(test.take_log(), ["a", "b", "c", "d"]);
    let running: Vec<_> =
        group.running().map(|running| (running.index(), running.to_string())).collect();
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
    let (test, mut group, handle) = group_with_handle();
    let clone = handle.clone();
    let another = group.handle();
    for (handle, name) in [(&clone, "a"), (&handle, "b"), (&another, "c"), (&clone, "d")] {
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

// What `add` returns, and `Debug`.

/// The methods of what `add` returns add nothing yet.
#[test]
fn adding_adds_when_it_is_dropped() {
    let (test, mut group, handle) = group_with_handle();
    test.add_stoppable("a", &mut group);
    test.settle(&mut group);
    let added = test.actor("added");
    let adding = handle.add(added.execute(), added.interrupt()).stops_if(|_| false);
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
    let (test, mut group, handle) = group_with_handle::<()>();
    handle.add(pending(), |_| {}).named("a literal");
    let string = String::from("a string");
    handle.add_with(|interrupted| interrupted).named(string.clone());
    handle.add_abortable(pending()).named(format!("{string} 2"));
    test.poll_pending(&mut group);
    let names: Vec<_> = group.running().map(|running| running.to_string()).collect();
    assert_eq!(names, ["a literal", "a string", "a string 2"]);
}

#[test]
fn all_kinds_of_actors_can_leave() {
    let (test, mut group, handle) = group_with_handle();
    test.log_exits(&mut group);
    test.add_manual("stays", &mut group);
    handle.add(ready("1"), |_| {}).stops_if(|_| false);
    let added = handle.add_with(|_| ready("2")).stops_if(|_| false);
    added.named("with");
    let added = handle.add_abortable(ready("3")).stops_if(|_| false);
    added.named("abortable");
    test.settle(&mut group);
    assert_eq!((group.len(), group.is_stopping()), (1, false));
    let log = test.take_log();
    assert_eq!(log.len(), 4);
    assert!(log[1].ends_with(r#"returned "1", left"#));
    assert_eq!(log[2], r#"with returned "2", left"#);
    assert_eq!(log[3], r#"abortable returned "3", left"#);
}

#[test]
fn location_is_the_line_of_the_call() {
    let (test, mut group, handle) = group_with_handle::<()>();
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
    assert!(group.running().map(|running| running.location().line()).eq(lines(before)));
    assert!(local.running().map(|running| running.location().line()).eq(lines(before_local)));
    let files = group.running().map(|running| running.location().file());
    assert_eq!(Vec::from_iter(files), [file!(); 3]);
}

#[test]
fn debug_shows_whether_a_handle_is_closed() {
    let (_, group, handle) = group_with_handle::<()>();
    assert_eq!(format!("{handle:?}"), "Handle { is_closed: false }");
    let adding = handle.add_abortable(pending());
    assert_eq!(format!("{adding:?}"), "Adding { .. }");
    drop((adding, group));
    assert_eq!(format!("{handle:?}"), "Handle { is_closed: true }");
}

/// What an actor of a handle borrows must outlive the group, as with any actor.
#[test]
fn actors_of_a_handle_may_borrow() {
    let name = String::from("borrowed");
    let (test, mut group, handle) = group_with_handle();
    handle.add(async { name.as_str() }, |_| {});
    assert_eq!(test.poll_ready(&mut group), Some("borrowed"));
}
