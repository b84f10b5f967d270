//! Clause 11: which groups can be combined, before and after their first poll, and the group that results.

use std::future::{pending, ready};

use futures::future::FusedFuture;
use run_group::Group;

use crate::play::{Play, Word};

/// Returns how many stages a group has, as its `Debug` shows it.
fn stages<T>(group: &Group<'_, T>) -> usize {
    let debug = format!("{group:?}");
    let (_, stages) = debug.split_once("stages: ").unwrap();
    stages.split(',').next().unwrap().parse().unwrap()
}

/// Returns a group without actors, but with a setting.
fn set<T>() -> Group<'static, T> {
    let mut group = Group::new();
    group.on_exit(|_| {});
    group
}

/// Returns a group that has ended.
fn ended(play: &Play) -> Group<'static, Word> {
    let mut group = set();
    group.add(ready("done"), |_| {});
    play.poll_ready(&mut group);
    group
}

#[test]
fn indices_count_through() {
    let play = Play::default();
    let [mut a, mut b, mut c] = [(); 3].map(|()| Group::new());
    play.obedient("a0", &mut a);
    play.obedient("b0", &mut b);
    play.obedient("b1", &mut b);
    play.obedient("c0", &mut c);
    let mut group = a.before(b.before(c));
    group.add(ready("done"), |_| {}).named("added");
    let running: Vec<_> = group
        .running()
        .map(|actor| (actor.index(), actor.to_string()))
        .collect();
    let names = ["a0", "b0", "b1", "c0", "added"].map(String::from);
    assert_eq!(running, Vec::from_iter(names.into_iter().enumerate()));
    let exits = play.poll_ready(&mut Box::pin(group.report()));
    let indices: Vec<_> = exits.iter().map(|exit| exit.index()).collect();
    assert_eq!(indices, [4, 0, 1, 2, 3]);
}

#[test]
fn running_groups_can_be_combined() {
    let play = Play::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let a = play.obedient("a", &mut front);
    let b = play.obedient("b", &mut back);
    play.settle(&mut front);
    play.settle(&mut back);
    let mut group = front.before(back);
    assert_eq!(stages(&group), 2);
    play.settle(&mut group);
    play.log();

    b.returns("done");
    assert_eq!(play.poll_ready(&mut group), Some("done"));
    assert_eq!(play.log(), ["b", "a! (by b)", "a", "b! (by b)"]);
    assert!(a.is_dropped());
}

/// They move to the set of the front, and must register its waker.
#[test]
fn polled_actors_of_back_are_polled_once_more() {
    for front_runs in [false, true] {
        let play = Play::default();
        let (mut front, mut back) = (Group::new(), Group::new());
        for name in ["a", "b"] {
            play.stubborn(name, &mut front);
        }
        let [c, d] = ["c", "d"].map(|name| play.stubborn(name, &mut back));
        d.spins();
        play.poll_pending(&mut back);
        d.waits();
        if front_runs {
            play.settle(&mut front);
        }
        play.stubborn("e", &mut back);
        play.log();

        let mut group = front.before(back);
        play.settle(&mut group);
        let expected = ["a", "b", "c", "d", "e"];
        assert_eq!(play.log(), expected[if front_runs { 2 } else { 0 }..]);
        c.wake();
        play.settle(&mut group);
        assert_eq!(play.log(), ["c"]);
    }
}

#[test]
fn wakes_from_before_are_not_lost() {
    for after in [false, true] {
        let play = Play::default();
        let (mut front, mut back) = (Group::new(), Group::new());
        let a = play.stubborn("a", &mut front);
        let b = play.stubborn("b", &mut back);
        play.settle(&mut front);
        play.settle(&mut back);
        play.log();
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
        play.poll_pending(&mut group);
        let log = play.log();
        assert!(log.contains(&"a".into()) && log.contains(&"b".into()));
        assert!(group.is_stopping(), "{log:?}");
    }
}

