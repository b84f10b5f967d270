//! Clause 12, with `std`: panics are contained, the other actors shut down in order, and then the first panic is
//! resumed.

use std::any::Any;
use std::cell::Cell;
use std::future::{pending, poll_fn, ready, Future};
use std::panic::{catch_unwind, panic_any, AssertUnwindSafe};
use std::task::Poll;

use futures::future::FutureExt;
use run_group::{Exit, Group, LocalGroup, Outcome};

use crate::harness::{Actor, Output, Test};

/// Polls a future, asserts that it panics, and returns the message.
#[track_caller]
fn poll_panics<F: Future + Unpin>(test: &Test, future: &mut F) -> String {
    match catch_unwind(AssertUnwindSafe(|| test.poll(future))) {
        Ok(Poll::Pending) => panic!("pending, after: {:?}", test.take_log()),
        Ok(Poll::Ready(_)) => panic!("it did not panic: {:?}", test.take_log()),
        Err(payload) => message(&*payload),
    }
}

/// Drops a value, asserts that this panics, and returns the message.
#[track_caller]
fn drop_panics<X>(x: X) -> String {
    message(&*catch_unwind(AssertUnwindSafe(|| drop(x))).unwrap_err())
}

/// Returns the message of a panic.
#[track_caller]
fn message(payload: &(dyn Any + Send)) -> String {
    let message = payload.downcast_ref::<String>().cloned();
    message.unwrap_or_else(|| payload.downcast_ref::<Output>().unwrap().to_string())
}

/// Returns an interrupt that panics.
fn panicking_interrupt(message: Output) -> impl FnOnce(&Exit<Output>) + Send {
    move |_| panic_any(message)
}

/// Adds `a`, which returns in its first poll, and `b`, which returns when it is interrupted.
fn add_two(test: &Test, group: &mut Group<'_, Output>) {
    group.add(ready("done"), |_| {}).named("a");
    test.add_stoppable("b", group);
}

/// The log of these two, if an observer logs their exits.
const LOG_OF_TWO: [&str; 4] = [
    r#"a returned "done""#,
    "b! (by a)",
    "b",
    r#"b returned "stopped", interrupted"#,
];

#[test]
fn panic_is_an_exit_and_the_others_shut_down() {
    let test = Test::default();
    let mut group = Group::new();
    test.log_exits(&mut group);
    let [a, b, c] = ["a", "b", "c"].map(|name| test.add_manual(name, &mut group));
    c.stops_when_interrupted();
    test.settle(&mut group);
    test.take_log();

    b.panics("oh");
    test.settle(&mut group);
    assert_eq!(
        test.take_log(),
        [
            "b",
            "b panicked: oh",
            "a! (by b)",
            "b! (by b)",
            "c! (by b)",
            "c",
            r#"c returned "stopped", interrupted"#
        ]
    );
    a.returns("late");
    assert_eq!(poll_panics(&test, &mut group), "oh");
}

#[test]
fn panic_is_resumed_when_all_have_exited() {
    let test = Test::default();
    let mut group = Group::new();
    let [a, b] = ["a", "b"].map(|name| test.add_manual(name, &mut group));
    a.panics("oh");
    test.settle(&mut group);
    b.returns("late");
    assert_eq!(poll_panics(&test, &mut group), "oh");
    assert_eq!(test.poll_ready(&mut group), None); // it is empty again
}

#[test]
fn run_resumes_the_panic() {
    let mut group: LocalGroup<'_, Result<(), ()>> = Group::local();
    group.add(async { panic_any("oh") }, |_| {});
    assert_eq!(
        poll_panics(&Test::default(), &mut Box::pin(group.run())),
        "oh"
    );
}

#[test]
fn late_panic_is_resumed() {
    let test = Test::default();
    let mut group = Group::new();
    let late = test.add_manual("late", &mut group);
    group.add(ready("done"), |_| {});
    test.settle(&mut group);
    late.panics("late");
    assert_eq!(poll_panics(&test, &mut group), "late");
}

