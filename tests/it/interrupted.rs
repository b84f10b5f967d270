//! The signal of `add_with`.

use std::future::{pending, ready};

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
