//! The suite for executors whose tasks need not be `Send`.

use std::rc::Rc as Pointer;

use futures::future::LocalBoxFuture;
use run_group::{Group, LocalGroup};

/// What has to be in a task: nothing.
trait Portable {}
impl<T> Portable for T {}

/// A future that an executor takes, or that it gives.
pub type Task<T = ()> = LocalBoxFuture<'static, T>;

/// Returns a group whose actors need not be `Send`.
fn new_group<'a, T>() -> LocalGroup<'a, T> {
    Group::local()
}

#[allow(clippy::duplicate_mod)] // in `shared` the same source has other bounds
#[path = "scenarios.rs"]
mod scenarios;
pub use scenarios::*;
