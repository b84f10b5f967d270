//! Clause 16: what it costs.

use std::cell::Cell;
use std::future::{pending, ready};

use allocation_counter::measure;
use run_group::Group;

use crate::play::Play;

/// The set was searched at each of its breaks, so that a first poll of so many actors took minutes.
#[test]
fn a_hundred_thousand_that_wake_themselves_start_in_one_poll() {
    let started = Cell::new(0);
    let mut group = Group::local();
    for _ in 0..100_000 {
        group.add_abortable(async {
            started.set(started.get() + 1);
            smol::future::yield_now().await;
            pending::<()>().await
        });
    }
    Play::default().poll_pending(&mut group);
    assert_eq!(started.get(), 100_000);
}

/// The set was searched when another actor was woken after the one that was added.
#[test]
fn adding_to_a_large_group_costs_no_more_than_to_a_small_one() {
    let play = Play::default();
    let mut group = Group::new();
    let other = play.stubborn("other", &mut group);
    for _ in 0..100_000 {
        group.add_abortable(pending());
    }
    play.settle(&mut group);
    for _ in 0..10_000 {
        group.add_abortable(pending());
        other.wake();
        play.poll_pending(&mut group);
    }
    assert_eq!(play.log().len(), 10_001);
}

#[test]
fn a_wake_polls_one_actor_of_however_many() {
    for n in [1, 10, 1000] {
        let play = Play::default();
        let mut group = Group::new();
        let actors: Vec<_> = (0..n).map(|_| play.stubborn("x", &mut group)).collect();
        play.settle(&mut group);
        play.log();
        actors[n / 2].wake();
        play.settle(&mut group);
        assert_eq!(play.log().len(), 1);
    }
}

/// An actor that returns when it is interrupted, and makes no allocation of its own when it is polled.
fn add_waiting(group: &mut Group<'_, u8>) {
    group.add_with(|interrupted| async {
        interrupted.await;
        1
    });
}

#[test]
fn an_actor_costs_two_allocations_and_one_more_for_its_signal() {
    let mut group = Group::new();
    let captured = [7_u64; 100];
    for _ in 0..10 {
        let add = measure(|| _ = group.add(pending(), move |_| assert_eq!(captured[0], 7)));
        assert_eq!(add.count_total, 2);
        let add_abortable = measure(|| _ = group.add_abortable(ready(1)));
        assert_eq!(add_abortable.count_total, 2);
        let add_with = measure(|| add_waiting(&mut group));
        assert_eq!(add_with.count_total, 3);
    }
}

#[test]
fn a_thousand_names_cost_the_growth_of_one_list() {
    let mut group = Group::new();
    let named = measure(|| {
        for _ in 0..1000 {
            group.add_abortable(ready(1)).named("a literal");
        }
    });
    assert!((2000..=2010).contains(&named.count_total), "{named:?}");
}

#[test]
fn nothing_is_allocated_between_the_first_poll_and_the_stop() {
    let play = Play::default();
    let mut group = Group::new();
    group.grace_period(pending::<()>);
    let (first, returns) = futures::channel::oneshot::channel();
    group.add(async { returns.await.unwrap() }, |_| {});
    for _ in 0..1000 {
        add_waiting(&mut group);
    }
    let start = measure(|| play.poll_pending(&mut group));
    assert_eq!(start.count_total, 0);
    let polls = measure(|| (0..1000).for_each(|_| play.poll_pending(&mut group)));
    assert_eq!(polls.count_total, 0);
    first.send(7).unwrap();
    assert_eq!(play.poll_ready(&mut group), Some(7));
}

#[test]
fn a_group_costs_few_allocations_beyond_its_actors() {
    let play = Play::default();
    let mut costs = [0, 1, 100].map(|n| {
        measure(|| {
            let (mut begun, mut seen) = (false, 0);
            let mut group = Group::new();
            group.grace_period(|| {
                begun = true;
                pending::<()>()
            });
            group.on_exit(|_| seen += 1);
            group.add(ready(7), |_| {});
            for _ in 0..n {
                group.add_abortable(pending());
            }
            assert_eq!(play.poll_ready(&mut group), Some(7));
        })
    });
    for (cost, n) in costs.iter_mut().zip([0, 1, 100]) {
        let beyond = cost.count_total - 2 * (n + 1);
        assert!(beyond <= 8, "{beyond} for {n}");
    }
}

#[test]
fn a_group_leaves_nothing_allocated() {
    let play = Play::default();
    for ends in ["unpolled", "half-way", "finished", "expired"] {
        let cost = measure(|| {
            let (hold, held) = futures::channel::oneshot::channel::<u8>();
            let mut group = Group::new();
            if ends == "expired" {
                group.grace_period(|| ready(()));
            }
            for _ in 0..10 {
                add_waiting(&mut group);
                group.add_abortable(pending());
            }
            group.add(async { held.await.unwrap_or(0) }, |_| {});
            if ends != "unpolled" {
                play.poll_pending(&mut group);
            }
            if ends != "half-way" {
                group.add(ready(1), |_| {});
                let _ = play.poll(&mut group);
            }
            if ends == "finished" {
                hold.send(2).unwrap();
                assert_eq!(play.poll_ready(&mut group), Some(1));
            }
        });
        assert_eq!((cost.count_current, cost.bytes_current), (0, 0), "{ends}");
    }
}
