//! Clauses 3, 4, 6 and 7: the first exit, the interrupts, waiting, and the output.

use std::future::{pending, ready};
use std::sync::Mutex;
use std::task::Poll;

use futures::channel::oneshot;
use futures::FutureExt;
use run_group::{Exit, Group};
use smol::block_on;

use crate::harness::Test;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// Returns every permutation of the numbers below `n`.
fn permutations(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![vec![]];
    }
    let shorter = permutations(n - 1);
    let insert = |at: usize| {
        shorter.iter().map(move |shorter| {
            let mut longer = shorter.clone();
            longer.insert(at, n - 1);
            longer
        })
    };
    (0..n).flat_map(insert).collect()
}

/// Returns names and whether the actors were interrupted, in the order of the exits.
fn order<T>(exits: &[Exit<T>]) -> Vec<(&str, bool)> {
    exits.iter().map(|exit| (exit.name().unwrap(), exit.was_interrupted())).collect()
}

#[test]
fn first_exit_is_the_cause() {
    for n in 1..=4 {
        for first in 0..n {
            let test = Test::default();
            let mut group = Group::new();
            let actors: Vec<_> =
                NAMES[..n].iter().map(|name| test.add_stoppable(name, &mut group)).collect();
            test.settle(&mut group);
            test.take_log();

            actors[first].returns("first");
            let mut report = Box::pin(group.report());
            let exits = test.poll_ready(&mut report);

            let mut expected = vec![NAMES[first].to_string()];
            expected.extend(NAMES[..n].iter().map(|name| format!("{name}! (by {})", NAMES[first])));
            let others = NAMES[..n].iter().filter(|name| **name != NAMES[first]);
            expected.extend(others.map(ToString::to_string));
            assert_eq!(test.take_log(), expected);
            assert_eq!(exits[0].index(), first);
            assert_eq!(exits[0].output(), Some(&"first"));
        }
    }
}

#[test]
fn clean_return_stops_like_an_error() {
    for result in [Ok(()), Err("failed")] {
        let mut group = Group::new();
        group.add(ready(result), |_| {});
        group.add_with(|interrupted| async {
            interrupted.await;
            Ok(())
        });
        assert_eq!(block_on(group.run()), result);
    }
}

#[test]
fn first_added_is_the_cause_at_the_start() {
    let test = Test::default();
    let mut group = Group::new();
    for name in NAMES {
        test.add_manual(name, &mut group).returns(name);
    }
    assert_eq!(test.poll_ready(&mut group), Some("a"));
    assert_eq!(
        test.take_log(),
        ["a", "a! (by a)", "b! (by a)", "c! (by a)", "d! (by a)", "b", "c", "d"]
    );
}

#[test]
fn first_woken_is_the_cause() {
    for order_of_waking in permutations(4) {
        let test = Test::default();
        let (mut group, actors) = test.group(NAMES);
        test.settle(&mut group);
        for &index in &order_of_waking {
            actors[index].returns(NAMES[index]);
        }
        let exits = test.poll_ready(&mut Box::pin(group.report()));
        let names: Vec<_> = order_of_waking.iter().map(|&index| NAMES[index]).collect();
        let expected: Vec<_> = names.iter().map(|&name| (name, name != names[0])).collect();
        assert_eq!(order(&exits), expected);
    }
}

#[test]
fn interrupts_come_before_further_polls() {
    let test = Test::default();
    let (mut group, [a, b, c]) = test.group(["a", "b", "c"]);
    test.settle(&mut group);
    test.take_log();

    a.wake();
    b.returns("done");
    c.wake();
    test.poll_pending(&mut group);
    assert_eq!(test.take_log(), ["a", "b", "a! (by b)", "b! (by b)", "c! (by b)", "c"]);
}

#[test]
fn interrupts_are_called_once() {
    let test = Test::default();
    let (mut group, actors) = test.group(NAMES);
    actors[0].returns("done");
    test.settle(&mut group);
    for actor in &actors[1..] {
        actor.returns("late");
        test.poll(&mut group).is_ready();
    }
    let interrupts = test.take_log().into_iter().filter(|line| line.contains('!'));
    assert_eq!(interrupts.count(), 4);
}

#[test]
fn interrupts_get_the_exit_of_the_cause() {
    let seen = Mutex::new(Vec::new());
    let interrupt = |cause: &Exit<u8>| seen.lock().unwrap().push(format!("{cause}"));
    let mut group = Group::new();
    group.add(pending(), interrupt);
    group.add(ready(7), interrupt).named("seven");
    group.add(ready(8), interrupt).named("eight");
    let mut group = Box::pin(group.report());
    Test::default().poll_pending(&mut group);
    drop(group);
    assert_eq!(seen.into_inner().unwrap(), ["seven returned 7"; 3]);
}

