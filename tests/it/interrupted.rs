//! `Interrupted` and `Interrupt`, in a group and without one.

use std::future::{pending, poll_fn, ready};
use std::task::Poll;

use futures::future::{FusedFuture, FutureExt};
use futures::select;
use run_group::{Group, Interrupt, Interrupted};
use smol::block_on;

use crate::harness::Test;

#[test]
fn wakes_its_actor() {
    let test = Test::default();
    let mut group = Group::new();
    let first = test.add_manual("first", &mut group);
    group.add_with(|interrupted| interrupted.map(|()| "interrupted"));
    test.settle(&mut group);
    first.returns("done");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
}

#[test]
fn select_in_a_loop_sees_the_interruption() {
    let mut group = Group::new();
    group.add_with(|mut interrupted| async move {
        let mut turns = 0;
        loop {
            select! {
                () = interrupted => break turns,
                () = smol::future::yield_now().fuse() => turns += 1,
            }
        }
    });
    group.add(
        async {
            smol::future::yield_now().await;
            0
        },
        |_| {},
    );
    let exits = block_on(group.report());
    assert!(exits[1].output().is_some());
}

#[test]
fn debug_shows_whether_it_is_interrupted() {
    let (interrupt, mut interrupted) = Interrupted::channel();
    assert_eq!(format!("{interrupt:?}"), "Interrupt { .. }");
    let shown = "Interrupted { is_interrupted: false }";
    assert_eq!(format!("{interrupted:?}"), shown);
    interrupt.interrupt();
    let shown = "Interrupted { is_interrupted: true }";
    assert_eq!(format!("{interrupted:?}"), shown);
    Test::default().poll_ready(&mut interrupted);
    assert_eq!(format!("{interrupted:?}"), shown);
}

/// Returns a running group, and the `Interrupted` of its actor.
pub fn running() -> (Test, Group<'static, &'static str>, Interrupted) {
    let test = Test::default();
    let mut taken = None;
    let mut group = Group::new();
    group.add_with(|interrupted| {
        taken = Some(interrupted);
        pending()
    });
    test.settle(&mut group);
    (test, group, taken.unwrap())
}

/// The waker used to stay when `Interrupted` was dropped. It kept its task in memory, and woke it when the actor was
/// interrupted.
#[test]
fn drop_releases_the_waker() {
    let (test, mut group, mut interrupted) = running();
    let task = Test::default();
    task.poll_pending(&mut interrupted);
    drop(interrupted);
    assert_eq!(task.wakers(), 0);
    group.add(ready("done"), |_| {});
    test.settle(&mut group);
    assert_eq!(task.take_wakes(), 0);
}

/// When the group interrupted an actor that had dropped its `Interrupted`, it used to poll the actor, although nothing
/// had woken it.
#[test]
fn actor_that_dropped_it_is_not_woken() {
    let test = Test::default();
    let mut group = Group::new();
    let says = test.clone();
    group.add_with(|mut interrupted| async move {
        assert_eq!(futures::poll!(&mut interrupted), Poll::Pending);
        drop(interrupted);
        poll_fn(|_| {
            says.log("polled");
            Poll::Pending
        })
        .await
    });
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["polled"]);
    group.add(ready("done"), |_| {});
    test.settle(&mut group);
    assert!(test.take_log().is_empty());
}

#[test]
fn wakes_the_task_that_polled_it_last() {
    let (test, mut group, mut interrupted) = running();
    let tasks = [(); 3].map(|()| Test::default());
    tasks.iter().for_each(|task| task.poll_pending(&mut interrupted));
    group.add(ready("done"), |_| {});
    test.settle(&mut group);
    assert_eq!(tasks.map(|task| task.take_wakes()), [0, 0, 1]);
}

// When it yields.

/// Polls the members of an interrupted family 10,000 times, one after the other, and returns which polls yielded.
pub fn yields(family: &mut [Interrupted]) -> Vec<usize> {
    let test = Test::default();
    let members = family.len();
    let yields = (0..10_000).filter(|poll| {
        let interrupted = &mut family[poll % members];
        let was_terminated = interrupted.is_terminated();
        let yields = test.poll(interrupted).is_pending();
        assert_eq!(test.take_wakes(), usize::from(yields));
        assert!(interrupted.is_interrupted());
        assert_eq!(interrupted.is_terminated(), was_terminated || !yields);
        yields
    });
    yields.collect()
}

/// Asserts that the first of 10,000 polls was ready, and that among any 1,000 at least one yielded and at most ten did.
#[track_caller]
pub fn assert_in_bounds(yields: &[usize]) {
    assert_ne!(yields.first(), Some(&0));
    for first in 0..=9_000 {
        let polls = first..first + 1_000;
        let count = yields.iter().filter(|poll| polls.contains(*poll)).count();
        assert!((1..=10).contains(&count), "{count} in {polls:?}");
    }
}