#[test]
fn first_of_several_panics_is_resumed() {
    let test = Test::default();
    let mut group = Group::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| test.add_manual(name, &mut group));
    test.settle(&mut group);
    for (actor, word) in [(c, "first"), (a, "second"), (b, "third")] {
        actor.panics(word);
    }
    assert_eq!(poll_panics(&test, &mut group), "first");
}

#[test]
fn report_returns_panics_as_outcomes() {
    let test = Test::default();
    let mut group = Group::new();
    let [a, b] = ["a", "b"].map(|name| test.add_manual(name, &mut group));
    b.panics("1st");
    a.panics("2nd");
    let exits = test.poll_ready(&mut Box::pin(group.report()));
    let lines: Vec<_> = exits.iter().map(ToString::to_string).collect();
    assert_eq!(lines, ["a panicked: 2nd", "b panicked: 1st, interrupted"]);
    for (exit, word) in exits.into_iter().zip(["2nd", "1st"]) {
        let Outcome::Panicked(panic) = exit.into_outcome() else {
            panic!("it panicked");
        };
        assert_eq!(panic.message(), Some(word));
    }
}

#[test]
fn panic_in_an_interrupt_drops_only_its_actor() {
    let test = Test::default();
    let mut group = Group::new();
    test.log_exits(&mut group);
    let [a, b, c] = ["a", "b", "c"].map(|name| test.actor(name));
    a.add_to(&mut group);
    group.add(b.execute(), panicking_interrupt("oh")).named("b");
    c.stops_when_interrupted();
    c.add_to(&mut group);
    test.settle(&mut group);
    test.take_log();

    a.returns("done");
    assert_eq!(poll_panics(&test, &mut group), "oh");
    assert_eq!(
        test.take_log(),
        [
            "a",
            r#"a returned "done""#,
            "a! (by a)",
            "b dropped",
            "b panicked: oh, interrupted",
            "c! (by a)",
            "c",
            r#"c returned "stopped", interrupted"#
        ]
    );
}

#[test]
fn panic_in_an_interrupt_is_an_outcome() {
    let mut group = Group::new();
    group.add(ready("done"), |_| {});
    group.add(pending(), panicking_interrupt("oh"));
    let exits = Test::default().poll_ready(&mut Box::pin(group.report()));
    assert!(matches!(exits[1].outcome(), Outcome::Panicked(_)));
    assert!(exits[1].was_interrupted());
}

#[test]
fn report_resumes_a_panic_that_is_no_exit() {
    for reports in [false, true] {
        let test = Test::default();
        let mut group = Group::new();
        group.add(ready("done"), panicking_interrupt("oh"));
        let other = test.add_stoppable("other", &mut group);
        let word = if reports {
            poll_panics(&test, &mut Box::pin(group.report()))
        } else {
            poll_panics(&test, &mut group)
        };
        assert_eq!(word, "oh");
        assert!(other.is_dropped());
        assert_eq!(test.take_log(), ["other! (by ?)", "other"]);
    }
}

#[test]
fn first_panic_is_resumed_whether_exit_or_not() {
    for (first, second, expected) in [
        ("done", "late", "stray"),
        ("panics", "late", "early"),
        ("done", "panics", "stray"),
    ] {
        let test = Test::default();
        let mut group = Group::new();
        let a = test.actor("a");
        group.add(a.execute(), panicking_interrupt("stray"));
        let b = test.add_manual("b", &mut group);
        match first {
            "panics" => a.panics("early"),
            _ => a.returns("done"),
        }
        test.settle(&mut group);
        match second {
            "panics" => b.panics("later"),
            _ => b.returns("late"),
        }
        assert_eq!(poll_panics(&test, &mut group), expected);
    }
}

