//! Exits: labels, outcomes, failures, and how they are displayed.

#[cfg(feature = "std")]
use std::error::Error;
use std::fmt;
use std::future::{pending, ready};

use run_group::{Exit, Group, Outcome};

use crate::harness::Test;

/// Polls a group once, and returns its report.
fn report<T>(group: Group<'_, T>) -> Vec<Exit<T>> {
    Test::default().poll_ready(&mut Box::pin(group.report())).into()
}

#[test]
fn location_is_the_line_that_added_the_actor() {
    let (mut group, mut local) = (Group::new(), Group::local());
    let first = line!() + 1;
    group.add(ready(()), |_| {});
    group.add_with(|interrupted| interrupted);
    group.add_abortable(pending());
    local.add(ready(()), |_| {});
    local.add_with(|interrupted| interrupted);
    local.add_abortable(pending());
    let in_local = smol::block_on(local.report()).into();
    for (exits, first) in [(report(group), first), (in_local, first + 3)] {
        assert_eq!(exits.len(), 3);
        for exit in exits {
            assert_eq!(exit.location().file(), file!());
            assert_eq!(exit.location().line(), first + exit.index() as u32);
            assert_eq!(exit.location().column(), 11);
            assert_eq!(exit.name(), None);
            assert!(exit.to_string().starts_with(&format!("{} ", exit.location())));
        }
    }
}

#[test]
fn all_kinds_of_actors_can_be_named() {
    let mut group = Group::new();
    group.add(ready(()), |_| {}).named("a literal");
    group.add_with(|interrupted| interrupted).named(String::from("a string"));
    let number = 3;
    group.add_abortable(pending()).named(format!("number {number}"));
    let mut names: Vec<_> =
        report(group).iter().map(|exit| exit.name().unwrap().to_string()).collect();
    names.sort();
    assert_eq!(names, ["a literal", "a string", "number 3"]);
}

#[test]
fn name_goes_to_the_latest_actor() {
    let test = Test::default();
    let (mut group, [a, b]) = test.group(["a", "b"]);
    test.settle(&mut group);
    a.wake();
    test.settle(&mut group);
    group.add(ready("done"), |_| {}).named("c");
    b.stops_when_interrupted();
    a.stops_when_interrupted();
    let exits = test.poll_ready(&mut Box::pin(group.report()));
    let names: Vec<_> = exits.iter().map(|exit| (exit.index(), exit.name().unwrap())).collect();
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
    group.add(ready(Err::<(), _>("disk full")), |_| {}).named("storage");
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
    group.add(async { panic!("number {}", 7) }, |_| {}).named("b");
    group.add(async { std::panic::panic_any(7) }, |_| {}).named("c");
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
    let debug = format!("{exit:?}");
    let location = format!("location: {}:{line}:11", file!());
    let flags = "was_interrupted: false, has_left: false";
    for field in ["index: 0", "\"seven\"", &location, flags, "Returned(7)"] {
        assert!(debug.contains(field), "{debug}");
    }
}

/// A label needs no `Debug` of the output.
#[test]
fn label_is_the_name_or_the_line() {
    struct NoDebug;
    let mut group = Group::new();
    group.add(ready(NoDebug), |_| {}).named("http");
    let line = line!() + 1;
    group.add_abortable(pending());
    let labels: Vec<_> = report(group).iter().map(|exit| exit.label().to_string()).collect();
    assert_eq!(labels, ["http", &format!("{}:{line}:11", file!())]);
}

/// A width aligns labels in a table. It used to be ignored for an actor without a name.
#[test]
fn labels_take_padding() {
    let mut group = Group::new();
    group.add(ready(()), |_| {}).named("http");
    group.add(ready(()), |_| {});
    let running: Vec<_> = group.running().collect();
    let exits = report(group);
    let location = exits[1].location().to_string();
    for (exit, running, label) in
        [(&exits[0], &running[0], "http"), (&exits[1], &running[1], &location)]
    {
        for (padded, of_exit, of_running) in [
            (format!("{label:>60}|"), format!("{:>60}|", exit.label()), format!("{running:>60}|")),
            (
                format!("{label:*<60.3}|"),
                format!("{:*<60.3}|", exit.label()),
                format!("{running:*<60.3}|"),
            ),
            (format!("{label:.5}|"), format!("{:.5}|", exit.label()), format!("{running:.5}|")),
        ] {
            assert_eq!((&of_exit, &of_running), (&padded, &padded));
        }
    }
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
    let seen: Vec<_> =
        exits.iter().map(|exit| (exit.name().unwrap(), exit.error(), exit.is_failure())).collect();
    assert_eq!(
        seen,
        [
            ("returned Ok", None, false),
            ("aborted", None, false),
            ("returned Err", Some(&"oh"), true),
            ("expired", None, true),
        ]
    );
    let errors = exits.into_iter().map(Exit::into_error);
    assert_eq!(Vec::from_iter(errors), [None, None, Some("oh"), None]);
}

