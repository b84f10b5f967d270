//! A TCP echo server with a graceful shutdown.
//!
//! Its group has two actors. One accepts connections and serves them. The other returns when a signal comes, which
//! stops the group. The first actor is then interrupted: it accepts no more clients, and serves those that are
//! connected until they leave. The grace period limits this to 10 seconds. A second signal ends it early.
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
//! waiting for clients
//! clients returned Ok(()), interrupted
//! ```
//!
//! If you do not leave `nc`, the last line is `clients expired`.
//!
//! A signal is a clean shutdown, with exit status 0. If the port is in use or the address is bad, the program says so
//! and exits with 1.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use async_signal::{Signal, Signals};
use futures::stream::{self, StreamExt, TryStreamExt};
use run_group::{Group, Interrupted};
use smol::future::{or, yield_now};
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::net::{TcpListener, TcpStream};
use smol::Timer;

/// How long clients may stay once the shutdown has begun.
const GRACE_PERIOD: Duration = Duration::from_secs(10);

/// The signals that stop it. Windows has only Ctrl-C.
#[cfg(unix)]
const SIGNALS: &[Signal] = &[Signal::Int, Signal::Term];
#[cfg(windows)]
const SIGNALS: &[Signal] = &[Signal::Int];

fn main() -> ExitCode {
    match address().and_then(|address| smol::block_on(echo(&address))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            complain(format_args!("echo: {message}"));
            ExitCode::FAILURE
        }
    }
}

/// Returns the address to listen on: the only argument, or the default.
fn address() -> Result<String, String> {
    let mut arguments = std::env::args_os().skip(1);
    let address = arguments.next().unwrap_or("127.0.0.1:7007".into());
    if arguments.next().is_some() {
        return Err("too many arguments; usage: echo [ADDRESS]".into());
    }
    address
        .into_string()
        .map_err(|address| bad_address(&address.to_string_lossy()))
}

fn bad_address(address: &str) -> String {
    format!("bad address `{address}`; give HOST:PORT, such as 127.0.0.1:7007")
}

/// Serves until a signal or a failure.
async fn echo(address: &str) -> Result<(), String> {
    // Before the server can be seen from outside, so that no signal comes too early.
    let signals =
        Signals::new(SIGNALS).map_err(|error| format!("cannot wait for signals: {error}"))?;

    // Looking up a name may take long, so a signal can end the program meanwhile.
    let listen = async { listen(address).await.map(Some) };
    let stop = async { signal(&signals).await.map(|()| None) };
    let Some(listener) = or(listen, stop).await? else {
        return Ok(());
    };
    if let Ok(local) = listener.local_addr() {
        say(format_args!("listening on {local}"));
    }

    let mut group = Group::new();
    group
        .add_with(|interrupted| serve(listener, interrupted))
        .named("clients");
    group.add_abortable(signal(&signals)).named("signals");
    group.grace_period(|| or(timer(), async { drop(signal(&signals).await) }));
    group.on_exit(|exit| say(exit));
    group.on_wait(|waiting| say(format_args!("waiting for {waiting}")));
    group.run().await
}

/// Listens, or returns why not and what to do.
async fn listen(address: &str) -> Result<TcpListener, String> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| match error.kind() {
        ErrorKind::InvalidInput => bad_address(address),
        ErrorKind::AddrInUse => {
            format!("{address} is in use; stop what listens there or give another address")
        }
        _ => format!("cannot listen on {address}: {error}"),
    })
}

/// Accepts clients until interrupted, and serves them all until they leave.
pub async fn serve(listener: TcpListener, interrupted: Interrupted) -> Result<(), String> {
    // The stream owns the listener. When the stream ends, the listener is closed, and the system refuses new clients.
    let clients = stream::try_unfold(listener, |listener| async {
        let client = accept(&listener).await?;
        Ok(Some((client, listener)))
    });
    clients
        .take_until(interrupted)
        .try_for_each_concurrent(None, |(mut client, peer)| async move {
            if let Err(error) = serve_one(&mut client).await {
                complain(format_args!("client {peer}: {error}"));
            }
            Ok(())
        })
        .await
}

/// Accepts one client.
async fn accept(listener: &TcpListener) -> Result<(TcpStream, SocketAddr), String> {
    loop {
        let error = match listener.accept().await {
            Ok(client) => return Ok(client),
            Err(error) => error,
        };
        if is_lost(&error) {
            return Err(format!("cannot accept clients any more: {error}"));
        }
        // Too many files are open, or the client has hung up. Both pass.
        complain(format_args!("cannot accept a client: {error}"));
        Timer::after(Duration::from_millis(100)).await;
    }
}

/// Returns whether the error means that the listener can no longer be used.
fn is_lost(error: &io::Error) -> bool {
    // The system's errors for a file that is closed or is no socket.
    const NO_SOCKET: &[i32] = if cfg!(windows) {
        &[10009, 10038]
    } else {
        &[9, 88]
    };
    error.kind() == ErrorKind::InvalidInput
        || matches!(error.raw_os_error(), Some(code) if NO_SOCKET.contains(&code))
}

/// Sends back what the client sends, until it sends no more.
async fn serve_one(client: &mut TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let length = client.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        client.write_all(&buffer[..length]).await?;
        // A client that always has data must not block the other clients or the signals.
        yield_now().await;
    }
}

/// Returns when the grace period is over.
async fn timer() {
    Timer::after(GRACE_PERIOD).await;
}

/// Returns when a signal comes.
async fn signal(mut signals: &Signals) -> Result<(), String> {
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