#[test]
fn new_group_before_another_is_the_other() {
    let play = Play::default();
    let mut other = Group::new();
    other.on_exit(|_| panic!("it was replaced"));
    play.stubborn("a", &mut other);
    let mut group = Group::new().before(other);
    assert_eq!(stages(&group), 1);
    play.observe(&mut group);
    // It is interrupted together with `a`, so it is in the same stage.
    group.add(ready("done"), |_| {}).named("b");
    play.settle(&mut group);
    assert_eq!(play.log(), ["a", r#"b returned "done""#, "a! (by b)"]);
}

#[test]
fn settings_make_a_front_of_their_own() {
    let set: [fn(&mut Group<'static, Word>); 4] = [
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
        let play = Play::default();
        let (mut front, mut back) = (Group::new(), Group::new());
        set(&mut front);
        play.obedient("back", &mut back);
        let mut group = front.before(back);
        assert_eq!(stages(&group), 2);
        let added = play.stubborn("added", &mut group);
        group.add(ready("done"), |_| {}).named("cause");
        play.settle(&mut group);
        assert_eq!(play.log(), ["back", "added", "added! (by cause)"]);
        added.returns("late");
        assert_eq!(play.poll_ready(&mut group), Some("done"));
        assert_eq!(play.log(), ["added", "back! (by cause)", "back"]);
    }
}

#[test]
fn empty_groups_make_an_empty_group() {
    let group = Group::<()>::new().before(Group::new()).before(Group::new());
    assert!(group.is_empty());
    assert_eq!(smol::block_on(group), None);
    let mut group = set::<()>().before(set()).before(Group::new());
    assert!(group.is_empty());
    assert_eq!(Play::default().poll_ready(&mut group), None);
    assert_eq!(stages(&group), 1);
}

#[test]
fn ended_group_is_as_new() {
    let play = Play::default();
    let mut back = Group::new();
    back.add(ready("again"), |_| {});
    let mut group = ended(&play).before(back);
    assert_eq!(stages(&group), 1);
    assert_eq!(play.poll_ready(&mut group), Some("again"));
}

#[test]
fn terminated_if_both_were() {
    let play = Play::default();
    let with_actor = || {
        let mut group = Group::new();
        group.add(pending::<Word>(), |_| {});
        group
    };
    let running = || {
        let mut group = with_actor();
        play.poll_pending(&mut group);
        group
    };
    let set_after_end = || {
        let mut group = ended(&play);
        group.on_exit(|_| {});
        group
    };
    let alive: [&dyn Fn() -> Group<'static, Word>; 3] = [&set, &with_actor, &running];
    let over: [&dyn Fn() -> Group<'static, Word>; 2] = [&|| ended(&play), &set_after_end];
    for alive in alive {
        for over in over {
            assert!(!alive().before(over()).is_terminated());
            assert!(!over().before(alive()).is_terminated());
        }
        assert!(!alive().before(alive()).is_terminated());
        assert!(!alive().before(Group::new()).is_terminated());
    }
    for front in over {
        for back in over {
            assert!(front().before(back()).is_terminated());
        }
        assert!(Group::new().before(front()).is_terminated());
    }
}

/// Most bugs in combining groups came from groups that were stopping, and no program was found that combines such groups. In
/// the last one, a grace period never began because the front had no actors.
#[cfg(panic = "unwind")]
#[test]
fn stopping_groups_cannot_be_combined() {
    use std::panic::{catch_unwind, AssertUnwindSafe};

    let play = Play::default();
    let add = |name| {
        let mut group = Group::new();
        play.stubborn(name, &mut group);
        group
    };
    let running = || {
        let mut group = add("a");
        play.settle(&mut group);
        group
    };
    let stopping = || {
        let mut group = add("b");
        group.add(ready("done"), |_| {}).named("cause");
        play.settle(&mut group);
        group
    };
    let in_second_stage = || {
        let mut front = set();
        front.add(ready("done"), |_| {}).named("cause");
        let mut group = front.before(add("c"));
        play.settle(&mut group);
        group
    };
    let all_run: [&dyn Fn() -> Group<'static, Word>; 4] =
        [&Group::new, &set, &|| add("d"), &running];
    let stops: [&dyn Fn() -> Group<'static, Word>; 2] = [&stopping, &in_second_stage];
    let refused = |front: Group<'static, Word>, back: Group<'static, Word>| {
        play.log();
        let running = front.len() + back.len();
        let combined = catch_unwind(AssertUnwindSafe(|| front.before(back)));
        let panic = combined.map(drop).expect_err("it must panic");
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(message.contains("has begun to stop"), "{message}");
        // As if each had been dropped: no interrupt was called.
        let log = play.log();
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
    (1..n).fold(set(), |group, _| group.before(set()))
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
