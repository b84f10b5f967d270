//! Clauses 12 and 19: panics of and around actors that leave.

use std::future::{pending, ready};
use std::panic::panic_any;

use futures::FutureExt;
use run_group::{Exit, Group};

use super::{poll_panics, Bomb};
use crate::harness::{Actor, Output, Test};

#[test]
fn panicked_actor_may_leave() {
    let test = Test::default();
    let mut group = Group::new();
    test.log_exits(&mut group);
    let stays = test.add_manual("stays", &mut group);
    let leaves = test.add_leaving("leaves", &mut group);
    test.settle(&mut group);
    test.take_log();
    leaves.panics("oh");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["leaves", "leaves panicked: oh, left"]);
    stays.returns("last");
    assert_eq!(test.poll_ready(&mut group), Some("last")); // it does not resume the panic
}

#[test]
fn run_does_not_resume_the_panic_of_one_that_has_left() {
    let mut group = Group::<Result<(), ()>>::new();
    group.add(async { panic_any("oh") }, |_| {}).stops_if(|_| false);
    assert_eq!(group.run().now_or_never(), Some(Ok(())));
}

#[test]
fn panic_is_a_failure_that_stops() {
    let mut group = Group::<Result<(), ()>>::new();
    group.add(async { panic_any("oh") }, |_| {}).stops_if(Exit::is_failure).named("a");
    let report = group.report().now_or_never().unwrap();
    assert_eq!(report.to_string(), "a panicked: oh");
}

#[test]
fn function_is_asked_about_a_panicking_drop() {
    for stops in [false, true] {
        let test = Test::default();
        let mut group = Group::new();
        test.log_exits(&mut group);
        let actor = test.actor("a");
        actor.returns("done");
        actor.panics_in_drop();
        let has_panicked = |exit: &Exit<Output>| exit.output().is_none();
        let has_returned = |exit: &Exit<Output>| exit.output().is_some();
        let stops_if = if stops { has_panicked } else { has_returned };
        let added = group.add(actor.execute(), |_| {});
        added.stops_if(stops_if).named("a");
        if stops {
            assert_eq!(poll_panics(&test, &mut group), "a panics in drop");
            assert_eq!(test.take_log(), ["a", "a panicked: a panics in drop"]);
        } else {
            assert_eq!(test.poll_ready(&mut group), None);
            assert_eq!(test.take_log(), ["a", "a panicked: a panics in drop, left"]);
        }
    }
}

/// It counts as true, and the panic is resumed at the end.
#[test]
fn panic_in_the_function_stops_the_group() {
    for reports in [false, true] {
        let test = Test::default();
        let mut group = Group::new();
        test.log_exits(&mut group);
        let added = group.add(ready("done"), |_| {});
        added.stops_if(|_| panic_any("asked")).named("a");
        let b = test.add_manual("b", &mut group);
        test.settle(&mut group);
        assert_eq!(test.take_log(), [r#"a returned "done""#, "b! (by a)", "b"]);
        b.returns("late");
        let message = match reports {
            false => poll_panics(&test, &mut group),
            true => poll_panics(&test, &mut Box::pin(group.report())),
        };
        assert_eq!(message, "asked");
    }
}

/// Of the panics in one exit, that of execute counts first, then that of `stops_if`, then that of an observer.
#[test]
fn first_panic_of_an_exit_counts() {
    for (execute_panics, first) in [(true, "execute"), (false, "asked")] {
        let test = Test::default();
        let mut group = Group::new();
        group.on_exit(|_| panic_any("observer"));
        let execute = async move {
            if execute_panics {
                panic_any("execute");
            }
        };
        let added = group.add(execute, |_| panic_any("interrupt"));
        added.stops_if(|_| panic_any("asked")).named("a");
        assert_eq!(poll_panics(&test, &mut group), first);
    }
}

/// What panics when an actor leaves. They come in this order.
const PARTS: [Output; 3] = ["observer", "interrupt", "output"];

/// Returns a group of two actors, one of which leaves in the first poll, while `parts` of it panic. The other
/// returns when `stays` does.
fn group_of_bombs(
    test: &Test,
    parts: &[Output],
) -> (Group<'static, Result<(), Option<Bomb>>>, Actor) {
    let [observer, interrupt, output] = PARTS.map(|part| parts.contains(&part));
    let bomb = |panics: bool, part| panics.then(|| Bomb(part));
    let held = bomb(interrupt, "interrupt");
    let mut group = Group::new();
    group.on_exit(move |exit| {
        if observer && exit.has_left() {
            panic_any("observer");
        }
    });
    group.add(ready(Err(bomb(output, "output"))), move |_| drop(held)).stops_if(|_| false);
    let stays = test.actor("stays");
    stays.stops_when_interrupted();
    group.add(stays.execute().map(|_| Ok(())), |_| {});
    (group, stays)
}

#[test]
fn panics_of_a_leaving_actor_are_resumed_at_the_end() {
    for first in 0..PARTS.len() {
        for parts in [&PARTS[first..], &PARTS[first..=first]] {
            let test = Test::default();
            let start = || {
                let (mut group, stays) = group_of_bombs(&test, parts);
                test.settle(&mut group);
                assert!(!group.is_stopping());
                assert_eq!(group.len(), 1);
                stays.returns("last");
                group
            };
            assert_eq!(poll_panics(&test, &mut start()), PARTS[first]);
            assert_eq!(poll_panics(&test, &mut Box::pin(start().run())), PARTS[first]);
            let report = &mut Box::pin(start().report()); // none of them is the exit of an actor
            assert_eq!(poll_panics(&test, report), PARTS[first]);
        }
    }
}

/// The group ends in the poll in which its last actor leaves.
#[test]
fn panic_is_resumed_if_all_have_left() {
    let test = Test::default();
    let mut group = Group::new();
    group.on_exit(|_| panic_any("observer"));
    group.add(ready(()), |_| {}).stops_if(|_| false);
    assert_eq!(poll_panics(&test, &mut group), "observer");
    assert_eq!(test.poll_ready(&mut group), None); // it is empty again
}

/// The panic came before the groups were combined.
#[test]
fn before_carries_such_a_panic_over() {
    for in_front in [true, false] {
        let test = Test::default();
        let (mut group, stays) = group_of_bombs(&test, &["output"]);
        test.settle(&mut group);
        let mut other = Group::new();
        other.add(pending(), |_| {});
        let mut group = match in_front {
            true => group.before(other),
            false => other.before(group),
        };
        group.grace_period(|| ready(()));
        stays.returns("last");
        assert_eq!(poll_panics(&test, &mut group), "output");
    }
}
