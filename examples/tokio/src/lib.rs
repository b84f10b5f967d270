//! What an actor needs under Tokio to have its work done by a task: [`spawned`].

use std::future::Future;
use std::panic::resume_unwind;

use tokio_util::task::AbortOnDropHandle;

/// Spawns `work`, and returns what it returns or panics as it panics. If this is dropped, the work is aborted.
///
/// So it is an execute like any other: the work has a thread and a budget of its own, it is told through what it was
/// given, and when its actor expires, it ends.
///
/// # Panics
///
/// As `work` does, and where there is no Tokio runtime.
///
/// # Cancel safety
///
/// Dropped half-way, it asks for the work to be aborted. The runtime drops the work when it comes to it, which may be
/// later.
///
/// # Examples
///
/// ```
/// use run_group::Group;
/// use run_group_tokio::spawned;
///
/// #[tokio::main]
/// async fn main() {
///     let mut group = Group::new();
///     group.add_with(|interrupted| {
///         spawned(async {
///             interrupted.await;
///             "told"
///         })
///     });
///     group.add(async { "done" }, |_| {});
///
///     let exits = group.report().await;
///     assert_eq!(exits[1].output(), Some(&"told"));
/// }
/// ```
pub async fn spawned<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    match AbortOnDropHandle::new(tokio::spawn(work)).await {
        Ok(output) => output,
        // Nobody else has a handle to abort it with, so it has panicked.
        Err(error) => resume_unwind(error.into_panic()),
    }
}
