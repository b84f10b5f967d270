//! Clause 16: `on_wait`. Also what shows the progress of a group: `running`, `is_stopping`, `Debug`.

use std::cell::RefCell;
use std::future::{pending, ready};

use run_group::{Group, Waiting};

use crate::harness::{Actor, Output, Test};

/// Returns an observer that logs what the group waits for, after `prefix`.
fn log_waits(test: &Test, prefix: Output) -> impl FnMut(&Waiting<'_, Output>) + Send + 'static {
    let test = test.clone();
    move |waiting| test.log(format_args!("{prefix}: {waiting}"))
}

/// Adds an actor that returns in its first poll.
fn add_cause(group: &mut Group<'_, Output>) {
    group.add(ready("done"), |_| {}).named("cause");
}

/// Returns a group that is stopping and waits for actors of these names. Its observer logs with the prefix `waits`.
#[track_caller]
fn stopping<const N: usize>(
    test: &Test,
    names: [Output; N],
) -> (Group<'static, Output>, [Actor; N]) {
    let (mut group, actors) = test.group(names);
    group.on_wait(log_waits(test, "waits"));
    add_cause(&mut group);
    test.settle(&mut group);
    let last_line = test.take_log().pop();
    assert_eq!(last_line, Some(format!("waits: {}", names.join(", "))));
    (group, actors)
}

/// Returns two stages, of `a` and `b`, that stop in the first poll. Their observers log with the prefixes `front` and
/// `back`, and that of the whole group with `whole`.
fn two_stages(test: &Test) -> (Group<'static, Output>, [Actor; 2]) {
    let (mut front, [a]) = test.group(["a"]);
    let (mut back, [b]) = test.group(["b"]);
    front.on_wait(log_waits(test, "front"));
    back.on_wait(log_waits(test, "back"));
    let mut group = front.before(back);
    group.on_wait(log_waits(test, "whole"));
    add_cause(&mut group);
    (group, [a, b])
}

// When it is called.

#[test]
fn called_at_end_of_interrupting_poll() {
    let test = Test::default();
    let mut group = Group::new();
    group.on_wait(log_waits(&test, "waits"));
    test.add_stoppable("quick", &mut group);
    test.add_manual("slow", &mut group);
    add_cause(&mut group);
    test.add_manual("unpolled", &mut group);
    test.poll_pending(&mut group);
    assert_eq!(
        test.take_log(),
        [
            "quick",
            "slow",
            "quick! (by cause)",
            "slow! (by cause)",
            "unpolled! (by cause)",
            "unpolled",
            "quick",
            "waits: slow, unpolled"
        ]
    );
}

#[test]
fn not_called_while_all_actors_run() {
    let test = Test::default();
    let (mut group, [a]) = test.group(["a"]);
    group.on_wait(log_waits(&test, "waits"));
    test.settle(&mut group);
    a.wake();
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["a", "a"]);
}

#[test]
fn not_called_if_all_return_in_the_same_poll() {
    let test = Test::default();
    let mut group = Group::new();
    group.on_wait(log_waits(&test, "waits"));
    test.add_stoppable("a", &mut group);
    add_cause(&mut group);
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(test.take_log(), ["a", "a! (by cause)", "a"]);
}

/// The last line of a log names the actor that blocks the shutdown.
#[test]
fn called_again_only_after_a_change() {
    let test = Test::default();
    let (mut group, [a, b, c]) = stopping(&test, ["a", "b", "c"]);
    b.wake();
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["b"]);
    b.returns("late");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["b", "waits: a, c"]);
    test.settle(&mut group);
    assert!(test.take_log().is_empty());
    a.returns("late");
    c.wake();
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["a", "c", "waits: c"]);
    c.returns("late");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(test.take_log(), ["c"]);
}

/// A log gets one line for each poll, however much happens in it.
#[test]
fn called_once_for_several_exits_in_one_poll() {
    let test = Test::default();
    let (mut group, [a, b, _c]) = stopping(&test, ["a", "b", "c"]);
    a.returns("late");
    b.returns("late");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["a", "b", "waits: c"]);
}

