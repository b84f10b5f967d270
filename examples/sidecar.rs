//! A sidecar beside a main job: the group stops when the main job is done, but not when the sidecar is.
//!
//! Any return stops a group, unless `stops_if` says otherwise. The sidecar stops it only if it fails. When it has done
//! its work, it leaves.
//!
//! ```text
//! cargo run --example sidecar -- [sidecar]
//! ```
//!
//! Without an argument it prints, in this order:
//!
//! ```text
//! main job: 1 of 3
//! cache: it is warm
//! cache returned Ok(()), left
//! main job: 2 of 3
//! main job: 3 of 3
//! main job returned Ok(())
//! ```
//!
//! With the argument `sidecar`, the sidecar fails instead of warming the cache. The main job is polled one last time,
//! and then dropped:
//!
//! ```text
//! main job: 1 of 3
//! cache returned Err(no such file)
//! main job: 2 of 3
//! main job aborted
//! ```
//!
//! Then the failure goes to standard error as well, and the exit code is 1. The aborted main job does not count as a
//! failure.

use anyhow::bail;
use run_group::{Exit, Group, Report};
use smol::future::yield_now;

use terminal::{println, Usage};

mod terminal;

/// What each actor returns.
type Output = anyhow::Result<()>;

fn main() -> Report<Output> {
    let usage = Usage("[sidecar]");
    let [failure] = usage.arguments();
    let is_broken = match failure.as_deref() {
        None => false,
        Some("sidecar") => true,
        Some(other) => usage.fail(format_args!("unknown failure `{other}`")),
    };

    let mut group = Group::new();
    group.add_abortable(main_job()).named("main job");
    group.add_abortable(warm_the_cache(is_broken)).stops_if(Exit::is_failure).named("cache");
    group.on_exit(|exit| println!("{exit}"));
    smol::block_on(group.report())
}

/// Does what the program is for.
async fn main_job() -> Output {
    for part in 1..=3 {
        println!("main job: {part} of 3");
        yield_now().await;
    }
    Ok(())
}

async fn warm_the_cache(is_broken: bool) -> Output {
    if is_broken {
        bail!("no such file");
    }
    println!("cache: it is warm");
    Ok(())
}