#[test]
fn first_interrupt_panic_is_resumed() {
    let test = Test::default();
    let mut group = Group::new();
    test.log_exits(&mut group);
    group
        .add(pending(), panicking_interrupt("first"))
        .named("a");
    group
        .add(pending(), panicking_interrupt("second"))
        .named("b");
    group.add(ready("done"), |_| {}).named("c");
    assert_eq!(poll_panics(&test, &mut group), "first");
    assert_eq!(
        test.take_log(),
        [
            r#"c returned "done""#,
            "a panicked: first, interrupted",
            "b panicked: second, interrupted"
        ]
    );
}

#[test]
fn panics_keep_the_order_of_stages() {
    let test = Test::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    test.log_exits(&mut front);
    test.log_exits(&mut back);
    front
        .add(pending(), panicking_interrupt("second"))
        .named("a");
    let b = test.add_manual("b", &mut front);
    test.add_stoppable("c", &mut back);
    let d = test.add_manual("d", &mut back);
    d.panics("first");
    let mut group = front.before(back);
    test.settle(&mut group);
    b.panics("third");
    assert_eq!(poll_panics(&test, &mut group), "first");
    assert_eq!(
        test.take_log(),
        [
            "b",
            "c",
            "d",
            "d panicked: first",
            "a panicked: second, interrupted",
            "b! (by d)",
            "b",
            "b panicked: third, interrupted",
            "c! (by d)",
            "d! (by d)",
            "c",
            r#"c returned "stopped", interrupted"#
        ]
    );
}

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
fn panic_in_exit_observer_is_contained() {
    let test = Test::default();
    let mut group = Group::new();
    let observer = test.clone();
    group.on_exit(move |exit| {
        observer.log(exit);
        panic_any("observer");
    });
    add_two(&test, &mut group);
    assert_eq!(poll_panics(&test, &mut group), "observer");
    assert_eq!(test.take_log(), LOG_OF_TWO);
}

/// A timer that is made outside its runtime panics. The group must not wait without a limit then.
#[test]
fn panicked_grace_period_counts_as_over() {
    for at_once in [true, false] {
        let test = Test::default();
        let mut group = Group::new();
        group.grace_period(move || {
            if at_once {
                panic_any("no runtime");
            }
            poll_fn(|_| -> Poll<()> { panic_any("no runtime") })
        });
        add_two(&test, &mut group);
        let stuck = test.add_manual("stuck", &mut group);
        assert_eq!(poll_panics(&test, &mut group), "no runtime");
        assert!(stuck.is_dropped());
    }
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

/// A value that panics with its message when it is dropped.
struct Bomb(Output);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic_any(self.0);
    }
}

