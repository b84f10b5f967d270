//! Whole programs.

use run_group::testing::assert_no_failure;
use run_group::Report;

use super::*;

#[test]
fn whole_group_at_every_poll() {
    async fn program(interrupted: Interrupted) -> Vec<String> {
        let mut front = Group::new();
        front.add(interrupted, |_| {}).named("requested");
        front
            .add_with(|mut interrupted| async move {
                interrupted.unless(yield_now()).await;
                interrupted.await
            })
            .named("front");
        let mut back = Group::new();
        back.add_with(|interrupted| interrupted).named("back");
        let exits = front.before(back).report().await;
        exits.iter().map(|exit| exit.label().to_string()).collect()
    }
    let labels = interrupt_at_every_poll(program);
    assert_eq!(labels.len(), 3);
    for labels in labels {
        assert_eq!(labels, ["requested", "front", "back"]);
    }
}

/// A program that stops when it is interrupted, if its worker does.
#[cfg(all(feature = "std", panic = "unwind"))]
async fn program<F: Future<Output = ()> + Send>(
    interrupted: Interrupted,
    worker: impl FnOnce(Interrupted) -> F + Send,
) {
    let mut group = Group::new();
    group.add(interrupted, |_| {}).named("requested");
    group.add_with(|interrupted| interrupted).named("web");
    group.add_with(worker).named("worker");
    group.await;
}

#[cfg(all(feature = "std", panic = "unwind"))]
mod names_of_running_actors {
    use super::super::mistakes::{leaves_only_its_select, SPINS, WAITS};
    use super::*;

    const WORKER: &str = ". A group that was shutting down waited for: worker";

    #[test]
    fn actor_that_waits() {
        let said = message(|| interrupt_at_every_poll(|i| program(i, |_| pending())));
        assert_eq!(said, format!("interrupted before its first poll, {WAITS}{WORKER}"));
    }

    /// The group yields whenever its actor does. So this does not hang the test, either.
    #[test]
    fn actor_that_leaves_its_select_but_not_the_loop() {
        let said = message(|| interrupt_at_every_poll(|i| program(i, leaves_only_its_select)));
        assert_eq!(said, format!("interrupted before its first poll, {SPINS}{WORKER}"));
    }

    #[test]
    fn group_that_nothing_stops() {
        let said = message(|| {
            interrupt_at_every_poll(|interrupted| async move {
                let mut group = Group::new();
                group.add_with(|interrupted| interrupted).named("web");
                group.add_with(|interrupted| interrupted).named("worker");
                group.await;
                interrupted.await;
            })
        });
        assert_eq!(
            said,
            format!("interrupted before its first poll, {WAITS}. A group that was not shutting down ran: web, worker")
        );
    }

    /// The actors of the stages behind it are not late.
    #[test]
    fn actors_of_one_stage() {
        let said = message(|| {
            interrupt_at_every_poll(|interrupted| {
                let (mut front, mut back) = (Group::new(), Group::new());
                front.add(interrupted, |_| {}).named("requested");
                for _ in 0..12 {
                    front.add(pending(), |_| {}).named("client");
                }
                back.add_with(|interrupted| interrupted).named("storage");
                front.before(back)
            })
        });
        let clients = ["client"; 10].join(", ");
        assert!(said.ends_with(&format!(" waited for: {clients} and 2 more")));
    }

    #[test]
    fn groups_in_a_group() {
        let said = message(|| {
            interrupt_at_every_poll(|interrupted| {
                program(interrupted, |interrupted| program(interrupted, |_| pending()))
            })
        });
        assert_eq!(said, format!("interrupted before its first poll, {WAITS}{WORKER}{WORKER}"));
    }

    #[test]
    fn on_an_executor() {
        let said =
            message(|| interrupt_at_every_poll_on(poll_while_woken, |i| program(i, |_| pending())));
        assert!(said.starts_with(
            "interrupted before its first poll, the actor did not return: `block_on` gave up"
        ));
        assert!(said.ends_with(WORKER), "{said}");
    }
}

/// Interrupts a program at every poll: one with an actor named `worker`, and a grace period that is over at once.
fn reports<F>(worker: impl Fn(Interrupted) -> F) -> Vec<Report<Result<(), String>>>
where
    F: Future<Output = Result<(), String>> + Send,
{
    interrupt_at_every_poll(|interrupted| {
        let mut group = Group::new();
        group.add_abortable(interrupted.map(Ok)).named("requested");
        group.add_with(&worker).named("worker");
        group.grace_period(|| ready(()));
        async { group.report().await }
    })
}

#[test]
fn no_failure_is_blamed() {
    let reports = reports(|mut interrupted| async move {
        interrupted.unless(yield_now()).await;
        interrupted.await;
        Ok(())
    });
    assert_eq!(reports.len(), 3);
    assert_no_failure(&reports);
    assert_no_failure(&[] as &[Report<Result<(), ()>>]);
}

#[cfg(panic = "unwind")]
mod failures_in_the_shutdown {
    use super::*;

    #[test]
    fn expiry() {
        let reports = reports(|_| pending());
        assert_eq!(
            message(|| assert_no_failure(&reports)),
            "the run that interrupts the program before its first poll has failures:\nworker expired"
        );
    }

    #[test]
    fn error() {
        let reports = reports(|mut interrupted| async move {
            let mut is_flushed = true;
            if interrupted.unless(yield_now()).await.is_some() {
                is_flushed = interrupted.unless(yield_now()).await.is_some();
            }
            interrupted.await;
            match is_flushed {
                true => Ok(()),
                false => Err("cannot flush".into()),
            }
        });
        assert_eq!(
            message(|| assert_no_failure(&reports)),
            "the run that interrupts the program after 1 poll has failures:\n\
            worker returned Err(\"cannot flush\"), interrupted"
        );
    }

    /// An error of the cause counts as well.
    #[test]
    fn error_that_stops_the_program() {
        let reports = reports(|_| async {
            yield_now().await;
            yield_now().await;
            Err("disk full".into())
        });
        assert_eq!(
            message(|| assert_no_failure(&reports[reports.len() - 1..])),
            "the run that interrupts the program before its first poll has failures:\n\
            worker returned Err(\"disk full\")"
        );
    }

    #[cfg(feature = "std")]
    #[test]
    fn panic() {
        let reports = reports(|mut interrupted| async move {
            let begun = interrupted.unless(yield_now()).await;
            interrupted.await;
            begun.expect("it has begun");
            Ok(())
        });
        assert_eq!(
            message(|| assert_no_failure(&reports)),
            "the run that interrupts the program before its first poll has failures:\n\
            worker panicked: it has begun, interrupted"
        );
    }
}

/// The `Interrupted` of a test may also make one part of a program fail, whenever that is.
#[test]
fn part_that_fails_at_every_poll() {
    let reports = interrupt_at_every_poll(|mut fault| async move {
        let mut group = Group::new();
        group.add_with(|interrupted| interrupted.map(Ok)).named("web");
        let storage = async move {
            let storage = async {
                yield_now().await;
                pending().await
            };
            fault.unless(storage).await.unwrap_or(Err("disk full"))
        };
        group.add(storage, |_| {}).named("storage");
        group.report().await
    });
    assert_eq!(reports.len(), 3);
    for report in reports {
        assert_eq!(
            report.to_string(),
            "storage returned Err(\"disk full\")\nweb returned Ok(()), interrupted"
        );
    }
}
