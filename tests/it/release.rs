//! Clauses 8 and 9: when an execute is dropped, and abortable actors.

use std::future::{pending, ready};

use run_group::{Group, Outcome};

use crate::harness::Test;

#[test]
fn returned_execute_is_dropped_at_once() {
    let test = Test::default();
    let (mut group, [a, b, _c]) = test.group(["a", "b", "c"]);
    a.returns("1st");
    test.settle(&mut group);
    assert!(a.is_dropped() && !b.is_dropped());
    b.returns("2nd");
    test.settle(&mut group);
    assert!(b.is_dropped());
}

/// An interrupt may use what the execute has released.
#[test]
fn cause_is_dropped_before_the_interrupts() {
    let test = Test::default();
    let mut group = Group::new();
    let a = test.actor("a");
    a.returns("done");
    let execute = a.execute();
    group.add(execute, move |_| assert!(a.is_dropped()));
    assert_eq!(test.poll_ready(&mut group), Some("done"));
}

#[cfg(all(feature = "std", panic = "unwind"))]
#[test]
fn panicked_execute_is_dropped_at_once() {
    let test = Test::default();
    let (mut group, [a, _b]) = test.group(["a", "b"]);
    a.panics("oh");
    test.settle(&mut group);
    assert!(a.is_dropped());
    assert_eq!(test.take_log(), ["a", "a! (by a)", "b! (by a)", "b"]);
}

#[test]
fn abortable_is_dropped_in_order_of_adding() {
    let test = Test::default();
    let mut group = Group::new();
    test.log_exits(&mut group);
    let [a, b, c] = ["a", "b", "c"].map(|name| test.actor(name));
    a.add_to(&mut group);
    group.add_abortable(b.execute()).named("b");
    c.add_to(&mut group);
    test.settle(&mut group);
    test.take_log();

    a.returns("done");
    test.settle(&mut group);
    assert!(b.is_dropped());
    assert_eq!(
        test.take_log(),
        ["a", r#"a returned "done""#, "a! (by a)", "b", "b dropped", "b aborted", "c! (by a)"]
    );
    c.returns("late");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
}

#[test]
fn abortable_actors_end_with_the_first() {
    let mut group = Group::new();
    group.add_abortable(pending());
    group.add_abortable(ready(7));
    group.add_abortable(ready(8));
    let exits = Test::default().poll_ready(&mut Box::pin(group.report()));
    let exits: Vec<_> =
        exits.iter().map(|exit| (exit.index(), exit.was_interrupted(), exit.outcome())).collect();
    assert!(
        matches!(
            exits[..],
            [
                (1, false, Outcome::Returned(7)),
                (0, true, Outcome::Aborted),
                (2, true, Outcome::Returned(8)),
            ]
        ),
        "{exits:?}"
    );
}

/// The waker of an actor may outlive it, in a timer or a channel.
#[test]
fn waking_an_exited_actor_does_nothing() {
    let test = Test::default();
    let mut group = Group::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| test.actor(name));
    a.add_to(&mut group);
    group.add_abortable(b.execute());
    c.add_to(&mut group);
    test.settle(&mut group);
    a.returns("done");
    test.settle(&mut group);
    test.take_log();

    a.wake();
    b.wake();
    test.settle(&mut group);
    assert!(test.take_log().is_empty());
    c.returns("late");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
}
