//! A group inside a group: a library runs a group of its own, and a program runs the library as one of its actors.
//!
//! The library's function is a future that ends when it is asked to. Its signature does not show that there is a group
//! inside. The program interrupts it like any actor, and the library then shuts down its own actors, in its own order.
//!
//! ```text
//! cargo run --example nested -- [FAILURE]
//! ```
//!
//! Without FAILURE, the program's client returns once the index is ready. It prints, in this order:
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
//! With `reader` as FAILURE, that actor of the library fails. This stops the library's group, and then the program's:
//!
//! ```text
//! index/reader returned Err("page 7 is corrupt")
//! index/shutdown aborted
//! index/writer returned Ok(()), interrupted
//! index returned Err("page 7 is corrupt")
//! client returned Ok(()), interrupted
//! ```
//!
//! With `writer` as FAILURE, the writer fails when it is interrupted. The library's report has the failure, so it
//! reaches the program although the shutdown began without one:
//!
//! ```text
//! the client finds the index ready
//! client returned Ok(())
//! index/shutdown returned Ok(())
//! index/reader returned Ok(()), interrupted
//! index/writer returned Err("no space left"), interrupted
//! index returned Err("no space left"), interrupted
//! ```
//!
//! In both cases the error goes to the standard error as well, and the exit status is 1.

use std::panic::resume_unwind;
use std::process::ExitCode;

use futures::channel::oneshot;
use run_group::{Group, Interrupted, Outcome};

/// The actor of the library that fails.
#[derive(Clone, Copy, PartialEq)]
pub enum Failure {
    None,
    Reader,
    Writer,
}

fn main() -> ExitCode {
    match failure().and_then(|failure| smol::block_on(program(failure))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("nested: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Returns the failure that the only argument asks for.
fn failure() -> Result<Failure, String> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match arguments.as_slice() {
        [] => Ok(Failure::None),
        [failure] if failure == "reader" => Ok(Failure::Reader),
        [failure] if failure == "writer" => Ok(Failure::Writer),
        [other] => {
            let other = other.to_string_lossy();
            Err(format!(
                "unknown failure `{other}`; give reader, writer or nothing"
            ))
        }
        _ => Err("too many arguments; usage: nested [FAILURE]".into()),
    }
}

/// Runs an index and a client of it.
async fn program(failure: Failure) -> Result<(), String> {
    let (ready, is_ready) = oneshot::channel();

    let mut group = Group::new();
    group
        .add_with(|interrupted| index::run(failure, ready, interrupted))
        .named("index");
    group
        .add_with(|interrupted| client(is_ready, interrupted))
        .named("client");
    group.on_exit(|exit| println!("{exit}"));
    first_error(group).await
}

/// Uses the index once it is ready. It never is if the index fails, so it is interrupted then.
pub async fn client(
    is_ready: oneshot::Receiver<()>,
    mut interrupted: Interrupted,
) -> Result<(), String> {
    if let Some(Ok(())) = interrupted.unless(is_ready).await {
        println!("the client finds the index ready");
    }
    Ok(())
}

/// Runs a group and returns the first error of its actors, whether or not that was the cause.
async fn first_error(group: Group<'_, Result<(), String>>) -> Result<(), String> {
    for exit in group.report().await {
        match exit.into_outcome() {
            Outcome::Returned(result) => result?,
            Outcome::Panicked(payload) => resume_unwind(payload),
            // An actor that was aborted did not fail. None expires, because there is no grace period.
            _ => {}
        }
    }
    Ok(())
}

/// The library.
pub mod index {
    use std::future::Future;

    use futures::channel::oneshot;
    use run_group::Group;

    use super::{first_error, Failure};

    /// Serves an index until `shutdown` is ready, and then writes it to disk.
    ///
    /// `shutdown` can be any future: the `Interrupted` of an actor, an OS signal, the end of a channel.
    pub async fn run(
        failure: Failure,
        ready: oneshot::Sender<()>,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), String> {
        let mut front = Group::new();
        // Its return stops the group.
        front
            .add_abortable(async {
                shutdown.await;
                Ok(())
            })
            .named("index/shutdown");
        front
            .add_with(|interrupted| async move {
                if failure == Failure::Reader {
                    return Err("page 7 is corrupt".into());
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
                Failure::Writer => Err("no space left".into()),
                _ => Ok(()),
            }
        })
        .named("index/writer");

        let mut group = front.before(back);
        group.on_exit(|exit| println!("{exit}"));
        first_error(group).await
    }
}
