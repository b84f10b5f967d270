//! A sidecar beside a main job: the group stops when the main job is done, but not when the sidecar is.
//!
//! Any return stops a group. So when the sidecar has done its work, it does not return yet: it awaits `interrupted`. If
//! the sidecar fails, the group should stop, so the sidecar returns the error at once.
//!
//! ```text
//! cargo run --example sidecar -- [FAILURE]
//! ```
//!
//! It prints, in this order:
//!
//! ```text
//! main job: 1 of 3
//! cache: it is warm
//! main job: 2 of 3
//! main job: 3 of 3
//! main job returned Ok(())
//! cache returned Ok(()), interrupted
//! ```
//!
//! With `sidecar` as FAILURE, the sidecar fails instead of warming the cache:
//!
//! ```text
//! main job: 1 of 3
//! cache returned Err(no such file)
//! main job aborted
//! ```
//!
//! Then the failure goes to the standard error as well, and the exit status is 1. The aborted main job does not count
//! as a failure.

use anyhow::bail;
use run_group::{Group, Interrupted};
use smol::future::yield_now;

fn main() -> anyhow::Result<()> {
    let is_broken = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("sidecar") => true,
        Some(other) => bail!("unknown failure `{other}`; give sidecar or nothing"),
    };
    smol::block_on(program(is_broken))
}

/// Runs both, and fails if either fails, even during the shutdown.
async fn program(is_broken: bool) -> anyhow::Result<()> {
    let mut group = Group::new();
    group.add_abortable(main_job()).named("main job");
    group
        .add_with(|interrupted| sidecar(is_broken, interrupted))
        .named("cache");
    group.on_exit(|exit| println!("{exit}"));

    let exits = group.report().await;
    if let Some(failure) = exits.iter().find(|exit| exit.is_failure()) {
        bail!("{failure}");
    }
    Ok(())
}

/// Does what the program is for.
async fn main_job() -> anyhow::Result<()> {
    for part in 1..=3 {
        println!("main job: {part} of 3");
        yield_now().await;
    }
    Ok(())
}

/// Warms a cache, and then waits until interrupted.
pub async fn sidecar(is_broken: bool, mut interrupted: Interrupted) -> anyhow::Result<()> {
    if let Some(Err(error)) = interrupted.unless(warm_the_cache(is_broken)).await {
        return Err(error);
    }
    // Returning here would stop the main job.
    interrupted.await;
    Ok(())
}

async fn warm_the_cache(is_broken: bool) -> anyhow::Result<()> {
    if is_broken {
        bail!("no such file");
    }
    println!("cache: it is warm");
    Ok(())
}
