//! What the programs with children share: OS signals, a log of the shutdown, and actors that hang.

use std::convert::Infallible;
use std::fmt::{Debug, Display};
use std::future::{poll_fn, Future};
use std::sync::Arc;
use std::task::Poll;

use futures::future::{BoxFuture, FutureExt, Shared};
use run_group::{Exit, Group, Interrupted};

use super::channel::Channel;
use super::world::World;

/// A signal that stops a program.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Signal {
    Int,
    Term,
    Quit,
}

/// The signals that a program gets. Its clones share them.
#[derive(Clone, Default)]
pub struct Signals(Arc<Channel<Signal>>);

impl Signals {
    /// Sends the program a signal.
    pub fn send(&self, signal: Signal) {
        self.0.send(signal);
    }

    /// Waits for the next signal.
    pub fn next(&self) -> impl Future<Output = Signal> + Send + 'static {
        let signals = self.0.clone();
        async move { signals.receive().await.unwrap() }
    }

    /// Returns a future for the grace periods of a program: it waits for the next signal, and stays ready after that.
    pub fn force(&self) -> Shared<BoxFuture<'static, ()>> {
        self.next().map(drop).boxed().shared()
    }
}

/// Logs each exit of a group, and what its shutdown waits for.
pub fn log_shutdown<T: Debug>(world: &World, group: &mut Group<'_, T>) {
    world.log_exits(group);
    let world = world.clone();
    group.on_wait(move |waiting| world.log(format_args!("waiting for {waiting}")));
}

/// Hangs, whether or not it is interrupted. Logs its polls.
pub fn hang(
    world: &World,
    name: impl Display,
    interrupted: Interrupted,
) -> impl Future<Output = Infallible> {
    let world = world.clone();
    poll_fn(move |_| {
        let interrupted = match interrupted.is_interrupted() {
            true => ", interrupted",
            false => "",
        };
        world.log(format_args!("{name} is polled{interrupted}"));
        Poll::Pending
    })
}

/// Returns the exit code of a `main` that returns this report.
pub fn exit_code<V, E>(exits: &[Exit<Result<V, E>>]) -> u8 {
    u8::from(exits.iter().any(Exit::is_failure))
}
