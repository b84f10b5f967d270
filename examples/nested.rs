//! A group inside a group: a library runs a group of its own, and a program runs the library as one actor.
//!
//! The library is a function that runs until a future resolves. Its signature does not show the group inside. The
//! program interrupts it like any actor. The library then shuts down its own actors, in its own order.
//!
//! ```text
//! cargo run --example nested -- [reader|writer]
//! ```
//!
//! Without an argument, the program's client returns once the index is ready. It prints, in this order:
//!
//! ```text
//! the client finds the index ready
//! client returned Ok(())
//! index/shutdown returned Ok(())
//! index/reader returned Ok(()), interrupted
//! index/writer returned Ok(()), interrupted
//! index returned Ok(()), interrupted
//! ```
//!
//! With `reader`, that actor of the library fails. This stops the library's group, and then the program's:
//!
//! ```text
//! index/reader returned Err(page 7 is corrupt)
//! index/shutdown aborted
//! index/writer returned Ok(()), interrupted
//! index returned Err(page 7 is corrupt)
//! client returned Ok(()), interrupted
//! ```
//!
//! With `writer`, that actor fails when it is interrupted. The library's group returns its first error, so it reaches
//! the program although the shutdown began without one:
//!
//! ```text
//! the client finds the index ready
//! client returned Ok(())
//! index/shutdown returned Ok(())
//! index/reader returned Ok(()), interrupted
//! index/writer returned Err(no space left), interrupted
//! index returned Err(no space left), interrupted
//! ```
//!
//! With either, the error goes to standard error as well, and the exit code is 1.

use futures::channel::oneshot;
use run_group::{Group, Interrupted};

use terminal::{println, Usage};

mod terminal;

/// The actor of the library that fails.
#[derive(Clone, Copy, PartialEq)]
pub enum Failure {
    None,
    Reader,
    Writer,
}

fn main() -> anyhow::Result<()> {
    let usage = Usage("[reader|writer]");
    let [failure] = usage.arguments();
    let failure = match failure.as_deref() {
        None => Failure::None,
        Some("reader") => Failure::Reader,
        Some("writer") => Failure::Writer,
        Some(other) => usage.fail(format_args!("unknown failure `{other}`")),
    };
    smol::block_on(program(failure))
}

/// Runs an index and a client of it.
async fn program(failure: Failure) -> anyhow::Result<()> {
    let (ready, is_ready) = oneshot::channel();

    let mut group = Group::new();
    group.add_with(|interrupted| index::run(failure, ready, interrupted)).named("index");
    group.add_with(|interrupted| client(is_ready, interrupted)).named("client");
    group.on_exit(|exit| println!("{exit}"));
    group.run().await
}

/// Uses the index once it is ready. If the index fails before, waits to be interrupted, because the index is the cause.
pub async fn client(
    is_ready: oneshot::Receiver<()>,
    mut interrupted: Interrupted,
) -> anyhow::Result<()> {
    match interrupted.unless(is_ready).await {
        Some(Ok(())) => println!("the client finds the index ready"),
        Some(Err(_)) => interrupted.await,
        None => {}
    }
    Ok(())
}

/// The library.
pub mod index {
    use std::future::Future;

    use anyhow::{anyhow, bail};
    use futures::channel::oneshot;
    use run_group::Group;

    use super::{println, Failure};

    /// Serves an index until `shutdown` is ready, and then writes it to disk.
    ///
    /// `shutdown` can be any future: the `Interrupted` of an actor, an OS signal, the end of a channel.
    pub async fn run(
        failure: Failure,
        ready: oneshot::Sender<()>,
        shutdown: impl Future<Output = ()> + Send,
    ) -> anyhow::Result<()> {
        let mut front = Group::new();
        // When this actor returns, the group stops.
        front
            .add_abortable(async {
                shutdown.await;
                Ok(())
            })
            .named("index/shutdown");
        front
            .add_with(|interrupted| async move {
                if failure == Failure::Reader {
                    bail!("page 7 is corrupt");
                }
                let _ = ready.send(());
                interrupted.await;
                Ok(())
            })
            .named("index/reader");

        let mut back = Group::new();
        back.add_with(|interrupted| async move {
            interrupted.await;
            match failure {
                Failure::Writer => Err(anyhow!("no space left")),
                _ => Ok(()),
            }
        })
        .named("index/writer");

        let mut group = front.before(back);
        group.on_exit(|exit| println!("{exit}"));
        group.run().await
    }
}
