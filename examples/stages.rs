//! Three stages: the web shuts down first, then the workers, then the storage, whichever of them fails.
//!
//! Requests go from the web to the workers, and results from the workers to the storage. Each stage is interrupted when
//! all actors of the stage before it have exited. So every request and every result that was sent is received.
//!
//! ```text
//! cargo run --example stages -- [web|workers|storage]
//! ```
//!
//! The argument is the stage in which an actor fails. With `web` it prints, in this order:
//!
//! ```text
//! failure returned Err(the web failed)
//! web returned Ok(4), interrupted
//! workers returned Ok(4), interrupted
//! storage returned Ok(4), interrupted
//! ```
//!
//! Each of the last three has sent or received four items, one of them after the shutdown had begun. With another
//! stage, the first line names that stage, and the other lines are the same. The failure goes to standard error as
//! well, and the exit code is 1.
//!
//! Without an argument, no actor fails. Press Ctrl-C: the first line is `signals returned Ok(0)`, and the exit code is
//! 0.

use std::future::Future;

use anyhow::bail;
use run_group::{Group, Interrupted, Report};
use smol::channel::{unbounded, Receiver, Sender};

use signals::Signals;
use terminal::{println, Usage};

mod signals;
mod terminal;

fn main() -> anyhow::Result<Report<anyhow::Result<u32>>> {
    let usage = Usage("[web|workers|storage]");
    let [stage] = usage.arguments();
    let signals = Signals::listen()?;

    let mut group = match stage.as_deref() {
        None => {
            println!("press Ctrl-C");
            group("web", "signals", async {
                signals.next().await?;
                Ok(0)
            })
        }
        Some(stage @ ("web" | "workers" | "storage")) => {
            group(stage, "failure", async move { bail!("the {stage} failed") })
        }
        Some(other) => usage.fail(format_args!("unknown stage `{other}`")),
    };
    group.on_exit(|exit| println!("{exit}"));

    Ok(smol::block_on(group.report()))
}

/// Returns a group of three stages. An extra actor of `stage`, with this name, stops the group when `end` resolves.
/// Each of the others returns how many items it has sent or received.
pub fn group<'a>(
    stage: &str,
    name: &'static str,
    end: impl Future<Output = anyhow::Result<u32>> + Send + 'a,
) -> Group<'a, anyhow::Result<u32>> {
    let (requests, incoming) = unbounded();
    let (results, finished) = unbounded();

    let mut web = Group::new();
    let mut workers = Group::new();
    let mut storage = Group::new();

    // An interrupt drops the last sender of a channel. This ends the loop that receives from the channel.
    web.add_with(|interrupted| accept(requests.clone(), interrupted)).named("web");
    workers.add(work(incoming, results.clone()), |_| drop(requests)).named("workers");
    storage.add(store(finished), |_| drop(results)).named("storage");

    match stage {
        "web" => web.add_abortable(end).named(name),
        "workers" => workers.add_abortable(end).named(name),
        _ => storage.add_abortable(end).named(name),
    }
    web.before(workers).before(storage)
}

/// Sends requests until interrupted.
async fn accept(requests: Sender<u32>, interrupted: Interrupted) -> anyhow::Result<u32> {
    for request in 1..=3 {
        requests.send(request).await?;
    }
    interrupted.await;
    // One more, as if it had been on its way when the shutdown began.
    requests.send(4).await?;
    Ok(4)
}

/// Answers the requests until there are no more.
async fn work(requests: Receiver<u32>, results: Sender<u32>) -> anyhow::Result<u32> {
    let mut count = 0;
    while let Ok(request) = requests.recv().await {
        results.send(request * request).await?;
        count += 1;
    }
    Ok(count)
}

/// Collects the results until there are no more.
async fn store(results: Receiver<u32>) -> anyhow::Result<u32> {
    let mut kept = Vec::new();
    while let Ok(result) = results.recv().await {
        kept.push(result);
    }
    Ok(kept.len() as u32)
}
