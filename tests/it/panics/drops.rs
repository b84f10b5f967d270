//! Clause 12: panics while something is dropped.

use std::future::{pending, poll_fn, ready, Future};
use std::panic::{catch_unwind, panic_any, AssertUnwindSafe};
use std::task::Poll;

use futures::future::FutureExt;
use run_group::Group;

use super::{drop_panics, poll_panics, Bomb};
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
    let mut group = Group::new();
    let a = test.add_manual("a", &mut group);
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
    let (mut front, mut back) = (Group::new(), Group::new());
    let timer = test.actor("timer");
    timer.panics_in_drop();
    front.grace_period(timer.begin());
    let a = test.add_manual("a", &mut front);
    test.add_stoppable("b", &mut back);
    let mut group = front.before(back);
    group.add(ready("done"), |_| {}).named("c");
    test.settle(&mut group);
    a.returns("late");
    assert_eq!(poll_panics(&test, &mut group), "timer panics in drop");
    assert_eq!(test.take_log().last().unwrap(), "b");
}

#[test]
fn drop_panic_of_a_replaced_grace_period() {
    let test = Test::default();
    let mut group = Group::new();
    let timer = test.actor("timer");
    timer.panics_in_drop();
    group.grace_period(timer.begin());
    test.add_manual("stuck", &mut group);
    group.add(ready("done"), |_| {});
    test.settle(&mut group);
    let replaced = catch_unwind(AssertUnwindSafe(|| group.grace_period(|| ready(()))));
    assert!(replaced.is_err());
    assert_eq!(test.poll_ready(&mut group), Some("done"));
}

/// A bare `FuturesUnordered` would leak the rest.
#[test]
fn drop_panic_of_an_interrupt_drops_the_others() {
    let test = Test::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let a = test.add_manual("a", &mut front);
    let cause = test.add_manual("cause", &mut front);
    for word in ["1st", "2nd"] {
        let bomb = LoggedBomb(word, test.clone());
        back.add(ready("back"), move |_| drop(bomb));
    }
    let mut group = front.before(back);
    cause.returns("done");
    test.poll_pending(&mut group);
    assert_eq!(group.len(), 1);
    test.take_log();
    assert_eq!(drop_panics(group), "1st");
    assert_eq!(test.take_log(), ["a dropped", "1st dropped", "2nd dropped"]);
    assert!(a.is_dropped());
}

#[test]
fn drop_panic_of_an_actor_drops_the_others() {
    let test = Test::default();
    let mut group = Group::new();
    let actors = ["a", "b", "c"].map(|name| test.add_manual(name, &mut group));
    actors.iter().for_each(Actor::panics_in_drop);
    test.settle(&mut group);
    let message = drop_panics(group);
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

/// Returns a group of a cause, which returns `None`, and of two actors that return a bomb when they are interrupted.
fn group_of_bombs(test: &Test) -> Group<'static, Option<LoggedBomb>> {
    let mut group = Group::new();
    group.add(ready(None), |_| {});
    for word in ["1st", "2nd"] {
        let bomb = LoggedBomb(word, test.clone());
        group.add_with(|interrupted| interrupted.map(|()| Some(bomb)));
    }
    group
}

/// Runs a future until it waits, and drops it. Asserts that this drops both bombs, and panics with the first.
#[track_caller]
fn assert_drops_both_bombs<F: Future + Unpin>(test: &Test, mut future: F) {
    test.settle(&mut future);
    assert_eq!(drop_panics(future), "1st");
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
        assert_eq!(exit.output().unwrap().as_ref().map_or("", |it| it.0), word);
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(exit)));
        assert_eq!(dropped.is_err(), !word.is_empty());
    }
}

/// The group keeps the outputs until it is ready.
#[test]
fn dropping_a_stopping_group_drops_all_outputs() {
    let test = Test::default();
    let mut group = group_of_bombs(&test);
    group.add(pending(), |_| {});
    assert_drops_both_bombs(&test, group);
}