/// A loop that ignored the interruption used to spin in one poll forever. Neither the grace period nor a second signal
/// could do anything. To look without waiting, there is `is_interrupted`, which never yields.
#[test]
fn yields_now_and_then() {
    let (interrupt, interrupted) = Interrupted::channel();
    interrupt.interrupt();
    assert_in_bounds(&yields(&mut [interrupted]));
}

// The other end.

#[test]
fn other_end_interrupts() {
    for end in [Interrupt::interrupt, drop] {
        let test = Test::default();
        let (_interrupt, mut interrupted) = Interrupted::channel();
        let another = interrupted.other_end();
        test.poll_pending(&mut interrupted);
        assert!(!interrupted.is_interrupted());
        end(another);
        assert_eq!(test.take_wakes(), 1);
        assert!(interrupted.is_interrupted());
        test.poll_ready(&mut interrupted);
    }
}

/// A statement that only calls it interrupts the actor, so the compiler warns of one.
#[test]
fn other_end_must_be_used() {
    let (_interrupt, interrupted) = Interrupted::channel();
    #[expect(unused_must_use)]
    interrupted.other_end();
    assert!(interrupted.is_interrupted());
}

#[test]
fn second_interrupt_does_nothing() {
    let test = Test::default();
    let (interrupt, mut interrupted) = Interrupted::channel();
    let ends = [(); 3].map(|()| interrupted.other_end());
    test.poll_pending(&mut interrupted);
    interrupt.interrupt();
    assert_eq!(test.take_wakes(), 1);
    test.poll_ready(&mut interrupted);
    drop(ends);
    interrupted.other_end().interrupt();
    assert_eq!(test.take_wakes(), 0);
    assert!(interrupted.is_interrupted() && interrupted.is_terminated());
}

/// Otherwise a loop that ignores the interruption and drops such an end in each round would never yield.
#[test]
fn second_interrupt_does_not_reset_the_count() {
    let test = Test::default();
    let (interrupt, mut interrupted) = Interrupted::channel();
    interrupt.interrupt();
    let yields = (0..10_000).filter(|_| {
        drop(interrupted.other_end());
        test.poll(&mut interrupted).is_pending()
    });
    assert_in_bounds(&Vec::from_iter(yields));
}

