//! Clause 13: a group that is dropped before it has ended.

use std::future::{pending, ready};

use run_group::{Group, Interrupted};

use crate::play::{Actor, Play};

/// What was said while `drop` dropped the group, and that it was each of `actors` that was dropped, once.
#[track_caller]
fn assert_all_dropped(play: &Play, actors: &[Actor], drop: impl FnOnce()) {
    play.log();
    drop();
    let mut log = play.log();
    log.sort();
    assert_eq!(log.len(), actors.len(), "{log:?}");
    assert!(log.iter().all(|line| line.ends_with("dropped")), "{log:?}");
    assert!(actors.iter().all(Actor::is_dropped));
}

#[test]
fn dropping_before_the_first_poll_drops_every_actor_and_calls_no_interrupt() {
    let play = Play::default();
    let mut group = Group::new();
    let actors = ["a", "b", "c"].map(|name| play.stubborn(name, &mut group));
    assert_all_dropped(&play, &actors, || drop(group));
}

#[test]
fn dropping_while_it_runs_drops_every_actor_and_calls_no_interrupt() {
    let play = Play::default();
    let mut group = Group::new();
    let actors = ["a", "b", "c"].map(|name| play.stubborn(name, &mut group));
    play.settle(&mut group);
    assert_all_dropped(&play, &actors, || drop(group));
}

#[test]
fn dropping_while_it_stops_drops_who_is_still_out() {
    let play = Play::default();
    let mut group = Group::new();
    group.grace_period(pending::<()>);
    let actors = ["a", "b", "c"].map(|name| play.stubborn(name, &mut group));
    actors[0].returns("done");
    play.settle(&mut group);
    assert_all_dropped(&play, &actors[1..], || drop(group));
}

#[test]
fn dropping_while_the_front_stops_calls_no_interrupt_of_the_back() {
    let play = Play::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let a = play.stubborn("a", &mut front);
    let [b, c] = ["b", "c"].map(|name| play.stubborn(name, &mut back));
    let mut group = front.before(back);
    b.returns("done");
    play.settle(&mut group);
    assert_all_dropped(&play, &[a, c], || drop(group));
}

#[test]
fn dropping_the_futures_of_run_and_report_drops_every_actor() {
    let play = Play::default();
    let mut group = Group::new();
    let actors = ["a", "b"].map(|name| play.stubborn(name, &mut group));
    let mut report = Box::pin(group.report());
    play.settle(&mut report);
    assert_all_dropped(&play, &actors, || drop(report));

    let actor = play.actor("c");
    let execute = actor.execute();
    let mut group = Group::new();
    group.add(
        async move {
            execute.await;
            Ok::<(), ()>(())
        },
        |_| panic!("it is not interrupted"),
    );
    let mut run = Box::pin(group.run());
    play.settle(&mut run);
    assert_all_dropped(&play, &[actor], || drop(run));
}

#[test]
fn dropping_a_reference_to_it_drops_nobody() {
    let play = Play::default();
    let mut group = Group::new();
    let a = play.stubborn("a", &mut group);
    let mut by_reference = &mut group;
    play.settle(&mut by_reference);
    a.returns("done");
    assert_eq!(play.poll_ready(&mut group), Some("done"));
}

/// Takes an actor's `Interrupted` out of its group.
fn smuggled(group: &mut Group<'_, ()>) -> Interrupted {
    let mut smuggled = None;
    group.add_with(|interrupted| {
        smuggled = Some(interrupted);
        pending()
    });
    smuggled.unwrap()
}

#[cfg(not(target_family = "wasm"))]
#[test]
fn dropping_releases_who_holds_an_interrupted_outside() {
    for polled in [false, true] {
        let mut group = Group::new();
        let interrupted = smuggled(&mut group);
        if polled {
            Play::default().settle(&mut group);
        }
        let outside = std::thread::spawn(|| smol::block_on(interrupted));
        drop(group);
        outside.join().unwrap();
    }
}

#[test]
fn a_stop_releases_who_holds_an_interrupted_outside() {
    let play = Play::default();
    let mut group = Group::new();
    let mut interrupted = smuggled(&mut group);
    play.settle(&mut group);
    play.poll_pending(&mut interrupted);
    group.add(ready(()), |_| {});
    play.settle(&mut group);
    play.poll_ready(&mut interrupted);
}

/// `FuturesUnordered` leaks whatever it has not dropped yet when one of its futures panics in its drop.
#[cfg(all(feature = "std", panic = "unwind"))]
#[test]
fn a_panic_in_the_drop_of_one_actor_does_not_keep_the_others_from_being_dropped() {
    use std::panic::{catch_unwind, AssertUnwindSafe};

    let play = Play::default();
    let mut group = Group::new();
    let actors = ["a", "b", "c", "d"].map(|name| play.stubborn(name, &mut group));
    actors[1].panics_in_drop();
    actors[2].panics_in_drop();
    assert_all_dropped(&play, &actors, || {
        assert!(catch_unwind(AssertUnwindSafe(|| drop(group))).is_err());
    });
}

/// Two panics at once would abort the program.
#[cfg(all(feature = "std", panic = "unwind"))]
#[test]
fn a_panic_in_the_drop_of_an_actor_while_another_unwinds_is_left_at_that() {
    use std::panic::{catch_unwind, AssertUnwindSafe};

    let play = Play::default();
    let mut group = Group::new();
    let actors = ["a", "b"].map(|name| play.stubborn(name, &mut group));
    actors[0].panics_in_drop();
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _group = group;
        panic!("first");
    }));
    assert_eq!(unwound.unwrap_err().downcast_ref::<&str>(), Some(&"first"));
    assert!(actors.iter().all(Actor::is_dropped));
}
