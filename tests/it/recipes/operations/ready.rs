use futures::channel::oneshot::{self, Sender};
use futures::future::{try_join_all, FutureExt, Shared};
use run_group::{Exit, Group, Interrupted};
use std::future::{pending, Future};

type Output = Result<(), String>;
type Gate = Shared<oneshot::Receiver<()>>;

fn gate() -> (Sender<()>, Gate) {
    let (open, gate) = oneshot::channel();
    (open, gate.shared())
}

/// Waits until all gates are open. A gate stays closed if its actor exits before it opens it.
async fn all_open(gates: impl IntoIterator<Item = Gate>) {
    if try_join_all(gates).await.is_err() {
        pending().await
    }
}

/// Starts when the gates in `needs` are open, opens its own, and serves until interrupted.
async fn service(
    mut interrupted: Interrupted,
    needs: Vec<Gate>,
    start: impl Future<Output = Output>,
    open: Sender<()>,
) -> Output {
    let starting = async {
        all_open(needs).await;
        start.await
    };
    if let Some(started) = interrupted.unless(starting).await {
        started?;
        let _ = open.send(());
        interrupted.await; // ... serve ...
    }
    Ok(())
}

fn main() {
    let (open_database, database) = gate();
    let (open_web, web) = gate();
    let needs = vec![database.clone()];
    let mut group = Group::new();
    group
        .add_with(|interrupted| service(interrupted, needs, async { Ok(()) }, open_web))
        .named("web");
    group
        .add_with(|interrupted| service(interrupted, vec![], async { Ok(()) }, open_database))
        .named("database");
    group
        .add_abortable(async {
            all_open([database, web]).await;
            println!("ready");
            Ok(())
        })
        .stops_if(Exit::is_failure) // leaves when all are ready
        .named("ready");
    group.add_abortable(smol::future::yield_now().map(Ok)).named("signals");
    assert_eq!(smol::block_on(group.run()), Ok(()));
}
// The recipe ends here.

use run_group::testing::interrupt_at_every_poll;

use crate::harness::Test;
use crate::recipes::assert_is_a_recipe;

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("ready.rs"));
    main();
}

/// Returns a web server that needs a database, which starts with `start`. Calls `on_ready` when both are ready.
fn program<'a>(
    start: impl Future<Output = Output> + Send + 'a,
    on_ready: impl FnOnce() + Send + 'a,
) -> Group<'a, Output> {
    let (open_database, database) = gate();
    let (open_web, web) = gate();
    let needs = vec![database.clone()];
    let mut group = Group::new();
    group
        .add_with(|interrupted| service(interrupted, needs, async { Ok(()) }, open_web))
        .named("web");
    group
        .add_with(|interrupted| service(interrupted, vec![], start, open_database))
        .named("database");
    let ready = async {
        all_open([database, web]).await;
        on_ready();
        Ok(())
    };
    group.add_abortable(ready).stops_if(Exit::is_failure).named("ready");
    group
}

/// Adds an actor that stops the group after it has been polled ten times.
fn stop_later(group: &mut Group<'_, Output>) {
    let later = async {
        for _ in 0..10 {
            smol::future::yield_now().await;
        }
        Ok(())
    };
    group.add_abortable(later).named("signals");
}

#[test]
fn ready_actor_leaves() {
    let mut calls = 0;
    let mut group = program(async { Ok(()) }, || calls += 1);
    Test::default().settle(&mut group);
    let running: Vec<_> = group.running().map(|actor| actor.to_string()).collect();
    assert_eq!(running, ["web", "database"]);
    drop(group);
    assert_eq!(calls, 1);
}

#[test]
fn failing_before_it_is_ready_stops_the_group() {
    let start = async { Err("no such file".into()) };
    let report = smol::block_on(program(start, || panic!("is not ready")).report());
    assert_eq!(
        report.to_string(),
        r#"database returned Err("no such file")
ready aborted
web returned Ok(()), interrupted"#
    );
}

#[test]
fn waiting_for_one_that_hangs_ends_with_the_interrupt() {
    let mut group = program(pending(), || panic!("is not ready"));
    stop_later(&mut group);
    let report = smol::block_on(group.report());
    assert_eq!(
        report.to_string(),
        r#"signals returned Ok(())
ready aborted
web returned Ok(()), interrupted
database returned Ok(()), interrupted"#
    );
}

/// The gate of an actor that left does not open, and does not make others fail.
#[test]
fn gate_of_an_actor_that_left_stays_closed() {
    let (open, left) = gate();
    let (open_web, web) = gate();
    let mut group = Group::new();
    let start = async { panic!("must not start") };
    group.add_with(|interrupted| service(interrupted, vec![left], start, open_web)).named("web");
    let warm_up = async {
        drop(open);
        Ok(())
    };
    group.add(warm_up, |_| {}).stops_if(Exit::is_failure).named("warm-up");
    stop_later(&mut group);
    let report = smol::block_on(group.report());
    assert_eq!(report.to_string(), "signals returned Ok(())\nweb returned Ok(()), interrupted");
    assert!(smol::block_on(web).is_err());
}

#[test]
fn interrupted_at_every_poll_it_returns() {
    let results = interrupt_at_every_poll(|interrupted| async {
        let (open, gate) = gate();
        open.send(()).unwrap();
        service(interrupted, vec![gate], smol::future::yield_now().map(Ok), oneshot::channel().0)
            .await
    });
    assert!(results.iter().all(Result::is_ok));
}
