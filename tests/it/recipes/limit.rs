use run_group::{Group, Interrupted};
use smol::{future::or, Timer};
use std::future::{pending, Future};
use std::time::Duration;

type Output = Result<(), String>;

/// Runs `execute`. Fails if it does not return within `limit` after it was interrupted.
async fn limited<F: Future<Output = Output>>(
    interrupted: Interrupted,
    limit: Duration,
    execute: impl FnOnce(Interrupted) -> F,
) -> Output {
    let execute = execute(interrupted.clone());
    or(execute, async {
        interrupted.await;
        Timer::after(limit).await;
        Err(format!("did not return within {limit:?}"))
    })
    .await
}

async fn flush(interrupted: Interrupted) -> Output {
    interrupted.await;
    Ok(())
}

async fn hang(_: Interrupted) -> Output {
    pending().await
}

fn main() {
    let limit = Duration::from_millis(9);
    let mut group = Group::new();
    group.add_with(|interrupted| limited(interrupted, limit, flush)).named("storage");
    group.add_with(|interrupted| limited(interrupted, limit, hang)).named("web");
    group.add_abortable(async { Ok(()) }).named("signals");

    let report = smol::block_on(group.report());
    assert_eq!(
        report.to_string(),
        r#"signals returned Ok(())
storage returned Ok(()), interrupted
web returned Err("did not return within 9ms"), interrupted"#
    );
}
// The recipe ends here.

use run_group::testing::interrupt_at_every_poll;
use smol::future::yield_now;

use super::assert_is_a_recipe;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("limit.rs"));
    main();
}

#[test]
fn interrupted_at_every_poll_it_returns() {
    let results = interrupt_at_every_poll(|interrupted| {
        limited(interrupted, HOUR, |interrupted| async {
            yield_now().await;
            flush(interrupted).await
        })
    });
    assert_eq!(results, [Ok(()), Ok(()), Ok(())]);
}

#[test]
fn fails_by_itself_without_an_interrupt() {
    let mut group = Group::new();
    group.add_with(|interrupted| limited(interrupted, HOUR, |_| async { Err("disk full".into()) }));
    assert_eq!(smol::block_on(group), Some(Err("disk full".into())));
}
