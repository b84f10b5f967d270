//! Clause 18: what a group costs.

use std::cell::Cell;
use std::future::{pending, ready};

use allocation_counter::measure;
use futures::channel::oneshot;
use run_group::{Group, LocalGroup};

use crate::harness::Test;

/// The group used to search its set after every yield, so the first polls of 100,000 actors took minutes.
#[test]
fn starting_self_wakers_takes_linear_work() {
    let test = Test::default();
    let polls = Cell::new(0);
    let poll = || polls.set(polls.get() + 1);
    let mut group = Group::local();
    for _ in 0..100_000 {
        group.add_abortable(async {
            poll();
            smol::future::yield_now().await;
            poll();
            pending::<()>().await
        });
    }
    for turns in 1.. {
        test.take_wakes();
        test.poll_pending(&mut group);
        if test.take_wakes() == 0 {
            assert!(turns <= 100_001, "{turns} turns");
            break;
        }
    }
    assert_eq!(polls.get(), 200_000);
}

/// The group used to search its set when an actor was woken after another was added.
#[test]
fn adding_costs_the_same_in_a_large_group() {
    let test = Test::default();
    let mut group = Group::new();
    let other = test.add_manual("other", &mut group);
    for _ in 0..100_000 {
        group.add_abortable(pending());
    }
    test.settle(&mut group);
    for _ in 0..10_000 {
        group.add_abortable(pending());
        other.wake();
        test.poll_pending(&mut group);
    }
    assert_eq!(test.take_log().len(), 10_001);
}

#[test]
fn wake_polls_one_actor() {
    for n in [1, 10, 1000] {
        for stages in [1, n] {
            let test = Test::default();
            let mut group = Group::new();
            let mut actors = Vec::new();
            for _ in 0..stages {
                let mut stage = Group::new();
                actors.extend((0..n / stages).map(|_| test.add_manual("x", &mut stage)));
                group = group.before(stage);
            }
            test.settle(&mut group);
            assert_eq!(test.take_log().len(), n);
            for actor in [0, n / 2, n - 1] {
                actors[actor].wake();
                test.poll_pending(&mut group);
                assert_eq!(test.take_log().len(), 1, "{n} in {stages} stages");
            }
        }
    }
}

/// If each exit searched the group, this would take minutes.
#[test]
fn shutdown_takes_linear_work() {
    let test = Test::default();
    let mut group: LocalGroup<'_, u8> = Group::local();
    let mut returns = Vec::from_iter((0..100_000).map(|_| {
        let (returns, returned) = oneshot::channel();
        group.add(async { returned.await.unwrap() }, |_| {});
        returns
    }));
    test.poll_pending(&mut group);
    let last = returns.pop().unwrap();
    for exit in returns {
        exit.send(1).unwrap();
        test.poll_pending(&mut group);
    }
    last.send(2).unwrap();
    assert_eq!(test.poll_ready(&mut group), Some(1));
}

/// Adds an actor that returns when it is interrupted and allocates nothing when it is polled.
fn add_waiting(group: &mut Group<'_, u8>) {
    group.add_with(|interrupted| async {
        interrupted.await;
        1
    });
}

/// A name that is a literal costs nothing, and any other name one more.
#[test]
fn actor_costs_two_allocations_or_three() {
    let mut group = Group::new();
    let captured = [7_u64; 100];
    for _ in 0..10 {
        let add = measure(|| _ = group.add(pending(), move |_| assert_eq!(captured[0], 7)));
        assert_eq!(add.count_total, 2);
        let add_abortable = measure(|| group.add_abortable(ready(1)).named("a literal"));
        assert_eq!(add_abortable.count_total, 2);
        let named = measure(|| group.add_abortable(ready(1)).named(String::from("a string")));
        assert_eq!(named.count_total, 3);
        let add_with = measure(|| add_waiting(&mut group));
        assert_eq!(add_with.count_total, 3);
    }
}

#[test]
fn nothing_is_allocated_while_running() {
    let test = Test::default();
    let mut group = Group::new();
    group.grace_period(pending::<()>);
    let (first, returns) = oneshot::channel();
    group.add(async { returns.await.unwrap() }, |_| {});
    for _ in 0..1000 {
        add_waiting(&mut group);
    }
    let start = measure(|| test.poll_pending(&mut group));
    assert_eq!(start.count_total, 0);
    let polls = measure(|| (0..1000).for_each(|_| test.poll_pending(&mut group)));
    assert_eq!(polls.count_total, 0);
    first.send(7).unwrap();
    assert_eq!(test.poll_ready(&mut group), Some(7));
}

// Actors that come and go.

/// Adds an actor that leaves when the test says so.
fn add_child(group: &mut Group<'_, u8>) -> oneshot::Sender<u8> {
    let (leave, leaves) = oneshot::channel();
    let child = async { leaves.await.unwrap() };
    group.add(child, |_| {}).stops_if(|_| false);
    leave
}

