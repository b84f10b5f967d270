//! A group under Tokio: an actor spawns its work, so that the work may run on any thread of the runtime.
//!
//! A group polls all its actors in one place. An actor that needs more than its turn there spawns its work and awaits
//! the `JoinHandle`: it returns what the work returns and panics as the work panics. When it expires it is dropped, and
//! that aborts the work.
//!
//! ```text
//! cargo run -p run-group-tokio -- [HABIT]
//! ```
//!
//! Press Ctrl-C. The work is told to stop, and the actor returns what the work does:
//!
//! ```text
//! working; press Ctrl-C
//! signals returned "told by a signal"
//! work returned "all done", interrupted
//! the work has ended
//! ```
//!
//! With `deaf` as HABIT the work does not listen. After a grace period of one second its actor expires:
//!
//! ```text
//! working; press Ctrl-C
//! signals returned "told by a signal"
//! work expired
//! the work has ended
//! ```
//!
//! With `clumsy` as HABIT the work panics at once. The group stops in order and then goes on with the panic, so the
//! exit status is that of a panic, 101:
//!
//! ```text
//! working; press Ctrl-C
//! work panicked: the work fell on the floor
//! signals aborted
//! ```

use std::convert::Infallible;
use std::fmt::Display;
use std::future::{pending, Future};
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use run_group::{Group, Interrupted};
use run_group_tokio::spawned;
use tokio::sync::oneshot;
use tokio::time::sleep;

/// How long the work may go on once it is told to stop.
const GRACE_PERIOD: Duration = Duration::from_secs(1);

/// How the work behaves.
enum Habit {
    Good,
    Deaf,
    Clumsy,
}

#[tokio::main]
async fn main() -> ExitCode {
    let ended = match habit() {
        Ok(habit) => program(habit).await,
        Err(message) => Err(message),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("tokio: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Returns how the work is to behave: what the only argument says.
fn habit() -> Result<Habit, String> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match arguments.as_slice() {
        [] => Ok(Habit::Good),
        [habit] if habit == "deaf" => Ok(Habit::Deaf),
        [habit] if habit == "clumsy" => Ok(Habit::Clumsy),
        [other] => {
            let other = other.to_string_lossy();
            Err(format!(
                "unknown habit `{other}`; give deaf, clumsy or nothing"
            ))
        }
        _ => Err("too many arguments; give one habit or nothing".into()),
    }
}

/// Has the work done until a signal.
async fn program(habit: Habit) -> Result<(), String> {
    let signal = signal().map_err(|error| format!("cannot wait for signals: {error}"))?;
    let (working, ended) = oneshot::channel();
    say("working; press Ctrl-C");

    let mut group = Group::new();
    group
        .add_with(|interrupted| spawned(work(habit, interrupted, working)))
        .named("work");
    group.add_abortable(signal).named("signals");
    group.grace_period(|| sleep(GRACE_PERIOD));
    group.on_exit(|exit| say(exit));
    group.await;

    // An abort is a request: the runtime drops the work when it comes to it, which may be later than the group's end.
    let _dropped = ended.await;
    say("the work has ended");
    Ok(())
}

/// Works until interrupted, or as its habit is. `_working` is dropped when the work ends, in whatever way.
async fn work(
    habit: Habit,
    interrupted: Interrupted,
    _working: oneshot::Sender<Infallible>,
) -> &'static str {
    match habit {
        Habit::Good => interrupted.await,
        Habit::Deaf => pending().await,
        Habit::Clumsy => panic!("the work fell on the floor"),
    }
    "all done"
}

/// Returns what waits for a signal. None comes too early: it listens from now on.
#[cfg(unix)]
fn signal() -> io::Result<impl Future<Output = &'static str>> {
    use tokio::signal::unix::{signal, SignalKind};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        "told by a signal"
    })
}

/// Returns what waits for Ctrl-C. None comes too early: it listens from now on.
#[cfg(windows)]
fn signal() -> io::Result<impl Future<Output = &'static str>> {
    let mut ctrl_c = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        ctrl_c.recv().await;
        "told by a signal"
    })
}

/// Prints a line. That nobody reads it is no reason to stop.
fn say(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}
