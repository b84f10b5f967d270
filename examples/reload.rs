//! Actors that join later: on SIGHUP, the program reads a file of names, and adds an actor for each new name through a
//! handle.
//!
//! ```text
//! echo mail >names
//! cargo run --example reload -- names
//! ```
//!
//! The program prints the command that makes it read the file again. In a second terminal, add a name and run the
//! command:
//!
//! ```text
//! echo news >>names
//! kill -HUP 4711
//! ```
//!
//! Then press Ctrl-C in the first terminal:
//!
//! ```text
//! to add the new names: kill -HUP 4711
//! mail runs
//! news runs
//! signals returned Ok(())
//! reload aborted
//! mail returned Ok(()), interrupted
//! news returned Ok(()), interrupted
//! ```
//!
//! If the file cannot be read at the start, the program says so and exits with 1. If it cannot be read on SIGHUP, the
//! program says so and continues. If you remove a name, its actor keeps running.
//!
//! Windows has no SIGHUP. There, the program says so and exits with 1.

use std::collections::HashSet;

use anyhow::{anyhow, Context};
use async_signal::Signal;
use futures::StreamExt;
use run_group::{Group, Handle, Interrupted};
use smol::fs::read_to_string;

use signals::Signals;

mod signals;

fn main() -> anyhow::Result<()> {
    let file = std::env::args().nth(1);
    smol::block_on(run(&file.context("give a file of names")?))
}

/// Runs an actor for each name in the file, until a signal arrives.
async fn run(file: &str) -> anyhow::Result<()> {
    let hangups = async_signal::Signals::new([Signal::Hup]);
    let hangups = hangups.map_err(|error| anyhow!("cannot wait for SIGHUP: {error}"))?;
    let signals = Signals::listen()?;
    let text = read_to_string(file).await;
    let text = text.map_err(|error| anyhow!("cannot read {file}: {error}"))?;
    println!("to add the new names: kill -HUP {}", std::process::id());

    let mut group = Group::new();
    let handle = group.handle();
    group.add_abortable(signals.next()).named("signals");
    group
        .add_abortable(reload(file, text, handle, hangups))
        .named("reload");
    group.on_exit(|exit| println!("{exit}"));
    group.run().await
}

/// Adds an actor for each name in `text`. Reads the file again on each SIGHUP.
async fn reload(
    file: &str,
    mut text: String,
    handle: Handle<'_, anyhow::Result<()>>,
    mut hangups: async_signal::Signals,
) -> anyhow::Result<()> {
    let mut names = HashSet::new();
    loop {
        for name in text.split_whitespace().map(str::to_owned) {
            if names.insert(name.clone()) {
                handle
                    .add_with(|interrupted| work(name.clone(), interrupted))
                    .named(name.clone());
            }
        }
        hangups.next().await.transpose()?;
        match read_to_string(file).await {
            Ok(new) => text = new,
            Err(error) => eprintln!("cannot read {file}: {error}"),
        }
    }
}

/// Does the work of one name until interrupted.
async fn work(name: String, interrupted: Interrupted) -> anyhow::Result<()> {
    println!("{name} runs");
    interrupted.await;
    Ok(())
}
