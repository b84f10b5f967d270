//! Clause 14: adding to a group that runs or stops, and using it again after the end.

use std::future::{pending, ready};

use futures::future::FusedFuture;
use run_group::{Group, Outcome};

use crate::harness::{Actor, Output, Test};

#[test]
fn added_actor_is_polled_in_next_poll() {
    let test = Test::default();
    let (mut group, _) = test.group(["a"]);
    test.settle(&mut group);
    test.take_log();

    test.add_manual("b", &mut group);
    test.add_manual("c", &mut group);
    assert_eq!(group.len(), 3);
    assert!(test.take_log().is_empty());
    test.poll_pending(&mut group);
    assert_eq!(test.take_log(), ["b", "c"]);
}

/// Some of the waiting actors wake themselves, so the group needs several polls.
#[test]
fn added_actor_is_polled_after_waiting_ones() {
    for stops in [false, true] {
        let test = Test::default();
        let (mut group, [woken, spinning @ ..]) = test.group(["woken", "a", "b", "c", "d"]);
        if stops {
            group.add(ready("done"), |_| {});
        }
        test.settle(&mut group);
        spinning.iter().for_each(Actor::spins);
        woken.wake();
        test.add_manual("first", &mut group);
        group.add_abortable(pending());
        test.add_manual("second", &mut group);
        test.take_log();
        for _ in 0..3 {
            test.poll_pending(&mut group);
        }
        let mut log = test.take_log();
        log.retain(|line| !line.contains('!'));
        assert_eq!(log, ["a", "b", "c", "d", "woken", "first", "second", "a", "b"]);
    }
}

#[test]
fn added_actor_may_be_the_cause() {
    let test = Test::default();
    let mut group = Group::new();
    test.add_stoppable("a", &mut group);
    test.settle(&mut group);
    test.add_manual("b", &mut group).returns("done");
    test.take_log();
    let exits = test.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(test.take_log(), ["b", "a! (by b)", "b! (by b)", "a"]);
    assert_eq!(exits[0].index(), 1);
}

#[test]
fn added_while_stopping_is_interrupted_first() {
    let test = Test::default();
    let (mut group, _) = test.group(["a"]);
    group.add(ready("done"), |_| {}).named("first");
    test.settle(&mut group);
    test.take_log();

    test.add_manual("b", &mut group);
    test.add_stoppable("c", &mut group);
    group.add_abortable(test.actor("d").execute());
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["b! (by first)", "c! (by first)", "d", "d dropped", "b", "c"]);
    assert_eq!(group.len(), 2);
}

#[test]
fn report_has_actors_added_while_stopping() {
    let test = Test::default();
    let mut group = Group::new();
    group.grace_period(|| ready(()));
    group.add(ready("done"), |_| {}).named("first");
    test.add_manual("a", &mut group);
    let (back, [b]) = test.group(["b"]);
    let mut group = group.before(back);
    test.settle(&mut group);
    group.add_abortable(pending());
    b.returns("late");
    let exits = test.poll_ready(&mut Box::pin(group.report()));
    let indices: Vec<_> = exits.iter().map(|exit| exit.index()).collect();
    assert_eq!(indices, [0, 1, 3, 2]);
    assert!(matches!(exits[2].outcome(), Outcome::Aborted));
}

#[test]
fn ended_group_is_empty_again() {
    let test = Test::default();
    let mut back = Group::new();
    back.on_exit(|_| {});
    let mut group = Group::new();
    group.grace_period(|| ready(()));
    group.on_exit({
        let test = test.clone();
        move |_| test.log("observer")
    });
    test.add_manual("stuck", &mut group);
    group.add(ready("done"), |_| {});
    group = group.before(back);
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    test.take_log();

    // No actor, no cause, one stage.
    assert_eq!(group.len(), 0);
    assert!(!group.is_stopping());
    assert!(format!("{group:?}").contains("stages: 1,"));
    assert_eq!(test.poll_ready(&mut group), None);
    // No grace period, no observer, indices from 0.
    let a = test.add_manual("a", &mut group);
    test.add_manual("b", &mut group).returns("again");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["a", "b", "a! (by b)", "b! (by b)"]);
    a.returns("a");
    let exits = test.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(exits[0].index(), 1);
    assert_eq!(exits[1].index(), 0);
}

#[test]
fn terminated_until_an_actor_is_added() {
    let test = Test::default();
    let mut group = Group::new();
    assert!(!group.is_terminated());
    group.add(ready("done"), |_| {});
    assert!(!group.is_terminated());
    test.poll_ready(&mut group);
    assert!(group.is_terminated());
    group.add(ready("again"), |_| {});
    assert!(!group.is_terminated());
}

#[test]
fn settings_leave_it_terminated() {
    let test = Test::default();
    let mut group = Group::<Output>::new();
    test.log_exits(&mut group);
    assert!(!group.is_terminated());
    test.poll_ready(&mut group);
    assert!(group.is_terminated());
    group.grace_period(|| ready(()));
    test.log_exits(&mut group);
    group.on_wait(|_| {});
    assert!(group.is_terminated());
}

#[test]
fn is_empty_when_every_actor_has_exited() {
    let test = Test::default();
    let mut group = Group::new();
    assert!(group.is_empty());
    let a = test.add_manual("a", &mut group);
    group.add(ready("done"), |_| {});
    assert!(!group.is_empty());
    test.settle(&mut group);
    assert!(!group.is_empty());
    a.returns("late");
    test.poll_ready(&mut group);
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
    let test = Test::default();
    let mut group = Group::new();
    for round in 0..70_000 {
        group.add(ready(round), |_| {});
        assert_eq!(test.poll_ready(&mut group), Some(round));
    }
}
