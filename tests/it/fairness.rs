//! Clause 17: which actors are polled, and when, in numbers.
//!
//! A *turn* of the group is one poll of the group by its executor. Whatever the actors do, as long as each of their
//! polls returns:
//!
//! - A turn polls at most as many actors as there are, and at most two that wake themselves. Then the group yields, and
//!   wakes its task for the next turn. An exit starts both counts again.
//! - An actor that is woken is polled after those that were woken earlier. Among `k` actors that always wake
//!   themselves, it is polled in turn `k / 2 + 1`, rounded down, at the latest.
//! - During a shutdown, every turn polls the grace period once. The turn in which it ends polls each actor that has
//!   been woken once.
//!
//! An actor that always has data never has to wait, so its poll would not return, and the group would poll no other. As
//! anywhere in async Rust, such an actor must yield now and then. In one turn it runs twice, up to its next yield each
//! time: an actor that yields after each piece of data handles two in a turn, and one that yields after 32 handles 64.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn, ready, Future};
use std::rc::Rc;
use std::task::{Poll, Waker};

use futures::channel::mpsc;
use futures::future::select;
use futures::task::noop_waker;
use futures::StreamExt;
use run_group::{Group, Interrupted, LocalGroup};
use smol::future::yield_now;
use smol::LocalExecutor;

use crate::harness::Test;

/// Counts events.
#[derive(Clone, Default)]
struct Counter(Rc<Cell<usize>>);

impl Counter {
    fn count(&self) {
        self.0.set(self.0.get() + 1);
    }

    /// Returns the count since the last call.
    fn take(&self) -> usize {
        self.0.take()
    }
}

