//! Clause 11: which groups can be combined, before and after their first poll, and the group that results.

use std::future::{pending, ready};

use futures::future::FusedFuture;
use run_group::Group;

use crate::harness::{Output, Test};

/// Returns how many stages a group has, according to its `Debug` output.
fn stages<T>(group: &Group<'_, T>) -> usize {
    let debug = format!("{group:?}");
    let (_, stages) = debug.split_once("stages: ").unwrap();
    stages.split(',').next().unwrap().parse().unwrap()
}

/// Returns a group without actors, but with a setting.
fn with_setting<T>() -> Group<'static, T> {
    let mut group = Group::new();
    group.on_exit(|_| {});
    group
}

/// Returns a group that has ended.
fn ended(test: &Test) -> Group<'static, Output> {
    let mut group = with_setting();
    group.add(ready("done"), |_| {});
    test.poll_ready(&mut group);
    group
}

#[test]
fn indices_count_through() {
    let test = Test::default();
    let [mut a, mut b, mut c] = [(); 3].map(|()| Group::new());
    test.add_stoppable("a0", &mut a);
    test.add_stoppable("b0", &mut b);
    test.add_stoppable("b1", &mut b);
    test.add_stoppable("c0", &mut c);
    let mut group = a.before(b.before(c));
    group.add(ready("done"), |_| {}).named("added");
    let running: Vec<_> = group.running().map(|actor| (actor.index(), actor.to_string())).collect();
    let names = ["a0", "b0", "b1", "c0", "added"].map(String::from);
    assert_eq!(running, Vec::from_iter(names.into_iter().enumerate()));
    let exits = test.poll_ready(&mut Box::pin(group.report()));
    let indices: Vec<_> = exits.iter().map(|exit| exit.index()).collect();
    assert_eq!(indices, [4, 0, 1, 2, 3]);
}

/// Those that have left keep theirs in the front. In the back, the others are numbered again, without gaps.
#[test]
fn indices_count_those_that_have_left() {
    let test = Test::default();
    let names = ["a", "b", "c", "d", "e"];
    // `b` of two leaves, and then all but `d` and `e` of five.
    let [front, back] = [(2, 1..2), (5, 0..3)].map(|(added, leaving)| {
        let mut group = Group::new();
        group.grace_period(|| ready(()));
        let actors = names[..added].iter();
        let actors: Vec<_> = actors.map(|name| test.add_leaving(name, &mut group)).collect();
        for actor in &actors[leaving] {
            actor.returns("left");
        }
        test.settle(&mut group);
        group
    });
    let mut group = front.before(back);
    group.add(ready("done"), |_| {}).named("added");
    let running: Vec<_> = group.running().map(|actor| actor.index()).collect();
    assert_eq!(running, [0, 2, 3, 4]);
    let report = test.poll_ready(&mut Box::pin(group.report()));
    let exits: Vec<_> = report.iter().map(|exit| exit.index()).collect();
    assert_eq!(exits, [4, 0, 2, 3]);
}

#[test]
fn running_groups_can_be_combined() {
    let test = Test::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let a = test.add_stoppable("a", &mut front);
    let b = test.add_stoppable("b", &mut back);
    test.settle(&mut front);
    test.settle(&mut back);
    let mut group = front.before(back);
    assert_eq!(stages(&group), 2);
    test.settle(&mut group);
    test.take_log();

    b.returns("done");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(test.take_log(), ["b", "a! (by b)", "a", "b! (by b)"]);
    assert!(a.is_dropped());
}

/// The actors of the back move to the set of futures of the front, and must register the waker of that set.
#[test]
fn polled_actors_of_back_are_polled_once_more() {
    for front_runs in [false, true] {
        let test = Test::default();
        let (mut front, _) = test.group(["a", "b"]);
        let (mut back, [c, d]) = test.group(["c", "d"]);
        d.spins();
        test.poll_pending(&mut back);
        d.waits();
        if front_runs {
            test.settle(&mut front);
        }
        test.add_manual("e", &mut back);
        test.take_log();

        let mut group = front.before(back);
        test.settle(&mut group);
        let expected = ["a", "b", "c", "d", "e"];
        assert_eq!(test.take_log(), expected[if front_runs { 2 } else { 0 }..]);
        c.wake();
        test.settle(&mut group);
        assert_eq!(test.take_log(), ["c"]);
    }
}

#[test]
fn wakes_from_before_are_not_lost() {
    for after in [false, true] {
        let test = Test::default();
        let (mut front, [a]) = test.group(["a"]);
        let (mut back, [b]) = test.group(["b"]);
        test.settle(&mut front);
        test.settle(&mut back);
        test.take_log();
        let wake = || {
            a.wake();
            b.returns("done");
        };
        let mut group = if after {
            let group = front.before(back);
            wake();
            group
        } else {
            wake();
            front.before(back)
        };
        test.poll_pending(&mut group);
        let log = test.take_log();
        assert!(log.contains(&"a".into()) && log.contains(&"b".into()));
        assert!(group.is_stopping(), "{log:?}");
    }
}

