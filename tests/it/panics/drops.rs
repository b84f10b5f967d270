//! Clause 12: panics while something is dropped.

use std::future::{pending, poll_fn, ready, Future};
use std::panic::{catch_unwind, panic_any, AssertUnwindSafe};
use std::task::Poll;

use futures::future::FutureExt;
use run_group::Group;

use super::{panic_of, poll_panics, Bomb};
use crate::harness::{Actor, Output, Test};

#[test]
fn drop_panic_after_a_return_is_the_outcome() {
    let test = Test::default();
    let mut group = Group::new();
    test.log_exits(&mut group);
    let [a, _b] = ["a", "b"].map(|name| test.add_stoppable(name, &mut group));
    a.panics_in_drop();
    a.returns("done");
    assert_eq!(poll_panics(&test, &mut group), "a panics in drop");
    assert_eq!(test.take_log()[1], "a panicked: a panics in drop");
}

#[test]
fn drop_panic_after_a_panic_is_ignored() {
    let test = Test::default();
    let (mut group, [a]) = test.group(["a"]);
    a.panics_in_drop();
    a.panics("oh");
    assert_eq!(poll_panics(&test, &mut group), "oh");
}

#[test]
fn drop_panic_of_aborted_or_expired_actor() {
    let test = Test::default();
    let mut group = Group::new();
    group.grace_period(|| ready(()));
    let [a, b] = ["a", "b"].map(|name| test.actor(name));
    a.panics_in_drop();
    b.panics_in_drop();
    group.add_abortable(a.execute()).named("a");
    b.add_to(&mut group);
    let c = test.add_manual("c", &mut group);
    group.add(ready("done"), |_| {});
    let exits = test.poll_ready(&mut Box::pin(group.report()));
    let lines: Vec<_> = exits[1..].iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "a panicked: a panics in drop, interrupted",
            "b panicked: b panics in drop, interrupted",
            "c expired"
        ]
    );
    assert!(c.is_dropped());
}

#[test]
fn drop_panic_of_grace_period_is_contained() {
    let test = Test::default();
    let (mut front, [a]) = test.group(["a"]);
    let timer = test.actor("timer");
    timer.panics_in_drop();
    front.grace_period(timer.begin());
    let (back, [b]) = test.group(["b"]);
    b.stops_when_interrupted();
    let mut group = front.before(back);
    group.add(ready("done"), |_| {}).named("c");
    test.settle(&mut group);
    a.returns("late");
    assert_eq!(poll_panics(&test, &mut group), "timer panics in drop");
    assert_eq!(test.take_log().last().unwrap(), "b");
}

/// The panic of `begin` came after it was replaced and before its future was. So the old future continued, the new
/// `begin` was never called, and the group hung. Without `in_begin`, the future panics instead.
#[test]
fn drop_panic_of_a_replaced_grace_period() {
    for in_begin in [true, false] {
        let test = Test::default();
        let (mut group, _) = test.group(["stuck"]);
        let timer = test.actor("timer");
        if !in_begin {
            timer.panics_in_drop();
        }
        let (mut begin, bomb) = (timer.begin(), in_begin.then(|| Bomb("begin")));
        group.grace_period(move || {
            let _held = &bomb;
            begin()
        });
        group.add(ready("done"), |_| {});
        test.settle(&mut group);
        let expected = if in_begin { "begin" } else { "timer panics in drop" };
        assert_eq!(panic_of(|| group.grace_period(|| ready(()))), expected);
        assert_eq!(test.poll_ready(&mut group), Some("done"));
    }
}

/// A bare `FuturesUnordered` would leak the rest.
#[test]
fn drop_panic_of_an_interrupt_drops_the_others() {
    let test = Test::default();
    let (front, [a, cause]) = test.group(["a", "cause"]);
    let mut back = Group::new();
    for word in ["1st", "2nd"] {
        let bomb = LoggedBomb(word, test.clone());
        back.add(ready("back"), move |_| drop(bomb));
    }
    let mut group = front.before(back);
    cause.returns("done");
    test.poll_pending(&mut group);
    assert_eq!(group.len(), 1);
    test.take_log();
    assert_eq!(panic_of(|| drop(group)), "1st");
    assert_eq!(test.take_log(), ["a dropped", "1st dropped", "2nd dropped"]);
    assert!(a.is_dropped());
}

