//! Clause 10: grace periods. Those of combined groups are in [`stages`](crate::stages).

use std::future::{pending, poll_fn, ready, Future};
use std::pin::pin;
use std::task::Poll;

use futures::channel::oneshot;
use futures::future::{select, FutureExt, LocalBoxFuture};
use run_group::{Exit, Group, LocalGroup, LocalHandle};

use crate::harness::{Actor, Output, Test};

#[test]
fn begins_right_after_the_interrupts() {
    let test = Test::default();
    let (mut group, [a, b]) = test.group(["a", "b"]);
    test.set_grace_period("timer", &mut group);
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["a", "b"]);

    a.returns("done");
    b.wake();
    test.poll_pending(&mut group);
    assert_eq!(test.take_log(), ["a", "a! (by a)", "b! (by a)", "timer begins", "timer", "b"]);
}

#[test]
fn begins_once() {
    let test = Test::default();
    let (mut group, actors) = test.group(["a", "b", "c"]);
    test.set_grace_period("timer", &mut group);
    for actor in &actors[..2] {
        test.settle(&mut group);
        actor.returns("done");
    }
    test.settle(&mut group);
    let late = test.add_manual("late", &mut group);
    test.settle(&mut group);
    late.returns("done");
    actors[2].returns("done");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(test.take_lines_with("begins"), ["timer begins"]);
}

#[test]
fn not_begun_if_no_actor_is_left_running() {
    let test = Test::default();
    let mut group = Group::new();
    test.set_grace_period("timer", &mut group);
    group.add(ready("done"), |_| {});
    group.add_abortable(test.actor("aborted").execute());
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(test.take_log(), ["aborted", "aborted dropped"]);
}

/// The first interrupts leave no actor running, but one is queued to join the stage.
#[cfg(feature = "std")]
#[test]
fn begins_later_if_an_actor_joins() {
    let test = Test::default();
    let mut group = Group::new();
    let timer = test.set_grace_period("timer", &mut group);
    let (handle, late) = (group.handle(), test.actor("late"));
    let execute = late.execute();
    group.add_abortable(pending());
    group
        .add(ready("done"), move |_| {
            handle.add(execute, late.interrupt());
        })
        .named("cause");
    test.poll_pending(&mut group);
    assert_eq!(test.take_log(), [""; 0]);
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["late! (by cause)", "timer begins", "timer", "late"]);
    timer.returns("over");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(test.take_log(), ["timer", "late", "late dropped"]);
}

#[test]
fn is_polled_before_the_actors() {
    let test = Test::default();
    let (mut group, timer, [a, b]) = test.stopping_group(["a", "b"]);
    a.wake();
    b.wake();
    timer.wake();
    test.poll_pending(&mut group);
    assert_eq!(test.take_log(), ["timer", "a", "b"]);
}

#[test]
fn is_dropped_when_every_actor_has_exited() {
    let test = Test::default();
    let (mut group, timer, [a, b]) = test.stopping_group(["a", "b"]);
    a.returns("late");
    test.settle(&mut group);
    assert!(!timer.is_dropped());
    b.returns("late");
    test.take_log();
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(test.take_log(), ["timer", "b", "timer dropped"]);
}

#[test]
fn actors_expire_in_order_of_adding() {
    let test = Test::default();
    let (mut group, [_a, b, c, d, _e]) = test.group(["a", "b", "c", "d", "e"]);
    test.log_exits(&mut group);
    let timer = test.set_grace_period("timer", &mut group);
    c.returns("done");
    test.settle(&mut group);
    // Wake some, so that the set has the actors in another order than that of adding.
    d.wake();
    b.wake();
    test.settle(&mut group);
    d.returns("in time");
    test.settle(&mut group);
    test.take_log();

    timer.returns("over");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(
        test.take_log(),
        [
            "timer",
            "a",
            "b",
            "e",
            "a dropped",
            "a expired",
            "b dropped",
            "b expired",
            "e dropped",
            "e expired"
        ]
    );
}

// The stage ends with its grace period.

