//! Clause 12, without `std`: a panic unwinds through the group. Afterwards `poll` still returns, and dropping the group
//! drops every actor.

use std::future::{pending, poll_fn, ready};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::task::Poll;

use run_group::Group;

use crate::harness::{Actor, Output, Test};

/// Polls a group, and asserts that a panic unwinds out of the poll.
#[track_caller]
fn poll_unwinds(test: &Test, group: &mut Group<'_, Output>) {
    let polled = catch_unwind(AssertUnwindSafe(|| test.poll(group)));
    assert!(polled.is_err(), "it did not unwind: {:?}", test.take_log());
}

/// Asserts that polls of a group return after a panic, with any result, and that dropping the group drops all actors.
#[track_caller]
fn assert_returns_and_drops_all(test: &Test, mut group: Group<'_, Output>, actors: &[Actor]) {
    for _ in 0..3 {
        actors.iter().for_each(Actor::wake);
        let _any = test.poll(&mut group);
    }
    drop(group);
    assert!(actors.iter().all(Actor::is_dropped));
}

/// Asserts that the shutdown of a group unwinds, and that then a stuck actor expires.
#[track_caller]
fn assert_unwinds_and_expires(test: &Test, mut group: Group<'_, Output>) {
    let stuck = test.add_manual("stuck", &mut group);
    group.add(ready("done"), |_| {});
    poll_unwinds(test, &mut group);
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert!(stuck.is_dropped());
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("bomb");
    }
}

/// Never returns, and panics when it is dropped after its first poll.
async fn hold_a_bomb<T>() -> T {
    let _held = Bomb;
    pending().await
}

#[test]
fn panic_unwinds_and_drops_its_actor() {
    let test = Test::default();
    let (mut group, [a, b, c]) = test.group(["a", "b", "c"]);
    test.settle(&mut group);
    test.take_log();

    b.panics("oh");
    poll_unwinds(&test, &mut group);
    assert_eq!(test.take_log(), ["b"]);
    assert!(b.is_dropped() && !a.is_dropped() && !c.is_dropped());
    assert_returns_and_drops_all(&test, group, &[a, b, c]);
}

/// A group that had no actor left in its set used to end, as an empty group does.
#[test]
fn group_of_panicked_actor_stays_pending() {
    let test = Test::default();
    let (mut group, [only]) = test.group(["only"]);
    only.panics("oh");
    poll_unwinds(&test, &mut group);
    assert_eq!(group.len(), 1);
    test.poll_pending(&mut group);
    assert_returns_and_drops_all(&test, group, &[only]);
}

#[test]
fn panic_in_an_interrupt_unwinds() {
    let test = Test::default();
    let (mut group, [a]) = test.group(["a"]);
    let b = test.actor("b");
    group.add(b.execute(), |_| panic!("oh"));
    let c = test.add_manual("c", &mut group);
    a.returns("done");
    poll_unwinds(&test, &mut group);
    assert_eq!(test.take_log(), ["a", "a! (by a)"]);
    test.poll_pending(&mut group);
    assert_eq!(test.take_log(), ["c! (by a)", "b", "c"]);
    assert_returns_and_drops_all(&test, group, &[a, b, c]);
}

/// The grace period is over, and the only actor panics in its last poll. The expiry then found no actor to drop, and
/// the poll looped forever.
#[test]
fn poll_returns_after_a_panic_in_the_last_poll() {
    let test = Test::default();
    let mut group = Group::new();
    group.grace_period(|| ready(()));
    let a = test.actor("a");
    let panics = a.clone();
    group.add(a.execute(), move |_| panics.panics("oh"));
    group.add(ready("done"), |_| {});
    poll_unwinds(&test, &mut group);
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert!(a.is_dropped());
}

/// An actor panics while the grace period runs. The others still expire, and the stage ends.
#[test]
fn others_expire_after_a_panic() {
    let test = Test::default();
    let (mut group, timer, [a, _b]) = test.stopping_group(["a", "b"]);
    a.panics("oh");
    poll_unwinds(&test, &mut group);
    test.settle(&mut group);
    test.take_log();
    timer.returns("over");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(test.take_log(), ["timer", "b", "b dropped"]);
    assert!(a.is_dropped());
}

#[test]
fn panic_in_a_grace_period_ends_it() {
    let test = Test::default();
    let [mut in_begin, mut in_future] = [(); 2].map(|()| Group::new());
    in_begin.grace_period(|| -> std::future::Ready<()> { panic!("no runtime") });
    in_future.grace_period(|| poll_fn(|_| -> Poll<()> { panic!("no runtime") }));
    assert_unwinds_and_expires(&test, in_begin);
    assert_unwinds_and_expires(&test, in_future);
}