#[test]
fn drop_panic_of_an_actor_drops_the_others() {
    let test = Test::default();
    let (mut group, actors) = test.group(["a", "b", "c"]);
    actors.iter().for_each(Actor::panics_in_drop);
    test.settle(&mut group);
    let message = panic_of(|| drop(group));
    assert!(message.ends_with("panics in drop")); // of any of them, the order is not promised
    assert!(actors.iter().all(Actor::is_dropped));
}

#[test]
fn output_of_an_execute_whose_drop_panics() {
    let bomb = Bomb("execute");
    let mut group = Group::local();
    group.add(
        poll_fn(move |_| {
            let _held = &bomb;
            Poll::Ready(Bomb("output"))
        }),
        |_| {},
    );
    assert_eq!(poll_panics(&Test::default(), &mut group), "execute");
}

#[test]
fn report_that_resumes_a_panic_drops_its_exits() {
    let mut group = Group::local();
    group.add(ready(Bomb("output")), |_| panic_any("stray"));
    assert_eq!(poll_panics(&Test::default(), &mut Box::pin(group.report())), "stray");
}

// Outputs that panic when they are dropped. In each case the first of these panics was not contained, and the next one
// aborted the process.

/// A value that logs its drop, and panics with its message then.
struct LoggedBomb(Output, Test);

impl Drop for LoggedBomb {
    fn drop(&mut self) {
        self.1.log(format_args!("{} dropped", self.0));
        panic_any(self.0);
    }
}

/// Returns a group of a cause, which returns `Ok`, and of two actors that return a bomb when they are interrupted.
fn group_of_bombs(test: &Test) -> Group<'static, Result<(), LoggedBomb>> {
    let mut group = Group::new();
    group.add(ready(Ok(())), |_| {});
    for word in ["1st", "2nd"] {
        let bomb = LoggedBomb(word, test.clone());
        group.add_with(|interrupted| interrupted.map(|()| Err(bomb)));
    }
    group
}

/// Runs a future until it waits, and drops it. Asserts that this drops both bombs, and panics with the first.
#[track_caller]
fn assert_drops_both_bombs<F: Future + Unpin>(test: &Test, mut future: F) {
    test.settle(&mut future);
    assert_eq!(panic_of(|| drop(future)), "1st");
    assert_eq!(test.take_log(), ["1st dropped", "2nd dropped"]);
}

/// The group drops the outputs that it does not return.
#[test]
fn panicking_outputs_are_all_dropped() {
    let test = Test::default();
    let mut group = group_of_bombs(&test);
    assert_eq!(poll_panics(&test, &mut group), "1st");
    assert_eq!(test.take_log(), ["1st dropped", "2nd dropped"]);
    assert!(test.poll_ready(&mut group).is_none()); // it is empty again
}

/// `report` drops all outputs when it resumes the panic of an observer.
#[test]
fn report_with_a_stray_panic_drops_all_outputs() {
    let test = Test::default();
    let mut group = group_of_bombs(&test);
    group.on_exit(|_| panic_any("stray"));
    assert_eq!(poll_panics(&test, &mut Box::pin(group.report())), "stray");
    assert_eq!(test.take_log(), ["1st dropped", "2nd dropped"]);
}

/// The outputs are in the report, so the group drops none of them.
#[test]
fn report_returns_panicking_outputs() {
    let test = Test::default();
    let exits = test.poll_ready(&mut Box::pin(group_of_bombs(&test).report()));
    assert!(test.take_log().is_empty());
    for (exit, word) in exits.into_iter().zip(["", "1st", "2nd"]) {
        assert_eq!(exit.error().map_or("", |it| it.0), word);
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(exit)));
        assert_eq!(dropped.is_err(), !word.is_empty());
    }
}

/// The group keeps the outputs until it is ready.
#[test]
fn dropping_a_stopping_group_drops_all_outputs() {
    let test = Test::default();
    let stopping = || {
        let mut group = group_of_bombs(&test);
        group.add(pending(), |_| {});
        group
    };
    assert_drops_both_bombs(&test, stopping());
    assert_drops_both_bombs(&test, Box::pin(stopping().run()));
    assert_drops_both_bombs(&test, Box::pin(stopping().report()));
}

/// The output of the cause is dropped as well, because the group resumes the panic instead of returning it.
#[test]
fn outputs_are_dropped_when_a_panic_is_resumed() {
    let test = Test::default();
    let mut group = group_of_bombs(&test);
    let bomb = LoggedBomb("cause's", test.clone());
    group.add(ready(Err(bomb)), |_| {});
    group.add(async { panic_any("panic") }, |_| {});
    assert_eq!(poll_panics(&test, &mut group), "panic");
    let mut log = test.take_log();
    log.sort();
    assert_eq!(log, ["1st dropped", "2nd dropped", "cause's dropped"]);
}