/// In this poll, nothing else is polled before the next stage shuts down.
#[test]
fn end_comes_before_other_actors_are_polled() {
    let test = Test::default();
    let (mut front, [a, _b]) = test.group(["a", "b"]);
    let timer = test.set_grace_period("timer", &mut front);
    let (mut back, [c]) = test.group(["c"]);
    back.add(ready("done"), |_| {}).named("cause");
    let mut group = front.before(back);
    test.settle(&mut group);
    test.take_log();

    c.wake();
    a.wake();
    timer.returns("over");
    test.poll_pending(&mut group);
    assert_eq!(
        test.take_log(),
        ["timer", "a", "b", "a dropped", "b dropped", "c! (by cause)", "c"]
    );
}

/// Adds an actor to a handle when it is polled for the last time, and never returns.
fn adds_in_last_poll(test: &Test, group: &mut LocalGroup<'static, Output>) {
    let (handle, test, mut polls) = (group.handle(), test.clone(), 0);
    let execute = poll_fn(move |_| {
        polls += 1;
        if polls == 2 {
            let late = test.actor("late");
            handle.add(late.execute(), late.interrupt()).named("late");
        }
        Poll::Pending
    });
    group.add(execute, |_| {}).named("adds");
}

/// Returns two stages, of which the first waits for an actor that adds another in its last poll. `combined`: to the
/// combined group, instead of to the front. The front's grace period ends with the timer.
fn adds_before_it_expires(
    test: &Test,
    combined: bool,
) -> (LocalGroup<'static, Output>, Actor, Actor) {
    let (mut front, mut back) = (Group::local(), Group::local());
    let [timer, last] = ["timer", "last"].map(|name| test.actor(name));
    front.grace_period(timer.begin());
    if !combined {
        adds_in_last_poll(test, &mut front);
    }
    back.add(last.execute(), last.interrupt());
    let mut group = front.before(back);
    if combined {
        adds_in_last_poll(test, &mut group);
    }
    group.add(ready("done"), |_| {}).named("cause");
    test.settle(&mut group);
    test.take_log();
    timer.returns("over");
    (group, timer, last)
}

#[test]
fn handed_in_at_the_end_joins_the_next_stage() {
    let test = Test::default();
    let (mut group, _, last) = adds_before_it_expires(&test, true);
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["timer", "last! (by cause)", "late! (by cause)", "late"]);
    assert_eq!(group.len(), 2);
    last.returns("late");
    test.settle(&mut group);
}

#[test]
fn handed_in_at_the_end_of_the_last_stage_is_dropped() {
    let test = Test::default();
    let (mut group, _, last) = adds_before_it_expires(&test, false);
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["timer", "late dropped", "last! (by cause)"]);
    last.returns("late");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
}

/// One that was handed in before the poll is taken in, and polled once.
#[test]
fn handed_in_before_the_end_is_polled_once() {
    let test = Test::default();
    let mut group = Group::local();
    let (handle, timer) = (group.handle(), test.actor("timer"));
    group.grace_period(timer.begin());
    group.add(pending(), |_| {});
    group.add(ready("done"), |_| {}).named("cause");
    test.settle(&mut group);
    test.take_log();
    let [late, returns] = ["late", "returns"].map(|name| test.actor(name));
    returns.stops_when_interrupted();
    for actor in [&late, &returns] {
        handle.add(actor.execute(), actor.interrupt());
    }
    timer.returns("over");
    let report = test.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(
        test.take_log(),
        ["late! (by cause)", "returns! (by cause)", "timer", "late", "returns", "late dropped"]
    );
    let indices: Vec<_> = report.iter().map(Exit::index).collect();
    assert_eq!(indices, [1, 3, 0, 2]);
}

