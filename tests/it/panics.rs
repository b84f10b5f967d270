//! Clause 12, with `std`: panics are contained, everyone gets an orderly stop, and no panic is swallowed.

use std::future::{pending, poll_fn, ready, Future};
use std::panic::{catch_unwind, panic_any, AssertUnwindSafe};
use std::task::Poll;

use run_group::{Exit, Group, LocalGroup, Outcome};

use crate::play::{Play, Word};

/// Polls a future, which panics, and returns what it says.
#[track_caller]
fn poll_panics<F: Future + Unpin>(play: &Play, future: &mut F) -> String {
    match catch_unwind(AssertUnwindSafe(|| play.poll(future))) {
        Ok(Poll::Pending) => panic!("pending, after: {:?}", play.log()),
        Ok(Poll::Ready(_)) => panic!("it did not panic: {:?}", play.log()),
        Err(payload) => match payload.downcast::<String>() {
            Ok(message) => *message,
            Err(payload) => payload.downcast_ref::<Word>().unwrap().to_string(),
        },
    }
}

/// An interrupt that panics.
fn panics(word: Word) -> impl FnOnce(&Exit<Word>) + Send {
    move |_| panic_any(word)
}

#[test]
fn a_panic_is_its_actors_exit_and_the_others_stop_in_order() {
    let play = Play::default();
    let mut group = Group::new();
    play.observe(&mut group);
    let [a, b, c] = ["a", "b", "c"].map(|name| play.stubborn(name, &mut group));
    c.obeys();
    play.settle(&mut group);
    play.log();

    b.panics("oh");
    play.settle(&mut group);
    assert_eq!(
        play.log(),
        [
            "b",
            "b panicked: oh",
            "a! (by b)",
            "b! (by b)",
            "c! (by b)",
            "c",
            r#"c returned "obeys", interrupted"#
        ]
    );
    a.returns("late");
    assert_eq!(poll_panics(&play, &mut group), "oh");
}

#[test]
fn a_panic_is_resumed_when_all_have_exited_and_the_group_is_as_new() {
    let play = Play::default();
    let mut group = Group::new();
    let [a, b] = ["a", "b"].map(|name| play.stubborn(name, &mut group));
    a.panics("oh");
    play.settle(&mut group);
    b.returns("late");
    assert_eq!(poll_panics(&play, &mut group), "oh");
    assert_eq!(play.poll_ready(&mut group), None);
}

#[test]
fn run_resumes_a_panic_too() {
    let mut group: LocalGroup<'_, Result<(), ()>> = Group::local();
    group.add(async { panic_any("oh") }, |_| {});
    assert_eq!(
        poll_panics(&Play::default(), &mut Box::pin(group.run())),
        "oh"
    );
}

#[test]
fn a_late_panic_is_resumed_though_the_cause_returned() {
    let play = Play::default();
    let mut group = Group::new();
    let late = play.stubborn("late", &mut group);
    group.add(ready("done"), |_| {});
    play.settle(&mut group);
    late.panics("late");
    assert_eq!(poll_panics(&play, &mut group), "late");
}

#[test]
fn of_several_panics_the_first_that_happened_is_resumed() {
    let play = Play::default();
    let mut group = Group::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| play.stubborn(name, &mut group));
    play.settle(&mut group);
    for (actor, word) in [(c, "first"), (a, "second"), (b, "third")] {
        actor.panics(word);
    }
    assert_eq!(poll_panics(&play, &mut group), "first");
}

#[test]
fn the_report_has_panics_as_outcomes_and_resumes_none() {
    let play = Play::default();
    let mut group = Group::new();
    let [a, b] = ["a", "b"].map(|name| play.stubborn(name, &mut group));
    b.panics("1st");
    a.panics("2nd");
    let exits = play.poll_ready(&mut Box::pin(group.report()));
    let lines: Vec<_> = exits.iter().map(ToString::to_string).collect();
    assert_eq!(lines, ["a panicked: 2nd", "b panicked: 1st, interrupted"]);
    for (exit, word) in exits.into_iter().zip(["2nd", "1st"]) {
        let Outcome::Panicked(payload) = exit.into_outcome() else {
            panic!("it panicked");
        };
        assert_eq!(payload.downcast_ref::<String>().unwrap(), word);
    }
}

#[test]
fn a_panic_in_an_interrupt_drops_its_actor_and_the_others_are_interrupted() {
    let play = Play::default();
    let mut group = Group::new();
    play.observe(&mut group);
    let [a, b, c] = ["a", "b", "c"].map(|name| play.actor(name));
    a.join(&mut group);
    group.add(b.execute(), panics("oh")).named("b");
    c.obeys();
    c.join(&mut group);
    play.settle(&mut group);
    play.log();

    a.returns("done");
    assert_eq!(poll_panics(&play, &mut group), "oh");
    assert_eq!(
        play.log(),
        [
            "a",
            r#"a returned "done""#,
            "a! (by a)",
            "b dropped",
            "b panicked: oh, interrupted",
            "c! (by a)",
            "c",
            r#"c returned "obeys", interrupted"#
        ]
    );
}

