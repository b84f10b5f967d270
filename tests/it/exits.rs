//! Exits: labels, outcomes, failures, and how they are displayed.

use std::future::{pending, ready};
use std::panic::Location;

use run_group::{Exit, Group, Outcome};

use crate::harness::Test;

/// Polls a group once, and returns its report.
fn report<T>(group: Group<'_, T>) -> Vec<Exit<T>> {
    Test::default()
        .poll_ready(&mut Box::pin(group.report()))
        .into()
}

#[test]
fn location_is_the_line_that_added_the_actor() {
    let mut group = Group::new();
    let before = Location::caller();
    group.add(ready(()), |_| {});
    group.add_with(|interrupted| interrupted);
    group.add_abortable(pending());
    let exits = report(group);
    assert_eq!(exits.len(), 3);
    for exit in exits {
        assert_eq!(exit.location().file(), file!());
        assert_eq!(
            exit.location().line() as usize,
            before.line() as usize + 1 + exit.index()
        );
        assert_eq!(exit.location().column(), 11);
        assert_eq!(exit.name(), None);
        assert!(exit
            .to_string()
            .starts_with(&format!("{} ", exit.location())));
    }
}

#[test]
fn location_in_a_local_group() {
    let mut group = Group::local();
    let before = Location::caller();
    group.add(ready(()), |_| {});
    group.add_with(|interrupted| interrupted);
    group.add_abortable(pending());
    for exit in smol::block_on(group.report()) {
        assert_eq!(exit.location().file(), file!());
        assert_eq!(
            exit.location().line() as usize,
            before.line() as usize + 1 + exit.index()
        );
    }
}

#[test]
fn all_kinds_of_actors_can_be_named() {
    let mut group = Group::new();
    group.add(ready(()), |_| {}).named("a literal");
    group
        .add_with(|interrupted| interrupted)
        .named(String::from("a string"));
    let number = 3;
    group
        .add_abortable(pending())
        .named(format!("number {number}"));
    let mut names: Vec<_> = report(group)
        .iter()
        .map(|exit| exit.name().unwrap().to_string())
        .collect();
    names.sort();
    assert_eq!(names, ["a literal", "a string", "number 3"]);
}

#[test]
fn name_goes_to_the_latest_actor() {
    let test = Test::default();
    let mut group = Group::new();
    let [a, b] = ["a", "b"].map(|name| test.add_manual(name, &mut group));
    test.settle(&mut group);
    a.wake();
    test.settle(&mut group);
    group.add(ready("done"), |_| {}).named("c");
    b.stops_when_interrupted();
    a.stops_when_interrupted();
    let exits = test.poll_ready(&mut Box::pin(group.report()));
    let names: Vec<_> = exits
        .iter()
        .map(|exit| (exit.index(), exit.name().unwrap()))
        .collect();
    assert_eq!(names, [(2, "c"), (0, "a"), (1, "b")]);
}

#[test]
fn output_by_reference_and_by_value() {
    let mut group = Group::new();
    group.add(ready(String::from("done")), |_| {});
    let mut exits = report(group);
    let exit = exits.remove(0);
    assert_eq!(exit.output().map(String::as_str), Some("done"));
    assert!(matches!(exit.outcome(), Outcome::Returned(word) if word == "done"));
    assert_eq!(exit.into_output(), Some("done".into()));
}

#[test]
fn no_output_without_a_return() {
    let mut group = Group::new();
    group.add(ready(1), |_| {});
    group.add_abortable(pending());
    let exit = report(group).remove(1);
    assert_eq!(exit.output(), None);
    assert!(matches!(exit.outcome(), Outcome::Aborted));
    assert_eq!(exit.into_output(), None);
}

#[test]
fn display_is_a_line_for_a_log() {
    let mut group = Group::new();
    group.grace_period(|| ready(()));
    group
        .add(ready(Err::<(), _>("disk full")), |_| {})
        .named("storage");
    group.add_abortable(pending()).named("metrics");
    group
        .add_with(|interrupted| async {
            interrupted.await;
            Ok(())
        })
        .named("http");
    group.add(pending(), |_| {}).named("worker");
    let lines: Vec<_> = report(group).iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            r#"storage returned Err("disk full")"#,
            "metrics aborted",
            "http returned Ok(()), interrupted",
            "worker expired"
        ]
    );
}