#[test]
fn called_when_added_actor_is_interrupted() {
    let test = Test::default();
    let (mut group, _) = stopping(&test, ["a"]);
    test.add_manual("b", &mut group);
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["b! (by cause)", "b", "waits: a, b"]);
    // It exits in the poll that takes it in. So the group still waits for the same actors, but one was interrupted and
    // has exited since the last call.
    test.add_stoppable("c", &mut group);
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["c! (by cause)", "c", "waits: a, b"]);
}

#[test]
fn not_called_for_exit_in_later_stage() {
    let test = Test::default();
    let (mut group, [_a, b]) = two_stages(&test);
    test.settle(&mut group);
    test.take_log();
    b.returns("early");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["b"]);
}

#[test]
fn called_for_each_stage_of_its_group() {
    let test = Test::default();
    let (mut group, [a, _b]) = two_stages(&test);
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["a", "b", "a! (by cause)", "front: a", "whole: a"]);
    a.returns("late");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["a", "b! (by cause)", "back: b", "whole: b"]);
}

/// The actors of the front all return in the poll that interrupts them.
#[test]
fn not_called_for_a_stage_that_ends_at_once() {
    let test = Test::default();
    let (mut group, [a, _b]) = two_stages(&test);
    a.stops_when_interrupted();
    test.settle(&mut group);
    let log = test.take_log();
    assert_eq!(log[2..], ["a! (by cause)", "a", "b! (by cause)", "back: b", "whole: b"]);
}

#[test]
fn inner_observers_come_first() {
    let test = Test::default();
    let [mut a, mut b, mut c] = [(); 3].map(|()| Group::new());
    a.on_wait(log_waits(&test, "a"));
    test.add_manual("actor", &mut a);
    b.on_wait(log_waits(&test, "b"));
    c.on_wait(log_waits(&test, "c"));
    let mut ab = a.before(b);
    ab.on_wait(log_waits(&test, "ab"));
    let mut group = ab.before(c);
    group.on_wait(log_waits(&test, "abc"));
    add_cause(&mut group);
    test.settle(&mut group);
    assert_eq!(test.take_log()[2..], ["a: actor", "ab: actor", "abc: actor"]);
}

/// Only the new observer is called then.
#[test]
fn set_while_stopping_called_in_next_poll() {
    let test = Test::default();
    let (mut group, _) = two_stages(&test);
    test.settle(&mut group);
    test.take_log();
    group.on_wait(log_waits(&test, "new"));
    assert!(test.take_log().is_empty());
    test.poll_pending(&mut group);
    assert_eq!(test.take_log(), ["new: a"]);
    test.poll_pending(&mut group);
    assert!(test.take_log().is_empty());
}

#[test]
fn second_observer_replaces_the_first() {
    let test = Test::default();
    let (mut group, _) = test.group(["a"]);
    group.on_wait(log_waits(&test, "first"));
    group.on_wait(log_waits(&test, "second"));
    add_cause(&mut group);
    test.settle(&mut group);
    assert_eq!(test.take_log()[2..], ["second: a"]);
}

/// No actor of the stage is running until the next poll takes the queued actor in.
#[cfg(feature = "std")]
#[test]
fn not_called_for_a_queued_actor() {
    let test = Test::default();
    let mut group = Group::new();
    group.on_wait(log_waits(&test, "waits"));
    let handle = group.handle();
    let added = test.actor("added");
    let (execute, interrupt) = (added.execute(), added.interrupt());
    let cause = async move {
        handle.add(execute, interrupt).named("added");
        "done"
    };
    group.add(cause, |_| {}).named("cause");
    test.poll_pending(&mut group);
    assert!(test.take_log().is_empty());
    test.poll_pending(&mut group);
    assert_eq!(test.take_log(), ["added! (by cause)", "added", "waits: added"]);
}

// What it shows.

