//! `Report`: the exits of a shutdown, as a list, as text, and as the result of a program.

use std::future::{pending, ready};

use run_group::{Exit, Group, Report};

use crate::harness::Test;

type Output = Result<u8, &'static str>;

/// Returns the report of a group whose cause returns `Ok` and whose other actors return `outputs` when interrupted.
fn report(outputs: &[Output]) -> Report<Output> {
    let mut group = Group::new();
    group.add(ready(Ok(0)), |_| {}).named("cause");
    for output in outputs.iter().copied() {
        let added = group.add_with(|interrupted| async move {
            interrupted.await;
            output
        });
        added.named("other");
    }
    Test::default().poll_ready(&mut Box::pin(group.report()))
}

/// Returns a report with an exit of each kind that is possible without a panic. Three of them are no failures.
fn mixed() -> Report<Output> {
    let mut group = Group::new();
    group.add(ready(Ok(1)), |_| {}).named("cause");
    group.add_abortable(pending()).named("tail");
    group.add(ready(Err("disk full")), |_| {}).named("storage");
    group.add(pending(), |_| {}).named("stuck");
    group.add_with(|interrupted| async {
        interrupted.await;
        Ok(2)
    });
    group.grace_period(|| ready(()));
    Test::default().poll_ready(&mut Box::pin(group.report()))
}

fn labels<'r>(exits: impl IntoIterator<Item = &'r Exit<Output>>) -> Vec<String> {
    let labels = exits.into_iter().map(|exit| exit.label().to_string());
    labels.collect()
}

// As a list.

#[test]
fn report_is_a_list_of_exits() {
    let report = report(&[Ok(1), Ok(2)]);
    assert_eq!((report.len(), report.is_empty()), (3, false));
    assert_eq!(report[1].output(), Some(&Ok(1)));
    let outputs = |exits: &[Exit<Output>]| -> Vec<_> {
        let outputs = exits.iter().map(|exit| exit.output().unwrap().unwrap());
        outputs.collect()
    };
    assert_eq!(outputs(&report), [0, 1, 2]);
    let mut borrowed = 0;
    for exit in &report {
        borrowed += exit.index();
    }
    assert_eq!(borrowed, 3);
    let mut owned = Vec::new();
    for exit in report {
        owned.extend(exit.into_output());
    }
    assert_eq!(owned, [Ok(0), Ok(1), Ok(2)]);
}

#[test]
fn report_becomes_a_vec() {
    let mut exits = Vec::from(report(&[Ok(1)]));
    assert_eq!(exits.remove(1).into_output(), Some(Ok(1)));
    let exits: Vec<Exit<Output>> = report(&[]).into();
    assert_eq!(exits.len(), 1);
}

#[test]
fn cause_is_the_first_exit() {
    let report = report(&[Err("late")]);
    let cause = report.cause().unwrap();
    assert_eq!((cause.name(), cause.index()), (Some("cause"), 0));
    assert!(std::ptr::eq(cause, &report[0]));
}

#[test]
fn default_report_is_empty() {
    let report: Report<Output> = Report::default();
    assert!(report.is_empty() && report.cause().is_none() && !report.is_failure());
    assert_eq!((report.to_string(), report.failures().count()), ("".into(), 0));
    assert!(report.into_result().is_ok());
}

/// A log of it can be sent away exit by exit. `Exit` was not `Sync`, so the task could not be spawned.
#[cfg(not(target_family = "wasm"))]
#[test]
fn report_is_borrowed_across_an_await() {
    let (send, lines) = smol::channel::bounded(1);
    let mut group = Group::new();
    group.add(ready(Ok(1)), |_| {}).named("cause");
    group.add_abortable(pending::<Output>()).named("tail");
    let task = smol::spawn(async move {
        let report = group.report().await;
        for exit in &report {
            send.send(exit.to_string()).await.unwrap();
        }
        report.len()
    });
    let lines = [(); 2].map(|()| smol::block_on(lines.recv()).unwrap());
    assert_eq!(lines, ["cause returned Ok(1)", "tail aborted"]);
    assert_eq!(smol::block_on(task), 2);
}