#[test]
fn panic_in_an_exit_observer_unwinds() {
    let test = Test::default();
    let mut group = Group::new();
    group.on_exit(|_| panic!("oh"));
    let [a, b] = ["a", "b"].map(|name| test.add_stoppable(name, &mut group));
    let aborted = test.actor("aborted");
    group.add_abortable(aborted.execute());
    a.returns("done");
    poll_unwinds(&test, &mut group); // exit of the cause
    poll_unwinds(&test, &mut group); // exit of the aborted actor
    poll_unwinds(&test, &mut group); // exit of `b`
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert!([a, b, aborted].iter().all(Actor::is_dropped));
}

/// The actors after it in the order of adding expire in the next poll.
#[test]
fn observer_panic_during_expiry_unwinds() {
    let test = Test::default();
    let (mut group, [a, b]) = test.group(["a", "b"]);
    group.on_exit(|exit| assert_ne!(exit.name(), Some("a"), "oh"));
    group.grace_period(|| ready(()));
    group.add(ready("done"), |_| {});
    poll_unwinds(&test, &mut group);
    assert!(a.is_dropped() && !b.is_dropped());
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert!(b.is_dropped());
}

#[test]
fn panic_in_a_wait_observer_unwinds() {
    let test = Test::default();
    let (mut group, [slow]) = test.group(["slow"]);
    group.on_wait(|_| panic!("oh"));
    group.add(ready("done"), |_| {});
    poll_unwinds(&test, &mut group);
    test.poll_pending(&mut group);
    slow.returns("late");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
}

/// The next poll finds the grace period over, and ends the stage.
#[test]
fn drop_panic_of_an_actor_unwinds() {
    for expires in [false, true] {
        let mut group = Group::new();
        group.grace_period(|| ready(()));
        match expires {
            false => group.add_abortable(hold_a_bomb()),
            true => group.add(hold_a_bomb(), |_| {}),
        };
        assert_unwinds_and_expires(&Test::default(), group);
    }
}

/// The timer is dropped when its stage ends.
#[test]
fn drop_panic_of_a_grace_period_unwinds() {
    let test = Test::default();
    let (mut front, [a]) = test.group(["a"]);
    front.grace_period(hold_a_bomb::<()>);
    let (back, [b]) = test.group(["b"]);
    b.stops_when_interrupted();
    let mut group = front.before(back);
    group.add(ready("done"), |_| {});
    test.settle(&mut group);
    a.returns("late");
    poll_unwinds(&test, &mut group);
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert!(a.is_dropped() && b.is_dropped());
}

/// It is dropped, and is not polled again.
#[test]
fn panic_in_the_last_poll_of_an_abortable_actor() {
    let test = Test::default();
    let (mut group, [cause]) = test.group(["cause"]);
    let mut polls = 0;
    group.add_abortable(poll_fn(move |_| {
        polls += 1;
        assert_ne!(polls, 2, "oh");
        assert!(polls < 2, "polled again");
        Poll::Pending
    }));
    let other = test.add_stoppable("other", &mut group);
    test.settle(&mut group);
    cause.returns("done");
    poll_unwinds(&test, &mut group);
    test.settle(&mut group);
    assert!(other.is_dropped());
    assert_returns_and_drops_all(&test, group, &[cause, other]);
}

#[test]
fn panic_in_stops_if_unwinds() {
    let test = Test::default();
    let mut group = Group::new();
    let [a, b] = ["a", "b"].map(|name| test.actor(name));
    group.add(a.execute(), |_| {}).stops_if(|_| panic!("asked"));
    b.add_to(&mut group);
    a.returns("done");
    poll_unwinds(&test, &mut group);
    assert_returns_and_drops_all(&test, group, &[a, b]);
}

/// The observers have seen it leave, and the group continues.
#[test]
fn drop_panic_of_a_leaving_actor_unwinds() {
    let test = Test::default();
    let mut group = Group::new();
    test.log_exits(&mut group);
    let bomb = Bomb;
    group
        .add(ready("done"), move |_| {
            let _held = &bomb;
        })
        .stops_if(|_| false)
        .named("a");
    let b = test.add_manual("b", &mut group);
    poll_unwinds(&test, &mut group);
    assert_eq!(test.take_log(), [r#"a returned "done", left"#]);
    assert_eq!(group.len(), 1);
    b.returns("last");
    assert_eq!(test.poll_ready(&mut group), Some("last"));
}

/// The first stage panics, and the later one is still interrupted.
#[test]
fn later_stages_shut_down_after_a_panic() {
    let test = Test::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let a = test.actor("a");
    front.add(a.execute(), |_| panic!("oh"));
    let b = test.add_stoppable("b", &mut back);
    let mut group = front.before(back);
    group.add(ready("done"), |_| {}).named("cause");
    poll_unwinds(&test, &mut group);
    a.returns("late");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(test.take_log().last().unwrap(), "b");
    assert!(b.is_dropped());
}
