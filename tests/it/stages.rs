//! Clauses 10 and 11: the shutdown of several stages. How groups are combined is in [`before`](crate::before).

use std::future::ready;

use run_group::{Exit, Group};

use crate::harness::{Actor, Output, Test};

/// Returns two stages of two actors that ignore their interrupts: `a` and `b` before `c` and `d`. Each stage logs its
/// exits.
fn two_stages(test: &Test) -> (Group<'static, Output>, [Actor; 4]) {
    let (mut front, [a, b]) = test.group(["a", "b"]);
    let (mut back, [c, d]) = test.group(["c", "d"]);
    for (group, name) in [(&mut front, "front"), (&mut back, "back")] {
        let test = test.clone();
        group.on_exit(move |exit| test.log(format_args!("{name}: {exit}")));
    }
    (front.before(back), [a, b, c, d])
}

/// Returns indices and names, in the order of the exits.
fn names(exits: &[Exit<Output>]) -> Vec<(usize, &str)> {
    exits.iter().map(|exit| (exit.index(), exit.name().unwrap())).collect()
}

#[test]
fn all_stages_run_from_the_start() {
    let test = Test::default();
    let (mut group, _) = two_stages(&test);
    assert_eq!(group.len(), 4);
    test.poll_pending(&mut group);
    assert_eq!(test.take_log(), ["a", "b", "c", "d"]);
}

