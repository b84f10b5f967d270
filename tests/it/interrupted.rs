//! The signal of `add_with`.

use std::future::{pending, poll_fn, ready, Future};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use futures::future::{FusedFuture, FutureExt};
use futures::select;
use run_group::{Group, Interrupted};
use smol::block_on;

use crate::play::Play;

/// A group that is stopping, of an actor that gave its `Interrupted` away, and that.
fn interrupted() -> (Play, Group<'static, ()>, Interrupted) {
    let play = Play::default();
    let mut taken = None;
    let mut group = Group::new();
    group.add_with(|interrupted| {
        taken = Some(interrupted);
        pending::<()>()
    });
    group.add(ready(()), |_| {});
    play.settle(&mut group);
    (play, group, taken.unwrap())
}

#[test]
fn resolves_when_its_actor_is_interrupted_and_stays_so() {
    let (play, _group, mut interrupted) = interrupted();
    for _ in 0..3 {
        play.poll_ready(&mut interrupted);
    }
}

#[test]
fn wakes_its_actor() {
    let play = Play::default();
    let mut group = Group::new();
    let first = play.stubborn("first", &mut group);
    group.add_with(|interrupted| interrupted.map(|()| "told"));
    play.settle(&mut group);
    first.returns("done");
    assert_eq!(play.poll_ready(&mut group), Some("done"));
}

/// A `oneshot` receiver counts as terminated as soon as its sender is dropped, and `select!` leaves a terminated future
/// out: an actor would not have seen that it was interrupted.
#[test]
fn is_terminated_only_when_it_has_said_that_it_is_ready() {
    let (play, _group, mut interrupted) = interrupted();
    assert!(!interrupted.is_terminated());
    play.poll_ready(&mut interrupted);
    assert!(interrupted.is_terminated());
}

#[test]
fn can_be_selected_over_in_a_loop() {
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
fn shows_whether_it_is_over() {
    let (play, _group, mut interrupted) = interrupted();
    assert_eq!(
        format!("{interrupted:?}"),
        "Interrupted { terminated: false }"
    );
    play.poll_ready(&mut interrupted);
    assert_eq!(
        format!("{interrupted:?}"),
        "Interrupted { terminated: true }"
    );
}

/// Whoever it wakes, and how often that was woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// A running group with an actor that gave its `Interrupted` away, and that.
fn outside() -> (Play, Group<'static, &'static str>, Interrupted) {
    let play = Play::default();
    let mut taken = None;
    let mut group = Group::new();
    group.add_with(|interrupted| {
        taken = Some(interrupted);
        pending()
    });
    play.settle(&mut group);
    (play, group, taken.unwrap())
}

/// Its waker stayed behind when it was dropped, kept what it would wake, and woke it at the interruption.
#[test]
fn one_that_was_dropped_holds_no_waker_and_wakes_nobody() {
    let (play, mut group, mut interrupted) = outside();
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(woken.clone());
    let polled = Pin::new(&mut interrupted).poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    drop((waker, interrupted));
    assert_eq!(Arc::strong_count(&woken), 1);
    group.add(ready("done"), |_| {});
    play.settle(&mut group);
    assert_eq!(woken.0.load(SeqCst), 0);
}

/// It was polled at the interruption, though nobody had woken it.
#[test]
fn an_actor_that_has_dropped_its_own_is_not_woken_by_the_interruption() {
    let play = Play::default();
    let mut group = Group::new();
    let says = play.clone();
    group.add_with(|mut interrupted| async move {
        assert_eq!(futures::poll!(&mut interrupted), Poll::Pending);
        drop(interrupted);
        poll_fn(|_| {
            says.say("polled");
            Poll::Pending
        })
        .await
    });
    play.settle(&mut group);
    assert_eq!(play.log(), ["polled"]);
    group.add(ready("done"), |_| {});
    play.settle(&mut group);
    assert!(play.log().is_empty());
}

#[test]
fn one_that_moved_between_tasks_wakes_the_last() {
    let (play, mut group, mut interrupted) = outside();
    let tasks = [0; 3].map(|_| Arc::new(Woken::default()));
    for woken in &tasks {
        let waker = Waker::from(woken.clone());
        let polled = Pin::new(&mut interrupted).poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
    }
    group.add(ready("done"), |_| {});
    play.settle(&mut group);
    assert_eq!(tasks.map(|woken| woken.0.load(SeqCst)), [0, 0, 1]);
}
