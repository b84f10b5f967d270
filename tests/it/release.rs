//! Clauses 8 and 9: when an execute is dropped, and abortable actors.

use std::future::{pending, ready};

use run_group::{Group, Outcome};

use crate::play::Play;

#[test]
fn returned_execute_is_dropped_at_once() {
    let play = Play::default();
    let mut group = Group::new();
    let [a, b, _c] = ["a", "b", "c"].map(|name| play.stubborn(name, &mut group));
    a.returns("1st");
    play.settle(&mut group);
    assert!(a.is_dropped() && !b.is_dropped());
    b.returns("2nd");
    play.settle(&mut group);
    assert!(b.is_dropped());
}

/// So an interrupt can rely on what the execute has released.
#[test]
fn cause_is_dropped_before_the_interrupts() {
    let play = Play::default();
    let mut group = Group::new();
    let a = play.actor("a");
    a.returns("done");
    let execute = a.execute();
    group.add(execute, move |_| assert!(a.is_dropped()));
    assert_eq!(play.poll_ready(&mut group), Some("done"));
}

#[cfg(all(feature = "std", panic = "unwind"))]
#[test]
fn panicked_execute_is_dropped_at_once() {
    let play = Play::default();
    let mut group = Group::new();
    let [a, _b] = ["a", "b"].map(|name| play.stubborn(name, &mut group));
    a.panics("oh");
    play.settle(&mut group);
    assert!(a.is_dropped());
    assert_eq!(play.log(), ["a", "a! (by a)", "b! (by a)", "b"]);
}

#[test]
fn abortable_is_dropped_in_order_of_adding() {
    let play = Play::default();
    let mut group = Group::new();
    play.observe(&mut group);
    let [a, b, c] = ["a", "b", "c"].map(|name| play.actor(name));
    a.join(&mut group);
    group.add_abortable(b.execute()).named("b");
    c.join(&mut group);
    play.settle(&mut group);
    play.log();

    a.returns("done");
    play.settle(&mut group);
    assert!(b.is_dropped());
    assert_eq!(
        play.log(),
        [
            "a",
            r#"a returned "done""#,
            "a! (by a)",
            "b dropped",
            "b aborted",
            "c! (by a)"
        ]
    );
    c.returns("late");
    assert_eq!(play.poll_ready(&mut group), Some("done"));
}

#[test]
fn abortable_is_not_polled_once_interrupted() {
    let play = Play::default();
    let mut group = Group::new();
    let [a, b] = ["a", "b"].map(|name| play.actor(name));
    a.returns("done");
    a.join(&mut group);
    group.add_abortable(b.execute());
    assert_eq!(play.poll_ready(&mut group), Some("done"));
    assert_eq!(play.log(), ["a", "a! (by a)", "b dropped"]);
}

#[test]
fn abortable_may_return_first() {
    let play = Play::default();
    let mut group = Group::new();
    group.add_abortable(ready("done")).named("abortable");
    play.obedient("other", &mut group);
    let exits = play.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(exits.len(), 2);
    assert_eq!(exits[0].to_string(), r#"abortable returned "done""#);
    assert_eq!(
        exits[1].to_string(),
        r#"other returned "obeys", interrupted"#
    );
}

#[test]
fn abortable_actors_end_with_the_first() {
    let mut group = Group::new();
    group.add_abortable(pending());
    group.add_abortable(ready(7));
    group.add_abortable(ready(8));
    let exits = Play::default().poll_ready(&mut Box::pin(group.report()));
    let outcomes: Vec<_> = exits
        .iter()
        .map(|exit| (exit.index(), exit.was_interrupted()))
        .collect();
    assert_eq!(outcomes, [(1, false), (0, true), (2, true)]);
    assert!(exits[1..]
        .iter()
        .all(|exit| matches!(exit.outcome(), Outcome::Aborted)));
}

/// The waker of an actor may outlive it, in a timer or a channel.
#[test]
fn waking_an_exited_actor_does_nothing() {
    let play = Play::default();
    let mut group = Group::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| play.actor(name));
    a.join(&mut group);
    group.add_abortable(b.execute());
    c.join(&mut group);
    play.settle(&mut group);
    a.returns("done");
    play.settle(&mut group);
    play.log();

    a.wake();
    b.wake();
    play.settle(&mut group);
    assert!(play.log().is_empty());
    c.returns("late");
    assert_eq!(play.poll_ready(&mut group), Some("done"));
}
