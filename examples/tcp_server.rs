//! A listener as an actor, like the one in the README of Go's oklog/run, on async-std.
//!
//! In Go, the interrupt closes the listener, so that the accept loop returns:
//!
//! ```text
//! g.Add(func() error { return greet(ln) }, func(error) { ln.Close() })
//! ```
//!
//! In Rust, a listener is closed when its owner drops it. The owner is the loop, which returns when it is interrupted:
//!
//! ```text
//! group.add_with(|interrupted| greet(listener, interrupted));
//! ```
//!
//! Until a signal arrives, the server greets each client and closes the connection:
//!
//! ```text
//! cargo run --example tcp_server -- [ADDRESS]
//! ```
//!
//! ADDRESS is 127.0.0.1:7008 unless you give one; with port 0 the system chooses a port. In a second terminal:
//!
//! ```text
//! nc 127.0.0.1 7008
//! ```
//!
//! `nc` prints `hello` and ends. Press Ctrl-C in the first terminal:
//!
//! ```text
//! listening on 127.0.0.1:7008
//! signals returned Ok(())
//! greeter returned Ok(()), interrupted
//! ```
//!
//! After a signal, the exit code is 0. If the port is in use or the address is bad, the program says so and exits with
//! 1.

use std::time::Duration;

use anyhow::anyhow;
use async_std::net::TcpListener;
use async_std::task;
use futures::AsyncWriteExt;
use run_group::{Group, Interrupted};

use signals::Signals;
use terminal::{eprintln, println, Usage};

mod signals;
mod terminal;

fn main() -> anyhow::Result<()> {
    let [address] = Usage("[ADDRESS]").arguments();
    task::block_on(run(&address.unwrap_or("127.0.0.1:7008".into())))
}

/// Greets clients until a signal arrives or something fails.
async fn run(address: &str) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| anyhow!("cannot listen on {address}: {error}"))?;
    let signals = Signals::listen()?;
    println!("listening on {}", listener.local_addr()?);

    let mut group = Group::new();
    group.add_with(|interrupted| greet(listener, interrupted)).named("greeter");
    group.add_abortable(signals.next()).named("signals");
    group.on_exit(|exit| println!("{exit}"));
    group.run().await
}

/// Greets one client after the other until interrupted.
pub async fn greet(listener: TcpListener, mut interrupted: Interrupted) -> anyhow::Result<()> {
    while let Some(client) = interrupted.unless(listener.accept()).await {
        match client {
            // The greeting is so short that the server need not wait for the client to read it.
            Ok((mut client, peer)) => {
                if let Err(error) = client.write_all(b"hello\n").await {
                    eprintln!("client {peer}: {error}");
                }
            }
            Err(error) => {
                eprintln!("cannot accept a client: {error}"); // such as too many open files
                task::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    Ok(())
}
