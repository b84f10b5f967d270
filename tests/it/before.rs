//! Clause 11, where the groups that are put together have been polled before: they run, or are stopping already.

use std::future::ready;

use run_group::Group;

use crate::play::{Actor, Play, Word};

/// A front that is running, with a grace period, before a back that was stopping already. Of the front `a` is out, of
/// the back `c`.
fn stopping_behind(play: &Play) -> (Group<'static, Word>, Actor, Actor, Actor) {
    let (mut front, mut back) = (Group::new(), Group::new());
    let waits = play.actor("the front's grace period");
    front.grace_period(waits.begin());
    let a = play.stubborn("a", &mut front);
    let c = play.stubborn("c", &mut back);
    back.add(ready("done"), |_| {}).named("b");
    play.settle(&mut back);
    let mut group = front.before(back);
    play.settle(&mut group);
    (group, waits, a, c)
}

/// What the grace period of the front had said was taken for an answer of the back's, which has none, since nothing
/// was to be interrupted there.
#[test]
fn the_grace_period_of_the_front_does_not_bound_a_back_that_was_stopping_already() {
    for a_returns in [false, true] {
        let play = Play::default();
        let (mut group, waits, a, c) = stopping_behind(&play);
        waits.returns("over");
        if a_returns {
            a.returns("just in time");
        }
        play.settle(&mut group);
        assert_eq!(group.len(), 1);
        c.returns("late");
        assert_eq!(play.poll_ready(&mut group), Some("done"));
    }
}

/// And it was not polled when its stage was reached, so that a wake from before was lost, and the group hung.
#[test]
fn the_grace_period_of_a_back_that_was_stopping_already_ends_it() {
    let play = Play::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let a = play.stubborn("a", &mut front);
    let waits = play.actor("the back's grace period");
    back.grace_period(waits.begin());
    play.stubborn("c", &mut back);
    back.add(ready("done"), |_| {}).named("b");
    play.settle(&mut back);
    let mut group = front.before(back);
    play.settle(&mut group);
    waits.returns("over"); // while the front is stopping
    play.settle(&mut group);
    assert_eq!(group.len(), 2);
    a.returns("back");
    play.take_wakes();
    while play.poll(&mut group).is_pending() {
        assert!(play.take_wakes() > 0, "it hangs");
    }
    assert!(group.is_empty());
}

/// The actors of a running back are polled once more, but counted as started already. So when the front's had woken
/// themselves, the set took a break in which the others were left for the next poll.
#[test]
fn all_are_polled_in_the_first_poll_whichever_of_the_two_was_running() {
    for front_runs in [false, true] {
        let play = Play::default();
        let (mut front, mut back) = (Group::new(), Group::new());
        let (running, new) = match front_runs {
            true => (&mut front, &mut back),
            false => (&mut back, &mut front),
        };
        play.stubborn("e", running);
        play.settle(running);
        for name in ["a", "b"] {
            play.stubborn(name, new).spins();
        }
        for name in ["c", "d"] {
            play.stubborn(name, new);
        }
        play.log();
        let mut group = front.before(back);
        play.poll_pending(&mut group);
        let log = play.log();
        for name in ["a", "b", "c", "d"] {
            assert!(log.iter().any(|line| line == name), "{name} in {log:?}");
        }
    }
}

