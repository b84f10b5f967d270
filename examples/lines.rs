//! A reader as an actor, like the one in the README of Go's oklog/run: it numbers lines until they end or a signal
//! arrives.
//!
//! Reading from a terminal may block for hours, until you type a line. Printing into `less` may block until you turn
//! the page. So both happen on threads of their own. A blocked thread cannot be interrupted, but the program need not
//! wait for it: the actor is abortable. The count outlives the actor, because the actor only borrows it.
//!
//! ```text
//! cargo run --example lines
//! ```
//!
//! Type two lines, then press Ctrl-D (on Windows Ctrl-Z, then Enter) or Ctrl-C:
//!
//! ```text
//! one
//! 1 one
//! two
//! 2 two
//! lines read: 2
//! ```
//!
//! The last line goes to standard error, because it is not part of the output. At the end of the input and after a
//! signal, the exit code is 0. If the program cannot read or print, it says so and exits with 1.

use std::io::{stdin, stdout, Write};

use anyhow::anyhow;
use futures::{AsyncBufReadExt, StreamExt};
use run_group::Group;
use smol::io::BufReader;
use smol::{unblock, Unblock};

use signals::Signals;
use terminal::{eprintln, no_arguments};

mod signals;
mod terminal;

fn main() -> anyhow::Result<()> {
    no_arguments();
    let signals = Signals::listen()?;

    let mut count = 0;
    let mut group = Group::new();
    group.add_abortable(number(&mut count));
    group.add_abortable(signals.next());
    smol::block_on(group.run())?;

    eprintln!("lines read: {count}");
    Ok(())
}

/// Numbers lines until they end.
async fn number(count: &mut u64) -> anyhow::Result<()> {
    let mut lines = BufReader::new(Unblock::new(stdin())).lines();
    while let Some(line) = lines.next().await {
        let line = line.map_err(|error| anyhow!("cannot read: {error}"))?;
        *count += 1;
        let number = *count;
        let printed = unblock(move || writeln!(stdout(), "{number} {line}")).await;
        printed.map_err(|error| anyhow!("cannot print: {error}"))?;
    }
    Ok(())
}
