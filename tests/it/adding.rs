//! Clause 14: adding to a group that runs or stops, and using it again after the end.

use std::future::{pending, ready};

use futures::future::FusedFuture;
use run_group::{Group, Outcome};

use crate::play::{Actor, Play, Word};

#[test]
fn added_actor_is_polled_in_next_poll() {
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

/// Some of these wake themselves, so that it takes several polls of the group.
#[test]
fn added_actor_is_polled_after_waiting_ones() {
    for stops in [false, true] {
        let play = Play::default();
        let mut group = Group::new();
        let woken = play.stubborn("woken", &mut group);
        let spinning = ["a", "b", "c", "d"].map(|name| play.stubborn(name, &mut group));
        if stops {
            group.add(ready("done"), |_| {});
        }
        play.settle(&mut group);
        spinning.iter().for_each(Actor::spins);
        woken.wake();
        play.stubborn("first", &mut group);
        group.add_abortable(pending());
        play.stubborn("second", &mut group);
        play.log();
        for _ in 0..3 {
            play.poll_pending(&mut group);
        }
        let mut log = play.log();
        log.retain(|line| !line.contains('!'));
        assert_eq!(
            log,
            ["a", "b", "c", "d", "woken", "first", "second", "a", "b"]
        );
    }
}

#[test]
fn added_actor_may_be_the_cause() {
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
fn added_while_stopping_is_interrupted_first() {
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
fn report_has_actors_added_while_stopping() {
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
fn ended_group_is_as_new() {
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

    // No actor, no cause, one stage.
    assert_eq!(group.len(), 0);
    assert!(!group.is_stopping());
    assert!(format!("{group:?}").contains("stages: 1,"));
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

#[cfg(feature = "std")]
#[test]
fn new_handles_are_needed_after_the_end() {
    let play = Play::default();
    let mut group = Group::new();
    let old = group.handle();
    group.add(ready("done"), |_| {});
    play.poll_ready(&mut group);
    assert!(old.is_closed());

    play.stubborn("a", &mut group);
    let new = group.handle();
    old.add(ready("old"), |_| {});
    play.poll_pending(&mut group);
    new.add(ready("new"), |_| {});
    play.poll_pending(&mut group);
    assert!(group.is_stopping());
}

#[test]
fn group_runs_in_a_loop() {
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
fn terminated_until_an_actor_is_added() {
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

#[cfg(feature = "std")]
#[test]
fn terminated_until_a_handle_is_made() {
    let play = Play::default();
    let mut group = Group::<Word>::new();
    play.poll_ready(&mut group);
    assert!(group.is_terminated());
    let handle = group.handle();
    assert!(!group.is_terminated());
    handle.add(ready("done"), |_| {});
    assert_eq!(play.poll_ready(&mut group), Some("done"));
    assert!(group.is_terminated());
}

#[test]
fn settings_leave_it_terminated() {
    let play = Play::default();
    let mut group = Group::<Word>::new();
    play.observe(&mut group);
    assert!(!group.is_terminated());
    play.poll_ready(&mut group);
    assert!(group.is_terminated());
    group.grace_period(|| ready(()));
    play.observe(&mut group);
    group.on_wait(|_| {});
    assert!(group.is_terminated());
}

#[test]
fn is_empty_when_every_actor_has_exited() {
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
fn can_be_selected_over_in_a_loop() {
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

#[test]
fn rounds_of_a_group_are_unlimited() {
    let play = Play::default();
    let mut group = Group::new();
    for round in 0..70_000 {
        group.add(ready(round), |_| {});
        assert_eq!(play.poll_ready(&mut group), Some(round));
    }
}
