//! The suite for executors whose tasks are `Send`.

use std::sync::Arc as Pointer;

use futures::future::BoxFuture;
use run_group::Group;

/// What a task must be: `Send`.
trait Portable: Send {}
impl<T: Send> Portable for T {}

/// A future that an executor takes or returns.
pub type Task<T = ()> = BoxFuture<'static, T>;

/// Returns a group whose actors are `Send`.
fn new_group<'a, T>() -> Group<'a, T> {
    Group::new()
}

#[path = "runtime.rs"]
mod runtime;
pub use runtime::{lines, Runtime, Serve, Spawn, MOMENT};

#[path = "scenarios.rs"]
mod scenarios;
pub use scenarios::*;

#[path = "tasks.rs"]
mod tasks;
pub use tasks::*;

#[path = "threads.rs"]
mod threads;
pub use threads::*;
