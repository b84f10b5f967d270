//! Clause 11: several stages.

use std::future::{pending, ready};

use run_group::{Exit, Group, LocalGroup};

use crate::play::{Actor, Play, Word};

/// Two stages of two stubborn actors each: `a` and `b` before `c` and `d`. Each has its own observer.
fn two_stages(play: &Play) -> (Group<'static, Word>, [Actor; 4]) {
    let (mut front, mut back) = (Group::new(), Group::new());
    for (group, name) in [(&mut front, "front"), (&mut back, "back")] {
        let play = play.clone();
        group.on_exit(move |exit| play.say(format_args!("{name}: {exit}")));
    }
    let [a, b] = ["a", "b"].map(|name| play.stubborn(name, &mut front));
    let [c, d] = ["c", "d"].map(|name| play.stubborn(name, &mut back));
    (front.before(back), [a, b, c, d])
}

/// Indices and names, in the order of the exits.
fn names(exits: &[Exit<Word>]) -> Vec<(usize, &str)> {
    exits
        .iter()
        .map(|exit| (exit.index(), exit.name().unwrap()))
        .collect()
}

#[test]
fn all_stages_run_from_the_start_in_the_order_of_adding() {
    let play = Play::default();
    let (mut group, _) = two_stages(&play);
    assert_eq!(group.len(), 4);
    play.poll_pending(&mut group);
    assert_eq!(play.log(), ["a", "b", "c", "d"]);
}

