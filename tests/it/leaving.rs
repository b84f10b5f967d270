//! Clause 19: actors that leave, because of `stops_if`, without stopping the group. If something panics then, see
//! `panics::leaving`.

use std::future::{pending, ready};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::Arc;

use futures::future::FusedFuture;
use futures::FutureExt;
use run_group::{Exit, Group};

use crate::harness::{Actor, Output, Test};

/// Returns a running group of `stays`, and of `leaves`, which leaves when it returns. It logs its exits.
fn group_of_two(test: &Test) -> (Group<'static, Output>, Actor, Actor) {
    let (mut group, [stays]) = test.group(["stays"]);
    test.log_exits(&mut group);
    let leaves = test.add_leaving("leaves", &mut group);
    test.settle(&mut group);
    test.take_log();
    (group, stays, leaves)
}

/// Returns the names of the actors that are running.
fn running(group: &Group<'_, Output>) -> Vec<String> {
    group.running().map(|actor| actor.to_string()).collect()
}

#[test]
fn group_continues() {
    let test = Test::default();
    let (mut group, stays, leaves) = group_of_two(&test);
    leaves.returns("done");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["leaves", r#"leaves returned "done", left"#]);
    assert!(!group.is_stopping());
    assert!(leaves.is_dropped());

    stays.returns("last");
    assert_eq!(test.poll_ready(&mut group), Some("last"));
    assert_eq!(
        test.take_log(),
        ["stays", r#"stays returned "last""#, "stays! (by stays)"],
        "and the interrupt of `leaves` is not called"
    );
}

#[test]
fn len_and_running_do_not_count_it() {
    let test = Test::default();
    let (mut group, _stays, leaves) = group_of_two(&test);
    assert_eq!(running(&group), ["stays", "leaves"]);
    leaves.returns("done");
    test.settle(&mut group);
    assert_eq!(group.len(), 1);
    assert_eq!(running(&group), ["stays"]);
}

#[test]
fn report_does_not_have_it() {
    let test = Test::default();
    let (mut group, stays, leaves) = group_of_two(&test);
    leaves.returns("done");
    test.settle(&mut group);
    stays.returns("last");
    let report = test.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(report.to_string(), r#"stays returned "last""#);
    assert!(!report[0].has_left());
}

#[test]
fn run_does_not_return_its_error() {
    let mut group = Group::new();
    group.add(ready(Err("left")), |_| {}).stops_if(|_| false);
    group.add(ready(Ok(())), |_| {});
    assert_eq!(group.run().now_or_never(), Some(Ok(())));
}

#[test]
fn stops_the_group_if_the_function_holds() {
    let test = Test::default();
    let mut group = Group::new();
    let actor = test.actor("a");
    group.add(actor.execute(), actor.interrupt()).stops_if(|_| true).named("a");
    actor.returns("done");
    let report = test.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(test.take_log(), ["a", "a! (by a)"]);
    assert!(!report[0].has_left());
}

#[test]
fn only_a_failure_may_stop_the_group() {
    for output in [Ok(()), Err("disk full")] {
        let mut group = Group::new();
        group.add(ready(output), |_| {}).stops_if(Exit::is_failure);
        group.add_abortable(pending());
        let expected = output.err().map(Err);
        assert_eq!((&mut group).now_or_never(), expected.map(Some));
        assert_eq!(group.len(), usize::from(output.is_ok()));
    }
}

/// What an actor returns that logs when it is asked about and dropped.
struct Logged(Test);

impl Drop for Logged {
    fn drop(&mut self) {
        self.0.log("output dropped");
    }
}

#[test]
fn interrupt_and_output_are_dropped_after_observers() {
    let test = &Test::default();
    let mut group = Group::new();
    let [execute, interrupt] = ["execute", "interrupt"].map(|part| test.actor(part).execute());
    group
        .add(
            async move {
                let _held = execute;
                Logged(test.clone())
            },
            move |_| drop(interrupt),
        )
        .stops_if(|exit| {
            exit.output().unwrap().0.log("asked");
            false
        });
    group.on_exit(|exit| test.log(format_args!("inner, left: {}", exit.has_left())));
    let mut group = group.before(Group::new());
    group.on_exit(|exit| test.log(format_args!("outer, left: {}", exit.has_left())));
    group.add(pending(), |_| {});
    test.settle(&mut group);
    assert_eq!(
        test.take_log(),
        [
            "execute dropped",
            "asked",
            "inner, left: true",
            "outer, left: true",
            "interrupt dropped",
            "output dropped",
        ]
    );
}

#[test]
fn function_sees_the_exit_once_before_it_leaves() {
    let mut group = Group::new();
    let asked = Arc::new(AtomicUsize::new(0));
    for name in ["a", "b"] {
        group
            .add(ready(asked.clone()), |_| {})
            .stops_if(|exit| {
                assert!(!exit.has_left() && !exit.was_interrupted());
                assert_eq!(exit.name(), Some(["a", "b"][exit.index()]));
                assert_eq!(exit.location().file(), file!());
                exit.output().unwrap().fetch_add(1, SeqCst);
                false
            })
            .named(name);
    }
    assert!(group.now_or_never().unwrap().is_none());
    assert_eq!(asked.load(SeqCst), 2);
}

/// Whether it returns after its interrupt or in its last poll, the exit belongs to the shutdown.
#[test]
fn function_is_not_called_once_interrupted() {
    let test = Test::default();
    let mut group = Group::new();
    let [slow, expires] = ["slow", "expires"].map(|name| test.actor(name));
    let asked = |exit: &Exit<Output>| -> bool { unreachable!("{exit}") };
    group.add(slow.execute(), |_| {}).stops_if(asked).named("slow");
    group.add(expires.execute(), |_| {}).stops_if(asked).named("expires");
    group.add_abortable(pending()).stops_if(asked).named("aborted");
    let timer = test.set_grace_period("timer", &mut group);
    let cause = test.add_manual("cause", &mut group);
    let last_poll = return_in_second_poll("in its last poll");
    group.add(last_poll, |_| {}).stops_if(asked).named("last poll");
    test.settle(&mut group);
    cause.returns("done");
    test.settle(&mut group);
    slow.returns("slow");
    test.settle(&mut group);
    timer.returns("over");
    let report = test.poll_ready(&mut Box::pin(group.report()));
    let expected = [
        r#"cause returned "done""#,
        "aborted aborted",
        r#"slow returned "slow", interrupted"#,
        r#"last poll returned "in its last poll", interrupted"#,
        "expires expired",
    ];
    assert_eq!(report.to_string(), expected.join("\n"));
    assert!(!report.iter().any(Exit::has_left));
}

/// Returns when it is polled for the second time, and is not woken for that.
async fn return_in_second_poll(output: Output) -> Output {
    futures::pending!();
    output
}

/// All three are ready in one poll. The first leaves, and the second is the cause. Then the third is interrupted.
#[test]
fn leaves_in_the_poll_of_the_cause() {
    let test = Test::default();
    let mut group = Group::new();
    test.log_exits(&mut group);
    let [a, b, c] = ["a", "b", "c"].map(|name| match name {
        "b" => test.add_manual(name, &mut group),
        _ => test.add_leaving(name, &mut group),
    });
    test.settle(&mut group);
    test.take_log();
    for actor in [a, b, c] {
        actor.returns("done");
    }
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(
        test.take_log(),
        [
            "a",
            r#"a returned "done", left"#,
            "b",
            r#"b returned "done""#,
            "b! (by b)",
            "c! (by b)",
            "c",
            r#"c returned "done", interrupted"#,
        ]
    );
}

#[test]
fn later_stage_may_leave_until_it_is_interrupted() {
    let test = Test::default();
    let (front, [cause, slow]) = test.group(["cause", "slow"]);
    let mut back = Group::new();
    let [early, late] = ["early", "late"].map(|name| test.add_leaving(name, &mut back));
    let mut group = front.before(back);
    test.log_exits(&mut group);
    cause.returns("done");
    test.settle(&mut group);
    test.take_log();

    early.returns("early");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["early", r#"early returned "early", left"#]);
    assert_eq!(running(&group), ["slow", "late"]);
    slow.returns("slow");
    test.settle(&mut group);
    late.returns("late");
    let report = test.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(
        test.take_log(),
        [
            "slow",
            r#"slow returned "slow", interrupted"#,
            "late! (by cause)",
            "late",
            r#"late returned "late", interrupted"#,
        ]
    );
    let names: Vec<_> = report.iter().map(|exit| exit.name().unwrap()).collect();
    assert_eq!(names, ["cause", "slow", "late"]);
}

#[test]
fn observers_of_other_stages_do_not_see_it() {
    let test = Test::default();
    let names = ["front", "back"];
    let [front, back] = names.map(|name| {
        let (mut group, test) = (Group::new(), test.clone());
        group.add(ready(name), |_| {}).stops_if(|_| false).named(name);
        group.on_exit(move |exit| test.log(format_args!("{name} sees {exit}")));
        group
    });
    assert_eq!(test.poll_ready(&mut front.before(back)), None);
    let seen = names.map(|name| format!("{name} sees {name} returned {name:?}, left"));
    assert_eq!(test.take_log(), seen);
}

/// A stage does not wait for an actor that has left, and a stage that all have left is skipped.
#[test]
fn stage_that_all_have_left_is_skipped() {
    let test = Test::default();
    let mut front = Group::new();
    front.grace_period(|| -> std::future::Ready<()> { unreachable!("no actor is left") });
    let leaves = test.add_leaving("leaves", &mut front);
    let (back, [cause]) = test.group(["cause"]);
    let mut group = front.before(back);
    leaves.returns("done");
    test.settle(&mut group);
    cause.returns("last");
    assert_eq!(test.poll_ready(&mut group), Some("last"));
}

// The last actor of all.

#[test]
fn group_that_all_have_left_ends() {
    let returns = || {
        let mut group = Group::new();
        for _ in 0..3 {
            group.add(ready(Err("left")), |_| {}).stops_if(|_| false);
        }
        group
    };
    assert_eq!(returns().now_or_never(), Some(None::<Result<(), _>>));
    assert_eq!(returns().run().now_or_never(), Some(Ok(())));
    let report = returns().report().now_or_never().unwrap();
    assert!(report.is_empty() && report.cause().is_none());
}

#[test]
fn group_that_all_have_left_is_empty_again() {
    let test = Test::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let a = test.add_leaving("a", &mut front);
    let b = test.add_leaving("b", &mut back);
    let setting = test.actor("setting");
    back.on_exit({
        let (test, held) = (test.clone(), setting.execute());
        move |exit| {
            let _held = &held;
            test.log(exit);
        }
    });
    let mut group = front.before(back);
    #[cfg(feature = "std")]
    let handle = group.handle();
    b.returns("b");
    test.settle(&mut group);
    assert!(!group.is_terminated() && !setting.is_dropped());
    a.returns("a");
    assert_eq!(test.poll_ready(&mut group), None);
    assert!(group.is_terminated() && setting.is_dropped());
    #[cfg(feature = "std")]
    assert!(handle.is_closed());
    assert!(format!("{group:?}").contains("stages: 1,"), "{group:?}");

    group.add(ready("again"), |_| {});
    let report = test.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(report[0].index(), 0);
}

#[test]
fn many_may_leave_in_one_poll() {
    let test = Test::default();
    let mut group = Group::new();
    for _ in 0..1000 {
        group.add(ready(0), |_| {}).stops_if(|_| false);
    }
    assert_eq!(test.poll_ready(&mut group), None);
}

/// An actor that leaves may hand in another in the same poll, through an observer as well. So the group does not end.
#[test]
fn last_one_may_add_another_when_it_leaves() {
    for in_observer in [false, true] {
        let test = Test::default();
        let mut group = Group::local();
        let handle = group.handle();
        let add = move || drop(handle.add(ready("added"), |_| {}));
        if in_observer {
            group.on_exit(move |exit| {
                if exit.has_left() {
                    add();
                }
            });
            group.add(ready("left"), |_| {}).stops_if(|_| false);
        } else {
            let execute = async move {
                add();
                "left"
            };
            group.add(execute, |_| {}).stops_if(|_| false);
        }
        test.poll_pending(&mut group);
        assert_eq!(test.take_wakes(), 1);
        assert!(!group.is_stopping());
        assert_eq!(test.poll_ready(&mut group), Some("added"));
    }
}

// Ways to leave, and what is left.

#[test]
fn actors_of_handles_leave_as_well() {
    let test = Test::default();
    let mut group = Group::local();
    let handle = group.handle();
    group.add(pending(), |_| {});
    for round in 0..3 {
        handle.add(ready("done"), |_| {}).stops_if(|_| false).named("client");
        handle.add_with(|_| ready("done")).stops_if(|_| false);
        handle.add_abortable(ready("done")).stops_if(|_| false);
        test.settle(&mut group);
        assert_eq!(group.len(), 1, "{round}");
    }
    assert!(!group.is_stopping());
}

#[test]
fn all_three_kinds_of_actors_leave() {
    let test = Test::default();
    let mut group = Group::new();
    group.add(ready(0), |_| {}).stops_if(|_| false);
    group.add_with(|_| ready(1)).stops_if(|_| false);
    group.add_abortable(ready(2)).stops_if(|_| false);
    assert_eq!(test.poll_ready(&mut group), None);
}

#[test]
fn indices_are_not_reused() {
    let test = Test::default();
    let (mut group, stays, leaves) = group_of_two(&test);
    leaves.returns("done");
    test.settle(&mut group);
    let third = test.add_manual("third", &mut group);
    third.returns("3rd");
    stays.stops_when_interrupted();
    let report = test.poll_ready(&mut Box::pin(group.report()));
    let indices: Vec<_> = report.iter().map(Exit::index).collect();
    assert_eq!(indices, [2, 0]);
}

/// The places of actors that have left are taken by others in the set. The interrupts still come in the order of adding.
#[test]
fn interrupts_keep_the_order_of_adding() {
    let test = Test::default();
    let mut group = Group::new();
    let names = ["a", "b", "c", "d", "e", "f"];
    let actors = names[..4].iter().map(|name| test.add_leaving(name, &mut group));
    let [a, b, c, d] = Vec::from_iter(actors).try_into().ok().unwrap();
    test.settle(&mut group);
    for leaves in [&c, &a] {
        leaves.returns("done");
        test.settle(&mut group);
    }
    for name in &names[4..] {
        test.add_leaving(name, &mut group);
    }
    group.add(ready("done"), |_| {}).named("cause");
    for woken in [&d, &b] {
        woken.wake();
    }
    test.settle(&mut group);
    let interrupts = test.take_lines_with("!");
    let expected = ["b", "d", "e", "f"].map(|name| format!("{name}! (by cause)"));
    assert_eq!(interrupts, expected);
}

#[test]
fn waking_one_that_has_left_does_nothing() {
    let test = Test::default();
    let (mut group, _stays, leaves) = group_of_two(&test);
    leaves.returns("done");
    test.settle(&mut group);
    test.take_log();
    leaves.wake();
    assert_eq!(test.take_wakes(), 0);
    test.settle(&mut group);
    assert!(test.take_log().is_empty());
}

/// Its `Interrupt` is dropped with it.
#[test]
fn interrupted_of_one_that_has_left_resolves() {
    let test = Test::default();
    let mut group = Group::new();
    let mut kept = None;
    group
        .add_with(|interrupted| {
            kept = Some(interrupted);
            ready("done")
        })
        .stops_if(|_| false);
    test.add_manual("stays", &mut group);
    let mut kept = kept.unwrap();
    test.poll_pending(&mut kept);
    test.settle(&mut group);
    test.poll_ready(&mut kept);
}

/// 100,000 clients that had disconnected used to stay until the end, with 27 MB, and `on_wait` listed them.
#[test]
fn memory_is_freed_when_it_leaves() {
    let test = Test::default();
    let (mut group, _) = test.group(["stays"]);
    let come_and_go = |group: &mut Group<'static, Output>, clients: usize| {
        for _ in 0..clients {
            let held = [0_u8; 100];
            group
                .add(ready("done"), move |_| {
                    let _held = held;
                })
                .stops_if(|_| false)
                .named(String::from("10.0.0.7"));
            test.poll_pending(group);
        }
        test.take_log();
    };
    come_and_go(&mut group, 10);
    let kept = allocation_counter::measure(|| come_and_go(&mut group, 1000));
    assert!(kept.count_total > 1000, "nothing was measured");
    assert_eq!((kept.count_current, kept.bytes_current), (0, 0));
}
