//! Clause 10: the bound of the stop.

use std::future::{pending, ready};
use std::task::Poll;

use run_group::{Group, Outcome};

use crate::play::{Actor, Play, Word};

/// Sets a grace period that says when it begins, and returns the means to end it.
fn grace_period(play: &Play, group: &mut Group<'_, Word>) -> Actor {
    let timer = play.actor("timer");
    let (play, mut begin) = (play.clone(), timer.begin());
    group.grace_period(move || {
        play.say("begins");
        begin()
    });
    timer
}

#[test]
fn begins_right_after_the_interrupts() {
    let play = Play::default();
    let mut group = Group::new();
    grace_period(&play, &mut group);
    let [a, _b] = ["a", "b"].map(|name| play.stubborn(name, &mut group));
    play.settle(&mut group);
    assert_eq!(play.log(), ["a", "b"]);

    a.returns("done");
    play.settle(&mut group);
    assert_eq!(
        play.log(),
        ["a", "a! (by a)", "b! (by a)", "begins", "timer"]
    );
}

#[test]
fn begins_once() {
    let play = Play::default();
    let mut group = Group::new();
    grace_period(&play, &mut group);
    let actors = ["a", "b", "c"].map(|name| play.stubborn(name, &mut group));
    for actor in actors {
        play.settle(&mut group);
        actor.returns("done");
    }
    assert_eq!(play.poll_ready(&mut group), Some("done"));
    let begun = play.log().iter().filter(|line| *line == "begins").count();
    assert_eq!(begun, 1);
}

#[test]
fn is_not_waited_for_when_all_are_back() {
    let play = Play::default();
    let mut group = Group::new();
    let timer = grace_period(&play, &mut group);
    let [a, b] = ["a", "b"].map(|name| play.stubborn(name, &mut group));
    a.returns("done");
    play.settle(&mut group);
    assert!(!timer.is_dropped());
    b.returns("late");
    assert_eq!(play.poll_ready(&mut group), Some("done"));
    assert!(timer.is_dropped());
}

#[test]
fn its_end_drops_who_is_still_out_in_the_order_of_adding() {
    let play = Play::default();
    let mut group = Group::new();
    play.observe(&mut group);
    let timer = grace_period(&play, &mut group);
    let [_a, b, c, d, _e] = ["a", "b", "c", "d", "e"].map(|name| play.stubborn(name, &mut group));
    c.returns("done");
    play.settle(&mut group);
    // So that the set has them in another order than that of adding.
    d.wake();
    b.wake();
    play.settle(&mut group);
    d.returns("in time");
    play.settle(&mut group);
    play.log();

    timer.returns("over");
    assert_eq!(play.poll_ready(&mut group), Some("done"));
    assert_eq!(
        play.log(),
        [
            "timer",
            "a dropped",
            "a expired",
            "b dropped",
            "b expired",
            "e dropped",
            "e expired"
        ]
    );
}

#[test]
fn the_report_names_who_ran_out() {
    let play = Play::default();
    let mut group = Group::new();
    group.grace_period(|| ready(()));
    play.stubborn("stuck", &mut group);
    group.add(ready("done"), |_| {}).named("first");
    group.add(pending(), |_| {});
    let line = line!() - 1;

    let exits = play.poll_ready(&mut Box::pin(group.report()));
    let expired: Vec<_> = exits
        .iter()
        .filter(|exit| matches!(exit.outcome(), Outcome::Expired))
        .map(ToString::to_string)
        .collect();
    assert_eq!(expired[0], "stuck expired");
    assert_eq!(expired[1], format!("{}:{line}:11 expired", file!()));
    assert!(exits[1..].iter().all(|exit| exit.was_interrupted()));
}

#[test]
fn one_that_is_over_at_once_still_lets_everyone_see_the_interrupt() {
    let play = Play::default();
    let mut group = Group::new();
    play.observe(&mut group);
    group.grace_period(|| ready(()));
    let [a, _b] = ["a", "b"].map(|name| play.obedient(name, &mut group));
    play.stubborn("c", &mut group);
    a.returns("done");
    assert_eq!(play.poll_ready(&mut group), Some("done"));
    assert_eq!(
        play.log(),
        [
            "a",
            r#"a returned "done""#,
            "a! (by a)",
            "b! (by a)",
            "c! (by a)",
            "b",
            r#"b returned "obeys", interrupted"#,
            "c",
            "c dropped",
            "c expired"
        ]
    );
}

#[test]
fn whoever_returns_in_the_poll_in_which_it_ends_has_returned() {
    let play = Play::default();
    let mut group = Group::new();
    let timer = grace_period(&play, &mut group);
    let [a, b, _c] = ["a", "b", "c"].map(|name| play.stubborn(name, &mut group));
    a.returns("done");
    play.settle(&mut group);

    timer.returns("over");
    b.returns("just in time");
    let exits = play.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(exits[1].output(), Some(&"just in time"));
    assert_eq!(exits[2].to_string(), "c expired");
}

#[test]
fn any_future_will_do_and_a_second_one_takes_the_place_of_the_first() {
    let play = Play::default();
    let mut group = Group::new();
    let never = grace_period(&play, &mut group);
    group.grace_period(|| async { Err::<u8, _>("what it resolves to is ignored") });
    assert!(never.is_dropped());
    play.stubborn("stuck", &mut group);
    group.add(ready("done"), |_| {});
    assert_eq!(play.poll_ready(&mut group), Some("done"));
}

#[test]
fn one_that_is_set_during_the_stop_begins_with_the_next_poll() {
    let play = Play::default();
    let mut group = Group::new();
    play.stubborn("stuck", &mut group);
    group.add(ready("done"), |_| {});
    play.settle(&mut group);
    play.log();

    let timer = grace_period(&play, &mut group);
    play.settle(&mut group);
    assert_eq!(play.log(), ["begins", "timer"]);
    timer.returns("over");
    assert_eq!(play.poll_ready(&mut group), Some("done"));
}

#[test]
fn an_actor_that_wakes_itself_for_ever_does_not_hold_it_up() {
    let play = Play::default();
    let mut group = Group::new();
    let timer = grace_period(&play, &mut group);
    for name in ["a", "b", "c"] {
        play.stubborn(name, &mut group).spins();
    }
    group.add(ready("done"), |_| {});
    play.poll_pending(&mut group);
    play.poll_pending(&mut group);
    timer.returns("over");
    assert_eq!(play.poll(&mut group), Poll::Ready(Some("done")));
}
