use run_group::{Exit, Group, Outcome};
use std::time::{Duration, Instant};

type Output = Result<(), &'static str>;

/// Calls `record` with each exit that belongs to the shutdown, a word for its outcome, and
/// the time since the cause exited.
fn observe<'a>(
    group: &mut Group<'a, Output>,
    mut record: impl FnMut(&Exit<Output>, &'static str, Duration) + Send + 'a,
) {
    let mut cause_exited = None;
    group.on_exit(move |exit| {
        if exit.has_left() {
            return; // it did not stop the group: count it elsewhere
        }
        let outcome = match exit.outcome() {
            Outcome::Returned(Ok(())) => "ok",
            Outcome::Returned(Err(_)) => "error",
            Outcome::Panicked(_) => "panicked",
            Outcome::Aborted => "aborted",
            Outcome::Expired => "expired",
            _ => "other",
        };
        let since_cause = cause_exited.get_or_insert_with(Instant::now).elapsed();
        record(exit, outcome, since_cause);
    });
}

fn main() {
    let mut lines = Vec::new();
    let mut group = Group::new();
    observe(&mut group, |exit, outcome, _| lines.push(format!("{} {outcome}", exit.label())));
    group.add_abortable(std::future::pending()).named("metrics");
    group.add_abortable(async { Err("disk full") }).named("storage");
    assert_eq!(smol::block_on(group.run()), Err("disk full"));
    assert_eq!(lines, ["storage error", "metrics aborted"]);
}
// The recipe ends here.

use std::collections::BTreeMap;
use std::future::pending;
use std::panic::{catch_unwind, AssertUnwindSafe};

use super::assert_is_a_recipe;

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("metrics.rs"));
    main();
}

/// Adds an actor that is interrupted and then does this.
fn add_ending(group: &mut Group<'_, Output>, end: fn() -> Output) {
    group.add_with(move |interrupted| async move {
        interrupted.await;
        end()
    });
}

#[test]
fn records_every_outcome_in_order() {
    let mut counts = BTreeMap::new();
    let mut lines = Vec::new();
    let mut group = Group::new();
    group.add_abortable(async { Ok(()) });
    add_ending(&mut group, || Err("cannot flush"));
    add_ending(&mut group, || panic!("no such index"));
    group.add(pending(), |_| {});
    group.add_abortable(pending());
    group.grace_period(|| async {});
    observe(&mut group, |exit, outcome, since_cause| {
        *counts.entry(outcome).or_insert(0) += 1;
        lines.push((exit.to_string(), since_cause));
    });
    let report = smol::block_on(group.report());
    assert!(counts.values().all(|&count| count == 1) && counts.len() == 5, "{counts:?}");
    assert!(report.iter().map(Exit::to_string).eq(lines.iter().map(|(line, _)| line.clone())));
    assert!(lines.windows(2).all(|pair| pair[0].1 <= pair[1].1));
}

#[test]
fn exit_of_an_actor_that_leaves_is_not_recorded() {
    let mut lines = Vec::new();
    let mut group = Group::new();
    group.add_abortable(async { Ok(()) }).stops_if(Exit::is_failure);
    group
        .add_abortable(async {
            smol::future::yield_now().await;
            Ok(())
        })
        .named("main job");
    observe(&mut group, |exit, outcome, _| lines.push(format!("{} {outcome}", exit.label())));
    smol::block_on(group);
    assert_eq!(lines, ["main job ok"]);
}

/// It is called again, and the others still shut down.
#[test]
fn observer_that_panics_disturbs_nothing() {
    let mut calls = 0;
    let mut group = Group::new();
    group.add_abortable(async { Ok(()) });
    add_ending(&mut group, || Ok(()));
    observe(&mut group, |_, _, _| {
        calls += 1;
        panic!("no such metric");
    });
    assert!(catch_unwind(AssertUnwindSafe(|| smol::block_on(group.run()))).is_err());
    assert_eq!(calls, 2);
}
