//! A reader as an actor, as in the README of Go's oklog/run: it numbers lines until they end or a signal comes.
//!
//! Reading may block for hours, until you type a line. Printing into `less` may block until you turn the page. So
//! neither happens on the thread of the group. A thread that blocks cannot be interrupted, but it can be left behind:
//! the actor is abortable. The count outlives the actor, which only borrows it.
//!
//! ```text
//! cargo run --example lines -- [FILE]
//! ```
//!
//! Without a FILE it reads what you type. After two lines, press Ctrl-D (on Windows Ctrl-Z, then Enter) or Ctrl-C:
//!
//! ```text
//! one
//! 1 one
//! two
//! 2 two
//! lines read: 2
//! ```
//!
//! The last line goes to the standard error, because it is not part of the output. A signal is a clean shutdown, with
//! exit status 0. If the program cannot read or print, it says so and exits with 1.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::process::ExitCode;

use async_signal::{Signal, Signals};
use futures::StreamExt;
use run_group::Group;
use smol::io::{AsyncBufReadExt, BufReader};
use smol::{unblock, Unblock};

/// The signals that end it early. Windows has only Ctrl-C.
#[cfg(unix)]
const SIGNALS: &[Signal] = &[Signal::Int, Signal::Term];
#[cfg(windows)]
const SIGNALS: &[Signal] = &[Signal::Int];

fn main() -> ExitCode {
    match file().and_then(|file| smol::block_on(run(file))) {
        Ok(count) => {
            complain(format_args!("lines read: {count}"));
            ExitCode::SUCCESS
        }
        Err(message) => {
            complain(format_args!("lines: {message}"));
            ExitCode::FAILURE
        }
    }
}

/// Returns the file to read: the only argument, if there is one.
fn file() -> Result<Option<OsString>, String> {
    let mut arguments = std::env::args_os().skip(1);
    let file = arguments.next();
    match arguments.next() {
        Some(_) => Err("too many arguments; usage: lines [FILE]".into()),
        None => Ok(file),
    }
}

/// Numbers lines until they end or a signal comes, and returns how many there were.
async fn run(file: Option<OsString>) -> Result<u64, String> {
    let signals =
        Signals::new(SIGNALS).map_err(|error| format!("cannot wait for signals: {error}"))?;

    let mut count = 0;
    let mut group = Group::new();
    group.add_abortable(number(file, &mut count));
    group.add_abortable(signal(signals));
    group.run().await?;
    Ok(count)
}

/// Numbers lines until they end.
async fn number(file: Option<OsString>, count: &mut u64) -> Result<(), String> {
    let mut lines = BufReader::new(Unblock::new(open(file).await?)).split(b'\n');
    while let Some(line) = lines.next().await {
        let line = line.map_err(|error| format!("cannot read: {error}"))?;
        *count += 1;
        print(*count, line)
            .await
            .map_err(|error| format!("cannot print: {error}"))?;
    }
    Ok(())
}

/// Opens the file, or the standard input. Opening may block as well, for instance on a named pipe.
async fn open(file: Option<OsString>) -> Result<Box<dyn Read + Send>, String> {
    let Some(file) = file else {
        return Ok(Box::new(io::stdin()));
    };
    let name = file.to_string_lossy().into_owned();
    match unblock(|| File::open(file)).await {
        Ok(file) => Ok(Box::new(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(format!(
            "there is no file `{name}`; give one that exists, or none to type the lines"
        )),
        Err(error) => Err(format!("cannot open `{name}`: {error}")),
    }
}

/// Prints a line with its number. Bytes that are not text are shown as `\u{fffd}`.
async fn print(number: u64, line: Vec<u8>) -> io::Result<()> {
    unblock(move || {
        let line = String::from_utf8_lossy(&line);
        writeln!(io::stdout(), "{number} {line}")
    })
    .await
}

/// Returns when a signal comes.
async fn signal(mut signals: Signals) -> Result<(), String> {
    match signals.next().await {
        Some(Err(error)) => Err(format!("cannot wait for signals any more: {error}")),
        Some(Ok(_)) | None => Ok(()),
    }
}

/// Prints a line to the standard error. If that is closed, there is nothing left to do.
fn complain(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}
