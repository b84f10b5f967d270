//! An actor which is a thread: it computes for as long as it likes without a pause, and is told to stop all the same.
//!
//! The thread gets the actor's `Interrupted` and looks at it between two numbers. The actor waits for the thread, so
//! the group does not end before the thread has, and what the thread returns or panics with counts as the actor's.
//!
//! ```text
//! cargo run --example threads -- [LIMIT]
//! ```
//!
//! It counts the primes below LIMIT, which is 100000 unless you give another number:
//!
//! ```text
//! counting; press Ctrl-C to stop
//! 9592 primes below 100000
//! primes returned Ok(())
//! signals aborted
//! ```
//!
//! With a large LIMIT, such as 1000000000000, press Ctrl-C: it says how far it has come, and that it was interrupted.
//!
//! LIMIT 0 is a mistake that the thread does not expect. It panics, and the others still get their orderly stop:
//!
//! ```text
//! counting; press Ctrl-C to stop
//! primes panicked: there is no number below 0
//! signals aborted
//! ```
//!
//! Then the group goes on with the panic, and the exit status is that of a panic: 101.
//!
//! A thread that sleeps until something happens cannot look. It waits for both at once, as in
//! `block_on(or(interrupted, next_event))`, or its actor is added with an interrupt that ends the sleep, such as one
//! that closes the socket from which the thread reads.

use std::fmt::Display;
use std::future::Future;
use std::io::{self, Write};
use std::panic::resume_unwind;
use std::process::ExitCode;
use std::thread;

use async_signal::{Signal, Signals};
use futures::channel::oneshot;
use futures::{FutureExt, StreamExt};
use run_group::{Group, Interrupted};

/// What stops it. Windows has Ctrl-C only.
#[cfg(unix)]
const SIGNALS: &[Signal] = &[Signal::Int, Signal::Term];
#[cfg(windows)]
const SIGNALS: &[Signal] = &[Signal::Int];

fn main() -> ExitCode {
    match limit().and_then(|limit| smol::block_on(count(limit))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("threads: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Returns the limit: the only argument, or the default.
fn limit() -> Result<u64, String> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match arguments.as_slice() {
        [] => Ok(100_000),
        [limit] => {
            let limit = limit.to_string_lossy();
            limit
                .parse()
                .map_err(|error| format!("bad limit `{limit}`: {error}"))
        }
        _ => Err("too many arguments; usage: threads [LIMIT]".into()),
    }
}

/// Counts the primes below `limit`, until a signal.
async fn count(limit: u64) -> Result<(), String> {
    let signal = signal().map_err(|error| format!("cannot wait for signals: {error}"))?;
    say("counting; press Ctrl-C to stop");

    let mut group = Group::new();
    group
        .add_with(|interrupted| async move {
            let counted = on_thread(move || count_primes(limit, interrupted)).await;
            let (primes, limit) =
                counted.map_err(|error| format!("cannot start a thread: {error}"))?;
            say(format_args!("{primes} primes below {limit}"));
            Ok(())
        })
        .named("primes");
    group.add_abortable(signal).named("signals");
    group.on_exit(|exit| say(exit));
    group.run().await
}

/// Runs `work` on a thread of its own, and returns what it returns or panics as it panics.
///
/// The thread begins at the first poll, and has ended when this is ready. If this is dropped before, the thread goes on
/// by itself: nothing but `work` can end it.
async fn on_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    let (running, ended) = oneshot::channel::<()>();
    let thread = thread::Builder::new().spawn(move || {
        // Dropped when `work` has returned, and also when it panics.
        let _running = running;
        work()
    })?;
    let _dropped = ended.await;
    // The work is done, so this does not block for longer than a thread needs to leave.
    thread.join().map_or_else(|panic| resume_unwind(panic), Ok)
}

/// Returns how many primes there are below a number, and that number: `limit`, or how far it came until interrupted.
fn count_primes(limit: u64, mut interrupted: Interrupted) -> (u64, u64) {
    assert!(limit > 0, "there is no number below 0");
    let mut primes = 0;
    for number in 0..limit {
        if (&mut interrupted).now_or_never().is_some() {
            return (primes, number);
        }
        if is_prime(number) {
            primes += 1;
        }
    }
    (primes, limit)
}

fn is_prime(number: u64) -> bool {
    let mut divisors = (2..).take_while(|divisor| divisor * divisor <= number);
    number > 1 && divisors.all(|divisor| number % divisor != 0)
}

/// Returns what waits for a signal. None comes too early: it listens from now on.
fn signal() -> io::Result<impl Future<Output = Result<(), String>>> {
    let mut signals = Signals::new(SIGNALS)?;
    Ok(async move {
        match signals.next().await {
            Some(Err(error)) => Err(format!("cannot wait for signals any more: {error}")),
            Some(Ok(_)) | None => Ok(()),
        }
    })
}

/// Prints a line. That nobody reads it is no reason to stop.
fn say(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}
