//! Clause 14: adding while it runs and while it stops, and use after the end.

use std::future::{pending, ready};

use futures::future::FusedFuture;
use run_group::{Group, Outcome};

use crate::play::Play;

#[test]
fn an_actor_added_while_the_group_runs_starts_with_the_next_poll() {
    let play = Play::default();
    let mut group = Group::new();
    play.stubborn("a", &mut group);
    play.settle(&mut group);
    play.log();

    play.stubborn("b", &mut group);
    play.stubborn("c", &mut group);
    assert_eq!(group.len(), 3);
    assert!(play.log().is_empty());
    play.poll_pending(&mut group);
    assert_eq!(play.log(), ["b", "c"]);
}

#[test]
fn an_actor_added_beside_some_that_wake_themselves_starts_with_the_next_poll() {
    let play = Play::default();
    let mut group = Group::new();
    for name in ["a", "b", "c", "d"] {
        play.stubborn(name, &mut group).spins();
    }
    play.poll_pending(&mut group);
    play.log();

    play.stubborn("e", &mut group);
    play.stubborn("f", &mut group);
    play.poll_pending(&mut group);
    let log = play.log();
    assert!(
        log.contains(&"e".into()) && log.contains(&"f".into()),
        "{log:?}"
    );
}

#[test]
fn an_actor_added_while_the_group_runs_is_one_like_any_other() {
    let play = Play::default();
    let mut group = Group::new();
    play.obedient("a", &mut group);
    play.settle(&mut group);
    play.stubborn("b", &mut group).returns("done");
    play.log();
    let exits = play.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(play.log(), ["b", "a! (by b)", "b! (by b)", "a"]);
    assert_eq!(exits[0].index(), 1);
}

#[test]
fn actors_added_while_the_group_stops_are_interrupted_before_their_first_poll() {
    let play = Play::default();
    let mut group = Group::new();
    let a = play.stubborn("a", &mut group);
    group.add(ready("done"), |_| {}).named("first");
    play.settle(&mut group);
    play.log();

    play.stubborn("b", &mut group);
    play.obedient("c", &mut group);
    group.add_abortable(play.actor("d").execute());
    play.settle(&mut group);
    assert_eq!(
        play.log(),
        ["b! (by first)", "c! (by first)", "d dropped", "b", "c"]
    );
    assert_eq!(group.len(), 2);
    drop(a);
}

#[test]
fn the_report_has_those_added_while_the_group_stopped() {
    let play = Play::default();
    let mut group = Group::new();
    group.grace_period(|| ready(()));
    group.add(ready("done"), |_| {}).named("first");
    play.stubborn("a", &mut group);
    let mut group = {
        let mut front = group;
        let mut back = Group::new();
        let b = play.stubborn("b", &mut back);
        front = front.before(back);
        play.settle(&mut front);
        front.add_abortable(pending());
        b.returns("late");
        Box::pin(front.report())
    };
    let exits = play.poll_ready(&mut group);
    let indices: Vec<_> = exits.iter().map(|exit| exit.index()).collect();
    assert_eq!(indices, [0, 1, 3, 2]);
    assert!(matches!(exits[2].outcome(), Outcome::Aborted));
}

#[test]
fn after_the_end_the_group_is_as_new() {
    let play = Play::default();
    let mut back = Group::new();
    back.on_exit(|_| {});
    let mut group = Group::new();
    group.grace_period(|| ready(()));
    group.on_exit({
        let play = play.clone();
        move |_| play.say("observer")
    });
    play.stubborn("stuck", &mut group);
    group.add(ready("done"), |_| {});
    group = group.before(back);
    assert_eq!(play.poll_ready(&mut group), Some("done"));
    play.log();

    // No actor, no cause.
    assert_eq!(group.len(), 0);
    assert_eq!(play.poll_ready(&mut group), None);
    // No grace period, no observer, indices from 0.
    let a = play.stubborn("a", &mut group);
    play.stubborn("b", &mut group).returns("again");
    play.settle(&mut group);
    assert_eq!(play.log(), ["a", "b", "a! (by b)", "b! (by b)"]);
    a.returns("a");
    let exits = play.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(exits[0].index(), 1);
    assert_eq!(exits[1].index(), 0);
}

