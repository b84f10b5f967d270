use run_group::{Group, Interrupted, Report};
use std::future::Future;

type Output = Result<(), String>;

/// Runs a library's group until it stops or is interrupted. `writer` stands for its actors.
async fn index<F>(interrupted: Interrupted, writer: impl FnOnce(Interrupted) -> F) -> Output
where
    F: Future<Output = Output> + Send,
{
    let mut group = Group::new();
    group
        .add_abortable(async {
            interrupted.await;
            Ok(())
        })
        .named("shutdown requested");
    group.add_with(writer).named("writer");
    group.report().await.into_result().map_err(|failure| failure.to_string())
}

fn program<F>(writer: impl FnOnce(Interrupted) -> F + Send) -> Report<Output>
where
    F: Future<Output = Output> + Send,
{
    let mut group = Group::new();
    group.add_with(|interrupted| index(interrupted, writer)).named("index");
    group.add_abortable(async { Ok(()) }).named("signals");
    smol::block_on(group.report())
}

fn main() {
    let report = program(|interrupted| async {
        interrupted.await;
        Err("cannot sync".into())
    });
    assert_eq!(report[0].to_string(), "signals returned Ok(())");
    let error = report[1].error().unwrap();
    assert_eq!(error, r#"writer returned Err("cannot sync"), interrupted"#);
}
// The recipe ends here.

use run_group::testing::interrupt_at_every_poll;
use smol::future::yield_now;

use super::assert_is_a_recipe;

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("inner.rs"));
    main();
}

#[test]
fn failure_inside_stops_both_groups() {
    let report = program(|_| async { panic!("no such page") });
    assert_eq!(report[0].error().unwrap(), "writer panicked: no such page");
    assert_eq!(report[1].to_string(), "signals returned Ok(()), interrupted");
    let report = program(|_| async { Err("disk full".into()) });
    assert_eq!(report[0].error().unwrap(), r#"writer returned Err("disk full")"#);
}

#[test]
fn shutdown_outside_stops_both_groups() {
    let report = program(|interrupted| async {
        interrupted.await;
        Ok(())
    });
    assert_eq!(report[0].to_string(), "signals returned Ok(())");
    assert_eq!(report[1].to_string(), "index returned Ok(()), interrupted");
}

#[test]
fn interrupted_at_every_poll_it_returns() {
    let results = interrupt_at_every_poll(|interrupted| {
        index(interrupted, |mut interrupted| async move {
            interrupted.unless(yield_now()).await;
            interrupted.await;
            Ok(())
        })
    });
    assert!(results.len() >= 2);
    assert!(results.iter().all(Result::is_ok));
}
