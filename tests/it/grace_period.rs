//! Clause 10: grace periods. Those of combined groups are in [`stages`](crate::stages).

use std::future::{pending, poll_fn, ready};

use futures::channel::oneshot;
use futures::FutureExt;
use run_group::{Group, Outcome};

use crate::harness::{Actor, Output, Test};

/// Returns a group that is stopping and waits for actors of these names. Its grace period is running, and ends when
/// the timer returns.
fn stopping<const N: usize>(
    test: &Test,
    names: [Output; N],
) -> (Group<'static, Output>, Actor, [Actor; N]) {
    let mut group = Group::new();
    let timer = test.set_grace_period("timer", &mut group);
    let actors = names.map(|name| test.add_manual(name, &mut group));
    group.add(ready("done"), |_| {}).named("cause");
    test.settle(&mut group);
    test.take_log();
    (group, timer, actors)
}

/// Returns the lines that contain `word`.
fn only(log: Vec<String>, word: &str) -> Vec<String> {
    log.into_iter().filter(|line| line.contains(word)).collect()
}

#[test]
fn begins_right_after_the_interrupts() {
    let test = Test::default();
    let mut group = Group::new();
    test.set_grace_period("timer", &mut group);
    let [a, b] = ["a", "b"].map(|name| test.add_manual(name, &mut group));
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["a", "b"]);

    a.returns("done");
    b.wake();
    test.poll_pending(&mut group);
    assert_eq!(
        test.take_log(),
        ["a", "a! (by a)", "b! (by a)", "timer begins", "timer", "b"]
    );
}

#[test]
fn begins_once() {
    let test = Test::default();
    let mut group = Group::new();
    test.set_grace_period("timer", &mut group);
    let actors = ["a", "b", "c"].map(|name| test.add_manual(name, &mut group));
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
    assert_eq!(only(test.take_log(), "begins"), ["timer begins"]);
}

#[test]
fn not_begun_if_no_actor_is_left_running() {
    let test = Test::default();
    let mut group = Group::new();
    test.set_grace_period("timer", &mut group);
    group.add(ready("done"), |_| {});
    group.add_abortable(test.actor("aborted").execute());
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(test.take_log(), ["aborted dropped"]);
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
    assert!(test.take_log().is_empty());
    test.settle(&mut group);
    assert_eq!(
        test.take_log(),
        ["late! (by cause)", "timer begins", "timer", "late"]
    );
    timer.returns("over");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(test.take_log(), ["timer", "late dropped"]);
}

#[test]
fn is_polled_before_the_actors() {
    let test = Test::default();
    let (mut group, timer, [a, b]) = stopping(&test, ["a", "b"]);
    a.wake();
    b.wake();
    timer.wake();
    test.poll_pending(&mut group);
    assert_eq!(test.take_log(), ["timer", "a", "b"]);
}

#[test]
fn is_dropped_when_every_actor_has_exited() {
    let test = Test::default();
    let (mut group, timer, [a, b]) = stopping(&test, ["a", "b"]);
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
    let mut group = Group::new();
    test.log_exits(&mut group);
    let timer = test.set_grace_period("timer", &mut group);
    let [_a, b, c, d, _e] = ["a", "b", "c", "d", "e"].map(|name| test.add_manual(name, &mut group));
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
            "a dropped",
            "a expired",
            "b dropped",
            "b expired",
            "e dropped",
            "e expired"
        ]
    );
}

#[test]
fn report_has_the_expired_actors() {
    let test = Test::default();
    let mut group = Group::new();
    group.grace_period(|| ready(()));
    test.add_manual("stuck", &mut group);
    group.add(ready("done"), |_| {}).named("first");
    group.add(pending(), |_| {});
    let line = line!() - 1;

    let exits = test.poll_ready(&mut Box::pin(group.report()));
    let expired: Vec<_> = exits
        .iter()
        .filter(|exit| matches!(exit.outcome(), Outcome::Expired))
        .map(ToString::to_string)
        .collect();
    assert_eq!(expired[0], "stuck expired");
    assert_eq!(expired[1], format!("{}:{line}:11 expired", file!()));
    assert!(exits[1..].iter().all(|exit| exit.was_interrupted()));
}

/// The grace period ends in the first poll of the group, when most actors have not been polled yet.
#[test]
fn last_turn_includes_first_polls() {
    let test = Test::default();
    let mut group = Group::new();
    test.log_exits(&mut group);
    group.grace_period(|| ready(()));
    let [a, _b] = ["a", "b"].map(|name| test.add_stoppable(name, &mut group));
    test.add_manual("c", &mut group);
    a.returns("done");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(
        test.take_log(),
        [
            "a",
            r#"a returned "done""#,
            "a! (by a)",
            "b! (by a)",
            "c! (by a)",
            "b",
            r#"b returned "stopped", interrupted"#,
            "c",
            "c dropped",
            "c expired"
        ]
    );
}

