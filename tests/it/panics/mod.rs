//! Clause 12, with `std`: panics are contained, the other actors shut down in order, and then the first panic is
//! resumed.

mod drops;
mod leaving;

use std::any::Any;
use std::cell::Cell;
use std::future::{pending, poll_fn, ready, Future};
use std::panic::{catch_unwind, panic_any, AssertUnwindSafe};
use std::task::Poll;

use run_group::{Exit, Group, LocalGroup, Outcome};

use crate::harness::{Output, Test};

/// Polls a future, asserts that it panics, and returns the message.
#[track_caller]
fn poll_panics<F: Future + Unpin>(test: &Test, future: &mut F) -> String {
    match catch_unwind(AssertUnwindSafe(|| test.poll(future))) {
        Ok(Poll::Pending) => panic!("pending, after: {:?}", test.take_log()),
        Ok(Poll::Ready(_)) => panic!("it did not panic: {:?}", test.take_log()),
        Err(payload) => message(&*payload),
    }
}

/// Calls `f`, asserts that it panics, and returns the message.
#[track_caller]
fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    let result = catch_unwind(AssertUnwindSafe(|| drop(f())));
    message(&*result.expect_err("it did not panic"))
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

#[test]
fn panic_is_an_exit_and_the_others_shut_down() {
    let test = Test::default();
    let (mut group, [a, b, c]) = test.group(["a", "b", "c"]);
    test.log_exits(&mut group);
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
    assert_eq!(test.poll_ready(&mut group), None); // it is empty again
}

/// An error that comes before it is lost, but `report` has both.
#[test]
fn run_resumes_a_panic_rather_than_an_error() {
    let error = Err("disk full");
    for (cause, is_exit) in [(Ok(()), true), (error, true), (error, false)] {
        let mut group: LocalGroup<'_, Result<(), &str>> = Group::local();
        group.add(ready(cause), |_| {});
        group.add(
            async move {
                if is_exit {
                    panic_any("oh");
                }
                Err("cannot flush")
            },
            |_| {},
        );
        group.on_exit(move |exit| {
            if !is_exit && exit.was_interrupted() {
                panic_any("oh");
            }
        });
        assert_eq!(poll_panics(&Test::default(), &mut Box::pin(group.run())), "oh");
    }
}

#[test]
fn late_panic_is_resumed() {
    let test = Test::default();
    let (mut group, [late]) = test.group(["late"]);
    group.add(ready("done"), |_| {});
    test.settle(&mut group);
    late.panics("late");
    assert_eq!(poll_panics(&test, &mut group), "late");
}

#[test]
fn first_of_several_panics_is_resumed() {
    let test = Test::default();
    let (mut group, [a, b, c]) = test.group(["a", "b", "c"]);
    test.settle(&mut group);
    for (actor, word) in [(c, "first"), (a, "second"), (b, "third")] {
        actor.panics(word);
    }
    assert_eq!(poll_panics(&test, &mut group), "first");
}

#[test]
fn report_returns_panics_as_outcomes() {
    let test = Test::default();
    let (mut group, [a]) = test.group(["a"]);
    group.add(pending(), panicking_interrupt("in the interrupt")).named("b");
    a.panics("first");
    test.add_manual("c", &mut group).panics("second");
    let report = test.poll_ready(&mut Box::pin(group.report()));
    let exits = report.iter().map(|exit| match exit.outcome() {
        Outcome::Panicked(panic) => (exit.name().unwrap(), panic.message().unwrap()),
        outcome => unreachable!("{outcome:?}"),
    });
    let expected = [("a", "first"), ("b", "in the interrupt"), ("c", "second")];
    assert_eq!(Vec::from_iter(exits), expected);
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
    for (first, second, expected) in
        [("done", "late", "stray"), ("panics", "late", "early"), ("done", "panics", "stray")]
    {
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
        assert_eq!(poll_panics(&test, &mut group), expected, "{first}, then {second}");
    }
}

#[test]
fn first_interrupt_panic_is_resumed() {
    let test = Test::default();
    let mut group = Group::new();
    test.log_exits(&mut group);
    group.add(pending(), panicking_interrupt("first")).named("a");
    group.add(pending(), panicking_interrupt("second")).named("b");
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
    front.add(pending(), panicking_interrupt("second")).named("a");
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

/// The outer observer is called although the inner one has panicked.
#[test]
fn panics_in_exit_observers_are_contained() {
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
    group.add(ready("done"), |_| {}).named("a");
    test.add_stoppable("b", &mut group);
    assert_eq!(poll_panics(&test, &mut group), "inner");
    assert_eq!(
        test.take_log(),
        [r#"a returned "done""#, "b! (by a)", "b", r#"b returned "stopped", interrupted"#]
    );
}

/// A timer that is made outside its runtime panics. The group must not wait without a limit then, so a panic counts as
/// the end. The next stage gets its grace period again.
#[test]
fn panicked_grace_period_ends_one_stage() {
    for in_begin in [true, false] {
        let test = Test::default();
        let (front, _) = test.group(["a"]);
        let (mut back, _) = test.group(["b"]);
        back.add(ready("done"), |_| {}).named("cause");
        let mut group = front.before(back);
        let timer = test.actor("timer");
        let (mut begin, again, mut stage) = (timer.begin(), timer.clone(), 0);
        group.grace_period(move || {
            stage += 1;
            assert!(!in_begin || stage > 1, "no runtime");
            again.waits();
            begin()
        });
        test.settle(&mut group);
        if !in_begin {
            assert_eq!(group.len(), 2);
            timer.panics("no runtime");
            test.settle(&mut group);
        }
        assert_eq!(group.len(), 1);
        test.take_log();

        timer.returns("over");
        assert_eq!(poll_panics(&test, &mut group), "no runtime");
        assert_eq!(test.take_log(), ["timer", "b", "b dropped"]);
        assert!(group.is_empty());
    }
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
    group.add(ready(Bomb("another output")), |_| panic_any(Bomb("an interrupt")));
    group.on_exit(|_| panic_any(Bomb("the observer")));
    assert_eq!(poll_panics(&Test::default(), &mut group), "first");
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

/// That panic is no actor's exit, so `report` resumes it, although an actor panics later.
#[test]
fn panic_in_wait_observer_is_contained() {
    let test = Test::default();
    let (mut front, [a, b]) = test.group(["a", "b"]);
    let says = test.clone();
    front.on_wait(move |waiting| {
        says.log(format_args!("front: {waiting}"));
        panic_any("observer");
    });
    let (back, [c]) = test.group(["c"]);
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
    c.panics("later");
    assert_eq!(poll_panics(&test, &mut Box::pin(group.report())), "observer");
}
