//! A listener as an actor, as known from Go's oklog/run, on async-std.
//!
//! There, a listener is closed from outside, and that makes the loop that accepts return:
//!
//! ```text
//! g.Add(func() error { return greet(ln) }, func(error) { ln.Close() })
//! ```
//!
//! Here, a listener is closed when its owner drops it. The owner is the loop, so the interrupt only tells it to:
//!
//! ```text
//! group.add(greet(listener, closed), |_| drop(close));
//! ```
//!
//! The server greets each client and hangs up, until a signal:
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
//! It prints `hello` and is back. Press Ctrl-C in the first terminal:
//!
//! ```text
//! listening on 127.0.0.1:7008
//! signals returned Ok(())
//! greeter returned Ok(()), interrupted
//! ```
//!
//! A signal is a clean stop, with exit status 0. With the port in use or a bad address it says so and exits with 1.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::time::Duration;

use async_signal::{Signal, Signals};
use async_std::net::TcpListener;
use async_std::task;
use futures::channel::oneshot;
use futures::{AsyncWriteExt, StreamExt};
use run_group::Group;

/// What tells the server to stop. Windows has Ctrl-C only.
#[cfg(unix)]
const SIGNALS: &[Signal] = &[Signal::Int, Signal::Term];
#[cfg(windows)]
const SIGNALS: &[Signal] = &[Signal::Int];

fn main() -> ExitCode {
    match address().and_then(|address| task::block_on(run(&address))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            complain(format_args!("tcp_server: {message}"));
            ExitCode::FAILURE
        }
    }
}

/// Returns the address to listen on: the only argument, or the default.
fn address() -> Result<String, String> {
    let mut arguments = std::env::args_os().skip(1);
    let address = arguments.next().unwrap_or("127.0.0.1:7008".into());
    if arguments.next().is_some() {
        return Err("too many arguments; usage: tcp_server [ADDRESS]".into());
    }
    // What is not Unicode is no address either, and is shown as far as it can be.
    Ok(address.to_string_lossy().into())
}

/// Greets until a signal or a failure.
async fn run(address: &str) -> Result<(), String> {
    // Before anybody can know that the server is there, so that no signal comes too early.
    let signals =
        Signals::new(SIGNALS).map_err(|error| format!("cannot wait for signals: {error}"))?;

    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| match error.kind() {
        ErrorKind::InvalidInput => {
            format!("bad address `{address}`; give HOST:PORT, such as 127.0.0.1:7008")
        }
        ErrorKind::AddrInUse => {
            format!("{address} is in use; stop what listens there or give another address")
        }
        _ => format!("cannot listen on {address}: {error}"),
    })?;
    if let Ok(local) = listener.local_addr() {
        say(format_args!("listening on {local}"));
    }

    let mut group = Group::new();
    let (close, closed) = oneshot::channel();
    group
        .add(greet(listener, closed), |_| drop(close))
        .named("greeter");
    group.add_abortable(signal(signals)).named("signals");
    group.on_exit(|exit| say(exit));
    group.run().await
}

/// Greets one client after the other until closed.
async fn greet(listener: TcpListener, closed: oneshot::Receiver<()>) -> Result<(), String> {
    let mut clients = listener.incoming().take_until(closed);
    while let Some(client) = clients.next().await {
        match client {
            // The greeting is too short to have to wait for the client.
            Ok(mut client) => {
                if let Err(error) = client.write_all(b"hello\n").await {
                    complain(format_args!("cannot greet a client: {error}"));
                }
            }
            // Too many open files, most likely, which passes.
            Err(error) => {
                complain(format_args!("cannot accept clients: {error}"));
                task::sleep(Duration::from_millis(500)).await;
            }
        }
    }
    Ok(())
}

/// Waits for a signal.
async fn signal(mut signals: Signals) -> Result<(), String> {
    match signals.next().await {
        Some(Err(error)) => Err(format!("cannot wait for signals any more: {error}")),
        Some(Ok(_)) | None => Ok(()),
    }
}

/// Prints a line. That nobody reads it is no reason to stop serving.
fn say(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Prints a line to the standard error, likewise.
fn complain(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}
