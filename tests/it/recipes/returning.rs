use run_group::{Group, Interrupted};
use std::future::{pending, Future};

type Output = Result<(), String>;

/// Works until it is done or interrupted.
async fn watch(mut interrupted: Interrupted, work: impl Future<Output = Output>) -> Output {
    interrupted.unless(work).await.unwrap_or(Ok(()))
}

/// Fails, because there is nothing to watch.
async fn missing() -> Output {
    Err("no such file".into())
}

fn main() {
    let mut group = Group::new();
    group.add_with(|interrupted| watch(interrupted, pending())).named("log");
    group.add_with(|interrupted| watch(interrupted, missing())).named("missing");
    group.add_abortable(pending()).named("abortable");

    let report = smol::block_on(group.report());
    assert_eq!(
        report.to_string(),
        r#"missing returned Err("no such file")
abortable aborted
log returned Ok(()), interrupted"#
    );
}
// The recipe ends here.

use run_group::testing::interrupt_at_every_poll;
use smol::future::yield_now;

use super::assert_is_a_recipe;

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("returning.rs"));
    main();
}

#[test]
fn interrupted_at_every_poll_it_returns() {
    let results = interrupt_at_every_poll(|interrupted| {
        watch(interrupted, async {
            yield_now().await;
            pending().await
        })
    });
    assert_eq!(results, [Ok(()), Ok(()), Ok(())]);
}

#[test]
fn returns_what_the_work_returns() {
    let (_interrupt, interrupted) = Interrupted::channel();
    assert_eq!(smol::block_on(watch(interrupted, async { Ok(()) })), Ok(()));
    let (_interrupt, interrupted) = Interrupted::channel();
    assert_eq!(smol::block_on(watch(interrupted, missing())), Err("no such file".into()));
}