#[test]
fn waiting_shows_cause_and_actors_of_the_stage() {
    let test = Test::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    test.add_manual("a", &mut front);
    test.add_stoppable("exited", &mut front);
    test.add_manual("b", &mut front);
    test.add_manual("in the back", &mut back);
    back.add(ready("done"), |_| {}).named("cause");
    let mut group = front.before(back);
    let observer = test.clone();
    group.on_wait(move |waiting| {
        observer.log(waiting.cause());
        for running in waiting.running() {
            let (index, is_interrupted) = (running.index(), running.is_interrupted());
            observer.log(format_args!("{index} {running} {is_interrupted}"));
        }
    });
    test.settle(&mut group);
    let log = test.take_log();
    assert_eq!(log[log.len() - 3..], [r#"cause returned "done""#, "0 a true", "2 b true"]);
}

/// The label of an actor without a name is its line, as in its exit.
#[test]
fn waiting_is_displayed_as_labels() {
    let test = Test::default();
    let mut group = Group::new();
    group.on_wait(log_waits(&test, "waits"));
    let line = line!() + 1;
    group.add(pending(), |_| {});
    group.add(pending(), |_| {}).named("named");
    add_cause(&mut group);
    test.poll_pending(&mut group);
    let file = file!();
    assert_eq!(test.take_log(), [format!("waits: {file}:{line}:11, named")]);
}

/// Returns how many actors a group says it waits for, and how it displays them. Their names are `0`, `1` and so on.
fn waits_for(actors: usize) -> (usize, String) {
    let seen = RefCell::new(None);
    let mut group = Group::local();
    group.on_wait(|waiting| {
        let len = waiting.len();
        assert_eq!(waiting.running().count(), len);
        *seen.borrow_mut() = Some((len, waiting.to_string()));
    });
    for name in 0..actors {
        group.add(pending(), |_| {}).named(name.to_string());
    }
    group.add(ready(()), |_| {});
    Test::default().poll_pending(&mut group);
    drop(group);
    seen.into_inner().unwrap()
}

/// 8,000 names are no line for a log.
#[test]
fn waiting_displays_ten_labels() {
    let ten = "0, 1, 2, 3, 4, 5, 6, 7, 8, 9";
    for (actors, shown) in [
        (1, "0".to_owned()),
        (2, "0, 1".to_owned()),
        (10, ten.to_owned()),
        (11, format!("{ten} and 1 more")),
        (12, format!("{ten} and 2 more")),
        (8_000, format!("{ten} and 7990 more")),
    ] {
        assert_eq!(waits_for(actors), (actors, shown));
    }
}

#[test]
fn waiting_has_the_length_of_its_stage() {
    let test = Test::default();
    let (mut front, [slow, _slower]) = test.group(["slow", "slower"]);
    test.add_stoppable("quick", &mut front);
    let (mut back, _) = test.group(["b"]);
    let leaves = test.add_leaving("leaves", &mut back);
    let mut group = front.before(back);
    let observer = test.clone();
    group.on_wait(move |waiting| observer.log(waiting.len()));
    add_cause(&mut group);
    test.settle(&mut group);
    assert_eq!(test.take_log().last().unwrap(), "2");
    leaves.returns("done");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["leaves"]);
    slow.returns("late");
    test.settle(&mut group);
    assert_eq!(test.take_log(), ["slow", "1"]);
}

/// A name cannot begin another line, or look like several actors in `Debug`.
#[test]
fn waiting_is_displayed_in_one_line() {
    let log = RefCell::new(Vec::new());
    let mut group = Group::local();
    group.on_wait(|waiting| {
        let mut log = log.borrow_mut();
        log.push(waiting.to_string());
        log.push(format!("{waiting:?}"));
    });
    group.add(pending(), |_| {}).named("a\nb\u{2028}");
    group.add(ready(()), |_| {}).named("cause\r");
    Test::default().poll_pending(&mut group);
    drop(group);
    let [display, debug] = log.into_inner().try_into().unwrap();
    assert_eq!(display, r"a\nb\u{2028}");
    assert!(debug.starts_with(r#"Waiting { cause: "cause\r", running: ["#));
    assert!(debug.contains(r#"label: "a\nb\u{2028}","#), "{debug}");
}

// The actors that have not exited.

/// It borrows nothing, so it can be kept and sent elsewhere.
#[test]
fn running_outlives_its_group() {
    let mut group: Group<'_, ()> = Group::new();
    group.add_abortable(pending()).named(String::from("a"));
    group.add_abortable(pending());
    let line = line!() - 1;
    let running: Vec<_> = group.running().collect();
    drop(group);
    let copies = running.clone();
    drop(running);
    let [a, b] = copies.try_into().unwrap();
    assert_eq!((a.index(), a.name(), a.to_string()), (0, Some("a"), "a".into()));
    assert_eq!((b.index(), b.name()), (1, None));
    assert_eq!((b.location().file(), b.location().line()), (file!(), line));
    assert_eq!(b.to_string(), format!("{}:{line}:11", file!()));
    assert!(!b.is_interrupted());
}

#[test]
fn running_shows_actors_in_the_order_of_adding() {
    let test = Test::default();
    let (front, [a, _b]) = test.group(["a", "b"]);
    let (back, [c, _d]) = test.group(["c", "d"]);
    let mut group = front.before(back);
    group.add_abortable(pending());
    let shown = |group: &Group<'_, Output>| -> Vec<_> {
        let running = group.running();
        running.map(|it| (it.index(), it.name().map(String::from), it.is_interrupted())).collect()
    };
    let of = |name: Output| Some(String::from(name));
    let all = [
        (0, of("a"), false),
        (1, of("b"), false),
        (2, of("c"), false),
        (3, of("d"), false),
        (4, None, false),
    ];
    assert_eq!(shown(&group), all);
    for actor in [&c, &a] {
        actor.wake();
        test.settle(&mut group);
        assert_eq!(shown(&group), all);
    }
    c.returns("done");
    test.settle(&mut group);
    let left = [(0, of("a"), true), (1, of("b"), true), (3, of("d"), false)];
    assert_eq!(shown(&group), left);
    assert_eq!(group.len(), 3);
    a.returns("late");
    test.settle(&mut group);
    assert_eq!(shown(&group), [(1, of("b"), true), (3, of("d"), false)]);
}

/// An actor that has expired leaves an empty place in the set of the group.
#[test]
fn running_shows_only_actors() {
    let test = Test::default();
    let (mut front, _) = test.group(["a"]);
    front.grace_period(|| ready(()));
    let (back, _) = test.group(["b"]);
    let mut group = front.before(back);
    add_cause(&mut group);
    test.poll_pending(&mut group);
    let labels: Vec<_> = group.running().map(|running| running.to_string()).collect();
    assert_eq!(labels, ["b"]);
}

#[test]
fn stopping_from_the_first_exit_to_the_end() {
    let test = Test::default();
    let (mut group, [a, b]) = test.group(["a", "b"]);
    assert!(!group.is_stopping());
    test.settle(&mut group);
    a.returns("done");
    assert!(!group.is_stopping());
    test.settle(&mut group);
    assert!(group.is_stopping());
    b.returns("late");
    test.poll_ready(&mut group);
    assert!(!group.is_stopping());
}

#[test]
fn debug_of_a_group_shows_labels_and_stages() {
    let test = Test::default();
    let (mut front, [a]) = test.group(["a"]);
    let line = line!() + 1;
    front.add_abortable(pending());
    let (back, _) = test.group(["b"]);
    let mut group = front.before(back);
    let shown = format!(
        r#"Group {{ running: ["a", "{}:{line}:11", "b"], stages: 2, is_stopping: false }}"#,
        file!()
    );
    assert_eq!(format!("{group:?}"), shown);
    add_cause(&mut group);
    test.settle(&mut group);
    let shown = r#"Group { running: ["a", "b"], stages: 2, is_stopping: true }"#;
    assert_eq!(format!("{group:?}"), shown);
    a.returns("late");
    test.settle(&mut group);
    let shown = r#"Group { running: ["b"], stages: 1, is_stopping: true }"#;
    assert_eq!(format!("{group:?}"), shown);
}

#[test]
fn debug_of_an_empty_group_and_a_local_group() {
    struct NoDebug;
    let empty: Group<'_, NoDebug> = Group::new();
    let shown = "Group { running: [], stages: 1, is_stopping: false }";
    assert_eq!(format!("{empty:?}"), shown);
    let mut local = Group::local();
    let added = local.add_abortable(pending::<NoDebug>());
    let shown = format!("{added:?}");
    assert!(shown.starts_with("Added(\"tests/it/waiting.rs:"), "{shown}");
    added.named("a");
    let shown = r#"LocalGroup { running: ["a"], stages: 1, is_stopping: false }"#;
    assert_eq!(format!("{local:?}"), shown);
}
