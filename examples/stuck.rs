//! A shutdown that hangs: the group names the actor that it waits for, and drops it when the grace period ends.
//!
//! ```text
//! cargo run --example stuck
//! ```
//!
//! Three actors run. The main job returns, so the other two are interrupted. The metrics actor finishes its work.
//! The upload ignores its interrupt. After one second it expires:
//!
//! ```text
//! main job returned Ok(())
//! waiting for metrics, upload
//! metrics returned Ok(()), interrupted
//! waiting for upload
//! upload expired
//! ```
//!
//! `main` returns the report. So the failure goes to standard error as well, and the exit code is 1:
//!
//! ```text
//! Error: upload expired
//! ```

use std::future::pending;
use std::time::Duration;

use run_group::{Group, Interrupted, Report};
use smol::future::yield_now;
use smol::Timer;

use terminal::{no_arguments, println};

mod terminal;

/// How long the group waits for actors after interrupting them.
const GRACE_PERIOD: Duration = Duration::from_secs(1);

fn main() -> Report<anyhow::Result<()>> {
    no_arguments();
    let mut group = Group::new();
    group.add_abortable(async { Ok(()) }).named("main job");
    group.add_with(metrics).named("metrics");
    group.add_with(|_| pending()).named("upload");

    group.grace_period(|| Timer::after(GRACE_PERIOD));
    group.on_wait(|waiting| println!("waiting for {waiting}"));
    group.on_exit(|exit| println!("{exit}"));

    smol::block_on(group.report())
}

/// Finishes what it has begun when it is interrupted.
async fn metrics(interrupted: Interrupted) -> anyhow::Result<()> {
    interrupted.await;
    yield_now().await; // as if it sent the last figures
    Ok(())
}
