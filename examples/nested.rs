//! A group inside a group: a library runs one of its own, and a program runs the library as one of its actors.
//!
//! The library's function is a future that ends when it is told to. Nothing in its signature says that there is a group
//! in it. The program interrupts it like any actor, and the library then stops its own actors, in its own order.
//!
//! ```text
//! cargo run --example nested -- [FAILURE]
//! ```
//!
//! Without FAILURE the program's client returns when it has what it wants. It prints, in this order:
//!
//! ```text
//! the client finds the index ready
//! client returned Ok(())
//! index/told returned Ok(())
//! index/reader returned Ok(()), interrupted
//! index/writer returned Ok(()), interrupted
//! index returned Ok(()), interrupted
//! ```
//!
//! With `reader` as FAILURE, that actor of the library fails. That ends its group, and then the program's:
//!
//! ```text
//! index/reader returned Err("a page is torn out")
//! index/told aborted
//! index/writer returned Ok(()), interrupted
//! index returned Err("a page is torn out")
//! client returned Ok(()), interrupted
//! ```
//!
//! Then the error goes to the standard error as well, and the exit status is 1.

use std::process::ExitCode;

use futures::channel::oneshot::{self, Canceled};
use run_group::Group;

fn main() -> ExitCode {
    match is_torn().and_then(|is_torn| smol::block_on(program(is_torn))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("nested: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether the reader is to fail: what the only argument says.
fn is_torn() -> Result<bool, String> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match arguments.as_slice() {
        [] => Ok(false),
        [failure] if failure == "reader" => Ok(true),
        [other] => {
            let other = other.to_string_lossy();
            Err(format!("unknown failure `{other}`; give reader or nothing"))
        }
        _ => Err("too many arguments; usage: nested [FAILURE]".into()),
    }
}

/// Runs an index and a client of it.
async fn program(is_torn: bool) -> Result<(), String> {
    let (ready, is_ready) = oneshot::channel();

    let mut group = Group::new();
    group
        .add_with(|interrupted| index::run(is_torn, ready, interrupted))
        .named("index");
    group
        .add_with(|interrupted| async {
            match is_ready.await {
                Ok(()) => println!("the client finds the index ready"),
                // The index has failed. It is the one to say why.
                Err(Canceled) => interrupted.await,
            }
            Ok(())
        })
        .named("client");
    group.on_exit(|exit| println!("{exit}"));
    group.run().await
}

/// The library.
mod index {
    use std::future::Future;

    use futures::channel::oneshot;
    use run_group::Group;

    /// Keeps an index until `told` is ready, and then writes it down.
    ///
    /// `told` may be any future: the `Interrupted` of an actor, a signal, the end of a channel.
    pub async fn run(
        is_torn: bool,
        ready: oneshot::Sender<()>,
        told: impl Future<Output = ()> + Send,
    ) -> Result<(), String> {
        let mut front = Group::new();
        // The way in: its return stops the group.
        front
            .add_abortable(async {
                told.await;
                Ok(())
            })
            .named("index/told");
        front
            .add_with(|interrupted| async move {
                if is_torn {
                    return Err("a page is torn out".into());
                }
                let _ = ready.send(());
                interrupted.await;
                Ok(())
            })
            .named("index/reader");

        let mut back = Group::new();
        back.add_with(|interrupted| async {
            interrupted.await;
            Ok(())
        })
        .named("index/writer");

        let mut group = front.before(back);
        group.on_exit(|exit| println!("{exit}"));
        group.run().await
    }
}
