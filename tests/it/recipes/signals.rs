use async_signal::{Signal, Signals};
use futures::{FutureExt, Stream, StreamExt};
use run_group::{Group, Report};
use smol::{future::or, Timer};
use std::future::pending;
use std::{io, pin::pin, time::Duration};

type Output = io::Result<()>;

/// Returns when a signal arrives, or fails.
async fn signal<S>(signals: impl Stream<Item = io::Result<S>>) -> Output {
    match pin!(signals).next().await {
        Some(signal) => signal.map(drop),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Limits each stage to ten seconds. The next signal forces all stages.
fn force<'a, S>(
    group: &mut Group<'a, Output>,
    signals: impl Stream<Item = io::Result<S>> + Send + 'a,
) {
    let next_signal = async {
        if signal(signals).await.is_err() {
            pending().await // an error is not a signal
        }
    };
    let next_signal = next_signal.shared();
    group.grace_period(move || {
        or(next_signal.clone(), async {
            Timer::after(Duration::from_secs(10)).await;
        })
    });
}

fn main() -> io::Result<Report<Output>> {
    let signals = Signals::new([
        Signal::Int,
        #[cfg(unix)]
        Signal::Term,
    ])?;
    let mut web = Group::new();
    web.add(pending(), |_| {}).named("stuck");
    web.add_abortable(signal(&signals)).named("signals");
    let mut storage = Group::new();
    storage
        .add_with(|interrupted| async {
            interrupted.await;
            Ok(())
        })
        .named("storage");

    let mut group = web.before(storage);
    force(&mut group, &signals);
    Ok(smol::block_on(group.report()))
}
// The recipe ends here.

use run_group::testing::abort_at_every_poll;
use smol::channel::{unbounded, Receiver};
use smol::future::poll_once;

use super::assert_is_a_recipe;
use crate::harness::Test;

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("signals.rs"));
    let _: fn() -> io::Result<Report<Output>> = main; // it waits for a signal
}

/// What arrives instead of signals.
type Arriving = Receiver<io::Result<()>>;

/// Returns a group of two stages, each with an actor that hangs or not.
fn program(is_stuck: bool, signals: &Arriving) -> Group<'_, Output> {
    let stage = |name| {
        let mut stage = Group::new();
        if is_stuck {
            stage.add(pending(), |_| {}).named(name);
        } else {
            stage
                .add_with(|interrupted| async {
                    interrupted.await;
                    Ok(())
                })
                .named(name);
        }
        stage
    };
    let mut web = stage("web");
    web.add_abortable(signal(signals.clone())).named("signals");
    let mut group = web.before(stage("storage"));
    force(&mut group, signals.clone());
    group
}

/// The actors still get the poll in which they return.
#[test]
fn two_signals_at_once_shut_down_in_order() {
    let (user, signals) = unbounded();
    user.try_send(Ok(())).unwrap();
    user.try_send(Ok(())).unwrap();
    let report = smol::block_on(program(false, &signals).report());
    assert_eq!(
        report.to_string(),
        "signals returned Ok(())\nweb returned Ok(()), interrupted\nstorage returned Ok(()), interrupted"
    );
}

#[test]
fn second_signal_forces_both_stages() {
    let (user, signals) = unbounded();
    let mut group = program(true, &signals);
    user.try_send(Ok(())).unwrap();
    assert!(smol::block_on(poll_once(&mut group)).is_none());
    assert!(smol::block_on(poll_once(&mut group)).is_none());
    assert_eq!(group.running().count(), 2);
    user.try_send(Ok(())).unwrap();
    let report = smol::block_on(group.report());
    assert_eq!(report.to_string(), "signals returned Ok(())\nweb expired\nstorage expired");
}

#[test]
fn first_signal_forces_the_shutdown_after_a_failure() {
    let (user, signals) = unbounded();
    let mut group = program(true, &signals);
    group.add_abortable(async { Err(io::ErrorKind::WriteZero.into()) });
    assert!(smol::block_on(poll_once(&mut group)).is_none());
    user.try_send(Ok(())).unwrap();
    let error = smol::block_on(group.run()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WriteZero);
}

/// That they fail starts the shutdown, but does not force it.
#[test]
fn signals_that_fail_or_end_force_nothing() {
    let (user, signals) = unbounded();
    for _ in 0..2 {
        user.try_send(Err(io::ErrorKind::Other.into())).unwrap();
    }
    for _ in 0..2 {
        let mut group = program(true, &signals);
        Test::default().settle(&mut group);
        assert!(group.is_stopping());
        assert_eq!(group.running().count(), 2);
        assert!(signals.is_empty());
        user.close(); // the second group finds that they have ended
    }
}

/// Otherwise the actor that waits for the first signal would take the second one with it.
#[test]
fn dropped_at_every_poll_it_loses_no_signal() {
    let runs = abort_at_every_poll(|| {
        let (user, signals) = unbounded();
        let first = signal(signals.clone());
        (first, move || {
            user.try_send(Ok(())).unwrap();
            assert!(smol::block_on(signal(signals)).is_ok());
        })
    });
    assert_eq!(runs, 2);
}
