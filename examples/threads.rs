//! An actor that runs a thread: the thread computes without a pause, and can still be interrupted.
//!
//! The thread gets the actor's `Interrupted` and checks it before each number. The actor waits for the thread, so the
//! group does not finish before the thread does. If the thread returns or panics, so does the actor.
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
//! With a large LIMIT, such as 1000000000000, press Ctrl-C: the program prints how far the thread has come, and that
//! the actor was interrupted.
//!
//! With LIMIT 0, the thread panics. The other actors still shut down in order:
//!
//! ```text
//! counting; press Ctrl-C to stop
//! primes panicked: there is no number below 0
//! signals aborted
//! ```
//!
//! Then the panic continues in `main`, and the exit code is that of a panic: 101.
//!
//! A thread that waits for an event cannot check. Let it wait for the event and the interrupt at once, with
//! `block_on(interrupted.unless(next_event))`. Or give its actor an interrupt that ends the sleep, for example by
//! closing the socket that the thread reads from.

use std::io;
use std::panic::resume_unwind;
use std::thread;

use futures::channel::oneshot;
use run_group::{Group, Interrupted};

use signals::Signals;
use terminal::{println, Usage};

mod signals;
mod terminal;

fn main() -> anyhow::Result<()> {
    let usage = Usage("[LIMIT]");
    let [limit] = usage.arguments();
    let limit = limit.unwrap_or("100000".into());
    match limit.parse() {
        Ok(limit) => smol::block_on(count(limit)),
        Err(error) => usage.fail(format_args!("bad limit `{limit}`: {error}")),
    }
}

/// Counts the primes below `limit`, until a signal arrives.
async fn count(limit: u64) -> anyhow::Result<()> {
    let signals = Signals::listen()?;
    println!("counting; press Ctrl-C to stop");

    let mut group = Group::new();
    group
        .add_with(|interrupted| async move {
            let (primes, limit) = on_thread(move || count_primes(limit, interrupted)).await?;
            println!("{primes} primes below {limit}");
            Ok(())
        })
        .named("primes");
    group.add_abortable(signals.next()).named("signals");
    group.on_exit(|exit| println!("{exit}"));
    group.run().await
}

/// Runs `work` on a thread of its own. Returns its output, or panics if it panics.
///
/// The thread starts when this future is first polled, and has ended when the future is ready. If you drop the future
/// before that, the thread continues, because nothing but `work` can end it.
pub async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let (running, ended) = oneshot::channel::<()>();
    let thread = thread::Builder::new().spawn(move || {
        // Dropped when `work` returns or panics.
        let _running = running;
        work()
    })?;
    let _dropped = ended.await;
    // The work is done, so this blocks only for as long as the thread takes to exit.
    thread.join().map_or_else(|panic| resume_unwind(panic), Ok)
}

/// Returns how many primes are below a number, and that number: `limit` or, if interrupted, the number that it had
/// reached.
pub fn count_primes(limit: u64, interrupted: Interrupted) -> (u64, u64) {
    assert!(limit > 0, "there is no number below 0");
    let mut primes = 0;
    for number in 0..limit {
        if interrupted.is_interrupted() {
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
