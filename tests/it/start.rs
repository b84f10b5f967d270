//! Clauses 1, 2 and 5: the empty group, the start, and an interruption before it.

use std::future::{pending, ready};

use futures::FutureExt;
use run_group::{Group, LocalGroup};
use smol::block_on;

use crate::play::Play;

#[test]
fn an_empty_group_is_ready_at_once() {
    let mut group = Group::<()>::new();
    assert_eq!((&mut group).now_or_never(), Some(None));
    assert_eq!(
        Group::<Result<(), ()>>::new().run().now_or_never(),
        Some(Ok(()))
    );
    assert!(Group::<()>::new()
        .report()
        .now_or_never()
        .unwrap()
        .is_empty());
}

#[test]
fn an_empty_local_group_is_ready_at_once() {
    assert_eq!(LocalGroup::<()>::local().now_or_never(), Some(None));
    assert_eq!(
        LocalGroup::<Result<(), ()>>::local().run().now_or_never(),
        Some(Ok(()))
    );
    assert!(LocalGroup::<()>::default()
        .report()
        .now_or_never()
        .unwrap()
        .is_empty());
}

#[test]
fn an_empty_group_begins_no_grace_period() {
    let mut group = Group::<()>::new();
    group.grace_period(|| -> std::future::Pending<()> { panic!("it has begun") });
    assert_eq!(group.now_or_never(), Some(None));
}

#[test]
fn one_actor_is_a_group() {
    let mut group = Group::new();
    group.add(ready(7), |_| {});
    assert_eq!(block_on(group), Some(7));
}

#[test]
fn nothing_runs_before_the_first_poll() {
    let play = Play::default();
    let mut group = Group::new();
    play.observe(&mut group);
    play.obedient("a", &mut group);
    group.add_abortable(play.actor("b").execute());
    assert!(play.log().is_empty());
}

#[test]
fn the_first_poll_polls_all_in_the_order_of_adding() {
    let play = Play::default();
    let mut group = Group::new();
    for name in ["a", "b", "c", "d"] {
        play.obedient(name, &mut group);
    }
    play.poll_pending(&mut group);
    assert_eq!(play.log(), ["a", "b", "c", "d"]);
}

/// `FuturesUnordered` takes a break when two of its futures have woken themselves. The actors behind them would have
/// had to wait for the second poll.
#[test]
fn the_first_poll_polls_all_even_if_some_wake_themselves() {
    let play = Play::default();
    let mut group = Group::new();
    for name in ["a", "b", "c", "d", "e"] {
        play.stubborn(name, &mut group).spins();
    }
    play.stubborn("last", &mut group);
    play.poll_pending(&mut group);
    let log = play.log();
    let first = |name| log.iter().position(|line| line == name);
    assert_eq!(log[..2], ["a", "b"]);
    assert!(log.iter().any(|line| line == "last"), "{log:?}");
    let order = ["a", "b", "c", "d", "e", "last"].map(first);
    assert!(order.is_sorted() && order[0].is_some(), "{log:?}");
}

#[test]
fn later_only_the_woken_are_polled() {
    let play = Play::default();
    let mut group = Group::new();
    let actors: Vec<_> = (0..100).map(|_| play.stubborn("x", &mut group)).collect();
    play.settle(&mut group);
    assert_eq!(play.log().len(), 100);

    actors[42].wake();
    assert_eq!(play.take_wakes(), 1);
    play.poll_pending(&mut group);
    assert_eq!(play.log(), ["x"]);

    play.poll_pending(&mut group);
    assert!(play.log().is_empty());
}

#[test]
fn the_woken_are_polled_in_the_order_of_waking() {
    let play = Play::default();
    let mut group = Group::new();
    let [_a, b, c] = ["a", "b", "c"].map(|name| play.stubborn(name, &mut group));
    play.settle(&mut group);
    play.log();

    c.wake();
    b.wake();
    c.wake();
    play.poll_pending(&mut group);
    assert_eq!(play.log(), ["c", "b"]);
}

#[test]
fn an_actor_interrupted_before_its_first_poll_is_still_polled() {
    let play = Play::default();
    let mut group = Group::new();
    let first = play.actor("first");
    first.returns("done");
    first.join(&mut group);
    play.obedient("second", &mut group);
    assert_eq!(play.poll_ready(&mut group), Some("done"));
    assert_eq!(
        play.log(),
        ["first", "first! (by first)", "second! (by first)", "second"]
    );
}

#[test]
fn an_actor_interrupted_before_its_first_poll_sees_it() {
    let mut group = Group::new();
    group.add(ready("done"), |_| {});
    group.add_with(|mut interrupted| async move {
        match (&mut interrupted).now_or_never() {
            Some(()) => "saw it",
            None => pending().await,
        }
    });
    let exits = group.report().now_or_never().unwrap();
    assert_eq!(exits[1].output(), Some(&"saw it"));
}