/// Returns an execute that wakes itself in every poll, and never returns.
fn spins(polls: &Counter) -> impl Future<Output = ()> {
    let polls = polls.clone();
    poll_fn(move |cx| {
        polls.count();
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}

/// Returns an execute that never returns, and a closure that wakes it.
fn sleeps(polls: &Counter) -> (impl Future<Output = ()>, impl Fn()) {
    let polls = polls.clone();
    let waker = Rc::new(RefCell::new(noop_waker()));
    let own = waker.clone();
    let execute = poll_fn(move |cx| {
        polls.count();
        own.borrow_mut().clone_from(cx.waker());
        Poll::Pending
    });
    (execute, move || waker.borrow().wake_by_ref())
}

/// Adds an actor that ignores its interrupt.
fn add(group: &mut LocalGroup<'_, ()>, execute: impl Future<Output = ()> + 'static) {
    group.add(execute, |_| {});
}

/// Polls the group once, and asserts that it is pending.
#[track_caller]
fn turn(test: &Test, group: &mut LocalGroup<'_, ()>) {
    test.take_wakes();
    test.poll_pending(group);
}

/// For all groups of up to seven actors that wait or wake themselves, and for large groups of actors that wake
/// themselves.
#[test]
fn first_polls_take_half_as_many_turns() {
    let test = Test::default();
    let small = (1..=7_u32).flat_map(|n| (0..1_u32 << n).map(move |kinds| (n, kinds)));
    let large = [10_000, 10_001].map(|n| (n, u32::MAX));
    for (n, kinds) in small.chain(large) {
        let mut group = Group::local();
        let polls: Vec<_> = (0..n)
            .map(|actor| {
                let polls = Counter::default();
                match kinds >> (actor % 32) & 1 {
                    0 => add(&mut group, sleeps(&polls).0),
                    _ => add(&mut group, spins(&polls)),
                }
                polls
            })
            .collect();
        for _ in 0..n.div_ceil(2) {
            turn(&test, &mut group);
        }
        assert!(polls.iter().all(|polls| polls.take() > 0), "{n}, {kinds}");
    }
}

#[test]
fn turn_polls_two_self_wakers() {
    let test = Test::default();
    for (spinning, sleeping) in [(1, 1), (1, 100), (2, 0), (2, 100), (3, 1), (10_000, 0)] {
        let (mut group, polls) = (Group::local(), Counter::default());
        for _ in 0..sleeping {
            add(&mut group, sleeps(&polls).0);
        }
        for _ in 0..spinning {
            add(&mut group, spins(&polls));
        }
        turn(&test, &mut group);
        polls.take();
        for _ in 0..100 {
            turn(&test, &mut group);
            assert_eq!(polls.take(), 2, "{spinning}, {sleeping}");
            assert!(test.take_wakes() > 0, "it would hang");
        }
    }
}

/// The actors wake each other, so each is woken again before the turn ends.
#[test]
fn turn_polls_each_actor_at_most_once() {
    let test = Test::default();
    for (waking, sleeping) in [(2, 0), (2, 1), (2, 98), (100, 0), (10_000, 0)] {
        let (mut group, polls) = (Group::local(), Counter::default());
        let wakers: Rc<RefCell<Vec<Waker>>> = Rc::default();
        for actor in 0..waking {
            let (polls, wakers) = (polls.clone(), wakers.clone());
            let next = (actor + 1) % waking;
            add(
                &mut group,
                poll_fn(move |cx| {
                    polls.count();
                    if wakers.borrow().len() == actor {
                        wakers.borrow_mut().push(cx.waker().clone());
                    }
                    if let Some(next) = wakers.borrow().get(next) {
                        next.wake_by_ref();
                    }
                    Poll::Pending
                }),
            );
        }
        for _ in 0..sleeping {
            add(&mut group, sleeps(&polls).0);
        }
        turn(&test, &mut group);
        polls.take();
        for _ in 0..10 {
            turn(&test, &mut group);
            assert_eq!(polls.take(), waking + sleeping);
            assert!(test.take_wakes() > 0, "it would hang");
        }
    }
}

#[test]
fn all_woken_actors_fit_into_one_turn() {
    let test = Test::default();
    let (mut group, polls) = (Group::local(), Counter::default());
    let wake = Vec::from_iter((0..10_000).map(|_| {
        let (execute, wake) = sleeps(&polls);
        add(&mut group, execute);
        wake
    }));
    turn(&test, &mut group);
    for _ in 0..3 {
        assert_eq!(polls.take(), 10_000);
        wake.iter().for_each(|wake| wake());
        turn(&test, &mut group);
    }
}

#[test]
fn all_exits_fit_into_one_turn() {
    let test = Test::default();
    let (mut group, polls) = (Group::local(), Counter::default());
    for _ in 0..10_000 {
        let polls = polls.clone();
        add(&mut group, async move { polls.count() });
    }
    assert_eq!(test.poll_ready(&mut group), Some(()));
    assert_eq!(polls.take(), 10_000);
}

#[test]
fn sibling_of_k_self_wakers() {
    let test = Test::default();
    for k in (0..=20).chain([10_000, 10_001]) {
        let (mut group, spins_polled, polls) = <(LocalGroup<'_, ()>, Counter, Counter)>::default();
        let (execute, wake) = sleeps(&polls);
        add(&mut group, execute);
        for _ in 0..k {
            add(&mut group, spins(&spins_polled));
        }
        turn(&test, &mut group);
        polls.take();
        for _ in 0..5 {
            wake();
            (0..=k / 2).for_each(|_| turn(&test, &mut group));
            assert_eq!(polls.take(), 1, "{k}");
        }
    }
}

#[test]
fn grace_period_is_polled_in_every_turn() {
    let test = Test::default();
    for spinning in [1, 2, 3, 10_000] {
        let (mut group, polls, timer) = <(LocalGroup<'_, ()>, Counter, Counter)>::default();
        let ended = Rc::new(Cell::new(false));
        group.grace_period({
            let (timer, ended) = (timer.clone(), ended.clone());
            move || {
                let (timer, ended) = (timer.clone(), ended.clone());
                poll_fn(move |_| {
                    timer.count();
                    match ended.get() {
                        true => Poll::Ready(()),
                        false => Poll::Pending,
                    }
                })
            }
        });
        add(&mut group, ready(()));
        for _ in 0..spinning {
            add(&mut group, spins(&polls));
        }
        for _ in 0..100 {
            turn(&test, &mut group);
            assert_eq!(timer.take(), 1);
        }
        ended.set(true);
        polls.take();
        assert_eq!(test.poll_ready(&mut group), Some(()));
        assert_eq!(polls.take(), spinning);
    }
}

#[test]
fn endless_data_takes_two_stretches_a_turn() {
    let test = Test::default();
    for stretch in [1, 32] {
        let (mut group, handled, polls) = <(LocalGroup<'_, ()>, Counter, Counter)>::default();
        let (data, mut endless) = mpsc::unbounded();
        add(&mut group, {
            let (handled, data) = (handled.clone(), data.clone());
            async move {
                while let Some(()) = endless.next().await {
                    handled.count();
                    data.unbounded_send(()).unwrap();
                    if handled.0.get() % stretch == 0 {
                        yield_now().await;
                    }
                }
            }
        });
        data.unbounded_send(()).unwrap();
        let (execute, wake) = sleeps(&polls);
        add(&mut group, execute);
        add(&mut group, pending()); // a third actor, because a turn has only as many polls as there are actors
        turn(&test, &mut group);
        for _ in 0..100 {
            handled.take();
            polls.take();
            wake();
            turn(&test, &mut group);
            assert_eq!(handled.take(), 2 * stretch);
            assert_eq!(polls.take(), 1);
        }
    }
}

/// The outer group polls the inner one twice, and each time that polls two actors.
#[test]
fn nested_group_has_its_share_of_the_turn() {
    let test = Test::default();
    let (mut outer, spinning, polls) = <(LocalGroup<'_, ()>, Counter, Counter)>::default();
    let mut inner = Group::local();
    for _ in 0..100 {
        add(&mut inner, spins(&spinning));
    }
    outer.add(async { inner.await.unwrap() }, |_| {});
    let (execute, wake) = sleeps(&polls);
    add(&mut outer, execute);
    add(&mut outer, pending());
    turn(&test, &mut outer);
    for _ in 0..100 {
        spinning.take();
        polls.take();
        wake();
        turn(&test, &mut outer);
        assert_eq!(spinning.take(), 4);
        assert_eq!(polls.take(), 1);
    }
}

#[test]
fn other_tasks_get_as_many_turns() {
    let executor = LocalExecutor::new();
    let (polls, other) = <(Counter, Counter)>::default();
    let mut group = Group::local();
    for _ in 0..1_000 {
        add(&mut group, spins(&polls));
    }
    let group = executor.spawn(group);
    let others = [(); 3].map(|()| executor.spawn(spins(&other)));
    for _ in 0..100 {
        for _ in 0..1 + others.len() {
            assert!(executor.try_tick());
        }
        assert_eq!(other.take(), others.len());
        assert_eq!(polls.take(), 2);
    }
    drop((group, others));
}

// A loop that ignores its interruption: it leaves the `select!`, but not the loop.

/// Returns which actors a group waits for, one of them with a loop that ignores its interruption, and which exits it has.
/// The grace period ends in the fifth turn.
#[track_caller]
fn shutdown_with<F: Future<Output = ()>>(ignores: impl FnOnce(Interrupted) -> F) -> Vec<String> {
    let (test, polls) = <(Test, Counter)>::default();
    let log = RefCell::new(Vec::new());
    let mut group = Group::local();
    group.add_with(ignores).named("ignores");
    let (execute, wake) = sleeps(&polls);
    group.add(execute, |_| {}).named("sleeps");
    group.add(ready(()), |_| {}).named("cause");
    group.on_wait(|waiting| log.borrow_mut().push(format!("waiting for {waiting}")));
    group.on_exit(|exit| log.borrow_mut().push(exit.to_string()));
    let ended = Cell::new(false);
    group.grace_period(|| poll_fn(|_| if ended.get() { Poll::Ready(()) } else { Poll::Pending }));
    for _ in 0..5 {
        polls.take();
        wake();
        test.take_wakes();
        test.poll_pending(&mut group);
        assert_eq!(polls.take(), 1, "its sibling starves");
        assert!(test.take_wakes() > 0, "it would hang");
    }
    ended.set(true);
    test.poll_ready(&mut group);
    drop(group);
    log.into_inner()
}

const SHOWN_AND_EXPIRED: [&str; 4] =
    ["cause returned ()", "waiting for ignores, sleeps", "ignores expired", "sleeps expired"];

#[test]
fn loop_around_a_select_yields() {
    let log = shutdown_with(|mut interrupted| async move {
        loop {
            select(&mut interrupted, pending::<()>()).await;
        }
    });
    assert_eq!(log, SHOWN_AND_EXPIRED);
}

#[cfg(feature = "std")]
#[test]
fn loop_around_a_select_with_clones_yields() {
    let log = shutdown_with(|interrupted| async move {
        loop {
            select(interrupted.clone(), pending::<()>()).await;
        }
    });
    assert_eq!(log, SHOWN_AND_EXPIRED);
}

#[test]
fn loop_around_unless_yields() {
    let log = shutdown_with(|mut interrupted| async move {
        loop {
            interrupted.unless(pending::<()>()).await;
        }
    });
    assert_eq!(log, SHOWN_AND_EXPIRED);
}