#[test]
fn a_panic_in_an_interrupt_is_an_outcome_of_the_report() {
    let mut group = Group::new();
    group.add(ready("done"), |_| {});
    group.add(pending(), panics("oh"));
    let exits = Play::default().poll_ready(&mut Box::pin(group.report()));
    assert!(matches!(exits[1].outcome(), Outcome::Panicked(_)));
    assert!(exits[1].was_interrupted());
}

#[test]
fn a_panic_in_the_interrupt_of_one_that_has_returned_is_resumed_even_by_the_report() {
    for reports in [false, true] {
        let play = Play::default();
        let mut group = Group::new();
        group.add(ready("done"), panics("oh"));
        let other = play.obedient("other", &mut group);
        let word = if reports {
            poll_panics(&play, &mut Box::pin(group.report()))
        } else {
            poll_panics(&play, &mut group)
        };
        assert_eq!(word, "oh");
        assert!(other.is_dropped());
        assert_eq!(play.log(), ["other! (by ?)", "other"]);
    }
}

#[test]
fn a_panic_without_an_exit_is_resumed_before_a_later_one_with_and_after_an_earlier_one() {
    for (first, second, expected) in [
        ("done", "late", "stray"),
        ("panics", "late", "early"),
        ("done", "panics", "stray"),
    ] {
        let play = Play::default();
        let mut group = Group::new();
        let a = play.actor("a");
        group.add(a.execute(), panics("stray"));
        let b = play.stubborn("b", &mut group);
        match first {
            "panics" => a.panics("early"),
            _ => a.returns("done"),
        }
        play.settle(&mut group);
        match second {
            "panics" => b.panics("later"),
            _ => b.returns("late"),
        }
        assert_eq!(poll_panics(&play, &mut group), expected);
    }
}

#[test]
fn two_interrupts_panic_and_the_first_is_resumed() {
    let play = Play::default();
    let mut group = Group::new();
    play.observe(&mut group);
    group.add(pending(), panics("first")).named("a");
    group.add(pending(), panics("second")).named("b");
    group.add(ready("done"), |_| {}).named("c");
    assert_eq!(poll_panics(&play, &mut group), "first");
    assert_eq!(
        play.log(),
        [
            r#"c returned "done""#,
            "a panicked: first, interrupted",
            "b panicked: second, interrupted"
        ]
    );
}

#[test]
fn panics_in_stages_do_not_disturb_their_order() {
    let play = Play::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    play.observe(&mut front);
    play.observe(&mut back);
    front.add(pending(), panics("second")).named("a");
    let b = play.stubborn("b", &mut front);
    play.obedient("c", &mut back);
    let d = play.stubborn("d", &mut back);
    d.panics("first");
    let mut group = front.before(back);
    play.settle(&mut group);
    b.panics("third");
    assert_eq!(poll_panics(&play, &mut group), "first");
    assert_eq!(
        play.log(),
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
            r#"c returned "obeys", interrupted"#
        ]
    );
}

#[test]
fn a_panic_in_the_drop_of_an_execute_that_has_returned_is_its_outcome() {
    let play = Play::default();
    let mut group = Group::new();
    play.observe(&mut group);
    let [a, _b] = ["a", "b"].map(|name| play.obedient(name, &mut group));
    a.panics_in_drop();
    a.returns("done");
    assert_eq!(poll_panics(&play, &mut group), "a panics in drop");
    assert_eq!(play.log()[1], "a panicked: a panics in drop");
}

#[test]
fn a_panic_in_the_drop_of_an_execute_that_panicked_does_not_count() {
    let play = Play::default();
    let mut group = Group::new();
    let a = play.stubborn("a", &mut group);
    a.panics_in_drop();
    a.panics("oh");
    assert_eq!(poll_panics(&play, &mut group), "oh");
}

#[test]
fn a_panic_in_the_drop_of_an_aborted_or_expired_execute_is_its_outcome() {
    let play = Play::default();
    let mut group = Group::new();
    group.grace_period(|| ready(()));
    let [a, b] = ["a", "b"].map(|name| play.actor(name));
    a.panics_in_drop();
    b.panics_in_drop();
    group.add_abortable(a.execute()).named("a");
    b.join(&mut group);
    let c = play.stubborn("c", &mut group);
    group.add(ready("done"), |_| {});
    let exits = play.poll_ready(&mut Box::pin(group.report()));
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
fn a_panic_of_the_observer_does_not_disturb_the_stop() {
    let play = Play::default();
    let mut group = Group::new();
    let observer = play.clone();
    group.on_exit(move |exit| {
        observer.say(exit);
        panic_any("observer");
    });
    group.add(ready("done"), |_| {}).named("a");
    play.obedient("b", &mut group);
    assert_eq!(poll_panics(&play, &mut group), "observer");
    assert_eq!(
        play.log(),
        [
            r#"a returned "done""#,
            "b! (by a)",
            "b",
            r#"b returned "obeys", interrupted"#
        ]
    );
}

/// A timer that needs its runtime panics where there is none. A bound that fails must not become no bound.
#[test]
fn a_grace_period_that_panics_is_over() {
    for at_once in [true, false] {
        let play = Play::default();
        let mut group = Group::new();
        group.grace_period(move || {
            if at_once {
                panic_any("no runtime");
            }
            poll_fn(|_| -> Poll<()> { panic_any("no runtime") })
        });
        group.add(ready("done"), |_| {}).named("a");
        play.obedient("b", &mut group);
        let stuck = play.stubborn("stuck", &mut group);
        assert_eq!(poll_panics(&play, &mut group), "no runtime");
        assert!(stuck.is_dropped());
    }
}

#[test]
fn a_panic_in_the_drop_of_a_grace_period_does_not_disturb_the_stop() {
    let play = Play::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let timer = play.actor("timer");
    timer.panics_in_drop();
    front.grace_period(timer.begin());
    let a = play.stubborn("a", &mut front);
    play.obedient("b", &mut back);
    let mut group = front.before(back);
    group.add(ready("done"), |_| {}).named("c");
    play.settle(&mut group);
    a.returns("late");
    assert_eq!(poll_panics(&play, &mut group), "timer panics in drop");
    assert_eq!(play.log().last().unwrap(), "b");
}

/// A value that panics with a word when it is dropped.
struct Bomb(Word);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic_any(self.0);
    }
}

