//! Three stages: the web shuts down first, then the workers, and the storage last, whichever of them fails first.
//!
//! Requests go from the web to the workers, and results from the workers to the storage. Each stage is interrupted when
//! all actors of the stage before it have exited. So every request and every result that is sent is still received, and
//! when the storage flushes, no more results can come.
//!
//! ```text
//! cargo run --example stages -- [STAGE]
//! ```
//!
//! STAGE is `web`, `workers` or `storage`, the stage in which an actor fails. With `web` it prints, in this order:
//!
//! ```text
//! failure returned Err("an actor of the web failed")
//! web returned Ok(()), interrupted
//! workers returned Ok(()), interrupted
//! the storage is flushed, with 4 results
//! storage returned Ok(()), interrupted
//! ```
//!
//! With another stage, the first line names that stage, and the other lines are the same. The error goes to the
//! standard error as well, and the exit status is 1.
//!
//! Without STAGE, no actor fails. Press Ctrl-C: the first line is `signals returned Ok(())`, and the exit status is 0.

use std::fmt::Display;
use std::future::Future;
use std::io::{self, Write};
use std::process::ExitCode;

use async_signal::{Signal, Signals};
use futures::StreamExt;
use run_group::{Group, Interrupted};
use smol::channel::{unbounded, Receiver, Sender};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The signals that stop it if no actor fails. Windows has only Ctrl-C.
#[cfg(unix)]
const SIGNALS: &[Signal] = &[Signal::Int, Signal::Term];
#[cfg(windows)]
const SIGNALS: &[Signal] = &[Signal::Int];

fn main() -> ExitCode {
    match smol::block_on(stages()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stages: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn stages() -> Result<(), Error> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match arguments.as_slice() {
        [] => {
            let signal = signal()?;
            say(&"press Ctrl-C");
            run("web", "signals", signal, say).await
        }
        [stage] => {
            let known = ["web", "workers", "storage"];
            let Some(known) = known.into_iter().find(|known| stage == known) else {
                let other = stage.to_string_lossy();
                return Err(
                    format!("unknown stage `{other}`; give web, workers or storage").into(),
                );
            };
            run(known, "failure", fail(known), say).await
        }
        _ => Err("too many arguments; usage: stages [STAGE]".into()),
    }
}

/// Runs the three stages until `end` is ready, as an actor of `stage`. `say` prints the lines.
pub async fn run(
    stage: &str,
    name: &'static str,
    end: impl Future<Output = Result<(), Error>> + Send,
    say: impl Fn(&dyn Display) + Sync,
) -> Result<(), Error> {
    // The actors borrow these, so that a channel ends when it is closed, not when an actor is dropped.
    let (requests, incoming) = unbounded();
    let (results, finished) = unbounded();

    let mut web = Group::new();
    let mut workers = Group::new();
    let mut storage = Group::new();

    web.add_with(|interrupted| accept(&requests, interrupted))
        .named("web");
    workers
        .add(work(&incoming, &results), |_| {
            incoming.close();
        })
        .named("workers");
    storage
        .add(store(&finished, &say), |_| {
            finished.close();
        })
        .named("storage");

    match stage {
        "web" => web.add_abortable(end),
        "workers" => workers.add_abortable(end),
        _ => storage.add_abortable(end),
    }
    .named(name);

    let mut group = web.before(workers).before(storage);
    group.on_exit(|exit| say(&exit));
    group.run().await
}

/// Takes requests until interrupted.
async fn accept(requests: &Sender<u32>, interrupted: Interrupted) -> Result<(), Error> {
    for request in 1..=3 {
        requests.send(request).await?;
    }
    interrupted.await;
    // The last one, which was on its way when the shutdown began.
    requests.send(4).await?;
    Ok(())
}

/// Answers the requests until there are no more.
async fn work(requests: &Receiver<u32>, results: &Sender<u32>) -> Result<(), Error> {
    while let Ok(request) = requests.recv().await {
        results.send(request * request).await?;
    }
    Ok(())
}

/// Collects the results, and flushes them when there are no more.
async fn store(results: &Receiver<u32>, say: impl Fn(&dyn Display)) -> Result<(), Error> {
    let mut kept = Vec::new();
    while let Ok(result) = results.recv().await {
        kept.push(result);
    }
    say(&format_args!(
        "the storage is flushed, with {} results",
        kept.len()
    ));
    Ok(())
}

/// Fails.
async fn fail(stage: &str) -> Result<(), Error> {
    Err(format!("an actor of the {stage} failed").into())
}

/// Returns a future that is ready when a signal comes. It listens from now on, so no signal comes too early.
fn signal() -> Result<impl Future<Output = Result<(), Error>>, Error> {
    let mut signals = Signals::new(SIGNALS)?;
    Ok(async move {
        match signals.next().await {
            Some(Err(error)) => Err(error.into()),
            Some(Ok(_)) | None => Ok(()),
        }
    })
}

/// Prints a line. If the output is closed, the program continues without it.
fn say(line: &dyn Display) {
    let _ = writeln!(io::stdout(), "{line}");
}
