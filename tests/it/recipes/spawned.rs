use run_group::{Group, Interrupted};
use std::future::Future;

/// Runs the work in a task of its own. Cancels the task if this future is dropped.
async fn spawned<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    smol::spawn(work).await
}

/// Works until interrupted.
async fn work(interrupted: Interrupted) -> Result<(), String> {
    interrupted.await;
    Ok(())
}

fn main() {
    let mut group = Group::new();
    group.add_with(|interrupted| spawned(work(interrupted))).named("worker");
    group.add_with(|_| spawned(async { panic!("no such index") })).named("broken");

    let report = smol::block_on(group.report());
    assert_eq!(
        report.to_string(),
        "broken panicked: no such index\nworker returned Ok(()), interrupted"
    );
}
// The recipe ends here.

use smol::channel::bounded;
use std::future::pending;

use super::{assert_is_a_recipe, interrupt_on_smol};

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("spawned.rs"));
    main();
}

#[test]
fn expired_actor_cancels_its_task() {
    let (ended, has_ended) = bounded::<()>(1);
    let (dropped, is_dropped) = bounded::<()>(1);
    let mut group = Group::new();
    group.add_with(|interrupted| spawned(work(interrupted))).named("worker");
    group
        .add_with(|_| {
            spawned(async move {
                let _dropped = dropped;
                pending().await
            })
        })
        .named("stuck");
    group.add_with(|_| spawned(async { panic!("no such index") }));
    // The grace period ends when the worker has, whichever thread its task is on.
    group.grace_period(move || {
        let has_ended = has_ended.clone();
        async move { has_ended.recv().await }
    });
    group.on_exit(move |exit| {
        if exit.name() == Some("worker") {
            ended.close();
        }
    });
    let report = smol::block_on(group.report());
    assert!(report[0].to_string().ends_with("panicked: no such index"));
    assert_eq!(report[1].to_string(), "worker returned Ok(()), interrupted");
    assert_eq!(report[2].to_string(), "stuck expired");
    assert!(smol::block_on(is_dropped.recv()).is_err()); // the task was cancelled
}

#[test]
fn error_of_the_task_stops_the_group() {
    let mut group = Group::new();
    group.add_with(|interrupted| spawned(work(interrupted)));
    group.add_with(|_| spawned(async { Err("disk full".into()) }));
    assert_eq!(smol::block_on(group.run()), Err("disk full".into()));
}

#[test]
fn group_that_is_dropped_cancels_its_tasks() {
    let (dropped, is_dropped) = bounded::<()>(1);
    let mut group = Group::new();
    group.add_with(|_| {
        spawned(async move {
            let _dropped = dropped;
            pending::<()>().await
        })
    });
    assert!(smol::block_on(smol::future::poll_once(&mut group)).is_none());
    drop(group);
    assert!(smol::block_on(is_dropped.recv()).is_err());
}

/// It returns by itself after a while, because a task that works makes its actor no poll that could be interrupted.
#[test]
fn interrupted_at_every_poll_it_returns() {
    let results = interrupt_on_smol(|mut interrupted| {
        spawned(async move {
            interrupted.unless(smol::future::yield_now()).await;
            interrupted.is_interrupted()
        })
    });
    assert!(results[0]); // interrupted before the task is spawned
    assert!(results.len() >= 2);
}