/// Two panics at once abort the process. That happened when the payload of a later panic panicked in its drop: once the
/// first panic was taken out, the exit with that payload was taken for the cause, and dropped without `catch_unwind`.
#[test]
fn later_panics_of_all_kinds_are_ignored() {
    let mut group = Group::local();
    group.add(async { panic_any("first") }, |_| {});
    group.add(async { Bomb("an output") }, |_| {});
    group.add(async { panic_any(Bomb("what a panic carries")) }, |_| {});
    group.add(ready(Bomb("another output")), |_| {
        panic_any(Bomb("an interrupt"))
    });
    group.on_exit(|_| panic_any(Bomb("the observer")));
    assert_eq!(poll_panics(&Test::default(), &mut group), "first");
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
fn payload_that_panics_again_is_ignored() {
    let test = Test::default();
    let mut group = Group::new();
    thread_local!(static LEFT: Cell<u8> = const { Cell::new(3) });
    /// When dropped, panics with another such value, three times in a row. It has no size, so leaking one leaks no
    /// memory.
    struct Nested;
    impl Drop for Nested {
        fn drop(&mut self) {
            if LEFT.get() > 0 {
                LEFT.set(LEFT.get() - 1);
                panic_any(Nested);
            }
        }
    }
    let nested = Nested;
    group.add(
        poll_fn(move |_| -> Poll<Output> {
            let _held = &nested;
            panic_any("first")
        }),
        |_| {},
    );
    let other = test.add_stoppable("other", &mut group);
    assert_eq!(poll_panics(&test, &mut group), "first");
    assert!(other.is_dropped());
    assert_eq!(test.take_log(), ["other! (by ?)", "other"]);
}

#[test]
fn report_that_resumes_a_panic_drops_its_exits() {
    let mut group = Group::local();
    group.add(ready(Bomb("output")), |_| panic_any("stray"));
    assert_eq!(
        poll_panics(&Test::default(), &mut Box::pin(group.report())),
        "stray"
    );
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

#[test]
fn exit_panic_precedes_observer_panic() {
    let test = Test::default();
    let mut group = Group::new();
    let a = test.add_manual("a", &mut group);
    group.add(ready("done"), |_| {});
    group.on_exit(|exit| assert!(exit.output().is_some(), "of the observer"));
    test.settle(&mut group);
    a.panics("of execute");
    assert_eq!(poll_panics(&test, &mut group), "of execute");
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
    assert_eq!(
        test.take_log(),
        ["1st dropped", "2nd dropped", "cause's dropped"]
    );
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
    assert_eq!(
        replaced.unwrap_err().downcast_ref::<Output>(),
        Some(&"begin")
    );
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
            [
                "actor dropped",
                "setting dropped",
                "1st dropped",
                "2nd dropped"
            ]
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
    assert_eq!(
        test.take_log(),
        ["a dropped", "b dropped", "1st dropped", "2nd dropped"]
    );
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

// Observers of `on_wait`.

#[test]
fn panic_in_wait_observer_is_contained() {
    let test = Test::default();
    let mut front = Group::new();
    let says = test.clone();
    front.on_wait(move |waiting| {
        says.log(format_args!("front: {waiting}"));
        panic_any("observer");
    });
    let [a, b] = ["a", "b"].map(|name| test.add_manual(name, &mut front));
    let mut back = Group::new();
    let c = test.add_manual("c", &mut back);
    let mut group = front.before(back);
    let says = test.clone();
    group.on_wait(move |waiting| says.log(format_args!("all: {waiting}")));
    group.add(ready("done"), |_| {}).named("cause");
    test.settle(&mut group);
    assert_eq!(test.take_log()[5..], ["front: a, b", "all: a, b"]);
    a.returns("late");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["a", "front: b", "all: b"]);
    b.returns("late");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["b", "c! (by cause)", "all: c"]);
    c.returns("late");
    assert_eq!(poll_panics(&test, &mut group), "observer");
}

/// That panic is no actor's exit, so it is not in the report.
#[test]
fn report_resumes_wait_observer_panic() {
    let test = Test::default();
    let mut group = Group::new();
    group.on_wait(|_| panic_any("observer"));
    let slow = test.add_manual("slow", &mut group);
    group.add(ready("done"), |_| {});
    let mut report = Box::pin(group.report());
    test.settle(&mut report);
    slow.panics("later");
    assert_eq!(poll_panics(&test, &mut report), "observer");
}

#[test]
fn outer_observer_runs_after_inner_panics() {
    let test = Test::default();
    let mut front = Group::new();
    front.on_exit(|_| panic_any("inner"));
    let mut group = front.before(Group::new());
    group.on_exit({
        let test = test.clone();
        move |exit| {
            test.log(exit);
            panic_any("outer");
        }
    });
    add_two(&test, &mut group);
    assert_eq!(poll_panics(&test, &mut group), "inner");
    assert_eq!(test.take_log(), LOG_OF_TWO);
}

/// The next stage still gets its grace period.
#[test]
fn panicked_grace_period_ends_one_stage() {
    let test = Test::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    test.add_manual("a", &mut front);
    let b = test.add_manual("b", &mut back);
    let mut group = front.before(back);
    let mut stages = 0;
    group.grace_period(move || {
        stages += 1;
        assert!(stages > 1, "no runtime");
        pending::<()>()
    });
    group.add(ready("done"), |_| {}).named("cause");
    test.settle(&mut group);
    assert_eq!(group.len(), 1);
    assert!(!b.is_dropped());
    b.returns("late");
    assert_eq!(poll_panics(&test, &mut group), "no runtime");
}
