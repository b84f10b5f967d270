//! Exits: names, lines, outcomes, and how they read.

use std::future::{pending, ready};
use std::panic::Location;

use run_group::{Exit, Group, Outcome};

use crate::play::Play;

/// Runs a group to its report.
fn report<T>(group: Group<'_, T>) -> Vec<Exit<T>> {
    Play::default().poll_ready(&mut Box::pin(group.report()))
}

#[test]
fn an_actor_is_known_by_the_line_that_added_it() {
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
fn so_is_an_actor_of_a_local_group() {
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
fn a_name_belongs_to_the_actor_added_last_though_the_group_is_running() {
    let play = Play::default();
    let mut group = Group::new();
    let [a, b] = ["a", "b"].map(|name| play.stubborn(name, &mut group));
    play.settle(&mut group);
    a.wake();
    play.settle(&mut group);
    group.add(ready("done"), |_| {}).named("c");
    b.obeys();
    a.obeys();
    let exits = play.poll_ready(&mut Box::pin(group.report()));
    let names: Vec<_> = exits
        .iter()
        .map(|exit| (exit.index(), exit.name().unwrap()))
        .collect();
    assert_eq!(names, [(2, "c"), (0, "a"), (1, "b")]);
}

#[test]
fn an_output_can_be_looked_at_and_taken() {
    let mut group = Group::new();
    group.add(ready(String::from("done")), |_| {});
    let mut exits = report(group);
    let exit = exits.remove(0);
    assert_eq!(exit.output().map(String::as_str), Some("done"));
    assert!(matches!(exit.outcome(), Outcome::Returned(word) if word == "done"));
    assert_eq!(exit.into_output(), Some("done".into()));
}

#[test]
fn without_a_return_there_is_no_output() {
    let mut group = Group::new();
    group.add(ready(1), |_| {});
    group.add_abortable(pending());
    let exit = report(group).remove(1);
    assert_eq!(exit.output(), None);
    assert!(matches!(exit.outcome(), Outcome::Aborted));
    assert_eq!(exit.into_output(), None);
}

#[test]
fn an_exit_reads_as_a_line_for_a_log() {
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
fn a_panic_reads_with_its_message_if_it_is_text() {
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
fn an_exit_shows_all_it_knows_to_a_debugger() {
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
fn a_group_shows_how_far_it_is_under_its_own_name() {
    let play = Play::default();
    let mut group = Group::new();
    play.stubborn("a", &mut group);
    let mut group = group.before({
        let mut back = Group::new();
        back.add(ready("done"), |_| {});
        back
    });
    let shown = "Group { len: 2, stages: 2, is_stopping: false }";
    assert_eq!(format!("{group:?}"), shown);
    play.settle(&mut group);
    let shown = "Group { len: 1, stages: 2, is_stopping: true }";
    assert_eq!(format!("{group:?}"), shown);

    let mut local = Group::local();
    let shown = format!("{:?}", local.add_abortable(pending::<()>()));
    assert_eq!(shown, "Added { index: 0 }");
    let shown = "LocalGroup { len: 1, stages: 1, is_stopping: false }";
    assert_eq!(format!("{local:?}"), shown);
}