// As text.

#[test]
fn display_has_a_line_for_each_exit() {
    let report = mixed();
    let lines: Vec<_> = report.iter().map(ToString::to_string).collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(report.to_string(), lines.join("\n"));
}

#[test]
fn lines_of_a_report_cannot_be_forged() {
    let mut group = Group::new();
    group.add(ready(Ok(1)), |_| {}).named("cause");
    let name = "a\nstorage returned Err(\"disk full\")\u{2028}b";
    group.add_abortable(pending::<Output>()).named(name);
    let report = Test::default().poll_ready(&mut Box::pin(group.report()));
    assert_eq!(report.to_string().lines().count(), report.len());
    assert!(!report.to_string().contains('\u{2028}'));
}

// Failures.

/// The iterator borrows the report, so both can be used together.
#[test]
fn failures_are_listed_in_order() {
    let report = mixed();
    assert!(report.is_failure());
    assert_eq!(labels(report.failures()), ["storage", "stuck"]);
    let failures = report.iter().filter(|exit| exit.is_failure());
    assert_eq!(labels(failures), labels(report.failures()));
}

#[test]
fn first_failure_is_the_result() {
    let failure = mixed().into_result().unwrap_err();
    assert_eq!(failure.error(), Some(&"disk full"));
    // It is the first exit that failed, not the actor that was added first.
    let failure = report(&[Ok(1), Err("first"), Err("second")]).into_result();
    assert_eq!(failure.unwrap_err().error(), Some(&"first"));
}

/// `run` returns only errors. An actor that expired is a failure of the report.
#[test]
fn expiry_is_a_failure_without_an_error() {
    let mut group: Group<'_, Output> = Group::new();
    group.add(ready(Ok(1)), |_| {});
    group.add(pending(), |_| {}).named("stuck");
    group.grace_period(|| ready(()));
    let report = Test::default().poll_ready(&mut Box::pin(group.report()));
    let failure = report.into_result().unwrap_err();
    assert_eq!(failure.to_string(), "stuck expired");
}

#[cfg(all(feature = "std", panic = "unwind"))]
#[test]
fn panic_is_a_failure() {
    let mut group: Group<'_, Output> = Group::new();
    group.add(ready(Ok(1)), |_| {});
    group.add(async { panic!("no route") }, |_| {}).named("dialer");
    let report = Test::default().poll_ready(&mut Box::pin(group.report()));
    let failure = report.into_result().unwrap_err();
    assert_eq!(failure.to_string(), "dialer panicked: no route, interrupted");
}

#[test]
fn clean_report_is_no_failure() {
    let report = report(&[Ok(1), Ok(2)]);
    assert!(!report.is_failure() && report.failures().next().is_none());
    assert!(report.into_result().is_ok());
}

// As the result of a program.

#[cfg(feature = "std")]
mod termination {
    use std::process::{ExitCode, Termination};

    use super::*;

    #[test]
    fn exit_code_says_whether_there_is_a_failure() {
        for (report, code) in [
            (report(&[Ok(1)]), 0),
            (Report::default(), 0),
            (report(&[Err("cannot flush"), Ok(1)]), 1),
            (mixed(), 1),
        ] {
            let expected = format!("{:?}", ExitCode::from(code));
            assert_eq!(format!("{:?}", report.report()), expected);
        }
    }

    /// In a process of its own, the test returns a report with failures.
    #[cfg(not(target_family = "wasm"))]
    #[test]
    fn failures_are_printed_to_standard_error() -> Report<Output> {
        let name = "failures_are_printed_to_standard_error";
        let Some(child) = crate::harness::in_process(module_path!(), name) else {
            return mixed();
        };
        let stderr = String::from_utf8(child.stderr).unwrap();
        let errors = stderr.lines().filter(|line| line.starts_with("Error: "));
        assert_eq!(
            Vec::from_iter(errors),
            [r#"Error: storage returned Err("disk full"), interrupted"#, "Error: stuck expired"]
        );
        assert!(!child.status.success());
        report(&[Ok(1)])
    }
}
