//! Clauses 1, 2 and 5: an empty group, the first polls, and interrupts that come before them.

use std::future::{pending, poll_fn, ready};
use std::sync::{Arc, Mutex};

use futures::future::FusedFuture;
use futures::FutureExt;
use run_group::{Group, LocalGroup, LocalHandle};
use smol::block_on;

use crate::harness::{Actor, Output, Test};

#[test]
fn empty_group_is_ready_at_once() {
    let mut group = Group::<()>::new();
    assert_eq!((&mut group).now_or_never(), Some(None));
    assert_eq!(Group::<Result<(), ()>>::new().run().now_or_never(), Some(Ok(())));
    assert!(Group::<()>::new().report().now_or_never().unwrap().is_empty());
}

#[test]
fn empty_local_group_is_ready_at_once() {
    assert_eq!(LocalGroup::<()>::local().now_or_never(), Some(None));
    assert_eq!(LocalGroup::<Result<(), ()>>::local().run().now_or_never(), Some(Ok(())));
    assert!(LocalGroup::<()>::default().report().now_or_never().unwrap().is_empty());
}

#[test]
fn empty_group_begins_no_grace_period() {
    let mut group = Group::<()>::new();
    group.grace_period(|| -> std::future::Pending<()> { panic!("it has begun") });
    assert_eq!(group.now_or_never(), Some(None));
}

/// A loop that selects over a group may poll it before it has an actor. It then has to set everything again.
#[test]
fn empty_poll_drops_settings() {
    let test = Test::default();
    let mut group = Group::new();
    let timer = test.set_grace_period("timer", &mut group);
    let [exits, waits] = ["exits", "waits"].map(|name| test.actor(name));
    group.on_exit({
        let (test, held) = (test.clone(), exits.execute());
        move |exit| {
            let _held = &held;
            test.log(exit);
        }
    });
    group.on_wait({
        let (test, held) = (test.clone(), waits.execute());
        move |waiting| {
            let _held = &held;
            test.log(waiting);
        }
    });
    assert!(!group.is_terminated());
    assert_eq!(test.poll_ready(&mut group), None);
    assert!(group.is_terminated());
    assert!(exits.is_dropped() && waits.is_dropped());
    test.take_log();

    test.add_manual("stuck", &mut group);
    group.add(ready("done"), |_| {}).named("a");
    timer.returns("over");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["stuck", "stuck! (by a)"]);
}

#[cfg(feature = "std")]
#[test]
fn empty_poll_closes_handles() {
    let test = Test::default();
    let mut group = Group::new();
    let handle = group.handle();
    assert_eq!(test.poll_ready(&mut group), None);
    assert!(handle.is_closed());
    handle.add(ready("late"), |_| {});
    assert_eq!(test.poll_ready(&mut group), None);
}

/// Of whichever stage: a group of several stages ends as well, although no actor has stopped it.
#[test]
fn stages_without_actors_end_at_once() {
    let test = Test::default();
    let settings = ["front", "back", "combined"].map(|name| test.actor(name));
    let mut groups = settings.clone().map(|setting| {
        let (mut group, held) = (LocalGroup::<Output>::local(), setting.execute());
        group.on_exit(move |_| {
            let _held = &held;
        });
        let handle = group.handle();
        (Some(group), handle)
    });
    let [front, back, combined] = groups.each_mut().map(|(group, _)| group.take().unwrap());
    let mut group = front.before(back).before(combined);
    assert_eq!(test.poll_ready(&mut group), None);
    assert!(settings.iter().all(Actor::is_dropped));
    assert!(groups.iter().all(|(_, handle)| handle.is_closed()));
}

/// It waits to be taken in, so the group has not ended.
#[test]
fn actor_handed_to_any_stage_keeps_the_group_running() {
    for in_back in [false, true] {
        let test = Test::default();
        let (mut front, mut back) = (Group::local(), Group::local());
        let handles = [front.handle(), back.handle()];
        let mut group = front.before(back);
        handles[usize::from(in_back)].add(pending::<Output>(), |_| {});
        test.poll_pending(&mut group);
        assert_eq!(group.len(), 1);
        assert!(!handles.iter().any(LocalHandle::is_closed));
    }
}

#[test]
fn one_actor_is_a_group() {
    let mut group = Group::new();
    group.add(ready(7), |_| {});
    assert_eq!(block_on(group), Some(7));
}

#[test]
fn nothing_runs_before_the_first_poll() {
    let test = Test::default();
    let mut group = Group::new();
    test.log_exits(&mut group);
    test.add_stoppable("a", &mut group);
    group.add_abortable(test.actor("b").execute());
    assert!(test.take_log().is_empty());
}

#[test]
fn first_polls_come_in_order_of_adding() {
    let test = Test::default();
    let mut group = Group::new();
    for name in ["a", "b", "c", "d"] {
        test.add_stoppable(name, &mut group);
    }
    test.poll_pending(&mut group);
    assert_eq!(test.take_log(), ["a", "b", "c", "d"]);
}

/// `FuturesUnordered` yields when two of its futures have woken themselves, so the first polls may take several polls
/// of the group. This runs every group of up to five actors, each of which waits, wakes itself, or wakes those that
/// have been polled.
#[test]
fn none_polled_twice_before_all_polled_once() {
    let names = ["a", "b", "c", "d", "e"];
    for n in 1..=names.len() {
        for kinds in 0..3_u32.pow(n as u32) {
            let test = Test::default();
            let mut group = Group::new();
            let actors: Arc<Mutex<Vec<Actor>>> = Arc::default();
            for (i, name) in names[..n].iter().enumerate() {
                let actor = test.actor(name);
                match kinds / 3_u32.pow(i as u32) % 3 {
                    0 => actor.add_to(&mut group),
                    1 => {
                        actor.spins();
                        actor.add_to(&mut group);
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
                test.take_wakes();
                test.poll_pending(&mut group);
                log.extend(test.take_log());
                assert!(log.len() >= n || test.take_wakes() > 0, "{n}, {kinds}");
            }
            assert_eq!(log[..n], names[..n], "{kinds}");
        }
    }
}

#[test]
fn later_only_woken_actors_are_polled() {
    let test = Test::default();
    let (mut group, actors) = test.group(["x"; 100]);
    test.settle(&mut group);
    assert_eq!(test.take_log().len(), 100);

    actors[42].wake();
    assert_eq!(test.take_wakes(), 1);
    test.poll_pending(&mut group);
    assert_eq!(test.take_log(), ["x"]);

    test.poll_pending(&mut group);
    assert!(test.take_log().is_empty());
}

#[test]
fn polls_follow_order_of_waking() {
    let test = Test::default();
    let (mut group, [_a, b, c]) = test.group(["a", "b", "c"]);
    test.settle(&mut group);
    test.take_log();

    c.wake();
    b.wake();
    c.wake();
    test.poll_pending(&mut group);
    assert_eq!(test.take_log(), ["c", "b"]);
}

#[test]
fn interrupted_before_first_poll_is_still_polled() {
    let test = Test::default();
    let mut group = Group::new();
    let first = test.actor("first");
    first.returns("done");
    first.add_to(&mut group);
    test.add_stoppable("second", &mut group);
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(test.take_log(), ["first", "first! (by first)", "second! (by first)", "second"]);
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
