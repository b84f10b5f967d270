use async_signal::{Signal, Signals};
use futures::future::select;
use run_group::{Group, Interrupted};
use smol::{future::pending, prelude::*, Timer};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::{io, pin::pin, time::Duration};

type Output = io::Result<()>;

/// Stops the group when a signal arrives. After SIGTERM, waits for `delay` or a signal first.
async fn stop_on_signal(
    mut interrupted: Interrupted,
    mut signals: impl Stream<Item = io::Result<Signal>> + Unpin,
    is_ready: &AtomicBool,
    delay: Duration,
) -> Output {
    let signal = interrupted.unless(signals.next()).await.flatten().transpose();
    is_ready.store(false, Relaxed); // in every shutdown
    if signal? == Some(Signal::Term) {
        eprintln!("stopping in {delay:?}, or at the next signal");
        let second_signal = async {
            if !matches!(signals.next().await, Some(Ok(_))) {
                pending().await // an error is not a signal
            }
        };
        interrupted.unless(select(Timer::after(delay), pin!(second_signal))).await;
    }
    Ok(())
}

fn main() -> Output {
    let signals = Signals::new([
        Signal::Int,
        #[cfg(unix)]
        Signal::Term,
    ])?;
    let is_ready = AtomicBool::new(true); // what `/ready` answers
    let delay = Duration::from_secs(5);
    let mut group = Group::new();
    group
        .add_with(|interrupted| stop_on_signal(interrupted, signals, &is_ready, delay))
        .named("signals");
    group
        .add_with(|interrupted| async {
            interrupted.await;
            Ok(())
        })
        .named("web");
    group.grace_period(|| Timer::after(Duration::from_secs(20)));
    eprintln!("press Ctrl-C");
    smol::block_on(group.run())
}
// The recipe ends here.

use futures::channel::mpsc::{unbounded, UnboundedReceiver, UnboundedSender};
use futures::FutureExt;
use run_group::testing::interrupt_at_every_poll;
use run_group::Report;
use smol::future::poll_once;

use crate::harness::Test;
use crate::recipes::assert_is_a_recipe;

type Sender = UnboundedSender<io::Result<Signal>>;

const HOUR: Duration = Duration::from_secs(3600);

/// Returns a group that gets its signals from a channel, and that has been polled once.
fn program(
    signals: UnboundedReceiver<io::Result<Signal>>,
    is_ready: &AtomicBool,
    delay: Duration,
) -> Group<'_, Output> {
    let mut group = Group::new();
    group
        .add_with(|interrupted| stop_on_signal(interrupted, signals, is_ready, delay))
        .named("signals");
    group.add_with(|interrupted| interrupted.map(Ok)).named("web");
    assert!(smol::block_on(poll_once(&mut group)).is_none());
    group
}

fn send(user: &Sender, signal: Signal) {
    user.unbounded_send(Ok(signal)).unwrap();
}

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("container.rs"));
}

#[test]
fn sigterm_clears_readiness_and_waits() {
    let is_ready = AtomicBool::new(true);
    let (user, signals) = unbounded();
    let mut group = program(signals, &is_ready, HOUR);
    assert!(is_ready.load(Relaxed));
    send(&user, Signal::Term);
    assert!(smol::block_on(poll_once(&mut group)).is_none());
    assert!(!is_ready.load(Relaxed));
    assert!(!group.is_stopping());
    send(&user, Signal::Term); // ends the delay
    smol::block_on(group.run()).unwrap();
}

#[test]
fn shutdown_begins_after_the_delay() {
    let is_ready = AtomicBool::new(true);
    let (user, signals) = unbounded();
    let group = program(signals, &is_ready, Duration::from_millis(1));
    send(&user, Signal::Term);
    smol::block_on(group.run()).unwrap();
}