#[test]
fn last_turn_includes_woken_actors() {
    let test = Test::default();
    let (group, timer, [_a, b, _c]) = stopping(&test, ["a", "b", "c"]);
    timer.returns("over");
    b.returns("just in time");
    let exits = test.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(exits[1].output(), Some(&"just in time"));
    let lines: Vec<_> = exits[2..].iter().map(ToString::to_string).collect();
    assert_eq!(lines, ["a expired", "c expired"]);
    assert_eq!(test.take_log(), ["timer", "b", "a dropped", "c dropped"]);
}

/// The set yields after two self-wakes. The group used to take that for "every actor waits", so an actor expired
/// although it had been woken and would have returned in that poll. If two connections were busy, the storage lost its
/// flush.
#[test]
fn last_turn_reaches_past_self_wakers() {
    for spinning in 0..10 {
        let test = Test::default();
        let (mut group, timer, [storage]) = stopping(&test, ["storage"]);
        for _ in 0..spinning {
            test.add_manual("connection", &mut group).spins();
        }
        for _ in 0..spinning {
            test.poll_pending(&mut group); // until each was polled
        }
        test.take_log();

        timer.returns("over");
        storage.returns("flushed");
        let exits = test.poll_ready(&mut Box::pin(group.report()));
        assert_eq!(exits[1].output(), Some(&"flushed"), "{spinning}");
        let log = test.take_log();
        let turns = log.iter().filter(|line| *line == "connection").count();
        assert_eq!(turns, spinning, "one last turn each: {log:?}");
        assert_eq!(exits.len(), 2 + spinning);
    }
}

/// The grace period ends in the first poll of the group, and the actors before the storage wake themselves.
#[test]
fn last_turn_reaches_actors_not_polled_yet() {
    let test = Test::default();
    let mut group = Group::new();
    group.grace_period(|| ready(()));
    group.add(ready("done"), |_| {});
    for _ in 0..9 {
        test.add_manual("connection", &mut group).spins();
    }
    test.add_stoppable("storage", &mut group);
    let exits = test.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(exits[1].output(), Some(&"stopped"));
    assert_eq!(
        only(test.take_log(), "storage"),
        ["storage! (by ?)", "storage"]
    );
}

/// The same with two actors that are groups and drain. A group wakes itself when one of its actors does, so the set
/// yielded before it reached the storage after them.
#[test]
fn last_turn_reaches_past_draining_groups() {
    let test = Test::default();
    let mut group = Group::new();
    let timer = test.set_grace_period("timer", &mut group);
    for _ in 0..2 {
        let mut inner = Group::new();
        let [stops, drains] = ["stops", "drains"].map(|name| test.actor(name));
        stops.add_to(&mut inner);
        inner.add(drains.execute(), move |_| drains.spins());
        group
            .add(inner.map(Option::unwrap), move |_| stops.returns("stops"))
            .named("inner");
    }
    let storage = test.add_manual("storage", &mut group);
    group.add(ready("done"), |_| {}).named("cause");
    for _ in 0..10 {
        test.poll_pending(&mut group);
    }

    timer.returns("over");
    storage.returns("flushed");
    let exits = test.poll_ready(&mut Box::pin(group.report()));
    let lines: Vec<_> = exits[1..].iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            r#"storage returned "flushed", interrupted"#,
            "inner expired",
            "inner expired"
        ]
    );
}

/// The last turn of one actor wakes another. That is after the end of the grace period.
#[test]
fn woken_in_the_last_turn_is_too_late() {
    let test = Test::default();
    let mut group = Group::new();
    let timer = test.set_grace_period("timer", &mut group);
    let late = test.add_manual("late", &mut group);
    let (waking, other) = (test.actor("waking"), late.clone());
    let (mut execute, first) = (waking.execute(), waking.clone());
    group.add(
        poll_fn(move |cx| {
            other.wake();
            execute.poll_unpin(cx)
        }),
        |_| {},
    );
    group.add(ready("done"), |_| {});
    test.settle(&mut group);
    test.take_log();

    first.wake();
    timer.returns("over");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(
        test.take_log(),
        ["timer", "waking", "late dropped", "waking dropped"]
    );
}