/// Stops one actor alone. Its exit is one by itself, so it may leave.
#[test]
fn actor_that_was_stopped_alone_leaves() {
    let test = Test::default();
    let mut stop = None;
    let mut group = Group::new();
    test.log_exits(&mut group);
    group
        .add_with(|interrupted| {
            stop = Some(interrupted.other_end());
            interrupted.map(|()| "stopped")
        })
        .stops_if(|_| false)
        .named("worker");
    test.add_manual("other", &mut group);
    test.settle(&mut group);
    test.take_log();
    stop.take().unwrap().interrupt();
    assert_eq!(test.take_wakes(), 1);
    assert!(!group.running().next().unwrap().is_interrupted());
    test.settle(&mut group);
    assert_eq!(test.take_log(), [r#"worker returned "stopped", left"#]);
    assert_eq!((group.len(), group.is_stopping()), (1, false));
}

/// The other end outlives its group. The group's own interrupt comes first, and the other end then does nothing.
#[test]
fn other_end_may_outlive_its_group() {
    let (test, mut group, interrupted) = running();
    let another = interrupted.other_end();
    group.add(ready("done"), |_| {});
    test.settle(&mut group);
    assert!(interrupted.is_interrupted());
    drop((group, interrupted));
    another.interrupt();
}

/// An actor that exits in a later stage is interrupted with its stage. For one that leaves, see [`leaving`].
///
/// [`leaving`]: crate::leaving
#[test]
fn resolves_when_the_stage_of_its_actor_is_interrupted() {
    let (test, mut taken) = (Test::default(), None);
    let (mut front, mut back) = (Group::new(), Group::new());
    let slow = test.add_manual("slow", &mut front);
    back.add_with(|interrupted| {
        taken = Some(interrupted);
        ready("done")
    });
    test.add_manual("other", &mut back);
    let mut group = front.before(back);
    test.settle(&mut group);
    let interrupted = taken.unwrap();
    assert!(!interrupted.is_interrupted());
    slow.returns("late");
    test.settle(&mut group);
    assert!(interrupted.is_interrupted());
}

// Without a group.

/// It is terminated only after it was ready. A `oneshot` receiver is terminated as soon as its sender is dropped, and
/// `select!` skips a terminated future. With such a receiver, an actor would not see that it is interrupted.
#[test]
fn channel_resolves_when_interrupted_or_dropped() {
    for end in [Interrupt::interrupt, drop] {
        let test = Test::default();
        let (interrupt, mut interrupted) = Interrupted::channel();
        assert!(!interrupted.is_interrupted() && !interrupted.is_terminated());
        test.poll_pending(&mut interrupted);
        assert!(!interrupted.is_interrupted());
        end(interrupt);
        assert_eq!(test.take_wakes(), 1);
        assert!(interrupted.is_interrupted() && !interrupted.is_terminated());
        for _ in 0..3 {
            test.poll_ready(&mut interrupted);
            assert!(interrupted.is_interrupted() && interrupted.is_terminated());
        }
    }
}

#[test]
fn is_interrupted_follows_the_group() {
    let (test, mut group, interrupted) = running();
    assert!(!interrupted.is_interrupted());
    group.add(ready("done"), |_| {});
    assert!(!interrupted.is_interrupted());
    test.settle(&mut group);
    assert!(interrupted.is_interrupted());
}

#[test]
fn is_interrupted_when_the_group_was_dropped() {
    let (_, group, interrupted) = running();
    drop(group);
    assert!(interrupted.is_interrupted());
}

// `unless`.

#[test]
fn unless_returns_the_output_of_its_future() {
    let (interrupt, mut interrupted) = Interrupted::channel();
    assert_eq!(block_on(interrupted.unless(ready(7))), Some(7));
    assert_eq!(block_on(interrupted.unless(ready(8))), Some(8));
    drop(interrupt);
    assert_eq!(block_on(interrupted.unless(ready(9))), None);
}

#[test]
fn unless_is_woken_by_either() {
    for interrupts in [true, false] {
        let test = Test::default();
        let (interrupt, mut interrupted) = Interrupted::channel();
        let actor = test.actor("future");
        let mut unless = Box::pin(interrupted.unless(actor.execute()));
        test.poll_pending(&mut unless);
        assert_eq!(test.take_wakes(), 0);
        match interrupts {
            true => interrupt.interrupt(),
            false => actor.returns("done"),
        }
        assert_eq!(test.take_wakes(), 1);
        let expected = (!interrupts).then_some("done");
        assert_eq!(test.poll_ready(&mut unless), expected);
    }
}

#[test]
fn unless_interruption_wins_a_tie() {
    let test = Test::default();
    let (interrupt, mut interrupted) = Interrupted::channel();
    let actor = test.actor("future");
    let mut unless = Box::pin(interrupted.unless(actor.execute()));
    test.poll_pending(&mut unless);
    assert_eq!(test.take_log(), ["future"]);
    actor.returns("too late");
    interrupt.interrupt();
    assert!(!actor.is_dropped());
    assert_eq!(test.poll_ready(&mut unless), None);
    // The future of `unless` still exists: it dropped `actor` before it returned `None`.
    assert!(actor.is_dropped());
    assert!(test.take_log().is_empty());
}

/// `unless` does not poll its future even when it yields.
#[test]
fn unless_polls_nothing_once_interrupted() {
    let test = Test::default();
    let (interrupt, mut interrupted) = Interrupted::channel();
    interrupt.interrupt();
    let yields = (0..1_000).filter(|_| {
        let actor = test.actor("future");
        let mut unless = Box::pin(interrupted.unless(actor.execute()));
        let yields = test.poll(&mut unless).map(|output| assert_eq!(output, None)).is_pending();
        assert_eq!(test.take_wakes(), usize::from(yields));
        if yields {
            assert!(!actor.is_dropped());
            assert_eq!(test.poll_ready(&mut unless), None);
        }
        assert_eq!(test.take_log(), ["future dropped"]); // although the future of `unless` still exists
        yields
    });
    assert!((1..=10).contains(&yields.count()));
}

#[test]
fn unless_is_cancel_safe() {
    let test = Test::default();
    let (interrupt, mut interrupted) = Interrupted::channel();
    let actor = test.actor("future");
    let mut execute = actor.execute();
    for _ in 0..2 {
        let mut unless = Box::pin(interrupted.unless(&mut execute));
        test.poll_pending(&mut unless);
        drop(unless);
        assert!(!actor.is_dropped() && !interrupted.is_interrupted());
    }
    actor.returns("done");
    assert_eq!(block_on(interrupted.unless(&mut execute)), Some("done"));
    interrupt.interrupt();
    assert_eq!(block_on(interrupted.unless(&mut execute)), None);
    test.poll_ready(&mut interrupted);
}

/// The loop that the docs recommend.
#[test]
fn unless_in_a_loop_ends_with_the_group() {
    let test = Test::default();
    let (send, requests) = smol::channel::unbounded();
    let mut group = Group::new();
    group.add_with(|mut interrupted| async move {
        let mut served = 0;
        while let Some(Ok(())) = interrupted.unless(requests.recv()).await {
            served += 1;
        }
        served
    });
    for _ in 0..3 {
        send.try_send(()).unwrap();
        test.settle(&mut group);
    }
    group.add(ready(0), |_| {});
    let exits = test.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(exits[1].output(), Some(&3));
}