#[test]
fn interrupt_may_wake_any_actor() {
    let test = Test::default();
    let (mut group, [first]) = test.group(["first"]);
    let other = test.actor("other");
    let wake = other.clone();
    group.add(pending(), move |_| wake.returns("woken"));
    other.add_to(&mut group);
    first.returns("done");

    let mut report = Box::pin(group.report());
    test.poll_pending(&mut report);
    assert_eq!(test.take_log(), ["first", "first! (by first)", "other! (by first)", "other"]);
}

#[test]
fn waits_until_every_actor_has_exited() {
    let test = Test::default();
    let (mut group, actors) = test.group(NAMES);
    actors[3].returns("d");
    for (exited, actor) in actors[..3].iter().enumerate() {
        test.settle(&mut group);
        assert_eq!(group.len(), 3 - exited);
        actor.returns("late");
    }
    assert_eq!(test.poll_ready(&mut group), Some("d"));
}

#[test]
fn ignored_interrupt_keeps_the_group_waiting() {
    let test = Test::default();
    let (mut group, [stuck]) = test.group(["stuck"]);
    group.add(ready("done"), |_| {});
    for _ in 0..100 {
        stuck.wake();
        test.poll_pending(&mut group);
    }
    stuck.returns("at last");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
}

#[test]
fn later_outputs_do_not_change_the_awaited_one() {
    for cause in [Ok(()), Err("cause")] {
        let mut group = Group::new();
        for output in [cause, Err("later"), Ok(())] {
            group.add(ready(output), |_| {});
        }
        assert_eq!(block_on(group), Some(cause));
    }
}

/// A storage that could not flush after SIGTERM was lost, because the signal had come first.
#[test]
fn run_returns_an_error_of_the_shutdown() {
    let mut group = Group::new();
    group.add(ready(Ok(())), |_| {}).named("signals");
    group.add_with(|interrupted| interrupted.map(|()| Err("cannot flush")));
    assert_eq!(block_on(group.run()), Err("cannot flush"));
}

/// That is the first in the order of exits, not of adding. The cause counts as the others do.
#[test]
fn run_returns_the_first_error() {
    let test = Test::default();
    for cause in [Ok(()), Err("cause")] {
        let mut group = Group::new();
        let exits = [Err("third"), Err("second"), cause].map(|result| {
            let (exit, exits) = oneshot::channel();
            group.add(exits.map(Result::unwrap), |_| {});
            (exit, result)
        });
        let mut run = Box::pin(group.run());
        let mut result = None;
        for (exit, output) in exits.into_iter().rev() {
            test.settle(&mut run);
            exit.send(output).unwrap();
            result = Some(test.poll(&mut run));
        }
        let first = cause.err().unwrap_or("second");
        assert_eq!(result, Some(Poll::Ready(Err(first))));
    }
}

/// Only `report` shows that actors were dropped. This hides no error that comes later.
#[test]
fn run_takes_no_expiry_for_an_error() {
    for last in [Ok(()), Err("cannot flush")] {
        let (mut front, mut back) = (Group::new(), Group::new());
        front.grace_period(|| ready(()));
        front.add(ready(Ok(())), |_| {});
        front.add(pending(), |_| {});
        front.add_abortable(pending());
        back.add_with(|interrupted| interrupted.map(move |()| last));
        assert_eq!(block_on(front.before(back).run()), last);
    }
}

#[test]
fn report_has_every_exit_in_order() {
    let test = Test::default();
    let (group, [a, b, c]) = test.group(["a", "b", "c"]);
    let mut report = Box::pin(group.report());
    for (actor, word) in [(b, "1st"), (c, "2nd"), (a, "3rd")] {
        test.poll_pending(&mut report);
        actor.returns(word);
    }
    let exits = test.poll_ready(&mut report);
    assert_eq!(order(&exits), [("b", false), ("c", true), ("a", true)]);
    let outputs: Vec<_> = exits.into_iter().map(|exit| exit.into_output().unwrap()).collect();
    assert_eq!(outputs, ["1st", "2nd", "3rd"]);
}

/// The group may have been polled, and be stopping, before `report` is called.
#[test]
fn report_includes_earlier_exits() {
    let test = Test::default();
    let (mut group, [a, b, c]) = test.group(["a", "b", "c"]);
    b.returns("1st");
    c.returns("2nd");
    test.settle(&mut group);
    a.returns("3rd");
    let exits = test.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(order(&exits), [("b", false), ("c", true), ("a", true)]);
}

#[test]
fn observer_sees_exits_as_they_happen() {
    let test = Test::default();
    let (mut group, [a, b]) = test.group(["a", "b"]);
    test.log_exits(&mut group);
    b.returns("1st");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["a", "b", r#"b returned "1st""#, "a! (by b)", "b! (by b)"]);
    a.returns("2nd");
    test.poll_ready(&mut group);
    assert_eq!(test.take_log(), ["a", r#"a returned "2nd", interrupted"#]);
}

#[test]
fn second_observer_replaces_the_first() {
    let test = Test::default();
    let mut group = Group::new();
    group.on_exit(|_| panic!("it was replaced"));
    test.log_exits(&mut group);
    group.add(ready("done"), |_| {}).named("a");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(test.take_log(), [r#"a returned "done""#]);
}
