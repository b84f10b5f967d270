use run_group::{Group, Interrupted};
use smol::Timer;
use std::future::Future;
use std::time::Duration;

type Output = Result<(), String>;

/// Runs a session, and another after each that fails, until the last pause.
async fn stay_connected<F: Future<Output = Output>>(
    mut interrupted: Interrupted,
    mut session: impl FnMut(Interrupted) -> F,
    mut pauses: impl Iterator<Item = Duration>,
) -> Output {
    loop {
        let Err(error) = session(interrupted.clone()).await else {
            return Ok(()); // it is done, or interrupted
        };
        match pauses.next() {
            Some(pause) if !interrupted.is_interrupted() => {
                eprintln!("{error}; next try in {pause:?}");
                if interrupted.unless(Timer::after(pause)).await.is_none() {
                    return Ok(());
                }
            }
            _ => return Err(error), // there is no pause left, or it could not shut down
        }
    }
}

/// 1 ms, 2 ms, 4 ms, ..., 128 ms.
fn pauses() -> impl Iterator<Item = Duration> {
    (0..8).map(|power| Duration::from_millis(1 << power))
}

fn main() {
    let mut refusals = 2;
    let session = |_interrupted: Interrupted| {
        let result = match refusals {
            0 => Ok(()),
            _ => Err("refused".to_string()),
        };
        refusals -= result.is_err() as u32;
        async { result }
    };
    let mut group = Group::new();
    group.add_with(|interrupted| stay_connected(interrupted, session, pauses()));
    assert_eq!(smol::block_on(group.run()), Ok(())); // the third session
}
// The recipe ends here.

use run_group::testing::interrupt_at_every_poll;
use smol::future::yield_now;

use super::assert_is_a_recipe;

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("backoff.rs"));
    main();
}

#[test]
fn gives_up_after_the_last_pause() {
    let mut tries = 0;
    let session = |_| {
        tries += 1;
        async { Err("refused".into()) }
    };
    let (_interrupt, interrupted) = Interrupted::channel();
    let result = smol::block_on(stay_connected(interrupted, session, pauses().take(3)));
    assert_eq!((tries, result), (4, Err("refused".into())));
    assert_eq!(pauses().last(), Some(Duration::from_millis(128)));
}

fn hours() -> impl Iterator<Item = Duration> {
    std::iter::repeat(Duration::from_secs(3600))
}

/// Before the first poll, in the session, and in a pause of an hour.
#[test]
fn interrupted_at_every_poll_it_returns() {
    let results = interrupt_at_every_poll(|interrupted| {
        let session = |mut interrupted: Interrupted| async move {
            match interrupted.unless(yield_now()).await {
                Some(()) => Err("refused".to_string()),
                None => Ok(()),
            }
        };
        stay_connected(interrupted, session, hours())
    });
    assert_eq!(results, [Ok(()), Ok(()), Ok(())]);
}

#[test]
fn failure_during_the_shutdown_is_an_error() {
    async fn flush(interrupted: Interrupted) -> Output {
        interrupted.await;
        Err("cannot flush".into())
    }
    let mut group = Group::new();
    group.add_with(|interrupted| stay_connected(interrupted, flush, hours()));
    group.add_abortable(async { Ok(()) });
    assert_eq!(smol::block_on(group.report())[1].error().unwrap(), "cannot flush");
}

#[test]
fn panic_in_a_session_stops_the_group() {
    let session = |_| async { panic!("no such index") };
    let mut group = Group::new();
    group.add_with(|interrupted| stay_connected(interrupted, session, hours())).named("client");
    let report = smol::block_on(group.report());
    assert_eq!(report.to_string(), "client panicked: no such index");
}
