use run_group::{Exit, Group, Interrupted};
use smol::Timer;
use std::time::Duration;

type Output = Result<(), &'static str>;

/// Runs a group that `fill` fills. Does so again after each pause, as long as the cause is a
/// temporary failure.
async fn supervise(
    mut interrupted: Interrupted,
    mut fill: impl FnMut(&mut Group<'_, Output>),
    mut pauses: impl Iterator<Item = Duration>,
) -> Result<(), String> {
    loop {
        let mut group = Group::new();
        fill(&mut group);
        group
            .add_abortable(async {
                (&mut interrupted).await;
                Ok(())
            })
            .named("shutdown requested");
        let report = group.report().await;
        let is_temporary = report[0].error() == Some(&"refused");
        let failure = report.failures().next().map(Exit::to_string);
        match (failure, pauses.next()) {
            (None, _) => return Ok(()),
            (Some(_), Some(pause)) if is_temporary => {
                if interrupted.unless(Timer::after(pause)).await.is_none() {
                    return Ok(());
                }
            }
            (Some(failure), _) => return Err(failure),
        }
    }
}

fn main() {
    let mut refusals = 2;
    let fill = |group: &mut Group<'_, Output>| {
        let result = match refusals {
            0 => Ok(()),
            _ => Err("refused"),
        };
        refusals -= result.is_err() as u32;
        group.add_abortable(async move { result }).named("session");
    };
    let pauses = std::iter::repeat(Duration::from_millis(1));
    let mut group = Group::new();
    group.add_with(|interrupted| supervise(interrupted, fill, pauses)).named("sessions");
    assert_eq!(smol::block_on(group.run()), Ok(())); // the third session
}
// The recipe ends here.

use run_group::testing::interrupt_at_every_poll;
use smol::future::yield_now;
use std::cell::Cell;

use super::assert_is_a_recipe;

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("supervise.rs"));
    main();
}

/// Runs groups without interrupting them, with three pauses.
fn run(fill: impl FnMut(&mut Group<'_, Output>)) -> Result<(), String> {
    let (_interrupt, interrupted) = Interrupted::channel();
    let pauses = [1, 2, 4].map(Duration::from_millis);
    smol::block_on(supervise(interrupted, fill, pauses.into_iter()))
}

/// Runs sessions of which only the last of `count` succeeds. Returns how many there were, and the result.
fn sessions(count: u32, error: &'static str) -> (u32, Result<(), String>) {
    let runs = Cell::new(0);
    let result = run(|group| {
        runs.set(runs.get() + 1);
        let result = if runs.get() < count { Err(error) } else { Ok(()) };
        group.add_abortable(async move { result }).named("session");
    });
    (runs.get(), result)
}

#[test]
fn runs_again_after_a_temporary_failure_only() {
    assert_eq!(sessions(3, "refused"), (3, Ok(())));
    let error = r#"session returned Err("no such host")"#;
    assert_eq!(sessions(9, "no such host"), (1, Err(error.into())));
}

#[test]
fn gives_up_after_the_last_pause() {
    assert_eq!(sessions(9, "refused"), (4, Err(r#"session returned Err("refused")"#.into())));
}

#[test]
fn panic_is_no_temporary_failure() {
    let result = run(|group| {
        group.add_abortable(async { panic!("no such index") }).named("session");
    });
    assert_eq!(result, Err("session panicked: no such index".into()));
}

fn hours() -> impl Iterator<Item = Duration> {
    std::iter::repeat(Duration::from_secs(3600))
}

/// Before the first poll, while the group runs, and in a pause of an hour.
#[test]
fn interrupted_at_every_poll_it_returns() {
    let results = interrupt_at_every_poll(|interrupted| {
        let fill = |group: &mut Group<'_, Output>| {
            group.add_with(|mut interrupted| async move {
                match interrupted.unless(yield_now()).await {
                    Some(()) => Err("refused"),
                    None => Ok(()),
                }
            });
        };
        supervise(interrupted, fill, hours())
    });
    assert!(results.len() >= 3);
    assert!(results.iter().all(Result::is_ok));

    let results = interrupt_at_every_poll(|interrupted| {
        let fill = |group: &mut Group<'_, Output>| {
            group.add_with(|interrupted| async {
                interrupted.await;
                Ok(())
            });
        };
        supervise(interrupted, fill, hours())
    });
    assert!(results.len() >= 2);
    assert!(results.iter().all(Result::is_ok));
}

#[test]
fn failure_during_the_shutdown_is_an_error() {
    let fill = |group: &mut Group<'_, Output>| {
        group
            .add_with(|interrupted| async {
                interrupted.await;
                Err("refused")
            })
            .named("session");
    };
    let mut group = Group::new();
    group.add_with(|interrupted| supervise(interrupted, fill, hours()));
    group.add_abortable(async {
        yield_now().await;
        Ok(())
    });
    let report = smol::block_on(group.report());
    let error = r#"session returned Err("refused"), interrupted"#;
    assert_eq!(report[1].error().unwrap(), error);
}