#[cfg(all(feature = "std", panic = "unwind"))]
#[test]
fn display_shows_the_panic_message() {
    let mut group = Group::new();
    group.add(async { panic!("a literal") }, |_| {}).named("a");
    group
        .add(async { panic!("number {}", 7) }, |_| {})
        .named("b");
    group
        .add(async { std::panic::panic_any(7) }, |_| {})
        .named("c");
    group.add_abortable(pending::<()>()).named("d");
    let lines: Vec<_> = report(group).iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "a panicked: a literal",
            "d aborted",
            "b panicked: number 7, interrupted",
            "c panicked, interrupted"
        ]
    );
}

#[test]
fn debug_shows_every_field() {
    let mut group = Group::new();
    group.add(ready(7), |_| {}).named("seven");
    let line = line!() - 1;
    let exit = report(group).remove(0);
    assert_eq!(
        format!("{exit:?}"),
        format!(
            "Exit {{ index: 0, name: Some(\"seven\"), location: {}:{line}:11, was_interrupted: false, \
             outcome: Returned(7) }}",
            file!()
        )
    );
}

#[test]
fn label_is_the_name_or_the_line() {
    let mut group = Group::new();
    group.add(ready(()), |_| {}).named("http");
    let line = line!() + 1;
    group.add_abortable(pending());
    let exits = report(group);
    assert_eq!(exits[0].label().to_string(), "http");
    let label = format!("{}:{line}:11", file!());
    assert_eq!(exits[1].label().to_string(), label);
    assert_eq!(exits[1].to_string(), format!("{label} aborted"));
}

/// A width aligns labels in a table.
#[test]
fn label_takes_a_width() {
    let mut group = Group::new();
    group.add(ready(()), |_| {}).named("http");
    let exits = report(group);
    assert_eq!(format!("{:>6}|", exits[0].label()), "  http|");
}

#[test]
fn label_does_not_need_debug() {
    struct NoDebug;
    let mut group = Group::new();
    group.add(ready(NoDebug), |_| {}).named("a");
    let exits = report(group);
    assert_eq!(exits[0].label().to_string(), "a");
}

#[test]
fn error_and_failure_of_each_outcome() {
    let mut group = Group::new();
    group.grace_period(|| ready(()));
    group.add(ready(Ok(7)), |_| {}).named("returned Ok");
    group.add_abortable(pending()).named("aborted");
    group.add(ready(Err("oh")), |_| {}).named("returned Err");
    group.add(pending(), |_| {}).named("expired");
    let exits = report(group);
    let seen: Vec<_> = exits
        .iter()
        .map(|exit| (exit.name().unwrap(), exit.error(), exit.is_failure()))
        .collect();
    assert_eq!(
        seen,
        [
            ("returned Ok", None, false),
            ("aborted", None, false),
            ("returned Err", Some(&"oh"), true),
            ("expired", None, true),
        ]
    );
}

#[cfg(all(feature = "std", panic = "unwind"))]
#[test]
fn panic_is_a_failure_without_an_error() {
    let mut group: Group<'_, Result<(), &str>> = Group::new();
    group.add(async { panic!("oh") }, |_| {});
    let exits = report(group);
    assert_eq!(exits[0].error(), None);
    assert!(exits[0].is_failure());
}

/// An error is a failure, also after an interrupt.
#[test]
fn error_of_an_interrupted_actor_is_a_failure() {
    let mut group = Group::new();
    group.add(ready(Ok(())), |_| {});
    group.add_with(|interrupted| async {
        interrupted.await;
        Err("cannot flush")
    });
    let exits = report(group);
    assert!(!exits[0].is_failure());
    assert!(exits[1].was_interrupted() && exits[1].is_failure());
    assert_eq!(exits[1].error(), Some(&"cannot flush"));
}