/// An actor that adds itself again, like a restart, kept a shutdown open forever although its grace period was over.
#[test]
fn actor_that_adds_itself_does_not_delay_the_end() {
    fn again(handle: LocalHandle<'static, Output>) -> LocalBoxFuture<'static, Output> {
        poll_fn(move |_| {
            handle.add(again(handle.clone()), |_| {});
            Poll::Ready("done")
        })
        .boxed_local()
    }
    assert_ends_with_the_grace_period(again);
}

/// The same, but it adds itself when it is dropped.
#[test]
fn actor_added_by_a_drop_does_not_delay_the_end() {
    struct Again(LocalHandle<'static, Output>);
    impl Drop for Again {
        fn drop(&mut self) {
            if !self.0.is_closed() {
                self.0.add(run(Again(self.0.clone())), |_| {});
            }
        }
    }
    async fn run(_again: Again) -> Output {
        "done"
    }
    assert_ends_with_the_grace_period(|handle| run(Again(handle)));
}

/// Asserts that a group ends in the poll in which its grace period does, and not before.
#[track_caller]
fn assert_ends_with_the_grace_period<F: Future<Output = Output> + 'static>(
    execute: impl Fn(LocalHandle<'static, Output>) -> F,
) {
    for polls in [0, 10] {
        let test = Test::default();
        let timer = test.actor("timer");
        let mut group = Group::local();
        group.grace_period(timer.begin());
        let handle = group.handle();
        group.add(execute(handle), |_| {});
        test.poll_pending(&mut group); // the first returns, and another waits to be taken in
        for _ in 0..polls {
            test.poll_pending(&mut group);
        }
        timer.returns("over");
        assert_eq!(test.poll_ready(&mut group), Some("done"), "{polls}");
        assert!(group.is_empty());
    }
}

/// `break` in a `select!` leaves the `select!` but not the loop. The loop then ran forever in one poll, so nothing could
/// end or name it.
#[test]
fn loop_that_ignores_its_interrupt_expires() {
    let test = Test::default();
    let mut group = Group::new();
    let timer = test.set_grace_period("timer", &mut group);
    let seen = test.clone();
    group.on_wait(move |waiting| seen.log(waiting));
    let (_jobs, queue) = smol::channel::unbounded::<u32>();
    group
        .add_with(|mut interrupted| async move {
            for _ in 0..100_000 {
                select(&mut interrupted, pin!(queue.recv())).await;
            }
            "the loop ran forever in one poll"
        })
        .named("loop");
    group.add(ready("done"), |_| {}).named("cause");
    test.poll_pending(&mut group);
    assert_eq!(test.take_log(), ["timer begins", "timer", "loop"]);
    test.poll_pending(&mut group);

    timer.returns("over");
    let report = test.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(report[1].to_string(), "loop expired");
}

#[test]
fn second_one_replaces_the_first() {
    let test = Test::default();
    let (mut group, _) = test.group(["stuck"]);
    group.grace_period(|| -> std::future::Ready<()> { panic!("it was replaced") });
    test.set_grace_period("timer", &mut group);
    group.add(ready("done"), |_| {}).named("cause");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["stuck", "stuck! (by cause)", "timer begins", "timer"]);
}

#[test]
fn running_one_can_be_replaced() {
    let test = Test::default();
    let (mut group, first, _) = test.stopping_group(["stuck"]);
    let second = test.set_grace_period("second", &mut group);
    assert!(first.is_dropped());
    assert_eq!(test.take_log(), ["timer dropped"]);
    first.returns("over"); // has no effect
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["second begins", "second"]);
    second.returns("over");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(test.take_log(), ["second", "stuck", "stuck dropped"]);
}

#[test]
fn set_while_stopping_begins_in_next_poll() {
    let test = Test::default();
    let (mut group, _) = test.group(["stuck"]);
    group.add(ready("done"), |_| {});
    test.settle(&mut group);
    test.take_log();

    let timer = test.set_grace_period("timer", &mut group);
    assert!(test.take_log().is_empty());
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["timer begins", "timer"]);
    timer.returns("over");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
}

/// A second Ctrl-C is one future for the whole program.
#[test]
fn shared_future_is_one_deadline() {
    let test = Test::default();
    let (force, forced) = oneshot::channel::<()>();
    let forced = forced.shared();
    let [a, mut b, mut c] = ["a", "b", "c"].map(|name| test.group([name]).0);
    test.add_stoppable("in time", &mut b);
    c.add(ready("done"), |_| {}).named("cause");
    let mut group = a.before(b).before(c);
    test.log_exits(&mut group);
    group.grace_period(move || forced.clone());
    test.settle(&mut group);
    assert_eq!(group.len(), 4);
    test.take_log();

    force.send(()).unwrap();
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(
        test.take_log(),
        [
            "a",
            "a dropped",
            "a expired",
            "b! (by cause)",
            "in time! (by cause)",
            "b",
            "in time",
            r#"in time returned "stopped", interrupted"#,
            "b dropped",
            "b expired",
            "c! (by cause)",
            "c",
            "c dropped",
            "c expired"
        ]
    );
}
