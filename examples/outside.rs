//! A stop that somebody outside asks for: whoever runs the group, or another thread.
//!
//! The group has an actor that returns when a channel is closed. Whoever holds the other end may close it at any time:
//! before the group is polled for the first time, while it runs, again, or when it is over. To drop that end closes the
//! channel as well, so hold it for as long as the group shall run.
//!
//! ```text
//! cargo run --example outside
//! ```
//!
//! It prints, in this order:
//!
//! ```text
//! asked before the start
//! asked again
//! stop returned "asked to"
//! the worker runs
//! worker returned "told to", interrupted
//! the worker runs
//! asked from another thread
//! stop returned "asked to"
//! worker returned "told to", interrupted
//! asked after the end
//! ```

use std::convert::Infallible;
use std::sync::mpsc;
use std::thread;

use run_group::Group;
use smol::channel::{bounded, Receiver};

fn main() {
    before_the_start();
    while_it_runs();
}

/// Asks for a stop twice, before there is anything to stop.
fn before_the_start() {
    let (stop, stopped) = bounded(1);
    let (started, _) = mpsc::channel();

    println!("asked before the start");
    stop.close();
    println!("asked again");
    stop.close();
    run(stopped, started);
}

/// Asks for a stop as soon as the worker runs, and once more when the group has ended.
fn while_it_runs() {
    let (stop, stopped) = bounded(1);
    let (started, has_started) = mpsc::channel();

    let asking = stop.clone();
    thread::spawn(move || {
        if has_started.recv().is_ok() {
            println!("asked from another thread");
        }
        asking.close();
    });
    run(stopped, started);
    println!("asked after the end");
    stop.close();
}

/// Runs a worker until somebody asks for a stop. The worker says when it has started.
fn run(stopped: Receiver<Infallible>, started: mpsc::Sender<()>) {
    let mut group = Group::new();
    group
        .add_abortable(async {
            // Nothing is ever sent, so this is the end of the channel.
            let _closed = stopped.recv().await;
            "asked to"
        })
        .named("stop");
    group
        .add_with(|interrupted| async move {
            println!("the worker runs");
            let _ = started.send(());
            interrupted.await;
            "told to"
        })
        .named("worker");
    group.on_exit(|exit| println!("{exit}"));
    smol::block_on(group);
}
