use futures::channel::oneshot;
use run_group::{Group, Interrupted, Report};
use std::future::Future;

type Output = Result<(), String>;

/// Runs `execute` once the gate is open. Before that, returns only if interrupted.
async fn behind<C, F: Future<Output = Output>>(
    mut interrupted: Interrupted,
    gate: impl Future<Output = Result<(), C>>,
    execute: impl FnOnce(Interrupted) -> F,
) -> Output {
    match interrupted.unless(gate).await {
        Some(Ok(())) => return execute(interrupted).await,
        Some(Err(_)) => interrupted.await, // the other actor has failed, and stops the group
        None => {}
    }
    Ok(())
}

/// Opens the database, and then the gate. If the database fails, the gate stays closed.
async fn database(
    mut interrupted: Interrupted,
    opening: impl Future<Output = Output>,
    gate: oneshot::Sender<()>,
) -> Output {
    if let Some(opened) = interrupted.unless(opening).await {
        opened?;
        let _ = gate.send(()); // fails if the other actor has already exited
        interrupted.await;
    }
    Ok(())
}

/// Serves until interrupted.
async fn serve(interrupted: Interrupted) -> Output {
    interrupted.await;
    Ok(())
}

fn program(opening: impl Future<Output = Output> + Send) -> Report<Output> {
    let (open, gate) = oneshot::channel();
    let mut group = Group::new();
    group.add_with(|interrupted| behind(interrupted, gate, serve)).named("web");
    group.add_with(|interrupted| database(interrupted, opening, open)).named("database");
    smol::block_on(group.report())
}

fn main() {
    let report = program(async { Err("no such file".into()) });
    assert_eq!(
        report.to_string(),
        r#"database returned Err("no such file")
web returned Ok(()), interrupted"#
    );
}
// The recipe ends here.

use futures::FutureExt;
use run_group::testing::interrupt_at_every_poll;
use smol::future::{pending, yield_now};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use super::assert_is_a_recipe;
use crate::harness::Test;

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("gate.rs"));
    main();
}

/// Runs two servers behind the gate of a database that opens like this, and stops them after a while. Returns how many
/// have served, and the report.
fn served(opening: impl Future<Output = Output> + Send) -> (usize, Vec<String>) {
    let served = AtomicUsize::new(0);
    let served = &served;
    let (open, gate) = oneshot::channel();
    let gate = gate.shared();
    let mut group = Group::new();
    for name in ["web", "admin"] {
        let gate = gate.clone();
        let serve = move |interrupted| {
            served.fetch_add(1, SeqCst);
            serve(interrupted)
        };
        group.add_with(|interrupted| behind(interrupted, gate, serve)).named(name);
    }
    group.add_with(|interrupted| database(interrupted, opening, open)).named("database");
    let handle = group.handle();
    Test::default().settle(&mut group);
    handle.stop(Ok(()));
    let report = smol::block_on(group.report());
    (served.load(SeqCst), report[1..].iter().map(|exit| exit.to_string()).collect())
}

/// Opens after another poll.
async fn opens() -> Output {
    yield_now().await;
    Ok(())
}

const ALL_RETURN: [&str; 3] = [
    "web returned Ok(()), interrupted",
    "admin returned Ok(()), interrupted",
    "database returned Ok(()), interrupted",
];

#[test]
fn all_that_share_a_gate_serve_once_it_is_open() {
    assert_eq!(served(opens()), (2, ALL_RETURN.map(String::from).to_vec()));
}

#[test]
fn shutdown_does_not_wait_for_a_gate_that_never_opens() {
    assert_eq!(served(pending()), (0, ALL_RETURN.map(String::from).to_vec()));
}

/// A database may drop the gate well before it returns its error.
#[test]
fn dropped_gate_is_not_the_cause() {
    let (open, gate) = oneshot::channel();
    let mut group = Group::new();
    let never = |_| async { panic!("the gate is closed") };
    group.add_with(|interrupted| behind(interrupted, gate, never)).named("web");
    group.add(
        async move {
            drop(open);
            yield_now().await;
            Err("no such file".into())
        },
        |_| {},
    );
    assert_eq!(smol::block_on(group), Some(Err("no such file".into())));
}

#[test]
fn interrupted_at_every_poll_they_return() {
    let results = interrupt_at_every_poll(|interrupted| {
        let (open, gate) = oneshot::channel();
        let opened = async {
            yield_now().await;
            let _ = open.send(());
            pending().await
        };
        futures::future::select(
            Box::pin(behind(interrupted, gate, |interrupted| async {
                yield_now().await;
                serve(interrupted).await
            })),
            Box::pin(opened),
        )
        .map(|first| first.factor_first().0)
    });
    assert!(results.len() >= 3);
    assert!(results.iter().all(Result::is_ok));

    let results = interrupt_at_every_poll(|interrupted| async {
        let (open, _gate) = oneshot::channel();
        database(interrupted, opens(), open).await
    });
    assert_eq!(results, [Ok(()), Ok(()), Ok(())]);
}