/// The drop of another output panics. The group resumes that panic, so it drops the output of the cause, too.
#[test]
fn cause_output_dropped_if_another_panics() {
    let test = Test::default();
    let mut group = Group::new();
    for word in ["cause's", "1st", "2nd"] {
        group.add(ready(LoggedBomb(word, test.clone())), |_| {});
    }
    assert_eq!(poll_panics(&test, &mut group), "1st");
    assert_eq!(test.take_log(), ["1st dropped", "2nd dropped", "cause's dropped"]);
}

/// `run` drops what is not the first error, and then the first error as well.
#[test]
fn first_error_dropped_if_another_output_panics() {
    let test = Test::default();
    let mut group = Group::new();
    group.add(ready(Ok(())), |_| {});
    for word in ["error", "1st", "2nd"] {
        group.add(ready(Err(LoggedBomb(word, test.clone()))), |_| {});
    }
    assert_eq!(poll_panics(&test, &mut Box::pin(group.run())), "1st");
    assert_eq!(test.take_log(), ["1st dropped", "2nd dropped", "error dropped"]);
}

// Of two panics in drops, the first is resumed.

#[test]
fn first_drop_panic_of_a_group_is_resumed() {
    // Actors are dropped first, then settings, then outputs.
    for (actor_panics, expected) in [(true, "actor panics in drop"), (false, "setting")] {
        let test = Test::default();
        let mut group = group_of_bombs(&test);
        let setting = LoggedBomb("setting", test.clone());
        group.on_exit(move |_| {
            let _held = &setting;
        });
        let actor = test.actor("actor");
        if actor_panics {
            actor.panics_in_drop();
        }
        group.add(actor.execute().map(|_| Ok(())), |_| {});
        test.settle(&mut group);
        test.take_log();
        assert_eq!(panic_of(|| drop(group)), expected);
        assert_eq!(
            test.take_log(),
            ["actor dropped", "setting dropped", "1st dropped", "2nd dropped"]
        );
    }
}

/// Execute is dropped before the interrupt. Both are fields of one value, so the second would panic while the panic of
/// the first unwinds.
#[test]
fn first_drop_panic_of_an_actor_is_resumed() {
    for polled in [false, true] {
        let test = Test::default();
        let mut group = Group::new();
        for _ in 0..2 {
            let actor = test.actor("actor");
            actor.panics_in_drop();
            let bomb = LoggedBomb("interrupt", test.clone());
            group.add(actor.execute(), move |_| drop(bomb));
        }
        if polled {
            test.settle(&mut group);
            test.take_log();
        }
        assert_eq!(panic_of(|| drop(group)), "actor panics in drop", "{polled}");
        let each = ["actor dropped", "interrupt dropped"];
        assert_eq!(test.take_log(), [each, each].concat());
    }
}

/// A second panic would abort the process.
#[test]
fn drop_while_panicking_does_not_panic() {
    let test = Test::default();
    let panicked = panic_of(|| {
        let mut group = group_of_bombs(&test);
        let handle = group.handle();
        let [a, b] = ["a", "b"].map(|name| {
            let actor = test.actor(name);
            actor.panics_in_drop();
            actor.execute().map(|_| Ok(()))
        });
        group.add(a, |_| {});
        test.settle(&mut group);
        let bomb = LoggedBomb("interrupt", test.clone());
        handle.add(b, move |_| drop(bomb));
        test.take_log();
        panic_any("first");
    });
    assert_eq!(panicked, "first");
    let expected = ["a dropped", "b dropped", "interrupt dropped", "1st dropped", "2nd dropped"];
    assert_eq!(test.take_log(), expected);
}

/// Both groups are dropped while `before` panics.
#[test]
fn refused_before_drops_both_groups() {
    let test = Test::default();
    let mut front = group_of_bombs(&test);
    let mut back = Group::new();
    let [a, b] = ["a", "b"].map(|name| test.actor(name));
    for (actor, group) in [(&a, &mut front), (&b, &mut back)] {
        actor.panics_in_drop();
        group.add(actor.execute().map(|_| Ok(())), |_| {});
    }
    test.settle(&mut front);
    let message = panic_of(|| front.before(back));
    assert!(message.contains("has begun to stop"), "{message}");
    assert!(a.is_dropped() && b.is_dropped());
}