/// Its memory is free at the end of that poll, and the poll allocates nothing.
#[test]
fn leaving_actor_frees_its_memory_in_its_poll() {
    let test = Test::default();
    let mut group = Group::new();
    for _ in 0..10 {
        add_waiting(&mut group);
    }
    test.poll_pending(&mut group);
    for _ in 0..3 {
        let mut leave = None;
        let added = measure(|| leave = Some(add_child(&mut group)));
        test.settle(&mut group);
        leave.unwrap().send(7).unwrap();
        let left = measure(|| test.settle(&mut group));
        assert_eq!(left.count_total, 0);
        assert_eq!(added.bytes_current + left.bytes_current, 0);
        assert_eq!(added.count_current + left.count_current, 0);
    }
}

/// They used to stay until the end, because an exit stopped the group: 27 MB.
#[cfg(feature = "std")]
#[test]
fn nothing_is_left_of_100_000_children() {
    let test = Test::default();
    let mut group = Group::new();
    let handle = group.handle();
    add_waiting(&mut group);
    let mut pass = |children: usize, at_once: usize| {
        for _ in 0..children / at_once {
            for number in 0..at_once {
                let child = handle.add(ready(1), |_| {});
                child.stops_if(|_| false).named(number.to_string());
            }
            test.settle(&mut group);
        }
    };
    pass(10, 1);
    for at_once in [1, 1_000] {
        let left = measure(|| pass(50_000, at_once));
        assert_eq!((left.count_current, left.bytes_current), (0, 0));
    }
    handle.stop(7);
    let report = test.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(report[0].index(), 100_011);
    assert_eq!(report.len(), 2);
}

/// The children of a later stage leave while an earlier stage shuts down.
#[test]
fn nothing_is_left_of_children_of_a_later_stage() {
    let test = Test::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    front.add(pending(), |_| {});
    front.add(ready(7), |_| {});
    let mut leave = Vec::with_capacity(1_000);
    let added = measure(|| leave.extend((0..1_000).map(|_| add_child(&mut back))));
    let mut group = front.before(back);
    test.settle(&mut group);
    let left = measure(|| {
        leave.drain(..).for_each(|leave| leave.send(1).unwrap());
        test.settle(&mut group);
    });
    assert!(group.is_stopping());
    assert_eq!((group.len(), left.count_total), (1, 0));
    assert_eq!(added.bytes_current + left.bytes_current, 0);
}

/// A join used to get slower with each actor that had joined before, because their places stayed in the set: 57 µs
/// instead of 4 µs after 140,000.
#[cfg(feature = "std")]
#[test]
fn joining_a_hung_shutdown_costs_the_same() {
    let test = Test::default();
    let mut group = Group::new();
    let handle = group.handle();
    group.add(pending(), |_| {}).named("stuck");
    handle.stop(1);
    test.settle(&mut group);
    let mut cheapest_join = |joins: usize| {
        let costs = (0..joins).map(|_| {
            let join = measure(|| {
                handle.add(ready(1), |_| {});
                test.settle(&mut group);
            });
            (join.count_total, join.bytes_total)
        });
        costs.min().unwrap() // without the growth of the report
    };
    let first = cheapest_join(100);
    let last = cheapest_join(10_000);
    assert_eq!(first, last);
}

/// The observer used to get a list of the actors in each poll. 8,000 actors that exited one a poll took 292 ms instead
/// of 1.5 ms.
#[test]
fn wait_observer_that_lists_nothing_costs_nothing() {
    for actors in [10, 1_000] {
        let test = Test::default();
        let seen = Cell::new(0);
        let mut group = Group::local();
        group.on_wait(|waiting| seen.set(waiting.len()));
        let mut returns = Vec::from_iter((0..actors).map(|_| {
            let (returns, returned) = oneshot::channel();
            group.add(async { returned.await.unwrap() }, |_| {});
            returns
        }));
        group.add(ready(7), |_| {});
        test.settle(&mut group);
        for waits_for in (actors - 5..actors).rev() {
            returns.pop().unwrap().send(1).unwrap();
            let poll = measure(|| test.settle(&mut group));
            assert_eq!((poll.count_total, seen.get()), (0, waits_for));
        }
    }
}

/// A group that is used again and again is as large as after its first use. Its actors leave empty places and wakers.
#[test]
fn used_group_does_not_grow() {
    let test = Test::default();
    let mut group = Group::new();
    let mut run = |rounds: usize| {
        for _ in 0..rounds {
            group.add_abortable(pending());
            add_waiting(&mut group);
            add_child(&mut group).send(1).unwrap();
            test.poll_pending(&mut group);
            group.add(ready(7), |_| {});
            assert_eq!(test.poll_ready(&mut group), Some(7));
        }
    };
    run(1);
    assert_eq!(measure(|| run(1_000)).bytes_current, 0);
}