#[test]
fn ctrl_c_does_not_wait() {
    let is_ready = AtomicBool::new(true);
    let (user, signals) = unbounded();
    let group = program(signals, &is_ready, HOUR);
    send(&user, Signal::Int);
    smol::block_on(group.run()).unwrap();
    assert!(!is_ready.load(Relaxed));
}

/// The stream of signals ends or fails in the delay: this is no second signal.
#[test]
fn failing_signals_do_not_end_the_delay() {
    for error in [None, Some(io::ErrorKind::Other)] {
        let is_ready = AtomicBool::new(true);
        let (user, signals) = unbounded();
        let mut group = program(signals, &is_ready, HOUR);
        send(&user, Signal::Term);
        match error {
            Some(kind) => user.unbounded_send(Err(kind.into())).unwrap(),
            None => drop(user),
        }
        Test::default().settle(&mut group);
        assert!(!group.is_stopping());
    }
}

#[test]
fn error_instead_of_a_signal_stops_the_group() {
    let is_ready = AtomicBool::new(true);
    let (user, signals) = unbounded();
    let group = program(signals, &is_ready, HOUR);
    user.unbounded_send(Err(io::ErrorKind::Other.into())).unwrap();
    assert_eq!(smol::block_on(group.run()).unwrap_err().kind(), io::ErrorKind::Other);
    assert!(!is_ready.load(Relaxed));
}

/// A failure stops the group at once, before or in the delay.
#[test]
fn failure_does_not_wait_for_the_delay() {
    for signal in [None, Some(Signal::Term)] {
        let is_ready = AtomicBool::new(true);
        let (user, signals) = unbounded();
        let mut group = program(signals, &is_ready, HOUR);
        signal.into_iter().for_each(|signal| send(&user, signal));
        assert!(smol::block_on(poll_once(&mut group)).is_none());
        group.add(async { Err(io::ErrorKind::StorageFull.into()) }, |_| {}).named("storage");
        let report: Report<Output> = smol::block_on(group.report());
        assert_eq!(report[0].name(), Some("storage"));
        assert_eq!(report[1].to_string(), "signals returned Ok(()), interrupted");
        assert!(!is_ready.load(Relaxed));
    }
}

#[test]
fn interrupted_at_every_poll_it_returns() {
    let results = interrupt_at_every_poll(|interrupted| async {
        let is_ready = AtomicBool::new(true);
        let (user, signals) = unbounded();
        send(&user, Signal::Term);
        let stopped = stop_on_signal(interrupted, signals, &is_ready, HOUR).await;
        (stopped.is_ok(), is_ready.load(Relaxed))
    });
    assert!(results.len() >= 2 && results.iter().all(|&result| result == (true, false)));
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_a_program_at_once() {
    let Some(mut program) = super::as_program("container::ctrl_c_stops_a_program_at_once", &[])
    else {
        return main().unwrap();
    };
    assert_eq!(program.error_line(), "press Ctrl-C");
    program.signal(rustix::process::Signal::INT);
    let ended = program.end();
    assert_eq!((ended.status, ended.stderr), (Some(0), "".into()));
}

#[cfg(unix)]
#[test]
fn second_sigterm_stops_a_program_at_once() {
    const TEST: &str = "container::second_sigterm_stops_a_program_at_once";
    let Some(mut program) = super::as_program(TEST, &[]) else {
        let signals = Signals::new([Signal::Term]).unwrap();
        let (_interrupt, interrupted) = Interrupted::channel();
        let is_ready = AtomicBool::new(true);
        let stopped = stop_on_signal(interrupted, signals, &is_ready, HOUR);
        eprintln!("running");
        return smol::block_on(stopped).unwrap();
    };
    assert_eq!(program.error_line(), "running");
    program.signal(rustix::process::Signal::TERM);
    assert_eq!(program.error_line(), "stopping in 3600s, or at the next signal");
    program.signal(rustix::process::Signal::TERM);
    assert_eq!(program.end().status, Some(0));
}
