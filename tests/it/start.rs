//! Clauses 1, 2 and 5: an empty group, the first polls, and interrupts that come before them.

use std::future::{pending, poll_fn, ready};
use std::sync::{Arc, Mutex};

use futures::future::FusedFuture;
use futures::FutureExt;
use run_group::{Group, LocalGroup};
use smol::block_on;

use crate::play::{Actor, Play};

#[test]
fn empty_group_is_ready_at_once() {
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
fn empty_local_group_is_ready_at_once() {
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
fn empty_group_begins_no_grace_period() {
    let mut group = Group::<()>::new();
    group.grace_period(|| -> std::future::Pending<()> { panic!("it has begun") });
    assert_eq!(group.now_or_never(), Some(None));
}

/// A loop that selects over a group may poll it before it has an actor, and has to set everything again.
#[test]
fn empty_poll_drops_settings() {
    let play = Play::default();
    let mut group = Group::new();
    let timer = play.grace_period("timer", &mut group);
    let [exits, waits] = ["exits", "waits"].map(|name| play.actor(name));
    group.on_exit({
        let (play, held) = (play.clone(), exits.execute());
        move |exit| {
            let _held = &held;
            play.say(exit);
        }
    });
    group.on_wait({
        let (play, held) = (play.clone(), waits.execute());
        move |waiting| {
            let _held = &held;
            play.say(waiting);
        }
    });
    assert!(!group.is_terminated());
    assert_eq!(play.poll_ready(&mut group), None);
    assert!(group.is_terminated());
    assert!(exits.is_dropped() && waits.is_dropped());
    play.log();

    play.stubborn("stuck", &mut group);
    group.add(ready("done"), |_| {}).named("a");
    timer.returns("over");
    play.settle(&mut group);
    assert_eq!(play.log(), ["stuck", "stuck! (by a)"]);
}

#[cfg(feature = "std")]
#[test]
fn empty_poll_closes_handles() {
    let play = Play::default();
    let mut group = Group::new();
    let handle = group.handle();
    assert_eq!(play.poll_ready(&mut group), None);
    assert!(handle.is_closed());
    handle.add(ready("late"), |_| {});
    assert_eq!(play.poll_ready(&mut group), None);
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
fn first_polls_come_in_order_of_adding() {
    let play = Play::default();
    let mut group = Group::new();
    for name in ["a", "b", "c", "d"] {
        play.obedient(name, &mut group);
    }
    play.poll_pending(&mut group);
    assert_eq!(play.log(), ["a", "b", "c", "d"]);
}

/// `FuturesUnordered` yields when two of its futures have woken themselves, so the first polls may take several polls of the
/// group. In every group of up to five actors, each of which waits, wakes itself, or wakes those that have been polled.
#[test]
fn none_polled_twice_before_all_polled_once() {
    let names = ["a", "b", "c", "d", "e"];
    for n in 1..=names.len() {
        for kinds in 0..3_u32.pow(n as u32) {
            let play = Play::default();
            let mut group = Group::new();
            let actors: Arc<Mutex<Vec<Actor>>> = Arc::default();
            for (i, name) in names[..n].iter().enumerate() {
                let actor = play.actor(name);
                match kinds / 3_u32.pow(i as u32) % 3 {
                    0 => actor.join(&mut group),
                    1 => {
                        actor.spins();
                        actor.join(&mut group);
                    }
                    _ => {
                        let (mut execute, actors) = (actor.execute(), actors.clone());
                        group.add_abortable(poll_fn(move |cx| {
                            let poll = execute.poll_unpin(cx);
                            actors.lock().unwrap().iter().for_each(Actor::wake);
                            poll
                        }));
                    }
                }
                actors.lock().unwrap().push(actor);
            }
            let mut log = Vec::new();
            while log.len() < n {
                play.take_wakes();
                play.poll_pending(&mut group);
                log.extend(play.log());
                assert!(log.len() >= n || play.take_wakes() > 0, "{n}, {kinds}");
            }
            assert_eq!(log[..n], names[..n], "{kinds}");
        }
    }
}

#[test]
fn later_only_woken_actors_are_polled() {
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
fn polls_follow_order_of_waking() {
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
fn interrupted_before_first_poll_is_still_polled() {
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
fn interrupted_before_first_poll_sees_it() {
    let mut group = Group::new();
    group.add(ready("done"), |_| {});
    group.add_with(|mut interrupted| async move {
        match (&mut interrupted).now_or_never() {
            Some(()) => "interrupted",
            None => pending().await,
        }
    });
    let exits = group.report().now_or_never().unwrap();
    assert_eq!(exits[1].output(), Some(&"interrupted"));
}