/// The error may be one that cannot be cloned.
#[test]
fn error_by_value() {
    let error = || Box::<dyn std::error::Error + Send + Sync>::from("disk full");
    let mut group: Group<'_, Result<(), _>> = Group::new();
    group.add(async move { Err(error()) }, |_| {});
    let exit = report(group).remove(0);
    assert_eq!(exit.error().unwrap().to_string(), "disk full");
    assert_eq!(exit.into_error().unwrap().to_string(), "disk full");
}

/// A program can use `?` on an exit, whether or not its error is one.
#[cfg(feature = "std")]
#[test]
fn exit_of_a_result_is_an_error() {
    fn program(exit: Exit<Result<u8, &str>>) -> Result<(), Box<dyn Error + Send + Sync + '_>> {
        Err(exit)?
    }
    let mut group = Group::new();
    group.add(ready(Err("disk full")), |_| {}).named("storage");
    let error = program(report(group).remove(0)).unwrap_err();
    assert_eq!(error.to_string(), r#"storage returned Err("disk full")"#);
    assert!(error.source().is_none());
    assert!(error.downcast_ref::<Exit<Result<u8, &str>>>().is_some());
}

// One line, whatever is in it.

/// What must not reach a log as it is, and how it is shown.
const RAW: &str = "a\nb\r\u{1b}[31m\t\0\u{7f}\u{85}\u{2028}\u{2029}\\é";
const SHOWN: &str = r"a\nb\r\u{1b}[31m\t\u{0}\u{7f}\u{85}\u{2028}\u{2029}\é";

/// Its `Debug` has several lines, like that of many errors.
struct Lines;

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("disk full\n\nCaused by:\n    quota")
    }
}

/// A name from the network could forge lines of a log.
#[test]
fn names_are_shown_in_one_line() {
    let mut group = Group::new();
    group.add(ready(7), |_| {}).named(RAW);
    group.add_abortable(pending()).named(RAW);
    let running = group.running().next().unwrap();
    let group_debug = format!("{group:?}");
    let exits = report(group);
    assert_eq!(exits[0].to_string(), format!("{SHOWN} returned 7"));
    assert_eq!(exits[1].to_string(), format!("{SHOWN} aborted"));
    assert_eq!(exits[0].label().to_string(), SHOWN);
    assert_eq!(running.to_string(), SHOWN);
    assert_eq!([exits[0].name(), running.name()], [Some(RAW); 2]);
    // `Debug` shows the name as any string. It used to escape it twice.
    let debug = format!("{RAW:?}");
    assert!(group_debug.contains(&format!("[{debug}, {debug}]")));
    assert!(format!("{running:?}").contains(&format!("label: {debug},")));
    assert!(format!("{:?}", exits[0]).contains(&format!("name: Some({debug}),")));
}

#[test]
fn outputs_are_shown_in_one_line() {
    let mut group = Group::new();
    group.add(ready(Err::<(), _>(Lines)), |_| {}).named("storage");
    group
        .add_with(|interrupted| async {
            interrupted.await;
            Err(Lines)
        })
        .named("http");
    let exits = report(group);
    let shown = r"returned Err(disk full\n\nCaused by:\n    quota)";
    assert_eq!(exits[0].to_string(), format!("storage {shown}"));
    assert_eq!(exits[1].to_string(), format!("http {shown}, interrupted"));
    assert_eq!(format!("{:#}", exits[0]), format!("storage {shown}"));
}

/// The message of an `assert_eq!` has three lines.
#[cfg(all(feature = "std", panic = "unwind"))]
#[test]
fn panic_messages_are_shown_in_one_line() {
    let mut group: Group<'_, ()> = Group::new();
    group.add(async { assert_eq!(1, 2) }, |_| {}).named("a");
    group.add(async { std::panic::panic_any(RAW) }, |_| {}).named("b");
    let exits = report(group);
    assert_eq!(
        exits[0].to_string(),
        r"a panicked: assertion `left == right` failed\n  left: 1\n right: 2"
    );
    let shown = format!("b panicked: {SHOWN}, interrupted");
    assert_eq!(exits[1].to_string(), shown);
}

#[cfg(all(feature = "std", panic = "unwind"))]
#[test]
fn panic_is_a_failure_without_an_error() {
    let mut group: Group<'_, Result<(), &str>> = Group::new();
    group.add(async { panic!("oh") }, |_| {});
    let exit = report(group).remove(0);
    assert_eq!(exit.error(), None);
    assert!(exit.is_failure());
    assert_eq!(exit.into_error(), None);
}
