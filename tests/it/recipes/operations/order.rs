use futures::channel::oneshot::{self, Receiver, Sender};
use run_group::{Group, Interrupted};
use std::mem;

type Output = Result<(), String>;

/// Returns a group that starts these services in this order, and shuts them down in reverse. The
/// receiver resolves when the last one is ready.
fn in_order<'a>(names: &[&'a str]) -> (Group<'a, Output>, Receiver<()>) {
    let (open, mut gate) = oneshot::channel();
    let _ = open.send(()); // the first service need not wait
    let mut group = Group::new();
    for &name in names {
        let (open, next_gate) = oneshot::channel();
        let gate = mem::replace(&mut gate, next_gate);
        let mut stage = Group::new();
        stage
            .add_with(|interrupted| service(interrupted, name, gate, open))
            .named(name.to_string());
        group = stage.before(group);
    }
    (group, gate)
}

/// Starts when `gate` is open, then opens the next one, and serves until interrupted.
async fn service(
    mut interrupted: Interrupted,
    name: &str,
    gate: Receiver<()>,
    open: Sender<()>,
) -> Output {
    if let Some(Ok(())) = interrupted.unless(gate).await {
        if name == "broken" {
            return Err("no such device".into());
        }
        println!("{name} is ready");
        let _ = open.send(());
    }
    interrupted.await; // ... serve ...
    Ok(())
}

fn main() {
    let (mut group, ready) = in_order(&["storage", "cache", "web"]);
    group.add_abortable(async { ready.await.map_err(|_| "not ready".into()) }).named("signals");
    let report = smol::block_on(group.report());
    assert_eq!(
        report.to_string(),
        r#"signals returned Ok(())
web returned Ok(()), interrupted
cache returned Ok(()), interrupted
storage returned Ok(()), interrupted"#
    );
}
// The recipe ends here.

use run_group::testing::interrupt_at_every_poll;
use smol::future::poll_once;

use crate::recipes::assert_is_a_recipe;

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("order.rs"));
    main();
}

/// What started before the failure is shut down in reverse; what comes after it never starts.
#[test]
fn failure_while_starting_stops_in_reverse() {
    let (group, mut ready) = in_order(&["storage", "broken", "web"]);
    let report = smol::block_on(group.report());
    assert_eq!(
        report.to_string(),
        r#"broken returned Err("no such device")
web returned Ok(()), interrupted
storage returned Ok(()), interrupted"#
    );
    assert!(ready.try_recv().is_err()); // cancelled
}

#[test]
fn hanging_while_starting_is_interrupted() {
    let (open, gate) = oneshot::channel();
    let (open_next, mut next_gate) = oneshot::channel();
    let mut group = Group::new();
    group.add_with(|interrupted| service(interrupted, "web", gate, open_next)).named("web");
    assert!(smol::block_on(poll_once(&mut group)).is_none());
    assert_eq!(next_gate.try_recv(), Ok(None));
    group.add_abortable(async { Ok(()) });
    assert_eq!(smol::block_on(group.run()), Ok(()));
    drop(open);
    assert!(next_gate.try_recv().is_err());
}

#[test]
fn no_services_make_an_empty_group() {
    let (group, mut ready) = in_order(&[]);
    assert!(group.is_empty());
    assert_eq!(ready.try_recv(), Ok(Some(())));
}

#[test]
fn interrupted_at_every_poll_it_returns() {
    let results = interrupt_at_every_poll(|interrupted| async {
        let (open, gate) = oneshot::channel();
        open.send(()).unwrap();
        service(interrupted, "web", gate, oneshot::channel().0).await
    });
    assert!(results.iter().all(Result::is_ok));
}
