//! A shutdown that is requested from outside: by the function that runs the group, or from another thread.
//!
//! The request is an actor that returns at once, added through a handle. You can request a shutdown at any time: before
//! the group is first polled, while it runs, a second time, or after the group has finished. The group does not wait
//! for its handles, and dropping one changes nothing.
//!
//! ```text
//! cargo run --example outside
//! ```
//!
//! It prints, in this order:
//!
//! ```text
//! requested before the start
//! requested again
//! the worker runs
//! request returned "before the start"
//! request returned "again", interrupted
//! worker returned "interrupted", interrupted
//! the worker runs
//! requested from another thread
//! request returned "from another thread"
//! worker returned "interrupted", interrupted
//! requested after the end, when the handle is closed
//! ```

use std::sync::mpsc;
use std::thread;

use run_group::{Group, Handle};

use terminal::{no_arguments, println};

mod terminal;

fn main() {
    no_arguments();
    before_the_start();
    while_it_runs();
}

/// Requests a shutdown twice before the group runs.
fn before_the_start() {
    let (started, _) = mpsc::channel();
    let mut group = group(started);
    let handle = group.handle();

    println!("requested before the start");
    request(&handle, "before the start");
    println!("requested again");
    request(&handle, "again");
    smol::block_on(group);
}

/// Requests a shutdown from another thread as soon as the worker runs, and again after the group has finished.
fn while_it_runs() {
    let (started, has_started) = mpsc::channel();
    let mut group = group(started);
    let handle = group.handle();

    let elsewhere = handle.clone();
    thread::spawn(move || {
        if has_started.recv().is_ok() {
            println!("requested from another thread");
        }
        request(&elsewhere, "from another thread");
    });
    smol::block_on(group);

    request(&handle, "after the end");
    if handle.is_closed() {
        println!("requested after the end, when the handle is closed");
    }
}

/// Returns a group of one worker. The worker sends a message when it runs.
pub fn group(started: mpsc::Sender<()>) -> Group<'static, &'static str> {
    let mut group = Group::new();
    group
        .add_with(|interrupted| async move {
            println!("the worker runs");
            let _ = started.send(());
            interrupted.await;
            "interrupted"
        })
        .named("worker");
    group.on_exit(|exit| println!("{exit}"));
    group
}

/// Requests a shutdown, by adding an actor that returns at once.
pub fn request(handle: &Handle<'_, &'static str>, when: &'static str) {
    handle.add(async move { when }, |_| {}).named("request");
}
