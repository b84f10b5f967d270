use futures::{Stream, StreamExt};
use run_group::Group;
use smol::{future::or, Timer};
use std::future::pending;
use std::{io, pin::pin, time::Duration};

/// Limits each stage to ten seconds. Each further signal forces the stage that shuts down.
fn force_one_stage<'a, S: 'a, T>(
    group: &mut Group<'a, T>,
    signals: impl Stream<Item = io::Result<S>> + Clone + Send + 'a,
) {
    group.grace_period(move || {
        let signals = signals.clone();
        let next_signal = async move {
            if !matches!(pin!(signals).next().await, Some(Ok(_))) {
                pending().await // an error is not a signal
            }
        };
        or(next_signal, async {
            Timer::after(Duration::from_secs(10)).await;
        })
    });
}
// The recipe ends here.

use smol::channel::{unbounded, Receiver};
use smol::future::poll_once;

use super::assert_is_a_recipe;
use crate::harness::Test;

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("each_stage.rs"));
}

/// Returns a group of two stages that hang.
fn program(signals: &Receiver<io::Result<()>>) -> Group<'_, &'static str> {
    let mut web = Group::new();
    web.add(pending(), |_| {}).named("web");
    web.add_abortable(async { signals.recv().await.map_or("failed", |_| "signal") });
    let mut storage = Group::new();
    storage.add(pending(), |_| {}).named("storage");
    let mut group = web.before(storage);
    force_one_stage(&mut group, signals.clone());
    group
}

#[test]
fn each_signal_forces_one_stage() {
    let (user, signals) = unbounded();
    let mut group = program(&signals);
    let mut poll = || {
        let output = smol::block_on(poll_once(&mut group));
        (group.running().map(|actor| actor.to_string()).collect::<Vec<_>>(), output)
    };
    assert_eq!(poll().0.len(), 3);
    user.try_send(Ok(())).unwrap();
    assert_eq!(poll().0, ["web", "storage"]);
    assert_eq!(poll().0, ["web", "storage"]);
    user.try_send(Ok(())).unwrap();
    assert_eq!(poll().0, ["storage"]);
    assert_eq!(poll().0, ["storage"]);
    user.try_send(Ok(())).unwrap();
    assert_eq!(poll(), (vec![], Some(Some("signal"))));
}

/// Then only the timer limits the stage.
#[test]
fn signals_that_fail_or_end_force_nothing() {
    let (user, signals) = unbounded();
    for signal in [Ok(()), Err(io::ErrorKind::Other.into())] {
        user.try_send(signal).unwrap();
    }
    let mut group = program(&signals);
    Test::default().settle(&mut group);
    assert_eq!(group.running().count(), 2);

    user.try_send(Ok(())).unwrap();
    user.close();
    let mut group = program(&signals);
    Test::default().settle(&mut group);
    assert_eq!(group.running().count(), 2);
}
