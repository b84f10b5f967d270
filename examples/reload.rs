//! Actors that come and go: on SIGHUP, the program reads a file of names. It adds an actor for each new name through a
//! handle, and stops the actor of each name that is no longer in the file.
//!
//! To stop one actor, the program keeps an `Interrupt` of each. The group has not interrupted that actor, so the actor
//! leaves, and the group continues.
//!
//! ```text
//! cargo run --example reload -- FILE
//! ```
//!
//! FILE has the names. Begin with one:
//!
//! ```text
//! echo mail >names
//! cargo run --example reload -- names
//! ```
//!
//! The program prints the command that makes it read the file again. In a second terminal, add a name and run the
//! command. Then remove the first name and run the command again:
//!
//! ```text
//! echo news >>names
//! kill -HUP 4711
//! echo news >names
//! kill -HUP 4711
//! ```
//!
//! Then press Ctrl-C in the first terminal:
//!
//! ```text
//! to read the names again: kill -HUP 4711
//! mail runs
//! news runs
//! mail returned Ok(()), left
//! signals returned Ok(())
//! reload aborted
//! news returned Ok(()), interrupted
//! ```
//!
//! A name that comes back starts again. If the file cannot be read at the start, the program says so and exits with 1.
//! If it cannot be read on SIGHUP, the program says so and continues.
//!
//! Windows has no SIGHUP. There, the program says so and exits with 1.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::anyhow;
use async_signal::Signal;
use futures::StreamExt;
use run_group::{Exit, Group, Handle, Interrupt, Interrupted, Report};
use smol::fs::read_to_string;

use signals::Signals;
use terminal::{eprintln, println, Usage};

mod signals;
mod terminal;

/// What each actor returns.
type Output = anyhow::Result<()>;

fn main() -> anyhow::Result<Report<Output>> {
    let usage = Usage("FILE");
    let [file] = usage.arguments();
    smol::block_on(run(&file.unwrap_or_else(|| usage.fail("FILE is missing"))))
}

/// Runs an actor for each name in the file, until a signal arrives.
async fn run(file: &str) -> anyhow::Result<Report<Output>> {
    let hangups = async_signal::Signals::new([Signal::Hup]);
    let hangups = hangups.map_err(|error| anyhow!("cannot wait for SIGHUP: {error}"))?;
    let signals = Signals::listen()?;
    let text = read_to_string(file).await;
    let text = text.map_err(|error| anyhow!("cannot read {file}: {error}"))?;
    println!("to read the names again: kill -HUP {}", std::process::id());

    let mut group = Group::new();
    let handle = group.handle();
    group.add_abortable(signals.next()).named("signals");
    group.add_abortable(reload(file, text, handle, hangups)).named("reload");
    group.on_exit(|exit| println!("{exit}"));
    Ok(group.report().await)
}

/// Runs an actor for each name in `text`. Reads the file again on each SIGHUP.
async fn reload(
    file: &str,
    mut text: String,
    handle: Handle<'_, Output>,
    mut hangups: async_signal::Signals,
) -> Output {
    let mut running: BTreeMap<String, Interrupt> = BTreeMap::new();
    loop {
        let names: BTreeSet<&str> = text.split_whitespace().collect();
        // Dropping an `Interrupt` interrupts the actor.
        running.retain(|name, _| names.contains(&**name));
        for name in text.split_whitespace().map(str::to_owned) {
            if !running.contains_key(&name) {
                handle
                    .add_with(|interrupted| {
                        running.insert(name.clone(), interrupted.other_end());
                        work(name.clone(), interrupted)
                    })
                    .stops_if(Exit::is_failure)
                    .named(name);
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
async fn work(name: String, interrupted: Interrupted) -> Output {
    println!("{name} runs");
    interrupted.await;
    Ok(())
}