#[test]
fn the_back_is_interrupted_when_all_of_the_front_is_back_with_the_same_cause() {
    let play = Play::default();
    let (mut group, [a, b, c, d]) = two_stages(&play);
    play.settle(&mut group);
    play.log();

    a.returns("done");
    play.settle(&mut group);
    assert_eq!(
        play.log(),
        ["a", r#"front: a returned "done""#, "a! (by a)", "b! (by a)"]
    );
    b.returns("late");
    play.settle(&mut group);
    assert_eq!(
        play.log(),
        [
            "b",
            r#"front: b returned "late", interrupted"#,
            "c! (by a)",
            "d! (by a)"
        ]
    );
    c.returns("later");
    d.returns("last");
    assert_eq!(play.poll_ready(&mut group), Some("done"));
    assert_eq!(
        play.log(),
        [
            "c",
            r#"back: c returned "later", interrupted"#,
            "d",
            r#"back: d returned "last", interrupted"#
        ]
    );
}

#[test]
fn a_first_exit_in_the_back_interrupts_the_front_first() {
    let play = Play::default();
    let (mut group, [a, b, c, d]) = two_stages(&play);
    play.settle(&mut group);
    play.log();

    d.returns("done");
    play.settle(&mut group);
    assert_eq!(
        play.log(),
        ["d", r#"back: d returned "done""#, "a! (by d)", "b! (by d)"]
    );
    a.returns("late");
    b.returns("late");
    play.settle(&mut group);
    assert_eq!(play.log()[4..], ["c! (by d)", "d! (by d)"]);
    c.returns("last");
    assert_eq!(play.poll_ready(&mut group), Some("done"));
}

#[test]
fn whoever_of_the_back_returns_meanwhile_was_not_interrupted_and_is_in_its_turn() {
    let play = Play::default();
    let (mut group, [a, b, c, d]) = two_stages(&play);
    a.returns("1st");
    play.settle(&mut group);
    c.returns("2nd");
    play.settle(&mut group);
    assert!(c.is_dropped());
    play.log();

    b.returns("3rd");
    play.settle(&mut group);
    assert_eq!(play.log()[2..], ["c! (by a)", "d! (by a)"]);
    d.returns("4th");
    let exits = play.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(names(&exits), [(0, "a"), (2, "c"), (1, "b"), (3, "d")]);
    let interrupted: Vec<_> = exits.iter().map(Exit::was_interrupted).collect();
    assert_eq!(interrupted, [false, false, true, true]);
}

#[test]
fn a_stage_that_has_returned_by_itself_is_still_interrupted_in_its_turn() {
    let play = Play::default();
    let (mut group, [a, b, c, d]) = two_stages(&play);
    c.returns("1st");
    d.returns("2nd");
    play.settle(&mut group);
    play.log();
    a.returns("3rd");
    b.returns("4th");
    assert_eq!(play.poll_ready(&mut group), Some("1st"));
    assert_eq!(play.log()[4..], ["c! (by c)", "d! (by c)"]);
}

#[test]
fn all_in_one_poll_keeps_to_the_order_of_the_stages() {
    let play = Play::default();
    let (mut group, actors) = two_stages(&play);
    for actor in &actors {
        actor.returns("done");
    }
    assert_eq!(play.poll_ready(&mut group), Some("done"));
    assert_eq!(
        play.log(),
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
fn each_stage_has_its_own_grace_period() {
    let play = Play::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let [first, second] = ["first", "second"].map(|name| play.actor(name));
    front.grace_period(first.begin());
    back.grace_period(second.begin());
    let a = play.stubborn("a", &mut front);
    play.stubborn("b", &mut front);
    play.stubborn("c", &mut back);
    let mut group = Box::pin(front.before(back).report());

    a.returns("done");
    play.settle(&mut group);
    assert_eq!(
        play.log()[..6],
        ["a", "a! (by a)", "b! (by a)", "b", "c", "first"]
    );
    second.returns("over"); // it has not begun, so this ends nothing
    play.settle(&mut group);
    assert_eq!(play.log(), ["first"]);

    first.returns("over");
    let exits = play.poll_ready(&mut group);
    assert_eq!(
        play.log(),
        ["first", "b dropped", "c! (by a)", "second", "c dropped"]
    );
    let lines: Vec<_> = exits.iter().skip(1).map(ToString::to_string).collect();
    assert_eq!(lines, ["b expired", "c expired"]);
}

#[test]
fn the_grace_period_of_the_front_does_not_bound_the_back() {
    let play = Play::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    front.grace_period(|| ready(()));
    play.stubborn("a", &mut front);
    let b = play.stubborn("b", &mut back);
    back.add(ready("done"), |_| {});
    let mut group = front.before(back);
    play.settle(&mut group);
    assert_eq!(group.len(), 1);
    b.returns("late");
    assert_eq!(play.poll_ready(&mut group), Some("done"));
}

#[test]
fn three_stages_stop_one_after_the_other_however_they_were_put_together() {
    for left_first in [true, false] {
        let play = Play::default();
        let [a, b, c] = ["a", "b", "c"].map(|name| {
            let mut group = Group::new();
            play.obedient(name, &mut group);
            group
        });
        let group = if left_first {
            a.before(b).before(c)
        } else {
            a.before(b.before(c))
        };
        let mut end = Group::new();
        end.add(ready("done"), |_| {}).named("end");
        let mut group = group.before(end);
        assert_eq!(group.len(), 4);
        assert_eq!(play.poll_ready(&mut group), Some("done"));
        assert_eq!(
            play.log(),
            [
                "a",
                "b",
                "c",
                "a! (by end)",
                "a",
                "b! (by end)",
                "b",
                "c! (by end)",
                "c"
            ]
        );
    }
}

#[test]
fn an_empty_stage_is_passed_over() {
    let play = Play::default();
    let mut empty = Group::new();
    empty.grace_period(|| -> std::future::Ready<()> { panic!("nobody is here to wait for") });
    let (mut front, mut back) = (Group::new(), Group::new());
    front.add(ready("done"), |_| {}).named("front");
    play.obedient("back", &mut back);
    let mut group = front.before(empty).before(back).before(Group::new());
    assert_eq!(play.poll_ready(&mut group), Some("done"));
    assert_eq!(play.log(), ["back! (by front)", "back"]);
}

#[test]
fn a_new_group_before_another_is_the_other() {
    let play = Play::default();
    let mut other = Group::new();
    play.observe(&mut other);
    play.stubborn("a", &mut other);
    let mut group = Group::new().before(other);
    // Added to the same stage: it is interrupted together with `a`.
    group.add(ready("done"), |_| {}).named("b");
    play.settle(&mut group);
    assert_eq!(
        play.log(),
        ["a", r#"b returned "done""#, "a! (by b)", "a"][..3]
    );
}

#[test]
fn empty_groups_before_each_other_are_empty() {
    let group = Group::<()>::new().before(Group::new()).before(Group::new());
    assert!(group.is_empty());
    assert_eq!(smol::block_on(group), None);
}

#[test]
fn adding_to_the_group_adds_to_the_stage_that_stops_first() {
    let play = Play::default();
    let (mut group, [a, b, ..]) = two_stages(&play);
    let late = play.stubborn("late", &mut group);
    play.settle(&mut group);
    play.log();

    a.returns("done");
    play.settle(&mut group);
    assert_eq!(play.log()[2..], ["a! (by a)", "b! (by a)", "late! (by a)"]);
    b.returns("b");
    play.settle(&mut group);
    assert_eq!(
        play.log().last().unwrap(),
        r#"front: b returned "b", interrupted"#
    );
    late.returns("late");
    play.settle(&mut group);
    assert_eq!(play.log().last().unwrap(), "d! (by a)");
}

#[test]
fn adding_while_the_back_stops_adds_to_the_back() {
    let play = Play::default();
    let (mut group, [a, b, c, d]) = two_stages(&play);
    a.returns("done");
    b.returns("b");
    play.settle(&mut group);
    play.log();

    let late = play.stubborn("late", &mut group);
    play.settle(&mut group);
    assert_eq!(play.log(), ["late! (by a)", "late"]);
    for actor in [c, d, late] {
        actor.returns("back");
    }
    let exits = play.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(names(&exits)[4], (4, "late"));
    assert!(play
        .log()
        .contains(&r#"back: late returned "back", interrupted"#.into()));
}

/// A program that logs the exits of its group means all of them, also where the group was put together.
#[test]
fn the_observer_of_the_whole_sees_every_exit_after_that_of_the_stage() {
    let play = Play::default();
    let (mut group, [a, b, c, d]) = two_stages(&play);
    let observer = play.clone();
    group.on_exit(move |exit| observer.say(format_args!("whole: {}", exit.name().unwrap())));
    for actor in [&a, &b, &c, &d] {
        actor.returns("done");
    }
    play.poll_ready(&mut group);
    let seen: Vec<_> = play
        .log()
        .into_iter()
        .filter(|line| line.contains(": "))
        .collect();
    assert_eq!(
        seen,
        [
            r#"front: a returned "done""#,
            "whole: a",
            r#"front: b returned "done", interrupted"#,
            "whole: b",
            r#"back: c returned "done", interrupted"#,
            "whole: c",
            r#"back: d returned "done", interrupted"#,
            "whole: d",
        ]
    );
}

/// Otherwise a bound that was set on the whole would bound its front, and the stop would have none.
#[test]
fn the_grace_period_of_the_whole_bounds_the_stop_of_all_stages() {
    let play = Play::default();
    let (mut group, [a, b, _c, d]) = two_stages(&play);
    let timer = play.actor("timer");
    let (mut begin, log) = (timer.begin(), play.clone());
    group.grace_period(move || {
        log.say("begins");
        begin()
    });
    a.returns("done");
    play.settle(&mut group);
    b.returns("b");
    play.settle(&mut group);
    let begun = play.log().iter().filter(|line| *line == "begins").count();
    assert_eq!(begun, 1);

    timer.returns("over");
    d.returns("just in time");
    let exits = play.poll_ready(&mut Box::pin(group.report()));
    let lines: Vec<_> = exits[2..].iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [r#"d returned "just in time", interrupted"#, "c expired"]
    );
}

#[test]
fn when_the_grace_period_of_the_whole_is_over_the_stages_behind_are_still_told() {
    let play = Play::default();
    let (mut group, [_a, b, c, _d]) = two_stages(&play);
    group.grace_period(|| ready(()));
    c.obeys();
    b.returns("done");
    let exits = play.poll_ready(&mut Box::pin(group.report()));
    let lines: Vec<_> = exits.iter().skip(1).map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "a expired",
            r#"c returned "obeys", interrupted"#,
            "d expired"
        ]
    );
}

#[test]
fn the_earlier_of_two_grace_periods_counts() {
    for whole_is_first in [true, false] {
        let play = Play::default();
        let (mut front, mut back) = (Group::new(), Group::new());
        let [own, whole] = ["own", "whole"].map(|name| play.actor(name));
        front.grace_period(own.begin());
        play.stubborn("a", &mut front);
        play.obedient("b", &mut back);
        back.add(ready("done"), |_| {});
        let mut group = front.before(back);
        group.grace_period(whole.begin());
        play.settle(&mut group);
        assert_eq!(group.len(), 2);

        if whole_is_first {
            whole.returns("over");
        } else {
            own.returns("over");
        }
        assert_eq!(play.poll_ready(&mut group), Some("done"));
        assert!(own.is_dropped() && whole.is_dropped());
    }
}

#[test]
fn groups_of_groups_keep_their_terms() {
    let play = Play::default();
    let observed = |name: &'static str, group: &mut Group<'static, Word>| {
        let play = play.clone();
        group.on_exit(move |exit| play.say(format_args!("{name}: {}", exit.name().unwrap())));
    };
    let [mut a, mut b, mut c] = ["a", "b", "c"].map(|name| {
        let mut group = Group::new();
        play.obedient(name, &mut group);
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
    play.poll_ready(&mut group);
    let seen: Vec<_> = play
        .log()
        .into_iter()
        .filter(|line| line.contains(": "))
        .collect();
    assert_eq!(
        seen,
        [
            "A: end", "ABC: end", "A: a", "ABC: a", "B: b", "BC: b", "ABC: b", "C: c", "BC: c",
            "ABC: c"
        ]
    );
}

/// Whatever has happened in two groups has happened when they are put together.
#[test]
fn groups_that_are_running_or_stopping_may_be_put_together() {
    let play = Play::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let a = play.stubborn("a", &mut front);
    let [b, c] = ["b", "c"].map(|name| play.stubborn(name, &mut back));
    b.returns("1st");
    play.settle(&mut front);
    play.settle(&mut back);
    play.log();

    let mut group = front.before(back);
    play.settle(&mut group);
    assert_eq!(play.log()[0], "a! (by b)");
    c.returns("2nd");
    a.returns("3rd");
    let exits = play.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(names(&exits), [(1, "b"), (2, "c"), (0, "a")]);
    assert!(
        !play.log().iter().any(|line| line.contains('!')),
        "interrupted twice"
    );
}

/// The numbers of its stages were those from its own beginning, of which there were fewer in front of it.
#[test]
fn a_group_that_stops_in_its_third_stage_may_be_put_behind_another() {
    let play = Play::default();
    let [mut a, mut b, mut c] = ["a", "b", "c"].map(|name| {
        let mut group = Group::new();
        play.obedient(name, &mut group);
        group
    });
    a.add(ready("done"), |_| {}).named("cause");
    b.grace_period(pending::<()>);
    play.stubborn("last", &mut c);
    play.observe(&mut c);
    let mut back = a.before(b).before(c);
    back.grace_period(pending::<()>);
    play.settle(&mut back);
    assert_eq!(back.len(), 1);
    play.log();

    let mut front = Group::new();
    play.obedient("front", &mut front);
    let mut group = front.before(back);
    play.settle(&mut group);
    assert_eq!(play.log(), ["front! (by cause)", "front", "last"]);
    group.grace_period(|| ready(()));
    let exits = play.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(names(&exits)[..2], [(2, "cause"), (1, "a")]);
    assert_eq!(play.log().last().unwrap(), "last expired");
}

/// A group of so many stages without actors.
fn of_stages(n: usize) -> Group<'static, u8> {
    let stage = || {
        let mut group = Group::new();
        group.on_exit(|_| {});
        group
    };
    (1..n).fold(stage(), |group, _| group.before(stage()))
}

#[test]
fn there_is_room_for_65535_stages() {
    let debug = format!("{:?}", of_stages(65_535));
    assert!(debug.contains("stages: 65535"), "{debug}");
}

#[cfg(panic = "unwind")]
#[test]
#[should_panic = "a group has room for 65 535 stages"]
fn there_is_no_room_for_65536_stages() {
    drop(of_stages(65_536));
}

#[test]
fn local_groups_have_stages_too() {
    let mut front: LocalGroup<'_, u8> = Group::local();
    let mut back = Group::local();
    front.add_abortable(pending());
    back.add(ready(7), |_| {});
    let exits = smol::block_on(front.before(back).report());
    assert_eq!(exits.iter().map(Exit::index).collect::<Vec<_>>(), [1, 0]);
}
