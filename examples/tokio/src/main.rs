//! A group under Tokio: an actor spawns its work, so that the work may run on any thread of the runtime.
//!
//! A group polls all its actors in one task. If an actor needs a task of its own, let it spawn its work and await the
//! handle. The actor then returns when the work returns, and panics if the work panics. If the actor expires, the
//! handle is dropped, which aborts the work.
//!
//! ```text
//! cargo run -p run-group-tokio -- [HABIT]
//! ```
//!
//! Press Ctrl-C. The work is interrupted, and the actor returns its output:
//!
//! ```text
//! working; press Ctrl-C
//! signals returned "a signal came"
//! work returned "all done", interrupted
//! the work has ended
//! ```
//!
//! With `deaf` as HABIT, the work ignores its interruption. After a grace period of one second, its actor expires:
//!
//! ```text
//! working; press Ctrl-C
//! signals returned "a signal came"
//! work expired
//! the work has ended
//! ```
//!
//! With `clumsy` as HABIT, the work panics at once. The group shuts down in order, and then the panic continues in
//! `main`. So the exit code is that of a panic, 101:
//!
//! ```text
//! working; press Ctrl-C
//! work panicked: the work dropped a tool
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

/// How long the work may take after the shutdown has begun.
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

/// Returns the habit that the only argument names.
fn habit() -> Result<Habit, String> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match arguments.as_slice() {
        [] => Ok(Habit::Good),
        [habit] if habit == "deaf" => Ok(Habit::Deaf),
        [habit] if habit == "clumsy" => Ok(Habit::Clumsy),
        [other] => {
            let other = other.to_string_lossy();
            Err(format!("unknown habit `{other}`; give deaf, clumsy or nothing"))
        }
        _ => Err("too many arguments; give one habit or nothing".into()),
    }
}

/// Runs the work until a signal comes.
async fn program(habit: Habit) -> Result<(), String> {
    let signal = signal().map_err(|error| format!("cannot wait for signals: {error}"))?;
    let (working, ended) = oneshot::channel();
    say("working; press Ctrl-C");

    let mut group = Group::new();
    group.add_with(|interrupted| spawned(work(habit, interrupted, working))).named("work");
    group.add_abortable(signal).named("signals");
    group.grace_period(|| sleep(GRACE_PERIOD));
    group.on_exit(|exit| say(exit));
    group.await;

    // Aborting is a request. The runtime may drop the work after the group has ended.
    let _dropped = ended.await;
    say("the work has ended");
    Ok(())
}

/// Works until interrupted, unless `habit` says otherwise. When it ends, in whatever way, `_working` is dropped.
async fn work(
    habit: Habit,
    interrupted: Interrupted,
    _working: oneshot::Sender<Infallible>,
) -> &'static str {
    match habit {
        Habit::Good => interrupted.await,
        Habit::Deaf => pending().await,
        Habit::Clumsy => panic!("the work dropped a tool"),
    }
    "all done"
}

/// Returns a future that is ready when a signal comes. It listens from now on, so no signal comes too early.
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
        "a signal came"
    })
}

/// Returns a future that is ready when Ctrl-C is pressed. It listens from now on, so none comes too early.
#[cfg(windows)]
fn signal() -> io::Result<impl Future<Output = &'static str>> {
    let mut ctrl_c = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        ctrl_c.recv().await;
        "a signal came"
    })
}

/// Prints a line. If the output is closed, the program continues without it.
fn say(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}
