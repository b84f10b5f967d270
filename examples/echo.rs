//! A TCP echo server that serves its clients to the end when it shuts down.
//!
//! Its group has two actors. One accepts clients and serves them. The other returns when a signal arrives, and so stops
//! the group. The first actor is then interrupted: it accepts no more clients, and returns when those that are
//! connected have left. The grace period limits this to ten seconds. A second signal ends the grace period early.
//!
//! ```text
//! cargo run --example echo -- [ADDRESS]
//! ```
//!
//! ADDRESS is 127.0.0.1:7007 unless you give one; with port 0 the system chooses a port. In a second terminal:
//!
//! ```text
//! nc 127.0.0.1 7007
//! ```
//!
//! What you type comes back. Press Ctrl-C in the first terminal while `nc` is connected, then leave `nc`:
//!
//! ```text
//! listening on 127.0.0.1:7007
//! signals returned Ok(())
//! waiting for 1 client; press Ctrl-C again to drop it
//! clients returned Ok(()), interrupted
//! ```
//!
//! If you do not leave `nc`, the last line is `clients expired`.
//!
//! The exit status is 0. If the port is in use or the address is bad, the program says so and exits with 1.

use std::cell::Cell;
use std::time::Duration;

use anyhow::anyhow;
use futures::future::select;
use futures::stream::{self, StreamExt, TryStreamExt};
use run_group::{Group, Interrupted};
use smol::future::yield_now;
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::net::{TcpListener, TcpStream};
use smol::Timer;

use signals::Signals;

mod signals;

/// How long clients may stay after the shutdown has begun.
const GRACE_PERIOD: Duration = Duration::from_secs(10);

fn main() -> anyhow::Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:7007".into());
    smol::block_on(echo(&address))
}

/// Serves clients until a signal arrives or something fails.
async fn echo(address: &str) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| anyhow!("cannot listen on {address}: {error}"))?;
    let signals = Signals::listen()?;
    println!("listening on {}", listener.local_addr()?);

    let clients = Cell::new(0);
    let mut group = Group::local();
    group
        .add_with(|interrupted| serve(listener, &clients, interrupted))
        .named("clients");
    group.add_abortable(signals.next()).named("signals");
    group.grace_period(|| select(Timer::after(GRACE_PERIOD), Box::pin(signals.next())));
    group.on_exit(|exit| println!("{exit}"));
    group.on_wait(|_| match clients.get() {
        1 => println!("waiting for 1 client; press Ctrl-C again to drop it"),
        number => println!("waiting for {number} clients; press Ctrl-C again to drop them"),
    });
    group.run().await
}

/// Accepts clients until interrupted, and serves each of them until it leaves.
pub async fn serve(
    listener: TcpListener,
    clients: &Cell<u32>,
    interrupted: Interrupted,
) -> anyhow::Result<()> {
    // The stream owns the listener. When the stream ends, the listener is closed, and the system refuses new clients.
    let accepted = stream::try_unfold(listener, |listener| async {
        let client = listener.accept().await?;
        anyhow::Ok(Some((client, listener)))
    });
    accepted
        .take_until(interrupted)
        .try_for_each_concurrent(None, |(client, peer)| async move {
            clients.set(clients.get() + 1);
            if let Err(error) = serve_one(client).await {
                eprintln!("client {peer}: {error}");
            }
            clients.set(clients.get() - 1);
            Ok(())
        })
        .await
}

/// Sends back what the client sends, until it sends no more.
async fn serve_one(mut client: TcpStream) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let length = client.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        client.write_all(&buffer[..length]).await?;
        // A client that always has data must not block the others.
        yield_now().await;
    }
}