#[test]
fn new_group_before_another_is_the_other() {
    let test = Test::default();
    let (mut other, _) = test.group(["a"]);
    other.on_exit(|_| panic!("it was replaced"));
    let mut group = Group::new().before(other);
    assert_eq!(stages(&group), 1);
    test.log_exits(&mut group);
    // `a` is interrupted at once, so `b` is in the same stage.
    group.add(ready("done"), |_| {}).named("b");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["a", r#"b returned "done""#, "a! (by b)"]);
}

#[test]
fn settings_make_a_front_of_their_own() {
    let set: [fn(&mut Group<'static, Output>); 4] = [
        |group| group.grace_period(pending::<()>),
        |group| group.on_exit(|_| {}),
        |group| group.on_wait(|_| {}),
        |group| {
            #[cfg(feature = "std")]
            drop(group.handle());
            #[cfg(not(feature = "std"))]
            group.on_exit(|_| {});
        },
    ];
    for set in set {
        let test = Test::default();
        let (mut front, mut back) = (Group::new(), Group::new());
        set(&mut front);
        test.add_stoppable("back", &mut back);
        let mut group = front.before(back);
        assert_eq!(stages(&group), 2);
        let added = test.add_manual("added", &mut group);
        group.add(ready("done"), |_| {}).named("cause");
        test.settle(&mut group);
        assert_eq!(test.take_log(), ["back", "added", "added! (by cause)"]);
        added.returns("late");
        assert_eq!(test.poll_ready(&mut group), Some("done"));
        assert_eq!(test.take_log(), ["added", "back! (by cause)", "back"]);
    }
}

#[test]
fn empty_groups_make_an_empty_group() {
    let group = Group::<()>::new().before(Group::new()).before(Group::new());
    assert!(group.is_empty());
    assert_eq!(smol::block_on(group), None);
    let mut group = with_setting::<()>().before(with_setting()).before(Group::new());
    assert!(group.is_empty());
    assert_eq!(Test::default().poll_ready(&mut group), None);
    assert_eq!(stages(&group), 1);
}

#[test]
fn ended_front_adds_no_stage() {
    let test = Test::default();
    let mut back = Group::new();
    back.add(ready("again"), |_| {});
    let mut group = ended(&test).before(back);
    assert_eq!(stages(&group), 1);
    assert_eq!(test.poll_ready(&mut group), Some("again"));
}

#[test]
fn terminated_if_both_were() {
    let test = Test::default();
    let with_actor = || {
        let mut group = Group::new();
        group.add(pending::<Output>(), |_| {});
        group
    };
    let running = || {
        let mut group = with_actor();
        test.poll_pending(&mut group);
        group
    };
    let set_after_end = || {
        let mut group = ended(&test);
        group.on_exit(|_| {});
        group
    };
    let unfinished: [&dyn Fn() -> Group<'static, Output>; 3] =
        [&with_setting, &with_actor, &running];
    let finished: [&dyn Fn() -> Group<'static, Output>; 2] = [&|| ended(&test), &set_after_end];
    for unfinished in unfinished {
        for finished in finished {
            assert!(!unfinished().before(finished()).is_terminated());
            assert!(!finished().before(unfinished()).is_terminated());
        }
        assert!(!unfinished().before(unfinished()).is_terminated());
        assert!(!unfinished().before(Group::new()).is_terminated());
    }
    for front in finished {
        for back in finished {
            assert!(front().before(back()).is_terminated());
        }
        assert!(Group::new().before(front()).is_terminated());
    }
}

/// Most bugs of `before` concerned groups that were stopping, and no program was found that combines such groups. In
/// the last of these bugs, a grace period never began because the front had no actors.
#[cfg(panic = "unwind")]
#[test]
fn stopping_groups_cannot_be_combined() {
    use std::panic::{catch_unwind, AssertUnwindSafe};

    let test = Test::default();
    let add = |name| test.group([name]).0;
    let running = || {
        let mut group = add("a");
        test.settle(&mut group);
        group
    };
    let stopping = || {
        let mut group = add("b");
        group.add(ready("done"), |_| {}).named("cause");
        test.settle(&mut group);
        group
    };
    let in_second_stage = || {
        let mut front = with_setting();
        front.add(ready("done"), |_| {}).named("cause");
        let mut group = front.before(add("c"));
        test.settle(&mut group);
        group
    };
    let all_run: [&dyn Fn() -> Group<'static, Output>; 4] =
        [&Group::new, &with_setting, &|| add("d"), &running];
    let stops: [&dyn Fn() -> Group<'static, Output>; 2] = [&stopping, &in_second_stage];
    let refused = |front: Group<'static, Output>, back: Group<'static, Output>| {
        test.take_log();
        let running = front.len() + back.len();
        let combined = catch_unwind(AssertUnwindSafe(|| front.before(back)));
        let panic = combined.map(drop).expect_err("it must panic");
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(message.contains("has begun to stop"), "{message}");
        // Both groups were dropped: no interrupt was called.
        let log = test.take_log();
        let dropped = log.iter().filter(|line| line.ends_with("dropped"));
        assert_eq!((dropped.count(), log.len()), (running, running), "{log:?}");
    };
    for stops in stops {
        for all_run in all_run {
            refused(stops(), all_run());
            refused(all_run(), stops());
        }
        refused(stops(), stops());
    }
    for front in all_run {
        for back in all_run {
            drop(front().before(back()));
        }
    }
}

/// Returns a group of `n` stages without actors.
fn of_stages(n: usize) -> Group<'static, u8> {
    (1..n).fold(with_setting(), |group, _| group.before(with_setting()))
}

#[test]
fn there_is_room_for_65535_stages() {
    assert_eq!(stages(&of_stages(65_535)), 65_535);
}

#[cfg(panic = "unwind")]
#[test]
#[should_panic = "a group has room for 65 535 stages"]
fn there_is_no_room_for_65536_stages() {
    drop(of_stages(65_536));
}
