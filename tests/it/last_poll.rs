//! Clauses 2, 4, 9 and 10: before a group drops an actor, aborted or expired, it polls it one last time.

use std::future::{pending, poll_fn, ready, Future};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use futures::channel::oneshot;
use futures::future::BoxFuture;
use futures::FutureExt;
use run_group::{Exit, Group};

use crate::harness::{Output, Test};

/// The ways in which a group drops an actor that ignores its interrupt.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Drops {
    Aborted,
    Expired,
}

use Drops::{Aborted, Expired};

/// Adds an actor that the group drops in this way, after `cause` has returned.
fn add<'a>(
    drops: Drops,
    execute: impl Future<Output = Output> + Send + 'a,
    group: &mut Group<'a, Output>,
) {
    match drops {
        Aborted => group.add_abortable(execute).named("dropped"),
        Expired => group.add(execute, |_| {}).named("dropped"),
    }
    group.grace_period(|| ready(()));
}

/// Keeps the wakers that it is polled with, and never returns.
fn keeps_wakers(kept: &Arc<Mutex<Vec<Waker>>>) -> impl Future<Output = Output> + Send + 'static {
    let kept = kept.clone();
    poll_fn(move |cx| {
        kept.lock().unwrap().push(cx.waker().clone());
        Poll::Pending
    })
}

#[test]
fn comes_right_before_the_drop() {
    for drops in [Aborted, Expired] {
        for was_woken in [false, true] {
            let test = Test::default();
            let (mut group, [cause]) = test.group(["cause"]);
            let actor = test.actor("actor");
            add(drops, actor.execute(), &mut group);
            test.settle(&mut group);
            test.take_log();

            cause.returns("done");
            if was_woken {
                actor.wake();
            }
            assert_eq!(test.poll_ready(&mut group), Some("done"));
            let expected = ["cause", "cause! (by cause)", "actor", "actor dropped"];
            assert_eq!(test.take_log(), expected, "{drops:?}, {was_woken}");
        }
    }
}

/// It is also the first poll of an actor that is interrupted before it was polled.
#[test]
fn may_be_the_first_poll() {
    for drops in [Aborted, Expired] {
        let test = Test::default();
        let mut group = Group::new();
        group.add(ready("done"), |_| {});
        add(drops, test.actor("actor").execute(), &mut group);
        assert_eq!(test.poll_ready(&mut group), Some("done"));
        assert_eq!(test.take_log(), ["actor", "actor dropped"], "{drops:?}");
    }
}

