//! A listener as an actor, as in the README of Go's oklog/run, on async-std.
//!
//! In Go, the interrupt closes the listener, and so the loop that accepts returns:
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
//! The server greets each client and hangs up, until a signal comes:
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
//! A signal is a clean shutdown, with exit status 0. If the port is in use or the address is bad, the program says so
//! and exits with 1.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::time::Duration;

use async_signal::{Signal, Signals};
use async_std::net::TcpListener;
use async_std::task;
use futures::{AsyncWriteExt, StreamExt};
use run_group::{Group, Interrupted};

/// The signals that stop the server. Windows has only Ctrl-C.
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
    // An argument that is not Unicode is no address either. It is shown as far as possible.
    Ok(address.to_string_lossy().into())
}

/// Greets clients until a signal or a failure.
async fn run(address: &str) -> Result<(), String> {
    // Before the server can be seen from outside, so that no signal comes too early.
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
    group
        .add_with(|interrupted| greet(listener, interrupted))
        .named("greeter");
    group.add_abortable(signal(signals)).named("signals");
    group.on_exit(|exit| say(exit));
    group.run().await
}

/// Greets one client after the other until interrupted.
pub async fn greet(listener: TcpListener, mut interrupted: Interrupted) -> Result<(), String> {
    while let Some(client) = interrupted.unless(listener.accept()).await {
        match client {
            // The greeting is so short that writing it does not wait for the client.
            Ok((mut client, _)) => {
                if let Err(error) = client.write_all(b"hello\n").await {
                    complain(format_args!("cannot greet a client: {error}"));
                }
            }
            // Most likely too many files are open, which passes.
            Err(error) => {
                complain(format_args!("cannot accept clients: {error}"));
                interrupted
                    .unless(task::sleep(Duration::from_millis(500)))
                    .await;
            }
        }
    }
    Ok(())
}

/// Returns when a signal comes.
async fn signal(mut signals: Signals) -> Result<(), String> {
    match signals.next().await {
        Some(Err(error)) => Err(format!("cannot wait for signals any more: {error}")),
        Some(Ok(_)) | None => Ok(()),
    }
}

/// Prints a line. If the output is closed, the server continues without it.
fn say(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Prints a line to the standard error, with the same rule.
fn complain(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}