#[test]
fn dropping_a_report_future_drops_all_outputs() {
    let test = Test::default();
    let mut group = group_of_bombs(&test);
    group.add(pending(), |_| {});
    assert_drops_both_bombs(&test, Box::pin(group.report()));
}

#[test]
fn dropping_a_run_future_drops_all_outputs() {
    let test = Test::default();
    let mut group = Group::new();
    group.add(ready(Ok(())), |_| {});
    for word in ["1st", "2nd"] {
        let bomb = LoggedBomb(word, test.clone());
        group.add_with(|interrupted| interrupted.map(|()| Err(bomb)));
    }
    group.add(pending(), |_| {});
    assert_drops_both_bombs(&test, Box::pin(group.run()));
}

/// The output of the cause is dropped as well, because the group resumes the panic instead of returning it.
#[test]
fn outputs_are_dropped_when_a_panic_is_resumed() {
    let test = Test::default();
    let mut group = group_of_bombs(&test);
    let bomb = LoggedBomb("cause's", test.clone());
    group.add(ready(Some(bomb)), |_| {});
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

/// The panic came after `begin` was replaced and before its future was. So the old future continued, the new `begin`
/// was never called, and the group hung.
#[test]
fn drop_panic_of_a_replaced_begin() {
    let test = Test::default();
    let mut group = Group::new();
    let bomb = Bomb("begin");
    group.grace_period(move || {
        let _held = &bomb;
        pending::<()>()
    });
    test.add_manual("stuck", &mut group);
    group.add(ready("done"), |_| {});
    test.settle(&mut group);
    let replaced = catch_unwind(AssertUnwindSafe(|| group.grace_period(|| ready(()))));
    assert_eq!(replaced.unwrap_err().downcast_ref::<Output>(), Some(&"begin"));
    assert_eq!(test.poll_ready(&mut group), Some("done"));
}

/// The payload of the second panic was dropped without `catch_unwind`.
#[test]
fn payload_that_panics_in_its_drop_is_ignored() {
    let mut group: Group<'_, ()> = Group::new();
    group.add(async { panic_any("first") }, |_| {});
    group.add(async { panic_any(Bomb("payload")) }, |_| {});
    assert_eq!(poll_panics(&Test::default(), &mut group), "first");
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
        group.add(actor.execute().map(|_| None), |_| {});
        test.settle(&mut group);
        test.take_log();
        assert_eq!(drop_panics(group), expected);
        assert_eq!(
            test.take_log(),
            ["actor dropped", "setting dropped", "1st dropped", "2nd dropped"]
        );
    }
}

/// Execute is dropped before the interrupt.
#[test]
fn first_drop_panic_of_an_actor_is_resumed() {
    let test = Test::default();
    let mut group = Group::new();
    let actor = test.actor("actor");
    actor.panics_in_drop();
    let bomb = LoggedBomb("interrupt", test.clone());
    group.add(actor.execute(), move |_| drop(bomb));
    assert_eq!(drop_panics(group), "actor panics in drop");
    assert_eq!(test.take_log(), ["actor dropped", "interrupt dropped"]);
}

/// A second panic would abort the process.
#[test]
fn drop_while_panicking_does_not_panic() {
    let test = Test::default();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut group = group_of_bombs(&test);
        let handle = group.handle();
        let actors = ["a", "b"].map(|name| test.actor(name));
        for actor in &actors {
            actor.panics_in_drop();
        }
        group.add(actors[0].execute().map(|_| None), |_| {});
        test.settle(&mut group);
        handle.add(actors[1].execute().map(|_| None), |_| {});
        test.take_log();
        panic_any("first");
    }));
    assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"first"));
    assert_eq!(test.take_log(), ["a dropped", "b dropped", "1st dropped", "2nd dropped"]);
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
        group.add(actor.execute().map(|_| None), |_| {});
    }
    test.settle(&mut front);
    let refused = catch_unwind(AssertUnwindSafe(|| front.before(back)));
    let payload = refused.unwrap_err();
    let message = payload.downcast_ref::<String>().unwrap();
    assert!(message.contains("has begun to stop"), "{message}");
    assert!(a.is_dropped() && b.is_dropped());
}
