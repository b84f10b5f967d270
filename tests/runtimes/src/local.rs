//! The suite for executors whose tasks need not be `Send`.

use std::rc::Rc as Pointer;

use futures::future::LocalBoxFuture;
use run_group::{Group, LocalGroup};

/// What a task must be: nothing in particular.
trait Portable {}
impl<T> Portable for T {}

/// A future that an executor takes or returns.
pub type Task<T = ()> = LocalBoxFuture<'static, T>;

/// Returns a group whose actors need not be `Send`.
fn new_group<'a, T>() -> LocalGroup<'a, T> {
    Group::local()
}

#[allow(clippy::duplicate_mod)] // in `shared` the same source has other bounds
#[path = "runtime.rs"]
mod runtime;
pub use runtime::{Runtime, Serve, Spawn};

#[allow(clippy::duplicate_mod)]
#[path = "scenarios.rs"]
mod scenarios;
pub use scenarios::*;

#[allow(clippy::duplicate_mod)]
#[path = "tasks.rs"]
mod tasks;
pub use tasks::*;
