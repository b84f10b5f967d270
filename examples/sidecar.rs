//! An actor whose clean return does not stop the group, beside a main job whose clean return does.
//!
//! Any return stops a group. An actor that has nothing more to do, but is no reason for the others to stop, does not
//! return yet: after its work it awaits `interrupted`. Its failure is a reason to stop, so it returns that at once.
//!
//! ```text
//! cargo run --example sidecar -- [FAILURE]
//! ```
//!
//! It prints, in this order:
//!
//! ```text
//! main job: 1 of 3
//! sidecar: the cache is warm
//! main job: 2 of 3
//! main job: 3 of 3
//! main job returned Ok(())
//! sidecar returned Ok(()), interrupted
//! ```
//!
//! With `sidecar` as FAILURE the sidecar fails where it would have said that the cache is warm:
//!
//! ```text
//! main job: 1 of 3
//! sidecar returned Err("the cache cannot be read")
//! main job aborted
//! ```
//!
//! Then the error goes to the standard error as well, and the exit status is 1.

use std::process::ExitCode;

use run_group::{Group, Interrupted};
use smol::future::yield_now;

fn main() -> ExitCode {
    match is_broken().and_then(|is_broken| smol::block_on(program(is_broken))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("sidecar: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether the sidecar is to fail: what the only argument says.
fn is_broken() -> Result<bool, String> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match arguments.as_slice() {
        [] => Ok(false),
        [failure] if failure == "sidecar" => Ok(true),
        [other] => {
            let other = other.to_string_lossy();
            Err(format!(
                "unknown failure `{other}`; give sidecar or nothing"
            ))
        }
        _ => Err("too many arguments; usage: sidecar [FAILURE]".into()),
    }
}

async fn program(is_broken: bool) -> Result<(), String> {
    let mut group = Group::new();
    group.add_abortable(main_job()).named("main job");
    group
        .add_with(|interrupted| sidecar(is_broken, interrupted))
        .named("sidecar");
    group.on_exit(|exit| println!("{exit}"));
    group.run().await
}

/// Does what the program is there for.
async fn main_job() -> Result<(), String> {
    for part in 1..=3 {
        println!("main job: {part} of 3");
        yield_now().await;
    }
    Ok(())
}

/// Warms a cache, which is of use to the others and no end in itself.
async fn sidecar(is_broken: bool, interrupted: Interrupted) -> Result<(), String> {
    if is_broken {
        return Err("the cache cannot be read".into());
    }
    println!("sidecar: the cache is warm");
    // To return here would stop the main job.
    interrupted.await;
    Ok(())
}