#[test]
fn return_in_it_is_the_exit() {
    for drops in [Aborted, Expired] {
        let test = Test::default();
        let (mut group, [cause]) = test.group(["cause"]);
        test.log_exits(&mut group);
        let mut polls = 0;
        let returns_in_second_poll = poll_fn(move |_| {
            polls += 1;
            match polls {
                1 => Poll::Pending, // and is never woken
                _ => Poll::Ready("late"),
            }
        });
        add(drops, returns_in_second_poll, &mut group);
        test.settle(&mut group);
        cause.returns("done");
        let report = test.poll_ready(&mut Box::pin(group.report()));
        assert_eq!(report[1].output(), Some(&"late"));
        assert!(report[1].was_interrupted());
        let log = test.take_log();
        assert_eq!(log[log.len() - 1], r#"dropped returned "late", interrupted"#, "{drops:?}");
    }
}

#[cfg(all(feature = "std", panic = "unwind"))]
#[test]
fn panic_in_it_is_the_exit() {
    for drops in [Aborted, Expired] {
        let test = Test::default();
        let mut group = Group::new();
        group.add(ready("done"), |_| {});
        let actor = test.actor("actor");
        actor.panics("oh");
        add(drops, actor.execute(), &mut group);
        let other = test.add_manual("other", &mut group);
        let report = test.poll_ready(&mut Box::pin(group.report()));
        let exit = report[1].to_string();
        assert_eq!(exit, "dropped panicked: oh, interrupted", "{drops:?}");
        assert!(other.is_dropped());
    }
}

#[test]
fn waker_of_it_wakes_nothing() {
    for drops in [Aborted, Expired] {
        let test = Test::default();
        let mut group = Group::new();
        group.add(ready("done"), |_| {});
        let (back, [running]) = test.group(["running"]);
        let kept = Arc::default();
        add(drops, keeps_wakers(&kept), &mut group);
        let mut group = group.before(back);
        test.settle(&mut group);
        kept.lock().unwrap().drain(..).for_each(Waker::wake);
        assert_eq!(test.take_wakes(), 0, "{drops:?}");
        running.returns("late");
        assert_eq!(test.poll_ready(&mut group), Some("done"));
    }
}

/// A timer or a channel may keep the waker of an actor that was dropped. The group may be in use again by then.
#[test]
fn no_waker_of_a_dropped_actor_wakes_an_ended_group() {
    for drops in [Aborted, Expired] {
        let test = Test::default();
        let (mut group, [cause]) = test.group(["cause"]);
        let kept = Arc::default();
        add(drops, keeps_wakers(&kept), &mut group);
        test.settle(&mut group);
        cause.returns("done");
        assert_eq!(test.poll_ready(&mut group), Some("done"));
        test.add_manual("again", &mut group);
        test.settle(&mut group);
        test.take_log();

        let kept: Vec<_> = kept.lock().unwrap().drain(..).collect();
        assert_eq!(kept.len(), 2);
        kept.into_iter().for_each(Waker::wake);
        assert_eq!(test.take_wakes(), 0, "{drops:?}");
        test.settle(&mut group);
        assert!(test.take_log().is_empty());
    }
}

/// It can no longer be asked to return, and may be in any state.
#[cfg(all(feature = "std", panic = "unwind"))]
#[test]
fn panic_in_the_interrupt_leaves_none() {
    let test = Test::default();
    let mut group = Group::new();
    group.grace_period(|| ready(()));
    group.add(ready("done"), |_| {});
    let actor = test.actor("actor");
    group.add(actor.execute(), |_| panic!("oh")).named("actor");
    let report = test.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(test.take_log(), ["actor dropped"]);
    assert_eq!(report[1].to_string(), "actor panicked: oh, interrupted");
}

#[test]
fn dropping_the_group_gives_none() {
    for is_stopping in [false, true] {
        let test = Test::default();
        let (mut group, _) = test.group(["actor"]);
        group.grace_period(pending::<()>);
        group.add_abortable(test.actor("abortable").execute());
        if is_stopping {
            group.add(ready("done"), |_| {});
        }
        test.settle(&mut group);
        test.take_log();
        drop(group);
        let polls = test.take_log();
        assert!(polls.iter().all(|line| line.ends_with("dropped")), "{polls:?}");
    }
}

/// The task of a producer fails. It closes its channel before it wakes the producer, so the consumer returns `Ok` first.
/// The producer used to be dropped with its error ready, and the program ended with `Ok` in 200 of 200 runs.
#[test]
fn error_that_is_ready_is_not_lost() {
    type Done = Result<(), &'static str>;
    type Add = fn(&mut Group<'static, Done>, BoxFuture<'static, Done>);
    let adds: [Add; 3] = [
        |group, producer| group.add(producer, |_| {}).named("producer"),
        |group, producer| group.add_with(|_interrupted| producer).named("producer"),
        |group, producer| group.add_abortable(producer).named("producer"),
    ];
    for add in adds {
        let test = Test::default();
        let program = || {
            let (jobs, queue) = smol::channel::unbounded::<u32>();
            let (end_task, task) = oneshot::channel();
            let consume = async move {
                while queue.recv().await.is_ok() {}
                Ok(())
            };
            let mut group = Group::new();
            add(&mut group, task.map(Result::unwrap).boxed());
            group.add(consume, |_| {}).named("consumer");
            test.settle(&mut group);
            drop(jobs);
            end_task.send(Err("disk full")).unwrap();
            group
        };
        let result = test.poll_ready(&mut Box::pin(program().run()));
        assert_eq!(result, Err("disk full"));
        let report = test.poll_ready(&mut Box::pin(program().report()));
        let expected =
            ["consumer returned Ok(())", r#"producer returned Err("disk full"), interrupted"#];
        assert_eq!(report.to_string(), expected.join("\n"));
    }
}

// All actors of a stage that expires.

/// Each is polled in the order of adding. One that returns exits there and then.
#[test]
fn expiring_actors_are_polled_in_order_of_adding() {
    let test = Test::default();
    let (mut group, timer, [_a, b, _c]) = test.stopping_group(["a", "b", "c"]);
    test.log_exits(&mut group);
    timer.returns("over");
    b.returns("just in time");
    let exits = test.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(exits[1].output(), Some(&"just in time"));
    assert!(exits[1..].iter().all(Exit::was_interrupted));
    let lines: Vec<_> = exits[2..].iter().map(ToString::to_string).collect();
    assert_eq!(lines, ["a expired", "c expired"]);
    assert_eq!(
        test.take_log(),
        [
            "timer",
            "a",
            "b",
            r#"b returned "just in time", interrupted"#,
            "c",
            "a dropped",
            "a expired",
            "c dropped",
            "c expired"
        ]
    );
}

/// The set yields after two self-wakes. The group used to take that for "every actor waits", so an actor expired
/// although it had been woken and would have returned in that poll. If two connections were busy, the storage lost its
/// flush.
#[test]
fn actors_that_wake_themselves_get_one() {
    for spinning in 0..10 {
        let test = Test::default();
        let (mut group, timer, [storage]) = test.stopping_group(["storage"]);
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
        assert_eq!(turns, spinning, "one last poll each: {log:?}");
        assert_eq!(exits.len(), 2 + spinning);
    }
}

/// The grace period ends in the first poll of the group, and the actors before the storage wake themselves.
#[test]
fn actors_that_wake_themselves_keep_none_from_it() {
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
    assert_eq!(test.take_lines_with("storage"), ["storage! (by ?)", "storage"]);
}

/// The same with two actors that are groups and drain. A group wakes itself when one of its actors does, so the set
/// yielded before it reached the storage after them.
#[test]
fn draining_groups_keep_none_from_it() {
    let test = Test::default();
    let mut group = Group::new();
    let timer = test.set_grace_period("timer", &mut group);
    for _ in 0..2 {
        let mut inner = Group::new();
        let [stops, drains] = ["stops", "drains"].map(|name| test.actor(name));
        stops.add_to(&mut inner);
        inner.add(drains.execute(), move |_| drains.spins());
        group.add(inner.map(Option::unwrap), move |_| stops.returns("stops")).named("inner");
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
        [r#"storage returned "flushed", interrupted"#, "inner expired", "inner expired"]
    );
}

/// The last poll of one actor wakes another. That is after the end of the grace period.
#[test]
fn woken_in_it_is_too_late() {
    let test = Test::default();
    let (mut group, [late]) = test.group(["late"]);
    let timer = test.set_grace_period("timer", &mut group);
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
    assert_eq!(test.take_log(), ["timer", "late", "waking", "late dropped", "waking dropped"]);
}
