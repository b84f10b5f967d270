//! A TCP echo server in which every client is an actor. It serves its clients to the end when it shuts down.
//!
//! The listener is an actor, too. It adds an actor for each client through a handle, and names it by its address. A
//! client that disconnects does not stop the group, whatever the reason. When a signal arrives, the listener accepts no
//! more clients, and the group waits until those that are connected disconnect. The grace period limits this to ten
//! seconds. A second signal ends the grace period early.
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
//! What you type comes back. Leave `nc`, and start it again. Press Ctrl-C in the first terminal while `nc` is
//! connected, then leave `nc`:
//!
//! ```text
//! listening on 127.0.0.1:7007
//! 127.0.0.1:50110 returned Ok(()), left
//! signals returned Ok(())
//! listener returned Ok(()), interrupted
//! waiting for 127.0.0.1:50112; press Ctrl-C again to drop it
//! 127.0.0.1:50112 returned Ok(()), interrupted
//! ```
//!
//! Then the exit code is 0. If you do not leave `nc`, the last line is `127.0.0.1:50112 expired`, and the exit code is
//! 1. If the port is in use or the address is bad, the program says so and exits with 1.

use std::time::Duration;

use anyhow::anyhow;
use futures::future::select;
use run_group::{Group, Interrupted, LocalGroup, LocalHandle, Report};
use smol::future::yield_now;
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::net::{TcpListener, TcpStream};
use smol::Timer;

use accept::accept;
use signals::Signals;
use terminal::{println, Usage};

mod accept;
mod signals;
mod terminal;

/// What each actor returns.
type Output = anyhow::Result<()>;

/// How long clients may stay after the shutdown has begun.
const GRACE_PERIOD: Duration = Duration::from_secs(10);

fn main() -> anyhow::Result<Report<Output>> {
    let [address] = Usage("[ADDRESS]").arguments();
    smol::block_on(echo(&address.unwrap_or("127.0.0.1:7007".into())))
}

/// Serves clients until a signal arrives or the listener fails.
async fn echo(address: &str) -> anyhow::Result<Report<Output>> {
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| anyhow!("cannot listen on {address}: {error}"))?;
    let signals = Signals::listen()?;
    println!("listening on {}", listener.local_addr()?);

    let mut group = server(listener);
    group.add_abortable(signals.next()).named("signals");
    group.grace_period(|| select(Timer::after(GRACE_PERIOD), Box::pin(signals.second())));
    group.on_exit(|exit| println!("{exit}"));
    group.on_wait(|waiting| {
        let them = if waiting.len() == 1 { "it" } else { "them" };
        println!("waiting for {waiting}; press Ctrl-C again to drop {them}");
    });
    Ok(group.report().await)
}

/// Returns a group of a listener, which adds an actor for each client.
pub fn server<'a>(listener: TcpListener) -> LocalGroup<'a, Output> {
    let mut group = Group::local();
    let handle = group.handle();
    group.add_with(|interrupted| listen(listener, handle, interrupted)).named("listener");
    group
}

/// Accepts clients until interrupted. Then the listener is closed, and the system refuses new clients.
async fn listen(
    listener: TcpListener,
    handle: LocalHandle<'_, Output>,
    mut interrupted: Interrupted,
) -> Output {
    while let Some(accepted) = interrupted.unless(accept(&listener)).await {
        let (client, address) = accepted?;
        handle
            .add(serve(client), |_| {}) // it has time until its client disconnects
            .stops_if(|_| false)
            .named(address.to_string());
    }
    Ok(())
}

/// Sends back what the client sends, until it sends no more.
async fn serve(mut client: TcpStream) -> Output {
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