#[test]
fn a_group_runs_in_a_loop() {
    let play = Play::default();
    let mut group = Group::new();
    for round in 0..100 {
        group.add(async move { round }, |_| {});
        group.add_abortable(pending());
        group.add_with(|interrupted| async move {
            interrupted.await;
            0
        });
        assert_eq!(play.poll_ready(&mut group), Some(round));
    }
}

#[test]
fn it_is_terminated_from_its_end_until_an_actor_is_added() {
    let play = Play::default();
    let mut group = Group::new();
    assert!(!group.is_terminated());
    group.add(ready("done"), |_| {});
    assert!(!group.is_terminated());
    play.poll_ready(&mut group);
    assert!(group.is_terminated());
    group.add(ready("again"), |_| {});
    assert!(!group.is_terminated());
}

#[test]
fn it_is_empty_while_nobody_is_out() {
    let play = Play::default();
    let mut group = Group::new();
    assert!(group.is_empty());
    let a = play.stubborn("a", &mut group);
    group.add(ready("done"), |_| {});
    assert!(!group.is_empty());
    play.settle(&mut group);
    assert!(!group.is_empty());
    a.returns("late");
    play.poll_ready(&mut group);
    assert!(group.is_empty());
}

#[test]
fn what_is_put_together_of_one_that_has_ended_and_one_that_has_not_is_not_terminated() {
    let play = Play::default();
    let mut ended = Group::new();
    play.observe(&mut ended);
    play.poll_ready(&mut ended);
    assert!(ended.is_terminated());
    let mut back = Group::new();
    back.add(ready("done"), |_| {});
    assert!(!ended.before(back).is_terminated());
}

#[test]
fn it_may_be_selected_over_in_a_loop() {
    let mut group = Group::new();
    group.add(ready("done"), |_| {});
    let outputs = smol::block_on(async {
        let mut outputs = Vec::new();
        loop {
            futures::select! {
                output = group => outputs.push(output),
                complete => break outputs,
            }
        }
    });
    assert_eq!(outputs, [Some("done")]);
}

/// A loop that selects over a group may poll it before there is anything in it.
#[test]
fn what_is_set_on_an_empty_group_stays_though_it_is_polled() {
    let play = Play::default();
    let mut group = Group::new();
    play.observe(&mut group);
    group.grace_period(|| ready(()));
    assert_eq!(play.poll_ready(&mut group), None);
    assert!(group.is_terminated());

    play.stubborn("stuck", &mut group);
    group.add(ready("done"), |_| {}).named("a");
    assert_eq!(play.poll_ready(&mut group), Some("done"));
    assert_eq!(play.log().last().unwrap(), "stuck expired");
}

#[test]
fn a_new_group_before_one_that_has_ended_is_that_one() {
    let play = Play::default();
    let mut ended = Group::new();
    ended.add(ready("done"), |_| {});
    play.poll_ready(&mut ended);
    assert!(Group::new().before(ended).is_terminated());
}

#[test]
fn whoever_is_added_before_an_abortable_one_while_the_group_stops_starts_with_the_next_poll() {
    let play = Play::default();
    let mut group = Group::new();
    for name in ["a", "b"] {
        play.stubborn(name, &mut group).spins();
    }
    group.add(ready("done"), |_| {}).named("c");
    play.poll_pending(&mut group);
    play.stubborn("new", &mut group);
    group.add_abortable(pending());
    play.log();
    play.poll_pending(&mut group);
    assert!(play.log().iter().any(|line| line == "new"));
}

#[test]
fn there_is_no_limit_to_the_rounds_of_a_group() {
    let play = Play::default();
    let mut group = Group::new();
    for round in 0..70_000 {
        group.add(ready(round), |_| {});
        assert_eq!(play.poll_ready(&mut group), Some(round));
    }
}