/// When one actor expires, three others are added. So the stage does not end, although its grace period has.
#[cfg(feature = "std")]
#[test]
fn joined_after_the_end_is_polled_once() {
    let test = Test::default();
    let (mut group, timer, _) = stopping(&test, ["stuck"]);
    let (handle, log) = (group.handle(), test.clone());
    group.on_exit(move |exit| {
        log.log(exit);
        if exit.name() == Some("stuck") {
            let [a, b, c] = ["a", "b", "c"].map(|name| log.actor(name));
            a.spins();
            b.stops_when_interrupted();
            handle.add(a.execute(), a.interrupt()).named("a");
            handle.add(b.execute(), b.interrupt()).named("b");
            handle.add_abortable(c.execute()).named("c");
        }
    });
    timer.returns("over");
    test.poll_pending(&mut group);
    assert_eq!(test.take_log(), ["timer", "stuck dropped", "stuck expired"]);
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(
        test.take_log(),
        [
            "a! (by cause)",
            "b! (by cause)",
            "c dropped",
            "c aborted",
            "a",
            "b",
            r#"b returned "stopped", interrupted"#,
            "a dropped",
            "a expired"
        ]
    );
}

#[test]
fn any_future_will_do() {
    let test = Test::default();
    let mut group = Group::new();
    group.grace_period(|| async { Err::<u8, _>("what it resolves to is ignored") });
    test.add_manual("stuck", &mut group);
    group.add(ready("done"), |_| {});
    assert_eq!(test.poll_ready(&mut group), Some("done"));
}

#[test]
fn second_one_replaces_the_first() {
    let test = Test::default();
    let mut group = Group::new();
    group.grace_period(|| -> std::future::Ready<()> { panic!("it was replaced") });
    test.set_grace_period("timer", &mut group);
    test.add_manual("stuck", &mut group);
    group.add(ready("done"), |_| {}).named("cause");
    test.settle(&mut group);
    assert_eq!(
        test.take_log(),
        ["stuck", "stuck! (by cause)", "timer begins", "timer"]
    );
}

#[test]
fn running_one_can_be_replaced() {
    let test = Test::default();
    let (mut group, first, _) = stopping(&test, ["stuck"]);
    let second = test.set_grace_period("second", &mut group);
    assert!(first.is_dropped());
    assert_eq!(test.take_log(), ["timer dropped"]);
    first.returns("over"); // has no effect
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["second begins", "second"]);
    second.returns("over");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(test.take_log(), ["second", "stuck dropped"]);
}

#[test]
fn set_while_stopping_begins_in_next_poll() {
    let test = Test::default();
    let mut group = Group::new();
    test.add_manual("stuck", &mut group);
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

#[test]
fn self_wakers_do_not_delay_it() {
    let test = Test::default();
    let (mut group, timer, actors) = stopping(&test, ["a", "b", "c"]);
    actors.iter().for_each(Actor::spins);
    test.poll_pending(&mut group);
    test.poll_pending(&mut group);
    timer.returns("over");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
}

/// A second Ctrl-C is one future for the whole program.
#[test]
fn shared_future_is_one_deadline() {
    let test = Test::default();
    let (force, forced) = oneshot::channel::<()>();
    let forced = forced.shared();
    let [a, mut b, mut c] = ["a", "b", "c"].map(|name| {
        let mut group = Group::new();
        test.add_manual(name, &mut group);
        group
    });
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
            "a dropped",
            "a expired",
            "b! (by cause)",
            "in time! (by cause)",
            "in time",
            r#"in time returned "stopped", interrupted"#,
            "b dropped",
            "b expired",
            "c! (by cause)",
            "c dropped",
            "c expired"
        ]
    );
}

/// The group must not wait without a limit, so a panic counts as the end. The next stage gets its grace period again.
#[cfg(all(feature = "std", panic = "unwind"))]
#[test]
fn panic_ends_it_for_one_stage_only() {
    use std::panic::{catch_unwind, AssertUnwindSafe};

    for in_begin in [true, false] {
        let test = Test::default();
        let (mut front, mut back) = (Group::new(), Group::new());
        test.add_manual("a", &mut front);
        test.add_manual("b", &mut back);
        back.add(ready("done"), |_| {}).named("cause");
        let mut group = front.before(back);
        let timer = test.actor("timer");
        let (mut begin, again, mut stage) = (timer.begin(), timer.clone(), 0);
        group.grace_period(move || {
            stage += 1;
            assert!(!in_begin || stage > 1, "in begin");
            again.waits();
            begin()
        });
        test.settle(&mut group);
        if !in_begin {
            assert_eq!(group.len(), 2);
            timer.panics("in the future");
            test.settle(&mut group);
        }
        assert_eq!(group.len(), 1);
        test.take_log();

        timer.returns("over");
        assert!(catch_unwind(AssertUnwindSafe(|| test.poll(&mut group))).is_err());
        assert_eq!(test.take_log(), ["timer", "b dropped"]);
        assert!(group.is_empty());
    }
}