#[test]
fn every_exit_keeps_its_name_when_both_were_stopping() {
    let play = Play::default();
    let named = |prefix| {
        let mut group = Group::new();
        let actors = [0, 1, 2, 3].map(|i| {
            let actor = play.actor("x");
            group
                .add(actor.execute(), |_| {})
                .named(format!("{prefix}{i}"));
            actor
        });
        (group, actors)
    };
    let (mut front, fronts) = named("front");
    let (mut back, backs) = named("back");
    back.on_exit(|exit| assert!(exit.name().unwrap().starts_with("back")));
    for (group, first, second) in [
        (&mut front, &fronts[2], &fronts[0]),
        (&mut back, &backs[3], &backs[1]),
    ] {
        for actor in [first, second] {
            actor.returns("");
            play.settle(group);
        }
    }
    let mut group = front.before(back);
    group.on_exit(|exit| assert!(exit.name().is_some()));
    play.settle(&mut group);
    for actor in fronts.iter().chain(&backs) {
        actor.returns("");
    }
    let exits = play.poll_ready(&mut Box::pin(group.report()));
    let names = exits
        .iter()
        .map(|exit| (exit.index(), exit.name().unwrap()));
    assert_eq!(
        names.collect::<Vec<_>>(),
        [
            (2, "front2"),
            (0, "front0"),
            (7, "back3"),
            (5, "back1"),
            (1, "front1"),
            (3, "front3"),
            (4, "back0"),
            (6, "back2"),
        ]
    );
}

#[test]
fn an_observer_of_stages_of_which_some_have_ended_still_sees_the_others_behind_a_front() {
    let play = Play::default();
    let [mut a, mut b, mut c, mut front] = ["a", "b", "c", "front"].map(|name| {
        let mut group = Group::new();
        play.obedient(name, &mut group);
        group
    });
    a.add(ready("done"), |_| {}).named("cause");
    let stuck = play.stubborn("stuck", &mut b);
    let mut stages = a.before(b);
    play.observe(&mut stages);
    c.add_abortable(ready("never polled"));
    let mut back = stages.before(c);
    play.settle(&mut back);
    play.settle(&mut front);
    let mut group = front.before(back);
    play.settle(&mut group);
    play.log();
    stuck.returns("s");
    play.poll_ready(&mut group);
    let log = play.log();
    assert!(
        log.iter().any(|line| line.starts_with("stuck returned")),
        "{log:?}"
    );
    assert!(
        !log.iter().any(|line| line.starts_with("c returned")),
        "{log:?}"
    );
}

#[cfg(all(feature = "std", panic = "unwind"))]
mod panics {
    use std::panic::{catch_unwind, panic_any, AssertUnwindSafe};

    use super::*;

    #[test]
    fn the_first_panic_is_that_of_the_front() {
        let play = Play::default();
        let (mut front, mut back) = (Group::new(), Group::new());
        let a = play.stubborn("a", &mut front);
        let b = play.stubborn("b", &mut front);
        front.add(ready("done"), |_| {});
        play.settle(&mut front);
        a.panics("of the front");
        play.settle(&mut front);
        back.add(ready("done"), |_| panic!("of the back, in no exit"));
        let c = play.stubborn("c", &mut back);
        play.settle(&mut back);
        let mut group = front.before(back);
        b.returns("");
        c.returns("");
        let panic = catch_unwind(AssertUnwindSafe(|| play.poll(&mut group))).unwrap_err();
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or(panic.downcast_ref::<&str>().copied());
        assert_eq!(words, Some("of the front"));
    }

    /// What a panic carries, and panics itself when it is dropped.
    struct Loud;

    impl Drop for Loud {
        fn drop(&mut self) {
            panic!("the payload")
        }
    }

    /// The second of two panics in no exit was dropped as it was, and what that panicked with came out of `before`.
    #[test]
    fn the_second_panic_in_no_exit_is_of_no_account() {
        let play = Play::default();
        let [front, back] = ["a", "b"].map(|name| {
            let mut group = Group::new();
            group.on_exit(|_| panic_any(Loud));
            play.stubborn(name, &mut group);
            group.add(ready("done"), |_| {});
            play.settle(&mut group);
            group
        });
        let merged = catch_unwind(AssertUnwindSafe(|| front.before(back)));
        let group = merged.unwrap_or_else(|_| panic!("`before` has panicked"));
        // It has the first one still, and drops it.
        assert!(catch_unwind(AssertUnwindSafe(|| drop(group))).is_err());
    }
}