/// Two panics at once would abort the program.
#[test]
fn what_else_panics_while_a_panic_is_resumed_is_of_no_account() {
    let mut group = Group::local();
    group.add(async { panic_any("first") }, |_| {});
    group.add(async { Bomb("an output") }, |_| {});
    group.add(async { panic_any(Bomb("what a panic carries")) }, |_| {});
    group.add(ready(Bomb("another output")), |_| {
        panic_any(Bomb("an interrupt"))
    });
    group.on_exit(|_| panic_any(Bomb("the observer")));
    assert_eq!(poll_panics(&Play::default(), &mut group), "first");
}

#[test]
fn an_output_that_panics_when_its_execute_has_panicked_in_its_drop_is_of_no_account() {
    let bomb = Bomb("execute");
    let mut group = Group::local();
    group.add(
        poll_fn(move |_| {
            let _held = &bomb;
            Poll::Ready(Bomb("output"))
        }),
        |_| {},
    );
    assert_eq!(poll_panics(&Play::default(), &mut group), "execute");
}

#[test]
fn a_second_panic_that_carries_another_does_not_disturb_the_stop() {
    let play = Play::default();
    let mut group = Group::new();
    struct Remains;
    impl Drop for Remains {
        fn drop(&mut self) {
            panic_any(Bomb("second"));
        }
    }
    let remains = Remains;
    group.add(
        poll_fn(move |_| -> Poll<Word> {
            let _held = &remains;
            panic_any("first")
        }),
        |_| {},
    );
    let other = play.obedient("other", &mut group);
    assert_eq!(poll_panics(&play, &mut group), "first");
    assert!(other.is_dropped());
    assert_eq!(play.log(), ["other! (by ?)", "other"]);
}

#[test]
fn a_report_that_resumes_a_panic_drops_its_exits_whatever_they_do() {
    let mut group = Group::local();
    group.add(ready(Bomb("output")), |_| panic_any("stray"));
    assert_eq!(
        poll_panics(&Play::default(), &mut Box::pin(group.report())),
        "stray"
    );
}

#[test]
fn a_grace_period_that_panics_when_it_is_replaced_leaves_the_new_one() {
    let play = Play::default();
    let mut group = Group::new();
    let timer = play.actor("timer");
    timer.panics_in_drop();
    group.grace_period(timer.begin());
    play.stubborn("stuck", &mut group);
    group.add(ready("done"), |_| {});
    play.settle(&mut group);
    let replaced = catch_unwind(AssertUnwindSafe(|| group.grace_period(|| ready(()))));
    assert!(replaced.is_err());
    assert_eq!(play.poll_ready(&mut group), Some("done"));
}

#[test]
fn a_panic_that_the_observer_answers_with_another_is_the_first() {
    let play = Play::default();
    let mut group = Group::new();
    let a = play.stubborn("a", &mut group);
    group.add(ready("done"), |_| {});
    group.on_exit(|exit| assert!(exit.output().is_some(), "of the observer"));
    play.settle(&mut group);
    a.panics("of execute");
    let panic = catch_unwind(AssertUnwindSafe(|| play.poll(&mut group))).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "of execute");
}

#[test]
fn a_panic_in_the_drop_of_an_interrupt_does_not_keep_that_of_another_exited_actor_from_being_dropped(
) {
    struct Loud;
    impl Drop for Loud {
        fn drop(&mut self) {
            panic!("loud")
        }
    }
    let play = Play::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    play.stubborn("a", &mut front);
    let cause = play.stubborn("cause", &mut front);
    for _ in 0..2 {
        let loud = Loud;
        back.add(ready("back"), move |_| drop(loud));
    }
    let mut group = front.before(back);
    cause.returns("done");
    play.poll_pending(&mut group);
    assert_eq!(group.len(), 1);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(group))).is_err());
}