#[test]
fn back_is_interrupted_when_front_has_exited() {
    let test = Test::default();
    let (mut group, [a, b, c, d]) = two_stages(&test);
    test.settle(&mut group);
    test.take_log();

    a.returns("done");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["a", r#"front: a returned "done""#, "a! (by a)", "b! (by a)"]);
    b.returns("late");
    test.settle(&mut group);
    assert_eq!(
        test.take_log(),
        ["b", r#"front: b returned "late", interrupted"#, "c! (by a)", "d! (by a)"]
    );
    c.returns("later");
    d.returns("last");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(
        test.take_log(),
        [
            "c",
            r#"back: c returned "later", interrupted"#,
            "d",
            r#"back: d returned "last", interrupted"#
        ]
    );
}

#[test]
fn exit_in_back_interrupts_front_first() {
    let test = Test::default();
    let (mut group, [a, b, c, d]) = two_stages(&test);
    test.settle(&mut group);
    test.take_log();

    d.returns("done");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["d", r#"back: d returned "done""#, "a! (by d)", "b! (by d)"]);
    a.returns("late");
    b.returns("late");
    test.settle(&mut group);
    assert_eq!(test.take_log()[4..], ["c! (by d)", "d! (by d)"]);
    c.returns("last");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
}

#[test]
fn early_exit_in_later_stage() {
    let test = Test::default();
    let (mut group, [a, b, c, d]) = two_stages(&test);
    a.returns("1st");
    test.settle(&mut group);
    c.returns("2nd");
    test.settle(&mut group);
    assert!(c.is_dropped());
    test.take_log();

    b.returns("3rd");
    test.settle(&mut group);
    assert_eq!(test.take_log()[2..], ["c! (by a)", "d! (by a)"]);
    d.returns("4th");
    let exits = test.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(names(&exits), [(0, "a"), (2, "c"), (1, "b"), (3, "d")]);
    let interrupted: Vec<_> = exits.iter().map(Exit::was_interrupted).collect();
    assert_eq!(interrupted, [false, false, true, true]);
}

#[test]
fn early_exit_of_abortable_in_later_stage() {
    let test = Test::default();
    let (mut front, [a]) = test.group(["a"]);
    let (mut back, b) = (Group::new(), test.actor("b"));
    back.add_abortable(b.execute()).named("b");
    front.add(ready("done"), |_| {}).named("cause");
    let mut group = front.before(back);
    test.settle(&mut group);
    b.returns("early");
    test.settle(&mut group);
    assert_eq!(group.len(), 1);
    a.returns("late");
    let exits = test.poll_ready(&mut Box::pin(group.report()));
    let lines: Vec<_> = exits[1..].iter().map(ToString::to_string).collect();
    assert_eq!(lines, [r#"b returned "early""#, r#"a returned "late", interrupted"#]);
}

#[test]
fn exited_stage_is_still_interrupted() {
    let test = Test::default();
    let (mut group, [a, b, c, d]) = two_stages(&test);
    test.set_grace_period("timer", &mut group);
    c.returns("1st");
    d.returns("2nd");
    test.settle(&mut group);
    test.take_log();
    a.returns("3rd");
    b.returns("4th");
    assert_eq!(test.poll_ready(&mut group), Some("1st"));
    assert_eq!(
        test.take_log()[5..],
        ["timer dropped", "c! (by c)", "d! (by c)"],
        "and no grace period begins"
    );
}

#[test]
fn one_poll_goes_through_all_stages() {
    let test = Test::default();
    let (mut group, actors) = two_stages(&test);
    for actor in &actors {
        actor.returns("done");
    }
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(
        test.take_log(),
        [
            "a",
            r#"front: a returned "done""#,
            "a! (by a)",
            "b! (by a)",
            "b",
            r#"front: b returned "done", interrupted"#,
            "c! (by a)",
            "d! (by a)",
            "c",
            r#"back: c returned "done", interrupted"#,
            "d",
            r#"back: d returned "done", interrupted"#,
        ]
    );
}

#[test]
fn parts_keep_their_grace_periods() {
    let test = Test::default();
    let (mut front, [a, _b]) = test.group(["a", "b"]);
    let (mut back, _) = test.group(["c"]);
    let [first, second] = ["first", "second"].map(|name| test.actor(name));
    front.grace_period(first.begin());
    back.grace_period(second.begin());
    let mut group = Box::pin(front.before(back).report());

    a.returns("done");
    test.settle(&mut group);
    assert_eq!(test.take_log()[..6], ["a", "a! (by a)", "b! (by a)", "first", "b", "c"]);
    second.returns("over"); // it has not begun, so this has no effect
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["first"]);

    first.returns("over");
    let exits = test.poll_ready(&mut group);
    assert_eq!(
        test.take_log(),
        ["first", "b", "b dropped", "c! (by a)", "second", "c", "c dropped"]
    );
    let lines: Vec<_> = exits.iter().skip(1).map(ToString::to_string).collect();
    assert_eq!(lines, ["b expired", "c expired"]);
}

#[test]
fn three_stages_shut_down_in_order() {
    for left_first in [true, false] {
        let test = Test::default();
        let [a, b, c] = ["a", "b", "c"].map(|name| {
            let mut group = Group::new();
            test.add_stoppable(name, &mut group);
            group
        });
        let group = if left_first { a.before(b).before(c) } else { a.before(b.before(c)) };
        let mut end = Group::new();
        end.add(ready("done"), |_| {}).named("end");
        let mut group = group.before(end);
        assert_eq!(group.len(), 4);
        assert_eq!(test.poll_ready(&mut group), Some("done"));
        assert_eq!(
            test.take_log(),
            ["a", "b", "c", "a! (by end)", "a", "b! (by end)", "b", "c! (by end)", "c"]
        );
    }
}

#[test]
fn empty_stage_is_skipped() {
    let test = Test::default();
    let mut empty = Group::new();
    empty.grace_period(|| -> std::future::Ready<()> { panic!("no actor is left") });
    let (mut front, mut back) = (Group::new(), Group::new());
    front.add(ready("done"), |_| {}).named("front");
    test.add_stoppable("back", &mut back);
    let mut group = front.before(empty).before(back).before(Group::new());
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(test.take_log(), ["back! (by front)", "back"]);
}

#[test]
fn added_actor_joins_first_stage() {
    let test = Test::default();
    let (mut group, [a, b, ..]) = two_stages(&test);
    let late = test.add_manual("late", &mut group);
    test.settle(&mut group);
    test.take_log();

    a.returns("done");
    test.settle(&mut group);
    assert_eq!(test.take_log()[2..], ["a! (by a)", "b! (by a)", "late! (by a)"]);
    b.returns("b");
    test.settle(&mut group);
    assert_eq!(test.take_log().last().unwrap(), r#"front: b returned "b", interrupted"#);
    late.returns("late");
    test.settle(&mut group);
    assert_eq!(test.take_log().last().unwrap(), "d! (by a)");
}

#[test]
fn added_actor_joins_current_stage() {
    let test = Test::default();
    let (mut group, [a, b, c, d]) = two_stages(&test);
    a.returns("done");
    b.returns("b");
    test.settle(&mut group);
    test.take_log();

    let late = test.add_manual("late", &mut group);
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["late! (by a)", "late"]);
    for actor in [c, d, late] {
        actor.returns("late");
    }
    let exits = test.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(names(&exits)[4], (4, "late"));
    assert!(test.take_log().contains(&r#"back: late returned "late", interrupted"#.into()));
}

/// There used to be one grace period for all stages. A web actor that hung in the front used it up, and the storage
/// expired without its flush.
#[test]
fn stuck_front_takes_no_time_from_back() {
    let test = Test::default();
    let (web, [a, _stuck]) = test.group(["a", "stuck"]);
    let (storage, [flush, _slow]) = test.group(["flush", "slow"]);
    let mut group = web.before(storage);
    let timers = ["first", "second"].map(|name| test.actor(name));
    let mut executes = timers.clone().map(|timer| timer.execute()).into_iter();
    group.grace_period(move || executes.next().unwrap());
    a.returns("done");
    test.settle(&mut group);
    test.take_log();

    timers[0].returns("over");
    test.settle(&mut group);
    assert_eq!(
        test.take_log()[..6],
        ["first", "stuck", "stuck dropped", "flush! (by a)", "slow! (by a)", "second"]
    );
    flush.wake();
    test.settle(&mut group);
    flush.returns("flushed");
    test.settle(&mut group);
    timers[1].returns("over");
    let exits = test.poll_ready(&mut Box::pin(group.report()));
    let lines: Vec<_> = exits[1..].iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        ["stuck expired", r#"flush returned "flushed", interrupted"#, "slow expired"]
    );
}

#[test]
fn grace_period_is_dropped_when_its_stage_ends() {
    let test = Test::default();
    let (mut group, [a, b, ..]) = two_stages(&test);
    test.set_grace_period("timer", &mut group);
    b.returns("done");
    test.settle(&mut group);
    test.take_log();

    a.returns("late");
    test.poll_pending(&mut group);
    assert_eq!(
        test.take_log(),
        [
            "timer",
            "a",
            r#"front: a returned "late", interrupted"#,
            "timer dropped",
            "c! (by b)",
            "d! (by b)",
            "timer begins",
            "timer"
        ]
    );
}

#[test]
fn inner_grace_period_comes_first() {
    let test = Test::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let actors = [&mut front, &mut back].map(|group| {
        test.set_grace_period("inner", group);
        test.add_manual("a", group)
    });
    front.add(ready("done"), |_| {});
    let mut group = front.before(back);
    test.set_grace_period("outer", &mut group);
    for stage in actors {
        test.poll_pending(&mut group);
        let log = test.take_log();
        let place = |line: &str| log.iter().position(|it| it == line).unwrap();
        assert!(place("inner begins") < place("outer begins"), "{log:?}");
        assert!(place("inner") < place("outer"), "{log:?}");
        stage.returns("late");
    }
}

/// The grace period of the combined group never began if the front had no actors and the back was stopping when they
/// were combined. `before` now refuses such groups: see `before::stopping_groups_cannot_be_combined`. This is the case
/// that is left, in which the back is running.
#[test]
fn grace_period_begins_behind_empty_stage() {
    let test = Test::default();
    let mut empty = Group::new();
    test.log_exits(&mut empty);
    let (mut back, [cause, _stuck]) = test.group(["cause", "stuck"]);
    test.settle(&mut back);
    let mut group = empty.before(back);
    let timer = test.set_grace_period("timer", &mut group);
    cause.returns("done");
    test.settle(&mut group);
    let log = test.take_log();
    let begun = log.iter().filter(|line| *line == "timer begins").count();
    assert_eq!(begun, 1, "{log:?}");
    timer.returns("over");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(test.take_log(), ["timer", "stuck", "stuck dropped"]);
}

#[test]
fn shorter_grace_period_counts() {
    for whole_is_first in [true, false] {
        let test = Test::default();
        let (mut front, _) = test.group(["a"]);
        let (mut back, [b]) = test.group(["b"]);
        b.stops_when_interrupted();
        let [own, whole] = ["own", "whole"].map(|name| test.actor(name));
        front.grace_period(own.begin());
        back.add(ready("done"), |_| {});
        let mut group = front.before(back);
        group.grace_period(whole.begin());
        test.settle(&mut group);
        assert_eq!(group.len(), 2);

        if whole_is_first {
            whole.returns("over");
        } else {
            own.returns("over");
        }
        assert_eq!(test.poll_ready(&mut group), Some("done"));
        assert!(own.is_dropped() && whole.is_dropped());
    }
}

#[test]
fn nested_groups_keep_their_observers() {
    let test = Test::default();
    let observed = |name: &'static str, group: &mut Group<'static, Output>| {
        let test = test.clone();
        group.on_exit(move |exit| test.log(format_args!("{name}: {}", exit.name().unwrap())));
    };
    let [mut a, mut b, mut c] = ["a", "b", "c"].map(|name| {
        let mut group = Group::new();
        test.add_stoppable(name, &mut group);
        group
    });
    observed("A", &mut a);
    observed("B", &mut b);
    observed("C", &mut c);
    let mut bc = b.before(c);
    observed("BC", &mut bc);
    let mut group = a.before(bc);
    observed("ABC", &mut group);
    group.add(ready("done"), |_| {}).named("end");
    test.poll_ready(&mut group);
    let seen: Vec<_> = test.take_log().into_iter().filter(|line| line.contains(": ")).collect();
    assert_eq!(
        seen,
        [
            "A: end", "ABC: end", "A: a", "ABC: a", "B: b", "BC: b", "ABC: b", "C: c", "BC: c",
            "ABC: c"
        ]
    );
}
